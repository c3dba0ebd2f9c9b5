"""Signing in at the desk's own pages: one form, one no, a new session each time, and an end to guessing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.test import Client

from api import auth
from api.models import Officer, User
from tests.api.at_desk import Pages
from tests.api.officials import PASSWORD, Answer, Device, appoint, sign_in
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """The device of an officer, whose time stands still."""
    device = Device(officer=appoint("DLA-7", "XA-DLA", "officer"))
    monkeypatch.setattr(totp, "time", device)
    return device


@pytest.fixture
def page(desk: Client) -> Pages:
    """A browser at the desk that must send our forms' tokens."""
    desk.handler.enforce_csrf_checks = True
    return Pages(desk)


def _enter(page: Pages, code: str, username: str = "dla-7", password: str = PASSWORD) -> Answer:
    return page.send("sign-in", username=username, password=password, code=code)


def test_an_officer_signs_in_and_comes_where_they_were_going(page: Pages, device: Device) -> None:
    sent_away = page.get("keys")
    assert sent_away.headers["Location"] == "/desk/sign-in?next=%2Fdesk%2Fkeys"
    answer = page.send("sign-in?next=/desk/keys", username="dla-7", password=PASSWORD, code=device.code)
    assert answer.headers["Location"] == "/desk/keys"
    assert page.get("keys").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    ["https://elsewhere.example/", "//elsewhere.example", "/admin/", "/desk/../admin/", "javascript:1"],
)
def test_signing_in_leads_nowhere_else(page: Pages, device: Device, elsewhere: str) -> None:
    answer = page.send("sign-in", username="dla-7", password=PASSWORD, code=device.code, next=elsewhere)
    assert answer.headers["Location"].startswith("/desk/")


@pytest.mark.parametrize(
    ("username", "password", "wrong_code"),
    [("dla-7", "guessed it", ""), ("nobody", PASSWORD, ""), ("dla-7", PASSWORD, "000000")],
)
def test_a_refusal_does_not_say_what_was_wrong(
    page: Pages, device: Device, username: str, password: str, wrong_code: str
) -> None:
    answer = _enter(page, wrong_code or device.code, username, password)
    assert answer.status_code == 401
    told = answer.content.decode()
    assert "We do not say which was wrong" in told
    assert password not in told
    assert page.get("").status_code == 302


def test_the_session_of_before_is_not_the_session_of_after(page: Pages, device: Device) -> None:
    page.get("sign-in")
    page.client.session["planted"] = "1"
    page.client.session.save()
    before = page.client.session.session_key
    _enter(page, device.code)
    after = page.client.cookies[settings.SESSION_COOKIE_NAME].value
    assert after != before
    page.client.cookies[settings.SESSION_COOKIE_NAME] = before or ""
    assert page.get("").headers["Location"].startswith("/desk/sign-in")


def test_guessing_ends_soon_and_for_the_right_code_too(page: Pages, device: Device) -> None:
    answers = [_enter(page, f"{guess:06}").status_code for guess in range(8)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429
    assert _enter(page, device.next()).status_code == 429


def test_guessing_passwords_ends_soon(page: Pages, device: Device) -> None:
    answers = [_enter(page, device.code, password=f"guess {n}").status_code for n in range(8)]
    assert answers[-1] == 429


def test_a_form_without_its_token_is_refused_with_a_page(page: Pages, device: Device) -> None:
    page.get("sign-in")
    sent = {"username": "dla-7", "password": PASSWORD, "code": device.code}
    answer = page.client.post("/desk/sign-in", sent)
    assert answer.status_code == 403
    assert "text/html" in answer.headers["Content-Type"]
    assert page.get("").status_code == 302


def test_signing_out_needs_a_press_and_ends_the_session(page: Pages, device: Device) -> None:
    _enter(page, device.code)
    key = page.client.cookies[settings.SESSION_COOKIE_NAME].value
    page.get("sign-out")
    assert page.get("keys").status_code == 200
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.get("keys").content.decode())
    assert token
    page.client.post("/desk/sign-out", {"csrfmiddlewaretoken": token[1]})
    page.client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert page.get("").headers["Location"].startswith("/desk/sign-in")


