"""The law as a table: every lawful step in a licence's life.

A step that is not in :data:`STEPS` does not exist. Screens, API and ``docs/lifecycle.md`` read this table;
nothing else knows who may do what, from where, with which notice and with what effect. Steps L0-L22 are those
of the domain model (3.3), the ``S`` steps its sanctions (3.4), the ``F`` steps facts and filings that need no
second officer, the ``N`` steps what is served, answered, heard and done before and after a decision. What the
clock alone does stands in :data:`CLOCK_STEPS`: it is computed when asked, never written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from registry.rules.grounds import ADMINISTRATIVE, DANGER, ENDING, FRAUD, GROUNDS, SanctionKind


class State(StrEnum):
    """The canonical state of a licence, derived from entries and an instant; nothing sets it."""

    NOT_GRANTED = "not_granted"
    LISTED = "listed"
    PENDING_ACTIVATION = "pending_activation"
    ACTIVE = "active"
    RENEWAL_PENDING = "renewal_pending"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    SURRENDERED = "surrendered"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    VOID = "void"


class Overlay(StrEnum):
    """What else is true beside the state."""

    PROVISIONAL = "provisional"
    CONDITIONS = "conditions"
    SURVEILLANCE = "surveillance"
    PARTIAL = "partial"
    UNDER_APPEAL = "under_appeal"
    STAYED = "stayed"
    DEBARRED = "debarred"
    DECIDED_PENDING_EFFECT = "decided_pending_effect"
    SUSPENDED_AT_EXPIRY = "suspended_at_expiry"
    RENEWAL_FILED = "renewal_filed"


class Result(StrEnum):
    """The answer in one word; ``not_found``, ``ambiguous`` and ``not_genuine`` are said by the doors."""

    LICENSED = "licensed"
    LIMITED = "limited"
    NOT_LICENSED = "not_licensed"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What an entry is. Only a decision or an order needs officers' approval."""

    DECISION = "decision"
    FILING = "filing"
    ORDER = "order"
    FACT = "fact"
    OBSERVATION = "observation"
    CORRECTION = "correction"


