"""From a step and its terms to what is frozen into the entry: its effect, its instants, its deadlines.

``freeze`` is the only place that reads the policy of the day; the fold later reads the frozen values alone,
so that a changed policy rewrites no past (rulings 2). It refuses what the law does not allow, naming the
field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from registry.rules import admitting, days, securities, standing
from registry.rules.admitting import Case
from registry.rules.errors import (
    BackdatingRefused,
    BadInput,
    StepIncomplete,
    SuspensionOpen,
    TermRefused,
)
from registry.rules.grounds import SANCTIONS
from registry.rules.lifecycle import SUSPENSIONS, Action, Effect, Kind, Scope, Stay, Step, StepTerms
from registry.rules.standing import Entry

__all__ = ["Case", "Frozen", "freeze", "instant"]

_GIVING_A_TERM: Final = frozenset({Action.GRANT, Action.ADOPT, Action.RENEW, Action.RENEW_LATE})
_HAPPENED: Final = frozenset({Action.SHOW_CAUSE, Action.REPRESENT, Action.HEAR, Action.PERFORM, Action.PAY})
"""What is recorded of something that has happened already."""
_COUNTED: Final[Mapping[Action, tuple[str, str]]] = {
    Action.GRANT: ("activate_by", "activation_days"),
    Action.DRAW_SECURITY: ("replenish_by", "replenish_days"),
    Action.SHOW_CAUSE: ("represent_by", "representation_days"),
    Action.FINE: ("pay_by", "fine_days"),
    Action.ORDER_REPAYMENT: ("pay_by", "repayment_days"),
}
"""The deadline that a step sets, and the policy's field with its days."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What an entry will hold for ever. Instants are UTC; ``deadlines`` and ``effect`` are plain JSON."""

    effective_from: datetime
    effective_until: datetime | None = None
    effect: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)


def freeze(step: Step, terms: StepTerms, case: Case, *, at: datetime, refers_to: int | None) -> Frozen:
    """What this step with these terms means, taken at ``at``; or a refusal that names the field.

    ``refers_to`` is the ``ref`` behind ``terms.refers_to``.
    """
    target = admitting.admit(step, terms, case, at=at, refers_to=refers_to)
    effective = _effective_from(step, terms, case, target, at)
    effect: dict[str, Any] = {}
    deadlines: dict[str, str] = {}
    _freeze_terms(step, terms, case, effect, at=at)
    _freeze_scope(step, terms, case, effect)
    _freeze_until(step, terms, case, effect, target=target, effective=effective, at=at)
    _freeze_deadlines(step, terms, case, deadlines, at=at, effective=effective)
    if step.kind is Kind.FILING:
        _freeze_filing(terms, case, effect, target=target, effective=effective)
    if step.action is Action.LIFT and target is not None and target.action is Action.SUSPEND_DISCIPLINARY:
        _freeze_lift(case, target, deadlines, effective=effective, at=at)
    if step.stay is not Stay.NONE:
        effect |= {"stay": _stay(step, terms, case, effective).value, "immediate": terms.immediate}
    if step.sanction is not None:
        _freeze_sanction(step, terms, case, effect, deadlines, at=at)
    _freeze_money(step, terms, case, effect, target=target)
    _freeze_words(step, terms, effect)
    until = _effective_until(step, terms, case)
    if until is not None and until <= effective:
        raise TermRefused("the end is not after the beginning", field="until")
    return Frozen(effective_from=effective, effective_until=until, effect=effect, deadlines=deadlines)


def _freeze_words(step: Step, terms: StepTerms, effect: dict[str, Any]) -> None:
    """What was said beside days, scope and money."""
    if terms.order_reference:
        effect["order_reference"] = terms.order_reference
    if "ab_initio" in step.optional:
        effect["ab_initio"] = terms.ab_initio
    if step.action is Action.DEBAR:
        effect["permanent"] = terms.permanent
    if step.action is Action.SURRENDER and terms.extra.get("under_investigation"):
        effect["under_investigation"] = True
    if terms.duty:
        effect["duty"] = terms.duty


# --- instants ---------------------------------------------------------------------------------------------


