"""A real PostgreSQL for a test run, the two applications as clients and a clock that stands still."""

import gc
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections, transaction
from django.template import Template
from django.test import Client, TransactionTestCase
from django.test.client import ClientHandler
from django.test.testcases import QuietWSGIRequestHandler
from django.test.utils import _TestState
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import DuplicateDatabase, InvalidCatalogName, ObjectInUse, UniqueViolation

from api.conf import embedded, roles
from tests.house import House
from tests.place import EMBEDDED, OWN_SERVER

# How long an example takes says how busy the machine is, not whether what was promised holds.
hypothesis.settings.register_profile(
    "promised", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("promised")


def server_address() -> str:
    """Who may create roles and databases: the embedded server's, or whoever ``DATABASE_URL`` names."""
    return os.environ.get("DATABASE_URL") or embedded.url(embedded.ADMINISTRATOR, "postgres")


def _become(role: str) -> None:
    connection = connections["default"]
    connection.close()
    connection.settings_dict["USER"] = role
    settings.DATABASES["default"]["USER"] = role


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Act in the database as another role than the applications'."""
    _become(role)
    try:
        yield
    finally:
        _become(roles.APP)


def _as_owner() -> AbstractContextManager[None]:
    """Act as the tables' owner: for migrating and emptying tables, which the applications may not."""
    return acting_as(roles.OWNER)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _database() -> str:
    return f"test_registry_{os.getpid()}"


def _forget_the_dead(administrator: psycopg.Connection[Any]) -> None:
    """Drop the databases of runs that were killed before they could."""
    for (name,) in administrator.execute(
        r"SELECT datname FROM pg_database WHERE datname ~ '^test_registry_\d+(_|$)'"
    ):
        number = int(name.split("_")[2])
        if number == os.getpid() or not _lives(number):
            with suppress(InvalidCatalogName, ObjectInUse):  # another process forgets it too
                administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_SHAPING = (
    "*/migrations/*.py", "*/models.py", "*/models/*.py", "*/apps.py", "api/conf/roles.py", "requirements.txt",
)  # fmt: skip
"""What says how an empty database looks once it is migrated."""


def _migrated() -> str:
    """The name of the database that a run on our own server leaves behind for the next: migrated, and empty."""
    shape = hashlib.sha256()
    for pattern in _SHAPING:
        for path in sorted(settings.ROOT.glob(pattern)):
            shape.update(path.read_bytes())
    return f"test_migrated_{shape.hexdigest()[:16]}"


def _copied(administrator: psycopg.Connection[Any], source: str, name: str) -> bool:
    """Whether ``name`` is now a copy of ``source``: there may be none, or somebody else is copying."""
    copy = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    names = map(sql.Identifier, (name, roles.OWNER, source))
    try:
        administrator.execute(copy.format(*names))
    except (InvalidCatalogName, DuplicateDatabase, ObjectInUse, UniqueViolation):
        return False
    return True


def _keep_migrated(administrator: psycopg.Connection[Any], name: str) -> None:
    """Leave a copy of the migrated database for the next run, in the place of what older migrations made."""
    wanted = _migrated()
    old = "SELECT datname FROM pg_database WHERE datname LIKE 'test_migrated_%%' AND datname <> %s"
    for (gone,) in administrator.execute(old, [wanted]).fetchall():
        with suppress(ObjectInUse):
            administrator.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(gone)))
    _copied(administrator, name, wanted)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A database of this run's own: migrated by the owner, used by the applications, dropped at the end."""
    name = _database()
    connection = connections["default"]
    with psycopg.connect(server_address(), autocommit=True) as administrator:
        password = str(connection.settings_dict["PASSWORD"] or "")
        everybody = (roles.OWNER, roles.APP, roles.SIGNER)
        roles.create(administrator, dict.fromkeys(everybody, password) if password else None)
        _forget_the_dead(administrator)
        if OWN_SERVER:  # nothing in it is to outlive a power cut
            quick = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB", "wal_init_zero": "off"}
            for setting, value in quick.items():
                administrator.execute(f"ALTER SYSTEM SET {setting} TO '{value}'")
            administrator.execute("SELECT pg_reload_conf()")
        known = EMBEDDED and _copied(administrator, _migrated(), name)
        if not known:
            roles.create_database(administrator, name)
        # Whoever truncates waits so long for each table that an autovacuum holds: a second, unless told otherwise.
        for setting, value in {"synchronous_commit": "off", "deadlock_timeout": "50ms"}.items():
            administrator.execute(
                sql.SQL("ALTER DATABASE {} SET {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
                )
            )
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    if not known:
        from django.core.management import call_command

        with django_db_blocker.unblock(), _as_owner():
            call_command("migrate", verbosity=0, interactive=False)
        if EMBEDDED:
            with psycopg.connect(server_address(), autocommit=True) as administrator:
                _keep_migrated(administrator, name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    for kept in (*_left_behind, *_sweeper):
        kept.close()
    with psycopg.connect(server_address(), autocommit=True) as administrator:
        administrator.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_by_their_owner() -> Iterator[None]:
    """Let transactional tests clean up behind them with the rights that takes."""
    case: Any = TransactionTestCase
    usual = case._fixture_teardown
    case._fixture_teardown = lambda _self: _empty()
    yield
    case._fixture_teardown = usual


_KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""What migrations wrote and no test changes."""

_LARGE = 8 << 20
"""Bytes from which a table is truncated: who reads it next would read all that is dead in it."""

_SIZES = """
    SELECT oid::regclass::text, pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"""


_sweeper: list[psycopg.Connection[Any]] = []
"""The connection that empties tables, kept: a new one would learn of every table again before it could."""


def _sweeping(name: str) -> psycopg.Connection[Any]:
    if not _sweeper:
        address = make_conninfo(server_address(), dbname=name)
        _sweeper.append(psycopg.connect(address, autocommit=True, prepare_threshold=0))
        _sweeper[0].execute("SET session_replication_role = replica")  # no trigger minds what is deleted
    return _sweeper[0]


def _empty(*, only_large: bool = False) -> None:
    """Empty the tables that tests wrote to: deleting a few rows takes a fraction of truncating every table."""
    name = connections["default"].settings_dict["NAME"]
    if name != _database():
        return
    try:
        _sweep(_sweeping(name), only_large=only_large)
    except psycopg.OperationalError:  # a test has ended it, or its server
        _sweeper.pop().close()
        _sweep(_sweeping(name), only_large=only_large)


def _sweep(administrator: psycopg.Connection[Any], *, only_large: bool) -> None:
    sizes: dict[str, int] = dict(administrator.execute(_SIZES).fetchall())
    tables = sizes.keys() - _KEPT
    if any(sizes[table] >= _LARGE for table in tables):
        administrator.execute(f"TRUNCATE {', '.join(tables)}", prepare=False)
    elif not only_large:
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in sorted(tables)
        )
        for (table,) in administrator.execute(asked).fetchall():
            administrator.execute(f"DELETE FROM {table}")


@pytest.fixture(scope="module", autouse=True)
def _nothing_large_is_left_behind() -> Iterator[None]:
    """What a module took in and undid again lies dead in the tables, and every test after it would read it."""
    yield
    _empty(only_large=True)


class Kept:
    """A transaction that a module's tests share: ``with kept(at=…):`` builds what all of them read."""

    def __init__(self, blocker: Any) -> None:
        """Begin it at the first block."""
        self._blocker, self._whole = blocker, transaction.atomic()
        self._whole._from_testcase = True  # type: ignore[attr-defined]  # a durable transaction may begin in it
        self._open = False

    @contextmanager
    def __call__(self, *, at: datetime | None = None) -> Iterator[None]:
        """Let a module's fixture write, at an instant at which the clock stands still if one is given."""
        from registry import clock

        with self._blocker.unblock(), clock.frozen(at) if at else nullcontext():
            if not self._open:
                self._whole.__enter__()
                self._open = True
            yield

    def undo(self) -> None:
        """Undo all of it."""
        if self._open:
            with self._blocker.unblock():
                transaction.set_rollback(True)
                self._whole.__exit__(None, None, None)
            self._open = False


_UNDO = pytest.StashKey[Callable[[], None]]()


@pytest.fixture(scope="module")
def kept(request: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[Kept]:
    """A transaction of the module's: what its fixtures build in it, its tests read in transactions of their own.

    Only the tests that ask for such a fixture meet it; any other finds the tables empty. What the fixtures hand out
    is shared by all those tests, so none may alter it.
    """
    made = Kept(django_db_blocker)
    stash = request.session.stash
    stash[_UNDO] = lambda: request._fixturedef.finish(request)  # with all fixtures that stand on it
    yield made
    del stash[_UNDO]
    made.undo()


def pytest_collection_finish() -> None:
    """What was imported and collected stands until the end, so the collector need not visit it again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """What pytest then looks through five times for what was never told is looked through once."""
    gc.collect()
    gc.freeze()


def _keeps(item: pytest.Item) -> bool:
    return "kept" in getattr(item, "fixturenames", ())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring those tests of a module together that share what it keeps, so that it is built once."""
    modules = groupby(items, key=lambda item: item.path)
    items[:] = [item for _, tests in modules for item in sorted(tests, key=_keeps, reverse=True)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Undo what a module keeps before a test that does not ask for it; none that commits may ask for it."""
    if not _keeps(item):
        item.session.stash.get(_UNDO, lambda: None)()
        return
    marked = item.get_closest_marker("django_db")
    if "transactional_db" in item.fixturenames or (marked and marked.kwargs.get("transaction")):  # type: ignore[attr-defined]
        raise pytest.UsageError(f"{item.nodeid} commits: it can not read what its module keeps")


@pytest.fixture
def database_url() -> str:
    """The address of this run's database, for the applications' role, for programs that a test starts."""
    kept = connections["default"].settings_dict
    return make_conninfo(
        dbname=kept["NAME"],
        user=kept["USER"],
        password=kept["PASSWORD"] or None,
        host=kept["HOST"] or None,
        port=kept["PORT"] or None,
    )


@pytest.fixture(scope="session", autouse=True)
def _nobody_signs() -> None:
    """No test meets the signer of a demo that runs beside it; those that want one start their own.

    They wait for it longer than an application does: a busy machine is no reason to fail.
    """
    from verification import signing

    settings.REGISTRY_SIGNER = ""
    settings.REGISTRY_TALLY_SECONDS = 0  # nothing writes in the background
    signing.TIMEOUT = 10.0  # type: ignore[misc]  # final for the product


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_in_no_time() -> None:
    """A test of the desk makes several officers; a fifth of a second of hashing for each teaches nothing.

    Nor do the PINs of concerns.
    """
    from registry.remedy import sealing

    sealing._WORK = 2  # type: ignore[misc]  # final for the product
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _templates_are_drawn_as_for_visitors() -> Iterator[None]:
    """Django would tell every client of every template it draws and copy what it was drawn from; no test reads that."""
    drawing: Any = Template
    watched, drawing._render = drawing._render, _TestState.saved_data.template_render  # type: ignore[attr-defined]
    yield
    drawing._render = watched


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Each client has an application of its own, and the files that it may serve are the same for all."""
    from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

    looked_for = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def once(self: Any) -> None:
        if not found:
            of_the_place, self.files = self.files, {}
            looked_for(self)
            found.update(self.files)
            self.files = of_the_place
        self.files |= found

    WhiteNoiseMiddleware.add_files_from_finders = once
    yield
    WhiteNoiseMiddleware.add_files_from_finders = looked_for


def _client(door: Any, **extra: Any) -> Client:
    from api.conf.door import Door

    class DoorClient(Door, ClientHandler):
        """The test client's handler, behind this door's routes and middleware."""

    client = Client(**extra)
    client.handler = DoorClient(
        door.__name__, door.MIDDLEWARE, enforce_csrf_checks=client.handler.enforce_csrf_checks
    )
    return client


@pytest.fixture
def public() -> Client:
    """A visitor at the public application."""
    from api.conf import public as door

    return _client(door, SERVER_NAME=settings.REGISTRY_HOST.split(":")[0])


@pytest.fixture
def desk() -> Client:
    """Somebody at the officials' application, not signed in."""
    from api.conf import desk as door

    return _client(door, SERVER_NAME=settings.REGISTRY_DESK_HOST.split(":")[0])


class _AtOnce(QuietWSGIRequestHandler):
    """Sends a body right behind its headers: else each waits forty milliseconds for the headers' receipt (Nagle)."""

    disable_nagle_algorithm = True


_left_behind: list[Any] = []
"""Connections to the database of visitors who are gone."""


class _Door(ThreadedWSGIServer):
    """A server that shows everybody out: a browser keeps its connections, and each keeps one to the database."""

    def __init__(self, *given: Any) -> None:
        """Begin with nobody in."""
        super().__init__(*given)
        self._visitors: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Let somebody in, who is served in a thread."""
        self._visitors.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve somebody over a connection to the database that an earlier visitor left, if there is one."""
        left = None
        with suppress(IndexError):
            left = _left_behind.pop()
        if left is not None:
            if not left.is_usable():
                left.close()
            connections["default"] = left
        super().process_request_thread(request, client_address)

    def _close_connections(self) -> None:
        """Leave the connection to the next visitor: a new one would learn of every table again."""
        mine: Any = connections["default"]
        if mine.connection is None or mine.in_atomic_block or mine.errors_occurred:
            mine.close()
            return
        mine.inc_thread_sharing()
        del connections["default"]
        _left_behind.append(mine)

    def shutdown_request(self, request: Any) -> None:
        """Somebody has gone, and has left the connection to the database behind."""
        super().shutdown_request(request)
        self._visitors.discard(request)

    def show_out(self) -> None:
        """End every connection and wait until nobody is in."""
        for request in list(self._visitors):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + 5
        while self._visitors and time.monotonic() < until:
            time.sleep(0.005)


@contextmanager
def _open(door: Any) -> Iterator[str]:
    """A door on a free port, in threads of this process: same database, same stopped clock."""
    server = _Door(("127.0.0.1", 0), _AtOnce)
    server.set_app(door.application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.show_out()
        server.server_close()
        thread.join()


@pytest.fixture
def public_site(transactional_db: None) -> Iterator[str]:
    """The address of the public application, for a browser or another program."""
    from api.conf import public as door

    with _open(door) as address:
        yield address


@pytest.fixture
def desk_site(transactional_db: None) -> Iterator[str]:
    """The address of the officials' application, for a browser or another program."""
    from api.conf import desk as door

    with _open(door) as address:
        yield address


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        """Run with the world's time until ``stop``."""
        self._standing: AbstractContextManager[None] | None = None

    def stop(self, at: datetime) -> datetime:
        """Stand still at ``at`` (aware), wherever the clock stood before."""
        from registry import clock

        self.start()
        self._standing = clock.frozen(at)
        self._standing.__enter__()
        return at

    def start(self) -> None:
        """Run again with the world's time."""
        if self._standing is not None:
            self._standing.__exit__(None, None, None)
            self._standing = None


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock to stop and to move; it runs again after the test."""
    standing = Clock()
    yield standing
    standing.start()


def signer_of(folder: Path, *authorities: str, at: datetime) -> House:
    """A signer with a key for each use of these authorities and for the log, from an instant on."""
    from verification import keys, signer, signing
    from verification.keys import Use

    directory, since = folder / "keys", int(at.timestamp())
    for authority in authorities:
        for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
            keys.create(directory, use, signing.issuer(authority), at=since)
    origin = f"{settings.REGISTRY_HOST}/log"
    signer.begin_log(directory, keys.create(directory, Use.LOG, origin, at=since))
    return House(directory, folder / "s")


@pytest.fixture
def sign_for(tmp_path: Path, settings: Any) -> Iterator[Callable[..., House]]:
    """Start ``signer_of`` for the applications to ask."""
    started: list[House] = []

    def start(*authorities: str, at: datetime) -> House:
        started.append(signer_of(tmp_path, *authorities, at=at))
        settings.REGISTRY_SIGNER = str(started[0].path)
        return started[0]

    yield start
    for house in started:
        house.close()


@pytest.fixture
def as_owner() -> Callable[[], AbstractContextManager[None]]:
    """A block with the rights of whoever owns the tables, for tests of what an intruder could do."""
    return _as_owner
