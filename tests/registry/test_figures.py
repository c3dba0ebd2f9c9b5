"""The register in numbers: what is counted, from where to where, and what an analyst is not told."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import figures
from registry.figures import Of, Report, Row, Table
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor, Role, Scope, StepTerms
from tests import applying, builders
from tests.conftest import Kept

AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SUPERVISOR = Actor("DLA-1", "XA-DLA", frozenset({Role.SUPERVISOR}))
ANALYST = Actor("DLA-2", "XA-DLA", frozenset({Role.ANALYST}))
pytestmark = pytest.mark.django_db


def table(report: Report, name: str) -> dict[str, tuple[figures.Value, ...]]:
    """One table as a mapping."""
    found = next(one for one in report.tables if one.name == name)
    return {row.code: row.values for row in found.rows}


@pytest.fixture(scope="module")
def lives(kept: Kept) -> None:
    """Three licences in April: one in force for XB, one suspended for ten days, one whose revocation was set aside."""
    with kept():
        builders.authority()
        builders.authority("XB-LMA")
        start = AT - timedelta(days=30)
        holder = builders.agency(at=start)
        builders.active(
            holder, at=start, scope=Scope(corridors=("XB",)), last_day=(AT + timedelta(days=40)).date()
        )
        builders.suspended(builders.active(holder, at=start), at=AT - timedelta(days=10))
        third = builders.active(holder, at=start)
        revoked = builders.revoked(third, at=start + timedelta(days=1))
        builders.take(third, Action.FILE_APPEAL, StepTerms(refers_to=revoked), at=start + timedelta(days=2))
        order = StepTerms(refers_to=revoked, order_reference="AB 1/26")
        builders.take(third, Action.SET_ASIDE, order, at=start + timedelta(days=3))
        other = builders.agency("Other (DEMO)", at=start, authority="XB-LMA")
        builders.active(other, at=start, authority="XB-LMA")


def test_applications_are_counted_by_the_month_in_which_they_were_sent_and_answered() -> None:
    builders.authority()
    applying.refused(AT)
    applying.submitted(AT, account="APPLICANT-2", legal_name="Heron Jobs (DEMO)", company_number="C 7")
    report = figures.register(by=SUPERVISOR, at=AT + timedelta(hours=1), months=3)
    found = table(report, "applications_by_month")
    assert found["2026-05"] == (2, 0, 1, 0)
    analyst = figures.register(by=ANALYST, at=AT + timedelta(hours=1), months=3)
    assert set(table(analyst, "applications_by_month")["2026-05"]) == {None}


def test_stock_and_months(lives: None) -> None:
    report = figures.register(by=SUPERVISOR, at=AT, months=3)
    assert table(report, "by_state") == {"active": (2,), "suspended": (1,)}
    assert table(report, "by_class") == {"A": (3, 2)}
    assert table(report, "by_corridor") == {"": (1,), "XB": (1,)}
    months = table(report, "by_month")
    assert list(months) == ["2026-03", "2026-04", "2026-05"]
    assert months["2026-04"] == (3, 0, 0, 1, 0, 1, 0, 0)
    assert (report.since, report.until) == (datetime(2026, 2, 28, 18, 15, tzinfo=UTC), AT)


def test_the_stock_is_of_the_instant_and_not_of_the_last_entry(lives: None) -> None:
    later = figures.register(by=SUPERVISOR, at=AT + timedelta(days=41), months=3)
    assert table(later, "by_state") == {"active": (1,), "suspended": (1,), "expired": (1,)}


def test_what_was_corrected_is_not_counted(lives: None) -> None:
    number = builders.active(at=AT)
    sequence = builders.suspended(number, at=AT)
    before = table(figures.register(by=SUPERVISOR, at=AT + timedelta(hours=1)), "by_month")["2026-05"]
    terms = StepTerms(refers_to=sequence, grounds=("CLERICAL-ERROR",))
    builders.take(number, Action.CORRECT, terms, at=AT + timedelta(hours=2))
    after = table(figures.register(by=SUPERVISOR, at=AT + timedelta(hours=3)), "by_month")["2026-05"]
    assert (before[3], after[3]) == (1, 0)


def test_time_to_publication_is_that_of_the_record(lives: None) -> None:
    found = table(figures.publication(by=SUPERVISOR, at=AT), "by_action")
    assert found["grant"][0] == 3
    assert all(value is not None and value >= 0 for value in found["grant"])
    assert "file_appeal" not in found


def test_workload_counts_who_proposed_and_who_approved(lives: None) -> None:
    found = table(figures.workload(by=SUPERVISOR, at=AT), "by_officer")
    assert found["OFFICER-OFFICER"][1] == 9  # three grants, three activations, two measures, one order
    assert found["OFFICER-OFFICER"][2:4] == (
        0,
        2,
    )  # alone: the agency's registration and the filing of the appeal
    with pytest.raises(errors.RoleNotAllowed):
        figures.workload(by=ANALYST, at=AT)


def test_terms_that_end_fall_into_the_month_of_their_last_day(lives: None) -> None:
    found = table(figures.expiring(by=SUPERVISOR, at=AT, months=3), "ending_by_month")
    assert found == {"2026-05": (0,), "2026-06": (1,), "2026-07": (0,)}


def test_figures_for_policy_are_what_the_record_carries(lives: None) -> None:
    report = figures.policy(by=SUPERVISOR, at=AT)
    assert table(report, "sanctions_by_ground") == {"FALSE-DOC": (1,), "FEE-PROHIBITED": (1,)}
    assert table(report, "suspended_by_class") == {"A": (1, 10.0)}
    assert table(report, "appeals_by_outcome") == {"set_aside": (1,), "end_appeal": (0,)}
    assert table(report, "days_by_step")["grant"] == (3, 0.0)


def test_an_analyst_is_told_nothing_that_rests_on_few(lives: None) -> None:
    for name in ("register", "publication", "expiring", "policy"):
        report = figures.REPORTS[name](by=ANALYST, at=AT)
        told = [value for one in report.tables for row in one.rows for value in row.values]
        assert set(told) <= {None}
        assert all(set(one.total or ()) <= {None} for one in report.tables)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([12, 40, 9], [None, 40, None]),  # one alone could be worked out from a total elsewhere
        ([12, 40, 9, 3], [12, 40, None, None]),
        ([12, 40], [12, 40]),
        ([5], [None]),
    ],
)
def test_a_number_hidden_alone_takes_the_smallest_with_it(counts: list[int], told: list[int | None]) -> None:
    rows = tuple(Row(str(place), (number,)) for place, number in enumerate(counts))
    whole = Table("by_state", Of.STATE, (figures.Measure.LICENCES,), rows, (sum(counts),))
    thinned = figures.thinned(whole)
    assert [row.values[0] for row in thinned.rows] == told
    assert thinned.total == ((None,) if None in told else (sum(counts),))


def test_two_counts_of_a_row_do_not_tell_their_difference() -> None:
    measures = (figures.Measure.LICENCES, figures.Measure.IN_FORCE)
    whole = Table("by_class", Of.CLASS, measures, (Row("A", (100, 95)), Row("B", (100, 40))), (200, 135))
    assert [row.values for row in figures.thinned(whole).rows] == [(100, None), (100, None)]


@pytest.mark.parametrize("role", sorted(set(Role) - figures.READERS))
def test_other_roles_read_no_report(role: Role) -> None:
    builders.authority()
    with pytest.raises(errors.RoleNotAllowed):
        figures.register(by=Actor("X", "XA-DLA", frozenset({role})), at=AT)


def test_a_report_is_of_the_reader_s_own_authority_and_of_months_that_there_are() -> None:
    builders.authority()
    with pytest.raises(errors.OutsideAuthority):
        figures.register(by=Actor("X", None, frozenset({Role.AUDITOR})), at=AT)
    with pytest.raises(errors.BadInput):
        figures.register(by=SUPERVISOR, at=AT, months=7)
