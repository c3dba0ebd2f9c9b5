"""Renewals: in time, late, while suspended, refused; what the law deems and what it does not."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import BadInput, StepNotAllowed, TermRefused
from registry.rules.lifecycle import Action, Overlay, Result, Scope, State
from registry.rules.policy import Policy
from tests.rules.walk import LAST, WITH_SECURITY, Walk

AFTER = LAST + timedelta(days=1)
NEXT_LAST = date(2027, 12, 31)
IN_TIME = LAST - timedelta(days=30)


def filed_in_time() -> tuple[Walk, int]:
    """A licence in force with a renewal filed on the last day that is in time."""
    walk = Walk().active().on(IN_TIME)
    return walk, walk.filed()


def test_filed_in_time_it_is_deemed_in_force_for_ninety_days() -> None:
    walk, _ = filed_in_time()
    assert Overlay.RENEWAL_FILED in walk.stands().overlays
    over = walk.midnight(LAST + timedelta(days=91))
    deemed = walk.stands(walk.midnight(AFTER))
    assert (deemed.state, deemed.result, deemed.may_recruit) == (
        State.RENEWAL_PENDING, Result.LICENSED, True,
    )  # fmt: skip
    assert deemed.reasons == ("renewal.deemed_in_force",)
    assert Overlay.RENEWAL_FILED not in deemed.overlays | walk.stands(over).overlays
    assert deemed.until == over
    assert walk.state(over - timedelta(seconds=1)) is State.RENEWAL_PENDING
    assert walk.state(over) is State.EXPIRED


def test_filed_a_day_too_late_it_expires_with_its_term() -> None:
    walk = Walk().active().on(IN_TIME + timedelta(days=1))
    walk.filed()
    assert walk.state(walk.midnight(AFTER) - timedelta(seconds=1)) is State.ACTIVE
    assert walk.state(walk.midnight(AFTER)) is State.EXPIRED


def test_recorded_long_after_its_day_it_counts_from_when_it_is_recorded() -> None:
    walk = Walk().active().on(date(2026, 12, 4))  # three working days after the first of the month
    walk.take(Action.FILE_RENEWAL, effective=IN_TIME)
    assert walk.state(walk.midnight(AFTER)) is State.RENEWAL_PENDING
    late = Walk().active().on(date(2026, 12, 5))
    late.take(Action.FILE_RENEWAL, effective=IN_TIME)
    assert late.state(late.midnight(AFTER)) is State.EXPIRED


def test_renewed_before_the_end_there_is_no_seam() -> None:
    walk, _ = filed_in_time()
    walk.on(date(2026, 12, 20)).take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    assert Overlay.RENEWAL_FILED not in walk.stands().overlays
    for instant in (walk.midnight(AFTER) - timedelta(seconds=1), walk.midnight(AFTER)):
        assert walk.state(instant) is State.ACTIVE
    assert walk.on_day(NEXT_LAST) is State.ACTIVE
    assert walk.on_day(NEXT_LAST + timedelta(days=1)) is State.EXPIRED


def test_a_second_renewal_is_deemed_as_the_first_was() -> None:
    walk, _ = filed_in_time()
    walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    walk.on(NEXT_LAST - timedelta(days=60)).filed()
    assert walk.on_day(NEXT_LAST + timedelta(days=1)) is State.RENEWAL_PENDING


def test_no_renewal_is_granted_upon_a_term_that_has_not_begun() -> None:
    walk, _ = filed_in_time()
    walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    chained = {"first_day": NEXT_LAST + timedelta(days=1), "last_day": date(2028, 12, 31)}
    with pytest.raises(TermRefused) as refusal:
        walk.on(LAST).take(Action.RENEW, **chained)
    assert refusal.value.facts == {"field": "first_day", "begins": AFTER.isoformat()}
    walk.on(AFTER).take(Action.RENEW, **chained)
    assert walk.on_day(date(2028, 12, 31)) is State.ACTIVE


def test_a_short_renewal_is_not_deemed_longer_by_its_old_filing() -> None:
    walk, _ = filed_in_time()
    short = AFTER + timedelta(days=20)
    walk.on(date(2026, 12, 20)).take(Action.RENEW, first_day=AFTER, last_day=short)
    assert walk.on_day(short) is State.ACTIVE
    assert walk.on_day(short + timedelta(days=1)) is State.EXPIRED


def test_renewed_while_deemed_the_waiting_stays_visible() -> None:
    walk, _ = filed_in_time()
    walk.on(AFTER + timedelta(days=10)).take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    assert walk.on_day(AFTER + timedelta(days=9)) is State.RENEWAL_PENDING
    assert walk.state() is State.ACTIVE


def test_refused_it_ends_with_its_term_and_says_so() -> None:
    walk, filing = filed_in_time()
    walk.on(date(2026, 12, 20)).take(Action.REFUSE_RENEWAL, filing)
    assert walk.state() is State.ACTIVE
    assert Overlay.RENEWAL_FILED not in walk.stands().overlays
    ended = walk.stands(walk.midnight(AFTER))
    assert (ended.state, ended.reasons) == (State.EXPIRED, ("licence.expired", "renewal.refused"))


def test_refused_while_deemed_it_ends_at_the_decision() -> None:
    walk, filing = filed_in_time()
    walk.on(AFTER + timedelta(days=10)).take(Action.REFUSE_RENEWAL, filing)
    assert walk.state(walk.now - timedelta(seconds=1)) is State.RENEWAL_PENDING
    assert walk.state() is State.EXPIRED


def test_it_is_filed_once_a_term_whatever_was_decided_on_it() -> None:
    walk, filing = filed_in_time()
    for _ in range(2):  # while it is open, and after it was refused
        with pytest.raises(StepNotAllowed) as refusal:
            walk.filed()
        assert refusal.value.facts == {"action": "file_renewal"}
        if walk.entries[-1].ref == filing:
            walk.take(Action.REFUSE_RENEWAL, filing)
    assert walk.state(walk.midnight(AFTER)) is State.EXPIRED


def test_filed_in_error_and_corrected_it_is_filed_again() -> None:
    walk, filing = filed_in_time()
    walk.take(Action.CORRECT, filing)
    walk.filed()
    assert walk.on_day(AFTER) is State.RENEWAL_PENDING


def test_a_refusal_ends_every_filing_of_its_term() -> None:
    walk, filing = filed_in_time()
    correction = walk.take(Action.CORRECT, filing)
    again = walk.filed()
    walk.take(Action.CORRECT, correction)  # now there are two
    walk.take(Action.REFUSE_RENEWAL, again)
    ended = walk.stands(walk.midnight(AFTER))
    assert (ended.state, ended.reasons) == (State.EXPIRED, ("licence.expired", "renewal.refused"))
    assert ended.grace_until is None


def test_a_refusal_whose_filing_is_corrected_still_ends_the_renewal() -> None:
    walk, filing = filed_in_time()
    walk.take(Action.REFUSE_RENEWAL, filing)
    walk.take(Action.CORRECT, filing)
    with pytest.raises(StepNotAllowed):
        walk.filed()
    assert walk.on_day(AFTER) is State.EXPIRED


def test_a_filing_is_not_received_before_its_term_was_granted() -> None:
    walk, _ = filed_in_time()
    granted = walk.on(date(2026, 12, 20)).today
    walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    with pytest.raises(BadInput) as refusal:
        walk.later(days=1).take(Action.FILE_RENEWAL, effective=granted - timedelta(days=1))
    assert refusal.value.facts == {"field": "effective"}
    filing = walk.take(Action.FILE_RENEWAL, effective=granted)
    assert walk.effect(filing)["renews"] == NEXT_LAST.isoformat()


def test_a_filing_for_a_term_that_was_taken_back_keeps_nothing_in_force() -> None:
    walk, _ = filed_in_time()
    renewal = walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    walk.later(days=1).filed()
    walk.later(days=1).take(Action.SET_ASIDE, renewal)
    assert walk.on_day(AFTER) is State.RENEWAL_PENDING
    late = walk.stands(walk.midnight(LAST + timedelta(days=91)))
    assert late.state is State.EXPIRED
    assert late.grace_until == walk.midnight(LAST + timedelta(days=121))


def test_what_was_refused_is_not_renewed_late() -> None:
    walk, filing = filed_in_time()
    refusal = walk.take(Action.REFUSE_RENEWAL, filing)
    said = {"last_day": NEXT_LAST}
    with pytest.raises(TermRefused):
        walk.on(AFTER).take(Action.RENEW_LATE, first_day=walk.today, **said)
    walk.later(days=5).take(Action.SET_ASIDE, refusal)  # the appeal succeeds
    assert walk.state() is State.RENEWAL_PENDING
    late = Walk().active().on(IN_TIME)
    late.take(Action.REFUSE_RENEWAL, late.filed())
    late.on(AFTER).take(Action.CORRECT, 4)
    late.on(LAST + timedelta(days=100)).take(Action.RENEW_LATE, first_day=late.today, **said)
    assert late.state() is State.ACTIVE


def test_a_refusal_of_long_ago_does_not_explain_a_later_expiry() -> None:
    walk, filing = filed_in_time()
    refusal = walk.take(Action.REFUSE_RENEWAL, filing)
    walk.later(days=1).take(Action.SET_ASIDE, refusal)
    walk.later(days=1).take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    assert walk.stands(walk.midnight(NEXT_LAST + timedelta(days=1))).reasons == ("licence.expired",)


def test_a_stayed_refusal_leaves_the_renewal_open() -> None:
    walk, filing = filed_in_time()
    refusal = walk.take(Action.REFUSE_RENEWAL, filing)
    walk.later(days=1).take(Action.STAY, refusal)
    assert Overlay.RENEWAL_FILED in walk.stands().overlays
    assert walk.on_day(AFTER) is State.RENEWAL_PENDING


def test_no_renewal_is_decided_while_a_suspension_is_open() -> None:
    walk, filing = filed_in_time()
    walk.take(Action.SUSPEND_PREVENTIVE)
    assert Overlay.RENEWAL_FILED in walk.stands().overlays
    with pytest.raises(StepNotAllowed):
        walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    with pytest.raises(StepNotAllowed):
        walk.take(Action.REFUSE_RENEWAL, filing)


def test_filed_in_time_while_suspended_it_stays_pending_until_the_suspension_is_lifted() -> None:
    walk = Walk().active().on(date(2026, 11, 1))
    suspension = walk.take(Action.SUSPEND_ADMINISTRATIVE)
    walk.on(IN_TIME).filed()
    assert walk.on_day(AFTER) is State.SUSPENDED
    walk.on(AFTER + timedelta(days=20)).take(Action.LIFT, suspension)
    assert walk.state() is State.RENEWAL_PENDING
    walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
    assert walk.state() is State.ACTIVE


class TestWhatARenewalBrings:
    """The law of the day for the new term, from its first day; and nothing that takes away (ADR 0010)."""

    def test_it_asks_for_the_security_of_the_day_from_the_first_day_of_the_new_term(self) -> None:
        walk, _ = filed_in_time()
        walk.policy = WITH_SECURITY
        walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
        begins = walk.midnight(AFTER)
        assert walk.stands(begins - timedelta(seconds=1)).may_recruit
        assert walk.stands(begins).reasons == ("security.missing",)
        walk.later(days=1).take(Action.CONFIRM_SECURITY, until=NEXT_LAST)
        assert walk.stands(begins).result is Result.LICENSED

    def test_what_the_law_no_longer_asks_for_is_not_asked_for(self) -> None:
        walk = Walk(policy=WITH_SECURITY).granted()
        walk.take(Action.CONFIRM_SECURITY, until=LAST)
        walk.take(Action.ACTIVATE)
        walk.on(IN_TIME).filed()
        walk.policy = Policy()
        walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
        assert walk.stands(walk.midnight(AFTER)).result is Result.LICENSED

    def test_its_scope_and_conditions_begin_with_the_new_term(self) -> None:
        walk = Walk().active(scope=Scope(("XB",), ("83",))).on(IN_TIME)
        walk.filed()
        wider = Scope(("XB", "XC"), ("8",))
        walk.take(
            Action.RENEW, first_day=AFTER, last_day=NEXT_LAST, scope=wider, conditions=({"code": "REPORT"},)
        )
        begins = walk.midnight(AFTER)
        before, after = walk.stands(begins - timedelta(seconds=1)), walk.stands(begins)
        assert (before.scope, before.conditions) == (Scope(("XB",), ("83",)), ())
        assert (after.scope, len(after.conditions)) == (wider, 1)

    def test_a_scope_that_is_not_said_goes_on(self) -> None:
        walk = Walk().active(scope=Scope(("XB",))).on(IN_TIME)
        walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST)
        assert walk.stands(walk.midnight(AFTER)).scope == Scope(("XB",))

    @pytest.mark.parametrize("scope", [Scope(("XB",)), Scope((), ("8322",))])
    def test_it_takes_nothing_of_the_scope_away(self, scope: Scope) -> None:
        walk = Walk().active(scope=Scope(("XB", "XC"), ("83",))).on(IN_TIME)
        with pytest.raises(TermRefused) as refusal:
            walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST, scope=scope)
        assert refusal.value.facts == {"field": "scope"}
        walk.take(Action.VARY, scope=Scope(("XB",), ("8322",)))  # after its notice
        walk.take(Action.RENEW, first_day=AFTER, last_day=NEXT_LAST, scope=Scope(("XB",), ("8322",)))


class TestALateRenewal:
    """A late renewal is a new term with a gap before it that everybody sees."""

    def test_it_leaves_its_gap_visible(self) -> None:
        walk = Walk().active().on(AFTER + timedelta(days=9))
        walk.take(Action.RENEW_LATE, first_day=walk.today, last_day=NEXT_LAST)
        states = [(s.start, s.standing.state) for s in walk.spans()]
        assert states[-3:] == [
            (walk.midnight(AFTER), State.EXPIRED),
            (walk.now, State.ACTIVE),
            (walk.midnight(NEXT_LAST + timedelta(days=1)), State.EXPIRED),
        ]

    def test_it_answers_a_renewal_that_was_filed_late(self) -> None:
        walk = Walk().active().on(LAST)
        walk.filed()
        walk.on(AFTER).take(Action.RENEW_LATE, first_day=AFTER, last_day=NEXT_LAST)
        assert Overlay.RENEWAL_FILED not in walk.stands().overlays

    def test_none_is_granted_upon_a_late_renewal_that_has_not_begun(self) -> None:
        walk = Walk().active().on(AFTER)
        first = AFTER + timedelta(days=10)
        walk.take(Action.RENEW_LATE, first_day=first, last_day=NEXT_LAST)
        said = {"first_day": NEXT_LAST + timedelta(days=1), "last_day": date(2028, 12, 31)}
        with pytest.raises(TermRefused) as refusal:
            walk.take(Action.RENEW_LATE, **said)
        assert refusal.value.facts["begins"] == first.isoformat()
