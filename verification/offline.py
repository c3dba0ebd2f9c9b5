"""Whether a badge is genuine and its licence stands, from lists fetched beforehand: nobody is asked.

Plain Python and ``cryptography``; no clock, no network, no database, so that it runs wherever a badge is
shown. ``api/pages/static/pages/verify.js`` is its twin for browsers, and both pass ``fixtures/vectors``.
The order of questions and what each answer looks like are the trust model's (6.2 and 6.6). A result is
``licensed`` only when nothing at all is missing: host, key, signature, code, and a signed list of at most a
day that says so.

As a command::

    python -m verification.offline TOKEN_OR_URL --trust FILE --status FILE --at 2026-11-22T12:00:00Z

``--trust`` is a list of trust, signed (then with ``--roots`` or ``--known``) or verified already, as
:mod:`verification.trust_arguments` has it. ``--status`` is a signed status list, CWT or
JWT; without one the badge's status is unknown. The verdict is printed as one JSON object. Exit codes: 0 genuine
and licensed as of a fresh list; 1 red: not genuine, or known not to be licensed; 3 go online to know;
2 the command was used wrongly, a file can't be read, or the list of trust must not be believed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from verification import codec, public_keys, status_list, trust_arguments, trust_list, verdicts
from verification.cbor import Malformed
from verification.codec import Badge
from verification.envelopes import Envelope
from verification.status_list import Status, StatusList
from verification.trust_list import Authority, KeyState, TrustedKey, TrustList, Use
from verification.verdicts import Appearance, Colour, Reach, Result

DAY: Final = 86_400
USELESS_AFTER: Final = 7 * DAY
"""A status list of this age says nothing any more."""

NEW_KEY_NOTICE: Final = 7 * DAY
"""Keys stand in the list of trust so long before they sign: only a list older than that can miss a good one."""

SKEW: Final = trust_list.SKEW


class Reason(StrEnum):
    """Why the verdict is what it is."""

    TRUST_MISSING = "trust.missing"
    TRUST_EXPIRED = "trust.expired"
    TRUST_NOT_YET = "trust.not_yet"
    HOST_UNKNOWN = "host.unknown"
    TOKEN_MISSING = "token.missing"  # noqa: S105 - a code, no password
    TOKEN_MALFORMED = "token.malformed"  # noqa: S105 - the same
    TOKEN_FORGED = "token.forged"  # noqa: S105 - the same
    TOKEN_NOT_LOGGED = "token.not_logged"  # noqa: S105 - the same
    ISSUER_UNKNOWN = "issuer.unknown"
    KEY_UNKNOWN = "key.unknown"
    KEY_WRONG_USE = "key.wrong_use"
    KEY_NOT_IN_USE = "key.not_in_use"
    KEY_COMPROMISED = "key.compromised"
    CODE_MISMATCH = "code.mismatch"
    BADGE_NOT_YET = "badge.not_yet"
    BADGE_PRINT_OLD = "badge.print_old"
    STATUS_MISSING = "status.missing"
    STATUS_MALFORMED = "status.malformed"
    STATUS_NOT_GENUINE = "status.not_genuine"
    STATUS_OTHER_LIST = "status.other_list"
    STATUS_OUT_OF_RANGE = "status.out_of_range"
    STATUS_NOT_YET = "status.not_yet"
    STATUS_EXPIRED = "status.expired"
    STATUS_OLD = "status.old"
    STATUS_VALID = "status.valid"
    STATUS_INVALID = "status.invalid"
    STATUS_SUSPENDED = "status.suspended"
    STATUS_LIMITED = "status.limited"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; ``badge`` is what was read, only where its signature holds and nothing contradicts it.

    ``status_at``: when the status list was signed, where one could be believed (seconds since 1970).
    """

    result: Result
    reach: Reach
    reasons: tuple[Reason, ...]
    badge: Badge | None = None
    status_at: int | None = None

    @property
    def appearance(self) -> Appearance:
        """How it looks, from the one verdict table."""
        return verdicts.appearance(self.result, self.reach)

    def as_json(self) -> dict[str, Any]:
        """The verdict for other programs, the same from both verifiers."""
        look = self.appearance
        return {
            "result": self.result.value,
            "reach": self.reach.value,
            "colour": look.colour.value,
            "shape": look.shape.value,
            "word": look.word.value,
            "reasons": [reason.value for reason in self.reasons],
            "status_at": _instant(self.status_at),
            "badge": _stated(self.badge),
        }


def _stated(badge: Badge | None) -> dict[str, Any] | None:
    if badge is None:
        return None
    return {
        "issuer": badge.issuer,
        "licence": badge.licence,
        "code": badge.code,
        "name": badge.name,
        "class": badge.class_letter,
        "person": badge.person,
        "destinations": list(badge.destinations),
        "issued": _instant(badge.issued),
        "expires": _instant(badge.expires),
        "leaf": badge.leaf,
    }


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Settled(Exception):  # noqa: N818 - no error: the questions end here
    """The verdict stands before all questions are asked."""

    def __init__(self, result: Result, reason: Reason, badge: Badge | None = None) -> None:
        super().__init__(reason)
        self.verdict = Verdict(result, Reach.OFFLINE_OLD, (reason,), badge)


