"""What can change in an agency's records: each kind of change, its values in one normal form, and how it is written.

A change is read once from what people typed (``amended``, ``trading_name`` …) and refused there with the field's name;
from then on it is JSON. It is written from that alone, at once or when another officer has said yes: what waits is what
will be written. Whoever writes holds the agency's lock.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

import pycountry
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from registry import bars, history, ledger, photographs
from registry.models import (
    Agency,
    Appointment,
    Channel,
    Office,
    Person,
    TradingName,
)
from registry.models import person as persons
from registry.rules import contacts, days, errors, numbering
from registry.rules.lifecycle import Actor
from registry.rules.publication import PUBLIC_ROLES

R = TypeVar("R", bound=models.Model)

ROLES: Final = tuple(role for role, _ in persons.ROLES)
"""What a person can be appointed to."""

_REGIONS: Final = frozenset(region.code for region in pycountry.subdivisions)
_AGENCY_TEXTS: Final = (
    "legal_name", "latin_name", "legal_form", "country", "company_register", "company_number", "lei", "tax_number",
    "address", "locality",
)  # fmt: skip
_AGENCY_FIELDS: Final = frozenset(_AGENCY_TEXTS) | {
    "sole_trader", "incorporated_on", "bank_account", "linked_to",
}  # fmt: skip
_OFFICE_FIELDS: Final = frozenset(
    {"kind", "name", "address", "locality", "region", "postcode", "country", "latitude", "longitude", "authorisation",
     "first_day", "last_day"}
)  # fmt: skip
_CHANNELS: Final = {
    "phone": contacts.phone,
    "email": contacts.email,
    "domain": contacts.web_domain,
    "social": contacts.social_page,
}
_DIGESTS: Final = frozenset({"bank_account_hmac", "document_hmac"})


class Kind(StrEnum):
    """The kinds of changes."""

    AGENCY = "agency"
    TRADING_NAME = "trading_name"
    CHANNEL = "channel"
    END_CHANNEL = "end_channel"
    OFFICE = "office"
    AMEND_OFFICE = "amend_office"
    APPOINTMENT = "appointment"
    END_APPOINTMENT = "end_appointment"
    PHOTOGRAPH = "photograph"


_ABOUT: Final = {
    Kind.TRADING_NAME: "trading_names",
    Kind.CHANNEL: "channels",
    Kind.END_CHANNEL: "channels",
    Kind.OFFICE: "offices",
    Kind.AMEND_OFFICE: "offices",
    Kind.APPOINTMENT: "appointments",
    Kind.END_APPOINTMENT: "appointments",
    Kind.PHOTOGRAPH: "photographs",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one record, ready to be written.

    ``record``: the record's number, or the value of one without a number. ``before`` and ``after``: columns as JSON;
    ``before`` is empty for a record that is entered. ``subject``: a keyed digest of what it is about, the same for the
    same change: it stands in the journal, where nothing of people may be read; the words are in the columns.
    """

    kind: Kind
    record: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    reason: str = ""

    @property
    def about(self) -> list[str]:
        """What it changes, as the entry and the history name it."""
        return sorted(self.after) if self.kind is Kind.AGENCY else [_ABOUT[self.kind]]

    def terms(self) -> dict[str, Any]:
        """What a proposal keeps of it."""
        return {
            "kind": self.kind.value, "record": self.record, "before": dict(self.before), "after": dict(self.after),
            "reason": self.reason,
        }  # fmt: skip

    @classmethod
    def of_terms(cls, terms: Mapping[str, Any], *, subject: str) -> Self:
        """The change that a proposal keeps; one whose words were erased by order says nothing any more."""
        return cls(
            kind=Kind(terms.get("kind", Kind.AGENCY)), record=terms.get("record", ""), subject=subject,
            before=terms.get("before", {}), after=terms.get("after", {}), reason=terms.get("reason", ""),
        )  # fmt: skip

    def shown(self) -> dict[str, tuple[Any, Any]]:
        """Each column with its value before and after, for officers; of a digest only that there is one (true)."""
        return {
            name: (_shown(name, self.before.get(name)), _shown(name, value))
            for name, value in self.after.items()
            if name != "entered" and (self.before or value not in (None, "", []))
        }

    def takes_away(self, *, today: date) -> bool:
        """Whether the public only reads less by it, and nothing about days before yesterday (``today``: local).

        A channel or an appointment ends, an office closes: as of yesterday it is dark today. A photograph is withdrawn.
        """
        if self.kind is Kind.PHOTOGRAPH:
            return not self.after["photograph"]
        last, was = self.after.get("last_day"), self.before.get("last_day")
        ends = self.kind in {Kind.END_CHANNEL, Kind.END_APPOINTMENT} or (
            self.kind is Kind.AMEND_OFFICE and set(self.after) == {"last_day"}
        )
        yesterday = (today - timedelta(days=1)).isoformat()
        return ends and last is not None and last >= yesterday and (was is None or last < was)


