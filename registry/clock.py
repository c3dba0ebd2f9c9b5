"""The only module that reads the time.

Everything else takes an instant as a parameter. ``REGISTRY_CLOCK`` (an RFC 3339 instant) and :func:`frozen` move the
clock in the demo and in tests; ``check --deploy`` refuses the former. Programs that run together share one shift:
whoever starts them gives each what :func:`shared` says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

_SHOWN_AT: Final = "REGISTRY_CLOCK_SHOWN_AT"
_frozen: datetime | None = None
_offset: timedelta | None = None


def now() -> datetime:
    """The instant, aware, in UTC."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + _shift()


def _shift() -> timedelta:
    """How far ``REGISTRY_CLOCK`` moves this process's clock; fixed when first asked, so that time still runs.

    It shows its instant when the launcher said (:func:`shared`), or at the first question.
    """
    global _offset  # noqa: PLW0603 - the shift is a fact of the process, read once
    if _offset is None:
        wanted, shown_at = os.environ.get("REGISTRY_CLOCK", ""), os.environ.get(_SHOWN_AT, "")
        began = datetime.fromisoformat(shown_at) if shown_at else datetime.now(UTC)
        _offset = datetime.fromisoformat(wanted) - began if wanted else timedelta()
    return _offset


def shared() -> dict[str, str]:
    """The environment for programs that this one starts, so that ``REGISTRY_CLOCK`` moves all their clocks alike."""
    if not os.environ.get("REGISTRY_CLOCK"):
        return {}
    return {_SHOWN_AT: os.environ.get(_SHOWN_AT) or datetime.now(UTC).isoformat()}


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Stop the clock at ``at`` for the whole process while the block runs (tests, demo data)."""
    global _frozen  # noqa: PLW0603 - a stopped clock is one for all threads: live servers in tests must see it too
    if at.tzinfo is None:
        message = "a stopped clock needs an aware instant"
        raise ValueError(message)
    before, _frozen = _frozen, at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before
