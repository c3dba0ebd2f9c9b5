"""Taking a step: the entry and all that follows from it, inside the transaction of ``licensing`` and of no one else.

Freeze the effect, append the entry, keep the sanction, project the licence with its history, republish, index, queue
the news. The numbers are taken by ``close`` as the transaction's last act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q, QuerySet

from registry import history, ledger, news, publishing, records
from registry.models import (
    Agency,
    Authority,
    Debarment,
    Entry,
    EntryText,
    Licence,
    PublishedRecord,
    RegisterCommit,
    Sanction,
    Term,
)
from registry.rules import days, errors, freezing, numbering, standing
from registry.rules.entries import Entries
from registry.rules.lifecycle import STEPS, Action, Kind, State, Step, StepTerms
from registry.search import indexing


def not_barred(agency: Agency, at: datetime, *, renewal: bool = False) -> None:
    """Refuse a new licence to an agency that is barred or dissolved at ``at`` or will be, also while that is stayed.

    A bar ends the licences that it met, so one given after the bar was decided would outlive it. A ``renewal``, of a
    licence that the bar has met, is refused only while the bar has effect.
    """
    bars = records.bars_of(agency.pk)
    met = _bars_in_effect(bars, at) if renewal else bars_to_heed(bars, at)
    if any(bar.action is Action.DEBAR for bar in met):
        raise errors.AgencyDebarred("the agency is debarred", number=agency.number)
    if met:
        raise errors.StepNotAllowed("the agency's company is dissolved", number=agency.number)


def _bars_in_effect(bars: Entries, at: datetime) -> list[standing.Entry]:
    found = bars.in_effect(at, Action.DEBAR, Action.CANCEL)
    return [e for e in found if records.is_of_agency(e.action, e.grounds)]


def bars_to_heed(bars: Entries, at: datetime) -> list[standing.Entry]:
    """What a licence given at ``at`` would meet: bars in effect, still to begin, or stayed; oldest first."""
    coming = bars.to_come(at, Action.DEBAR, Action.CANCEL)
    heeded = {e.ref: e for e in coming if records.is_of_agency(e.action, e.grounds)}
    heeded |= {e.ref: e for e in _bars_in_effect(bars, at)}
    return [heeded[ref] for ref in sorted(heeded)]


def inherit_bars(licence: Licence, commit: ledger.Commit, *, at: datetime) -> Entry | None:
    """Enter on a licence that came later, from a list, the bars that its agency is under; the last entry made, if any.

    Each bar with all that was said of it, as its sisters have them, so that whatever is decided on the bar later meets
    this licence too. The caller holds the agency's lock: no bar is decided meanwhile.
    """
    about = Entry.objects.filter(
        agency__in=records.family(licence.agency_id), action__in=records.ABOUT_BARS
    ).order_by("pk")
    rows = {row.pk: row for row in about.prefetch_related("texts")}
    bars: dict[int, Entry] = {}
    for bar in bars_to_heed(records.bars_of(licence.agency_id, own_at=at), at):
        bars.setdefault(_decided_in(rows[bar.ref]), rows[bar.ref])
    last = None
    for bar_row in bars.values():
        made: dict[int | None, Entry] = {}
        for row in rows.values():
            if row.pk == bar_row.pk or row.refers_to_id in made:
                last = made[row.pk] = commit.add(_sister(row, licence, made.get(row.refers_to_id)))
                _copy_texts(row, last)
                _write_sanction(last, licence.agency, STEPS[Action(row.action)])
    return last


def _sister(row: Entry, licence: Licence, refers_to: Entry | None) -> Entry:
    """The same decision on another licence; it names the commit in which it was decided."""
    own = {"id", "commit_id", "ordinal", "licence_id", "refers_to_id", "effect"}
    same = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in own}
    return Entry(
        **same, licence=licence, refers_to=refers_to, effect=row.effect | {"decided_in": _decided_in(row)}
    )


def _decided_in(row: Entry) -> int:
    """The commit in which the decision was made: what is one decision on many licences has it in common."""
    return int(row.effect.get("decided_in", row.commit_id))


def _copy_texts(row: Entry, to: Entry) -> None:
    EntryText.objects.bulk_create(
        EntryText(entry=to, language=text.language, text=text.text, restricted=text.restricted)
        for text in row.texts.all()
    )


def row_behind(licence: Licence, sequence: int | None) -> int | None:
    """The row behind a sequence number that an officer named."""
    return None if sequence is None else _named(Entry.objects.filter(licence=licence), sequence).pk


def of_agency(agency: Agency, sequence: int | None) -> bool:
    """Whether the entry of that number is a bar or the end of the agency, or speaks of one, however indirectly."""
    entry = None if sequence is None else _named(_about(agency), sequence)
    while entry is not None and not records.is_of_agency(Action(entry.action), entry.grounds):
        entry = entry.refers_to
    return entry is not None


def action_behind(agency: Agency, sequence: int | None) -> Action | None:
    """What was decided in the entry that an officer named."""
    return None if sequence is None else Action(_named(_about(agency), sequence).action)


def _beside(agency: Agency, sequence: int) -> Mapping[int | None, int]:
    """The entry that an officer named and its sisters: one decision about many licences, by licence id."""
    named = _named(_about(agency), sequence)
    commit = _decided_in(named)
    same = Q(commit=commit) | Q(effect__decided_in=commit)
    sisters = _about(agency).filter(same, action=named.action)
    return dict(sisters.values_list("licence_id", "pk"))


def _about(agency: Agency) -> QuerySet[Entry]:
    """What was entered about the agency, also under a number that was merged into this one."""
    return Entry.objects.filter(agency__in=records.family(agency.pk))


def _named(entries: QuerySet[Entry], sequence: int) -> Entry:
    for entry in entries.filter(commit__base__lt=sequence).select_related("commit").order_by("-pk"):
        if entry.sequence == sequence:
            return entry
    raise errors.EntryNotFound("there is no such entry", field="refers_to", sequence=sequence)


def state_of(licence: Licence, *, at: datetime) -> State:
    """The canonical state at ``at``, folded from the entries and not read from the projection."""
    entries = records.fold_entries(licence.pk)
    return standing.at(entries, at=at).state if entries else State.NOT_GRANTED


def case_of(
    licence: Licence, at: datetime, *, known: Sequence[standing.Entry] | None = None
) -> freezing.Case:
    """The licence as a step taken at ``at`` would meet it; that of an agency itself, without a number, too.

    ``known``: its entries, from a caller who has read them.
    """
    entries = known
    if entries is None:
        entries = records.fold_entries(licence.pk) if licence.pk else _entries_of_its_own(licence.agency)
    now = standing.at(entries, at=at)
    return freezing.Case(
        entries=entries,
        standing=now,
        licence_class=now.licence_class or licence.licence_class,
        zone=licence.authority.zone,
        policy=records.current_policy(licence.authority_id, at=at),
    )


def _entries_of_its_own(agency: Agency) -> list[standing.Entry]:
    """The entries of an agency that had no licence when it was barred or dissolved."""
    rows = _about(agency).filter(licence__isnull=True, action__in=records.ABOUT_BARS)
    return [records.as_fold(row) for row in rows.select_related("commit").order_by("pk")]


def freeze(
    licence: Licence, step: Step, terms: StepTerms, *, at: datetime
) -> tuple[freezing.Frozen, freezing.Case, int | None]:
    """What the step would freeze, taken now: with the case it was judged on and the row that it speaks of."""
    return _freeze(licence, step, terms, at=at, refers_to=row_behind(licence, terms.refers_to))


def freeze_for_agency(
    agency: Agency, licences: Sequence[Licence], step: Step, terms: StepTerms, *, at: datetime
) -> list[tuple[Licence, freezing.Frozen, freezing.Case, int | None]]:
    """The same on all licences of an agency: each speaks of its own entry beside the one that the terms name.

    An agency without a licence that can take the step takes a bar or its end, and what is said of that, itself: its
    own place is a licence without a number.
    """
    itself = Licence(authority=agency.authority, agency=agency)
    places: list[tuple[Licence, int | None]]
    if terms.refers_to is None:
        places = [(licence, None) for licence in licences]
        if not places and records.is_of_agency(step.action, terms.grounds):
            places = [(itself, None)]
    else:
        beside = _beside(agency, terms.refers_to)
        found = {licence.pk: licence for licence in licences}
        places = [
            (found.get(key or 0, itself), ref) for key, ref in beside.items() if not key or key in found
        ]
    return [(licence, *_freeze(licence, step, terms, at=at, refers_to=ref)) for licence, ref in places]


def on_every_licence(step: Step, terms: StepTerms) -> Step:
    """The step of an agency; the end of a company also closes what is only listed or waits for its grant."""
    if not records.is_of_agency(step.action, terms.grounds):
        return step
    return replace(step, sources=step.sources | {State.LISTED, State.NOT_GRANTED})


def _freeze(
    licence: Licence, step: Step, terms: StepTerms, *, at: datetime, refers_to: int | None
) -> tuple[freezing.Frozen, freezing.Case, int | None]:
    case = case_of(licence, at)
    if step.action in {Action.GRANT, Action.ADOPT, Action.RENEW, Action.RENEW_LATE}:
        not_barred(licence.agency, at, renewal=step.action in {Action.RENEW, Action.RENEW_LATE})
    frozen = freezing.freeze(step, terms, case, at=at, refers_to=refers_to)
    if step.action is Action.ACTIVATE:
        _security_in_force(case, frozen, at)
    return frozen, case, refers_to


def _security_in_force(case: freezing.Case, frozen: freezing.Frozen, at: datetime) -> None:
    """An activation needs the security that the grant asks for, confirmed with its issuer."""
    trial = standing.Entry(
        ref=max((e.ref for e in case.entries), default=0) + 1,
        action=Action.ACTIVATE,
        kind=Kind.DECISION,
        decided_at=at,
        recorded_at=at,
        effective_from=frozen.effective_from,
    )
    starts = [e.effect["term"]["starts_at"] for e in case.entries if "term" in e.effect]
    good_from = max([frozen.effective_from, *(datetime.fromisoformat(s) for s in starts[:1])])
    if "security.missing" in standing.at([*case.entries, trial], at=good_from).reasons:
        raise errors.SecurityNotConfirmed(
            "the security that this class needs is not confirmed with its issuer"
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """The entries of one transaction, whose numbers are still to be taken by ``close``: then they know them."""

    commit: ledger.Commit
    entries: tuple[Entry, ...]

    def close(self, *, by: str, at: datetime) -> None:
        """Take the numbers: the last statement of the transaction."""
        told = self.commit.close(by=by, at=at)
        row = RegisterCommit(
            id=told.id, base=told.base, count=told.count, recorded_at=told.recorded_at, by=by
        )
        for entry in self.entries:
            entry.commit = row


def take(
    licences: Sequence[Licence],
    step: Step,
    terms: StepTerms,
    *,
    officers: Sequence[str],
    at: datetime,
    agency: Agency,
    together: bool = False,
    commit: ledger.Commit | None = None,
) -> Taken:
    """Append the entry to each licence, project, publish. The caller closes the commit as its last act.

    ``together``: the step is of the agency, so it is taken on all its licences at once. ``commit``: one that holds
    entries of the same transaction already.
    """
    by = officers[-1]
    if together:
        frozen_on = freeze_for_agency(agency, licences, step, terms, at=at)
    else:
        frozen_on = [(licence, *freeze(licence, step, terms, at=at)) for licence in licences]
    if not frozen_on:
        raise errors.StepNotAllowed("no licence of the agency can take {action}", action=step.action.value)
    alone = commit is None  # a commit of the caller's may hold entries of these licences that no case knows
    commit = commit or ledger.Commit()
    made: list[Entry] = []
    for licence, frozen, case, refers_to in frozen_on:
        if step.action is Action.ADOPT:
            _renumber(licence, terms, by=by, at=at)
        entry = commit.add(_entry(licence, step, terms, frozen, case, refers_to, officers, at))
        _write_texts(entry, terms)
        _write_sanction(entry, agency, step)
        if entry.licence is not None:
            known = [*case.entries, records.as_fold(entry, at)] if alone else None
            _project(licence, commit, entry, known, by=by, at=at)
        made.append(entry)
    if together:
        _project_bars(agency, by=by, at=at, reason=step.action.value)
    if step.action in {Action.GRANT, Action.ADOPT}:
        indexing.index([agency.number])
    news.put()
    return Taken(commit, tuple(made))


def _renumber(licence: Licence, terms: StepTerms, *, by: str, at: datetime) -> None:
    """A listed licence that is adopted gets a number of the authority; the reference it had leads there."""
    letter = numbering.class_letter(terms.licence_class or "")
    was, licence.number = licence.number, str(next_licence(licence.authority, letter))
    licence.origin, licence.licence_class = "decided", letter
    history.save(licence, by=by, at=at, reason="adopted")
    PublishedRecord.objects.filter(licence=licence).delete()
    stub = Licence(
        number=was, authority=licence.authority, agency=licence.agency, licence_class=letter, origin="listed",
        state="listed", renumbered_to=licence,
    )  # fmt: skip
    history.save(stub, by=by, at=at, reason=f"adopted as {licence.number}")


def next_licence(authority: Authority, letter: str) -> numbering.Parts:
    """The next number of this authority and class; the serial is used up with the transaction."""
    country, code = authority.code.split("-", 1)
    prefix = f"{authority.code}-{letter}"
    return ledger.next_number(
        prefix, lambda after: numbering.next_licence(country, code, letter, after=after)
    )


def _entry(
    licence: Licence, step: Step, terms: StepTerms, frozen: freezing.Frozen, case: freezing.Case,
    refers_to: int | None, officers: Sequence[str], at: datetime,
) -> Entry:  # fmt: skip
    return Entry(
        authority=licence.authority,
        licence=licence if licence.pk else None,
        agency=licence.agency,
        kind=step.kind.value,
        action=step.action.value,
        step=step.code,
        decided_at=at,
        effective_from=frozen.effective_from,
        effective_until=frozen.effective_until,
        effective_day=days.local_day(frozen.effective_from, case.zone),
        zone=case.zone,
        refers_to_id=refers_to,
        grounds=list(terms.grounds),
        effect=dict(frozen.effect),
        deadlines=dict(frozen.deadlines),
        policy_version=case.policy.version,
        law=case.policy.law,
        published=step.published,
        officers=list(officers),
    )


def _write_texts(entry: Entry, terms: StepTerms) -> None:
    EntryText.objects.bulk_create(
        [EntryText(entry=entry, language=language, text=text) for language, text in terms.texts.items()]
        + (
            [EntryText(entry=entry, language="-", text=terms.restricted_reasons, restricted=True)]
            if terms.restricted_reasons
            else []
        )
    )


def _write_sanction(entry: Entry, agency: Agency, step: Step) -> None:
    if step.sanction is None:
        return
    Sanction.objects.create(
        entry=entry,
        agency=agency,
        licence=entry.licence,
        kind=step.sanction.value,
        points=entry.effect.get("points", 0),
        points_until=_when(entry.deadlines.get("points_until")),
        public_months=entry.effect.get("public_months"),
        amount=entry.effect.get("amount"),
        currency=entry.effect.get("currency", ""),
    )


def _project(
    licence: Licence, commit: ledger.Commit, entry: Entry, known: Sequence[standing.Entry] | None, *, by: str,
    at: datetime,
) -> None:  # fmt: skip
    """Bring the licence's columns, terms and published record up to what its entries now mean.

    ``known``: all of them, read since the licence was locked; else they are read.
    """
    entries = records.fold_entries(licence.pk, own_at=at) if known is None else known
    life = standing.spans(entries)
    now = next(span.standing for span in life if span.end is None or at < span.end)
    licence.state, licence.may_recruit = now.state.value, now.may_recruit
    licence.licence_class = now.licence_class or licence.licence_class
    licence.scope = {"corridors": list(now.scope.corridors), "occupations": list(now.scope.occupations)}
    licence.version += 1
    history.save(licence, by=by, at=at, reason=entry.action)
    _project_terms(licence, life, by=by, at=at, reason=entry.action)
    publishing.publish(licence, entries, commit_id=commit.id, ordinal=entry.ordinal, at=at)


def _project_terms(
    licence: Licence, life: Sequence[standing.Span], *, by: str, at: datetime, reason: str
) -> None:
    wanted = {(date.fromisoformat(a), date.fromisoformat(z)) for a, z in life[-1].standing.terms}
    held = {(t.days.lower, t.days.upper - timedelta(days=1)): t for t in licence.terms.all()}
    for key in held.keys() - wanted:
        history.delete(held[key], by=by, at=at, reason=reason)
    for first, last in sorted(wanted - held.keys()):
        history.save(Term(licence=licence, days=DateRange(first, last, "[]")), by=by, at=at, reason=reason)


def _project_bars(agency: Agency, *, by: str, at: datetime, reason: str) -> None:
    """Bring the agency's bars, by their days, up to what the entries about them now mean."""
    zone = agency.authority.zone
    wanted: dict[tuple[date, date | None], standing.Entry] = {}
    bars = records.bars_of(agency.pk, own_at=at)
    for bar in bars.those(Action.DEBAR):
        if (course := bars.course(bar)) is not None:
            begins, ends = course
            last = days.local_day(ends - timedelta(microseconds=1), zone) if ends else None
            wanted[days.local_day(begins, zone), last] = bar
    held = {(row.first_day, row.last_day): row for row in agency.debarments.all()}
    for key in held.keys() - wanted.keys():
        history.delete(held[key], by=by, at=at, reason=reason)
    for key in sorted(wanted.keys() - held.keys(), key=str):
        row = Debarment(
            authority=agency.authority, agency=agency, first_day=key[0], last_day=key[1],
            grounds=list(wanted[key].grounds),
        )  # fmt: skip
        history.save(row, by=by, at=at, reason=reason)


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
