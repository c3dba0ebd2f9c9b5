"""What a step is refused for: what is missing, wrong, too early, too late or about the wrong entry."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry.rules import freezing
from registry.rules.errors import (
    BackdatingRefused,
    BadInput,
    EntryNotFound,
    GroundNotAllowed,
    NoticeTooShort,
    RegistryError,
    StepIncomplete,
    StepNotAllowed,
    TermRefused,
)
from registry.rules.grounds import GROUNDS
from registry.rules.lifecycle import STEPS, Action, Overlay, Scope, State, Step
from tests.rules.walk import LAST, Walk

APRIL_1 = date(2026, 4, 1)


def active() -> Walk:
    """A licence in force on 1 April."""
    return Walk().active().on(APRIL_1)


def refused(walk: Walk, action: Action, refers_to: int | None = None, /, **terms: Any) -> RegistryError:
    """The refusal of a step that must be refused; it leaves no entry behind."""
    before = len(walk.entries)
    with pytest.raises(RegistryError) as refusal:
        walk.take(action, refers_to, **terms)
    assert len(walk.entries) == before
    return refusal.value


def punished(walk: Walk) -> int:
    """A punishment at once, which only an order stays."""
    until = walk.today + timedelta(days=150)
    return walk.take(Action.SUSPEND_DISCIPLINARY, until=until, immediate=True)


class TestCompleteness:
    """Every needed field, no unknown one."""

    @pytest.mark.parametrize(
        ("action", "field"),
        [(step.action, field) for step in STEPS.values() for field in sorted(step.needs)],
    )
    def test_each_needed_field_is_asked_for_by_name(self, action: Action, field: str) -> None:
        walk, target = ready_for(STEPS[action])
        values: dict[str, Any] = {"notice_served_on": None, "points": None, "until": None, "cut": None}
        values |= {"order_reference": "", "amount": "", "currency": "", "issuer": "", "duty": ""}
        said = lawful(action, walk) | {field: values.get(field)}
        if field == "refers_to":
            target = None
        refusal = refused(walk, action, target, **{k: v for k, v in said.items() if k != "refers_to"})
        assert isinstance(refusal, StepIncomplete)
        assert refusal.facts["field"] == field

    def test_a_field_that_the_step_does_not_know_is_refused(self) -> None:
        refusal = refused(active(), Action.SUSPEND_PREVENTIVE, until=date(2026, 5, 1))
        assert isinstance(refusal, StepIncomplete)
        assert refusal.facts["field"] == "until"

    @pytest.mark.parametrize("said", [{"permanent": False}, {"permanent": True, "until": LAST}])
    def test_a_bar_is_permanent_or_has_a_last_day(self, said: dict[str, Any]) -> None:
        refusal = refused(active(), Action.DEBAR, **said)
        assert isinstance(refusal, StepIncomplete)
        assert refusal.facts["field"] == "until"

    def test_a_restriction_cuts_something(self) -> None:
        assert isinstance(refused(active(), Action.RESTRICT, cut=Scope(), immediate=True), StepIncomplete)


class TestGrounds:
    """A step that needs a ground takes only one that can carry it."""

    @pytest.mark.parametrize("action", [a for a, step in STEPS.items() if step.grounds is not None])
    def test_each_ground_carries_exactly_the_steps_that_name_it(self, action: Action) -> None:
        step = STEPS[action]
        walk, target = ready_for(step)
        case, carried = walk.case(), set()
        for ground in sorted(GROUNDS):
            terms = walk.terms(action, target, **lawful(action, walk) | {"grounds": (ground,)})
            with suppress(GroundNotAllowed):
                freezing.freeze(step, terms, case, at=walk.now, refers_to=target)
                carried.add(ground)
        assert carried == set(step.grounds or ())

    def test_no_ground_at_all_is_incomplete(self) -> None:
        refusal = refused(active(), Action.SUSPEND_PREVENTIVE, grounds=())
        assert isinstance(refusal, StepIncomplete)
        assert refusal.facts["field"] == "grounds"

    def test_an_invented_ground_is_refused_by_name(self) -> None:
        refusal = refused(active(), Action.LIFT, grounds=("BAD-WEATHER",))
        assert isinstance(refusal, (GroundNotAllowed, StepIncomplete))
        walk = active()
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        refusal = refused(walk, Action.LIFT, suspension, grounds=("BAD-WEATHER",))
        assert refusal.facts == {"field": "grounds", "ground": "BAD-WEATHER"}


class TestTheEntrySpokenOf:
    """It exists, is of the right sort and is still open."""

    def test_an_unknown_entry_is_not_found(self) -> None:
        assert isinstance(refused(active(), Action.LIFT, 99), EntryNotFound)

    @pytest.mark.parametrize(
        "action",
        [
            Action.RATIFY,
            Action.CONFIRM,
            Action.EXTEND,
            Action.LIFT,
            Action.END_SURVEILLANCE,
            Action.REFUSE_RENEWAL,
            Action.END_APPEAL,
            Action.END_STAY,
            Action.MEET_CONDITION,
            Action.REPRESENT,
            Action.HEAR,
            Action.PERFORM,
            Action.PAY,
        ],
    )
    def test_a_grant_is_none_of_what_these_steps_speak_of(self, action: Action) -> None:
        walk = active()
        refusal = refused(walk, action, 1, **lawful(action, walk))
        assert isinstance(refusal, StepNotAllowed)
        assert refusal.facts["field"] == "refers_to"

    def test_a_suspension_that_was_not_an_emergency_needs_no_ratification(self) -> None:
        walk = active()
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        assert isinstance(refused(walk, Action.RATIFY, suspension), StepNotAllowed)

    @pytest.mark.parametrize("action", [Action.SET_ASIDE, Action.STAY, Action.FILE_APPEAL])
    def test_a_fact_cannot_be_appealed(self, action: Action) -> None:
        walk = active()
        fact = walk.take(Action.CONFIRM_SECURITY, until=LAST)
        assert isinstance(refused(walk, action, fact), StepNotAllowed)

    def test_conditions_are_met_once(self) -> None:
        walk = active()
        varied = walk.take(Action.VARY, conditions=({"code": "report-monthly"},))
        assert [ref for ref, _ in walk.stands().conditions] == [varied]
        walk.take(Action.MEET_CONDITION, varied)
        assert walk.stands().conditions == ()
        assert isinstance(refused(walk, Action.MEET_CONDITION, varied), StepNotAllowed)


class TestNotice:
    """Nobody is punished unheard; what takes something away is announced."""

    @pytest.mark.parametrize(
        ("action", "notice"),
        [
            (Action.SUSPEND_DISCIPLINARY, 21),
            (Action.REVOKE, 21),
            (Action.VOID, 21),
            (Action.REFUSE_RENEWAL, 21),
            (Action.EXTEND, 14),
            (Action.RESTRICT, 14),
            (Action.CANCEL, 21),
        ],
    )
    def test_its_days_must_have_run(self, action: Action, notice: int) -> None:
        walk, target = ready_for(STEPS[action])
        said = lawful(action, walk) | {"immediate": False}
        if action is Action.CANCEL:
            said |= {"grounds": ("DORMANT",)}
        if action not in {Action.SUSPEND_DISCIPLINARY, Action.REVOKE, Action.RESTRICT}:
            del said["immediate"]
        said["notice_served_on"] = walk.today - timedelta(days=notice - 1)
        refusal = refused(walk, action, target, **said)
        assert isinstance(refusal, NoticeTooShort)
        assert refusal.facts == {"field": "notice_served_on", "days": notice}
        walk.take(action, target, **(said | {"notice_served_on": walk.today - timedelta(days=notice)}))

    def test_a_surrender_is_announced_thirty_days_ahead(self) -> None:
        walk = active()
        refusal = refused(walk, Action.SURRENDER, effective=APRIL_1 + timedelta(days=29))
        assert isinstance(refusal, NoticeTooShort)
        walk.take(Action.SURRENDER, effective=APRIL_1 + timedelta(days=30))

    @pytest.mark.parametrize(
        ("action", "said"),
        [
            (Action.RESTRICT, {"cut": Scope(("XB",)), "immediate": True}),
            (Action.CANCEL, {"grounds": ("ENTITY-DISSOLVED",)}),
            (Action.VARY, {"scope": Scope(("XB", "XC", "XD"))}),
            (Action.VARY, {"licence_class": "B"}),
            (Action.VARY, {"provisional": False}),
        ],
    )
    def test_an_urgent_cut_a_dissolved_company_and_a_gift_need_none(
        self, action: Action, said: dict[str, Any]
    ) -> None:
        walk = Walk().active(scope=Scope(("XB", "XC"))).on(APRIL_1)
        walk.take(action, notice_served_on=None, **said)

    @pytest.mark.parametrize(
        "said",
        [
            {"scope": Scope(("XB",))},
            {"scope": Scope(("XC", "XD"))},
            {"scope": Scope(("XB", "XC"), ("9111",))},
            {"conditions": ({"code": "report-monthly"},)},
            {"provisional": True},
        ],
    )
    def test_a_variation_that_takes_something_away_needs_it(self, said: dict[str, Any]) -> None:
        walk = Walk().active(scope=Scope(("XB", "XC"))).on(APRIL_1)
        assert isinstance(refused(walk, Action.VARY, notice_served_on=None, **said), NoticeTooShort)
        late = APRIL_1 + timedelta(days=14)
        walk.take(Action.VARY, notice_served_on=None, effective=late, **said)


class TestDays:
    """No decision has effect in the past; orders, facts and filings state when they happened."""

    @pytest.mark.parametrize(
        "action", [Action.VARY, Action.SUSPEND_PREVENTIVE, Action.RESTRICT, Action.CANCEL, Action.DEBAR]
    )
    def test_a_decision_is_not_backdated(self, action: Action) -> None:
        walk = active()
        said = lawful(action, walk) | {"effective": APRIL_1 - timedelta(days=1)}
        refusal = refused(walk, action, **said)
        assert isinstance(refusal, BackdatingRefused)
        assert refusal.facts["field"] == "effective"

    def test_from_today_is_from_the_moment_it_is_made(self) -> None:
        walk = active()
        made = walk.take(Action.SUSPEND_PREVENTIVE, effective=APRIL_1)
        assert walk.entry(made).effective_from == walk.now

    def test_a_stated_day_begins_at_its_first_instant(self) -> None:
        walk = active()
        made = walk.take(Action.SUSPEND_PREVENTIVE, effective=date(2026, 5, 1))
        assert walk.entry(made).effective_from == walk.midnight(date(2026, 5, 1))

    def test_a_stated_instant_is_taken_as_it_is(self) -> None:
        walk = active()
        instant = walk.now + timedelta(hours=7)
        made = walk.take(Action.SUSPEND_PREVENTIVE, effective=instant)
        assert walk.entry(made).effective_from == instant

    def test_an_administrative_suspension_begins_on_the_next_working_day(self) -> None:
        walk = Walk().active().on(date(2026, 4, 3))  # a Friday
        refusal = refused(walk, Action.SUSPEND_ADMINISTRATIVE, effective=date(2026, 4, 3))
        assert isinstance(refusal, BackdatingRefused)
        walk.take(Action.SUSPEND_ADMINISTRATIVE)
        assert walk.on_day(date(2026, 4, 5)) is State.ACTIVE
        assert walk.state(walk.midnight(date(2026, 4, 6))) is State.SUSPENDED

    @pytest.mark.parametrize("action", [Action.REVOKE, Action.SUSPEND_DISCIPLINARY])
    def test_what_waits_for_the_appeal_begins_no_earlier(self, action: Action) -> None:
        walk = active()
        said = {"until": date(2026, 8, 31)} if action is Action.SUSPEND_DISCIPLINARY else {}
        for day in (APRIL_1, APRIL_1 + timedelta(days=28)):
            assert isinstance(refused(walk, action, effective=day, **said), BackdatingRefused)
        walk.take(action, effective=APRIL_1 + timedelta(days=29), **said)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("effective", date(9999, 12, 31)),
            ("effective", date(1, 1, 1)),
            ("effective", datetime(2026, 5, 1)),  # noqa: DTZ001 - an instant without offset is the point
            ("effective", datetime(9999, 12, 31, 23, tzinfo=UTC)),
            ("effective", date(1899, 12, 31)),
            ("until", date(2201, 1, 1)),
            ("until", date(9999, 12, 31)),
            ("until", datetime(2026, 9, 1)),  # noqa: DTZ001 - the same
            ("notice_served_on", date(1, 1, 1)),
        ],
    )
    def test_a_day_where_calendars_end_is_refused_by_name(self, field: str, value: date) -> None:
        walk = active()
        said = {"cut": Scope(("XB",)), field: value}
        refusal = refused(walk, Action.RESTRICT, **said)
        assert isinstance(refusal, BadInput)
        assert refusal.facts["field"] == field

    @pytest.mark.parametrize("field", ["first_day", "last_day"])
    def test_a_term_where_calendars_end_is_refused_by_name(self, field: str) -> None:
        said = {"first_day": date(2026, 1, 1), "last_day": LAST, field: date(9999, 12, 31)}
        refusal = refused(Walk(), Action.GRANT, **said)
        assert isinstance(refusal, BadInput)
        assert refusal.facts["field"] == field

    def test_an_order_has_no_effect_before_the_decision_unless_from_the_beginning(self) -> None:
        walk = active()
        suspension = walk.take(Action.SUSPEND_PREVENTIVE)
        walk.later(days=5)
        too_early = APRIL_1 - timedelta(days=1)
        refusal = refused(walk, Action.SET_ASIDE, suspension, effective=too_early)
        assert isinstance(refusal, BackdatingRefused)
        walk.take(Action.SET_ASIDE, suspension, effective=too_early, ab_initio=True)
        assert walk.on_day(APRIL_1) is State.ACTIVE

    @pytest.mark.parametrize("action", [Action.SET_ASIDE, Action.STAY])
    def test_an_order_rewrites_no_past_unless_it_says_from_the_beginning(self, action: Action) -> None:
        walk = active()
        suspension = punished(walk)
        walk.on(date(2026, 4, 20))
        said = {"effective": date(2026, 4, 2)}
        refusal = refused(walk, action, suspension, **said)
        assert isinstance(refusal, BackdatingRefused)
        assert refusal.facts["field"] == "effective"
        assert walk.on_day(date(2026, 4, 10)) is State.SUSPENDED
        walk.take(action, suspension, ab_initio=True, **said)
        assert walk.on_day(date(2026, 4, 10)) is State.ACTIVE

    def test_the_end_of_a_stay_is_never_of_a_past_day(self) -> None:
        walk = active()
        suspension = punished(walk)
        stay = walk.later(days=1).take(Action.STAY, suspension)
        walk.on(date(2026, 4, 20))
        assert isinstance(
            refused(walk, Action.END_STAY, stay, effective=date(2026, 4, 10)), BackdatingRefused
        )
        assert isinstance(refused(walk, Action.END_STAY, stay, ab_initio=True), StepIncomplete)

    def test_a_stay_from_the_beginning_begins_with_what_it_stays(self) -> None:
        walk = active()
        suspension = punished(walk)
        walk.on(date(2026, 4, 20)).take(Action.STAY, suspension, ab_initio=True)
        assert walk.state(walk.entry(suspension).effective_from) is State.ACTIVE
        assert Overlay.STAYED in walk.stands(walk.entry(suspension).effective_from).overlays

    def test_an_order_of_yesterday_recorded_today_answers_differently_then_and_now(self) -> None:
        walk = active()
        suspension = punished(walk)
        walk.on(date(2026, 4, 10))
        walk.take(Action.STAY, suspension, effective=date(2026, 4, 8), ab_initio=True)
        between = walk.local(date(2026, 4, 9))
        assert walk.state(between) is State.ACTIVE
        assert walk.stands(between, known_at=between).state is State.SUSPENDED

    def test_a_filing_counts_from_the_day_it_was_received(self) -> None:
        walk = active()
        revocation = walk.take(Action.REVOKE)
        last = APRIL_1 + timedelta(days=28)
        walk.on(last + timedelta(days=1))
        walk.take(Action.FILE_APPEAL, revocation, effective=last)
        assert walk.state() is State.ACTIVE
        renewal = Walk().active().on(LAST - timedelta(days=29))
        filing = renewal.take(Action.FILE_RENEWAL, effective=LAST - timedelta(days=30))
        assert "deemed_until" in renewal.entry(filing).deadlines

    def test_a_filing_is_not_received_tomorrow_nor_before_the_decision(self) -> None:
        walk = active()
        revocation = walk.take(Action.REVOKE)
        for day in (APRIL_1 + timedelta(days=1), APRIL_1 - timedelta(days=1)):
            assert isinstance(refused(walk, Action.FILE_APPEAL, revocation, effective=day), BadInput)

    def test_an_end_before_the_beginning_is_refused(self) -> None:
        said = {"cut": Scope(("XB",)), "immediate": True, "effective": date(2026, 5, 2)}
        refusal = refused(active(), Action.RESTRICT, until=date(2026, 5, 1), **said)
        assert isinstance(refusal, TermRefused)


class TestTerms:
    """Terms are in order, of lawful length and never overlap."""

    @pytest.mark.parametrize(
        ("first", "last", "field"),
        [
            (date(2026, 2, 2), date(2026, 2, 1), "last_day"),
            (date(2026, 2, 1), date(2031, 2, 1), "last_day"),
            (date(2025, 12, 31), LAST, "first_day"),
            (date(2025, 1, 1), date(2025, 12, 31), "last_day"),
        ],
    )
    def test_a_wrong_term_is_refused_by_name(self, first: date, last: date, field: str) -> None:
        refusal = refused(Walk(), Action.GRANT, first_day=first, last_day=last)
        assert refusal.facts["field"] == field

    def test_sixty_months_are_a_lawful_term(self) -> None:
        walk = Walk()
        walk.take(Action.GRANT, first_day=date(2026, 2, 1), last_day=date(2031, 1, 31))
        assert walk.stands().terms == (("2026-02-01", "2031-01-31"),)

    @pytest.mark.parametrize("first", [LAST, LAST + timedelta(days=2)])
    def test_a_renewal_begins_on_the_day_after(self, first: date) -> None:
        walk = active()
        refusal = refused(walk, Action.RENEW, first_day=first, last_day=date(2027, 6, 30))
        assert isinstance(refusal, TermRefused)
        assert refusal.facts["first_day"] == (LAST + timedelta(days=1)).isoformat()

    def test_a_late_renewal_ends_with_the_days_of_grace(self) -> None:
        walk = Walk().active()
        end = walk.midnight(LAST + timedelta(days=31))
        walk.to(end - timedelta(seconds=1))
        assert walk.stands().grace_until == end
        walk.take(Action.RENEW_LATE, first_day=walk.today, last_day=date(2027, 12, 31))
        too_late = Walk().active().to(end)
        said = {"first_day": too_late.today, "last_day": date(2027, 12, 31)}
        assert isinstance(refused(too_late, Action.RENEW_LATE, **said), TermRefused)

    def test_a_later_policy_changes_no_grace(self) -> None:
        walk = Walk().active()
        walk.policy = type(walk.policy)(grace_days=0)
        walk.on(LAST + timedelta(days=20))
        walk.take(Action.RENEW_LATE, first_day=walk.today, last_day=date(2027, 12, 31))
        assert walk.state() is State.ACTIVE

    def test_after_a_deemed_renewal_the_grace_begins_when_that_ends(self) -> None:
        walk = Walk().active().on(LAST - timedelta(days=40))
        walk.filed()
        walk.on(LAST + timedelta(days=110))
        assert walk.state() is State.EXPIRED
        walk.take(Action.RENEW_LATE, first_day=walk.today, last_day=date(2027, 12, 31))
        assert walk.state() is State.ACTIVE

    def test_two_late_renewals_do_not_overlap(self) -> None:
        walk = Walk().active().on(LAST + timedelta(days=2))
        first = walk.today + timedelta(days=10)
        walk.take(Action.RENEW_LATE, first_day=first, last_day=date(2027, 12, 31))
        assert walk.state() is State.EXPIRED
        said = {"first_day": first + timedelta(days=5), "last_day": date(2028, 3, 1)}
        assert isinstance(refused(walk, Action.RENEW_LATE, **said), TermRefused)

    def test_a_late_renewal_is_not_backdated(self) -> None:
        walk = Walk().active().on(LAST + timedelta(days=5))
        said = {"first_day": LAST + timedelta(days=1), "last_day": date(2027, 12, 31)}
        assert isinstance(refused(walk, Action.RENEW_LATE, **said), BackdatingRefused)


class TestAmounts:
    """An amount is a decimal above zero with four decimals at most, in a currency of three letters."""

    @pytest.mark.parametrize(
        "amount", ["0", "-1", "NaN", "Infinity", "ten", "1e15", "1e-1000000", "0.00001", "1,000"]
    )
    def test_a_wrong_amount_is_refused_by_name(self, amount: str) -> None:
        refusal = refused(active(), Action.FINE, amount=amount)
        assert isinstance(refusal, BadInput)
        assert refusal.facts["field"] == "amount"

    @pytest.mark.parametrize("currency", ["usd", "US", "U5D", "USDX", "ÜSD"])
    def test_a_wrong_currency_is_refused_by_name(self, currency: str) -> None:
        refusal = refused(active(), Action.FINE, currency=currency)
        assert isinstance(refusal, BadInput)
        assert refusal.facts["field"] == "currency"

    @pytest.mark.parametrize(("said", "kept"), [("1E+3", "1000"), ("12.50", "12.5"), ("0.0001", "0.0001")])
    def test_it_is_kept_as_plain_decimal_text(self, said: str, kept: str) -> None:
        walk = active()
        assert walk.effect(walk.take(Action.FINE, amount=said))["amount"] == kept

    @pytest.mark.parametrize("points", [0, 101, -3])
    def test_points_are_from_one_to_a_hundred(self, points: int) -> None:
        assert refused(active(), Action.ENTER_DEMERIT, points=points).facts["field"] == "points"


# --- every step, made possible ---


def ready_for(step: Step) -> tuple[Walk, int | None]:
    """A licence on which the step can be taken now, and the entry that it speaks of."""
    match step.action:
        case Action.GRANT:
            return Walk(), None
        case Action.ADOPT:
            walk = Walk()
            walk.observe(date(2026, 1, 1))
            return walk, None
        case Action.ACTIVATE:
            return Walk().granted(), None
        case Action.RENEW_LATE:
            return Walk().active().on(LAST + timedelta(days=3)), None
    walk = active()
    return walk, target_of(step.action, walk)


def target_of(action: Action, walk: Walk) -> int | None:  # noqa: PLR0911, PLR0912, C901 - one return a step
    """An entry, taken now, that the step can speak of."""
    match action:
        case Action.RATIFY | Action.CONFIRM:
            return walk.take(Action.SUSPEND_EMERGENCY)
        case Action.EXTEND:
            return walk.take(Action.SUSPEND_DISCIPLINARY, until=date(2026, 6, 30), immediate=True)
        case Action.LIFT | Action.SET_ASIDE | Action.FILE_APPEAL | Action.CORRECT:
            return walk.take(Action.SUSPEND_PREVENTIVE)
        case Action.SURVEIL | Action.SHOW_CAUSE | Action.SUSPEND_DISCIPLINARY:
            walk.take(Action.ENTER_DEMERIT, points=24)
            return None
        case Action.END_SURVEILLANCE:
            points = walk.take(Action.ENTER_DEMERIT, points=12)
            surveillance = walk.take(Action.SURVEIL)
            walk.later(days=190).take(Action.SET_ASIDE, points)
            return surveillance
        case Action.REFUSE_RENEWAL:
            return walk.filed()
        case Action.END_APPEAL:
            return walk.take(Action.FILE_APPEAL, walk.take(Action.SUSPEND_PREVENTIVE))
        case Action.STAY:
            return punished(walk)
        case Action.END_STAY:
            return walk.take(Action.STAY, punished(walk))
        case Action.MEET_CONDITION:
            return walk.take(Action.VARY, conditions=({"code": "report-monthly"},))
        case Action.DRAW_SECURITY:
            walk.take(Action.CONFIRM_SECURITY, until=LAST)
            return None
        case Action.SHOW_CAUSE:
            walk.take(Action.ENTER_DEMERIT, points=24)
            return None
        case Action.REPRESENT | Action.HEAR:
            return walk.take(Action.SHOW_CAUSE)
        case Action.PERFORM:
            return walk.take(Action.SUSPEND_PREVENTIVE)
        case Action.PAY:
            return walk.take(Action.FINE)
        case _:
            return None


def lawful(action: Action, walk: Walk) -> dict[str, Any]:
    """Terms that the step cannot do without, for a walk that is ready for it."""
    said: dict[Action, dict[str, Any]] = {
        Action.GRANT: {"first_day": walk.today, "last_day": LAST},
        Action.ADOPT: {"first_day": walk.today, "last_day": LAST},
        Action.RENEW: {"first_day": LAST + timedelta(days=1), "last_day": date(2027, 12, 31)},
        Action.RENEW_LATE: {"first_day": walk.today, "last_day": date(2027, 12, 31)},
        Action.SUSPEND_DISCIPLINARY: {"until": walk.today + timedelta(days=150)},
        Action.EXTEND: {"until": date(2026, 8, 31)},
        Action.RESTRICT: {"cut": Scope(("XB",))},
        Action.SURRENDER: {"effective": walk.today + timedelta(days=30)},
        Action.ENTER_DEMERIT: {"points": 2},
        Action.CONFIRM_SECURITY: {"until": LAST},
        Action.PERFORM: {"duty": "stop_adverts"},
    }
    return said.get(action, {})
