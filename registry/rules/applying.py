"""The law of applications as a table: every lawful step from a draft to a licence or a refusal.

Steps A1 to A10 are those of the domain model (3.3).

As with licences, nothing sets a state: it is folded from events and an instant. What the clock does alone is computed
when asked. Steps that two officers take are two steps of the table, and ``unlike`` names the one whose officer must be
somebody else. The numbers of days come from the policy of the day and are frozen into the event.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from registry.rules import days
from registry.rules.lifecycle import APPEAL, RG, C, M, Role
from registry.rules.policy import Policy


class State(StrEnum):
    """Where an application is; an applicant is not licensed in any of them."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    INCOMPLETE = "incomplete"
    UNDER_REVIEW = "under_review"
    INSPECTION = "inspection"
    OBJECTION_PERIOD = "objection_period"
    PROPOSED_REFUSAL = "proposed_refusal"
    MINDED_TO_REFUSE = "minded_to_refuse"
    PROPOSED_GRANT = "proposed_grant"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Action(StrEnum):
    """The verb of an event."""

    OPEN = "open"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    ASK = "ask"
    REVIEW = "review"
    ORDER_INSPECTION = "order_inspection"
    RECORD_INSPECTION = "record_inspection"
    CALL_FOR_OBJECTIONS = "call_for_objections"
    OBJECT = "object"
    PROPOSE_REFUSAL = "propose_refusal"
    SERVE_NOTICE = "serve_notice"
    REPRESENT = "represent"
    REFUSE = "refuse"
    PROPOSE_GRANT = "propose_grant"
    GRANT = "grant"
    TAKE_BACK = "take_back"
    RECORD_FEE = "record_fee"
    APPEAL = "appeal"
    RECORD_APPEAL = "record_appeal"
    RECORD_OUTCOME = "record_outcome"
    ALLOW_APPEAL = "allow_appeal"
    DISMISS_APPEAL = "dismiss_appeal"
    FORGET = "forget"


class Party(StrEnum):
    """Who is no officer: the applicant, anybody who objects, and the night's job."""

    APPLICANT = "applicant"
    ANYBODY = "anybody"
    CLOCK = "clock"


LICENCE, RENEWAL = "licence", "renewal"
"""What is applied for: a new licence, or a further term of one."""

FEES: Final[Mapping[str, str]] = {LICENCE: "application", RENEWAL: "renewal"}
"""The name of the fee among a policy's ``fees``, by what is applied for; a policy that names none asks none."""
ALLOWED, DISMISSED = "allowed", "dismissed"
"""How an appeal ends."""

REFUSAL_GROUNDS: Final = frozenset({"FIT-PROPER", "CAPITAL", "PHOENIX", "NAME-MISUSE", "FALSE-DOC"})
WITH_APPLICANT: Final = frozenset({State.DRAFT, State.INCOMPLETE})
"""The applicant may write."""
ENDED: Final = frozenset({State.GRANTED, State.REFUSED, State.WITHDRAWN, State.LAPSED})
_JUDGED: Final = frozenset({State.UNDER_REVIEW, State.INSPECTION, State.OBJECTION_PERIOD})
_INSPECTS: Final = M | {Role.INSPECTOR}
_APPLICANT: Final = frozenset({Party.APPLICANT})
_REFUSED: Final = frozenset({State.REFUSED})
_OUTCOME: Final = frozenset({Action.RECORD_OUTCOME})
_AGREED: Final = (("agreed_by", "proposal_days"),)
APPEALING: Final = frozenset({Action.APPEAL, Action.RECORD_APPEAL})
"""An appeal was filed, by the applicant's page or on paper."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row: from where, to where (empty = it stays), by whom, what must be said with it.

    ``unlike``: actions whose latest officer may not take this one. ``deadline``: the name under which an instant is
    frozen and the policy's field with its days. ``decides``: it takes a fresh second factor and a word on conflicts of
    interest. ``lapses``: what it agrees to waits no longer than until its ``agreed_by``. ``published``: the public
    reads of it.
    """

    code: str
    action: Action
    sources: frozenset[State]
    target: State | None
    by: frozenset[Role | Party]
    summary: str
    needs: frozenset[str] = frozenset()
    unlike: frozenset[Action] = frozenset()
    deadlines: tuple[tuple[str, str], ...] = ()
    decides: bool = False
    lapses: bool = False
    published: bool = False


