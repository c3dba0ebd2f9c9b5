"""Requests of persons to see or correct what is held of them: recorded, answered by two, and what is handed over."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import labels, readings
from api.desk import door, parts
from api.desk import motions as motions_room
from api.desk import screening as screening_room
from api.desk.door import Visit
from api.desk.forms import Form
from api.desk.motions import MotionForm
from api.pages import facts as public_facts
from api.pages import written
from registry import motions, persons, subjects
from registry.rules import days, errors
from registry.rules.lifecycle import M
from registry.rules.motions import Motion
from registry.subjects import RequestRecord

_POST: Final = ("POST",)
KINDS: Final = {
    "access": gettext_noop("to see what is held"),
    "rectification": gettext_noop("to have it corrected"),
}
STATES: Final = {
    "open": gettext_noop("open"),
    "answered": gettext_noop("answered"),
    "refused": gettext_noop("refused"),
}
_DAY: Final[dict[str, Any]] = {
    "widget": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    "input_formats": ["%Y-%m-%d"],
    "error_messages": {"invalid": _("Give a day as year, month and day: 2026-11-22.")},
}


class RequestForm(Form):
    """Who asks, how it is known that they are who they say, and what is asked."""

    button: ClassVar[str | Promise] = _("Record the request")
    kind = forms.ChoiceField(label=_("Asks"), widget=forms.RadioSelect)
    person = forms.CharField(
        label=_("Number of the person"),
        max_length=40,
        required=False,
        help_text=_("Find them under Persons. Empty where nobody of them is on record."),
    )
    asked_by = forms.CharField(label=_("Who asks"), max_length=300)
    identity_check = forms.CharField(
        label=_("How their identity was checked"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    words = forms.CharField(
        label=_("What is asked"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    received_on = forms.DateField(label=_("Received on"), **_DAY)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kinds in the reader's words."""
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, gettext(word)) for code, word in KINDS.items()]  # type: ignore[attr-defined]


class AnswerForm(MotionForm):
    """How it is answered; the corrections where it is to correct."""

    button: ClassVar[str | Promise] = _("Propose this answer")
    field_order = ("answer", "name", "latin_name", "birth_date", "nationality", "document", "reason")
    answer = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), max_length=300, required=False)
    latin_name = forms.CharField(label=_("Name in Latin letters"), max_length=300, required=False)
    birth_date = forms.DateField(label=_("Day of birth"), required=False, **_DAY)
    nationality = forms.CharField(
        label=_("Nationality"), max_length=2, required=False, help_text=_("Two letters (ISO 3166-1).")
    )
    document = forms.CharField(
        label=_("Number of the identity paper"),
        max_length=100,
        required=False,
        help_text=_("Only where it is to be corrected; it is kept as a keyed digest alone."),
    )

    def __init__(self, visit: Visit, one: RequestRecord, held: persons.PersonRecord | None) -> None:
        """Offer what a request of this kind can be answered, and what is held to be corrected."""
        super().__init__(visit)
        self.held = held
        self.fields["answer"].choices = [  # type: ignore[attr-defined]
            (code, gettext(motions_room.ANSWERS[code])) for code in subjects.ANSWERS[one.kind]
        ]
        self.fields["reason"].help_text = _("Of a refusal the grounds, which the person reads.")
        if held is None or one.kind == "access":
            for name in ("name", "latin_name", "birth_date", "nationality", "document"):
                del self.fields[name]
        else:
            for name in ("name", "latin_name", "birth_date", "nationality"):
                self.fields[name].initial = getattr(held, name)

    def clean(self) -> dict[str, Any]:
        """Refuse a year that no calendar of ours has."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("birth_date") is not None and found["birth_date"].year not in days.YEARS:
            self.add_error("birth_date", gettext("The year is out of reach."))
        return found

    def terms(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The answer, and of the columns those that differ from what is held."""
        terms: dict[str, Any] = {"answer": said["answer"]}
        if said["answer"] == "amend" and self.held is not None:
            changes = {
                name: said[name].isoformat() if name == "birth_date" and said[name] else said[name]
                for name in ("name", "latin_name", "birth_date", "nationality")
                if (said[name] or None) != (getattr(self.held, name) or None)
            }
            terms["changes"] = changes | ({"document": said["document"]} if said["document"] else {})
        return terms

    def refuse(self, error: Any) -> None:
        """What is wrong with the corrections in all is said at the answer."""
        if error.facts.get("field") == "changes":
            error.facts["field"] = "answer"
        super().refuse(error)


