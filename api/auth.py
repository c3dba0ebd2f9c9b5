"""Who is asking at the desk: the officer behind a session or a token, and how old the second factor is.

One door for everybody: a password and a one-time code together, or a token. The code itself, its secret and
the recovery codes are django-allauth's; what we add is that an officer without a second factor gets no
further than setting one up, that the time of the last code is kept in the session by the register's clock,
and that a token neither approves nor decides (ruling 23).
"""

import copy
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.signals import authenticator_used
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret, generate_totp_secret, get_totp_secret
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.usersessions.models import UserSession
from django.contrib.auth import login, logout
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from api import clients, problems, tokens
from api.ciphers import cipher
from api.models import ApiToken, User
from registry import clock, prepared
from registry.rules import second_factor
from registry.rules.lifecycle import Actor

SECOND_FACTOR = "second_factor"
"""The session's key for how and when the second factor was given."""
LANGUAGE = "language"
"""The session's key for the language of pages of an account that has just signed in; the next page takes it."""
DEVICES = frozenset({Authenticator.Type.TOTP.value, Authenticator.Type.WEBAUTHN.value})
"""The second factors that are something the officer holds."""

_log = logging.getLogger("api.auth")


# --- from a request to an officer

_OFFICER: Final = prepared.Statement(
    "officer",
    "SELECT number, authority, array_to_json(roles) FROM api_officer WHERE number = $1 AND ended_at IS NULL",
)
"""Who acts: the first question of every page of the desk and of every request of the staff API."""


def actor(request: Request | HttpRequest) -> Actor:
    """The officer behind a signed-in request, with the roles they have at this moment.

    Refuses whoever is not signed in, and an account whose officer has left. A token never carries a second
    factor.
    """
    if not isinstance(request.user, User):
        raise problems.Refusal("actor.not_signed_in")
    held = _OFFICER.rows(request.user.officer_number) if request.user.officer_number else []
    if not held:
        raise problems.Refusal("actor.not_an_officer")
    number, authority, roles = ((value or b"").decode() for value in held[0])
    by_token = isinstance(getattr(request, "auth", None), ApiToken)
    given = None if by_token else second_factor_at(request.session)
    return Actor(
        number=number,
        authority=authority or None,
        roles=frozenset(json.loads(roles)),
        second_factor_at=given,
    )


def second_factor_at(session: SessionBase) -> datetime | None:
    """When the officer's own device last gave a code in this session, or proved a passkey.

    A recovery code opens the door but does not count here: it can be on a piece of paper in somebody's
    drawer.
    """
    kept = session.get(SECOND_FACTOR) or {}
    return datetime.fromisoformat(kept["at"]) if kept.get("by") in DEVICES else None


def has_second_factor(user: User) -> bool:
    """Whether the account has a device or a passkey of its own."""
    return bool(Authenticator.objects.filter(user=user, type__in=DEVICES).exists())


