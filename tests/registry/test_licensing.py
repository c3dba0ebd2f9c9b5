"""One writer, four eyes: what the doors to a licence promise."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from registry import agencies, audit, licensing, lookup
from registry.idempotency import Once
from registry.models import ChangeJournal, Entry, Licence, Proposal, PublishedRecord
from registry.rules import errors
from registry.rules.lifecycle import STEPS, Action, Actor, Role, Scope, StepTerms
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = builders.START + 10 * DAY
DANGER = StepTerms(grounds=("IMMINENT-HARM",), no_conflict=True)


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force since the start."""
    with kept():
        builders.authority()
        return builders.active()


def _everything() -> tuple[int, ...]:
    """How many rows there are of what a step writes."""
    return tuple(model.objects.count() for model in (Entry, Proposal, ChangeJournal, Licence.history.model))


def _answer(number: str, at: datetime) -> str:
    return lookup.public_licence(number, at=at).result


# --- four eyes ---------------------------------------------------------------------------------------------------


def test_nobody_approves_their_own_proposal(licence: str) -> None:
    both = replace(builders.maker(AT), roles=frozenset({Role.OFFICER, Role.REGISTRAR}))
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=both, at=AT, terms=DANGER, idempotency_key="1"
    )
    before = _everything()
    with pytest.raises(errors.OwnProposal):
        licensing.approve(waiting.id, by=both, at=AT, no_conflict=True, idempotency_key="2")
    assert _everything() == before
    assert _answer(licence, AT) == "licensed"


def test_a_revocation_takes_three_different_officers(licence: str) -> None:
    terms = StepTerms(
        grounds=("FEE-PROHIBITED",), notice_served_on=date(2025, 12, 1), immediate=True, no_conflict=True
    )
    waiting = licensing.propose(
        licence, Action.REVOKE, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="1"
    )
    checker = builders.checker(AT)
    once = licensing.approve(waiting.id, by=checker, at=AT, no_conflict=True, idempotency_key="2")
    assert (once.state, once.approvals_needed, once.next_roles) == ("open", 1, ("registrar",))
    assert _answer(licence, AT) == "licensed"
    promoted = replace(checker, roles=frozenset({Role.REGISTRAR}))
    with pytest.raises(errors.AlreadyApproved):
        licensing.approve(waiting.id, by=promoted, at=AT, no_conflict=True, idempotency_key="3")
    done = licensing.approve(
        waiting.id, by=builders.registrar(AT), at=AT, no_conflict=True, idempotency_key="4"
    )
    assert done.state == "approved"
    assert done.decisions[0].officers == ("OFFICER-OFFICER", "OFFICER-SUPERVISOR", "OFFICER-REGISTRAR")
    assert _answer(licence, AT) == "not_licensed"


def test_one_officer_undoes_no_revocation_by_filing_appeals(licence: str) -> None:
    revocation = builders.revoked(licence, at=AT, immediate=False)
    about = StepTerms(refers_to=revocation)
    appeal = builders.take(licence, Action.FILE_APPEAL, about, at=AT + DAY)
    builders.take(licence, Action.END_APPEAL, replace(ORDER, refers_to=appeal.sequence), at=AT + 2 * DAY)
    with pytest.raises(errors.StepNotAllowed, match="has been filed before"):
        builders.take(licence, Action.FILE_APPEAL, about, at=AT + 3 * DAY)
    assert _answer(licence, AT + 40 * DAY) == "not_licensed"


def test_an_appeal_recorded_long_after_the_revocation_brings_nothing_back(licence: str) -> None:
    revocation = builders.revoked(licence, at=AT, immediate=False)
    in_time = StepTerms(refers_to=revocation, effective=(AT + 20 * DAY).date())
    later = AT + 60 * DAY
    appeal = builders.take(licence, Action.FILE_APPEAL, in_time, at=later)
    assert (appeal.state, appeal.effective_from) == ("revoked", later)
    kept = Entry.objects.get(licence__number=licence, action="file_appeal")
    assert kept.effective_day == later.date()
    assert kept.effect["received_on"] == str(in_time.effective)
    assert _answer(licence, later) == "not_licensed"
    assert "under_appeal" in lookup.public_licence(licence, at=later).body