@door.room(of="desk-requests")
def requests(visit: Visit) -> HttpResponse:
    """The requests that are to be answered, the first at the top."""
    found = readings.requests_open(by=visit.by, at=visit.at, through="desk")
    return visit.page(
        "requests.html",
        gettext("Requests of persons"),
        table=table_of(found, gettext("No request waits for an answer.")),
        may_record=subjects.may_record(visit.by),
    )


def table_of(found: Sequence[RequestRecord], empty: str) -> parts.Table:
    """Requests with their last day."""
    rows = [
        (
            parts.Noted(parts.Day(one.due_on), gettext("overdue") if one.overdue else ""),
            parts.Link(one.asked_by, resolve_url("desk-request", one.id)),
            gettext(KINDS[one.kind]),
            parts.Number(one.person) if one.person else gettext("not on record"),
            gettext(STATES[one.state]),
        )
        for one in found
    ]
    columns = gettext("Last day"), gettext("Who asks"), gettext("Asks"), gettext("Person"), gettext("Stands")
    return parts.Table(gettext("Requests"), columns, rows, empty)


def table_of_those_due(visit: Visit) -> parts.Table | None:
    """The open requests, for the queue of whoever answers them; nothing where there is none."""
    if not subjects.may_record(visit.by):
        return None
    found = readings.requests_open(by=visit.by, at=visit.at, through="desk")
    return table_of(found, "") if found else None


@door.room(*M, methods=_POST)
def new(visit: Visit) -> HttpResponse:
    """Record a request."""
    writing = visit.request.method == "POST"
    about = visit.request.GET.get("person", "")[:40].replace("\x00", "")
    form = (
        RequestForm(visit.request.POST)
        if writing
        else RequestForm(initial={"person": about, "kind": "access"})
    )
    if writing and form.is_valid():
        said = form.cleaned_data
        try:
            made = subjects.record(
                said["kind"],
                person=said["person"].strip().upper(),
                asked_by=said["asked_by"],
                identity_check=said["identity_check"],
                words=said["words"],
                received_on=said["received_on"],
                by=visit.by,
                at=visit.at,
                idempotency_key=form.idempotency_key,
            )
            return visit.go("desk-request", made.id, told=gettext("The request is recorded."))
        except errors.NotAllowed:
            raise
        except errors.RegistryError as refusal:
            form.refuse(refusal)
    return visit.page("form.html", gettext("Record a request"), status=422 if form.errors else 200, form=form)


@door.room(of="desk-requests", methods=_POST)
def one_request(visit: Visit, number: int) -> HttpResponse:
    """One request; an answer to it is proposed here, and what was handed over is fetched."""
    one = readings.request(number, by=visit.by, at=visit.at, through="desk")
    may_answer = motions.may_propose(Motion.ANSWER, by=visit.by)
    answers = one.state == "open" and may_answer
    if visit.request.method == "POST" and not may_answer:
        raise errors.RoleNotAllowed
    held = (
        readings.person(one.person, by=visit.by, at=visit.at, through="desk")
        if answers and one.person
        else None
    )
    form = AnswerForm(visit, one, held) if answers else None
    if form is not None:
        gone = motions_room.proposed(visit, form, Motion.ANSWER, str(number), form.terms)
        if gone is not None:
            return gone
    waiting = readings.motions_waiting(by=visit.by, at=visit.at, through="desk", about=str(number))
    return visit.page(
        "request.html",
        gettext("Request %(number)s") % {"number": number},
        status=422 if form is not None and form.errors else 200,
        one=one,
        state=gettext(STATES[one.state]),
        facts=_facts(one, visit.zone),
        form=form,
        waiting=[(motion.id, gettext(motions_room.NAMES[motion.kind])) for motion in waiting],
    )


