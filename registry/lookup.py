"""The only reader for other packages: the answer at an instant, timelines, agencies, the change feed.

What the public reads comes ready from ``PublishedRecord`` in one indexed query. A question about the register's earlier
knowledge (``known_at``) folds the entries recorded by then. Nothing here changes anything or reads the clock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import DateTimeField, Exists, OuterRef, Subquery, Value
from django.db.models.functions import Greatest

from registry import history, journal, prepared, records, timelines
from registry.models import (
    Agency,
    Appointment,
    Authority,
    Channel,
    Entry,
    HolderAccount,
    Licence,
    Merger,
    Office,
    Photograph,
    PublishedRecord,
    Register,
    RegisterCommit,
    TradingName,
)
from registry.rules import answer, days, errors, numbering, standing
from registry.rules.lifecycle import Kind
from registry.rules.publication import PUBLIC_ROLES

_ANSWER = """
SELECT p.number, p.state, p.result, p.may_recruit, lower(p.span), upper(p.span), p.body, p.withhold_from,
       c.base + 1 + p.ordinal
FROM registry_publishedrecord p JOIN registry_registercommit c ON c.id = p.commit_id
"""
AS_RECORDED: Final = "greatest({}::timestamptz, (SELECT last_recorded_at FROM registry_register))"
"""Now by the reader's clock, and never before what the register has recorded: a reader whose clock is behind the
writer's would answer from before a decision that is acknowledged already (rulings 3). SQL, for every read of now."""


def current_sql(number: str, at: str) -> str:
    """``public_licence`` as a part of somebody else's statement, where that knows the number already.

    ``number`` and ``at`` are SQL; ``current_answer`` reads the row.
    """
    return f"{_ANSWER} WHERE p.number = {number} AND p.span @> {AS_RECORDED.format(at)}"


def holder_sql(kind: str, number: str) -> str:
    """The number of the agency behind a badge's subject, as a part of somebody else's statement; all three are SQL.

    Null for a subject that is neither a licence nor an office.
    """
    return f"""CASE {kind}
        WHEN 'licence' THEN (SELECT a.number FROM registry_licence l JOIN registry_agency a ON a.id = l.agency_id
                             WHERE l.number = {number})
        WHEN 'office' THEN (SELECT a.number FROM registry_office o JOIN registry_agency a ON a.id = o.agency_id
                            WHERE o.number = {number}) END"""  # noqa: S608 - the caller's own columns


#: The one read that everybody makes, planned once a connection.
_CURRENT = prepared.Statement("current_answer", current_sql("$1", "$2"))


@dataclass(frozen=True, slots=True)
class PublishedAnswer:
    """One span of a licence as the public may read it.

    ``body`` is JSON text; coded things in it are ``{"code":"…"}``. ``until``: when the answer may change by the clock
    alone; ``sequence``: the newest entry behind it.
    """

    number: str
    state: str
    result: str
    may_recruit: bool
    since: datetime
    until: datetime | None
    sequence: int
    body: str


# --- one licence -------------------------------------------------------------------------------------------------


def public_licence(number: str, *, at: datetime) -> PublishedAnswer:
    """The answer about ``number`` (canonical) now; one query. Refuses an unknown number.

    ``at``: now by the reader's clock; ``public_past`` is for the past.
    """
    rows = _CURRENT.rows(number, at.isoformat())
    if not rows:
        raise _why_missing(number)
    return current_answer(rows[0], at=at)


def current_answer(row: prepared.Row, *, at: datetime) -> PublishedAnswer:
    """The answer in a row of ``current_sql``, asked now (``at``)."""
    return _answer(_from_text(row), asked_at=at, current=True)