def instant(value: date | datetime, zone: str) -> datetime:
    """A stated day as its first instant; an instant as it is (it must be aware)."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadInput("an instant needs an offset", field="effective")
        return value
    return days.first_instant(value, zone)


def _effective_from(step: Step, terms: StepTerms, case: Case, target: Entry | None, at: datetime) -> datetime:
    """When the effect begins; the past is refused but for filings, facts and orders that say from the beginning."""
    earliest = _earliest(step, terms, case, target, at)
    if terms.effective is None or step.effect is Effect.GRANT_DATE:
        if step.action is Action.STAY and terms.ab_initio and target is not None:
            return min(target.effective_from, at)
        return earliest
    today = days.local_day(at, case.zone)
    if terms.effective == today and earliest == at:
        return at  # a decision "from today" has effect from the moment it is made
    stated = instant(terms.effective, case.zone)
    if step.action in _HAPPENED and stated > at:
        raise BadInput("it cannot have happened after it is recorded", field="effective")
    if step.kind is Kind.FILING:
        if stated > at:
            raise BadInput("a filing cannot be received after it is recorded", field="effective")
        about = target or standing.last_term(case.entries, at=at)
        received = days.local_day(stated, case.zone)
        if about is not None and received < days.local_day(about.decided_at, case.zone):
            raise BadInput(
                "a filing cannot be received before what it is about was decided", field="effective"
            )
        return stated if at < _recorded_by(received, case) else at
    if stated < earliest and step.kind is not Kind.FACT and not terms.ab_initio:
        raise BackdatingRefused(
            "{action} cannot have effect before {earliest}",
            field="effective", earliest=earliest.isoformat(), action=step.action.value,
        )  # fmt: skip
    return stated


def _recorded_by(received: date, case: Case) -> datetime:
    """Until when a filing must be recorded to count from the day it was received, not from when it is recorded.

    Whoever records a filing states its day alone. A day long past would let one officer stay, or keep in force, what
    several decided.
    """
    policy = case.policy
    last = days.add_working_days(
        received, policy.filing_recorded_working_days, weekend=policy.weekend, holidays=policy.holidays
    )
    return days.end_of(last, case.zone)


def _earliest(step: Step, terms: StepTerms, case: Case, target: Entry | None, at: datetime) -> datetime:
    """The first instant at which the step may have effect by the rule of the table."""
    zone, policy = case.zone, case.policy
    today = days.local_day(at, zone)
    match step.effect:
        case Effect.NEXT_DAY:
            return days.end_of(today, zone)
        case Effect.NEXT_WORKING_DAY:
            day = days.next_working_day(today, weekend=policy.weekend, holidays=policy.holidays)
            return days.first_instant(day, zone)
        case Effect.AFTER_APPEAL if not terms.immediate:
            return days.end_of(today + timedelta(days=policy.appeal_days), zone)
        case Effect.AFTER_STAY if target is not None and target.effect.get("stays"):
            day = days.add_working_days(
                today, policy.stay_end_working_days, weekend=policy.weekend, holidays=policy.holidays
            )
            return days.first_instant(day, zone)
        case Effect.GRANT_DATE:
            granted = (e.effective_from for e in case.entries if e.action in {Action.GRANT, Action.ADOPT})
            return min(granted, default=at)
        case _:
            return at


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
    """Class, provisional flag, the security that the law of the day needs for the term, and the term granted."""
    licence_class = terms.licence_class or case.licence_class
    if step.action in {Action.GRANT, Action.ADOPT} or terms.licence_class:
        effect["class"] = licence_class
    if step.action in _GIVING_A_TERM or terms.licence_class:
        rule = case.policy.security_for(licence_class)
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
        raise TermRefused("a term is at most {months} months", field="last_day", months=months)
    if last < today:
        raise TermRefused("the term would be over already", field="last_day")
    _last_term_has_begun(step, case, today)
    ends = [date.fromisoformat(last_day) for _, last_day in case.standing.terms]
    if step.action is Action.RENEW and ends and first != max(ends) + timedelta(days=1):
        expected = max(ends) + timedelta(days=1)
        raise TermRefused(
            "the next term begins on {first_day}", field="first_day", first_day=expected.isoformat()
        )
    if step.action is Action.RENEW_LATE:
        if case.standing.suspensions:
            raise SuspensionOpen("a suspension is open; it must be lifted before a late renewal")
        grace = case.standing.grace_until
        if grace is None or at >= grace:
            raise TermRefused(
                "the days of grace are over; only a new application is possible", field="first_day"
            )
        if first <= max(ends):
            raise TermRefused("the licence has a term on that day already", field="first_day")
    if step.action in {Action.RENEW_LATE, Action.GRANT, Action.ADOPT} and first < today:
        raise BackdatingRefused(
            "a term cannot begin before the decision", field="first_day", earliest=str(today)
        )


def _last_term_has_begun(step: Step, case: Case, today: date) -> None:
    """One further term at a time: renewals do not chain past the length that the policy allows a term."""
    if step.action not in {Action.RENEW, Action.RENEW_LATE} or not case.standing.terms:
        return
    begins = max(date.fromisoformat(first_day) for first_day, _ in case.standing.terms)
    if today < begins:
        raise TermRefused(
            "the term granted before begins on {begins}; renew it after that",
            field="first_day", begins=begins.isoformat(),
        )  # fmt: skip


def _freeze_scope(step: Step, terms: StepTerms, case: Case, effect: dict[str, Any]) -> None:
    """The scope given or cut, as plain lists. A renewal takes nothing away: a variation does, after its notice (L2)."""
    if terms.scope is not None:
        if step.action is Action.RENEW and admitting.narrows(case.standing.scope, terms.scope):
            raise TermRefused("a renewal takes nothing of the scope away: vary it (L2)", field="scope")
        effect["scope"] = _plain(terms.scope)
    if terms.cut is not None:
        effect["cut"] = _plain(terms.cut)
        effect["new_recruitment_only"] = terms.new_recruitment_only
        if not (terms.cut.corridors or terms.cut.occupations or terms.new_recruitment_only):
            raise StepIncomplete("a restriction cuts corridors, occupations or new recruitment", field="cut")


def _plain(scope: Scope) -> dict[str, list[str]]:
    return {"corridors": list(scope.corridors), "occupations": list(scope.occupations)}


def _freeze_until(
    step: Step, terms: StepTerms, case: Case, effect: dict[str, Any], *,
    target: Entry | None, effective: datetime, at: datetime,
) -> None:  # fmt: skip
    """The end of a suspension and what must be met before it may be lifted."""
    if step.action not in SUSPENSIONS and step.action not in {Action.EXTEND, Action.CONFIRM}:
        return
    if terms.conditions_to_lift:
        effect["conditions_to_lift"] = list(terms.conditions_to_lift)
    if terms.until is None:
        if step.action is Action.CONFIRM:
            effect["until"] = None
        return
    end = _end(terms.until, case.zone)
    if end <= effective:
        raise TermRefused("the suspension would end before it begins", field="until")
    effect |= {"until": end.isoformat(), "zone": case.zone}
    _length_fits(step, case, target=target, effective=effective, end=end, at=at)


def _length_fits(
    step: Step, case: Case, *, target: Entry | None, effective: datetime, end: datetime, at: datetime
) -> None:
    """A punishment lasts one to twelve months; an extension makes a dated one longer, twelve in all."""
    zone, begins, punished = case.zone, effective, step.action
    if step.action is Action.EXTEND and target is not None:
        measure = standing.open_measures(case.entries, at=at)[target.ref]
        if measure.until is None:
            raise TermRefused("only a suspension with a last day can be extended", field="until")
        if end <= measure.until:
            raise TermRefused("the suspension already lasts until then", field="until")
        begins, punished = measure.since, target.action
    if punished is not Action.SUSPEND_DISCIPLINARY:
        return
    first = days.local_day(begins, zone)
    months = case.policy.cumulative_suspension_months
    if end < days.first_instant(days.add_months(first, 1), zone):
        raise TermRefused("a disciplinary suspension is at least one month", field="until")
    if end > days.first_instant(days.add_months(first, months), zone):
        raise TermRefused(
            "a disciplinary suspension is at most {months} months; propose revocation",
            field="until", months=months,
        )  # fmt: skip


def _freeze_lift(
    case: Case, punishment: Entry, deadlines: dict[str, str], *, effective: datetime, at: datetime
) -> None:
    """A punishment is lifted when its last day is over, and the holder watched then; L18 or L20 may end it before."""
    ends = standing.open_measures(case.entries, at=at)[punishment.ref].until
    if ends is not None and effective < ends:
        raise TermRefused(
            "a punishment is not lifted before its last day", field="effective", earliest=ends.isoformat()
        )
    last = days.add_months(days.local_day(effective, case.zone), case.policy.surveillance_months)
    deadlines["watched_until"] = days.end_of(last, case.zone).isoformat()


def _stay(step: Step, terms: StepTerms, case: Case, effective: datetime) -> Stay:
    """What an appeal does to the step; a long suspension is not stopped by an appeal alone."""
    if step.action is Action.SUSPEND_DISCIPLINARY and terms.until is not None:
        longest = days.add_months(days.local_day(effective, case.zone), case.policy.stay_max_months)
        if _end(terms.until, case.zone) > days.first_instant(longest, case.zone):
            return Stay.BY_ORDER
    return step.stay


def _freeze_deadlines(
    step: Step,
    terms: StepTerms,
    case: Case,
    deadlines: dict[str, str],
    *,
    at: datetime,
    effective: datetime,
) -> None:
    """The absolute instants that the law attaches to the step."""
    policy = case.policy
    today, first = days.local_day(at, case.zone), days.local_day(effective, case.zone)

    def put(name: str, day: date, count: int) -> None:
        deadlines[name] = days.end_of(day + timedelta(days=count), case.zone).isoformat()

    if step.appeal is not None:
        put("appeal_until", today, getattr(policy, step.appeal))
    if step.action is Action.SUSPEND_EMERGENCY:
        deadlines["ratify_by"] = (effective + timedelta(hours=policy.ratify_hours)).isoformat()
    if step.action in {Action.SUSPEND_EMERGENCY, Action.SUSPEND_PREVENTIVE}:
        put("confirm_by", first, policy.preventive_max_days)
        put("hear_by", first, policy.hearing_days)
    if step.action in _COUNTED:
        name, counted = _COUNTED[step.action]
        put(name, first if step.action is Action.SHOW_CAUSE else today, getattr(policy, counted))
    if terms.last_day is not None:
        put("grace_until", terms.last_day, policy.grace_days)
    if step.action is Action.FILE_RENEWAL and case.standing.terms and policy.renewal_deemed_in_force:
        last = max(date.fromisoformat(last_day) for _, last_day in case.standing.terms)
        if first + timedelta(days=policy.renewal_filed_days) <= last:
            put("deemed_until", last, policy.renewal_deemed_days)
            put("grace_until", last, policy.renewal_deemed_days + policy.grace_days)


def _freeze_filing(
    terms: StepTerms, case: Case, effect: dict[str, Any], *, target: Entry | None, effective: datetime
) -> None:
    """When it was received; what an appeal does to the decision, or the last day of the term that a renewal is for."""
    if terms.effective is not None:
        effect["received_on"] = days.local_day(instant(terms.effective, case.zone), case.zone).isoformat()
    if target is not None:
        effect["stays"] = _appeal_stays(target, effective)
    elif case.standing.terms:
        effect["renews"] = max(last_day for _, last_day in case.standing.terms)


def _appeal_stays(target: Entry, filed: datetime) -> bool:
    """Whether an appeal filed then suspends the decision by itself: in time, and not one at once."""
    appeal_until = target.deadline("appeal_until")
    in_time = appeal_until is not None and filed < appeal_until
    return bool(
        in_time and target.effect.get("stay") == Stay.BY_APPEAL.value and not target.effect.get("immediate")
    )


def _freeze_sanction(
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
    if terms.points is not None and not 1 <= points <= 100:
        raise BadInput("points are a whole number from 1 to 100", field="points")
    effect |= {"sanction": step.sanction.value, "points": points}
    effect["public_months"] = case.policy.public_months(step.sanction)
    if points:
        last = days.add_months(days.local_day(at, case.zone), case.policy.points_months)
        deadlines["points_until"] = days.end_of(last, case.zone).isoformat()


def _freeze_money(
    step: Step, terms: StepTerms, case: Case, effect: dict[str, Any], *, target: Entry | None
) -> None:
    """An amount as decimal text with its ISO 4217 code."""
    if not terms.amount:
        return
    try:
        amount = Decimal(terms.amount)
    except InvalidOperation:
        raise BadInput("the amount is not a decimal number", field="amount") from None
    if not amount.is_finite() or amount <= 0 or amount >= Decimal(10) ** 15:
        raise BadInput("the amount must be above zero and below 10^15", field="amount")
    if amount != amount.quantize(Decimal("0.0001")):
        raise BadInput("the amount has at most four decimals", field="amount")
    letters = terms.currency.isascii() and terms.currency.isalpha() and terms.currency.isupper()
    if not (len(terms.currency) == 3 and letters):
        raise BadInput("the currency is an ISO 4217 code of three letters", field="currency")
    if step.action is Action.DRAW_SECURITY and not any(
        e.action is Action.CONFIRM_SECURITY and e.effect["currency"] == terms.currency for e in case.entries
    ):
        raise BadInput("no security was confirmed in this currency", field="currency")
    if step.action is Action.PAY and target is not None and target.effect["currency"] != terms.currency:
        raise BadInput("it is owed in {currency}", field="currency", currency=target.effect["currency"])
    effect |= {"amount": f"{amount.quantize(Decimal('0.0001')).normalize():f}", "currency": terms.currency}
    if step.action is Action.CONFIRM_SECURITY:
        effect["issuer"] = terms.issuer
        if said := _confirmation(terms.extra):
            effect["confirmation"] = said


def _confirmation(extra: Mapping[str, Any]) -> dict[str, str]:
    """How a security was confirmed, in the issuer's and the officer's words."""
    if unknown := sorted(set(extra) - set(securities.CONFIRMATION)):
        raise BadInput("a confirmation states no {field}", field=unknown[0])
    for name, text in extra.items():
        if not isinstance(text, str) or len(text) > 400 or "\x00" in text:
            raise BadInput("{field} is text of at most 400 characters", field=name)
    return {name: " ".join(text.split()) for name, text in extra.items() if text.strip()}
