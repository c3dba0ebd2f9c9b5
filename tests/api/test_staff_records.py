"""Registering and amending over HTTP: agencies, offices, channels, persons, licences, authorities, badges, tokens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from api import tokens
from api.models import ApiToken
from api.staff import schema
from registry import lookup
from registry.intake import taking
from tests import builders
from tests.api.officials import Answer, Desk, appoint, sign_in
from tests.conftest import Clock

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
AGENCY = {
    "legal_name": "Bluefinch Manpower (DEMO)",
    "country": "XA",
    "company_register": "DEMO",
    "company_number": "C-1",
    "tax_number": "T-77",
    "bank_account": "XA00 1234 5678",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(new_desk: Callable[[], Client], clock: Clock) -> Desk:
    """A licensing officer of XA-DLA at the desk; the clock stands still."""
    clock.stop(AT)
    builders.authority(at=AT - timedelta(days=100))
    return sign_in(new_desk(), appoint("DLA-1", "XA-DLA", "officer"))


@pytest.fixture
def administrator(new_desk: Callable[[], Client], clock: Clock) -> Desk:
    """An administrator of all authorities; the clock stands still."""
    clock.stop(AT)
    return sign_in(new_desk(), appoint("ADMIN-1", "", "administrator"))


def _made(answer: Answer, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    return dict(answer.json())


def _code(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_an_agency_is_registered_with_all_that_belongs_to_it(maker: Desk) -> None:
    written = maker.post("agencies", AGENCY)
    number = _made(written)["number"]
    assert written.headers["Location"] == f"/api/v1/staff/agencies/{number}"
    trading = {"name": "Bluefinch Jobs (DEMO)", "first_day": "2026-01-01"}
    _made(maker.post(f"agencies/{number}/trading-names", trading))
    office = {"kind": "head", "address": "14 Harbour Road", "locality": "Port Demo", "country": "XA"}
    place = _made(maker.post(f"agencies/{number}/offices", office))["number"]
    phone = {"kind": "phone", "value": "+44 20 7946 0100", "verified": True}
    _made(maker.post(f"agencies/{number}/channels", phone))
    person = {"name": "Asha Demo", "role": "responsible_officer", "first_day": "2026-02-01", "office": place}
    appointment = _made(maker.post(f"agencies/{number}/appointments", person))["number"]

    read = maker.get(f"agencies/{number}")
    body = read.json()
    assert read.headers["Cache-Control"] == "no-store"
    assert body["authority"] == "XA-DLA"
    assert body["tax_number"] == "T-77"
    assert [one["name"] for one in body["trading_names"]] == ["Bluefinch Jobs (DEMO)"]
    assert [(one["number"], one["kind"]) for one in body["offices"]] == [(place, "head")]
    assert [one["value"] for one in body["channels"]] == ["+442079460100"]
    assert [(one["number"], one["person_name"]) for one in body["appointments"]] == [
        (appointment, "Asha Demo")
    ]
    assert "1234" not in read.content.decode()
    assert [one["number"] for one in maker.get("agencies").json()["data"]] == [number]

    ended = {"last_day": "2026-02-20"}
    _made(maker.send("PATCH", f"appointments/{appointment}", ended), 200)
    _made(maker.send("PATCH", f"offices/{place}", {"locality": "New Port"}), 200)
    gone = {"kind": "phone", "value": "+442079460100", "last_day": "2026-03-01"}
    _made(maker.send("PATCH", f"agencies/{number}/channels", gone), 200)
    after = maker.get(f"agencies/{number}").json()
    assert after["appointments"][0]["last_day"] == "2026-02-20"
    assert after["offices"][0]["locality"] == "New Port"
    assert after["channels"][0]["last_day"] == "2026-03-01"


def test_an_amendment_needs_the_version_that_was_read(maker: Desk) -> None:
    number = _made(maker.post("agencies", AGENCY))["number"]
    path, change = f"agencies/{number}", {"locality": "Port Demo", "reason": "moved"}
    tag = maker.get(path).headers["ETag"]
    assert _code(maker.send("PATCH", path, change)) == (428, "version.missing")
    _made(maker.send("PATCH", path, change, **{"If-Match": tag}), 200)
    assert _code(maker.send("PATCH", path, {"locality": "Other"}, **{"If-Match": tag})) == (
        409,
        "licence.version_conflict",
    )
    assert maker.get(path).json()["locality"] == "Port Demo"


def test_an_agency_registered_twice_under_one_key_is_one(maker: Desk) -> None:
    key = {"Idempotency-Key": "register-once"}
    first, again = maker.post("agencies", AGENCY, **key), maker.post("agencies", AGENCY, **key)
    assert first.json() == again.json()
    assert _code(maker.post("agencies", AGENCY | {"locality": "X"}, **key)) == (409, "idempotency.key_reused")
    assert _code(maker.post("agencies", AGENCY)) == (409, "record.duplicate")
    assert len(maker.get("agencies").json()["data"]) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"legal_name": ""}, "field.invalid", "legal_name"),
        ({"legal_name": None}, "field.missing", "legal_name"),
        ({"legal_name": "A\x00B"}, "field.invalid", "legal_name"),
        ({"country": "Q1"}, "field.invalid", "country"),
        ({"incorporated_on": "2026-02-30"}, "field.invalid", "incorporated_on"),
        ({"sole_trader": "yes"}, "field.invalid", "sole_trader"),
        ({"linked_to": "AG-1"}, "field.invalid", "linked_to"),
        ({"number": "AG-000001-X"}, "field.unknown", "number"),
        ({"authority": "XB-MOL"}, "field.unknown", "authority"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused_by_name(
    maker: Desk, change: dict[str, Any], code: str, field: str
) -> None:
    answer = maker.post("agencies", AGENCY | change)
    assert _code(answer) == (400, code)
    assert answer.json()["field"] == field
    assert maker.get("agencies").json()["data"] == []


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"])
def test_a_day_at_the_ends_of_the_calendar_is_refused_by_name(maker: Desk, day: str) -> None:
    assert maker.post("agencies", AGENCY | {"incorporated_on": day}).json()["field"] == "incorporated_on"
    number = _made(maker.post("agencies", AGENCY))["number"]
    phone = {"kind": "phone", "value": "+44 20 7946 0100"}
    _made(maker.post(f"agencies/{number}/channels", phone))
    office = _made(maker.post(f"agencies/{number}/offices", {"kind": "head"}))["number"]
    person = {"name": "A", "role": "director", "first_day": "2026-01-01"}
    appointment = _made(maker.post(f"agencies/{number}/appointments", person))["number"]
    version = maker.get(f"agencies/{number}").json()["version"]
    for method, path, body, field in (
        ("POST", f"agencies/{number}/offices", {"kind": "branch"}, "first_day"),
        ("POST", f"agencies/{number}/offices", {"kind": "branch"}, "last_day"),
        ("PATCH", f"offices/{office}", {}, "last_day"),
        ("POST", f"agencies/{number}/trading-names", {"name": "A"}, "first_day"),
        ("POST", f"agencies/{number}/channels", {"kind": "email", "value": "a@demo.example"}, "first_day"),
        ("PATCH", f"agencies/{number}/channels", phone, "last_day"),
        ("POST", f"agencies/{number}/appointments", person, "first_day"),
        ("POST", f"agencies/{number}/appointments", person, "birth_date"),
        ("PATCH", f"appointments/{appointment}", {}, "last_day"),
    ):
        answer = maker.send(method, path, body | {field: day})
        assert _code(answer) == (400, "field.invalid"), answer.content
        assert answer.json()["field"] == field
    assert maker.get(f"agencies/{number}").json()["version"] == version


def test_values_that_the_register_cannot_store_are_refused_by_name(maker: Desk) -> None:
    assert maker.post("agencies", AGENCY | {"lei": "NOT-AN-LEI"}).json()["field"] == "lei"
    number = _made(maker.post("agencies", AGENCY))["number"]
    for path, body in (
        ("channels", {"kind": "phone", "value": "not a number"}),
        ("channels", {"kind": "email", "value": "nobody"}),
        ("offices", {"kind": "branch", "region": "ZZ-ZZZ"}),
        ("offices", {"kind": "branch", "office_of": "x"}),
        ("appointments", {"name": "A", "role": "king", "first_day": "2026-01-01"}),
        ("appointments", {"name": "A", "role": "director", "first_day": "2026-01-01", "public_name": False}),
        ("trading-names", {"name": "A", "first_day": "2026-02-01", "last_day": "2026-01-01"}),
    ):
        answer = maker.post(f"agencies/{number}/{path}", body)
        assert 400 <= answer.status_code < 500, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["field"]
    assert maker.get(f"agencies/{number}").json()["version"] == 1


def test_a_licence_is_opened_granted_secured_and_activated_over_http(
    maker: Desk, new_desk: Callable[[], Client]
) -> None:
    supervisor = sign_in(new_desk(), appoint("DLA-2", "XA-DLA", "supervisor"))
    agency = _made(maker.post("agencies", AGENCY))["number"]
    opened = maker.post("licences", {"agency": agency, "class": "B", "legacy_number": "RL-0071"})
    number = _made(opened)["number"]
    assert opened.headers["Location"] == f"/api/v1/staff/licences/{number}"
    assert maker.get("licences?state=not_granted").json()["data"][0]["number"] == number

    def step(action: str, **terms: Any) -> dict[str, Any]:
        body = {"action": action, "no_conflict": True, "terms": terms}
        tag = {"If-Match": maker.get(f"licences/{number}").headers["ETag"]}
        proposal = _made(maker.post(f"licences/{number}/proposals", body, **tag))["number"]
        yes = {"no_conflict": True}
        made = _made(supervisor.post(f"proposals/{proposal}/approvals", yes, **tag))["decisions"][0]
        return dict(made)

    scope = {"corridors": ["XC", "XB"], "occupations": ["9112"]}
    granted = step("grant", first_day="2026-03-02", last_day="2028-03-01", scope=scope)
    assert granted["state"] == "pending_activation"
    fact = {
        "action": "confirm_security",
        "terms": {"amount": "100000", "currency": "XTS", "issuer": "DEMO Bank", "until": "2028-03-01"},
    }
    tag = {"If-Match": maker.get(f"licences/{number}").headers["ETag"]}
    _made(maker.post(f"licences/{number}/facts", fact, **tag))
    assert step("activate")["state"] == "active"
    public = lookup.public_licence(number, at=AT)
    assert public.may_recruit
    assert '"corridors":["XB","XC"]' in public.body
    tag = {"If-Match": maker.get(f"licences/{number}").headers["ETag"]}
    filed = maker.post(f"licences/{number}/filings", {"action": "file_renewal"}, **tag)
    assert _made(filed)["action"] == "file_renewal"
    assert maker.get(f"licences/{number.replace('-', ' ').lower()}").json()["overlays"] == ["renewal_filed"]


def test_lists_come_in_pages(maker: Desk) -> None:
    for place in range(3):
        _made(maker.post("agencies", AGENCY | {"company_number": f"C-{place}"}))
    first = maker.get("agencies?limit=2").json()
    second = maker.get(f"agencies?limit=2&after={first['next']}").json()
    assert (len(first["data"]), len(second["data"]), second["next"]) == (2, 1, None)
    assert _code(maker.get("agencies?limit=0")) == (400, "parameter.invalid")
    assert _code(maker.get("agencies?limt=2")) == (400, "parameter.unknown")
    assert _code(maker.get("agencies?limit=2&limit=3")) == (400, "parameter.repeated")
    assert _code(maker.get("licences?state=fine")) == (400, "parameter.invalid")


# --- authorities


AUTHORITY = {
    "code": "XB-MOL",
    "name": {"en": "DEMO Ministry of Labour"},
    "zone": "Asia/Tokyo",
    "policy": {"appeal_days": 14, "securities": {"C": {"amount": "5000", "currency": "XTS"}}},
}


def test_an_administrator_creates_an_authority_with_its_policy(administrator: Desk) -> None:
    key = {"Idempotency-Key": "one-authority"}
    made = administrator.post("authorities", AUTHORITY, **key)
    assert _made(made)["policy"]["appeal_days"] == 14
    assert administrator.post("authorities", AUTHORITY, **key).json() == made.json()
    assert _code(administrator.post("authorities", AUTHORITY)) == (409, "record.duplicate")


def test_a_policy_is_proposed_by_one_administrator_and_put_in_force_by_another(
    administrator: Desk, maker: Desk, new_desk: Callable[[], Client], clock: Clock
) -> None:
    administrator.post("authorities", AUTHORITY)
    path, rules = "authorities/XB-MOL/policies", AUTHORITY["policy"] | {"appeal_days": 21}  # type: ignore[operator]
    past = {"policy": rules, "in_force_from": "2026-01-01"}
    assert _code(administrator.post(path, past)) == (422, "step.backdated")
    assert _code(administrator.post(path, {"policy": {"appeal_days": "21"}}))[0] == 422
    assert _code(maker.post(path, {"policy": rules})) == (403, "actor.role_missing")
    key = {"Idempotency-Key": "one-policy"}
    later = {"policy": rules, "in_force_from": "2026-04-01"}
    waits = _made(administrator.post(path, later, **key), 202)
    assert (waits["state"], waits["version"]) == ("open", None)
    assert waits["changed"] == [{"field": "appeal_days", "before": 14, "after": 21}]
    assert administrator.post(path, later, **key).json() == waits
    assert _code(administrator.post(path, {"policy": {}})) == (409, "proposal.open")
    yes = f"policies/{waits['number']}/approvals"
    assert _code(administrator.post(yes)) == (403, "approval.own_proposal")
    second = sign_in(new_desk(), appoint("MOL-9", "XB-MOL", "administrator"))
    assert [one["number"] for one in second.get("policies").json()["data"]] == [waits["number"]]
    clock.stop(AT + timedelta(minutes=5, seconds=1))
    assert _code(second.post(yes)) == (403, "actor.second_factor_needed")
    second.prove_again()
    done = _made(second.post(yes))
    assert (done["state"], done["version"], done["closed_by"]) == ("approved", 2, "MOL-9")
    assert _code(second.post(yes)) == (409, "proposal.closed")
    assert second.get(f"policies/{waits['number']}").json() == done
    assert second.get("policies").json()["data"] == []
    assert second.get("authorities/xb-mol").json()["policy"]["appeal_days"] == 14, "not in force yet"
    clock.stop(AT + timedelta(days=40))
    assert administrator.get("authorities/xb-mol").json()["policy"]["appeal_days"] == 21


def test_a_policy_that_waits_is_declined(administrator: Desk, new_desk: Callable[[], Client]) -> None:
    administrator.post("authorities", AUTHORITY)
    waits = _made(administrator.post("authorities/XB-MOL/policies", {"policy": {"appeal_days": 7}}), 202)
    no = f"policies/{waits['number']}/declines"
    assert _code(administrator.post(no, {"reason": " "}))[0] in {400, 409, 422}
    assert _made(administrator.post(no, {"reason": "a slip"}))["state"] == "declined"
    second = sign_in(new_desk(), appoint("MOL-9", "XB-MOL", "administrator"))
    assert _code(second.post(f"policies/{waits['number']}/approvals")) == (409, "proposal.closed")
    assert second.get("authorities/xb-mol").json()["policy"]["appeal_days"] == 14


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "xb-mol"}, "code"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"name": {}}, "name"),
        ({"policy": {"appeal_day": 14}}, "appeal_day"),
        ({"policy": {"appeal_days": "14"}}, "appeal_days"),
        ({"policy": {"weekend": [0, 1, 2, 3, 4, 5, 6]}}, "weekend"),
    ],
)
def test_an_authority_that_cannot_be_is_refused_by_field(
    administrator: Desk, change: dict[str, Any], field: str
) -> None:
    answer = administrator.post("authorities", AUTHORITY | change)
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.json()["field"] == field
    assert _code(administrator.get("authorities/XB-MOL")) == (404, "authority.not_found")


def test_nobody_else_creates_authorities_and_an_administrator_decides_nothing(
    maker: Desk, administrator: Desk, clock: Clock
) -> None:
    assert _code(maker.post("authorities", AUTHORITY)) == (403, "actor.role_missing")
    assert _code(administrator.post("agencies", AGENCY)) == (403, "actor.outside_authority")
    clock.stop(AT + timedelta(minutes=6))
    assert _code(administrator.post("authorities", AUTHORITY)) == (403, "actor.second_factor_needed")


# --- what the public reads of an agency


def test_a_change_of_a_licensed_agency_answers_202_until_another_officer_approves(
    maker: Desk, new_desk: Callable[[], Client]
) -> None:
    licence = builders.active(at=AT - timedelta(days=20))
    agency = maker.get(f"licences/{licence}").json()["agency"]
    once = {"Idempotency-Key": "add-it-once"}
    phone = {"kind": "phone", "value": "+1 202 555 0142", "verified": True}
    waits = maker.post(f"agencies/{agency}/channels", phone, **once)
    assert waits.status_code == 202, waits.content
    body = waits.json()
    assert waits.headers["Location"] == f"/api/v1/staff/proposals/{body['number']}"
    assert (body["action"], body["licence"], body["terms"], body["step"]) == ("amend_agency", None, {}, "")
    columns = {one["column"]: (one["before"], one["after"]) for one in body["change"]["columns"]}
    assert columns["value"] == (None, "+12025550142")
    assert maker.post(f"agencies/{agency}/channels", phone, **once).json() == body
    assert _code(maker.post(f"agencies/{agency}/channels", phone)) == (409, "proposal.open")
    rename = {"legal_name": "Other (DEMO)", "bank_account": "XA00 1234 5678"}
    version = {"If-Match": maker.get(f"agencies/{agency}").headers["ETag"]}
    renamed = maker.send("PATCH", f"agencies/{agency}", rename, **version)
    assert renamed.status_code == 202
    told = {one["column"]: (one["before"], one["after"]) for one in renamed.json()["change"]["columns"]}
    assert told["bank_account_hmac"] == (None, True)
    assert maker.get(f"agencies/{agency}").json()["channels"] == []
    path, yes = f"proposals/{body['number']}/approvals", {"no_conflict": True}
    assert _code(maker.post(path, yes)) == (403, "approval.own_proposal")
    checker = sign_in(new_desk(), appoint("DLA-9", "XA-DLA", "supervisor"))
    assert {one["number"] for one in checker.get("proposals?awaits_me=true").json()["data"]} == {
        body["number"], renamed.json()["number"],
    }  # fmt: skip
    done = _made(checker.post(path, yes))
    assert (done["state"], done["decisions"][0]["officers"]) == ("approved", ["DLA-1", "DLA-9"])
    (channel,) = maker.get(f"agencies/{agency}").json()["channels"]
    assert channel["value"] == "+12025550142"
    end = {"kind": "phone", "value": "+12025550142", "last_day": "2026-03-01"}
    ended = maker.send("PATCH", f"agencies/{agency}/channels", end)
    assert ended.status_code == 200, ended.content


# --- badges


def test_a_badge_is_issued_once_and_withdrawn_for_good(
    maker: Desk, new_desk: Callable[[], Client], clock: Clock
) -> None:
    licence = builders.active(at=AT)
    asked = {"kind": "licence", "number": licence}
    badge = _made(maker.post("badges", asked))
    assert _made(maker.post("badges", asked))["code"] == badge["code"]
    builders.authority("XB-MOL", zone="Asia/Tokyo", at=AT)
    elsewhere = sign_in(new_desk(), appoint("MOL-1", "XB-MOL", "officer"))
    path = f"badges/{badge['code']}/withdrawal"
    assert _code(elsewhere.post("badges", asked)) == (404, "licence.not_found")
    assert _code(elsewhere.post(path, {"reason": "stolen"})) == (404, "badge.not_found")
    assert _code(maker.post(path, {"reason": "boredom"})) == (400, "field.invalid")
    clock.stop(AT + timedelta(hours=1))
    assert _code(maker.post(path, {"reason": "stolen"})) == (403, "actor.second_factor_needed")
    assert maker.get(f"badges?kind=licence&number={licence}").json()["data"][0]["withdrawn_at"] is None
    maker.prove_again()
    key = {"Idempotency-Key": "withdraw-it"}
    gone = maker.post(path, {"reason": "stolen"}, **key)
    assert _made(gone)["withdrawn_reason"] == "stolen"
    assert maker.post(path, {"reason": "stolen"}, **key).json() == gone.json()
    assert _code(maker.post(path, {"reason": "lost"})) == (409, "badge.withdrawn")
    listed = maker.get(f"badges?kind=licence&number={licence}").json()["data"]
    assert [(one["code"], one["withdrawn_reason"]) for one in listed] == [(badge["code"], "stolen")]
    assert _code(maker.post("badges/XA00000000000/withdrawal", {"reason": "lost"}))[0] == 404


# --- findings

LIST = """
profile = "demo_bars"
kind = "findings"
title = "DEMO debarments"
source = "DEMO Bank"

