"""Officers: who may act and how they sign in; every change is proposed by one administrator, approved by another."""

import logging
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from api import auth, officers
from api.desk import door, parts
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.models import AccountChange
from api.outbound import post
from api.pages import written
from registry import clock
from registry.rules.errors import RegistryError, RoleNotAllowed
from registry.rules.lifecycle import Role

_POST: Final = ("POST",)
_KINDS: Final = {
    "invite": gettext_noop("Invitation"),
    "roles": gettext_noop("Other roles"),
    "device": gettext_noop("New password and device"),
    "end": gettext_noop("End"),
}
_FACTORS: Final = {"totp": gettext_noop("device"), "webauthn": gettext_noop("passkey")}
_log = logging.getLogger("api.desk")


class _Roles(forms.MultipleChoiceField):
    """The roles of domain model 3.6, to tick."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Roles"), choices=[(role.value, _(word)) for role, word in parts.ROLES.items()],
            widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip


class InvitationForm(Deciding):
    """Who is to become an officer."""

    button: ClassVar[str | Promise] = _("Propose the invitation")
    draft: ClassVar[str] = "invitation"
    name = forms.CharField(label=_("Name"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The link goes there, once, and to nobody else."))
    number = forms.CharField(
        label=_("Officer's number"),
        max_length=40,
        help_text=_("What entries will quote for ever: XA-DLA-101."),
    )
    username = forms.CharField(label=_("Name to sign in with"), max_length=150)
    authority = forms.CharField(
        label=_("Authority"),
        max_length=20,
        required=False,
        help_text=_("None for an administrator or auditor of all."),
    )
    roles = _Roles()

    def __init__(self, visit: Visit) -> None:
        """An administrator of one authority invites to that one."""
        super().__init__(visit)
        if visit.by.authority:
            del self.fields["authority"]


class RolesForm(Deciding):
    """Other roles, and why."""

    button: ClassVar[str | Promise] = _("Propose these roles")
    draft: ClassVar[str] = "roles"
    roles = _Roles()
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea)


class DeviceForm(Deciding):
    """A new password and device for who has lost theirs."""

    button: ClassVar[str | Promise] = _("Propose a new device")
    draft: ClassVar[str] = "device"
    email = forms.EmailField(
        label=_("E-mail"), help_text=_("The link goes there. Be sure whose address it is.")
    )
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea)


class EndForm(Deciding):
    """The end of an officer."""

    button: ClassVar[str | Promise] = _("Propose the end")
    draft: ClassVar[str] = "end"
    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea)


class ApproveForm(Deciding):
    """A second administrator's yes."""

    button: ClassVar[str | Promise] = _("Approve")


