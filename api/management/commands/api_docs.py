"""Write both OpenAPI documents and the pages of errors, lifecycle and applications from the code, or check them."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from api import problems
from api.public import schema
from api.staff import schema as officials
from registry.rules import applying_page, lifecycle_page


class Command(BaseCommand):
    """Render what the API says about itself."""

    help = "Write docs/: openapi.yaml, openapi-staff.yaml, errors.md, lifecycle.md and applications.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--check``: write nothing, refuse when something differs."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")

    def handle(self, *_words: str, **options: Any) -> None:
        """Write, or compare."""
        pages = {
            "openapi.yaml": schema.as_yaml(),
            "openapi-staff.yaml": officials.as_yaml(),
            "errors.md": problems.as_markdown(),
            "lifecycle.md": lifecycle_page.as_markdown(),
            "applications.md": applying_page.as_markdown(),
        }
        for name, text in pages.items():
            page = settings.ROOT / "docs" / name
            if options["check"]:
                if not page.exists() or page.read_text(encoding="utf-8") != text:
                    message = f"docs/{name} differs from the code: run manage.py api_docs"
                    raise CommandError(message)
            else:
                page.write_text(text, encoding="utf-8")
                self.stdout.write(f"docs/{name}")