class Role(StrEnum):
    """What an officer may be, as data, within one authority (domain model 3.6)."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    REGISTRAR = "registrar"
    DUTY_OFFICER = "duty_officer"
    APPEALS_BODY = "appeals_body"
    INSPECTOR = "inspector"
    CASE_OFFICER = "case_officer"
    CONSULAR = "consular"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Action(StrEnum):
    """The verb of an entry."""

    GRANT = "grant"
    ADOPT = "adopt"
    ACTIVATE = "activate"
    VARY = "vary"
    SURVEIL = "surveil"
    END_SURVEILLANCE = "end_surveillance"
    SUSPEND_PREVENTIVE = "suspend_preventive"
    SUSPEND_EMERGENCY = "suspend_emergency"
    RATIFY = "ratify"
    CONFIRM = "confirm"
    SUSPEND_ADMINISTRATIVE = "suspend_administrative"
    SUSPEND_DISCIPLINARY = "suspend_disciplinary"
    RESTRICT = "restrict"
    LIFT = "lift"
    EXTEND = "extend"
    REVOKE = "revoke"
    VOID = "void"
    CANCEL = "cancel"
    SURRENDER = "surrender"
    FILE_RENEWAL = "file_renewal"
    RENEW = "renew"
    REFUSE_RENEWAL = "refuse_renewal"
    RENEW_LATE = "renew_late"
    SET_ASIDE = "set_aside"
    FILE_APPEAL = "file_appeal"
    END_APPEAL = "end_appeal"
    STAY = "stay"
    END_STAY = "end_stay"
    CORRECT = "correct"
    DEBAR = "debar"
    WARN = "warn"
    ENTER_DEMERIT = "enter_demerit"
    FINE = "fine"
    ORDER_REPAYMENT = "order_repayment"
    MEET_CONDITION = "meet_condition"
    CONFIRM_SECURITY = "confirm_security"
    DRAW_SECURITY = "draw_security"
    SHOW_CAUSE = "show_cause"
    REPRESENT = "represent"
    HEAR = "hear"
    PERFORM = "perform"
    PAY = "pay"
    OBSERVE = "observe"
    REGISTER_AGENCY = "register_agency"
    AMEND_AGENCY = "amend_agency"
    MERGE_AGENCIES = "merge_agencies"
    BAR_PERSON = "bar_person"
    APPEAL_BAR = "appeal_bar"
    DISMISS_APPEAL = "dismiss_appeal"
    END_BAR = "end_bar"
    ANSWER_REQUEST = "answer_request"
    PUBLISH_ALERT = "publish_alert"
    CORRECT_ALERT = "correct_alert"
    END_ALERT = "end_alert"


class Effect(StrEnum):
    """When a step begins to have effect."""

    IMMEDIATE = "immediate"
    NEXT_DAY = "next_day"
    NEXT_WORKING_DAY = "next_working_day"
    STATED = "stated"
    AFTER_APPEAL = "after_appeal"
    AFTER_STAY = "after_stay"
    GRANT_DATE = "grant_date"


class Stay(StrEnum):
    """What an appeal does to a step: suspends it by itself, only by order, or there is no appeal."""

    BY_APPEAL = "by_appeal"
    BY_ORDER = "by_order"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an officer's public number, the authority, roles, and when the second factor was last given.

    ``authority`` is the authority's code; ``None`` only for the system itself.
    """

    number: str
    authority: str | None
    roles: frozenset[str]
    second_factor_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """For what a licence is good: countries (ISO 3166-1), occupations or groups of them (ISCO-08); empty = all."""

    corridors: tuple[str, ...] = ()
    occupations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepTerms:
    """What an officer states when taking a step. Days are local days of the authority, both inclusive.

    ``effective``: the day (or instant) of effect, ``None`` = the step's own rule. ``until``: last day (or the
    instant of the end). ``refers_to``: the sequence number of the entry that is lifted, stayed, corrected ….
    ``first_day``/``last_day``: the term granted. ``ab_initio``: the order is about the past
    too: it undoes from the beginning, or stays from the beginning or from a past day.
    ``texts``: the public summary per BCP 47 language. ``restricted_reasons``: never public.
    """

    effective: date | datetime | None = None
    until: date | datetime | None = None
    grounds: tuple[str, ...] = ()
    refers_to: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    scope: Scope | None = None
    cut: Scope | None = None
    new_recruitment_only: bool = False
    conditions: tuple[Mapping[str, str], ...] = ()
    conditions_to_lift: tuple[str, ...] = ()
    licence_class: str | None = None
    provisional: bool | None = None
    immediate: bool = False
    ab_initio: bool = False
    notice_served_on: date | None = None
    order_reference: str = ""
    points: int | None = None
    amount: str = ""
    currency: str = ""
    issuer: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    restricted_reasons: str = ""
    no_conflict: bool = False
    permanent: bool = False
    duty: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the law.

    ``proposes``: roles that may begin; ``approvals``: for each further officer, the roles that may give it,
    in order (empty = one officer alone). ``grounds``: grounds that carry it (``None`` = no ground is stated).
    ``needs``: fields of :class:`StepTerms` that must be given; ``optional``: fields that may be. ``notice``:
    the policy field with the days of notice that must have run. ``appeal``: the policy field with the days to
    appeal.
    """

    code: str
    action: Action
    kind: Kind
    sources: frozenset[State]
    target: str
    proposes: frozenset[Role]
    approvals: tuple[frozenset[Role], ...] = ()
    grounds: frozenset[str] | None = None
    needs: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    effect: Effect = Effect.IMMEDIATE
    notice: str | None = None
    hearing: str = ""
    published: bool = True
    appeal: str | None = None
    stay: Stay = Stay.NONE
    sanction: SanctionKind | None = None
    emergency: bool = False
    summary: str = ""

    @property
    def officers(self) -> int:
        """How many different officers the step takes."""
        return 1 + len(self.approvals)


M = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR})
C = frozenset({Role.SUPERVISOR, Role.REGISTRAR})
RG = frozenset({Role.REGISTRAR})
DUTY = frozenset({Role.DUTY_OFFICER, Role.REGISTRAR})
APPEAL = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.APPEALS_BODY})
HOLDER: Final = "HOLDER"
"""In whose name an entry stands that an applicant's or a holder's own account filed."""
READ_PERSONS: Final = M | {Role.AUDITOR}
"""Who reads what is held of persons: whoever screens them, and the auditors."""
CLOCK_OR_M = M | {Role.SYSTEM}

#: Grounds of a wrong that was done. Points are none: they are the sum of what was found before (L3 and L6 alone).
WRONG: Final = GROUNDS - {"CLERICAL-ERROR", "POINTS"}

NOT_BY_ITS_OFFICERS: Final = frozenset({Action.RATIFY})
"""Steps that none of the officers takes who decided what the step is about."""

LIVE: Final = frozenset({State.ACTIVE, State.RENEWAL_PENDING})
RUNNING: Final = LIVE | {State.SUSPENDED}
ENDED: Final = frozenset({State.EXPIRED, State.SURRENDERED, State.CANCELLED, State.REVOKED})
DECIDED: Final = RUNNING | ENDED | {State.PENDING_ACTIVATION, State.VOID}
ANY: Final = frozenset(State)

_STEPS: Final = (
    Step(
        "L0",
        Action.GRANT,
        Kind.DECISION,
        frozenset({State.NOT_GRANTED}),
        "pending_activation",
        M,
        (C,),
        needs=frozenset({"first_day", "last_day"}),
        optional=frozenset({"scope", "conditions", "provisional"}),
        appeal="appeal_days",
        stay=Stay.NONE,
        hearing="conditions listed",
        summary="The licence is granted; it waits for its security and its first day.",
    ),
    Step(
        "L0a",
        Action.ADOPT,
        Kind.DECISION,
        frozenset({State.LISTED}),
        "active",
        M,
        (C,),
        needs=frozenset({"first_day", "last_day", "licence_class"}),
        optional=frozenset({"scope", "conditions", "provisional"}),
        summary="A licence known only from a list is taken into the authority's own register.",
    ),
    Step(
        "L1",
        Action.ACTIVATE,
        Kind.DECISION,
        frozenset({State.PENDING_ACTIVATION}),
        "active",
        CLOCK_OR_M,
        (C,),
        effect=Effect.STATED,
        optional=frozenset({"effective"}),
        summary="The security is confirmed with its issuer; the licence is good from its first day.",
    ),
    Step(
        "L2",
        Action.VARY,
        Kind.DECISION,
        LIVE,
        "",
        M,
        (C,),
        effect=Effect.STATED,
        optional=frozenset(
            {"effective", "scope", "conditions", "licence_class", "provisional", "notice_served_on"}
        ),
        notice="notice_days",
        appeal="appeal_days",
        stay=Stay.BY_APPEAL,
        hearing="notice only where it takes something away",
        summary="Scope, class or conditions are changed.",
    ),
    Step(
        "L3",
        Action.SURVEIL,
        Kind.DECISION,
        LIVE,
        "+surveillance",
        CLOCK_OR_M,
        (C,),
        grounds=frozenset({"POINTS"}),
        effect=Effect.NEXT_DAY,
        appeal="surveillance_appeal_days",
        hearing="letter with the running total",
        summary="The points have reached the threshold; the holder is watched.",
    ),
    Step(
        "L3x",
        Action.END_SURVEILLANCE,
        Kind.DECISION,
        RUNNING,
        "-surveillance",
        CLOCK_OR_M,
        (C,),
        effect=Effect.NEXT_DAY,
        needs=frozenset({"refers_to"}),
        summary="The points are below the threshold again and the months have run.",
    ),
    Step(
        "L4",
        Action.SUSPEND_PREVENTIVE,
        Kind.DECISION,
        RUNNING,
        "suspended",
        M | {Role.DUTY_OFFICER},
        (RG,),
        grounds=DANGER,
        optional=frozenset({"effective"}),
        hearing="hearing within 14 days after",
        appeal="review_days",
        stay=Stay.NONE,
        sanction=SanctionKind.PREVENTIVE_SUSPENSION,
        summary="An interim measure against danger, not a finding; it lapses unless it is confirmed.",
    ),
    Step(
        "L4e",
        Action.SUSPEND_EMERGENCY,
        Kind.DECISION,
        RUNNING,
        "suspended",
        DUTY,
        (),
        grounds=DANGER,
        hearing="hearing within 14 days after",
        appeal="review_days",
        emergency=True,
        sanction=SanctionKind.PREVENTIVE_SUSPENSION,
        summary="One duty officer stops imminent harm; it lapses in 72 hours unless ratified, and is not repeated.",
    ),
    Step(
        "L4r",
        Action.RATIFY,
        Kind.DECISION,
        RUNNING | {State.EXPIRED},
        "",
        RG,
        (),
        needs=frozenset({"refers_to"}),
        summary="The registrar ratifies an emergency suspension.",
    ),
    Step(
        "L4c",
        Action.CONFIRM,
        Kind.DECISION,
        RUNNING | {State.EXPIRED},
        "",
        M,
        (RG,),
        needs=frozenset({"refers_to"}),
        optional=frozenset({"until", "conditions_to_lift"}),
        appeal="appeal_days",
        stay=Stay.NONE,
        summary="A preventive suspension is confirmed after the hearing and no longer lapses.",
    ),
    Step(
        "L5",
        Action.SUSPEND_ADMINISTRATIVE,
        Kind.DECISION,
        RUNNING,
        "suspended",
        CLOCK_OR_M,
        (C,),
        grounds=ADMINISTRATIVE,
        effect=Effect.NEXT_WORKING_DAY,
        optional=frozenset({"effective"}),
        hearing="reminders 30, 14 and 3 days before",
        sanction=SanctionKind.ADMINISTRATIVE_SUSPENSION,
        summary="Something the law asks for is missing; it lifts when that is cured.",
    ),
    Step(
        "L6",
        Action.SUSPEND_DISCIPLINARY,
        Kind.DECISION,
        RUNNING,
        "suspended",
        M,
        (RG,),
        grounds=(WRONG - ENDING) | {"POINTS"},
        needs=frozenset({"until", "notice_served_on"}),
        optional=frozenset({"effective", "immediate", "conditions_to_lift"}),
        effect=Effect.AFTER_APPEAL,
        notice="representation_days",
        hearing="show cause and hearing",
        appeal="appeal_days",
        stay=Stay.BY_APPEAL,
        sanction=SanctionKind.DISCIPLINARY_SUSPENSION,
        summary="A punishment of one to twelve months after a hearing.",
    ),
    Step(
        "L7",
        Action.RESTRICT,
        Kind.DECISION,
        LIVE,
        "+partial",
        M,
        (C,),
        grounds=WRONG,
        needs=frozenset({"cut"}),
        optional=frozenset({"effective", "until", "new_recruitment_only", "immediate", "notice_served_on"}),
        effect=Effect.STATED,
        notice="notice_days",
        hearing="notice, or at once where it says so",
        appeal="appeal_days",
        stay=Stay.BY_APPEAL,
        sanction=SanctionKind.PARTIAL_SUSPENSION,
        summary="Some corridors or occupations are cut out of the licence.",
    ),
    Step(
        "L8",
        Action.LIFT,
        Kind.DECISION,
        RUNNING | {State.EXPIRED},
        "",
        M,
        (C,),
        effect=Effect.STATED,
        needs=frozenset({"refers_to"}),
        optional=frozenset({"effective"}),
        summary="One measure is lifted, a punishment not before its last day; the licence stands again when all are.",
    ),
    Step(
        "L9",
        Action.EXTEND,
        Kind.DECISION,
        RUNNING,
        "",
        M,
        (RG,),
        needs=frozenset({"refers_to", "until", "notice_served_on"}),
        optional=frozenset({"conditions_to_lift"}),
        notice="notice_days",
        appeal="appeal_days",
        stay=Stay.BY_ORDER,
        summary="A dated suspension is made longer, to twelve months in all.",
    ),
    Step(
        "L10",
        Action.REVOKE,
        Kind.DECISION,
        RUNNING,
        "revoked",
        M,
        (C, RG),
        grounds=WRONG - ENDING,
        needs=frozenset({"notice_served_on"}),
        optional=frozenset({"effective", "immediate"}),
        effect=Effect.AFTER_APPEAL,
        notice="representation_days",
        hearing="show cause and hearing",
        appeal="appeal_days",
        stay=Stay.BY_APPEAL,
        sanction=SanctionKind.REVOCATION,
        summary="The licence is taken away for cause, for ever.",
    ),
    Step(
        "L11",
        Action.VOID,
        Kind.DECISION,
        DECIDED - {State.VOID},
        "void",
        M,
        (C, RG),
        grounds=FRAUD,
        needs=frozenset({"notice_served_on"}),
        effect=Effect.GRANT_DATE,
        notice="representation_days",
        hearing="show cause and hearing",
        appeal="appeal_days",
        stay=Stay.BY_ORDER,
        sanction=SanctionKind.VOIDING,
        summary="The licence was obtained by fraud and is annulled back to its grant.",
    ),
    Step(
        "L12",
        Action.CANCEL,
        Kind.DECISION,
        RUNNING | {State.PENDING_ACTIVATION},
        "cancelled",
        M,
        (C,),
        grounds=ENDING,
        optional=frozenset({"effective", "notice_served_on"}),
        effect=Effect.STATED,
        notice="representation_days",
        hearing="no notice where the company is dissolved",
        appeal="appeal_days",
        stay=Stay.BY_ORDER,
        summary="The licence ends without fault: dissolved, insolvent, dormant.",
    ),
    Step(
        "L13",
        Action.SURRENDER,
        Kind.DECISION,
        LIVE,
        "surrendered",
        M,
        (C,),
        needs=frozenset({"effective"}),
        optional=frozenset({"extra"}),
        effect=Effect.STATED,
        notice="surrender_notice_days",
        hearing="hand-over plan for workers in process",
        summary="The holder gives the licence up.",
    ),
    Step(
        "L15",
        Action.FILE_RENEWAL,
        Kind.FILING,
        RUNNING,
        "+renewal_filed",
        M,
        (),
        effect=Effect.STATED,
        optional=frozenset({"effective"}),
        summary="A renewal was filed, once a term; in time, the law deems the licence in force until it is decided.",
    ),
    Step(
        "L16",
        Action.RENEW,
        Kind.DECISION,
        LIVE,
        "active",
        M,
        (C,),
        needs=frozenset({"first_day", "last_day"}),
        optional=frozenset({"scope", "conditions"}),
        summary="A further term under the same number.",
    ),
    Step(
        "L16x",
        Action.REFUSE_RENEWAL,
        Kind.DECISION,
        LIVE,
        "expired",
        M,
        (C,),
        grounds=WRONG,
        needs=frozenset({"refers_to", "notice_served_on"}),
        notice="representation_days",
        hearing="minded-to notice",
        appeal="appeal_days",
        stay=Stay.BY_ORDER,
        summary="The renewal is refused; the licence ends with its term.",
    ),
    Step(
        "L17",
        Action.RENEW_LATE,
        Kind.DECISION,
        frozenset({State.EXPIRED}),
        "active",
        M,
        (C,),
        needs=frozenset({"first_day", "last_day"}),
        optional=frozenset({"scope", "conditions"}),
        summary="A late renewal within the days of grace, unless it was refused; the gap stays visible.",
    ),
    Step(
        "L18",
        Action.SET_ASIDE,
        Kind.ORDER,
        ANY,
        "",
        APPEAL,
        (C,),
        effect=Effect.STATED,
        needs=frozenset({"refers_to", "order_reference"}),
        optional=frozenset({"effective", "ab_initio"}),
        summary="An appeal succeeds; the decision is set aside, from now or from the beginning.",
    ),
    Step(
        "L19a",
        Action.FILE_APPEAL,
        Kind.FILING,
        ANY,
        "+under_appeal",
        APPEAL,
        (),
        effect=Effect.STATED,
        needs=frozenset({"refers_to"}),
        optional=frozenset({"effective"}),
        summary="The holder appeals, once against a decision; where the law says so the decision waits.",
    ),
    Step(
        "L19b",
        Action.END_APPEAL,
        Kind.ORDER,
        ANY,
        "-under_appeal",
        APPEAL,
        (C,),
        effect=Effect.AFTER_STAY,
        needs=frozenset({"refers_to", "order_reference"}),
        summary="The appeal is dismissed or withdrawn.",
    ),
    Step(
        "L19",
        Action.STAY,
        Kind.ORDER,
        ANY,
        "+stayed",
        APPEAL,
        (C,),
        effect=Effect.STATED,
        needs=frozenset({"refers_to", "order_reference"}),
        optional=frozenset({"effective", "until", "ab_initio"}),
        summary="The appeals body stays a decision, from now or from the beginning.",
    ),
    Step(
        "L19x",
        Action.END_STAY,
        Kind.ORDER,
        ANY,
        "-stayed",
        APPEAL,
        (C,),
        effect=Effect.STATED,
        needs=frozenset({"refers_to", "order_reference"}),
        optional=frozenset({"effective"}),
        summary="The stay ends.",
    ),
    Step(
        "L20",
        Action.CORRECT,
        Kind.CORRECTION,
        ANY,
        "",
        M,
        (C,),
        grounds=frozenset({"CLERICAL-ERROR"}),
        needs=frozenset({"refers_to"}),
        summary="A wrong entry is marked corrected, not deleted, by as many officers as made it; all are told again.",
    ),
    Step(
        "L21",
        Action.DEBAR,
        Kind.DECISION,
        ANY,
        "+debarred",
        M,
        (C, RG),
        grounds=WRONG,
        optional=frozenset({"until", "permanent", "effective"}),
        effect=Effect.STATED,
        hearing="hearing",
        appeal="appeal_days",
        stay=Stay.BY_ORDER,
        sanction=SanctionKind.DEBARMENT,
        summary="The agency is barred; every licence of it ends with the bar.",
    ),
    Step(
        "S1",
        Action.WARN,
        Kind.DECISION,
        RUNNING,
        "",
        M,
        (C,),
        grounds=WRONG,
        sanction=SanctionKind.WARNING,
        summary="A written warning.",
    ),
    Step(
        "S2",
        Action.ENTER_DEMERIT,
        Kind.DECISION,
        RUNNING,
        "",
        M,
        (C,),
        grounds=WRONG,
        needs=frozenset({"points"}),
        published=False,
        sanction=SanctionKind.DEMERIT,
        summary="Points are entered in the ledger.",
    ),
    Step(
        "S3",
        Action.FINE,
        Kind.DECISION,
        RUNNING | ENDED,
        "",
        M,
        (C,),
        grounds=WRONG,
        needs=frozenset({"amount", "currency"}),
        appeal="appeal_days",
        sanction=SanctionKind.FINE,
        summary="A fine.",
    ),
    Step(
        "S4",
        Action.ORDER_REPAYMENT,
        Kind.DECISION,
        RUNNING | ENDED,
        "",
        M,
        (C,),
        grounds=WRONG,
        needs=frozenset({"amount", "currency"}),
        appeal="appeal_days",
        sanction=SanctionKind.REPAYMENT_ORDER,
        summary="Workers are to be paid back.",
    ),
    Step(
        "S5",
        Action.MEET_CONDITION,
        Kind.DECISION,
        RUNNING,
        "-conditions",
        M,
        (C,),
        needs=frozenset({"refers_to"}),
        summary="The conditions of an entry are met.",
    ),
    Step(
        "F1",
        Action.CONFIRM_SECURITY,
        Kind.FACT,
        ANY,
        "",
        M,
        (),
        needs=frozenset({"amount", "currency", "issuer", "until"}),
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        summary="A security was confirmed: all that this issuer holds, until a day; its newest word counts.",
    ),
    Step(
        "F2",
        Action.DRAW_SECURITY,
        Kind.FACT,
        DECIDED,
        "",
        M,
        (),
        needs=frozenset({"amount", "currency"}),
        summary="A security was drawn on; it is to be filled up again.",
    ),
    Step(
        "F3",
        Action.PAY,
        Kind.FACT,
        DECIDED,
        "",
        M,
        (),
        needs=frozenset({"refers_to", "amount", "currency"}),
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        summary="A fine or a repayment was paid, wholly or in part.",
    ),
    Step(
        "N1",
        Action.SHOW_CAUSE,
        Kind.FACT,
        DECIDED - {State.VOID},
        "",
        M,
        (),
        grounds=GROUNDS - {"CLERICAL-ERROR"},
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        published=False,
        hearing="representation of the holder",
        summary="The holder was given notice of what is meant to be decided, and asked to show cause against it.",
    ),
    Step(
        "N2",
        Action.REPRESENT,
        Kind.FACT,
        DECIDED,
        "",
        M,
        (),
        needs=frozenset({"refers_to"}),
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        published=False,
        summary="The holder answered a notice to show cause.",
    ),
    Step(
        "N3",
        Action.HEAR,
        Kind.FACT,
        DECIDED,
        "",
        M,
        (),
        needs=frozenset({"refers_to"}),
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        published=False,
        summary="The holder was heard, before a decision or after an interim measure.",
    ),
    Step(
        "N4",
        Action.PERFORM,
        Kind.FACT,
        DECIDED,
        "",
        M,
        (),
        needs=frozenset({"refers_to", "duty"}),
        optional=frozenset({"effective"}),
        effect=Effect.STATED,
        published=False,
        summary="The holder did what a measure asks of it.",
    ),
)

STEPS: Final[Mapping[Action, Step]] = {step.action: step for step in _STEPS}

#: What the clock does by itself: (code, from, to, when). Computed by the fold, never written as an entry.
CLOCK_STEPS: Final = (
    ("A10", State.PENDING_ACTIVATION, State.CANCELLED, "the days for activation have run"),
    ("L14", State.ACTIVE, State.EXPIRED, "the term's last day is over, local time"),
    ("L14", State.SUSPENDED, State.EXPIRED, "the term's last day is over; flagged suspended at expiry"),
    ("L15", State.ACTIVE, State.RENEWAL_PENDING, "the term is over and a renewal was filed in time"),
    ("L16", State.RENEWAL_PENDING, State.EXPIRED, "the deemed period is over without a decision"),
    (
        "L22",
        State.SUSPENDED,
        State.ACTIVE,
        "an emergency suspension was not ratified, a preventive one not confirmed",
    ),
    ("L6", State.SUSPENDED, State.ACTIVE, "a dated suspension without conditions to lift has run its time"),
)

#: The suspensions: an entry of these keeps a licence suspended while it is open.
SUSPENSIONS: Final[Mapping[Action, SanctionKind]] = {
    Action.SUSPEND_PREVENTIVE: SanctionKind.PREVENTIVE_SUSPENSION,
    Action.SUSPEND_EMERGENCY: SanctionKind.PREVENTIVE_SUSPENSION,
    Action.SUSPEND_ADMINISTRATIVE: SanctionKind.ADMINISTRATIVE_SUSPENSION,
    Action.SUSPEND_DISCIPLINARY: SanctionKind.DISCIPLINARY_SUSPENSION,
}


def open_steps(state: State, roles: frozenset[str]) -> tuple[Step, ...]:
    """The steps that the table allows from ``state`` to one of ``roles``, in the table's order."""
    return tuple(step for step in _STEPS if state in step.sources and roles & step.proposes)
