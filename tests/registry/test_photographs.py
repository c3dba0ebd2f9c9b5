"""A photograph is shown by two officers, with the person's word where it is one, and is gone by one, at once."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from registry import agencies, audit, licensing, lookup, photographs
from registry.agencies import Waiting, Written
from registry.models import Appointment, ChangeJournal, Office, Photograph
from registry.rules import errors
from registry.rules.lifecycle import Role
from tests import builders
from tests.conftest import Kept

AT = builders.START + timedelta(days=10)
TODAY = date(2026, 1, 15)
DAY = timedelta(days=1)
HOUSE, FACE, OTHER = (b"\xff\xd8\xff" + name for name in (b"a house", b"a face", b"another"))


@pytest.fixture(scope="module")
def built(kept: Kept) -> dict[str, str]:
    """An agency in force with an office and two people, one of whom nobody reads the name of."""
    with kept():
        builders.authority()
        agency = builders.agency()
        office = builders.head_office(agency)
        licence = builders.active(agency)
        recruiter = _appointed(agency, "registered_recruiter", office=office)
        owner = _appointed(agency, "beneficial_owner")
        return {
            "agency": agency,
            "office": office,
            "licence": licence,
            "recruiter": recruiter,
            "owner": owner,
        }


@pytest.fixture
def it(built: dict[str, str], db: None) -> dict[str, str]:
    """What was built."""
    return built


def _appointed(agency: str, role: str, **more: Any) -> str:
    made = agencies.appoint(
        agency,
        name=f"Mina {role} (DEMO)",
        role=role,
        first_day=date(2026, 1, 5),
        **_said(at=builders.START),
        **more,
    )
    return builders.approved(made, at=builders.START)


def _said(**more: Any) -> dict[str, Any]:
    at = more.pop("at", AT)
    return {"by": builders.maker(at), "at": at, "idempotency_key": builders.key()} | more


def shown(number: str, content: bytes = HOUSE, **more: Any) -> str:
    """Have it shown by two officers; its digest."""
    made = agencies.show_photograph(number, content, **_said(**more))
    assert isinstance(made, Waiting)
    builders.approved(made, at=AT)
    row = Office.objects.filter(number=number).first() or Appointment.objects.get(number=number)
    return str(row.photograph)


def gone(sha256: str, *, at: Any = AT) -> bool:
    """Whether the public sees it no more."""
    try:
        lookup.public_photograph(sha256, at=at)
    except errors.PhotographNotFound:
        return True
    return False


def test_nobody_sees_it_before_a_second_officer_has(it: dict[str, str]) -> None:
    made = agencies.show_photograph(it["office"], HOUSE, **_said())
    assert isinstance(made, Waiting)
    sha256 = licensing.proposal(made.proposal).change.after["photograph"]  # type: ignore[union-attr]
    assert gone(sha256)
    assert photographs.of_authority(sha256, by=builders.checker(AT)) == HOUSE
    with pytest.raises(errors.PhotographNotFound):
        photographs.of_authority(sha256, by=builders.checker(AT, "XB-LMA"))
    with pytest.raises(errors.OwnProposal):
        licensing.approve(
            made.proposal, by=builders.officer(Role.SUPERVISOR, at=AT, number="OFFICER-OFFICER"), at=AT,
            no_conflict=True, idempotency_key=builders.key(),
        )  # fmt: skip
    builders.approved(made, at=AT)
    assert lookup.public_photograph(sha256, at=AT) == HOUSE
    (office,) = json.loads(lookup.public_licence(it["licence"], at=AT).body)["offices"]
    assert office["photograph"] == sha256


def test_one_officer_takes_it_off_at_once_and_only_a_second_brings_it_back(it: dict[str, str]) -> None:
    sha256 = shown(it["office"])
    assert isinstance(agencies.withdraw_photograph(it["office"], **_said()), Written)
    assert gone(sha256)
    assert "photograph" not in lookup.public_licence(it["licence"], at=AT).body
    assert isinstance(agencies.show_photograph(it["office"], HOUSE, **_said()), Waiting)
    stale = builders.officer(Role.OFFICER, at=AT - timedelta(minutes=6))
    shown(it["recruiter"], FACE, agreed_on=TODAY)
    with pytest.raises(errors.SecondFactorStale):
        agencies.withdraw_photograph(it["recruiter"], **_said(by=stale))


def test_a_person_is_shown_by_their_own_word_while_the_public_reads_the_name(it: dict[str, str]) -> None:
    for on, field in ((None, "agreed_on"), (TODAY + DAY, "agreed_on")):
        with pytest.raises(errors.BadInput) as refusal:
            agencies.show_photograph(it["recruiter"], FACE, **_said(agreed_on=on))
        assert refusal.value.facts["field"] == field
    with pytest.raises(errors.BadInput):
        agencies.show_photograph(it["owner"], FACE, **_said(agreed_on=TODAY))
    sha256 = shown(it["recruiter"], FACE, agreed_on=TODAY)
    assert lookup.public_photograph(sha256, at=AT) == FACE
    assert sha256 not in str(lookup.public_agency(it["agency"], at=AT)), (
        "on the badge alone, on no list of people"
    )
    subject = lookup.public_subject("appointment", it["recruiter"], at=AT)
    assert subject.person is not None
    assert subject.person["photograph"] == sha256
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.filter(number=it["recruiter"]).update(public_name=False)


def test_it_goes_with_the_appointment_and_with_the_office(it: dict[str, str]) -> None:
    face, house = shown(it["recruiter"], FACE, agreed_on=TODAY), shown(it["office"])
    agencies.end_appointment(it["recruiter"], last_day=TODAY, **_said())
    tomorrow = AT + DAY
    assert not gone(face)
    assert gone(face, at=tomorrow)
    assert not gone(house, at=tomorrow)
    subject = lookup.public_subject("appointment", it["recruiter"], at=tomorrow)
    assert subject.person is not None
    assert subject.person["photograph"] == ""
    agencies.amend_office(it["office"], {"last_day": TODAY}, **_said())
    assert gone(house, at=tomorrow)
    with pytest.raises(errors.BadInput):
        agencies.show_photograph(it["office"], OTHER, **_said(at=tomorrow))


def test_what_nothing_shows_and_nothing_proposes_is_deleted(it: dict[str, str]) -> None:
    shown(it["office"], HOUSE)
    shown(it["recruiter"], FACE, agreed_on=TODAY)
    waits = agencies.show_photograph(it["office"], OTHER, **_said())
    assert isinstance(waits, Waiting)
    assert photographs.forget(at=AT + 2 * DAY) == 0
    agencies.withdraw_photograph(it["recruiter"], **_said())
    assert photographs.forget(at=AT) == 0, "whoever proposes it again today finds it"
    assert photographs.forget(at=AT + 2 * DAY) == 1
    licensing.decline(
        waits.proposal, by=builders.maker(AT), at=AT, reason="Another.", idempotency_key=builders.key()
    )
    assert photographs.forget(at=AT + 2 * DAY) == 1
    assert bytes(Photograph.objects.get().content) == HOUSE
    images = ChangeJournal.objects.filter(relation="registry_photograph").values_list("image", flat=True)
    assert all(content.hex() not in str(image) for image in images for content in (HOUSE, FACE, OTHER))
    assert not list(audit.of_journal("registry_photograph"))


def test_a_proposal_whose_picture_is_gone_is_overtaken(it: dict[str, str]) -> None:
    made = agencies.show_photograph(it["office"], HOUSE, **_said())
    assert isinstance(made, Waiting)
    Photograph.objects.all().delete()
    with pytest.raises(errors.ProposalOvertaken):
        builders.approved(made, at=AT)


def test_a_picture_that_was_taken_off_meanwhile_is_not_replaced_by_an_older_proposal(
    it: dict[str, str],
) -> None:
    shown(it["office"])
    waits = agencies.show_photograph(it["office"], OTHER, **_said())
    assert isinstance(waits, Waiting)
    agencies.withdraw_photograph(it["office"], **_said())
    with pytest.raises(errors.ProposalOvertaken):
        builders.approved(waits, at=AT)
    with pytest.raises(errors.BadInput):
        agencies.withdraw_photograph(it["office"], **_said())


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", HOUSE + bytes(photographs.LARGEST)])
def test_anything_but_a_small_jpeg_is_refused(it: dict[str, str], content: bytes) -> None:
    with pytest.raises(errors.BadInput):
        agencies.show_photograph(it["office"], content, **_said())
    assert not Photograph.objects.exists()


def test_another_authority_finds_nothing_to_change(it: dict[str, str]) -> None:
    for number in (it["office"], it["recruiter"], "OF-000999-0"):
        with pytest.raises((errors.NotFound, errors.OutsideAuthority)):
            agencies.show_photograph(number, HOUSE, **_said(by=builders.maker(AT, "XB-LMA")))


def test_what_was_known_then_shows_no_picture_that_was_withdrawn(it: dict[str, str]) -> None:
    shown(it["office"])
    then = AT + timedelta(hours=1)
    agencies.withdraw_photograph(it["office"], **_said(at=AT + timedelta(hours=2)))
    answer, _sequence = lookup.public_known(it["licence"], at=then, known_at=then, now=AT + DAY)
    assert "photograph" not in answer.body
