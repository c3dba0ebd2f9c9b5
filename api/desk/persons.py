"""Persons: who acts for agencies, found by name; the bars against them, and every step about one."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import labels, readings
from api.desk import door, parts
from api.desk import motions as motions_room
from api.desk import requests as requests_room
from api.desk.door import Visit
from api.desk.forms import Form
from api.desk.motions import MotionForm
from api.pages import facts as public_facts
from registry import barring, motions
from registry.bars import Bar
from registry.persons import PersonRecord
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import Action, M
from registry.rules.motions import Motion

_POST: Final = ("POST",)
_PIECE: Final = 50
_STATES: Final = {
    "coming": gettext_noop("to come"),
    "in_force": gettext_noop("in force"),
    "over": gettext_noop("over"),
    "void": gettext_noop("never was"),
}
DAY: Final[dict[str, Any]] = {
    "widget": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    "input_formats": ["%Y-%m-%d"],
    "error_messages": {"invalid": _("Give a day as year, month and day: 2026-11-22.")},
}


class BarForm(MotionForm):
    """The days, the roles and the grounds of a bar."""

    button: ClassVar[str | Promise] = _("Propose the bar")
    field_order = ("first_day", "last_day", "permanent", "scope", "grounds", "reason")
    first_day = forms.DateField(
        label=_("From"),
        required=False,
        help_text=_("The day of the last approval where it is left empty."),
        **DAY,
    )
    last_day = forms.DateField(label=_("Last day"), required=False, **DAY)
    permanent = forms.BooleanField(label=_("For ever"), required=False)
    scope = forms.ChoiceField(label=_("Keeps from"), widget=forms.RadioSelect, initial="any_role")
    grounds = forms.MultipleChoiceField(
        label=_("Grounds"), widget=forms.CheckboxSelectMultiple(attrs={"class": "grounds"})
    )

    def __init__(self, visit: Visit) -> None:
        """Offer the law's scopes and grounds in the reader's words."""
        super().__init__(visit)
        self.fields["scope"].choices = [  # type: ignore[attr-defined]
            (code, gettext(word)) for code, word in motions_room.SCOPES.items()
        ]
        language = get_language() or "en"
        grounds = sorted((labels.text("grounds", code, language), code) for code in barring.GROUNDS)
        self.fields["grounds"].choices = [(code, text) for text, code in grounds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a year that no calendar of ours has."""
        found: dict[str, Any] = super().clean() or {}
        for name in ("first_day", "last_day"):
            if found.get(name) is not None and found[name].year not in days.YEARS:
                self.add_error(name, gettext("The year is out of reach."))
        return found


class EndForm(MotionForm):
    """Why a bar ends, and when."""

    button: ClassVar[str | Promise] = _("Propose its end")
    field_order = ("cause", "last_day", "reason")
    cause = forms.ChoiceField(label=_("Because"), widget=forms.RadioSelect)
    last_day = forms.DateField(
        label=_("New last day"), required=False, help_text=_("On review alone."), **DAY
    )

    def __init__(self, visit: Visit, causes: Collection[str]) -> None:
        """Offer these causes in the reader's words."""
        super().__init__(visit)
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (code, gettext(word)) for code, word in motions_room.CAUSES.items() if code in causes
        ]
        if "review" not in causes:
            del self.fields["last_day"]


class AppealForm(Form):
    """When the appeal came."""

    button: ClassVar[str | Promise] = _("Enter the appeal")
    received_on = forms.DateField(label=_("Received on"), **DAY)


class DismissalForm(MotionForm):
    """When the appeals body dismissed it, and by which order."""

    button: ClassVar[str | Promise] = _("Propose the dismissal")
    field_order = ("decided_on", "order_reference", "reason")
    decided_on = forms.DateField(label=_("Decided on"), **DAY)
    order_reference = forms.CharField(label=_("Order of the appeals body"), max_length=200)


