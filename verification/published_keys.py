"""The register's public keys as everybody may read them: JWKS, DID documents, and its part of the list of trust.

The applications can't see the signer's directory. The worker asks the signer what keys it has, and keeps each change
as a row (``refresh``); everything else here only reads rows. A key is stated from the day it is made, a week before
it signs, until the last token that it signed has expired; a compromised one in lists of trust alone, which say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from registry import dossier
from registry.rules.errors import NotFound
from verification import codec, log, notes, shapes, signing, trust_list
from verification.models import KeyStatement
from verification.public_keys import unbase64url
from verification.trust_list import KeyState, TrustList, Use

JWKS_TYPE: Final = "application/jwk-set+json"
DID_TYPE: Final = "application/did+json"

_FOR_EVER: Final = 1 << 62
_TOKENS_LAST: Final[Mapping[str, int]] = {
    Use.BADGE: codec.LONGEST_LIFE,
    Use.CREDENTIAL: codec.LONGEST_LIFE,
    Use.STATUS: shapes.LONGEST_STATUS_LIFE,
    Use.RECEIPT: _FOR_EVER,
}
"""How many seconds what a key signed last can be good; a receipt is kept as evidence and never expires."""

_LOCK: Final = 0x6B657973  # "keys", the key of the advisory lock


class KeysNotFound(NotFound):
    """No key of this authority is published."""

    code = "keys.not_found"


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as the signer stated it last; ``first`` and ``last`` bound what it may have signed (seconds since 1970)."""

    kid: str
    use: str
    authority: str
    jwk: Mapping[str, Any]
    state: str
    first: int
    last: int
    cutoff: int | None
    insecure: bool

    def needed_at(self, at: int) -> bool:
        """Whether something that it signed, or will sign, may have to be verified at that second."""
        return at < self.last + _TOKENS_LAST.get(self.use, -_FOR_EVER)

    def as_jwk(self) -> dict[str, Any]:
        """The key for programs that know nothing of our lists (RFC 7517)."""
        named = {"kid": self.kid, "alg": "ES256", "use": "sig", "nbf": self.first, "exp": self.last}
        return dict(self.jwk) | named

    def as_trusted(self) -> dict[str, Any]:
        """The key as lists of trust state it."""
        stated = {
            "kid": self.kid,
            "use": self.use,
            "jwk": dict(self.jwk),
            "nbf": self.first,
            "exp": self.last,
        }
        stated["state"] = self.state
        return stated | ({} if self.cutoff is None else {"cutoff": self.cutoff})


def refresh(*, at: datetime) -> int:
    """Ask the signer for its keys and keep what is new or changed; how much that was.

    Does nothing where no signer is set or none answers: what was published stays, and the next call asks again.
    """
    client = signing.client()
    if client is None:
        return 0
    try:
        stated = client.keys()
    except signing.SignerDown:
        return 0
    return record(stated, at=at)


@transaction.atomic
def record(stated: Sequence[Mapping[str, Any]], *, at: datetime) -> int:
    """Keep what of these statements (``signing.Client.keys``) is new or changed; how many rows that made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    known = {key.kid: key for key in every()}
    fresh = [key for key in map(_stated, stated) if known.get(key.kid) != key]
    for key in fresh:
        KeyStatement(
            kid=key.kid,
            use=key.use,
            authority=key.authority,
            jwk=dict(key.jwk),
            state=key.state,
            first=key.first,
            last=key.last,
            cutoff=key.cutoff,
            insecure=key.insecure,
            recorded_at=at,
        ).save(force_insert=True)
    return len(fresh)


def every() -> list[PublishedKey]:
    """Each key as it was stated last, the oldest key first; one query."""
    newest = KeyStatement.objects.order_by("kid", "-id").distinct("kid")
    found = [
        PublishedKey(
            one.kid, one.use, one.authority, one.jwk, one.state, one.first, one.last, one.cutoff, one.insecure
        )
        for one in newest
    ]
    return sorted(found, key=lambda key: (key.first, key.kid))


def trust(*, at: datetime) -> TrustList:
    """A list of trust of our own keys alone, to judge what our authorities signed; empty before any key was stated.

    A key that was made without notice is known to it within a minute, when the worker has asked the signer.
    """
    return signing.trust([key.as_trusted() | {"authority": key.authority} for key in every()], at=at)


def jwks(*, at: datetime) -> dict[str, Any]:
    """The keys of all our authorities that may be believed, as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [key.as_jwk() for key in _believed(every(), at)]}


