"""A step before it is taken: which are open to an officer and why others are not, and what one would change.

Nothing here writes. What a step would mean is worked out by the same functions that take it, on the entries there are
and one more that is thrown away again: so a preview is the answer that the public would read, not a likeness of it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from registry import recording, records
from registry.models import Agency, Entry, Licence, Proposal
from registry.rules import (
    admitting,
    answer,
    days,
    duties,
    errors,
    freezing,
    lifecycle,
    measures,
    standing,
    terms_json,
)
from registry.rules.duties import Duty
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
    OWN = "own"


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
    outstanding: str
    pay_by: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A duty of the holder: of which measure, until when, and the entry that says it was done."""

    sequence: int
    action: str
    duty: Duty
    due: date
    done: int | None


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
    tasks: tuple[Due, ...]
    served_on: date | None
    complete_since: datetime | None
    version: int | None

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
    licence, rows, case = _read(number, by, at)
    return _file(licence, case, rows, at)


def options(number: str, *, by: Actor, at: datetime) -> tuple[Option, ...]:
    """Every step of the table that some officer may begin, as it stands for this one on this licence now."""
    licence, rows, case = _read(number, by, at)
    return _options(licence, case, rows, by, at)


def weighed(number: str, *, by: Actor, at: datetime) -> tuple[File, tuple[Option, ...]]:
    """``file`` and ``options`` together, the licence read once."""
    licence, rows, case = _read(number, by, at)
    return _file(licence, case, rows, at), _options(licence, case, rows, by, at)


def _read(number: str, by: Actor, at: datetime) -> tuple[Licence, list[Entry], freezing.Case]:
    """The licence with its entries, the oldest first, and the case that they make."""
    licence = _readable(number, by)
    rows = list(Entry.objects.filter(licence=licence).select_related("commit").order_by("pk"))
    return licence, rows, recording.case_of(licence, at, known=[records.as_fold(row) for row in rows])


def _file(licence: Licence, case: freezing.Case, rows: Sequence[Entry], at: datetime) -> File:
    sequences = {row.pk: row.sequence for row in rows}
    actions = {e.ref: e.action.value for e in case.entries}
    entries = Entries(case.entries)
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
            for row in measures.ledger(entries, at)
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
                outstanding=_outstanding(entries, shown),
                pay_by=shown.entry.deadline("pay_by"),
            )
            for shown in answer.sanctions(case.entries, zone=case.zone)
        ),
        tasks=tuple(
            Due(sequences[task.ref], actions[task.ref], task.duty, task.due, sequences.get(task.done or 0))
            for task in duties.tasks(entries, zone=case.zone)
        ),
        served_on=max(
            (days.local_day(e.effective_from, case.zone) for e in entries.those(Action.SHOW_CAUSE)),
            default=None,
        ),
        complete_since=answer.complete_since(case.entries, zone=case.zone, at=at),
        version=licence.version,
    )


def _outstanding(entries: Entries, shown: answer.Shown) -> str:
    """What is left to be paid of a sanction of money; empty where nothing is."""
    if shown.undone or shown.entry.action not in {Action.FINE, Action.ORDER_REPAYMENT}:
        return ""
    left = measures.outstanding(entries, shown.entry)
    return f"{left.normalize():f}" if left else ""


def demand_role(action: Action, *, by: Actor) -> None:
    """Refuse whoever may not begin this step, whatever it is about."""
    step = STEPS[action]
    if not by.roles & step.proposes:
        raise errors.RoleNotAllowed("this role may not begin the step", roles=sorted(step.proposes))


def _options(
    licence: Licence, case: freezing.Case, rows: Sequence[Entry], by: Actor, at: datetime
) -> tuple[Option, ...]:
    sequences = {row.pk: row.sequence for row in rows}
    own = frozenset(row.pk for row in rows if by.number in row.officers)
    waiting = _waiting(Proposal.objects.filter(licence=licence), at)
    of_agency = _about_bars(case.entries)
    return tuple(
        _option(step, case, by, at=at, sequences=sequences, waiting=waiting, of_agency=of_agency, own=own)
        for step in STEPS.values()
    )


OF_AGENCY = (
    Action.DEBAR, Action.CANCEL, Action.FILE_APPEAL, Action.STAY, Action.END_STAY, Action.END_APPEAL, Action.SET_ASIDE,
    Action.CORRECT,
)  # fmt: skip
"""Steps on all licences of an agency at once: a bar, the end of a company, and what is said of either."""


def agency_file(number: str, *, by: Actor, at: datetime) -> File:
    """An agency as a step on all its licences meets it: what a form needs of it, and nothing of one licence."""
    agency = _readable_agency(number, by)
    return File(
        number="",
        agency=agency.number,
        name=agency.legal_name,
        zone=agency.authority.zone,
        languages=tuple(agency.authority.languages),
        standing=standing.NOTHING_KNOWN,
        policy=records.current_policy(agency.authority_id, at=at),
        sequences={},
        ledger=(),
        sanctions=(),
        tasks=(),
        served_on=None,
        complete_since=None,
        version=None,
    )


