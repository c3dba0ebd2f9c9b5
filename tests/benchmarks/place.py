"""A place of its own to measure in: an embedded database with generated licences, and servers on free ports."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import serving
from tests.benchmarks import memory

ROOT = serving.ROOT
FOLDER = Path(os.environ.get("REGISTRY_VAR") or ROOT / "var") / "bench"
os.environ["REGISTRY_VAR"] = str(FOLDER)
os.environ.pop("DATABASE_URL", None)

import psutil  # type: ignore[import-untyped]  # noqa: E402
import psycopg  # noqa: E402
from rich.console import Console  # noqa: E402

from api.conf import embedded, roles  # noqa: E402 - reads where its database is when imported

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
_SHARED = 100_000
"""From so many new licences on, two processes make them."""


@contextmanager
def database(*, keep: bool) -> Iterator[str]:
    """A migrated register on an embedded database of its own; gone afterwards unless it is to be kept."""
    try:
        with console.status("Starting a database"):
            memory.give()
            embedded.hold()
            _manage("migrate", "--verbosity=0", url=embedded.url(roles.OWNER))
        yield embedded.url(roles.APP)
    finally:
        embedded.release()
        if not keep:
            shutil.rmtree(FOLDER, ignore_errors=True)


def spent() -> dict[int, float]:
    """By process: the seconds of processor time that the database and our servers have taken so far."""
    processes = [*psutil.Process().children(recursive=True)]
    for process in psutil.process_iter(["cmdline"]):
        if str(FOLDER / "postgres") in (process.info["cmdline"] or ()):
            processes += [process, *process.children(recursive=True)]
    found = {}
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def fill(licences: int) -> None:
    """Have that many generated licences there; those of an earlier run count."""
    with psycopg.connect(embedded.url(roles.OWNER), autocommit=True) as connection:
        held = _one(connection, "SELECT count(*) FROM registry_licence")
        missing = licences - held
        if missing > 0:
            started = time.monotonic()
            with console.status(f"Generating {missing:,} licences"):
                _generate(missing)
            console.print(f"{missing:,} licences generated in {time.monotonic() - started:.0f} s")
        if licences and not _one(
            connection, "SELECT count(*) FROM (SELECT FROM registry_searchname LIMIT 1) any_"
        ):
            with console.status("Making their holders searchable"):
                _manage("generate", "--licences=0", url=embedded.url())
        with console.status("Having the planner learn the tables"):
            connection.execute("VACUUM ANALYZE")


def _generate(missing: int) -> None:
    if missing < _SHARED:
        _manage("generate", f"--licences={missing}", url=embedded.url())
        return
    shares = (missing // 2, missing - missing // 2)
    place = environment(embedded.url())
    commands = [
        [sys.executable, "manage.py", "generate", f"--licences={share}", "--not-searchable"]
        for share in shares
    ]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=place, stdout=subprocess.DEVNULL) for command in commands
    ]
    for command, process in zip(commands, running, strict=True):
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, command)
    _manage("generate", "--licences=0", url=embedded.url())


def _one(connection: psycopg.Connection[Any], question: str) -> int:
    row = connection.execute(question).fetchone()
    return int(row[0]) if row else 0


def _manage(*command: str, url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(url),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def environment(url: str) -> dict[str, str]:
    """What every program of the benchmark is told: behind one proxy, so that each request can be another client's."""
    return serving.environment(url, REGISTRY_TRUSTED_PROXIES="1")


def server(application: str, url: str, *, threads: int, ready: str) -> AbstractContextManager[int]:
    """``application`` behind granian (two workers) on a free port, answering ``ready`` with 200."""
    log = FOLDER / f"{application.replace(':', '-')}.log"
    return serving.server(application, environment(url), log=log, threads=threads, ready=ready)
