"""Coming in and going out: name, password and code together, or a passkey; the second factor once more."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from api import auth, problems
from api.desk import door
from api.desk.forms import Form, renew

_MOST = 20_000


class SignInForm(Form):
    """Name, password and code: nobody learns which of them was wrong."""

    button: ClassVar[str | Promise] = _("Sign in")
    unsent: ClassVar[str | Promise] = _("You are not signed in.")
    username = forms.CharField(
        label=_("Name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.RegexField(
        r"^\s*(\d{3}\s?\d{3}|\d{4}\s?\d{4})\s*$",
        label=_("Code of your device"),
        help_text=_("Six digits. Without the device, a recovery code of eight."),
        error_messages={"invalid": _("Six digits of the device, or eight of a recovery code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}
        ),
    )


class FirstSignInForm(SignInForm):
    """The same for an account that has no device yet."""

    code = None  # type: ignore[assignment]  # Django's way to leave a field out


class CodeForm(Form):
    """The second factor once more."""

    button: ClassVar[str | Promise] = _("Go on")
    unsent: ClassVar[str | Promise] = _("That did not do.")
    code = forms.RegexField(
        r"^\s*(\d{3}\s?\d{3}|\d{4}\s?\d{4})\s*$",
        label=_("Code of your device"),
        help_text=_("The six digits shown now."),
        error_messages={"invalid": _("Six digits, as the device shows them.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "class": "short",
                "autofocus": True,
            }
        ),
    )


@sensitive_post_parameters("password", "code")
@door.open_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in, and go where one was going."""
    first = "first" in request.GET
    form = (FirstSignInForm if first else SignInForm)(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            if first:
                auth.sign_in_without_device(request, username=sent["username"], password=sent["password"])
                return HttpResponseRedirect(resolve_url("desk-set-up"))
            code = "".join(sent["code"].split())
            auth.sign_in(request, username=sent["username"], password=sent["password"], code=code)
            return HttpResponseRedirect(door.onward(request))
        except problems.Refusal as refusal:
            form.refuse(refusal)
            status = problems.told(refusal.code, refusal.facts).status
    elif request.method == "POST":
        status = 422
    context = {"form": form, "next": door.onward(request), "first": first}
    return door.draw(request, "sign_in.html", gettext("Sign in"), context, status=status)


@door.open_page
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; asked for by address alone, nothing happens."""
    if request.method == "POST":
        auth.sign_out(request)
    return HttpResponseRedirect(resolve_url("desk-sign-in"))


@door.open_page
def second_factor(request: HttpRequest) -> HttpResponse:
    """Give the second factor again, or for the first time in a session that began without it."""
    user = door.signed_in(request)
    if user is None:
        return HttpResponseRedirect(resolve_url("desk-sign-in"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        renew(request, form, form.cleaned_data["code"])
        if not form.errors:
            return HttpResponseRedirect(door.onward(request))
    context = {"form": form, "next": door.onward(request), "has_passkey": auth.has_passkey(user)}
    status = 422 if form.errors else 200
    return door.draw(request, "second_factor.html", gettext("Your second factor"), context, status=status)


# --- what the script asks for when somebody uses a passkey


@door.open_page
def passkey_options(request: HttpRequest) -> HttpResponse:
    """The challenge for a passkey: to sign in, to prove oneself again, or to add one."""
    if request.method != "POST":
        return HttpResponse(status=405)
    adding = _sent(request).get("purpose") == "add"
    if adding and not may_add_factor(request):
        return _wrong(gettext("Give your second factor first, then add another."), 403)
    return JsonResponse(auth.passkey_options(request, adding=adding))


@door.open_page
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by passkey alone."""
    sent = _sent(request)
    try:
        auth.sign_in_by_passkey(request, _credential(sent))
    except problems.Refusal:
        return _wrong(gettext("This passkey is not known here."), 401)
    asked = str(sent.get("next", ""))
    return JsonResponse({"go": asked if asked.startswith(door.HOME) else door.HOME})


@door.open_page
def passkey_again(request: HttpRequest) -> HttpResponse:
    """Prove oneself again by passkey."""
    sent = _sent(request)
    try:
        auth.renew_by_passkey(request, _credential(sent))
    except problems.Refusal:
        return _wrong(gettext("This passkey is not one of yours."), 401)
    asked = str(sent.get("next", ""))
    return JsonResponse(
        {"go": asked if asked.startswith(door.HOME) else "", "done": gettext("Passkey proved")}
    )


@door.open_page
def passkey_add(request: HttpRequest) -> HttpResponse:
    """Keep a new passkey; the first factor of an account gets recovery codes beside it."""
    user, sent = door.signed_in(request), _sent(request)
    if user is None or not may_add_factor(request):
        return _wrong(gettext("Give your second factor first, then add another."), 403)
    if not _storable(sent):
        return _wrong(gettext("The name holds a character that can not be kept."), 400)
    first = not auth.has_second_factor(user)
    try:
        auth.add_passkey(request, str(sent.get("name", "")), _credential(sent))
    except problems.Refusal:
        return _wrong(gettext("The passkey could not be kept. Try again."), 400)
    messages.success(request, gettext("The passkey is yours now."))
    return JsonResponse({"go": resolve_url("desk-recovery-codes" if first else "desk-account")})


def may_add_factor(request: HttpRequest) -> bool:
    """Whether the session may add a factor: the account has none yet, or one was given within five minutes.

    Otherwise whoever finds an open desk could put a device of their own beside the officer's.
    """
    user = door.signed_in(request)
    if user is None:
        return False
    if not auth.has_second_factor(user):
        return True
    return auth.is_fresh(request)


def _sent(request: HttpRequest) -> Mapping[str, Any]:
    try:
        found = json.loads(request.body) if len(request.body) <= _MOST else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _storable(sent: Mapping[str, Any]) -> bool:
    """Whether the database can keep every text in it: none has a NUL or half a character (a lone surrogate)."""
    try:
        written = json.dumps(sent, ensure_ascii=False)
        written.encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return "\\u0000" not in written


def _credential(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    found = sent.get("credential")
    return found if isinstance(found, dict) else {}


def _wrong(text: str, status: int) -> HttpResponse:
    return JsonResponse({"wrong": text}, status=status)


@door.open_page
def language(request: HttpRequest) -> HttpResponse:
    """Read the desk in another language from now on."""
    return door.in_language(request)


urlpatterns: list[URLPattern] = [
    path("language", language, name="desk-language"),
    path("sign-in", sign_in, name="desk-sign-in"),
    path("sign-out", sign_out, name="desk-sign-out"),
    path("second-factor", second_factor, name="desk-second-factor"),
    path("passkey/options", passkey_options, name="desk-passkey-options"),
    path("passkey/sign-in", passkey_sign_in, name="desk-passkey-sign-in"),
    path("passkey/again", passkey_again, name="desk-passkey-again"),
    path("passkey/add", passkey_add, name="desk-passkey-add"),
]
