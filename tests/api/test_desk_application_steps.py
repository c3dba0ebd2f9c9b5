"""Who takes which step at the desk on an application that the public may object to, and what a grant asks for."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from api.desk import navigation
from registry.rules.applying import STEPS, Action, Party, State
from registry.rules.lifecycle import Role
from tests import applying as apply
from tests import builders
from tests.api import test_desk_applications
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.api.test_desk_applications import AT, FIELDS, state
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
office, officer = test_desk_applications.office, test_desk_applications.officer
registrar = test_desk_applications.registrar
ROLES = sorted(navigation.EVERYBODY)


@pytest.fixture(scope="module")
def called(kept: Kept) -> str:
    """The only application, inspected, to which the public may object."""
    with kept(at=AT):
        builders.authority(at=AT - timedelta(days=60))
        return apply.called(AT)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_the_pages_and_steps_of_its_own_and_no_other(
    called: str, desk: Client, role: Role
) -> None:
    pages = at_desk(desk, appoint("DLA-40", "XA-DLA", role.value))
    reads = role in navigation.APPLICATIONS
    for path in ("applications", f"applications/{called}"):
        assert pages.get(path).status_code == (200 if reads else 403), path
    asks = role in STEPS[Action.ASK].by
    assert pages.get(f"applications/{called}/ask").status_code == (200 if asks else 403)
    shown = pages.client.get("/desk/keys").content.decode()
    token = {"csrfmiddlewaretoken": re.findall(r'csrfmiddlewaretoken" value="(\w+)"', shown)[-1]}
    for step in STEPS.values():
        path = f"/desk/applications/{called}/{step.action.value}"
        sent = token | FIELDS.get(step.action, {}) | {"no_conflict": "on"}
        answer = pages.client.post(path, sent)
        if reads and step.by & set(Party):
            assert answer.status_code == 404, step.action
        elif role not in step.by:
            assert answer.status_code == 403, step.action
        else:
            lawful = State.OBJECTION_PERIOD in step.sources
            assert answer.status_code in ({302, 422} if lawful else {422}), step.action
            assert state(called) == "objection_period"


def test_a_grant_takes_two_officers_at_two_desks_and_a_double_click_grants_once(
    called: str, officer: Pages, registrar: Pages, clock: Clock
) -> None:
    clock.stop(AT + timedelta(days=16))
    officer = at_desk(officer.client, officer_of("DLA-7"))
    registrar = at_desk(registrar.client, officer_of("DLA-9"))
    path = f"applications/{called}"
    assert officer.send(f"{path}/propose_grant", **FIELDS[Action.PROPOSE_GRANT]).status_code == 422, (
        "undeclared"
    )
    sent = FIELDS[Action.PROPOSE_GRANT] | {"no_conflict": "on"}
    assert officer.send(f"{path}/propose_grant", **sent).status_code == 302
    own = officer.send(f"{path}/grant", no_conflict="on")
    assert own.status_code == 403
    shown = registrar.get(f"{path}/grant").content.decode()
    assert "DLA-7" in shown
    assert "2028" in shown
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)"(?: value="([^"]*)")?', shown))
    for _ in range(2):
        answer = registrar.client.post(f"/desk/{path}/grant", hidden | {"no_conflict": "on"})
        assert answer.status_code == 302
    page = registrar.get(path).content.decode()
    licence = re.search(r"XA-DLA-A-\d{6}-.", page)
    assert "The licence was granted but is not in force yet." in page
    assert licence is not None
    assert registrar.get(f"licences/{licence[0]}").status_code in {200, 302}


def officer_of(number: str) -> Any:
    from api.models import User

    return User.objects.get(officer_number=number)


def test_a_stale_second_factor_is_asked_for_in_the_same_form(
    called: str, officer: Pages, clock: Clock
) -> None:
    clock.stop(AT + timedelta(days=16))
    shown = officer.get(f"applications/{called}/propose_grant").content.decode()
    assert 'name="code"' in shown
    sent = FIELDS[Action.PROPOSE_GRANT] | {"no_conflict": "on", "code": "000000"}
    answer = officer.send(f"applications/{called}/propose_grant", **sent)
    assert answer.status_code == 422
    assert "2028-03-31" in answer.content.decode()
    assert state(called) == "objection_period"
