"""Drills: a badge key stolen, a log key lost, a database restored from a backup that is too old."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings

from tests import builders
from tests.verification import places
from tests.verification.minting import BADGE
from tests.verification.test_trust_list import PINNED, ROOTS, countersigned, thumbprint
from verification import (
    ceremony,
    codec,
    envelopes,
    keys,
    leaves,
    log,
    merkle,
    notes,
    offline,
    published_keys,
    published_trust,
    recovery,
    signer,
    signing,
    status_list,
)
from verification.codec import Badge
from verification.keys import Use
from verification.log import Leaf
from verification.offline import Reason
from verification.recovery import RecoveryRefused
from verification.signing import Client, Kind, NotSigned
from verification.status_list import StatusList
from verification.trust_list import Signed
from verification.verdicts import Result

AT = datetime(2027, 1, 15, 8, tzinfo=UTC)
NOW = int(AT.timestamp())
DAY = 86_400
HOST = "verify.example.org"
CODE = "XA-DLA"
ISSUER = f"{HOST}/a/xa-dla"
ORIGIN = f"{HOST}/log"
LIST = f"https://{HOST}/s/1"

Owner = Callable[[], AbstractContextManager[None]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    places.make_keys(tmp_path / "keys", HOST, CODE, at=NOW)
    return tmp_path / "keys"


@pytest.fixture
def client(directory: Path, tmp_path: Path, clock: Any) -> Iterator[Client]:
    """Our signer, set for the whole register."""
    clock.stop(AT)
    with (
        places.signing_with(directory, tmp_path / "s") as found,
        override_settings(REGISTRY_HOST=HOST, REGISTRY_SCHEME="https", REGISTRY_SIGNER=str(tmp_path / "s")),
    ):
        published_keys.record(found.keys(), at=AT)
        yield found


# A badge key is stolen


def badges(count: int) -> list[Badge]:
    """Badges of as many licences, as they were issued a month ago."""
    return [
        replace(
            BADGE,
            issuer=ISSUER,
            status_uri=LIST,
            status_index=number,
            licence=f"XA-DLA-A-{number:06}-K",
            issued=NOW - 30 * DAY,
            expires=NOW + 300 * DAY,
        )
        for number in range(count)
    ]


def sealed(badge: Badge, client: Client) -> str:
    key = client.signer(Kind.BADGE, ISSUER)
    return codec.encode(badge, kid=key.kid, sign=key.sign)


def token(digits: str) -> str:
    """What the log calls it, by hand."""
    return hashlib.sha256(zlib.decompress(codec.from_digits(digits))).hexdigest()


def listed(client: Client) -> bytes:
    key = client.signer(Kind.STATUS, ISSUER)
    stated = StatusList(LIST, NOW, NOW + 7 * DAY, 300, 2, bytes(status_list.blank()))
    return status_list.seal_cwt(stated, kid=key.kid, sign=key.sign)


def published(known: Signed | None = None) -> Signed:
    """The list of trust that the custodians sign on what the register states now."""
    payload = ceremony.draft(
        [published_keys.statement(CODE, at=AT)],
        issuer=f"did:web:{HOST}",
        known=known,
        next_roots=[thumbprint(name) for name in ROOTS],
        at=NOW,
    )
    document = envelopes.join_jws(payload, [countersigned(payload, name) for name in ROOTS[:2]])
    return published_trust.publish(document, roots=PINNED, at=AT)


def judged(digits: str, status: bytes, *, online: bool = True) -> tuple[Result, Reason]:
    known = published_trust.believed()
    assert known is not None
    asked = published_trust.logged if online else None
    verdict = offline.verify(digits, trust=known.trust, status_list=status, at=AT, logged=asked)
    return verdict.result, verdict.reasons[0]


def test_after_a_theft_the_true_badges_stand_the_forged_fall_and_all_are_signed_anew(
    client: Client, directory: Path
) -> None:
    builders.authority()
    first, status = published(), listed(client)
    stolen = client.signer(Kind.BADGE, ISSUER)
    now = [replace(badge, issued=NOW) for badge in badges(20)]
    true = [sealed(badge, client) for badge in now]
    entries = [{"t": "badge.issued", "tok": token(digits)} for digits in true]
    log.append([Leaf(json.dumps(entry).encode(), about=entry["tok"]) for entry in entries])
    log.publish(client, log.origin(), at=AT)
    thief = keys.open_key(directory, keys.every(directory)[0])
    forged = codec.encode(replace(now[0], name="Nobody Ltd"), kid=stolen.kid, sign=thief.sign)
    assert judged(forged, status) == (Result.LICENSED, Reason.STATUS_VALID), "nobody knows yet"

    call_command("keys", "--keys", str(directory), "compromise", stolen.kid, "--cutoff", str(log.size()))
    call_command("keys", "--keys", str(directory), "create", "badge", ISSUER)
    assert published_keys.refresh(at=AT) == 2
    published(first)

    assert judged(true[0], status) == (Result.LICENSED, Reason.STATUS_VALID)
    assert judged(forged, status) == (Result.NOT_GENUINE, Reason.TOKEN_NOT_LOGGED)
    assert judged(true[0], status, online=False) == (Result.UNKNOWN, Reason.KEY_COMPROMISED)
    late = codec.encode(replace(now[1], name="Later Ltd"), kid=stolen.kid, sign=thief.sign)
    log.append([Leaf(json.dumps({"t": "badge.issued", "tok": token(late)}).encode(), about=token(late))])
    assert judged(late, status) == (Result.NOT_GENUINE, Reason.TOKEN_NOT_LOGGED), "logged after the cutoff"

    fresh = list(recovery.reissue(now, client, at=AT))
    assert [one.badge for one in fresh] == now
    assert {one.kid for one in fresh} == {client.signer(Kind.BADGE, ISSUER).kid} != {stolen.kid}
    for one in fresh:
        assert one.token == token(one.digits)
        assert judged(one.digits, status, online=False) == (Result.LICENSED, Reason.STATUS_VALID)


def test_a_successor_that_waits_is_believed_by_verifiers_who_have_not_heard_of_the_theft(
    client: Client, directory: Path, clock: Any
) -> None:
    builders.authority()
    stolen = client.signer(Kind.BADGE, ISSUER).kid
    call_command("keys", "--keys", str(directory), "rotate", "badge", ISSUER, "--after", "300")
    published_keys.refresh(at=AT)
    published()
    status = listed(client)
    keys.compromise(directory, stolen, at=NOW + DAY, cutoff=0)
    clock.stop(AT + timedelta(days=1))
    (one,) = recovery.reissue(badges(1), client, at=AT + timedelta(days=1))
    known = published_trust.believed()
    assert known is not None
    verdict = offline.verify(
        one.digits, trust=known.trust, status_list=status, at=AT + timedelta(days=1), logged=None
    )
    assert (verdict.result, one.kid != stolen) == (Result.LICENSED, True)


def test_a_print_that_would_have_ended_is_not_signed_again(client: Client) -> None:
    ended = replace(badges(1)[0], expires=NOW - 1)
    assert list(recovery.reissue([ended], client, at=AT)) == []


def test_the_demo_holds_a_ceremony_of_its_own_when_it_has_to(client: Client, tmp_path: Path) -> None:
    demo_trust = import_module("scripts.demo_trust")
    assert not demo_trust.hold(tmp_path / "roots", at=AT), "without an authority there is nothing to say"
    builders.authority()
    assert demo_trust.hold(tmp_path / "roots", at=AT)
    assert not demo_trust.hold(tmp_path / "roots", at=AT + timedelta(days=1))
    assert demo_trust.hold(tmp_path / "roots", at=AT + timedelta(days=11))
    known = published_trust.believed()
    assert known is not None
    assert (known.trust.version, list(known.trust.authorities)) == (2, [ISSUER])


# The database is restored from a backup behind the last checkpoint


def _entries(first: int, count: int) -> list[Leaf]:
    told = [{"t": "licence.grant", "lic": f"XA-{n}", "v": 1} for n in range(first, first + count)]
    return [Leaf(json.dumps(one).encode(), about=one["lic"]) for one in told]  # type: ignore[arg-type]


def set_back(as_owner: Owner, size: int) -> None:
    """What a backup of the time when the log had this size brings back."""
    kept = log.read_tiles([*merkle.right_edge(size), *_left(size)])
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        for table in ("logleaf", "logtile", "logcheckpoint"):
            cursor.execute(f"ALTER TABLE verification_{table} DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM verification_logleaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM verification_logcheckpoint WHERE size > %s", [size])
        cursor.execute("DELETE FROM verification_logtile")
        for tile, data in kept.items():
            width = tile.width(size) * merkle.HASH_SIZE
            if width:
                cursor.execute(
                    "INSERT INTO verification_logtile (level, number, data) VALUES (%s, %s, %s)",
                    [tile.level, tile.number, data[:width]],
                )
        for table in ("logleaf", "logtile", "logcheckpoint"):
            cursor.execute(f"ALTER TABLE verification_{table} ENABLE TRIGGER USER")


def _left(size: int) -> list[merkle.Tile]:
    return [merkle.Tile(0, number) for number in range(-(-size // merkle.WIDTH))]


def test_a_database_behind_the_last_checkpoint_gets_no_signature_until_its_log_is_replayed(
    client: Client, as_owner: Owner, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    log.append(_entries(0, 300))
    log.publish(client, log.origin(), at=AT)
    alarm = Leaf(json.dumps({"t": "unattributed", "v": 1}).encode(), about=leaves.ABOUT_NOBODY)
    log.append([*_entries(300, 299), alarm])
    before = log.publish(client, log.origin(), at=AT)
    call_command("recover", "export", str(folder), stdout=StringIO())
    proof = str(log.proof(550))

    set_back(as_owner, 300)
    log.append(_entries(900, 1))
    with pytest.raises(NotSigned, match=r"log\.rolled_back") as refusal:
        log.publish(client, log.origin(), at=AT)
    assert "replay entries" in refusal.value.detail
    with pytest.raises(CommandError, match="were altered"):
        call_command("recover", "replay", str(folder))
    assert log.size() == 301, "nothing was appended"

    set_back(as_owner, 300)
    told = StringIO()
    call_command("recover", "replay", str(folder), stdout=told)
    assert "600 entries again" in told.getvalue()
    assert log.publish(client, log.origin(), at=AT) == before
    assert str(log.proof(550)) == proof
    assert log.latest("XA-598") == 598
    assert log.latest(leaves.ABOUT_NOBODY) == 599, "what raised an alarm raises it again"
    with pytest.raises(CommandError, match="nothing is missing"):
        call_command("recover", "replay", str(folder))
    log.append(_entries(600, 1))
    assert log.publish(client, log.origin(), at=AT).size == 601


def test_files_that_are_not_the_logs_are_refused(
    client: Client, as_owner: Owner, tmp_path: Path, directory: Path
) -> None:
    folder = tmp_path / "log"
    with pytest.raises(CommandError, match="signed yet"):
        call_command("recover", "export", str(folder))
    log.append(_entries(0, 5))
    log.publish(client, log.origin(), at=AT)
    recovery.export(folder)
    set_back(as_owner, 2)
    bundle = folder / merkle.bundle_path(0, 5)
    good = bundle.read_bytes()
    for spoiled in (good[:-1], good.replace(b"XA-3", b"XA-9"), b""):
        bundle.write_bytes(spoiled)
        with pytest.raises(CommandError, match=r"can't be read|were altered"):
            call_command("recover", "replay", str(folder))
    bundle.write_bytes(good)
    other = notes.Key(ORIGIN, notes.Kind.NOTE, bytes(31) + b"\1")
    with pytest.raises(CommandError, match="no checkpoint of"):
        call_command("recover", "--vkey", other.vkey(), "replay", str(folder))
    with pytest.raises(CommandError, match="no checkpoint of"):
        call_command("recover", "replay", str(tmp_path / "nowhere"))
    with override_settings(REGISTRY_LOG_NAME="other"), pytest.raises(CommandError, match="--vkey"):
        call_command("recover", "replay", str(folder))
    assert log.size() == 2


def test_a_mirror_of_the_published_files_is_as_good_as_an_export(client: Client, tmp_path: Path) -> None:
    log.append(_entries(0, 70_000 // 100))
    log.publish(client, log.origin(), at=AT)
    recovery.export(tmp_path / "a")
    assert (tmp_path / "a" / "checkpoint").read_text("utf-8") == str(log.newest())
    assert (tmp_path / "a" / "tile" / "0" / "002.p" / "188").read_bytes() == log.tile(merkle.Tile(0, 2), 188)
    assert (tmp_path / "a" / "tile" / "1" / "000.p" / "2").read_bytes() == log.tile(merkle.Tile(1, 0), 2)
    assert (tmp_path / "a" / "tile" / "entries" / "000").read_bytes() == log.bundle(0)
    log.append(_entries(700, 100))
    log.publish(client, log.origin(), at=AT)
    assert recovery.export(tmp_path / "a").size == 800


# The log's key is lost


def test_a_log_whose_key_is_lost_goes_on_under_a_name_that_commits_to_the_old_one(
    client: Client, directory: Path, as_owner: Owner, tmp_path: Path
) -> None:
    log.append(_entries(0, 7))
    old = log.publish(client, ORIGIN, at=AT)
    old_key = published_keys.log_key(ORIGIN)
    assert old_key is not None
    witness = signing.cosignature(client, f"{HOST}/witness", log.newest(), (), at=NOW)
    note = log.newest()
    seen = tmp_path / "seen"
    seen.write_text(str(notes.Note(note.text, (*note.signatures, witness))), encoding="utf-8")
    log.append(_entries(7, 2))

    # the key is gone, and nothing can be signed any more
    stolen = next(one for one in keys.every(directory) if one.use is Use.LOG)
    (directory / f"{stolen.kid}.pem").unlink()
    (directory / keys.INDEX).touch()
    with pytest.raises(NotSigned, match=r"key\.closed"):
        log.publish(client, ORIGIN, at=AT)

    new = f"{HOST}/log-2"
    call_command("keys", "--keys", str(directory), "create", "log", new, stdout=StringIO())
    published_keys.refresh(at=AT)
    with pytest.raises(CommandError, match="registry_owner"):
        call_command("recover", "new-log", "log-2", "--seen", str(seen))
    told = StringIO()
    with as_owner():
        call_command("recover", "new-log", "log-2", "--seen", str(seen), stdout=told)
    assert "log_until_7" in told.getvalue()

    with override_settings(REGISTRY_LOG_NAME="log-2"):
        key = published_keys.log_key(log.origin())
        assert key is not None
        assert key.name == new
        proof = log.proof(0)
        (first,) = merkle.unbundle(log.bundle(0, 1), 1)
        assert proof.check(first, key).size == 1
        assert recovery.continued(first, old_key) == old
        committed = notes.read(json.loads(first)["prev"].encode())
        assert [one.name for one in committed.signatures] == [ORIGIN, f"{HOST}/witness"]
        log.append(_entries(0, 9))
        assert log.publish(client, log.origin(), at=AT).size == 10
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM log_until_7.verification_logleaf")
        assert cursor.fetchone()[0] == 9
        cursor.execute("DROP SCHEMA log_until_7 CASCADE")
    with pytest.raises(RecoveryRefused):
        recovery.continued(b'{"t":"licence.grant"}', old_key)
    with pytest.raises(RecoveryRefused):
        recovery.continued(first, key)


def test_a_log_begins_anew_only_on_what_the_world_has_seen(
    client: Client, as_owner: Owner, tmp_path: Path
) -> None:
    log.append(_entries(0, 7))
    log.publish(client, ORIGIN, at=AT)
    key = published_keys.log_key(ORIGIN)
    assert key is not None
    seen = str(log.newest()).encode()
    with as_owner():
        for origin, document in ((ORIGIN, seen), (f"{HOST}/log-2", seen.replace(b"\n7\n", b"\n8\n"))):
            with pytest.raises(RecoveryRefused):
                recovery.begin_anew(origin, document, key, at=AT)
    set_back(as_owner, 3)
    with as_owner(), pytest.raises(RecoveryRefused, match="replay them"):
        recovery.begin_anew(f"{HOST}/log-2", seen, key, at=AT)


def test_the_signers_lost_memory_is_never_filled_by_guessing(client: Client, directory: Path) -> None:
    log.append(_entries(0, 2))
    log.publish(client, ORIGIN, at=AT)
    log.append(_entries(2, 1))
    memory = directory / signer.TREES
    kept = memory.read_bytes()
    memory.unlink()
    with pytest.raises(NotSigned, match=r"log\.forgotten") as refusal:
        log.publish(client, ORIGIN, at=AT)
    assert "backup" in refusal.value.detail
    memory.write_bytes(kept)
    assert log.publish(client, ORIGIN, at=AT).size == 3
