"""The transparency log in our database: entries, tiles and checkpoints, appended and proved.

One appender at a time gives the indexes, under an advisory lock, in the order of commits. The signer is asked for
committed trees alone, so that what it remembers was never undone: ``append``, commit, then ``publish``. Hashes and
proofs are ``merkle``'s, texts are ``notes``', and what an entry says its writer decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from registry import prepared
from verification import merkle, notes, signing
from verification.merkle import Tile
from verification.models import LogCheckpoint, LogCosignature, LogLeaf, LogPosition
from verification.notes import Checkpoint, LogProof

MOST_AT_ONCE: Final = 10_000
"""Entries that one append takes; whoever has more appends again."""

_LOCK: Final = 0x6C6F67  # "log", the key of the advisory lock


def reached_sql(about: str) -> str:
    """``reached`` as a part of somebody else's statement; ``about`` is SQL, ``read_reached`` reads the row."""
    return f"""
SELECT c.size, encode(c.root, 'hex'),
       (SELECT l.index FROM verification_logleaf l
        WHERE l.about = {about} AND l.about <> '' ORDER BY l.index DESC LIMIT 1)
FROM verification_logcheckpoint c ORDER BY c.size DESC LIMIT 1
"""  # noqa: S608 - SQL of ours


#: What everybody reads of the log, planned once a connection: the checkpoint, an entry, tiles, how far it is.
_NEWEST: Final = prepared.Statement(
    "log_newest",
    """
SELECT c.note, (SELECT string_agg(w.line, '' ORDER BY w.id) FROM verification_logcosignature w WHERE w.size = c.size)
FROM verification_logcheckpoint c ORDER BY c.size DESC LIMIT 1
""",
)
_ENTRY: Final = prepared.Statement("log_entry", "SELECT data FROM verification_logleaf WHERE index = $1")
_TILES: Final = prepared.Statement(
    "log_tiles",
    """
SELECT t.level, t.number, t.data
FROM unnest($1::smallint[], $2::bigint[]) AS w (level, number) JOIN verification_logtile t USING (level, number)
""",
)
_REACHED: Final = prepared.Statement("log_reached", reached_sql("$1"))


class NotInLog(LookupError):  # noqa: N818 - named by the refusal, like the register's errors
    """No such thing in the log, or not yet under a checkpoint; the text is what was looked for."""


def origin() -> str:
    """The name of this place's log."""
    return f"{settings.REGISTRY_HOST}/{settings.REGISTRY_LOG_NAME}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry to append: its bytes, and what it is to be found by."""

    data: bytes
    about: str = ""

    def __post_init__(self) -> None:
        """Refuses with ``ValueError`` what no bundle can hold."""
        if len(self.data) > merkle.LONGEST_ENTRY:
            raise ValueError("an entry has at most 65,535 bytes")


def hold() -> None:
    """Wait until nobody else appends, and keep others waiting until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def position() -> LogPosition:
    """How far the register was taken into the log."""
    return LogPosition.objects.get_or_create(pk=1)[0]


@transaction.atomic
def append(leaves: Sequence[Leaf]) -> int:
    """The index of the first of these entries, which stand in the log in this order once the transaction commits.

    Others who append wait for that commit. Nothing else may be done in the transaction afterwards that could fail.
    """
    if not 0 < len(leaves) <= MOST_AT_ONCE:
        raise ValueError(f"one to {MOST_AT_ONCE} entries are appended at once")
    hold()
    with connection.cursor() as cursor:
        first = size()
        hashes = [merkle.leaf_hash(leaf.data) for leaf in leaves]
        tiles = merkle.append(first, read_tiles(merkle.right_edge(first)), hashes)
        cursor.execute(
            "INSERT INTO verification_logleaf (index, data, about)"
            " SELECT * FROM unnest(%s::bigint[], %s::bytea[], %s::text[])",
            [
                list(range(first, first + len(leaves))),
                [leaf.data for leaf in leaves],
                [leaf.about for leaf in leaves],
            ],
        )
        cursor.execute(
            "INSERT INTO verification_logtile (level, number, data)"
            " SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])"
            " ON CONFLICT (level, number) DO UPDATE SET data = excluded.data",
            [[one.level for one in tiles], [one.number for one in tiles], list(tiles.values())],
        )
    return first


def size() -> int:
    """How many entries there are, under a checkpoint or not."""
    newest = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if newest is None else newest + 1


def publish(client: signing.Client, origin: str, *, at: datetime) -> Checkpoint:
    """Have the log's tree, as committed, signed under this origin, and keep the checkpoint.

    Signs nothing when the newest checkpoint has this size. Refuses with ``signing.NotSigned`` what does not continue
    the tree last signed, with ``signing.SignerDown`` when no signer answers: the next call does it.
    """
    tree = size()
    stated = Checkpoint(origin, tree, merkle.root(tree, read_tiles))
    if LogCheckpoint.objects.filter(size=tree).exists():
        return stated
    note = signing.checkpoint(client, stated, consistency_proof)
    vkey = signing.log_key(client, origin).vkey()
    with transaction.atomic():
        LogCheckpoint(size=tree, root=stated.root, note=str(note), signed_at=at).save(force_insert=True)
        hold()
        signed = position()
        signed.vkey, signed.unsigned_since = vkey, None if size() == tree else at
        signed.save(update_fields=["vkey", "unsigned_since"])
    return stated


def newest() -> notes.Note:
    """The newest checkpoint with all its signatures, as it is published; refuses with ``NotInLog`` before the first."""
    rows = _NEWEST.rows()
    if not rows:
        raise NotInLog("checkpoint")
    note, lines = rows[0]
    return notes.read((note or b"") + (lines or b""))


def cosigned(tree: int, witness: notes.Key, line: notes.Signature, *, at: datetime) -> None:
    """Keep a witness's line under the checkpoint of this size; the first one counts."""
    LogCosignature.objects.get_or_create(
        size=tree, witness=witness.vkey(), defaults={"line": line.line(), "signed_at": at}
    )


