"""From nothing to a licence in force: grant, activation, adoption, conditions, scope."""

from datetime import timedelta

from registry.rules.lifecycle import Action, Result, State
from tests.rules.walk import FIRST, LAST, Walk


def test_before_any_entry_the_register_knows_nothing() -> None:
    walk = Walk()
    now = walk.stands()
    assert (now.state, now.result) == (State.NOT_GRANTED, Result.UNKNOWN)
    assert now.reasons == ("record.not_known_then",)


def test_a_granted_licence_waits_for_its_activation() -> None:
    walk = Walk().granted()
    now = walk.stands()
    assert (now.state, now.result, now.may_recruit) == (
        State.PENDING_ACTIVATION, Result.NOT_LICENSED, False,
    )  # fmt: skip
    assert walk.stands(walk.now - timedelta(seconds=1)).reasons == ("licence.not_yet",)
    walk.later(days=3).take(Action.ACTIVATE)
    assert walk.state() is State.ACTIVE


def test_activated_early_it_waits_for_its_first_day() -> None:
    first = FIRST + timedelta(days=20)
    walk = Walk().active(first=first)
    assert walk.state(walk.midnight(first) - timedelta(seconds=1)) is State.PENDING_ACTIVATION
    assert walk.state(walk.midnight(first)) is State.ACTIVE
    assert walk.stands().until == walk.midnight(first)


def test_not_activated_in_time_it_lapses() -> None:
    walk = Walk().granted()
    lapse = walk.midnight(FIRST + timedelta(days=31))
    assert walk.stands().until == lapse
    assert walk.state(lapse - timedelta(seconds=1)) is State.PENDING_ACTIVATION
    lapsed = walk.stands(lapse)
    assert (lapsed.state, lapsed.reasons) == (State.CANCELLED, ("licence.activation_lapsed",))


def test_activated_in_time_for_a_later_day_it_never_lapses() -> None:
    first = FIRST + timedelta(days=60)
    walk = Walk().granted(first=first)
    walk.later(days=10).take(Action.ACTIVATE, effective=first)
    assert walk.on_day(FIRST + timedelta(days=45)) is State.PENDING_ACTIVATION
    assert walk.on_day(first) is State.ACTIVE


def test_an_adopted_licence_needs_no_activation() -> None:
    walk = Walk()
    walk.observe(FIRST)
    walk.later(hours=1)
    assert walk.state() is State.LISTED
    walk.take(Action.ADOPT, first_day=FIRST, last_day=LAST)
    assert walk.state() is State.ACTIVE
    assert walk.state(walk.now - timedelta(seconds=1)) is State.LISTED
