"""Points: what counts, for how long, and what may be decided upon them alone (ADR 0010)."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import GroundNotAllowed, StepNotAllowed
from registry.rules.lifecycle import STEPS, Action, Overlay, State
from registry.rules.policy import Policy
from tests.rules.walk import Walk

MARCH_1 = date(2026, 3, 1)
POINTS = {"grounds": ("POINTS",)}


def holder(*points: int, policy: Policy | None = None) -> Walk:
    """A licence in force on 1 March with these points entered."""
    walk = Walk(policy=policy).active(last=date(2029, 12, 31)).on(MARCH_1)
    for some in points:
        walk.take(Action.ENTER_DEMERIT, points=some)
    return walk


def counted(walk: Walk) -> int:
    """The points that count now: as the refusal of a punishment upon them says."""
    with pytest.raises(GroundNotAllowed) as refusal:
        walk.frozen(Action.SUSPEND_DISCIPLINARY, until=walk.today + timedelta(days=99), **POINTS)
    return int(refusal.value.facts["points"])


def test_no_other_step_rests_on_points() -> None:
    named = {action for action, step in STEPS.items() if "POINTS" in (step.grounds or ())}
    assert named == {Action.SURVEIL, Action.SHOW_CAUSE, Action.SUSPEND_DISCIPLINARY}


@pytest.mark.parametrize(
    ("points", "enough"), [((), False), ((11,), False), ((8, 3), False), ((8, 4), True), ((12,), True)]
)
def test_surveillance_begins_at_twelve(points: tuple[int, ...], enough: bool) -> None:  # noqa: FBT001 - drawn
    walk = holder(*points)
    if enough:
        walk.take(Action.SURVEIL, **POINTS)
        assert Overlay.SURVEILLANCE in walk.later(days=1).stands().overlays
    else:
        with pytest.raises(GroundNotAllowed) as refusal:
            walk.take(Action.SURVEIL, **POINTS)
        known = {"field": "grounds", "points": sum(points), "wanted": 12, "action": "surveil"}
        assert refusal.value.facts == known


def test_a_punishment_upon_points_alone_needs_twenty_four_and_one_upon_a_breach_none() -> None:
    until = MARCH_1 + timedelta(days=99)
    with pytest.raises(GroundNotAllowed):
        holder(23).take(Action.SUSPEND_DISCIPLINARY, until=until, **POINTS)
    for walk, grounds in ((holder(24), ("POINTS",)), (holder(), ("FEE-PROHIBITED", "POINTS"))):
        walk.take(Action.SUSPEND_DISCIPLINARY, until=until, immediate=True, grounds=grounds)
        assert walk.state() is State.SUSPENDED


def test_fines_and_warnings_count_with_the_points_of_their_kind() -> None:
    walk = holder()
    walk.take(Action.WARN)
    walk.take(Action.FINE)
    walk.take(Action.ORDER_REPAYMENT)
    assert counted(walk) == 2 + 4 + 8


def test_they_expire_after_their_months_counted_from_the_decision() -> None:
    walk = holder(8, policy=Policy(points_months=12))
    walk.on(date(2027, 3, 1), 23, 59)
    assert counted(walk) == 8
    walk.later(minutes=1)
    assert counted(walk) == 0


def test_what_is_set_aside_corrected_or_stayed_does_not_count() -> None:
    walk = holder(5, 6, 7)
    aside, corrected, stayed = (e.ref for e in walk.entries if e.action is Action.ENTER_DEMERIT)
    walk.take(Action.SET_ASIDE, aside)
    assert counted(walk) == 13
    walk.take(Action.CORRECT, corrected)
    assert counted(walk) == 7
    stay = walk.take(Action.STAY, stayed)
    assert counted(walk) == 0
    walk.take(Action.END_STAY, stay)
    assert counted(walk) == 7


class TestTheEndOfSurveillance:
    """Both have to be: the months have run, and the points are below the threshold again."""

    def test_not_before_its_months_have_run(self) -> None:
        walk = holder(12, policy=Policy(points_months=1))
        surveillance = walk.take(Action.SURVEIL)
        walk.to(walk.midnight(date(2026, 9, 2)) - timedelta(seconds=1))
        with pytest.raises(StepNotAllowed) as refusal:
            walk.take(Action.END_SURVEILLANCE, surveillance)
        assert refusal.value.facts["earliest"] == walk.midnight(date(2026, 9, 2)).isoformat()
        walk.later(seconds=1).take(Action.END_SURVEILLANCE, surveillance)

    def test_not_while_the_points_stand(self) -> None:
        walk = holder(12)
        surveillance = walk.take(Action.SURVEIL)
        walk.on(date(2026, 12, 1))
        with pytest.raises(StepNotAllowed) as refusal:
            walk.take(Action.END_SURVEILLANCE, surveillance)
        assert refusal.value.facts == {"field": "refers_to", "points": 12, "wanted": 12}
        walk.on(date(2028, 3, 2)).take(Action.END_SURVEILLANCE, surveillance)
