"""Who we are and which keys are ours: the documents under ``/.well-known`` and below ``/a``."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from api import jobs
from registry.models import ChangeJournal
from tests.conftest import Clock
from tests.verification.test_trust_list import PINNED, payload, signed
from verification import keys, public_keys, published_keys, published_trust, trust_list
from verification.keys import Record, Use

AT = datetime(2027, 1, 15, 8, tzinfo=UTC)
NOW = int(AT.timestamp())
DAY = 86_400
HOST = "verify.example.org"
ISSUER = f"{HOST}/a/xa-dla"
DID = "did:web:verify.example.org:a:xa-dla"
LIST = "/.well-known/recruiter-trust-list"
JWKS = "/.well-known/jwks.json"
OWN = "/a/xa-dla/did.json"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place(clock: Clock) -> Iterator[None]:
    clock.stop(AT)
    with override_settings(
        REGISTRY_HOST=HOST, REGISTRY_SCHEME="https", REGISTRY_SIGNER="", ALLOWED_HOSTS=[HOST]
    ):
        yield


def made(directory: Path, *uses: Use) -> list[Record]:
    """Keys of these uses, stated to the register."""
    records = [
        keys.create(directory, use, ISSUER if keys.PERIOD[use] else f"{HOST}/{use}", at=NOW) for use in uses
    ]
    state(directory)
    return records


def state(directory: Path, at: datetime = AT) -> int:
    return published_keys.record([one.public() for one in keys.every(directory)], at=at)


def kids(public: Client, path: str = JWKS) -> list[str]:
    body = public.get(path).json()
    if "keys" in body:
        return [one["kid"] for one in body["keys"]]
    return [one["publicKeyJwk"]["kid"] for one in body["verificationMethod"]]


# Keys


def test_every_key_is_in_the_key_set_and_in_its_authoritys_document(public: Client, tmp_path: Path) -> None:
    badge, vc, log = made(tmp_path, Use.BADGE, Use.CREDENTIAL, Use.LOG)
    assert sorted(kids(public)) == sorted([badge.kid, vc.kid]), (
        "a log's key is in its policy, not among tokens'"
    )
    body = public.get(OWN).json()
    assert body["id"] == DID
    assert body["assertionMethod"] == [one["id"] for one in body["verificationMethod"]]
    for method in body["verificationMethod"]:
        assert method["type"] == "JsonWebKey"
        assert method["id"] == f"{DID}#{method['publicKeyJwk']['kid']}"
        assert public_keys.kid(method["publicKeyJwk"]) == method["publicKeyJwk"]["kid"]
        assert "d" not in method["publicKeyJwk"]
    assert log.kid not in json.dumps(body)


def test_a_key_is_published_a_week_before_it_signs_and_stays_as_long_as_its_tokens(
    public: Client, tmp_path: Path, clock: Clock
) -> None:
    (badge,) = made(tmp_path, Use.BADGE)
    successor = keys.rotate(tmp_path, Use.BADGE, ISSUER, at=NOW)
    assert successor.first == NOW + 7 * DAY
    assert state(tmp_path) == 2, "the old one ends, the new one begins"
    assert set(kids(public)) == set(kids(public, OWN)) == {badge.kid, successor.kid}
    stated = {one["kid"]: one for one in public.get(JWKS).json()["keys"]}
    assert stated[successor.kid]["nbf"] == NOW
    for later, found in ((730, {badge.kid, successor.kid}), (739, {successor.kid})):
        clock.stop(AT + timedelta(days=later))
        assert set(kids(public)) == found


def test_a_stolen_key_leaves_the_documents_and_stays_in_the_statement_with_its_cutoff(
    public: Client, tmp_path: Path
) -> None:
    from tests import builders

    builders.authority()
    (badge,) = made(tmp_path, Use.BADGE)
    keys.compromise(tmp_path, badge.kid, at=NOW + 1, cutoff=17)
    fresh = keys.create(tmp_path, Use.BADGE, ISSUER, at=NOW + 1)
    state(tmp_path)
    assert kids(public) == kids(public, OWN) == [fresh.kid]
    stated = {one["kid"]: one for one in published_keys.statement("XA-DLA", at=AT)["keys"]}
    assert (stated[badge.kid]["state"], stated[badge.kid]["cutoff"]) == ("compromised", 17)
    assert stated[fresh.kid]["state"] == "active"


def test_what_did_not_change_makes_no_row_and_every_change_is_in_the_journal(tmp_path: Path) -> None:
    made(tmp_path, Use.BADGE, Use.STATUS)
    assert state(tmp_path) == 0
    keys.rotate(tmp_path, Use.STATUS, ISSUER, at=NOW)
    assert state(tmp_path) == 2
    assert ChangeJournal.objects.filter(relation="verification_keystatement").count() == 4


def test_the_worker_asks_the_signer_and_goes_on_without_one() -> None:
    assert published_keys.refresh in jobs.due()
    assert published_keys.refresh(at=AT) == 0
    with override_settings(REGISTRY_SIGNER="/nowhere/signer.sock"):
        assert published_keys.refresh(at=AT) == 0


def test_an_authority_without_keys_has_no_document_and_our_host_leads_to_the_list(public: Client) -> None:
    answer = public.get("/a/xq-nobody/did.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "keys.not_found")
    body = public.get("/.well-known/did.json").json()
    assert (body["id"], body["verificationMethod"]) == (f"did:web:{HOST}", [])
    assert body["service"][0]["serviceEndpoint"] == f"https://{HOST}{LIST}"


# The list of trust


def test_the_list_is_served_byte_for_byte_and_every_version_for_ever(public: Client) -> None:
    first = signed(payload(iat=NOW, exp=NOW + DAY))
    known = published_trust.publish(first, roots=PINNED, at=AT)
    second = signed(payload(known, iat=NOW, exp=NOW + 2 * DAY))
    published_trust.publish(second, roots=(), at=AT)
    answer = public.get(LIST)
    assert (answer.content, answer["Content-Type"]) == (second, "application/jose+json")
    assert trust_list.follow(answer.content, known).trust.version == 2
    old = public.get(f"{LIST}?ver=1")
    assert (old.content, "immutable" in old["Cache-Control"]) == (first, True)
    missing = public.get(f"{LIST}?ver=3")
    assert (missing.status_code, missing.json()["code"]) == (404, "trust_list.not_found")


def test_before_the_first_ceremony_there_is_no_list(public: Client) -> None:
    answer = public.get(LIST)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


# All of them


@pytest.mark.parametrize("path", [LIST, JWKS, "/.well-known/did.json", OWN, "/.well-known/security.txt"])
def test_each_document_may_be_kept_by_an_edge_and_read_from_every_origin(
    public: Client, tmp_path: Path, path: str
) -> None:
    made(tmp_path, Use.BADGE)
    published_trust.publish(signed(payload(iat=NOW, exp=NOW + DAY)), roots=PINNED, at=AT)
    with override_settings(REGISTRY_SECURITY_CONTACT=("mailto:security@registry.example",)):
        answer = public.get(path, headers={"Accept": "text/html", "Origin": "https://elsewhere.example"})
        assert answer.status_code == 200
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Cache-Control"] == "public, max-age=300, stale-if-error=86400"
        assert not answer.cookies
        again = public.get(path, headers={"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert public.head(path).content == b""
        assert public.options(path)["Allow"] == "GET, HEAD, OPTIONS"
        refused = public.post(path)
        assert (refused.status_code, refused.json()["code"]) == (405, "route.method_not_allowed")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("ver=0", "parameter.invalid"),
        ("ver=x", "parameter.invalid"),
        ("ver=-1", "parameter.invalid"),
        ("ver=99999999999999999999", "parameter.invalid"),
        ("ver=1&ver=2", "parameter.repeated"),
        ("version=1", "parameter.unknown"),
    ],
)
def test_a_version_that_is_none_is_refused_by_name(public: Client, query: str, code: str) -> None:
    answer = public.get(f"{LIST}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_security_txt_names_whom_to_tell_and_expires_within_a_year(public: Client) -> None:
    contacts = ("mailto:security@registry.example", "https://registry.example/security")
    with override_settings(REGISTRY_SECURITY_CONTACT=contacts):
        answer = public.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields: list[Any] = [line.split(": ", 1) for line in answer.content.decode().splitlines()]
    assert [value for name, value in fields if name == "Contact"] == list(contacts)
    stated = dict(fields)
    assert AT < datetime.fromisoformat(stated["Expires"]) < AT + timedelta(days=365)
    assert stated["Canonical"] == f"https://{HOST}/.well-known/security.txt"
    assert public.get("/.well-known/security.txt").status_code == 404
