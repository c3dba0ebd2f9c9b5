"""Who is barred, as the public reads it: persons and agencies in one list, the newest decision first.

A bar of a person is told for as long as the policy that was frozen into it says (``bars``): by name, never by the
number, day of birth or paper of the person. A bar of an agency is one decision, however many licences it ended (ADR 5);
it is told here as in the answers of those licences. A bar that was set aside or entered in error never was, and is not
told. ``complete_since`` says from which day nothing is left out, so that silence is never read as a clean record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import DurationField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT

from registry import bars, person_names, records
from registry.models import Agency, Entry, Person
from registry.rules import days, errors
from registry.rules.entries import Entries
from registry.rules.lifecycle import Action

KINDS: Final = ("person", "agency")
STATES: Final = ("coming", "in_force", "stayed", "over")
_AT_ONCE: Final = 500
"""Decisions that are read together where most of them may be told no more."""
_MARGIN: Final = timedelta(days=4)
"""Months have unlike lengths: 29 March less a month is 28 February, of which a month later is 28 March."""
_SPOKEN: Final = """
WITH RECURSIVE spoken AS (
    SELECT unnest(%s::bigint[]) AS id
    UNION SELECT x.id FROM registry_entry x JOIN spoken s ON x.refers_to_id = s.id
) SELECT id FROM spoken"""
_ROOTS: Final = {"person": Action.BAR_PERSON, "agency": Action.DEBAR}


@dataclass(frozen=True, slots=True)
class Debarment:
    """A bar that the public may read of.

    ``sequence``: the number of its entry. ``agency``: of a bar of an agency, its number. ``scope``: of a person's, from
    which roles (``bars.SCOPES``); ``any_role`` of an agency's. ``last_day`` ``None``: for ever, or until it is ended.
    ``public_until``: the last day on which it is told; ``None``: nobody can say yet, or for ever.
    """

    sequence: int
    kind: str
    state: str
    name: str
    latin_name: str
    agency: str
    authority: str
    authority_name: dict[str, str]
    country: str
    zone: str
    scope: str
    grounds: tuple[str, ...]
    decided_on: date
    first_day: date
    last_day: date | None
    appeal_open: bool
    appeal_until: datetime | None
    public_until: date | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list; ``next``: the ``after`` of the following one. ``complete_since`` ``None``: all is told."""

    data: tuple[Debarment, ...]
    next: int | None
    complete_since: date | None


@dataclass(frozen=True, slots=True)
class _Read:
    """A bar and whether the public may read of it; ``void``: it never was."""

    told: Debarment
    hidden: bool
    void: bool


def listed(
    *, at: datetime, kind: str = "", country: str = "", q: str = "", after: int | None = None, limit: int
) -> Page:
    """The bars that anyone may read of at ``at``; of one ``kind``, of the authorities of one country, of a name.

    ``q``: each word of it is, or begins, a word of the name. ``after``: the ``next`` of the page before.
    """
    rows = _roots(kind, country)
    shown = _shown(_named(rows, q) if q else rows, after, at=at, chunk=limit + 1)
    found = [told for told, _ in zip(shown, range(limit + 1), strict=False)]
    following = found[limit - 1].sequence if len(found) > limit else None
    return Page(tuple(found[:limit]), following, _complete_since(rows, at=at))


def one(sequence: int, *, at: datetime) -> Debarment:
    """The bar of that number; refuses one that the public may not read of, or no longer."""
    for read in _read(list(_roots("", "").filter(place=sequence)), at=at):
        if not (read.hidden or read.void):
            return read.told
    raise errors.DebarmentNotFound("the public reads of no bar under this number", number=sequence)


def _roots(kind: str, country: str) -> QuerySet[Any]:
    """The decisions, the newest first: of one that bars an agency, its entry on the first of the licences."""
    beside = Entry.objects.filter(
        commit=OuterRef("commit"), action=Action.DEBAR, ordinal__lt=OuterRef("ordinal")
    )
    of_agency = Q(action=Action.DEBAR, published=True) & ~Q(effect__has_key="decided_in") & ~Exists(beside)
    wanted = {"person": Q(action=Action.BAR_PERSON), "agency": of_agency}
    rows = Entry.objects.filter(wanted[kind] if kind else wanted["person"] | of_agency)
    # Said once more in plain words, so that the index of bars serves.
    rows = rows.filter(action__in=[_ROOTS[kind]] if kind else [*_ROOTS.values()])
    if country:
        rows = rows.filter(authority__country=country)
    rows = rows.annotate(place=F("commit__base") + 1 + F("ordinal")).order_by("-place")
    return rows.select_related("authority", "commit", "agency", "licence__agency")


def _named(rows: QuerySet[Any], q: str) -> QuerySet[Any]:
    barred = Person.objects.filter(debarments__isnull=False)
    persons = person_names.called(barred, q).values_list("number", flat=True)
    decided = Entry.objects.filter(action=Action.DEBAR, agency__isnull=False).values("agency")
    firms = Agency.objects.filter(Q(debarments__isnull=False) | Q(pk__in=decided))  # merged records too
    agencies = [row.pk for row in firms if person_names.begins(q, row.legal_name, row.latin_name)]
    return rows.filter(
        Q(effect__person__in=list(persons)) | Q(licence__agency__in=agencies) | Q(agency__in=agencies)
    )


def _shown(rows: QuerySet[Any], after: int | None, *, at: datetime, chunk: int) -> Iterator[Debarment]:
    """The bars of these decisions that may be read of, read piece by piece."""
    while True:
        some = list((rows if after is None else rows.filter(place__lt=after))[:chunk])
        for read in _read(some, at=at):
            if not (read.hidden or read.void):
                yield read.told
        if len(some) < chunk:
            return
        after, chunk = some[-1].sequence, _AT_ONCE