# --- what people typed -------------------------------------------------------------------------------------------


def amended(agency: Agency, fields: Mapping[str, Any], *, reason: str = "") -> Change:
    """Other values in the agency's own columns."""
    after = _plain_all(agency_columns(fields))
    if not after.get("legal_name", "-"):
        raise errors.BadInput("legal_name is needed", field="legal_name")
    return Change(
        Kind.AGENCY, agency.number, after, _columns(agency, after),
        subject=_digest(f"agency {','.join(sorted(after))}"), reason=_text(reason, "reason"),
    )  # fmt: skip


def trading_name(name: str, *, first_day: date | None, last_day: date | None) -> Change:
    """A name under which the agency trades."""
    in_order(first_day, last_day)
    plain = contacts.name(name)
    after = _plain_all({"name": plain, "first_day": first_day, "last_day": last_day})
    return Change(Kind.TRADING_NAME, plain, after, subject=_digest(f"trading name {plain}"))


def channel(
    agency: Agency, kind: str, value: str, *, office: str | None, verified_at: datetime | None, first_day: date | None
) -> Change:  # fmt: skip
    """An official way to reach the agency."""
    if kind not in _CHANNELS:
        raise errors.BadInput("a channel is one of {kinds}", field="kind", kinds=list(_CHANNELS))
    normal = contacts.phone(value, country=agency.country) if kind == "phone" else _CHANNELS[kind](value)
    after = {
        "kind": kind, "value": normal, "as_given": value, "verified_at": verified_at, "first_day": first_day,
        "office": _office_of(agency, office).number if office else "",
    }  # fmt: skip
    return Change(Kind.CHANNEL, normal, _plain_all(after), subject=_digest(f"channel {kind} {normal}"))


def channel_ended(agency: Agency, kind: str, value: str, *, last_day: date) -> Change:
    """The end of an official channel."""
    row = _open_channel(agency, kind, value)
    if row is None:
        raise errors.BadInput("the agency has no such open channel", field="value")
    in_order(row.first_day, last_day)
    after = {"last_day": _plain(last_day)}
    return Change(
        Kind.END_CHANNEL, value, after | {"kind": kind}, {"last_day": None, "kind": kind},
        subject=_digest(f"end of channel {kind} {value}"),
    )  # fmt: skip


def office(agency: Agency, fields: Mapping[str, Any]) -> Change:
    """A new office, under a number of its own."""
    columns = {"country": agency.country} | office_columns(fields)
    if columns.get("kind") not in {"head", "branch"}:
        raise errors.BadInput("an office is head or branch", field="kind")
    in_order(columns.get("first_day"), columns.get("last_day"))
    after = _plain_all(columns)
    where = " ".join(str(after[name]) for name in ("name", "address", "locality") if after.get(name))
    number = next_number(numbering.Kind.OFFICE)
    return Change(Kind.OFFICE, number, after, subject=_digest(f"office {after['kind']} {where}".strip()))


def office_amended(number: str, fields: Mapping[str, Any]) -> Change:
    """Other values in an office's columns; ``last_day`` closes it."""
    row = Office.objects.get(number=number)
    columns = office_columns(fields)
    in_order(columns.get("first_day", row.first_day), columns.get("last_day", row.last_day))
    after = _plain_all(columns)
    return Change(
        Kind.AMEND_OFFICE, number, after, _columns(row, after),
        subject=_digest(f"office {number} {','.join(sorted(after))}"),
    )  # fmt: skip


