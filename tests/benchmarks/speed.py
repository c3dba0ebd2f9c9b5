"""How fast the public routes answer, against a bare Django view on the same database, in the same minutes.

Prints medians over interleaved rounds and the ratios that the design asks for, and says of each whether it was
reached. Server, database and load share the machine, so only figures of one run can be compared.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote
from urllib.request import Request, urlopen

from rich.progress import Progress
from rich.table import Table

from tests.benchmarks import place, signing
from tests.benchmarks.load import WRK, Measured, Subject, run

import psycopg  # isort: skip

console = place.console

KEYS: Final = 20_000
ITEMS: Final = 1000
PAGE: Final = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Encoding": "gzip",
    "Accept-Language": "en",
}
JSON: Final = {"Accept": "application/json"}
SIGNED: Final = {"Accept": "application/jwt"}


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured, and how many microseconds of processor time servers and database took for an answer.

    The latter says more than a rate when the machine has something else to do.
    """

    load: Measured
    work: float


Rounds = Mapping[str, Sequence[Round]]


@dataclass(frozen=True, slots=True)
class Keys:
    """What is asked for: licences, badges and holders' names of the generated register, drawn at random."""

    numbers: Sequence[str]
    codes: Sequence[str]
    names: Sequence[str]


def main(words: Sequence[str] | None = None) -> int:
    """Measure at each size, print the tables; 0 also where something asked for was not reached."""
    options = _options(words)
    console.print(_machine())
    taken: dict[int, Rounds] = {}
    with place.database(keep=options.keep) as url:
        for size in sorted(options.licences):
            place.fill(size)
            taken[size] = _measured(url, options)
            console.print(_table(size, taken[size]))
            console.print(_asked(taken[size]))
    if len(taken) > 1:
        console.print(_sizes(taken))
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--licences", type=int, nargs="+", default=[5000], help="sizes of the register, one after another"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each subject is loaded")
    parser.add_argument("--seconds", type=float, default=3, help="for how long each time")
    parser.add_argument(
        "--warm",
        type=float,
        default=1,
        help="seconds of load on each subject before the first round, not measured; more for a large register",
    )
    parser.add_argument(
        "--threads", type=int, choices=range(1, 5), default=2, help="blocking threads a worker"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="SUBJECT", help="some of the subjects; the floor always runs"
    )
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    return parser.parse_args(words)


def _machine() -> str:
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    busy = (
        f" [yellow]The machine is busy (load {load:.1f}): distrust what follows.[/yellow]"
        if load > 0.7
        else ""
    )
    tool = "wrk" if WRK else "a client in Python, for wrk is not installed"
    return f"{cores} cores shared by servers, database and load; load from {tool}.{busy}"


# --- measuring ---------------------------------------------------------------------------------------------------


def _measured(url: str, options: argparse.Namespace) -> Rounds:
    """Every subject in turn, round after round, so that what disturbs the machine disturbs them all alike."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["REGISTRY_SIGNER"] = str(stack.enter_context(signing.signer(_issuers(url))))
        both = {
            "tests.benchmarks.floor:application": "/nodb",
            "api.conf.public:application": "/healthz",
        }
        floor, ours = (
            stack.enter_context(place.server(application, url, threads=options.threads, ready=ready))
            for application, ready in both.items()
        )
        subjects = [s for s in _subjects(floor, ours, _keys(url)) if _wanted(s.name, options.only)]
        for subject in subjects:
            _fits(subject)
            run(subject, options.warm, folder)
        taken: dict[str, list[Round]] = {subject.name: [] for subject in subjects}
        with Progress(transient=True, console=console) as bar:
            task = bar.add_task("Loading", total=options.rounds * len(subjects))
            for _ in range(options.rounds):
                for subject in subjects:
                    bar.update(task, description=f"Loading {subject.name}")
                    taken[subject.name].append(_round(subject, options.seconds, folder))
                    bar.advance(task)
        for subject in subjects:
            _fits(subject)
        return taken


def _round(subject: Subject, seconds: float, folder: Path) -> Round:
    before = place.spent()
    measured = run(subject, seconds, folder)
    after = place.spent()
    work = sum(now - before.get(process, 0.0) for process, now in after.items())
    return Round(measured, work / max(1, measured.answers) * 1e6)


def _wanted(name: str, only: Sequence[str] | None) -> bool:
    return not only or name in {"floor", *only}


def _keys(url: str) -> Keys:
    with psycopg.connect(url) as connection:

        def column(statement: str) -> list[str]:
            return [value for (value,) in connection.execute(statement, [KEYS])]

        return Keys(
            numbers=column("SELECT number FROM registry_licence ORDER BY random() LIMIT %s"),
            codes=column(
                "SELECT code FROM verification_badge WHERE withdrawn_at IS NULL ORDER BY random() LIMIT %s"
            ),
            names=column("SELECT legal_name FROM registry_agency ORDER BY random() LIMIT least(%s, 2000)"),
        )


def _issuers(url: str) -> list[str]:
    """What the authorities of the badges are called where they sign, on a host with the settings' own default."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT DISTINCT authority FROM verification_badge").fetchall()
    return [f"127.0.0.1:8000/a/{code.lower()}" for (code,) in rows]


