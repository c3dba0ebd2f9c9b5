"""Live codes: an agency invites its people, a person accepts, and sees digits that change every minute (ADR 0021)."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import applicants as accounts
from api import auth, problems
from api.desk.apply import door
from api.desk.apply.door import Visit
from api.desk.apply.licences import canonical
from api.desk.forms import Form, renew
from api.pages import facts
from registry import holders
from registry.rules.errors import RegistryError
from verification import live_codes, qr
from verification.live_codes import Enrolment, Shown

STATES = {
    "": _("not invited"),
    "invited": _("invited, not accepted yet"),
    "lapsed": _("invited; the time to accept is over"),
    "enrolled": _("shows live codes"),
}
PROBLEMS = {
    "appointment": _("You do not act for this agency now. So there are no digits."),
    "account": _("Whoever invited you acts for the agency no more. Ask the agency to invite you again."),
    "licence": _("No licence of this agency is in force now. So there are no digits."),
}


class PersonForm(Form):
    """Whom to invite, or whose enrolment to end; the second factor anew where it is older than five minutes."""

    button: ClassVar[str | Promise] = _("Invite")
    appointment = forms.ChoiceField(label=_("Person"))
    do = forms.ChoiceField(
        label=_("What to do"),
        choices=[("invite", _("Invite, to show live codes")), ("end", _("End it at once"))],
        widget=forms.RadioSelect,
        initial="invite",
    )
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Code of your device"),
        error_messages={"invalid": _("Six digits, as the device shows them.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}
        ),
    )

    def __init__(self, visit: Visit, people: list[tuple[str, str]]) -> None:
        """For one of these people, by number and name."""
        sent = visit.request.POST if visit.request.method == "POST" else None
        super().__init__(sent)
        self.visit = visit
        self.fields["appointment"].choices = people  # type: ignore[attr-defined]
        if auth.is_fresh(visit.request):
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        """Spend the code last, when everything else is good."""
        found: dict[str, Any] = super().clean() or {}
        if "code" in self.fields and not self.errors:
            renew(self.visit.request, self, found.get("code", ""))
        return found


class AcceptForm(Form):
    """Nothing but a button: a program that opens links for a reader accepts nothing."""

    button: ClassVar[str | Promise] = _("Yes, this is me")


class EndForm(Form):
    """Whose enrolment of one's own to end."""

    button: ClassVar[str | Promise] = _("Show no more digits")
    appointment = forms.CharField(max_length=40, widget=forms.HiddenInput)


@door.page()
def people(visit: Visit, number: str) -> HttpResponseBase:
    """Who of an agency shows live codes; inviting somebody, and ending it."""
    number = canonical(number)
    held = holders.people(visit.account, number, at=visit.at)
    stands = live_codes.of_appointments([one.number for one in held], at=visit.at)
    choices = [(one.number, f"{one.name} · {facts.role(one.role)}") for one in held]
    form, address = PersonForm(visit, choices), ""
    if visit.request.method == "POST" and form.is_valid():
        appointment = form.cleaned_data["appointment"]
        try:
            if form.cleaned_data["do"] == "end":
                live_codes.end(appointment, by=visit.account, at=visit.at)
                return visit.go("apply-people", number, told=gettext("It is ended."))
            key = live_codes.invite(appointment, by=visit.account, at=visit.at)
            address = _address(key)
            stands = live_codes.of_appointments([one.number for one in held], at=visit.at)
        except RegistryError as refusal:
            form.refuse(refusal)
    return visit.page(
        "people.html",
        gettext("People who show live codes"),
        status=422 if form.errors else 200,
        number=number,
        people=[(one, facts.role(one.role), _stands(stands.get(one.number))) for one in held],
        form=form if choices else None,
        address=address,
        picture=mark_safe(qr.text_svg(address)) if address else "",  # noqa: S308 - drawn by us
    )


@door.page()
def invitation(visit: Visit, key: str) -> HttpResponseBase:
    """What an invitation says, and the button that accepts it."""
    told = live_codes.invited(key, at=visit.at)
    confirmed = accounts.confirmed(visit.user)
    form = AcceptForm(visit.request.POST or None)
    if visit.request.method == "POST" and not confirmed:
        raise problems.Refusal("account.not_confirmed")
    if visit.request.method == "POST" and form.is_valid():
        live_codes.accept(key, account=visit.account, at=visit.at)
        return visit.go("apply-live", told=gettext("You are enrolled."))
    return visit.page(
        "invitation.html", gettext("Show live codes"), told=told, role=facts.role(told.role), form=form,
        confirmed=confirmed, email=visit.user.email,
    )  # fmt: skip


@door.page()
def live(visit: Visit) -> HttpResponseBase:
    """The digits of this minute, to be read out to whoever asks."""
    if visit.request.method == "POST":
        form = EndForm(visit.request.POST)
        if form.is_valid():
            mine = {one.appointment for one in live_codes.shown(visit.account, at=visit.at)}
            if form.cleaned_data["appointment"] in mine:
                live_codes.end(form.cleaned_data["appointment"], by=visit.account, at=visit.at)
            return visit.go("apply-live", told=gettext("It is ended."))
    shown = live_codes.shown(visit.account, at=visit.at)
    return visit.page(
        "live.html",
        gettext("Live code"),
        shown=[_shown(one, visit) for one in shown],
        period=live_codes.PERIOD,
    )


def _address(key: str) -> str:
    host = f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}"
    return f"{host}{resolve_url('apply-live-invitation', key)}"


def _stands(one: Enrolment | None) -> str:
    return str(STATES[one.stands if one else ""])


def _shown(one: Shown, visit: Visit) -> dict[str, Any]:
    left = max(1, -int((visit.at - one.until).total_seconds() // 1))
    return {
        "name": one.name,
        "role": facts.role(one.role),
        "holder": one.holder,
        "digits": _grouped(one.digits),
        "long": _grouped(one.long),
        "left": left,
        "problem": str(PROBLEMS.get(one.problem, "")),
        "form": EndForm(initial={"appointment": one.appointment}, auto_id=f"{one.appointment}_%s"),
    }


def _grouped(digits: str) -> str:
    return " ".join(digits[place : place + 3] for place in range(0, len(digits), 3))


urlpatterns: list[URLPattern] = [
    path("licences/<str:number>/people", people, name="apply-people"),
    path("live", live, name="apply-live"),
    path("live/invitations/<str:key>", invitation, name="apply-live-invitation"),
]