def test_the_role_that_the_table_names_is_asked_for(licence: str) -> None:
    inspector = builders.officer(Role.INSPECTOR, at=AT)
    with pytest.raises(errors.RoleNotAllowed):
        licensing.propose(licence, Action.REVOKE, by=inspector, at=AT, terms=DANGER, idempotency_key="1")
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="2"
    )
    with pytest.raises(errors.RoleNotAllowed):
        licensing.approve(waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="3")


@pytest.mark.parametrize("age", [None, timedelta(minutes=5, seconds=1), timedelta(seconds=-1)])
def test_a_decision_needs_a_fresh_second_factor(licence: str, age: timedelta | None) -> None:
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="1"
    )
    stale = replace(builders.registrar(AT), second_factor_at=None if age is None else AT - age)
    with pytest.raises(errors.SecondFactorStale):
        licensing.approve(waiting.id, by=stale, at=AT, no_conflict=True, idempotency_key="2")
    duty = replace(builders.duty_officer(AT), second_factor_at=stale.second_factor_at)
    with pytest.raises(errors.SecondFactorStale):
        licensing.decide(licence, Action.SUSPEND_EMERGENCY, by=duty, at=AT, terms=DANGER, idempotency_key="3")


def test_a_conflict_of_interest_must_be_declared_absent(licence: str) -> None:
    silent = replace(DANGER, no_conflict=False)
    with pytest.raises(errors.ConflictNotDeclared):
        licensing.propose(
            licence,
            Action.SUSPEND_PREVENTIVE,
            by=builders.maker(AT),
            at=AT,
            terms=silent,
            idempotency_key="1",
        )


def test_an_officer_of_another_authority_changes_nothing(licence: str) -> None:
    builders.authority("XB-LAB", zone="Africa/Nairobi")
    stranger = builders.maker(AT, "XB-LAB")
    with pytest.raises(errors.OutsideAuthority):
        licensing.propose(
            licence, Action.SUSPEND_PREVENTIVE, by=stranger, at=AT, terms=DANGER, idempotency_key="1"
        )
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="2"
    )
    with pytest.raises(errors.OutsideAuthority):
        licensing.approve(
            waiting.id, by=builders.registrar(AT, "XB-LAB"), at=AT, no_conflict=True, idempotency_key="3"
        )
    assert licensing.waiting(by=stranger, at=AT) == []


def test_a_step_of_two_officers_cannot_be_decided_alone(licence: str) -> None:
    with pytest.raises(errors.StepNotAllowed):
        licensing.decide(
            licence,
            Action.SUSPEND_PREVENTIVE,
            by=builders.registrar(AT),
            at=AT,
            terms=DANGER,
            idempotency_key="1",
        )


# --- proposals ---------------------------------------------------------------------------------------------------


def test_one_open_proposal_for_a_licence_step_and_subject(licence: str) -> None:
    by = builders.maker(AT)
    licensing.propose(licence, Action.SUSPEND_PREVENTIVE, by=by, at=AT, terms=DANGER, idempotency_key="1")
    with pytest.raises(errors.ProposalOpen):
        licensing.propose(licence, Action.SUSPEND_PREVENTIVE, by=by, at=AT, terms=DANGER, idempotency_key="2")
    warning = StepTerms(grounds=("AD-WITHOUT-NUMBER",), no_conflict=True)
    licensing.propose(licence, Action.WARN, by=by, at=AT, terms=warning, idempotency_key="3")
    assert len(licensing.waiting(by=by, at=AT)) == 2


def test_an_emergency_is_never_blocked_by_an_open_proposal(licence: str) -> None:
    licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="1"
    )
    builders.take(licence, Action.SUSPEND_EMERGENCY, DANGER, at=AT)
    assert _answer(licence, AT) == "not_licensed"


