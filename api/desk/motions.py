"""Motions' room: what was moved, by whom and why, and the yes or no of others; here two records become one.

What a motion is about is shown by its kind: a merger as the two records side by side.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import labels, problems, readings
from api.desk import door, law, navigation, parts
from api.desk import screening as screening_room
from api.desk.door import Visit
from api.desk.forms import Deciding
from api.desk.proposals import ApproveForm, DeclineForm
from registry import motions, persons, screening
from registry.motions import MotionRecord
from registry.rules import errors, numbering
from registry.rules.lifecycle import M
from registry.rules.motions import Motion
from registry.screening import sides

_POST: Final = ("POST",)
NAMES: Final = {
    Motion.MERGE: gettext_noop("Make two records one"),
    Motion.BAR: gettext_noop("Bar a person"),
    Motion.END_BAR: gettext_noop("End the bar of a person"),
    Motion.DISMISS_APPEAL: gettext_noop("Dismiss an appeal against a bar"),
    Motion.ANSWER: gettext_noop("Answer a person's request"),
    Motion.PUBLISH_ALERT: gettext_noop("Warn the public"),
    Motion.CORRECT_ALERT: gettext_noop("Correct a warning"),
    Motion.END_ALERT: gettext_noop("Take a warning back"),
}
"""Each kind in words."""
ROUTES: Final = {
    Motion.MERGE: "desk-agency",
    Motion.BAR: "desk-person-file",
    Motion.END_BAR: "desk-person-file",
    Motion.DISMISS_APPEAL: "desk-person-file",
    Motion.ANSWER: "desk-request",
    Motion.PUBLISH_ALERT: "",
    Motion.CORRECT_ALERT: "desk-alert",
    Motion.END_ALERT: "desk-alert",
}
"""Where the page of what a motion of each kind is about lies; empty where there is none before it is taken."""
_OUTCOMES: Final = {
    "approved": _("It was approved and done."),
    "declined": _("It was declined."),
    "expired": _("It ran out before everybody had said yes."),
}


class YesForm(ApproveForm):
    """One officer's yes."""

    version = None  # type: ignore[assignment]  # a motion is checked against what stands, not against a version