@door.room(of="desk-persons")
def persons(visit: Visit) -> HttpResponse:
    """The authority's persons by number, or by the words of a name."""
    asked = visit.request.GET.get("q", "").strip()[:100].replace("\x00", "")
    after = visit.request.GET.get("after", "")[:40].replace("\x00", "")
    lines, further = readings.persons_listed(
        by=visit.by, at=visit.at, through="desk", q=asked, after=after, limit=_PIECE
    )
    here = resolve_url("desk-persons")
    kept = {"q": asked} if asked else {}
    return visit.page(
        "persons.html",
        gettext("Persons"),
        q=asked,
        table=parts.Table(
            gettext("Persons of your authority"),
            (gettext("Name"), gettext("Number"), gettext("Acts for"), gettext("Barred")),
            [
                (
                    parts.Link(one.name, resolve_url("desk-person-file", one.number), one.latin_name),
                    parts.Number(one.number),
                    ", ".join(one.agencies),
                    gettext("barred") if one.barred else "",
                )
                for one in lines
            ],
            gettext("Nobody of this name is on record.") if asked else gettext("Nobody is on record yet."),
            pages=parts.Pages(
                following=f"{here}?{urlencode({**kept, 'after': further})}" if further else "",
                first=f"{here}?{urlencode(kept)}" if after else "",
            ),
        ),
    )


@door.room(of="desk-persons")
def person(visit: Visit, number: str) -> HttpResponse:
    """One person: what is on record, the appointments, the bars, and what may be done."""
    one = readings.person(_canonical(number), by=visit.by, at=visit.at, through="desk")
    waiting = readings.motions_waiting(by=visit.by, at=visit.at, through="desk", about=one.number)
    requests = readings.requests_open(by=visit.by, at=visit.at, through="desk", person=one.number)
    return visit.page(
        "person_file.html",
        one.name,
        person=one,
        facts=_facts(one),
        acts=parts.Table(
            gettext("Appointments"),
            (
                gettext("Agency"),
                gettext("Acts as"),
                gettext("Appointment"),
                gettext("From"),
                gettext("Until"),
            ),
            [
                (
                    parts.Link(act.agency_name, resolve_url("desk-agency", act.agency), act.agency),
                    public_facts.role(act.role),
                    parts.Number(act.number),
                    parts.Day(act.first_day),
                    parts.Day(act.last_day),
                )
                for act in one.acts
            ],
            gettext("Was never appointed."),
        ),
        bars=_bars(visit, one),
        in_force=any(bar.state(one.today) == "in_force" for bar in one.bars),
        may_bar=motions.may_propose(Motion.BAR, by=visit.by),
        requests=requests_room.table_of(requests, "") if requests else None,
        waiting=[(motion.id, gettext(motions_room.NAMES[motion.kind])) for motion in waiting],
    )


def _facts(one: PersonRecord) -> parts.Facts:
    """What is on record of the person; another number of theirs that is barred is told where there is one."""
    told = [
        parts.Fact(gettext("Name in Latin letters"), one.latin_name, restricted=True),
        parts.Fact(gettext("Day of birth"), one.birth_date and parts.Day(one.birth_date), restricted=True),
        parts.Fact(gettext("Nationality"), one.nationality, restricted=True),
        parts.Fact(
            gettext("Identity paper"), gettext("on record") if one.has_document else "", restricted=True
        ),
    ]
    if one.barred_as:
        others = ((resolve_url("desk-person-file", other), parts.Number(other)) for other in one.barred_as)
        links = format_html_join(", ", '<a href="{}">{}</a>', others)
        told.append(parts.Fact(gettext("Barred under another number"), links, restricted=True))
    return parts.Facts(told)


