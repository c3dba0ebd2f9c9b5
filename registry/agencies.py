"""The only writer of authorities, agencies, offices, channels, persons and appointments.

Every change is one durable transaction: the records with their history, an entry in the register, the published answers
of the agency's licences made again, the search index and the news. What people typed is stored in one normal form, or
refused with the field's name.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import pycountry
from django.conf import settings
from django.db import IntegrityError, models, transaction

from registry import history, ledger, marks, news, publishing, records
from registry.idempotency import Once
from registry.models import (
    Agency,
    Appointment,
    Authority,
    Channel,
    Entry,
    Licence,
    NumberSeries,
    Office,
    Person,
    PolicySet,
    RegisterCommit,
    TradingName,
)
from registry.models import person as persons
from registry.rules import contacts, days, errors, freezing, numbering, policy
from registry.rules.lifecycle import Action, Actor, Kind, Role
from registry.search import indexing

WRITERS = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR})
_REGIONS = frozenset(region.code for region in pycountry.subdivisions)
R = TypeVar("R", bound=models.Model)

_AGENCY_TEXTS = (
    "legal_name", "latin_name", "legal_form", "country", "company_register", "company_number", "lei", "tax_number",
    "address", "locality",
)  # fmt: skip
_AGENCY_FIELDS = frozenset(_AGENCY_TEXTS) | {"sole_trader", "incorporated_on", "bank_account", "linked_to"}
_OFFICE_FIELDS = frozenset(
    {"kind", "name", "address", "locality", "region", "postcode", "country", "latitude", "longitude", "authorisation",
     "first_day", "last_day"}
)  # fmt: skip
_CHANNELS = {
    "phone": contacts.phone,
    "email": contacts.email,
    "domain": contacts.web_domain,
    "social": contacts.social_page,
}
ROLES = tuple(role for role, _ in persons.ROLES)
"""What a person can be appointed to."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a change left behind: the record's number, the agency and its version for the next change."""

    number: str
    agency: str
    version: int
    sequence: int


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
    _policy_row(made, read, in_force_from=at, by=by, at=at)
    if once:
        once.keep({"code": made.code})
    return made.code


@transaction.atomic(durable=True)
def set_policy(
    code: str, rules: Mapping[str, Any], *, in_force_from: date | datetime, by: Actor, at: datetime,
    idempotency_key: str,
) -> int:  # fmt: skip
    """Put the next version of an authority's policy in force from a day or instant not in the past; give its version.

    Entries keep what was frozen into them: a changed policy rewrites no past (rulings 2). Where it brings other words
    for a state, or another rule on what workers may be asked to pay, what is published of the authority's licences
    follows, from the day on which it has force.
    """
    if not by.roles & {Role.ADMINISTRATOR, Role.SYSTEM}:
        raise errors.RoleNotAllowed("an administrator sets policy", roles=[Role.ADMINISTRATOR])
    row = Authority.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=code)
    if by.authority not in {None, code}:
        raise errors.OutsideAuthority("another authority's policy", authority=code)
    body = {"code": code, "rules": rules, "from": in_force_from}
    once = Once(by, idempotency_key, "set_policy", body, at)
    if (done := once.outcome()) is not None:
        return int(done["version"])
    start = freezing.instant(in_force_from, row.zone)
    if start < at:
        raise errors.BackdatingRefused("a policy cannot have force before it is set", field="in_force_from")
    words = records.stated(row.pk)
    version = _policy_row(row, policy.parse(rules), in_force_from=start, by=by, at=at)
    if records.stated(row.pk) != words:
        publishing.reword(row, words, at=at)
    once.keep({"version": version})
    return version


