"""The change journal as the transparency log takes it: entries in commit order, and changes that no entry speaks for.

What leaves this module is public or a salted commitment (``commitments``). An entry is read from the image that the
trigger wrote, so a row changed since shows against its digest. A transaction that still runs is waited for: entries
come in the order of their sequence numbers, which has no gaps, and other changes when every transaction up to theirs
has ended.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection

from registry import commitments
from registry.rules.recorded import Holder, Recorded, Span

ROW, BY, NAME, TEXT = "row", "by", "name", "text"
"""Fields of a commitment: an entry's whole row, who acted, a holder's name, a text (with its language behind it)."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the journal that no entry of its transaction speaks for; ``image`` is what the trigger saw."""

    id: int
    relation: str
    operation: str
    image: Mapping[str, Any]
    recorded: str


@dataclass(frozen=True, slots=True)
class Touched:
    """What changed that the verdict on a badge can rest on, by the numbers of licences, offices and appointments.

    ``outside``: the keys that changed in tables beside the register's, by table and as the journal's images hold them.
    ``unknown``: more changed than the journal names, so that everything has to be read anew.
    """

    numbers: frozenset[str]
    outside: Mapping[str, frozenset[str]]
    unknown: bool


@dataclass(frozen=True, slots=True)
class Place:
    """How far the journal was read beside its entries: every transaction below this one, every row up to this one."""

    transaction: int
    row: int


IN_ORDER: Final = """
    SELECT c.base + 1 + j.ordinal AS sequence, c.recorded_at, j.image
    FROM registry_registercommit c
    CROSS JOIN LATERAL (
        SELECT ordinal, image FROM registry_changejournal
        WHERE commit_id = c.id AND relation = 'registry_entry' AND operation = 'I'
          AND ordinal >= %(after)s - c.base AND ordinal < c.count
        ORDER BY ordinal LIMIT %(limit)s
    ) j
    WHERE c.count > 0 AND c.base >= coalesce(
        (SELECT base FROM registry_registercommit WHERE count > 0 AND base <= %(after)s ORDER BY base DESC LIMIT 1), 0)
    ORDER BY c.base, j.ordinal LIMIT %(limit)s
"""
"""The images of the entries behind a number, in commit order without gaps: ``after``, ``limit``. SQL, for every reader
of the journal. Reads no more of it than it gives: from the commit that holds the number on, commit by commit."""

_QUIET: Final = (
    "registry_alert I",
    "registry_application I",
    "registry_application U",
    "registry_applicationdocument D",
    "registry_applicationdocument I",
    "registry_applicationdocument U",
    "registry_applicationtext I",
    "registry_approval I",
    "registry_assessment I",
    "registry_declaredlink I",
    "registry_entrypaper I",
    "registry_historicalagency I",
    "registry_historicalappointment I",
    "registry_historicalauthority I",
    "registry_historicalchannel I",
    "registry_historicaldebarment I",
    "registry_historicallicence I",
    "registry_historicaloffice I",
    "registry_historicalperson I",
    "registry_historicalterm I",
    "registry_historicaltradingname I",
    "registry_holderaccount I",
    "registry_holderaccount U",
    "registry_judgement I",
    "registry_listsnapshot I",
    "registry_motion I",
    "registry_motion U",
    "registry_motionapproval I",
    "registry_photograph D",
    "registry_photograph I",
    "registry_photograph U",
    "registry_policyproposal I",
    "registry_policyproposal U",
    "registry_proposal I",
    "registry_proposal U",
    "registry_registercommit I",
    "registry_screening I",
    "registry_screeningmatch I",
    "registry_screeninground I",
    "registry_subjectfile I",
    "registry_subjectrequest I",
    "registry_subjectrequest U",
)
"""What is in the journal for the audit alone: others hear of what comes of it, which is an entry or an event."""

#: What an answer says in public, span by span; in the same statement as the entries, so that it is of their instant.
_SPANS: Final = """
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(lower(p.span), p.state, p.result, p.may_recruit) ORDER BY lower(p.span)) AS said
    FROM registry_publishedrecord p WHERE p.licence_id = l.id
) spans ON l.id IS NOT NULL
"""

#: A name is plain only where the register knows it to be a company's.
_HOLDER: Final = """
a.number, a.legal_name, NOT a.sole_trader AND (a.company_number <> '' OR a.lei <> '')
"""