def _bars(visit: Visit, one: PersonRecord) -> parts.Table:
    rows = [
        (
            parts.Noted(gettext(_STATES[bar.state(one.today)]), _aside(bar)),
            parts.Day(bar.first_day),
            parts.Day(bar.last_day) if bar.last_day else gettext("for ever"),
            gettext(motions_room.SCOPES[bar.scope]),
            ", ".join(labels.text("grounds", code, get_language() or "en") for code in bar.grounds),
            _publicity(bar, one),
            _step(visit, one, bar),
        )
        for bar in reversed(one.bars)
    ]
    columns = (
        gettext("Stands"), gettext("From"), gettext("Until"), gettext("Keeps from"), gettext("Grounds"),
        gettext("May be published"), gettext("Entry"),
    )  # fmt: skip
    return parts.Table(gettext("Bars"), columns, rows, gettext("No bar is recorded."))


def _aside(bar: Bar) -> str:
    if bar.cause:
        return gettext(motions_room.CAUSES[bar.cause])
    return gettext("an appeal is open") if bar.appeal_open else ""


def _publicity(bar: Bar, one: PersonRecord) -> Any:
    if bar.spent(one.today):
        return gettext("no longer, or never")
    if bar.public_until is None:
        return gettext("for ever")
    return parts.Noted(parts.Day(bar.public_until), gettext("last day on which the law lets it be published"))


def _step(visit: Visit, one: PersonRecord, bar: Bar) -> Any:
    if not bar.open_steps(visit.by, today=one.today):
        return str(bar.sequence)
    href = resolve_url("desk-bar", one.number, bar.sequence)
    return parts.Link(str(bar.sequence), href, gettext("appeal, end"))


@door.room(*M, methods=_POST)
def bar(visit: Visit, number: str) -> HttpResponse:
    """Propose to bar a person."""
    one = readings.person(_canonical(number), by=visit.by, at=visit.at, through="desk")
    form = BarForm(visit)
    gone = motions_room.proposed(visit, form, Motion.BAR, one.number, _stated)
    if gone is not None:
        return gone
    return _move(
        visit, form, gettext("Bar a person"), one,
        [
            gettext("A supervisor and then the registrar say yes; the person may be heard before."),
            gettext("Every appointment from which the bar keeps the person ends on the day before it begins."),
            gettext("While it lasts nobody appoints the person, and whoever is like them is screened."),
            gettext("The public reads the name, the days, the grounds and what the person is kept from."),
        ],
    )  # fmt: skip


def _stated(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "first_day": said["first_day"].isoformat() if said["first_day"] else None,
        "last_day": said["last_day"].isoformat() if said["last_day"] else None,
        "permanent": said["permanent"],
        "scope": said["scope"],
        "grounds": said["grounds"],
    }


@door.room(*M, methods=_POST)
def one_bar(visit: Visit, number: str, sequence: int) -> HttpResponse:
    """One bar: an appeal against it is entered here, its dismissal and the bar's end proposed from here."""
    one = readings.person(_canonical(number), by=visit.by, at=visit.at, through="desk")
    found = next((bar for bar in one.bars if bar.sequence == sequence), None)
    if found is None:
        raise errors.EntryNotFound
    posted = visit.request.method == "POST"
    open_steps = found.open_steps(visit.by, today=one.today)
    appeal = AppealForm(visit.request.POST if posted else None, auto_id="appeal_%s")
    if posted and (entered := _appealed(visit, one, found, appeal)) is not None:
        return entered
    return visit.page(
        "bar.html",
        gettext("Bar of %(name)s") % {"name": one.name},
        status=422 if appeal.errors else 200,
        person=one,
        bar=found,
        facts=parts.Facts(
            [
                parts.Fact(gettext("From"), parts.Day(found.first_day)),
                parts.Fact(
                    gettext("Last day"), parts.Day(found.last_day) if found.last_day else gettext("for ever")
                ),
                parts.Fact(gettext("Decided on"), parts.Day(found.decided_on)),
                parts.Fact(
                    gettext("Appeal until"), parts.LastDay(gettext("last day"), found.appeal_until, one.zone)
                ),
                parts.Fact(gettext("Officers"), parts.officers(*found.officers)),
            ]
        ),
        appeal=appeal if Action.APPEAL_BAR in open_steps else None,
        may_dismiss=Action.DISMISS_APPEAL in open_steps,
        may_end=Action.END_BAR in open_steps,
    )


