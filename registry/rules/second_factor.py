"""How fresh the second factor of whoever decides must be (rulings 23)."""

from datetime import datetime, timedelta
from typing import Final

from registry.rules import errors
from registry.rules.lifecycle import Actor, Role

LASTS: Final = timedelta(minutes=5)
"""How old it may be."""


def is_fresh(given: datetime | None, *, at: datetime) -> bool:
    """Whether it was given, not later than ``at`` and not longer ago than it lasts."""
    return given is not None and timedelta() <= at - given <= LASTS


def demand(by: Actor, *, at: datetime) -> None:
    """Refuse whoever has not given it just now, with ``SecondFactorStale`` and the seconds that it lasts.

    The register itself has none to give.
    """
    if by.authority is None and Role.SYSTEM in by.roles:
        return
    if not is_fresh(by.second_factor_at, at=at):
        raise errors.SecondFactorStale("give the second factor again", seconds=int(LASTS.total_seconds()))
