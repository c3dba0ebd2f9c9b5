"""How many look-ups a second two processes hold: mixed languages, codes and kinds, at a constant rate of arrival.

Each look-up has its moment, whether or not those before it are answered, and its time counts from that moment: a server
that stalls is charged with all that waited (no coordinated omission). Prints the times at the rate asked for, what the
counting of look-ups costs, and the highest rate at which 99 of 100 are answered within 100 ms. Server, database and
load share the machine.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final
from urllib.request import Request, urlopen

import psycopg
from rich.table import Table

from tests import serving
from tests.benchmarks import place

console = place.console
KEYS: Final = 5_000
CONNECTIONS: Final = 64
"""So many are open at once; more would wait in the server's queue alike."""
LANGUAGES: Final = (
    "en", "ar", "bn", "hi", "ne", "ur", "fil", "id", "si", "ta", "am", "sw", "vi", "my", "fr", "es",
)  # fmt: skip
MOST_MS: Final = 100.0
STEP: Final = 1.2


@dataclass(frozen=True, slots=True)
class Ask:
    """One look-up as bytes, and the status of its good answer."""

    sent: bytes
    expected: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a time at a rate: milliseconds from each look-up's moment, answers a second, bad ones, work."""

    p50: float
    p99: float
    longest: float
    rate: float
    failed: int
    work: float


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 0 also where something asked for was not reached."""
    parser = argparse.ArgumentParser(prog="scripts/bench scan", description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="look-ups a second")
    parser.add_argument("--seconds", type=float, default=10, help="at each rate")
    parser.add_argument("--rounds", type=int, default=3, help="with and without counting, in turn")
    parser.add_argument("--licences", type=int, default=5000, help="of the generated register")
    parser.add_argument("--threads", type=int, default=2, help="of each of the two processes")
    parser.add_argument("--fill", action="store_true", help="make the register and stop")
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    options = parser.parse_args(words)
    with place.database(keep=options.keep or options.fill) as url, ExitStack() as stack:
        place.fill(options.licences)
        if not options.fill:
            _measure(options, url, stack)
    return 0


def _measure(options: argparse.Namespace, url: str, stack: ExitStack) -> None:
    codes, numbers = _keys(url)
    ports = {
        counting: stack.enter_context(
            serving.server(
                "api.conf.public:application",
                place.environment(url) | {"REGISTRY_TALLY_SECONDS": "5" if counting else "0"},
                log=place.FOLDER / f"scan-{counting}.log", threads=options.threads, ready=f"/v/{codes[0]}",
            )
        )
        for counting in (True, False)
    }  # fmt: skip
    asks = {counting: _mixed(port, codes, numbers) for counting, port in ports.items()}
    for counting, port in ports.items():
        _run(port, asks[counting], options.rate, 2)
    taken: dict[bool, list[Taken]] = {True: [], False: []}
    with console.status(f"{options.rate} look-ups a second"):
        for _, counting in itertools.product(range(options.rounds), (True, False)):
            taken[counting].append(_run(ports[counting], asks[counting], options.rate, options.seconds))
    console.print(_told(options, taken))
    with console.status("Looking for the highest rate"):
        held = _highest(ports[True], asks[True], options.rate, options.seconds / 2)
    console.print(_climbed(held))


# --- what is asked ------------------------------------------------------------------------------------------------


def _keys(url: str) -> tuple[list[str], list[str]]:
    with psycopg.connect(url) as connection:

        def column(statement: str) -> list[str]:
            return [value for (value,) in connection.execute(statement, [KEYS])]

        return (
            column("SELECT code FROM verification_badge ORDER BY random() LIMIT %s"),
            column("SELECT number FROM registry_licence ORDER BY random() LIMIT %s"),
        )


def _mixed(port: int, codes: Sequence[str], numbers: Sequence[str]) -> list[Ask]:
    """A morning's look-ups: half of them pages of badges as phones ask for them, the rest of every other kind."""
    chance = random.Random(20)  # noqa: S311 - which badge is no secret
    held = [(number, _etag(port, number)) for number in numbers[:200]]
    found = []
    for n in range(4_000):
        code, number, language = chance.choice(codes), chance.choice(numbers), chance.choice(LANGUAGES)
        page = {"Accept": "text/html", "Accept-Language": f"{language}, en;q=0.5", "Accept-Encoding": "gzip"}
        plain = {"Accept": "application/json", "Accept-Language": language}
        kind = n % 20
        if kind < 9:
            found.append(_ask(port, f"/v/{code}", page, chance))
        elif kind < 11:
            found.append(_ask(port, f"/v/{code}?lang={language}", page, chance))
        elif kind < 13:
            found.append(_ask(port, f"/v/{code}", plain, chance))
        elif kind < 15:
            found.append(_ask(port, f"/api/v1/licences/{number}", plain, chance))
        elif kind < 18:
            known, tag = chance.choice(held)
            same = {"Accept": "application/json", "If-None-Match": tag}
            found.append(_ask(port, f"/api/v1/licences/{known}", same, chance, 304))
        elif kind < 19:
            found.append(_ask(port, f"/licences/{number}", page, chance))
        else:
            found.append(_ask(port, f"/v/FORGED{n}", page, chance, 404))
    chance.shuffle(found)
    return found


