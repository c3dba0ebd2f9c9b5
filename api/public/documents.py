"""Documents for other people's programs: bytes in their own media type, with an ETag and a word on who may keep them.

Lists, keys, the log, credentials: no JSON of our API. Every page may fetch them, a refusal is a problem in JSON, and an
edge may go on serving one while we are down where its body says how old it is (rulings 4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from api import connections, etags, problems
from api.problems import Refusal
from api.public import reading, route
from registry.rules.errors import RegistryError

FINAL: Final = "public, max-age=31536000, immutable"
"""What never changes may be kept for a year."""

READ_METHODS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is answered: its bytes, who may keep it for how long, and its media type."""

    body: bytes | str
    caching: str
    media_type: str


View = Callable[..., Document | HttpResponseBase]
Answering = Callable[..., HttpResponseBase]


def reads(
    *offers: str, parameters: Mapping[str, route.Parameter] | None = None, whoever: bool = False
) -> Callable[[View], Answering]:
    """Make a reading route of a function that takes the request, the path's parts and the query's parameters.

    Of several media types it is told the one that is liked best, as ``media``. ``whoever``: the one there is is sent
    whatever a reader says it accepts. A document comes with its ETag, as ``304`` for who holds it.
    """

    def wrap(view: View) -> Answering:
        def answer(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers={"Allow": ", ".join(READ_METHODS)})
            if request.method not in READ_METHODS:
                raise Refusal(
                    "route.method_not_allowed",
                    headers={"Allow": ", ".join(READ_METHODS)},
                    allowed=list(READ_METHODS),
                )
            if not whoever:
                parts |= _media(request, offers)
            parts |= route.read_parameters(request.META.get("QUERY_STRING", ""), parameters or {})
            found = connections.read(lambda: view(request, **parts))
            return told(request, found) if isinstance(found, Document) else found

        return open_to_all(answer)

    return wrap


def _media(request: HttpRequest, offers: tuple[str, ...]) -> dict[str, str]:
    """The media type to answer in, where there is a choice; refuses a reader who likes none."""
    accepts = request.headers.get("Accept", "")[:500]
    if len(offers) > 1:
        return {"media": reading.chosen(accepts, offers)}
    reading.accepted(accepts, offers[0].partition(";")[0])
    return {}


def open_to_all(view: Answering) -> Answering:
    """Answer pages of other origins too, and refuse in JSON."""

    def answer(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        request.in_json = True  # type: ignore[attr-defined]
        try:
            response = view(request, **parts)
        except (Refusal, RegistryError) as refusal:
            refused = problems.for_error(request, refusal)
            if refused is None:
                raise
            response = refused
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answer


def told(request: HttpRequest, document: Document) -> HttpResponse:
    """The document with its ETag; ``304`` for who holds it."""
    body = document.body.encode() if isinstance(document.body, str) else document.body
    headers = {"ETag": etags.strong(body), "Cache-Control": document.caching}
    held = request.headers.get("If-None-Match")
    if held is not None and etags.matches(held, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    response = HttpResponse(body, content_type=document.media_type, headers=headers)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
