"""Every kind of page in every language that is offered: nothing left in English, nothing wider than a small phone."""

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.test import Client

from api import catalogues, throttles
from api.pages import originals
from tests import applying, builders, pictures
from tests.conftest import Kept, _client
from tests.journeys.conftest import settled
from tests.journeys.windows import NARROW, Windows

LANGUAGES: Final = tuple(settings.REGISTRY_PUBLIC_LANGUAGES)
NARROWEST: Final = 320
PICTURES: Final = pictures.FOLDER / "languages"
"""With ``REGISTRY_PICTURES`` set, pictures of the answer page in each language are kept here."""

Pages = Mapping[tuple[str, str], str]
"""By language and kind: the page as HTML."""


@pytest.fixture(scope="module")
def pages(kept: Kept) -> Pages:
    """One page of each kind in each language, of a world in which every kind has much to say."""
    start, later = builders.START, builders.START + timedelta(days=40)
    with kept(at=start):
        good = settled(start)
    with kept(at=later):
        kestrel = builders.agency("Kestrel Placement (DEMO)", at=start)
        bad = builders.active(kestrel, at=start)
        builders.suspended(bad, at=later)
        refused = applying.refused(later, account="APPLICANT-2", legal_name="Egret (DEMO)")
        paths = {
            "home": "/",
            "answer": f"/v/{good.badge}",
            "answer of a person": f"/v/{good.person_badge}",
            "answer that warns": f"/v/{_badge(bad)}",
            "print": f"/v/{good.badge}/badge",
            "nothing to print": f"/v/{_badge(bad)}/badge",
            "licence": f"/licences/{bad}",
            "past": f"/licences/{bad}?as_of=2026-01-20",
            "agency": f"/agencies/{good.agency}",
            "found": "/?q=bluefinch",
            "nothing found": "/?q=zzyzx",
            "no such badge": "/v/nothing",
            "no such page": "/no/such/page",
            "scanner": "/scan",
            "report": "/report",
            "report's state": "/report/status",
            "agencies": "/agencies",
            "alerts": "/alerts",
            "where": "/where",
            "applications": "/applications",
            "application": f"/applications/{applying.called(later)}",
            "refusal": f"/applications/{refused}",
            "bans": "/debarments?q=nobody",
            "ban": f"/debarments/{builders.person_barred(at=later)}",
        }
        made = dict(_asked(paths))
    kept.undo()  # what a browser shows needs no world behind it, and its loop must not be in the middle of one
    return made


def _badge(licence: str) -> str:
    """The code of a licence's badge, issued at the first asking."""
    from registry import clock
    from verification import badges

    return badges.issue("licence", licence, at=clock.now()).code


def _asked(paths: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    from api.conf import public as door

    for number, language in enumerate(LANGUAGES):
        throttles.look_ups.forget()
        visitor = _client(
            door, SERVER_NAME=settings.REGISTRY_HOST.split(":")[0], REMOTE_ADDR=f"10.0.0.{number}"
        )
        for kind, path in paths.items():
            answer = visitor.get(path, headers={"Accept-Language": language, "Accept": "text/html"})
            assert answer.status_code in {200, 404, 409}, (path, answer.status_code)
            assert answer["Content-Language"] == language
            yield (language, kind), answer.content.decode()


class _Reader(HTMLParser):
    """What is read or heard of a page, but for what says itself that it is English."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__()
        self.texts: list[str] = []
        self._skipped = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if not self._skipped and (
            tag in {"style", "script"} or (tag == "details" and told.get("lang") == "en")
        ):
            self._skipped = tag
        self.texts += [
            told[name] or "" for name in ("aria-label", "alt", "title", "placeholder") if name in told
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipped:
            self._skipped = ""

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.texts.append(data.strip())


def _english(language: str) -> re.Pattern[str]:
    """Every English text that the language says otherwise, whatever stands in its places."""
    said = []
    for message in catalogues.read(language):
        for text in [message.id] if isinstance(message.id, str) else message.id or ():
            if text and text not in (
                message.string if isinstance(message.string, tuple) else (message.string,)
            ):
                plain = re.split(r"%\(\w+\)s|\{\w*\}|</?[a-z][^>]*>", text.replace("%%", "%"))
                said.append("(?:.+)".join(map(re.escape, plain)))
    return re.compile("|".join(sorted(said, key=len, reverse=True)))


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_a_page_in_a_language_says_nothing_of_ours_in_english(pages: Pages, language: str) -> None:
    english = _english(language)
    left = {
        f"{kind}: {text}"
        for (spoken, kind), html in pages.items()
        if spoken == language
        for text in _Reader(html).texts
        if english.fullmatch(text)
    }
    assert not left
    assert any(english.fullmatch(text) for text in _Reader(pages["en", "answer"]).texts)


def test_a_translation_that_nobody_signed_has_the_english_beside_it_and_a_signed_one_has_not(
    pages: Pages, public: Client, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = next(str(one.string) for one in catalogues.read("bn") if one.id == originals.NOTE)
    for kind in ("answer", "licence", "past", "nothing found", "no such badge", "application", "ban"):
        assert note in pages["bn", kind], kind
        assert '<details lang="en" dir="ltr"><summary>In English</summary><p><b>' in pages["bn", kind], kind
        assert "<details" not in pages["en", kind], kind
    for (language, kind), html in pages.items():
        assert html.count('class="original"') == (language != "en"), (language, kind)
    assert 'href="?q=bluefinch&amp;lang=en" lang="en">In English</a>' in pages["bn", "found"]
    assert "<b>Licensed.</b> This agency may recruit workers." in pages["bn", "answer"]
    assert "<li>Use your own phone." in pages["bn", "answer"]
    assert (
        "<b>This is the past: 20 January 2026 – Licensed.</b> It does not say what is true today."
        in pages["bn", "past"]
    )
    assert "A worker should pay 0 for a job" in pages["bn", "answer"]

    shutil.copytree(catalogues.PUBLIC_FOLDER / "bn", tmp_path / "bn")
    monkeypatch.setattr(catalogues, "PUBLIC_FOLDER", tmp_path)
    file = catalogues.source("bn")
    file.write_text(file.read_text("utf-8").replace(f"# {catalogues.UNSIGNED}\n", ""), "utf-8")
    catalogues.sign("bn", by="Rahima Khatun", on=builders.START.date())
    originals.signed.cache_clear()
    try:
        for path in ("/v/nothing", "/"):
            page = public.get(path, headers={"Accept-Language": "bn"})
            assert page["Content-Language"] == "bn"
            assert 'class="original"' not in page.content.decode()
    finally:
        originals.signed.cache_clear()


@pytest.mark.browser
def test_nothing_is_wider_than_a_small_phone_nor_cut_in_any_language(pages: Pages, windows: Windows) -> None:
    wide = []
    with windows.lend("http://127.0.0.1", width=NARROWEST, height=640) as window:
        for (language, kind), html in pages.items():
            window.page.set_content(html)
            if found := window.page.evaluate(_STICKS_OUT):
                wide.append(f"{kind} in {language}: {found}")
            if kind.startswith("answer") and pictures.wanted():
                window.resize(NARROW)
                window.photograph(PICTURES / f"{kind.replace(' ', '-')}-{language}")
                window.resize(NARROWEST)
    assert not wide, "\n".join(wide)


#: What is wider than its place; a sheet of paper has the size of paper on every screen.
_STICKS_OUT: Final = """() => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.sheet') && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.outerHTML.slice(0, 200))
    .concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])"""
