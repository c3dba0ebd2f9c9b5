"""Rows of CSV, TSV and XLSX files, one at a time, each with the line it begins on.

Constant memory whatever the size of the file. A row that cannot be read whole (bad bytes, NUL, an unbalanced quote, too
few cells) comes out as a refused row with its reason; a file that is not what the profile says is refused as a whole.
"""

import csv
import io
import re
import warnings
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, Final, Literal

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from registry.intake.profile import Layout, folded
from registry.intake.refusals import FileUnreadable
from registry.intake.report import Problem

#: Longest line and longest cell read; beyond it an unbalanced quote or a file that is no table is the likelier story.
_LONGEST_LINE: Final = 1_000_000
_LONGEST_CELL: Final = 100_000
#: What a spreadsheet may unpack to.
_LARGEST_SHEET: Final = 1_000_000_000

Cell = str | date
Progress = Callable[[float], None]

#: Fields whose digits are names, not quantities: a spreadsheet that made numbers of them has lost something.
_DIGITS_ARE_TEXT: Final = frozenset({"number", "company_number", "postcode", "phone", "reference"})

#: What the library that reads spreadsheets raises of a file that is none, or is damaged.
_BROKEN: Final = (
    ET.ParseError, zipfile.BadZipFile, zlib.error, InvalidFileException, ArithmeticError, AttributeError, EOFError,
    LookupError, NotImplementedError, OSError, TypeError, ValueError,
)  # fmt: skip
_SHEET_ERROR: Final = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: a cell per heading, the first line it stands on, and what was wrong with it."""

    line: int
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...] = ()
    refused: bool = False


@dataclass(slots=True)
class Sheet:
    """An open file: its headings, its rows still to be read, and what its end says once they have been."""

    headings: tuple[str, ...]
    rows: Iterator[RawRow]
    #: Set after the last row: the file does not end with a line end, so it may be cut off.
    cut_off: bool = False


@contextmanager
def opened(path: Path, layout: Layout, progress: Progress | None = None) -> Iterator[Sheet]:
    """The rows of ``path`` read as ``layout`` says; refuses with :class:`FileUnreadable`.

    ``progress`` is told now and then which share of the file (0 to 1) has been read.
    """
    if not path.is_file():
        message = f"{path} is not a file"
        raise FileUnreadable(message, file=path.name)
    reader = _spreadsheet if layout.format == "xlsx" else _text
    with reader(path, layout, progress or (lambda _share: None)) as sheet:
        yield sheet


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Lines:
    """The lines of a text file, bounded in length; remembers whether the last one was whole."""

    def __init__(self, stream: IO[str], name: str, tick: Callable[[], None]) -> None:
        self._stream, self.name, self._tick = stream, name, tick
        self.count = 0
        self.whole = True

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        try:
            line = self._stream.readline(_LONGEST_LINE)
        except (UnicodeError, OSError) as broken:
            _unreadable(self.name, self.count + 1, f"the bytes are not in the profile's encoding: {broken}")
        if not line:
            raise StopIteration
        self.count += 1
        self.whole = line[-1] in "\r\n"
        if not self.whole and len(line) >= _LONGEST_LINE:
            _unreadable(self.name, self.count, f"a line is longer than {_LONGEST_LINE:,} characters")
        if self.count % 1000 == 0:
            self._tick()
        return line


@contextmanager
def _text(path: Path, layout: Layout, progress: Progress) -> Iterator[Sheet]:
    csv.field_size_limit(_LONGEST_CELL)
    size = max(path.stat().st_size, 1)
    with (
        path.open("rb") as raw,
        io.TextIOWrapper(raw, encoding=layout.encoding, errors="surrogateescape", newline="") as stream,
    ):
        sheet = Sheet(headings=(), rows=iter(()))
        lines = _Lines(stream, path.name, lambda: progress(raw.tell() / size))
        records = _records(lines, layout)
        for _ in range(layout.header_row):
            line, cells, fault = next(records, (0, [], "the file ends before its headings"))
            if fault:
                _unreadable(path.name, line, fault)
        sheet.headings = _headings(cells, path.name, layout)
        sheet.rows = _text_rows(records, lines, sheet)
        yield sheet


def _records(lines: _Lines, layout: Layout) -> Iterator[tuple[int, list[str], str | None]]:
    """(first line, cells, fault) of every record that is not a blank line."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=layout.delimiter, quoting=quoting, strict=True)
    while True:
        first = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            if "field larger" in str(fault):
                _unreadable(lines.name, first, "a cell never ends: a quote is opened and not closed")
            yield first, [], f"the quotes of this row do not close where they should ({fault})"
            continue
        if cells and cells != [""]:
            yield first, cells, None


