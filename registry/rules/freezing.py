"""From a step and its terms to what is frozen into the entry: its effect, its instants, its deadlines.

``freeze`` is the only place that reads the policy of the day; the fold later reads the frozen values alone,
so that a changed policy rewrites no past (rulings 2). It refuses what the law does not allow, naming the
field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from registry.rules import days
from registry.rules.errors import (
    BackdatingRefused,
    BadInput,
    EntryNotFound,
    GroundNotAllowed,
    NoticeTooShort,
    StepIncomplete,
    StepNotAllowed,
    SuspensionOpen,
    TermRefused,
)
from registry.rules.grounds import GROUNDS, SANCTIONS
from registry.rules.lifecycle import SUSPENSIONS, Action, Effect, Kind, Scope, Stay, Step, StepTerms
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
}
#: Fields of the terms that any step may carry.
_ALWAYS: Final = frozenset(
    {"grounds", "texts", "restricted_reasons", "no_conflict", "order_reference", "extra"}
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What an entry will hold for ever. Instants are UTC; ``deadlines`` and ``effect`` are plain JSON."""

    effective_from: datetime
    effective_until: datetime | None = None
    effect: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)


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


def freeze(step: Step, terms: StepTerms, case: Case, *, at: datetime, refers_to: int | None) -> Frozen:
    """What this step with these terms means, taken at ``at``; or a refusal that names the field.

    ``refers_to`` is the ``ref`` behind ``terms.refers_to``.
    """
    if case.standing.state not in step.sources:
        raise StepNotAllowed(
            f"{step.action} is not a step from {case.standing.state}",
            action=step.action.value, state=case.standing.state.value,
        )  # fmt: skip
    _complete(step, terms)
    _grounded(step, terms)
    target = case.entry(refers_to) if refers_to is not None else None
    _target_fits(step, target, case)
    _notice_has_run(step, terms, case, at)
    effective = _effective_from(step, terms, case, at)
    effect: dict[str, Any] = {}
    deadlines: dict[str, str] = {}
    _freeze_terms(step, terms, case, effect, at=at)
    _freeze_scope(terms, effect)
    _freeze_until(step, terms, case, effect, effective)
    _freeze_deadlines(step, case, deadlines, at=at, effective=effective)
    if step.action is Action.FILE_APPEAL and target is not None:
        effect["stays"] = _appeal_stays(target, at)
    if step.stay is not Stay.NONE:
        effect |= {"stay": step.stay.value, "immediate": terms.immediate}
    if step.sanction is not None:
        _freeze_sanction(step, terms, case, effect, deadlines, at=at)
    _freeze_money(step, terms, effect)
    if terms.order_reference:
        effect["order_reference"] = terms.order_reference
    if step.action is Action.SET_ASIDE:
        effect["ab_initio"] = terms.ab_initio
    if step.action is Action.SURRENDER and terms.extra.get("under_investigation"):
        effect["under_investigation"] = True
    until = _effective_until(step, terms, case)
    if until is not None and until <= effective:
        raise TermRefused("the end is not after the beginning", field="until")
    return Frozen(effective_from=effective, effective_until=until, effect=effect, deadlines=deadlines)


# --- refusals ---------------------------------------------------------------------------------------------


def _complete(step: Step, terms: StepTerms) -> None:
    """Every field that the step needs is there, and none that it does not know."""
    empty = StepTerms()
    given = {name for name in StepTerms.__dataclass_fields__ if getattr(terms, name) != getattr(empty, name)}
    for name in sorted(step.needs):
        if name not in given:
            raise StepIncomplete(f"{step.action} needs {name}", field=name, action=step.action.value)
    known = step.needs | step.optional | _ALWAYS
    for name in sorted(given - known):
        raise StepIncomplete(f"{step.action} does not take {name}", field=name, action=step.action.value)


def _grounded(step: Step, terms: StepTerms) -> None:
    """Grounds are known, are there where the step needs one, and can carry it."""
    for ground in terms.grounds:
        if ground not in GROUNDS:
            raise GroundNotAllowed(f"{ground!r} is not a ground", field="grounds", ground=ground)
    if step.grounds is None:
        return
    if not terms.grounds:
        raise StepIncomplete(f"{step.action} needs a ground", field="grounds", action=step.action.value)
    if not set(terms.grounds) & step.grounds:
        raise GroundNotAllowed(
            f"none of {', '.join(terms.grounds)} can carry {step.action}",
            field="grounds", allowed=sorted(step.grounds),
        )  # fmt: skip


