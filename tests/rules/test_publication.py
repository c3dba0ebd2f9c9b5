"""What the public reads of sanctions: for how long, whatever knowledge is asked for, and of which days."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from registry.rules import answer
from registry.rules.lifecycle import Action, Result, Scope
from registry.rules.policy import Policy
from tests.rules.walk import KATHMANDU, Walk

MARCH_1 = date(2026, 3, 1)
NEVER_SHOWN = Policy(publication_months={"preventive_suspension": 0, "partial_suspension": 0})
FACTS = answer.Facts(
    number="XA-1", legacy_number="", licence_class="A", origin="granted", authority={"zone": KATHMANDU},
    agency_number="AG-1", name="Demo", latin_name="Demo", country="XA",
)  # fmt: skip


def told(
    walk: Walk, on: datetime, *, at: datetime | None = None, known_at: datetime | None = None
) -> dict[str, Any]:
    """The public body about ``on``, as it is published at ``at`` (default: now)."""
    pieces = answer.pieces(FACTS, walk.entries, at=at or walk.now, known_at=known_at)
    body = next(piece.body for piece in pieces if piece.end is None or on < piece.end)
    read: dict[str, Any] = json.loads(body)
    if known_at is None:
        since = answer.complete_since(walk.entries, zone=KATHMANDU, at=at or walk.now)
        assert read["history_complete_since"] == answer.rfc3339(since)
    return read


def result(*asked: Any, **said: Any) -> str:
    """The result alone."""
    return str(told(*asked, **said)["verdict"]["result"])


def suspended_for_a_while(**said: Any) -> tuple[Walk, datetime]:
    """A licence that was suspended in March, and a day in it."""
    walk = Walk(**said).active(last=date(2027, 11, 30) if not said else date(2026, 12, 31)).on(MARCH_1)
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    walk.later(days=10).take(Action.LIFT, suspension)
    return walk, walk.now - timedelta(days=5)


class TestEarlierKnowledge:
    """Asking what the register knew then does not bring back what is spent."""

    def test_a_spent_suspension_is_not_told_by_what_was_known_then(self) -> None:
        walk, then = suspended_for_a_while()
        assert result(walk, then, known_at=then) == "not_licensed"
        walk.on(date(2027, 4, 1))
        assert told(walk, then)["verdict"]["reasons"] == [{"code": "history.not_public"}]
        body = told(walk, then, known_at=then)
        assert (body["verdict"]["result"], body["standing"]["state"]) == ("unknown", None)
        assert body["sanctions"] == []

    def test_a_spent_cut_is_not_told_by_what_was_known_then(self) -> None:
        walk = Walk(policy=Policy(publication_months={"partial_suspension": 12})).active().on(MARCH_1)
        cut = walk.take(Action.RESTRICT, cut=Scope(("XB",)), immediate=True)
        then = walk.now + timedelta(days=1)
        walk.later(days=10).take(Action.LIFT, cut)
        assert result(walk, then, known_at=then) == "limited"
        walk.on(date(2027, 4, 1))
        assert result(walk, then) == result(walk, then, known_at=then) == "unknown"

    def test_a_suspension_that_was_corrected_is_spent_too(self) -> None:
        walk = Walk().active().on(MARCH_1)
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        then = walk.now + timedelta(hours=1)
        walk.later(days=1).take(Action.CORRECT, suspension)
        assert result(walk, then) == "licensed"
        assert result(walk, then, known_at=then) == "not_licensed"
        walk.on(date(2027, 4, 1))
        assert result(walk, then, known_at=then) == "unknown"
        assert told(walk, then)["history_complete_since"] == "2026-01-01T04:15:00Z"

    def test_what_is_not_spent_is_told_as_it_was_known(self) -> None:
        walk = Walk().active().on(MARCH_1)
        walk.take(Action.SUSPEND_PREVENTIVE)
        then = walk.now
        walk.later(days=10)
        assert (
            told(walk, then, known_at=then)["sanctions"][0]["until"]
            == told(walk, then)["sanctions"][0]["until"]
        )


class TestNeverShown:
    """A sanction that is public for no month is read from the state alone, and only while it has effect."""

    def test_while_it_has_effect_the_state_says_so_and_no_sanction_is_named(self) -> None:
        walk = Walk(policy=NEVER_SHOWN).active().on(MARCH_1)
        walk.take(Action.SUSPEND_PREVENTIVE)
        body = told(walk, walk.now)
        assert (body["verdict"]["result"], body["sanctions"]) == ("not_licensed", [])

    def test_when_it_is_over_its_days_are_not_told(self) -> None:
        walk, then = suspended_for_a_while(policy=NEVER_SHOWN)
        body = told(walk, then)
        assert (body["verdict"]["result"], body["standing"]["state"]) == ("unknown", None)
        assert result(walk, walk.now) == "licensed"
        assert result(walk, then, known_at=then) == "unknown"

    def test_a_row_made_before_its_end_knows_when_it_must_be_made_again(self) -> None:
        walk = Walk(policy=NEVER_SHOWN).active().on(MARCH_1)
        walk.take(Action.SUSPEND_EMERGENCY)
        ends = walk.stands().until
        pieces = answer.pieces(FACTS, walk.entries, at=walk.now)
        assert {piece.withhold_from for piece in pieces} == {ends}

    def test_a_cut_that_is_over_is_not_told(self) -> None:
        walk = Walk(policy=NEVER_SHOWN).active().on(MARCH_1)
        cut = walk.take(Action.RESTRICT, cut=Scope(("XB",)), immediate=True)
        then = walk.now
        assert result(walk, then) == "limited"
        walk.later(days=1).take(Action.LIFT, cut)
        assert result(walk, then) == "unknown"
        assert walk.stands(then).result is Result.LIMITED

    @pytest.mark.parametrize("action", [Action.ENTER_DEMERIT, Action.WARN])
    def test_a_single_act_takes_no_day_away(self, action: Action) -> None:
        walk = Walk().active().on(MARCH_1)
        walk.take(action, **({"points": 3} if action is Action.ENTER_DEMERIT else {}))
        walk.later(days=1)
        assert result(walk, walk.now - timedelta(hours=1)) == "licensed"


def test_a_cut_whose_lift_was_corrected_is_not_over() -> None:
    walk = Walk(policy=NEVER_SHOWN).active().on(MARCH_1)
    cut = walk.take(Action.RESTRICT, cut=Scope(("XB",)), immediate=True)
    lift = walk.later(days=1).take(Action.LIFT, cut)
    walk.later(days=1).take(Action.CORRECT, lift)
    assert result(walk, walk.now) == "limited"
