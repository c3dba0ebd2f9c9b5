"""The securities of an authority's licences: what runs out, what is to be filled up, and what the clock proposes.

Confirming and drawing are facts that ``licensing.decide`` enters. The clock decides nothing: where a security is over
or was not filled up in time, ``run_due`` proposes an administrative suspension, which officers approve or decline.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from registry import licensing, records
from registry.models import Licence, Proposal
from registry.rules import errors, standing
from registry.rules.lifecycle import STEPS, Action, Actor, Role, State, StepTerms
from registry.rules.securities import Position

LAPSED: Final = "BOND-LAPSE"
NOT_REPLENISHED: Final = "BOND-NOT-REPLENISHED"

SOON: Final = timedelta(days=90)
"""How far ahead an end is looked for."""

_RUNNING: Final = frozenset({State.ACTIVE, State.RENEWAL_PENDING, State.SUSPENDED})
_SYSTEM: Final = Actor("SYSTEM", None, frozenset({Role.SYSTEM}))
_READERS: Final = frozenset(Role) - {Role.ANALYST}

_TEXTS: Final = {
    LAPSED: "The security that the law asks for is no longer in force.",
    NOT_REPLENISHED: "The security was drawn on and was not filled up again in time.",
}


@dataclass(frozen=True, slots=True)
class Secured:
    """A licence with the security behind it. ``due``: the first day on which something is to be done."""

    licence: str
    agency: str
    agency_name: str
    licence_class: str
    state: State
    zone: str
    position: Position
    due: datetime | None

    @property
    def ground(self) -> str:
        """The ground on which it may be suspended now, or nothing."""
        if not self.position.missing:
            return ""
        return NOT_REPLENISHED if any(draw.overdue for draw in self.position.draws) else LAPSED


def of(number: str, *, by: Actor, at: datetime) -> Secured:
    """One licence of the officer's authority."""
    row = Licence.objects.select_related("agency", "authority").filter(number=number).first()
    missing = errors.LicenceNotFound("no licence has this number", number=number)
    if row is None:
        raise missing
    _may_read(row.authority.code, by, unseen=missing)
    return _secured(row, at)


def of_agency(number: str, *, by: Actor, at: datetime) -> list[Secured]:
    """The licences of an agency of which a security is asked or held."""
    rows = list(
        Licence.objects.select_related("agency", "authority").filter(agency__number=number).order_by("number")
    )
    missing = errors.AgencyNotFound("no agency has this number", number=number)
    for row in rows:
        _may_read(row.authority.code, by, unseen=missing)
    entries = records.fold_entries_of(row.pk for row in rows)
    found = [_judged(row, entries[row.pk], at) for row in rows]
    return [one for one in found if one.position.required is not None or one.position.held]


def attention(*, by: Actor, at: datetime, limit: int = 200) -> list[Secured]:
    """The authority's licences with a gap, a draw to fill up or an end within ninety days: gaps first, then by day."""
    _may_read(by.authority or "", by)
    found = [_secured(row, at) for row in _candidates(at, authority=by.authority, limit=5 * limit)]
    found = [one for one in found if one.state in _RUNNING and (one.position.missing or _soon(one, at))]
    return sorted(found, key=lambda one: (not one.position.missing, one.due or at, one.licence))[:limit]


def may_enter(by: Actor) -> bool:
    """Whether this officer enters what an issuer confirms and what is drawn."""
    return bool(by.roles & STEPS[Action.CONFIRM_SECURITY].proposes & STEPS[Action.DRAW_SECURITY].proposes)


def run_due(*, at: datetime) -> int:
    """Propose the suspension of every licence whose security is over or was not filled up; how many proposals.

    One that officers declined is not proposed again while the same gap lasts, and none while one is open or the
    licence is suspended on that ground already.
    """
    made = 0
    for row in _candidates(at, authority=None, limit=None):
        one = _secured(row, at)
        if one.state in _RUNNING and one.ground and not _answered(row, one, at):
            terms = StepTerms(grounds=(one.ground,), texts={"en": _TEXTS[one.ground]}, no_conflict=True)
            try:
                licensing.propose(
                    row.number, Action.SUSPEND_ADMINISTRATIVE, by=_SYSTEM, at=at, terms=terms,
                    idempotency_key=f"{row.number} {one.ground} {at.isoformat()}",
                )  # fmt: skip
                made += 1
            except errors.Refused:  # an officer was quicker, or the law has another way
                continue
    return made


