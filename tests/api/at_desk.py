"""Officers at the desk's pages, for tests: a browser that keeps cookies and sends forms with their tokens."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from api.models import User
from tests.api.officials import Answer, sign_in

_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)"(?: value="([^"]*)")?')


@dataclass
class Form(HTMLParser):
    """What a browser would send of the form that a page is about if nobody typed, and which fields are said wrong."""

    page: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Read the page."""
        super().__init__()
        self._inside, self._list, self._text = False, "", ""
        self.feed(self.page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a field holds; that of a text area follows."""
        told = dict(attrs)
        if tag == "form":
            self._inside = "data-once" in told
        if not self._inside or "disabled" in told:
            return
        name = told.get("name") or ""
        if told.get("aria-invalid"):
            self.wrong.add(name)
        if tag == "select":
            self._list = name
        elif tag == "textarea":
            self._text = name
            self.fields[name] = [""]
        elif (tag == "option" and "selected" in told) or (
            tag == "input" and name and (told.get("type") not in ("checkbox", "radio") or "checked" in told)
        ):
            unnamed = "on" if told.get("type") in ("checkbox", "radio") else ""
            self.fields.setdefault(name or self._list, []).append(told.get("value", unnamed) or "")

    def handle_data(self, data: str) -> None:
        """What stands in a text area; the line break that every one begins with is no part of it."""
        if self._text:
            self.fields[self._text][0] += data

    def handle_endtag(self, tag: str) -> None:
        """Leave a text area."""
        if tag == "textarea" and self._text:
            self.fields[self._text][0] = self.fields[self._text][0].removeprefix("\n")
            self._text = ""
        self._inside &= tag != "form"


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
