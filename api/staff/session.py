"""Signing in, showing who one is, and giving the second factor again at the moment of a decision."""

from typing import Any, ClassVar

from django.middleware.csrf import get_token
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from api import auth
from api.models import User
from api.staff import door
from api.staff.fields import Input, Text
from registry.rules import second_factor


class SignInInput(Input):
    """Name, password and one-time code, together."""

    username = Text(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    code = serializers.RegexField(
        r"^\d{6}$|^\d{8}$", help_text="six digits of the device, or eight of a recovery code"
    )


class SecondFactorInput(Input):
    """The device's code: a recovery code does not do here."""

    code = serializers.RegexField(r"^\d{6}$", help_text="six digits of the device")


class SecondFactorBody(serializers.Serializer[Any]):
    """When the device's code was last given, and until when it is good for approving and deciding."""

    given_at = serializers.DateTimeField()
    good_until = serializers.DateTimeField()


class SessionBody(serializers.Serializer[Any]):
    """Who is signed in. ``csrf_token`` goes back as ``X-CSRFToken`` with every write."""

    username = serializers.CharField()
    number = serializers.CharField()
    authority = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    second_factor = SecondFactorBody(allow_null=True)
    csrf_token = serializers.CharField()


class SessionView(door.StaffView):
    """The session of whoever asks."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [auth.HalfOpenSession]  # type: ignore[misc]
    open_to_all: ClassVar[frozenset[str]] = frozenset({"POST"})

    @extend_schema(operation_id="staff_session", summary="Who am I?", responses=SessionBody)
    def get(self, request: Request) -> Response:
        """Say who is signed in, with which roles, and until when they may approve and decide."""
        return door.answer(_body(request))

    @extend_schema(
        operation_id="staff_sign_in", summary="Sign in", request=SignInInput, responses=SessionBody
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        """Open a session with a password and a one-time code. Refusals do not say which of them was wrong."""
        sent = door.read(SignInInput, request)
        user = auth.sign_in(request._request, **sent)  # noqa: SLF001 - sessions belong to Django's request
        request.user = user
        return door.answer(_body(request))

    @extend_schema(operation_id="staff_sign_out", summary="Sign out", responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the session."""
        auth.sign_out(request._request)  # noqa: SLF001 - sessions belong to Django's request
        return Response(status=204)


class SecondFactorView(door.StaffView):
    """The second factor of this session."""

    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [auth.HalfOpenSession]  # type: ignore[misc]

    @extend_schema(
        operation_id="staff_second_factor",
        summary="Give the second factor again",
        request=SecondFactorInput,
        responses=SessionBody,
    )
    def post(self, request: Request) -> Response:
        """Give the device's code: approving and deciding open for five minutes. Each code is good once."""
        sent = door.read(SecondFactorInput, request)
        auth.renew_second_factor(request._request, sent["code"])  # noqa: SLF001 - as above
        return door.answer(_body(request))


def _body(request: Request) -> dict[str, Any]:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the door let nobody else in
    by = auth.actor(request)
    given = by.second_factor_at
    return dict(
        SessionBody(
            {
                "username": user.username,
                "number": by.number,
                "authority": by.authority,
                "roles": sorted(by.roles),
                "second_factor": given and {"given_at": given, "good_until": given + second_factor.LASTS},
                "csrf_token": get_token(request._request),  # noqa: SLF001 - the token belongs to Django's request
            }
        ).data
    )


urlpatterns: list[URLPattern] = [
    path("session", SessionView.as_view(), name="staff-session"),
    path("session/second-factor", SecondFactorView.as_view(), name="staff-second-factor"),
]
