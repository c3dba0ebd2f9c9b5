"""The read-only admin and the commands that appoint officers and create authorities."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client

from api import auth
from api.models import Officer, User
from registry import clock, dossier
from registry.models import Agency
from tests import builders
from tests.api.officials import PASSWORD, Answer, Desk, Device, appoint, sign_in
from tests.conftest import Kept

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force."""
    with kept():
        builders.authority()
        return builders.active(at=AT)


@pytest.fixture
def auditor(new_desk: Callable[[], Client], licence: str) -> Client:
    """An auditor of all authorities, signed in, with an agency of somebody's to look at."""
    return sign_in(new_desk(), appoint("AUDIT-1", "", "auditor", staff=True)).client


def _enter(client: Client, user: User, code: str, password: str = PASSWORD) -> Answer:
    body = {"username": user.username, "password": password, "code": code, "next": "/admin/"}
    return client.post("/admin/login/", body)


def test_every_table_can_be_read_and_none_written(auditor: Client) -> None:
    tables = list(admin.site._registry)
    assert len(tables) > 20
    for model in tables:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert auditor.get(base).status_code == 200, base
        assert auditor.get(base + "add/").status_code == 403, base
        row = model._default_manager.first()
        if row is None:
            continue
        assert auditor.get(f"{base}{row.pk}/change/").status_code == 200, base
        assert auditor.post(f"{base}{row.pk}/change/", {"number": "X"}).status_code == 403, base
        assert auditor.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403, base
        action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        auditor.post(base, action)
        assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "query",
    [{"legal_name__regex": "("}, {"legal_name__iregex": "(a+)+$"}, {"id__exact": "x"}, {"nothing": "1"}],
)
def test_a_filter_in_the_address_is_refused(auditor: Client, query: dict[str, str]) -> None:
    answer = auditor.get("/admin/registry/agency/", query)
    assert answer.status_code in {302, 400}
    assert auditor.get("/admin/registry/agency/", {"q": "("}).status_code == 200


@pytest.mark.parametrize(
    "row", ["%00/change", "1%00/change", "%00/history", "1%00/history/1", "%00/delete", "%00"]
)
def test_a_row_that_no_table_can_have_is_not_there(auditor: Client, row: str) -> None:
    path = f"/admin/registry/agency/{row}/"
    assert auditor.get(path).status_code == 404
    assert auditor.post(path, {}).status_code in {403, 404}


def test_every_page_of_a_demo_says_so(auditor: Client, desk: Client, settings: Any) -> None:
    settings.REGISTRY_DEMO = True
    mark = "nothing on this page is real"
    for client, path in ((auditor, ""), (auditor, "registry/agency/"), (desk, "login/")):
        assert mark in client.get(f"/admin/{path}").content.decode(), path
    settings.REGISTRY_DEMO = False
    assert mark not in auditor.get("/admin/").content.decode()


def test_history_can_be_read_and_not_brought_back(auditor: Client) -> None:
    agency = Agency.objects.get()
    earlier = agency.history.earliest()
    base = f"/admin/registry/agency/{agency.pk}/history/"
    assert "OFFICER-OFFICER" in auditor.get(base).content.decode()
    assert auditor.get(f"{base}{earlier.pk}/").status_code == 200
    rows = agency.history.count()
    for body in ({}, {"legal_name": "X"}, {"_change_history": "1"}):
        assert auditor.post(f"{base}{earlier.pk}/", body).status_code == 403
    assert agency.history.count() == rows


def test_tables_of_secrets_and_accounts_are_not_there(auditor: Client) -> None:
    for path in ("mfa/authenticator", "account/emailaddress", "auth/group", "api/user", "api/apitoken"):
        assert auditor.get(f"/admin/{path}/").status_code == 404, path


@pytest.mark.parametrize(("authority", "role"), [("XA-DLA", "auditor"), ("XA-DLA", "administrator")])
def test_officers_of_one_authority_do_not_see_the_tables_of_all(
    new_desk: Callable[[], Client], authority: str, role: str
) -> None:
    client = sign_in(new_desk(), appoint("DLA-1", authority, role, staff=True)).client
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/registry/agency/").status_code == 302


