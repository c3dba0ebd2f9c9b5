"""What brings a register back: badges signed anew, a log replayed from its published files, a log under a new name.

``docs/recovery.md`` says when to do which; ``manage.py recover`` does it. None of these can make the world believe what
it has not seen: the signer still refuses every tree that does not continue the one it signed last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from psycopg import sql

from verification import codec, leaves, log, merkle, notes, public_keys
from verification.cbor import Malformed
from verification.codec import Badge
from verification.log import Leaf
from verification.merkle import Tile
from verification.notes import Checkpoint, Key, Note
from verification.signing import Client, Kind, RemoteSigner

CHECKPOINT: Final = "checkpoint"
"""The name of the signed checkpoint among the log's published files."""

CONTINUED: Final = "log.continued"
"""The type of the first entry of a log that goes on under a new name."""


class RecoveryRefused(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """A step that would not bring back what the world has seen; the sentence says why."""


# A badge key was stolen


@dataclass(frozen=True, slots=True)
class Reissued:
    """A badge under a new key: the same facts under the same code, the digits to print, the token's SHA-256 in hex."""

    badge: Badge
    kid: str
    digits: str
    token: str


def reissue(badges: Iterable[Badge], client: Client, *, at: datetime) -> Iterator[Reissued]:
    """Sign these badges again, each with its authority's key of now, and verify each before it is given out.

    One whose print would have ended already is passed over. Refuses with ``signing.NotSigned`` and ``SignerDown``: a
    client for thousands of signatures has more patience than a page (``Client(…, timeout=10)``).
    """
    issued = int(at.timestamp())
    keys: dict[str, RemoteSigner] = {}
    for badge in badges:
        if badge.expires <= issued:
            continue
        key = keys.get(badge.issuer) or keys.setdefault(badge.issuer, client.signer(Kind.BADGE, badge.issuer))
        fresh = replace(badge, issued=issued)
        digits = codec.encode(fresh, kid=key.kid, sign=key.sign)
        read, envelope = codec.decode(digits)
        if read != fresh or not public_keys.vouches(key.public_jwk, envelope.signed, envelope.signature):
            raise RecoveryRefused(f"What was signed for {badge.code} does not verify.")
        yield Reissued(fresh, key.kid, digits, codec.token_digest(digits))


# The log's published files


def export(folder: Path) -> Checkpoint:
    """Write the log under its newest checkpoint as the files that are served below ``/log``; old files stay.

    A web server can serve them when this register can't, and ``replay`` brings them back. Refuses with
    ``log.NotInLog`` a log without a checkpoint.
    """
    note = log.newest()
    stated = notes.read_checkpoint(note.text)
    for tile, width in _tiles(stated.size):
        _write(folder / tile.path(width), log.tile(tile, width))
        if tile.level == 0:
            _write(folder / merkle.bundle_path(tile.number, width), log.bundle(tile.number, width))
    (folder / CHECKPOINT).write_text(str(note), encoding="utf-8")
    return stated


def _tiles(size: int) -> Iterator[tuple[Tile, int]]:
    """Every tile of a tree of this size, with its width."""
    level = 0
    while (across := size >> merkle.HEIGHT * level) > 0:
        for number in range(-(-across // merkle.WIDTH)):
            tile = Tile(level, number)
            yield tile, tile.width(size)
        level += 1


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(content)
    draft.replace(path)


@transaction.atomic
def replay(folder: Path, key: Key) -> Checkpoint:
    """Append the entries that a restored database lacks, from the log's published files; all of them or none.

    ``key`` is our log's. The tree must come out as the checkpoint in the folder says; the signer signs it again.
    Refuses with ``RecoveryRefused`` files that lead elsewhere, and a database that is not behind them.
    """
    try:
        stated, _ = notes.open_checkpoint((folder / CHECKPOINT).read_bytes(), key)
    except (OSError, Malformed, notes.NotGenuine) as fault:
        raise RecoveryRefused(f"{folder / CHECKPOINT} is no checkpoint of {key.name}: {fault}") from fault
    first = log.size()
    if first >= stated.size:
        raise RecoveryRefused(
            f"The database has {first} entries and the files {stated.size}: nothing is missing."
        )
    waiting: list[Leaf] = []
    for entry in _entries(folder, first, stated.size):
        waiting.append(Leaf(entry, about=leaves.about(json.loads(entry))))
        if len(waiting) == log.MOST_AT_ONCE:
            log.append(waiting)
            waiting = []
    if waiting:
        log.append(waiting)
    if merkle.root(stated.size, log.read_tiles) != stated.root:
        raise RecoveryRefused(
            f"With the files' entries from {first} on the log is not the one that was signed: entries below {first} in"
            " the database, or the files, were altered. Nothing was appended."
        )
    return stated


def _entries(folder: Path, first: int, size: int) -> Iterator[bytes]:
    for number in range(first // merkle.WIDTH, -(-size // merkle.WIDTH)):
        width = Tile(0, number).width(size)
        path = folder / merkle.bundle_path(number, width)
        try:
            entries = merkle.unbundle(path.read_bytes(), width)
        except (OSError, ValueError) as fault:
            raise RecoveryRefused(f"{path} can't be read: {fault}") from fault
        yield from entries[max(0, first - number * merkle.WIDTH) :]


# The log's key was lost


def begin_anew(origin: str, seen: bytes, key: Key, *, at: datetime) -> str:
    """Begin a log under a new name, whose first entry holds the last checkpoint that the world has seen of the old one.

    ``seen`` is that signed checkpoint with its witnesses' lines, ``key`` the old log's. The old entries, tiles and
    checkpoints are set aside in a schema of their own, whose name is given back; the worker takes the register into
    the new log from its first entry on. Run it as the tables' owner. Refuses with ``RecoveryRefused`` a database that
    does not hold what was seen: replay it first.
    """
    last, note = _opened(seen, key)
    if origin == last.origin:
        raise RecoveryRefused("A new key is a new log: give it another name.")
    with transaction.atomic():
        if log.size() < last.size or merkle.root(last.size, log.read_tiles) != last.root:
            raise RecoveryRefused(
                f"The database does not hold the {last.size} entries that were signed: replay them."
            )
        schema = f"log_until_{last.size}"
        _set_aside(schema)
        log.append([Leaf(_continuation(note, at), about=last.origin)])
    return schema


def continued(entry: bytes, key: Key) -> Checkpoint:
    """The old log's last checkpoint in the first entry of the new one; ``key`` is the old log's.

    Refuses with ``RecoveryRefused`` an entry that continues no log, or that this key did not sign.
    """
    try:
        stated: Mapping[str, Any] = json.loads(entry)
        if stated["t"] != CONTINUED:
            raise RecoveryRefused("The entry does not continue a log.")
        seen = str(stated["prev"]).encode()
    except (ValueError, KeyError, TypeError) as fault:
        raise RecoveryRefused("The entry does not continue a log.") from fault
    return _opened(seen, key)[0]


def _opened(seen: bytes, key: Key) -> tuple[Checkpoint, Note]:
    try:
        return notes.open_checkpoint(seen, key)
    except (Malformed, notes.NotGenuine) as fault:
        raise RecoveryRefused(f"Not a checkpoint of {key.name}: {fault}") from fault


def _continuation(note: Note, at: datetime) -> bytes:
    """The entry, in the one form of RFC 8785: sorted names, no spaces."""
    stated = {"at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "prev": str(note), "t": CONTINUED, "v": 1}
    return json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _set_aside(schema: str) -> None:
    """Copy every table of the log into the schema and empty it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('verification_logleaf', 'TRUNCATE')")
        if not cursor.fetchone()[0]:
            raise RecoveryRefused(
                "Only the owner of the tables may set a log aside: connect as registry_owner."
            )
        cursor.execute(
            r"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'verification\_log%'"
        )
        tables = [sql.Identifier(name) for (name,) in cursor.fetchall()]
        named = sql.Identifier(schema)
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(named))
        for table in tables:
            cursor.execute(sql.SQL("CREATE TABLE {}.{} AS TABLE public.{}").format(named, table, table))
        emptied = sql.SQL(", ").join(sql.SQL("public.{}").format(table) for table in tables)
        cursor.execute(sql.SQL("TRUNCATE {}").format(emptied))
