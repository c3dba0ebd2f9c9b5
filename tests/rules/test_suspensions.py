"""Suspensions: a set of them, each with its own end, by the clock or by a decision."""

from datetime import date, timedelta

from registry.rules.lifecycle import Action, State
from tests.rules.walk import Walk

MAY_1 = date(2026, 5, 1)
MAY_31 = date(2026, 5, 31)


def test_a_dated_suspension_ends_by_the_clock_at_the_end_of_its_last_day() -> None:
    walk = Walk().active().on(date(2026, 4, 1))
    walk.take(Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, immediate=True)
    end = walk.midnight(MAY_31 + timedelta(days=1))
    assert walk.state(end - timedelta(seconds=1)) is State.SUSPENDED
    assert walk.state(end) is State.ACTIVE
    assert walk.stands(end - timedelta(seconds=1)).until == end
