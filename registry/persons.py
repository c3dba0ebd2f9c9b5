"""What officials read of persons: who they are, what they act as and for whom, and whether they are barred.

Everything of a person is restricted; scope and roles are checked here, and whoever shows any of it writes the read
down first (``api.readings``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from registry import bars, person_names
from registry.bars import Bar
from registry.models import Appointment, Authority, Person
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import READ_PERSONS, Actor

READERS: Final = READ_PERSONS
"""Who reads persons."""


@dataclass(frozen=True, slots=True)
class Line:
    """A person in a list; ``barred``: a bar is in force or coming."""

    number: str
    name: str
    latin_name: str
    agencies: tuple[str, ...]
    barred: bool


@dataclass(frozen=True, slots=True)
class Acts:
    """An appointment of the person."""

    number: str
    role: str
    agency: str
    agency_name: str
    first_day: date
    last_day: date | None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person with everything that hangs on them. ``has_document``: a paper's number is on record, as HMAC only.

    ``barred_as``: other numbers of whoever has the same paper against which a bar is in force or coming.
    """

    number: str
    name: str
    latin_name: str
    birth_date: date | None
    nationality: str
    has_document: bool
    acts: tuple[Acts, ...]
    bars: tuple[Bar, ...]
    barred_as: tuple[str, ...]
    zone: str
    today: date


def listed(
    *, by: Actor, at: datetime, q: str = "", after: str = "", limit: int = 50
) -> tuple[list[Line], str]:
    """The authority's persons by number, or those of whose name each word of ``q`` begins a word; and where it goes on.

    Names are compared folded: case, accents and marks do not matter.
    """
    authority = own(by)
    rows = Person.objects.filter(authority=authority).order_by("number")
    try:
        rows = rows.filter(number=numbering.canonical(q, numbering.Kind.PERSON)) if q else rows
    except errors.NotFound:
        rows = person_names.called(rows, q)
    if after:
        rows = rows.filter(number__gt=after)
    found = list(rows[: limit + 1])
    held: dict[int, list[str]] = {}
    acts = Appointment.objects.filter(person__in=found[:limit], last_day=None).order_by("pk")
    for person, name in acts.values_list("person_id", "agency__legal_name"):
        held.setdefault(person, []).append(name)
    today = days.local_day(at, authority.zone)
    barred = bars.barred_among(found[:limit], today)
    lines = [
        Line(
            row.number, row.name, row.latin_name, tuple(dict.fromkeys(held.get(row.pk, ()))), row.pk in barred
        )
        for row in found[:limit]
    ]
    return lines, found[limit - 1].number if len(found) > limit else ""


def one(number: str, *, by: Actor, at: datetime) -> PersonRecord:
    """One person of the officer's authority."""
    authority = own(by)
    row = Person.objects.filter(number=number, authority=authority).first()
    if row is None:
        raise errors.PersonNotFound("no person has this number", number=number)
    today = days.local_day(at, authority.zone)
    acts = Appointment.objects.filter(person=row).select_related("agency").order_by("pk")
    return PersonRecord(
        number=row.number,
        name=row.name,
        latin_name=row.latin_name,
        birth_date=row.birth_date,
        nationality=row.nationality,
        has_document=bool(row.document_hmac),
        acts=tuple(_acts(acts)),
        bars=tuple(bars.of(row.number)),
        barred_as=bars.barred_as(row, today),
        zone=authority.zone,
        today=today,
    )


def _acts(rows: Any) -> Sequence[Acts]:
    return [
        Acts(row.number, row.role, row.agency.number, row.agency.legal_name, row.first_day, row.last_day)
        for row in rows
    ]


def own(by: Actor) -> Authority:
    """The officer's authority; refuses whoever does not read persons."""
    if not by.roles & READERS:
        raise errors.RoleNotAllowed("this role does not read persons", roles=sorted(READERS))
    row = Authority.objects.filter(code=by.authority or "").first()
    if row is None:
        raise errors.OutsideAuthority("persons belong to one authority")
    return row
