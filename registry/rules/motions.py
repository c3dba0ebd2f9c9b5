"""The law of what several officers decide beside the steps of licences: who proposes it and who must say yes.

A motion is proposed by one officer and taken when all that the table names have approved, in order; nobody approves
their own. What each needs and when it is refused stands with the module that takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from registry.rules.errors import BadInput, StepIncomplete
from registry.rules.lifecycle import READ_PERSONS, RG, C, M, Role

LONGEST: Final = 4000
"""Characters of a reason."""


class Motion(StrEnum):
    """What can be moved."""

    MERGE = "merge_agencies"
    BAR = "bar_person"
    END_BAR = "end_bar"
    DISMISS_APPEAL = "dismiss_appeal"
    ANSWER = "answer_request"
    PUBLISH_ALERT = "publish_alert"
    CORRECT_ALERT = "correct_alert"
    END_ALERT = "end_alert"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may propose, for each further yes who may give it, and who reads it; ``code`` names the row in documents."""

    code: str
    proposes: frozenset[Role]
    approvals: tuple[frozenset[Role], ...]
    reads: frozenset[Role]
    summary: str


_OFFICIALS: Final = frozenset(Role) - {Role.ANALYST, Role.SYSTEM}

RULES: Final[Mapping[Motion, Rule]] = {
    Motion.MERGE: Rule(
        "P1", M, (C,), _OFFICIALS, "Two records of one firm become one; nothing is deleted."
    ),
    Motion.BAR: Rule(
        "P2", M, (C, RG), READ_PERSONS, "A person is barred from acting for agencies (as L21 bars an agency)."
    ),
    Motion.END_BAR: Rule(
        "P3", M, (C, RG), READ_PERSONS,
        "A bar of a person ends early, or should never have been; by as many as made it.",
    ),
    Motion.DISMISS_APPEAL: Rule(
        "P5", M, (C,), READ_PERSONS, "The appeals body dismissed the appeal against a bar; by no officer of the bar."
    ),
    Motion.ANSWER: Rule(
        "P4", M, (C,), READ_PERSONS, "Somebody's request to see or correct what is held of them is answered."
    ),
    Motion.PUBLISH_ALERT: Rule(
        "P6", M, (C,), _OFFICIALS, "The public is warned of somebody without a licence, or of a clone of an agency."
    ),
    Motion.CORRECT_ALERT: Rule("P7", M, (C,), _OFFICIALS, "An alert is written anew; what it said stays on record."),
    Motion.END_ALERT: Rule(
        "P8", M, (C,), _OFFICIALS, "An alert is taken back: there is no more need of it, or it should never have been."
    ),
}  # fmt: skip
"""The table (domain model 3.4 and 3.6): whoever reads no persons reads no motion about one."""


def day(value: object, field: str) -> date | None:
    """A day of a motion's terms, as a date or as ``YYYY-MM-DD``; nothing where none is stated."""
    if value in {None, ""}:
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadInput("a day is written YYYY-MM-DD", field=field) from None


def reason(value: object) -> str:
    """Why, in words; refuses none, and what is too long."""
    if not isinstance(value, str) or not value.strip():
        raise StepIncomplete("say why", field="reason")
    if len(value) > LONGEST or "\x00" in value:
        raise BadInput("a reason has at most {most} characters", field="reason", most=LONGEST)
    return value.strip()
