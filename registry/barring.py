"""Barring persons: the only writer of bars of persons (domain model 3.4). Motions take them, in three officers' names.

A bar is an entry without a licence or an agency, and not public: what the public may read of it, its policy says
(``debarments``). It ends the appointments that it keeps the person from, and has whoever is like the person
screened. An appeal is a fact that one officer enters; two others enter that it
was dismissed, and a bar ends by a motion of as many officers as made it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from registry import agencies, bars, history, ledger, news, records, screening
from registry.bars import Bar
from registry.idempotency import Once
from registry.models import (
    Agency,
    Appointment,
    Authority,
    Debarment,
    Entry,
    EntryText,
    Person,
)
from registry.rules import days, errors, motions
from registry.rules.grounds import SanctionKind
from registry.rules.lifecycle import STEPS, Action, Actor, Kind, M

GROUNDS: Final[frozenset[str]] = STEPS[Action.DEBAR].grounds or frozenset()
"""On which grounds a person may be barred: those of the bar of an agency."""
CAUSES: Final = ("review", "appeal", "error")


# --- a bar -------------------------------------------------------------------------------------------------------


def clean(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """The terms of a bar in normal form, the person and the agencies concerned locked.

    ``first_day`` (``None``: the day of the last approval; never past), ``last_day`` or ``permanent``, ``scope``,
    ``grounds``, and ``reason``, which officers read.
    """
    _locked(authority, about)
    today = days.local_day(at, authority.zone)
    given = motions.day(terms.get("first_day"), "first_day")
    first = given or today
    last = motions.day(terms.get("last_day"), "last_day")
    permanent = terms.get("permanent") is True
    if first < today:
        raise errors.BackdatingRefused("a bar cannot begin before it is decided", field="first_day")
    if permanent == (last is not None):
        raise errors.StepIncomplete("give the last day, or say that it is for ever", field="last_day")
    if last is not None and last < first:
        raise errors.BadInput("the last day is before the first", field="last_day")
    scope = terms.get("scope") or "any_role"
    if scope not in bars.SCOPES:
        raise errors.BadInput("a scope is one of {scopes}", field="scope", scopes=list(bars.SCOPES))
    grounds = terms.get("grounds")
    if not isinstance(grounds, list | tuple) or not grounds:
        raise errors.StepIncomplete("give the ground of the bar", field="grounds")
    for ground in grounds:
        if ground not in GROUNDS:
            raise errors.GroundNotAllowed(
                "this ground cannot carry a bar", field="grounds", ground=str(ground)[:40]
            )
    for bar in bars.of(about):
        if bar.state(today) in {"coming", "in_force"} and bar.scope == scope and _meet(bar, first, last):
            raise errors.DuplicateRecord("the person is barred for these days already", field="first_day")
    return {
        "first_day": given.isoformat() if given else None,
        "last_day": last.isoformat() if last else None,
        "permanent": permanent,
        "scope": scope,
        "grounds": sorted(set(grounds)),
        "reason": motions.reason(terms.get("reason")),
    }


def take(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Bar the person within the caller's transaction; the entry that says so."""
    person = _locked(authority, about)
    policy = records.current_policy(authority.pk, at=at)
    today = days.local_day(at, authority.zone)
    months = policy.public_months(SanctionKind.PERSON_BAR)
    first, last = (
        motions.day(terms["first_day"], "first_day") or today,
        motions.day(terms["last_day"], "last_day"),
    )
    effect = {"first_day": first.isoformat(), "last_day": terms["last_day"], "scope": terms["scope"]}
    entry = commit.add(
        _entry(
            authority, Action.BAR_PERSON, officers, at,
            kind=Kind.DECISION.value,
            grounds=list(terms["grounds"]),
            effect={**effect, "person": about, "public_months": months},
            deadlines={
                "appeal_until": days.end_of(
                    today + timedelta(days=policy.appeal_days), authority.zone
                ).isoformat()
            },
            policy_version=policy.version,
            law=policy.law,
        )
    )  # fmt: skip
    EntryText.objects.create(entry=entry, language="-", text=terms["reason"], restricted=True)
    _project(person, by=officers[-1], at=at)
    _end_appointments(person, terms["scope"], first, last, officers=officers, commit=commit, at=at)
    screening.wait_for(person.pk, at=at)
    return entry