def appointment(
    agency: Agency, *, name: str, role: str, first_day: date, latin_name: str, person: str | None, office: str | None,
    last_day: date | None, birth_date: date | None, nationality: str, document: str, public_name: bool,
    withheld_reason: str,
) -> Change:  # fmt: skip
    """A person who acts for the agency: somebody known, or entered with it under a number of their own."""
    if role not in ROLES:
        raise errors.BadInput("a role is one of {roles}", field="role", roles=sorted(ROLES))
    if not public_name and not withheld_reason:
        raise errors.BadInput("say why the name is withheld", field="withheld_reason")
    in_order(first_day, last_day)
    someone: dict[str, Any]
    if person:
        known = _person(agency, person)
        someone = {"person": known.number, "name": known.name, "entered": False}
    else:
        someone = {
            "person": next_number(numbering.Kind.PERSON), "name": contacts.name(name), "entered": True,
            "latin_name": contacts.name(latin_name) if latin_name else "",
            "birth_date": _value(Person, "birth_date", birth_date),
            "nationality": contacts.corridor(nationality, field="nationality") if nationality else "",
            "document_hmac": keyed(document) if document else "",
        }  # fmt: skip
    if not person:
        known = Person(authority=agency.authority, document_hmac=someone["document_hmac"])
    bars.refuse_barred(known, role, first_day, last_day)
    after = someone | {
        "office": _office_of(agency, office).number if office else "", "role": role, "first_day": first_day,
        "last_day": last_day, "public_name": public_name, "withheld_reason": _text(withheld_reason, "withheld_reason"),
    }  # fmt: skip
    who = person or someone["name"]
    number = next_number(numbering.Kind.APPOINTMENT)
    return Change(Kind.APPOINTMENT, number, _plain_all(after), subject=_digest(f"appointment {role} {who}"))


def appointment_ended(number: str, *, last_day: date) -> Change:
    """The end of an appointment."""
    row = Appointment.objects.get(number=number)
    in_order(row.first_day, last_day)
    after = {"last_day": _plain(last_day)}
    return Change(
        Kind.END_APPOINTMENT, number, after, _columns(row, after), subject=_digest(f"end of appointment {number}")
    )  # fmt: skip


def photograph(number: str, sha256: str, *, agreed_on: date | None, at: datetime) -> Change:
    """What an office or a person at an appointment shows from now on; nothing withdraws it.

    A person's is shown where the public reads the name, and from the day on which the person agreed in writing.
    """
    row = _pictured(number)
    after: dict[str, Any] = {"photograph": sha256}
    if isinstance(row, Appointment):
        after["photograph_agreed_on"] = agreed_on if sha256 else None
    if not sha256 and not row.photograph:
        raise errors.BadInput("no photograph is shown", field="photograph")
    if sha256:
        today = days.local_day(at, row.agency.authority.zone)
        if row.last_day is not None and row.last_day < today:
            raise errors.BadInput("what has ended shows no photograph", field="photograph")
        if isinstance(row, Appointment):
            _agreed(row, agreed_on, today)
    return Change(
        Kind.PHOTOGRAPH, number, _plain_all(after), _columns(row, after), subject=_digest(f"photograph {number}")
    )  # fmt: skip


def _agreed(row: Appointment, on: date | None, today: date) -> None:
    """Refuse a picture of somebody whose name the public does not read, or who has not agreed."""
    if not row.public_name or row.role not in PUBLIC_ROLES:
        raise errors.BadInput("the public does not read who this is", field="photograph")
    if on is None or on > today:
        raise errors.BadInput("say on which day the person agreed", field="agreed_on")


# --- as it stands, and as it is written --------------------------------------------------------------------------


def before(agency: Agency, change: Change) -> Mapping[str, Any]:
    """What the change's columns say now; other than ``change.before`` when events have overtaken it."""
    match change.kind:
        case Kind.AGENCY:
            return _columns(agency, change.before)
        case Kind.AMEND_OFFICE:
            return _columns(Office.objects.get(number=change.record), change.before)
        case Kind.END_APPOINTMENT:
            return _columns(Appointment.objects.get(number=change.record), change.before)
        case Kind.PHOTOGRAPH:
            return _columns(_pictured(change.record), change.before)
        case Kind.END_CHANNEL:
            held = _open_channel(agency, change.after["kind"], change.record)
            return {} if held is None else _columns(held, change.before)
    return {}


