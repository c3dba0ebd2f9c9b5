"""Dates and numbers as the readers of each language write them."""

from datetime import UTC, date, datetime

import nepali_datetime
import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from api.pages import calendars, written

DAY = date(2026, 11, 22)
DAYS = st.dates(min_value=date(1919, 1, 1), max_value=date(2043, 12, 31))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "22 November 2026"),
        ("ar", "22 نوفمبر 2026"),
        ("am", "13 ኅዳር 2019 ዓ.ም. (እ.ኤ.አ. 22 ኖቬምበር 2026)"),
        ("bn", "২২ নভেম্বর, ২০২৬"),
        ("my", "၂၀၂၆ နိုဝင်ဘာ ၂၂"),
        ("ne", "वि.सं. २०८३ मंसिर ६ (ई.सं. २०२६ नोभेम्बर २२)"),
        ("vi", "22 tháng 11, 2026"),
    ],
)
def test_a_day_is_written_in_the_reader_s_digits_and_calendar(language: str, said: str) -> None:
    with override(language):
        assert written.day(DAY) == said


def test_times_numbers_and_spans_have_the_same_digits() -> None:
    noon = datetime(2026, 11, 22, 6, 15, tzinfo=UTC)
    with override("ne"):
        assert written.clock_time(noon, "Asia/Kathmandu") == "१२:००"
        assert written.number(1204) == "१,२०४"
        assert written.percent(0.25) == "२५%"
        assert written.month(noon, "Asia/Kathmandu") == "२०८३ मंसिर"
        assert written.year(noon, "Asia/Kathmandu") == "वि.सं. २०८३"
        assert "२८" in written.duration(28, "day")
    with override("es"):
        assert (written.number(1204), written.decimal("1.5")) == ("1.204", "1,5")


@pytest.mark.parametrize("text", ["", "nothing", "NaN", "1.2.3", "1e999999999", "1e-999999999", "9" * 99])
def test_what_is_no_number_stands_as_it_is(text: str) -> None:
    assert written.decimal(text) == text


@pytest.mark.parametrize(
    ("day", "reckoned"),
    [
        (date(2007, 9, 12), (2000, 1, 1)),  # the Ethiopian millennium
        (date(2026, 1, 7), (2018, 4, 29)),  # Genna
        (date(2023, 9, 11), (2015, 13, 6)),  # the sixth day of the thirteenth month, of a leap year
        (date(2023, 9, 12), (2016, 1, 1)),
        (date(2024, 9, 11), (2017, 1, 1)),
        (date(1, 1, 1), (-7, 5, 8)),
    ],
)
def test_the_ethiopian_calendar_counts_thirteen_months(day: date, reckoned: tuple[int, int, int]) -> None:
    assert calendars.ethiopian(day) == reckoned


@given(DAYS)
def test_each_day_of_a_calendar_follows_the_day_before(day: date) -> None:
    following = date.fromordinal(day.toordinal() + 1)
    for reckon in (calendars.ethiopian, calendars.bikram_sambat):
        before, after = reckon(day), reckon(following)
        assert after == (before[0], before[1], before[2] + 1) or after[2] == 1


@given(DAYS)
def test_bikram_sambat_is_that_of_the_tables(day: date) -> None:
    assert nepali_datetime.date(*calendars.bikram_sambat(day)).to_datetime_date() == day


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2199, 12, 31)])
def test_a_day_beyond_the_tables_is_written_in_the_gregorian_calendar_alone(day: date) -> None:
    with override("ne"):
        assert "(" not in written.day(day)
        assert written.day(day)
