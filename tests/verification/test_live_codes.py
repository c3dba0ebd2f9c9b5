"""Live codes: who is invited and enrolled, what is shown, who is confirmed, and what ends it at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from registry import agencies, audit, holders
from registry.rules.errors import AppointmentNotFound, HolderNotAllowed, HolderNotFound
from tests import builders
from tests.conftest import Kept
from verification import badges, check, live_codes
from verification.live_codes import Person
from verification.models import LiveEnrolment

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DIRECTOR, MINA, SITA = "APPLICANT-1", "APPLICANT-2", "APPLICANT-3"


@dataclass(frozen=True)
class World:
    """An agency with an account that acts for it, two people, and a badge for each thing."""

    agency: str
    licence: str
    office: str
    mina: str
    sita: str
    of_licence: str
    of_office: str
    of_mina: str


@pytest.fixture(scope="module")
def _built(kept: Kept) -> Iterator[World]:
    before = AT - timedelta(days=60)
    with kept(at=AT):
        builders.authority(at=before)
        agency = builders.agency(at=before)
        office = builders.head_office(agency, at=before)
        licence = builders.active(agency, at=before)
        key = holders.ask(DIRECTOR, licence, "Its director.", at=AT, idempotency_key=builders.key())
        for by in (builders.maker(AT), builders.checker(AT)):
            holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())
        mina, sita = (_appointed(agency, name, before) for name in ("Mina Rai (DEMO)", "Sita Rai (DEMO)"))
        codes = (
            badges.issue(kind, number, at=AT).code
            for kind, number in (("licence", licence), ("office", office), ("appointment", mina))
        )
        live_codes.accept(live_codes.invite(mina, by=DIRECTOR, at=AT), account=MINA, at=AT)
        yield World(agency, licence, office, mina, sita, *codes)


@pytest.fixture
def world(_built: World) -> World:
    return _built


def _appointed(agency: str, name: str, at: datetime) -> str:
    made = agencies.appoint(
        agency, name=name, role="registered_recruiter", first_day=at.date(), by=builders.maker(at), at=at,
        idempotency_key=builders.key(),
    )  # fmt: skip
    return builders.approved(made, at=at)


def asked(badge: str, code: str, *, at: datetime = AT, **more: Any) -> Person | None:
    """Whom the badge confirms by this code."""
    found = check.verdict(badge, at=at)
    return live_codes.confirmed(found, code, at=at, **({"is_open": lambda _account: True} | more))


def digits(account: str = MINA, *, at: datetime = AT) -> str:
    """What the account's page shows."""
    return live_codes.shown(account, at=at)[0].digits


def test_digits_change_each_minute_and_are_taken_for_one_more(world: World) -> None:
    first = live_codes.shown(MINA, at=AT)[0]
    assert (len(first.digits), len(first.long), first.long[:6]) == (6, 12, first.digits)
    assert first.until == AT.replace(second=0) + MINUTE
    assert live_codes.shown(MINA, at=first.until - timedelta(microseconds=1))[0].digits == first.digits
    assert digits(at=first.until) != first.digits
    for badge in (world.of_licence, world.of_office, world.of_mina):
        for later in (timedelta(0), timedelta(seconds=99)):
            told = asked(badge, first.digits, at=AT + later)
            assert told is not None
            assert (told.name, told.role) == ("Mina Rai (DEMO)", "registered_recruiter")
            assert asked(badge, first.long, at=AT + later, long_only=True) == told
        assert asked(badge, first.digits, at=AT + 2 * MINUTE) is None
        assert asked(badge, first.digits, at=AT - MINUTE) is None, "a code of the future"
        assert asked(badge, first.digits, long_only=True) is None
        assert asked(badge, first.long[:6] + "000000") is None


@pytest.mark.parametrize(
    "told", ["", "12345", "1234567", "½23456", "١٢٣٤٥٦", "12 345", "-12345", "1e1000", "0" * 5000]
)
def test_what_is_no_code_confirms_nobody(world: World, told: str) -> None:
    assert not live_codes.is_told(told)
    assert asked(world.of_mina, told) is None


def test_a_badge_of_a_person_confirms_that_person_alone(world: World) -> None:
    live_codes.accept(live_codes.invite(world.sita, by=DIRECTOR, at=AT), account=SITA, at=AT)
    code = digits(SITA)
    if code == digits(MINA):  # once in a million runs
        pytest.skip("two people are shown the same digits")
    assert asked(world.of_mina, code) is None
    told = asked(world.of_licence, code)
    assert told is not None
    assert told.name == "Sita Rai (DEMO)"


def test_a_page_asks_for_digits_only_where_somebody_may_show_some(world: World) -> None:
    other = builders.agency("Ostwind (DEMO)", company_number="C-3", at=AT)
    bare = badges.issue("licence", builders.active(other, at=AT), at=AT).code
    assert not check.verdict(bare, at=AT).live
    of_sita = badges.issue("appointment", world.sita, at=AT).code
    assert not check.verdict(of_sita, at=AT).live
    for badge in (world.of_licence, world.of_office, world.of_mina):
        assert check.verdict(badge, at=AT).live
    live_codes.end(world.mina, by=DIRECTOR, at=AT)
    for badge in (world.of_licence, world.of_office, world.of_mina):
        assert not check.verdict(badge, at=AT).live
    assert asked(bare, "000000") is None


