"""Officers: the number that entries will quote, the account that signs in, its device; and who may change any of it.

At a shell one person appoints (``appoint``, ``new_device``, ``end``): the first administrators come this way. At the
desk two administrators do: one proposes, another approves within seven days, both with a fresh second factor. An
invitation is a link that opens an account once; only its digest is kept.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from api import auth
from api.models import OFFICER_ROLES, AccountChange, Invitation, Officer, User
from registry import dossier
from registry.rules import four_eyes
from registry.rules.errors import (
    BadInput,
    DuplicateRecord,
    NotFound,
    OutsideAuthority,
    ProposalNotFound,
    ProposalOpen,
    Refused,
    RoleNotAllowed,
)
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import HOLDER, Actor, Role

_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,39}", re.ASCII)
SYSTEM: Final = "SYSTEM"
"""Who the register itself is in entries that no officer made; never an officer's number."""
_OTHERS: Final = re.compile(rf"{SYSTEM}|{HOLDER}|APPLICANT-.*")
"""Who else acts under a name in the register: itself, a holder, an account."""
_EVERYWHERE: Final = frozenset({"administrator", "auditor"})
RUNS: Final = four_eyes.RUNS
"""How long a proposed change waits for its second administrator (domain model 3.6)."""
_BEGUN: Final = Agreement((frozenset({Role.ADMINISTRATOR}),) * 2, declares=False, fresh_from=0)
"""Both administrators give the second factor anew; an account is no case in which to declare oneself impartial."""
OPENS: Final = timedelta(hours=48)
"""How long an invitation opens the door."""


class OfficerNotFound(NotFound):
    """No officer has this number."""

    code = "officer.not_found"


class InvitationSpent(Refused):
    """The link was used, has run out, or was never one of ours."""

    code = "invitation.spent"


class OwnAccount(Refused):
    """Nobody decides on a change of their own account."""

    code = "approval.own_account"


@dataclass(frozen=True, slots=True)
class Listed:
    """An officer as administrators see them."""

    officer: Officer
    user: User | None
    factors: tuple[str, ...]


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
    _spend(number, at=at)


# --- at the desk, by two administrators


def listed(*, by: Actor) -> list[Listed]:
    """The officers that this administrator or auditor may see, by number; those who left at the end."""
    rows = Officer.objects.order_by("ended_at", "number")
    _need(by, {Role.ADMINISTRATOR, Role.AUDITOR})
    if by.authority:
        rows = rows.filter(authority=by.authority)
    officers = list(rows)
    numbers = [officer.number for officer in officers]
    users = {user.officer_number: user for user in User.objects.filter(officer_number__in=numbers)}
    factors = auth.factors(users.values())
    return [
        Listed(officer, user := users.get(officer.number), factors.get(user.pk, ()) if user else ())
        for officer in officers
    ]


def one(number: str, *, by: Actor) -> Listed:
    """One officer; refuses one of another authority as if there were none."""
    found = next((entry for entry in listed(by=by) if entry.officer.number == number), None)
    if found is None:
        raise OfficerNotFound("no officer has this number", number=number)
    return found


def changes(*, by: Actor, at: datetime) -> list[AccountChange]:
    """The open changes of the officers that this administrator may see, the one that runs out first at the top."""
    if not by.roles & {Role.ADMINISTRATOR, Role.AUDITOR}:
        return []
    rows = AccountChange.objects.filter(state="open", expires_at__gt=at).order_by("expires_at", "pk")
    return list(rows.filter(authority=by.authority) if by.authority else rows)


def change(number: int, *, by: Actor) -> AccountChange:
    """One change, whatever has become of it; refuses one of another authority as if there were none."""
    _need(by, {Role.ADMINISTRATOR, Role.AUDITOR})
    found = AccountChange.objects.filter(pk=number).first()
    if found is None or (by.authority and found.authority != by.authority):
        raise ProposalNotFound("no such proposal")
    return found


def end_sessions(number: str, *, by: Actor) -> int:
    """Sign an officer out everywhere; an administrator may do that alone. How many sessions ended."""
    _need(by, {Role.ADMINISTRATOR})
    found = one(number, by=by)
    return auth.end_sessions(found.user) if found.user else 0


