"""Starts the whole register on this machine and stops it again: database, signer, both applications, worker."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from api.conf import demo_place, embedded, environment, roles  # noqa: E402 - the path is set above
from registry import clock  # noqa: E402 - the same
from verification import keys, signer  # noqa: E402 - the same
from verification.keys import Use  # noqa: E402 - the same

PATIENCE = 60
GRACE = 10

console = Console(highlight=False)


class Stopped(Exception):  # noqa: N818 - a wish, not an error
    """Somebody asked the demo to stop."""


def main() -> int:
    """Run until Ctrl-C, a SIGTERM or the end of one of the programs; 0 unless something went wrong."""
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, _stop)
    running: list[subprocess.Popen[bytes]] = []
    speech: subprocess.Popen[bytes] | None = None
    started = time.monotonic()
    try:
        port = environment.whole("PORT", 8000, least=1)
        ports = port, environment.whole("DESK_PORT", port + 1, least=1)
        for number in ports:
            _refuse_a_busy_port(number)
        with console.status("Starting the database"):
            place = _place(*ports)
        before = demo_place.hosts()[0] if demo_place.known() else place["REGISTRY_HOST"]
        demo_place.leave(place["REGISTRY_HOST"], place["REGISTRY_DESK_HOST"])
        _migrate(place)
        speech = _speak(place)
        running.append(_sign(place))
        if not os.environ.get("REGISTRY_CLAMD"):
            running.append(_scan(place))
        heard = _clips(place)
        public = _serve("public", ports[0], place, processes=2)
        running += [public, _serve("desk", ports[1], place)]
        said = _manage("demo", place=place)
        subprocess.run([sys.executable, "-m", "scripts.demo_trust"], cwd=ROOT, env=place, check=True)
        running += [*_keep_mail(place), *_telephone(place)]
        running.append(_work(place))  # not before: it would close the proposals of the stories' past
        with console.status("Starting the signer, the applications and the worker"):
            _wait(running, [f"http://127.0.0.1:{number}/healthz" for number in ports])
        _greet(ports, place, said, time.monotonic() - started)
        if before != place["REGISTRY_HOST"]:
            console.print(
                f"This demo was at {before} before: what it signed there names that host, and manage.py audit tells so"
                " until the lists are signed again, within an hour."
            )
        return _watch(running, public, speech, lambda: _clips(place) != heard)
    except Stopped:
        return 0
    except (RuntimeError, subprocess.CalledProcessError) as problem:
        console.print(f"[red]{problem}[/red]")
        return 1
    finally:
        for wish in (signal.SIGINT, signal.SIGTERM):
            signal.signal(wish, signal.SIG_IGN)
        with console.status("Stopping"):
            _end([*running, speech] if speech else running)
            (embedded.VAR / "scanner.sock").unlink(missing_ok=True)
            embedded.release()
        console.print("Stopped.")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


def _refuse_a_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise RuntimeError(f"Port {port} is in use; choose another: PORT=8100 scripts/demo") from problem


def _place(public: int, desk: int) -> dict[str, str]:
    """The environment of everything that the demo starts."""
    return (
        os.environ
        | clock.shared()
        | {
            "DATABASE_URL": embedded.address(),
            "REGISTRY_DEMO": "true",
            "REGISTRY_HOST": f"127.0.0.1:{public}",
            "REGISTRY_DESK_HOST": f"127.0.0.1:{desk}",
            "REGISTRY_SIGNER": os.environ.get("REGISTRY_SIGNER") or str(embedded.VAR / "signer.sock"),
            "REGISTRY_SMTP": os.environ.get("REGISTRY_SMTP") or f"smtp://127.0.0.1:{_free_port()}",
            "REGISTRY_GATEWAY": os.environ.get("REGISTRY_GATEWAY")
            or f"http://127.0.0.1:{_free_port()}/messages",
            "REGISTRY_CLAMD": os.environ.get("REGISTRY_CLAMD") or str(embedded.VAR / "scanner.sock"),
            "PYTHONWARNINGS": "ignore",
        }
    )


def _free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _keep_mail(place: dict[str, str]) -> list[subprocess.Popen[bytes]]:
    """A mail server that sends nothing and keeps every letter under ``var/mail``; none where one is named."""
    if os.environ.get("REGISTRY_SMTP"):
        return []
    port = place["REGISTRY_SMTP"].rpartition(":")[2]
    command = [sys.executable, "-m", "api.outbound.sink", port, str(embedded.VAR / "mail")]
    return [_start("mail", command, place)]


def _telephone(place: dict[str, str]) -> list[subprocess.Popen[bytes]]:
    """A gateway that reaches no telephone and has a page to try messages and menus; none where one is named."""
    if os.environ.get("REGISTRY_GATEWAY"):
        return []
    port = urlsplit(place["REGISTRY_GATEWAY"]).port
    return [_start("telephone", [sys.executable, "manage.py", "sms_gateway", f"--port={port}"], place)]


def _migrate(place: dict[str, str]) -> None:
    """Have the tables of this code; an embedded database that has them is left alone: it saves a second."""
    if os.environ.get("DATABASE_URL"):
        _manage("migrate", "--verbosity=0", place=place)
        return
    tables = _digest_of_the_migrations()
    with psycopg.connect(embedded.url(roles.OWNER), autocommit=True) as connection:
        known = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [embedded.DATABASE],
        )
        if known.fetchone() == (tables,):
            return
        with console.status("Preparing the tables"):
            _manage("migrate", "--verbosity=0", place=place | {"DATABASE_URL": embedded.url(roles.OWNER)})
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(embedded.DATABASE), sql.Literal(tables)
            )
        )


def _digest_of_the_migrations() -> str:
    files = [ROOT / "requirements.txt", *sorted(ROOT.glob("*/migrations/*.py"))]
    return hashlib.sha256(b"".join(str(file.name).encode() + file.read_bytes() for file in files)).hexdigest()


def _manage(*command: str, place: dict[str, str]) -> str:
    """What a command prints on its standard output; its progress stays on the terminal."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=place,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _serve(door: str, port: int, place: dict[str, str], *, processes: int = 1) -> subprocess.Popen[bytes]:
    options = ["--interface=wsgi", "--host=127.0.0.1", f"--port={port}", f"--workers={processes}"]
    return _start(
        door,
        [
            sys.executable,
            "-m",
            "granian",
            *options,
            "--blocking-threads=2",
            "--workers-kill-timeout=3",
            "--no-ws",
            f"api.conf.{door}:application",
        ],
        place,
    )


