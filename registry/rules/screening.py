"""What makes two records a possible match: the reasons with their points, names of persons, and who decides on it.

A possible match is never a finding: it is a reason for an officer to look. Points and thresholds are those of the
domain model (3.5); the score of a link between agencies is the sum of its reasons, each counted once. Nothing here
reads the register.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from anyascii import anyascii
from rapidfuzz.distance import OSA

from registry.rules import likeness, names
from registry.rules.names import Folded

ASKS_REGISTRAR: Final = 50
"""From this score on nothing is granted without the registrar."""

SHOWN: Final = 20
"""Links between agencies below this score are no possible match, unless their names are the same."""

SHOWN_NAME: Final = 50
"""The same for a name on a list or among the barred."""

MOST_SHARING: Final = 25
"""What more agencies than this have in common (a free mail host, a whole building) says nothing about any of them."""

YEARS_BACK: Final = 5
"""For how long a refusal or suspension counts against whoever comes after it."""


class State(StrEnum):
    """Where a possible match stands, or all those of an agency together."""

    CLEAR = "clear"
    POSSIBLE_MATCH = "possible_match"
    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false_positive"


class Verdict(StrEnum):
    """What an officer says of a possible match."""

    CONFIRM = "confirm"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that two records have in common, and what it counts."""

    code: str
    points: int


# --- links between agencies: the phoenix score

LINKS: Final = {
    "company.same": ("company", 40),
    "bank.same": ("bank", 30),
    "officer.same": ("officer", 40),
    "phone.same": ("contact", 20),
    "email.same": ("contact", 20),
    "domain.same": ("contact", 20),
    "social.same": ("contact", 20),
    "staff.moved": ("staff", 15),
    "address.same": ("address", 20),
    "family.declared": ("family", 10),
    "client.same": ("client", 10),
    "name.similar": ("name", 10),
    "revocation.near": ("near", 10),
    "owner.same_name": ("owner", 0),
}
"""Each reason with what it is counted once under and its points; the hardest to have by chance first (domain 3.5)."""

_ORDER: Final = {code: place for place, code in enumerate(LINKS)}

OFFICERS: Final = frozenset(
    {"responsible_officer", "director", "beneficial_owner", "authorised_representative"}
)
"""Roles that own or direct; whoever else works for an agency is its staff."""


def link_reasons(codes: Iterable[str]) -> tuple[Reason, ...]:
    """The reasons of a link with their points, what is counted already at nought; the strongest first."""
    counted, found = set[str](), []
    for code in sorted(set(codes), key=_ORDER.__getitem__):
        under, points = LINKS[code]
        found.append(Reason(code, 0 if under in counted else points))
        counted.add(under)
    return tuple(found)


def score(reasons: Iterable[Reason]) -> int:
    """The sum of the points, never below nought."""
    return max(0, sum(reason.points for reason in reasons))


def rank(reasons: Sequence[Reason]) -> int:
    """For sorting, the greatest first: by score, then by how hard the strongest reason is to have by chance."""
    strongest = min((_ORDER.get(reason.code, 0) for reason in reasons), default=len(_ORDER))
    return score(reasons) * 100 + len(_ORDER) - strongest


# --- names of agencies

_TRADE: Final = frozenset(
    {
        "agency", "agencies", "agent", "associate", "associates", "association", "bureau", "business", "care",
        "company", "consult", "consultancy", "consultant", "consultants", "consulting", "corporation",
        "development", "employment", "enterprise", "enterprises", "establishment", "export", "firm", "general",
        "global", "group", "holding", "holdings", "human", "import", "international", "job", "jobs", "labor",
        "labour", "limited", "link", "links", "man", "manpower", "new", "overseas", "personnel", "placement",
        "placements", "power", "private", "professional", "recruiters", "recruiting", "recruitment", "resource",
        "resources", "service", "services", "solution", "solutions", "staff", "staffing", "supply", "tours",
        "trade", "traders", "trading", "travel", "travels", "work", "worker", "workers", "workforce", "world",
        "worldwide", "and", "of", "the", "for", "demo",
    }
)  # fmt: skip


def own_words(name: Folded) -> tuple[str, ...]:
    """The words of an agency's name that are its own, not its trade's."""
    return tuple(word for word in name.words if word not in _TRADE)


