"""The register in numbers at the desk: each report as tables and charts, and as files for a spreadsheet.

Every number is ``registry.figures``'; what is not for the reader's role does not come out of it. A file says its day
and its source like the page, and no cell of it can begin a formula.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from babel import Locale, UnknownLocaleError, dates, numbers
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from api import labels, readings
from api.desk import charts, door, parts
from api.desk.door import Visit
from api.pages import languages, written
from registry import figures
from registry.figures import Measure, Of, Report, Row, Table, Value
from registry.rules import cells
from registry.rules.errors import BadInput, NotFound

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class _Told:
    """How a report is called, what it is about and where its numbers come from."""

    name: str | Promise
    about: str | Promise
    source: str | Promise


REPORTS: Final = {
    "register": _Told(
        _("The register in numbers"),
        _(
            "How many licences stand how, in which class and for which countries, and what each month brought."
        ),
        _(
            "The published records at this instant; decisions by their day, corrected ones left out; what happened to"
            " applications."
        ),
    ),
    "publication": _Told(
        _("From decision to publication"),
        _("How long it took until the public could read a decision."),
        _("Each entry’s instant of decision, and that at which it was recorded and published in one act."),
    ),
    "workload": _Told(
        _("Officers’ workload"),
        _("What each officer took part in. It says nothing about how hard it was."),
        _("The officers named in each entry, and the proposals that are open now."),
    ),
    "expiring": _Told(
        _("Terms that end"),
        _("Terms that end in the months to come and that no renewal follows yet."),
        _("The published records, whose turns to come are the law’s own."),
    ),
    "policy": _Told(
        _("Figures for policy"),
        _("Days a step takes, sanctions and their grounds, suspensions, the outcome of appeals."),
        _("Approved proposals, entries of the register and published records; nothing is estimated."),
    ),
}
_TABLES: Final = {
    "by_state": _("By state"),
    "by_class": _("By class"),
    "by_corridor": _("Licences in force by destination country"),
    "by_month": _("What each month brought"),
    "applications_by_month": _("Applications by month"),
    "by_action": _("By kind of decision"),
    "by_officer": _("By officer"),
    "ending_by_month": _("By month"),
    "ending_by_class": _("By class"),
    "days_by_step": _("Days from proposal to decision"),
    "sanctions_by_ground": _("Sanctions by ground"),
    "suspended_by_class": _("Licences suspended, and the days of all of them together"),
    "appeals_by_outcome": _("Appeals that ended"),
}
_MEASURES: Final = {
    Measure.LICENCES: _("Licences"),
    Measure.IN_FORCE: _("In force"),
    Measure.GRANTED: _("Granted"),
    Measure.RENEWED: _("Renewed"),
    Measure.NOT_RENEWED: _("Renewal refused"),
    Measure.SUSPENDED: _("Suspensions"),
    Measure.LIFTED: _("Lifted"),
    Measure.REVOKED: _("Revoked or annulled"),
    Measure.CANCELLED: _("Cancelled"),
    Measure.SURRENDERED: _("Given up"),
    Measure.DECISIONS: _("Decisions"),
    Measure.MEDIAN_SECONDS: _("Half within"),
    Measure.P95_SECONDS: _("95 of 100 within"),
    Measure.LONGEST_SECONDS: _("Longest"),
    Measure.TAKEN_PART: _("Took part in"),
    Measure.PROPOSED: _("Proposed"),
    Measure.APPROVED: _("Approved"),
    Measure.ALONE: _("Alone"),
    Measure.WAITING: _("Proposals open"),
    Measure.TERMS: _("Terms that end"),
    Measure.STEPS: _("Decisions"),
    Measure.MEDIAN_DAYS: _("Half within (days)"),
    Measure.SANCTIONS: _("Sanctions"),
    Measure.DAYS_SUSPENDED: _("Days suspended"),
    Measure.APPEALS: _("Appeals"),
    Measure.APPLICATIONS: _("Applications sent"),
    Measure.APPLICATIONS_GRANTED: _("Granted"),
    Measure.APPLICATIONS_REFUSED: _("Refused"),
    Measure.WITHDRAWN: _("Taken back"),
}
_KINDS: Final = {
    Of.STATE: _("State"),
    Of.CLASS: _("Class"),
    Of.CORRIDOR: _("Country"),
    Of.MONTH: _("Month"),
    Of.ACTION: _("Step"),
    Of.OFFICER: _("Officer"),
    Of.GROUND: _("Ground"),
    Of.OUTCOME: _("Outcome"),
}
_OUTCOMES: Final = {"set_aside": _("successful: set aside"), "end_appeal": _("dismissed or withdrawn")}
_UNITS: Final[tuple[tuple[Literal["day", "hour", "minute"], int], ...]] = (
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
)
_SECONDS: Final = frozenset({Measure.MEDIAN_SECONDS, Measure.P95_SECONDS, Measure.LONGEST_SECONDS})


@door.room(of="desk-reports")
def reports(visit: Visit) -> HttpResponse:
    """The reports that this officer may read."""
    told = [
        (REPORTS[name], resolve_url("desk-report", name))
        for name in figures.REPORTS
        if name != "workload" or visit.by.roles & figures.ABOUT_OFFICERS
    ]
    shown = told if visit.by.authority else []
    return visit.page("reports.html", gettext("Reports"), reports=shown)


@door.room(of="desk-reports")
def report(visit: Visit, name: str) -> HttpResponse:
    """One report: each table with its chart."""
    found = _read(visit, name)
    months = _months(visit)
    return visit.page(
        "report.html",
        str(REPORTS[name].name),
        told=REPORTS[name],
        report=found,
        day=parts.Moment(found.at, found.zone),
        since=parts.Day(_local(found, "since")),
        until=parts.Day(_local(found, "until")),
        ahead=name == "expiring",
        thinned=any(None in row.values for table in found.tables for row in table.rows),
        choices=[(choice, choice == months) for choice in figures.MONTHS],
        tables=[_section(table, name, months) for table in found.tables],
        book=f"{resolve_url('desk-report-book', name)}?months={months}",
    )


@door.room(of="desk-reports")
def sheet(visit: Visit, name: str, table: str) -> HttpResponse:
    """One table as CSV (RFC 4180, UTF-8)."""
    found = _read(visit, name)
    wanted = next((one for one in found.tables if one.name == table), None)
    if wanted is None:
        raise NotFound
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([harmless(cell) for cell in line] for line in _lines(wanted))
    writer.writerows([[], *([harmless(cell) for cell in line] for line in _about(found, name))])
    return _file(found, f"{name}-{table}.csv", "text/csv; charset=utf-8", text.getvalue().encode("utf-8-sig"))


@door.room(of="desk-reports")
def book(visit: Visit, name: str) -> HttpResponse:
    """The whole report as a workbook: a sheet for each table, and one that says day and source."""
    found = _read(visit, name)
    workbook = Workbook(write_only=True)
    for table in found.tables:
        page = workbook.create_sheet(str(_TABLES[table.name])[:31])
        page.freeze_panes = "A2"
        for place, line in enumerate(_lines(table)):
            page.append([_cell(page, harmless(cell), bold=place == 0) for cell in line])
    about = workbook.create_sheet(gettext("About"))
    for line in _about(found, name):
        about.append([_cell(about, harmless(cell)) for cell in line])
    kept = io.BytesIO()
    workbook.save(kept)
    return _file(found, f"{name}.xlsx", XLSX, kept.getvalue())


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe in front."""
    return cells.safe(value) if isinstance(value, str) else value


