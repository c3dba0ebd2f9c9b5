"""Decisions over HTTP: four eyes, roles, scope, a fresh second factor; a refusal leaves nothing behind."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from api import auth, tokens
from api.models import Officer
from registry import lookup
from registry.rules import numbering
from tests import builders
from tests.api.officials import Answer, Desk, appoint, sign_in
from tests.conftest import Clock, Kept

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUSPENSION = {
    "action": "suspend_preventive",
    "no_conflict": True,
    "terms": {"grounds": ["FALSE-DOC"], "texts": {"en": "Papers under examination."}},
}
YES = {"no_conflict": True}

pytestmark = pytest.mark.django_db
Enter = Callable[..., Desk]


@pytest.fixture
def enter(new_desk: Callable[[], Client]) -> Enter:
    """``enter("registrar")``: an officer of that role at a desk of their own."""

    def _enter(*roles: str, authority: str = "XA-DLA", number: str | None = None) -> Desk:
        number = number or f"{authority[3:]}-{'-'.join(roles)}".upper()
        if Officer.objects.filter(number=number).exists():
            raise AssertionError(number)
        return sign_in(new_desk(), appoint(number, authority, *roles))

    return _enter


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        return _build()


def _build() -> str:
    builders.authority()
    return builders.active(at=AT - timedelta(days=20))


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    """A licence in force, and a clock that stands still."""
    clock.stop(AT)
    return _built


def _version(desk: Desk, number: str) -> str:
    return str(desk.get(f"licences/{number}").headers["ETag"])


def _propose(desk: Desk, number: str, body: dict[str, Any] = SUSPENSION) -> Answer:
    return desk.post(f"licences/{number}/proposals", body, **{"If-Match": _version(desk, number)})


def _approve(desk: Desk, proposal: int, number: str, body: dict[str, Any] = YES) -> Answer:
    return desk.post(f"proposals/{proposal}/approvals", body, **{"If-Match": _version(desk, number)})


def _everything() -> dict[str, int]:
    """How many rows the tables have that a decision writes to."""
    names = (
        "entry", "entrytext", "proposal", "approval", "sanction", "idempotencykey", "publishedrecord",
        "registercommit", "changejournal", "historicallicence", "historicalterm",
    )  # fmt: skip
    with connection.cursor() as cursor:
        counts = {}
        for name in names:
            cursor.execute(f"SELECT count(*) FROM registry_{name}")
            counts[name] = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        counts["jobs"] = cursor.fetchone()[0]
    return counts


def _refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    return dict(problem)


def test_a_suspension_needs_two_officers_and_is_public_when_the_second_says_yes(
    enter: Enter, licence: str
) -> None:
    maker, registrar = enter("officer"), enter("registrar")
    proposed = _propose(maker, licence)
    assert proposed.status_code == 201, proposed.content
    body = proposed.json()
    assert (body["state"], body["approvals_needed"], body["awaits_me"]) == ("open", 1, False)
    assert proposed.headers["Location"] == f"/api/v1/staff/proposals/{body['number']}"
    assert lookup.public_licence(licence, at=AT).may_recruit

    waiting = registrar.get("proposals?awaits_me=true").json()["data"]
    assert [one["number"] for one in waiting] == [body["number"]]
    approved = _approve(registrar, body["number"], licence)
    assert approved.status_code == 201, approved.content
    decision = approved.json()["decisions"][0]
    assert decision["officers"] == ["DLA-OFFICER", "DLA-REGISTRAR"]
    assert decision["state"] == "suspended"
    assert not lookup.public_licence(licence, at=AT).may_recruit
    assert registrar.get("proposals").json()["data"] == []


def test_nobody_approves_their_own_proposal(enter: Enter, licence: str) -> None:
    both = enter("officer", "supervisor", "registrar")
    proposal = _propose(both, licence).json()["number"]
    before = _everything()
    _refused(_approve(both, proposal, licence), 403, "approval.own_proposal")
    assert _everything() == before


def test_revoking_takes_three_different_officers(enter: Enter, licence: str) -> None:
    maker, supervisor, registrar = enter("officer"), enter("supervisor", "registrar"), enter("registrar")
    served = (AT - timedelta(days=30)).date().isoformat()
    body = {
        "action": "revoke",
        "no_conflict": True,
        "terms": {"grounds": ["FEE-PROHIBITED"], "notice_served_on": served, "immediate": True},
    }
    proposal = _propose(maker, licence, body).json()["number"]
    first = _approve(supervisor, proposal, licence)
    assert (first.json()["state"], first.json()["next_roles"]) == ("open", ["registrar"])
    before = _everything()
    _refused(_approve(supervisor, proposal, licence), 409, "approval.already_given")
    assert _everything() == before
    assert _approve(registrar, proposal, licence).json()["decisions"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("role", "code"),
    [("officer", 403), ("supervisor", 403), ("inspector", 403), ("auditor", 403), ("administrator", 403)],
)
def test_a_role_that_the_table_does_not_name_approves_nothing(
    enter: Enter, licence: str, role: str, code: int
) -> None:
    proposal = _propose(enter("officer", number="DLA-1"), licence).json()["number"]
    before = _everything()
    _refused(_approve(enter(role, number="DLA-2"), proposal, licence), code, "actor.role_missing")
    assert _everything() == before


@pytest.mark.parametrize("role", ["inspector", "case_officer", "consular", "auditor", "administrator"])
def test_a_role_that_the_table_does_not_name_proposes_nothing(enter: Enter, licence: str, role: str) -> None:
    before = _everything()
    _refused(_propose(enter(role), licence), 403, "actor.role_missing")
    assert _everything() == before


def test_who_reads_aggregates_only_reads_no_dossier(enter: Enter, licence: str) -> None:
    analyst = enter("analyst")
    for path in (f"licences/{licence}", "licences", "agencies", "proposals"):
        _refused(analyst.get(path), 403, "actor.role_missing")


def test_another_authoritys_records_are_in_no_list(enter: Enter, licence: str) -> None:
    builders.authority("XB-MOL", zone="Asia/Tokyo", at=AT)
    _propose(enter("officer", "supervisor", "registrar"), licence)
    elsewhere = enter("officer", "registrar", authority="XB-MOL")
    for path in ("licences", "agencies", "proposals"):
        assert elsewhere.get(path).json()["data"] == []


def test_an_old_second_factor_neither_approves_nor_decides(enter: Enter, licence: str, clock: Clock) -> None:
    maker, registrar, duty = enter("officer"), enter("registrar"), enter("duty_officer")
    proposal = _propose(maker, licence).json()["number"]
    clock.stop(AT + timedelta(minutes=5, seconds=1))
    before = _everything()
    _refused(_approve(registrar, proposal, licence), 403, "actor.second_factor_needed")
    emergency = SUSPENSION | {"action": "suspend_emergency"}
    answer = duty.post(f"licences/{licence}/decisions", emergency, **{"If-Match": _version(duty, licence)})
    _refused(answer, 403, "actor.second_factor_needed")
    assert _everything() == before
    session = registrar.client.session
    session[auth.SECOND_FACTOR] = {"at": (AT + timedelta(minutes=5)).isoformat(), "by": "totp"}
    session.save()
    assert _approve(registrar, proposal, licence).status_code == 201


def test_a_recovery_code_in_the_session_decides_nothing(enter: Enter, licence: str) -> None:
    registrar = enter("registrar")
    proposal = _propose(enter("officer"), licence).json()["number"]
    session = registrar.client.session
    session[auth.SECOND_FACTOR] = {"at": AT.isoformat(), "by": "recovery_codes"}
    session.save()
    _refused(_approve(registrar, proposal, licence), 403, "actor.second_factor_needed")


def test_a_token_reads_and_proposes_and_nothing_else(licence: str, new_desk: Callable[[], Client]) -> None:
    maker, registrar = appoint("DLA-1", "XA-DLA", "officer"), appoint("DLA-2", "XA-DLA", "registrar")

    def program(user: Any, *scopes: str) -> Desk:
        _, secret = tokens.issue(user, label="program", scopes=scopes, days=1, at=AT)
        return Desk(new_desk(), {"Authorization": f"Bearer {secret}"})

    reads, proposes, approves = (
        program(maker, "read"),
        program(maker, "read", "propose"),
        program(registrar, "read", "propose"),
    )
    problem = _refused(_propose(reads, licence), 403, "token.scope_missing")
    assert problem["scope"] == "propose"
    proposal = _propose(proposes, licence).json()["number"]
    before = _everything()
    version = {"If-Match": _version(approves, licence)}
    writes: list[tuple[str, str, Any]] = [
        ("POST", f"proposals/{proposal}/approvals", YES),
        ("POST", f"proposals/{proposal}/declines", {"reason": "no"}),
        ("POST", f"licences/{licence}/decisions", SUSPENSION | {"action": "suspend_emergency"}),
        ("POST", f"licences/{licence}/filings", {"action": "file_renewal"}),
        ("POST", "licences", {"agency": "AG-000001-0", "class": "A"}),
        ("POST", "agencies", {"legal_name": "A", "country": "XA"}),
        ("POST", "tokens", {"label": "more", "scopes": ["read"]}),
        ("POST", "authorities", {"code": "XB-MOL", "name": {"en": "B"}, "zone": "Asia/Tokyo"}),
    ]
    for method, path, body in writes:
        _refused(approves.send(method, path, body, **version), 403, "token.may_not_write_here")
    assert _everything() == before


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_the_same_instant_make_one_decision(enter: Enter, clock: Clock) -> None:
    clock.stop(AT)
    licence = _build()
    proposal = _propose(enter("officer"), licence).json()["number"]
    desks = [enter("registrar", number=f"DLA-R{place}") for place in range(2)]
    version = _version(desks[0], licence)
    start, answers = threading.Barrier(2), [0, 0]
    bodies: list[dict[str, Any]] = [{}, {}]

    def decide(place: int) -> None:
        try:
            start.wait()
            answer = desks[place].post(f"proposals/{proposal}/approvals", YES, **{"If-Match": version})
            answers[place], bodies[place] = answer.status_code, answer.json()
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409]
    refused = bodies[answers.index(409)]
    assert refused["code"] in {"proposal.closed", "licence.version_conflict"}
    entries = desks[0].get(f"licences/{licence}").json()["entries"]
    assert [entry["action"] for entry in entries].count("suspend_preventive") == 1


def test_the_same_key_and_body_give_the_same_answer_and_another_body_is_refused(
    enter: Enter, licence: str
) -> None:
    maker, registrar = enter("officer"), enter("registrar")
    once = {"Idempotency-Key": "the-same-key-1", "If-Match": _version(maker, licence)}
    first = maker.post(f"licences/{licence}/proposals", SUSPENSION, **once)
    before = _everything()
    again = maker.post(f"licences/{licence}/proposals", SUSPENSION, **once)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = SUSPENSION | {"terms": {"grounds": ["TRAFFICKING"]}}
    _refused(maker.post(f"licences/{licence}/proposals", other, **once), 409, "idempotency.key_reused")
    assert _everything() == before

    proposal = first.json()["number"]
    key = {"Idempotency-Key": "the-same-key-1", "If-Match": once["If-Match"]}  # another officer's: no clash
    decided = registrar.post(f"proposals/{proposal}/approvals", YES, **key)
    assert decided.status_code == 201
    before = _everything()
    repeated = registrar.post(f"proposals/{proposal}/approvals", YES, **key)
    assert repeated.json() == decided.json()
    assert _everything() == before


def test_a_write_without_a_key_or_without_the_version_read_is_refused(enter: Enter, licence: str) -> None:
    maker = enter("officer")
    path = f"licences/{licence}/proposals"
    before = _everything()
    _refused(maker.post(path, SUSPENSION, **{"Idempotency-Key": ""}), 400, "idempotency.key_missing")
    _refused(maker.post(path, SUSPENSION, **{"Idempotency-Key": "a b"}), 400, "idempotency.key_malformed")
    _refused(maker.post(path, SUSPENSION), 428, "version.missing")
    _refused(maker.post(path, SUSPENSION, **{"If-Match": "*"}), 400, "version.malformed")
    both = SUSPENSION | {"expected_version": 1}
    _refused(maker.post(path, both, **{"If-Match": '"v3"'}), 400, "version.contradicted")
    old = maker.post(path, SUSPENSION, **{"If-Match": '"v1"'})
    problem = _refused(old, 409, "licence.version_conflict")
    assert problem["expected"] == 1
    assert _everything() == before
    version = int(_version(maker, licence).strip('"v'))
    assert maker.post(path, SUSPENSION | {"expected_version": version}).status_code == 201


def test_an_emergency_is_decided_by_one_and_ratified_by_another(enter: Enter, licence: str) -> None:
    duty, registrar = enter("duty_officer", "registrar", number="DLA-1"), enter("registrar", number="DLA-2")
    emergency = SUSPENSION | {"action": "suspend_emergency"}
    path = f"licences/{licence}/decisions"
    decided = duty.post(path, emergency, **{"If-Match": _version(duty, licence)})
    assert decided.status_code == 201, decided.content
    assert decided.json()["deadlines"]["ratify_by"]
    ratify = {"action": "ratify", "no_conflict": True, "terms": {"refers_to": decided.json()["sequence"]}}
    before = _everything()
    own = duty.post(path, ratify, **{"If-Match": _version(duty, licence)})
    _refused(own, 403, "approval.own_proposal")
    assert _everything() == before
    assert registrar.post(path, ratify, **{"If-Match": _version(registrar, licence)}).status_code == 201


def test_a_step_of_several_officers_is_not_decided_alone_nor_one_officers_step_proposed(
    enter: Enter, licence: str
) -> None:
    registrar = enter("registrar")
    version = {"If-Match": _version(registrar, licence)}
    before = _everything()
    alone = registrar.post(f"licences/{licence}/decisions", SUSPENSION, **version)
    assert _refused(alone, 409, "step.not_allowed")["officers"] == 2
    proposed = SUSPENSION | {"action": "suspend_emergency"}
    _refused(registrar.post(f"licences/{licence}/proposals", proposed, **version), 409, "step.not_allowed")
    filing = registrar.post(f"licences/{licence}/decisions", {"action": "file_renewal"}, **version)
    assert _refused(filing, 409, "step.other_route")["how"] == "file"
    assert _everything() == before


def test_a_proposal_is_declined_with_a_reason_or_withdrawn_by_its_proposer(
    enter: Enter, licence: str
) -> None:
    maker, registrar, other = enter("officer"), enter("registrar"), enter("officer", number="DLA-9")
    first = _propose(maker, licence).json()["number"]
    before = _everything()
    _refused(other.post(f"proposals/{first}/declines", {"reason": "no"}), 403, "actor.role_missing")
    missing = registrar.post(f"proposals/{first}/declines", {})
    assert _refused(missing, 400, "field.missing")["field"] == "reason"
    assert _everything() == before
    assert (
        registrar.post(f"proposals/{first}/declines", {"reason": "papers are fine"}).json()["state"]
        == "declined"
    )
    _refused(_approve(registrar, first, licence), 409, "proposal.closed")
    second = _propose(maker, licence).json()["number"]
    assert maker.post(f"proposals/{second}/declines", {"reason": "mistake"}).json()["state"] == "declined"
    assert registrar.get(f"proposals/{second}").json()["state"] == "declined"


def test_a_proposal_that_has_run_out_waits_for_nobody(enter: Enter, licence: str, clock: Clock) -> None:
    maker, registrar = enter("officer"), enter("registrar")
    proposal = _propose(maker, licence).json()["number"]
    clock.stop(AT + timedelta(days=7, seconds=1))
    assert registrar.get("proposals").json()["data"] == []
    found = registrar.get(f"proposals/{proposal}").json()
    assert (found["state"], found["awaits_me"]) == ("expired", False)


def test_a_conflict_of_interest_must_be_ruled_out_by_proposer_and_approver(
    enter: Enter, licence: str
) -> None:
    maker, registrar = enter("officer"), enter("registrar")
    before = _everything()
    silent = {name: value for name, value in SUSPENSION.items() if name != "no_conflict"}
    _refused(_propose(maker, licence, silent), 422, "actor.conflict_not_declared")
    assert _everything() == before
    proposal = _propose(maker, licence).json()["number"]
    before = _everything()
    _refused(_approve(registrar, proposal, licence, {}), 422, "actor.conflict_not_declared")
    assert _everything() == before


def test_the_steps_open_to_an_officer_come_from_the_laws_table(enter: Enter, licence: str) -> None:
    found = {one["action"]: one for one in enter("officer").get(f"licences/{licence}/actions").json()["data"]}
    assert found["revoke"]["approvals"] == [["registrar", "supervisor"], ["registrar"]]
    assert found["file_renewal"]["how"] == "file"
    assert found["confirm_security"]["how"] == "record"
    assert "suspend_emergency" not in found
    assert "grant" not in found
    duty = enter("duty_officer").get(f"licences/{licence}/actions").json()["data"]
    assert [one["action"] for one in duty] == ["suspend_preventive", "suspend_emergency"]
    assert enter("auditor").get(f"licences/{licence}/actions").json()["data"] == []


UNREADABLE: list[tuple[Any, str]] = [
    ({"effective": "2026-13-01"}, "terms.effective"),
    ({"effective": "2026-5-1"}, "terms.effective"),
    ({"effective": "2026-05-01T10:00:00"}, "terms.effective"),
    ({"until": 20260501}, "terms.until"),
    ({"first_day": "2026-02-30"}, "terms.first_day"),
    ({"scope": {"corridors": ["Q1"]}}, "terms.scope.corridors.0"),
    ({"scope": {"corridors": ["XB"], "jobs": []}}, "terms.scope.jobs"),
    ({"points": "12"}, "terms.points"),
    ({"points": -1}, "terms.points"),
    ({"immediate": "yes"}, "terms.immediate"),
    ({"amount": "1e9"}, "terms.amount"),
    ({"texts": {"not a tag!": "x"}}, "terms.texts"),
    ({"texts": {"en": "a\x00b"}}, "terms.texts.en"),
    ({"restricted_reasons": "x" * 20_001}, "terms.restricted_reasons"),
    ({"surprise": 1}, "terms.surprise"),
    ([], "terms"),
]


def test_terms_that_cannot_be_read_are_refused_by_field(enter: Enter, licence: str) -> None:
    maker = enter("officer")
    before = _everything()
    for terms, field in UNREADABLE:
        answer = _propose(maker, licence, SUSPENSION | {"terms": terms})
        assert answer.status_code == 400, answer.content
        assert answer.json()["field"].replace("[", ".").replace("]", "").startswith(field)
    assert _everything() == before


def test_sql_and_html_in_texts_are_only_words(enter: Enter, licence: str) -> None:
    words = "'; DROP TABLE registry_entry; -- <script>alert(1)</script>"
    body = SUSPENSION | {
        "terms": {"grounds": ["FALSE-DOC"], "texts": {"en": words}, "restricted_reasons": words}
    }
    proposal = _propose(enter("officer"), licence, body).json()["number"]
    registrar = enter("registrar")
    assert _approve(registrar, proposal, licence).status_code == 201
    entry = registrar.get(f"licences/{licence}").json()["entries"][-1]
    assert entry["restricted_reasons"] == words


@pytest.mark.usefixtures("licence")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("XA-DLA-A-000001-0", "licence.mistyped"),
        ("nonsense", "number.not_ours"),
        ("AG-000001-X", "number.not_ours"),
        ("XA-DLA-A-000002-{}", "licence.not_found"),
    ],
)
def test_numbers_that_are_not_in_the_register_are_problems(enter: Enter, number: str, code: str) -> None:
    number = number.format(str(numbering.licence("XA", "DLA", "A", 2))[-1])
    _refused(enter("officer").get(f"licences/{number}"), 404, code)


def test_nobody_gets_in_without_signing_in(new_desk: Callable[[], Client], licence: str) -> None:
    stranger = Desk(new_desk())
    for path in (f"licences/{licence}", "licences", "agencies", "proposals", "tokens", "session"):
        answer = stranger.get(path)
        _refused(answer, 401, "actor.not_signed_in")
    _refused(stranger.post(f"licences/{licence}/proposals", SUSPENSION), 401, "actor.not_signed_in")


def test_a_forged_write_with_an_officers_cookie_is_refused(enter: Enter, licence: str) -> None:
    maker = enter("officer")
    version = _version(maker, licence)
    maker.client.handler.enforce_csrf_checks = True
    before = _everything()
    answer = maker.post(f"licences/{licence}/proposals", SUSPENSION, **{"If-Match": version})
    _refused(answer, 403, "request.forgery")
    assert _everything() == before
    token = maker.get("session").json()["csrf_token"]
    headers = {"If-Match": version, "X-CSRFToken": token}
    assert maker.post(f"licences/{licence}/proposals", SUSPENSION, **headers).status_code == 201
