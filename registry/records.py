"""Rows as the law reads them: entries for the fold, the holder's public facts for the answer, the policy in force."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL

from registry import prepared, questions
from registry.models import Agency, Channel, Entry, Licence, Office, PolicySet, TradingName
from registry.rules import errors, policy, standing
from registry.rules.answer import Facts, Stated
from registry.rules.entries import Entries
from registry.rules.lifecycle import Action, Kind


def fold_entries(licence_id: int, *, own_at: datetime | None = None) -> list[standing.Entry]:
    """The entries of a licence as the fold reads them, oldest first.

    ``own_at``: asked by the transaction that is writing them, whose commit has no row yet; they count as recorded then.
    """
    rows = Entry.objects.filter(licence_id=licence_id).order_by("pk")
    return [as_fold(row, own_at) for row in (rows if own_at else rows.select_related("commit"))]


def fold_entries_of(licence_ids: Iterable[int]) -> dict[int, list[standing.Entry]]:
    """The same of many licences at once, by licence id."""
    found: dict[int, list[standing.Entry]] = {licence_id: [] for licence_id in licence_ids}
    rows = Entry.objects.filter(licence__in=list(found)).select_related("commit").order_by("pk")
    for row in rows:
        found[row.licence_id or 0].append(as_fold(row))
    return found


_FAMILY: Final = """
WITH RECURSIVE family AS (
    SELECT %s::bigint AS id UNION SELECT m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
) SELECT id FROM family ORDER BY id"""
_FAMILY_OF: Final = """
WITH RECURSIVE family AS (
    SELECT id FROM registry_agency WHERE number = %s
    UNION SELECT m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
) SELECT id FROM family"""
FORMERLY: Final = RawSQL(
    """
WITH RECURSIVE family AS (
    SELECT m.merged_id AS id FROM registry_merger m WHERE m.into_id = registry_agency.id
    UNION SELECT m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
) SELECT coalesce(jsonb_agg(jsonb_build_object('number', a.number, 'name', a.legal_name) ORDER BY a.number), '[]')
FROM family JOIN registry_agency a USING (id)""",
    (),
    output_field=JSONField(),
)
"""What ``formerly`` finds, read together with the agency."""
_STAYS: Final = """
WITH RECURSIVE way AS (
    SELECT a.id, 0 AS place FROM registry_agency a WHERE a.number = %s
    UNION ALL SELECT m.into_id, w.place + 1 FROM registry_merger m JOIN way w ON m.merged_id = w.id
) SELECT a.id, a.number, w.place FROM way w JOIN registry_agency a ON a.id = w.id ORDER BY w.place DESC LIMIT 1"""


def family(agency_id: int) -> list[int]:
    """The agency and the records of it that were merged into this one: what was decided on any was decided on it."""
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [agency_id])
        return [key for (key,) in cursor.fetchall()]


def led_on(number: str) -> str | None:
    """The number under which an agency whose record was merged into another is found now; ``None``: under its own."""
    with connection.cursor() as cursor:
        cursor.execute(_STAYS, [number])
        row = cursor.fetchone()
    return row[1] if row and row[2] else None


def family_of(number: str) -> RawSQL:
    """``family`` by the number of the agency, to be asked within another question; nothing for one that is none's."""
    return RawSQL(_FAMILY_OF, [number])  # noqa: S611 - our own words, with a place for the number


def formerly(agency_id: int) -> list[dict[str, str]]:
    """The numbers and names under which records were merged into this one, the oldest number first."""
    return called(key for key in family(agency_id) if key != agency_id)


def called(agencies: Iterable[int]) -> list[dict[str, str]]:
    """The numbers and names of these records of agencies, by number."""
    keys = list(agencies)
    rows = Agency.objects.filter(pk__in=keys).order_by("number") if keys else ()
    return [{"number": row.number, "name": row.legal_name} for row in rows]


def as_it_stays(number: str) -> None:
    """Lead whoever asks for a merged record on to the one that stays (``AgencyMerged``)."""
    if (stays := led_on(number)) is not None:
        raise errors.AgencyMerged("the agency has another number now", number=stays, was=number)


