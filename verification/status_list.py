"""Status lists as bytes: one array of statuses, published as a Token Status List and as W3C bitstrings.

Plain Python without rows, clock or keys, so that an offline verifier can stand on it. The two formats are not
the same bits: the IETF counts from the lowest bit of a byte and deflates (draft-ietf-oauth-status-list), the
W3C counts from the highest, gzips, and has a list for each purpose (Bitstring Status List 1.0).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final

from verification import cbor, codec, envelopes
from verification.cbor import Malformed
from verification.envelopes import Envelope
from verification.public_keys import Sign, base64url, unbase64url

BITS: Final = 2
"""Bits of each status in the lists that this register publishes."""

ENTRIES: Final = 131_072
"""Statuses in one list: the least that the W3C allows, so that one index hides among many."""

MOST_BYTES: Final = 1 << 20
"""No list is larger when inflated (four million statuses of ours)."""

MOST_SIGNED: Final = 2 * MOST_BYTES
"""No signed list is longer; more is not read at all."""

CWT_TYPE: Final = "application/statuslist+cwt"
JWT_TYPE: Final = "statuslist+jwt"


class Status(IntEnum):
    """What a list says of an index; an unused one is valid, so that nobody learns how many are in use."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    LIMITED = 3


REVOCATION: Final = frozenset({Status.INVALID})
SUSPENSION: Final = frozenset({Status.SUSPENDED})
"""The statuses behind the two W3C lists; limited is neither, and stands in the credential itself."""


class Claim:
    """Keys of a list's claims in CBOR; in JSON they have names."""

    URI = 2
    EXPIRES = 4
    ISSUED = 6
    LIST = 65_533
    LIFETIME = 65_534


@dataclass(frozen=True, slots=True)
class StatusList:
    """What a signed list states; instants are seconds since 1970, ``lifetime`` is how long to keep a copy."""

    uri: str
    issued: int
    expires: int
    lifetime: int | None
    bits: int
    array: bytes

    def status(self, index: int) -> int:
        """The status at the index; refuses with ``IndexError`` one that the list has not."""
        return read(self.array, index, self.bits)


