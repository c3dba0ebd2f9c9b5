"""Rows of real-world files: accepted, flagged or refused with line, column and reason, and nothing is invented."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.intake import compare, csv_out, profile, readers
from registry.intake.refusals import FileUnreadable, ListWouldShrink
from registry.intake.report import Problem, Report
from registry.intake.rows import Interpreter, Reading, digest
from registry.rules import cells

ON = date(2021, 4, 9)

BASE: Mapping[str, Any] = {
    "profile": "xa_list",
    "kind": "register",
    "title": "Licensed recruiters",
    "source": "Ministry of Labour",
    "authority": {"code": "MOL", "name": {"en": "M"}, "country": "XA", "time_zone": "Asia/Kathmandu"},
    "file": {"format": "csv"},
    "columns": {
        "number": {"heading": "No.", "absent": "refuse"},
        "name": "Name",
        "status": "Status",
    },
    "identity": {"holder": ["number"]},
    "words": {
        "status": [
            {"means": "licensed", "words": ["Valid"], "legal_term": "In force", "until": date(2021, 12, 31)},
            {"means": "not_licensed", "words": ["Struck off"]},
        ]
    },
}


def read(
    path: Path, content: bytes | None, on: date = ON, **change: Any
) -> tuple[Report, list[Reading], list[Problem]]:
    """Read ``content`` by the base profile with some tables changed."""
    if content is not None:
        path.write_bytes(content)
    spec = profile.read({**BASE, **change})
    layout = spec.layout_on(on)
    report, readings = Report(), []
    with readers.opened(path, layout) as sheet:
        interpreter = Interpreter(spec, layout, sheet.headings, on)
        for raw in sheet.rows:
            outcome = interpreter.read(raw)
            if not outcome.skipped:
                report.count_row(outcome.problems, refused=outcome.refused)
                readings += outcome.readings
    return report, readings, list(report.problems())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


HEAD = "No.,Name,Status\r\n"


def _csv(*lines: str) -> bytes:
    return (HEAD + "".join(line + "\r\n" for line in lines)).encode()


def test_a_row_is_read_in_our_words_and_keeps_its_number_as_written(file: Path) -> None:
    report, readings, problems = read(file, _csv("0010/ख-A,  Orchard  International ,valid"))
    assert (report.accepted, problems) == (1, [])
    (one,) = readings
    assert one.fields["number"] == "0010/ख-A"
    assert one.fields["name"] == "Orchard International"
    assert (one.status, one.legal_term, one.line) == ("licensed", "In force", 2)


def test_the_three_kinds_of_rows_add_up(file: Path) -> None:
    report, _, _ = read(file, _csv("1,A,Valid", "2,B,Sleeping", ",C,Valid", "4,D", "5,E,Valid"))
    assert (report.accepted, report.flagged, report.refused, report.rows) == (2, 1, 2, 5)


def test_an_undeclared_word_flags_the_row_and_reads_unknown(file: Path) -> None:
    _, readings, (problem,) = read(file, _csv("1,A,Sleeping"))
    assert readings[0].status == "unknown"
    assert (problem.line, problem.column, problem.code) == (2, "Status", "word.undeclared")
    assert "Sleeping" in problem.message


def test_a_word_counts_in_its_period_alone(file: Path) -> None:
    _, readings, problems = read(file, _csv("1,A,Valid"), on=date(2022, 1, 1))
    assert readings[0].status == "unknown"
    assert problems[0].code == "word.undeclared"


def test_an_absent_status_is_not_made_up(file: Path) -> None:
    _, readings, (problem,) = read(file, _csv("1,A,"))
    assert readings[0].status == "unknown"
    assert problem.code == "status.absent"


def test_without_a_date_column_no_date_appears(file: Path) -> None:
    _, (one,), _ = read(file, _csv("1,A,Valid"))
    assert not {"first_day", "last_day"} & set(one.fields)


def test_cells_that_look_like_formulas_are_data(file: Path) -> None:
    lines = [f'{number},"{name}",Valid' for number, name in enumerate(["=1+1", "+Plus Care", "-A", "@ Home"])]
    report, readings, _ = read(file, _csv(*lines))
    assert report.accepted == 4
    assert [one.fields["name"] for one in readings] == ["=1+1", "+Plus Care", "-A", "@ Home"]
    out = io.StringIO()
    csv_out.write(out, ["name"], [[one.fields["name"]] for one in readings])
    assert [row[0] for row in csv.reader(io.StringIO(out.getvalue()))] == [
        "name",
        "'=1+1",
        "'+Plus Care",
        "'-A",
        "'@ Home",
    ]


def test_numbers_keep_their_sign_going_out() -> None:
    assert [cells.safe(cell) for cell in (-3, 0.5, None, "x", "\t=1", "＝１")] == [
        "-3",
        "0.5",
        "",
        "x",
        "'\t=1",
        "'＝１",
    ]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (_csv("1,A,Valid,extra"), "row.ragged", 2),
        (_csv("1,A"), "row.ragged", 2),
        (_csv("1,A\0B,Valid"), "cell.nul", 2),
        (HEAD.encode() + b"1,Caf\xe9,Valid\r\n", "cell.encoding", 2),
        (_csv('1,"A"B,Valid'), "row.quotes", 2),
        (_csv("1,A,Valid", "\u200b,B,Valid"), "cell.absent", 3),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_line(
    file: Path, content: bytes, code: str, line: int
) -> None:
    report, _, problems = read(file, content)
    assert report.refused == 1
    assert (problems[-1].code, problems[-1].line) == (code, line)


def test_a_bad_row_does_not_take_its_neighbours_along(file: Path) -> None:
    report, readings, _ = read(file, _csv("1,A,Valid", '2,"B"x,Valid', "3,C,Valid"))
    assert (report.accepted, report.refused) == (2, 1)
    assert [one.fields["number"] for one in readings] == ["1", "3"]


def test_lines_are_those_of_the_file_also_after_a_cell_of_several_lines(file: Path) -> None:
    report, readings, problems = read(file, _csv('1,"A\r\nB",Valid', "2,C,Valid"))
    assert [one.line for one in readings] == [2, 4]
    assert readings[0].fields["name"] == "A B"
    assert (report.flagged, problems[0].code) == (1, "cell.line_break")


def test_a_file_cut_off_in_its_last_line_says_so(file: Path) -> None:
    report, readings, problems = read(file, _csv("1,A,Valid") + b"2,B,Valid")
    assert len(readings) == 2
    assert (report.flagged, problems[0].code, problems[0].line) == (1, "row.no_line_end", 3)


def test_a_quote_that_never_closes_ends_the_intake_and_not_the_machine(file: Path) -> None:
    with pytest.raises(FileUnreadable, match="never ends"):
        read(file, _csv('1,"A') + b"2,B,Valid\r\n" * 20_000)


def test_a_line_without_end_is_refused(file: Path) -> None:
    with pytest.raises(FileUnreadable, match="longer"):
        read(file, b"No.,Name,Status" + b"x" * 1_100_000)


@pytest.mark.parametrize(
    "content", [b"", b"No.,Name\r\n1,A\r\n", b"No.,Name,Name,Status\r\n", b"PK\x03\x04\0\0"]
)
def test_a_file_without_the_headings_is_refused(file: Path, content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(file, content)


def test_headings_are_found_in_any_order_case_and_spacing(file: Path) -> None:
    _, (one,), _ = read(file, "\ufeffSTATUS ,Other, name,no.\nValid,x,A,7\n".encode())
    assert (one.fields["number"], one.fields["name"], one.status) == ("7", "A", "licensed")


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp932", "（株）清水組"), ("utf-16", "Żółw & Co"), ("cp1252", "Café")]
)
def test_other_encodings_are_read(file: Path, encoding: str, name: str) -> None:
    content = f"No.,Name,Status\n1,{name},Valid\n".encode(encoding)
    _, (one,), _ = read(file, content, file={"format": "csv", "encoding": encoding})
    assert one.fields["name"] == name


def test_days_that_contradict_each_other_are_left_out(file: Path) -> None:
    columns = {
        **BASE["columns"],
        "first_day": {"heading": "From", "dates": ["%d/%m/%Y"]},
        "last_day": {"heading": "To", "dates": ["%d/%m/%Y"], "open": ["permanent"]},
    }
    content = (
        b"No.,Name,Status,From,To\n1,A,Valid,01/02/2021,31/01/2021\n"
        b"2,B,Valid,01/02/2021,permanent\n3,C,Valid,2021,\n"
    )
    report, readings, problems = read(file, content, columns=columns)
    assert (report.accepted, report.flagged) == (1, 2)
    assert [p.code for p in problems] == ["span.backwards", "date.unreadable", "cell.absent"]
    assert "last_day" not in readings[0].fields
    assert [one.status for one in readings] == ["unknown", "licensed", "unknown"]
    assert readings[1].fields["last_day"] == "open"
    assert "first_day" not in readings[2].fields


def test_a_licence_whose_end_cannot_be_told_reads_unknown_and_never_as_good(file: Path) -> None:
    content = b"No.,Name,Status,To\n1,A,Valid,31/13/2027\n2,B,Valid,\n3,C,Struck off,\n4,D,Valid,31/12/2027\n"
    to = {"heading": "To", "dates": ["%d/%m/%Y"]}
    for absent, second in (("unknown", "unknown"), ("open", "licensed"), ("flag", "licensed")):
        columns = {**BASE["columns"], "last_day": {**to, "absent": absent}}
        _, readings, _ = read(file, content, columns=columns)
        assert [one.status for one in readings] == ["unknown", second, "not_licensed", "licensed"], absent


SPLIT: dict[str, Any] = {
    "columns": {"name": "Name", "status": "Rating", "class": {"heading": "Route", "absent": "refuse"}},
    "identity": {"holder": ["name"], "licence": ["class"]},
    "split": {"columns": ["status", "class"], "separator": " / "},
    "words": {
        "status": [{"means": "licensed", "words": ["Tier 2 (A)", "Tier 5 (A)"]}],
        "class": [
            {"means": "General", "words": ["Tier 2 General", "Skilled"]},
            {"means": "Minister", "words": ["Religious"], "when": {"status": "Tier 2"}},
            {"means": "Religious worker", "words": ["Religious"], "when": {"status": "Tier 5"}},
        ],
    },
}


def _joined(rating: str, route: str) -> bytes:
    return f"Name,Rating,Route\nX Ltd,{rating},{route}\n".encode()


def test_joined_cells_are_taken_apart_in_step(file: Path) -> None:
    report, readings, _ = read(file, _joined("Tier 5 (A) / Tier 2 (A)", "Religious / Religious"), **SPLIT)
    assert report.accepted == 1
    assert [one.fields["class"] for one in readings] == ["Religious worker", "Minister"]
    assert len({one.licence for one in readings}) == 2
    assert len({one.holder for one in readings}) == 1


def test_text_that_ran_in_from_another_column_keeps_the_licence_and_believes_nothing(file: Path) -> None:
    report, readings, (problem,) = read(file, _joined("rovince/D / Tier 2 (A)", "Tier 2 General"), **SPLIT)
    assert (report.flagged, problem.code) == (1, "cells.out_of_step")
    assert [(one.fields["class"], one.status) for one in readings] == [("General", "unknown")]


def test_a_piece_that_names_no_licence_makes_none(file: Path) -> None:
    _, readings, problems = read(file, _joined("D AND / Tier 2 (A)", "AND / Skilled"), **SPLIT)
    assert [one.fields["class"] for one in readings] == ["General"]
    assert "word.stray" in {problem.code for problem in problems}


def test_a_renamed_class_is_the_same_licence(file: Path) -> None:
    _, (before,), _ = read(file, _joined("Tier 2 (A)", "Tier 2 General"), **SPLIT)
    _, (after,), _ = read(file, _joined("Tier 2 (A)", "Skilled"), **SPLIT)
    assert (before.licence, before.content) == (after.licence, after.content)


def test_case_width_and_spaces_do_not_part_one_holder_from_itself(file: Path) -> None:
    _, (one,), _ = read(file, _joined("Tier 2 (A)", "Skilled").replace(b"X Ltd", "Ｘ  LTD".encode()), **SPLIT)
    _, (other,), _ = read(file, _joined("Tier 2 (A)", "Skilled"), **SPLIT)
    assert one.licence == other.licence
    assert one.content != other.content


def _workbook(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.create_sheet("Empty")
    book.save(path)
    return path


SHEET: dict[str, Any] = {
    "file": {"format": "xlsx", "header_row": 3, "sub_headings": True, "skip": {"name": ["No entries"]}}
}


def test_a_spreadsheet_as_a_ministry_sends_it_is_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None, "Agents"],
        [],
        [None, " Name", "No. ", "Status"],
        [None, 2021],
        [None, "Alpha ", "0007", "Valid"],
        [None, None, None, None],
        [None, "No entries", "-", None],
        [None, "Beta", 8, "#REF!"],
        [None, datetime(2021, 1, 1), "9", "Valid"],  # noqa: DTZ001 - a date where a name should be
    ]
    report, readings, problems = read(_workbook(tmp_path / "list.xlsx", rows), None, **SHEET)
    assert (report.rows, report.accepted, report.flagged) == (3, 2, 1)
    assert [one.fields["number"] for one in readings] == ["0007", "8", "9"]
    assert readings[0].line == 5
    assert {p.code for p in problems} == {"cell.number", "cell.error", "word.undeclared"}


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with pytest.raises(FileUnreadable, match="not an XLSX workbook"):
        read(path, b"No.,Name,Status\n", **SHEET)
    with pytest.raises(FileUnreadable, match="no sheet"):
        read(_workbook(path, [["x"]]), None, file={"format": "xlsx", "sheet": "Liste"})


def _changed(path: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one file in it changed."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held[member] = change(held[member])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return path


LISTED: list[list[Any]] = [[], [], ["Name", "No.", "Status"], ["Alpha", "7", "Valid"], ["Beta", "8", "Valid"]]
FIRST_SHEET = "xl/worksheets/sheet1.xml"


def test_rows_beyond_the_size_that_a_sheet_states_are_read(tmp_path: Path) -> None:
    path = _changed(
        _workbook(tmp_path / "list.xlsx", LISTED),
        FIRST_SHEET,
        lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:C4"', xml),
    )
    _, readings, _ = read(path, None, **SHEET)
    assert [one.fields["number"] for one in readings] == ["7", "8"]


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("xl/workbook.xml", lambda xml: xml[:-40]),
        ("xl/workbook.xml", lambda _: b"no XML"),
        ("xl/workbook.xml", lambda xml: re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", xml)),
        ("xl/styles.xml", lambda xml: xml[:-40]),
        (FIRST_SHEET, lambda xml: re.sub(rb't="inlineStr"><is>.*?</is>', b't="s"><v>99</v>', xml)),
        (FIRST_SHEET, lambda _: b""),
        (FIRST_SHEET, lambda xml: xml[: len(xml) // 3]),
        (FIRST_SHEET, lambda xml: xml[:-40]),
        ("[Content_Types].xml", lambda xml: xml[:-40]),
    ],
)
def test_a_damaged_workbook_is_refused_as_a_file(
    tmp_path: Path, member: str, change: Callable[[bytes], bytes]
) -> None:
    path = _changed(_workbook(tmp_path / "list.xlsx", LISTED), member, change)
    with pytest.raises(FileUnreadable):
        read(path, None, **SHEET)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_and_the_rows_add_up(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "list.csv"
    try:
        report, readings, _ = read(path, HEAD.encode() + content)
    except FileUnreadable:
        return
    assert report.accepted + report.flagged + report.refused == report.rows
    assert len(readings) == report.accepted + report.flagged
    json.dumps(report.as_dict()).encode()
    out = io.StringIO()
    report.write(out)
    assert json.loads(out.getvalue()) == report.as_dict()
    out.getvalue().encode()


def test_the_report_has_exactly_its_keys_and_any_number_of_problems(file: Path) -> None:
    report, _, _ = read(file, _csv(*(f"{n},A,Odd" for n in range(30_000))))
    out = io.StringIO()
    report.write(out)
    whole = json.loads(out.getvalue())
    assert list(whole) == [
        *("rows", "accepted", "flagged", "refused", "added", "changed", "unchanged", "gone", "moved"),
        *("problems", "seconds"),
    ]
    assert len(whole["problems"]) == 30_000
    assert set(whole["problems"][0]) == {"line", "column", "code", "message"}


def _holder(name: str, place: str, line: int = 0) -> compare.Holder:
    return compare.Holder(digest([name, place]), name, place, line)


def test_near_matches_are_moves_and_respellings_and_no_others() -> None:
    gone = [
        _holder("Alpha Overseas Ltd", "Leeds"),
        _holder("Tüpras Trading", "London"),
        _holder("INK Associates Limited", "London"),
        _holder("Unit 1 Staffing Services", "London"),
    ]
    added = [
        _holder("ALPHA OVERSEAS LTD", "York", 2),
        _holder("Tupras Trading Limited", "London", 3),
        _holder("BD Associates Limited", "London", 4),
        _holder("Unit 2 Staffing Services", "London", 5),
    ]
    pairs = {(pair.gone.name, pair.added.line) for pair in compare.near_matches(gone, added)}
    assert pairs == {("Alpha Overseas Ltd", 2), ("Tüpras Trading", 3)}


def test_nobody_is_in_two_pairs() -> None:
    gone = [_holder("Alpha Overseas", "Leeds"), _holder("Alpha Overseas", "York")]
    pairs = compare.near_matches(gone, [_holder("Alpha Overseas", "Hull")])
    assert len(pairs) == 1


@pytest.mark.parametrize(
    ("known", "lost", "refused"), [(0, 0, False), (100, 20, False), (100, 21, True), (5, 1, False)]
)
def test_more_than_a_fifth_gone_is_refused(known: int, lost: int, *, refused: bool) -> None:
    if not refused:
        compare.check_loss(known=known, lost=lost, allow_shrink=False, cut_off=False)
        return
    with pytest.raises(ListWouldShrink) as refusal:
        compare.check_loss(known=known, lost=lost, allow_shrink=False, cut_off=True)
    assert "21.0 % of the register would be gone" in refusal.value.detail
    assert "cut off" in refusal.value.detail
    compare.check_loss(known=known, lost=lost, allow_shrink=True, cut_off=True)
