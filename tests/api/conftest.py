"""Desks for several officers in one test, whose passwords are hashed in no time."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings


@pytest.fixture(scope="package", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A test of the desk makes several officers; half a second of hashing for each teaches nothing."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def new_desk() -> Callable[[], Client]:
    """A client of the officials' application for each call: one browser for each officer."""
    from api.conf import desk as door
    from tests.conftest import _client

    host = settings.REGISTRY_DESK_HOST.split(":")[0]
    return lambda: _client(door, SERVER_NAME=host)
