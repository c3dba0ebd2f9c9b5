"""The public application on a replica: every answer is preceded by the proof that the replica is fresh."""

from collections.abc import Callable
from typing import Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from api import problems
from api.pages import refusals
from registry import replica

_OF_THE_PROCESS: Final = frozenset({"/healthz", "/readyz", "/mark.svg"})


class Fresh:
    """A layer that answers *could not be checked* while the replica can not prove how fresh it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Stand before ``get_response``."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse with ``record.stale_replica``; what is read after the proof is no older than it."""
        try:
            fresh = request.path_info in _OF_THE_PROCESS or replica.is_fresh()
        except DatabaseError:
            fresh = True  # who reads next says that the register is not there
        if fresh:
            return self.get_response(request)
        if request.path_info.startswith("/api/") or "json" in request.META.get("HTTP_ACCEPT", ""):
            return problems.respond(request, "record.stale_replica", {}, headers={"Retry-After": "5"})
        return refusals.could_not_check(request)
