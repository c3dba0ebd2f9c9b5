"""An applicant's applications: the list, the form in sections, sending, letters and answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from api import applicants as accounts
from api import applications as words
from api import documents, labels, problems
from api.desk import parts, refusals, unsent
from api.desk.apply import door, licences
from api.desk.apply.door import Visit
from api.desk.apply.session import LanguageForm
from api.desk.forms import Form
from api.pages import written
from registry import holders
from registry.admission import applicants, reading
from registry.admission.reading import Dossier
from registry.rules import applying, numbering, particulars
from registry.rules.errors import ApplicationIncomplete, ApplicationNotFound, RegistryError
from registry.rules.particulars import Fault

_CHOICES: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("people", "role"): words.PERSON_ROLES,
    ("offices", "kind"): words.OFFICE_KINDS,
    ("security", "kind"): words.SECURITIES,
}
_DAYS: Final = frozenset({"birth_date", "incorporated_on", "until"})
_ANSWERS: Final = frozenset({applying.Action.SUBMIT, applying.Action.REPRESENT, applying.Action.APPEAL})
"""What an applicant does about a letter: after it the letter's days are over."""
_BEFORE_REVIEW: Final = applying.WITH_APPLICANT | {applying.State.SUBMITTED}
_NEW, _RENEWAL, _AGENCY = "new", "renews:", "agency:"
_DRAFT: Final = "section"
_SPARE: Final = 2
"""Empty rows offered under a list."""


class BeginForm(Form):
    """To which authority, and for what."""

    button: ClassVar[str | Promise] = _("Begin")
    authority = forms.ChoiceField(label=_("Authority"))
    what = forms.ChoiceField(label=_("For"))

    def __init__(self, visit: Visit) -> None:
        """Offer the authorities, and what the account may apply for in the name of its agencies."""
        super().__init__(visit.request.POST or None)
        language = get_language() or "en"
        self.fields["authority"].choices = [  # type: ignore[attr-defined]
            (code, names.get(language) or names.get("en") or code) for code, names in reading.authorities()
        ]
        acting = [one for one in holders.of_account(visit.account) if one.state == "connected"]
        others = [
            (f"{_AGENCY}{one.agency}", gettext("Another licence of %(name)s") % {"name": one.name})
            for one in acting
        ]
        renewals = [
            (f"{_RENEWAL}{number}", gettext("Renewal of %(n)s") % {"n": number})
            for number in reading.renewable(visit.account, at=visit.at)
        ]
        new = (_NEW, gettext("A licence for an agency that is not in the register"))
        self.fields["what"].choices = [new, *renewals, *others]  # type: ignore[attr-defined]

    def asked(self) -> dict[str, str]:
        """What is applied for, as the register asks it."""
        what: str = self.cleaned_data["what"]
        return {
            "authority": self.cleaned_data["authority"],
            "renews": what.removeprefix(_RENEWAL) if what.startswith(_RENEWAL) else "",
            "agency": what.removeprefix(_AGENCY) if what.startswith(_AGENCY) else "",
        }


class AnswerForm(Form):
    """An answer to the letter."""

    button: ClassVar[str | Promise] = _("Send the answer")
    draft: ClassVar[str] = "answer"
    text = forms.CharField(
        label=_("Your answer"),
        max_length=applicants.LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 10}),
    )


class AppealForm(AnswerForm):
    """An appeal against the refusal."""

    button: ClassVar[str | Promise] = _("File the appeal")
    draft: ClassVar[str] = "appeal"
    text = forms.CharField(
        label=_("Why the refusal is wrong"),
        max_length=applicants.LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 10}),
    )


class PlainForm(Form):
    """Nothing but a button."""

    button: ClassVar[str | Promise] = _("Send the application")