def _end_appointments(
    person: Person, scope: str, first: date, last: date | None, *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> None:  # fmt: skip
    """End what the person is kept from on the day before the bar, or on its own first day where that is later.

    Under whichever number the person was appointed.
    """
    held = Appointment.objects.filter(person__in=bars.same_person(person))
    rows = held.select_related("agency__authority").order_by("pk")
    ended: dict[int, Agency] = {}
    eve = first - timedelta(days=1)
    for row in rows:
        over = row.last_day is not None and row.last_day <= eve
        later = last is not None and row.first_day > last
        if over or later or not bars.keeps_from(scope, row.role):
            continue
        row.last_day = max(eve, row.first_day)
        history.save(row, by=officers[-1], at=at, reason="the person is barred")
        ended[row.agency_id] = row.agency
    for agency in sorted(ended.values(), key=lambda one: one.number):
        agency.version += 1
        history.save(agency, by=officers[-1], at=at, reason="amended: appointments")
        agencies.follow_up(
            agency, Action.AMEND_AGENCY, ["appointments"], officers=officers, commit=commit, at=at
        )


# --- its end -----------------------------------------------------------------------------------------------------


def clean_end(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """The terms of a bar's end: ``bar`` (its sequence number), ``cause`` and, on review, ``last_day``; ``reason``."""
    _locked(authority, about)
    bar = _bar(about, terms.get("bar"))
    today = days.local_day(at, authority.zone)
    cause = terms.get("cause")
    if cause not in CAUSES:
        raise errors.BadInput("a cause is one of {causes}", field="cause", causes=list(CAUSES))
    if bar.void:
        raise errors.StepNotAllowed("the bar is over or was ended already", field="bar")
    if cause not in bar.may_end_for(today):
        if cause == "appeal":
            raise errors.StepNotAllowed("no appeal against the bar is open", field="cause")
        raise errors.StepNotAllowed("the bar is over or was ended already", field="cause")
    last = motions.day(terms.get("last_day"), "last_day")
    if cause != "review":
        last = None
    elif last is None:
        raise errors.StepIncomplete("give the bar's last day", field="last_day")
    elif last < max(today, bar.first_day):
        raise errors.BackdatingRefused("a bar is not ended for days that are past", field="last_day")
    elif bar.last_day is not None and last >= bar.last_day:
        raise errors.BadInput("the bar ends by then anyway", field="last_day")
    return {
        "bar": bar.sequence,
        "cause": cause,
        "last_day": last.isoformat() if last else None,
        "reason": motions.reason(terms.get("reason")),
    }


def take_end(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """End the bar; appointments that it ended stay ended: whoever is to act again is appointed again."""
    person = _locked(authority, about)
    bar = _bar(about, terms["bar"])
    effect = {"person": about, "cause": terms["cause"], "last_day": terms["last_day"]}
    entry = commit.add(
        _entry(
            authority, Action.END_BAR, officers, at, refers_to_id=bar.ref, effect=effect,
            kind=Kind.CORRECTION.value if terms["cause"] == "error" else Kind.DECISION.value,
        )
    )  # fmt: skip
    EntryText.objects.create(entry=entry, language="-", text=terms["reason"], restricted=True)
    _project(person, by=officers[-1], at=at)
    screening.wait_for(person.pk, at=at)
    return entry


# --- appeals -----------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def file_appeal(
    person: str, bar: int, *, received_on: date, by: Actor, at: datetime, idempotency_key: str
) -> Bar:
    """Enter that the person appeals against the bar; one that came too late is refused."""
    once = Once(by, idempotency_key, "appeal bar", {"person": person, "bar": bar, "on": received_on}, at)
    if once.outcome() is not None:
        return _bar(person, bar)
    authority = _own(by)
    _locked(authority, person)
    found = _bar(person, bar)
    if found.void or found.appeal_open:
        raise errors.StepNotAllowed("the bar was ended, or an appeal is open already", field="bar")
    today = days.local_day(at, authority.zone)
    if not found.decided_on <= received_on <= today:
        raise errors.BadInput("an appeal comes after the decision and not after today", field="received_on")
    if days.first_instant(received_on, authority.zone) >= found.appeal_until:
        raise errors.StepNotAllowed("the days for an appeal are over", field="received_on")
    commit = ledger.Commit()
    commit.add(
        _entry(
            authority, Action.APPEAL_BAR, (by.number,), at, kind=Kind.FACT.value, refers_to_id=found.ref,
            effect={"person": person, "received_on": received_on.isoformat()},
        )
    )  # fmt: skip
    news.put()
    once.keep({})
    commit.close(by=by.number, at=at)
    return _bar(person, bar)


def clean_dismissal(
    authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime
) -> dict[str, Any]:
    """The terms of an appeal's dismissal: ``bar``, ``decided_on``, ``order_reference`` and ``reason``.

    The bar stands by it. An appeal that is upheld ends the bar.
    """
    _locked(authority, about)
    bar = _bar(about, terms.get("bar"))
    if not bar.appeal_open or bar.appealed_on is None:
        raise errors.StepNotAllowed("no appeal against the bar is open", field="bar")
    decided = motions.day(terms.get("decided_on"), "decided_on")
    if decided is None:
        raise errors.StepIncomplete("give the day of the order", field="decided_on")
    if not bar.appealed_on <= decided <= days.local_day(at, authority.zone):
        raise errors.BadInput("it is dismissed after it was made and not after today", field="decided_on")
    order = terms.get("order_reference")
    if not isinstance(order, str) or not order.strip():
        raise errors.StepIncomplete("name the order of the appeals body", field="order_reference")
    if len(order) > 200 or "\x00" in order:
        raise errors.BadInput("a reference has at most 200 characters", field="order_reference")
    return {
        "bar": bar.sequence,
        "decided_on": decided.isoformat(),
        "order_reference": order.strip(),
        "reason": motions.reason(terms.get("reason")),
    }


def take_dismissal(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Enter that the appeals body dismissed the appeal: the bar stands."""
    effect = {"person": about, "decided_on": terms["decided_on"], "order_reference": terms["order_reference"]}
    entry = commit.add(
        _entry(
            authority, Action.DISMISS_APPEAL, officers, at, kind=Kind.FACT.value,
            refers_to_id=_bar(about, terms["bar"]).ref, effect=effect,
        )
    )  # fmt: skip
    EntryText.objects.create(entry=entry, language="-", text=terms["reason"], restricted=True)
    return entry


def made_by(about: str, terms: Mapping[str, Any]) -> frozenset[str]:
    """The officers of the bar that terms speak of: none of them ends an appeal against it."""
    return frozenset(_bar(about, terms.get("bar")).officers)


# --- what they have in common ------------------------------------------------------------------------------------


def _entry(authority: Authority, action: Action, officers: Sequence[str], at: datetime, **more: Any) -> Entry:
    """An entry about a person; unless told otherwise the public does not read it."""
    given = {"published": False, **more}
    return Entry(
        authority=authority, action=action.value, decided_at=at, effective_from=at,
        effective_day=days.local_day(at, authority.zone), zone=authority.zone, officers=list(officers), **given,
    )  # fmt: skip


def _project(person: Person, *, by: str, at: datetime) -> None:
    """Bring the person's bars, by their days and scope, up to what the entries now mean."""
    wanted = {
        (bar.first_day, bar.last_day, bar.scope): bar
        for bar in bars.of(person.number, own_at=at)
        if not bar.void
    }
    held = {(row.first_day, row.last_day, row.scope): row for row in person.debarments.all()}
    for key in held.keys() - wanted.keys():
        history.delete(held[key], by=by, at=at, reason="bar of a person")
    for key in sorted(wanted.keys() - held.keys(), key=str):
        first, last, scope = key
        row = Debarment(
            authority=person.authority, person=person, first_day=first, last_day=last, scope=scope,
            grounds=list(wanted[key].grounds),
        )  # fmt: skip
        history.save(row, by=by, at=at, reason="bar of a person")


def _own(by: Actor) -> Authority:
    if not by.roles & M:
        raise errors.RoleNotAllowed("this role may not", roles=sorted(M))
    row = Authority.objects.filter(code=by.authority or "").first()
    if row is None:
        raise errors.OutsideAuthority("a bar is of one authority")
    return row


def _locked(authority: Authority, number: str) -> Person:
    """The person, locked after the agencies that they act for under any number: as whoever appoints locks them."""
    known = Person.objects.filter(number=number, authority=authority).select_related("authority").first()
    if known is None:
        raise errors.PersonNotFound("no person has this number", number=number)
    acts_for = Appointment.objects.filter(person__in=bars.same_person(known))
    keys = sorted(set(acts_for.values_list("agency_id", flat=True)))
    agencies = Agency.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("number")
    list(agencies.values_list("pk"))
    rows = Person.objects.select_for_update(of=("self",), no_key=True).select_related("authority")
    person = rows.get(pk=known.pk)
    if sorted(set(acts_for.values_list("agency_id", flat=True))) != keys:
        raise errors.VersionConflict("the person was appointed meanwhile: try again", expected=0, actual=0)
    return person


def _bar(person: str, sequence: object) -> Bar:
    found = next((bar for bar in bars.of(person) if bar.sequence == sequence), None)
    if found is None:
        raise errors.EntryNotFound("there is no such bar", field="bar")
    return found


def _meet(bar: Bar, first: date, last: date | None) -> bool:
    return (bar.last_day is None or first <= bar.last_day) and (last is None or bar.first_day <= last)
