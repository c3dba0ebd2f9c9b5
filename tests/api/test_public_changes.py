"""Waiting for the next change over the public API."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests import builders

START = builders.START


@pytest.mark.django_db(transaction=True)
def test_who_waits_is_told_as_soon_as_something_happens(public: Client, clock: Any) -> None:
    clock.stop(START)
    builders.authority()
    number = builders.active()
    last = public.get("/api/v1/changes").json()["last"]
    told: list[Any] = []

    def wait() -> None:
        told.append(public.get("/api/v1/changes", {"after": str(last), "wait": "20"}).json())
        connection.close()

    waiting = threading.Thread(target=wait)
    waiting.start()
    builders.suspended(number, at=START)
    waiting.join(timeout=15)
    assert [one["action"] for one in told[0]["data"]] == ["suspend_preventive"]


@pytest.mark.django_db
def test_nobody_waits_longer_than_asked_and_a_second_reader_is_answered_at_once(public: Client) -> None:
    from api.public import changes

    assert public.get("/api/v1/changes", {"wait": "1"}).json()["data"] == []
    taken = changes._seats.acquire(blocking=False)
    try:
        assert taken
        assert public.get("/api/v1/changes", {"wait": "25"}).json()["data"] == []
    finally:
        changes._seats.release()
