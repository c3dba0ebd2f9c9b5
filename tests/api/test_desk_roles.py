"""Who may do what at the desk: every role against every page and every form, the table written out here by hand.

A route of the desk that this table does not know fails it: whoever adds one says here for whom it is.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client, override_settings

from api import officers
from api.desk import navigation, urls
from api.models import SavedFilter
from registry import (
    agencies,
    bars,
    dossier,
    holders,
    licensing,
    motions,
    outlook,
    persons,
    policies,
    screening,
    subjects,
)
from registry.remedy import intake
from registry.rules import applying as law
from registry.rules.lifecycle import STEPS, Action, Actor, Role, StepTerms
from registry.rules.motions import Motion
from tests import applying, builders
from tests.api.officials import appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ROLES: Final = (
    "officer", "supervisor", "registrar", "duty_officer", "appeals_body", "inspector", "case_officer", "consular",
    "analyst", "auditor", "administrator",
)  # fmt: skip
EVERYBODY: Final = frozenset(ROLES)
READERS: Final = EVERYBODY - {"analyst"}
DECIDING: Final = frozenset({"officer", "supervisor", "registrar"})
STOPPING: Final = DECIDING | {"duty_officer"}
APPLICATIONS: Final = DECIDING | {"inspector", "appeals_body", "auditor"}
PERSONS: Final = DECIDING | {"auditor"}
PEOPLE: Final = frozenset({"administrator", "auditor"})
ADMINISTRATOR: Final = frozenset({"administrator"})
INSPECTING: Final = frozenset({"inspector", "supervisor", "registrar"})
CASES: Final = frozenset({"case_officer"})
NUMBERS: Final = DECIDING | {"analyst", "auditor"}


@dataclass(frozen=True)
class Route:
    """A page: where, who reads it, who writes there (``None``: nobody can), and what is sent to try."""

    path: str
    reads: frozenset[str]
    writes: frozenset[str] | None = None
    sent: dict[str, Any] = field(default_factory=dict)


HOUSE: Final = b"\xff\xd8\xff a house"
WORD: Final = {"reason": "Compared.", "no_conflict": "on"}
TABLE: Final = {
    "desk-queue": Route("", EVERYBODY),
    "desk-agencies": Route("agencies", READERS),
    "desk-agency": Route("agencies/{agency}", READERS),
    "desk-photograph": Route("agencies/{agency}/photographs/{office}", DECIDING, DECIDING, {"do": "show"}),
    "desk-picture": Route("photographs/{sha256}.jpg", READERS),
    "desk-versions": Route("agencies/{agency}/versions", READERS),
    "desk-record": Route("agencies/{agency}/versions/{licence}", READERS),
    "desk-applications": Route("applications", APPLICATIONS),
    "desk-application": Route("applications/{application}", APPLICATIONS),
    "desk-application-paper": Route("applications/{application}/documents/{paper}", APPLICATIONS),
    "desk-application-step": Route(
        "applications/{application}/ask", DECIDING, DECIDING, {"letter": "Send the deed."}
    ),
    "desk-licence": Route("licences/{licence}", READERS),
    "desk-step": Route("licences/{licence}/steps/suspend_preventive", STOPPING, STOPPING),
    "desk-agency-step": Route("agencies/{agency}/steps/debar", DECIDING, DECIDING),
    "desk-letters": Route("licences/{licence}/letters", READERS, DECIDING, {"address": "a@b.example"}),
    "desk-merge": Route("agencies/{agency}/merge", DECIDING, DECIDING, {"into": "AG-000999-0", **WORD}),
    "desk-motion": Route("motions/{motion}", READERS, frozenset({"supervisor", "registrar"})),
    "desk-persons": Route("persons", PERSONS),
    "desk-person-file": Route("persons/{person}", PERSONS),
    "desk-bar-person": Route("persons/{person}/bar", DECIDING, DECIDING, WORD),
    "desk-bar": Route("persons/{person}/bars/{bar}", DECIDING, DECIDING, {"do": "appeal"}),
    "desk-dismiss-appeal": Route("persons/{person}/bars/{bar}/dismissal", DECIDING, DECIDING, {**WORD}),
    "desk-alerts": Route("alerts", READERS),
    "desk-new-alert": Route("alerts/new", DECIDING, DECIDING, {**WORD, "kind": "unlicensed"}),
    "desk-alert": Route("alerts/{alert}", READERS),
    "desk-correct-alert": Route(
        "alerts/{alert}/correction", DECIDING, DECIDING, {**WORD, "kind": "unlicensed"}
    ),
    "desk-end-alert": Route("alerts/{alert}/end", DECIDING, DECIDING, WORD),
    "desk-requests": Route("requests", DECIDING | {"auditor"}),
    "desk-new-request": Route("requests/new", DECIDING, DECIDING),
    "desk-request": Route("requests/{request}", DECIDING | {"auditor"}, DECIDING),
    "desk-handed-over": Route("requests/{handed}/file", DECIDING | {"auditor"}),
    "desk-handed-over-json": Route("requests/{handed}/file.json", DECIDING | {"auditor"}),
    "desk-end-bar": Route("persons/{person}/bars/{bar}/end", DECIDING, DECIDING, WORD),
    "desk-holders": Route("holders", PERSONS),
    "desk-holder": Route("holders/{holder}", PERSONS, DECIDING),
    "desk-holder-paper": Route("licences/{licence}/papers/{answered}", READERS),
    "desk-proposal": Route("proposals/{proposal}", READERS, frozenset({"registrar"}), {"no_conflict": "on"}),
    "desk-certificate": Route("licences/{licence}/certificate.pdf", READERS),
    "desk-letter": Route("licences/{licence}/letters/{sequence}.pdf", READERS),
    "desk-show-cause": Route("licences/{licence}/show-cause/{proposal}.pdf", READERS),
    "desk-securities": Route("securities", READERS),
    "desk-security": Route("securities/{licence}", READERS, DECIDING),
    "desk-screening": Route("screening", DECIDING | {"auditor"}),
    "desk-match": Route("screening/{match}", DECIDING | {"auditor"}, DECIDING, {**WORD, "verdict": "clear"}),
    "desk-links": Route("agencies/{agency}/links", DECIDING | {"auditor"}, DECIDING),
    "desk-concerns": Route("concerns", CASES),
    "desk-concern": Route("concerns/{concern}", CASES),
    "desk-concern-person": Route("concerns/{concern}/person", CASES),
    "desk-concern-file": Route("concerns/{concern}/files/{evidence}", CASES),
    "desk-concern-step": Route("concerns/{concern}/triage", CASES, CASES, {"categories": "fees"}),
    "desk-people": Route("officers", PEOPLE),
    "desk-invite": Route("officers/invitations/new", ADMINISTRATOR, ADMINISTRATOR),
    "desk-change": Route("officers/changes/{change}", PEOPLE, ADMINISTRATOR),
    "desk-person": Route("officers/DLA-50", PEOPLE, ADMINISTRATOR),
    "desk-roles": Route("officers/DLA-50/roles", ADMINISTRATOR, ADMINISTRATOR),
    "desk-new-device": Route("officers/DLA-50/device", ADMINISTRATOR, ADMINISTRATOR),
    "desk-end": Route("officers/DLA-50/end", ADMINISTRATOR, ADMINISTRATOR),
    "desk-policies": Route("policies", ADMINISTRATOR),
    "desk-policy": Route("policies/XA-DLA", ADMINISTRATOR),
    "desk-policy-version": Route("policies/XA-DLA/versions/1", ADMINISTRATOR),
    "desk-new-policy": Route("policies/XA-DLA/new", ADMINISTRATOR, ADMINISTRATOR),
    "desk-policy-proposal": Route(
        "policies/proposals/{policy}", ADMINISTRATOR, ADMINISTRATOR, {"do": "decline"}
    ),
    "desk-readings": Route("readings", frozenset({"auditor"})),
    "desk-account": Route("account", EVERYBODY, EVERYBODY),
    "desk-recovery-codes": Route("account/recovery-codes", EVERYBODY, EVERYBODY),
    "desk-forget": Route("account/passkeys/999/forget", EVERYBODY, EVERYBODY),
    "desk-keys": Route("keys", EVERYBODY),
    "desk-keep-filter": Route("filters/new", READERS, READERS),
    "desk-forget-filter": Route("filters/{filter}/forget", READERS, READERS),
    "desk-warnings": Route("early-warning", INSPECTING),
    "desk-warnings-sheet": Route("early-warning.csv?days=7", INSPECTING),
    "desk-reports": Route("reports", NUMBERS),
    "desk-report": Route("reports/register", NUMBERS),
    "desk-report-book": Route("reports/register/book.xlsx", NUMBERS),
    "desk-report-sheet": Route("reports/register/{sheet}.csv", NUMBERS),
}
NOT_THERE: Final = frozenset(
    {
        "desk-application-paper",
        "desk-concern-file",
        "desk-forget",
        "desk-report-sheet",
        "desk-letter",
        "desk-show-cause",
        "desk-security",
    }
)
"""Routes that are asked for something that is not there; all others open a record."""
OPEN: Final = frozenset(
    {
        "desk-sign-in", "desk-sign-out", "desk-second-factor", "desk-set-up", "desk-invitation", "desk-passkey-options",
        "desk-passkey-sign-in", "desk-passkey-again", "desk-passkey-add", "desk-language",
    }
)  # fmt: skip
"""Doors: they are there for whoever is not, or not wholly, signed in."""


def test_every_route_of_the_desk_stands_in_the_table_and_every_role() -> None:
    assert {getattr(route, "name", str(route)) for route in urls.urlpatterns} == TABLE.keys() | OPEN
    assert {role.value for role in navigation.EVERYBODY} == EVERYBODY


@pytest.fixture(scope="module")
def _built(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("papers")
    with kept(at=AT), override_settings(REGISTRY_DOCUMENTS=folder):
        return {**_one_of_everything(), "folder": folder}


@pytest.fixture
def known(_built: dict[str, Any], clock: Clock, settings: Any) -> dict[str, Any]:
    """One of everything, at XA-DLA."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = _built["folder"]
    return dict(_built)