class MotionForm(Deciding):
    """What every motion carries: why, and no conflict of interest."""

    button: ClassVar[str | Promise] = _("Propose it")
    reason = forms.CharField(
        label=_("Why"),
        max_length=4000,
        help_text=_("Officers and auditors read it; the public never."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    no_conflict = forms.BooleanField(
        label=_("I have no conflict of interest in this case"),
        error_messages={"required": _("Without this declaration nobody decides.")},
    )


class MergerForm(MotionForm):
    """The record that stays."""

    button: ClassVar[str | Promise] = _("Propose to make them one")
    field_order = ("into", "reason")
    into = forms.CharField(
        label=_("Number of the record that stays"),
        max_length=40,
        help_text=_("This record's number will lead there. Nothing is deleted, and there is no way back."),
    )


@door.room(*M, methods=_POST)
def merge(visit: Visit, number: str) -> HttpResponse:
    """Propose that this record is merged into another of the same firm."""
    number = _agency(number)
    about = readings.agency(number, by=visit.by, at=visit.at, through="desk")
    form = MergerForm(visit)
    if (gone := proposed(visit, form, Motion.MERGE, number, lambda said: {"into": said["into"]})) is not None:
        return gone
    return visit.page(
        "move.html",
        gettext("Make two records one"),
        status=422 if form.errors else 200,
        form=form,
        back=resolve_url("desk-agency", number),
        about=about["legal_name"],
        number=number,
        sentences=[
            gettext(
                "Everything of this record goes to the one that stays: licences, offices, people, channels, bars."
            ),
            gettext(
                "Decisions, sanctions and points are read there too. What was known before stays answerable."
            ),
            gettext("A second officer compares the two records and says yes or no."),
        ],
    )


def proposed(
    visit: Visit, form: MotionForm, kind: Motion, about: str, terms: Callable[[Any], Mapping[str, Any]]
) -> HttpResponse | None:
    """Begin the motion that the form states; ``None`` where the form is to be shown again."""
    if visit.request.method != "POST" or not form.is_valid():
        return None
    try:
        made = motions.propose(
            kind,
            about,
            {**terms(form.cleaned_data), "reason": form.cleaned_data["reason"]},
            by=form.by,
            at=form.at,
            no_conflict=form.cleaned_data["no_conflict"],
            idempotency_key=form.idempotency_key,
        )
    except errors.RoleNotAllowed:
        raise
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        return None
    return visit.go("desk-motion", made.id, told=gettext("Proposed. It waits for another officer."))


@door.room(of="desk-agencies", methods=_POST)
def motion(visit: Visit, number: int) -> HttpResponse:
    """What was moved, what it is about, and who may say yes."""
    found = readings.motion(number, by=visit.by, at=visit.at, through="desk")
    if visit.request.method != "POST":
        return _page(visit, found)
    if found.agreement.is_open(visit.at):  # whoever may not even end it has no word in it
        found.agreement.demand_end(visit.by, at=visit.at)
    if visit.request.POST.get("do") == "decline":
        return _declined(visit, found)
    form = YesForm(visit)
    if not form.is_valid():
        return _page(visit, found, approving=form, status=422)
    try:
        made = motions.approve(
            number,
            by=form.by,
            at=form.at,
            no_conflict=form.cleaned_data["no_conflict"],
            idempotency_key=form.idempotency_key,
        )
    except (errors.NotAllowed, errors.OwnProposal, errors.AlreadyApproved):
        raise
    except errors.RegistryError as refusal:
        form.refuse(refusal)
        status = problems.told(refusal.code, refusal.facts, family=409).status
        now = motions.one(number, by=visit.by)
        return _page(visit, now, approving=form, status=status if status >= 400 else 409)
    if made.state == "approved":
        return visit.go("desk-motion", number, told=gettext("Approved: it is done."))
    told = gettext("Approved. It waits for: %(who)s.") % {"who": law.any_of(made.next_roles)}
    return visit.go("desk-motion", number, told=told)


def _declined(visit: Visit, found: MotionRecord) -> HttpResponse:
    form = DeclineForm(visit.request.POST)
    if form.is_valid():
        try:
            motions.decline(
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
        else:
            return visit.go("desk-motion", found.id, told=gettext("Declined. Nothing was changed."))
    return _page(visit, motions.one(found.id, by=visit.by), declining=form, status=422)


def _page(
    visit: Visit,
    found: MotionRecord,
    *,
    approving: YesForm | None = None,
    declining: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = visit.zone
    is_open = found.agreement.is_open(visit.at)
    mine = found.agreement.is_proposed_by(visit.by)
    may_end = found.agreement.may_end(visit.by, at=visit.at)
    return visit.page(
        "motion.html",
        gettext(NAMES[found.kind]),
        status=status,
        motion=found,
        about=_about(found),
        is_open=is_open,
        outcome="" if is_open else str(_OUTCOMES["expired" if found.state == "open" else found.state]),
        facts=_facts(found, zone),
        reason=found.terms.get("reason", ""),
        mine=mine,
        approving=(approving or YesForm(visit)) if found.agreement.awaits(visit.by, at=visit.at) else None,
        declining=(declining or DeclineForm()) if may_end else None,
        ends_own=gettext("Withdraw") if mine else "",
        waits_for=law.any_of(found.next_roles),
        **_SHOWN[found.kind](visit, found, is_open=is_open, zone=zone),
    )


def _about(found: MotionRecord) -> parts.Part:
    if not ROUTES[found.kind]:
        return parts.Link(found.about, resolve_url("desk-alerts"))
    return parts.Link(parts.Number(found.about), resolve_url(ROUTES[found.kind], found.about))


def _merger(visit: Visit, found: MotionRecord, *, is_open: bool, zone: str) -> dict[str, Any]:  # noqa: ARG001 - as its kin
    """The two records side by side, for whoever reads what screening compares; and which of them stays."""
    into = str(found.terms["into"])
    stated = parts.Facts(
        [
            parts.Fact(
                gettext("Is merged"),
                parts.Link(parts.Number(found.about), resolve_url("desk-agency", found.about)),
            ),
            parts.Fact(gettext("Stays"), parts.Link(parts.Number(into), resolve_url("desk-agency", into))),
        ]
    )
    if not is_open or not visit.by.roles & screening.READERS:
        return {"stated": stated}
    for number in (found.about, into):
        readings.note(number, "screening", by=visit.by, at=visit.at, through="desk")
    one, other = sides.of(found.about), sides.of(into)
    return {
        "stated": stated,
        "sides": [screening_room.heading(one), screening_room.heading(other)],
        "compared": screening_room.compared(one, other),
    }


def _bar(visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """The days, the roles and the grounds of a bar, and the person as on record."""
    said = found.terms
    stated = [
        parts.Fact(
            gettext("From"),
            _day(said["first_day"]) if said["first_day"] else gettext("the day of the last approval"),
        ),
        parts.Fact(gettext("Last day"), _day(said["last_day"]) if said["last_day"] else gettext("for ever")),
        parts.Fact(gettext("Keeps from"), gettext(SCOPES[said["scope"]])),
        parts.Fact(gettext("Grounds"), ", ".join(_ground(one) for one in said["grounds"])),
    ]
    return {"stated": parts.Facts([*_person(visit, found.about), *stated])}


def _end_of_bar(visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """Which bar ends, why, and when."""
    said = found.terms
    stated = [
        parts.Fact(gettext("Bar"), gettext("entry %(number)s") % {"number": said["bar"]}),
        parts.Fact(gettext("Because"), gettext(CAUSES[said["cause"]])),
    ]
    if said["last_day"]:
        stated.append(parts.Fact(gettext("New last day"), _day(said["last_day"])))
    return {"stated": parts.Facts([*_person(visit, found.about), *stated])}


def _dismissal(visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """Which bar stands, and by which order."""
    said = found.terms
    stated = [
        parts.Fact(gettext("Bar"), gettext("entry %(number)s") % {"number": said["bar"]}),
        parts.Fact(gettext("Decided on"), _day(said["decided_on"])),
        parts.Fact(gettext("Order"), said["order_reference"]),
    ]
    return {"stated": parts.Facts([*_person(visit, found.about), *stated])}


def _answer(visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """What is asked and what is to be answered; of a correction what is held beside what it would be."""
    stated = [parts.Fact(gettext("Answer"), gettext(ANSWERS[found.terms["answer"]]))]
    if not visit.by.roles & persons.READERS:
        return {"stated": parts.Facts(stated)}
    one = readings.request(int(found.about), by=visit.by, at=visit.at, through="desk")
    stated = [
        parts.Fact(gettext("Asked by"), one.asked_by, restricted=True),
        parts.Fact(gettext("Identity"), one.identity_check, restricted=True),
        parts.Fact(gettext("What is asked"), one.words, restricted=True),
        parts.Fact(gettext("To be answered by"), parts.Day(one.due_on)),
        *stated,
    ]
    changes = found.terms["changes"]
    if not changes or not one.person:
        return {"stated": parts.Facts(stated)}
    held = readings.person(one.person, by=visit.by, at=visit.at, through="desk")
    rows = [
        (gettext(CORRECTED[column]), _held(held, column), _said(column, value))
        for column, value in changes.items()
    ]
    columns = gettext("What"), gettext("Is held"), gettext("Would be")
    return {
        "stated": parts.Facts(stated),
        "shown": parts.Table(gettext("Corrections"), columns, rows, ""),
    }


def _alert(_visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """All that a warning would say; of a correction beside what it says now."""
    return {"stated": parts.Facts(alert_facts(found.terms))}


def _end_of_alert(_visit: Visit, found: MotionRecord, **_rest: Any) -> dict[str, Any]:
    """Why a warning is taken back."""
    return {
        "stated": parts.Facts([parts.Fact(gettext("Because"), gettext(ALERT_CAUSES[found.terms["cause"]]))])
    }


def alert_facts(said: Mapping[str, Any]) -> list[parts.Fact]:
    """What a warning says, for officers."""
    language = get_language() or "en"
    told: list[tuple[str, Any]] = [
        (gettext("What they do"), labels.text("alerts", said["kind"], language)),
        (gettext("Agency that they pretend to be"), parts.Number(said["agency"]) if said["agency"] else ""),
        (gettext("Names"), ", ".join(said["names"])),
        (gettext("Contacts"), ", ".join(said["contacts"])),
        (gettext("Where they were seen"), said["place"]),
        (gettext("Seen on"), _day(str(said["seen_on"])) if said["seen_on"] else ""),
        (gettext("Grounds"), ", ".join(map(_ground, said["grounds"]))),
        (gettext("Source"), said["source"]),
        *(
            (gettext("What the public reads (%(language)s)") % {"language": code}, text)
            for code, text in said["texts"].items()
        ),
        (gettext("Last day"), _day(str(said["last_day"])) if said["last_day"] else ""),
    ]
    return [parts.Fact(name, value) for name, value in told if value]


def _held(held: persons.PersonRecord, column: str) -> Any:
    if column == "document_hmac":
        return gettext("on record") if held.has_document else gettext("none")
    value = getattr(held, column)
    return parts.Day(value) if column == "birth_date" else value


def _said(column: str, value: Any) -> Any:
    if column == "document_hmac":
        return gettext("another paper") if value else gettext("none")
    return _day(value) if column == "birth_date" and value else value or gettext("none")


def _person(visit: Visit, number: str) -> list[parts.Fact]:
    """Who is meant, for whoever reads persons."""
    told = [parts.Fact(gettext("Person"), parts.Number(number))]
    if visit.by.roles & persons.READERS:
        one = readings.person(number, by=visit.by, at=visit.at, through="desk")
        told.append(parts.Fact(gettext("Name"), parts.Noted(one.name, one.latin_name), restricted=True))
        told.append(
            parts.Fact(gettext("Day of birth"), one.birth_date and parts.Day(one.birth_date), restricted=True)
        )
    return told


def _ground(code: str) -> str:
    return labels.text("grounds", code, get_language() or "en")


def _day(text: str) -> parts.Day:
    return parts.Day(date.fromisoformat(text))


SCOPES: Final = {
    "any_role": gettext_noop("every role"),
    "director": gettext_noop("directing: responsible officer, director, owner"),
    "holder": gettext_noop("owning"),
}
"""What a bar keeps a person from, in words."""
CAUSES: Final = {
    "review": gettext_noop("reviewed: it ends early"),
    "appeal": gettext_noop("the appeal was upheld: it never was"),
    "error": gettext_noop("it was entered in error: it never was"),
}
"""Why a bar ends, in words."""
ALERT_CAUSES: Final = {
    "over": gettext_noop("there is no more need of it"),
    "error": gettext_noop("it was a mistake: nobody should have been warned"),
}
"""Why a warning is taken back, in words."""
ANSWERS: Final = {
    "give": gettext_noop("hand over all that is held"),
    "amend": gettext_noop("correct the record"),
    "refuse": gettext_noop("refuse, with the grounds"),
}
"""The answers to a request, in words."""
CORRECTED: Final = {
    "name": gettext_noop("Name"),
    "latin_name": gettext_noop("Name in Latin letters"),
    "birth_date": gettext_noop("Day of birth"),
    "nationality": gettext_noop("Nationality"),
    "document_hmac": gettext_noop("Identity paper"),
}
"""What of a person can be corrected."""
_SHOWN: Final[Mapping[Motion, Callable[..., dict[str, Any]]]] = {
    Motion.MERGE: _merger,
    Motion.BAR: _bar,
    Motion.END_BAR: _end_of_bar,
    Motion.DISMISS_APPEAL: _dismissal,
    Motion.ANSWER: _answer,
    Motion.PUBLISH_ALERT: _alert,
    Motion.CORRECT_ALERT: _alert,
    Motion.END_ALERT: _end_of_alert,
}


def _facts(found: MotionRecord, zone: str) -> parts.Facts:
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


def table_of_those_that_await(visit: Visit, zone: str) -> parts.Table | None:
    """The motions to which this officer could say yes, for the queue; nothing where there is none."""
    if not visit.by.authority or not visit.by.roles & navigation.READERS:
        return None
    found = readings.motions_waiting(by=visit.by, at=visit.at, through="desk")
    rows = [
        (
            _moment(one.expires_at, zone),
            parts.Link(gettext(NAMES[one.kind]), resolve_url("desk-motion", one.id)),
            parts.Number(one.about) if ROUTES[one.kind] else one.about,
            parts.officers(one.proposed_by),
        )
        for one in found
        if one.agreement.awaits(visit.by, at=visit.at)
    ]
    if not rows:
        return None
    columns = gettext("Runs out"), gettext("Motion"), gettext("About"), gettext("Proposed by")
    return parts.Table(gettext("Motions to approve"), columns, rows, "")


def _agency(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None


urlpatterns: list[URLPattern] = [
    path("motions/<int:number>", motion, name="desk-motion"),
    path("agencies/<str:number>/merge", merge, name="desk-merge"),
]
