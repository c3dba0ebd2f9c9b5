"""A Merkle tree over log entries: its hashes (RFC 6962), its tiles (C2SP tlog-tiles), and proofs out of tiles.

Plain Python and ``hashlib``: no rows, no clock, no keys. Whoever keeps the tiles hands in a function that reads
them; each question asks it once, for everything it needs, so that a question is one query.

A tile holds the hashes of up to 256 neighbouring complete subtrees: those of single entries at level 0, of 256
entries at level 1, of 65,536 at level 2. Its hashes never change, it only grows to the right, so that one row
with the widest version stands for all narrower ones, and a tile of 256 is final.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

HASH_SIZE: Final = 32
WIDTH: Final = 256
"""Hashes in a full tile, and entries in a full bundle."""

HEIGHT: Final = 8
"""Levels of the tree between one level of tiles and the next."""

LARGEST: Final = 2**53 - 1
"""No tree is larger: the largest whole number that every language reads alike."""

LONGEST_ENTRY: Final = 65_535
"""A bundle states each entry's length in two bytes."""

LONGEST_PROOF: Final = 2 * 53
"""No proof of a tree that we count has more hashes."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class NotProven(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """The proof doesn't show what it was asked to show."""


class TileMissing(LookupError):  # noqa: N818 - the same
    """A tile that the tree needs is not there, or narrower than the tree."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The place of a tile: its level and its number from the left."""

    level: int
    number: int

    def width(self, size: int) -> int:
        """How many hashes the tile has in a tree of this size: 0 to 256."""
        return min(WIDTH, max(0, (size >> HEIGHT * self.level) - self.number * WIDTH))

    def path(self, width: int = WIDTH) -> str:
        """Where the tile is published, below the log's address; entries lie at ``bundle_path``."""
        return f"tile/{self.level}/{number_path(self.number, width)}"


Fetch = Callable[[Collection[Tile]], Mapping[Tile, bytes]]
"""Reads tiles: of each asked for, its hashes, as wide as it is or was."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


# Where things are published


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Where the entries below tile ``number`` of level 0 are published."""
    return f"tile/entries/{number_path(number, width)}"


def number_path(number: int, width: int = WIDTH) -> str:
    """A tile's number as the end of a path: 1234067 is ``x001/x234/067``; with ``.p/12`` when partial."""
    if number < 0 or not 1 <= width <= WIDTH:
        raise ValueError("no such tile")
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")


_NUMBER_PATH: Final = re.compile(
    r"(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?", re.ASCII
)


def read_number_path(text: str) -> tuple[int, int]:
    """The number and the width that the end of a path means; ``ValueError`` unless we would write it so."""
    found = _NUMBER_PATH.fullmatch(text)
    if not found:
        raise ValueError("not the number of a tile")
    number = int(found["number"].replace("x", "").replace("/", ""))
    width = int(found["width"] or WIDTH)
    if width > WIDTH or number_path(number, width) != text:
        raise ValueError("not the only way to write the number of a tile")
    return number, width


def bundle(entries: Sequence[bytes]) -> bytes:
    """Up to 256 entries in one file, each behind its length."""
    if len(entries) > WIDTH or any(len(entry) > LONGEST_ENTRY for entry in entries):
        raise ValueError("too many entries, or one too long")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes, width: int = WIDTH) -> list[bytes]:
    """The first ``width`` entries of a file; ``ValueError`` when it has fewer, or is cut short."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data) or len(entries) == WIDTH:
            raise ValueError("a bundle is cut short or too long")
        entries.append(data[start:at])
    if len(entries) < width:
        raise ValueError("a bundle has fewer entries than it must")
    return entries[:width]


# How the tree grows


def right_edge(size: int) -> list[Tile]:
    """The tiles that are not full in a tree of this size: all that appending and the root need."""
    _check_size(size)
    levels = range(-(-size.bit_length() // HEIGHT))
    edge = (Tile(level, size >> HEIGHT * (level + 1)) for level in levels)
    return [tile for tile in edge if 0 < tile.width(size) < WIDTH]


def append(size: int, edge: Mapping[Tile, bytes], leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """The tiles that change, with their new hashes, when these leaf hashes join a tree of this size.

    ``edge`` holds the tiles of ``right_edge(size)``; ``TileMissing`` unless it does.
    """
    changed: dict[Tile, bytes] = {}
    level, rising = 0, b"".join(map(_hash, leaves))
    while rising:
        first = size >> HEIGHT * level
        tile = Tile(level, first // WIDTH)
        rising = _hashes(edge, tile, first % WIDTH) + rising if first % WIDTH else rising
        above = []
        for start in range(0, len(rising), WIDTH * HASH_SIZE):
            hashes = rising[start : start + WIDTH * HASH_SIZE]
            changed[Tile(level, tile.number + start // (WIDTH * HASH_SIZE))] = hashes
            if len(hashes) == WIDTH * HASH_SIZE:
                above.append(_fold(hashes))
        level, rising = level + 1, b"".join(above)
    return changed


def root(size: int, fetch: Fetch) -> bytes:
    """The root of the tree of this size; it is in the tiles of the right edge."""
    _check_size(size)
    return _ranges([(0, size)], fetch)[0] if size else EMPTY_ROOT


# Proofs


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The hashes that lead from the entry at the index to the root of the tree of this size."""
    _check_size(size)
    if not 0 <= index < size:
        raise IndexError(index)
    return _ranges(_path(index, 0, size), fetch)


