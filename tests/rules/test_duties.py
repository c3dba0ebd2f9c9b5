"""Before and after a decision: notice, answer, hearing; what a measure makes the holder do; what was paid."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from registry.rules import answer, duties, measures
from registry.rules.duties import Duty
from registry.rules.entries import Entries
from registry.rules.errors import BadInput, RegistryError, StepNotAllowed
from registry.rules.lifecycle import Action, State
from tests.rules.walk import Walk

APRIL_1 = date(2026, 4, 1)


@pytest.fixture
def walk() -> Walk:
    """A licence in force on 1 April."""
    return Walk().active().on(APRIL_1)


def open_duties(walk: Walk) -> dict[str, date]:
    found = duties.tasks(Entries(walk.entries), zone=walk.zone)
    return {task.duty.value: task.due for task in found if task.done is None}


def test_a_notice_asks_for_an_answer_within_the_days_of_the_law(walk: Walk) -> None:
    notice = walk.take(Action.SHOW_CAUSE, effective=APRIL_1 - timedelta(days=2))
    until = walk.entry(notice).deadline("represent_by")
    assert until == walk.midnight(date(2026, 4, 21))  # the end of 20 April: 21 days after 30 March
    walk.take(Action.REPRESENT, notice)
    walk.take(Action.HEAR, notice)
    assert walk.state() is State.ACTIVE


def test_what_has_not_happened_is_not_recorded(walk: Walk) -> None:
    with pytest.raises(BadInput) as refusal:
        walk.take(Action.SHOW_CAUSE, effective=APRIL_1 + timedelta(days=1))
    assert refusal.value.facts["field"] == "effective"


def test_an_interim_suspension_asks_for_a_hearing_within_fourteen_days(walk: Walk) -> None:
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    assert walk.entry(suspension).deadline("hear_by") == walk.midnight(date(2026, 4, 16))
    walk.take(Action.HEAR, suspension)


def test_a_suspension_creates_duties_with_their_days(walk: Walk) -> None:
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    assert open_duties(walk) == {
        "stop_adverts": APRIL_1,
        "return_passports": APRIL_1,
        "tell_workers": APRIL_1,
        "refund": date(2026, 4, 8),
        "list_pipeline": date(2026, 4, 8),
        "end_pipeline": date(2026, 5, 1),
    }
    walk.take(Action.PERFORM, suspension, duty="refund")
    assert "refund" not in open_duties(walk)
    with pytest.raises(BadInput) as refusal:
        walk.take(Action.PERFORM, suspension, duty="refund")
    assert refusal.value.facts["field"] == "duty"


def test_duties_begin_when_the_measure_does(walk: Walk) -> None:
    walk.take(Action.SUSPEND_DISCIPLINARY, until=date(2026, 9, 30))
    assert open_duties(walk)["stop_adverts"] == date(2026, 4, 30)  # after 28 days to appeal


def test_a_corrected_measure_asks_nothing(walk: Walk) -> None:
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    walk.take(Action.CORRECT, suspension)
    assert open_duties(walk) == {}


def test_a_measure_of_which_everything_is_done_asks_for_nothing_more(walk: Walk) -> None:
    suspension = walk.take(Action.SUSPEND_PREVENTIVE)
    for duty in Duty:
        walk.take(Action.PERFORM, suspension, duty=duty.value)
    with pytest.raises(StepNotAllowed):
        walk.take(Action.PERFORM, suspension, duty="refund")


def test_a_fine_is_paid_in_parts_and_not_beyond(walk: Walk) -> None:
    fine = walk.take(Action.FINE, amount="100", currency="XTS")
    owed = walk.entry(fine)
    assert owed.deadline("pay_by") == walk.midnight(date(2026, 6, 1))
    walk.take(Action.PAY, fine, amount="60", currency="XTS")
    assert measures.outstanding(Entries(walk.entries), owed) == Decimal(40)
    assert measures.settled_at(Entries(walk.entries), owed) is None
    walk.later(days=1)
    walk.take(Action.PAY, fine, amount="40", currency="XTS")
    assert measures.settled_at(Entries(walk.entries), owed) == walk.now
    with pytest.raises(StepNotAllowed):
        walk.take(Action.PAY, fine, amount="1", currency="XTS")


def test_a_payment_is_in_the_currency_that_is_owed(walk: Walk) -> None:
    fine = walk.take(Action.FINE, amount="100", currency="XTS")
    with pytest.raises(RegistryError) as refusal:
        walk.take(Action.PAY, fine, amount="100", currency="USD")
    assert refusal.value.facts["field"] == "currency"


def test_a_repayment_is_public_until_it_is_paid_and_thirty_six_months_after(walk: Walk) -> None:
    order = walk.take(Action.ORDER_REPAYMENT, amount="100", currency="XTS")
    (shown,) = answer.sanctions(walk.entries, zone=walk.zone)
    assert shown.over is None
    assert shown.public_until is None
    walk.on(date(2026, 7, 1))
    walk.take(Action.PAY, order, amount="100", currency="XTS")
    (shown,) = answer.sanctions(walk.entries, zone=walk.zone)
    assert shown.public_until == walk.midnight(date(2029, 7, 2))
