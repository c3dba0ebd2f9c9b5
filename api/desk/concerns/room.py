"""The case officers' room: what people report, the urgent first; one concern in full; and each lawful act as a form.

Nobody else of the desk comes in. Reading a concern, a file of it, or who reports it, is written into the log of reads
before anything is shown (``api.readings``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import evidence, readings
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Form
from api.middleware import PAGE_POLICY
from api.outbound import concerns as outbound
from api.pages import concerns as pages
from api.pages import written
from registry.remedy import cases
from registry.remedy.cases import Act, Case, Line
from registry.rules import concerns, errors
from registry.rules.concerns import Action, Category, Outcome, State

_POST: Final = ("POST",)
_ENDINGS: Final = {
    "image/jpeg": "jpg", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/wav": "wav",
    "audio/amr": "amr",
}  # fmt: skip
_SAFE: Final = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox; frame-ancestors 'none'"

CATEGORIES: Final[Mapping[Category, str]] = {
    Category.FEES: gettext_noop("fees asked of a worker"),
    Category.DOCUMENTS_KEPT: gettext_noop("passport or papers kept"),
    Category.CONTRACT_CHANGED: gettext_noop("job or contract changed"),
    Category.WAGES_UNPAID: gettext_noop("wages not paid"),
    Category.FORCED_LABOUR: gettext_noop("forced labour"),
    Category.HELD: gettext_noop("held against their will"),
    Category.VIOLENCE: gettext_noop("violence or sexual abuse"),
    Category.CHILD: gettext_noop("a child"),
    Category.FAKE_BADGE: gettext_noop("false or copied badge"),
    Category.UNLICENSED: gettext_noop("recruiting without a licence"),
    Category.OTHER: gettext_noop("something else"),
}
STATES: Final[Mapping[State, str]] = {
    State.RECEIVED: gettext_noop("to be triaged"),
    State.OPEN: gettext_noop("being worked on"),
    State.REFERRED: gettext_noop("passed on"),
    State.CLOSED: gettext_noop("closed"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.SUBSTANTIATED: gettext_noop("found to be true"),
    Outcome.REPAID: gettext_noop("money was paid back"),
    Outcome.NOT_SUBSTANTIATED: gettext_noop("could not be found out"),
    Outcome.OUT_OF_SCOPE: gettext_noop("not for this authority"),
    Outcome.UNREACHABLE: gettext_noop("the person did not answer"),
    Outcome.WITHDRAWN: gettext_noop("the person asked to stop"),
}
ACTS: Final[Mapping[Action, str]] = {
    Action.FILE: gettext_noop("Reported"),
    Action.TRIAGE: gettext_noop("Triage"),
    Action.ASK: gettext_noop("Write to the person"),
    Action.REPLY: gettext_noop("The person wrote"),
    Action.REFER: gettext_noop("Pass it on"),
    Action.CLOSE: gettext_noop("Close"),
    Action.REOPEN: gettext_noop("Take it up again"),
    Action.FORGET: gettext_noop("What was written is deleted"),
}
_WORDS: Final = {
    "story": gettext_noop("What happened"),
    "whom": gettext_noop("Who did it"),
    "contact_of_whom": gettext_noop("Their telephone, page or address"),
    "place": gettext_noop("Where"),
    "day": gettext_noop("When"),
    "amount": gettext_noop("How much"),
    "currency": gettext_noop("In which currency"),
    "paid_for": gettext_noop("For what"),
    "text": gettext_noop("To the person"),
    "note": gettext_noop("Note"),
    "why": gettext_noop("Which law allows it"),
}
"""What is written with an act, in the order of the page."""

_TEXT: Final = forms.Textarea(attrs={"rows": 4})


class _ToPerson(Form):
    """A note for the file."""

    note = forms.CharField(
        label=_("Note for the file"), max_length=4000, required=False, widget=_TEXT,
        help_text=_("Only case officers read it."),
    )  # fmt: skip


class TriageForm(_ToPerson):
    """What it is about, and about whom."""

    button: ClassVar[str | Promise] = _("Confirm")
    field_order = ("categories", "subject", "note")
    categories = forms.MultipleChoiceField(
        label=_("What it is about"), widget=forms.CheckboxSelectMultiple,
        help_text=_("Forced labour, being held, violence and a child make it urgent."),
    )  # fmt: skip
    subject = forms.CharField(
        label=_("Agency or licence"), max_length=60, required=False,
        help_text=_("A number of this authority. Empty where nobody is known."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what can happen in the reader's words."""
        super().__init__(*args, **kwargs)
        self.fields["categories"].choices = [(code.value, gettext(word)) for code, word in CATEGORIES.items()]  # type: ignore[attr-defined]