def did_document(authority: str, *, at: datetime) -> dict[str, Any]:
    """The DID document of an authority (``verify.example.org/a/np-dofe``), with a JsonWebKey for each of its keys.

    That of our host itself names no keys and leads to the list of trust. Refuses with ``KeysNotFound`` an authority
    without keys.
    """
    own = [key for key in _believed(every(), at) if key.authority == authority]
    if not own and authority != settings.REGISTRY_HOST:
        raise KeysNotFound(authority=authority)
    did = trust_list.did(authority)
    methods = [
        {"id": f"{did}#{key.kid}", "type": "JsonWebKey", "controller": did, "publicKeyJwk": key.as_jwk()}
        for key in own
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
        "service": [
            {
                "id": f"{did}#trust-list",
                "type": "RecruiterTrustList",
                "serviceEndpoint": f"{_origin()}/.well-known/recruiter-trust-list",
            }
        ],
    }


def statement(code: str, *, at: datetime) -> dict[str, Any]:
    """What the authority with this code states of itself for the next list of trust (trust model, 6.8).

    Refuses with ``KeysNotFound`` an authority without keys, and one that is not in the register.
    """
    facts, found = dossier.authority(code, at=at), every()
    issuer = signing.issuer(code)
    own = [key for key in found if key.authority == issuer and key.needed_at(int(at.timestamp()))]
    if not own:
        raise KeysNotFound(authority=issuer)
    stated: dict[str, Any] = {
        "id": trust_list.did(issuer),
        "iso": facts["country"],
        "name": facts["name"],
        "hosts": [settings.REGISTRY_HOST],
        "keys": [key.as_trusted() for key in own],
        "status": f"{_origin()}/s",
    }
    active = [key for key in found if key.state == KeyState.ACTIVE]
    if own_log := log_key(log.origin(), active):
        stated["log"] = {"origin": own_log.name, "vkey": own_log.vkey(), "prefix": f"{_origin()}/log"}
    if witness := _vkey(active, "witness", notes.Kind.COSIGNATURE):
        stated["witness"] = {"vkey": witness.vkey()}
    contact = facts["contact"]
    return stated | {name: contact[name] for name in ("sms", "phone") if contact.get(name)}


def _stated(one: Mapping[str, Any]) -> PublishedKey:
    return PublishedKey(
        one["kid"], one["use"], one["authority"], one["jwk"], one["state"], one["nbf"], one["exp"],
        one.get("cutoff"), one["insecure"],
    )  # fmt: skip


def _believed(keys: Sequence[PublishedKey], at: datetime) -> list[PublishedKey]:
    moment = int(at.timestamp())
    return [key for key in keys if key.state != KeyState.COMPROMISED and key.needed_at(moment)]


def log_key(origin: str, keys: Sequence[PublishedKey] | None = None) -> notes.Key | None:
    """The key that signs our log of this name, whatever became of it; ``keys`` are all, when they were read already."""
    found = every() if keys is None else keys
    return _vkey([key for key in found if key.authority == origin], "log", notes.Kind.NOTE)


def _vkey(keys: Sequence[PublishedKey], use: str, kind: notes.Kind) -> notes.Key | None:
    """The newest key of this use."""
    found = [key for key in keys if key.use == use]
    return notes.Key(found[-1].authority, kind, unbase64url(found[-1].jwk["x"])) if found else None


def _origin() -> str:
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"
