"""The answers as speech: every clip that the public pages can play, below ``STATIC_ROOT``."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from api import labels
from api.pages import spoken


class Command(BaseCommand):
    """Make the clips that are missing and forget those that nobody plays any more."""

    help = "Make the spoken answers of the public languages (needs espeak-ng and lame)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many there are, and which languages nobody speaks yet."""
        languages = labels.languages()
        try:
            made = spoken.make(languages, spoken.folder())
        except spoken.CannotSpeak as missing:
            message = f"{missing} is not installed: pages go without a spoken answer."
            raise CommandError(message) from missing
        self.stdout.write(f"{made.held} spoken answers, {made.new} of them new, in {spoken.folder()}")
        if made.unsaid:
            told = ", ".join(f"{count} in {code}" for code, count in Counter(made.unsaid).items())
            self.stdout.write(
                f"The voice broke off: {told}. Pages with these answers play a shorter one, or none."
            )
        if silent := spoken.silent(languages):
            self.stdout.write(f"Nobody speaks: {', '.join(silent)}. Their pages say so.")
