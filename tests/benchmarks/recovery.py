"""How long it takes to sign a country's badges again after a theft, by a signer in a process of its own."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import django

from registry import clock
from tests.benchmarks import place

DAY: Final = 86_400
BADGES: Final = 10_000
PATIENT: Final = 10.0
ASKED: Final = 60.0
"""Seconds."""


def main() -> int:
    """Measure once and print a line; 0 also when it took too long."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
    django.setup()
    from tests.verification import places
    from tests.verification.minting import BADGE
    from verification import recovery
    from verification.signing import Client

    at = clock.now()
    now = int(at.timestamp())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places.make_keys(folder / "keys", "verify.example.org", "XA-DLA", at=now)
        command = [sys.executable, "-m", "verification.signer", "--keys", str(folder / "keys")]
        process = subprocess.Popen([*command, "--socket", str(folder / "s")], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            issued = replace(
                BADGE, issuer="verify.example.org/a/xa-dla", issued=now - DAY, expires=now + 300 * DAY
            )
            waiting = (
                replace(issued, licence=f"XA-DLA-A-{number:06}-K", status_index=number)
                for number in range(BADGES)
            )
            began = time.perf_counter()
            done = sum(1 for _ in recovery.reissue(waiting, Client(folder / "s", timeout=PATIENT), at=at))
            taken = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()
    reached = "reached" if taken <= ASKED else "NOT reached"
    place.console.print(
        f"{done} badges signed anew in {taken:.1f} s ({taken / done * 1e6:.0f} us each); asked {ASKED:.0f} s: {reached}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
