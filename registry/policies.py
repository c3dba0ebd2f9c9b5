"""The only writer of policy sets: an authority's law in numbers, put in force by two administrators.

One proposes the next version whole, another puts it in force, each with a fresh second factor. The operator's commands
on the server put one in force alone (``agencies.set_policy``). Entries keep what was frozen into them: a changed policy
rewrites no past (rulings 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from registry import publishing, records
from registry.idempotency import Once
from registry.models import Authority, PolicyProposal, PolicySet
from registry.rules import errors, four_eyes, freezing, policy
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import Actor, Role

RUNS: Final = four_eyes.RUNS
"""How long a proposed version waits for its second administrator (domain model 3.6)."""


@dataclass(frozen=True, slots=True)
class PolicyProposalRecord:
    """A version of a policy set that waits, or what became of it.

    ``in_force_from``: ``None`` = from its approval on. ``after_version``: the one that it follows. ``changed``: each
    field that is other than there, with its value there and here. ``version``: the one it became. ``agreement``: who
    may say yes, or end it.
    """

    id: int
    authority: str
    rules: Mapping[str, Any]
    after_version: int
    changed: Mapping[str, tuple[Any, Any]]
    in_force_from: datetime | None
    state: str
    agreement: Agreement
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    closed_by: str
    closed_at: datetime | None
    closed_reason: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a policy set. ``current``: it is the one in force. ``before``: what it followed, if anything."""

    authority: str
    version: int
    rules: policy.Policy
    before: policy.Policy | None
    in_force_from: datetime
    recorded_at: datetime
    by: str
    current: bool


@transaction.atomic(durable=True)
def propose(
    code: str, rules: Mapping[str, Any], *, in_force_from: date | datetime | None, by: Actor, at: datetime,
    idempotency_key: str,
) -> PolicyProposalRecord:  # fmt: skip
    """Propose the next version of an authority's policy set: from a day or instant not past, or from its approval on.

    Refuses what could not be put in force now, and where a version waits already.
    """
    row = _administered(code, by)
    _agreement().say(by, at=at, no_conflict=False)
    body = {"code": code, "rules": rules, "from": in_force_from}
    once = Once(by, idempotency_key, "propose_policy", body, at)
    if (done := once.outcome()) is not None:
        return _record(PolicyProposal.objects.get(pk=done["proposal"]))
    start = freezing.instant(in_force_from, row.zone) if in_force_from else None
    not_past(start, at)
    read = policy.parse(rules)
    open_ = PolicyProposal.objects.filter(authority=row, state="open")
    open_.filter(expires_at__lte=at).update(state="expired", closed_at=at)
    try:
        with transaction.atomic():
            made = PolicyProposal.objects.create(
                authority=row, rules=read.as_json(), after_version=_versions(row), in_force_from=start,
                proposed_by=by.number, proposed_at=at, expires_at=at + RUNS,
            )  # fmt: skip
    except IntegrityError as clash:
        raise errors.ProposalOpen("a version of this policy set waits already", authority=code) from clash
    once.keep({"proposal": made.pk})
    return _record(made)


@transaction.atomic(durable=True)
def approve(number: int, *, by: Actor, at: datetime, idempotency_key: str) -> PolicyProposalRecord:
    """Put a proposed version in force as another administrator.

    Refuses the proposer, a version whose day has passed while it waited, and one that another version has overtaken.
    """
    waiting = _scoped(number, by)
    once = Once(by, idempotency_key, "approve_policy", {"proposal": number}, at)
    if once.outcome() is not None:
        return _record(waiting)
    row = Authority.objects.select_for_update().get(pk=waiting.authority_id)
    waiting = _locked(number)
    _agreement(waiting).say(by, at=at, no_conflict=False)
    if _versions(row) != waiting.after_version:
        raise errors.ProposalOvertaken("another version was put in force since it was proposed")
    not_past(waiting.in_force_from, at)
    put_in_force(row, policy.parse(waiting.rules), since=waiting.in_force_from or at, by=by, at=at)
    waiting.state, waiting.closed_by, waiting.closed_at = "approved", by.number, at
    waiting.save()
    once.keep({})
    return _record(waiting)


@transaction.atomic(durable=True)
def decline(
    number: int, *, reason: str, by: Actor, at: datetime, idempotency_key: str
) -> PolicyProposalRecord:
    """End a proposed version without putting it in force; its proposer may withdraw it this way."""
    waiting = _scoped(number, by)
    if not reason.strip():
        raise errors.StepIncomplete("say why", field="reason")
    once = Once(by, idempotency_key, "decline_policy", {"proposal": number, "reason": reason}, at)
    if once.outcome() is not None:
        return _record(waiting)
    waiting = _locked(number)
    _agreement(waiting).demand_end(by, at=at)
    waiting.state, waiting.closed_by, waiting.closed_at, waiting.closed_reason = (
        "declined",
        by.number,
        at,
        reason,
    )
    waiting.save()
    once.keep({})
    return _record(waiting)


