"""What a suspension, a restriction or a revocation makes the holder do, each duty with its day (domain model 3.3).

The days run from the first instant at which the measure has effect. What was done is recorded as a fact about the
measure; what is stayed or undone asks nothing.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from registry.rules import days
from registry.rules.entries import Entries, Entry
from registry.rules.lifecycle import SUSPENSIONS, Action


class Duty(StrEnum):
    """What is to be done."""

    STOP_ADVERTS = "stop_adverts"
    RETURN_PASSPORTS = "return_passports"
    TELL_WORKERS = "tell_workers"
    REFUND = "refund"
    LIST_PIPELINE = "list_pipeline"
    END_PIPELINE = "end_pipeline"


#: Days from the effect of the measure. Refunds within seven days: the Philippine rules; thirty for deployments that are
#: safe and were approved one by one. The list of open cases is due with the refunds it is made for.
DAYS: Final[Mapping[Duty, int]] = {
    Duty.STOP_ADVERTS: 0,
    Duty.RETURN_PASSPORTS: 0,
    Duty.TELL_WORKERS: 0,
    Duty.REFUND: 7,
    Duty.LIST_PIPELINE: 7,
    Duty.END_PIPELINE: 30,
}
CREATES: Final = frozenset(SUSPENSIONS) | {Action.RESTRICT, Action.REVOKE}
BORNE_ON_BY: Final = frozenset(
    {Action.CORRECT, Action.SET_ASIDE, Action.STAY, Action.FILE_APPEAL, Action.PERFORM}
)
"""Words about a measure that bear on its duties. One that none of them speaks of asks them all, from its
``effective_from`` on."""


class Task(NamedTuple):
    """A duty of one measure: its last day, and the entry that says it was done."""

    ref: int
    duty: Duty
    due: date
    done: int | None


def tasks(entries: Entries, *, zone: str) -> tuple[Task, ...]:
    """The duties of every measure that was not undone, the first due at the top."""
    found = [task for entry in entries.those(*CREATES) for task in of(entries, entry, zone=zone)]
    return tuple(sorted(found, key=lambda task: (task.due, task.ref)))


def waiting(entries: Entries, entry: Entry, t: datetime, *, zone: str) -> tuple[Task, ...]:
    """What a measure asks at ``t`` that nobody has recorded as done, the first due at the top.

    It asks from where it has begun to have effect, and goes on when it is over: a duty waits until it is performed.
    While it is stayed, and from where it is set aside, it asks nothing.
    """
    begins = entries.begins(entry, entry.effective_from)
    if begins is None or t < begins or not entries.has_begun(entry, t):
        return ()
    return tuple(
        sorted(
            (task for task in of(entries, entry, zone=zone) if task.done is None), key=lambda task: task.due
        )
    )


def of(entries: Entries, entry: Entry, *, zone: str) -> tuple[Task, ...]:
    """The duties of one measure; none of one that never has effect."""
    begins = entries.begins(entry, entry.effective_from)
    if begins is None:
        return ()
    done = {str(word.effect["duty"]): word.ref for word in entries.about(entry) if "duty" in word.effect}
    first = days.local_day(begins, zone)
    return tuple(
        Task(entry.ref, duty, first + timedelta(days=count), done.get(duty.value))
        for duty, count in DAYS.items()
    )
