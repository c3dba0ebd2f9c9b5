"""Persons for officers: found by name, and the bars against them; a bar and its end are motions of three officers."""

from typing import Any, Final

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import door, motions
from api.staff.fields import Day, Flag, Input, Text
from registry import barring, bars, clock
from registry.bars import Bar
from registry.persons import PersonRecord
from registry.rules.motions import Motion
from registry.rules.numbering import Kind

_LIMIT: Final = reading.Whole(1, 200, default=50)


class BarInput(motions.MotionInput):
    """The days, the roles and the grounds of a bar: `last_day`, or `permanent`."""

    first_day = Day(required=False, help_text="the day of the last approval where it is left out")
    last_day = Day(required=False)
    permanent = Flag(default=False)
    scope = serializers.ChoiceField(choices=list(bars.SCOPES), default="any_role")
    grounds = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(barring.GROUNDS)), min_length=1, max_length=20
    )


class EndInput(motions.MotionInput):
    """Why a bar ends; on review its new last day."""

    cause = serializers.ChoiceField(choices=list(barring.CAUSES))
    last_day = Day(required=False)


class AppealInput(Input):
    """When the appeal came."""

    received_on = Day()


class DismissalInput(motions.MotionInput):
    """When the appeals body dismissed the appeal, and by which order."""

    decided_on = Day()
    order_reference = Text(max_length=200)


class BarBody(serializers.Serializer[Any]):
    """A bar of a person; `state`: `coming`, `in_force`, `over`, or `void` where it never was as known now."""

    sequence = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["coming", "in_force", "over", "void"])
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True)
    permanent = serializers.BooleanField()
    scope = serializers.CharField()
    grounds = serializers.ListField(child=serializers.CharField())
    decided_on = serializers.DateField()
    appeal_until = serializers.DateTimeField()
    appeal_open = serializers.BooleanField()
    cause = serializers.CharField(allow_blank=True)
    public_until = serializers.DateField(allow_null=True)
    spent = serializers.BooleanField()
    officers = serializers.ListField(child=serializers.CharField())


class ActsBody(serializers.Serializer[Any]):
    """An appointment of a person."""

    number = serializers.CharField()
    role = serializers.CharField()
    agency = serializers.CharField()
    agency_name = serializers.CharField()
    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True)


class LineBody(serializers.Serializer[Any]):
    """A person in a list."""

    number = serializers.CharField()
    name = serializers.CharField()
    latin_name = serializers.CharField()
    agencies = serializers.ListField(child=serializers.CharField())
    barred = serializers.BooleanField()


class PersonsBody(serializers.Serializer[Any]):
    """A piece of the list; `next` goes into `after`."""

    data = LineBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart
    next = serializers.CharField(allow_null=True)


class PersonBody(serializers.Serializer[Any]):
    """A person with everything that officers of the authority may read."""

    number = serializers.CharField()
    name = serializers.CharField()
    latin_name = serializers.CharField()
    birth_date = serializers.DateField(allow_null=True)
    nationality = serializers.CharField()
    has_document = serializers.BooleanField()
    acts = ActsBody(many=True)
    bars = BarBody(many=True)
    barred_as = serializers.ListField(
        child=serializers.CharField(),
        help_text="Other numbers, of the same identity paper, that are barred now or from a day to come.",
    )


class PersonsView(door.StaffView):
    """The persons of the officer's authority."""

    @extend_schema(
        operation_id="staff_persons",
        summary="Persons of my authority",
        parameters=[
            OpenApiParameter("q", str, description="words of a name, or a number"),
            OpenApiParameter("after", str, description="the `next` of the page before"),
            OpenApiParameter("limit", int, description="1 to 200, 50 unless told"),
        ],
        responses=PersonsBody,
    )
    def get(self, request: Request) -> Response:
        """List them by number."""
        asked = door.parameters(request, q=reading.Text(most=100), after=reading.Text(most=40), limit=_LIMIT)
        lines, further = readings.persons_listed(
            by=door.actor(request), at=clock.now(), through="api", q=asked["q"] or "", after=asked["after"] or "",
            limit=asked["limit"] or 50,
        )  # fmt: skip
        return door.answer(PersonsBody({"data": lines, "next": further or None}).data)


