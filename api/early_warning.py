"""Where unlicensed recruiting begins: how often badges and numbers are asked for in vain, or count no more.

Counted are badge codes and licence numbers that are not in the register, and scans of badges that were withdrawn or
whose licence was taken away: numbers a code and hour and, where a visitor said it, a district (rulings 31). A code is
kept only if it has the form of ours and names an authority of ours; everything else adds to one number without a text.
Nobody's address is kept. So that one person alone does not make a warning by asking again, a process counts the same
code from the same address only a few times an hour, and forgets the address with the hour.

What is told ends with the last full hour and is told in tens, rounded down: no number speaks of fewer than ten, and the
difference of two numbers speaks of nobody (``told``).
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from api import clients, tallies
from api.throttles import Limit
from registry import authorities
from registry.authorities import Jurisdiction
from registry.rules import numbering
from registry.rules.lifecycle import State
from verification import check
from verification.check import Proof

LEAST: Final = tallies.LEAST
"""From this count on something is told, and in such steps."""
FLOOR: Final = 20
RATIO: Final = 2
"""Unusual is what was asked for at least :data:`FLOOR` times, and :data:`RATIO` times as often as usual."""
WEEKS_BEFORE: Final = 4
"""Weeks before the window whose mean says what is usual."""
WINDOWS: Final = {1: timedelta(days=1), 7: timedelta(days=7)}
"""What an inspector looks at, by its days."""
MOST: Final = 100
"""Codes of one answer."""

#: Places that one client names: three in a UTC day, whose bucket it is, so fewer than :data:`LEAST` in any 24 hours.
PLACES: Final = Limit("places", burst=3, per_second=1 / 86_400)

_OF_ADDRESS: Final = 60
"""Look-ups in vain of one address that are counted in an hour, whatever it asks for."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_TAKEN_AWAY: Final = frozenset({State.REVOKED.value, State.VOID.value})
_MOST_SHARES: Final = 100_000


class Kind(StrEnum):
    """What was asked for."""

    BADGE = "badge"
    """A code of a badge that is not in the register."""
    LICENCE = "licence"
    """A licence number that is not in the register."""
    OTHER = "other"
    """Something that has no form of ours; its text is not kept."""
    WITHDRAWN = "withdrawn"
    """A badge that was withdrawn."""
    REVOKED = "revoked"
    """A badge of a licence that was revoked or annulled."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is counted: its code (empty for what is not kept), and the authority or at least the country it names."""

    kind: Kind
    code: str = ""
    authority: str = ""


NOTHING_OF_OURS: Final = Subject(Kind.OTHER)

# --- counting ----------------------------------------------------------------------------------------------------

_ADD: Final = """
    INSERT INTO api_earlywarning (hour, kind, code, authority, district, count)
    SELECT h, k, c, a, d, sum(n) FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::bigint[]) AS new (h, k, c, a, d, n)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, kind, code, authority, district) DO UPDATE SET count = api_earlywarning.count + EXCLUDED.count"""


def _settled(counted: tallies.Counts) -> tallies.Counts:
    """The counts as they are stored: what names no authority or country of ours loses its text."""
    known = authorities.codes()
    known |= {code[:2] for code in known}
    kept: dict[tallies.Key, int] = {}
    for (hour, kind, code, authority, district), count in counted.items():
        ours = authority in known
        key = (hour, kind, code, authority, district) if ours else (hour, Kind.OTHER.value, "", "", district)
        kept[key] = kept.get(key, 0) + count
    return kept


