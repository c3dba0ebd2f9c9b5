"""Write the page that a proxy shows while nothing of ours answers: grey, a file for each language of the public."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from api.pages import refusals


class Command(BaseCommand):
    """Make the grey page for whoever stands before us."""

    help = "Write the page 'could not be checked' into a folder, as LANGUAGE.html (docs/deployment.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder; what else stands in it stays."""
        parser.add_argument("folder", type=Path, help="where the proxy looks for them")

    def handle(self, *_words: str, **options: Any) -> None:
        """Write one file a language, each whole before it takes its name."""
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        for language, page in refusals.made().items():
            fresh = folder / f".{language}.html"
            fresh.write_text(page, encoding="utf-8")
            fresh.replace(folder / f"{language}.html")
        self.stdout.write(f"{folder}: {', '.join(refusals.made())}")
