"""Motions: what several officers decide beside the steps of licences, from the first word to the last yes.

``propose`` begins one, ``approve`` gives one yes and takes it with the last, ``decline`` ends it. A motion is checked
when it is proposed and again at each yes, against what the register holds at that moment; what is taken is one durable
transaction with all that follows from it. Who may is the table in ``registry.rules.motions``; what a motion needs and
does is its own module's: two functions each, ``clean`` and ``take``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from registry import agencies, alerting, barring, ledger, merging, news, records, subjects
from registry.idempotency import Once
from registry.models import Authority, Entry, MotionApproval
from registry.models import Motion as Row
from registry.rules import errors
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import Actor, Role
from registry.rules.motions import RULES, Motion

READERS: Final = frozenset[Role]().union(*(rule.reads for rule in RULES.values()))
"""Who reads motions of some kind; of which, the table says."""

Clean = Callable[..., Mapping[str, Any]]
Take = Callable[..., Entry | None]
#: What checks and tidies the terms of a motion, locking what it is about; and what takes it.
_TAKEN_BY: Final[Mapping[Motion, tuple[Clean, Take]]] = {
    Motion.MERGE: (merging.clean, merging.take),
    Motion.BAR: (barring.clean, barring.take),
    Motion.END_BAR: (barring.clean_end, barring.take_end),
    Motion.DISMISS_APPEAL: (barring.clean_dismissal, barring.take_dismissal),
    Motion.ANSWER: (subjects.clean, subjects.take),
    Motion.PUBLISH_ALERT: (alerting.clean, alerting.take),
    Motion.CORRECT_ALERT: (alerting.clean_correction, alerting.take_correction),
    Motion.END_ALERT: (alerting.clean_end, alerting.take_end),
}
#: Who neither proposes nor approves a motion of that kind, whatever their role.
_KEPT_OUT: Final[Mapping[Motion, Callable[[str, Mapping[str, Any]], frozenset[str]]]] = {
    Motion.DISMISS_APPEAL: barring.made_by,
}


@dataclass(frozen=True, slots=True)
class MotionRecord:
    """A motion as officers see it; ``agreement`` says who may say the next yes, or end it."""

    id: int
    kind: Motion
    about: str
    terms: Mapping[str, Any]
    state: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    approved_by: tuple[str, ...]
    approvals_needed: int
    next_roles: tuple[str, ...]
    agreement: Agreement
    closed_by: str
    closed_at: datetime | None
    closed_reason: str


def may_propose(kind: Motion, *, by: Actor) -> bool:
    """Whether this officer's role may begin a motion of that kind."""
    return bool(by.roles & RULES[kind].proposes)


@transaction.atomic(durable=True)
def propose(
    kind: Motion, about: str, terms: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str,
    no_conflict: bool = False,
) -> MotionRecord:  # fmt: skip
    """Begin a motion; it is checked as if it were taken now. One of a kind about one thing may be open."""
    begun = Agreement((RULES[kind].proposes, *RULES[kind].approvals))
    begun.say(by, at=at, no_conflict=no_conflict)
    terms = _keyed(terms)
    once = Once(by, idempotency_key, f"propose {kind}", {"about": about, **terms}, at)
    if (done := once.outcome()) is not None:
        return _record(Row.objects.get(pk=done["motion"]))
    authority = Authority.objects.filter(code=by.authority or "").first()
    if authority is None:
        raise errors.OutsideAuthority("a motion is of one authority")
    said = _TAKEN_BY[kind][0](authority, about, terms, at=at)
    replace(begun, kept_out=_kept_out(kind, about, said)).demand(by, at=at)
    same = Row.objects.filter(kind=kind.value, about=about, state="open")
    same.filter(expires_at__lte=at).update(state="expired", closed_at=at, closed_by="SYSTEM")
    policy = records.current_policy(authority.pk, at=at)
    try:
        with transaction.atomic():
            row = Row.objects.create(
                authority=authority,
                kind=kind.value,
                about=about,
                terms=dict(said),
                proposed_by=by.number,
                proposed_at=at,
                expires_at=at + timedelta(days=policy.proposal_days),
            )
    except IntegrityError as clash:
        raise errors.ProposalOpen(
            "such a motion is open already", action=kind.value, subject=about
        ) from clash
    once.keep({"motion": row.pk})
    return _record(row)


@transaction.atomic(durable=True)
def approve(
    number: int, *, by: Actor, at: datetime, idempotency_key: str, no_conflict: bool = False
) -> MotionRecord:
    """Give one officer's yes; the last one needed takes the motion.

    Refuses whoever the rule of four eyes refuses (``rules.four_eyes``), and what the register no longer allows.
    """
    once = Once(by, idempotency_key, "approve motion", {"motion": number}, at)
    if once.outcome() is not None:
        return _record(Row.objects.get(pk=number))
    row = _locked(number, by=by)
    clean, take = _TAKEN_BY[Motion(row.kind)]
    agreed = _agreement(row).say(by, at=at, no_conflict=no_conflict)
    clean(row.authority, row.about, row.terms, at=at)
    MotionApproval.objects.create(motion=row, by=by.number, at=at, second_factor_at=by.second_factor_at)
    once.keep({})
    if agreed.wanted:
        return _record(row)
    commit = ledger.Commit()
    entry = take(row.authority, row.about, row.terms, officers=agreed.said, commit=commit, at=at)
    row.state, row.closed_by, row.closed_at, row.entry = "approved", by.number, at, entry
    row.save()
    news.put()
    commit.close(by=by.number, at=at)
    return _record(row)


