"""Many answers at once: a batch of numbers as people wrote them, ours or their authorities' own, in one query."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from registry import lookup
from registry.rules import errors, numbering
from registry.rules.numbering import Kind

_ASKED: Final = f"""
WITH asked AS (
    SELECT number AS wanted, '' AS legacy, COALESCE(renumbered_to_id, id) AS licence_id
    FROM registry_licence WHERE number = ANY(%(ours)s)
    UNION ALL
    SELECT legacy_folded, legacy_number, COALESCE(renumbered_to_id, id)
    FROM registry_licence WHERE legacy_folded = ANY(%(folded)s) AND NOT legacy_folded = ''
)
SELECT asked.wanted, asked.legacy, p.number, p.state, p.result, p.may_recruit, lower(p.span), upper(p.span), p.body,
       p.withhold_from, c.base + 1 + p.ordinal
FROM asked
JOIN registry_publishedrecord p ON p.licence_id = asked.licence_id AND p.span @> {lookup.AS_RECORDED.format("%(at)s")}
JOIN registry_registercommit c ON c.id = p.commit_id
"""  # noqa: S608 - an expression of ours


def answers(asked: Iterable[str], *, at: datetime) -> dict[str, Sequence[lookup.PublishedAnswer]]:
    """For each text the licences it can mean, as published now; a text that means none is not in the result.

    Several answers for one text: authorities share that number. A renumbered licence answers under its new number.
    """
    texts = set(asked)
    ours = {text: number for text in texts if (number := _ours(text))}
    folded = {text: key for text in texts - ours.keys() if (key := numbering.folded(text))}
    rows: dict[str, list[Sequence[Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"ours": list(ours.values()), "folded": list(folded.values()), "at": at})
        for row in cursor.fetchall():
            rows.setdefault(row[0], []).append(row)
    found = {text: rows[number] for text, number in ours.items() if number in rows}
    for text, key in folded.items():
        if same := [r for r in rows.get(key, ()) if r[1] == text or numbering.agrees(text, r[1])]:
            found[text] = same
    return {text: _answers(same, at) for text, same in found.items()}


def _ours(text: str) -> str | None:
    """Our number, if the text is one whose check symbol fits."""
    try:
        return numbering.canonical(text, Kind.LICENCE, Kind.LISTED)
    except errors.NotFound:
        return None


def _answers(rows: Sequence[Sequence[Any]], at: datetime) -> list[lookup.PublishedAnswer]:
    """One answer a licence; made again where something in it is no longer public."""
    found: dict[str, lookup.PublishedAnswer] = {}
    for (
        _wanted,
        _legacy,
        number,
        state,
        result,
        may_recruit,
        since,
        until,
        body,
        withhold_from,
        sequence,
    ) in rows:
        if withhold_from is not None and withhold_from <= at:
            found[number] = lookup.public_licence(number, at=at)
        else:
            whole = f'{body[:-1]},"sequence":{sequence}}}'
            found[number] = lookup.PublishedAnswer(
                number, state, result, may_recruit, since, until, sequence, whole
            )
    return list(found.values())
