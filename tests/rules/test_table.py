"""The table of steps: every state x action, who decides, and what agrees with the domain's own table."""

from datetime import date, timedelta
from functools import cache

import pytest

from registry.rules import freezing
from registry.rules.errors import RegistryError, StepNotAllowed
from registry.rules.grounds import GROUNDS, SANCTIONS
from registry.rules.lifecycle import (
    CLOCK_STEPS,
    STEPS,
    SUSPENSIONS,
    Action,
    Effect,
    Kind,
    Role,
    State,
    Stay,
    Step,
    StepTerms,
    open_steps,
)
from tests.rules.test_refusals import lawful
from tests.rules.walk import LAST, Walk

#: Actions that are entries without being steps: somebody's list, records of agencies, what is moved of persons, alerts.
NOT_STEPS = {
    Action.OBSERVE, Action.REGISTER_AGENCY, Action.AMEND_AGENCY, Action.MERGE_AGENCIES, Action.BAR_PERSON,
    Action.APPEAL_BAR, Action.DISMISS_APPEAL, Action.END_BAR,
    Action.ANSWER_REQUEST, Action.PUBLISH_ALERT, Action.CORRECT_ALERT, Action.END_ALERT,
}  # fmt: skip

#: The states, in the order of the columns below.
STATES = (
    State.NOT_GRANTED, State.LISTED, State.PENDING_ACTIVATION, State.ACTIVE, State.RENEWAL_PENDING,
    State.SUSPENDED, State.EXPIRED, State.SURRENDERED, State.CANCELLED, State.REVOKED, State.VOID,
)  # fmt: skip
#: The law once more, by hand: from which states (x) each step may be taken.
MATRIX = {
    #                            NG LI PA AC RP SU EX SR CA RE VO
    Action.GRANT:               "x  .  .  .  .  .  .  .  .  .  .",
    Action.ADOPT:               ".  x  .  .  .  .  .  .  .  .  .",
    Action.ACTIVATE:            ".  .  x  .  .  .  .  .  .  .  .",
    Action.VARY:                ".  .  .  x  x  .  .  .  .  .  .",
    Action.SURVEIL:             ".  .  .  x  x  .  .  .  .  .  .",
    Action.END_SURVEILLANCE:    ".  .  .  x  x  x  .  .  .  .  .",
    Action.SUSPEND_PREVENTIVE:  ".  .  .  x  x  x  .  .  .  .  .",
    Action.SUSPEND_EMERGENCY:   ".  .  .  x  x  x  .  .  .  .  .",
    Action.RATIFY:              ".  .  .  x  x  x  x  .  .  .  .",
    Action.CONFIRM:             ".  .  .  x  x  x  x  .  .  .  .",
    Action.SUSPEND_ADMINISTRATIVE: ". . .  x  x  x  .  .  .  .  .",
    Action.SUSPEND_DISCIPLINARY: ". .  .  x  x  x  .  .  .  .  .",
    Action.RESTRICT:            ".  .  .  x  x  .  .  .  .  .  .",
    Action.LIFT:                ".  .  .  x  x  x  x  .  .  .  .",
    Action.EXTEND:              ".  .  .  x  x  x  .  .  .  .  .",
    Action.REVOKE:              ".  .  .  x  x  x  .  .  .  .  .",
    Action.VOID:                ".  .  x  x  x  x  x  x  x  x  .",
    Action.CANCEL:              ".  .  x  x  x  x  .  .  .  .  .",
    Action.SURRENDER:           ".  .  .  x  x  .  .  .  .  .  .",
    Action.FILE_RENEWAL:        ".  .  .  x  x  x  .  .  .  .  .",
    Action.RENEW:               ".  .  .  x  x  .  .  .  .  .  .",
    Action.REFUSE_RENEWAL:      ".  .  .  x  x  .  .  .  .  .  .",
    Action.RENEW_LATE:          ".  .  .  .  .  .  x  .  .  .  .",
    Action.SET_ASIDE:           "x  x  x  x  x  x  x  x  x  x  x",
    Action.FILE_APPEAL:         "x  x  x  x  x  x  x  x  x  x  x",
    Action.END_APPEAL:          "x  x  x  x  x  x  x  x  x  x  x",
    Action.STAY:                "x  x  x  x  x  x  x  x  x  x  x",
    Action.END_STAY:            "x  x  x  x  x  x  x  x  x  x  x",
    Action.CORRECT:             "x  x  x  x  x  x  x  x  x  x  x",
    Action.DEBAR:               "x  x  x  x  x  x  x  x  x  x  x",
    Action.WARN:                ".  .  .  x  x  x  .  .  .  .  .",
    Action.ENTER_DEMERIT:       ".  .  .  x  x  x  .  .  .  .  .",
    Action.FINE:                ".  .  .  x  x  x  x  x  x  x  .",
    Action.ORDER_REPAYMENT:     ".  .  .  x  x  x  x  x  x  x  .",
    Action.MEET_CONDITION:      ".  .  .  x  x  x  .  .  .  .  .",
    Action.CONFIRM_SECURITY:    "x  x  x  x  x  x  x  x  x  x  x",
    Action.DRAW_SECURITY:       ".  .  x  x  x  x  x  x  x  x  x",
    Action.PAY:                 ".  .  x  x  x  x  x  x  x  x  x",
    Action.SHOW_CAUSE:          ".  .  x  x  x  x  x  x  x  x  .",
    Action.REPRESENT:           ".  .  x  x  x  x  x  x  x  x  x",
    Action.HEAR:                ".  .  x  x  x  x  x  x  x  x  x",
    Action.PERFORM:             ".  .  x  x  x  x  x  x  x  x  x",
}  # fmt: skip
MARCH_1 = date(2026, 3, 1)


