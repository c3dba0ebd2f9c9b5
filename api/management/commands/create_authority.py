"""``manage.py create_authority CODE FILE``: create an authority with its policy set from a TOML file."""

import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from api import officers
from registry import agencies, clock
from registry.rules.errors import RegistryError
from registry.rules.lifecycle import Actor, Role

_FIELDS = {"name", "zone", "languages", "legal_basis", "contact", "complaint", "policy"}


class Command(BaseCommand):
    """Create an authority."""

    help = f"Create an authority. FILE (TOML) may say {', '.join(sorted(_FIELDS))}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the code and the file."""
        parser.add_argument("code", help="country and short code: XA-DLA")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Create it, or say in one sentence why not."""
        try:
            said = tomllib.loads(options["file"].read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise CommandError(f"{options['file']}: {fault}") from fault
        if unknown := sorted(set(said) - _FIELDS):
            raise CommandError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
        for needed in ("name", "zone"):
            if needed not in said:
                raise CommandError(f"{needed} is missing")
        rules = said.pop("policy", {})
        system = Actor(officers.SYSTEM, None, frozenset({Role.SYSTEM}))
        try:
            code = agencies.create_authority(options["code"], rules=rules, **said, by=system, at=clock.now())
        except RegistryError as refusal:
            raise CommandError(refusal.detail or refusal.code) from refusal
        self.stdout.write(f"Created {code}.")
