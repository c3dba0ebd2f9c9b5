"""``manage.py recover``: keep the log's files, replay what a restored database lacks, begin a log under a new name.

When to do which is told in ``docs/recovery.md``.
"""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import clock
from verification import log, notes, published_keys, recovery, signing
from verification.cbor import Malformed


class Command(BaseCommand):
    """Bring the log back, or on."""

    help = "Export the log's files, replay missing entries from them, or begin a log under a new name."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and what it is about."""
        parser.add_argument("--vkey", help="the log's public key; as this register has it unless given")
        steps = parser.add_subparsers(dest="step", required=True)
        export = steps.add_parser("export", help="write the log as the files that are served below /log")
        export.add_argument("folder", type=Path)
        replay = steps.add_parser("replay", help="append the entries that a restored database lacks")
        replay.add_argument(
            "folder", type=Path, help="files as export, or a mirror of /log, has written them"
        )
        anew = steps.add_parser("new-log", help="begin a log under a new name, after its key was lost")
        anew.add_argument(
            "name", help="behind the host, such as log-2; set REGISTRY_LOG_NAME to it afterwards"
        )
        anew.add_argument(
            "--seen", type=Path, required=True, help="the last checkpoint with its cosignatures"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take the step, or say in one sentence why not."""
        try:
            getattr(self, f"_{options['step'].replace('-', '_')}")(clock.now(), options)
        except (
            recovery.RecoveryRefused,
            signing.NotSigned,
            signing.SignerDown,
            Malformed,
            OSError,
        ) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _export(self, _at: datetime, options: dict[str, Any]) -> None:
        try:
            stated = recovery.export(options["folder"])
        except log.NotInLog as nothing:
            raise CommandError("Nothing of the log was signed yet.") from nothing
        self.stdout.write(f"{stated.size} entries of {stated.origin}.")

    def _replay(self, at: datetime, options: dict[str, Any]) -> None:
        stated = recovery.replay(options["folder"], _key(options))
        self.stdout.write(f"The log has its {stated.size} entries again.")
        self._sign(stated.origin, at)

    def _new_log(self, at: datetime, options: dict[str, Any]) -> None:
        origin = f"{log.origin().partition('/')[0]}/{options['name']}"
        schema = recovery.begin_anew(origin, options["seen"].read_bytes(), _key(options), at=at)
        self.stdout.write(f"{origin} begins; the old log is kept in the schema {schema}.")
        self._sign(origin, at)

    def _sign(self, origin: str, at: datetime) -> None:
        """Have the tree signed at once where a signer is set; else the worker does it."""
        client = signing.client()
        if client is not None:
            stated = log.publish(client, origin, at=at)
            self.stdout.write(f"Signed with {stated.size} entries.")


def _key(options: dict[str, Any]) -> notes.Key:
    """The key that signed the log there is."""
    if options["vkey"]:
        return notes.read_key(options["vkey"])
    found = published_keys.log_key(log.origin())
    if found is None:
        raise CommandError(f"This register knows no key of {log.origin()}: give its --vkey.")
    return found
