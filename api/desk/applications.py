"""Applications to the officer's authority: the list by legal date, one with all that was said, and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final, cast

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from api import applications as words
from api import documents, labels, readings
from api.desk import door, letters, parts, screening
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.pages import written
from registry.admission import officers, reading
from registry.admission.reading import Dossier, Happened
from registry.rules import applying, numbering, particulars
from registry.rules.applying import Action, State
from registry.rules.errors import ApplicationNotFound, RegistryError, RoleNotAllowed

_POST: Final = ("POST",)
_LETTER: Final = forms.Textarea(attrs={"rows": 10})


class StepForm(Form):
    """A step that one officer takes on the way; nothing is decided by it."""

    draft: ClassVar[str] = "step"

    def __init__(self, visit: Visit) -> None:
        """Take what was sent by ``visit`` when it writes, else begin anew."""
        self.visit = visit
        super().__init__(visit.request.POST if visit.request.method == "POST" else None)


class Decision(Deciding):
    """A step that decides, or proposes to: with the declaration and the second factor."""

    draft: ClassVar[str] = "step"
    no_conflict = forms.BooleanField(
        label=_("I have no conflict of interest in this matter"),
        error_messages={"required": _("Declare it, or leave the decision to somebody else.")},
    )


class LetterForm(StepForm):
    """A letter to the applicant."""

    letter = forms.CharField(
        label=_("Letter to the applicant"), max_length=officers.LONGEST_LETTER, widget=_LETTER,
        help_text=_("The applicant reads it as it stands here."),
    )  # fmt: skip


class ReasonForm(StepForm):
    """Why."""

    reason = forms.CharField(label=_("Why"), max_length=officers.LONGEST_LETTER, widget=forms.Textarea)


class OrderForm(StepForm):
    """When the premises are inspected."""

    on = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The applicant is told by e-mail. Leave it empty where inspectors come unannounced."),
    )  # fmt: skip


class InspectionForm(StepForm):
    """What two inspectors found."""

    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    inspectors = forms.CharField(
        label=_("Inspectors"), max_length=400, help_text=_("Their numbers, two or more, with commas between.")
    )
    premises = forms.CharField(label=_("Premises"), max_length=1000)
    points = forms.IntegerField(
        label=_("Points of the findings"), min_value=0, max_value=1000,
        help_text=_("Minor 2, major 8, critical 30 each. Thirty or more and no licence can be granted."),
    )  # fmt: skip
    report = forms.CharField(label=_("Report"), max_length=officers.LONGEST_LETTER, widget=_LETTER)

    def said(self) -> dict[str, Any]:
        """The inspectors one by one."""
        return self.cleaned_data | {
            "inspectors": self.cleaned_data["inspectors"].replace(";", ",").split(",")
        }


class ProposeRefusalForm(Decision):
    """On which grounds, and the letter that a second officer reads before it is served."""

    grounds = forms.MultipleChoiceField(label=_("Grounds"), widget=forms.CheckboxSelectMultiple)
    letter = forms.CharField(
        label=_("Letter to the applicant"), max_length=officers.LONGEST_LETTER, widget=_LETTER,
        help_text=_("What was found, and that the applicant may answer. It is served when a second officer agrees."),
    )  # fmt: skip

    def __init__(self, visit: Visit) -> None:
        """Offer the grounds that the law names."""
        super().__init__(visit)
        language = get_language() or "en"
        offered = [
            (code, labels.text("grounds", code, language)) for code in sorted(applying.REFUSAL_GROUNDS)
        ]
        self.fields["grounds"].choices = offered  # type: ignore[attr-defined]


class RefuseForm(Decision):
    """The reasons that are served with the refusal."""

    letter = forms.CharField(
        label=_("Reasons, served on the applicant"), max_length=officers.LONGEST_LETTER, widget=_LETTER
    )  # fmt: skip


class ProposeGrantForm(Decision):
    """The term, and conditions if there are any."""

    first_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    conditions = forms.CharField(
        label=_("Conditions"), required=False, max_length=4000, widget=forms.Textarea,
        help_text=_("One in a line. The public reads them."),
    )  # fmt: skip


class FeeForm(StepForm):
    """That the fee was paid."""

    on = forms.DateField(label=_("Paid on"), widget=forms.DateInput(attrs={"type": "date"}))
    reference = forms.CharField(
        label=_("Reference"), max_length=200, help_text=_("Of the receipt or of the bank's statement.")
    )


class AppealForm(StepForm):
    """An appeal that came another way than by the applicant's page."""

    on = forms.DateField(label=_("Received on"), widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(label=_("What it says"), max_length=officers.LONGEST_LETTER, widget=_LETTER)


class OutcomeForm(Decision):
    """What the appeals body ordered."""

    outcome = forms.ChoiceField(label=_("The appeal is"), widget=forms.RadioSelect)
    order_reference = forms.CharField(label=_("Reference of the order"), max_length=200)
    letter = forms.CharField(
        label=_("Reasons, served on the applicant"), max_length=officers.LONGEST_LETTER, widget=_LETTER,
        help_text=_("The applicant reads them when a second officer has confirmed the outcome."),
    )  # fmt: skip

    def __init__(self, visit: Visit) -> None:
        """Offer both outcomes."""
        super().__init__(visit)
        self.fields["outcome"].choices = [(code, gettext(text)) for code, text in words.OUTCOMES.items()]  # type: ignore[attr-defined]


_FORMS: Final[Mapping[Action, type[StepForm | Decision]]] = {
    Action.ASK: LetterForm,
    Action.REVIEW: StepForm,
    Action.ORDER_INSPECTION: OrderForm,
    Action.RECORD_INSPECTION: InspectionForm,
    Action.CALL_FOR_OBJECTIONS: StepForm,
    Action.PROPOSE_REFUSAL: ProposeRefusalForm,
    Action.SERVE_NOTICE: Decision,
    Action.REFUSE: RefuseForm,
    Action.PROPOSE_GRANT: ProposeGrantForm,
    Action.GRANT: Decision,
    Action.TAKE_BACK: ReasonForm,
    Action.RECORD_FEE: FeeForm,
    Action.RECORD_APPEAL: AppealForm,
    Action.RECORD_OUTCOME: OutcomeForm,
    Action.ALLOW_APPEAL: Decision,
    Action.DISMISS_APPEAL: Decision,
}
_DANGER: Final = frozenset({Action.REFUSE, Action.DISMISS_APPEAL})
#: Steps that lead on to a grant; they stand first.
_ONWARD: Final = frozenset(
    {
        Action.REVIEW,
        Action.RECORD_INSPECTION,
        Action.CALL_FOR_OBJECTIONS,
        Action.PROPOSE_GRANT,
        Action.GRANT,
        Action.SERVE_NOTICE,
        Action.RECORD_FEE,
    }
)
_FRAMEWORK: Final = frozenset({"key", "code", "no_conflict"})


@dataclass(frozen=True, slots=True)
class Choice:
    """A step of the page: what its button says, what it does, and why it is not open."""

    text: str
    summary: str
    href: str = ""
    why: str = ""


@door.room(of="desk-applications")
def applications(visit: Visit) -> HttpResponse:
    """The applications by their next legal date; one state alone when asked."""
    state = visit.request.GET.get("state", "")
    state = state if state in set(State) - {State.DRAFT} else ""
    after = visit.request.GET.get("after", "")[:60]
    lines, further = readings.applications(by=visit.by, at=visit.at, through="desk", state=state, after=after)
    here = resolve_url("desk-applications")
    counts = reading.counts(by=visit.by)
    filters = [
        {
            "text": words.state(one.value),
            "count": counts[one.value],
            "href": f"{here}?{urlencode({'state': one.value})}",
            "current": one.value == state,
        }
        for one in State
        if counts.get(one.value)
    ]
    kept = {"state": state} if state else {}
    rows = [
        (
            _due(one),
            parts.Link(
                one.name or gettext("no name"), resolve_url("desk-application", one.number), one.number
            ),
            words.said(words.KINDS, one.kind),
            one.licence_class,
            words.state(one.state),
            parts.Moment(one.submitted_at, one.zone),
        )
        for one in lines
    ]
    table = parts.Table(
        gettext("Applications"),
        (
            gettext("Next date"),
            gettext("Applicant"),
            gettext("For"),
            gettext("Class"),
            gettext("Stands"),
            gettext("Sent"),
        ),
        rows,
        gettext("No application is waiting."),
        pages=parts.Pages(
            following=f"{here}?{urlencode({**kept, 'after': further})}" if further else "",
            first=f"{here}?{urlencode(kept)}" if after else "",
        ),
    )  # fmt: skip
    return visit.page(
        "applications.html", gettext("Applications"), table=table, filters=filters, all=here, state=state
    )


@door.room(of="desk-applications")
def application(visit: Visit, number: str) -> HttpResponse:
    """One application: where it stands, what it says, what happened, and the steps open to this officer."""
    found = readings.application(_canonical(number), by=visit.by, at=visit.at, through="desk")
    return visit.page(
        "application.html",
        found.line.name or found.line.number,
        stands=_stands(visit, found),
        mails=letters.mails_about(found.line.number, found.zone),
        **_shown(found),
    )


@door.room(of="desk-applications", methods=_POST)
def step(visit: Visit, number: str, action: str) -> HttpResponse:
    """Take a step; its form asks for what the law needs."""
    number = _canonical(number)
    if action not in set(Action) or Action(action) not in _FORMS:
        return door.nothing_here(visit.request)
    asked = Action(action)
    found = readings.application(number, by=visit.by, at=visit.at, through="desk")
    if not officers.may_take(asked, by=visit.by):
        raise RoleNotAllowed("this role may not take the step")
    form = _FORMS[asked](visit)
    if visit.request.method == "POST" and form.is_valid():
        said = form.said() if isinstance(form, InspectionForm) else form.cleaned_data
        deciding = isinstance(form, Decision)
        try:
            officers.take(
                number,
                asked,
                by=form.by if isinstance(form, Decision) else visit.by,
                at=form.at if isinstance(form, Decision) else visit.at,
                said={name: value for name, value in said.items() if name not in _FRAMEWORK},
                no_conflict=deciding and bool(form.cleaned_data.get("no_conflict")),
                idempotency_key=form.idempotency_key,
            )
            return visit.go("desk-application", number, told=words.said(words.ACTIONS, asked.value))
        except RegistryError as refusal:
            form.refuse(refusal)
    return visit.page(
        "application_step.html",
        words.said(words.STEPS, asked.value),
        status=422 if form.errors else 200,
        form=form,
        button=words.said(words.STEPS, asked.value),
        summary=words.said(words.SUMMARIES, asked.value),
        danger=asked in _DANGER,
        proposal=_proposal(found, asked),
        **_shown(found),
    )


@door.room(of="desk-applications")
def paper(visit: Visit, number: str, reference: str) -> HttpResponse:
    """A document of an application, as an attachment."""
    held = readings.paper(reference, number=_canonical(number), by=visit.by, at=visit.at, through="desk")
    answer = documents.hand_out(held.stored_as, name=held.name, media_type=held.media_type)
    return cast("HttpResponse", answer)


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.APPLICATION)
    except (numbering.NotOurs, numbering.Mistyped):
        raise ApplicationNotFound from None


