#!/usr/bin/env python
"""Commands for people who run and build the register."""

import gc
import os
import sys

# What is loaded stays: to look through it again and again takes a tenth of the start.
gc.set_threshold(100_000)

try:
    from api.conf import embedded, roles
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed here: scripts/venv requirements.txt, then .venv/bin/python manage.py …"
    )

OWNERS_COMMANDS = {"migrate", "sqlmigrate", "dbshell"}
"""Commands that create or alter tables; all others work with the applications' rights."""


def main() -> None:
    """Run one command, on the embedded database unless ``DATABASE_URL`` names another."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.conf.settings")
    if not os.environ.get("DATABASE_URL"):
        embedded.hold()
        command = sys.argv[1] if len(sys.argv) > 1 else ""
        os.environ["DATABASE_URL"] = embedded.url(roles.OWNER if command in OWNERS_COMMANDS else roles.APP)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