def _target_fits(step: Step, target: Entry | None, case: Case) -> None:
    """The entry spoken of is of the right sort and still open."""
    if target is None:
        return
    allowed = TARGETS.get(step.action)
    if allowed is not None and target.action not in allowed:
        raise StepNotAllowed(f"{step.action} cannot speak of {target.action}", field="refers_to")
    if step.action in {Action.SET_ASIDE, Action.STAY, Action.FILE_APPEAL} and target.kind not in _APPEALABLE:
        raise StepNotAllowed(f"{target.kind} cannot be appealed", field="refers_to")
    if step.action is Action.MEET_CONDITION and not any(
        ref == target.ref for ref, _ in case.standing.conditions
    ):
        raise StepNotAllowed("that entry has no open condition", field="refers_to")
    if target.action in SUSPENSIONS and step.action in {Action.RATIFY, Action.CONFIRM, Action.EXTEND}:
        is_open = any(s.ref == target.ref for s in case.standing.suspensions)
        if not is_open:
            raise StepNotAllowed("that suspension is not open", field="refers_to")


def _notice_has_run(step: Step, terms: StepTerms, case: Case, at: datetime) -> None:
    """The days of notice have run between service and decision (or, for a surrender, until its effect)."""
    if step.notice is None:
        return
    wanted = timedelta(days=getattr(case.policy, step.notice))
    today = days.local_day(at, case.zone)
    if step.action is Action.SURRENDER:
        stated = terms.effective
        day = days.local_day(stated, case.zone) if isinstance(stated, datetime) else stated
        if day is not None and day < today + wanted:
            raise NoticeTooShort(f"a surrender needs {wanted.days} days", field="effective", days=wanted.days)
        return
    served = terms.notice_served_on
    if served is None or served + wanted > today:
        raise NoticeTooShort(
            f"{wanted.days} days must run after the notice", field="notice_served_on", days=wanted.days
        )


# --- instants ---------------------------------------------------------------------------------------------


