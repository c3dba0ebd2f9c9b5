"""Which rows may answer a query: two indexed reads, the second within a budget, then the best of them in order.

The vocabulary says in how many names each word of the query stands, and which other words it may be a misspelling of.
The rarest words are worth the most and cost the least, so they are read first; words in more names than the budget
allows are read only together with another. No reading grows with the register.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, pairwise
from math import log
from typing import Any, Final

from django.db import connection
from rapidfuzz import fuzz, process

from registry.rules import likeness, names
from registry.rules.names import Folded

BUDGET: Final = 500
"""Rows that a query may read for its rarest words alone, as the vocabulary counts them."""

MOST_ROWS: Final = 250
"""Rows that may be read for words in combination."""

SORTED: Final = 3000
"""Up to so many rows that are expected for a combination, those nearest in length are taken, else any."""

FEW: Final = 40
"""A word in at most so many names may be a misspelling of another."""

LEAST: Final = 0.55
"""Words less alike are not taken for each other."""

CORRECTIONS: Final = 64
"""Readings of a query's words that are looked up, the likeliest of each word; never under a quarter for one word."""

COMBINED: Final = 4
"""Words that are looked up in combination: the rarest."""

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
    rows = _rows(_arms(query), query, within)
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
    SELECT {place} AS place, word, names FROM registry_searchword
    WHERE (deletions && %s::int[] OR sound = ANY(%s::int[])) AND length(word) BETWEEN %s AND %s"""

_LONGER: Final = """
    SELECT {place} AS place, word, names FROM registry_searchword WHERE word ~>=~ %s AND word ~<~ %s"""

_ADDED_UP: Final = "SELECT place, word, sum(names)::int FROM ({parts}) AS found GROUP BY place, word"


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
        if doubtful:
            _read_alike(cursor, doubtful, query)
    _weigh(query)


def _reading(word: str, counts: dict[str, int]) -> _Reading:
    count = counts.get(word, 0)
    return _Reading(word, count, options={word: (1.0, count)} if count else {})


def _read_alike(cursor: Any, doubtful: list[_Reading], query: _Query) -> None:
    """Fill in the words that the doubtful ones may be: near in letters or alike in sound; or begun with the last."""
    parts, values = [], list[Any]()
    for place, reading in enumerate(doubtful):
        parts.append(_ALIKE.format(place=place))
        values += _near(reading, by_sound=query.by_sound)
        if reading is query.readings[-1]:
            parts.append(_LONGER.format(place=place))
            values += [reading.word, reading.word + "{"]  # the sign after z
    cursor.execute(_ADDED_UP.format(parts=" UNION ALL ".join(parts)), values)
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for place, word, count in cursor.fetchall():
        if count > 0:
            found[place].append((word, count))
    for place, reading in enumerate(doubtful):
        _add_options(reading, found[place], by_sound=query.by_sound)


def _near(reading: _Reading, *, by_sound: bool) -> list[Any]:
    """The deletions, sounds and lengths of the words that a word may be; of a word that is known, the nearest only.

    Sounds shared by half the words there are say little between two names in one script.
    """
    word = reading.word
    cut = set(names.deletions(word, 1) if reading.names else names.asked_deletions(word))
    sound = names.skeleton(word)
    if by_sound:
        cut.update(names.asked_deletions(names.with_vowels(word)))
        return [_array(cut), _array([names.sound_key(sound)] if sound else []), 1, names.LONGEST_WORD]
    sounds = [names.sound_key(sound)] if len(sound) > 2 else []
    return [_array(cut), _array(sounds), len(word) - 2, len(word) + 3]


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


@dataclass(frozen=True, slots=True)
class _Arm:
    """One reading of the index: rows that have a key of each of the groups, at most ``most``."""

    groups: tuple[frozenset[int], ...]
    most: int
    by_length: bool = False


def _arms(query: _Query) -> list[_Arm]:
    """What is read: the name as a whole, its words written as one, its rarest words, and all but one of its words."""
    written = {*map(names.word_key, names.joined(query.words))}
    if len(query.words) == 1 and 3 <= len(query.words[0]) <= 6:
        written.add(names.initials_key(query.words[0]))
    arms = [_Arm((frozenset({names.whole_key(query.words)}),), MOST_ROWS)]
    if written:
        arms.append(_Arm((frozenset(written),), MOST_ROWS))
    if rare := _rare(query):
        arms.append(_Arm((frozenset(rare),), 2 * BUDGET))
    return arms + _combined(query)


def _rare(query: _Query) -> set[int]:
    """The rarest readings of all words that the budget allows; whole sounds where they fit in as well."""
    most = max(CORRECTIONS // 4, CORRECTIONS // len(query.words))
    offers = sorted(
        (count, -alike, word)
        for reading in (*query.readings, *query.joined)
        for word, (alike, count) in reading.best(most)
    )
    left, found = BUDGET, set[int]()
    for count, _, word in offers:
        if count > left:
            break
        left -= count
        found.add(names.word_key(word))
    for reading in query.readings if query.by_sound else ():
        sound = names.skeleton(reading.word)
        count = sum(count for word, (_, count) in reading.options.items() if names.skeleton(word) == sound)
        if sound and 0 < count <= left:
            left -= count
            found.add(names.sound_key(sound))
    return found


def _combined(query: _Query) -> list[_Arm]:
    """Every combination of the rarest words that leaves out one; a lone common word is only sampled."""
    told = [reading for reading in query.readings if reading.options]
    told.sort(key=lambda reading: reading.weight, reverse=True)
    told = told[:COMBINED]
    if len(told) == 1:
        alone = sum(count for _, count in told[0].options.values()) > BUDGET
        return [_Arm((_group(told[0]),), RANKED)] if alone else []
    size = max(2, len(told) - 1)
    return [_arm(chosen, query.total) for chosen in combinations(told, size)] if told else []


def _arm(chosen: tuple[_Reading, ...], total: int) -> _Arm:
    expected = float(total)
    for reading in chosen:
        expected *= min(1.0, sum(count for _, count in reading.options.values()) / total)
    return _Arm(tuple(map(_group, chosen)), MOST_ROWS, by_length=expected < SORTED)


def _group(reading: _Reading) -> frozenset[int]:
    return frozenset(names.word_key(word) for word, _ in reading.best(CORRECTIONS // 2))


_ROWS: Final = "(SELECT id, folded FROM registry_searchname WHERE {groups} AND {within}{order} LIMIT %s)"


def _rows(arms: list[_Arm], query: _Query, within: Within) -> dict[int, str]:
    """The candidates: row -> folded name."""
    clause, at = within.clause()
    length = len(" ".join(query.words))
    parts, values = [], list[Any]()
    for arm in arms:
        groups = " AND ".join(["keys && %s::int[]"] * len(arm.groups))
        order = " ORDER BY abs(length(folded) - %s)" if arm.by_length else ""
        parts.append(_ROWS.format(groups=groups, within=clause, order=order))
        values += [*map(_array, arm.groups), *at, *([length] if arm.by_length else []), arm.most]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return dict(cursor.fetchall())


# The shortlist


def _shortlist(rows: dict[int, str], query: _Query) -> Iterable[tuple[int, str]]:
    """The rows worth comparing word by word; among those with the same words the shorter, or it would fall out."""
    if len(rows) <= RANKED:
        return rows.items()
    worth: dict[str, float] = {}
    for reading in (*query.readings, *query.joined):
        for word, (alike, _) in reading.options.items():
            worth[word] = max(worth.get(word, 0.0), alike * reading.weight)
    wanted = sum(reading.weight for reading in query.readings)
    whole = " ".join(query.words)
    scored = []
    for folded, percent, row in process.extract(whole, rows, scorer=fuzz.ratio, processor=None, limit=None):
        covered = 0.0
        for word in folded.split():
            if word in worth:
                covered += worth[word]
        alike = percent / 100
        scored.append((0.75 * max(covered / wanted, alike) + 0.25 * alike, row, folded))
    return [(row, folded) for _, row, folded in heapq.nlargest(RANKED, scored)]
