"""What officials read of one agency as it was on a day and as the register knew it then, and how its records changed.

Two times are asked about (rulings 1): ``as_of``, when something held, and ``known_at``, what the register had recorded.
What has days of its own is judged at ``as_of``; columns without days stand as they were recorded by then. Whatever is
asked, it is a handful of questions, however many licences there are. Scope is checked (rulings 11); whoever shows any
of it writes the read down first (``api.readings``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Model, Q

from registry import dossier, history, records
from registry.history import Version
from registry.models import (
    Agency,
    Appointment,
    Channel,
    Debarment,
    Entry,
    Licence,
    Merger,
    Office,
    Person,
    TradingName,
)
from registry.rules import days, errors, life, measures, numbering, publication, standing
from registry.rules.entries import Entries
from registry.rules.life import Stretch
from registry.rules.lifecycle import Actor
from registry.rules.numbering import Kind
from registry.rules.publication import Audience
from registry.rules.standing import Standing


@dataclass(frozen=True, slots=True)
class LicenceThen:
    """A licence as it stood: its standing, the life that a picture shows, and the points that counted."""

    number: str
    licence_class: str
    legacy_number: str
    standing: Standing
    life: tuple[Stretch, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as officials read it (``dossier.entry``), and the licence it is of; empty for one of the agency."""

    told: Mapping[str, Any]
    licence: str


@dataclass(frozen=True, slots=True)
class AgencyThen:
    """An agency with all that was recorded of it; ``columns`` is empty where the register held nothing of it yet.

    ``sequences``: the public number of each entry by its key, which ``Stretch.ref`` is. ``formerly``: number and name
    of each record of the firm that was merged into this one by then.
    """

    number: str
    authority: str
    zone: str
    columns: Mapping[str, Any]
    trading_names: Sequence[Mapping[str, Any]]
    offices: Sequence[Mapping[str, Any]]
    channels: Sequence[Mapping[str, Any]]
    appointments: Sequence[Mapping[str, Any]]
    debarments: Sequence[Mapping[str, Any]]
    licences: Sequence[LicenceThen]
    entries: Sequence[Recorded]
    sequences: Mapping[int, int]
    formerly: Sequence[Mapping[str, str]] = ()


def agency(
    number: str, *, by: Actor, at: datetime, as_of: datetime | None = None, known_at: datetime | None = None
) -> AgencyThen:
    """The agency as it was at ``as_of`` (default: ``at``, now) as known at ``known_at`` (default: all that is known).

    Refuses an unknown number, another authority's agency and an instant after ``at`` (``FutureAsked``).
    """
    found = _own(number, by)
    for field, asked in (("as_of", as_of), ("known_at", known_at)):
        if asked is not None and asked > at:
            raise errors.FutureAsked("the register answers for the past and now", field=field)
    then, zone = as_of or at, found.authority.zone
    recorded = min((one for one in (as_of, known_at) if one is not None), default=None)
    if recorded is None or recorded >= _merged_at(found.pk, at):
        records.as_it_stays(number)

    def held(model: type[Model], **where: Any) -> list[Any]:
        if recorded is None:
            return list(model._default_manager.filter(**where).order_by("pk"))
        return history.as_known(model, at=recorded, **where)

    own = [found] if recorded is None else history.as_known(Agency, at=recorded, id=found.pk)
    if not own:
        return AgencyThen(number, found.authority.code, zone, {}, (), (), (), (), (), (), (), {})
    day = days.local_day(then, zone)
    offices = _begun(held(Office, agency_id=found.pk), day)
    licences = [row for row in held(Licence, agency_id=found.pk) if row.renumbered_to_id is None]
    rows = _entries(_family(found.pk, recorded), [row.pk for row in licences])
    sequences = {row.pk: row.sequence for row in rows}
    numbers = {row.pk: row.number for row in licences}
    return AgencyThen(
        number=number,
        authority=found.authority.code,
        zone=zone,
        columns=dossier.columns(own[0]),
        trading_names=[dossier.columns(row) for row in _begun(held(TradingName, agency_id=found.pk), day)],
        offices=[dossier.columns(row) for row in offices],
        channels=[dossier.columns(row) for row in _begun(held(Channel, agency_id=found.pk), day)],
        appointments=_appointments(_begun(held(Appointment, agency_id=found.pk), day), offices, held),
        debarments=[dossier.columns(row) for row in _begun(held(Debarment, agency_id=found.pk), day)],
        licences=[
            _licence(row, [e for e in rows if e.licence_id == row.pk], zone, then, known_at)
            for row in sorted(licences, key=lambda row: str(row.number))
        ],
        entries=[
            Recorded(dossier.entry(row, sequences), numbers.get(row.licence_id or 0, ""))
            for row in rows
            if row.decided_at <= then and (known_at is None or row.commit.recorded_at <= known_at)
        ],
        sequences=sequences,
        formerly=records.called(key for key in _family(found.pk, recorded) if key != found.pk),
    )


