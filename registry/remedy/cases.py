"""The case officers' side of a concern: what waits, one concern in full, each lawful act, and what is forgotten.

Only case officers of the authority come in (``concerns.READERS``): no licensing officer, no auditor, no administrator
reads a concern here or in a log. Who the person is stands apart (``person``). Each act says whether it was taken: a
second press of its button adds nothing.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from registry import records
from registry.models import Agency, Authority, Concern, ConcernAct, ConcernFile, ConcernText, Licence
from registry.remedy import acts
from registry.remedy.intake import IDENTITY
from registry.rules import concerns, contacts, days, errors, numbering
from registry.rules.concerns import Action, Body, Category, Outcome, State
from registry.rules.lifecycle import Actor
from registry.rules.numbering import Kind

LEAST: Final = 10
"""A smaller count of concerns is not told (domain model 3.9): a number is passed on, and must point at nobody."""
_PIECE: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A concern in the queue. ``overdue``: nobody has triaged it in time."""

    code: str
    state: str
    categories: tuple[str, ...]
    urgent: bool
    received_at: datetime
    triage_by: datetime
    overdue: bool
    unread: bool
    agency: str
    licence: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of a concern."""

    reference: str
    media_type: str
    size: int
    stored_as: str


@dataclass(frozen=True, slots=True)
class Act:
    """One act with what was written: ``words`` without what says who the person is."""

    ordinal: int
    action: str
    by: str
    at: datetime
    facts: Mapping[str, Any]
    words: Mapping[str, Any]
    files: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One concern as case officers read it. ``steps``: what the reader can do with it now."""

    line: Line
    zone: str
    language: str
    several: bool
    consent: bool
    reachable: bool
    body: str
    outcome: str
    repaid: Decimal | None
    currency: str
    closed_at: datetime | None
    forget_at: datetime | None
    forgotten_at: datetime | None
    acts: tuple[Act, ...]
    steps: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Who reports, as far as they said: a name, a telephone or address, and how to use it safely."""

    name: str
    reach: str
    wish: str


def waiting(*, by: Actor, at: datetime) -> list[Line]:
    """What waits: to be triaged, or for an answer to the person; the urgent first, then by the deadline."""
    rows = _of(by).filter(Q(state=State.RECEIVED) | Q(unread=True))
    return [_line(row, at) for row in rows.order_by("-urgent", "triage_by", "pk")[:_PIECE]]


def listed(*, by: Actor, at: datetime, state: str = "", after: int = 0) -> tuple[list[Line], int]:
    """The concerns in a state, or all, the newest first, and where the list goes on (0: it does not)."""
    rows = _of(by).order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows[: _PIECE + 1])
    return [_line(row, at) for row in found[:_PIECE]], found[_PIECE - 1].pk if len(found) > _PIECE else 0


def one(code: str, *, by: Actor, at: datetime) -> Case:
    """A concern of the officer's authority."""
    row = _own(code, by)
    found = row.acts.select_related("text").prefetch_related("files").order_by("ordinal")
    told = tuple(_act(act) for act in found)
    steps = () if row.forgotten_at else concerns.open_steps(State(row.state))
    return Case(
        line=_line(row, at), zone=row.authority.zone, language=row.language, several=row.several, consent=row.consent,
        reachable=row.reachable, body=row.body, outcome=row.outcome, repaid=row.repaid, currency=row.currency,
        closed_at=row.closed_at, forget_at=row.forget_at, forgotten_at=row.forgotten_at, acts=told, steps=steps,
    )  # fmt: skip


def person(code: str, *, by: Actor) -> Person:
    """Who reports a concern; nothing where they did not say, or where it is deleted. Note the read first."""
    first = _own(code, by).acts.select_related("text").filter(action=Action.FILE).first()
    words = acts.words_of(first) if first else {}
    return Person(**{name: str(words.get(name, "")) for name in IDENTITY})


def paper(code: str, reference: str, *, by: Actor) -> Paper:
    """A file of this concern."""
    row = ConcernFile.objects.filter(reference=reference, act__concern=_own(code, by)).first()
    if row is None:
        raise errors.ConcernNotFound("there is no such file")
    return _paper(row)


