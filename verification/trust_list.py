"""The list of trust: which authorities there are, at which hosts, with which keys, signed by offline roots.

The trust model's 6.8: a JWS in the general JSON form, signed by two of three root keys that no connected machine
ever held. A reader pins the thumbprints (RFC 7638) of the first roots; from then on every list announces whose
signatures the next one must bear, so that a root can be replaced and a thief of today's can't announce himself.
Plain Python without clock or network; ``ceremony`` is the other side.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from verification import envelopes, notes, public_keys
from verification.cbor import Malformed
from verification.envelopes import Envelope

TYPE: Final = "trust-list+jwt"
MEDIA_TYPE: Final = "application/jose+json"

ROOTS: Final = 3
QUORUM: Final = 2
"""So many custodians there are, and so many of them must sign: one may be lost, and one alone can do nothing."""

LONGEST_LIFE: Final = 30 * 86_400
"""Seconds after which a list is no answer any more, so that nobody can be kept on an old one (freeze)."""

SKEW: Final = 300
"""Seconds that a clock may be behind before a list seems to come from the future."""

MOST_BYTES: Final = 1 << 20
MOST_SIGNATURES: Final = 16
"""A signed list is not longer and bears no more signatures; more is not read at all."""

NOTHING_BEFORE: Final = "0" * 64
"""The ``prev`` of the first version."""


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
    """A key of an authority; it may sign from ``first`` until before ``last`` (seconds since 1970).

    ``cutoff``: of a compromised key, the size of the log when it was last trusted; what stands below it is good.
    """

    kid: str
    use: Use
    state: KeyState
    first: int
    last: int
    jwk: Mapping[str, Any]
    cutoff: int | None = None

    def signed_in_time(self, issued: int) -> bool:
        """Whether the key was in use at that second."""
        return self.first <= issued < self.last


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues licences: ``issuer`` is its name on badges, ``verify.example.org/a/np-dofe``.

    ``log`` signs the checkpoints of its log, and is named as it; ``witness`` cosigns those of others.
    """

    issuer: str
    hosts: frozenset[str]
    keys: Mapping[str, TrustedKey]
    log: notes.Key | None = None
    witness: notes.Key | None = None


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


@dataclass(frozen=True, slots=True)
class Signed:
    """A list whose signatures hold: what it says, byte for byte, and who may sign the next one (thumbprints)."""

    trust: TrustList
    payload: bytes
    before: str
    next_roots: frozenset[str]

    @property
    def digest(self) -> str:
        """The SHA-256 of the payload in hex, which the next version names as the one before it."""
        return hashlib.sha256(self.payload).hexdigest()


