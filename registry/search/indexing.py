"""Keeps what can be searched in step with the register, in the transaction that changes it: agencies, and alerts.

``index`` reads the agencies and alerts as they stand, compares with what is kept and writes the difference, so that
calling it too often costs a read and nothing else. Everything it writes can be made again with ``rebuild``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final

from django.db import connection

from registry import questions
from registry.rules import asked as asking
from registry.rules import days, names, numbering

CHUNK: Final = 2000
"""Agencies that are read and compared at a time."""

NAMES: Final = frozenset({"legal", "latin", "trading", "alias"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One thing that an agency is known by; equal entries are the same row."""

    subject: str
    licence: str
    authority: str
    country: str
    kind: str
    text: str
    since: datetime | None
    until: datetime | None


def index(subjects: Iterable[str]) -> None:
    """Have the agencies and alerts of these numbers found by what they are known by now; other numbers are forgotten.

    Call it in the transaction that changes a name, a channel or a licence's number: it is searchable at commit, and
    not before.
    """
    words: Counter[str] = Counter()
    for numbers in _chunks(subjects):
        wanted = set(_entries(numbers))
        held = _held(numbers)
        gone = [row for entry, row in held.items() if entry not in wanted]
        new = [entry for entry in wanted if entry not in held]
        _delete(gone)
        _insert(new)
        _count(words, new, 1)
        _count(words, (entry for entry in held if entry not in wanted), -1)
    _add_words(words)


def rebuild() -> int:
    """Make everything that can be searched again, in the caller's transaction; the number of agencies and alerts.

    Searches go on reading what was there until the caller commits.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM registry_searchname")
        cursor.execute("DELETE FROM registry_searchword")
    words: Counter[str] = Counter()
    count = 0
    for numbers in chain(all_agencies(), _chunks(all_alerts())):
        entries = sorted(set(_entries(numbers)), key=lambda entry: (entry.subject, entry.kind, entry.text))
        _insert(entries)
        _count(words, entries, 1)
        count += len(numbers)
    _add_words(words)
    return count


@dataclass(frozen=True, slots=True)
class Unlike:
    """A thing that an agency is found by and not known by, or the reverse; the texts are empty where there is none."""

    subject: str
    kind: str
    held: str
    wanted: str


def unlike(numbers: Sequence[str]) -> list[Unlike]:
    """Where what is kept of these agencies is not what ``index`` would write."""
    wanted = Counter[tuple[_Entry, str, tuple[int, ...]]]()
    for entry in set(_entries(numbers)):
        folded, keys = _folded(entry.kind, entry.text)
        wanted[entry, folded, tuple(keys)] += 1
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT subject_kind, folded, keys, subject, licence, authority, country, kind, text, lower(valid),
                   upper(valid)
            FROM registry_searchname WHERE subject = ANY(%s)
            """,
            [list(numbers)],
        )
        held = Counter(
            (_Entry(*entry), folded if subject_kind == kind_of(entry[0]) else "", tuple(keys))
            for subject_kind, folded, keys, *entry in cursor.fetchall()
        )
    extra, missing = held - wanted, wanted - held
    return [Unlike(e.subject, e.kind, e.text, "") for e, *_ in extra] + [
        Unlike(e.subject, e.kind, "", e.text) for e, *_ in missing
    ]


def kind_of(subject: str) -> str:
    """Whether a subject's number is an ``agency``'s or an ``alert``'s."""
    return "alert" if numbering.is_alert(subject) else "agency"


