"""``/log``: what others' programs read of the transparency log, and what we sign of theirs."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.test import Client, override_settings

from api import throttles
from api.conf import checks
from tests import builders
from tests.builders import START
from tests.conftest import Clock, Kept
from tests.verification.logging_place import WITNESS, Place, place_with_signer
from verification import leaves, log, merkle, notes, sequencing, witnessing
from verification.notes import Checkpoint, Key, Kind

TOKEN = hashlib.sha256(b"a token").hexdigest()
pytestmark = pytest.mark.django_db
ANOTHERS = "log.example.net/log"


@pytest.fixture(scope="module")
def _built(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Place:
    directory = tmp_path_factory.mktemp("signer")
    with (
        kept(at=START),
        override_settings(REGISTRY_WITNESS=WITNESS),
        place_with_signer(directory, django_settings) as found,
    ):
        builders.authority()
        builders.active()
        sequencing.advance(at=START)
        log.append([log.Leaf(b'{"n":%d}' % number) for number in range(300)])
        leaf = {
            "t": "badge.issued",
            "at": "2026-01-05T09:00:00Z",
            "code": "XA0000000000A",
            "kid": "k",
            "tok": TOKEN,
        }
        sequencing.append(leaf, at=START)
        sequencing.publish(at=START)
        return found


@pytest.fixture
def place(_built: Place, tmp_path: Path, settings: LazySettings, clock: Clock) -> Iterator[Place]:
    """This place with a licence, three hundred tokens and a signed log."""
    throttles.look_ups.forget()
    clock.stop(START)
    settings.REGISTRY_WITNESS = WITNESS
    with place_with_signer(tmp_path / "keys", settings, _built) as found:
        yield found


def _size() -> int:
    return log.size()


def test_the_checkpoint_is_signed_by_the_log_and_kept_for_two_seconds(place: Place, public: Client) -> None:
    answer = public.get("/log/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("public, max-age=2")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    stated, _ = notes.open_checkpoint(answer.content, place.vkey())
    assert (stated.origin, stated.size) == (log.origin(), _size())
    again = public.get("/log/checkpoint", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_tiles_and_entries_rebuild_the_root(place: Place, public: Client) -> None:
    size = _size()
    entries = []
    for number in range(-(-size // 256)):
        width = min(256, size - number * 256)
        answer = public.get(f"/log/{merkle.bundle_path(number, width)}")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        held = merkle.unbundle(answer.content, width)
        tile = public.get(f"/log/{merkle.Tile(0, number).path(width)}")
        assert tile.headers["Content-Type"] == "application/octet-stream"
        assert tile.content == b"".join(map(merkle.leaf_hash, held))
        entries += held
    tiles = merkle.append(0, {}, [merkle.leaf_hash(entry) for entry in entries])
    stated = notes.read_checkpoint(notes.read(public.get("/log/checkpoint").content).text)
    assert merkle.root(size, lambda _wanted: tiles) == stated.root
    assert public.get(f"/log/tile/1/000.p/{size // 256}").content == tiles[merkle.Tile(1, 0)]


def test_a_proof_holds_by_itself(place: Place, public: Client) -> None:
    for address in ("/log/proof/2", f"/log/badge/{TOKEN}"):
        found = notes.read_proof(public.get(address).content)
        assert found.check(found.extra, place.vkey()).size == _size()
    assert leaves.read(found.extra)["tok"] == TOKEN
    old = 5
    lines = public.get(f"/log/consistency?from={old}&to={_size()}").content.decode().split()
    hashes = [base64.b64decode(line) for line in lines]
    before = merkle.root(old, log.read_tiles)
    root = notes.read_checkpoint(log.newest().text).root
    merkle.check_consistency(old, _size(), before, root, hashes)


def test_what_no_checkpoint_covers_is_not_told(place: Place, public: Client) -> None:
    size = _size()
    log.append([log.Leaf(b"not signed yet")])
    for address in (
        f"proof/{size}",
        f"tile/0/001.p/{size + 1 - 256}",
        f"tile/entries/001.p/{size + 1 - 256}",
        f"consistency?from=1&to={size + 1}",
        "badge/" + "0" * 64,
        "tile/3/000.p/1",
        "tile/0/x999/999",
    ):
        answer = public.get(f"/log/{address}")
        assert (answer.status_code, answer.json()["code"]) == (404, "log.not_found"), address


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("proof/-1", 400, "log.malformed"),
        ("proof/01", 400, "log.malformed"),
        ("proof/1e3", 400, "log.malformed"),
        ("proof/99999999999999999", 400, "log.malformed"),
        ("proof/٣", 400, "log.malformed"),
        ("tile/0/1", 400, "log.malformed"),
        ("tile/0/0001", 400, "log.malformed"),
        ("tile/0/x001", 400, "log.malformed"),
        ("tile/0/000.p/0", 400, "log.malformed"),
        ("tile/0/000.p/257", 400, "log.malformed"),
        ("tile/0/000.p/256", 400, "log.malformed"),
        ("tile/0/000.p/07", 400, "log.malformed"),
        ("tile/-1/000", 400, "log.malformed"),
        ("tile/7/000", 400, "log.malformed"),
        ("tile/00/000", 400, "log.malformed"),
        ("tile/entries/abc", 400, "log.malformed"),
        ("tile/entries/../checkpoint", 400, "log.malformed"),
        ("badge/abc", 400, "log.malformed"),
        ("badge/" + "A" * 64, 400, "log.malformed"),
        ("consistency", 400, "parameter.missing"),
        ("consistency?from=1", 400, "parameter.missing"),
        ("consistency?from=0&to=2", 400, "parameter.invalid"),
        ("consistency?from=3&to=2", 400, "parameter.invalid"),
        ("consistency?from=1&to=2&to=3", 400, "parameter.repeated"),
        ("consistency?from=x&to=2", 400, "parameter.invalid"),
        ("checkpoint?x=1", 400, "parameter.unknown"),
        ("", 404, "route.not_found"),
        ("tile", 404, "route.not_found"),
        ("witness/add-checkpoint", 405, "route.method_not_allowed"),
    ],
)
def test_an_address_that_cannot_be_is_a_problem(
    place: Place, public: Client, address: str, status: int, code: str
) -> None:
    answer = public.get(f"/log/{address}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_reader_who_wants_something_else_is_told_what_there_is(place: Place, public: Client) -> None:
    answer = public.get("/log/checkpoint", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["offers"]) == (406, ["text/plain"])
    assert public.get("/log/checkpoint", headers={"Accept": "text/*"}).status_code == 200
    assert public.post("/log/checkpoint").status_code == 405
    assert public.options("/log/checkpoint").status_code == 204
    assert public.head("/log/checkpoint").status_code == 200


def test_before_the_first_signature_there_is_nothing_to_read(db: None, public: Client) -> None:
    for address in ("checkpoint", "policy", "proof/0", "tile/0/000.p/1", "consistency?from=1&to=1"):
        assert public.get(f"/log/{address}").status_code == 404, address


# Witnessing others


class Another:
    """Somebody else's log: a key and a tree of any size."""

    def __init__(self) -> None:
        """Draw a key."""
        self._private = Ed25519PrivateKey.generate()
        self.key = Key(ANOTHERS, Kind.NOTE, self._private.public_key().public_bytes_raw())
        self._hashes = [merkle.leaf_hash(b"%d" % number) for number in range(40)]

    def tiles(self, size: int) -> Any:
        """The tree's tiles."""
        tiles = merkle.append(0, {}, self._hashes[:size])
        return lambda _wanted: tiles

    def request(self, old: int, size: int, *, fork: bool = False, proof: list[bytes] | None = None) -> bytes:
        """What the log sends to a witness that saw it with ``old`` entries."""
        root = merkle.leaf_hash(b"fork") if fork else merkle.root(size, self.tiles(size))
        note = notes.sign(str(Checkpoint(ANOTHERS, size, root)), self.key, self._private.sign)
        if proof is None:
            proof = merkle.consistency_proof(old, size, self.tiles(size)) if 0 < old < size else []
        return str(witnessing.Request(old, tuple(proof), note)).encode()


