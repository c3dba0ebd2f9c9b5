"""Screening without a register: points, names of people with known answers, addresses, and who decides."""

import csv
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry.rules import names
from registry.rules import screening as rules
from registry.rules.screening import Known, Reason, Said, State, Verdict

DATA = Path(os.environ.get("REGISTRY_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def _codes(reasons: tuple[Reason, ...]) -> dict[str, int]:
    return {reason.code: reason.points for reason in reasons}


def test_the_phoenix_of_the_domain_model_scores_ninety_five() -> None:
    reasons = rules.link_reasons(
        ["phone.same", "family.declared", "address.same", "client.same", "name.similar", "revocation.near",
         "staff.moved"]
    )  # fmt: skip
    assert rules.score(reasons) == 95
    assert reasons[0].code == "phone.same"


def test_each_kind_of_reason_counts_once() -> None:
    reasons = rules.link_reasons(["phone.same", "email.same", "domain.same", "phone.same"])
    assert _codes(reasons) == {"phone.same": 20, "email.same": 0, "domain.same": 0}
    assert rules.score(rules.link_reasons(["officer.same", "bank.same"])) == 70


def test_at_equal_points_a_shared_number_ranks_above_an_address_and_that_above_an_owner_s_name() -> None:
    ranked = [
        rules.rank(rules.link_reasons([code])) for code in ("phone.same", "address.same", "owner.same_name")
    ]
    assert ranked == sorted(ranked, reverse=True)
    assert len(set(ranked)) == 3


@pytest.mark.parametrize(
    ("one", "other", "similar"),
    [
        ("Kestrel Overseas", "Kestral Global Placement", True),
        ("Al Amin Manpower Ltd", "Alamin Manpower", True),
        ("Bluefinch Manpower", "Bluefinch Recruiting Agency Pvt. Ltd.", True),
        ("Global Manpower", "Global Placement", False),
        ("Kestrel Overseas", "Harbour Bridge Recruitment", False),
        ("كريم رحمن", "Karim Rahman Recruitment", True),
    ],
)
def test_names_of_agencies_are_alike_in_the_words_that_are_their_own(
    one: str, other: str, *, similar: bool
) -> None:
    assert rules.names_are_similar(names.fold(one), names.fold(other)) is similar


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "House No.-2, Road No.- 04, Sector-01, Uttara, Dhaka-1230",
            "House 2, Rd 4, Sector 1, Uttara, Dhaka",
        ),
        ("Level 2, 14 Harbour Road, Port Demo", "14 Harbour Rd., Lvl. 2, Port Demo"),
        ("4th Floor, Zeba Tower 5, Dhaka", "Zeba Tower 5, Flr 4, Dhaka 1212"),
    ],
)
def test_an_address_is_the_same_however_it_is_spelt(one: str, other: str) -> None:
    assert rules.folded_address(one) == rules.folded_address(other) != ""


def test_an_address_that_says_little_links_nobody() -> None:
    assert rules.folded_address("Main Road, Dhaka") == ""
    assert rules.folded_address("Dhaka 1000") == ""
    assert rules.folded_address("", "") == ""
    assert rules.folded_address("3rd Floor, Zeba Tower 5, Dhaka") != rules.folded_address(
        "4th Floor, Zeba Tower 5, Dhaka"
    )


def _known(name: str, born: date | None = None, **more: Any) -> Known:
    return Known(names.fold(name), born, **more)


def test_a_name_alone_may_be_the_same_and_another_birthday_says_it_is_not() -> None:
    held = _known("Farid Demo Rahmani", date(1970, 3, 4))
    assert rules.identity_score(rules.identity_reasons(_known("RAHMANI, Farid Demo"), held)) == 80
    same = rules.identity_reasons(_known("Fareed Demo Rahmani", date(1970, 3, 4)), held)
    assert _codes(same) == {"name.like": 65, "born.same": 15}
    swapped = rules.identity_reasons(_known("Farid Demo Rahmani", date(1970, 4, 3)), held)
    assert "born.near" in _codes(swapped)
    other = rules.identity_reasons(_known("Farid Demo Rahmani", date(1991, 7, 19)), held)
    assert rules.identity_score(other) < rules.SHOWN_NAME
    assert rules.identity_reasons(_known("Somebody Else"), held) == ()


def test_a_paper_says_more_than_any_name() -> None:
    one, other = _known("Anna Demo", document="h"), _known("Berta Sample", document="h")
    assert rules.identity_score(rules.identity_reasons(one, other)) == 100


def test_two_officers_confirm_and_one_clears_what_nobody_confirmed() -> None:
    codes = {"name.same"}

    def say(*words: tuple[str, str]) -> rules.Judged:
        return rules.judged([Said(Verdict(v), by, frozenset(codes)) for v, by in words], codes)

    assert say().state is State.POSSIBLE_MATCH
    assert (say(("confirm", "A")).state, say(("confirm", "A")).waits) == (
        State.POSSIBLE_MATCH,
        Verdict.CONFIRM,
    )
    assert say(("confirm", "A"), ("confirm", "A")).state is State.POSSIBLE_MATCH
    assert say(("confirm", "A"), ("confirm", "B")).state is State.CONFIRMED
    assert say(("clear", "A")).state is State.FALSE_POSITIVE
    assert say(("confirm", "A"), ("clear", "B")).state is State.FALSE_POSITIVE
    contested = (("confirm", "A"), ("confirm", "B"), ("clear", "C"))
    assert (say(*contested).state, say(*contested).waits) == (State.CONFIRMED, Verdict.CLEAR)
    assert say(*contested, ("clear", "D")).state is State.FALSE_POSITIVE
    assert say(("clear", "A"), ("confirm", "B"), ("confirm", "C")).state is State.CONFIRMED


def test_a_match_that_was_cleared_comes_back_only_with_a_reason_that_nobody_judged() -> None:
    said = [Said(Verdict.CLEAR, "A", frozenset({"name.same", "address.same"}))]
    assert rules.judged(said, {"name.same"}).state is State.FALSE_POSITIVE
    assert rules.judged(said, {"name.same", "bank.same"}).state is State.POSSIBLE_MATCH


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the names with known answers are not at {DATA}")
def test_names_with_known_answers_are_found_and_others_left_alone() -> None:
    folded = []
    for name in ("positives_un_treated.csv", "positives_un_untreated.csv"):
        with (DATA / "name_screening" / name).open(encoding="utf-8") as file:
            folded.append([names.fold(row["full_name"]) for row in csv.DictReader(file)])
    treated, listed = folded

    def may_be(one: names.Folded, other: names.Folded) -> bool:
        return rules.person_likeness(one, other) >= rules.LIKE or rules.in_part(one, other)

    found = sum(map(may_be, treated, listed))
    assert found / len(listed) > 0.99
    others = [
        may_be(one, other)
        for place, one in enumerate(treated)
        for other in listed[place + 1 : place + 60]
        if one.words != other.words
    ]
    assert sum(others) / len(others) < 0.002
