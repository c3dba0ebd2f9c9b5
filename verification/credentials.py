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

from verification import envelopes, secured, shapes, trust_list
from verification.cbor import Malformed
from verification.public_keys import Sign
from verification.secured import CONTEXT, Content, Secured, Timing
from verification.trust_list import KeyState, TrustList, Use

CONTENT: Final = "vc"
MEDIA_TYPE: Final = "application/vc+jwt"


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a Digital Identity Anchor says of a licence.

    ``subject`` is the badge's DID, or the holder's own where it was proved (ADR 14); ``scheme`` is the address and name
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
    """What was found of a credential, its status apart; of a presentation, that nobody here knows holders' keys."""

    GENUINE = "credential.genuine"
    FORGED = "credential.forged"
    NOT_YET = "credential.not_yet"
    ENDED = "credential.ended"
    ISSUER_UNKNOWN = "issuer.unknown"
    KEY_UNKNOWN = "key.unknown"
    KEY_WRONG_USE = "key.wrong_use"
    KEY_NOT_IN_USE = "key.not_in_use"
    KEY_COMPROMISED = "key.compromised"
    MALFORMED = "credential.malformed"
    HOLDER_UNKNOWN = "holder.unknown"


def unseal(text: str) -> Secured:
    """A credential taken apart, as JWT, SD-JWT or COSE; the signature is not judged here.

    Refuses with ``Malformed`` what ``secured.read`` refuses, and a presentation.
    """
    found = secured.read(text)
    if found.content is not Content.CREDENTIAL:
        raise Malformed("a presentation is not a credential")
    return found


def judge(text: str, *, trust: TrustList, at: datetime) -> tuple[Reason, Mapping[str, Any]]:
    """Whether an authority of the list issued this credential, and its claims; ask its status lists as well.

    Refuses with ``Malformed`` what ``unseal`` refuses.
    """
    found = unseal(text)
    return _reason(found, trust, at), found.claims


def presented(text: str) -> tuple[str, ...] | None:
    """The credentials in a presentation, each to be judged by itself; ``None`` for what is a credential.

    Nobody here knows holders' keys, so who presents is not judged. Refuses with ``Malformed`` what is neither.
    """
    found = secured.read(text)
    return found.enveloped if found.content is Content.PRESENTATION else None


def _reason(found: Secured, trust: TrustList, at: datetime) -> Reason:
    did, _, kid = found.kid.partition("#")
    by_did = {trust_list.did(name): authority for name, authority in trust.authorities.items()}
    authority = by_did.get(did) if did == secured.party_of(found.content, found.claims) else None
    key = authority.keys.get(kid) if authority is not None else None
    if key is None:
        return Reason.ISSUER_UNKNOWN if authority is None else Reason.KEY_UNKNOWN
    if key.use is not Use.CREDENTIAL:
        return Reason.KEY_WRONG_USE
    if not found.vouched_by(key.jwk):
        return Reason.FORGED
    starts = secured.starts(found)
    if starts is None or not key.signed_in_time(int(starts.timestamp())):
        return Reason.KEY_NOT_IN_USE
    if key.state is KeyState.COMPROMISED:
        return Reason.KEY_COMPROMISED
    return {Timing.EARLY: Reason.NOT_YET, Timing.LATE: Reason.ENDED}.get(
        secured.timing(found, at=at), Reason.GENUINE
    )


def subject_of(host: str, code: str) -> str:
    """The DID of a badge, for a holder that has proved none of its own."""
    return trust_list.did(f"{host}/l/{code}")


def scopes(classes: Sequence[str], authority: str, origin: str) -> tuple[str, ...]:
    """The addresses of classes of licence of an authority."""
    return tuple(f"{origin}/a/{authority.lower()}/classes/{letter}" for letter in classes)


def instant(moment: datetime) -> str:
    """As the data model writes it: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