def _subjects(floor: int, ours: int, keys: Keys) -> list[Subject]:
    base = "/api/v1"
    found = [f"{base}/search?q={quote(_mistyped(name))}" for name in keys.names]
    known = [f"{base}/licences/{number}\t{_etag(ours, number)}" for number in keys.numbers[:2000]]
    return [
        Subject("floor", floor, [f"/licences/{number}" for number in keys.numbers]),
        Subject("nodb", floor, ["/nodb"]),
        Subject("look-up", ours, [f"{base}/licences/{number}" for number in keys.numbers], headers=JSON),
        Subject("look-up 304", ours, known, headers=JSON, expected=304),
        Subject("badge page", ours, [f"/v/{code}" for code in keys.codes], headers=PAGE),
        Subject("badge JSON", ours, [f"/v/{code}" for code in keys.codes], headers=JSON),
        Subject("receipt", ours, [f"{base}/verify/{code}" for code in keys.codes], headers=SIGNED),
        Subject("unsigned", ours, [f"{base}/verify/{code}" for code in keys.codes], headers=JSON),
        Subject("timeline", ours, [f"{base}/licences/{number}/timeline" for number in keys.numbers], headers=JSON),
        Subject("search", ours, found, headers=JSON, connections=2),
        Subject(
            "verifications", ours, [f"{base}/verifications\t{_batch(keys.numbers)}" for _ in range(40)], method="POST",
            headers=JSON | {"Content-Type": "application/json"}, connections=4, counts=ITEMS,
        ),
    ]  # fmt: skip


def _batch(numbers: Sequence[str]) -> str:
    return json.dumps({"items": [{"number": number} for number in random.sample(numbers, ITEMS)]})


def _mistyped(name: str) -> str:
    """The first words of a name, two letters of them exchanged: what people type."""
    said = " ".join(name.split()[:3])
    place_ = random.randrange(1, len(said) - 2)  # noqa: S311 - a spelling, no secret
    return said[:place_] + said[place_ + 1] + said[place_] + said[place_ + 2 :]


def _etag(port: int, number: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}/api/v1/licences/{number}", timeout=10) as answer:
        return str(answer.headers["ETag"])


def _fits(subject: Subject) -> None:
    """One answer of the subject is what it should be: nobody may be fast at refusing."""
    path, _, more = random.choice(subject.requests).partition("\t")  # noqa: S311 - any of them
    headers = {**subject.headers}
    body = None
    if subject.method == "POST":
        body = more.encode()
    elif more:
        headers["If-None-Match"] = more
    address = f"http://127.0.0.1:{subject.port}{path}"
    asked = Request(address, data=body, headers=headers, method=subject.method)
    try:
        with urlopen(asked, timeout=10) as answer:  # noqa: S310 - the same
            status = answer.status
    except OSError as problem:
        status = getattr(problem, "code", 0)
    if status != subject.expected:
        raise RuntimeError(f"{subject.name}: {path} answered {status}, not {subject.expected}")


# --- telling -----------------------------------------------------------------------------------------------------


def _of(rounds: Rounds, name: str, what: Callable[[Round], float]) -> float:
    return median(what(one) for one in rounds[name])


def _rate(one: Round) -> float:
    return one.load.rate


def _work(one: Round) -> float:
    return one.work