def licence_that_is(state: State) -> Walk:  # noqa: C901 - one way a state
    """A licence in that state, reached by lawful steps alone."""
    walk = Walk()
    if state is State.LISTED:
        walk.observe(walk.today)
    if state is State.PENDING_ACTIVATION:
        walk.granted()
    if state in {State.NOT_GRANTED, State.LISTED, State.PENDING_ACTIVATION}:
        return walk
    walk.active().on(MARCH_1)
    match state:
        case State.RENEWAL_PENDING:
            walk.filed()
            walk.on(LAST + timedelta(days=1))
        case State.SUSPENDED:
            walk.take(Action.SUSPEND_PREVENTIVE)
        case State.EXPIRED:
            walk.on(LAST + timedelta(days=1))
        case State.SURRENDERED:
            walk.take(Action.SURRENDER, effective=date(2026, 4, 1))
            walk.on(date(2026, 4, 1))
        case State.CANCELLED:
            walk.take(Action.CANCEL)
        case State.REVOKED:
            walk.take(Action.REVOKE, immediate=True)
        case State.VOID:
            walk.take(Action.VOID)
        case _:
            pass
    return walk


@cache
def ready(state: State) -> tuple[Walk, freezing.Case]:
    """The same licence and its case, worked out once."""
    walk = licence_that_is(state)
    return walk, walk.case()


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reached_by_lawful_steps(state: State) -> None:
    walk = licence_that_is(state)
    assert walk.state() is state
    assert walk.stands().may_recruit is (state in {State.LISTED, State.ACTIVE, State.RENEWAL_PENDING})


@pytest.mark.parametrize("action", sorted(MATRIX))
def test_a_step_is_open_from_exactly_the_states_of_the_law(action: Action) -> None:
    marks = dict(zip(STATES, MATRIX[action].split(), strict=True))
    allowed = {state for state, mark in marks.items() if mark == "x"}
    assert STEPS[action].sources == allowed
    assert {state for state in STATES if not _refused_by_state(action, state)} == allowed


def _refused_by_state(action: Action, state: State) -> bool:
    """Whether the step is refused because of the state, and for nothing else."""
    walk, case = ready(state)
    terms = walk.terms(action, **lawful(action, walk))
    try:
        freezing.freeze(STEPS[action], terms, case, at=walk.now, refers_to=None)
    except StepNotAllowed as refusal:
        return refusal.facts == {"action": action.value, "state": state.value}
    except RegistryError:
        return False
    return False


def test_the_matrix_speaks_of_every_step() -> None:
    assert set(MATRIX) == set(STEPS) == set(Action) - NOT_STEPS
    assert all(len(row.split()) == len(STATES) for row in MATRIX.values())
    assert set(STATES) == set(State)