@transaction.atomic(durable=True)
def triage(
    code: str,
    *,
    categories: Sequence[str],
    by: Actor,
    at: datetime,
    key: str,
    subject: str = "",
    note: str = "",
) -> bool:
    """Confirm or correct what it is about; whether it is urgent follows. ``subject``: number of agency or licence."""
    row, once = _held(code, by, key, [*categories], subject, note)
    if once is None:
        return False
    if not categories or not set(categories) <= set(Category):
        raise errors.StepIncomplete("choose what it is about", field="categories")
    row.agency, row.licence = _meant(subject, row.authority)
    row.categories, row.urgent = list(categories), concerns.is_urgent(categories)
    facts = {"categories": list(categories), "agency": row.agency, "licence": row.licence}
    return _record(row, Action.TRIAGE, by, at, once, facts, {"note": note})


@transaction.atomic(durable=True)
def ask(code: str, text: str, *, by: Actor, at: datetime, key: str) -> bool:
    """Write to the person: a question or an answer, read on the status page."""
    row, once = _held(code, by, key, text)
    if once is None:
        return False
    if not text.strip():
        raise errors.StepIncomplete("write what the person is to read", field="text")
    return _record(row, Action.ASK, by, at, once, {}, {"text": text})


@transaction.atomic(durable=True)
def refer(
    code: str, body: str, *, by: Actor, at: datetime, key: str, text: str = "", note: str = "", why: str = "",
    agreed: bool = False,
) -> bool:  # fmt: skip
    """Pass it on to another body: with the person's consent, or where it is urgent and ``why`` says what allows it.

    ``agreed``: the person has agreed since, in a letter.
    """
    row, once = _held(code, by, key, body, text, note, why, agreed)
    if once is None:
        return False
    if body not in set(Body):
        raise errors.StepIncomplete("choose to whom it is passed on", field="body")
    row.consent = row.consent or agreed
    concerns.demand_referable(consent=row.consent, urgent=row.urgent, why=why)
    row.body = body
    facts = {"body": body, "consent": row.consent}
    return _record(row, Action.REFER, by, at, once, facts, {"text": text, "note": note, "why": why})


@transaction.atomic(durable=True)
def close(
    code: str, outcome: str, *, by: Actor, at: datetime, key: str, text: str = "", note: str = "", repaid: str = "",
    currency: str = "",
) -> bool:  # fmt: skip
    """End it with its outcome; from now the time runs after which what the person wrote is deleted."""
    row, once = _held(code, by, key, outcome, text, note, repaid, currency)
    if once is None:
        return False
    if outcome not in set(Outcome):
        raise errors.StepIncomplete("choose how it ended", field="outcome")
    row.repaid, row.currency = _money(repaid, currency) if outcome == Outcome.REPAID else (None, "")
    row.outcome, row.closed_at = outcome, at
    months = records.current_policy(row.authority_id, at=at).concern_months
    until = days.add_months(days.local_day(at, row.authority.zone), months)
    row.forget_at = days.end_of(until, row.authority.zone)
    facts = {"outcome": outcome} | (
        {"repaid": str(row.repaid), "currency": row.currency} if row.repaid is not None else {}
    )
    return _record(row, Action.CLOSE, by, at, once, facts, {"text": text, "note": note})


@transaction.atomic(durable=True)
def reopen(code: str, *, by: Actor, at: datetime, key: str, text: str = "", note: str = "") -> bool:
    """Take it up again; nothing is deleted meanwhile."""
    row, once = _held(code, by, key, text, note)
    if once is None:
        return False
    row.closed_at = row.forget_at = None
    return _record(row, Action.REOPEN, by, at, once, {}, {"text": text, "note": note})


def forgettable(*, at: datetime) -> list[str]:
    """The codes of concerns of which what the person wrote is to be deleted by now."""
    rows = Concern.objects.filter(forget_at__lte=at, forgotten_at=None, state=State.CLOSED)
    return list(rows.values_list("code", flat=True)[:1000])


