"""Folds every licence again and reports any difference from what is stored: the register checks itself.

What is derived is derived again and compared: the stored state and flag, the terms, the published record, a licence's
place in its list, sanctions, search names, the numbers of the register, applications, the marks of screening. What is
law is compared with the journal, which a trigger wrote when the row was: one edited, deleted or added with the triggers
off shows as a difference. An entry is never changed by this; it only looks. Memory does not grow with the register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models.options import Options
from psycopg import sql

from registry import bars, marks, person_names, records
from registry.admission import checking
from registry.models import JOURNALLED, SEALED, Debarment, Entry, Licence
from registry.patterns import Pattern, Patterns
from registry.rules import answer, standing
from registry.rules.lifecycle import Action
from registry.search import indexing

BATCH: Final = 500
"""Licences that are read and folded at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the entries say: where, what is stored and what should be."""

    number: str
    what: str
    stored: str
    expected: str


Progress = Callable[[int], None]
"""Is told how many are done."""


def _silent(_done: int) -> None:
    """Progress that nobody looks at."""


def differences(
    *, at: datetime, licences_done: Progress = _silent, applications_done: Progress = _silent
) -> Iterator[Difference]:
    """Every difference in the register at ``at``, licence by licence in number order, then the register itself."""
    patterns, done = Patterns(), 0
    for licences in _every_licence():
        if odd := {found.number for found in _of_batch(licences, patterns, at=at)}:
            yield from of_numbers(sorted(odd), at=at)  # what was decided while we read is no difference
        done += len(licences)
        licences_done(done)
    yield from of_applications(at=at, progress=applications_done)
    yield from of_search()
    yield from of_persons()
    yield from of_marks()
    yield from of_register()
    for table in JOURNALLED:
        yield from of_journal(table)
    yield from of_histories()


def of_numbers(numbers: Sequence[str], *, at: datetime) -> Iterator[Difference]:
    """The differences of these licences alone; a number that only leads to another has no life of its own."""
    patterns = Patterns()
    for start in range(0, len(numbers), BATCH):
        some = _LICENCES.filter(number__in=numbers[start : start + BATCH], renumbered_to__isnull=True)
        yield from _of_batch(list(some), patterns, at=at)


_LICENCES: Final = Licence.objects.order_by("number")


def _every_licence() -> Iterator[list[Licence]]:
    last = ""
    while some := list(_LICENCES.filter(number__gt=last)[:BATCH]):
        last = some[-1].number
        yield [licence for licence in some if licence.renumbered_to_id is None]


# --- licences ----------------------------------------------------------------------------------------------------


class _Held(NamedTuple):
    """A row of what is published of a licence; ``sequence`` is that of the entry it names, if there is one."""

    start: datetime
    end: datetime | None
    state: str
    result: str
    may_recruit: bool
    body: str
    withhold_from: datetime | None
    licence_class: str
    corridors: Sequence[str]
    number: str
    agency_number: str
    authority_code: str
    country: str
    sequence: int | None


class _Stored(NamedTuple):
    """All that is stored of a batch of licences, by their keys; ``amended`` by those of agencies."""

    entries: Mapping[int, list[tuple[Any, ...]]]
    terms: Mapping[int, list[Any]]
    published: Mapping[int, list[_Held]]
    listed: Mapping[int, list[tuple[Any, ...]]]
    amended: Mapping[int, list[int]]


_ENTRIES: Final = """
SELECT e.licence_id, c.recorded_at, c.base + 1 + e.ordinal, e.id, e.action, e.kind, e.decided_at, e.effective_from,
       e.effective_until, e.refers_to_id, e.grounds::text, (e.effect - '{line,digest,legal_term}'::text[])::text,
       e.deadlines::text
FROM registry_entry e JOIN registry_registercommit c ON c.id = e.commit_id
WHERE e.licence_id = ANY(%s) ORDER BY e.licence_id, e.id
"""
_TERMS: Final = (
    "SELECT licence_id, lower(days), upper(days) FROM registry_term WHERE licence_id = ANY(%s) ORDER BY days"
)
_PUBLISHED: Final = """
SELECT p.licence_id, lower(p.span), upper(p.span), p.state, p.result, p.may_recruit, p.body, p.withhold_from,
       p.licence_class, p.corridors, p.number, p.agency_number, p.authority_code, p.country, c.base + 1 + p.ordinal
