"""The only writer of licences, entries and sanctions.

``propose`` begins a step that needs further officers, ``approve`` gives one yes, ``decline`` ends it; ``decide`` takes
a step that one officer may take alone (an emergency, a filing, a fact). Whatever completes a step runs one durable
transaction: lock the licence, look the step up, check, append the entry with its frozen effect and deadlines, save the
projection with its history, republish, queue the news, take the sequence number. So nobody ever sees one of these
without the others, and a refusal leaves nothing behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from registry import agencies, history, ledger, proposals, recording, records, screening
from registry.changes import Change
from registry.idempotency import Once
from registry.models import (
    Agency,
    Approval,
    Authority,
    Entry,
    Licence,
    Proposal,
)
from registry.rules import errors, four_eyes, lifecycle, numbering, standing, terms_json
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import STEPS, Action, Actor, Kind, Role, State, Step, StepTerms
from registry.rules.policy import Policy

LONGEST: Final = 4000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry that was made: its sequence number, when it was recorded and what it froze."""

    number: str
    sequence: int
    action: str
    step: str
    recorded_at: datetime
    effective_from: datetime
    deadlines: Mapping[str, str]
    state: str
    version: int
    officers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """A proposal as officers see it: who proposed, who approved, how many officers are still needed.

    ``agreement`` says who may say the next yes, or end it. ``change``: what is to change in an agency's records, where
    the proposal is of no step; ``terms`` are empty then.
    """

    id: int
    licence: str | None
    agency: str
    agency_name: str
    action: str
    step: str
    state: str
    terms: Mapping[str, Any]
    subject: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    approved_by: tuple[str, ...]
    approvals_needed: int
    next_roles: tuple[str, ...]
    agreement: Agreement
    licence_version: int
    closed_by: str = ""
    closed_at: datetime | None = None
    closed_reason: str = ""
    decisions: tuple[Decision, ...] = ()
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """A licence that was opened: its number and its version for the next step."""

    number: str
    agency: str
    licence_class: str
    state: str
    version: int


# --- the doors ---------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def open_licence(
    agency: str, licence_class: str, *, by: Actor, at: datetime, idempotency_key: str, legacy_number: str = ""
) -> LicenceRecord:
    """Open a licence for an agency: it gets its number and waits to be granted. Nothing is public yet."""
    _role(by, lifecycle.M)
    once = Once(
        by,
        idempotency_key,
        "open_licence",
        {"agency": agency, "class": licence_class, "legacy": legacy_number},
        at,
    )
    if (done := once.outcome()) is not None:
        return _opened(Licence.objects.select_related("agency").get(number=done["licence"]))
    licence = _open(_agency(agency, by=by), licence_class, by=by.number, at=at, legacy_number=legacy_number)
    once.keep({"licence": licence.number})
    return _opened(licence)


@transaction.atomic(durable=True)
def propose(
    number: str, action: Action, *, by: Actor, at: datetime, terms: StepTerms, expected_version: int | None = None,
    idempotency_key: str,
) -> ProposalRecord:  # fmt: skip
    """Begin a step that needs further officers; it is checked as if it were taken now.

    One open proposal per licence, step and subject. Refuses a step that one officer takes alone (``decide`` it).
    """
    step = _step(action)
    if not step.approvals:
        raise errors.StepNotAllowed("{action} needs no second officer: decide it", action=action.value)
    _beginning(step).say(by, at=at, no_conflict=terms.no_conflict)
    once = Once(
        by,
        idempotency_key,
        "propose",
        terms_json.plain(terms) | {"number": number, "action": action.value},
        at,
    )
    if (done := once.outcome()) is not None:
        return proposal(done["proposal"])
    if action is Action.GRANT:  # before the licence is locked, as whoever changes an agency locks them
        screening.anew(_readable(number, by=by).agency.number, at=at, why="grant", by=by.number)
    licence = _locked(number, by=by)
    _version(licence, expected_version)
    _of_one_licence(licence, step, terms)
    _, case, _ = recording.freeze(licence, step, terms, at=at)
    made = _proposal_row(
        step, terms, by=by, at=at, licence=licence, agency=licence.agency, policy=case.policy
    )
    once.keep({"proposal": made.pk})
    return _record(made, _agreement(made, given=()))


