"""Badges for officers: issued for what the register publishes, withdrawn when lost, stolen or copied."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.public import reading
from api.staff import door
from api.staff.fields import Input, Text
from registry import clock, dossier, idempotency, lookup
from registry.rules import numbering, second_factor
from registry.rules.errors import (
    AppointmentNotFound,
    LicenceNotFound,
    NotFound,
    OfficeNotFound,
    OutsideAuthority,
    RoleNotAllowed,
)
from registry.rules.lifecycle import DUTY, Actor, M
from verification import badges
from verification.badges import BadgeRecord

KINDS = tuple(badges.KINDS)
_UNSEEN: Mapping[str, type[NotFound]] = {
    "licence": LicenceNotFound,
    "office": OfficeNotFound,
    "appointment": AppointmentNotFound,
}


class BadgeInput(Input):
    """What the badge stands on."""

    kind = serializers.ChoiceField(choices=KINDS)
    number = Text(max_length=60)


class WithdrawalInput(Input):
    """Why the badge is no longer good."""

    reason = serializers.ChoiceField(choices=badges.REASONS)


class BadgeBody(serializers.Serializer[Any]):
    """A badge. ``code`` is what is printed on it."""

    code = serializers.CharField()
    kind = serializers.CharField()
    number = serializers.CharField()
    authority = serializers.CharField()
    issued_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_reason = serializers.CharField()


class BadgesBody(serializers.Serializer[Any]):
    """Every badge that the subject ever had, the live one first."""

    data = BadgeBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class BadgesView(door.StaffView):
    """Badges of a licence, an office or an appointment."""

    @extend_schema(
        operation_id="staff_badges",
        summary="Badges of a subject",
        parameters=[
            OpenApiParameter("kind", str, enum=list(KINDS), required=True),
            OpenApiParameter("number", str, required=True),
        ],
        responses=BadgesBody,
    )
    def get(self, request: Request) -> Response:
        """List them."""
        asked = door.parameters(request, kind=reading.Choice(KINDS), number=reading.Text(60))
        for name in ("kind", "number"):
            door.required(asked, name)
        by = door.reader(request)
        found = badges.for_subject(asked["kind"], asked["number"])
        return door.answer({"data": [_body(one) for one in found if one.authority == by.authority]})

    @extend_schema(
        operation_id="staff_issue_badge",
        summary="Issue a badge",
        parameters=[door.IDEMPOTENCY_KEY],
        request=BadgeInput,
        responses={201: BadgeBody},
    )
    def post(self, request: Request) -> Response:
        """Give the subject's live badge: the one it has, else a new one. So asking twice issues one."""
        door.idempotency_key(request)
        sent = door.read(BadgeInput, request)
        by, at = door.actor(request), clock.now()
        _own_subject(sent["kind"], sent["number"], by)
        return door.answer(_body(badges.issue(sent["kind"], sent["number"], at=at)), status=201)


class WithdrawalView(door.StaffView):
    """The end of one badge."""

    @extend_schema(
        operation_id="staff_withdraw_badge",
        summary="Withdraw a badge",
        parameters=[door.IDEMPOTENCY_KEY],
        request=WithdrawalInput,
        responses={201: BadgeBody},
    )
    def post(self, request: Request, code: str) -> Response:
        """Withdraw it for good: from now on its code answers *badge withdrawn*. Needs a fresh second factor."""
        key = door.idempotency_key(request)
        sent = door.read(WithdrawalInput, request)
        by, at, code = door.actor(request), clock.now(), numbering.read_badge(code)
        with transaction.atomic():
            once = idempotency.Once(by, key, "withdraw_badge", {"code": code} | sent, at)
            if once.outcome() is not None:
                return door.answer(_body(badges.read(code)), status=201)
            authority = badges.read(code).authority
            door.own(authority, by, M | DUTY, unseen=badges.BadgeNotFound(badge=code))
            second_factor.demand(by, at=at)
            gone = badges.withdraw(code, reason=sent["reason"], by=by.number, at=at)
            once.keep({})
        return door.answer(_body(gone), status=201)


def _own_subject(kind: str, number: str, by: Actor) -> None:
    """Refuse a subject of another authority, as if there were none, before a badge of it exists."""
    number = numbering.canonical(number, *badges.KINDS[kind])
    agency = lookup.public_subject(kind, number, at=clock.now()).agency
    try:
        dossier.restricted_agency(agency, by=by)
    except OutsideAuthority:
        raise _UNSEEN[kind](f"no {kind} has this number", number=number) from None
    if not by.roles & M:
        raise RoleNotAllowed("this role may not", roles=sorted(M))


def _body(badge: BadgeRecord) -> dict[str, Any]:
    return {
        "code": badge.shown,
        "kind": badge.kind,
        "number": badge.number,
        "authority": badge.authority,
        "issued_at": badge.issued_at,
        "withdrawn_at": badge.withdrawn_at,
        "withdrawn_reason": badge.withdrawn_reason,
    }


urlpatterns: list[URLPattern] = [
    path("badges", BadgesView.as_view()),
    path("badges/<str:code>/withdrawal", WithdrawalView.as_view()),
]