def test_a_proposal_runs_out_after_seven_days(licence: str) -> None:
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="1"
    )
    late = AT + 7 * DAY
    with pytest.raises(errors.ProposalClosed):
        licensing.approve(
            waiting.id, by=builders.registrar(late), at=late, no_conflict=True, idempotency_key="2"
        )
    again = licensing.propose(
        licence,
        Action.SUSPEND_PREVENTIVE,
        by=builders.maker(late),
        at=late,
        terms=DANGER,
        idempotency_key="3",
    )
    assert again.state == "open"
    assert licensing.proposal(waiting.id).state == "expired"


def test_a_declined_proposal_stays_declined(licence: str) -> None:
    waiting = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="1"
    )
    with pytest.raises(errors.StepIncomplete):
        licensing.decline(waiting.id, by=builders.registrar(AT), at=AT, reason=" ", idempotency_key="2")
    for bad in ("no\x00", "x" * (licensing.LONGEST + 1)):
        with pytest.raises(errors.BadInput):
            licensing.decline(waiting.id, by=builders.registrar(AT), at=AT, reason=bad, idempotency_key="bad")
    done = licensing.decline(
        waiting.id, by=builders.registrar(AT), at=AT, reason="not enough", idempotency_key="3"
    )
    assert done.state == "declined"
    with pytest.raises(errors.ProposalClosed):
        licensing.approve(waiting.id, by=builders.registrar(AT), at=AT, no_conflict=True, idempotency_key="4")


def test_an_approval_is_checked_against_the_state_of_that_moment(licence: str) -> None:
    by = builders.maker(AT)
    variation = StepTerms(provisional=False, no_conflict=True)
    waiting = licensing.propose(licence, Action.VARY, by=by, at=AT, terms=variation, idempotency_key="1")
    builders.suspended(licence, at=AT)
    before = _everything()
    with pytest.raises(errors.StepNotAllowed):
        licensing.approve(waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="2")
    assert _everything() == before
    with pytest.raises(errors.VersionConflict):
        licensing.approve(
            waiting.id,
            by=builders.checker(AT),
            at=AT,
            no_conflict=True,
            expected_version=waiting.licence_version,
            idempotency_key="3",
        )


def test_every_approval_is_checked_against_the_state_of_that_moment_not_the_last_alone(licence: str) -> None:
    served = (AT - 30 * DAY).date()
    terms = StepTerms(grounds=("FEE-PROHIBITED",), notice_served_on=served, immediate=True, no_conflict=True)
    by = builders.maker(AT)
    waiting = licensing.propose(licence, Action.REVOKE, by=by, at=AT, terms=terms, idempotency_key="1")
    assert waiting.approvals_needed == 2
    builders.take(licence, Action.VOID, StepTerms(grounds=("FALSE-DOC",), notice_served_on=served), at=AT)
    with pytest.raises(errors.StepNotAllowed):
        licensing.approve(waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="2")
    assert licensing.proposal(waiting.id).approved_by == ()


# --- the emergency -----------------------------------------------------------------------------------------------


def test_an_emergency_lapses_after_72_hours_without_any_job(licence: str) -> None:
    builders.take(licence, Action.SUSPEND_EMERGENCY, DANGER, at=AT)
    lapse = AT + timedelta(hours=72)
    assert _answer(licence, lapse - timedelta(microseconds=1)) == "not_licensed"
    assert _answer(licence, lapse) == "licensed"


def test_an_emergency_that_another_ratifies_goes_on(licence: str) -> None:
    one = replace(builders.duty_officer(AT), roles=frozenset({Role.DUTY_OFFICER, Role.REGISTRAR}))
    made = licensing.decide(
        licence, Action.SUSPEND_EMERGENCY, by=one, at=AT, terms=DANGER, idempotency_key="1"
    )
    ratify = StepTerms(refers_to=made.sequence, no_conflict=True)
    with pytest.raises(errors.OwnProposal):
        licensing.decide(licence, Action.RATIFY, by=one, at=AT, terms=ratify, idempotency_key="2")
    later = AT + timedelta(hours=71)
    builders.take(licence, Action.RATIFY, ratify, at=later)
    assert _answer(licence, AT + 4 * DAY) == "not_licensed"
    assert _answer(licence, AT + 92 * DAY) == "licensed", "it lapses at ninety days unless it is confirmed"