_STEPS: Final = (
    Step("A0", Action.OPEN, frozenset(), State.DRAFT, _APPLICANT,
         "A draft is begun; nobody but the applicant reads it."),
    Step("A1", Action.SUBMIT, WITH_APPLICANT, State.SUBMITTED, _APPLICANT,
         "The application is complete and before the authority."),
    Step("A0x", Action.FORGET, frozenset({State.DRAFT}), State.LAPSED, frozenset({Party.CLOCK}),
         "A draft that nobody wrote in for long is forgotten, with its papers."),
    Step("A1f", Action.RECORD_FEE, frozenset({State.SUBMITTED, State.INCOMPLETE}), None, M,
         "The fee that the policy asks was paid.", needs=frozenset({"on", "reference"})),
    Step("A1x", Action.WITHDRAW, frozenset(State) - ENDED, State.WITHDRAWN, _APPLICANT,
         "The applicant takes the application back."),
    Step("A2", Action.ASK, frozenset({State.SUBMITTED, State.UNDER_REVIEW}), State.INCOMPLETE, M,
         "Something is missing; a letter says what, and by when.",
         needs=frozenset({"letter"}),
         deadlines=(("answer_until", "completion_days"), ("lapses_at", "completion_lapse_days"))),
    Step("A4", Action.REVIEW, frozenset({State.SUBMITTED}), State.UNDER_REVIEW, M,
         "The application is complete; the names in it are screened."),
    Step("A5", Action.ORDER_INSPECTION, frozenset({State.UNDER_REVIEW, State.OBJECTION_PERIOD}), State.INSPECTION, M,
         "The premises are to be inspected before a licence."),
    Step("A5r", Action.RECORD_INSPECTION, frozenset({State.INSPECTION}), None, _INSPECTS,
         "Two inspectors were there; what they found is recorded.",
         needs=frozenset({"on", "inspectors", "premises", "points", "report"})),
    Step("A6", Action.CALL_FOR_OBJECTIONS, frozenset({State.UNDER_REVIEW, State.INSPECTION}), State.OBJECTION_PERIOD,
         M,
         "The public is told, and may object.",
         deadlines=(("objections_until", "objection_days"),), published=True),
    Step("A6o", Action.OBJECT, frozenset({State.OBJECTION_PERIOD}), None, frozenset({Party.ANYBODY}),
         "Somebody objects.", needs=frozenset({"text"})),
    Step("A7", Action.PROPOSE_REFUSAL, _JUDGED, State.PROPOSED_REFUSAL, M,
         "An officer proposes to refuse; a second reads the letter before it is served.",
         needs=frozenset({"grounds", "letter"}), deadlines=_AGREED),
    Step("A7c", Action.SERVE_NOTICE, frozenset({State.PROPOSED_REFUSAL}), State.MINDED_TO_REFUSE, C,
         "The applicant is told why the authority is minded to refuse, and may answer.",
         unlike=frozenset({Action.PROPOSE_REFUSAL}), decides=True, lapses=True,
         deadlines=(("represent_until", "representation_days"),)),
    Step("A7r", Action.REPRESENT, frozenset({State.MINDED_TO_REFUSE}), None, _APPLICANT,
         "The applicant answers the letter.", needs=frozenset({"text"})),
    Step("A8", Action.REFUSE, frozenset({State.MINDED_TO_REFUSE}), State.REFUSED, C,
         "The licence is refused; the public reads it for sixty months.",
         needs=frozenset({"letter"}), unlike=frozenset({Action.PROPOSE_REFUSAL}), decides=True,
         deadlines=(("appeal_until", "appeal_days"),), published=True),
    Step("A8a", Action.APPEAL, _REFUSED, None, _APPLICANT,
         "The applicant appeals against the refusal; it stands until the appeal is decided.",
         needs=frozenset({"text"}), published=True),
    Step("A8b", Action.RECORD_APPEAL, _REFUSED, None, APPEAL,
         "An appeal that came in another way is recorded with the day on which it was received.",
         needs=frozenset({"on", "text"}), published=True),
    Step("A8o", Action.RECORD_OUTCOME, _REFUSED, None, APPEAL,
         "What the appeals body ordered is recorded; a second officer confirms it.",
         needs=frozenset({"outcome", "order_reference", "letter"}), deadlines=_AGREED),
    Step("A8s", Action.ALLOW_APPEAL, _REFUSED, State.UNDER_REVIEW, C,
         "The appeal succeeded: the refusal is set aside and the application is under review again.",
         unlike=_OUTCOME, decides=True, lapses=True, published=True),
    Step("A8d", Action.DISMISS_APPEAL, _REFUSED, None, C,
         "The appeal failed: the refusal is confirmed.", unlike=_OUTCOME, decides=True, lapses=True, published=True),
    Step("A9", Action.PROPOSE_GRANT, _JUDGED, State.PROPOSED_GRANT, M,
         "An officer proposes to grant.", needs=frozenset({"first_day", "last_day"}), deadlines=_AGREED),
    Step("A9c", Action.GRANT, frozenset({State.PROPOSED_GRANT}), State.GRANTED, C,
         "A second officer grants; the licence waits for its security and its first day.",
         unlike=frozenset({Action.PROPOSE_GRANT}), decides=True, lapses=True, published=True),
    Step("A9x", Action.TAKE_BACK,
         frozenset({State.PROPOSED_GRANT, State.PROPOSED_REFUSAL, State.MINDED_TO_REFUSE}), State.UNDER_REVIEW, M,
         "What was proposed is not taken further; the application is under review again.",
         needs=frozenset({"reason"})),
)  # fmt: skip

