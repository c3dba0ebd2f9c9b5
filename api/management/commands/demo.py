"""``manage.py demo``: fill an empty register with invented agencies.

``manage.py demo code`` prints the one-time code of every demo officer, ``manage.py demo badge CODE`` what a scanner
reads from the large square code of that badge.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from api import demo
from registry import clock
from registry.rules import numbering
from verification import badges


class Command(BaseCommand):
    """Load the demonstration."""

    help = "Fill an empty register with invented agencies and their histories (DEMO)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Without any, the stories are told."""
        asked = parser.add_subparsers(dest="asked", metavar="")
        asked.add_parser("code", help="the one-time code that lets every demo officer sign in now")
        badge = asked.add_parser("badge", help="what a scanner reads from a badge's large square code")
        badge.add_argument("code", help="the badge's code, as printed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell the stories with a progress bar; refuse outside a demo."""
        if not settings.REGISTRY_DEMO:
            raise CommandError(
                "The demonstration is for a demo only: unset REGISTRY_SECRET_KEY or set REGISTRY_DEMO=1."
            )
        if options["asked"] == "code":
            self.stdout.write(demo.one_time_code(at=clock.now()))
            return
        if options["asked"] == "badge":
            self.stdout.write(self._scanned(options["code"]))
            return
        columns = (TextColumn("Telling the demo's stories"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, transient=True, console=Console(stderr=True)) as bar:
            task = bar.add_task("stories")
            made = demo.load(
                at=clock.now(), progress=lambda done, every: bar.update(task, completed=done, total=every)
            )
        if made["licences"]:
            self.stdout.write(", ".join(f"{count} {what}" for what, count in made.items()))
        self.stdout.write(demo.greeting(at=clock.now()))

    def _scanned(self, code: str) -> str:
        try:
            scanned = demo.scanned(code, at=clock.now())
        except (numbering.NotOurs, badges.BadgeNotFound):
            raise CommandError(f"{code} is no code of a badge of this demo.") from None
        if not scanned:
            raise CommandError(
                "This badge is not signed yet: the demo's worker does it soon after the start."
            )
        return scanned
