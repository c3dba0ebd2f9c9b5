"""The only module that gives sequence numbers: one commit of the register at a time.

A writer opens a :class:`Commit`, adds its entries and closes it as the last thing in its transaction. Closing takes the
counter's lock, so numbers rise in commit order without gaps and ``recorded_at`` never runs backwards; the lock is held
from there to the end of the transaction only, also when the commit holds fifty thousand entries (rulings 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from registry import clock, replica
from registry.models import Entry, RegisterCommit

#: No command takes longer from its first look at the clock to its commit.
_LONGEST: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closed commit was given: entries are numbered ``base + 1`` to ``base + count``."""

    base: int
    count: int
    recorded_at: datetime


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
            cursor.execute(
                """
                INSERT INTO registry_register AS r (id, last_sequence, last_recorded_at) VALUES (1, %s, %s)
                ON CONFLICT (id) DO UPDATE SET
                    last_sequence = r.last_sequence + excluded.last_sequence,
                    last_recorded_at = greatest(r.last_recorded_at, excluded.last_recorded_at)
                RETURNING last_sequence, last_recorded_at
                """,
                [self.count, at],
            )
            last, recorded_at = cursor.fetchone()
        base = last - self.count
        RegisterCommit(id=self.id, base=base, count=self.count, recorded_at=recorded_at, by=by).save(
            force_insert=True
        )
        return Closed(base=base, count=self.count, recorded_at=recorded_at)
