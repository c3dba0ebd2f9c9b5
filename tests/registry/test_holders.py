"""Accounts that act for agencies in the register: connected by two officers, answering notices, applying again."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from registry import audit, dossier, holders, lookup
from registry.admission import applicants, reading
from registry.models import Agency, Application, ChangeJournal, Entry, EntryPaper, HolderAccount
from registry.rules import errors, four_eyes
from registry.rules.applying import Action
from registry.rules.lifecycle import HOLDER, Actor, Role, StepTerms
from registry.rules.lifecycle import Action as LicenceAction
from tests import applying as apply
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ME = "APPLICANT-77"
PAPER = {
    "name": "receipts.pdf", "media_type": "application/pdf", "size": 10, "sha256": "ab" * 32, "stored_as": "x/1",
}  # fmt: skip


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force of an agency that was in the register before anybody had an account."""
    with kept():
        builders.authority(at=AT - timedelta(days=60))
        agency = builders.agency(at=AT - timedelta(days=50))
        return builders.active(agency, at=AT - timedelta(days=50))


def asked(licence: str, *, account: str = ME) -> int:
    """A request to act for the licence's agency."""
    return holders.ask(account, licence, "I am its director.", at=AT, idempotency_key=builders.key())


def confirmed(key: int, by: Actor, at: datetime = AT) -> str:
    """One officer's yes."""
    return holders.confirm(key, by=by, at=at, no_conflict=True, idempotency_key=builders.key())


def connected(licence: str, *, account: str = ME) -> int:
    """An account that two officers have connected."""
    key = asked(licence, account=account)
    confirmed(key, builders.maker(AT))
    assert confirmed(key, builders.checker(AT)) == "connected"
    return key


def ended(key: int, reason: str = "She has left.", **more: Any) -> str:
    """A connection ended or a request declined; how it stands then."""
    said: dict[str, Any] = {
        "by": builders.maker(AT),
        "at": AT,
        "no_conflict": True,
        "idempotency_key": builders.key(),
    } | more
    return holders.end(key, reason=reason, **said | more)


def served(licence: str, at: datetime = AT) -> int:
    """A notice to show cause; its number."""
    terms = StepTerms(grounds=("FEE-OVERCHARGE",), texts={"en": "Two workers paid you 900."})
    return builders.take(licence, LicenceAction.SHOW_CAUSE, terms, at=at).sequence


def answer(licence: str, notice: int, *papers: dict[str, Any], at: datetime = AT, account: str = ME) -> int:
    """The holder's answer."""
    return holders.represent(
        account, licence, notice, "They were paid back.", papers, at=at, idempotency_key=builders.key()
    )  # fmt: skip


# --- connecting


def test_two_different_officers_connect_an_account_and_before_them_it_is_nobody(licence: str) -> None:
    key = asked(licence)
    agency = Agency.objects.get().number
    assert not lookup.acts_for(ME, agency)
    with pytest.raises(errors.LicenceNotFound):
        holders.licence(ME, licence, at=AT)
    with pytest.raises(errors.DuplicateRecord):
        asked(licence)
    both = builders.officer(Role.SUPERVISOR, at=AT)
    assert confirmed(key, both) == "supported"
    assert not lookup.acts_for(ME, agency)
    with pytest.raises(errors.OwnProposal):
        confirmed(key, both)
    with pytest.raises(errors.RoleNotAllowed):
        confirmed(key, builders.officer(Role.OFFICER, at=AT, number="OFFICER-9"))
    assert confirmed(key, builders.registrar(AT)) == "connected"
    assert lookup.acts_for(ME, agency)
    assert holders.licence(ME, licence, at=AT)["number"] == licence
    assert list(audit.differences(at=AT)) == []


def test_a_first_yes_that_nobody_joins_in_seven_days_has_lapsed(licence: str) -> None:
    key = asked(licence)
    assert confirmed(key, builders.maker(AT)) == "supported"
    late = AT + four_eyes.RUNS
    shown = holders.one(key, by=builders.maker(late))
    assert [shown.stands(at=at) for at in (late - timedelta(microseconds=1), late)] == ["supported", "asked"]
    second = builders.checker(late)
    assert confirmed(key, second, late) == "supported"
    shown = holders.one(key, by=second)
    assert (shown.first_by, shown.second_by) == (second.number, "")
    assert shown.agreement(at=late).awaits(builders.registrar(late), at=late)
    for nobody in (second, builders.maker(late)):
        assert not shown.agreement(at=late).awaits(nobody, at=late)
        with pytest.raises(errors.RegistryError):
            confirmed(key, nobody, late)
    assert confirmed(key, builders.registrar(late), late) == "connected"
    shown = holders.one(key, by=second)
    assert not shown.agreement(at=late).awaits(builders.registrar(late), at=late)
    assert (
        shown.may_end(second, at=late),
        shown.may_end(builders.officer(Role.AUDITOR, at=late), at=late),
    ) == (
        True,
        False,
    )


