r"""The ceremony in which the custodians of the roots sign a list of trust, with files carried by hand.

It needs this code and ``cryptography``, and neither clock, network nor database: it runs on a machine that is never
connected. ``docs/ceremony.md`` tells it step by step::

    python -m verification.ceremony root  KEY.pem
    python -m verification.ceremony draft --previous LIST.json --authority STATEMENT.json … --at INSTANT \
        --out DRAFT.json
    python -m verification.ceremony sign  DRAFT.json --previous LIST.json --key KEY.pem --out SIGNATURE.json
    python -m verification.ceremony assemble DRAFT.json SIGNATURE.json … --previous LIST.json --out LIST.json

The first time ``--first`` stands in place of ``--previous LIST.json``. The draft is a text to be read, and its very
bytes are what is signed: every custodian can compare its SHA-256 with any tool there is. ``LIST.json`` is the signed
list as it is published. Exit codes: 0 done, 1 refused with one sentence, 2 the command was used wrongly.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from verification import envelopes, public_keys, trust_list, vaults
from verification.cbor import Malformed
from verification.public_keys import base64url
from verification.trust_list import NOTHING_BEFORE, TYPE, KeyState, NotTrusted, Signed
from verification.vaults import FileSigner, VaultClosed

LEAST_PASSPHRASE: Final = 12
"""Characters; what guards a root must not be guessed from a copy of its file."""

DAY: Final = 86_400
_DAYS: Final = trust_list.LONGEST_LIFE // DAY


class CeremonyRefused(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """A step of the ceremony that must not be taken; the sentence says why."""


def draft(
    authorities: Sequence[Mapping[str, Any]],
    *,
    issuer: str | None,
    known: Signed | None,
    next_roots: Sequence[str] | None,
    without: Sequence[str] = (),
    at: int,
    days: int = _DAYS,
) -> bytes:
    """The next list of trust as a text, from what the authorities state of themselves.

    ``known`` is the list before it, whose authorities stay as they are unless they state themselves anew or stand in
    ``without``, and whose issuer and roots stay unless others are given. ``at`` is in seconds since 1970.
    """
    before = envelopes.read_json(known.payload) if known else {"authorities": []}
    named = {one["id"]: one for one in before["authorities"]} | {
        str(one.get("id")): dict(one) for one in authorities
    }
    if absent := set(without) - named.keys():
        raise CeremonyRefused(f"{', '.join(sorted(absent))} can't be left out: it is not in the list.")
    stated = {
        "iss": issuer or before.get("iss"),
        "ver": known.trust.version + 1 if known else 1,
        "prev": known.digest if known else NOTHING_BEFORE,
        "iat": at,
        "exp": at + days * DAY,
        "next_roots": sorted(next_roots or before.get("next_roots", ())),
        "authorities": [one for did, one in named.items() if did not in without],
    }
    payload = json.dumps(stated, indent=1, ensure_ascii=False).encode() + b"\n"
    _sound(trust_list.read_signed(payload))
    return payload


def _sound(drafted: Signed) -> None:
    """Refuses what a reader would take, and no custodian should sign."""
    for authority in drafted.trust.authorities.values():
        for key in authority.keys.values():
            if key.state is KeyState.COMPROMISED and key.cutoff is None:
                raise CeremonyRefused(
                    f"Key {key.kid} of {authority.issuer} is compromised: since which leaf?"
                )
        if not authority.hosts:
            raise CeremonyRefused(f"{authority.issuer} has no host.")


def sign(payload: bytes, signer: FileSigner, *, known: Signed | None) -> dict[str, str]:
    """One custodian's signature; refuses a draft that does not follow ``known``, and a key that was not announced."""
    drafted = _following(payload, known)
    kid = base64url(public_keys.thumbprint(signer.public_jwk))
    if kid not in _roots(drafted, known):
        raise CeremonyRefused(f"{kid} is not one of the roots that may sign this list.")
    return envelopes.countersign(payload, kid=kid, sign=signer.sign, kind=TYPE, jwk=signer.public_jwk)


