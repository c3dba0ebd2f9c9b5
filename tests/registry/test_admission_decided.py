"""What two officers decide on one application: the grant that is proposed, and the renewal that follows it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry import agencies, audit, dossier
from registry.admission import applicants, officers, published, reading
from registry.models import Agency, Application, Entry, Licence, Person
from registry.rules import days, errors
from registry.rules.applying import Action, State
from registry.rules.lifecycle import Action as LicenceAction
from registry.rules.lifecycle import Role
from tests import applying as apply
from tests import builders
from tests.conftest import Kept
from tests.registry.test_admission import AT, state

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def proposed(kept: Kept) -> tuple[str, datetime]:
    """The only application, whose grant one officer proposed, and when."""
    with kept():
        builders.authority(at=AT - timedelta(days=60))
        return apply.proposed(AT)


def test_nobody_decides_on_their_own_proposal(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    both = builders.officer(Role.REGISTRAR, at=later, number="OFFICER-OFFICER")
    with pytest.raises(errors.OwnProposal):
        apply.take(number, Action.GRANT, at=later, by=both)
    other = apply.reviewed(AT, account="A-2")
    alone = builders.registrar(AT)
    apply.take(other, Action.PROPOSE_REFUSAL, at=AT, by=alone, grounds=["CAPITAL"], letter="…")
    with pytest.raises(errors.OwnProposal):
        apply.take(other, Action.SERVE_NOTICE, at=AT, by=alone)


def test_a_proposal_that_nobody_joins_in_seven_days_is_taken_back_and_made_anew(
    proposed: tuple[str, datetime],
) -> None:
    number, later = proposed
    late = lapses(later)
    shown = reading.one(number, by=builders.checker(late), at=late)
    assert [(step.action, why) for step, why in shown.hindered] == [(Action.GRANT, "proposal.expired")]
    with pytest.raises(errors.ProposalClosed):
        apply.take(number, Action.GRANT, at=late)
    apply.take(number, Action.TAKE_BACK, at=late, reason="Nobody looked at it.")
    apply.take(number, Action.PROPOSE_GRANT, at=late, first_day=date(2026, 4, 10), last_day=date(2028, 4, 9))
    soon = lapses(late) - timedelta(microseconds=1)
    apply.take(number, Action.GRANT, at=soon)
    assert state(number, soon) is State.GRANTED
    refusal = apply.reviewed(AT, account="A-2")
    apply.take(refusal, Action.PROPOSE_REFUSAL, at=AT, grounds=["CAPITAL"], letter="…")
    with pytest.raises(errors.ProposalClosed):
        apply.take(refusal, Action.SERVE_NOTICE, at=lapses(AT))


def test_a_policy_of_more_days_brings_no_lapsed_proposal_back(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    rules, late = {**builders.POLICY, "proposal_days": 60}, lapses(later)
    agencies.set_policy(
        "XA-DLA", rules, in_force_from=later, by=builders.SYSTEM, at=later, idempotency_key=builders.key()
    )
    with pytest.raises(errors.ProposalClosed):
        apply.take(number, Action.GRANT, at=late)


def lapses(at: datetime) -> datetime:
    """When what was proposed at ``at`` has lapsed: seven days later, at the end of the day."""
    return days.end_of(days.local_day(at, "Asia/Kathmandu") + timedelta(days=7), "Asia/Kathmandu")


def test_a_decision_needs_a_fresh_second_factor_and_a_word_on_conflicts(
    proposed: tuple[str, datetime],
) -> None:
    number, later = proposed
    stale = builders.checker(later - timedelta(minutes=6))
    with pytest.raises(errors.SecondFactorStale):
        apply.take(number, Action.GRANT, at=later, by=stale)
    with pytest.raises(errors.ConflictNotDeclared):
        officers.take(
            number, Action.GRANT, by=builders.checker(later), at=later, said={}, idempotency_key="g-1"
        )


def test_a_grant_makes_the_agency_and_its_licence_in_one_transaction_of_two_officers(
    proposed: tuple[str, datetime],
) -> None:
    number, later = proposed
    apply.take(number, Action.GRANT, at=later)
    told = reading.one(number, by=builders.maker(later), at=later)
    assert told.standing.state is State.GRANTED
    held = dossier.restricted_agency(told.agency, by=builders.maker(later))
    assert held["legal_name"] == "Kestrel Overseas (DEMO)"
    assert held["tax_number"] == "TAX-4711"
    assert [office["kind"] for office in held["offices"]] == ["head"]
    assert {channel["kind"]: channel["value"] for channel in held["channels"]} == {
        "phone": "+12025550177", "email": "office@kestrel.example",
    }  # fmt: skip
    assert [one["role"] for one in held["appointments"]] == ["responsible_officer"]
    assert len(Person.objects.get().document_hmac) == 64
    grant = Entry.objects.get(action="grant")
    assert grant.officers == ["OFFICER-OFFICER", "OFFICER-SUPERVISOR"]
    licence = dossier.restricted_licence(told.licence, by=builders.maker(later), at=later)
    assert (licence["state"], licence["may_recruit"]) == ("pending_activation", False)
    assert published.notice(number, at=later).licence == told.licence
    assert list(audit.differences(at=later)) == []


def test_a_refused_grant_leaves_nothing_behind(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    holder = builders.agency(company_number="C 4711", company_register="", at=AT)
    before = Application.objects.get(number=number).version
    with pytest.raises(errors.DuplicateRecord):
        apply.take(number, Action.GRANT, at=later)
    assert Application.objects.get(number=number).version == before
    assert list(Agency.objects.values_list("number", flat=True)) == [holder]
    assert not Licence.objects.exists()


def test_a_double_click_grants_once(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    by = builders.checker(later)
    versions = {
        officers.take(
            number, Action.GRANT, by=by, at=later, said={}, no_conflict=True, idempotency_key="same"
        )
        for _ in range(2)
    }
    assert len(versions) == 1
    assert Licence.objects.count() == 1


def test_a_renewal_is_filed_as_it_is_sent_and_renews_by_two_officers(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    apply.take(number, Action.GRANT, at=later)
    licence = reading.one(number, by=builders.maker(later), at=later).licence
    builders.take(licence, LicenceAction.ACTIVATE, at=later)
    near = datetime(2028, 2, 1, 6, 0, tzinfo=UTC)
    assert reading.renewable(apply.ACCOUNT, at=near) == [licence]
    asked = applicants.begin(apply.ACCOUNT, "XA-DLA", renews=licence, at=near, idempotency_key="r-1")
    with pytest.raises(errors.DuplicateRecord):
        applicants.begin(apply.ACCOUNT, "XA-DLA", renews=licence, at=near, idempotency_key="r-2")
    with pytest.raises(errors.LicenceNotFound):
        applicants.begin("A-2", "XA-DLA", renews=licence, at=near, idempotency_key="r-3")
    applicants.submit(asked, account=apply.ACCOUNT, at=near, idempotency_key="r-4")
    assert Entry.objects.get(action="file_renewal").officers == ["HOLDER"]
    apply.take(asked, Action.REVIEW, at=near + timedelta(days=20))
    held = dossier.restricted_licence(licence, by=builders.maker(near), at=near)
    assert "renewal_filed" in held["overlays"]
    end = date.fromisoformat(held["terms"][0]["last_day"])
    terms: dict[str, Any] = {"first_day": end + timedelta(days=1), "last_day": end.replace(year=end.year + 2)}
    apply.take(asked, Action.PROPOSE_GRANT, at=near + timedelta(days=21), **terms)
    apply.take(asked, Action.GRANT, at=near + timedelta(days=21))
    held = dossier.restricted_licence(licence, by=builders.maker(near), at=near + timedelta(days=22))
    assert len(held["terms"]) == 2
    assert Entry.objects.get(action="renew").officers == ["OFFICER-OFFICER", "OFFICER-SUPERVISOR"]


def test_a_refused_renewal_ends_the_licence_with_its_term(proposed: tuple[str, datetime]) -> None:
    number, later = proposed
    apply.take(number, Action.GRANT, at=later)
    licence = reading.one(number, by=builders.maker(later), at=later).licence
    builders.take(licence, LicenceAction.ACTIVATE, at=later)
    near = datetime(2028, 2, 1, 6, 0, tzinfo=UTC)
    asked = applicants.begin(apply.ACCOUNT, "XA-DLA", renews=licence, at=near, idempotency_key="r-1")
    applicants.submit(asked, account=apply.ACCOUNT, at=near, idempotency_key="r-4")
    apply.take(asked, Action.REVIEW, at=near)
    apply.take(asked, Action.PROPOSE_REFUSAL, at=near, grounds=["FIT-PROPER"], letter="…")
    apply.take(asked, Action.SERVE_NOTICE, at=near)
    over = near + timedelta(days=22)
    apply.take(asked, Action.REFUSE, at=over, by=builders.registrar(over), letter="…")
    entry = Entry.objects.get(action="refuse_renewal")
    assert entry.officers == ["OFFICER-OFFICER", "OFFICER-REGISTRAR"]