FROM registry_publishedrecord p LEFT JOIN registry_registercommit c ON c.id = p.commit_id
WHERE p.licence_id = ANY(%s) ORDER BY p.licence_id, lower(p.span)
"""
_LISTED: Final = """
SELECT licence_id, list_key, present, first_seen, last_seen FROM registry_listedlicence WHERE licence_id = ANY(%s)
"""
#: Entries about a holder alone: its licences are published under their numbers too.
_AMENDED: Final = """
SELECT e.agency_id, c.base + 1 + e.ordinal FROM registry_entry e JOIN registry_registercommit c ON c.id = e.commit_id
WHERE e.agency_id = ANY(%s) AND e.licence_id IS NULL
"""


def _read(statement: str, keys: Sequence[int]) -> dict[int, list[Any]]:
    """Rows by their first column, without it."""
    found: dict[int, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(keys)])
        for key, *row in cursor.fetchall():
            found.setdefault(key, []).append(tuple(row))
    return found


def _of_batch(licences: Sequence[Licence], patterns: Patterns, *, at: datetime) -> Iterator[Difference]:
    if not licences:
        return
    keys = [licence.pk for licence in licences]
    published = _read(_PUBLISHED, keys)
    stored = _Stored(
        entries=_read(_ENTRIES, keys),
        terms=_read(_TERMS, keys),
        published={key: [_Held(*row) for row in rows] for key, rows in published.items()},
        listed=_read(_LISTED, keys),
        amended={
            key: [sequence for (sequence,) in rows]
            for key, rows in _read(_AMENDED, [licence.agency_id for licence in licences]).items()
        },
    )
    facts = records.facts_of(licences)
    for licence in licences:
        yield from _of_licence(licence, stored, facts[licence.pk], patterns, at=at)


def _of_licence(
    licence: Licence, stored: _Stored, facts: answer.Facts, patterns: Patterns, *, at: datetime
) -> Iterator[Difference]:
    rows = stored.entries.get(licence.pk, [])
    held = stored.published.get(licence.pk, [])
    if not rows:
        if licence.state != "not_granted" or held:
            yield Difference(licence.number, "state", licence.state, "not_granted")
        return
    pattern = patterns.of([row[2:] for row in rows])
    then = pattern.last_written
    if licence.state != then.state.value:
        yield Difference(licence.number, "state", licence.state, then.state.value)
    if licence.may_recruit != then.may_recruit:
        yield Difference(licence.number, "may_recruit", str(licence.may_recruit), str(then.may_recruit))
    yield from _terms(licence, stored.terms.get(licence.pk, []), pattern)
    if licence.origin == "listed":
        yield from _listed(licence, stored.listed.get(licence.pk, []), pattern)
    yield from _published(
        licence, held, pattern, facts, at=at, written_at=max(recorded_at for recorded_at, *_ in rows)
    )
    yield from _behind(
        licence, held, [row[1] for row in rows], stored.amended.get(licence.agency_id, []), pattern
    )


def _terms(licence: Licence, held: Sequence[tuple[date, date]], pattern: Pattern) -> Iterator[Difference]:
    wanted = sorted(
        (date.fromisoformat(a), date.fromisoformat(z)) for a, z in pattern.life[-1].standing.terms
    )
    stored = sorted((first, end - timedelta(days=1)) for first, end in held)
    if wanted != stored:
        yield Difference(licence.number, "terms", str(stored), str(wanted))


def _listed(licence: Licence, held: Sequence[tuple[Any, ...]], pattern: Pattern) -> Iterator[Difference]:
    """Its place in the list that it is known from is what the observations say."""
    wanted = [pattern.listed] if pattern.listed else []
    if list(held) != wanted:
        yield Difference(licence.number, "place in its list", str(held), str(wanted))


def _published(
    licence: Licence,
    held: Sequence[_Held],
    pattern: Pattern,
    facts: answer.Facts,
    *,
    at: datetime,
    written_at: datetime,
) -> Iterator[Difference]:
    """The published spans are those that the entries give; a row whose withholding is due is judged as then."""
    stored = [row[:-1] for row in held]
    odd: list[tuple[Any, ...]] = []
    for judged in (written_at, at):
        made = answer.pieces(facts, pattern.entries, at=judged, life=pattern.life)
        wanted = [_wanted(piece, facts) for piece in made]
        if stored == wanted or not (odd := _only_in_one(stored, wanted)):
            return
    start = min(row[0] or standing.BEGINNING for row in odd)
    yield Difference(
        licence.number, f"published from {start.isoformat()}", _said(stored, start), _said(wanted, start)
    )


def _wanted(piece: answer.Piece, facts: answer.Facts) -> tuple[Any, ...]:
    return (
        piece.start, piece.end, piece.state, piece.result, piece.may_recruit, piece.body, piece.withhold_from,
        piece.licence_class, list(piece.corridors), facts.number, facts.agency_number, str(facts.authority["code"]),
        str(facts.authority["country"]),
    )  # fmt: skip


def _only_in_one(left: Sequence[tuple[Any, ...]], right: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows that the other has not, or not as often."""
    rest = list(right)
    found = []
    for row in left:
        if row in rest:
            rest.remove(row)
        else:
            found.append(row)
    return found + rest


