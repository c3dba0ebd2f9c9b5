"""A route of the public API: what it takes and what it answers, said once for the code and for OpenAPI.

``Route`` stands before a plain function. It refuses what the route does not take (methods, media types,
unknown or repeated parameters, bodies that are too large or no JSON), reads each parameter, and answers
``304`` when the reader has the answer already. No REST framework is on this path: its view alone costs more
than the whole look-up.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse

from api import connections, etags, labels
from api.problems import Refusal
from api.public import describe, reading

JSON: Final = "application/json"
_READ: Final = frozenset({"GET", "HEAD"})
ANYTHING: Final = frozenset({"", "*/*", JSON, f"{JSON}, */*"})
_MOST_PARAMETERS: Final = 30


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: how it is read, what it means, and how OpenAPI says it."""

    name: str
    read: reading.Reader
    about: str
    required: bool = False


LANG: Final = Parameter(
    "lang", reading.language, "Language of the texts (BCP 47); else `Accept-Language` decides."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: a JSON text or something to write as one, and what its ETag is made of.

    ``seeds`` empty = the ETag is made of the body itself; ``None`` = no ETag (nothing to come back for).
    ``body`` may be a function, called only when the reader does not have the answer already.
    """

    body: Any
    seeds: Sequence[bytes] | None = ()
    caching: str = etags.ASK_AGAIN
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as a route sees it: the parameters read, the language, the body, the media type to answer in."""

    request: HttpRequest
    parameters: Mapping[str, Any]
    language: str
    body: Any = None
    media: str = JSON

    def __getitem__(self, name: str) -> Any:
        """The value of a parameter, or ``None`` when it was not given."""
        return self.parameters.get(name)


@dataclass(eq=False)
class Route:
    """A view that Django can call and drf-spectacular can describe (through ``cls``)."""

    view: Callable[..., Answer | HttpResponse]
    method: str
    parameters: Mapping[str, Parameter]
    cls: type
    offers: tuple[str, ...] = (JSON,)
    initkwargs: Mapping[str, Any] = field(default_factory=dict)
    csrf_exempt: bool = True

    def __post_init__(self) -> None:
        """Lend the view's name and words."""
        self.__name__ = self.view.__name__
        self.__doc__ = self.view.__doc__
        self.__module__ = self.view.__module__
        self._allowed = "GET, HEAD, OPTIONS" if self.method == "GET" else f"{self.method}, OPTIONS"

    def __call__(self, request: HttpRequest, **path: str) -> HttpResponse:
        """Answer one request."""
        request.in_json = True  # type: ignore[attr-defined]
        if request.method not in _READ if self.method == "GET" else request.method != self.method:
            return self._other_method(request)
        meta = request.META
        accepts = meta.get("HTTP_ACCEPT", "")
        media = JSON if accepts in ANYTHING else reading.chosen(accepts[:500], self.offers)
        language: str = request.language  # type: ignore[attr-defined]
        query = meta.get("QUERY_STRING", "")
        parameters = read_parameters(query, self.parameters) if query else {}
        if not parameters and any(p.required for p in self.parameters.values()):
            _required(parameters, self.parameters)
        if "lang" in parameters:
            language = request.language = parameters["lang"]  # type: ignore[attr-defined]
        body = reading.json_body(request) if self.method == "POST" else None
        ask = Ask(request, parameters, language, body, media)
        answer = (
            self.view(ask, **path) if body is not None else connections.read(lambda: self.view(ask, **path))
        )
        return answer if isinstance(answer, HttpResponse) else respond(ask, answer)

    def _other_method(self, request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": self._allowed})
        allowed = self._allowed.split(", ")
        raise Refusal("route.method_not_allowed", headers={"Allow": self._allowed}, allowed=allowed)


def read_parameters(query: str, known: Mapping[str, Parameter]) -> dict[str, Any]:
    """Each parameter read; refuses by name what is unknown, repeated, missing or cannot be read."""
    found: dict[str, Any] = {}
    for name, text in _pairs(query):
        parameter = known.get(name)
        if parameter is None:
            raise Refusal("parameter.unknown", parameter=name[:64], known=sorted(known))
        if name in found:
            raise Refusal("parameter.repeated", parameter=name)
        found[name] = parameter.read(name, text)
    _required(found, known)
    return found


def _required(found: Mapping[str, Any], known: Mapping[str, Parameter]) -> None:
    for name, parameter in known.items():
        if parameter.required and name not in found:
            raise Refusal("parameter.missing", parameter=name)


def get(
    *,
    tag: str,
    body: Any,
    path: Mapping[str, str] | None = None,
    parameters: Sequence[Parameter] = (),
    says: Sequence[str] = (),
    also: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Answer | HttpResponse]], Route]:
    """Make a reading route of a function: its parameters, its body and the problems it can say.

    ``also``: other media types that it answers in when they are asked for, and what each is.
    """
    return _made("GET", tag, body, path or {}, (*parameters, LANG), says, None, also or {})


def post(
    *,
    tag: str,
    body: Any,
    takes: Any,
    path: Mapping[str, str] | None = None,
    parameters: Sequence[Parameter] = (),
    says: Sequence[str] = (),
) -> Callable[[Callable[..., Answer | HttpResponse]], Route]:
    """Make a route that takes a JSON body of a function."""
    said = (
        *says,
        "body.not_json",
        "body.too_large",
        "body.wrong_media_type",
        "field.unknown",
        "field.missing",
        "field.invalid",
        "request.cross_site",
    )
    return _made("POST", tag, body, path or {}, (*parameters, LANG), said, takes, {})


def _made(
    method: str,
    tag: str,
    body: Any,
    path: Mapping[str, str],
    parameters: Sequence[Parameter],
    says: Sequence[str],
    takes: Any,
    also: Mapping[str, str],
) -> Callable[[Callable[..., Answer | HttpResponse]], Route]:
    def wrap(view: Callable[..., Answer | HttpResponse]) -> Route:
        described = describe.cls(
            view,
            method,
            parameters=parameters,
            path=path,
            body=body,
            takes=takes,
            says=says,
            tag=tag,
            also=also,
        )
        known = {parameter.name: parameter for parameter in parameters}
        return Route(view, method, known, described, (JSON, *also))

    return wrap


def respond(ask: Ask, answer: Answer) -> HttpResponse:
    """The answer over HTTP: ``304`` without a body when the reader holds it already."""
    status, headers, body = rendered(answer, ask.language, ask.request.META.get("HTTP_IF_NONE_MATCH"))
    return HttpResponse(body, content_type=answer.media_type, status=status, headers=headers)


def rendered(answer: Answer, language: str, held: str | None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer for a reader who holds the ETags ``held``."""
    headers = {"Content-Language": language, "Cache-Control": answer.caching, **answer.headers}
    text = None
    if answer.seeds is not None:
        seeds = answer.seeds
        if not seeds:
            text = written(answer.body)
            seeds = (text,)
        kind = f"{language} {answer.media_type} {labels.version()}"
        etag = headers["ETag"] = etags.strong(*seeds, kind.encode())
        if held is not None and answer.status == 200 and etags.matches(held, etag):
            return 304, headers, b""
    return answer.status, headers, written(answer.body) if text is None else text


def written(body: Any) -> bytes:
    """The bytes of a body: as they are, or written as JSON."""
    if callable(body):
        body = body()
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=reading.as_json).encode()


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Refusal("request.malformed", where="query") from None
    for name, written in pairs:
        reading.plain(written, name[:64], fault="parameter.invalid")
    return pairs