class PersonView(door.StaffView):
    """One person."""

    @extend_schema(operation_id="staff_person", summary="A person", responses=PersonBody)
    def get(self, request: Request, number: str) -> Response:
        """Read a person with appointments and bars."""
        door.parameters(request)
        found = readings.person(_number(number), by=door.actor(request), at=clock.now(), through="api")
        return door.answer(_person(found))


class BarsView(door.StaffView):
    """Bars of one person."""

    @extend_schema(
        operation_id="staff_propose_bar",
        summary="Propose to bar a person",
        parameters=[door.IDEMPOTENCY_KEY],
        request=BarInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Propose a bar; a supervisor and then the registrar approve the motion."""
        return motions.propose(request, Motion.BAR, _number(number), BarInput)


class BarEndView(door.StaffView):
    """The end of one bar."""

    @extend_schema(
        operation_id="staff_propose_bar_end",
        summary="Propose the end of a bar",
        parameters=[door.IDEMPOTENCY_KEY],
        request=EndInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: str, sequence: int) -> Response:
        """Propose that it ends early on review, or that it never was: the appeal was upheld, or it was an error."""
        return motions.propose(request, Motion.END_BAR, _number(number), EndInput, bar=sequence)


class AppealView(door.StaffView):
    """An appeal against one bar."""

    @extend_schema(
        operation_id="staff_appeal_bar",
        summary="Enter an appeal against a bar",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AppealInput,
        responses={201: BarBody},
    )
    def post(self, request: Request, number: str, sequence: int) -> Response:
        """Enter that the person appeals; one that came too late is refused."""
        key = door.idempotency_key(request)
        sent = door.read(AppealInput, request)
        by, at = door.actor(request), clock.now()
        barring.file_appeal(_number(number), sequence, **sent, by=by, at=at, idempotency_key=key)
        return _told(request, number, sequence)


class DismissalView(door.StaffView):
    """The dismissal of an appeal against one bar."""

    @extend_schema(
        operation_id="staff_dismiss_bar_appeal",
        summary="Propose to enter that an appeal against a bar was dismissed",
        parameters=[door.IDEMPOTENCY_KEY],
        request=DismissalInput,
        responses={201: motions.MotionBody},
    )
    def post(self, request: Request, number: str, sequence: int) -> Response:
        """Propose it; a supervisor or the registrar approves. Neither is an officer of the bar, which stands by it.

        An appeal that is upheld ends the bar by a motion of its own.
        """
        return motions.propose(request, Motion.DISMISS_APPEAL, _number(number), DismissalInput, bar=sequence)


def _told(request: Request, number: str, sequence: int) -> Response:
    found = readings.person(_number(number), by=door.actor(request), at=clock.now(), through="api")
    bar = next(one for one in found.bars if one.sequence == sequence)
    return door.answer(BarBody(_bar(bar, found)).data, status=201)


def _person(found: PersonRecord) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in found.__slots__}
    return PersonBody({**told, "bars": [_bar(bar, found) for bar in found.bars]}).data


def _bar(bar: Bar, found: PersonRecord) -> dict[str, Any]:
    told = {name: getattr(bar, name) for name in bar.__slots__}
    return {**told, "state": bar.state(found.today), "spent": bar.spent(found.today)}


def _number(number: str) -> str:
    return door.canonical(number, Kind.PERSON)


urlpatterns: list[URLPattern] = [
    path("persons", PersonsView.as_view()),
    path("persons/<str:number>", PersonView.as_view()),
    path("persons/<str:number>/bars", BarsView.as_view()),
    path("persons/<str:number>/bars/<int:sequence>/ends", BarEndView.as_view()),
    path("persons/<str:number>/bars/<int:sequence>/appeals", AppealView.as_view()),
    path("persons/<str:number>/bars/<int:sequence>/dismissals", DismissalView.as_view()),
]
