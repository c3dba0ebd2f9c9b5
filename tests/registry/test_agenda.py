"""What waits by its legal deadline: every kind is found, counted, scoped and gone once somebody answers it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from registry import agenda, records, screening
from registry.admission import applicants
from registry.agenda import Count, Matter, Wanted
from registry.models import Entry
from registry.rules import days, duties, errors
from registry.rules.entries import Entries
from registry.rules.lifecycle import Action, Actor, Role, StepTerms
from registry.rules.screening import Verdict
from tests import applying, builders
from tests.conftest import Kept

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


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """The only licence, in force for twenty days and for two years more."""
    with kept():
        builders.authority()
        return builders.active(at=AT - timedelta(days=20))


@pytest.fixture
def _authority(db: None) -> None:
    """An authority without licences."""
    builders.authority()


def test_nothing_waits_where_nothing_has_a_deadline_near(licence: str) -> None:
    assert kinds() == {}


@pytest.mark.usefixtures("_authority")
def test_a_term_waits_from_ninety_days_before_its_end_until_its_renewal_is_filed() -> None:
    number = builders.active(at=AT - timedelta(days=20), last_day=(AT + timedelta(days=80)).date())
    assert kinds(AT - timedelta(days=15)) == {}
    (item,) = read()
    assert (item.matter, item.licence, item.state, item.overdue) == (Matter.TERM, number, "active", False)
    assert item.due == datetime(2026, 7, 23, 18, 15, tzinfo=UTC)  # the end of the day in Kathmandu
    builders.take(number, Action.FILE_RENEWAL, at=AT)
    assert kinds() == {Matter.RENEWAL: 1}


@pytest.mark.usefixtures("_authority")
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


def test_an_emergency_waits_for_the_registrar_and_lapses_as_another_matter_once_ratified(
    licence: str,
) -> None:
    terms = StepTerms(grounds=("IMMINENT-HARM",), texts={"en": "Stopped."}, no_conflict=True)
    made = builders.take(licence, Action.SUSPEND_EMERGENCY, terms, at=AT)
    assert kinds() == {Matter.RATIFY: 1, Matter.HEARING: 1, Matter.DUTY: 1}
    assert next(one for one in read() if one.matter is Matter.RATIFY).due == AT + timedelta(hours=72)
    assert Matter.RATIFY not in agenda.matters_of({Role.OFFICER})
    builders.take(licence, Action.RATIFY, StepTerms(refers_to=made.sequence), at=AT)
    assert kinds(AT + timedelta(days=5)) == {Matter.LAPSE: 1, Matter.HEARING: 1, Matter.DUTY: 1}


_HEAR_BY = datetime(2026, 5, 18, 18, 15, tzinfo=UTC)


def test_a_suspension_that_lapses_waits_until_it_is_lifted(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    assert kinds() == {Matter.LAPSE: 1, Matter.HEARING: 1, Matter.DUTY: 1}  # from the first moment on
    duty, hearing, item = read(AT + timedelta(days=5))
    assert (item.matter, item.state) == (Matter.LAPSE, "suspended")
    assert (duty.matter, duty.overdue) == (Matter.DUTY, True)
    assert (hearing.matter, hearing.overdue, hearing.due) == (Matter.HEARING, False, _HEAR_BY)
    assert Matter.HEARING in kinds(AT + timedelta(days=40)), "nobody was heard: overdue, and still there"
    builders.take(licence, Action.HEAR, StepTerms(refers_to=sequence), at=AT + timedelta(hours=1))
    assert Matter.HEARING not in kinds(AT + timedelta(days=5))
    builders.lifted(licence, sequence, at=AT + timedelta(days=1))
    assert kinds(AT + timedelta(days=5)) == {Matter.DUTY: 1}  # what it asked for is still to be done


def test_a_holder_waits_to_be_heard_until_the_suspension_is_confirmed(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    confirmed = StepTerms(grounds=("FALSE-DOC",), refers_to=sequence, texts={"en": "Confirmed."})
    builders.take(licence, Action.CONFIRM, confirmed, at=AT + timedelta(days=2))
    assert Matter.HEARING not in kinds(AT + timedelta(days=2))


@pytest.mark.usefixtures("_authority")
def test_a_duty_waits_for_years_and_after_the_measure_is_over() -> None:
    number = builders.active(at=AT - timedelta(days=20), last_day=(AT + timedelta(days=300)).date())
    builders.suspended(number, at=AT)
    (duty,) = read(AT + timedelta(days=800))
    assert (duty.matter, duty.due) == (Matter.DUTY, datetime(2026, 5, 4, 18, 15, tzinfo=UTC))


def test_a_fine_waits_until_it_is_paid_in_full(licence: str) -> None:
    ordered = StepTerms(
        grounds=("FEE-OVERCHARGE",), texts={"en": "Pay."}, amount="100", currency="XTS",
    )  # fmt: skip
    fine = builders.take(licence, Action.FINE, ordered, at=AT)
    (item,) = read()
    assert (item.matter, item.licence, item.overdue) == (Matter.PAYMENT, licence, False)
    assert item.due is not None
    assert read(item.due)[0].overdue
    for place, left in enumerate(({Matter.PAYMENT: 1}, {}), start=1):
        part = StepTerms(refers_to=fine.sequence, amount="50", currency="XTS")
        builders.take(licence, Action.PAY, part, at=AT + timedelta(hours=place))
        assert kinds(AT + timedelta(hours=place)) == left


def test_a_condition_waits_by_its_day_until_it_is_met(licence: str) -> None:
    told = ({"code": "AUDIT", "text": "Send the audit.", "due_day": "2026-05-20"},)
    made = builders.take(
        licence,
        Action.VARY,
        StepTerms(
            conditions=told,
            texts={"en": "With a condition."},
            notice_served_on=(AT - timedelta(days=19)).date(),
        ),
        at=AT,
    )
    (item,) = read()
    assert (item.matter, item.due) == (Matter.CONDITION, datetime(2026, 5, 20, 18, 15, tzinfo=UTC))
    builders.take(
        licence, Action.MEET_CONDITION, StepTerms(refers_to=made.sequence), at=AT + timedelta(days=1)
    )
    assert kinds(AT + timedelta(days=1)) == {}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("_authority")
def test_the_duties_that_wait_are_those_that_the_law_names_of_random_lawful_lives(seed: int) -> None:
    draw, at = Random(seed), AT  # noqa: S311 - the same lives each time
    number = builders.active(at=AT - timedelta(days=20), last_day=(AT + timedelta(days=300)).date())
    for _ in range(12):
        at += timedelta(hours=draw.randrange(1, 400))
        said = list(Entry.objects.filter(licence__number=number).select_related("commit").order_by("pk"))
        target = draw.choice(said).sequence
        until = (at + timedelta(days=draw.randrange(1, 40))).date()
        wanted = ("FALSE-DOC",)
        words = {"en": "Stated."}
        action, terms = draw.choice(
            [
                (Action.SUSPEND_PREVENTIVE, StepTerms(grounds=wanted, texts=words)),
                (Action.LIFT, StepTerms(refers_to=target, texts=words)),
                (Action.STAY, StepTerms(refers_to=target, order_reference="AB 1", until=until)),
                (Action.END_STAY, StepTerms(refers_to=target, order_reference="AB 2")),
                (Action.SET_ASIDE, StepTerms(refers_to=target, order_reference="AB 3")),
                (Action.CORRECT, StepTerms(refers_to=target, grounds=("CLERICAL-ERROR",), texts=words)),
                *[(Action.PERFORM, StepTerms(refers_to=target, duty=duty.value)) for duty in duties.DAYS],
            ]
        )
        with suppress(errors.RegistryError):
            builders.take(number, action, terms, at=at)
        licence = said[0].licence_id or 0
        life = Entries(records.fold_entries(licence))
        zone = said[0].zone
        law = {
            (entry.ref, days.end_of(tasks[0].due, zone))
            for entry in life.those(*duties.CREATES)
            if (tasks := duties.waiting(life, entry, at, zone=zone))
        }
        found = [item for item in read(at) if item.matter is Matter.DUTY]
        assert sorted(item.due for item in found if item.due) == sorted(due for _, due in law)


@pytest.mark.usefixtures("_authority")
def test_a_grant_waits_for_its_activation() -> None:
    builders.granted(builders.agency(), at=AT)
    assert kinds() == {Matter.ACTIVATION: 1}


@pytest.mark.usefixtures("_authority")
def test_a_security_waits_before_it_runs_out_and_is_overdue_afterwards() -> None:
    holder = builders.agency(at=AT)
    number = builders.granted(holder, "B", at=AT)
    builders.secured(number, at=AT, until=(AT + timedelta(days=30)).date())
    builders.take(number, Action.ACTIVATE, at=AT)
    (item,) = read()
    assert (item.matter, item.overdue) == (Matter.SECURITY, False)
    assert (item.state, item.result) == ("active", "licensed")
    (item,) = read(AT + timedelta(days=40))
    assert (item.overdue, item.due) == (True, datetime(2026, 6, 3, 18, 15, tzinfo=UTC))
    assert (item.state, item.result) == ("active", "not_licensed"), (
        "what the public reads, not what was decided"
    )
    builders.secured(number, at=AT + timedelta(days=40))
    assert kinds(AT + timedelta(days=40)) == {}


def test_an_appeal_and_a_stay_wait_until_they_are_ended(licence: str) -> None:
    sequence = builders.revoked(licence, at=AT)
    filed = builders.take(licence, Action.FILE_APPEAL, StepTerms(refers_to=sequence), at=AT)
    order = StepTerms(refers_to=sequence, order_reference="AB 1/26", until=(AT + timedelta(days=20)).date())
    builders.take(licence, Action.STAY, order, at=AT)
    assert kinds(AT + timedelta(days=1)) == {
        Matter.APPEAL: 1,
        Matter.STAY: 1,
    }  # what is stayed asks for no duty
    first, last = read(AT + timedelta(days=1))
    assert (first.matter, last.matter, last.due) == (Matter.STAY, Matter.APPEAL, None)
    ended = StepTerms(refers_to=filed.sequence, order_reference="AB 2/26")
    builders.take(licence, Action.END_APPEAL, ended, at=AT + timedelta(days=2))
    assert kinds(AT + timedelta(days=3)) == {Matter.STAY: 1}
    assert kinds(AT + timedelta(days=21)) == {Matter.DUTY: 1}


def test_a_duty_waits_until_each_of_its_measure_is_recorded_as_done(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    (item,) = [one for one in read() if one.matter is Matter.DUTY]
    assert (item.due, item.overdue) == (datetime(2026, 5, 4, 18, 15, tzinfo=UTC), False)
    for place, duty in enumerate(duties.DAYS, start=1):
        terms = StepTerms(refers_to=sequence, duty=duty.value)
        builders.take(licence, Action.PERFORM, terms, at=AT + timedelta(hours=place))
        left = [one.due for one in read(AT + timedelta(hours=7)) if one.matter is Matter.DUTY]
        assert left == [] if place == len(duties.DAYS) else left >= [item.due]


def test_a_notice_waits_for_its_answer_and_the_answer_for_a_decision(licence: str) -> None:
    notice = builders.take(licence, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-PROHIBITED",)), at=AT)
    (item,) = read()
    assert (item.matter, item.licence, item.overdue) == (Matter.NOTICE, licence, False)
    assert item.due is not None
    assert AT + timedelta(days=20) < item.due < AT + timedelta(days=30)
    assert read(item.due)[0].overdue
    builders.take(licence, Action.REPRESENT, StepTerms(refers_to=notice.sequence), at=AT + timedelta(days=3))
    (item,) = read(AT + timedelta(days=3))
    assert (item.matter, item.due) == (Matter.ANSWER, None)
    warning = StepTerms(grounds=("FEE-PROHIBITED",))
    builders.take(licence, Action.WARN, warning, at=AT + timedelta(days=4))
    assert kinds(AT + timedelta(days=4)) == {}


@pytest.mark.usefixtures("_authority")
def test_an_application_waits_by_its_next_step_until_it_is_decided() -> None:
    number = applying.submitted(AT)
    (item,) = read()
    assert (item.matter, item.application, item.state) == (Matter.APPLICATION, number, "submitted")
    assert (item.name, item.licence, item.agency) == ("Kestrel Overseas (DEMO)", "", "")
    other, later = applying.proposed(
        AT, account="APPLICANT-2", legal_name="Heron Jobs (DEMO)", company_number="C 1"
    )
    assert kinds(later) == {Matter.APPLICATION: 1, Matter.AGREEMENT: 1}
    assert Matter.AGREEMENT not in agenda.matters_of({Role.OFFICER})
    assert kinds(AT - timedelta(days=1)) == {}
    assert read(later, wanted=Wanted(state="proposed_grant"))[0].application == other
    assert read(later, wanted=Wanted(corridor="QA")) == []


@pytest.mark.usefixtures("_authority")
def test_a_letter_to_an_applicant_waits_for_an_answer_and_the_answer_for_an_officer() -> None:
    number = applying.minded(AT)
    (item,) = read()
    assert (item.matter, item.application, item.overdue) == (Matter.NOTICE, number, False)
    assert item.due is not None
    assert read(item.due)[0].overdue
    applicants.represent(
        number, "Not us.", account=applying.ACCOUNT, at=AT + timedelta(days=2), idempotency_key=builders.key()
    )
    assert kinds(AT + timedelta(days=2)) == {Matter.ANSWER: 1}


@pytest.mark.usefixtures("_authority")
def test_a_possible_match_waits_until_it_is_judged() -> None:
    barred = builders.agency(at=AT - timedelta(days=9), company_number="C 1")
    builders.revoked(builders.active(barred, at=AT - timedelta(days=8)), at=AT - timedelta(days=5))
    found = builders.agency(at=AT - timedelta(days=2), company_number="C 2")
    screening.of(found, at=AT)
    waiting = [one for one in read() if one.matter is Matter.MATCH]
    assert {one.agency for one in waiting} == {found}
    assert all(one.match and one.due is None for one in waiting)

    def judged(verdict: Verdict, number: int, by: Actor) -> None:
        screening.judge(
            number,
            verdict,
            reason="Compared.",
            by=by,
            at=AT,
            idempotency_key=builders.key(),
            no_conflict=True,
        )

    first = waiting[0].match or 0
    judged(Verdict.CONFIRM, first, builders.maker(AT))
    assert first in {one.match for one in read()}  # a second officer says so too, or not
    judged(Verdict.CONFIRM, first, builders.checker(AT))
    assert first not in {one.match for one in read()}
    for one in waiting[1:]:
        judged(Verdict.CLEAR, one.match or 0, builders.maker(AT))
    assert Matter.MATCH not in kinds()


@pytest.mark.usefixtures("_authority")
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
    assert {one.matter for one in read(wanted=Wanted(state="suspended"))} == {
        Matter.LAPSE, Matter.HEARING, Matter.DUTY,
    }  # fmt: skip
    assert read(wanted=Wanted(licence_class="B")) == []
    assert len(read(wanted=Wanted(corridor="XB"))) == 7  # a licence without limits is good for every country


@pytest.mark.usefixtures("_authority")
def test_another_authority_s_matters_and_those_of_other_roles_are_not_there() -> None:
    builders.active(at=AT, last_day=(AT + timedelta(days=20)).date())
    assert read(by=officer(authority="XB-LMA")) == []
    assert read(by=officer(Role.INSPECTOR)) == []
    assert read(by=officer(Role.ADMINISTRATOR)) == []
    assert read(by=Actor("AUDIT", None, frozenset({Role.AUDITOR}))) == []
    with pytest.raises(errors.RoleNotAllowed):
        read(by=officer(Role.ANALYST))


@pytest.mark.parametrize("after", ["x", "2026~term~1", "infinity~nonsense~1", "infinity~term~x", "~~"])
@pytest.mark.usefixtures("_authority")
def test_a_place_that_no_page_gave_is_refused(after: str) -> None:
    with pytest.raises(errors.BadInput):
        agenda.read(Wanted(), by=officer(), at=AT, after=after)
