"""Reach any state by lawful steps alone, through the register's own doors.

Every function takes ``at`` (an aware instant) and gives what the door gives. Officers are four: who proposes, who
checks, the registrar and the duty officer, each with a fresh second factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from registry import agencies, alerts, bars, dossier, licensing, motions
from registry.models import Appointment
from registry.rules import days
from registry.rules.lifecycle import STEPS, Action, Actor, Role, Scope, StepTerms
from registry.rules.motions import Motion

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
POLICY: Mapping[str, Any] = {
    "law": "Demo Recruitment Act",
    "securities": {"B": {"amount": "100000", "currency": "XTS"}},
    "legal_terms": {"active": "In Force", "suspended": "Suspended"},
}
_keys = count(1)
SYSTEM = Actor("SYSTEM", None, frozenset({Role.SYSTEM}))


def key() -> str:
    """A fresh idempotency key."""
    return f"key-{next(_keys)}"


def officer(role: Role, *, at: datetime, authority: str = "XA-DLA", number: str | None = None) -> Actor:
    """An officer of one role with a second factor given now."""
    return Actor(number or f"OFFICER-{role.upper()}", authority, frozenset({role}), second_factor_at=at)


def maker(at: datetime, authority: str = "XA-DLA") -> Actor:
    """The licensing officer who proposes."""
    return officer(Role.OFFICER, at=at, authority=authority)


def checker(at: datetime, authority: str = "XA-DLA") -> Actor:
    """The supervisor who checks."""
    return officer(Role.SUPERVISOR, at=at, authority=authority)


def registrar(at: datetime, authority: str = "XA-DLA") -> Actor:
    """The registrar."""
    return officer(Role.REGISTRAR, at=at, authority=authority)


def duty_officer(at: datetime, authority: str = "XA-DLA") -> Actor:
    """The duty officer who may stop imminent harm alone."""
    return officer(Role.DUTY_OFFICER, at=at, authority=authority)


def authority(
    code: str = "XA-DLA", *, zone: str = "Asia/Kathmandu", at: datetime = START, **rules: Any
) -> str:
    """An authority with its policy."""
    return agencies.create_authority(
        code,
        name={"en": f"DEMO Authority {code}"},
        zone=zone,
        rules={**POLICY, **rules},
        by=SYSTEM,
        at=at,
        contact={"phone": "+99955501000"},
    )


def agency(
    name: str = "Bluefinch Manpower (DEMO)", *, at: datetime = START, authority: str = "XA-DLA", **fields: Any
) -> str:
    """A registered agency; its number."""
    given = {"legal_name": name, "country": authority[:2], **fields}
    return agencies.register(authority, given, by=maker(at, authority), at=at, idempotency_key=key()).number


def approved(made: agencies.Written | agencies.Waiting, *, at: datetime, authority: str = "XA-DLA") -> str:
    """A change of an agency's records, with the supervisor's yes where it waits for one; the record's number."""
    if isinstance(made, agencies.Waiting):
        by = checker(at, authority)
        licensing.approve(made.proposal, by=by, at=at, no_conflict=True, idempotency_key=key())
    return made.number


def head_office(agency_number: str, *, at: datetime = START, authority: str = "XA-DLA", **fields: Any) -> str:
    """A head office; its number."""
    given = {
        "kind": "head",
        "address": "Level 2, 14 Harbour Road",
        "locality": "Port Demo",
        "country": authority[:2],
    }
    by = maker(at, authority)
    made = agencies.add_office(agency_number, {**given, **fields}, by=by, at=at, idempotency_key=key())
    return approved(made, at=at, authority=authority)


def take(
    number: str, action: Action, terms: StepTerms | None = None, *, at: datetime, authority: str = "XA-DLA"
) -> licensing.Decision:
    """Take a step with all the officers that the table asks for; the decision."""
    step = STEPS[action]
    said = replace(terms or StepTerms(), no_conflict=True)
    proposer = maker(at, authority)
    if not step.proposes & {Role.OFFICER}:
        proposer = officer(min(step.proposes - {Role.SYSTEM}), at=at, authority=authority)
    if not step.approvals:
        return licensing.decide(number, action, by=proposer, at=at, terms=said, idempotency_key=key())
    waiting = licensing.propose(number, action, by=proposer, at=at, terms=said, idempotency_key=key())
    for place, roles in enumerate(step.approvals):
        role = Role.SUPERVISOR if Role.SUPERVISOR in roles else Role.REGISTRAR
        by = officer(role, at=at, authority=authority, number=f"OFFICER-{role.upper()}-{place}")
        waiting = licensing.approve(waiting.id, by=by, at=at, no_conflict=True, idempotency_key=key())
    return waiting.decisions[0]


def opened(
    agency_number: str,
    licence_class: str = "A",
    *,
    at: datetime = START,
    authority: str = "XA-DLA",
    **more: Any,
) -> str:
    """An opened licence, not granted; its number."""
    by = maker(at, authority)
    return licensing.open_licence(
        agency_number, licence_class, by=by, at=at, idempotency_key=key(), **more
    ).number


