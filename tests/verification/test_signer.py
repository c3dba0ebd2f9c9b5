"""The signer on its socket: what it signs, what it refuses, and that no history forks past it."""

import base64
import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.conf import checks
from verification import (
    cbor,
    codec,
    envelopes,
    keys,
    merkle,
    notes,
    public_keys,
    signer,
    signing,
    status_list,
)
from verification.codec import Badge
from verification.keys import Use
from verification.notes import Checkpoint
from verification.public_keys import base64url
from verification.signing import Client, Kind, NotSigned, RemoteSigner, SignerDown
from verification.status_list import StatusList
from verification.vaults import VaultClosed

NOW = 1_800_000_000
HOST = "verify.example.org"
AUTHORITY = f"{HOST}/a/xa-dla"
DID = "did:web:verify.example.org:a:xa-dla"
ORIGIN = f"{HOST}/log"
WITNESS = f"{HOST}/witness"
PATIENT = 10.0
"""Seconds: what is measured elsewhere must not fail here because a machine is busy."""

BADGE = Badge(
    issuer=AUTHORITY,
    licence="XA-DLA-REC-000123-4",
    issued=NOW,
    expires=NOW + 86_400,
    status_uri=f"https://{HOST}/s/1",
    status_index=7,
    code="XA7K3M9QX2TWN",
    name="Everest Overseas",
    class_letter="A",
    leaf=3,
)
LIST = StatusList(f"https://{HOST}/s/1", NOW, NOW + 7 * 86_400, 300, 2, bytes(16))
RECEIPT = {"iss": AUTHORITY, "sub": "XA-DLA-REC-000123-4", "iat": NOW, "verdict": "licensed"}
CREDENTIAL: dict[str, Any] = {
    "type": ["VerifiableCredential", "DigitalIdentityAnchor"],
    "id": f"https://{HOST}/c/XA7K3M9QX2TWN",
    "issuer": {"id": DID},
    "validFrom": "2027-01-15T08:00:00Z",
    "validUntil": "2028-01-15T08:00:00Z",
}
STATUS_CREDENTIAL = {
    "type": ["VerifiableCredential", "BitstringStatusListCredential"],
    "id": f"https://{HOST}/b/1/revocation",
    "issuer": DID,
    "validFrom": "2027-01-15T08:00:00Z",
    "validUntil": "2027-01-22T08:00:00Z",
}


