"""A gateway for demonstrations: a page on which messages and menus are tried, against a register that runs."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from api.phones.gateway import Gateway


class Command(BaseCommand):
    """Ask the register as a telephone does."""

    help = "Serve a page on which messages and menus are tried; with --from and a text, ask once and print the reply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A text to send once, from which number; else the port of the page."""
        parser.add_argument("text", nargs="*", help="a message, such as a badge's code or HELP")
        parser.add_argument("--from", dest="sender", default="+9779812345678", help="the number that sends")
        parser.add_argument("--port", type=int, default=8002, help="of the page")

    def handle(self, *_words: str, **options: Any) -> None:
        """Ask once, or serve until Ctrl-C."""
        if not settings.REGISTRY_GATEWAY_SECRETS:
            raise CommandError("REGISTRY_GATEWAY_SECRETS is empty: nothing can be signed.")
        address = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"
        gateway = Gateway(address, settings.REGISTRY_GATEWAY_SECRETS[0])
        if options["text"]:
            self.stdout.write(str(gateway.message(options["sender"], " ".join(options["text"]))["text"]))
            return
        gateway.serve(options["port"])
        self.stdout.write(
            f"A telephone: http://127.0.0.1:{options['port']}/ (asks {address}). Ctrl-C ends it."
        )
        self.stdout.write(
            f"REGISTRY_GATEWAY=http://127.0.0.1:{options['port']}/messages has it take messages."
        )
        while True:
            time.sleep(3600)
