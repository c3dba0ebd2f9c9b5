"""A statement planned once a connection: it outlives what makes the server forget it, and fails as Django does."""

import psycopg
import pytest
from django.db import DataError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from registry import prepared

pytestmark = pytest.mark.django_db(transaction=True)

PLUS = prepared.Statement("plus", "SELECT $1::int + $2::int, $1, NULL")


def test_values_go_in_and_come_out_as_text_and_null_as_none() -> None:
    assert PLUS.rows("2", "3") == [(b"5", b"2", None)]


def test_it_is_planned_once_and_counted_each_time() -> None:
    PLUS.rows("1", "1")
    with CaptureQueriesContext(connection) as queries:
        PLUS.rows("1", "1")
        PLUS.rows("1", "2")
    assert len(queries) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'plus%'")
        assert cursor.fetchone() == (1,)


def test_a_server_that_forgot_the_statement_is_told_it_again() -> None:
    PLUS.rows("1", "1")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert PLUS.rows("2", "2")[0][0] == b"4"


def test_another_connection_prepares_it_anew() -> None:
    PLUS.rows("1", "1")
    connection.close()
    assert PLUS.rows("2", "2")[0][0] == b"4"


def test_what_the_server_refuses_is_djangos_own_error() -> None:
    with pytest.raises(DataError):
        PLUS.rows("two", "3")
    with pytest.raises(ProgrammingError):
        prepared.Statement("nowhere", "SELECT 1 FROM nowhere").rows()
    assert PLUS.rows("2", "3")[0][0] == b"5"


def test_a_broken_connection_is_an_operational_error(database_url: str) -> None:
    PLUS.rows("1", "1")
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    with pytest.raises(OperationalError):
        PLUS.rows("1", "1")
    connection.close()
