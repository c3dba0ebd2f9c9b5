"""``manage.py generate --licences N``: fill the register with invented licences, to measure with."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from registry import clock
from registry.generator import filling
from registry.rules.errors import RegistryError
from verification import badges

#: Every such licence gets a badge.
_BADGED = 4


class Command(BaseCommand):
    """Generate licences with their holders, batch by batch; what is written when it is stopped stays."""

    help = (
        "Fill the register with invented licences (DEMO) under numbers of their own; refused outside a demo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many."""
        parser.add_argument("--licences", type=int, required=True, metavar="N", help="how many to add")
        parser.add_argument(
            "--not-searchable",
            dest="searchable",
            action="store_false",
            help="leave the search index for a later run",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Generate with a progress bar and say what was made; refuse where real licences may stand."""
        if not settings.REGISTRY_DEMO:
            raise CommandError(
                "Invented licences are for a demo only: unset REGISTRY_SECRET_KEY or set REGISTRY_DEMO=1."
            )
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        wanted, now, issued = options["licences"], clock.now(), 0
        try:
            with Progress(*columns, transient=True) as bar:
                task = bar.add_task("Generating licences", total=wanted)
                for batch in filling.fill(wanted, at=now):
                    issued += badges.issue_licences(batch.numbers[::_BADGED], batch.authority, at=now)
                    bar.update(task, completed=batch.done)
                if options["searchable"]:
                    task = bar.add_task("Making their holders searchable", total=None)
                    filling.make_searchable(lambda done: bar.update(task, completed=done))
        except RegistryError as refusal:
            raise CommandError(f"{refusal.code}: {refusal.detail}") from refusal
        self.stdout.write(f"{wanted} licences of {filling.AUTHORITY}, {issued} badges")
