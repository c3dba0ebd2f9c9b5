"""The agencies that an account acts for: asking to, their licences, letters served on them, and answers to these."""

from typing import Any, ClassVar, Final

from django import forms
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from api import applicants as accounts
from api import documents, labels, phrases, problems
from api.desk import parts, prints
from api.desk.apply import door
from api.desk.apply.door import Visit
from api.desk.forms import Form
from api.pages import written
from api.pages.facts import in_language
from registry import holders
from registry.holders import Notice
from registry.rules import numbering
from registry.rules.errors import EntryNotFound, LicenceNotFound, RegistryError

STATES: Final = {
    "asked": _("waits for two officers"),
    "supported": _("waits for a second officer"),
    "connected": _("you act for it"),
    "declined": _("declined"),
    "ended": _("ended"),
}


class ConnectForm(Form):
    """Which agency, and who asks."""

    button: ClassVar[str | Promise] = _("Ask the authority")
    draft: ClassVar[str] = "connect"
    licence = forms.CharField(
        label=_("Number of a licence of the agency"),
        max_length=60,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
    )
    said = forms.CharField(
        label=_("Who you are in the agency, and how an officer can check it"),
        max_length=4000,
        help_text=_("Two officers read it. They may call a number that they have of the agency."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class _Files(forms.FileInput):
    """A field that takes several files."""

    allow_multiple_selected = True


class RepresentForm(Form):
    """An answer to a notice, with papers."""

    button: ClassVar[str | Promise] = _("File the answer")
    draft: ClassVar[str] = "answer"
    text = forms.CharField(
        label=_("Your answer"),
        max_length=holders.LONGEST,
        help_text=_("Officers read it before they decide. The public does not."),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    papers = forms.Field(
        label=_("Documents"),
        required=False,
        help_text=_("Up to three: PDF, JPEG or PNG, at most 10 megabytes each."),
        widget=_Files(attrs={"multiple": True, "accept": ",".join(documents.TYPES)}),
    )


def agencies(visit: Visit) -> parts.Table:
    """The agencies of an account, with the way to each licence."""
    rows: list[tuple[Any, ...]] = []
    for one in holders.of_account(visit.account):
        state = str(STATES[one.state])
        if one.state != "connected":
            rows.append((one.name, "", state))
        rows += [
            (one.name, parts.Link(number, resolve_url("apply-licence", number)), state)
            for number in one.licences
            if one.state == "connected"
        ]
    columns = gettext("Agency"), gettext("Licence"), gettext("Stands")
    return parts.Table(
        gettext("Your agencies"), columns, rows, gettext("You act for no agency in the register.")
    )


@door.page()
def connect(visit: Visit) -> HttpResponseBase:
    """Ask to act for an agency that is in the register."""
    form = ConnectForm(visit.request.POST or None)
    confirmed = accounts.confirmed(visit.user)
    if visit.request.method == "POST" and not confirmed:
        raise problems.Refusal("account.not_confirmed")
    if visit.request.method == "POST" and form.is_valid():
        try:
            number = numbering.canonical(form.cleaned_data["licence"], numbering.Kind.LICENCE)
            holders.ask(
                visit.account,
                number,
                form.cleaned_data["said"],
                at=visit.at,
                idempotency_key=form.idempotency_key,
            )
            return visit.go("apply-home", told=gettext("The authority was asked. You are told by e-mail."))
        except (numbering.NotOurs, numbering.Mistyped):
            form.add_error("licence", gettext("This is no licence number of this register. Check it."))
        except LicenceNotFound:
            form.add_error("licence", gettext("No licence has this number."))
        except RegistryError as refusal:
            form.refuse(refusal)
    return visit.page(
        "connect.html",
        gettext("Act for an agency in the register"),
        status=422 if form.errors else 200,
        form=form,
        confirmed=confirmed,
        email=visit.user.email,
    )


@door.page()
def licence(visit: Visit, number: str) -> HttpResponseBase:
    """A licence of the holder: how it stands, the notices served, and what was answered."""
    found = holders.licence(visit.account, canonical(number), at=visit.at)
    language = get_language() or "en"
    return visit.page(
        "licence.html",
        found["name"],
        number=found["number"],
        standing=parts.Standing(found["result"], found["state"], large=True),
        reasons=[labels.text("reasons", code, language) for code in found["reasons"]],
        notices=[_notice(one, found["zone"]) for one in found["notices"]],
        decisions=parts.Table(
            gettext("Decisions and filings"),
            (gettext("When"), gettext("What"), gettext("Letter")),
            [
                (
                    parts.Moment(one["at"], found["zone"]),
                    labels.text("actions", one["action"], language),
                    parts.Link(
                        gettext("as PDF"), resolve_url("apply-letter", found["number"], one["sequence"])
                    ),
                )
                for one in found["decisions"]
            ],
            gettext("Nothing was published yet."),
        ),
    )


@door.page()
def notice(visit: Visit, number: str, sequence: int) -> HttpResponseBase:
    """One notice, whole, and the form of the answer while the time for it runs."""
    found = holders.licence(visit.account, canonical(number), at=visit.at)
    told = next((one for one in found["notices"] if one.sequence == sequence), None)
    if told is None:
        raise EntryNotFound
    posted = visit.request.method == "POST"
    form = RepresentForm(visit.request.POST, visit.request.FILES) if posted else RepresentForm()
    status = 200
    if posted:
        status = 422
        if form.is_valid():
            try:
                _filed(visit, found["number"], sequence, form)
                return visit.go(
                    "apply-notice", found["number"], sequence, told=gettext("The answer was filed.")
                )
            except (RegistryError, problems.Refusal) as refusal:
                form.refuse(refusal)
                status = problems.told(refusal.code, refusal.facts, family=422).status
    return visit.page(
        "notice.html",
        gettext("Notice to show cause"),
        status=status,
        number=found["number"],
        name=found["name"],
        notice=_notice(told, found["zone"]),
        form=form if told.open else None,
        late=visit.request.POST.get("text", "") if posted and not told.open else "",
    )


@door.page(methods=())
def letter(visit: Visit, number: str, sequence: int) -> HttpResponseBase:
    """A letter as PDF, in the language of the account or in the one asked for."""
    number = canonical(number)
    entry, addressed = holders.served(visit.account, number, sequence)
    language = prints.asked(visit.request) or phrases.known(visit.user.language)
    return prints.of_entry(number, entry, addressed, language, at=visit.at)


def _filed(visit: Visit, number: str, sequence: int, form: RepresentForm) -> None:
    """Check and keep the papers, then file the answer; nothing is kept where either is refused."""
    if documents.was_too_large(visit.request):
        raise documents.too_large()
    uploads = visit.request.FILES.getlist("papers")
    if len(uploads) > holders.MOST_PAPERS:
        raise problems.Refusal("document.refused", field="papers", reason=gettext("At most three files."))
    holders.may_answer(visit.account, number, sequence, at=visit.at)
    kept: list[documents.Kept] = []
    try:
        for upload in uploads:
            kept.append(documents.keep(upload))  # noqa: PERF401 - what was kept is forgotten when a later one is refused
        papers = [
            {
                "name": str(upload.name), "media_type": one.media_type, "size": one.size, "sha256": one.sha256,
                "stored_as": one.stored_as,
            }
            for upload, one in zip(uploads, kept, strict=True)
        ]  # fmt: skip
        holders.represent(
            visit.account, number, sequence, form.cleaned_data["text"], papers, at=visit.at,
            idempotency_key=form.idempotency_key,
        )  # fmt: skip
    except BaseException:
        for one in kept:
            documents.forget(one.stored_as)
        raise
    held = holders.stored(visit.account, number)
    for one in kept:
        if one.stored_as not in held:  # the form was sent twice
            documents.forget(one.stored_as)


def _notice(one: Notice, zone: str) -> dict[str, Any]:
    """A notice as its pages show it."""
    language = get_language() or "en"
    return {
        "sequence": one.sequence,
        "href": resolve_url("apply-notice", one.licence, one.sequence),
        "letter": resolve_url("apply-letter", one.licence, one.sequence),
        "served": parts.Moment(one.served_at, zone),
        "until": written.last_day(one.until, zone) if one.until else "",
        "open": one.open,
        "grounds": [labels.text("grounds", code, language) for code in one.grounds],
        "text": in_language(one.texts, language) if one.texts else "",
        "answers": [
            {
                "at": parts.Moment(given.at, zone),
                "text": given.text,
                "papers": [paper.name for paper in given.papers],
            }
            for given in one.answers
        ],
    }


def canonical(number: str) -> str:
    """A licence's number as it is kept; what is none of ours is none that is there."""
    try:
        return numbering.canonical(number, numbering.Kind.LICENCE)
    except (numbering.NotOurs, numbering.Mistyped):
        raise LicenceNotFound from None


urlpatterns: list[URLPattern] = [
    path("agencies/connect", connect, name="apply-connect"),
    path("licences/<str:number>", licence, name="apply-licence"),
    path("licences/<str:number>/notices/<int:sequence>", notice, name="apply-notice"),
    path("licences/<str:number>/letters/<int:sequence>.pdf", letter, name="apply-letter"),
]
