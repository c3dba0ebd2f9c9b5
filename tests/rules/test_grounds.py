"""The closed vocabularies: what the fold says is declared, and what is declared is the domain's."""

import ast
from pathlib import Path

from registry.rules import grounds, measures, sightings, standing
from registry.rules.grounds import (
    ADMINISTRATIVE,
    DANGER,
    ENDING,
    FRAUD,
    GROUNDS,
    REASONS,
    SANCTIONS,
    SanctionKind,
)
from registry.rules.lifecycle import STEPS, SUSPENSIONS, Action, Effect, Overlay, State

#: The ground codes of the domain model, 3.3.
OF_THE_FIELD = [
    "FEE-PROHIBITED",
    "FEE-OVERCHARGE",
    "CONTRACT-SUBSTITUTION",
    "MISREPRESENTATION",
    "FALSE-DOC",
    "NON-DEPLOYMENT-NO-REFUND",
    "PASSPORT-RETENTION",
    "DEBT-BONDAGE",
    "FORCED-LABOUR",
    "TRAFFICKING",
    "CHILD",
    "DISCRIMINATION",
    "RETALIATION",
    "UNREGISTERED-SUBAGENT",
    "LICENCE-LENDING",
    "UNAPPROVED-JOB-ORDER",
    "AD-WITHOUT-NUMBER",
    "BANNED-CORRIDOR",
    "WAGE-DEDUCTION",
    "UNPAID-AWARD",
    "BOND-LAPSE",
    "BOND-NOT-REPLENISHED",
    "REPORT-OVERDUE",
    "OFFICER-CHANGE-UNNOTIFIED",
    "NO-RESPONSIBLE-OFFICER",
    "CAPITAL",
    "FIT-PROPER",
    "CONVICTION",
    "INSOLVENCY",
    "ENTITY-DISSOLVED",
    "DORMANT",
    "TAX-SOCIAL-SECURITY",
    "OBSTRUCTION",
    "OPERATING-WHILE-SUSPENDED",
    "NAME-MISUSE",
    "PHOENIX",
    "BREACH-OF-CONDITION",
    "IMMINENT-HARM",
]


def said_by(path: str) -> set[str]:
    """Every text in a module that has the form of a reason code of the fold."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    heads = {reason.split(".")[0] for reason in REASONS}
    return {
        t for t in texts if t.count(".") == 1 and t.split(".")[0] in heads and " " not in t and t[-1] != "."
    }


def test_every_reason_that_the_fold_says_is_declared() -> None:
    said = said_by(standing.__file__) | said_by(sightings.__file__) | said_by(measures.__file__)
    assert said <= REASONS
    assert {"licence.in_force", "security.missing", "listed.stale", "agency.debarred"} <= said


def test_every_reason_that_the_fold_puts_together_is_declared() -> None:
    terminal = {f"licence.{state.value}" for _, state in standing.TERMINAL}
    ended = {f"licence.{state.value}" for state in (State.CANCELLED, State.SURRENDERED)}
    suspended = {f"suspension.{kind.value.removesuffix('_suspension')}" for kind in SUSPENSIONS.values()}
    assert terminal | ended | suspended <= REASONS


def test_every_overlay_that_explains_an_answer_has_a_declared_reason() -> None:
    noted = standing._NOTED
    assert set(noted.values()) <= REASONS
    assert set(Overlay) - set(noted) == {Overlay.PARTIAL, Overlay.RENEWAL_FILED}


def test_what_can_begin_later_is_announced() -> None:
    later = {
        action for action, step in STEPS.items()
        if step.effect in {Effect.STATED, Effect.AFTER_APPEAL, Effect.NEXT_WORKING_DAY}
        and "effective" in step.needs | step.optional and step.kind.value == "decision"
    }  # fmt: skip
    assert later - {Action.ACTIVATE} <= standing.ANNOUNCED
    assert set(STEPS) >= standing.ANNOUNCED


def test_the_grounds_are_those_of_the_field() -> None:
    assert set(OF_THE_FIELD) <= GROUNDS
    assert GROUNDS - set(OF_THE_FIELD) == {
        "CLERICAL-ERROR",
        "COMPANY-NUMBER-CHANGED",
        "POINTS",
        "UNPAID-FINE",
    }


def test_the_groups_of_grounds_do_not_mix() -> None:
    for group in (DANGER, ADMINISTRATIVE, ENDING, FRAUD):
        assert group
        assert group < GROUNDS
    assert not ENDING & (DANGER | ADMINISTRATIVE | FRAUD)
    assert not ADMINISTRATIVE & (DANGER | FRAUD)
    assert {"TRAFFICKING", "FORCED-LABOUR", "CHILD", "IMMINENT-HARM", "FALSE-DOC"} <= DANGER


def test_every_ground_carries_some_step() -> None:
    carried = {ground for step in STEPS.values() for ground in step.grounds or ()}
    assert carried == GROUNDS


def test_every_sanction_has_its_weight_and_its_time() -> None:
    assert set(SANCTIONS) == set(SanctionKind)
    points = {kind: rule.points for kind, rule in SANCTIONS.items() if rule.points}
    assert points == {
        SanctionKind.WARNING: 2, SanctionKind.CORRECTIVE_ORDER: 2, SanctionKind.FINE: 4,
        SanctionKind.REPAYMENT_ORDER: 8, SanctionKind.PARTIAL_SUSPENSION: 8,
        SanctionKind.DISCIPLINARY_SUSPENSION: 12,
    }  # fmt: skip
    for_ever = {kind for kind, rule in SANCTIONS.items() if rule.public_months is None}
    assert for_ever == {SanctionKind.REVOCATION, SanctionKind.VOIDING, SanctionKind.DEBARMENT}


def test_codes_have_one_form() -> None:
    assert all(code == code.upper() and "_" not in code for code in GROUNDS)
    assert all(code == code.lower() and code.count(".") == 1 for code in REASONS)
    assert grounds.__doc__
