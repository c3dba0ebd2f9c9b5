"""Offices of an agency: opened, amended, closed."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.staff import door, written
from api.staff.fields import Country, Day, Input, Text
from registry import agencies, clock
from registry.rules.numbering import Kind

OFFICE_KINDS = ["head", "branch"]


class OfficeFields(Input):
    """What is recorded of an office."""

    kind = serializers.ChoiceField(choices=OFFICE_KINDS, required=False)
    name = Text(max_length=300, required=False, allow_blank=True)
    address = Text(max_length=1000, required=False, allow_blank=True)
    locality = Text(max_length=200, required=False, allow_blank=True)
    region = Text(max_length=10, required=False, allow_blank=True, help_text="ISO 3166-2")
    postcode = Text(max_length=30, required=False, allow_blank=True)
    country = Country(required=False)
    latitude = serializers.DecimalField(
        max_digits=9, decimal_places=6, min_value=-90, max_value=90, required=False, allow_null=True
    )
    longitude = serializers.DecimalField(
        max_digits=9, decimal_places=6, min_value=-180, max_value=180, required=False, allow_null=True
    )
    authorisation = Text(max_length=100, required=False, allow_blank=True)
    first_day = Day(required=False, allow_null=True)
    last_day = Day(required=False, allow_null=True)


class OfficeInput(OfficeFields):
    """A new office: head or branch."""

    kind = serializers.ChoiceField(choices=OFFICE_KINDS)


class OfficeBody(serializers.Serializer[Any]):
    """An office."""

    number = serializers.CharField()
    name = serializers.CharField()
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    kind = serializers.CharField()
    address = serializers.CharField()
    locality = serializers.CharField()
    region = serializers.CharField()
    postcode = serializers.CharField()
    country = serializers.CharField()
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    authorisation = serializers.CharField()


class OfficesView(door.StaffView):
    """Offices of one agency."""

    @extend_schema(
        operation_id="staff_open_office",
        summary="Open an office",
        parameters=[door.IDEMPOTENCY_KEY],
        request=OfficeInput,
        responses=written.ENTERED,
    )
    def post(self, request: Request, number: str) -> Response:
        """Enter the head office or a branch; 202 where another officer must approve it first."""
        key = door.idempotency_key(request)
        sent = door.read(OfficeInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.add_office(written.agency(number), sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at)


class OfficeView(door.StaffView):
    """One office."""

    @extend_schema(
        operation_id="staff_amend_office",
        summary="Amend or close an office",
        parameters=[door.IDEMPOTENCY_KEY],
        request=OfficeFields,
        responses=written.RESPONSES,
    )
    def patch(self, request: Request, number: str) -> Response:
        """Change what is sent; ``last_day`` closes it.

        Of an agency that the public reads of, another officer approves a change: 202 with the proposal that waits. Its
        closing alone, not before yesterday, one officer may record at once with a fresh second factor.
        """
        key = door.idempotency_key(request)
        sent = door.read(OfficeFields, request)
        by, at = door.actor(request), clock.now()
        made = agencies.amend_office(
            door.canonical(number, Kind.OFFICE),
            sent,
            by=by,
            at=at,
            idempotency_key=key,
        )
        return written.answer(made, by=by, at=at, status=200)


urlpatterns: list[URLPattern] = [
    path("agencies/<str:number>/offices", OfficesView.as_view()),
    path("offices/<str:number>", OfficeView.as_view()),
]