@pytest.mark.parametrize(
    "why", ["ended", "appointment", "licence", "revoked", "badge", "account", "vouching"]
)
def test_what_ends_a_code_ends_it_with_the_next_question(world: World, why: str) -> None:
    code, is_open = digits(), dict[str, Any]()
    by = builders.maker(AT)
    if why == "ended":
        live_codes.end(world.mina, by=MINA, at=AT)
    elif why == "appointment":
        yesterday = AT.date() - DAY
        agencies.end_appointment(world.mina, last_day=yesterday, by=by, at=AT, idempotency_key=builders.key())
    elif why == "licence":
        builders.suspended(world.licence, at=AT)
    elif why == "revoked":
        builders.revoked(world.licence, at=AT)
    elif why == "badge":
        badges.withdraw(world.of_mina, reason="copied", by="XA-1", at=AT)
    elif why == "account":
        is_open = {"is_open": lambda _account: False}
    else:
        key = holders.listed(by=by, waiting=False)[0].id
        holders.end(
            key, by=by, at=AT, reason="It was not them.", no_conflict=True, idempotency_key=builders.key()
        )
    assert asked(world.of_mina, code, **is_open) is None
    if why in {"appointment", "vouching", "licence", "revoked"}:
        shown = live_codes.shown(MINA, at=AT)[0]
        assert (shown.digits, shown.long) == ("", "")
        assert shown.problem == {"vouching": "account", "appointment": "appointment"}.get(why, "licence")
    if why == "badge":
        assert asked(world.of_licence, code) is not None, "a copied badge is not the person's fault"


def test_an_invitation_is_good_once_and_for_three_days(world: World) -> None:
    key = live_codes.invite(world.sita, by=DIRECTOR, at=AT)
    told = live_codes.invited(key, at=AT)
    assert (told.name, told.role, told.agency) == ("Sita Rai (DEMO)", "registered_recruiter", world.agency)
    with pytest.raises(HolderNotFound):
        live_codes.accept(key, account=SITA, at=AT + live_codes.RUNS)
    again = live_codes.invite(world.sita, by=DIRECTOR, at=AT)
    with pytest.raises(HolderNotFound):
        live_codes.invited(key, at=AT)
    live_codes.accept(again, account=SITA, at=AT)
    for wrong in (again, "", "x" * 40, "\ud800"):
        with pytest.raises(HolderNotFound):
            live_codes.accept(wrong, account="APPLICANT-9", at=AT)
    with pytest.raises(HolderNotAllowed):
        live_codes.invite(world.sita, by=DIRECTOR, at=AT)
    stands = live_codes.of_appointments([world.mina, world.sita], at=AT)
    assert {one.stands for one in stands.values()} == {"enrolled"}


def test_nobody_shows_codes_as_two_people_of_one_agency(world: World) -> None:
    key = live_codes.invite(world.sita, by=DIRECTOR, at=AT)
    with pytest.raises(HolderNotAllowed, match="already"):
        live_codes.accept(key, account=MINA, at=AT)
    live_codes.end(world.mina, by=MINA, at=AT)
    live_codes.accept(key, account=MINA, at=AT)
    assert live_codes.shown(MINA, at=AT)[0].name == "Sita Rai (DEMO)"


def test_only_the_agency_invites_and_only_it_or_the_person_ends(world: World) -> None:
    for somebody in (SITA, MINA, "APPLICANT-77", ""):
        with pytest.raises(AppointmentNotFound):
            live_codes.invite(world.sita, by=somebody, at=AT)
    for somebody in (SITA, "APPLICANT-77", ""):
        with pytest.raises(HolderNotFound):
            live_codes.end(world.mina, by=somebody, at=AT)
    assert digits()


def test_the_table_holds_no_secret_and_an_edited_row_shows_another_code(world: World) -> None:
    code = digits()
    row = LiveEnrolment.objects.get(appointment=world.mina)
    assert code not in str(row.__dict__)
    with pytest.raises(IntegrityError), transaction.atomic():
        LiveEnrolment.objects.filter(pk=row.pk).update(account=SITA)
    with pytest.raises(IntegrityError), transaction.atomic():
        LiveEnrolment.objects.filter(pk=row.pk).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        LiveEnrolment.objects.create(
            appointment=world.mina,
            agency=world.agency,
            vouched_by=DIRECTOR,
            invited_at=AT,
            key_sha256="x",
            salt="00",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM registry_changejournal WHERE relation = 'verification_liveenrolment'"
        )
        assert cursor.fetchone()[0] == 2, "invited and accepted"
    row.account = SITA
    assert live_codes._code(row, 1, "short") != live_codes._code(
        LiveEnrolment.objects.get(appointment=world.mina), 1, "short"
    )
    assert list(audit.of_journal("verification_liveenrolment")) == []
