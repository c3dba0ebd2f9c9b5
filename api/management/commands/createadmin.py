"""``manage.py createadmin``: appoint the first administrators, who invite everybody else at the desk."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from api.management.commands import createofficer
from api.models import Officer

ENOUGH = 2
"""Two administrators decide together on every further one."""


class Command(createofficer.Command):
    """Appoint an administrator of the whole installation, as long as there are not two."""

    help = "Appoint one of the first two administrators. The password is asked for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number that the log of changes will quote."""
        parser.add_argument("number", help="the number that the log of changes will quote: ADMIN-1")
        parser.add_argument(
            "--username", help="the name to sign in with; the number in small letters unless told"
        )
        parser.set_defaults(authority="", roles=["administrator"], new_device=False, end=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
        held = Officer.objects.filter(authority="", roles__contains=["administrator"], ended_at=None)
        if held.count() >= ENOUGH:
            message = "There are two administrators: they invite further ones at the desk."
            raise CommandError(message)
        super().handle(*args, **options)
