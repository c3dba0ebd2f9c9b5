"""Every page of the desk and of applicants in Arabic, from right to left, in a real browser, wide and narrow."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests import desk_world
from tests.api.officials import sign_in
from tests.conftest import Clock
from tests.journeys import axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
PICTURES = Path(settings.ROOT) / "var" / "pictures" / "arabic"
WIDTHS = (1280, 360)
Open = Callable[..., Any]

#: What sticks out of the page, or is cut off where nothing can be scrolled.
CLIPPED = """() => [...document.querySelectorAll('main *, header *')].filter(one => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (!box.width || one.closest("svg, .hidden, thead, .tongues form")) return false;
  const cut = style.overflowX === 'hidden' && one.scrollWidth > one.clientWidth + 1;
  const out = (box.right > innerWidth + 1 || box.left < -1) && !one.closest('.table, .scrolls');
  return cut || out;
}).map(one => one.tagName + '.' + one.className + ': ' + one.textContent.trim().slice(0, 40))"""


@contextmanager
def _browser(chromium: Any, site: str, user: Any = None) -> Iterator[Any]:
    """A browser whose owner reads Arabic, signed in as ``user``; what it complains about fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ar")
    if user is not None:
        client = Client()
        sign_in(client, user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


def _kept(page: Any, address: str) -> list[str]:
    """A picture at both widths; what sticks out or is cut."""
    page.goto(address)
    assert page.get_attribute("html", "dir") == "rtl", address
    name = (
        re.sub(r"[^a-z0-9_]+", "-", address.partition("/desk")[2] or address.partition("//")[2]).strip("-")
        or "queue"
    )
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{name} is wider than {width}")
        found += [f"{name} at {width}: {one}" for one in page.evaluate(CLIPPED)]
    return found + axe.objections(page, address)


def test_every_page_reads_from_right_to_left(desk_site: str, chromium: Any, clock: Clock) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    world = desk_world.built(clock.stop(AT))
    found: list[str] = []
    with _browser(chromium, desk_site, world.officer) as page:
        for path in world.shown:
            found += _kept(page, f"{desk_site}/desk/{path}")
    with _browser(chromium, desk_site, world.applicant) as page:
        for path in world.apply:
            found += _kept(page, f"{desk_site}/apply/{path}")
    with _browser(chromium, desk_site) as page:
        for path in world.alone:
            found += _kept(page, f"{desk_site}{path}")
    assert found == []


def test_whoever_chooses_a_language_keeps_it(desk_site: str, chromium: Any) -> None:
    with _browser(chromium, desk_site) as page:
        page.goto(f"{desk_site}/apply/sign-in")
        for name, wanted in (("English", ("en", "ltr")), ("العربيّة", ("ar", "rtl"))):
            page.click(".tongues summary")
            page.click(f".tongues button:text-is('{name}')")
            page.wait_for_url("**/apply/sign-in")
            assert (page.get_attribute("html", "lang"), page.get_attribute("html", "dir")) == wanted
        page.goto(f"{desk_site}/desk/sign-in")
        assert page.get_attribute("html", "lang") == "ar"
