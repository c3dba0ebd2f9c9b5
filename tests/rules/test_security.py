"""The security that a class needs: confirmed, drawn on, filled up again, over, replaced."""

from datetime import date, timedelta

import pytest

from registry.rules.errors import BadInput, TermRefused
from registry.rules.lifecycle import Action, Result, State
from registry.rules.policy import Policy, SecurityRule
from tests.rules.walk import FIRST, LAST, WITH_SECURITY, Walk

MISSING = "security.missing"


def secured(**said: object) -> Walk:
    """A licence in force whose class needs a security of 100,000 USD and has it."""
    walk = Walk(policy=WITH_SECURITY).granted()
    walk.take(Action.CONFIRM_SECURITY, **{"until": LAST, **said})
    walk.take(Action.ACTIVATE)
    return walk


def test_without_it_a_licence_in_force_may_not_recruit() -> None:
    walk = Walk(policy=WITH_SECURITY).active()
    now = walk.stands()
    assert (now.state, now.result, now.may_recruit) == (State.ACTIVE, Result.NOT_LICENSED, False)
    assert now.reasons == (MISSING,)


def test_a_class_that_needs_none_is_asked_for_none() -> None:
    assert Walk(policy=WITH_SECURITY, licence_class="B").active().stands().may_recruit


def test_its_end_is_a_boundary() -> None:
    walk = secured(until=date(2026, 6, 30))
    end = walk.midnight(date(2026, 7, 1))
    assert walk.stands().until == end
    assert walk.stands(end - timedelta(seconds=1)).result is Result.LICENSED
    assert walk.stands(end).reasons[0] == MISSING


def test_it_counts_from_the_day_it_is_confirmed_for() -> None:
    walk = secured(effective=date(2026, 2, 1))
    assert walk.stands().reasons[0] == MISSING
    assert walk.stands(walk.midnight(date(2026, 2, 1))).may_recruit


def test_a_confirmation_recorded_late_counts_from_its_day_and_was_not_known_then() -> None:
    walk = Walk(policy=WITH_SECURITY).active().on(date(2026, 3, 1))
    day = date(2026, 2, 1)
    walk.take(Action.CONFIRM_SECURITY, until=LAST, effective=day)
    then = walk.local(day, 12)
    assert walk.stands(then).may_recruit
    assert walk.stands(then, known_at=then).reasons[0] == MISSING


@pytest.mark.parametrize("said", [{"amount": "99999.99"}, {"currency": "EUR"}])
def test_too_little_or_another_currency_does_not_cover(said: dict[str, str]) -> None:
    assert secured(**said).stands().reasons[0] == MISSING


def test_two_issuers_cover_together() -> None:
    walk = secured(amount="60000")
    assert not walk.stands().may_recruit
    walk.take(Action.CONFIRM_SECURITY, amount="40000", issuer="Demo Mutual", until=LAST)
    assert walk.stands().may_recruit


def test_the_newest_word_of_an_issuer_counts_and_is_not_added() -> None:
    walk = secured()
    walk.later(days=1).take(Action.CONFIRM_SECURITY, amount="50000", until=LAST)
    assert walk.stands().reasons[0] == MISSING


@pytest.mark.parametrize(
    "spelt", ["DEMO BANK", "Demo  Bank", " demo bank ", "Demo\u00a0Bank", "\uff24emo Bank", "De\u200bmo Bank"]
)
def test_an_issuer_spelt_differently_is_no_second_issuer(spelt: str) -> None:
    walk = secured(amount="60000")
    walk.later(days=1).take(Action.CONFIRM_SECURITY, amount="60000", issuer=spelt, until=LAST)
    assert walk.stands().reasons[0] == MISSING


def test_an_older_word_does_not_come_back_when_the_newest_ends() -> None:
    walk = secured()
    walk.later(days=1).take(Action.CONFIRM_SECURITY, until=date(2026, 3, 31))
    assert walk.stands(walk.local(date(2026, 3, 31))).may_recruit
    assert walk.stands(walk.local(date(2026, 4, 1))).reasons[0] == MISSING


