"""Who is barred, as the public reads it: persons and agencies, and honest about what is left out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from registry import agencies, barring, bars, debarments, licensing, motions, retrospect
from registry.rules import errors
from registry.rules.lifecycle import STEPS, Action, Actor, Role, StepTerms
from registry.rules.motions import RULES, Motion
from tests import builders
from tests.builders import START

pytestmark = pytest.mark.django_db

AT = START + timedelta(days=20)
TODAY = date(2026, 1, 25)
SPENT = datetime(2030, 1, 26, tzinfo=START.tzinfo)
BAR: Mapping[str, Any] = {
    "last_day": "2027-01-24", "grounds": ["CONVICTION"], "reason": "The judgment is in the file.",
}  # fmt: skip


FOR_EVER = StepTerms(grounds=("CONVICTION",), permanent=True, no_conflict=True)


def director(name: str = "Mina Rai (DEMO)", holder: str = "", **more: Any) -> str:
    """The number of somebody who directs an agency."""
    holder = holder or builders.agency()
    made = agencies.appoint(
        holder, name=name, role="director", first_day=START.date(), birth_date=date(1980, 2, 3),
        by=builders.maker(START), at=START, idempotency_key=builders.key(), **more,
    )  # fmt: skip
    builders.approved(made, at=START)
    acts = retrospect.agency(holder, by=builders.checker(START), at=START).appointments
    return str(acts[-1]["person"])


def take(
    about: str, terms: Mapping[str, Any] = BAR, *, at: datetime = AT, kind: Motion = Motion.BAR
) -> bars.Bar:
    move(about, terms, at=at, kind=kind)
    return bars.of(about)[-1]


def move(about: str, terms: Mapping[str, Any], *, at: datetime = AT, kind: Motion) -> None:
    motion = motions.propose(
        kind, about, terms, by=builders.maker(at), at=at, idempotency_key=builders.key(), no_conflict=True
    ).id
    for officer in (builders.checker(at), builders.registrar(at))[: len(RULES[kind].approvals)]:
        motions.approve(motion, by=officer, at=at, idempotency_key=builders.key(), no_conflict=True)


def listed(at: datetime = AT, **asked: Any) -> debarments.Page:
    return debarments.listed(at=at, limit=50, **asked)


def test_a_bar_of_a_person_is_told_for_as_long_as_the_policy_says() -> None:
    builders.authority()
    number = director()
    bar = take(number)
    page = listed()
    (told,) = page.data
    assert (told.sequence, told.kind, told.name, told.state) == (
        bar.sequence,
        "person",
        "Mina Rai (DEMO)",
        "in_force",
    )
    assert (told.first_day, told.last_day, told.public_until) == (TODAY, date(2027, 1, 24), date(2030, 1, 24))
    assert (told.grounds, told.scope, told.authority) == (("CONVICTION",), "any_role", "XA-DLA")
    assert page.complete_since is None
    assert number not in str(told)
    assert "1980" not in str(replace(told, sequence=0))
    assert debarments.one(bar.sequence, at=AT) == told
    over = listed(datetime(2027, 6, 1, tzinfo=START.tzinfo)).data
    assert [one.state for one in over] == ["over"]
    spent = listed(SPENT)
    assert (spent.data, spent.complete_since) == ((), date(2026, 1, 26))
    with pytest.raises(errors.DebarmentNotFound):
        debarments.one(bar.sequence, at=SPENT)


def test_a_bar_that_is_told_until_the_day_before_is_missed_at_once_whatever_the_month() -> None:
    builders.authority(publication_months={"person_bar": 1})
    take(director(), {**BAR, "last_day": "2026-02-28"}, at=datetime(2026, 2, 28, 9, tzinfo=START.tzinfo))
    until = datetime(2026, 3, 28, 1, tzinfo=START.tzinfo)
    assert [one.public_until for one in listed(until).data] == [date(2026, 3, 28)]
    page = listed(until + timedelta(days=1))
    assert (page.data, page.complete_since) == ((), date(2026, 3, 1))


def test_a_policy_may_keep_bars_of_persons_from_the_public() -> None:
    builders.authority(publication_months={"person_bar": 0})
    take(director())
    page = listed()
    assert (page.data, page.complete_since) == ((), date(2026, 1, 26))


def test_a_bar_that_has_not_begun_was_set_aside_or_is_ended_on_review() -> None:
    builders.authority()
    number = director()
    bar = take(number, {**BAR, "first_day": "2026-02-01"})
    page = listed()
    assert (page.data, page.complete_since) == ((), None)
    begun = AT + timedelta(days=10)
    barring.file_appeal(
        number, bar.sequence, received_on=TODAY, by=builders.maker(begun), at=begun, idempotency_key=builders.key()
    )  # fmt: skip
    (told,) = listed(begun).data
    assert (told.state, told.appeal_open) == ("in_force", True)
    end = {"bar": bar.sequence, "cause": "appeal", "reason": "Upheld."}
    take(number, end, at=begun, kind=Motion.END_BAR)
    page = listed(begun)
    assert (page.data, page.complete_since) == ((), None)


def together(
    holder: str, action: Action, terms: StepTerms, *, by: Actor, at: datetime, officers: int = 2
) -> licensing.Decision:
    """A step of the agency on all its licences, by so many officers; its first entry."""
    made = licensing.propose_for_agency(
        holder, action, by=by, at=at, terms=terms, idempotency_key=builders.key()
    )
    for officer in (builders.checker(at), builders.registrar(at))[: officers - 1]:
        made = licensing.approve(made.id, by=officer, at=at, idempotency_key=builders.key(), no_conflict=True)
    return made.decisions[0]


def test_bars_of_agencies_stand_beside_them_once_however_many_licences() -> None:
    builders.authority()
    holder = builders.agency("Kestrel Überseejobs (DEMO)")
    for licence_class in "AB":
        builders.active(holder, licence_class)
    person = take(director("كريم الراوي", builders.agency("Plover (DEMO)"), latin_name="Karim Alrawi"))
    bar = together(holder, Action.DEBAR, FOR_EVER, by=builders.maker(AT), at=AT, officers=3)
    firm, somebody = listed().data
    assert (firm.kind, firm.agency, firm.state, firm.last_day) == ("agency", holder, "in_force", None)
    assert (firm.sequence, firm.first_day, firm.public_until) == (bar.sequence, TODAY, None)
    assert (somebody.sequence, somebody.kind) == (person.sequence, "person")
    for asked, kinds in (
        ({"kind": "agency"}, ["agency"]), ({"kind": "person"}, ["person"]), ({"q": "uberseejobs KESTREL"}, ["agency"]),
        ({"q": "KARÍM alr"}, ["person"]), ({"q": "كريم"}, ["person"]), ({"q": "Nobody"}, []), ({"q": "!"}, []),
        ({"country": "XB"}, []), ({"country": "XA"}, ["agency", "person"]),
    ):  # fmt: skip
        assert [one.kind for one in listed(AT, **asked).data] == kinds, asked
    first = debarments.listed(at=AT, limit=1)
    assert (first.data, first.next) == ((firm,), firm.sequence)
    second = debarments.listed(at=AT, limit=1, after=first.next)
    assert (second.data, second.next) == ((somebody,), None)


def test_a_bar_of_an_agency_that_is_stayed_says_so_and_one_set_aside_is_gone() -> None:
    builders.authority()
    holder = builders.agency()
    builders.active(holder)
    bar = together(holder, Action.DEBAR, FOR_EVER, by=builders.maker(AT), at=AT, officers=3)
    later = AT + timedelta(days=1)
    appeals = builders.officer(min(STEPS[Action.SET_ASIDE].proposes - {Role.SYSTEM}), at=later)
    order = StepTerms(order_reference="COURT 1/2026", refers_to=bar.sequence, no_conflict=True)
    together(holder, Action.STAY, order, by=appeals, at=later)
    (told,) = listed(later).data
    assert (told.state, told.last_day) == ("stayed", None)
    assert debarments.one(bar.sequence, at=later).state == "stayed"
    together(holder, Action.SET_ASIDE, order, by=appeals, at=later)
    page = listed(later)
    assert (page.data, page.complete_since) == ((), None)


def test_an_agency_without_a_licence_is_barred_to_a_day_and_from_a_day() -> None:
    builders.authority(publication_months={"debarment": 12})
    holder = builders.agency()
    terms = StepTerms(grounds=("CONVICTION",), until=date(2026, 2, 24), no_conflict=True)
    together(holder, Action.DEBAR, terms, by=builders.maker(AT), at=AT, officers=3)
    (told,) = listed().data
    assert (told.state, told.last_day, told.public_until) == (
        "in_force",
        date(2026, 2, 24),
        date(2027, 2, 24),
    )
    (told,) = listed(datetime(2026, 3, 1, tzinfo=START.tzinfo)).data
    assert told.state == "over"
    page = listed(datetime(2027, 2, 26, tzinfo=START.tzinfo))
    assert (page.data, page.complete_since) == ((), date(2026, 1, 26))


def test_a_bar_of_a_merged_record_is_gone_with_the_order_that_the_record_that_stays_bears() -> None:
    builders.authority()
    gone, stays = builders.agency("Blue Finch (DEMO)"), builders.agency("Bluefinch (DEMO)")
    of_gone, of_stays = (
        together(holder, Action.DEBAR, FOR_EVER, by=builders.maker(at), at=at, officers=3)
        for holder, at in ((gone, AT - timedelta(days=1)), (stays, AT))
    )
    move(gone, {"into": stays, "reason": "The same company, entered twice."}, kind=Motion.MERGE)
    assert [one.sequence for one in listed().data] == [of_stays.sequence, of_gone.sequence]
    assert [one.sequence for one in listed(q="blue finch").data] == [of_gone.sequence]
    later = AT + timedelta(days=1)
    appeals = builders.officer(min(STEPS[Action.SET_ASIDE].proposes - {Role.SYSTEM}), at=later)
    order = StepTerms(order_reference="COURT 1/2026", refers_to=of_gone.sequence, no_conflict=True)
    together(stays, Action.SET_ASIDE, order, by=appeals, at=later)
    assert [one.sequence for one in listed(later).data] == [of_stays.sequence]


def test_nothing_is_told_under_any_other_number() -> None:
    builders.authority()
    bar = take(director())
    for number in (0, bar.sequence - 1, bar.sequence + 1, 2**60):
        with pytest.raises(errors.DebarmentNotFound):
            debarments.one(number, at=AT)


def test_a_list_costs_no_more_questions_for_being_longer(django_assert_max_num_queries: Any) -> None:
    builders.authority()
    holder = builders.agency()
    for name in ("Mina Rai", "Nabin Rai", "Omar Rai", "Prem Rai"):
        take(director(f"{name} (DEMO)", holder))
    with django_assert_max_num_queries(5):
        assert len(listed().data) == 4
    with django_assert_max_num_queries(6):
        assert len(listed(q="rai na").data) == 1