def is_fresh(request: HttpRequest) -> bool:
    """Whether the session's second factor is not older than five minutes."""
    return second_factor.is_fresh(second_factor_at(request.session), at=clock.now())


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer …``: a program that reads or proposes in an officer's name."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token; nothing when none was sent; refuses one that is not good."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.find(secret.strip(), at=clock.now())
        if token is None:
            raise problems.Refusal(
                "actor.token_refused", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """What a 401 asks for."""
        return "Bearer"


class HalfOpenSession(SessionAuthentication):
    """The desk's session cookie, guarded against forged requests; a second factor may be missing.

    For the few routes through which an officer sees what is missing and gives it.
    """

    def enforce_csrf(self, request: Request) -> None:
        """Refuse a write that did not come from our own page, in our own words.

        The token comes in the header alone. Django looks into the body of a ``POST`` first; a body is not read here,
        so that whatever is wrong with it is said by who reads it.
        """
        asked: Any = copy.copy(request._request)  # noqa: SLF001 - the wrapper would read the body
        if asked.method == "POST":
            asked.method = "PUT"
        try:
            super().enforce_csrf(asked)
        except PermissionDenied as error:
            raise problems.Refusal("request.forgery") from error


class DeskSession(HalfOpenSession):
    """The desk's session cookie, once a second factor has been given in it."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The officer's account, or nothing; refuses a session without a second factor."""
        found: tuple[User, None] | None = super().authenticate(request)
        if found is not None and not request.session.get(SECOND_FACTOR):
            raise problems.Refusal("actor.second_factor_not_set_up")
        return found


# --- signing in


def sign_in(request: HttpRequest, *, username: str, password: str, code: str) -> User:
    """Open a session for whoever knows the password and has the code; a refusal says no more than no.

    ``code`` is the device's six digits, or a recovery code of eight. Both are good once.
    """
    if isinstance(request.user, User):
        logout(request)
    user = _by_password(request, username, password)
    _use_code(AuthenticateForm(data={"code": code}, user=user), user)
    _open(request, user)
    return user


def sign_in_without_device(request: HttpRequest, *, username: str, password: str) -> User:
    """Open a session, good for setting a device up and nothing else, for an account that has none yet.

    Refuses an account that has one as it refuses a wrong password.
    """
    if isinstance(request.user, User):
        logout(request)
    user = _by_password(request, username, password)
    if has_second_factor(user):
        raise problems.Refusal("actor.sign_in_refused")
    _open(request, user)
    return user


def sign_in_by_passkey(request: HttpRequest, credential: Mapping[str, Any]) -> User:
    """Open a session for whoever proves a passkey that asked for its owner's finger, face or PIN: two factors in one.

    The options must have come from :func:`passkey_options` in this session.
    """
    form = LoginWebAuthnForm(data={"credential": json.dumps(credential)})
    if not _valid(form) or not form.cleaned_data["credential"].user.is_active:
        raise problems.Refusal("actor.sign_in_refused")
    user = form.cleaned_data["credential"].user
    if isinstance(request.user, User):
        logout(request)
    form.save()
    _open(request, user)
    return cast("User", user)


def renew_by_passkey(request: HttpRequest, credential: Mapping[str, Any]) -> None:
    """Note a new second factor in the session, by one of the officer's own passkeys."""
    user = request.user
    if not isinstance(user, User):
        raise problems.Refusal("actor.not_signed_in")
    form = ReauthenticateWebAuthnForm(data={"credential": json.dumps(credential)}, user=user)
    if not _valid(form):
        raise problems.Refusal("actor.sign_in_refused")
    form.save()


def passkey_options(request: HttpRequest, *, adding: bool = False) -> dict[str, Any]:
    """What the browser needs to make a passkey or to prove one; its challenge is kept in the session.

    Somebody who is not signed in is asked for any passkey of this site.
    """
    user = request.user if isinstance(request.user, User) else None
    if adding and user is not None:
        return dict(webauthn.begin_registration(user, passwordless=True))
    return dict(webauthn.begin_authentication(user))


def add_passkey(request: HttpRequest, name: str, credential: Mapping[str, Any]) -> None:
    """Keep a new passkey of the signed-in officer; it counts as a second factor given now. Refuses a broken one.

    Whether the officer may add one, the caller asks: with no factor at all, or with a fresh one.
    """
    user = request.user
    if not isinstance(user, User):
        raise problems.Refusal("actor.not_signed_in")
    form = AddWebAuthnForm(data={"credential": json.dumps(credential), "name": name[:80]}, user=user)
    if not _valid(form):
        raise problems.Refusal("actor.sign_in_refused")
    made = webauthn.WebAuthn.add(user, form.cleaned_data["name"], form.cleaned_data["credential"])
    post_authentication(request, made.instance)


def new_secret(request: HttpRequest, *, anew: bool) -> tuple[str, str]:
    """The secret of the device being set up in this session, and its ``otpauth:`` address."""
    user = request.user
    if not isinstance(user, User):
        raise problems.Refusal("actor.not_signed_in")
    secret = get_totp_secret(regenerate=anew)
    return secret, SecondFactorAdapter().build_totp_url(user, secret)


def add_device(request: HttpRequest, code: str) -> bool:
    """Take the device whose secret this session shows, if ``code`` proves that it holds it."""
    user = request.user
    if not isinstance(user, User):
        raise problems.Refusal("actor.not_signed_in")
    form = ActivateTOTPForm(data={"code": code}, user=user)
    if not form.is_valid():
        if "code" in form.errors and any(
            error.code == "rate_limited" for error in form.errors.as_data()["code"]
        ):
            raise _too_many()
        return False
    device = TOTP.activate(user, form.secret)
    device.validate_code(code)  # spends it: the code that set the device up decides nothing
    clear_totp_secret(request)
    post_authentication(request, device.instance)
    return True


def recovery_codes(user: User) -> list[str]:
    """The account's recovery codes, made if it has none; the caller shows them once."""
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def has_passkey(user: User) -> bool:
    """Whether the account has a passkey."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())


def authenticators(user: User) -> list[Authenticator]:
    """The officer's device and passkeys, the oldest first."""
    return list(Authenticator.objects.filter(user=user, type__in=DEVICES).order_by("pk"))


def factors(users: Iterable[User]) -> dict[int, tuple[str, ...]]:
    """The kinds of second factor that each account has, by its key."""
    found: dict[int, tuple[str, ...]] = {}
    rows = Authenticator.objects.filter(user__in=list(users), type__in=DEVICES).order_by("pk")
    for user, kind in rows.values_list("user_id", "type"):
        found[user] = (*found.get(user, ()), kind)
    return found


def close(user: User) -> None:
    """Take password, second factors, sessions and tokens from an account, until it is opened again by invitation."""
    end_sessions(user)
    Authenticator.objects.filter(user=user).delete()
    user.tokens.filter(revoked_at=None).update(revoked_at=clock.now())
    user.set_unusable_password()
    user.save()


def open_half(request: HttpRequest, user: User) -> None:
    """Begin the session of somebody who has just accepted an invitation: good for setting a second factor up."""
    if isinstance(request.user, User):
        logout(request)
    _open(request, user)


def sessions(user: User) -> list[UserSession]:
    """The account's open sessions, the newest first; those that ended are forgotten on the way."""
    return sorted(UserSession.objects.purge_and_list(user), key=lambda one: one.created_at, reverse=True)


def end_sessions(user: User, *, which: int | None = None, but: str | None = None) -> int:
    """End the account's sessions, or the one numbered ``which``, but not that of the key ``but``; how many."""
    ended = [one for one in sessions(user) if which in {None, one.pk} and one.session_key != but]
    for one in ended:
        one.end()
    return len(ended)


def _open(request: HttpRequest, user: User) -> None:
    """Begin the session under a new key, and put it into the list of the account's sessions."""
    login(request, user)
    if user.reads_in:
        request.session[LANGUAGE] = user.reads_in
    UserSession.objects.create_from_request(request)


def _valid(form: Any) -> bool:
    """Whether the credential is good; one that is no credential at all is not."""
    try:
        good: bool = form.is_valid()
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ):  # the library trusts the shape of what a browser sends
        return False
    return good


