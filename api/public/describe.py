"""How a route says itself in OpenAPI: a class that drf-spectacular reads and nobody runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from api import problems

EVERYWHERE = ("parameter.unknown", "route.not_acceptable", "rate.exceeded", "register.unreachable")


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457 problem details. Programs read `code`, people read `title` and `detail`."""

    type = serializers.CharField(help_text="Where the code is explained.")
    title = serializers.CharField(help_text="What is wrong, in the reader's language.")
    status = serializers.IntegerField()
    detail = serializers.CharField(required=False, help_text="What to do about it.")
    code = serializers.CharField(help_text="Stable; every code is listed at `/api/v1/codes`.")
    request_id = serializers.CharField(help_text="Quote it when you ask us about this answer.")
    verdict = serializers.DictField(
        required=False, help_text="On look-ups: never a licence. `not_found`, `ambiguous` or `unknown`."
    )


class Description(AutoSchema):
    """Summary and words come from the view's own docstring."""


def cls(
    view: Any,
    method: str,
    *,
    parameters: Sequence[Any],
    path: Mapping[str, str],
    body: Any,
    takes: Any,
    says: Sequence[str],
    tag: str,
    also: Mapping[str, str],
) -> type[APIView]:
    """A class for the generator: the view's words, parameters, answers and problems."""
    summary, _, words = (view.__doc__ or "").strip().partition("\n")
    described = extend_schema(
        operation_id=view.__name__,
        summary=summary.rstrip("."),
        description=_paragraphs(words) or None,
        tags=[tag],
        parameters=[
            *(OpenApiParameter(name, str, "path", description=about) for name, about in path.items()),
            *(_parameter(parameter) for parameter in parameters),
        ],
        request=takes,
        responses=_responses(body, (*says, *EVERYWHERE), also, reads=method == "GET"),
        auth=[],
    )

    def answer(self: APIView, request: Any) -> None:
        """Stand for the route; never called."""

    answer.__name__ = method.lower()
    return type(
        view.__name__,
        (APIView,),
        {
            method.lower(): described(answer),
            "schema": Description(),
            "authentication_classes": [],
            "permission_classes": [],
            "__doc__": view.__doc__,
            "__module__": view.__module__,
        },
    )


def _paragraphs(words: str) -> str:
    """Words of a docstring with each paragraph on one line."""
    paragraphs = "\n".join(line.strip() for line in words.strip().splitlines()).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _parameter(parameter: Any) -> OpenApiParameter:
    return OpenApiParameter(
        parameter.name,
        dict(parameter.read.schema),
        "query",
        required=parameter.required,
        description=parameter.about,
    )


def _responses(body: Any, codes: Sequence[str], also: Mapping[str, str], *, reads: bool) -> dict[Any, Any]:
    """The good answer, ``304``, and one answer for each status of the problems the route can say."""
    about = (body.__doc__ or "").strip().partition("\n")[0]
    found: dict[Any, Any] = {200: OpenApiResponse(body, description=about)}
    if also:
        found = {(200, "application/json"): found[200]}
    for media, what in also.items():
        kind = OpenApiTypes.BINARY if media == "application/pdf" else OpenApiTypes.STR
        found[200, media] = OpenApiResponse(kind, description=what)
    if reads:
        found[304] = OpenApiResponse(description="You have this answer already (`If-None-Match`).")
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(problems.KINDS[code].status, []).append(code)
    for status, same in sorted(by_status.items()):
        told = "; ".join(f"`{code}`: {problems.KINDS[code].title}" for code in dict.fromkeys(same))
        found[(status, problems.MEDIA_TYPE)] = OpenApiResponse(ProblemBody, description=told)
    return found
