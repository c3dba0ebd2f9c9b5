"""The public API is what it says it is: its description, its codes and its errors match what it does."""

import importlib
import json
import pkgutil
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # has no stubs
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import validate

import registry
import verification
from api import labels, problems, throttles
from registry import bars, debarments, search
from registry.rules import alerts, grounds, lifecycle, likeness
from registry.rules.errors import RegistryError
from registry.rules.lifecycle import Scope
from tests import builders
from verification import badges, published_keys, statuses, tokens, verdicts

DOCS = Path(settings.ROOT) / "docs"
START = builders.START
LATER = START + timedelta(days=60)


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    throttles.look_ups.forget()


def described() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DOCS / "openapi.yaml").read_text(encoding="utf-8"))
    return document


# What is written down


def test_the_committed_description_and_errors_are_those_of_the_code() -> None:
    call_command("api_docs", check=True)


def test_the_description_is_valid_openapi_3_1() -> None:
    document = described()
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_is_told_in_words_and_parameters_too() -> None:
    for where, methods in described()["paths"].items():
        for operation in methods.values():
            assert operation["summary"], where
            assert all(parameter["description"] for parameter in operation["parameters"]), where
            assert "security" not in operation


def test_every_route_is_described() -> None:
    from api.public import urls

    paths = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/{pattern.pattern}") for pattern in urls.described}
    assert paths == set(described()["paths"])


# Codes


