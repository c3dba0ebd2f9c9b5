"""The database connection that a process keeps from request to request."""

from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")


def read(work: Callable[[], T]) -> T:
    """Do ``work``, which only reads; once more when the connection kept from an earlier request turns out to be dead.

    So nobody who reads pays for asking first whether the connection still lives.
    """
    kept = connection.connection is not None
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return work()
    except (OperationalError, InterfaceError):
        if not kept or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return work()
