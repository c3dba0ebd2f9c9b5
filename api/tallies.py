"""Counting without writing: numbers of what is asked, and nothing about who asked (rulings 31).

A :class:`Tally` counts in the memory of its process; one thread for all of them adds what was counted to the tables
once a minute, so that no look-up writes. What an edge answers for us is not counted; what a process that is killed had
not added yet is lost. Here also: how often licences are looked up, a number a licence and week. Counts below
:data:`LEAST` are not told, so that no number speaks of somebody in particular. What is asked for in vain is counted in
``api.early_warning``.
"""

import logging
import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.util import Finalize
from typing import Final

from django.conf import settings
from django.db import Error, connection

LEAST: Final = 10
"""From this count on a number is told."""
WEEKS_KEPT: Final = 53

_MOST: Final = 200_000
"""Different keys that one tally holds until they are added; further ones are not counted."""
_log = logging.getLogger("api.requests")

Key = tuple[Hashable, ...]
Counts = Mapping[Key, int]


def _as_they_are(counted: Counts) -> Counts:
    return counted


class Tally:
    """The counts of one process, by key, that are not in their table yet."""

    def __init__(self, statement: str, *, settle: Callable[[Counts], Counts] = _as_they_are) -> None:
        """Begin with none.

        ``statement`` adds to the table: it takes each column of the keys as an array, and last the counts.
        ``settle``: by which keys the counts are stored, asked with the database at hand.
        """
        self._statement, self._settle = statement, settle
        self._counts: dict[Key, int] = {}
        self._lock = threading.Lock()
        self._kept = False

    def count(self, keys: Iterable[Key]) -> None:
        """Count each of these keys once; nothing in a place that counts nothing."""
        if not settings.REGISTRY_TALLY_SECONDS:
            return
        with self._lock:
            counts = self._counts
            for key in keys:
                if key in counts:
                    counts[key] += 1
                elif len(counts) < _MOST:
                    counts[key] = 1
        if not self._kept:
            self._kept = True
            _keeper.keep(self)

    def flush(self) -> None:
        """Add to the table what was counted; what it does not take stays for the next time."""
        with self._lock:
            counted, self._counts = self._counts, {}
        if not counted:
            return
        try:
            settled = self._settle(counted)
            columns = zip(*settled, strict=True)
            with connection.cursor() as cursor:
                cursor.execute(self._statement, [*map(list, columns), list(settled.values())])
        except Error as error:
            _log.error("counts not added: %s", type(error).__name__)
            with self._lock:
                for key, count in counted.items():
                    if key in self._counts or len(self._counts) < _MOST:
                        self._counts[key] = self._counts.get(key, 0) + count


class _Keeper:
    """The thread that flushes, in the process that counts: one that was forked has no threads."""

    def __init__(self) -> None:
        self._tallies: list[Tally] = []
        self._lock = threading.Lock()

    def keep(self, tally: Tally) -> None:
        """Flush ``tally`` too, from now on and when the process ends."""
        with self._lock:
            self._tallies.append(tally)
            first = len(self._tallies) == 1
        if first:
            # a worker of the server is a child of multiprocessing, which leaves without what atexit holds
            Finalize(None, self.flush, exitpriority=0)
            every = (settings.REGISTRY_TALLY_SECONDS,)  # as it is while something is counted: never nothing
            threading.Thread(target=self._flush_often, args=every, name="tallies", daemon=True).start()

    def flush(self) -> None:
        """Add to the tables what all of them counted."""
        for tally in tuple(self._tallies):
            tally.flush()

    def _flush_often(self, every: int) -> None:
        wait = threading.Event().wait
        while not wait(every):
            self.flush()
            connection.close()


_keeper: Final = _Keeper()


def flush() -> None:
    """Add to the tables whatever this process has counted."""
    _keeper.flush()


# --- how often licences are looked up ----------------------------------------------------------------------------

_ADD: Final = """
    INSERT INTO api_lookups (licence, week, count)
    SELECT * FROM unnest(%s::text[], %s::date[], %s::bigint[]) ORDER BY 1, 2
    ON CONFLICT (licence, week) DO UPDATE SET count = api_lookups.count + EXCLUDED.count"""
_BY_WEEK: Final = """
    SELECT w.week, (SELECT coalesce(sum(count), 0)::bigint FROM api_lookups WHERE week = w.week AND licence = ANY(%s))
    FROM (SELECT generate_series(greatest(%s, (SELECT min(week) FROM api_lookups)), %s, '7 days')::date AS week) w
    WHERE EXISTS (SELECT FROM api_lookups) ORDER BY 1"""


class LookUps(Tally):
    """How often licences were looked up."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(_ADD)

    def add(self, licences: Iterable[str], *, at: datetime) -> None:
        """Count one look-up for each of these numbers."""
        week = _monday(at)
        self.count((licence, week) for licence in licences)


look_ups: Final = LookUps()


@dataclass(frozen=True, slots=True)
class Week:
    """A week from a Monday on (UTC); ``count`` is ``None`` where it was fewer than :data:`LEAST`."""

    first_day: date
    count: int | None


def by_week(licences: Collection[str], *, at: datetime, weeks: int) -> list[Week]:
    """How often these licences together were looked up in each of the last ``weeks``, this one last.

    Begins no sooner than the first week in which anything was counted: before it nobody knows.
    """
    this = _monday(at)
    with connection.cursor() as cursor:
        cursor.execute(_BY_WEEK, [list(licences), this - timedelta(weeks=weeks - 1), this])
        return [Week(day, count if count >= LEAST else None) for day, count in cursor.fetchall()]


def forget(*, at: datetime) -> int:
    """Delete look-ups older than :data:`WEEKS_KEPT`; how many rows."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM api_lookups WHERE week < %s", [_monday(at) - timedelta(weeks=WEEKS_KEPT)])
        return int(cursor.rowcount)


def _monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
