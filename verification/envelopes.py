"""Signed bytes and what they are wrapped in: COSE_Sign1 (RFC 9052) and JWS (RFC 7515); ours are ES256 alone.

An envelope is taken apart here and never judged: whose key is good for what, its reader decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from verification import cbor
from verification.cbor import Malformed, Value
from verification.public_keys import SIGNATURE_SIZE, Sign, base64url, unbase64url

ES256: Final = -7
ESP256: Final = -9
"""The same signature under its fully specified name (RFC 9864); read, never written."""

ALGORITHM, CRITICAL, CONTENT_TYPE, KID, TYPE = 1, 2, 3, 4, 16
"""Labels of COSE headers."""

OWN_COSE: Final = frozenset({ES256, ESP256})
OWN_JOSE: Final = frozenset({"ES256"})
"""What our own authorities sign with, and what is read unless more is asked for."""

_SIZES: Final[Mapping[int | str, int]] = {"ES384": 96, -35: 96, "ES512": 132, -36: 132}
"""Bytes of signatures that are not those of ES256 and Ed25519."""

_TAG: Final = b"\xd2"
"""Tag 18, COSE_Sign1."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, and what stands around it.

    ``signed`` are the bytes that the signature is over; ``kid`` names the key that is said to have made it, as
    lists of trust do (in COSE the same name stands as bytes).
    """

    protected: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    payload: bytes
    kid: str
    signed: bytes
    signature: bytes


def seal_cose(payload: bytes, *, kid: str, sign: Sign, content_type: str = "") -> bytes:
    """The payload in a COSE_Sign1 with tag 18; algorithm and key are named under the signature."""
    headers: dict[int | str, Value] = {ALGORITHM: ES256, KID: unbase64url(kid)}
    if content_type:
        headers[TYPE] = content_type
    protected = cbor.encode(headers)
    signature = _signature(sign, _to_be_signed(protected, payload))
    return _TAG + cbor.encode([protected, {}, payload, signature])


def open_cose(data: bytes, *, sorted_keys: bool = True, algorithms: Collection[int] = OWN_COSE) -> Envelope:
    """A COSE_Sign1 taken apart; refuses with ``Malformed`` any other shape or algorithm, or no key's name.

    The key may be named outside the signature, once: ``unprotected`` says so to a reader that minds.
    """
    if data[:1] != _TAG:
        raise Malformed("not a COSE_Sign1 with its tag")
    match cbor.decode(data[1:], sorted_keys=sorted_keys):
        case [bytes() as head, dict() as unprotected, bytes() as payload, bytes() as signature]:
            protected = cbor.decode(head, sorted_keys=sorted_keys)
        case _:
            raise Malformed("not the four parts of a COSE_Sign1")
    if not isinstance(protected, dict) or protected.keys() & unprotected.keys():
        raise Malformed("headers are no maps, or say something twice")
    algorithm = protected.get(ALGORITHM)
    if not isinstance(algorithm, int) or algorithm not in algorithms or CRITICAL in protected:
        raise Malformed("signed with an algorithm that is not read here")
    kid = protected.get(KID, unprotected.get(KID))
    if not isinstance(kid, bytes) or len(signature) != _SIZES.get(algorithm, SIGNATURE_SIZE):
        raise Malformed("no key is named, or the signature has a wrong size")
    return Envelope(protected, unprotected, payload, base64url(kid), _to_be_signed(head, payload), signature)


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, b"", payload])


def seal_jws(claims: Mapping[str, Any], *, kid: str, sign: Sign, kind: str, content: str = "") -> str:
    """The claims in a compact JWS with its ``typ``, and its ``cty`` where one is given."""
    header = {"alg": "ES256", "kid": kid, "typ": kind} | ({"cty": content} if content else {})
    signed = ".".join(base64url(_json(part)) for part in (header, claims))
    return f"{signed}.{base64url(_signature(sign, signed.encode('ascii')))}"


def open_jws(text: str, *, kind: str | Collection[str], algorithms: Collection[str] = OWN_JOSE) -> Envelope:
    """A compact JWS taken apart; refuses with ``Malformed`` another ``typ``, algorithm or shape."""
    parts = text.split(".")
    if len(parts) != 3:
        raise Malformed("not the three parts of a compact JWS")
    return _jws(*parts, kinds=[kind] if isinstance(kind, str) else list(kind), algorithms=algorithms)


def countersign(payload: bytes, *, kid: str, sign: Sign, kind: str, jwk: Mapping[str, Any]) -> dict[str, str]:
    """One signature of a JWS in JSON (RFC 7515, 7.2.1): its header, which carries the public key, and its bytes."""
    header = _json({"alg": "ES256", "jwk": dict(jwk), "kid": kid, "typ": kind})
    signed = f"{base64url(header)}.{base64url(payload)}".encode("ascii")
    return {"protected": base64url(header), "signature": base64url(_signature(sign, signed))}


def join_jws(payload: bytes, signatures: Sequence[Mapping[str, str]]) -> bytes:
    """A JWS in the general JSON form, of what several signed: the media type ``application/jose+json``."""
    return _json({"payload": base64url(payload), "signatures": [dict(one) for one in signatures]})


def part_jws(data: bytes, *, kind: str) -> list[Envelope]:
    """A JWS in the general JSON form taken apart, an envelope a signature, all over the same payload.

    Refuses with ``Malformed`` what ``open_jws`` refuses, headers that nobody signed, and members that it does not know.
    """
    match read_json(data):
        case {"payload": str() as payload, "signatures": [_, *_] as signatures, **rest} if not rest:
            return [_signed_alike(payload, one, kind) for one in signatures]
    raise Malformed("not a payload and its signatures")


def _signed_alike(payload: str, stated: Any, kind: str) -> Envelope:
    match stated:
        case {"protected": str() as head, "signature": str() as signature, **rest} if not rest:
            return _jws(head, payload, signature, kinds=[kind])
    raise Malformed("not a signature with its protected header alone")


def _jws(
    head: str, payload: str, signature: str, *, kinds: Sequence[str], algorithms: Collection[str] = OWN_JOSE
) -> Envelope:
    header, signed = read_json(unbase64url(head)), unbase64url(signature)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms or "crit" in header:
        raise Malformed("signed with an algorithm that is not read here")
    if header.get("typ") not in kinds:
        raise Malformed(f"not a {' or '.join(kinds)}")
    if not isinstance(kid, str) or len(signed) != _SIZES.get(algorithm, SIGNATURE_SIZE):
        raise Malformed("no key is named, or the signature has a wrong size")
    return Envelope(header, {}, unbase64url(payload), kid, f"{head}.{payload}".encode("ascii"), signed)


def read_json(data: bytes) -> dict[str, Any]:
    """The JSON object in these bytes; refuses anything else, and an object that says something twice."""
    try:
        found = _READER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Malformed("not a JSON object that says everything once") from None
    if not isinstance(found, dict):
        raise Malformed("not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name stands twice")
    return found


_READER: Final = json.JSONDecoder(object_pairs_hook=_once)
_WRITER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
"""Made once: ``json.loads`` and ``json.dumps`` make them anew for each text, which costs as much as a short one."""


def _json(value: Mapping[str, Any]) -> bytes:
    return _WRITER.encode(value).encode("utf-8")


def _signature(sign: Sign, signed: bytes) -> bytes:
    signature = sign(signed)
    if len(signature) != SIGNATURE_SIZE:
        raise Malformed("an ES256 signature is 64 bytes, r and s; this one is not")
    return signature
