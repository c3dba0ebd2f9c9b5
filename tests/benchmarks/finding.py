"""How soon whoever looks for an agency, or asks whether a contact is really theirs, has the page.

The public application runs as in a deployment, on a register of generated agencies. One visitor asks for one page
after another: what is measured is the wait of a person. Prints what was asked for beside what was measured.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from itertools import count
from statistics import median, quantiles
from typing import Final

from rich.table import Table

from tests.benchmarks import place

console = place.console
ASKED: Final = 150
"""Milliseconds within which nineteen of twenty pages are to be there, at 100,000 agencies."""
PAGES: Final = {
    "the first page": ("/agencies",),
    "by country of work": tuple(f"/agencies?corridor={code}" for code in ("AE", "QA", "SA", "MY", "XB")),
    "by kind of work": tuple(f"/agencies?job={group}" for group in "123456789"),
    "by country and work": tuple(f"/agencies?corridor=QA&job={group}" for group in "123456789"),
    "by class": ("/agencies?class=A", "/agencies?class=B"),
    "deep in the list": tuple(f"/agencies?after=AG-90{n}0000-A/x" for n in range(10)),
    "a name and a contact": tuple(f"/?q=Gulf+Star&contact=%2B4420794601{n:02}" for n in range(40)),
    "a site that imitates": tuple(f"/?q=harbourbridqe{n}.example" for n in range(40)),
    "the warnings": ("/alerts",),
}
_clients = count(1)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table; 0 also where something asked for was not reached."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--licences", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=60, help="requests for each kind of page")
    options.add_argument("--keep", action="store_true", help="keep the database for another run")
    chosen = options.parse_args(words)
    with place.database(keep=chosen.keep) as url:
        place.fill(chosen.licences)
        with place.server("api.conf.public:application", url, threads=2, ready="/healthz") as port:
            table = Table(
                "page", "median ms", "95 of 100 ms", "longest ms", "asked for", title="Finding an agency"
            )
            for name, paths in PAGES.items():
                spent = [_asked(port, paths[turn % len(paths)]) for turn in range(chosen.rounds)]
                late = quantiles(spent, n=20)[-1]
                reached = "reached" if late <= ASKED else "MISSED"
                table.add_row(
                    name, f"{median(spent):.0f}", f"{late:.0f}", f"{max(spent):.0f}", f"{ASKED} ms {reached}"
                )
            spent_on_all = _asked(port, "/agencies.csv")
            table.add_row("the whole list as a file", f"{spent_on_all:.0f}", "", "", "")
            console.print(table)
    return 0


def _asked(port: int, path: str) -> float:
    """Milliseconds until the whole answer was there, as another client each time."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    number = next(_clients)
    client = f"198.51.{number // 250 % 250}.{number % 250}"
    started = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "text/html", "X-Forwarded-For": client})
    answer = connection.getresponse()
    answer.read()
    spent = (time.perf_counter() - started) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    connection.close()
    return spent


if __name__ == "__main__":
    sys.exit(main())