def all_alerts() -> list[str]:
    """The numbers of every alert that can be found."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT number FROM registry_alert ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def recount() -> int:
    """Add up the counts of words that were changed since; the number of rows that went. Safe at any time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH several AS (SELECT word FROM registry_searchword GROUP BY word HAVING count(*) > 1),
                 gone AS (DELETE FROM registry_searchword AS held USING several WHERE held.word = several.word
                          RETURNING held.*),
                 kept AS (INSERT INTO registry_searchword (word, key, sound, deletions, names)
                          SELECT word, key, sound, deletions, sum(names) FROM gone
                          GROUP BY word, key, sound, deletions HAVING sum(names) > 0 RETURNING 1)
            SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept)
            """
        )
        return int(cursor.fetchone()[0])


def _chunks(numbers: Iterable[str]) -> Iterator[list[str]]:
    left = iter(dict.fromkeys(numbers))
    while chunk := list(islice(left, CHUNK)):
        yield chunk


def all_agencies() -> Iterator[list[str]]:
    """The numbers of every agency in their order, so many at a time as are compared at a time."""
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number FROM registry_agency WHERE number > %s ORDER BY number LIMIT %s", [last, CHUNK]
            )
            numbers = [number for (number,) in cursor.fetchall()]
        if not numbers:
            return
        yield numbers
        last = numbers[-1]


# What an alert is known by

#: The newest version; one that was taken back is found by nothing.
_ALERTS: Final = """
    SELECT DISTINCT ON (x.number) x.number, u.code, u.country, u.zone, x.names, x.contacts, x.last_day, x.ended
    FROM registry_alert x JOIN registry_authority u ON u.id = x.authority_id WHERE x.number = ANY(%s)
    ORDER BY x.number, x.version DESC"""


def _of_alerts(numbers: Sequence[str]) -> Iterator[_Entry]:
    (alerts,) = questions.ask_of(numbers, _ALERTS)
    for number, authority, country, zone, called, contacts, last, ended in alerts:
        if ended:
            continue
        until = days.end_of(last, zone) if last else None
        told = [("alias", name) for name in json.loads(called)]
        told += [(one["kind"], one["value"]) for one in json.loads(contacts)]
        for kind, text in dict.fromkeys(told):
            yield _Entry(number, "", authority, country, kind, text, None, until)


# What an agency is known by

#: A record that was merged into another is found there alone.
_AGENCIES: Final = """
    SELECT a.number, u.code, u.country, u.zone, a.legal_name, a.latin_name
    FROM registry_agency a JOIN registry_authority u ON u.id = a.authority_id WHERE a.number = ANY(%s)
    AND NOT EXISTS (SELECT FROM registry_merger m WHERE m.merged_id = a.id)"""
_FORMER: Final = """
    WITH RECURSIVE family AS (
        SELECT a.number AS stays, a.id FROM registry_agency a WHERE a.number = ANY(%s)
        AND NOT EXISTS (SELECT FROM registry_merger m WHERE m.merged_id = a.id)
        UNION ALL SELECT f.stays, m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
    )
    SELECT f.stays, a.number, a.legal_name, a.latin_name FROM family f JOIN registry_agency a ON a.id = f.id
    WHERE a.number <> f.stays"""
_TRADING: Final = """
    SELECT a.number, 'trading', t.name, t.first_day, t.last_day
    FROM registry_tradingname t JOIN registry_agency a ON a.id = t.agency_id WHERE a.number = ANY(%s)"""
_CHANNELS: Final = """
    SELECT a.number, c.kind, c.value, c.first_day, c.last_day
    FROM registry_channel c JOIN registry_agency a ON a.id = c.agency_id WHERE a.number = ANY(%s)"""
#: Numbers of our own are found where they are published; here only those that licences had elsewhere or before.
_LICENCES: Final = """
    SELECT a.number, coalesce(r.number, l.number), CASE WHEN r.number IS NULL THEN '' ELSE l.number END,
           l.legacy_number
    FROM registry_agency a
    CROSS JOIN LATERAL (SELECT number, legacy_number, renumbered_to_id FROM registry_licence
                        WHERE agency_id = a.id OFFSET 0) l
    LEFT JOIN LATERAL (SELECT number FROM registry_licence WHERE id = l.renumbered_to_id OFFSET 0) r ON true
    WHERE a.number = ANY(%s)"""


def _entries(numbers: Sequence[str]) -> Iterator[_Entry]:
    if alerts := list(filter(numbering.is_alert, numbers)):
        yield from _of_alerts(alerts)
    if len(alerts) == len(numbers):
        return
    own, former_ones, trading, channels, licences = questions.ask_of(
        numbers, _AGENCIES, _FORMER, _TRADING, _CHANNELS, _LICENCES
    )
    agencies = {number: rest for number, *rest in own}
    for number, (authority, country, _, legal, latin) in agencies.items():
        for kind, text in _legal_names(legal, latin):
            yield _Entry(number, "", authority, country, kind, text, None, None)
    for number, former, legal, latin in former_ones:
        authority, country, *_ = agencies[number]
        yield _Entry(number, "", authority, country, "number", former, None, None)
        for _, text in _legal_names(legal, latin):
            yield _Entry(number, "", authority, country, "alias", text, None, None)
    for number, kind, text, first, last in trading + channels:
        authority, country, zone, *_ = agencies[number]
        since = days.first_instant(first, zone) if first else None
        until = days.end_of(last, zone) if last else None
        yield _Entry(number, "", authority, country, kind, text, since, until)
    for number, licence, *held in licences:
        authority, country, *_ = agencies[number]
        for text in filter(None, held):
            yield _Entry(number, licence, authority, country, "number", text, None, None)


def _legal_names(legal: str, latin: str) -> Iterator[tuple[str, str]]:
    """The legal name; where one text also holds the names traded under (``X Ltd t/a Y``), each of them too."""
    yield "legal", legal
    parts = names.trading_parts(legal)
    if len(parts) > 1:
        yield "alias", parts[0]
        for part in parts[1:]:
            yield "trading", part
    if latin and latin != legal:
        yield "latin", latin


# What is kept


def _held(numbers: Sequence[str]) -> dict[_Entry, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, subject, licence, authority, country, kind, text, lower(valid), upper(valid)
            FROM registry_searchname WHERE subject = ANY(%s)
            """,
            [list(numbers)],
        )
        return {_Entry(*entry): row for row, *entry in cursor.fetchall()}


