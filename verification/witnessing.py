"""Witnessing: our signature under others' checkpoints, and theirs under ours (C2SP tlog-witness, tlog-cosignature).

A witness signs a checkpoint only when it continues the tree that it signed last, so a log cannot show two histories to
two readers who both ask for that signature. Which logs we witness, and who witnesses us, is configured. The signer
keeps what it saw of each log and refuses a fork by itself (``signer.Trees``); the log's own signature is checked here.
"""

import base64
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from verification import log, merkle, notes, signing
from verification.cbor import Malformed
from verification.notes import Checkpoint, Key, Note
from verification.signing import NotSigned

LONGEST_REQUEST: Final = 1 << 16
"""Bytes of a request to a witness: a proof and a checkpoint with many signatures."""

LONGEST_ANSWER: Final = 1 << 16
SECONDS: Final = 5
"""How long a witness may take to answer."""

logger = logging.getLogger(__name__)


class LogUnknown(LookupError):  # noqa: N818 - named by the refusal, like the register's errors
    """Nobody has asked us to witness this log."""


class SeenAnother(ValueError):  # noqa: N818 - the same
    """The log was last seen with another size, or another tree of this one: ``size``."""

    def __init__(self, size: int) -> None:
        """Keep it."""
        super().__init__(f"last seen with {size} entries")
        self.size = size


class NotContinued(ValueError):  # noqa: N818 - the same
    """The proof does not lead from the tree last seen to this one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a log sends to a witness: the size that the witness saw last, the proof from there, the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [f"old {self.old}", *(base64.b64encode(hashed).decode() for hashed in self.proof)]
        return "\n".join(lines) + f"\n\n{self.note}"


def read(body: bytes) -> Request:
    """The request in these bytes; ``Malformed`` unless we would write it so."""
    head, parted, note = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except ValueError:
        raise Malformed("the lines before the checkpoint are no proof") from None
    size = first.removeprefix("old ")
    if not parted or not size.isdigit() or len(size) > 16 or len(proof) > merkle.LONGEST_PROOF:
        raise Malformed("a request begins with the old size and a proof, and an empty line")
    request = Request(int(size), proof, notes.read(note))
    if str(request).encode() != body or any(len(hashed) != merkle.HASH_SIZE for hashed in proof):
        raise Malformed("not the only way to write this request")
    return request


def cosign(body: bytes, client: signing.Client, *, at: datetime) -> str:
    """Our signature line under another log's checkpoint.

    Refuses with ``Malformed``, ``LogUnknown``, ``notes.NotGenuine``, ``SeenAnother``, ``NotContinued``; and with what
    the signer's client raises when nobody signs.
    """
    request = read(body)
    stated = notes.read_checkpoint(request.note.text)
    key = witnessed().get(stated.origin)
    if key is None:
        raise LogUnknown(stated.origin)
    notes.check(request.note, key)
    if request.old > stated.size:
        raise Malformed("the old size is larger than the checkpoint's")
    if request.proof and request.old in {0, stated.size}:
        raise Malformed("there is nothing to prove")
    name = settings.REGISTRY_WITNESS
    if request.old != (seen := client.last(name, stated.origin)):
        raise SeenAnother(seen)
    try:
        return signing.cosignature(client, name, request.note, request.proof, at=int(at.timestamp())).line()
    except NotSigned as refusal:
        now = client.last(name, stated.origin)
        if now != request.old or (refusal.code == "log.forked" and now == stated.size):
            raise SeenAnother(now) from refusal
        if refusal.code == "log.forked":
            raise NotContinued(str(refusal)) from refusal
        raise


def witnessed() -> Mapping[str, Key]:
    """The keys of the logs that we witness, by their origins."""
    return {key.name: key for key in map(notes.read_key, settings.REGISTRY_WITNESSED)}


def witnesses() -> Sequence[tuple[Key, str]]:
    """Who witnesses our log: key and address; refuses with ``Malformed`` what is set and can not be that."""
    found = []
    for vkey, _, address in (one.partition("@") for one in settings.REGISTRY_WITNESSES):
        key = notes.read_key(vkey)
        if key.kind is not notes.Kind.COSIGNATURE or not address.startswith(("https://", "http://")):
            raise Malformed(f"{key.name} is no witness's key with an address")
        found.append((key, address.rstrip("/")))
    return found


def ask(*, at: datetime) -> int:
    """Have every witness sign the newest checkpoint that it has not signed yet; how many did.

    One that does not answer, or signs something else, is asked again next time.
    """
    try:
        note = log.newest()
    except log.NotInLog:
        return 0
    stated = notes.read_checkpoint(note.text)
    signed = 0
    for key, address in witnesses():
        if stated.size == 0 or (old := log.seen_by(key)) == stated.size:
            continue
        try:
            line = _asked(key, address, note, stated, old)
        except (OSError, ValueError) as fault:
            logger.warning("The witness %s did not sign: %s", key.name, fault)
            continue
        log.cosigned(stated.size, key, line, at=at)
        signed += 1
    return signed


def _asked(key: Key, address: str, note: Note, stated: Checkpoint, old: int) -> notes.Signature:
    status, answer = _post(address, note, stated, old)
    if status == 409:
        status, answer = _post(address, note, stated, _size(answer))
    if status != 200:
        raise ValueError(f"answered {status}")
    for line in notes.read_signatures(answer):
        if (line.name, line.key_id) == (key.name, key.key_id) and key.vouches(note.text, line.data):
            return line
    raise ValueError("answered with somebody else's signature")


def _size(answer: str) -> int:
    if not answer.strip().isdigit() or len(answer) > 20:
        raise ValueError("answered 409 without a size")
    return int(answer)


def _post(address: str, note: Note, stated: Checkpoint, old: int) -> tuple[int, str]:
    if old > stated.size:
        raise ValueError(f"says that it saw {old} entries of our {stated.size}: the log was set back")
    proof = tuple(log.consistency_proof(old, stated.size)) if 0 < old < stated.size else ()
    body = str(Request(old, proof, note)).encode()
    request = urllib.request.Request(  # noqa: S310 - the operator named it
        f"{address}/add-checkpoint",
        data=body,
        headers={"Content-Type": "text/plain; charset=utf-8"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the same
            return answer.status, answer.read(LONGEST_ANSWER).decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(LONGEST_ANSWER).decode("utf-8", "replace")


def policy() -> str:
    """Our log, its witnesses and how many of them a reader should ask for, as others' tools read it (C2SP tlog-policy).

    Refuses with ``log.NotInLog`` before the log was signed for the first time.
    """
    vkey = log.position().vkey
    if not vkey:
        raise log.NotInLog("policy")
    lines = [f"log {vkey} {settings.REGISTRY_SCHEME}://{log.origin()}"]
    names = []
    for place, (key, address) in enumerate(witnesses(), 1):
        names.append(f"w{place}")
        lines.append(f"witness w{place} {key.vkey()} {address}")
    if names:
        lines.append(f"group witnesses {2 if len(names) > 2 else 1} {' '.join(names)}")
    lines.append(f"quorum {'witnesses' if names else 'none'}")
    return "\n".join(lines) + "\n"
