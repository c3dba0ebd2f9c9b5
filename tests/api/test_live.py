"""A live code by web: the form on a badge's page, its answers, JSON for programs, and limits on guessing."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from api import clients, live, throttles
from api.models import User
from api.phones import sms
from registry import agencies, holders, lookup
from tests import builders
from tests.conftest import Clock, Kept
from verification import badges, check, live_codes

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Known:
    """A licence's badge, that of a person who is enrolled, and the account in which they see their digits."""

    badge: str
    of_person: str
    account: str
    licence: str


@pytest.fixture(scope="module")
def _built(kept: Kept) -> Iterator[Known]:
    with kept(at=AT):
        yield build(AT)


def build(at: datetime) -> Known:
    """A licensed agency with a person who shows digits."""
    before = at - timedelta(days=60)
    builders.authority(at=before)
    agency = builders.agency(at=before)
    licence = builders.active(agency, at=before)
    key = holders.ask("APPLICANT-0", licence, "Its director.", at=at, idempotency_key=builders.key())
    for by in (builders.maker(at), builders.checker(at)):
        holders.confirm(key, by=by, at=at, no_conflict=True, idempotency_key=builders.key())
    made = agencies.appoint(
        agency, name="Mina Rai (DEMO)", role="registered_recruiter", first_day=before.date(),
        by=builders.maker(before), at=before, idempotency_key=builders.key(),
    )  # fmt: skip
    person = builders.approved(made, at=before)
    account = f"APPLICANT-{User.objects.create_user('mina@rai.example', email='mina@rai.example').pk}"
    live_codes.accept(live_codes.invite(person, by="APPLICANT-0", at=at), account=account, at=at)
    badge = badges.issue("licence", licence, at=at).code
    return Known(badge, badges.issue("appointment", person, at=at).code, account, licence)


@pytest.fixture
def known(_built: Known, clock: Clock) -> Known:
    clock.stop(AT)
    throttles.look_ups.forget()
    return _built


def digits(known: Known) -> str:
    """What the person's page shows."""
    return live_codes.shown(known.account, at=AT)[0].digits


def wrong(known: Known) -> str:
    """Six digits that nobody is shown."""
    return f"{(int(digits(known)) + 1) % 10**6:06}"


def send(public: Client, badge: str, told: str, **headers: str) -> Any:
    """The form of the badge's page, sent."""
    return public.post(f"/v/{badge}/live", f"digits={told}", content_type=FORM, headers=headers)


def test_the_page_of_a_badge_asks_for_the_digits_and_says_whose_they_are(
    public: Client, known: Known
) -> None:
    page = public.get(f"/v/{known.badge}").content.decode()
    assert f'action="/v/{known.badge}/live"' in page
    assert "Use your own phone" in page
    code = digits(known)
    answer = send(public, known.badge, f"{code[:3]}+{code[3:]}", origin="null")
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="verdict go"' in shown
    assert "Mina Rai (DEMO) works for Bluefinch Manpower (DEMO) and is signed in now." in shown
    assert "registered recruiter" in shown
    assert code not in shown
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    assert public.get(f"/v/{known.badge}/live?lang=en").headers["Location"] == f"/v/{known.badge}?lang=en"


def test_whatever_is_wrong_the_page_is_the_same(public: Client, known: Known) -> None:
    pages, code = {send(public, known.badge, wrong(known)).content}, digits(known)
    builders.suspended(known.licence, at=AT)
    pages.add(send(public, known.badge, code).content)
    assert len(pages) == 1
    shown = pages.pop().decode()
    assert 'class="verdict stop"' in shown
    assert "Not confirmed" in shown
    assert "Mina" not in shown


def test_a_program_gets_json(public: Client, known: Known) -> None:
    for path in (f"/v/{known.badge}/live", f"/api/v1/verify/{known.badge.lower()}/live"):
        told = public.post(path, {"digits": digits(known)}, content_type="application/json").json()
        assert told["confirmed"] is True
        assert told["person"]["name"] == "Mina Rai (DEMO)"
        told = public.post(path, {"digits": wrong(known)}, content_type="application/json").json()
        assert (told["confirmed"], told["person"], told["long_code_needed"]) == (False, None, False)
        for said in ({"digits": "12"}, {"digits": 482913}, {}, {"digits": "123456", "x": 1}):
            refused = public.post(path, said, content_type="application/json")
            assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json")


def test_a_code_of_no_badge_and_hostile_bytes_get_a_page_that_says_so(public: Client, known: Known) -> None:
    assert send(public, "XA0000000000", "123456").status_code == 404
    assert public.post(f"/v/{known.badge}/live", b"\xff" * 10, content_type=FORM).status_code == 400
    assert (
        public.post(f"/v/{known.badge}/live", b"digits=" + b"1" * 9000, content_type=FORM).status_code == 413
    )
    assert public.post(f"/v/{known.badge}/live", {"digits": "123456"}).status_code == 415, (
        "nothing is uploaded"
    )
    assert public.put(f"/v/{known.badge}/live").status_code == 405
    for digits_ in ("<b>x</b>", "%00%00", "१२३", "+", ""):
        shown = send(public, known.badge, digits_)
        assert shown.status_code == 200
        assert "<b>x</b>" not in shown.content.decode()
        assert "Type the 6 digits" in shown.content.decode()


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_another_site_can_not_send_the_form(public: Client, known: Known, headers: dict[str, str]) -> None:
    assert send(public, known.badge, digits(known), **headers).status_code == 403


