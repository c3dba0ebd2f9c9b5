"""Several statements put to the database in one go: the way there and back costs more than most of them.

Each is still a statement of its own: it sees what was committed until it began, so one that reads behind one that waits
for a lock reads what the lock's last holder has left. The values are put in before they are sent, as Django's cursors
do: the server takes several statements only without parameters.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

Question = tuple[str, Sequence[Any]]
"""A statement that gives rows, and its values."""

_APART: Final = ";\n"


def ask(*questions: Question) -> list[list[tuple[Any, ...]]]:
    """The rows of each of these statements, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            _APART.join(sql for sql, _ in questions), [value for _, values in questions for value in values]
        )
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
    return found


def ask_of(numbers: Sequence[str], *statements: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each of these statements, whose only value is this list of numbers."""
    return ask(*((sql, [list(numbers)]) for sql in statements))