class PaperForm(Form):
    """A paper, and what it is."""

    button: ClassVar[str | Promise] = _("Add the document")
    kind = forms.ChoiceField(label=_("What it is"))
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("PDF, JPEG or PNG, at most 10 megabytes."),
        widget=forms.FileInput(attrs={"accept": ",".join(documents.TYPES)}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every kind."""
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(code, gettext(text)) for code, text in words.DOCUMENTS.items()]  # type: ignore[attr-defined]


class RowForm(forms.Form):
    """One row of a section: fields as the register names them, every one kept as typed."""

    def __init__(self, section: str, place: int | None, *args: Any, **kwargs: Any) -> None:
        """The fields of ``section``; ``place`` is the row of a list."""
        kwargs.setdefault("label_suffix", "")
        if place is not None:
            kwargs["prefix"] = f"row{place}"
        super().__init__(*args, **kwargs)
        self.section, self.place, self.kept_paper = section, place, False
        for one in particulars.FIELDS[section]:
            name = "document" if one.name == "document_hmac" else one.name
            label, helped = words.FIELDS[name]
            self.fields[name] = _field(section, name, gettext(label), gettext(helped) if helped else "")
            self.fields[name].needed = one.needed  # type: ignore[attr-defined]
        if section == "people" and place is not None:
            self.fields["was"] = forms.CharField(required=False, initial=str(place), widget=forms.HiddenInput)

    def show(self, faults: Iterable[Fault]) -> None:
        """Say at each field what is wrong in it."""
        self.is_valid()
        for fault in faults:
            if fault.row in {self.place, None}:
                name = "document" if fault.field == "document_hmac" else fault.field
                self.add_error(name if name in self.fields else None, _sentence(fault))


def _field(section: str, name: str, label: str, helped: str) -> forms.CharField | forms.ChoiceField:
    if choices := _CHOICES.get((section, name)):
        offered = [("", "–"), *((code, gettext(text)) for code, text in choices.items())]
        return forms.ChoiceField(label=label, help_text=helped, required=False, choices=offered)
    widget = forms.TextInput(attrs={"type": "date"}) if name in _DAYS else forms.TextInput()
    return forms.CharField(
        label=label, help_text=helped, required=False, strip=False, max_length=4000, widget=widget
    )


def _sentence(fault: Fault) -> str:
    """What is wrong, in the reader's words."""
    if fault.code == "missing":
        return refusals.said(fault.words, fault.facts) if fault.words else gettext("Say this.")
    told = problems.told(fault.code, {"field": fault.field}, family=422)
    if not fault.words:
        return refusals.whole(told.title)
    return gettext("%(title)s. %(what)s") % {
        "title": told.title,
        "what": refusals.said(fault.words, fault.facts),
    }


@dataclass(frozen=True, slots=True)
class Tab:
    """A section in the list at the side."""

    section: str
    name: str
    href: str
    done: bool
    current: bool


# --- pages


@door.page()
def home(visit: Visit) -> HttpResponseBase:
    """The account's applications, and a new one."""
    form = BeginForm(visit)
    if visit.request.method == "POST" and form.is_valid():
        try:
            number = applicants.begin(
                visit.account,
                **form.asked(),
                at=visit.at,
                idempotency_key=form.idempotency_key,
            )
            first = particulars.SECTIONS[0] if form.cleaned_data["what"] == _NEW else "scope"
            return visit.go("apply-section", number, first)
        except RegistryError as refusal:
            form.refuse(refusal)
    lines = reading.of_account(visit.account, at=visit.at)
    rows = [
        (
            parts.Link(
                one.number,
                resolve_url("apply-application", one.number),
                one.name or gettext("not named yet"),
            ),
            words.said(words.KINDS, one.kind),
            words.state(one.state, to_applicant=True),
            _due(one),
            one.authority,
        )
        for one in lines
    ]
    table = parts.Table(
        gettext("Your applications"),
        (gettext("Number"), gettext("For"), gettext("Stands"), gettext("Next date"), gettext("Authority")),
        rows,
        gettext("You have not applied yet."),
    )
    status = 422 if form.errors else 200
    return visit.page(
        "home.html",
        gettext("Your applications"),
        status=status,
        table=table,
        form=form,
        confirmed=accounts.confirmed(visit.user),
        email=visit.user.email,
        agencies=licences.agencies(visit),
        letters=LanguageForm(initial={"language": visit.user.language}, auto_id="id_letters_%s"),
    )


@door.page()
def application(visit: Visit, number: str) -> HttpResponseBase:
    """One application: where it stands, letters, and what the applicant can do now."""
    found = reading.own(_canonical(number), account=visit.account, at=visit.at)
    state = found.standing.state
    answer, send, told = _answering(found, visit)
    if visit.request.method == "POST" and answer is not None and answer.is_valid():
        try:
            send(
                found.line.number,
                answer.cleaned_data["text"],
                account=visit.account,
                at=visit.at,
                idempotency_key=answer.idempotency_key,
            )
            return visit.go("apply-application", found.line.number, told=told)
        except RegistryError as refusal:
            answer.refuse(refusal)
    late = visit.request.method == "POST" and answer is None
    return visit.page(
        "application.html",
        found.line.name or gettext("Your application"),
        status=409 if late else 422 if answer is not None and answer.errors else 200,
        late=visit.request.POST.get("text", "") if late else "",
        number=found.line.number,
        state=words.state(state.value, to_applicant=True),
        due=_due(found.line),
        writing=state in applying.WITH_APPLICANT,
        asked=state is applying.State.INCOMPLETE,
        ended=state in applying.ENDED,
        tabs=_tabs(found, ""),
        letters=_letters(found),
        history=_history(found),
        answer=answer,
        answering=gettext("Appeal") if isinstance(answer, AppealForm) else gettext("Answer the letter"),
        appealed=found.standing.appealed,
        fee=_fee(found),
        withdraw=PlainForm(),
        licence=found.licence if state is applying.State.GRANTED else "",
        papers=_papers(found),
    )


def _answering(found: Dossier, visit: Visit) -> tuple[AnswerForm | None, Callable[..., None], str]:
    """What the applicant can say now: the form, the door it goes through, and what is told afterwards."""
    data, now = visit.request.POST or None, found.standing
    if now.state is applying.State.MINDED_TO_REFUSE:
        return AnswerForm(data), applicants.represent, gettext("The answer was sent.")
    if now.state is applying.State.REFUSED and now.due is not None and visit.at < now.due:
        return AppealForm(data), applicants.appeal, gettext("The appeal was filed.")
    return None, applicants.appeal, ""


def _fee(found: Dossier) -> str:
    """What is to be paid, while it is."""
    due = found.fee and not found.standing.fee_paid and found.standing.state in _BEFORE_REVIEW
    return gettext("Fee to pay to the authority: %(fee)s") % {"fee": found.fee} if due else ""


@door.page(saves=True)
def section(visit: Visit, number: str, name: str) -> HttpResponseBase:
    """A section of the form: whatever is typed is kept; what is wrong is said at its field."""
    if name not in particulars.SECTIONS:
        raise ApplicationNotFound
    if name == "documents":
        return _documents(visit, number)
    number = _canonical(number)
    found = reading.own(number, account=visit.account, at=visit.at)
    if visit.request.method == "POST":
        return _save(visit, found, name)
    if kept := visit.unsent.held(_DRAFT):
        typed = _sent(name, MultiValueDict(kept.fields))
        rows = _rows(name, found, (), typed=typed)
        return _section(visit, found, name, rows, resumed=unsent.when(kept, found.zone))
    faults = tuple(f for f in found.faults if f.section == name) if "check" in visit.request.GET else ()
    return _section(visit, found, name, _rows(name, found, faults), faults=faults)


def _save(visit: Visit, found: Dossier, name: str) -> HttpResponseBase:
    number = found.line.number
    sent = _sent(name, visit.request.POST)
    try:
        faults = applicants.save(number, name, sent, account=visit.account, at=visit.at)
    except RegistryError as refusal:
        said = refusals.sentence(refusal)
        return _section(visit, found, name, _rows(name, found, (), typed=sent), refused=said)
    visit.unsent.filed()
    more = "more" in visit.request.POST
    if "tongue" in visit.request.POST:
        return visit.go("apply-section", number, name)
    if not faults and not more:
        return visit.go("apply-section", number, _next(name), told=gettext("Saved."))
    found = reading.own(number, account=visit.account, at=visit.at)
    if more:
        faults = tuple(fault for fault in faults if fault.code != "missing")
    told = gettext("Saved. Some of it is still missing or wrong: see below.") if faults else gettext("Saved.")
    rows = _rows(name, found, faults)
    return _section(visit, found, name, rows, told=told, faults=faults)


def _section(
    visit: Visit, found: Dossier, name: str, rows: Sequence[RowForm], *, told: str = "", faults: Sequence[Fault] = (),
    resumed: str = "", refused: str = "",
) -> HttpResponseBase:  # fmt: skip
    general = [_sentence(fault) for fault in faults if fault.row is None and name in particulars.LISTS]
    return visit.page(
        "section.html",
        words.said(words.SECTIONS, name),
        number=found.line.number,
        tabs=_tabs(found, name),
        rows=rows,
        listed=name in particulars.LISTS,
        saved=told,
        general=general,
        writing=found.standing.state in applying.WITH_APPLICANT,
        draft=_DRAFT,
        resumed=resumed,
        refused=refused,
        typed=unsent.ELEMENT if found.standing.state in applying.WITH_APPLICANT else "",
        status=409 if refused else 422 if faults and told else 200,
    )


@door.page()
def check(visit: Visit, number: str) -> HttpResponseBase:
    """What is missing, and sending when nothing is."""
    found = reading.own(_canonical(number), account=visit.account, at=visit.at)
    form = PlainForm(visit.request.POST or None)
    confirmed = accounts.confirmed(visit.user)
    if visit.request.method == "POST" and not confirmed:
        raise problems.Refusal("account.not_confirmed")
    if visit.request.method == "POST" and form.is_valid():
        try:
            applicants.submit(
                found.line.number, account=visit.account, at=visit.at, idempotency_key=form.idempotency_key
            )
            told = gettext("Your application was sent. You read here what happens to it.")
            return visit.go("apply-application", found.line.number, told=told)
        except ApplicationIncomplete:
            found = reading.own(found.line.number, account=visit.account, at=visit.at)
        except RegistryError as refusal:
            form.refuse(refusal)
    lacks = [
        {
            "section": words.said(words.SECTIONS, fault.section),
            "href": f"{resolve_url('apply-section', found.line.number, fault.section)}?check",
            "field": _named(fault),
            "row": fault.row + 1 if fault.row is not None else "",
            "what": gettext("missing") if fault.code == "missing" else _sentence(fault),
        }
        for fault in found.faults
    ]
    return visit.page(
        "check.html",
        gettext("Check and send"),
        status=422 if visit.request.method == "POST" else 200,
        number=found.line.number,
        tabs=_tabs(found, "check"),
        lacks=lacks,
        form=form,
        confirmed=confirmed,
        email=visit.user.email,
        writing=found.standing.state in applying.WITH_APPLICANT,
    )


@door.page()
def withdraw(visit: Visit, number: str) -> HttpResponseBase:
    """Take an application back."""
    found = reading.own(_canonical(number), account=visit.account, at=visit.at)
    form = PlainForm(visit.request.POST or None)
    if visit.request.method == "POST" and form.is_valid() and "sure" in visit.request.POST:
        applicants.withdraw(
            found.line.number, account=visit.account, at=visit.at, idempotency_key=form.idempotency_key
        )
        return visit.go(
            "apply-application", found.line.number, told=gettext("The application was taken back.")
        )
    return visit.page(
        "withdraw.html", gettext("Take the application back"), number=found.line.number, form=form
    )


# --- papers


def _documents(visit: Visit, number: str) -> HttpResponseBase:
    found = reading.own(_canonical(number), account=visit.account, at=visit.at)
    post = visit.request.method == "POST"
    form = PaperForm(visit.request.POST, visit.request.FILES) if post else PaperForm()
    status = 200
    if post:
        status = 422
        if form.is_valid():
            try:
                _add(visit, found.line.number, form)
                return visit.go("apply-section", number, "documents", told=gettext("The document was added."))
            except (RegistryError, problems.Refusal) as refusal:
                form.refuse(refusal)
                status = problems.told(refusal.code, refusal.facts, family=422).status
    return visit.page(
        "documents.html",
        words.said(words.SECTIONS, "documents"),
        status=status,
        number=found.line.number,
        tabs=_tabs(found, "documents"),
        papers=_papers(found),
        needed=[
            gettext(words.DOCUMENTS[kind])
            for kind in particulars.NEEDED_DOCUMENTS
            if kind not in {paper.kind for paper in found.papers}
        ],
        form=form,
        writing=found.standing.state in applying.WITH_APPLICANT,
    )


def _add(visit: Visit, number: str, form: PaperForm) -> None:
    upload = form.cleaned_data["file"]
    if documents.was_too_large(visit.request):
        raise documents.too_large()
    if upload is None:
        raise problems.Refusal("document.refused", field="file", reason=gettext("Choose a file."))
    applicants.may_attach(number, account=visit.account, at=visit.at)
    kept = documents.keep(upload)
    try:
        applicants.attach(
            number,
            form.cleaned_data["kind"],
            name=str(upload.name),
            media_type=kept.media_type,
            size=kept.size,
            sha256=kept.sha256,
            stored_as=kept.stored_as,
            account=visit.account,
            at=visit.at,
        )
    except BaseException:
        documents.forget(kept.stored_as)
        raise


@door.page(methods=())
def paper(visit: Visit, number: str, reference: str) -> HttpResponseBase:
    """The applicant's own paper, as an attachment."""
    held = reading.paper(reference, number=_canonical(number), account=visit.account)
    return documents.hand_out(held.stored_as, name=held.name, media_type=held.media_type)


@door.page()
def remove(visit: Visit, number: str, reference: str) -> HttpResponseBase:
    """Take a paper out again, by a button alone."""
    number = _canonical(number)
    if visit.request.method == "POST":
        documents.forget(applicants.detach(number, reference, account=visit.account, at=visit.at))
    return visit.go("apply-section", number, "documents")


def _papers(found: Dossier) -> list[dict[str, Any]]:
    return [
        {
            "kind": words.said(words.DOCUMENTS, one.kind),
            "name": one.name,
            "size": written.kilobytes(one.size),
            "href": resolve_url("apply-paper", found.line.number, one.reference),
            "remove": "" if one.sent else resolve_url("apply-remove", found.line.number, one.reference),
        }
        for one in found.papers
    ]


# --- pieces


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.APPLICATION)
    except (numbering.NotOurs, numbering.Mistyped):
        raise ApplicationNotFound from None