@transaction.atomic(durable=True)
def propose_for_agency(
    agency: str, action: Action, *, by: Actor, at: datetime, terms: StepTerms, idempotency_key: str
) -> ProposalRecord:
    """Begin a step that decides all licences of an agency at once.

    A bar, an order or a correction about a bar (``refers_to`` names it on any of the licences), or the end of a
    dissolved company.
    """
    step = _step(action)
    if not step.approvals:
        raise errors.StepNotAllowed("{action} needs no second officer: decide it", action=action.value)
    _beginning(step).say(by, at=at, no_conflict=terms.no_conflict)
    once = Once(
        by,
        idempotency_key,
        "propose_for_agency",
        terms_json.plain(terms) | {"agency": agency, "action": action.value},
        at,
    )
    if (done := once.outcome()) is not None:
        return proposal(done["proposal"])
    holder = _agency(agency, by=by)
    _of_all_licences(holder, step, terms)
    step = recording.on_every_licence(step, terms)
    recording.freeze_for_agency(holder, _all_locked(holder, step, at), step, terms, at=at)
    made = _proposal_row(step, terms, by=by, at=at, licence=None, agency=holder)
    once.keep({"proposal": made.pk})
    return _record(made, _agreement(made, given=()))


@transaction.atomic(durable=True)
def approve(
    proposal_id: int, *, by: Actor, at: datetime, idempotency_key: str, no_conflict: bool = False,
    expected_version: int | None = None,
) -> ProposalRecord:  # fmt: skip
    """Give one officer's yes; the last one needed takes the step, or makes the change of an agency's records.

    Refuses whoever the rule of four eyes refuses (``rules.four_eyes``), a step that the licence's state no longer
    allows, and a change of what has changed since.
    """
    once = Once(by, idempotency_key, "approve", {"proposal": proposal_id}, at)
    if (done := once.outcome()) is not None:
        return _with_decisions(proposal_id, done["made"])
    waiting = _open_proposal(proposal_id, by=by)
    agreed = _agreement(waiting).say(by, at=at, no_conflict=no_conflict)
    if change := agencies.change_of(waiting):
        return _carry_out(change, waiting, agreed, once, by=by, at=at)
    step, said = _step(Action(waiting.action)), terms_json.read(waiting.terms)
    if waiting.licence_id:
        waiting.licence = _locked_by_id(waiting.licence_id)
        waiting.agency, licences = waiting.licence.agency, [waiting.licence]
    else:
        step = recording.on_every_licence(step, said)
        waiting.agency = _agency(waiting.agency.number, by=by)
        licences = _all_locked(waiting.agency, step, at)
    if waiting.licence_id:
        _version(licences[0], expected_version)
    Approval.objects.create(proposal=waiting, by=by.number, at=at, second_factor_at=by.second_factor_at)
    if agreed.wanted:
        if waiting.licence_id:
            recording.freeze(licences[0], step, said, at=at)
        else:
            recording.freeze_for_agency(waiting.agency, licences, step, said, at=at)
        once.keep({"made": []})
        return _record(waiting, agreed)
    taken = recording.take(
        licences, step, said, officers=agreed.said, at=at, agency=waiting.agency,
        together=not waiting.licence_id,
    )  # fmt: skip
    _approved(waiting, taken, once, by=by, at=at)
    closed = _record(waiting, replace(agreed, state=waiting.state))
    return replace(closed, decisions=_told(taken.entries))


