"""A proposal's room: what was proposed, by whom and why, what it would change, and the yes or no of another officer."""

from datetime import date, datetime
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import problems, readings
from api.desk import door, law, parts, previews, refusals, terms, versions
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from registry import agencies, licensing, outlook
from registry.changes import Change, Kind
from registry.licensing import ProposalRecord
from registry.outlook import Outlook
from registry.retrospect import Changed
from registry.rules import errors, publication
from registry.rules.lifecycle import STEPS, Action

_POST: Final = ("POST",)
_DAYS: Final = frozenset({"first_day", "last_day", "birth_date", "incorporated_on", "photograph_agreed_on"})
_MODELS: Final = {
    Kind.AGENCY: ("Agency",),
    Kind.TRADING_NAME: ("TradingName",),
    Kind.CHANNEL: ("Channel",),
    Kind.END_CHANNEL: ("Channel",),
    Kind.OFFICE: ("Office",),
    Kind.AMEND_OFFICE: ("Office",),
    Kind.APPOINTMENT: ("Appointment", "Person"),
    Kind.END_APPOINTMENT: ("Appointment",),
    Kind.PHOTOGRAPH: ("Appointment",),
}
_OUTCOMES: Final = {
    "approved": _("It was approved and taken."),
    "declined": _("It was declined."),
    "expired": _("It ran out before everybody had said yes."),
}


class ApproveForm(Deciding):
    """One officer's yes."""

    button: ClassVar[str | Promise] = _("Approve")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    no_conflict = forms.BooleanField(
        label=_("I have no conflict of interest in this case"),
        error_messages={"required": _("Without this declaration nobody decides.")},
    )