def _sent(name: str, data: "MultiValueDict[str, str]") -> Any:
    """The section as it was typed: one row, or the rows of a list by their places."""
    fields = [("document" if one.name == "document_hmac" else one.name) for one in particulars.FIELDS[name]]
    if name not in particulars.LISTS:
        return {field: data.get(field, "") for field in fields}
    fields.append("was")
    return [
        {field: data.get(f"row{place}-{field}", "") for field in fields}
        for place in range(particulars.MOST_ROWS)
        if any(f"row{place}-{field}" in data for field in fields)
    ]


def _rows(name: str, found: Dossier, faults: Sequence[Fault], *, typed: Any = None) -> list[RowForm]:
    """The forms of a section: with what is saved, or with what was ``typed`` and is not."""
    saved = found.content.get(name)
    content = saved if typed is None else typed
    if name not in particulars.LISTS:
        form = RowForm(name, None, data=content or {} if faults else None, initial=content or {})
        if faults:
            form.show(faults)
        return [form]
    rows, kept = list(content or ()), {str(place): row for place, row in enumerate(saved or ())}
    forms_ = []
    for place in range(min(len(rows) + _SPARE, particulars.MOST_ROWS)):
        row = rows[place] if place < len(rows) else {}
        own = [fault for fault in faults if fault.row == place]
        data = {f"row{place}-{field}": text for field, text in row.items()} | {f"row{place}-was": str(place)}
        form = RowForm(name, place, data=data if own else None, initial=row)
        form.kept_paper = bool(kept.get(str(row.get("was", place)), {}).get("document_hmac"))
        if own:
            form.show(own)
        forms_.append(form)
    return forms_


