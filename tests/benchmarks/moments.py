"""How soon a suspension is seen: by look-ups and badge pages, in the status list, under a checkpoint of the log.

One writer suspends and lifts licences while others look up; the public application, the worker and the signer run as
in the demonstration. Prints what was asked for beside what was measured and says of each whether it was reached.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from itertools import count
from math import inf
from statistics import median, quantiles
from typing import Final

from rich.table import Table

from tests.benchmarks import place, signing

import psycopg  # isort: skip

console = place.console

SUBJECTS: Final = 40
"""Licences that the writer takes in turn."""

WAITING: Final = 4
"""So many of them are suspended at a time: each long enough to be seen."""

CLIENTS: Final = 4
EVERY: Final = 0.02
"""Seconds between two looks at the list and at the checkpoint."""

REST: Final = 60.0
"""Seconds in which the worker must have done what waited for it."""

SETTLING: Final = 6.0
"""Seconds after the last decision in which it may still show."""

JSON: Final = {"Accept": "application/json"}
PAGE: Final = {"Accept": "text/html", "Accept-Language": "en"}
_WORD: Final = re.compile(rb'class="word">([^<]*)<')


@dataclass(frozen=True, slots=True)
class Subject:
    """A licence in force with its badge, and the badge's index in the status list."""

    licence: str
    code: str
    index: int


