"""Every step of the law, taken through the register, comes back out of the log as what the public reads."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest

from registry import lookup
from registry.intake import taking
from registry.rules import days
from registry.rules.lifecycle import STEPS, Action, Scope, StepTerms
from tests import builders
from tests.builders import START
from tests.registry.test_intake import PROFILE
from verification import leaves, log, merkle, sequencing

DAY: Final = timedelta(days=1)
TODAY: Final = days.local_day(START, "Asia/Kathmandu")
SERVED: Final = TODAY - timedelta(days=60)
LAST: Final = TODAY + timedelta(days=365)
TERM: Final = StepTerms(first_day=TODAY, last_day=LAST)
MONEY: Final = StepTerms(amount="100000", currency="XTS")

Story = Callable[[], str]


def folded() -> dict[str, leaves.Answer]:
    """What the log says that the register answers."""
    held = [log.entry(index) for index in range(log.size())]
    return leaves.fold(held, [merkle.leaf_hash(data).hex() for data in held])


def _after(*steps: tuple[Action, StepTerms], days_between: int = 0, last_day: date | None = None) -> Story:
    """A licence in force on which these steps were taken, each about the one before where it must name one."""

    def live() -> str:
        number = builders.active(last_day=last_day)
        before: int | None = None
        for place, (action, terms) in enumerate(steps):
            at = START + DAY * days_between * (place + 1)
            if "refers_to" in STEPS[action].needs:
                terms = replace(terms, refers_to=before)  # noqa: PLW2901 - the same, about the one before
            before = builders.take(number, action, terms, at=at).sequence
        return number

    return live


def _waiting() -> str:
    return builders.granted(builders.agency())


def _watched_no_more() -> str:
    number = builders.active()
    points = builders.take(number, *POINTS, at=START).sequence
    watched = builders.take(number, *WATCHED, at=START).sequence
    later = START + 200 * DAY
    builders.take(number, Action.SET_ASIDE, replace(ORDERED, refers_to=points), at=later)
    builders.take(number, Action.END_SURVEILLANCE, StepTerms(refers_to=watched), at=later)
    return number


def _barred() -> str:
    from registry import licensing

    number = builders.active()
    agency = str(lookup.public_subject("licence", number, at=START).agency)
    terms = StepTerms(grounds=("CONVICTION",), permanent=True, no_conflict=True)
    waiting = licensing.propose_for_agency(
        agency, Action.DEBAR, by=builders.maker(START), terms=terms, at=START, idempotency_key=builders.key()
    )
    for by in (builders.checker(START), builders.registrar(START)):
        licensing.approve(waiting.id, by=by, at=START, no_conflict=True, idempotency_key=builders.key())
    return number


SUSPENDED: Final = (Action.SUSPEND_PREVENTIVE, StepTerms(grounds=("FALSE-DOC",)))
EMERGENCY: Final = (Action.SUSPEND_EMERGENCY, StepTerms(grounds=("IMMINENT-HARM",)))
PUNISHED: Final = (
    Action.SUSPEND_DISCIPLINARY,
    StepTerms(
        grounds=("FEE-PROHIBITED",), until=TODAY + timedelta(days=90), notice_served_on=SERVED, immediate=True
    ),
)
REVOKED: Final = (Action.REVOKE, StepTerms(grounds=("FEE-PROHIBITED",), notice_served_on=SERVED))
APPEALED: Final = (Action.FILE_APPEAL, StepTerms())
ORDERED: Final = StepTerms(order_reference="Appeals Body 7/2026")
STAYED: Final = (Action.STAY, ORDERED)
POINTS: Final = (Action.ENTER_DEMERIT, StepTerms(grounds=("DISCRIMINATION",), points=12))
WATCHED: Final = (Action.SURVEIL, StepTerms(grounds=("POINTS",)))
FILED: Final = (Action.FILE_RENEWAL, StepTerms())
NOTICED: Final = (Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)))
SHORT: Final = TODAY + timedelta(days=120)

STORIES: Final[Mapping[Action, Story]] = {
    Action.GRANT: _waiting,
    Action.ACTIVATE: _after(),
    Action.VARY: _after((Action.VARY, StepTerms(scope=Scope(("XB",)), notice_served_on=SERVED))),
    Action.SURVEIL: _after(POINTS, WATCHED),
    Action.END_SURVEILLANCE: _watched_no_more,
    Action.SUSPEND_PREVENTIVE: _after(SUSPENDED),
    Action.SUSPEND_EMERGENCY: _after(EMERGENCY),
    Action.RATIFY: _after(EMERGENCY, (Action.RATIFY, StepTerms())),
    Action.CONFIRM: _after(SUSPENDED, (Action.CONFIRM, StepTerms(until=TODAY + timedelta(days=50)))),
    Action.SUSPEND_ADMINISTRATIVE: _after(
        (Action.SUSPEND_ADMINISTRATIVE, StepTerms(grounds=("REPORT-OVERDUE",)))
    ),
    Action.SUSPEND_DISCIPLINARY: _after(PUNISHED),
    Action.RESTRICT: _after(
        (
            Action.RESTRICT,
            StepTerms(
                cut=Scope(("XB",)), grounds=("BANNED-CORRIDOR",), notice_served_on=SERVED, immediate=True
            ),
        )
    ),
    Action.LIFT: _after(SUSPENDED, (Action.LIFT, StepTerms()), days_between=3),
    Action.EXTEND: _after(
        PUNISHED, (Action.EXTEND, StepTerms(until=TODAY + timedelta(days=200), notice_served_on=SERVED))
    ),
    Action.REVOKE: _after(REVOKED),
    Action.VOID: _after((Action.VOID, StepTerms(grounds=("FALSE-DOC",), notice_served_on=SERVED))),
    Action.CANCEL: _after((Action.CANCEL, StepTerms(grounds=("DORMANT",), notice_served_on=SERVED))),
    Action.SURRENDER: _after((Action.SURRENDER, StepTerms(effective=TODAY + timedelta(days=200)))),
    Action.FILE_RENEWAL: _after(FILED, last_day=SHORT),
    Action.RENEW: _after(
        (
            Action.RENEW,
            StepTerms(first_day=TODAY + timedelta(days=121), last_day=TODAY + timedelta(days=400)),
        ),
        last_day=SHORT,
    ),
    Action.REFUSE_RENEWAL: _after(
        FILED,
        (Action.REFUSE_RENEWAL, StepTerms(grounds=("CAPITAL",), notice_served_on=SERVED)),
        last_day=SHORT,
    ),
    Action.RENEW_LATE: _after(
        (
            Action.RENEW_LATE,
            StepTerms(first_day=TODAY + timedelta(days=130), last_day=TODAY + timedelta(days=400)),
        ),
        days_between=130,
        last_day=SHORT,
    ),
    Action.SET_ASIDE: _after(REVOKED, (Action.SET_ASIDE, ORDERED), days_between=1),
    Action.FILE_APPEAL: _after(REVOKED, APPEALED, days_between=1),
    Action.END_APPEAL: _after(REVOKED, APPEALED, (Action.END_APPEAL, ORDERED), days_between=1),
    Action.STAY: _after(REVOKED, STAYED, days_between=1),
    Action.END_STAY: _after(REVOKED, STAYED, (Action.END_STAY, ORDERED), days_between=1),
    Action.CORRECT: _after(
        SUSPENDED, (Action.CORRECT, StepTerms(grounds=("CLERICAL-ERROR",))), days_between=1
    ),
    Action.DEBAR: _barred,
    Action.WARN: _after((Action.WARN, StepTerms(grounds=("DISCRIMINATION",)))),
    Action.ENTER_DEMERIT: _after((Action.ENTER_DEMERIT, StepTerms(grounds=("DISCRIMINATION",), points=3))),
    Action.FINE: _after((Action.FINE, replace(MONEY, grounds=("DISCRIMINATION",)))),
    Action.ORDER_REPAYMENT: _after((Action.ORDER_REPAYMENT, replace(MONEY, grounds=("FEE-PROHIBITED",)))),
    Action.MEET_CONDITION: _after(
        (Action.VARY, StepTerms(conditions=({"code": "report-monthly"},), notice_served_on=SERVED)),
        (Action.MEET_CONDITION, StepTerms()),
        days_between=70,
    ),
    Action.CONFIRM_SECURITY: _after(
        (Action.CONFIRM_SECURITY, replace(MONEY, issuer="DEMO Bank", until=LAST)),
    ),
    Action.DRAW_SECURITY: _after(
        (Action.CONFIRM_SECURITY, replace(MONEY, issuer="DEMO Bank", until=LAST)),
        (Action.DRAW_SECURITY, MONEY),
    ),
    Action.PAY: _after((Action.FINE, replace(MONEY, grounds=("DISCRIMINATION",))), (Action.PAY, MONEY)),
    Action.SHOW_CAUSE: _after(NOTICED),
    Action.REPRESENT: _after(NOTICED, (Action.REPRESENT, StepTerms())),
    Action.HEAR: _after(NOTICED, (Action.HEAR, StepTerms())),
    Action.PERFORM: _after(SUSPENDED, (Action.PERFORM, StepTerms(duty="refund"))),
}
"""For each step of the table a licence on which it was taken last; a listed licence is adopted below."""


def test_every_step_of_the_table_has_a_story() -> None:
    assert set(STORIES) | {Action.ADOPT} == set(STEPS)


@pytest.mark.django_db
def test_every_step_of_the_table_folds_back() -> None:
    builders.authority()
    numbers = {action: story() for action, story in STORIES.items()}
    end = START + timedelta(days=500)
    sequencing.advance(at=end)
    answers = folded()
    logged = {leaves.read(log.entry(index))["t"] for index in range(log.size())}
    assert logged >= {leaves.TYPE_OF[action] for action in STORIES if STEPS[action].published}
    for action, number in numbers.items():
        spans = lookup.public_spans(number, at=START)
        assert len(spans) > 1, action
        for told in spans:
            said = answers[number].at(str(leaves.instant(told.since)))
            assert said == (told.state, told.result, told.may_recruit), (action, told.since)


@pytest.mark.django_db
def test_an_adopted_licence_leaves_its_listed_reference(tmp_path: Path) -> None:
    profile, file = tmp_path / "xa_list.toml", tmp_path / "list.csv"
    profile.write_text(PROFILE, encoding="utf-8")
    file.write_text(
        "No.,Name,Town,Status,Class,Phone\n0001,DEMO Agency Ltd,Port,Valid,A,\n", encoding="utf-8"
    )
    taking.take_in(str(profile), file, on=TODAY, at=START, by="intake")
    sequencing.advance(at=START)
    (listed,) = folded()
    at = START + DAY
    terms = StepTerms(first_day=TODAY + DAY, last_day=LAST, licence_class="A")
    adopted = builders.take(listed, Action.ADOPT, terms, at=at, authority="XA-MOL").number
    sequencing.advance(at=at)
    assert set(folded()) == {adopted}
    assert leaves.read(log.entry(log.size() - 1))["was"] == listed
