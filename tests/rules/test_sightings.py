"""What lists say of a licence that nobody has decided on, with the real spacing of the UK files."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from registry.rules import sightings
from registry.rules.lifecycle import Action, Result, Scope, State
from tests.rules.walk import Walk

#: Three lists, 162 and 108 days apart as the UK's are.
ONE = date(2023, 1, 10)
TWO = ONE + timedelta(days=162)
THREE = TWO + timedelta(days=108)
LONDON = "Europe/London"


def listed(*lists: tuple[date, dict[str, Any]]) -> Walk:
    """A licence seen on lists, all taken in on one later day."""
    walk = Walk(zone=LONDON)
    for on, said in lists:
        walk.observe(on, **said)
    return walk


def said(walk: Walk, day: date) -> tuple[Result, str]:
    """The result and the first reason at noon of a day; the state is always listed."""
    now = walk.stands(walk.local(day, 12))
    assert now.state is State.LISTED
    assert now.may_recruit is (now.result is Result.LICENSED)
    return now.result, now.reasons[0]


ON_LIST = (Result.LICENSED, "listed.on_list")
BETWEEN = (Result.UNKNOWN, "listed.before_and_after")
STALE = (Result.UNKNOWN, "listed.stale")
GONE = (Result.UNKNOWN, "listed.not_on_latest")


def test_a_list_speaks_for_45_days_to_both_sides_and_no_day_further() -> None:
    walk = listed((ONE, {}), (TWO, {}), (THREE, {}))
    for sighting in (ONE, TWO, THREE):
        for days in (-45, -1, 0, 1, 45):
            assert said(walk, sighting + timedelta(days=days)) == ON_LIST
    assert said(walk, ONE + timedelta(days=46)) == BETWEEN
    assert said(walk, TWO - timedelta(days=46)) == BETWEEN
    assert said(walk, TWO + timedelta(days=46)) == BETWEEN
    assert said(walk, THREE - timedelta(days=46)) == BETWEEN
    assert said(walk, THREE + timedelta(days=46)) == STALE
    assert said(walk, THREE + timedelta(days=4000)) == STALE


@pytest.mark.parametrize(("gap", "unknown_days"), [(162, 71), (108, 17), (91, 0), (30, 0)])
def test_the_days_that_nobody_saw_are_counted_exactly(gap: int, unknown_days: int) -> None:
    walk = listed((ONE, {}), (ONE + timedelta(days=gap), {}))
    noons = [walk.local(ONE + timedelta(days=n), 12) for n in range(gap + 1)]
    spans = walk.spans()
    between = [
        span.standing.reasons[0] for noon in noons for span in spans
        if span.start <= noon and (span.end is None or noon < span.end)
    ]  # fmt: skip
    assert between.count("listed.before_and_after") == unknown_days
    assert between.count("listed.on_list") == gap + 1 - unknown_days


def test_before_the_first_sighting_nothing_is_claimed() -> None:
    walk = listed((ONE, {}))
    assert said(walk, ONE - timedelta(days=46)) == (Result.UNKNOWN, "listed.not_yet")


def test_it_does_not_reach_back_past_a_list_that_did_not_show_it() -> None:
    walk = listed((ONE, {"previous_on": (ONE - timedelta(days=10)).isoformat()}))
    assert said(walk, ONE - timedelta(days=9)) == ON_LIST
    assert said(walk, ONE - timedelta(days=10)) == (Result.UNKNOWN, "listed.not_yet")


class TestGoneFromTheList:
    """Not on the latest list is no revocation: it is what was seen, and not more."""

    def test_it_reads_not_on_the_latest_list_with_the_day_last_seen(self) -> None:
        walk = listed((ONE, {}), (ONE + timedelta(days=20), {"present": False}))
        gone = ONE + timedelta(days=20)
        assert said(walk, gone - timedelta(days=1)) == ON_LIST
        assert said(walk, gone) == GONE
        assert said(walk, gone + timedelta(days=900)) == GONE
        about = walk.stands(walk.local(gone)).listed
        assert about is not None
        assert (about["first_seen"], about["last_seen"]) == (ONE.isoformat(), ONE.isoformat())

    def test_the_days_before_it_was_missed_are_stale_not_between(self) -> None:
        walk = listed((ONE, {}), (TWO, {"present": False}))
        assert said(walk, ONE + timedelta(days=46)) == STALE
        assert said(walk, TWO - timedelta(days=1)) == STALE
        assert said(walk, TWO) == GONE

    def test_back_on_a_list_it_counts_from_that_list_only(self) -> None:
        walk = listed((ONE, {}), (TWO, {"present": False}), (THREE, {}))
        assert said(walk, THREE - timedelta(days=1)) == GONE
        assert said(walk, THREE) == ON_LIST


class TestTheListsOwnWord:
    """The profile says what a status word means; an undeclared one means nothing."""

    def test_a_word_that_ends_it_is_not_licensed(self) -> None:
        walk = listed((ONE, {"status": "not_in_force"}))
        assert said(walk, ONE) == (Result.NOT_LICENSED, "listed.status_not_in_force")

    def test_an_undeclared_word_is_unknown(self) -> None:
        walk = listed((ONE, {"status": "word_unknown"}))
        assert said(walk, ONE) == (Result.UNKNOWN, "listed.word_unknown")

    def test_a_new_word_does_not_reach_back(self) -> None:
        later = ONE + timedelta(days=30)
        walk = listed((ONE, {}), (later, {"status": "not_in_force"}))
        assert said(walk, later - timedelta(days=1)) == ON_LIST
        assert said(walk, later)[0] is Result.NOT_LICENSED
        assert said(walk, later + timedelta(days=46)) == STALE
        far = listed((ONE, {}), (TWO, {"status": "not_in_force"}))
        assert said(far, TWO - timedelta(days=1)) == BETWEEN


def test_before_the_intake_the_register_knew_nothing() -> None:
    walk = Walk(zone=LONDON).on(date(2026, 3, 1))
    before = walk.now
    walk.later(hours=1).observe(ONE)
    then = walk.stands(walk.local(ONE, 12), known_at=before)
    assert (then.state, then.reasons) == (State.NOT_GRANTED, ("record.not_known_then",))
    assert said(walk, ONE) == ON_LIST


def test_a_list_that_comes_later_changes_what_is_known_now_and_not_what_was() -> None:
    walk = Walk(zone=LONDON).on(date(2026, 3, 1))
    walk.observe(ONE)
    then, day = walk.now, walk.local(TWO - timedelta(days=1), 12)
    walk.later(days=1).observe(TWO)
    assert walk.stands(day).result is Result.LICENSED
    assert walk.stands(day, known_at=then).reasons == ("listed.stale",)


@pytest.mark.parametrize(
    "lists",
    [
        [(ONE, {}), (TWO, {"present": False}), (THREE, {"status": "word_unknown"}), (THREE, {})],
        [(ONE, {}), (ONE + timedelta(days=30), {}), (ONE + timedelta(days=91), {})],
        [(ONE, {"present": False}), (ONE, {}), (ONE, {"present": False})],
    ],
)
def test_the_pieces_follow_each_other_without_seam_or_overlap(
    lists: list[tuple[date, dict[str, Any]]],
) -> None:
    pieces = sightings.sightings([e.effect for e in listed(*lists).entries])
    for (begin, end, _), (start, _, _) in pairwise(pieces):
        assert end is not None
        assert begin < end == start
    assert pieces[-1][1] is None


def test_a_bar_is_not_told_beside_a_list_that_reads_as_a_yes() -> None:
    walk = Walk().starting(ONE)
    walk.observe(ONE)
    walk.take(Action.DEBAR)
    assert walk.stands().result is Result.NOT_LICENSED
    assert walk.stands().reasons == ("agency.debarred",)


class TestAnAdoptionThatIsUndone:
    """It uncovers the list again, but not over what was decided meanwhile and still has effect."""

    def adopted(self) -> Walk:
        walk = Walk().starting(ONE)
        walk.observe(ONE)
        walk.take(Action.ADOPT, first_day=ONE, last_day=ONE + timedelta(days=300))
        return walk.later(days=1)

    @pytest.mark.parametrize(
        ("action", "said", "reason"),
        [
            (Action.SUSPEND_EMERGENCY, {}, "suspension.preventive"),
            (Action.SUSPEND_ADMINISTRATIVE, {}, "suspension.administrative"),
            (Action.CANCEL, {}, "licence.cancelled"),
            (Action.SURRENDER, {"effective": ONE + timedelta(days=31)}, "licence.surrendered"),
        ],
    )
    @pytest.mark.parametrize("undoing", [Action.CORRECT, Action.SET_ASIDE])
    def test_what_stands_against_the_licence_outweighs_the_list(
        self, action: Action, said: dict[str, Any], reason: str, undoing: Action
    ) -> None:
        walk = self.adopted()
        walk.take(action, **said)
        walk.to(max(walk.now, walk.entries[-1].effective_from)).take(undoing, 2)
        now = walk.stands()
        assert (now.state, now.result, now.may_recruit) == (State.LISTED, Result.NOT_LICENSED, False)
        assert now.reasons == (reason,)

    def test_when_the_suspension_is_over_the_list_counts_again(self) -> None:
        walk = self.adopted()
        walk.take(Action.SUSPEND_EMERGENCY)
        walk.later(hours=1).take(Action.CORRECT, 2)
        ends = walk.stands().until
        assert ends is not None
        assert walk.stands(ends).reasons[0] == "listed.on_list"

    def test_what_was_cut_stays_cut(self) -> None:
        walk = self.adopted()
        walk.take(Action.RESTRICT, cut=Scope(("XB",)), immediate=True)
        walk.take(Action.CORRECT, 2)
        now = walk.stands()
        assert (now.result, now.may_recruit, now.cut) == (Result.LIMITED, True, Scope(("XB",)))
        assert now.reasons[:2] == ("scope.limited", "listed.on_list")
        walk.later(hours=1).take(Action.CORRECT, 4)  # the adoption stands again
        walk.later(hours=1).take(Action.RESTRICT, cut=Scope(), new_recruitment_only=True, immediate=True)
        walk.take(Action.CORRECT, 5)
        assert not walk.stands().may_recruit

    def test_with_nothing_against_it_the_list_counts(self) -> None:
        walk = self.adopted()
        walk.take(Action.CORRECT, 2)
        assert walk.stands().may_recruit


def test_a_decision_outweighs_every_list() -> None:
    walk = Walk(zone=LONDON)
    walk.observe(date(2026, 1, 1))
    walk.take(Action.ADOPT, first_day=walk.today, last_day=date(2026, 6, 30))
    walk.later(days=1).observe(date(2026, 6, 29))
    assert walk.on_day(date(2026, 7, 2)) is State.EXPIRED