_ENTRIES: Final = f"""
SELECT f.sequence, f.recorded_at, f.image::text, u.code, l.number, {_HOLDER}, c.base + 1 + r.ordinal, was.number,
       texts.told, spans.said,
       l.id IS NOT NULL OR EXISTS (SELECT FROM registry_publishedrecord p WHERE p.agency_number = a.number)
FROM ({IN_ORDER}) f
LEFT JOIN registry_authority u ON u.id = (f.image ->> 'authority_id')::bigint
LEFT JOIN registry_licence l ON l.id = (f.image ->> 'licence_id')::bigint
LEFT JOIN registry_agency a ON a.id = (f.image ->> 'agency_id')::bigint
LEFT JOIN registry_entry r ON r.id = (f.image ->> 'refers_to_id')::bigint
LEFT JOIN registry_registercommit c ON c.id = r.commit_id
LEFT JOIN LATERAL (
    SELECT number FROM registry_licence s WHERE s.renumbered_to_id = l.id AND f.image ->> 'action' = 'adopt' LIMIT 1
) was ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(t.language, t.text) AS told FROM registry_entrytext t
    WHERE t.entry_id = (f.image ->> 'id')::bigint AND NOT t.restricted
) texts ON true
{_SPANS}
ORDER BY f.sequence
"""  # noqa: S608 - put together from the pieces above

_ANSWERS: Final = f"""
SELECT l.number, u.code, {_HOLDER}, spans.said
FROM registry_licence l
JOIN registry_agency a ON a.id = l.agency_id
JOIN registry_authority u ON u.id = l.authority_id
{_SPANS}
WHERE l.number = ANY(%s) ORDER BY l.number
"""  # noqa: S608 - the same

_CHANGES: Final = """
WITH horizon AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS running,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS upcoming
), place AS MATERIALIZED (
    -- A copy of the register in another database cluster counts its transactions anew: go on behind the last row.
    SELECT CASE WHEN %(transaction)s > upcoming THEN 0 ELSE %(transaction)s END AS since,
           CASE WHEN %(transaction)s > upcoming THEN %(row)s ELSE 0 END AS behind, running FROM horizon
), fresh AS MATERIALIZED (
    SELECT j.* FROM registry_changejournal j, place
    WHERE j.transaction_id >= place.since AND j.transaction_id < place.running AND j.id > place.behind
), spoken AS MATERIALIZED (
    SELECT f.id, f.transaction_id FROM fresh f JOIN registry_registercommit c ON c.id = f.commit_id
    WHERE f.relation = 'registry_entry' AND f.operation = 'I' AND f.ordinal >= 0 AND f.ordinal < c.count
      AND NOT EXISTS (SELECT FROM registry_changejournal earlier
                      WHERE earlier.relation = 'registry_entry' AND earlier.commit_id = f.commit_id
                        AND earlier.ordinal = f.ordinal AND earlier.id < f.id)
), silent AS (
    SELECT f.id, f.relation, f.operation, f.image::text AS image FROM fresh f
    WHERE f.relation || ' ' || f.operation <> ALL(%(quiet)s) AND CASE
        WHEN f.relation = 'registry_entry' THEN NOT EXISTS (SELECT FROM spoken s WHERE s.id = f.id)
        WHEN f.operation = 'I' AND f.relation IN ('registry_authority', 'registry_policyset') THEN true
        WHEN f.relation LIKE 'registry\\_%%'
            THEN NOT EXISTS (SELECT FROM spoken s WHERE s.transaction_id = f.transaction_id)
        ELSE true
    END
)
SELECT place.running, (SELECT max(id) FROM fresh), silent.*
FROM place LEFT JOIN silent ON true ORDER BY silent.id
"""