def _carry_out(
    change: Change, waiting_: Proposal, agreed: Agreement, once: Once, *, by: Actor, at: datetime
) -> ProposalRecord:
    """Make a change of an agency's records, which the proposal kept until this approval."""
    Approval.objects.create(proposal=waiting_, by=by.number, at=at, second_factor_at=by.second_factor_at)
    taken = agencies.carry_out(change, waiting_.agency.number, officers=agreed.said, by=by, at=at)
    _approved(waiting_, taken, once, by=by, at=at)
    return _with_decisions(waiting_.pk, _made(taken.entries))


def _approved(waiting_: Proposal, taken: recording.Taken, once: Once, *, by: Actor, at: datetime) -> None:
    """Close the proposal with the entry it led to, remember the answer and take the numbers, last of all."""
    waiting_.state, waiting_.closed_by, waiting_.closed_at, waiting_.entry = (
        "approved",
        by.number,
        at,
        taken.entries[0],
    )
    waiting_.save()
    once.keep({"made": _made(taken.entries)})
    taken.close(by=by.number, at=at)


@transaction.atomic(durable=True)
def decline(
    proposal_id: int, *, by: Actor, at: datetime, reason: str, idempotency_key: str
) -> ProposalRecord:
    """End a proposal without taking the step; the proposer may withdraw their own this way."""
    if not reason.strip():
        raise errors.StepIncomplete("say why", field="reason")
    if len(reason) > LONGEST or "\x00" in reason:
        raise errors.BadInput(f"a reason has at most {LONGEST} characters", field="reason")
    once = Once(by, idempotency_key, "decline", {"proposal": proposal_id, "reason": reason}, at)
    if once.outcome() is not None:
        return proposal(proposal_id)
    waiting = _open_proposal(proposal_id, by=by)
    _agreement(waiting).demand_end(by, at=at)
    waiting.state, waiting.closed_by, waiting.closed_at, waiting.closed_reason = (
        "declined",
        by.number,
        at,
        reason,
    )
    waiting.save()
    once.keep({})
    return proposal(proposal_id)


@transaction.atomic(durable=True)
def decide(
    number: str, action: Action, *, by: Actor, at: datetime, terms: StepTerms, expected_version: int | None = None,
    idempotency_key: str,
) -> Decision:  # fmt: skip
    """Take one step that one officer may take alone, or refuse with a ``RegistryError``.

    Emergencies, ratifications, filings and facts. A step of several officers is refused: propose it. A decision needs
    a second factor not older than five minutes; filings and facts do not.
    """
    step = _alone(action, terms, by=by, at=at)
    said = terms_json.plain(terms) | {"number": number, "action": action.value}
    once = Once(by, idempotency_key, "decide", said, at)
    if (done := once.outcome()) is not None:
        return _decisions(done["made"])[0]
    licence = _locked(number, by=by)
    _version(licence, expected_version)
    _of_one_licence(licence, step, terms)
    if action in lifecycle.NOT_BY_ITS_OFFICERS:
        _beginning(step, kept_out=_deciders_of(licence, terms)).demand(by, at=at)
    taken = recording.take([licence], step, terms, officers=(by.number,), at=at, agency=licence.agency)
    once.keep({"made": _made(taken.entries)})
    taken.close(by=by.number, at=at)
    return _told(taken.entries)[0]


@transaction.atomic(durable=True)
def decide_all(
    agency: str, action: Action, *, by: Actor, at: datetime, terms: StepTerms, idempotency_key: str
) -> tuple[Decision, ...]:
    """Take one such step on all licences of an agency at once: an appeal against a bar is filed.

    One decision a licence, in one transaction and in the order of their numbers. Refuses as ``decide`` does.
    """
    step = _alone(action, terms, by=by, at=at)
    said = terms_json.plain(terms) | {"agency": agency, "action": action.value}
    once = Once(by, idempotency_key, "decide_all", said, at)
    if (done := once.outcome()) is not None:
        return tuple(_decisions(done["made"]))
    holder = _agency(agency, by=by)
    _of_all_licences(holder, step, terms)
    licences = _all_locked(holder, step, at)
    taken = recording.take(licences, step, terms, officers=(by.number,), at=at, agency=holder, together=True)
    once.keep({"made": _made(taken.entries)})
    taken.close(by=by.number, at=at)
    return _told(taken.entries)