STEPS: Final[Mapping[Action, Step]] = {step.action: step for step in _STEPS}

#: What the clock does by itself, computed by the fold and never written.
CLOCK_STEPS: Final = (
    ("A3", State.INCOMPLETE, State.LAPSED, "the letter was not answered in time"),
    ("A10", State.GRANTED, State.GRANTED, "the licence itself lapses when it is not activated in time"),
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an application: who, when, and the plain facts frozen into it."""

    action: Action
    by: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)

    def until(self, name: str) -> datetime | None:
        """The deadline of that name."""
        text = self.deadlines.get(name)
        return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the events mean at an instant. ``due``: the next legal date, ``due_for`` its name.

    ``appealed``: an appeal against the refusal is open; ``outcome``: what was recorded of it and is not confirmed yet;
    ``dismissed``: the refusal was confirmed on appeal.
    """

    state: State
    since: datetime
    due: datetime | None = None
    due_for: str = ""
    inspected: bool = False
    inspection_points: int = 0
    called: bool = False
    called_until: datetime | None = None
    answered: bool = False
    score: int = 0
    screened: bool = False
    fee_paid: bool = False
    appealed: bool = False
    outcome: str = ""
    dismissed: bool = False


_DUE: Final[Mapping[State, str]] = {
    State.INCOMPLETE: "answer_until",
    State.OBJECTION_PERIOD: "objections_until",
    State.MINDED_TO_REFUSE: "represent_until",
    State.REFUSED: "appeal_until",
}


def at(events: Sequence[Event], *, at: datetime) -> Standing:
    """Fold the events up to ``at``; they are in the order in which they happened, the first opens the draft."""
    told = [event for event in events if event.at <= at]
    state, turned = State.DRAFT, told[0]
    for event in told:
        target = STEPS[event.action].target
        if target is not None:
            state, turned = target, event
    name = _DUE.get(state, "")
    due, since = turned.until(name) if name else None, turned.at
    if state is State.INCOMPLETE and (lapse := turned.until("lapses_at")) is not None:
        if lapse <= at:
            state, since, due, name = State.LAPSED, lapse, None, ""
        elif due is not None and due <= at:
            due, name = lapse, "lapses_at"
    inspection = latest(told, Action.RECORD_INSPECTION)
    call = latest(told, Action.CALL_FOR_OBJECTIONS)
    review = latest(told, Action.REVIEW)
    notice = latest(told, Action.SERVE_NOTICE)
    appealed, outcome, dismissed = _appeal(told) if state is State.REFUSED else (False, "", False)
    if appealed or dismissed:
        due, name = None, ""
    return Standing(
        state=state,
        since=since,
        due=due,
        due_for=name if due else "",
        inspected=inspection is not None,
        inspection_points=int(inspection.facts["points"]) if inspection else 0,
        called=call is not None,
        called_until=call.until("objections_until") if call else None,
        answered=notice is not None and any(e.action is Action.REPRESENT and e.at >= notice.at for e in told),
        score=int(review.facts.get("score", 0)) if review else 0,
        screened=review is not None,
        fee_paid=latest(told, Action.RECORD_FEE) is not None,
        appealed=appealed,
        outcome=outcome,
        dismissed=dismissed,
    )


def _appeal(told: Sequence[Event]) -> tuple[bool, str, bool]:
    """Whether an appeal against the last refusal is open, what was recorded of it, whether it was dismissed."""
    filed, outcome, dismissed = False, "", False
    for event in told:
        if event.action is Action.REFUSE:
            filed, outcome, dismissed = False, "", False
        elif event.action in APPEALING:
            filed = True
        elif event.action is Action.RECORD_OUTCOME:
            outcome = str(event.facts.get("outcome", ""))
        elif event.action is Action.DISMISS_APPEAL:
            filed, outcome, dismissed = False, "", True
    return filed, outcome, dismissed


def latest(events: Iterable[Event], action: Action) -> Event | None:
    """The newest event of that action."""
    found = None
    for event in events:
        if event.action is action:
            found = event
    return found


@dataclass(frozen=True, slots=True)
class _Case:
    """An application before a step."""

    standing: Standing
    fresh: bool
    policy: Policy
    at: datetime

    @property
    def called_open(self) -> bool:
        until = self.standing.called_until
        return until is not None and self.at < until

    @property
    def over(self) -> bool:
        return self.standing.due is None or self.at >= self.standing.due

    @property
    def fee(self) -> str:
        return fee(self.policy, LICENCE if self.fresh else RENEWAL)


#: What must not be so when a step is taken: the code to say, and when it is.
_HINDRANCES: Final[Mapping[Action, tuple[tuple[str, Callable[[_Case], bool]], ...]]] = {
    Action.RECORD_FEE: (
        ("fee.none", lambda case: not case.fee),
        ("fee.paid", lambda case: case.standing.fee_paid),
    ),
    Action.REVIEW: (("fee.missing", lambda case: bool(case.fee) and not case.standing.fee_paid),),
    Action.APPEAL: (
        ("appeal.open", lambda case: case.standing.appealed),
        ("appeal.decided", lambda case: case.standing.dismissed),
        ("appeal.over", lambda case: case.over),
    ),
    Action.RECORD_APPEAL: (
        ("appeal.open", lambda case: case.standing.appealed),
        ("appeal.decided", lambda case: case.standing.dismissed),
    ),
    Action.RECORD_OUTCOME: (("appeal.none", lambda case: not case.standing.appealed),),
    Action.ALLOW_APPEAL: (("appeal.outcome", lambda case: case.standing.outcome != ALLOWED),),
    Action.DISMISS_APPEAL: (("appeal.outcome", lambda case: case.standing.outcome != DISMISSED),),
    Action.ORDER_INSPECTION: (("objections.open", lambda case: case.called_open),),
    Action.CALL_FOR_OBJECTIONS: (
        ("objections.renewal", lambda case: not case.fresh),
        ("objections.called", lambda case: case.standing.called),
        ("inspection.missing", lambda case: not case.standing.inspected),
    ),
    Action.OBJECT: (("objections.over", lambda case: case.over),),
    Action.PROPOSE_REFUSAL: (("objections.open", lambda case: case.called_open),),
    Action.REPRESENT: (("representation.over", lambda case: case.over),),
    Action.REFUSE: (("representation.open", lambda case: not case.standing.answered and not case.over),),
    Action.PROPOSE_GRANT: (
        ("inspection.missing", lambda case: case.fresh and not case.standing.inspected),
        (
            "inspection.failed",
            lambda case: case.fresh and case.standing.inspection_points >= case.policy.inspection_points,
        ),
        ("objections.not_called", lambda case: case.fresh and not case.standing.called),
        ("objections.open", lambda case: case.called_open),
    ),
}


def why_not(action: Action, standing: Standing, *, kind: str, policy: Policy, at: datetime) -> str:
    """What is still to be done before this step, as a code; empty when nothing is.

    A grant needs a passed inspection and an objection period that is over; a renewal needs neither. A refusal waits for
    the applicant's answer or for the end of the time for it. Nobody answers or objects after the last day. Where the
    policy asks a fee, an application is not complete before it is paid. An appeal is confirmed as it was recorded.
    """
    case = _Case(standing, kind == LICENCE, policy, at)
    return next((code for code, hinders in _HINDRANCES.get(action, ()) if hinders(case)), "")


def fee(policy: Policy, kind: str) -> str:
    """What the policy asks for an application of that kind, such as ``250.00 USD``; empty where it asks nothing."""
    return policy.fees.get(FEES[kind], "")


def deciders(
    step: Step, standing: Standing, grounds: Iterable[str], policy: Policy
) -> frozenset[Role | Party]:
    """Who may take the step now: a phoenix, or a score that points to one, is the registrar's alone to decide."""
    if step.action is Action.REFUSE and "PHOENIX" in grounds:
        return frozenset(RG)
    if step.action is Action.GRANT and standing.score >= policy.phoenix_score:
        return frozenset(RG)
    return step.by


def open_steps(standing: Standing, roles: frozenset[str]) -> tuple[Step, ...]:
    """The steps that the table allows these roles from that state, in the table's order."""
    return tuple(step for step in _STEPS if standing.state in step.sources and roles & step.by)


def freeze(step: Step, policy: Policy, zone: str, *, at: datetime) -> dict[str, str]:
    """The deadlines of the step taken at ``at``: the day of the event is not counted, the last day counts whole."""
    today = days.local_day(at, zone)
    return {
        name: days.end_of(today + timedelta(days=getattr(policy, of)), zone).isoformat()
        for name, of in step.deadlines
    }


def public_until(refused_at: datetime, policy: Policy, zone: str) -> datetime:
    """Until when the public reads of a refusal."""
    return days.end_of(days.add_months(days.local_day(refused_at, zone), policy.refusal_months), zone)