# --- what is read ------------------------------------------------------------------------------------------------


def _read(visit: Visit, name: str) -> Report:
    """The report, for the months asked for; one that is about officers is in the log of reads."""
    reader: Callable[..., Report] | None = figures.REPORTS.get(name)
    if reader is None:
        raise NotFound
    found = reader(by=visit.by, at=visit.at, months=_months(visit))
    if name == "workload":
        readings.note(found.authority, "workload", by=visit.by, at=visit.at, through="desk")
    return found


def _months(visit: Visit) -> int:
    asked = visit.request.GET.get("months", "12")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 3):
        raise BadInput("the months are a number", field="months")
    return int(asked)


def _local(found: Report, end: str) -> date:
    return figures.local_day(found, end)


# --- how it is told ----------------------------------------------------------------------------------------------


def _section(table: Table, name: str, months: int) -> dict[str, Any]:
    """A table with its chart and the way to its file."""
    title, first = str(_TABLES[table.name]), table.measures[0]
    rows = [(_label(table.of, row.code), *_shown(row.values, table)) for row in table.rows]
    if table.total is not None and len(table.rows) > 1:
        rows.append((gettext("Together"), *_shown(table.total, table)))
    columns = (str(_KINDS[table.of]), *(str(_MEASURES[measure]) for measure in table.measures))
    picture = charts.Bars(
        f"{title}: {_MEASURES[first]}",
        str(_MEASURES[first]),
        [_bar(table, row) for row in table.rows],
        rtl=languages.direction(get_language() or "en") == "rtl",
    )
    return {
        "title": title,
        "chart": picture if table.rows else "",
        "more": len(table.rows) > charts.MOST,
        "table": parts.Table(title, columns, rows, gettext("Nothing of this kind in these months.")),
        "sheet": f"{resolve_url('desk-report-sheet', name, table.name)}?months={months}",
    }


