"""Whether applications are stored as their events say: columns, words, papers. It only looks; ``manage.py audit`` asks.

That the events themselves were not touched shows in the journal, which ``registry.audit`` compares.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from registry.admission import applicants, events
from registry.audit import Difference
from registry.models import Agency, Application, ApplicationText, Authority, Licence
from registry.rules import applying
from registry.rules.applying import Action, State
from registry.rules.errors import RegistryError

_AT_ONCE = 500


def differences(*, at: datetime) -> Iterator[Difference]:
    """Every difference, application by application in the order in which they were begun."""
    after = 0
    while True:
        rows = Application.objects.filter(pk__gt=after).order_by("pk")
        found = list(
            rows.select_related("licence", "agency").prefetch_related("events", "events__text", "documents")[
                :_AT_ONCE
            ]
        )
        if not found:
            return
        for row in found:
            yield from _of(row, at=at)
        after = found[-1].pk


def _of(row: Application, *, at: datetime) -> Iterator[Difference]:
    happened = events.told(row)
    if not happened:
        yield Difference(row.number, "events", "none", "a draft is begun")
        return
    for what, stored, expected in (*_columns(row, happened, at=at), *_words(row), *_papers(row)):
        if stored != expected:
            yield Difference(row.number, what, str(stored), str(expected))


def _columns(
    row: Application, happened: tuple[applying.Event, ...], *, at: datetime
) -> Iterator[tuple[str, Any, Any]]:
    """The columns with what the events give; a letter's last day may have passed since the row was written."""
    now, then = applying.at(happened, at=at), applying.at(happened, at=happened[-1].at)
    stored = (row.state, row.due_at)
    lawful = {(one.state.value, one.due) for one in (now, then)}
    if then.state is State.INCOMPLETE:
        lawful.add((State.INCOMPLETE.value, happened[-1].until("lapses_at")))
    yield "state and date", stored, stored if stored in lawful else (now.state.value, now.due)
    opened, grant = happened[0].facts, applying.latest(happened, Action.GRANT)
    yield "number", row.number, opened.get("number")
    yield "account", row.account, opened.get("account")
    yield "kind", row.kind, opened.get("kind")
    authority = Authority.objects.filter(pk=row.authority_id).values_list("code", flat=True).first()
    yield "authority", authority, opened.get("authority")
    yield "opened at", row.opened_at, happened[0].at
    sent = [one.at for one in happened if one.action is Action.SUBMIT]
    yield "sent at", row.submitted_at, sent[0] if sent else None
    licence = opened.get("renews") or (grant.facts.get("licence") if grant else "")
    yield "licence", _number(row.licence_id, row.licence), licence or ""
    if row.kind == applying.LICENCE:
        agency = grant.facts.get("agency") if grant else ""
        yield "agency", _number(row.agency_id, row.agency), agency or ""
    for column, value in _named(row).items():
        yield column, getattr(row, column), value


def _number(key: int | None, record: Agency | Licence | None) -> str:
    """The number of what a row names; a row that names nothing there is shows as such."""
    if key is None:
        return ""
    return record.number if record else f"row {key}, which is not there"


def _named(row: Application) -> dict[str, str]:
    """What was sent says about the columns; words touched by hand may say nothing, and show by their digest."""
    try:
        return applicants.named((_sent(row) or {}).get("content") or {})
    except RegistryError:
        return {}


def _words(row: Application) -> Iterator[tuple[str, Any, Any]]:
    """The words against the digest that their event keeps."""
    for event in row.events.all():
        text: ApplicationText | None = getattr(event, "text", None)
        try:
            found = events.digest(text.salt, text.said) if text else ""
        except ValueError:
            found = "a salt that is none"
        yield f"words of event {event.ordinal}", found, event.digest


def _papers(row: Application) -> Iterator[tuple[str, Any, Any]]:
    """The papers that were sent against the list that was sent with them."""
    said = _sent(row)
    if said is None:
        return
    held = {one.reference: (applicants.stated(one), one.sent) for one in row.documents.all()}
    for one in said.get("documents") or ():
        yield f"paper {one.get('reference')}", held.get(one.get("reference")), (one, True)


def _sent(row: Application) -> dict[str, Any] | None:
    found = None
    for event in sorted(row.events.all(), key=lambda one: one.ordinal):
        if event.action == Action.SUBMIT.value and (text := getattr(event, "text", None)) is not None:
            found = dict(text.said)
    return found