def every_error() -> set[type[RegistryError]]:
    for package in (registry, verification):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: set[type[RegistryError]] = set()
    waiting = [RegistryError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return found


def test_every_refusal_of_the_register_has_a_status_and_a_text() -> None:
    missing = {kind.code for kind in every_error()} - problems.KINDS.keys()
    assert not missing


def test_every_code_that_the_edge_says_has_a_kind() -> None:
    said = set()
    for module in (Path(settings.ROOT) / "api").rglob("*.py"):
        said |= set(re.findall(r'Refusal\(\s*"([a-z_.]+)"', module.read_text(encoding="utf-8")))
    assert said - problems.KINDS.keys() == set()
    assert set(problems.BY_STATUS.values()) <= problems.KINDS.keys()


def test_every_code_of_the_law_has_a_text_and_no_text_is_left_over() -> None:
    assert labels.REASONS.keys() == set(grounds.REASONS)
    assert labels.GROUNDS.keys() == set(grounds.GROUNDS)
    assert labels.SANCTIONS.keys() == {kind.value for kind in grounds.SanctionKind}
    assert labels.ACTIONS.keys() == {action.value for action in lifecycle.Action}
    assert labels.STATES.keys() == {state.value for state in lifecycle.State}
    assert labels.OVERLAYS.keys() == {overlay.value for overlay in lifecycle.Overlay}
    assert labels.RESULTS.keys() == {result.value for result in verdicts.Result}
    assert labels.WHY.keys() == set(search.WHY)
    assert labels.DEBARMENTS.keys() == set(debarments.STATES)
    assert labels.BAR_SCOPES.keys() == set(bars.SCOPES)
    assert labels.ANSWERS.keys() == {answer.value for answer in search.Answer}
    assert labels.ALERTS.keys() == {*alerts.KINDS, *alerts.STATES}
    assert labels.MATCHES.keys() == {match.value for match in likeness.Match}


def test_every_code_can_be_read_with_its_text_in_every_language(public: Client) -> None:
    answer = public.get("/api/v1/codes")
    body = answer.json()
    assert body["kinds"].keys() == {*labels.KINDS, "problems"}
    for kind, codes in body["kinds"].items():
        programmers = set(body["languages"]) & dict(settings.LANGUAGES).keys()
        for code in codes:
            assert code["texts"].keys() == (programmers if kind == "problems" else set(body["languages"]))
            assert all(code["texts"].values())
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = public.get("/api/v1/codes", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_name_cannot_look_like_a_code() -> None:
    name = '{"code":"licence.revoked"}'
    body = json.dumps({"name": name, "reasons": [{"code": "licence.expired"}]}, separators=(",", ":"))
    told = json.loads(labels.spliced(body, "en"))
    assert told == {
        "name": name,
        "reasons": [{"code": "licence.expired", "text": "The licence has expired."}],
    }


# What is answered is what is described


@pytest.fixture
def numbers(transactional_db: None, clock: Any, sign_for: Any, public: Client) -> dict[str, str]:
    clock.stop(START)
    builders.authority()
    agency = builders.agency()
    builders.head_office(agency)
    number = builders.active(agency, scope=Scope(corridors=("XC",)), legacy_number="17/2080")
    suspension = builders.suspended(number, at=START + timedelta(days=1))
    builders.lifted(number, suspension, at=START + timedelta(days=2))
    bar = builders.person_barred(at=START + timedelta(days=2))
    alert = builders.warned(at=START + timedelta(days=2))
    badge = badges.issue("licence", number, at=START + timedelta(days=3))
    sign_for("XA-DLA", at=clock.stop(LATER))
    statuses.refresh(at=LATER)
    published_keys.refresh(at=LATER)
    tokens.refresh(at=LATER)
    receipt = public.get(f"/api/v1/verify/{badge.code}", headers={"Accept": "application/jwt"})
    return {
        "number": number, "agency": agency, "badge": badge.code, "receipt": receipt.content.decode(),
        "token": tokens.digits(badge.code, at=LATER), "credential": tokens.credential(badge.code), "bar": str(bar),
        "alert": alert,
    }  # fmt: skip


#: Each route: its path in the description and what is asked.
ROUTES = json.loads((Path(__file__).parent / "public_routes.json").read_text(encoding="utf-8"))


def schema_of(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    content = document["paths"][path][method]["responses"]["200"]["content"]
    return {"components": document["components"], **content["application/json"]["schema"]}


def ask(public: Client, route: dict[str, Any], numbers: dict[str, str]) -> Any:
    path = route["ask"].format(**numbers)
    if "post" in route:
        body = json.dumps(route["post"])
        for name in ("number", "receipt", "token", "credential"):
            body = body.replace(name.upper(), numbers[name])
        return public.post(path, body, content_type="application/json")
    return public.get(path)


def test_every_answer_is_as_described(numbers: dict[str, str], public: Client) -> None:
    document = described()
    assert {route["path"] for route in ROUTES} == set(document["paths"])
    for route in ROUTES:
        answer = ask(public, route, numbers)
        assert answer.status_code == 200, (route, answer.content)
        schema = schema_of(document, route["path"], "post" if "post" in route else "get")
        validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        assert not list(validator.iter_errors(answer.json())), route


def test_nothing_is_answered_that_is_not_described(numbers: dict[str, str], public: Client) -> None:
    document = described()
    for route in ROUTES:
        told = ask(public, route, numbers).json()
        schema = schema_of(document, route["path"], "post" if "post" in route else "get")
        assert not list(undescribed(document, schema, told, route["path"])), route["path"]


def undescribed(document: dict[str, Any], schema: dict[str, Any], told: Any, where: str) -> Any:
    """The places of members that the description does not know; free objects are taken as they are."""
    for part in (schema, *schema.get("allOf", ()), *schema.get("oneOf", ())):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            yield from undescribed(document, document["components"]["schemas"][name], told, where)
            return
    if isinstance(told, list):
        for item in told:
            yield from undescribed(document, schema.get("items", {}), item, f"{where}[]")
    elif isinstance(told, dict) and "properties" in schema:
        for name, value in told.items():
            if name not in schema["properties"]:
                yield f"{where}.{name}"
            else:
                yield from undescribed(document, schema["properties"][name], value, f"{where}.{name}")


def test_the_description_is_served_for_programs_and_people(public: Client) -> None:
    in_json = public.get("/api/v1/schema")
    assert in_json.json() == described()
    in_yaml = public.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi"})
    assert in_yaml.content.decode() == (DOCS / "openapi.yaml").read_text(encoding="utf-8")
    page = public.get("/api/v1/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "//" not in re.sub(r"https?://(www\.w3\.org|127\.0\.0\.1)", "", page.content.decode()).replace(
        "://", ""
    )
    assert "/api/v1/licences/{number}" in page.content.decode()
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.content.decode()):
        assert public.get(asset).status_code == 200, asset