#: Rows of transactions that may have run when the place was taken are read once more: to look twice does no harm, and
#: so nobody who is still writing is waited for. The row's number serves a copy in another database cluster.
_TOUCHED: Final = """
WITH fresh AS MATERIALIZED (
    SELECT id, relation, operation, key, image FROM registry_changejournal
    WHERE (transaction_id >= %(transaction)s OR id > %(row)s) AND relation = ANY(%(relations)s)
), named AS MATERIALIZED (
    SELECT DISTINCT jsonb_array_elements_text(image -> 'numbers') AS number FROM fresh
    WHERE relation = 'registry_publishedrecord' AND jsonb_typeof(image -> 'numbers') = 'array'
), keyed AS MATERIALIZED (
    SELECT key AS id FROM fresh WHERE relation = 'registry_licence'
    UNION SELECT (image ->> 'licence_id')::bigint FROM fresh
    WHERE relation = 'registry_entry' AND image ->> 'licence_id' IS NOT NULL
), licences AS MATERIALIZED (
    SELECT id, number, agency_id FROM registry_licence WHERE number = ANY(ARRAY(SELECT number FROM named))
    UNION SELECT id, number, agency_id FROM registry_licence WHERE id = ANY(ARRAY(SELECT id FROM keyed))
), told AS MATERIALIZED (
    -- As arrays, so that each table is read by its index however many rows the planner expects of a journal.
    SELECT ARRAY(SELECT id FROM licences) AS licences, ARRAY(SELECT DISTINCT agency_id FROM licences) AS agencies,
           ARRAY(SELECT key FROM fresh WHERE relation = 'registry_office') AS offices,
           ARRAY(SELECT key FROM fresh WHERE relation = 'registry_appointment') AS appointments
), numbers AS (
    SELECT number FROM named
    UNION SELECT number FROM licences
    UNION SELECT number FROM registry_licence WHERE renumbered_to_id = ANY((SELECT licences FROM told)::bigint[])
    UNION SELECT number FROM registry_office WHERE agency_id = ANY((SELECT agencies FROM told)::bigint[])
    UNION SELECT number FROM registry_office WHERE id = ANY((SELECT offices FROM told)::bigint[])
    UNION SELECT number FROM registry_appointment WHERE agency_id = ANY((SELECT agencies FROM told)::bigint[])
    UNION SELECT number FROM registry_appointment WHERE office_id = ANY((SELECT offices FROM told)::bigint[])
    UNION SELECT number FROM registry_appointment WHERE id = ANY((SELECT appointments FROM told)::bigint[])
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT max(id) FROM fresh),
       ARRAY(SELECT number FROM numbers),
       ARRAY(SELECT DISTINCT ARRAY[relation, image ->> (%(outside)s::jsonb ->> relation)] FROM fresh
             WHERE %(outside)s::jsonb ? relation),
       EXISTS (SELECT FROM fresh WHERE relation = 'registry_authority' AND operation <> 'I'
               OR relation = 'registry_publishedrecord' AND jsonb_typeof(image -> 'numbers') = 'null')
"""

_BASES: Final = (
    "registry_appointment",
    "registry_authority",
    "registry_entry",
    "registry_licence",
    "registry_office",
    "registry_publishedrecord",
)


def entries(*, after: int, limit: int) -> list[Recorded]:
    """The entries behind a sequence number, as many as are committed, in their order; salts are made for them."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, {"after": after, "limit": limit})
        rows = cursor.fetchall()
    kept = commitments.salts(
        [str(row[0]) for row in rows] + [row[5] for row in rows if row[5] is not None and not row[7]]
    )
    told: list[Recorded] = []
    stated: set[str] = set()
    for row in reversed(rows):
        one = _recorded(row, kept, stated)
        if one.licence is not None and one.spans is not None:
            stated.add(one.licence)
        told.append(one)
    return told[::-1]


def _recorded(row: Sequence[Any], kept: Mapping[str, bytes], stated: set[str]) -> Recorded:
    (
        sequence,
        recorded_at,
        image,
        authority,
        licence,
        agency,
        name,
        company,
        refers_to,
        was,
        texts,
        said,
        public,
    ) = row
    salt, entry = kept[str(sequence)], json.loads(image)
    digest = commitments.commit(salt, ROW, image)
    if not entry["published"]:
        return Recorded(sequence, recorded_at, authority, digest, published=False)
    return Recorded(
        sequence,
        recorded_at,
        authority,
        digest,
        action=entry["action"],
        kind=entry["kind"],
        licence=licence,
        agency=agency,
        decided_at=_instant(entry["decided_at"]),
        effective_from=_instant(entry["effective_from"]),
        effective_until=_instant(entry["effective_until"]),
        effective_day=date.fromisoformat(entry["effective_day"]) if entry["effective_day"] else None,
        refers_to=refers_to,
        was=was,
        by=commitments.commit(salt, BY, json.dumps(entry["officers"])),
        texts={
            language: commitments.commit(salt, TEXT + language, text)
            for language, text in sorted(json.loads(texts or "{}").items())
        },
        holder=_holder(agency, name, company=company, kept=kept) if agency and public else None,
        spans=_spans(said) if licence is not None and licence not in stated else None,
    )


def answers(numbers: Sequence[str]) -> list[Recorded]:
    """What the public reads of these licences now, as entries would say it; without number, time and digest."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(numbers)])
        rows = cursor.fetchall()
    kept = commitments.salts([agency for _, _, agency, _, company, _ in rows if not company])
    never = datetime.min.replace(tzinfo=UTC)
    return [
        Recorded(
            0,
            never,
            authority,
            "",
            licence=licence,
            agency=agency,
            holder=_holder(agency, name, company=company, kept=kept),
            spans=_spans(said),
        )
        for licence, authority, agency, name, company, said in rows
    ]


