"""What became of a file, row by row: counts that add up, and every problem with its line, column and reason."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any, Final, cast

#: Problems kept in memory before they go to a temporary file, so that a bad file of any size takes no more memory.
_IN_MEMORY_BYTES: Final = 4_000_000

COUNTS: Final = ("rows", "accepted", "flagged", "refused", "added", "changed", "unchanged", "gone", "moved")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one row that a person should look at: ``column`` as the file heads it, "" for the whole row."""

    line: int
    column: str
    code: str
    message: str


def _spool() -> object:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="utf-8")


class Report:
    """The counts of one intake and its problems.

    Rows: ``accepted`` + ``flagged`` + ``refused`` = ``rows``. Licences (or findings): ``added``, ``changed``,
    ``unchanged``, ``gone``, and of these ``moved``: pairs of one gone and one added that look alike.
    """

    def __init__(self) -> None:
        """An empty report."""
        self.rows = self.accepted = self.flagged = self.refused = 0
        self.added = self.changed = self.unchanged = self.gone = self.moved = 0
        self.seconds = 0.0
        self._problems = cast("IO[str]", _spool())

    def note(self, problem: Problem) -> None:
        """Keep one problem."""
        self._problems.seek(0, 2)
        self._problems.write(json.dumps(asdict(problem), ensure_ascii=False) + "\n")

    def count_row(self, problems: tuple[Problem, ...] | list[Problem], *, refused: bool) -> None:
        """Count one row as accepted, flagged or refused, and keep its problems."""
        self.rows += 1
        if refused:
            self.refused += 1
        elif problems:
            self.flagged += 1
        else:
            self.accepted += 1
        for problem in problems:
            self.note(problem)

    def flag_again(self, *, was_accepted: bool) -> None:
        """Count a row as flagged of which more was found out after it was read."""
        if was_accepted:
            self.accepted -= 1
            self.flagged += 1

    def problems(self) -> Iterator[Problem]:
        """Every problem in the order it was found."""
        self._problems.seek(0)
        for line in self._problems:
            yield Problem(**json.loads(line))

    def counts(self) -> dict[str, int]:
        """The counts alone."""
        return {name: getattr(self, name) for name in COUNTS}

    def as_dict(self) -> dict[str, Any]:
        """The whole report, as ``--report`` writes it."""
        problems = [asdict(problem) for problem in self.problems()]
        return {**self.counts(), "problems": problems, "seconds": round(self.seconds, 3)}

    def write(self, out: IO[str]) -> None:
        """Write the report as JSON, problem by problem."""
        for name, value in self.counts().items():
            out.write(("{" if name == "rows" else ",") + f'\n  "{name}": {value}')
        out.write(',\n  "problems": [')
        self._problems.seek(0)
        for place, line in enumerate(self._problems):
            out.write(("," if place else "") + "\n    " + line.rstrip("\n"))
        out.write(f'\n  ],\n  "seconds": {round(self.seconds, 3)}\n}}\n')