[authority]
code = "XD-BNK"
name = { en = "DEMO Bank" }
country = "XD"
time_zone = "UTC"

[file]
format = "csv"

[columns]
name = "Name"
from = "From"
grounds = "Grounds"

[identity]
holder = ["name", "from"]
"""


def test_findings_of_outside_bodies_are_possible_matches_for_officers(
    maker: Desk, new_desk: Callable[[], Client], tmp_path: Path
) -> None:
    (tmp_path / "bars.toml").write_text(LIST)
    (tmp_path / "bars.csv").write_text(
        "Name,From,Grounds\nBluefinch Manpower Ltd,2025-05-01,fraud\nOther Co,2025-06-01,\n"
    )
    day = (AT - timedelta(days=1)).date()
    taking.take_in(str(tmp_path / "bars.toml"), tmp_path / "bars.csv", on=day, at=AT, by="SYSTEM")
    agency = _made(maker.post("agencies", AGENCY | {"legal_name": "Bluefinch Man Power (DEMO)"}))["number"]
    found = maker.get(f"agencies/{agency}/findings").json()["data"]
    assert [(one["name"], one["first_day"], one["grounds"]) for one in found] == [
        ("Bluefinch Manpower Ltd", "2025-05-01", "fraud")
    ]
    assert maker.get("findings?name=bluefinch%20manpower").json()["data"][0]["likeness"] == 100
    assert _code(maker.get("findings")) == (400, "parameter.missing")
    analyst = sign_in(new_desk(), appoint("DLA-5", "XA-DLA", "analyst"))
    assert _code(analyst.get("findings?name=bluefinch")) == (403, "actor.role_missing")


# --- tokens


def test_a_token_is_shown_once_and_kept_as_a_digest(maker: Desk, new_desk: Callable[[], Client]) -> None:
    made = _made(maker.post("tokens", {"label": "nightly", "scopes": ["read", "propose"], "days": 10}))
    secret = made["token"]
    assert secret.startswith(made["prefix"])
    assert made["expires_at"] == "2026-03-12T09:00:00Z"
    kept = ApiToken.objects.get()
    assert secret not in str(vars(kept))
    assert "token" not in maker.get("tokens").json()["data"][0]
    program = Desk(new_desk(), {"Authorization": f"Bearer {secret}"})
    assert program.get("agencies").status_code == 200
    assert maker.get("tokens").json()["data"][0]["last_used_at"] == "2026-03-02T09:00:00Z"


def test_a_token_ends_with_its_days_its_withdrawal_and_its_officer(
    maker: Desk, new_desk: Callable[[], Client], clock: Clock
) -> None:
    def program(days: int) -> tuple[str, Desk]:
        made = _made(maker.post("tokens", {"label": "x", "scopes": ["read"], "days": days}))
        return made["prefix"], Desk(new_desk(), {"Authorization": f"Bearer {made['token']}"})

    _, brief = program(1)
    prefix, withdrawn = program(30)
    _, orphan = program(30)
    assert _made(maker.send("DELETE", f"tokens/{prefix}"), 200)["revoked_at"] == "2026-03-02T09:00:00Z"
    assert _code(withdrawn.get("agencies")) == (401, "actor.token_refused")
    assert withdrawn.get("agencies").headers["WWW-Authenticate"].startswith("Bearer")
    clock.stop(AT + timedelta(days=1))
    assert _code(brief.get("agencies")) == (401, "actor.token_refused")
    assert orphan.get("agencies").status_code == 200
    token = ApiToken.objects.exclude(prefix=prefix).latest("pk")
    token.user.is_active = False
    token.user.save()
    assert _code(orphan.get("agencies")) == (401, "actor.token_refused")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer rlr_", "Bearer nonsense", f"bearer {tokens.MARK}x"]
)
def test_what_is_no_token_is_refused(new_desk: Callable[[], Client], header: str) -> None:
    answer = Desk(new_desk(), {"Authorization": header}).get("agencies")
    assert _code(answer) == (401, "actor.token_refused")


def test_a_token_is_made_with_a_fresh_second_factor_only(maker: Desk, clock: Clock) -> None:
    clock.stop(AT + timedelta(minutes=6))
    sent = {"label": "x", "scopes": ["read"]}
    assert _code(maker.post("tokens", sent)) == (403, "actor.second_factor_needed")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"scopes": []}, "scopes"), ({"scopes": ["approve"]}, "scopes.0"), ({"days": 91}, "days")],
)
def test_a_token_for_more_than_reading_and_proposing_is_refused(
    maker: Desk, change: dict[str, Any], field: str
) -> None:
    answer = maker.post("tokens", {"label": "x", "scopes": ["read"], "days": 1} | change)
    assert _code(answer) == (400, "field.invalid")
    assert answer.json()["field"] == field


def test_nobody_withdraws_anothers_token(maker: Desk, new_desk: Callable[[], Client]) -> None:
    prefix = _made(maker.post("tokens", {"label": "x", "scopes": ["read"]}))["prefix"]
    other = sign_in(new_desk(), appoint("DLA-2", "XA-DLA", "supervisor"))
    assert _code(other.send("DELETE", f"tokens/{prefix}")) == (404, "record.not_found")
    assert ApiToken.objects.get().revoked_at is None


# --- the description


def test_the_committed_description_is_what_the_routes_say() -> None:
    committed = (ROOT / "docs" / "openapi-staff.yaml").read_text(encoding="utf-8")
    assert committed == schema.as_yaml(), "run manage.py api_docs"


def test_the_description_is_open_to_all(new_desk: Callable[[], Client]) -> None:
    described = Desk(new_desk()).get("schema").json()
    assert described["openapi"].startswith("3.1")
    approve = described["paths"]["/api/v1/staff/proposals/{number}/approvals"]["post"]
    assert approve["security"] == [{"session": []}]
    propose = described["paths"]["/api/v1/staff/licences/{number}/proposals"]["post"]
    assert {"token": []} in propose["security"]
