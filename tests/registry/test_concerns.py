"""Concerns in the register: who reads them, each lawful act once, what is kept sealed and what is forgotten."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.db import connection, connections
from django.test import override_settings

from registry.models import ChangeJournal, Concern, ConcernAct, ConcernFile, ConcernText
from registry.remedy import acts, cases, intake, published, sealing
from registry.remedy.acts import Evidence
from registry.remedy.intake import Receipt, Report
from registry.rules import errors
from registry.rules.lifecycle import Actor, Role
from tests import builders, chance
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = builders.START
OFFICER = builders.officer(Role.CASE_OFFICER, at=AT)
REPORT = Report(
    categories=("fees",), story="Mina paid.", authority="XA-DLA", language="ne", name="Mina Rai", reach="+999 1",
    wish="At night", whom="The tall man", amount="1200",
)  # fmt: skip
PHOTO = Evidence("r" * 32, "image/jpeg", 3, "0" * 64, "rr/r")


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force."""
    with kept(at=AT):
        builders.authority()
        builders.authority("XB-LMA", zone="Africa/Cairo")
        return builders.active()


@pytest.fixture
def filed(licence: str) -> Receipt:
    """A concern that was just filed."""
    return intake.file(REPORT, key="form-1", at=AT)


def triaged(code: str, *categories: str) -> None:
    cases.triage(code, categories=categories or ("fees",), by=OFFICER, at=AT, key=builders.key())


def closed(code: str) -> None:
    triaged(code)
    cases.close(code, "substantiated", by=OFFICER, at=AT, key=builders.key())


def test_a_concern_goes_from_the_person_to_its_end_and_the_person_reads_the_way(
    filed: Receipt, licence: str
) -> None:
    code, at = filed.code, AT + timedelta(hours=1)
    (line,) = cases.waiting(by=OFFICER, at=at)
    assert (line.code, line.state, line.overdue) == (code, "received", False)
    assert cases.waiting(by=OFFICER, at=AT + timedelta(hours=25))[0].overdue
    cases.triage(
        code, categories=["fees", "held"], subject=licence, by=OFFICER, at=at, key="t", note="Called."
    )
    cases.ask(code, "Where did you pay?", by=OFFICER, at=at, key="a")
    cases.refer(code, "police", by=OFFICER, at=at, key="r", why="Penal Code (DEMO) 5", note="By hand.")
    seen = intake.enter(code, filed.pin, at=at)
    assert (seen.state, seen.body, seen.outcome) == ("referred", "police", "")
    assert [(one.from_person, one.text) for one in seen.letters] == [(False, "Where did you pay?")]
    assert intake.reply(seen.ticket, "In town.", key="p", at=at)
    assert cases.waiting(by=OFFICER, at=at)[0].unread
    cases.close(code, "repaid", by=OFFICER, at=at, key="c", text="Paid.", repaid="1200.50", currency="xts")
    seen = intake.enter(code, filed.pin, at=at)
    assert (seen.state, seen.outcome, seen.repaid, seen.currency) == (
        "closed",
        "repaid",
        Decimal("1200.50"),
        "XTS",
    )
    assert [one.text for one in seen.letters] == ["Where did you pay?", "In town.", "Paid."]
    found = cases.one(code, by=OFFICER, at=at)
    assert (found.line.licence, found.line.urgent, found.line.unread) == (licence, True, False)
    assert [act.action for act in found.acts] == ["file", "triage", "ask", "refer", "reply", "close"]
    assert [act.by for act in found.acts] == [
        "person",
        *["OFFICER-CASE_OFFICER"] * 3,
        "person",
        "OFFICER-CASE_OFFICER",
    ]
    assert found.steps == ("reopen",)
    cases.reopen(code, by=OFFICER, at=at, key="o")
    assert cases.one(code, by=OFFICER, at=at).forget_at is None


def test_only_case_officers_of_the_authority_read_a_concern(filed: Receipt) -> None:
    doors: tuple[Callable[..., Any], ...] = (
        lambda by: cases.waiting(by=by, at=AT),
        lambda by: cases.listed(by=by, at=AT),
        lambda by: cases.one(filed.code, by=by, at=AT),
        lambda by: cases.person(filed.code, by=by),
        lambda by: cases.paper(filed.code, "x", by=by),
        lambda by: cases.triage(filed.code, categories=["fees"], by=by, at=AT, key="k"),
        lambda by: cases.ask(filed.code, "?", by=by, at=AT, key="k"),
        lambda by: cases.refer(filed.code, "police", by=by, at=AT, key="k", why="x"),
        lambda by: cases.close(filed.code, "withdrawn", by=by, at=AT, key="k"),
        lambda by: cases.reopen(filed.code, by=by, at=AT, key="k"),
    )
    for role in set(Role) - {Role.CASE_OFFICER}:
        for door in doors:
            with pytest.raises(errors.RoleNotAllowed):
                door(builders.officer(role, at=AT))
    elsewhere = builders.officer(Role.CASE_OFFICER, at=AT, authority="XB-LMA")
    assert cases.waiting(by=elsewhere, at=AT) == []
    for door in doors[2:]:
        with pytest.raises(errors.ConcernNotFound):
            door(elsewhere)
    with pytest.raises(errors.OutsideAuthority):
        cases.waiting(by=Actor("X", None, frozenset({Role.CASE_OFFICER})), at=AT)
    assert ConcernAct.objects.count() == 1


