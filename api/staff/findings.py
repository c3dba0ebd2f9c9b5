"""Findings of outside bodies against names: possible matches for an officer to judge, never facts."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import door
from registry import clock
from registry.intake import findings
from registry.rules.numbering import Kind


class FindingBody(serializers.Serializer[Any]):
    """A finding whose name is like the one asked about; an officer judges whether it is the same body."""

    asked = serializers.CharField(help_text="the name that was compared")
    name = serializers.CharField()
    matched = serializers.CharField()
    likeness = serializers.IntegerField(help_text="0 to 100")
    source = serializers.CharField()  # type: ignore[assignment]  # REST framework keeps fields apart
    list_key = serializers.CharField()
    place = serializers.CharField()
    country = serializers.CharField()
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    open_ended = serializers.BooleanField()
    grounds = serializers.CharField()
    first_seen = serializers.DateField()
    last_seen = serializers.DateField()
    on_latest_list = serializers.BooleanField()


class FindingsBody(serializers.Serializer[Any]):
    """Possible matches, the likest first."""

    data = FindingBody(many=True)  # type: ignore[assignment]  # as above


class FindingsView(door.StaffView):
    """Findings against a name."""

    @extend_schema(
        operation_id="staff_findings",
        summary="Findings against a name",
        parameters=[OpenApiParameter("name", str, required=True), OpenApiParameter("limit", int)],
        responses=FindingsBody,
    )
    def get(self, request: Request) -> Response:
        """List what outside bodies published against names like it; to leave a list is no lifting."""
        asked = door.parameters(request, name=reading.Text(), limit=reading.Whole(1, 100, default=20))
        door.required(asked, "name")
        door.reader(request)
        return _answer([asked["name"]], asked["limit"] or 20)


class FindingsOfAgencyView(door.StaffView):
    """Findings against the names of one agency."""

    @extend_schema(
        operation_id="staff_findings_of_agency",
        summary="Findings against an agency's names",
        parameters=[OpenApiParameter("limit", int)],
        responses=FindingsBody,
    )
    def get(self, request: Request, number: str) -> Response:
        """List possible matches of all its names; none of them is attached to it by itself."""
        asked = door.parameters(request, limit=reading.Whole(1, 100, default=20))
        number = door.canonical(number, Kind.AGENCY)
        agency = readings.agency(number, by=door.actor(request), at=clock.now(), through="api")
        names = [
            agency["legal_name"],
            agency["latin_name"],
            *(one["name"] for one in agency["trading_names"]),
        ]
        return _answer(dict.fromkeys(name for name in names if name), asked["limit"] or 20)


def _answer(names: Iterable[str], limit: int) -> Response:
    found = [
        asdict(match) | {"asked": name}
        for name in names
        for match in findings.possible_matches(name, limit=limit)
    ]
    found.sort(key=lambda match: (-match["likeness"], match["name"], match["list_key"]))
    return door.answer(FindingsBody({"data": found[:limit]}).data)


urlpatterns: list[URLPattern] = [
    path("findings", FindingsView.as_view()),
    path("agencies/<str:number>/findings", FindingsOfAgencyView.as_view()),
]
