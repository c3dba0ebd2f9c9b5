"""Tells PostgreSQL's planner what a table has come to hold, inside the transaction that has just filled it.

A table filled a moment ago has no statistics, and the planner takes loops over it, once for each row of another table,
to be cheap; they would take for ever. Autovacuum sees only what is committed, and only the owner may ``ANALYZE``, so
the owner lends this one right by a function of the database (migration 0007).
"""

from typing import Any


def take(cursor: Any, *tables: str) -> None:
    """Take the statistics of these tables of the register, rows of this very transaction included.

    Reads at most 30,000 rows of each. Readers and writers go on; another intake waits for this one to end.
    """
    cursor.execute("SELECT registry_take_statistics(%s)", [list(tables)])
