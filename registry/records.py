"""Rows as the law reads them: entries for the fold, the holder's public facts for the answer, the policy in force."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL

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


def bars_of(agency_id: int, *, own_at: datetime | None = None) -> Entries:
    """The agency's bars, its dissolution and all that was said of them, on every licence of it and on none."""
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


def facts_of(licences: Sequence[Licence]) -> dict[int, Facts]:
    """The public facts of each licence's holder and authority, by licence id; as many queries for many as for one."""
    agencies = {licence.agency_id for licence in licences}
    holders = {a.pk: a for a in Agency.objects.filter(pk__in=agencies).select_related("authority")}
    names = _grouped(TradingName.objects.filter(agency__in=agencies).order_by("pk"))
    offices = _grouped(Office.objects.filter(agency__in=agencies).order_by("-kind", "pk"))
    channels = _grouped(Channel.objects.filter(agency__in=agencies).order_by("kind", "pk"))
    authorities = {a.authority_id: a.authority for a in holders.values()}
    words = {key: stated(key) for key in authorities}
    return {
        licence.pk: public_facts(
            licence,
            holders[licence.agency_id],
            names.get(licence.agency_id, []),
            offices.get(licence.agency_id, []),
            channels.get(licence.agency_id, []),
            words[holders[licence.agency_id].authority_id],
        )
        for licence in licences
    }


def _grouped(found: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for row in found:
        groups.setdefault(row.agency_id, []).append(row)
    return groups


def current_policy(authority_id: int, *, at: datetime) -> policy.Policy:
    """The policy of the authority in force at ``at``, or the defaults where it has none."""
    found = PolicySet.objects.filter(authority_id=authority_id, in_force_from__lte=at)
    newest = found.order_by("-in_force_from", "-version").first()
    return policy.parse(newest.rules) if newest else policy.Policy(version=0)


def stated(authority_id: int, *, known_at: datetime | None = None) -> tuple[tuple[datetime, Stated], ...]:
    """What the authority's policies say to the public, each from its day on, the one to come included (``Facts``)."""
    found = PolicySet.objects.filter(authority_id=authority_id)
    if known_at is not None:
        found = found.filter(recorded_at__lte=known_at)
    told: list[tuple[datetime, Stated]] = []
    for row in found.order_by("in_force_from", "version"):
        read = policy.parse(row.rules)
        words = Stated(read.legal_terms, asdict(read.worker_fee) if read.worker_fee else None)
        if told and told[-1][0] == row.in_force_from:
            told.pop()
        if not told or told[-1][1] != words:
            told.append((row.in_force_from, words))
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
    authority = agency.authority
    return Facts(
        number=licence.number,
        legacy_number=licence.legacy_number,
        licence_class=licence.licence_class,
        origin=licence.origin,
        authority={
            "code": authority.code,
            "name": authority.name,
            "country": authority.country,
            "zone": authority.zone,
            "contact": authority.contact,
            "complaint": authority.complaint,
        },
        agency_number=agency.number,
        name=agency.legal_name,
        latin_name=agency.latin_name,
        country=agency.country,
        trading_names=tuple(
            {"name": n.name, "first_day": n.first_day, "last_day": n.last_day} for n in names
        ),
        offices=tuple(
            {
                "number": o.number,
                "kind": o.kind,
                "name": o.name,
                "address": o.address,
                "locality": o.locality,
                "country": o.country,
                "first_day": o.first_day,
                "last_day": o.last_day,
            }
            | ({"photograph": o.photograph} if o.photograph else {})
            for o in offices
        ),
        channels=tuple(
            {"kind": c.kind, "value": c.value, "first_day": c.first_day, "last_day": c.last_day}
            for c in channels
        ),
        stated=words,
    )