def test_each_yes_takes_a_fresh_factor_and_a_word_on_conflicts_within_the_own_authority(licence: str) -> None:
    key = asked(licence)
    with pytest.raises(errors.SecondFactorStale):
        confirmed(key, builders.maker(AT - timedelta(minutes=6)))
    with pytest.raises(errors.ConflictNotDeclared):
        holders.confirm(key, by=builders.maker(AT), at=AT, no_conflict=False, idempotency_key="k-1")
    builders.authority("XB-DLA", at=AT)
    with pytest.raises(errors.OutsideAuthority) as refused:
        confirmed(key, builders.maker(AT, "XB-DLA"))
    assert isinstance(refused.value.unseen, errors.HolderNotFound)
    with pytest.raises(errors.RoleNotAllowed):
        holders.one(key, by=builders.officer(Role.CONSULAR, at=AT))
    assert [row.state for row in holders.listed(by=builders.maker(AT))] == ["asked"]


def test_a_list_of_accounts_asks_as_often_however_many_there_are(
    licence: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    asked(licence)
    asked(builders.active(builders.agency("Kestrel (DEMO)"), at=AT), account="APPLICANT-78")
    with django_assert_num_queries(3):
        found = holders.listed(by=builders.maker(AT))
    assert [len(one.licences) for one in found] == [1, 1]
    with django_assert_num_queries(4):
        assert len(holders.to_tell(since=AT)) == 2


def test_one_officer_ends_what_two_have_begun_and_nothing_is_read_after_it(licence: str) -> None:
    key = connected(licence)
    with pytest.raises(errors.BadInput):
        ended(key, " ")
    with pytest.raises(errors.SecondFactorStale):
        ended(key, by=builders.maker(AT - timedelta(minutes=6)))
    with pytest.raises(errors.ConflictNotDeclared):
        ended(key, no_conflict=False)
    assert [ended(key, idempotency_key="once") for _ in range(2)] == ["ended", "ended"]
    with pytest.raises(errors.LicenceNotFound):
        holders.licence(ME, licence, at=AT)
    with pytest.raises(errors.HolderNotAllowed):
        ended(key, "Again.")
    again = asked(licence)
    assert ended(again, "Not hers.") == "declined"


def test_the_table_itself_refuses_one_officer_twice(licence: str) -> None:
    key = asked(licence)
    row = HolderAccount.objects.get(pk=key)
    row.state, row.first_by, row.second_by, row.second_at = "connected", "A", "A", AT
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_whoever_was_granted_a_licence_acts_for_its_agency() -> None:
    builders.authority(at=AT - timedelta(days=60))
    number, later = apply.granted(AT)
    told = reading.one(number, by=builders.maker(later), at=later)
    assert lookup.acts_for(apply.ACCOUNT, told.agency)
    row = HolderAccount.objects.get()
    assert (row.first_by, row.second_by) == ("OFFICER-OFFICER", "OFFICER-SUPERVISOR")


def test_the_journal_holds_no_account_and_no_words(licence: str) -> None:
    key = connected(licence)
    ended(key)
    images = ChangeJournal.objects.filter(relation="registry_holderaccount").values_list("image", flat=True)
    kept = str(list(images))
    assert len(images) == 4
    assert ME not in kept
    assert "director" not in kept
    assert "left" not in kept


# --- notices and answers


def test_a_holder_answers_a_notice_with_papers_and_officers_read_it_in_the_file(licence: str) -> None:
    connected(licence)
    notice = served(licence)
    (told,) = holders.licence(ME, licence, at=AT)["notices"]
    assert (told.sequence, told.open, told.grounds) == (notice, True, ("FEE-OVERCHARGE",))
    assert told.texts == {"en": "Two workers paid you 900."}
    given = answer(licence, notice, PAPER)
    entry = Entry.objects.get(action="represent")
    assert (entry.officers, entry.published, entry.sequence) == ([HOLDER], False, given)
    held = dossier.restricted_licence(licence, by=builders.maker(AT), at=AT)
    assert held["entries"][-1]["restricted_reasons"] == (
        f"They were paid back.\n\nreceipts.pdf (SHA-256 {'ab' * 32})"
    )
    ((of, paper),) = holders.papers(licence, by=builders.maker(AT))
    assert (of, paper.name) == (given, "receipts.pdf")
    (again,) = holders.licence(ME, licence, at=AT)["notices"]
    assert [one.papers[0].sha256 for one in again.answers] == ["ab" * 32]
    assert list(audit.differences(at=AT)) == []


def test_papers_are_of_those_who_read_the_file_and_another_authority_s_licence_is_not_there(
    licence: str,
) -> None:
    connected(licence)
    answer(licence, served(licence), PAPER)
    for role in Role:
        by = builders.officer(role, at=AT)
        if role is Role.ANALYST:
            with pytest.raises(errors.RoleNotAllowed):
                holders.papers(licence, by=by)
        else:
            assert [paper.name for _, paper in holders.papers(licence, by=by)] == ["receipts.pdf"]
    builders.authority("XB-DLA", at=AT)
    for by in (builders.maker(AT, "XB-DLA"), builders.maker(AT)):
        number = licence if by.authority == "XB-DLA" else "XA-DLA-A-999999-X"
        assert holders.papers(number, by=by) == []


def test_nobody_answers_after_the_last_day_or_for_another_or_without_end(licence: str) -> None:
    connected(licence)
    notice = served(licence)
    with pytest.raises(errors.LicenceNotFound):
        answer(licence, notice, account="APPLICANT-78")
    with pytest.raises(errors.EntryNotFound):
        answer(licence, notice + 7)
    until = datetime(2026, 3, 23, 18, 15, tzinfo=UTC)
    with pytest.raises(errors.HolderNotAllowed):
        answer(licence, notice, at=until)
    for _ in range(holders.MOST_ANSWERS):
        answer(licence, notice, at=until - timedelta(seconds=1))
    with pytest.raises(errors.HolderNotAllowed):
        answer(licence, notice, at=until - timedelta(seconds=1))
    with pytest.raises(errors.BadInput):
        answer(licence, served(licence), PAPER, PAPER, PAPER, PAPER)


def test_an_answer_sent_twice_is_one_entry(licence: str) -> None:
    connected(licence)
    notice = served(licence)
    made = {
        holders.represent(ME, licence, notice, "Paid.", [PAPER], at=AT, idempotency_key="same")
        for _ in range(2)
    }
    assert len(made) == 1
    assert EntryPaper.objects.count() == 1


def test_the_holder_reads_letters_and_nothing_that_is_for_the_file_alone(licence: str) -> None:
    connected(licence)
    notice = served(licence)
    points = builders.take(
        licence, LicenceAction.ENTER_DEMERIT, StepTerms(grounds=("FEE-OVERCHARGE",), points=8), at=AT
    )
    told, addressed = holders.served(ME, licence, notice)
    assert told["action"] == "show_cause"
    assert addressed["legal_name"] == "Bluefinch Manpower (DEMO)"
    with pytest.raises(errors.EntryNotFound):
        holders.served(ME, licence, points.sequence)


@pytest.mark.parametrize("statement", ["UPDATE {} SET name = 'other'", "DELETE FROM {}"])
def test_papers_only_grow(licence: str, statement: str) -> None:
    connected(licence)
    answer(licence, served(licence), PAPER)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("registry_entrypaper"))


