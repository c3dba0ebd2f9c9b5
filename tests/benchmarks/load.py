"""Load on one address: ``wrk`` where it is installed, else a client of our own; what came of it as numbers."""

import asyncio
import json
import random
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is loaded: lines of requests (a path, and after a tab its ETag or its body), and how many at once.

    ``counts``: what one answer is worth (the items of a batch). ``expected``: the status of every good answer.
    """

    name: str
    port: int
    requests: Sequence[str]
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    connections: int = 16
    counts: int = 1
    expected: int = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: answers and how many a second (times what each is worth), milliseconds, how many answers were bad."""

    answers: int
    rate: float
    p50: float
    p95: float
    p99: float
    failed: int


def run(subject: Subject, seconds: float, folder: Path) -> Measured:
    """Load ``subject`` for ``seconds``."""
    lines = folder / f"{subject.port}-{subject.name.replace('/', '-').replace(' ', '-')}.txt"
    if not lines.exists():
        lines.write_text("\n".join(subject.requests) + "\n", encoding="utf-8")
    if WRK:
        return _with_wrk(subject, seconds, lines)
    with ThreadPoolExecutor(
        1
    ) as beside:  # where this is tested, a browser of other tests keeps a loop in this thread
        return beside.submit(asyncio.run, _by_ourselves(subject, seconds)).result()


def _with_wrk(subject: Subject, seconds: float, lines: Path) -> Measured:
    headers = [f"{name}: {value}" for name, value in subject.headers.items()]
    done = subprocess.run(
        [str(WRK), "-t1", f"-c{subject.connections}", f"-d{max(1, round(seconds))}s", f"-s{SCRIPT}",
         f"http://127.0.0.1:{subject.port}", "--", str(lines), subject.method, *headers],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout.strip().splitlines()[-1])
    answers = told["requests"] * subject.counts
    rate = answers / (told["microseconds"] / 1e6)
    return Measured(answers, rate, told["p50"] / 1000, told["p95"] / 1000, told["p99"] / 1000, told["failed"])


async def _by_ourselves(subject: Subject, seconds: float) -> Measured:
    """The same load from Python: slower than ``wrk``, so only ratios within one run mean anything."""
    took: list[float] = []
    failed = 0

    async def one_connection() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
        while time.perf_counter() < over:
            started = time.perf_counter()
            writer.write(_request(subject, random.choice(subject.requests)))  # noqa: S311 - which key is no secret
            status = await _answer(reader)
            took.append((time.perf_counter() - started) * 1000)
            failed += status != subject.expected
        writer.close()

    began = time.perf_counter()
    over = began + seconds
    await asyncio.gather(*(one_connection() for _ in range(subject.connections)))
    cuts = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    answers = len(took) * subject.counts
    rate = answers / (time.perf_counter() - began)
    return Measured(answers, rate, cuts[49], cuts[94], cuts[98], failed)


def _request(subject: Subject, line: str) -> bytes:
    path, _, more = line.partition("\t")
    address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"  # noqa: S311
    headers = {"Host": f"127.0.0.1:{subject.port}", "X-Forwarded-For": address, **subject.headers}
    body = b""
    if subject.method == "POST":
        body = more.encode()
        headers["Content-Length"] = str(len(body))
    elif more:
        headers["If-None-Match"] = more
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{subject.method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    length = next((line[15:] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
    if status != 304 and int(length):
        await reader.readexactly(int(length))
    return status