def public_past(number: str, *, at: datetime, now: datetime) -> PublishedAnswer:
    """The answer about a past instant, as known now and as far as it is still public ``now``."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER + "WHERE p.number = %s AND p.span @> %s", [number, at])
        row = cursor.fetchone()
    if row is None:
        raise _why_missing(number)
    return _answer(row, asked_at=at, now=now)


def public_known(
    number: str, *, at: datetime, known_at: datetime, now: datetime
) -> tuple[PublishedAnswer, int]:
    """The answer about ``at`` with what the register knew at ``known_at``, and the last sequence it knew then."""
    pieces, known_sequence = _known_pieces(number, known_at=known_at, now=now)
    return _from_piece(number, _covering(pieces, at), known_sequence), known_sequence


def day_answers(
    number: str, *, day: date, now: datetime, known_at: datetime | None = None
) -> list[PublishedAnswer]:
    """All segments of that local day of the authority, in order; for today, up to ``now``.

    Refuses a day that has not begun (rulings 7).
    """
    zone = zone_of(number)
    start, end = days.first_instant(day, zone), min(days.end_of(day, zone), now + timedelta(microseconds=1))
    if start > now:
        raise errors.FutureAsked(
            "the register answers for the past and now", field="as_of", value=day.isoformat()
        )
    if known_at is not None:
        pieces, known_sequence = _known_pieces(number, known_at=known_at, now=now)
        return [
            _from_piece(number, piece, known_sequence)
            for piece in pieces
            if piece.start < end and (piece.end is None or piece.end > start)
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            _ANSWER + "WHERE p.number = %s AND p.span && tstzrange(%s, %s, '[)') ORDER BY lower(p.span)",
            [number, start, end],
        )
        return [_answer(row, asked_at=row[4], now=now) for row in cursor.fetchall()]


def by_legacy(text: str, *, at: datetime) -> list[PublishedAnswer]:
    """The answers of every licence whose foreign number can mean ``text``; several where authorities share one."""
    folded = numbering.folded(text)
    if not folded:
        return []
    held = (
        Licence.objects.filter(legacy_folded=folded).values_list("number", "legacy_number").order_by("number")
    )
    numbers = [number for number, legacy in held[:50] if numbering.agrees(text, legacy)]
    return list(public_many(numbers, at=at).values())


def is_given(number: str) -> bool:
    """Whether the register has given this number (canonical) to a licence, published or not."""
    return Licence.objects.filter(number=number).exists()


def public_many(numbers: Sequence[str], *, at: datetime) -> dict[str, PublishedAnswer]:
    """The answers of many licences now, in one query; numbers that are not in the register are not in the result."""
    if not numbers:
        return {}
    now = AS_RECORDED.format("%s")
    with connection.cursor() as cursor:
        cursor.execute(f"{_ANSWER} WHERE p.number = ANY(%s) AND p.span @> {now}", [list(numbers), at])
        found = {row[0]: _answer(row, asked_at=at, current=True) for row in cursor.fetchall()}
    return {number: found[number] for number in numbers if number in found}


def holders(numbers: Sequence[str], *, at: datetime) -> dict[str, dict[str, Any]]:
    """What is public now of these agencies: the answer of the first licence of each, read; in one query.

    An agency without a public licence is not in the result.
    """
    if not numbers:
        return {}
    now = AS_RECORDED.format("%s")
    with connection.cursor() as cursor:
        cursor.execute(f"{_ANSWER} WHERE p.agency_number = ANY(%s) AND p.span @> {now}", [list(numbers), at])
        found = [_answer(row, asked_at=at, current=True) for row in cursor.fetchall()]
    told: dict[str, dict[str, Any]] = {}
    for one in sorted(found, key=lambda one: one.number):
        body = json.loads(one.body)
        told.setdefault(body["holder"]["number"], body)
    return told


def complaints(country: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Each authority of a country that takes complaints: its name by language, and how it is reached."""
    rows = Authority.objects.filter(country=country, complaint__isnull=False).exclude(complaint={})
    return [(dict(row.name), dict(row.complaint)) for row in rows.order_by("code")]


