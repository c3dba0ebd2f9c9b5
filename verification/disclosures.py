"""Selective disclosure (SD-JWT, RFC 9901): what an issuer signed as digests, put back where somebody discloses it.

Only the rules of the digests; the signature is judged by whoever took the token apart. Plain Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from verification.cbor import Malformed
from verification.public_keys import base64url, unbase64url

DIGESTS: Final = "_sd"
ELEMENT: Final = "..."
ALGORITHM: Final = "_sd_alg"
SHA256: Final = "sha-256"

MOST: Final = 256
"""Disclosures of one token; more are not read."""

DEEPEST: Final = 32
"""No claim lies deeper than this."""

_OF_A_MEMBER, _OF_AN_ELEMENT = 3, 2
"""A disclosure is salt, name and value, or salt and value for an element of a list."""


def reveal(claims: Mapping[str, Any], disclosed: Iterable[str]) -> dict[str, Any]:
    """The claims with what is disclosed in its place, and without digests (RFC 9901, 7.1).

    Refuses with ``Malformed`` another digest than SHA-256, a digest that stands twice, a disclosure that the issuer
    did not sign, and one that would replace what is said already. Digests of nothing disclosed are passed over.
    """
    if claims.get(ALGORITHM, SHA256) != SHA256:
        raise Malformed("disclosures are digested with SHA-256")
    reader = _Reader(disclosed)
    found = reader.object({name: value for name, value in claims.items() if name != ALGORITHM}, 1)
    if reader.waiting.keys() - reader.met:
        raise Malformed("something is disclosed that the issuer did not sign")
    return found


class _Reader:
    """The disclosures by their digests, and which digests were met."""

    def __init__(self, disclosed: Iterable[str]) -> None:
        texts = list(disclosed)
        self.waiting = {_digest(text): _read(text) for text in texts}
        self.met = set[str]()
        if len(texts) > MOST or len(self.waiting) != len(texts):
            raise Malformed("too many disclosures, or one stands twice")

    def value(self, value: Any, depth: int) -> Any:
        """Any value of the claims, disclosed throughout."""
        if depth > DEEPEST:
            raise Malformed("claims do not lie that deep")
        if isinstance(value, dict):
            return self.object(value, depth)
        return self._list(value, depth) if isinstance(value, list) else value

    def object(self, told: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """An object with its disclosed members."""
        digests = told.get(DIGESTS, [])
        if not isinstance(digests, list) or ELEMENT in told:
            raise Malformed("digests are a list of texts, and stand where they belong")
        found = {name: self.value(value, depth + 1) for name, value in told.items() if name != DIGESTS}
        for digest in digests:
            disclosure = self._met(digest, _OF_A_MEMBER)
            if disclosure is None:
                continue
            _salt, name, value = disclosure
            if not isinstance(name, str) or name in {DIGESTS, ELEMENT} or name in told or name in found:
                raise Malformed("what is disclosed stands there already, or under no name")
            found[name] = self.value(value, depth + 1)
        return found

    def _list(self, told: list[Any], depth: int) -> list[Any]:
        found = []
        for element in told:
            match element:
                case {"...": digest, **rest} if not rest:
                    disclosure = self._met(digest, _OF_AN_ELEMENT)
                    if disclosure is not None:
                        found.append(self.value(disclosure[1], depth + 1))
                case _:
                    found.append(self.value(element, depth + 1))
        return found

    def _met(self, digest: Any, parts: int) -> list[Any] | None:
        """What was disclosed of this digest, if anything."""
        if not isinstance(digest, str) or digest in self.met:
            raise Malformed("a digest is no text, or stands twice")
        self.met.add(digest)
        disclosure = self.waiting.get(digest)
        if disclosure is not None and len(disclosure) != parts:
            raise Malformed("a member is disclosed as an element of a list, or the other way round")
        return disclosure


def _digest(text: str) -> str:
    return base64url(hashlib.sha256(text.encode()).digest())


def _read(text: str) -> list[Any]:
    try:
        found = json.loads(unbase64url(text))
    except (ValueError, RecursionError):
        raise Malformed("a disclosure is not JSON in base64url") from None
    if not isinstance(found, list) or len(found) not in {_OF_A_MEMBER, _OF_AN_ELEMENT}:
        raise Malformed("a disclosure is a salt, a name and a value")
    if not isinstance(found[0], str):
        raise Malformed("the salt of a disclosure is a text")
    return found