def _shown(found: Dossier) -> dict[str, Any]:
    """What both pages show of an application."""
    number = found.line.number
    return {
        "number": number,
        "state": words.state(found.standing.state.value),
        "since": parts.Moment(found.standing.since, found.zone),
        "due": _due(found.line),
        "licence": found.licence,
        "agency": found.agency,
        "ended": found.standing.state in applying.ENDED and not found.steps,
        "steps": [
            Choice(
                words.said(words.STEPS, one.action.value), words.said(words.SUMMARIES, one.action.value),
                href=resolve_url("desk-application-step", number, one.action.value),
            )
            for one in sorted(found.steps, key=lambda one: one.action not in _ONWARD)
        ],
        "hindered": [
            Choice(words.said(words.STEPS, one.action.value), "", why=words.said(words.WHY_NOT, why))
            for one, why in found.hindered
        ],
        "checks": _checks(found),
        "sections": _sections(found),
        "papers": _papers(found),
        "screening": _screening(found),
        "story": [_told(one, found.zone) for one in reversed(found.happened)],
    }  # fmt: skip


def _stands(visit: Visit, found: Dossier) -> dict[str, Any] | None:
    """How the licence stands that was granted, or is to be renewed, and why."""
    if not found.licence:
        return None
    held = readings.licence(found.licence, by=visit.by, at=visit.at, through="desk")
    language = get_language() or "en"
    return {
        "standing": parts.Standing(held["result"], held["state"]),
        "reasons": [labels.text("reasons", code, language) for code in held["reasons"]],
    }