def zone_of(number: str) -> str:
    """The time zone in which the legal days of this licence run."""
    zone = (
        Licence.objects.filter(number=number, published__isnull=False)
        .values_list("authority__zone", flat=True)
        .first()
    )
    if zone is None:
        raise _why_missing(number)
    return str(zone)


def _why_missing(number: str) -> errors.RegistryError:
    """No published row: the number is unknown, or it is another now."""
    new = Licence.objects.filter(number=number, renumbered_to__isnull=False).values_list(
        "renumbered_to__number", flat=True
    )
    if (moved := new.first()) is not None:
        return errors.LicenceRenumbered("the licence has another number now", number=moved)
    return errors.LicenceNotFound("no licence has this number", number=number)


def _from_text(row: prepared.Row) -> Sequence[Any]:
    """A row of the prepared statement as a cursor would give it."""
    number, state, result, may_recruit, since, until, body, withhold_from, sequence = (
        None if value is None else value.decode() for value in row
    )
    instants = (None if i is None else datetime.fromisoformat(i) for i in (since, until, withhold_from))
    since_, until_, withhold_from_ = instants
    return number, state, result, may_recruit == "t", since_, until_, body, withhold_from_, int(sequence or 0)


def as_recorded(at: datetime) -> Greatest:
    """``AS_RECORDED`` for a query of the framework's."""
    newest = Subquery(Register.objects.values("last_recorded_at")[:1])
    return Greatest(Value(at, output_field=DateTimeField()), newest)


def _answer(
    row: Sequence[Any], *, asked_at: datetime, now: datetime | None = None, current: bool = False
) -> PublishedAnswer:
    """A row as a record; made again where something in it is no longer public. ``current``: it was asked of now."""
    number, state, result, may_recruit, since, until, body, withhold_from, sequence = row
    judged = now if now is not None else asked_at
    if withhold_from is not None and withhold_from <= judged:
        if current:
            recorded = Register.objects.values_list("last_recorded_at", flat=True).get()
            asked_at = max(asked_at, recorded or asked_at)
        licence = Licence.objects.select_related("agency__authority").get(number=number)
        pieces = answer.pieces(_facts(licence), _entries(licence), at=judged)
        return _from_piece(number, _covering(pieces, asked_at), sequence)
    return PublishedAnswer(
        number, state, result, may_recruit, since, until, sequence, f'{body[:-1]},"sequence":{sequence}}}'
    )


def _from_piece(number: str, piece: answer.Piece, sequence: int) -> PublishedAnswer:
    return PublishedAnswer(
        number=number,
        state=piece.state,
        result=piece.result,
        may_recruit=piece.may_recruit,
        since=piece.start,
        until=piece.end,
        sequence=sequence,
        body=f'{piece.body[:-1]},"sequence":{sequence}}}',
    )


def _covering(pieces: Sequence[answer.Piece], at: datetime) -> answer.Piece:
    return next(p for p in pieces if p.end is None or at < p.end)


def _entries(licence: Licence) -> list[standing.Entry]:
    return records.fold_entries(licence.pk)


def _facts(licence: Licence) -> answer.Facts:
    return records.facts_of([licence])[licence.pk]


def _known_pieces(number: str, *, known_at: datetime, now: datetime) -> tuple[tuple[answer.Piece, ...], int]:
    """The public life as the register knew it at ``known_at``: the entries and the holder as recorded by then."""
    if known_at > now:
        raise errors.FutureAsked("the register cannot say what it will know", field="known_at")
    licence = (
        Licence.objects.select_related("agency__authority")
        .annotate(came_over=Exists(Merger.objects.filter(into=OuterRef("agency"))))
        .filter(number=number, published__isnull=False)
        .first()
    )
    if licence is None:
        raise _why_missing(number)
    entries = _entries(licence)
    holder = licence.agency_id
    if licence.came_over and (held := history.as_known(Licence, at=known_at, id=licence.pk)):
        holder = held[0].agency_id
    pieces = answer.pieces(_facts_known(licence, holder, known_at), entries, at=now, known_at=known_at)
    return pieces, sequence_at(known_at)