def _soon(one: Secured, at: datetime) -> bool:
    return one.due is not None and one.due < at + SOON


def _answered(row: Licence, one: Secured, at: datetime) -> bool:
    """Whether officers have this before them, or have dealt with it."""
    entries = records.fold_entries(row.pk)
    measures = standing.open_measures(entries, at=at)
    grounds = {entry.ref: entry.grounds for entry in entries}
    if any(one.ground in grounds[ref] for ref in measures):
        return True
    said = Proposal.objects.filter(licence=row, action=Action.SUSPEND_ADMINISTRATIVE.value)
    if said.filter(state="open", expires_at__gt=at).exists():
        return True
    declined = (
        said.filter(state="declined", terms__grounds__contains=[one.ground]).order_by("-closed_at").first()
    )
    return (
        declined is not None and declined.closed_at is not None and declined.closed_at >= _gap_since(one, at)
    )


def _gap_since(one: Secured, at: datetime) -> datetime:
    """When the newest of what is missing went missing."""
    ends = [held.until for held in one.position.held if held.until is not None and held.until <= at]
    overdue = [draw.replenish_by for draw in one.position.draws if draw.overdue and draw.replenish_by]
    return max([*ends, *overdue], default=datetime.min.replace(tzinfo=at.tzinfo))


_CANDIDATES: Final = """
    SELECT DISTINCT licence_id FROM (
        (SELECT e.licence_id FROM registry_entry e WHERE e.action = 'confirm_security' AND e.effective_until < %(soon)s
           {entries} ORDER BY e.effective_until DESC {limit})
        UNION ALL
        (SELECT e.licence_id FROM registry_entry e WHERE e.action = 'draw_security'
           {entries} ORDER BY e.id DESC {limit})
        UNION ALL
        (SELECT p.licence_id FROM registry_publishedrecord p
         WHERE p.span @> %(at)s AND NOT p.may_recruit AND p.result = 'not_licensed'
           AND p.state IN ('active', 'renewal_pending') {records} {limit})
    ) found WHERE licence_id IS NOT NULL"""


def _candidates(at: datetime, *, authority: str | None, limit: int | None) -> Iterable[Licence]:
    """The licences whose security may be over, drawn or near its end."""
    narrowed = authority is not None
    sql = _CANDIDATES.format(
        entries="AND e.authority_id = (SELECT id FROM registry_authority WHERE code = %(authority)s)"
        if narrowed
        else "",
        records="AND p.authority_code = %(authority)s" if narrowed else "",
        limit="LIMIT %(limit)s" if limit else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"soon": at + SOON, "at": at, "authority": authority, "limit": limit})
        keys = [key for (key,) in cursor.fetchall()]
    rows = Licence.objects.select_related("agency", "authority").filter(
        pk__in=keys, renumbered_to__isnull=True
    )
    return rows.order_by("number").iterator(chunk_size=500)


def _secured(row: Licence, at: datetime) -> Secured:
    return _judged(row, records.fold_entries(row.pk), at)


def _judged(row: Licence, entries: list[standing.Entry], at: datetime) -> Secured:
    position = standing.security(entries, at=at)
    due = min((day for day in (position.runs_out, position.replenish_by) if day), default=None)
    return Secured(
        row.number, row.agency.number, row.agency.legal_name, row.licence_class,
        standing.at(entries, at=at).state if entries else State.NOT_GRANTED,
        row.authority.zone, position, due,
    )  # fmt: skip


def _may_read(authority: str, by: Actor, *, unseen: errors.NotFound | None = None) -> None:
    if by.authority != authority:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority, unseen=unseen
        )
    if not by.roles & _READERS:
        raise errors.RoleNotAllowed("this role reads aggregates only", roles=sorted(_READERS))
