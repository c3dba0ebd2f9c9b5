"""Signing in at the desk: a password and a code together, each code once, nothing learnt from a refusal."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.test import Client

from api import auth
from api.models import Officer, User
from tests.api.officials import PASSWORD, SECRET, Answer, Desk, Device, appoint, sign_in
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
URL = "/api/v1/staff/session"
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """The device of an officer of XA-DLA, whose time stands still."""
    device = Device(officer=appoint("DLA-7", "XA-DLA", "officer", "supervisor"))
    monkeypatch.setattr(totp, "time", device)
    return device


def _post(client: Client, path: str, body: object, **headers: str) -> Answer:
    return client.post(path, body, content_type="application/json", headers=headers)


def _enter(client: Client, code: str, username: str = "dla-7", password: str = PASSWORD) -> Answer:
    return _post(client, URL, {"username": username, "password": password, "code": code})


def test_an_officer_signs_in_and_reads_who_they_are(desk: Client, device: Device) -> None:
    answer = _enter(desk, device.code)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["number"], body["authority"], body["roles"]) == (
        "DLA-7",
        "XA-DLA",
        ["officer", "supervisor"],
    )
    assert body["second_factor"]["given_at"] < body["second_factor"]["good_until"]
    assert body["csrf_token"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.get(URL).json()["number"] == "DLA-7"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Client, device: Device) -> None:
    _enter(desk, device.code)
    cookie = desk.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert bool(cookie["secure"]) is settings.SESSION_COOKIE_SECURE


@pytest.mark.parametrize(
    ("username", "password", "wrong_code"),
    [("dla-7", "wrong", ""), ("nobody", PASSWORD, ""), ("dla-7", PASSWORD, "000000")],
)
def test_a_refusal_does_not_say_what_was_wrong(
    desk: Client, device: Device, username: str, password: str, wrong_code: str
) -> None:
    answer = _enter(desk, wrong_code or device.code, username, password)
    assert answer.status_code == 401
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["code"] == "actor.sign_in_refused"
    assert set(problem) <= {"type", "title", "status", "code", "detail", "request_id"}
    assert desk.get(URL).status_code == 401


def test_a_code_is_good_once_for_every_process(desk: Client, device: Device) -> None:
    assert _enter(desk, device.code).status_code == 200
    assert desk.delete(URL).status_code == 204
    assert _enter(desk, device.code).status_code == 401
    assert _enter(desk, device.next()).status_code == 200
    assert "DatabaseCache" in settings.CACHES["default"]["BACKEND"]


def test_a_recovery_code_opens_the_door_once_and_decides_nothing(desk: Client, device: Device) -> None:
    recovery = (
        Authenticator.objects.get(user=device.officer, type="recovery_codes").wrap().get_unused_codes()[0]
    )
    answer = _enter(desk, recovery)
    assert answer.status_code == 200
    assert answer.json()["second_factor"] is None
    desk.delete(URL)
    assert _enter(desk, recovery).status_code == 401


def test_guessing_codes_ends_soon(desk: Client, device: Device) -> None:
    answers = [_enter(desk, f"{guess:06}").status_code for guess in range(8)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429
    refused = _enter(desk, device.next())
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate.exceeded"
    assert int(refused.headers["Retry-After"]) > 0


def test_secrets_are_not_in_the_database_in_clear(device: Device) -> None:
    kept = Authenticator.objects.get(user=device.officer, type="totp").data["secret"]
    assert SECRET not in kept
    assert auth.SecondFactorAdapter().decrypt(kept) == SECRET


def test_the_second_factor_is_renewed_and_each_code_refused_the_second_time(
    desk: Client,
    device: Device,
    clock: Clock,
) -> None:
    clock.stop(AT)
    _enter(desk, device.code)
    clock.stop(AT + timedelta(minutes=7))
    stale = desk.get(URL).json()["second_factor"]
    assert stale["good_until"] == "2026-05-01T09:05:00Z"
    again = _post(desk, URL + "/second-factor", {"code": device.code})
    assert again.status_code == 401
    renewed = _post(desk, URL + "/second-factor", {"code": device.next()})
    assert renewed.json()["second_factor"]["good_until"] == "2026-05-01T09:12:00Z"


def test_a_recovery_code_does_not_renew_the_second_factor(desk: Client, device: Device) -> None:
    recovery = (
        Authenticator.objects.get(user=device.officer, type="recovery_codes").wrap().get_unused_codes()[0]
    )
    _enter(desk, device.code)
    answer = _post(desk, URL + "/second-factor", {"code": recovery})
    assert answer.status_code == 400
    assert answer.json()["field"] == "code"


def test_signing_in_as_another_ends_the_first_session(desk: Client, device: Device) -> None:
    appoint("DLA-8", "XA-DLA", "officer")
    _enter(desk, device.code)
    first = desk.cookies[settings.SESSION_COOKIE_NAME].value
    assert _enter(desk, device.next(), "dla-8").json()["number"] == "DLA-8"
    desk.cookies[settings.SESSION_COOKIE_NAME] = first
    assert desk.get(URL).status_code == 401


def test_a_write_by_session_without_the_csrf_token_is_refused(desk: Client, device: Device) -> None:
    desk.handler.enforce_csrf_checks = True
    token = _enter(desk, device.code).json()["csrf_token"]
    path = URL + "/second-factor"
    refused = _post(desk, path, {"code": device.next()})
    assert refused.status_code == 403
    assert refused.json()["code"] == "request.forgery"
    assert _post(desk, path, {"code": device.code}, **{"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b'{"code": ', 400, "body.not_json"),
        ("application/json", b'{"code": "1", "code": "2"}', 400, "field.repeated"),
        ("application/json", b'{"code": "' + b"1" * 1_200_000 + b'"}', 413, "body.too_large"),
        ("text/plain", b"code", 415, "body.wrong_media_type"),
        ("application/x-www-form-urlencoded", b"code=1", 415, "body.wrong_media_type"),
        ("application/x-www-form-urlencoded", b"code=" + b"1" * 3_000_000, 415, "body.wrong_media_type"),
        ("multipart/form-data; boundary=x", b"--x", 415, "body.wrong_media_type"),
    ],
)
def test_a_wrong_body_from_our_own_page_is_no_forgery(
    desk: Client, device: Device, content_type: str, body: bytes, status: int, code: str
) -> None:
    desk.handler.enforce_csrf_checks = True
    token = _enter(desk, device.code).json()["csrf_token"]
    headers = {"X-CSRFToken": token}
    answer = desk.post(URL + "/second-factor", body, content_type=content_type, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    forged = desk.post(URL + "/second-factor", body, content_type=content_type)
    assert (forged.status_code, forged.json()["code"]) == (403, "request.forgery")


def test_another_site_cannot_sign_anybody_in(desk: Client, device: Device) -> None:
    body = {"username": "dla-7", "password": PASSWORD, "code": device.code}
    answer = _post(desk, URL, body, Origin="https://elsewhere.example")
    assert answer.status_code == 403
    assert answer.json()["code"] == "request.cross_site"
    assert _enter(desk, device.code).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"username": "dla-7", "password": PASSWORD}, "field.missing", "code"),
        ({"username": "dla-7", "password": PASSWORD, "code": "12345a"}, "field.invalid", "code"),
        ({"username": "dla-7", "password": PASSWORD, "code": "123456", "x": 1}, "field.unknown", "x"),
        ({"username": 7, "password": PASSWORD, "code": "123456"}, "field.invalid", "username"),
        ({"username": "dla\x007", "password": PASSWORD, "code": "123456"}, "field.invalid", "username"),
        ([], "field.invalid", "body"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_field(
    desk: Client, body: object, code: str, field: str
) -> None:
    answer = _post(desk, URL, body)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)


def test_broken_json_and_other_media_types_are_problems(desk: Client) -> None:
    broken = desk.post(URL, b'{"username": ', content_type="application/json")
    assert (broken.status_code, broken.json()["code"]) == (400, "body.not_json")
    form = desk.post(URL, {"username": "x"})
    assert (form.status_code, form.json()["code"]) == (415, "body.wrong_media_type")
    large = desk.post(URL, b'"' + b"x" * 1_000_001 + b'"', content_type="application/json")
    assert (large.status_code, large.json()["code"]) == (413, "body.too_large")


def test_an_account_without_a_device_gets_no_further_than_setting_one_up(desk: Client) -> None:
    Officer.objects.create(number="DLA-9", authority="XA-DLA", roles=["officer"], appointed_at=AT)
    user = User.objects.create_user("dla-9", password=PASSWORD, officer_number="DLA-9")
    desk.force_login(user)
    assert desk.get(URL).json()["second_factor"] is None
    refused = desk.get("/api/v1/staff/tokens")
    assert (refused.status_code, refused.json()["code"]) == (403, "actor.second_factor_not_set_up")


def test_an_officer_who_has_left_may_do_nothing_though_the_session_lives(
    desk: Client, device: Device
) -> None:
    at_desk = sign_in(desk, device.officer)
    Officer.objects.filter(number="DLA-7").update(ended_at=AT)
    assert at_desk.get("session").json()["code"] == "actor.not_an_officer"


def test_a_closed_account_is_signed_out(desk: Client, device: Device) -> None:
    at_desk: Desk = sign_in(desk, device.officer)
    User.objects.filter(pk=device.officer.pk).update(is_active=False)
    assert at_desk.get("session").status_code == 401


def _allauth(client: Client, method: str, path: str, body: object = None) -> Answer:
    return client.generic(
        method,
        f"/_allauth/browser/v1/{path}",
        b"" if body is None else json.dumps(body).encode(),
        content_type="application/json",
    )


def test_an_officer_sets_a_device_up_and_signs_in_in_two_steps(desk: Client, device: Device) -> None:
    Authenticator.objects.all().delete()
    credentials = {"username": "dla-7", "password": PASSWORD}
    assert _enter(desk, device.code).status_code == 401
    assert _allauth(desk, "POST", "auth/login", credentials).status_code == 200
    assert desk.get("/api/v1/staff/tokens").json()["code"] == "actor.second_factor_not_set_up"
    _allauth(desk, "POST", "auth/reauthenticate", {"password": PASSWORD})
    shown = _allauth(desk, "GET", "account/authenticators/totp")
    device.secret = shown.json()["meta"]["secret"]
    set_up = _allauth(desk, "POST", "account/authenticators/totp", {"code": device.code})
    assert set_up.status_code == 200, set_up.content
    codes = _allauth(desk, "GET", "account/authenticators/recovery-codes").json()
    assert len(codes["data"]["unused_codes"]) == 10
    given = _post(desk, URL + "/second-factor", {"code": device.next()})
    assert given.json()["second_factor"]["good_until"]
    assert desk.get("/api/v1/staff/tokens").status_code == 200

    _allauth(desk, "DELETE", "auth/session")
    pending = _allauth(desk, "POST", "auth/login", credentials)
    assert pending.status_code == 401
    assert desk.get(URL).status_code == 401
    assert _allauth(desk, "POST", "auth/2fa/authenticate", {"code": device.code}).status_code != 200
    assert _allauth(desk, "POST", "auth/2fa/authenticate", {"code": device.next()}).status_code == 200
    assert desk.get(URL).json()["second_factor"]["good_until"]


def test_a_device_is_not_taken_off_or_replaced_by_whoever_has_session_and_password(
    desk: Client, device: Device
) -> None:
    _enter(desk, device.code)
    _allauth(desk, "POST", "auth/reauthenticate", {"password": PASSWORD})
    before = Authenticator.objects.get(user=device.officer, type="totp").data
    assert _allauth(desk, "DELETE", "account/authenticators/totp").status_code == 405
    answer = _allauth(desk, "POST", "account/authenticators/totp", {"code": device.next()})
    assert answer.status_code in {400, 409}
    assert Authenticator.objects.get(user=device.officer, type="totp").data == before


@pytest.mark.parametrize(
    "path",
    ["auth/signup", "auth/password/request", "auth/password/reset", "auth/code/request", "account/email"],
)
def test_nobody_signs_themselves_up_or_gets_in_by_e_mail(desk: Client, path: str) -> None:
    body = {"username": "x", "password": PASSWORD, "email": "a@b.example"}
    assert _allauth(desk, "POST", path, body).status_code == 404
    assert not User.objects.exists()
