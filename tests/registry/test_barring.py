"""Persons barred: who may, what it ends, what it keeps from, how it is appealed and ended, what the public reads."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from registry import agencies, audit, barring, bars, journal, lookup, motions, persons, retrospect, screening
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor, Role
from registry.rules.motions import Motion
from tests import builders
from tests.builders import START
from tests.conftest import Kept
from verification import leaves

pytestmark = pytest.mark.django_db
AT = START + timedelta(days=20)
TODAY = date(2026, 1, 25)
REASON = "Convicted of trafficking; judgment in the file."
BAR: Mapping[str, Any] = {
    "last_day": "2027-01-24", "grounds": ["CONVICTION"], "scope": "any_role", "reason": REASON,
}  # fmt: skip


@pytest.fixture(scope="module")
def person(kept: Kept) -> tuple[str, str]:
    """Somebody who directs an agency and recruits for it, and the agency."""
    with kept():
        builders.authority()
        holder = builders.agency()
        builders.active(holder)
        for role in ("director", "registered_recruiter"):
            known = retrospect.agency(holder, by=builders.checker(START), at=START).appointments
            appoint(holder, role, person=known[0]["person"] if known else None)
        return str(
            retrospect.agency(holder, by=builders.checker(START), at=START).appointments[0]["person"]
        ), holder


def appoint(holder: str, role: str = "director", *, at: datetime = START, **more: Any) -> None:
    made = agencies.appoint(
        holder, name="Mina Rai (DEMO)", role=role, by=builders.maker(at), at=at, idempotency_key=builders.key(),
        **{"first_day": at.date(), "document": "P 123 456", "birth_date": date(1980, 2, 3), **more},
    )  # fmt: skip
    builders.approved(made, at=at)


def move(about: str, terms: Mapping[str, Any] = BAR, *, at: datetime = AT, kind: Motion = Motion.BAR) -> int:
    by = builders.maker(at)
    return motions.propose(
        kind, about, terms, by=by, at=at, idempotency_key=builders.key(), no_conflict=True
    ).id


def approve(motion: int, by: Actor, at: datetime = AT) -> motions.MotionRecord:
    return motions.approve(motion, by=by, at=at, idempotency_key=builders.key(), no_conflict=True)


def take(
    about: str, terms: Mapping[str, Any] = BAR, *, at: datetime = AT, kind: Motion = Motion.BAR
) -> bars.Bar:
    motion = move(about, terms, at=at, kind=kind)
    assert approve(motion, builders.checker(at), at).state == "open"
    assert approve(motion, builders.registrar(at), at).state == "approved"
    return bars.of(about)[-1]


def test_three_officers_bar_a_person_and_every_appointment_ends(person: tuple[str, str]) -> None:
    number, holder = person
    bar = take(number)
    assert (bar.first_day, bar.last_day, bar.state(TODAY)) == (TODAY, date(2027, 1, 24), "in_force")
    assert bar.officers == ("OFFICER-OFFICER", "OFFICER-SUPERVISOR", "OFFICER-REGISTRAR")
    found = retrospect.agency(holder, by=builders.checker(AT), at=AT)
    assert {one["last_day"] for one in found.appointments} == {TODAY - timedelta(days=1)}
    assert not lookup.public_agency(holder, at=AT)["persons"]
    assert not list(audit.differences(at=AT))


def test_a_bar_from_today_begins_on_the_day_of_the_last_approval(person: tuple[str, str]) -> None:
    number, holder = person
    motion = move(number)
    assert motions.one(motion, by=builders.maker(AT)).terms["first_day"] is None
    second, third = AT + timedelta(days=1), AT + timedelta(days=2)
    assert approve(motion, builders.checker(second), second).state == "open"
    assert approve(motion, builders.registrar(third), third).state == "approved"
    bar = bars.of(number)[-1]
    assert (bar.first_day, bar.decided_on) == (TODAY + timedelta(days=2),) * 2
    found = retrospect.agency(holder, by=builders.checker(third), at=third)
    assert {one["last_day"] for one in found.appointments} == {TODAY + timedelta(days=1)}
    assert not list(audit.differences(at=third))


def test_the_agency_s_answers_follow_a_bar_of_whoever_acts_for_it(person: tuple[str, str]) -> None:
    number, holder = person
    (licence,) = lookup.public_agency(holder, at=AT)["licences"]
    before = lookup.public_licence(licence["number"], at=AT).sequence
    take(number)
    assert lookup.public_licence(licence["number"], at=AT).sequence > before
    assert lookup.public_licence(licence["number"], at=AT).may_recruit


def test_a_bar_ends_what_the_same_person_does_under_another_number(person: tuple[str, str]) -> None:
    number, _holder = person
    other = builders.agency("Kestrel (DEMO)")
    appoint(other)
    twin = retrospect.agency(other, by=builders.checker(START), at=START).appointments[0]["person"]
    assert twin != number
    take(number)
    found = retrospect.agency(other, by=builders.checker(AT), at=AT)
    assert [one["last_day"] for one in found.appointments] == [TODAY - timedelta(days=1)]
    assert not list(audit.differences(at=AT))


def test_nobody_barred_is_appointed_while_it_lasts(person: tuple[str, str]) -> None:
    number, _holder = person
    other = builders.agency("Kestrel (DEMO)")
    take(number)
    for more in ({"person": number}, {}, {"person": number, "first_day": date(2027, 1, 24)}):
        with pytest.raises(errors.PersonDebarred) as refused:
            appoint(other, at=AT, **more)
        assert refused.value.facts["last_day"] == date(2027, 1, 24)
    appoint(other, at=AT, person=number, first_day=date(2027, 1, 25))
    appoint(
        other, at=AT, document="Q 9", first_day=TODAY
    )  # the same name alone is a possible match, no finding
    screening.run_due(at=AT)
    found = screening.matches_of(other, by=builders.checker(AT)).matches
    assert number in {one.target for one in found}


def test_whoever_has_the_paper_of_somebody_barred_is_listed_as_barred(person: tuple[str, str]) -> None:
    number, _holder = person
    other = builders.agency("Kestrel (DEMO)")
    appoint(other)
    appoint(other, document="Q 9")
    twin, stranger = (
        one["person"] for one in retrospect.agency(other, by=builders.checker(AT), at=AT).appointments
    )
    take(number)
    lines, _ = persons.listed(by=builders.checker(AT), at=AT)
    assert {one.number: one.barred for one in lines} == {number: True, twin: True, stranger: False}
    assert persons.one(twin, by=builders.checker(AT), at=AT).barred_as == (number,)
    assert persons.one(number, by=builders.checker(AT), at=AT).barred_as == ()


def test_a_bar_of_directors_leaves_other_roles(person: tuple[str, str]) -> None:
    number, holder = person
    take(number, {**BAR, "scope": "director"})
    found = retrospect.agency(holder, by=builders.checker(AT), at=AT).appointments
    assert {one["role"]: one["last_day"] for one in found} == {
        "director": TODAY - timedelta(days=1), "registered_recruiter": None,
    }  # fmt: skip
    other = builders.agency("Kestrel (DEMO)")
    appoint(other, "sub_agent", at=AT, person=number)
    with pytest.raises(errors.PersonDebarred):
        appoint(other, "responsible_officer", at=AT, person=number)


def test_whoever_is_like_a_person_newly_barred_is_screened(person: tuple[str, str]) -> None:
    number, _holder = person
    other = builders.agency("Kestrel (DEMO)")
    appoint(other, document="Q 9")
    screening.run_due(at=START)
    assert not screening.matches_of(other, by=builders.checker(START)).matches
    take(number)
    screening.run_due(at=AT)
    match = screening.matches_of(other, by=builders.checker(AT)).matches[0]
    assert (match.target, match.target_kind) == (number, "person")


def dismissal(about: str, terms: Mapping[str, Any], by: Actor) -> int:
    at = AT + timedelta(days=3)
    return motions.propose(
        Motion.DISMISS_APPEAL, about, terms, by=by, at=at, idempotency_key=builders.key(), no_conflict=True
    ).id


def test_an_appeal_that_is_upheld_takes_the_bar_away(person: tuple[str, str]) -> None:
    number, holder = person
    bar = take(number)
    later = AT + timedelta(days=3)

    def appeal(on: date, at: datetime = later) -> bars.Bar:
        return barring.file_appeal(
            number, bar.sequence, received_on=on, by=builders.maker(at), at=at, idempotency_key=builders.key()
        )

    for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=9)):
        with pytest.raises(errors.BadInput):
            appeal(day)
    with pytest.raises(errors.StepNotAllowed):
        move(number, {"bar": bar.sequence, "cause": "appeal", "reason": "x"}, kind=Motion.END_BAR)
    with pytest.raises(errors.StepNotAllowed):
        appeal(TODAY + timedelta(days=40), AT + timedelta(days=50))
    assert appeal(TODAY + timedelta(days=2)).appeal_open
    with pytest.raises(errors.StepNotAllowed):
        appeal(TODAY + timedelta(days=2))
    said = {
        "bar": bar.sequence, "decided_on": (TODAY + timedelta(days=3)).isoformat(), "order_reference": "AB 12/2026",
        "reason": "Heard on Monday.",
    }  # fmt: skip
    with pytest.raises(errors.OwnProposal):
        move(number, said, at=later, kind=Motion.DISMISS_APPEAL)
    others = [
        builders.officer(role, at=later, number=f"{role}-2") for role in (Role.OFFICER, Role.SUPERVISOR)
    ]
    for wrong in ({"decided_on": None}, {"order_reference": " "}, {"order_reference": "x" * 201}, {"bar": 0}):
        with pytest.raises(errors.RegistryError):
            dismissal(number, {**said, **wrong}, others[0])
    offered = bars.of(number)[-1].open_steps
    today = TODAY + timedelta(days=3)
    assert offered(others[0], today=today) == {Action.DISMISS_APPEAL, Action.END_BAR}
    assert offered(builders.maker(later), today=today) == {Action.END_BAR}
    motion = dismissal(number, said, others[0])
    with pytest.raises(errors.OwnProposal):
        approve(motion, builders.checker(later), later)
    with pytest.raises(errors.OwnProposal):
        motions.decline(
            motion, by=builders.checker(later), at=later, reason="No.", idempotency_key=builders.key()
        )
    waiting = motions.one(motion, by=others[0]).agreement
    kept = [builders.maker(later), builders.checker(later), builders.registrar(later)]
    assert [waiting.awaits(by, at=later) or waiting.may_end(by, at=later) for by in kept] == [False] * 3
    assert waiting.awaits(others[1], at=later)
    assert bars.of(number)[-1].appeal_open
    approve(motion, others[1], later)
    assert not bars.of(number)[-1].appeal_open
    appeal(TODAY + timedelta(days=3))
    ended = take(
        number, {"bar": bar.sequence, "cause": "appeal", "reason": "Upheld."}, at=later, kind=Motion.END_BAR
    )
    assert (ended.void, ended.state(TODAY)) == (True, "void")
    appoint(holder, at=later, person=number)
    assert not list(audit.differences(at=later))


def test_a_review_ends_a_bar_early(person: tuple[str, str]) -> None:
    number, _holder = person
    bar = take(number, {**BAR, "last_day": None, "permanent": True})
    assert (bar.permanent, bar.public_until) == (True, None)
    end = {"bar": bar.sequence, "cause": "review", "last_day": "2026-02-10", "reason": "Reviewed."}
    for wrong in (
        {"last_day": "2026-01-02"},
        {"last_day": None},
        {"cause": "whim"},
        {"bar": bar.sequence + 9},
    ):
        with pytest.raises(errors.RegistryError):
            move(number, {**end, **wrong}, kind=Motion.END_BAR)
    ended = take(number, end, kind=Motion.END_BAR)
    assert (ended.last_day, ended.state(TODAY), ended.state(date(2026, 2, 11))) == (
        date(2026, 2, 10),
        "in_force",
        "over",
    )
    assert not list(audit.differences(at=AT))


@pytest.mark.parametrize("cause", ["appeal", "error"])
def test_a_bar_that_was_shortened_or_is_over_may_still_be_found_never_to_have_been(
    person: tuple[str, str], cause: str
) -> None:
    number, holder = person
    bar = take(number)
    review = {"bar": bar.sequence, "cause": "review", "last_day": "2026-02-10", "reason": "Reviewed."}
    take(number, review, kind=Motion.END_BAR)
    over = AT + timedelta(days=20)
    assert bars.of(number)[-1].state(date(2026, 2, 14)) == "over"
    for again in (review, {**review, "last_day": "2026-02-18"}):
        with pytest.raises(errors.StepNotAllowed):
            move(number, again, at=over, kind=Motion.END_BAR)
    end = {"bar": bar.sequence, "cause": cause, "reason": "Somebody else was meant."}
    if cause == "appeal":
        with pytest.raises(errors.StepNotAllowed):
            move(number, end, at=over, kind=Motion.END_BAR)
        barring.file_appeal(
            number, bar.sequence, received_on=TODAY, by=builders.maker(over), at=over, idempotency_key="late"
        )
    ended = take(number, end, at=over, kind=Motion.END_BAR)
    assert (ended.void, ended.appeal_open, ended.cause) == (True, False, cause)
    assert not ended.open_steps(builders.maker(over), today=TODAY)
    with pytest.raises(errors.StepNotAllowed):
        move(number, end, at=over, kind=Motion.END_BAR)
    appoint(holder, at=over, person=number)
    assert not list(audit.differences(at=over))


def test_an_appeal_that_is_open_outlives_a_review(person: tuple[str, str]) -> None:
    number, _holder = person
    bar = take(number)
    barring.file_appeal(
        number, bar.sequence, received_on=TODAY, by=builders.maker(AT), at=AT, idempotency_key="appeal"
    )
    review = {"bar": bar.sequence, "cause": "review", "last_day": "2026-02-10", "reason": "Reviewed."}
    shorter = take(number, review, kind=Motion.END_BAR)
    assert (shorter.appeal_open, shorter.void, shorter.last_day) == (True, False, date(2026, 2, 10))


def test_nothing_of_a_person_stands_in_the_log(person: tuple[str, str]) -> None:
    number, _holder = person
    take(number)
    for told in journal.entries(after=0, limit=500):
        leaf = str(leaves.of_entry(told, "verify.example.org"))
        for secret in (number, "Mina", REASON, "CONVICTION", "bar_person"):
            assert secret not in leaf
    assert "bar_person" not in str(lookup.changes(after=0, limit=500, at=AT).data)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"last_day": None}, errors.StepIncomplete),
        ({"permanent": True}, errors.StepIncomplete),
        ({"first_day": "2026-01-01"}, errors.BackdatingRefused),
        ({"first_day": "2028-01-01"}, errors.BadInput),
        ({"last_day": "soon"}, errors.BadInput),
        ({"scope": "everything"}, errors.BadInput),
        ({"grounds": []}, errors.StepIncomplete),
        ({"grounds": "CONVICTION"}, errors.StepIncomplete),
        ({"grounds": ["CLERICAL-ERROR"]}, errors.GroundNotAllowed),
        ({"grounds": [{"x": 1}.keys().__class__.__name__]}, errors.GroundNotAllowed),
        ({"reason": ""}, errors.StepIncomplete),
        ({"reason": "x\x00"}, errors.BadInput),
        ({"reason": "x" * 4001}, errors.BadInput),
    ],
)
def test_what_is_not_lawful_is_refused(
    person: tuple[str, str], wrong: Mapping[str, Any], refusal: type[errors.RegistryError]
) -> None:
    with pytest.raises(refusal):
        move(person[0], {**BAR, **wrong})


def test_nobody_bars_alone_twice_or_from_elsewhere(person: tuple[str, str]) -> None:
    number, _holder = person
    inspector = builders.officer(Role.INSPECTOR, at=AT)
    with pytest.raises(errors.RoleNotAllowed):
        motions.propose(Motion.BAR, number, BAR, by=inspector, at=AT, idempotency_key="i", no_conflict=True)
    builders.authority("XB-LMA")
    with pytest.raises(errors.PersonNotFound):
        motions.propose(
            Motion.BAR,
            number,
            BAR,
            by=builders.maker(AT, "XB-LMA"),
            at=AT,
            idempotency_key="f",
            no_conflict=True,
        )
    motion = move(number)
    supervisor = builders.checker(AT)
    approve(motion, supervisor)
    with pytest.raises(errors.AlreadyApproved):
        approve(motion, supervisor)
    with pytest.raises(errors.RoleNotAllowed):
        approve(motion, builders.officer(Role.SUPERVISOR, at=AT, number="ANOTHER"))
    approve(motion, builders.registrar(AT))
    with pytest.raises(errors.DuplicateRecord):
        move(number)
    with pytest.raises(errors.RoleNotAllowed):
        barring.file_appeal(number, 1, received_on=TODAY, by=inspector, at=AT, idempotency_key="a")
    with pytest.raises(errors.EntryNotFound):
        barring.file_appeal(number, 1, received_on=TODAY, by=builders.maker(AT), at=AT, idempotency_key="b")
