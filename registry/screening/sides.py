"""The two records of a match as an officer compares them: field by field, with what makes two values equal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry import records
from registry.models import (
    Agency,
    Appointment,
    Channel,
    Debarment,
    Entry,
    Finding,
    Office,
    Person,
    TradingName,
)
from registry.rules import errors, names
from registry.rules import screening as rules
from registry.screening.candidates import ADVERSE


@dataclass(frozen=True, slots=True)
class Value:
    """What is told of a field, and the keys of which one shared makes it the same."""

    told: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Side:
    """One record: what it is, where its page is, and its fields in the order in which they are compared."""

    kind: str
    number: str
    name: str
    agency: str
    fields: Mapping[str, tuple[Value, ...]]


def of(number: str, *, kind: str = "", agency: str = "") -> Side:
    """The record of this number; ``kind`` where the number alone does not say it."""
    kind = kind or ("person" if number.startswith("PE-") else "agency")
    return {"agency": _agency, "person": _person, "finding": _finding}[kind](number, agency)


def _agency(number: str, _agency: str) -> Side:
    row = Agency.objects.filter(number=records.led_on(number) or number).first()
    if row is None:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    trading = TradingName.objects.filter(agency=row).order_by("pk").values_list("name", flat=True)
    offices = Office.objects.filter(agency=row).order_by("pk")
    channels = Channel.objects.filter(agency=row).order_by("pk")
    people = Appointment.objects.filter(agency=row).select_related("person").order_by("pk")
    ended = Entry.objects.filter(agency__in=records.family(row.pk), action__in=ADVERSE).order_by("pk")
    places = [(row.address, row.locality), *((office.address, office.locality) for office in offices)]
    fields = {
        "names": [_name(text) for text in dict.fromkeys((row.legal_name, row.latin_name, *trading)) if text],
        "standing": [Value(e.action, frozenset()) for e in ended],
        "begun": [_plain(row.incorporated_on)] if row.incorporated_on else [],
        "company": [_plain(f"{row.company_register} {row.company_number}".strip())]
        if row.company_number
        else [],
        "country": [_plain(row.country)],
        "address": [
            Value(", ".join(filter(None, place)), _keys(rules.folded_address(*place)))
            for place in places
            if any(place)
        ],
        "channels": [_plain(channel.value) for channel in channels],
        "bank": [Value("•••", _keys(row.bank_account_hmac))] if row.bank_account_hmac else [],
        "officers": [_somebody(one.person) for one in people if one.role in rules.OFFICERS],
        "staff": [_somebody(one.person) for one in people if one.role not in rules.OFFICERS],
    }
    return Side("agency", row.number, row.legal_name, row.number, _unique(fields))


def _person(number: str, agency: str) -> Side:
    row = Person.objects.filter(number=number).first()
    if row is None:
        raise errors.PersonNotFound("no person has this number", number=number)
    bars = Debarment.objects.filter(person=row)
    holders = Appointment.objects.filter(person=row).select_related("agency").order_by("pk")
    fields = {
        "names": [_person_name(text) for text in (row.name, row.latin_name) if text],
        "born": [_plain(row.birth_date)] if row.birth_date else [],
        "country": [_plain(row.nationality)] if row.nationality else [],
        "document": [Value("•••", _keys(row.document_hmac))] if row.document_hmac else [],
        "agencies": [_plain(one.agency.legal_name) for one in holders],
        "standing": [Value("debar", frozenset()) for _ in bars],
    }
    return Side("person", number, row.name, agency, _unique(fields))


def _finding(key: str, _agency: str) -> Side:
    row = Finding.objects.filter(pk=int(key)).first()
    if row is None:
        raise errors.MatchNotFound("the finding is gone")
    dates = " – ".join(
        day.isoformat() if day else "…" for day in (row.first_day, row.last_day) if day or row.first_day
    )
    fields = {
        "names": [
            Value(text, _name(text).keys | _person_name(text).keys)
            for text in dict.fromkeys((row.name, *row.other_names))
        ],
        "country": [_plain(row.country)] if row.country else [],
        "place": [_plain(row.place)] if row.place else [],
        "days": [_plain(dates)] if dates else [],
        "grounds": [_plain(row.grounds)] if row.grounds else [],
        "source": [_plain(row.source)],
    }
    return Side("finding", "", row.name, "", _unique(fields))


def _name(text: str) -> Value:
    return Value(text, _keys(" ".join(sorted(names.fold(text).words))))


def _person_name(text: str) -> Value:
    return Value(text, _keys(" ".join(sorted(names.fold(text).words)), rules.folded_person(text)))


def _somebody(person: Person) -> Value:
    keys = [person.number, person.document_hmac, rules.folded_person(person.name)]
    return Value(person.name, _keys(*keys))


def _plain(value: object) -> Value:
    return Value(str(value), _keys(str(value).casefold()))


def _keys(*texts: str) -> frozenset[str]:
    return frozenset(filter(None, texts))


def _unique(fields: Mapping[str, Iterable[Any]]) -> dict[str, tuple[Value, ...]]:
    return {name: tuple(dict.fromkeys(values)) for name, values in fields.items()}
