"""What every route for officials has in common: who may come in, how a body is read, what a write carries."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import auth, problems
from api.models import ApiToken
from api.public import reading
from api.staff.described import StaffSchema
from api.staff.fields import Input
from registry.rules import numbering
from registry.rules.errors import NotFound, OutsideAuthority, RoleNotAllowed
from registry.rules.lifecycle import Actor, Role

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="8 to 200 printable ASCII characters of your own; the same key never does a thing twice",
)
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='the ETag of what was read, such as `"v7"`; else `expected_version` in the body',
)

_KEY: Final = re.compile(r"[!-~]{8,200}", re.ASCII)
_VERSION: Final = re.compile(r'"v(\d{1,9})"', re.ASCII)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Json(BaseParser):
    """A body as every door of ours reads it: JSON without its traps, not too large, from our own site."""

    media_type = reading.JSON

    def parse(
        self,
        stream: Any,  # noqa: ARG002 - the request itself is read
        media_type: str | None = None,  # noqa: ARG002 - the framework's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the body, or a refusal that says where it breaks."""
        request: Request = (parser_context or {})["request"]
        return reading.json_body(request._request)  # noqa: SLF001 - the wrapper has no stream of its own


class StaffView(APIView):
    """A route for officers: by session with a second factor, or by token where the route says so.

    ``opens_to_scope`` is what a token needs to write here; ``None`` = tokens do not write here (ruling 23).
    ``open_to_all``: methods for which nobody needs to be signed in.
    """

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [  # type: ignore[misc]
        auth.TokenAuthentication,
        auth.DeskSession,
    ]
    parser_classes: ClassVar[list[type[BaseParser]]] = [Json]  # type: ignore[misc]
    schema = StaffSchema()
    opens_to_scope: ClassVar[str | None] = None
    open_to_all: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in who may come in, before anything is read."""
        super().initial(request, *args, **kwargs)
        if request.user is None and request.method not in self.open_to_all:
            raise problems.Refusal("actor.not_signed_in", headers={"WWW-Authenticate": "Bearer"})
        if isinstance(request.auth, ApiToken):
            scope = "read" if request.method in _READS else self.opens_to_scope
            if scope is None:
                raise problems.Refusal("token.may_not_write_here")
            if scope not in request.auth.scopes:
                raise problems.Refusal("token.scope_missing", scope=scope)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Forbid every cache to keep what officials read."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response


def actor(request: Request) -> Actor:
    """The officer behind the request."""
    return auth.actor(request)


def reader(request: Request) -> Actor:
    """The officer behind the request; refuses one who reads aggregates only."""
    by = auth.actor(request)
    if by.roles <= {Role.ANALYST}:
        raise RoleNotAllowed("this role reads aggregates only", roles=sorted(set(Role) - {Role.ANALYST}))
    return by


def own(authority: str, by: Actor, roles: frozenset[Role], *, unseen: NotFound) -> None:
    """Refuse an officer of another authority, as if there were no such record, or without one of ``roles``.

    For where nobody below asks.
    """
    if by.authority != authority:
        raise OutsideAuthority("the record belongs to another authority", authority=authority, unseen=unseen)
    if not by.roles & roles:
        raise RoleNotAllowed("this role may not", roles=sorted(roles))


def canonical(number: str, *kinds: numbering.Kind) -> str:
    """The number in an address as the register writes it; a licence's unless told otherwise."""
    return numbering.canonical(number, *(kinds or (numbering.Kind.LICENCE, numbering.Kind.LISTED)))


def read(form: type[Input], request: Request) -> dict[str, Any]:
    """What was sent, as values; refuses by the name of the field."""
    filled = form(data=request.data)
    filled.is_valid(raise_exception=True)
    values: dict[str, Any] = filled.validated_data
    return values


def parameters(request: Request, **readers: Callable[[str, str], Any]) -> dict[str, Any]:
    """The query as values, ``None`` where one was not given; refuses what is unknown, repeated or wrong."""
    found: dict[str, Any] = dict.fromkeys(readers)
    for name, written in request.query_params.lists():
        if name not in readers:
            raise problems.Refusal("parameter.unknown", parameter=name[:64], known=sorted(readers))
        if len(written) > 1:
            raise problems.Refusal("parameter.repeated", parameter=name)
        found[name] = readers[name](name, written[0])
    return found


def required(asked: Mapping[str, Any], name: str) -> None:
    """Refuse a query in which that parameter is missing."""
    if asked[name] is None:
        raise problems.Refusal("parameter.missing", parameter=name)


def idempotency_key(request: Request) -> str:
    """The key under which this write may be sent again; refuses a write without one.

    The register keeps it beside the officer's number: one officer's key never answers another's.
    """
    written = request.headers.get("Idempotency-Key", "").strip()
    if not written:
        raise problems.Refusal("idempotency.key_missing")
    key = written.strip('"')
    if not _KEY.fullmatch(key):
        raise problems.Refusal("idempotency.key_malformed")
    return key


def expected_version(request: Request, values: dict[str, Any]) -> int:
    """The version that the officer read: ``If-Match: "v7"``, or ``expected_version`` out of ``values``."""
    stated: int | None = values.pop("expected_version", None)
    header = request.headers.get("If-Match")
    if header is None:
        if stated is None:
            raise problems.Refusal("version.missing")
        return stated
    match = _VERSION.fullmatch(header.strip())
    if match is None:
        raise problems.Refusal("version.malformed")
    if stated is not None and stated != int(match[1]):
        raise problems.Refusal("version.contradicted")
    return int(match[1])


def answer(body: Any, *, status: int = 200, version: int | None = None, at: str | None = None) -> Response:
    """An answer; ``version`` becomes its ``ETag``, ``at`` its ``Location``."""
    headers = {}
    if version is not None:
        headers["ETag"] = f'"v{version}"'
    if at is not None:
        headers["Location"] = at
    return Response(body, status=status, headers=headers)
