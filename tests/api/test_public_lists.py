"""Batches, agencies, search, changes and badges over the public API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api import throttles
from registry import agencies
from registry.rules import numbering
from registry.rules.lifecycle import Scope
from tests import builders
from tests.conftest import Kept
from verification import badges

START = builders.START
LATER = START + timedelta(days=60)


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    throttles.look_ups.forget()


@pytest.fixture(scope="module")
def _built(kept: Kept) -> dict[str, str]:
    with kept():
        return _build()


@pytest.fixture
def register(_built: dict[str, str], db: None, clock: Any) -> dict[str, str]:
    """A few licences in different states under two authorities, by what they are called here."""
    clock.stop(LATER)
    return dict(_built)


def _build() -> dict[str, str]:
    builders.authority()
    builders.authority("XB-LAB")
    agency = builders.agency("Bluefinch Manpower Pvt Ltd (DEMO)")
    builders.approved(
        agencies.add_trading_name(
            agency, "Bluefinch Overseas", by=builders.maker(START), at=START, idempotency_key=builders.key()
        ),
        at=START,
    )
    builders.head_office(agency)
    there = {"agency": agency, "good": builders.active(agency, legacy_number="17/2080")}
    there["cut"] = builders.active(builders.agency("Copper Kite (DEMO)"), scope=Scope(corridors=("XC",)))
    there["suspended"] = builders.active(builders.agency("Grey Heron (DEMO)"))
    far = builders.agency("Silver Quay (DEMO)", authority="XB-LAB")
    there["far"] = builders.active(far, authority="XB-LAB", legacy_number="17/2080")
    builders.suspended(there["suspended"], at=START + timedelta(days=1))
    return there


def check(public: Client, *items: dict[str, str] | str) -> list[dict[str, Any]]:
    sent = [{"number": item} if isinstance(item, str) else item for item in items]
    answer = public.post("/api/v1/verifications", {"items": sent}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


# A batch


def test_a_batch_keeps_its_order_and_answers_each_item_in_its_place(
    register: dict[str, str], public: Client
) -> None:
    good, wrong = register["good"], register["good"][:-1] + ("A" if register["good"][-1] != "A" else "B")
    never = str(numbering.next_licence("XA", "DLA", "A", after=999_000))
    asked = [never, good, wrong, register["suspended"], "17/2080", "nonsense", good.lower(), good]
    told = check(public, *asked)
    assert [one["asked"] for one in told] == asked
    assert [one["outcome"] for one in told] == [
        "not_found", "found", "mistyped", "found", "ambiguous", "not_found", "found", "found",
    ]  # fmt: skip
    assert [one["verdict"]["may_recruit"] for one in told] == [
        False, True, False, False, False, False, True, True,
    ]  # fmt: skip
    assert told[3]["state"] == "suspended"
    assert told[4]["verdict"]["result"] == "ambiguous"
    assert set(told[4]["candidates"]) == {good, register["far"]}
    assert told[2]["verdict"]["reasons"] == [{"code": "licence.mistyped", "text": "The number is mistyped."}]
    assert told[1] == told[7]


@pytest.mark.parametrize(
    ("name", "outcome", "match"),
    [
        ("Bluefinch Manpower Pvt Ltd (DEMO)", "found", "exact"),
        ("BLUEFINCH MANPOWER PRIVATE LIMITED (DEMO)", "found", "exact"),
        ("Bluefinch Overseas", "found", "exact"),
        ("Bluefinch Manpower Pvt Ltd", "found", "exact"),
        ("Bluefinsh Manpower (Demo)", "found", "strong"),
        ("Silver Quay (DEMO)", "name_mismatch", "weak"),
        ("Bluefinch", "name_mismatch", "weak"),
        ("'; DROP TABLE registry_licence; --<script>", "name_mismatch", "weak"),
    ],
)
def test_the_name_that_was_shown_is_compared_with_the_holders_names(
    register: dict[str, str], public: Client, name: str, outcome: str, match: str
) -> None:
    (told,) = check(public, {"number": register["good"], "name": name})
    assert (told["outcome"], told["name"]["match"]) == (outcome, match)
    assert told["verdict"]["may_recruit"] is True


def test_a_batch_is_one_query_beside_the_rate_limit(register: dict[str, str], public: Client) -> None:
    check(public, register["good"])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        check(public, *[register["good"], register["cut"], "17/2080", "nothing"] * 50)
    assert len([q for q in queries if "registry_" in q["sql"]]) == 1
    assert len(queries) == 2


def test_a_batch_is_kept_by_nobody(register: dict[str, str], public: Client) -> None:
    answer = public.post(
        "/api/v1/verifications", {"items": [{"number": register["good"]}]}, content_type="application/json"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["RateLimit-Policy"].startswith('"checks";q=')


# Agencies


def pages(public: Client, **parameters: str) -> list[dict[str, Any]]:
    """Every row of all pages."""
    rows: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        more = {"after": after} if after else {}
        body = public.get("/api/v1/agencies", {**parameters, **more}).json()
        rows += body["data"]
        after = body["next"]
    return rows


def test_the_pages_of_a_list_hold_everything_once(register: dict[str, str], public: Client) -> None:
    whole = pages(public)
    assert pages(public, limit="1") == whole
    assert {row["licence"]["number"] for row in whole} == {
        register[name] for name in ("good", "cut", "suspended", "far")
    }
    assert whole == sorted(whole, key=lambda row: row["number"])


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"country": "XB"}, {"far"}),
        ({"country": "xa", "state": "active"}, {"good", "cut"}),
        ({"state": "suspended"}, {"suspended"}),
        ({"class": "B"}, set()),
        ({"corridor": "XC"}, {"good", "cut", "suspended", "far"}),
        ({"corridor": "XD"}, {"good", "suspended", "far"}),
        ({"q": "bluefinch"}, {"good"}),
        ({"q": "heron", "state": "active"}, set()),
        ({"q": "no such name at all"}, set()),
    ],
)
def test_a_list_can_be_narrowed(
    register: dict[str, str], public: Client, parameters: dict[str, str], found: set[str]
) -> None:
    rows = pages(public, **parameters)
    assert {row["licence"]["number"] for row in rows} == {register[name] for name in found}


@pytest.mark.parametrize("after", ["nonsense", "'; --", "AG-000001-X/", "/", "x" * 100])
@pytest.mark.usefixtures("register")
def test_a_cursor_of_ones_own_making_breaks_nothing(public: Client, after: str) -> None:
    assert public.get("/api/v1/agencies", {"after": after}).status_code in {200, 400}


def test_an_agency_is_told_with_its_licences_and_has_no_verdict(
    register: dict[str, str], public: Client
) -> None:
    body = public.get(f"/api/v1/agencies/{register['agency'].lower()}").json()
    assert body["number"] == register["agency"]
    assert body["trading_names"] == ["Bluefinch Overseas"]
    assert [one["number"] for one in body["licences"]] == [register["good"]]
    assert body["licences"][0]["verdict"]["reasons"][0]["text"]
    assert "verdict" not in body
    assert body["offices"][0]["kind"] == "head"


@pytest.mark.parametrize("number", ["AG-999999-X", "nonsense", "XA-DLA-A-000001-4", "%00"])
@pytest.mark.usefixtures("register")
def test_an_unknown_agency_is_a_problem(public: Client, number: str) -> None:
    answer = public.get(f"/api/v1/agencies/{number}")
    assert answer.status_code == 404
    assert answer.json()["code"] in {"agency.not_found", "agency.mistyped"}


# Search


def test_a_search_says_what_it_claims_and_why(register: dict[str, str], public: Client) -> None:
    body = public.get("/api/v1/search", {"q": "Bluefinch Manpower (DEMO)"}).json()
    hit = body["data"][0]
    assert hit["number"] == register["good"]
    assert (hit["match"], hit["verdict"]["result"]) == ("exact", "licensed")
    assert hit["why"][0] == {"code": "name.same", "text": "The name is the same."}
    assert 0 <= hit["score"] <= 1
    assert body["answer"]["code"] == "found.one"
    assert [one["number"] for one in body["agencies"]] == [hit["agency"]]
    assert hit.keys() == {"number", "agency", "name", "kind", "match", "why", "score", "verdict"}


def test_a_number_one_digit_away_is_not_found(register: dict[str, str], public: Client) -> None:
    wrong = register["good"][:-1] + ("A" if register["good"][-1] != "A" else "B")
    body = public.get("/api/v1/search", {"q": wrong}).json()
    assert (body["data"], body["next"], body["agencies"]) == ([], None, [])
    assert body["answer"]["code"] == "found.nothing"


def test_a_contact_that_is_not_theirs_is_told_with_those_that_are(
    register: dict[str, str], public: Client
) -> None:
    asked = {"q": register["good"], "contact": "facebook.com/bluefinch.jobs"}
    body = public.get("/api/v1/search", asked).json()
    assert body["answer"]["code"] == "contact.not_official"
    assert body["contacts"] == ["facebook.com/bluefinch.jobs"]
    assert {one["kind"] for one in body["agencies"][0]["channels"]} <= {"phone", "email", "domain", "social"}
    for wrong, code in (
        ({"q": "x", "contact": "my uncle"}, "contact.unreadable"),
        ({}, "parameter.missing"),
    ):
        refused = public.get("/api/v1/search", wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, code), wrong


@pytest.mark.usefixtures("register")
def test_a_search_is_paged_by_cursor(public: Client) -> None:
    whole = [hit["number"] for hit in public.get("/api/v1/search", {"q": "DEMO"}).json()["data"]]
    paged, after = [], ""
    while after is not None:
        more = {"after": after} if after else {}
        body = public.get("/api/v1/search", {"q": "DEMO", "limit": "1", **more}).json()
        paged += [hit["number"] for hit in body["data"]]
        after = body["next"]
    assert paged == whole
    refused = public.get("/api/v1/search", {"q": "DEMO", "after": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor.invalid")


# Changes


def test_the_changes_come_in_order_without_a_gap(register: dict[str, str], public: Client) -> None:
    seen: list[dict[str, Any]] = []
    after, last = 0, None
    while after != last:
        body = public.get("/api/v1/changes", {"after": str(after), "limit": "2"}).json()
        seen += body["data"]
        after, last = body["next"], body["last"]
    assert [one["sequence"] for one in seen] == list(range(1, last + 1))
    assert {one["licence"] for one in seen if one["action"] == "suspend_preventive"} == {
        register["suspended"]
    }
    assert public.get("/api/v1/changes", {"after": str(last)}).json()["data"] == []
    assert public.get("/api/v1/changes", {"after": str(last + 99)}).json()["next"] == last


# Badges


def test_a_badge_answers_with_what_its_licence_says_now(register: dict[str, str], public: Client) -> None:
    good = badges.issue("licence", register["good"], at=LATER)
    told = public.get(f"/api/v1/verify/{good.shown.lower()}").json()
    assert told["code"] == good.shown
    assert told["verdict"]["result"] == "licensed"
    assert told["verdict"]["reasons"][0]["text"] == "The licence is in force."
    assert told["appearance"] == {"colour": "green", "shape": "circle_tick", "word": "licensed"}
    assert told["holder"]["number"] == register["agency"]
    bad = badges.issue("licence", register["suspended"], at=LATER)
    assert public.get(f"/api/v1/verify/{bad.code}").json()["verdict"]["may_recruit"] is False


def test_a_withdrawn_badge_is_never_good(register: dict[str, str], public: Client) -> None:
    badge = badges.issue("licence", register["good"], at=LATER)
    first = public.get(f"/api/v1/verify/{badge.code}")
    badges.withdraw(badge.code, reason="lost", by="OFFICER-1", at=LATER)
    again = public.get(f"/api/v1/verify/{badge.code}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.json()["verdict"]["result"] == "not_genuine"
    assert again.json()["proof"] == "withdrawn"


@pytest.mark.parametrize("code", ["nonsense", "NP7K-3M9Q-X2TW-N", "%00", "NP7K3M9QX2TWA"])
@pytest.mark.usefixtures("register")
def test_a_code_that_we_never_gave_is_a_problem(public: Client, code: str) -> None:
    answer = public.get(f"/api/v1/verify/{code}")
    assert answer.status_code == 404
    assert answer.json()["code"] in {"badge.not_found", "badge.mistyped"}
    assert answer.json()["verdict"] == {"result": "not_found", "may_recruit": False}


def test_the_printed_address_speaks_json_to_a_program_and_refuses_in_json(
    register: dict[str, str], public: Client
) -> None:
    badge = badges.issue("licence", register["good"], at=LATER)
    wanted = {"Accept": "application/json"}
    assert (
        public.get(f"/v/{badge.code}", headers=wanted).json()
        == public.get(f"/api/v1/verify/{badge.code}").json()
    )
    refused = public.get("/v/nonsense", headers=wanted)
    assert (refused.status_code, refused.headers["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(refused.content)["code"] == "badge.not_found"
    assert public.get(f"/v/{badge.code}").headers["Content-Type"].startswith("text/html")
