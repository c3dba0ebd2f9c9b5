"""Receipts and certificates of status: what the register said, when, signed to be kept.

A JWT of type ``licence-status+jwt`` (trust model, 6.5). It has no end: it proves what was said at an instant, not what
is true later. Plain Python and ``cryptography``, so that whoever was handed a receipt can judge it alone::

    python -m verification.receipts RECEIPT --trust FILE

``RECEIPT`` is the text, or ``-`` to read it; ``--trust`` is a list of trust, signed (then with ``--roots`` or
``--known``) or verified already, as :mod:`verification.trust_arguments` has it. What was found is printed as one JSON
object. Exit codes: 0 genuine; 1 not genuine; 3 more must be known; 2 used wrongly.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from verification import envelopes, public_keys, shapes, trust_arguments
from verification.cbor import Malformed
from verification.envelopes import Envelope
from verification.shapes import Kind
from verification.signing import Client, NotSigned
from verification.trust_list import KeyState, TrustList, Use

MEDIA_TYPE: Final = "application/jwt"
LONGEST: Final = 16_384
"""Symbols of a receipt; more is not read."""


class Reason(StrEnum):
    """What was found of a receipt."""

    GENUINE = "receipt.genuine"
    FORGED = "receipt.forged"
    ISSUER_UNKNOWN = "issuer.unknown"
    KEY_UNKNOWN = "key.unknown"
    KEY_WRONG_USE = "key.wrong_use"
    KEY_NOT_IN_USE = "key.not_in_use"
    KEY_COMPROMISED = "key.compromised"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a receipt says of a licence at ``valid_at``.

    ``verdict``: result, whether the holder may recruit, and the reasons' codes. ``until``: when the clock alone may
    change it. ``log``: the index of the licence's latest entry and the newest checkpoint. ``more``: what only a badge's
    or a day's answer has to say.
    """

    licence: str
    holder: str
    state: str
    verdict: Mapping[str, Any]
    valid_at: datetime
    until: str | None
    sequence: int
    log: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)

    def claims(self, issuer: str, *, at: datetime) -> dict[str, Any]:
        """The claims of the JWT, issued ``at``."""
        return {
            "iss": issuer,
            "sub": self.licence,
            "iat": int(at.timestamp()),
            "valid_at": instant(self.valid_at),
            "holder": self.holder,
            "state": self.state,
            "verdict": dict(self.verdict),
            "until": self.until,
            "sequence": self.sequence,
            **self.more,
            "log": dict(self.log),
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """What a receipt proves: ``claims`` only where the signature holds."""

    reason: Reason
    claims: Mapping[str, Any] | None = None

    @property
    def genuine(self) -> bool:
        """Whether the authority signed it, with a key that nobody else is known to have."""
        return self.reason is Reason.GENUINE

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {"genuine": self.genuine, "reason": self.reason.value, "receipt": self.claims}


def issue(client: Client, issuer: str, stated: Statement, *, at: datetime) -> str:
    """The statement signed by the authority's key for receipts; ``NotSigned`` and ``SignerDown`` as the signer says."""
    claims = stated.claims(issuer, at=at)
    try:
        return _sealed(client, issuer, claims, known=True)
    except NotSigned as refusal:
        if refusal.code != "key.changed":
            raise
        return _sealed(client, issuer, claims, known=False)


def _sealed(client: Client, issuer: str, claims: Mapping[str, Any], *, known: bool) -> str:
    key = client.signer(Kind.RECEIPT, issuer, known=known)
    return envelopes.seal_jws(claims, kid=key.kid, sign=key.sign, kind=shapes.RECEIPT_TYPE)


def judge(receipt: str, *, trust: TrustList) -> Judged:
    """Whether an authority of the list signed this; refuses with ``Malformed`` what is no receipt at all."""
    if len(receipt) > LONGEST:
        raise Malformed("a receipt is not that long")
    envelope = envelopes.open_jws(receipt.strip(), kind=shapes.RECEIPT_TYPE)
    claims = envelopes.read_json(envelope.payload)
    issuer, issued = claims.get("iss"), claims.get("iat")
    if not isinstance(issuer, str) or type(issued) is not int or not isinstance(claims.get("sub"), str):
        raise Malformed("a receipt says who states what, and when")
    reason = _reason(envelope, issuer, issued, trust)
    return Judged(reason, claims if reason is Reason.GENUINE else None)


def _reason(envelope: Envelope, issuer: str, issued: int, trust: TrustList) -> Reason:
    authority = trust.authorities.get(issuer)
    key = authority.keys.get(envelope.kid) if authority is not None else None
    if key is None:
        return Reason.ISSUER_UNKNOWN if authority is None else Reason.KEY_UNKNOWN
    if key.use is not Use.RECEIPT:
        return Reason.KEY_WRONG_USE
    if not public_keys.vouches(key.jwk, envelope.signed, envelope.signature):
        return Reason.FORGED
    if not key.signed_in_time(issued):
        return Reason.KEY_NOT_IN_USE
    return Reason.KEY_COMPROMISED if key.state is KeyState.COMPROMISED else Reason.GENUINE


def instant(moment: datetime) -> str:
    """As the register writes it: UTC, ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


GENUINE, NOT_GENUINE, USED_WRONGLY, MORE_TO_KNOW = 0, 1, 2, 3
"""Exit codes of the command."""

_EXITS: Final = {
    Reason.GENUINE: GENUINE,
    Reason.FORGED: NOT_GENUINE,
    Reason.KEY_WRONG_USE: NOT_GENUINE,
    Reason.KEY_NOT_IN_USE: NOT_GENUINE,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints what was found as JSON and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.receipts", description="Tell whether an authority signed a receipt."
    )
    parser.add_argument("receipt", help="the receipt, or - to read it")
    trust_arguments.add(parser)
    given = parser.parse_args(arguments)
    trust = trust_arguments.believed(parser, given)
    try:
        receipt = sys.stdin.read(LONGEST + 2) if given.receipt == "-" else given.receipt
        judged = judge(receipt, trust=trust)
    except Malformed as unreadable:
        sys.stderr.write(f"{unreadable}\n")
        return USED_WRONGLY
    json.dump(judged.as_json(), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return _EXITS.get(judged.reason, MORE_TO_KNOW)


if __name__ == "__main__":
    sys.exit(main())