def _one_of_everything() -> dict[str, Any]:
    start = AT - timedelta(days=60)
    builders.authority(at=start)
    agency = builders.agency(at=start)
    office = builders.head_office(agency, at=start)
    agencies.show_photograph(
        office, HOUSE, by=builders.maker(start), at=start, idempotency_key=builders.key()
    )
    licence = builders.active(agency, at=start)
    other = builders.active(agency, "A", at=start)
    sequence = builders.suspended(other, at=start)
    terms = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."}, no_conflict=True)
    proposed = licensing.propose(
        other,
        Action.SUSPEND_PREVENTIVE,
        by=builders.maker(AT),
        at=AT,
        terms=terms,
        idempotency_key=builders.key(),
    )
    builders.revoked(builders.active(builders.agency("Gone Jobs (DEMO)", at=start), at=start), at=start)
    twin = builders.agency("Gone Jobs (DEMO)", at=AT, company_number="C 91")
    matches = screening.of(twin, at=AT).matches
    appoint("DLA-50", "XA-DLA", "consular")
    appoint("AD-1", "", "administrator")
    by = Actor("AD-1", None, frozenset({Role.ADMINISTRATOR}), second_factor_at=AT)
    change = officers.propose_roles("DLA-50", roles=["inspector"], reason="Moves.", by=by, at=AT)
    rule: dict[str, Any] = {"by": by, "at": AT, "idempotency_key": builders.key()}
    ruled = policies.propose("XA-DLA", {}, in_force_from=None, **rule)
    return {
        "agency": agency, "office": office,
        "sha256": hashlib.sha256(HOUSE).hexdigest(),
        "licence": licence, "proposal": proposed.id, "sequence": sequence, "match": matches[0].id,
        "policy": ruled.id,
        "application": applying.submitted(AT), "paper": "none", "change": change.pk, "sheet": "none",
        "concern": reported(AT), "evidence": "none",
        **_moved(), **_held(licence),
    }  # fmt: skip


