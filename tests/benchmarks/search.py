"""How well and how fast names are found: prints recall, claims and times, and says of each whether it was reached.

Names are the UK register of sponsors and the English side of the Arabic pairs where ``--data`` has them, filled up with
invented ones; without data all are invented. Questions are drawn with a seed: trading names as they stand, with one and
with two typing errors, and Arabic spellings. A trading name that more than five agencies share can't be among the first
five for each of them; such questions are left out. Claims count wherever the right answer is known.
"""

import argparse
import csv
import os
import random
import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "var" / "bench-search"
os.environ["REGISTRY_VAR"] = str(FOLDER)
os.environ["DJANGO_SETTINGS_MODULE"] = "api.conf.settings"
os.environ.pop("DATABASE_URL", None)

import django  # noqa: E402 - reads where its database is when set up
import psycopg  # noqa: E402
from psycopg import sql  # noqa: E402

from api.conf import embedded, roles  # noqa: E402 - the same
from registry.rules import names  # noqa: E402 - plain Python
from tests.benchmarks import memory  # noqa: E402 - the same

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)

DATABASE: Final = "bench_search"
AT: Final = datetime(2026, 6, 1, tzinfo=UTC)
FIRST: Final = 5
SNAPSHOT: Final = "uk_sponsor_register/2021-07-26_-_Worker_and_Temporary_Worker.csv"
PAIRS: Final = "name_screening/anetac_dev"
STOP_WORDS: Final = (
    "International",
    "Overseas",
    "Services",
    "Limited",
    "Al",
    "UK",
    "the",
    "International Services Ltd",
)
SYLLABLES: Final = tuple(
    first + last
    for first in [
        "b",
        "ch",
        "d",
        "f",
        "g",
        "h",
        "j",
        "k",
        "kr",
        "l",
        "m",
        "n",
        "p",
        "r",
        "s",
        "sh",
        "st",
        "t",
        "th",
        "v",
        "z",
    ]
    for last in ["a", "ai", "an", "e", "el", "en", "i", "in", "o", "or", "ou", "u"]
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a set of questions."""

    recall: float
    milliseconds: float


#: Size of the register -> set of questions -> what the design asks for.
WANTED: Final[dict[int, dict[str, Wanted]]] = {
    40_000: {
        "trading names": Wanted(0.99, 20), "one typing error": Wanted(0.98, 20), "two typing errors": Wanted(0.93, 20),
        "Arabic to Latin": Wanted(0.90, 20), "only stop words": Wanted(0, 20),
    },
    1_000_000: {
        "trading names": Wanted(0.99, 40), "one typing error": Wanted(0.95, 40), "two typing errors": Wanted(0.83, 40),
        "only stop words": Wanted(0, 60),
    },
}  # fmt: skip

Question = tuple[str, frozenset[int]]
"""What is asked, and the places in the list of names of those that may be meant."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a register, of which ``real`` are not invented, and pairs of an Arabic and a Latin spelling."""

    held: Sequence[str]
    real: int
    arabic: Sequence[tuple[str, str]]


# The register


def gather(count: int, data: Path, rng: random.Random) -> Names:
    """``count`` names, as many of them real as there are."""
    held: list[str] = []
    arabic: list[tuple[str, str]] = []
    if (data / SNAPSHOT).is_file():
        with (data / SNAPSHOT).open(encoding="utf-8", newline="") as lines:
            held = sorted({row["Organisation Name"] for row in csv.DictReader(lines)})
    if (data / f"{PAIRS}.ar").is_file():
        sides = [(data / f"{PAIRS}.{side}").read_text("utf-8").splitlines() for side in ("ar", "en")]
        arabic = [("".join(one.split()), "".join(other.split())) for one, other in zip(*sides, strict=True)]
        held += dict.fromkeys(latin for _, latin in arabic)
    real = len(held)
    held += _invented(count - real, held or [_coined(rng) for _ in range(2000)], rng)
    return Names(held, real, arabic)


def _coined(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 3, 3, 4)))).capitalize()


