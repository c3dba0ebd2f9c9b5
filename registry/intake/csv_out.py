"""Writing what lists contain as CSV that no spreadsheet mistakes for a formula.

Cells that begin with ``= + - @``, a tab or a carriage return are data coming in; going out they get an apostrophe in
front (OWASP, CSV injection).
"""

import csv
from collections.abc import Iterable, Sequence
from typing import IO, Final

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe(cell: object) -> str:
    """``cell`` as text that a spreadsheet shows and never computes; numbers keep their sign."""
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(cell)
    text = str(cell)
    return f"'{text}" if text.lstrip(" \n").startswith(_DANGEROUS) else text


def write(out: IO[str], header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write ``rows`` under ``header``; answers how many there were."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe(cell) for cell in header])
    count = 0
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        count += 1
    return count
