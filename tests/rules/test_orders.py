"""Appeals, stays and orders: what they stop, what they move and what they undo."""

from datetime import date, timedelta

import pytest

from registry.rules.entries import Entries
from registry.rules.errors import StepNotAllowed
from registry.rules.lifecycle import Action, Overlay, Result, Scope, State
from tests.rules.walk import Walk

MARCH_1 = date(2026, 3, 1)
#: A revocation of 1 March that is not immediate has effect when the 28 days to appeal have run.
AFTER_APPEAL = date(2026, 3, 30)


def revoked_after_appeal() -> tuple[Walk, int]:
    """A licence whose revocation waits for the days to appeal."""
    walk = Walk().active().on(MARCH_1)
    return walk, walk.take(Action.REVOKE)


def test_a_decision_that_waits_is_announced_and_changes_nothing_yet() -> None:
    walk, revocation = revoked_after_appeal()
    effect = walk.midnight(AFTER_APPEAL)
    now = walk.stands()
    assert (now.state, now.result) == (State.ACTIVE, Result.LICENSED)
    assert now.pending == ((revocation, effect),)
    assert now.until == effect
    assert "licence.decided_pending_effect" in now.reasons
    assert walk.stands(walk.now - timedelta(seconds=1)).pending == ()
    assert walk.state(effect - timedelta(seconds=1)) is State.ACTIVE
    assert walk.state(effect) is State.REVOKED