class DeclineForm(Form):
    """One officer's no, or the proposer's own withdrawal."""

    button: ClassVar[str | Promise] = _("Decline")
    draft: ClassVar[str] = "decline"
    reason = forms.CharField(
        label=_("Why"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why; the proposer reads it.")},
    )


@door.room(of="desk-agencies", methods=_POST)
def proposal(visit: Visit, number: int) -> HttpResponse:
    """What is proposed, what it would change, and who may say yes."""
    found = _readable(visit, number)
    if visit.request.method != "POST":
        return _page(visit, found)
    if visit.request.POST.get("do") == "decline":
        return _declined(visit, found)
    return _approved(visit, found)


def _approved(visit: Visit, found: ProposalRecord) -> HttpResponse:
    form = ApproveForm(visit)
    if not form.is_valid():
        return _page(visit, found, approving=form, status=422)
    try:
        made = licensing.approve(
            found.id,
            by=form.by,
            at=form.at,
            no_conflict=form.cleaned_data["no_conflict"],
            expected_version=form.cleaned_data.get("version") if found.licence else None,
            idempotency_key=form.idempotency_key,
        )
    except (errors.NotAllowed, errors.OwnProposal, errors.AlreadyApproved):
        raise
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        status = problems.told(refusal.code, refusal.facts, family=409).status
        return _page(visit, licensing.proposal(found.id), approving=form, status=status)
    if made.state == "approved":
        told = gettext("Approved: the step is taken and published.")
        if made.change:
            told = gettext("Approved: the records are changed and published.")
        return _back(visit, made, told)
    told = gettext("Approved. It waits for: %(who)s.") % {"who": law.any_of(made.next_roles)}
    return visit.go("desk-proposal", made.id, told=told)


def _declined(visit: Visit, found: ProposalRecord) -> HttpResponse:
    form = DeclineForm(visit.request.POST)
    if not form.is_valid():
        return _page(visit, found, declining=form, status=422)
    try:
        licensing.decline(
            found.id,
            by=visit.by,
            at=visit.at,
            reason=form.cleaned_data["reason"],
            idempotency_key=form.idempotency_key,
        )
    except errors.NotAllowed:
        raise
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        status = problems.told(refusal.code, refusal.facts, family=409).status
        return _page(visit, licensing.proposal(found.id), declining=form, status=status)
    return _back(visit, found, gettext("Declined. Nothing was changed."))


def _back(visit: Visit, found: ProposalRecord, told: str) -> HttpResponse:
    if found.licence:
        return visit.go("desk-licence", found.licence, told=told)
    return visit.go("desk-agency", found.agency, told=told)


def _readable(visit: Visit, number: int) -> ProposalRecord:
    """The proposal, when it is of the officer's authority; reading it is a read of its agency."""
    found = licensing.proposal(number, by=visit.by)
    readings.agency(found.agency, by=visit.by, at=visit.at, through="desk")
    return found


def _page(
    visit: Visit,
    found: ProposalRecord,
    *,
    approving: ApproveForm | None = None,
    declining: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = visit.zone
    step, agreement = STEPS.get(Action(found.action)), found.agreement
    is_open = agreement.is_open(visit.at)
    outlooks, overtaken = _outlooks(visit, found) if is_open else ((), "")
    mine = agreement.is_proposed_by(visit.by)
    awaits = agreement.awaits(visit.by, at=visit.at)
    version, changed = _version(visit, found)
    if awaits and approving is None and not overtaken:
        approving = ApproveForm(visit)
        approving.initial = {"version": version}
    title = law.proposed(found)
    texts = dict(found.terms.get("texts") or {})
    return visit.page(
        "proposal.html",
        title,
        status=status,
        proposal=found,
        is_open=is_open,
        outcome=_outcome(found, is_open=is_open),
        facts=_facts(found, zone),
        stated=None if found.change else parts.Facts(terms.told(found.terms, zone)),
        change=_difference(found.change, zone) if found.change else None,
        previews=[previews.of(one, texts, published=step.published) for one in outlooks if step],
        overtaken=overtaken,
        changed=is_open and changed,
        mine=mine,
        awaits=awaits,
        approving=approving if awaits else None,
        declining=(declining or DeclineForm()) if agreement.may_end(visit.by, at=visit.at) else None,
        ends_own=gettext("Withdraw") if mine else "",
        danger=step is not None and step.sanction is not None,
        waits_for=law.any_of(found.next_roles),
    )


def _outlooks(visit: Visit, found: ProposalRecord) -> tuple[tuple[Outlook, ...], str]:
    """What it would change now; or the sentence for which it can not be taken any more."""
    if found.change:
        late = agencies.overtaken(found.change, found.agency)
        return (), gettext("What it speaks of has been changed since it was proposed.") if late else ""
    try:
        return outlook.of_proposal(found.id, by=visit.by, at=visit.at), ""
    except (errors.NotFound, errors.OutsideAuthority):
        raise
    except errors.RegistryError as refusal:
        return (), refusals.sentence(refusal)


def _version(visit: Visit, found: ProposalRecord) -> tuple[int | None, bool]:
    """The licence's version now, and whether it is another than when the step was proposed."""
    if found.licence is None:
        return None, False
    now = readings.licence(found.licence, by=visit.by, at=visit.at, through="desk")["version"]
    return now, now != found.licence_version


def _difference(change: Change, zone: str) -> parts.Table:
    """What the change would make of the record, column by column."""
    model = _MODELS[change.kind]
    return versions.difference(
        [
            Changed(
                name, _told(name, was, zone), _told(name, will, zone), _restricted(model, name), erased=False
            )
            for name, (was, will) in change.shown().items()
        ],
        zone,
    )


def _told(name: str, value: Any, zone: str) -> Any:
    """A value of a change, its days written out."""
    if not value or not isinstance(value, str):
        return value
    if name == "verified_at":
        return _moment(datetime.fromisoformat(value), zone)
    return date.fromisoformat(value) if name in _DAYS else value


def _restricted(models: tuple[str, ...], column: str) -> bool:
    """Whether the public never reads the column."""
    held = next(model for model in models if column in publication.FIELDS[model])
    return publication.audience(held, column) != publication.P


def _outcome(found: ProposalRecord, *, is_open: bool) -> str:
    if is_open:
        return ""
    return str(_OUTCOMES["expired" if found.state == "open" else found.state])


def _facts(found: ProposalRecord, zone: str) -> parts.Facts:
    told: list[tuple[str, Any]] = [
        (gettext("Number"), str(found.id)),
        (gettext("Proposed by"), parts.officers(found.proposed_by)),
        (gettext("Proposed"), _moment(found.proposed_at, zone)),
        (gettext("Runs out"), _moment(found.expires_at, zone)),
        (gettext("Approved by"), parts.officers(*found.approved_by) or gettext("nobody yet")),
        (gettext("Officers in all"), str(found.agreement.officers)),
    ]
    if found.closed_by:
        told += [
            (gettext("Ended by"), parts.officers(found.closed_by)),
            (gettext("Ended"), _moment(found.closed_at, zone)),
        ]
    if found.closed_reason:
        told.append((gettext("Reason"), found.closed_reason))
    return parts.Facts([parts.Fact(name, value) for name, value in told])


def _moment(at: datetime | None, zone: str) -> parts.Moment:
    return parts.Moment(at, zone)


urlpatterns: list[URLPattern] = [path("proposals/<int:number>", proposal, name="desk-proposal")]
