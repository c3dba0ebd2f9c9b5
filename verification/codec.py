"""A badge statement and its forms: claims in CBOR, signed in COSE_Sign1, deflated, in decimal digits.

The digits go behind the ``#`` of a badge's address (print L), where a QR code needs 3.4 bits for each and a
browser sends none of them to a server. Every form has one way to be written and is read no other way; the
formats are frozen once printed (trust model, section 6.2).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from verification import cbor, envelopes
from verification.cbor import Malformed, Value
from verification.envelopes import Envelope
from verification.public_keys import Sign

MOST_DIGITS: Final = 7089
"""No QR code holds more."""

MOST_BYTES: Final = 4096
"""No signed statement is larger, whatever it was deflated to."""

LONGEST_NAME: Final = 80
LONGEST_LIFE: Final = 731 * 86_400
"""A print is good for at most 24 months, in seconds."""

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999: no instant lies behind it."""

_CODE_SHAPE: Final = re.compile(r"[A-Z]{2}[0-9A-HJKMNP-TV-Z]{11}", re.ASCII)
_COUNTRY_SHAPE: Final = re.compile(r"[A-Z]{2}", re.ASCII)


class Claim:
    """Keys of the signed claims."""

    ISSUER = 1
    LICENCE = 2
    EXPIRES = 4
    ISSUED = 6
    STATUS = 65_535
    BADGE = -65_537


class Fact:
    """Keys of the map under ``Claim.BADGE``; the last two may be absent."""

    CODE = 1
    NAME = 2
    CLASS = 3
    LEAF = 4
    PERSON = 5
    DESTINATIONS = 6


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge states: that the authority had issued this licence to this holder when the badge was signed.

    ``issuer`` is the authority's name in the list of trust, ``host/a/authority``; instants are seconds since
    1970; ``leaf`` is the index of the licence's latest event in the log. A sub-agent's card has a ``person``.
    """

    issuer: str
    licence: str
    issued: int
    expires: int
    status_uri: str
    status_index: int
    code: str
    name: str
    class_letter: str
    leaf: int
    person: str | None = None
    destinations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses with ``Malformed`` what must not be printed, nor be believed when read."""
        self._check_texts()
        times_right = 0 <= self.issued < self.expires <= min(self.issued + LONGEST_LIFE, LAST_SECOND)
        if not times_right or min(self.status_index, self.leaf) < 0:
            raise Malformed("a time or an index is out of bounds")
        if not _CODE_SHAPE.fullmatch(self.code):
            raise Malformed("the code is not one of a badge")
        if not all(_COUNTRY_SHAPE.fullmatch(country) for country in self.destinations):
            raise Malformed("a destination is not the two letters of a country")

    def _check_texts(self) -> None:
        texts = (self.issuer, self.licence, self.status_uri, self.class_letter, self.name, self.person)
        names = tuple(name for name in (self.name, self.person) if name is not None)
        if "" in texts or any(len(name) > LONGEST_NAME for name in names):
            raise Malformed("a text is empty, or a name longer than 80 characters")


def encode(badge: Badge, *, kid: str, sign: Sign) -> str:
    """The badge as the digits to print, signed by the key that is named ``kid``.

    Refuses names that a careful issuer does not print: not in NFC, or with invisible marks that turn the
    direction of what follows.
    """
    for name in (badge.name, badge.person or ""):
        if name != unicodedata.normalize("NFC", name) or any(map(misleads, name)):
            raise Malformed("a name is not in NFC, or has control characters")
    return to_digits(zlib.compress(envelopes.seal_cose(to_claims(badge), kid=kid, sign=sign), 9))


def misleads(symbol: str) -> bool:
    """Whether a symbol is a control character, or turns the direction of what follows: no name is printed with it."""
    return unicodedata.category(symbol) == "Cc" or unicodedata.bidirectional(symbol) in _TURNING


_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def decode(digits: str) -> tuple[Badge, Envelope]:
    """What the digits state and the envelope it came in; ``Malformed`` unless ``encode`` could have written it.

    The signature is not judged here: nothing is to be believed before somebody did.
    """
    envelope = envelopes.open_cose(inflate(from_digits(digits), MOST_BYTES))
    if envelope.unprotected or envelope.protected.keys() != {envelopes.ALGORITHM, envelopes.KID}:
        raise Malformed("a badge names its algorithm and key under the signature, and nothing else")
    return from_claims(envelope.payload), envelope


def token_digest(digits: str) -> str:
    """The SHA-256 of the signed statement behind the digits, in hexadecimal: what the log calls the token by."""
    return hashlib.sha256(inflate(from_digits(digits), MOST_BYTES)).hexdigest()