# --- once, and all of it -----------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(licence: str) -> None:
    by = builders.duty_officer(AT)
    first = licensing.decide(
        licence, Action.SUSPEND_EMERGENCY, by=by, at=AT, terms=DANGER, idempotency_key="k"
    )
    before = _everything()
    again = licensing.decide(
        licence, Action.SUSPEND_EMERGENCY, by=by, at=AT, terms=DANGER, idempotency_key="k"
    )
    assert again == first
    with pytest.raises(errors.KeyReused):
        other = replace(DANGER, grounds=("CHILD",))
        licensing.decide(licence, Action.SUSPEND_EMERGENCY, by=by, at=AT, terms=other, idempotency_key="k")
    assert _everything() == before


@pytest.mark.django_db(transaction=True)
def test_a_key_used_twice_at_once_is_answered_twice_and_done_once() -> None:
    """Whoever waits for the key reads what its first user kept meanwhile, not what there was when the wait began."""
    by, told = builders.maker(AT), []

    def ask() -> None:
        try:
            with transaction.atomic():
                told.append(Once(by, "k", "test", {}, AT).outcome())
        finally:
            connections["default"].close()

    second = threading.Thread(target=ask)
    with transaction.atomic():
        first = Once(by, "k", "test", {}, AT)
        assert first.outcome() is None
        second.start()
        waits = 0
        while not waits and second.is_alive():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_stat_clear_snapshot(), (SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event = 'advisory' AND datname = current_database())"
                )
                waits = cursor.fetchone()[1]
        first.keep({"made": [1]})
    second.join(timeout=20)
    assert told == [{"made": [1]}]


def test_what_an_officer_is_answered_is_what_the_register_then_holds(licence: str) -> None:
    served, scope = date(2025, 12, 1), Scope(corridors=("XB",), occupations=("5152",))
    revoke = StepTerms(grounds=("FEE-PROHIBITED",), notice_served_on=served, immediate=True, no_conflict=True)
    grant = StepTerms(first_day=date(2026, 2, 1), last_day=date(2028, 1, 31), scope=scope, no_conflict=True)
    fresh = builders.opened(builders.agency("Redfox (DEMO)"))
    for number, action, terms in ((licence, Action.REVOKE, revoke), (fresh, Action.GRANT, grant)):
        by, key = builders.maker(AT), f"{number} 0"
        told = licensing.propose(number, action, by=by, at=AT, terms=terms, idempotency_key=key)
        assert told == licensing.proposal(told.id)
        assert told == licensing.propose(number, action, by=by, at=AT, terms=terms, idempotency_key=key)
        for place in range(told.approvals_needed):
            by, key = (
                builders.officer(Role.REGISTRAR, at=AT, number=f"REGISTRAR-{place}"),
                f"{number} {place}",
            )
            told = licensing.approve(told.id, by=by, at=AT, no_conflict=True, idempotency_key=key)
            assert replace(told, decisions=()) == licensing.proposal(told.id)
            assert told == licensing.approve(told.id, by=by, at=AT, no_conflict=True, idempotency_key=key)
        assert [decision.number for decision in told.decisions] == [number]


