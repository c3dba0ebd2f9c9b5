"""Agencies for officers: their records, restricted fields included; every change is an entry."""

from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import appointments, door, offices, steps, written
from api.staff.fields import Country, Day, Flag, Input, Text, Whole
from registry import agencies, clock, licensing
from registry.rules.lifecycle import Action

_LIMIT = reading.Whole(1, 200, default=50)
CHANNEL_KINDS = ["phone", "email", "domain", "social"]


class AgencyFields(Input):
    """What is recorded of an agency. ``bank_account`` never comes out: its keyed digest is kept."""

    legal_name = Text(max_length=500, required=False, help_text="in its own script")
    latin_name = Text(max_length=500, required=False, allow_blank=True)
    legal_form = Text(max_length=100, required=False, allow_blank=True)
    sole_trader = Flag(required=False)
    country = Country(required=False)
    company_register = Text(max_length=200, required=False, allow_blank=True)
    company_number = Text(max_length=100, required=False, allow_blank=True)
    lei = Text(max_length=20, required=False, allow_blank=True)
    tax_number = Text(max_length=100, required=False, allow_blank=True)
    incorporated_on = Day(required=False, allow_null=True)
    address = Text(max_length=1000, required=False, allow_blank=True)
    locality = Text(max_length=200, required=False, allow_blank=True)
    bank_account = Text(max_length=100, required=False, allow_blank=True)
    linked_to = serializers.ListField(child=Text(max_length=40), required=False, max_length=20)


class AgencyInput(AgencyFields):
    """A new agency: its name and country at least."""

    legal_name = Text(max_length=500, help_text="in its own script")
    country = Country()


class AmendmentInput(AgencyFields):
    """What changes, and why."""

    reason = Text(max_length=1000, default="", allow_blank=True)
    expected_version = Whole(required=False, min_value=1)


class TradingNameInput(Input):
    """A name under which the agency trades, from a day to a day."""

    name = Text(max_length=500)
    first_day = Day(required=False)
    last_day = Day(required=False)


class ChannelInput(Input):
    """An official way to reach the agency; ``verified``: an officer has tried it."""

    kind = serializers.ChoiceField(choices=CHANNEL_KINDS)
    value = Text(max_length=500)
    office = Text(max_length=40, required=False)
    verified = Flag(default=False)
    first_day = Day(required=False)


class ChannelEndInput(Input):
    """The channel as the register writes it, and its last day."""

    kind = serializers.ChoiceField(choices=CHANNEL_KINDS)
    value = Text(max_length=500)
    last_day = Day()


# --- what goes out


class AgencyLineBody(serializers.Serializer[Any]):
    """An agency in a list."""

    number = serializers.CharField()
    legal_name = serializers.CharField()
    latin_name = serializers.CharField()
    country = serializers.CharField()
    locality = serializers.CharField()
    company_register = serializers.CharField()
    company_number = serializers.CharField()
    version = serializers.IntegerField()


class AgenciesBody(serializers.Serializer[Any]):
    """A piece of the list; ``next`` goes into ``after``."""

    data = AgencyLineBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart
    next = serializers.CharField(allow_null=True)


class TradingNameBody(serializers.Serializer[Any]):
    """A trading name."""

    name = serializers.CharField()
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)


class ChannelBody(serializers.Serializer[Any]):
    """An official way to reach the agency."""

    kind = serializers.CharField()
    value = serializers.CharField()
    as_given = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)


class DebarmentBody(serializers.Serializer[Any]):
    """A bar of the agency."""

    first_day = serializers.DateField()
    last_day = serializers.DateField(allow_null=True)
    scope = serializers.CharField()
    grounds = serializers.ListField(child=serializers.CharField())


class FormerBody(serializers.Serializer[Any]):
    """A record of the same firm that was merged into this one; its number leads here."""

    number = serializers.CharField()
    name = serializers.CharField()


class AgencyBody(AgencyLineBody):
    """An agency with everything that officers of its authority may read."""

    authority = serializers.CharField()
    legal_form = serializers.CharField()
    sole_trader = serializers.BooleanField()
    lei = serializers.CharField()
    tax_number = serializers.CharField()
    incorporated_on = serializers.DateField(allow_null=True)
    address = serializers.CharField()
    linked_to = serializers.ListField(child=serializers.CharField())
    trading_names = TradingNameBody(many=True)
    offices = offices.OfficeBody(many=True)
    channels = ChannelBody(many=True)
    appointments = appointments.AppointmentBody(many=True)
    licences = serializers.ListField(child=serializers.CharField())
    debarments = DebarmentBody(many=True)
    formerly = FormerBody(many=True)


