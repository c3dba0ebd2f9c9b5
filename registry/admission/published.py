"""What anyone reads of applications: those open to objection, and refusals for as long as the policy says.

An applicant is not licensed, whatever stands here. Of a granted application only the licence's number is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import QuerySet

from registry import records
from registry.admission import cases
from registry.models import Application
from registry.rules import applying, days, errors
from registry.rules.applying import Action, State

MOST: Final = 200
"""Applications on a page."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An application as the public reads of it. ``state``: ``objection_period``, ``refused`` or ``granted``."""

    number: str
    state: str
    kind: str
    name: str
    locality: str
    licence_class: str
    authority: str
    authority_name: dict[str, str]
    zone: str
    called_on: date | None = None
    objections_until: datetime | None = None
    refused_on: date | None = None
    grounds: tuple[str, ...] = ()
    appeal_until: datetime | None = None
    appealed: bool = False
    confirmed_on: date | None = None
    public_until: datetime | None = None
    licence: str = ""


def notice(number: str, *, at: datetime) -> Notice:
    """What the public reads of this application at ``at``; one that nothing is told of is not there."""
    row = _rows().filter(number=number).first()
    found = _told(row, at=at) if row else None
    if found is None:
        raise errors.ApplicationNotFound("no application has this number", number=number)
    return found


def open_to_objection(*, at: datetime) -> list[Notice]:
    """The applications that anyone may object to now, the first to close at the top."""
    rows = _rows().filter(state=State.OBJECTION_PERIOD, due_at__gt=at).order_by("due_at", "pk")
    return _notices(rows[:MOST], at=at)


def refused(*, at: datetime, agency: str = "") -> list[Notice]:
    """The refusals that are still public, the newest at the top; of one agency, or of all."""
    rows = _rows().filter(state=State.REFUSED).order_by("-pk")
    if agency:
        rows = rows.filter(agency__in=records.family_of(agency))
    return _notices(rows[:MOST], at=at)


def _rows() -> QuerySet[Application]:
    return Application.objects.select_related("authority", "licence").prefetch_related("events")


def _notices(rows: Iterable[Application], *, at: datetime) -> list[Notice]:
    return [found for row in rows if (found := _told(row, at=at)) is not None]


def _told(row: Application, *, at: datetime) -> Notice | None:
    happened = cases.told(row)
    now = applying.at(happened, at=at)
    zone = row.authority.zone
    call, refusal, dismissed = (
        applying.latest(happened, action)
        for action in (Action.CALL_FOR_OBJECTIONS, Action.REFUSE, Action.DISMISS_APPEAL)
    )
    refusal = refusal if now.state is State.REFUSED else None
    public_until = datetime.fromisoformat(refusal.facts["public_until"]) if refusal else None
    if now.state is State.REFUSED:
        if refusal is None or public_until is None or public_until <= at:
            return None
    elif now.state is not State.GRANTED and not (now.called_until is not None and at < now.called_until):
        return None
    return Notice(
        number=row.number,
        state=now.state.value
        if now.state in {State.REFUSED, State.GRANTED}
        else State.OBJECTION_PERIOD.value,
        kind=row.kind,
        name=row.legal_name,
        locality=row.locality,
        licence_class=row.licence_class,
        authority=row.authority.code,
        authority_name=dict(row.authority.name),
        zone=zone,
        called_on=days.local_day(call.at, zone) if call else None,
        objections_until=now.called_until,
        refused_on=days.local_day(refusal.at, zone) if refusal else None,
        grounds=tuple(refusal.facts["grounds"]) if refusal else (),
        appeal_until=refusal.until("appeal_until") if refusal and not now.dismissed else None,
        appealed=now.appealed,
        confirmed_on=days.local_day(dismissed.at, zone) if dismissed and now.dismissed else None,
        public_until=public_until,
        licence=row.licence.number if now.state is State.GRANTED and row.licence else "",
    )
