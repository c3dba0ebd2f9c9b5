"""Verifiable credentials as bytes: a licence for wallets, and the status lists that speak of it.

W3C Verifiable Credentials 2.0 secured as JWT (VC-JOSE-COSE), the profile of UNTP's Digital Identity Anchor 0.6
(trust model, 6.4). Plain Python; contexts are named and never fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from verification import envelopes, public_keys, shapes, trust_list
from verification.cbor import Malformed
from verification.envelopes import Envelope
from verification.public_keys import Sign
from verification.trust_list import KeyState, TrustList, Use

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
CONTENT: Final = "vc"
MEDIA_TYPE: Final = "application/vc+jwt"
LONGEST: Final = 65_536
"""Symbols of a credential; more is not read."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a Digital Identity Anchor says of a licence.

    ``subject`` is the holder's own DID where it was proved, else the badge's; ``scheme`` is the address and the name
    of the register, ``scopes`` are addresses of what the licence is for.
    """

    address: str
    issuer: str
    issuer_name: str
    subject: str
    name: str
    licence: str
    scheme: tuple[str, str]
    scopes: tuple[str, ...]
    issued: datetime
    expires: datetime
    list_number: int
    index: int

    def claims(self, context: str) -> dict[str, Any]:
        """The credential; ``context`` is the address of UNTP's own."""
        origin = self.address.rsplit("/c/", 1)[0]
        return {
            "@context": [CONTEXT, context],
            "id": self.address,
            "type": ["DigitalIdentityAnchor", "VerifiableCredential"],
            "issuer": {
                "type": ["CredentialIssuer"],
                "id": trust_list.did(self.issuer),
                "name": self.issuer_name,
            },
            "validFrom": instant(self.issued),
            "validUntil": instant(self.expires),
            "credentialSubject": {
                "type": ["RegisteredIdentity"],
                "id": self.subject,
                "name": self.name,
                "registeredId": self.licence,
                "idScheme": {"type": ["IdentifierScheme"], "id": self.scheme[0], "name": self.scheme[1]},
                "registerType": "Accreditation",
                "registrationScopeList": list(self.scopes),
            },
            "credentialStatus": [
                self._status(f"{origin}/b/{self.list_number}/{purpose}", purpose)
                for purpose in ("revocation", "suspension")
            ],
        }

    def _status(self, listed: str, purpose: str) -> dict[str, str]:
        return {
            "id": f"{listed}#{self.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": listed,
        }


def bitstring(
    address: str, purpose: str, encoded: str, *, issuer: str, issued: datetime, expires: datetime
) -> dict[str, Any]:
    """A Bitstring Status List credential of one purpose; ``encoded`` is its ``encodedList``."""
    return {
        "@context": [CONTEXT],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": trust_list.did(issuer),
        "validFrom": instant(issued),
        "validUntil": instant(expires),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encoded,
        },
    }


def seal(claims: Mapping[str, Any], *, issuer: str, kid: str, sign: Sign) -> str:
    """The credential as a signed JWT; its key is named by a DID URL of the issuer."""
    named = f"{trust_list.did(issuer)}#{kid}"
    return envelopes.seal_jws(claims, kid=named, sign=sign, kind=shapes.CREDENTIAL_TYPE, content=CONTENT)


class Reason(StrEnum):
    """What was found of a credential, its status apart."""

    GENUINE = "credential.genuine"
    FORGED = "credential.forged"
    NOT_YET = "credential.not_yet"
    ENDED = "credential.ended"
    ISSUER_UNKNOWN = "issuer.unknown"
    KEY_UNKNOWN = "key.unknown"
    KEY_WRONG_USE = "key.wrong_use"
    KEY_COMPROMISED = "key.compromised"


def unseal(text: str) -> tuple[dict[str, Any], Envelope]:
    """A credential's claims and the envelope that they came in; the signature is not judged here.

    Refuses with ``Malformed`` what is no Verifiable Credential 2.0 as JWT: another ``typ`` or ``cty``, claims ``vc``
    or ``vp`` of the older form, an ``iss`` that is not the issuer, or a first context that is not the data model's.
    """
    if len(text) > LONGEST:
        raise Malformed("a credential is not that long")
    envelope = envelopes.open_jws(text, kind=shapes.CREDENTIAL_TYPE)
    claims = envelopes.read_json(envelope.payload)
    if envelope.protected.get("cty", CONTENT) != CONTENT or {"vc", "vp"} & claims.keys():
        raise Malformed("the content is not a credential, or in the form of an older version")
    if claims.get("iss", issuer_of(claims)) != issuer_of(claims):
        raise Malformed("it names two issuers")
    match claims:
        case {"@context": [first, *_], "type": [*types], "credentialSubject": dict() | list()} if (
            first == CONTEXT
        ):
            if "VerifiableCredential" in types:
                return claims, envelope
    raise Malformed("not a credential of the data model 2.0")


def issuer_of(claims: Mapping[str, Any]) -> Any:
    """Who issued it: the address itself, or the ``id`` of what describes them."""
    issuer = claims.get("issuer")
    return issuer.get("id") if isinstance(issuer, dict) else issuer


def judge(text: str, *, trust: TrustList, at: datetime) -> tuple[Reason, dict[str, Any]]:
    """Whether an authority of the list issued this credential, and its claims; ask its status lists as well.

    Refuses with ``Malformed`` what ``unseal`` refuses.
    """
    claims, envelope = unseal(text)
    return _reason(claims, envelope, trust, at), claims


def _reason(claims: Mapping[str, Any], envelope: Envelope, trust: TrustList, at: datetime) -> Reason:
    did, _, kid = envelope.kid.partition("#")
    by_did = {trust_list.did(name): authority for name, authority in trust.authorities.items()}
    authority = by_did.get(did) if did == issuer_of(claims) else None
    key = authority.keys.get(kid) if authority is not None else None
    if key is None:
        return Reason.ISSUER_UNKNOWN if authority is None else Reason.KEY_UNKNOWN
    if key.use is not Use.CREDENTIAL:
        return Reason.KEY_WRONG_USE
    if not public_keys.vouches(key.jwk, envelope.signed, envelope.signature):
        return Reason.FORGED
    if key.state is KeyState.COMPROMISED:
        return Reason.KEY_COMPROMISED
    return _in_time(claims, at)


def _in_time(claims: Mapping[str, Any], at: datetime) -> Reason:
    try:
        first, last = (datetime.fromisoformat(claims[name]) for name in ("validFrom", "validUntil"))
        early, late = at < first, at >= last
    except (KeyError, TypeError, ValueError):
        raise Malformed("it does not say from when until when it is good") from None
    return Reason.NOT_YET if early else Reason.ENDED if late else Reason.GENUINE


def subject_of(host: str, code: str) -> str:
    """The DID of a badge, for a holder that has proved none of its own."""
    return trust_list.did(f"{host}/l/{code}")


def scopes(classes: Sequence[str], authority: str, origin: str) -> tuple[str, ...]:
    """The addresses of classes of licence of an authority."""
    return tuple(f"{origin}/a/{authority.lower()}/classes/{letter}" for letter in classes)


def instant(moment: datetime) -> str:
    """As the data model writes it: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
