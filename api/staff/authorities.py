"""Authorities: created by an administrator with a policy set, whose later versions follow."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import auth
from api.staff import door
from api.staff.fields import Input, Moment, Text, Texts
from registry import agencies, clock, dossier


class AuthorityInput(Input):
    """A licensing authority and the numbers its law leaves open; what is not said keeps its default."""

    code = serializers.RegexField(r"^[A-Z]{2}-[A-Z0-9]{2,8}$", help_text="country and short code: XA-DLA")
    name = Texts(allow_empty=False, help_text="its name in each language (BCP 47)")
    zone = Text(max_length=60, help_text="IANA time zone in which its legal days run")
    languages = serializers.ListField(child=Text(max_length=35), default=lambda: ["en"], max_length=20)
    legal_basis = Text(max_length=1000, default="", allow_blank=True)
    contact = Texts(required=False)
    complaint = Texts(required=False)
    policy = serializers.DictField(default=dict)


class PolicyInput(Input):
    """The next version of a policy set, whole, and from when it has force."""

    policy = serializers.DictField()
    in_force_from = Moment()


class PolicyBody(serializers.Serializer[Any]):
    """The version that was given."""

    version = serializers.IntegerField()


class AuthorityBody(serializers.Serializer[Any]):
    """An authority with the newest version of its policy set."""

    code = serializers.CharField()
    country = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField())
    zone = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    legal_basis = serializers.CharField()
    contact = serializers.DictField()
    complaint = serializers.DictField()
    policy = serializers.DictField(allow_null=True)


class AuthoritiesView(door.StaffView):
    """The authorities of this register."""

    @extend_schema(
        operation_id="staff_create_authority",
        summary="Create an authority",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AuthorityInput,
        responses={201: AuthorityBody},
    )
    def post(self, request: Request) -> Response:
        """Create it with its policy set: an administrator's act, with a fresh second factor."""
        key = door.idempotency_key(request)
        sent = door.read(AuthorityInput, request)
        by, at = door.actor(request), clock.now()
        auth.need_fresh_second_factor(by, at=at)
        code = agencies.create_authority(
            sent.pop("code"), rules=sent.pop("policy"), **sent, by=by, at=at, idempotency_key=key
        )
        return door.answer(dossier.authority(code, at=at), status=201, at=f"/api/v1/staff/authorities/{code}")


class AuthorityView(door.StaffView):
    """One authority."""

    @extend_schema(operation_id="staff_authority", summary="An authority", responses=AuthorityBody)
    def get(self, request: Request, code: str) -> Response:
        """Read it with its policy: all of it is public law."""
        door.parameters(request)
        door.actor(request)
        return door.answer(dossier.authority(code.upper(), at=clock.now()))


class PoliciesView(door.StaffView):
    """The policy set of one authority."""

    @extend_schema(
        operation_id="staff_set_policy",
        summary="Set policy",
        parameters=[door.IDEMPOTENCY_KEY],
        request=PolicyInput,
        responses={201: PolicyBody},
    )
    def post(self, request: Request, code: str) -> Response:
        """Put the next version in force, not in the past; what was decided before stays as it is."""
        key = door.idempotency_key(request)
        sent = door.read(PolicyInput, request)
        by, at = door.actor(request), clock.now()
        auth.need_fresh_second_factor(by, at=at)
        version = agencies.set_policy(
            code.upper(),
            sent["policy"],
            in_force_from=sent["in_force_from"],
            by=by,
            at=at,
            idempotency_key=key,
        )
        return door.answer({"version": version}, status=201)


urlpatterns: list[URLPattern] = [
    path("authorities", AuthoritiesView.as_view()),
    path("authorities/<str:code>", AuthorityView.as_view()),
    path("authorities/<str:code>/policies", PoliciesView.as_view()),
]
