"""Suspensions: a set of them, each with its own end, by the clock or by a decision."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import GroundNotAllowed, StepNotAllowed, SuspensionOpen, TermRefused
from registry.rules.lifecycle import Action, Overlay, State
from tests.rules.walk import LAST, Walk

MAY_1 = date(2026, 5, 1)
MAY_31 = date(2026, 5, 31)


def test_a_dated_suspension_ends_by_the_clock_at_the_end_of_its_last_day() -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    walk.take(Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True)
    end = walk.midnight(MAY_31 + timedelta(days=1))
    assert walk.state(end - timedelta(seconds=1)) is State.SUSPENDED
    assert walk.state(end) is State.ACTIVE
    assert walk.stands(end - timedelta(seconds=1)).until == end


def test_with_conditions_it_does_not_end_by_the_clock() -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    suspension = walk.take(
        Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True,
        conditions_to_lift=("claims settled",),
    )  # fmt: skip
    assert walk.on_day(date(2026, 9, 1)) is State.SUSPENDED
    assert walk.stands(walk.midnight(date(2026, 6, 1))).suspensions[0].until is None
    walk.on(date(2026, 9, 1)).take(Action.LIFT, suspension)
    assert walk.state() is State.ACTIVE


@pytest.mark.parametrize("first_lifted", [0, 1])
def test_two_that_overlap_are_lifted_in_either_order(first_lifted: int) -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    both = [walk.take(Action.SUSPEND_PREVENTIVE)]
    both.append(walk.take(Action.SUSPEND_ADMINISTRATIVE))
    walk.on(date(2026, 4, 2))
    assert [s.ref for s in walk.stands().suspensions] == both
    assert walk.stands().reasons[:2] == ("suspension.preventive", "suspension.administrative")
    walk.on(date(2026, 4, 5)).take(Action.LIFT, both[first_lifted])
    assert walk.state() is State.SUSPENDED
    assert [s.ref for s in walk.stands().suspensions] == [both[1 - first_lifted]]
    walk.on(date(2026, 4, 6)).take(Action.LIFT, both[1 - first_lifted])
    assert walk.state() is State.ACTIVE
    assert walk.stands().may_recruit


def test_what_is_lifted_is_not_lifted_again() -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    walk.later(days=1).take(Action.LIFT, suspension)
    with pytest.raises(StepNotAllowed):
        walk.take(Action.LIFT, suspension)


def test_a_lift_of_a_later_day_leaves_it_open_until_then() -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    lift = walk.take(Action.LIFT, suspension, effective=date(2026, 4, 10))
    lifted = walk.midnight(date(2026, 4, 10))
    assert walk.stands().pending == ((lift, lifted),)
    assert walk.state(lifted - timedelta(seconds=1)) is State.SUSPENDED
    assert walk.state(lifted) is State.ACTIVE


class TestAnEmergency:
    """One duty officer, 72 hours, then the registrar's word or nothing."""

    def test_it_lapses_after_72_hours_to_the_second(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1), 15, 30)
        walk.take(Action.SUSPEND_EMERGENCY)
        lapse = walk.now + timedelta(hours=72)
        assert walk.stands().until == lapse
        assert walk.state(lapse - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(lapse) is State.ACTIVE

    def test_ratified_it_lasts_ninety_days_unless_confirmed(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_EMERGENCY)
        walk.later(hours=71).take(Action.RATIFY, suspension)
        lapse = walk.midnight(date(2026, 7, 1))
        assert walk.stands().until == lapse
        assert walk.state(lapse - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(lapse) is State.ACTIVE

    def test_after_it_has_lapsed_nobody_ratifies_it(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_EMERGENCY)
        walk.later(hours=72)
        with pytest.raises(StepNotAllowed):
            walk.take(Action.RATIFY, suspension)

    def test_confirmed_in_time_it_needs_no_ratification(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_EMERGENCY)
        walk.later(hours=10).take(Action.CONFIRM, suspension)
        assert walk.on_day(date(2026, 12, 1)) is State.SUSPENDED
        assert not walk.stands().suspensions[0].interim

    def test_an_overlapping_suspension_outlives_its_lapse(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        walk.take(Action.SUSPEND_EMERGENCY)
        walk.take(Action.SUSPEND_ADMINISTRATIVE)
        assert walk.on_day(date(2026, 4, 20)) is State.SUSPENDED
        assert walk.stands(walk.local(date(2026, 4, 20))).reasons == ("suspension.administrative",)


class TestEmergenciesInARow:
    """What nobody ratified is not begun again by one officer upon the same ground (ADR 0010)."""

    def lapsed(self) -> Walk:
        walk = Walk().active().on(date(2026, 4, 1))
        walk.take(Action.SUSPEND_EMERGENCY, grounds=("TRAFFICKING",))
        return walk

    @pytest.mark.parametrize("hours", [1, 71, 72, 100])
    def test_neither_before_it_lapses_nor_after(self, hours: int) -> None:
        walk = self.lapsed().later(hours=hours)
        for grounds in (("TRAFFICKING",), ("TRAFFICKING", "CHILD")):
            with pytest.raises(GroundNotAllowed) as refusal:
                walk.take(Action.SUSPEND_EMERGENCY, grounds=grounds)
            assert refusal.value.facts["field"] == "grounds"
        assert walk.state() is (State.SUSPENDED if hours < 72 else State.ACTIVE)

    def test_lifted_or_set_aside_it_was_not_ratified_either(self) -> None:
        for action in (Action.LIFT, Action.SET_ASIDE):
            walk = self.lapsed()
            walk.later(hours=1).take(action, 3)
            with pytest.raises(GroundNotAllowed):
                walk.take(Action.SUSPEND_EMERGENCY, grounds=("TRAFFICKING",))

    def test_two_officers_may_and_another_danger_is_another_danger(self) -> None:
        walk = self.lapsed().later(hours=72)
        walk.take(Action.SUSPEND_EMERGENCY, grounds=("CHILD",))
        assert walk.state() is State.SUSPENDED
        walk = self.lapsed().later(hours=72)
        walk.take(Action.SUSPEND_PREVENTIVE, grounds=("TRAFFICKING",))
        assert walk.state() is State.SUSPENDED

    def test_what_was_ratified_or_entered_in_error_stands_in_no_ones_way(self) -> None:
        for action in (Action.RATIFY, Action.CONFIRM, Action.CORRECT):
            walk = self.lapsed()
            walk.later(hours=1).take(action, 3)
            walk.take(Action.SUSPEND_EMERGENCY, grounds=("TRAFFICKING",))

    def test_after_the_days_of_a_preventive_suspension_it_is_a_new_case(self) -> None:
        walk = self.lapsed()
        free = walk.midnight(date(2026, 4, 4) + timedelta(days=91))
        with pytest.raises(GroundNotAllowed) as refusal:
            walk.to(free - timedelta(seconds=1)).take(Action.SUSPEND_EMERGENCY, grounds=("TRAFFICKING",))
        assert refusal.value.facts["until"] == free.isoformat()
        walk.to(free).take(Action.SUSPEND_EMERGENCY, grounds=("TRAFFICKING",))


class TestAPreventiveSuspension:
    """An interim measure: confirmed within ninety days or gone."""

    @pytest.mark.parametrize("action", [Action.SUSPEND_PREVENTIVE, Action.SUSPEND_EMERGENCY])
    def test_nothing_stays_it_and_an_order_ends_it(self, action: Action) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(action)
        walk.later(hours=1).take(Action.FILE_APPEAL, suspension)
        assert walk.state() is State.SUSPENDED
        with pytest.raises(StepNotAllowed) as refusal:
            walk.take(Action.STAY, suspension)
        assert refusal.value.facts == {"field": "refers_to"}
        walk.take(Action.SET_ASIDE, suspension)
        assert walk.state() is State.ACTIVE

    def test_it_lapses_after_ninety_days(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        walk.take(Action.SUSPEND_PREVENTIVE)
        assert walk.stands().suspensions[0].interim
        lapse = walk.midnight(date(2026, 7, 1))
        assert walk.state(lapse - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(lapse) is State.ACTIVE

    def test_confirmed_it_stays_until_it_is_lifted(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        walk.later(days=30).take(Action.CONFIRM, suspension)
        assert walk.on_day(date(2026, 12, 1)) is State.SUSPENDED

    def test_confirmed_until_a_day_it_ends_there(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        walk.later(days=30).take(Action.CONFIRM, suspension, until=date(2026, 9, 30))
        end = walk.midnight(date(2026, 10, 1))
        assert walk.state(end - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(end) is State.ACTIVE

    def test_a_confirmation_until_now_confirms_nothing(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        with pytest.raises(TermRefused):
            walk.take(Action.CONFIRM, suspension, until=walk.now)

    def test_a_confirmation_set_aside_lets_it_lapse(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        confirmation = walk.later(days=30).take(Action.CONFIRM, suspension)
        walk.on(date(2026, 8, 1)).take(Action.SET_ASIDE, confirmation)
        assert walk.state() is State.ACTIVE


class TestADisciplinarySuspension:
    """One to twelve months; longer only by an extension, never shorter by one."""

    @pytest.mark.parametrize(
        ("until", "fits"),
        [
            (date(2026, 5, 30), False),
            (date(2026, 5, 31), True),
            (date(2027, 4, 30), True),
            (date(2027, 5, 1), False),
        ],
    )
    def test_it_lasts_one_to_twelve_months(self, until: date, fits: bool) -> None:  # noqa: FBT001 - drawn
        walk = Walk().active().on(date(2026, 4, 1))
        said = {"effective": MAY_1, "until": until, "immediate": True}
        if not fits:
            with pytest.raises(TermRefused) as refusal:
                walk.take(Action.SUSPEND_DISCIPLINARY, **said)
            assert refusal.value.facts["field"] == "until"
        else:
            walk.take(Action.SUSPEND_DISCIPLINARY, **said)
            assert walk.on_day(until) is State.SUSPENDED or until > date(2026, 12, 31)

    def test_it_is_not_lifted_before_its_last_day_is_over(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(
            Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True,
            conditions_to_lift=("training",),
        )  # fmt: skip
        over = walk.midnight(MAY_31 + timedelta(days=1))
        for said in ({}, {"effective": MAY_31}):
            with pytest.raises(TermRefused) as refusal:
                walk.on(date(2026, 5, 10)).take(Action.LIFT, suspension, **said)
            assert refusal.value.facts == {"field": "effective", "earliest": over.isoformat()}
        walk.take(Action.LIFT, suspension, effective=MAY_31 + timedelta(days=1))
        assert walk.state(over - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(over) is State.ACTIVE

    def test_nor_before_the_days_on_which_it_was_stayed_are_served(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True)
        stay = walk.on(date(2026, 5, 10)).take(Action.STAY, suspension)
        walk.on(date(2026, 5, 21)).take(Action.END_STAY, stay)
        with pytest.raises(TermRefused):
            walk.on(date(2026, 6, 2)).take(Action.LIFT, suspension)

    def test_an_order_ends_it_before_its_last_day(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True)
        walk.on(date(2026, 5, 10)).take(Action.SET_ASIDE, suspension)
        assert walk.state() is State.ACTIVE

    @pytest.mark.parametrize(("until", "stays"), [(date(2026, 10, 31), True), (date(2026, 11, 1), False)])
    def test_one_of_more_than_six_months_is_not_stopped_by_an_appeal(
        self, until: date, stays: bool  # noqa: FBT001 - drawn
    ) -> None:  # fmt: skip
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=until)
        walk.later(days=3).take(Action.FILE_APPEAL, suspension)
        assert (walk.on_day(MAY_1) is State.ACTIVE) is stays

    def test_after_it_is_lifted_the_holder_is_watched_for_six_months(self) -> None:
        walk = Walk().active().on(date(2026, 3, 1))
        suspension = walk.take(
            Action.SUSPEND_DISCIPLINARY, until=date(2026, 4, 1), immediate=True,
            conditions_to_lift=("training",),
        )  # fmt: skip
        walk.on(MAY_1).take(Action.LIFT, suspension)
        assert Overlay.SURVEILLANCE in walk.stands().overlays
        end = walk.midnight(date(2026, 11, 2))
        assert Overlay.SURVEILLANCE in walk.stands(end - timedelta(seconds=1)).overlays
        assert Overlay.SURVEILLANCE not in walk.stands(end).overlays

    def test_lifting_what_was_no_punishment_watches_nobody(self) -> None:
        walk = Walk().active().on(date(2026, 3, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        walk.later(days=1).take(Action.LIFT, suspension)
        assert Overlay.SURVEILLANCE not in walk.stands().overlays


class TestAnExtension:
    """It moves a stated end forward, within twelve months in all."""

    def suspended(self) -> tuple[Walk, int]:
        walk = Walk().active(last=date(2028, 12, 31)).on(date(2026, 4, 1))
        said = {"effective": MAY_1, "until": date(2026, 7, 31), "immediate": True}
        suspension = walk.take(Action.SUSPEND_DISCIPLINARY, **said)
        return walk.on(date(2026, 7, 1)), suspension

    def test_it_lasts_until_the_new_day(self) -> None:
        walk, suspension = self.suspended()
        walk.take(Action.EXTEND, suspension, until=date(2026, 8, 31))
        end = walk.midnight(date(2026, 9, 1))
        assert walk.state(end - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(end) is State.ACTIVE

    @pytest.mark.parametrize("until", [date(2026, 7, 31), date(2026, 7, 15), date(2027, 5, 1)])
    def test_it_never_shortens_and_never_passes_twelve_months(self, until: date) -> None:
        walk, suspension = self.suspended()
        with pytest.raises(TermRefused) as refusal:
            walk.take(Action.EXTEND, suspension, until=until)
        assert refusal.value.facts["field"] == "until"

    def test_twelve_months_in_all_are_lawful(self) -> None:
        walk, suspension = self.suspended()
        walk.take(Action.EXTEND, suspension, until=date(2027, 4, 30))
        assert walk.on_day(date(2027, 4, 30)) is State.SUSPENDED

    def test_what_has_no_last_day_is_not_extended(self) -> None:
        walk = Walk().active().on(date(2026, 4, 1))
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        with pytest.raises(TermRefused):
            walk.take(Action.EXTEND, suspension, until=date(2026, 12, 1))
        walk.later(days=1).take(Action.CONFIRM, suspension)
        with pytest.raises(TermRefused):
            walk.take(Action.EXTEND, suspension, until=date(2026, 12, 1))

    def test_a_stayed_extension_lets_it_end_on_its_first_day(self) -> None:
        walk, suspension = self.suspended()
        extension = walk.take(Action.EXTEND, suspension, until=date(2026, 8, 31))
        walk.later(days=1).take(Action.STAY, extension)
        assert walk.on_day(date(2026, 8, 1)) is State.ACTIVE


class TestSuspensionAndTerm:
    """A suspension survives the term and does not stretch it."""

    def test_a_suspended_licence_expires_and_says_that_it_was_suspended(self) -> None:
        walk = Walk().active().on(date(2026, 12, 1))
        walk.take(Action.SUSPEND_ADMINISTRATIVE)
        ended = walk.stands(walk.midnight(LAST + timedelta(days=1)))
        assert ended.state is State.EXPIRED
        assert Overlay.SUSPENDED_AT_EXPIRY in ended.overlays
        assert "licence.suspended_at_expiry" in ended.reasons

    def test_a_late_renewal_waits_until_it_is_lifted(self) -> None:
        walk = Walk().active().on(date(2026, 12, 1))
        suspension = walk.take(Action.SUSPEND_ADMINISTRATIVE)
        walk.on(LAST + timedelta(days=5))
        said = {"first_day": walk.today, "last_day": date(2027, 12, 31)}
        with pytest.raises(SuspensionOpen):
            walk.take(Action.RENEW_LATE, **said)
        walk.take(Action.LIFT, suspension)
        walk.take(Action.RENEW_LATE, **said)
        assert walk.state() is State.ACTIVE