def instant(value: date | datetime, zone: str) -> datetime:
    """A stated day as its first instant; an instant as it is (it must be aware)."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadInput("an instant needs an offset", field="effective")
        return value
    return days.first_instant(value, zone)


def _effective_from(step: Step, terms: StepTerms, case: Case, at: datetime) -> datetime:
    """When the effect begins; the past is refused but for orders, filings, facts and voiding."""
    zone, policy = case.zone, case.policy
    today = days.local_day(at, zone)
    earliest = at
    match step.effect:
        case Effect.NEXT_DAY:
            earliest = days.end_of(today, zone)
        case Effect.NEXT_WORKING_DAY:
            day = days.next_working_day(today, weekend=policy.weekend, holidays=policy.holidays)
            earliest = days.first_instant(day, zone)
        case Effect.AFTER_APPEAL if not terms.immediate:
            earliest = days.end_of(today + timedelta(days=policy.appeal_days), zone)
        case Effect.AFTER_STAY:
            day = days.add_working_days(
                today, policy.stay_end_working_days, weekend=policy.weekend, holidays=policy.holidays
            )
            earliest = days.first_instant(day, zone)
        case Effect.GRANT_DATE:
            return min(
                (e.effective_from for e in case.entries if e.action in {Action.GRANT, Action.ADOPT}),
                default=at,
            )
        case _:
            pass
    if terms.effective is None:
        return earliest
    if terms.effective == today:  # a decision "from today" has effect from the moment it is made
        return max(at, earliest)
    stated = instant(terms.effective, zone)
    if stated < earliest and step.kind not in {Kind.ORDER, Kind.FACT, Kind.FILING}:
        raise BackdatingRefused(
            f"{step.action} cannot have effect before {earliest.isoformat()}",
            field="effective", earliest=earliest.isoformat(),
        )  # fmt: skip
    return stated


def _effective_until(step: Step, terms: StepTerms, case: Case) -> datetime | None:
    """The end that is stated for entries whose effect simply stops: stays, cuts, bars, securities."""
    stops = {Action.STAY, Action.RESTRICT, Action.DEBAR, Action.CONFIRM_SECURITY}
    if step.action not in stops or terms.until is None:
        return None
    return _end(terms.until, case.zone)


def _end(value: date | datetime, zone: str) -> datetime:
    return instant(value, zone) if isinstance(value, datetime) else days.end_of(value, zone)


# --- what is frozen ---------------------------------------------------------------------------------------


def _freeze_terms(step: Step, terms: StepTerms, case: Case, effect: dict[str, Any], *, at: datetime) -> None:
    """Class, provisional flag, security needed and the term granted."""
    licence_class = terms.licence_class or case.licence_class
    if step.action in {Action.GRANT, Action.ADOPT} or terms.licence_class:
        effect["class"] = licence_class
        rule = case.policy.security_for(licence_class)
        if step.action is not Action.ADOPT:
            effect["security"] = {"amount": rule.amount, "currency": rule.currency} if rule else None
    if terms.provisional is not None:
        effect["provisional"] = terms.provisional
    if terms.conditions:
        effect["conditions"] = [dict(condition) for condition in terms.conditions]
    if terms.first_day is None or terms.last_day is None:
        return
    _term_fits(step, terms.first_day, terms.last_day, case, at)
    effect["term"] = {
        "first_day": terms.first_day.isoformat(),
        "last_day": terms.last_day.isoformat(),
        "starts_at": days.first_instant(terms.first_day, case.zone).isoformat(),
        "ends_at": days.end_of(terms.last_day, case.zone).isoformat(),
    }


def _term_fits(step: Step, first: date, last: date, case: Case, at: datetime) -> None:
    """A term is in order, not too long, and follows the one before as its step asks."""
    today = days.local_day(at, case.zone)
    if last < first:
        raise TermRefused("the last day is before the first", field="last_day")
    if last >= days.add_months(first, case.policy.max_term_months):
        months = case.policy.max_term_months
        raise TermRefused(f"a term is at most {months} months", field="last_day", months=months)
    ends = [date.fromisoformat(last_day) for _, last_day in case.standing.terms]
    if step.action is Action.RENEW and ends and first != max(ends) + timedelta(days=1):
        expected = max(ends) + timedelta(days=1)
        raise TermRefused(
            f"the next term begins on {expected}", field="first_day", first_day=expected.isoformat()
        )
    if step.action is Action.RENEW_LATE:
        if case.standing.suspensions:
            raise SuspensionOpen("a suspension is open; it must be lifted before a late renewal")
        if today > max(ends) + timedelta(days=case.policy.grace_days):
            raise TermRefused(
                "the days of grace are over; only a new application is possible", field="first_day"
            )
    if step.action in {Action.RENEW_LATE, Action.GRANT, Action.ADOPT} and first < today:
        raise BackdatingRefused(
            "a term cannot begin before the decision", field="first_day", earliest=str(today)
        )


def _freeze_scope(terms: StepTerms, effect: dict[str, Any]) -> None:
    """The scope given or cut, as plain lists."""
    if terms.scope is not None:
        effect["scope"] = _plain(terms.scope)
    if terms.cut is not None:
        effect["cut"] = _plain(terms.cut)
        effect["new_recruitment_only"] = terms.new_recruitment_only
        if not (terms.cut.corridors or terms.cut.occupations or terms.new_recruitment_only):
            raise StepIncomplete("a restriction cuts corridors, occupations or new recruitment", field="cut")


def _plain(scope: Scope) -> dict[str, list[str]]:
    return {"corridors": list(scope.corridors), "occupations": list(scope.occupations)}


def _freeze_until(
    step: Step, terms: StepTerms, case: Case, effect: dict[str, Any], effective: datetime
) -> None:
    """The end of a suspension and what must be met before it may be lifted."""
    if step.action not in SUSPENSIONS and step.action not in {Action.EXTEND, Action.CONFIRM}:
        return
    if terms.until is not None:
        end = _end(terms.until, case.zone)
        if end <= effective:
            raise TermRefused("the suspension would end before it begins", field="until")
        effect |= {"until": end.isoformat(), "zone": case.zone}
    elif step.action is Action.CONFIRM:
        effect["until"] = None
    if terms.conditions_to_lift:
        effect["conditions_to_lift"] = list(terms.conditions_to_lift)
    if step.action is Action.SUSPEND_DISCIPLINARY and terms.until is not None:
        longest = days.add_months(
            days.local_day(effective, case.zone), case.policy.cumulative_suspension_months
        )
        if _end(terms.until, case.zone) > days.end_of(longest, case.zone):
            raise TermRefused(
                "a disciplinary suspension is at most 12 months; propose revocation", field="until"
            )


def _freeze_deadlines(
    step: Step, case: Case, deadlines: dict[str, str], *, at: datetime, effective: datetime
) -> None:
    """The absolute instants that the law attaches to the step."""
    zone, policy = case.zone, case.policy
    today = days.local_day(at, zone)
    if step.appeal is not None:
        span = timedelta(days=getattr(policy, step.appeal))
        deadlines["appeal_until"] = days.end_of(today + span, zone).isoformat()
    if step.action is Action.SUSPEND_EMERGENCY:
        deadlines["ratify_by"] = (effective + timedelta(hours=policy.ratify_hours)).isoformat()
    if step.action in {Action.SUSPEND_EMERGENCY, Action.SUSPEND_PREVENTIVE}:
        last = days.local_day(effective, zone) + timedelta(days=policy.preventive_max_days)
        deadlines["confirm_by"] = days.end_of(last, zone).isoformat()
    if step.action is Action.GRANT:
        last = today + timedelta(days=policy.activation_days)
        deadlines["activate_by"] = days.end_of(last, zone).isoformat()
    if step.action is Action.DRAW_SECURITY:
        deadlines["replenish_by"] = days.end_of(today + timedelta(days=30), zone).isoformat()
    if step.action is Action.FILE_RENEWAL and case.standing.terms and policy.renewal_deemed_in_force:
        last = max(date.fromisoformat(last_day) for _, last_day in case.standing.terms)
        if today + timedelta(days=policy.renewal_filed_days) <= last:
            deadlines["deemed_until"] = days.end_of(
                last + timedelta(days=policy.renewal_deemed_days), zone
            ).isoformat()


def _appeal_stays(target: Entry, at: datetime) -> bool:
    """Whether an appeal filed then suspends the decision by itself: in time, and not one at once."""
    appeal_until = target.deadline("appeal_until")
    in_time = appeal_until is not None and at < appeal_until
    return bool(
        in_time and target.effect.get("stay") == Stay.BY_APPEAL.value and not target.effect.get("immediate")
    )


def _freeze_sanction(  # noqa: PLR0913 - the same arguments as its siblings
    step: Step,
    terms: StepTerms,
    case: Case,
    effect: dict[str, Any],
    deadlines: dict[str, str],
    *,
    at: datetime,
) -> None:
    """Points, their life, how long the public reads it, and what an appeal will do."""
    assert step.sanction is not None  # noqa: S101 - for the type checker; the caller asked
    points = terms.points if terms.points is not None else SANCTIONS[step.sanction].points
    if not 0 <= points <= 100:
        raise BadInput("points are a whole number from 0 to 100", field="points")
    effect |= {"sanction": step.sanction.value, "points": points}
    effect["public_months"] = case.policy.public_months(step.sanction)
    if points:
        last = days.add_months(days.local_day(at, case.zone), case.policy.points_months)
        deadlines["points_until"] = days.end_of(last, case.zone).isoformat()


def _freeze_money(step: Step, terms: StepTerms, effect: dict[str, Any]) -> None:
    """An amount as decimal text with its ISO 4217 code."""
    if not terms.amount:
        return
    try:
        amount = Decimal(terms.amount)
    except InvalidOperation:
        raise BadInput("the amount is not a decimal number", field="amount") from None
    if not amount.is_finite() or amount <= 0 or amount >= Decimal(10) ** 15:
        raise BadInput("the amount must be above zero and below 10^15", field="amount")
    if not (len(terms.currency) == 3 and terms.currency.isascii() and terms.currency.isupper()):
        raise BadInput("the currency is an ISO 4217 code of three letters", field="currency")
    effect |= {"amount": format(amount, "f"), "currency": terms.currency}
    if step.action is Action.CONFIRM_SECURITY:
        effect["issuer"] = terms.issuer