def granted(
    agency_number: str, licence_class: str = "A", *, at: datetime = START, authority: str = "XA-DLA",
    first_day: date | None = None, last_day: date | None = None, scope: Scope | None = None, **more: Any,
) -> str:  # fmt: skip
    """A granted licence that waits for activation; by default from today for two years."""
    number = opened(agency_number, licence_class, at=at, authority=authority, **more)
    zone = str(dossier.authority(authority, at=at)["zone"])
    first = first_day or days.local_day(at, zone)
    last = last_day or days.add_months(first, 24) - timedelta(days=1)
    take(
        number,
        Action.GRANT,
        StepTerms(first_day=first, last_day=last, scope=scope),
        at=at,
        authority=authority,
    )
    return number


def active(
    agency_number: str | None = None, licence_class: str = "A", *, at: datetime = START, authority: str = "XA-DLA",
    **more: Any,
) -> str:  # fmt: skip
    """A licence in force; by default of a new agency. Class B gets its security first."""
    holder = agency_number or agency(at=at, authority=authority, company_number=f"C{next(_keys)}")
    number = granted(holder, licence_class, at=at, authority=authority, **more)
    if licence_class == "B":
        secured(number, at=at, authority=authority)
    take(number, Action.ACTIVATE, at=at, authority=authority)
    return number


def secured(number: str, *, at: datetime, authority: str = "XA-DLA", until: date | None = None) -> None:
    """Confirm the security that class B needs."""
    last = until or (at + timedelta(days=800)).date()
    terms = StepTerms(amount="100000", currency="XTS", issuer="DEMO Bank", until=last)
    take(number, Action.CONFIRM_SECURITY, terms, at=at, authority=authority)


def suspended(number: str, *, at: datetime, authority: str = "XA-DLA", ground: str = "FALSE-DOC") -> int:
    """A preventive suspension, at once; its sequence number."""
    terms = StepTerms(grounds=(ground,), texts={"en": "Papers under examination."})
    return take(number, Action.SUSPEND_PREVENTIVE, terms, at=at, authority=authority).sequence


def lifted(number: str, sequence: int, *, at: datetime, authority: str = "XA-DLA") -> int:
    """Lift one suspension or restriction; the sequence number of the lifting."""
    return take(number, Action.LIFT, StepTerms(refers_to=sequence), at=at, authority=authority).sequence


def revoked(number: str, *, at: datetime, authority: str = "XA-DLA", immediate: bool = True) -> int:
    """Revoke for cause, the notice served in time; the sequence number."""
    served = (at - timedelta(days=30)).date()
    terms = StepTerms(grounds=("FEE-PROHIBITED",), notice_served_on=served, immediate=immediate)
    return take(number, Action.REVOKE, terms, at=at, authority=authority).sequence


def warned(*, at: datetime = START, authority: str = "XA-DLA", **terms: Any) -> str:
    """Somebody without a licence, whom two officers warn of; the number of the alert."""
    said = {
        "kind": "unlicensed", "names": ["Sunrise Gulf Visa (DEMO)"], "contacts": ["+44 20 7946 0499"],
        "grounds": ["FEE-PROHIBITED"], "reason": "It never had a licence.", **terms,
    }  # fmt: skip
    told: dict[str, Any] = {"at": at, "no_conflict": True}
    by = maker(at, authority)
    moved = motions.propose(
        Motion.PUBLISH_ALERT, said["names"][0], said, by=by, idempotency_key=key(), **told
    )
    motions.approve(moved.id, by=checker(at, authority), idempotency_key=key(), **told)
    return alerts.listed(at=at, limit=1).data[0].number


def person_barred(
    name: str = "Mina Rai (DEMO)",
    *,
    at: datetime = START,
    authority: str = "XA-DLA",
    holder: str = "",
    **terms: Any,
) -> int:
    """A director whom three officers bar, for a year unless ``terms`` say otherwise; the number of the bar."""
    holder = holder or agency("Plover Jobs (DEMO)", at=at, authority=authority)
    made = agencies.appoint(
        holder, name=name, role="director", first_day=at.date(), birth_date=date(1980, 2, 3),
        by=maker(at, authority), at=at, idempotency_key=key(),
    )  # fmt: skip
    appointed = Appointment.objects.get(number=approved(made, at=at, authority=authority))
    barred = appointed.person.number
    last_day = days.add_months(days.local_day(at, "Asia/Kathmandu"), 12).isoformat()
    bar = {"last_day": last_day, "grounds": ["CONVICTION"], "reason": "The judgment is in the file.", **terms}
    told: dict[str, Any] = {"at": at, "no_conflict": True}
    motion = motions.propose(Motion.BAR, barred, bar, by=maker(at, authority), idempotency_key=key(), **told)
    for by in (checker(at, authority), registrar(at, authority)):
        motions.approve(motion.id, by=by, idempotency_key=key(), **told)
    return bars.of(barred)[-1].sequence
