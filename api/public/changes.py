"""``/changes``: the register's news in commit order, without gaps, for whoever keeps a copy."""

import threading
import time
from typing import Any, Final

from django.conf import settings
from django.urls import URLPattern, path
from rest_framework import serializers

from api.problems import Refusal
from api.public import reading, route
from registry import clock, lookup

LONGEST_WAIT: Final = 25
_LOOK_EVERY: Final = 0.25

#: Who waits keeps a thread of this process; everybody else is answered at once.
_seats: Final = threading.Semaphore(settings.REGISTRY_WAITERS)


class ChangeBody(serializers.Serializer[Any]):
    """One entry of the register, by number only: read the licence for what it means."""

    sequence = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    action = serializers.CharField(
        allow_null=True,
        help_text="`null`, with all that follows: nothing of this entry is public, such as an agency being entered "
        "in the register, a bar of a person, or a sanction that is spent. The first entry is often one.",
    )
    kind = serializers.CharField(allow_null=True)
    licence = serializers.CharField(allow_null=True)
    agency = serializers.CharField(allow_null=True)
    effective_from = serializers.DateTimeField(allow_null=True)


class ChangesBody(serializers.Serializer[Any]):
    """A page of changes."""

    data = ChangeBody(many=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    next = serializers.IntegerField(help_text="Give it as `after` in the next question.")
    last = serializers.IntegerField(help_text="The last sequence number that the register has given.")


@route.get(
    tag="Changes",
    body=ChangesBody,
    parameters=[
        route.Parameter("after", reading.Whole(0, 2**62, default=0), "The last sequence number you have."),
        route.Parameter("limit", reading.Whole(1, 1000, default=100), "How many at most."),
        route.Parameter(
            "wait",
            reading.Whole(0, LONGEST_WAIT, default=0),
            "Seconds to wait when there is nothing new. Few can wait: be ready for an empty answer.",
        ),
    ],
    says=["changes.gone", "parameter.invalid"],
)
def changes(ask: route.Ask) -> route.Answer:
    """What has changed after a sequence number.

    An entry of which nothing is public is there as a number with its instant, so that a reader sees no gap.
    Sequence numbers rise in commit order: whoever has read up to `next` has missed nothing. When the journal
    no longer reaches back to `after`, the answer is `410` and says where to start again.
    """
    after, limit, wait = ask["after"] or 0, ask["limit"] or 100, ask["wait"] or 0
    found = _after(after, limit)
    if not found.data and wait and _seats.acquire(blocking=False):
        try:
            found = _wait(after, limit, wait)
        finally:
            _seats.release()
    reached = found.data[-1]["sequence"] if found.data else min(after, found.last)
    return route.Answer({"data": found.data, "next": reached, "last": found.last})


def _after(after: int, limit: int) -> lookup.Changes:
    """The changes after ``after``; refuses a place that the journal no longer reaches back to."""
    found = lookup.changes(after=after, limit=limit, at=clock.now())
    if after + 1 < found.oldest:
        raise Refusal("changes.gone", oldest=found.oldest, restart_after=found.last)
    return found


def _wait(after: int, limit: int, seconds: int) -> lookup.Changes:
    """Look again and again until there is something new or the time is over."""
    over = time.monotonic() + seconds
    while True:
        time.sleep(_LOOK_EVERY)
        found = _after(after, limit)
        if found.data or time.monotonic() >= over:
            return found


urlpatterns: list[URLPattern] = [path("v1/changes", changes, name="changes")]