@door.room(*M, methods=_POST)
def end(visit: Visit, number: str, sequence: int) -> HttpResponse:
    """Propose the end of a bar."""
    one = readings.person(_canonical(number), by=visit.by, at=visit.at, through="desk")
    found = next((bar for bar in one.bars if bar.sequence == sequence), None)
    if found is None:
        raise errors.EntryNotFound
    form = EndForm(visit, found.may_end_for(one.today))
    gone = motions_room.proposed(
        visit, form, Motion.END_BAR, one.number,
        lambda said: {
            "bar": sequence,
            "cause": said["cause"],
            "last_day": said["last_day"].isoformat() if said.get("last_day") else None,
        },
    )  # fmt: skip
    if gone is not None:
        return gone
    return _move(
        visit, form, gettext("End a bar"), one,
        [
            gettext("As many officers say yes as made it: a supervisor and then the registrar."),
            gettext("Appointments that it ended stay ended: whoever is to act again is appointed again."),
        ],
    )  # fmt: skip


@door.room(*M, methods=_POST)
def dismiss(visit: Visit, number: str, sequence: int) -> HttpResponse:
    """Propose to enter that an appeal against a bar was dismissed."""
    one = readings.person(_canonical(number), by=visit.by, at=visit.at, through="desk")
    if all(bar.sequence != sequence for bar in one.bars):
        raise errors.EntryNotFound
    form = DismissalForm(visit)
    gone = motions_room.proposed(
        visit, form, Motion.DISMISS_APPEAL, one.number,
        lambda said: {
            "bar": sequence,
            "decided_on": said["decided_on"].isoformat(),
            "order_reference": said["order_reference"],
        },
    )  # fmt: skip
    if gone is not None:
        return gone
    return _move(
        visit, form, gettext("Dismiss an appeal against a bar"), one,
        [
            gettext("A supervisor or the registrar says yes. Neither of you is an officer of the bar."),
            gettext("The bar stands. An appeal that was upheld ends the bar instead."),
        ],
    )  # fmt: skip


def _appealed(visit: Visit, one: PersonRecord, found: Bar, form: AppealForm) -> HttpResponse | None:
    with _refusing(form):
        if form.is_valid():
            barring.file_appeal(
                one.number, found.sequence, received_on=form.cleaned_data["received_on"], by=visit.by, at=visit.at,
                idempotency_key=form.idempotency_key,
            )  # fmt: skip
            return visit.go("desk-person-file", one.number, told=gettext("The appeal is entered."))
    return None


@contextmanager
def _refusing(form: Form) -> Iterator[None]:
    """Show what the register refuses at the form's field."""
    try:
        yield
    except errors.NotAllowed:
        raise
    except errors.RegistryError as refusal:
        form.refuse(refusal)


def _move(
    visit: Visit, form: MotionForm, title: str, one: PersonRecord, sentences: list[str]
) -> HttpResponse:
    return visit.page(
        "move.html",
        title,
        status=422 if form.errors else 200,
        form=form,
        back=resolve_url("desk-person-file", one.number),
        about=one.name,
        number=one.number,
        sentences=sentences,
        danger=True,
    )


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.PERSON)
    except errors.NotFound:
        raise errors.PersonNotFound from None


urlpatterns: list[URLPattern] = [
    path("persons", persons, name="desk-persons"),
    path("persons/<str:number>", person, name="desk-person-file"),
    path("persons/<str:number>/bar", bar, name="desk-bar-person"),
    path("persons/<str:number>/bars/<int:sequence>", one_bar, name="desk-bar"),
    path("persons/<str:number>/bars/<int:sequence>/dismissal", dismiss, name="desk-dismiss-appeal"),
    path("persons/<str:number>/bars/<int:sequence>/end", end, name="desk-end-bar"),
]