def assemble(payload: bytes, signatures: Sequence[Mapping[str, str]], *, known: Signed | None) -> bytes:
    """The signed list, as a reader who knows the one before it will believe it; refuses what such a reader would."""
    document = envelopes.join_jws(payload, signatures)
    if known is None:
        trust_list.open_signed(document, trust_list.read_signed(payload).next_roots)
    else:
        trust_list.follow(document, known)
    return document


def _following(payload: bytes, known: Signed | None) -> Signed:
    drafted = trust_list.read_signed(payload)
    _sound(drafted)
    version, before = (known.trust.version, known.digest) if known else (0, NOTHING_BEFORE)
    if (drafted.trust.version, drafted.before) != (version + 1, before):
        raise CeremonyRefused(f"The draft does not follow version {version}.")
    return drafted


def _roots(drafted: Signed, known: Signed | None) -> frozenset[str]:
    """Who may sign: whom the list before announced; the first list is signed by those whom it names."""
    return known.next_roots if known else drafted.next_roots


def told(payload: bytes, known: Signed | None) -> Iterator[str]:
    """What a draft says, line by line, for whoever is about to sign it; ``+`` is new and ``-`` is gone.

    In plain ASCII, all else escaped: what an authority states can neither overwrite a line on a screen nor look like
    another's name.
    """
    drafted = trust_list.read_signed(payload)
    trust = drafted.trust
    yield f"version   {trust.version}, after {drafted.before}"
    yield f"good      {_day(trust.issued)} to {_day(trust.expires)}"
    yield f"sha256    {hashlib.sha256(payload).hexdigest()}"
    now = set(_lines(drafted))
    before = set(_lines(known)) if known else set()
    for line in sorted(now | before):
        mark = " " if line in now & before else "+" if line in now else "-"
        yield f"{mark} {_plain(line)}"


def _plain(line: str) -> str:
    return "".join(
        symbol if " " <= symbol <= "~" else symbol.encode("unicode_escape").decode() for symbol in line
    )


def _lines(signed: Signed) -> Iterator[str]:
    for root in signed.next_roots:
        yield f"root for the next list {root}"
    for name, authority in signed.trust.authorities.items():
        yield f"{name} at {', '.join(sorted(authority.hosts))}"
        for key in (authority.log, authority.witness):
            if key is not None:
                yield f"{name} vkey {key.vkey()}"
        for one in authority.keys.values():
            since = "" if one.cutoff is None else f" since leaf {one.cutoff}"
            days = f"{_day(one.first)} to {_day(one.last)}"
            yield f"{name} key {one.kid} for {one.use} {one.state}{since}, {days}"


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


# The command


