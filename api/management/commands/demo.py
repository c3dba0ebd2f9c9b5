"""``manage.py demo``: fill an empty register with invented agencies."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from api import demo
from registry import clock


class Command(BaseCommand):
    """Load the demonstration."""

    help = "Fill an empty register with invented agencies and their histories (DEMO)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell the stories with a progress bar; refuse outside a demo."""
        if not settings.REGISTRY_DEMO:
            raise CommandError(
                "The demonstration is for a demo only: unset REGISTRY_SECRET_KEY or set REGISTRY_DEMO=1."
            )
        columns = (TextColumn("Telling the demo's stories"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, transient=True, console=Console(stderr=True)) as bar:
            task = bar.add_task("stories")
            made = demo.load(
                at=clock.now(), progress=lambda done, every: bar.update(task, completed=done, total=every)
            )
        if made["licences"]:
            self.stdout.write(", ".join(f"{count} {what}" for what, count in made.items()))
        self.stdout.write(demo.greeting(at=clock.now()))
