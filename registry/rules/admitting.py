"""Whether a step with these terms may be taken: complete, grounded, about the right entry, after its notice.

Each refusal names the field. What an admitted step then means is worked out in ``freezing``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from registry.rules import days, duties, measures, occupations, standing
from registry.rules.entries import Entries
from registry.rules.errors import (
    BadInput,
    EntryNotFound,
    GroundNotAllowed,
    NoticeTooShort,
    Refused,
    StepIncomplete,
    StepNotAllowed,
)
from registry.rules.grounds import GROUNDS
from registry.rules.lifecycle import SUSPENSIONS, Action, Kind, Overlay, Scope, Step, StepTerms
from registry.rules.policy import Policy
from registry.rules.standing import Entry, Standing

_APPEALABLE: Final = frozenset({Kind.DECISION, Kind.ORDER, Kind.CORRECTION})
#: What each step that speaks of another entry may speak of.
TARGETS: Final[Mapping[Action, frozenset[Action]]] = {
    Action.RATIFY: frozenset({Action.SUSPEND_EMERGENCY}),
    Action.CONFIRM: frozenset({Action.SUSPEND_EMERGENCY, Action.SUSPEND_PREVENTIVE}),
    Action.EXTEND: frozenset(SUSPENSIONS),
    Action.LIFT: frozenset(SUSPENSIONS) | {Action.RESTRICT},
    Action.END_SURVEILLANCE: frozenset({Action.SURVEIL}),
    Action.REFUSE_RENEWAL: frozenset({Action.FILE_RENEWAL}),
    Action.END_APPEAL: frozenset({Action.FILE_APPEAL}),
    Action.END_STAY: frozenset({Action.STAY}),
    Action.REPRESENT: frozenset({Action.SHOW_CAUSE}),
    Action.HEAR: frozenset({Action.SHOW_CAUSE, Action.SUSPEND_PREVENTIVE, Action.SUSPEND_EMERGENCY}),
    Action.PERFORM: duties.CREATES,
    Action.PAY: frozenset({Action.FINE, Action.ORDER_REPAYMENT}),
}
#: Steps that are taken on a measure which is not over yet.
_ON_OPEN: Final = frozenset({Action.RATIFY, Action.CONFIRM, Action.EXTEND, Action.LIFT})
#: Steps that say their word about an entry once.
_ONCE: Final = frozenset(
    {
        Action.RATIFY,
        Action.CONFIRM,
        Action.END_SURVEILLANCE,
        Action.REFUSE_RENEWAL,
        Action.SET_ASIDE,
        Action.END_APPEAL,
        Action.END_STAY,
    }
)
#: Steps whose notice is of the effect, so that a decision for a later day gives it as well.
_NOTICE_OF_EFFECT: Final = frozenset({Action.VARY, Action.RESTRICT, Action.CANCEL, Action.SURRENDER})
#: Interim measures against danger: a review lifts them or sets them aside, nothing stays them meanwhile.
_NOT_STAYED: Final = frozenset({Action.SUSPEND_PREVENTIVE, Action.SUSPEND_EMERGENCY, Action.RATIFY})
#: Fields of the terms that any step may carry.
_ALWAYS: Final = frozenset(
    {"grounds", "texts", "restricted_reasons", "no_conflict", "order_reference", "extra"}
)
_DAYS: Final = ("effective", "until", "first_day", "last_day", "notice_served_on")


@dataclass(frozen=True, slots=True)
class Case:
    """The licence as it stands when the step is taken: its entries, class, zone and the policy of the day."""

    entries: Sequence[Entry]
    standing: Standing
    licence_class: str
    zone: str
    policy: Policy

    def entry(self, ref: int) -> Entry:
        """The entry with that ``ref``; refuses when the licence has none."""
        for entry in self.entries:
            if entry.ref == ref:
                return entry
        raise EntryNotFound("the licence has no such entry", field="refers_to")


def admit(step: Step, terms: StepTerms, case: Case, *, at: datetime, refers_to: int | None) -> Entry | None:
    """The entry that the step speaks of, if any; refuses what the table does not allow at ``at``."""
    if case.standing.state not in step.sources:
        raise StepNotAllowed(
            "{action} is not a step from {state}",
            action=step.action.value, state=case.standing.state.value,
        )  # fmt: skip
    _complete(step, terms)
    _days_are_days(terms)
    _grounded(step, terms)
    if step.action is Action.FILE_RENEWAL and standing.renewal_asked(case.entries, at=at):
        raise StepNotAllowed("a renewal of that term has been filed before", action=step.action.value)
    _points_reach(step, terms, case, at)
    if step.action is Action.SUSPEND_EMERGENCY:
        _no_chain(terms, case, at)
    target = case.entry(refers_to) if refers_to is not None else None
    if target is not None:
        _target_fits(step, target, case, at)
        _duty_fits(step, terms, target, case)
    _notice_has_run(step, terms, case, at)
    return target


def targets(step: Step, case: Case, *, at: datetime) -> tuple[Entry, ...]:
    """The entries that the step could speak of at ``at``, the newest first."""
    entries, fitting = Entries(case.entries), []
    for entry in reversed(entries.valid):
        if step.action in _ONCE and any(e.action is step.action for e in entries.about(entry)):
            continue
        try:
            _target_fits(step, entry, case, at)
        except Refused:
            continue
        fitting.append(entry)
    return tuple(fitting)


def _complete(step: Step, terms: StepTerms) -> None:
    """Every field that the step needs is there, and none that it does not know."""
    empty = StepTerms()
    given = {name for name in StepTerms.__dataclass_fields__ if getattr(terms, name) != getattr(empty, name)}
    for name in sorted(step.needs):
        if name not in given:
            raise StepIncomplete("{action} needs {field}", field=name, action=step.action.value)
    known = step.needs | step.optional | _ALWAYS
    for name in sorted(given - known):
        raise StepIncomplete("{action} does not take {field}", field=name, action=step.action.value)
    if step.action is Action.DEBAR and terms.permanent == (terms.until is not None):
        raise StepIncomplete("a bar has a last day or is permanent", field="until", action=step.action.value)


def _days_are_days(terms: StepTerms) -> None:
    """No day lies where calendars end, and every instant knows its offset."""
    for name in _DAYS:
        value = getattr(terms, name)
        if value is None:
            continue
        if value.year not in days.YEARS:
            raise BadInput("a day of the years 1900 to 2200 is needed", field=name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise BadInput("an instant needs an offset", field=name)


def _grounded(step: Step, terms: StepTerms) -> None:
    """Grounds are known, are there where the step needs one, and can carry it."""
    for ground in terms.grounds:
        if ground not in GROUNDS:
            raise GroundNotAllowed("{ground} is not a ground", field="grounds", ground=ground)
    if step.grounds is None:
        return
    if not terms.grounds:
        raise StepIncomplete("{action} needs a ground", field="grounds", action=step.action.value)
    if not set(terms.grounds) & step.grounds:
        raise GroundNotAllowed(
            "none of {grounds} can carry {action}",
            field="grounds", allowed=sorted(step.grounds), grounds=list(terms.grounds), action=step.action.value,
        )  # fmt: skip


def _points_reach(step: Step, terms: StepTerms, case: Case, at: datetime) -> None:
    """What rests upon the points alone needs as many on the ledger as the policy says (L3, L6 and its notice)."""
    wanted = (
        case.policy.surveillance_points if step.action is Action.SURVEIL else case.policy.show_cause_points
    )
    if "POINTS" in terms.grounds and not set(terms.grounds) & (step.grounds or set()) - {"POINTS"}:
        counted = measures.points(Entries(case.entries), at)
        if counted < wanted:
            raise GroundNotAllowed(
                "{points} points count; {action} upon points needs {wanted}",
                field="grounds", points=counted, wanted=wanted, action=step.action.value,
            )  # fmt: skip


def _no_chain(terms: StepTerms, case: Case, at: datetime) -> None:
    """What nobody ratified does not begin again by one officer upon the same ground: two may suspend upon it (L4)."""
    entries = Entries(case.entries)
    for earlier in entries.those(Action.SUSPEND_EMERGENCY):
        lapses = earlier.deadline("ratify_by")
        if lapses is None or any(
            e.action in {Action.RATIFY, Action.CONFIRM} and e.effective_from < lapses
            for e in entries.about(earlier)
        ):
            continue
        free = days.end_of(
            days.local_day(lapses, case.zone) + timedelta(days=case.policy.preventive_max_days), case.zone
        )
        if at < free and set(earlier.grounds) & set(terms.grounds):
            raise GroundNotAllowed(
                "an emergency upon that ground was not ratified; two officers may suspend upon it",
                field="grounds", until=free.isoformat(),
            )  # fmt: skip


def _target_fits(step: Step, target: Entry, case: Case, at: datetime) -> None:
    """The entry spoken of is of the right sort and still open."""
    allowed = TARGETS.get(step.action)
    if allowed is not None and target.action not in allowed:
        raise StepNotAllowed(
            "{action} cannot speak of {subject}",
            field="refers_to",
            action=step.action.value,
            subject=target.action,
        )
    if step.action in {Action.SET_ASIDE, Action.STAY, Action.FILE_APPEAL} and target.kind not in _APPEALABLE:
        raise StepNotAllowed("{kind} cannot be appealed", field="refers_to", kind=target.kind)
    if step.action is Action.STAY and target.action in _NOT_STAYED:
        raise StepNotAllowed("an interim measure is not stayed: lift it or set it aside", field="refers_to")
    if step.action is Action.END_SURVEILLANCE:
        _watched_long_enough(target, case, at)
    if step.action is Action.FILE_APPEAL and any(
        e.action is Action.FILE_APPEAL for e in Entries(case.entries).about(target)
    ):
        raise StepNotAllowed("an appeal against that entry has been filed before", field="refers_to")
    if step.action is Action.MEET_CONDITION and not any(
        ref == target.ref for ref, _ in case.standing.conditions
    ):
        raise StepNotAllowed("that entry has no open condition", field="refers_to")
    if step.action in _ON_OPEN and target.ref not in standing.open_measures(case.entries, at=at):
        raise StepNotAllowed("that measure is not open", field="refers_to")
    if step.action is Action.PAY and not measures.outstanding(Entries(case.entries), target):
        raise StepNotAllowed("that is paid in full", field="refers_to")
    if step.action is Action.PERFORM and not _undone(target, case):
        raise StepNotAllowed("that measure asks for nothing more", field="refers_to")


def _undone(target: Entry, case: Case) -> list[duties.Task]:
    """The duties of a measure of which nobody has said that they were done."""
    return [task for task in duties.of(Entries(case.entries), target, zone=case.zone) if task.done is None]


def _duty_fits(step: Step, terms: StepTerms, target: Entry, case: Case) -> None:
    """What was done is a duty of that measure, and was not done before."""
    if step.action is Action.PERFORM and terms.duty not in {
        task.duty.value for task in _undone(target, case)
    }:
        raise BadInput("that measure has no such open duty", field="duty")


def _watched_long_enough(surveillance: Entry, case: Case, at: datetime) -> None:
    """The months of the watch have run and the points are below its threshold again (L3)."""
    policy, began = case.policy, days.local_day(surveillance.effective_from, case.zone)
    earliest = days.first_instant(days.add_months(began, policy.surveillance_months), case.zone)
    if at < earliest:
        raise StepNotAllowed(
            "a holder is watched for {months} months",
            field="refers_to", earliest=earliest.isoformat(), months=policy.surveillance_months,
        )  # fmt: skip
    counted = measures.points(Entries(case.entries), at)
    if counted >= policy.surveillance_points:
        raise StepNotAllowed(
            "the points have not fallen below the threshold",
            field="refers_to", points=counted, wanted=policy.surveillance_points,
        )  # fmt: skip


def _notice_has_run(step: Step, terms: StepTerms, case: Case, at: datetime) -> None:
    """The days of notice have run since it was served, or will have run when the effect begins."""
    if step.notice is None or _needs_no_notice(step, terms, case.standing):
        return
    wanted = timedelta(days=getattr(case.policy, step.notice))
    today = days.local_day(at, case.zone)
    if step.action in _NOTICE_OF_EFFECT and terms.effective is not None:
        begins = _local_day(terms.effective, case.zone)
        if begins >= today + wanted:
            return
    if step.action is Action.SURRENDER:
        raise NoticeTooShort("a surrender needs {days} days", field="effective", days=wanted.days)
    served = terms.notice_served_on
    if served is None or served + wanted > today:
        raise NoticeTooShort(
            "{days} days must run after the notice", field="notice_served_on", days=wanted.days
        )


def _needs_no_notice(step: Step, terms: StepTerms, now: Standing) -> bool:
    """What may be done without notice: a gift, an urgent cut, the end of a company that is no more."""
    match step.action:
        case Action.VARY:
            return not _takes_away(terms, now)
        case Action.RESTRICT:
            return terms.immediate
        case Action.CANCEL:
            return "ENTITY-DISSOLVED" in terms.grounds
        case _:
            return False


def _takes_away(terms: StepTerms, now: Standing) -> bool:
    """Whether a variation leaves the holder with less than before."""
    if terms.conditions or (terms.provisional and Overlay.PROVISIONAL not in now.overlays):
        return True
    return terms.scope is not None and narrows(now.scope, terms.scope)


def narrows(before: Scope, after: Scope) -> bool:
    """Whether ``after`` leaves out something of ``before``; an empty list is everything."""
    countries = after.corridors and not (before.corridors and set(before.corridors) <= set(after.corridors))
    jobs = after.occupations and not (
        before.occupations and all(occupations.within(job, after.occupations) for job in before.occupations)
    )
    return bool(countries or jobs)


def _local_day(value: date | datetime, zone: str) -> date:
    return days.local_day(value, zone) if isinstance(value, datetime) else value
