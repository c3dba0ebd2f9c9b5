"""The tree against the world's vectors, against the plainest tree there is, and tile by tile."""

import base64
import json
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification import merkle
from verification.merkle import NotProven, Tile, TileMissing

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "merkle" / "testdata"

# The eight entries and roots that implementations of RFC 6962 have in common.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


class Shelf:
    """Tiles in memory, and how often they were asked for."""

    def __init__(self) -> None:
        self.size, self.readings = 0, 0
        self.tiles: dict[Tile, bytes] = {}

    def fetch(self, wanted: Collection[Tile]) -> Mapping[Tile, bytes]:
        self.readings += 1
        return {tile: self.tiles[tile] for tile in wanted if tile in self.tiles}

    def add(self, leaves: Sequence[bytes]) -> None:
        edge = self.fetch(merkle.right_edge(self.size))
        self.tiles.update(merkle.append(self.size, edge, leaves))
        self.size += len(leaves)


def _leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(one).encode()) for one in range(count)]


def _shelf(count: int) -> Shelf:
    shelf = Shelf()
    shelf.add(_leaves(count))
    return shelf


def _plain_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return merkle.node_hash(_plain_root(leaves[:middle]), _plain_root(leaves[middle:]))


def _vectors(kind: str) -> list[dict[str, Any]]:
    found = [json.loads(file.read_text("utf-8")) for file in sorted((VECTORS / kind).rglob("*.json"))]
    if not found:
        pytest.skip("the third-party Merkle vectors are not beside the repository")
    assert len(found) == 98
    return found


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def _judged_right(vector: dict[str, Any], judge: Any, *facts: Any) -> bool:
    try:
        judge(*facts)
    except NotProven:
        return bool(vector["wantErr"])
    return not vector["wantErr"]


def test_every_third_party_proof_of_inclusion_is_judged_right() -> None:
    wrong = [
        vector["desc"]
        for vector in _vectors("inclusion")
        if not _judged_right(
            vector,
            merkle.check_inclusion,
            vector["leafIdx"],
            vector["treeSize"],
            _bytes(vector["leafHash"]),
            [_bytes(one) for one in vector["proof"] or ()],
            _bytes(vector["root"]),
        )
    ]
    assert wrong == []


def test_every_third_party_proof_of_consistency_is_judged_right() -> None:
    wrong = [
        vector["desc"]
        for vector in _vectors("consistency")
        if not _judged_right(
            vector,
            merkle.check_consistency,
            vector["size1"],
            vector["size2"],
            _bytes(vector["root1"]),
            _bytes(vector["root2"]),
            [_bytes(one) for one in vector["proof"] or ()],
        )
    ]
    assert wrong == []


def test_our_proofs_are_those_of_the_vectors_byte_for_byte() -> None:
    shelf = Shelf()
    shelf.add([merkle.leaf_hash(entry) for entry in ENTRIES])
    root = base64.b64encode(bytes.fromhex(ROOTS[7])).decode()
    for vector in _vectors("inclusion"):
        if not vector["wantErr"] and vector["root"] == root:
            ours = merkle.inclusion_proof(vector["leafIdx"], 8, shelf.fetch)
            assert ours == [_bytes(one) for one in vector["proof"]]
    for vector in _vectors("consistency"):
        if not vector["wantErr"] and vector["root2"] == root:
            ours = merkle.consistency_proof(vector["size1"], 8, shelf.fetch)
            assert ours == [_bytes(one) for one in vector["proof"] or ()]


def test_the_reference_roots_of_rfc_6962_are_ours() -> None:
    shelf = Shelf()
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        shelf.add([merkle.leaf_hash(entry)])
        assert merkle.root(shelf.size, shelf.fetch).hex() == root


