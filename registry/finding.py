"""Finding an agency: the licences that may recruit now, by country of work, occupation, class and place.

Whoever may not recruit is no choice here: ``lookup`` and ``search`` tell of them. Each row names its licence, for an
agency has no verdict (rulings 9). What can be chosen, and how much of it there is, is counted at most every ten minutes
in a process: a number of agencies, never an answer about one.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from django.db import connection, transaction

from registry.lookup import AS_RECORDED
from registry.rules import errors

MOST_COUNTED: Final = 1000
"""More than this are not counted for one answer: it says that there are more."""
KEPT: Final = timedelta(minutes=10)
"""How long counts of a process are given again."""
_MOST_KEPT: Final = 64
MOST_PLACES: Final = 500
"""Places that are told, those with the most licences."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty is not asked.

    ``country``: of the authority. ``corridor``: country of work. ``occupation``: of ISCO-08, one to four digits.
    ``place``: a locality as offices have it, ``place_country`` where it lies.
    """

    country: str = ""
    corridor: str = ""
    occupation: str = ""
    licence_class: str = ""
    place: str = ""
    place_country: str = ""

    def clause(self) -> tuple[str, list[Any]]:
        """The condition in SQL and its parameters."""
        every, some, none = self._facets()
        sql, values = "may_recruit", list[Any]()
        if self.country:
            sql, values = f"{sql} AND country = %s", [*values, self.country]
        if every:
            sql, values = f"{sql} AND facets @> %s::text[]", [*values, every]
        for one in some:
            sql, values = f"{sql} AND facets && %s::text[]", [*values, one]
        if none:
            sql, values = f"{sql} AND NOT facets && %s::text[]", [*values, none]
        return sql, values

    def _facets(self) -> tuple[list[str], list[list[str]], list[str]]:
        """The facets that a licence must have all, some and none of."""
        every, some, none = list[str](), list[list[str]](), list[str]()
        if self.licence_class:
            every.append(f"class:{self.licence_class}")
        if self.place:
            every.append(f"at:{self.place_country}:{self.place}")
        if self.corridor:
            some.append(["for:*", f"for:{self.corridor}"])
            none.append(f"not:{self.corridor}")
        if self.occupation:
            groups = [self.occupation[:letters] for letters in range(1, len(self.occupation) + 1)]
            some.append(["job:*", f"job:{self.occupation}", *(f"all:{group}" for group in groups)])
            none += [f"none:{group}" for group in groups]
        return every, some, none


@dataclass(frozen=True, slots=True)
class Row:
    """A licence that may recruit; ``body`` is its answer as JSON with codes (``lookup``)."""

    number: str
    agency: str
    body: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the licences in the order of their agencies' numbers; ``next``: the ``after`` of the following page.

    ``count``: how many there are on all pages, up to one more than ``MOST_COUNTED``.
    """

    data: tuple[Row, ...]
    next: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose among those who may recruit, each with its number of licences, the most first.

    ``any_corridor`` of them are good for every country, ``any_occupation`` for every job. ``places`` are by country and
    locality, ``more_places`` further ones are left out; ``unplaced`` licences have no locality on record.
    """

    licences: int
    corridors: Mapping[str, int]
    any_corridor: int
    occupations: Mapping[str, int]
    any_occupation: int
    classes: Mapping[str, int]
    places: Mapping[tuple[str, str], int]
    more_places: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class Point:
    """Where the offices of a place lie, in degrees."""

    latitude: float
    longitude: float


_NOW: Final = f"span @> {AS_RECORDED.format('%s')}"
_ROWS: Final = """
    SELECT number, agency_number, body FROM registry_publishedrecord
    WHERE {wanted} AND {now} AND (agency_number, number) > (%s, %s) ORDER BY agency_number, number LIMIT %s"""
_COUNT: Final = (
    "SELECT count(*) FROM (SELECT FROM registry_publishedrecord WHERE {wanted} AND {now} LIMIT %s) AS found"
)
_FACETS: Final = """
    WITH good AS MATERIALIZED (SELECT facets FROM registry_publishedrecord WHERE {wanted} AND {now})
    SELECT facet, count(*) FROM good, unnest(facets) AS facet
    WHERE facet ~ '^(for|class|at):' OR facet ~ '^job:.$' GROUP BY facet
    UNION ALL SELECT '', count(*) FROM good
    UNION ALL SELECT 'at:', count(*) FROM good WHERE NOT EXISTS (SELECT FROM unnest(facets) f WHERE f LIKE 'at:%%')"""
_POINTS: Final = """
    SELECT country, locality, avg(latitude)::float8, avg(longitude)::float8 FROM registry_office
    WHERE latitude IS NOT NULL AND longitude IS NOT NULL AND locality <> '' AND last_day IS NULL
    GROUP BY country, locality"""


def page(wanted: Wanted, *, at: datetime, limit: int, after: str | None = None) -> Page:
    """The licences that may recruit now and are what is wanted, page by page; refuses a cursor that is none."""
    agency, sign, number = (after or "/").partition("/")
    if not sign or len(agency) > 40 or len(number) > 40 or "\x00" in (after or ""):
        raise errors.CursorInvalid("give back the cursor as the page before gave it", field="after")
    clause, values = wanted.clause()
    with _reading() as (cursor, walk):
        cursor.execute(_COUNT.format(wanted=clause, now=_NOW), [*values, at, MOST_COUNTED + 1])
        (count,) = cursor.fetchone()
        if count > MOST_COUNTED:
            walk()
        cursor.execute(_ROWS.format(wanted=clause, now=_NOW), [*values, at, agency, number, limit + 1])
        rows = [Row(number, agency, body) for number, agency, body in cursor.fetchall()]
    more = f"{rows[limit - 1].agency}/{rows[limit - 1].number}" if len(rows) > limit else None
    return Page(tuple(rows[:limit]), more, count)


@contextmanager
def _reading() -> Iterator[tuple[Any, Callable[[], None]]]:
    """A cursor, and what has it walk in order from here on: what is frequent is soon met, and never to be sorted.

    The planner cannot know how many spans of time hold now, and errs a hundredfold.
    """
    inside = connection.in_atomic_block
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        yield (
            cursor,
            lambda: cursor.execute("SET LOCAL enable_bitmapscan TO off; SET LOCAL enable_sort TO off"),
        )
        if inside:
            cursor.execute("SET LOCAL enable_bitmapscan TO DEFAULT; SET LOCAL enable_sort TO DEFAULT")


def choices(wanted: Wanted, *, at: datetime) -> Choices:
    """What can be chosen among what is wanted, counted within the last ten minutes."""
    found: Choices = _kept.get(("choices", wanted), at, lambda: _choices(wanted, at))
    return found


def points(*, at: datetime) -> Mapping[tuple[str, str], Point]:
    """Where each place lies, by country and locality, as far as offices say; read within the last ten minutes."""
    found: Mapping[tuple[str, str], Point] = _kept.get(("points",), at, _points)
    return found


def forget() -> None:
    """Count anew whatever is asked next."""
    _kept.clear()


class _Kept:
    """Numbers counted within the last ten minutes, the most recently asked ones; anew where the clock was set back."""

    def __init__(self) -> None:
        self._held: OrderedDict[Any, tuple[datetime, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, at: datetime, make: Any) -> Any:
        """What was made under this key, or what ``make`` makes."""
        with self._lock:
            since, told = self._held.get(key, (None, None))
        if since is not None and timedelta() <= at - since < KEPT:
            return told
        told = make()
        with self._lock:
            self._held[key] = (at, told)
            self._held.move_to_end(key)
            while len(self._held) > _MOST_KEPT:
                self._held.popitem(last=False)
        return told

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._held.clear()


_kept: Final = _Kept()


def _choices(wanted: Wanted, at: datetime) -> Choices:
    clause, values = wanted.clause()
    with connection.cursor() as cursor:
        cursor.execute(_FACETS.format(wanted=clause, now=_NOW), [*values, at])
        counted = dict(cursor.fetchall())
    told = _by_kind(counted)
    places = {}
    for text, number in told["at"][:MOST_PLACES]:
        country, _, locality = text.partition(":")
        places[country, locality] = number
    return Choices(
        licences=counted.get("", 0),
        corridors=dict(told["for"]), any_corridor=counted.get("for:*", 0),
        occupations=dict(told["job"]), any_occupation=counted.get("job:*", 0),
        classes=dict(told["class"]), places=places,
        more_places=max(0, len(told["at"]) - MOST_PLACES), unplaced=counted.get("at:", 0),
    )  # fmt: skip


def _by_kind(counted: Mapping[str, int]) -> Mapping[str, Sequence[tuple[str, int]]]:
    """The facets of each kind, the most frequent first."""
    told: dict[str, list[tuple[str, int]]] = {"for": [], "job": [], "class": [], "at": []}
    for facet, number in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        kind, _, text = facet.partition(":")
        if text not in {"", "*"}:
            told[kind].append((text, number))
    return told


def _points() -> Mapping[tuple[str, str], Point]:
    with connection.cursor() as cursor:
        cursor.execute(_POINTS)
        return {(country, place): Point(lat, lon) for country, place, lat, lon in cursor.fetchall()}
