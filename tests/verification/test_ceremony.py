"""The ceremony of the roots, walked through by its commands: three custodians, one of whom loses the key."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from registry.models import ChangeJournal
from tests import builders
from verification import ceremony, keys, offline, published_keys, published_trust, trust_list
from verification.cbor import Malformed
from verification.keys import Use
from verification.public_keys import base64url
from verification.trust_list import NotTrusted
from verification.vaults import FileSigner

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2027, 1, 15, 8, tzinfo=UTC)
HOST = "verify.example.org"
ISSUER = f"{HOST}/a/xa-dla"


class Custodians:
    """Three people with a key each, and the table on which the files are handed round."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self.thumbprints: dict[str, str] = {}

    def file(self, name: str, content: str = "") -> str:
        path = self.table / name
        if content:
            path.write_text(content, encoding="utf-8")
        return str(path)

    def run(self, *arguments: str) -> int:
        return ceremony.main(arguments)

    def join(self, name: str, capsys: pytest.CaptureFixture[str]) -> str:
        """A custodian makes a root; its thumbprint."""
        passphrase = self.file(f"{name}.passphrase", f"correct horse of {name}\n")
        capsys.readouterr()
        assert self.run("root", self.file(f"{name}.pem"), "--passphrase", passphrase) == 0
        self.thumbprints[name] = capsys.readouterr().out.strip()
        return self.thumbprints[name]

    def sign(self, name: str, version: int) -> str:
        """A custodian signs the draft of this version; the file with the signature."""
        out = self.file(f"{name}-{version}.json")
        command = ["sign", self.file(f"draft-{version}.json"), *self._after(version)]
        key = ["--key", self.file(f"{name}.pem"), "--passphrase", self.file(f"{name}.passphrase")]
        assert self.run(*command, *key, "--out", out) == 0
        return out

    def hold(self, version: int, *by: str, more: tuple[str, ...] = ()) -> bytes:
        """Draft, sign and assemble a version; the signed list."""
        drafted = ["draft", *self._after(version), "--at", AT.isoformat(), *more]
        assert self.run(*drafted, "--out", self.file(f"draft-{version}.json")) == 0
        signatures = [self.sign(name, version) for name in by]
        joined = ["assemble", self.file(f"draft-{version}.json"), *signatures, *self._after(version)]
        assert self.run(*joined, "--out", self.file(f"list-{version}.json")) == 0
        return Path(self.file(f"list-{version}.json")).read_bytes()

    def _after(self, version: int) -> list[str]:
        return ["--previous", self.file(f"list-{version - 1}.json")] if version > 1 else ["--first"]


STATEMENT: dict[str, Any] = {
    "id": trust_list.did(ISSUER),
    "iso": "XA",
    "name": {"en": "Department of Labour (invented)"},
    "hosts": [HOST],
    "keys": [],
    "status": f"https://{HOST}/s",
}


