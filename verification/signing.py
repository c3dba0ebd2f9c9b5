"""Signatures without a private key: the client of the signer, which is a process of its own.

Nothing here can reach a key (rulings 25). A request is one frame over a Unix socket: two lengths, a header in
JSON, the bytes to be signed. An answer that takes longer than 100 ms is none: whoever asked says so and goes on.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from verification import notes, trust_list
from verification.notes import Checkpoint, Key, Note
from verification.public_keys import unbase64url
from verification.shapes import Kind
from verification.trust_list import TrustList

__all__ = [
    "TIMEOUT", "Client", "Consistency", "Kind", "NotSigned", "RemoteSigner", "Signer", "SignerDown", "Stream",
    "checkpoint", "client", "cosignature", "issuer", "receive", "send", "trust",
]  # fmt: skip

TIMEOUT: Final = 0.1
"""Seconds that a signature may take."""

LONGEST_HEADER: Final = 1 << 20
LONGEST_BODY: Final = 1 << 22
"""Bytes; nothing that we sign is longer."""

_LENGTHS: Final = struct.Struct(">II")
_WRITER: Final = json.JSONEncoder(separators=(",", ":"))


class Signer(Protocol):
    """A key that signs, wherever it is kept; ``kid`` is the beginning of its RFC 7638 thumbprint."""

    @property
    def kid(self) -> str:
        """The key's name, as JSON writes it."""

    @property
    def alg(self) -> str:
        """``ES256``, or ``Ed25519`` for logs and witnesses."""

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The public key as a JSON web key."""

    def sign(self, message: bytes, /) -> bytes:
        """The signature, 64 bytes: r and s of ES256, or Ed25519's."""