def _facts(one: RequestRecord, zone: str) -> parts.Facts:
    person: Any = gettext("not on record")
    if one.person:
        person = parts.Link(parts.Number(one.person), resolve_url("desk-person-file", one.person))
    told = [
        parts.Fact(gettext("Asks"), gettext(KINDS[one.kind])),
        parts.Fact(gettext("Person"), person),
        parts.Fact(gettext("Who asks"), one.asked_by, restricted=True),
        parts.Fact(gettext("How their identity was checked"), one.identity_check, restricted=True),
        parts.Fact(gettext("What is asked"), one.words, restricted=True),
        parts.Fact(gettext("Received on"), parts.Day(one.received_on)),
        parts.Fact(gettext("To be answered by"), parts.Day(one.due_on)),
        parts.Fact(gettext("Recorded by"), parts.officers(one.recorded_by)),
    ]
    if one.closed_at:
        told += [
            parts.Fact(gettext("Answered by"), parts.officers(one.closed_by)),
            parts.Fact(gettext("Answered"), parts.Moment(one.closed_at, zone)),
            parts.Fact(gettext("Reason"), one.closed_reason, restricted=True),
        ]
    return parts.Facts(told)


@door.room(of="desk-requests")
def handed_over(visit: Visit, number: int) -> HttpResponse:
    """What was handed over, to be read and printed."""
    found = readings.handed_over(number, by=visit.by, at=visit.at, through="desk")
    sections = [
        (gettext(name), _told(gettext(name), found[key], visit.zone))
        for key, name in _SECTIONS.items()
        if found.get(key) not in (None, [])
    ]
    return visit.page(
        "handed_over.html",
        gettext("What is held of a person"),
        number=number,
        made_at=parts.Moment(datetime.fromisoformat(found["made_at"]), visit.zone),
        zone=written.zone_name(visit.zone),
        nobody=found["person"] is None,
        sections=sections,
        left_out=[gettext(one) for one in found["left_out"]],
    )


@door.room(of="desk-requests")
def handed_over_json(visit: Visit, number: int) -> HttpResponse:
    """The same as a file."""
    found = readings.handed_over(number, by=visit.by, at=visit.at, through="desk")
    answer = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="request-{number}.json"'
    return answer


_SECTIONS: Final = {
    "person": gettext_noop("The person"),
    "versions": gettext_noop("How the record was before"),
    "appointments": gettext_noop("Appointments"),
    "bars": gettext_noop("Bars"),
    "decisions": gettext_noop("Decisions that name the person"),
    "applications": gettext_noop("Applications that name the person"),
    "screening": gettext_noop("Screening"),
    "requests": gettext_noop("Requests"),
    "reads": gettext_noop("When the restricted record was read"),
}