def test_the_admin_opens_with_a_second_factor_only(
    new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = appoint("AUDIT-1", "", "auditor", staff=True)
    device = Device(user)
    monkeypatch.setattr(totp, "time", device)
    client = new_desk()
    shown = client.get("/admin/login/").content.decode()
    assert 'name="code"' in shown
    assert client.post("/admin/login/", {"username": user.username, "password": PASSWORD}).status_code == 200
    for code, password in (("000000", PASSWORD), (device.code, "wrong")):
        assert _enter(client, user, code, password).status_code == 200
        assert client.get("/admin/").status_code == 302
    assert _enter(client, user, device.code).status_code == 302
    assert client.get("/admin/").status_code == 200
    client.force_login(user)
    session = client.session
    del session[auth.SECOND_FACTOR]
    session.save()
    assert client.get("/admin/").status_code == 302


def test_an_officer_who_may_not_read_the_admin_is_signed_out_again(
    new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = appoint("DLA-1", "XA-DLA", "officer")
    device = Device(user)
    monkeypatch.setattr(totp, "time", device)
    client = new_desk()
    assert _enter(client, user, device.code).status_code == 200
    assert Desk(client).get("session").status_code == 401


def test_the_public_application_loads_no_sign_in(database_url: str) -> None:
    asked = (
        "import sys, api.conf.public; "
        "print([name for name in ('api.auth', 'api.staff.session', 'registry.admin') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.strip() == "[]", said.stdout


# --- commands


def _createofficer(monkeypatch: pytest.MonkeyPatch, *args: str, password: str = PASSWORD) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    out = io.StringIO()
    call_command("createofficer", *args, stdout=out)
    return out.getvalue()


def test_an_officer_is_appointed_and_can_sign_in_with_what_is_printed(
    new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.authority()
    args = ("XA-DLA-7", "--authority=XA-DLA", "--role=officer", "--role=duty_officer", "--username=asha")
    said = _createofficer(monkeypatch, *args)
    assert "otpauth://totp/" in said
    recovery = said.split("Recovery codes: ")[1].split()
    assert len(recovery) == 10
    client = new_desk()
    body = {"username": "asha", "password": PASSWORD, "code": recovery[0]}
    answer = client.post("/api/v1/staff/session", body, content_type="application/json")
    assert answer.json()["roles"] == ["duty_officer", "officer"]
    assert answer.json()["number"] == "XA-DLA-7"

    before = Authenticator.objects.get(type="totp").data["secret"]
    assert "otpauth://totp/" in _createofficer(monkeypatch, "XA-DLA-7", "--new-device")
    assert Authenticator.objects.get(type="totp").data["secret"] != before
    _createofficer(monkeypatch, "XA-DLA-7", "--end")
    assert client.get("/api/v1/staff/session").status_code == 401
    assert Officer.objects.get().ended_at


@pytest.mark.parametrize(
    ("args", "password", "said"),
    [
        (("x y", "--authority=XA-DLA", "--role=officer"), PASSWORD, "capitals"),
        (("DLA-1", "--authority=XA-DLA"), PASSWORD, "at least one role"),
        (("DLA-1", "--authority=XA-NONE", "--role=officer"), PASSWORD, "no authority"),
        (("DLA-1", "--role=officer"), PASSWORD, "only administrators"),
        (("DLA-1", "--authority=XA-DLA", "--role=officer"), "short", "12 characters"),
        (("DLA-1", "--authority=XA-DLA", "--role=officer", "--username=a b"), PASSWORD, "username"),
        (("DLA-9", "--new-device"), PASSWORD, "no officer"),
        (("DLA-9", "--end"), PASSWORD, "no officer"),
    ],
)
def test_an_appointment_that_cannot_be_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], password: str, said: str
) -> None:
    builders.authority()
    with pytest.raises(CommandError, match=said):
        _createofficer(monkeypatch, *args, password=password)
    assert not Officer.objects.exists()
    assert not User.objects.exists()


def test_an_officers_number_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    builders.authority()
    args = ("DLA-1", "--authority=XA-DLA", "--role=officer")
    _createofficer(monkeypatch, *args)
    with pytest.raises(CommandError, match="there is an officer"):
        _createofficer(monkeypatch, *args, "--username=other")


def test_an_authority_is_created_from_a_file(tmp_path: Path) -> None:
    said = tmp_path / "authority.toml"
    said.write_text('zone = "Asia/Tokyo"\n[name]\nen = "DEMO Ministry"\n[policy]\nappeal_days = 14\n')
    out = io.StringIO()
    call_command("create_authority", "XB-MOL", str(said), stdout=out)
    assert "XB-MOL" in out.getvalue()
    assert dossier.authority("XB-MOL", at=clock.now())["policy"]["appeal_days"] == 14
    with pytest.raises(CommandError, match="already"):
        call_command("create_authority", "XB-MOL", str(said))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("zone = ", "authority.toml"),
        ('zone = "UTC"\n', "name is missing"),
        ('zone = "UTC"\nsurprise = 1\n[name]\nen = "A"\n', "surprise"),
        ('zone = "UTC"\n[name]\nen = "A"\n[policy]\nappeal_day = 1\n', "appeal_day"),
        ('zone = "Mars/Base"\n[name]\nen = "A"\n', "Mars/Base"),
    ],
)
def test_a_file_that_cannot_be_an_authority_is_refused_in_a_sentence(
    tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "authority.toml"
    file.write_text(content)
    with pytest.raises(CommandError, match=said):
        call_command("create_authority", "XB-MOL", str(file))
