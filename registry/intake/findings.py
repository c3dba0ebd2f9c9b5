"""Findings that outside bodies published against names: kept, dated, and shown to officers as possible matches.

A finding is about a name, not about a licence. Nothing here attaches one to an agency, and nothing of it is public.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection, transaction
from rapidfuzz import fuzz

from registry import ledger
from registry.intake import apply as writing
from registry.intake.profile import Profile
from registry.intake.report import Report
from registry.models import Finding, ListSnapshot
from registry.rules import names

#: From this likeness (0 to 100) on, a finding's name is worth an officer's look.
_WORTH_A_LOOK: Final = 82


@dataclass(frozen=True, slots=True)
class PossibleMatch:
    """A finding whose name is like the one asked about; whether it is the same body an officer must judge.

    ``last_day`` is ``None`` where the source states none; ``open_ended`` where it says that there is none.
    ``on_latest_list`` false is no lifting: lists drop entries for many reasons.
    """

    name: str
    matched: str
    likeness: int
    source: str
    list_key: str
    place: str
    country: str
    first_day: date | None
    last_day: date | None
    open_ended: bool
    grounds: str
    first_seen: date
    last_seen: date
    on_latest_list: bool


def possible_matches(name: str, *, limit: int = 20) -> list[PossibleMatch]:
    """Findings against names like ``name``, the likest first; for officers only."""
    asked = names.fold(name)
    keys = names.keys(asked)
    found = []
    for row in Finding.objects.filter(keys__overlap=keys):
        matched, likeness = _likest(str(asked), [row.name, *row.other_names])
        if likeness >= _WORTH_A_LOOK:
            found.append(_match(row, matched, likeness))
    found.sort(key=lambda match: (-match.likeness, match.name, match.list_key))
    return found[:limit]


def _likest(asked: str, held: list[str]) -> tuple[str, int]:
    scored = [(text, int(fuzz.token_sort_ratio(asked, str(names.fold(text))))) for text in held]
    return max(scored, key=lambda pair: pair[1])


def _match(row: Finding, matched: str, likeness: int) -> PossibleMatch:
    return PossibleMatch(
        name=row.name,
        matched=matched,
        likeness=likeness,
        source=row.source,
        list_key=row.list_key,
        place=row.place,
        country=row.country,
        first_day=row.first_day,
        last_day=row.last_day,
        open_ended=row.open_ended,
        grounds=row.grounds,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        on_latest_list=row.present,
    )


@transaction.atomic(durable=True)
def apply(profile: Profile, snapshot: ListSnapshot, report: Report) -> None:
    """Write the staged findings and their snapshot, all or nothing. No entry is made: no licence is spoken of."""
    opened = ledger.Commit()
    writing.keep_authority(snapshot.authority, by=snapshot.by, at=snapshot.taken_at)
    snapshot.commit_id = opened.id
    snapshot.counts = report.counts()
    snapshot.save(force_insert=True)
    parameters: dict[str, Any] = {
        "list": profile.key,
        "authority": snapshot.authority_id,
        "source": f"{profile.source}: {profile.title}",
        "on": snapshot.on,
        "at": snapshot.taken_at,
    }
    with connection.cursor() as cursor:
        _write_keys(cursor)
        cursor.execute(_READ)
        cursor.execute(_CHANGE, parameters)
        cursor.execute(_ADD, parameters)
    opened.close(by=snapshot.by, at=snapshot.taken_at)


def _write_keys(cursor: Any) -> None:
    """The names as they are compared, by identity."""
    cursor.execute("SELECT identity, fields ->> 'name', fields ->> 'other_name' FROM intake_row")
    rows = cursor.fetchall()
    cursor.execute("CREATE TEMP TABLE intake_ids (identity uuid, keys int[], other_names text[])")
    with cursor.copy("COPY intake_ids FROM STDIN") as copy:
        for identity, name, other in rows:
            others = [part for part in (*names.trading_parts(name)[1:], other) if part]
            keys = sorted({key for text in (name, *others) for key in names.keys(names.fold(text))})
            copy.write_row((identity, keys, others))


#: The rows as findings, by identity; one temporary table for what is added and what is written again.
_READ: Final = """
CREATE TEMP TABLE intake_out AS
SELECT f.fate, f.id, r.identity, r.fields ->> 'name' AS name, i.other_names, i.keys,
       concat_ws(', ', r.fields ->> 'locality', r.fields ->> 'region') AS place,
       coalesce(r.fields ->> 'country', '') AS country,
       nullif(r.fields ->> 'from', 'open')::date AS first_day,
       nullif(r.fields ->> 'until', 'open')::date AS last_day,
       coalesce(r.fields ->> 'until' = 'open', false) AS open_ended,
       coalesce(r.fields ->> 'grounds', '') AS grounds, r.content, r.fields, r.cells, r.line
FROM intake_row r JOIN intake_ids i USING (identity) JOIN intake_fate f USING (identity)
"""

_ADD: Final = """
INSERT INTO registry_finding (
    list_key, identity, authority_id, source, present, first_seen, last_seen, recorded_at,
    name, other_names, keys, place, country, first_day, last_day, open_ended, grounds, content, fields, cells, line
)
SELECT %(list)s, identity, %(authority)s, %(source)s, true, %(on)s, %(on)s, %(at)s,
       name, other_names, keys, place, country, first_day, last_day, open_ended, grounds, content, fields, cells, line
FROM intake_out WHERE fate = 'new' ORDER BY line
"""

_CHANGE: Final = """
UPDATE registry_finding SET present = false
FROM intake_fate f WHERE f.id = registry_finding.id AND f.fate = 'gone';
UPDATE registry_finding n SET present = true, last_seen = %(on)s, source = %(source)s,
    name = o.name, other_names = o.other_names, keys = o.keys, place = o.place, country = o.country,
    first_day = o.first_day, last_day = o.last_day, open_ended = o.open_ended, grounds = o.grounds,
    content = o.content, fields = o.fields, cells = o.cells, line = o.line
FROM intake_out o WHERE o.id = n.id;
"""