def _due(line: reading.Line) -> Any:
    if line.due is None:
        return gettext("no date set")
    return parts.LastDay(words.said(words.DUE, line.due_for), line.due, line.zone)


def _checks(found: Dossier) -> parts.Facts:
    """What must stand before a grant, and whether it does."""
    now = found.standing
    inspected = (
        gettext("%(n)s points") % {"n": now.inspection_points} if now.inspected else gettext("not yet")
    )
    objections = sum(one.action == "object" for one in found.happened)
    screened = gettext("%(n)s points") % {"n": now.score} if now.screened else gettext("not yet")
    paid = found.fee if now.fee_paid else gettext("%(fee)s, not paid yet") % {"fee": found.fee}
    called = written.last_day(now.called_until, found.zone) if now.called_until else gettext("not yet")
    return parts.Facts(
        (
            parts.Fact(gettext("Screening"), screened, True),
            parts.Fact(gettext("Inspection"), inspected, True),
            parts.Fact(gettext("Objections until"), called),
            parts.Fact(gettext("Objections"), str(objections), True),
            *([parts.Fact(gettext("Fee"), paid)] if found.fee else []),
            parts.Fact(gettext("Security needed"), gettext("yes") if found.secured else gettext("no")),
        )
    )  # fmt: skip


def _sections(found: Dossier) -> list[dict[str, Any]]:
    told = []
    for section in particulars.SECTIONS:
        content = found.content.get(section)
        if section in particulars.LISTS:
            rows = [_facts(section, row) for row in content or ()]
        else:
            rows = [_facts(section, content)] if content else []
        if rows:
            told.append({"name": words.said(words.SECTIONS, section), "rows": rows})
    return told