def write(agency: Agency, change: Change, *, by: Actor, at: datetime) -> None:
    """Write the records of a change with their history, the agency's own version among them."""
    said = change.after
    match change.kind:
        case Kind.AGENCY:
            _set(agency, said)
        case Kind.TRADING_NAME:
            save(_set(TradingName(agency=agency), said), by=by, at=at, reason="trading name")
        case Kind.CHANNEL:
            made = Channel(
                agency=agency, office=_office_of(agency, said["office"]) if said["office"] else None
            )
            save(_set(made, said, leave={"office"}), by=by, at=at, reason="channel")
        case Kind.END_CHANNEL:
            _end_channel(agency, change, by=by, at=at)
        case Kind.OFFICE:
            opened = Office(number=change.record, agency=agency)
            save(_set(opened, said), by=by, at=at, reason="office")
        case Kind.AMEND_OFFICE:
            place = Office.objects.get(number=change.record)
            save(_set(place, said), by=by, at=at, reason="office amended")
        case Kind.APPOINTMENT:
            _appoint(agency, change, by=by, at=at)
        case Kind.END_APPOINTMENT:
            acts = Appointment.objects.get(number=change.record)
            save(_set(acts, said), by=by, at=at, reason="appointment ended")
        case Kind.PHOTOGRAPH:
            _show(change, by=by, at=at)
    agency.version += 1
    save(agency, by=by, at=at, reason=change.reason or f"amended: {', '.join(change.about)}")


def _end_channel(agency: Agency, change: Change, *, by: Actor, at: datetime) -> None:
    ended = _open_channel(agency, change.after["kind"], change.record)
    if ended is None:
        raise errors.ProposalOvertaken("the channel has ended", field="value")
    save(_set(ended, change.after), by=by, at=at, reason="channel ended")


def _show(change: Change, *, by: Actor, at: datetime) -> None:
    sha256 = change.after["photograph"]
    if sha256 and not photographs.is_kept(sha256):
        raise errors.ProposalOvertaken("the photograph is gone", field="photograph")
    reason = "photograph" if sha256 else "photograph withdrawn"
    save(_set(_pictured(change.record), change.after), by=by, at=at, reason=reason)


def _appoint(agency: Agency, change: Change, *, by: Actor, at: datetime) -> None:
    said = change.after
    if said["entered"]:
        someone = Person(number=said["person"], authority=agency.authority)
        of_person = ("name", "latin_name", "birth_date", "nationality", "document_hmac")
        save(_set(someone, {name: said[name] for name in of_person}), by=by, at=at, reason="entered")
    else:
        someone = _person(agency, said["person"])
    until = date.fromisoformat(said["last_day"]) if said["last_day"] else None
    bars.refuse_barred(someone, said["role"], date.fromisoformat(said["first_day"]), until)
    made = Appointment(
        number=change.record, agency=agency, person=someone,
        office=_office_of(agency, said["office"]) if said["office"] else None,
    )  # fmt: skip
    of_appointment = ("role", "first_day", "last_day", "public_name", "withheld_reason")
    save(_set(made, {name: said[name] for name in of_appointment}), by=by, at=at, reason="appointed")


def save(row: R, *, by: Actor, at: datetime, reason: str) -> R:
    """Save with history; a clash with what the register holds is a refusal, not a crash.

    It ends the transaction: whoever only tries a change has a savepoint of their own.
    """
    try:
        with transaction.atomic(savepoint=False):
            return history.save(row, by=by.number, at=at, reason=reason)
    except IntegrityError as clash:
        constraint = getattr(getattr(clash.__cause__, "diag", None), "constraint_name", "") or ""
        raise errors.DuplicateRecord(
            "the register holds such a record already", constraint=constraint
        ) from clash


