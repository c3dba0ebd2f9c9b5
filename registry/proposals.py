"""What waits for another officer: the rows that ``licensing`` and ``agencies`` share.

A proposal is a row that is only closed, never altered. Who may close it with a yes is :mod:`registry.rules.four_eyes`';
what then happens is ``licensing``'s.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from registry import records
from registry.models import Agency, Licence, Proposal
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor
from registry.rules.policy import Policy


def write(
    action: Action, subject: str, terms: Mapping[str, Any], *, by: Actor, at: datetime, licence: Licence | None,
    agency: Agency, policy: Policy | None = None,
) -> Proposal:  # fmt: skip
    """Write a proposal that lapses by the authority's policy; close those of its subject that have run out.

    Refuses where one of the same licence (or agency), action and subject is open. ``subject`` stands in the journal in
    clear: a number or a keyed digest, never people's data. ``policy``: the one in force, where the caller has read it.
    """
    same = Proposal.objects.filter(
        licence=licence, agency=agency, action=action.value, subject=subject, state="open"
    )
    same.filter(expires_at__lte=at).update(state="expired", closed_at=at)
    policy = policy or records.current_policy(agency.authority_id, at=at)
    try:
        with transaction.atomic(savepoint=False):  # nobody goes on after the refusal
            return Proposal.objects.create(
                licence=licence,
                agency=agency,
                authority=agency.authority,
                action=action.value,
                subject=subject,
                terms=terms,
                licence_version=licence.version if licence else 0,
                proposed_by=by.number,
                proposed_at=at,
                expires_at=at + timedelta(days=policy.proposal_days),
            )
    except IntegrityError as clash:
        raise errors.ProposalOpen("such a proposal is open already", action=action.value) from clash


def grant_waits(agency: Agency, *, at: datetime) -> bool:
    """Whether a licence for this agency waits for the officer who grants it."""
    waiting = Proposal.objects.filter(agency=agency, action=Action.GRANT.value, state="open")
    return waiting.filter(expires_at__gt=at).exists()
