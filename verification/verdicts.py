"""The one verdict table: what was found, and how it was reached, to a colour, a shape and a word.

Page, SMS, JSON and print all read it. Green needs three things at once: the result ``licensed``, a register
that was asked just now (or a signed list of at most a day, then green is an outline only), and nothing
missing. Whatever the table does not know is shown as unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import Final


class Result(StrEnum):
    """What a check found."""

    LICENSED = "licensed"
    LIMITED = "limited"
    NOT_LICENSED = "not_licensed"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    NOT_GENUINE = "not_genuine"


class Reach(StrEnum):
    """How the check reached the register."""

    ONLINE = "online"
    OFFLINE_FRESH = "offline_fresh"
    OFFLINE_OLD = "offline_old"


class Colour(StrEnum):
    """The colour; never the only sign."""

    GREEN = "green"
    GREEN_OUTLINE = "green_outline"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


class Shape(StrEnum):
    """The shape, which tells the same as the colour to who does not see it, and on black and white paper."""

    CIRCLE_TICK = "circle_tick"
    RING_TICK = "ring_tick"
    TRIANGLE_MARK = "triangle_mark"
    OCTAGON_CROSS = "octagon_cross"
    CIRCLE_QUESTION = "circle_question"


class Word(StrEnum):
    """The code of the word. Online it is the result's own; offline it says what a list can say."""

    LICENSED = "licensed"
    LIMITED = "limited"
    NOT_LICENSED = "not_licensed"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    NOT_GENUINE = "not_genuine"
    GENUINE_AS_OF = "genuine_as_of"
    LIMITED_CHECK_ONLINE = "limited_check_online"
    NOT_LICENSED_AS_OF = "not_licensed_as_of"
    CHECK_ONLINE = "check_online"


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is seen: always all three."""

    colour: Colour
    shape: Shape
    word: Word


FRESH_FOR: Final = timedelta(hours=24)
"""A status list older than this no longer carries a green outline."""


def _amber(word: Word) -> Appearance:
    return Appearance(Colour.AMBER, Shape.TRIANGLE_MARK, word)


def _red(word: Word) -> Appearance:
    return Appearance(Colour.RED, Shape.OCTAGON_CROSS, word)


COULD_NOT_CHECK: Final = Appearance(Colour.GREY, Shape.CIRCLE_QUESTION, Word.UNKNOWN)
"""Nothing is known: the register can't say, can't be reached, or was asked too often."""

_OFFLINE_OLD: Final = {
    Result.LICENSED: _amber(Word.CHECK_ONLINE),
    Result.LIMITED: _amber(Word.CHECK_ONLINE),
    Result.NOT_LICENSED: _red(Word.NOT_LICENSED_AS_OF),
    Result.UNKNOWN: _amber(Word.CHECK_ONLINE),
    Result.NOT_FOUND: COULD_NOT_CHECK,
    Result.AMBIGUOUS: COULD_NOT_CHECK,
    Result.NOT_GENUINE: _red(Word.NOT_GENUINE),
}

TABLE: Final[dict[Reach, dict[Result, Appearance]]] = {
    Reach.ONLINE: {
        Result.LICENSED: Appearance(Colour.GREEN, Shape.CIRCLE_TICK, Word.LICENSED),
        Result.LIMITED: _amber(Word.LIMITED),
        Result.NOT_LICENSED: _red(Word.NOT_LICENSED),
        Result.UNKNOWN: COULD_NOT_CHECK,
        # Red also when the code may only be mistyped: an invented code fails its check symbol 35 times in 36.
        Result.NOT_FOUND: _red(Word.NOT_FOUND),
        Result.AMBIGUOUS: _amber(Word.AMBIGUOUS),
        Result.NOT_GENUINE: _red(Word.NOT_GENUINE),
    },
    Reach.OFFLINE_FRESH: _OFFLINE_OLD
    | {
        Result.LICENSED: Appearance(Colour.GREEN_OUTLINE, Shape.RING_TICK, Word.GENUINE_AS_OF),
        Result.LIMITED: _amber(Word.LIMITED_CHECK_ONLINE),
    },
    Reach.OFFLINE_OLD: _OFFLINE_OLD,
}
"""Every result by every way; results that no list can tell say that nothing could be checked."""


def appearance(result: str, reach: str = Reach.ONLINE) -> Appearance:
    """How the result looks; what the table does not know looks like what could not be checked."""
    return _BY_CODES.get((result, reach), COULD_NOT_CHECK)


_BY_CODES: Final[dict[tuple[str, str], Appearance]] = {
    (result.value, reach.value): TABLE[reach][result] for result, reach in product(Result, Reach)
}


def reached_offline(age: timedelta | None) -> Reach:
    """How an offline check reached the register, by its list's age; none, or one below nought, is old."""
    fresh = age is not None and timedelta(0) <= age <= FRESH_FOR
    return Reach.OFFLINE_FRESH if fresh else Reach.OFFLINE_OLD


def worst(*results: str) -> Result:
    """The lower of several results, as an office's verdict is the lower of its own and its head licence's."""
    return min(map(_known, results), key=rank, default=Result.UNKNOWN)


def of_subject(result: str, siblings: Sequence[tuple[str, str]], *, problem: bool) -> Result:
    """The lower of a subject's own verdict and its best licence's (rulings 9), as far as its siblings leave it.

    ``siblings``: state and result of each of the holder's other licences. A holder with one licence in force and
    another suspended, revoked or cut is not simply licensed: its office may recruit under the one and must not
    under the other, so it reads as limited.
    """
    results = [result]
    if limits(result, siblings):
        results.append(Result.LIMITED)
    if problem:
        results.append(Result.NOT_LICENSED)
    return worst(*results)


def limits(result: str, siblings: Sequence[tuple[str, str]]) -> bool:
    """Whether something held against a sibling limits what a licence says of its holder's offices and people.

    A licence that ended without blame, or has not begun, takes nothing away, nor does one of which a list says too
    little.
    """
    return result == Result.LICENSED and any(
        told in {Result.NOT_LICENSED, Result.LIMITED} and state not in _BLAMELESS for state, told in siblings
    )


_BLAMELESS: Final = frozenset({"not_granted", "pending_activation", "expired", "surrendered", "cancelled"})
"""States in which a licence is not in force and nothing is held against its holder."""


def rank(result: str) -> int:
    """How much a result lets a reader hope: ``licensed`` is the highest, ``not_genuine`` the lowest."""
    return _LOWEST_FIRST.index(_known(result))


def _known(result: str) -> Result:
    return Result(result) if result in _LOWEST_FIRST else Result.UNKNOWN


_LOWEST_FIRST: Final = (
    Result.NOT_GENUINE,
    Result.NOT_LICENSED,
    Result.NOT_FOUND,
    Result.UNKNOWN,
    Result.AMBIGUOUS,
    Result.LIMITED,
    Result.LICENSED,
)
