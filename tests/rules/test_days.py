"""Legal days: where a local day begins and ends, and which days work is done."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import days
from registry.rules.errors import BadInput

ZONES = ("Asia/Kathmandu", "Africa/Cairo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "UTC")


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Asia/Kathmandu", date(2026, 4, 24), "2026-04-23T18:15:00+00:00"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00"),
        ("Africa/Cairo", date(2026, 4, 25), "2026-04-24T21:00:00+00:00"),
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00:00+00:00"),
        ("Asia/Beirut", date(2026, 3, 30), "2026-03-29T21:00:00+00:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, day: date, begins: str) -> None:
    assert days.first_instant(day, zone).isoformat() == begins


def test_a_day_whose_midnight_does_not_exist_begins_at_one_o_clock() -> None:
    for zone, day in (("Africa/Cairo", date(2026, 4, 24)), ("Asia/Beirut", date(2026, 3, 29))):
        begins = days.first_instant(day, zone)
        assert begins.astimezone(days.zone(zone)).hour == 1
        assert days.local_day(begins - timedelta(seconds=1), zone) == day - timedelta(days=1)
        assert days.end_of(day, zone) - begins == timedelta(hours=23)


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2035, 12, 31)), st.integers(0, 20 * 3600))
def test_every_instant_of_a_day_lies_between_its_ends(zone: str, day: date, seconds: int) -> None:
    begins, ends = days.first_instant(day, zone), days.end_of(day, zone)
    assert timedelta(hours=22) < ends - begins < timedelta(hours=26)
    assert days.local_day(begins, zone) == day
    assert days.local_day(begins - timedelta(seconds=1), zone) == day - timedelta(days=1)
    assert days.local_day(begins + timedelta(seconds=seconds), zone) == day
    assert days.local_day(ends - timedelta(seconds=1), zone) == day
    assert begins.tzinfo is UTC


@pytest.mark.parametrize("name", ["Atlantis/Capital", "", "../etc/passwd", "America", "UTC\0"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(BadInput) as refusal:
        days.zone(name)
    assert refusal.value.facts["field"] == "zone"


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 5, 15), 12, date(2027, 5, 15)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 5, 15), 0, date(2026, 5, 15)),
    ],
)
def test_months_later_is_the_same_day_or_the_last(day: date, months: int, then: date) -> None:
    assert days.add_months(day, months) == then


def test_working_days_leave_out_the_weekend_and_the_holidays() -> None:
    friday, holiday = date(2026, 5, 1), date(2026, 5, 4)
    assert days.next_working_day(friday, weekend=(5, 6), holidays=()) == holiday
    assert days.next_working_day(friday, weekend=(5, 6), holidays=(holiday,)) == date(2026, 5, 5)
    assert days.next_working_day(friday, weekend=(4, 5), holidays=()) == date(2026, 5, 3)
    assert days.add_working_days(friday, 6, weekend=(5, 6), holidays=(holiday,)) == date(2026, 5, 12)
    assert days.add_working_days(friday, 0, weekend=(5, 6), holidays=()) == friday


def test_an_instant_falls_on_the_day_of_its_place() -> None:
    instant = datetime(2026, 4, 23, 18, 14, 59, tzinfo=UTC)
    assert days.local_day(instant, "Asia/Kathmandu") == date(2026, 4, 23)
    assert days.local_day(instant + timedelta(seconds=1), "Asia/Kathmandu") == date(2026, 4, 24)
    assert days.local_day(instant, "America/Havana") == date(2026, 4, 23)
