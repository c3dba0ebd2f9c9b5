"""Every page of the desk and of applicants in Arabic, from right to left, in a real browser, wide and narrow."""

import re
from datetime import UTC, datetime

import pytest

from tests import desk_world, pictures
from tests.api.officials import signed_in
from tests.conftest import Clock
from tests.journeys import axe
from tests.journeys.windows import NARROW, WIDE, Window, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
PICTURES = pictures.FOLDER / "arabic"

#: A queue, a dossier, a life, a form, two decisions, a report, an account, a section, a request, a way in: axe looks at
#: each kind of page once, for it has seen them all in English.
SAMPLE = re.compile(
    r"/desk/|/desk/agencies/AG-[\dA-Z-]+|/desk/licences/[\dA-Z-]+|.*/steps/suspend_preventive|.*/proposals/\d+|.*/holders/\d+"
    r"|.*/reports/register|/apply/|.*/people|.*/agencies/connect|.*/sign-up"
)
#: What sticks out of the page, or is cut off where nothing can be scrolled.
CLIPPED = """() => [...document.querySelectorAll('main *, header *')].filter(one => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (!box.width || one.closest("svg, .hidden, thead, .tongues form")) return false;
  const cut = style.overflowX === 'hidden' && one.scrollWidth > one.clientWidth + 1;
  const out = (box.right > innerWidth + 1 || box.left < -1) && !one.closest('.table, .scrolls');
  return cut || out;
}).map(one => one.tagName + '.' + one.className + ': ' + one.textContent.trim().slice(0, 40))"""


def _faults(window: Window, path: str) -> list[str]:
    """What is clipped on a telephone or on a desk's screen; with ``REGISTRY_PICTURES`` a picture of it is kept."""
    window.open(path)
    assert window.page.evaluate("document.dir") == "rtl", path
    name = re.sub(r"[^a-z0-9_]+", "-", path.removeprefix("/desk")).strip("-") or "queue"
    found = []
    for width in (WIDE, NARROW):
        if not window.fits(width):
            found.append(f"{name} is wider than {width}")
        found += [f"{name} at {width}: {one}" for one in window.page.evaluate(CLIPPED)]
    window.photograph(PICTURES / name)
    return found + (
        [f"{path}: {one}" for one in axe.objections(window.page)] if SAMPLE.fullmatch(path) else []
    )


def test_every_page_reads_from_right_to_left(desk_site: str, windows: Windows, clock: Clock) -> None:
    world = desk_world.built(clock.stop(AT))
    found: list[str] = []
    for user, paths in (
        (world.officer, [f"/desk/{path}" for path in world.shown]),
        (world.applicant, [f"/apply/{path}" for path in world.apply]),
        (None, world.alone),
    ):
        with windows.lend(desk_site, client=signed_in(user) if user else None, locale="ar") as window:
            for path in paths:
                found += _faults(window, path)
            assert not window.complaints
    assert found == []


def test_whoever_chooses_a_language_keeps_it(desk_site: str, windows: Windows) -> None:
    with windows.lend(desk_site, locale="ar") as window:
        page = window.page
        window.open("/apply/sign-in")
        for name, wanted in (("English", ("en", "ltr")), ("العربيّة", ("ar", "rtl"))):
            page.click(".tongues summary")
            page.click(f".tongues button:text-is('{name}')")
            page.wait_for_url("**/apply/sign-in")
            assert (page.get_attribute("html", "lang"), page.get_attribute("html", "dir")) == wanted
        window.open("/desk/sign-in")
        assert page.get_attribute("html", "lang") == "ar"
        assert not window.complaints
