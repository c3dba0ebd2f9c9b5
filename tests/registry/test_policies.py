"""An authority's law in numbers: proposed by one administrator, put in force by another, alone by the operator only."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections

from registry import agencies, audit, dossier, policies
from registry.models import ChangeJournal, PolicyProposal, PolicySet
from registry.rules import errors
from registry.rules.lifecycle import Actor, Role
from tests import builders

AT = builders.START + timedelta(days=10)
RULES = {**builders.POLICY, "appeal_days": 21}


def _admin(number: str = "ADMIN-1", authority: str | None = "XA-DLA") -> Actor:
    return Actor(number, authority, frozenset({Role.ADMINISTRATOR}), second_factor_at=AT)


def _propose(**more: Any) -> policies.PolicyProposalRecord:
    said: dict[str, Any] = {
        "in_force_from": None,
        "by": _admin(),
        "at": AT,
        "idempotency_key": builders.key(),
    }
    return policies.propose("XA-DLA", more.pop("rules", RULES), **said | more)


def _approve(number: int, **more: Any) -> policies.PolicyProposalRecord:
    said: dict[str, Any] = {"by": _admin("ADMIN-2"), "at": AT, "idempotency_key": builders.key()}
    return policies.approve(number, **said | more)


def _days() -> Any:
    return dossier.authority("XA-DLA", at=AT)["policy"]["appeal_days"]


@pytest.mark.django_db
def test_a_version_without_a_day_has_force_from_its_approval() -> None:
    builders.authority()
    before = _days()
    waits = _propose()
    assert waits.changed == {"appeal_days": (before, 21)}
    assert _days() == before
    assert _approve(waits.id, by=_admin("ADMIN-2", None)).version == 2
    assert _days() == 21
    assert PolicySet.objects.latest("version").by == "ADMIN-2"
    assert list(audit.differences(at=AT)) == []


@pytest.mark.django_db
def test_who_may_not_changes_nothing() -> None:
    builders.authority()
    builders.authority("XB-MOL", zone="Asia/Tokyo")
    waits = _propose().id
    before = ChangeJournal.objects.count()
    stale = replace(_admin("ADMIN-2"), second_factor_at=AT - timedelta(minutes=5, seconds=1))
    for by, refusal in (
        (_admin(), errors.OwnProposal),
        (stale, errors.SecondFactorStale),
        (replace(_admin("ADMIN-2"), second_factor_at=None), errors.SecondFactorStale),
        (_admin("ADMIN-2", "XB-MOL"), errors.OutsideAuthority),
        (builders.registrar(AT), errors.RoleNotAllowed),
        (builders.SYSTEM, errors.RoleNotAllowed),
    ):
        with pytest.raises(refusal):
            _approve(waits, by=by)
    for by, refusal in (
        (stale, errors.SecondFactorStale),
        (builders.registrar(AT), errors.RoleNotAllowed),
        (_admin("ADMIN-2", "XB-MOL"), errors.OutsideAuthority),
    ):
        with pytest.raises(refusal):
            _propose(by=by)
    for by in (_admin(), _admin("ADMIN-2", None), builders.registrar(AT)):
        with pytest.raises(errors.RoleNotAllowed):
            agencies.set_policy("XA-DLA", RULES, in_force_from=AT, by=by, at=AT, idempotency_key="alone")
    assert ChangeJournal.objects.count() == before
    assert (
        agencies.set_policy("XA-DLA", RULES, in_force_from=AT, by=builders.SYSTEM, at=AT, idempotency_key="o")
        == 2
    )


@pytest.mark.django_db
def test_what_can_not_be_law_can_not_be_proposed() -> None:
    builders.authority()
    for rules in (
        {"appeal_days": "21"},
        {"nothing": 1},
        {"appeal_days": -1},
        {"law": "a\x00b"},
        {"law": "\ud83d"},
    ):
        with pytest.raises(errors.BadInput):
            _propose(rules=rules)
    with pytest.raises(errors.BackdatingRefused):
        _propose(in_force_from=date(2026, 1, 1))
    _propose()
    with pytest.raises(errors.ProposalOpen):
        _propose(rules={**RULES, "appeal_days": 22})


@pytest.mark.django_db
def test_a_version_that_events_have_overtaken_is_not_put_in_force() -> None:
    builders.authority()
    waits = _propose()
    agencies.set_policy("XA-DLA", {}, in_force_from=AT, by=builders.SYSTEM, at=AT, idempotency_key="o")
    with pytest.raises(errors.ProposalOvertaken):
        _approve(waits.id)
    policies.decline(waits.id, reason="overtaken", by=_admin(), at=AT, idempotency_key="no")
    soon = _propose(in_force_from=AT + timedelta(hours=1))
    later = AT + timedelta(hours=2)
    with pytest.raises(errors.BackdatingRefused):
        _approve(soon.id, by=replace(_admin("ADMIN-2"), second_factor_at=later), at=later)
    late = AT + policies.RUNS
    with pytest.raises(errors.ProposalClosed):
        _approve(soon.id, by=replace(_admin("ADMIN-2"), second_factor_at=late), at=late)
    assert policies.waiting(by=_admin(), at=late) == []
    again = _propose(by=replace(_admin(), second_factor_at=late), at=late)
    assert PolicyProposal.objects.get(pk=soon.id).state == "expired"
    assert [one.id for one in policies.waiting(by=_admin("ADMIN-2", None), at=late)] == [again.id]


@pytest.mark.django_db(transaction=True)
def test_of_two_approvals_at_once_one_wins() -> None:
    builders.authority()
    waits = _propose().id
    start, told = threading.Barrier(2), []

    def approve(number: str) -> None:
        try:
            start.wait()
            told.append(_approve(waits, by=_admin(number)).state)
        except errors.RegistryError as refusal:
            told.append(refusal.code)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=approve, args=(number,)) for number in ("ADMIN-2", "ADMIN-3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(told) == ["approved", "proposal.closed"]
    assert PolicySet.objects.count() == 2
