"""The same journeys in a real browser: a small screen, the dark, large letters, the other direction, no script."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from registry import clock as world
from tests import builders
from tests.journeys.conftest import Bluefinch, settled
from tests.journeys.windows import NARROW, Windows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]


@pytest.fixture
def agency(public_site: str, windows: Windows, clock: Any, settings: Any) -> Bluefinch:
    """Bluefinch behind an open door."""
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    return settled(clock.stop(builders.START))


@contextmanager
def visit(windows: Windows, site: str, **phone: Any) -> Iterator[tuple[Any, list[str]]]:
    """A fresh visitor and whatever the browser complains about."""
    with windows.lend(site, **{"width": NARROW, "height": 640, **phone}) as window:
        yield window.page, window.complaints
        assert not window.page.context.cookies()


def test_the_first_screen_of_a_small_phone_says_verdict_why_and_what_to_do(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    builders.suspended(agency.licence, at=agency.at)
    with visit(windows, public_site, java_script_enabled=False) as (page, complaints):
        page.goto(f"{public_site}/v/{agency.badge}")
        for said in ("Not licensed", "suspended since 5 January 2026", "Do not pay, do not sign"):
            box = page.locator("main").get_by_text(said).first.bounding_box()
            assert box["y"] + box["height"] <= 640, said
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not complaints


def test_a_worker_searches_reads_and_asks_about_the_day_they_paid(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    later = agency.at + timedelta(days=40)
    with world.frozen(later):
        builders.suspended(agency.licence, at=later)
        with visit(windows, public_site) as (page, complaints):
            page.goto(public_site)
            page.get_by_label("Name, number or code").fill("blufinch manpower")
            page.keyboard.press("Enter")
            page.get_by_role("link", name="Bluefinch Manpower (DEMO)").click()
            assert page.get_by_role("heading", level=1).inner_text() == "Not licensed"
            page.get_by_label("Was it licensed on another day?").fill("2026-01-20")
            page.get_by_role("button", name="Show").click()
            assert page.get_by_role("heading", level=1).inner_text() == "Licensed"
            page.get_by_text("This is the past: 20 January 2026").wait_for()
            page.get_by_role("link", name="How it is today").click()
            assert page.get_by_role("heading", level=1).inner_text() == "Not licensed"
            page.get_by_role("link", name="The agency and all its licences").click()
            assert page.get_by_role("heading", level=1).inner_text() == "Bluefinch Manpower (DEMO)"
    assert not complaints


WIDER_THAN_ITSELF = """[...document.querySelectorAll('main *')]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML).join()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_on_the_narrowest_screen_with_letters_twice_as_large(
    public_site: str, windows: Windows, agency: Bluefinch, scheme: str
) -> None:
    paths = (
        "/",
        "/?q=bluefinch",
        f"/v/{agency.badge}",
        f"/licences/{agency.licence}",
        f"/agencies/{agency.agency}",
        f"/licences/{agency.licence}?as_of=2026-01-05",
        "/v/nothing",
    )
    for width, letters in ((320, 100), (360, 200)):
        with visit(windows, public_site, width=width, color_scheme=scheme) as (
            page,
            complaints,
        ):
            for path in paths:
                page.goto(public_site + path)
                page.evaluate(f"document.documentElement.style.fontSize = '{letters}%'")
                assert not page.evaluate(WIDER_THAN_ITSELF), path
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert not complaints


def test_what_can_be_touched_is_large_enough_and_can_be_reached_by_keyboard(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    with visit(windows, public_site) as (page, _complaints):
        page.goto(f"{public_site}/?q=bluefinch")
        for element in page.locator("button, input:not([type=hidden]), a.act, header a").all():
            assert element.bounding_box()["height"] >= 44
        reached: list[str] = []
        while "BUTTON" not in reached and len(reached) < 6:
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.tagName"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert [tag for tag, _ in groupby(reached)] == ["A", "INPUT", "BUTTON"]


def test_the_page_turns_round_for_a_language_from_right_to_left(
    public_site: str, windows: Windows, agency: Bluefinch, arabic: Callable[[str], str]
) -> None:
    with visit(windows, public_site, extra_http_headers={"Accept-Language": "ar"}) as (page, complaints):
        page.goto(f"{public_site}/v/{agency.badge}")
        assert page.evaluate("document.documentElement.dir") == "rtl"
        assert page.evaluate("document.documentElement.lang") == "ar"
        mark, word = (
            page.locator(".verdict .mark").bounding_box(),
            page.locator(".verdict .word").bounding_box(),
        )
        assert mark["x"] > word["x"]
        assert page.locator(".verdict .word").inner_text() == arabic("Licensed")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.get_by_role("link", name="English").click()
        assert page.url.endswith("?lang=en")
        assert page.evaluate("document.documentElement.dir") == "ltr"
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.get_by_role("link", name="The whole record").click()
        assert "lang=en" in page.url
    assert not complaints


def test_no_text_of_ours_forgets_to_be_translated(
    public_site: str, windows: Windows, agency: Bluefinch, arabic: Callable[[str], str]
) -> None:
    builders.suspended(agency.licence, at=agency.at)
    ours = {
        "Bluefinch",
        "Manpower",
        "DEMO",
        "Jobs",
        "Mina",
        "Rai",
        "Level",
        "Harbour",
        "Road",
        "Port",
        "Demo",
        "office",
        "bluefinch",
        "example",
        "Authority",
        "DLA",
        "Papers",
        "under",
        "examination",
        "Suspended",
        "English",
        "Languages",
        "http",
        "UTC",
        "ISCO",
        "LEI",
        "SVG",
        "PNG",
        "XA",
        "XB",
    }
    paths = (
        "/",
        "/?q=bluefinch",
        "/?q=zzzz",
        f"/v/{agency.badge}",
        f"/licences/{agency.licence}",
        f"/agencies/{agency.agency}",
        f"/licences/{agency.licence}?as_of=2026-01-05",
        "/v/nothing",
        "/nowhere",
        f"/v/{agency.office_badge}",
        f"/v/{agency.person_badge}",
    )
    with visit(windows, public_site, extra_http_headers={"Accept-Language": "ar"}) as (page, _complaints):
        for path in paths:
            page.goto(public_site + path)
            told = f"{page.locator('body').inner_text()} {page.title()}"
            known = r"\b[A-Z]{2}-[\w-]+|\b[0-9A-Z]{4}-[0-9A-Z-]+|zzzz|nothing"
            words = set(re.findall(r"[A-Za-z]{3,}", re.sub(known, " ", told)))
            assert words <= ours, (path, words - ours)


def test_two_sheets_of_a4_come_out_of_the_printer(
    public_site: str, windows: Windows, agency: Bluefinch
) -> None:
    with visit(windows, public_site, width=794, height=1123) as (page, complaints):
        page.goto(f"{public_site}/v/{agency.badge}/badge")
        page.emulate_media(media="print")
        sizes = [sheet.bounding_box() for sheet in page.locator(".sheet").all()]
        millimetre = 96 / 25.4
        for size in sizes:
            assert (round(size["width"] / millimetre), round(size["height"] / millimetre)) == (210, 297)
        assert len(sizes) == 2
        card = page.locator(".card").bounding_box()
        assert (round(card["width"] / millimetre, 1), round(card["height"] / millimetre)) == (85.6, 108)
        for picture in page.locator(".sheet img").all():
            assert picture.bounding_box()["width"] / millimetre * 33 / 41 >= 20
        assert not page.locator(".note").is_visible()
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    assert not complaints
