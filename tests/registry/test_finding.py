"""Finding an agency: only those who may recruit now, by country of work, occupation, class and place."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import pytest

from registry import finding
from registry.finding import Wanted
from registry.models import PublishedRecord
from registry.rules import errors
from registry.rules.lifecycle import Action, Scope, StepTerms
from tests import builders
from tests.builders import START
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = START + DAY


@pytest.fixture(scope="module", autouse=True)
def register(kept: Kept) -> Mapping[str, str]:
    """Four licences that may recruit, for unlike things, and two that may not."""
    made = {}
    with kept():
        builders.authority()
        for name, place, scope in [
            ("gulf", "Port Demo", Scope(("XB", "XC"), ("5321", "9112"))),
            ("all", "Hilltown", Scope((), ())),
            ("care", "Port Demo", Scope(("XB",), ("53",))),
            ("none", "", Scope(("XD",), ())),
            ("suspended", "Port Demo", Scope(("XB",), ())),
            ("revoked", "Port Demo", Scope(("XB",), ())),
        ]:
            holder = builders.agency(f"{name.title()} Jobs (DEMO)", company_number=builders.key())
            builders.head_office(holder, locality=place)
            made[name] = builders.active(holder, scope=scope)
        builders.suspended(made["suspended"], at=START)
        builders.revoked(made["revoked"], at=START)
    return MappingProxyType(made)


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """What another test has counted is counted again."""
    finding.forget()


def found(wanted: Wanted) -> set[str]:
    page = finding.page(wanted, at=AT, limit=50)
    assert page.next is None
    assert page.count == len(page.data)
    return {row.number for row in page.data}


def test_only_those_who_may_recruit_are_found(register: Mapping[str, str]) -> None:
    named = {number: name for name, number in register.items()}
    for wanted, names in [
        (Wanted(), {"gulf", "all", "care", "none"}),
        (Wanted(corridor="XB"), {"gulf", "all", "care"}),
        (Wanted(corridor="XD"), {"all", "none"}),
        (Wanted(corridor="XZ"), {"all"}),
        (Wanted(occupation="5321"), {"gulf", "all", "care", "none"}),
        (Wanted(occupation="5322"), {"all", "care", "none"}),
        (Wanted(occupation="53"), {"gulf", "all", "care", "none"}),
        (Wanted(occupation="8"), {"all", "none"}),
        (Wanted(place="Port Demo", place_country="XA"), {"gulf", "care"}),
        (Wanted(place="Port Demo", place_country="XB"), set()),
        (Wanted(corridor="XB", occupation="9112", place="Port Demo", place_country="XA"), {"gulf"}),
        (Wanted(country="XB"), set()),
        (Wanted(licence_class="A"), {"gulf", "all", "care", "none"}),
        (Wanted(licence_class="Z"), set()),
    ]:
        assert {named[number] for number in found(wanted)} == names, wanted


def test_a_country_that_is_cut_out_is_not_found_by_it(register: Mapping[str, str]) -> None:
    for name, cut in (("all", Scope(corridors=("XB",))), ("gulf", Scope(corridors=("XC",)))):
        terms = StepTerms(grounds=("BANNED-CORRIDOR",), cut=cut, notice_served_on=(START - 30 * DAY).date())
        builders.take(register[name], Action.RESTRICT, terms, at=START)
    assert found(Wanted(corridor="XB")) == {register["gulf"], register["care"]}
    assert found(Wanted(corridor="XC")) == {register["all"]}
    assert found(Wanted(corridor="XE")) == {register["all"]}


def test_what_can_be_chosen_is_counted_among_those_who_may_recruit() -> None:
    told = finding.choices(Wanted(), at=AT)
    assert (told.licences, told.any_corridor, told.any_occupation, told.unplaced) == (4, 1, 2, 1)
    assert told.corridors == {"XB": 2, "XC": 1, "XD": 1}
    assert told.occupations == {"5": 2, "9": 1}
    assert told.places == {("XA", "Port Demo"): 2, ("XA", "Hilltown"): 1}
    assert told.classes == {"A": 4}
    narrowed = finding.choices(Wanted(corridor="XB"), at=AT)
    assert (narrowed.licences, narrowed.places) == (3, {("XA", "Port Demo"): 2, ("XA", "Hilltown"): 1})


def test_counts_are_of_the_last_minutes_and_rows_of_now(register: Mapping[str, str]) -> None:
    assert finding.choices(Wanted(), at=AT).licences == 4
    builders.suspended(register["none"], at=AT)
    assert found(Wanted(corridor="XD")) == {register["all"]}
    assert finding.choices(Wanted(), at=AT).licences == 4
    assert finding.choices(Wanted(), at=AT + timedelta(seconds=601)).licences == 3


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = finding.page(Wanted(), at=AT, limit=1, after=after)
        seen += [row.number for row in page.data]
        if (after := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 4
    for wrong in ("x", "AG-1/" + "x" * 50, "a\x00/b"):
        with pytest.raises(errors.CursorInvalid):
            finding.page(Wanted(), at=AT, limit=1, after=wrong)


def test_where_an_office_says_where_it_lies_its_place_has_a_point() -> None:
    assert finding.points(at=AT) == {}
    holder = builders.agency("Placed (DEMO)", company_number=builders.key())
    builders.head_office(holder, locality="Lakeside", latitude="28.20", longitude="83.98")
    finding.forget()
    point = finding.points(at=AT)["XA", "Lakeside"]
    assert (round(point.latitude, 2), round(point.longitude, 2)) == (28.2, 83.98)


def test_who_may_not_recruit_has_no_facets() -> None:
    rows = PublishedRecord.objects.all()
    assert {row.facets is None for row in rows if not row.may_recruit} == {True}
    assert all(row.facets for row in rows if row.may_recruit)