def consistency_proof(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """The hashes that show the tree of the old size to be the beginning of that of the new one."""
    _check_size(new)
    if not 0 < old <= new:
        raise ValueError("a tree is compared with an earlier one that has entries")
    return _ranges(_subproof(old, 0, new, whole=True), fetch)


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Refuses with ``NotProven`` unless the leaf hash stands at the index of the tree with this root."""
    if root_from_inclusion(index, size, leaf, proof) != root_hash:
        raise NotProven("the proof leads to another root")


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that a proof of inclusion leads to (RFC 9162, 2.1.3.2); ``NotProven`` if it leads nowhere."""
    if not 0 <= index < size <= LARGEST:
        raise NotProven("no entry at this index")
    found, last = _sized(leaf), size - 1
    for hashed in _sized_all(proof):
        if not last:
            raise NotProven("the proof is too long")
        if index & 1 or index == last:
            found = node_hash(hashed, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, hashed)
        index, last = index >> 1, last >> 1
    if last:
        raise NotProven("the proof is too short")
    return found


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Refuses with ``NotProven`` unless the new tree begins with the old one (RFC 9162, 2.1.4.2).

    An empty old tree proves nothing, and is refused; of the same size only the same root is the same tree.
    """
    if not 0 < old <= new <= LARGEST:
        raise NotProven("no earlier tree with entries to compare with")
    hashes = _sized_all(proof)
    if old == new:
        if hashes or old_root != new_root:
            raise NotProven("trees of the same size must be the same")
        return
    if not hashes:
        raise NotProven("the proof is empty")
    if not old & (old - 1):
        hashes.insert(0, old_root)
    if _both_roots(old - 1, new - 1, hashes) != (_sized(old_root), _sized(new_root)):
        raise NotProven("the proof leads to other roots")


def _both_roots(index: int, last: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root, from the last entries of both trees and the path between them."""
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = hashes[0]
    for hashed in hashes[1:]:
        if not last:
            raise NotProven("the proof is too long")
        if index & 1 or index == last:
            before, after = node_hash(hashed, before), node_hash(hashed, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, hashed)
        index, last = index >> 1, last >> 1
    if last:
        raise NotProven("the proof is too short")
    return before, after


# Which subtrees a proof is made of, and where in the tiles they lie

_Range = tuple[int, int]
"""Entries from the first up to before the second, which are one subtree of RFC 6962."""


def _split(first: int, last: int) -> int:
    """Where RFC 6962 divides a tree: behind the largest power of two that is less than the whole."""
    return first + (1 << (last - first - 1).bit_length() - 1)


def _path(index: int, first: int, last: int) -> list[_Range]:
    path: list[_Range] = []
    while last - first > 1:
        middle = _split(first, last)
        if index < middle:
            path.append((middle, last))
            last = middle
        else:
            path.append((first, middle))
            first = middle
    return path[::-1]


def _subproof(old: int, first: int, last: int, *, whole: bool) -> list[_Range]:
    proof: list[_Range] = []
    while old != last:
        middle = _split(first, last)
        if old <= middle:
            proof.append((middle, last))
            last = middle
        else:
            proof.append((first, middle))
            first, whole = middle, False
    return ([] if whole else [(first, last)]) + proof[::-1]


def _complete(first: int, last: int) -> Iterator[tuple[Tile, int, int]]:
    """The complete subtrees of a range, left to right: each as a tile and which of its hashes."""
    while first < last:
        height = (last - first).bit_length() - 1
        level, within = divmod(height, HEIGHT)
        start = first >> HEIGHT * level
        yield Tile(level, start // WIDTH), start % WIDTH, 1 << within
        first += 1 << height


def _ranges(ranges: Sequence[_Range], fetch: Fetch) -> list[bytes]:
    """The hash of each range, from one reading of tiles."""
    places = [list(_complete(*one)) for one in ranges]
    tiles = fetch({tile for parts in places for tile, _, _ in parts}) if places else {}
    return [_range(parts, tiles) for parts in places]


def _range(parts: Sequence[tuple[Tile, int, int]], tiles: Mapping[Tile, bytes]) -> bytes:
    found = b""
    for tile, start, count in reversed(parts):
        hashes = _hashes(tiles, tile, start + count)[start * HASH_SIZE :]
        found = node_hash(_fold(hashes), found) if found else _fold(hashes)
    return found


def _fold(hashes: bytes) -> bytes:
    """The root over a power of two of hashes."""
    row = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _hashes(tiles: Mapping[Tile, bytes], tile: Tile, width: int) -> bytes:
    data = tiles.get(tile, b"")
    if len(data) < width * HASH_SIZE:
        raise TileMissing(tile.path())
    return data[: width * HASH_SIZE]


def _check_size(size: int) -> None:
    if not 0 <= size <= LARGEST:
        raise ValueError("no tree has this size")


def _hash(data: bytes) -> bytes:
    if len(data) != HASH_SIZE:
        raise ValueError("a hash has 32 bytes")
    return data


def _sized(data: bytes) -> bytes:
    if len(data) != HASH_SIZE:
        raise NotProven("a hash has 32 bytes")
    return data


def _sized_all(proof: Sequence[bytes]) -> list[bytes]:
    if len(proof) > LONGEST_PROOF:
        raise NotProven("the proof is too long")
    return [_sized(hashed) for hashed in proof]
