"""Names as they are compared: folded to plain words, legal forms set aside, and the keys that find them.

Both sides of every comparison go through the same folding, so that it matters little how exact a romanisation is:
*Karim* folded is compared with كريم folded. Nothing here decides whether two names mean one agency; see ``likeness``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final
from zlib import crc32

from anyascii import anyascii
from rapidfuzz.distance import OSA

from registry.rules import legal_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST: Final = 300
"""Characters of a text that are read; what follows is ignored."""

MOST_WORDS: Final = 24
LONGEST_WORD: Final = 40


@dataclass(frozen=True, slots=True)
class Folded:
    """A name ready to be compared: its own words in order, and the legal forms that stood around them.

    The code of a form that may as well have been a word of the name begins with a question mark.
    """

    words: tuple[str, ...]
    forms: frozenset[str]
    foreign: bool
    """Whether any letter was written in another script than Latin."""

    def __str__(self) -> str:
        return " ".join(self.words)


_DEMO_MARK: Final = re.compile(r"\s*[(（]\s*demo\s*[)）]", re.IGNORECASE)
"""What every invented name bears: the demonstration's mark, no part of the name. Other words in brackets are one."""


def fold(text: str) -> Folded:
    """The name in plain words: case, accents, script, punctuation and legal forms gone, short forms written out.

    A name that is nothing but the mark of the demonstration keeps it.
    """
    text = text[:LONGEST]
    latin, foreign = _latin(_DEMO_MARK.sub(" ", text).strip() or text)
    words = _written_out(_words(latin))
    words, forms = _without_forms(words)
    kept = tuple(word for word in words if word not in legal_forms.EMPTY) or tuple(words)
    return Folded(kept[:MOST_WORDS], forms, foreign)


def of_person(text: str) -> tuple[str, ...]:
    """The plain words of a person's name, as ``fold`` makes them; none is a legal form, or short for another."""
    text = text[:LONGEST]
    latin, _foreign = _latin(_DEMO_MARK.sub(" ", text).strip() or text)
    return tuple(_words(latin)[:MOST_WORDS])


_TRADING: Final = re.compile(
    r"""[\s,;(\[\-\u2013]*(?<![^\W_])(?:
        t\s?/\s?as? | trading\s+as | trading\s+under(?:\s+the)?\s+names?(?:\s+of)? | also\s+trading\s+as
        | d\s?/\s?b\s?/\s?a | dba | d\.b\.a\.? | doing\s+business\s+as | also\s+known\s+as | a/k/a | aka
    )(?![^\W_])[\s:.,\-\u2013]*""",
    re.IGNORECASE | re.VERBOSE,
)


def trading_parts(text: str) -> tuple[str, ...]:
    """The names that one joined text holds: the legal name, then those it trades under (``X Ltd t/a Y``).

    A text without such words, or with nothing before them, comes back alone.
    """
    parts = [_tidy(part) for part in _TRADING.split(text[:LONGEST])]
    if len(parts) == 1 or not parts[0]:
        return (text,)
    return tuple(dict.fromkeys(part for part in parts if any(map(str.isalnum, part)))) or (text,)


def _tidy(part: str) -> str:
    part = part.strip(" \t\r\n,;-–")
    if part.count(")") > part.count("("):
        part = part.removesuffix(")")
    if part.count("(") > part.count(")"):
        part = part.removesuffix("(")
    return part.strip(" \t\r\n,;-–\"'")


# Folding

#: Arabic letters that the romanisation drops or reads as marks; vowels carry what little of the vowels is written.
_ARABIC: Final = str.maketrans(
    {
        "ا": "a",
        "أ": "a",
        "إ": "i",
        "آ": "a",
        "ٱ": "a",
        "ع": "a",
        "ى": "a",
        "ة": "a",
        "ئ": "y",
        "ؤ": "w",
        "ء": "",
        "ـ": "",
    }
    | dict.fromkeys(map(chr, range(0x064B, 0x0653)), "")
)
_ARABIC_ARTICLE: Final = re.compile(r"(?<!\w)ال(?=\w{2})")
#: Nasal marks are romanised as m, and heard as n before most letters.
_INDIC: Final = str.maketrans({"ं": "न्", "ँ": "", "ং": "ন্", "ঁ": ""})
_MARKS: Final = str.maketrans("", "", "'`\"’‘ʼʻ´′")
_MESSRS: Final = re.compile(r"\bm\s?/\s?s\b\.?")
_WORD: Final = re.compile(r"[a-z0-9]+")


def _latin(text: str) -> tuple[str, bool]:
    """The text in small ASCII letters, and whether it was written in another script."""
    if text.isascii():
        return text.lower(), False
    text = unicodedata.normalize("NFKC", text.encode("utf-8", "ignore").decode())
    text = "".join(symbol for symbol in text[: 2 * LONGEST] if unicodedata.category(symbol) != "Cf")
    foreign = any(
        symbol > "\u02af" and symbol.isalpha() and not "\u1e00" <= symbol <= "\u1eff" for symbol in text
    )
    if foreign:
        text = _forms_in_script(text)
        text = _ARABIC_ARTICLE.sub("al ", text).translate(_ARABIC).translate(_INDIC)
    return anyascii(text).lower(), foreign


