"""Keys in files, devices and clouds, and their life in a directory."""

import hashlib
import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from verification import keys, public_keys, vaults
from verification.cbor import Malformed
from verification.keys import KeyRefused, Place, Use
from verification.signing import Signer
from verification.trust_list import KeyState
from verification.vaults import Algorithm, VaultClosed

NOW = 1_800_000_000
DAY = 86_400
AUTHORITY = "verify.example.org/a/xa-dla"
SOFTHSM = next(
    (
        path
        for path in map(
            Path,
            (
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            ),
        )
        if path.exists()
    ),
    None,
)


def _signs(signer: Signer, message: bytes = b"what is to be signed") -> bool:
    signature = signer.sign(message)
    assert len(signature) == 64
    if signer.alg == "ES256":
        return public_keys.vouches(signer.public_jwk, message, signature)
    raw = public_keys.unbase64url(signer.public_jwk["x"])
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    return True


# Vaults


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_in_a_file_signs_and_only_its_owner_can_read_it(tmp_path: Path, algorithm: Algorithm) -> None:
    jwk = vaults.make_file(tmp_path, algorithm)
    path = tmp_path / f"{vaults.kid(jwk)}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signer = vaults.FileSigner(path)
    assert (signer.alg, signer.public_jwk) == (algorithm, jwk)
    assert _signs(signer)


def test_a_key_has_the_name_that_badges_give_it(tmp_path: Path) -> None:
    jwk = vaults.make_file(tmp_path, Algorithm.ES256)
    assert vaults.kid(jwk) == public_keys.kid(jwk)
    assert vaults.FileSigner(tmp_path / f"{vaults.kid(jwk)}.pem").kid == public_keys.kid(jwk)


def test_no_name_of_a_key_is_taken_for_an_option() -> None:
    names = [vaults.kid(vaults.jwk_of(vaults._drawn(Algorithm.ED25519).public_key())) for _ in range(500)]
    assert [name for name in names if name.startswith("-")] == [], "one in 64 would"


def test_the_name_of_an_ed25519_key_is_that_of_rfc_8037() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    whole = public_keys.unbase64url("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    assert vaults.kid(jwk) == public_keys.base64url(whole[:8])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / f"{vaults.kid(vaults.make_file(tmp_path, Algorithm.ES256))}.pem"
    path.chmod(mode)
    with pytest.raises(VaultClosed, match="chmod 600"):
        vaults.FileSigner(path)


def test_a_file_that_holds_another_kind_of_key_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for private in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        path.chmod(0o600)
        with pytest.raises(VaultClosed, match="neither"):
            vaults.FileSigner(path)
    path.write_bytes(b"nothing")
    with pytest.raises(VaultClosed, match="can't be read"):
        vaults.FileSigner(path)
    with pytest.raises(VaultClosed, match="can't be read"):
        vaults.FileSigner(tmp_path / "absent.pem")


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HALVES = st.one_of(st.integers(1, ORDER - 1), st.integers(1, 2**16), st.integers(2**247, 2**248 + 9))


@given(HALVES, HALVES)
def test_a_signature_in_der_becomes_64_bytes_whatever_its_halves(r: int, s: int) -> None:
    raw = vaults.raw_signature(encode_dss_signature(r, s))
    assert (len(raw), int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")) == (64, r, s)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        bytes(64),
        encode_dss_signature(0, 1),
        encode_dss_signature(1, 0),
        encode_dss_signature(ORDER, 1),
        encode_dss_signature(1, 2**256),
        encode_dss_signature(5, 5) + b"\0",
        encode_dss_signature(5, 5)[:-1],
        bytes.fromhex("3006020100020101"),
        bytes.fromhex("300702020001020101"),
        bytes.fromhex("3006020181020101"),
    ],
)
def test_what_is_no_signature_in_der_is_refused(der: bytes) -> None:
    with pytest.raises(Malformed):
        vaults.raw_signature(der)


