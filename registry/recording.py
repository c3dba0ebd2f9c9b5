"""Taking a step: the entry and all that follows from it, inside the transaction of ``licensing`` and of no one else.

Freeze the effect, append the entry, keep the sanction, project the licence with its history, republish, index, queue
the news. The numbers are taken by ``close`` as the transaction's last act.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from registry import history, indexing, ledger, news, publishing, records
from registry.models import Agency, Debarment, Entry, EntryText, Licence, Sanction, Term
from registry.rules import days, errors, freezing, standing
from registry.rules.lifecycle import Action, Kind, Step, StepTerms


def not_barred(agency: Agency, at: datetime) -> None:
    today = days.local_day(at, agency.authority.zone)
    bars = Debarment.objects.filter(agency=agency, first_day__lte=today)
    if bars.filter(last_day__isnull=True).exists() or bars.filter(last_day__gte=today).exists():
        raise errors.AgencyDebarred("the agency is debarred", number=agency.number)


def row_behind(licence: Licence, sequence: int | None) -> int | None:
    """The row behind a sequence number that an officer named."""
    if sequence is None:
        return None
    found = (
        Entry.objects.filter(licence=licence, commit__base__lt=sequence)
        .select_related("commit")
        .order_by("-pk")
    )
    for entry in found:
        if entry.sequence == sequence:
            return int(entry.pk)
    raise errors.EntryNotFound("the licence has no such entry", field="refers_to", sequence=sequence)


def _case(licence: Licence, at: datetime) -> freezing.Case:
    entries = records.fold_entries(licence.pk)
    now = standing.at(entries, at=at)
    return freezing.Case(
        entries=entries,
        standing=now,
        licence_class=now.licence_class or licence.licence_class,
        zone=licence.authority.zone,
        policy=records.current_policy(licence.authority_id, at=at),
    )


def freeze(
    licence: Licence, step: Step, terms: StepTerms, *, at: datetime
) -> tuple[freezing.Frozen, freezing.Case, int | None]:
    case = _case(licence, at)
    if step.action in {Action.GRANT, Action.ADOPT, Action.RENEW, Action.RENEW_LATE}:
        not_barred(licence.agency, at)
    refers_to = row_behind(licence, terms.refers_to)
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


def take(
    licences: Sequence[Licence],
    step: Step,
    terms: StepTerms,
    *,
    officers: Sequence[str],
    at: datetime,
    agency: Agency,
) -> list[Entry]:
    """Append the entry to each licence, project, publish. The caller closes the commit as its last act."""
    commit = ledger.Commit()
    made: list[Entry] = []
    for licence in licences:
        frozen, case, refers_to = freeze(licence, step, terms, at=at)
        entry = commit.add(_entry(licence, step, terms, frozen, case, refers_to, officers, at))
        _write_texts(entry, terms)
        _write_sanction(entry, licence, step)
        _project(licence, commit, entry, by=officers[-1], at=at)
        made.append(entry)
    if step.action is Action.DEBAR:
        _write_debarment(agency, terms, made, by=officers[-1], at=at)
    for entry in made:
        entry._opened_commit = commit  # type: ignore[attr-defined]  # noqa: SLF001 - carried to _close_commit
    if not made:
        raise errors.StepNotAllowed(
            f"no licence of the agency can take {step.action}", action=step.action.value
        )
    if step.action in {Action.GRANT, Action.ADOPT}:
        indexing.index([agency.number])
    news.put()
    return made


def close(made: Sequence[Entry], *, by: str, at: datetime) -> None:
    """The last statement of the transaction: the numbers are taken."""
    made[0]._opened_commit.close(by=by, at=at)  # type: ignore[attr-defined]  # noqa: SLF001
    for entry in made:
        entry.refresh_from_db(fields=["commit"])


def _entry(
    licence: Licence, step: Step, terms: StepTerms, frozen: freezing.Frozen, case: freezing.Case,
    refers_to: int | None, officers: Sequence[str], at: datetime,
) -> Entry:  # fmt: skip
    day = terms.effective if type(terms.effective) is date else None
    return Entry(
        authority=licence.authority,
        licence=licence,
        agency=licence.agency,
        kind=step.kind.value,
        action=step.action.value,
        step=step.code,
        decided_at=at,
        effective_from=frozen.effective_from,
        effective_until=frozen.effective_until,
        effective_day=day or days.local_day(frozen.effective_from, case.zone),
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


def _write_sanction(entry: Entry, licence: Licence, step: Step) -> None:
    if step.sanction is None:
        return
    Sanction.objects.create(
        entry=entry,
        agency=licence.agency,
        licence=licence,
        kind=step.sanction.value,
        points=entry.effect.get("points", 0),
        points_until=_when(entry.deadlines.get("points_until")),
        public_months=entry.effect.get("public_months"),
        amount=entry.effect.get("amount"),
        currency=entry.effect.get("currency", ""),
    )


def _write_debarment(
    agency: Agency, terms: StepTerms, made: Sequence[Entry], *, by: str, at: datetime
) -> None:
    zone = agency.authority.zone
    until = made[0].effective_until if made else None
    history.save(
        Debarment(
            authority=agency.authority,
            agency=agency,
            first_day=days.local_day(made[0].effective_from if made else at, zone),
            last_day=days.local_day(until - timedelta(microseconds=1), zone) if until else None,
            grounds=list(terms.grounds),
        ),
        by=by,
        at=at,
        reason="debarred",
    )


def _project(licence: Licence, commit: ledger.Commit, entry: Entry, *, by: str, at: datetime) -> None:
    """Bring the licence's columns, terms and published record up to what its entries now mean."""
    entries = records.fold_entries(licence.pk, own_at=at)
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


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
