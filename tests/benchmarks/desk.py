"""How long an officer waits for the queue and for each report, beside what was asked for (300 ms and a second)."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from rich.table import Table

from tests.benchmarks import place

console = place.console

QUEUE: Final = 0.3
REPORT: Final = 1.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, how often it was asked for in seconds each, and the most that it may take."""

    path: str
    seconds: tuple[float, ...]
    most: float


def main() -> int:
    """Generate, ask, print; 1 where a page takes longer than it may."""
    parser = argparse.ArgumentParser(prog="scripts/bench desk", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--licences", type=int, default=112_500, help="how many there are; nine have eight holders"
    )
    parser.add_argument("--times", type=int, default=9, help="how often each page is asked for")
    parser.add_argument("--keep", action="store_true", help="leave the database for the next run")
    asked = parser.parse_args()
    with place.database(keep=asked.keep) as url:
        place.fill(asked.licences)
        os.environ["DATABASE_URL"] = url
        pages = list(measure(asked.times))
    table = Table("page", "median ms", "slowest ms", "asked for ms")
    for page in pages:
        told = (median(page.seconds), max(page.seconds), page.most)
        table.add_row(page.path, *(f"{1000 * seconds:.0f}" for seconds in told))
    console.print(table)
    return int(any(median(page.seconds) > page.most for page in pages))


def measure(times: int) -> Iterator[Page]:
    """Ask for each page as a supervisor of the generated authority, in this process, after once to warm up."""
    client = _supervisor()
    from registry import figures

    paths = {"": QUEUE, "?matter=term": QUEUE, "?licence_class=A&corridor=XB": QUEUE}
    for path, most in paths.items() | {(f"reports/{name}", REPORT) for name in figures.REPORTS}:
        found = []
        for _ in range(times + 1):
            started = time.perf_counter()
            answer = client.get(f"/desk/{path}")
            found.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")
        yield Page(path or "the queue", tuple(found[1:]), most)


def _supervisor() -> Any:
    """A browser of an officer who may answer every matter."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
    import django

    django.setup()
    from django.conf import settings

    from api.conf import desk
    from api.models import User
    from registry.generator.filling import AUTHORITY
    from tests.api.officials import appoint, sign_in
    from tests.conftest import _client

    held = User.objects.filter(officer_number="BENCH-1").first()
    user = held or appoint("BENCH-1", AUTHORITY, "officer", "supervisor", "registrar")
    return sign_in(_client(desk, SERVER_NAME=settings.REGISTRY_DESK_HOST.split(":")[0]), user).client


if __name__ == "__main__":
    sys.exit(main())