def open_actions(number: str, *, by: Actor, at: datetime) -> tuple[Step, ...]:
    """The steps that the table allows this officer to begin on this licence now, in the table's order."""
    licence = _readable(number, by=by)
    return lifecycle.open_steps(recording.state_of(licence, at=at), by.roles)


def proposal(proposal_id: int, *, by: Actor | None = None) -> ProposalRecord:
    """The proposal as it stands; refuses an unknown one, and one that ``by`` may not see.

    Without ``by`` the scope is the caller's to check.
    """
    row = Proposal.objects.select_related("licence", "agency", "authority").filter(pk=proposal_id).first()
    missing = errors.ProposalNotFound("no such proposal", proposal=proposal_id)
    if row is None:
        raise missing
    if by is not None:
        _in_scope(row.authority, by, missing)
    return _record(row, _agreement(row))


def waiting(*, by: Actor, at: datetime) -> list[ProposalRecord]:
    """The open proposals of the officer's authority, the one that runs out first at the top."""
    rows = Proposal.objects.filter(state="open", expires_at__gt=at, authority__code=by.authority)
    found = (
        rows.select_related("licence", "agency").prefetch_related("approvals").order_by("expires_at", "pk")
    )
    return [_record(row, _agreement(row)) for row in found]


def proposals_of_agency(number: str, *, by: Actor, at: datetime) -> list[ProposalRecord]:
    """The open proposals about an agency's records or all its licences, the one that runs out first at the top."""
    rows = Proposal.objects.filter(
        agency__number=number, licence__isnull=True, state="open", expires_at__gt=at
    )
    found = rows.filter(authority__code=by.authority).select_related("licence", "agency")
    found = found.prefetch_related("approvals").order_by("expires_at", "pk")
    return [_record(row, _agreement(row)) for row in found]


def proposals_of(number: str, *, by: Actor, at: datetime) -> list[ProposalRecord]:
    """The open proposals about a licence or about its whole agency, the one that runs out first at the top."""
    licence = _readable(number, by=by)
    about = Q(licence=licence) | Q(agency=licence.agency, licence__isnull=True)
    rows = Proposal.objects.filter(about, state="open", expires_at__gt=at)
    found = rows.select_related("licence", "agency").order_by("expires_at", "pk")
    return [_record(row, _agreement(row)) for row in found]


# --- what ends an application, within the transaction of ``registry.admission`` -----------------------------------


def grant(
    agency: Agency,
    licence_class: str,
    terms: StepTerms,
    *,
    officers: Sequence[str],
    commit: ledger.Commit,
    at: datetime,
) -> Licence:
    """Open a licence for the agency and grant it: two officers have decided the application that asked for it."""
    step = STEPS[Action.GRANT]
    four_eyes.demand_several(officers, needed=step.officers, action=step.action.value)
    licence = _open(agency, licence_class, by=officers[-1], at=at)
    recording.take([licence], step, terms, officers=officers, at=at, agency=agency, commit=commit)
    return licence


def settle(
    licence_id: int,
    action: Action,
    terms: StepTerms,
    *,
    officers: Sequence[str],
    commit: ledger.Commit,
    at: datetime,
) -> Entry:
    """File, renew or refuse to renew, as the application for a renewal was received and decided."""
    licence = _locked_by_id(licence_id)
    step = _step(action)
    four_eyes.demand_several(officers, needed=step.officers, action=action.value)
    if recording.state_of(licence, at=at) not in step.sources:
        raise errors.StepNotAllowed("the licence is in no state for this", action=action.value)
    taken = recording.take(
        [licence], step, terms, officers=officers, at=at, agency=licence.agency, commit=commit
    )
    return taken.entries[0]


