"""Dates, times, places and amounts as people write them, in the reader's language and the authority's zone.

Digits are those that the Unicode locale data gives the language (Bengali, Nepali and Burmese have their own); numbers
of the register, telephone numbers and codes never come through here, and stay as they are printed. Who lives by another
calendar than the Gregorian reads a day in both (ADR 0025).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers, units
from django.utils.translation import get_language

from api.pages import calendars
from api.pages.languages import direction, gettext

#: Babel knows XA and XB as its own test locales; to ISO 3166 they are free for whoever needs a country of his own.
_USER_ASSIGNED = {
    "AA",
    "ZZ",
    *(f"Q{c}" for c in "MNOPQRSTUVWXYZ"),
    *(f"X{chr(c)}" for c in range(65, 91)),
} - {"XK"}


def day(value: date) -> str:
    """``22 November 2026``; where people live by another calendar, in that one with this beside it."""
    return _day(value, get_language() or "en")


def stated(text: str) -> str:
    """A local day as the record states it (``2026-11-22``), written out."""
    return day(date.fromisoformat(text))


def days(instant: datetime, zone: str) -> str:
    """The local day in which ``instant`` falls, written out."""
    return day(instant.astimezone(ZoneInfo(zone)).date())


def last_day(end: datetime, zone: str) -> str:
    """The last local day of a span that ends at ``end``, written out: a span to midnight ends the day before."""
    return days(end - timedelta(seconds=1), zone)


def month(instant: datetime, zone: str) -> str:
    """``Nov 2026``."""
    return _month(instant.astimezone(ZoneInfo(zone)).date(), get_language() or "en")


def year(instant: datetime, zone: str) -> str:
    """``2026``."""
    return _year(instant.astimezone(ZoneInfo(zone)).date(), get_language() or "en")


def clock_time(instant: datetime, zone: str) -> str:
    """``09:10``, in the authority's zone."""
    local = instant.astimezone(ZoneInfo(zone))
    return _clock_time(local.hour, local.minute, get_language() or "en")


def zone_name(zone: str) -> str:
    """``Nepal Time``."""
    return _zone_name(zone, get_language() or "en")


def tag(language: str) -> str:
    """The locale and digits in which we write the language, as a browser's ``Intl`` is told: ``en-GB-u-nu-latn``."""
    known = _locale(language)
    return f"{str(known).replace('_', '-')}-u-ca-gregory-nu-{known.default_numbering_system}"


def country(code: str) -> str:
    """The country's name, or the code itself where no list names it."""
    return _country(code, get_language() or "en")


def language(code: str) -> str:
    """A language's name in the reader's, or its code where nobody knows it."""
    known = _locale(get_language() or "en").languages
    return str(known.get(code.replace("-", "_")) or known.get(code.partition("-")[0]) or code)


def instant(text: str | datetime | None) -> datetime | None:
    """An instant from the record's own writing of it."""
    if text is None or isinstance(text, datetime):
        return text
    return datetime.fromisoformat(text).astimezone(UTC)


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    """The locale that writes the language; English is written as most of the world writes it, the day first."""
    if language == "en":
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


@lru_cache(maxsize=16384)
def _day(value: date, language: str) -> str:
    gregorian = dates.format_date(value, "long", locale=_locale(language))
    known = calendars.CALENDARS.get(language)
    if known and (own := known.written(value, known.day)):
        gregorian = f"{own} ({known.gregorian.format(gregorian)})"
    return _in_digits(gregorian, language)


def _month(value: date, language: str) -> str:
    known = calendars.CALENDARS.get(language)
    own = known.written(value, known.month) if known else ""
    return _in_digits(own or dates.format_skeleton("yMMM", value, locale=_locale(language)), language)


def _year(value: date, language: str) -> str:
    known = calendars.CALENDARS.get(language)
    own = known.written(value, known.year) if known else ""
    return _in_digits(own or dates.format_skeleton("y", value, locale=_locale(language)), language)


@lru_cache(maxsize=16384)
def _clock_time(hour: int, minute: int, language: str) -> str:
    return _in_digits(dates.format_time(time(hour, minute), "HH:mm", locale=_locale(language)), language)