def _text_rows(
    records: Iterator[tuple[int, list[str], str | None]], lines: _Lines, sheet: Sheet
) -> Iterator[RawRow]:
    """Every row, looking one ahead: only the last one can have been cut off."""
    before: RawRow | None = None
    for line, cells, fault in records:
        if before is not None:
            yield before
        if fault is not None:
            before = RawRow(line, (), (Problem(line, "", "row.quotes", fault),), refused=True)
        else:
            before = _checked(line, cells, sheet.headings)
    if before is None:
        return
    if not lines.whole:
        sheet.cut_off = True
        message = "the file ends in the middle of this line: it may be cut off"
        hint = Problem(before.line, "", "row.no_line_end", message)
        before = RawRow(before.line, before.cells, (*before.problems, hint), refused=before.refused)
    yield before


def _checked(line: int, cells: Sequence[str], headings: tuple[str, ...]) -> RawRow:
    """The row, refused where its cells cannot be told apart or hold what is no text."""
    extra = cells[len(headings) :]
    if len(cells) < len(headings) or any(cell.strip() for cell in extra):
        message = (
            f"the row has {len(cells)} cells, the headings are {len(headings)}: which is which cannot be told"
        )
        return RawRow(line, tuple(cells), (Problem(line, "", "row.ragged", message),), refused=True)
    joined = "".join(cells)
    if joined.isascii() and joined.isprintable():
        return RawRow(line, tuple(cells[: len(headings)]))
    problems: list[Problem] = []
    refused = False
    for heading, cell in zip(headings, cells, strict=False):
        problem, fatal = _cell_fault(line, heading, cell)
        if problem is not None:
            problems.append(problem)
            refused = refused or fatal
    return RawRow(line, tuple(cells[: len(headings)]), tuple(problems), refused=refused)


#: (what to look for, code, what it means, whether the row can no longer be trusted)
_FAULTS: Final = (
    (re.compile("\0"), "cell.nul", "the cell holds a NUL byte, which no text has", True),
    (
        re.compile("[\ud800-\udfff]"),
        "cell.encoding",
        "the cell's bytes are not in the profile's encoding",
        True,
    ),
    (re.compile("\ufffd"), "cell.replaced", "a letter was lost before the file came to us (\ufffd)", False),
    (re.compile("\t"), "cell.tab", "the cell holds a tab, perhaps a separator gone astray", False),
    (re.compile("[\r\n]"), "cell.line_break", "the cell goes over several lines", False),
    (
        re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]"),
        "cell.control",
        "the cell holds a control character",
        False,
    ),
)


def _cell_fault(line: int, heading: str, cell: str) -> tuple[Problem | None, bool]:
    for pattern, code, message, fatal in _FAULTS:
        if pattern.search(cell):
            return Problem(line, heading, code, message), fatal
    return None, False


