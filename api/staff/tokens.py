"""An officer's tokens for programs: made with a fresh second factor, shown once, withdrawn at once."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import problems, tokens
from api.models import TOKEN_SCOPES, ApiToken, User
from api.staff import door
from api.staff.fields import Input, Text, Whole
from registry import clock
from registry.rules import second_factor


class TokenInput(Input):
    """What a new token is for, what it may do and for how many days."""

    label = Text(max_length=80)  # type: ignore[assignment]  # REST framework keeps fields apart
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=TOKEN_SCOPES), allow_empty=False, max_length=len(TOKEN_SCOPES)
    )
    days = Whole(min_value=1, max_value=tokens.MOST_DAYS, default=30)


class TokenBody(serializers.Serializer[Any]):
    """A token without its secret; ``prefix`` names it."""

    prefix = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenBody(TokenBody):
    """A token with its secret: the only answer that ever shows it."""

    token = serializers.CharField()


class TokensBody(serializers.Serializer[Any]):
    """All tokens of the officer, the newest first."""

    data = TokenBody(many=True)  # type: ignore[assignment]  # as above


class TokensView(door.StaffView):
    """The tokens of whoever is signed in."""

    @extend_schema(operation_id="staff_tokens", summary="My tokens", responses=TokensBody)
    def get(self, request: Request) -> Response:
        """List them, the withdrawn and expired ones too."""
        mine = ApiToken.objects.filter(user=_user(request)).order_by("-created_at", "-id")
        return door.answer(TokensBody({"data": mine}).data)

    @extend_schema(
        operation_id="staff_make_token",
        summary="Make a token",
        request=TokenInput,
        responses={201: NewTokenBody},
    )
    def post(self, request: Request) -> Response:
        """Make a token that reads or also proposes, and never decides. Its secret is shown once."""
        at = clock.now()
        second_factor.demand(door.actor(request), at=at)
        sent = door.read(TokenInput, request)
        token, secret = tokens.issue(_user(request), at=at, **sent)
        token.token = secret  # type: ignore[attr-defined]
        return door.answer(NewTokenBody(token).data, status=201)


class TokenView(door.StaffView):
    """One token of whoever is signed in."""

    @extend_schema(
        operation_id="staff_withdraw_token", summary="Withdraw a token", responses={200: TokenBody}
    )
    def delete(self, request: Request, prefix: str) -> Response:
        """Withdraw it at once; withdrawing it again changes nothing."""
        token = tokens.revoke(_user(request), prefix, at=clock.now())
        if token is None:
            raise problems.Refusal("record.not_found")
        return door.answer(TokenBody(token).data)


def _user(request: Request) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the door let nobody else in
    return user


urlpatterns: list[URLPattern] = [
    path("tokens", TokensView.as_view(), name="staff-tokens"),
    path("tokens/<str:prefix>", TokenView.as_view(), name="staff-token"),
]
