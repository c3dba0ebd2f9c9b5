"""How OpenAPI describes these routes: who may come in, and that every refusal is a problem."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from api import problems

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_CSRF = "the desk's session; writes also carry `X-CSRFToken`"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "noun.reason; every code is in docs/errors.md"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "the field that is wrong, where it is one"},
        "request_id": {"type": "string"},
    },
    "additionalProperties": True,
}


class StaffSchema(AutoSchema):
    """A route of ours: tokens only where they may, and a problem for whatever is not answered."""

    def get_auth(self) -> list[dict[str, Any]]:
        """Who may come in; for a write that no token opens, the session alone."""
        view: Any = self.view
        ways: list[dict[str, Any]] = super().get_auth()
        if self.method in _WRITES and not view.opens_to_scope:
            ways = [way for way in ways if "token" not in way]
        return [{}] if self.method in view.open_to_all else ways

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        problem = ResolvedComponent(  # type: ignore[no-untyped-call]  # the library is not typed
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(problem)
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        bodies["default"] = {
            "description": "A refusal that names its rule (RFC 9457)",
            "content": {problems.MEDIA_TYPE: {"schema": problem.ref}},
        }
        return bodies


class _Session(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library's metaclass
    target_class = "api.auth.DeskSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the library's
        """The session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": _CSRF}


class _HalfOpenSession(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "api.auth.HalfOpenSession"
    name = "half_open_session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the library's
        """The session cookie, also while the second factor is missing."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": f"{_CSRF}; not yet complete",
        }


class _Token(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - the library's
        """A program's token."""
        return {"type": "http", "scheme": "bearer", "description": "reads, or also proposes; never decides"}
