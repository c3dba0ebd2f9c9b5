"""Credentials: what is none is refused, what nobody of the list issued is not believed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verification import minting
from verification import credentials, disclosures, public_keys, secured, trust_list
from verification.cbor import Malformed
from verification.credentials import Anchor, Reason
from verification.secured import Form, Timing

AT = minting.NOW
ISSUER = f"{minting.HOST}/a/xa-mol"
INPUTS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "vc-jose-cose" / "tests" / "input"


def trusted(use: str = "vc", state: str = "active") -> trust_list.TrustList:
    payload = minting.trust_payload()
    payload["authorities"][0]["keys"].append(
        minting.trusted("wallet", use, state, minting.TODAY - 86_400, minting.TODAY + 86_400)
    )
    return trust_list.read(payload)


def anchor(**changed: Any) -> dict[str, Any]:
    stated = Anchor(
        address=f"https://{minting.HOST}/c/XAM9S346Q3D21", issuer=ISSUER, issuer_name="Ministry (invented)",
        subject=credentials.subject_of(minting.HOST, "XAM9S346Q3D21"), name="Everest", licence="XA-MOL-A-000123-K",
        scheme=(f"https://{ISSUER}", "Licences"), scopes=(), issued=AT, expires=AT + timedelta(days=1),
        list_number=1, index=7,
    )  # fmt: skip
    return stated.claims("https://example.org/vocabulary") | changed


def sealed(claims: dict[str, Any], key: str = "wallet") -> str:
    return credentials.seal(claims, issuer=ISSUER, kid=minting.kid(key), sign=minting.signer(key))


def test_a_credential_is_judged_by_the_key_that_the_list_names_for_credentials() -> None:
    assert credentials.judge(sealed(anchor()), trust=trusted(), at=AT) == (Reason.GENUINE, anchor())
    assert credentials.judge(sealed(anchor(), "badge"), trust=trusted(), at=AT)[0] is Reason.KEY_WRONG_USE
    assert credentials.judge(sealed(anchor(), "unheard of"), trust=trusted(), at=AT)[0] is Reason.KEY_UNKNOWN
    stolen = trusted(state="compromised")
    assert credentials.judge(sealed(anchor()), trust=stolen, at=AT)[0] is Reason.KEY_COMPROMISED
    for at, reason in ((AT - timedelta(seconds=1), Reason.NOT_YET), (AT + timedelta(days=1), Reason.ENDED)):
        assert credentials.judge(sealed(anchor()), trust=trusted(), at=at)[0] is reason


def test_a_credential_dated_outside_its_keys_time_is_not_believed() -> None:
    """Who keeps a key that was rotated away makes no credential of today with it."""
    claims = anchor()
    for starts in (AT - timedelta(days=1, seconds=1), AT + timedelta(days=1)):
        dated = claims | {"validFrom": credentials.instant(starts)}
        at = max(AT, starts)
        dated |= {"validUntil": credentials.instant(at + timedelta(days=1))}
        assert (
            credentials.judge(sealed(dated), trust=trusted(state="retired"), at=at)[0]
            is Reason.KEY_NOT_IN_USE
        )
    del claims["validFrom"]
    assert credentials.judge(sealed(claims), trust=trusted(), at=AT)[0] is Reason.KEY_NOT_IN_USE
    for unclear in ("2026-11-22T12:00:00", "today", 7):
        with pytest.raises(Malformed):
            credentials.judge(sealed(anchor(validFrom=unclear)), trust=trusted(), at=AT)


def test_a_changed_credential_and_one_of_somebody_else_are_not_believed() -> None:
    head, payload, signature = sealed(anchor()).split(".")
    claims = json.loads(public_keys.unbase64url(payload)) | {"name": "Somebody else"}
    forged = f"{head}.{public_keys.base64url(json.dumps(claims).encode())}.{signature}"
    assert credentials.judge(forged, trust=trusted(), at=AT)[0] is Reason.FORGED
    other = anchor(issuer={"type": ["CredentialIssuer"], "id": "did:web:elsewhere.example", "name": "X"})
    assert credentials.judge(sealed(other), trust=trusted(), at=AT)[0] is Reason.ISSUER_UNKNOWN


@pytest.mark.parametrize(
    "changed",
    [{"vc": {}}, {"vp": {}}, {"iss": "did:web:elsewhere.example"}, {"@context": ["https://example.org"]},
     {"type": ["DigitalIdentityAnchor"]}, {"type": "VerifiableCredential"}, {"credentialSubject": "me"}],
)  # fmt: skip
def test_what_is_no_credential_of_this_version_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        credentials.unseal(sealed(anchor(**changed)))


OLD = datetime(2024, 12, 16, tzinfo=UTC)
"""An instant at which the inputs' presentation is good: it says until when by ``exp``."""