def _facts_known(licence: Licence, holder: int, known_at: datetime) -> answer.Facts:
    """The holder's public facts as they were recorded at ``known_at``; today's where nothing was recorded yet.

    ``holder``: the agency that held the licence by what was known then; only a merger makes it another.
    """
    known = history.as_known(Agency, at=known_at, id=holder)
    agency = known[0] if known else Agency.objects.select_related("authority").get(pk=holder)
    return records.public_facts(
        licence,
        agency,
        history.as_known(TradingName, at=known_at, agency_id=holder),
        _without_photographs(history.as_known(Office, at=known_at, agency_id=holder)),
        history.as_known(Channel, at=known_at, agency_id=holder),
        records.stated(licence.authority_id, known_at=known_at),
    )


def _without_photographs(offices: Sequence[Office]) -> Sequence[Office]:
    """The offices as they were: a photograph that was withdrawn since is nobody's to see."""
    for office in offices:
        office.photograph = ""
    return offices


def sequence_at(instant: datetime) -> int:
    """The number of the newest entry recorded by ``instant``; 0 before the first."""
    newest = RegisterCommit.objects.filter(recorded_at__lte=instant).order_by("-base", "-pk").first()
    return int(newest.base + newest.count) if newest else 0


def sequence_now() -> int:
    """The number of the newest entry."""
    return int(Register.objects.values_list("last_sequence", flat=True).first() or 0)


# --- timelines ---------------------------------------------------------------------------------------------------


def timeline(number: str, *, at: datetime) -> list[dict[str, Any]]:
    """The published entries of a licence, oldest first, as far as they are public at ``at``; one query.

    A corrected or set-aside entry stays and says so. Spent sanctions are gone; ``history_complete_since`` of the answer
    says from when nothing is missing.
    """
    told = timelines.published(number, at=at)
    if told is None:
        raise _why_missing(number)
    return told


@dataclass(frozen=True, slots=True)
class Life:
    """A span of a licence's public life: since when, until when (``None`` = on and on), the result."""

    start: datetime
    end: datetime | None
    result: str


def life_sql(number: str, at: str) -> str:
    """``public_life`` as one column of somebody else's statement, for ``read_life``; ``number`` and ``at`` are SQL.

    Null where something in it is no longer public: then it has to be folded again.
    """
    return f"""
SELECT CASE WHEN bool_or(l.withhold_from <= {at}) THEN NULL ELSE
       json_agg(json_build_array(lower(l.span), upper(l.span), l.result) ORDER BY lower(l.span)) END
FROM registry_publishedrecord l WHERE l.number = {number}"""  # noqa: S608 - put together from our own words


def read_life(told: bytes | None, number: str, *, at: datetime) -> tuple[Life, ...]:
    """The life in a column of ``life_sql``."""
    if told is None:
        return public_life(number, at=at)
    return _life(told)


@lru_cache(maxsize=4096)
def _life(told: bytes) -> tuple[Life, ...]:
    """Many licences of a list have the same life."""
    spans = (
        Life(datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None, result)
        for start, end, result in json.loads(told)
    )
    return tuple(life for life in spans if life.start > standing.BEGINNING)


def public_life(number: str, *, at: datetime) -> tuple[Life, ...]:
    """The public life of a licence from its beginning, the future included: for a picture of it."""
    spans = public_spans(number, at=at)
    return tuple(Life(one.since, one.until, one.result) for one in spans if one.since > standing.BEGINNING)