def reported(at: datetime) -> str:
    """The code of a concern that somebody reported."""
    said = intake.Report(("fees",), "DEMO: they asked for money.", "XA-DLA", "en", name="Mina (DEMO)")
    return intake.file(said, key=builders.key(), at=at).code


def _moved() -> dict[str, Any]:
    """A person who is barred, and a motion that waits: two records of one firm made one."""
    at = AT - timedelta(days=20)
    heron = builders.agency("Heron (DEMO)", at=at)
    agencies.appoint(
        heron, name="Mina Rai (DEMO)", role="director", first_day=at.date(), by=builders.maker(at), at=at,
        idempotency_key=builders.key(),
    )  # fmt: skip
    person = persons.listed(by=builders.checker(AT), at=AT, q="Rai")[0][-1].number
    terms: dict[str, Any] = {"last_day": "2027-04-30", "grounds": ["CONVICTION"], "reason": "Judgment."}
    said: dict[str, Any] = {"at": AT, "no_conflict": True}
    bar = motions.propose(
        Motion.BAR, person, terms, by=builders.maker(AT), idempotency_key=builders.key(), **said
    )
    for by in (builders.checker(AT), builders.registrar(AT)):
        motions.approve(bar.id, by=by, idempotency_key=builders.key(), **said)
    one, other = (builders.agency(f"Plover {n} (DEMO)", at=at, company_number=f"P {n}") for n in "12")
    terms = {"into": other, "reason": "One firm."}
    merger = motions.propose(
        Motion.MERGE, one, terms, by=builders.maker(AT), idempotency_key=builders.key(), **said
    )
    asked, given = (
        subjects.record(
            "access", person=person, asked_by="Mina Rai (DEMO)", identity_check="Passport seen.", words="Everything.",
            received_on=at.date(), by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
        ).id
        for _ in range(2)
    )  # fmt: skip
    answer = motions.propose(
        Motion.ANSWER, str(given), {"answer": "give", "reason": "As asked."}, by=builders.maker(AT),
        idempotency_key=builders.key(), **said,
    )  # fmt: skip
    motions.approve(answer.id, by=builders.checker(AT), idempotency_key=builders.key(), **said)
    told = {
        "alert": builders.warned(at=AT),
        "person": person,
        "bar": bars.of(person)[-1].sequence,
        "motion": merger.id,
    }
    return told | {"request": asked, "handed": given}


