"""Suspended at T: no answer to a request sent after T says licensed, from any process, under load, cached or not.

Two real server processes, clients that never pause, some holding an answer and asking whether it is still good, while
officers suspend and lift. T is the instant at which the officer's program was told that the suspension is committed.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.db import connections

from registry import clock
from tests import builders, serving
from verification import badges

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4
BETWEEN = 0.25
_WORD = re.compile(rb'class="word">([^<]*)<')


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: when its question was sent and when it was there, what it says, and whether it was a 304."""

    sent: float
    there: float
    kind: str
    says: str
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """A time in which nobody may be told yes: from the acknowledged suspension to the first move to lift it."""

    since: float
    until: float


@dataclass
class Asking:
    """Clients that ask for one address again and again until they are stopped."""

    port: int
    path: str
    kind: str
    conditional: bool
    stop: threading.Event
    heard: list[Heard] = field(default_factory=list)

    def run(self) -> None:
        """Ask without a pause; a client that holds an answer asks whether it is still good."""
        accepts = "text/html" if self.kind == "page" else "application/json"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        tag, held = "", ""
        while not self.stop.is_set():
            headers = {"Accept": accepts}
            if self.conditional and tag:
                headers["If-None-Match"] = tag
            sent = time.monotonic()
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            there = time.monotonic()
            assert answer.status in {200, 304}, (answer.status, body[:300])
            if answer.status == 200:
                tag, held = answer.headers.get("ETag", ""), _said(self.kind, body)
            self.heard.append(Heard(sent, there, self.kind, held, answer.status == 304))
        connection.close()


def _said(kind: str, body: bytes) -> str:
    if kind != "page":
        return str(json.loads(body)["verdict"]["result"])
    found = _WORD.search(body)
    assert found is not None, body[:500]
    return {b"Licensed": "licensed", b"Not licensed": "not_licensed"}[found[1]]


def stale(heard: Sequence[Heard], closed: Sequence[Closed]) -> list[Heard]:
    """The answers that say licensed although both question and answer lie in a time in which nobody may."""
    return [
        one
        for one in heard
        if one.says in {"licensed", "limited"}
        and any(time_.since < one.sent and one.there < time_.until for time_ in closed)
    ]


def _suspend_and_lift(number: str, rounds: int) -> list[Closed]:
    """Suspend and lift, again and again, the last time for good."""
    closed = []
    for turn in range(rounds):
        time.sleep(BETWEEN)
        sequence = builders.suspended(number, at=clock.now())
        since = time.monotonic()
        time.sleep(BETWEEN)
        last = turn == rounds - 1
        closed.append(Closed(since, float("inf") if last else time.monotonic()))
        if not last:
            builders.lifted(number, sequence, at=clock.now())
    return closed


@contextmanager
def _clients(clients: Sequence[Asking]) -> Iterator[None]:
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        clients[0].stop.set()
        for thread in threads:
            thread.join(20)


def _heard_under_load(
    application: str, database_url: str, log: Path, *, rounds: int
) -> tuple[list[Heard], list[Closed]]:
    builders.authority(at=clock.now() - timedelta(days=40))
    number = builders.active(at=clock.now() - timedelta(days=30))
    code = badges.issue("licence", number, at=clock.now()).code
    connections.close_all()
    with ExitStack() as stack:
        port = stack.enter_context(
            serving.server(application, serving.environment(database_url), log=log, ready=f"/v/{code}")
        )
        stop = threading.Event()
        clients = [
            Asking(port, path, kind, conditional, stop)
            for kind, path in (
                ("licence", f"/api/v1/licences/{number}"),
                ("badge", f"/v/{code}"),
                ("page", f"/v/{code}"),
            )
            for conditional in (False, True)
        ]
        stack.enter_context(_clients(clients))
        closed = _suspend_and_lift(number, rounds)
        stop.wait(BETWEEN)
    return [one for client in clients for one in client.heard], closed


def test_suspended_at_t_nobody_who_asks_after_t_is_told_licensed(database_url: str, tmp_path: Path) -> None:
    heard, closed = _heard_under_load(
        "api.conf.public:application", database_url, tmp_path / "log", rounds=ROUNDS
    )
    assert stale(heard, closed) == []
    for kind in ("licence", "badge", "page"):
        said = [one for one in heard if one.kind == kind]
        inside = [one for one in said if any(c.since < one.sent and one.there < c.until for c in closed)]
        assert any(one.says == "licensed" for one in said), f"{kind}: nothing was licensed at first"
        assert len(inside) >= 2 * ROUNDS, f"{kind}: too few questions to prove anything: {len(inside)}"
        assert any(one.unchanged for one in said), f"{kind}: nobody came back with an ETag"


def test_a_cache_of_half_a_second_would_be_noticed(database_url: str, tmp_path: Path) -> None:
    heard, closed = _heard_under_load(
        "tests.journeys.forgetful:application", database_url, tmp_path / "log", rounds=2
    )
    assert stale(heard, closed)


@pytest.mark.parametrize(
    ("sent", "there", "wrong"), [(0.5, 1.5, False), (1.1, 1.2, True), (1.5, 2.5, False), (2.5, 3.0, False)]
)
def test_an_answer_is_stale_when_question_and_answer_lie_after_the_suspension(
    sent: float,
    there: float,
    wrong: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    one = Heard(sent, there, "licence", "licensed", unchanged=False)
    assert bool(stale([one], [Closed(1.0, 2.0)])) is wrong
