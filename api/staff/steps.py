"""What an officer states when a step is taken, and how steps, proposals and decisions look on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from api.staff.fields import Country, Day, Flag, Input, Moment, Text, Texts, Whole
from registry.changes import Change, Kind
from registry.licensing import Decision, ProposalRecord
from registry.rules.duties import Duty
from registry.rules.lifecycle import Action, Actor, Scope, Step, StepTerms

PROPOSAL_STATES = ["open", "approved", "declined", "expired"]
"""How what waits for another officer stands, a motion like a proposal."""

_AMOUNT = r"^\d{1,14}(\.\d{1,4})?$"
_GROUND = r"^[A-Z][A-Z-]{1,40}$"


class ScopeInput(Input):
    """Destination countries and occupations; an empty list means all of them."""

    corridors = serializers.ListField(child=Country(), default=list, max_length=250)
    occupations = serializers.ListField(
        child=serializers.RegexField(r"^[0-9]{1,4}\Z", help_text="ISCO-08, a group or one in it"),
        default=list,
        max_length=500,
    )

    def validate(self, attrs: dict[str, Any]) -> Any:
        """The scope, each entry once and in order."""
        return Scope(
            corridors=tuple(sorted(set(attrs["corridors"]))),
            occupations=tuple(sorted(set(attrs["occupations"]))),
        )


class ConditionInput(Input):
    """A condition of the licence, in the words that the public reads."""

    code = serializers.RegexField(r"^[A-Z0-9][A-Z0-9-]{0,39}$")
    text = Text(max_length=2000)
    due_day = Day(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """The condition as text only, as entries keep it."""
        return {name: str(value) for name, value in attrs.items()}


class TermsInput(Input):
    """Everything that can be stated about a step. Which of it a step needs or takes, ``/actions`` says.

    Days are local days of the authority, both inclusive.
    """

    effective = Moment(required=False, help_text="when the effect begins; without it the step's own rule")
    until = Moment(required=False, help_text="last day, or the instant of the end")
    grounds = serializers.ListField(child=serializers.RegexField(_GROUND), required=False, max_length=20)
    refers_to = Whole(required=False, min_value=1, help_text="sequence number of the entry spoken of")
    first_day = Day(required=False)
    last_day = Day(required=False)
    scope = ScopeInput(required=False)
    cut = ScopeInput(required=False)
    new_recruitment_only = Flag(required=False)
    conditions = ConditionInput(many=True, required=False, max_length=50)  # type: ignore[call-arg]  # of many
    conditions_to_lift = serializers.ListField(child=Text(max_length=2000), required=False, max_length=50)
    provisional = Flag(required=False)
    immediate = Flag(required=False)
    ab_initio = Flag(required=False)
    notice_served_on = Day(required=False)
    order_reference = Text(required=False, max_length=200)
    points = Whole(required=False, min_value=0, max_value=100)
    amount = serializers.RegexField(_AMOUNT, required=False, help_text="decimal text")
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="ISO 4217")
    issuer = Text(required=False)
    texts = Texts(required=False, help_text="public summary in each language (BCP 47)")
    restricted_reasons = Text(required=False, max_length=20_000, help_text="never public")
    permanent = Flag(required=False)
    duty = serializers.ChoiceField(choices=[(one.value, one.value) for one in Duty], required=False)
    under_investigation = Flag(required=False)
    hand_over_plan = Text(required=False, max_length=4000)

    def get_fields(self) -> dict[str, Any]:
        """The fields, ``class`` among them: a word that Python keeps for itself."""
        return super().get_fields() | {
            "class": serializers.RegexField(r"^[A-Z]$", required=False, source="licence_class")
        }


class StepInput(Input):
    """One step: the action, what is stated about it, and the declaration of no conflict."""

    action = serializers.ChoiceField(choices=[(action.value, action.value) for action in Action])
    terms = TermsInput(default=dict)
    no_conflict = Flag(default=False, help_text="I have no conflict of interest in this case")
    expected_version = Whole(
        required=False, min_value=1, help_text="the version that was read, where no If-Match is sent"
    )


def terms(sent: Mapping[str, Any]) -> StepTerms:
    """The terms of a :class:`StepInput` as the register takes them."""
    stated = dict(sent["terms"])
    extra = {name: stated.pop(name) for name in ("under_investigation", "hand_over_plan") if name in stated}
    for name in ("grounds", "conditions", "conditions_to_lift"):
        if name in stated:
            stated[name] = tuple(stated[name])
    return StepTerms(**stated, extra=extra, no_conflict=sent["no_conflict"])


# --- what goes out


class ActionBody(serializers.Serializer[Any]):
    """A step that this officer may begin now. ``how`` is the route: propose, decide or record."""

    action = serializers.CharField()
    step = serializers.CharField()
    how = serializers.ChoiceField(choices=["propose", "decide", "file", "record"])
    summary = serializers.CharField()
    officers = serializers.IntegerField(help_text="how many different officers it takes")
    approvals = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    grounds = serializers.ListField(child=serializers.CharField(), allow_null=True)
    needs = serializers.ListField(child=serializers.CharField())
    takes = serializers.ListField(child=serializers.CharField())
    effect = serializers.CharField()
    notice = serializers.CharField(allow_null=True)
    hearing = serializers.CharField()
    appeal = serializers.CharField(allow_null=True)
    stay = serializers.CharField()
    published = serializers.BooleanField()
    emergency = serializers.BooleanField()


class DecisionBody(serializers.Serializer[Any]):
    """An entry that was made, with the effect and the deadlines that were frozen into it."""

    licence = serializers.CharField()
    sequence = serializers.IntegerField()
    action = serializers.CharField()
    step = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    effective_from = serializers.DateTimeField()
    deadlines = serializers.DictField(child=serializers.CharField())
    state = serializers.CharField()
    version = serializers.IntegerField()
    officers = serializers.ListField(child=serializers.CharField())


class ChangedBody(serializers.Serializer[Any]):
    """A column before and after; of a value that is kept as a digest only that there is one."""

    column = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ChangeBody(serializers.Serializer[Any]):
    """A change of an agency's records. ``record``: its number, or the value of what has no number."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in Kind])
    record = serializers.CharField()
    reason = serializers.CharField()
    columns = ChangedBody(many=True)


