"""A step before it is taken: which are open to an officer and why others are not, and what one would change.

Nothing here writes. What a step would mean is worked out by the same functions that take it, on the entries there are
and one more that is thrown away again: so a preview is the answer that the public would read, not a likeness of it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from registry import recording, records
from registry.models import Agency, Entry, Licence, Proposal
from registry.rules import admitting, answer, errors, freezing, lifecycle, measures, standing, terms_json
from registry.rules.entries import Entries
from registry.rules.lifecycle import STEPS, Action, Actor, Role, Step, StepTerms
from registry.rules.policy import Policy


class Closed(StrEnum):
    """Why an officer cannot begin a step now."""

    STATE = "state"
    ROLE = "role"
    NOTHING = "nothing"
    PROPOSED = "proposed"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Target:
    """An entry that a step could speak of."""

    sequence: int
    action: str
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the law for one officer and one licence. ``closed``: why not, ``None`` where it is open.

    ``notice_days`` and ``appeal_days`` are the policy's of the day; ``proposal``: the open one that stands in the way.
    """

    step: Step
    closed: Closed | None
    targets: tuple[Target, ...] = ()
    notice_days: int | None = None
    appeal_days: int | None = None
    proposal: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A sanction of the licence: what it weighs, until when it is public; ``spent``: the public reads it no more."""

    sequence: int
    action: str
    kind: str
    since: datetime
    over: datetime | None
    public_until: datetime | None
    never_public: bool
    spent: bool
    undone: bool
    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Count:
    """Points that count: of which entry and until when."""

    sequence: int
    action: str
    points: int
    until: datetime


@dataclass(frozen=True, slots=True)
class File:
    """A licence as an officer weighs it at an instant; ``sequences`` are the numbers behind the fold's references."""

    number: str
    agency: str
    name: str
    zone: str
    languages: tuple[str, ...]
    standing: standing.Standing
    policy: Policy
    sequences: Mapping[int, int]
    ledger: tuple[Count, ...]
    sanctions: tuple[Owed, ...]
    body: Mapping[str, Any]
    version: int

    @property
    def points(self) -> int:
        """How many points count."""
        return sum(row.points for row in self.ledger)


