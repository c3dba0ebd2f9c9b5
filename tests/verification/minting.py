"""Badges and lists of invented authorities, signed with keys that anybody can derive, and so guard nothing."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from verification import cbor, codec, public_keys, status_list
from verification.codec import Badge
from verification.public_keys import Sign, base64url
from verification.status_list import Status, StatusList

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY: Final = int(NOW.timestamp())
HOUR: Final = 3_600
DAY: Final = 24 * HOUR
HOST: Final = "verify.example.org"
OTHER_HOST: Final = "check.example.net"
LIST: Final = f"https://{HOST}/s/1"
INDEX: Final = 104_729
WARNING: Final = (
    "INSECURE DEMO KEY: its private part is published and derived from its name. It proves nothing."
)

BADGE: Final = Badge(
    issuer=f"{HOST}/a/xa-mol",
    licence="XA-MOL-A-000123-K",
    issued=TODAY - 90 * DAY,
    expires=TODAY + 400 * DAY + 6 * HOUR,
    status_uri=LIST,
    status_index=INDEX,
    code="XAM9S346Q3D21",
    name="Everest Overseas Employment Services Ltd",
    class_letter="A",
    leaf=1_234_567,
)


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The insecure key of this name, the same each time."""
    scalar = hashlib.sha256(f"{WARNING} {name}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())


def jwk(name: str, *, private: bool = False) -> dict[str, Any]:
    """The key of this name as a JSON web key."""
    secret = private_key(name)
    point = secret.public_key().public_numbers()
    parts = {"x": point.x, "y": point.y} | ({"d": secret.private_numbers().private_value} if private else {})
    numbers = {part: base64url(number.to_bytes(32, "big")) for part, number in parts.items()}
    return {"kty": "EC", "crv": "P-256", **numbers}


def kid(name: str) -> str:
    """What the key of this name is called in a list of trust."""
    return public_keys.kid(jwk(name))


def signer(name: str) -> Sign:
    """Signs with the key of this name, the same bytes with the same signature (RFC 6979)."""
    key = private_key(name)

    def sign(signed: bytes) -> bytes:
        der = key.sign(signed, ec.ECDSA(SHA256(), deterministic_signing=True))
        return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))

    return sign


def trusted(name: str, use: str, state: str, first: int, last: int) -> dict[str, Any]:
    """The key of this name as a list of trust states it."""
    return {"kid": kid(name), "use": use, "state": state, "nbf": first, "exp": last, "jwk": jwk(name)}


KEYS: Final = {
    "badge": ("badge", "active", TODAY - 100 * DAY, TODAY + 265 * DAY),
    "badge before": ("badge", "retired", TODAY - 465 * DAY, TODAY - 100 * DAY),
    "badge stolen": ("badge", "compromised", TODAY - 100 * DAY, TODAY + 265 * DAY),
    "status": ("status", "active", TODAY - 60 * DAY, TODAY + 60 * DAY),
    "status stolen": ("status", "compromised", TODAY - 60 * DAY, TODAY + 60 * DAY),
}
OTHER_KEYS: Final = {"other badge": KEYS["badge"], "other status": KEYS["status"]}


def trust_payload() -> dict[str, Any]:
    """The verified payload of a list of trust: two invented authorities at two hosts."""
    return {
        "iss": f"did:web:{HOST}",
        "ver": 7,
        "prev": hashlib.sha256(b"version 6").hexdigest(),
        "iat": TODAY - DAY,
        "exp": TODAY + 29 * DAY,
        "next_roots": [],
        "authorities": [
            _authority("xa-mol", "XA", HOST, KEYS),
            _authority("xb-dol", "XB", OTHER_HOST, OTHER_KEYS),
        ],
    }


def _authority(code: str, country: str, host: str, keys: Mapping[str, tuple[str, str, int, int]]) -> Any:
    return {
        "id": f"did:web:{host}:a:{code}",
        "iso": country,
        "name": {"en": f"Ministry of Labour of {country} (invented)"},
        "hosts": [host],
        "keys": [trusted(name, *terms) for name, terms in keys.items()],
        "status": f"https://{host}/s",
    }


def address(digits: str, *, host: str = HOST, code: str = BADGE.code) -> str:
    """The address that print L holds."""
    return f"https://{host}/v/{code}#{digits}"


def printed(*, key: str = "badge", **changed: Any) -> str:
    """The address of our badge as it would be printed, with these of its facts changed."""
    stated = replace(BADGE, **changed)
    return address(codec.encode(stated, kid=kid(key), sign=signer(key)), code=stated.code)


def sealed(
    payload: bytes | None = None,
    *,
    key: str = "badge",
    named: str = "",
    protected: cbor.Value | None = None,
    unprotected: cbor.Value | None = None,
) -> bytes:
    """A COSE_Sign1 that says whatever a test wants it to say, with a signature that holds."""
    payload = codec.to_claims(BADGE) if payload is None else payload
    name = public_keys.unbase64url(kid(named or key))
    head = cbor.encode({1: -7, 4: name} if protected is None else protected)
    signature = signer(key)(cbor.encode(["Signature1", head, b"", payload]))
    return b"\xd2" + cbor.encode([head, {} if unprotected is None else unprotected, payload, signature])


def digits(cose: bytes) -> str:
    """The bytes as digits, deflated."""
    return codec.to_digits(zlib.compress(cose, 9))


def listed(
    status: int = Status.VALID,
    *,
    age: int = HOUR,
    key: str = "status",
    entries: int = 131_072,
    **changed: Any,
) -> bytes:
    """A signed status list in which the badge has this status, signed so many seconds ago."""
    issued = TODAY - age
    array = status_list.array_of({INDEX: status}, entries) if entries > INDEX else bytes(entries // 4)
    stated = StatusList(LIST, issued, issued + 7 * DAY, 300, 2, array)
    return status_list.seal_cwt(replace(stated, **changed), kid=kid(key), sign=signer(key))