def may_file(licence: Licence, *, at: datetime) -> bool:
    """Whether a renewal of the term that ends last can be filed at ``at``: it runs, and none was filed."""
    entries = records.fold_entries(licence.pk)
    runs = state(licence, at=at) in STEPS[Action.FILE_RENEWAL].sources
    return runs and not standing.renewal_asked(entries, at=at)


def filing(licence: Licence) -> int | None:
    """The number of the newest renewal that was filed."""
    rows = Entry.objects.filter(licence=licence, action=Action.FILE_RENEWAL.value).select_related("commit")
    newest = rows.order_by("-pk").first()
    return newest.sequence if newest else None


def state(licence: Licence, *, at: datetime) -> State:
    """The canonical state of a licence that the caller holds."""
    return recording.state_of(licence, at=at)


def _open(agency: Agency, licence_class: str, *, by: str, at: datetime, legacy_number: str = "") -> Licence:
    recording.not_barred(agency, at)
    given = recording.next_licence(agency.authority, numbering.class_letter(licence_class))
    licence = Licence(
        number=str(given),
        authority=agency.authority,
        agency=agency,
        licence_class=licence_class,
        origin="decided",
        legacy_number=legacy_number,
        legacy_folded=numbering.folded(legacy_number) if legacy_number else "",
    )
    return history.save(licence, by=by, at=at, reason="opened")


# --- refusals ----------------------------------------------------------------------------------------------------


def _step(action: Action) -> Step:
    if action not in STEPS:
        raise errors.StepNotAllowed("{action} is not a step", action=str(action))
    return STEPS[action]


def _role(by: Actor, allowed: frozenset[Role]) -> None:
    if not by.roles & allowed:
        raise errors.RoleNotAllowed("this role may not", roles=sorted(allowed))


def _alone(action: Action, terms: StepTerms, *, by: Actor, at: datetime) -> Step:
    """The step, if this officer may take it alone."""
    step = _step(action)
    if step.approvals:
        raise errors.StepNotAllowed(
            "{action} needs {officers} officers: propose it",
            action=action.value,
            officers=step.officers,
        )
    _beginning(step).say(by, at=at, no_conflict=terms.no_conflict)
    return step


def _beginning(step: Step, *, kept_out: Mapping[str, errors.RegistryError] | None = None) -> Agreement:
    """The step before anybody has said anything; a decision by one officer alone takes a fresh second factor."""
    alone = not step.approvals and step.kind is Kind.DECISION
    return Agreement(
        places=(step.proposes, *step.approvals),
        kept_out=kept_out or {},
        declares=step.kind in {Kind.DECISION, Kind.ORDER, Kind.CORRECTION},
        fresh_from=0 if alone else 1,
    )


def _agreement(waiting_: Proposal, *, given: Sequence[Approval] | None = None) -> Agreement:
    """How far a proposal has come. Whoever approves one declares in every case to be impartial.

    ``given``: the approvals, where the caller knows them.
    """
    if given is None:
        given = sorted(waiting_.approvals.all(), key=lambda one: one.pk)
    step = STEPS.get(Action(waiting_.action))
    return Agreement(
        places=(step.proposes if step else agencies.WRITERS, *_approvals(waiting_)),
        said=(waiting_.proposed_by, *(one.by for one in given)),
        state=waiting_.state,
        expires_at=waiting_.expires_at,
        facts={"proposal": waiting_.pk},
    )