def main(arguments: Sequence[str] | None = None) -> int:
    """Take one step of the ceremony; 1 when it is refused."""
    given = _parser().parse_args(arguments)
    try:
        _STEPS[given.step](given)
    except (CeremonyRefused, Malformed, NotTrusted, VaultClosed, OSError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


def _root(given: argparse.Namespace) -> None:
    passphrase = _passphrase(given, "A passphrase for the new root: ")
    if len(passphrase) < LEAST_PASSPHRASE:
        raise CeremonyRefused(f"A passphrase has at least {LEAST_PASSPHRASE} characters.")
    if given.passphrase is None and getpass.getpass("Once more: ") != passphrase:
        raise CeremonyRefused("The two passphrases differ.")
    jwk = vaults.make_locked(given.key, passphrase)
    print(base64url(public_keys.thumbprint(jwk)))  # noqa: T201 - the command speaks to people


def _draft(given: argparse.Namespace) -> None:
    known = _known(given)
    authorities = [envelopes.read_json(path.read_bytes()) for path in given.authority]
    payload = draft(
        authorities,
        issuer=given.issuer,
        known=known,
        next_roots=given.next_root,
        without=given.without,
        at=given.at,
        days=given.days,
    )
    _tell(payload, known)
    _write(given.out, payload)


def _sign(given: argparse.Namespace) -> None:
    known, payload = _known(given), given.draft.read_bytes()
    _tell(payload, known)
    signer = FileSigner(given.key, _passphrase(given, "Your passphrase, if you agree to every line: "))
    _write(given.out, json.dumps(sign(payload, signer, known=known)).encode() + b"\n")


def _assemble(given: argparse.Namespace) -> None:
    known, payload = _known(given), given.draft.read_bytes()
    signatures = [envelopes.read_json(path.read_bytes()) for path in given.signature]
    _write(given.out, assemble(payload, signatures, known=known))
    _tell(payload, known)


_STEPS: Final = {"root": _root, "draft": _draft, "sign": _sign, "assemble": _assemble}


def _known(given: argparse.Namespace) -> Signed | None:
    return None if given.first else trust_list.recall(given.previous.read_bytes())


def _tell(payload: bytes, known: Signed | None) -> None:
    print("\n".join(told(payload, known)))  # noqa: T201 - the command speaks to people


def _write(path: Path, content: bytes) -> None:
    """Write a new file; an old one is never lost to a slip of the hand."""
    with path.open("xb") as file:
        file.write(content)


def _passphrase(given: argparse.Namespace, ask: str) -> str:
    if given.passphrase is None:
        return getpass.getpass(ask)
    return str(given.passphrase.read_text("utf-8")).rstrip("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m verification.ceremony", description=_SAYS)
    steps = parser.add_subparsers(dest="step", required=True)
    locked = argparse.ArgumentParser(add_help=False)
    locked.add_argument("--passphrase", type=Path, help="a file that holds it; else it is asked for")
    after = argparse.ArgumentParser(add_help=False)
    which = after.add_mutually_exclusive_group(required=True)
    which.add_argument("--previous", type=Path, help="the signed list before this one")
    which.add_argument("--first", action="store_true", help="there is none before this one")
    after.add_argument("--out", type=Path, required=True, help="a new file")

    root = steps.add_parser("root", parents=[locked], help="make a root; prints its thumbprint")
    root.add_argument("key", type=Path, metavar="KEY.pem")

    drafting = steps.add_parser("draft", parents=[after], help="write down the next list")
    drafting.add_argument("--issuer", help="did:web of whoever publishes it; as before unless given")
    drafting.add_argument(
        "--authority", type=Path, action="append", default=[], help="what an authority states"
    )
    drafting.add_argument(
        "--without", action="append", default=[], metavar="DID", help="leave an authority out"
    )
    drafting.add_argument(
        "--next-root", action="append", metavar="THUMBPRINT", help="three times; as before unless given"
    )
    drafting.add_argument("--at", type=_moment, required=True, help="instant, such as 2026-11-22T12:00:00Z")
    drafting.add_argument("--days", type=int, default=_DAYS, help="how long the list is good")

    signing = steps.add_parser("sign", parents=[locked, after], help="sign a draft with one root")
    signing.add_argument("draft", type=Path, metavar="DRAFT.json")
    signing.add_argument("--key", type=Path, required=True, metavar="KEY.pem")

    joining = steps.add_parser("assemble", parents=[after], help="join a draft and its signatures")
    joining.add_argument("draft", type=Path, metavar="DRAFT.json")
    joining.add_argument("signature", type=Path, nargs="+", metavar="SIGNATURE.json")
    return parser


_SAYS: Final = "Make and sign a list of trust, on a machine that is never connected."


def _moment(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as unclear:
        raise argparse.ArgumentTypeError(f"{text} is no instant") from unclear
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone")
    return int(instant.timestamp())


if __name__ == "__main__":
    sys.exit(main())