def _merged_at(agency_id: int, at: datetime) -> datetime:
    """When the record was merged into another; the end of time where it was not."""
    of_it = Merger.objects.filter(merged=agency_id).select_related("entry__commit").first()
    return of_it.entry.commit.recorded_at if of_it else at + timedelta(days=1)


def zone_of(number: str, *, by: Actor) -> str:
    """The time zone in which the agency's days run; refuses as ``agency`` does. Public law, so no read of a record."""
    return _own(number, by).authority.zone


def _own(number: str, by: Actor) -> Agency:
    found = Agency.objects.select_related("authority").filter(number=number).first()
    if found is None:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    dossier.may_read(found.authority.code, by)
    return found


def _begun(rows: Iterable[Any], day: date) -> list[Any]:
    """What has begun by the local day; what is over stays, with its last day."""
    return [row for row in rows if row.first_day is None or row.first_day <= day]


def _appointments(rows: Sequence[Any], offices: Sequence[Any], held: Any) -> list[dict[str, Any]]:
    people = {row.pk: row for row in held(Person, id__in=[row.person_id for row in rows])}
    places = {row.pk: row.number for row in offices}
    return [
        {
            **dossier.columns(row),
            "person": people[row.person_id].number if row.person_id in people else "",
            "person_name": people[row.person_id].name if row.person_id in people else "",
            "office": places.get(row.office_id),
        }
        for row in rows
    ]


def _family(agency_id: int, recorded: datetime | None) -> list[int]:
    """The agency and what was merged into it by then."""
    if recorded is None:
        return records.family(agency_id)
    found, left = [agency_id], [agency_id]
    while left:
        merged = Merger.objects.filter(into__in=left, entry__commit__recorded_at__lte=recorded)
        left = list(merged.values_list("merged_id", flat=True))
        found += left
    return found


def _entries(agencies: Collection[int], licences: Collection[int]) -> list[Entry]:
    """The entries of these licences and those of the agency's records alone, oldest first."""
    of_it = Q(licence__in=licences) | Q(agency__in=agencies, licence__isnull=True)
    return list(Entry.objects.filter(of_it).select_related("commit").prefetch_related("texts").order_by("pk"))


def _licence(
    row: Any, rows: Sequence[Entry], zone: str, then: datetime, known_at: datetime | None
) -> LicenceThen:
    entries = [records.as_fold(entry) for entry in rows]
    known = [e for e in entries if known_at is None or e.recorded_at <= known_at]
    return LicenceThen(
        number=row.number,
        licence_class=row.licence_class,
        legacy_number=row.legacy_number,
        standing=standing.at(known, at=then),
        life=life.stretches(known, zone=zone),
        points=measures.points(Entries(known), then),
    )


# --- how its records changed -------------------------------------------------------------------------------------

