"""``manage.py audit``: fold every licence again, compare, print differences, exit non-zero when there is one."""

from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry import audit, clock
from registry.admission import consistency


class Command(BaseCommand):
    """Check the register against its own entries."""

    help = "Fold every licence again and compare with what is stored and published."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each difference on a line of its own; fail if there is any."""
        found = 0
        at = clock.now()
        for difference in chain(audit.differences(at=at), consistency.differences(at=at)):
            found += 1
            self.stdout.write(
                f"{difference.number}: {difference.what}: stored {difference.stored}, expected {difference.expected}"
            )
        if found:
            raise CommandError(f"{found} difference{'s' if found > 1 else ''}")
        self.stdout.write("No difference.")
