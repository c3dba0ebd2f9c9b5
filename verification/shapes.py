"""What the signer is willing to sign, byte by byte: each kind of message has one shape.

Plain Python without keys. A key that signs badges signs nothing that could be read as something else, and no
message of its own kind that names another key, another authority or another time than now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from verification import cbor, codec, envelopes, notes, status_list, trust_list
from verification.cbor import Malformed
from verification.envelopes import Envelope
from verification.notes import Checkpoint
from verification.public_keys import SIGNATURE_SIZE, base64url, unbase64url

SKEW: Final = 300
"""Seconds that a message's time may be off the signer's clock: nothing is dated back."""

LONGEST_STATUS_LIFE: Final = 7 * 86_400

RECEIPT_TYPE: Final = "licence-status+jwt"
CREDENTIAL_TYPE: Final = "vc+jwt"

_UNSIGNED: Final = bytes(SIGNATURE_SIZE)
_TAG: Final = b"\xd2"
_COSIGNATURE: Final = "cosignature/v1\n"


class Kind(StrEnum):
    """What the signer signs; it signs nothing else."""

    BADGE = "badge"
    STATUS = "status"
    RECEIPT = "receipt"
    CREDENTIAL = "credential"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Key:
    """The key that would sign, as far as a message speaks of it; ``at`` is now, in seconds since 1970."""

    kid: str
    authority: str
    at: int

    @property
    def host(self) -> str:
        """The host of the authority's addresses."""
        return self.authority.partition("/")[0]

    @property
    def did(self) -> str:
        """The authority as a did:web: ``verify.example.org/a/np`` is ``did:web:verify.example.org:a:np``."""
        return trust_list.did(self.authority)


def check(kind: Kind, message: bytes, key: Key) -> None:
    """Refuses with ``Malformed`` what this key must not sign as this kind; checkpoints are read apart."""
    _SHAPES[kind](message, key)


def _badge(message: bytes, key: Key) -> None:
    envelope = _cose(message)
    if envelope.unprotected or envelope.protected != {
        envelopes.ALGORITHM: envelopes.ES256,
        envelopes.KID: envelope.protected.get(envelopes.KID),
    }:
        raise Malformed("a badge's headers are its algorithm and its key")
    _same_key(envelope.kid, key)
    badge = codec.from_claims(envelope.payload)
    if badge.issuer != key.authority:
        raise Malformed("a badge of another authority")
    _same_host(badge.status_uri, key)
    _now(badge.issued, key)


def _status(message: bytes, key: Key) -> None:
    if not message.startswith(_signature1()):
        text = _unsigned_jws(message)
        if _header(message).get("typ") == CREDENTIAL_TYPE:
            _bitstring(_jws(message, CREDENTIAL_TYPE), key)
            return
        stated, envelope = status_list.unseal(text)
    else:
        stated, envelope = status_list.unseal(_cose_bytes(message))
    _same_key(envelope.kid, key)
    _same_host(stated.uri, key)
    _now(stated.issued, key)
    if not stated.issued < stated.expires <= stated.issued + LONGEST_STATUS_LIFE:
        raise Malformed("a status list is good for at most a week")


def _bitstring(envelope: Envelope, key: Key) -> None:
    claims = _credential_claims(envelope, key, LONGEST_STATUS_LIFE)
    if sorted(map(str, claims["type"])) != ["BitstringStatusListCredential", "VerifiableCredential"]:
        raise Malformed("a status key signs lists of statuses alone")


def _receipt(message: bytes, key: Key) -> None:
    envelope = _jws(message, RECEIPT_TYPE)
    _same_key(envelope.kid, key)
    claims = envelopes.read_json(envelope.payload)
    if claims.get("iss") not in (key.authority, f"https://{key.authority}", key.did):
        raise Malformed("a receipt of another authority")
    if not isinstance(claims.get("sub"), str) or not isinstance(claims.get("verdict"), str | dict):
        raise Malformed("a receipt names a licence and says what was found")
    _now(claims.get("iat"), key)


def _credential(message: bytes, key: Key) -> None:
    claims = _credential_claims(_jws(message, CREDENTIAL_TYPE), key, codec.LONGEST_LIFE)
    if sorted(map(str, claims["type"])) != ["DigitalIdentityAnchor", "VerifiableCredential"]:
        raise Malformed("not the one kind of credential that is issued here")


