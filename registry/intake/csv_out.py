"""Writing what lists contain as CSV that no spreadsheet mistakes for a formula."""

from collections.abc import Iterable, Sequence
from typing import IO

from registry.rules import cells


def write(out: IO[str], header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write ``rows`` under ``header``; answers how many there were."""
    out.write(cells.line(header))
    count = 0
    for row in rows:
        out.write(cells.line(row))
        count += 1
    return count