def _policy_row(
    row: Authority, read: policy.Policy, *, in_force_from: datetime, by: Actor, at: datetime
) -> int:
    version = PolicySet.objects.filter(authority=row).count() + 1
    rules = read.as_json() | {"version": version}
    PolicySet.objects.create(
        authority=row, version=version, in_force_from=in_force_from, recorded_at=at, by=by.number, rules=rules
    )
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
        by, idempotency_key, "register_agency", {"authority": authority, **_keyed_account(fields)}, at
    )
    if (done := once.outcome()) is not None:
        return _again(done)
    row = Authority.objects.filter(code=authority).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=authority)
    clean = _agency_fields(fields, country=row.country)
    for needed in ("legal_name", "country"):
        if not clean.get(needed):
            raise errors.BadInput("{field} is needed", field=needed)
    made = Agency(number=_next_number(numbering.Kind.AGENCY), authority=row, **clean)
    _save(made, by=by, at=at, reason="registered")
    return _done(made, Action.REGISTER_AGENCY, sorted(clean), made.number, once, by=by, at=at)


def enter(
    authority: Authority, fields: Mapping[str, Any], *, offices: Sequence[Mapping[str, Any]],
    channels: Mapping[str, str], people: Sequence[Mapping[str, Any]], by: Actor, at: datetime, commit: ledger.Commit,
) -> Agency:  # fmt: skip
    """Enter an agency with its offices, channels and people, within the caller's transaction and commit.

    For an applicant to whom a licence is granted. ``channels``: value by kind, each once. ``people``: name, role, and
    what else is known of them; a paper's number as HMAC.
    """
    _writer(by, authority.code)
    clean = _agency_fields(fields, country=authority.country)
    made = Agency(number=_next_number(numbering.Kind.AGENCY), authority=authority, **clean)
    _save(made, by=by, at=at, reason="registered")
    today = days.local_day(at, authority.zone)
    for office in offices:
        clean = _office_fields({"country": made.country, **office})
        row = Office(number=_next_number(numbering.Kind.OFFICE), agency=made, first_day=today, **clean)
        _save(row, by=by, at=at, reason="office")
    for kind, value in channels.items():
        _save(
            Channel(agency=made, kind=kind, value=value, as_given=value, verified_at=None, first_day=today),
            by=by, at=at, reason="channel",
        )  # fmt: skip
    for said in people:
        person = {name: value for name, value in said.items() if name != "role"}
        someone = Person(number=_next_number(numbering.Kind.PERSON), authority=authority, **person)
        _save(someone, by=by, at=at, reason="entered")
        _save(
            Appointment(
                number=_next_number(numbering.Kind.APPOINTMENT), agency=made, person=someone, role=said["role"],
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
) -> Written:  # fmt: skip
    """Change an agency's columns; the published answers of its licences follow in the same transaction."""
    once = Once(
        by,
        idempotency_key,
        "amend_agency",
        {"number": number, "reason": reason, **_keyed_account(fields)},
        at,
    )
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    if expected_version is not None and agency.version != expected_version:
        raise errors.VersionConflict(
            "the agency has changed", expected=expected_version, actual=agency.version
        )
    clean = _agency_fields(fields, country=agency.country)
    for name, value in clean.items():
        setattr(agency, name, value)
    if not agency.legal_name:
        raise errors.BadInput("legal_name is needed", field="legal_name")
    return _done(agency, Action.AMEND_AGENCY, sorted(clean), number, once, by=by, at=at, reason=reason)


@transaction.atomic(durable=True)
def add_trading_name(
    number: str, name: str, *, by: Actor, at: datetime, idempotency_key: str, first_day: date | None = None,
    last_day: date | None = None,
) -> Written:  # fmt: skip
    """Add a name under which the agency trades."""
    once = Once(
        by,
        idempotency_key,
        "add_trading_name",
        {"number": number, "name": name, "first": first_day, "last": last_day},
        at,
    )
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    _in_order(first_day, last_day)
    _save(
        TradingName(agency=agency, name=contacts.name(name), first_day=first_day, last_day=last_day),
        by=by, at=at, reason="trading name",
    )  # fmt: skip
    return _done(agency, Action.AMEND_AGENCY, ["trading_names"], number, once, by=by, at=at)


@transaction.atomic(durable=True)
def add_channel(
    number: str, kind: str, value: str, *, by: Actor, at: datetime, idempotency_key: str, office: str | None = None,
    verified: bool = False, first_day: date | None = None,
) -> Written:  # fmt: skip
    """Add an official way to reach the agency; ``verified``: an officer has tried it."""
    once = Once(
        by,
        idempotency_key,
        "add_channel",
        {
            "number": number,
            "kind": kind,
            "value": value,
            "office": office,
            "verified": verified,
            "first": first_day,
        },
        at,
    )
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    if kind not in _CHANNELS:
        raise errors.BadInput("a channel is one of {kinds}", field="kind", kinds=list(_CHANNELS))
    normal = contacts.phone(value, country=agency.country) if kind == "phone" else _CHANNELS[kind](value)
    place = _office_of(agency, office) if office else None
    row = Channel(
        agency=agency, office=place, kind=kind, value=normal, as_given=value, verified_at=at if verified else None,
        first_day=first_day,
    )  # fmt: skip
    _save(row, by=by, at=at, reason="channel")
    return _done(agency, Action.AMEND_AGENCY, ["channels"], number, once, by=by, at=at)


@transaction.atomic(durable=True)
def end_channel(
    number: str, kind: str, value: str, *, last_day: date, by: Actor, at: datetime, idempotency_key: str
) -> Written:
    """End an official channel on a day; it stays in the history."""
    once = Once(
        by,
        idempotency_key,
        "end_channel",
        {"number": number, "kind": kind, "value": value, "last": last_day},
        at,
    )
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    row = Channel.objects.filter(agency=agency, kind=kind, value=value, last_day__isnull=True).first()
    if row is None:
        raise errors.BadInput("the agency has no such open channel", field="value")
    _in_order(row.first_day, last_day)
    row.last_day = last_day
    _save(row, by=by, at=at, reason="channel ended")
    return _done(agency, Action.AMEND_AGENCY, ["channels"], number, once, by=by, at=at)


@transaction.atomic(durable=True)
def add_office(
    number: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str
) -> Written:
    """Open an office (``kind``: head or branch); give its number."""
    once = Once(by, idempotency_key, "add_office", {"number": number, **fields}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    agency = _locked(number, by=by)
    clean = _office_fields(fields)
    if clean.get("kind") not in {"head", "branch"}:
        raise errors.BadInput("an office is head or branch", field="kind")
    clean.setdefault("country", agency.country)
    row = Office(number=_next_number(numbering.Kind.OFFICE), agency=agency, **clean)
    _in_order(row.first_day, row.last_day)
    _save(row, by=by, at=at, reason="office")
    return _done(agency, Action.AMEND_AGENCY, ["offices"], row.number, once, by=by, at=at)


@transaction.atomic(durable=True)
def amend_office(
    number: str, fields: Mapping[str, Any], *, by: Actor, at: datetime, idempotency_key: str
) -> Written:
    """Change an office, or close it with ``last_day``."""
    once = Once(by, idempotency_key, "amend_office", {"number": number, **fields}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = Office.objects.filter(number=number).values_list("agency__number", flat=True).first()
    if holder is None:
        raise errors.OfficeNotFound("no office has this number", number=number)
    agency = _locked(holder, by=by)
    found = Office.objects.get(number=number)  # read under the lock: a change just acknowledged is in it
    for name, value in _office_fields(fields).items():
        setattr(found, name, value)
    _in_order(found.first_day, found.last_day)
    _save(found, by=by, at=at, reason="office amended")
    return _done(agency, Action.AMEND_AGENCY, ["offices"], number, once, by=by, at=at)


@transaction.atomic(durable=True)
def appoint(
    agency: str, *, name: str, role: str, first_day: date, by: Actor, at: datetime, idempotency_key: str,
    latin_name: str = "", person: str | None = None, office: str | None = None, last_day: date | None = None,
    birth_date: date | None = None, nationality: str = "", document: str = "", public_name: bool = True,
    withheld_reason: str = "",
) -> Written:  # fmt: skip
    """Appoint a person to act for an agency; give the appointment's number.

    ``person``: the number of somebody known; otherwise a person is entered. ``document``: an identity paper's number,
    kept as HMAC only (rulings 13). A name that is withheld needs a reason.
    """
    body = {
        "agency": agency,
        "name": name,
        "role": role,
        "first": first_day,
        "latin_name": latin_name,
        "person": person,
        "office": office,
        "last": last_day,
        "birth_date": birth_date,
        "nationality": nationality,
        "document": keyed(document) if document else "",
        "public_name": public_name,
        "withheld_reason": withheld_reason,
    }
    once = Once(by, idempotency_key, "appoint", body, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = _locked(agency, by=by)
    if role not in ROLES:
        raise errors.BadInput("a role is one of {roles}", field="role", roles=sorted(ROLES))
    if not public_name and not withheld_reason:
        raise errors.BadInput("say why the name is withheld", field="withheld_reason")
    _in_order(first_day, last_day)
    someone = _person(holder, person) if person else Person(
        number=_next_number(numbering.Kind.PERSON), authority=holder.authority, name=contacts.name(name),
        latin_name=contacts.name(latin_name) if latin_name else "", birth_date=birth_date,
        nationality=contacts.corridor(nationality, field="nationality") if nationality else "",
        document_hmac=keyed(document) if document else "",
    )  # fmt: skip
    if someone.pk is None:
        _save(someone, by=by, at=at, reason="entered")
    row = Appointment(
        number=_next_number(numbering.Kind.APPOINTMENT), agency=holder, person=someone,
        office=_office_of(holder, office) if office else None, role=role, first_day=first_day, last_day=last_day,
        public_name=public_name, withheld_reason=withheld_reason,
    )  # fmt: skip
    _save(row, by=by, at=at, reason="appointed")
    return _done(holder, Action.AMEND_AGENCY, ["appointments"], row.number, once, by=by, at=at)


@transaction.atomic(durable=True)
def end_appointment(number: str, *, last_day: date, by: Actor, at: datetime, idempotency_key: str) -> Written:
    """End an appointment on a day."""
    once = Once(by, idempotency_key, "end_appointment", {"number": number, "last": last_day}, at)
    if (done := once.outcome()) is not None:
        return _again(done)
    holder = Appointment.objects.filter(number=number).values_list("agency__number", flat=True).first()
    if holder is None:
        raise errors.AppointmentNotFound("no appointment has this number", number=number)
    agency = _locked(holder, by=by)
    row = Appointment.objects.get(number=number)  # read under the lock: a change just acknowledged is in it
    _in_order(row.first_day, last_day)
    row.last_day = last_day
    _save(row, by=by, at=at, reason="appointment ended")
    return _done(agency, Action.AMEND_AGENCY, ["appointments"], number, once, by=by, at=at)


# --- what every change does --------------------------------------------------------------------------------------


def _done(
    agency: Agency, action: Action, changed: Sequence[str], number: str, once: Once, *, by: Actor, at: datetime,
    reason: str = "",
) -> Written:  # fmt: skip
    """The entry, the published answers, the search index, the news; the numbers are taken last."""
    if action is Action.AMEND_AGENCY:
        agency.version += 1
        _save(agency, by=by, at=at, reason=reason or f"amended: {', '.join(changed)}")
    commit = ledger.Commit()
    entry = commit.add(
        Entry(
            authority=agency.authority, agency=agency, kind=Kind.FACT.value, action=action.value, decided_at=at,
            effective_from=at, zone=agency.authority.zone, effect={"changed": list(changed)},
            published=action is Action.AMEND_AGENCY, officers=[by.number],
        )
    )  # fmt: skip
    for licence in Licence.objects.select_for_update().filter(agency=agency).order_by("number"):
        entries = records.fold_entries(licence.pk, own_at=at)
        if entries:
            publishing.publish(licence, entries, commit_id=commit.id, ordinal=entry.ordinal, at=at)
    indexing.index([agency.number])
    marks.index([agency.number], at=at)
    news.put()
    once.keep({"number": number, "agency": agency.number, "version": agency.version, "commit": commit.id})
    closed = commit.close(by=by.number, at=at)
    return Written(number=number, agency=agency.number, version=agency.version, sequence=closed.base + 1)


def _again(done: Mapping[str, Any]) -> Written:
    """What was answered before under the same key."""
    base = RegisterCommit.objects.values_list("base", flat=True).get(pk=done["commit"])
    return Written(number=done["number"], agency=done["agency"], version=done["version"], sequence=base + 1)


def _save(row: R, *, by: Actor, at: datetime, reason: str) -> R:
    """Save with history; a clash with what the register holds is a refusal, not a crash."""
    try:
        with transaction.atomic():
            return history.save(row, by=by.number, at=at, reason=reason)
    except IntegrityError as clash:
        constraint = getattr(getattr(clash.__cause__, "diag", None), "constraint_name", "") or ""
        raise errors.DuplicateRecord(
            "the register holds such a record already", constraint=constraint
        ) from clash


def _writer(by: Actor, authority: str) -> None:
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if by.authority != authority:
        raise errors.OutsideAuthority("the record belongs to another authority", authority=authority)
    if not by.roles & WRITERS:
        raise errors.RoleNotAllowed("this role does not write", roles=sorted(WRITERS))


def _locked(number: str, *, by: Actor) -> Agency:
    row = (
        Agency.objects.select_for_update(of=("self",))
        .select_related("authority")
        .filter(number=number)
        .first()
    )
    if row is None:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    _writer(by, row.authority.code)
    return row


def _office_of(agency: Agency, number: str) -> Office:
    row = Office.objects.filter(agency=agency, number=number).first()
    if row is None:
        raise errors.OfficeNotFound("the agency has no such office", number=number, field="office")
    return row


def _person(agency: Agency, number: str) -> Person:
    row = Person.objects.filter(authority=agency.authority, number=number).first()
    if row is None:
        raise errors.PersonNotFound("no person has this number", number=number, field="person")
    return row


def _next_number(kind: numbering.Kind) -> str:
    NumberSeries.objects.get_or_create(prefix=kind.value)
    series = NumberSeries.objects.select_for_update().get(prefix=kind.value)
    given = numbering.next_reference(kind, after=series.last)
    series.last = given.serial
    series.save()
    return str(given)


# --- what people typed -------------------------------------------------------------------------------------------


def _agency_fields(fields: Mapping[str, Any], *, country: str) -> dict[str, Any]:
    """The columns in normal form; refuses unknown fields and values by name."""
    _known(fields, _AGENCY_FIELDS)
    clean: dict[str, Any] = {}
    for name, value in fields.items():
        if name in {"legal_name", "latin_name"}:
            clean[name] = contacts.name(value, field=name) if value else ""
        elif name == "lei":
            clean[name] = contacts.lei(value) if value else ""
        elif name == "country":
            clean[name] = contacts.corridor(value, field=name)
        elif name == "bank_account":
            clean["bank_account_hmac"] = keyed(value) if value else ""
        elif name in _AGENCY_TEXTS:
            clean[name] = _text(value, name)
        else:
            clean[name] = value
    clean.setdefault("country", country)
    return clean


def _keyed_account(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as an idempotency key remembers them: no digest of an account's number without the key."""
    account = fields.get("bank_account")
    return dict(fields) | ({"bank_account": keyed(account)} if isinstance(account, str) else {})


def _office_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    _known(fields, _OFFICE_FIELDS)
    clean = dict(fields)
    for name in ("name", "address", "locality", "region", "postcode", "authorisation"):
        if name in clean:
            clean[name] = _text(clean[name], name)
    if clean.get("country"):
        clean["country"] = contacts.corridor(clean["country"], field="country")
    if clean.get("region") and clean["region"] not in _REGIONS:
        raise errors.BadInput("a region is an ISO 3166-2 code", field="region")
    return clean


def _known(fields: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(fields) - known):
        raise errors.BadInput("unknown field {field}", field=unknown[0])


def _text(value: object, field: str, *, longest: int = 1000) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise errors.BadInput("{field} is text of at most {most} characters", field=field, most=longest)
    return " ".join(value.split())


def _in_order(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and last < first:
        raise errors.BadInput("the last day is before the first", field="last_day")


def keyed(text: str) -> str:
    """A paper's or account's number as HMAC-SHA-256 under the key outside the database (rulings 13)."""
    plain = numbering.folded(text)
    return hmac.new(settings.REGISTRY_IDENTITY_KEY.encode(), plain.encode(), hashlib.sha256).hexdigest()
