"""What pages ask a reader: what to look up, and where something that is no good was shown."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext

from api.pages import languages

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Box:
    """The box with what stands in it; ``language`` goes along when the address had chosen one.

    ``contact``: what stands in the second box, of what came with a name; ``None``: there is only one.
    """

    label: str
    hint: str
    value: str
    language: str
    contact: str | None = None


def box(request: HttpRequest, value: str, contact: str | None = None) -> Box:
    """The box with ``value`` in it, ready to be corrected."""
    return Box(
        label=gettext("Name, number or code"),
        hint=gettext("A phone number, an e-mail address or a web page will do as well."),
        value=value[:LONGEST],
        language=languages.chosen(request),
        contact=None if contact is None else contact[:LONGEST],
    )


def where(code: str, kept: str) -> str:
    """The address at which a visitor may name a district (``pages.where``); ``kept``: the end of our links.

    ``code`` is one of our form, or nothing: what else was typed does not go along.
    """
    return f"/where{kept}{'&' if kept else '?'}code={code}" if code else f"/where{kept}"