Logged = Callable[[Authority, str, int], bool | None]
"""Tells whether a token, by the SHA-256 of its COSE_Sign1 in hex, was logged by its authority below this leaf.

None: that log can't be asked here.
"""


def verify(
    token_or_url: str,
    *,
    trust: TrustList | None,
    status_list: bytes | str | None,
    at: datetime,
    logged: Logged | None = None,
) -> Verdict:
    """What the badge proves at ``at`` to somebody who has these lists and no connection.

    ``token_or_url``: the address that the code holds, or its digits alone, which then say nothing about where
    they were found. ``trust``: a list whose own signatures were verified. ``status_list``: a signed list, CWT
    as bytes or JWT as text; it is verified here, against the address on the badge. ``logged``: who can ask the
    log tells by it the true tokens of a compromised key from those that a thief made; without it all are doubtful.
    """
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    now = at.timestamp()
    try:
        known = _trusted(trust, now)
        host, code, digits = _address(token_or_url, known)
        badge, authority, key = _genuine(digits, host, known, now)
        _own_code(badge, code)
        _untouched(digits, authority, key, logged)
        _issued_before(badge, now)
    except _Settled as settled:
        return settled.verdict
    return _standing(badge, authority, status_list, now)


def _trusted(trust: TrustList | None, now: float) -> TrustList:
    if trust is None:
        raise _Settled(Result.UNKNOWN, Reason.TRUST_MISSING)
    if trust.issued > now + SKEW:
        raise _Settled(Result.UNKNOWN, Reason.TRUST_NOT_YET)
    if now >= trust.expires:
        raise _Settled(Result.UNKNOWN, Reason.TRUST_EXPIRED)
    return trust