class PasswordForm(Form):
    """The password of somebody invited, twice."""

    button: ClassVar[str | Promise] = _("Open the account")
    password = forms.CharField(
        label=_("Password"),
        help_text=_("Twelve characters at least; a sentence is good."),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same once more"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ."""
        found: dict[str, Any] = super().clean() or {}
        if {"password", "again"} <= set(found) and found["password"] != found["again"]:
            self.add_error("again", gettext("The two are not the same."))
        return found


@door.room(of="desk-people")
def people(visit: Visit) -> HttpResponse:
    """The officers with their state, and the changes that wait."""
    rows = [
        (
            parts.Link(
                parts.Number(one.officer.number), resolve_url("desk-person", one.officer.number), _name(one)
            ),
            written.listed(parts.roles(one.officer.roles)),
            one.officer.authority or gettext("all of them"),
            _state(one),
            parts.Moment(one.user.last_login if one.user else None, visit.zone),
            written.listed(gettext(_FACTORS[kind]) for kind in one.factors) or gettext("none"),
        )
        for one in officers.listed(by=visit.by)
    ]
    columns = (
        gettext("Officer"), gettext("Roles"), gettext("Authority"), gettext("State"), gettext("Last signed in"),
        gettext("Second factors"),
    )  # fmt: skip
    return visit.page(
        "people.html",
        gettext("Officers"),
        may_change=officers.administers(visit.by),
        changes=changes_table(visit),
        table=parts.Table(gettext("Officers"), columns, rows, gettext("There is no officer yet.")),
    )


@door.room(of="desk-people", methods=_POST)
def person(visit: Visit, number: str) -> HttpResponse:
    """One officer; an administrator may end the sessions alone, for that harms nobody and may be urgent."""
    one = officers.one(number, by=visit.by)
    if visit.request.method == "POST":
        officers.end_sessions(number, by=visit.by)
        return visit.go("desk-person", number, told=gettext("Signed out everywhere."))
    facts = (
        parts.Fact(gettext("Name"), _name(one)),
        parts.Fact(gettext("Roles"), written.listed(parts.roles(one.officer.roles))),
        parts.Fact(gettext("Authority"), one.officer.authority or gettext("all of them")),
        parts.Fact(gettext("State"), _state(one)),
        parts.Fact(gettext("Appointed"), parts.Moment(one.officer.appointed_at, visit.zone)),
        parts.Fact(gettext("Left"), parts.Moment(one.officer.ended_at, visit.zone))
        if one.officer.ended_at
        else None,
        parts.Fact(
            gettext("Last signed in"),
            parts.Moment(one.user.last_login, visit.zone) if one.user and one.user.last_login else "",
        ),
        parts.Fact(
            gettext("Second factors"), written.listed(gettext(_FACTORS[kind]) for kind in one.factors)
        ),
        parts.Fact(gettext("Open sessions"), str(len(auth.sessions(one.user)) if one.user else 0)),
    )
    return visit.page(
        "person.html",
        number,
        number=number,
        facts=parts.Facts([fact for fact in facts if fact]),
        may_change=officers.may_propose(one, by=visit.by),
    )


@door.room(Role.ADMINISTRATOR, methods=_POST)
def invite(visit: Visit) -> HttpResponse:
    """Propose an invitation."""
    form = InvitationForm(visit)
    if visit.request.method == "POST" and form.is_valid():
        sent = {name: form.cleaned_data[name] for name in ("name", "email", "number", "username", "roles")}
        authority = visit.by.authority or form.cleaned_data["authority"]
        try:
            officers.propose_invitation(**sent, authority=authority, by=form.by, at=form.at)
            return visit.go("desk-people", told=_waits())
        except RegistryError as refusal:
            form.refuse(refusal)
    return _form(visit, form, gettext("Invite an officer"))


@door.room(Role.ADMINISTRATOR, methods=_POST)
def change_roles(visit: Visit, number: str) -> HttpResponse:
    """Propose other roles."""
    one = officers.one(number, by=visit.by)
    form = RolesForm(visit, initial={"roles": one.officer.roles})
    if visit.request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            officers.propose_roles(number, roles=sent["roles"], reason=sent["reason"], by=form.by, at=form.at)
            return visit.go("desk-people", told=_waits())
        except RegistryError as refusal:
            form.refuse(refusal)
    return _form(visit, form, gettext("Other roles for %(number)s") % {"number": number})


@door.room(Role.ADMINISTRATOR, methods=_POST)
def new_device(visit: Visit, number: str) -> HttpResponse:
    """Propose a new password and device."""
    one = officers.one(number, by=visit.by)
    form = DeviceForm(visit, initial={"email": one.user.email if one.user else ""})
    if visit.request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            officers.propose_device(
                number, email=sent["email"], reason=sent["reason"], by=form.by, at=form.at
            )
            return visit.go("desk-people", told=_waits())
        except RegistryError as refusal:
            form.refuse(refusal)
    return _form(visit, form, gettext("A new device for %(number)s") % {"number": number})


@door.room(Role.ADMINISTRATOR, methods=_POST)
def end(visit: Visit, number: str) -> HttpResponse:
    """Propose that an officer leaves."""
    officers.one(number, by=visit.by)
    form = EndForm(visit)
    if visit.request.method == "POST" and form.is_valid():
        try:
            officers.propose_end(number, reason=form.cleaned_data["reason"], by=form.by, at=form.at)
            return visit.go("desk-people", told=_waits())
        except RegistryError as refusal:
            form.refuse(refusal)
    return _form(visit, form, gettext("The end of %(number)s") % {"number": number}, danger=True)


@door.room(of="desk-people", methods=_POST)
def change(visit: Visit, number: int) -> HttpResponse:
    """One change that waits: what it was and what it would be, and the second administrator's yes or no."""
    found = officers.change(number, by=visit.by)
    if visit.request.method == "POST" and not officers.administers(visit.by):
        raise RoleNotAllowed
    form = ApproveForm(visit)
    declining = "decline" in visit.request.POST
    if visit.request.method == "POST":
        try:
            if declining:
                officers.decline(number, by=visit.by, at=visit.at)
                return visit.go("desk-people", told=gettext("Nothing was changed."))
            if form.is_valid():
                done, secret = officers.approve(number, by=form.by, at=form.at)
                return visit.go("desk-people", told=_sent(done, secret))
        except RegistryError as refusal:
            form.is_valid()
            form.refuse(refusal)
    held = (
        written.listed(parts.roles(officers.one(found.number, by=visit.by).officer.roles))
        if found.kind == "roles"
        else ""
    )
    wanted = written.listed(parts.roles(found.roles))
    facts = (
        parts.Fact(gettext("What"), gettext(_KINDS[found.kind])),
        parts.Fact(gettext("Officer"), parts.officers(found.number)),
        parts.Fact(gettext("Name"), found.name) if found.name else None,
        parts.Fact(gettext("E-mail"), found.email) if found.email else None,
        parts.Fact(gettext("Authority"), found.authority or gettext("all of them")),
        parts.Fact(gettext("Roles now"), held) if held else None,
        parts.Fact(gettext("Roles then"), wanted) if wanted else None,
        parts.Fact(gettext("Why"), found.reason) if found.reason else None,
        parts.Fact(gettext("Proposed by"), parts.officers(found.proposed_by)),
        parts.Fact(gettext("Runs out"), parts.Moment(found.expires_at, visit.zone)),
    )
    agreement = officers.agreement(found)
    return visit.page(
        "change.html",
        gettext(_KINDS[found.kind]),
        status=422 if form.errors else 200,
        facts=parts.Facts([fact for fact in facts if fact]),
        form=form,
        is_open=agreement.is_open(visit.at),
        awaits=agreement.awaits(visit.by, at=visit.at),
        may_end=agreement.may_end(visit.by, at=visit.at),
    )


@sensitive_post_parameters("password", "again")
@door.open_page
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Where an invitation's link leads: a password of one's own, then the second factor."""
    at = clock.now()
    invited = officers.invitation(secret, at=at)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = officers.accept(secret, password=form.cleaned_data["password"], at=at)
            auth.open_half(request, user)
            return HttpResponseRedirect(resolve_url("desk-set-up"))
        except RegistryError as refusal:
            form.refuse(refusal)
    username = invited.username or officers.username(invited.number)
    status = 422 if form.errors else 200
    return door.draw(
        request, "invitation.html", gettext("Welcome"), {"form": form, "username": username}, status=status
    )


def changes_table(visit: Visit) -> parts.Table | None:
    """The changes that wait, for this administrator or auditor; nothing when there are none."""
    found = officers.changes(by=visit.by, at=visit.at)
    if not found:
        return None
    rows = [
        (
            parts.Moment(one.expires_at, visit.zone),
            parts.Link(gettext(_KINDS[one.kind]), resolve_url("desk-change", one.pk)),
            parts.officers(one.number),
            parts.officers(one.proposed_by),
            gettext("your yes")
            if officers.agreement(one).awaits(visit.by, at=visit.at)
            else gettext("somebody else"),
        )
        for one in found
    ]
    columns = (
        gettext("Runs out"),
        gettext("What"),
        gettext("Officer"),
        gettext("Proposed by"),
        gettext("Waits for"),
    )
    return parts.Table(gettext("Changes of who may act"), columns, rows, "")


def _form(visit: Visit, form: Deciding, title: str, *, danger: bool = False) -> HttpResponse:
    return visit.page("form.html", title, status=422 if form.errors else 200, form=form, danger=danger)


def _sent(done: AccountChange, secret: str) -> str:
    """Send the invitation that a change brings, if it brings one, and say what happened."""
    if not secret:
        return gettext("It is done.")
    address = (
        f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}{resolve_url('desk-invitation', secret)}"
    )
    text = render_to_string("desk/invitation.txt", {"address": address, "change": done})
    try:
        send_mail(
            gettext("Your account at the licence register"),
            text,
            None,
            [done.email],
            connection=post.connected(),
        )
    except OSError:
        _log.exception("an invitation could not be sent")
        return gettext("Approved, but the e-mail could not be sent. Propose it again when mail works.")
    return gettext("Approved. The link is on its way to %(email)s.") % {"email": done.email}


def _waits() -> str:
    return gettext("Proposed. It waits for another administrator.")


def _name(one: officers.Listed) -> str:
    return one.user.first_name if one.user else ""


def _state(one: officers.Listed) -> str:
    if one.officer.ended_at is not None:
        return gettext("has left")
    if one.user is None or not one.factors:
        return gettext("not set up")
    return gettext("may sign in")


urlpatterns: list[URLPattern] = [
    path("officers", people, name="desk-people"),
    path("officers/invitations/new", invite, name="desk-invite"),
    path("officers/changes/<int:number>", change, name="desk-change"),
    path("officers/<str:number>", person, name="desk-person"),
    path("officers/<str:number>/roles", change_roles, name="desk-roles"),
    path("officers/<str:number>/device", new_device, name="desk-new-device"),
    path("officers/<str:number>/end", end, name="desk-end"),
    path("invitations/<str:secret>", invitation, name="desk-invitation"),
]
