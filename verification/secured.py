"""Credentials and presentations as VC-JOSE-COSE secures them: as JWT, as SD-JWT and as COSE_Sign1.

A text is taken apart here, held to the rules of its form (``typ``, ``cty``, claims, enveloped credentials) and judged
by one key; whose key is good for what, its reader decides. Signatures are joserfc's. Nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from verification import disclosures, envelopes
from verification.cbor import Malformed
from verification.envelopes import CONTENT_TYPE, KID, TYPE, Envelope

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
LONGEST: Final = 65_536
"""Symbols of a credential or a presentation; more is not read."""

MOST_CREDENTIALS: Final = 16
"""Credentials in one presentation; more are not judged."""

_ALGORITHMS: Final = {
    "ES256": "ES256",
    "ES384": "ES384",
    "ES512": "ES512",
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
}
"""Signatures that are judged, by the names that tokens give them; ``Ed25519`` is EdDSA's full name (RFC 9864)."""

_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519"}
"""The curve that each is for: a key on another curve vouches for nothing."""

_COSE_ALGORITHMS: Final = {
    envelopes.ES256: "ES256",
    envelopes.ESP256: "ES256",
    -8: "Ed25519",
    -35: "ES384",
    -36: "ES512",
}


class Content(StrEnum):
    """What is secured."""

    CREDENTIAL = "vc"
    PRESENTATION = "vp"


class Form(StrEnum):
    """How it is secured: the end of its media type."""

    JWT = "jwt"
    SD_JWT = "sd-jwt"
    COSE = "cose"


class Timing(StrEnum):
    """Whether it is good at an instant, by what it says itself."""

    EARLY = "early"
    GOOD = "good"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Secured:
    """What was secured, and what vouches for it; ``kid`` names the key that is said to have signed.

    ``claims`` are those that are disclosed; ``enveloped`` are the credentials in a presentation, each secured itself.
    """

    content: Content
    form: Form
    claims: Mapping[str, Any]
    kid: str
    algorithm: str
    signed: bytes
    signature: bytes
    enveloped: tuple[str, ...] = ()

    def vouched_by(self, jwk: Mapping[str, Any]) -> bool:
        """Whether the holder of this public key signed it."""
        if jwk.get("crv") != _CURVES[self.algorithm]:
            return False
        kind = OKPKey if jwk.get("kty") == "OKP" else ECKey
        public = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
        try:
            key = kind.import_key(public)
            algorithm = JWSRegistry(algorithms=[self.algorithm]).get_alg(self.algorithm)
            return bool(algorithm.verify(self.signed, self.signature, key))
        except (JoseError, ValueError):
            return False


def read(text: str) -> Secured:
    """What this text secures; the signature is not judged.

    A COSE_Sign1 comes in base64, padded or not; white space around a text does not count. Refuses with ``Malformed``
    what is neither credential nor presentation of the data model 2.0, and what breaks a rule of its form.
    """
    if len(text) > LONGEST:
        raise Malformed("a credential is not that long")
    text = text.strip()
    if "." not in text:
        return _cose(text)
    token, *disclosed = text.split("~")
    if disclosed and disclosed.pop():
        raise Malformed("bound to a holder's key, which nobody here asked for")
    form = Form.SD_JWT if "~" in text else Form.JWT
    envelope = envelopes.open_jws(
        token, kind=[f"{content}+{form}" for content in Content], algorithms=_ALGORITHMS
    )
    content = Content(str(envelope.protected["typ"]).partition("+")[0])
    if envelope.protected.get("cty", content) != content:
        raise Malformed("the content is another one than the type says")
    claims = envelopes.read_json(envelope.payload)
    if form is Form.SD_JWT:
        claims = disclosures.reveal(claims, disclosed)
    if {"vc", "vp"} & claims.keys():
        raise Malformed("in the form of an older version")
    party = party_of(content, claims)
    if claims.get("iss", party) != party and (party is not None or content is Content.CREDENTIAL):
        raise Malformed("it names two issuers")
    if "iss" not in claims and ":" not in envelope.kid:
        raise Malformed("without an iss the key is named by an address")
    return _secured(content, form, claims, envelope, envelope.kid, _ALGORITHMS[envelope.protected["alg"]])