def _said(rows: Sequence[tuple[Any, ...]], start: datetime) -> str:
    return ", ".join(f"{row[2]} {row[3]}" for row in rows if row[0] == start) or "nothing"


def _behind(
    licence: Licence, held: Sequence[_Held], own: Sequence[int], amended: Sequence[int], pattern: Pattern
) -> Iterator[Difference]:
    """What is published names the newest entry behind it: of the licence, or of its holder alone.

    A list leaves what was published before where it says the same, so that later spans may name newer entries.
    """
    named = [row.sequence for row in held]
    known = [sequence for sequence in named if sequence is not None and sequence in {*own, *amended}]
    if known != named or known != sorted(known) or (len(set(known)) > 1 and pattern.listed is None):
        yield Difference(licence.number, "entries behind it", str(named), "its own, in their order")
    elif known and known[-1] < max(own):
        yield Difference(licence.number, "newest entry behind it", str(known[-1]), str(max(own)))


# --- applications and screening -----------------------------------------------------------------------------------


def of_applications(*, at: datetime, progress: Progress = _silent) -> Iterator[Difference]:
    """Each application stands where its events put it, and its words are those that its events sealed."""
    for done, found in enumerate(checking.unlike(at=at), start=1):
        for one in found:
            yield Difference(*one)
        progress(done)
    for one in checking.unsealed():
        yield Difference(*one)


def of_marks() -> Iterator[Difference]:
    """Each agency is linked by what it has, and by nothing else; the values themselves are nobody's to print."""
    for numbers in indexing.all_agencies():
        if marks.unlike(numbers):
            for mark, held in marks.unlike(numbers):  # what was entered while we read is no difference
                yield Difference(
                    mark.subject,
                    f"mark {mark.kind}",
                    "held" if held else "none",
                    "none" if held else "held",
                )
    yield from _told(_UNKNOWN_MARKS)


_UNKNOWN_MARKS: Final = """
SELECT m.subject, 'mark ' || m.kind, 'held', 'none' FROM registry_screenmark m
WHERE NOT EXISTS (SELECT FROM registry_agency a WHERE a.id = m.agency_id)
"""


# --- what can be searched ----------------------------------------------------------------------------------------


def of_persons() -> Iterator[Difference]:
    """Each person is found by the words of their names, and by no others; the words are nobody's to print."""
    for person, held, wanted in person_names.unlike():
        yield Difference(
            person,
            "words of the name",
            f"{len(held)} words",
            f"{len(wanted)} words, {len(held & wanted)} of these",
        )


