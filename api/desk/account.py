"""An officer's own account: devices and passkeys, recovery codes, open sessions; and setting the first device up."""

from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from api import auth, problems
from api.desk import door, navigation, parts, session, unsent
from api.desk.door import Visit
from api.desk.forms import Deciding, Form
from api.models import User
from api.pages import written
from verification import qr

_POST = ("POST",)


class DeviceForm(Form):
    """The first code of a new device."""

    button: ClassVar[str | Promise] = _("Set up")
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Code that the device shows"),
        error_messages={"invalid": _("Six digits, as the device shows them.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}
        ),
    )


class EndSessionsForm(Form):
    """Ending one session, or all others."""

    session = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ForgetForm(Deciding):
    """Forgetting a passkey that was lost."""

    button: ClassVar[str | Promise] = _("Forget this passkey")


@door.room(methods=_POST)
def account(visit: Visit) -> HttpResponse:
    """What I sign in with, and where I am signed in."""
    request, user = visit.request, _user(visit.request)
    if request.method == "POST":
        form = EndSessionsForm(request.POST)
        form.is_valid()
        which = form.cleaned_data.get("session")
        ended = auth.end_sessions(user, which=which, but=None if which else request.session.session_key)
        return visit.go("desk-account", told=gettext("Sessions ended: %(n)s.") % {"n": ended})
    held = auth.authenticators(user)
    devices = [
        (
            _factor(one),
            parts.Moment(one.created_at, visit.zone),
            parts.Moment(one.last_used_at, visit.zone),
            parts.Link(gettext("Forget it"), resolve_url("desk-forget", one.pk))
            if one.type == Authenticator.Type.WEBAUTHN
            else "",
        )
        for one in held
    ]
    return visit.page(
        "account.html",
        gettext("Your account"),
        facts=parts.Facts(
            (
                parts.Fact(gettext("Number"), visit.by.number),
                parts.Fact(gettext("Name to sign in with"), user.username),
                parts.Fact(gettext("Authority"), visit.by.authority or gettext("all of them")),
                parts.Fact(gettext("Roles"), written.listed(parts.roles(visit.by.roles))),
            )
        ),
        devices=parts.Table(
            gettext("What you sign in with"),
            (gettext("What"), gettext("Since"), gettext("Last used"), gettext("If it is lost")),
            devices,
            gettext("Nothing yet."),
        ),
        has_device=any(one.type == Authenticator.Type.TOTP for one in held),
        sessions=[
            {
                "pk": one.pk,
                "here": one.session_key == request.session.session_key,
                "where": f"{one.ip}",
                "with": one.user_agent,
                "since": parts.Moment(one.created_at, visit.zone),
            }
            for one in auth.sessions(user)
        ],
    )


@door.open_page
def set_up(request: HttpRequest) -> HttpResponse:
    """Set the device up that gives codes; the first one opens the desk."""
    user = door.signed_in(request)
    if user is None:
        return HttpResponseRedirect(resolve_url("desk-sign-in"))
    first = not auth.has_second_factor(user)
    if not session.may_add_factor(request):
        return HttpResponseRedirect(f"{resolve_url('desk-second-factor')}?next={resolve_url('desk-set-up')}")
    if any(one.type == Authenticator.Type.TOTP for one in auth.authenticators(user)):
        raise problems.Refusal("device.there_already")
    form = DeviceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if auth.add_device(request, "".join(form.cleaned_data["code"].split())):
            return HttpResponseRedirect(resolve_url("desk-recovery-codes" if first else "desk-account"))
        form.add_error("code", gettext("This is not the code of this device. Is its clock right?"))
    secret, address = auth.new_secret(request, anew=not unsent.sent(request))
    context = {
        "form": form,
        "first": first,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": mark_safe(qr.text_svg(address)),  # noqa: S308 - drawn by us
    }
    status = 422 if form.errors else 200
    return door.draw(request, "set_up.html", gettext("Set up your second factor"), context, status=status)


@door.room(methods=_POST)
def recovery_codes(visit: Visit) -> HttpResponse:
    """The recovery codes, shown in answer to a press of a button within five minutes of the second factor."""
    if not visit.fresh:
        return HttpResponseRedirect(
            f"{resolve_url('desk-second-factor')}?next={resolve_url('desk-recovery-codes')}"
        )
    shown = visit.request.method == "POST"
    return visit.page(
        "recovery_codes.html",
        gettext("Recovery codes"),
        codes=auth.recovery_codes(_user(visit.request)) if shown else (),
        form=Form(),
    )


@door.room(methods=_POST)
def forget(visit: Visit, number: int) -> HttpResponse:
    """Forget one of my passkeys, as long as another second factor is left."""
    user = _user(visit.request)
    held = auth.authenticators(user)
    found = next((one for one in held if one.pk == number and one.type == Authenticator.Type.WEBAUTHN), None)
    if found is None:
        return door.nothing_here(visit.request)
    form = ForgetForm(visit)
    if len(held) == 1:
        raise problems.Refusal("device.last_one")
    if visit.request.method == "POST" and form.is_valid():
        found.delete()
        return visit.go("desk-account", told=gettext("The passkey opens nothing any more."))
    context: dict[str, Any] = {"form": form, "danger": True, "which": _factor(found)}
    return visit.page(
        "forget.html", gettext("Forget a passkey"), status=422 if form.errors else 200, **context
    )


@door.room()
def keys(visit: Visit) -> HttpResponse:
    """What the keyboard opens."""
    rooms = [
        parts.Key(f"g {room.key}", gettext(room.name)) for room in navigation.open_to(visit.by) if room.key
    ]
    others = [
        parts.Key("j", gettext("the next row of a list")),
        parts.Key("k", gettext("the row before")),
        parts.Key("Enter", gettext("what the row leads to")),
        parts.Key("f 1", gettext("the first filter that you keep, f 2 the second")),
        parts.Key("/", gettext("the search field")),
        parts.Key("?", gettext("this page")),
    ]
    return visit.page("keys.html", gettext("Keys"), keys=[*rooms, *others])


def _user(request: HttpRequest) -> User:
    user = door.signed_in(request)
    assert user is not None  # noqa: S101 - the door let nobody else in
    return user


def _factor(one: Authenticator) -> str:
    if one.type == Authenticator.Type.TOTP:
        return gettext("Device that shows codes")
    return gettext("Passkey: %(name)s") % {"name": one.wrap().name}


urlpatterns: list[URLPattern] = [
    path("account", account, name="desk-account"),
    path("account/set-up", set_up, name="desk-set-up"),
    path("account/recovery-codes", recovery_codes, name="desk-recovery-codes"),
    path("account/passkeys/<int:number>/forget", forget, name="desk-forget"),
    path("keys", keys, name="desk-keys"),
]