def _delete(rows: list[int]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM registry_searchname WHERE id = ANY(%s)", [rows])


_COLUMNS: Final = "subject_kind, subject, licence, authority, country, kind, text, folded, keys, valid"


def _insert(entries: Iterable[_Entry]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY registry_searchname ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for entry in entries:
            folded, keys = _folded(entry.kind, entry.text)
            since = entry.since.isoformat() if entry.since else ""
            until = entry.until.isoformat() if entry.until else ""
            copy.write_row(
                (kind_of(entry.subject), entry.subject, entry.licence, entry.authority, entry.country, entry.kind,
                 entry.text, folded, _array(keys), f"[{since},{until})")
            )  # fmt: skip


def _folded(kind: str, text: str) -> tuple[str, list[int]]:
    """How a text is compared, and the keys that find it."""
    if kind in NAMES:
        name = names.fold(text)
        return str(name), names.keys(name)
    if kind == "number":
        forms = asking.number_forms(text)
        return forms[0], asking.number_keys(forms)
    return text, asking.held_keys(kind, text)


def _array(values: Iterable[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"


# The vocabulary


def _count(words: Counter[str], entries: Iterable[_Entry], by: int) -> None:
    for entry in entries:
        if entry.kind in NAMES:
            for word in {"", *names.fold(entry.text).words}:
                words[word] += by


def _add_words(words: Counter[str]) -> None:
    """Add what changed; never a change of a row, so that two writers do not wait for one another's words."""
    changed = [(word, by) for word, by in words.items() if by]
    if not changed:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY registry_searchword (word, key, sound, deletions, names) FROM STDIN") as copy,
    ):
        for word, by in changed:
            sound = names.skeleton(word) if word else ""
            copy.write_row(
                (word, names.word_key(word), names.sound_key(sound) if sound else None,
                 _array(names.word_deletions(word)), by)
            )  # fmt: skip