def _approvals(waiting_: Proposal) -> tuple[frozenset[Role], ...]:
    """Who must say yes, in order: as the table says, and to a correction also whoever had to the corrected step.

    A grant to an agency of which screening found much, not cleared, is the registrar's (domain model 3.5). A change of
    an agency's records is checked like most steps are: by a supervisor or registrar.
    """
    if agencies.change_of(waiting_):
        return (lifecycle.C,)
    step = _step(Action(waiting_.action))
    if step.action is Action.GRANT and screening.asks_registrar(waiting_.agency_id):
        return tuple(approvers & lifecycle.RG for approvers in step.approvals)
    if step.action is not Action.CORRECT:
        return step.approvals
    corrected = recording.action_behind(waiting_.agency, waiting_.terms["refers_to"])
    return max(step.approvals, STEPS[corrected].approvals if corrected else (), key=len)


def _of_one_licence(licence: Licence, step: Step, terms: StepTerms) -> None:
    """A bar or the end of a company, and what is said of either, is never of one licence alone (rulings 9)."""
    if recording.of_agency(licence.agency, terms.refers_to) or step.action is Action.DEBAR:
        raise errors.StepNotAllowed("a bar is of the agency: take it there", action=step.action.value)
    if records.is_of_agency(step.action, terms.grounds):
        raise errors.StepNotAllowed(
            "the end of a company is of the agency: take it there", action=step.action.value
        )


def _of_all_licences(agency: Agency, step: Step, terms: StepTerms) -> None:
    if step.action in {Action.DEBAR, Action.CANCEL} or recording.of_agency(agency, terms.refers_to):
        return
    raise errors.StepNotAllowed("{action} is a step of one licence", action=step.action.value)


def _in_scope(authority: Authority, by: Actor, unseen: errors.NotFound) -> None:
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority.code:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority.code, unseen=unseen
        )


def _version(licence: Licence, expected: int | None) -> None:
    if expected is not None and licence.version != expected:
        raise errors.VersionConflict("the licence has changed", expected=expected, actual=licence.version)


def _deciders_of(licence: Licence, terms: StepTerms) -> Mapping[str, errors.RegistryError]:
    """The officers of the emergency that is to be ratified: somebody else does."""
    target = Entry.objects.filter(pk=recording.row_behind(licence, terms.refers_to) or 0).first()
    refusal = errors.OwnProposal("somebody else ratifies an emergency", sequence=terms.refers_to)
    return dict.fromkeys(target.officers if target else (), refusal)


# --- finding and locking -----------------------------------------------------------------------------------------


def _readable(number: str, *, by: Actor) -> Licence:
    licence = Licence.objects.select_related("agency", "authority").filter(number=number).first()
    missing = errors.LicenceNotFound("no licence has this number", number=number)
    if licence is None:
        raise missing
    _in_scope(licence.authority, by, missing)
    return licence


def _locked(number: str, *, by: Actor) -> Licence:
    # Found and locked at once among the authority's own; nobody waits for another's, which is refused unlocked.
    own = Licence.objects.filter(number=number, authority__in=Authority.objects.filter(code=by.authority))
    for (licence_id,) in own.select_for_update(of=("self",)).values_list("pk"):
        return _read_locked(licence_id)
    return _locked_by_id(_readable(number, by=by).pk)


def _locked_by_id(licence_id: int) -> Licence:
    Licence.objects.select_for_update().filter(pk=licence_id).values_list("pk").get()
    return _read_locked(licence_id)


def _read_locked(licence_id: int) -> Licence:
    # Locked before it is read with its holder, who may become another while it is waited for (a merger).
    return Licence.objects.select_related("agency__authority", "authority").get(pk=licence_id)


def _all_locked(agency: Agency, step: Step, at: datetime) -> list[Licence]:
    """The agency's licences that the step can be taken on, locked in number order (no two transactions dead-lock)."""
    rows = Licence.objects.select_for_update(of=("self",)).select_related("agency__authority", "authority")
    held = rows.filter(agency=agency, renumbered_to__isnull=True).order_by("number")
    return [licence for licence in held if recording.state_of(licence, at=at) in step.sources]


