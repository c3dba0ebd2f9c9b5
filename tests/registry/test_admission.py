"""Applications A1 to A10: lawful steps reach a licence or a refusal, and everything else is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from registry import audit, dossier, lookup
from registry.admission import applicants, cases, published, reading
from registry.journal import Change
from registry.models import (
    Application,
    ApplicationEvent,
    ApplicationText,
    ChangeJournal,
    Licence,
)
from registry.rules import applying, errors
from registry.rules.applying import STEPS, Action, Party, State
from registry.rules.lifecycle import Action as LicenceAction
from registry.rules.lifecycle import Role
from tests import applying as apply
from tests import builders
from tests.conftest import Kept
from verification import sequencing

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def submitted(kept: Kept) -> str:
    """The only application, just sent, at the first of two authorities."""
    with kept():
        builders.authority(at=AT - timedelta(days=60))
        builders.authority("XB-LMA", zone="Asia/Riyadh", at=AT - timedelta(days=60))
        return apply.submitted(AT)


@pytest.fixture
def _office() -> None:
    """The authority, without applications."""
    builders.authority(at=AT - timedelta(days=60))


def state(number: str, at: datetime = AT) -> State:
    """The state, folded."""
    return cases.case(Application.objects.get(number=number), at=at).standing.state


# --- the applicant


@pytest.mark.usefixtures("_office")
def test_a_draft_is_saved_section_by_section_whatever_is_wrong_in_it() -> None:
    number = applicants.begin("A-1", "XA-DLA", at=AT, idempotency_key="k-1")
    faults = applicants.save(
        number, "agency", {"legal_name": "Kestrel", "email": "nowhere"}, account="A-1", at=AT
    )
    wrong = {fault.field: fault.code for fault in faults}
    assert wrong["email"] == "email.invalid"
    assert wrong["company_number"] == "missing"
    held = reading.own(number, account="A-1", at=AT)
    assert held.content["agency"] == {"legal_name": "Kestrel", "email": "nowhere"}
    assert not ChangeJournal.objects.filter(image__has_key="content").exists()


@pytest.mark.usefixtures("_office")
def test_an_incomplete_application_is_refused_with_all_that_it_lacks() -> None:
    number = applicants.begin("A-1", "XA-DLA", at=AT, idempotency_key="k-1")
    with pytest.raises(errors.ApplicationIncomplete) as refused:
        applicants.submit(number, account="A-1", at=AT, idempotency_key="k-2")
    lacks = {(lack["section"], lack["field"]) for lack in refused.value.facts["lacks"]}
    assert {
        ("agency", "legal_name"),
        ("people", "role"),
        ("offices", "kind"),
        ("documents", "identity"),
    } <= lacks
    assert state(number) is State.DRAFT


@pytest.mark.usefixtures("_office")
def test_a_class_that_needs_a_security_is_not_complete_without_one() -> None:
    number = apply.drafted(AT, licence_class="B")
    applicants.save(number, "security", {}, account=apply.ACCOUNT, at=AT)
    with pytest.raises(errors.ApplicationIncomplete) as refused:
        applicants.submit(number, account=apply.ACCOUNT, at=AT, idempotency_key="k-2")
    assert {lack["section"] for lack in refused.value.facts["lacks"]} == {"security"}


@pytest.mark.usefixtures("_office")
def test_a_paper_s_number_is_kept_as_hmac_alone_and_stays_when_it_is_not_typed_again() -> None:
    number = apply.drafted(AT)
    before = reading.own(number, account=apply.ACCOUNT, at=AT).content["people"][0]
    assert "document" not in before
    assert len(before["document_hmac"]) == 64
    again = {**apply.PERSON, "document": "", "name": "Mina K. Rai", "was": "0", "document_hmac": "forged"}
    applicants.save(number, "people", [again], account=apply.ACCOUNT, at=AT)
    after = reading.own(number, account=apply.ACCOUNT, at=AT).content["people"][0]
    assert after["document_hmac"] == before["document_hmac"]
    assert after["name"] == "Mina K. Rai"


@pytest.mark.parametrize(
    "sent", ["x", 7, {"legal_name": 7}, {"legal_name": "x" * 5000}, {"legal_name": "\x00"}, [[]]]
)
@pytest.mark.usefixtures("_office")
def test_what_is_no_form_of_ours_is_refused(sent: Any) -> None:
    number = applicants.begin("A-1", "XA-DLA", at=AT, idempotency_key="k-1")
    with pytest.raises(errors.BadInput):
        applicants.save(number, "agency", sent, account="A-1", at=AT)


def test_another_account_s_application_is_not_there(submitted: str) -> None:
    for act in (
        lambda: reading.own(submitted, account="A-2", at=AT),
        lambda: applicants.save(submitted, "agency", {}, account="A-2", at=AT),
        lambda: applicants.withdraw(submitted, account="A-2", at=AT, idempotency_key="k-9"),
        lambda: reading.paper("x", number=submitted, account="A-2"),
        lambda: apply.attached(submitted, account="A-2", at=AT),
    ):
        with pytest.raises(errors.ApplicationNotFound):
            act()


@pytest.mark.usefixtures("_office")
def test_sending_twice_under_one_key_sends_once_and_what_was_sent_no_longer_changes() -> None:
    number = apply.drafted(AT)
    for _ in range(2):
        applicants.submit(number, account=apply.ACCOUNT, at=AT, idempotency_key="once")
    assert ApplicationEvent.objects.filter(action="submit").count() == 1
    with pytest.raises(errors.ApplicationStepNotAllowed):
        applicants.save(number, "agency", {}, account=apply.ACCOUNT, at=AT)
    paper = reading.own(number, account=apply.ACCOUNT, at=AT).papers[0]
    with pytest.raises(errors.ApplicationStepNotAllowed):
        applicants.detach(number, paper.reference, account=apply.ACCOUNT, at=AT)


@pytest.mark.usefixtures("_office")
def test_an_account_has_so_many_applications_at_a_time() -> None:
    for place in range(applicants.MOST_DRAFTS):
        applicants.begin("A-1", "XA-DLA", at=AT, idempotency_key=f"k-{place}")
    with pytest.raises(errors.BadInput):
        applicants.begin("A-1", "XA-DLA", at=AT, idempotency_key="k-last")


# --- the table

SAID: dict[Action, dict[str, Any]] = {
    Action.ASK: {"letter": "The lease is missing."},
    Action.RECORD_INSPECTION: {"on": AT.date(), **apply.INSPECTION},
    Action.PROPOSE_REFUSAL: {"grounds": ["FIT-PROPER"], "letter": "…"},
    Action.REFUSE: {"letter": "…"},
    Action.PROPOSE_GRANT: {"first_day": date(2026, 4, 1), "last_day": date(2028, 3, 31)},
    Action.TAKE_BACK: {"reason": "A mistake."},
    Action.RECORD_FEE: {"on": AT.date(), "reference": "R-1"},
    Action.RECORD_APPEAL: {"on": AT.date(), "text": "…"},
    Action.RECORD_OUTCOME: {"outcome": "allowed", "order_reference": "AB 1", "letter": "…"},
}
REACH: dict[State, Callable[[datetime], str]] = {
    State.SUBMITTED: apply.submitted,
    State.UNDER_REVIEW: apply.reviewed,
    State.OBJECTION_PERIOD: apply.called,
    State.MINDED_TO_REFUSE: apply.minded,
    State.REFUSED: apply.refused,
}
OFFICERS = [step for step in STEPS.values() if not step.by & set(Party)]


@pytest.mark.parametrize("reached", REACH)
@pytest.mark.usefixtures("_office")
def test_every_step_is_taken_from_its_states_by_its_roles_and_by_nobody_else(reached: State) -> None:
    number = REACH[reached](AT)
    row = Application.objects.get(number=number)
    now = cases.case(row, at=AT)
    for step in OFFICERS:
        lawful = reached in step.sources and not applying.why_not(
            step.action, now.standing, kind=row.kind, policy=now.policy, at=AT
        )
        for role in Role:
            if role is Role.SYSTEM:
                continue
            by = builders.officer(role, at=AT, number="SOMEBODY-ELSE")
            before = transaction.savepoint()
            try:
                apply.take(number, step.action, at=AT, by=by, **SAID.get(step.action, {}))
                taken = True
            except errors.RoleNotAllowed:
                assert role not in step.by
                continue
            except errors.ApplicationStepNotAllowed:
                taken = False
            finally:
                transaction.savepoint_rollback(before)
            assert role in step.by
            assert taken == lawful, (reached, step.action, role)


@pytest.mark.parametrize("action", [step.action for step in OFFICERS])
def test_another_authority_s_officer_takes_no_step(submitted: str, action: Action) -> None:
    with pytest.raises(errors.OutsideAuthority) as refused:
        apply.take(submitted, action, at=AT, by=builders.registrar(AT, "XB-LMA"), **SAID.get(action, {}))
    assert isinstance(refused.value.unseen, errors.ApplicationNotFound)
    with pytest.raises(errors.OutsideAuthority) as refused:
        reading.one(submitted, by=builders.registrar(AT, "XB-LMA"), at=AT)
    assert isinstance(refused.value.unseen, errors.ApplicationNotFound)


@pytest.mark.usefixtures("_office")
def test_a_draft_is_nobody_s_but_the_applicant_s() -> None:
    number = apply.drafted(AT)
    with pytest.raises(errors.ApplicationNotFound):
        reading.one(number, by=builders.registrar(AT), at=AT)
    with pytest.raises(errors.ApplicationNotFound):
        apply.take(number, Action.REVIEW, at=AT)
    assert reading.listed(by=builders.maker(AT), at=AT) == ([], "")


# --- the clock


def test_a_letter_has_a_day_to_answer_and_another_on_which_the_application_lapses(submitted: str) -> None:
    apply.take(submitted, Action.ASK, at=AT, letter="The lease is missing.")
    asked = reading.own(submitted, account=apply.ACCOUNT, at=AT)
    assert (asked.standing.due_for, asked.standing.due) == (
        "answer_until",
        datetime(2026, 4, 1, 18, 15, tzinfo=UTC),
    )
    lapses = datetime(2026, 5, 1, 18, 15, tzinfo=UTC)
    assert state(submitted, lapses - timedelta(seconds=1)) is State.INCOMPLETE
    assert state(submitted, lapses) is State.LAPSED
    assert applicants.expire(at=lapses) == 1
    assert Application.objects.get(number=submitted).state == "lapsed"
    with pytest.raises(errors.ApplicationStepNotAllowed):
        applicants.submit(submitted, account=apply.ACCOUNT, at=lapses, idempotency_key="late")


def test_an_application_that_was_asked_about_goes_on_when_it_is_answered(submitted: str) -> None:
    apply.take(submitted, Action.ASK, at=AT, letter="The lease is missing.")
    apply.attached(submitted, "premises", at=AT)
    applicants.submit(submitted, account=apply.ACCOUNT, at=AT + timedelta(days=3), idempotency_key="again")
    assert state(submitted, AT + timedelta(days=3)) is State.SUBMITTED


# --- objections


@pytest.mark.usefixtures("_office")
def test_the_public_objects_while_it_is_asked_and_not_after() -> None:
    number = apply.called(AT)
    applicants.object_to(number, text="They kept my passport.", at=AT, idempotency_key="o-1")
    applicants.object_to(number, text="They kept my passport.", at=AT, idempotency_key="o-1")
    assert ApplicationEvent.objects.filter(action="object").count() == 1
    over = AT + timedelta(days=15)
    with pytest.raises(errors.ApplicationStepNotAllowed):
        applicants.object_to(number, text="Late.", at=over, idempotency_key="o-2")
    told = reading.one(number, by=builders.maker(AT), at=AT)
    assert [one.said["text"] for one in told.happened if one.action == "object"] == ["They kept my passport."]
    own = reading.own(number, account=apply.ACCOUNT, at=AT)
    assert not [one for one in own.happened if one.action in {"object", "review", "record_inspection"}]


@pytest.mark.usefixtures("_office")
def test_nobody_objects_to_what_the_public_was_not_told_of() -> None:
    for number in (apply.drafted(AT), apply.submitted(AT, account="A-2")):
        with pytest.raises(errors.ApplicationNotFound):
            applicants.object_to(number, text="No.", at=AT, idempotency_key=f"o-{number}")


@pytest.mark.usefixtures("_office")
def test_a_grant_waits_for_an_inspection_and_for_the_public() -> None:
    first: dict[str, Any] = {"first_day": date(2026, 4, 1), "last_day": date(2028, 3, 31)}
    number = apply.reviewed(AT)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"inspection\.missing"):
        apply.take(number, Action.PROPOSE_GRANT, at=AT, **first)
    failed = apply.called(AT, account="A-2", points=30)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"inspection\.failed"):
        apply.take(failed, Action.PROPOSE_GRANT, at=AT + timedelta(days=20), **first)
    asked = apply.called(AT, account="A-3")
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"objections\.open"):
        apply.take(asked, Action.PROPOSE_GRANT, at=AT, **first)


# --- two officers


@pytest.mark.usefixtures("_office")
def test_a_phoenix_is_the_registrar_s_alone_to_refuse() -> None:
    number = apply.minded(AT, grounds=("PHOENIX",))
    over = AT + timedelta(days=22)
    with pytest.raises(errors.RoleNotAllowed):
        apply.take(number, Action.REFUSE, at=over, letter="…")
    apply.take(number, Action.REFUSE, at=over, by=builders.registrar(over), letter="…")
    assert state(number, over) is State.REFUSED


@pytest.mark.usefixtures("_office")
def test_a_score_that_points_to_a_phoenix_asks_for_the_registrar() -> None:
    bars = builders.active(
        builders.agency(
            legal_name="Kestrel Overseas (DEMO)", company_number="C 4711", at=AT - timedelta(days=50)
        ),
        at=AT - timedelta(days=50),
    )
    builders.revoked(bars, at=AT - timedelta(days=1))
    number, later = apply.proposed(AT, company_number="C 4711")
    found = reading.one(number, by=builders.maker(later), at=later)
    assert found.standing.score == 50
    with pytest.raises(errors.RoleNotAllowed):
        apply.take(number, Action.GRANT, at=later)
    assert [why for step, why in reading.one(number, by=builders.checker(later), at=later).hindered] == [
        "officer.registrar"
    ]
    with pytest.raises(errors.DuplicateRecord):  # the company is in the register already: one agency, not two
        apply.take(number, Action.GRANT, at=later, by=builders.registrar(later))
    assert state(number, later) is State.PROPOSED_GRANT
    assert Licence.objects.count() == 1


# --- refusal


@pytest.mark.usefixtures("_office")
def test_a_refusal_waits_for_the_answer_or_the_end_of_its_days() -> None:
    number = apply.minded(AT)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"representation\.open"):
        apply.take(number, Action.REFUSE, at=AT, letter="…")
    last = datetime(2026, 3, 23, 18, 15, tzinfo=UTC)
    with pytest.raises(errors.ApplicationStepNotAllowed, match=r"representation\.over"):
        applicants.represent(number, "Late.", account=apply.ACCOUNT, at=last, idempotency_key="r-1")
    apply.take(number, Action.REFUSE, at=last, by=builders.registrar(last), letter="…")
    assert state(number, last) is State.REFUSED


@pytest.mark.usefixtures("_office")
def test_a_refusal_is_public_for_sixty_months_and_then_gone() -> None:
    number = apply.refused(AT)
    told = published.notice(number, at=AT)
    assert (told.state, told.name, told.grounds) == ("refused", "Kestrel Overseas (DEMO)", ("FIT-PROPER",))
    assert told.appeal_until == datetime(2026, 3, 30, 18, 15, tzinfo=UTC)
    assert [one.number for one in published.refused(at=AT)] == [number]
    until = datetime(2031, 3, 2, 18, 15, tzinfo=UTC)
    assert told.public_until == until
    published.notice(number, at=until - timedelta(seconds=1))
    with pytest.raises(errors.ApplicationNotFound):
        published.notice(number, at=until)
    assert published.refused(at=until) == []


@pytest.mark.usefixtures("_office")
def test_the_public_reads_of_an_application_only_while_it_is_asked() -> None:
    for number in (apply.submitted(AT), apply.reviewed(AT, account="A-2"), apply.minded(AT, account="A-3")):
        with pytest.raises(errors.ApplicationNotFound):
            published.notice(number, at=AT)
    asked = apply.called(AT, account="A-4")
    assert [one.number for one in published.open_to_objection(at=AT)] == [asked]
    over = AT + timedelta(days=15)
    assert published.open_to_objection(at=over) == []
    with pytest.raises(errors.ApplicationNotFound):
        published.notice(asked, at=over)


@pytest.mark.usefixtures("_office")
def test_a_refusal_counts_when_the_same_name_applies_again() -> None:
    before = apply.refused(AT)
    number = apply.reviewed(AT, account="A-2", legal_name="KESTREL Overseas (Demo)")
    told = reading.one(number, by=builders.maker(AT), at=AT)
    review = next(one for one in told.happened if one.action == "review")
    assert [(match["reference"], match["why"]) for match in review.said["matches"]] == [
        (before, ["name.similar"])
    ]


# --- grant


@pytest.mark.usefixtures("_office")
def test_a_granted_licence_comes_into_force_with_its_security_and_lapses_without() -> None:
    number, later = apply.granted(AT, licence_class="B")
    licence = reading.one(number, by=builders.maker(later), at=later).licence
    with pytest.raises(errors.SecurityNotConfirmed):
        builders.take(licence, LicenceAction.ACTIVATE, at=later)
    start = later + timedelta(days=1)
    builders.secured(licence, at=start)
    builders.take(licence, LicenceAction.ACTIVATE, at=start)
    assert lookup.public_licence(licence, at=start + timedelta(days=1)).body
    stands = dossier.restricted_licence(licence, by=builders.maker(start), at=start + timedelta(days=1))
    assert stands["may_recruit"]
    idle, then = apply.granted(
        AT + timedelta(days=90), account="A-2", company_number="C 2", email="two@kestrel.example"
    )
    licence = reading.one(idle, by=builders.maker(then), at=then).licence
    lapsed = dossier.restricted_licence(licence, by=builders.maker(then), at=then + timedelta(days=31))
    assert lapsed["state"] == "cancelled"


# --- what is kept


@pytest.mark.parametrize("table", ["registry_applicationevent", "registry_applicationtext"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_events_and_words_only_grow(submitted: str, table: str, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.usefixtures("_office")
def test_the_journal_holds_each_event_and_the_digest_of_what_was_said_never_the_words() -> None:
    number = apply.called(AT)
    applicants.object_to(number, text="Marker-Objection", at=AT, idempotency_key="o-1")
    rows = ChangeJournal.objects.filter(relation="registry_applicationevent")
    assert rows.count() == ApplicationEvent.objects.count()
    told = str(list(rows.values_list("image", flat=True)))
    for word in ("Marker-Objection", "Kestrel", "Mina", "TAX-4711", "locked cabinet"):
        assert word not in told
    words = ApplicationText.objects.select_related("event").get(event__action="object")
    assert words.event.digest == cases.digest(words.salt, words.said)


@pytest.mark.usefixtures("_office")
def test_the_log_learns_nothing_of_an_application() -> None:
    apply.called(AT)
    rows = ChangeJournal.objects.filter(relation="registry_applicationevent")
    changes = [Change(row.pk, row.relation, row.operation, row.image, "") for row in rows]
    assert changes
    assert sequencing._of_changes(changes, at=AT) == []


# --- the audit


@pytest.mark.parametrize(
    ("edited", "what"),
    [
        ({"state": "granted"}, "state"),
        ({"due_at": AT}, "state"),
        ({"opened_at": AT - timedelta(days=1)}, "opened"),
        ({"submitted_at": None}, "submitted"),
    ],
)
@pytest.mark.usefixtures("_office")
def test_a_row_that_is_not_as_its_events_say_is_found_be_it_journalled_or_not(
    edited: dict[str, Any], what: str
) -> None:
    number = apply.minded(AT)
    assert list(audit.of_applications(at=AT)) == []
    Application.objects.update(**edited)
    assert [(one.number, one.what) for one in audit.of_applications(at=AT)] == [(number, what)]
    assert list(audit.of_journal("registry_application")) == []


def test_what_time_alone_does_is_no_difference_written_or_not(submitted: str) -> None:
    apply.take(submitted, Action.ASK, at=AT, letter="Send the lease.")
    for after in (0, 40, 400):
        later = AT + timedelta(days=after)
        assert list(audit.of_applications(at=later)) == []
        applicants.expire(at=later)
        assert list(audit.of_applications(at=later)) == []
    assert Application.objects.get(number=submitted).state == State.LAPSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_office")
def test_words_that_do_not_open_their_digest_are_found(as_owner: Callable[[], Any]) -> None:
    number = apply.submitted(AT)
    edits = (
        """UPDATE registry_applicationtext SET said = '{"letter": "All is well."}'""",
        "UPDATE registry_applicationtext SET salt = 'ZZ'",
        "DELETE FROM registry_applicationtext",
    )
    for edit in edits:
        with as_owner(), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL registry.redaction = 'on'")
                cursor.execute(edit)
            found = [(one.number, one.what) for one in audit.of_applications(at=AT)]
            transaction.set_rollback(True)
        assert found == [(number, "words of event 1")], edit
