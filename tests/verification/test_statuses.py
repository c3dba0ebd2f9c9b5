"""Status lists: an index for ever, states from what is published, signed on every change and ahead of the clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import Error, IntegrityError, connection, transaction

from registry import agencies, lookup
from registry.rules.lifecycle import Action, Scope, StepTerms
from tests import builders
from tests.conftest import Clock, Kept
from tests.house import House
from tests.verification.test_statuses_followed import agrees
from verification import badges, check, envelopes, public_keys, signing, standings, status_list, statuses
from verification.models import ListsPlace, ListState, SignedList, StatusIndex, StatusPublication
from verification.signing import Client
from verification.status_list import Status
from verification.verdicts import Result

START = builders.START
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db
Refresh = Callable[[datetime], int]


@pytest.fixture(scope="module")
def licences(kept: Kept) -> tuple[str, ...]:
    """An authority's licences in force, of an agency each, for two years."""
    with kept(at=START):
        builders.authority()
        return tuple(builders.active() for _ in range(5))


@pytest.fixture
def house(licences: tuple[str, ...], sign_for: Callable[..., House], clock: Clock) -> House:
    """The authority's signer."""
    clock.stop(START)
    return sign_for("XA-DLA", at=START)


@pytest.fixture
def refresh(clock: Clock) -> Refresh:
    """What the worker does at an instant."""

    def refreshed(at: datetime) -> int:
        return statuses.refresh(at=clock.stop(at))

    return refreshed


def _keys(house: House) -> list[dict[str, Any]]:
    return Client(house.path, timeout=10).keys()


def badge(number: str, kind: str = "licence") -> str:
    return badges.issue(kind, number, at=START).code


def said(code: str, at: datetime) -> Status:
    """What the list that is served at the instant says of the badge, in both formats of the IETF and the W3C."""
    place = statuses.places([code])[code]
    signed = statuses.read(place.number, at=at)
    stated, _ = status_list.unseal(signed.cwt)
    same, _ = status_list.unseal(signed.jwt)
    assert stated == same
    status = Status(stated.status(place.index))
    for text, counted in ((signed.revocation, Status.INVALID), (signed.suspension, Status.SUSPENDED)):
        claims = envelopes.read_json(envelopes.open_jws(text, kind="vc+jwt").payload)
        encoded = claims["credentialSubject"]["encodedList"]
        assert status_list.read_bitstring(encoded, place.index) == (status is counted)
    return status


def test_a_list_says_of_each_badge_what_the_register_says(
    licences: tuple[str, ...], house: House, refresh: Refresh
) -> None:
    good, suspended, revoked, cut, lost = licences
    expired = builders.active(last_day=START.date() + timedelta(days=30))
    waiting = builders.granted(builders.agency("Not yet (DEMO)"))
    builders.suspended(suspended, at=START)
    builders.revoked(revoked, at=START)
    served = START.date() - timedelta(days=30)
    terms = StepTerms(grounds=("FALSE-DOC",), notice_served_on=served, cut=Scope(corridors=("QA",)))
    builders.take(cut, Action.RESTRICT, terms, at=START)
    withdrawn = badge(lost)
    badges.withdraw(withdrawn, reason="copied", by="OFFICER-1", at=START)
    wanted = {
        badge(good): Status.VALID, badge(suspended): Status.SUSPENDED, badge(revoked): Status.INVALID,
        badge(waiting): Status.INVALID, badge(cut): Status.LIMITED, withdrawn: Status.INVALID,
    }  # fmt: skip
    refresh(START)
    assert {code: said(code, START) for code in wanted} == wanted
    end = badge(expired)
    refresh(START + timedelta(days=60))
    assert said(end, START + timedelta(days=60)) == Status.INVALID


@pytest.mark.parametrize("result", list(Result))
def test_only_a_licence_that_is_simply_good_is_valid(result: Result) -> None:
    for state in ("active", "suspended", "pending_activation", ""):
        assert (statuses.status(result, state) is Status.VALID) == (result is Result.LICENSED)
    assert statuses.status(result, "listed") is not Status.VALID, "no authority of ours issued it"


def test_every_badge_stands_in_the_lists_as_the_page_behind_its_code_says(house: House) -> None:
    agency = builders.agency()
    first, second = builders.active(agency), builders.active(agency, "C")
    office = builders.head_office(agency)
    told: dict[str, Any] = {"name": "Sita Sharma", "role": "sub_agent", "first_day": START.date()}
    by = builders.maker(START)
    person = builders.approved(
        agencies.appoint(agency, **told, by=by, at=START, idempotency_key=builders.key()), at=START
    )
    codes = [badge(first), badge(second), badge(office, "office"), badge(person, "appointment")]
    for step in (
        lambda: None,
        lambda: builders.suspended(second, at=START),
        lambda: builders.revoked(first, at=START),
    ):
        step()
        for at in (START, START + timedelta(days=400), START + timedelta(days=900)):
            known = {one.code: (one.result, one.state, one.licence) for one in standings.every(at=at)}
            verdicts = {code: check.verdict(code, at=at) for code in codes}
            assert known == {code: (v.result, v.state, v.licence) for code, v in verdicts.items()}