def test_who_reports_is_shown_apart_and_stands_nowhere_in_clear(filed: Receipt) -> None:
    found = cases.one(filed.code, by=OFFICER, at=AT)
    assert "Mina Rai" not in repr(found)
    assert found.acts[0].words["story"] == "Mina paid."
    assert cases.person(filed.code, by=OFFICER) == cases.Person("Mina Rai", "+999 1", "At night")
    with connection.cursor() as cursor:
        for table in (
            "concern",
            "concernact",
            "concerntext",
            "concernfile",
            "changejournal",
            "idempotencykey",
        ):
            cursor.execute(
                f"SELECT coalesce(string_agg(row_to_json(t)::text, ' '), '') FROM registry_{table} t"
            )
            told = chance.taken_out(cursor.fetchone()[0])
            for secret in ("Mina", "+999 1", "night", "tall man", filed.pin):
                assert secret not in told, (table, secret)
    assert not ChangeJournal.objects.filter(relation__startswith="registry_concern").exists()


def test_sealed_words_open_with_the_key_and_in_their_place_alone(filed: Receipt) -> None:
    text = ConcernText.objects.get()
    with override_settings(REGISTRY_CONCERN_KEY="another"), pytest.raises(InvalidTag):
        acts.words_of(text.act)
    with pytest.raises(InvalidTag):
        sealing.unseal_words(bytes(text.sealed), about="act 0.0")
    assert acts.unseal_file(acts.seal_file(b"abc", reference="x"), reference="x") == b"abc"
    with pytest.raises(InvalidTag):
        acts.unseal_file(acts.seal_file(b"abc", reference="x"), reference="y")


def test_a_gateway_learns_where_to_send_and_nothing_else(filed: Receipt) -> None:
    assert intake.reach(filed.code) == ("ne", "", "XA"), (
        "it is safe at night: an officer reads that, no machine"
    )
    always = intake.file(replace(REPORT, wish=""), key="a", at=AT)
    assert intake.reach(always.code) == ("ne", "+999 1", "XA")
    silent = intake.file(replace(REPORT, reach="", wish=""), key="s", at=AT)
    assert intake.reach(silent.code) == ("ne", "", "XA")


def test_the_same_form_is_filed_once_whatever_happens_between(filed: Receipt) -> None:
    again = intake.file(REPORT, key="form-1", at=AT + timedelta(days=3))
    assert (again.code, again.pin, again.repeated) == (filed.code, filed.pin, True)
    assert intake.file(replace(REPORT, story="More."), key="form-1", at=AT).code != filed.code
    assert intake.file(REPORT, key="form-2", at=AT).code != filed.code