ABOUT_BARS: Final = frozenset(
    {
        Action.DEBAR,
        Action.CANCEL,
        Action.SET_ASIDE,
        Action.FILE_APPEAL,
        Action.END_APPEAL,
        Action.STAY,
        Action.END_STAY,
        Action.CORRECT,
    }
)
"""A bar of an agency or its dissolution, and what can be said of one."""


def is_of_agency(action: Action, grounds: Iterable[str]) -> bool:
    """Whether a decision is of the agency, so of all its licences: a bar, or the end of a company that is no more."""
    return action is Action.DEBAR or (action is Action.CANCEL and "ENTITY-DISSOLVED" in grounds)


_BARRED: Final = prepared.Statement(
    "ever_barred",
    f"SELECT 1 WHERE EXISTS (SELECT FROM registry_entry WHERE agency_id IN ({_FAMILY.replace('%s', '$1')})"  # noqa: S608
    f" AND action = ANY('{{{','.join(sorted(ABOUT_BARS))}}}'))",
)


def bars_of(agency_id: int, *, own_at: datetime | None = None) -> Entries:
    """The agency's bars, its dissolution and all that was said of them, on every licence of it and on none."""
    if not _BARRED.rows(str(agency_id)):  # nearly always: and the statement below is dear to plan
        return Entries(())
    merged = RawSQL(_FAMILY, [agency_id])  # noqa: S611 - our own words, with a place for the key
    rows = Entry.objects.filter(agency__in=merged, action__in=ABOUT_BARS).order_by("pk")
    return Entries(as_fold(row, own_at) for row in (rows if own_at else rows.select_related("commit")))


def as_fold(row: Entry, own_at: datetime | None = None) -> standing.Entry:
    """One row as the fold reads it."""
    recorded = own_at if own_at is not None else row.commit.recorded_at
    return standing.Entry(
        ref=row.pk,
        action=Action(row.action),
        kind=Kind(row.kind),
        decided_at=row.decided_at,
        recorded_at=recorded,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        refers_to=row.refers_to_id,
        grounds=tuple(row.grounds),
        effect=row.effect,
        deadlines=row.deadlines,
    )


_HOLDER: Final = ("number", "legal_name", "latin_name", "country")
_AUTHORITY: Final = ("code", "name", "country", "zone", "contact", "complaint")
_NAME: Final = ("name", "first_day", "last_day")
_OFFICE: Final = (
    "number", "kind", "name", "address", "locality", "country", "first_day", "last_day", "photograph",
)  # fmt: skip
_CHANNEL: Final = ("kind", "value", "first_day", "last_day")
"""What the public reads of each of these records; a column that is not named here never enters an answer."""


def _of_agencies(columns: Iterable[str], table: str, order: str) -> str:
    return f"SELECT agency_id, {', '.join(columns)} FROM {table} WHERE agency_id = ANY(%s) ORDER BY {order}"  # noqa: S608


_HOLDERS: Final = f"""
SELECT a.id, u.id, {", ".join(f"a.{name}" for name in _HOLDER)}, {", ".join(f"u.{name}" for name in _AUTHORITY)}
FROM registry_agency a JOIN registry_authority u ON u.id = a.authority_id WHERE a.id = ANY(%s)"""  # noqa: S608
_POLICIES: Final = """
SELECT authority_id, in_force_from, rules FROM registry_policyset
WHERE authority_id IN (SELECT authority_id FROM registry_agency WHERE id = ANY(%s)) ORDER BY in_force_from, version"""
_FACTS: Final = (
    _HOLDERS,
    _of_agencies(_NAME, "registry_tradingname", "id"),
    _of_agencies(_OFFICE, "registry_office", "kind DESC, id"),
    _of_agencies(_CHANNEL, "registry_channel", "kind, id"),
    _POLICIES,
)