_NAMES: Final = {
    "number": gettext_noop("Number"),
    "name": gettext_noop("Name"),
    "latin_name": gettext_noop("Name in Latin letters"),
    "birth_date": gettext_noop("Day of birth"),
    "nationality": gettext_noop("Nationality"),
    "identity_paper_held": gettext_noop("Identity paper on record"),
    "at": gettext_noop("When"),
    "agency": gettext_noop("Agency"),
    "agency_name": gettext_noop("Its name"),
    "role": gettext_noop("Acts as"),
    "office": gettext_noop("Office"),
    "first_day": gettext_noop("From"),
    "last_day": gettext_noop("Until"),
    "name_is_public": gettext_noop("The public reads the name"),
    "withheld_because": gettext_noop("Withheld because"),
    "photograph_shown": gettext_noop("The public sees a photograph"),
    "photograph_agreed_on": gettext_noop("The person agreed on"),
    "decided_on": gettext_noop("Decided on"),
    "decided_at": gettext_noop("Decided"),
    "scope": gettext_noop("Keeps from"),
    "grounds": gettext_noop("Grounds"),
    "appeal_until": gettext_noop("Appeal before"),
    "ended_because": gettext_noop("Ended because"),
    "public_until": gettext_noop("Public until"),
    "what": gettext_noop("What"),
    "application": gettext_noop("Application"),
    "submitted_at": gettext_noop("Sent"),
    "said": gettext_noop("What was said"),
    "found_at": gettext_noop("Found"),
    "compared_with": gettext_noop("Compared with"),
    "score": gettext_noop("Points"),
    "reasons": gettext_noop("Because of"),
    "verdict": gettext_noop("Word"),
    "received_on": gettext_noop("Received on"),
    "kind": gettext_noop("Asks"),
    "state": gettext_noop("Stands"),
    "asked": gettext_noop("What is asked"),
    "record": gettext_noop("Record"),
    "fields": gettext_noop("What was read"),
    "through": gettext_noop("Through"),
}
"""What each part of the file is called on paper."""


def _told(caption: str, value: Any, zone: str) -> parts.Part:
    """A section: facts of one record, a table of many."""
    if isinstance(value, dict):
        return parts.Facts(
            [parts.Fact(_name(name), _text(name, value[name], zone)) for name in _ordered(value)]
        )
    names = _ordered({name for row in value for name in row})
    rows = [[_text(name, row.get(name), zone) for name in names] for row in value]
    return parts.Table(caption, [_name(name) for name in names], rows, "")


def _ordered(names: Iterable[str]) -> list[str]:
    """As they are named above, the rest behind: a stored object keeps no order of its own."""
    known = list(_NAMES)
    return sorted(names, key=lambda name: (known.index(name) if name in _NAMES else len(known), name))


def _name(name: str) -> str:
    return gettext(_NAMES[name]) if name in _NAMES else name.replace("_", " ")


def _text(name: str, value: Any, zone: str) -> Any:
    """A value in the reader's words: codes by their meaning, days and instants written out."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Mapping):
        return "; ".join(f"{_name(key)}: {_text(key, one, zone)}" for key, one in value.items() if one)
    if isinstance(value, list):
        return ", ".join(str(_text(name, one, zone)) for one in value)
    return "–" if value in {None, ""} else _written(name, str(value), zone)


def _written(name: str, value: str, zone: str) -> Any:
    """One code, day, instant or text."""
    if name in _WORDS:
        return _WORDS[name](value)
    if _INSTANT.fullmatch(value):
        return parts.Moment(datetime.fromisoformat(value), zone)
    return parts.Day(date.fromisoformat(value)) if _DATE.fullmatch(value) else value


_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_WORDS: Final[Mapping[str, Callable[[str], str]]] = {
    "grounds": lambda code: labels.text("grounds", code, get_language() or "en"),
    "what": lambda code: labels.text("actions", code, get_language() or "en"),
    "role": public_facts.role,
    "scope": lambda code: gettext(motions_room.SCOPES.get(code, code)),
    "ended_because": lambda code: gettext(motions_room.CAUSES.get(code, code)),
    "kind": lambda code: gettext(KINDS.get(code, code)),
    "state": lambda code: gettext(STATES.get(code, code)),
    "reasons": lambda code: gettext(screening_room.REASONS.get(code, code)),
    "asked": str,
    "name": str,
}


urlpatterns: list[URLPattern] = [
    path("requests", requests, name="desk-requests"),
    path("requests/new", new, name="desk-new-request"),
    path("requests/<int:number>", one_request, name="desk-request"),
    path("requests/<int:number>/file", handed_over, name="desk-handed-over"),
    path("requests/<int:number>/file.json", handed_over_json, name="desk-handed-over-json"),
]
