"""The signed list of trust: two of three announced roots, never an older one, never one from another history."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from tests.verification import minting
from tests.verification.minting import BADGE, DAY, HOST, NOW, TODAY, jwk, listed, printed, signer
from verification import envelopes, offline, public_keys, trust_list
from verification.cbor import Malformed
from verification.offline import Reason
from verification.public_keys import base64url
from verification.trust_list import NOTHING_BEFORE, TYPE, NotTrusted, Signed
from verification.verdicts import Result

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("root one", "root two", "root three")


def thumbprint(name: str) -> str:
    return base64url(public_keys.thumbprint(jwk(name)))


PINNED = frozenset(map(thumbprint, ROOTS))


def payload(known: Signed | None = None, **changed: Any) -> dict[str, Any]:
    """What the list after the known one says, or the first one."""
    stated = minting.trust_payload() | {
        "ver": known.trust.version + 1 if known else 1,
        "prev": known.digest if known else NOTHING_BEFORE,
        "next_roots": [thumbprint(name) for name in ROOTS],
    }
    return stated | changed


def countersigned(data: bytes, name: str) -> dict[str, str]:
    return envelopes.countersign(data, kid=thumbprint(name), sign=signer(name), kind=TYPE, jwk=jwk(name))


def signed(stated: dict[str, Any], by: Sequence[str] = ROOTS[:2]) -> bytes:
    data = json.dumps(stated).encode()
    return envelopes.join_jws(data, [countersigned(data, name) for name in by])


FIRST = trust_list.accept(signed(payload()), roots=PINNED, known=None, at=TODAY)


def refusal(document: bytes, known: Signed | None = None, *, at: int = TODAY) -> str:
    """The code with which it is refused."""
    with pytest.raises(NotTrusted) as refused:
        trust_list.accept(document, roots=PINNED, known=known, at=at)
    return refused.value.code


# What is believed


@pytest.mark.parametrize("by", [ROOTS[:2], ROOTS[1:], ROOTS, ("a stranger", *ROOTS[:2])])
def test_any_two_of_the_three_roots_suffice(by: Sequence[str]) -> None:
    found = trust_list.accept(signed(payload(), by), roots=PINNED, known=None, at=TODAY)
    assert found.trust == trust_list.read(payload())
    assert (found.trust.version, found.next_roots) == (1, PINNED)


def test_the_next_version_follows_and_the_same_one_again_changes_nothing() -> None:
    second = trust_list.accept(signed(payload(FIRST)), roots=(), known=FIRST, at=TODAY)
    assert second.trust.version == 2
    assert trust_list.follow(signed(payload(FIRST), ROOTS[1:]), second) is second


def test_whoever_missed_versions_may_take_the_newest_from_the_announced_roots() -> None:
    later = payload(FIRST, ver=9, prev=hashlib.sha256(b"version 8").hexdigest())
    assert trust_list.follow(signed(later), FIRST).trust.version == 9


def test_a_lost_root_is_replaced_by_one_that_was_announced() -> None:
    fresh = [*map(thumbprint, ROOTS[:2]), thumbprint("root four")]
    second = trust_list.follow(signed(payload(FIRST, next_roots=fresh)), FIRST)
    third = payload(second)
    assert trust_list.follow(signed(third, (ROOTS[0], "root four")), second).trust.version == 3
    with pytest.raises(NotTrusted, match="announced"):
        trust_list.follow(signed(third, ROOTS[1:]), second)


def test_a_list_that_was_kept_is_recalled_without_its_roots() -> None:
    assert trust_list.recall(signed(payload())) == FIRST


def test_another_library_reads_the_same_signatures() -> None:
    keys = {thumbprint(name): ECKey.import_key(jwk(name)) for name in ROOTS}
    document = json.loads(signed(payload(), ROOTS))
    found = jws.deserialize_json(document, lambda one: keys[one.headers()["kid"]], ["ES256"])
    assert json.loads(found.payload) == payload()


def test_what_another_library_signs_is_read_here() -> None:
    data = json.dumps(payload()).encode()
    members: list[jws.HeaderDict] = [
        {"protected": {"alg": "ES256", "typ": TYPE, "kid": thumbprint(name), "jwk": jwk(name)}}
        for name in ROOTS[:2]
    ]
    keys = {thumbprint(name): ECKey.import_key(jwk(name, private=True)) for name in ROOTS[:2]}
    found = jws.serialize_json(members, data, lambda one: keys[one.headers()["kid"]], ["ES256"])
    assert trust_list.open_signed(json.dumps(found).encode(), PINNED).payload == data


# What is refused


@pytest.mark.parametrize(
    "by", [ROOTS[:1], (ROOTS[0],) * 3, ("a stranger", "another"), (ROOTS[0], "a stranger")]
)
def test_fewer_than_two_different_roots_are_not_enough(by: Sequence[str]) -> None:
    assert refusal(signed(payload(), by)) == "trust_list.too_few_roots"


def test_a_false_signature_of_a_root_spoils_the_list() -> None:
    data = json.dumps(payload()).encode()
    false = envelopes.countersign(
        data, kid=thumbprint(ROOTS[2]), sign=signer("a thief"), kind=TYPE, jwk=jwk(ROOTS[2])
    )
    document = envelopes.join_jws(data, [*(countersigned(data, name) for name in ROOTS[:2]), false])
    assert refusal(document) == "trust_list.false_signature"


def test_a_key_that_borrows_a_roots_name_is_none() -> None:
    data = json.dumps(payload()).encode()
    borrowed = envelopes.countersign(
        data, kid=thumbprint(ROOTS[0]), sign=signer("a thief"), kind=TYPE, jwk=jwk("a thief")
    )
    with pytest.raises(Malformed):
        trust_list.open_signed(envelopes.join_jws(data, [borrowed, countersigned(data, ROOTS[1])]), PINNED)


def test_an_older_version_is_refused() -> None:
    second = trust_list.follow(signed(payload(FIRST)), FIRST)
    assert refusal(signed(payload()), second) == "trust_list.rolled_back"
    earlier = payload(second, iat=TODAY - 2 * DAY, exp=TODAY + DAY)
    assert refusal(signed(earlier), second) == "trust_list.rolled_back"


def test_an_expired_list_is_refused_and_so_is_one_of_tomorrow() -> None:
    document = signed(payload())
    assert refusal(document, at=FIRST.trust.expires) == "trust_list.expired"
    assert refusal(document, FIRST, at=FIRST.trust.expires) == "trust_list.expired"
    assert refusal(document, at=FIRST.trust.issued - 301) == "trust_list.not_yet"
    assert trust_list.accept(document, roots=PINNED, known=None, at=FIRST.trust.expires - 1)


def test_two_lists_of_one_version_are_a_fork_and_so_is_another_predecessor() -> None:
    assert refusal(signed(payload(iss="did:web:elsewhere.example")), FIRST) == "trust_list.forked"
    other = payload(FIRST, prev=hashlib.sha256(b"another first").hexdigest())
    assert refusal(signed(other), FIRST) == "trust_list.forked"


def test_roots_that_were_not_announced_are_refused_though_they_were_pinned_once() -> None:
    fresh = [thumbprint(f"fresh {number}") for number in range(3)]
    second = trust_list.follow(signed(payload(FIRST, next_roots=fresh)), FIRST)
    assert refusal(signed(payload(second)), second) == "trust_list.roots_not_announced"
    assert trust_list.follow(signed(payload(second), ("fresh 0", "fresh 2")), second)


def _with_header(**header: Any) -> bytes:
    """A list whose two signatures hold over protected headers with these members."""
    data = json.dumps(payload()).encode()
    found = []
    for name in ROOTS[:2]:
        stated = {"alg": "ES256", "typ": TYPE, "kid": thumbprint(name), "jwk": jwk(name)} | header
        head = base64url(json.dumps({k: v for k, v in stated.items() if v is not None}).encode())
        signature = signer(name)(f"{head}.{base64url(data)}".encode())
        found.append({"protected": head, "signature": base64url(signature)})
    return envelopes.join_jws(data, found)


def test_headers_of_other_documents_and_critical_ones_are_refused() -> None:
    assert trust_list.open_signed(_with_header(), PINNED)
    wrong: list[dict[str, Any]] = [
        {"typ": "statuslist+jwt"},
        {"typ": None},
        {"crit": ["exp"], "exp": TODAY},
        {"crit": []},
        {"alg": "none"},
        {"alg": "HS256"},
        {"kid": None},
        {"jwk": None},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"jwk": jwk(ROOTS[0], private=True)},
    ]
    for header in wrong:
        with pytest.raises(Malformed):
            trust_list.open_signed(_with_header(**header), PINNED)


def _member(**changed: Any) -> bytes:
    document = json.loads(signed(payload())) | changed
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        json.dumps(payload()).encode(),
        _member(signatures=[]),
        _member(signatures={}),
        _member(signatures=["x"]),
        _member(signatures=[{"protected": "", "signature": ""}]),
        _member(header={"kid": "x"}),
        _member(payload="*"),
        _member(payload=7),
        signed(payload()).replace(b'"signatures"', b'"payload":"","signatures"'),
        signed(payload()).replace(b'{"protected"', b'{"header":{},"protected"'),
        signed(payload(), ROOTS[:2] * 9),
        b" " * trust_list.MOST_BYTES + signed(payload()),
    ],
)
def test_what_is_no_signed_list_is_refused(document: bytes) -> None:
    with pytest.raises(Malformed):
        trust_list.open_signed(document, PINNED)


@pytest.mark.parametrize(
    "change",
    [
        {"ver": 0},
        {"ver": True},
        {"ver": 2},
        {"iss": 7},
        {"prev": hashlib.sha256(b"").hexdigest()},
        {"prev": "AB" * 32},
        {"exp": TODAY + 40 * DAY},
        {"exp": TODAY - 2 * DAY},
        {"next_roots": []},
        {"next_roots": [thumbprint(ROOTS[0])] * 3},
        {"next_roots": [thumbprint(name) for name in (*ROOTS, "root four")]},
        {"next_roots": ["short", *map(thumbprint, ROOTS[:2])]},
        {"next_roots": [7, *map(thumbprint, ROOTS[:2])]},
        {"authorities": [minting.trust_payload()["authorities"][0] | {"log": {"origin": "x", "vkey": "y"}}]},
    ],
)
def test_a_payload_that_is_unclear_is_refused_though_the_roots_signed_it(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        trust_list.open_signed(signed(payload(**change)), PINNED)


@given(st.data())
def test_one_bit_changed_anywhere_is_refused_or_changes_nothing(data: st.DataObject) -> None:
    document = bytearray(signed(payload()))
    place = data.draw(st.integers(0, len(document) - 1))
    document[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = trust_list.open_signed(bytes(document), PINNED)
    except (Malformed, NotTrusted):
        return
    assert found == FIRST


# The verifier without a network


def at_hand(tmp_path: Path, **files: bytes) -> list[str]:
    """The command up to its options, with these files beside it."""
    for name, content in ({"status": listed()} | files).items():
        (tmp_path / name).write_bytes(content)
    moment = datetime.fromtimestamp(TODAY, UTC).isoformat()
    return [printed(), "--status", str(tmp_path / "status"), "--at", moment]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "verification.offline", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_verifier_takes_the_signed_list_with_its_roots(tmp_path: Path) -> None:
    command = at_hand(tmp_path, trust=signed(payload()), roots=json.dumps(sorted(PINNED)).encode())
    for roots in (str(tmp_path / "roots"), ",".join(PINNED)):
        done = run(*command, "--trust", str(tmp_path / "trust"), "--roots", roots)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["badge"]["licence"] == BADGE.licence


def _told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> tuple[int, str]:
    try:
        code = offline.main(arguments)
    except SystemExit as left:
        code = int(str(left.code))
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("trust", "more", "says"),
    [
        (signed(payload()), [], "--roots"),
        (signed(payload(), ROOTS[:1]), ["--roots", ",".join(PINNED)], "Fewer than two"),
        (signed(payload()), ["--roots", thumbprint(ROOTS[0])], "three roots"),
        (signed(payload()), ["--roots", "nowhere.json"], "three roots"),
        (json.dumps(payload()).encode(), ["--roots", ",".join(PINNED)], "signatures"),
        (signed(payload()), ["--known", "KNOWN"], "newer list"),
        (signed(payload()), ["--known", "KNOWN", "--roots", ",".join(PINNED)], "not allowed"),
    ],
)
def test_the_verifier_judges_nothing_by_a_list_that_it_must_not_believe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trust: bytes, more: list[str], says: str
) -> None:
    command = at_hand(tmp_path, trust=trust, known=signed(payload(FIRST)))
    more = [str(tmp_path / "known") if one == "KNOWN" else one for one in more]
    code, told = _told(capsys, [*command, "--trust", str(tmp_path / "trust"), *more])
    assert code == offline.USED_WRONGLY
    assert says in told


def test_the_verifier_believes_what_follows_the_list_that_it_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = at_hand(tmp_path, trust=signed(payload(FIRST)), known=signed(payload()))
    found = _told(capsys, [*command, "--trust", str(tmp_path / "trust"), "--known", str(tmp_path / "known")])
    assert found == (offline.GREEN, "")


# A key that somebody else may have


def _stolen(**changed: Any) -> trust_list.TrustList:
    stated = minting.trust_payload()
    keys: list[dict[str, Any]] = stated["authorities"][0]["keys"]
    keys[0] |= {"state": "compromised", "cutoff": 50} | changed
    return trust_list.read(stated)


@pytest.mark.parametrize(
    ("logged", "result", "reason"),
    [
        (None, Result.UNKNOWN, Reason.KEY_COMPROMISED),
        (lambda _by, _digest, cutoff: cutoff == 50, Result.LICENSED, Reason.STATUS_VALID),
        (lambda _by, _digest, cutoff: cutoff > 50, Result.NOT_GENUINE, Reason.TOKEN_NOT_LOGGED),
        (lambda _by, _digest, _cutoff: None, Result.UNKNOWN, Reason.KEY_COMPROMISED),
    ],
)
def test_only_the_log_tells_the_true_tokens_of_a_stolen_key(
    logged: offline.Logged | None, result: Result, reason: Reason
) -> None:
    verdict = offline.verify(printed(), trust=_stolen(), status_list=listed(), at=NOW, logged=logged)
    assert (verdict.result, verdict.reasons) == (result, (reason,))


def test_without_a_cutoff_nothing_of_a_stolen_key_is_believed() -> None:
    stated = minting.trust_payload()
    stated["authorities"][0]["keys"][0]["state"] = "compromised"
    trust = trust_list.read(stated)
    verdict = offline.verify(
        printed(), trust=trust, status_list=listed(), at=NOW, logged=lambda _by, _digest, _cutoff: True
    )
    assert (verdict.result, verdict.reasons) == (Result.UNKNOWN, (Reason.KEY_COMPROMISED,))
    assert HOST in trust.hosts


@pytest.mark.parametrize(
    "host", ["", "A.example", "a.example/b", "a example", "a.example:", "-a", "a.example@b", "\u0430.example"]
)
def test_a_host_of_odd_letters_refuses_the_list(host: str) -> None:
    stated = minting.trust_payload()
    stated["authorities"][0]["hosts"] = [host]
    with pytest.raises(Malformed, match="host"):
        trust_list.read(stated)
