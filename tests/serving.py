"""Real servers for tests and benchmarks: granian as a deployment runs it, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60


def environment(database_url: str, **more: str) -> dict[str, str]:
    """What a program that is started for a test or a benchmark is told: a demo on that database."""
    told = {"DATABASE_URL": database_url, "REGISTRY_DEMO": "true", "PYTHONWARNINGS": "ignore"}
    return os.environ | told | more


def free_ports(count: int) -> list[int]:
    """As many ports of this machine that nobody uses now, each another: all are held until the last is found."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextmanager
def server(
    application: str, place: Mapping[str, str], *, log: Path, threads: int = 2, ready: str = "/healthz"
) -> Iterator[int]:
    """``application`` (WSGI) behind granian with two workers, once it answers ``ready`` with 200; gives the port."""
    (port,) = free_ports(1)
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}", "--workers=2",
             f"--blocking-threads={threads}", "--workers-kill-timeout=5", "--no-ws", application],
            cwd=ROOT, env=dict(place), stdout=lines, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}{ready}", log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    patient_until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < patient_until:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{address} does not answer: {log.read_text(errors='replace')[-2000:]}")