def _credential_claims(envelope: Envelope, key: Key, longest: int) -> dict[str, Any]:
    """The claims of a credential of this authority, of now, good for at most so many seconds, at its own host."""
    _same_key(envelope.kid.rpartition("#")[2], key)
    if envelope.protected.get("cty", "vc") != "vc":
        raise Malformed("the content is not a credential")
    claims = envelopes.read_json(envelope.payload)
    kinds, issuer = claims.get("type"), claims.get("issuer")
    if isinstance(issuer, dict):
        issuer = issuer.get("id")
    if issuer != key.did or "vc" in claims or "vp" in claims:
        raise Malformed("a credential of another authority, or in the form of an older version")
    if not isinstance(kinds, list) or "VerifiableCredential" not in kinds:
        raise Malformed("not a credential")
    _same_host(claims.get("id"), key)
    starts, ends = (_second(claims.get(name)) for name in ("validFrom", "validUntil"))
    _now(starts, key)
    if not starts < ends <= starts + longest:
        raise Malformed("a credential is not good for that long")
    return claims


def _second(stated: Any) -> int:
    """An instant as credentials are written here, in seconds since 1970."""
    try:
        return int(datetime.strptime(stated, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except (TypeError, ValueError):
        raise Malformed("a credential says from when until when it is good") from None


def read_checkpoint(message: bytes) -> tuple[Checkpoint, int | None]:
    """The checkpoint that is to be signed, and when a witness saw it; no time for a log's own."""
    try:
        text = message.decode()
    except UnicodeDecodeError:
        raise Malformed("a checkpoint is text") from None
    if not text.startswith(_COSIGNATURE):
        return notes.read_checkpoint(text), None
    stated, _, body = text.removeprefix(_COSIGNATURE).partition("\n")
    seen = stated.removeprefix("time ")
    if not seen.isascii() or not seen.isdigit() or notes.cosigned(body, int(seen)) != text:
        raise Malformed("not what a witness signs")
    return notes.read_checkpoint(body), int(seen)


def _checkpoint(message: bytes, key: Key) -> None:
    stated, seen = read_checkpoint(message)
    if seen is not None:
        _now(seen, key)
    elif stated.origin != key.authority or stated.extensions:
        raise Malformed("a checkpoint of another log, or one that says more than ours do")


_SHAPES: Final[Mapping[Kind, Callable[[bytes, Key], None]]] = {
    Kind.BADGE: _badge,
    Kind.STATUS: _status,
    Kind.RECEIPT: _receipt,
    Kind.CREDENTIAL: _credential,
    Kind.CHECKPOINT: _checkpoint,
}


def _signature1() -> bytes:
    """How every message begins that a COSE_Sign1 is signed over."""
    return b"\x84" + cbor.encode("Signature1")


def _cose_bytes(message: bytes) -> bytes:
    """The COSE_Sign1 whose signature the message asks for, without it."""
    match cbor.decode(message):
        case ["Signature1", bytes() as protected, b"", bytes() as payload]:
            return _TAG + cbor.encode([protected, {}, payload, _UNSIGNED])
    raise Malformed("not what a COSE_Sign1 is signed over")


def _cose(message: bytes) -> Envelope:
    return envelopes.open_cose(_cose_bytes(message))


def _unsigned_jws(message: bytes) -> str:
    try:
        return f"{message.decode('ascii')}.{base64url(_UNSIGNED)}"
    except UnicodeDecodeError:
        raise Malformed("not what a JWS is signed over") from None


def _jws(message: bytes, kind: str) -> Envelope:
    return envelopes.open_jws(_unsigned_jws(message), kind=kind)


def _header(message: bytes) -> dict[str, Any]:
    return envelopes.read_json(unbase64url(message.partition(b".")[0].decode("ascii", "replace")))


def _same_key(kid: str, key: Key) -> None:
    if kid != key.kid:
        raise Malformed("the message names another key than the one that would sign it")


def _same_host(uri: Any, key: Key) -> None:
    try:
        parts = urlsplit(uri if isinstance(uri, str) else "")
    except ValueError:
        raise Malformed("not an address") from None
    if parts.scheme not in {"https", "http"} or parts.netloc != key.host:
        raise Malformed("an address at another host than the authority's")


def _now(stated: Any, key: Key) -> None:
    if type(stated) is not int or abs(stated - key.at) > SKEW:
        raise Malformed("the message is not of now")