@dataclass(frozen=True, slots=True)
class Face:
    """What a licence is at one instant: its standing, its points, and the body that the public reads."""

    at: datetime
    standing: standing.Standing
    points: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a step would change. ``after``: once decided; ``later``: once it has effect, where that is later."""

    number: str
    zone: str
    effective_from: datetime
    effective_until: datetime | None
    deadlines: Mapping[str, str]
    effect: Mapping[str, Any]
    before: Face
    after: Face
    later: Face | None


def file(number: str, *, by: Actor, at: datetime) -> File:
    """The licence with what counts for and against it at ``at``, for officials of its authority."""
    licence = _readable(number, by)
    case = recording.case_of(licence, at)
    sequences = _sequences(licence)
    actions = {e.ref: e.action.value for e in case.entries}
    spent = answer.spent(case.entries, zone=case.zone, at=at)
    return File(
        number=licence.number,
        agency=licence.agency.number,
        name=licence.agency.legal_name,
        zone=case.zone,
        languages=tuple(licence.authority.languages),
        standing=case.standing,
        policy=case.policy,
        sequences=sequences,
        ledger=tuple(
            Count(sequences[row.ref], actions[row.ref], row.points, row.until)
            for row in measures.ledger(Entries(case.entries), at)
        ),
        sanctions=tuple(
            Owed(
                sequence=sequences[shown.entry.ref],
                action=shown.entry.action.value,
                kind=shown.kind.value,
                since=shown.start,
                over=shown.over,
                public_until=shown.public_until,
                never_public=shown.entry.effect.get("public_months") == 0,
                spent=shown.entry.ref in spent,
                undone=shown.undone,
                amount=str(shown.entry.effect.get("amount", "")),
                currency=str(shown.entry.effect.get("currency", "")),
            )
            for shown in answer.sanctions(case.entries, zone=case.zone)
        ),
        body=_face(licence, case.entries, at, judged=at).body if case.entries else {},
        version=licence.version,
    )


def options(number: str, *, by: Actor, at: datetime) -> tuple[Option, ...]:
    """Every step of the table that some officer may begin, as it stands for this one on this licence now."""
    licence = _readable(number, by)
    case = recording.case_of(licence, at)
    sequences = _sequences(licence)
    waiting = _waiting(Proposal.objects.filter(licence=licence), at)
    of_agency = _about_bars(case.entries)
    return tuple(
        _option(step, case, by, at=at, sequences=sequences, waiting=waiting, of_agency=of_agency)
        for step in STEPS.values()
    )


def of(number: str, action: Action, terms: StepTerms, *, by: Actor, at: datetime) -> Outlook:
    """What that step with these terms would change, taken now; refuses as taking it would."""
    licence = _readable(number, by)
    frozen, case, refers_to = recording.freeze(licence, STEPS[action], terms, at=at)
    return _outlook(licence, STEPS[action], terms, frozen, case, refers_to, at)


def of_agency(
    agency: str, action: Action, terms: StepTerms, *, by: Actor, at: datetime
) -> tuple[Outlook, ...]:
    """The same of a step on all licences of an agency; one outlook a licence, in the order of their numbers."""
    holder = Agency.objects.select_related("authority").filter(number=agency).first()
    if holder is None:
        raise errors.AgencyNotFound("no agency has this number", number=agency)
    _may_read(holder.authority.code, by)
    step = recording.on_every_licence(STEPS[action], terms)
    rows = Licence.objects.select_related("agency__authority", "authority").filter(
        agency=holder, renumbered_to__isnull=True
    )
    licences = [row for row in rows.order_by("number") if recording.state_of(row, at=at) in step.sources]
    found = recording.freeze_for_agency(holder, licences, step, terms, at=at)
    return tuple(
        _outlook(licence, step, terms, frozen, case, refers_to, at)
        for licence, frozen, case, refers_to in found
        if licence.pk
    )


def of_proposal(proposal: int, *, by: Actor, at: datetime) -> tuple[Outlook, ...]:
    """What a proposal would change if it were taken now; refuses where events have overtaken it."""
    row = Proposal.objects.select_related("licence", "agency").filter(pk=proposal).first()
    if row is None:
        raise errors.ProposalNotFound("no such proposal", proposal=proposal)
    terms, action = terms_json.read(row.terms), Action(row.action)
    if row.licence is None:
        return of_agency(row.agency.number, action, terms, by=by, at=at)
    return (of(row.licence.number, action, terms, by=by, at=at),)


# --- one option --------------------------------------------------------------------------------------------------


def _option(
    step: Step, case: freezing.Case, by: Actor, *, at: datetime, sequences: Mapping[int, int],
    waiting: Mapping[tuple[str, str], int], of_agency: frozenset[int],
) -> Option:  # fmt: skip
    state = case.standing.state if case.entries else lifecycle.State.NOT_GRANTED
    targets: tuple[Target, ...] = ()
    proposal = None
    if step.action is Action.DEBAR:
        closed: Closed | None = Closed.AGENCY
    elif state not in step.sources:
        closed = Closed.STATE
    elif not by.roles & step.proposes:
        closed = Closed.ROLE
    elif "refers_to" in step.needs:
        found = [e for e in admitting.targets(step, case, at=at) if e.ref not in of_agency]
        targets = tuple(Target(sequences[e.ref], e.action.value, e.effective_from) for e in found)
        proposed = [waiting.get((step.action.value, str(target.sequence))) for target in targets]
        closed = Closed.NOTHING if not found else Closed.PROPOSED if all(proposed) else None
        proposal = next(filter(None, proposed), None)
    else:
        proposal = waiting.get((step.action.value, ""))
        closed = Closed.PROPOSED if proposal else None
    return Option(
        step=step,
        closed=closed,
        targets=targets,
        notice_days=getattr(case.policy, step.notice) if step.notice else None,
        appeal_days=getattr(case.policy, step.appeal) if step.appeal else None,
        proposal=proposal,
    )


def _waiting(rows: Any, at: datetime) -> dict[tuple[str, str], int]:
    """The open proposals by step and subject."""
    found = rows.filter(state="open", expires_at__gt=at).values_list("action", "subject", "pk")
    return {(action, subject): pk for action, subject, pk in found}


def _about_bars(entries: Sequence[standing.Entry]) -> frozenset[int]:
    """The entries that are a bar or the end of the agency, or speak of one, however indirectly; oldest first."""
    found: set[int] = set()
    for entry in entries:
        if records.is_of_agency(entry.action, entry.grounds) or entry.refers_to in found:
            found.add(entry.ref)
    return frozenset(found)


# --- one outlook -------------------------------------------------------------------------------------------------


def _outlook(
    licence: Licence, step: Step, terms: StepTerms, frozen: freezing.Frozen, case: freezing.Case,
    refers_to: int | None, at: datetime,
) -> Outlook:  # fmt: skip
    trial = standing.Entry(
        ref=max((e.ref for e in case.entries), default=0) + 1,
        action=step.action,
        kind=step.kind,
        decided_at=at,
        recorded_at=at,
        effective_from=frozen.effective_from,
        effective_until=frozen.effective_until,
        refers_to=refers_to,
        grounds=terms.grounds,
        effect=frozen.effect,
        deadlines=frozen.deadlines,
    )
    taken = [*case.entries, trial]
    return Outlook(
        number=licence.number,
        zone=case.zone,
        effective_from=frozen.effective_from,
        effective_until=frozen.effective_until,
        deadlines=frozen.deadlines,
        effect=frozen.effect,
        before=_face(licence, case.entries, at, judged=at),
        after=_face(licence, taken, at, judged=at),
        later=_face(licence, taken, frozen.effective_from, judged=at) if frozen.effective_from > at else None,
    )


def _face(licence: Licence, entries: Sequence[standing.Entry], at: datetime, *, judged: datetime) -> Face:
    facts = records.facts_of([licence])[licence.pk]
    pieces = answer.pieces(facts, entries, at=judged)
    piece = next(p for p in pieces if p.end is None or at < p.end)
    now = standing.at(entries, at=at) if entries else standing.NOTHING_KNOWN
    counted = sum(row.points for row in measures.ledger(Entries(entries), at))
    return Face(at=at, standing=now, points=counted, body=json.loads(piece.body))


# --- finding -----------------------------------------------------------------------------------------------------


def _readable(number: str, by: Actor) -> Licence:
    rows = Licence.objects.select_related("agency__authority", "authority")
    licence = rows.filter(number=number).first()
    if licence is None:
        raise errors.LicenceNotFound("no licence has this number", number=number)
    _may_read(licence.authority.code, by)
    return licence


def _may_read(authority: str, by: Actor) -> None:
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority:
        raise errors.OutsideAuthority("the record belongs to another authority", authority=authority)


def _sequences(licence: Licence) -> dict[int, int]:
    rows = Entry.objects.filter(licence=licence).select_related("commit")
    return {row.pk: row.sequence for row in rows}
