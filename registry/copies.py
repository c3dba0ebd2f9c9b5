"""The public register as files: rows streamed out of PostgreSQL as it writes them, in constant memory.

Two tables: licences as they are answered at an instant, and entries as ``/changes`` tells them, each with the salted
digest of its row as it stands now, so that a row changed since it was logged shows. All copies of one block are of one
instant.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

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
_CELLS: Final = "(FORMAT csv, HEADER)"


@contextmanager
def one_instant() -> Iterator[int]:
    """A block whose copies are of one instant; gives the last sequence number then. No transaction may be open."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield int(Register.objects.values_list("last_sequence", flat=True).first() or 0)


def stream(table: Table, form: Form, *, at: datetime, since: Since | None = None) -> Iterator[bytes]:
    """The rows of a table, piece by piece, licences as answered ``at``; with ``since`` what is new or other."""
    chosen = sql.SQL(_FROM[table]).format(
        at=sql.Literal(at),
        after=sql.Literal(since.sequence if since else 0),
        after_at=sql.Literal(since.at) if since else sql.SQL("'-infinity'"),
    )
    if form is Form.NDJSON:
        pairs = sql.SQL(", ").join(
            sql.SQL("{}, {}").format(sql.Literal(name), sql.SQL(_in_utc(column)))
            for name, column, _ in _COLUMNS[table]
        )
        columns, options = sql.SQL("json_build_object({})").format(pairs), _LINES
    else:
        columns = sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(
                sql.SQL(_escaped(column) if text else _in_utc(column)), sql.Identifier(name)
            )
            for name, column, text in _COLUMNS[table]
        )
        options = _CELLS
    statement = sql.SQL("COPY (SELECT {} {}) TO STDOUT WITH {}").format(columns, chosen, sql.SQL(options))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in copy:
            yield bytes(piece)


_INSTANTS: Final = ("recorded_at", "effective_from", "span")


def _in_utc(column: str) -> str:
    """Instants as the API writes them."""
    if not any(name in column for name in _INSTANTS):
        return column
    text = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return f"replace({text}, '.000000Z', 'Z')"


def _escaped(column: str) -> str:
    return f"CASE WHEN {column} ~ '^[=+@\\t\\r-]' THEN '''' || {column} ELSE {column} END"
