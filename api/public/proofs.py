"""``/s``, ``/b`` and ``/c``: status lists and credentials, as other people's verifiers and wallets fetch them.

Signed bytes that everybody may keep for a while, at addresses that stand on badges (trust model, 6.3 and 6.4). They
say themselves how old they are, so an edge may go on serving them while we are down (rulings 4).
"""

import json
import re
from typing import Final

from django.http import HttpRequest
from django.urls import URLPattern, path

from api import etags, throttles
from api.problems import Refusal
from api.public import documents, reading, route
from api.public.documents import Document
from registry import clock
from registry.rules import numbering
from verification import badges, credentials, status_list, statuses, tokens
from verification.badges import BadgeNotFound
from verification.statuses import ListNotFound

KEPT: Final = "public, s-maxage=30, stale-if-error=86400"
CWT: Final = status_list.CWT_TYPE
JWT: Final = f"application/{status_list.JWT_TYPE}"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)

_KEPT_NOT: Final = route.Parameter(
    "time", reading.Text(most=64), "Refused: lists of the past are not served."
)


@documents.reads(reading.JSON)
def lists(_request: HttpRequest) -> Document:
    """The addresses of all status lists (Token Status List, aggregation)."""
    return Document(json.dumps({"status_lists": statuses.published()}), KEPT, reading.JSON)


@documents.reads(CWT, JWT, parameters={"time": _KEPT_NOT})
def status(_request: HttpRequest, media: str, number: str, time: str | None = None) -> Document:
    """A Token Status List as it is signed now."""
    if time is not None:
        raise Refusal("list.no_history")
    signed = statuses.read(_number(number), at=clock.now())
    return Document(signed.cwt if media == CWT else signed.jwt, KEPT, media)


@documents.reads(credentials.MEDIA_TYPE)
def bitstring(_request: HttpRequest, number: str, purpose: str) -> Document:
    """The same list as a W3C Bitstring Status List credential of one purpose."""
    signed = statuses.read(_number(number), at=clock.now())
    found = {"revocation": signed.revocation, "suspension": signed.suspension}.get(purpose)
    if found is None:
        raise ListNotFound
    return Document(found, KEPT, credentials.MEDIA_TYPE)


@documents.reads(credentials.MEDIA_TYPE)
def credential(request: HttpRequest, code: str) -> Document:
    """The verifiable credential of a badge of a licence; its status lists say whether it is good."""
    throttles.look_ups.check(request)
    try:
        badge = badges.read(numbering.read_badge(code))
    except (numbering.NotOurs, numbering.Mistyped, BadgeNotFound):
        throttles.look_ups.miss(request)
        raise BadgeNotFound from None
    found = tokens.credential(badge.code) if badge.withdrawn_at is None else ""
    if not found:
        raise Refusal("badge.not_signed")
    return Document(found, etags.ASK_AGAIN, credentials.MEDIA_TYPE)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ListNotFound
    return int(text)


urlpatterns: list[URLPattern] = [
    path("s", lists, name="status-lists"),
    path("s/<str:number>", status, name="status-list"),
    path("b/<str:number>/<str:purpose>", bitstring, name="bitstring-list"),
    path("c/<str:code>", credential, name="credential"),
]