class AskForm(Form):
    """A letter to the person."""

    button: ClassVar[str | Promise] = _("Send")
    text = forms.CharField(
        label=_("To the person"), max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Read with code and PIN, in the language in which you write it. Short sentences."),
    )  # fmt: skip


class _WithLetter(_ToPerson):
    """An act of which the person may read something more than the state."""

    text = forms.CharField(
        label=_("To the person"), max_length=4000, required=False, widget=_TEXT,
        help_text=_("The person reads the new state anyway."),
    )  # fmt: skip


class ReferForm(_WithLetter):
    """To whom it is passed on, and what allows that."""

    button: ClassVar[str | Promise] = _("Pass it on")
    field_order = ("body", "agreed", "why", "text", "note")
    body = forms.ChoiceField(label=_("To whom"), widget=forms.RadioSelect)
    agreed = forms.BooleanField(label=_("The person has agreed in a letter"), required=False)
    why = forms.CharField(
        label=_("Which law allows it without consent"), max_length=1000, required=False,
        help_text=_("Only for an urgent concern."),
    )  # fmt: skip

    def __init__(self, *args: Any, consent: bool, urgent: bool, **kwargs: Any) -> None:
        """Ask for what is missing and nothing else."""
        super().__init__(*args, **kwargs)
        self.fields["body"].choices = [(code.value, gettext(word)) for code, word in pages.BODIES.items()]  # type: ignore[attr-defined]
        if consent:
            del self.fields["agreed"], self.fields["why"]
        elif not urgent:
            del self.fields["why"]


