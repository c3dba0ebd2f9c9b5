"""The log in the database: what is appended is proved, signed when committed, and never altered."""

import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verification import keys, log, merkle, notes, public_keys, signer
from verification.keys import Use
from verification.log import Leaf, NotInLog
from verification.merkle import Tile
from verification.signing import Client, NotSigned, SignerDown

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
ORIGIN = "verify.example.org/log"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A signer with the log's key, asked over its socket."""
    record = keys.create(tmp_path, Use.LOG, ORIGIN, at=int(NOW.timestamp()) - 86_400 * 400)
    signer.begin_log(tmp_path, record)
    signatory = signer.Signatory(tmp_path)
    with signer.Door(tmp_path / "s", signatory) as door:
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Client(tmp_path / "s", timeout=10)
        door.shutdown()
        thread.join()


def _leaves(first: int, count: int) -> list[Leaf]:
    return [
        Leaf(f'{{"n":{number}}}'.encode(), about=f"XA-{number % 3}") for number in range(first, first + count)
    ]


def _vkey(client: Client) -> notes.Key:
    jwk = client.keys()[0]["jwk"]
    return notes.Key(ORIGIN, notes.Kind.NOTE, public_keys.unbase64url(jwk["x"]))


def _published(client: Client, *batches: int) -> list[Leaf]:
    leaves: list[Leaf] = []
    for count in batches:
        more = _leaves(len(leaves), count)
        assert log.append(more) == len(leaves)
        leaves += more
        log.publish(client, ORIGIN, at=NOW)
    return leaves


@pytest.mark.django_db
def test_every_entry_is_proved_under_the_newest_checkpoint(client: Client) -> None:
    leaves = _published(client, 1, 2, 300)
    key = _vkey(client)
    for index in (0, 1, 2, 255, 256, 302):
        proof = notes.read_proof(str(log.proof(index)).encode())
        checkpoint = proof.check(leaves[index].data, key)
        assert (checkpoint.size, proof.index) == (303, index)
        with pytest.raises(merkle.NotProven):
            proof.check(b"another", key)
    for old in (1, 3, 303):
        before = merkle.root(old, log.read_tiles)
        path = log.consistency_proof(old, 303)
        merkle.check_consistency(old, 303, before, notes.read_checkpoint(log.newest().text).root, path)


@pytest.mark.django_db
def test_tiles_and_bundles_hold_what_the_root_is_made_of(client: Client) -> None:
    leaves = _published(client, 700)
    entries = [
        one
        for number, width in ((0, 256), (1, 256), (2, 188))
        for one in merkle.unbundle(log.bundle(number, width), width)
    ]
    assert entries == [leaf.data for leaf in leaves]
    hashes = b"".join(log.tile(Tile(0, number), width) for number, width in ((0, 256), (1, 256), (2, 188)))
    assert hashes == b"".join(map(merkle.leaf_hash, entries))
    assert len(log.tile(Tile(1, 0), 2)) == 64
    assert log.tile(Tile(0, 2), 5) == hashes[512 * 32 : 517 * 32]


@pytest.mark.django_db
def test_what_is_not_there_is_refused(client: Client) -> None:
    with pytest.raises(NotInLog):
        log.newest()
    _published(client, 3)
    log.append(_leaves(3, 1))
    for question in (
        lambda: log.proof(3),
        lambda: log.proof(-1),
        lambda: log.tile(Tile(0, 0), 5),
        lambda: log.tile(Tile(0, 1)),
        lambda: log.tile(Tile(7, 0), 1),
        lambda: log.bundle(0, 5),
        lambda: log.bundle(4),
        lambda: log.consistency_proof(0, 3),
        lambda: log.consistency_proof(2, 5),
        lambda: log.latest("XA-9"),
        lambda: log.latest(""),
    ):
        with pytest.raises(NotInLog):
            question()
    for leaves in ([], [Leaf(b"")] * (log.MOST_AT_ONCE + 1)):
        with pytest.raises(ValueError, match="at once"):
            log.append(leaves)
    with pytest.raises(ValueError, match="65,535"):
        Leaf(b"x" * 65_536)