def public_spans(number: str, *, at: datetime) -> list[PublishedAnswer]:
    """The whole public life of a licence as spans, the future included."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER + "WHERE p.number = %s ORDER BY lower(p.span)", [number])
        rows = cursor.fetchall()
    if not rows:
        raise _why_missing(number)
    return [_answer(row, asked_at=row[4], now=at) for row in rows]


# --- what a badge is about ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublicSubject:
    """What a badge names: a licence, an office or an appointment, with the licences it hangs on.

    ``licences``: the holder's licence numbers that a badge of an office or person is read against, the best standing
    first. ``problem``: a reason code that makes the subject itself no longer good, or ``None``.
    """

    kind: str
    number: str
    agency: str
    licences: tuple[str, ...]
    office: Mapping[str, Any] | None
    person: Mapping[str, Any] | None
    problem: str | None


def acts_for(account: str, agency: str) -> bool:
    """Whether the account acts for that agency now, or for the record that it was merged into (ADR 0018)."""
    connected = HolderAccount.objects.filter(account=account, state="connected")
    return bool(connected.filter(agency__number=records.led_on(agency) or agency).exists())


def public_subject(kind: str, number: str, *, at: datetime) -> PublicSubject:
    """The subject of a badge as the public may read it at ``at``."""
    if kind == "licence":
        answer = public_licence(number, at=at)
        return PublicSubject(
            kind, number, json.loads(answer.body)["holder"]["number"], (number,), None, None, None
        )
    if kind == "office":
        return _office_subject(number, at)
    return _appointment_subject(number, at)


def _office_subject(number: str, at: datetime) -> PublicSubject:
    office = Office.objects.select_related("agency__authority").filter(number=number).first()
    if office is None:
        raise errors.OfficeNotFound("no office has this number", number=number)
    problem = _outside(office, office.agency.authority.zone, at, "office.not_yet", "office.closed")
    return PublicSubject(
        kind="office",
        number=number,
        agency=office.agency.number,
        licences=_licences_of(office.agency),
        office=_office(office) | ({"photograph": ""} if problem else {}),
        person=None,
        problem=problem,
    )


def _appointment_subject(number: str, at: datetime) -> PublicSubject:
    rows = Appointment.objects.select_related("agency__authority", "person", "office")
    found = rows.filter(number=number).first()
    if found is None:
        raise errors.AppointmentNotFound("no appointment has this number", number=number)
    zone = found.agency.authority.zone
    problem = _outside(found, zone, at, "appointment.not_yet", "appointment.ended")
    if problem is None and found.office is not None:
        problem = _outside(found.office, zone, at, "office.not_yet", "office.closed")
    named = found.public_name and found.role in PUBLIC_ROLES
    return PublicSubject(
        kind="appointment",
        number=number,
        agency=found.agency.number,
        licences=_licences_of(found.agency),
        office=_office(found.office) if found.office else None,
        person={
            "name": found.person.name if named else "",
            "latin_name": found.person.latin_name if named else "",
            "role": found.role,
            "photograph": found.photograph if named and problem is None else "",
        },
        problem=problem,
    )


def public_photograph(sha256: str, *, at: datetime) -> bytes:
    """A picture that the public may see at ``at``, as JPEG; one that is not shown any more is refused as one unknown.

    An office shows it while it is open, a person while the appointment lasts and the name is public, both of an agency
    of which the public reads.
    """
    published = Exists(PublishedRecord.objects.filter(licence__agency=OuterRef("agency")))
    offices = Office.objects.filter(published, photograph=sha256)
    acting = Appointment.objects.filter(published, photograph=sha256, public_name=True, role__in=PUBLIC_ROLES)
    showing = [row for rows in (offices, acting) for row in rows.select_related("agency__authority")]
    shown = any(not _outside(row, row.agency.authority.zone, at, "early", "late") for row in showing)
    held = (
        Photograph.objects.filter(sha256=sha256).values_list("content", flat=True).first() if shown else None
    )
    if held is None:
        raise errors.PhotographNotFound("nothing shows this photograph", sha256=sha256)
    return bytes(held)


def _office(office: Office) -> dict[str, Any]:
    return {
        "number": office.number,
        "kind": office.kind,
        "name": office.name,
        "address": office.address,
        "locality": office.locality,
        "country": office.country,
        "photograph": office.photograph,
    }


def _outside(row: Office | Appointment, zone: str, at: datetime, early: str, late: str) -> str | None:
    today = days.local_day(at, zone)
    if row.first_day is not None and today < row.first_day:
        return early
    if row.last_day is not None and today > row.last_day:
        return late
    return None


def _licences_of(agency: Agency) -> tuple[str, ...]:
    found = Licence.objects.filter(agency=agency, published__isnull=False, renumbered_to__isnull=True)
    return tuple(found.order_by("-may_recruit", "number").values_list("number", flat=True).distinct())


# --- agencies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list and the cursor of the next; ``next`` is ``None`` at the end."""

    data: list[dict[str, Any]]
    next: str | None


