"""Proposals: which wait, and the yes or no of the officers they wait for."""

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api import readings
from api.public import reading
from api.staff import door, steps
from api.staff.fields import Flag, Input, Text, Whole
from registry import clock, licensing


class ApprovalInput(Input):
    """One officer's yes."""

    no_conflict = Flag(default=False, help_text="I have no conflict of interest in this case")
    expected_version = Whole(
        required=False,
        min_value=1,
        help_text="the licence's version that was read, where no If-Match is sent",
    )


class DeclineInput(Input):
    """One officer's no."""

    reason = Text(max_length=4000)


class ProposalsBody(serializers.Serializer[Any]):
    """The open proposals, the one that runs out first at the top."""

    data = steps.ProposalBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class ProposalsView(door.StaffView):
    """What waits in the officer's authority."""

    @extend_schema(
        operation_id="staff_proposals",
        summary="What waits",
        parameters=[
            OpenApiParameter("awaits_me", str, enum=["true"], description="only those I may approve")
        ],
        responses=ProposalsBody,
    )
    def get(self, request: Request) -> Response:
        """List the open proposals of the officer's authority."""
        asked = door.parameters(request, awaits_me=reading.Choice(("true",)))
        by, at = door.reader(request), clock.now()
        found = [
            steps.proposal_body(one, by=by, at=at) for one in readings.proposals(by=by, at=at, through="api")
        ]
        return door.answer({"data": [one for one in found if one["awaits_me"] or not asked["awaits_me"]]})


class ProposalView(door.StaffView):
    """One proposal."""

    @extend_schema(operation_id="staff_proposal", summary="A proposal", responses=steps.ProposalBody)
    def get(self, request: Request, number: int) -> Response:
        """Read it, whatever has become of it."""
        door.parameters(request)
        by = door.reader(request)
        found = licensing.proposal(number, by=by)
        at = clock.now()
        readings.agency(found.agency, by=by, at=at, through="api")
        return door.answer(steps.proposal_body(found, by=by, at=at))


class ApprovalsView(door.StaffView):
    """The yes of one officer."""

    @extend_schema(
        operation_id="staff_approve",
        summary="Approve",
        parameters=[door.IDEMPOTENCY_KEY, door.IF_MATCH],
        request=ApprovalInput,
        responses={201: steps.ProposalBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Approve; the last yes that is needed takes the step. Nobody approves their own proposal.

        Needs a second factor not older than five minutes, and the licence's version where a licence is
        decided.
        """
        key = door.idempotency_key(request)
        sent = door.read(ApprovalInput, request)
        by, at = door.actor(request), clock.now()
        of_a_licence = licensing.proposal(number, by=by).licence is not None
        made = licensing.approve(
            number,
            by=by,
            at=at,
            no_conflict=sent["no_conflict"],
            expected_version=door.expected_version(request, sent) if of_a_licence else None,
            idempotency_key=key,
        )
        return door.answer(steps.proposal_body(made, by=by, at=at), status=201)


class DeclinesView(door.StaffView):
    """The no of one officer."""

    @extend_schema(
        operation_id="staff_decline",
        summary="Decline",
        parameters=[door.IDEMPOTENCY_KEY],
        request=DeclineInput,
        responses={201: steps.ProposalBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """End the proposal without taking the step; its proposer may withdraw it this way."""
        key = door.idempotency_key(request)
        sent = door.read(DeclineInput, request)
        by, at = door.actor(request), clock.now()
        made = licensing.decline(number, by=by, at=at, reason=sent["reason"], idempotency_key=key)
        return door.answer(steps.proposal_body(made, by=by, at=at), status=201)


urlpatterns: list[URLPattern] = [
    path("proposals", ProposalsView.as_view()),
    path("proposals/<int:number>", ProposalView.as_view()),
    path("proposals/<int:number>/approvals", ApprovalsView.as_view()),
    path("proposals/<int:number>/declines", DeclinesView.as_view()),
]
