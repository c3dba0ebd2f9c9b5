"""Credentials: what is none is refused, what nobody of the list issued is not believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.verification import minting
from verification import credentials, envelopes, public_keys, trust_list
from verification.cbor import Malformed
from verification.credentials import Anchor, Reason

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


def test_the_w3c_inputs_are_judged_right() -> None:
    """Those secured as JWT; we read one algorithm, ES256, so good ones of another are refused as such."""
    if not INPUTS.exists():
        pytest.skip("the W3C inputs are not here")
    jwk = json.loads((INPUTS / "vm-p256.json").read_text("utf-8"))["publicKeyJwk"]
    claims, envelope = credentials.unseal((INPUTS / "credential-jose-minimal.txt").read_text("ascii").strip())
    assert claims["issuer"] == "https://example.issuer/vc-jose-cose"
    assert public_keys.vouches(jwk, envelope.signed, envelope.signature)
    for name in sorted(path.name for path in INPUTS.glob("*-jose-*.txt")):
        text = (INPUTS / name).read_text("ascii").strip()
        if name != "credential-jose-minimal.txt":
            with pytest.raises(Malformed):
                credentials.unseal(text)
        header = envelopes.read_json(public_keys.unbase64url(text.partition(".")[0]))
        if header["alg"] != "ES256":
            continue
        assert name == "credential-jose-minimal.txt"


def test_an_instant_is_written_in_whole_seconds_of_utc() -> None:
    assert credentials.instant(datetime(2026, 11, 22, 12, 0, 0, 999, tzinfo=UTC)) == "2026-11-22T12:00:00Z"
