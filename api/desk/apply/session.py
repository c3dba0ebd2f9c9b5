"""Accounts of applicants: signing up, the device that shows codes, signing in and out."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.debug import sensitive_post_parameters

from api import applicants, auth, phrases, problems, throttles
from api.desk import unsent
from api.desk.account import DeviceForm
from api.desk.apply import door
from api.desk.door import in_language, signed_in
from api.desk.forms import Form
from api.desk.session import SignInForm
from api.models import User
from registry import clock
from registry.rules import contacts
from registry.rules.errors import BadInput
from verification import qr

ACCOUNTS = throttles.Limit("accounts", burst=10, per_second=1 / 360)
"""New accounts of one client: ten, and ten an hour."""
MAILS = throttles.Limit("account-mails", burst=5, per_second=1 / 720)
"""Mails about an account that one client asks for: five, and five an hour."""


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

    language = forms.ChoiceField(
        label=_("Language of letters"), choices=list(phrases.LANGUAGES.items()), initial="en"
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


class AddressForm(Form):
    """An account's address."""

    button: ClassVar[str | Promise] = _("Send the mail")
    email = forms.CharField(
        label=_("E-mail"), max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class PasswordForm(Form):
    """A new password for an account."""

    button: ClassVar[str | Promise] = _("Set the password")
    password = forms.CharField(
        label=_("New password"),
        max_length=1000,
        strip=False,
        help_text=_("Twelve characters or more. Four words that do not belong together are easy to keep."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        """For whose account."""
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """A password that is hard to guess."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class ConfirmForm(Form):
    """Nothing but a button: a program that opens links for a reader confirms nothing."""

    button: ClassVar[str | Promise] = _("Confirm this address")


class LanguageForm(Form):
    """In which language letters are written."""

    button: ClassVar[str | Promise] = _("Save")
    language = forms.ChoiceField(
        label=_("Language of letters"),
        choices=list(phrases.LANGUAGES.items()),
        help_text=_("Mails and letters on paper."),
    )


class ApplicantSignInForm(SignInForm):
    """The same as officers', with the address of mail as the name."""

    username = forms.CharField(
        label=_("E-mail"), max_length=150, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


def _wanted(request: HttpRequest) -> str:
    """The first language that the browser asks for and letters speak."""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500])
    spoken = (code for code, _weight in accepted if code.partition("-")[0] in phrases.LANGUAGES)
    return next((phrases.known(code) for code in spoken), "en")


@sensitive_post_parameters("password")
@door.open_page
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open an account, and set its device up next."""
    form = SignUpForm(request.POST or None, initial={"language": _wanted(request)})
    waits: Mapping[str, str] = {}
    if request.method == "POST" and form.is_valid() and not (waits := door.spare(request, ACCOUNTS, form)):
        email, password = form.cleaned_data["email"], form.cleaned_data["password"]
        made = applicants.open_account(
            email,
            password,
            language=form.cleaned_data["language"],
            reads_in=get_language() or "",
            at=clock.now(),
        )
        if made is None:
            form.add_error("email", gettext("There is an account with this address. Sign in with it."))
        else:
            auth.sign_in_without_device(request, username=email, password=password)
            return HttpResponseRedirect(resolve_url("apply-set-up"))
    status = 422 if form.errors else 200
    title = gettext("Open an account")
    return door.draw(request, "sign_up.html", title, {"form": form}, status=status, waits=waits)


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
    secret, address = auth.new_secret(request, anew=not unsent.sent(request))
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
def confirm(request: HttpRequest, key: str) -> HttpResponse:
    """Confirm the address of a mail, by a button alone."""
    email, form = applicants.whose(key), ConfirmForm(request.POST or None)
    if not email:
        raise problems.Refusal("account.link_used")
    if request.method == "POST" and form.is_valid() and applicants.confirm(request, key):
        messages.success(request, gettext("The address is confirmed."))
        return HttpResponseRedirect(resolve_url("apply-home"))
    return door.draw(request, "confirm.html", gettext("Confirm your address"), {"form": form, "email": email})


@door.page()
def confirm_again(visit: door.Visit) -> HttpResponse:
    """Send the mail that confirms the address once more."""
    if visit.request.method == "POST":
        throttles.take(visit.request, MAILS)
        applicants.ask_confirmation(visit.user, at=visit.at)
        return visit.go(
            "apply-home", told=gettext("The mail is on its way. Look for it among unwanted mail too.")
        )
    return visit.go("apply-home")


@door.page()
def letters_language(visit: door.Visit) -> HttpResponse:
    """Choose the language of letters."""
    form = LanguageForm(visit.request.POST or None)
    if visit.request.method == "POST" and form.is_valid():
        applicants.speak(visit.user, form.cleaned_data["language"], reads_in=get_language() or "")
        return visit.go("apply-home", told=gettext("Saved."))
    return visit.go("apply-home")


@door.open_page
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a new password; the answer is the same whether there is such an account or not."""
    form = AddressForm(request.POST or None)
    waits: Mapping[str, str] = {}
    if request.method == "POST" and form.is_valid() and not (waits := door.spare(request, MAILS, form)):
        applicants.ask_new_password(form.cleaned_data["email"].strip().lower(), at=clock.now())
        return door.draw(request, "mail_sent.html", gettext("Look into your mail"), {})
    status = 422 if form.errors else 200
    title = gettext("A new password")
    return door.draw(request, "forgotten.html", title, {"form": form}, status=status, waits=waits)


@sensitive_post_parameters("password")
@door.open_page
def new_password(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Set a new password with the key of a mail; signing in still takes the device."""
    user = applicants.holder_of(number, key)
    if user is None:
        raise problems.Refusal("account.link_used")
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        applicants.set_password(user, form.cleaned_data["password"])
        if not auth.has_second_factor(user):
            auth.open_half(request, user)
            return HttpResponseRedirect(resolve_url("apply-set-up"))
        messages.success(request, gettext("The password is set. Sign in with it and with your device."))
        return HttpResponseRedirect(resolve_url("apply-sign-in"))
    status = 422 if form.errors else 200
    told = {"form": form, "username": user.username}
    return door.draw(request, "new_password.html", gettext("A new password"), told, status=status)


def language(request: HttpRequest) -> HttpResponse:
    """Read the applicants' pages in another language from now on."""
    return in_language(request, home=door.HOME)


urlpatterns: list[URLPattern] = [
    path("confirm/<str:key>", confirm, name="apply-confirm"),
    path("confirm", confirm_again, name="apply-confirm-again"),
    path("language", language, name="apply-language"),
    path("letters-language", letters_language, name="apply-letters-language"),
    path("forgotten", forgotten, name="apply-forgotten"),
    path("new-password/<str:number>/<str:key>", new_password, name="apply-new-password"),
    path("sign-up", sign_up, name="apply-sign-up"),
    path("sign-in", sign_in, name="apply-sign-in"),
    path("set-up", set_up, name="apply-set-up"),
    path("sign-out", sign_out, name="apply-sign-out"),
]
