"""The life of a concern: what can be reported, what officers may do with it, and what the person is told.

A concern is no step in a licence's life and changes none: it is what somebody tells the authority (domain model 3.7).
The table ``STEPS`` is all that can be done with one; each act is one case officer's, and stands in its history for ever
as codes. What the person wrote is not here and not there: it can be deleted (ADR 0024).
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from stdnum.iso7064 import mod_37_36

from registry.rules import errors
from registry.rules.lifecycle import Role
from registry.rules.numbering import CROCKFORD


class Category(StrEnum):
    """What happened, as somebody says who is no lawyer."""

    FEES = "fees"
    DOCUMENTS_KEPT = "documents_kept"
    CONTRACT_CHANGED = "contract_changed"
    WAGES_UNPAID = "wages_unpaid"
    FORCED_LABOUR = "forced_labour"
    HELD = "held"
    VIOLENCE = "violence"
    CHILD = "child"
    FAKE_BADGE = "fake_badge"
    UNLICENSED = "unlicensed"
    OTHER = "other"


URGENT: Final = frozenset({Category.FORCED_LABOUR, Category.HELD, Category.VIOLENCE, Category.CHILD})
"""Somebody may be in danger: help lines are shown at once, and the law lets it be passed on without consent."""

INDICATORS: Final[Mapping[Category, str]] = {
    Category.FEES: "debt_bondage",
    Category.DOCUMENTS_KEPT: "retention_of_identity_documents",
    Category.CONTRACT_CHANGED: "deception",
    Category.WAGES_UNPAID: "withholding_of_wages",
    Category.FORCED_LABOUR: "intimidation_and_threats",
    Category.HELD: "restriction_of_movement",
    Category.VIOLENCE: "physical_and_sexual_violence",
    Category.CHILD: "abuse_of_vulnerability",
}
"""The indicator of forced labour that each points to (ILO, eleven indicators); the others point to none."""


class State(StrEnum):
    """Where a concern stands; all that the person is told of it."""

    RECEIVED = "received"
    OPEN = "open"
    REFERRED = "referred"
    CLOSED = "closed"


class Action(StrEnum):
    """The verb of an act."""

    FILE = "file"
    TRIAGE = "triage"
    ASK = "ask"
    REPLY = "reply"
    REFER = "refer"
    CLOSE = "close"
    REOPEN = "reopen"
    FORGET = "forget"


class Body(StrEnum):
    """To whom a concern can be passed on."""

    INSPECTION = "inspection"
    LABOUR_INSPECTORATE = "labour_inspectorate"
    POLICE = "police"
    ANTI_TRAFFICKING = "anti_trafficking"
    CHILD_PROTECTION = "child_protection"
    CONSULATE = "consulate"
    OTHER_AUTHORITY = "other_authority"


class Outcome(StrEnum):
    """How a concern ended."""

    SUBSTANTIATED = "substantiated"
    REPAID = "repaid"
    NOT_SUBSTANTIATED = "not_substantiated"
    OUT_OF_SCOPE = "out_of_scope"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"


PERSON: Final = "person"
"""Who an act is by where it is the person's own."""
CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True)
class Step:
    """One lawful act: from which states, who takes it, where it leads (``None``: nowhere else), what it must name."""

    code: str
    action: Action
    sources: frozenset[State]
    by: str
    target: State | None
    needs: tuple[str, ...] = ()


_OFFICER: Final = Role.CASE_OFFICER.value
_WORKED: Final = frozenset({State.OPEN, State.REFERRED})
_ALL: Final = frozenset(State)

STEPS: Final[Mapping[Action, Step]] = {
    one.action: one
    for one in (
        Step("C0", Action.FILE, frozenset(), PERSON, State.RECEIVED),
        Step("C1", Action.TRIAGE, _ALL - {State.CLOSED}, _OFFICER, State.OPEN, ("categories",)),
        Step("C2", Action.ASK, _ALL - {State.CLOSED}, _OFFICER, None, ("text",)),
        Step("C3", Action.REPLY, _ALL, PERSON, None, ("text",)),
        Step("C4", Action.REFER, _WORKED, _OFFICER, State.REFERRED, ("body",)),
        Step("C5", Action.CLOSE, _WORKED, _OFFICER, State.CLOSED, ("outcome",)),
        Step("C6", Action.REOPEN, frozenset({State.CLOSED}), _OFFICER, State.OPEN),
        Step("C7", Action.FORGET, frozenset({State.CLOSED}), CLOCK, None),
    )
}
"""The table. A second triage corrects the first; it leaves a concern that was passed on where it is (``target``)."""

