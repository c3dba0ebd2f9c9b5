"""Requests of persons about what is held of them: recorded by one officer, answered by two.

``record`` enters a request with its last day; a motion (``Motion.ANSWER``) answers it: ``give`` hands over all that is
held, ``amend`` corrects the person's columns with their history, ``refuse`` says why not. What is handed over leaves
out what would tell who complained, who decided, and what is of other people; it says that it does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from registry import bars, history, ledger, marks, persons, records, screening
from registry.idempotency import Once
from registry.models import (
    ApplicationText,
    Appointment,
    Authority,
    Entry,
    Person,
    ScreeningMatch,
    SubjectFile,
    SubjectRequest,
)
from registry.rules import contacts, days, errors
from registry.rules import screening as rules
from registry.rules.lifecycle import Action, Actor, Kind, M

LONGEST: Final = 4000
KINDS: Final = ("access", "rectification")
ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "access": ("give", "refuse"),
    "rectification": ("amend", "refuse"),
}
"""How a request of each kind can be answered."""
CORRECTABLE: Final = ("name", "latin_name", "birth_date", "nationality", "document_hmac")
_KEYED: Final = re.compile(r"([0-9a-f]{64})?")
LEFT_OUT: Final = (
    "names and numbers of officers: the authority answers for what they did",
    "what officers wrote about the case, and where it came from: it could tell who complained",
    "what is of other people, and of agencies beyond the person's own part in them",
    "numbers of identity papers: only a keyed digest is held, from which they cannot be read",
)
"""What is never handed over, said in each file."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as officers see it. ``overdue``: it is open and its last day is past."""

    id: int
    kind: str
    person: str
    asked_by: str
    identity_check: str
    words: str
    received_on: date
    due_on: date
    recorded_at: datetime
    recorded_by: str
    state: str
    closed_by: str
    closed_at: datetime | None
    closed_reason: str
    has_file: bool
    overdue: bool


def may_record(by: Actor) -> bool:
    """Whether this officer records what persons ask."""
    return bool(by.authority and by.roles & M)


@transaction.atomic(durable=True)
def record(
    kind: str, *, asked_by: str, identity_check: str, words: str, received_on: date, by: Actor, at: datetime,
    idempotency_key: str, person: str = "",
) -> RequestRecord:  # fmt: skip
    """Enter a request; its last day follows from the policy. ``person``: empty where nobody of them is on record."""
    if not may_record(by):
        raise errors.RoleNotAllowed("this role records no requests", roles=sorted(M))
    authority = Authority.objects.filter(code=by.authority or "").first()
    if authority is None:
        raise errors.OutsideAuthority("a request is made to one authority")
    body = {
        "kind": kind, "person": person, "asked_by": asked_by, "identity_check": identity_check, "words": words,
        "on": received_on,
    }  # fmt: skip
    once = Once(by, idempotency_key, "record request", body, at)
    if (done := once.outcome()) is not None:
        return one(done["request"], by=by, at=at)
    if kind not in KINDS:
        raise errors.BadInput(f"a request is one of {', '.join(KINDS)}", field="kind")
    someone = None
    if person:
        someone = Person.objects.filter(number=person, authority=authority).first()
        if someone is None:
            raise errors.PersonNotFound("no person has this number", number=person, field="person")
    elif kind == "rectification":
        raise errors.StepIncomplete("name the person whose record is to be corrected", field="person")
    today = days.local_day(at, authority.zone)
    if not today - timedelta(days=366) <= received_on <= today:
        raise errors.BadInput("it was received in the last year and not after today", field="received_on")
    policy = records.current_policy(authority.pk, at=at)
    row = SubjectRequest.objects.create(
        authority=authority,
        kind=kind,
        person=someone,
        asked_by=_text(asked_by, "asked_by"),
        identity_check=_text(identity_check, "identity_check"),
        words=_text(words, "words"),
        received_on=received_on,
        due_on=received_on + timedelta(days=policy.subject_days),
        recorded_at=at,
        recorded_by=by.number,
    )
    once.keep({"request": row.pk})
    return _record(row, today)


def one(number: int, *, by: Actor, at: datetime) -> RequestRecord:
    """A request to the officer's authority."""
    authority = persons.own(by)
    rows = SubjectRequest.objects.select_related("person", "file")
    row = rows.filter(pk=number, authority=authority).first()
    if row is None:
        raise errors.RequestNotFound("there is no such request", request=number)
    return _record(row, days.local_day(at, authority.zone))


def open_ones(*, by: Actor, at: datetime, person: str = "") -> list[RequestRecord]:
    """The open requests to the officer's authority, the first to be answered at the top; ``person``: all of one."""
    authority = persons.own(by)
    rows = SubjectRequest.objects.select_related("person", "file").filter(authority=authority)
    rows = rows.filter(person__number=person) if person else rows.filter(state="open")
    today = days.local_day(at, authority.zone)
    return [_record(row, today) for row in rows.order_by("due_on", "pk")[:200]]


