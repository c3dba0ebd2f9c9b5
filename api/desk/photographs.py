"""Photographs of offices and of the people who act for an agency: what is shown, another one proposed, one taken off.

An upload is scanned and drawn anew before anything of it is kept (``documents.picture``). Showing it takes another
officer's yes where the public reads of the agency; taking it off does not.
"""

from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import documents, problems, readings
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.pages import facts
from registry import agencies, photographs
from registry.agencies import Waiting
from registry.rules import days, errors, numbering
from registry.rules.numbering import Kind
from registry.rules.publication import PUBLIC_ROLES

_POST: Final = ("POST",)


class ShowForm(Form):
    """A photograph to be shown from now on."""

    button: ClassVar[str | Promise] = _("Show this photograph")
    file = forms.FileField(
        label=_("Photograph"),
        required=False,
        help_text=_(
            "JPEG or PNG, at most 10 megabytes. It is made small, and what the camera wrote beside it is left out."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png"}),
    )
    agreed_on = forms.DateField(
        label=_("The person agreed on"),
        help_text=_("The day of the paper on which the person agreed that everybody may see the picture."),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": _("Without the person's word nothing is shown.")},
    )

    def __init__(self, *args: Any, of_person: bool, **kwargs: Any) -> None:
        """Ask for the person's word where it is a person."""
        super().__init__(*args, **kwargs)
        if not of_person:
            del self.fields["agreed_on"]


class WithdrawForm(Deciding):
    """The photograph is shown no more."""

    button: ClassVar[str | Promise] = _("Take it off now")


@door.room(*agencies.WRITERS, methods=_POST)
def photograph(visit: Visit, agency: str, number: str) -> HttpResponse:
    """What an office or a person shows, and the forms that change it."""
    shown = _shown(visit, agency, number)
    posted = visit.request.method == "POST"
    withdrawing = posted and visit.request.POST.get("do") == "withdraw"
    show = _form(visit, shown, sent=posted and not withdrawing)
    withdraw = (
        WithdrawForm(visit, auto_id="withdraw_%s")
        if shown["photograph"] and (withdrawing or not posted)
        else None
    )
    status = 200
    if posted:
        form = withdraw if withdrawing else show
        if form is None:
            raise errors.RoleNotAllowed("nothing is shown here, and nothing can be")
        try:
            if form.is_valid():
                return _changed(visit, agency, number, form)
            status = 422
        except errors.NotAllowed:
            raise
        except (errors.RegistryError, problems.Refusal) as refusal:
            form.refuse(refusal)
            status = problems.told(refusal.code, refusal.facts, family=422).status
    return visit.page(
        "photograph.html",
        gettext("Photograph of %(what)s") % {"what": shown["what"]},
        status=status,
        agency=agency,
        note=shown["note"],
        held=parts.Photograph(shown["photograph"]),
        agreed_on=parts.Day(shown["agreed_on"]) if shown["agreed_on"] else "",
        show=show,
        withdraw=withdraw,
    )


@door.room(of="desk-agencies")
def picture(visit: Visit, sha256: str) -> HttpResponse:
    """The picture itself, shown or proposed in the officer's authority."""
    content = photographs.of_authority(sha256, by=visit.by)
    return HttpResponse(content, content_type="image/jpeg")


def _form(visit: Visit, shown: dict[str, Any], *, sent: bool) -> ShowForm | None:
    """The form for a photograph, where one can be shown: the public has to read who somebody is."""
    if not shown["open"]:
        return None
    if not sent:
        return ShowForm(of_person=shown["of_person"])
    return ShowForm(visit.request.POST, visit.request.FILES, of_person=shown["of_person"])


def _changed(visit: Visit, agency: str, number: str, form: Form) -> HttpResponse:
    key = form.idempotency_key
    if isinstance(form, WithdrawForm):
        made = agencies.withdraw_photograph(number, by=form.by, at=form.at, idempotency_key=key)
    else:
        made = agencies.show_photograph(
            number,
            _uploaded(visit, form),
            agreed_on=form.cleaned_data.get("agreed_on"),
            by=visit.by,
            at=visit.at,
            idempotency_key=key,
        )
    if isinstance(made, Waiting):
        return visit.go(
            "desk-proposal", made.proposal, told=gettext("Proposed. It waits for another officer.")
        )
    return visit.go("desk-photograph", agency, number, told=gettext("The records are changed."))


def _uploaded(visit: Visit, form: Form) -> bytes:
    upload = form.cleaned_data["file"]
    if documents.was_too_large(visit.request):
        raise documents.too_large()
    if upload is None:
        raise problems.Refusal("document.refused", field="file", reason=gettext("Choose a file."))
    return documents.picture(upload)


def _shown(visit: Visit, agency: str, number: str) -> dict[str, Any]:
    """The office or the appointment of that agency, as the page tells it."""
    try:
        agency = numbering.canonical(agency, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None
    found = readings.agency_then(agency, by=visit.by, at=visit.at, as_of=None, known_at=None, through="desk")
    today = days.local_day(visit.at, found.zone)
    for one in found.offices:
        if one["number"] == number:
            where = ", ".join(filter(None, (one["name"], one["address"], one["locality"])))
            return _told(one, number, where, today, open_=True, of_person=False)
    for one in found.appointments:
        if one["number"] == number:
            named = bool(one["public_name"]) and one["role"] in PUBLIC_ROLES
            told = _told(one, one["person_name"], facts.role(one["role"]), today, open_=named, of_person=True)
            return (
                told
                if named
                else told | {"note": gettext("The public does not read who this is, so no picture is shown.")}
            )
    raise errors.OfficeNotFound


def _told(one: Any, what: str, note: str, today: date, *, open_: bool, of_person: bool) -> dict[str, Any]:
    lasts = one["last_day"] is None or one["last_day"] >= today
    return {
        "what": what,
        "note": note,
        "photograph": one["photograph"],
        "agreed_on": one.get("photograph_agreed_on"),
        "open": open_ and lasts,
        "of_person": of_person,
    }


def link(agency: str, number: str, sha256: str) -> parts.Noted:
    """The cell of a table: the photograph, and the way to where it is changed."""
    text = gettext("Change") if sha256 else gettext("Add one")
    return parts.Noted(
        parts.Photograph(sha256, small=True), parts.Link(text, resolve_url("desk-photograph", agency, number))
    )


urlpatterns: list[URLPattern] = [
    path("photographs/<str:sha256>.jpg", picture, name="desk-picture"),
    path("agencies/<str:agency>/photographs/<str:number>", photograph, name="desk-photograph"),
]
