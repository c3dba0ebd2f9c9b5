"""``manage.py keys``: make, list, rotate, retire and give up the keys that the signer signs with.

Run it as the signer's user, on the signer's machine: nobody else can read the directory.
"""

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import clock
from verification import keys, signer
from verification.keys import KeyRefused, Place, Record, Use
from verification.signing import NotSigned
from verification.vaults import VaultClosed

DIRECTORY = "REGISTRY_KEYS"


class Command(BaseCommand):
    """Keep the directory of keys."""

    help = "Make, list, rotate, retire or give up a key of the signer's directory."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and what it is about."""
        parser.add_argument(
            "--keys", type=Path, default=Path(os.environ.get(DIRECTORY) or "var/keys"), help="the directory"
        )
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("list", help="all keys, their state and what is due")
        for name in ("create", "rotate"):
            step = steps.add_parser(name, help=f"{name} the key of a use and an authority")
            step.add_argument("use", choices=[use.value for use in Use])
            step.add_argument("authority", help="the issuer on badges, a log's origin, or a witness's name")
            kept = step.add_mutually_exclusive_group()
            kept.add_argument(
                "--hsm", nargs=2, metavar=("MODULE", "TOKEN"), help="keep it in a PKCS#11 device"
            )
            kept.add_argument("--aws", metavar="KEY", help="it is the key of this name in AWS KMS")
            if name == "create":
                step.add_argument("--demo", action="store_true", help="mark it as insecure")
            else:
                step.add_argument(
                    "--after", type=int, metavar="DAYS", default=keys.NOTICE // keys.DAY,
                    help="how long the successor waits; one that waits for long stands by for a theft",
                )  # fmt: skip
        retire = steps.add_parser("retire", help="end a key whose successor signs")
        retire.add_argument("kid")
        compromise = steps.add_parser("compromise", help="say that somebody else may have a key")
        compromise.add_argument("kid")
        compromise.add_argument(
            "--cutoff", type=int, required=True, help="the log's size at the last moment when it was trusted"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take the step, or say in one sentence why not."""
        try:
            getattr(self, f"_{options['step']}")(options["keys"], int(clock.now().timestamp()), options)
        except (KeyRefused, VaultClosed, NotSigned) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _list(self, directory: Path, at: int, _options: dict[str, Any]) -> None:
        for record in keys.every(directory):
            self.stdout.write(_line(record, at))

    def _create(self, directory: Path, at: int, options: dict[str, Any]) -> None:
        use, authority, demo = Use(options["use"]), options["authority"], options["demo"]
        record = keys.create(directory, use, authority, at=at, place=_place(options), insecure=demo)
        if use is Use.LOG:
            signer.begin_log(directory, record)
        self.stdout.write(_line(record, at))

    def _rotate(self, directory: Path, at: int, options: dict[str, Any]) -> None:
        notice = options["after"] * keys.DAY
        use, authority = Use(options["use"]), options["authority"]
        record = keys.rotate(directory, use, authority, at=at, notice=notice, place=_place(options))
        self.stdout.write(_line(record, at))
        self.stdout.write("Publish the list of trust now: a verifier must know the key before it signs.")

    def _retire(self, directory: Path, at: int, options: dict[str, Any]) -> None:
        self.stdout.write(_line(keys.retire(directory, options["kid"], at=at), at))

    def _compromise(self, directory: Path, at: int, options: dict[str, Any]) -> None:
        record = keys.compromise(directory, options["kid"], at=at, cutoff=options["cutoff"])
        self.stdout.write(_line(record, at))
        self.stdout.write(
            "Publish the list of trust now, make a new key unless a successor signs,"
            " and issue again what this one signed."
        )


def _place(options: dict[str, Any]) -> Place | None:
    if options["hsm"]:
        module, token = options["hsm"]
        return Place("hsm", {"module": module, "token": token})
    return Place("aws", {"key": options["aws"]}) if options["aws"] else None


def _line(record: Record, at: int) -> str:
    first, last = (datetime.fromtimestamp(one, UTC).date().isoformat() for one in (record.first, record.last))
    notes = [record.state.value, f"signs {first} to {last}", f"kept in {record.place.vault}"]
    notes += [f"cutoff {record.cutoff}"] if record.cutoff is not None else []
    notes += ["INSECURE: a demonstration's"] if record.insecure else []
    notes += ["DUE for rotation"] if record.due_at(at) else []
    return f"{record.kid}  {record.use:8} {record.authority}  {', '.join(notes)}"
