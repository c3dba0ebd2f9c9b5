"""What an applicant pays and may do against a refusal, and what becomes of a draft that nobody wrote in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry import audit, dossier
from registry.admission import applicants, published, reading
from registry.models import Application, ApplicationDocument, ApplicationEvent, Entry
from registry.rules import errors
from registry.rules.applying import Action, State
from registry.rules.lifecycle import Action as LicenceAction
from registry.rules.lifecycle import Role
from tests import applying as apply
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def refused(kept: Kept) -> str:
    """The only application, refused once its applicant had answered."""
    with kept():
        builders.authority(at=AT - timedelta(days=60))
        return apply.refused(AT)


@pytest.fixture
def office(request: pytest.FixtureRequest) -> str:
    """The authority, with the policy that a test asks for."""
    return builders.authority(at=AT - timedelta(days=60), **getattr(request, "param", {}))


def standing(number: str, at: datetime = AT) -> Any:
    """Where it stands, for an officer."""
    return reading.one(number, by=builders.maker(at), at=at).standing


def appealed(number: str, at: datetime = AT) -> None:
    """The applicant appeals by its page."""
    applicants.appeal(
        number, "It was another company.", account=apply.ACCOUNT, at=at, idempotency_key=builders.key()
    )


def ordered(number: str, outcome: str, at: datetime = AT) -> None:
    """What the appeals body ordered, recorded by one officer and confirmed by another."""
    body = builders.officer(Role.APPEALS_BODY, at=at)
    said = {"outcome": outcome, "order_reference": "AB 12/2026", "letter": "Heard on Monday."}
    apply.take(number, Action.RECORD_OUTCOME, at=at, by=body, **said)
    confirms = {"allowed": Action.ALLOW_APPEAL, "dismissed": Action.DISMISS_APPEAL}[outcome]
    apply.take(number, confirms, at=at)


# --- appeals


def test_an_appeal_that_succeeds_puts_the_application_back_and_takes_the_refusal_from_the_public(
    refused: str,
) -> None:
    appealed(refused)
    assert standing(refused).appealed
    assert published.notice(refused, at=AT).appealed
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.open"):
        appealed(refused)
    later = AT + timedelta(days=40)
    ordered(refused, "allowed", later)
    assert standing(refused, later).state is State.UNDER_REVIEW
    with pytest.raises(errors.ApplicationNotFound):
        published.notice(refused, at=later)
    told = reading.own(refused, account=apply.ACCOUNT, at=later).happened
    assert [one.said for one in told if one.action == "allow_appeal"] == [{"letter": "Heard on Monday."}]
    assert not any(one.action == "record_outcome" for one in told)
    assert list(audit.differences(at=later)) == []


def test_an_appeal_that_fails_confirms_the_refusal_for_good(refused: str) -> None:
    appealed(refused)
    ordered(refused, "dismissed")
    told = published.notice(refused, at=AT)
    assert (told.state, told.appealed, told.appeal_until) == ("refused", False, None)
    assert told.confirmed_on is not None
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.decided"):
        appealed(refused)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.none"):
        ordered(refused, "allowed")


def test_an_outcome_is_confirmed_as_it_was_recorded_and_by_somebody_else(refused: str) -> None:
    appealed(refused)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.outcome"):
        apply.take(refused, Action.ALLOW_APPEAL, at=AT)
    both = builders.officer(Role.SUPERVISOR, at=AT)
    said = {"outcome": "dismissed", "order_reference": "AB 12", "letter": "…"}
    apply.take(refused, Action.RECORD_OUTCOME, at=AT, by=both, **said)
    with pytest.raises(errors.OwnProposal):
        apply.take(refused, Action.DISMISS_APPEAL, at=AT, by=both)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.outcome"):
        apply.take(refused, Action.ALLOW_APPEAL, at=AT)


def test_nobody_appeals_after_the_last_day_but_what_came_in_time_is_recorded_later(refused: str) -> None:
    over = datetime(2026, 3, 30, 18, 15, tzinfo=UTC)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"appeal\.over"):
        appealed(refused, over)
    later, last = AT + timedelta(days=40), datetime(2026, 3, 30, tzinfo=UTC).date()
    for wrong in (last + timedelta(days=1), AT.date() - timedelta(days=1), None):
        with pytest.raises(errors.BadInput) as refusal:
            apply.take(refused, Action.RECORD_APPEAL, at=later, on=wrong, text="By post.")
        assert refusal.value.facts["field"] == "on"
    apply.take(refused, Action.RECORD_APPEAL, at=later, on=last, text="By post.")
    assert standing(refused, later).appealed


def not_renewed() -> tuple[str, str, datetime]:
    """A renewal that was refused: its number, the licence's, and when."""
    number, later = apply.granted(AT)
    licence = reading.one(number, by=builders.maker(later), at=later).licence
    builders.take(licence, LicenceAction.ACTIVATE, at=later)
    near = datetime(2028, 2, 1, 6, 0, tzinfo=UTC)
    asked = apply.renewal(licence, near)
    apply.take(asked, Action.REVIEW, at=near)
    apply.take(asked, Action.PROPOSE_REFUSAL, at=near, grounds=["FIT-PROPER"], letter="…")
    apply.take(asked, Action.SERVE_NOTICE, at=near)
    over = near + timedelta(days=22)
    apply.take(asked, Action.REFUSE, at=over, by=builders.registrar(over), letter="…")
    return asked, licence, over


