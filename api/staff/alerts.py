"""Alerts: whom the authority warns the public of; one officer proposes, another approves (`motions`)."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.public import alerts as public
from api.public import reading
from api.staff import door, motions
from api.staff.fields import Day, Text, Texts
from api.staff.motions import MotionInput
from registry import alerts, clock
from registry.rules import alerts as rules
from registry.rules.motions import Motion


class AlertInput(MotionInput):
    """All that a warning says; `agency` of a clone alone."""

    kind = serializers.ChoiceField(choices=rules.KINDS)
    names = serializers.ListField(
        child=Text(), max_length=rules.MOST_NAMES, help_text="The chief name first."
    )
    contacts = serializers.ListField(
        child=Text(max_length=500), max_length=rules.MOST_CONTACTS, default=list,
        help_text="Telephones with the country's code, e-mail addresses, web sites and pages, as written.",
    )  # fmt: skip
    agency = Text(
        max_length=40, default="", allow_blank=True, help_text="Number of the agency that is cloned."
    )
    place = Text(max_length=120, default="", allow_blank=True)
    seen_on = Day(default=None, allow_null=True)
    grounds = serializers.ListField(child=Text(max_length=40))
    source = Text(default="", allow_blank=True)  # type: ignore[assignment]  # a field, which the serializer takes away
    texts = Texts(default=dict, help_text="The public reads it; by language (BCP 47).")
    last_day = Day(default=None, allow_null=True)


class AlertEndInput(MotionInput):
    """Why a warning is taken back."""

    cause = serializers.ChoiceField(choices=rules.CAUSES)


class StaffAlertBody(public.AlertBody):
    """A warning as it was written."""

    contacts = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))  # type: ignore[assignment]
    authority = serializers.DictField()  # type: ignore[assignment]


class StaffAlertsBody(serializers.Serializer[Any]):
    """Warnings, the newest first."""

    data = StaffAlertBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart
    next = serializers.CharField(allow_null=True)


class AlertsView(door.StaffView):
    """The warnings of the officer's authority."""

    @extend_schema(
        operation_id="staff_alerts",
        summary="Warnings of my authority",
        parameters=[OpenApiParameter("ended", bool, description="those that are not in force any more")],
        responses=StaffAlertsBody,
    )
    def get(self, request: Request) -> Response:
        """List those in force, the newest first; at most 200, so `next` is always `null`."""
        asked = door.parameters(request, ended=reading.Choice(("true", "false")))
        found = alerts.of_authority(by=door.reader(request), at=clock.now(), ended=asked["ended"] == "true")
        return door.answer({"data": [public.told(one) for one in found], "next": None})

    @extend_schema(
        operation_id="staff_propose_alert",
        summary="Propose to warn the public",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AlertInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request) -> Response:
        """Propose it; a supervisor or the registrar approves. A contact on the record of an agency is refused."""
        return motions.propose(request, Motion.PUBLISH_ALERT, None, AlertInput)


class AlertView(door.StaffView):
    """One warning."""

    @extend_schema(operation_id="staff_alert", summary="A warning", responses=StaffAlertBody)
    def get(self, request: Request, number: str) -> Response:
        """Read it as it was written, also one that was entered in error."""
        door.parameters(request)
        found = alerts.own(public.canonical(number), by=door.reader(request), at=clock.now())
        return door.answer(public.told(found))


class CorrectionsView(door.StaffView):
    """Corrections of one warning."""

    @extend_schema(
        operation_id="staff_propose_alert_correction",
        summary="Propose to correct a warning",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AlertInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Propose all that it says from then on; what it said before stays on record."""
        return motions.propose(request, Motion.CORRECT_ALERT, public.canonical(number), AlertInput)


class EndsView(door.StaffView):
    """The end of one warning."""

    @extend_schema(
        operation_id="staff_propose_alert_end",
        summary="Propose to take a warning back",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AlertEndInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Propose its end: there is no more need of it, or it should never have been."""
        return motions.propose(request, Motion.END_ALERT, public.canonical(number), AlertEndInput)


urlpatterns: list[URLPattern] = [
    path("alerts", AlertsView.as_view()),
    path("alerts/<str:number>", AlertView.as_view()),
    path("alerts/<str:number>/corrections", CorrectionsView.as_view()),
    path("alerts/<str:number>/ends", EndsView.as_view()),
]
