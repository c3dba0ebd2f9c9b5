"""The signer: a process of its own that holds the private keys and signs five kinds of message, nothing else.

Run it as a user of its own, who alone can read the directory of keys::

    python -m verification.signer --keys DIRECTORY --socket PATH

Whoever may write to the socket may ask; what is asked must have the one shape of its kind and be of now
(``shapes``). Beside the keys it keeps, append-only, the digest of everything it signed except receipts, which
would be a log of who checked whom; and, for each log, the size and root that it signed last. It signs a later
tree only with the proof that it begins with that one: whatever the database says, history can not fork here.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer
from typing import Any, Final
from weakref import WeakSet

from registry import clock
from verification import keys, merkle, shapes, signing
from verification.cbor import Malformed
from verification.keys import Record, Use
from verification.notes import Checkpoint
from verification.shapes import Kind
from verification.signing import NotSigned, Signer
from verification.vaults import VaultClosed

DIGESTS: Final = "signed.log"
TREES: Final = "trees.json"
"""In the directory of keys: what was signed, and how far each log had grown."""

MOST_ORIGINS: Final = 1000
"""So many logs a witness remembers."""

_ROLLED_BACK: Final = (
    "{origin} had {last} entries when it was last signed, root {root}, and has {size} now: the database is older than"
    " what the world has seen. Nothing is signed. Stop the sequencer; restore a newer backup, or replay entries"
    " {size} to {last} from the published tiles or a witness's copy, in their order, until the root is the same."
    " If they are lost for good, begin a log under a new origin and let its first entry state this checkpoint."
)
_FORKED: Final = (
    "{origin} is not the log that was last signed ({last} entries, root {root}): {fault}. Nothing is signed. Entries"
    " below {last} were changed, dropped or put in another order: compare the database with the published tiles"
    " (python -m verification.audit), and treat it as tampering until it is explained."
)
_FORGOTTEN: Final = (
    "The signer's memory of {origin} is gone ({file}), so that it could not tell a fork. Nothing is signed. Put the"
    " file back from its backup, or write the size and root of the newest checkpoint that a witness holds into it."
)


class Trees:
    """How far each log had grown when it was last signed: the signer's own memory, out of the database's reach."""

    def __init__(self, directory: Path) -> None:
        """Read nothing yet; the file is made with the log's key."""
        self._file = directory / TREES

    def last(self, record: Record, origin: str) -> tuple[int, bytes]:
        """The size and root last signed by this key for the origin; refuses when that was forgotten."""
        stated = self._stated().get(_place(record, origin))
        if stated is None and record.use is Use.WITNESS:
            return 0, merkle.EMPTY_ROOT
        if stated is None:
            raise NotSigned("log.forgotten", _FORGOTTEN.format(origin=origin, file=self._file))
        return int(stated["size"]), base64.b64decode(stated["root"])

    def advance(self, record: Record, stated: Checkpoint, proof: Sequence[bytes]) -> None:
        """Remember this tree, on the disk, before it is signed; refuses every tree that does not continue the last.

        The tree last signed may be signed again.
        """
        last, root = self.last(record, stated.origin)
        told = {
            "origin": stated.origin,
            "last": last,
            "root": base64.b64encode(root).decode(),
            "size": stated.size,
        }
        if stated.size < last:
            raise NotSigned("log.rolled_back", _ROLLED_BACK.format(**told))
        try:
            if last:
                merkle.check_consistency(last, stated.size, root, stated.root, proof)
        except merkle.NotProven as fault:
            raise NotSigned("log.forked", _FORKED.format(**told, fault=fault)) from fault
        if (stated.size, stated.root) != (last, root):
            self._write(record, stated)

    def begin(self, record: Record) -> None:
        """Remember that the log of this new key has no entries."""
        if _place(record, record.authority) not in self._stated():
            self._write(record, Checkpoint(record.authority, 0, merkle.EMPTY_ROOT))

    def _write(self, record: Record, stated: Checkpoint) -> None:
        trees = self._stated()
        if len(trees) >= MOST_ORIGINS and _place(record, stated.origin) not in trees:
            raise NotSigned("witness.full", "A witness remembers no more logs than it can.")
        root = base64.b64encode(stated.root).decode()
        trees[_place(record, stated.origin)] = {"size": stated.size, "root": root}
        keys.write_whole(self._file, trees)

    def _stated(self) -> dict[str, Any]:
        try:
            stated: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as fault:
            raise VaultClosed(f"{self._file} can't be read: {fault}. Put it back from its backup.") from fault
        return stated