def _invented(count: int, models: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Names made like the models: their common words, with other rare words or coined ones."""
    split = [names.trading_parts(model)[0].split() for model in models]
    common = Counter(word.lower() for words in split for word in set(words))
    rare = [
        word.capitalize() for word, held in common.items() if word.isalpha() and len(word) > 3 and held < 20
    ]
    seen = set(models)
    while count > 0:
        words = list(rng.choice(split))
        place = min(range(len(words)), key=lambda one: common[words[one].lower()])
        words[place] = _coined(rng) if rng.random() < 0.4 else rng.choice(rare)
        if rng.random() < 0.35:
            words.insert(0, _coined(rng) if rng.random() < 0.3 else rng.choice(rare))
        name = " ".join(words)
        if rng.random() < 0.03:
            name += f" t/a {_coined(rng)} {words[-1]}"
        if name not in seen:
            seen.add(name)
            count -= 1
            yield name


@contextmanager
def database(*, keep: bool) -> Iterator[None]:
    """An empty register on the embedded database, gone afterwards unless it is to be kept."""
    memory.give()
    embedded.hold()
    administrator = embedded.url(embedded.ADMINISTRATOR, "postgres")
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
        )
        roles.create_database(connection, DATABASE)
    os.environ["DATABASE_URL"] = embedded.url(embedded.ADMINISTRATOR, DATABASE)
    django.setup()
    try:
        from django.core.management import call_command

        with console.status("Making the tables"):
            call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        embedded.release()
        if not keep:
            shutil.rmtree(FOLDER, ignore_errors=True)


def fill(held: Sequence[str]) -> None:
    """One agency with one licence in force for each name; without entries, for nothing here reads them."""
    from django.db import connection, transaction

    from registry.generator import rows
    from registry.models import Agency, Authority, Licence, PublishedRecord, RegisterCommit
    from registry.search import indexing

    started = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # the journal is not what is measured
        authority = Authority.objects.create(code="XZ-GEN", country="XZ", name={"en": "DEMO"}, zone="UTC")
        commit = RegisterCommit.objects.create(base=0, count=0, recorded_at=AT, by="BENCH")
        keys = list(zip(rows.ids(Agency, len(held)), rows.ids(Licence, len(held)), strict=True))
        with rows.copying(Agency, ("id", "number", "authority_id", "legal_name", "country")) as write:
            for place, ((agency, _), name) in enumerate(zip(keys, held, strict=True)):
                write((agency, agency_number(place), authority.pk, name, "XZ"))
        with rows.copying(
            Licence, ("id", "number", "authority_id", "agency_id", "licence_class", "origin")
        ) as write:
            for place, (agency, licence) in enumerate(keys):
                write((licence, licence_number(place), authority.pk, agency, "A", "decided"))
        columns = (
            "number", "licence_id", "span", "state", "result", "may_recruit", "body", "commit_id", "agency_number",
            "authority_code", "country", "licence_class", "corridors",
        )  # fmt: skip
        with rows.copying(PublishedRecord, columns) as write:
            for place, (_, licence) in enumerate(keys):
                write((licence_number(place), licence, "[2026-01-01,)", "active", "licensed", True, "{}", commit.pk,
                       agency_number(place), "XZ-GEN", "XZ", "A", []))  # fmt: skip
    filled = time.monotonic()
    with transaction.atomic():
        indexing.rebuild()
    indexed = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_total_relation_size('registry_searchname') + pg_total_relation_size('registry_searchword')"
        )
        size = cursor.fetchone()[0] / 1e6
    console.print(
        f"{len(held):,} names: register filled in {filled - started:.0f} s, index made in {indexed - filled:.0f} s, "
        f"{size:,.0f} MB"
    )


def agency_number(place: int) -> str:
    """The number of the agency with the name at that place; no check symbol, for nobody types it."""
    return f"AG-{place:07d}"


def licence_number(place: int) -> str:
    """The number of its licence."""
    return f"XZ-GEN-A-{place:07d}"


# The questions


def mistyped(text: str, errors: int, rng: random.Random) -> str:
    """The text with so many letters left out, doubled up on, exchanged or wrong."""
    for _ in range(errors):
        places = [place for place, letter in enumerate(text) if letter.isalpha()]
        if not places:
            return text
        place, letter = rng.choice(places), rng.choice("abcdefghijklmnopqrstuvwxyz")
        before, here, after = text[:place], text[place], text[place + 1 :]
        swapped = after[:1] + here + after[1:] if after[:1].isalpha() and after[0] != here else letter + after
        text = before + rng.choice((after, letter + here + after, letter + after, swapped))
    return text


def questions(gathered: Names, count: int, rng: random.Random) -> dict[str, list[Question]]:
    """The sets of questions with the places of the names they may mean."""
    places: dict[tuple[str, ...], set[int]] = defaultdict(set)
    traded: list[tuple[str, int]] = []
    for place, name in enumerate(gathered.held):
        parts = names.trading_parts(name)
        for part in {name, *parts}:
            places[names.fold(part).words].add(place)
        if parts[1:] and place < (gathered.real or len(gathered.held)):
            traded.append((parts[-1], place))
    answerable = [
        (text, frozenset({place})) for text, place in traded if len(places[names.fold(text).words]) <= FIRST
    ]
    console.print(f"{len(traded):,} trading names, {len(answerable):,} of them answerable")
    drawn = rng.sample(answerable, min(count, len(answerable)))
    found = {
        "trading names": drawn,
        "one typing error": [(mistyped(text, 1, rng), places) for text, places in drawn],
        "two typing errors": [(mistyped(text, 2, rng), places) for text, places in drawn],
    }
    legal = [
        names.trading_parts(name)[0] for name in rng.sample(gathered.held, min(count, len(gathered.held)))
    ]
    known = [(text, frozenset(places[names.fold(text).words])) for text in legal]
    found["legal names"] = known
    found["legal, one error"] = [(mistyped(text, 1, rng), places) for text, places in known]
    found["legal, two errors"] = [(mistyped(text, 2, rng), places) for text, places in known]
    if gathered.arabic:
        pairs = rng.sample(gathered.arabic, min(count, len(gathered.arabic)))
        found["Arabic to Latin"] = [(one, frozenset(places[names.fold(other).words])) for one, other in pairs]
    found["only stop words"] = [(text, frozenset()) for text in STOP_WORDS for _ in range(10)]
    return found


# Measuring


@dataclass(frozen=True, slots=True)
class Measured:
    """What a set of questions gave."""

    asked: int
    recall: float
    claimed: float
    wrong: float
    times: Sequence[float]
    work: float
    """Milliseconds of processor time that one question took of this process and of the database."""

    def at(self, share: float) -> float:
        """The time within which that share of the questions was answered, in milliseconds."""
        return sorted(self.times)[min(int(share * len(self.times)), len(self.times) - 1)]


def measure(asked: Sequence[Question], label: str) -> Measured:
    """Ask all of them, one after another."""
    from registry import search

    working, times, right, claimed, wrong = _work(), list[float](), 0, 0, 0
    for text, meant in track(asked, f"Asking: {label}", console=console, transient=True):
        started = time.perf_counter()
        hits = search.find(text, limit=20, after=None, at=AT).data
        times.append((time.perf_counter() - started) * 1000)
        numbers = {licence_number(place) for place in meant}
        right += any(hit.number in numbers for hit in hits[:FIRST])
        strong = [hit for hit in hits if hit.match != "weak"]
        claimed += any(hit.number in numbers for hit in strong)
        same = names.fold(text).words
        wrong += any(hit.number not in numbers and names.fold(hit.name).words != same for hit in strong)
    count = len(asked)
    return Measured(count, right / count, claimed / count, wrong / count, times, (_work() - working) / count)


def _work() -> float:
    """Processor time in milliseconds of this process and of its connection's backend."""
    from django.db import connection

    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    ticks = sum(map(int, backend.read_text().rpartition(")")[2].split()[11:13])) if backend.exists() else 0
    return time.process_time() * 1000 + ticks * 1000 / os.sysconf("SC_CLK_TCK")


def report(size: int, measured: dict[str, Measured]) -> None:
    """A line for each set, with what the design asks of a register of that size."""
    wanted = WANTED.get(size, {})
    table = Table(title=f"{size:,} names")
    for heading in (
        "questions",
        "asked",
        "among the first 5",
        "claimed",
        "claimed wrongly",
        "p50 ms",
        "p95 ms",
        "work ms",
        "asked for",
    ):
        table.add_column(heading, justify="left" if heading == "questions" else "right")
    for label, one in measured.items():
        stop = label == "only stop words"
        table.add_row(
            label, str(one.asked), "" if stop else f"{one.recall:.3f}", "" if stop else f"{one.claimed:.3f}",
            "" if stop else f"{one.wrong:.4f}", f"{one.at(0.5):.1f}", f"{one.at(0.95):.1f}", f"{one.work:.1f}",
            _judged(one, wanted.get(label)),
        )  # fmt: skip
    console.print(table)


def _judged(one: Measured, wanted: Wanted | None) -> str:
    if wanted is None:
        return ""
    told = (
        [f"{wanted.recall:.2f} {'reached' if one.recall >= wanted.recall else 'MISSED'}"]
        if wanted.recall
        else []
    )
    quick = one.at(0.95) <= wanted.milliseconds
    return ", ".join([*told, f"{wanted.milliseconds:.0f} ms {'reached' if quick else 'MISSED'}"])


def main() -> None:
    """Measure at each size asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, nargs="+", default=[40_000], help="sizes of the register")
    parser.add_argument("--questions", type=int, default=1000, help="how many of each set")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="where the real names are"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--keep", action="store_true", help="leave the database of the last size under var/bench-search"
    )
    asked = parser.parse_args()
    sizes: Sequence[int] = asked.names
    for size in sizes:
        _one(size, asked)


def _one(size: int, asked: argparse.Namespace) -> None:
    rng = random.Random(asked.seed)  # noqa: S311 - the same questions every time
    gathered = gather(size, asked.data, rng)
    console.print(f"{gathered.real:,} real names, {size - gathered.real:,} invented")
    with database(keep=asked.keep):
        fill(gathered.held)
        sets = questions(gathered, asked.questions, rng)
        measure(sets["legal names"][:50], "warming up")
        report(size, {label: measure(each, label) for label, each in sets.items()})


if __name__ == "__main__":
    main()
