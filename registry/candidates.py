"""Which rows may answer a query: two indexed reads, the second within a budget, then the best of them in order.

The vocabulary says in how many names each word of the query stands, and which other words it may be a misspelling of.
The rarest words are worth the most and cost the least, so they are read first; words in more names than the budget
allows are read only together with another. No reading grows with the register.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import log
from typing import Any, Final

from django.db import connection
from rapidfuzz import fuzz

from registry.rules import likeness, names
from registry.rules.names import Folded

BUDGET: Final = 1000
"""Rows that a query may read, as the vocabulary estimates them."""

FEW: Final = 40
"""A word in at most so many names may be a misspelling of another."""

LEAST: Final = 0.55
"""Words less alike are not taken for each other."""

CORRECTIONS: Final = 64
"""Readings of a query's words that are looked up, the likeliest of each word; never under a quarter for one word."""

RANKED: Final = 60
"""Rows that are compared word by word."""

WORTH: Final = 0.4
"""Names that answer less well are not shown."""

MOST_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A row that may answer, and how well (0 to 1)."""

    row: int
    rank: float


@dataclass(frozen=True, slots=True)
class Answers:
    """The rows that may answer, the best first, and those words asked that stand in names of the register."""

    found: tuple[Found, ...] = ()
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Within:
    """Where and when to look: public ``at``, of one authority or country if asked."""

    at: datetime
    authority: str | None = None
    country: str | None = None

    def clause(self) -> tuple[str, list[Any]]:
        """The condition in SQL and its parameters."""
        values: list[Any] = [self.at]
        sql = "valid @> %s::timestamptz"
        if self.authority is not None:
            sql, values = sql + " AND authority = %s", [*values, self.authority]
        if self.country is not None:
            sql, values = sql + " AND country = %s", [*values, self.country]
        return sql, values


@dataclass(slots=True)
class _Reading:
    """A word of the query, and the words of the vocabulary that it may stand for: word -> (likeness, names)."""

    word: str
    names: int
    weight: float = 0.0
    options: dict[str, tuple[float, int]] = field(default_factory=dict)

    @property
    def likeliest(self) -> int:
        """In how many names the word stands, or the best correction of a word that stands in none."""
        close = (count for alike, count in self.options.values() if alike >= 0.7)
        return self.names or max(close, default=0)

    def best(self, most: int) -> list[tuple[str, tuple[float, int]]]:
        """Its likeliest options."""
        return heapq.nlargest(most, self.options.items(), key=lambda option: option[1])


@dataclass(slots=True)
class _Query:
    """A name asked for, with what the vocabulary says of its words; ``joined`` are neighbours read as one word."""

    words: tuple[str, ...]
    by_sound: bool
    total: int = 1
    readings: list[_Reading] = field(default_factory=list)
    joined: list[_Reading] = field(default_factory=list)


def named(asked: Folded, within: Within, *, exact_digits: bool = False) -> Answers:
    """The rows whose names are most like the one asked for, the best first; at most ``RANKED``.

    ``exact_digits``: only names that hold every word with a digit as it was asked.
    """
    query = _Query(tuple(dict.fromkeys(asked.words))[:MOST_WORDS], asked.foreign)
    if not query.words:
        return Answers()
    _read_vocabulary(query)
    rows = _rows(_conditions(query), within)
    if exact_digits:
        fixed = {word for word in query.words if not word.isalpha()}
        rows = {row: folded for row, folded in rows.items() if fixed.issubset(folded.split())}
    weights = [reading.weight for reading in query.readings]
    ranked = (
        Found(row, likeness.rank(query.words, weights, folded.split(), by_sound=query.by_sound))
        for row, folded in _shortlist(rows, query)
    )
    best = sorted((one for one in ranked if one.rank >= WORTH), key=lambda one: (-one.rank, one.row))
    return Answers(tuple(best), frozenset(reading.word for reading in query.readings if reading.names))


def _array(keys: Iterable[int]) -> str:
    """Keys as the database reads them; much cheaper to pass than a list."""
    return f"{{{','.join(map(str, keys))}}}"


# The vocabulary

_COUNTS: Final = """
    SELECT word, sum(names)::int FROM registry_searchword WHERE key = ANY(%s::int[]) GROUP BY word"""

_ALIKE: Final = """
    SELECT word, sum(names)::int FROM registry_searchword
    WHERE sound = ANY(%s::int[]) OR deletions && %s::int[] OR (word ~>=~ %s AND word ~<~ %s)
    GROUP BY word"""


def _read_vocabulary(query: _Query) -> None:
    """Fill in what each word may stand for and how much it tells."""
    joined = tuple(one + other for one, other in pairwise(query.words))
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [_array(names.word_key(word) for word in ("", *query.words, *joined))])
        counts: dict[str, int] = {word: count for word, count in cursor.fetchall() if count > 0}
        query.total = max(counts.get("", 0), 1)
        query.readings = [_reading(word, counts) for word in query.words]
        query.joined = [_reading(word, counts) for word in joined]
        doubtful = [reading for reading in query.readings if reading.names <= FEW]
        doubtful += [
            reading
            for reading, one, other in zip(query.joined, query.readings, query.readings[1:], strict=False)
            if not reading.names
            and (not (one.names and other.names) or min(len(one.word), len(other.word)) < 4)
        ]
        doubtful = [reading for reading in doubtful if names.asked_deletions(reading.word)]
        found = _alike(cursor, doubtful, query) if doubtful else []
    for reading in doubtful:
        _add_options(reading, found, by_sound=query.by_sound)
    _weigh(query)


def _reading(word: str, counts: dict[str, int]) -> _Reading:
    count = counts.get(word, 0)
    return _Reading(word, count, options={word: (1.0, count)} if count else {})


def _alike(cursor: Any, doubtful: list[_Reading], query: _Query) -> list[tuple[str, int]]:
    """Words of the vocabulary that sound like the doubtful ones, are a few errors from them or begin with the last."""
    sounds = [names.sound_key(sound) for reading in doubtful if (sound := names.skeleton(reading.word))]
    cut = {key for reading in doubtful for key in names.asked_deletions(reading.word)}
    if query.by_sound:
        cut |= {key for reading in doubtful for key in names.asked_deletions(names.with_vowels(reading.word))}
    last = query.readings[-1]
    start = last.word if last in doubtful else None
    cursor.execute(_ALIKE, [_array(sounds), _array(cut), start, start and start + "{"])  # the sign after z
    return [(word, count) for word, count in cursor.fetchall() if count > 0]


def _add_options(reading: _Reading, found: list[tuple[str, int]], *, by_sound: bool) -> None:
    """What a word may stand for, the likeliest of the words found."""
    asked = reading.word
    options = []
    for word, count in found:
        alike = likeness.word_likeness(asked, word, by_sound)
        if alike < 1 and word.startswith(asked):
            alike = max(alike, likeness.beginning(asked, word))
        if alike >= LEAST:
            options.append((alike, count, word))
    reading.options |= {word: (alike, count) for alike, count, word in heapq.nlargest(CORRECTIONS, options)}


def _weigh(query: _Query) -> None:
    """The rarer a word, the more it tells; a mistyped legal form tells next to nothing."""
    for reading in query.readings:
        form = not reading.names and names.like_form(reading.word, last=reading is query.readings[-1])
        reading.weight = 0.2 if form and len(query.words) > 1 else _weight(reading.likeliest, query.total)
    for joined, one, other in zip(query.joined, query.readings, query.readings[1:], strict=False):
        joined.weight = one.weight + other.weight


def _weight(count: int, total: int) -> float:
    return 0.3 + log((total + 2) / (count + 1))


# The rows


@dataclass(slots=True)
class _Conditions:
    """What makes a row a candidate: any of the keys, or all of one of the sets; or a few of those with one key."""

    any_of: set[int]
    all_of: list[tuple[int, int]] = field(default_factory=list)
    sample_of: int | None = None


def _conditions(query: _Query) -> _Conditions:
    """The rarest readings that the budget allows, and pairs of the others."""
    chosen = _Conditions({names.whole_key(query.words), *map(names.word_key, names.joined(query.words))})
    if len(query.words) == 1 and 3 <= len(query.words[0]) <= 6:
        chosen.any_of.add(names.initials_key(query.words[0]))
    most = max(CORRECTIONS // 4, CORRECTIONS // len(query.words))
    offers = sorted(
        (count, -alike, word)
        for reading in (*query.readings, *query.joined)
        for word, (alike, count) in reading.best(most)
    )
    spent = 0
    for count, _, word in offers:
        if spent + count > BUDGET:
            break
        spent += count
        chosen.any_of.add(names.word_key(word))
    _add_sounds(chosen, query, BUDGET - spent)
    _add_pairs(chosen, query)
    return chosen


def _add_sounds(chosen: _Conditions, query: _Query, left: int) -> None:
    """Whole sounds, where all words of that sound fit in what is left of the budget."""
    for reading in query.readings:
        sound = names.skeleton(reading.word)
        if not sound or reading.names > FEW:
            continue
        count = sum(count for word, (_, count) in reading.options.items() if names.skeleton(word) == sound)
        if 0 < count <= left:
            left -= count
            chosen.any_of.add(names.sound_key(sound))


def _add_pairs(chosen: _Conditions, query: _Query) -> None:
    """Pairs of words that are each in too many names, the rarest pairs first; a lone one is only sampled."""
    common = [
        (count, place, key)
        for place, reading in enumerate(query.readings)
        for word, (_, count) in reading.best(3)
        if (key := names.word_key(word)) not in chosen.any_of
    ]
    pairs = sorted(
        (one[0] * other[0] / query.total, one[2], other[2])
        for place, one in enumerate(common)
        for other in common[place + 1 :]
        if one[1] != other[1]
    )
    spent = 0.0
    for expected, one_key, other_key in pairs[:6]:
        if spent and spent + expected > BUDGET:
            break
        spent += expected
        chosen.all_of.append((one_key, other_key))
    if common and not pairs:
        chosen.sample_of = min(common)[2]


_ROWS: Final = "SELECT id, folded FROM registry_searchname WHERE ({conditions}) AND {within} LIMIT %s"


def _rows(chosen: _Conditions, within: Within) -> dict[int, str]:
    """The candidates: row -> folded name."""
    conditions = ["keys && %s::int[]", *["keys @> %s::int[]"] * len(chosen.all_of)]
    clause, values = within.clause()
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(conditions=" OR ".join(conditions), within=clause),
            [_array(chosen.any_of), *map(_array, chosen.all_of), *values, 3 * BUDGET],
        )
        rows = dict(cursor.fetchall())
        if chosen.sample_of is not None:
            sample = [_array([chosen.sample_of]), *values, RANKED]
            cursor.execute(_ROWS.format(conditions="keys @> %s::int[]", within=clause), sample)
            rows |= dict(cursor.fetchall())
    return rows


# The shortlist


def _shortlist(rows: dict[int, str], query: _Query) -> Iterable[tuple[int, str]]:
    """The rows worth comparing word by word; of equals the shorter name, or an exact short one would fall out."""
    if len(rows) <= RANKED:
        return rows.items()
    worth: dict[str, float] = {}
    for reading in (*query.readings, *query.joined):
        for word, (alike, _) in reading.options.items():
            worth[word] = max(worth.get(word, 0.0), alike * reading.weight)
    wanted = sum(reading.weight for reading in query.readings)
    whole = " ".join(query.words)

    def promise(row: tuple[int, str]) -> float:
        covered = sum(worth[word] for word in {*row[1].split()} if word in worth) / wanted
        alike = fuzz.ratio(whole, row[1]) / 100
        return 0.75 * max(covered, alike) + 0.25 * alike

    return heapq.nlargest(RANKED, rows.items(), key=promise)