def to_claims(badge: Badge) -> bytes:
    """The statement in canonical CBOR."""
    facts: dict[int | str, Value] = {
        Fact.CODE: badge.code,
        Fact.NAME: badge.name,
        Fact.CLASS: badge.class_letter,
        Fact.LEAF: badge.leaf,
    }
    if badge.person is not None:
        facts[Fact.PERSON] = badge.person
    if badge.destinations:
        facts[Fact.DESTINATIONS] = list(badge.destinations)
    return cbor.encode(
        {
            Claim.ISSUER: badge.issuer,
            Claim.LICENCE: badge.licence,
            Claim.EXPIRES: badge.expires,
            Claim.ISSUED: badge.issued,
            Claim.STATUS: {"status_list": {"idx": badge.status_index, "uri": badge.status_uri}},
            Claim.BADGE: facts,
        }
    )


def from_claims(data: bytes) -> Badge:
    """The statement in these bytes; refuses any other encoding of it, and claims that it does not know."""
    match cbor.decode(data):
        case {
            Claim.ISSUER: str() as issuer,
            Claim.LICENCE: str() as licence,
            Claim.EXPIRES: int() as expires,
            Claim.ISSUED: int() as issued,
            Claim.STATUS: {"status_list": {"idx": int() as index, "uri": str() as uri, **beside}, **besides},
            Claim.BADGE: {
                Fact.CODE: str() as code,
                Fact.NAME: str() as name,
                Fact.CLASS: str() as class_letter,
                Fact.LEAF: int() as leaf,
                **optional,
            },
            **rest,
        } if not (beside or besides or rest):
            person, destinations = _optional(optional)
        case _:
            raise Malformed("not the claims of a badge")
    return Badge(
        issuer=issuer,
        licence=licence,
        issued=issued,
        expires=expires,
        status_uri=uri,
        status_index=index,
        code=code,
        name=name,
        class_letter=class_letter,
        leaf=leaf,
        person=person,
        destinations=destinations,
    )


def _optional(facts: Mapping[Any, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The person and the destinations, each of which is left out rather than stated as nothing."""
    if facts.keys() - {Fact.PERSON, Fact.DESTINATIONS}:
        raise Malformed("a badge states a fact that is not known")
    person, destinations = facts.get(Fact.PERSON), facts.get(Fact.DESTINATIONS, ())
    stated = isinstance(destinations, list) and all(isinstance(country, str) for country in destinations)
    if not isinstance(person, str | None) or (Fact.DESTINATIONS in facts and not (stated and destinations)):
        raise Malformed("a person is no text, or destinations are none")
    return person, tuple(destinations)


_GROUP_BYTES: Final = 7
_GROUP_DIGITS: Final = 17
_SIZE_OF: Final = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, _GROUP_DIGITS: _GROUP_BYTES}
"""How many bytes so many digits stand for (CTAP 2.2, section 11.5.1)."""

_DIGITS_OF: Final = {size: digits for digits, size in _SIZE_OF.items()}


def to_digits(data: bytes) -> str:
    """Seven bytes as seventeen digits each, the lowest byte first."""
    groups = (data[start : start + _GROUP_BYTES] for start in range(0, len(data), _GROUP_BYTES))
    return "".join(f"{int.from_bytes(group, 'little'):0{_DIGITS_OF[len(group)]}d}" for group in groups)


def from_digits(digits: str) -> bytes:
    """The bytes behind the digits; refuses any group that no bytes are written as."""
    if not re.fullmatch(r"[0-9]+", digits, re.ASCII) or len(digits) > MOST_DIGITS:
        raise Malformed("not decimal digits, none, or more than a code holds")
    return b"".join(
        _group(digits[start : start + _GROUP_DIGITS]) for start in range(0, len(digits), _GROUP_DIGITS)
    )


def _group(digits: str) -> bytes:
    size = _SIZE_OF.get(len(digits), 0)
    value = int(digits)
    if not size or value >= 1 << 8 * size:
        raise Malformed("a group of digits is too large, or has a wrong length")
    return value.to_bytes(size, "little")


def inflate(data: bytes, most: int, *, gzip: bool = False) -> bytes:
    """What was deflated, of at most so many bytes; refuses more, less than the whole, and anything after it."""
    stream = zlib.decompressobj(zlib.MAX_WBITS + 16 if gzip else zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, most + 1)
    except zlib.error:
        raise Malformed("not a deflated stream") from None
    if len(found) > most or not stream.eof or stream.unused_data:
        raise Malformed("inflated to too much, cut short, or followed by something")
    return found