def _ratio(rounds: Rounds, name: str, base: str) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both."""
    return median(a.load.rate / b.load.rate for a, b in zip(rounds[name], rounds[base], strict=True))


def _table(size: int, rounds: Rounds) -> Table:
    table = Table(title=f"{size:,} licences, medians of {len(rounds['floor'])} rounds", title_justify="left")
    for heading in (
        "subject",
        "per second",
        "least-most",
        "p50 ms",
        "p95",
        "p99",
        "x floor",
        "CPU us",
        "x floor",
        "bad",
    ):
        table.add_column(heading, justify="left" if heading == "subject" else "right")
    for name, taken in rounds.items():
        rates = sorted(one.load.rate for one in taken)
        table.add_row(
            f"{name} (items)" if name == "verifications" else name,
            f"{median(rates):,.0f}",
            f"{rates[0]:,.0f}-{rates[-1]:,.0f}",
            f"{_of(rounds, name, lambda one: one.load.p50):.2f}",
            f"{_of(rounds, name, lambda one: one.load.p95):.1f}",
            f"{_of(rounds, name, lambda one: one.load.p99):.1f}",
            f"{_ratio(rounds, name, 'floor'):.2f}",
            f"{_of(rounds, name, _work):,.0f}",
            f"{_of(rounds, 'floor', _work) / _of(rounds, name, _work):.2f}",
            str(sum(one.load.failed for one in taken)),
        )
    return table


def _asked(rounds: Rounds) -> Table:
    """What the design asks for, and whether it was reached."""
    table = Table(title="Asked for", title_justify="left")
    for heading in ("what", "asked", "measured", ""):
        table.add_column(heading)

    def row(what: str, asked: str, measured: str, *, reached: bool) -> None:
        table.add_row(
            what, asked, measured, "[green]reached[/green]" if reached else "[red]not reached[/red]"
        )

    for name, least in (("look-up", 3.5), ("badge page", 1.5), ("timeline", 1.0)):
        if name in rounds:
            ratio = _ratio(rounds, name, "floor")
            row(f"{name}, answers a second", f">= {least} x floor", f"{ratio:.2f} x", reached=ratio >= least)
    if "look-up" in rounds:
        ours, floor = (_of(rounds, name, lambda one: one.load.p99) for name in ("look-up", "floor"))
        row("look-up, p99", f"<= the floor's {floor:.1f} ms", f"{ours:.1f} ms", reached=ours <= floor)
    if {"look-up", "look-up 304"} <= rounds.keys():
        ratio = _ratio(rounds, "look-up 304", "look-up")
        row("304, answers a second", ">= 1 x the 200", f"{ratio:.2f} x", reached=ratio >= 1)
    if {"receipt", "unsigned"} <= rounds.keys():
        ratio = _ratio(rounds, "receipt", "unsigned")
        row("signed receipt, answers a second", ">= 0.5 x unsigned", f"{ratio:.2f} x", reached=ratio >= 0.5)
    if "verifications" in rounds:
        rate = _of(rounds, "verifications", _rate)
        row("verifications", ">= 15,000 items/s", f"{rate:,.0f}", reached=rate >= 15_000)
    if "search" in rounds:
        late = _of(rounds, "search", lambda one: one.load.p95)
        row("search over HTTP, p95 (two at once)", "<= 60 ms", f"{late:.0f} ms", reached=late <= 60)
    return table


def _sizes(taken: Mapping[int, Rounds]) -> Table:
    """The largest register beside the smallest, each against the floor of its own minutes."""
    small, large = min(taken), max(taken)
    table = Table(title=f"{large:,} licences against {small:,}", title_justify="left")
    for heading in ("subject", f"x floor at {small:,}", f"x floor at {large:,}", "per second", "within 15 %"):
        table.add_column(heading)
    for name in taken[small]:
        ratios = [_ratio(taken[size], name, "floor") for size in (small, large)]
        rates = [_of(taken[size], name, _rate) for size in (small, large)]
        within = "[green]reached[/green]" if rates[1] >= 0.85 * rates[0] else "[red]not reached[/red]"
        asked = within if name == "look-up" else ""
        table.add_row(name, f"{ratios[0]:.2f}", f"{ratios[1]:.2f}", f"{rates[1] / rates[0]:.0%}", asked)
    return table


if __name__ == "__main__":
    sys.exit(main())
