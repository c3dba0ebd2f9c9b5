"""Who is told of a licence by e-mail, and what became of each letter."""

from typing import ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import phrases, readings
from api.desk import door, licences, parts
from api.desk.door import Visit
from api.desk.forms import Form
from api.outbound import email, mails
from registry import outlook
from registry.rules import errors

_POST = ("POST",)
_STATES = {
    "waiting": _("waiting"),
    "sent": _("sent"),
    "failed": _("given up"),
    "withdrawn": _("not sent: no longer public"),
}
_REMINDERS = {
    "term_90": gettext_noop("reminder: the term ends within 90 days"),
    "security_30": gettext_noop("reminder: the security ends within 30 days"),
    "security_14": gettext_noop("reminder: the security ends within 14 days"),
    "security_3": gettext_noop("reminder: the security ends within 3 days"),
}


class WatchForm(Form):
    """An address that asked to be told."""

    button: ClassVar[str | Promise] = _("Tell this address too")
    address = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )


@door.room(of="desk-agencies", methods=_POST)
def letters(visit: Visit, number: str) -> HttpResponse:
    """The addresses and the letters of one licence."""
    number = licences.canonical(number)
    readings.licence(number, by=visit.by, at=visit.at, through="desk")
    posted = visit.request.method == "POST"
    form, status = WatchForm(visit.request.POST if posted else None), 200
    if posted and "end" in visit.request.POST:
        return _ended(visit, number)
    if posted and form.is_valid():
        try:
            email.watch(number, form.cleaned_data["address"].strip(), by=visit.by, at=visit.at)
        except errors.BadInput as refusal:
            form.refuse(refusal)
            status = 422
        else:
            return visit.go("desk-letters", number, told=gettext("This address is told from now on."))
    elif posted:
        status = 422
    file = outlook.file(number, by=visit.by, at=visit.at)
    return visit.page(
        "letters.html",
        gettext("Told by e-mail"),
        status=status,
        number=number,
        name=file.name,
        back=resolve_url("desk-licence", number),
        form=form if email.may_watch(by=visit.by) else None,
        watchers=email.watchers(number),
        letters=_log(number, file.zone),
        mails=mails_about(number, file.zone),
    )


def _ended(visit: Visit, number: str) -> HttpResponse:
    which = visit.request.POST["end"]
    if which.isascii() and which.isdigit() and len(which) < 19:
        email.unwatch(number, int(which), by=visit.by, at=visit.at)
    return visit.go("desk-letters", number, told=gettext("This address is told no more."))


def mails_about(about: str, zone: str) -> parts.Table:
    """The mails to an applicant or a holder about an application or a licence, and what became of each."""
    rows = [
        (
            parts.Moment(one.sent_at or one.due_at, zone),
            phrases.say(mails.WORDINGS[one.kind].subject, get_language() or "en", number=one.about),
            one.address,
            str(_STATES[one.state]),
            one.last_error,
        )
        for one in mails.log(about)
    ]
    columns = (
        gettext("Sent, or next try"),
        gettext("About"),
        gettext("Address"),
        gettext("Stands"),
        gettext("The server said"),
    )
    return parts.Table(gettext("Mails"), columns, rows, gettext("No mail was written yet."))


def _log(number: str, zone: str) -> parts.Table:
    rows = [
        (
            gettext(_REMINDERS[one.reminds]) if one.reminds else one.sequence,
            one.address,
            str(_STATES[one.state]),
            str(one.attempts),
            parts.Moment(one.sent_at or one.due_at, zone) if one.state in {"sent", "waiting"} else "",
            one.last_error,
        )
        for one in email.log(number)
    ]
    columns = (
        gettext("Entry or reminder"), gettext("Address"), gettext("Stands"), gettext("Tries"),
        gettext("Sent, or next try"), gettext("The server said"),
    )  # fmt: skip
    return parts.Table(gettext("Letters"), columns, rows, gettext("No letter was written yet."))


urlpatterns: list[URLPattern] = [path("licences/<str:number>/letters", letters, name="desk-letters")]
