"""A statement that PostgreSQL plans once a connection, run through libpq itself.

For the few reads that everybody makes. Django's cursors have a statement planned each time it runs, which
costs the database more than the look-up itself. Django still opens and closes the connection, its tests still
count the query, and a failure is Django's own database error.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import errors, pq

Row = tuple[bytes | None, ...]

#: The server has forgotten the statement, or its tables have changed: prepare it anew.
_FORGOTTEN: Final = frozenset({"26000", "0A000"})


class Statement:
    """One read, with ``$1``, ``$2`` … for its parameters; values go in and come out as text."""

    def __init__(self, name: str, sql: str) -> None:
        """Remember the statement; each connection prepares it when it first runs there."""
        self.name = name
        self.sql = sql
        self._names: WeakKeyDictionary[pq.abc.PGconn, bytes] = WeakKeyDictionary()
        self._count = 0

    def rows(self, *parameters: str) -> list[Row]:
        """Run it; every value as PostgreSQL writes it, ``None`` for null."""
        held = connection.connection
        if held is None:
            connection.ensure_connection()
            held = connection.connection
        given = [value.encode() for value in parameters]
        if connection.queries_logged:
            connection.queries_log.append({"sql": self.sql, "time": "0"})
        name = self._names.get(held.pgconn)
        try:
            result = held.pgconn.exec_prepared(name or self._prepare(held.pgconn), given)
        except psycopg.Error:
            with connection.wrap_database_errors:
                raise
        if result.status != pq.ExecStatus.TUPLES_OK:
            result = self._again(held.pgconn, given, result)
        value = result.get_value
        columns = range(result.nfields)
        return [tuple(map(partial(value, row), columns)) for row in range(result.ntuples)]

    def _prepare(self, pgconn: pq.abc.PGconn) -> bytes:
        self._count += 1
        name = f"{self.name}_{self._count}".encode()
        result = pgconn.prepare(name, self.sql.encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            self._fail(pgconn, result)
        self._names[pgconn] = name
        return name

    def _again(
        self, pgconn: pq.abc.PGconn, given: Sequence[bytes], failed: pq.abc.PGresult
    ) -> pq.abc.PGresult:
        """Once more with a fresh statement where the server lost the old one; other failures are raised."""
        state = (failed.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        idle = pgconn.transaction_status == pq.TransactionStatus.IDLE
        if state not in _FORGOTTEN or not idle:
            self._fail(pgconn, failed)
        result = pgconn.exec_prepared(self._prepare(pgconn), given)
        if result.status != pq.ExecStatus.TUPLES_OK:
            self._fail(pgconn, result)
        return result

    @staticmethod
    def _fail(pgconn: pq.abc.PGconn, result: pq.abc.PGresult) -> None:
        """Raise what the server said; a connection that broke under the question is told as such."""
        with connection.wrap_database_errors:
            if pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError(pgconn.error_message.decode(errors="replace"))
            raise errors.error_from_result(result)