_DAYS: Final = frozenset({"birth_date", "incorporated_on", "until"})


def _facts(section: str, row: Mapping[str, str]) -> parts.Facts:
    facts = []
    for one in particulars.FIELDS[section]:
        value: Any = row.get(one.name, "")
        if one.name == "document_hmac":
            value = gettext("kept as a fingerprint") if value else ""
        elif section == "people" and one.name == "role":
            value = words.said(words.PERSON_ROLES, value)
        elif one.name == "kind":
            value = words.said(words.OFFICE_KINDS | words.SECURITIES, value)
        elif one.name in _DAYS and value:
            value = parts.Day(date.fromisoformat(value))
        facts.append(parts.Fact(gettext(words.FIELDS[one.name][0]), value))
    return parts.Facts(facts)


def _papers(found: Dossier) -> parts.Table:
    rows = [
        (
            parts.Link(one.name, resolve_url("desk-application-paper", found.line.number, one.reference)),
            words.said(words.DOCUMENTS, one.kind),
            written.kilobytes(one.size),
            parts.Moment(one.added_at, found.zone),
        )
        for one in found.papers
    ]
    columns = gettext("Document"), gettext("What it is"), gettext("Size"), gettext("Added")
    return parts.Table(gettext("Documents"), columns, rows, gettext("No document was sent."))