# --- applying again


def another(agency: str, letter: str = "C", at: datetime = AT) -> str:
    """An application of the agency for another class, sent; its number."""
    number = applicants.begin(ME, "XA-DLA", agency=agency, at=at, idempotency_key=builders.key())
    assert applicants.save(number, "scope", {"licence_class": letter}, account=ME, at=at) == ()
    applicants.submit(number, account=ME, at=at, idempotency_key=builders.key())
    return number


def granted(number: str) -> datetime:
    """Grant what was sent; when."""
    apply.take(number, Action.REVIEW, at=AT)
    apply.take(number, Action.ORDER_INSPECTION, at=AT)
    apply.take(number, Action.RECORD_INSPECTION, at=AT, on=AT.date(), **apply.INSPECTION)
    apply.take(number, Action.CALL_FOR_OBJECTIONS, at=AT)
    later = AT + timedelta(days=16)
    apply.take(number, Action.PROPOSE_GRANT, at=later, first_day=date(2026, 4, 1), last_day=date(2028, 3, 31))
    apply.take(number, Action.GRANT, at=later)
    return later


def test_a_connected_agency_renews_and_applies_for_another_class_and_the_grant_goes_to_it(
    licence: str,
) -> None:
    connected(licence)
    agency = Agency.objects.get().number
    assert reading.renewable(ME, at=AT) == [licence]
    number = applicants.begin(ME, "XA-DLA", agency=agency, at=AT, idempotency_key="b-1")
    same = {"licence_class": "A"}
    assert applicants.save(number, "scope", same, account=ME, at=AT) == ()
    with pytest.raises(errors.DuplicateRecord):
        applicants.submit(number, account=ME, at=AT, idempotency_key="s-1")
    assert applicants.save(number, "scope", {"licence_class": "C"}, account=ME, at=AT) == ()
    applicants.submit(number, account=ME, at=AT, idempotency_key="s-2")
    later = granted(number)
    assert Agency.objects.count() == 1
    held = dossier.restricted_agency(agency, by=builders.maker(later))
    assert len(held["licences"]) == 2
    renewal = apply.renewal(licence, datetime(2027, 12, 1, tzinfo=UTC), account=ME)
    assert Application.objects.get(number=renewal).agency.number == agency  # type: ignore[union-attr]
    assert list(audit.differences(at=later)) == []


