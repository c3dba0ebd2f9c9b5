"""Badge tokens: signed when what is published changes, verified before they are stored, read by everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import Error, connection, transaction

from registry import agencies, lookup
from registry.intake import taking
from registry.models import Licence
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.conftest import Clock, Kept
from tests.house import House
from tests.registry.test_intake import PROFILE
from verification import (
    badges,
    check,
    codec,
    keys,
    offline,
    signing,
    status_list,
    statuses,
    tokens,
    trust_list,
)
from verification.models import BadgeToken
from verification.offline import Reason
from verification.signing import Client
from verification.status_list import Status

START = builders.START
pytestmark = pytest.mark.django_db
SignFor = Callable[..., House]
Refreshed = Callable[[datetime], int]


@pytest.fixture(autouse=True)
def _stopped(clock: Clock) -> None:
    clock.stop(START)


@pytest.fixture(scope="module")
def licences(kept: Kept) -> tuple[str, ...]:
    """An authority's licences in force, of an agency each, for two years."""
    with kept(at=START):
        builders.authority()
        return tuple(builders.active() for _ in range(3))


@pytest.fixture
def house(licences: tuple[str, ...], sign_for: SignFor) -> House:
    """The authority's signer."""
    return sign_for("XA-DLA", at=START)


@pytest.fixture
def refreshed(clock: Clock) -> Refreshed:
    """What the worker does at an instant; how many tokens it signs."""

    def refresh(at: datetime) -> int:
        clock.stop(at)
        statuses.refresh(at=at)
        return tokens.refresh(at=at)

    return refresh


def trust(house: House, at: datetime) -> trust_list.TrustList:
    return signing.trust(Client(house.path, timeout=10).keys(), at=at)


def address(code: str, at: datetime, settings: Any) -> str:
    origin = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"
    return f"{origin}/v/{code}#{tokens.digits(code, at=at)}"


def test_a_badge_of_a_licence_in_force_is_signed_and_verifies_offline(
    house: House, settings: Any, refreshed: Refreshed
) -> None:
    number = builders.active(builders.agency("शुभ यात्रा रोजगार (DEMO)"))
    code = badges.issue("licence", number, at=START).code
    assert refreshed(START) == 1
    place = statuses.places([code])[code]
    listed = statuses.read(place.number, at=START)
    for form in (listed.cwt, listed.jwt):
        verdict = offline.verify(
            address(code, START, settings), trust=trust(house, START), status_list=form, at=START
        )
        assert (verdict.result, verdict.reasons) == ("licensed", (Reason.STATUS_VALID,))
    badge = verdict.badge
    assert badge is not None
    assert (badge.code, badge.licence, badge.name) == (code, number, "शुभ यात्रा रोजगार (DEMO)")
    assert badge.issuer == signing.issuer("XA-DLA")
    last = datetime.fromisoformat("2028-01-04T18:15:00+00:00")  # the end of 4 January 2028 in Kathmandu
    assert badge.expires == int(last.timestamp())


def test_asking_again_signs_nothing_new_until_something_new_is_published(
    licences: tuple[str, ...], house: House, refreshed: Refreshed
) -> None:
    number = licences[0]
    code = badges.issue("licence", number, at=START).code
    assert refreshed(START) == 1
    first = tokens.digits(code, at=START)
    assert refreshed(START + timedelta(hours=2)) == 0
    sequence = builders.suspended(number, at=START + timedelta(hours=3))
    assert refreshed(START + timedelta(hours=3)) == 0, "what is not good is not signed"
    builders.lifted(number, sequence, at=START + timedelta(hours=4))
    assert refreshed(START + timedelta(hours=4)) == 1
    assert tokens.digits(code, at=START + timedelta(hours=4)) != first
    assert BadgeToken.objects.filter(badge=code).count() == 2


def test_many_badges_are_signed_in_portions_and_the_worker_is_woken_for_the_rest(
    licences: tuple[str, ...], house: House, refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "AT_ONCE", 2)
    for number in licences:
        badges.issue("licence", number, at=START)

    def woken() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs")
            return int(cursor.fetchone()[0])

    before = woken()
    assert (refreshed(START), woken() - before) == (2, 1)
    assert (refreshed(START), woken() - before) == (1, 1)


def test_a_withdrawn_badge_and_a_licence_that_ended_get_no_token(
    licences: tuple[str, ...], house: House, refreshed: Refreshed
) -> None:
    gone, ended, _ = licences
    code = badges.issue("licence", gone, at=START).code
    badges.withdraw(code, reason="lost", by="OFFICER-1", at=START)
    badges.issue("licence", ended, at=START)
    builders.revoked(ended, at=START)
    builders.granted(builders.agency("Not yet (DEMO)"))
    assert refreshed(START) == 0


def test_a_listed_licence_is_answered_but_never_signed_until_it_is_adopted(
    sign_for: SignFor, refreshed: Refreshed, tmp_path: Path
) -> None:
    sign_for("XA-MOL", at=START)
    profile, file = tmp_path / "xa_list.toml", tmp_path / "list.csv"
    profile.write_text(PROFILE, encoding="utf-8")
    file.write_text("No.,Name,Town,Status,Class,Phone\n1,DEMO Agency,Port,Valid,A,\n", encoding="utf-8")
    taking.take_in(str(profile), file, on=START.date(), at=START, by="intake")
    (known,) = lookup.by_legacy("1", at=START)
    number = known.number
    code = badges.issue("licence", number, at=START).code
    assert check.verdict(code, at=START).result == "licensed"
    assert refreshed(START) == 0
    assert (tokens.digits(code, at=START), tokens.credential(code)) == ("", "")
    place = statuses.places([code])[code]
    stated, _ = status_list.unseal(statuses.read(place.number, at=START).cwt)
    assert stated.status(place.index) == Status.LIMITED
    day = START.date()
    terms = StepTerms(first_day=day, last_day=day.replace(year=2028), licence_class="A")
    builders.take(number, Action.ADOPT, terms, at=START, authority="XA-MOL")
    assert check.verdict(code, at=START).state == "active"
    assert refreshed(START) == 1


