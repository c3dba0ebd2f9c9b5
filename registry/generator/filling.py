"""Fills the register with invented agencies and licences: set-based, batch by batch, each batch one commit of its own.

What a decision leaves behind is all there: entries with frozen effects, the projection and its terms, sanctions,
history, the journal (by its triggers), the published answers, the sequence numbers. So ``audit`` finds no difference.
Agencies, offices and licences take their numbers from series that nothing else uses, in a transaction before, so that
several processes can fill one register. The search index is made last: its words are counted once.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction

from registry import agencies, ledger, news, records, statistics
from registry.generator import rows, words
from registry.generator.lives import Life, Lives, filled, plain
from registry.models import (
    Agency,
    Authority,
    Channel,
    Entry,
    Licence,
    NumberSeries,
    Office,
    PublishedRecord,
    Sanction,
    Term,
    TradingName,
)
from registry.rules import days, errors, numbering
from registry.rules.lifecycle import Actor, Role
from registry.rules.numbering import Kind
from registry.search import indexing

AUTHORITY: Final = "XZ-GEN"
"""The authority of everything generated; its licences' numbers begin with this."""

BATCH: Final = 5_000
"""Licences in one commit."""

MOST: Final = 5_000_000
"""More than this is not generated at once."""

#: Holders that are made searchable at a time: their words are counted once.
_INDEXED: Final = 50_000
_BY: Final = "GENERATOR"
_OFFICERS: Final = ("GENERATOR-1", "GENERATOR-2")
#: Numbers of agencies and offices without a country in front begin here: no register gets that far by itself.
_RESERVED: Final = 900_000_000
#: Every such holder has a second licence, or a trading name.
_SECOND_LICENCE, _TRADED = 8, 3
_PLANS: Final = 400
_RULES: Final = {"law": "DEMO Act", "legal_terms": {"active": "In Force", "suspended": "Suspended"}}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit wrote: the numbers of its licences, their authority and how many there are by now."""

    numbers: tuple[str, ...]
    authority: str
    done: int


def fill(licences: int, *, at: datetime, batch: int = BATCH) -> Iterator[Batch]:
    """Add ``licences`` invented licences with their holders, recorded ``at``; yields after every commit.

    What was yielded stays when the caller stops early. Memory does not grow with the number. Nothing of it can be
    searched before ``make_searchable``.
    """
    if not 0 <= licences <= MOST:
        raise errors.BadInput(f"from 0 to {MOST} licences at a time", field="licences")
    authority = _authority(at)
    policy = records.current_policy(authority.pk, at=at)
    holder = Agency(authority=authority, country=authority.country)
    nobody = records.public_facts(Licence(origin="decided"), holder, (), (), (), records.stated(authority.pk))
    lives = Lives(nobody, policy, at=at, plans=max(60, min(_PLANS, licences // 40)))
    writer = _Writer(authority, lives, version=policy.version, law=policy.law, at=at)
    done = 0
    while done < licences:
        numbers = writer.write(min(batch, licences - done))
        done += len(numbers)
        yield Batch(numbers, authority.code, done)


def make_searchable(progress: Callable[[int], None] = lambda _done: None) -> None:
    """Have every generated holder found by its names and its web domain; may be repeated.

    ``progress`` is told how many holders are done.
    """
    last, done = "", 0
    with connection.cursor() as cursor:
        statistics.take(cursor, "registry_agency", "registry_licence")
    while True:
        held = Agency.objects.filter(authority__code=AUTHORITY, number__gt=last).order_by("number")
        numbers = list(held.values_list("number", flat=True)[:_INDEXED])
        if not numbers:
            break
        with transaction.atomic():
            indexing.index(numbers)
        last, done = numbers[-1], done + len(numbers)
        progress(done)
    with transaction.atomic():
        indexing.recount()


def _authority(at: datetime) -> Authority:
    """The generator's own authority, created when first needed."""
    found = Authority.objects.filter(code=AUTHORITY).first()
    if found is None:
        system = Actor("SYSTEM", None, frozenset({Role.SYSTEM}))
        name = {"en": "DEMO Authority of Generated Licences"}
        agencies.create_authority(AUTHORITY, name=name, zone="Asia/Kathmandu", rules=_RULES, by=system, at=at)
        found = Authority.objects.get(code=AUTHORITY)
    return found


@dataclass(frozen=True, slots=True)
class _Holder:
    """An agency to be written, and the facts of it that stand in its licences' answers."""

    id: int
    serial: int
    traded: bool
    facts: Mapping[str, str]
    plain: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    """A licence to be written: its place among the rows, its holder and its life."""

    id: int
    number: str
    holder: _Holder
    life: Life
    entries: tuple[int, ...]
    facts: Mapping[str, str]