def _bar(table: Table, row: Row) -> charts.Bar:
    value = row.values[0]
    return charts.Bar(_label(table.of, row.code), value, str(_value(value, table.measures[0])))


def _shown(values: tuple[Value, ...], table: Table) -> list[str]:
    return [_value(value, measure) for value, measure in zip(values, table.measures, strict=True)]


def _value(value: Value, measure: Measure) -> str:
    """A number as people write it; one that is not told says so."""
    if value is None:
        return gettext("not told")
    if measure in _SECONDS:
        return _duration(value)
    rounded = round(value, 1) if measure is Measure.MEDIAN_DAYS else round(value)
    return numbers.format_decimal(rounded, locale=_locale())


def _duration(seconds: float) -> str:
    """``3 seconds``, ``4 hours``: in the largest unit that is not under two."""
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            whole = timedelta(seconds=round(seconds / length) * length)
            return dates.format_timedelta(whole, granularity=unit, threshold=1e9, locale=_locale())
    told = numbers.format_decimal(round(seconds, 1), locale=_locale())
    return gettext("%(seconds)s s") % {"seconds": told}


def _label(of: Of, code: str) -> str:  # noqa: PLR0911 - one return a kind
    """What a row is about, in words."""
    language = get_language() or "en"
    match of:
        case Of.STATE:
            return labels.text("states", code, language)
        case Of.ACTION:
            return labels.text("actions", code, language)
        case Of.GROUND:
            return labels.text("grounds", code, language)
        case Of.CORRIDOR:
            return f"{written.country(code)} ({code})" if code else gettext("all countries")
        case Of.MONTH:
            return dates.format_skeleton("yMMM", date.fromisoformat(f"{code}-01"), locale=_locale())
        case Of.OUTCOME:
            return str(_OUTCOMES[code])
        case _:
            return code


def _locale() -> Locale:
    try:
        return Locale.parse((get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


# --- files -------------------------------------------------------------------------------------------------------


def _lines(table: Table) -> Iterator[list[Any]]:
    """The table with plain numbers and codes beside the words; what is not told is empty."""
    yield [str(_KINDS[table.of]), gettext("Code"), *(_head(measure) for measure in table.measures)]
    for row in table.rows:
        yield [_label(table.of, row.code), row.code, *row.values]


def _head(measure: Measure) -> str:
    name = str(_MEASURES[measure])
    return gettext("%(name)s (seconds)") % {"name": name} if measure in _SECONDS else name


def _about(found: Report, name: str) -> Iterator[list[str]]:
    """Day and source."""
    yield [gettext("Report"), str(REPORTS[name].name)]
    yield [gettext("Authority"), found.authority]
    yield [gettext("As the register knew it at"), found.at.isoformat()]
    yield [gettext("From"), found.since.isoformat()]
    yield [gettext("Until"), found.until.isoformat()]
    yield [gettext("Source"), str(REPORTS[name].source)]
    if any(None in row.values for table in found.tables for row in table.rows):
        yield [gettext("Empty cells"), gettext("Not told: fewer than ten cases.")]


def _cell(page: Any, value: Any, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(page, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _file(found: Report, name: str, kind: str, content: bytes) -> HttpResponse:
    day = figures.local_day(found, "at").isoformat()
    called = f"{found.authority}-{day}-{name}"
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{called}"'}
    )


urlpatterns: list[URLPattern] = [
    path("reports", reports, name="desk-reports"),
    path("reports/<slug:name>", report, name="desk-report"),
    path("reports/<slug:name>/book.xlsx", book, name="desk-report-book"),
    path("reports/<slug:name>/<slug:table>.csv", sheet, name="desk-report-sheet"),
]
