"""Licences for officers: reading them with what is restricted, opening one, and the steps of its life."""

from typing import Any, ClassVar

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import problems, readings
from api.public import reading
from api.staff import door, steps
from api.staff.fields import Input, Text
from registry import clock, dossier, licensing
from registry.rules.lifecycle import STEPS, Action, Kind, State

_STATES = reading.Choice(tuple(state.value for state in State))
_LIMIT = reading.Whole(1, 200, default=50)
_PAGING = [
    OpenApiParameter("after", str, description="the `next` of the page before"),
    OpenApiParameter("limit", int, description="1 to 200, 50 unless told"),
]


class LicenceInput(Input):
    """Whose licence is opened, of which class, and its number in an older register."""

    agency = Text(max_length=40)
    legacy_number = Text(max_length=100, default="", allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """The fields, ``class`` among them: a word that Python keeps for itself."""
        return super().get_fields() | {"class": serializers.RegexField(r"^[A-Z]$", source="licence_class")}


class LicenceLineBody(serializers.Serializer[Any]):
    """A licence in a list."""

    number = serializers.CharField()
    agency = serializers.CharField()
    name = serializers.CharField(required=False)
    state = serializers.CharField()
    may_recruit = serializers.BooleanField(required=False)
    version = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        """The fields, ``class`` among them: a word that Python keeps for itself."""
        return super().get_fields() | {"class": serializers.CharField()}


class LicencesBody(serializers.Serializer[Any]):
    """A piece of the list; ``next`` goes into ``after``."""

    data = LicenceLineBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart
    next = serializers.CharField(allow_null=True)


class LicenceBody(LicenceLineBody):
    """A licence with its standing and all its entries, restricted ones too."""

    legacy_number = serializers.CharField()
    origin = serializers.CharField()
    result = serializers.CharField()
    overlays = serializers.ListField(child=serializers.CharField())
    reasons = serializers.ListField(child=serializers.CharField())
    until = serializers.DateTimeField(allow_null=True)
    terms = serializers.ListField(child=serializers.DictField())
    suspensions = serializers.ListField(child=serializers.DictField())
    entries = serializers.ListField(child=serializers.DictField())


class ActionsBody(serializers.Serializer[Any]):
    """What this officer may begin on this licence now."""

    data = steps.ActionBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart
    version = serializers.IntegerField()


class LicencesView(door.StaffView):
    """The licences of the officer's authority."""

    @extend_schema(
        operation_id="staff_licences",
        summary="Licences of my authority",
        parameters=[*_PAGING, OpenApiParameter("state", str, enum=list(_STATES.words))],
        responses=LicencesBody,
    )
    def get(self, request: Request) -> Response:
        """List them by number."""
        asked = door.parameters(request, after=reading.Text(), limit=_LIMIT, state=_STATES)
        page = dossier.restricted_licences(
            by=door.actor(request),
            at=clock.now(),
            after=asked["after"],
            limit=asked["limit"] or 50,
            state=asked["state"],
        )
        return door.answer({"data": page.data, "next": page.next})

    @extend_schema(
        operation_id="staff_open_licence",
        summary="Open a licence",
        parameters=[door.IDEMPOTENCY_KEY],
        request=LicenceInput,
        responses={201: LicenceLineBody},
    )
    def post(self, request: Request) -> Response:
        """Give an agency's new licence its number. It waits to be granted; nothing is public yet."""
        key = door.idempotency_key(request)
        sent = door.read(LicenceInput, request)
        made = licensing.open_licence(
            sent["agency"],
            sent["licence_class"],
            legacy_number=sent["legacy_number"],
            by=door.actor(request),
            at=clock.now(),
            idempotency_key=key,
        )
        body = {
            "number": made.number,
            "agency": made.agency,
            "class": made.licence_class,
            "state": made.state,
            "version": made.version,
        }
        return door.answer(body, status=201, version=made.version, at=f"/api/v1/staff/licences/{made.number}")


class LicenceView(door.StaffView):
    """One licence."""

    @extend_schema(operation_id="staff_licence", summary="A licence", responses=LicenceBody)
    def get(self, request: Request, number: str) -> Response:
        """Read it with all entries. Its ``ETag`` is the version that a step on it expects."""
        door.parameters(request)
        number = door.canonical(number)
        found = readings.licence(number, by=door.actor(request), at=clock.now(), through="api")
        return door.answer(found, version=found["version"])


class ActionsView(door.StaffView):
    """What may be done with one licence."""

    @extend_schema(operation_id="staff_actions", summary="Steps open to me", responses=ActionsBody)
    def get(self, request: Request, number: str) -> Response:
        """List the steps that the law's table allows this officer to begin now, with what each needs."""
        door.parameters(request)
        by, at, number = door.actor(request), clock.now(), door.canonical(number)
        found = licensing.open_actions(number, by=by, at=at)
        version = dossier.restricted_licence(number, by=by, at=at)["version"]
        body = {"data": [steps.action_body(step) for step in found], "version": version}
        return door.answer(body, version=version)


class ProposalsOfLicenceView(door.StaffView):
    """Proposals for one licence."""

    opens_to_scope = "propose"

    @extend_schema(
        operation_id="staff_propose",
        summary="Propose a step",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=steps.StepInput,
        responses={201: steps.ProposalBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Begin a step that needs further officers; it is checked as if it were taken now."""
        key = door.idempotency_key(request)
        sent = door.read(steps.StepInput, request)
        by, at = door.actor(request), clock.now()
        made = licensing.propose(
            door.canonical(number),
            Action(sent["action"]),
            by=by,
            at=at,
            terms=steps.terms(sent),
            expected_version=door.expected_version(request, sent),
            idempotency_key=key,
        )
        body = steps.proposal_body(made, by=by, at=at)
        return door.answer(body, status=201, at=f"/api/v1/staff/proposals/{made.id}")


class _OneOfficerView(door.StaffView):
    """Steps of one kind that one officer takes alone."""

    kinds: ClassVar[frozenset[Kind]]

    def _take(self, request: Request, number: str) -> Response:
        key = door.idempotency_key(request)
        sent = door.read(steps.StepInput, request)
        action = Action(sent["action"])
        step = STEPS.get(action)
        if step is not None and not step.approvals and step.kind not in self.kinds:
            raise problems.Refusal(
                "step.other_route", action=action.value, how=steps.action_body(step)["how"]
            )
        made = licensing.decide(
            door.canonical(number),
            action,
            by=door.actor(request),
            at=clock.now(),
            terms=steps.terms(sent),
            expected_version=door.expected_version(request, sent),
            idempotency_key=key,
        )
        return door.answer(
            steps.decision_body(made),
            status=201,
            version=made.version,
            at=f"/api/v1/staff/licences/{made.number}",
        )


class DecisionsView(_OneOfficerView):
    """Decisions that one officer takes alone: emergencies and their ratification."""

    kinds = frozenset({Kind.DECISION, Kind.ORDER, Kind.CORRECTION})

    @extend_schema(
        operation_id="staff_decide",
        summary="Decide alone",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=steps.StepInput,
        responses={201: steps.DecisionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Take a step that one officer may take alone; needs a second factor not older than five minutes."""
        return self._take(request, number)


class FilingsView(_OneOfficerView):
    """What the holder filed: a renewal, an appeal."""

    kinds = frozenset({Kind.FILING})

    @extend_schema(
        operation_id="staff_file",
        summary="Record a filing",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=steps.StepInput,
        responses={201: steps.DecisionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Record that the holder filed a renewal or an appeal."""
        return self._take(request, number)


class FactsView(_OneOfficerView):
    """What happened: a security confirmed or drawn."""

    kinds = frozenset({Kind.FACT})

    @extend_schema(
        operation_id="staff_record_fact",
        summary="Record a fact",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=steps.StepInput,
        responses={201: steps.DecisionBody},
    )
    def post(self, request: Request, number: str) -> Response:
        """Record that a security was confirmed with its issuer, or drawn on."""
        return self._take(request, number)


urlpatterns: list[URLPattern] = [
    path("licences", LicencesView.as_view()),
    path("licences/<str:number>", LicenceView.as_view()),
    path("licences/<str:number>/actions", ActionsView.as_view()),
    path("licences/<str:number>/proposals", ProposalsOfLicenceView.as_view()),
    path("licences/<str:number>/decisions", DecisionsView.as_view()),
    path("licences/<str:number>/filings", FilingsView.as_view()),
    path("licences/<str:number>/facts", FactsView.as_view()),
]