def test_a_refused_step_leaves_nothing_behind(licence: str) -> None:
    before = _everything()
    refusals = [
        (Action.LIFT, StepTerms(refers_to=999_999, no_conflict=True), errors.EntryNotFound),
        (Action.SUSPEND_PREVENTIVE, StepTerms(no_conflict=True), errors.StepIncomplete),
        (Action.SUSPEND_PREVENTIVE, StepTerms(grounds=("POINTS",), no_conflict=True), errors.GroundNotAllowed),
        (Action.SUSPEND_PREVENTIVE, StepTerms(grounds=("NO-SUCH",), no_conflict=True), errors.GroundNotAllowed),
        (Action.GRANT, StepTerms(first_day=date(2026, 2, 1), last_day=date(2027, 1, 1), no_conflict=True),
         errors.StepNotAllowed),
        (Action.VARY, StepTerms(effective=date(2026, 1, 2), provisional=False, no_conflict=True),
         errors.BackdatingRefused),
        (Action.REVOKE, StepTerms(grounds=("CONVICTION",), notice_served_on=AT.date(), no_conflict=True),
         errors.NoticeTooShort),
    ]  # fmt: skip
    for action, terms, refusal in refusals:
        with pytest.raises(refusal):
            licensing.propose(
                licence, action, by=builders.maker(AT), at=AT, terms=terms, idempotency_key=builders.key()
            )
    assert _everything() == before


def test_an_unknown_licence_is_not_found(licence: str) -> None:
    with pytest.raises(errors.LicenceNotFound):
        builders.take("XA-DLA-A-999999-X", Action.ACTIVATE, at=AT)


def test_a_security_is_confirmed_before_activation(licence: str) -> None:
    holder = builders.agency("Second (DEMO)", company_number="2")
    number = builders.granted(holder, "B")
    with pytest.raises(errors.SecurityNotConfirmed):
        builders.take(number, Action.ACTIVATE, at=AT)
    builders.secured(number, at=AT, until=date(2026, 12, 31))
    builders.take(number, Action.ACTIVATE, at=AT)
    assert _answer(number, AT) == "licensed"
    after = datetime(2026, 12, 31, 18, 15, tzinfo=UTC)
    answer = lookup.public_licence(number, at=after)
    assert (answer.result, answer.may_recruit) == ("not_licensed", False)
    assert '"security.missing"' in answer.body


# --- a bar of the agency -----------------------------------------------------------------------------------------


def test_a_bar_ends_every_licence_of_the_agency_in_one_commit(licence: str) -> None:
    holder = Licence.objects.get(number=licence).agency.number
    sibling = builders.active(holder, "C")
    terms = StepTerms(grounds=("TRAFFICKING",), until=date(2026, 6, 30), no_conflict=True)
    waiting = licensing.propose_for_agency(
        holder, Action.DEBAR, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="1"
    )
    licensing.approve(waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="2")
    assert _answer(licence, AT) == _answer(sibling, AT) == "licensed"
    done = licensing.approve(
        waiting.id, by=builders.registrar(AT), at=AT, no_conflict=True, idempotency_key="3"
    )
    one, two = done.decisions
    assert two.sequence == one.sequence + 1
    assert one.recorded_at == two.recorded_at
    for at in (AT, AT + 300 * DAY):
        assert _answer(licence, at) == _answer(sibling, at) == "not_licensed", (
            "a licence does not outlive a bar"
        )
    with pytest.raises(errors.AgencyDebarred):
        builders.opened(holder, at=AT)


BAR = StepTerms(grounds=("TRAFFICKING",), permanent=True, no_conflict=True)
ORDER = StepTerms(order_reference="DEMO Tribunal 7/2026", no_conflict=True)


def _together(
    holder: str, action: Action, terms: StepTerms, *, at: datetime, officers: int = 2
) -> tuple[licensing.Decision, ...]:
    """Take a step on all licences of an agency with so many officers."""
    proposes = STEPS[action].proposes
    by = builders.maker(at) if Role.OFFICER in proposes else _appeals(at)
    key = builders.key
    waiting = licensing.propose_for_agency(holder, action, by=by, at=at, terms=terms, idempotency_key=key())
    for approver in (builders.checker(at), builders.registrar(at))[: officers - 1]:
        assert waiting.decisions == ()
        waiting = licensing.approve(waiting.id, by=approver, at=at, no_conflict=True, idempotency_key=key())
    return waiting.decisions


def _appeals(at: datetime) -> Actor:
    role = min(STEPS[Action.SET_ASIDE].proposes - {Role.SYSTEM})
    return builders.officer(role, at=at)


