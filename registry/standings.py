"""How many subjects of badges stand at an instant, in a few queries: for whoever must tell of all of them at once.

The answers are the published ones (``lookup``), without their bodies.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from registry.models import Appointment, Licence, Office
from registry.rules import days

_ANSWERS = """
SELECT l.number, p.number, p.state, p.result, lower(p.span), upper(p.span), c.base + 1 + p.ordinal
FROM registry_licence l
JOIN registry_publishedrecord p ON p.licence_id = coalesce(l.renumbered_to_id, l.id)
JOIN registry_registercommit c ON c.id = p.commit_id
WHERE l.number = ANY(%s) AND p.span @> %s
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is published of one licence at an instant; ``number`` is the one that it has now."""

    number: str
    state: str
    result: str
    since: datetime
    until: datetime | None
    sequence: int


@dataclass(frozen=True, slots=True)
class Subject:
    """An office or an appointment: the licences of its holder, and whether it is itself over or not begun.

    ``until``: when the calendar alone changes that; nothing when it never does.
    """

    licences: tuple[str, ...]
    problem: bool
    until: datetime | None


def licences(numbers: Collection[str], *, at: datetime) -> dict[str, Answer]:
    """The answer of each of these licences, by the number asked for; one that is not published is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(numbers), at])
        return {row[0]: Answer(*row[1:]) for row in cursor.fetchall()}


def offices(numbers: Collection[str], *, at: datetime) -> dict[str, Subject]:
    """Each of these offices, by its number."""
    rows = Office.objects.filter(number__in=numbers)
    told = rows.values_list("number", "agency_id", "agency__authority__zone", "first_day", "last_day")
    return _subjects(((number, agency, zone, [days_]) for number, agency, zone, *days_ in told), at)


def appointments(numbers: Collection[str], *, at: datetime) -> dict[str, Subject]:
    """Each of these appointments, by its number; one in an office is over when the office is."""
    rows = Appointment.objects.filter(number__in=numbers)
    told = rows.values_list(
        "number", "agency_id", "agency__authority__zone", "first_day", "last_day", "office__first_day",
        "office__last_day",
    )  # fmt: skip
    return _subjects(
        (
            (number, agency, zone, [(first, last), (opened, closed)])
            for number, agency, zone, first, last, opened, closed in told
        ),
        at,
    )


_Days = tuple[date | None, date | None] | list[date | None]


def _subjects(rows: Iterable[tuple[str, int, str, list[_Days]]], at: datetime) -> dict[str, Subject]:
    found = list(rows)
    held = _held({agency for _number, agency, _zone, _days in found})
    return {
        number: Subject(held.get(agency, ()), *_judged(periods, zone, at))
        for number, agency, zone, periods in found
    }


def _judged(periods: Iterable[_Days], zone: str, at: datetime) -> tuple[bool, datetime | None]:
    """Whether the instant is outside one of the periods, and when the calendar next changes any of that."""
    instants = list(_boundaries(periods, zone))
    outside = any(at < start or (end is not None and at >= end) for start, end in instants)
    ahead = [instant for pair in instants for instant in pair if instant is not None and instant > at]
    return outside, min(ahead, default=None)


def _boundaries(periods: Iterable[_Days], zone: str) -> Iterator[tuple[datetime, datetime | None]]:
    for first, last in periods:
        start = days.first_instant(first, zone) if first else datetime.min.replace(tzinfo=days.zone("UTC"))
        yield start, days.end_of(last, zone) if last else None


def _held(agencies: Collection[int]) -> Mapping[int, tuple[str, ...]]:
    """The published licences of these agencies under the numbers that they have now."""
    rows = Licence.objects.filter(agency__in=agencies, published__isnull=False, renumbered_to__isnull=True)
    found: dict[int, tuple[str, ...]] = {}
    for agency, number in rows.order_by("number").values_list("agency_id", "number").distinct():
        found[agency] = (*found.get(agency, ()), number)
    return found