def renew_second_factor(request: HttpRequest, code: str) -> None:
    """Note a new second factor in the session; refuse a code that is wrong or was used before."""
    user = request.user
    if not isinstance(user, User):
        raise problems.Refusal("actor.not_signed_in")
    _use_code(ReauthenticateForm(data={"code": code}, user=user), user)


def sign_out(request: HttpRequest) -> None:
    """End the session, here and in the database."""
    logout(request)


def _by_password(request: HttpRequest, username: str, password: str) -> User:
    try:
        user = get_adapter(request).authenticate(request, username=username, password=password)
    except ValidationError as error:
        raise _too_many() from error
    if not isinstance(user, User):
        _log.warning("sign-in refused: password")
        raise problems.Refusal("actor.sign_in_refused")
    return user


def _use_code(form: Any, user: User) -> None:
    """Spend a one-time code, or refuse it."""
    if form.is_valid():
        form.save()
        return
    _log.warning("second factor refused for %s", user.officer_number)
    if form.has_error("code", "too_many_login_attempts"):
        raise _too_many()
    raise problems.Refusal("actor.sign_in_refused")


def _too_many() -> problems.Refusal:
    return problems.Refusal("rate.exceeded", headers={"Retry-After": "300"}, retry_after=300)


@receiver(authenticator_used)
def _note_second_factor(request: HttpRequest, authenticator: Authenticator, **_facts: Any) -> None:
    """Keep when the second factor was given, by the register's clock, whichever door it came through."""
    request.session[SECOND_FACTOR] = {"at": clock.now().isoformat(), "by": str(authenticator.type)}


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The answer to a write that another site sent with an officer's cookies (``CSRF_FAILURE_VIEW``)."""
    return problems.respond(request, "request.forgery", {})


# --- accounts


@transaction.atomic
def enrol(user: User, secret: str | None = None) -> tuple[str, list[str]]:
    """Give an account a new second factor: the device's ``otpauth:`` address, and recovery codes.

    Whatever device and codes it had before are good no longer.
    """
    Authenticator.objects.filter(user=user).delete()
    secret = secret or generate_totp_secret()
    TOTP.activate(user, secret)
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return SecondFactorAdapter().build_totp_url(user, secret), codes


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in as allauth does it, but nobody signs themselves up and an address is the true client's."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Officers are appointed, by an administrator."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address behind our own proxies, for counting failed sign-ins."""
        return clients.address(request.META)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of devices and recovery codes, encrypted in the database under a key that is not in it."""

    def encrypt(self, text: str) -> str:
        """Write under the newest key."""
        return cipher("second factors").encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read under any key that is still known."""
        return cipher("second factors").decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: User) -> str:
        """What the officer's device shows beside the code."""
        return user.username
