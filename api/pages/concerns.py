"""``/report``: tell the authority what happened, and come back with a code and a PIN. Plain forms, no script.

The pages are drawn here; the forms go to the officials' host, whose door takes them (``api.desk.concerns.door``,
rulings 21): this application takes no file and writes nothing. That door draws its answers with the same functions, so
both hosts speak alike.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from babel.numbers import format_currency
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import etags
from api.pages import facts, languages, refusals, render, sheet, written
from api.pages.languages import gettext
from registry import clock
from registry.remedy import published
from registry.remedy.published import Office
from registry.rules.concerns import URGENT, Body, Category, Outcome, State, shown_code

#: What happened, each said by whoever ticks it.
CATEGORIES: Final[Mapping[Category, str]] = {
    Category.FEES: gettext_noop("They asked for money for the job, the papers or the trip."),
    Category.DOCUMENTS_KEPT: gettext_noop("They keep a passport or other papers."),
    Category.CONTRACT_CHANGED: gettext_noop("The job or the contract is not what they promised."),
    Category.WAGES_UNPAID: gettext_noop("The wage is not paid, or is less than agreed."),
    Category.FORCED_LABOUR: gettext_noop("Somebody is made to work by threats or by debt."),
    Category.HELD: gettext_noop("Somebody is locked in or cannot leave."),
    Category.VIOLENCE: gettext_noop("Somebody is beaten, or touched against their will."),
    Category.CHILD: gettext_noop("A child is recruited or made to work."),
    Category.FAKE_BADGE: gettext_noop("The badge is false or copied."),
    Category.UNLICENSED: gettext_noop("They recruit without a licence."),
    Category.OTHER: gettext_noop("Something else happened."),
}
BODIES: Final[Mapping[Body, str]] = {
    Body.INSPECTION: gettext_noop("the inspectors of recruiters"),
    Body.LABOUR_INSPECTORATE: gettext_noop("the labour inspectors"),
    Body.POLICE: gettext_noop("the police"),
    Body.ANTI_TRAFFICKING: gettext_noop("the office against trade in people"),
    Body.CHILD_PROTECTION: gettext_noop("the office that protects children"),
    Body.CONSULATE: gettext_noop("the consulate"),
    Body.OTHER_AUTHORITY: gettext_noop("another authority"),
}
STATES: Final[Mapping[State, str]] = {
    State.RECEIVED: gettext_noop("The authority has your report. Nobody has read it yet."),
    State.OPEN: gettext_noop("An officer of the authority is working on your report."),
    State.REFERRED: gettext_noop("Your report was passed on to another office: %(body)s."),
    State.CLOSED: gettext_noop("Your report is closed."),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.SUBSTANTIATED: gettext_noop("The authority found that what you reported is true."),
    Outcome.REPAID: gettext_noop("Money was paid back: %(sum)s."),
    Outcome.NOT_SUBSTANTIATED: gettext_noop("The authority could not find out whether it is true."),
    Outcome.OUT_OF_SCOPE: gettext_noop("The law does not let this authority act on it."),
    Outcome.UNREACHABLE: gettext_noop("The authority needed your answer and got none."),
    Outcome.WITHDRAWN: gettext_noop("You asked the authority to stop."),
}
#: Why a file was not taken (``api.evidence.NotTaken``); ``%(name)s`` is what the telephone calls it.
FILES: Final[Mapping[str, str]] = {
    "empty": gettext_noop("The file “%(name)s” is empty."),
    "size": gettext_noop(
        "A file is larger than 10 megabytes. Choose a smaller one, or send the report without it."
    ),
    "kind": gettext_noop(
        "The file “%(name)s” cannot be used. Send a photo (JPEG, PNG or WebP) or a voice note (MP3, M4A, "
        "OGG Opus, AMR or WAV)."
    ),
    "harmful": gettext_noop("The file “%(name)s” may harm a computer, so it was not taken."),
    "scanner": gettext_noop(
        "Files cannot be taken at this moment. Send the report without files now, and add them later."
    ),
    "many": gettext_noop("Send at most 4 files at once."),
}
#: Why a form was not taken, as a whole.
REFUSED: Final[Mapping[str, str]] = {
    "unreachable": gettext_noop(
        "The report could not be kept. Nothing is lost: all that you wrote is still here. Send it again in a minute."
    ),
    "elsewhere": gettext_noop(
        "This form came from another website, so it was not sent. Read what is written in it. If it is yours, "
        "send it again."
    ),
    "often": gettext_noop(
        "Too much was sent from this connection. Send it again in %(minutes)s minutes. What you wrote is still here."
    ),
    "wrong": gettext_noop("No report has this code and PIN. Look at both again, letter by letter."),
    "tries": gettext_noop("Too many wrong PINs. Try again in %(minutes)s minutes."),
    "late": gettext_noop("This page was open for too long. Type the code and the PIN again."),
    "forgotten": gettext_noop("This report is deleted, because its time is over. You can make a new one."),
    "nothing": gettext_noop("Write something, or add a file."),
    "long": gettext_noop("This is too long. Make it shorter."),
    "full": gettext_noop("This report is full. You can make a new one."),
}
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
LONGEST: Final = 10_000


class Words(forms.CharField):
    """A text as somebody types it; what no text has (NUL and its kin) is left out instead of refused."""

    def __init__(self, *, longest: int = 300, **kwargs: Any) -> None:
        """Optional, and at most so many characters."""
        kwargs.setdefault("required", False)
        kwargs.setdefault("error_messages", {"max_length": _("This is too long. Make it shorter.")})
        super().__init__(max_length=longest, **kwargs)

    def to_python(self, value: Any) -> str:
        """The text without control characters, with one way to end a line."""
        text = str(value or "").translate(_CONTROLS).replace("\r\n", "\n").replace("\r", "\n")
        return str(super().to_python(text) or "")


class ReportForm(forms.Form):
    """What happened, to whom, where and when; and as much of who reports as they want to say."""

    use_required_attribute = False
    key = forms.RegexField(r"^[!-~]{8,80}$", widget=forms.HiddenInput, required=False)
    authority = forms.ChoiceField(
        label=_("To which authority?"),
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose at least one line.")),
    )
    categories = forms.MultipleChoiceField(
        label=_("What happened?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose at least one line.")),
    )
    story = Words(
        label=_("Tell it in your own words"),
        longest=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    whom = Words(
        label=_("Who did it?"), help_text=_("The agency, its number, the code on the badge, or a name.")
    )
    contact_of_whom = Words(label=_("Their phone number, page or address"))
    place = Words(label=_("Where did it happen?"), help_text=_("The town or the district is enough."))
    day = Words(label=_("When did it happen?"))
    amount = Words(label=_("How much money?"), longest=60)
    currency = Words(label=_("In which money?"), longest=60)
    paid_for = Words(label=_("What was the money for?"))
    several = forms.BooleanField(label=_("It happened to other people too."), required=False)
    name = Words(label=_("Your name"))
    reach = Words(label=_("Your phone number or e-mail address"))
    wish = Words(label=_("When or how is it safe to reach you?"))
    consent = forms.BooleanField(
        label=_("The authority may pass my report on to the police or to labour inspectors, if that helps."),
        required=False,
    )

    def __init__(self, offices: Iterable[Office], *args: Any, **kwargs: Any) -> None:
        """Offer the authorities in the reader's language, and what can happen."""
        super().__init__(*args, **kwargs)
        offered = [(one.code, _office_name(one)) for one in offices]
        sent = str(self.data.get("authority", ""))[:20] if self.is_bound else ""
        if not offered and sent:  # the register can not be asked: what was chosen stays chosen
            offered = [(sent, sent)]
        self.fields["authority"].choices = offered  # type: ignore[attr-defined]
        self.fields["categories"].choices = [(one.value, gettext(text)) for one, text in CATEGORIES.items()]  # type: ignore[attr-defined]
        if len(offered) == 1:
            self.fields["authority"].initial = offered[0][0]
        self.fields["key"].initial = secrets.token_hex(16)