def _tabs(found: Dossier, current: str) -> list[Tab]:
    faulty = {fault.section for fault in found.faults}
    return [
        Tab(
            name,
            words.said(words.SECTIONS, name),
            resolve_url("apply-section", found.line.number, name),
            done=name not in faulty and (name == "documents" or bool(found.content.get(name))),
            current=name == current,
        )
        for name in particulars.SECTIONS
    ]


def _next(name: str) -> str:
    return particulars.SECTIONS[particulars.SECTIONS.index(name) + 1]


def _named(fault: Fault) -> str:
    if fault.section == "documents":
        return gettext(words.DOCUMENTS[fault.field])
    return gettext(words.FIELDS[fault.field][0])


def _due(line: reading.Line) -> Any:
    return parts.LastDay(words.said(words.DUE, line.due_for), line.due, line.zone) if line.due else ""


def _letters(found: Dossier) -> list[dict[str, Any]]:
    """The letters, the newest first; what is due after one is told until it is answered or another follows."""
    language = get_language() or "en"
    written_to = [one for one in found.happened if one.said.get("letter")]
    answers = [one for one in found.happened if one.action in _ANSWERS]
    return [
        {
            "title": words.said(words.ACTIONS, one.action),
            "at": parts.Moment(one.at, found.zone),
            "text": one.said["letter"],
            "grounds": [labels.text("grounds", code, language) for code in one.facts.get("grounds", ())],
            "deadlines": [
                (words.said(words.DUE, name), written.last_day(datetime.fromisoformat(text), found.zone))
                for name, text in one.deadlines.items()
                if one is written_to[-1] and not any(answer.at > one.at for answer in answers)
            ],
        }
        for one in reversed(written_to)
    ]


def _history(found: Dossier) -> parts.Table:
    rows = [
        (parts.Moment(one.at, found.zone), words.said(words.ACTIONS, one.action))
        for one in reversed(found.happened)
    ]
    return parts.Table(gettext("What happened"), (gettext("When"), gettext("What")), rows, "")


urlpatterns: list[URLPattern] = [
    path("", home, name="apply-home"),
    path("applications/<str:number>", application, name="apply-application"),
    path("applications/<str:number>/check", check, name="apply-check"),
    path("applications/<str:number>/withdraw", withdraw, name="apply-withdraw"),
    path("applications/<str:number>/documents/<str:reference>", paper, name="apply-paper"),
    path("applications/<str:number>/documents/<str:reference>/remove", remove, name="apply-remove"),
    path("applications/<str:number>/<str:name>", section, name="apply-section"),
]
