"""The menu by USSD: a function of what was typed, that always fits, always ends, and goes back by 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.phones import septets, ussd
from api.phones.septets import USSD, Space

TONGUES = ("en", "ar", "fr", "ne", "hi")
ASKED: list[tuple[str, str]] = []


def ask(code: str, digits: str, space: Space) -> tuple[str, bool]:
    """A register that knows two codes."""
    if code == "GOOD":
        return septets.composed(
            "CONFIRMED" if digits else "VALID", "Name " * 60, ["Until 1 May 2028."], space
        ), True
    return septets.composed("NOT IN THE REGISTER", "", ["Do not pay."], space), False


def screen(typed: str, numbers: tuple[str, ...] = ("DEMO Authority +442079460101",)) -> str:
    return ussd.screen(typed, TONGUES, ask=ask, numbers=numbers)


def test_from_the_language_to_an_answer_and_the_digits() -> None:
    assert screen("").startswith("CON 1 English\n2 ")
    assert screen("").endswith("9 >>>")
    assert screen("9").startswith("CON 1 ")
    assert screen("9") != screen("")
    assert screen("9*9") == screen("")
    assert screen("1") == "CON 1 Check a licence\n2 Help numbers\n0 Back"
    assert screen("1*1").startswith("CON Type the code")
    told = screen("1*1*GOOD")
    assert told.startswith("CON VALID: Name Name")
    assert told.endswith("Type the 6 digits.\n0 Back")
    assert screen("1*1*GOOD*482913").startswith("END CONFIRMED")
    assert screen("1*1*BAD") == "END NOT IN THE REGISTER. Do not pay."
    assert screen("1*2") == "END DEMO Authority +442079460101"
    assert screen("1*2", ()) == "END There is no help number here."


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("1*0", ""),
        ("1*1*0", "1"),
        ("1*1*GOOD*0", "1*1"),
        ("0*0*0", ""),
        ("9*0", ""),
        ("1*1*GOOD*0*BAD", "1*1*BAD"),
    ],
)
def test_back_by_0(typed: str, same: str) -> None:
    assert screen(typed) == screen(same)


def test_a_wrong_choice_changes_nothing_and_says_so() -> None:
    assert screen("7") == screen("")
    assert screen("1*7").startswith("CON Choose one of the numbers.\n1 Check")
    assert screen("1*7*1") == screen("1*1")
    assert screen("*".join("7" * 40)) == "END Please begin again."


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["0", "1", "2", "9", "GOOD", "BAD", "", "½", "٣"])).map("*".join)
)
def test_no_input_breaks_it_and_every_screen_fits(typed: str) -> None:
    shown = screen(typed)
    assert shown.startswith(("CON ", "END "))
    assert shown[4:]
    assert USSD.holds(shown[4:])
