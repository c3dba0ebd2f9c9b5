"""How long a badge's token and a status list take, with a signer in a process of its own as a deployment has it.

Receipts are measured by ``scripts/bench`` itself, against the unsigned answer.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 20
ROUNDS: Final = 300
LISTS: Final = 25
INVALID, SUSPENDED = 0.01, 0.005
"""Shares of a list, as the trust model assumes them (section 4)."""


@contextmanager
def signer(authorities: Iterable[str], *, log: str = "") -> Iterator[Path]:
    """A signer with demo keys of these authorities (as on badges), in a process of its own; gives its socket.

    ``log``: the origin of a log that it signs too.
    """
    from registry import clock
    from verification import keys
    from verification.keys import Use
    from verification.signer import begin_log

    with tempfile.TemporaryDirectory() as folder:
        directory, socket = Path(folder) / "keys", Path(folder) / "s"
        at = int(clock.now().timestamp())
        for authority in authorities:
            for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
                keys.create(directory, use, authority, at=at, insecure=True)
        if log:
            begin_log(directory, keys.create(directory, Use.LOG, log, at=at, insecure=True))
        command = [
            sys.executable,
            "-m",
            "verification.signer",
            "--demo",
            f"--keys={directory}",
            f"--socket={socket}",
        ]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + PATIENCE
            while not socket.exists() and time.monotonic() < until:
                time.sleep(0.02)
            yield socket
        finally:
            process.terminate()
            process.wait(PATIENCE)


def main(_words: Sequence[str] | None = None) -> int:
    """Measure both and print what was asked for; 0 also where it was not reached."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
    os.environ["DATABASE_URL"] = "postgresql:///none"
    import django

    django.setup()
    from verification import signing

    table = Table(title="Signing, medians", title_justify="left")
    for heading in ("what", "asked", "measured", ""):
        table.add_column(heading)
    with signer([signing.issuer("XA-DLA")]) as socket:
        client = signing.Client(socket)
        for what, most, milliseconds in (
            ("badge token", 1.0, _milliseconds(_token(client), ROUNDS)),
            (
                "131,072-entry list rebuilt and signed in four forms",
                30.0,
                _milliseconds(_list(client), LISTS),
            ),
        ):
            reached = "[green]reached[/green]" if milliseconds <= most else "[red]not reached[/red]"
            table.add_row(what, f"<= {most:g} ms", f"{milliseconds:.2f} ms", reached)
    Console(highlight=False).print(table)
    return 0


def _milliseconds(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return median(taken) * 1000


def _token(client: object) -> Callable[[], object]:
    from registry import clock
    from verification import codec, signing
    from verification.shapes import Kind

    assert isinstance(client, signing.Client)
    issuer = signing.issuer("XA-DLA")
    host = issuer.partition("/")[0]

    def token() -> str:
        at = int(clock.now().timestamp())
        key = client.signer(Kind.BADGE, issuer)
        badge = codec.Badge(
            issuer=issuer, licence="XA-DLA-A-000123-K", issued=at, expires=at + 600 * 86_400,
            status_uri=f"https://{host}/s/1", status_index=104_729, code="XAM9S346Q3D21",
            name="Everest Overseas Employment Services Ltd", class_letter="A", leaf=1_234_567,
        )  # fmt: skip
        return codec.encode(badge, kid=key.kid, sign=key.sign)

    return token


def _list(client: object) -> Callable[[], object]:
    from registry import clock
    from verification import signing, status_list, statuses
    from verification.models import StatusList

    assert isinstance(client, signing.Client)
    chance = random.Random(7)  # noqa: S311 - the same list each time
    indices = chance.sample(range(status_list.ENTRIES), int(status_list.ENTRIES * (INVALID + SUSPENDED)))
    bad = int(status_list.ENTRIES * INVALID)
    said = dict.fromkeys(indices[:bad], 1) | dict.fromkeys(indices[bad:], 2)
    row = StatusList(number=1, authority="XA-DLA")

    def rebuilt() -> object:
        at = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)
        status_list._deflated.cache_clear()  # each round deflates as each new list does
        return statuses._seal(client, row, status_list.array_of(said), at=at, boundary=None)

    return rebuilt


if __name__ == "__main__":
    sys.exit(main())