def _barred(licence: str) -> tuple[str, str, tuple[licensing.Decision, ...]]:
    holder = Licence.objects.get(number=licence).agency.number
    sibling = builders.active(holder, "C")
    return holder, sibling, _together(holder, Action.DEBAR, BAR, at=AT, officers=3)


@pytest.mark.parametrize("from_the_beginning", [True, False])
def test_a_bar_that_is_set_aside_frees_every_licence_and_the_agency(
    licence: str, *, from_the_beginning: bool
) -> None:
    holder, sibling, made = _barred(licence)
    later = AT + 20 * DAY
    terms = replace(ORDER, refers_to=made[1].sequence, ab_initio=from_the_beginning)
    undone = _together(holder, Action.SET_ASIDE, terms, at=later)
    assert {one.number for one in undone} == {licence, sibling}
    for number in (licence, sibling):
        assert _answer(number, later) == "licensed"
        then = lookup.public_past(number, at=later - DAY, now=later)
        assert then.result == ("licensed" if from_the_beginning else "not_licensed")
    builders.active(holder, "A", at=later)
    assert list(audit.differences(at=later)) == []


def test_a_corrected_bar_is_no_bar_and_takes_as_many_officers_as_the_bar_took(licence: str) -> None:
    holder, sibling, made = _barred(licence)
    later = AT + DAY
    terms = StepTerms(grounds=("CLERICAL-ERROR",), refers_to=made[0].sequence, no_conflict=True)
    _together(holder, Action.CORRECT, terms, at=later, officers=3)
    assert _answer(licence, later) == _answer(sibling, later) == "licensed"
    builders.opened(holder, at=later)


def test_a_stayed_bar_lets_its_licences_run_but_allows_no_new_one(licence: str) -> None:
    holder, sibling, made = _barred(licence)
    later = AT + DAY
    (stay, _) = _together(holder, Action.STAY, replace(ORDER, refers_to=made[0].sequence), at=later)
    assert _answer(licence, later) == _answer(sibling, later) == "licensed"
    with pytest.raises(errors.AgencyDebarred):
        builders.opened(holder, at=later)
    _together(holder, Action.END_STAY, replace(ORDER, refers_to=stay.sequence), at=later + DAY)
    assert _answer(licence, later + DAY) == _answer(sibling, later + DAY) == "not_licensed"


def test_an_appeal_against_a_bar_is_filed_for_all_licences_at_once(licence: str) -> None:
    holder, sibling, made = _barred(licence)
    filed = licensing.decide_all(
        holder, Action.FILE_APPEAL, by=_appeals(AT), at=AT,
        terms=StepTerms(refers_to=made[0].sequence), idempotency_key="filed",
    )  # fmt: skip
    again = licensing.decide_all(
        holder, Action.FILE_APPEAL, by=_appeals(AT), at=AT,
        terms=StepTerms(refers_to=made[0].sequence), idempotency_key="filed",
    )  # fmt: skip
    assert {one.number for one in filed} == {licence, sibling}
    assert filed == again
    for number in (licence, sibling):
        assert "under_appeal" in lookup.public_licence(number, at=AT).body


def test_what_is_said_of_a_bar_is_never_said_of_one_licence(licence: str) -> None:
    holder, sibling, made = _barred(licence)
    with pytest.raises(errors.StepNotAllowed, match="a bar is of the agency"):
        licensing.propose(
            licence, Action.SET_ASIDE, by=_appeals(AT), at=AT, idempotency_key="1",
            terms=replace(ORDER, refers_to=next(d.sequence for d in made if d.number == licence)),
        )  # fmt: skip
    with pytest.raises(errors.StepNotAllowed, match="a bar is of the agency"):
        licensing.decide(
            sibling, Action.FILE_APPEAL, by=_appeals(AT), at=AT, idempotency_key="2",
            terms=StepTerms(refers_to=next(d.sequence for d in made if d.number == sibling)),
        )  # fmt: skip
    with pytest.raises(errors.StepNotAllowed, match="a step of one licence"):
        licensing.propose_for_agency(
            holder, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, idempotency_key="3", terms=DANGER
        )