def agencies(
    *, at: datetime, limit: int, after: str | None = None, country: str | None = None, state: str | None = None,
    licence_class: str | None = None, corridor: str | None = None, numbers: Sequence[str] | None = None,
) -> Page:  # fmt: skip
    """Published licences by agency number, then licence number; each row names its licence (rulings 9).

    ``after``: the cursor of the page before. ``numbers``: only these agencies (what a search found).
    """
    rows = PublishedRecord.objects.filter(span__contains=as_recorded(at)).select_related(None)
    if country:
        rows = rows.filter(country=country)
    if state:
        rows = rows.filter(state=state)
    if licence_class:
        rows = rows.filter(licence_class=licence_class)
    if corridor:
        rows = rows.filter(corridors__contains=[corridor]) | rows.filter(corridors=[])
    if numbers is not None:
        rows = rows.filter(agency_number__in=list(numbers))
    if after:
        agency, _, licence = after.partition("/")
        rows = rows.extra(where=["(agency_number, number) > (%s, %s)"], params=[agency, licence])
    found = list(
        rows.order_by("agency_number", "number").values(
            "agency_number",
            "number",
            "state",
            "result",
            "may_recruit",
            "licence_class",
            "country",
            "authority_code",
            "corridors",
            "body",
        )[: limit + 1]
    )
    data = [_agency_row(row) for row in found[:limit]]
    more = len(found) > limit
    return Page(data, f"{found[limit - 1]['agency_number']}/{found[limit - 1]['number']}" if more else None)


def _agency_row(row: Mapping[str, Any]) -> dict[str, Any]:
    body = json.loads(row["body"])
    return {
        "number": row["agency_number"],
        "name": body["holder"]["name"],
        "latin_name": body["holder"]["latin_name"],
        "trading_names": body["holder"]["trading_names"],
        "country": row["country"],
        "authority": row["authority_code"],
        "licence": {
            "number": row["number"],
            "class": row["licence_class"],
            "state": row["state"] or None,
            "result": row["result"],
            "may_recruit": row["may_recruit"],
            "corridors": row["corridors"],
        },
        "localities": sorted({o["locality"] for o in body["offices"] if o["locality"]}),
    }


def public_agency(number: str, *, at: datetime) -> dict[str, Any]:
    """An agency as the public may read it: names, offices, channels, named persons, its licences with their answers."""
    rows = Agency.objects.select_related("authority").annotate(former=records.FORMERLY)
    agency = rows.filter(number=number).first()
    licences = list(public_many(_licences_of(agency), at=at).values()) if agency else []
    if agency is not None and not licences:
        records.as_it_stays(number)
    if agency is None or not licences:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    first = json.loads(licences[0].body)
    today = days.local_day(at, agency.authority.zone)
    persons = Appointment.objects.filter(
        agency=agency, role__in=PUBLIC_ROLES, public_name=True, first_day__lte=today
    )
    open_now = persons.filter(last_day__isnull=True) | persons.filter(last_day__gte=today)
    return {
        "number": agency.number,
        "name": agency.legal_name,
        "latin_name": agency.latin_name,
        "trading_names": first["holder"]["trading_names"],
        "country": agency.country,
        "company_register": agency.company_register,
        "company_number": agency.company_number,
        "lei": agency.lei,
        "authority": first["authority"],
        "offices": first["offices"],
        "channels": first["channels"],
        "persons": [
            {
                "name": a.person.name,
                "latin_name": a.person.latin_name,
                "role": a.role,
                "first_day": a.first_day.isoformat(),
            }
            for a in open_now.select_related("person").order_by("role", "pk")
        ],
        "linked_to": agency.linked_to,
        "formerly": agency.former,
        "licences": [_licence_of_agency(one) for one in licences],
        "sequence": max(one.sequence for one in licences),
    }


