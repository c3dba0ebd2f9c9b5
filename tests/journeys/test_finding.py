"""A worker asks whether a page is really theirs, is warned, finds an agency: on a small screen, without a script."""

import re
from datetime import timedelta
from typing import Any

import pytest

from registry import clock as world
from registry import finding
from tests import builders
from tests.journeys import axe
from tests.journeys.conftest import Bluefinch, settled
from tests.journeys.windows import NARROW, Windows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
FAKE = "facebook.com/bluefinch.jobs.gulf"
#: What is hard to touch; a link in the middle of a sentence may be as low as its line.
SMALL = """[...document.querySelectorAll("main a, main button, main input")]
  .filter((e) => e.checkVisibility() && !e.closest("svg") && e.offsetHeight < 44)
  .filter((e) => getComputedStyle(e).display !== "inline"
    || e.parentElement.textContent.trim() === e.textContent.trim())
  .map((e) => e.outerHTML)"""


@pytest.fixture
def agency(public_site: str, windows: Windows, clock: Any, settings: Any) -> Bluefinch:
    """Bluefinch, and somebody who pretends to be them."""
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    settings.REGISTRY_DEMO = False
    finding.forget()
    found = settled(clock.stop(builders.START))
    builders.warned(
        at=found.at, kind="clone", agency=found.agency, names=["Bluefinch Gulf Jobs (DEMO)"], contacts=[FAKE],
        grounds=["NAME-MISUSE"], place="Port Demo", texts={"en": "They ask for money first."},
    )  # fmt: skip
    return found


def test_a_worker_asks_is_warned_and_finds_somebody_who_may_recruit(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    options: dict[str, Any] = {"width": NARROW, "height": 640, "java_script_enabled": False}
    with world.frozen(agency.at + timedelta(days=1)), windows.lend(public_site, **options) as window:
        page = window.page
        page.goto(public_site)
        page.get_by_label("Name, number or code").fill("Bluefinch Manpower")
        page.get_by_label("What did they give you?").fill(f"https://m.{FAKE}?ref=share")
        page.get_by_role("button", name="Check").click()
        first = page.locator(".verdict").first
        assert "The authority warns of this" in first.inner_text()
        assert "They ask for money first." in first.inner_text()
        page.get_by_text("Official contacts of Bluefinch Manpower (DEMO)").wait_for()
        page.get_by_role("link", name="About this warning").click()
        assert page.get_by_role("heading", level=1).inner_text() == "The authority warns of this"
        page.goto(public_site)
        page.get_by_role("link", name="Find an agency that may recruit today").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Find an agency"
        page.get_by_role("link", name="Bluefinch Manpower (DEMO)").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Licensed"
        assert not window.page.context.cookies()


def test_the_pages_fit_the_narrowest_screen_and_axe_objects_to_nothing(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    at = agency.at + timedelta(days=1)
    with world.frozen(at), windows.lend(public_site, width=320, script=axe.SCRIPT) as window:
        for path in (
            "/", f"/?q=Bluefinch&contact={FAKE}", "/?q=bluefinch.exampie", "/alerts", "/alerts/AL-000001-5",
            "/agencies?corridor=XB",
        ):  # fmt: skip
            for language in ("", "&lang=ar"):
                where = path + (language if "?" in path else language.replace("&", "?"))
                window.open(where)
                assert window.page.evaluate("document.documentElement.scrollWidth") <= 320, where
                assert window.page.evaluate(SMALL) == [], where
                assert not re.search(r"\.[;؛]", window.page.inner_text("main")), where
                if not language:
                    assert axe.objections(window.page) == [], where
