"""Our own vectors: judged right, recreated by the script, marked as insecure, and complete."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.verification import cases, minting
from verification import offline, public_keys, trust_list, verdicts
from verification.offline import Reason
from verification.trust_list import TrustList
from verification.verdicts import Colour, Reach

FILES = sorted((cases.FOLDER / "badge").glob("*.json"))


@cache
def trusted(name: str) -> TrustList:
    return trust_list.read(json.loads((cases.FOLDER / name).read_text(encoding="utf-8")))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def judged(case: dict[str, Any]) -> dict[str, Any]:
    return offline.verify(
        case["given"],
        trust=None if case["trust"] is None else trusted(case["trust"]),
        status_list=None if case["status"] is None else public_keys.unbase64url(case["status"]),
        at=datetime.fromisoformat(case["at"]),
    ).as_json()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_vector_is_judged_as_its_file_says(path: Path) -> None:
    case = read(path)
    assert judged(case) == case["verdict"]


def test_the_script_would_write_the_same_files_again() -> None:
    if zlib.compress(bytes(1000), 9) != bytes.fromhex("78da63601805a360140c77000003e80001"):
        pytest.skip("this machine's zlib deflates otherwise; the vectors hold all the same")
    held = {str(path.relative_to(cases.FOLDER)): path for path in cases.FOLDER.rglob("*.json")}
    written = cases.files()
    assert held.keys() == written.keys()
    assert [name for name, path in held.items() if path.read_text(encoding="utf-8") != written[name]] == []


def test_every_reason_and_every_offline_look_has_a_vector() -> None:
    verdicts_ = [read(path)["verdict"] for path in FILES]
    assert {reason for verdict in verdicts_ for reason in verdict["reasons"]} == {
        reason.value for reason in Reason if reason is not Reason.TOKEN_NOT_LOGGED
    }, "only who can ask the log says that a token is not in it"
    for verdict in verdicts_:
        look = verdicts.appearance(verdict["result"], verdict["reach"])
        assert (verdict["colour"], verdict["shape"], verdict["word"]) == (look.colour, look.shape, look.word)
    assert {verdict["colour"] for verdict in verdicts_} == {Colour.GREEN_OUTLINE, Colour.AMBER, Colour.RED}
    assert {verdict["reach"] for verdict in verdicts_} == {Reach.OFFLINE_FRESH, Reach.OFFLINE_OLD}


def test_only_the_good_vectors_are_green_and_only_believed_badges_are_read_out() -> None:
    for path in FILES:
        verdict = read(path)["verdict"]
        assert (verdict["result"] == "licensed") is path.stem.startswith("good")
        if verdict["result"] == "not_genuine":
            assert verdict["badge"] is None


def test_the_keys_say_that_they_are_insecure() -> None:
    held = read(cases.FOLDER / "keys.json")
    assert "INSECURE" in held["warning"]
    for name, key in held["keys"].items():
        assert key == {"kid": minting.kid(name), "jwk": minting.jwk(name, private=True)}
