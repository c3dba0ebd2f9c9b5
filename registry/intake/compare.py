"""Two days of one list against each other: is too much gone, and which of the gone look like some of the new.

Plain Python. Nothing is joined here: a near match is only ever reported (rulings 19 and 20).
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from registry.intake.refusals import ListWouldShrink
from registry.intake.rows import key_text
from registry.rules import names

#: A list that loses more than this share of its identities is refused.
LARGEST_LOSS: Final = 0.20
#: From this likeness (0 to 100) on, two names in one place are near matches.
_ALIKE: Final = 90
#: How many near matches of one name are weighed against those of others.
_NEAREST: Final = 3

_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder as a list shows it: its identity, the name and the place."""

    key: uuid.UUID
    name: str
    place: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A holder that is gone and one that is new and looks like it."""

    gone: Holder
    added: Holder
    likeness: int


def check_loss(*, known: int, lost: int, allow_shrink: bool, cut_off: bool) -> None:
    """Refuse a list on which more than a fifth of the identities of the last one are gone.

    ``known``: identities on the last list taken in; ``lost``: those of them that are not on this one; ``cut_off``: the
    file does not end with a line end.
    """
    if allow_shrink or not known or lost / known <= LARGEST_LOSS:
        return
    percent = round(100 * lost / known, 1)
    message = (
        f"{percent} % of the register would be gone: {lost:,} of the {known:,} identities on the last list are not in "
        f"this file. More than {LARGEST_LOSS:.0%} is refused; --allow-shrink takes it in all the same."
    )
    if cut_off:
        message += " The file does not end with a line end: it may be cut off."
    raise ListWouldShrink(message, percent=percent, lost=lost, known=known, cut_off=cut_off)


def near_matches(gone: Iterable[Holder], added: Iterable[Holder]) -> list[Pair]:
    """Pairs of one gone and one new holder that may be the same: a move, or another spelling.

    Each holder is in one pair at most, the likest first: the same name in another place, or nearly the same name in the
    same place. Digits must agree (``Unit 1`` is not ``Unit 2``).
    """
    left, new = list(gone), list(added)
    pairs = _same_name(left, new)
    taken = {pair.gone.key for pair in pairs} | {pair.added.key for pair in pairs}
    left = [holder for holder in left if holder.key not in taken]
    new = [holder for holder in new if holder.key not in taken]
    return pairs + _same_place(left, new)


def _same_name(gone: Sequence[Holder], added: Sequence[Holder]) -> list[Pair]:
    by_name: dict[str, list[Holder]] = defaultdict(list)
    for holder in added:
        by_name[key_text(holder.name)].append(holder)
    return [
        Pair(holder, candidates.pop(0), 100)
        for holder in gone
        if (candidates := by_name.get(key_text(holder.name)))
    ]


def _same_place(gone: Sequence[Holder], added: Sequence[Holder]) -> list[Pair]:
    new_in: dict[str, list[Holder]] = defaultdict(list)
    for holder in added:
        new_in[key_text(holder.place)].append(holder)
    left_in: dict[str, list[Holder]] = defaultdict(list)
    for holder in gone:
        if key_text(holder.place) in new_in:
            left_in[key_text(holder.place)].append(holder)
    found: list[Pair] = []
    for place, left in left_in.items():
        found += _alike(left, new_in[place])
    found.sort(key=lambda pair: (-pair.likeness, pair.gone.name, pair.added.name))
    return _one_to_one(found)


def _alike(gone: Sequence[Holder], added: Sequence[Holder]) -> list[Pair]:
    held = [_bare(holder.name) for holder in added]
    found = []
    for one in gone:
        nearest = process.extract(
            _bare(one.name), held, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=_NEAREST
        )
        for _, likeness, place in nearest:
            if _DIGITS.findall(one.name) == _DIGITS.findall(added[place].name):
                found.append(Pair(one, added[place], int(likeness)))
    return found


def _one_to_one(pairs: Iterable[Pair]) -> list[Pair]:
    chosen, taken = [], set[uuid.UUID]()
    for pair in pairs:
        if pair.gone.key not in taken and pair.added.key not in taken:
            taken |= {pair.gone.key, pair.added.key}
            chosen.append(pair)
    return chosen


def _bare(name: str) -> str:
    """The name's own words in order of the alphabet: legal forms, signs and word order do not count."""
    return " ".join(sorted(names.fold(name).words))
