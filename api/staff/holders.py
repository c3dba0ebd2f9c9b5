"""Accounts that ask to act for agencies, and do: two officers connect one, one officer alone declines or ends."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import door
from api.staff.fields import Flag, Input, Text
from api.staff.motions import YesInput
from registry import clock, holders
from registry.rules.lifecycle import Actor

_STATES = ("asked", "supported", "connected", "declined", "ended")


class HolderEndInput(Input):
    """Why it is declined or ended."""

    reason = Text(max_length=4000, help_text="officers read it; the public never")
    no_conflict = Flag(default=False, help_text="I have no conflict of interest in this case")


class HolderBody(serializers.Serializer[Any]):
    """An account and an agency; `said`: who asks, in their own words; `emails`: the agency's official addresses."""

    id = serializers.IntegerField()
    agency = serializers.CharField()
    name = serializers.CharField()
    licences = serializers.ListField(child=serializers.CharField())
    emails = serializers.ListField(child=serializers.CharField())
    account = serializers.CharField()
    said = serializers.CharField()
    state = serializers.ChoiceField(choices=_STATES)
    asked_at = serializers.DateTimeField()
    first_by = serializers.CharField()
    first_at = serializers.DateTimeField(allow_null=True)
    second_by = serializers.CharField()
    second_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class HoldersBody(serializers.Serializer[Any]):
    """The oldest request at the top; at most 200."""

    data = HolderBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class HoldersView(door.StaffView):
    """Accounts of the officer's authority."""

    @extend_schema(
        operation_id="staff_holders",
        summary="Accounts that ask to act for agencies, or do",
        parameters=[
            OpenApiParameter(
                "state", str, enum=["waiting", "connected"], description="`waiting` where it is left out"
            )
        ],
        responses=HoldersBody,
    )
    def get(self, request: Request) -> Response:
        """List the requests that wait for an officer, or the accounts that are connected. The read is logged."""
        asked = door.parameters(request, state=reading.Choice(("waiting", "connected")))
        by, at = door.reader(request), clock.now()
        waiting = asked["state"] != "connected"
        found = readings.holders(by=by, at=at, through="api", waiting=waiting)
        return door.answer({"data": [_body(one, at) for one in found]})


class HolderView(door.StaffView):
    """One account and its agency."""

    @extend_schema(operation_id="staff_holder", summary="An account of a holder", responses=HolderBody)
    def get(self, request: Request, number: int) -> Response:
        """Read it, whatever has become of it. The read is logged."""
        door.parameters(request)
        return door.answer(_read(number, door.reader(request)))


class YesView(door.StaffView):
    """The yes of one officer."""

    @extend_schema(
        operation_id="staff_confirm_holder",
        summary="Confirm an account of a holder",
        parameters=[door.IDEMPOTENCY_KEY],
        request=YesInput,
        responses={201: HolderBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Confirm who it is, as the first officer or as the second, who is somebody else and a supervisor.

        Needs a second factor not older than five minutes.
        """
        key = door.idempotency_key(request)
        sent, by = door.read(YesInput, request), door.actor(request)
        holders.confirm(number, by=by, at=clock.now(), idempotency_key=key, **sent)
        return door.answer(_read(number, by), status=201)


class EndView(door.StaffView):
    """The no of one officer."""

    @extend_schema(
        operation_id="staff_end_holder",
        summary="Decline an account of a holder, or end it",
        parameters=[door.IDEMPOTENCY_KEY],
        request=HolderEndInput,
        responses={201: HolderBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Decline a request, or end a connection at once.

        Needs a second factor not older than five minutes.
        """
        key = door.idempotency_key(request)
        sent, by = door.read(HolderEndInput, request), door.actor(request)
        holders.end(number, by=by, at=clock.now(), idempotency_key=key, **sent)
        return door.answer(_read(number, by), status=201)


def _read(number: int, by: Actor) -> dict[str, Any]:
    at = clock.now()
    return _body(readings.holder(number, by=by, at=at, through="api"), at)


def _body(one: holders.Connection, at: datetime) -> dict[str, Any]:
    """The account as it stands at that instant: a first yes that has lapsed is none."""
    if (stands := one.stands(at=at)) != one.state:
        one = replace(one, state=stands, first_by="", first_at=None)
    return HolderBody(one).data


urlpatterns: list[URLPattern] = [
    path("holders", HoldersView.as_view()),
    path("holders/<int:number>", HolderView.as_view()),
    path("holders/<int:number>/approvals", YesView.as_view()),
    path("holders/<int:number>/ends", EndView.as_view()),
]
