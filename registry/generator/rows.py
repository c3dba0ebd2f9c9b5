"""Rows into tables by ``COPY``: many at once, with the model's defaults for columns not named, and their history."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from psycopg import sql

from registry import history


def ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` identities that nothing else will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [key for (key,) in cursor.fetchall()]


def add(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, by: str, at: datetime
) -> None:
    """Write the rows of a master record, the first column its id, and the history row of each."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE generated_ids (id bigint) ON COMMIT DROP")
        kept = []
        with copying(model, columns) as write:
            for row in rows:
                write(row)
                kept.append(row[0])
        with cursor.copy("COPY generated_ids FROM STDIN") as copy:
            for key in kept:
                copy.write_row((key,))
        history.record_many(model, "generated_ids", "+", by=by, at=at, reason="generated")
        cursor.execute("DROP TABLE generated_ids")


class copying:  # noqa: N801 - reads as a word of the with statement
    """Write rows of ``columns``; the columns not named get the model's defaults."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        others = {
            str(field.column): field.get_db_prep_save(field.get_default(), connection)
            for field in model._meta.concrete_fields
            if field.column not in columns and not (field.primary_key or field.generated)
        }
        self._rest = tuple(others.values())
        named = map(sql.Identifier, (*columns, *others))
        self._statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(model._meta.db_table), sql.SQL(", ").join(named)
        )

    def __enter__(self) -> Any:
        self._cursor = connection.cursor()
        self._opened = self._cursor.copy(self._statement)
        write, rest = self._opened.__enter__().write_row, self._rest
        return lambda row: write((*row, *rest))

    def __exit__(self, *fault: object) -> None:
        self._opened.__exit__(*fault)
        self._cursor.close()