class Cloud:
    """A key service with the contract of AWS KMS as boto3's client states it."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.stolen = False

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - the service's words
        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"KeyId": KeyId, "PublicKey": public, "KeySpec": "ECC_NIST_P256"}

    def sign(self, **asked: Any) -> dict[str, Any]:
        assert asked.keys() == {"KeyId", "Message", "MessageType", "SigningAlgorithm"}
        assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
        key = ec.generate_private_key(ec.SECP256R1()) if self.stolen else self.private
        return {"Signature": key.sign(asked["Message"], ec.ECDSA(Prehashed(SHA256())))}


def test_a_key_in_a_cloud_signs_as_one_in_a_file_does() -> None:
    signer = vaults.aws_signer("alias/badges", Cloud())
    assert signer.alg == "ES256"
    assert all(_signs(signer, bytes([number])) for number in range(40))


def test_a_cloud_that_signs_with_another_key_or_answers_nonsense_is_found_out() -> None:
    cloud = Cloud()
    signer = vaults.aws_signer("alias/badges", cloud)
    cloud.stolen = True
    with pytest.raises(VaultClosed, match="another key"):
        signer.sign(b"x")
    with pytest.raises(VaultClosed, match="something else"):
        vaults.CloudSigner(signer.public_jwk, lambda digest: digest).sign(b"x")
    with pytest.raises(VaultClosed, match="ES256"):
        vaults.CloudSigner({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}, lambda digest: digest)


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A SoftHSM token of this test's own."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed", exc_type=ImportError)
    if SOFTHSM is None or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM (Debian's softhsm2) is not installed")
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n", "utf-8")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    monkeypatch.setenv(keys.PIN, "5678")
    made = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "register",
        "--so-pin",
        "1234",
        "--pin",
        "5678",
    ]
    subprocess.run(made, check=True, capture_output=True)
    import pkcs11

    library = pkcs11.lib(str(SOFTHSM))
    library.reinitialize()
    return Place("hsm", {"module": str(SOFTHSM), "token": "register"})


def test_keys_in_a_device_sign_and_never_leave_it(device: Place, tmp_path: Path, monkeypatch: Any) -> None:
    directory = tmp_path / "keys"
    badge = keys.create(directory, Use.BADGE, AUTHORITY, at=NOW, place=device)
    log = keys.create(directory, Use.LOG, "verify.example.org/log", at=NOW, place=device)
    assert sorted(path.suffix for path in directory.iterdir()) == [".json", ".lock"]
    with monkeypatch.context() as forgetful, pytest.raises(VaultClosed, match="does not open"):
        forgetful.setenv(keys.PIN, "wrong")
        keys.open_key(directory, badge).sign(b"x")
    signers = [keys.open_key(directory, record) for record in keys.every(directory)]
    assert [signer.alg for signer in signers] == ["ES256", "Ed25519"]
    assert all(_signs(signer) for signer in signers for _ in range(3))
    successor = keys.rotate(directory, Use.BADGE, AUTHORITY, at=NOW)
    assert successor.place.facts["label"] != badge.place.facts["label"]
    assert _signs(keys.open_key(directory, successor))
    module, token = device.facts["module"], device.facts["token"]
    swapped = vaults.HsmSigner(module, token, badge.place.facts["label"], "5678", log.jwk)
    with pytest.raises(VaultClosed, match="another key"):
        swapped.sign(b"x")


# Their life


def test_a_new_key_signs_at_once_and_there_is_one_a_use_and_authority(tmp_path: Path) -> None:
    badge = keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    status = keys.create(tmp_path, Use.STATUS, AUTHORITY, at=NOW)
    other = keys.create(tmp_path, Use.BADGE, "verify.example.org/a/xb-doe", at=NOW)
    records = keys.every(tmp_path)
    assert records == [badge, status, other]
    assert keys.in_force(records, Use.BADGE, AUTHORITY, NOW) == badge
    assert keys.in_force(records, Use.RECEIPT, AUTHORITY, NOW) is None
    assert keys.open_key(tmp_path, badge).kid == badge.kid
    with pytest.raises(KeyRefused, match="rotate it"):
        keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    assert stat.S_IMODE(tmp_path.joinpath(f"{badge.kid}.pem").stat().st_mode) == 0o600


def test_a_successor_is_known_for_a_week_before_it_signs(tmp_path: Path) -> None:
    old = keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    new = keys.rotate(tmp_path, Use.BADGE, AUTHORITY, at=NOW + DAY)
    records = keys.every(tmp_path)
    at = {day: keys.in_force(records, Use.BADGE, AUTHORITY, NOW + day * DAY) for day in (1, 7, 8, 9)}
    assert [record and record.kid for record in at.values()] == [old.kid, old.kid, new.kid, new.kid]
    with pytest.raises(KeyRefused, match="waits for its day"):
        keys.rotate(tmp_path, Use.BADGE, AUTHORITY, at=NOW + 2 * DAY)
    with pytest.raises(KeyRefused, match="still signs"):
        keys.retire(tmp_path, old.kid, at=NOW + 2 * DAY)
    assert keys.retire(tmp_path, old.kid, at=NOW + 8 * DAY).state is KeyState.RETIRED
    with pytest.raises(KeyRefused, match="retired already"):
        keys.retire(tmp_path, old.kid, at=NOW + 9 * DAY)
    assert keys.every(tmp_path)[0].public()["exp"] == NOW + 8 * DAY


def test_a_successor_may_stand_by_and_is_believed_from_the_day_it_was_made(tmp_path: Path) -> None:
    old = keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    for notice in (-1, old.last - NOW + 1):
        with pytest.raises(KeyRefused, match="begins no later"):
            keys.rotate(tmp_path, Use.BADGE, AUTHORITY, at=NOW, notice=notice)
    spare = keys.rotate(tmp_path, Use.BADGE, AUTHORITY, at=NOW + DAY, notice=300 * DAY)
    assert (spare.first, spare.public()["nbf"]) == (NOW + 301 * DAY, NOW + DAY)
    keys.compromise(tmp_path, old.kid, at=NOW + 5 * DAY, cutoff=1)
    records = keys.every(tmp_path)
    assert keys.in_force(records, Use.BADGE, AUTHORITY, NOW + 5 * DAY) == records[1]
    assert records[1].public()["nbf"] == NOW + DAY


def test_a_stolen_key_signs_nothing_and_its_successor_begins_at_once(tmp_path: Path) -> None:
    old = keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    new = keys.rotate(tmp_path, Use.BADGE, AUTHORITY, at=NOW + DAY)
    keys.compromise(tmp_path, old.kid, at=NOW + 2 * DAY, cutoff=100)
    records = keys.every(tmp_path)
    found = keys.in_force(records, Use.BADGE, AUTHORITY, NOW + 2 * DAY)
    assert found is not None
    assert found.kid == new.kid
    assert records[0].public() | {"jwk": {}} == {
        "kid": old.kid,
        "use": "badge",
        "authority": AUTHORITY,
        "jwk": {},
        "nbf": NOW,
        "exp": NOW + 2 * DAY,
        "state": "compromised",
        "insecure": False,
        "cutoff": 100,
    }
    with pytest.raises(KeyRefused, match="never raised"):
        keys.compromise(tmp_path, old.kid, at=NOW + 3 * DAY, cutoff=101)
    assert keys.compromise(tmp_path, old.kid, at=NOW + 3 * DAY, cutoff=40).cutoff == 40


def test_after_a_theft_without_a_successor_a_new_key_can_be_made(tmp_path: Path) -> None:
    old = keys.create(tmp_path, Use.STATUS, AUTHORITY, at=NOW)
    keys.compromise(tmp_path, old.kid, at=NOW, cutoff=0)
    assert keys.create(tmp_path, Use.STATUS, AUTHORITY, at=NOW).signs_at(NOW)


@pytest.mark.parametrize("use", [Use.LOG, Use.WITNESS])
def test_a_log_never_changes_its_key_and_never_gets_its_name_back(tmp_path: Path, use: Use) -> None:
    key = keys.create(tmp_path, use, "verify.example.org/log", at=NOW)
    assert key.jwk["crv"] == "Ed25519"
    with pytest.raises(KeyRefused, match="never changes its key"):
        keys.rotate(tmp_path, use, "verify.example.org/log", at=NOW)
    keys.compromise(tmp_path, key.kid, at=NOW, cutoff=7)
    with pytest.raises(KeyRefused, match="new name"):
        keys.create(tmp_path, use, "verify.example.org/log", at=NOW)
    assert keys.create(tmp_path, use, "verify.example.org/log2", at=NOW).signs_at(NOW + 100 * 365 * DAY)


def test_a_key_whose_rotation_was_forgotten_is_due_and_signs_a_month_longer(tmp_path: Path) -> None:
    key = keys.create(tmp_path, Use.STATUS, AUTHORITY, at=NOW)
    assert [key.due_at(NOW + days * DAY) for days in (90, 91)] == [False, True]
    assert [key.signs_at(NOW + days * DAY) for days in (120, 121)] == [True, False]


@pytest.mark.parametrize(
    "name", ["", "Verify.example.org", "a b", "a/../b/", "-a", "a//b", "a\n", "ä.example"]
)
def test_a_name_that_no_badge_carries_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyRefused, match="no name"):
        keys.create(tmp_path, Use.BADGE, name, at=NOW)


def test_a_refused_step_leaves_nothing_behind(tmp_path: Path) -> None:
    keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    steps: tuple[Callable[[], object], ...] = (
        lambda: keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW),
        lambda: keys.rotate(tmp_path, Use.STATUS, AUTHORITY, at=NOW),
        lambda: keys.retire(tmp_path, "nobody", at=NOW),
        lambda: keys.compromise(tmp_path, keys.every(tmp_path)[0].kid, at=NOW, cutoff=-1),
    )
    for step in steps:
        with pytest.raises(KeyRefused):
            step()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_swapped_file_or_index_is_found_out(tmp_path: Path) -> None:
    first = keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    second = keys.create(tmp_path, Use.STATUS, AUTHORITY, at=NOW)
    shutil.copy(tmp_path / f"{second.kid}.pem", tmp_path / f"{first.kid}.pem")
    with pytest.raises(VaultClosed, match="lies"):
        keys.open_key(tmp_path, first)
    index = tmp_path / keys.INDEX
    index.write_text(index.read_text("utf-8").replace(first.kid, second.kid), "utf-8")
    with pytest.raises(VaultClosed, match="can't be read"):
        keys.every(tmp_path)


def test_the_index_holds_no_private_part(tmp_path: Path) -> None:
    keys.create(tmp_path, Use.BADGE, AUTHORITY, at=NOW)
    stated = json.loads((tmp_path / keys.INDEX).read_text("utf-8"))
    assert stated["keys"][0]["jwk"].keys() == {"kty", "crv", "x", "y"}
    assert "PRIVATE" not in (tmp_path / keys.INDEX).read_text("utf-8")


# The command


def _say(directory: Path, *words: str) -> str:
    out = StringIO()
    call_command("keys", f"--keys={directory}", *words, stdout=out)
    return out.getvalue()


def test_the_command_keeps_keys_from_making_to_giving_up(tmp_path: Path, clock: Any) -> None:
    clock.stop(datetime.fromtimestamp(NOW, UTC))
    made = _say(tmp_path, "create", "badge", AUTHORITY, "--demo")
    kid = made.split()[0]
    assert "INSECURE" in made
    assert (tmp_path / f"{kid}.pem").read_text("utf-8").startswith("INSECURE DEMONSTRATION KEY")
    assert _signs(keys.open_key(tmp_path, keys.every(tmp_path)[0]))
    clock.stop(datetime.fromtimestamp(NOW + DAY, UTC))
    assert "Publish" in _say(tmp_path, "rotate", "badge", AUTHORITY, "--after", "0")
    assert "retired" in _say(tmp_path, "retire", kid)
    successor = _say(tmp_path, "list").splitlines()[1].split()[0]
    assert "cutoff 12" in _say(tmp_path, "compromise", successor, "--cutoff=12")
    assert len(_say(tmp_path, "list").splitlines()) == 2
    for wrong in (("retire", kid), ("rotate", "log", "verify.example.org/log"), ("create", "badge", "A B")):
        with pytest.raises(CommandError):
            _say(tmp_path, *wrong)


def test_a_device_without_its_library_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"device|python-pkcs11"):
        _say(tmp_path, "create", "badge", AUTHORITY, "--hsm", str(tmp_path / "none.so"), "token")
    assert keys.every(tmp_path) == []


def test_every_key_file_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    jwk = vaults.make_file(tmp_path, Algorithm.ES256)
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    kid = public_keys.base64url(hashlib.sha256(members.encode()).digest()[:8])
    assert [path.name for path in tmp_path.iterdir()] == [f"{kid}.pem"]