class TestAnAppealBeforeTheEffect:
    """Filed in time it suspends the decision; dismissed, the date moves by the law's working days."""

    def test_it_holds_the_decision_back_and_no_date_is_announced(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.later(days=20).take(Action.FILE_APPEAL, revocation)
        long_after = walk.stands(walk.local(date(2026, 7, 1), 12))
        assert long_after.state is State.ACTIVE
        assert {Overlay.UNDER_APPEAL, Overlay.STAYED} <= long_after.overlays
        assert walk.stands().pending == ()
        assert Overlay.DECIDED_PENDING_EFFECT not in walk.stands().overlays

    def test_dismissed_it_moves_the_date_by_six_working_days(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=20).take(Action.FILE_APPEAL, revocation)
        walk.on(date(2026, 5, 1)).take(Action.END_APPEAL, appeal)  # a Friday
        effect = walk.midnight(date(2026, 5, 11))
        now = walk.stands()
        assert now.state is State.ACTIVE
        assert now.pending == ((revocation, effect),)
        assert Overlay.DECIDED_PENDING_EFFECT in now.overlays
        assert walk.state(effect - timedelta(seconds=1)) is State.ACTIVE
        assert walk.state(effect) is State.REVOKED
        assert not {Overlay.UNDER_APPEAL, Overlay.STAYED} & walk.stands(effect).overlays

    def test_dismissed_early_the_decision_keeps_its_own_date(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=2).take(Action.FILE_APPEAL, revocation)
        walk.later(days=2).take(Action.END_APPEAL, appeal)
        assert walk.stands().pending == ((revocation, walk.midnight(AFTER_APPEAL)),)

    def test_dismissed_it_is_not_filed_again(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=2).take(Action.FILE_APPEAL, revocation)
        for _ in range(2):  # while it is open, and after its dismissal
            with pytest.raises(StepNotAllowed) as refusal:
                walk.take(Action.FILE_APPEAL, revocation)
            assert refusal.value.facts == {"field": "refers_to"}
            if walk.entries[-1].ref == appeal:
                walk.later(days=2).take(Action.END_APPEAL, appeal)
        assert walk.on_day(AFTER_APPEAL) is State.REVOKED

    def test_against_a_dismissal_an_appeal_stays_nothing(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=2).take(Action.FILE_APPEAL, revocation)
        dismissal = walk.later(days=2).take(Action.END_APPEAL, appeal)
        walk.later(days=1).take(Action.FILE_APPEAL, dismissal)
        assert walk.on_day(AFTER_APPEAL) is State.REVOKED

    def test_filed_in_error_and_corrected_it_is_filed_again(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=2).take(Action.FILE_APPEAL, revocation)
        walk.later(days=1).take(Action.CORRECT, appeal)
        assert walk.on_day(AFTER_APPEAL) is State.REVOKED
        walk.later(days=1).take(Action.FILE_APPEAL, revocation)
        assert walk.on_day(AFTER_APPEAL) is State.ACTIVE

    def test_allowed_the_decision_never_has_effect(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.later(days=20).take(Action.FILE_APPEAL, revocation)
        walk.on(date(2026, 5, 1)).take(Action.SET_ASIDE, revocation)
        now = walk.stands()
        assert now.state is State.ACTIVE
        assert now.pending == ()
        assert not {Overlay.UNDER_APPEAL, Overlay.STAYED, Overlay.DECIDED_PENDING_EFFECT} & now.overlays
        assert walk.on_day(date(2026, 9, 1)) is State.ACTIVE

    def test_set_aside_from_the_day_of_its_effect_it_is_announced_no_more(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.later(days=20).take(Action.SET_ASIDE, revocation, effective=AFTER_APPEAL)
        assert walk.stands().pending == ()
        assert walk.on_day(AFTER_APPEAL) is State.ACTIVE

    def test_set_aside_from_a_later_day_it_has_effect_until_then(self) -> None:
        walk, revocation = revoked_after_appeal()
        last = AFTER_APPEAL + timedelta(days=10)
        walk.later(days=20).take(Action.SET_ASIDE, revocation, effective=last)
        assert walk.stands().pending == ((revocation, walk.midnight(AFTER_APPEAL)),)
        assert walk.on_day(AFTER_APPEAL) is State.REVOKED
        assert walk.on_day(last) is State.ACTIVE

    def test_filed_too_late_it_holds_nothing_back(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.to(walk.midnight(AFTER_APPEAL)).take(Action.FILE_APPEAL, revocation)
        assert walk.state() is State.REVOKED
        assert Overlay.UNDER_APPEAL in walk.stands().overlays

    def test_filed_in_the_last_second_it_is_in_time(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.to(walk.midnight(AFTER_APPEAL) - timedelta(seconds=1)).take(Action.FILE_APPEAL, revocation)
        assert walk.on_day(AFTER_APPEAL) is State.ACTIVE


class TestAnAppealRecordedLate:
    """It counts from the day it was received for a few working days; after those from when it is recorded."""

    def test_within_three_working_days_it_counts_from_its_day(self) -> None:
        walk, revocation = revoked_after_appeal()
        received = AFTER_APPEAL - timedelta(days=3)  # a Friday
        last = walk.midnight(AFTER_APPEAL + timedelta(days=3)) - timedelta(seconds=1)  # the Wednesday after
        walk.to(last).take(Action.FILE_APPEAL, revocation, effective=received)
        assert walk.state() is State.ACTIVE
        assert walk.on_day(AFTER_APPEAL) is State.ACTIVE

    def test_after_them_it_stays_nothing_and_its_day_is_kept(self) -> None:
        walk, revocation = revoked_after_appeal()
        received = AFTER_APPEAL - timedelta(days=3)
        walk.to(walk.midnight(AFTER_APPEAL + timedelta(days=3)))
        appeal = walk.take(Action.FILE_APPEAL, revocation, effective=received)
        assert walk.state() is State.REVOKED
        assert Overlay.UNDER_APPEAL in walk.stands().overlays
        assert walk.entry(appeal).effective_from == walk.now
        assert walk.effect(appeal)["received_on"] == received.isoformat()
        walk.take(Action.STAY, revocation)
        assert walk.state() is State.ACTIVE

    def test_years_later_nobody_brings_a_revoked_licence_back_alone(self) -> None:
        walk = Walk().active(last=date(2029, 12, 31)).on(MARCH_1)
        revocation = walk.take(Action.REVOKE)
        walk.later(days=400).take(Action.FILE_APPEAL, revocation, effective=date(2026, 3, 20))
        assert (walk.state(), walk.stands().result) == (State.REVOKED, Result.NOT_LICENSED)
        assert walk.on_day(AFTER_APPEAL) is State.REVOKED

    def test_recorded_late_and_still_in_time_it_stays_from_when_it_is_recorded(self) -> None:
        walk = Walk().active().on(MARCH_1)
        cut = walk.take(Action.RESTRICT, cut=Scope(("XB",)))
        walk.later(days=20).take(Action.FILE_APPEAL, cut, effective=MARCH_1)
        assert Overlay.PARTIAL in walk.stands(walk.now - timedelta(seconds=1)).overlays
        assert Overlay.PARTIAL not in walk.stands().overlays


class TestAnImmediateDecision:
    """Only an order stays what has effect at once."""

    def test_an_appeal_does_not_stop_it(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        walk.later(hours=1).take(Action.FILE_APPEAL, revocation)
        now = walk.stands()
        assert now.state is State.REVOKED
        assert Overlay.UNDER_APPEAL in now.overlays
        assert Overlay.STAYED not in now.overlays

    def test_an_appeal_that_stopped_nothing_ends_at_once(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        appeal = walk.later(hours=1).take(Action.FILE_APPEAL, revocation)
        walk.later(days=1).take(Action.END_APPEAL, appeal)
        assert Overlay.UNDER_APPEAL not in walk.stands().overlays

    def test_a_stay_lets_the_licence_stand_until_it_ends(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        revoked = walk.now
        stay = walk.later(days=3).take(Action.STAY, revocation)
        stayed = walk.now
        assert walk.state(stayed - timedelta(seconds=1)) is State.REVOKED
        assert (walk.state(), walk.stands().result) == (State.ACTIVE, Result.LICENSED)
        assert Overlay.STAYED in walk.stands().overlays
        walk.later(days=3).take(Action.END_STAY, stay, effective=date(2026, 3, 20))
        back = walk.midnight(date(2026, 3, 20))
        assert walk.stands().pending == ((revocation, back),)
        assert walk.state(back - timedelta(seconds=1)) is State.ACTIVE
        assert walk.state(back) is State.REVOKED
        assert walk.stands(revoked).state is State.REVOKED

    def test_a_stay_with_an_end_ends_by_the_clock(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        walk.later(days=1).take(Action.STAY, revocation, until=date(2026, 3, 31))
        end = walk.midnight(date(2026, 4, 1))
        assert walk.stands().until == end
        assert walk.stands().pending == ((revocation, end),)
        assert walk.state(end) is State.REVOKED

    def test_nobody_announces_what_was_not_decided_yet(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        stay = walk.later(days=1).take(Action.STAY, revocation)
        between = walk.now + timedelta(hours=1)
        walk.later(days=1).take(Action.END_STAY, stay)
        assert walk.stands(between).pending == ()


class TestAnOrderOfAHigherInstance:
    """What an order set aside stands again when that order is set aside."""

    def test_the_decision_has_effect_again(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        order = walk.later(days=10).take(Action.SET_ASIDE, revocation)
        assert walk.state() is State.ACTIVE
        between = walk.now
        walk.later(days=10).take(Action.SET_ASIDE, order)
        assert walk.state() is State.REVOKED
        assert walk.state(between) is State.ACTIVE

    def test_a_stay_that_is_set_aside_stays_nothing(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        stay = walk.later(days=1).take(Action.STAY, revocation)
        walk.later(days=1).take(Action.SET_ASIDE, stay)
        assert walk.state() is State.REVOKED

    def test_an_end_of_a_stay_that_is_set_aside_ends_nothing(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        stay = walk.later(days=1).take(Action.STAY, revocation)
        end = walk.later(days=1).take(Action.END_STAY, stay)
        assert walk.state() is State.REVOKED
        walk.later(days=1).take(Action.SET_ASIDE, end)
        assert walk.state() is State.ACTIVE

    def test_an_appeal_that_was_allowed_does_not_come_back_with_the_decision(self) -> None:
        walk, revocation = revoked_after_appeal()
        walk.later(days=20).take(Action.FILE_APPEAL, revocation)
        order = walk.on(date(2026, 5, 1)).take(Action.SET_ASIDE, revocation)
        walk.later(days=10).take(Action.SET_ASIDE, order)
        assert walk.state() is State.REVOKED
        assert Overlay.UNDER_APPEAL not in walk.stands().overlays

    def test_a_dismissal_that_is_set_aside_leaves_the_appeal_open(self) -> None:
        walk, revocation = revoked_after_appeal()
        appeal = walk.later(days=2).take(Action.FILE_APPEAL, revocation)
        dismissal = walk.later(days=2).take(Action.END_APPEAL, appeal)
        walk.on(AFTER_APPEAL + timedelta(days=9))
        assert walk.state() is State.REVOKED
        walk.take(Action.SET_ASIDE, dismissal)
        assert walk.state() is State.ACTIVE
        assert Overlay.UNDER_APPEAL in walk.stands().overlays

    def test_what_a_stayed_order_set_aside_is_announced_again(self) -> None:
        walk, revocation = revoked_after_appeal()
        order = walk.later(days=2).take(Action.SET_ASIDE, revocation)
        assert walk.stands().pending == ()
        walk.later(days=2).take(Action.STAY, order)
        assert walk.stands().pending == ((revocation, walk.midnight(AFTER_APPEAL)),)


class TestTheCourseOfABar:
    """It is to come as long as it may have effect again: an order against it counts only while it stands."""

    def barred(self) -> tuple[Walk, int]:
        walk = Walk().active().on(MARCH_1)
        return walk, walk.take(Action.DEBAR)

    def to_come(self, walk: Walk) -> list[int]:
        return [bar.ref for bar in Entries(walk.entries).to_come(walk.now, Action.DEBAR)]

    def test_set_aside_it_is_over(self) -> None:
        walk, bar = self.barred()
        assert self.to_come(walk) == [bar]
        walk.later(days=10).take(Action.SET_ASIDE, bar)
        assert self.to_come(walk) == []

    def test_while_the_order_against_it_is_stayed_it_is_not_over(self) -> None:
        walk, bar = self.barred()
        order = walk.later(days=10).take(Action.SET_ASIDE, bar)
        stay = walk.later(days=1).take(Action.STAY, order)
        assert walk.state() is State.CANCELLED
        assert self.to_come(walk) == [bar]
        walk.later(days=1).take(Action.END_STAY, stay)
        assert walk.state() is State.ACTIVE
        assert self.to_come(walk) == []

    def test_a_stay_with_a_last_day_ends_it_from_then_on(self) -> None:
        walk, bar = self.barred()
        order = walk.later(days=10).take(Action.SET_ASIDE, bar)
        walk.later(days=1).take(Action.STAY, order, until=date(2026, 3, 31))
        course = Entries(walk.entries).course(walk.entry(bar))
        assert course == (walk.entry(bar).effective_from, walk.midnight(date(2026, 4, 1)))

    def test_when_the_order_against_it_is_set_aside_it_stands_for_ever(self) -> None:
        walk, bar = self.barred()
        order = walk.later(days=10).take(Action.SET_ASIDE, bar)
        walk.later(days=10).take(Action.SET_ASIDE, order)
        assert walk.state() is State.CANCELLED
        assert self.to_come(walk) == [bar]

    def test_set_aside_before_it_begins_it_has_none(self) -> None:
        walk = Walk().active().on(MARCH_1)
        bar = walk.take(Action.DEBAR, effective=date(2026, 4, 1))
        walk.later(days=1).take(Action.SET_ASIDE, bar)
        assert Entries(walk.entries).course(walk.entry(bar)) is None


class TestSettingAside:
    """From now on, or from the beginning; the earlier state is worked out, never stored."""

    def test_from_now_on_the_past_stays_as_it_was(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        walk.later(days=10).take(Action.SET_ASIDE, revocation)
        assert walk.state(walk.now - timedelta(seconds=1)) is State.REVOKED
        assert walk.state() is State.ACTIVE

    def test_from_the_beginning_it_shows_as_known_then_and_as_known_now(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        then = walk.now + timedelta(days=1)
        walk.later(days=10).take(Action.SET_ASIDE, revocation, ab_initio=True)
        assert walk.stands(then, known_at=then).state is State.REVOKED
        assert walk.stands(then).state is State.ACTIVE

    def test_after_the_term_it_gives_back_an_expired_licence(self) -> None:
        walk = Walk().active().on(MARCH_1)
        revocation = walk.take(Action.REVOKE, immediate=True)
        walk.on(date(2027, 2, 1)).take(Action.SET_ASIDE, revocation)
        assert walk.state() is State.EXPIRED

    def test_a_suspension_behind_it_is_open_again(self) -> None:
        walk = Walk().active().on(MARCH_1)
        walk.take(Action.SUSPEND_ADMINISTRATIVE)
        revocation = walk.later(days=5).take(Action.REVOKE, immediate=True)
        walk.later(days=5).take(Action.SET_ASIDE, revocation)
        assert walk.state() is State.SUSPENDED


class TestAStayedSuspension:
    """A stay moves the end of a dated suspension: an appeal cannot run out its clock."""

    def test_every_day_of_it_is_served(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(
            Action.SUSPEND_DISCIPLINARY, effective=date(2026, 4, 1), until=date(2026, 6, 30)
        )
        appeal = walk.later(days=5).take(Action.FILE_APPEAL, suspension)
        walk.on(date(2026, 8, 3)).take(Action.END_APPEAL, appeal)  # a Monday
        begins = date(2026, 8, 11)
        assert walk.on_day(begins - timedelta(days=1)) is State.ACTIVE
        assert walk.stands(walk.midnight(begins)).suspensions[0].since == walk.midnight(begins)
        last = begins + timedelta(days=90)  # April to June has 91 days
        end = walk.midnight(last + timedelta(days=1))
        assert walk.state(end - timedelta(seconds=1)) is State.SUSPENDED
        assert walk.state(end) is State.ACTIVE
        assert walk.stands(walk.midnight(begins)).until == end

    def test_days_served_before_the_stay_count(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(
            Action.SUSPEND_DISCIPLINARY, effective=date(2026, 3, 2), until=date(2026, 5, 1), immediate=True
        )
        stay = walk.on(date(2026, 3, 12), 15).take(Action.STAY, suspension)
        walk.on(date(2026, 3, 22), 9).take(Action.END_STAY, stay)
        # nine whole days were stayed, from the 13th to the 21st
        assert walk.on_day(date(2026, 5, 10)) is State.SUSPENDED
        assert walk.on_day(date(2026, 5, 11)) is State.ACTIVE
        assert walk.on_day(date(2026, 3, 15)) is State.ACTIVE

    def test_a_stay_after_its_end_moves_nothing(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(
            Action.SUSPEND_DISCIPLINARY, effective=date(2026, 3, 2), until=date(2026, 5, 1), immediate=True
        )
        stay = walk.on(date(2026, 5, 10)).take(Action.STAY, suspension)
        walk.on(date(2026, 5, 20)).take(Action.END_STAY, stay)
        assert walk.on_day(date(2026, 5, 1)) is State.SUSPENDED
        assert walk.on_day(date(2026, 5, 2)) is State.ACTIVE
        assert walk.state() is State.ACTIVE


class TestACorrection:
    """It marks, never deletes: what was known before it is still answered."""

    def test_the_wrong_entry_is_undone_for_all_time_as_known_now(self) -> None:
        walk = Walk().active().on(MARCH_1)
        wrong = walk.take(Action.SUSPEND_EMERGENCY)
        suspended = walk.now
        walk.later(days=1).take(Action.CORRECT, wrong)
        assert walk.state(suspended) is State.ACTIVE
        assert walk.stands(suspended, known_at=suspended).state is State.SUSPENDED
        assert walk.stands(suspended, known_at=walk.now - timedelta(seconds=1)).state is State.SUSPENDED
        assert walk.stands(suspended, known_at=walk.now).state is State.ACTIVE
        assert walk.entry(wrong).action is Action.SUSPEND_EMERGENCY

    def test_a_corrected_correction_restores_the_entry(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(Action.SUSPEND_ADMINISTRATIVE)
        walk.later(days=5)
        correction = walk.take(Action.CORRECT, suspension)
        assert walk.state() is State.ACTIVE
        again = walk.later(days=1).take(Action.CORRECT, correction)
        assert walk.state() is State.SUSPENDED
        walk.later(days=1).take(Action.CORRECT, again)
        assert walk.state() is State.ACTIVE

    def test_a_corrected_grant_can_be_restored(self) -> None:
        walk = Walk().active().on(MARCH_1)
        correction = walk.take(Action.CORRECT, 1)
        assert walk.state() is State.NOT_GRANTED
        walk.take(Action.CORRECT, correction)
        assert walk.state() is State.ACTIVE

    def test_a_corrected_lift_leaves_the_suspension_open(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(Action.SUSPEND_ADMINISTRATIVE)
        lift = walk.later(days=5).take(Action.LIFT, suspension)
        walk.later(days=1).take(Action.CORRECT, lift)
        assert walk.state() is State.SUSPENDED

    def test_a_corrected_observation_was_never_seen(self) -> None:
        walk = Walk().on(MARCH_1)
        seen = walk.observe(MARCH_1)
        walk.later(hours=1).observe(date(2026, 2, 1))
        walk.take(Action.CORRECT, seen)
        assert walk.stands().listed is not None
        assert walk.stands().listed["last_seen"] == "2026-02-01"  # type: ignore[index]
