"""Objections of the public to an application: a form for anybody, without signing in, with a limit for each client."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import throttles
from api.desk.apply import door
from api.desk.forms import Form
from api.pages import written
from registry import clock
from registry.admission import applicants, published
from registry.rules import numbering
from registry.rules.errors import ApplicationNotFound, RegistryError

OBJECTIONS = throttles.Limit("objections", burst=5, per_second=1 / 720)
"""Objections of one client: five, and five an hour."""


class ObjectionForm(Form):
    """What somebody knows, and who they are if they want to say."""

    button: ClassVar[str | Promise] = _("Send the objection")
    text = forms.CharField(
        label=_("What the authority should know"),
        max_length=applicants.LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    name = forms.CharField(label=_("Your name"), max_length=200, required=False)
    contact = forms.CharField(
        label=_("How the authority can reach you"),
        max_length=200,
        required=False,
        help_text=_("Only officers read it. The applicant never learns who objected."),
    )


@door.open_page
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Object while the time for it runs."""
    now = clock.now()
    try:
        told = published.notice(numbering.canonical(number, numbering.Kind.APPLICATION), at=now)
    except (numbering.NotOurs, numbering.Mistyped):
        raise ApplicationNotFound from None
    if told.state != "objection_period":
        raise ApplicationNotFound
    form = ObjectionForm(request.POST or None)
    waits: Mapping[str, str] = {}
    if request.method == "POST" and form.is_valid() and not (waits := door.spare(request, OBJECTIONS, form)):
        said = {name: form.cleaned_data[name] for name in ("text", "name", "contact")}
        try:
            applicants.object_to(told.number, **said, at=now, idempotency_key=form.idempotency_key)
            return door.draw(request, "objected.html", gettext("Thank you"), {"number": told.number})
        except RegistryError as refusal:
            form.refuse(refusal)
    context = {
        "form": form,
        "notice": told,
        "until": written.last_day(told.objections_until or now, told.zone),
    }
    title = gettext("Object to an application")
    status = 422 if form.errors else 200
    return door.draw(request, "objection.html", title, context, status=status, waits=waits)


urlpatterns: list[URLPattern] = [path("objections/<str:number>", objection, name="apply-objection")]