def next_number(kind: numbering.Kind) -> str:
    """The next number of that kind; it is used up with the transaction, also where a proposal is declined."""
    return str(ledger.next_number(kind.value, lambda after: numbering.next_reference(kind, after=after)))


# --- normal forms ------------------------------------------------------------------------------------------------


def agency_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """An agency's columns in normal form; refuses unknown fields and values by name."""
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
        elif name == "linked_to":
            clean[name] = _texts(value, name)
        elif name in _AGENCY_TEXTS:
            clean[name] = _text(value, name)
        else:
            clean[name] = _value(Agency, name, value)
    return clean


def office_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """An office's columns in normal form; refuses unknown fields and values by name."""
    _known(fields, _OFFICE_FIELDS)
    clean = dict(fields)
    for name in ("name", "address", "locality", "region", "postcode", "authorisation"):
        if name in clean:
            clean[name] = _text(clean[name], name)
    if clean.get("country"):
        clean["country"] = contacts.corridor(clean["country"], field="country")
    if clean.get("region") and clean["region"] not in _REGIONS:
        raise errors.BadInput("a region is an ISO 3166-2 code", field="region")
    return {name: _value(Office, name, value) for name, value in clean.items()}


def keyed_account(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as an idempotency key remembers them: no digest of an account's number without the key."""
    account = fields.get("bank_account")
    return dict(fields) | ({"bank_account": keyed(account)} if isinstance(account, str) else {})


def keyed(text: str) -> str:
    """A paper's or account's number as HMAC-SHA-256 under the key outside the database (rulings 13)."""
    return _digest(numbering.folded(text))


def _digest(text: str) -> str:
    return hmac.new(settings.REGISTRY_IDENTITY_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def in_order(first: date | None, last: date | None) -> None:
    """Refuse a last day before the first."""
    if first is not None and last is not None and last < first:
        raise errors.BadInput("the last day is before the first", field="last_day")


def _known(fields: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(fields) - known):
        raise errors.BadInput("unknown field {field}", field=unknown[0])


def _text(value: object, field: str, *, longest: int = 1000) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise errors.BadInput("{field} is text of at most {most} characters", field=field, most=longest)
    return " ".join(value.split())


def _texts(value: object, field: str) -> list[str]:
    if not isinstance(value, list | tuple):
        raise errors.BadInput("{field} is a list of texts", field=field)
    return [_text(one, field) for one in value]


def _value(model: type[models.Model], name: str, value: Any) -> Any:
    """The value as the column keeps it, or a refusal by its name."""
    column: Any = model._meta.get_field(name)
    try:
        return column.clean(value, None)
    except ValidationError as error:
        raise errors.BadInput(" ".join(error.messages), field=name) from error


def _set(row: R, said: Mapping[str, Any], *, leave: frozenset[str] | set[str] = frozenset()) -> R:
    """The row with columns from their JSON."""
    for name, value in said.items():
        if name not in leave:
            column: Any = row._meta.get_field(name)
            setattr(row, name, column.to_python(value))
    return row


def _columns(row: models.Model, names: Mapping[str, Any]) -> dict[str, Any]:
    """These columns of a row as JSON."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain_all(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in columns.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _shown(name: str, value: Any) -> Any:
    return value if name not in _DIGESTS else bool(value) or None


def _office_of(agency: Agency, number: str) -> Office:
    row = Office.objects.filter(agency=agency, number=number).first()
    if row is None:
        raise errors.OfficeNotFound("the agency has no such office", number=number, field="office")
    return row


def _pictured(number: str) -> Office | Appointment:
    """The office or the appointment that shows a photograph."""
    office = Office.objects.select_related("agency__authority").filter(number=number).first()
    return office or Appointment.objects.select_related("agency__authority").get(number=number)


def _person(agency: Agency, number: str) -> Person:
    rows = Person.objects.select_for_update(no_key=True).filter(authority=agency.authority, number=number)
    row = rows.first()
    if row is None:
        raise errors.PersonNotFound("no person has this number", number=number, field="person")
    return row


def _open_channel(agency: Agency, kind: str, value: str) -> Channel | None:
    return Channel.objects.filter(agency=agency, kind=kind, value=value, last_day__isnull=True).first()
