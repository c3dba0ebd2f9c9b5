"""While a large list is taken in: decisions go on, a second intake is refused, and a cut connection leaves nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import Error, connection

from registry import audit, lookup, news
from registry.intake import apply, taking
from registry.intake.refusals import ListBusy
from registry.intake.report import Report
from registry.models import Agency, Authority, Licence, ListSnapshot
from registry.rules.lifecycle import Action, StepTerms
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)

NOW = builders.START + timedelta(days=30)
ON = date(2026, 1, 20)
ROWS = 3000

PROFILE = """
profile = "xa_large"
kind = "register"
title = "Licensed recruiters"
source = "Ministry of Labour"

[authority]
code = "DLA"
name = { en = "DEMO Authority" }
country = "XA"
time_zone = "Asia/Kathmandu"

[fixed]
status = "licensed"
class = "Recruiter"

[file]
format = "csv"

[columns]
number = { heading = "No.", absent = "refuse" }
name = "Name"

[identity]
holder = ["number"]
"""


def _sound(*numbers: str) -> None:
    """These licences, and some of the list, are as their entries say."""
    some = Licence.objects.order_by("number").filter(origin="listed")[::500]
    for licence in [*Licence.objects.filter(number__in=numbers), *some]:
        assert list(audit.of_numbers([licence.number], at=NOW)) == []


@pytest.fixture
def large(tmp_path: Path) -> tuple[str, Path]:
    """A profile and a list of some thousand rows."""
    profile, file = tmp_path / "xa_large.toml", tmp_path / "list.csv"
    profile.write_text(PROFILE, encoding="utf-8")
    with file.open("w", encoding="utf-8") as out:
        out.write("No.,Name\n")
        out.writelines(f"{n:05},DEMO Agency {n} Overseas Ltd\n" for n in range(ROWS))
    return str(profile), file


class Intake(threading.Thread):
    """An intake in a thread and on a connection of its own."""

    def __init__(self, profile: str, file: Path, progress: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self._what = (profile, file)
        self._progress = progress
        self.report: Report | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        profile, file = self._what
        try:
            self.report = taking.take_in(profile, file, on=ON, at=NOW, by="intake", progress=self._progress)
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it was
            self.error = error
        finally:
            connection.close()


def test_suspensions_commit_within_a_second_while_a_list_is_taken_in(large: tuple[str, Path]) -> None:
    builders.authority()
    numbers = [builders.active(at=builders.START) for _ in range(8)]
    intake = Intake(*large)
    waits = []
    intake.start()
    for number in numbers:
        if not intake.is_alive():
            break
        began = time.perf_counter()
        builders.take(
            number,
            Action.SUSPEND_EMERGENCY,
            StepTerms(grounds=("IMMINENT-HARM",), texts={"en": "DEMO"}),
            at=NOW,
        )
        waits.append(time.perf_counter() - began)
        time.sleep(0.2)
    intake.join()
    assert intake.error is None
    assert intake.report is not None
    assert intake.report.added == ROWS
    assert waits
    assert max(waits) < 1.0
    states = {lookup.public_licence(number, at=NOW).state for number in numbers[: len(waits)]}
    assert states == {"suspended"}
    _sound(*numbers)


def test_one_list_is_written_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.authority()
    go_on, together = threading.Event(), threading.Barrier(2)
    put, commit = news.put, apply.Application.commit

    def slowly() -> None:
        assert go_on.wait(60)
        put()

    def at_once(application: apply.Application, report: Report) -> None:
        together.wait(60)
        commit(application, report)

    monkeypatch.setattr(news, "put", slowly)
    monkeypatch.setattr(apply.Application, "commit", at_once)
    intakes = []
    for name in ("xa_one", "xa_other"):
        profile, file = tmp_path / f"{name}.toml", tmp_path / f"{name}.csv"
        profile.write_text(PROFILE.replace("xa_large", name), encoding="utf-8")
        file.write_text("No.,Name\n1,DEMO Agency 1 Overseas Ltd\n", encoding="utf-8")
        intakes.append(Intake(str(profile), file))
    for intake in intakes:
        intake.start()
    try:
        assert _writes_of_whoever_waits() == [], "it has written nothing yet"
    finally:
        go_on.set()
        for intake in intakes:
            intake.join()
    assert [intake.error for intake in intakes] == [None, None]
    assert [intake.report.added for intake in intakes if intake.report] == [1, 1]


def _writes_of_whoever_waits() -> list[tuple[str]]:
    """The tables and indexes that the one who waits for another has written to, once somebody waits."""
    patient_until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < patient_until:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if waiting := cursor.fetchone():
                cursor.execute(
                    "SELECT relation::regclass::text FROM pg_locks WHERE pid = %s AND mode = 'RowExclusiveLock'",
                    waiting,
                )
                return list(cursor.fetchall())
            time.sleep(0.02)
    raise AssertionError("nobody waits")


@contextmanager
def _held_open() -> Iterator[tuple[Callable[[float], None], threading.Event, threading.Event]]:
    """A progress callback that waits in the middle of the file until it is let go."""
    reached, released = threading.Event(), threading.Event()

    def progress(_share: float) -> None:
        reached.set()
        released.wait(timeout=30)

    try:
        yield progress, reached, released
    finally:
        released.set()


def test_a_second_intake_of_the_same_list_is_refused_while_one_runs(large: tuple[str, Path]) -> None:
    with _held_open() as (progress, reached, _):
        intake = Intake(*large, progress)
        intake.start()
        assert reached.wait(timeout=30)
        with pytest.raises(ListBusy):
            taking.take_in(large[0], large[1], on=ON, at=NOW, by="intake")
    intake.join()
    assert intake.error is None
    assert ListSnapshot.objects.count() == 1


@pytest.mark.parametrize("statement", ["registry_agency", "registry_publishedrecord"])
def test_an_intake_cut_off_while_it_writes_leaves_nothing(
    large: tuple[str, Path], database_url: str, statement: str
) -> None:
    intake = Intake(*large)
    intake.start()
    with psycopg.connect(database_url, autocommit=True) as other:
        while intake.is_alive():
            cut = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE %s",
                [f'%INSERT INTO "{statement}"%'],
            ).fetchall()
            if cut:
                break
            time.sleep(0.002)
    intake.join()
    if intake.error is None:
        pytest.skip("the intake was faster than the cut")
    assert isinstance(intake.error, Error)
    assert not Licence.objects.exists()
    assert not Agency.objects.exists()
    assert not Authority.objects.exists()
    assert not ListSnapshot.objects.exists()
    again = taking.take_in(large[0], large[1], on=ON, at=NOW, by="intake")
    assert again.added == ROWS
    _sound()


def test_an_intake_stopped_while_it_reads_leaves_nothing(large: tuple[str, Path]) -> None:
    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taking.take_in(large[0], large[1], on=ON, at=NOW, by="intake", progress=stop)
    assert not ListSnapshot.objects.exists()
    assert taking.take_in(large[0], large[1], on=ON, at=NOW, by="intake").added == ROWS
