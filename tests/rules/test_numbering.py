"""Numbers survive being copied by hand, and a wrong one is never read as another."""

from __future__ import annotations

import random
from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_37_2, mod_37_36

from registry.rules import countries, numbering
from registry.rules.numbering import Kind

SYMBOLS = digits + ascii_uppercase
KINDS = [Kind.AGENCY, Kind.OFFICE, Kind.PERSON, Kind.APPOINTMENT, Kind.LISTED]

some_country = st.sampled_from(sorted(countries.CODES))
some_authority = st.from_regex(r"[A-Z][A-Z0-9]{1,7}", fullmatch=True)
some_serial = st.integers(0, numbering.LARGEST_SERIAL - 100)
some_licence = st.builds(
    lambda country, authority, class_, serial: numbering.next_licence(
        country, authority, class_, after=serial
    ),
    some_country,
    some_authority,
    st.sampled_from(ascii_uppercase),
    some_serial,
)
some_reference = st.builds(
    lambda kind, serial: numbering.next_reference(kind, after=serial), st.sampled_from(KINDS), some_serial
)
some_number = st.one_of(some_licence, some_reference)
some_separator = st.sampled_from(
    [
        "",
        "-",
        " ",
        " - ",
        "\u2013",
        "\u2014",
        "\u2212",
        "\u00a0",
        "\u202f",
        "/",
        ".",
        "_",
        "\u200b",
        "\u00ad",
        "\t",
    ]
)


def reading(text: str) -> str | None:
    """What the register reads, or nothing."""
    try:
        return numbering.canonical(text)
    except (numbering.Mistyped, numbering.NotOurs):
        return None


def badge(country: str, seed: int = 0) -> str:
    return numbering.badge_code(country, random.Random(seed).randrange)  # noqa: S311 - a test repeats itself


@given(some_number)
def test_a_number_taken_apart_is_the_same_number_again(number: numbering.Parts) -> None:
    assert numbering.parts(str(number)) == number
    assert numbering.canonical(str(number)) == str(number)
    assert numbering.kind_of(str(number)) is number.kind


@given(some_number)
def test_the_check_symbol_is_that_of_iso_7064_and_never_a_star(number: numbering.Parts) -> None:
    plain = str(number).replace("-", "")
    assert mod_37_2.calc_check_digit(plain[:-1]) == plain[-1] != "*"


@given(some_number, st.lists(some_separator, min_size=5, max_size=5), st.booleans())
def test_case_and_separators_do_not_matter(
    number: numbering.Parts,
    gaps: list[str],
    small: bool,  # noqa: FBT001 - drawn
) -> None:
    groups = str(number).split("-")
    typed = "".join(group + gap for group, gap in zip(groups, gaps, strict=False))
    assert numbering.canonical(typed.lower() if small else typed) == str(number)


@pytest.mark.parametrize(
    "typed",
    [
        "XA-DLA-A-০০০৪১২-3",
        "ＸＡ－ＤＬＡ－Ａ－０００４１２－３",
        "xa-dla-a-٠٠٠٤١٢-٣",
        "XA DLA A ooo4l2 3",
        "XA‑DLA‑A‑OOO4I2‑3",
    ],
)
def test_other_scripts_digits_and_look_alikes_in_the_serial_are_read(typed: str) -> None:
    assert numbering.canonical(typed) == "XA-DLA-A-000412-3"


def test_a_nought_or_a_one_in_the_country_is_read_as_the_letter_it_looks_like() -> None:
    for country, typed in [("OM", "0M"), ("IT", "1T"), ("PL", "P1"), ("LR", "1R")]:
        number = str(numbering.next_licence(country, "DLA", "A", after=7))
        expected = None if country == "LR" else number
        assert reading(number.replace(country, typed, 1)) == expected, country


def test_the_check_symbol_itself_has_no_look_alikes() -> None:
    after = 0
    seen: set[str] = set()
    while seen < {"0", "O", "1", "I", "L"}:
        number = numbering.next_licence("XA", "DLA", "A", after=after)
        after = number.serial
        for look_alike in {"0": "O", "O": "0", "1": "IL", "I": "1L", "L": "1I"}.get(number.check, ""):
            seen.add(number.check)
            with pytest.raises(numbering.Mistyped):
                numbering.canonical(str(number)[:-1] + look_alike)


@given(some_number, st.data())
def test_one_wrong_symbol_is_never_read_as_another_number(
    number: numbering.Parts, data: st.DataObject
) -> None:
    plain = str(number).replace("-", "")
    place = data.draw(st.integers(0, len(plain) - 1))
    wrong = data.draw(st.sampled_from([symbol for symbol in SYMBOLS if symbol != plain[place]]))
    assert reading(plain[:place] + wrong + plain[place + 1 :]) in {None, str(number)}


