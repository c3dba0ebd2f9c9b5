"""The officers named on a page, with the names that they sign in with: all of a page are read at once.

An entry quotes an officer's number for ever; who reads it knows colleagues by name. The numbers of a page are entered
while it is put together, and the first name that is shown reads all of them in one query.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from api.models import User


@dataclass(slots=True)
class _Roll:
    waiting: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


_of_page: ContextVar[_Roll] = ContextVar("officers of the page")


@contextmanager
def page() -> Iterator[None]:
    """Within it, one page is put together and drawn."""
    before = _of_page.set(_Roll())
    try:
        yield
    finally:
        _of_page.reset(before)


def enter(numbers: Iterable[str]) -> None:
    """Have the names of these officers read with the others of the page."""
    if (roll := _of_page.get(None)) is not None:
        roll.waiting.update(set(numbers) - roll.names.keys())


def name_of(number: str) -> str:
    """The name that the officer signs in with; empty where there is no such account."""
    roll = _of_page.get(None) or _Roll()
    if number not in roll.names:
        roll.waiting.add(number)
        found = User.objects.filter(officer_number__in=roll.waiting)
        named = {str(one): name for one, name in found.values_list("officer_number", "username")}
        roll.names |= dict.fromkeys(roll.waiting, "") | named
        roll.waiting.clear()
    return roll.names[number]