@pytest.fixture
def another(place: Place, settings: LazySettings) -> Another:
    """A log that we witness."""
    found = Another()
    settings.REGISTRY_WITNESSED = [found.key.vkey()]
    return found


def _send(public: Client, body: bytes, kind: str = "text/plain") -> Any:
    return public.post("/log/witness/add-checkpoint", body, content_type=kind)


def test_we_sign_a_checkpoint_that_continues_what_we_saw(
    place: Place, another: Another, public: Client
) -> None:
    for old, size in ((0, 5), (5, 5), (5, 17), (17, 40)):
        body = another.request(old, size)
        answer = _send(public, body)
        assert answer.status_code == 200, answer.content
        (line,) = notes.read_signatures(answer.content.decode())
        assert place.witness_key().vouches(witnessing.read(body).note.text, line.data)
        assert line.time == int(START.timestamp())


def test_what_does_not_continue_is_refused_as_the_specification_says(
    place: Place, another: Another, public: Client
) -> None:
    assert _send(public, another.request(0, 17)).status_code == 200
    for body in (another.request(0, 20), another.request(5, 17), another.request(17, 17, fork=True)):
        answer = _send(public, body)
        assert (answer.status_code, answer.content) == (409, b"17\n"), answer.content
        assert answer.headers["Content-Type"] == "text/x.tlog.size"
    wrong = [merkle.leaf_hash(b"no")] * 3
    for body in (another.request(17, 20, proof=wrong), another.request(17, 20, proof=[])):
        answer = _send(public, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "witness.not_consistent")
    assert _send(public, another.request(20, 17)).status_code == 400
    assert _send(public, another.request(17, 17, proof=wrong)).status_code == 400


def test_only_logs_that_we_know_are_witnessed(
    place: Place, another: Another, public: Client, settings: LazySettings
) -> None:
    body = another.request(0, 5)
    forged = Another()
    settings.REGISTRY_WITNESSED = [Key(ANOTHERS, Kind.NOTE, forged.key.public).vkey()]
    assert _send(public, body).json()["code"] == "witness.not_signed"
    settings.REGISTRY_WITNESSED = []
    assert _send(public, body).json()["code"] == "witness.log_unknown"