def of_search() -> Iterator[Difference]:
    """Each agency and each alert is found by what it is known by, and by nothing else."""
    for numbers in chain(indexing.all_agencies(), [indexing.all_alerts()]):
        if odd := indexing.unlike(numbers):
            for found in indexing.unlike(sorted({one.subject for one in odd})):
                yield Difference(found.subject, f"search {found.kind}", found.held, found.wanted)
    yield from _told(_UNKNOWN_SUBJECTS)


# --- the register itself -----------------------------------------------------------------------------------------


def of_register() -> Iterator[Difference]:
    """What follows from the entries all together: numbers, instants, sanctions, their places in the journal."""
    yield from _numbers()
    yield from _instants()
    yield from _bars()
    for statement in (_STUBS, _MERGED, _SANCTIONS, _PLACES):
        yield from _told(statement)


def _told(statement: str) -> Iterator[Difference]:
    """The differences that a statement tells: where, what, what is stored and what should be."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for where, what, stored, expected in cursor.fetchall():
            yield Difference(where, what, stored, expected)


_UNKNOWN_SUBJECTS: Final = """
SELECT DISTINCT n.subject, 'search name', n.text, 'nothing' FROM registry_searchname n
WHERE NOT EXISTS (SELECT FROM registry_agency a WHERE a.number = n.subject)
  AND NOT EXISTS (SELECT FROM registry_alert x WHERE x.number = n.subject)
"""
#: A number that leads to another says nothing by itself.
_STUBS: Final = """
SELECT DISTINCT l.number, 'published', p.state || ' ' || p.result, 'nothing'
FROM registry_licence l JOIN registry_publishedrecord p ON p.licence_id = l.id WHERE l.renumbered_to_id IS NOT NULL
"""
#: A record that was merged into another holds nothing by itself, and its entry says where it leads.
_MERGED: Final = """
SELECT a.number, 'merged record', held.what, 'moved' FROM registry_merger m
JOIN registry_agency a ON a.id = m.merged_id CROSS JOIN LATERAL (
    SELECT 'licence ' || number AS what FROM registry_licence WHERE agency_id = a.id
    UNION ALL SELECT 'office ' || number FROM registry_office WHERE agency_id = a.id
    UNION ALL SELECT 'appointment ' || number FROM registry_appointment WHERE agency_id = a.id
    UNION ALL SELECT 'channel ' || id FROM registry_channel WHERE agency_id = a.id
    UNION ALL SELECT 'trading name ' || id FROM registry_tradingname WHERE agency_id = a.id
    UNION ALL SELECT 'account ' || id FROM registry_holderaccount WHERE agency_id = a.id
) held
UNION ALL
SELECT a.number, 'merged into', coalesce(i.number, 'nothing'), e.effect ->> 'into' FROM registry_entry e
JOIN registry_agency a ON a.id = e.agency_id AND a.number = e.effect ->> 'merged'
LEFT JOIN registry_merger m ON m.merged_id = a.id LEFT JOIN registry_agency i ON i.id = m.into_id
WHERE e.action = 'merge_agencies' AND i.number IS DISTINCT FROM e.effect ->> 'into'
"""
_SANCTIONS: Final = """
WITH wanted AS (
    SELECT e.id, e.agency_id, e.licence_id, e.effect ->> 'sanction' AS kind,
           coalesce(e.effect ->> 'points', '0') AS points,
           (e.deadlines ->> 'points_until')::timestamptz AS points_until, e.effect ->> 'public_months' AS public_months,
           (e.effect ->> 'amount')::numeric AS amount, coalesce(e.effect ->> 'currency', '') AS currency
    FROM registry_entry e WHERE e.effect ->> 'sanction' IS NOT NULL
), held AS (
    SELECT entry_id, agency_id, licence_id, kind, points::text, points_until, public_months::text, amount,
           currency::text
    FROM registry_sanction
)
SELECT 'entry ' || coalesce(w.id, h.entry_id), 'sanction', coalesce(h::text, 'none'), coalesce(w::text, 'none')
FROM wanted w FULL JOIN held h ON h.entry_id = w.id WHERE (w.*) IS DISTINCT FROM (h.*)
"""


def _bars() -> Iterator[Difference]:
    """Each bar of a person that is held is what the entries about the person say, and each that they say is held."""
    stored: dict[str, set[tuple[Any, ...]]] = {}
    rows = Debarment.objects.filter(person__isnull=False)
    for person, *bar in rows.values_list("person__number", "first_day", "last_day", "scope", "grounds"):
        stored.setdefault(person, set()).add((*bar[:3], tuple(bar[3])))
    said = Entry.objects.filter(action=Action.BAR_PERSON).values_list("effect__person", flat=True)
    for person in sorted({*said, *stored}):
        held = stored.get(person, set())
        wanted = {(b.first_day, b.last_day, b.scope, b.grounds) for b in bars.of(person) if not b.void}
        if held != wanted:
            yield Difference(person, "bars", str(sorted(held, key=str)), str(sorted(wanted, key=str)))


#: The feed of changes and the log read entries in this order.
_PLACES: Final = """
SELECT 'registry_entry ' || key, 'place in the journal', concat_ws('/', operation, commit_id, ordinal),
       concat_ws('/', 'I', image ->> 'commit_id', image ->> 'ordinal')
