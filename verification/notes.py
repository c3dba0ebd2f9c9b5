"""Signed notes, checkpoints of a log and proofs of logging, as texts that others read too (C2SP).

``signed-note`` with Ed25519 (type 1), ``tlog-cosignature`` of Ed25519 witnesses (type 4), ``tlog-checkpoint`` and
``tlog-proof@v1``. Plain Python and ``cryptography``: no clock, no network, no private key. A text has one way to
be written and is read no other way.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verification import merkle
from verification.cbor import Malformed

LONGEST_NOTE: Final = 1 << 20
"""No note is longer; more is not read at all."""

MOST_SIGNATURES: Final = 100
LONGEST_NAME: Final = 255
KEY_ID_SIZE: Final = 4
KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64
TIME_SIZE: Final = 8
LAST_TIME: Final = 2**63 - 1

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"

_DASH: Final = "— "
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Kind(IntEnum):
    """What a key signs: notes of its own, or what it saw of others'."""

    NOTE = 0x01
    COSIGNATURE = 0x04


class NotGenuine(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """A signature that bears a known key's name is not of that key, or one that is needed is absent."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key under a name, as lists of logs and witnesses hold it."""

    name: str
    kind: Kind
    public: bytes

    def __post_init__(self) -> None:
        """Refuses with ``Malformed`` a name that no line can hold, or no Ed25519 key."""
        if not _is_name(self.name) or len(self.public) != KEY_SIZE:
            raise Malformed("not the name of a key, or not an Ed25519 key")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell this key from others of the same name."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:KEY_ID_SIZE]

    def vkey(self) -> str:
        """The key as others put it into their lists."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(bytes([self.kind]) + self.public)}"

    def vouches(self, text: str, signature: bytes) -> bool:
        """Whether the holder of this key signed the text, or saw it at the time that the signature states."""
        if self.kind is Kind.COSIGNATURE:
            time, signature = signature[:TIME_SIZE], signature[TIME_SIZE:]
            text = cosigned(text, int.from_bytes(time, "big"))
        if len(signature) != SIGNATURE_SIZE:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(vkey: str) -> Key:
    """The key that a list states; refuses with ``Malformed`` any that we would write otherwise."""
    parts = vkey.split("+", 2)
    if len(parts) != 3:
        raise Malformed("not a name, a key's number and a key")
    data = _decoded(parts[2])
    if data[:1] not in {bytes([kind]) for kind in Kind}:
        raise Malformed("a key of another kind")
    key = Key(parts[0], Kind(data[0]), data[1:])
    if key.vkey() != vkey:
        raise Malformed("a key is not the one that its number says")
    return key


# Notes


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: whose it says it is, and the bytes behind the key's number."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def time(self) -> int:
        """When a witness says it saw the note, in seconds since 1970; only a cosignature has one."""
        if len(self.data) != TIME_SIZE + SIGNATURE_SIZE:
            raise Malformed("not a cosignature")
        return int.from_bytes(self.data[:TIME_SIZE], "big")

    def line(self) -> str:
        """The line as it stands under the note."""
        return f"{_DASH}{self.name} {_encoded(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text of whole lines, and who signed it; nothing in it may be believed before ``check``."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        """Refuses with ``Malformed`` what could not be read back."""
        if not self.text.endswith("\n") or any(char < " " and char != "\n" for char in self.text):
            raise Malformed("a note is made of whole lines without control characters")
        if not 0 < len(self.signatures) <= MOST_SIGNATURES:
            raise Malformed("a note has signatures, and not too many")

    def __str__(self) -> str:
        return self.text + "\n" + "".join(one.line() for one in self.signatures)


def sign(text: str, key: Key, by: Callable[[bytes], bytes]) -> Note:
    """The text signed by this key's holder."""
    if key.kind is not Kind.NOTE:
        raise Malformed("a witness's key does not sign notes of its own")
    signature = by(text.encode())
    if not key.vouches(text, signature):
        raise NotGenuine("the signature is not of the key that it was asked of")
    return Note(text, (Signature(key.name, key.key_id, signature),))


def cosign(note: Note, key: Key, by: Callable[[bytes], bytes], *, at: int) -> Signature:
    """A witness's line for this note, seen at ``at`` (seconds since 1970)."""
    if key.kind is not Kind.COSIGNATURE:
        raise Malformed("a log's key does not witness others")
    data = at.to_bytes(TIME_SIZE, "big") + by(cosigned(note.text, at).encode())
    if not key.vouches(note.text, data):
        raise NotGenuine("the signature is not of the key that it was asked of")
    return Signature(key.name, key.key_id, data)


def cosigned(text: str, at: int) -> str:
    """What a witness signs when it saw the text at ``at``; refused with ``Malformed`` beyond 63 bits."""
    if not 0 <= at <= LAST_TIME:
        raise Malformed("a time is out of bounds")
    return f"cosignature/v1\ntime {at}\n{text}"


def read(data: bytes) -> Note:
    """The note in these bytes; ``Malformed`` unless ``Note`` would write it so. No signature is judged."""
    if len(data) > LONGEST_NOTE:
        raise Malformed("a note is not that long")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Malformed("a note is not UTF-8") from None
    text, parted, lines = whole.rpartition("\n\n")
    if not parted or not lines.endswith("\n"):
        raise Malformed("a note has no signatures, or its last line is cut")
    note = Note(text + "\n", tuple(read_signatures(lines)))
    if str(note) != whole:
        raise Malformed("not the only way to write this note")
    return note


def read_signatures(lines: str) -> list[Signature]:
    """The signature lines of a note, or those that a witness answers with; ``Malformed`` if one is another."""
    if not lines.endswith("\n") or lines.count("\n") > MOST_SIGNATURES:
        raise Malformed("lines are cut, or too many")
    return [_signature(line) for line in lines[:-1].split("\n")]


def _signature(line: str) -> Signature:
    name, parted, data = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not parted or not _is_name(name):
        raise Malformed("not a line with a signature")
    signed = _decoded(data)
    if len(signed) <= KEY_ID_SIZE:
        raise Malformed("a signature is empty")
    return Signature(name, signed[:KEY_ID_SIZE], signed[KEY_ID_SIZE:])


def check(note: Note, key: Key) -> Signature:
    """The note's signature by this key; ``NotGenuine`` when it has none, or one that is not the key's."""
    found = next(iter(_by(note, (key,))), None)
    if found is None:
        raise NotGenuine(f"not signed by {key.name}")
    return found


def witnesses(note: Note, keys: Collection[Key]) -> frozenset[str]:
    """The vkeys among these that signed the note; unknown lines are passed over, false ones refuse the note.

    A witness counts once, whatever number of names or lines it signed under.
    """
    found = {
        key.public: key.vkey()
        for key in keys
        for one in _by(note, (key,))
        if key.vouches(note.text, one.data)
    }
    return frozenset(found.values())


def _by(note: Note, keys: Collection[Key]) -> Iterator[Signature]:
    for key in keys:
        for one in note.signatures:
            if (one.name, one.key_id) == (key.name, key.key_id):
                if not key.vouches(note.text, one.data):
                    raise NotGenuine(f"a signature that says it is by {key.name} is not")
                yield one


# Checkpoints


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many entries it has, and the root over them.

    ``extensions`` are further lines, which other logs may write; ours has none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses with ``Malformed`` what no text can hold."""
        lines = (self.origin, *self.extensions)
        if not all(lines) or any("\n" in line for line in lines) or not self.origin.isprintable():
            raise Malformed("a line is empty, or more than one")
        if not 0 <= self.size <= merkle.LARGEST or len(self.root) != merkle.HASH_SIZE:
            raise Malformed("no tree has this size, or a root is not 32 bytes")
        if not self.size and self.root != merkle.EMPTY_ROOT:
            raise Malformed("a log without entries has another root")

    def __str__(self) -> str:
        return "\n".join((self.origin, str(self.size), _encoded(self.root), *self.extensions)) + "\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; ``Malformed`` unless we would write it so."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise Malformed("not the three lines of a checkpoint")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, _whole(size), _decoded(root), tuple(extensions))


def open_checkpoint(data: bytes, key: Key) -> tuple[Checkpoint, Note]:
    """The checkpoint that the log with this key signed; refuses another origin and a false signature."""
    note = read(data)
    check(note, key)
    checkpoint = read_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise NotGenuine("signed by a key of another log")
    return checkpoint, note


# Proofs to keep


@dataclass(frozen=True, slots=True)
class LogProof:
    """That an entry stands in a log: its index, the way to the root, and the signed checkpoint.

    ``extra`` is signed by nobody.
    """

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes = b""

    def __str__(self) -> str:
        extra = [f"extra {_encoded(self.extra)}"] if self.extra else []
        head = [PROOF_HEADER, *extra, f"index {self.index}", *map(_encoded, self.path)]
        return "\n".join(head) + f"\n\n{self.note}"

    def check(self, entry: bytes, key: Key) -> Checkpoint:
        """The checkpoint under which the log with this key holds the entry.

        Refuses with ``NotGenuine`` another log's or a false signature, with ``merkle.NotProven`` a path that
        leads elsewhere. How many witnesses are enough, the reader decides: ``witnesses(proof.note, …)``.
        """
        checkpoint, _ = open_checkpoint(str(self.note).encode(), key)
        leaf = merkle.leaf_hash(entry)
        merkle.check_inclusion(self.index, checkpoint.size, leaf, self.path, checkpoint.root)
        return checkpoint


def read_proof(data: bytes) -> LogProof:
    """The proof in these bytes; ``Malformed`` unless we would write it so. Nothing is judged."""
    head, parted, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("not a proof of logging") from None
    if not parted or lines.pop(0) != PROOF_HEADER or not lines:
        raise Malformed("not a proof of logging")
    extra = _decoded(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index ") or len(lines) - 1 > merkle.LONGEST_PROOF:
        raise Malformed("a proof has no index, or is too long")
    path = tuple(map(_decoded, lines[1:]))
    if any(len(hashed) != merkle.HASH_SIZE for hashed in path):
        raise Malformed("a hash has 32 bytes")
    proof = LogProof(_whole(lines[0].removeprefix("index ")), path, read(note), extra)
    if str(proof).encode() != data:
        raise Malformed("not the only way to write this proof")
    return proof


def _is_name(name: str) -> bool:
    sane = 0 < len(name) <= LONGEST_NAME and "+" not in name
    return sane and not any(char.isspace() or char < " " for char in name)


def _whole(text: str) -> int:
    if not _DECIMAL.fullmatch(text) or int(text) > merkle.LARGEST:
        raise Malformed("not a whole number, or not the only way to write it")
    return int(text)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    """The bytes of standard base64; refuses whatever ``_encoded`` would not write."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("not base64") from None
    if _encoded(data) != text:
        raise Malformed("not the only base64 of its bytes")
    return data