def _agency(number: str, *, by: Actor) -> Agency:
    agency = (
        Agency.objects.select_for_update(of=("self",), no_key=True)
        .select_related("authority")
        .filter(number=number)
        .first()
    )
    missing = errors.AgencyNotFound("no agency has this number", number=number)
    if agency is None:
        raise missing
    _in_scope(agency.authority, by, missing)
    if (stays := records.led_on(number)) is not None:
        raise errors.AgencyClosed("the record was merged into another", number=stays)
    return agency


def _open_proposal(proposal_id: int, *, by: Actor) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("agency__authority", "authority")
    row = rows.filter(pk=proposal_id).first()
    missing = errors.ProposalNotFound("no such proposal", proposal=proposal_id)
    if row is None:
        raise missing
    _in_scope(row.authority, by, missing)
    return row


# --- proposals and idempotency -----------------------------------------------------------------------------------


def _proposal_row(
    step: Step, terms: StepTerms, *, by: Actor, at: datetime, licence: Licence | None, agency: Agency,
    policy: Policy | None = None,
) -> Proposal:  # fmt: skip
    """The proposal of a step; its subject is the entry it speaks of, if any."""
    subject = str(terms.refers_to or "")
    return proposals.write(
        step.action,
        subject,
        terms_json.plain(terms),
        by=by,
        at=at,
        licence=licence,
        agency=agency,
        policy=policy,
    )


def _record(row: Proposal, agreement: Agreement) -> ProposalRecord:
    step, change = STEPS.get(Action(row.action)), agencies.change_of(row)
    return ProposalRecord(
        id=row.pk,
        licence=row.licence.number if row.licence else None,
        agency=row.agency.number,
        agency_name=row.agency.legal_name,
        action=row.action,
        step=step.code if step else "",
        state=row.state,
        terms={} if change else row.terms,
        subject=row.subject,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        approved_by=agreement.said[1:],
        approvals_needed=agreement.wanted,
        next_roles=agreement.next_roles,
        agreement=agreement,
        licence_version=row.licence_version,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        change=change,
    )


def _made(entries: Sequence[Entry]) -> list[tuple[int, str, int]]:
    """The row of each entry with the state and version in which it left its licence, for a repeated call too."""
    return [
        (e.pk, e.licence.state if e.licence else "", e.licence.version if e.licence else 0) for e in entries
    ]


def _with_decisions(proposal_id: int, made: Sequence[Sequence[Any]]) -> ProposalRecord:
    return replace(proposal(proposal_id), decisions=tuple(_decisions(made)))


def _decisions(made: Sequence[Sequence[Any]]) -> list[Decision]:
    """What each entry decided, in the order in which they were made."""
    left = {pk: (state, version) for pk, state, version in made}
    rows = Entry.objects.filter(pk__in=left).select_related("commit", "licence").order_by("pk")
    return [_decision(row, *left[row.pk]) for row in rows]


def _told(entries: Sequence[Entry]) -> tuple[Decision, ...]:
    """The same of entries that have their numbers, without reading them again."""
    return tuple(
        _decision(entry, state, version)
        for entry, (_, state, version) in zip(entries, _made(entries), strict=True)
    )


def _decision(entry: Entry, state: str, version: int) -> Decision:
    return Decision(
        number=entry.licence.number if entry.licence else "",
        sequence=entry.sequence,
        action=entry.action,
        step=entry.step,
        recorded_at=entry.commit.recorded_at,
        effective_from=entry.effective_from,
        deadlines=entry.deadlines,
        state=state,
        version=version,
        officers=tuple(entry.officers),
    )


def _opened(licence: Licence) -> LicenceRecord:
    return LicenceRecord(
        licence.number, licence.agency.number, licence.licence_class, licence.state, licence.version
    )


def expire_proposals(*, at: datetime) -> int:
    """Close the proposals that have run out; how many. Timed work: a late run changes nothing but the label."""
    late = Proposal.objects.filter(state="open", expires_at__lte=at)
    return int(late.update(state="expired", closed_at=at, closed_by="SYSTEM"))