class NotTrusted(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """A list of trust that is well made and must not be believed: ``code`` for programs, the sentence for people."""

    def __init__(self, code: str, says: str) -> None:
        """Keep both."""
        super().__init__(says)
        self.code = code


_DID: Final = "did:web:"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
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


def accept(document: bytes, *, roots: Collection[str], known: Signed | None, at: int) -> Signed:
    """The signed list, when it may be believed at ``at`` (seconds since 1970).

    ``known``: the newest list that was believed before, which announced the roots; the first time there is none,
    and ``roots`` are the thumbprints that the reader was given by other means. Refuses with ``Malformed`` and
    ``NotTrusted``.
    """
    found = open_signed(document, roots) if known is None else follow(document, known)
    if found.trust.issued > at + SKEW:
        raise NotTrusted("trust_list.not_yet", "The list of trust comes from the future.")
    if at >= found.trust.expires:
        raise NotTrusted("trust_list.expired", "The list of trust has expired: there must be a newer one.")
    return found


def open_signed(document: bytes, roots: Collection[str]) -> Signed:
    """The list that two of these roots signed, whenever that was; refuses with ``Malformed`` and ``NotTrusted``."""
    parted = _parted(document)
    if len(_vouching(parted, roots)) < QUORUM:
        raise NotTrusted(
            "trust_list.too_few_roots", "Fewer than two known roots have signed the list of trust."
        )
    return read_signed(parted[0].payload)


def follow(document: bytes, known: Signed) -> Signed:
    """The list that comes after the known one, or is it; refuses one that is older or that was not announced."""
    parted = _parted(document)
    found = read_signed(parted[0].payload)
    if found.trust.version < known.trust.version:
        raise NotTrusted("trust_list.rolled_back", "A newer list of trust is known already.")
    if found.trust.version == known.trust.version:
        if found.payload != known.payload:
            raise NotTrusted("trust_list.forked", "There are two lists of trust of the same version.")
        return known
    if len(_vouching(parted, known.next_roots)) < QUORUM:
        raise NotTrusted(
            "trust_list.roots_not_announced",
            "Fewer than two of the roots that the known list announced have signed this one."
            " If versions between them are missing, read those first.",
        )
    if found.trust.version == known.trust.version + 1 and found.before != known.digest:
        raise NotTrusted("trust_list.forked", "The list of trust does not follow the one that is known.")
    if found.trust.issued < known.trust.issued:
        raise NotTrusted("trust_list.rolled_back", "The list of trust is older than the one before it.")
    return found


def recall(document: bytes) -> Signed:
    """A signed list that was accepted before and kept where nobody else writes; no signature is asked for again."""
    return read_signed(_parted(document)[0].payload)


def _parted(document: bytes) -> list[Envelope]:
    if len(document) > MOST_BYTES:
        raise Malformed("a list of trust is not that long")
    parted = envelopes.part_jws(document, kind=TYPE)
    if len(parted) > MOST_SIGNATURES:
        raise Malformed("a list of trust does not bear so many signatures")
    return parted


def _vouching(parted: list[Envelope], roots: Collection[str]) -> set[str]:
    """Which of these roots signed, each counted once; others are passed over, a false signature refuses the list."""
    found = set()
    for one in parted:
        if one.kid not in roots:
            continue
        jwk = one.protected.get("jwk")
        if not isinstance(jwk, dict) or public_keys.base64url(public_keys.thumbprint(jwk)) != one.kid:
            raise Malformed("a root's key is not the one that its name says")
        if not public_keys.vouches(jwk, one.signed, one.signature):
            raise NotTrusted(
                "trust_list.false_signature", f"What is said to be signed by root {one.kid} is not."
            )
        found.add(one.kid)
    return found


def read_signed(payload: bytes) -> Signed:
    """What the payload of a signed list says, to the roots who are about to sign it too; nothing is judged.

    Refuses with ``Malformed`` one that says anything unclear.
    """
    stated = envelopes.read_json(payload)
    found = read(stated)
    if not isinstance(stated.get("iss"), str) or found.version < 1:
        raise Malformed("a list of trust says who publishes it, and counts from 1")
    if not 0 < found.expires - found.issued <= LONGEST_LIFE:
        raise Malformed("a list of trust is good for at most thirty days")
    before = stated.get("prev")
    if not isinstance(before, str) or not _DIGEST.fullmatch(before):
        raise Malformed("a list of trust names the SHA-256 of the one before it")
    if (found.version == 1) is not (before == NOTHING_BEFORE):
        raise Malformed("the first list of trust, and no other, has nothing before it")
    return Signed(found, payload, before, thumbprints(stated.get("next_roots")))


def thumbprints(stated: Any) -> frozenset[str]:
    """Three different roots by their RFC 7638 SHA-256 thumbprints; refuses with ``Malformed`` anything else."""
    if not isinstance(stated, list) or not all(isinstance(one, str) for one in stated):
        raise Malformed("roots are a list of thumbprints")
    if len(set(stated)) != ROOTS or len(stated) != ROOTS:
        raise Malformed("there are three roots")
    if any(len(public_keys.unbase64url(one)) != hashlib.sha256().digest_size for one in stated):
        raise Malformed("a thumbprint is a SHA-256")
    return frozenset(stated)


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
    except Malformed:
        raise
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
    log, witness = (_vkey(stated.get(role), kind) for role, kind in _ROLES.items())
    if log is not None and log.name != stated["log"]["origin"]:
        raise Malformed("a log's key has another name than the log")
    return Authority(issuer(stated["id"]), frozenset(map(_host, stated["hosts"])), by_kid, log, witness)


_ROLES: Final = {"log": notes.Kind.NOTE, "witness": notes.Kind.COSIGNATURE}


def _vkey(stated: Mapping[str, Any] | None, kind: notes.Kind) -> notes.Key | None:
    """The key of a log or a witness, where the authority has one."""
    if stated is None:
        return None
    key = notes.read_key(stated["vkey"])
    if key.kind is not kind:
        raise Malformed("a witness's key stands for a log, or the other way round")
    return key


def _host(stated: str) -> str:
    if not _HOST.fullmatch(stated):
        raise Malformed("a host is written in small letters, with a port or without")
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
        cutoff=_whole(stated["cutoff"]) if "cutoff" in stated else None,
    )


def _whole(stated: Any) -> int:
    if type(stated) is not int:
        raise Malformed("not a whole number")
    return stated
