"""``/schema``: this API for programs, generated from its routes; ``docs/openapi-staff.yaml`` is the same."""

import json
from functools import lru_cache
from typing import Any, ClassVar

import yaml
from django.urls import URLPattern, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from api.staff import door


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of the officials' API."""
    from api.staff import urls  # noqa: PLC0415 - the routes hold this one too

    patterns = [path(f"api/v1/staff/{route.pattern}", route.callback) for route in urls.described]
    generator = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]  # the library is not typed
    found = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as above
    found["info"]["title"] = "Recruiter licence register, for officials"
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def as_yaml() -> str:
    """The document as it is committed."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)


class SchemaView(door.StaffView):
    """The description of this API."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = []  # type: ignore[misc]
    open_to_all = frozenset({"GET"})

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Answer the OpenAPI document; nothing in it is secret."""
        door.parameters(request)
        return door.answer(document())


urlpatterns: list[URLPattern] = [path("schema", SchemaView.as_view())]
