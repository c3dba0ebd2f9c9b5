"""A badge is judged without asking anybody, and never green when anything is missing, old or altered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.verification import minting
from tests.verification.minting import BADGE, DAY, HOUR, NOW, TODAY, listed, printed, signer
from verification import offline, status_list, trust_list
from verification.cbor import Malformed
from verification.offline import Reason
from verification.status_list import Status, StatusList
from verification.verdicts import Colour, Reach, Result, Word

ROOT = Path(__file__).resolve().parents[2]
TRUST = trust_list.read(minting.trust_payload())
GOOD = printed()
FRESH = listed()


def judged(
    text: str = GOOD,
    *,
    status: bytes | str | None = FRESH,
    at: datetime = NOW,
    trust: trust_list.TrustList = TRUST,
) -> offline.Verdict:
    return offline.verify(text, trust=trust, status_list=status, at=at)


def test_a_genuine_badge_on_a_fresh_list_is_outlined_in_green() -> None:
    verdict = judged()
    assert verdict.appearance.colour is Colour.GREEN_OUTLINE
    assert verdict.appearance.word is Word.GENUINE_AS_OF
    assert verdict.badge == BADGE
    assert verdict.status_at == TODAY - HOUR
    assert verdict.reasons == (Reason.STATUS_VALID,)


@settings(max_examples=150, deadline=None)
@given(
    status=st.sampled_from(Status),
    age=st.integers(-10 * HOUR, 9 * DAY),
    late=st.integers(-2 * DAY, 500 * DAY),
    print_ends=st.integers(-10 * DAY, 400 * DAY),
)
@example(status=Status.VALID, age=DAY, late=0, print_ends=1)
@example(status=Status.VALID, age=DAY + 1, late=0, print_ends=1)
@example(status=Status.VALID, age=HOUR, late=0, print_ends=0)
@example(status=Status.VALID, age=-300, late=0, print_ends=1)
@example(status=Status.VALID, age=-301, late=0, print_ends=1)
def test_green_needs_a_valid_status_a_fresh_list_a_good_print_and_a_good_list_of_trust(
    status: Status, age: int, late: int, print_ends: int
) -> None:
    text = printed(issued=TODAY - 50 * DAY, expires=TODAY + print_ends)
    verdict = judged(text, status=listed(status, age=age), at=NOW + timedelta(seconds=late))
    age += late
    sound = -1 * DAY - 300 <= late < 29 * DAY and late < print_ends and -300 <= age <= DAY
    assert (verdict.appearance.colour is Colour.GREEN_OUTLINE) is (sound and status is Status.VALID)
    assert (verdict.result is Result.LIMITED) is (sound and status is Status.LIMITED)
    if verdict.appearance.colour is Colour.RED:
        assert status in {Status.INVALID, Status.SUSPENDED}
        assert late < print_ends
        assert age < 7 * DAY


@settings(max_examples=150, deadline=None)
@given(
    st.text()
    | st.text("0123456789#", max_size=60)
    | st.from_regex(r"https?://[^\s]*#?[0-9]*", fullmatch=True)
)
@example(GOOD + "\n").via("a line end")
@example(" " + GOOD).via("a space before")
@example(GOOD + "#").via("a second fragment")
@example(GOOD.replace("https", "ftp")).via("another scheme")
@example(GOOD.replace("#", "#0")).via("a digit more")
@example(GOOD.replace(".org/", ".org:443/")).via("a port that nobody stated")
def test_no_other_text_is_ever_green(text: str) -> None:
    assert judged(text).result in {Result.NOT_GENUINE, Result.UNKNOWN}


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_other_list_is_ever_green(status: bytes | str) -> None:
    verdict = judged(status=status)
    assert verdict.result is Result.UNKNOWN
    assert verdict.reasons == (Reason.STATUS_MALFORMED,)
    assert verdict.badge == BADGE


@settings(deadline=None)
@given(st.integers(0), st.sampled_from([Status.SUSPENDED, Status.VALID]))
def test_a_turned_bit_in_a_list_is_never_green(place: int, status: Status) -> None:
    altered = bytearray(listed(status))
    place %= len(altered) * 8
    altered[place // 8] ^= 1 << place % 8
    assert judged(status=bytes(altered)).result is Result.UNKNOWN


def test_a_list_as_jwt_says_the_same() -> None:
    stated = StatusList(
        BADGE.status_uri, TODAY, TODAY + DAY, 300, 2, status_list.array_of({BADGE.status_index: 2})
    )
    signed = status_list.seal_jwt(stated, kid=minting.kid("status"), sign=signer("status"))
    verdict = judged(status=signed)
    assert (verdict.result, verdict.reasons) == (Result.NOT_LICENSED, (Reason.STATUS_SUSPENDED,))
    forged = status_list.seal_jwt(stated, kid=minting.kid("status"), sign=signer("badge"))
    assert judged(status=forged).reasons == (Reason.STATUS_NOT_GENUINE,)


def test_known_to_be_suspended_stays_red_while_the_list_grows_old() -> None:
    verdict = judged(status=listed(Status.SUSPENDED, age=6 * DAY))
    assert verdict.reach is Reach.OFFLINE_OLD
    assert verdict.appearance.colour is Colour.RED
    assert verdict.appearance.word is Word.NOT_LICENSED_AS_OF


def test_an_instant_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        judged(at=NOW.replace(tzinfo=None))


def _without(part: str) -> Callable[[dict[str, Any]], object]:
    return lambda payload: payload.pop(part)


def _authority(**changed: object) -> Callable[[dict[str, Any]], object]:
    return lambda payload: payload["authorities"][0].update(changed)


def _key(**changed: object) -> Callable[[dict[str, Any]], object]:
    return lambda payload: payload["authorities"][0]["keys"][0].update(changed)


@pytest.mark.parametrize(
    "change",
    [
        _without("ver"),
        _without("iat"),
        _without("exp"),
        _without("authorities"),
        lambda payload: payload.update(exp="2027-01-01"),
        lambda payload: payload.update(authorities=None),
        lambda payload: payload["authorities"].append(payload["authorities"][0]),
        _authority(id="https://verify.example.org"),
        _authority(hosts=["Verify.example.org"]),
        _authority(hosts=["verify.example.org/a"]),
        _authority(hosts=[7]),
        _authority(keys=minting.trust_payload()["authorities"][0]["keys"] * 2),
        _key(kid=minting.kid("status")),
        _key(jwk=minting.jwk("badge", private=True)),
        _key(use=[]),
        _key(state=[]),
        _key(exp="never"),
        _key(nbf=True),
        _key(jwk={}),
    ],
)
def test_a_list_of_trust_that_is_unclear_is_refused_whole(change: Callable[[dict[str, Any]], object]) -> None:
    payload = minting.trust_payload()
    change(payload)
    with pytest.raises(Malformed):
        trust_list.read(payload)


def test_a_key_of_another_use_or_state_is_not_believed_and_spoils_no_list() -> None:
    for change, result, reason in (
        (
            _key(use="checkpoint", jwk={"kty": "OKP"}),
            Result.NOT_GENUINE,
            Reason.KEY_WRONG_USE,
        ),
        (_key(state="paused"), Result.UNKNOWN, Reason.KEY_COMPROMISED),
    ):
        payload = minting.trust_payload()
        change(payload)
        verdict = judged(trust=trust_list.read(payload))
        assert (verdict.result, verdict.reasons) == (result, (reason,))


def test_an_authority_behind_a_port_has_the_name_that_its_badges_carry() -> None:
    assert trust_list.issuer("did:web:127.0.0.1%3A8000:a:xa") == "127.0.0.1:8000/a/xa"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "trust.json").write_text(json.dumps(minting.trust_payload()), encoding="utf-8")
    for name, status in (
        ("fresh", FRESH),
        ("suspended", listed(Status.SUSPENDED)),
        ("old", listed(age=2 * DAY)),
    ):
        (tmp_path / f"{name}.cwt").write_bytes(status)
    stated = StatusList(BADGE.status_uri, TODAY, TODAY + DAY, 300, 2, bytes(status_list.blank()))
    jwt = status_list.seal_jwt(stated, kid=minting.kid("status"), sign=signer("status"))
    (tmp_path / "fresh.jwt").write_text(jwt + "\n", encoding="ascii")
    return tmp_path


def run(
    files: Path, status: str, *more: str, at: str = "2026-11-22T12:00:00Z"
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "verification.offline",
        GOOD,
        "--trust",
        str(files / "trust.json"),
        "--at",
        at,
    ]
    listing = ["--status", str(files / status)] if status else []
    return subprocess.run([*command, *listing, *more], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        ("fresh.cwt", 0, "genuine_as_of"),
        ("fresh.jwt", 0, "genuine_as_of"),
        ("suspended.cwt", 1, "not_licensed_as_of"),
        ("old.cwt", 3, "check_online"),
        ("", 3, "check_online"),
    ],
)
def test_the_command_prints_the_verdict_and_leaves_with_its_code(
    files: Path, status: str, code: int, word: str
) -> None:
    done = run(files, status)
    assert (done.returncode, done.stderr) == (code, "")
    printed_verdict = json.loads(done.stdout)
    assert printed_verdict["word"] == word
    assert printed_verdict["badge"]["licence"] == BADGE.licence


@pytest.mark.parametrize(
    ("status", "at", "more"),
    [
        ("missing.cwt", "2026-11-22T12:00:00Z", ()),
        ("fresh.cwt", "2026-11-22T12:00:00", ()),
        ("fresh.cwt", "today", ()),
        ("fresh.cwt", "2026-11-22T12:00:00Z", ("--trust", "missing.json")),
        ("fresh.cwt", "2026-11-22T12:00:00Z", ("--trust", "fresh.cwt")),
    ],
)
def test_the_command_says_how_it_is_used_and_judges_nothing(
    files: Path, status: str, at: str, more: tuple[str, ...]
) -> None:
    done = run(files, status, *more, at=at)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error:" in done.stderr


def test_the_verifier_stands_on_cryptography_alone() -> None:
    probe = (
        "import json, sys; before = set(sys.modules); import verification.offline;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    foreign = set(json.loads(done.stdout)) - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} == {"cryptography", "verification"}