def test_a_tree_without_entries_has_the_hash_of_nothing() -> None:
    assert merkle.root(0, Shelf().fetch) == merkle.EMPTY_ROOT


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_however_entries_arrive_the_tiles_and_the_root_are_the_same(batches: list[int]) -> None:
    leaves = _leaves(sum(batches))
    shelf, at = Shelf(), 0
    for count in batches:
        shelf.add(leaves[at : at + count])
        at += count
    assert shelf.tiles == _shelf(at).tiles
    assert merkle.root(at, shelf.fetch) == _plain_root(leaves)
    assert all(len(data) == tile.width(at) * 32 for tile, data in shelf.tiles.items())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_proof_we_make_is_accepted_for_every_size_the_tree_ever_had(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1400))
    shelf = _shelf(size + data.draw(st.integers(0, 300)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    leaves = _leaves(size)
    root, old_root = _plain_root(leaves), _plain_root(leaves[:old])
    shelf.readings = 0
    inclusion = merkle.inclusion_proof(index, size, shelf.fetch)
    consistency = merkle.consistency_proof(old, size, shelf.fetch)
    assert shelf.readings <= 2
    merkle.check_inclusion(index, size, leaves[index], inclusion, root)
    merkle.check_consistency(old, size, old_root, root, consistency)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_one_changed_bit_anywhere_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 600))
    shelf, leaves = _shelf(size), _leaves(size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    root, old_root = _plain_root(leaves), _plain_root(leaves[:old])

    def bent(hashes: list[bytes]) -> list[bytes]:
        bit = data.draw(st.integers(0, 256 * len(hashes) - 1))
        whole = bytearray(b"".join(hashes))
        whole[bit // 8] ^= 1 << bit % 8
        return [bytes(whole[at : at + 32]) for at in range(0, len(whole), 32)]

    leaf, to_root, *inclusion = bent([leaves[index], root, *merkle.inclusion_proof(index, size, shelf.fetch)])
    with pytest.raises(NotProven):
        merkle.check_inclusion(index, size, leaf, inclusion, to_root)
    before, after, *consistency = bent([old_root, root, *merkle.consistency_proof(old, size, shelf.fetch)])
    with pytest.raises(NotProven):
        merkle.check_consistency(old, size, before, after, consistency)


def test_an_earlier_tree_without_entries_proves_nothing() -> None:
    root = bytes.fromhex(ROOTS[0])
    with pytest.raises(NotProven):
        merkle.check_consistency(0, 1, merkle.EMPTY_ROOT, root, [])
    with pytest.raises(ValueError, match="entries"):
        merkle.consistency_proof(0, 1, _shelf(1).fetch)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_hash_that_is_not_32_bytes_is_refused_everywhere(size: int) -> None:
    good, bad = b"\1" * 32, b"\1" * size
    for facts in ((bad, [good], good), (good, [bad], good)):
        with pytest.raises(NotProven):
            merkle.check_inclusion(0, 2, *facts)
    for first, second, proof in ((bad, good, [good]), (good, bad, [good]), (good, good, [bad])):
        with pytest.raises(NotProven):
            merkle.check_consistency(1, 2, first, second, proof)
    with pytest.raises(ValueError, match="32 bytes"):
        merkle.append(0, {}, [bad])


def test_the_changed_root_of_a_proof_of_one_entry_is_refused() -> None:
    with pytest.raises(NotProven):
        merkle.check_inclusion(0, 1, b"\1" * 32, [], b"\2" * 32)
    for index, size in ((-1, 1), (1, 1), (0, 0), (0, 2**53)):
        with pytest.raises(NotProven):
            merkle.check_inclusion(index, size, b"\1" * 32, [], b"\1" * 32)


def test_a_missing_or_narrow_tile_is_named() -> None:
    shelf = _shelf(700)
    del shelf.tiles[Tile(0, 1)]
    shelf.tiles[Tile(0, 2)] = shelf.tiles[Tile(0, 2)][:-32]
    with pytest.raises(TileMissing, match="tile/0/001"):
        merkle.inclusion_proof(300, 700, shelf.fetch)
    with pytest.raises(TileMissing, match="tile/0/002"):
        merkle.root(700, shelf.fetch)
    with pytest.raises(TileMissing):
        merkle.append(700, {}, _leaves(1))


def test_seventy_thousand_entries_lie_in_the_tiles_that_c2sp_shows() -> None:
    shelf = _shelf(70_000)
    wide = {tile.path(tile.width(70_000)) for tile in shelf.tiles}
    assert {"tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} < wide
    assert len(wide) == 274 + 2 + 1
    assert merkle.right_edge(70_000) == [Tile(0, 273), Tile(1, 1), Tile(2, 0)]


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (1_234_067, 256, "x001/x234/067"),
        (0, 256, "000"),
        (999, 12, "999.p/12"),
        (1000, 1, "x001/000.p/1"),
        (273, 255, "273.p/255"),
    ],
)
def test_a_number_is_written_in_groups_of_three_and_read_back(number: int, width: int, path: str) -> None:
    assert merkle.number_path(number, width) == path
    assert merkle.read_number_path(path) == (number, width)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "67", "0067", "x001", "001/000", "x000/067", "x001/x234/x067", "X001/067", "067.p/0", "067.p/256",
        "067.p/257", "067.p/007", "067.p/", "067/", "/067", "067\n", "٠٦٧", "-01", "x001//000", "999999999999",
    ],
)  # fmt: skip
def test_a_number_in_any_other_writing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number of a tile"):
        merkle.read_number_path(text)


@given(st.integers(0, 2**45), st.integers(1, 256))
def test_every_number_and_width_is_read_as_it_was_written(number: int, width: int) -> None:
    assert merkle.read_number_path(merkle.number_path(number, width)) == (number, width)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=256), st.data())
def test_a_bundle_gives_its_entries_back_and_no_cut_one(entries: list[bytes], data: st.DataObject) -> None:
    packed = merkle.bundle(entries)
    assert merkle.unbundle(packed, len(entries)) == entries
    fewer = data.draw(st.integers(0, len(entries)))
    assert merkle.unbundle(packed, fewer) == entries[:fewer]
    if packed:
        with pytest.raises(ValueError, match="bundle"):
            merkle.unbundle(packed[: data.draw(st.integers(0, len(packed) - 1))], len(entries))


def test_what_no_bundle_can_hold_is_refused() -> None:
    for entries in ([b"x" * 65_536], [b""] * 257):
        with pytest.raises(ValueError, match="too"):
            merkle.bundle(entries)
    with pytest.raises(ValueError, match="too long"):
        merkle.unbundle(b"\0\0" * 257)
    assert merkle.bundle([b"ab", b""]) == b"\0\2ab\0\0"


def test_a_thousand_entries_join_a_large_tree_in_a_blink() -> None:
    shelf, leaves = _shelf(50_000), _leaves(1000)
    started = time.process_time()
    shelf.add(leaves)
    merkle.root(shelf.size, shelf.fetch)
    merkle.inclusion_proof(12_345, shelf.size, shelf.fetch)
    assert time.process_time() - started < 0.2  # five thousand a second, with room for a slow machine
