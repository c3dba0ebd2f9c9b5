"""What a proxy and an alarm are told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from tests import builders
from tests.conftest import Clock
from tests.house import House
from tests.verification.test_trust_list import PINNED, payload, signed
from verification import published_trust, sequencing


def _a_worker(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (clock_timestamp() - make_interval(secs => %s))",
            [seconds_ago],
        )


@pytest.mark.django_db
def test_a_place_with_a_working_worker_is_ready(public: Client) -> None:
    _a_worker(seconds_ago=1)
    answer = public.get("/readyz")
    assert answer.json() == {
        "status": "ok",
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "worker": "ok",
            "log": "no signer",
            "trust_list": "no list",
        },
    }
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("seconds_ago", [None, 3600])
def test_a_missing_or_stalled_worker_raises_the_alarm(public: Client, seconds_ago: int | None) -> None:
    if seconds_ago is not None:
        _a_worker(seconds_ago)
    answer = public.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "worker": "stalled",
        "log": "no signer",
        "trust_list": "no list",
    }


@pytest.mark.django_db
def test_a_job_that_waits_too_long_raises_the_alarm_though_the_worker_breathes(public: Client) -> None:
    _a_worker(seconds_ago=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at)"
            " VALUES ('default', 'register.changed', clock_timestamp() - interval '1 hour')"
        )
    assert public.get("/readyz").json()["checks"]["worker"] == "stalled"


@pytest.mark.django_db
def test_a_missing_migration_is_named(public: Client) -> None:
    _a_worker(seconds_ago=1)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api'")
    answer = public.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "missing"


@pytest.mark.django_db
def test_a_place_that_has_no_signer_says_so_and_is_ready(public: Client, settings: LazySettings) -> None:
    settings.REGISTRY_SIGNER = ""
    _a_worker(seconds_ago=1)
    answer = public.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["log"]) == (200, "no signer")


@pytest.mark.django_db
def test_a_log_that_its_signer_leaves_unsigned_raises_the_alarm(
    public: Client, clock: Clock, sign_for: Callable[..., House]
) -> None:
    at = clock.stop(datetime(2026, 5, 1, tzinfo=UTC))
    _a_worker(seconds_ago=1)
    builders.authority(at=at)
    signer = sign_for("XA-DLA", at=at)
    sequencing.advance(at=at)
    sequencing.publish(at=at)
    signed = public.get("/readyz")
    assert (signed.status_code, signed.json()["checks"]["log"]) == (200, "ok")
    signer.close()
    builders.active(at=at)
    sequencing.advance(at=at)
    sequencing.publish(at=at)
    clock.stop(at + timedelta(days=1))
    unsigned = public.get("/readyz")
    assert (unsigned.status_code, unsigned.json()["checks"]["log"]) == (503, "unsigned")


@pytest.mark.django_db
def test_what_nobody_speaks_for_raises_the_alarm_until_somebody_looked(public: Client) -> None:
    _a_worker(seconds_ago=1)
    leaf = {"t": "unattributed", "at": "2026-05-01T00:00:00Z", "rel": "registry_licence", "op": "U"}
    sequencing.append(leaf, at=datetime(2026, 5, 1, tzinfo=UTC))
    answer = public.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["log"]) == (503, "unattributed")
    call_command("log", "--acknowledge", stdout=StringIO())
    assert public.get("/readyz").json()["checks"]["log"] != "unattributed"


@pytest.mark.django_db
def test_a_list_of_trust_that_is_about_to_end_raises_the_alarm_until_another_follows(
    public: Client, clock: Clock
) -> None:
    at = datetime(2027, 1, 15, 8, tzinfo=UTC)
    now, day = int(at.timestamp()), 86_400
    _a_worker(seconds_ago=1)
    known = published_trust.publish(signed(payload(iat=now, exp=now + 30 * day)), roots=PINNED, at=at)

    def said(after: timedelta) -> tuple[int, str]:
        clock.stop(at + after)
        answer = public.get("/readyz")
        return answer.status_code, answer.json()["checks"]["trust_list"]

    second = timedelta(seconds=1)
    assert said(timedelta(days=23) - second) == (200, "ok")
    assert said(timedelta(days=23)) == (503, "expiring")
    assert said(timedelta(days=30) - second) == (503, "expiring")
    assert said(timedelta(days=30)) == (503, "expired")
    late = now + 30 * day
    published_trust.publish(
        signed(payload(known, iat=late, exp=late + 30 * day)), roots=(), at=at + timedelta(days=30)
    )
    assert said(timedelta(days=30)) == (200, "ok")
