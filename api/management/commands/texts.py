"""Bring the languages' files up to date with the code, compile them, or check them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from api import catalogues
from api.pages import originals
from registry import clock

_LONGEST_NAME = 60


class Command(BaseCommand):
    """Keep the catalogues of texts."""

    help = "Bring api/locale up to date with the code; name a language to begin its file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Languages, all of them by default; ``--check``: write nothing, refuse what is missing or broken."""
        parser.add_argument("language", nargs="*", help="such as ar; by default all that have a file")
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when something is missing"
        )

        parser.add_argument(
            "--public", action="store_true", help="begin a language with what the public reads, not the desk"
        )

        parser.add_argument(
            "--sign",
            metavar="NAME",
            help="sign as this native reviewer what the language's file marks as unsigned no more",
        )

    def handle(self, *_words: str, **options: Any) -> None:
        """Write, or check."""
        if by := options["sign"]:
            self._sign(options["language"], " ".join(by.split()))
            return
        for language in options["language"] or catalogues.languages():
            if not options["check"]:
                catalogues.begin(language, public=options["public"])
                missing = catalogues.refresh(language)
                self.stdout.write(f"{language}: {missing} texts are missing")
            elif found := catalogues.faults(language):
                message = f"{language}:\n{catalogues.in_order(found)}"
                raise CommandError(message)

    def _sign(self, languages: list[str], by: str) -> None:
        if len(languages) != 1 or not by or "," in by or len(by) > _LONGEST_NAME:
            message = "name one language, and the reviewer without a comma: texts ta --sign 'Nila Selvan'"
            raise CommandError(message)
        catalogues.refresh(languages[0])
        count = catalogues.sign(languages[0], by=by, on=clock.now().date())
        unsigned = sum(1 for text in originals.safety() if text not in catalogues.signed(languages[0]))
        self.stdout.write(f"{languages[0]}: {count} texts signed; {unsigned} safety texts are unsigned")