def test_an_index_is_drawn_by_chance_and_never_given_again(licences: tuple[str, ...], house: House) -> None:
    codes = [badge(number) for number in licences[:3]]
    with transaction.atomic():
        assert statuses.assign(codes) == 3
        assert statuses.assign(codes) == 0
    rows = list(StatusIndex.objects.order_by("badge").values_list("list", "index"))
    assert len({index for _list, index in rows}) == 3
    assert sorted(index for _list, index in rows) != [0, 1, 2]
    late = badge(licences[3])
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusIndex.objects.create(badge_id=late, list_id=rows[0][0], index=rows[0][1])
    for change in ("UPDATE verification_statusindex SET index = 1", "DELETE FROM verification_statusindex"):
        with pytest.raises(Error, match="permission denied"), transaction.atomic(), connection.cursor() as c:
            c.execute(change)
    assert set(statuses.places(codes)) == set(codes)


def test_a_full_list_gets_a_sibling(
    licences: tuple[str, ...], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statuses, "MOST_USED", 2)
    codes = [badge(number) for number in licences]
    with transaction.atomic():
        statuses.assign(codes)
    counts = [
        StatusIndex.objects.filter(list=n).count()
        for n in sorted(set(StatusIndex.objects.values_list("list", flat=True)))
    ]
    assert counts == [2, 2, 1]


def test_a_suspension_is_in_the_list_as_soon_as_the_worker_looks(
    licences: tuple[str, ...], house: House, refresh: Refresh
) -> None:
    number = licences[0]
    code = badge(number)
    refresh(START)
    sequence = builders.suspended(number, at=START + HOUR)
    assert refresh(START + HOUR) == 1
    assert said(code, START + HOUR) == Status.SUSPENDED
    builders.lifted(number, sequence, at=START + 2 * HOUR)
    refresh(START + 2 * HOUR)
    assert said(code, START + 2 * HOUR) == Status.VALID


def test_a_boundary_that_the_clock_reaches_is_signed_ahead_and_served_from_its_instant_on(
    house: House, refresh: Refresh
) -> None:
    number = builders.active(last_day=START.date() + timedelta(days=30))
    code = badge(number)
    end = lookup.public_licence(number, at=START).until
    assert end is not None
    before = end - timedelta(seconds=60)
    refresh(before)
    assert said(code, before) == Status.VALID
    assert said(code, end - timedelta(seconds=1)) == Status.VALID
    assert said(code, end) == Status.INVALID, "nobody looked since, and the list of that instant is there"
    place = statuses.places([code])[code]
    stated, _ = status_list.unseal(statuses.read(place.number, at=before).cwt)
    assert stated.expires == int((end + statuses.LIFETIME).timestamp()), "it ends with what it can't know"


def test_what_was_signed_ahead_is_dropped_when_the_boundary_is_gone(house: House, refresh: Refresh) -> None:
    number = builders.active(last_day=START.date() + timedelta(days=30))
    code = badge(number)
    end = lookup.public_licence(number, at=START).until
    assert end is not None
    refresh(end - timedelta(seconds=60))
    builders.revoked(number, at=end - timedelta(seconds=30))
    refresh(end - timedelta(seconds=20))
    for at in (end - timedelta(seconds=20), end, end + HOUR):
        assert said(code, at) == Status.INVALID


def test_a_list_is_signed_hourly_and_not_more_often_without_need(
    licences: tuple[str, ...], house: House, refresh: Refresh
) -> None:
    badge(licences[0])
    assert refresh(START) == 1
    assert refresh(START + timedelta(minutes=59)) == 0
    assert refresh(START + timedelta(minutes=60)) == 1
    assert SignedList.objects.count() == 1, "only the newest is kept"


def test_every_list_that_says_something_new_is_published_once(
    licences: tuple[str, ...], house: House, refresh: Refresh
) -> None:
    number = licences[0]
    code = badge(number)
    refresh(START)
    refresh(START + HOUR)
    builders.suspended(number, at=START + 2 * HOUR)
    refresh(START + 2 * HOUR)
    rows = list(StatusPublication.objects.order_by("id"))
    assert [row.published_at for row in rows] == [START, START + 2 * HOUR]
    place = statuses.places([code])[code]
    stated, _ = status_list.unseal(statuses.read(place.number, at=START + 2 * HOUR).cwt)
    assert (rows[-1].uri, rows[-1].sha256) == (place.uri, hashlib.sha256(stated.array).hexdigest())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT image ->> 'sha256' FROM registry_changejournal"
            " WHERE relation = 'verification_statuspublication' ORDER BY id"
        )
        assert [row[0] for row in cursor.fetchall()] == [row.sha256 for row in rows]


