"""Every instant at which a local day turns the answer, in zones whose midnight is not always 00:00."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from registry.rules.lifecycle import Action, Overlay, Result, Scope, State
from registry.rules.standing import Standing
from tests.rules.walk import WITH_SECURITY, Walk

#: A zone, a day there and the time at which it begins: midnight does not exist in two of them.
PLACES = [
    ("Asia/Kathmandu", date(2026, 4, 24), "00:00:00"),
    ("Africa/Cairo", date(2026, 4, 24), "01:00:00"),
    ("Asia/Beirut", date(2026, 3, 29), "01:00:00"),
]
Told = Callable[[Standing], object]


@dataclass(frozen=True)
class Turn:
    """What is prepared so that the answer turns when ``day`` begins, and what it says before and after."""

    prepare: Callable[[Walk, date], None]
    told: Told
    before: object
    after: object


def state(now: Standing) -> object:
    return now.state


def result(now: Standing) -> object:
    return now.result


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def waiting_for_its_first_day(walk: Walk, day: date) -> None:
    walk.active(first=day, last=day + timedelta(days=200))


def ending_with_its_term(walk: Walk, day: date) -> None:
    walk.active(last=day_before(day))


def deemed_from_its_end(walk: Walk, day: date) -> None:
    walk.active(last=day_before(day)).on(day - timedelta(days=40)).filed()


def deemed_to_the_end(walk: Walk, day: date) -> None:
    last = day - timedelta(days=91)
    walk.starting(last - timedelta(days=60)).active(first=walk.today, last=last)
    walk.on(last - timedelta(days=31)).filed()


def suspended_from(walk: Walk, day: date) -> None:
    walk.active().take(Action.SUSPEND_PREVENTIVE, effective=day)


def suspended_until(walk: Walk, day: date) -> None:
    walk.active().on(date(2026, 2, 1))
    walk.take(Action.SUSPEND_DISCIPLINARY, until=day_before(day), immediate=True)


def lifted_from(walk: Walk, day: date) -> None:
    walk.active()
    walk.take(Action.LIFT, walk.take(Action.SUSPEND_ADMINISTRATIVE), effective=day)


def interim_of_ninety_days(walk: Walk, day: date) -> None:
    walk.starting(day - timedelta(days=120)).active(first=walk.today, last=date(2026, 12, 31))
    walk.on(day - timedelta(days=91)).take(Action.SUSPEND_PREVENTIVE)


def revoked_after_the_appeal(walk: Walk, day: date) -> None:
    walk.active().on(day - timedelta(days=29)).take(Action.REVOKE)


def cancelled_from(walk: Walk, day: date) -> None:
    walk.active().take(Action.CANCEL, effective=day)


def surrendered_from(walk: Walk, day: date) -> None:
    walk.active().take(Action.SURRENDER, effective=day)


def barred_from(walk: Walk, day: date) -> None:
    walk.active().take(Action.DEBAR, effective=day)


def stayed_until(walk: Walk, day: date) -> None:
    walk.active()
    walk.take(Action.STAY, walk.take(Action.REVOKE, immediate=True), until=day_before(day))


def cut_from(walk: Walk, day: date) -> None:
    walk.active().take(Action.RESTRICT, cut=Scope(("XB",)), effective=day)


def cut_until(walk: Walk, day: date) -> None:
    walk.active().take(Action.RESTRICT, cut=Scope(("XB",)), until=day_before(day), immediate=True)


def secured_until(walk: Walk, day: date) -> None:
    walk.policy = WITH_SECURITY
    walk.granted()
    walk.take(Action.CONFIRM_SECURITY, until=day_before(day))
    walk.take(Action.ACTIVATE)


def never_activated(walk: Walk, day: date) -> None:
    walk.on(day - timedelta(days=31)).granted(first=walk.today)


def watched_from(walk: Walk, day: date) -> None:
    walk.active().on(day_before(day)).take(Action.ENTER_DEMERIT, points=12)
    walk.take(Action.SURVEIL)


def seen_first(walk: Walk, day: date) -> None:
    walk.observe(day, previous_on=day_before(day).isoformat())


def seen_last(walk: Walk, day: date) -> None:
    walk.observe(day - timedelta(days=46))


TURNS = {
    "the first day": Turn(waiting_for_its_first_day, state, State.PENDING_ACTIVATION, State.ACTIVE),
    "the term's end": Turn(ending_with_its_term, state, State.ACTIVE, State.EXPIRED),
    "deemed in force": Turn(deemed_from_its_end, state, State.ACTIVE, State.RENEWAL_PENDING),
    "deemed no longer": Turn(deemed_to_the_end, state, State.RENEWAL_PENDING, State.EXPIRED),
    "a suspension's first day": Turn(suspended_from, state, State.ACTIVE, State.SUSPENDED),
    "a suspension's end": Turn(suspended_until, state, State.SUSPENDED, State.ACTIVE),
    "a lift": Turn(lifted_from, state, State.SUSPENDED, State.ACTIVE),
    "an interim measure's end": Turn(interim_of_ninety_days, state, State.SUSPENDED, State.ACTIVE),
    "the end of the appeal": Turn(revoked_after_the_appeal, state, State.ACTIVE, State.REVOKED),
    "a cancellation": Turn(cancelled_from, state, State.ACTIVE, State.CANCELLED),
    "a surrender": Turn(surrendered_from, state, State.ACTIVE, State.SURRENDERED),
    "a bar": Turn(barred_from, state, State.ACTIVE, State.CANCELLED),
    "a stay's end": Turn(stayed_until, state, State.ACTIVE, State.REVOKED),
    "a cut": Turn(cut_from, result, Result.LICENSED, Result.LIMITED),
    "a cut's end": Turn(cut_until, result, Result.LIMITED, Result.LICENSED),
    "a security's end": Turn(secured_until, result, Result.LICENSED, Result.NOT_LICENSED),
    "no activation": Turn(never_activated, state, State.PENDING_ACTIVATION, State.CANCELLED),
    "surveillance": Turn(watched_from, lambda now: Overlay.SURVEILLANCE in now.overlays, False, True),
    "a first sighting": Turn(seen_first, result, Result.UNKNOWN, Result.LICENSED),
    "a stale sighting": Turn(seen_last, result, Result.LICENSED, Result.UNKNOWN),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize(("zone", "day", "clock"), PLACES, ids=[zone for zone, *_ in PLACES])
def test_the_answer_turns_when_the_local_day_begins(zone: str, day: date, clock: str, turn: Turn) -> None:
    walk = Walk(zone=zone)
    turn.prepare(walk, day)
    begins = walk.midnight(day)
    local = begins.astimezone(walk.local_zone)
    assert (local.date(), local.time().isoformat()) == (day, clock)
    last_second = begins - timedelta(seconds=1)
    assert last_second.astimezone(walk.local_zone).time().isoformat() == "23:59:59"
    before, after = walk.stands(last_second), walk.stands(begins)
    assert (turn.told(before), turn.told(after)) == (turn.before, turn.after)
    assert before.until == begins
    assert walk.stands(begins - timedelta(microseconds=1)).until == begins