class _Shares:
    """How often each address asked for each code in this hour, as digests that nobody can turn round."""

    def __init__(self) -> None:
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._taken: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def take(self, asker: clients.Asker, code: str, hour: datetime) -> bool:
        """Whether this one is still counted.

        Over all processes fewer than :data:`LEAST` an hour of one code from one address, :data:`_OF_ADDRESS` in all.
        """
        shares = {
            asker(f"early warning {what}"): max(1, most // settings.REGISTRY_PROCESSES)
            for what, most in ((code, LEAST - 1), ("", _OF_ADDRESS))
        }
        with self._lock:
            if hour != self._hour or len(self._taken) >= _MOST_SHARES:
                self._hour, self._taken = hour, {}
            if any(self._taken.get(digest, 0) >= most for digest, most in shares.items()):
                return False
            for digest in shares:
                self._taken[digest] = self._taken.get(digest, 0) + 1
        return True


counts: Final = tallies.Tally(_ADD, settle=_settled)
_shares: Final = _Shares()


def scanned(found: check.Verdict, asker: clients.Asker) -> None:
    """Count the answer to a scanned or typed badge code where it warns of something; quick where it does not."""
    if (subject := of_badge(found)) is not None:
        _count(subject, asker, at=found.checked_at)


def asked(numbers: Iterable[str], asker: clients.Asker, *, at: datetime) -> None:
    """Count numbers, as they were typed, that are not in the register."""
    for number in numbers:
        _count(of_number(number), asker, at=at)


def seen(subject: Subject, district: str, *, at: datetime) -> None:
    """Count that a visitor named ``district`` (ISO 3166-2) as the place where it was shown.

    Who may say so, and how often, is the caller's to ask (:data:`PLACES`).
    """
    authority = subject.authority or district[:2]
    counts.count([(_hour(at), subject.kind.value, subject.code, authority, district)])


def of_badge(found: check.Verdict) -> Subject | None:
    """What the answer to a badge code is counted as; nothing for a badge that may be good again."""
    if found.badge is None:
        return Subject(Kind.BADGE, found.code, found.code[:2]) if found.code else NOTHING_OF_OURS
    if found.proof is Proof.WITHDRAWN:
        return Subject(Kind.WITHDRAWN, found.code, found.badge.authority)
    return Subject(Kind.REVOKED, found.code, found.badge.authority) if found.state in _TAKEN_AWAY else None


def of_number(text: str) -> Subject:
    """What a number that is not in the register is counted as.

    A licence number counts as typed even where its check symbol is wrong, for who invents one seldom knows the rule;
    no other text has its form and the code of an authority.
    """
    try:
        parts = numbering.shape(text)
    except numbering.NotOurs:
        return NOTHING_OF_OURS
    if parts.kind is not numbering.Kind.LICENCE:
        return NOTHING_OF_OURS
    return Subject(Kind.LICENCE, str(parts), f"{parts.country}-{parts.authority}")


def _count(subject: Subject, asker: clients.Asker, *, at: datetime) -> None:
    hour = _hour(at)
    if settings.REGISTRY_TALLY_SECONDS and _shares.take(asker, f"{subject.kind} {subject.code}", hour):
        counts.count([(hour, subject.kind.value, subject.code, subject.authority, "")])


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


# --- telling -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """How often a code was asked for: ``count`` in the window, ``usual`` in so long a time before it, both as told."""

    kind: Kind
    code: str
    count: int
    usual: int
    unusual: bool


@dataclass(frozen=True, slots=True)
class Span:
    """An hour or a day of the window; ``None``: fewer than ten, which is not told."""

    since: datetime
    count: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A district that visitors named, with its name where the authority still lists it."""

    code: str
    name: str
    count: int
    usual: int
    unusual: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an authority is told of ``[since, until)``, each count in tens.

    ``others``: codes that were each asked for fewer than ten times, together. ``counted_since``: the first hour that
    was ever counted for this authority; what lies before it is not known.
    """

    authority: str
    zone: str
    since: datetime
    until: datetime
    counted_since: datetime | None
    total: int | None
    lines: tuple[Line, ...]
    others: int | None
    spans: tuple[Span, ...]
    places: tuple[Place, ...]


def told(count: int) -> int | None:
    """A count as it is told: in tens, rounded down; ``None`` for fewer than ten, which is not told."""
    return count - count % LEAST or None


def is_unusual(count: int, usual: float) -> bool:
    """The rule: at least :data:`FLOOR`, and at least :data:`RATIO` times what is usual.

    If look-ups came by chance alone (Poisson), one window in three hundred would pass it, and of busy codes far fewer.
    """
    return count >= FLOOR and count >= RATIO * usual


_OURS: Final = "authority = ANY(%(whose)s)"
_BY_CODE: Final = f"""
    SELECT kind, code, coalesce(sum(count) FILTER (WHERE hour >= %(since)s), 0)::bigint AS now,
           coalesce(sum(count) FILTER (WHERE hour < %(since)s), 0)::bigint AS before
    FROM api_earlywarning
    WHERE {_OURS} AND district = '' AND hour >= %(before)s AND hour < %(until)s
      AND (%(code)s = '' OR code = %(code)s)
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""  # noqa: S608 - a constant of this module
_BY_SPAN: Final = f"""
    SELECT date_bin(%(step)s, hour, %(since)s), sum(count)::bigint FROM api_earlywarning
    WHERE {_OURS} AND district = '' AND hour >= %(since)s AND hour < %(until)s AND (%(code)s = '' OR code = %(code)s)
    GROUP BY 1"""  # noqa: S608 - the same
_BY_PLACE: Final = f"""
    SELECT district, coalesce(sum(count) FILTER (WHERE hour >= %(since)s), 0)::bigint,
           coalesce(sum(count) FILTER (WHERE hour < %(since)s), 0)::bigint
    FROM api_earlywarning
    WHERE {_OURS} AND district <> '' AND hour >= %(before)s AND hour < %(until)s AND (%(code)s = '' OR code = %(code)s)
    GROUP BY 1 ORDER BY 2 DESC, 1"""  # noqa: S608 - the same
_SINCE: Final = f"SELECT min(hour) FROM api_earlywarning WHERE {_OURS}"  # noqa: S608 - the same


def outlook(where: Jurisdiction, *, at: datetime, days: int, code: str = "") -> Outlook:
    """What is told of the last ``days`` (:data:`WINDOWS`) until the last full hour; of one ``code`` or of all."""
    until, length = _hour(at), WINDOWS[days]
    since, step = until - length, _HOUR if days == 1 else _DAY
    given = {
        "whose": [where.code, where.country, ""], "since": since, "until": until, "code": code,
        "before": since - WEEKS_BEFORE * _WEEK, "step": step,
    }  # fmt: skip
    first = _rows(_SINCE, given)[0][0]
    periods = _periods(since, first, length)
    by_code = _rows(_BY_CODE, given)
    enough = [row for row in by_code if row[2] >= LEAST and (row[1] or row[0] == Kind.OTHER)]
    lines = [Line(Kind(kind), one, *_compared(now, before / periods)) for kind, one, now, before in enough]
    spans = dict(_rows(_BY_SPAN, given))
    starts = [since + n * step for n in range(length // step)]
    return Outlook(
        authority=where.code,
        zone=where.zone,
        since=since,
        until=until,
        counted_since=first,
        total=told(sum(row[2] for row in by_code)),
        lines=tuple(sorted(lines, key=lambda line: (not line.unusual, -line.count))[:MOST]),
        others=told(sum(row[2] for row in by_code) - sum(row[2] for row in enough)),
        spans=tuple(Span(start, told(int(spans.get(start, 0)))) for start in starts),
        places=tuple(
            Place(one, where.districts.get(one, ""), *_compared(now, before / periods))
            for one, now, before in _rows(_BY_PLACE, given)
            if now >= LEAST
        ),
    )


def _compared(now: int, usual: float) -> tuple[int, int, bool]:
    """Both as they are told, and whether the first is unusual."""
    return told(now) or 0, told(int(usual)) or 0, is_unusual(now, usual)


def _periods(since: datetime, first: datetime | None, length: timedelta) -> float:
    """How many windows of that length lie before this one in which anything could be counted."""
    counted = min(since - first, WEEKS_BEFORE * _WEEK) if first is not None and first < since else timedelta()
    return max(1.0, counted / length)


def _rows(statement: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


# --- forgetting --------------------------------------------------------------------------------------------------

_OVER: Final = "DELETE FROM api_earlywarning WHERE authority = ANY(%(whose)s) AND hour < %(before)s"
_COARSEN: Final = """
    WITH gone AS (DELETE FROM api_earlywarning WHERE hour >= %(since)s AND hour < %(until)s RETURNING *),
    week AS (SELECT kind, code, authority, sum(count) AS asked FROM gone WHERE district = '' GROUP BY 1, 2, 3)
    INSERT INTO api_earlywarning (hour, kind, code, authority, district, count)
    SELECT date_trunc('day', gone.hour, 'UTC'), gone.kind,
           CASE WHEN week.asked >= %(least)s THEN gone.code ELSE '' END, gone.authority, gone.district, sum(gone.count)
    FROM gone LEFT JOIN week USING (kind, code, authority)
    GROUP BY 1, 2, 3, 4, 5"""


def forget(*, at: datetime) -> int:
    """Delete what is older than each authority's policy lets it be, and make older weeks coarse; how many rows left.

    What is of nobody in particular goes with the first of them. Of a week that ended more than a week ago the days are
    kept, no longer the hours, and of codes that fewer than ten asked for in it the number without the code.
    """
    found = authorities.jurisdictions(at=at)
    shortest = min((one.warning_weeks for one in found), default=0)
    gone = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for whose, weeks in [(one.code, one.warning_weeks) for one in found]:
            cursor.execute(_OVER, {"whose": [whose], "before": _hour(at) - weeks * _WEEK})
            gone += int(cursor.rowcount)
        known = {one.code for one in found}
        cursor.execute(
            "DELETE FROM api_earlywarning WHERE NOT authority = ANY(%s) AND hour < %s",
            [sorted(known), _hour(at) - shortest * _WEEK],
        )
        gone += int(cursor.rowcount)
        today = _hour(at).replace(hour=0)
        week = today - timedelta(days=today.weekday()) - _WEEK
        for _ in range(2):  # whoever missed a night or a week catches up
            week -= _WEEK
            cursor.execute(_COARSEN, {"since": week, "until": week + _WEEK, "least": LEAST})
    return gone
