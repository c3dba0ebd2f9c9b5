"""An application as it stands: its row, the events that happened to it, and what they mean. For this package alone."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry import records
from registry.models import Application, ApplicationEvent
from registry.rules import applying, errors
from registry.rules.applying import Action, Event, Standing
from registry.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Case:
    """An application as it stands: its row, what happened, what that means now, and the policy of the day."""

    row: Application
    events: tuple[Event, ...]
    standing: Standing
    policy: Policy
    at: datetime

    @property
    def zone(self) -> str:
        """Where its legal days run."""
        return self.row.authority.zone

    def latest(self, action: Action) -> Event | None:
        """The newest event of that action."""
        return applying.latest(self.events, action)


def case(row: Application, *, at: datetime, policy: Policy | None = None) -> Case:
    """The application folded at ``at``; a caller with many of one authority gives its policy."""
    happened = told(row)
    policy = policy or records.current_policy(row.authority_id, at=at)
    return Case(row, happened, applying.at(happened, at=at), policy, at)


def told(row: Application) -> tuple[Event, ...]:
    """What happened, in its order; asks nothing where the events were fetched with the row."""
    return tuple(as_event(one) for one in sorted(row.events.all(), key=lambda one: one.ordinal))


def as_event(row: ApplicationEvent) -> Event:
    """One row as the fold reads it."""
    return Event(Action(row.action), row.by, row.at, row.facts, row.deadlines)


def admit(found: Case, action: Action) -> applying.Step:
    """The row of the table, if the application is in a state for it and nothing hinders it."""
    step = applying.STEPS[action]
    if found.standing.state not in step.sources:
        raise errors.ApplicationStepNotAllowed(
            "{action} is not a step from {state}",
            action=action.value, state=found.standing.state.value,
        )  # fmt: skip
    why = applying.why_not(action, found.standing, kind=found.row.kind, policy=found.policy, at=found.at)
    if why:
        raise errors.ApplicationStepNotAllowed("not yet: {why}", action=action.value, why=why)
    return step


def digest(salt: str, said: Mapping[str, Any]) -> str:
    """The salted digest of what was said: SHA-256 of the salt's bytes and the words as JSON with sorted keys."""
    told = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(salt) + told.encode()).hexdigest()
