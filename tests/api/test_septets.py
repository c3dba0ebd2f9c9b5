"""How long a text is on a telephone, and that nothing that is composed is longer or loses its verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.phones import septets
from api.phones.septets import SMS, USSD, Space

NAMES = st.text(max_size=200) | st.text(alphabet="नेपालकम्पनी\u200dسका€{[Ää…é👷\u200f", max_size=120)


def test_the_default_alphabet_has_128_places_and_extensions_count_twice() -> None:
    assert len(septets.BASIC) == 127, "and the escape"
    assert (septets.length("@£Ωñ€"), septets.length("{}")) == (6, 4)
    assert septets.is_gsm("Ä[~|]€\n")
    for text in ("ç", "`", "ê", "’", "नेपाल", "\t"):
        assert not septets.is_gsm(text)
    assert septets.length("नेपाल") == 5
    assert septets.length("👷") == 2, "a pair of UTF-16 units"
    assert SMS.holds("a" * 160)
    assert not SMS.holds("a" * 161)
    assert not SMS.holds("a" * 159 + "€")
    assert SMS.holds("ê" * 70)
    assert not SMS.holds("ê" + "a" * 70)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("It’s “one”…", 'It\'s "one"...'),
        ("a\u202eb\u200fc\u0000d\u2066e", "abc de"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("  a \n\t b\u00a0c ", "a b c"),
        ("e\u0301", "é"),
    ],
)
def test_marks_that_are_not_seen_or_would_cost_half_the_room_are_left_out(text: str, clean: str) -> None:
    assert septets.clean(text) == clean


@given(NAMES, st.lists(NAMES, max_size=4), st.sampled_from([SMS, USSD, Space(182, 80, "\n0 फिर्ता")]))
def test_whatever_is_said_fits_and_begins_with_its_word(name: str, more: list[str], space: Space) -> None:
    for word in ("VALID", "NOT LICENSED", "वैध छैन"):
        text = septets.composed(word, name, more, space)
        assert space.holds(text)
        assert text.startswith((f"{word}:", f"{word}."))
        assert "\n" not in text


@given(NAMES)
def test_a_shortened_text_fits_and_is_whole_where_it_can_be(text: str) -> None:
    short = septets.shortened(text * 3, SMS)
    assert SMS.holds(short)
    assert septets.clean(short) == short or short.endswith(("...", "…"))


def test_a_long_name_loses_its_end_before_the_advice_is_lost() -> None:
    text = septets.composed("NOT LICENSED", "Everest Overseas " * 20, ["Do not pay.", "Suspended."], SMS)
    assert text.startswith("NOT LICENSED: Everest Overseas Everest")
    assert text.endswith("... Do not pay. Suspended.")
    assert septets.length(text) > 150
    cut = septets.composed("वैध", "हिमाल म्यानपावर सेवा प्रा.लि. काठमाडौं नेपाल " * 3, ["२०८५ असार सम्म।"], SMS)
    assert septets.length(cut) <= 70
    assert cut.startswith("वैध: हिमाल")
    assert "… २०८५ असार सम्म।" in cut
    assert septets.composed("VALID", "Himal Ltd.", [], SMS) == "VALID: Himal Ltd."
