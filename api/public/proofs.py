"""``/s``, ``/b`` and ``/c``: status lists and credentials, as other people's verifiers and wallets fetch them.

Signed bytes that everybody may keep for a while, at addresses that stand on badges (trust model, 6.3 and 6.4). They
say themselves how old they are, so an edge may go on serving them while we are down (rulings 4).
"""

import json
import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from api import etags, problems, throttles
from api.problems import Refusal
from api.public import reading
from registry import clock
from registry.rules import numbering
from registry.rules.errors import RegistryError
from verification import badges, credentials, status_list, statuses, tokens
from verification.badges import BadgeNotFound
from verification.statuses import ListNotFound

KEPT: Final = "public, s-maxage=30, stale-if-error=86400"
CWT: Final = status_list.CWT_TYPE
JWT: Final = f"application/{status_list.JWT_TYPE}"
_METHODS: Final = "GET, HEAD, OPTIONS"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)

Body = Callable[..., bytes | str]


def document(*offers: str, caching: str = KEPT) -> Callable[[Body], Callable[..., HttpResponse]]:
    """Make a view of a function that gives the bytes of what it is asked for, in one of these media types.

    The function takes the request, the media type chosen and the parts of the path. Every page may fetch it.
    """

    def wrap(body: Body) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, **parts: str) -> HttpResponse:
            request.in_json = True  # type: ignore[attr-defined]  # whatever is refused is refused in JSON
            try:
                response = _answer(request, body, offers, caching, parts)
            except (Refusal, RegistryError) as refusal:
                refused = problems.for_error(request, refusal)
                if refused is None:
                    raise
                response = refused
            response["Access-Control-Allow-Origin"] = "*"
            return response

        return view

    return wrap


def _answer(
    request: HttpRequest, body: Body, offers: tuple[str, ...], caching: str, parts: dict[str, str]
) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": _METHODS})
    if request.method not in {"GET", "HEAD"}:
        raise Refusal("route.method_not_allowed", headers={"Allow": _METHODS}, allowed=_METHODS.split(", "))
    media = reading.chosen(request.headers.get("Accept", "")[:500], offers)
    if "time" in request.GET and media in {CWT, JWT}:
        raise Refusal("list.no_history")
    if request.GET:
        raise Refusal("parameter.unknown", parameter=next(iter(request.GET))[:64], known=[])
    told = body(request, media, **parts)
    content = told.encode() if isinstance(told, str) else told
    headers = {"ETag": etags.strong(content, media.encode()), "Cache-Control": caching}
    held = request.headers.get("If-None-Match")
    if held is not None and etags.matches(held, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(content, content_type=media, headers=headers)


@document("application/json")
def lists(_request: HttpRequest, _media: str) -> str:
    """The addresses of all status lists (Token Status List, aggregation)."""
    return json.dumps({"status_lists": statuses.published()})


@document(CWT, JWT)
def status(_request: HttpRequest, media: str, number: str) -> bytes | str:
    """A Token Status List as it is signed now."""
    signed = statuses.read(_number(number), at=clock.now())
    return signed.cwt if media == CWT else signed.jwt


@document(credentials.MEDIA_TYPE)
def bitstring(_request: HttpRequest, _media: str, number: str, purpose: str) -> str:
    """The same list as a W3C Bitstring Status List credential of one purpose."""
    signed = statuses.read(_number(number), at=clock.now())
    found = {"revocation": signed.revocation, "suspension": signed.suspension}.get(purpose)
    if found is None:
        raise ListNotFound
    return found


@document(credentials.MEDIA_TYPE, caching=etags.ASK_AGAIN)
def credential(request: HttpRequest, _media: str, code: str) -> str:
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
    return found


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
