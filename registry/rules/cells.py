"""Cells of files that people open in a spreadsheet: text that it shows and never computes.

Cells that begin with ``= + - @``, a tab or a carriage return are data coming in; going out they get an apostrophe in
front (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import Sequence
from typing import Final

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe(cell: object) -> str:
    """``cell`` as text that a spreadsheet shows and never computes; numbers keep their sign."""
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(cell)
    text = str(cell)
    return f"'{text}" if text.lstrip(" \n\u00a0").startswith(_DANGEROUS) else text


def line(cells: Sequence[object]) -> str:
    """A row as RFC 4180 has it, each cell safe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return text.getvalue()
