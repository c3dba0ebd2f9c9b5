"""The real registers and warning lists, taken in by the profiles that come with the register.

They lie beside the repository or where ``REGISTRY_SHARED_DATA`` says; without them this module is skipped.
"""

import json
import os
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from registry import audit, lookup, search
from registry.intake import findings, taking
from registry.intake.refusals import ListWouldShrink
from registry.intake.report import Report
from registry.models import Finding, Licence, ListSnapshot

DATA = Path(os.environ.get("REGISTRY_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (DATA / "README.md").is_file(), reason=f"the real lists are not at {DATA}"),
]

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
UK = "uk_sponsor_register"
UK_FILES = {
    date(2020, 10, 29): "2020-10-29_Tier_2_5_Register_of_Sponsors-converted-from-pdf.csv",
    date(2021, 4, 9): "2021-04-09_Tier_2_5_Register_of_Sponsors-converted-from-pdf.csv",
    date(2021, 7, 26): "2021-07-26_-_Worker_and_Temporary_Worker.csv",
}
UK_CUT_OFF = "2022-09-30_-_Worker_and_Temporary_Worker.csv"


def _take_in(profile: str, file: Path, on: date) -> Report:
    return taking.take_in(profile, file, on=on, at=NOW, by="intake")


def _on(number: str, day: date) -> tuple[str, str]:
    (answer,) = lookup.day_answers(number, day=day, now=NOW)
    return answer.result, json.loads(answer.body)["verdict"]["reasons"][0]["code"]


def _codes(report: Report) -> Counter[str]:
    return Counter(problem.code for problem in report.problems())


def _adds_up(report: Report) -> None:
    assert report.accepted + report.flagged + report.refused == report.rows


def _sound_in_parts(step: int) -> None:
    for licence in Licence.objects.order_by("number")[::step]:
        assert list(audit.of_numbers([licence.number], at=NOW)) == []


def test_the_agents_of_bangladesh_keep_their_numbers_and_get_no_dates() -> None:
    on = date(2023, 4, 7)
    report = _take_in("bd_recruiting_agencies", DATA / "bd_recruiting_agencies.csv", on)
    _adds_up(report)
    assert (report.rows, report.refused, report.added) == (507, 1, 506)
    again = _take_in("bd_recruiting_agencies", DATA / "bd_recruiting_agencies.csv", on)
    assert (again.added, again.changed, again.gone, again.unchanged) == (0, 0, 0, 506)
    assert _codes(report) == {"cell.line_break": 2, "cell.absent": 2}
    (orchard,) = lookup.by_legacy("0010", at=NOW)
    assert json.loads(orchard.body)["holder"]["name"] == "Orchard International"
    assert json.loads(orchard.body)["terms"] == []
    assert orchard.result == "unknown"
    assert _on(orchard.number, on) == ("licensed", "listed.on_list")
    assert search.find("orchard international", limit=1, after=None, at=NOW).data[0].number == orchard.number
    assert search.find("RL 0010", limit=5, after=None, at=NOW) is not None
    _sound_in_parts(50)


def test_the_sponsors_of_the_united_kingdom_have_a_history() -> None:
    reports = {on: _take_in(UK, DATA / UK / name, on) for on, name in UK_FILES.items()}
    for report in reports.values():
        _adds_up(report)
    first, second, third = reports.values()
    assert [report.rows for report in reports.values()] == [31_857, 34_048, 46_516]
    assert [report.refused for report in reports.values()] == [0, 0, 0]
    # Another vocabulary, then another layout: hardly a licence changes, some join and some leave.
    assert second.changed < 300
    assert third.changed < 300
    assert second.unchanged > 0.85 * first.added
    assert third.unchanged > 0.85 * (second.unchanged + second.added)
    assert 300 < second.moved < 700
    assert 0.05 < second.gone / first.added < 0.12
    with pytest.raises(ListWouldShrink, match=r"83\.9 % of the register would be gone"):
        _take_in(UK, DATA / UK / UK_CUT_OFF, date(2022, 9, 30))
    assert ListSnapshot.objects.count() == 3
    _look_up_the_sponsors()
    _sound_in_parts(3000)


def _look_up_the_sponsors() -> None:
    zyxel = search.find("zyxel communications", limit=5, after=None, at=NOW).data
    numbers = [hit.number for hit in zyxel if "ZyXEL" in hit.name]
    assert len(numbers) == 2
    for on in UK_FILES:
        assert _on(numbers[0], on) == ("licensed", "listed.on_list")
    assert _on(numbers[0], date(2021, 1, 20)) == ("unknown", "listed.before_and_after")
    assert _on(numbers[0], date(2022, 9, 30)) == ("unknown", "listed.stale")
    gone = Licence.objects.filter(agency__legal_name="Jasmin Vardimon Dance Company")[0].number
    assert _on(gone, date(2020, 10, 29)) == ("licensed", "listed.on_list")
    assert _on(gone, date(2021, 4, 9)) == ("unknown", "listed.not_on_latest")
    odd = Licence.objects.filter(agency__legal_name="@ Home Accommodation Services Ltd")
    assert odd.exists()
    empty = Licence.objects.get(agency__legal_name="Manchester Trinity College Limited")
    assert _on(empty.number, date(2021, 4, 9)) == ("unknown", "listed.word_unknown")


@pytest.mark.parametrize(
    ("profile", "file", "rows", "added", "codes"),
    [
        (
            "us_h2a_debarments",
            "us_h2_debarments/H-2A Debarment Table FY 09 to FY 13.xlsx",
            72,
            72,
            {"span.contradiction": 2, "cell.absent": 2},
        ),
        ("us_h2b_debarments", "us_h2_debarments/H-2B Debarment Table FY 2009-2014.xlsx", 25, 25, {}),
        (
            "idb_debarments",
            "mdb_debarments/Inter-American_Development_Bank-Sanctioned_Firms_and_Individuals.xlsx",
            1082,
            1081,
            {"cell.line_break": 1, "cell.absent": 1},
        ),
    ],
)
def test_debarments_are_findings_against_names(
    profile: str, file: str, rows: int, added: int, codes: dict[str, int]
) -> None:
    report = _take_in(profile, DATA / file, date(2024, 11, 1))
    _adds_up(report)
    assert (report.rows, report.added) == (rows, added)
    assert _codes(report) == codes
    assert Finding.objects.count() == added
    assert not Licence.objects.exists()


def test_a_debarment_says_from_when_until_when_and_why() -> None:
    _take_in(
        "us_h2a_debarments",
        DATA / "us_h2_debarments/H-2A Debarment Table FY 09 to FY 13.xlsx",
        date(2014, 1, 1),
    )
    (match, *_) = findings.possible_matches("GLOBAL HORIZONS MANPOWER")
    assert match.name == "Global Horizons Manpower, Inc"
    assert (match.first_day, match.last_day) == (date(2011, 5, 6), date(2014, 5, 6))
    assert "H-2A" in match.grounds
    (undated, *_) = findings.possible_matches("Castro Harvesting")
    assert (undated.first_day, undated.last_day) == (None, None)


def test_the_notices_of_japan_are_taken_in_month_by_month() -> None:
    files = sorted((DATA / "jp_labour_law_violations").glob("*.tsv"))
    days = [date(2018, 2, 28), date(2018, 3, 31), date(2018, 4, 30)]
    reports = [_take_in("jp_labour_law_violations", file, on) for file, on in zip(files, days, strict=True)]
    assert [(report.rows, report.refused) for report in reports] == [(450, 0), (470, 0), (458, 0)]
    for report in reports:
        _adds_up(report)
    (shimizu, *_) = findings.possible_matches("(株)清水組")
    assert shimizu.first_day == date(2017, 5, 17)
    left = Finding.objects.filter(present=False, last_seen=date(2018, 2, 28))
    assert left.exists()
    assert {finding.last_day for finding in left} == {None}
