"""Names as they are compared: what is set aside, what finds what, and what may be claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import legal_forms, likeness, names
from registry.rules.likeness import Match


def words(text: str) -> str:
    return str(names.fold(text))


def claim(asked: str, held: str, *known: str) -> likeness.Claim:
    return likeness.claim(names.fold(asked), names.fold(held), known)


# Folding


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("M/S. Gulf Star Overseas (Pvt.) Ltd.", "gulf star overseas"),
        ("GULF STAR OVERSEAS PRIVATE LIMITED", "gulf star overseas"),
        ("Gulf-Star Overseas Sdn. Bhd.", "gulf star overseas"),
        ("PT. Gulf Star Overseas Tbk", "gulf star overseas"),
        ("Messrs Gulf Star Overseas S.A.R.L.", "gulf star overseas"),
        ("Gulf Star Overseas GmbH & Co. KG", "gulf star overseas"),
        ("Gulf Star Overseas L.L.C", "gulf star overseas"),
        ("Gulf Star Overseas Limted", "gulf star overseas"),
        ("ООО Gulf Star Overseas", "gulf star overseas"),
        ("The Gulf & Star", "gulf star"),
        ("Crème Brûlée & Søn ApS", "creme brulee son"),
        ("Int'l Mgmt. Svcs", "international management services"),
        ("A. J. International", "aj international"),
        ("M/S A.J International", "aj international"),
        ("]performance s p a c e [", "performance space"),
        ("Men’s Wear", "mens wear"),
        ("株式会社サクラ", "sakura"),
        ("北京国际有限公司", "beijingguoji"),
        ("شركة الأمين ذ.م.م", "al amyn"),
        ("गल्फ ओवरसीज प्रा. लि.", "glph ovrsij"),
        ("মেসার্স আল আমিন লিমিটেড", "al amin"),
        ("0-two  Maintenance", "0 two maintenance"),
        ("Gulf Star Overseas Pvt. Ltd. (DEMO)", "gulf star overseas"),
        ("गल्फ ओवरसीज प्रा. लि. (demo)", "glph ovrsij"),
        ("Gulf Star (Nepal)", "gulf star nepal"),
        ("Demo Gulf Star", "demo gulf star"),
        ("(DEMO)", "demo"),
    ],
)
def test_case_accents_scripts_punctuation_and_legal_forms_are_set_aside(written: str, folded: str) -> None:
    assert words(written) == folded


def test_a_form_inside_a_name_is_set_aside_only_when_it_can_be_nothing_else() -> None:
    assert words("Robotic Wares Pvt (UK Branch)") == "robotic wares uk branch"
    assert words("AB Overseas") == "ab overseas"
    assert words("Sweden Trading AB") == "sweden trading"
    assert words("The Co Operative") == "co operative"


@pytest.mark.parametrize("name", ["Limited", "PT Co", "The", "Ltd. Ltd.", "S.A."])
def test_a_name_of_nothing_but_forms_keeps_a_word(name: str) -> None:
    assert words(name)


def test_every_spelling_of_a_form_is_written_as_names_are_folded() -> None:
    tables = (legal_forms.ANYWHERE, legal_forms.LAST, legal_forms.FIRST)
    spellings = [spelling for table in tables for spellings in table.values() for spelling in spellings]
    assert [spelling for spelling in spellings if not all(map(str.isalpha, spelling.split()))] == []
    assert [spelling for spelling in spellings if spelling != spelling.lower()] == []


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Roofoods Ltd t/a Deliveroo", ("Roofoods Ltd", "Deliveroo")),
        ("Willis Limited, trading as Willis Towers", ("Willis Limited", "Willis Towers")),
        ("Victoria Ltd (t/a Victoria Forms)", ("Victoria Ltd", "Victoria Forms")),
        ("A Ltd T/A B T/as C (UK)", ("A Ltd", "B", "C (UK)")),
        ("Button (UK) (Trading as Phythia (Sports))", ("Button (UK)", "Phythia (Sports)")),
        ("Panta Ltd", ("Panta Ltd",)),
        ("Aka International", ("Aka International",)),
        ("T/A only", ("T/A only",)),
        ("Dorset", ("Dorset",)),
    ],
)
def test_a_joined_text_is_taken_apart_into_the_names_it_holds(written: str, parts: tuple[str, ...]) -> None:
    assert names.trading_parts(written) == parts


@given(st.text(max_size=400))
def test_any_text_can_be_folded_and_indexed(text: str) -> None:
    folded = names.fold(text)
    assert all(word.isascii() and word.isalnum() and word == word.lower() for word in folded.words)
    assert len(folded.words) <= names.MOST_WORDS
    assert all(-(1 << 31) <= key < 1 << 31 for key in names.keys(folded))
    assert names.trading_parts(text)
    again = names.fold(" ".join(folded.words))
    assert names.fold(" ".join(again.words)) == again or again.forms


@given(st.text(alphabet="%_\\'\";\x00\x1f\ud800\u202e\u0301 ", max_size=60))
def test_signs_alone_are_no_name(text: str) -> None:
    assert names.fold(text).words == ()


def test_a_very_long_text_is_read_only_as_far_as_names_go() -> None:
    assert len(str(names.fold("word " * 5000))) <= names.LONGEST
    assert len(str(names.fold("ﷺ" * 5000))) <= 6 * names.LONGEST


# Keys


def shared(one: str, other: str) -> set[int]:
    return set(names.keys(names.fold(one))) & set(names.keys(names.fold(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Al-Amin Overseas", "Alamin Recruiting"),
        ("Data Soft", "Datasoft Ltd"),
        ("Karasin", "كاراسين"),
        ("International", "ইন্টারন্যাশনাল"),
        ("International", "इंटरनेशनल"),
        ("Agency", "এজেন্সি"),
        ("Services", "সার্ভিসেস"),
        ("Overseas", "ওভারসিজ"),
        ("Services", "सर्विसेज"),
        ("Dhaka", "ঢাকা"),
    ],
)
def test_spellings_of_one_word_share_a_key(one: str, other: str) -> None:
    assert shared(one, other)


def test_the_order_of_words_does_not_change_the_key_of_the_whole() -> None:
    key = names.whole_key(("gulf", "star"))
    assert key in names.keys(names.fold("Star Gulf Ltd"))


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=12), st.data())
def test_a_word_with_two_typing_errors_shares_a_deletion(word: str, data: st.DataObject) -> None:
    wrong = word
    for _ in range(2):
        place = data.draw(st.integers(0, min(len(wrong), names.PREFIX - 2) - 1))
        letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
        wrong = data.draw(
            st.sampled_from(
                [
                    wrong[:place] + wrong[place + 1 :],
                    wrong[:place] + letter + wrong[place:],
                    wrong[:place] + letter + wrong[place + 1 :],
                ]
            )
        )
    if len(wrong) == len(word):
        assert set(names.word_deletions(word)) & set(names.asked_deletions(wrong))


def test_digits_are_never_corrected() -> None:
    assert names.word_deletions("06472420") == ()
    assert names.asked_deletions("06472421") == ()
    assert likeness.word_likeness("06472420", "06472421") == 0
    assert likeness.word_likeness("pure360", "pure361") == 0
    assert likeness.word_likeness("pure360", "prue360") > 0.7


# Ranking


def rank(asked: str, held: str) -> float:
    one, other = names.fold(asked), names.fold(held)
    return likeness.rank(one.words, [1.0] * len(one.words), other.words, by_sound=one.foreign)


def test_a_longer_name_still_answers_its_beginning() -> None:
    assert rank("Turtle Bay", "Turtle Bay") == 1
    assert 0.8 < rank("Turtle Bay", "Turtle Bay Restaurants Ltd") < 1
    assert rank("Turtle Bay", "Turtle Bay Restaurants") > rank("Turtle Bay", "Turtle Island")
    assert rank("Harbour Bri", "Harbour Bridge") > rank("Harbour Bri", "Harbour Light")


def test_a_word_written_as_two_is_the_same_word() -> None:
    assert rank("Alamin Overseas", "Al Amin Overseas") == 1
    assert rank("Al Amin Overseas", "Alamin Overseas") == 1
    assert rank("Gulf Over seas", "Gulf Overseas") == 1


def test_rare_words_weigh_more_than_common_ones() -> None:
    asked, weights = ("kestrel", "overseas"), [9.0, 1.0]
    assert likeness.rank(asked, weights, ("kestrel", "group")) > likeness.rank(
        asked, weights, ("gulf", "overseas")
    )


# Claims


@pytest.mark.parametrize(
    ("asked", "held", "match", "why"),
    [
        ("gulf star overseas", "M/S Gulf Star Overseas (Pvt.) Ltd.", Match.EXACT, "name.legal_form_left_out"),
        ("Gulf Star Overseas Ltd", "GULF STAR OVERSEAS LIMITED", Match.EXACT, "name.same"),
        ("Crème Overseas", "Creme Overseas", Match.EXACT, "name.same"),
        ("Overseas Gulf Star", "Gulf Star Overseas", Match.STRONG, "name.word_order"),
        ("Alamin Overseas", "Al-Amin Overseas", Match.STRONG, "name.spacing"),
        ("Glf Health Care Overseas", "Gulf Healthcare Overseas", Match.WEAK, "name.part"),
        ("Gulf Star Oversaes", "Gulf Star Overseas", Match.STRONG, "name.spelling"),
        ("bleufinch manpwer", "Bluefinch Manpower (DEMO)", Match.STRONG, "name.spelling"),
        ("গালফ ওভারসিজ সার্ভিসেস", "Gulf Overseas Services", Match.STRONG, "name.by_sound"),
        ("كريم", "Karim", Match.WEAK, "name.by_sound"),
        ("Gulf Star Overseas LLP", "Gulf Star Overseas Ltd", Match.WEAK, "name.legal_form_differs"),
        ("Gulf", "Gulf Star Overseas", Match.WEAK, "name.part"),
        ("Gulf Star Overseas", "Gulf", Match.WEAK, "name.part"),
        ("Body Spa", "Body", Match.WEAK, "name.legal_form_differs"),
        ("Zaara 2 Limited", "Zaara 3 Limited", Match.WEAK, "name.part"),
        ("University of Leicester", "University of Chichester", Match.WEAK, "name.part"),
        ("International Pen", "Open International", Match.WEAK, "name.part"),
    ],
)
def test_a_claim_says_what_it_can_and_why(asked: str, held: str, match: Match, why: str) -> None:
    said = claim(asked, held)
    assert (said.match, why in said.why) == (match, True), said


def test_a_short_name_never_covers_a_longer_one() -> None:
    for short, long in [
        ("Star", "Star Overseas"),
        ("Al Amin", "Al Amin Travels"),
        ("Gulf Star Overseas", "Gulf Star Overseas Training Centre"),
        ("Dhaka International Recruiting", "Dhaka International Recruiting Two"),
    ]:
        for asked, held in ((short, long), (long, short)):
            said = claim(asked, held)
            assert said.match is Match.WEAK
            assert said.score < likeness.STRONG


def test_a_word_that_other_names_have_is_no_misspelling() -> None:
    assert claim("Golden Wolf Travels", "Golden Wolfe Travels").match is Match.STRONG
    assert claim("Golden Wolf Travels", "Golden Wolfe Travels", "golden", "wolf").match is Match.WEAK


@given(
    st.lists(st.sampled_from(["gulf", "star", "overseas", "al", "amin", "travels", "7"]), max_size=5),
    st.data(),
)
def test_a_claim_is_the_same_from_either_side_and_never_above_one(
    some: list[str], data: st.DataObject
) -> None:
    others = data.draw(st.lists(st.sampled_from(["gulf", "stir", "oversees", "al", "amen", "8"]), max_size=5))
    one, other = names.fold(" ".join(some)), names.fold(" ".join(others))
    there, back = likeness.claim(one, other), likeness.claim(other, one)
    assert 0 <= there.score <= 1
    assert there.match is back.match
    if there.match is Match.EXACT:
        assert one.words == other.words


def test_a_persons_name_keeps_every_word_that_a_firm_would_have_as_its_legal_form() -> None:
    assert names.of_person("Rai Ása SA (DEMO)") == ("rai", "asa", "sa")
    assert names.of_person("محمد الأمين") == ("mhmd", "al", "amyn")
    assert names.of_person("!") == ()