def published(*, batch: int) -> Iterator[list[str]]:
    """The numbers of every licence that has or should have an answer, in their order, so many at a time."""
    after = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number FROM registry_licence l WHERE number > %s AND renumbered_to_id IS NULL"
                " AND EXISTS (SELECT FROM registry_entry e WHERE e.licence_id = l.id) ORDER BY number LIMIT %s",
                [after, batch],
            )
            numbers = [number for (number,) in cursor.fetchall()]
        if not numbers:
            return
        yield numbers
        after = numbers[-1]


def changes(place: Place, *, quiet: Sequence[str] = ()) -> tuple[list[Change], Place]:
    """What changed from ``place`` on without an entry that speaks for it, and the place to go on from.

    A new authority, a version of its policy, and rows of tables outside the register are always among them.
    ``quiet``: what never is, beside the register's own, each a table and an operation (``verification_x I``).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGES, {"transaction": place.transaction, "row": place.row, "quiet": [*_QUIET, *quiet]}
        )
        rows = cursor.fetchall()
    running, newest = rows[0][:2]
    found = [
        Change(key, relation, operation, json.loads(image), image)
        for _, _, key, relation, operation, image in rows
        if key is not None
    ]
    return found, Place(running, max(newest or 0, place.row))


def touched(place: Place, *, outside: Mapping[str, str]) -> tuple[Touched, Place]:
    """What changed from ``place`` on that verdicts rest on, as far as it is committed, and the place to go on from.

    ``outside``: tables beside the register's that count too, each with the column that names what its rows are about.
    Waits for no transaction that still runs: what is committed is told at once, and some of it may be told again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TOUCHED,
            {
                "transaction": place.transaction,
                "row": place.row,
                "relations": [*_BASES, *outside],
                "outside": json.dumps(outside),
            },
        )
        running, newest, numbers, others, unknown = cursor.fetchone()
    about = {table: frozenset(key for found, key in others if found == table) for table in outside}
    return Touched(frozenset(numbers), about, unknown), Place(running, max(newest or 0, place.row))


def end() -> Place:
    """The end of the journal: the place from which only what is yet to be committed is told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
            " coalesce((SELECT max(id) FROM registry_changejournal), 0)"
        )
        return Place(*cursor.fetchone())


def commit_change(change: Change) -> str:
    """The salted digest of a change's image, for the log."""
    about = f"journal {change.id}"
    return commitments.commit(commitments.salts([about])[about], ROW, change.recorded)


def authority_code(key: int) -> str:
    """The code of the authority in this row of its table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM registry_authority WHERE id = %s", [key])
        return str(cursor.fetchone()[0])


def waiting(*, after: int) -> datetime | None:
    """When the oldest entry behind this sequence number was recorded; ``None`` when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(recorded_at) FROM registry_registercommit WHERE count > 0 AND base >= %s", [after]
        )
        found: datetime | None = cursor.fetchone()[0]
        return found


def _holder(agency: str, name: str, *, company: bool, kept: Mapping[str, bytes]) -> Holder:
    if company:
        return Holder(agency, name, "")
    return Holder(agency, "", commitments.commit(kept[agency], NAME, name))


def _spans(said: str | None) -> list[Span]:
    """The spans, those that say the same made one."""
    found: list[Span] = []
    for start, state, result, may_recruit in json.loads(said or "[]"):
        if not found or found[-1][1:] != (state, result, may_recruit):
            begins = None if start.startswith("0001-") else start.replace("+00:00", "Z")
            found.append((begins, state, result, may_recruit))
    return found


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
