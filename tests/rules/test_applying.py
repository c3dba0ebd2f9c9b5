"""The law of applications: a table without dead ends, a fold that the clock moves, and its page."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.rules import applying, applying_page, particulars
from registry.rules.applying import ENDED, STEPS, Action, Event, Party, State, Step
from registry.rules.lifecycle import Role
from registry.rules.policy import Policy

PAGE = Path(__file__).parents[2] / "docs" / "applications.md"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ZONE = "Asia/Kathmandu"


def folded(*actions: Action, at: datetime = AT) -> applying.Standing:
    """The standing after these actions, all taken at ``AT``."""
    events = []
    for action in actions:
        deadlines = applying.freeze(STEPS[action], Policy(), ZONE, at=AT)
        events.append(Event(action, "X", AT, {"points": 2, "score": 0}, deadlines))
    return applying.at(events, at=at)


def test_the_committed_page_is_what_the_code_renders() -> None:
    assert PAGE.read_text(encoding="utf-8") == applying_page.as_markdown(), "run manage.py api_docs"


def test_every_state_is_reached_and_every_one_that_is_no_end_leads_on() -> None:
    reached = {step.target for step in STEPS.values()} | {State.LAPSED}
    assert reached >= set(State)
    left = {source for step in STEPS.values() for source in step.sources}
    assert set(State) - left == ENDED - {State.REFUSED}


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.action.value)
def test_no_step_leaves_an_end_and_a_second_officer_checks_what_binds(step: Step) -> None:
    assert not step.sources & ENDED or (step.sources == {State.REFUSED} and "appeal" in step.summary)
    if step.target in {State.GRANTED, State.REFUSED, State.MINDED_TO_REFUSE}:
        assert step.decides
        assert step.unlike
        assert step.by <= {Role.SUPERVISOR, Role.REGISTRAR}
    assert not (step.by & set(Party) and step.by & set(Role))


@given(st.lists(st.sampled_from([action for action in Action if action is not Action.OPEN]), max_size=12))
def test_a_walk_of_lawful_steps_never_grants_without_inspection_and_objections(tried: list[Action]) -> None:
    taken, policy = [Action.OPEN], Policy()
    for action in tried:
        now = folded(*taken)
        hindered = applying.why_not(action, now, kind=applying.LICENCE, policy=policy, at=AT)
        if now.state in STEPS[action].sources and not hindered:
            taken.append(action)
    if Action.GRANT in taken:
        before = taken[: taken.index(Action.PROPOSE_GRANT)]
        assert Action.RECORD_INSPECTION in before
        assert Action.CALL_FOR_OBJECTIONS in before


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_deadline_s_last_day_counts_whole(seconds: int) -> None:
    asked = (Action.OPEN, Action.SUBMIT, Action.ASK)
    lapse = datetime(2026, 5, 1, 18, 15, tzinfo=UTC)  # the end of 1 May in Kathmandu, sixty days on
    now = folded(*asked, at=lapse + timedelta(seconds=seconds))
    assert (now.state is State.LAPSED) is (seconds == 0)


def test_a_refusal_is_public_to_the_end_of_its_last_day() -> None:
    assert applying.public_until(AT, Policy(), ZONE) == datetime(2031, 3, 2, 18, 15, tzinfo=UTC)


def test_the_registrar_alone_decides_on_a_phoenix() -> None:
    now = folded(Action.OPEN)
    assert applying.deciders(STEPS[Action.REFUSE], now, ["PHOENIX"], Policy()) == {Role.REGISTRAR}
    assert Role.SUPERVISOR in applying.deciders(STEPS[Action.REFUSE], now, ["CAPITAL"], Policy())


@given(st.dictionaries(st.sampled_from(sorted(particulars.SECTIONS)), st.text(max_size=5)))
def test_whatever_a_draft_holds_is_judged_and_never_breaks(texts: dict[str, str]) -> None:
    content = {
        section: [{"name": text, "kind": text, "role": text}] if section in particulars.LISTS
        else {one.name: text for one in particulars.FIELDS[section]}
        for section, text in texts.items()
    }  # fmt: skip
    assert particulars.faults(content, [], secured=True)


def test_what_is_read_is_in_normal_form() -> None:
    scope = particulars.read(
        "scope", {"licence_class": " a ", "corridors": "xb; QA,qa", "occupations": "9112"}
    )
    assert scope == {"licence_class": "A", "corridors": ("XB", "QA"), "occupations": ("9112",)}
    assert particulars.read("people", {"birth_date": "1980-02-03"}) == {"birth_date": date(1980, 2, 3)}
