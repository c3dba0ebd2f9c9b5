"""How fast the transparency log grows, proves and is audited, and dumps are written: says of each what was reached.

A generated register is taken in, the log is filled up to its size with entries of tokens, and everything is measured
on that: appending, proofs over HTTP, a dump, the auditor's time and memory. The machine is shared by all of it.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.progress import track
from rich.table import Table

from tests import serving
from tests.benchmarks import place
from tests.benchmarks.load import Subject, run

console = place.console
BYTES: Final = {"Accept": "*/*"}
SINGLES: Final = 200
_CHUNK: Final = 10_000
_MEASURED: Final = """
import sys
from pathlib import Path
from verification import audit
code = audit.main(sys.argv[1:])
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
sys.exit(code)
"""


def main() -> None:
    """Measure, and print what was asked for beside what was reached."""
    parser = argparse.ArgumentParser(prog="scripts/bench log", description=__doc__)
    parser.add_argument("--licences", type=int, default=20_000, help="of the generated register")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the log")
    parser.add_argument("--seconds", type=float, default=5, help="of load on the proofs")
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    asked = parser.parse_args()
    with place.database(keep=asked.keep) as url, ExitStack() as stack:
        place.fill(asked.licences)
        os.environ |= place.environment(url) | {"DJANGO_SETTINGS_MODULE": "api.conf.settings"}
        import django

        django.setup()
        _measure(asked, url, stack)


def _measure(asked: argparse.Namespace, url: str, stack: ExitStack) -> None:
    from django.conf import settings

    from registry import clock
    from tests.verification.logging_place import place_with_signer
    from verification import dumps, log, sequencing

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings.REGISTRY_DUMPS = folder / "dumps"
    stack.enter_context(place_with_signer(folder, settings))
    table = Table(title=f"{asked.entries:,} entries, {asked.licences:,} licences", title_justify="left")
    for heading in ("what", "asked", "measured", ""):
        table.add_column(heading)

    def row(what: str, wanted: str, measured: str, *, reached: bool) -> None:
        told = "[green]reached[/green]" if reached else "[red]not reached[/red]"
        table.add_row(what, wanted, measured, told)

    taken, seconds = _timed(lambda: sequencing.advance(at=clock.now()))
    if taken:
        row(
            "register taken in",
            ">= 5,000 entries/s",
            f"{taken / seconds:,.0f}",
            reached=taken / seconds >= 5000,
        )
    added, seconds = _timed(lambda: _fill(asked.entries))
    if added:
        row(
            "append in bulk", ">= 5,000 entries/s", f"{added / seconds:,.0f}", reached=added / seconds >= 5000
        )
    singles = [log.Leaf(_token(-number)) for number in range(1, SINGLES + 1)]
    times = sorted(_timed(partial(log.append, [leaf]))[1] * 1000 for leaf in singles)
    row("append one", "<= 5 ms", f"{times[len(times) // 2]:.1f} ms", reached=times[len(times) // 2] <= 5)
    _, seconds = _timed(lambda: sequencing.publish(at=clock.now()))
    row("checkpoint", "<= 5 s behind the commit", f"{seconds * 1000:.1f} ms", reached=seconds <= 5)
    made, seconds = _timed(lambda: dumps.publish(at=clock.now()))
    rows = sum(one["rows"] for dump in made for one in dump.manifest["files"])
    row("dump", ">= 50,000 rows/s", f"{rows / seconds:,.0f}", reached=rows / seconds >= 50_000)

    told = place.environment(url) | {"REGISTRY_DUMPS": str(settings.REGISTRY_DUMPS)}
    port = stack.enter_context(
        serving.server("api.conf.public:application", told, log=folder / "public.log", threads=2)
    )
    indexes = [f"/log/proof/{random.randrange(log.size())}" for _ in range(5000)]  # noqa: S311 - any of them
    measured = run(Subject("proof", port, indexes, headers=BYTES, connections=2), asked.seconds, folder)
    row(
        "proof over HTTP, p99 (two at once)", "<= 10 ms", f"{measured.p99:.1f} ms", reached=measured.p99 <= 10
    )
    seconds, largest, status = _audited(port)
    reached = status == 0 and seconds <= 300 and largest <= 200
    row("audit", "<= 300 s, 200 MiB", f"{seconds:.0f} s, {largest:.0f} MiB, exit {status}", reached=reached)
    console.print(table)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    done = work()
    return done, time.perf_counter() - started


def _fill(entries: int) -> int:
    """Append entries of tokens until the log has so many; how many."""
    from verification import log

    first = log.size()
    for start in track(range(first, entries, _CHUNK), "Filling the log", console=console, transient=True):
        numbers = range(start, min(start + _CHUNK, entries))
        log.append([log.Leaf(_token(n), about=hashlib.sha256(b"%d" % n).hexdigest()) for n in numbers])
    return log.size() - first


def _token(number: int) -> bytes:
    from verification import leaves

    digest = hashlib.sha256(b"%d" % number).hexdigest()
    return leaves.write(
        {
            "t": "badge.issued",
            "at": "2026-01-05T09:00:00Z",
            "code": "XA0000000000A",
            "kid": "AAAAAAAAAAA",
            "tok": digest,
        }
    )


def _audited(port: int) -> tuple[float, float, int]:
    """Seconds, MiB at most and exit code of the auditor as a program of its own."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, f"http://127.0.0.1:{port}"],
        cwd=serving.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    *said, largest = done.stdout.strip().splitlines() or ["0"]
    console.print("\n".join(said[-5:]) + done.stderr[-500:])
    return seconds, int(largest) / 1024, done.returncode


if __name__ == "__main__":
    main()