_KINDS: Final[Mapping[Kind, type[Any]]] = {
    Kind.AGENCY: Agency,
    Kind.OFFICE: Office,
    Kind.PERSON: Person,
    Kind.APPOINTMENT: Appointment,
    Kind.LICENCE: Licence,
    Kind.LISTED: Licence,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A record of an agency: how many versions of it are kept, and when the newest was written."""

    kind: Kind
    number: str
    versions: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A column that differs between two versions. ``restricted``: not for the public.

    ``erased``: one of the values is empty in a version from which something was erased by order.
    """

    column: str
    before: Any
    after: Any
    restricted: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Life:
    """The versions of one record, the newest first, and where older ones begin."""

    kind: Kind
    number: str
    zone: str
    versions: Sequence[Version]
    further: int | None


def kept(number: str, *, by: Actor) -> list[Kept]:
    """The records of an agency whose versions can be compared: its own, then offices, people, licences."""
    found = _own(number, by)
    told: list[Kept] = []
    for kind in (Kind.AGENCY, Kind.OFFICE, Kind.PERSON, Kind.APPOINTMENT, Kind.LICENCE):
        model = _KINDS[kind]
        numbers = dict(_of_agency(model, found.pk).order_by("pk").values_list("pk", "number"))
        counted = history.changes(model, list(numbers))
        told += [Kept(kind, numbers[pk], *counted[pk]) for pk in numbers if pk in counted]
    return told


def versions(number: str, record: str, *, by: Actor, before: int | None = None, limit: int) -> Life:
    """The versions of a record of the agency, the newest first; refuses (``NotFound``) what is no record of it."""
    found, kind, model, key = _record(number, record, by)
    rows = history.versions_of(model, key, before=before, limit=limit + 1)
    further = rows[limit - 1].id if len(rows) > limit else None
    return Life(kind, record, found.authority.zone, rows[:limit], further)


def difference(number: str, record: str, older: int, newer: int, *, by: Actor) -> list[Changed]:
    """What differs between two versions of a record, column by column; what the register keeps for itself is left out.

    Refuses versions that are not of this record (``NotFound``).
    """
    _agency, _kind, model, key = _record(number, record, by)
    found = history.chosen(model, key, {older, newer})
    if {older, newer} - found.keys():
        raise errors.NotFound("the record has no such version")
    return changed(model.__name__, found[older], found[newer], _numbers(model, found.values()))


def changed(
    model: str, before: Version, after: Version, numbers: Mapping[str, Mapping[int, str]] | None = None
) -> list[Changed]:
    """The columns that differ; ``numbers``: what the records are called that foreign keys name, by column."""
    told = []
    for column, was in before.values.items():
        now, audience = after.values[column], publication.audience(model, column)
        if was == now or audience is Audience.INTERNAL:
            continue
        names = (numbers or {}).get(column, {})
        told.append(
            Changed(
                column,
                names.get(was, was),
                names.get(now, now),
                audience is Audience.RESTRICTED,
                bool((before.erased and not was) or (after.erased and not now)),
            )
        )
    return told


def _record(number: str, record: str, by: Actor) -> tuple[Agency, Kind, type[Any], int]:
    """The agency, and which record of it ``record`` is the number of."""
    found = _own(number, by)
    try:
        kind = numbering.kind_of(record)
    except numbering.NotOurs:
        raise errors.NotFound from None
    model = _KINDS.get(kind)
    key = (
        _of_agency(model, found.pk).filter(number=record).values_list("pk", flat=True).first()
        if model
        else None
    )
    if model is None or key is None:
        raise errors.NotFound
    return found, kind, model, key


def _of_agency(model: type[Any], agency_id: int) -> Any:
    """The records of that kind that are the agency's."""
    if model is Agency:
        return Agency.objects.filter(pk=agency_id)
    if model is Person:
        return Person.objects.filter(appointments__agency=agency_id).distinct()
    return model.objects.filter(agency=agency_id)


def _numbers(model: type[Any], found: Iterable[Version]) -> dict[str, dict[int, str]]:
    """What the records are called that these versions name by their keys, by column."""
    rows = list(found)
    told: dict[str, dict[int, str]] = {}
    for field in model._meta.concrete_fields:
        keys = {row.values[field.name] for row in rows} - {None} if field.is_relation else set()
        if keys:
            called = "code" if field.name == "authority" else "number"
            told[field.name] = dict(field.related_model.objects.filter(pk__in=keys).values_list("pk", called))
    return told
