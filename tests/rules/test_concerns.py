"""The table of concerns: every action in every state, random walks, and codes that are read as people type them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import concerns, countries, errors
from registry.rules.concerns import STEPS, Action, Category, State

BY_HAND = {
    State.RECEIVED: {Action.TRIAGE, Action.ASK, Action.REPLY},
    State.OPEN: {Action.TRIAGE, Action.ASK, Action.REPLY, Action.REFER, Action.CLOSE},
    State.REFERRED: {Action.TRIAGE, Action.ASK, Action.REPLY, Action.REFER, Action.CLOSE},
    State.CLOSED: {Action.REPLY, Action.REOPEN, Action.FORGET},
}
CODES = st.randoms().map(lambda drawn: concerns.tracking_code(drawn.randrange))


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_an_act_is_taken_where_the_table_has_it_and_nowhere_else(state: State, action: Action) -> None:
    if action in BY_HAND[state]:
        assert concerns.target(action, state) in State
        return
    with pytest.raises(errors.ConcernStepNotAllowed):
        concerns.target(action, state)


@given(st.lists(st.sampled_from(sorted(Action)), max_size=30))
def test_nothing_is_closed_before_somebody_has_read_it_and_all_can_be_taken_up_again(
    walk: list[Action],
) -> None:
    state, triaged = State.RECEIVED, False
    for action in walk:
        if state not in STEPS[action].sources:
            continue
        state = concerns.target(action, state)
        triaged = triaged or action is Action.TRIAGE
        assert triaged or state is State.RECEIVED
        assert (state is State.CLOSED) is not (Action.TRIAGE in concerns.open_steps(state))
        if state is State.CLOSED:
            assert concerns.open_steps(state) == (Action.REOPEN,)


def test_officers_and_the_person_share_the_table_and_every_category_is_decided() -> None:
    assert {step.by for step in STEPS.values()} == {"case_officer", "person", "clock"}
    assert set(STEPS) == set(Action)
    assert set(concerns.INDICATORS) | {Category.FAKE_BADGE, Category.UNLICENSED, Category.OTHER} == set(
        Category
    )
    assert concerns.is_urgent(["fees", "child"])
    assert not concerns.is_urgent(["fees", "other"])


def test_without_consent_only_what_is_urgent_is_passed_on_and_the_law_is_named() -> None:
    concerns.demand_referable(consent=True, urgent=False, why="")
    concerns.demand_referable(consent=False, urgent=True, why="Penal Code (DEMO), section 5")
    with pytest.raises(errors.ConsentMissing):
        concerns.demand_referable(consent=False, urgent=False, why="I want to")
    with pytest.raises(errors.StepIncomplete):
        concerns.demand_referable(consent=False, urgent=True, why=" ")


@given(CODES)
def test_a_code_is_read_as_it_is_printed_and_typed(code: str) -> None:
    shown = concerns.shown_code(code)
    assert concerns.read_code(shown) == concerns.read_code(f" {shown.lower().replace('-', ' ')} ") == code
    assert (
        concerns.read_code(code[:2] + code[2:].replace("0", "O").replace("1", "l").replace("V", "u")) == code
    )
    assert code[:2] not in countries.CODES


@given(CODES, st.integers(2, 12), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_symbol_is_noticed(code: str, place: int, symbol: str) -> None:
    if code[place] == symbol:
        return
    with pytest.raises(errors.ConcernNotFound):
        concerns.read_code(code[:place] + symbol + code[place + 1 :])


@pytest.mark.parametrize("typed", ["", "x" * 500, "CE", "NP7K-3M9Q-X2TW-N", "CE\x00", "١٢٣٤٥", "1234567"])
def test_what_is_no_code_and_no_pin_is_not_found(typed: str) -> None:
    for read in (concerns.read_code, concerns.read_pin):
        with pytest.raises(errors.ConcernNotFound):
            read(typed)


def test_a_pin_is_read_in_any_digits() -> None:
    assert (
        concerns.read_pin("١٢٣ ٤٥٦")
        == concerns.read_pin("१२३-४५६")
        == concerns.read_pin("123456")
        == "123456"
    )
