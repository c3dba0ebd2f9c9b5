"""For what a licence is good, what is cut out of it, its conditions and who watches it."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import NoticeTooShort
from registry.rules.lifecycle import Action, Overlay, Result, Scope, State
from tests.rules.walk import Walk

APRIL_1 = date(2026, 4, 1)
TWO = Scope(("XB", "XC"), ("9111", "5322"))


def licensed() -> Walk:
    """A licence for two countries and two occupations."""
    return Walk().active(scope=TWO).on(APRIL_1)


def cut(walk: Walk, *corridors: str, **said: object) -> int:
    """Cut countries out of the licence at once."""
    return walk.take(Action.RESTRICT, **{"cut": Scope(corridors), "immediate": True, **said})


def test_a_cut_licence_is_limited_and_says_for_what() -> None:
    walk = licensed()
    cut(walk, "XC")
    now = walk.stands()
    assert (now.state, now.result, now.may_recruit) == (State.ACTIVE, Result.LIMITED, True)
    assert now.reasons[0] == "scope.limited"
    assert now.cut == Scope(("XC",))
    assert now.scope == TWO
    assert Overlay.PARTIAL in now.overlays


def test_a_cut_ends_with_its_last_day() -> None:
    walk = licensed()
    cut(walk, "XC", until=date(2026, 4, 30))
    end = walk.midnight(date(2026, 5, 1))
    assert walk.stands().until == end
    assert walk.stands(end - timedelta(seconds=1)).result is Result.LIMITED
    assert walk.stands(end).result is Result.LICENSED


def test_cuts_add_up_and_are_lifted_one_by_one() -> None:
    walk = Walk().active().on(APRIL_1)
    one, two = cut(walk, "XC"), cut(walk, "XD")
    assert walk.stands().cut == Scope(("XC", "XD"))
    walk.later(days=1).take(Action.LIFT, one)
    assert walk.stands().cut == Scope(("XD",))
    walk.later(days=1).take(Action.LIFT, two)
    assert walk.stands().result is Result.LICENSED
    assert walk.stands().cut is None


@pytest.mark.parametrize("what", [Scope(("XB", "XC", "XD")), Scope((), ("9111", "5322"))])
def test_a_licence_with_nothing_left_is_no_licence(what: Scope) -> None:
    walk = licensed()
    walk.take(Action.RESTRICT, cut=what, immediate=True)
    now = walk.stands()
    assert (now.state, now.result, now.may_recruit) == (State.ACTIVE, Result.NOT_LICENSED, False)
    assert now.reasons == ("scope.nothing_left",)


def test_two_cuts_can_leave_nothing_together() -> None:
    walk = licensed()
    cut(walk, "XC")
    assert walk.stands().may_recruit
    cut(walk, "XB")
    assert not walk.stands().may_recruit


def test_cuts_of_countries_for_some_jobs_can_leave_nothing_together() -> None:
    walk = licensed()
    for job in TWO.occupations:
        assert walk.stands().may_recruit
        walk.take(Action.RESTRICT, cut=Scope(TWO.corridors, (job,)), immediate=True)
    assert walk.stands().result is Result.NOT_LICENSED


@pytest.mark.parametrize(
    "what",
    [
        {"cut": Scope(("XB", "XC"), ("9111",))},
        {"cut": Scope(("XB", "XC")), "new_recruitment_only": True},
    ],
)
def test_what_is_not_cut_wholly_is_left(what: dict[str, object]) -> None:
    walk = licensed()
    walk.take(Action.RESTRICT, immediate=True, **what)
    assert walk.stands().result is Result.LIMITED


def test_a_licence_for_every_country_always_has_something_left() -> None:
    walk = Walk().active().on(APRIL_1)
    cut(walk, "XB", "XC", "XD")
    assert walk.stands().result is Result.LIMITED


class TestGroupsOfOccupations:
    """ISCO-08 is a tree: whoever speaks of a group speaks of all in it, and of nothing else."""

    def licensed(self, *jobs: str) -> Walk:
        return Walk().active(scope=Scope((), jobs)).on(APRIL_1)

    @pytest.mark.parametrize("group", ["8", "83", "832", "8322"])
    def test_a_cut_of_a_group_takes_what_is_in_it_along(self, group: str) -> None:
        walk = self.licensed("8322")
        walk.take(Action.RESTRICT, cut=Scope((), (group,)), immediate=True)
        now = walk.stands()
        assert (now.result, now.may_recruit, now.reasons) == (
            Result.NOT_LICENSED, False, ("scope.nothing_left",),
        )  # fmt: skip

    @pytest.mark.parametrize("group", ["3", "82", "8321", "22", "322"])
    def test_a_cut_of_another_group_takes_nothing_of_it(self, group: str) -> None:
        walk = self.licensed("8322")
        walk.take(Action.RESTRICT, cut=Scope((), (group,)), immediate=True)
        assert walk.stands().result is Result.LIMITED
        assert walk.stands().may_recruit

    def test_a_cut_inside_a_group_leaves_the_rest_of_it(self) -> None:
        walk = self.licensed("83")
        walk.take(Action.RESTRICT, cut=Scope((), ("8322",)), immediate=True)
        assert walk.stands().result is Result.LIMITED
        walk.take(Action.RESTRICT, cut=Scope((), ("8",)), immediate=True)
        assert walk.stands().result is Result.NOT_LICENSED

    def test_a_cut_of_a_group_in_one_country_leaves_it_in_another(self) -> None:
        walk = Walk().active(scope=Scope(("XB", "XC"), ("8322", "8331"))).on(APRIL_1)
        walk.take(Action.RESTRICT, cut=Scope(("XB",), ("83",)), immediate=True)
        assert walk.stands().result is Result.LIMITED
        walk.take(Action.RESTRICT, cut=Scope(("XC",), ("83",)), immediate=True)
        assert walk.stands().result is Result.NOT_LICENSED

    @pytest.mark.parametrize(
        ("before", "after", "takes"),
        [
            ("8322", "83", False),
            ("83", "8322", True),
            ("83", "8", False),
            ("83", "82", True),
            ("", "83", True),
        ],
    )
    def test_a_variation_to_the_whole_group_is_a_gift_and_to_a_part_of_it_is_not(
        self, before: str, after: str, takes: bool  # noqa: FBT001 - drawn
    ) -> None:  # fmt: skip
        walk = self.licensed(*filter(None, [before]))
        said = {"scope": Scope((), (after,)), "notice_served_on": None}
        if takes:
            with pytest.raises(NoticeTooShort):
                walk.take(Action.VARY, **said)
        else:
            walk.take(Action.VARY, **said)


class TestNewRecruitment:
    """A cut of new recruitment alone is said so, and is not forgotten beside another cut."""

    def test_alone_it_limits(self) -> None:
        walk = licensed()
        cut(walk, new_recruitment_only=True)
        now = walk.stands()
        assert (now.result, now.new_recruitment_only, now.cut) == (Result.LIMITED, True, Scope())

    def test_where_nothing_is_left_for_anybody_new_it_is_amber_and_no_yes(self) -> None:
        everywhere, everywhere_named = licensed(), licensed()
        cut(everywhere, new_recruitment_only=True)
        cut(everywhere_named, *TWO.corridors, new_recruitment_only=True)
        for walk in (everywhere, everywhere_named):
            now = walk.stands()
            assert (now.state, now.result, now.may_recruit) == (State.ACTIVE, Result.LIMITED, False)
            assert now.reasons[0] == "scope.no_new_recruitment"

    def test_where_something_is_left_it_is_a_limited_yes(self) -> None:
        walk = licensed()
        cut(walk, "XB", new_recruitment_only=True)
        assert walk.stands().may_recruit
        assert walk.stands().reasons[0] == "scope.limited"

    def test_a_cut_of_the_rest_leaves_nothing_for_anybody_new(self) -> None:
        walk = licensed()
        cut(walk, "XB", new_recruitment_only=True)
        cut(walk, "XC")
        now = walk.stands()
        assert (now.result, now.may_recruit) == (Result.LIMITED, False)

    def test_everywhere_it_is_said_beside_a_country_that_is_cut(self) -> None:
        walk = licensed()
        cut(walk, new_recruitment_only=True)
        cut(walk, "XC")
        assert walk.stands().new_recruitment_only

    def test_of_one_country_it_does_not_soften_another_that_is_cut(self) -> None:
        walk = licensed()
        cut(walk, "XB", new_recruitment_only=True)
        assert walk.stands().new_recruitment_only
        cut(walk, "XC")
        assert not walk.stands().new_recruitment_only


def test_an_appeal_in_time_stops_a_cut_that_was_not_urgent() -> None:
    walk = licensed()
    announced = walk.take(Action.RESTRICT, cut=Scope(("XC",)))
    walk.later(days=3).take(Action.FILE_APPEAL, announced)
    assert walk.stands().result is Result.LICENSED
    urgent = cut(walk, "XC")
    walk.later(days=3).take(Action.FILE_APPEAL, urgent)
    assert walk.stands().result is Result.LIMITED


def test_a_variation_has_effect_from_its_day() -> None:
    walk = licensed()
    walk.take(Action.VARY, scope=Scope(("XB",)), effective=date(2026, 5, 1))
    begins = walk.midnight(date(2026, 5, 1))
    assert Overlay.DECIDED_PENDING_EFFECT in walk.stands().overlays
    assert walk.stands(begins - timedelta(seconds=1)).scope == TWO
    assert walk.stands(begins).scope == Scope(("XB",))


def test_what_comes_into_effect_last_counts() -> None:
    walk = licensed()
    walk.take(Action.VARY, scope=Scope(("XB",)), effective=date(2026, 6, 1))
    walk.later(days=1).take(Action.VARY, scope=Scope(("XB", "XC", "XD"), TWO.occupations))
    assert walk.stands().scope.corridors == ("XB", "XC", "XD")
    assert walk.stands(walk.midnight(date(2026, 6, 1))).scope == Scope(("XB",))


def test_conditions_stand_until_they_are_met() -> None:
    walk = Walk().active(conditions=({"code": "report-monthly"},), provisional=True).on(APRIL_1)
    assert {Overlay.CONDITIONS, Overlay.PROVISIONAL} <= walk.stands().overlays
    assert walk.stands().conditions == ((1, {"code": "report-monthly"}),)
    walk.take(Action.MEET_CONDITION, 1)
    assert Overlay.CONDITIONS not in walk.stands().overlays
    walk.take(Action.VARY, provisional=False)
    assert Overlay.PROVISIONAL not in walk.stands().overlays


def test_surveillance_begins_the_next_day_and_ends_by_decision() -> None:
    walk = licensed()
    points = walk.take(Action.ENTER_DEMERIT, points=12)
    surveillance = walk.take(Action.SURVEIL)
    begins = walk.midnight(APRIL_1 + timedelta(days=1))
    assert Overlay.SURVEILLANCE not in walk.stands(begins - timedelta(seconds=1)).overlays
    assert Overlay.SURVEILLANCE in walk.stands(begins).overlays
    assert walk.stands(begins).result is Result.LICENSED
    walk.on(date(2026, 10, 2)).take(Action.SET_ASIDE, points)
    walk.take(Action.END_SURVEILLANCE, surveillance)
    assert Overlay.SURVEILLANCE not in walk.on(date(2026, 10, 3)).stands().overlays