def waiting(*, by: Actor, at: datetime) -> list[PolicyProposalRecord]:
    """The versions that wait in what this administrator administers, the one that runs out first at the top."""
    _role(by)
    rows = PolicyProposal.objects.filter(state="open", expires_at__gt=at).select_related("authority")
    if by.authority:
        rows = rows.filter(authority__code=by.authority)
    return [_record(row) for row in rows.order_by("expires_at", "pk")]


def proposal(number: int, *, by: Actor) -> PolicyProposalRecord:
    """One proposed version, whatever has become of it."""
    return _record(_scoped(number, by))


def authorities(*, by: Actor) -> list[tuple[str, dict[str, str]]]:
    """The authorities whose policy this administrator may see to: code, and name by language."""
    _role(by)
    rows = Authority.objects.order_by("code")
    if by.authority:
        rows = rows.filter(code=by.authority)
    return list(rows.values_list("code", "name"))


def versions(code: str, *, by: Actor, at: datetime) -> tuple[str, list[Version]]:
    """The authority's time zone, and every version of its policy set, the newest first."""
    _role(by)
    row = Authority.objects.filter(code=code).first() if by.authority in {None, code} else None
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=code)
    held = list(PolicySet.objects.filter(authority=row).order_by("version"))
    begun = [one for one in held if one.in_force_from <= at]
    current = max(begun, key=lambda one: (one.in_force_from, one.version), default=None)
    read = [policy.parse(one.rules) for one in held]
    found = [
        Version(
            authority=code, version=one.version, rules=read[place], before=read[place - 1] if place else None,
            in_force_from=one.in_force_from, recorded_at=one.recorded_at, by=one.by, current=one is current,
        )
        for place, one in enumerate(held)
    ]  # fmt: skip
    return row.zone, found[::-1]


# --- for whoever creates an authority or speaks for the operator --------------------------------------------------


def put_in_force(row: Authority, read: policy.Policy, *, since: datetime, by: Actor, at: datetime) -> int:
    """Write the next version of a locked authority's policy set and bring what is published up to it; its number."""
    words = records.stated(row.pk)
    version = _versions(row) + 1
    PolicySet.objects.create(
        authority=row, version=version, in_force_from=since, recorded_at=at, by=by.number,
        rules=read.as_json() | {"version": version},
    )  # fmt: skip
    if version > 1 and records.stated(row.pk) != words:
        publishing.reword(row, words, at=at)
    return version


def not_past(start: datetime | None, at: datetime) -> None:
    """Refuse a policy that would have force before it is set."""
    if start is not None and start < at:
        raise errors.BackdatingRefused("a policy cannot have force before it is set", field="in_force_from")


def _versions(row: Authority) -> int:
    return PolicySet.objects.filter(authority=row).count()


def _role(by: Actor) -> None:
    if Role.ADMINISTRATOR not in by.roles:
        raise errors.RoleNotAllowed("an administrator sets policy", roles=[Role.ADMINISTRATOR])


def _administered(code: str, by: Actor) -> Authority:
    _role(by)
    row = Authority.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=code)
    if by.authority not in {None, code}:
        raise errors.OutsideAuthority("another authority's policy", authority=code)
    return row


def _scoped(number: int, by: Actor) -> PolicyProposal:
    _role(by)
    missing = errors.ProposalNotFound("no such proposal", proposal=number)
    row = PolicyProposal.objects.select_related("authority").filter(pk=number).first()
    if row is None:
        raise missing
    if by.authority not in {None, row.authority.code}:
        raise errors.OutsideAuthority(
            "another authority's policy", authority=row.authority.code, unseen=missing
        )
    return row


def _locked(number: int) -> PolicyProposal:
    rows = PolicyProposal.objects.select_for_update(of=("self",)).select_related("authority")
    return rows.get(pk=number)


def _agreement(row: PolicyProposal | None = None) -> Agreement:
    """How far a proposed version has come, or one that nobody has proposed yet.

    Both administrators give the second factor anew. A policy set is no case: nobody declares to be impartial in it.
    """
    both = frozenset({Role.ADMINISTRATOR})
    begun = Agreement((both, both), declares=False, fresh_from=0)
    if row is None:
        return begun
    said = (row.proposed_by, row.closed_by) if row.state == "approved" else (row.proposed_by,)
    return replace(begun, said=said, state=row.state, expires_at=row.expires_at, facts={"proposal": row.pk})


def _record(row: PolicyProposal) -> PolicyProposalRecord:
    versions = PolicySet.objects.filter(authority=row.authority_id)
    before = versions.filter(version=row.after_version).values_list("rules", flat=True).first() or {}
    changed = {
        name: (before.get(name), value)
        for name, value in row.rules.items()
        if name != "version" and before.get(name) != value
    }
    return PolicyProposalRecord(
        id=row.pk, authority=row.authority.code, rules=row.rules, after_version=row.after_version,
        changed=changed, in_force_from=row.in_force_from, state=row.state, agreement=_agreement(row),
        proposed_by=row.proposed_by, proposed_at=row.proposed_at, expires_at=row.expires_at,
        closed_by=row.closed_by, closed_at=row.closed_at, closed_reason=row.closed_reason,
        version=row.after_version + 1 if row.state == "approved" else None,
    )  # fmt: skip
