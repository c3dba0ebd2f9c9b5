"""Folds every licence again and reports any difference from what is stored: the register checks itself.

Compared: the stored state and flag with the fold, the terms with the entries, the published record with what would be
published, the numbers of the register with each other, and the journal with the rows (a row changed by hand shows as a
difference). An entry is never changed by this; it only looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from registry import lookup, records
from registry.models import JOURNALLED, Licence, PublishedRecord
from registry.rules import answer, standing


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the entries say: where, what is stored and what should be."""

    number: str
    what: str
    stored: str
    expected: str


def differences(*, at: datetime) -> Iterator[Difference]:
    """Every difference in the register at ``at``, licence by licence in number order, then the register itself."""
    for licence in lookup.every_licence():
        yield from of_licence(licence, at=at)
    yield from _numbers()
    yield from _instants()
    yield from _journal()


def of_numbers(numbers: Sequence[str], *, at: datetime) -> Iterator[Difference]:
    """The differences of these licences alone."""
    found = Licence.objects.select_related("agency__authority", "authority").filter(number__in=numbers)
    for licence in found.order_by("number"):
        yield from of_licence(licence, at=at)


def of_licence(licence: Licence, *, at: datetime) -> Iterator[Difference]:
    """The differences of one licence; a number that only leads to another has no life of its own."""
    if licence.renumbered_to_id is not None:
        return
    entries = records.fold_entries(licence.pk)
    if not entries:
        if licence.state != "not_granted" or PublishedRecord.objects.filter(licence=licence).exists():
            yield Difference(licence.number, "state", licence.state, "not_granted")
        return
    written_at = max(e.recorded_at for e in entries)
    life = standing.spans(entries)
    then = next(s.standing for s in life if s.end is None or max(e.decided_at for e in entries) < s.end)
    if licence.state != then.state.value:
        yield Difference(licence.number, "state", licence.state, then.state.value)
    if licence.may_recruit != then.may_recruit:
        yield Difference(licence.number, "may_recruit", str(licence.may_recruit), str(then.may_recruit))
    yield from _terms(licence, life[-1].standing)
    yield from _published(licence, entries, at=at, written_at=written_at)


def _terms(licence: Licence, end: standing.Standing) -> Iterator[Difference]:
    wanted = {(date.fromisoformat(a), date.fromisoformat(z)) for a, z in end.terms}
    held = {(t.days.lower, t.days.upper - timedelta(days=1)) for t in licence.terms.all()}
    if wanted != held:
        yield Difference(licence.number, "terms", str(sorted(held)), str(sorted(wanted)))


def _published(
    licence: Licence, entries: list[standing.Entry], *, at: datetime, written_at: datetime
) -> Iterator[Difference]:
    """The published spans are those that the entries give; a row whose withholding is due is judged as then."""
    rows = {r.span.lower: r for r in PublishedRecord.objects.filter(licence=licence)}
    facts = records.facts_of([licence])[licence.pk]
    for judged in (written_at, at):
        wanted = {p.start: p for p in answer.pieces(facts, entries, at=judged)}
        wrong = sorted(_unlike(rows, wanted, facts))
        if not wrong:
            return
    start = wrong[0]
    yield Difference(
        licence.number,
        f"published from {start.isoformat()}",
        _said(rows.get(start)),
        _said(wanted.get(start)),
    )


def _unlike(
    rows: dict[datetime, Any], wanted: dict[datetime, answer.Piece], facts: answer.Facts
) -> set[datetime]:
    odd = set(rows) ^ set(wanted)
    for start in set(rows) & set(wanted):
        row, piece = rows[start], wanted[start]
        same = (
            row.span.upper, row.state, row.result, row.may_recruit, row.body, row.withhold_from, row.licence_class,
            row.corridors, row.number, row.agency_number, row.authority_code, row.country,
        ) == (
            piece.end, piece.state, piece.result, piece.may_recruit, piece.body, piece.withhold_from,
            piece.licence_class, list(piece.corridors), facts.number, facts.agency_number,
            str(facts.authority["code"]), str(facts.authority["country"]),
        )  # fmt: skip
        if not same:
            odd.add(start)
    return odd


def _said(row: Any) -> str:
    return "nothing" if row is None else f"{row.state} {row.result}"


def _numbers() -> Iterator[Difference]:
    """Sequence numbers are gap-free and each commit holds the entries that it counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id, c.base, c.count, (SELECT count(*) FROM registry_entry e WHERE e.commit_id = c.id),
                   lag(c.base + c.count, 1, 0::bigint) OVER (ORDER BY c.base, c.id)
            FROM registry_registercommit c
            """
        )
        for commit, base, count, held, before in cursor.fetchall():
            if count != held:
                yield Difference(f"commit {commit}", "entries", str(held), str(count))
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


def _journal() -> Iterator[Difference]:
    """Each row of record is as the journal last saw it: a trigger that was switched off shows here."""
    for table in JOURNALLED:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH seen AS (SELECT DISTINCT ON (key) key, operation, image FROM registry_changejournal
                              WHERE relation = %s ORDER BY key, id DESC)
                SELECT coalesce(t.id, j.key),
                       CASE WHEN t.id IS NULL THEN 'none' ELSE 'as found' END,
                       CASE WHEN j.key IS NULL THEN 'never journalled' WHEN j.operation = 'D' THEN 'deleted'
                            ELSE 'as journalled' END
                FROM {table} t FULL JOIN seen j ON j.key = t.id
                WHERE CASE WHEN t.id IS NULL THEN j.operation <> 'D'
                           ELSE j.key IS NULL OR j.operation = 'D' OR j.image <> to_jsonb(t) END
                ORDER BY 1
                """,  # noqa: S608 - the tables' names are the register's own
                [table],
            )
            for key, stored, expected in cursor.fetchall():
                yield Difference(f"{table} {key}", "row", stored, expected)