FROM registry_changejournal
WHERE relation = 'registry_entry' AND (operation <> 'I' OR
      (commit_id, ordinal) IS DISTINCT FROM ((image ->> 'commit_id')::bigint, (image ->> 'ordinal')::bigint))
"""


def _numbers() -> Iterator[Difference]:
    """Sequence numbers are gap-free and each commit holds the entries that it counts, from its first place on."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.base, c.count, e.held, e.last,
                   lag(c.base + c.count, 1, 0::bigint) OVER (ORDER BY c.base, c.id)
            FROM registry_registercommit c LEFT JOIN (
                SELECT commit_id, count(*) AS held, max(ordinal) + 1 AS last FROM registry_entry GROUP BY commit_id
            ) e ON e.commit_id = c.id
            """
        )
        for commit, base, count, held, last, before in cursor.fetchall():
            if (count, count) != (held or 0, last or 0):
                yield Difference(f"commit {commit}", "entries", f"{held or 0} up to {last or 0}", str(count))
            if count and base != before:
                yield Difference(f"commit {commit}", "first number", str(base + 1), str(before + 1))


def _instants() -> Iterator[Difference]:
    """Commits were recorded in the order of their numbers, and the newest is the one that the register remembers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT * FROM (
                SELECT id, recorded_at, lag(recorded_at) OVER (ORDER BY base, id) AS before
                FROM registry_registercommit
            ) c WHERE recorded_at < before
            """
        )
        for commit, recorded, before in cursor.fetchall():
            yield Difference(f"commit {commit}", "recorded", str(recorded), f"not before {before}")
        cursor.execute(
            """
            SELECT r.last_recorded_at, c.newest, r.last_sequence, c.last FROM registry_register r, (
                SELECT max(recorded_at) AS newest, coalesce(max(base + count), 0) AS last
                FROM registry_registercommit) c
            WHERE (r.last_recorded_at, r.last_sequence) IS DISTINCT FROM (c.newest, c.last)
            """
        )
        for remembered, newest, last, highest in cursor.fetchall():
            yield Difference("register", "newest commit", f"{highest} at {newest}", f"{last} at {remembered}")


# --- what the journal saw ----------------------------------------------------------------------------------------


def of_journal(table: str, *, key: str = "id") -> Iterator[Difference]:
    """Each row is as the journal last saw it: a trigger that was switched off shows here.

    ``key``: the column by which a row is known; where it is not ``id``, the journal's rows are told apart by their
    images.
    """
    sealed = SEALED.get(table, ())
    names = {
        "table": sql.Identifier(table),
        "key": sql.Identifier(key),
        "seen": sql.SQL("key") if key == "id" else sql.SQL("image ->> {}").format(sql.Literal(key)),
        "as_seen": sql.SQL("t.id") if key == "id" else sql.SQL("t.{}::text").format(sql.Identifier(key)),
        "image": sql.SQL("registry_sealed(to_jsonb(t), {})").format(sql.Literal(list(sealed)))
        if sealed
        else sql.SQL("to_jsonb(t)"),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_JOURNAL).format(**names), [table])
        for row, stored, expected in cursor.fetchall():
            yield Difference(f"{table} {row}", "row", stored, expected)


_JOURNAL: Final = """
WITH seen AS (
    SELECT DISTINCT ON ({seen}) {seen} AS which, operation, image - 'redacted' AS image
    FROM registry_changejournal WHERE relation = %s ORDER BY {seen}, id DESC
)
SELECT coalesce({as_seen}, j.which), CASE WHEN t.{key} IS NULL THEN 'none' ELSE 'as found' END,
       CASE WHEN j.which IS NULL THEN 'never journalled' WHEN j.operation = 'D' THEN 'deleted' ELSE 'as journalled' END
