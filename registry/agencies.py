"""The only writer of authorities, agencies, offices, channels, persons and appointments.

Every change is one durable transaction: the records with their history, an entry in the register, the published answers
of the agency's licences made again, the search index and the news. What people typed is stored in one normal form, or
refused with the field's name.

**Four eyes on what the public reads** (ADR 0016). A change of an agency that anybody reads of, or whose first licence
waits to be granted, is ``Waiting`` until another officer approves it (``licensing.approve``); one that only takes away
what the public reads is ``Written`` by one officer at once, with a fresh second factor. An agency of which nobody reads
is written by one officer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from registry import (
    bars,
    changes,
    history,
    ledger,
    marks,
    news,
    photographs,
    policies,
    proposals,
    publishing,
    records,
)
from registry.changes import Change
from registry.idempotency import Once
from registry.models import (
    Agency,
    Appointment,
    Authority,
    Channel,
    Entry,
    Licence,
    Office,
    Person,
    Proposal,
    PublishedRecord,
    RegisterCommit,
)
from registry.recording import Taken
from registry.rules import contacts, days, errors, freezing, numbering, policy, second_factor
from registry.rules.lifecycle import Action, Actor, Kind, Role
from registry.search import indexing

WRITERS = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR})
ROLES: Final = changes.ROLES
keyed = changes.keyed


@dataclass(frozen=True, slots=True)
class Written:
    """What a change left behind: the record's number, the agency and its version for the next change."""

    number: str
    agency: str
    version: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that another officer must approve: its proposal, the agency and the record it is about."""

    proposal: int
    agency: str
    number: str


# --- authorities -------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def create_authority(
    code: str, *, name: Mapping[str, str], zone: str, rules: Mapping[str, Any], by: Actor, at: datetime,
    languages: Sequence[str] = ("en",), legal_basis: str = "", contact: Mapping[str, Any] | None = None,
    complaint: Mapping[str, Any] | None = None, kind: str = "licensing", idempotency_key: str | None = None,
) -> str:  # fmt: skip
    """Create an authority (``XA-DLA``: country and code) with the first version of its policy set; give its code.

    ``idempotency_key`` may be left out by commands: the code itself can be taken only once.
    """
    if by.authority is not None or not by.roles & {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise errors.RoleNotAllowed("an administrator creates authorities", roles=[Role.ADMINISTRATOR])
    body = {
        "code": code,
        "name": name,
        "zone": zone,
        "rules": rules,
        "contact": contact,
        "complaint": complaint,
        "languages": list(languages),
        "legal_basis": legal_basis,
        "kind": kind,
    }
    once = Once(by, idempotency_key, "create_authority", body, at) if idempotency_key else None
    if once and (done := once.outcome()) is not None:
        return str(done["code"])
    country, _, short = code.partition("-")
    numbering.authority_code(short)
    days.zone(zone)
    if not name or not all(isinstance(v, str) and v.strip() for v in name.values()):
        raise errors.BadInput("give the authority's name in at least one language", field="name")
    read = policy.parse(rules)
    if Authority.objects.filter(code=code).exists():
        raise errors.DuplicateRecord("there is such an authority already", number=code)
    made = Authority(
        code=code,
        country=contacts.corridor(country, field="code"),
        name={language: contacts.name(text) for language, text in name.items()},
        zone=zone,
        languages=list(languages),
        legal_basis=legal_basis,
        contact=dict(contact or {}),
        complaint=dict(complaint or {}),
        kind=kind,
    )
    history.save(made, by=by.number, at=at, reason="created")
    policies.put_in_force(made, read, since=at, by=by, at=at)
    if once:
        once.keep({"code": made.code})
    return made.code


@transaction.atomic(durable=True)
def set_policy(
    code: str, rules: Mapping[str, Any], *, in_force_from: date | datetime, by: Actor, at: datetime,
    idempotency_key: str,
) -> int:  # fmt: skip
    """Put the next version of an authority's policy in force from a day or instant not in the past; give its version.

    The operator's alone, at the server: two administrators do it through ``policies``.
    """
    if by.authority is not None or Role.SYSTEM not in by.roles:
        raise errors.RoleNotAllowed("two administrators set policy: propose it", roles=[Role.SYSTEM])
    row = Authority.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=code)
    body = {"code": code, "rules": rules, "from": in_force_from}
    once = Once(by, idempotency_key, "set_policy", body, at)
    if (done := once.outcome()) is not None:
        return int(done["version"])
    start = freezing.instant(in_force_from, row.zone)
    policies.not_past(start, at)
    version = policies.put_in_force(row, policy.parse(rules), since=start, by=by, at=at)
    once.keep({"version": version})
    return version


# --- agencies ----------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def register(
    authority: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str
) -> Written:
    """Enter an agency into the register; it has no licence yet and nothing of it is public.

    ``fields``: ``legal_name`` and ``country``, and any of the agency's columns; ``bank_account`` is kept as HMAC.
    """
    _writer(by, authority)
    once = Once(
        by, idempotency_key, "register_agency", {"authority": authority, **changes.keyed_account(fields)}, at
    )
    if (done := once.outcome()) is not None:
        return _written(done)
    row = Authority.objects.filter(code=authority).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=authority)
    clean = {"country": row.country} | changes.agency_columns(fields)
    for needed in ("legal_name", "country"):
        if not clean.get(needed):
            raise errors.BadInput("{field} is needed", field=needed)
    made = Agency(number=changes.next_number(numbering.Kind.AGENCY), authority=row, **clean)
    changes.save(made, by=by, at=at, reason="registered")
    taken = _taken(made, Action.REGISTER_AGENCY, sorted(clean), officers=(by.number,), at=at)
    return _kept(made, made.number, taken, once, by=by, at=at)


def enter(
    authority: Authority, fields: Mapping[str, Any], *, offices: Sequence[Mapping[str, Any]],
    channels: Mapping[str, str], people: Sequence[Mapping[str, Any]], by: Actor, at: datetime, commit: ledger.Commit,
) -> Agency:  # fmt: skip
    """Enter an agency with its offices, channels and people, within the caller's transaction and commit.

    For an applicant to whom a licence is granted. ``channels``: value by kind, each once. ``people``: name, role, and
    what else is known of them; a paper's number as HMAC.
    """
    _writer(by, authority.code)
    clean = {"country": authority.country} | changes.agency_columns(fields)
    made = Agency(number=changes.next_number(numbering.Kind.AGENCY), authority=authority, **clean)
    changes.save(made, by=by, at=at, reason="registered")
    today = days.local_day(at, authority.zone)
    for office in offices:
        clean = changes.office_columns({"country": made.country, **office})
        row = Office(number=changes.next_number(numbering.Kind.OFFICE), agency=made, first_day=today, **clean)
        changes.save(row, by=by, at=at, reason="office")
    for kind, value in channels.items():
        changes.save(
            Channel(agency=made, kind=kind, value=value, as_given=value, verified_at=None, first_day=today),
            by=by, at=at, reason="channel",
        )  # fmt: skip
    for said in people:
        person = {name: value for name, value in said.items() if name != "role"}
        someone = Person(number=changes.next_number(numbering.Kind.PERSON), authority=authority, **person)
        bars.refuse_barred(someone, said["role"], today, None)
        changes.save(someone, by=by, at=at, reason="entered")
        changes.save(
            Appointment(
                number=changes.next_number(numbering.Kind.APPOINTMENT), agency=made, person=someone, role=said["role"],
                first_day=today,
            ),
            by=by, at=at, reason="appointed",
        )  # fmt: skip
    commit.add(
        Entry(
            authority=authority, agency=made, kind=Kind.FACT.value, action=Action.REGISTER_AGENCY.value, decided_at=at,
            effective_from=at, zone=authority.zone, effect={"changed": sorted(fields)}, published=False,
            officers=[by.number],
        )
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def amend(
    number: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, expected_version: int | None = None,
    idempotency_key: str, reason: str = "",
) -> Written | Waiting:  # fmt: skip
    """Change an agency's columns; the published answers of its licences follow in the same transaction."""
    said = {"number": number, "reason": reason, **changes.keyed_account(fields)}
    once = Once(by, idempotency_key, "amend_agency", said, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    if expected_version is not None and agency.version != expected_version:
        raise errors.VersionConflict(
            "the agency has changed", expected=expected_version, actual=agency.version
        )
    return _change(agency, changes.amended(agency, fields, reason=reason), once, by=by, at=at)


@transaction.atomic(durable=True)
def add_trading_name(
    number: str, name: str, *, by: Actor, at: datetime, idempotency_key: str, first_day: date | None = None,
    last_day: date | None = None,
) -> Written | Waiting:  # fmt: skip
    """Add a name under which the agency trades."""
    said = {"number": number, "name": name, "first": first_day, "last": last_day}
    once = Once(by, idempotency_key, "add_trading_name", said, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    change = changes.trading_name(name, first_day=first_day, last_day=last_day)
    return _change(agency, change, once, by=by, at=at)


@transaction.atomic(durable=True)
def add_channel(
    number: str, kind: str, value: str, *, by: Actor, at: datetime, idempotency_key: str, office: str | None = None,
    verified: bool = False, first_day: date | None = None,
) -> Written | Waiting:  # fmt: skip
    """Add an official way to reach the agency; ``verified``: an officer has tried it."""
    said = {
        "number": number, "kind": kind, "value": value, "office": office, "verified": verified, "first": first_day,
    }  # fmt: skip
    once = Once(by, idempotency_key, "add_channel", said, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    change = changes.channel(
        agency, kind, value, office=office, verified_at=at if verified else None, first_day=first_day
    )
    return _change(agency, change, once, by=by, at=at)


@transaction.atomic(durable=True)
def end_channel(
    number: str, kind: str, value: str, *, last_day: date, by: Actor, at: datetime, idempotency_key: str
) -> Written | Waiting:
    """End an official channel on a day; it stays in the history."""
    said = {"number": number, "kind": kind, "value": value, "last": last_day}
    once = Once(by, idempotency_key, "end_channel", said, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    change = changes.channel_ended(agency, kind, value, last_day=last_day)
    return _change(agency, change, once, by=by, at=at)


@transaction.atomic(durable=True)
def add_office(
    number: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str
) -> Written | Waiting:
    """Open an office (``kind``: head or branch); give its number."""
    once = Once(by, idempotency_key, "add_office", {"number": number, **fields}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    return _change(agency, changes.office(agency, fields), once, by=by, at=at)


@transaction.atomic(durable=True)
def amend_office(
    number: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str
) -> Written | Waiting:
    """Change an office, or close it with ``last_day``."""
    once = Once(by, idempotency_key, "amend_office", {"number": number, **fields}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = Office.objects.filter(number=number).values_list("agency__number", flat=True).first()
    missing = errors.OfficeNotFound("no office has this number", number=number)
    if holder is None:
        raise missing
    agency = _locked(holder, by=by, unseen=missing)
    return _change(agency, changes.office_amended(number, fields), once, by=by, at=at)


@transaction.atomic(durable=True)
def appoint(
    agency: str, *, name: str, role: str, first_day: date, by: Actor, at: datetime, idempotency_key: str,
    latin_name: str = "", person: str | None = None, office: str | None = None, last_day: date | None = None,
    birth_date: date | None = None, nationality: str = "", document: str = "", public_name: bool = True,
    withheld_reason: str = "",
) -> Written | Waiting:  # fmt: skip
    """Appoint a person to act for an agency; give the appointment's number.

    ``person``: the number of somebody known; otherwise a person is entered. ``document``: an identity paper's number,
    kept as HMAC only (rulings 13). A name that is withheld needs a reason.
    """
    said: dict[str, Any] = {
        "name": name, "role": role, "first_day": first_day, "latin_name": latin_name, "person": person,
        "office": office, "last_day": last_day, "birth_date": birth_date, "nationality": nationality,
        "document": document, "public_name": public_name, "withheld_reason": withheld_reason,
    }  # fmt: skip
    body = said | {"agency": agency, "document": keyed(document) if document else ""}
    once = Once(by, idempotency_key, "appoint", body, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = _locked(agency, by=by)
    return _change(holder, changes.appointment(holder, **said), once, by=by, at=at)


@transaction.atomic(durable=True)
def end_appointment(
    number: str, *, last_day: date, by: Actor, at: datetime, idempotency_key: str
) -> Written | Waiting:
    """End an appointment on a day."""
    once = Once(by, idempotency_key, "end_appointment", {"number": number, "last": last_day}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = Appointment.objects.filter(number=number).values_list("agency__number", flat=True).first()
    missing = errors.AppointmentNotFound("no appointment has this number", number=number)
    if holder is None:
        raise missing
    agency = _locked(holder, by=by, unseen=missing)
    return _change(agency, changes.appointment_ended(number, last_day=last_day), once, by=by, at=at)


@transaction.atomic(durable=True)
def show_photograph(
    number: str,
    content: bytes,
    *,
    by: Actor,
    at: datetime,
    idempotency_key: str,
    agreed_on: date | None = None,
) -> Written | Waiting:
    """Have an office, or a person at an appointment, show a photograph: a small JPEG and nothing but the picture.

    ``agreed_on``: the day on which the person agreed in writing that the public sees it; needed for a person.
    """
    digest = hashlib.sha256(content).hexdigest()
    said = {"number": number, "photograph": digest, "agreed_on": agreed_on}
    once = Once(by, idempotency_key, "show_photograph", said, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked_of(number, by=by)
    kept = photographs.keep(content, by=by, at=at)
    return _change(agency, changes.photograph(number, kept, agreed_on=agreed_on, at=at), once, by=by, at=at)


@transaction.atomic(durable=True)
def withdraw_photograph(number: str, *, by: Actor, at: datetime, idempotency_key: str) -> Written | Waiting:
    """Have an office or a person show no photograph any more: at once, by one officer."""
    once = Once(by, idempotency_key, "withdraw_photograph", {"number": number}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked_of(number, by=by)
    return _change(agency, changes.photograph(number, "", agreed_on=None, at=at), once, by=by, at=at)


def _locked_of(number: str, *, by: Actor) -> Agency:
    """The locked agency of an office or an appointment."""
    holder = (
        Office.objects.filter(number=number).values_list("agency__number", flat=True).first()
        or Appointment.objects.filter(number=number).values_list("agency__number", flat=True).first()
    )
    missing = errors.OfficeNotFound("no office and no appointment has this number", number=number)
    if holder is None:
        raise missing
    return _locked(holder, by=by, unseen=missing)


# --- four eyes ---------------------------------------------------------------------------------------------------


def _change(agency: Agency, change: Change, once: Once, *, by: Actor, at: datetime) -> Written | Waiting:
    """Write a change of a locked agency, or have it wait for another officer."""
    if by.authority is not None and _is_read_of(agency, at=at):
        if not change.takes_away(today=days.local_day(at, agency.authority.zone)):
            return _propose(agency, change, once, by=by, at=at)
        second_factor.demand(by, at=at)
    changes.write(agency, change, by=by, at=at)
    taken = _taken(agency, Action.AMEND_AGENCY, change.about, officers=(by.number,), at=at)
    return _kept(agency, change.record, taken, once, by=by, at=at)


def _is_read_of(agency: Agency, *, at: datetime) -> bool:
    """Whether anybody reads of the agency, or will once a licence that was proposed is granted.

    What the second officer has looked at before a grant must not move under the grant.
    """
    published = PublishedRecord.objects.filter(licence__agency=agency)
    return published.exists() or proposals.grant_waits(agency, at=at)


def _propose(agency: Agency, change: Change, once: Once, *, by: Actor, at: datetime) -> Waiting:
    """Have the change wait, after it was tried: whatever would refuse it refuses it now."""
    with transaction.atomic():
        changes.write(agency, change, by=by, at=at)
        transaction.set_rollback(True)
    row = proposals.write(
        Action.AMEND_AGENCY, change.subject, change.terms(), by=by, at=at, licence=None, agency=agency
    )
    waits = Waiting(row.pk, agency.number, change.record)
    once.keep({"proposal": waits.proposal, "agency": waits.agency, "number": waits.number})
    return waits


def change_of(waiting: Proposal) -> Change | None:
    """The change that a proposal is about; nothing for one of a licence's step."""
    if waiting.action != Action.AMEND_AGENCY:
        return None
    return Change.of_terms(waiting.terms, subject=waiting.subject)


def overtaken(change: Change, agency: str) -> bool:
    """Whether what a change that waits speaks of is no longer as it was when it was proposed."""
    row = Agency.objects.get(number=agency)
    return dict(changes.before(row, change)) != dict(change.before)


def carry_out(change: Change, agency: str, *, officers: Sequence[str], by: Actor, at: datetime) -> Taken:
    """Write a change that waited, within the transaction of its last approval; the caller closes what was taken.

    Refuses where what it speaks of has changed since it was proposed.
    """
    row = _locked(agency, by=by)
    if dict(changes.before(row, change)) != dict(change.before):
        raise errors.ProposalOvertaken("what the change speaks of is not as it was when it was proposed")
    changes.write(row, change, by=by, at=at)
    return _taken(row, Action.AMEND_AGENCY, change.about, officers=officers, at=at)


# --- what every change does --------------------------------------------------------------------------------------


def _taken(
    agency: Agency, action: Action, changed: Sequence[str], *, officers: Sequence[str], at: datetime
) -> Taken:
    """The change followed up in a commit of its own, and the news; the numbers are still to be taken."""
    commit = ledger.Commit()
    entry = follow_up(agency, action, changed, officers=officers, commit=commit, at=at)
    news.put()
    return Taken(commit, (entry,))


def follow_up(
    agency: Agency, action: Action, changed: Sequence[str], *, officers: Sequence[str], commit: ledger.Commit,
    at: datetime,
) -> Entry:  # fmt: skip
    """Enter a change of a locked agency in a commit; its answers, its index and its marks follow. The entry.

    For every writer of an agency's records; news and numbers are the caller's.
    """
    entry = commit.add(
        Entry(
            authority=agency.authority, agency=agency, kind=Kind.FACT.value, action=action.value, decided_at=at,
            effective_from=at, zone=agency.authority.zone, effect={"changed": list(changed)},
            published=action is Action.AMEND_AGENCY, officers=list(officers),
        )
    )  # fmt: skip
    for licence in Licence.objects.select_for_update().filter(agency=agency).order_by("number"):
        entries = records.fold_entries(licence.pk, own_at=at)
        if entries:
            publishing.publish(licence, entries, commit_id=commit.id, ordinal=entry.ordinal, at=at)
    indexing.index([agency.number])
    marks.index([agency.number], at=at)
    return entry


def _kept(agency: Agency, number: str, taken: Taken, once: Once, *, by: Actor, at: datetime) -> Written:
    """Remember the answer and take the numbers, last of all."""
    told = {"number": number, "agency": agency.number, "version": agency.version, "commit": taken.commit.id}
    once.keep(told)
    closed = taken.commit.close(by=by.number, at=at)
    return Written(number=number, agency=agency.number, version=agency.version, sequence=closed.base + 1)


def _again(done: Mapping[str, Any]) -> Written | Waiting:
    """What was answered before under the same key."""
    if "proposal" in done:
        return Waiting(done["proposal"], done["agency"], done["number"])
    return _written(done)


def _written(done: Mapping[str, Any]) -> Written:
    base = RegisterCommit.objects.values_list("base", flat=True).get(pk=done["commit"])
    return Written(number=done["number"], agency=done["agency"], version=done["version"], sequence=base + 1)


def may_write(by: Actor) -> bool:
    """Whether the officer's role changes agencies' records."""
    return bool(by.roles & WRITERS)


def _writer(by: Actor, authority: str, *, unseen: errors.NotFound | None = None) -> None:
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority:
        raise errors.OutsideAuthority(
            "the record belongs to another authority", authority=authority, unseen=unseen
        )
    if not may_write(by):
        raise errors.RoleNotAllowed("this role does not write", roles=sorted(WRITERS))


def _locked(number: str, *, by: Actor, unseen: errors.NotFound | None = None) -> Agency:
    row = (
        Agency.objects.select_for_update(of=("self",), no_key=True)
        .select_related("authority")
        .filter(number=number)
        .first()
    )
    missing = errors.AgencyNotFound("no agency has this number", number=number)
    if row is None:
        raise missing
    _writer(by, row.authority.code, unseen=unseen or missing)
    if (stays := records.led_on(number)) is not None:
        raise errors.AgencyClosed("the record was merged into another", number=stays)
    return row