def seen_by(witness: notes.Key) -> int:
    """The largest size of our log that this witness signed; 0 before the first."""
    newest_seen = LogCosignature.objects.filter(witness=witness.vkey()).order_by("-size")
    return newest_seen.values_list("size", flat=True).first() or 0


def proof(index: int) -> LogProof:
    """That the entry at the index stands in the log, under the newest checkpoint.

    Refuses with ``NotInLog`` an entry that is not under it yet.
    """
    note = newest()
    tree = notes.read_checkpoint(note.text).size
    if not 0 <= index < tree:
        raise NotInLog("entry")
    return LogProof(index, tuple(merkle.inclusion_proof(index, tree, read_tiles)), note)


def consistency_proof(old: int, new: int) -> list[bytes]:
    """The hashes that show the tree of the old size to be the beginning of that of the new one."""
    if not 0 < old <= new <= size():
        raise NotInLog("tree")
    return merkle.consistency_proof(old, new, read_tiles)


def latest(about: str) -> int:
    """The index of the newest entry about this; refuses with ``NotInLog`` when there is none."""
    found = LogLeaf.objects.filter(about=about).order_by("-index").values_list("index", flat=True).first()
    if found is None or not about:
        raise NotInLog("entry")
    return found


def heads(about: Collection[str]) -> Mapping[str, tuple[int, bytes]]:
    """The index and the bytes of the newest entry about each of these; those without one are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.about, l.index, l.data FROM unnest(%s::text[]) AS w (about) CROSS JOIN LATERAL ("
            " SELECT index, data FROM verification_logleaf WHERE about = w.about AND about <> ''"
            " ORDER BY index DESC LIMIT 1) l",
            [list(about)],
        )
        return {name: (index, bytes(data)) for name, index, data in cursor.fetchall()}


def entry(index: int) -> bytes:
    """The entry at the index, under a checkpoint or not; refuses with ``NotInLog`` when there is none."""
    rows = _ENTRY.rows(str(index)) if 0 <= index <= merkle.LARGEST else []
    if not rows:
        raise NotInLog("entry")
    return _bytes(rows[0][0])


def issued_below(token: str, leaf: int) -> bool:
    """Whether the badge token with this SHA-256 (hex) was logged as issued before the entry ``leaf``.

    So the true tokens of a stolen key are told from a thief's.
    """
    found = LogLeaf.objects.filter(about=token, index__lt=leaf).values_list("data", flat=True)
    return any(_issues(bytes(data), token) for data in found) if token else False


def _issues(entry: bytes, token: str) -> bool:
    stated = json.loads(entry)
    return isinstance(stated, dict) and (stated.get("t"), stated.get("tok")) == ("badge.issued", token)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the log is: the newest checkpoint's tree, and the newest entry about something, where it has one.

    ``size`` is 0 before the first checkpoint.
    """

    size: int
    root: bytes
    latest: int | None


def reached(about: str) -> Reached:
    """How far the log is, and with it what was asked about. One query."""
    rows = _REACHED.rows(about)
    return read_reached(rows[0] if rows else (None, None, None))


def read_reached(row: prepared.Row) -> Reached:
    """What a row of ``reached_sql`` says; one of nulls, where there is none, that there is no checkpoint yet."""
    size, root, latest = ("" if value is None else value.decode() for value in row)
    return Reached(int(size or 0), bytes.fromhex(root), int(latest) if latest else None)


def tile(where: Tile, width: int = merkle.WIDTH) -> bytes:
    """The tile's hashes at this width, as published; refuses with ``NotInLog`` a width it has not reached."""
    data = read_tiles((where,)).get(where, b"")
    if not 0 < width * merkle.HASH_SIZE <= len(data):
        raise NotInLog("tile")
    return data[: width * merkle.HASH_SIZE]


def bundle(number: int, width: int = merkle.WIDTH) -> bytes:
    """The entries below tile ``number`` of level 0, as published; refuses with ``NotInLog`` more than there are."""
    first = number * merkle.WIDTH
    found = LogLeaf.objects.filter(index__gte=first, index__lt=first + width).order_by("index")
    entries = [bytes(data) for data in found.values_list("data", flat=True)]
    if len(entries) < width or not entries:
        raise NotInLog("bundle of entries")
    return merkle.bundle(entries)


def read_tiles(wanted: Collection[Tile]) -> Mapping[Tile, bytes]:
    """These tiles, each as wide as it is, in one query; those that are not there are left out."""
    if not wanted:
        return {}
    levels, numbers = (
        f"{{{','.join(map(str, each))}}}"
        for each in zip(*((one.level, one.number) for one in wanted), strict=True)
    )
    return {
        Tile(int(level or 0), int(number or 0)): _bytes(data)
        for level, number, data in _TILES.rows(levels, numbers)
    }


def _bytes(written: bytes | None) -> bytes:
    """A ``bytea`` as PostgreSQL writes it: two signs, then hexadecimal digits."""
    return bytes.fromhex((written or b"")[2:].decode("ascii"))