@pytest.fixture
def custodians(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Custodians:
    found = Custodians(tmp_path)
    for name in ("asha", "bem", "chola"):
        found.join(name, capsys)
    return found


def first(custodians: Custodians, *by: str, statement: dict[str, Any] = STATEMENT) -> bytes:
    announced = [part for one in custodians.thumbprints.values() for part in ("--next-root", one)]
    stated = custodians.file("xa-dla.json", json.dumps(statement))
    more = ("--issuer", f"did:web:{HOST}", "--authority", stated, *announced)
    return custodians.hold(1, *by, more=more)


@pytest.fixture
def register(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A register whose authority has a badge key, a log and a witness."""
    directory = tmp_path / "keys"
    at = int(AT.timestamp())
    builders.authority()
    with override_settings(REGISTRY_HOST=HOST, REGISTRY_SCHEME="https", REGISTRY_SIGNER=""):
        made = [
            keys.create(directory, use, name, at=at)
            for use, name in (
                (Use.BADGE, ISSUER),
                (Use.LOG, f"{HOST}/log"),
                (Use.WITNESS, f"{HOST}/witness"),
            )
        ]
        published_keys.record([one.public() for one in made], at=AT)
        yield


def test_three_custodians_of_whom_one_loses_the_key(
    custodians: Custodians, register: None, clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.stop(AT)
    told = StringIO()
    call_command("trust", "statement", "XA-DLA", stdout=told)
    statement = json.loads(told.getvalue())
    assert statement["log"]["origin"] == f"{HOST}/log"

    one = first(custodians, "asha", "bem", statement=statement)
    roots = tuple(custodians.thumbprints.values())
    with override_settings(REGISTRY_TRUST_ROOTS=roots):
        call_command("trust", "publish", custodians.file("list-1.json"), stdout=told)
    assert published_trust.document() == one
    known = published_trust.believed()
    assert known is not None
    assert known.trust.authorities[ISSUER].log is not None
    assert known.trust.authorities[ISSUER].witness is not None

    # chola's safe burns: the next list is signed by the other two, and announces dede in her place
    Path(custodians.file("chola.pem")).unlink()
    dede = custodians.join("dede", capsys)
    announced = (custodians.thumbprints["asha"], custodians.thumbprints["bem"], dede)
    more = tuple(part for root in announced for part in ("--next-root", root))
    custodians.hold(2, "bem", "asha", more=more)
    call_command("trust", "publish", custodians.file("list-2.json"), stdout=told)

    # from then on dede signs, and the monthly list needs nothing but a date
    three = custodians.hold(3, "asha", "dede")
    call_command("trust", "publish", custodians.file("list-3.json"), stdout=told)
    assert "Version 3, good until 2027-02-14" in told.getvalue()
    newest = published_trust.believed()
    assert newest is not None
    assert newest.trust.authorities.keys() == {ISSUER}
    assert newest.next_roots == frozenset(announced)
    with pytest.raises(NotTrusted, match="read those first"):
        trust_list.follow(published_trust.document(3), known)
    between = trust_list.follow(published_trust.document(2), known)
    assert trust_list.follow(published_trust.document(3), between) == trust_list.recall(three)
    assert published_trust.document(1) == one
    shown = StringIO()
    call_command("trust", "show", stdout=shown)
    assert shown.getvalue().encode().strip() == three

    images = ChangeJournal.objects.filter(relation="verification_trustlistversion").order_by("id")
    assert [image["version"] for image in images.values_list("image", flat=True)] == [1, 2, 3]


def test_what_is_published_never_changes_and_never_goes_back(
    custodians: Custodians, register: None, clock: Any
) -> None:
    clock.stop(AT)
    roots = list(custodians.thumbprints.values())
    one, two = first(custodians, "asha", "chola"), custodians.hold(2, "bem", "chola")
    with pytest.raises(CommandError, match="three roots"):
        call_command("trust", "publish", custodians.file("list-1.json"))
    published_trust.publish(one, roots=roots, at=AT)
    published_trust.publish(two, roots=(), at=AT)
    assert published_trust.publish(two, roots=(), at=AT).trust.version == 2
    with pytest.raises(NotTrusted):
        published_trust.publish(one, roots=roots, at=AT)
    with pytest.raises(CommandError, match="newer list"):
        call_command("trust", "publish", custodians.file("list-1.json"))
    with pytest.raises(published_trust.TrustListNotFound):
        published_trust.document(3)
    with (
        pytest.raises(DatabaseError, match="not the newest"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO verification_trustlistversion SELECT * FROM verification_trustlistversion"
        )
    for statement in (
        "UPDATE verification_trustlistversion SET document = ''",
        "DELETE FROM verification_trustlistversion",
        "TRUNCATE verification_trustlistversion",
        "UPDATE verification_keystatement SET state = 'active'",
        "DELETE FROM verification_keystatement",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_draft_is_a_text_whose_sha256_the_next_list_names(
    custodians: Custodians, capsys: pytest.CaptureFixture[str]
) -> None:
    first(custodians, "asha", "bem")
    draft = Path(custodians.file("draft-1.json")).read_bytes()
    digest = hashlib.sha256(draft).hexdigest()
    capsys.readouterr()
    second = dict(STATEMENT, id=trust_list.did(f"{HOST}/a/xb-dol"), hosts=["check.example.net"])
    custodians.hold(2, "bem", "chola", more=("--authority", custodians.file("xb.json", json.dumps(second))))
    told = capsys.readouterr().out
    assert f"version   2, after {digest}" in told
    assert f"+ {HOST}/a/xb-dol at check.example.net" in told
    assert f"  {ISSUER} at {HOST}" in told
    custodians.hold(3, "asha", "bem", more=("--without", second["id"]))
    assert f"- {HOST}/a/xb-dol at check.example.net" in capsys.readouterr().out


def test_one_custodian_alone_can_do_nothing(
    custodians: Custodians, capsys: pytest.CaptureFixture[str]
) -> None:
    first(custodians, "asha", "bem")
    drafted = ["draft", "--previous", custodians.file("list-1.json"), "--at", AT.isoformat()]
    assert custodians.run(*drafted, "--out", custodians.file("draft-2.json")) == 0
    alone = custodians.sign("asha", 2)
    joined = ["assemble", custodians.file("draft-2.json"), alone, alone]
    after = ["--previous", custodians.file("list-1.json"), "--out", custodians.file("list-2.json")]
    assert custodians.run(*joined, *after) == 1
    assert "Fewer than two" in capsys.readouterr().err
    assert not Path(custodians.file("list-2.json")).exists()


def test_a_custodian_signs_only_what_follows_and_only_with_an_announced_root(
    custodians: Custodians, capsys: pytest.CaptureFixture[str]
) -> None:
    first(custodians, "asha", "bem")
    known = trust_list.recall(Path(custodians.file("list-1.json")).read_bytes())
    payload = ceremony.draft((), issuer=None, known=known, next_roots=None, at=int(AT.timestamp()))
    custodians.join("stranger", capsys)
    signers = {
        name: FileSigner(Path(custodians.file(f"{name}.pem")), f"correct horse of {name}")
        for name in ("asha", "stranger")
    }
    with pytest.raises(ceremony.CeremonyRefused, match="not one of the roots"):
        ceremony.sign(payload, signers["stranger"], known=known)
    with pytest.raises(ceremony.CeremonyRefused, match="does not follow"):
        ceremony.sign(payload, signers["asha"], known=None)
    stolen = {"kid": "x", "use": "vc", "state": "compromised", "nbf": 1, "exp": 2, "jwk": {}}
    with pytest.raises(ValueError, match=r"not a public key|since which leaf"):
        ceremony.draft(
            [dict(STATEMENT, keys=[stolen])],
            issuer=None,
            known=known,
            next_roots=None,
            at=int(AT.timestamp()),
        )
    wrongly: list[list[dict[str, Any]]] = [[dict(STATEMENT, hosts=[])], [{"id": 7}], [{}]]
    for wrong in wrongly:
        with pytest.raises(ValueError, match=r"no host|not the payload"):
            ceremony.draft(wrong, issuer=None, known=known, next_roots=None, at=int(AT.timestamp()))
    with pytest.raises(ceremony.CeremonyRefused, match="left out"):
        ceremony.draft((), issuer=None, known=known, next_roots=None, without=["did:web:x"], at=1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["root", "asha.pem", "--passphrase", "asha.passphrase"], 1, "exists"),
        (["root", "new.pem", "--passphrase", "short.txt"], 1, "at least 12"),
        (
            ["sign", "draft-1.json", "--first", "--key", "asha.pem", "--passphrase", "bem.passphrase"],
            1,
            "read",
        ),
        (
            ["sign", "draft-9.json", "--first", "--key", "asha.pem", "--passphrase", "asha.passphrase"],
            1,
            "No such",
        ),
        (["sign", "draft-1.json", "--key", "asha.pem"], 2, "required"),
        (["draft", "--first", "--at", "2027-01-15"], 2, "time zone"),
        (["draft", "--first", "--at", "2027-01-15T08:00:00Z"], 1, "who publishes"),
        (["draft", "--previous", "short.txt", "--at", "2027-01-15T08:00:00Z"], 1, "JSON"),
    ],
)
def test_a_slip_of_the_hand_is_told_in_a_sentence(
    custodians: Custodians,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    says: str,
) -> None:
    first(custodians, "asha", "bem")
    custodians.file("short.txt", "short\n")
    monkeypatch.chdir(custodians.table)
    out = [] if arguments[0] == "root" else ["--out", "out.json"]
    capsys.readouterr()
    try:
        found = ceremony.main([*arguments, *out])
    except SystemExit as left:
        found = int(str(left.code))
    assert found == code
    assert says in capsys.readouterr().err
    assert not Path("out.json").exists()


def test_what_an_authority_states_can_not_hide_a_line_from_a_custodian() -> None:
    thumbprints = [base64url(hashlib.sha256(name).digest()) for name in (b"one", b"two", b"three")]
    stated: dict[str, Any] = {
        "id": "did:web:elsewhere.example\x1b[1A\x1b[2K",
        "keys": [],
    }

    def draft(hosts: list[str]) -> bytes:
        told = [stated | {"hosts": hosts}]
        return ceremony.draft(
            told, issuer="did:web:x", known=None, next_roots=thumbprints, at=int(AT.timestamp())
        )

    lines = list(ceremony.told(draft(["verify.elsewhere.example"]), None))
    assert all(" " <= symbol <= "~" for line in lines for symbol in line)
    assert any("elsewhere.example\\x1b[1A" in line for line in lines)
    for host in ("verify.ex\u0430mple.org", "x\r+ root for the next list nobody"):
        with pytest.raises(Malformed):
            draft([host])


def test_the_ceremony_stands_on_cryptography_alone() -> None:
    probe = (
        "import json, sys; before = set(sys.modules); import verification.ceremony;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    foreign = set(json.loads(done.stdout)) - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} == {"cryptography", "verification"}
    helped = subprocess.run(
        [sys.executable, "-m", "verification.ceremony", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "never connected" in helped.stdout


def test_the_offline_verifier_takes_what_the_ceremony_made(
    custodians: Custodians, capsys: pytest.CaptureFixture[str]
) -> None:
    first(custodians, "chola", "bem")
    capsys.readouterr()
    roots = ",".join(custodians.thumbprints.values())
    command = ["1" * 17, "--trust", custodians.file("list-1.json"), "--roots", roots]
    assert offline.main([*command, "--at", AT.isoformat()]) == offline.RED
    assert json.loads(capsys.readouterr().out)["reasons"] == ["token.malformed"]
