"""The closed vocabularies of the law: grounds, reasons, sanction kinds.

Codes are stable and public; their texts live in ``api/labels.py``. Grounds are those of the field (domain
model 3.3); a reason says why an answer is what it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Grounds that make a preventive suspension possible: danger to persons, or a forged paper at first sight.
DANGER: Final = frozenset(
    {"TRAFFICKING", "FORCED-LABOUR", "CHILD", "IMMINENT-HARM", "FALSE-DOC", "DEBT-BONDAGE"}
)

#: Grounds the record itself shows; they carry an administrative suspension that ends with its cure.
ADMINISTRATIVE: Final = frozenset(
    {
        "BOND-LAPSE",
        "BOND-NOT-REPLENISHED",
        "REPORT-OVERDUE",
        "NO-RESPONSIBLE-OFFICER",
        "UNPAID-AWARD",
        "UNPAID-FINE",
    }
)

#: Grounds of an administrative end: nobody's fault is found.
ENDING: Final = frozenset({"ENTITY-DISSOLVED", "INSOLVENCY", "DORMANT", "COMPANY-NUMBER-CHANGED"})

#: Grounds of voiding: the licence was obtained by fraud.
FRAUD: Final = frozenset({"FALSE-DOC", "MISREPRESENTATION"})

GROUNDS: Final = (
    frozenset(
        {
            "FEE-PROHIBITED",
            "FEE-OVERCHARGE",
            "CONTRACT-SUBSTITUTION",
            "NON-DEPLOYMENT-NO-REFUND",
            "PASSPORT-RETENTION",
            "DISCRIMINATION",
            "RETALIATION",
            "UNREGISTERED-SUBAGENT",
            "LICENCE-LENDING",
            "UNAPPROVED-JOB-ORDER",
            "AD-WITHOUT-NUMBER",
            "BANNED-CORRIDOR",
            "WAGE-DEDUCTION",
            "OFFICER-CHANGE-UNNOTIFIED",
            "CAPITAL",
            "FIT-PROPER",
            "CONVICTION",
            "TAX-SOCIAL-SECURITY",
            "OBSTRUCTION",
            "OPERATING-WHILE-SUSPENDED",
            "NAME-MISUSE",
            "PHOENIX",
            "BREACH-OF-CONDITION",
            "POINTS",
            "CLERICAL-ERROR",
        }
    )
    | DANGER
    | ADMINISTRATIVE
    | ENDING
    | FRAUD
)

#: Why an answer is what it is. The first part names the thing spoken of.
REASONS: Final = frozenset(
    {
        "licence.in_force",
        "licence.not_yet",
        "licence.pending_activation",
        "licence.activation_lapsed",
        "licence.expired",
        "licence.suspended_at_expiry",
        "licence.cancelled",
        "licence.surrendered",
        "licence.revoked",
        "licence.void",
        "licence.not_found",
        "licence.mistyped",
        "licence.ambiguous",
        "licence.decided_pending_effect",
        "licence.under_appeal",
        "licence.stayed",
        "licence.provisional",
        "licence.surveillance",
        "licence.conditions",
        "suspension.preventive",
        "suspension.administrative",
        "suspension.disciplinary",
        "renewal.deemed_in_force",
        "renewal.refused",
        "security.missing",
        "scope.limited",
        "scope.no_new_recruitment",
        "scope.nothing_left",
        "agency.debarred",
        "listed.on_list",
        "listed.stale",
        "listed.before_and_after",
        "listed.not_on_latest",
        "listed.not_yet",
        "listed.status_not_in_force",
        "listed.word_unknown",
        "history.not_public",
        "record.not_known_then",
        "record.withheld",
        "badge.not_found",
        "badge.mistyped",
        "badge.withdrawn",
        "office.not_yet",
        "office.closed",
        "appointment.not_yet",
        "appointment.ended",
        "name.mismatch",
        "register.unreachable",
    }
)

#: Reasons that say that the holder may recruit; beside a no they would contradict it.
FAVOURABLE: Final = frozenset(
    {"licence.in_force", "renewal.deemed_in_force", "scope.limited", "listed.on_list"}
)


class SanctionKind(StrEnum):
    """What an authority can do to a holder (domain model 3.4)."""

    ADVICE = "advice"
    WARNING = "warning"
    CORRECTIVE_ORDER = "corrective_order"
    DEMERIT = "demerit"
    FINE = "fine"
    REPAYMENT_ORDER = "repayment_order"
    SECURITY_DRAW = "security_draw"
    PARTIAL_SUSPENSION = "partial_suspension"
    PREVENTIVE_SUSPENSION = "preventive_suspension"
    ADMINISTRATIVE_SUSPENSION = "administrative_suspension"
    DISCIPLINARY_SUSPENSION = "disciplinary_suspension"
    REVOCATION = "revocation"
    VOIDING = "voiding"
    DEBARMENT = "debarment"
    PERSON_BAR = "person_bar"


@dataclass(frozen=True, slots=True)
class SanctionRule:
    """What a kind of sanction weighs and how long the public reads it.

    ``points`` count until they expire (policy ``points_months``); ``public_months`` run from the end of its
    effect, ``None`` = for ever, ``0`` = never shown.
    """

    points: int
    public_months: int | None


SANCTIONS: Final[dict[SanctionKind, SanctionRule]] = {
    SanctionKind.ADVICE: SanctionRule(points=0, public_months=0),
    SanctionKind.WARNING: SanctionRule(points=2, public_months=12),
    SanctionKind.CORRECTIVE_ORDER: SanctionRule(points=2, public_months=12),
    SanctionKind.DEMERIT: SanctionRule(points=0, public_months=0),
    SanctionKind.FINE: SanctionRule(points=4, public_months=60),
    SanctionKind.REPAYMENT_ORDER: SanctionRule(points=8, public_months=36),
    SanctionKind.SECURITY_DRAW: SanctionRule(points=0, public_months=0),
    SanctionKind.PARTIAL_SUSPENSION: SanctionRule(points=8, public_months=120),
    SanctionKind.PREVENTIVE_SUSPENSION: SanctionRule(points=0, public_months=12),
    SanctionKind.ADMINISTRATIVE_SUSPENSION: SanctionRule(points=0, public_months=120),
    SanctionKind.DISCIPLINARY_SUSPENSION: SanctionRule(points=12, public_months=120),
    SanctionKind.REVOCATION: SanctionRule(points=0, public_months=None),
    SanctionKind.VOIDING: SanctionRule(points=0, public_months=None),
    SanctionKind.DEBARMENT: SanctionRule(points=0, public_months=None),
    SanctionKind.PERSON_BAR: SanctionRule(points=0, public_months=36),
}