@pytest.fixture(autouse=True)
def _stopped(clock: Any) -> None:
    clock.stop(datetime.fromtimestamp(NOW, UTC))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a key for every use."""
    found = tmp_path / "keys"
    for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
        keys.create(found, use, AUTHORITY, at=NOW)
    signer.begin_log(found, keys.create(found, Use.LOG, ORIGIN, at=NOW))
    keys.create(found, Use.WITNESS, WITNESS, at=NOW)
    return found


class Running:
    """A signer in threads of this process, to stop and to start again."""

    def __init__(self, directory: Path, path: Path) -> None:
        self.directory, self.path = directory, path
        self.start()

    def start(self, *, demo: bool = False) -> None:
        self.signatory = signer.Signatory(self.directory, demo=demo)
        self.door = signer.Door(self.path, self.signatory)
        self.thread = threading.Thread(target=self.door.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self) -> None:
        self.door.shutdown()
        self.thread.join()
        self.door.server_close()


@pytest.fixture
def running(directory: Path, tmp_path: Path) -> Iterator[Running]:
    found = Running(directory, tmp_path / "s")
    yield found
    found.stop()


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    found = Client(running.path, timeout=PATIENT)
    yield found
    found.close()


def _jws(claims: Any, kind: str, key: RemoteSigner, **header: Any) -> bytes:
    stated = {"alg": "ES256", "kid": key.kid, "typ": kind} | header
    return b".".join(base64url(json.dumps(part).encode()).encode() for part in (stated, claims))


def _digests(directory: Path) -> list[list[str]]:
    return [line.split() for line in (directory / signer.DIGESTS).read_text("utf-8").splitlines()]


# What it signs


def test_a_badge_is_signed_by_the_authoritys_key_and_its_digest_is_kept(
    client: Client, directory: Path
) -> None:
    key = client.signer(Kind.BADGE, AUTHORITY)
    badge, envelope = codec.decode(codec.encode(BADGE, kid=key.kid, sign=key.sign))
    assert badge == BADGE
    assert public_keys.vouches(key.public_jwk, envelope.signed, envelope.signature)
    ((at, kind, authority, kid, digest),) = _digests(directory)
    assert (at, kind, authority, kid) == ("2027-01-15T08:00:00.000+00:00", "badge", AUTHORITY, key.kid)
    assert digest == hashlib.sha256(envelope.signed).hexdigest()


def test_status_lists_are_signed_in_all_their_forms(client: Client) -> None:
    key = client.signer(Kind.STATUS, AUTHORITY)
    for sealed in (
        status_list.seal_cwt(LIST, kid=key.kid, sign=key.sign),
        status_list.seal_jwt(LIST, kid=key.kid, sign=key.sign),
    ):
        stated, envelope = status_list.unseal(sealed)
        assert stated == LIST
        assert public_keys.vouches(key.public_jwk, envelope.signed, envelope.signature)
    message = _jws(STATUS_CREDENTIAL, "vc+jwt", key, kid=f"{DID}#{key.kid}")
    assert public_keys.vouches(key.public_jwk, message, key.sign(message))


def test_receipts_are_signed_and_nobody_keeps_who_checked_whom(client: Client, directory: Path) -> None:
    key = client.signer(Kind.RECEIPT, AUTHORITY)
    token = envelopes.seal_jws(RECEIPT, kid=key.kid, sign=key.sign, kind="licence-status+jwt")
    envelope = envelopes.open_jws(token, kind="licence-status+jwt")
    assert public_keys.vouches(key.public_jwk, envelope.signed, envelope.signature)
    assert _digests(directory) == []


def test_a_credential_is_signed(client: Client, directory: Path) -> None:
    key = client.signer(Kind.CREDENTIAL, AUTHORITY)
    message = _jws(CREDENTIAL, "vc+jwt", key, kid=f"{DID}#{key.kid}", cty="vc")
    assert public_keys.vouches(key.public_jwk, message, key.sign(message))
    assert [line[1] for line in _digests(directory)] == ["credential"]


# What it refuses


def _badge_bytes(badge: Badge, kid: str, **headers: Any) -> bytes:
    kept: list[bytes] = []

    def keep(message: bytes) -> bytes:
        kept.append(message)
        return bytes(64)

    envelopes.seal_cose(codec.to_claims(badge), kid=kid, sign=keep, **headers)
    return kept[0]


BENT_BADGES: dict[str, Callable[[str], bytes]] = {
    "another authority": lambda kid: _badge_bytes(replace(BADGE, issuer=f"{HOST}/a/xb"), kid),
    "another host": lambda kid: _badge_bytes(replace(BADGE, status_uri="https://elsewhere.example/s/1"), kid),
    "no address": lambda kid: _badge_bytes(replace(BADGE, status_uri="https://[/s/1"), kid),
    "dated back": lambda kid: _badge_bytes(replace(BADGE, issued=NOW - 301), kid),
    "dated ahead": lambda kid: _badge_bytes(replace(BADGE, issued=NOW + 301), kid),
    "another key": lambda _kid: _badge_bytes(BADGE, base64url(bytes(8))),
    "a type": lambda kid: _badge_bytes(BADGE, kid, content_type="application/statuslist+cwt"),
    "cut": lambda kid: _badge_bytes(BADGE, kid)[:-1],
    "nothing": lambda _kid: b"",
    "text": lambda _kid: b"sign this",
    "a hash": lambda _kid: bytes(32),
}


@pytest.mark.parametrize("bent", BENT_BADGES)
def test_what_is_no_badge_of_this_authority_and_of_now_is_not_signed(
    client: Client, directory: Path, bent: str
) -> None:
    key = client.signer(Kind.BADGE, AUTHORITY)
    with pytest.raises(NotSigned, match=r"message\.not_lawful"):
        key.sign(BENT_BADGES[bent](key.kid))
    assert _digests(directory) == []


@pytest.mark.parametrize(
    ("kind", "typ", "claims", "header"),
    [
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT | {"iss": "verify.example.org/a/xb"}, {}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT | {"iss": [AUTHORITY]}, {}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT | {"iat": NOW - 301}, {}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT | {"iat": True}, {}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT | {"iat": None}, {}),
        (Kind.RECEIPT, "licence-status+jwt", {"iss": AUTHORITY, "iat": NOW}, {}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT, {"kid": "AAAAAAAAAAA"}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT, {"alg": "none"}),
        (Kind.RECEIPT, "licence-status+jwt", RECEIPT, {"crit": ["x"]}),
        (Kind.RECEIPT, "vc+jwt", RECEIPT, {}),
        (Kind.RECEIPT, "JWT", RECEIPT, {}),
        (Kind.RECEIPT, "statuslist+jwt", RECEIPT, {}),
        (Kind.CREDENTIAL, "vc+jwt", CREDENTIAL | {"issuer": "did:web:elsewhere.example"}, {}),
        (Kind.CREDENTIAL, "vc+jwt", CREDENTIAL | {"vc": {}}, {}),
        (Kind.CREDENTIAL, "vc+jwt", CREDENTIAL | {"type": "VerifiableCredential"}, {}),
        (Kind.CREDENTIAL, "vc+jwt", STATUS_CREDENTIAL, {}),
        (Kind.CREDENTIAL, "vc+jwt", CREDENTIAL, {"cty": "JWT"}),
        (Kind.CREDENTIAL, "licence-status+jwt", CREDENTIAL, {}),
        (Kind.STATUS, "vc+jwt", CREDENTIAL, {}),
        (Kind.STATUS, "licence-status+jwt", RECEIPT, {}),
        (Kind.BADGE, "licence-status+jwt", RECEIPT, {}),
    ],
)
def test_no_key_signs_what_could_be_read_as_something_else(
    client: Client, kind: Kind, typ: str, claims: Any, header: dict[str, Any]
) -> None:
    key = client.signer(kind, AUTHORITY)
    with pytest.raises(NotSigned, match=r"message\.not_lawful"):
        key.sign(_jws(claims, typ, key, **header))


@pytest.mark.parametrize(
    "changed",
    [
        {"uri": "https://elsewhere.example/s/1"},
        {"issued": NOW - 301},
        {"expires": NOW + 7 * 86_400 + 1},
        {"expires": NOW},
    ],
)
def test_a_status_list_elsewhere_of_another_time_or_for_too_long_is_not_signed(
    client: Client, changed: dict[str, Any]
) -> None:
    key = client.signer(Kind.STATUS, AUTHORITY)
    for seal in (status_list.seal_cwt, status_list.seal_jwt):
        with pytest.raises(NotSigned, match=r"message\.not_lawful"):
            seal(replace(LIST, **changed), kid=key.kid, sign=key.sign)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "https://elsewhere.example/c/XA7K3M9QX2TWN"},
        {"id": None},
        {"validFrom": "2027-01-15T07:54:59Z"},
        {"validFrom": "2027-01-15T08:05:01Z"},
        {"validFrom": None},
        {"validFrom": NOW},
        {"validUntil": "2029-01-16T08:00:00Z"},
        {"validUntil": "2027-01-15T08:00:00Z"},
        {"validUntil": "9999-12-31T23:59:59Z"},
        {"validUntil": "2027-01-16"},
        {"type": ["VerifiableCredential", "DigitalIdentityAnchor", "BitstringStatusListCredential"]},
    ],
)
@pytest.mark.parametrize(
    ("kind", "claims"), [(Kind.CREDENTIAL, CREDENTIAL), (Kind.STATUS, STATUS_CREDENTIAL)]
)
def test_a_credential_elsewhere_of_another_time_for_too_long_or_of_two_kinds_is_not_signed(
    client: Client, kind: Kind, claims: dict[str, Any], changed: dict[str, Any]
) -> None:
    key = client.signer(kind, AUTHORITY)
    with pytest.raises(NotSigned, match=r"message\.not_lawful"):
        key.sign(_jws(claims | changed, "vc+jwt", key, kid=f"{DID}#{key.kid}"))
    assert key.sign(_jws(claims, "vc+jwt", key, kid=f"{DID}#{key.kid}"))


def test_an_authority_without_a_key_an_unknown_kind_and_an_unknown_question_are_refused(
    client: Client,
) -> None:
    with pytest.raises(NotSigned, match=r"key\.absent"):
        client.signer(Kind.BADGE, f"{HOST}/a/xb")
    for header, code in (
        ({"ask": "sign", "kind": "anything", "authority": AUTHORITY}, "kind.unknown"),
        ({"ask": "private key"}, "request.unknown"),
        ({}, "request.unknown"),
        ({"ask": "sign", "kind": "badge", "authority": AUTHORITY}, "key.changed"),
        ({"ask": "sign", "kind": "checkpoint", "authority": AUTHORITY}, "key.absent"),
    ):
        with pytest.raises(NotSigned) as refusal:
            client.ask(header, b"")
        assert refusal.value.code == code


def test_a_rotated_or_stolen_key_signs_no_more_without_a_restart(
    client: Client, directory: Path, clock: Any
) -> None:
    old = client.signer(Kind.BADGE, AUTHORITY)
    keys.rotate(directory, Use.BADGE, AUTHORITY, at=NOW, notice=0)
    with pytest.raises(NotSigned, match=r"key\.changed"):
        codec.encode(BADGE, kid=old.kid, sign=old.sign)
    new = client.signer(Kind.BADGE, AUTHORITY)
    assert codec.encode(BADGE, kid=new.kid, sign=new.sign)
    keys.compromise(directory, new.kid, at=NOW, cutoff=0)
    clock.stop(datetime.fromtimestamp(NOW + 1, UTC))
    with pytest.raises(NotSigned, match=r"key\.absent"):
        client.signer(Kind.BADGE, AUTHORITY)


def test_what_it_says_of_its_keys_is_public(client: Client) -> None:
    stated = client.keys()
    assert {one["use"] for one in stated} == {use.value for use in Use}
    assert all("d" not in one["jwk"] for one in stated)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_one_changed_bit_in_a_message_is_refused_or_still_a_message_of_its_kind(
    directory: Path, data: st.DataObject
) -> None:
    signatory = signer.Signatory(directory)
    try:
        key = signatory.answer({"ask": "key", "kind": "badge", "authority": AUTHORITY}, b"")[0]
        message = bytearray(_badge_bytes(BADGE, key["kid"]))
        bit = data.draw(st.integers(0, len(message) * 8 - 1))
        message[bit // 8] ^= 1 << bit % 8
        header = {"ask": "sign", "kind": "badge", "authority": AUTHORITY, "kid": key["kid"]}
        answered, _ = signatory.answer(header, bytes(message))
        assert answered.get("refused") in {None, "message.not_lawful"}
        if "refused" not in answered:
            parts = cbor.decode(bytes(message))
            assert isinstance(parts, list)
            assert isinstance(parts[3], bytes)
            assert codec.from_claims(parts[3]).issuer == AUTHORITY
    finally:
        signatory.close()


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(list(Kind)),
    st.binary(max_size=200),
    st.dictionaries(st.text(max_size=8), st.none() | st.text(max_size=9)),
)
def test_whatever_is_asked_gets_an_answer(
    directory: Path, kind: Kind, body: bytes, more: dict[str, str | None]
) -> None:
    signatory = signer.Signatory(directory)
    try:
        authority = {Kind.CHECKPOINT: ORIGIN}.get(kind, AUTHORITY)
        kid = signatory.answer({"ask": "key", "kind": kind, "authority": authority}, b"")[0]["kid"]
        header = more | {"ask": "sign", "kind": kind, "authority": authority, "kid": kid}
        assert signatory.answer(header, body)[0]["refused"] == "message.not_lawful"
    finally:
        signatory.close()


# Checkpoints


class Log:
    """A log whose tiles are in memory, and that can be set back."""

    def __init__(self, *entries: str) -> None:
        self.leaves = [merkle.leaf_hash(entry.encode()) for entry in entries]

    @property
    def tiles(self) -> dict[merkle.Tile, bytes]:
        return merkle.append(0, {}, self.leaves)

    def stated(self, size: int | None = None) -> Checkpoint:
        size = len(self.leaves) if size is None else size
        return Checkpoint(ORIGIN, size, merkle.root(size, lambda _wanted: self.tiles))

    def proof(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_proof(old, new, lambda _wanted: self.tiles)


ENTRIES = tuple(f"entry {number}" for number in range(12))


def _signed(client: Client, log: Log, size: int | None = None) -> notes.Note:
    return signing.checkpoint(client, log.stated(size), log.proof)


def _signed_with(client: Client, log: Log, proof: list[bytes]) -> notes.Note:
    return signing.checkpoint(client, log.stated(), lambda _old, _new: proof)


def test_a_growing_log_is_signed_at_every_size_and_the_same_tree_again(client: Client) -> None:
    log = Log(*ENTRIES)
    key = next(one for one in (*client.keys(),) if one["use"] == "log")
    vkey = notes.Key(ORIGIN, notes.Kind.NOTE, public_keys.unbase64url(key["jwk"]["x"]))
    for size in (0, 1, 5, 5, 12, 12):
        note = _signed(client, log, size)
        assert notes.open_checkpoint(str(note).encode(), vkey)[0] == log.stated(size)
        assert client.last(ORIGIN, ORIGIN) == size


def test_a_database_that_was_rolled_back_is_refused_and_told_what_to_do(
    client: Client, running: Running
) -> None:
    _signed(client, Log(*ENTRIES))
    running.stop()
    running.start()
    with pytest.raises(NotSigned) as refusal:
        _signed(client, Log(*ENTRIES[:9]))
    assert refusal.value.code == "log.rolled_back"
    for said in (
        "had 12 entries",
        "has 9 now",
        "Nothing is signed",
        "replay entries 9 to 12",
        "a new origin",
    ):
        assert said in refusal.value.detail
    replayed = Log(*ENTRIES, "and one more")
    assert _signed(client, replayed).text == str(replayed.stated())


@pytest.mark.parametrize(
    "forked",
    [
        Log(*ENTRIES[:11], "another"),
        Log("another", *ENTRIES[1:], "more"),
        Log(*ENTRIES[:5], *ENTRIES[6:], "x", "y"),
        Log(ENTRIES[1], ENTRIES[0], *ENTRIES[2:], "more"),
    ],
    ids=["of the same size", "first entry edited", "one dropped", "two swapped"],
)
def test_a_fork_is_never_signed(client: Client, forked: Log, directory: Path) -> None:
    _signed(client, Log(*ENTRIES))
    before = (directory / signer.TREES).read_bytes()
    with pytest.raises(NotSigned) as refusal:
        _signed(client, forked)
    assert refusal.value.code == "log.forked"
    assert "tampering" in refusal.value.detail
    assert (directory / signer.TREES).read_bytes() == before
    assert len(_digests(directory)) == 1


def test_a_later_tree_without_its_proof_is_refused(client: Client) -> None:
    log = Log(*ENTRIES)
    _signed(client, log, 5)
    for proof in ([], [bytes(32)], log.proof(4, 12), [bytes(31)] * 3):
        with pytest.raises(NotSigned, match=r"log\.forked"):
            _signed_with(client, log, proof)


def test_a_signer_that_lost_its_memory_signs_no_checkpoint(client: Client, directory: Path) -> None:
    _signed(client, Log(*ENTRIES))
    (directory / signer.TREES).unlink()
    with pytest.raises(NotSigned) as refusal:
        _signed(client, Log(*ENTRIES))
    assert refusal.value.code == "log.forgotten"
    assert "backup" in refusal.value.detail
    (directory / signer.TREES).write_text("{", "utf-8")
    with pytest.raises(NotSigned, match=r"key\.closed"):
        _signed(client, Log(*ENTRIES))


def test_a_log_key_signs_no_other_origin_no_extension_and_no_cosignature(client: Client) -> None:
    key = client.signer(Kind.CHECKPOINT, ORIGIN)
    stated = Log(*ENTRIES).stated()
    for other in (replace(stated, origin="elsewhere.example/log"), replace(stated, extensions=("more",))):
        with pytest.raises(NotSigned, match=r"message\.not_lawful"):
            key.sign(str(other).encode())
    for text in (notes.cosigned(str(stated), NOW), notes.cosigned(str(stated), NOW)[:-1], "x", ""):
        with pytest.raises(NotSigned, match=r"message\.not_lawful"):
            key.sign(text.encode())


def test_a_witness_signs_what_it_saw_grow_and_no_fork_of_it(client: Client) -> None:
    theirs, origin = Log(*ENTRIES), "register.example.net/log"
    first = replace(theirs.stated(5), origin=origin)
    line = notes.Signature(origin, b"\1\2\3\4", bytes(64))
    note = notes.Note(str(first), (line,))
    seen = signing.cosignature(client, WITNESS, note, (), at=NOW)
    assert (seen.name, seen.time) == (WITNESS, NOW)
    assert client.last(WITNESS, origin) == 5
    later = notes.Note(str(replace(theirs.stated(), origin=origin)), (line,))
    with pytest.raises(NotSigned, match=r"log\.forked"):
        signing.cosignature(client, WITNESS, later, (), at=NOW)
    with pytest.raises(NotSigned, match=r"message\.not_lawful"):
        signing.cosignature(client, WITNESS, later, theirs.proof(5, 12), at=NOW - 301)
    assert signing.cosignature(client, WITNESS, later, theirs.proof(5, 12), at=NOW).time == NOW
    with pytest.raises(NotSigned, match=r"log\.rolled_back"):
        signing.cosignature(client, WITNESS, note, (), at=NOW)
    key = client.signer(Kind.CHECKPOINT, WITNESS)
    with pytest.raises(NotSigned, match=r"message\.not_lawful"):
        key.sign(later.text.encode())


# The process and its client


def test_demo_keys_sign_in_a_demo_alone(tmp_path: Path) -> None:
    keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW, insecure=True)
    with pytest.raises(VaultClosed, match="keys of a demonstration"):
        signer.Signatory(tmp_path)
    signer.Signatory(tmp_path, demo=True).close()


def test_the_socket_is_for_user_and_group_and_two_signers_do_not_share_it(running: Running) -> None:
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o660
    with pytest.raises(VaultClosed, match="already"):
        signer.Door(running.path, running.signatory)
    assert Client(running.path, timeout=PATIENT).keys()


def test_a_client_goes_on_after_the_signer_was_started_anew(client: Client, running: Running) -> None:
    assert client.keys()
    running.stop()
    with pytest.raises(SignerDown):
        client.keys()
    running.start()
    assert client.keys()


def test_a_signer_that_is_down_silent_or_talks_nonsense_is_down_within_the_time_allowed(
    tmp_path: Path,
) -> None:
    with pytest.raises(SignerDown):
        Client(tmp_path / "nobody").keys()
    said = iter((b"", b"\0\0\0\2\0\0\0\0[]", b"\xff" * 8, b"\0\0\0\2\0\0\0\0{}"[:5]))

    def mutter(server: socket.socket) -> None:
        for words in said:
            connection, _ = server.accept()
            held.append(connection)
            connection.sendall(words)

    held: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        threading.Thread(target=mutter, args=(server,), daemon=True).start()
        for _ in range(4):
            started = time.monotonic()
            with pytest.raises(SignerDown):
                Client(tmp_path / "s").keys()
            assert time.monotonic() - started < 2
        for connection in held:
            connection.close()


def test_nonsense_ends_its_own_connection_alone(running: Running, client: Client) -> None:
    for words in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\2\0\0\0\0[]",
        b"\0\0\0\1\0\0\0\0{",
        b"\0\0\0\0\xff\xff\xff\xff",
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.settimeout(PATIENT)
            stranger.connect(str(running.path))
            stranger.sendall(words)
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(1) == b""
    assert client.keys()


def test_many_threads_share_a_client(client: Client) -> None:
    key, failures = client.signer(Kind.RECEIPT, AUTHORITY), []

    def sign(thread: int) -> None:
        for number in range(20):
            message = _jws(RECEIPT | {"nonce": f"{thread} {number}"}, "licence-status+jwt", key)
            if not public_keys.vouches(key.public_jwk, message, key.sign(message)):
                failures.append((thread, number))
        client.close()

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_process_signs_until_it_is_told_to_end_and_knows_no_framework(tmp_path: Path, clock: Any) -> None:
    clock.start()
    keys.create(
        tmp_path / "keys",
        Use.RECEIPT,
        AUTHORITY,
        at=int(time.clock_gettime(time.CLOCK_REALTIME)),
        insecure=True,
    )
    command = [
        sys.executable,
        "-m",
        "verification.signer",
        f"--keys={tmp_path / 'keys'}",
        f"--socket={tmp_path / 's'}",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, "demonstration" in refused.stderr) == (1, True)
    with subprocess.Popen([*command, "--demo"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Signing at")
        client = Client(tmp_path / "s", timeout=PATIENT)
        assert client.keys()[0]["insecure"] is True
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("verification.signer", "django"),
        ("verification.signing", "verification.keys"),
        ("verification.signing", "django"),
    ],
)
def test_a_process_loads_no_more_than_it_may(module: str, absent: str) -> None:
    said = f"import sys, {module}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False, env=os.environ).returncode == 0


def _check(**changed: object) -> list[str | None]:
    with override_settings(**changed):
        return [message.id for message in checks.refuse_demo_keys()]


def test_a_deployed_place_whose_signer_holds_demo_keys_is_refused(running: Running, directory: Path) -> None:
    assert _check(REGISTRY_SIGNER="") == []
    assert _check(REGISTRY_SIGNER=str(running.path)) == []
    assert _check(REGISTRY_SIGNER=str(directory / "nobody")) == ["registry.W002"]
    running.stop()
    keys.create(directory, Use.BADGE, f"{HOST}/a/xb", at=NOW, insecure=True)
    with pytest.raises(VaultClosed):
        running.start()
    running.start(demo=True)
    assert _check(REGISTRY_SIGNER=str(running.path)) == ["registry.E011"]


def test_the_memory_of_trees_is_readable_by_people(client: Client, directory: Path) -> None:
    stated = Log(*ENTRIES).stated()
    _signed(client, Log(*ENTRIES))
    trees = json.loads((directory / signer.TREES).read_text("utf-8"))
    key = client.signer(Kind.CHECKPOINT, ORIGIN)
    assert trees == {f"{key.kid} {ORIGIN}": {"size": 12, "root": base64.b64encode(stated.root).decode()}}