def test_a_body_that_is_no_request_is_refused(place: Place, another: Another, public: Client) -> None:
    good = another.request(0, 5)
    for body in (
        b"",
        b"old 0",
        b"old x\n\n",
        good[4:],
        good[:-1],
        b"\xff" + good,
        good.replace(b"old 0", b"old 00"),
        good.replace(b"old 0", b"old 0\nnot base64"),
        good.replace(b"old 0", b"old 0\nAAAA"),
    ):
        answer = _send(public, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "witness.malformed"), body
    assert _send(public, b"x" * (1 << 17)).status_code == 413
    assert _send(public, good, kind="application/json").status_code == 415
    with place.down():
        assert _send(public, good).json()["code"] == "signer.unreachable"
    assert _send(public, good).status_code == 200


# Being witnessed


class Witness(BaseHTTPRequestHandler):
    """A witness as the specification has it: remembers one size and signs what continues it."""

    private: ClassVar[Ed25519PrivateKey] = Ed25519PrivateKey.generate()
    log_key: ClassVar[Key]
    seen: ClassVar[tuple[int, bytes]]

    @classmethod
    def key(cls) -> Key:
        """Its key as lists state it."""
        return Key("w.example.net", Kind.COSIGNATURE, cls.private.public_key().public_bytes_raw())

    def do_POST(self) -> None:
        """Sign or refuse."""
        request = witnessing.read(self.rfile.read(int(self.headers["Content-Length"])))
        stated, _ = notes.open_checkpoint(str(request.note).encode(), self.log_key)
        size, root = self.seen
        if request.old != size:
            self._answer(409, f"{size}\n")
            return
        if size:
            merkle.check_consistency(size, stated.size, root, stated.root, request.proof)
        type(self).seen = (stated.size, stated.root)
        self._answer(200, notes.cosign(request.note, self.key(), self.private.sign, at=1_800_000_000).line())

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def witness(place: Place, settings: LazySettings) -> Iterator[type[Witness]]:
    """A witness of our log, and one that nobody reaches."""
    Witness.log_key, Witness.seen = place.vkey(), (0, merkle.EMPTY_ROOT)
    server = HTTPServer(("127.0.0.1", 0), Witness)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    gone = Key(
        "gone.example.net", Kind.COSIGNATURE, Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    )
    settings.REGISTRY_WITNESSES = [
        f"{Witness.key().vkey()}@http://127.0.0.1:{server.server_port}",
        f"{gone.vkey()}@http://127.0.0.1:9",
    ]
    yield Witness
    server.shutdown()
    server.server_close()
    thread.join()


def test_our_checkpoint_carries_the_signatures_of_our_witnesses(
    place: Place, witness: type[Witness], public: Client
) -> None:
    assert witnessing.ask(at=START) == 1
    assert witnessing.ask(at=START) == 0, "signed already"
    builders.agency("Another Agency (DEMO)")
    sequencing.advance(at=START)
    sequencing.publish(at=START + timedelta(seconds=1))
    assert witnessing.ask(at=START) == 1
    note = notes.read(public.get("/log/checkpoint").content)
    notes.check(note, place.vkey())
    assert notes.witnesses(note, [Witness.key()]) == {Witness.key().vkey()}
    assert notes.read_proof(public.get("/log/proof/0").content).note == note
    policy = public.get("/log/policy").content.decode().splitlines()
    assert policy[0] == f"log {place.vkey().vkey()} http://{log.origin()}"
    assert policy[1].startswith(f"witness w1 {Witness.key().vkey()} http://")
    assert policy[-2:] == ["group witnesses 1 w1 w2", "quorum witnesses"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY_WITNESSED", "nonsense"),
        ("REGISTRY_WITNESSES", "nonsense@https://w.example.net"),
        ("REGISTRY_WITNESSES", Key("w.example.net", Kind.COSIGNATURE, bytes(32)).vkey()),
        ("REGISTRY_WITNESSES", f"{Key('l.example.net', Kind.NOTE, bytes(32)).vkey()}@https://l.example.net"),
    ],
)
def test_a_witness_that_cannot_be_read_is_refused_when_the_place_is_checked(
    settings: LazySettings, name: str, value: str
) -> None:
    assert checks.read_witnesses() == []
    setattr(settings, name, [value])
    assert [found.id for found in checks.read_witnesses()] == ["registry.E012"]


def test_a_witness_that_remembers_another_size_is_asked_again_from_there(
    place: Place, witness: type[Witness]
) -> None:
    Witness.seen = (3, merkle.root(3, log.read_tiles))
    assert witnessing.ask(at=START) == 1
    Witness.seen = (10_000, merkle.EMPTY_ROOT)
    log.append([log.Leaf(b"more")])
    sequencing.publish(at=START)
    assert witnessing.ask(at=START) == 0, "it saw more than we have"