_DIGITS: Final = re.compile(r"#?([0-9]+)", re.ASCII)
_ADDRESS: Final = re.compile(
    r"https?://([a-z0-9.-]+(?::[0-9]{1,5})?)"
    r"(?:/v/([a-z0-9-]{13,16})/?|/[^?#]*)(?:\?[^#]*)?(?:#(.*))?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def _address(text: str, trust: TrustList) -> tuple[str | None, str | None, str]:
    """Host, code and digits of an address, the first two unknown where digits stand alone.

    The whole address is matched, so that no reading of it has another host than this one.
    """
    if bare := _DIGITS.fullmatch(text):
        return None, None, bare[1]
    found = _ADDRESS.fullmatch(text)
    if not found or found[1].lower() not in trust.hosts:
        raise _Settled(Result.NOT_GENUINE, Reason.HOST_UNKNOWN)
    if not found[3]:
        raise _Settled(Result.UNKNOWN, Reason.TOKEN_MISSING)
    return found[1].lower(), (found[2] or "").replace("-", "").upper(), found[3]


def _genuine(
    digits: str, host: str | None, trust: TrustList, now: float
) -> tuple[Badge, Authority, TrustedKey]:
    """The badge, its authority and the key that signed it; all that can be asked without a status list."""
    try:
        badge, envelope = codec.decode(digits)
    except Malformed:
        raise _Settled(Result.NOT_GENUINE, Reason.TOKEN_MALFORMED) from None
    missing = Result.NOT_GENUINE if now - trust.issued <= NEW_KEY_NOTICE else Result.UNKNOWN
    authority = trust.authorities.get(badge.issuer)
    if authority is None:
        raise _Settled(missing, Reason.ISSUER_UNKNOWN)
    if host is not None and host not in authority.hosts:
        raise _Settled(Result.NOT_GENUINE, Reason.HOST_UNKNOWN)
    key = authority.keys.get(envelope.kid)
    if key is None:
        raise _Settled(missing, Reason.KEY_UNKNOWN)
    if key.use is not Use.BADGE:
        raise _Settled(Result.NOT_GENUINE, Reason.KEY_WRONG_USE)
    if not key.signed_in_time(badge.issued):
        raise _Settled(Result.NOT_GENUINE, Reason.KEY_NOT_IN_USE)
    if not _signed(envelope, key):
        raise _Settled(Result.NOT_GENUINE, Reason.TOKEN_FORGED)
    return badge, authority, key


def _own_code(badge: Badge, code: str | None) -> None:
    if code not in {None, badge.code}:
        raise _Settled(Result.NOT_GENUINE, Reason.CODE_MISMATCH)


def _issued_before(badge: Badge, now: float) -> None:
    if badge.issued > now + SKEW:
        raise _Settled(Result.UNKNOWN, Reason.BADGE_NOT_YET, badge)


def _untouched(digits: str, authority: Authority, key: TrustedKey, logged: Logged | None) -> None:
    """Settle a token of a key that somebody else may have: only the log knows which are ours."""
    if key.state is not KeyState.COMPROMISED:
        return
    found = None
    if logged is not None and key.cutoff is not None:
        found = logged(authority, codec.token_digest(digits), key.cutoff)
    if found is None:
        raise _Settled(Result.UNKNOWN, Reason.KEY_COMPROMISED)
    if not found:
        raise _Settled(Result.NOT_GENUINE, Reason.TOKEN_NOT_LOGGED)


def _signed(envelope: Envelope, key: TrustedKey) -> bool:
    return public_keys.vouches(key.jwk, envelope.signed, envelope.signature)


_MEANS: Final = {
    Status.VALID: (Result.LICENSED, Reason.STATUS_VALID),
    Status.INVALID: (Result.NOT_LICENSED, Reason.STATUS_INVALID),
    Status.SUSPENDED: (Result.NOT_LICENSED, Reason.STATUS_SUSPENDED),
    Status.LIMITED: (Result.LIMITED, Reason.STATUS_LIMITED),
}


def _standing(badge: Badge, authority: Authority, signed: bytes | str | None, now: float) -> Verdict:
    """The verdict on a genuine badge: what the list says, as far as its age and the print's let it speak."""
    stated = _believed(badge, authority, signed)
    reasons: tuple[Reason, ...]
    if isinstance(stated, Reason):
        result, reach, reasons, issued = Result.UNKNOWN, Reach.OFFLINE_OLD, (stated,), None
    else:
        issued = stated.issued
        result, reach, reasons = _listed(badge, stated, now)
    if now >= badge.expires:
        result, reasons = Result.UNKNOWN, (Reason.BADGE_PRINT_OLD, *reasons)
    return Verdict(result, reach, reasons, badge, issued)


def _listed(badge: Badge, stated: StatusList, now: float) -> tuple[Result, Reach, tuple[Reason, ...]]:
    age = max(now - stated.issued, 0) if now - stated.issued >= -SKEW else now - stated.issued
    reach = verdicts.reached_offline(timedelta(seconds=age))
    if now >= min(stated.expires, stated.issued + USELESS_AFTER):
        return Result.UNKNOWN, Reach.OFFLINE_OLD, (Reason.STATUS_EXPIRED,)
    try:
        result, reason = _MEANS[Status(stated.status(badge.status_index))]
    except IndexError:
        return Result.UNKNOWN, reach, (Reason.STATUS_OUT_OF_RANGE,)
    if reach is Reach.OFFLINE_FRESH:
        return result, reach, (reason,)
    late = Reason.STATUS_NOT_YET if age < 0 else Reason.STATUS_OLD
    return (result if result is Result.NOT_LICENSED else Result.UNKNOWN), reach, (reason, late)


def _believed(badge: Badge, authority: Authority, signed: bytes | str | None) -> StatusList | Reason:
    """The list, when it is the badge's own and signed by its authority; otherwise why it is not believed."""
    if signed is None:
        return Reason.STATUS_MISSING
    try:
        stated, envelope = status_list.unseal(signed)
    except Malformed:
        return Reason.STATUS_MALFORMED
    key = authority.keys.get(envelope.kid)
    if key is None or key.use is not Use.STATUS or key.state is KeyState.COMPROMISED:
        return Reason.STATUS_NOT_GENUINE
    if not key.signed_in_time(stated.issued) or not _signed(envelope, key):
        return Reason.STATUS_NOT_GENUINE
    if stated.uri != badge.status_uri:
        return Reason.STATUS_OTHER_LIST
    return stated if stated.bits == status_list.BITS else Reason.STATUS_MALFORMED


GREEN, RED, USED_WRONGLY, GO_ONLINE = 0, 1, 2, 3
"""Exit codes of the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints the verdict as JSON and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m verification.offline", description=_SAYS)
    parser.add_argument("badge", metavar="TOKEN_OR_URL", help="the address behind the code, or its digits")
    trust_arguments.add(parser)
    parser.add_argument("--status", type=_status_file, help="signed status list, CWT or JWT")
    parser.add_argument("--at", required=True, type=_moment, help="instant, such as 2026-11-22T12:00:00Z")
    given = parser.parse_args(arguments)
    trust = trust_arguments.believed(parser, given)
    verdict = verify(given.badge, trust=trust, status_list=given.status, at=given.at)
    json.dump(verdict.as_json(), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return _EXITS.get(verdict.appearance.colour, GO_ONLINE)


_SAYS: Final = "Tell whether a badge is genuine and its licence stands, without asking anybody."
_EXITS: Final = {Colour.GREEN_OUTLINE: GREEN, Colour.RED: RED}


def _status_file(path: str) -> bytes | str:
    content = trust_arguments.file(path)
    return content.decode("ascii").strip() if re.fullmatch(rb"[\w.-]+\s*", content) else content


def _moment(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as unclear:
        raise argparse.ArgumentTypeError(f"{text} is no instant") from unclear
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone")
    return instant


if __name__ == "__main__":
    sys.exit(main())
