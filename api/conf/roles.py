"""Who may do what in the database: the owner migrates, the applications work, the signer signs.

The applications' role can add to an append-only table and read it, never change or empty it: the register's
promise that nothing is rewritten does not rest on our own code being free of errors.
"""

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.conf import environment

OWNER = "registry_owner"
APP = "registry_app"
SIGNER = "registry_signer"
COLLATION = "C.UTF-8"


def create(connection: psycopg.Connection[Any], passwords: Mapping[str, str] | None = None) -> None:
    """Have the three roles exist; a new one gets its password, an old one keeps its own."""
    for role in (OWNER, APP, SIGNER):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            continue
        creation = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role))
        if passwords:
            creation += sql.SQL(" PASSWORD {}").format(sql.Literal(passwords[role]))
        connection.execute(creation)
    _hush(connection)


def _hush(connection: psycopg.Connection[Any]) -> None:
    """Have the server write down no failed statement of the applications: it would quote what somebody asked.

    The applications name the fault themselves. Only a superuser may say so; ``docs/privacy.md`` tells the others.
    """
    said = connection.execute(
        "SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
        " WHERE r.rolname = %s AND 'log_min_messages=fatal' = ANY(s.setconfig)",
        [APP],
    )
    if said.fetchone() is not None:  # two that say it at once would fail
        return
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            sql.SQL("ALTER ROLE {} SET log_min_messages TO 'fatal'").format(sql.Identifier(APP))
        )


def create_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Have a database that belongs to the owner and sorts by bytes, wherever it runs."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    creation = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE {} LC_CTYPE {}"
    named = sql.Identifier(name), sql.Identifier(OWNER), sql.Literal(COLLATION), sql.Literal(COLLATION)
    connection.execute(sql.SQL(creation).format(*named))


def append_only() -> tuple[str, ...]:
    """The tables that only grow, as the register, the proofs and the edge name them."""
    modules = (import_module(f"{package}.models") for package in ("registry", "verification", "api"))
    return tuple(table for module in modules for table in module.APPEND_ONLY)


def grant(connection: psycopg.Connection[Any]) -> None:
    """Give each role its rights on the tables there are; run by the owner after every migration."""
    app = sql.Identifier(APP)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {}",
    ):
        connection.execute(sql.SQL(statement).format(app))
    for table in append_only():
        connection.execute(
            sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), app)
        )


def main() -> None:
    """Prepare a server: roles and an empty database, from what the environment says; may be repeated."""
    administrator = environment.required("DATABASE_ADMIN_URL", "who may create roles and databases")
    database = environment.required("DATABASE_URL", "where the register's database is to be")
    passwords = {
        role: environment.required(f"{role.upper()}_PASSWORD", f"the password that {role} is to have")
        for role in (OWNER, APP, SIGNER)
    }
    with psycopg.connect(administrator, autocommit=True) as connection:
        create(connection, passwords)
        create_database(connection, str(conninfo_to_dict(database)["dbname"]))


if __name__ == "__main__":
    main()