def names_are_similar(one: Folded, other: Folded) -> bool:
    """Whether somebody might take one agency's name for the other's: the same, or alike in the words of their own."""
    if likeness.claim(one, other).match is not likeness.Match.WEAK:
        return True
    return _paired(own_words(one), own_words(other), by_sound=one.foreign != other.foreign) >= _SIMILAR


def names_are_same(one: Folded, other: Folded) -> bool:
    """Whether the names are one name: word for word, whatever their order and spacing."""
    claim = likeness.claim(one, other)
    return claim.match is not likeness.Match.WEAK and claim.score >= 0.98


_SIMILAR: Final = 0.75


def _paired(one: Sequence[str], other: Sequence[str], *, by_sound: bool) -> float:
    """The share of the words on both sides that have a partner, each counted by its likeness (Dice)."""
    if not one or not other:
        return 0.0
    pairs = sorted(
        (
            (alike, place, over)
            for place, word in enumerate(one)
            for over, name in enumerate(other)
            if (alike := likeness.word_likeness(word, name, by_sound)) >= _ONE_WORD
        ),
        reverse=True,
    )
    used, taken, found = set[int](), set[int](), 0.0
    for alike, place, over in pairs:
        if place not in used and over not in taken:
            used.add(place)
            taken.add(over)
            found += alike
    return 2 * found / (len(one) + len(other))


_ONE_WORD: Final = 0.75


# --- persons and names on lists

NAMES: Final = {
    "document.same": 100,
    "person.same": 100,
    "name.same": 80,
    "name.like": 65,
    "name.in_part": 50,
    "born.same": 15,
    "born.near": 5,
    "born.differs": -40,
    "country.same": 5,
}
"""What a name among the barred or on an outside list counts, and what else is known of both (out of 100)."""

LIKE: Final = 0.84
"""The least likeness of two persons' names of which one may be the other, misspelt; set on names with known answers."""

_PART: Final = 0.93


def person_likeness(one: Folded, other: Folded) -> float:
    """From 0 to 1, how alike two persons' names are: any order, any spacing, any romanisation.

    People's names are romanised from case to case, so sounds count within one script too; the rest of the letters
    count against them.
    """
    if sorted(one.words) == sorted(other.words):
        return 1.0
    mine, theirs = "".join(sorted(one.words)), "".join(sorted(other.words))
    plain = OSA.normalized_similarity("".join(one.words), "".join(other.words))
    return max(_by_letters(one.words, other.words), OSA.normalized_similarity(mine, theirs), plain)


def _by_letters(one: Sequence[str], other: Sequence[str]) -> float:
    """The likeness of the words paired one to one, each counted by its letters."""
    pairs = sorted(
        (
            (alike, place, over)
            for place, word in enumerate(one)
            for over, name in enumerate(other)
            if (alike := likeness.word_likeness(word, name, by_sound=True)) >= _ONE_WORD
        ),
        reverse=True,
    )
    used, taken, found = set[int](), set[int](), 0.0
    for alike, place, over in pairs:
        if place not in used and over not in taken:
            used.add(place)
            taken.add(over)
            found += alike * (len(one[place]) + len(other[over]))
    return found / (sum(map(len, one)) + sum(map(len, other)) or 1)


