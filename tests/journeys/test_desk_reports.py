"""The queue and the reports in a real browser: keys, and pages that fit wide and narrow, from left and from right."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from registry.rules.lifecycle import Action, StepTerms
from tests import builders, pictures
from tests.api.officials import appoint, signed_in
from tests.conftest import Clock
from tests.journeys.windows import NARROW, WIDE, Window, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = pictures.FOLDER / "desk"


@pytest.fixture
def desk(windows: Windows, desk_site: str, clock: Clock) -> Iterator[Window]:
    """A supervisor's window, signed in, with a full morning before it."""
    at = clock.stop(builders.START + timedelta(days=60))
    _morning(at)
    client = signed_in(appoint("XA-DLA-101", "XA-DLA", "supervisor", "registrar"))
    with windows.lend(desk_site, client=client) as window:
        yield window
        assert not window.complaints


def _morning(at: Any) -> None:
    """An authority with matters of several kinds."""
    builders.authority(at=at - timedelta(days=60))
    start = at - timedelta(days=50)
    for place, name in enumerate(
        ("Bluefinch Manpower", "Harbour Bridge Recruitment", "Kestrel Overseas", "Ostwind")
    ):
        agency = builders.agency(f"{name} (DEMO)", at=start, company_number=f"C-{place}")
        last = (at + timedelta(days=30 + 9 * place)).date()
        number = builders.active(agency, at=start, last_day=last)
        if place == 1:
            builders.suspended(number, at=at - timedelta(days=20))
        if place == 2:
            builders.take(number, Action.FILE_RENEWAL, at=at)
    agency = builders.agency("مكتب الميناء للتوظيف (DEMO)", at=start)
    secured = builders.granted(agency, "B", at=start)
    builders.secured(secured, at=start, until=(at - timedelta(days=3)).date())
    builders.take(secured, Action.ACTIVATE, at=start)
    stopped = builders.active(agency, at=start)
    terms = StepTerms(grounds=("IMMINENT-HARM",), texts={"en": "Stopped."})
    builders.take(stopped, Action.SUSPEND_EMERGENCY, terms, at=at)


def _picture(desk: Window, name: str) -> None:
    """Keep the page wide and narrow; nothing may stick out, from left or from right."""
    desk.page.evaluate("document.documentElement.dir = 'rtl'")
    assert desk.fits(NARROW), name
    assert desk.fits(WIDE), name
    desk.page.evaluate("document.documentElement.dir = 'ltr'")
    desk.picture(PICTURES / name)


def test_the_queue_goes_by_keys_and_the_reports_are_seen(desk: Window) -> None:
    page = desk.page
    desk.open("/desk/")
    assert page.locator(".late").count() >= 1
    _picture(desk, "queue-deadlines")
    page.keyboard.press("j")
    place = "[...document.querySelectorAll('a')].indexOf(document.activeElement)"
    first, address = page.evaluate(place), page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("j")
    assert page.evaluate(place) > first
    page.keyboard.press("k")
    assert page.evaluate(place) == first
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")

    desk.open("/desk/?matter=term&licence_class=A")
    page.click("text=Keep this filter")
    page.fill("[name=name]", "Terms of class A")
    _picture(desk, "keep-filter")
    page.click("button:text-is('Keep this filter')")
    page.wait_for_url("**/desk/")
    page.keyboard.press("f")
    page.keyboard.press("1")
    page.wait_for_url("**/desk/?matter=term&licence_class=A")
    _picture(desk, "queue-filter")

    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url("**/desk/reports")
    _picture(desk, "reports")
    for name in ("register", "publication", "workload", "expiring", "policy"):
        assert desk.open(f"/desk/reports/{name}").status == 200
        _picture(desk, f"report-{name}")