def blank(entries: int = ENTRIES, bits: int = BITS) -> bytearray:
    """An array in which every status is valid."""
    return bytearray(-(-entries * bits // 8))


def read(array: bytes | bytearray, index: int, bits: int = BITS) -> int:
    """The status at the index, counted from the lowest bit of the first byte."""
    place, shift = divmod(index * bits, 8)
    if not 0 <= place < len(array):
        raise IndexError(index)
    return array[place] >> shift & ((1 << bits) - 1)


def write(array: bytearray, index: int, status: int, bits: int = BITS) -> None:
    """Put the status at the index; refuses one that the bits can't hold."""
    most = (1 << bits) - 1
    if not 0 <= status <= most:
        raise Malformed(f"{status} does not fit into {bits} bits")
    place, shift = divmod(index * bits, 8)
    if not 0 <= place < len(array):
        raise IndexError(index)
    array[place] = array[place] & ~(most << shift) | status << shift


def array_of(statuses: Mapping[int, int], entries: int = ENTRIES, bits: int = BITS) -> bytes:
    """An array that says so of these indices, and valid of all others."""
    array = blank(entries, bits)
    for index, status in statuses.items():
        write(array, index, status, bits)
    return bytes(array)


def list_claim(array: bytes, bits: int = BITS) -> dict[int | str, cbor.Value]:
    """The list as its claim in CBOR holds it; the draft's order of names, its own test vectors byte for byte."""
    return {"bits": bits, "lst": _deflated(bytes(array))}


@lru_cache(maxsize=2)
def _deflated(array: bytes) -> bytes:
    """The array as both formats of the IETF hold it, deflated once for the two."""
    return zlib.compress(array, 9)


def seal_cwt(stated: StatusList, *, kid: str, sign: Sign) -> bytes:
    """The list as a signed CWT."""
    claims: dict[int | str, cbor.Value] = {
        Claim.URI: stated.uri,
        Claim.ISSUED: stated.issued,
        Claim.EXPIRES: stated.expires,
    }
    if stated.lifetime is not None:
        claims[Claim.LIFETIME] = stated.lifetime
    claims[Claim.LIST] = list_claim(stated.array, stated.bits)
    payload = cbor.encode(claims, sort=False)
    return envelopes.seal_cose(payload, kid=kid, sign=sign, content_type=CWT_TYPE)


def seal_jwt(stated: StatusList, *, kid: str, sign: Sign) -> str:
    """The list as a signed JWT."""
    claims: dict[str, Any] = {"sub": stated.uri, "iat": stated.issued, "exp": stated.expires}
    if stated.lifetime is not None:
        claims["ttl"] = stated.lifetime
    claims["status_list"] = {"bits": stated.bits, "lst": base64url(_deflated(stated.array))}
    return envelopes.seal_jws(claims, kid=kid, sign=sign, kind=JWT_TYPE)


def unseal(signed: bytes | str) -> tuple[StatusList, Envelope]:
    """What a signed list states, CWT as bytes or JWT as text, and the envelope it came in.

    Refuses with ``Malformed`` what is neither. The signature is not judged here.
    """
    if len(signed) > MOST_SIGNED:
        raise Malformed("a signed list is not that long")
    return _unseal_jwt(signed) if isinstance(signed, str) else _unseal_cwt(signed)


def _unseal_cwt(signed: bytes) -> tuple[StatusList, Envelope]:
    envelope = envelopes.open_cose(signed, sorted_keys=False)
    claims = cbor.decode(envelope.payload, sorted_keys=False)
    if envelope.protected.get(envelopes.TYPE) != CWT_TYPE or not isinstance(claims, dict):
        raise Malformed(f"not of type {CWT_TYPE}")
    uri, issued, expires = map(claims.get, (Claim.URI, Claim.ISSUED, Claim.EXPIRES))
    return _stated(uri, issued, expires, claims.get(Claim.LIFETIME), claims.get(Claim.LIST)), envelope


def _unseal_jwt(signed: str) -> tuple[StatusList, Envelope]:
    envelope = envelopes.open_jws(signed, kind=JWT_TYPE)
    claims = envelopes.read_json(envelope.payload)
    stated = claims.get("status_list")
    if not isinstance(stated, dict) or not isinstance(stated.get("lst"), str):
        raise Malformed("no list")
    uri, issued, expires = map(claims.get, ("sub", "iat", "exp"))
    packed = stated | {"lst": unbase64url(stated["lst"])}
    return _stated(uri, issued, expires, claims.get("ttl"), packed), envelope


def _stated(uri: Any, issued: Any, expires: Any, lifetime: Any, stated: Any) -> StatusList:
    times = (issued, expires, 0 if lifetime is None else lifetime)
    if not isinstance(uri, str) or not all(type(time) is int for time in times):
        raise Malformed("no address, or a time that is not a whole number")
    if not all(0 <= time <= codec.LAST_SECOND for time in times):
        raise Malformed("a time is out of bounds")
    match stated:
        case {"bits": 1 | 2 | 4 | 8 as bits, "lst": bytes() as packed} if type(bits) is int:
            return StatusList(uri, issued, expires, lifetime, bits, codec.inflate(packed, MOST_BYTES))
    raise Malformed("not a list of 1, 2, 4 or 8 bits a status")


def bitstring(array: bytes, statuses: Collection[int]) -> str:
    """The W3C ``encodedList`` of our two-bit array: a one wherever the status is one of these."""
    halves = array.translate(_halves(statuses))
    if len(halves) % 2:
        halves += b"\0"
    high, low = int.from_bytes(halves[::2], "big"), int.from_bytes(halves[1::2], "big")
    ones = (high << 4 | low).to_bytes(len(halves) // 2, "big")
    return "u" + base64url(gzip.compress(ones, 6, mtime=0))


def _halves(statuses: Collection[int]) -> bytes:
    """For every byte of four statuses the four bits of the W3C, the first status highest."""
    return bytes(
        sum((four >> BITS * place & 3 in statuses) << 3 - place for place in range(4)) for four in range(256)
    )


def read_bitstring(encoded: str, index: int) -> bool:
    """Whether a W3C ``encodedList`` has a one at the index; refuses ``Malformed`` lists, and indices beyond."""
    if encoded[:1] != "u" or len(encoded) > MOST_SIGNED:
        raise Malformed("not base64url under its multibase letter")
    ones = codec.inflate(unbase64url(encoded[1:]), MOST_BYTES, gzip=True)
    if not 0 <= index < len(ones) * 8:
        raise IndexError(index)
    return bool(ones[index // 8] >> (7 - index % 8) & 1)