def test_an_agency_without_a_licence_is_barred_and_freed_itself(db: None) -> None:
    builders.authority()
    holder = builders.agency()
    (bar,) = _together(holder, Action.DEBAR, BAR, at=AT, officers=3)
    with pytest.raises(errors.AgencyDebarred):
        builders.opened(holder, at=AT)
    _together(holder, Action.SET_ASIDE, replace(ORDER, refers_to=bar.sequence), at=AT + DAY)
    builders.active(holder, at=AT + DAY)


DISSOLVED = StepTerms(grounds=("ENTITY-DISSOLVED",), no_conflict=True)


def test_the_end_of_a_company_is_never_of_one_licence(licence: str) -> None:
    with pytest.raises(errors.StepNotAllowed, match="of the agency: take it there"):
        licensing.propose(
            licence, Action.CANCEL, by=builders.maker(AT), at=AT, terms=DISSOLVED, idempotency_key="1"
        )


def test_the_end_of_a_company_ends_every_licence_and_no_other_is_given(licence: str) -> None:
    holder = Licence.objects.get(number=licence).agency.number
    sibling, waiting = builders.active(holder, "C"), builders.opened(holder, "C", at=AT)
    made = _together(holder, Action.CANCEL, DISSOLVED, at=AT)
    assert {one.number for one in made} == {licence, sibling, waiting}
    assert _answer(licence, AT) == _answer(sibling, AT) == "not_licensed"
    with pytest.raises(errors.StepNotAllowed, match="dissolved"):
        builders.opened(holder, "A", at=AT)
    with pytest.raises(errors.StepNotAllowed, match="dissolved"):
        builders.take(
            waiting, Action.GRANT, StepTerms(first_day=date(2026, 1, 20), last_day=date(2027, 1, 19)), at=AT
        )
    assert list(audit.differences(at=AT)) == []
    later = AT + DAY
    undone = _together(holder, Action.SET_ASIDE, replace(ORDER, refers_to=made[0].sequence), at=later)
    assert {one.number for one in undone} == {licence, sibling, waiting}
    assert _answer(licence, later) == _answer(sibling, later) == "licensed"
    builders.opened(holder, "A", at=later)


def test_an_agency_that_waits_for_its_first_licence_is_dissolved_all_the_same(db: None) -> None:
    builders.authority()
    holder = builders.agency()
    (end,) = _together(holder, Action.CANCEL, DISSOLVED, at=AT)
    assert end.number == ""
    with pytest.raises(errors.StepNotAllowed, match="dissolved"):
        builders.opened(holder, at=AT)


def test_a_bar_that_is_still_to_begin_allows_no_new_licence(licence: str) -> None:
    holder = Licence.objects.get(number=licence).agency.number
    waiting = builders.opened(holder, "C", at=AT)
    terms = replace(BAR, effective=date(2026, 3, 1))
    _together(holder, Action.DEBAR, terms, at=AT, officers=3)
    assert _answer(licence, AT) == "licensed"
    with pytest.raises(errors.AgencyDebarred):
        builders.opened(holder, "B", at=AT)
    with pytest.raises(errors.AgencyDebarred):
        builders.take(
            waiting, Action.GRANT, StepTerms(first_day=date(2026, 1, 20), last_day=date(2027, 1, 19)), at=AT
        )


def test_a_revocation_is_corrected_by_three_officers(licence: str) -> None:
    sequence = builders.revoked(licence, at=AT)
    terms = StepTerms(grounds=("CLERICAL-ERROR",), refers_to=sequence, no_conflict=True)
    waiting = licensing.propose(
        licence, Action.CORRECT, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="1"
    )
    assert waiting.approvals_needed == 2
    waiting = licensing.approve(
        waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="2"
    )
    assert (waiting.state, _answer(licence, AT)) == ("open", "not_licensed")
    waiting = licensing.approve(
        waiting.id, by=builders.registrar(AT), at=AT, no_conflict=True, idempotency_key="3"
    )
    assert (waiting.state, _answer(licence, AT)) == ("approved", "licensed")


