"""How a licence ends: expiry, surrender, cancellation, revocation, voiding, a bar of its agency."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import RegistryError, StepNotAllowed
from registry.rules.lifecycle import Action, Overlay, Result, Scope, State
from tests.rules.walk import LAST, Walk

AFTER = LAST + timedelta(days=1)


def awaiting_renewal() -> Walk:
    """A licence whose term is over and which the law deems in force."""
    walk = Walk().active().on(LAST - timedelta(days=60))
    walk.filed()
    return walk.on(AFTER + timedelta(days=5))


@pytest.mark.parametrize(
    ("action", "state"), [(Action.CANCEL, State.CANCELLED), (Action.SURRENDER, State.SURRENDERED)]
)
def test_a_licence_deemed_in_force_can_be_ended(action: Action, state: State) -> None:
    walk = awaiting_renewal()
    assert walk.state() is State.RENEWAL_PENDING
    last = walk.today + timedelta(days=40)
    walk.take(action, effective=last)
    assert walk.on_day(last - timedelta(days=1)) is State.RENEWAL_PENDING
    assert walk.on_day(last) is state
    assert walk.on_day(last + timedelta(days=400)) is state


def test_what_expired_before_its_cancellation_stays_expired() -> None:
    walk = Walk().active().on(LAST - timedelta(days=3))
    walk.take(Action.CANCEL, effective=AFTER + timedelta(days=10))
    assert walk.on_day(AFTER + timedelta(days=11)) is State.EXPIRED


def test_the_end_that_came_first_keeps_its_name() -> None:
    walk = Walk().active().on(date(2026, 3, 1))
    walk.take(Action.CANCEL, effective=date(2026, 9, 1))
    walk.take(Action.SURRENDER, effective=date(2026, 6, 1))
    assert walk.on_day(date(2026, 6, 1)) is State.SURRENDERED
    assert walk.on_day(date(2026, 9, 2)) is State.SURRENDERED


def test_a_surrender_during_an_investigation_says_so() -> None:
    walk = Walk().active().on(date(2026, 3, 1))
    said = {"effective": date(2026, 4, 1), "extra": {"under_investigation": True}}
    assert "under_investigation" not in walk.frozen(Action.SURRENDER, effective=said["effective"]).effect
    assert walk.effect(walk.take(Action.SURRENDER, **said))["under_investigation"] is True
    assert "under_investigation" not in walk.effect(walk.take(Action.WARN, extra=said["extra"]))


def test_a_revocation_outlives_the_term_and_a_surrender() -> None:
    walk = Walk().active().on(date(2026, 3, 1))
    walk.take(Action.SURRENDER, effective=date(2026, 4, 1))
    walk.take(Action.REVOKE, effective=date(2026, 5, 1), immediate=True)
    assert walk.on_day(date(2026, 4, 15)) is State.SURRENDERED
    assert walk.on_day(date(2026, 5, 1)) is State.REVOKED
    assert walk.on_day(AFTER) is State.REVOKED


def test_voiding_reaches_back_to_the_grant_and_not_further() -> None:
    walk = Walk().active()
    granted = walk.entry(1).effective_from
    known_before = walk.now + timedelta(hours=1)
    walk.on(date(2026, 6, 1))
    walk.take(Action.VOID)
    assert walk.state(granted) is State.VOID
    assert walk.state(granted - timedelta(seconds=1)) is State.NOT_GRANTED
    assert walk.stands(granted + timedelta(hours=1), known_at=known_before).state is State.ACTIVE


class TestABar:
    """A bar of the agency ends what is alive, names what has ended already, and nothing comes back."""

    def test_it_ends_a_licence_in_force(self) -> None:
        walk = Walk().active().on(date(2026, 3, 1))
        walk.take(Action.DEBAR)
        now = walk.stands()
        assert (now.state, now.result, now.may_recruit) == (State.CANCELLED, Result.NOT_LICENSED, False)
        assert now.reasons == ("agency.debarred",)
        assert Overlay.DEBARRED in now.overlays

    def test_a_licence_does_not_come_back_when_it_ends(self) -> None:
        walk = Walk().active().on(date(2026, 3, 1))
        walk.take(Action.DEBAR, until=date(2026, 6, 30))
        after = walk.stands(walk.local(date(2026, 7, 2), 12))
        assert after.state is State.CANCELLED
        assert after.reasons == ("agency.debarred",)
        assert Overlay.DEBARRED not in after.overlays
        assert walk.on_day(AFTER) is State.CANCELLED

    def test_what_had_ended_keeps_its_state(self) -> None:
        walk = Walk().active().on(AFTER)
        walk.take(Action.DEBAR, until=AFTER + timedelta(days=90))
        assert walk.state() is State.EXPIRED
        assert Overlay.DEBARRED in walk.stands().overlays

    def test_a_late_renewal_does_not_bring_back_what_met_a_bar(self) -> None:
        walk = Walk().active().on(AFTER)
        walk.take(Action.DEBAR, until=AFTER + timedelta(days=5))
        walk.on(AFTER + timedelta(days=10))
        try:
            walk.take(Action.RENEW_LATE, first_day=walk.today, last_day=walk.today + timedelta(days=100))
        except RegistryError:
            return
        assert not walk.stands().may_recruit

    def test_a_licence_granted_after_it_is_a_new_beginning(self) -> None:
        walk = Walk()
        walk.take(Action.DEBAR, until=date(2026, 1, 31))
        walk.to(walk.midnight(date(2026, 2, 1))).active(first=date(2026, 2, 1))
        assert walk.state() is State.ACTIVE

    def test_set_aside_it_ends_nothing_any_more(self) -> None:
        walk = Walk().active().on(date(2026, 3, 1))
        bar = walk.take(Action.DEBAR)
        walk.on(date(2026, 4, 1)).take(Action.SET_ASIDE, bar)
        assert walk.on_day(date(2026, 3, 2)) is State.CANCELLED
        assert walk.state() is State.ACTIVE


def test_nothing_is_taken_from_a_revoked_licence_but_what_the_table_names() -> None:
    walk = Walk().active().on(date(2026, 3, 1))
    walk.take(Action.REVOKE, immediate=True)
    with pytest.raises(StepNotAllowed):
        walk.take(Action.SURRENDER, effective=date(2026, 6, 1))


class TestABarOfAListedLicence:
    """A licence known only from a list is never green while its agency is barred."""

    def test_a_list_does_not_outweigh_it(self) -> None:
        walk = Walk().on(date(2026, 3, 1))
        walk.observe(date(2026, 3, 1))
        assert walk.stands().result is Result.LICENSED
        walk.take(Action.DEBAR)
        now = walk.stands()
        assert (now.state, now.result, now.may_recruit) == (State.LISTED, Result.NOT_LICENSED, False)
        assert now.reasons[0] == "agency.debarred"
        assert Overlay.DEBARRED in now.overlays

    def test_after_it_only_a_new_list_speaks_again(self) -> None:
        walk = Walk().on(date(2026, 3, 1))
        walk.observe(date(2026, 3, 1))
        walk.take(Action.DEBAR, until=date(2026, 3, 20))
        assert walk.stands(walk.local(date(2026, 3, 25))).result is Result.NOT_LICENSED
        walk.on(date(2026, 4, 1)).observe(date(2026, 4, 1))
        assert walk.stands().result is Result.LICENSED

    def test_one_that_is_to_come_is_announced(self) -> None:
        walk = Walk().on(date(2026, 3, 1))
        walk.observe(date(2026, 3, 1))
        walk.take(Action.DEBAR, effective=date(2026, 3, 10))
        assert Overlay.DECIDED_PENDING_EFFECT in walk.stands().overlays
        assert walk.stands().may_recruit

    @pytest.mark.parametrize("listed", [True, False])
    def test_it_can_be_appealed_stayed_and_set_aside(self, listed: bool) -> None:  # noqa: FBT001 - drawn
        walk = Walk().on(date(2026, 3, 1))
        if listed:
            walk.observe(date(2026, 3, 1))
        bar = walk.take(Action.DEBAR)
        appeal = walk.take(Action.FILE_APPEAL, bar)
        assert Overlay.UNDER_APPEAL in walk.stands().overlays
        stay = walk.take(Action.STAY, bar)
        assert walk.stands().may_recruit is listed
        walk.take(Action.END_STAY, stay)
        assert not walk.stands().may_recruit
        walk.take(Action.END_APPEAL, appeal)
        walk.take(Action.SET_ASIDE, bar)
        assert walk.stands().may_recruit is listed


@pytest.mark.parametrize(
    ("end", "said", "announced"),
    [
        (Action.REVOKE, {"immediate": True}, set()),
        (Action.CANCEL, {}, {Action.REVOKE}),
        (Action.SUSPEND_PREVENTIVE, {}, {Action.REVOKE, Action.RESTRICT}),
    ],
)
def test_of_a_licence_that_has_ended_only_what_is_graver_is_announced(
    end: Action, said: dict[str, bool], announced: set[Action]
) -> None:
    walk = Walk().active().on(date(2026, 3, 1))
    walk.take(Action.REVOKE)
    walk.take(Action.RESTRICT, cut=Scope(("XB",)), effective=date(2026, 5, 1))
    walk.later(days=1).take(end, **said)
    now = walk.stands()
    assert {walk.entry(ref).action for ref, _ in now.pending} == announced
    assert (Overlay.DECIDED_PENDING_EFFECT in now.overlays) is bool(announced)