@given(some_number, st.data())
def test_two_neighbours_swapped_are_never_read_as_another_number(
    number: numbering.Parts, data: st.DataObject
) -> None:
    plain = str(number).replace("-", "")
    place = data.draw(st.integers(0, len(plain) - 2))
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    assert reading(swapped) in {None, str(number)}


@pytest.mark.parametrize("typed", ["XADLAAI23456I3", "XA-DOL-L-L000412-3", "AG-IOOOOOO-I"])
def test_look_alikes_are_not_read_where_nobody_can_say_where_the_serial_begins(typed: str) -> None:
    assert reading(typed) is None


def test_mistyped_is_said_only_when_the_shape_is_ours() -> None:
    with pytest.raises(numbering.Mistyped) as refusal:
        numbering.canonical("XA-DLA-A-000412-4")
    assert refusal.value.code == "licence.mistyped"
    for foreign in [
        "",
        "RL-1234",
        "0117/2023",
        "২০৭/০৬৫",
        "XA-DLA-A-00412-3",
        "XA-DLA-A-0000412-3",
        "AG-12-K",
    ]:
        with pytest.raises(numbering.NotOurs):
            numbering.canonical(foreign)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistyped_reference_says_of_what(kind: Kind) -> None:
    number = str(numbering.next_reference(kind, after=122))
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    with pytest.raises(numbering.Mistyped) as refusal:
        numbering.canonical(wrong)
    expected = "licence" if kind is Kind.LISTED else kind.value
    assert refusal.value.code == f"{expected}.mistyped"


def test_a_number_of_another_kind_is_not_taken_where_one_kind_is_asked_for() -> None:
    agency = str(numbering.next_reference(Kind.AGENCY, after=0))
    assert numbering.canonical(agency, Kind.AGENCY) == agency
    with pytest.raises(numbering.NotOurs):
        numbering.canonical(agency, Kind.LICENCE, Kind.LISTED)


@pytest.mark.parametrize(
    "hostile",
    [
        "XA-DLA-A-000412-3\x00",
        "XA-DLA-A-000412-3'; DROP TABLE",
        "<b>XA-DLA-A-000412-3</b>",
        "X" * 100_000,
        "\ud800",
        "XA-DLA-A-000412-*",
        "ß" * 12,
    ],
)
def test_anything_else_in_the_text_is_not_overlooked(hostile: str) -> None:
    with pytest.raises(numbering.NotOurs):
        numbering.canonical(hostile)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = reading(text)
    assert found is None or reading(found) == found
    assert numbering.folded(numbering.folded(text)) == numbering.folded(text)


def test_serials_whose_check_would_be_a_star_are_skipped() -> None:
    skipped = [serial for serial in range(1, 400) if mod_37_2.calc_check_digit(f"XADLAA{serial:06d}") == "*"]
    assert skipped
    for serial in skipped:
        with pytest.raises(numbering.SerialSkipped):
            numbering.licence("XA", "DLA", "A", serial)
        assert numbering.next_licence("XA", "DLA", "A", after=serial - 1).serial == serial + 1


def test_a_series_grows_when_six_digits_are_used_up() -> None:
    number = numbering.next_reference(Kind.LISTED, after=999_999)
    assert str(number).startswith("LR-100000")
    assert numbering.canonical(str(number)) == str(number)
    with pytest.raises(numbering.NotOurs):
        numbering.canonical("LR-01000000-A")


@pytest.mark.parametrize(
    ("country", "authority", "class_", "serial", "field"),
    [
        ("QA1", "DLA", "A", 1, "country"),
        ("ZQ", "DLA", "A", 1, "country"),
        ("XA", "D", "A", 1, "authority"),
        ("XA", "D-A", "A", 1, "authority"),
        ("XA", "9DLA", "A", 1, "authority"),
        ("XA", "DLA", "AB", 1, "class"),
        ("XA", "DLA", "", 1, "class"),
        ("XA", "DLA", "A", 0, "serial"),
        ("XA", "DLA", "A", 10**9, "serial"),
    ],
)
def test_a_number_is_not_made_of_what_cannot_stand_in_it(
    country: str, authority: str, class_: str, serial: int, field: str
) -> None:
    with pytest.raises((numbering.NumberPartInvalid, countries.CountryUnknown)) as refusal:
        numbering.licence(country, authority, class_, serial)
    assert refusal.value.facts["field"] == field


def test_iso_and_user_assigned_countries_are_known_and_no_others() -> None:
    for code in ["NP", "AA", "QM", "QZ", "XA", "XZ", "ZZ"]:
        assert countries.country(code.lower()) == code
    for code in ["QL", "ZQ", "UK", "", "N", "NPL", "N\x00"]:
        with pytest.raises(countries.CountryUnknown):
            countries.country(code)


