"""The queue by legal deadline, kept filters and reports at the desk: who reads what, and nothing that bites."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from api.desk import charts, navigation, reports
from api.models import Reading, SavedFilter
from registry import figures, licensing, screening
from registry.rules.applying import Action as Asked
from registry.rules.lifecycle import Action, Role, StepTerms
from tests import applying, builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        agency = builders.agency(HOSTILE, at=AT - timedelta(days=20))
        last = (AT + timedelta(days=20)).date()
        return builders.active(agency, at=AT - timedelta(days=20), last_day=last)


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA whose term ends in twenty days."""
    clock.stop(AT)
    return _built


@pytest.fixture
def enter(new_desk: Callable[[], Client], licence: str) -> Callable[..., Pages]:
    """A browser for an officer of these roles."""
    taken: list[str] = []

    def officer(*roles: str, authority: str = "XA-DLA") -> Pages:
        taken.append(f"DLA-{len(taken)}")
        return at_desk(new_desk(), appoint(taken[-1], authority, *roles))

    return officer


def text(answer: Any) -> str:
    """The page."""
    return str(answer.content.decode())


def test_the_queue_counts_and_lists_by_deadline_and_escapes_names(
    enter: Callable[..., Pages], licence: str
) -> None:
    page = text(enter("officer").get(""))
    assert licence in page
    assert "Term that ends <b>1</b>" in page
    assert HOSTILE not in page
    assert "24 May 2026" in page
    later = text(enter("officer").get("", matter="lapse"))
    assert "Nothing waits with such a deadline." in later


def test_the_queue_leads_to_applications_and_matches_and_says_who_read_of_them(
    enter: Callable[..., Pages], licence: str
) -> None:
    number = applying.submitted(AT, legal_name=HOSTILE)
    twin = builders.agency("Gone Jobs (DEMO)", at=AT, company_number="C 90")
    builders.revoked(builders.active(twin, at=AT), at=AT)
    screening.of(builders.agency("Gone Jobs (DEMO)", at=AT, company_number="C 91"), at=AT)
    page = text(enter("officer").get(""))
    assert f"/desk/applications/{number}" in page
    assert "Application to take further <b>1</b>" in page
    assert "Sent, not looked at yet" in page
    assert "Possible match to judge <b>1</b>" in page
    assert HOSTILE not in page
    assert Reading.objects.filter(fields="queue").count() == 1
    inspector = text(enter("inspector").get(""))
    assert number not in inspector
    applying.take(number, Asked.REVIEW, at=AT)
    applying.take(number, Asked.ORDER_INSPECTION, at=AT)
    assert number in text(enter("inspector").get(""))
    assert number not in text(enter("consular").get(""))


def test_a_matter_past_its_deadline_is_marked_by_a_word(enter: Callable[..., Pages], clock: Clock) -> None:
    number = builders.granted(builders.agency("Second (DEMO)", at=AT), "B", at=AT)
    builders.secured(number, at=AT, until=(AT + timedelta(days=3)).date())
    builders.take(number, Action.ACTIVATE, at=AT)
    clock.stop(AT + timedelta(days=5))
    page = text(enter("officer").get(""))
    assert '<span class="late stop">Overdue</span>' in page
    assert page.index(number) < page.index("Term that ends</div>")


def test_the_queue_asks_as_often_for_many_matters_and_proposals_as_for_one(
    enter: Callable[..., Pages], licence: str
) -> None:
    officer, asked = enter("registrar"), []
    terms = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."}, no_conflict=True)
    for number in (licence, *(builders.active(at=AT - timedelta(days=9)) for _ in range(3))):
        builders.granted(builders.agency(f"Further {number} (DEMO)", at=AT), at=AT)
        licensing.propose(
            number, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, terms=terms,
            idempotency_key=builders.key(),
        )  # fmt: skip
        officer.get("")
        with CaptureQueriesContext(connection) as queries:
            officer.get("")
        asked.append(len([one for one in queries if one["sql"].startswith(("SELECT", "WITH", "\n    WITH"))]))
    assert len(set(asked)) == 1, asked


@pytest.mark.parametrize("role", ["administrator", "auditor", "analyst", "inspector", "consular"])
def test_who_takes_no_step_has_no_matters(enter: Callable[..., Pages], licence: str, role: str) -> None:
    answer = enter(role).get("")
    assert answer.status_code == 200
    assert licence not in text(answer)


def test_another_authority_s_queue_is_its_own(enter: Callable[..., Pages], licence: str) -> None:
    builders.authority("XB-LMA")
    assert licence not in text(enter("officer", authority="XB-LMA").get(""))


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"licence_class": "1"}, "A class is one letter"),
        ({"corridor": "1x"}, "A country is two letters"),
        ({"state": HOSTILE}, "Select a valid choice"),
        ({"matter": HOSTILE}, "Select a valid choice"),
    ],
)
def test_an_impossible_filter_says_so_and_keeps_what_was_typed(
    enter: Callable[..., Pages], asked: dict[str, str], wrong: str
) -> None:
    answer = enter("officer").get("", **asked)
    assert answer.status_code == 422
    assert wrong in text(answer)
    assert HOSTILE not in text(answer)


@pytest.mark.parametrize("after", ["x", "~~", HOSTILE])
def test_a_place_that_no_page_gave_is_a_page_that_says_so(enter: Callable[..., Pages], after: str) -> None:
    assert enter("officer").get("", after=after).status_code == 400