def _headings(cells: Sequence[object], name: str, layout: Layout) -> tuple[str, ...]:
    """The headings, each looked up by the profile once; refuses a file that lacks one or has it twice."""
    headings = [" ".join(_whole(str(cell)).split()) if cell is not None else "" for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    found = [folded(heading) for heading in headings]
    for column in layout.columns.values():
        times = found.count(folded(column.heading))
        if times != 1:
            fault = "is missing" if not times else f"stands there {times} times"
            read = ", ".join(headings)[:200]
            message = f"the heading {column.heading!r} {fault}; line {layout.header_row} reads {read!r}"
            _unreadable(name, layout.header_row, message)
    return tuple(headings)


def _whole(text: str) -> str:
    """``text`` with what is no letter of any encoding shown as lost, so that it can be printed."""
    return re.sub("[\ud800-\udfff\0]", "\ufffd", text)


def _unreadable(name: str, line: int, why: str) -> Any:
    message = f"{name}, line {line}: {why}"
    raise FileUnreadable(message, file=name, line=line)


# ── spreadsheets ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _spreadsheet(path: Path, layout: Layout, progress: Progress) -> Iterator[Sheet]:
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions it does not keep; we read values only.
        warnings.simplefilter("ignore")
        book = _workbook(path)
        try:
            if layout.sheet is not None and layout.sheet not in book.sheetnames:
                _unreadable(
                    path.name, 0, f"there is no sheet {layout.sheet!r}, only {', '.join(book.sheetnames)}"
                )
            pages = {page.title: page for page in book.worksheets}  # a sheet of charts alone holds no rows
            page: Any = (
                pages.get(layout.sheet) if layout.sheet is not None else next(iter(pages.values()), None)
            )
            if page is None:
                _unreadable(path.name, 0, "there is no sheet with rows in it")
            total = page.max_row or 0
            page.reset_dimensions()  # what the file says of its size is often wrong, and rows beyond it would be lost
            values = _parsed(enumerate(page.iter_rows(values_only=True), start=1), path.name)
            head = next((cells for line, cells in values if line == layout.header_row), ())
            sheet = Sheet(headings=_headings(head, path.name, layout), rows=iter(()))
            numbers = {
                folded(layout.columns[name].heading) for name in _DIGITS_ARE_TEXT & layout.columns.keys()
            }
            tick = _ticker(progress, total)
            sheet.rows = _sheet_rows(values, sheet.headings, numbers, tick)
            yield sheet
        finally:
            book.close()


def _workbook(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LARGEST_SHEET:
                _unreadable(path.name, 0, "it unpacks to more than a register could hold")
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _BROKEN as broken:
        return _unreadable(path.name, 0, f"it is not an XLSX workbook ({broken})")


def _ticker(progress: Progress, total: int) -> Callable[[int], None]:
    return lambda line: progress(line / total if total else 0.5)


def _parsed(
    values: Iterator[tuple[int, tuple[object, ...]]], name: str
) -> Iterator[tuple[int, tuple[object, ...]]]:
    """``values``, with a broken sheet refused like any other broken file."""
    try:
        yield from values
    except _BROKEN as broken:
        _unreadable(name, 0, f"the sheet breaks off ({broken})")


def _sheet_rows(
    values: Iterator[tuple[int, tuple[object, ...]]],
    headings: tuple[str, ...],
    numbers: set[str],
    tick: Callable[[int], None],
) -> Iterator[RawRow]:
    for line, row in values:
        if line % 500 == 0:
            tick(line)
        if all(value is None or (isinstance(value, str) and not value.strip()) for value in row):
            continue
        cells = [_cell(value) for value in row]
        cells += [""] * (len(headings) - len(cells))
        plain = _checked(line, ["" if isinstance(cell, date) else cell for cell in cells], headings)
        faults = [
            fault
            for heading, value in zip(headings, row, strict=False)
            if (fault := _sheet_fault(line, heading, value, must_be_text=folded(heading) in numbers))
            is not None
        ]
        yield RawRow(line, tuple(cells[: len(headings)]), (*plain.problems, *faults), refused=plain.refused)


def _sheet_fault(line: int, heading: str, value: object, *, must_be_text: bool) -> Problem | None:
    if must_be_text and isinstance(value, int | float):
        message = "the spreadsheet holds a number here, not a text: leading zeros may be lost"
        return Problem(line, heading, "cell.number", message)
    if isinstance(value, str) and _SHEET_ERROR.fullmatch(value):
        return Problem(line, heading, "cell.error", f"the spreadsheet shows the error {value} here")
    return None


def _cell(value: object) -> Cell:
    """The cell as text or day; a whole number without its ``.0``, nothing as the empty text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