def username(number: str) -> str:
    """What the officer signs in with."""
    return _account(number).username


def administers(by: Actor) -> bool:
    """Whether this officer proposes and approves changes of who may act."""
    return Role.ADMINISTRATOR in by.roles


def may_propose(one: Listed, *, by: Actor) -> bool:
    """Whether the desk offers this administrator a change of that officer: somebody else, who has not left."""
    return administers(by) and one.officer.ended_at is None and one.officer.number != by.number


def agreement(change: AccountChange) -> Agreement:
    """Who may approve the change, or end it: administrators, and never whoever it is about."""
    return replace(
        _BEGUN,
        said=(change.proposed_by, change.closed_by) if change.state == "approved" else (change.proposed_by,),
        kept_out={change.number: OwnAccount("nobody decides on their own account")},
        state=change.state,
        expires_at=change.expires_at,
    )


@transaction.atomic
def propose_invitation(
    number: str,
    *,
    authority: str,
    roles: Collection[str],
    username: str,
    name: str,
    email: str,
    by: Actor,
    at: datetime,
) -> AccountChange:
    """Propose that somebody becomes an officer; the invitation leaves when another administrator approves."""
    _administers(by, authority, at=at)
    _check(number, authority, roles, at=at)
    if Officer.objects.filter(number=number).exists():
        raise DuplicateRecord("there is an officer with this number", number=number, field="number")
    try:
        User.username_validator(username)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="username") from error
    if User.objects.filter(username=username).exists():
        raise DuplicateRecord("there is an account with this name", username=username, field="username")
    return _propose(
        "invite",
        number,
        authority,
        by=by,
        at=at,
        roles=sorted(set(roles)),
        username=username,
        name=name,
        email=email,
    )


@transaction.atomic
def propose_roles(
    number: str, *, roles: Collection[str], reason: str, by: Actor, at: datetime
) -> AccountChange:
    """Propose other roles for an officer; approving ends the officer's sessions."""
    officer = _current(number, by=by, at=at)
    _check(number, officer.authority, roles, at=at)
    if set(roles) == set(officer.roles):
        raise BadInput("these are the roles that the officer has", field="roles")
    return _propose("roles", number, officer.authority, by=by, at=at, roles=sorted(set(roles)), reason=reason)


@transaction.atomic
def propose_device(number: str, *, email: str, reason: str, by: Actor, at: datetime) -> AccountChange:
    """Propose a new password and device for an officer who lost theirs; approving closes the account until then."""
    officer = _current(number, by=by, at=at)
    return _propose("device", number, officer.authority, by=by, at=at, email=email, reason=reason)


@transaction.atomic
def propose_end(number: str, *, reason: str, by: Actor, at: datetime) -> AccountChange:
    """Propose that an officer leaves."""
    officer = _current(number, by=by, at=at)
    return _propose("end", number, officer.authority, by=by, at=at, reason=reason)


@transaction.atomic
def approve(change: int, *, by: Actor, at: datetime) -> tuple[AccountChange, str]:
    """Approve a change as another administrator: it is done at once.

    With it the secret of an invitation, or nothing: it goes to the invited person by e-mail and to nobody else.
    """
    found = _locked(change, by=by)
    agreement(found).say(by, at=at, no_conflict=False)
    found.state, found.closed_by, found.closed_at = "approved", by.number, at
    found.save()
    if found.kind == "end":
        end(found.number, at=at)
        auth.end_sessions(_account(found.number))
    elif found.kind == "roles":
        Officer.objects.filter(number=found.number).update(roles=found.roles)
        auth.end_sessions(_account(found.number))
    elif found.kind == "device":
        auth.close(_account(found.number))
    return found, _invite(found, at=at) if found.kind in {"invite", "device"} else ""


@transaction.atomic
def decline(change: int, *, by: Actor, at: datetime) -> AccountChange:
    """Decline a change, or withdraw one's own; nobody declines what another proposes about their own account."""
    found = _locked(change, by=by)
    agreement(found).demand_end(by, at=at)
    found.state, found.closed_by, found.closed_at = "declined", by.number, at
    found.save()
    return found


