"""Badges as rows: issued once for a subject, read by code, withdrawn for a reason and never used again.

A badge has one subject (a licence, an office, an appointment) and keeps its code for life; what the code says
is asked from the register each time. After a withdrawal the same subject may be issued another badge, with
another code.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from registry import lookup, news, prepared, replica
from registry.rules import numbering
from registry.rules.errors import BadInput, LicenceNotFound, NotFound, Refused
from registry.rules.numbering import Kind
from verification import log
from verification.models import WITHDRAWALS, Badge

REASONS: Final = tuple(code for code, _ in WITHDRAWALS)
"""Why a badge may be withdrawn."""

KINDS: Final = {
    "licence": (Kind.LICENCE, Kind.LISTED),
    "office": (Kind.OFFICE,),
    "appointment": (Kind.APPOINTMENT,),
}
"""What a badge can stand on, and whose numbers these have."""

_COLUMNS: Final = (
    "b.code, b.subject_kind, b.subject_number, b.authority, b.issued_at, b.withdrawn_at, b.withdrawn_reason"
)
_BADGE: Final = _COLUMNS.count(",") + 1
_READ: Final = prepared.Statement("badge", f"SELECT {_COLUMNS} FROM verification_badge b WHERE b.code = $1")  # noqa: S608
_SCAN: Final = f"""
FROM verification_badge b
LEFT JOIN LATERAL ({lookup.current_sql("b.subject_number", "$2")}) a ON b.subject_kind = 'licence'
"""
#: Whether anybody may show a live code for the badge; who it is, and whether the code is theirs, is judged when it is
#: asked (``live_codes``).
_LIVE: Final = f"""EXISTS (
    SELECT FROM verification_liveenrolment e WHERE e.ended_at IS NULL AND e.accepted_at IS NOT NULL AND CASE
        WHEN b.subject_kind = 'appointment' THEN e.appointment = b.subject_number
        ELSE e.agency = ({lookup.holder_sql("b.subject_kind", "b.subject_number")}) END
)"""
#: What every scan reads, in one question: the badge, and what the register says now of the licence that it names.
_SCANNED: Final = prepared.Statement("scan", f"SELECT {_COLUMNS}, {_LIVE}, a.* {_SCAN} WHERE b.code = $1")
#: And for who wants it signed, how far the log is.
_LOGGED: Final = prepared.Statement(
    "scan_logged",
    f"SELECT {_COLUMNS}, {_LIVE}, a.*, r.* {_SCAN}"
    f" LEFT JOIN LATERAL ({log.reached_sql('b.subject_number')}) r ON true WHERE b.code = $1",
)
#: And for a page with a picture of the licence's life, that life.
_LIVED: Final = prepared.Statement(
    "scan_lived",
    f"SELECT {_COLUMNS}, {_LIVE}, a.*, ({lookup.life_sql('a.number', '$2::timestamptz')}) {_SCAN} WHERE b.code = $1",
)
_REACHED: Final = 3
"""Columns of ``log.reached_sql``."""

_DRAWS: Final = 8
"""Codes drawn before giving up: two equal ones in a row mean a broken source of chance."""


class BadgeNotFound(NotFound):
    """No badge has this code."""

    code = "badge.not_found"


class BadgeWithdrawn(Refused):
    """The badge is withdrawn already."""

    code = "badge.withdrawn"


class WithdrawalUnexplained(BadInput):
    """A badge is withdrawn for one of the known reasons by a named officer: ``facts['field']``."""

    code = "badge.withdrawal_unexplained"


class BadgeSubjectInvalid(BadInput):
    """A badge stands on a licence, an office or an appointment of the register, by its number."""

    code = "badge.subject_invalid"


@dataclass(frozen=True, slots=True)
class BadgeRecord:
    """A badge as everybody may read it, but for ``withdrawn_by``."""

    code: str
    kind: str
    number: str
    authority: str
    issued_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str

    @property
    def shown(self) -> str:
        """The code as printed."""
        return numbering.shown_badge(self.code)


def issue(
    kind: str, number: str, *, at: datetime, randbelow: Callable[[int], int] = secrets.randbelow
) -> BadgeRecord:
    """The live badge of a subject: the one it has, else a new one with a code that nobody can guess.

    Refuses a subject that the register does not publish. Two at once get the same badge.
    """
    number = _subject(kind, number)
    live = _live(number)
    if live is not None:
        return live
    authority = _authority(kind, number, at)
    for _ in range(_DRAWS):
        code = numbering.badge_code(authority[:2], randbelow)
        try:
            with transaction.atomic():
                badge = Badge.objects.create(
                    code=code, subject_kind=kind, subject_number=number, authority=authority, issued_at=at
                )
                news.put()
        except IntegrityError:
            live = _live(number)  # somebody else was first, or the code is taken and the next draw decides
            if live is not None:
                return live
        else:
            return _record(badge)
    message = "no free badge code was drawn"
    raise RuntimeError(message)


def issue_licences(
    numbers: Iterable[str],
    authority: str,
    *,
    at: datetime,
    randbelow: Callable[[int], int] = secrets.randbelow,
) -> int:
    """Issue a badge to each of these published licences of one authority that has none; how many were issued.

    ``numbers`` are canonical. Set-based, for a register taken over as a whole: it asks the register nothing.
    """
    wanted = dict.fromkeys(numbers)
    live = Badge.objects.filter(subject_number__in=wanted, withdrawn_at__isnull=True)
    for held in live.values_list("subject_number", flat=True):
        del wanted[held]
    made = Badge.objects.bulk_create(
        [
            Badge(
                code=numbering.badge_code(authority[:2], randbelow), subject_kind="licence", subject_number=number,
                authority=authority, issued_at=at,
            )
            for number in wanted
        ],
        batch_size=2000,
    )  # fmt: skip
    return len(made)


def read(code: str) -> BadgeRecord:
    """The badge of a code in its stored form, live or withdrawn; one query."""
    rows = _READ.rows(code)
    if not rows:
        raise BadgeNotFound(badge=code)
    return _from_text(rows[0])


@dataclass(frozen=True, slots=True)
class Scanned:
    """A badge, what the register says of the licence on it, and what else was asked for.

    No answer for a badge of an office or a person, and where nothing is published under the number on the badge.
    ``live``: whether somebody may show a live code for the badge; ``reached``: how far the log is with that number;
    ``life``: that licence's public life.
    """

    badge: BadgeRecord
    answer: lookup.PublishedAnswer | None
    live: bool
    reached: log.Reached | None = None
    life: tuple[lookup.Life, ...] = ()


def scanned(code: str, *, at: datetime, logged: bool = False, lived: bool = False) -> Scanned:
    """The badge of a code, and what the register says now (``at``) of the licence on it; one query.

    ``logged``: also how far the log is with that number, where the log has begun; ``lived``: also the licence's life.
    Nobody asks for both.
    """
    rows = (_LIVED if lived else _LOGGED if logged else _SCANNED).rows(code, at.isoformat())
    if not rows:
        raise BadgeNotFound(badge=code)
    badge, live, answer = _from_text(rows[0][:_BADGE]), rows[0][_BADGE] == b"t", rows[0][_BADGE + 1 :]
    reached = log.read_reached(answer[-_REACHED:]) if logged else None
    told = answer[: -_REACHED if logged else -1 if lived else None]
    licence = lookup.current_answer(told, at=at) if told[0] is not None else None
    life = lookup.read_life(answer[-1], licence.number, at=at) if lived and licence is not None else ()
    return Scanned(badge, licence, live, reached, life)


def _from_text(row: prepared.Row) -> BadgeRecord:
    told = ["" if value is None else value.decode() for value in row]
    held, kind, number, authority, issued, withdrawn, reason = told
    return BadgeRecord(
        code=held,
        kind=kind,
        number=number,
        authority=authority,
        issued_at=datetime.fromisoformat(issued),
        withdrawn_at=datetime.fromisoformat(withdrawn) if withdrawn else None,
        withdrawn_reason=reason,
    )


def withdraw(code: str, *, reason: str, by: str, at: datetime) -> BadgeRecord:
    """Withdraw a badge for good: from now on its code answers *badge withdrawn*.

    ``reason``: one of ``REASONS``; ``by``: the officer's number. Refuses to withdraw twice.
    """
    if reason not in REASONS:
        raise WithdrawalUnexplained("say why the badge is withdrawn", field="reason", known=REASONS)
    if not by.strip():
        raise WithdrawalUnexplained("say which officer withdraws the badge", field="by")
    with transaction.atomic():
        badge = Badge.objects.select_for_update().filter(pk=code).first()
        if badge is None:
            raise BadgeNotFound(badge=code)
        if badge.withdrawn_at is not None:
            raise BadgeWithdrawn(badge=code)
        badge.withdrawn_at, badge.withdrawn_reason, badge.withdrawn_by = at, reason, by
        badge.save(update_fields=["withdrawn_at", "withdrawn_reason", "withdrawn_by"])
        replica.wait()
        news.put()
    return _record(badge)


def for_subject(kind: str, number: str) -> list[BadgeRecord]:
    """Every badge that the subject ever had, the newest first; a live one is always the first."""
    found = Badge.objects.filter(subject_number=_subject(kind, number))
    newest = (F("withdrawn_at").desc(nulls_first=True), F("issued_at").desc())
    return [_record(badge) for badge in found.order_by(*newest)]


def _subject(kind: str, number: str) -> str:
    if kind not in KINDS:
        raise BadgeSubjectInvalid(
            "a badge stands on a licence, an office or an appointment", field="kind", known=tuple(KINDS)
        )
    return numbering.canonical(number, *KINDS[kind])


def _authority(kind: str, number: str, at: datetime) -> str:
    """The code of the authority under which the subject stands; refuses what the public can't read."""
    licences = lookup.public_subject(kind, number, at=at).licences
    if not licences:
        raise LicenceNotFound(number=number)
    return str(json.loads(lookup.public_licence(licences[0], at=at).body)["authority"]["code"])


def _live(number: str) -> BadgeRecord | None:
    badge = Badge.objects.filter(subject_number=number, withdrawn_at__isnull=True).first()
    return _record(badge) if badge else None


def _record(badge: Badge) -> BadgeRecord:
    return BadgeRecord(
        code=badge.code,
        kind=badge.subject_kind,
        number=badge.subject_number,
        authority=badge.authority,
        issued_at=badge.issued_at,
        withdrawn_at=badge.withdrawn_at,
        withdrawn_reason=badge.withdrawn_reason,
    )
