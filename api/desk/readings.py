"""Who read what: the log of every read of restricted fields, for auditors."""

import re
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from api import readings
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Form

_PIECE: Final = 100
_FIELDS: Final = {
    "agency": gettext_noop("an agency's dossier"),
    "licence": gettext_noop("a licence with its entries"),
    "agencies": gettext_noop("the list of agencies"),
    "versions": gettext_noop("the versions of a record"),
    "difference": gettext_noop("the difference between two versions"),
    "proposals": gettext_noop("proposals that wait"),
    "motions": gettext_noop("motions that wait"),
    "motion": gettext_noop("a motion"),
    "persons": gettext_noop("a list of persons"),
    "person": gettext_noop("a person"),
    "requests": gettext_noop("requests of persons"),
    "request": gettext_noop("a person's request"),
    "handed over": gettext_noop("what was handed over to a person"),
    "holders": gettext_noop("accounts of agencies"),
    "concerns": gettext_noop("a list of concerns"),
    "concern": gettext_noop("a concern"),
    "who reported": gettext_noop("who reported a concern"),
    "file of a concern": gettext_noop("a file of a concern"),
    "queue": gettext_noop("the queue"),
    "row": gettext_noop("a row of a table"),
    "table": gettext_noop("a table"),
    "application": gettext_noop("an application"),
    "applications": gettext_noop("the list of applications"),
    "document": gettext_noop("a document of an application"),
    "screening": gettext_noop("what screening found"),
    "securities": gettext_noop("what issuers hold"),
    "workload": gettext_noop("officers’ workload"),
}
_THROUGH: Final = {
    "desk": gettext_noop("the desk"),
    "api": gettext_noop("a program"),
    "tables": gettext_noop("the tables"),
}


class AskForm(Form):
    """Whose reads, or of what."""

    button: ClassVar[str | Promise] = _("Show")
    officer = forms.CharField(label=_("Officer's number"), max_length=40, required=False)
    record = forms.CharField(label=_("Number of the record"), max_length=80, required=False)
    before = forms.IntegerField(required=False, widget=forms.HiddenInput)


#: How the log names more than one record (``api.readings``), and the same for a reader.
_SEVERAL: Final = (
    (re.compile(r"(?P<n>\d+) open"), gettext_noop("open: %(n)s")),
    (re.compile(r"(?P<n>\d+) matters"), gettext_noop("matters: %(n)s")),
    (re.compile(r"motion (?P<n>\d+)"), gettext_noop("motion %(n)s")),
    (re.compile(r"(?P<first>\S+) and (?P<n>\d+) more"), gettext_noop("%(first)s and %(n)s more")),
    (re.compile(r"(?P<first>\S+) to (?P<last>\S+)"), gettext_noop("%(first)s to %(last)s")),
    (re.compile(r"match (?P<n>\d+)"), gettext_noop("possible match %(n)s")),
    (re.compile(r"matches|securities"), gettext_noop("all")),
    (re.compile(r"nothing"), gettext_noop("nothing")),
)


def _record(kept: str) -> parts.Part:
    """The number of a record, or what the log says of several."""
    for pattern, words in _SEVERAL:
        if found := pattern.fullmatch(kept):
            return parts.Noted(gettext(words) % found.groupdict())
    return parts.Number(kept)


@door.room(of="desk-readings")
def log(visit: Visit) -> HttpResponse:
    """The reads of one's authority, the newest first; what is asked for narrows them."""
    form = AskForm(visit.request.GET)
    asked: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    officer, record = asked.get("officer", ""), asked.get("record", "")
    found, further = readings.log(
        by=visit.by, before=asked.get("before"), limit=_PIECE, officer=officer, record=record
    )
    here = resolve_url("desk-readings")
    kept = {name: value for name, value in (("officer", officer), ("record", record)) if value}
    return visit.page(
        "readings.html",
        gettext("Who read what"),
        form=form,
        table=parts.Table(
            gettext("Reads of restricted fields"),
            (
                gettext("When"),
                gettext("Who"),
                gettext("Number of the record"),
                gettext("What of it"),
                gettext("Through"),
            ),
            [
                (
                    parts.Moment(one.at, visit.zone),
                    parts.officers(one.officer),
                    _record(one.record),
                    gettext(_FIELDS.get(one.fields, one.fields)),
                    gettext(_THROUGH.get(one.through, one.through)),
                )
                for one in found
            ],
            gettext("Nobody read any."),
            pages=parts.Pages(
                following=f"{here}?{urlencode({**kept, 'before': further})}" if further else "",
                first=f"{here}?{urlencode(kept)}" if asked.get("before") else "",
            ),
        ),
    )


urlpatterns: list[URLPattern] = [path("readings", log, name="desk-readings")]
