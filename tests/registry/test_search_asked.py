"""Searching the register for one agency: however its name is written, and whatever is asked in its place."""

import sys
from collections.abc import Callable
from typing import Final

import pytest

from tests import builders
from tests.conftest import Kept
from tests.registry.test_search import find, licensed, numbers

pytestmark = pytest.mark.django_db

CALLS: Final = 20_000
"""Of Python's functions: what no query may take, however long it is and whatever stands in it."""


@pytest.fixture(scope="module")
def gulf_star(kept: Kept) -> str:
    """A licence of the agency that is asked for, beside that of another."""
    with kept():
        builders.authority()
        number = licensed("Gulf Star Overseas Pvt. Ltd.")
        licensed("Kestrel Manpower Services")
        return number


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ("Gulf Star Overseas", "exact"),
        ("M/S GULF STAR OVERSEAS (PVT.) LTD.", "exact"),
        ("gülf stár överseas limited", "exact"),
        ("Overseas Gulf Star", "strong"),
        ("Gulfstar Overseas", "strong"),
        ("Gulf Star Oversaes", "strong"),
        ("Gluf Star Ovreseas", "weak"),
        ("গালফ স্টার ওভারসিজ", "strong"),
        ("गल्फ स्टार ओवरसीज", "strong"),
        ("Gulf Star", "weak"),
        ("Gulf Sta", "weak"),
    ],
)
def test_a_name_is_found_however_it_is_written(gulf_star: str, asked: str, match: str) -> None:
    hits = find(asked)
    assert hits[0].number == gulf_star
    assert (hits[0].match, hits[0].verdict, hits[0].kind) == (match, "licensed", "legal")


@pytest.mark.parametrize("after", ["nan~X", "1e400~\x00", "-inf~\ud800", f"0.1~{'9' * 1000}"])
def test_a_cursor_of_another_search_shows_no_more_than_there_is(gulf_star: str, after: str) -> None:
    assert len(find("Gulf Star", after=after)) <= 1


@pytest.mark.parametrize(
    "q",
    [
        "", " ", "%", "_", "\\", "'; DROP TABLE registry_searchname; --", "\x00\x01\x1f", "\ud800", "the and of",
        "Ltd Limited Pvt", "a" * 10_000, "gulf " * 2_000, "1" * 10_000, "%" * 10_000, "ﷺ" * 2_000, "\u202e" * 500,
        "().*+?[]{}|^$", "{1,2}", "NULL", "null", "@@@@", "+", "00", "http://", "-- ", "🦀" * 400,
    ],
)  # fmt: skip
def test_a_hostile_query_is_answered_and_changes_nothing(gulf_star: str, q: str) -> None:
    assert _calls(lambda: find(q)) < CALLS
    assert numbers("Gulf Star Overseas") == [gulf_star]


def _calls(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, which is the same on a fast machine and on a busy one."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
