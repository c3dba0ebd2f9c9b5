"""What the public is warned of: alerts as anyone may read them, the newest first, and each with its past.

The newest version of an alert says what holds. One that is over or was taken back is in no list and found by no search;
its number still says what became of it. Of one that was entered in error no name is told any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from registry.models import Agency, Alert
from registry.rules import days, errors
from registry.rules.lifecycle import Actor


@dataclass(frozen=True, slots=True)
class Version:
    """When the register came to know a version, under which number, and whether it ended the alert and why."""

    version: int
    sequence: int
    recorded_at: datetime
    ended: str


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert. Days are local days of the authority; ``last_day`` ``None``: until it is taken back.

    ``state``: ``in_force``, ``over`` or ``withdrawn`` (entered in error: of that one no name, contact or text is told).
    ``agency``: the number of the one cloned. ``sequence``, ``recorded_at``: of the newest version.
    """

    number: str
    kind: str
    state: str
    names: tuple[str, ...]
    contacts: tuple[Mapping[str, str], ...]
    agency: str
    agency_name: str
    place: str
    seen_on: date | None
    grounds: tuple[str, ...]
    source: str
    texts: Mapping[str, str]
    first_day: date
    last_day: date | None
    authority: str
    authority_name: Mapping[str, str]
    country: str
    zone: str
    version: int
    sequence: int
    recorded_at: datetime
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some alerts, the newest first; ``next``: the ``after`` of the following page, if there is one."""

    data: tuple[AlertRecord, ...]
    next: str | None


def listed(
    *, at: datetime, limit: int, after: str | None = None, kind: str = "", country: str = "", agency: str = ""
) -> Page:
    """The alerts in force, the newest first; of one ``kind``, of the authorities of a country, about one ``agency``."""
    rows = _newest().filter(ended="")
    if kind:
        rows = rows.filter(kind=kind)
    if country:
        rows = rows.filter(authority__country=country)
    if agency:
        rows = rows.filter(agency__number=agency)
    if after is not None:
        rows = rows.filter(begun__lt=_first(after))
    rows = rows.filter(Q(last_day__isnull=True) | Q(last_day__gte=days.local_day(at, "Etc/GMT+12")))
    found = list(rows.order_by("-begun")[: limit + 1])
    told = (_told(row, at=at) for row in found[:limit])
    in_force = tuple(
        one for one in told if one.state == "in_force"
    )  # the day of an authority may have ended already
    return Page(in_force, found[limit - 1].number if len(found) > limit else None)


def one(number: str, *, at: datetime) -> AlertRecord:
    """The alert of that number with its versions, whatever became of it."""
    rows = list(
        Alert.objects.filter(number=number).order_by("version").select_related("entry__commit", *_WITH)
    )
    if not rows:
        raise errors.AlertNotFound("there is no such alert", number=number)
    versions = tuple(Version(r.version, r.entry.sequence, r.entry.commit.recorded_at, r.ended) for r in rows)
    return _told(rows[-1], at=at, versions=versions)


def many(numbers: Iterable[str], *, at: datetime) -> dict[str, AlertRecord]:
    """Those of these alerts that are in force, by number."""
    wanted = list(numbers)
    if not wanted:
        return {}
    rows = _newest().filter(number__in=wanted, ended="")
    told = (_told(row, at=at) for row in rows)
    return {one.number: one for one in told if one.state == "in_force"}


def of_authority(*, by: Actor, at: datetime, ended: bool = False, limit: int = 200) -> list[AlertRecord]:
    """The alerts of the officer's authority, the newest first: those in force, or those that are not any more."""
    if not by.authority:
        raise errors.OutsideAuthority("alerts are of one authority")
    rows = _newest().filter(authority__code=by.authority).order_by("-begun")
    found = [_told(row, at=at, plain=True) for row in rows[: 5 * limit]]
    return [one for one in found if (one.state == "in_force") != ended][:limit]


def own(number: str, *, by: Actor, at: datetime) -> AlertRecord:
    """An alert of the officer's authority as it was written, also one that was entered in error."""
    rows = Alert.objects.filter(number=number, authority__code=by.authority or "").order_by("version")
    held = list(rows.select_related("entry__commit", *_WITH))
    if not held:
        raise errors.AlertNotFound("there is no such alert", number=number)
    versions = tuple(Version(r.version, r.entry.sequence, r.entry.commit.recorded_at, r.ended) for r in held)
    return _told(held[-1], at=at, versions=versions, plain=True)


_WITH = ("authority", "agency__merged_into__into")


def _stays(agency: Agency | None) -> Agency | None:
    """The record of the agency that stays, where it was merged into another."""
    while agency is not None and (merger := getattr(agency, "merged_into", None)) is not None:
        agency = merger.into
    return agency


def _newest() -> QuerySet[Any]:
    """The newest version of each alert; ``begun``: the key of its first."""
    mine = Alert.objects.filter(number=OuterRef("number"))
    last = mine.order_by("-version").values("version")[:1]
    first = mine.filter(version=1).values("pk")[:1]
    rows = Alert.objects.annotate(newest=Subquery(last), begun=Subquery(first)).filter(version=F("newest"))
    return rows.select_related("entry__commit", *_WITH)


def _first(number: str) -> int:
    """The key of the first version of an alert; refuses the number of none as no place to go on from."""
    plain = number.isascii() and number.isprintable()  # PostgreSQL has no text with a NUL
    found = (
        Alert.objects.filter(number=number if plain else "", version=1).values_list("pk", flat=True).first()
    )
    if found is None:
        raise errors.CursorInvalid("give back the cursor as the page before gave it", field="after")
    return int(found)


def _told(row: Alert, *, at: datetime, versions: Sequence[Version] = (), plain: bool = False) -> AlertRecord:
    """A version as the public reads it; ``plain``: as officers do, who also see what was entered in error."""
    over = row.ended == "over" or (
        row.last_day is not None and row.last_day < days.local_day(at, row.authority.zone)
    )
    state = "withdrawn" if row.ended == "error" else "over" if over else "in_force"
    hidden = state == "withdrawn" and not plain
    cloned = None if hidden else _stays(row.agency)
    return AlertRecord(
        number=row.number, kind=row.kind, state=state,
        names=() if hidden else tuple(row.names),
        contacts=() if hidden else tuple(row.contacts),
        agency=cloned.number if cloned else "",
        agency_name=cloned.legal_name if cloned else "",
        place="" if hidden else row.place,
        seen_on=None if hidden else row.seen_on,
        grounds=() if hidden else tuple(row.grounds),
        source="" if hidden else row.source,
        texts={} if hidden else dict(row.texts),
        first_day=row.first_day, last_day=row.last_day, authority=row.authority.code,
        authority_name=dict(row.authority.name), country=row.authority.country, zone=row.authority.zone,
        version=row.version, sequence=row.entry.sequence, recorded_at=row.entry.commit.recorded_at,
        versions=tuple(versions),
    )  # fmt: skip
