"""Warnings' room: whom the authority warns of, and every step about one: publish, correct, take back.

One officer proposes, another says yes (``desk.motions``). What the public reads is stated here whole; a correction
begins with what stands.
"""

from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from api import labels
from api.desk import door, parts
from api.desk import motions as motions_room
from api.desk.door import Visit
from api.desk.motions import MotionForm
from api.desk.persons import DAY
from registry import alerts as register
from registry import dossier, motions
from registry.alerts import AlertRecord
from registry.rules import alerts as rules
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import M
from registry.rules.motions import Motion

_POST: Final = ("POST",)
LONGEST: Final = 5000


class AlertForm(MotionForm):
    """All that a warning says."""

    button: ClassVar[str | Promise] = _("Propose the warning")
    draft: ClassVar[str] = "alert"
    kind = forms.ChoiceField(label=_("What they do"), widget=forms.RadioSelect, initial="unlicensed")
    agency = forms.CharField(
        label=_("Agency that they pretend to be"),
        required=False,
        max_length=40,
        help_text=_(
            "Its number, AG-000000-0. Nothing is said against it: the public is shown its official contacts."
        ),
    )
    names = forms.CharField(
        label=_("Names"),
        max_length=LONGEST,
        help_text=_("What they call themselves, one a line, the chief name first."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    contacts = forms.CharField(
        label=_("Contacts"),
        max_length=LONGEST,
        required=False,
        help_text=_(
            "Telephones with the country's code, e-mail addresses, web sites and pages, one a line. Whoever asks "
            "about one is warned first."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    place = forms.CharField(label=_("Where they were seen"), required=False, max_length=120)
    seen_on = forms.DateField(label=_("Seen on"), required=False, **DAY)
    grounds = forms.MultipleChoiceField(
        label=_("Grounds"), widget=forms.CheckboxSelectMultiple(attrs={"class": "grounds"})
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=300,
        help_text=_("The public reads it: name no one who complained."),
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("Until it is taken back where it is left empty."),
        **DAY,
    )

    def __init__(self, visit: Visit, held: AlertRecord | None = None) -> None:
        """Offer the law's words; begin with what ``held`` says, if it is given."""
        super().__init__(visit)
        language = get_language() or "en"
        self._choose("kind", [(code, labels.text("alerts", code, language)) for code in rules.KINDS])
        grounds = sorted((labels.text("grounds", code, language), code) for code in rules.GROUNDS)
        self._choose("grounds", [(code, text) for text, code in grounds])
        self.languages = list(dossier.authority(visit.by.authority or "", at=visit.at)["languages"]) or ["en"]
        for code in self.languages:
            self.fields[f"text_{code}"] = forms.CharField(
                label=gettext("What the public reads (%(language)s)") % {"language": code},
                required=False,
                max_length=1000,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
        texts = [f"text_{code}" for code in self.languages]
        self.order_fields(["kind", "agency", "names", "contacts", "place", "seen_on", "grounds", "source", *texts,
                           "last_day", "reason"])  # fmt: skip
        if held is not None:
            self.initial = _stated(held)

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a year that no calendar of ours has."""
        found: dict[str, Any] = super().clean() or {}
        for name in ("seen_on", "last_day"):
            if found.get(name) is not None and found[name].year not in days.YEARS:
                self.add_error(name, gettext("The year is out of reach."))
        return found

    def terms(self, said: dict[str, Any]) -> dict[str, Any]:
        """What was typed as the register takes it."""
        return {
            **{name: said[name] for name in ("kind", "agency", "place", "source", "grounds")},
            **{name: said[name].isoformat() if said[name] else None for name in ("seen_on", "last_day")},
            "names": said["names"].splitlines(),
            "contacts": said["contacts"].splitlines(),
            "texts": {code: said[f"text_{code}"] for code in self.languages},
        }


def _stated(held: AlertRecord) -> dict[str, Any]:
    """What a warning says, as the form has it."""
    same = ("kind", "agency", "place", "source", "seen_on", "last_day", "grounds")
    return {
        **{name: getattr(held, name) for name in same},
        "names": "\n".join(held.names),
        "contacts": "\n".join(contact["value"] for contact in held.contacts),
        **{f"text_{code}": text for code, text in held.texts.items()},
    }


class EndForm(MotionForm):
    """Why a warning is taken back."""

    button: ClassVar[str | Promise] = _("Propose to take it back")
    field_order = ("cause", "reason")
    cause = forms.ChoiceField(label=_("Because"), widget=forms.RadioSelect)

    def __init__(self, visit: Visit) -> None:
        """Offer the causes in the reader's words."""
        super().__init__(visit)
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (code, gettext(word)) for code, word in motions_room.ALERT_CAUSES.items()
        ]


@door.room(of="desk-alerts")
def alerts(visit: Visit) -> HttpResponse:
    """The authority's warnings, those in force first."""
    if not visit.by.authority:
        raise errors.OutsideAuthority("alerts are of one authority")
    return visit.page(
        "alerts.html",
        gettext("Warnings"),
        in_force=_table(gettext("In force"), register.of_authority(by=visit.by, at=visit.at)),
        ended=_table(
            gettext("Not in force any more"), register.of_authority(by=visit.by, at=visit.at, ended=True)
        ),
        may_propose=motions.may_propose(Motion.PUBLISH_ALERT, by=visit.by),
    )


def _table(caption: str, found: list[AlertRecord]) -> parts.Table:
    language = get_language() or "en"
    rows = [
        (
            parts.Link(one.names[0], resolve_url("desk-alert", one.number), ", ".join(one.names[1:3])),
            parts.Number(one.number),
            parts.Noted(labels.text("alerts", one.kind, language), one.agency_name),
            ", ".join(contact["value"] for contact in one.contacts[:3]),
            parts.Day(one.first_day),
        )
        for one in found
    ]
    columns = (
        gettext("Name"),
        gettext("Number"),
        gettext("What they do"),
        gettext("Contacts"),
        gettext("Since"),
    )
    return parts.Table(caption, columns, rows, gettext("There is none."))


@door.room(*M, methods=_POST)
def new(visit: Visit) -> HttpResponse:
    """Propose to warn the public of somebody."""
    form = AlertForm(visit)
    about = " ".join((visit.request.POST.get("names", "").strip().splitlines() or [""])[0].split())[:300]
    gone = motions_room.proposed(visit, form, Motion.PUBLISH_ALERT, about, form.terms)
    if gone is not None:
        return gone
    return visit.page(
        "move.html",
        gettext("Warn the public"),
        status=422 if form.errors else 200,
        form=form,
        back=resolve_url("desk-alerts"),
        about=gettext("Warnings"),
        number="",
        sentences=[
            gettext("Whoever asks about one of the contacts or names is warned before anything else."),
            gettext("A contact that is on the record of an agency is refused."),
            gettext("A supervisor or the registrar says yes."),
        ],
    )


@door.room(of="desk-alerts")
def one(visit: Visit, number: str) -> HttpResponse:
    """One warning: what the public reads, its versions, and what may be proposed."""
    found = register.own(_canonical(number), by=visit.by, at=visit.at)
    language = get_language() or "en"
    ended = {"": "", **{code: gettext(word) for code, word in motions_room.ALERT_CAUSES.items()}}
    versions = [
        (str(v.version), str(v.sequence), parts.Moment(v.recorded_at, found.zone), ended[v.ended])
        for v in reversed(found.versions)
    ]
    columns = gettext("Version"), gettext("Entry"), gettext("Recorded"), gettext("Taken back")
    agency = parts.Link(found.agency_name, resolve_url("desk-agency", found.agency)) if found.agency else ""
    facts = [
        parts.Fact(gettext("Stands"), labels.text("alerts", found.state, language)),
        *([parts.Fact(gettext("The one they pretend to be"), agency)] if agency else []),
        *motions_room.alert_facts(_stated(found) | {"texts": found.texts, "names": found.names, "contacts": [
            contact["value"] for contact in found.contacts]}),
        parts.Fact(gettext("Since"), parts.Day(found.first_day)),
    ]  # fmt: skip
    return visit.page(
        "alert.html",
        found.names[0],
        alert=found,
        facts=parts.Facts(facts),
        versions=parts.Table(gettext("Versions"), columns, versions, ""),
        may_propose=motions.may_propose(Motion.END_ALERT, by=visit.by) and not found.versions[-1].ended,
    )


@door.room(*M, methods=_POST)
def correct(visit: Visit, number: str) -> HttpResponse:
    """Propose to write a warning anew."""
    found = register.own(_canonical(number), by=visit.by, at=visit.at)
    form = AlertForm(visit, found)
    form.button = gettext("Propose the correction")  # type: ignore[misc]  # the same form says another thing here
    gone = motions_room.proposed(visit, form, Motion.CORRECT_ALERT, found.number, form.terms)
    if gone is not None:
        return gone
    return _move(visit, form, gettext("Correct a warning"), found, [
        gettext("What it said before stays on record."),
        gettext("A supervisor or the registrar says yes."),
    ])  # fmt: skip


@door.room(*M, methods=_POST)
def end(visit: Visit, number: str) -> HttpResponse:
    """Propose to take a warning back."""
    found = register.own(_canonical(number), by=visit.by, at=visit.at)
    form = EndForm(visit)
    gone = motions_room.proposed(
        visit, form, Motion.END_ALERT, found.number, lambda said: {"cause": said["cause"]}
    )
    if gone is not None:
        return gone
    return _move(visit, form, gettext("Take a warning back"), found, [
        gettext("Nobody is warned any more. Its number says to the public what became of it."),
        gettext("Of one that was a mistake the public reads no name any more."),
        gettext("A supervisor or the registrar says yes."),
    ])  # fmt: skip


def _move(
    visit: Visit, form: MotionForm, title: str, found: AlertRecord, sentences: list[str]
) -> HttpResponse:
    return visit.page(
        "move.html",
        title,
        status=422 if form.errors else 200,
        form=form,
        back=resolve_url("desk-alert", found.number),
        about=found.names[0],
        number=found.number,
        sentences=sentences,
    )


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.ALERT)
    except errors.NotFound:
        raise errors.AlertNotFound from None


urlpatterns: list[URLPattern] = [
    path("alerts", alerts, name="desk-alerts"),
    path("alerts/new", new, name="desk-new-alert"),
    path("alerts/<str:number>", one, name="desk-alert"),
    path("alerts/<str:number>/correction", correct, name="desk-correct-alert"),
    path("alerts/<str:number>/end", end, name="desk-end-alert"),
]