def test_a_filter_is_kept_once_used_and_forgotten_by_its_officer_alone(enter: Callable[..., Pages]) -> None:
    mine, other = enter("officer"), enter("officer")
    fields = {"name": HOSTILE, "matter": ["term"], "licence_class": "a", "state": "active", "corridor": "xb"}
    for _ in range(2):
        assert mine.send("filters/new", **fields).status_code == 302
    kept = SavedFilter.objects.get()
    assert (kept.matters, kept.licence_class, kept.state, kept.corridor) == (["term"], "A", "active", "XB")
    page = text(mine.get(""))
    assert 'data-keys="f 1"' in page
    assert "matter=term&amp;licence_class=A&amp;state=active&amp;corridor=XB" in page
    assert HOSTILE not in page
    assert "f 1" not in text(other.get(""))
    assert other.send(f"filters/{kept.pk}/forget").status_code == 404
    assert mine.send(f"filters/{kept.pk}/forget").status_code == 302
    assert not SavedFilter.objects.exists()


def test_a_refused_filter_keeps_what_was_typed(enter: Callable[..., Pages]) -> None:
    officer = enter("officer")
    answer = officer.send("filters/new", name="", licence_class="12", corridor="QA")
    assert answer.status_code == 422
    assert 'value="QA"' in text(answer)
    officer.send("filters/new", name="Mine", licence_class="A")
    answer = officer.send("filters/new", name="Mine", licence_class="B")
    assert answer.status_code == 422
    assert "another filter under this name" in text(answer)
    assert (
        officer.client.post("/desk/filters/new", {"name": "x"}).status_code == 403
    )  # without our form's token


def test_each_role_reads_the_reports_that_are_its_own(enter: Callable[..., Pages]) -> None:
    found = {}
    for role in navigation.EVERYBODY:
        officer = enter(role.value)
        for name in figures.REPORTS:
            found[role, name] = officer.get(f"reports/{name}").status_code
        found[role, "files"] = officer.get("reports/register/book.xlsx").status_code
    wanted = {
        (role, name): 200
        if role in figures.READERS and (name != "workload" or role in figures.ABOUT_OFFICERS)
        else 403
        for role in navigation.EVERYBODY
        for name in [*figures.REPORTS, "files"]
    }
    assert found == wanted


def test_a_report_says_day_source_and_numbers_with_a_picture_that_has_words(
    enter: Callable[..., Pages],
) -> None:
    page = text(enter("officer").get("reports/register"))
    for told in (
        "4 May 2026",
        "Source",
        "The published records",
        "In force",
        "<svg",
        "<title",
        "<desc",
        "XA-DLA",
    ):
        assert told in page
    assert " style=" not in page
    assert "workload" not in text(enter("officer").get("reports"))


def test_reading_officers_work_is_logged(enter: Callable[..., Pages]) -> None:
    page = text(enter("supervisor").get("reports/workload"))
    assert "OFFICER-SUPERVISOR-0" in page
    assert Reading.objects.get(fields="workload").record == "XA-DLA"


def test_an_analyst_reads_no_number_under_ten(enter: Callable[..., Pages]) -> None:
    answer = enter("analyst").get("reports/register")
    assert "not told" in text(answer)
    assert "fewer than ten" in text(answer)
    sheet = text(enter("analyst").get("reports/register/by_state.csv"))
    assert "active,\r\n" in sheet


def test_files_say_day_and_source_and_start_no_formula(enter: Callable[..., Pages]) -> None:
    officer = enter("officer")
    answer = officer.get("reports/register/by_state.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "XA-DLA-2026-05-04-register-by_state.csv" in answer.headers["Content-Disposition"]
    assert "In force,active,1" in answer.content.decode("utf-8-sig")
    assert "Source" in answer.content.decode("utf-8-sig")
    book = load_workbook(io.BytesIO(officer.get("reports/register/book.xlsx").content))
    assert book.sheetnames[-1] == "About"
    assert [cell.value for cell in book["By state"][2]] == ["In force", "active", 1]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\u00a0=1", "＝1"])
def test_a_cell_that_begins_like_a_formula_is_made_harmless(text: str) -> None:
    assert reports.harmless(text) == f"'{text}"


def test_a_picture_escapes_its_words_breaks_long_ones_and_turns_round() -> None:
    bars = [
        charts.Bar(HOSTILE, 10, "10"),
        charts.Bar("word " * 20, 5, "5"),
        charts.Bar("few", None, "not told"),
    ]
    left, right = (str(charts.Bars(HOSTILE, "n", bars, rtl=rtl)) for rtl in (False, True))
    assert "<script" not in left
    assert left.count("<text") > 6
    assert 'direction="rtl"' in right
    assert '<rect x="150.0"' in right
    assert '<rect x="150.0"' not in left
    assert str(charts.Bars("t", "n", [])) == ""


def test_other_cells_stay_as_they_are() -> None:
    assert [reports.harmless(one) for one in ("a=1", "", 5, -5, None)] == ["a=1", "", 5, -5, None]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("reports/nothing", 404),
        ("reports/register/nothing.csv", 404),
        ("reports/register?months=7", 400),
        ("reports/register?months=x", 400),
        ("reports/register?months=9999999999", 400),
    ],
)
def test_what_is_no_report_is_a_page_that_says_so(
    enter: Callable[..., Pages], path: str, status: int
) -> None:
    assert enter("officer").client.get(f"/desk/{path}").status_code == status


def test_who_belongs_to_no_authority_is_told_so(enter: Callable[..., Pages]) -> None:
    auditor = enter(Role.AUDITOR.value, authority="")
    assert "you belong to none" in text(auditor.get("reports"))
    assert auditor.get("reports/register").status_code == 404


@pytest.mark.parametrize("name", [n for n in figures.REPORTS if n != "workload"])
def test_every_report_draws_itself_where_there_is_nothing(enter: Callable[..., Pages], name: str) -> None:
    builders.authority("XB-LMA")
    assert enter("officer", authority="XB-LMA").get(f"reports/{name}", months="3").status_code == 200
