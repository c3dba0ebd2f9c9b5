"""Which language the public is answered in: what is asked for, what is accepted, what a deployment offers."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from api import labels
from api.conf import languages as catalogues
from api.pages import languages

pytestmark = pytest.mark.django_db
SIXTEEN = ["en", "am", "ar", "bn", "es", "fil", "fr", "hi", "id", "my", "ne", "si", "sw", "ta", "ur", "vi"]


def test_sixteen_languages_are_offered_each_in_its_own_name(public: Client) -> None:
    assert list(configured.REGISTRY_PUBLIC_LANGUAGES) == SIXTEEN
    page = public.get("/?q=&lang=ne").content.decode()
    assert '<html lang="ne" dir="ltr">' in page
    for name in ("አማርኛ", "বাংলা", "Español", "Filipino", "Bahasa Indonesia", "မြန်မာဘာသာ", "සිංහල"):
        assert f">{name}</a>" in page
    assert 'href="?q=&amp;lang=bn" lang="bn" hreflang="bn"' in page
    assert public.get("/api/v1/codes").json()["languages"] == SIXTEEN


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("bn-BD,bn;q=0.9,en-US;q=0.8,en;q=0.7", "bn"),
        ("tl-PH, en;q=0.5", "fil"),
        ("in-ID", "id"),
        ("AR-sa", "ar"),
        ("pt-BR, my-MM;q=0.4", "my"),
        ("en;q=0, si", "si"),
        ("pt-BR, *", "en"),
        ("nobody;speaks=this", "en"),
        ("", "en"),
    ],
)
def test_the_first_accepted_language_that_we_speak_answers(
    public: Client, accepted: str, language: str
) -> None:
    for path in ("/", "/api/v1/licences/XA-DLA-A-000001-4"):
        answer = public.get(path, headers={"Accept-Language": accepted})
        assert answer["Content-Language"] == language, path
        assert "Accept-Language" in answer["Vary"]


@pytest.mark.parametrize(
    ("asked", "language"), [("tl", "fil"), ("in_ID", "id"), ("UR-pk", "ur"), ("en", "en")]
)
def test_what_the_address_asks_for_comes_first_and_its_links_keep_it(
    public: Client, asked: str, language: str
) -> None:
    answer = public.get(f"/?lang={asked}", headers={"Accept-Language": "bn"})
    assert answer["Content-Language"] == language
    assert f'href="/?lang={language}"' in answer.content.decode()


@pytest.mark.parametrize("asked", ["", "xx", "e" * 36, "-", "%00", "fil-"])
def test_what_nobody_speaks_leaves_the_choice_to_the_browser(public: Client, asked: str) -> None:
    answer = public.get(f"/?lang={asked}", headers={"Accept-Language": "bn"})
    assert answer["Content-Language"] == ("fil" if asked == "fil-" else "bn")
    assert "lang=en" not in answer.content.decode().partition("<main")[0]


def test_a_deployment_may_offer_fewer_and_none_without_texts(public: Client, settings: Any) -> None:
    folders = configured.LOCALE_PATHS
    assert catalogues.offered(folders, ()) == SIXTEEN
    assert catalogues.offered(folders, ("ne", "bn")) == ["en", "bn", "ne"]
    with pytest.raises(ImproperlyConfigured, match="no texts in xx"):
        catalogues.offered(folders, ("bn", "xx"))
    assert catalogues.offered([Path("/nowhere")], ()) == ["en"]
    settings.REGISTRY_PUBLIC_LANGUAGES = ["en", "bn"]
    labels.language.cache_clear()
    languages.others.cache_clear()
    try:
        answer = public.get("/?lang=ar", headers={"Accept-Language": "ar"})
        assert answer["Content-Language"] == "en"
        assert "العربي" not in answer.content.decode()
        assert public.get("/api/v1/search?q=x&lang=ar").status_code == 400
    finally:
        labels.language.cache_clear()
        languages.others.cache_clear()
