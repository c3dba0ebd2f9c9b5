"""The life of a licence as stretches of time: what the fold says, piece by piece."""

from datetime import date, timedelta

from registry.rules import life
from registry.rules.life import Lane, Stretch
from registry.rules.lifecycle import Action, Scope
from tests.rules.walk import FIRST, LAST, Walk

APRIL = date(2026, 4, 1)
MAY_1, MAY_31 = date(2026, 5, 1), date(2026, 5, 31)


def of(walk: Walk, lane: Lane) -> list[Stretch]:
    """The stretches of one lane."""
    return [one for one in life.stretches(walk.entries, zone=walk.zone) if one.lane is lane]


def test_nothing_is_told_of_a_licence_that_nobody_knows() -> None:
    assert life.stretches([], zone="Asia/Kathmandu") == ()


def test_a_term_runs_from_its_first_day_to_the_end_of_its_last() -> None:
    walk = Walk().active()
    (term,) = of(walk, Lane.TERM)
    assert term.end == walk.midnight(LAST + timedelta(days=1))
    assert walk.midnight(FIRST) <= term.start
    assert [one.what for one in of(walk, Lane.STATE)][-2:] == ["active", "expired"]
    assert of(walk, Lane.STATE)[-1].end is None


def test_a_suspension_is_announced_until_it_begins_and_ends_by_the_clock() -> None:
    walk = Walk().active().on(APRIL)
    ref = walk.take(
        Action.SUSPEND_DISCIPLINARY, effective=MAY_1, until=MAY_31, notice_served_on=date(2026, 3, 1)
    )
    (announced,), (suspension,) = of(walk, Lane.ANNOUNCED), of(walk, Lane.SUSPENSION)
    assert (announced.what, announced.ref) == ("suspend_disciplinary", ref)
    assert announced.end == suspension.start
    assert suspension.ref == ref
    assert suspension.end == walk.midnight(MAY_31 + timedelta(days=1))


def test_a_suspension_and_the_announcement_of_its_lifting_stay_one_stretch_each() -> None:
    walk = Walk().active().on(APRIL)
    first = walk.take(Action.SUSPEND_PREVENTIVE)
    walk.later(days=1)
    second = walk.take(Action.SUSPEND_ADMINISTRATIVE)
    walk.later(days=3).take(Action.LIFT, first)
    suspensions = of(walk, Lane.SUSPENSION)
    assert [one.ref for one in suspensions] == [first, second]
    assert suspensions[0].end == walk.now
    states = [one.what for one in of(walk, Lane.STATE)]
    assert states.count("suspended") == 1


def test_a_late_renewal_leaves_a_gap_between_two_terms() -> None:
    walk = Walk().active().on(LAST + timedelta(days=10))
    walk.take(Action.RENEW_LATE, first_day=LAST + timedelta(days=10), last_day=LAST + timedelta(days=300))
    (gap,) = of(walk, Lane.GAP)
    assert gap.start == walk.midnight(LAST + timedelta(days=1))
    assert len(of(walk, Lane.TERM)) == 2
    assert gap.end is not None
    assert gap.end <= walk.now


def test_a_revocation_ends_term_and_conditions() -> None:
    walk = Walk().active().on(APRIL)
    walk.take(Action.REVOKE, notice_served_on=date(2026, 2, 1), immediate=True)
    (term,) = of(walk, Lane.TERM)
    assert term.end == walk.now
    assert of(walk, Lane.STATE)[-1].what == "revoked"
    assert not of(walk, Lane.GAP)


def test_a_cut_names_what_it_takes_out() -> None:
    walk = Walk().active().on(APRIL)
    walk.take(Action.RESTRICT, cut=Scope(corridors=("QA",)), immediate=True)
    (cut,) = of(walk, Lane.RESTRICTION)
    assert cut.names == ("QA",)


def test_what_was_not_recorded_yet_is_not_in_the_picture_of_then() -> None:
    walk = Walk().active()
    then = walk.now
    walk.on(APRIL).take(Action.SUSPEND_PREVENTIVE)
    told = life.stretches(walk.entries, zone=walk.zone, known_at=then)
    assert not [one for one in told if one.lane is Lane.SUSPENSION]
