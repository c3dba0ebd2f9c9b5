"""The verdict table is whole, and nothing but a licence that was just checked is green."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification import verdicts
from verification.verdicts import Colour, Reach, Result, Shape, Word


def test_every_result_has_a_look_in_every_way_it_can_be_reached() -> None:
    for result, reach in product(Result, Reach):
        assert verdicts.appearance(result, reach) is verdicts.TABLE[reach][result]


def test_only_a_licence_checked_online_is_green_and_only_one_on_a_fresh_list_is_outlined() -> None:
    looks = {(result, reach): verdicts.appearance(result, reach) for result, reach in product(Result, Reach)}
    green = {key for key, look in looks.items() if look.colour is Colour.GREEN}
    outlined = {key for key, look in looks.items() if look.colour is Colour.GREEN_OUTLINE}
    assert green == {(Result.LICENSED, Reach.ONLINE)}
    assert outlined == {(Result.LICENSED, Reach.OFFLINE_FRESH)}


def test_a_colour_and_a_shape_always_say_the_same() -> None:
    pairs = {(look.colour, look.shape) for row in verdicts.TABLE.values() for look in row.values()}
    assert pairs == {
        (Colour.GREEN, Shape.CIRCLE_TICK),
        (Colour.GREEN_OUTLINE, Shape.RING_TICK),
        (Colour.AMBER, Shape.TRIANGLE_MARK),
        (Colour.RED, Shape.OCTAGON_CROSS),
        (Colour.GREY, Shape.CIRCLE_QUESTION),
    }


def test_one_word_never_has_two_colours() -> None:
    looks = [look for row in verdicts.TABLE.values() for look in row.values()]
    for word in Word:
        assert len({look.colour for look in looks if look.word is word}) == 1, word


def test_online_the_word_is_the_results_own() -> None:
    assert {result.value: look.word.value for result, look in verdicts.TABLE[Reach.ONLINE].items()} == {
        result.value: result.value for result in Result
    }


foreign = st.text().filter(lambda text: text not in {*Result, *Reach})


@given(foreign, foreign)
def test_what_the_table_does_not_know_could_not_be_checked(result: str, reach: str) -> None:
    assert verdicts.appearance(result, reach) is verdicts.COULD_NOT_CHECK
    assert verdicts.appearance(result) is verdicts.COULD_NOT_CHECK
    assert verdicts.appearance("licensed", reach) is verdicts.COULD_NOT_CHECK
    assert verdicts.worst("licensed", result) is Result.UNKNOWN


def test_missing_data_is_never_green() -> None:
    assert verdicts.appearance("") is verdicts.COULD_NOT_CHECK
    assert verdicts.worst() is Result.UNKNOWN
    assert verdicts.reached_offline(None) is Reach.OFFLINE_OLD


@pytest.mark.parametrize(
    ("hours", "reach"),
    [
        (0, Reach.OFFLINE_FRESH),
        (24, Reach.OFFLINE_FRESH),
        (24.001, Reach.OFFLINE_OLD),
        (-1, Reach.OFFLINE_OLD),
    ],
)
def test_a_list_is_fresh_for_a_day(hours: float, reach: Reach) -> None:
    assert verdicts.reached_offline(timedelta(hours=hours)) is reach


def test_an_office_never_stands_above_its_head_licence() -> None:
    for own, head in product(Result, Result):
        lower = verdicts.worst(own, head)
        assert lower in {own, head}
        if lower is Result.LICENSED:
            assert own is head is Result.LICENSED
