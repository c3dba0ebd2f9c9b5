"""What our commands are told of whom to believe: the arguments ``--trust``, ``--roots`` and ``--known``.

``--trust`` is a signed list of trust together with ``--known``, the newest one that was believed before, or the first
time with ``--roots``, the thumbprints of its three roots (separated by commas, or a file that holds a JSON array);
without either, the payload of a list that was verified already (JSON).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from verification import envelopes, trust_list
from verification.cbor import Malformed
from verification.trust_list import TrustList


def add(parser: argparse.ArgumentParser) -> None:
    """Have the parser take the three."""
    parser.add_argument("--trust", required=True, type=file, help="list of trust, signed or verified")
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--roots", type=_roots, help="thumbprints of the roots that must have signed it")
    whose.add_argument("--known", type=file, help="the newest signed list that was believed before")


def believed(parser: argparse.ArgumentParser, given: argparse.Namespace) -> TrustList:
    """The list to believe, however old; ends the command with exit code 2 and a sentence where there is none."""
    try:
        return _believed(given.trust, given.roots, given.known)
    except (Malformed, trust_list.NotTrusted) as refused:
        parser.error(f"the list of trust: {refused}")


def _believed(document: bytes, roots: frozenset[str] | None, known: bytes | None) -> TrustList:
    if known is not None:
        return trust_list.follow(document, trust_list.recall(known)).trust
    if roots is not None:
        return trust_list.open_signed(document, roots).trust
    stated = envelopes.read_json(document)
    if "signatures" in stated:
        raise Malformed(
            "it is signed, and nobody said by whom: give its --roots, or the --known one before it"
        )
    return trust_list.read(stated)


def file(path: str) -> bytes:
    """What the file named by an argument holds."""
    try:
        return Path(path).read_bytes()
    except OSError as unreadable:
        raise argparse.ArgumentTypeError(f"{path}: {unreadable}") from unreadable


def _roots(given: str) -> frozenset[str]:
    try:
        stated = json.loads(Path(given).read_bytes()) if Path(given).is_file() else given.split(",")
        return trust_list.thumbprints(stated)
    except (OSError, ValueError) as unreadable:
        raise argparse.ArgumentTypeError(f"{given}: {unreadable}") from unreadable
