"""Whether the proofs that we hold fit together: with the journal, with the log's signed tree and with our keys.

The officials' side of ``verification.audit``, which somebody outside runs: this one reads the tables. It changes
nothing, and its memory does not grow with the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.db import connection

from registry import audit
from registry.audit import Difference
from verification import credentials, leaves, log, merkle, notes, published_keys, status_list, statuses
from verification.cbor import Malformed
from verification.envelopes import Envelope
from verification.merkle import Tile
from verification.models import JOURNALLED, LogCheckpoint, LogLeaf, SignedList, StatusPublication
from verification.public_keys import vouches
from verification.secured import Secured

BATCH: Final = 32 * merkle.WIDTH
"""Entries of the log that are read at a time."""

_FORMS: Final[Mapping[str, frozenset[status_list.Status]]] = {
    "revocation": status_list.REVOCATION,
    "suspension": status_list.SUSPENSION,
}


def differences(progress: Callable[[int], None] = lambda _done: None) -> Iterator[Difference]:
    """Everything that does not fit; ``progress`` is told how many entries of the log are done."""
    for table, key in JOURNALLED.items():
        yield from audit.of_journal(table, key=key)
    yield from of_log(progress)
    yield from of_lists()


# --- the log -----------------------------------------------------------------------------------------------------


def of_log(progress: Callable[[int], None] = lambda _done: None) -> Iterator[Difference]:
    """The entries make the tiles, the tiles the root that is signed, and each is found by what it is about."""
    newest = LogCheckpoint.objects.order_by("-size").first()
    size, edge = 0, dict[Tile, bytes]()
    while data := list(
        LogLeaf.objects.filter(index__gte=size)
        .order_by("index")
        .values_list("index", "data", "about")[:BATCH]
    ):
        for place, (index, entry, about) in enumerate(data, start=size):
            if index != place:
                yield Difference(f"entry {place} of the log", "entry", "none", "one for every place")
                return
            if (said := _about(bytes(entry))) != about:
                yield Difference(f"entry {index} of the log", "found by", about, said)
        grown = merkle.append(size, edge, [merkle.leaf_hash(bytes(entry)) for _, entry, _ in data])
        size += len(data)
        edge = {tile: grown.get(tile, edge.get(tile, b"")) for tile in merkle.right_edge(size)}
        yield from _tiles({tile: hashes for tile, hashes in grown.items() if tile not in edge})
        progress(size)
    yield from _tiles(edge)
    yield from _tiles_beyond()
    if newest is not None:
        yield from _signed(newest, size)


def _about(entry: bytes) -> str:
    try:
        return leaves.about(leaves.read(entry))
    except Malformed:
        return "nothing: it cannot be read"


def _tiles(wanted: Mapping[Tile, bytes]) -> Iterator[Difference]:
    held = log.read_tiles(wanted)
    for tile, hashes in wanted.items():
        if held.get(tile, b"")[: len(hashes)] != hashes:
            where = f"entries {tile.number * merkle.WIDTH ** (tile.level + 1)} and on"
            yield Difference(f"tile {tile.level}/{tile.number}", "hashes", "as found", f"those of {where}")


def _tiles_beyond() -> Iterator[Difference]:
    """Tiles and hashes that no entry stands behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT level, number FROM verification_logtile"
            " WHERE (number * 256 + length(data) / 32) * (256::numeric ^ level)"
            " > (SELECT coalesce(max(index) + 1, 0) FROM verification_logleaf) ORDER BY 1, 2"
        )
        for level, number in cursor.fetchall():
            yield Difference(f"tile {level}/{number}", "hashes", "more than there are entries", "no more")


def _signed(newest: LogCheckpoint, size: int) -> Iterator[Difference]:
    """The newest checkpoint is of our entries, and signed by the log's key."""
    where = f"checkpoint at {newest.size}"
    if newest.size > size:
        yield Difference(where, "size", str(newest.size), f"at most {size}")
        return
    try:
        root = merkle.root(newest.size, log.read_tiles)
    except merkle.TileMissing as missing:
        yield Difference(where, "root", f"no {missing}", "all of its tiles")
        return
    if bytes(newest.root) != root:
        yield Difference(where, "root", bytes(newest.root).hex(), root.hex())
    key = published_keys.log_key(log.origin())
    try:
        stated = (
            notes.open_checkpoint(newest.note.encode(), key)[0]
            if key is not None
            else notes.read_checkpoint(notes.read(newest.note.encode()).text)
        )
    except (notes.NotGenuine, Malformed) as fault:
        yield Difference(where, "note", str(fault), "signed by the log's key")
        return
    if (stated.size, stated.root) != (newest.size, root):
        yield Difference(where, "note", f"{stated.size} {stated.root.hex()}", f"{newest.size} {root.hex()}")


# --- status lists ------------------------------------------------------------------------------------------------


def of_lists() -> Iterator[Difference]:
    """Each signed list says in all its forms what was published by then, under one of our keys."""
    keys = {key.kid: key.jwk for key in published_keys.every()}
    for row in SignedList.objects.order_by("list_id", "issued_at").iterator(chunk_size=1):
        array = bytes(row.array)
        digest = hashlib.sha256(array).hexdigest()
        said = StatusPublication.objects.filter(list=row.list_id, published_at__lte=row.issued_at)
        if not said.filter(sha256=digest).exists():
            yield Difference(_named(row), "statuses", digest, "one that was published")
        for form in ("cwt", "jwt", *_FORMS):
            try:
                wrong = _unlike(row, form, array, keys)
            except (Malformed, KeyError, TypeError) as fault:
                wrong = str(fault) or type(fault).__name__
            if wrong:
                yield Difference(_named(row), form, wrong, "what the row says, signed by us")


def _named(row: SignedList) -> str:
    return f"list {row.list_id} of {row.issued_at.isoformat()}"


def _unlike(row: SignedList, form: str, array: bytes, keys: Mapping[str, Mapping[str, Any]]) -> str:
    """What is wrong with one form of a list; empty where nothing is."""
    times = (int(row.issued_at.timestamp()), int(row.expires_at.timestamp()))
    envelope: Envelope | Secured
    if form in _FORMS:
        envelope = credentials.unseal(getattr(row, form))
        claims = envelope.claims
        subject = claims["credentialSubject"]
        said = (subject["statusPurpose"], subject["encodedList"], claims["validFrom"], claims["validUntil"])
        wanted = (
            form,
            status_list.bitstring(array, _FORMS[form]),
            credentials.instant(row.issued_at),
            credentials.instant(row.expires_at),
        )
        same = said == wanted
    else:
        stated, envelope = status_list.unseal(row.jwt if form == "jwt" else bytes(row.cwt))
        same = (stated.uri, stated.issued, stated.expires, stated.array) == (
            statuses.uri(row.list_id), *times, array,
        )  # fmt: skip
    if not same:
        return "it says something else"
    jwk = keys.get(envelope.kid.rpartition("#")[2])
    if jwk is None:
        return f"signed with {envelope.kid}, which we have not stated"
    return "" if vouches(jwk, envelope.signed, envelope.signature) else "the signature is not of its key"
