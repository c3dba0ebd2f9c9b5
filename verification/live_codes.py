"""Live codes: digits that a person of an agency reads out, against copies of a badge and impostors (ADR 0021).

An agency's account invites the account of each appointed person; who has accepted sees digits that change every minute
(RFC 6238), on a page of their own behind a second factor. Whoever scans a badge types what is read out to them. Nobody
holds the secret but this register: it is made of the enrolment's salt and of a key that is not in the database, so
whoever reads the tables knows no code, and a row altered by hand shows another one.

Everything is judged when it is asked: an appointment that ended, a licence that is suspended, a badge that was
withdrawn, an account that acts for the agency no more, all end the code with the next question.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.encoding import force_bytes

from registry import lookup
from registry.rules import numbering
from registry.rules.errors import AppointmentNotFound, HolderNotAllowed, HolderNotFound, NotFound
from registry.rules.numbering import Kind
from verification.check import Verdict
from verification.models import LiveEnrolment
from verification.verdicts import Result

PERIOD: Final = 60
"""Seconds for which a code is shown; it is taken for as long again (RFC 6238, section 5.2)."""
DIGITS: Final = 6
LONG: Final = 12
"""Digits of the long code, which is taken also while somebody is guessing at the short one."""
RUNS: Final = timedelta(days=3)
"""How long an invitation can be accepted."""
GOOD: Final = frozenset({Result.LICENSED, Result.LIMITED})
"""Verdicts under which anybody is confirmed."""

_KEY_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation says to who holds its key: for which appointment, of which agency, in which role."""

    appointment: str
    agency: str
    holder: str
    name: str
    role: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who is enrolled for an appointment, or invited: ``stands`` is ``invited``, ``lapsed`` or ``enrolled``."""

    appointment: str
    account: str
    vouched_by: str
    since: datetime
    stands: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person's own page shows: the digits and until when, or by ``problem`` why there are none.

    ``holder``: the agency's name. ``problem``: empty, ``appointment``, ``account`` (who invited acts for the agency no
    more) or ``licence``.
    """

    appointment: str
    holder: str
    name: str
    role: str
    digits: str
    long: str
    until: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is confirmed, as the public may know them; ``name`` is empty where it may not."""

    appointment: str
    name: str
    latin_name: str
    role: str
    office: str


# --- enrolling ---------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(appointment: str, *, by: str, at: datetime) -> str:
    """Invite whoever is handed the key to be this appointed person; the key, which is shown once.

    ``by``: an account that acts for the agency. Refuses an appointment that is not in force or has somebody enrolled;
    an invitation that nobody has accepted gives way to this one.
    """
    number = numbering.canonical(appointment, Kind.APPOINTMENT)
    subject = _appointed(number, at)
    if not lookup.acts_for(by, subject.agency):
        raise AppointmentNotFound("no appointment has this number", number=number)
    if subject.problem:
        raise HolderNotAllowed("the person does not act for the agency now", why=subject.problem)
    for row in _open().select_for_update().filter(appointment=number):
        if row.accepted_at is not None:
            raise HolderNotAllowed("an account shows codes as this person already", why="enrolled")
        _end(row, by=by, at=at)
    key = secrets.token_urlsafe(_KEY_BYTES)
    try:
        with transaction.atomic():
            LiveEnrolment.objects.create(
                appointment=number, agency=subject.agency, vouched_by=by, invited_at=at,
                key_sha256=_digest(key), salt=secrets.token_hex(32),
            )  # fmt: skip
    except IntegrityError as clash:
        raise HolderNotAllowed("somebody invited this person just now", why="invited") from clash
    return key


def invited(key: str, *, at: datetime) -> Invitation:
    """What the invitation of this key says; refuses one that was used, ended or not accepted in time."""
    return _invitation(_by_key(key, at=at), at)


@transaction.atomic
def accept(key: str, *, account: str, at: datetime) -> Invitation:
    """Enrol ``account`` as the person that the key's invitation names; an invitation is good once.

    Refuses an account that shows codes as somebody of the agency already: nobody is two people.
    """
    agency = _by_key(key, at=at).agency
    others = list(_open().select_for_update().filter(agency=agency).order_by("pk"))  # one after the other
    row = _by_key(key, at=at)
    if any(one.account == account for one in others):
        raise HolderNotAllowed("this account shows codes as a person of this agency already", why="enrolled")
    told = _invitation(row, at)
    row.account, row.accepted_at = account, at
    row.save(update_fields=["account", "accepted_at"])
    return told


@transaction.atomic
def end(appointment: str, *, by: str, at: datetime) -> None:
    """End an enrolment or an invitation at once: its own account may, and every account that acts for the agency."""
    row = _open().select_for_update().filter(appointment=appointment).first()
    missing = HolderNotFound("nobody is enrolled or invited for this appointment")
    if row is None:
        raise missing
    if by != row.account and not lookup.acts_for(by, _appointed(row.appointment, at).agency):
        raise missing
    _end(row, by=by, at=at)


def of_appointments(numbers: Collection[str], *, at: datetime) -> dict[str, Enrolment]:
    """Who is enrolled or invited for these appointments, by number."""
    rows = _open().filter(appointment__in=numbers)
    return {row.appointment: _enrolment(row, at) for row in rows}


def accepted(*, since: datetime) -> list[tuple[int, str]]:
    """Who was enrolled since: a key of its own each, and the agency's number."""
    rows = LiveEnrolment.objects.filter(accepted_at__gte=since).order_by("pk")
    return list(rows.values_list("pk", "agency"))


# --- showing and checking ----------------------------------------------------------------------------------------