class CloseForm(_WithLetter):
    """How it ended."""

    button: ClassVar[str | Promise] = _("Close")
    field_order = ("outcome", "repaid", "currency", "text", "note")
    outcome = forms.ChoiceField(label=_("Outcome"), widget=forms.RadioSelect)
    repaid = forms.CharField(label=_("Sum that was paid back"), max_length=30, required=False)
    currency = forms.CharField(
        label=_("Currency"), max_length=3, required=False, help_text=_("Three letters (ISO 4217).")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the outcomes in the reader's words."""
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [(code.value, gettext(word)) for code, word in OUTCOMES.items()]  # type: ignore[attr-defined]


class ReopenForm(_WithLetter):
    """Why it is taken up again."""

    button: ClassVar[str | Promise] = _("Take it up again")
    field_order = ("text", "note")


@door.room(of="desk-concerns")
def every(visit: Visit) -> HttpResponse:
    """What waits, the urgent first; and beneath it all of a state, the newest first."""
    asked = visit.request.GET.get("state", "")
    state = asked if asked in set(State) else ""
    after = visit.request.GET.get("after", "")
    place = int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0
    waiting = readings.concerns_waiting(by=visit.by, at=visit.at, through="desk")
    found, further = readings.concerns(by=visit.by, at=visit.at, through="desk", state=state, after=place)
    here = resolve_url("desk-concerns")
    kinds = [("", gettext("All")), *((one.value, gettext(word)) for one, word in STATES.items())]
    return visit.page(
        "concerns.html",
        gettext("Concerns"),
        counts=_counts(visit),
        waiting=_table(waiting, visit.zone, gettext("What waits"), gettext("Nothing waits.")),
        kinds=[
            {"name": name, "href": f"{here}?state={code}" if code else here, "here": code == state}
            for code, name in kinds
        ],
        listed=_table(
            found, visit.zone, gettext("Concerns"), gettext("There is none."),
            pages=parts.Pages(
                following=f"{here}?state={state}&after={further}" if further else "",
                first=f"{here}?state={state}" if place else "",
            ),
        ),
    )  # fmt: skip


def _counts(visit: Visit) -> parts.Table | None:
    """How many there are of an agency in a category; nothing where each is too few to be told."""
    rows = [
        (
            parts.Link(parts.Number(agency), resolve_url("desk-agency", agency)),
            gettext(CATEGORIES[Category(category)]),
            written.number(number),
        )
        for agency, category, number in cases.counts(by=visit.by)
    ]
    columns = gettext("Agency"), gettext("About"), gettext("Concerns")
    return parts.Table(gettext("By agency"), columns, rows, "") if rows else None


def table_of_those_due(visit: Visit) -> parts.Table | None:
    """What waits, for the first page of a case officer; nothing where nothing does."""
    if not visit.by.authority or not visit.by.roles & concerns.READERS:
        return None
    found = readings.concerns_waiting(by=visit.by, at=visit.at, through="desk")
    return _table(found, visit.zone, gettext("Concerns"), "") if found else None


@door.room(of="desk-concerns")
def one_concern(visit: Visit, code: str) -> HttpResponse:
    """One concern: where it stands, what was written, what can be done."""
    found = readings.concern(code, by=visit.by, at=visit.at, through="desk")
    return _playing(
        visit.page(
            "concern.html",
            gettext("Concern %(code)s") % {"code": concerns.shown_code(code)},
            one=found,
            state=gettext(STATES[State(found.line.state)]),
            facts=_facts(found, visit.zone),
            acts=[_entry(act, code, visit.zone) for act in found.acts],
            steps=[(step.value, gettext(ACTS[step])) for step in found.steps],
        )
    )


@door.room(of="desk-concerns")
def person(visit: Visit, code: str) -> HttpResponse:
    """Who reports, as far as they said; the read is in the log by itself."""
    who = readings.reporter(code, by=visit.by, at=visit.at, through="desk")
    told = parts.Facts(
        [
            parts.Fact(gettext("Name"), who.name or gettext("not said"), restricted=True),
            parts.Fact(gettext("Telephone or e-mail"), who.reach or gettext("not said"), restricted=True),
            parts.Fact(
                gettext("How it is safe to reach them"), who.wish or gettext("not said"), restricted=True
            ),
        ]
    )
    title = gettext("Who reports %(code)s") % {"code": concerns.shown_code(code)}
    return visit.page("concern_person.html", title, facts=told, code=code)


@door.room(of="desk-concerns")
def file(visit: Visit, code: str, reference: str) -> HttpResponse:
    """A photograph or a voice note as it was made anew: of its own type, and nothing in it can run."""
    found = readings.concern_file(code, reference, by=visit.by, at=visit.at, through="desk")
    ending = _ENDINGS.get(found.media_type, "bin")
    name = f"{code}-{reference[:6]}.{ending}"
    try:
        content = evidence.content(found.reference, found.stored_as)
    except FileNotFoundError:
        raise errors.ConcernNotFound("there is no such file") from None
    return HttpResponse(
        content,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Content-Security-Policy": _SAFE,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )


@door.room(of="desk-concerns", methods=_POST)
def step(visit: Visit, code: str, action: str) -> HttpResponse:
    """One act as a form; the table says whether it can be done now."""
    found = readings.concern(code, by=visit.by, at=visit.at, through="desk")
    if action not in set(found.steps):
        raise errors.ConcernStepNotAllowed("this cannot be done with it now", state=found.line.state)
    act = Action(action)
    writing = visit.request.method == "POST"
    form = _form(act, found, visit.request.POST if writing else None)
    if writing and form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "key"}
        try:
            taken = _DONE[act](code, **said, by=visit.by, at=visit.at, key=form.idempotency_key)
        except errors.NotAllowed:
            raise
        except errors.RegistryError as refusal:
            form.refuse(refusal)
        else:
            if taken and act in _TOLD and found.reachable:
                outbound.notify(code, at=visit.at)
            return visit.go("desk-concern", code, told=gettext("It is done."))
    return visit.page(
        "concern_step.html",
        gettext(ACTS[act]),
        status=422 if form.errors else 200,
        form=form,
        code=code,
        shown=concerns.shown_code(code),
    )


_DONE: Final[Mapping[Action, Callable[..., bool]]] = {
    Action.TRIAGE: cases.triage,
    Action.ASK: cases.ask,
    Action.REFER: cases.refer,
    Action.CLOSE: cases.close,
    Action.REOPEN: cases.reopen,
}
_TOLD: Final = frozenset({Action.ASK, Action.REFER, Action.CLOSE, Action.REOPEN})
"""Acts of which the person is told that there is news."""


def _form(act: Action, found: Case, sent: Any) -> Form:
    if act is Action.TRIAGE:
        initial = {"categories": found.line.categories, "subject": found.line.licence or found.line.agency}
        return TriageForm(sent, initial=initial)
    if act is Action.ASK:
        return AskForm(sent)
    if act is Action.REFER:
        return ReferForm(sent, consent=found.consent, urgent=found.line.urgent)
    return CloseForm(sent) if act is Action.CLOSE else ReopenForm(sent)


def _table(
    found: Sequence[Line], zone: str, caption: str, empty: str, pages: parts.Pages | None = None
) -> parts.Table:
    rows = [
        (
            parts.Due(one.triage_by, zone, late=one.overdue)
            if one.state == State.RECEIVED
            else parts.Moment(one.received_at, zone),
            parts.Link(
                parts.Number(concerns.shown_code(one.code)),
                resolve_url("desk-concern", one.code),
                gettext("The person wrote") if one.unread else "",
            ),
            _about(one),
            parts.Number(one.licence or one.agency) if one.agency else gettext("not known"),
            gettext(STATES[State(one.state)]),
        )
        for one in found
    ]
    columns = (
        gettext("Triage before, or received"),
        gettext("Concern"),
        gettext("About"),
        gettext("Whom"),
        gettext("Stands"),
    )
    return parts.Table(caption, columns, rows, empty, pages=pages)


def _about(one: Line) -> SafeString:
    """What it is about, marked where somebody may be in danger."""
    urgent = format_html('<b class="late stop">{}</b> ', gettext("Urgent")) if one.urgent else ""
    return format_html("{}<bdi>{}</bdi>", urgent, _categories(one.categories))


def _facts(found: Case, zone: str) -> parts.Facts:
    yes, no = gettext("yes"), gettext("no")
    line = found.line
    whom: Any = parts.Number(line.licence or line.agency) if line.agency else gettext("not known")
    told = [
        parts.Fact(gettext("Received"), parts.Moment(line.received_at, zone)),
        parts.Fact(gettext("About"), _categories(line.categories)),
        parts.Fact(gettext("Whom"), whom),
        parts.Fact(gettext("Other people too"), yes if found.several else no),
        parts.Fact(gettext("May be passed on"), yes if found.consent else no),
        parts.Fact(gettext("Wants an answer by telephone or e-mail"), yes if found.reachable else no),
        parts.Fact(gettext("Language"), written.language(found.language)),
    ]
    if line.state == State.RECEIVED:
        told.insert(
            1, parts.Fact(gettext("Triage before"), parts.Due(line.triage_by, zone, late=line.overdue))
        )
    if found.body:
        told.append(parts.Fact(gettext("Passed on to"), gettext(pages.BODIES[concerns.Body(found.body)])))
    if line.state == State.CLOSED:
        told.append(parts.Fact(gettext("Outcome"), gettext(OUTCOMES[Outcome(found.outcome)])))
        if found.repaid is not None:
            told.append(
                parts.Fact(
                    gettext("Sum that was paid back"), f"{found.repaid.normalize():f} {found.currency}"
                )
            )
    if found.forgotten_at:
        told.append(parts.Fact(gettext("Deleted"), parts.Moment(found.forgotten_at, zone)))
    elif found.forget_at:
        told.append(parts.Fact(gettext("What was written is deleted"), parts.Due(found.forget_at, zone)))
    return parts.Facts(told)


def _entry(act: Act, code: str, zone: str) -> dict[str, Any]:
    """An act as the page shows it: what, when, by whom, its words and its files."""
    by = {concerns.PERSON: gettext("the person"), concerns.CLOCK: gettext("the clock")}.get(act.by)
    said: list[str] = []
    if categories := act.facts.get("categories"):
        said.append(_categories(categories))
    if body := act.facts.get("body"):
        said.append(gettext(pages.BODIES[concerns.Body(body)]))
    if outcome := act.facts.get("outcome"):
        said.append(gettext(OUTCOMES[Outcome(outcome)]))
    return {
        "what": gettext(ACTS[Action(act.action)]),
        "at": parts.Moment(act.at, zone),
        "by": by or parts.officers(act.by),
        "facts": said,
        "words": [(gettext(label), act.words[name]) for name, label in _WORDS.items() if act.words.get(name)],
        "files": [
            {
                "href": resolve_url("desk-concern-file", code, one.reference),
                "image": one.media_type.startswith("image/"),
                "size": written.kilobytes(one.size),
            }
            for one in act.files
        ],
    }  # fmt: skip


def _categories(found: Sequence[str]) -> str:
    return written.listed(gettext(CATEGORIES[Category(one)]) for one in found)


def _playing(page: HttpResponse) -> HttpResponse:
    """The page with voice notes in it, which the desk's usual policy does not play."""
    page["Content-Security-Policy"] = f"{PAGE_POLICY}; media-src 'self'"
    return page


urlpatterns: list[URLPattern] = [
    path("concerns", every, name="desk-concerns"),
    path("concerns/<str:code>", one_concern, name="desk-concern"),
    path("concerns/<str:code>/person", person, name="desk-concern-person"),
    path("concerns/<str:code>/files/<str:reference>", file, name="desk-concern-file"),
    path("concerns/<str:code>/<str:action>", step, name="desk-concern-step"),
]