# --- two officers at the same instant ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_the_same_instant_make_one_decision() -> None:
    builders.authority()
    number = builders.active()
    waiting = licensing.propose(
        number, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=DANGER, idempotency_key="1"
    )
    gate = threading.Barrier(2)
    said: list[str] = []

    def approve(name: str) -> None:
        gate.wait()
        try:
            by = builders.officer(Role.REGISTRAR, at=AT, number=name)
            licensing.approve(waiting.id, by=by, at=AT, no_conflict=True, idempotency_key=name)
            said.append("approved")
        except errors.RegistryError as refusal:
            said.append(refusal.code)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=approve, args=(name,)) for name in ("ONE", "TWO")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["approved", "proposal.closed"]
    assert Entry.objects.filter(action=Action.SUSPEND_PREVENTIVE).count() == 1


# --- the register checks itself ----------------------------------------------------------------------------------


def test_an_honest_register_has_no_difference(licence: str) -> None:
    builders.lifted(licence, builders.suspended(licence, at=AT), at=AT + DAY)
    builders.revoked(licence, at=AT + 40 * DAY)
    for at in (AT, AT + 50 * DAY, AT + 5000 * DAY):
        assert list(audit.differences(at=at)) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE registry_licence SET state = 'revoked'", "state"),
        ("UPDATE registry_publishedrecord SET result = 'licensed', may_recruit = true", "published"),
        ("UPDATE registry_publishedrecord SET body = replace(body, 'Bluefinch', 'Redfinch')", "published"),
        ("DELETE FROM registry_publishedrecord", "published"),
        ("UPDATE registry_term SET days = '[2026-01-05,2030-01-05)'", "terms"),
    ],
)
def test_a_row_edited_by_hand_is_found(licence: str, statement: str, what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    found = list(audit.differences(at=AT))
    assert found
    assert any(difference.what.startswith(what) and difference.number == licence for difference in found)


@pytest.mark.django_db(transaction=True)
def test_what_was_edited_past_the_triggers_is_found(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    builders.authority()
    holder = builders.agency()
    number = builders.active(holder)
    by = builders.maker(AT)
    office = builders.head_office(holder, at=AT)
    builders.approved(
        agencies.amend_office(office, {"last_day": date(2026, 2, 1)}, by=by, at=AT, idempotency_key="o"),
        at=AT,
    )
    builders.approved(
        agencies.add_trading_name(holder, "Demo Name", by=by, at=AT, idempotency_key="n"), at=AT
    )
    builders.suspended(number, at=AT)
    with as_owner():
        assert list(audit.differences(at=AT)) == []
        for table, statement in (
            ("registercommit", "UPDATE {} SET recorded_at = recorded_at - interval '30 days' WHERE base > 2"),
            ("registercommit", "UPDATE {} SET recorded_at = recorded_at - interval '30 days'"),
            ("publishedrecord", "UPDATE {} SET country = 'XB'"),
            ("publishedrecord", "UPDATE {} SET withhold_from = '2040-01-01'"),
            ("sanction", "UPDATE {} SET points = 12"),
            ("office", "UPDATE {} SET last_day = NULL"),
            ("tradingname", "DELETE FROM {}"),
        ):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE registry_{table} DISABLE TRIGGER USER")
                cursor.execute(statement.format(f"registry_{table}"))
                assert cursor.rowcount, statement
                assert list(audit.differences(at=AT)), statement
                transaction.set_rollback(True)


def test_everything_published_is_written_with_the_step(licence: str) -> None:
    row = PublishedRecord.objects.filter(number=licence, span__contains=AT).get()
    newest = Entry.objects.filter(licence__number=licence).order_by("-pk").select_related("commit")[0]
    assert row.commit_id == newest.commit_id
    assert lookup.public_licence(licence, at=AT).sequence == newest.sequence
