"""Whether applications are what their events make of them, and their words those that the events sealed: the audit's.

The rows themselves are in the change journal; this finds one that was changed with the triggers on.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from registry.admission import cases
from registry.models import Application, ApplicationEvent
from registry.rules import applying
from registry.rules.applying import Action, Event

BATCH = 200
"""Applications with their events, or events with their words, that are read at a time; words may be long."""


class Unlike(NamedTuple):
    """What is not as the events say: of which application, what, what is stored and what should be."""

    number: str
    what: str
    stored: str
    wanted: str


def unlike(*, at: datetime) -> Iterator[list[Unlike]]:
    """Of every application what differs at ``at``: one list each, in the order of their rows."""
    rows = Application.objects.select_related("agency", "licence").order_by("pk").prefetch_related("events")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            yield _unlike(row, at=at)
        last = batch[-1].pk


def unsealed() -> Iterator[Unlike]:
    """Words that do not open the digest of their event; of words that the law had erased nothing is left to open."""
    rows = ApplicationEvent.objects.select_related("application", "text").order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for event in batch:
            if stored := _unsealed(event):
                what = f"words of event {event.ordinal}"
                yield Unlike(event.application.number, what, stored, "such as open its digest")
        last = batch[-1].pk


def _unlike(row: Application, *, at: datetime) -> list[Unlike]:
    try:
        found = list(_projected(row, cases.told(row), at=at))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Events are never malformed but by hand, and then the audit goes on and the journal says which.
        found = [("events", "as found", "such as can be folded")]
    return [Unlike(row.number, *odd) for odd in found]


def _projected(row: Application, told: tuple[Event, ...], *, at: datetime) -> Iterator[tuple[str, str, str]]:
    """The columns that lists are read by; time alone may have been written at any instant since the last event."""
    last = told[-1].at
    ends = [end for event in told for name in event.deadlines if (end := event.until(name)) is not None]
    folded = [applying.at(told, at=instant) for instant in (last, *(end for end in ends if last < end <= at))]
    if (row.state, row.due_at) not in [(then.state.value, then.due) for then in folded]:
        yield "state", f"{row.state} until {row.due_at}", f"{folded[0].state} until {folded[0].due}"
    if row.opened_at != told[0].at:
        yield "opened", str(row.opened_at), str(told[0].at)
    sent = next((event.at for event in told if event.action is Action.SUBMIT), None)
    if row.submitted_at != sent:
        yield "submitted", str(row.submitted_at), str(sent)
    if (grant := applying.latest(told, Action.GRANT)) is not None:
        held = {
            "licence": row.licence.number if row.licence else "",
            "agency": row.agency.number if row.agency else "",
        }
        for name in grant.facts.keys() & held.keys():
            if held[name] != grant.facts[name]:
                yield name, held[name], str(grant.facts[name])


def _unsealed(event: ApplicationEvent) -> str:
    """What is stored instead of the words that the event sealed; empty when all is well."""
    words = getattr(event, "text", None)
    if words is None:
        return "none" if event.digest else ""
    if not words.said and not words.salt:
        return ""
    try:
        return "" if cases.digest(words.salt, words.said) == event.digest else "as found"
    except ValueError:  # a salt that is no hexadecimal
        return "as found"
