"""Registers of several States in one test: each with its own database, host, directory of keys and signer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from django.test import override_settings
from psycopg import sql

from api.conf import roles
from tests.conftest import server_address
from tests.house import House
from verification import keys, signer
from verification.keys import Use
from verification.signing import Client

PATIENT = 10.0
"""Seconds: what is measured elsewhere must not fail here because a machine is busy."""


@contextmanager
def signing_with(directory: Path, socket: Path) -> Iterator[Client]:
    """A signer in threads of this process that holds this directory's keys, and its client."""
    house, client = House(directory, socket), Client(socket, timeout=PATIENT)
    try:
        yield client
    finally:
        client.close()
        house.close()


def make_keys(directory: Path, host: str, authority: str, *, at: int) -> None:
    """A key for every use of an authority, a log and a witness at this host."""
    for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
        keys.create(directory, use, f"{host}/a/{authority.lower()}", at=at)
    signer.begin_log(directory, keys.create(directory, Use.LOG, f"{host}/log", at=at))
    keys.create(directory, Use.WITNESS, f"{host}/witness", at=at)


class Place:
    """One State's register."""

    def __init__(self, host: str, authority: str, database: str, directory: Path, client: Client) -> None:
        self.host, self.authority, self.database = host, authority, database
        self.directory, self.client = directory, client

    @property
    def issuer(self) -> str:
        return f"{self.host}/a/{self.authority.lower()}"

    @property
    def origin(self) -> str:
        return f"{self.host}/log"

    @property
    def witness(self) -> str:
        return f"{self.host}/witness"

    @contextmanager
    def inside(self) -> Iterator[Client]:
        """Work in this register: its database, its host; its signer's client."""
        connection = connections["default"]
        usual = str(connection.settings_dict["NAME"])
        with override_settings(REGISTRY_HOST=self.host, REGISTRY_SCHEME="https", REGISTRY_SIGNER=""):
            _use(connection, self.database)
            try:
                yield self.client
            finally:
                _use(connection, usual)


def _use(connection: Any, database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = database


@contextmanager
def place(host: str, authority: str, folder: Path, *, at: int) -> Iterator[Place]:
    """A register of its own: a copy of the empty test database, which must hold nothing yet."""
    usual = str(connections["default"].settings_dict["NAME"])
    database = f"{usual}_{authority.lower().replace('-', '_')}"
    named, template, owner = map(sql.Identifier, (database, usual, roles.OWNER))
    connections.close_all()
    with psycopg.connect(server_address(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
        server.execute(  # whoever an earlier test left in it: a database in use is not copied
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [usual]
        )
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(named, owner, template))
    directory = folder / "keys"
    make_keys(directory, host, authority, at=at)
    try:
        with signing_with(directory, folder / "s") as client:
            yield Place(host, authority, database, directory, client)
    finally:
        connections.close_all()
        with psycopg.connect(server_address(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(named))
