"""Accounts of applicants: an address that is confirmed before anything is sent, and a new password by mail.

allauth keeps the addresses and makes the keys; the mails go through our own log (``outbound.mails``). A new password
opens nothing without the second factor, and a key is good once and for three days.
"""

from datetime import datetime

from allauth.account.forms import UserTokenForm
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from api import auth, phrases
from api.models import User
from api.outbound import mails
from registry import holders


@transaction.atomic
def open_account(
    email: str, password: str, *, language: str, reads_in: str = "", at: datetime
) -> User | None:
    """A new account and the mail that confirms its address; nothing where there is one with this address already.

    ``language`` is that of its letters, ``reads_in`` that of the pages on which it was opened.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, email=email, password=password, language=phrases.known(language), reads_in=reads_in
            )
    except IntegrityError:
        return None
    ask_confirmation(user, at=at)
    return user


@transaction.atomic
def ask_confirmation(user: User, *, at: datetime) -> None:
    """Send the mail that confirms the account's address, if it is not confirmed yet."""
    address, _made = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True, "verified": False}
    )
    if not address.verified:
        mails.confirm_address(user, at=at)


def confirmed(user: User) -> bool:
    """Whether the account's address is confirmed."""
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def whose(key: str) -> str:
    """The address that this key confirms; empty where it is good no more."""
    found = EmailConfirmationHMAC.from_key(key)
    return str(found.email_address.email) if found else ""


def confirm(request: HttpRequest, key: str) -> bool:
    """Confirm the address of this key; whether it was good."""
    found = EmailConfirmationHMAC.from_key(key)
    return found is not None and bool(found.confirm(request))


@transaction.atomic
def ask_new_password(email: str, *, at: datetime) -> None:
    """Send the mail that leads to a new password, where there is such an account; the answer is the same without."""
    user = User.objects.filter(username=email, officer_number=None, is_active=True).first()
    if user is not None and user.email:
        mails.new_password(user, at=at)


def holder_of(number: str, key: str) -> User | None:
    """Whose password the key of a mail may change; nobody where it is good no more."""
    form = UserTokenForm(data={"uidb36": number, "key": key})
    user = form.reset_user if form.is_valid() else None
    return user if isinstance(user, User) and user.officer_number is None else None


@transaction.atomic
def set_password(user: User, password: str) -> None:
    """Give the account this password and end its sessions; whoever has the mail has the address too.

    A device set up before anybody had shown that the address is theirs is forgotten: it may be that of somebody
    who opened the account with another's address.
    """
    if not confirmed(user):
        Authenticator.objects.filter(user=user).delete()
    user.set_password(password)
    user.save()
    auth.end_sessions(user)
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True, primary=True)


def language_of(agency: str) -> str:
    """The language that an agency chose for its letters; empty where no account acts for it."""
    keys = [
        int(one.rpartition("-")[2]) for one in holders.accounts(agency) if one.rpartition("-")[2].isdecimal()
    ]
    chosen = User.objects.filter(pk__in=keys).order_by("pk").values_list("language", flat=True).first()
    return chosen or ""


def speak(user: User, language: str, *, reads_in: str = "") -> None:
    """Write the account's letters in this language from now on; ``reads_in`` is that of the page it was chosen on."""
    User.objects.filter(pk=user.pk).update(
        language=phrases.known(language), reads_in=user.reads_in or reads_in
    )