def agency_options(number: str, *, by: Actor, at: datetime) -> tuple[Option, ...]:
    """The steps on all licences of an agency, as they stand for this officer now."""
    agency = _readable_agency(number, by)
    places: list[Licence] = []
    if records.bars_of(
        agency.pk
    ).by_ref:  # a case for each licence is dear, and most agencies were never barred
        places = [Licence(authority=agency.authority, agency=agency), *_licences(agency)]
    policy = records.current_policy(agency.authority_id, at=at)
    waiting = _waiting(Proposal.objects.filter(agency=agency, licence__isnull=True), at)
    found = []
    for step in (STEPS[action] for action in OF_AGENCY):
        if step.action is Action.CANCEL:
            step = replace(step, grounds=frozenset({"ENTITY-DISSOLVED"}))  # noqa: PLW2901 - the same, of the agency
        targets = _targets_of_bars(step, places, at) if "refers_to" in step.needs else ()
        proposed = [waiting.get((step.action.value, str(target.sequence))) for target in targets]
        if not targets and "refers_to" not in step.needs:
            proposed = [waiting.get((step.action.value, ""))]
        closed = None
        if not by.roles & step.proposes:
            closed = Closed.ROLE
        elif not proposed:
            closed = Closed.NOTHING
        elif all(proposed):
            closed = Closed.PROPOSED
        found.append(
            Option(
                step=step,
                closed=closed,
                targets=targets,
                notice_days=getattr(policy, step.notice) if step.notice else None,
                appeal_days=getattr(policy, step.appeal) if step.appeal else None,
                proposal=next(filter(None, proposed), None),
            )
        )
    return tuple(found)


def _targets_of_bars(step: Step, places: Sequence[Licence], at: datetime) -> tuple[Target, ...]:
    """The entries about bars that the step could speak of; one for each decision, on whichever licence it stands."""
    found: dict[tuple[str, datetime, datetime], Target] = {}
    for place in places:
        case = recording.case_of(place, at)
        about = _about_bars(case.entries)
        for entry in admitting.targets(step, case, at=at):
            decision = (entry.action.value, entry.decided_at, entry.effective_from)
            if entry.ref in about and decision not in found:
                row = Entry.objects.select_related("commit").get(pk=entry.ref)
                found[decision] = Target(row.sequence, entry.action.value, entry.effective_from)
    return tuple(found.values())


def of(number: str, action: Action, terms: StepTerms, *, by: Actor, at: datetime) -> Outlook:
    """What that step with these terms would change, taken now; refuses as taking it would."""
    licence = _readable(number, by)
    frozen, case, refers_to = recording.freeze(licence, STEPS[action], terms, at=at)
    return _outlook(licence, STEPS[action], terms, frozen, case, refers_to, at)


def of_agency(
    agency: str, action: Action, terms: StepTerms, *, by: Actor, at: datetime
) -> tuple[Outlook, ...]:
    """The same of a step on all licences of an agency; one outlook a licence, in the order of their numbers."""
    holder = _readable_agency(agency, by)
    step = recording.on_every_licence(STEPS[action], terms)
    licences = [row for row in _licences(holder) if recording.state_of(row, at=at) in step.sources]
    found = recording.freeze_for_agency(holder, licences, step, terms, at=at)
    return tuple(
        _outlook(licence, step, terms, frozen, case, refers_to, at)
        for licence, frozen, case, refers_to in found
        if licence.pk
    )


def of_proposal(proposal: int, *, by: Actor, at: datetime) -> tuple[Outlook, ...]:
    """What a proposal would change if it were taken now; refuses where events have overtaken it."""
    row = Proposal.objects.select_related("licence", "agency", "authority").filter(pk=proposal).first()
    missing = errors.ProposalNotFound("no such proposal", proposal=proposal)
    if row is None:
        raise missing
    _may_read(row.authority.code, by, missing)
    terms, action = terms_json.read(row.terms), Action(row.action)
    if row.licence is None:
        return of_agency(row.agency.number, action, terms, by=by, at=at)
    return (of(row.licence.number, action, terms, by=by, at=at),)


# --- one option --------------------------------------------------------------------------------------------------


def _option(
    step: Step, case: freezing.Case, by: Actor, *, at: datetime, sequences: Mapping[int, int],
    waiting: Mapping[tuple[str, str], int], of_agency: frozenset[int], own: frozenset[int],
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
        theirs = own if step.action in lifecycle.NOT_BY_ITS_OFFICERS else frozenset()
        others = [e for e in found if e.ref not in theirs]
        targets = tuple(Target(sequences[e.ref], e.action.value, e.effective_from) for e in others)
        proposed = [waiting.get((step.action.value, str(target.sequence))) for target in targets]
        closed = Closed.PROPOSED if all(proposed) else None
        if not others:
            closed = Closed.OWN if found else Closed.NOTHING
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
    missing = errors.LicenceNotFound("no licence has this number", number=number)
    if licence is None:
        raise missing
    _may_read(licence.authority.code, by, missing)
    return licence


def _readable_agency(number: str, by: Actor) -> Agency:
    agency = Agency.objects.select_related("authority").filter(number=number).first()
    missing = errors.AgencyNotFound("no agency has this number", number=number)
    if agency is None:
        raise missing
    _may_read(agency.authority.code, by, missing)
    return agency


def _licences(agency: Agency) -> list[Licence]:
    rows = Licence.objects.select_related("agency__authority", "authority")
    return list(rows.filter(agency=agency, renumbered_to__isnull=True).order_by("number"))


def _may_read(authority: str, by: Actor, unseen: errors.NotFound) -> None:
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority, unseen=unseen
        )