def facts_of(licences: Sequence[Licence]) -> dict[int, Facts]:
    """The public facts of each licence's holder and authority, by licence id; asked for many in one go as for one."""
    agencies = sorted({licence.agency_id for licence in licences})
    holders, names, offices, channels, policies = questions.ask(*((sql, [agencies]) for sql in _FACTS))
    named, housed, reached = _grouped(names, _NAME), _grouped(offices, _OFFICE), _grouped(channels, _CHANNEL)
    rules: dict[int, list[tuple[datetime, Any]]] = {}
    for authority_id, since, told in policies:
        rules.setdefault(authority_id, []).append((since, json.loads(told)))
    words = {authority_id: _stated(told) for authority_id, told in rules.items()}
    found: dict[int, tuple[dict[str, Any], dict[str, Any], tuple[tuple[datetime, Stated], ...]]] = {}
    for agency_id, authority_id, *columns in holders:
        authority = dict(zip(_AUTHORITY, columns[len(_HOLDER) :], strict=True))
        authority |= {name: json.loads(authority[name]) for name in ("name", "contact", "complaint")}
        holder = dict(zip(_HOLDER, columns[: len(_HOLDER)], strict=True))
        found[agency_id] = (holder, authority, words.get(authority_id, ()))
    return {
        licence.pk: _facts(
            licence,
            *found[licence.agency_id],
            named.get(licence.agency_id, []),
            housed.get(licence.agency_id, []),
            reached.get(licence.agency_id, []),
        )
        for licence in licences
    }


def _grouped(rows: Iterable[tuple[Any, ...]], columns: Sequence[str]) -> dict[int, list[dict[str, Any]]]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for agency_id, *values in rows:
        groups.setdefault(agency_id, []).append(dict(zip(columns, values, strict=True)))
    return groups


_IN_FORCE: Final = prepared.Statement(
    "policy_in_force",
    """
SELECT rules FROM registry_policyset WHERE authority_id = $1 AND in_force_from <= $2
ORDER BY in_force_from DESC, version DESC LIMIT 1""",
)


def current_policy(authority_id: int, *, at: datetime) -> policy.Policy:
    """The policy of the authority in force at ``at``, or the defaults where it has none."""
    found = _IN_FORCE.rows(str(authority_id), at.isoformat())
    return policy.parse(json.loads(found[0][0] or b"")) if found else policy.Policy(version=0)


def stated(authority_id: int, *, known_at: datetime | None = None) -> tuple[tuple[datetime, Stated], ...]:
    """What the authority's policies say to the public, each from its day on, the one to come included (``Facts``)."""
    found = PolicySet.objects.filter(authority_id=authority_id)
    if known_at is not None:
        found = found.filter(recorded_at__lte=known_at)
    return _stated(found.order_by("in_force_from", "version").values_list("in_force_from", "rules"))


def _stated(rules: Iterable[tuple[datetime, Any]]) -> tuple[tuple[datetime, Stated], ...]:
    told: list[tuple[datetime, Stated]] = []
    for since, said in rules:
        read = policy.parse(said)
        words = Stated(read.legal_terms, asdict(read.worker_fee) if read.worker_fee else None)
        if told and told[-1][0] == since:
            told.pop()
        if not told or told[-1][1] != words:
            told.append((since, words))
    return tuple(told)


def public_facts(
    licence: Licence,
    agency: Agency,
    names: Sequence[TradingName],
    offices: Sequence[Office],
    channels: Sequence[Channel],
    words: tuple[tuple[datetime, Stated], ...],
) -> Facts:
    """The public part of these records; restricted columns never enter."""
    return _facts(
        licence,
        _columns(agency, _HOLDER),
        _columns(agency.authority, _AUTHORITY),
        words,
        [_columns(row, _NAME) for row in names],
        [_columns(row, _OFFICE) for row in offices],
        [_columns(row, _CHANNEL) for row in channels],
    )


def _columns(row: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _facts(
    licence: Licence,
    holder: Mapping[str, Any],
    authority: Mapping[str, Any],
    words: tuple[tuple[datetime, Stated], ...],
    names: Sequence[Mapping[str, Any]],
    offices: Sequence[Mapping[str, Any]],
    channels: Sequence[Mapping[str, Any]],
) -> Facts:
    return Facts(
        number=licence.number,
        legacy_number=licence.legacy_number,
        licence_class=licence.licence_class,
        origin=licence.origin,
        authority=authority,
        agency_number=holder["number"],
        name=holder["legal_name"],
        latin_name=holder["latin_name"],
        country=holder["country"],
        trading_names=tuple(names),
        offices=tuple({name: o[name] for name in o if o[name] or name != "photograph"} for o in offices),
        channels=tuple(channels),
        stated=words,
    )