@pytest.mark.django_db
def test_the_newest_entry_about_something_is_found(client: Client) -> None:
    _published(client, 10)
    assert [log.latest(f"XA-{number}") for number in range(3)] == [9, 7, 8]


@pytest.mark.django_db
def test_a_log_that_did_not_grow_is_signed_once(client: Client) -> None:
    _published(client, 4)
    first = log.newest()
    log.publish(client, ORIGIN, at=NOW)
    assert log.newest() == first


@pytest.mark.django_db
def test_an_empty_log_has_a_checkpoint_too(client: Client) -> None:
    assert log.publish(client, ORIGIN, at=NOW).root == merkle.EMPTY_ROOT
    _published(client, 2)


@pytest.mark.django_db
def test_without_a_signer_nothing_is_lost(client: Client, tmp_path: Path) -> None:
    log.append(_leaves(0, 2))
    with pytest.raises(SignerDown):
        log.publish(Client(tmp_path / "nobody"), ORIGIN, at=NOW)
    assert log.publish(client, ORIGIN, at=NOW).size == 2


@pytest.mark.django_db
def test_a_log_that_was_set_back_gets_no_checkpoint(client: Client) -> None:
    with transaction.atomic():
        before = transaction.savepoint()
        _published(client, 5)
        transaction.savepoint_rollback(before)
        log.append(_leaves(0, 3))
        with pytest.raises(NotSigned, match=r"log\.rolled_back"):
            log.publish(client, ORIGIN, at=NOW)
        log.append(_leaves(9, 4))
        with pytest.raises(NotSigned, match=r"log\.forked"):
            log.publish(client, ORIGIN, at=NOW)
    with pytest.raises(NotInLog):
        log.newest()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE verification_logleaf SET data = 'x'",
        "DELETE FROM verification_logleaf",
        "TRUNCATE verification_logleaf",
        "UPDATE verification_logcheckpoint SET note = 'x'",
        "DELETE FROM verification_logcheckpoint",
        "DELETE FROM verification_logtile",
        "UPDATE verification_logtile SET data = decode(repeat('00', 64), 'hex')",
        "UPDATE verification_logtile SET data = substr(data, 1, 32)",
        "UPDATE verification_logtile SET number = 7",
        "UPDATE verification_logtile SET data = data || 'x'",
        "ALTER TABLE verification_logleaf DISABLE TRIGGER ALL",
    ],
)
def test_nobody_rewrites_the_log(client: Client, statement: str) -> None:
    _published(client, 2)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_many_who_append_at_once_share_one_order() -> None:
    def add(thread: int) -> None:
        for number in range(5):
            mine = [Leaf(f"{thread} {number} {place}".encode()) for place in range(3)]
            firsts.append(log.append(mine))
        connections.close_all()

    firsts: list[int] = []
    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(firsts) == list(range(0, 60, 3))
    entries = merkle.unbundle(log.bundle(0, 60), 60)
    assert log.tile(Tile(0, 0), 60) == b"".join(map(merkle.leaf_hash, entries))


@pytest.mark.django_db
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=4))
def test_the_tree_is_the_plain_one_whatever_the_batches(batches: list[int]) -> None:
    with transaction.atomic():
        before = transaction.savepoint()
        for count in batches:
            log.append(_leaves(log.size(), count))
        leaves = [merkle.leaf_hash(leaf.data) for leaf in _leaves(0, sum(batches))]
        tiles = merkle.append(0, {}, leaves)
        assert merkle.root(log.size(), log.read_tiles) == merkle.root(len(leaves), lambda _wanted: tiles)
        transaction.savepoint_rollback(before)


@pytest.mark.django_db
def test_five_thousand_entries_a_second_join_and_one_joins_in_a_blink() -> None:
    leaves = [
        Leaf(hashlib.sha256(bytes([n % 256, n // 256])).digest() * 15, about=f"XA-{n}") for n in range(10_000)
    ]
    started = time.process_time()
    log.append(leaves)
    assert time.process_time() - started < 2
    started = time.process_time()
    log.append(leaves[:1])
    assert time.process_time() - started < 0.05
