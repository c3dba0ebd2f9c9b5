"""What waits by its legal deadline: every kind is found, counted, scoped and gone once somebody answers it."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import agenda
from registry.agenda import Count, Matter, Wanted
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor, Role, StepTerms
from tests import builders

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
EVERY_KIND = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR})


def officer(*roles: Role, authority: str = "XA-DLA") -> Actor:
    """Somebody of the authority; by default one who may answer everything."""
    return Actor("DLA-1", authority, frozenset(roles) or EVERY_KIND)


def read(at: datetime = AT, wanted: Wanted | None = None, by: Actor | None = None) -> list[agenda.Item]:
    """The matters of an officer."""
    return list(agenda.read(wanted or Wanted(), by=by or officer(), at=at).items)


def kinds(at: datetime = AT) -> dict[Matter, int]:
    """How many matters of each kind there are, of those that there are."""
    counts = agenda.read(Wanted(), by=officer(), at=at).counts
    return {matter: count.all for matter, count in counts.items() if count.all}


@pytest.fixture(autouse=True)
def _authority() -> None:
    builders.authority()


def test_nothing_waits_where_nothing_has_a_deadline_near() -> None:
    builders.active(at=AT - timedelta(days=20))
    assert kinds() == {}


def test_a_term_waits_from_ninety_days_before_its_end_until_its_renewal_is_filed() -> None:
    number = builders.active(at=AT - timedelta(days=20), last_day=(AT + timedelta(days=80)).date())
    assert kinds(AT - timedelta(days=15)) == {}
    (item,) = read()
    assert (item.matter, item.licence, item.state, item.overdue) == (Matter.TERM, number, "active", False)
    assert item.due == datetime(2026, 7, 23, 18, 15, tzinfo=UTC)  # the end of the day in Kathmandu
    builders.take(number, Action.FILE_RENEWAL, at=AT)
    assert kinds() == {Matter.RENEWAL: 1}


def test_a_renewal_waits_until_it_is_decided_and_is_overdue_when_the_deemed_days_have_run() -> None:
    number = builders.active(at=AT - timedelta(days=20), last_day=(AT + timedelta(days=80)).date())
    builders.take(number, Action.FILE_RENEWAL, at=AT)
    (item,) = read()
    assert item.due == datetime(2026, 10, 21, 18, 15, tzinfo=UTC)
    late = AT + timedelta(days=175)
    (item,) = read(late)
    assert (item.matter, item.overdue, item.state) == (Matter.RENEWAL, True, "expired")
    first = (AT + timedelta(days=81)).date()
    terms = StepTerms(first_day=first, last_day=first + timedelta(days=600))
    builders.take(number, Action.RENEW, terms, at=AT + timedelta(days=1))
    assert kinds(AT + timedelta(days=1)) == {}


def test_an_emergency_waits_for_the_registrar_and_lapses_as_another_matter_once_ratified() -> None:
    number = builders.active(at=AT - timedelta(days=20))
    terms = StepTerms(grounds=("IMMINENT-HARM",), texts={"en": "Stopped."}, no_conflict=True)
    made = builders.take(number, Action.SUSPEND_EMERGENCY, terms, at=AT)
    assert kinds() == {Matter.RATIFY: 1}
    assert read()[0].due == AT + timedelta(hours=72)
    assert Matter.RATIFY not in agenda.matters_of({Role.OFFICER})
    builders.take(number, Action.RATIFY, StepTerms(refers_to=made.sequence), at=AT)
    assert kinds(AT + timedelta(days=5)) == {Matter.LAPSE: 1}


def test_a_suspension_that_lapses_waits_until_it_is_lifted() -> None:
    number = builders.active(at=AT - timedelta(days=20))
    sequence = builders.suspended(number, at=AT)
    (item,) = read(AT + timedelta(days=5))
    assert (item.matter, item.state) == (Matter.LAPSE, "suspended")
    builders.lifted(number, sequence, at=AT + timedelta(days=1))
    assert kinds(AT + timedelta(days=5)) == {}


def test_a_grant_waits_for_its_activation() -> None:
    builders.granted(builders.agency(), at=AT)
    assert kinds() == {Matter.ACTIVATION: 1}


def test_a_security_waits_before_it_runs_out_and_is_overdue_afterwards() -> None:
    holder = builders.agency(at=AT)
    number = builders.granted(holder, "B", at=AT)
    builders.secured(number, at=AT, until=(AT + timedelta(days=30)).date())
    builders.take(number, Action.ACTIVATE, at=AT)
    (item,) = read()
    assert (item.matter, item.overdue) == (Matter.SECURITY, False)
    (item,) = read(AT + timedelta(days=40))
    assert (item.overdue, item.due) == (True, datetime(2026, 6, 3, 18, 15, tzinfo=UTC))
    builders.secured(number, at=AT + timedelta(days=40))
    assert kinds(AT + timedelta(days=40)) == {}


def test_an_appeal_and_a_stay_wait_until_they_are_ended() -> None:
    number = builders.active(at=AT - timedelta(days=20))
    sequence = builders.revoked(number, at=AT)
    filed = builders.take(number, Action.FILE_APPEAL, StepTerms(refers_to=sequence), at=AT)
    order = StepTerms(refers_to=sequence, order_reference="AB 1/26", until=(AT + timedelta(days=20)).date())
    builders.take(number, Action.STAY, order, at=AT)
    assert kinds(AT + timedelta(days=1)) == {Matter.APPEAL: 1, Matter.STAY: 1}
    first, last = read(AT + timedelta(days=1))
    assert (first.matter, last.matter, last.due) == (Matter.STAY, Matter.APPEAL, None)
    ended = StepTerms(refers_to=filed.sequence, order_reference="AB 2/26")
    builders.take(number, Action.END_APPEAL, ended, at=AT + timedelta(days=2))
    assert kinds(AT + timedelta(days=3)) == {Matter.STAY: 1}
    assert kinds(AT + timedelta(days=21)) == {}


def test_filters_and_pages_go_through_the_whole_list_once_by_deadline() -> None:
    holder = builders.agency(at=AT)
    for day in (40, 20, 60, 30):
        builders.active(holder, at=AT, last_day=(AT + timedelta(days=day)).date())
    builders.suspended(builders.active(at=AT - timedelta(days=9)), at=AT - timedelta(days=5))
    every = read()
    assert [item.due for item in every] == sorted(item.due for item in every if item.due)
    found: list[agenda.Item] = []
    after = ""
    while True:
        piece = agenda.read(Wanted(), by=officer(), at=AT, after=after, limit=2)
        found += piece.items
        after = piece.following
        if not after:
            break
    assert found == every
    assert piece.counts[Matter.TERM] == Count(4, 0)
    assert len(read(wanted=Wanted(matters=frozenset({Matter.LAPSE})))) == 1
    assert len(read(wanted=Wanted(state="suspended"))) == 1
    assert read(wanted=Wanted(licence_class="B")) == []
    assert len(read(wanted=Wanted(corridor="XB"))) == 5  # a licence without limits is good for every country


def test_another_authority_s_matters_and_those_of_other_roles_are_not_there() -> None:
    builders.active(at=AT, last_day=(AT + timedelta(days=20)).date())
    assert read(by=officer(authority="XB-LMA")) == []
    assert read(by=officer(Role.INSPECTOR)) == []
    assert read(by=officer(Role.ADMINISTRATOR)) == []
    assert read(by=Actor("AUDIT", None, frozenset({Role.AUDITOR}))) == []
    with pytest.raises(errors.RoleNotAllowed):
        read(by=officer(Role.ANALYST))


@pytest.mark.parametrize("after", ["x", "2026~term~1", "infinity~nonsense~1", "infinity~term~x", "~~"])
def test_a_place_that_no_page_gave_is_refused(after: str) -> None:
    with pytest.raises(errors.BadInput):
        agenda.read(Wanted(), by=officer(), at=AT, after=after)