def test_an_account_that_acts_for_nobody_applies_in_nobody_s_name(licence: str) -> None:
    asked(licence)
    agency = Agency.objects.get().number
    with pytest.raises(errors.AgencyNotFound):
        applicants.begin(ME, "XA-DLA", agency=agency, at=AT, idempotency_key="b-1")
    with pytest.raises(errors.LicenceNotFound):
        applicants.begin(ME, "XA-DLA", renews=licence, at=AT, idempotency_key="b-2")


def test_a_late_renewal_is_not_filed_and_is_granted_with_its_gap(licence: str) -> None:
    connected(licence)
    held = dossier.restricted_licence(licence, by=builders.maker(AT), at=AT)
    end = date.fromisoformat(held["terms"][0]["last_day"])
    late = datetime(end.year, end.month, end.day, tzinfo=UTC) + timedelta(days=5)
    number = apply.renewal(licence, late, account=ME)
    assert not Entry.objects.filter(action="file_renewal").exists()
    apply.take(number, Action.REVIEW, at=late)
    terms: dict[str, Any] = {
        "first_day": late.date() + timedelta(days=1), "last_day": end.replace(year=end.year + 2)
    }  # fmt: skip
    apply.take(number, Action.PROPOSE_GRANT, at=late, **terms)
    apply.take(number, Action.GRANT, at=late)
    assert Entry.objects.filter(action="renew_late").count() == 1


def test_whom_to_tell_of_what_was_served_and_asked(licence: str) -> None:
    key = asked(licence)
    told: Callable[[], list[tuple[str, int]]] = lambda: [  # noqa: E731 - read twice
        (one.kind, len(one.accounts)) for one in holders.to_tell(since=AT)
    ]
    assert told() == [("holder_asked", 0)]
    confirmed(key, builders.maker(AT))
    confirmed(key, builders.checker(AT))
    served(licence)
    assert told() == [("show_cause", 1), ("holder_asked", 0), ("holder_connected", 1)]


def test_an_account_that_was_ended_files_nothing_more_in_the_agency_s_name(licence: str) -> None:
    key = connected(licence)
    at = datetime(2027, 12, 1, tzinfo=UTC)
    number = applicants.begin(ME, "XA-DLA", renews=licence, at=at, idempotency_key="b-1")
    ended(key)
    with pytest.raises(errors.HolderNotAllowed):
        applicants.submit(number, account=ME, at=at, idempotency_key="s-1")
    with pytest.raises(errors.HolderNotAllowed):
        applicants.may_attach(number, account=ME, at=at)
    with pytest.raises(errors.HolderNotAllowed):
        applicants.withdraw(number, account=ME, at=at, idempotency_key="w-1")
    assert not Entry.objects.filter(action="file_renewal").exists()


@pytest.mark.parametrize("requests", [0, 1])
def test_a_grant_connects_no_account_that_was_ended_also_where_it_has_asked_again(
    licence: str, requests: int
) -> None:
    key = connected(licence)
    agency = Agency.objects.get().number
    number = another(agency)
    ended(key)
    for _ in range(requests):
        asked(licence)
    granted(number)
    assert not lookup.acts_for(ME, agency)
    assert HolderAccount.objects.filter(state="connected").count() == 0
    assert HolderAccount.objects.filter(state="asked").count() == requests


def test_an_agency_whose_licence_has_run_out_applies_for_its_class_again(licence: str) -> None:
    connected(licence)
    held = dossier.restricted_licence(licence, by=builders.maker(AT), at=AT)
    over = datetime.fromisoformat(held["terms"][0]["last_day"]).replace(tzinfo=UTC) + timedelta(days=2)
    agency = Agency.objects.get().number
    with pytest.raises(errors.DuplicateRecord):
        another(agency, "A", at=over - timedelta(days=40))
    assert another(agency, "A", at=over)
