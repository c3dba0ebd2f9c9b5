"""The early warning in a real browser: a worker says where a badge was shown, and an inspector sees where it begins."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as ours

from api import early_warning, tallies
from api.models import EarlyWarning
from registry.rules import numbering
from tests import builders, pictures
from tests.api.officials import appoint, signed_in
from tests.conftest import Clock
from tests.journeys import axe
from tests.journeys.windows import Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = pictures.FOLDER / "early-warning"
DISTRICTS = {
    "XA-01": "Harbour District (DEMO)",
    "XA-02": "Hill District (DEMO)",
    "XA-03": "Lake District (DEMO)",
}
FORGED = numbering.badge_code("XA", lambda n: 7 % n)


@pytest.fixture
def now(clock: Clock, settings: Any) -> Iterator[datetime]:
    """An authority with districts, and places where look-ups are counted."""
    at = clock.stop(builders.START + timedelta(days=60, minutes=20))
    settings.REGISTRY_TALLY_SECONDS = 3600
    settings.REGISTRY_PUBLIC_LANGUAGES = ["en", "ar"]
    tallies.flush()
    builders.authority(at=builders.START, districts=DISTRICTS)
    yield at
    tallies.flush()


def _asked(kind: str, code: str, times: int, *, at: datetime, district: str = "") -> None:
    hour = at.replace(minute=0)
    for _ in range(times):
        early_warning.counts.count([(hour, kind, code, "XA-DLA", district)])


def test_a_worker_says_in_which_district_a_badge_was_shown(
    windows: Windows, public_site: str, now: datetime
) -> None:
    with windows.lend(public_site, script=axe.SCRIPT) as window:
        for language in ("en", "ar"):
            page = window.page
            window.open(f"/v/{FORGED}?lang={language}")
            assert window.fits(320)
            window.photograph(PICTURES / f"not-found-{language}")
            page.click("a[href^='/where']")
            assert window.fits(320)
            assert axe.objections(page) == []
            window.photograph(PICTURES / f"where-{language}")
            assert page.evaluate(
                "[...document.querySelectorAll('select,button,main a')].every(e => e.offsetHeight >= 44)"
            )
            page.select_option("#district", "XA-02")
            page.click("button")
            page.wait_for_url("**/where?*told=1")
            assert window.fits(320)
            window.photograph(PICTURES / f"thanks-{language}")
        assert not window.complaints
    tallies.flush()
    told = EarlyWarning.objects.filter(district="XA-02").get()
    assert (told.kind, told.code, told.count) == ("badge", FORGED, 2)


def test_an_inspector_sees_what_is_unusual_and_where(windows: Windows, desk_site: str, now: datetime) -> None:
    for hour, times in ((2, 34), (3, 61), (4, 22), (9, 12), (20, 15)):
        _asked("badge", FORGED, times, at=now - timedelta(hours=hour))
    _asked("licence", "XA-DLA-A-777001-9", 26, at=now - timedelta(hours=5))
    _asked("revoked", numbering.badge_code("XA", lambda n: 5 % n), 40, at=now - timedelta(hours=5))
    for week in range(1, 5):
        _asked("revoked", numbering.badge_code("XA", lambda n: 5 % n), 250, at=now - timedelta(weeks=week))
    _asked("badge", FORGED, 31, at=now - timedelta(hours=3), district="XA-01")
    _asked("badge", FORGED, 12, at=now - timedelta(hours=3), district="XA-03")
    tallies.flush()
    client = signed_in(appoint("XA-DLA-101", "XA-DLA", "inspector"))
    with windows.lend(desk_site, client=client, script=axe.SCRIPT) as window:
        page = window.page
        window.open("/desk/")
        page.keyboard.press("g")
        page.keyboard.press("e")
        page.wait_for_url("**/desk/early-warning")
        seen = re.sub("[\u2068\u2069]", "", page.inner_text("main"))
        assert f"({numbering.shown_badge(FORGED)}): 140 or more; usually fewer than 10." in seen
        assert "Harbour District (DEMO) (XA-01): 30 or more" in seen
        assert axe.objections(page) == []
        window.picture(PICTURES / "room")
        page.click(f"text={numbering.shown_badge(FORGED)} >> visible=true >> nth=-1")
        assert "was asked for" in page.inner_text("main")
        window.picture(PICTURES / "code")
        page.goto(f"{window.site}/desk/early-warning?days=7")
        window.picture(PICTURES / "room-week")
        arabic = {"name": ours.LANGUAGE_COOKIE_NAME, "value": "ar", "url": window.site}
        page.context.add_cookies([arabic])
        window.open("/desk/early-warning")
        assert "الإنذار المبكر" in page.inner_text("h1")
        window.picture(PICTURES / "room-ar")
        assert not window.complaints