@transaction.atomic(durable=True)
def forget(code: str, *, at: datetime, erase: Callable[[str], None]) -> bool:
    """Delete every word and file of a concern whose time is over; the codes stay. ``erase`` deletes stored bytes."""
    row = acts.locked(code)
    if (
        row.forgotten_at is not None
        or row.state != State.CLOSED
        or row.forget_at is None
        or at < row.forget_at
    ):
        return False
    files = ConcernFile.objects.filter(act__concern=row)
    for stored_as in files.values_list("stored_as", flat=True):
        erase(stored_as)
    files.delete()
    ConcernText.objects.filter(act__concern=row).delete()
    row.forgotten_at, row.unread = at, False
    acts.record(row, Action.FORGET, by=concerns.CLOCK, at=at)
    return True


def counts(*, by: Actor) -> list[tuple[str, str, int]]:
    """How many concerns an agency has in a category, where they are at least ``LEAST``: agency, category, count."""
    rows = _of(by).exclude(agency="")
    told = Counter((agency, one) for agency, all_ in rows.values_list("agency", "categories") for one in all_)
    found = ((agency, category, number) for (agency, category), number in told.items() if number >= LEAST)
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def _authority(by: Actor) -> Authority:
    if not by.roles & concerns.READERS:
        raise errors.RoleNotAllowed("only case officers read concerns", roles=sorted(concerns.READERS))
    row = Authority.objects.filter(code=by.authority or "").first()
    if row is None:
        raise errors.OutsideAuthority("concerns belong to one authority")
    return row


def _of(by: Actor) -> "QuerySet[Concern]":
    return Concern.objects.filter(authority=_authority(by))


def _own(code: str, by: Actor) -> Concern:
    row = _of(by).select_related("authority").filter(code=concerns.read_code(code)).first()
    if row is None:
        raise errors.ConcernNotFound("there is no such concern")
    return row


def _held(code: str, by: Actor, key: str, *said: Any) -> tuple[Concern, str | None]:
    """The concern, held, and the key of this act with all that it says; ``None`` where it was taken before."""
    row, once = acts.locked(_own(code, by).code), json.dumps([key, *said])
    return row, None if acts.was_done(row, once) else once


def _record(
    row: Concern, action: Action, by: Actor, at: datetime, key: str, facts: Mapping[str, Any], words: Mapping[str, str]
) -> bool:  # fmt: skip
    row.unread = False
    told = {name: text.strip() for name, text in words.items() if text.strip()}
    acts.record(row, action, by=by.number, at=at, key=key, facts=facts, words=told)
    return True


def _meant(subject: str, authority: Authority) -> tuple[str, str]:
    """The numbers of the agency and the licence that an officer names; refuses what the authority does not have."""
    if not subject.strip():
        return "", ""
    try:
        number = numbering.canonical(subject, Kind.LICENCE, Kind.LISTED, Kind.AGENCY)
    except (numbering.NotOurs, numbering.Mistyped):
        raise errors.BadInput("this is no number of an agency or a licence", field="subject") from None
    if numbering.kind_of(number) is Kind.AGENCY:
        if Agency.objects.filter(number=number, authority=authority).exists():
            return number, ""
    elif found := Licence.objects.filter(number=number, authority=authority).select_related("agency").first():
        return found.agency.number, number
    raise errors.BadInput("no agency or licence of this authority has this number", field="subject")


def _money(repaid: str, currency: str) -> tuple[Decimal, str]:
    try:
        amount = Decimal(repaid)
    except InvalidOperation:
        raise errors.BadInput("say the sum in digits", field="repaid") from None
    if not amount.is_finite() or not 0 < amount < 10**15 or -int(amount.as_tuple().exponent) > 4:
        raise errors.BadInput("say a sum above nothing with at most four decimals", field="repaid")
    return amount, contacts.currency(currency, field="currency")


def _line(row: Concern, at: datetime) -> Line:
    late = row.state == State.RECEIVED and at > row.triage_by
    return Line(
        row.code, row.state, tuple(row.categories), row.urgent, row.received_at, row.triage_by, late, row.unread,
        row.agency, row.licence,
    )  # fmt: skip


def _act(act: ConcernAct) -> Act:
    words = {name: text for name, text in acts.words_of(act).items() if name not in IDENTITY}
    facts = {name: fact for name, fact in act.facts.items() if name != "key"}
    return Act(act.ordinal, act.action, act.by, act.at, facts, words, tuple(map(_paper, act.files.all())))


def _paper(row: ConcernFile) -> Paper:
    return Paper(row.reference, row.media_type, row.size, row.stored_as)
