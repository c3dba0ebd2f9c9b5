"""``manage.py dump``: publish the register as files now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import clock
from verification import dumps


class Command(BaseCommand):
    """Write a dump and have the log name it."""

    help = "Publish the whole register and a delta as files; the worker does so every night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be said on the command line."""
        parser.add_argument("--delta", action="store_true", help="only what is new since the last dump")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Publish, and print what was written."""
        try:
            made = dumps.publish(at=clock.now(), full=not options["delta"])
        except dumps.DumpBusy as busy:
            raise CommandError(str(busy)) from busy
        for dump in made:
            rows = {one["table"]: one["rows"] for one in dump.manifest["files"]}
            told = ", ".join(f"{count:,} {table}" for table, count in rows.items())
            self.stdout.write(f"{dump.name}: {told}, up to sequence {dump.sequence:,}")
