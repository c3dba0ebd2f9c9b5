"""Authorities: created by an administrator with a policy set, whose later versions two administrators put in force."""

from datetime import datetime
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.staff import door
from api.staff.fields import Input, Moment, Text, Texts
from registry import agencies, clock, dossier, policies
from registry.policies import PolicyProposalRecord
from registry.rules import second_factor


class AuthorityInput(Input):
    """A licensing authority and the numbers its law leaves open; what is not said keeps its default."""

    code = serializers.RegexField(r"^[A-Z]{2}-[A-Z0-9]{2,8}$", help_text="country and short code: XA-DLA")
    name = Texts(allow_empty=False, help_text="its name in each language (BCP 47)")
    zone = Text(max_length=60, help_text="IANA time zone in which its legal days run")
    languages = serializers.ListField(child=Text(max_length=35), default=lambda: ["en"], max_length=20)
    legal_basis = Text(max_length=1000, default="", allow_blank=True)
    contact = Texts(required=False)
    complaint = Texts(required=False)
    policy = serializers.DictField(default=dict)


class PolicyInput(Input):
    """The next version of a policy set, whole, and from when it has force: from its approval on unless told."""

    policy = serializers.DictField()
    in_force_from = Moment(required=False)


class PolicyDeclineInput(Input):
    """One administrator's no."""

    reason = Text(max_length=4000)


class PolicyFieldBody(serializers.Serializer[Any]):
    """A field of the policy that would become another."""

    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class PolicyProposalBody(serializers.Serializer[Any]):
    """A version of a policy set that waits for another administrator. ``version``: the one it became."""

    number = serializers.IntegerField()
    authority = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "approved", "declined", "expired"])
    policy = serializers.DictField()
    changed = PolicyFieldBody(many=True)
    in_force_from = serializers.DateTimeField(allow_null=True)
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    closed_by = serializers.CharField(allow_blank=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_reason = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(allow_null=True)


class PolicyProposalsBody(serializers.Serializer[Any]):
    """The versions that wait, the one that runs out first at the top."""

    data = PolicyProposalBody(many=True)  # type: ignore[assignment]  # REST framework keeps fields apart


class AuthorityBody(serializers.Serializer[Any]):
    """An authority with the newest version of its policy set."""

    code = serializers.CharField()
    country = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField())
    zone = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    legal_basis = serializers.CharField()
    contact = serializers.DictField()
    complaint = serializers.DictField()
    policy = serializers.DictField(allow_null=True)


class AuthoritiesView(door.StaffView):
    """The authorities of this register."""

    @extend_schema(
        operation_id="staff_create_authority",
        summary="Create an authority",
        parameters=[door.IDEMPOTENCY_KEY],
        request=AuthorityInput,
        responses={201: AuthorityBody},
    )
    def post(self, request: Request) -> Response:
        """Create it with its policy set: an administrator's act, with a fresh second factor."""
        key = door.idempotency_key(request)
        sent = door.read(AuthorityInput, request)
        by, at = door.actor(request), clock.now()
        second_factor.demand(by, at=at)
        code = agencies.create_authority(
            sent.pop("code"), rules=sent.pop("policy"), **sent, by=by, at=at, idempotency_key=key
        )
        return door.answer(dossier.authority(code, at=at), status=201, at=f"/api/v1/staff/authorities/{code}")


class AuthorityView(door.StaffView):
    """One authority."""

    @extend_schema(operation_id="staff_authority", summary="An authority", responses=AuthorityBody)
    def get(self, request: Request, code: str) -> Response:
        """Read it with its policy: all of it is public law."""
        door.parameters(request)
        door.actor(request)
        return door.answer(dossier.authority(code.upper(), at=clock.now()))