class AgenciesView(door.StaffView):
    """The agencies of the officer's authority."""

    @extend_schema(
        operation_id="staff_agencies",
        summary="Agencies of my authority",
        parameters=[
            OpenApiParameter("after", str, description="the `next` of the page before"),
            OpenApiParameter("limit", int, description="1 to 200, 50 unless told"),
        ],
        responses=AgenciesBody,
    )
    def get(self, request: Request) -> Response:
        """List them by number."""
        asked = door.parameters(request, after=reading.Text(), limit=_LIMIT)
        by, limit = door.actor(request), asked["limit"] or 50
        page = readings.agencies(by=by, at=clock.now(), through="api", after=asked["after"], limit=limit)
        return door.answer(AgenciesBody({"data": page.data, "next": page.next}).data)

    @extend_schema(
        operation_id="staff_register_agency",
        summary="Register an agency",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AgencyInput,
        responses={201: written.WrittenBody},
    )
    def post(self, request: Request) -> Response:
        """Enter an agency for the officer's authority. Nothing of it is public without a licence."""
        key = door.idempotency_key(request)
        sent = door.read(AgencyInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.register(by.authority or "", sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at, place=f"/api/v1/staff/agencies/{made.number}")


class AgencyView(door.StaffView):
    """One agency."""

    @extend_schema(operation_id="staff_agency", summary="An agency", responses=AgencyBody)
    def get(self, request: Request, number: str) -> Response:
        """Read it with all that belongs to it. Its ``ETag`` is the version an amendment expects."""
        door.parameters(request)
        number = written.agency(number)
        found = readings.agency(number, by=door.actor(request), at=clock.now(), through="api")
        return door.answer(AgencyBody(found).data, version=found["version"])

    @extend_schema(
        operation_id="staff_amend_agency",
        summary="Amend an agency",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=AmendmentInput,
        responses=written.RESPONSES,
    )
    def patch(self, request: Request, number: str) -> Response:
        """Change what is sent and nothing else; its licences' public answers follow at once.

        Of an agency that the public reads of, another officer approves it first: 202 with the proposal that waits.
        """
        key = door.idempotency_key(request)
        sent = door.read(AmendmentInput, request)
        version, reason = door.expected_version(request, sent), sent.pop("reason")
        by, at = door.actor(request), clock.now()
        made = agencies.amend(
            written.agency(number),
            sent,
            reason=reason,
            expected_version=version,
            by=by,
            at=at,
            idempotency_key=key,
        )
        return written.answer(made, by=by, at=at, status=200)


class TradingNamesView(door.StaffView):
    """Trading names of one agency."""

    @extend_schema(
        operation_id="staff_add_trading_name",
        summary="Add a trading name",
        parameters=[door.IDEMPOTENCY_KEY],
        request=TradingNameInput,
        responses=written.ENTERED,
    )
    def post(self, request: Request, number: str) -> Response:
        """Add a name under which the agency trades; 202 where another officer must approve it first."""
        key = door.idempotency_key(request)
        sent = door.read(TradingNameInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.add_trading_name(written.agency(number), **sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at)


class ChannelsView(door.StaffView):
    """Official channels of one agency."""

    @extend_schema(
        operation_id="staff_add_channel",
        summary="Add an official channel",
        parameters=[door.IDEMPOTENCY_KEY],
        request=ChannelInput,
        responses=written.ENTERED,
    )
    def post(self, request: Request, number: str) -> Response:
        """Add a telephone number, e-mail address, web domain or social page that is the agency's.

        Of an agency that the public reads of, another officer approves it first: 202 with the proposal that waits.
        """
        key = door.idempotency_key(request)
        sent = door.read(ChannelInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.add_channel(written.agency(number), **sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at)

    @extend_schema(
        operation_id="staff_end_channel",
        summary="End an official channel",
        parameters=[door.IDEMPOTENCY_KEY],
        request=ChannelEndInput,
        responses=written.RESPONSES,
    )
    def patch(self, request: Request, number: str) -> Response:
        """End it on a day; it stays in the history.

        One officer may do that at once, with a second factor not older than five minutes: a hijacked telephone goes
        dark today. A last day before yesterday waits for another officer.
        """
        key = door.idempotency_key(request)
        sent = door.read(ChannelEndInput, request)
        by, at = door.actor(request), clock.now()
        made = agencies.end_channel(written.agency(number), **sent, by=by, at=at, idempotency_key=key)
        return written.answer(made, by=by, at=at, status=200)


class ProposalsOfAgencyView(door.StaffView):
    """Proposals that decide all licences of one agency at once."""

    opens_to_scope: ClassVar[str | None] = "propose"

    @extend_schema(
        operation_id="staff_propose_for_agency",
        summary="Propose a bar or an end for an agency",
        parameters=[door.IDEMPOTENCY_KEY],
        request=steps.StepInput,
        responses={201: steps.ProposalBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Begin a debarment, or a dissolved company's end: it decides all its licences together."""
        key = door.idempotency_key(request)
        sent = door.read(steps.StepInput, request)
        by, at = door.actor(request), clock.now()
        made = licensing.propose_for_agency(
            written.agency(number),
            Action(sent["action"]),
            by=by,
            at=at,
            terms=steps.terms(sent),
            idempotency_key=key,
        )
        body = steps.proposal_body(made, by=by, at=at)
        return door.answer(body, status=201, at=f"/api/v1/staff/proposals/{made.id}")


class FilingsOfAgencyView(door.StaffView):
    """What was filed about all licences of one agency at once."""

    @extend_schema(
        operation_id="staff_file_for_agency",
        summary="Record a filing of an agency",
        parameters=[door.IDEMPOTENCY_KEY],
        request=steps.StepInput,
        responses={201: steps.DecisionBody(many=True)},
    )
    def post(self, request: Request, number: str) -> Response:
        """Record that the holder appeals against a bar; ``refers_to`` names the bar on any of its licences."""
        key = door.idempotency_key(request)
        sent = door.read(steps.StepInput, request)
        made = licensing.decide_all(
            written.agency(number),
            Action(sent["action"]),
            by=door.actor(request),
            at=clock.now(),
            terms=steps.terms(sent),
            idempotency_key=key,
        )
        return door.answer([steps.decision_body(one) for one in made], status=201)


urlpatterns: list[URLPattern] = [
    path("agencies", AgenciesView.as_view()),
    path("agencies/<str:number>", AgencyView.as_view()),
    path("agencies/<str:number>/trading-names", TradingNamesView.as_view()),
    path("agencies/<str:number>/channels", ChannelsView.as_view()),
    path("agencies/<str:number>/proposals", ProposalsOfAgencyView.as_view()),
    path("agencies/<str:number>/filings", FilingsOfAgencyView.as_view()),
]
