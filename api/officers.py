"""Appointing officers: the number that entries will quote, the account that signs in and its device."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from api import auth
from api.models import OFFICER_ROLES, Officer, User
from registry import dossier
from registry.rules.errors import BadInput, DuplicateRecord, NotFound

_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,39}", re.ASCII)
SYSTEM: Final = "SYSTEM"
"""Who the register itself is in entries that no officer made; never an officer's number."""
_EVERYWHERE: Final = frozenset({"administrator", "auditor"})


class OfficerNotFound(NotFound):
    """No officer has this number."""

    code = "officer.not_found"


@dataclass(frozen=True, slots=True)
class Device:
    """What an officer needs to set a device up: shown once, kept nowhere in clear."""

    address: str
    recovery_codes: tuple[str, ...]


@transaction.atomic
def appoint(
    number: str, *, authority: str, roles: Collection[str], username: str, password: str, at: datetime
) -> Device:
    """Appoint an officer and open the account; what comes back is for the officer's eyes.

    ``authority`` may be empty for an administrator or auditor of the whole installation only.
    """
    _check(number, authority, roles, at=at)
    if Officer.objects.filter(number=number).exists():
        raise DuplicateRecord("there is an officer with this number", number=number)
    if User.objects.filter(username=username).exists():
        raise DuplicateRecord("there is an account with this name", username=username)
    user = User(username=username, officer_number=number, is_staff=not authority)
    try:
        User.username_validator(username)
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from error
    user.set_password(password)
    user.save()
    Officer.objects.create(number=number, authority=authority, roles=sorted(set(roles)), appointed_at=at)
    return _device(user)


@transaction.atomic
def new_device(number: str) -> Device:
    """Give an officer who lost the device a new one; the old one and its codes are good no longer."""
    return _device(_account(number))


@transaction.atomic
def end(number: str, *, at: datetime) -> None:
    """End an officer: account closed, tokens withdrawn; what the officer decided stays."""
    user = _account(number)
    Officer.objects.filter(number=number, ended_at=None).update(ended_at=at)
    user.is_active = False
    user.save(update_fields=["is_active"])
    user.tokens.filter(revoked_at=None).update(revoked_at=at)


def _check(number: str, authority: str, roles: Collection[str], *, at: datetime) -> None:
    if not _NUMBER.fullmatch(number) or number == SYSTEM:
        raise BadInput(
            "a number has 2 to 40 capitals, digits and hyphens, and is not the system's", field="number"
        )
    known = [role for role, _ in OFFICER_ROLES]
    if unknown := sorted(set(roles) - set(known)):
        raise BadInput(f"{unknown[0]!r} is no role; roles are {', '.join(known)}", field="roles")
    if not roles:
        raise BadInput("an officer has at least one role", field="roles")
    if authority:
        dossier.authority(authority, at=at)
    elif not set(roles) <= _EVERYWHERE:
        raise BadInput("only administrators and auditors have no authority", field="authority")


def _account(number: str) -> User:
    user = User.objects.filter(officer_number=number).first()
    if user is None:
        raise OfficerNotFound("no officer has this number", number=number)
    return user


def _device(user: User) -> Device:
    address, codes = auth.enrol(user)
    return Device(address, tuple(codes))
