"""The writer of agencies and their records: nothing that was acknowledged is lost, and a key means one body."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from registry import agencies, changes
from registry.models import Agency, Appointment, Office
from registry.rules import errors, numbering
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


@pytest.mark.django_db
def test_numbers_follow_one_another_and_leave_out_the_serials_that_have_none() -> None:
    given, last = [changes.next_number(numbering.Kind.PERSON) for _ in range(80)], 0
    for number in given:
        wanted = numbering.next_reference(numbering.Kind.PERSON, after=last)
        assert number == str(wanted)
        last = wanted.serial
    assert last > len(given), "a serial was skipped"


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


@pytest.mark.django_db
def test_a_key_used_for_another_body_is_refused_whichever_field_differs(holder: str) -> None:
    by = builders.maker(AT)

    def appoint(**other: Any) -> agencies.Written | agencies.Waiting:
        said: dict[str, Any] = {
            "name": "Asha Demo",
            "role": "sub_agent",
            "first_day": date(2026, 1, 5),
            "document": "P 1",
        } | other
        return agencies.appoint(holder, **said, by=by, at=AT, idempotency_key="appoint")

    def channel(**other: Any) -> agencies.Written | agencies.Waiting:
        said: dict[str, Any] = {"kind": "email", "value": "office@demo.example"} | other
        return agencies.add_channel(holder, **said, by=by, at=AT, idempotency_key="channel")

    def amend(reason: str) -> agencies.Written | agencies.Waiting:
        fields = {"bank_account": "XA00 1"}
        return agencies.amend(holder, fields, reason=reason, by=by, at=AT, idempotency_key="amend")

    assert appoint() == appoint()
    assert channel() == channel()
    assert amend("moved") == amend("moved")
    persons: tuple[dict[str, Any], ...] = (
        {"latin_name": "Asha"}, {"last_day": date(2026, 3, 1)}, {"birth_date": date(1990, 1, 1)},
        {"nationality": "XA"}, {"document": "P 2"}, {"public_name": False, "withheld_reason": "threats"},
    )  # fmt: skip
    for other in persons:
        with pytest.raises(errors.KeyReused):
            appoint(**other)
    channels: tuple[dict[str, Any], ...] = ({"verified": True}, {"first_day": date(2026, 1, 6)})
    for other in channels:
        with pytest.raises(errors.KeyReused):
            channel(**other)
    with pytest.raises(errors.KeyReused):
        amend("corrected")
