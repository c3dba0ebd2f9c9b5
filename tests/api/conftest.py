"""Desks for several officers in one test."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def new_desk() -> Callable[[], Client]:
    """A client of the officials' application for each call: one browser for each officer."""
    from api.conf import desk as door
    from tests.conftest import _client

    host = settings.REGISTRY_DESK_HOST.split(":")[0]
    return lambda: _client(door, SERVER_NAME=host)
