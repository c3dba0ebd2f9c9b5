"""Telling somebody who reported a concern that there is an answer; where no way to send is set up, the page tells it.

A notice never says what about: somebody else may hold the telephone. A gateway adds itself to ``WAYS``.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

WAYS: Final[list[Callable[..., bool]]] = []
"""Each takes the concern's code and ``at=`` and says whether it took the notice; the first that does is enough."""


def notify(code: str, *, at: datetime) -> bool:
    """Have the person told that there is news of their concern; whether any way has taken it."""
    return any(way(code, at=at) for way in WAYS)