P256, P384, P521, ED25519 = "vm-p256.json", "vm-p384.json", "vm-p521.json", "vm-ed25519.json"
JUDGED: dict[str, tuple[str, bool] | None] = {
    "credential-jose-minimal": (P256, True),
    "credential-issuer-match-signed": (ED25519, True),
    "credential-jose-unknown-extensions": (P521, True),
    "credential-jose-bad-signature": (ED25519, False),
    "credential-jose-bad-media-type": None,
    "credential-jose-vc-vp-claims": None,
    "credential-sdjwt-selective": (P384, True),
    "credential-sdjwt-nested": (P521, True),
    "credential-sdjwt-bad-signature": (P384, False),
    "credential-sdjwt-bad-media-type": None,
    "credential-cose-minimal": (P256, True),
    "credential-cose-minimal-not-base64": None,
    "credential-cose-bad-signature": (ED25519, False),
    "credential-cose-bad-media-type": None,
    "presentation-jose-multiple": (P384, True),
    "presentation-jose-bad-credential": None,
    "presentation-jose-bad-media-type": None,
    "presentation-sdjwt-selective": (P384, True),
    "presentation-sdjwt-bad-credential": None,
    "presentation-sdjwt-bad-media-type": None,
    "presentation-cose-single": (P384, True),
    "presentation-cose-bad-credential": None,
    "presentation-cose-bad-media-type": None,
}
"""Every secured input: the key that is said to have signed it and whether it did; nothing for what must be refused."""


def w3c(name: str) -> str:
    if not INPUTS.exists():
        pytest.skip("the W3C inputs are not here")
    return (INPUTS / f"{name}.txt").read_text("ascii")


def test_every_w3c_input_has_its_verdict() -> None:
    if not INPUTS.exists():
        pytest.skip("the W3C inputs are not here")
    assert {path.stem for path in INPUTS.glob("*.txt")} == JUDGED.keys()
    for path in INPUTS.glob("*.json"):
        with pytest.raises(Malformed):
            secured.read(path.read_text("utf-8"))  # a document that nobody secured, or a key


@pytest.mark.parametrize("name", JUDGED)
def test_a_w3c_input_is_judged_right(name: str) -> None:
    text, expected = w3c(name), JUDGED[name]
    if expected is None:
        with pytest.raises(Malformed):
            secured.read(text)
        return
    found = secured.read(text)
    for key in (P256, P384, P521, ED25519):
        jwk = json.loads((INPUTS / key).read_text("utf-8"))["publicKeyJwk"]
        assert found.vouched_by(jwk) is (expected == (key, True)), key
        assert (jwk["kid"] == found.kid) is (key == expected[0])
    assert secured.timing(found, at=OLD) is Timing.GOOD
    assert secured.party_of(found.content, found.claims) in {
        "https://example.issuer/vc-jose-cose",
        "did:example:ebfeb1f712ebc6f1c276e12ec21",
    }


def test_each_credential_in_a_w3c_presentation_is_judged_by_itself() -> None:
    found = [secured.read(one) for one in secured.read(w3c("presentation-jose-multiple")).enveloped]
    keys = [json.loads((INPUTS / name).read_text("utf-8"))["publicKeyJwk"] for name in (P256, P384, P256)]
    assert [one.form for one in found] == [Form.JWT, Form.SD_JWT, Form.COSE]
    assert all(one.vouched_by(key) for one, key in zip(found, keys, strict=True))
    assert found[1].claims["credentialSubject"]["lastName"] == "Doe"
    with pytest.raises(Malformed):
        secured.read(secured.read(w3c("presentation-cose-single")).enveloped[0])


