"""The only module that gives sequence numbers: one commit of the register at a time; and the numbers of each series.

A writer opens a :class:`Commit`, adds its entries and closes it as the last thing in its transaction. Closing takes the
counter's lock, so numbers rise in commit order without gaps and ``recorded_at`` never runs backwards; the lock is held
from there to the end of the transaction only, also when the commit holds fifty thousand entries (rulings 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from registry import clock, replica
from registry.models import Entry
from registry.rules import numbering

#: No command takes longer from its first look at the clock to its commit.
_LONGEST: Final = timedelta(hours=1)

_CLOSE: Final = """
    WITH taken AS (
        INSERT INTO registry_register AS r (id, last_sequence, last_recorded_at) VALUES (1, %(count)s, %(at)s)
        ON CONFLICT (id) DO UPDATE SET
            last_sequence = r.last_sequence + excluded.last_sequence,
            last_recorded_at = greatest(r.last_recorded_at, excluded.last_recorded_at)
        RETURNING last_sequence, last_recorded_at
    )
    INSERT INTO registry_registercommit (id, base, count, recorded_at, by)
    SELECT %(id)s, last_sequence - %(count)s, %(count)s, last_recorded_at, %(by)s FROM taken
    RETURNING base, recorded_at"""


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closed commit was given: entries are numbered ``base + 1`` to ``base + count``."""

    id: int
    base: int
    count: int
    recorded_at: datetime


_SERIAL: Final = """
    INSERT INTO registry_numberseries AS s (prefix, last) VALUES (%s, 1)
    ON CONFLICT (prefix) DO UPDATE SET last = s.last + 1 RETURNING last"""


def next_number(prefix: str, following: Callable[[int], numbering.Parts]) -> numbering.Parts:
    """The next number of the series of this prefix; it is used up with the transaction.

    ``following`` gives the first number whose serial is larger than one: some serials are skipped. Whoever else takes
    a number of the series waits until this transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SERIAL, [prefix])
        (serial,) = cursor.fetchone()
        given = following(serial - 1)
        if given.serial != serial:
            cursor.execute(
                "UPDATE registry_numberseries SET last = %s WHERE prefix = %s", [given.serial, prefix]
            )
    return given


class Commit:
    """One transaction's part of the register. Must be closed in the transaction in which it was opened."""

    def __init__(self) -> None:
        """Reserve an identity, so that entries can name their commit before it is written."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('registry_registercommit', 'id'))")
            self.id: int = cursor.fetchone()[0]
        self.count = 0

    def add(self, entry: Entry) -> Entry:
        """Write ``entry`` as the next of this commit."""
        entry.commit_id, entry.ordinal = self.id, self.count
        entry.save(force_insert=True)
        self.count += 1
        return entry

    def reserve(self, count: int) -> int:
        """The first ordinal of ``count`` entries that the caller writes by itself in bulk."""
        first = self.count
        self.count += count
        return first

    def close(self, *, by: str, at: datetime) -> Closed:
        """Take the numbers: the last statement before the transaction commits.

        ``at``: when the command began. What it did is recorded now, which for a long list is a minute later: until
        then the register answered without it (rulings 3). A command that tells of a past, further back than any takes,
        is recorded in that past.
        """
        replica.wait()
        now = clock.now()
        if timedelta() <= now - at <= _LONGEST:
            at = now
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, {"id": self.id, "count": self.count, "at": at, "by": by})
            base, recorded_at = cursor.fetchone()
        return Closed(id=self.id, base=base, count=self.count, recorded_at=recorded_at)
