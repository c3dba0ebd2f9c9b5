"""The list of trust, read: which authorities there are, at which hosts, with which keys (trust model, 6.8).

Plain Python without clock or network. What is read here was verified already: whoever fetches a list checks
the signatures of its offline roots and that it is not older than the last one, and hands over its payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from verification import public_keys
from verification.cbor import Malformed


class Use(StrEnum):
    """What a key may sign; a key has one use."""

    BADGE = "badge"
    STATUS = "status"
    CREDENTIAL = "vc"
    RECEIPT = "receipt"
    OTHER = "other"


class KeyState(StrEnum):
    """Whether a key signs, did sign, or must not be believed by who can't ask the log."""

    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key of an authority; it may sign from ``first`` until before ``last`` (seconds since 1970)."""

    kid: str
    use: Use
    state: KeyState
    first: int
    last: int
    jwk: Mapping[str, Any]

    def signed_in_time(self, issued: int) -> bool:
        """Whether the key was in use at that second."""
        return self.first <= issued < self.last


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues licences: ``issuer`` is its name on badges, ``verify.example.org/a/np-dofe``."""

    issuer: str
    hosts: frozenset[str]
    keys: Mapping[str, TrustedKey]


@dataclass(frozen=True, slots=True)
class TrustList:
    """One version of the list; good from ``issued`` until before ``expires`` (seconds since 1970)."""

    version: int
    issued: int
    expires: int
    authorities: Mapping[str, Authority]

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that verifies badges."""
        return frozenset[str]().union(*(authority.hosts for authority in self.authorities.values()))


_DID: Final = "did:web:"
_USES: Final = frozenset(Use)
SIGNING: Final = _USES - {Use.OTHER}
"""What keys in a list of trust sign that we can judge."""

_STATES: Final = frozenset(KeyState)


def issuer(did: str) -> str:
    """The name that an authority's badges carry: ``did:web:host:a:np`` is ``host/a/np``."""
    if not did.startswith(_DID) or not did.isascii():
        raise Malformed("an authority is named by a did:web")
    return did.removeprefix(_DID).replace(":", "/").replace("%3A", ":")


def did(issuer_name: str) -> str:
    """The did:web of an authority that is called so on badges; ``issuer`` reads it back."""
    return _DID + issuer_name.replace(":", "%3A").replace("/", ":")


def read(payload: Mapping[str, Any]) -> TrustList:
    """The verified payload of a list of trust; refuses with ``Malformed`` one that says anything unclear.

    A list of later years may have keys for other uses, which sign nothing that is read here, and keys in other
    states, which are believed no more than compromised ones.
    """
    try:
        authorities = [_authority(one) for one in payload["authorities"]]
        found = TrustList(
            version=_whole(payload["ver"]),
            issued=_whole(payload["iat"]),
            expires=_whole(payload["exp"]),
            authorities={authority.issuer: authority for authority in authorities},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as unclear:
        raise Malformed("not the payload of a list of trust") from unclear
    if len(found.authorities) != len(authorities):
        raise Malformed("an authority stands twice")
    return found


def _authority(stated: Mapping[str, Any]) -> Authority:
    keys = [_key(one) for one in stated["keys"]]
    by_kid = {key.kid: key for key in keys}
    if len(by_kid) != len(keys):
        raise Malformed("a key stands twice")
    return Authority(issuer(stated["id"]), frozenset(map(_host, stated["hosts"])), by_kid)


def _host(stated: str) -> str:
    if stated != stated.lower().strip() or not stated or "/" in stated:
        raise Malformed("a host is not written in small letters")
    return stated


def _key(stated: Mapping[str, Any]) -> TrustedKey:
    use = Use(stated["use"] if stated["use"] in _USES else Use.OTHER)
    if use is not Use.OTHER and public_keys.kid(stated["jwk"]) != stated["kid"]:
        raise Malformed("a key is not the one that its name says")
    return TrustedKey(
        kid=stated["kid"],
        use=use,
        state=KeyState(stated["state"] if stated["state"] in _STATES else KeyState.COMPROMISED),
        first=_whole(stated["nbf"]),
        last=_whole(stated["exp"]),
        jwk=stated["jwk"],
    )


def _whole(stated: Any) -> int:
    if type(stated) is not int:
        raise Malformed("not a whole number")
    return stated
