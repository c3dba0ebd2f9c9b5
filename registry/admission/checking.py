"""Whether applications are what their events make of them, and their words those that the events sealed: the audit's.

The rows themselves are in the change journal; this finds one that was changed with the triggers on.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Prefetch

from registry.admission import events
from registry.models import Application, ApplicationEvent
from registry.rules import applying
from registry.rules.applying import Action, Event

BATCH = 100
"""Applications whose events and words are read at a time; the words of one may be long."""


class Unlike(NamedTuple):
    """What is not as the events say: of which application, what, what is stored and what should be."""

    number: str
    what: str
    stored: str
    wanted: str


def unlike(*, at: datetime) -> Iterator[list[Unlike]]:
    """Of every application what differs at ``at``: one list each, in the order of their rows."""
    whole = Prefetch("events", ApplicationEvent.objects.select_related("text"))
    rows = Application.objects.select_related("agency", "licence").order_by("pk").prefetch_related(whole)
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            yield _unlike(row, at=at)
        last = batch[-1].pk


def _unlike(row: Application, *, at: datetime) -> list[Unlike]:
    try:
        found = [*_projected(row, events.told(row), at=at), *_sealed(row)]
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


def _sealed(row: Application) -> Iterator[tuple[str, str, str]]:
    """Words open the digest that their event keeps; of words that the law had erased nothing is left to open."""
    for event in row.events.all():
        words = getattr(event, "text", None)
        if words is None:
            if event.digest:
                yield f"words of event {event.ordinal}", "none", "such as open its digest"
        elif (words.said or words.salt) and events.digest(words.salt, words.said) != event.digest:
            yield f"words of event {event.ordinal}", "as found", "such as open its digest"