def _complete_since(rows: QuerySet[Any], *, at: datetime) -> date | None:
    """The day after the newest decision of ``rows`` that is not told (any more), or ``None``.

    Asked are only those whose publication can be over: an end is known, and the months of it have gone by since the
    decision at the least.
    """
    spoken = Entry.objects.filter(refers_to=OuterRef("pk"))
    months = Func(
        KT("effect__public_months"),
        template="make_interval(months => (%(expressions)s)::int)",
        output_field=DurationField(),
    )
    ends = (
        Q(effect__last_day__gt="") | Q(effective_until__isnull=False) | Q(effect__public_months=0) | Exists(spoken)
    )  # fmt: skip
    candidates = rows.annotate(told_for=months).filter(ends, decided_at__lte=at + _MARGIN - F("told_for"))
    after: int | None = None
    while True:
        some = list((candidates if after is None else candidates.filter(place__lt=after))[:_AT_ONCE])
        for read in _read(some, at=at):
            if read.hidden and not read.void:
                return read.told.decided_on + timedelta(days=1)
        if len(some) < _AT_ONCE:
            return None
        after = some[-1].sequence


def _read(rows: Sequence[Entry], *, at: datetime) -> Iterator[_Read]:
    """What each of these decisions is now, in their order; as many queries for many as for one."""
    persons = {row.pk: row for row in rows if row.action == Action.BAR_PERSON}
    about = Entry.objects.filter(refers_to__in=persons).select_related("commit").order_by("pk")
    barred = {bar.ref: bar for bar in bars.folded([*persons.values(), *about])} if persons else {}
    named = Person.objects.in_bulk([bar.person for bar in barred.values()], field_name="number")
    held = _held([row for row in rows if row.pk not in persons])
    for row in rows:
        if (bar := barred.get(row.pk)) is not None:
            yield _of_person(row, bar, named[bar.person], at=at)
        else:
            yield _of_agency(row, held[row.pk], at=at)


def _held(rows: Sequence[Entry]) -> dict[int, Entries]:
    """Each of these bars of agencies with all that was said of it, and of that, by the bar's key.

    What is said of a bar refers to it, wherever it is entered: the record that it is of may have been merged since.
    """
    if not rows:
        return {}
    bars_ = [row.pk for row in rows]
    told = Entry.objects.filter(pk__in=RawSQL(_SPOKEN, [bars_])).select_related("commit")  # noqa: S611 - own words
    found: dict[int, list[Any]] = {}
    of: dict[int | None, int] = {key: key for key in bars_}
    for entry in told.order_by("pk"):  # a word is newer than what it is about
        bar = of.setdefault(entry.pk, of.get(entry.refers_to_id, entry.pk))
        found.setdefault(bar, []).append(records.as_fold(entry))
    return {bar: Entries(entries) for bar, entries in found.items()}


def _of_person(row: Entry, bar: bars.Bar, person: Person, *, at: datetime) -> _Read:
    today = days.local_day(at, row.zone)
    state = bar.state(today)
    told = Debarment(
        **_common(row), kind="person", state=state, name=person.name, latin_name=person.latin_name, agency="",
        scope=bar.scope, decided_on=bar.decided_on, first_day=bar.first_day, last_day=bar.last_day,
        appeal_open=bar.appeal_open, appeal_until=bar.appeal_until, public_until=bar.public_until,
    )  # fmt: skip
    # One that has not begun is not told yet, and nothing is missing for it: it will be.
    return _Read(told, hidden=bar.spent(today), void=bar.void or state == "coming")


def _of_agency(row: Entry, held: Entries, *, at: datetime) -> _Read:
    bar, zone, today = held.by_ref[row.pk], row.zone, days.local_day(at, row.zone)
    course = held.course(bar)
    ends = course[1] if course is not None else bar.effective_until
    last = days.local_day(ends - timedelta(microseconds=1), zone) if ends else None
    months = bar.effect.get("public_months")
    public_until = None if months is None or last is None else days.add_months(last, int(months))
    agency = row.licence.agency if row.licence else row.agency
    if agency is None:
        raise AssertionError("a bar is of an agency")
    told = Debarment(
        **_common(row), kind="agency", state=_state(bar, held, last, today, at), name=agency.legal_name,
        latin_name=agency.latin_name, agency=agency.number, scope="any_role",
        decided_on=days.local_day(row.decided_at, zone), first_day=days.local_day(bar.effective_from, zone),
        last_day=last, appeal_open=_appealed(bar, held, at), appeal_until=bar.deadline("appeal_until"),
        public_until=public_until,
    )  # fmt: skip
    hidden = months == 0 or (public_until is not None and public_until < today)
    return _Read(told, hidden=hidden, void=bar not in held.valid or held.set_aside(bar, at))


def _common(row: Entry) -> dict[str, Any]:
    authority = row.authority
    return {
        "sequence": row.sequence,
        "authority": authority.code,
        "authority_name": dict(authority.name),
        "country": authority.country,
        "zone": row.zone,
        "grounds": tuple(row.grounds),
    }


def _state(bar: Any, held: Entries, last: date | None, today: date, at: datetime) -> str:
    if held.stayed(bar, at):
        return "stayed"
    if at < bar.effective_from:
        return "coming"
    return "over" if last is not None and last < today else "in_force"


def _appealed(bar: Any, held: Entries, at: datetime) -> bool:
    """Whether an appeal against the bar is open."""
    filed = held.followed(bar, at, Action.FILE_APPEAL)
    return any(not held.followed(appeal, at, Action.END_APPEAL) for appeal in filed)