def test_an_officer_sees_their_sessions_and_ends_the_others(
    new_desk: Callable[[], Client], device: Device
) -> None:
    here, there = Pages(new_desk()), Pages(new_desk())
    _enter(here, device.code)
    _enter(there, device.next())
    assert here.get("account").content.decode().count("End it") == 1
    here.send("account", session="")
    assert there.get("").headers["Location"].startswith("/desk/sign-in")
    assert here.get("keys").status_code == 200


def test_an_account_without_a_device_gets_no_further_than_setting_one_up(page: Pages) -> None:
    Officer.objects.create(number="DLA-9", authority="XA-DLA", roles=["officer"], appointed_at=AT)
    User.objects.create_user("dla-9", password=PASSWORD, officer_number="DLA-9")
    page.send("sign-in?first", username="dla-9", password=PASSWORD)
    for path in ("", "agencies", "account", "account/recovery-codes"):
        assert page.get(path).headers["Location"].startswith("/desk/account/set-up")


def test_the_door_without_a_code_is_closed_to_an_account_that_has_a_device(
    page: Pages, device: Device
) -> None:
    answer = page.send("sign-in?first", username="dla-7", password=PASSWORD)
    assert answer.status_code == 401
    assert page.get("").headers["Location"].startswith("/desk/sign-in")


def test_a_session_opened_by_password_alone_sets_no_second_device_up(page: Pages, device: Device) -> None:
    page.client.force_login(device.officer)
    assert page.get("account/set-up").headers["Location"].startswith("/desk/second-factor")
    added = page.client.post("/desk/passkey/options", "{}", content_type="application/json")
    assert added.status_code == 403
    assert Authenticator.objects.filter(user=device.officer, type="webauthn").count() == 0


def test_every_challenge_to_a_passkey_asks_for_its_owners_finger_face_or_pin(
    page: Pages, device: Device
) -> None:
    """One that asks for less, begun by who is signed in, could be answered at sign-in by a key that was found."""

    def asked() -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', str(page.get("sign-in").content))
        assert token
        answer = page.client.post(
            "/desk/passkey/options",
            "{}",
            content_type="application/json",
            headers={"X-CSRFToken": token[1]},
        )
        return str(answer.json()["publicKey"]["userVerification"])

    assert asked() == "required"
    _enter(page, device.code)
    assert asked() == "required"


def test_the_second_factor_is_given_again_once_a_code(page: Pages, device: Device, clock: Clock) -> None:
    clock.stop(AT)
    _enter(page, device.code)
    clock.stop(AT + timedelta(minutes=6))
    assert page.send("second-factor", code=device.code).status_code == 422
    assert page.send("second-factor?next=/desk/keys", code=device.next()).headers["Location"] == "/desk/keys"
    session = page.client.session
    assert auth.second_factor_at(session) == AT + timedelta(minutes=6)


@pytest.mark.parametrize("name", ["a\\u0000b", "\\u0000", "half \\ud83d"])
def test_a_passkeys_name_that_can_not_be_kept_is_refused(desk: Client, device: Device, name: str) -> None:
    client = sign_in(desk, device.officer).client
    body = f'{{"name": "{name}", "credential": {{"id": "x"}}}}'
    answer = client.post("/desk/passkey/add", body, content_type="application/json")
    assert answer.status_code == 400
    assert "can not be kept" in answer.json()["wrong"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"[" * 19_000, b'{"credential": 7}', b'{"credential": {}}', b'{"credential": {"id": "x"}}'],
)
@pytest.mark.parametrize("path", ["sign-in", "again", "add"])
def test_what_is_no_passkey_is_refused(desk: Client, device: Device, path: str, body: bytes) -> None:
    if path != "sign-in":
        desk.force_login(device.officer)
    answer = desk.post(f"/desk/passkey/{path}", body, content_type="application/json")
    assert answer.status_code in {400, 401, 403}
    assert answer.json()["wrong"]


@pytest.mark.parametrize("more", ["\0", "\0x", "x", "\n", "é", "'--"])
def test_a_session_s_key_with_something_behind_it_is_no_key(page: Pages, device: Device, more: str) -> None:
    _enter(page, device.code)
    cookies = page.client.cookies
    key = cookies[settings.SESSION_COOKIE_NAME].value
    for path, status in (("keys", 302), ("sign-in", 200)):
        cookies[settings.SESSION_COOKIE_NAME] = key + more  # in quotes, with a NUL in octal
        assert page.get(path).status_code == status
    cookies[settings.SESSION_COOKIE_NAME] = key
    assert page.get("keys").status_code == 200