def _held(licence: str) -> dict[str, Any]:
    """An account that acts for the agency and has answered a notice with a paper, and another that asks to act."""
    said: dict[str, Any] = {"at": AT}
    first, asking = (
        holders.ask(f"APPLICANT-{n}", licence, "Its director.", idempotency_key=builders.key(), **said)
        for n in "12"
    )
    for by in (builders.maker(AT), builders.checker(AT)):
        holders.confirm(first, by=by, no_conflict=True, idempotency_key=builders.key(), **said)
    notice = builders.take(licence, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)), at=AT)
    stored = storages["documents"].save("answer.pdf", ContentFile(b"%PDF-1.7"))
    paper = {
        "name": "answer.pdf", "media_type": "application/pdf", "size": 8, "sha256": "0" * 64, "stored_as": stored,
    }  # fmt: skip
    answered = holders.represent(
        "APPLICANT-1", licence, notice.sequence, "Paid back.", [paper], idempotency_key=builders.key(), **said
    )
    papers = dict(holders.papers(licence, by=builders.checker(AT)))
    return {"holder": asking, "answered": papers[answered].reference}


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Each role alone."""
    return str(request.param)


def test_a_role_reads_and_writes_what_the_table_says_and_nothing_else(
    role: str, known: dict[str, Any], new_desk: Callable[[], Client]
) -> None:
    user = appoint("DLA-7", "XA-DLA", role)
    client = sign_in(new_desk(), user).client
    kept = SavedFilter.objects.create(officer="DLA-7", name="Mine", kept_at=AT)
    found: dict[str, tuple[bool, bool | None]] = {}
    for name, route in TABLE.items():
        path = f"/desk/{route.path.format(**known, filter=kept.pk)}"
        read = client.get(path)
        written = client.post(path, route.sent)
        assert {read.status_code, written.status_code} <= {200, 302, 403, 404, 405, 409, 422}, (
            path,
            read,
            written,
        )
        assert read.status_code != 404 or name in NOT_THERE, path
        found[name] = (
            read.status_code != 403,
            None if written.status_code == 405 else written.status_code != 403,
        )
    wanted = {
        name: (role in route.reads, None if route.writes is None else role in route.writes)
        for name, route in TABLE.items()
    }
    assert found == wanted


def test_a_step_is_offered_and_taken_by_the_roles_of_the_law_alone(
    role: str, known: dict[str, Any], new_desk: Callable[[], Client]
) -> None:
    client = sign_in(new_desk(), appoint("DLA-7", "XA-DLA", role)).client
    for action, step in STEPS.items():
        admitted = role in step.proposes
        places = [f"licences/{known['licence']}"]
        places += [f"agencies/{known['agency']}"] if action in outlook.OF_AGENCY else []
        for place in places:
            path = f"/desk/{place}/steps/{action}"
            assert (client.post(path, {}).status_code != 403) == (admitted and role != "analyst"), path
    if role in APPLICATIONS:
        for asked in (
            "review",
            "ask",
            "order_inspection",
            "record_inspection",
            "grant",
            "refuse",
            "take_back",
        ):
            path = f"/desk/applications/{known['application']}/{asked}"
            admitted = role in law.STEPS[law.Action(asked)].by
            assert (client.get(path).status_code != 403) == admitted, path


def test_another_authority_s_records_are_not_there_on_any_page_or_form(
    known: dict[str, Any], new_desk: Callable[[], Client]
) -> None:
    builders.authority("XB-LMA")
    client = sign_in(new_desk(), appoint("LMA-7", "XB-LMA", *ROLES)).client
    places = {name: route for name, route in TABLE.items() if "{" in route.path or "DLA-" in route.path}
    for name, route in places.items():
        if name in {"desk-forget-filter", "desk-report-sheet"}:
            continue
        path = f"/desk/{route.path.format(**known)}"
        missing = client.get("/desk/agencies/AG-000999-0").status_code
        assert client.get(path).status_code == missing == 404, path
        if route.writes is not None:
            assert client.post(path, route.sent).status_code == 404, path


def test_no_form_is_taken_without_its_token(known: dict[str, Any], new_desk: Callable[[], Client]) -> None:
    client = sign_in(new_desk(), appoint("DLA-7", "XA-DLA", *ROLES)).client
    client.handler.enforce_csrf_checks = True
    assert client.post("/desk/language", {"language": "ar"}).status_code == 403
    kept = SavedFilter.objects.create(officer="DLA-7", name="Mine", kept_at=AT)
    for route in TABLE.values():
        path = f"/desk/{route.path.format(**known, filter=kept.pk)}"
        assert client.post(path, {**route.sent, "keep": "keep"}).status_code == 403, path
    assert settings.CSRF_COOKIE_SAMESITE == settings.SESSION_COOKIE_SAMESITE == "Strict"
    assert dossier.restricted_licence(known["licence"], by=builders.maker(AT), at=AT)["state"] == "active"