def test_five_wrong_tries_in_ten_minutes_and_right_ones_cost_nothing(public: Client, known: Known) -> None:
    for _ in range(10):
        assert "Confirmed" in send(public, known.badge, digits(known)).content.decode()
    for _ in range(5):
        assert send(public, known.badge, wrong(known)).status_code == 200
    stopped = send(public, known.badge, digits(known)).content.decode()
    assert 'class="verdict unknown"' in stopped
    assert "long code" in stopped
    long = live_codes.shown(known.account, at=AT)[0].long
    assert "Mina" in send(public, known.badge, long).content.decode(), "nobody is locked out"
    for wrongs in (40, 20):
        for _ in range(wrongs):
            refused = send(public, known.badge, "1" * 12)
        throttles.look_ups.forget()  # they count as look-ups that found nothing too
    refused = send(public, known.badge, "1" * 12)
    assert refused.status_code == 429
    assert "You have asked very often" in refused.content.decode()
    assert send(public, known.of_person, digits(known)).status_code == 200, "another badge"
    elsewhere = public.post(
        f"/v/{known.badge}/live", f"digits={digits(known)}", content_type=FORM, REMOTE_ADDR="203.0.113.9"
    )
    assert "Mina" in elsewhere.content.decode()


def test_many_who_guess_together_are_stopped_and_the_real_person_is_not(public: Client, known: Known) -> None:
    found = check.verdict(known.badge, at=AT)
    ways = [found, check.verdict(known.of_person, at=AT), sms.verdict(known.licence, at=AT)]
    for place in range(20):  # at every badge for which the same digits are good, and at the number
        asker = partial(clients.keyed, f"guesser {place}")
        told = live.check(ways[place % 3], wrong(known), asker=asker, at=AT)
        assert told == live.Outcome(None, long_only=False)
    late = partial(clients.keyed, "somebody else")
    told = live.check(found, digits(known), asker=late, at=AT)
    assert told == live.Outcome(None, long_only=True)
    shown = send(public, known.badge, digits(known)).content.decode()
    assert 'class="verdict unknown"' in shown
    assert "long code" in shown
    whole = live_codes.shown(known.account, at=AT)[0].long
    assert "Mina" in send(public, known.badge, whole).content.decode()


def test_a_closed_account_confirms_nobody(public: Client, known: Known) -> None:
    code = digits(known)
    User.objects.filter(pk=known.account.removeprefix("APPLICANT-")).update(is_active=False)
    assert "Not confirmed" in send(public, known.badge, code).content.decode()
    for nobody in ("", "APPLICANT-", "OFFICER-1", "APPLICANT-x", "1"):
        assert not live.is_open(nobody)


def test_a_name_that_is_withheld_is_not_told_with_a_confirmation(public: Client, known: Known) -> None:
    agency = lookup.public_subject("licence", known.licence, at=AT).agency
    made = agencies.appoint(
        agency, name="Sita Hidden (DEMO)", role="registered_recruiter", first_day=AT.date(), public_name=False,
        withheld_reason="Threats.", by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
    )  # fmt: skip
    account = f"APPLICANT-{User.objects.create_user('sita@rai.example').pk}"
    person = builders.approved(made, at=AT)
    live_codes.accept(live_codes.invite(person, by="APPLICANT-0", at=AT), account=account, at=AT)
    code = live_codes.shown(account, at=AT)[0].digits
    page = send(public, known.badge, code).content.decode()
    told = public.post(f"/v/{known.badge}/live", {"digits": code}, content_type="application/json").json()
    message = sms.answer(f"{known.badge} {code}", "+447911123456", at=AT).text
    assert "This person works for Bluefinch Manpower (DEMO) and is signed in now." in page
    assert (told["confirmed"], told["person"]["name"]) == (True, "")
    assert message.startswith("CONFIRMED: Bluefinch Manpower (DEMO).")
    assert "Hidden" not in page + json.dumps(told) + message


@pytest.mark.django_db(transaction=True)
def test_two_at_once_can_not_try_more_often_than_one(clock: Clock) -> None:
    clock.stop(AT)
    known = build(AT)
    found, told = check.verdict(known.badge, at=AT), list[bool]()
    asker = partial(clients.keyed, "one address")
    code = wrong(known)

    def guess() -> None:
        for _ in range(6):
            told.append(live.check(found, code, asker=asker, at=AT).long_only)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told.count(False), told.count(True)) == (5, 7)
