"""Securities: what is available and asked for, what runs out, and what the clock proposes and never decides."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from registry import licensing, securities
from registry.models import Proposal
from registry.rules import errors
from registry.rules.lifecycle import Action, Role, State, StepTerms
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
END = date(2026, 7, 31)


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence of class B in force whose security ends on the last of July."""
    with kept():
        builders.authority()
        number = builders.granted(builders.agency(at=AT), "B", at=AT)
        _confirm(number)
        builders.take(number, Action.ACTIVATE, at=AT)
        return number


def _confirm(number: str, *, at: datetime = AT, until: date = END, **more: str) -> None:
    extra = {"kind": "bank_guarantee", "reference": "BG-1", "confirmed_by": "Ms Demo, by telephone"}
    terms = StepTerms(
        **{"amount": "100000", "currency": "XTS", "issuer": "DEMO Bank", **more},  # type: ignore[arg-type]
        until=until,
        extra=extra,
    )
    builders.take(number, Action.CONFIRM_SECURITY, terms, at=at)


def _draw(number: str, amount: str, *, at: datetime = AT) -> None:
    builders.take(number, Action.DRAW_SECURITY, StepTerms(amount=amount, currency="XTS"), at=at)


def test_a_confirmation_says_who_confirmed_it_and_how(licence: str) -> None:
    one = securities.of(licence, by=builders.maker(AT), at=AT)
    (held,) = one.position.held
    assert held.confirmation == {
        "kind": "bank_guarantee", "reference": "BG-1", "confirmed_by": "Ms Demo, by telephone",
    }  # fmt: skip
    assert (one.position.required, one.position.available) == (Decimal(100000), Decimal(100000))
    assert (one.position.coverage, one.ground, one.state) == (Decimal(1), "", State.ACTIVE)
    assert one.position.runs_out == datetime(2026, 7, 31, 18, 15, tzinfo=UTC), "in Kathmandu"


@pytest.mark.parametrize("extra", [{"colour": "red"}, {"reference": "x" * 401}, {"reference": 7}])
def test_a_confirmation_states_nothing_else(licence: str, extra: dict[str, object]) -> None:
    terms = StepTerms(amount="1", currency="XTS", issuer="B", until=END, extra=extra)
    with pytest.raises(errors.BadInput) as refused:
        builders.take(licence, Action.CONFIRM_SECURITY, terms, at=AT)
    assert refused.value.facts["field"] in extra


def test_a_draw_lowers_the_coverage_at_once_and_counts_in_law_when_it_is_overdue(licence: str) -> None:
    _draw(licence, "40000")
    now = securities.of(licence, by=builders.maker(AT), at=AT).position
    assert (now.available, now.coverage, now.missing) == (Decimal(60000), Decimal("0.6"), False)
    assert now.replenish_by == datetime(2026, 5, 31, 18, 15, tzinfo=UTC)
    later = securities.of(licence, by=builders.maker(AT), at=AT + timedelta(days=31))
    assert (later.position.missing, later.ground) == (True, securities.NOT_REPLENISHED)


def test_the_issuer_s_newer_word_fills_a_draw_up(licence: str) -> None:
    _draw(licence, "40000")
    later = AT + timedelta(days=10)
    _confirm(licence, at=later)
    now = securities.of(licence, by=builders.maker(later), at=later).position
    assert (now.coverage, now.draws, now.replenish_by) == (Decimal(1), (), None)


def test_what_ends_soon_stands_in_the_list_and_gaps_stand_first(licence: str) -> None:
    by = builders.maker(AT)
    assert securities.attention(by=by, at=AT - timedelta(hours=1)) == []
    soon = AT + timedelta(days=2)
    assert [one.licence for one in securities.attention(by=by, at=soon)] == [licence]
    other = builders.granted(builders.agency("Second (DEMO)", at=AT), "B", at=AT)
    _confirm(other, until=date(2026, 5, 10))
    builders.take(other, Action.ACTIVATE, at=AT)
    after = AT + timedelta(days=12)
    found = securities.attention(by=by, at=after)
    assert [(one.licence, one.position.missing) for one in found] == [(other, True), (licence, False)]


def test_the_clock_proposes_and_officers_decide(licence: str) -> None:
    gap = datetime(2026, 8, 1, 6, 0, tzinfo=UTC)
    assert securities.run_due(at=gap - timedelta(days=1)) == 0
    assert securities.run_due(at=gap) == 1
    assert securities.run_due(at=gap) == 0, "one is open"
    row = Proposal.objects.get(action="suspend_administrative")
    assert (row.proposed_by, row.state, row.terms["grounds"]) == ("SYSTEM", "open", ["BOND-LAPSE"])
    assert securities.of(licence, by=builders.maker(gap), at=gap).state is State.ACTIVE, "nothing is decided"
    with pytest.raises(errors.RoleNotAllowed):
        licensing.approve(row.pk, by=builders.maker(gap), at=gap, no_conflict=True, idempotency_key="a")
    licensing.approve(row.pk, by=builders.checker(gap), at=gap, no_conflict=True, idempotency_key="b")
    later = gap + timedelta(days=4)
    assert securities.of(licence, by=builders.maker(later), at=later).state is State.SUSPENDED
    assert securities.run_due(at=later) == 0, "it is suspended on that ground"


def test_what_officers_declined_is_not_proposed_again_while_the_gap_lasts(licence: str) -> None:
    gap = datetime(2026, 8, 1, 6, 0, tzinfo=UTC)
    securities.run_due(at=gap)
    row = Proposal.objects.get(action="suspend_administrative")
    licensing.decline(
        row.pk, by=builders.checker(gap), at=gap, reason="renewed at the bank", idempotency_key="c"
    )
    assert securities.run_due(at=gap + timedelta(hours=1)) == 0
    _confirm(licence, at=gap + timedelta(days=1), until=date(2026, 8, 20))
    assert securities.run_due(at=gap + timedelta(days=2)) == 0
    assert securities.run_due(at=gap + timedelta(days=30)) == 1, "another gap"


def test_a_proposal_that_ran_out_is_made_again(licence: str) -> None:
    gap = datetime(2026, 8, 1, 6, 0, tzinfo=UTC)
    assert securities.run_due(at=gap) == 1
    later = gap + timedelta(days=8)
    licensing.expire_proposals(at=later)
    assert securities.run_due(at=later) == 1


def test_another_authority_and_a_role_of_aggregates_read_nothing(licence: str) -> None:
    with pytest.raises(errors.OutsideAuthority) as refused:
        securities.of(licence, by=builders.maker(AT, "XB-LMA"), at=AT)
    assert isinstance(refused.value.unseen, errors.LicenceNotFound)
    for read in (securities.attention,):
        with pytest.raises(errors.RoleNotAllowed):
            read(by=builders.officer(Role.ANALYST, at=AT), at=AT)
    assert securities.attention(by=builders.maker(AT, "XB-LMA"), at=AT + timedelta(days=80)) == []
