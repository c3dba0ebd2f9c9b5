"""The browser's reader of the list of trust believes and refuses what Python's does; Node plays the browser."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.verification import minting
from tests.verification.minting import DAY, TODAY, jwk, signer
from tests.verification.test_trust_list import (
    FIRST,
    PINNED,
    ROOTS,
    _member,
    _with_header,
    countersigned,
    payload,
    signed,
    thumbprint,
)
from verification import envelopes, trust_list
from verification.cbor import Malformed
from verification.trust_list import TYPE, NotTrusted, Signed

SCRIPT = Path(__file__).resolve().parents[2] / "api" / "pages" / "static" / "pages" / "trust.js"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node on this machine to play the browser")

PLAY = """
require(process.argv[1]);
(async () => {
  const found = [];
  for (const { document, before, at } of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    try {
      let known = null;
      for (const one of before) known = await acceptTrustList(one, known, new Date(at * 1000));
      const { ver, digest, roots } = await acceptTrustList(document, known, new Date(at * 1000));
      found.push([ver, digest, roots.sort()]);
    } catch (refused) {
      found.push(refused.message);
    }
  }
  console.log(JSON.stringify(found));
})();
"""


def asked(document: bytes, *before: bytes, at: int = TODAY) -> dict[str, Any]:
    return {"document": document, "before": before, "at": at}


def played(questions: list[dict[str, Any]]) -> list[Any]:
    """What the browser's reader makes of each document, after those that it took before."""
    told = [
        {
            "document": one["document"].decode("utf-8", "surrogateescape"),
            "before": [document.decode() for document in one["before"]],
            "at": one["at"],
        }
        for one in questions
    ]
    done = subprocess.run(
        [str(NODE), "-e", PLAY, str(SCRIPT)],
        input=json.dumps(told), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    answers: list[Any] = json.loads(done.stdout)
    return answers


def judged(question: dict[str, Any]) -> Any:
    """What our own reader makes of it."""
    known: Signed | None = None
    try:
        for document in (*question["before"], question["document"]):
            known = trust_list.accept(document, roots=PINNED, known=known, at=question["at"])
    except Malformed:
        return "malformed"
    except NotTrusted as refused:
        return refused.code
    assert known is not None
    return [known.trust.version, known.digest, sorted(known.next_roots)]


def said(document: bytes) -> Signed:
    """What a signed document says, whoever signed it."""
    return trust_list.read_signed(envelopes.part_jws(document, kind=TYPE)[0].payload)


SECOND = signed(payload(FIRST))
FRESH = [thumbprint(f"fresh {number}") for number in range(3)]
MOVED = signed(payload(FIRST, next_roots=FRESH))


def changed(**stated: Any) -> bytes:
    return signed(payload(**stated))


@needs_node
def test_lists_that_follow_each_other_are_believed_and_refused_alike() -> None:
    first, later = signed(payload()), payload(FIRST, ver=9, prev=hashlib.sha256(b"version 8").hexdigest())
    beyond = said(MOVED)
    questions = [
        asked(first),
        asked(signed(payload(), ROOTS)),
        asked(first, first),
        asked(SECOND, first),
        asked(first, first, SECOND),
        asked(signed(payload(FIRST), ROOTS[1:]), first, SECOND),
        asked(signed(later), first),
        asked(signed(payload(beyond), ("fresh 0", "fresh 2")), first, MOVED),
        asked(signed(payload(beyond)), first, MOVED),
        asked(changed(iss="did:web:elsewhere.example"), first),
        asked(signed(payload(FIRST, prev=hashlib.sha256(b"another").hexdigest())), first),
        asked(signed(payload(said(SECOND), iat=TODAY - 2 * DAY, exp=TODAY + DAY)), first, SECOND),
        asked(first, at=FIRST.trust.expires),
        asked(first, at=FIRST.trust.expires - 1),
        asked(first, at=FIRST.trust.issued - 301),
        asked(first, at=FIRST.trust.issued - 300),
    ]
    answers = played(questions)
    assert answers == [judged(question) for question in questions]
    assert {answer for answer in answers if isinstance(answer, str)} >= {
        "trust_list.rolled_back", "trust_list.forked", "trust_list.roots_not_announced", "trust_list.expired",
        "trust_list.not_yet",
    }  # fmt: skip
    assert sum(isinstance(answer, list) for answer in answers) >= 8


@needs_node
def test_what_is_unclear_or_badly_signed_is_refused_alike() -> None:
    data = json.dumps(payload()).encode()
    borrowed = envelopes.countersign(
        data, kid=thumbprint(ROOTS[0]), sign=signer("a thief"), kind=TYPE, jwk=jwk("a thief")
    )
    false = envelopes.countersign(
        data, kid=thumbprint(ROOTS[2]), sign=signer("a thief"), kind=TYPE, jwk=jwk(ROOTS[2])
    )
    authority = minting.trust_payload()["authorities"][0]
    key = authority["keys"][0]
    headers: list[dict[str, Any]] = [
        {}, {"typ": "statuslist+jwt"}, {"typ": None}, {"crit": []}, {"alg": "none"}, {"alg": "HS256"}, {"kid": None},
        {"jwk": None}, {"jwk": {"kty": "oct", "k": "AA"}}, {"jwk": jwk(ROOTS[0], private=True)},
    ]  # fmt: skip
    members: list[dict[str, Any]] = [
        {"signatures": []}, {"signatures": {}}, {"signatures": ["x"]}, {"header": {}}, {"payload": "*"}, {"payload": 7},
    ]  # fmt: skip
    changes: list[dict[str, Any]] = [
        {"ver": 0}, {"ver": 2}, {"ver": True}, {"iss": 7}, {"prev": "AB" * 32}, {"prev": "12" * 32},
        {"exp": TODAY + 40 * DAY}, {"exp": TODAY - 2 * DAY}, {"next_roots": []}, {"next_roots": FRESH[:1] * 3},
        {"next_roots": ["short", *FRESH[:2]]}, {"authorities": [7]}, {"authorities": [authority, authority]},
        {"authorities": [authority | {"id": "https://verify.example.org"}]},
        {"authorities": [authority | {"hosts": ["Verify.example.org"]}]},
        {"authorities": [authority | {"keys": [key, key]}]},
        {"authorities": [authority | {"keys": [key | {"kid": "AAAAAAAAAAA"}]}]},
        {"authorities": [authority | {"keys": [key | {"nbf": "1"}]}]},
        {"authorities": [authority | {"keys": [key | {"use": "later", "jwk": {}}]}]},
    ]  # fmt: skip
    documents = [
        signed(payload(), ROOTS[:1]),
        signed(payload(), (ROOTS[0],) * 3),
        envelopes.join_jws(data, [borrowed, countersigned(data, ROOTS[1])]),
        envelopes.join_jws(data, [*(countersigned(data, name) for name in ROOTS[:2]), false]),
        *(_with_header(**header) for header in headers),
        b"",
        b"[]",
        b"null",
        json.dumps(payload()).encode(),
        *(_member(**member) for member in members),
        signed(payload(), ROOTS[:2] * 9),
        b" " * trust_list.MOST_BYTES + signed(payload()),
        *(changed(**change) for change in changes),
    ]
    answers = played([asked(document) for document in documents])
    for document, answer in zip(documents, answers, strict=True):
        assert answer == judged(asked(document)), document[:2000]


@needs_node
def test_one_bit_changed_anywhere_is_judged_alike() -> None:
    chance = random.Random(20261122)  # noqa: S311 - the same alterations each time
    questions, document = [], signed(payload())
    for _ in range(150):
        altered = bytearray(document)
        altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(7)  # it stays ASCII
        questions.append(asked(bytes(altered)))
    for question, answer in zip(questions, played(questions), strict=True):
        told = judged(question)
        assert answer == told or isinstance(answer, str) is isinstance(told, str), question["document"]


def test_the_script_asks_nobody() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert (
        re.findall(r"\b(fetch|XMLHttpRequest|import|require|eval|document|window|localStorage)\b", text) == []
    )
    assert re.findall(r"https?://\w", text) == []