def _ask(port: int, path: str, headers: dict[str, str], chance: random.Random, expected: int = 200) -> Ask:
    """One request, of a client of its own, as phones behind our proxy are."""
    client = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    told = {"Host": f"127.0.0.1:{port}", "X-Forwarded-For": client, "Connection": "keep-alive", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return Ask(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode(), expected)


def _etag(port: int, number: str) -> str:
    asked = Request(
        f"http://127.0.0.1:{port}/api/v1/licences/{number}", headers={"Accept": "application/json"}
    )
    with urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own address
        return str(answer.headers["ETag"])


# --- at a constant rate -------------------------------------------------------------------------------------------


def _run(port: int, asks: Sequence[Ask], rate: float, seconds: float) -> Taken:
    """So many look-ups a second for so long."""
    before = place.spent()
    times, failed, took = asyncio.run(_at_rate(port, asks, rate, round(rate * seconds)))
    after = place.spent()
    work = sum(now - before.get(process, 0.0) for process, now in after.items())
    cuts = quantiles(times, n=100)
    return Taken(cuts[49], cuts[98], max(times), len(times) / took, failed, work / len(times) * 1e6)


async def _at_rate(port: int, asks: Sequence[Ask], rate: float, count: int) -> tuple[list[float], int, float]:
    """Milliseconds from each look-up's moment to its answer; how many were bad; seconds until the last was there."""
    times, failed = [], 0
    moments = iter(range(count))
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    began = time.perf_counter() + 0.05

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal failed
        for n in moments:
            moment, ask = began + n / rate, asks[n % len(asks)]
            if (early := moment - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(ask.sent)
            status = await _status(reader)
            times.append((time.perf_counter() - moment) * 1000)
            failed += status != ask.expected
        writer.close()

    await asyncio.gather(*(one(*line) for line in lines))
    return times, failed, time.perf_counter() - began


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    _, found, rest = head.partition(b"content-length: ")
    if found and status != 304:
        await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    return status


def _highest(port: int, asks: Sequence[Ask], rate: float, seconds: float) -> list[tuple[float, Taken]]:
    """Each rate that was tried, a fifth more each time, until one in a hundred look-ups waits too long."""
    tried: list[tuple[float, Taken]] = []
    while not tried or _holds(*tried[-1]):
        tried.append((rate, _run(port, asks, rate, seconds)))
        rate *= STEP
    return tried


def _holds(rate: float, taken: Taken) -> bool:
    return taken.p99 < MOST_MS and not taken.failed and taken.rate > 0.95 * rate


# --- telling ------------------------------------------------------------------------------------------------------


def _told(options: argparse.Namespace, taken: dict[bool, list[Taken]]) -> Table:
    table = Table(
        title=f"{options.rate} look-ups a second, medians of {options.rounds} rounds", title_justify="left"
    )
    for heading in ("", "p50 ms", "p99 ms", "longest", "CPU us each", "bad"):
        table.add_column(heading, justify="right" if heading else "left")
    for counting, rounds in taken.items():
        table.add_row(
            "counted" if counting else "not counted",
            f"{median(one.p50 for one in rounds):.1f}",
            f"{median(one.p99 for one in rounds):.1f}",
            f"{max(one.longest for one in rounds):.0f}",
            f"{median(one.work for one in rounds):,.0f}",
            str(sum(one.failed for one in rounds)),
        )
    return table


def _climbed(tried: Sequence[tuple[float, Taken]]) -> Table:
    held = max((rate for rate, taken in tried if _holds(rate, taken)), default=0)
    title = f"The most with p99 under {MOST_MS:.0f} ms: {held:,.0f} look-ups a second"
    table = Table(title=title, title_justify="left")
    for heading in ("asked a second", "answered", "p50 ms", "p99 ms", "bad"):
        table.add_column(heading, justify="right")
    for rate, one in tried:
        table.add_row(f"{rate:,.0f}", f"{one.rate:,.0f}", f"{one.p50:.1f}", f"{one.p99:.1f}", str(one.failed))
    return table


if __name__ == "__main__":
    sys.exit(main())