def test_badges_that_can_not_be_signed_keep_nobody_waiting(
    licences: tuple[str, ...], house: House, refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "AT_ONCE", 1)
    builders.authority("XB-LAB")
    for _ in range(3):
        badges.issue("licence", builders.active(authority="XB-LAB"), at=START)
    badges.issue("licence", licences[0], at=START)
    badges.issue("licence", builders.active(authority="XB-LAB"), at=START)
    assert refreshed(START) == 1, "nobody has a key for the others"


def test_an_office_and_a_person_have_tokens_of_their_own(
    licences: tuple[str, ...], house: House, settings: Any, refreshed: Refreshed
) -> None:
    agency = Licence.objects.get(number=licences[0]).agency.number
    office = builders.head_office(agency)
    told: dict[str, Any] = {"name": "Sita Sharma", "role": "sub_agent", "first_day": START.date()}
    by = builders.maker(START)
    person = builders.approved(
        agencies.appoint(agency, **told, by=by, at=START, idempotency_key=builders.key()), at=START
    )
    codes = [badges.issue(kind, number, at=START).code for kind, number in
             (("office", office), ("appointment", person))]  # fmt: skip
    assert refreshed(START) == 2
    read = [codec.decode(tokens.digits(code, at=START))[0] for code in codes]
    assert [badge.person for badge in read] == [None, "Sita Sharma"]
    assert len({badge.status_index for badge in read}) == 2


def test_a_token_is_not_shown_after_its_last_day(
    licences: tuple[str, ...], house: House, refreshed: Refreshed
) -> None:
    code = badges.issue("licence", licences[0], at=START).code
    refreshed(START)
    assert tokens.digits(code, at=START + timedelta(days=729))
    assert tokens.digits(code, at=START + timedelta(days=731)) == ""


def test_a_print_that_ends_before_its_licence_is_followed_in_time(house: House, refreshed: Refreshed) -> None:
    last = START.date() + timedelta(days=1000)
    code = badges.issue("licence", builders.active(builders.agency(), last_day=last), at=START).code
    refreshed(START)
    row = BadgeToken.objects.get(badge=code)
    assert row.expires_at == START + tokens.LONGEST_LIFE < row.term_ends_at
    late = row.expires_at - statuses.RENEWED_BEFORE
    [due] = tokens.due(at=late + timedelta(seconds=1))
    assert due.code == code
    assert tokens.due(at=late) == []


def test_after_a_theft_the_stolen_keys_badges_are_signed_again(
    licences: tuple[str, ...], house: House, clock: Clock, refreshed: Refreshed
) -> None:
    code = badges.issue("licence", licences[0], at=START).code
    refreshed(START)
    kid = BadgeToken.objects.get(badge=code).kid
    at = START + timedelta(days=1)
    keys.compromise(house.directory, kid, at=int(at.timestamp()), cutoff=0)
    keys.create(house.directory, keys.Use.BADGE, signing.issuer("XA-DLA"), at=int(at.timestamp()))
    assert refreshed(at) == 1
    newest = BadgeToken.objects.filter(badge=code).latest("id")
    assert newest.kid != kid
    assert refreshed(at) == 0


def test_without_a_signer_or_a_key_nothing_is_signed_and_nothing_breaks(
    licences: tuple[str, ...], sign_for: SignFor, refreshed: Refreshed
) -> None:
    code = badges.issue("licence", licences[0], at=START).code
    assert refreshed(START) == 0
    sign_for("XB-LMA", at=START)
    assert refreshed(START) == 0
    assert tokens.digits(code, at=START) == ""


def test_a_signer_that_is_down_is_said_and_made_good_later(
    licences: tuple[str, ...], house: House, refreshed: Refreshed
) -> None:
    code = badges.issue("licence", licences[0], at=START).code
    house.close()
    with pytest.raises(signing.SignerDown):
        tokens.refresh(at=START)
    house.open()
    refreshed(START)
    assert tokens.digits(code, at=START)


def test_tokens_only_grow_and_the_journal_takes_each(
    licences: tuple[str, ...], house: House, refreshed: Refreshed
) -> None:
    badges.issue("licence", licences[0], at=START)
    refreshed(START)
    row = BadgeToken.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT image ->> 'sha256' FROM registry_changejournal WHERE relation = 'verification_badgetoken'"
        )
        assert cursor.fetchall() == [(row.sha256,)]
    for change in ("UPDATE verification_badgetoken SET kid = ''", "DELETE FROM verification_badgetoken"):
        with pytest.raises(Error, match="permission denied"), transaction.atomic(), connection.cursor() as c:
            c.execute(change)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Cafe\u0301", "Caf\u00e9"),
        ("Left\u202eright", "Leftright"),
        ("a\tb", "ab"),
        ("x" * 81, "x" * 79 + "…"),
        ("", ""),
    ],
)
def test_a_name_is_printed_composed_without_tricks_and_not_too_long(name: str, printed: str) -> None:
    assert tokens.legible(name) == printed