FROM {table} t FULL JOIN seen j ON j.which = {as_seen}
WHERE CASE WHEN t.{key} IS NULL THEN j.operation <> 'D'
           ELSE j.which IS NULL OR j.operation = 'D' OR j.image <> {image} END
ORDER BY 1
"""


def of_histories() -> Iterator[Difference]:
    """Each version of a record that is kept is one that the journal saw, and each that the journal saw is kept."""
    for model in apps.get_app_config("registry").get_models():
        if hasattr(model, "history"):
            yield from _history(model._meta.db_table, model.history.model._meta)


def _history(table: str, kept: Options[Any]) -> Iterator[Difference]:
    own = [field.column for field in kept.concrete_fields if str(field.column).startswith("history_")]
    names = {"table": sql.Identifier(kept.db_table), "own": sql.Literal(own)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_HISTORY).format(**names), {"table": table})
        for where, stored, expected in cursor.fetchall():
            yield Difference(f"{kept.db_table} {where}", "version", stored, expected)
        cursor.execute(sql.SQL(_VERSIONS).format(**names), {"kept": kept.db_table})
        for where, stored, expected in cursor.fetchall():
            yield Difference(f"{kept.db_table} {where}", "by whom and when", stored, expected)


_HISTORY: Final = """
SELECT h.history_id::text, 'as found', 'as journalled' FROM {table} h
WHERE NOT EXISTS (SELECT FROM registry_changejournal j WHERE j.relation = %(table)s AND j.key = h.id
                  AND j.image = to_jsonb(h) - {own}::text[])
UNION ALL
SELECT 'of ' || j.key, 'none', 'as journalled' FROM registry_changejournal j
WHERE j.relation = %(table)s AND j.operation <> 'D'
  AND NOT EXISTS (SELECT FROM {table} h WHERE h.id = j.key AND to_jsonb(h) - {own}::text[] = j.image)
ORDER BY 1
"""
#: Versions written by one statement have one digest.
_VERSIONS: Final = """
WITH told AS (
    SELECT id, image ->> 'ids' AS ids, image ->> 'sha256' AS digest
    FROM registry_changejournal WHERE relation = %(kept)s
), held AS MATERIALIZED (
    SELECT told.id, h.history_id, h.id AS record, h.history_date, h.history_type, h.history_user_id
    FROM told CROSS JOIN LATERAL unnest(told.ids::int8multirange) AS piece (numbers)
    JOIN {table} h ON h.history_id >= lower(piece.numbers) AND h.history_id < upper(piece.numbers)
), digests AS (
    SELECT id, encode(sha256(convert_to(string_agg(
               registry_version_told(history_id, record, history_date, history_type, history_user_id),
               ',' ORDER BY history_id), 'UTF8')), 'hex') AS digest
    FROM held GROUP BY id
)
SELECT told.ids, 'as found', 'as journalled' FROM told LEFT JOIN digests USING (id)
WHERE digests.digest IS DISTINCT FROM told.digest
UNION ALL
SELECT h.history_id::text, 'as found', 'never journalled' FROM {table} h
WHERE NOT EXISTS (SELECT FROM held WHERE held.history_id = h.history_id)
ORDER BY 1
"""