def test_what_is_disclosed_in_a_w3c_credential_stands_in_its_place() -> None:
    subject = secured.read(w3c("credential-sdjwt-nested")).claims["credentialSubject"]
    assert (subject["address"]["street"], subject["address"]["city"]) == ("123 Main St", "Anytown")
    assert [one["number"] for one in subject["phoneNumbers"]] == ["+1-555-123-4567", "+1-555-987-6543"]
    head = w3c("credential-sdjwt-nested").partition("~")[0]
    hidden = secured.read(f"{head}~").claims["credentialSubject"]
    assert hidden["address"] == {"country": "USA", "postalCode": "12345"}
    assert len(hidden["phoneNumbers"]) == 1


def disclosure(*parts: Any) -> str:
    return public_keys.base64url(json.dumps(parts).encode())


def digest(text: str) -> str:
    return public_keys.base64url(hashlib.sha256(text.encode()).digest())


NAME, ELEMENT = disclosure("salt", "name", "Everest"), disclosure("salt", 7)
AGAIN = disclosure("salt", "inner", {"_sd": [digest(NAME)]})


def test_digests_are_replaced_by_what_is_disclosed() -> None:
    claims = {"_sd_alg": "sha-256", "_sd": [digest(NAME), "decoy"], "list": [1, {"...": digest(ELEMENT)}]}
    assert disclosures.reveal(claims, []) == {"list": [1]}
    assert disclosures.reveal(claims, [NAME, ELEMENT]) == {"name": "Everest", "list": [1, 7]}
    assert disclosures.reveal({"_sd": [digest(AGAIN)]}, [AGAIN, NAME]) == {"inner": {"name": "Everest"}}


@pytest.mark.parametrize(
    ("claims", "disclosed"),
    [
        ({}, [NAME]),
        ({"_sd": [digest(NAME)], "name": "Fuji"}, [NAME]),
        ({"_sd": [digest(NAME), digest(NAME)]}, [NAME]),
        ({"_sd": [digest(NAME)], "again": {"_sd": [digest(NAME)]}}, [NAME]),
        ({"_sd": [digest(NAME)]}, [NAME, NAME]),
        ({"_sd": [digest(ELEMENT)]}, [ELEMENT]),
        ({"list": [{"...": digest(NAME)}]}, [NAME]),
        ({"_sd": digest(NAME)}, [NAME]),
        ({"_sd": [7]}, []),
        ({"...": digest(NAME)}, [NAME]),
        ({"_sd_alg": "sha-512", "_sd": [digest(NAME)]}, [NAME]),
        ({"_sd": [digest(disclosure("salt", "_sd", []))]}, [disclosure("salt", "_sd", [])]),
        ({"_sd": [digest(disclosure(1, "a", "b"))]}, [disclosure(1, "a", "b")]),
        ({"_sd": []}, [disclosure("salt")]),
        ({"_sd": []}, ["W10"]),
        ({"_sd": []}, ["\u00e9"]),
        ({"_sd": []}, [public_keys.base64url(b"[" * 5000)]),
        ({"deep": json.loads("[" * 40 + "]" * 40)}, []),
        ({"_sd": []}, [disclosure("salt", str(number), 0) for number in range(disclosures.MOST + 1)]),
    ],
)  # fmt: skip
def test_a_disclosure_that_was_not_signed_so_is_refused(claims: dict[str, Any], disclosed: list[str]) -> None:
    with pytest.raises(Malformed):
        disclosures.reveal(claims, disclosed)


@given(st.binary(max_size=200))
def test_any_text_is_read_or_refused(data: bytes) -> None:
    for text in (
        data.decode("latin-1"),
        base64.b64encode(data).decode(),
        f"{public_keys.base64url(data)}.e30.AA~",
    ):
        with contextlib.suppress(Malformed):
            secured.read(text)


def test_an_instant_is_written_in_whole_seconds_of_utc() -> None:
    assert credentials.instant(datetime(2026, 11, 22, 12, 0, 0, 999, tzinfo=UTC)) == "2026-11-22T12:00:00Z"