@pytest.mark.parametrize(
    ("report", "refusal"),
    [
        (replace(REPORT, categories=()), errors.StepIncomplete),
        (replace(REPORT, categories=("fees", "x")), errors.StepIncomplete),
        (replace(REPORT, story=" "), errors.StepIncomplete),
        (replace(REPORT, story="x" * 10_001), errors.BadInput),
        (replace(REPORT, authority="XC-NO"), errors.AuthorityNotFound),
    ],
)
def test_a_report_that_says_nothing_is_refused(
    licence: str, report: Report, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        intake.file(report, key="k", at=AT)
    with pytest.raises(errors.BadInput):
        intake.file(REPORT, key="k", at=AT, files=[PHOTO] * 5)
    assert not Concern.objects.exists()


def test_each_act_of_an_officer_is_taken_once(filed: Receipt) -> None:
    for _ in range(2):
        cases.triage(filed.code, categories=["fees"], by=OFFICER, at=AT, key="same")
        cases.ask(filed.code, "Where?", by=OFFICER, at=AT, key="same-2")
    assert ConcernAct.objects.count() == 3
    cases.ask(filed.code, "And when?", by=OFFICER, at=AT, key="same-2")
    assert ConcernAct.objects.count() == 4, "other words are not swallowed because the page was the same"
    for wrong in ((), ("x",)):
        with pytest.raises(errors.StepIncomplete):
            cases.triage(filed.code, categories=wrong, by=OFFICER, at=AT, key="other")
    for subject in ("nonsense", "AG-000999-0", "XA-DLA-A-000999-1"):
        with pytest.raises(errors.BadInput):
            cases.triage(filed.code, categories=["fees"], subject=subject, by=OFFICER, at=AT, key="other")
    for repaid, currency in (
        ("much", "XTS"),
        ("0", "XTS"),
        ("NaN", "XTS"),
        ("1e30", "XTS"),
        ("1.00001", "XTS"),
        ("1", "X"),
    ):
        with pytest.raises(errors.BadInput):
            cases.close(
                filed.code, "repaid", by=OFFICER, at=AT, key="other", repaid=repaid, currency=currency
            )
    with pytest.raises(errors.StepIncomplete):
        cases.ask(filed.code, " ", by=OFFICER, at=AT, key="other")
    assert ConcernAct.objects.count() == 4


def test_it_is_passed_on_with_consent_or_where_it_is_urgent(filed: Receipt) -> None:
    triaged(filed.code)
    with pytest.raises(errors.ConsentMissing):
        cases.refer(filed.code, "police", by=OFFICER, at=AT, key="r", why="I say so")
    with pytest.raises(errors.StepIncomplete):
        cases.refer(filed.code, "nobody", by=OFFICER, at=AT, key="r", agreed=True)
    cases.refer(filed.code, "inspection", by=OFFICER, at=AT, key="r", agreed=True)
    assert cases.one(filed.code, by=OFFICER, at=AT).consent


def test_when_its_time_is_over_every_word_and_file_goes_and_the_codes_stay(licence: str) -> None:
    filed = intake.file(REPORT, key="f", files=[PHOTO], at=AT)
    closed(filed.code)
    erased: list[str] = []
    row = Concern.objects.get()
    assert row.forget_at is not None
    assert row.forget_at.date().isoformat() == "2028-01-05", (
        "twenty-four months by default, to the end of the day"
    )
    before = row.forget_at - timedelta(seconds=1)
    assert cases.forgettable(at=before) == []
    assert not cases.forget(filed.code, at=before, erase=erased.append)
    assert cases.forgettable(at=row.forget_at) == [filed.code]
    assert cases.forget(filed.code, at=row.forget_at, erase=erased.append)
    assert not cases.forget(filed.code, at=row.forget_at, erase=erased.append)
    assert erased == ["rr/r"]
    assert not ConcernText.objects.exists()
    assert not ConcernFile.objects.exists()
    found = cases.one(filed.code, by=OFFICER, at=row.forget_at)
    assert [act.action for act in found.acts] == ["file", "triage", "close", "forget"]
    assert (found.outcome, found.steps) == ("substantiated", ())
    assert cases.person(filed.code, by=OFFICER) == cases.Person("", "", "")
    with pytest.raises(errors.ConcernForgotten):
        cases.reopen(filed.code, by=OFFICER, at=row.forget_at, key="k")
    seen = intake.enter(filed.code, filed.pin, at=row.forget_at)
    assert (seen.state, seen.outcome, seen.forgotten) == ("closed", "substantiated", True)
    with pytest.raises(errors.ConcernForgotten):
        intake.reply(seen.ticket, "More.", key="k", at=row.forget_at)


def test_a_licence_of_another_authority_is_left_to_the_words(licence: str) -> None:
    for authority, expected in (("XA-DLA", licence), ("XB-LMA", "")):
        receipt = intake.file(replace(REPORT, authority=authority, licence=licence), key=authority, at=AT)
        found = Concern.objects.get(code=receipt.code)
        assert (found.licence, bool(found.agency)) == (expected, bool(expected))


def test_small_counts_are_told_to_nobody(licence: str) -> None:
    for n in range(10):
        assert cases.counts(by=OFFICER) == []
        intake.file(replace(REPORT, licence=licence), key=f"k{n}", at=AT)
    ((agency, category, number),) = cases.counts(by=OFFICER)
    assert (category, number) == ("fees", 10)
    assert agency.startswith("AG-")
    with pytest.raises(errors.RoleNotAllowed):
        cases.counts(by=builders.registrar(AT))


def test_what_the_public_reads_before_it_reports(licence: str) -> None:
    assert [one.code for one in published.offices(at=AT)] == ["XA-DLA", "XB-LMA"]
    meant = published.licence_meant(licence.lower().replace("-", " "))
    assert meant is not None
    assert (meant[0], meant[2]) == (licence, "XA-DLA")
    assert published.licence_meant("Bluefinch") is None


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_file_one_concern_and_tries_at_once_are_all_counted() -> None:
    builders.authority()
    filed: list[Receipt] = []
    refused: list[type[Exception]] = []

    def press() -> None:
        try:
            filed.append(intake.file(REPORT, key="same", at=AT))
        finally:
            connections.close_all()

    def guess(pin: str) -> None:
        try:
            intake.enter(filed[0].code, pin, at=AT)
        except errors.RegistryError as refusal:
            refused.append(type(refusal))
        finally:
            connections.close_all()

    _together([Thread(target=press) for _ in range(4)])
    assert len({(one.code, one.pin) for one in filed}) == Concern.objects.count() == 1
    assert sorted(one.repeated for one in filed) == [False, True, True, True]
    wrong = f"{(int(filed[0].pin) + 1) % 1_000_000:06d}"
    _together([Thread(target=guess, args=(wrong,)) for _ in range(8)])
    assert sorted(one.__name__ for one in refused) == ["ConcernNotFound"] * 5 + ["TriesUsedUp"] * 3


def _together(threads: list[Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()
