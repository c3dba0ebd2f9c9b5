"""The public register as files: rows streamed out of PostgreSQL as it writes them, in constant memory.

Two tables: licences as they are answered at an instant, and entries as ``/changes`` tells them, each with the salted
digest of its row as it stands now, so that a row changed since it was logged shows. All copies of one block are of one
instant.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from psycopg import sql

from registry.models import Register


class Table(StrEnum):
    """What is copied."""

    LICENCES = "licences"
    ENTRIES = "entries"


class Form(StrEnum):
    """How it is written: a JSON object a line, or a table of cells with its headings."""

    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows in both forms."""

    rows: int
    ndjson: bytes
    csv: bytes

    def form(self, form: Form) -> bytes:
        """The rows in this form."""
        return self.ndjson if form is Form.NDJSON else self.csv


@dataclass(frozen=True, slots=True)
class Since:
    """Where a delta begins: behind this sequence number and this instant."""

    sequence: int
    at: datetime


#: Columns by name. A text of strangers is escaped where a spreadsheet would take it for a formula.
_LICENCES: Final[Sequence[tuple[str, str, bool]]] = (
    ("number", "p.number", False),
    ("authority", "p.authority_code", False),
    ("country", "p.country", False),
    ("agency", "p.agency_number", False),
    ("name", "a.legal_name", True),
    ("latin_name", "a.latin_name", True),
    ("class", "p.licence_class", True),
    ("state", "p.state", False),
    ("result", "p.result", False),
    ("may_recruit", "p.may_recruit", False),
    ("since", "nullif(lower(p.span), '0001-01-02T00:00:00Z')", False),
    ("until", "upper(p.span)", False),
    ("sequence", "c.base + 1 + p.ordinal", False),
    (
        "name_salt",
        (
            "CASE WHEN a.sole_trader OR (a.company_number = '' AND a.lei = '')"
            " THEN encode(sha256(s.value || 'name'::bytea), 'hex') END"
        ),
        False,
    ),
)

_ENTRIES: Final[Sequence[tuple[str, str, bool]]] = (
    ("sequence", "c.base + 1 + e.ordinal", False),
    ("recorded_at", "c.recorded_at", False),
    ("action", "CASE WHEN e.published THEN e.action END", False),
    ("kind", "CASE WHEN e.published THEN e.kind END", False),
    ("licence", "CASE WHEN e.published THEN l.number END", False),
    ("agency", "CASE WHEN e.published THEN a.number END", False),
    ("effective_from", "CASE WHEN e.published THEN e.effective_from END", False),
    (
        "row",
        "encode(sha256(sha256(s.value || 'row'::bytea) || convert_to(to_jsonb(e)::text, 'UTF8')), 'hex')",
        False,
    ),
)

_FROM: Final = {
    Table.LICENCES: """
FROM registry_publishedrecord p
JOIN registry_registercommit c ON c.id = p.commit_id
JOIN registry_agency a ON a.number = p.agency_number
LEFT JOIN registry_salt s ON s.about = p.agency_number
WHERE p.span @> {at}::timestamptz AND (c.base + 1 + p.ordinal > {after} OR lower(p.span) > {after_at}::timestamptz)
ORDER BY p.number
""",
    Table.ENTRIES: """
FROM registry_entry e
JOIN registry_registercommit c ON c.id = e.commit_id
LEFT JOIN registry_licence l ON l.id = e.licence_id
LEFT JOIN registry_agency a ON a.id = e.agency_id
LEFT JOIN registry_salt s ON s.about = (c.base + 1 + e.ordinal)::text
WHERE c.base + 1 + e.ordinal > {after}
ORDER BY c.base, e.ordinal
""",
}
_COLUMNS: Final = {Table.LICENCES: _LICENCES, Table.ENTRIES: _ENTRIES}

#: JSON never holds these as they are, so nothing is quoted and a row is a line.
_LINES: Final = "(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
_ROWS: Final = 500
"""Rows in a piece."""


@contextmanager
def one_instant() -> Iterator[int]:
    """A block whose copies are of one instant; gives the last sequence number then. No transaction may be open."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield int(Register.objects.values_list("last_sequence", flat=True).first() or 0)


def stream(table: Table, *, at: datetime, since: Since | None = None) -> Iterator[Piece]:
    """The rows of a table, piece by piece, licences as answered ``at``; with ``since`` what is new or other.

    Both forms of a row come of one reading of it: most of its price is the digest that PostgreSQL makes. The first
    piece has the headings and no row.
    """
    columns = _COLUMNS[table]
    pairs = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(name), sql.SQL(_in_utc(column))) for name, column, _ in columns
    )
    chosen = sql.SQL(_FROM[table]).format(
        at=sql.Literal(at),
        after=sql.Literal(since.sequence if since else 0),
        after_at=sql.Literal(since.at) if since else sql.SQL("'-infinity'"),
    )
    statement = sql.SQL("COPY (SELECT json_build_object({}) {}) TO STDOUT WITH {}").format(
        pairs, chosen, sql.SQL(_LINES)
    )
    names = [name for name, _column, _text in columns]
    strangers = [index for index, (_name, _column, text) in enumerate(columns) if text]
    yield Piece(0, b"", _cells([names]))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines = map(bytes, copy)
        while held := list(islice(lines, _ROWS)):
            ndjson = b"".join(held)
            rows = [list(row.values()) for row in json.loads(b"[" + b",".join(held) + b"]")]
            for row in rows:
                for index in strangers:
                    row[index] = _escaped(row[index])
            yield Piece(len(rows), ndjson, _cells(rows))


def _cells(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as RFC 4180 has them but for the line's end; truth as PostgreSQL writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(
        [cell if cell is not True and cell is not False else "ft"[cell] for cell in row] for row in rows
    )
    return text.getvalue().encode()


def _escaped(text: str | None) -> str | None:
    """A text of strangers that no spreadsheet takes for a formula."""
    return f"'{text}" if text and text[0] in "=+@\t\r-" else text


_INSTANTS: Final = ("recorded_at", "effective_from", "span")


def _in_utc(column: str) -> str:
    """Instants as the API writes them."""
    if not any(name in column for name in _INSTANTS):
        return column
    text = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return f"replace({text}, '.000000Z', 'Z')"