class TestWhoDecides:
    """Maker and checker are two; what ends or bars for cause takes three; an emergency one."""

    @pytest.mark.parametrize(
        ("officers", "actions"),
        [
            (3, {Action.REVOKE, Action.VOID, Action.DEBAR}),
            (
                1,
                {
                    Action.SUSPEND_EMERGENCY, Action.RATIFY, Action.FILE_RENEWAL, Action.FILE_APPEAL,
                    Action.CONFIRM_SECURITY, Action.DRAW_SECURITY, Action.PAY, Action.SHOW_CAUSE, Action.REPRESENT,
                    Action.HEAR, Action.PERFORM,
                },
            ),
        ],
    )  # fmt: skip
    def test_three_and_one_are_the_exceptions(self, officers: int, actions: set[Action]) -> None:
        assert {a for a, step in STEPS.items() if step.officers == officers} == actions
        assert {step.officers for step in STEPS.values()} == {1, 2, 3}

    @pytest.mark.parametrize(
        "action",
        [
            Action.SUSPEND_PREVENTIVE, Action.CONFIRM, Action.SUSPEND_DISCIPLINARY, Action.EXTEND,
            Action.REVOKE, Action.VOID, Action.DEBAR,
        ],
    )  # fmt: skip
    def test_the_registrar_has_the_last_word_on_the_gravest(self, action: Action) -> None:
        assert STEPS[action].approvals[-1] == frozenset({Role.REGISTRAR})

    def test_only_the_registrar_ratifies_and_only_duty_acts_alone(self) -> None:
        assert STEPS[Action.RATIFY].proposes == frozenset({Role.REGISTRAR})
        alone = STEPS[Action.SUSPEND_EMERGENCY]
        assert alone.proposes == frozenset({Role.DUTY_OFFICER, Role.REGISTRAR})
        assert [a for a, step in STEPS.items() if step.emergency] == [Action.SUSPEND_EMERGENCY]

    def test_nobody_outside_licensing_decides_anything(self) -> None:
        outside = {Role.INSPECTOR, Role.CASE_OFFICER, Role.CONSULAR, Role.ANALYST, Role.AUDITOR}
        outside |= {Role.ADMINISTRATOR}
        for step in STEPS.values():
            assert not outside & step.proposes
            assert not any(outside & roles for roles in step.approvals)
            assert not any(Role.SYSTEM in roles for roles in step.approvals)

    def test_a_decision_of_one_officer_is_an_emergency_or_its_ratification(self) -> None:
        alone = {a for a, s in STEPS.items() if s.officers == 1 and s.kind in {Kind.DECISION, Kind.ORDER}}
        assert alone == {Action.SUSPEND_EMERGENCY, Action.RATIFY}

    def test_what_may_be_begun_is_read_from_the_table(self) -> None:
        officer = {step.action for step in open_steps(State.ACTIVE, frozenset({Role.OFFICER}))}
        assert {Action.VARY, Action.REVOKE, Action.FILE_RENEWAL} <= officer
        assert not officer & {Action.SUSPEND_EMERGENCY, Action.RATIFY, Action.GRANT}
        assert open_steps(State.ACTIVE, frozenset({Role.AUDITOR})) == ()
        assert open_steps(State.ACTIVE, frozenset()) == ()


class TestTheTableIsWhole:
    """Each row agrees with itself and with the vocabularies it names."""

    @pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.code)
    def test_a_row_names_only_what_exists(self, step: Step) -> None:
        fields = set(StepTerms.__dataclass_fields__)
        assert step.needs <= fields
        assert step.optional <= fields
        assert not step.needs & step.optional
        assert step.grounds is None or (step.grounds and step.grounds <= GROUNDS)
        assert step.sanction is None or step.sanction in SANCTIONS
        assert step.summary.endswith(".")
        assert step.sources

    def test_codes_are_unique(self) -> None:
        codes = [step.code for step in STEPS.values()]
        assert len(codes) == len(set(codes))

    @pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.code)
    def test_what_an_appeal_stops_can_be_appealed(self, step: Step) -> None:
        if step.stay is Stay.BY_APPEAL:
            assert step.appeal is not None
        if step.effect is Effect.AFTER_APPEAL:
            assert step.stay is Stay.BY_APPEAL
            assert "immediate" in step.optional

    @pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.code)
    def test_a_stated_day_can_be_stated(self, step: Step) -> None:
        takes = "effective" in step.needs | step.optional
        if step.effect is Effect.STATED:
            assert takes
        if step.effect in {Effect.GRANT_DATE, Effect.NEXT_DAY}:
            assert not takes

    @pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.code)
    def test_a_notice_can_be_proved(self, step: Step) -> None:
        proves = "notice_served_on" in step.needs | step.optional
        assert proves is (step.notice is not None and step.action is not Action.SURRENDER)

    def test_suspensions_carry_their_sanction(self) -> None:
        for action, kind in SUSPENSIONS.items():
            assert STEPS[action].sanction is kind
            assert STEPS[action].target == "suspended"

    def test_the_points_ledger_and_what_goes_before_a_decision_are_never_published(self) -> None:
        unpublished = {a for a, step in STEPS.items() if not step.published}
        assert unpublished == {
            Action.ENTER_DEMERIT, Action.SHOW_CAUSE, Action.REPRESENT, Action.HEAR, Action.PERFORM,
        }  # fmt: skip

    def test_a_ground_of_error_corrects_and_does_nothing_else(self) -> None:
        carried = {a for a, s in STEPS.items() if s.grounds is not None and "CLERICAL-ERROR" in s.grounds}
        assert carried == {Action.CORRECT}

    def test_the_clock_steps_end_in_states_that_exist(self) -> None:
        assert {code for code, *_ in CLOCK_STEPS} == {"A10", "L14", "L15", "L16", "L22", "L6"}
        assert all(source is not target for _, source, target, _ in CLOCK_STEPS)
