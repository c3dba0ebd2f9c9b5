"""A day in the calendar that a language's readers live by, where it is not the Gregorian one (ADR 0025).

Ethiopians count thirteen months from September, Nepalis count Bikram Sambat years from April. Neither is known to the
Unicode data that writes all other dates of ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import nepali_datetime

#: The first day of the Ethiopian year 1, as :meth:`datetime.date.toordinal` counts (29 August 8, Julian).
_INCARNATION: Final = 2796
_ETHIOPIAN: Final = (
    "መስከረም", "ጥቅምት", "ኅዳር", "ታኅሣሥ", "ጥር", "የካቲት", "መጋቢት", "ሚያዝያ", "ግንቦት", "ሰኔ", "ሐምሌ", "ነሐሴ", "ጳጉሜን",
)  # fmt: skip
_NEPALI: Final = (
    "बैशाख", "जेठ", "असार", "साउन", "भदौ", "असोज", "कात्तिक", "मंसिर", "पुस", "माघ", "फागुन", "चैत",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a calendar counts a day, and how its readers write it; ``gregorian`` marks the other date beside it."""

    reckon: Callable[[date], tuple[int, int, int]]
    months: tuple[str, ...]
    day: str
    month: str
    year: str
    gregorian: str

    def written(self, value: date, form: str) -> str:
        """The day in one of the forms of this calendar; nothing for a day that it does not reach."""
        try:
            year, month, day = self.reckon(value)
        except (ValueError, OverflowError):
            return ""
        return form.format(year=year, month=self.months[month - 1], day=day)


def ethiopian(value: date) -> tuple[int, int, int]:
    """Year, month and day in the Ethiopian calendar (Reingold and Dershowitz, Calendrical Calculations, 4)."""
    since = value.toordinal() - _INCARNATION
    year = (4 * since + 1463) // 1461
    months, day = divmod(since - 365 * (year - 1) - year // 4, 30)
    return year, months + 1, day + 1


def bikram_sambat(value: date) -> tuple[int, int, int]:
    """Year, month and day in Bikram Sambat; ``ValueError`` outside the years 1975 to 2100, of which tables are kept."""
    found = nepali_datetime.date.from_datetime_date(value)
    return found.year, found.month, found.day


#: The calendar that stands first in a language; in all other languages it is the Gregorian one alone.
CALENDARS: Final[Mapping[str, Calendar]] = {
    "am": Calendar(
        ethiopian, _ETHIOPIAN, "{day} {month} {year} ዓ.ም.", "{month} {year}", "{year} ዓ.ም.", "እ.ኤ.አ. {}"
    ),
    "ne": Calendar(
        bikram_sambat, _NEPALI, "वि.सं. {year} {month} {day}", "{year} {month}", "वि.सं. {year}", "ई.सं. {}"
    ),
}