def in_part(one: Folded, other: Folded) -> bool:
    """Whether every word of the shorter name, two at least, stands in the longer."""
    short, long = sorted((one.words, other.words), key=len)
    if len(short) < 2 or len(short) == len(long):
        return False
    best = (max(likeness.word_likeness(word, name, by_sound=True) for name in long) for word in short)
    return all(alike >= _PART for alike in best)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody or something beside the name; empty where it is not."""

    name: Folded
    born: date | None = None
    country: str = ""
    document: str = ""
    number: str = ""
    company: bool = False


def identity_reasons(one: Known, other: Known) -> tuple[Reason, ...]:
    """Why the two may be one; nothing where their names are not alike."""
    if one.number and one.number == other.number:
        return (Reason("person.same", NAMES["person.same"]),)
    if one.document and one.document == other.document:
        return (Reason("document.same", NAMES["document.same"]),)
    codes = [code for code in (_name_reason(one, other), _birth_reason(one.born, other.born)) if code]
    if not codes or not codes[0].startswith("name."):
        return ()
    if one.country and one.country == other.country:
        codes.append("country.same")
    return tuple(Reason(code, NAMES[code]) for code in codes)


def identity_score(reasons: Iterable[Reason]) -> int:
    """From 0 to 100."""
    return min(100, score(reasons))


def _name_reason(one: Known, other: Known) -> str:
    if not one.name.words or not other.name.words:
        return ""
    if one.company:
        claim = likeness.claim(one.name, other.name)
        if claim.match is likeness.Match.WEAK:
            return ""
        return "name.same" if claim.score >= 0.98 else "name.like"
    if _letters(one.name) == _letters(other.name):
        return "name.same"
    if person_likeness(one.name, other.name) >= LIKE:
        return "name.like"
    return "name.in_part" if in_part(one.name, other.name) else ""


def _letters(name: Folded) -> str:
    return "".join(sorted(name.words))


def _birth_reason(one: date | None, other: date | None) -> str:
    """Clerks swap day and month and mistype a figure; two persons differ in more."""
    if one is None or other is None:
        return ""
    if one == other:
        return "born.same"
    parts = [one.year == other.year, one.month == other.month, one.day == other.day]
    swapped = one.year == other.year and (one.month, one.day) == (other.day, other.month)
    near = swapped or (sum(parts) >= 2 and abs(one.year - other.year) <= 10)
    return "born.near" if near else "born.differs"


# --- addresses

_NUMBERED: Final = re.compile(r"(\d+)(?:st|nd|rd|th)\b")
_PLAIN: Final = re.compile(r"[a-z]+|\d+")
_FILLER: Final = frozenset(["no", "nos", "number", "the", "at", "of", "p", "o"])
_SPELLINGS: Final = {
    "rd": "road", "st": "street", "ave": "avenue", "av": "avenue", "bldg": "building", "bld": "building",
    "flr": "floor", "fl": "floor", "apt": "apartment", "ste": "suite", "lvl": "level", "sec": "sector",
    "blk": "block", "hse": "house", "pvt": "private",
}  # fmt: skip


def folded_address(*lines: str) -> str:
    """An address as it is compared: words and numbers in any order, spellings evened out; empty where it says little.

    A postcode at the end is left out, since many leave it out.
    """
    plain = _NUMBERED.sub(r"\1", anyascii(" ".join(lines)[:400]).lower())
    words = [
        _SPELLINGS.get(word, word.lstrip("0") or "0") for word in _PLAIN.findall(plain) if word not in _FILLER
    ]
    if words and words[-1].isdigit() and len(words[-1]) > 3:
        words.pop()
    kept = sorted(set(words))
    enough = len(kept) >= 3 and any(map(str.isdigit, kept)) and any(map(str.isalpha, kept))
    return " ".join(kept) if enough else ""


def folded_person(name: str) -> str:
    """A person's name as it is compared for being the same: words in any order, without titles."""
    words = [word for word in names.fold(name).words if word not in _TITLES]
    return " ".join(sorted(words)) if len(words) > 1 else ""


_TITLES: Final = frozenset(
    {"mr", "mrs", "ms", "miss", "dr", "md", "mohd", "engr", "prof", "alhaj", "haji", "hajj", "hajee", "al"}
)  # fmt: skip


# --- who decides


@dataclass(frozen=True, slots=True)
class Said:
    """One officer's word on a match, and the codes of the reasons that it was said about."""

    verdict: Verdict
    by: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """Where a match stands; ``waits``: one officer has said this, and another must say so too."""

    state: State
    waits: Verdict | None = None
    by: str = ""


def judged(said: Sequence[Said], codes: Collection[str]) -> Judged:
    """What the officers' words come to, for a match whose reasons are ``codes`` now.

    Two officers confirm. One officer clears what nobody has confirmed; what one has confirmed, another clears; what
    two have confirmed, two clear. A match that was cleared stays so, unless a reason has come that nobody had judged.
    """
    state, waits, by, known = State.POSSIBLE_MATCH, None, "", frozenset[str]()
    for word in said:
        known |= word.codes
        if word.verdict is Verdict.CONFIRM:
            if waits is Verdict.CONFIRM and by != word.by:
                state, waits, by = State.CONFIRMED, None, ""
            elif state is not State.CONFIRMED:
                state, waits, by = State.POSSIBLE_MATCH, Verdict.CONFIRM, word.by
            else:
                waits, by = None, ""
        elif state is State.CONFIRMED and not (waits is Verdict.CLEAR and by != word.by):
            waits, by = Verdict.CLEAR, word.by
        else:
            state, waits, by = State.FALSE_POSITIVE, None, ""
    if state is State.FALSE_POSITIVE and not set(codes) <= known:
        return Judged(State.POSSIBLE_MATCH)
    return Judged(state, waits, by)
