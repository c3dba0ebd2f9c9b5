"""The writer of agencies and their records: nothing that was acknowledged is lost."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from registry import agencies
from registry.models import Agency, Appointment, Office
from tests import builders

AT = builders.START + timedelta(days=10)


@pytest.fixture
def holder() -> str:
    """An agency."""
    builders.authority()
    return builders.agency()


def _at_once(holder: str, *changes: Callable[[], Any]) -> None:
    """Run changes of one agency in threads that all wait for its lock before any of them goes on."""

    def run(change: Callable[[], Any]) -> None:
        try:
            change()
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(change,)) for change in changes]
    with transaction.atomic():
        Agency.objects.select_for_update().get(number=holder)
        for thread in threads:
            thread.start()
        waiting = 0
        while waiting < len(changes) and all(thread.is_alive() for thread in threads):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_stat_clear_snapshot(), (SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database())"
                )
                waiting = cursor.fetchone()[1]
    for thread in threads:
        thread.join(timeout=20)


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_one_record_at_once_are_both_kept(holder: str) -> None:
    office = builders.head_office(holder)
    by = builders.maker(AT)
    person = agencies.appoint(
        holder,
        name="Asha Demo",
        role="sub_agent",
        first_day=date(2026, 1, 5),
        by=by,
        at=AT,
        idempotency_key="p",
    ).number

    def amend(**fields: Any) -> Callable[[], Any]:
        key = builders.key()
        return lambda: agencies.amend_office(office, fields, by=by, at=AT, idempotency_key=key)

    def end(key: str) -> Callable[[], Any]:
        last = date(2026, 2, 1)
        return lambda: agencies.end_appointment(person, last_day=last, by=by, at=AT, idempotency_key=key)

    _at_once(holder, amend(last_day=date(2026, 1, 20)), amend(locality="New Port"), end("one"), end("two"))
    kept = Office.objects.get(number=office)
    assert (kept.last_day, kept.locality) == (date(2026, 1, 20), "New Port")
    assert Appointment.objects.get(number=person).last_day == date(2026, 2, 1)
