"""Requests of persons: recorded with their last day, answered by two, and what is handed over and what is not."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from registry import (
    agencies,
    audit,
    history,
    journal,
    lookup,
    motions,
    persons,
    retrospect,
    screening,
    subjects,
)
from registry.models import Motion as MotionRow
from registry.models import Person
from registry.rules import errors
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import applying, builders, chance
from tests.builders import START
from tests.conftest import Kept
from verification import leaves

pytestmark = pytest.mark.django_db
AT = START + timedelta(days=20)
TODAY = date(2026, 1, 25)
ASKED: Mapping[str, Any] = {
    "asked_by": "Mina Rai (DEMO)", "identity_check": "Passport seen at the counter.", "words": "Everything, please.",
    "received_on": date(2026, 1, 20),
}  # fmt: skip


@pytest.fixture(scope="module")
def person(kept: Kept) -> tuple[str, str]:
    """Somebody who recruits for an agency, and the agency."""
    with kept():
        builders.authority()
        holder = builders.agency()
        builders.active(holder)
        named = agencies.appoint(
            holder, name="Mina Rai (DEMO)", role="registered_recruiter", first_day=START.date(),
            by=builders.maker(START), at=START, idempotency_key="p", birth_date=date(1980, 2, 3),
            document="P 123 456", nationality="NP",
        )  # fmt: skip
        builders.approved(named, at=START)
        return str(
            retrospect.agency(holder, by=builders.checker(AT), at=AT).appointments[0]["person"]
        ), holder


def ask(kind: str = "access", at: Any = AT, **more: Any) -> subjects.RequestRecord:
    by = builders.maker(at)
    return subjects.record(kind, by=by, at=at, idempotency_key=builders.key(), **{**ASKED, **more})


def answer(request: int, terms: Mapping[str, Any], at: Any = AT) -> motions.MotionRecord:
    moved = motions.propose(
        Motion.ANSWER, str(request), {"reason": "As asked.", **terms}, by=builders.maker(at), at=at,
        idempotency_key=builders.key(), no_conflict=True,
    )  # fmt: skip
    by = builders.checker(at)
    return motions.approve(moved.id, by=by, at=at, idempotency_key=builders.key(), no_conflict=True)


def test_a_request_has_its_last_day_and_is_overdue_after_it(person: tuple[str, str]) -> None:
    one = ask(person=person[0])
    assert (one.due_on, one.state, one.overdue) == (date(2026, 2, 19), "open", False)
    later = AT + timedelta(days=26)
    by = builders.checker(later)
    assert [(r.id, r.overdue) for r in subjects.open_ones(by=by, at=later)] == [(one.id, True)]
    again = subjects.record("access", by=builders.maker(AT), at=AT, idempotency_key="same", **ASKED)
    assert (
        subjects.record("access", by=builders.maker(AT), at=AT, idempotency_key="same", **ASKED).id
        == again.id
    )
    assert again.person == ""


def test_what_is_handed_over_is_all_that_is_held_and_no_source(person: tuple[str, str]) -> None:
    number, holder = person
    other = builders.agency("Kestrel (DEMO)")
    agencies.appoint(
        other, name="Mina Rai (DEMO)", role="director", first_day=START.date(), by=builders.maker(START), at=START,
        idempotency_key="q",
    )  # fmt: skip
    bar = motions.propose(
        Motion.BAR, number, {"last_day": "2027-01-24", "grounds": ["CONVICTION"], "reason": "Told by A. Whistler."},
        by=builders.maker(AT), at=AT, idempotency_key=builders.key(), no_conflict=True,
    )  # fmt: skip
    for by in (builders.checker(AT), builders.registrar(AT)):
        motions.approve(bar.id, by=by, at=AT, idempotency_key=builders.key(), no_conflict=True)
    screening.run_due(at=AT)
    request = ask(person=number)
    made = answer(request.id, {"answer": "give"})
    assert made.state == "approved"
    told = subjects.handed_over(request.id, by=builders.checker(AT))
    assert told["person"]["name"] == "Mina Rai (DEMO)"
    assert told["person"]["identity_paper_held"] is True
    assert [one["agency"] for one in told["appointments"]] == [holder]
    assert [one["grounds"] for one in told["bars"]] == [["CONVICTION"]]
    assert [one["what"] for one in told["decisions"]] == ["bar_person"]
    assert told["screening"][0]["compared_with"] == "somebody else on record"
    assert told["requests"][0]["asked"] == "Everything, please."
    assert len(told["versions"]) == 1
    for secret in ("Whistler", "OFFICER", Person.objects.get(number=number).document_hmac, other):
        assert secret not in json.dumps(told)
    assert subjects.one(request.id, by=builders.checker(AT), at=AT).has_file
    assert not list(audit.differences(at=AT))


def test_an_application_that_names_the_person_is_handed_over_in_their_part(person: tuple[str, str]) -> None:
    applying.submitted(AT)
    request = ask(person=person[0])
    answer(request.id, {"answer": "give"})
    told = subjects.handed_over(request.id, by=builders.checker(AT))["applications"]
    assert [one["said"]["role"] for one in told] == ["responsible_officer"]
    assert "Harbour Road" not in json.dumps(told)
    assert "hmac" not in json.dumps(told)


def test_somebody_who_is_not_on_record_is_told_so(person: tuple[str, str]) -> None:
    request = ask()
    answer(request.id, {"answer": "give"})
    assert subjects.handed_over(request.id, by=builders.checker(AT))["person"] is None


def test_a_record_is_corrected_with_its_history_and_nothing_of_it_in_the_log(person: tuple[str, str]) -> None:
    number, holder = person
    request = ask("rectification", person=number, words="My name is Meena.")
    changes = {"name": "Meena Rai (DEMO)", "birth_date": "1981-02-03", "document": "Q 777 888"}
    assert answer(request.id, {"answer": "amend", "changes": changes}).state == "approved"
    row = Person.objects.get(number=number)
    assert (row.name, row.birth_date) == ("Meena Rai (DEMO)", date(1981, 2, 3))
    assert row.document_hmac == agencies.keyed("Q 777 888")
    assert [one.values["name"] for one in history.versions_of(Person, row.pk)] == [
        "Meena Rai (DEMO)",
        "Mina Rai (DEMO)",
    ]
    assert lookup.public_agency(holder, at=AT)["persons"][0]["name"] == "Meena Rai (DEMO)"
    terms = MotionRow.objects.get(kind="answer_request").terms
    assert "777" not in chance.taken_out(json.dumps(terms))
    for told in journal.entries(after=0, limit=500):
        leaf = chance.taken_out(str(leaves.of_entry(told, "verify.example.org")))
        for secret in ("Meena", "1981", "answer_request"):
            assert secret not in leaf
    assert not list(audit.differences(at=AT))


def test_a_request_is_refused_with_its_grounds(person: tuple[str, str]) -> None:
    request = ask("rectification", person=person[0])
    answer(request.id, {"answer": "refuse", "reason": "The paper shown says what the register says."})
    found = subjects.one(request.id, by=builders.checker(AT), at=AT)
    assert (found.state, found.closed_reason) == ("refused", "The paper shown says what the register says.")
    with pytest.raises(errors.StepNotAllowed):
        answer(request.id, {"answer": "refuse"})
    with pytest.raises(errors.RequestNotFound):
        subjects.handed_over(request.id, by=builders.checker(AT))


@pytest.mark.parametrize(
    ("kind", "terms", "refusal"),
    [
        ("access", {"answer": "amend", "changes": {"name": "X"}}, errors.BadInput),
        ("access", {"answer": "shrug"}, errors.BadInput),
        ("access", {"answer": "give", "reason": ""}, errors.StepIncomplete),
        ("access", {"answer": "give", "reason": "x\x00"}, errors.BadInput),
        ("rectification", {"answer": "give"}, errors.BadInput),
        ("rectification", {"answer": "amend"}, errors.StepIncomplete),
        ("rectification", {"answer": "amend", "changes": []}, errors.StepIncomplete),
        ("rectification", {"answer": "amend", "changes": {"number": "PE-1"}}, errors.BadInput),
        ("rectification", {"answer": "amend", "changes": {"name": "Mina Rai (DEMO)"}}, errors.BadInput),
        ("rectification", {"answer": "amend", "changes": {"birth_date": "soon"}}, errors.BadInput),
        ("rectification", {"answer": "amend", "changes": {"nationality": "ZZZ"}}, errors.RegistryError),
        ("rectification", {"answer": "amend", "changes": {"document_hmac": "x"}}, errors.BadInput),
        ("rectification", {"answer": "amend", "changes": {"name": "\x00"}}, errors.RegistryError),
    ],
)
def test_what_is_no_answer_is_refused(
    person: tuple[str, str], kind: str, terms: Mapping[str, Any], refusal: type[errors.RegistryError]
) -> None:
    request = ask(kind, person=person[0])
    with pytest.raises(refusal):
        answer(request.id, terms)


def test_who_may_record_and_read_requests(person: tuple[str, str]) -> None:
    request = ask(person=person[0])
    for role in set(Role) - {Role.SYSTEM}:
        by = builders.officer(role, at=AT)
        if role not in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}:
            with pytest.raises(errors.RoleNotAllowed):
                subjects.record("access", by=by, at=AT, idempotency_key=builders.key(), **ASKED)
        if role not in persons.READERS:
            with pytest.raises(errors.RoleNotAllowed):
                subjects.one(request.id, by=by, at=AT)
    builders.authority("XB-LMA")
    foreign = builders.checker(AT, "XB-LMA")
    with pytest.raises(errors.RequestNotFound):
        subjects.one(request.id, by=foreign, at=AT)
    with pytest.raises(errors.PersonNotFound):
        subjects.record("access", by=foreign, at=AT, idempotency_key="f", person=person[0], **ASKED)
    with pytest.raises(errors.RequestNotFound):
        motions.propose(
            Motion.ANSWER, str(request.id), {"answer": "give", "reason": "x"}, by=foreign, at=AT, idempotency_key="g",
            no_conflict=True,
        )  # fmt: skip
    for about in ("0", "-1", "x", "9" * 30):
        with pytest.raises(errors.RegistryError):
            answer(about, {"answer": "give"})  # type: ignore[arg-type]
    wrongs: list[dict[str, Any]] = [
        {"received_on": TODAY + timedelta(days=1)}, {"received_on": date(2020, 1, 1)}, {"words": " "},
        {"asked_by": "x\x00"}, {"identity_check": ""}, {"kind": "gossip"},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(errors.RegistryError):
            ask(**{"person": person[0], **wrong})
    with pytest.raises(errors.StepIncomplete):
        ask("rectification")