class NotSigned(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """The signer refuses, and says why: ``code`` for programs, ``detail`` for people."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep both."""
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class SignerDown(OSError):  # noqa: N818 - the same
    """No signer answers in time; nothing can be signed now."""


class Stream(Protocol):
    """Bytes in and out, as files and sockets have them."""

    def write(self, data: bytes, /) -> object:
        """Write all of it."""

    def flush(self) -> None:
        """Hold nothing back."""

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer only at the end."""


def send(stream: Stream, header: Mapping[str, Any], body: bytes = b"") -> None:
    """Write one frame."""
    stated = _WRITER.encode(header).encode()
    stream.write(_LENGTHS.pack(len(stated), len(body)) + stated + body)
    stream.flush()


def receive(stream: Stream) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame; nothing at the end. ``ValueError`` for what is too long, cut short or no JSON object."""
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise ValueError("a frame is cut short")
    header_size, body_size = _LENGTHS.unpack(lengths)
    if header_size > LONGEST_HEADER or body_size > LONGEST_BODY:
        raise ValueError("a frame is too long")
    stated, body = stream.read(header_size), stream.read(body_size)
    if len(stated) < header_size or len(body) < body_size:
        raise ValueError("a frame is cut short")
    header = json.loads(stated)
    if not isinstance(header, dict):
        raise TypeError("a frame's header is no JSON object")
    return header, body


class Client:
    """Asks the signer at this socket; each thread has a connection of its own, made when first needed."""

    def __init__(self, path: Path, *, timeout: float = TIMEOUT) -> None:
        """Nothing is connected yet; ``timeout`` is in seconds and for the whole of a question."""
        self._path, self._timeout, self._threads = path, timeout, threading.local()
        self._signers: dict[tuple[Kind, str], RemoteSigner] = {}

    def ask(self, header: Mapping[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """The answer; refuses with ``SignerDown`` when there is none in time, ``NotSigned`` when it is no."""
        deadline = time.monotonic() + self._timeout
        try:
            answered, signature = self._once(header, body, deadline)
        except (BrokenPipeError, ConnectionResetError, EOFError):
            # The signer was started anew since this thread last asked; to ask again is harmless.
            answered, signature = self._again(header, body, deadline)
        except (OSError, ValueError, TypeError) as fault:
            self.close()
            raise SignerDown(f"no signer answers at {self._path}") from fault
        if "refused" in answered:
            raise NotSigned(str(answered["refused"]), str(answered.get("detail", "")))
        return answered, signature

    def _again(self, header: Mapping[str, Any], body: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        self.close()
        try:
            return self._once(header, body, deadline)
        except (OSError, EOFError, ValueError, TypeError) as fault:
            self.close()
            raise SignerDown(f"no signer answers at {self._path}") from fault

    def _once(self, header: Mapping[str, Any], body: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        stream = self._stream(deadline)
        send(stream, header, body)
        answer = receive(stream)
        if answer is None:
            raise EOFError
        return answer

    def _stream(self, deadline: float) -> _Timed:
        stream: _Timed | None = getattr(self._threads, "stream", None)
        if stream is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stream = self._threads.stream = _Timed(connection)
            stream.deadline = deadline
            stream.limit()
            connection.connect(str(self._path))
        stream.deadline = deadline
        return stream

    def close(self) -> None:
        """Let go of this thread's connection."""
        stream: _Timed | None = getattr(self._threads, "stream", None)
        if stream is not None:
            self._threads.stream = None
            stream.connection.close()

    def keys(self) -> list[dict[str, Any]]:
        """Every key that the signer has, its public part and its life, as lists of trust state them."""
        found: list[dict[str, Any]] = self.ask({"ask": "keys"})[0]["keys"]
        return found

    def signer(self, kind: Kind, authority: str, *, known: bool = False) -> RemoteSigner:
        """The authority's key that signs this kind now; refuses with ``NotSigned`` when it has none.

        ``known``: the one that signed when this was last asked will do, for who can ask again when it has changed.
        """
        if known and (kind, authority) in self._signers:
            return self._signers[kind, authority]
        stated = self.ask({"ask": "key", "kind": kind, "authority": authority})[0]
        found = RemoteSigner(self, kind, authority, stated["kid"], stated["alg"], stated["jwk"])
        self._signers[kind, authority] = found
        return found

    def last(self, authority: str, origin: str) -> int:
        """The size of this origin's tree when the authority's key last signed it; 0 before the first time."""
        stated = self.ask({"ask": "last", "kind": Kind.CHECKPOINT, "authority": authority, "origin": origin})[
            0
        ]
        return int(stated["size"])


def client() -> Client | None:
    """Our signer's client, one for the process; nothing where no signer is set (``REGISTRY_SIGNER`` is empty)."""
    path: str = _settings().REGISTRY_SIGNER
    return _client(path) if path else None


@lru_cache(maxsize=4)
def _client(path: str) -> Client:
    return Client(Path(path), timeout=TIMEOUT)


def issuer(authority: str) -> str:
    """What an authority is called where it signs: ``verify.example.org/a/xa-dla`` for the code ``XA-DLA``."""
    return f"{_settings().REGISTRY_HOST}/a/{authority.lower()}"


def trust(keys: Sequence[Mapping[str, Any]], *, at: datetime) -> TrustList:
    """A list of trust of our own keys alone, as the signer states them (``Client.keys``), to judge what we signed."""
    named = {str(key["authority"]) for key in keys if key["use"] in trust_list.SIGNING}
    issued = int(at.timestamp())
    authorities = [
        {
            "id": trust_list.did(name),
            "hosts": [name.partition("/")[0]],
            "keys": [key for key in keys if key["authority"] == name and key["use"] in trust_list.SIGNING],
        }
        for name in sorted(named)
    ]
    return trust_list.read({"ver": 0, "iat": issued, "exp": issued + 3600, "authorities": authorities})


def _settings() -> Any:
    from django.conf import settings  # noqa: PLC0415 - the signer, which speaks as we do, loads no framework

    return settings


class _Timed:
    """A stream over a socket on which every step must end before one deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.deadline = connection, 0.0
        self._held = bytearray()

    def limit(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)

    def write(self, data: bytes) -> None:
        self.limit()
        self.connection.sendall(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def read(self, size: int) -> bytes:
        held = self._held
        while len(held) < size:
            self.limit()
            part = self.connection.recv(
                1 << 16
            )  # a whole frame as a rule: one question to the kernel, not three
            if not part:
                break
            held += part
        found = bytes(held[:size])
        del held[:size]
        return found


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """A key in the signer's keeping; a ``Signer`` like one at hand.

    When the key was rotated between the question and the signature it refuses with ``NotSigned``,
    ``key.changed``: ask for the signer again.
    """

    client: Client
    kind: Kind
    authority: str
    kid: str
    alg: str
    public_jwk: Mapping[str, str]

    def sign(self, message: bytes, /, *, proof: Sequence[bytes] = ()) -> bytes:
        """The signature; ``proof`` is what a checkpoint needs beside it."""
        header: dict[str, Any] = {
            "ask": "sign",
            "kind": self.kind,
            "authority": self.authority,
            "kid": self.kid,
        }
        if proof:
            header["proof"] = [base64.b64encode(hashed).decode() for hashed in proof]
        return self.client.ask(header, message)[1]


Consistency = Callable[[int, int], Sequence[bytes]]
"""Makes the proof that the tree of the first size is the beginning of that of the second."""


def log_key(client: Client, origin: str) -> Key:
    """The key that signs this log's checkpoints now; refuses with ``NotSigned`` when there is none."""
    return _note_key(client.signer(Kind.CHECKPOINT, origin))


def _note_key(signer: RemoteSigner) -> Key:
    return Key(signer.authority, notes.Kind.NOTE, unbase64url(signer.public_jwk["x"]))


def checkpoint(client: Client, stated: Checkpoint, consistency: Consistency) -> Note:
    """Our log's checkpoint, signed.

    Ask only for what is committed: the signer remembers what it signed and refuses every other tree of the same
    or a smaller size for ever, also one that a failed transaction would have made instead.
    """
    signer = client.signer(Kind.CHECKPOINT, stated.origin)
    proof = _proof(client.last(stated.origin, stated.origin), stated.size, consistency)
    return notes.sign(str(stated), _note_key(signer), lambda message: signer.sign(message, proof=proof))


def cosignature(
    client: Client, witness: str, note: Note, proof: Sequence[bytes], *, at: int
) -> notes.Signature:
    """Our witness's line under another log's checkpoint, whose own signature the caller has checked.

    The signer demands the proof from the size that it saw last (``client.last``) and refuses a fork.
    """
    signer = client.signer(Kind.CHECKPOINT, witness)
    key = Key(witness, notes.Kind.COSIGNATURE, unbase64url(signer.public_jwk["x"]))
    return notes.cosign(note, key, lambda message: signer.sign(message, proof=proof), at=at)


def _proof(old: int, new: int, consistency: Consistency) -> Sequence[bytes]:
    return consistency(old, new) if 0 < old < new else ()
