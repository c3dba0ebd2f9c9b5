"""``manage.py createofficer``: appoint an officer, give a new device, or end one."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from api import officers
from api.models import OFFICER_ROLES
from registry import clock
from registry.rules.errors import RegistryError


class Command(BaseCommand):
    """Appoint an officer and print what sets the device up, once."""

    help = (
        "Appoint an officer (or, with --new-device or --end, see to one who is). The password is asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number that entries will quote, and what the officer is."""
        parser.add_argument("number", help="the number that entries will quote: XA-DLA-101")
        parser.add_argument(
            "--username", help="the name to sign in with; the number in small letters unless told"
        )
        parser.add_argument(
            "--authority", default="", help="the authority's code; none for an administrator of all"
        )
        parser.add_argument(
            "--role", action="append", default=[], choices=[role for role, _ in OFFICER_ROLES], dest="roles"
        )
        parser.add_argument("--new-device", action="store_true", help="the officer lost the device")
        parser.add_argument("--end", action="store_true", help="the officer leaves")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
        number: str = options["number"]
        try:
            if options["end"]:
                officers.end(number, at=clock.now())
                self.stdout.write(f"{number} may no longer sign in.")
            elif options["new_device"]:
                self._show(officers.new_device(number))
            else:
                self._show(self._appoint(number, options))
        except RegistryError as refusal:
            raise CommandError(refusal.detail or refusal.code) from refusal

    @staticmethod
    def _appoint(number: str, options: dict[str, Any]) -> officers.Device:
        username = options["username"] or number.lower()
        asked = sys.stdin.isatty()
        password = getpass(f"Password of {username}: ") if asked else sys.stdin.readline().rstrip("\n")
        return officers.appoint(
            number,
            authority=options["authority"],
            roles=options["roles"],
            username=username,
            password=password,
            at=clock.now(),
        )

    def _show(self, device: officers.Device) -> None:
        self.stdout.write("For the officer alone; it is not shown again.")
        self.stdout.write(f"Device:         {device.address}")
        self.stdout.write(f"Recovery codes: {' '.join(device.recovery_codes)}")
