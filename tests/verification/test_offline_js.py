"""The verifier for browsers says word for word what the one in Python says; Node plays the browser."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import subprocess
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.verification import cases, minting
from tests.verification.minting import NOW, digits, listed, printed, sealed
from verification import codec, offline, public_keys, trust_list
from verification.status_list import Status

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "api" / "pages" / "static" / "pages" / "verify.js"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node on this machine to play the browser")

PLAY = """
require(process.argv[1]);
process.on("unhandledRejection", (problem) => { console.error("unhandled", problem); process.exit(9); });
(async () => {
  const { trust, asked } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const found = [];
  for (const { given, trusting, status, at } of asked) {
    const list = status === null ? null : new Uint8Array(Buffer.from(status, "base64url"));
    found.push(await verifyBadge(given, trusting ? trust : null, list, new Date(at)));
  }
  console.log(JSON.stringify(found));
})();
"""


def asked(given: str, status: bytes | None, at: datetime = NOW, *, trusting: bool = True) -> dict[str, Any]:
    coded = None if status is None else public_keys.base64url(status)
    return {"given": given, "trusting": trusting, "status": coded, "at": at.isoformat()}


def played(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the browser's verifier answers to each."""
    done = subprocess.run(
        [str(NODE), "-e", PLAY, str(SCRIPT)],
        input=json.dumps({"trust": minting.trust_payload(), "asked": questions}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def judged(question: dict[str, Any]) -> dict[str, Any]:
    """What our own verifier answers."""
    coded = question["status"]
    return offline.verify(
        question["given"],
        trust=TRUST if question["trusting"] else None,
        status_list=None if coded is None else public_keys.unbase64url(coded),
        at=datetime.fromisoformat(question["at"]),
    ).as_json()


TRUST = trust_list.read(minting.trust_payload())


@needs_node
def test_every_vector_is_judged_as_its_file_says() -> None:
    held = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((cases.FOLDER / "badge").glob("*.json"))
    ]
    questions = [{**case, "trusting": case["trust"] is not None} for case in held]
    for case, answer in zip(held, played(questions), strict=True):
        assert answer == case["verdict"], case["says"]


@needs_node
def test_altered_badges_and_lists_are_judged_alike() -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same alterations each time
    cose, token, status = sealed(), digits(sealed()), listed(Status.SUSPENDED)
    questions = []
    for _ in range(150):
        turned = _turned(cose, chance)
        questions.append(asked(minting.address(digits(turned)), status))
        packed = _turned(zlib.compress(cose, 9), chance)
        questions.append(asked(codec.to_digits(packed), status))
        place = chance.randrange(len(token))
        questions.append(asked(token[:place] + chance.choice("0123456789x") + token[place + 1 :], status))
        questions.append(asked(token[:place] + token[place + 1 :], status))
        questions.append(asked(token, _turned(status, chance)))
    assert played(questions) == [judged(question) for question in questions]


def _turned(data: bytes, chance: random.Random) -> bytes:
    altered = bytearray(data)
    altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
    return bytes(altered)


@needs_node
def test_every_hour_of_a_list_and_a_print_is_judged_alike() -> None:
    soon = printed(expires=minting.TODAY + 3 * minting.DAY)
    instants = [
        NOW + timedelta(hours=hours, seconds=more) for hours in range(-50, 200, 6) for more in (-1, 0, 1)
    ]
    questions = [asked(soon, listed(status, age=0), at) for status in Status for at in instants]
    assert played(questions) == [judged(question) for question in questions]


@needs_node
def test_addresses_are_read_alike() -> None:
    rest = printed().removeprefix("https://verify.example.org")
    starts = (
        "https://",
        "HTTPS://",
        "http://",
        "https:/",
        "//",
        "",
        "ftp://",
        " https://",
        "https://@",
        "https://a@",
    )
    hosts = (
        "verify.example.org",
        "VERIFY.example.org",
        "verify.example.org:443",
        "verify.example.org.",
        "verify.examp\u217ee.org",
        "veri\u017fy.example.org",
        "check.example.net",
        "verify.example.org\\",
        "verify.example.org/a",
        "[::1]",
        "",
    )
    ends = (
        rest,
        rest.lower(),
        rest.replace("#", "?lang=ar#"),
        rest.replace("#", "/#"),
        rest.replace("#", "-#"),
        rest.replace("#", ""),
        rest.replace("/v/", "/V/"),
        rest + "#",
        rest + "\n",
        "/",
        "#",
        "",
    )
    questions = [asked(start + host + end, listed()) for start in starts for host in hosts for end in ends]
    answers = played(questions)
    for question, answer in zip(questions, answers, strict=True):
        assert answer == judged(question), question["given"]
    assert sum(answer["result"] == "licensed" for answer in answers) >= 10


def test_the_script_is_small_asks_nobody_and_needs_nothing() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(gzip.compress(text.encode(), 9)) < 4000
    assert (
        re.findall(
            r"\b(fetch|XMLHttpRequest|import|require|eval|document|window|localStorage|cookie)\b", text
        )
        == []
    )
    assert re.findall(r"https?://\w", text) == []