class TestADraw:
    """Drawn on, the security is to be full again in thirty days."""

    def drawn(self, amount: str = "30000") -> Walk:
        walk = secured().on(date(2026, 3, 1))
        walk.take(Action.DRAW_SECURITY, amount=amount)
        return walk

    def test_it_is_tolerated_for_thirty_days_and_not_longer(self) -> None:
        walk = self.drawn()
        end = walk.midnight(date(2026, 4, 1))
        assert walk.stands().may_recruit
        assert walk.stands().until == end
        assert walk.stands(end - timedelta(seconds=1)).may_recruit
        assert walk.stands(end).reasons[0] == MISSING

    def test_filled_up_by_the_same_issuer_it_covers_again(self) -> None:
        walk = self.drawn()
        walk.on(date(2026, 3, 20)).take(Action.CONFIRM_SECURITY, amount="100000", until=LAST)
        assert walk.stands(walk.local(date(2026, 6, 1))).may_recruit

    def test_filled_up_by_another_issuer_it_covers_again(self) -> None:
        walk = self.drawn()
        walk.on(date(2026, 3, 20))
        walk.take(Action.CONFIRM_SECURITY, amount="30000", issuer="Demo Mutual", until=LAST)
        assert walk.stands(walk.local(date(2026, 6, 1))).may_recruit

    def test_a_small_sum_does_not_wipe_out_a_draw(self) -> None:
        walk = self.drawn()
        walk.on(date(2026, 3, 20))
        walk.take(Action.CONFIRM_SECURITY, amount="10000", issuer="Demo Mutual", until=LAST)
        assert walk.stands(walk.local(date(2026, 6, 1))).reasons[0] == MISSING

    def test_filled_up_too_late_the_gap_stays_visible(self) -> None:
        walk = self.drawn()
        walk.on(date(2026, 4, 20)).take(Action.CONFIRM_SECURITY, until=LAST)
        assert walk.stands(walk.local(date(2026, 4, 10))).reasons[0] == MISSING
        assert walk.stands().may_recruit

    def test_it_does_not_burden_a_security_that_replaced_the_one_drawn_on(self) -> None:
        walk = secured(until=date(2026, 6, 30)).on(date(2026, 3, 1))
        walk.take(Action.DRAW_SECURITY, amount="30000")
        walk.on(date(2026, 3, 10))
        walk.take(Action.CONFIRM_SECURITY, issuer="Demo Mutual", until=LAST)
        assert walk.stands(walk.local(date(2026, 8, 1))).may_recruit

    def test_in_a_currency_that_nobody_confirmed_it_is_refused(self) -> None:
        walk = secured()
        with pytest.raises(BadInput) as refusal:
            walk.take(Action.DRAW_SECURITY, amount="30000", currency="EUR")
        assert refusal.value.facts["field"] == "currency"


def test_an_end_before_its_beginning_is_refused() -> None:
    with pytest.raises(TermRefused):
        secured(effective=date(2026, 7, 1), until=date(2026, 6, 30))


def test_an_adopted_licence_needs_it_too() -> None:
    walk = Walk(policy=WITH_SECURITY)
    walk.observe(FIRST)
    walk.take(Action.ADOPT, first_day=FIRST, last_day=LAST)
    assert walk.stands().reasons[0] == MISSING
    known = Walk(policy=WITH_SECURITY)
    known.observe(FIRST)
    known.take(Action.CONFIRM_SECURITY, until=LAST)
    known.take(Action.ADOPT, first_day=FIRST, last_day=LAST)
    assert known.stands().may_recruit


def test_a_later_policy_rewrites_no_past() -> None:
    walk = secured()
    walk.policy = Policy(securities={"A": SecurityRule("500000", "USD")})
    assert walk.on(date(2026, 3, 1)).stands().may_recruit


def test_a_change_of_class_asks_for_its_own() -> None:
    walk = Walk(policy=WITH_SECURITY, licence_class="B").active()
    walk.take(Action.VARY, licence_class="A")
    now = walk.stands()
    assert (now.licence_class, now.reasons[0]) == ("A", MISSING)