@lru_cache(maxsize=1024)
def _number(value: int, language: str) -> str:
    return _in_digits(numbers.format_decimal(value, locale=_locale(language)), language)


@lru_cache(maxsize=512)
def _zone_name(zone: str, language: str) -> str:
    if zone in {"UTC", "Etc/UTC"}:
        return "UTC"
    return dates.get_timezone_location(dates.get_timezone(zone), locale=_locale(language))


@lru_cache(maxsize=4096)
def _country(code: str, language: str) -> str:
    if code in _USER_ASSIGNED:
        return gettext("demo country %(code)s") % {"code": code}
    return str(_locale(language).territories.get(code, code))


def isolated(text: str) -> str:
    """What somebody else wrote, inside a sentence of ours: kept apart from the direction around it (UAX 9, FSI)."""
    return f"\u2068{text}\u2069" if text and direction(get_language() or "en") == "rtl" else text


def listed(items: Iterable[str]) -> str:
    """Things one after another, with the comma of the reader's script between them."""
    return _between(", ").join(items)


def clauses(items: Iterable[str]) -> str:
    """Longer things one after another, with the semicolon of the reader's script between them."""
    return _between("; ").join(items)


def moment(instant: datetime, zone: str) -> str:
    """``22 November 2026, 09:10``."""
    return listed((days(instant, zone), clock_time(instant, zone)))


def percent(share: float) -> str:
    """``99%``; ``share`` of one."""
    language = get_language() or "en"
    return _in_digits(numbers.format_percent(share, locale=_locale(language)), language)


def number(value: int) -> str:
    """``1,204``."""
    return _number(value, get_language() or "en")


def decimal(text: str) -> str:
    """``1,204.5``, of a number as the record states it; anything else as it stands."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if (
        not value.is_finite()
        or not -_MOST_PLACES < value.adjusted() < _MOST_PLACES
        or len(text) > _MOST_PLACES
    ):
        return text
    language = get_language() or "en"
    places = max(0, -int(value.as_tuple().exponent))
    told = numbers.format_decimal(value, "#,##0." + "0" * places, locale=_locale(language))
    return _in_digits(told, language)


def kilobytes(size: int) -> str:
    """``12 kB``, of so many bytes; never less than one."""
    language = get_language() or "en"
    told = units.format_unit(
        max(1, size // 1024), "digital-kilobyte", length="short", locale=_locale(language)
    )
    return _in_digits(told, language)


def duration(count: int, unit: str) -> str:
    """``28 days``; ``unit``: ``hour``, ``day``, ``week`` or ``month``."""
    language = get_language() or "en"
    locale = _locale(language)
    told = units.format_unit(count, f"duration-{unit}", locale=locale)
    if "duration-" in told:  # where long and short are the same words, the library knows the short ones alone
        told = units.format_unit(count, f"duration-{unit}", "short", locale=locale)
    return _in_digits(told, language)


def _in_digits(text: str, language: str) -> str:
    """The text with the digits that the language's readers write."""
    digits = _DIGITS.get(_locale(language).default_numbering_system)
    return text.translate(digits) if digits else text


def _between(mark: str) -> str:
    """The mark as the script writes it: that of Arabic turns its comma and semicolon round (Unicode 060C, 061B)."""
    return mark.translate(_TURNED) if (get_language() or "en").partition("-")[0] in _ARABIC else mark


#: The digits of each numbering system of the Unicode locale data that a language of ours might have, from nought on.
_DIGITS: Final = {
    system: {ord("0") + value: nought + value for value in range(10)}
    for system, nought in {
        "arab": 0x660,
        "arabext": 0x6F0,
        "beng": 0x9E6,
        "deva": 0x966,
        "mymr": 0x1040,
    }.items()
}
#: No amount of money has as many places; what has more is not spelled out.
_MOST_PLACES: Final = 30
_ARABIC: Final = frozenset({"ar", "ckb", "fa", "ps", "sd", "ug", "ur"})
_TURNED: Final = str.maketrans(",;", "،؛")
