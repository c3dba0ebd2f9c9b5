"""Requests of persons to see or correct what is held of them; two officers answer each."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.staff import door, motions
from api.staff.fields import Country, Day, Input, Text
from registry import clock, subjects
from registry.rules.motions import Motion


class RequestInput(Input):
    """Who asks, how their identity was checked, and what is asked."""

    kind = serializers.ChoiceField(choices=list(subjects.KINDS))
    person = Text(max_length=40, default="", allow_blank=True, help_text="empty: nobody of them is on record")
    asked_by = Text(max_length=300)
    identity_check = Text(max_length=2000)
    words = Text(max_length=4000)
    received_on = Day()


class ChangesInput(Input):
    """What is to be corrected; `document` is kept as a keyed digest alone."""

    name = Text(max_length=300, required=False)
    latin_name = Text(max_length=300, required=False, allow_blank=True)
    birth_date = Day(required=False)
    nationality = Country(required=False)
    document = Text(max_length=100, required=False, allow_blank=True)


class AnswerInput(motions.MotionInput):
    """How it is answered; `reason` is the grounds of a refusal, which the person reads."""

    answer = serializers.ChoiceField(choices=["give", "amend", "refuse"])
    changes = ChangesInput(required=False)


class RequestBody(serializers.Serializer[Any]):
    """A request; `due_on`: the last day of an answer in time."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=list(subjects.KINDS))
    person = serializers.CharField(allow_blank=True)
    asked_by = serializers.CharField()
    identity_check = serializers.CharField()
    words = serializers.CharField()
    received_on = serializers.DateField()
    due_on = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    recorded_by = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "answered", "refused"])
    closed_by = serializers.CharField(allow_blank=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_reason = serializers.CharField(allow_blank=True)
    has_file = serializers.BooleanField()
    overdue = serializers.BooleanField()


class RequestsBody(serializers.Serializer[Any]):
    """The open requests, the first to be answered at the top."""

    data = RequestBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class RequestsView(door.StaffView):
    """The requests to the officer's authority."""

    @extend_schema(operation_id="staff_requests", summary="Open requests of persons", responses=RequestsBody)
    def get(self, request: Request) -> Response:
        """List those that are to be answered."""
        door.parameters(request)
        found = readings.requests_open(by=door.actor(request), at=clock.now(), through="api")
        return door.answer(RequestsBody({"data": found}).data)

    @extend_schema(
        operation_id="staff_record_request",
        summary="Record a request of a person",
        parameters=[door.IDEMPOTENCY_KEY],
        request=RequestInput,
        responses={201: RequestBody},
    )
    def post(self, request: Request) -> Response:
        """Record it; the policy of the authority says by when it is answered."""
        key = door.idempotency_key(request)
        sent = door.read(RequestInput, request)
        made = subjects.record(
            **{**sent, "person": sent["person"].upper()},
            by=door.actor(request),
            at=clock.now(),
            idempotency_key=key,
        )
        return door.answer(RequestBody(made).data, status=201, at=f"/api/v1/staff/requests/{made.id}")


class RequestView(door.StaffView):
    """One request."""

    @extend_schema(operation_id="staff_request", summary="A request of a person", responses=RequestBody)
    def get(self, request: Request, number: int) -> Response:
        """Read it, whatever has become of it."""
        door.parameters(request)
        found = readings.request(number, by=door.actor(request), at=clock.now(), through="api")
        return door.answer(RequestBody(found).data)


class AnswersView(door.StaffView):
    """The answer to one request."""

    @extend_schema(
        operation_id="staff_propose_answer",
        summary="Propose an answer to a request",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AnswerInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Propose to hand over what is held, to correct it, or to refuse; a second officer approves the motion."""
        return motions.propose(request, Motion.ANSWER, str(number), AnswerInput)


class FileView(door.StaffView):
    """What was handed over in answer to one request."""

    @extend_schema(
        operation_id="staff_handed_over",
        summary="What was handed over",
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, number: int) -> Response:
        """All that was held of the person, without what would tell who complained, and the reads until then."""
        door.parameters(request)
        found = readings.handed_over(number, by=door.actor(request), at=clock.now(), through="api")
        return door.answer(found)


urlpatterns: list[URLPattern] = [
    path("requests", RequestsView.as_view()),
    path("requests/<int:number>", RequestView.as_view()),
    path("requests/<int:number>/answers", AnswersView.as_view()),
    path("requests/<int:number>/file", FileView.as_view()),
]
