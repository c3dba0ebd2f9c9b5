"""What a step would change is told to officers of the own authority alone; to others the number is one of nobody's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from registry import licensing, outlook, securities
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor, Role, StepTerms
from tests import builders

AT = builders.START + timedelta(days=10)
LIFT = StepTerms(no_conflict=True)
Ask = Callable[[Actor, str, str, int], object]
DOORS: dict[str, tuple[Ask, type[errors.NotFound]]] = {
    "file": (lambda by, licence, _a, _p: outlook.file(licence, by=by, at=AT), errors.LicenceNotFound),
    "options": (lambda by, licence, _a, _p: outlook.options(licence, by=by, at=AT), errors.LicenceNotFound),
    "step": (
        lambda by, licence, _a, _p: outlook.of(licence, Action.SURRENDER, LIFT, by=by, at=AT),
        errors.LicenceNotFound,
    ),
    "agency's file": (
        lambda by, _l, agency, _p: outlook.agency_file(agency, by=by, at=AT),
        errors.AgencyNotFound,
    ),
    "agency's options": (
        lambda by, _l, agency, _p: outlook.agency_options(agency, by=by, at=AT),
        errors.AgencyNotFound,
    ),
    "agency's step": (
        lambda by, _l, agency, _p: outlook.of_agency(agency, Action.DEBAR, LIFT, by=by, at=AT),
        errors.AgencyNotFound,
    ),
    "proposal": (
        lambda by, _l, _a, proposal: outlook.of_proposal(proposal, by=by, at=AT),
        errors.ProposalNotFound,
    ),
    "security": (lambda by, licence, _a, _p: securities.of(licence, by=by, at=AT), errors.LicenceNotFound),
    "agency's securities": (
        lambda by, _l, agency, _p: securities.of_agency(agency, by=by, at=AT),
        errors.AgencyNotFound,
    ),
}


@pytest.mark.django_db
def test_an_emergency_is_offered_for_ratification_to_somebody_else() -> None:
    builders.authority()
    licence = builders.active(builders.agency())
    danger = StepTerms(grounds=("IMMINENT-HARM",), no_conflict=True)
    one = replace(builders.duty_officer(AT), roles=frozenset({Role.DUTY_OFFICER, Role.REGISTRAR}))
    licensing.decide(licence, Action.SUSPEND_EMERGENCY, by=one, at=AT, terms=danger, idempotency_key="1")
    for by, closed in ((one, outlook.Closed.OWN), (builders.registrar(AT), None)):
        (ratify,) = [
            option for option in outlook.options(licence, by=by, at=AT) if option.step.action is Action.RATIFY
        ]
        assert (ratify.closed, len(ratify.targets)) == (closed, int(closed is None))


@pytest.mark.django_db
def test_another_authority_s_number_reads_as_one_that_nobody_has() -> None:
    builders.authority()
    agency = builders.agency()
    licence = builders.opened(agency, at=AT)
    terms = StepTerms(first_day=date(2026, 1, 15), last_day=date(2027, 1, 14), no_conflict=True)
    proposal = licensing.propose(
        licence, Action.GRANT, by=builders.maker(AT), at=AT, terms=terms, idempotency_key=builders.key()
    )
    own, other = builders.checker(AT), builders.checker(AT, "XB-MOL")
    for name, (ask, missing) in DOORS.items():
        with pytest.raises(errors.OutsideAuthority) as refused:
            ask(other, licence, agency, proposal.id)
        assert type(refused.value.unseen) is missing, name
    for ask, _missing in (DOORS["file"], DOORS["options"], DOORS["proposal"], DOORS["security"]):
        assert ask(own, licence, agency, proposal.id) is not None