def _forms_in_script(text: str) -> str:
    for written, form in legal_forms.IN_SCRIPT.items():
        if written in text:
            text = text.replace(written, form)
    words = re.split(r"[\s(),]+", text)
    return " ".join(legal_forms.IN_SCRIPT_WORDS.get(word, word) for word in words)


def _words(latin: str) -> list[str]:
    latin = _MESSRS.sub(" messrs ", latin.translate(_MARKS)).replace("&", " and ").replace("+", " and ")
    words: list[str] = []
    single = False
    for word in _WORD.findall(latin):
        letter = len(word) == 1 and word.isalpha()
        if letter and single:  # S.A.R.L., A. J. International
            words[-1] += word
        else:
            words.append(word[:LONGEST_WORD])
        single = letter
    return words[: 2 * MOST_WORDS]


def _written_out(words: list[str]) -> list[str]:
    return [legal_forms.ABBREVIATIONS.get(word, word) for word in words]


def _by_words(table: dict[str, tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    return {
        tuple(spelling.split()): f"?{code}" if spelling in legal_forms.DOUBTFUL else code
        for code, spellings in table.items()
        for spelling in spellings
    }


_ANYWHERE: Final = _by_words(legal_forms.ANYWHERE)
_LAST: Final = _by_words(legal_forms.LAST) | _ANYWHERE
_FIRST: Final = _by_words(legal_forms.FIRST)
_ANYWHERE_FIRST_WORDS: Final = frozenset(spelling[0] for spelling in _ANYWHERE)
_LAST_WORDS: Final = frozenset(spelling[0] for spelling in _LAST if len(spelling) == 1)
_LONG_FORMS: Final = {
    "limited": "limited", "private": "private", "incorporated": "incorporated", "corporation": "incorporated",
    "company": "company",
}  # fmt: skip
_LONGEST_FORM: Final = max(map(len, [*_LAST, *_FIRST]))


def _without_forms(words: list[str]) -> tuple[list[str], frozenset[str]]:
    """The words without legal forms, and the codes of those; a name that is nothing but a form keeps its words."""
    forms: list[str] = []
    kept = words
    while (cut := _form_at_end(kept)) and cut[0] < len(kept):
        forms.append(cut[1])
        kept = kept[: -cut[0]]
    while (cut := _form_at_start(kept)) and cut[0] < len(kept):
        forms.append(cut[1])
        kept = kept[cut[0] :]
    if not _ANYWHERE_FIRST_WORDS.isdisjoint(kept):
        kept = _without_inner_forms(kept, forms)
    return kept, frozenset(forms)


def _form_at_end(words: list[str]) -> tuple[int, str] | None:
    if words and len(words[-1]) > 5 and words[-1] not in _LAST_WORDS and (code := _misspelt(words[-1], 1)):
        return 1, code
    for length in range(min(_LONGEST_FORM, len(words)), 0, -1):
        if code := _LAST.get(tuple(words[-length:])):
            return length, code
    return None


@lru_cache(maxsize=1 << 14)
def _misspelt(word: str, most: int) -> str | None:
    """The form that a word is meant to be with up to ``most`` typing errors; long ones only."""
    for spelling, code in _LONG_FORMS.items():
        if OSA.distance(word, spelling, score_cutoff=most) <= most:
            return code
    return None


def like_form(word: str, *, last: bool) -> bool:
    """Whether a word that no name has is probably a legal form, mistyped."""
    if len(word) > 5:
        return _misspelt(word, 2) is not None
    return last and any(OSA.distance(word, form) < 2 for form in ("ltd", "pvt", "plc", "llp", "llc"))


def _form_at_start(words: list[str]) -> tuple[int, str] | None:
    for length in range(min(_LONGEST_FORM, len(words)), 0, -1):
        if code := _FIRST.get(tuple(words[:length])):
            return length, code
    return None


def _without_inner_forms(words: list[str], forms: list[str]) -> list[str]:
    kept: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST_FORM, len(words) - place), 0, -1):
            if code := _ANYWHERE.get(tuple(words[place : place + length])):
                forms.append(code)
                place += length
                break
        else:
            kept.append(words[place])
            place += 1
    return kept or words


# Keys: a key that two names share makes them worth comparing