def handed_over(number: int, *, by: Actor) -> Mapping[str, Any]:
    """What was handed over in answer to a request."""
    authority = persons.own(by)
    found = SubjectFile.objects.filter(request=number, request__authority=authority).first()
    if found is None:
        raise errors.RequestNotFound("nothing was handed over under this number", request=number)
    return dict(found.content)


# --- the answer --------------------------------------------------------------------------------------------------


def clean(authority: Authority, about: str, terms: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:  # noqa: ARG001
    """The terms of an answer in normal form, the request locked: ``answer``, ``changes`` to amend, ``reason``."""
    row = _locked(authority, about)
    if row.state != "open":
        raise errors.StepNotAllowed("the request is answered already", field="answer")
    answer = terms.get("answer")
    if answer not in ANSWERS[row.kind]:
        raise errors.BadInput(f"the answer is one of {', '.join(ANSWERS[row.kind])}", field="answer")
    clean_: dict[str, Any] = {"answer": answer, "reason": _text(terms.get("reason"), "reason"), "changes": {}}
    if answer == "amend":
        clean_["changes"] = _changes(row, terms.get("changes"))
    return clean_


def take(
    authority: Authority, about: str, terms: Mapping[str, Any], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Answer the request within the caller's transaction; the entry that says so, which is not public."""
    row = _locked(authority, about)
    answer = terms["answer"]
    number = row.person.number if row.person else ""
    if answer == "give":
        SubjectFile.objects.create(request=row, content=held(row, at=at), made_at=at)
    if answer == "amend":
        _amend(row, terms["changes"], by=officers[-1], at=at)
    row.state, row.closed_by, row.closed_at = (
        "refused" if answer == "refuse" else "answered",
        officers[-1],
        at,
    )
    row.closed_reason = terms["reason"]
    row.save()
    return commit.add(
        Entry(
            authority=authority, kind=Kind.FACT.value, action=Action.ANSWER_REQUEST.value, decided_at=at,
            effective_from=at, effective_day=days.local_day(at, authority.zone), zone=authority.zone,
            effect={"request": row.pk, "person": number, "answer": answer, "changed": sorted(terms["changes"])},
            published=False, officers=list(officers),
        )
    )  # fmt: skip


def _changes(row: SubjectRequest, given: object) -> dict[str, Any]:
    """The columns to correct, in normal form, and only those that differ from what is held."""
    if not isinstance(given, Mapping) or not given:
        raise errors.StepIncomplete("say what is to be corrected", field="changes")
    person = row.person
    found: dict[str, Any] = {}
    for column, value in given.items():
        if column not in CORRECTABLE:
            raise errors.BadInput(f"{str(column)[:40]!r} is no column of a person", field="changes")
        if column in {"name", "latin_name"}:
            found[column] = contacts.name(value, field=column) if value or column == "name" else ""
        elif column == "nationality":
            found[column] = contacts.corridor(value, field=column) if value else ""
        elif column == "birth_date":
            found[column] = _day(value)
        elif _KEYED.fullmatch(str(value)):
            found[column] = str(value)
        else:
            raise errors.BadInput("a paper is given by its number", field="document")
    told = {name: value for name, value in found.items() if value != _plain(getattr(person, name))}
    if not told:
        raise errors.BadInput("the record says this already", field="changes")
    return told


def _amend(row: SubjectRequest, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
    person = Person.objects.select_for_update(no_key=True).get(requests=row)
    for column, value in changes.items():
        setattr(person, column, date.fromisoformat(value) if column == "birth_date" and value else value)
    history.save(person, by=by, at=at, reason=f"rectified: request {row.pk}")
    acts_for = Appointment.objects.filter(person=person).order_by("agency__number")
    marks.index(acts_for.values_list("agency__number", flat=True), at=at)
    screening.wait_for(person.pk, at=at)


# --- what is held ------------------------------------------------------------------------------------------------


def held(row: SubjectRequest, *, at: datetime) -> dict[str, Any]:
    """All that the register holds of the person, as it can be handed over; plain JSON."""
    person = row.person
    about: dict[str, Any] = {
        "authority": row.authority.code,
        "request": row.pk,
        "made_at": at.isoformat(),
        "left_out": list(LEFT_OUT),
    }
    if person is None:
        return {**about, "person": None}
    return {
        **about,
        "person": _columns(person),
        "versions": [
            {"at": one.at.isoformat(), **_columns(one.values)}
            for one in history.versions_of(Person, person.pk)
        ],
        "appointments": _appointments(person),
        "bars": [
            {
                "decided_on": bar.decided_on.isoformat(),
                "first_day": bar.first_day.isoformat(),
                "last_day": _plain(bar.last_day),
                "scope": bar.scope,
                "grounds": list(bar.grounds),
                "appeal_until": bar.appeal_until.isoformat(),
                "ended_because": bar.cause,
                "public_until": _plain(bar.public_until),
            }
            for bar in bars.of(person.number)
        ],
        "decisions": _decisions(person),
        "applications": _applications(person),
        "screening": _screening(person),
        "requests": [
            {
                "received_on": one.received_on.isoformat(),
                "kind": one.kind,
                "state": one.state,
                "asked": one.words,
            }
            for one in SubjectRequest.objects.filter(person=person).order_by("pk")
        ],
    }


def _columns(source: Any) -> dict[str, Any]:
    """The person's columns; of a paper only whether one is held."""
    value = source.get if isinstance(source, Mapping) else lambda name: getattr(source, name)
    told = {
        name: _plain(value(name)) for name in ("number", "name", "latin_name", "birth_date", "nationality")
    }
    return {**told, "identity_paper_held": bool(value("document_hmac"))}


def _appointments(person: Person) -> list[dict[str, Any]]:
    rows = Appointment.objects.filter(person=person).select_related("agency", "office").order_by("pk")
    return [
        {
            "number": row.number,
            "agency": row.agency.number,
            "agency_name": row.agency.legal_name,
            "role": row.role,
            "office": row.office.number if row.office else None,
            "first_day": row.first_day.isoformat(),
            "last_day": _plain(row.last_day),
            "name_is_public": row.public_name,
            "withheld_because": row.withheld_reason,
            "photograph_shown": bool(row.photograph),
            "photograph_agreed_on": _plain(row.photograph_agreed_on),
        }
        for row in rows
    ]


def _decisions(person: Person) -> list[dict[str, Any]]:
    """Entries that name the person: what, when, on which grounds; never by whom."""
    rows = Entry.objects.filter(authority=person.authority_id, effect__person=person.number).order_by("pk")
    return [
        {"what": row.action, "decided_at": row.decided_at.isoformat(), "grounds": list(row.grounds)}
        for row in rows
    ]


def _applications(person: Person) -> list[dict[str, Any]]:
    """What applications say of the person: those that name the paper, or the name with the day of birth."""
    name = rules.folded_person(person.name)
    rows = ApplicationText.objects.filter(
        event__application__authority=person.authority_id, event__action="submit"
    ).select_related("event__application")
    found = []
    for text in rows.order_by("pk").iterator(chunk_size=500):
        for said in (text.said.get("content") or {}).get("people") or ():
            paper = bool(person.document_hmac) and said.get("document_hmac") == person.document_hmac
            born = person.birth_date and said.get("birth_date") == person.birth_date.isoformat()
            if paper or (born and rules.folded_person(str(said.get("name", ""))) == name):
                told = {key: value for key, value in said.items() if key != "document_hmac"}
                found.append(
                    {
                        "application": text.event.application.number,
                        "submitted_at": text.event.at.isoformat(),
                        "said": told,
                    }
                )
    return found


def _screening(person: Person) -> list[dict[str, Any]]:
    """Possible matches of the person, with their reasons by code and what officers said, without their words."""
    as_subject = ScreeningMatch.objects.filter(authority=person.authority_id, subject=person.number)
    as_target = ScreeningMatch.objects.filter(
        authority=person.authority_id, target_kind="person", target=person.number
    )
    found = []
    for match in (as_subject | as_target).prefetch_related("assessments", "judgements").order_by("pk"):
        newest = max(match.assessments.all(), key=lambda assessment: assessment.pk, default=None)
        found.append(
            {
                "found_at": match.found_at.isoformat(),
                "compared_with": match.target_kind
                if match.subject == person.number
                else "somebody else on record",
                "score": newest.score if newest else 0,
                "reasons": [reason["code"] for reason in newest.reasons] if newest else [],
                "said": [
                    {"verdict": word.verdict, "at": word.at.isoformat()}
                    for word in sorted(match.judgements.all(), key=lambda word: word.pk)
                ],
            }
        )
    return found


# --- what they have in common ------------------------------------------------------------------------------------


def _locked(authority: Authority, about: str) -> SubjectRequest:
    rows = SubjectRequest.objects.select_for_update(of=("self",)).select_related("person", "authority")
    row = rows.filter(pk=int(about), authority=authority).first() if about.isdecimal() else None
    if row is None:
        raise errors.RequestNotFound("there is no such request", request=about)
    return row


def _record(row: SubjectRequest, today: date) -> RequestRecord:
    return RequestRecord(
        id=row.pk,
        kind=row.kind,
        person=row.person.number if row.person else "",
        asked_by=row.asked_by,
        identity_check=row.identity_check,
        words=row.words,
        received_on=row.received_on,
        due_on=row.due_on,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        state=row.state,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        has_file=hasattr(row, "file"),
        overdue=row.state == "open" and row.due_on < today,
    )


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise errors.StepIncomplete(f"{field} is needed", field=field)
    if len(value) > LONGEST or "\x00" in value:
        raise errors.BadInput(f"{field} has at most {LONGEST} characters", field=field)
    return value.strip()


def _day(value: object) -> str | None:
    if value in {None, ""}:
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise errors.BadInput("a day is written YYYY-MM-DD", field="birth_date") from None
    return day.isoformat()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