def timing(found: Secured, *, at: datetime) -> Timing:
    """Whether it is good at ``at``: a credential says from when until when, a token may say so too (RFC 7519).

    What it does not say does not bound it; refuses with ``Malformed`` an instant that is none.
    """
    try:
        starts = [*_instants(found.claims, "validFrom"), *_numeric(found.claims, "nbf")]
        ends = [*_instants(found.claims, "validUntil"), *_numeric(found.claims, "exp")]
        early, late = any(at < start for start in starts), any(at >= end for end in ends)
    except (TypeError, ValueError, OverflowError):
        raise Malformed("it does not say from when until when it is good") from None
    return Timing.EARLY if early else Timing.LATE if late else Timing.GOOD


def starts(found: Secured) -> datetime | None:
    """From when a credential says it is good, ours from the second they are signed; ``None`` where it does not say.

    Refuses with ``Malformed`` an instant that is none, or has no time zone.
    """
    try:
        stated = next(iter(_instants(found.claims, "validFrom")), None)
    except (TypeError, ValueError):
        raise Malformed("it does not say from when it is good") from None
    if stated is not None and stated.tzinfo is None:
        raise Malformed("an instant has a time zone")
    return stated


def _instants(claims: Mapping[str, Any], name: str) -> list[datetime]:
    return [datetime.fromisoformat(claims[name])] if name in claims else []


def _numeric(claims: Mapping[str, Any], name: str) -> list[datetime]:
    return [datetime.fromtimestamp(claims[name], UTC)] if name in claims else []


def party_of(content: Content, claims: Mapping[str, Any]) -> Any:
    """Who signed it by its own words: the issuer of a credential, the holder of a presentation."""
    party = claims.get("issuer" if content is Content.CREDENTIAL else "holder")
    return party.get("id") if isinstance(party, dict) else party


def _cose(text: str) -> Secured:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("neither a token nor a COSE_Sign1 in base64") from None
    envelope = envelopes.open_cose(data, algorithms=_COSE_ALGORITHMS.keys())
    kinds = {f"application/{content}+{Form.COSE}": content for content in Content}
    content = kinds.get(str(envelope.protected.get(TYPE)))
    if (
        content is None
        or envelope.protected.get(CONTENT_TYPE, f"application/{content}") != f"application/{content}"
    ):
        raise Malformed("neither a credential nor a presentation by its media type")
    claims = envelopes.read_json(envelope.payload)
    named = envelope.protected.get(KID, envelope.unprotected.get(KID))
    try:
        kid = bytes(named).decode("utf-8")
    except UnicodeDecodeError:
        kid = envelope.kid
    algorithm = _COSE_ALGORITHMS[envelope.protected[envelopes.ALGORITHM]]
    return _secured(content, Form.COSE, claims, envelope, kid, algorithm)


def _secured(
    content: Content, form: Form, claims: Mapping[str, Any], envelope: Envelope, kid: str, algorithm: str
) -> Secured:
    enveloped: tuple[str, ...] = ()
    if content is Content.CREDENTIAL:
        _check_credential(claims)
    else:
        enveloped = _enveloped(claims)
    return Secured(content, form, claims, kid, algorithm, envelope.signed, envelope.signature, enveloped)


def _check_credential(claims: Mapping[str, Any]) -> None:
    match claims:
        case {"@context": [first, *_], "type": [*types], "credentialSubject": dict() | list()} if (
            first == CONTEXT
        ):
            if "VerifiableCredential" in types:
                return
    raise Malformed("not a credential of the data model 2.0")


def _enveloped(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The credentials in a presentation; each must be secured and stand in a ``data:`` address."""
    match claims:
        case {"@context": [first, *_], "type": str() | list() as types} if first == CONTEXT:
            stated = claims.get("verifiableCredential", [])
            held = stated if isinstance(stated, list) else [stated]
            if "VerifiablePresentation" in _listed(types) and len(held) <= MOST_CREDENTIALS:
                return tuple(_credential_in(one) for one in held)
    raise Malformed("not a presentation of the data model 2.0")


def _credential_in(stated: Any) -> str:
    match stated:
        case {"type": str() | list() as types, "id": str() as address}:
            media, comma, data = address.partition(",")
            if "EnvelopedVerifiableCredential" in _listed(types) and comma and media in _ENVELOPES:
                return data
    raise Malformed("a credential in a presentation is not secured, or not enveloped")


def _listed(types: str | list[Any]) -> list[Any]:
    return [types] if isinstance(types, str) else types


_ENVELOPES: Final = frozenset(
    {"data:application/vc+jwt", "data:application/vc+sd-jwt", "data:application/vc+cose;base64"}
)
"""How an address holds a credential (RFC 2397); COSE is bytes, so that it comes in base64."""
