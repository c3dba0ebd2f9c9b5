"""Keeps ``PublishedRecord``: what the public reads of each licence, as spans of time, the future included.

The body of a span is ready JSON with codes and without texts; ``api`` splices the texts in. A row knows the instant
from which something in it is no longer public, and a reader after that instant gets it made again (rulings 14).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef

from registry import records
from registry.models import Authority, Licence, PublishedRecord
from registry.rules import answer
from registry.rules.answer import Facts, Piece, Stated
from registry.rules.standing import BEGINNING, Entry

_AT_ONCE: Final = 1000
"""Licences that are made again together."""

_COLUMNS: Final = tuple(
    c.attname for c in PublishedRecord._meta.concrete_fields if not (c.primary_key or c.generated)
)

Said = Sequence[tuple[datetime, Stated]]
"""What an authority's policies say to the public, each from its day on (``records.stated``)."""


def publish(
    licence: Licence, entries: Sequence[Entry], *, commit_id: int, ordinal: int, at: datetime
) -> None:
    """Replace what the public reads of ``licence``; part of the transaction that changed it."""
    facts = records.facts_of([licence])[licence.pk]
    PublishedRecord.objects.filter(licence=licence).delete()
    PublishedRecord.objects.bulk_create(
        rows(licence.pk, facts, answer.pieces(facts, entries, at=at), commit_id=commit_id, ordinal=ordinal)
    )


def rows(
    licence_id: int, facts: Facts, made: Iterable[Piece], *, commit_id: int, ordinal: int
) -> list[PublishedRecord]:
    """The table rows of ``made``, not yet written."""
    return [
        PublishedRecord(
            number=facts.number,
            licence_id=licence_id,
            span=DateTimeTZRange(piece.start, piece.end, "[)"),
            state=piece.state,
            result=piece.result,
            may_recruit=piece.may_recruit,
            body=piece.body,
            withhold_from=piece.withhold_from,
            commit_id=commit_id,
            ordinal=ordinal,
            agency_number=facts.agency_number,
            authority_code=str(facts.authority["code"]),
            country=str(facts.authority["country"]),
            licence_class=piece.licence_class,
            corridors=list(piece.corridors),
        )
        for piece in made
    ]


def refresh(*, at: datetime, limit: int = 500) -> int:
    """Make again what holds something no longer public at ``at``; how many licences. Readers judge anyway."""
    overdue = PublishedRecord.objects.filter(withhold_from__lte=at).order_by("licence_id")
    found = list(overdue.values_list("licence_id", flat=True).distinct()[:limit])
    for licence_id in found:
        with transaction.atomic():
            _make_again([licence_id], at=at)
    return len(found)


def reword(authority: Authority, before: Said, *, at: datetime) -> None:
    """Bring what is published of an authority's licences up to what its policies say now; ``before``: what they said.

    Many at once and in the order of their numbers, in which whoever decides on several takes them too. What a policy
    says depends on nothing else in a body, so it is written into the bodies that there are, without a fold.
    """
    now = records.stated(authority.pk)
    published = Licence.objects.filter(Exists(PublishedRecord.objects.filter(licence=OuterRef("pk"))))
    wanted = list(published.filter(authority=authority).order_by("number").values_list("pk", flat=True))
    only_more = {start for start, _ in before[1:]} <= {start for start, _ in now[1:]}
    turns = [BEGINNING, *sorted({start for start, _ in (*before, *now)})]
    changed = next((turn for turn in turns if answer.said(before, turn) != answer.said(now, turn)), None)
    for place in range(0, len(wanted), _AT_ONCE):
        some = wanted[place : place + _AT_ONCE]
        if only_more:
            _say_otherwise(some, now, since=changed)
        else:  # a boundary is gone, and only the entries know which others stand there
            _make_again(some, at=at)


def _say_otherwise(licence_ids: Sequence[int], now: Said, *, since: datetime | None) -> None:
    """Put other words into the rows of these licences that reach past ``since``, cut where the words change."""
    list(Licence.objects.select_for_update().filter(pk__in=licence_ids).order_by("number").values_list("pk"))
    reach = DateTimeTZRange(since, None, "[)")
    old = PublishedRecord.objects.filter(licence__in=licence_ids, span__overlap=reach)
    made = [row for held in old.order_by("pk") for row in _reworded(held, now)]
    old.delete()
    _write(made)


def _reworded(row: PublishedRecord, now: Said) -> Iterator[PublishedRecord]:
    """The row, or the rows that it falls into, with what the policies say in each."""
    start, end = row.span.lower, row.span.upper
    inside = [turn for turn, _ in now[1:] if start < turn and (end is None or turn < end)]
    for since, until in pairwise([start, *inside, end]):
        body = answer.reworded(row.body, now, start=since, end=until, cut=bool(inside))
        span = DateTimeTZRange(since, until, "[)")
        same = {column: getattr(row, column) for column in _COLUMNS}
        yield PublishedRecord(**same | {"span": span, "body": body})


def _make_again(licence_ids: Sequence[int], *, at: datetime) -> None:
    """The same entries, published anew under the number of the newest; read once nobody else can write them."""
    locked = list(Licence.objects.select_for_update().filter(pk__in=licence_ids).order_by("number"))
    old = PublishedRecord.objects.filter(licence__in=licence_ids)
    newest = old.order_by("licence_id", "-commit__base", "-ordinal").distinct("licence_id")
    behind = {row[0]: row[1:] for row in newest.values_list("licence_id", "commit_id", "ordinal")}
    facts, entries = records.facts_of(locked), records.fold_entries_of(behind)
    made = [
        row
        for licence_id, (commit_id, ordinal) in behind.items()
        for row in rows(
            licence_id, facts[licence_id], answer.pieces(facts[licence_id], entries[licence_id], at=at),
            commit_id=commit_id, ordinal=ordinal,
        )
    ]  # fmt: skip
    old.delete()
    _write(made)


def _write(made: Iterable[PublishedRecord]) -> None:
    """Write new rows with COPY, which costs a fraction of an INSERT."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY registry_publishedrecord ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
    ):
        for row in made:
            copy.write_row([getattr(row, column) for column in _COLUMNS])
