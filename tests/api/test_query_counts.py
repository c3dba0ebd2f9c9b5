"""How many questions each route asks the database, pinned in ``query_counts.json``.

A count that changes is shown to whoever changes it: run with ``UPDATE_QUERY_COUNTS=1`` and commit the file if the new
count is meant. Counted is a second request, when what a process or a connection does once is done.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from api import standard_webhooks, throttles
from registry import agencies, holders, lookup, subjects
from registry.rules import numbering
from tests import applying, builders
from tests.api.officials import Desk, appoint, sign_in
from tests.conftest import Clock, Kept, signer_of
from tests.house import House
from verification import badges, published_keys, sequencing, statuses, tokens

PINNED = Path(__file__).with_name("query_counts.json")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_NO_QUESTION = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Known:
    """What the requests below are about."""

    agency: str
    number: str
    office: str
    code: str
    office_code: str
    listed: int
    bar: int
    alert: str


@pytest.fixture(scope="module")
def _built(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Known]:
    house = signer_of(tmp_path_factory.mktemp("signer"), "XA-DLA", at=AT)
    with closing(house), kept(at=AT), override_settings(REGISTRY_SIGNER=str(house.path)):
        return house, _build()


@pytest.fixture
def known(_built: tuple[House, Known], tmp_path: Path, clock: Clock, settings: Any) -> Iterator[Known]:
    """A licence with a history, its holder with an office, two badges, a log, and a clock that stands still."""
    house, found = _built
    clock.stop(AT)
    throttles.look_ups.forget()
    with closing(house.another(tmp_path)) as signer:
        settings.REGISTRY_SIGNER = str(signer.path)
        yield found


def _build() -> Known:
    builders.authority()
    start = AT - timedelta(days=20)
    agency = builders.agency(at=start)
    office = builders.head_office(agency, at=start)
    number = builders.active(agency, at=start, legacy_number="77/2026")
    builders.lifted(number, builders.suspended(number, at=start), at=start)
    code, of_office = (
        badges.issue(kind, of, at=AT).code for kind, of in (("licence", number), ("office", office))
    )
    alert = builders.warned(at=start)
    bar = builders.person_barred(at=start)
    statuses.refresh(at=AT)
    published_keys.refresh(at=AT)
    tokens.refresh(at=AT)
    sequencing.advance(at=AT)
    sequencing.publish(at=AT)
    return Known(agency, number, office, code, of_office, statuses.places([code])[code].number, bar, alert)


@contextmanager
def _counting(counts: dict[str, int], name: str) -> Iterator[None]:
    with CaptureQueriesContext(connection) as asked:
        yield
    counts[name] = sum(not query["sql"].startswith(_NO_QUESTION) for query in asked.captured_queries)


def _hold_to(part: str, counts: dict[str, int]) -> None:
    """Compare with what is pinned, or pin it."""
    pinned: dict[str, dict[str, int]] = json.loads(PINNED.read_text()) if PINNED.exists() else {}
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        pinned[part] = dict(sorted(counts.items()))
        PINNED.write_text(json.dumps(dict(sorted(pinned.items())), indent=2) + "\n", encoding="utf-8")
    assert counts == pinned[part], "meant? UPDATE_QUERY_COUNTS=1 pins the new counts"


def _questions(known: Known) -> dict[str, tuple[str, dict[str, str]]]:
    """By the name of a count (route, then what is asked of it): the path and the headers."""
    licence, day = f"/api/v1/licences/{known.number}", (AT - timedelta(days=3)).date()
    html, signed = {"Accept": "text/html"}, {"Accept": "application/jwt"}
    return {
        "api/v1/licences/<str:number>": (licence, {}),
        "api/v1/licences/<str:number> on a day": (f"{licence}?as_of={day}", {}),
        "api/v1/licences/<str:number> at an instant": (f"{licence}?as_of={day}T12:00:00Z", {}),
        "api/v1/licences/<str:number> as known then": (f"{licence}?known_at={day}T12:00:00Z", {}),
        "api/v1/licences/<str:number> unknown": (
            f"/api/v1/licences/{numbering.licence('XA', 'DLA', 'A', 999)}",
            {},
        ),
        "api/v1/licences/<str:number>/certificate": (f"{licence}/certificate", {}),
        "api/v1/licences/<str:number>/timeline": (f"{licence}/timeline", {}),
        "api/v1/licences": ("/api/v1/licences?number=77/2026", {}),
        "api/v1/verify/<str:code>": (f"/api/v1/verify/{known.code}", {}),
        "api/v1/verify/<str:code> signed": (f"/api/v1/verify/{known.code}", signed),
        "s": ("/s", {}),
        "s/<str:number>": (f"/s/{known.listed}", {}),
        "b/<str:number>/<str:purpose>": (f"/b/{known.listed}/revocation", {}),
        "c/<str:code>": (f"/c/{known.code}", {}),
        "v/<str:code>/qr.png with the token": (f"/v/{known.code}/qr.png?print=L", {}),
        "api/v1/search": ("/api/v1/search?q=Bluefinch+Manpower", {}),
        "api/v1/agencies/<str:number>": (f"/api/v1/agencies/{known.agency}", {}),
        "api/v1/agencies": ("/api/v1/agencies?country=XA&limit=10", {}),
        "api/v1/agencies by name": ("/api/v1/agencies?q=Bluefinch", {}),
        "api/v1/alerts": ("/api/v1/alerts", {}),
        "api/v1/alerts/<str:number>": (f"/api/v1/alerts/{known.alert}", {}),
        "api/v1/search of a contact": ("/api/v1/search?q=Bluefinch+Manpower&contact=%2B442079460499", {}),
        "api/v1/debarments": ("/api/v1/debarments", {}),
        "api/v1/debarments by name": ("/api/v1/debarments?q=Mina", {}),
        "api/v1/debarments/<str:number>": (f"/api/v1/debarments/{known.bar}", {}),
        "api/v1/changes": ("/api/v1/changes?after=0", {}),
        "api/v1/codes": ("/api/v1/codes", {}),
        "api/v1/dumps": ("/api/v1/dumps", {}),
        "api/v1/dumps/<str:name>/proof": ("/api/v1/dumps/none/proof", {}),
        "api/v1/dumps/<str:name>/<str:wanted>": ("/api/v1/dumps/none/manifest.json", {}),
        "api/v1/schema": ("/api/v1/schema", {}),
        "api/v1/docs": ("/api/v1/docs", {}),
        "api/v1/docs/start.js": ("/api/v1/docs/start.js", {}),
        "api/": ("/api/nothing", {}),
        ".well-known/recruiter-trust-list": ("/.well-known/recruiter-trust-list", {}),
        ".well-known/jwks.json": ("/.well-known/jwks.json", {}),
        ".well-known/did.json": ("/.well-known/did.json", {}),
        "a/<str:authority>/did.json": ("/a/xa-dla/did.json", {}),
        ".well-known/security.txt": ("/.well-known/security.txt", {}),
        "healthz": ("/healthz", {}),
        "readyz": ("/readyz", {}),
        "log/checkpoint": ("/log/checkpoint", {}),
        "log/tile/entries/<path:place>": ("/log/tile/entries/000.p/2", {}),
        "log/tile/<str:level>/<path:place>": ("/log/tile/0/000.p/2", {}),
        "log/proof/<str:index>": ("/log/proof/1", {}),
        "log/consistency": ("/log/consistency?from=1&to=2", {}),
        "log/policy": ("/log/policy", {}),
        "log/badge/<str:digest>": (f"/log/badge/{'0' * 64}", {}),
        "log/witness/add-checkpoint": ("/log/witness/add-checkpoint", {}),
        "log/ (anything else)": ("/log/nothing", {}),
        "v/<str:code>": (f"/v/{known.code}", html),
        "v/<str:code> of an office": (f"/v/{known.office_code}", html),
        "v/<str:code> as JSON": (f"/v/{known.code}", {"Accept": "application/json"}),
        "v/<str:code> unknown": (f"/v/{numbering.badge_code('XA', lambda _: 0)}", html),
        "v/<str:code>/": (f"/v/{known.code}/", html),
        "v/<str:code>/qr.png": (f"/v/{known.code}/qr.png", {}),
        "v/<str:code>/qr.svg": (f"/v/{known.code}/qr.svg", {}),
        "v/<str:code>/badge": (f"/v/{known.code}/badge", html),
        " (home)": ("/", html),
        " (home) with results": ("/?q=Bluefinch", html),
        "licences/<str:number>": (f"/licences/{known.number}", html),
        "agencies/<str:number>": (f"/agencies/{known.agency}", html),
        "applications": ("/applications", html),
        "applications/<str:number>": ("/applications/LA-000001-0", html),
        "agencies": ("/agencies", html),
        "agencies.csv": ("/agencies.csv", {}),
        "alerts": ("/alerts", html),
        "alerts.csv": ("/alerts.csv", {}),
        "alerts/<str:number>": (f"/alerts/{known.alert}", html),
        "debarments": ("/debarments", html),
        "report": ("/report", html),
        "report/status": ("/report/status", html),
        "debarments/<str:number>": (f"/debarments/{known.bar}", html),
        "where": ("/where", html),
        "mark.svg": ("/mark.svg", {}),
        "scan": ("/scan", {}),
        "worker.js": ("/worker.js", {}),
        "manifest.webmanifest": ("/manifest.webmanifest", {}),
        "photographs/<str:sha256>.jpg": (f"/photographs/{'0' * 64}.jpg", {}),
        "anything else": ("/nothing/here", html),
    }


def _sent(known: Known) -> dict[str, tuple[str, bytes, str]]:
    """What is asked by POST: by the name of a count the path, the body and its media type."""
    form = "application/x-www-form-urlencoded"
    message = json.dumps({"from": "+9779812345678", "text": known.code}).encode()
    menu = f"sessionId=1&phoneNumber=%2B9779812345678&text=1*1*{known.code}".encode()
    return {
        "api/v1/verify/<str:code>/live": (
            f"/api/v1/verify/{known.code}/live", b'{"digits": "000000"}', "application/json",
        ),
        "v/<str:code>/live": (f"/v/{known.code}/live", b"digits=000000", form),
        "gateway/sms": ("/gateway/sms", message, "application/json"),
        "gateway/ussd": ("/gateway/ussd", menu, form),
    }  # fmt: skip


def test_public_routes_ask_the_database_as_often_as_pinned(known: Known, public: Client) -> None:
    counts: dict[str, int] = {}
    for name, (path, headers) in _questions(known).items():
        assert public.get(path, headers=headers).status_code < 500 or name == "readyz", path
        with _counting(counts, name):
            public.get(path, headers=headers)
    batch = {"items": [{"number": known.number, "name": "Bluefinch"}, {"number": "77/2026"}, {"number": "?"}]}
    for size in (1, 3):
        told = json.dumps({"items": batch["items"][:size]})
        public.post("/api/v1/verifications", told, content_type="application/json")
        with _counting(counts, f"api/v1/verifications of {size}"):
            answer = public.post("/api/v1/verifications", told, content_type="application/json")
        assert len(answer.json()["data"]) == size
    receipt = public.get(f"/api/v1/verify/{known.code}", headers={"Accept": "application/jwt"})
    for name, sent in (
        ("receipts/verify", {"receipt": receipt.content.decode()}),
        ("credentials/verify", {"credential": tokens.credential(known.code)}),
        ("verify-token", {"token": tokens.digits(known.code, at=AT)}),
    ):
        with _counting(counts, f"api/v1/{name}"):
            answer = public.post(f"/api/v1/{name}", sent, content_type="application/json")
        assert answer.status_code == 200
    for name, (path, body, media) in _sent(known).items():
        for attempt in ("first", "second"):
            signed = standard_webhooks.headers(attempt, body, settings.REGISTRY_GATEWAY_SECRETS, at=AT)
            with _counting(counts, name):
                answer = public.post(path, body, content_type=media, headers=signed)
            assert answer.status_code == 200
    assert counts["api/v1/licences/<str:number>"] == 1, "one indexed read of one row"
    assert counts["api/v1/verifications of 1"] == counts["api/v1/verifications of 3"]
    _hold_to("public", counts)


def test_a_reader_who_holds_the_answer_costs_no_further_question(known: Known, public: Client) -> None:
    for path in (f"/api/v1/licences/{known.number}", f"/v/{known.code}"):
        first = public.get(path, headers={"Accept": "application/json"})
        counts: dict[str, int] = {}
        with _counting(counts, path):
            again = public.get(path, headers={"Accept": "application/json", "If-None-Match": first["ETag"]})
        assert again.status_code == 304
        assert counts[path] <= 2


def test_every_public_route_has_its_count_pinned() -> None:
    pinned = json.loads(PINNED.read_text())["public"]
    missing = [
        route
        for route in _routes(get_resolver("api.conf.public"))
        if not any(name == route or name.startswith(f"{route} ") for name in pinned)
    ]
    assert missing in ([], [r".*"]), (
        "the last route takes whatever no other took: it is pinned as 'anything else'"
    )


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)


def test_staff_routes_ask_the_database_as_often_as_pinned(
    known: Known, new_desk: Callable[[], Client]
) -> None:
    maker = sign_in(new_desk(), appoint("DLA-MAKER", "XA-DLA", "officer"))
    checker = sign_in(new_desk(), appoint("DLA-CHECKER", "XA-DLA", "registrar"))
    counts: dict[str, int] = {}
    licence = f"licences/{known.number}"
    for path, name in (
        ("session", "session"),
        ("agencies", "agencies"),
        (f"agencies/{known.agency}", "agencies/<number>"),
        ("licences", "licences"),
        (licence, "licences/<number>"),
        (f"{licence}/actions", "licences/<number>/actions"),
        ("proposals", "proposals"),
        ("authorities/XA-DLA", "authorities/<code>"),
    ):
        assert maker.get(path).status_code == 200, path
        with _counting(counts, f"GET {name}"):
            maker.get(path)
    _count_a_suspension(counts, maker, checker, licence)
    assert lookup.public_licence(known.number, at=AT).state == "suspended"
    _hold_to("staff", counts)


def _count_a_suspension(counts: dict[str, int], maker: Desk, checker: Desk, licence: str) -> None:
    def version() -> dict[str, str]:
        return {"If-Match": maker.get(licence)["ETag"]}

    body: dict[str, Any] = {
        "action": "suspend_preventive",
        "no_conflict": True,
        "terms": {"grounds": ["FALSE-DOC"], "texts": {"en": "Papers under examination."}},
    }
    held = version()
    with _counting(counts, "POST licences/<number>/proposals"):
        proposed = maker.post(f"{licence}/proposals", body, **held)
    assert proposed.status_code == 201, proposed.content
    proposal = proposed.json()["number"]
    assert checker.get(f"proposals/{proposal}").status_code == 200
    with _counting(counts, "POST proposals/<id>/approvals"):
        approved = checker.post(f"proposals/{proposal}/approvals", {"no_conflict": True}, **held)
    assert approved.status_code in {200, 201}, approved.content


def test_the_queue_asks_as_often_as_pinned_for_every_role_that_takes_steps(
    known: Known, new_desk: Callable[[], Client]
) -> None:
    counts: dict[str, int] = {}
    builders.active(known.agency, at=AT, last_day=(AT + timedelta(days=20)).date())
    applying.submitted(AT)
    for role in ("officer", "registrar", "inspector", "appeals_body", "auditor"):
        officer = sign_in(new_desk(), appoint(f"DLA-{role.upper()}", "XA-DLA", role)).client
        assert officer.get("/desk/").status_code == 200
        with _counting(counts, role):
            officer.get("/desk/")
    _hold_to("queue", counts)


def test_persons_requests_and_accounts_ask_as_often_as_pinned_however_many_there_are(
    known: Known, new_desk: Callable[[], Client]
) -> None:
    officer = sign_in(new_desk(), appoint("DLA-MAKER", "XA-DLA", "officer")).client
    found: list[dict[str, int]] = []
    for place in range(2):
        for one in range(place + 1):
            _somebody(known, f"Mina Rai {place} {one} (DEMO)")
        counts: dict[str, int] = {}
        for path in ("/desk/persons", "/desk/persons?q=Mina", "/desk/requests", "/desk/holders"):
            assert officer.get(path).status_code == 200, path
            with _counting(counts, path):
                officer.get(path)
        for path in ("persons", "requests"):
            address = f"/api/v1/staff/{path}"
            assert officer.get(address).status_code == 200, path
            with _counting(counts, address):
                officer.get(address)
        found.append(counts)
    assert found[0] == found[1]
    _hold_to("persons", found[0])


def _somebody(known: Known, name: str) -> None:
    """A person who directs the agency and asks what is held of them, and an account that asks to act for it."""
    maker = builders.maker(AT)
    made = agencies.appoint(
        known.agency,
        name=name,
        role="director",
        first_day=AT.date(),
        by=maker,
        at=AT,
        idempotency_key=builders.key(),
    )
    builders.approved(made, at=AT)
    subjects.record(
        "access", asked_by=name, identity_check="Seen.", words="Everything.", received_on=AT.date(), by=maker, at=AT,
        idempotency_key=builders.key(),
    )  # fmt: skip
    account = f"APPLICANT-{name}"
    holders.ask(account, known.number, "Its director.", at=AT, idempotency_key=builders.key())


def test_a_dossier_asks_as_often_as_pinned_however_many_licences_there_are(
    known: Known, new_desk: Callable[[], Client]
) -> None:
    officer = sign_in(new_desk(), appoint("DLA-MAKER", "XA-DLA", "officer")).client
    dossier, day = f"/desk/agencies/{known.agency}", (AT - timedelta(days=3)).date()
    paths = {
        "agencies": "/desk/agencies",
        "agencies/<number>": dossier,
        "agencies/<number> as it was": f"{dossier}?as_of={day}",
        "agencies/<number> as was known": f"{dossier}?as_of={day}&known_at={day}",
        "agencies/<number>/versions": f"{dossier}/versions",
        "agencies/<number>/versions/<record>": f"{dossier}/versions/{known.number}",
    }
    found: list[dict[str, int]] = []
    for _more in range(2):
        counts: dict[str, int] = {}
        for name, path in paths.items():
            assert officer.get(path).status_code == 200, path
            with _counting(counts, name):
                officer.get(path)
        found.append(counts)
        for _licence in range(2):
            builders.active(known.agency, at=AT)
    assert found[0] == found[1]
    _hold_to("dossier", found[0])