def _screening(found: Dossier) -> parts.Table | None:
    review = next((one for one in reversed(found.happened) if one.action == Action.REVIEW), None)
    if review is None:
        return None
    rows = [
        (match["about"], match["name"], screening.in_words(match["why"]), str(match["score"] or ""),
         match["reference"])
        for match in review.said.get("matches", ())
    ]  # fmt: skip
    columns = (
        gettext("In the application"),
        gettext("May be"),
        gettext("Why"),
        gettext("Points"),
        gettext("Where"),
    )
    return parts.Table(
        gettext("Possible matches"), columns, rows, gettext("Nothing that the register knows is like this.")
    )


def _told(one: Happened, zone: str) -> dict[str, Any]:
    """An event with its words, for the list of what happened."""
    language = get_language() or "en"
    facts: list[tuple[str, Any]] = [
        (words.said(words.DUE, name), written.last_day(datetime.fromisoformat(text), zone))
        for name, text in one.deadlines.items()
    ]
    if on := one.facts.get("on"):
        facts.append((gettext("Day"), parts.Day(date.fromisoformat(on))))
    if inspectors := one.facts.get("inspectors"):
        facts.append((gettext("Inspectors"), written.listed(inspectors)))
    if "points" in one.facts:
        facts.append((gettext("Points"), str(one.facts["points"])))
    if fee := one.facts.get("fee"):
        facts.append((gettext("Fee"), fee))
    if outcome := one.facts.get("outcome"):
        facts.append((gettext("The appeal is"), words.said(words.OUTCOMES, outcome)))
    if reference := one.facts.get("order_reference") or one.said.get("reference"):
        facts.append((gettext("Reference"), reference))
    if grounds := one.facts.get("grounds"):
        facts.append(
            (gettext("Grounds"), written.listed(labels.text("grounds", code, language) for code in grounds))
        )
    if terms := one.facts.get("terms"):
        facts.append((gettext("First day"), parts.Day(date.fromisoformat(terms["first_day"]))))
        facts.append((gettext("Last day"), parts.Day(date.fromisoformat(terms["last_day"]))))
    said = [
        text for name in ("letter", "text", "reason", "premises", "report") if (text := one.said.get(name))
    ]
    if who := written.listed(filter(None, (one.said.get("name"), one.said.get("contact")))):
        facts.append((gettext("From"), who))
    by = {
        "applicant": gettext("applicant"),
        "anybody": gettext("somebody"),
        "clock": gettext("the night's job"),
    }.get(one.by) or parts.officers(one.by)
    return {
        "when": parts.Moment(one.at, zone), "what": words.said(words.ACTIONS, one.action), "by": by, "facts": facts,
        "said": said,
    }  # fmt: skip


def _proposal(found: Dossier, asked: Action) -> dict[str, Any] | None:
    """What a second officer decides on: the proposal, as it was made."""
    of = {
        Action.GRANT: Action.PROPOSE_GRANT,
        Action.SERVE_NOTICE: Action.PROPOSE_REFUSAL,
        Action.REFUSE: Action.PROPOSE_REFUSAL,
        Action.ALLOW_APPEAL: Action.RECORD_OUTCOME,
        Action.DISMISS_APPEAL: Action.RECORD_OUTCOME,
    }.get(asked)
    made = next((one for one in reversed(found.happened) if one.action == of), None)
    return _told(made, found.zone) if made else None


urlpatterns: list[URLPattern] = [
    path("applications", applications, name="desk-applications"),
    path("applications/<str:number>", application, name="desk-application"),
    path("applications/<str:number>/documents/<str:reference>", paper, name="desk-application-paper"),
    path("applications/<str:number>/<str:action>", step, name="desk-application-step"),
]