@transaction.atomic
def invitation(secret: str, *, at: datetime) -> AccountChange:
    """What a link invites to; refuses one that was used, has run out, or was never ours."""
    return _good(secret, at=at).change


@transaction.atomic
def accept(secret: str, *, password: str, at: datetime) -> User:
    """Open the account that a link invites to, with the person's own password; the link is spent.

    A second factor is not set up by it: until then the account opens nothing.
    """
    link = _good(secret, at=at)
    link.used_at = at
    link.save()
    change = link.change
    if change.kind == "device":
        user = _account(change.number)
    else:
        if User.objects.filter(username=change.username).exists():
            raise DuplicateRecord("there is an account with this name by now", username=change.username)
        user = User(username=change.username, officer_number=change.number, first_name=change.name[:150])
        user.is_staff = not change.authority
    user.email = change.email
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from error
    user.set_password(password)
    user.save()
    if change.kind == "invite":
        _check(change.number, change.authority, change.roles, at=at)
        Officer.objects.create(
            number=change.number, authority=change.authority, roles=change.roles, appointed_at=at
        )
    return user


def _propose(
    kind: str, number: str, authority: str, *, by: Actor, at: datetime, **stated: str | list[str]
) -> AccountChange:
    waiting = AccountChange.objects.select_for_update().filter(number=number, state="open")
    waiting.filter(expires_at__lte=at).update(state="declined", closed_by=SYSTEM, closed_at=at)
    if waiting.exists():
        raise ProposalOpen("a change of this officer is proposed and open")
    return AccountChange.objects.create(
        kind=kind, number=number, authority=authority, proposed_by=by.number, proposed_at=at, expires_at=at + RUNS,
        **stated,
    )  # fmt: skip


def _locked(change: int, *, by: Actor) -> AccountChange:
    found = AccountChange.objects.select_for_update().filter(pk=change).first()
    _need(by, {Role.ADMINISTRATOR})
    if found is None or (by.authority and found.authority != by.authority):
        raise ProposalNotFound("no such proposal")
    return found


def _current(number: str, *, by: Actor, at: datetime) -> Officer:
    officer = Officer.objects.filter(number=number, ended_at=None).first()
    if officer is None or (by.authority and officer.authority != by.authority):
        raise OfficerNotFound("no officer has this number", number=number)
    _administers(by, officer.authority, at=at)
    return officer


def _administers(by: Actor, authority: str, *, at: datetime) -> None:
    """Refuse whoever is no administrator of this authority, or has not just given the second factor."""
    _need(by, {Role.ADMINISTRATOR})
    if by.authority and by.authority != authority:
        raise OutsideAuthority("the officer belongs to another authority", field="authority")
    _BEGUN.say(by, at=at, no_conflict=False)


def _need(by: Actor, roles: set[Role]) -> None:
    if not by.roles & roles:
        raise RoleNotAllowed("this role may not", roles=sorted(roles))


def _invite(change: AccountChange, *, at: datetime) -> str:
    """The secret of a new invitation; those that the officer was sent before open nothing any more."""
    secret = secrets.token_urlsafe(32)
    _spend(change.number, at=at)
    Invitation.objects.create(change=change, digest=_digest(secret), expires_at=at + OPENS)
    return secret


def _spend(number: str, *, at: datetime) -> None:
    """Take every link that was sent to this officer, wherever it lies."""
    Invitation.objects.filter(change__number=number, used_at=None).update(used_at=at)


def _good(secret: str, *, at: datetime) -> Invitation:
    link = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("change")
        .filter(digest=_digest(secret), used_at=None, expires_at__gt=at)
        .first()
    )
    if link is None:
        raise InvitationSpent("the link was used or has run out")
    return link


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(number: str, authority: str, roles: Collection[str], *, at: datetime) -> None:
    if not _NUMBER.fullmatch(number) or _OTHERS.fullmatch(number):
        raise BadInput(
            "a number has 2 to 40 capitals, digits and hyphens, and is not the system's", field="number"
        )
    known = [role for role, _ in OFFICER_ROLES]
    if unknown := sorted(set(roles) - set(known)):
        raise BadInput("{role} is no role; roles are {roles}", field="roles", role=unknown[0], roles=known)
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
