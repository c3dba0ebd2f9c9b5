"""How often licences are looked up: a number a licence and week, and nothing about who asked.

Counted in the memory of each process and added to the table once a minute, so that no look-up writes (rulings 31). What
an edge answers for us is not counted; what a process that is killed had not added yet is lost. Fewer than
:data:`LEAST` in a week are not told, so that no number speaks of somebody in particular.
"""

import atexit
import logging
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import Error, connection

LEAST: Final = 10
"""Look-ups of a week from which their number is told."""
WEEKS_KEPT: Final = 53

_MOST: Final = 200_000
_ADD: Final = """
    INSERT INTO api_lookups (licence, week, count)
    SELECT * FROM unnest(%s::text[], %s::date[], %s::bigint[]) ORDER BY 1, 2
    ON CONFLICT (licence, week) DO UPDATE SET count = api_lookups.count + EXCLUDED.count"""
_BY_WEEK: Final = """
    SELECT w.week, (SELECT coalesce(sum(count), 0)::bigint FROM api_lookups WHERE week = w.week AND licence = ANY(%s))
    FROM (SELECT generate_series(greatest(%s, (SELECT min(week) FROM api_lookups)), %s, '7 days')::date AS week) w
    WHERE EXISTS (SELECT FROM api_lookups) ORDER BY 1"""
_log = logging.getLogger("api.requests")


@dataclass(frozen=True, slots=True)
class Week:
    """A week from a Monday on (UTC); ``count`` is ``None`` where it was fewer than :data:`LEAST`."""

    first_day: date
    count: int | None


class Tally:
    """The counts of one process that are not in the table yet."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: dict[tuple[str, date], int] = {}
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None

    def add(self, licences: Iterable[str], *, at: datetime) -> None:
        """Count one look-up for each of these numbers."""
        if not settings.REGISTRY_TALLY_SECONDS:
            return
        week = _monday(at)
        with self._lock:
            counts = self._counts
            for licence in licences:
                key = (licence, week)
                if key in counts:
                    counts[key] += 1
                elif len(counts) < _MOST:
                    counts[key] = 1
        if self._keeper is None:
            self._keep()

    def flush(self) -> None:
        """Add to the table what was counted; what it does not take stays for the next time."""
        with self._lock:
            counted, self._counts = self._counts, {}
        if not counted:
            return
        licences, weeks = zip(*counted, strict=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_ADD, [list(licences), list(weeks), list(counted.values())])
        except Error:
            _log.exception("look-ups not added")
            with self._lock:
                for key, count in counted.items():
                    if key in self._counts or len(self._counts) < _MOST:
                        self._counts[key] = self._counts.get(key, 0) + count

    def _keep(self) -> None:
        """Begin to flush in the background, in the process that counts: one that was forked has no threads."""
        with self._lock:
            if self._keeper is not None:
                return
            self._keeper = threading.Thread(target=self._flush_often, name="tallies", daemon=True)
        atexit.register(self.flush)
        self._keeper.start()

    def _flush_often(self) -> None:
        wait = threading.Event().wait
        while not wait(settings.REGISTRY_TALLY_SECONDS):
            self.flush()
            connection.close()


look_ups: Final = Tally()


def by_week(licences: Collection[str], *, at: datetime, weeks: int) -> list[Week]:
    """How often these licences together were looked up in each of the last ``weeks``, this one last.

    Begins no sooner than the first week in which anything was counted: before it nobody knows.
    """
    this = _monday(at)
    with connection.cursor() as cursor:
        cursor.execute(_BY_WEEK, [list(licences), this - timedelta(weeks=weeks - 1), this])
        return [Week(day, count if count >= LEAST else None) for day, count in cursor.fetchall()]


def forget(*, at: datetime) -> int:
    """Delete what is older than :data:`WEEKS_KEPT`; how many rows."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM api_lookups WHERE week < %s", [_monday(at) - timedelta(weeks=WEEKS_KEPT)])
        return int(cursor.rowcount)


def _monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