def test_the_lists_are_signed_by_the_authoritys_status_key(
    licences: tuple[str, ...], house: House, refresh: Refresh
) -> None:
    code = badge(licences[0])
    refresh(START)
    signed = statuses.read(statuses.places([code])[code].number, at=START)
    known = {key["kid"]: key for key in _keys(house)}
    _, envelope = status_list.unseal(signed.cwt)
    key = known[envelope.kid]
    assert (key["use"], key["authority"]) == ("status", signing.issuer("XA-DLA"))
    assert public_keys.vouches(key["jwk"], envelope.signed, envelope.signature)
    credential = envelopes.open_jws(signed.revocation, kind="vc+jwt")
    assert credential.protected["cty"] == "vc"
    assert credential.kid == f"did:web:127.0.0.1%3A8000:a:xa-dla#{envelope.kid}"
    assert public_keys.vouches(key["jwk"], credential.signed, credential.signature)
    assert json.loads(credential.payload)["credentialSubject"]["statusPurpose"] == "revocation"


def test_a_list_that_was_never_signed_is_not_found(house: House) -> None:
    with pytest.raises(statuses.ListNotFound):
        statuses.read(1, at=START)
    assert statuses.published() == []


# --- lists that lost their place


def test_a_round_without_news_looks_at_no_badge(
    licences: tuple[str, ...], house: House, clock: Clock, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in licences:
        badges.issue("licence", number, at=START)
    statuses.refresh(at=START)
    ListsPlace.objects.update(**vars_of_the_end())
    with django_assert_max_num_queries(16) as asked:
        statuses.refresh(at=START)
    assert not [one for one in asked.captured_queries if "registry_publishedrecord p" in one["sql"]]


def vars_of_the_end() -> dict[str, int]:
    """The end of the journal, as a place: in a test all is one transaction, which is read again each time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint + 1, max(id) FROM registry_changejournal")
        transaction_, journal = cursor.fetchone()
    return {"transaction": transaction_, "journal": journal}


@pytest.mark.parametrize("lost", ["place", "state", "clock"])
def test_lists_that_lost_their_place_read_every_badge_before_they_sign(
    lost: str, licences: tuple[str, ...], house: House, clock: Clock
) -> None:
    numbers = licences[:3]
    codes = [badges.issue("licence", number, at=START).code for number in numbers]
    statuses.refresh(at=START)
    builders.suspended(numbers[0], at=START)
    at = clock.stop(START + HOUR)
    ListsPlace.objects.update(**vars_of_the_end())
    if lost == "place":
        ListsPlace.objects.all().delete()
    elif lost == "state":
        ListState.objects.all().delete()
    else:
        ListsPlace.objects.update(at=at + DAY)
    assert statuses.refresh(at=at) == 1
    place = statuses.places(codes)[codes[0]]
    stated, _ = status_list.unseal(statuses.read(place.number, at=at).cwt)
    assert stated.status(place.index) == Status.SUSPENDED
    agrees(at)


def test_a_change_past_the_triggers_is_found_within_the_hour(
    licences: tuple[str, ...], house: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    codes = [badges.issue("licence", number, at=START).code for number in licences]
    statuses.refresh(at=START)
    state = ListState.objects.get()
    array = bytearray(state.array)
    status_list.write(array, statuses.places(codes)[codes[3]].index, Status.SUSPENDED)
    ListState.objects.update(array=bytes(array))
    ListsPlace.objects.update(**vars_of_the_end())
    assert statuses.reconcile(at=START + HOUR / 2) == 0
    assert statuses.reconcile(at=clock.stop(START + HOUR)) == 1
    assert "1 entries" in caplog.text
    agrees(START + HOUR)
    assert statuses.reconcile(at=START + HOUR) == 0


def test_more_changed_than_the_journal_names_so_every_badge_is_read(
    licences: tuple[str, ...], house: House, clock: Clock
) -> None:
    badges.issue("licence", licences[0], at=START)
    statuses.refresh(at=START)
    end = vars_of_the_end()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)"
            " VALUES ('registry_publishedrecord', 'I', 0, '{\"rows\": 5000, \"numbers\": null}', %s)",
            [end["transaction"]],
        )
    ListsPlace.objects.update(**end)
    statuses.refresh(at=START)
    read_at = ListsPlace.objects.get().read_at
    assert read_at is not None
    assert read_at <= START - statuses.READ_EVERY
    statuses.reconcile(at=START)
    assert ListsPlace.objects.get().reading == ""