class ProposalBody(serializers.Serializer[Any]):
    """A step that waits for officers. ``awaits_me``: the reader may give the next yes.

    ``change`` is what is to change in an agency's records where the action is ``amend_agency``, which is no step of a
    licence.
    """

    number = serializers.IntegerField()
    licence = serializers.CharField(allow_null=True)
    agency = serializers.CharField()
    action = serializers.CharField()
    step = serializers.CharField()
    state = serializers.ChoiceField(choices=PROPOSAL_STATES)
    terms = serializers.DictField()
    change = ChangeBody(allow_null=True)
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    approved_by = serializers.ListField(child=serializers.CharField())
    approvals_needed = serializers.IntegerField()
    next_roles = serializers.ListField(child=serializers.CharField())
    awaits_me = serializers.BooleanField()
    licence_version = serializers.IntegerField(allow_null=True)
    decisions = DecisionBody(many=True)


_HOW = {"filing": "file", "fact": "record"}


def action_body(step: Step) -> dict[str, Any]:
    """A row of the law's table as officers read it."""
    return {
        "action": step.action.value,
        "step": step.code,
        "how": "propose" if step.approvals else _HOW.get(step.kind.value, "decide"),
        "summary": step.summary,
        "officers": step.officers,
        "approvals": [sorted(roles) for roles in step.approvals],
        "grounds": None if step.grounds is None else sorted(step.grounds),
        "needs": sorted(_wire(step.needs)),
        "takes": sorted(_wire(step.optional)),
        "effect": step.effect.value,
        "notice": step.notice,
        "hearing": step.hearing,
        "appeal": step.appeal,
        "stay": step.stay.value,
        "published": step.published,
        "emergency": step.emergency,
    }


def decision_body(made: Decision) -> dict[str, Any]:
    """A decision as officers read it."""
    return {
        "licence": made.number,
        "sequence": made.sequence,
        "action": made.action,
        "step": made.step,
        "recorded_at": made.recorded_at,
        "effective_from": made.effective_from,
        "deadlines": dict(made.deadlines),
        "state": made.state,
        "version": made.version,
        "officers": list(made.officers),
    }


def proposal_body(found: ProposalRecord, *, by: Actor, at: datetime) -> dict[str, Any]:
    """A proposal as this officer reads it at that instant."""
    still_open = found.agreement.is_open(at)
    return {
        "number": found.id,
        "licence": found.licence,
        "agency": found.agency,
        "action": found.action,
        "step": found.step,
        "state": "expired" if found.state == "open" and not still_open else found.state,
        "terms": dict(found.terms),
        "change": _change_body(found.change) if found.change else None,
        "proposed_by": found.proposed_by,
        "proposed_at": found.proposed_at,
        "expires_at": found.expires_at,
        "approved_by": list(found.approved_by),
        "approvals_needed": found.approvals_needed if still_open else 0,
        "next_roles": list(found.next_roles) if still_open else [],
        "awaits_me": found.agreement.awaits(by, at=at),
        "licence_version": found.licence_version or None,
        "decisions": [decision_body(made) for made in found.decisions],
    }


def _change_body(change: Change) -> dict[str, Any]:
    columns = [{"column": name, "before": was, "after": will} for name, (was, will) in change.shown().items()]
    return {
        "kind": change.kind.value,
        "record": change.record,
        "reason": change.reason,
        "columns": columns,
    }


def _wire(names: frozenset[str]) -> set[str]:
    """Names of terms as the wire has them."""
    known = {"licence_class": ("class",), "extra": ("under_investigation", "hand_over_plan")}
    return {said for name in names for said in known.get(name, (name,))}