def hashed(text: str) -> int:
    """A signed 32-bit hash, the same in every process and for ever."""
    value = crc32(text.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


@lru_cache(maxsize=1 << 16)
def word_key(word: str) -> int:
    """The key of a word, or of words written as one."""
    return hashed("w" + word)


def whole_key(words: Iterable[str]) -> int:
    """The key of a whole name, whatever the order of its words."""
    return hashed("n" + " ".join(sorted(words)))


def initials_key(letters: str) -> int:
    """The key of a name's initials."""
    return hashed("i" + letters)


def sound_key(sound: str) -> int:
    """The key of a word's consonants."""
    return hashed("s" + sound)


def joined(words: tuple[str, ...]) -> Iterator[str]:
    """Neighbouring words written as one, for those who write *Al Amin* as *Alamin*; then the whole name so."""
    for first, second in pairwise(words):
        yield first + second
    if 2 < len(words) < 6:
        yield "".join(words)


def initials(words: tuple[str, ...]) -> str | None:
    """The first letters of a name of three to six words."""
    return "".join(word[0] for word in words) if 3 <= len(words) <= 6 else None


def keys(name: Folded) -> list[int]:
    """Every key under which a name is kept: words, neighbours joined, sounds, initials and the whole."""
    found = {word_key(word) for word in name.words}
    found.update(map(word_key, joined(name.words)))
    found.update(sound_key(sound) for word in name.words if (sound := skeleton(word)))
    if letters := initials(name.words):
        found.add(initials_key(letters))
    found.add(whole_key(name.words))
    return sorted(found)


_SOUNDS: Final = {
    "tion": "sn", "sion": "sn", "tch": "s", "tsh": "s", "cci": "s", "cce": "s", "sch": "s", "sh": "s", "ch": "s",
    "zh": "s", "jh": "s", "ph": "b", "bh": "b", "kh": "k", "gh": "k", "ck": "k", "th": "t", "dh": "t", "ng": "n",
    "ce": "s", "ci": "s", "cy": "s", "ge": "s", "gi": "s", "gy": "s", "x": "ks",
    "b": "b", "p": "b", "f": "b", "v": "b", "c": "k", "k": "k", "q": "k", "g": "k", "s": "s", "z": "s", "j": "s",
    "d": "t", "t": "t", "l": "l", "m": "m", "n": "n", "r": "r",
}  # fmt: skip
_SOUND: Final = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_REPEATED: Final = re.compile(r"(.)\1+")


@lru_cache(maxsize=1 << 16)
def skeleton(word: str) -> str:
    """The word's consonants by sound, alike in the romanisations of one name; empty where fewer than two remain.

    Sounds that some script does not tell apart are one: Arabic has no p or v, Bengali writes v as bh and z as j.
    """
    if not word.isalpha():
        return ""
    found = ("b" if word[0] == "w" else "") + "".join(_SOUNDS[part] for part in _SOUND.findall(word))
    found = _REPEATED.sub(r"\1", found)
    return found if len(found) > 1 else ""


_RESPELLINGS: Final = {
    "tsh": "s", "tch": "s", "sch": "s", "sh": "s", "ch": "s", "cci": "si", "cce": "si", "ph": "f", "bh": "f", "kh": "k",
    "gh": "g", "th": "t", "dh": "d", "ce": "si", "ci": "si", "cy": "si", "ge": "ji", "gi": "ji", "gy": "ji", "x": "ks",
    "v": "f", "p": "b", "c": "k", "q": "k", "z": "s", "y": "i", "e": "i", "w": "o", "u": "o",
}  # fmt: skip
_RESPELLING: Final = re.compile("|".join(sorted(_RESPELLINGS, key=len, reverse=True)))


@lru_cache(maxsize=1 << 14)
def respelt(word: str) -> str:
    """The word by its sound with what is known of its vowels, for comparing romanisations letter by letter."""
    return _REPEATED.sub(r"\1", _RESPELLING.sub(lambda part: _RESPELLINGS[part[0]], word))


_WRITTEN_VOWELS: Final = str.maketrans("yw", "io")


def with_vowels(word: str) -> str:
    """A romanised Arabic word as it is usually spelled: within a word, what is written y and w is heard i and o."""
    return word[:1] + word[1:].translate(_WRITTEN_VOWELS)


PREFIX: Final = 7
"""Only so many letters count for deletions: a third of the keys, at little loss (longer words differ early)."""


@lru_cache(maxsize=1 << 12)
def deletions(word: str, most: int) -> tuple[int, ...]:
    """Hashes of the beginning of a word with up to ``most`` letters left out, itself included.

    Words that share one are at most ``2 * most`` typing errors apart, and often fewer.
    """
    start = word[:PREFIX]
    places = range(len(start))
    shorter = {
        "".join(letter for place, letter in enumerate(start) if place not in gone)
        for count in range(min(most, len(start) - 1) + 1)
        for gone in combinations(places, count)
    }
    return tuple(sorted(map(hashed, shorter)))


def word_deletions(word: str) -> tuple[int, ...]:
    """The deletions under which a word of the vocabulary is kept; the more letters, the more errors it survives."""
    if len(word) < 2 or word.isdigit():
        return ()
    return deletions(word, 0 if len(word) < 3 else 1 if len(word) < 6 else 2)


def asked_deletions(word: str) -> tuple[int, ...]:
    """The deletions under which a word of a query is looked up; none for mere digits, which are never corrected."""
    if len(word) < 3 or word.isdigit():
        return ()
    return deletions(word, 1 if len(word) < 5 else 2)
