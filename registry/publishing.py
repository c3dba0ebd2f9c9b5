"""Keeps ``PublishedRecord``: what the public reads of each licence, as spans of time, the future included.

The body of a span is ready JSON with codes and without texts; ``api`` splices the texts in. A row knows the instant
from which something in it is no longer public, and a reader after that instant gets it made again (rulings 14).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from registry import records
from registry.models import Authority, Licence, PublishedRecord
from registry.rules import answer
from registry.rules.answer import Facts, Piece
from registry.rules.standing import Entry


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
            _make_again(licence_id, at=at)
    return len(found)


def reword(authority: Authority, *, at: datetime) -> None:
    """Make again what is published of an authority's licences, whose words for a state have changed."""
    published = Licence.objects.filter(authority=authority, published__isnull=False).order_by("number")
    for licence_id in list(published.values_list("pk", flat=True).distinct()):
        _make_again(licence_id, at=at)


def _make_again(licence_id: int, *, at: datetime) -> None:
    """The same entries, published anew under the number of the newest; read once nobody else can write them."""
    licence = Licence.objects.select_for_update().get(pk=licence_id)
    newest = licence.published.order_by("-commit__base", "-ordinal").first()
    if newest is None:
        return
    entries = records.fold_entries(licence_id)
    publish(licence, entries, commit_id=newest.commit_id, ordinal=newest.ordinal, at=at)
