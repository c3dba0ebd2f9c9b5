"""How soon a page of the desk is there, room by room, for an officer who has signed in once.

The officers' application runs as in a deployment, on a register of generated agencies. One officer asks for one page
after another: what is measured is the wait of a person, not a load. Prints what was asked for beside what was measured
and says of each whether it was reached.
"""

import argparse
import base64
import hmac
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from itertools import cycle
from statistics import mean, median, quantiles
from typing import Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from rich.table import Table

from registry import clock
from tests.benchmarks import place

import psycopg  # isort: skip

console = place.console

DOSSIERS: Final = 500
"""Agencies whose dossiers are opened in turn."""
AHEAD: Final = timedelta(days=8)
"""The server's clock is so far ahead that the register just generated was known on an earlier day."""
OFFICER: Final = "BENCH-1"
_PASSWORD: Final = "nobody but a benchmark types this"
_ASKED: Final = {"queue": 300}
_ASKED_OF_OTHERS: Final = 150
"""Milliseconds within which each page is to be there, at 100,000 agencies."""
_FIELD: Final = re.compile(r'<input type="hidden" name="([a-z_]+)"(?: value="([^"]*)")?')


class Browser:
    """One officer's browser: a connection that is kept, cookies, forms with their hidden fields."""

    def __init__(self, port: int) -> None:
        """Work at that port of this machine."""
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def open(self, path: str) -> str:
        """The page at ``path``, which must be there."""
        status, body = self._ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return body

    def send(self, path: str, **fields: str) -> int:
        """Send the form of a page; the status."""
        hidden = dict(_FIELD.findall(self.open(path)))
        status, _body = self._ask("POST", path, urlencode(hidden | fields))
        return status

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {
            "Accept": "text/html",
            "Accept-Language": "en",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        told = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: kept.value for name, kept in SimpleCookie(line).items()}
        return answer.status, told


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table; 0 also where something asked for was not reached."""
    options = _options(words)
    with place.database(keep=options.keep) as url:
        place.fill(options.licences)
        subjects = _subjects(url)
        secret = _appointed(url, subjects.authority)
        then = clock.now() + AHEAD / 2
        os.environ["REGISTRY_CLOCK"] = (
            clock.now() + AHEAD
        ).isoformat()  # for the server; ours is fixed by now
        with place.server("api.conf.desk:application", url, threads=2, ready="/healthz") as port:
            browser = Browser(port)
            _signed_in(browser, secret)
            taken = _measured(browser, subjects, then.date().isoformat(), options.times)
        console.print(f"{os.cpu_count()} cores shared with the servers, load {os.getloadavg()[0]:.1f}")
        console.print(_table(taken, subjects.held, options.times))
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench desk", description=__doc__.splitlines()[0])
    parser.add_argument("--licences", type=int, default=100_000, help="size of the generated register")
    parser.add_argument("--times", type=int, default=100, help="how often each page is opened")
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    return parser.parse_args(words)


@dataclass(frozen=True, slots=True)
class Subjects:
    """The authority with the most agencies, some of its agencies drawn at random, how many the register has."""

    authority: str
    agencies: Sequence[str]
    names: Sequence[str]
    licences: Sequence[str]
    held: int


def _subjects(url: str) -> Subjects:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT u.id, u.code FROM registry_authority u JOIN registry_agency a ON a.authority_id = u.id"
            " GROUP BY u.id ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        if found is None:
            message = "the register has no agency: generate some with --licences"
            raise SystemExit(message)
        drawn = connection.execute(
            "SELECT number, legal_name FROM registry_agency WHERE authority_id = %s ORDER BY random() LIMIT %s",
            [found[0], DOSSIERS],
        ).fetchall()
        active = connection.execute(
            "SELECT number FROM registry_publishedrecord"
            " WHERE authority_code = %s AND state = 'active' AND span @> %s ORDER BY random() LIMIT %s",
            [found[1], clock.now() + AHEAD, DOSSIERS],
        ).fetchall()
        counted = connection.execute("SELECT count(*) FROM registry_agency").fetchone()
    return Subjects(
        authority=str(found[1]),
        agencies=[number for number, _name in drawn],
        names=[name for _number, name in drawn],
        licences=[number for (number,) in active],
        held=int(counted[0]) if counted else 0,
    )


def _appointed(url: str, authority: str) -> str:
    """Appoint the officer by command, or give a new device to one of an earlier run; the secret of the device."""
    with psycopg.connect(url) as connection:
        known = connection.execute("SELECT FROM api_officer WHERE number = %s", [OFFICER]).fetchone()
    more = ["--new-device"] if known is not None else ["--authority", authority, "--role", "officer"]
    done = subprocess.run(
        [sys.executable, "manage.py", "createofficer", OFFICER, *more],
        cwd=place.ROOT, env=place.environment(url), input=f"{_PASSWORD}\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    address = re.search(r"otpauth://\S+", done.stdout)
    if address is None:
        raise RuntimeError(done.stdout + done.stderr)
    return parse_qs(urlsplit(address[0]).query)["secret"][0]


def _signed_in(browser: Browser, secret: str) -> None:
    code = _code(secret, int(clock.now().timestamp()))
    status = browser.send("/desk/sign-in", username=OFFICER.lower(), password=_PASSWORD, code=code)
    if status != 302:
        raise RuntimeError(f"signing in answered {status}")


def _code(secret: str, second: int) -> str:
    """What the device shows at that second (RFC 6238 with its defaults)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, (second // 30).to_bytes(8, "big"), "sha1")
    place_ = digest[-1] & 15
    number = int.from_bytes(digest[place_ : place_ + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened once: milliseconds waited, and of processor time of servers and database.

    The latter says more than the wait when the machine has something else to do.
    """

    waited: float
    work: float


def _measured(browser: Browser, given: Subjects, then: str, times: int) -> dict[str, list[Opened]]:
    """Every page in turn, so that what disturbs the machine disturbs them all alike; the first of each is not kept."""
    subjects: dict[str, Callable[[], str]] = {
        "queue": lambda: "/desk/",
        "list": lambda: f"/desk/agencies?after={next(turn)}",
        "dossier": lambda: f"/desk/agencies/{next(turn)}",
        "dossier as it was": lambda: f"/desk/agencies/{next(turn)}?as_of={then}&known_at={then}",
        "versions": lambda: "/desk/agencies/{0}/versions/{0}".format(next(turn)),
        "search": lambda: f"/desk/agencies?q={quote(next(names))}",
        "links": lambda: f"/desk/agencies/{next(turn)}/links",
        "licence": lambda: f"/desk/licences/{next(licence)}",
        "form of a step": lambda: f"/desk/licences/{next(licence)}/steps/suspend_preventive",
        "securities": lambda: "/desk/securities",
        "screening": lambda: "/desk/screening",
        "persons": lambda: "/desk/persons",
        "applications": lambda: "/desk/applications",
        "report: register": lambda: "/desk/reports/register",
        "report: publication": lambda: "/desk/reports/publication",
        "report: expiring": lambda: "/desk/reports/expiring",
    }
    turn: Iterator[str] = cycle(given.agencies)
    licence, names = cycle(given.licences), cycle(given.names)
    taken: dict[str, list[Opened]] = {name: [] for name in subjects}
    for _ in range(times + 1):
        for name, path in subjects.items():
            asked, before = path(), place.spent()
            began = time.perf_counter()
            browser.open(asked)
            waited, after = time.perf_counter() - began, place.spent()
            work = sum(now - before.get(process, 0.0) for process, now in after.items())
            taken[name].append(Opened(waited * 1000, work * 1000))
    return {name: opened[1:] for name, opened in taken.items()}


def _table(taken: dict[str, list[Opened]], held: int, times: int) -> Table:
    table = Table(
        title=f"Pages of the desk among {held:,} agencies, milliseconds, each {times} times",
        title_justify="left",
    )
    for heading in ("page", "asked", "median", "p95", "worst", "processor", ""):
        table.add_column(heading)
    for name, opened in taken.items():
        asked, waits = _ASKED.get(name, _ASKED_OF_OTHERS), [one.waited for one in opened]
        p95 = quantiles(waits, n=20, method="inclusive")[18] if len(waits) > 1 else waits[0]
        table.add_row(
            name, f"< {asked}", f"{median(waits):.0f}", f"{p95:.0f}", f"{max(waits):.0f}",
            f"{mean(one.work for one in opened):.0f}",
            "[green]reached[/green]" if p95 < asked else "[red]not reached[/red]",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    sys.exit(main())
