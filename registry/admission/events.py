"""Events of an application: locking it and adding one more. For this package alone."""

import secrets
from collections.abc import Mapping
from typing import Any

from registry.admission import cases
from registry.admission.cases import Case
from registry.models import Application, ApplicationEvent, ApplicationText
from registry.rules import applying, errors
from registry.rules.applying import Standing


def locked(number: str) -> Application:
    """The application, held until the transaction ends; refuses an unknown number."""
    rows = Application.objects.select_for_update(of=("self",)).select_related(
        "authority", "agency", "licence"
    )
    row = rows.filter(number=number).first()
    if row is None:
        raise errors.ApplicationNotFound("no application has this number", number=number)
    return row


def add(
    found: Case, step: applying.Step, *, by: str, facts: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
) -> ApplicationEvent:  # fmt: skip
    """Add the event with its frozen deadlines and the digest of what was said; bring the row up to what it means."""
    salt = secrets.token_hex(32) if said else ""
    event = ApplicationEvent.objects.create(
        application=found.row,
        ordinal=len(found.events),
        action=step.action.value,
        step=step.code,
        by=by,
        at=found.at,
        facts=dict(facts or {}),
        deadlines=applying.freeze(step, found.policy, found.zone, at=found.at),
        policy_version=found.policy.version,
        digest=cases.digest(salt, said) if said else "",
    )
    if said:
        ApplicationText.objects.create(event=event, said=dict(said), salt=salt)
    project(found.row, applying.at([*found.events, cases.as_event(event)], at=found.at))
    return event


def project(row: Application, now: Standing) -> None:
    """Save what the events mean in the columns that lists are read by."""
    row.state, row.due_at = now.state.value, now.due
    row.version += 1
    row.save()
