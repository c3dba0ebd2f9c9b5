"""Desks for several officers in one test, and somebody who directs an agency."""

from collections.abc import Callable
from datetime import date

import pytest
from django.conf import settings
from django.test import Client

from registry import agencies, retrospect
from tests import builders
from tests.api.director import AT, EVIL, START
from tests.conftest import Clock, Kept


@pytest.fixture
def new_desk() -> Callable[[], Client]:
    """A client of the officials' application for each call: one browser for each officer."""
    from api.conf import desk as door
    from tests.conftest import _client

    host = settings.REGISTRY_DESK_HOST.split(":")[0]
    return lambda: _client(door, SERVER_NAME=host)


@pytest.fixture(scope="module")
def directed(kept: Kept) -> str:
    """The number of the person."""
    with kept(at=AT):
        builders.authority()
        holder = builders.agency(at=START)
        agencies.appoint(
            holder, name=f"Mina {EVIL} Rai", role="director", first_day=START.date(), by=builders.maker(START),
            at=START, idempotency_key="p", birth_date=date(1980, 2, 3),
        )  # fmt: skip
        return str(retrospect.agency(holder, by=builders.checker(AT), at=AT).appointments[0]["person"])


@pytest.fixture
def person(directed: str, clock: Clock) -> str:
    """Somebody who directs an agency."""
    clock.stop(AT)
    return directed