def _licence_of_agency(one: PublishedAnswer) -> dict[str, Any]:
    body = json.loads(one.body)
    return {
        k: body[k] for k in ("number", "verdict", "standing", "class", "scope", "since", "until", "sequence")
    }


# --- the change feed ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """A piece of the feed: gap-free numbers in commit order. ``last``: the newest number there is."""

    data: list[dict[str, Any]]
    last: int
    oldest: int


_CHANGES: Final = f"""
SELECT found.sequence, found.recorded_at, found.image ->> 'action', found.image ->> 'kind',
       (found.image ->> 'published')::boolean, found.image ->> 'effective_from', l.number, a.number,
       (found.image ->> 'id')::bigint, l.id
FROM ({journal.IN_ORDER}) found
LEFT JOIN registry_licence l ON l.id = (found.image ->> 'licence_id')::bigint
LEFT JOIN registry_agency a ON a.id = (found.image ->> 'agency_id')::bigint
ORDER BY found.sequence
"""  # noqa: S608 - put together from the pieces above


def changes(*, after: int, limit: int, at: datetime) -> Changes:
    """Published entries with a number above ``after``, read from the change journal in commit order (rulings 26).

    Numbers that hold nothing public at ``at``, spent sanctions and what was said of them too (rulings 14), are there as
    ``{"sequence": n, "action": null}``, so a reader sees no gap.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"after": after, "limit": limit})
        rows = cursor.fetchall()
    spent = _spent({row[9] for row in rows if row[9] is not None and row[3] != Kind.OBSERVATION}, at)
    rows = [(*row[:4], row[4] and row[8] not in spent, *row[5:8]) for row in rows]
    data = [
        {
            "sequence": sequence,
            "recorded_at": answer.rfc3339(recorded_at),
            "action": action if published else None,
            "kind": kind if published else None,
            "effective_from": answer.rfc3339(datetime.fromisoformat(effective))
            if published and effective
            else None,
            "licence": licence if published else None,
            "agency": agency if published else None,
        }
        for sequence, recorded_at, action, kind, published, effective, licence, agency in rows
    ]
    return Changes(data=data, last=sequence_now(), oldest=_oldest_change())


def _spent(licences: set[int], at: datetime) -> set[int]:
    """The entries of these licences that the public no longer reads at ``at``: spent sanctions, and what is of them."""
    if not licences:
        return set()
    held = Entry.objects.filter(
        licence__in=licences, effect__has_key="sanction", effect__public_months__isnull=False
    )
    rows = Entry.objects.filter(licence__in=held.values("licence")).select_related("commit").order_by("pk")
    of_licence: dict[int | None, list[Entry]] = {}
    for row in rows:
        of_licence.setdefault(row.licence_id, []).append(row)
    hidden: set[int] = set()
    for entries in of_licence.values():
        hidden |= answer.spent([records.as_fold(row) for row in entries], zone=entries[0].zone, at=at)
        for row in entries:
            if row.refers_to_id in hidden:
                hidden.add(row.pk)
    return hidden


def _oldest_change() -> int:
    first = RegisterCommit.objects.filter(count__gt=0).order_by("base").first()
    return int(first.base + 1) if first else 1
