"""``manage.py trust``: what this register states for the list of trust, and the signed list published.

Between the two stands the ceremony of the roots, which needs no register: ``python -m verification.ceremony``.
"""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry import clock
from registry.rules.errors import RegistryError
from verification import published_keys, published_trust, trust_list
from verification.cbor import Malformed


class Command(BaseCommand):
    """Keep this register's side of the list of trust."""

    help = "State an authority's keys for the list of trust, publish a signed list, or show the newest."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and what it is about."""
        steps = parser.add_subparsers(dest="step", required=True)
        state = steps.add_parser("statement", help="print what an authority states of itself, for the draft")
        state.add_argument("authority", help="its code, such as XA-DLA")
        publish = steps.add_parser("publish", help="publish the list that the custodians signed")
        publish.add_argument("list", type=Path)
        show = steps.add_parser("show", help="print the newest list as it is published")
        show.add_argument("--version-number", type=int, help="another version than the newest")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take the step, or say in one sentence why not."""
        try:
            getattr(self, f"_{options['step']}")(clock.now(), options)
        except (Malformed, trust_list.NotTrusted, OSError, RegistryError) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _statement(self, at: datetime, options: dict[str, Any]) -> None:
        published_keys.refresh(at=at)
        stated = published_keys.statement(options["authority"], at=at)
        self.stdout.write(json.dumps(stated, indent=1, ensure_ascii=False))

    def _publish(self, at: datetime, options: dict[str, Any]) -> None:
        roots = settings.REGISTRY_TRUST_ROOTS
        if published_trust.believed() is None:
            trust_list.thumbprints(list(roots))
        found = published_trust.publish(options["list"].read_bytes(), roots=roots, at=at)
        until = datetime.fromtimestamp(found.trust.expires, UTC).date().isoformat()
        self.stdout.write(f"Version {found.trust.version}, good until {until}, SHA-256 {found.digest}.")

    def _show(self, _at: datetime, options: dict[str, Any]) -> None:
        self.stdout.write(published_trust.document(options["version_number"]).decode())
