"""Days as lists write them: any pattern, Japanese eras, Bikram Sambat, any script's digits; and what is no day."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.intake import calendars

ERA = ["japanese_era"]
BIKRAM = ["bikram_sambat"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("H29.4.24", date(2017, 4, 24)),
        ("Ｈ２９．４．２４", date(2017, 4, 24)),
        ("平成30年３月31日", date(2018, 3, 31)),
        ("平成30年3月31日", date(2018, 3, 31)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("㍻29年4月1日", date(2017, 4, 1)),
        ("令和元年５月１日", date(2019, 5, 1)),
        ("R6-2-29", date(2024, 2, 29)),
        ("昭和64年1月7日", date(1989, 1, 7)),
    ],
)
def test_japanese_eras_are_read(text: str, day: date) -> None:
    assert calendars.read_day(text, ERA) == day


def test_a_licence_granted_until_a_year_past_its_era_keeps_its_last_day() -> None:
    assert calendars.read_day("平成34年3月31日", ERA) == date(2022, 3, 31)


@pytest.mark.parametrize(
    "text", ["H1.1.5", "平成30年2月30日", "平成30年", "X29.4.24", "H29.13.1", "29.4.24", "送検"]
)
def test_what_is_no_day_of_an_era_is_refused(text: str) -> None:
    with pytest.raises(calendars.DayUnreadableError):
        calendars.read_day(text, ERA)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2080-04-15", date(2023, 7, 31)),
        ("2080/4/15", date(2023, 7, 31)),
        ("२०८०-०४-१५", date(2023, 7, 31)),
        ("2080.4.15 B.S.", date(2023, 7, 31)),
        ("2077/02/32", date(2020, 6, 14)),
    ],
)
def test_bikram_sambat_is_read(text: str, day: date) -> None:
    assert calendars.read_day(text, BIKRAM) == day


@pytest.mark.parametrize("text", ["2080", "2080-13-01", "2080-02-33", "1800-01-01", "2079/80", ""])
def test_what_is_no_day_of_bikram_sambat_is_refused(text: str) -> None:
    with pytest.raises(calendars.DayUnreadableError):
        calendars.read_day(text, BIKRAM)


def test_the_first_format_that_fits_reads_the_day() -> None:
    assert calendars.read_day("03/04/2021", ["%d/%m/%Y", "%m/%d/%Y"]) == date(2021, 4, 3)
    assert calendars.read_day("Jul 03, 2024", ["iso", "%b %d, %Y"]) == date(2024, 7, 3)
    assert calendars.read_day(" 1/4/2014  ", ["%m/%d/%Y"]) == date(2014, 1, 4)


def test_digits_of_other_scripts_and_full_width_ones_are_read() -> None:
    assert calendars.read_day("০৩/০৪/২০২১", ["%d/%m/%Y"]) == date(2021, 4, 3)
    assert calendars.read_day("２０２１－０４－０３", ["%Y-%m-%d"]) == date(2021, 4, 3)


def test_a_spreadsheets_own_date_needs_no_format() -> None:
    assert calendars.read_day(datetime(2012, 5, 2), []) == date(2012, 5, 2)  # noqa: DTZ001 - as a spreadsheet has it
    assert calendars.read_day(date(2012, 5, 2), []) == date(2012, 5, 2)


@pytest.mark.parametrize(
    "text", ["2021", "2021-02-30", "2021-04-03T10:30:00", "20210403", "0021-04-03", "tomorrow"]
)
def test_iso_wants_one_whole_day(text: str) -> None:
    with pytest.raises(calendars.DayUnreadableError):
        calendars.read_day(text, ["iso"])


@pytest.mark.parametrize("pattern", ["%d/%m/%y", "%d/%m", "%Y", "%d %m %Y %Z", "date", "%x"])
def test_a_pattern_that_needs_a_guess_is_no_format(pattern: str) -> None:
    assert calendars.pattern_fault(pattern)


@given(st.dates(date(1989, 1, 8), date(2018, 12, 31)))
def test_every_day_of_an_era_comes_back(day: date) -> None:
    text = f"平成{day.year - 1988}年{day.month}月{day.day}日"
    assert calendars.read_day(text, ERA) == day


@given(st.dates(date(1950, 1, 1), date(2030, 1, 1)))
def test_every_day_written_in_bikram_sambat_comes_back(day: date) -> None:
    import nepali_datetime

    written = nepali_datetime.date.from_datetime_date(day)
    assert calendars.read_day(f"{written.year}-{written.month:02}-{written.day:02}", BIKRAM) == day


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        day = calendars.read_day(text, ["iso", "japanese_era", "bikram_sambat", "%d/%m/%Y"])
    except calendars.DayUnreadableError:
        return
    assert abs(day - date(2025, 1, 1)) < timedelta(days=366 * 200)