def shown(account: str, *, at: datetime) -> list[Shown]:
    """What the account shows now, an entry for each appointment as which it is enrolled, the oldest first."""
    rows = _open().filter(account=account, accepted_at__isnull=False).order_by("accepted_at", "pk")
    return [_shown(row, at) for row in rows]


def is_told(code: str) -> bool:
    """Whether this could be a live code: six digits, or the twelve of the long one."""
    return len(code) in {DIGITS, LONG} and code.isascii() and code.isdecimal()


def confirmed(
    found: Verdict, code: str, *, at: datetime, is_open: Callable[[str], bool], long_only: bool = False
) -> Person | None:
    """Who of the badge's holder is shown this code now; ``None`` for whatever reason there is nobody.

    The badge of an appointment confirms that person alone; one of an office or a licence anybody whom its holder has
    enrolled. ``is_open``: whether the edge still knows an account. ``long_only``: take the long code alone.
    """
    if found.result not in GOOD or not is_told(code) or (long_only and len(code) != LONG):
        return None
    rows = _open().filter(accepted_at__isnull=False)
    own = found.kind == "appointment"
    rows = rows.filter(appointment=found.number) if own else rows.filter(agency=_holder(found))
    for row in [row for row in rows if _shows(row, code, at)]:
        subject = _standing(row, at)
        if subject is not None and is_open(row.account):
            person = subject.person or {}
            office = subject.office or {}
            return Person(
                row.appointment, str(person.get("name", "")), str(person.get("latin_name", "")),
                str(person.get("role", "")), str(office.get("locality") or office.get("name") or ""),
            )  # fmt: skip
    return None


# --- pieces ------------------------------------------------------------------------------------------------------


def _open() -> QuerySet[LiveEnrolment]:
    return LiveEnrolment.objects.filter(ended_at__isnull=True)


def _appointed(number: str, at: datetime) -> lookup.PublicSubject:
    return lookup.public_subject("appointment", number, at=at)


def _standing(row: LiveEnrolment, at: datetime) -> lookup.PublicSubject | None:
    """The appointment as it is now, if nothing has ended the code."""
    try:
        subject = _appointed(row.appointment, at)
    except NotFound:
        return None
    good = (
        not subject.problem and subject.agency == row.agency and lookup.acts_for(row.vouched_by, row.agency)
    )
    return subject if good else None


def _holder(found: Verdict) -> str:
    """The number of the badge's holder."""
    return str(found.record.get("holder", {}).get("number", ""))


def _shown(row: LiveEnrolment, at: datetime) -> Shown:
    subject = _appointed(row.appointment, at)
    answers = lookup.public_many(subject.licences, at=at).values()
    problem = ""
    if subject.problem or subject.agency != row.agency:
        problem = "appointment"
    elif not lookup.acts_for(row.vouched_by, row.agency):
        problem = "account"
    elif not any(one.result in GOOD for one in answers):
        problem = "licence"
    person, counter = subject.person or {}, _counter(at)
    short = "" if problem else _code(row, counter, "short")
    return Shown(
        appointment=row.appointment, holder=_name(answers) or row.agency, name=str(person.get("name", "")),
        role=str(person.get("role", "")), digits=short, long=short and short + _code(row, counter, "long"),
        until=datetime.fromtimestamp((counter + 1) * PERIOD, UTC), problem=problem,
    )  # fmt: skip


def _name(answers: Iterable[lookup.PublishedAnswer]) -> str:
    """What the holder of these licences is called."""
    return next((str(json.loads(one.body)["holder"]["name"]) for one in answers), "")


def _shows(row: LiveEnrolment, told: str, at: datetime) -> bool:
    """Whether the enrolment shows this code now or showed it in the minute before."""
    found = False
    for counter in (_counter(at), _counter(at) - 1):
        code = _code(row, counter, "short")
        if len(told) == LONG:
            code += _code(row, counter, "long")
        found |= hmac.compare_digest(code, told)
    return found


def _counter(at: datetime) -> int:
    return int(at.timestamp()) // PERIOD


def _code(row: LiveEnrolment, counter: int, part: str) -> str:
    info = f"live code {part} {row.appointment} {row.account}".encode()
    secret = HKDF(SHA256(), 32, bytes.fromhex(row.salt), info).derive(force_bytes(settings.SECRET_KEY))
    return TOTP(secret, DIGITS, SHA256(), PERIOD).generate(counter * PERIOD).decode()


def _by_key(key: str, *, at: datetime) -> LiveEnrolment:
    row = _open().filter(key_sha256=_digest(key), accepted_at__isnull=True).first()
    if row is None or row.invited_at + RUNS <= at:
        raise HolderNotFound("the invitation is used, ended or too old")
    if _standing(row, at) is None:
        raise HolderNotAllowed("the person does not act for the agency now", why="appointment")
    return row


def _invitation(row: LiveEnrolment, at: datetime) -> Invitation:
    subject = _appointed(row.appointment, at)
    person = subject.person or {}
    return Invitation(
        appointment=row.appointment, agency=row.agency, name=str(person.get("name", "")),
        holder=_name(lookup.public_many(subject.licences, at=at).values()) or row.agency,
        role=str(person.get("role", "")), until=row.invited_at + RUNS,
    )  # fmt: skip


def _enrolment(row: LiveEnrolment, at: datetime) -> Enrolment:
    stands = "enrolled" if row.accepted_at else ("lapsed" if row.invited_at + RUNS <= at else "invited")
    since = row.accepted_at or row.invited_at
    return Enrolment(row.appointment, row.account, row.vouched_by, since, stands)


def _end(row: LiveEnrolment, *, by: str, at: datetime) -> None:
    row.ended_at, row.ended_by = at, by
    row.save(update_fields=["ended_at", "ended_by"])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
