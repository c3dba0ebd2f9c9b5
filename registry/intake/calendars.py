"""Days as lists write them: ISO, any strptime pattern, Japanese eras, Bikram Sambat; in any script's digits.

Plain Python. A text that is not exactly one day is refused; nothing is completed or guessed: a year alone is no day.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Final

import nepali_datetime

#: Names a profile may use beside strptime patterns.
NAMED: Final = ("iso", "japanese_era", "bikram_sambat")

_EARLIEST: Final = date(1850, 1, 1)
_LATEST: Final = date(2200, 12, 31)

#: First day of each era. An era's years may run past its end: licences were granted "until Heisei 34".
_ERAS: Final = {
    "明治": date(1868, 10, 23),
    "大正": date(1912, 7, 30),
    "昭和": date(1926, 12, 25),
    "平成": date(1989, 1, 8),
    "令和": date(2019, 5, 1),
}
_ERA_LETTERS: Final = {"M": "明治", "T": "大正", "S": "昭和", "H": "平成", "R": "令和"}
_ERA_PATTERN: Final = re.compile(
    r"(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?"
)
_BIKRAM_PATTERN: Final = re.compile(
    r"(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*(?:B\.?\s?S\.?)?", re.IGNORECASE
)

#: What a strptime pattern of a profile must name, and what would need a clock or a guess.
_NEEDED: Final = (("%d", "%j"), ("%m", "%b", "%B", "%j"), ("%Y",))
_KNOWN_DIRECTIVES: Final = frozenset("dmbBYjHMSaA%")


class DayUnreadableError(ValueError):
    """The text is not one day in any of the formats; the message says what was expected."""


def plain(text: str) -> str:
    """``text`` with compatibility forms folded (full-width to ASCII) and every script's digits as 0-9."""
    folded = unicodedata.normalize("NFKC", text)
    if folded.isascii():
        return folded.strip()
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in folded).strip()


def pattern_fault(pattern: str) -> str | None:
    """Why ``pattern`` cannot be used as a date format, or ``None`` when it can."""
    if pattern in NAMED:
        return None
    directives = re.findall(r"%(.)", pattern)
    if unknown := [f"%{letter}" for letter in directives if letter not in _KNOWN_DIRECTIVES]:
        return f"{unknown[0]} is not a part of a day this register reads (use %Y, not %y)"
    if any(not any(part in pattern for part in choice) for choice in _NEEDED):
        return f"it must name a day, a month and a four-digit year, or be one of {', '.join(NAMED)}"
    return None


def read_day(cell: str | date | datetime, formats: Sequence[str]) -> date:
    """The one day that ``cell`` states, by the first of ``formats`` that fits.

    Refuses with :class:`DayUnreadableError`. A cell that the file itself holds as a date needs no format.
    """
    if isinstance(cell, datetime):
        return _plausible(cell.date(), cell)
    if isinstance(cell, date):
        return _plausible(cell, cell)
    text = plain(cell)
    for name in formats:
        found = _READERS[name](text) if name in _READERS else _by_pattern(text, name)
        if found is not None:
            return _plausible(found, cell)
    message = f"{cell!r} is not a day written as {' or '.join(formats) or 'anything the profile names'}"
    raise DayUnreadableError(message)


def _plausible(day: date, cell: object) -> date:
    if not _EARLIEST <= day <= _LATEST:
        message = f"{str(cell)!r} would be {day.isoformat()}, outside {_EARLIEST.year} to {_LATEST.year}"
        raise DayUnreadableError(message)
    return day


def _by_pattern(text: str, pattern: str) -> date | None:
    try:
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a day has no zone here; the profile's authority has one
    except ValueError:
        return None
    return moment.date()


def _iso(text: str) -> date | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    written_out = text[4:5] == "-" and moment.time() == time()
    return moment.date() if written_out else None


def _japanese_era(text: str) -> date | None:
    match = _ERA_PATTERN.fullmatch(text)
    if match is None:
        return None
    name, year, month, day = match.groups()
    first = _ERAS[_ERA_LETTERS.get(name, name)]
    try:
        found = date(first.year - 1 + (1 if year == "元" else int(year)), int(month), int(day))
    except ValueError:
        return None
    if found < first:
        message = f"{text!r} lies before that era began ({first.isoformat()})"
        raise DayUnreadableError(message)
    return found


def _bikram_sambat(text: str) -> date | None:
    match = _BIKRAM_PATTERN.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        found: date = nepali_datetime.date(year, month, day).to_datetime_date()
    except (ValueError, KeyError, IndexError):
        return None
    return found


_READERS: Final[dict[str, Callable[[str], date | None]]] = {
    "iso": _iso,
    "japanese_era": _japanese_era,
    "bikram_sambat": _bikram_sambat,
}