@pytest.mark.usefixtures("office")
def test_an_appeal_on_paper_is_filed_on_the_licence_with_the_day_on_which_it_came() -> None:
    asked, licence, over = not_renewed()
    came = over + timedelta(days=2)
    apply.take(asked, Action.RECORD_APPEAL, at=over + timedelta(days=3), on=came.date(), text="By post.")
    entry = Entry.objects.get(action=LicenceAction.FILE_APPEAL.value)
    assert entry.licence.number == licence  # type: ignore[union-attr]
    assert entry.effective_day == came.date()


@pytest.mark.usefixtures("office")
def test_an_appeal_against_a_renewal_s_refusal_goes_to_the_licence_with_its_outcome() -> None:
    asked, licence, over = not_renewed()
    appealed(asked, over)
    held = dossier.restricted_licence(licence, by=builders.maker(over), at=over)
    assert "under_appeal" in held["overlays"]
    ordered(asked, "allowed", over + timedelta(days=1))
    made = [row.action for row in Entry.objects.order_by("pk")][-3:]
    assert made == ["refuse_renewal", "file_appeal", "set_aside"]
    after = over + timedelta(days=2)
    held = dossier.restricted_licence(licence, by=builders.maker(after), at=after)
    assert "under_appeal" not in held["overlays"]
    assert list(audit.differences(at=after)) == []


# --- the fee


@pytest.mark.parametrize("office", [{"fees": {"application": "250.00 XTS"}}], indirect=True)
@pytest.mark.usefixtures("office")
def test_an_application_is_not_complete_before_its_fee_is_recorded() -> None:
    number = apply.submitted(AT)
    assert reading.own(number, account=apply.ACCOUNT, at=AT).fee == "250.00 XTS"
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"fee\.missing"):
        apply.take(number, Action.REVIEW, at=AT)
    with pytest.raises(errors.BadInput):
        apply.take(number, Action.RECORD_FEE, at=AT, on=AT.date() + timedelta(days=1), reference="R 1")
    with pytest.raises(errors.StepIncomplete):
        apply.take(number, Action.RECORD_FEE, at=AT, on=AT.date(), reference=" ")
    apply.take(number, Action.RECORD_FEE, at=AT, on=AT.date(), reference="R 1")
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"fee\.paid"):
        apply.take(number, Action.RECORD_FEE, at=AT, on=AT.date(), reference="R 1")
    apply.take(number, Action.REVIEW, at=AT)
    paid = ApplicationEvent.objects.get(action="record_fee")
    assert paid.facts == {"on": "2026-03-02", "fee": "250.00 XTS"}


@pytest.mark.usefixtures("office")
def test_where_the_policy_asks_no_fee_none_is_recorded() -> None:
    number = apply.submitted(AT)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"fee\.none"):
        apply.take(number, Action.RECORD_FEE, at=AT, on=AT.date(), reference="R 1")


# --- drafts that are forgotten


@pytest.mark.usefixtures("office")
def test_a_draft_that_nobody_wrote_in_is_forgotten_with_its_papers_and_what_was_sent_stays() -> None:
    sent, idle = apply.submitted(AT, account="A-2"), apply.drafted(AT)
    almost, over = AT + timedelta(days=90, seconds=-1), AT + timedelta(days=90)
    assert applicants.forgettable(at=almost) == []
    erased: list[str] = []
    assert not applicants.forget(idle, at=almost, erase=erased.append)
    assert applicants.forgettable(at=over) == [idle]
    assert applicants.forget(idle, at=over, erase=erased.append)
    assert len(erased) == len(apply.PAPERS)
    assert applicants.forgettable(at=over) == []
    gone = reading.own(idle, account=apply.ACCOUNT, at=over)
    assert (gone.standing.state, gone.content, gone.papers) == (State.LAPSED, {}, ())
    assert not applicants.forget(sent, at=over, erase=erased.append)
    assert ApplicationDocument.objects.filter(application__number=sent).count() == len(apply.PAPERS)
    assert list(audit.differences(at=over)) == []


@pytest.mark.usefixtures("office")
def test_where_bytes_can_not_be_deleted_nothing_is_forgotten() -> None:
    idle, over = apply.drafted(AT), AT + timedelta(days=90)

    def fails(name: str) -> None:
        raise OSError(name)

    with pytest.raises(OSError, match="nowhere/"):
        applicants.forget(idle, at=over, erase=fails)
    assert Application.objects.get(number=idle).state == "draft"
    assert ApplicationDocument.objects.count() == len(apply.PAPERS)


@pytest.mark.usefixtures("office")
def test_a_draft_that_is_taken_back_is_forgotten_at_once() -> None:
    number = apply.drafted(AT)
    applicants.withdraw(number, account=apply.ACCOUNT, at=AT, idempotency_key="w-1")
    assert applicants.forgettable(at=AT) == [number]
    assert applicants.forget(number, at=AT, erase=lambda _name: None)
    gone = reading.own(number, account=apply.ACCOUNT, at=AT)
    assert (gone.standing.state, gone.content, gone.papers) == (State.WITHDRAWN, {}, ())