class LetterForm(forms.Form):
    """What the person writes from the status page."""

    use_required_attribute = False
    key = forms.RegexField(r"^[!-~]{8,80}$", widget=forms.HiddenInput, required=False)
    ticket = forms.CharField(widget=forms.HiddenInput, max_length=200)
    text = Words(label=_("Write to the authority"), longest=LONGEST, widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with a key of its own."""
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = secrets.token_hex(16)


class EnterForm(forms.Form):
    """Code and PIN."""

    use_required_attribute = False
    code = Words(label=_("Code of your report"), longest=60)
    pin = Words(label=_("PIN"), longest=60)


@dataclass(frozen=True, slots=True)
class Told:
    """A letter as the page shows it."""

    mine: bool
    when: str
    text: str
    files: str


@refusals.guarded
def report(request: HttpRequest) -> HttpResponse:
    """The form; ``?badge=`` or ``?licence=`` says whom it is about."""
    offices = published.offices(at=clock.now())
    about = (request.GET.get("badge") or request.GET.get("licence") or "")[:60].translate(_CONTROLS)
    initial: dict[str, Any] = {"whom": about}
    if about and (meant := published.licence_meant(about)) is not None:
        initial["authority"] = meant[2]
    return form_page(request, ReportForm(offices, initial=initial), offices)


@refusals.guarded
def enter(request: HttpRequest) -> HttpResponse:
    """Where code and PIN are typed."""
    return enter_page(request, EnterForm())


def form_page(
    request: HttpRequest, form: ReportForm, offices: Iterable[Office], *, problems: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The form, with what was typed in it and what is wrong."""
    every = tuple(offices)
    context = {
        "form": form,
        "fields": {name: form[name] for name in form.fields},
        "problems": list(problems),
        "lines": help_lines(every, str(form["authority"].value() or "")),
        "one_office": len(form.fields["authority"].choices) < 2,  # type: ignore[attr-defined]
        "urgent": URGENT,
        "more": any(form[name].value() for name in ("place", "day", "amount", "currency", "paid_for")),
    }
    return _draw(request, "report.html", context, action="/report", status=status)


def receipt_page(
    request: HttpRequest, *, code: str, pin: str, urgent: bool, offices: Iterable[Office]
) -> HttpResponse:
    """Code and PIN, shown this once; the help lines where somebody may be in danger."""
    lines = help_lines(tuple(offices)) if urgent else ()
    context = {
        "code": shown_code(code),
        "pin": pin,
        "urgent": urgent,
        "lines": lines,
        "host": settings.REGISTRY_HOST,
    }
    return _draw(request, "reported.html", context, action="")


def enter_page(
    request: HttpRequest,
    form: EnterForm,
    *,
    problem: str = "",
    text: LetterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form for code and PIN; what was typed as the PIN is not shown again.

    ``text``: a letter that could not be added, shown so that it can be copied.
    """
    unsent = str(text.data.get("text", "")).translate(_CONTROLS)[:LONGEST] if text else ""
    context = {"code": form["code"], "pin": form["pin"], "problem": problem, "unsent": unsent}
    return _draw(request, "report_enter.html", context, action="/report/status", status=status)


def status_page(
    request: HttpRequest, found: Any, form: LetterForm, *, problems: Iterable[str] = (), sent: bool = False,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Where a report stands (``registry.remedy.intake.Status``), the letters, and a form for the next."""
    sentence = gettext(STATES[State(found.state)])
    if found.state == State.REFERRED:
        sentence %= {"body": gettext(BODIES[Body(found.body)])}
    outcome = gettext(OUTCOMES[Outcome(found.outcome)]) if found.outcome else ""
    if found.outcome == Outcome.REPAID:
        outcome %= {"sum": _sum(found.repaid, found.currency)}
    context = {
        "code": shown_code(found.code),
        "sentence": sentence,
        "outcome": outcome,
        "received": _moment(found.received_at, found.zone),
        "letters": [_told(one, found.zone) for one in found.letters],
        "forgotten": found.forgotten,
        "form": form,
        "text": form["text"],
        "problems": list(problems),
        "sent": sent,
        "ticket": found.ticket,
    }
    return _draw(request, "report_status.html", context, action="/report/letters", status=status)


def too_large_page(request: HttpRequest) -> HttpResponse:
    """For a request of which not even the words could be read: the browser still has them."""
    context = {
        "problem": gettext("The files are too large. Go back: what you wrote is still there. Take them out.")
    }
    return _draw(request, "report_large.html", context, action="/report", status=413)


def help_lines(offices: tuple[Office, ...], chosen: str = "") -> tuple[tuple[str, str, str], ...]:
    """Who helps at once: a name, a number, and the number to call; of the authority that is chosen, else of all."""
    asked = [one for one in offices if one.code == chosen] or offices
    lines = dict.fromkeys(line for one in asked for line in one.help_lines)
    return tuple((name, number, "".join(c for c in number if c in "+0123456789")) for name, number in lines)


def refusal(why: str, **facts: Any) -> str:
    """Why a form or a file was not taken, in the reader's language."""
    return gettext({**REFUSED, **FILES}[why]) % facts


def door() -> str:
    """Where the forms go: the officials' host."""
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}"


def home() -> str:
    """Where the pages are."""
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"


def _draw(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, action: str, status: int = 200
) -> HttpResponse:
    """A page that nobody keeps, on either host; its forms go to the door and keep the language."""
    language = languages.of(request)
    styles = _sheet(door())
    around = render.frame(language, chosen=languages.chosen(request), request=request, styles=styles)
    at_home = request.method in {"GET", "HEAD"}
    if not at_home:  # an answer to a form can not be asked for in another language
        around = replace(around, tongues=())
    told = {
        **context,
        "page": around,
        "home": "" if at_home else home(),
        "action": f"{door()}{action}?lang={language}",
        "kept": f"?lang={around.chosen}" if around.chosen else "",
    }
    body = render.markup(template, told)
    return render.send(request, body, language, status=status, cache=etags.KEEP_NOT, styles=styles)


@lru_cache(maxsize=4)
def _sheet(where: str) -> sheet.Sheet:
    """The public sheet with what forms need; forms may go to the door alone."""
    styles = sheet.read("tokens.css", "site.css", "report.css")
    return replace(styles, policy=styles.policy.replace("form-action 'self'", f"form-action 'self' {where}"))


def _office_name(office: Office) -> str:
    return facts.authority_name({"authority": {"name": office.name}}) or office.code


def _told(letter: Any, zone: str) -> Told:
    text = gettext("This text is deleted, because its time is over.") if letter.deleted else letter.text
    files = gettext("Files sent: %(n)s") % {"n": letter.files} if letter.files else ""
    return Told(letter.from_person, _moment(letter.at, zone), text, files)


def _moment(at: datetime, zone: str) -> str:
    return written.moment(at, zone)


def _sum(amount: Any, currency: str) -> str:
    return str(format_currency(amount, currency, locale=(get_language() or "en").replace("-", "_")))