class PoliciesView(door.StaffView):
    """The policy set of one authority."""

    @extend_schema(
        operation_id="staff_propose_policy",
        summary="Propose a policy",
        parameters=[door.IDEMPOTENCY_KEY],
        request=PolicyInput,
        responses={202: PolicyProposalBody},
    )
    def post(self, request: Request, code: str) -> Response:
        """Propose the next version, whole; another administrator puts it in force.

        Not from a day in the past; what was decided before stays as it is. Needs a second factor not older than five
        minutes.
        """
        key = door.idempotency_key(request)
        sent = door.read(PolicyInput, request)
        at = clock.now()
        made = policies.propose(
            code.upper(),
            sent["policy"],
            in_force_from=sent.get("in_force_from"),
            by=door.actor(request),
            at=at,
            idempotency_key=key,
        )
        return door.answer(_body(made, at), status=202, at=f"/api/v1/staff/policies/{made.id}")


class PolicyProposalsView(door.StaffView):
    """What waits for a second administrator."""

    @extend_schema(operation_id="staff_policies", summary="Policies that wait", responses=PolicyProposalsBody)
    def get(self, request: Request) -> Response:
        """List the versions that wait in what this administrator administers."""
        door.parameters(request)
        at = clock.now()
        found = policies.waiting(by=door.actor(request), at=at)
        return door.answer({"data": [_body(one, at) for one in found]})


class PolicyProposalView(door.StaffView):
    """One version that waits or waited."""

    @extend_schema(operation_id="staff_policy", summary="A proposed policy", responses=PolicyProposalBody)
    def get(self, request: Request, number: int) -> Response:
        """Read it, whatever has become of it."""
        door.parameters(request)
        return door.answer(_body(policies.proposal(number, by=door.actor(request)), clock.now()))


class PolicyApprovalsView(door.StaffView):
    """The yes of another administrator."""

    @extend_schema(
        operation_id="staff_approve_policy",
        summary="Put a policy in force",
        parameters=[door.IDEMPOTENCY_KEY],
        request=None,
        responses={201: PolicyProposalBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """Put it in force; never its proposer. Needs a second factor not older than five minutes."""
        key = door.idempotency_key(request)
        at = clock.now()
        made = policies.approve(number, by=door.actor(request), at=at, idempotency_key=key)
        return door.answer(_body(made, at), status=201)


class PolicyDeclinesView(door.StaffView):
    """The no of an administrator."""

    @extend_schema(
        operation_id="staff_decline_policy",
        summary="Decline a policy",
        parameters=[door.IDEMPOTENCY_KEY],
        request=PolicyDeclineInput,
        responses={201: PolicyProposalBody},
    )
    def post(self, request: Request, number: int) -> Response:
        """End it without putting it in force; its proposer may withdraw it this way."""
        key = door.idempotency_key(request)
        sent = door.read(PolicyDeclineInput, request)
        at = clock.now()
        made = policies.decline(
            number, reason=sent["reason"], by=door.actor(request), at=at, idempotency_key=key
        )
        return door.answer(_body(made, at), status=201)


def _body(found: PolicyProposalRecord, at: datetime) -> dict[str, Any]:
    """A proposed version as administrators read it at that instant."""
    columns = [{"field": name, "before": was, "after": will} for name, (was, will) in found.changed.items()]
    return {
        "number": found.id,
        "authority": found.authority,
        "state": "expired" if found.state == "open" and found.expires_at <= at else found.state,
        "policy": dict(found.rules),
        "changed": columns,
        "in_force_from": found.in_force_from,
        "proposed_by": found.proposed_by,
        "proposed_at": found.proposed_at,
        "expires_at": found.expires_at,
        "closed_by": found.closed_by,
        "closed_at": found.closed_at,
        "closed_reason": found.closed_reason,
        "version": found.version,
    }


urlpatterns: list[URLPattern] = [
    path("authorities", AuthoritiesView.as_view()),
    path("authorities/<str:code>", AuthorityView.as_view()),
    path("authorities/<str:code>/policies", PoliciesView.as_view()),
    path("policies", PolicyProposalsView.as_view()),
    path("policies/<int:number>", PolicyProposalView.as_view()),
    path("policies/<int:number>/approvals", PolicyApprovalsView.as_view()),
    path("policies/<int:number>/declines", PolicyDeclinesView.as_view()),
]
