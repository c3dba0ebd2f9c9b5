"""``manage.py log``: how the transparency log stands; take the register in now; say that alarms were looked into."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from registry import clock
from verification import log, sequencing


class Command(BaseCommand):
    """Show and tend the transparency log."""

    help = "Say how the transparency log stands; the worker keeps it, this command does so by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be said on the command line."""
        parser.add_argument(
            "--advance", action="store_true", help="take in what is committed, and have it signed"
        )
        parser.add_argument(
            "--acknowledge", action="store_true", help="every unattributed entry so far was looked into"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what is asked, then print size, checkpoint and state."""
        at = clock.now()
        if options["advance"]:
            self.stdout.write(f"{sequencing.advance(at=at):,} entries joined.")
            sequencing.publish(at=at)
        if options["acknowledge"]:
            self.stdout.write(f"Everything below entry {sequencing.acknowledge():,} was looked into.")
        self.stdout.write(f"{log.origin()}: {log.size():,} entries, {self._signed()}")
        self.stdout.write(f"State: {sequencing.state(at=at, patience=timedelta(0))}")

    @staticmethod
    def _signed() -> str:
        try:
            return f"signed up to {log.newest().text.splitlines()[1]}"
        except log.NotInLog:
            return "nothing signed yet"