READERS: Final = frozenset({Role.CASE_OFFICER})
"""Who reads concerns, and who they are from: the case officers of the authority and nobody else, not even in a log."""


def target(action: Action, state: State) -> State:
    """Where ``action`` leads from ``state``; refuses what the table does not have."""
    step = STEPS[action]
    if state not in step.sources:
        raise errors.ConcernStepNotAllowed("this cannot be done with it now", action=action, state=state)
    if action is Action.TRIAGE and state is State.REFERRED:
        return state
    return step.target or state


def open_steps(state: State) -> tuple[Action, ...]:
    """What a case officer can do with a concern in this state."""
    return tuple(one.action for one in STEPS.values() if one.by == _OFFICER and state in one.sources)


def is_urgent(categories: Collection[str]) -> bool:
    """Whether somebody may be in danger."""
    return bool(URGENT & set(categories))


def demand_referable(*, consent: bool, urgent: bool, why: str) -> None:
    """Refuse to pass a concern on without the person's consent, unless it is urgent and the officer says why."""
    if consent:
        return
    if not urgent:
        raise errors.ConsentMissing("the person has not agreed that it is passed on", field="body")
    if not why.strip():
        raise errors.StepIncomplete(
            "say which law lets it be passed on without the person's consent", field="why"
        )


def due(received_at: datetime, hours: int) -> datetime:
    """Until when a concern is to be triaged."""
    return received_at + timedelta(hours=hours)


# --- the tracking code and the PIN -----------------------------------------------------------------------------------

PREFIX: Final = "CE"
"""The first two letters of a tracking code; no country of ours."""
PIN_DIGITS: Final = 6
_CODE: Final = re.compile(rf"{PREFIX}([{CROCKFORD}OILU]{{11}})", re.ASCII)
_LOOK_ALIKES: Final = str.maketrans("OILU", "011V")
_LETTERS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyzıİ", "ABCDEFGHIJKLMNOPQRSTUVWXYZII")


def tracking_code(randbelow: Callable[[int], int]) -> str:
    """A new code: two letters, ten symbols drawn with ``randbelow``, an ISO 7064 MOD 37,36 check symbol (50 bits)."""
    while True:
        body = PREFIX + "".join(CROCKFORD[randbelow(32)] for _ in range(10))
        check = mod_37_36.calc_check_digit(body)
        if check in CROCKFORD:
            return body + str(check)


def read_code(text: str) -> str:
    """The code as stored, from what somebody typed; refuses with ``ConcernNotFound`` what is none."""
    found = _CODE.fullmatch(_squeezed(text).translate(_LETTERS))
    code = PREFIX + found[1].translate(_LOOK_ALIKES) if found else ""
    if not code or mod_37_36.checksum(code) != 1:
        raise errors.ConcernNotFound("no report has this code")
    return code


def shown_code(code: str) -> str:
    """The code as printed: ``CE7K-3M9Q-X2TW-N``."""
    return "-".join((code[:4], code[4:8], code[8:12], code[12:]))


def read_pin(text: str) -> str:
    """The PIN's digits, from what somebody typed in any script; refuses with ``ConcernNotFound`` what is none."""
    digits = _squeezed(text)
    if not re.fullmatch(rf"[0-9]{{{PIN_DIGITS}}}", digits, re.ASCII):
        raise errors.ConcernNotFound("no report has this code and PIN")
    return digits


def _squeezed(text: str) -> str:
    """Letters and ASCII digits alone; nothing of a text that is too long to be meant."""
    if len(text) > 100:
        return ""
    plain = (
        str(unicodedata.decimal(one)) if one.isdecimal() else one
        for one in unicodedata.normalize("NFKC", text)
    )
    return "".join(one for one in plain if one.isalnum())
