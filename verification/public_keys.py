"""Public keys on the curve P-256, as JSON web keys: their names, and what they vouch for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from verification.cbor import Malformed

Sign = Callable[[bytes], bytes]
"""Signs the bytes with ES256 and returns r and s, 32 bytes each: a method of a signer, wherever its key is."""

SIGNATURE_SIZE: Final = 64
KID_SIZE: Final = 8
"""A key is named by the first bytes of its RFC 7638 thumbprint."""

_COORDINATES: Final = ("x", "y")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def base64url(data: bytes) -> str:
    """The bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unbase64url(text: str) -> bytes:
    """The bytes of base64url without padding; refuses whatever ``base64url`` would not write."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise Malformed("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise Malformed("not the only base64url of its bytes")
    return data


def thumbprint(jwk: Mapping[str, Any]) -> bytes:
    """The key's RFC 7638 SHA-256 thumbprint."""
    _check(jwk)
    members = {name: jwk[name] for name in ("crv", "kty", *_COORDINATES)}
    return hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode("ascii")).digest()


def kid(jwk: Mapping[str, Any]) -> str:
    """The key's name as JSON writes it, base64url; COSE holds its eight bytes."""
    return base64url(thumbprint(jwk)[:KID_SIZE])


def vouches(jwk: Mapping[str, Any], signed: bytes, signature: bytes) -> bool:
    """Whether the holder of this key signed these bytes (ES256, r and s in 64 bytes)."""
    _check(jwk)
    if len(signature) != SIGNATURE_SIZE:
        return False
    x, y = (int.from_bytes(unbase64url(jwk[name]), "big") for name in _COORDINATES)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _check(jwk: Mapping[str, Any]) -> None:
    """Refuses what is no public key on P-256; a private one has no place among public ones."""
    coordinates = [jwk.get(name) for name in _COORDINATES]
    right = jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and "d" not in jwk
    if not right or not all(isinstance(one, str) and len(unbase64url(one)) == 32 for one in coordinates):
        raise Malformed("not a public key on the curve P-256")
