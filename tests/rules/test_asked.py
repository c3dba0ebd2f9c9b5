"""What somebody types into a search box, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import asked, numbering


def contacts(text: str) -> dict[str, str]:
    return {contact.kind: contact.value for contact in asked.read(text).contacts}


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("+880 1711-123456", "phone", "+8801711123456"),
        ("00880 1711 123456", "phone", "+8801711123456"),
        ("(+44) 20 7946 0958", "phone", "+442079460958"),
        ("০১৭১১-১২৩৪৫৬", "local", "1711123456"),
        ("Info@GulfStar.example", "email", "info@gulfstar.example"),
        ("https://www.gulfstar.com.bd/jobs?x=1", "domain", "gulfstar.com.bd"),
        ("gulfstar.example", "domain", "gulfstar.example"),
        ("https://m.facebook.com/GulfStar/", "social", "facebook.com/gulfstar"),
        ("fb.com/GulfStar", "social", "facebook.com/gulfstar"),
        ("@gulf_star", "handle", "gulf_star"),
    ],
)
def test_a_contact_is_read_in_the_registers_form(typed: str, kind: str, value: str) -> None:
    assert contacts(typed)[kind] == value


def test_a_name_beside_a_contact_stays_a_name() -> None:
    read = asked.read("Gulf Star Overseas, +880 1711-123456")
    assert "Gulf Star Overseas" in read.name
    assert "1711" not in read.name
    assert [contact.given for contact in read.contacts] == [True]


def test_a_page_of_a_social_site_is_not_the_agencys_own_site() -> None:
    assert set(contacts("facebook.com/GulfStar")) == {"social"}
    assert set(contacts("facebook.com")) == set()
    assert set(contacts("someone@gmail.com")) == {"email"}


def test_a_name_with_full_stops_is_still_a_name() -> None:
    read = asked.read("A.J.International")
    assert read.name == "A.J.International"
    assert not any(contact.given for contact in read.contacts)


@pytest.mark.parametrize(
    ("typed", "held", "step"),
    [
        ("RL-0010", "RL-0010", 0),
        ("rl 0010", "RL-0010", 0),
        ("RL0010", "RL/0010", 0),
        ("RL-OO1O", "RL-0010", 1),
        ("RI-0010", "RL-0010", 1),
        ("RL-10", "RL-0010", 2),
        ("RL 010", "RL-0010", 2),
        ("B-123/MUM/PART/1000+/5/2020", "B-0123/MUM/PART/1000+/5/2020", 2),
        ("२०१७/७४", "2017/74", 0),
    ],
)
def test_a_number_is_looked_up_from_strict_to_loose(typed: str, held: str, step: int) -> None:
    shared = [
        one == other for one, other in zip(asked.number_forms(typed), asked.number_forms(held), strict=True)
    ]
    agreed = [asked.number_agrees(typed, held, each) and shared[each] for each in range(3)]
    assert agreed[step]
    assert not any(agreed[:step])


@pytest.mark.parametrize(
    ("typed", "held"),
    [("12/3", "1/23"), ("0011", "0010"), ("RL-0010", "RL-00100"), ("2017/74", "2017/75"), ("10", "100")],
)
def test_another_number_never_agrees(typed: str, held: str) -> None:
    assert not any(asked.number_agrees(typed, held, step) for step in range(3))


@given(st.integers(0, 10**9), st.integers(0, 8), st.integers(1, 9))
def test_a_number_one_digit_away_shares_no_look_up(number: int, place: int, by: int) -> None:
    digits = f"{number:010d}"
    other = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    keys = set(asked.number_keys(asked.number_forms(digits)))
    assert not keys & set(asked.number_keys(asked.number_forms(other)))


def test_a_number_of_ours_with_a_wrong_symbol_is_told_from_a_name_of_that_shape() -> None:
    number = numbering.licence("XA", "DLA", "A", 123)
    wrong = number[:-1] + ("7" if number[-1] != "7" else "8")
    assert asked.read(number).ours == number
    assert asked.read(number.replace("-", " ").lower()).ours == number
    assert asked.read(wrong).mistyped
    assert asked.read(wrong.replace("-", "")).mistyped
    assert not asked.read("Gulf Star 8312345").mistyped


@given(st.text(max_size=700))
def test_anything_can_be_asked(text: str) -> None:
    read = asked.read(text)
    assert len(read.contacts) <= 12
    assert "\x00" not in read.name
    asked.number_keys(read.numbers)
    [contact.key for contact in read.contacts]


@pytest.mark.parametrize(
    "text", ["", " ", "%", "_" * 300, "a" * 10_000, "1" * 10_000, "@" * 10_000, "(" * 10_000]
)
def test_hostile_text_is_read_quickly(text: str) -> None:
    assert asked.read(text).contacts == ()


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        ("phone", "+8801711123456", "01711 123456"),
        ("phone", "+390612345678", "06 1234 5678"),
        ("email", "info@gulfstar.example", "gulfstar.example"),
        ("social", "facebook.com/gulfstar", "@GulfStar"),
        ("domain", "gulfstar.example", "someone@gulfstar.example"),
    ],
)
def test_a_held_contact_is_found_by_what_people_leave_out(kind: str, value: str, typed: str) -> None:
    found = [
        contact
        for contact in asked.read(typed).contacts
        if contact.key in asked.held_keys(kind, value) and asked.held_matches(contact, kind, value)
    ]
    assert found
    assert not found[0].sure or kind == "email"


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("wa.me/442079460155", "phone", "+442079460155"),
        ("https://api.whatsapp.com/send?phone=442079460155&text=hi", "phone", "+442079460155"),
        ("https://fb.me/GulfStar", "social", "facebook.com/gulfstar"),
        ("https://t.me/GulfStar", "social", "t.me/gulfstar"),
        ("https://jobs.gulfstar.example/now", "above", "gulfstar.example"),
    ],
)
def test_a_messengers_page_is_its_telephone_and_a_site_is_a_part_of_the_one_above(
    typed: str, kind: str, value: str
) -> None:
    assert contacts(typed)[kind] == value


@pytest.mark.parametrize("typed", ["shop.blogspot.com", "gulfstar.co.uk", "gulfstar.example"])
def test_nobody_is_above_a_site_where_strangers_register(typed: str) -> None:
    assert "above" not in contacts(typed)


def test_a_contact_beside_a_name_is_nothing_else() -> None:
    read = asked.read("Gulf Star Overseas", "01711-123456")
    assert (read.name, read.beside, read.bare) == ("Gulf Star Overseas", True, False)
    assert all(contact.given for contact in read.contacts)
    assert asked.read("", "wa.me/442079460155").bare
    assert asked.read("01711-123456").bare
    assert not asked.read("Gulf Star 01711-123456").bare
    with pytest.raises(asked.ContactUnreadable):
        asked.read("Gulf Star", "their cousin told me")
