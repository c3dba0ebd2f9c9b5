"""Work after a change: queued with it or not at all, done by name, not lost because other work failed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from api import jobs
from registry import clock, lookup, news
from tests import builders
from tests.verification.logging_place import place_with_signer
from verification import log, sequencing

AT = datetime(2026, 5, 1, tzinfo=UTC)


def _jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status FROM procrastinate_jobs ORDER BY id")
        return [(str(name), str(status)) for name, status in cursor.fetchall()]


def _work_until_nothing_waits() -> None:
    """Run a worker as the command does, over a connection of its own."""
    connector: Any = app.connector
    with app.replace_connector(connector.get_worker_connector()) as worker:

        async def work() -> None:
            async with worker.open_async():
                # One lane: a worker that waits for nothing does not see what a job of another lane queues at its end.
                await worker.run_worker_async(
                    concurrency=1, wait=False, install_signal_handlers=False, listen_notify=False
                )

        with ThreadPoolExecutor(1) as beside:  # a browser of other tests keeps a loop in this thread
            beside.submit(asyncio.run, work()).result()


def test_the_name_that_the_register_queues_is_one_that_we_answer_to() -> None:
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    assert app.tasks[news.TASK] is jobs.changed


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_undone_wakes_nobody() -> None:
    with transaction.atomic():
        news.put()
        transaction.set_rollback(True)
    assert _jobs() == []


@pytest.mark.django_db(transaction=True)
def test_a_change_wakes_the_worker_and_what_is_due_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []
    monkeypatch.setattr(jobs, "due", lambda: (lambda *, at: done.append(at),))
    with transaction.atomic():
        news.put()
    _work_until_nothing_waits()
    assert (news.TASK, "succeeded") in _jobs()
    assert done


@pytest.mark.django_db(transaction=True)
def test_what_is_decided_is_in_the_log_and_signed_when_the_worker_has_been_woken(
    tmp_path: Path, settings: LazySettings
) -> None:
    with place_with_signer(tmp_path, settings):
        builders.authority()
        builders.active()
        _work_until_nothing_waits()
        assert sequencing.state(at=clock.now(), patience=timedelta(seconds=5)) == sequencing.State.OK
        assert log.newest().text.splitlines()[1] == str(log.size())
        assert log.size() > lookup.sequence_now()


def test_work_that_fails_stops_no_other_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[datetime] = []

    def failing(*, at: datetime) -> None:
        raise ValueError(at)

    monkeypatch.setattr(jobs, "due", lambda: (failing, lambda *, at: done.append(at)))
    with pytest.raises(ExceptionGroup, match="was due"):
        jobs.run(at=AT)
    assert done == [AT]
