"""Accounts of applicants: signing up, the device that shows codes, signing in and out."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from api import auth, problems, throttles
from api.desk.account import DeviceForm
from api.desk.apply import door
from api.desk.door import in_language, signed_in
from api.desk.forms import Form
from api.desk.session import SignInForm
from api.models import User
from registry.rules import contacts
from registry.rules.errors import BadInput
from verification import qr

ACCOUNTS = throttles.Limit("accounts", burst=10, per_second=1 / 360)
"""New accounts of one client: ten, and ten an hour."""


class SignUpForm(Form):
    """A new account: the address of mail is its name."""

    button: ClassVar[str | Promise] = _("Open the account")
    email = forms.CharField(
        label=_("E-mail"),
        max_length=150,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        help_text=_("Twelve characters or more. Four words that do not belong together are easy to keep."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        """The address in its normal form."""
        try:
            return contacts.email(self.cleaned_data["email"]).lower()
        except BadInput as wrong:
            raise ValidationError(gettext("This is not an e-mail address.")) from wrong

    def clean(self) -> dict[str, Any]:
        """A password that is hard to guess."""
        found: dict[str, Any] = super().clean() or {}
        if "email" in found and "password" in found:
            try:
                validate_password(found["password"], User(username=found["email"], email=found["email"]))
            except ValidationError as weak:
                self.add_error("password", weak)
        return found


class ApplicantSignInForm(SignInForm):
    """The same as officers', with the address of mail as the name."""

    username = forms.CharField(
        label=_("E-mail"), max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


@sensitive_post_parameters("password")
@door.open_page
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open an account, and set its device up next."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttles.take(request, ACCOUNTS)
        email, password = form.cleaned_data["email"], form.cleaned_data["password"]
        try:
            with transaction.atomic():
                User.objects.create_user(email, email=email, password=password)
        except IntegrityError:
            form.add_error("email", gettext("There is an account with this address. Sign in with it."))
        else:
            auth.sign_in_without_device(request, username=email, password=password)
            return HttpResponseRedirect(resolve_url("apply-set-up"))
    status = 422 if form.errors else 200
    return door.draw(request, "sign_up.html", gettext("Open an account"), {"form": form}, status=status)


@sensitive_post_parameters("password", "code")
@door.open_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with address, password and code."""
    form = ApplicantSignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        code = "".join(sent["code"].split())
        try:
            name = sent["username"].strip().lower()
            auth.sign_in(request, username=name, password=sent["password"], code=code)
            return HttpResponseRedirect(door.onward(request))
        except problems.Refusal as refusal:
            form.refuse(refusal)
            status = problems.told(refusal.code, refusal.facts).status
    elif request.method == "POST":
        status = 422
    context = {"form": form, "next": door.onward(request)}
    return door.draw(request, "sign_in.html", gettext("Sign in"), context, status=status)


@door.open_page
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up the device that shows codes; it opens the account, and recovery codes are shown once."""
    user = signed_in(request)
    if user is None or user.officer_number:
        return HttpResponseRedirect(resolve_url("apply-sign-in"))
    if auth.has_second_factor(user):
        return HttpResponseRedirect(door.HOME)
    form = DeviceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if auth.add_device(request, "".join(form.cleaned_data["code"].split())):
            codes = {"codes": auth.recovery_codes(user)}
            return door.draw(
                request, "recovery_codes.html", gettext("Recovery codes"), codes, account=door.account(user)
            )
        form.add_error("code", gettext("This is not the code of this device. Is its clock right?"))
    secret, address = auth.new_secret(request, anew=request.method != "POST")
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": mark_safe(qr.text_svg(address)),  # noqa: S308 - drawn by us
    }
    status = 422 if form.errors else 200
    return door.draw(request, "set_up.html", gettext("Set up your second factor"), context, status=status)


@door.open_page
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; asked for by address alone, nothing happens."""
    if request.method == "POST":
        auth.sign_out(request)
    return HttpResponseRedirect(resolve_url("apply-sign-in"))


@door.open_page
def language(request: HttpRequest) -> HttpResponse:
    """Read the applicants' pages in another language from now on."""
    return in_language(request, home=door.HOME)


urlpatterns: list[URLPattern] = [
    path("language", language, name="apply-language"),
    path("sign-up", sign_up, name="apply-sign-up"),
    path("sign-in", sign_in, name="apply-sign-in"),
    path("set-up", set_up, name="apply-set-up"),
    path("sign-out", sign_out, name="apply-sign-out"),
]
