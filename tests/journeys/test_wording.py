"""Every answer can be said, in words that a reader of ten understands."""

import re

import pytest

from api import labels
from api.pages import facts, wording
from registry.rules.grounds import REASONS
from registry.rules.lifecycle import State
from verification.verdicts import Result

FACTS = dict.fromkeys(("since", "ended", "until", "last_day", "barred", "seen", "source"), "5 May 2026")
LONGEST_SENTENCE = 22


def sentences() -> list[str]:
    """Every sentence there is."""
    steps = [step for told in (*wording.STEPS.values(), *wording.STEPS_FOR.values()) for step in told]
    texts = [*wording.BECAUSE.values(), *wording.MEANS.values(), *wording.FEES.values(), *steps]
    return [part for text in texts for part in re.split(r"(?<=[.:?!]) ", text) if part]


def test_every_reason_of_the_register_has_its_sentence() -> None:
    assert set(wording.BECAUSE) == set(REASONS)
    assert all("%" not in sentence for sentence in wording.sentences(sorted(REASONS), FACTS))


def test_a_reason_whose_dates_are_missing_is_still_said() -> None:
    for reason in sorted(REASONS):
        assert wording.sentences([reason], {})[0]
    assert wording.sentences(["suspension.preventive"], {}) == [labels.REASONS["suspension.preventive"]]


def test_every_state_is_explained_and_every_result_says_what_to_do() -> None:
    assert set(wording.MEANS) == {state.value for state in State}
    for result in Result:
        assert wording.steps(result.value, [])


def test_a_result_that_nobody_knows_says_what_to_do_when_nothing_is_known() -> None:
    assert wording.steps("splendid", []) == wording.steps("unknown", [])


@pytest.mark.parametrize(
    ("may_recruit", "corridors", "end"),
    [(False, [], "take on anybody new."), (True, ["XB"], "take on anybody new for these.")],
)
def test_a_bar_of_new_recruitment_is_a_fact_of_its_own(
    *, may_recruit: bool, corridors: list[str], end: str
) -> None:
    cut = {"corridors": corridors, "occupations": [], "new_recruitment_only": True}
    record = {"verdict": {"may_recruit": may_recruit}, "scope": {"corridors": ["XB", "XC"], "cut": cut}}
    assert facts.scope(record)[-1].text.endswith(end)


def test_a_group_that_is_cut_takes_the_kinds_of_jobs_in_it_along() -> None:
    cut = {"corridors": [], "occupations": ["83"], "new_recruitment_only": False}
    record = {"scope": {"corridors": [], "occupations": ["8322", "9111"], "cut": cut}}
    left, gone = facts.scope(record)
    assert [[item.text for item in fact.items] for fact in (left, gone)] == [
        ["Cleaners, helpers and simple work: occupation group 9111 (ISCO-08)"],
        ["Drivers and machine workers: occupation group 83 (ISCO-08)"],
    ]  # fmt: skip


def test_a_limit_is_never_read_beside_a_plain_yes() -> None:
    yes = ["licence.in_force", "renewal.deemed_in_force", "scope.limited"]
    assert wording.sentences(yes, FACTS) == wording.sentences(["scope.limited"], FACTS)


def test_who_may_take_on_nobody_new_must_not_be_paid() -> None:
    told = wording.sentences(["scope.no_new_recruitment", "licence.in_force"], FACTS)
    assert len(told) == 1
    assert "must not take on anybody new" in told[0]
    assert any("Do not pay" in step for step in wording.steps("limited", ["scope.no_new_recruitment"]))


def test_a_listed_licence_is_suspended_since_its_suspension_and_not_since_the_list() -> None:
    record = {
        "authority": {"zone": "UTC"},
        "standing": {"state": "listed", "since": "2026-01-01T00:00:00Z"},
        "sanctions": [{"kind": "preventive_suspension", "over": False, "since": "2026-03-01T00:00:00Z"}],
    }
    told = facts.dates(record)
    assert "1 March 2026" in wording.sentences(["suspension.preventive"], told)[0]
    without = facts.dates(record | {"sanctions": []})
    assert wording.sentences(["licence.cancelled"], without) == [labels.REASONS["licence.cancelled"]]


def test_a_record_that_is_not_as_it_should_be_is_an_error_and_no_sentence_without_a_day() -> None:
    for wrong in ({"terms": [{"first_day": "2026-01-01"}]}, {"authority": {"zone": "Mars/Base"}}):
        record = {
            "authority": {"zone": "UTC"}, "until": "2026-03-01T00:00:00Z", "terms": [{"last_day": "2026-03-01"}],
            "sanctions": [{"kind": "debarment", "over": False, "since": "2026-03-01T00:00:00Z"}],
        }  # fmt: skip
        told = facts.dates(record | wrong)
        with pytest.raises(ValueError, match="the record has no"):
            wording.sentences(["licence.in_force" if "terms" in wrong else "agency.debarred"], told)


def _fee(rule: str, *, may_recruit: bool = True, **said: str) -> dict[str, str]:
    record = {"worker_fee": {"rule": {"code": rule}, **said}} if rule else {"worker_fee": None}
    return facts.fee(record, may_recruit=may_recruit)


def test_what_a_worker_may_be_asked_to_pay_is_the_authoritys_rule() -> None:
    assert _fee("fee.prohibited", law="section 12") == {
        "sum": "0", "text": wording.fee("fee.prohibited"), "law": "section 12",
    }  # fmt: skip
    assert _fee("fee.capped", amount="250", currency="XTS")["sum"] == "250 XTS"
    assert _fee("fee.capped", months_of_wage="1.5")["sum"] == "1.5 months’ wages"
    assert _fee("fee.allowed")["sum"] == ""
    for rule in ("fee.capped", "fee.allowed"):
        assert "International Labour Organization" in wording.fee(rule)
        assert "forbids" not in wording.fee(rule)


def test_without_a_rule_the_ilo_is_quoted_and_no_law_is_claimed() -> None:
    told = _fee("")
    assert told == {"sum": "0", "text": wording.fee(""), "law": ""}
    assert "International Labour Organization" in told["text"]
    assert not re.search(r"\blaw\b|forbid", told["text"])
    assert _fee("fee.new_rule")["text"] == told["text"]


@pytest.mark.parametrize("rule", ["fee.capped", "fee.allowed"])
def test_nobody_reads_a_sum_to_pay_to_whoever_may_not_recruit(rule: str) -> None:
    told = _fee(rule, may_recruit=False, amount="250", currency="XTS", law="section 12")
    assert told == _fee("")
    assert _fee("fee.prohibited", may_recruit=False)["sum"] == "0"


def test_an_interim_measure_is_called_so() -> None:
    assert "This is a measure for now: nothing has been proved." in wording.BECAUSE["suspension.preventive"]


@pytest.mark.parametrize("result", ["not_licensed", "unknown", "not_found", "ambiguous", "not_genuine"])
def test_whoever_may_not_be_trusted_must_not_be_paid(result: str) -> None:
    assert any("Do not pay" in step for step in wording.steps(result, []))


def test_sentences_are_short() -> None:
    assert [sentence for sentence in sentences() if len(sentence.split()) > LONGEST_SENTENCE] == []


def test_words_are_plain() -> None:
    stiff = re.compile(
        r"\b(pursuant|shall|herein|thereof|prior to|in respect of|utili[sz]e|error 4\d\d)\b", re.IGNORECASE
    )
    assert not [sentence for sentence in sentences() if stiff.search(sentence)]