@transaction.atomic(durable=True)
def decline(number: int, *, by: Actor, at: datetime, reason: str, idempotency_key: str) -> MotionRecord:
    """End a motion without taking it; the proposer may withdraw their own this way."""
    if not reason.strip() or len(reason) > LONGEST or "\x00" in reason:
        raise errors.StepIncomplete("say why, in at most 4000 characters", field="reason")
    once = Once(by, idempotency_key, "decline motion", {"motion": number, "reason": reason}, at)
    if once.outcome() is not None:
        return _record(Row.objects.get(pk=number))
    row = _locked(number, by=by)
    _agreement(row).demand_end(by, at=at)
    row.state, row.closed_by, row.closed_at, row.closed_reason = "declined", by.number, at, reason.strip()
    row.save()
    once.keep({})
    return _record(row)


LONGEST: Final = 4000
"""Characters of a reason."""


def one(number: int, *, by: Actor) -> MotionRecord:
    """A motion of the officer's authority, whatever became of it."""
    _role(by, READERS)
    row = Row.objects.filter(pk=number, authority__code=by.authority).first()
    if row is None:
        raise errors.MotionNotFound("there is no such motion", motion=number)
    _role(by, RULES[Motion(row.kind)].reads)
    return _record(row)


def waiting(*, by: Actor, at: datetime, about: str = "") -> list[MotionRecord]:
    """The open motions that the officer may read, the one that runs out first at the top; ``about``: of one thing."""
    _role(by, READERS)
    readable = [kind.value for kind, rule in RULES.items() if by.roles & rule.reads]
    rows = Row.objects.filter(
        authority__code=by.authority, state="open", expires_at__gt=at, kind__in=readable
    )
    if about:
        rows = rows.filter(about=about)
    return [_record(row) for row in rows.prefetch_related("approvals").order_by("expires_at", "pk")]


def expire(*, at: datetime) -> int:
    """Close the motions that have run out; how many. Timed work: a late run changes nothing but the label."""
    late = Row.objects.filter(state="open", expires_at__lte=at)
    return int(late.update(state="expired", closed_at=at, closed_by="SYSTEM"))


def _keyed(terms: Mapping[str, Any]) -> Mapping[str, Any]:
    """The terms without the number of an identity paper: nobody keeps it, not even in a digest (rulings 13)."""
    changes = terms.get("changes")
    if not isinstance(changes, Mapping) or "document" not in changes:
        return terms
    kept = {name: value for name, value in changes.items() if name != "document"}
    paper = str(changes["document"] or "")
    return {**terms, "changes": {**kept, "document_hmac": agencies.keyed(paper) if paper else ""}}


def _kept_out(kind: Motion, about: str, terms: Mapping[str, Any]) -> Mapping[str, errors.RegistryError]:
    """Whoever decided what the motion is about to judge."""
    if kind not in _KEPT_OUT:
        return {}
    refusal = errors.OwnProposal("nobody decides on an appeal against what they decided", about=about)
    return dict.fromkeys(_KEPT_OUT[kind](about, terms), refusal)


def _role(by: Actor, allowed: frozenset[Role]) -> None:
    if not by.roles & allowed:
        raise errors.RoleNotAllowed("this role may not", roles=sorted(allowed))


def _locked(number: int, *, by: Actor) -> Row:
    rows = Row.objects.select_for_update(of=("self",)).select_related("authority")
    row = rows.filter(pk=number, authority__code=by.authority).first()
    if row is None:
        raise errors.MotionNotFound("there is no such motion", motion=number)
    return row


def _agreement(row: Row) -> Agreement:
    """How far a motion has come."""
    rule = RULES[Motion(row.kind)]
    given = sorted(row.approvals.all(), key=lambda one: one.pk)
    return Agreement(
        places=(rule.proposes, *rule.approvals),
        said=(row.proposed_by, *(one.by for one in given)),
        kept_out=_kept_out(Motion(row.kind), row.about, row.terms) if row.state == "open" else {},
        state=row.state,
        expires_at=row.expires_at,
        facts={"proposal": row.pk},
    )


def _record(row: Row) -> MotionRecord:
    agreement = _agreement(row)
    return MotionRecord(
        id=row.pk,
        kind=Motion(row.kind),
        about=row.about,
        terms=row.terms,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        approved_by=agreement.said[1:],
        approvals_needed=agreement.wanted,
        next_roles=agreement.next_roles,
        agreement=agreement,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
    )