class _Writer:
    """Writes batches of licences with their holders, each in one transaction."""

    def __init__(self, authority: Authority, lives: Lives, *, version: int, law: str, at: datetime) -> None:
        self._authority = authority
        self._lives = lives
        self._version = version
        self._law = law
        self._at = at

    def write(self, count: int) -> tuple[str, ...]:
        """One commit of ``count`` licences; their numbers."""
        with transaction.atomic():
            Authority.objects.select_for_update().get(
                pk=self._authority.pk
            )  # one at a time, in no other order
            holders = self._holders(count - count // (_SECOND_LICENCE + 1))
            held = self._licences(count, holders)
        self._commit(holders, held)
        return tuple(one.number for one in held)

    @transaction.atomic(durable=True)
    def _commit(self, holders: Sequence[_Holder], held: Sequence[_Held]) -> None:
        commit = ledger.Commit()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        self._write_holders(holders)
        self._write_licences(held)
        self._write_entries(held, commit)
        self._write_published(held, commit)
        news.put()
        commit.close(by=_BY, at=self._at)

    # --- what is to be written -----------------------------------------------------------------------------------

    def _holders(self, count: int) -> list[_Holder]:
        offices = _next_references(Kind.OFFICE, count)
        made = []
        for key, number, office in zip(
            rows.ids(Agency, count), _next_references(Kind.AGENCY, count), offices, strict=True
        ):
            serial = int(number.split("-")[1]) - _RESERVED
            named = words.holder(serial)
            facts = {
                "agency": number,
                "office": office,
                "name": named.name,
                "trading_name": named.trading_name,
                "address": named.address,
                "locality": named.locality,
                "domain": named.domain,
                "email": f"office@{named.domain}",
            }
            made.append(_Holder(key, serial, serial % _TRADED == 0, facts, plain(facts)))
        return made

    def _licences(self, count: int, holders: Sequence[_Holder]) -> list[_Held]:
        owners = [*holders, *holders[::_SECOND_LICENCE]][:count]
        owners += owners[: count - len(owners)]
        series = _Series(self._authority)
        drawn = [
            (holder, self._lives.of(holder.serial + place, traded=holder.traded))
            for place, holder in enumerate(owners)
        ]
        entries = iter(rows.ids(Entry, sum(len(life.taken) for _, life in drawn)))
        held = []
        for key, (holder, life) in zip(rows.ids(Licence, count), drawn, strict=True):
            number = series.next(life.licence_class)
            own = tuple(islice(entries, len(life.taken)))
            held.append(_Held(key, number, holder, life, own, {**holder.plain, "number": number}))
        series.keep()
        return held

    # --- writing it ----------------------------------------------------------------------------------------------

    def _write_holders(self, holders: Sequence[_Holder]) -> None:
        country, authority = self._authority.country, self._authority.pk
        rows.add(
            Agency,
            ("id", "number", "authority_id", "legal_name", "country", "company_register", "company_number", "address",
             "locality"),
            ((h.id, h.facts["agency"], authority, h.facts["name"], country, "GEN", str(h.serial), h.facts["address"],
              h.facts["locality"]) for h in holders),
            by=_BY, at=self._at,
        )  # fmt: skip
        rows.add(
            Office,
            ("id", "number", "agency_id", "kind", "address", "locality", "country"),
            ((key, h.facts["office"], h.id, "head", h.facts["address"], h.facts["locality"], country)
             for key, h in zip(rows.ids(Office, len(holders)), holders, strict=True)),
            by=_BY, at=self._at,
        )  # fmt: skip
        channels = [(h, kind) for h in holders for kind in ("domain", "email")]
        rows.add(
            Channel,
            ("id", "agency_id", "kind", "value", "as_given"),
            ((key, h.id, kind, h.facts[kind], h.facts[kind])
             for key, (h, kind) in zip(rows.ids(Channel, len(channels)), channels, strict=True)),
            by=_BY, at=self._at,
        )  # fmt: skip
        traded = [h for h in holders if h.traded]
        rows.add(
            TradingName,
            ("id", "agency_id", "name"),
            ((key, h.id, h.facts["trading_name"])
             for key, h in zip(rows.ids(TradingName, len(traded)), traded, strict=True)),
            by=_BY, at=self._at,
        )  # fmt: skip

    def _write_licences(self, held: Sequence[_Held]) -> None:
        rows.add(
            Licence,
            ("id", "number", "authority_id", "agency_id", "licence_class", "origin", "state", "may_recruit", "scope",
             "version"),
            ((one.id, one.number, self._authority.pk, one.holder.id, one.life.licence_class, "decided",
              one.life.state, one.life.may_recruit, _scope(one.life), 1 + len(one.life.taken)) for one in held),
            by=_BY, at=self._at,
        )  # fmt: skip
        terms = [(one.id, first, last) for one in held for first, last in one.life.terms]
        rows.add(
            Term,
            ("id", "licence_id", "days"),
            ((key, licence, f"[{first},{last}]")
             for key, (licence, first, last) in zip(rows.ids(Term, len(terms)), terms, strict=True)),
            by=_BY, at=self._at,
        )  # fmt: skip

    def _write_entries(self, held: Sequence[_Held], commit: ledger.Commit) -> None:
        ordinal = commit.reserve(sum(len(one.life.taken) for one in held))
        columns = (
            "id", "commit_id", "ordinal", "authority_id", "licence_id", "agency_id", "kind", "action", "step",
            "decided_at", "effective_from", "effective_until", "effective_day", "zone", "refers_to_id", "grounds",
            "effect", "deadlines", "policy_version", "law", "published", "officers",
        )  # fmt: skip
        with rows.copying(Entry, columns) as write:
            for one in held:
                for key, row in zip(one.entries, self._entry_rows(one.life), strict=True):
                    about = one.entries[row[8] - 1] if row[8] else None
                    write((key, commit.id, ordinal, self._authority.pk, one.id, one.holder.id, *row[:8], about,
                           *row[9:]))  # fmt: skip
                    ordinal += 1
        told = ("entry_id", "agency_id", "licence_id", "kind", "points", "points_until", "public_months")
        with rows.copying(Sanction, told) as write:
            for one in held:
                for key, (step, entry) in zip(one.entries, one.life.taken, strict=True):
                    if step.sanction is not None:
                        points, until = entry.effect.get("points", 0), entry.deadlines.get("points_until")
                        write((key, one.holder.id, one.id, step.sanction.value, points, until,
                               entry.effect.get("public_months")))  # fmt: skip

    def _entry_rows(self, life: Life) -> Iterator[tuple[Any, ...]]:
        """The columns of each entry that it shares with the entries of all such lives."""
        zone = self._authority.zone
        for step, entry in life.taken:
            yield (
                entry.kind.value, entry.action.value, step.code, entry.decided_at, entry.effective_from,
                entry.effective_until, days.local_day(entry.effective_from, zone), zone, entry.refers_to,
                json.dumps(entry.grounds), json.dumps(entry.effect), json.dumps(entry.deadlines), self._version,
                self._law, step.published, json.dumps(_OFFICERS[: step.officers]),
            )  # fmt: skip

    def _write_published(self, held: Sequence[_Held], commit: ledger.Commit) -> None:
        columns = (
            "number", "licence_id", "span", "state", "result", "may_recruit", "body", "withhold_from", "commit_id",
            "ordinal", "agency_number", "authority_code", "country", "licence_class", "corridors",
        )  # fmt: skip
        newest = -1
        code, country = self._authority.code, self._authority.country
        with rows.copying(PublishedRecord, columns) as write:
            for one in held:
                newest += len(one.life.taken)
                for piece, parts in one.life.pieces:
                    span, body = _span(piece.start, piece.end), filled(parts, one.facts)
                    write((one.number, one.id, span, piece.state, piece.result, piece.may_recruit, body,
                           piece.withhold_from, commit.id, newest, one.holder.facts["agency"], code, country,
                           piece.licence_class, list(piece.corridors)))  # fmt: skip


class _Series:
    """The licence numbers of one authority, given on within one transaction."""

    def __init__(self, authority: Authority) -> None:
        self._country, self._code = authority.code.split("-", 1)
        self._locked: dict[str, NumberSeries] = {}

    def next(self, letter: str) -> str:
        """The next number of that class."""
        prefix = f"{self._country}-{self._code}-{letter}"
        series = self._locked.get(prefix)
        if series is None:
            series = self._locked[prefix] = _series(prefix)
        return _given(series, lambda serial: numbering.licence(self._country, self._code, letter, serial))

    def keep(self) -> None:
        """Remember what was given."""
        for series in self._locked.values():
            series.save()


def _series(prefix: str, start: int = 0) -> NumberSeries:
    NumberSeries.objects.get_or_create(prefix=prefix, defaults={"last": start})
    return NumberSeries.objects.select_for_update().get(prefix=prefix)


def _next_references(kind: Kind, count: int) -> list[str]:
    """``count`` numbers of ``kind`` from the generator's own part of the numbers."""
    series = _series(f"{kind.value} {AUTHORITY}", start=_RESERVED)
    numbers = [_given(series, lambda serial: numbering.reference(kind, serial)) for _ in range(count)]
    series.save()
    return numbers


def _given(series: NumberSeries, number: Callable[[int], str]) -> str:
    """The next number of a locked series; a serial whose check symbol is unreadable is passed over."""
    while True:
        series.last += 1
        try:
            return number(series.last)
        except numbering.SerialSkipped:
            continue


def _scope(life: Life) -> str:
    return json.dumps({"corridors": life.scope.corridors, "occupations": life.scope.occupations})


def _span(start: datetime, end: datetime | None) -> str:
    until = end.astimezone(UTC).isoformat() if end is not None else ""
    return f"[{start.astimezone(UTC).isoformat()},{until})"
