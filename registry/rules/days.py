"""Legal days: what a local date means as an instant, and which days count as working days.

A legal day begins at the *first instant of the local day*, which is not always 00:00: midnight did not exist
in Cairo on 2026-04-24 nor in Beirut on 2026-03-29.
"""

import calendar
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from registry.rules.errors import BadInput

YEARS: Final = range(1900, 2201)
"""The years of days and instants that anybody may state: far from where calendars end and arithmetic fails."""


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; refuses an unknown one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        raise BadInput("{value} is not an IANA time zone", field="zone", value=name) from unknown


@lru_cache(maxsize=8192)
def first_instant(day: date, tz: str) -> datetime:
    """The first instant of ``day`` in zone ``tz``, in UTC.

    Where the clock jumps over midnight, that is the first wall-clock time that exists. (PEP 495: in a gap the
    earlier offset, ``fold=0``, read back through UTC, lands past the gap; the transition itself is found by
    bisection.)
    """
    local = zone(tz)
    start = datetime.combine(day, time(), tzinfo=local)
    utc = start.astimezone(UTC)
    if utc.astimezone(local).date() == day and utc.astimezone(local).time() == time():
        return utc
    low, high = utc - timedelta(hours=3), utc + timedelta(hours=3)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(local).date() < day:
            low = middle
        else:
            high = middle
    return high


def end_of(day: date, tz: str) -> datetime:
    """The instant at which ``day`` is over: the first instant of the next local day."""
    return first_instant(day + timedelta(days=1), tz)


def local_day(instant: datetime, tz: str) -> date:
    """The legal day in which ``instant`` falls."""
    return instant.astimezone(zone(tz)).date()


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last of that month where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def next_working_day(day: date, *, weekend: Collection[int], holidays: Collection[date]) -> date:
    """The first day after ``day`` that is neither in the weekend (0 = Monday) nor a holiday."""
    candidate = day + timedelta(days=1)
    while candidate.weekday() in weekend or candidate in holidays:
        candidate += timedelta(days=1)
    return candidate


def add_working_days(day: date, count: int, *, weekend: Collection[int], holidays: Collection[date]) -> date:
    """The ``count``-th working day after ``day``."""
    for _ in range(count):
        day = next_working_day(day, weekend=weekend, holidays=holidays)
    return day
