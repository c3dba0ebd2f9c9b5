"""How alike two names are: one measure to rank what was found, another to claim that it is what was meant.

Ranking asks which of the candidates somebody most probably looks for, so it forgives what is missing. A claim says to
somebody who may pay money on it that this *is* the name, so every letter on either side counts against it that has no
partner on the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA

from registry.rules.names import Folded, respelt, skeleton


class Match(StrEnum):
    """What a hit claims: the same, the same but for the spelling, or merely something like it."""

    EXACT = "exact"
    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Claim:
    """How far a name may be said to be the one asked for, with the reasons as codes; ``score`` from 0 to 1."""

    match: Match
    score: float
    why: tuple[str, ...]


# Words


@lru_cache(maxsize=1 << 15)
def word_likeness(asked: str, held: str, by_sound: bool = False) -> float:  # noqa: FBT001, FBT002 - cached
    """From 0 to 1, how probably ``held`` was meant by ``asked``: typing errors, or the sound of another script.

    Between two scripts (``by_sound``) the sound says more than the letters: vowels are often not written at all.
    Digits are never typing errors: a word with other digits is another word.
    """
    if asked == held:
        return 1.0
    if not (asked.isalpha() and held.isalpha()) and _digits(asked) != _digits(held):
        return 0.0
    typed = OSA.normalized_similarity(asked, held, score_cutoff=0.3)
    if by_sound:
        typed = max(typed, OSA.normalized_similarity(respelt(asked), respelt(held), score_cutoff=0.3))
    sound = skeleton(asked)
    if sound and sound == skeleton(held):
        return max(typed, 0.5 + 0.45 * typed) if by_sound else max(typed, 0.35 + 0.6 * typed)
    return typed if typed >= 0.5 else 0.0


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


# Ranking


def beginning(asked: str, held: str) -> float:
    """How probably a longer word was meant by its beginning: people stop typing."""
    return 0.55 + 0.45 * len(asked) / len(held)


def rank(
    asked: Sequence[str], weights: Sequence[float], held: Sequence[str], *, by_sound: bool = False
) -> float:
    """From 0 to 1, how well a held name answers the words asked, rare words counting more (``weights``).

    Words pair one to one, neighbours on either side also written as one; what is left over on the held side costs
    little, so that a longer name still answers its beginning.
    """
    pairs: list[_Pair] = []
    left, others = list(range(len(asked))), list(range(len(held)))
    for place in tuple(left):
        same = next((other for other in others if held[other] == asked[place]), None)
        if same is not None:
            left.remove(place)
            others.remove(same)
            pairs.append((1.0, weights[place], len(held[same])))
    if left and others:
        pairs += _best(_options(asked, weights, held, left, others, by_sound=by_sound), weights, held)
    found = sum(weight * alike for alike, weight, _ in pairs)
    letters = sum(alike * length for alike, _, length in pairs)
    return round(0.8 * found / (sum(weights) or 1.0) + 0.2 * letters / (sum(map(len, held)) or 1), 6)


_Pair = tuple[float, float, int]
"""Likeness, weight of the words asked, letters held."""

_Option = tuple[float, float, tuple[int, ...], tuple[int, ...]]
"""Worth, likeness, places asked, places held."""


def _options(
    asked: Sequence[str],
    weights: Sequence[float],
    held: Sequence[str],
    left: list[int],
    others: list[int],
    *,
    by_sound: bool,
) -> list[_Option]:
    """Ways to pair what stands in one of the names only; neighbours may be paired as one word."""
    found: list[_Option] = []
    both = [((other, next_), held[other] + held[next_]) for other, next_ in _neighbours(others)]
    for place in left:
        word, weight = asked[place], weights[place]
        for other in others:
            alike = word_likeness(word, held[other], by_sound)
            if alike < 1 and len(word) > 2 and held[other].startswith(word):
                alike = max(alike, beginning(word, held[other]))
            if alike:
                found.append((alike * weight, alike, (place,), (other,)))
        for over, name in both:
            if abs(len(word) - len(name)) < 3 and (alike := _as_one(word, name, by_sound)):
                found.append((alike * weight, alike, (place,), over))
    for place, next_ in _neighbours(left):
        word, weight = asked[place] + asked[next_], weights[place] + weights[next_]
        for other in others:
            name = held[other]
            if abs(len(word) - len(name)) < 3 and (alike := _as_one(word, name, by_sound)):
                found.append((alike * weight, alike, (place, next_), (other,)))
    return found


def _best(options: list[_Option], weights: Sequence[float], held: Sequence[str]) -> list[_Pair]:
    pairs: list[_Pair] = []
    used, taken = set[int](), set[int]()
    for _, alike, places, over in sorted(options, reverse=True):
        if used.isdisjoint(places) and taken.isdisjoint(over):
            used.update(places)
            taken.update(over)
            letters = sum(len(held[other]) for other in over)
            pairs.append((alike, sum(weights[place] for place in places), letters))
    return pairs


def _neighbours(places: list[int]) -> list[tuple[int, int]]:
    return [(one, other) for one, other in pairwise(places) if other == one + 1]


def _as_one(one: str, other: str, by_sound: bool) -> float:  # noqa: FBT001 - handed on
    """How alike words are of which one was written as two; nothing unless nearly the same."""
    alike = word_likeness(one, other, by_sound)
    return alike if alike > 0.7 else 0.0


# Claims

STRONG: Final = 0.86
"""The least score of a strong claim; set on hard cases, see ``tests/benchmarks/search.py``."""

_PAIR: Final = 0.75
"""Words less alike than this are two words: two errors in eight letters, one in four."""

_SHORT: Final = 5
"""Of two words that are both shorter, one is no misspelling of the other: *Pen* is not *Open*."""


def claim(asked: Folded, held: Folded, known: Collection[str] = ()) -> Claim:
    """What may be said of a held name against the name asked for: one-to-one, every letter counted.

    ``known``: words asked that stand in other names as well, so that they are no typing errors: *Muse* asked for is
    not *Fuse*.
    """
    forms = _forms(asked, held)
    if asked.words == held.words:
        return _claimed(Match.EXACT, 1.0, forms, "name.same")
    if sorted(asked.words) == sorted(held.words):
        return _claimed(Match.STRONG, 0.99, forms, "name.word_order")
    if "".join(asked.words) == "".join(held.words):
        return _claimed(Match.STRONG, 0.98, forms, "name.spacing")
    return _by_letters(asked, held, forms, known)


def _forms(asked: Folded, held: Folded) -> tuple[str, ...]:
    """Why the legal forms do not stand in the way, or that they do."""
    if asked.forms == held.forms:
        return ()
    if any(form.startswith("?") for form in asked.forms ^ held.forms):
        return ("name.legal_form_differs",)
    if asked.forms <= held.forms or held.forms <= asked.forms:
        return ("name.legal_form_left_out",)
    return ("name.legal_form_differs",)


def _claimed(match: Match, score: float, forms: tuple[str, ...], why: str) -> Claim:
    if forms == ("name.legal_form_differs",):
        return Claim(Match.WEAK, min(score, STRONG - 0.01), (why, *forms))
    return Claim(match, score, (why, *forms))


def _by_letters(asked: Folded, held: Folded, forms: tuple[str, ...], known: Collection[str]) -> Claim:
    """One-to-one coverage: letters of paired words by their likeness, over all letters of both names."""
    by_sound = asked.foreign != held.foreign
    pairs, left, over = _partners(asked.words, held.words, () if by_sound else known, by_sound)
    if left and "".join(left) == "".join(over):  # written as one word here and as two there
        pairs, left, over = [*pairs, ("".join(left), "".join(over))], [], []
    covered = sum(max(len(one), len(other)) * _spelled(one, other, by_sound) for one, other in pairs)
    letters = sum(max(len(one), len(other)) for one, other in pairs) + sum(map(len, left + over))
    score = round(covered / letters, 3) if letters else 0.0
    if left or over:
        return _claimed(Match.WEAK, min(score, STRONG - 0.01), forms, "name.part" if pairs else "name.like")
    strong = _enough_sound(pairs) if by_sound else score >= STRONG
    why = "name.by_sound" if by_sound else "name.spelling"
    return _claimed(Match.STRONG if strong else Match.WEAK, score, forms, why)


def _partners(
    asked: Sequence[str],
    held: Sequence[str],
    known: Collection[str],
    by_sound: bool,  # noqa: FBT001 - handed on
) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Words paired one to one, the most alike first, and the words of either side that have no partner."""
    options = sorted(
        (
            (_spelled(word, name, by_sound), place, other)
            for place, word in enumerate(asked)
            for other, name in enumerate(held)
            if word == name or (word not in known and _one_word(word, name, by_sound))
        ),
        key=lambda option: (-option[0], abs(option[1] - option[2])),
    )
    used, taken, pairs = set[int](), set[int](), []
    for _, place, other in options:
        if place not in used and other not in taken:
            used.add(place)
            taken.add(other)
            pairs.append((asked[place], held[other]))
    left = [word for place, word in enumerate(asked) if place not in used]
    return pairs, left, [name for other, name in enumerate(held) if other not in taken]


def _one_word(one: str, other: str, by_sound: bool) -> bool:  # noqa: FBT001 - handed on
    """Whether two words may be one, misspelled or spelled in two scripts."""
    long = by_sound or max(len(one), len(other)) >= _SHORT
    return one == other or (long and _spelled(one, other, by_sound) >= _PAIR)


def _spelled(one: str, other: str, by_sound: bool) -> float:  # noqa: FBT001 - handed on
    """Within one script letters alone count: *Karim* and *Kareem* may be two people."""
    if by_sound or not (one.isalpha() and other.isalpha()):
        return word_likeness(one, other, by_sound)
    return OSA.normalized_similarity(one, other)


def _enough_sound(pairs: list[tuple[str, str]]) -> bool:
    """Whether the consonants agree in all words and are enough to tell names apart."""
    sounds = [(skeleton(one), skeleton(other)) for one, other in pairs]
    return all(one == other for one, other in sounds) and sum(len(one) for one, _ in sounds) >= 6
