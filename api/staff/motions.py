"""Motions: what several officers decide beside the steps of licences; one proposes, others approve or decline."""

from datetime import datetime
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import door, steps, written
from api.staff.fields import Flag, Input, Text
from api.staff.proposals import DeclineInput
from registry import clock, motions
from registry.motions import MotionRecord
from registry.rules.lifecycle import Actor
from registry.rules.motions import Motion


class MotionInput(Input):
    """What every motion carries."""

    reason = Text(max_length=4000, help_text="officers read it; the public never")
    no_conflict = Flag(default=False, help_text="I have no conflict of interest in this case")


class MergerInput(MotionInput):
    """The record that stays, and how it is known that both are one firm."""

    into = Text(max_length=40, help_text="number of the agency's record that stays")


class YesInput(Input):
    """One officer's yes."""

    no_conflict = Flag(default=False, help_text="I have no conflict of interest in this case")


class MotionBody(serializers.Serializer[Any]):
    """A motion; `next_roles`: who may give the next yes."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[one.value for one in Motion])
    about = serializers.CharField()
    terms = serializers.DictField()
    state = serializers.ChoiceField(choices=steps.PROPOSAL_STATES)
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    approved_by = serializers.ListField(child=serializers.CharField())
    approvals_needed = serializers.IntegerField()
    next_roles = serializers.ListField(child=serializers.CharField())
    awaits_me = serializers.BooleanField()
    closed_by = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_reason = serializers.CharField()


class MotionsBody(serializers.Serializer[Any]):
    """The open motions, the one that runs out first at the top."""

    data = MotionBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class MotionsView(door.StaffView):
    """What waits in the officer's authority."""

    @extend_schema(
        operation_id="staff_motions",
        summary="Motions that wait",
        parameters=[OpenApiParameter("about", str, description="only those about this number")],
        responses=MotionsBody,
    )
    def get(self, request: Request) -> Response:
        """List the open motions of the officer's authority."""
        asked = door.parameters(request, about=reading.Text(most=40))
        by, at = door.reader(request), clock.now()
        found = readings.motions_waiting(by=by, at=at, through="api", about=asked["about"] or "")
        return door.answer({"data": [_body(one, by, at) for one in found]})


class MotionView(door.StaffView):
    """One motion."""

    @extend_schema(operation_id="staff_motion", summary="A motion", responses=MotionBody)
    def get(self, request: Request, number: int) -> Response:
        """Read it, whatever has become of it."""
        door.parameters(request)
        by, at = door.reader(request), clock.now()
        found = readings.motion(number, by=by, at=at, through="api")
        return door.answer(_body(found, by, at))


class YesView(door.StaffView):
    """The yes of one officer."""

    @extend_schema(
        operation_id="staff_approve_motion",
        summary="Approve a motion",
        parameters=[door.IDEMPOTENCY_KEY],
        request=YesInput,
        responses={201: MotionBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Approve; the last yes that is needed takes it. Nobody approves their own motion.

        Needs a second factor not older than five minutes.
        """
        key = door.idempotency_key(request)
        sent = door.read(YesInput, request)
        by, at = door.actor(request), clock.now()
        made = motions.approve(number, by=by, at=at, no_conflict=sent["no_conflict"], idempotency_key=key)
        return door.answer(_body(made, by, at), status=201)


class NoView(door.StaffView):
    """The no of one officer."""

    @extend_schema(
        operation_id="staff_decline_motion",
        summary="Decline a motion",
        parameters=[door.IDEMPOTENCY_KEY],
        request=DeclineInput,
        responses={201: MotionBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """End the motion without taking it; its proposer may withdraw it this way."""
        key = door.idempotency_key(request)
        sent = door.read(DeclineInput, request)
        by, at = door.actor(request), clock.now()
        made = motions.decline(number, by=by, at=at, reason=sent["reason"], idempotency_key=key)
        return door.answer(_body(made, by, at), status=201)


class MergersView(door.StaffView):
    """Two records of one firm."""

    @extend_schema(
        operation_id="staff_propose_merger",
        summary="Propose to merge an agency's record into another",
        parameters=[door.IDEMPOTENCY_KEY],
        request=MergerInput,
        responses={201: MotionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Propose that the record of this number is merged into the one that stays. A second officer approves.

        Nothing is deleted: what hangs on the record is read at the one that stays, and its number leads there.
        """
        return propose(request, Motion.MERGE, written.agency(number), MergerInput)


def propose(
    request: Request, kind: Motion, about: str | None, shape: type[MotionInput], **more: Any
) -> Response:
    """Begin a motion of this kind from what was sent, and ``more`` that the address says.

    ``about`` ``None``: it is about the first of the ``names`` sent.
    """
    key = door.idempotency_key(request)
    sent = {**door.read(shape, request), **more}
    if about is None:
        about = " ".join(str(next(iter(sent["names"]), "")).split())
    by, at, no_conflict = door.actor(request), clock.now(), sent.pop("no_conflict")
    made = motions.propose(kind, about, sent, by=by, at=at, no_conflict=no_conflict, idempotency_key=key)
    return door.answer(_body(made, by, at), status=201, at=f"/api/v1/staff/motions/{made.id}")


def _body(one: MotionRecord, by: Actor, at: datetime) -> dict[str, Any]:
    """A motion as this officer reads it at that instant."""
    told = {name: getattr(one, name) for name in one.__slots__ if name != "agreement"}
    told |= {"kind": one.kind.value, "awaits_me": one.agreement.awaits(by, at=at)}
    if one.state == "open" and not one.agreement.is_open(at):
        told |= {"state": "expired", "approvals_needed": 0, "next_roles": []}
    return MotionBody(told).data


urlpatterns: list[URLPattern] = [
    path("motions", MotionsView.as_view()),
    path("motions/<int:number>", MotionView.as_view()),
    path("motions/<int:number>/approvals", YesView.as_view()),
    path("motions/<int:number>/declines", NoView.as_view()),
    path("agencies/<str:number>/mergers", MergersView.as_view()),
]
