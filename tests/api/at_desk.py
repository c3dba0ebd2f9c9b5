"""Officers at the desk's pages, for tests: a browser that keeps cookies and sends forms with their tokens."""

import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from api.models import User
from tests.api.officials import Answer, sign_in

_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)"(?: value="([^"]*)")?')


@dataclass
class Pages:
    """An officer's browser at the desk."""

    client: Client

    def get(self, path: str, **query: Any) -> Answer:
        """Open a page below ``/desk/``."""
        return self.client.get(f"/desk/{path}", query)

    def send(self, path: str, **fields: Any) -> Answer:
        """Open the form of a page and send it with these fields, its hidden ones as they came."""
        shown = self.client.get(f"/desk/{path}")
        hidden = dict(_HIDDEN.findall(shown.content.decode()))
        return self.client.post(f"/desk/{path}", hidden | fields)


def at_desk(client: Client, user: User) -> Pages:
    """A whole session with a second factor given now."""
    client.handler.enforce_csrf_checks = True
    return Pages(sign_in(client, user).client)
