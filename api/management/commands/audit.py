"""``manage.py audit``: fold every licence again, compare, print differences, exit non-zero when there is one."""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registry import audit, clock
from registry.audit import Difference
from verification import consistency


class Command(BaseCommand):
    """Check the register against its own entries, its journal and its proofs."""

    help = "Derive again what is stored and published, compare it and the proofs with the journal, print what differs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each difference on a line of its own; fail if there is any. Progress goes to the error output."""
        found = 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, transient=True, console=Console(stderr=True)) as bar:
            for difference in _differences(bar):
                found += 1
                self.stdout.write(
                    f"{difference.number}: {difference.what}:"
                    f" stored {difference.stored}, expected {difference.expected}"
                )
        if found:
            raise CommandError(f"{found} difference{'s' if found > 1 else ''}")
        self.stdout.write("No difference.")


def _differences(bar: Progress) -> Iterator[Difference]:
    yield from audit.differences(
        at=clock.now(),
        licences_done=_task(bar, "Licences"),
        applications_done=_task(bar, "Applications"),
    )
    yield from consistency.differences(_task(bar, "Entries of the log"))


def _task(bar: Progress, name: str) -> Callable[[int], None]:
    task = bar.add_task(name, total=None)
    return lambda done: bar.update(task, completed=done)