# Foreign numbers


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("RL-1234", "rl 1234"),
        ("RL-1234", "RL1234"),
        ("২০৭/০৬৫", "207/065"),
        ("२०७/०६५", "207065"),
        ("第12号", "第１２号"),
        ("F.0123", "f-0123"),
        ("123456", "123 456"),
        ("12/3", "12-3"),
        ("مـ١٢٣", "م123"),
    ],
)
def test_a_foreign_number_is_found_in_other_writing(written: str, same: str) -> None:
    assert numbering.folded(written) == numbering.folded(same)
    assert numbering.agrees(same, written)


@pytest.mark.parametrize(
    ("held", "asked"),
    [("1/23", "12/3"), ("123", "12/3"), ("1/23", "12 3"), ("0123", "123"), ("RL1", "RI1"), ("", "-")],
)
def test_a_foreign_number_is_not_found_as_another(held: str, asked: str) -> None:
    assert not numbering.agrees(asked, held)


# Badge codes


@given(some_country, st.integers(0, 10**9))
def test_a_code_is_a_country_ten_symbols_and_a_check(country: str, seed: int) -> None:
    code = badge(country, seed)
    assert len(code) == 13
    assert code.startswith(country)
    assert set(code[2:]) <= set(numbering.CROCKFORD)
    assert mod_37_36.calc_check_digit(code[:-1]) == code[-1]
    assert numbering.read_badge(numbering.shown_badge(code).lower()) == code


def test_a_code_is_shown_in_fours() -> None:
    assert numbering.shown_badge("NP7K3M9QX2TWN") == "NP7K-3M9Q-X2TW-N"


def test_every_country_with_each_symbol_mistyped_reads_the_same_code_or_none() -> None:
    for seed, country in enumerate(sorted(countries.CODES)):
        code = badge(country, seed)
        for place, right in enumerate(code):
            for wrong in SYMBOLS:
                if wrong == right:
                    continue
                try:
                    read = numbering.read_badge(code[:place] + wrong + code[place + 1 :])
                except (numbering.BadgeMistyped, numbering.NotOurs):
                    continue
                assert read == code, (country, place, wrong)


def test_look_alikes_are_read_by_their_place_in_every_country() -> None:
    after_the_country = str.maketrans("01V", "OLU")
    for seed, country in enumerate(sorted(countries.CODES)):
        code = badge(country, seed)
        assert numbering.read_badge(code[:2] + code[2:].translate(after_the_country)) == code
        assert numbering.read_badge(code[:2].replace("O", "0") + code[2:]) == code


@pytest.mark.parametrize(
    ("country", "typed"), [("IT", "1T"), ("PL", "P1"), ("LK", "1K"), ("IO", "10"), ("SI", "S1"), ("LU", "1U")]
)
def test_a_one_in_the_country_is_an_i_or_an_l_when_only_that_is_a_country(country: str, typed: str) -> None:
    code = badge(country)
    assert numbering.read_badge(typed + code[2:]) == code


@pytest.mark.parametrize("country", ["LT", "GL", "AL", "LR", "CL", "NL", "SL"])
def test_a_one_for_an_l_where_i_is_a_country_too_is_mistyped_and_never_the_other_country(
    country: str,
) -> None:
    code = badge(country)
    with pytest.raises(numbering.BadgeMistyped):
        numbering.read_badge(code[:2].replace("L", "1") + code[2:])


@pytest.mark.parametrize(
    "text", ["", "NP7K", "NP7K-3M9Q-X2TW-N1", "NP7K*3M9QX2TWN", "NP7K3M9QX2TW\x00", "4P7K3M9QX2TWN"]
)
def test_what_is_no_code_is_not_ours(text: str) -> None:
    with pytest.raises(numbering.NotOurs):
        numbering.read_badge(text)


def test_a_right_check_under_no_country_is_not_ours() -> None:
    body = "ZQ7K3M9QX2TW"
    with pytest.raises(numbering.NotOurs):
        numbering.read_badge(body + mod_37_36.calc_check_digit(body))


def test_the_address_of_a_badge_is_short_and_small() -> None:
    assert (
        numbering.badge_url("NP7K3M9QX2TWN", "https://Verify.Example.org/")
        == "https://verify.example.org/v/NP7K3M9QX2TWN"
    )
    assert (
        numbering.badge_url("NP7K3M9QX2TWN", "http://127.0.0.1:8000")
        == "http://127.0.0.1:8000/v/NP7K3M9QX2TWN"
    )


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "verify.example.org",
        "http://verify.example.org",
        "https://verify.example.org/x",
        "https://a@b.org",
        "https://b.org?x",
        "ftp://b.org",
        "https://b.org:x",
        "https://bücher.example",
        "https://[::1",
    ],
)
def test_an_origin_that_must_not_be_printed_is_refused(origin: str) -> None:
    with pytest.raises(numbering.NumberPartInvalid):
        numbering.badge_url("NP7K3M9QX2TWN", origin)