@dataclass(slots=True)
class Suspension:
    """One suspension, in seconds of the monotonic clock: when it was acknowledged or took effect, and was to be lifted.

    ``begun``: when nobody could know of it yet. ``shown``: when the first answer that says so was there, by what was
    asked. ``sequence``: of its entry. ``decided``: by an officer now, or announced and begun by the clock alone.
    """

    subject: Subject
    begun: float
    since: float
    sequence: int
    decided: bool = True
    lifted: float = inf
    shown: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer to a look-up: when it was asked and there, about which licence, and whether it was green."""

    asked: float
    there: float
    licence: str
    green: bool


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 0 also where something asked for was not reached."""
    parser = argparse.ArgumentParser(prog="scripts/bench moments", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for how long the writer works")
    parser.add_argument("--rate", type=float, default=50, help="look-ups a second")
    parser.add_argument("--every", type=float, default=1, help="seconds from one decision to the next")
    parser.add_argument("--boundaries", type=int, default=5, help="suspensions that the clock alone begins")
    parser.add_argument(
        "--licences", type=int, default=5000, help="of the generated register; some have badges"
    )
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    options = parser.parse_args(words)
    with place.database(keep=options.keep) as url, ExitStack() as stack:
        place.fill(options.licences)
        os.environ |= place.environment(url) | {"DJANGO_SETTINGS_MODULE": "api.conf.settings"}
        import django

        django.setup()
        console.print(_measured(options, url, stack))
    return 0


# --- the place ---------------------------------------------------------------------------------------------------


def _measured(options: argparse.Namespace, url: str, stack: ExitStack) -> Table:
    from django.conf import settings

    from registry.generator.filling import AUTHORITY
    from verification import log
    from verification.signing import issuer

    socket = stack.enter_context(signing.signer([issuer(AUTHORITY)], log=log.origin()))
    os.environ["REGISTRY_SIGNER"] = settings.REGISTRY_SIGNER = str(socket)
    with console.status("Signing what waits"):
        badges = _settle()
    subjects, others = _subjects()
    writer = Writer(subjects, AUTHORITY)
    port = stack.enter_context(
        place.server("api.conf.public:application", url, threads=2, ready=f"/v/{subjects[0].code}")
    )
    stack.enter_context(_worker(url))
    over = threading.Event()
    watchers = [Watcher(port, "/s/1", over), Watcher(port, "/log/checkpoint", over)]
    clients = [Client(port, subjects, others, options.rate / CLIENTS, over) for _ in range(CLIENTS)]
    with _running([*watchers, *clients], over), console.status(f"Deciding for {options.seconds:.0f} s"):
        writer.work(port, options.seconds, every=options.every, boundaries=options.boundaries)
        time.sleep(SETTLING)
    heard = [one for client in clients for one in client.heard]
    return _table(writer, watchers[0], watchers[1], heard, badges=badges)


def _settle() -> int:
    """Do what a register of some age has done long ago: tokens, lists and log of everything there; how many badges."""
    from registry import clock
    from verification import sequencing, standings, statuses, tokens

    statuses.refresh(at=clock.now())
    sequencing.advance(at=clock.now())
    while _signed(tokens.refresh):
        pass
    sequencing.advance(at=clock.now())
    sequencing.publish(at=clock.now())
    return len(standings.every(at=clock.now()))


def _signed(work: Callable[..., int]) -> bool:
    """Whether there may be more to sign; a signer on a busy machine is asked again."""
    from registry import clock
    from verification.signing import SignerDown

    try:
        return bool(work(at=clock.now()))
    except SignerDown:
        return True


def _subjects() -> tuple[list[Subject], list[Subject]]:
    """Licences in force for a while yet, whose badges stand in the first list: the writer's, and others."""
    from registry import clock
    from verification import standings, statuses
    from verification.verdicts import Result

    at = clock.now()
    late = at + timedelta(days=1)
    good = {
        one.code: one.licence
        for one in standings.every(at=at)
        if one.kind == "licence" and one.result is Result.LICENSED and (one.until is None or one.until > late)
    }
    placed = statuses.places(good)
    found = [
        Subject(licence, code, placed[code].index)
        for code, licence in good.items()
        if placed[code].number == 1
    ]
    random.shuffle(found)
    return found[:SUBJECTS], found[SUBJECTS:]


@contextmanager
def _worker(url: str) -> Iterator[None]:
    """The worker, as the demonstration starts it."""
    with (place.FOLDER / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "procrastinate", "worker"],
            cwd=place.ROOT, env=place.environment(url), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_for_rest(url)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait_for_rest(url: str) -> None:
    """Return when the worker has begun and done what waited for it."""
    from registry import news

    news.put()
    until = time.monotonic() + REST
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(
            "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') LIMIT 1"
        ).fetchone():
            if time.monotonic() > until:
                raise RuntimeError(f"the worker does not come to rest; see {place.FOLDER / 'worker.log'}")
            time.sleep(0.1)


@contextmanager
def _running(those: Sequence[threading.Thread], over: threading.Event) -> Iterator[None]:
    for thread in those:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in those:
            thread.join(20)


# --- who writes, who asks ----------------------------------------------------------------------------------------


class Writer:
    """The officers: they suspend and lift, in turn, and announce suspensions that the clock begins."""

    def __init__(self, subjects: Sequence[Subject], authority: str) -> None:
        from tests import builders

        builders._keys = count(time.time_ns())  # the keys of an earlier run on this database are spent
        self.authority = authority
        self.suspensions: list[Suspension] = []
        self._free = deque(subjects)
        self._waiting: deque[Suspension] = deque()

    def work(self, port: int, seconds: float, *, every: float, boundaries: int) -> None:
        """Decide once ``every`` so many seconds; ask at once after each suspension, as its officer might."""
        for place_ in range(boundaries):
            self._announce(timedelta(seconds=seconds * (place_ + 1) / (boundaries + 1)))
        began = time.monotonic()
        for turn in count():
            time.sleep(max(0.0, began + turn * every - time.monotonic()))
            if time.monotonic() - began > seconds:
                break
            if len(self._waiting) >= WAITING and turn % 2:
                self._lift(self._waiting.popleft())
            else:
                self._suspend(port)

    def _suspend(self, port: int) -> None:
        from registry import clock
        from tests import builders

        subject, begun = self._free.popleft(), time.monotonic()
        sequence = builders.suspended(subject.licence, at=clock.now(), authority=self.authority)
        made = Suspension(subject, begun, time.monotonic(), sequence)
        self.suspensions.append(made)
        self._waiting.append(made)
        for what, path, headers, says in _look_ups(subject):
            while says(_got(port, path, headers)):
                """A green answer after the commit; whoever hears it, ``_stale`` names it too."""
            made.shown[what] = time.monotonic()

    def _lift(self, made: Suspension) -> None:
        from registry import clock
        from tests import builders

        made.lifted = time.monotonic()
        builders.lifted(made.subject.licence, made.sequence, at=clock.now(), authority=self.authority)
        self._free.append(made.subject)

    def _announce(self, ahead: timedelta) -> None:
        from registry import clock
        from registry.rules.lifecycle import Action, StepTerms
        from tests import builders

        subject, begun, now = self._free.popleft(), time.monotonic(), clock.now()
        terms = StepTerms(
            grounds=("FALSE-DOC",), effective=now + ahead, texts={"en": "Papers under examination."}
        )
        made = builders.take(
            subject.licence, Action.SUSPEND_PREVENTIVE, terms, at=now, authority=self.authority
        )
        since = begun + ahead.total_seconds()
        self.suspensions.append(Suspension(subject, begun, since, made.sequence, decided=False))


class Watcher(threading.Thread):
    """Looks at one address all the time and keeps what changed there, with the time."""

    def __init__(self, port: int, path: str, over: threading.Event) -> None:
        super().__init__()
        self.port, self.path, self.over = port, path, over
        self.seen: list[tuple[float, bytes]] = []

    def run(self) -> None:
        """Ask until it is over; who holds an answer asks whether it is still good."""
        connection, tag = HTTPConnection("127.0.0.1", self.port, timeout=10), ""
        while not self.over.wait(EVERY):
            connection.request("GET", self.path, headers={"If-None-Match": tag} if tag else {})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200:
                tag = answer.headers["ETag"]
                self.seen.append((time.monotonic(), body))
        connection.close()

    def first(self, after: float, says: Callable[[bytes], bool]) -> float:
        """When something that says so was first there, from ``after`` on; never: infinity."""
        return next((when for when, body in self.seen if when > after and says(body)), inf)


class Client(threading.Thread):
    """Looks up licences and badges, so many a second, half of them those that the writer is busy with."""

    def __init__(
        self, port: int, subjects: Sequence[Subject], others: Sequence[Subject], rate: float, over: threading.Event
    ) -> None:  # fmt: skip
        super().__init__()
        self.port, self.crowds, self.rate, self.over = port, (subjects, others or subjects), rate, over
        self.heard: list[Heard] = []

    def run(self) -> None:
        """Ask until it is over."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        began = time.monotonic()
        for turn in count():
            if self.over.wait(max(0.0, began + turn / self.rate - time.monotonic())):
                break
            subject = random.choice(self.crowds[turn % 2])  # noqa: S311 - any of them
            _what, path, headers, says = _look_ups(subject)[turn // 2 % 2]
            asked = time.monotonic()
            green = says(_got(connection, path, headers))
            self.heard.append(Heard(asked, time.monotonic(), subject.licence, green))
        connection.close()


def _look_ups(subject: Subject) -> tuple[tuple[str, str, dict[str, str], Callable[[bytes], bool]], ...]:
    """What may be asked about a licence: its name, address and headers, and whether an answer is green."""
    return (
        ("look-up", f"/api/v1/licences/{subject.licence}", JSON, _green_body),
        ("badge page", f"/v/{subject.code}", PAGE, _green_page),
    )


def _green_body(body: bytes) -> bool:
    return str(json.loads(body)["verdict"]["result"]) == "licensed"


def _green_page(body: bytes) -> bool:
    found = _WORD.search(body)
    if found is None:
        raise RuntimeError(f"a badge page without a verdict: {body[:300]!r}")
    return found[1] == b"Licensed"


def _got(where: int | HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    """The body of a good answer; each question comes from another address."""
    connection = HTTPConnection("127.0.0.1", where, timeout=10) if isinstance(where, int) else where
    address = ".".join(str(random.randrange(1, 255)) for _ in range(3))  # noqa: S311 - any of them
    connection.request("GET", path, headers=headers | {"X-Forwarded-For": f"10.{address}"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")
    if connection is not where:
        connection.close()
    return body


# --- telling -----------------------------------------------------------------------------------------------------


def _table(
    writer: Writer, lists: Watcher, checkpoints: Watcher, heard: Sequence[Heard], *, badges: int
) -> Table:
    decided = [one for one in writer.suspensions if one.decided]
    begun = [one for one in writer.suspensions if not one.decided]
    indexes = _indexes(writer.suspensions)
    table = Table(
        title=f"{len(decided)} suspensions among {badges:,} badges, seconds from the acknowledged commit",
        title_justify="left",
    )
    for heading in ("what says so", "asked", "median", "p99", "worst", ""):
        table.add_column(heading)

    def row(what: str, bound: float, waits: Sequence[float]) -> None:
        asked = f"<= {bound:g} s" if bound < inf else "first answer"
        told = [
            f"{time_:.3f}" if time_ < inf else "never" for time_ in (median(waits), _p99(waits), max(waits))
        ]
        table.add_row(what, asked, *told, _reached(reached=max(waits) <= bound) if bound < inf else "")

    for what in ("look-up", "badge page"):
        row(what, inf, [one.shown[what] - one.since for one in decided])
    stale = [one for one in heard if _stale(one, writer.suspensions)]
    told = f"{len(stale)} of {len(heard):,}"
    table.add_row("green after the commit", "none", told, "", "", _reached(reached=not stale))
    row("status list at the origin", 1, [_listed(one, lists) for one in decided])
    if begun:
        row("the same, begun by the clock alone", 1, [_listed(one, lists) for one in begun])
    row("checkpoint", 5, [_covered(one, checkpoints, indexes[one.sequence]) for one in decided])
    seconds = heard[-1].there - heard[0].asked
    waits = [one.there - one.asked for one in heard]
    table.add_row(
        f"({len(heard) / seconds:.0f} look-ups/s meanwhile)", "", f"{median(waits):.3f}", f"{_p99(waits):.3f}",
        f"{max(waits):.3f}", "",
    )  # fmt: skip
    return table


def _reached(*, reached: bool) -> str:
    return "[green]reached[/green]" if reached else "[red]not reached[/red]"


def _p99(waits: Sequence[float]) -> float:
    return (
        quantiles(waits, n=100, method="inclusive")[98] if len(waits) > 1 and max(waits) < inf else max(waits)
    )


def _stale(one: Heard, suspensions: Sequence[Suspension]) -> bool:
    """Whether a green answer was asked for and given while the licence was suspended."""
    return one.green and any(
        one.licence == made.subject.licence and made.since < one.asked and one.there < made.lifted
        for made in suspensions
    )


def _listed(one: Suspension, lists: Watcher) -> float:
    from verification import status_list

    def suspended(body: bytes) -> bool:
        stated, _ = status_list.unseal(body)
        return stated.status(one.subject.index) == status_list.Status.SUSPENDED

    return max(0.0, lists.first(one.begun, suspended) - one.since)


def _covered(one: Suspension, checkpoints: Watcher, index: int) -> float:
    return max(0.0, checkpoints.first(one.begun, lambda body: int(body.split(b"\n")[1]) > index) - one.since)


def _indexes(suspensions: Sequence[Suspension]) -> dict[int, int]:
    """Where the entries of these suspensions stand in the log."""
    from verification import leaves, log

    wanted, found = {one.sequence for one in suspensions}, dict[int, int]()
    index = log.size()
    while wanted - found.keys():
        index -= 1
        sequence = leaves.read(log.entry(index)).get("seq")
        if sequence in wanted:
            found[sequence] = index
    return found


if __name__ == "__main__":
    sys.exit(main())