def _place(record: Record, origin: str) -> str:
    return f"{record.kid} {origin}"


def begin_log(directory: Path, record: Record) -> None:
    """Prepare the signer's memory for the log of a key that was just made."""
    Trees(directory).begin(record)


class Signatory:
    """Answers what may be asked of the signer; nothing it returns holds a private key."""

    def __init__(self, directory: Path, *, demo: bool = False) -> None:
        """Refuses with ``VaultClosed`` a directory with demo keys outside a demo, or with unreadable ones."""
        self._directory, self._demo = directory, demo
        self._trees, self._lock = Trees(directory), threading.Lock()
        self._opened: dict[str, Signer] = {}
        self._records: list[Record] = []
        self._read_at: tuple[int, int] | None = None
        self._digests = os.open(directory / DIGESTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._refresh()

    def close(self) -> None:
        """Let go of the file of digests."""
        os.close(self._digests)

    def answer(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """What goes back: a refusal is an answer too."""
        question = self._questions.get(str(header.get("ask")))
        if question is None:
            return _refused("request.unknown", "Ask for keys, key, last or sign.")
        try:
            self._refresh()
            return question(self, header, body)
        except NotSigned as refusal:
            return _refused(refusal.code, refusal.detail)
        except (ValueError, TypeError) as refusal:
            return _refused("message.not_lawful", str(refusal))
        except VaultClosed as fault:
            sys.stderr.write(f"{fault}\n")
            return _refused("key.closed", "The key can't be opened; the signer's own log says why.")

    def _keys(self, _header: Mapping[str, Any], _body: bytes) -> tuple[dict[str, Any], bytes]:
        return {"keys": [one.public() for one in self._records]}, b""

    def _key(self, header: Mapping[str, Any], _body: bytes) -> tuple[dict[str, Any], bytes]:
        record = self._record(_kind(header), header)
        signer = self._open(record)
        return {"kid": record.kid, "alg": signer.alg, "jwk": dict(record.jwk)}, b""

    def _last(self, header: Mapping[str, Any], _body: bytes) -> tuple[dict[str, Any], bytes]:
        record = self._record(Kind.CHECKPOINT, header)
        size, root = self._trees.last(record, str(header.get("origin")))
        return {"size": size, "root": base64.b64encode(root).decode()}, b""

    def _sign(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        kind = _kind(header)
        record = self._record(kind, header)
        if header.get("kid") != record.kid:
            raise NotSigned("key.changed", "Another key signs now: ask for it, and name it in the message.")
        at = int(clock.now().timestamp())
        shapes.check(kind, body, shapes.Key(record.kid, record.authority, at))
        signer = self._open(record)
        if kind is Kind.CHECKPOINT:
            return {"kid": record.kid}, self._sign_tree(
                record, signer, body, _hashes(header.get("proof", ()))
            )
        if kind is not Kind.RECEIPT:
            self._note(kind, record, body)
        return {"kid": record.kid}, signer.sign(body)

    def _sign_tree(self, record: Record, signer: Signer, body: bytes, proof: Sequence[bytes]) -> bytes:
        stated, seen = shapes.read_checkpoint(body)
        if (seen is None) is not (record.use is Use.LOG):
            raise Malformed("a log signs its own checkpoints, a witness those of others")
        with self._lock:
            self._trees.advance(record, stated, proof)
            self._note(Kind.CHECKPOINT, record, body)
            os.fsync(self._digests)
            return signer.sign(body)

    _questions: Final[
        dict[str, Callable[[Signatory, Mapping[str, Any], bytes], tuple[dict[str, Any], bytes]]]
    ] = {
        "keys": _keys,
        "key": _key,
        "last": _last,
        "sign": _sign,
    }

    def _note(self, kind: Kind, record: Record, body: bytes) -> None:
        """Add to the file what is about to be signed; one write, so that threads do not tear lines."""
        at = clock.now().isoformat(timespec="milliseconds")
        line = f"{at} {kind} {record.authority} {record.kid} {hashlib.sha256(body).hexdigest()}\n"
        os.write(self._digests, line.encode())

    def _refresh(self) -> None:
        """Read the keys again when they were changed since."""
        facts = self._index_facts()
        if facts == self._read_at:
            return
        records = keys.every(self._directory)
        if not self._demo and (demos := [one.kid for one in records if one.insecure]):
            raise VaultClosed(
                f"{', '.join(demos)}: keys of a demonstration. Make keys of your own, or say --demo in one."
            )
        self._records, self._read_at, self._opened = records, facts, {}

    def _index_facts(self) -> tuple[int, int] | None:
        try:
            facts = (self._directory / keys.INDEX).stat()
        except FileNotFoundError:
            return None
        return facts.st_mtime_ns, facts.st_ino

    def _record(self, kind: Kind, header: Mapping[str, Any]) -> Record:
        at, authority = int(clock.now().timestamp()), str(header.get("authority"))
        for use in keys.SIGNS[kind]:
            if found := keys.in_force(self._records, use, authority, at):
                return found
        raise NotSigned("key.absent", f"{authority} has no key that signs {kind} now.")

    def _open(self, record: Record) -> Signer:
        signer = self._opened.get(record.kid)
        if signer is None:
            signer = self._opened[record.kid] = keys.open_key(self._directory, record)
        return signer


def _refused(code: str, detail: str) -> tuple[dict[str, Any], bytes]:
    return {"refused": code, "detail": detail}, b""


def _kind(header: Mapping[str, Any]) -> Kind:
    try:
        return Kind(str(header.get("kind")))
    except ValueError:
        raise NotSigned("kind.unknown", f"Only {', '.join(Kind)} are signed.") from None


def _hashes(stated: Any) -> list[bytes]:
    if not isinstance(stated, list | tuple) or len(stated) > merkle.LONGEST_PROOF:
        raise Malformed("a proof is a list of hashes")
    try:
        return [base64.b64decode(one, validate=True) for one in stated]
    except (binascii.Error, TypeError, ValueError):
        raise Malformed("a hash is not base64") from None


# The process


class Door(ThreadingMixIn, UnixStreamServer):
    """The socket, for processes of the same user or group; one thread a connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, signatory: Signatory) -> None:
        """Refuses with ``VaultClosed`` when another signer answers there; takes over what a dead one left."""
        self.signatory, self._path = signatory, path
        self.visits: WeakSet[socket.socket] = WeakSet()
        _clear(path)
        before = os.umask(0o117)
        try:
            super().__init__(str(path), Visit)
        finally:
            os.umask(before)

    def server_close(self) -> None:
        """Let go of the socket and of everybody who is connected, and leave nothing behind."""
        super().server_close()
        for connection in list(self.visits):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._path.unlink(missing_ok=True)


class Visit(StreamRequestHandler):
    """One connection: frames in, frames out, until the other side leaves or says nonsense."""

    server: Door

    def handle(self) -> None:
        """Answer every frame; an unreadable one ends the connection."""
        self.server.visits.add(self.connection)
        try:
            while frame := signing.receive(self.rfile):
                signing.send(self.wfile, *self.server.signatory.answer(*frame))
        except (OSError, ValueError, TypeError):
            return


def _clear(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        try:
            knock.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise VaultClosed(f"A signer answers at {path} already.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Sign until told to end; 1 when the keys or the socket can't be had."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.signer", description="The process that signs."
    )
    parser.add_argument("--keys", type=Path, required=True, help="the directory of keys")
    parser.add_argument("--socket", type=Path, required=True, help="where to answer")
    parser.add_argument("--demo", action="store_true", help="also sign with the keys of a demonstration")
    told = parser.parse_args(arguments)
    try:
        signatory = Signatory(told.keys, demo=told.demo)
        door = Door(told.socket, signatory)
    except (VaultClosed, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: threading.Thread(target=door.shutdown).start())
    sys.stdout.write(f"Signing at {told.socket}.\n")
    sys.stdout.flush()
    with door:
        door.serve_forever(poll_interval=0.2)
    signatory.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
