"""Whether this process lives, and whether this place can answer truly."""

from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from registry import clock
from verification import published_trust, sequencing

_WORKER = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - max(last_heartbeat)), 1e9) FROM procrastinate_workers
UNION ALL
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(coalesce(job.scheduled_at, event.at))), 0)
  FROM procrastinate_jobs job
  JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
 WHERE job.status = 'todo' AND coalesce(job.scheduled_at, event.at) < clock_timestamp()
"""
"""Seconds since the last sign of life of any worker, and since the oldest job that could run became due."""


_GOOD = frozenset({"ok", sequencing.State.NO_SIGNER.value, published_trust.State.NO_LIST.value})
"""A place without a signer or a list of trust proves nothing to who is offline, and says so; that is how it was set up
and no reason for an alarm."""


@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nobody else."""
    return _answer({"process": "ok"})


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when the database has the tables of this code, the worker works, the log is whole and the list of trust good.

    Else 503, and what it is.

    An alarm and a gate for a starting process. A verdict needs no worker, so a proxy that routes by this
    answer would take a healthy register from the public: route by ``/healthz``.
    """
    found = {"database": "unreachable"} | dict.fromkeys(
        ("migrations", "worker", "log", "trust_list"), "unknown"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found["database"] = "ok"
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        found["migrations"] = "missing" if missing else "ok"
        found["worker"] = "stalled" if _stalled() else "ok"
        patience = timedelta(seconds=settings.REGISTRY_WORKER_STALL_SECONDS)
        found["log"] = sequencing.state(at=clock.now(), patience=patience)
        found["trust_list"] = published_trust.state(at=clock.now())
    except DatabaseError:
        connection.close()
    return _answer(found)


def _stalled() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WORKER)
        return any(seconds > settings.REGISTRY_WORKER_STALL_SECONDS for (seconds,) in cursor.fetchall())


def _answer(found: dict[str, str]) -> HttpResponse:
    good = all(state in _GOOD for state in found.values())
    return JsonResponse(
        {"status": "ok" if good else "not ready", "checks": found},
        status=HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Cache-Control": "no-store"},
    )


urlpatterns: list[URLPattern] = [path("healthz", alive, name="healthz"), path("readyz", ready, name="readyz")]
