"""Verifiable credentials as bytes: a licence for wallets, and the status lists that speak of it.

W3C Verifiable Credentials 2.0 secured as JWT (VC-JOSE-COSE), the profile of UNTP's Digital Identity Anchor 0.6
(trust model, 6.4). Plain Python; contexts are named and never fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from verification import envelopes, shapes, trust_list
from verification.public_keys import Sign

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
CONTENT: Final = "vc"
MEDIA_TYPE: Final = "application/vc+jwt"


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


def subject_of(host: str, code: str) -> str:
    """The DID of a badge, for a holder that has proved none of its own."""
    return trust_list.did(f"{host}/l/{code}")


def scopes(classes: Sequence[str], authority: str, origin: str) -> tuple[str, ...]:
    """The addresses of classes of licence of an authority."""
    return tuple(f"{origin}/a/{authority.lower()}/classes/{letter}" for letter in classes)


def instant(moment: datetime) -> str:
    """As the data model writes it: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
