"""Who acts for an agency, as what and until when."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.staff import door, written
from api.staff.fields import Country, Day, Flag, Input, Text
from registry import agencies, clock
from registry.rules.numbering import Kind


class AppointmentInput(Input):
    """Who acts for the agency, as what and from when.

    ``person`` names somebody whom the register knows. ``document`` (an identity paper's number) is kept as
    a keyed digest only. A name that is withheld from the public needs a reason.
    """

    name = Text(max_length=300)
    latin_name = Text(max_length=300, default="", allow_blank=True)
    person = Text(max_length=40, required=False)
    office = Text(max_length=40, required=False)
    role = serializers.ChoiceField(choices=agencies.ROLES)
    first_day = Day()
    last_day = Day(required=False)
    birth_date = Day(required=False)
    nationality = Country(required=False)
    document = Text(max_length=100, default="", allow_blank=True)
    public_name = Flag(default=True)
    withheld_reason = Text(max_length=1000, default="", allow_blank=True)


class EndInput(Input):
    """The last day."""

    last_day = Day()


class AppointmentBody(serializers.Serializer[Any]):
    """Who acts for the agency."""

    number = serializers.CharField()
    person = serializers.CharField()
    person_name = serializers.CharField()
    office = serializers.CharField(allow_null=True)
    role = serializers.CharField()
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True)
    public_name = serializers.BooleanField()
    withheld_reason = serializers.CharField()


class AppointmentsView(door.StaffView):
    """Appointments of one agency."""

    @extend_schema(
        operation_id="staff_appoint",
        summary="Appoint a person",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AppointmentInput,
        responses=written.ENTERED,
    )
    def post(self, request: Request, number: str) -> Response:
        """Record that a person acts for the agency in a role from a day on; 202 where another officer must approve."""
        key = door.idempotency_key(request)
        sent = door.read(AppointmentInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.appoint(written.agency(number), **sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at)


class AppointmentView(door.StaffView):
    """One appointment."""

    @extend_schema(
        operation_id="staff_end_appointment",
        summary="End an appointment",
        parameters=[door.IDEMPOTENCY_KEY],
        request=EndInput,
        responses=written.RESPONSES,
    )
    def patch(self, request: Request, number: str) -> Response:
        """End it on a day; not before yesterday, one officer may do that at once with a fresh second factor."""
        key = door.idempotency_key(request)
        sent = door.read(EndInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.end_appointment(
            door.canonical(number, Kind.APPOINTMENT),
            last_day=sent["last_day"],
            by=by,
            at=at,
            idempotency_key=key,
        )
        return written.answer(made, by=by, at=at, status=200)


urlpatterns: list[URLPattern] = [
    path("agencies/<str:number>/appointments", AppointmentsView.as_view()),
    path("appointments/<str:number>", AppointmentView.as_view()),
]