def _work(place: dict[str, str]) -> subprocess.Popen[bytes]:
    return _start("worker", [sys.executable, "manage.py", "procrastinate", "worker"], place)


def _sign(place: dict[str, str]) -> subprocess.Popen[bytes]:
    """The signer, with keys of a demonstration; ``check --deploy`` refuses them, and so does it without ``--demo``."""
    directory = embedded.VAR / "keys"
    _make_keys(directory, place["REGISTRY_HOST"])
    files = [f"--keys={directory}", f"--socket={place['REGISTRY_SIGNER']}"]
    return _start("signer", [sys.executable, "-m", "verification.signer", *files, "--demo"], place)


def _scan(place: dict[str, str]) -> subprocess.Popen[bytes]:
    """A scanner that knows the EICAR test file alone, so that the demo takes uploads."""
    command = [sys.executable, "-m", "api.demo_scanner", place["REGISTRY_CLAMD"]]
    return _start("scanner", command, place)


def _speak(place: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """Make the spoken answers, where there are espeak-ng and lame; without them pages have none."""
    if shutil.which("espeak-ng") is None or shutil.which("lame") is None:
        return None
    return _start("spoken", [sys.executable, "manage.py", "spoken"], place)


def _clips(place: dict[str, str]) -> frozenset[str]:
    """The names of the clips that there are: an application sees those of the instant at which it starts."""
    folder = Path(place.get("REGISTRY_STATIC_ROOT") or embedded.VAR / "static") / "spoken"
    return frozenset(clip.name for clip in folder.glob("*.mp3"))


def _make_keys(directory: Path, host: str) -> None:
    """Have a key for each use of each authority of the demo, for its log and for its witness; old ones are kept."""
    at = int(clock.now().timestamp())
    told = tomllib.loads((ROOT / "fixtures" / "demo.toml").read_text(encoding="utf-8"))
    wanted = [
        (use, f"{host}/a/{row['code'].lower()}")
        for row in told["authority"]
        for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL)
    ]
    known = keys.every(directory)
    for use, name in [*wanted, (Use.LOG, f"{host}/log"), (Use.WITNESS, f"{host}/witness")]:
        if keys.in_force(known, use, name, at) is None:
            record = keys.create(directory, use, name, at=at, insecure=True)
            if use is Use.LOG:
                signer.begin_log(directory, record)


def _start(name: str, command: list[str], place: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own, so that Ctrl-C reaches it through us, in order."""
    log = embedded.VAR / "log"
    log.mkdir(parents=True, exist_ok=True)
    with (log / f"{name}.log").open("wb") as lines:
        return subprocess.Popen(
            command, cwd=ROOT, env=place, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait(running: list[subprocess.Popen[bytes]], pages: list[str]) -> None:
    """Return when every page answers; refuses when a program ends first or nothing answers for a minute."""
    patient_until = time.monotonic() + PATIENCE
    for page in pages:
        while not _answers(page):
            _refuse_an_end(running)
            if time.monotonic() > patient_until:
                raise RuntimeError(f"{page} does not answer; see {embedded.VAR / 'log'}")
            time.sleep(0.05)


def _answers(page: str) -> bool:
    try:
        with urlopen(page, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _refuse_an_end(running: list[subprocess.Popen[bytes]]) -> None:
    for program in running:
        if program.poll() is not None:
            raise RuntimeError(f"A program ended; {embedded.VAR / 'log'} says why")


def _greet(ports: tuple[int, int], place: dict[str, str], said: str, seconds: float) -> None:
    console.print()
    console.print(f"[bold]Public pages and API[/bold]  http://127.0.0.1:{ports[0]}/")
    console.print(f"[bold]Officials[/bold]             http://127.0.0.1:{ports[1]}/")
    console.print(f"[bold]SMS and USSD[/bold]          {place['REGISTRY_GATEWAY'].removesuffix('messages')}")
    if said.strip():
        console.print(said.rstrip(), markup=False, soft_wrap=True)
    console.print(f"\nReady after {seconds:.1f} s. Ctrl-C stops everything.")


def _watch(
    running: list[subprocess.Popen[bytes]],
    public: subprocess.Popen[bytes],
    speech: subprocess.Popen[bytes] | None,
    more_to_hear: Callable[[], bool],
) -> int:
    """Wait for the end of one of the programs. When the last clip is spoken, ``public`` looks for them again."""
    while True:
        _refuse_an_end(running)
        if speech is not None and speech.poll() is not None:
            speech = None
            if more_to_hear():
                public.send_signal(signal.SIGHUP)  # granian starts its processes anew, one after another
        time.sleep(0.5)


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    """Ask each program to end, then insist."""
    for program in running:
        if program.poll() is None:
            program.terminate()
    for program in running:
        try:
            program.wait(GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


if __name__ == "__main__":
    sys.exit(main())
