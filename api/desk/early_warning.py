"""The early warning at the desk: what people ask for in vain, and where, so that an inspector knows whom to visit.

Every number is ``api.early_warning``'s: of full hours, in tens, nothing under ten. What is unusual stands first, with
the rule that says so.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from api import early_warning
from api.desk import charts, door, parts
from api.desk.door import Visit
from api.desk.reports import harmless
from api.early_warning import Kind, Line, Outlook, Place, Span
from api.pages import languages, written
from registry import authorities
from registry.rules import numbering
from registry.rules.errors import BadInput, NotFound

KINDS: Final = {
    Kind.BADGE: _("A badge code that does not exist"),
    Kind.LICENCE: _("A licence number that does not exist"),
    Kind.OTHER: _("Something that is no number of ours"),
    Kind.WITHDRAWN: _("A badge that was withdrawn"),
    Kind.REVOKED: _("A badge of a licence that was taken away"),
}
WINDOWS: Final = {1: _("24 hours"), 7: _("7 days")}
_LONGEST: Final = 40


@door.room(of="desk-warnings")
def warnings(visit: Visit) -> HttpResponse:
    """What is asked for in vain, as a whole or of one code; what is unusual first."""
    found, days, code = _asked(visit)
    compared: list[Line | Place] = [*found.lines, *found.places]
    rtl = languages.direction(get_language() or "en") == "rtl"
    return visit.page(
        "early_warning.html",
        gettext("Early warning"),
        found=found,
        code=_shown(code),
        everything=f"{resolve_url('desk-warnings')}?days={days}",
        choices=[(one, gettext(name), one == days) for one, name in WINDOWS.items()],
        since=parts.Moment(found.since, found.zone),
        until=parts.Moment(found.until, found.zone),
        counted=parts.Moment(found.counted_since, found.zone),
        unusual=[_sentence(one) for one in compared if one.unusual],
        total=_number(found.total),
        others=_number(found.others) if found.others else "",
        times=_times(found, days, rtl=rtl),
        spans=_spans(found, days),
        codes=_codes(found, days),
        places=_bars(found.places, rtl=rtl) if found.places else "",
        districts=_districts(found),
        asked_code=code,
        rule={
            "least": written.number(early_warning.LEAST),
            "floor": written.number(early_warning.FLOOR),
            "weeks": written.number(early_warning.WEEKS_BEFORE),
        },
        sheet=f"{resolve_url('desk-warnings-sheet')}?{urlencode({'days': days, 'code': code})}",
    )


@door.room(of="desk-warnings")
def sheet(visit: Visit) -> HttpResponse:
    """The same as CSV (RFC 4180, UTF-8): codes, hours or days, districts; what is not told is empty."""
    found, _days, _code = _asked(visit)
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in _lines(found))
    name = f"{found.authority}-{_local(found.until, found).date().isoformat()}-early-warning.csv"
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked(visit: Visit) -> tuple[Outlook, int, str]:
    """What is told of the window and the code that the officer asked for."""
    asked, typed = visit.request.GET.get("days", "1"), visit.request.GET.get("code", "").strip()
    if asked not in {str(days) for days in WINDOWS}:
        raise BadInput("the days are 1 or 7", field="days")
    where = next(
        (one for one in authorities.jurisdictions(at=visit.at) if one.code == visit.by.authority), None
    )
    if where is None:
        raise NotFound
    code = _code(typed)
    return early_warning.outlook(where, at=visit.at, days=int(asked), code=code), int(asked), code


def _code(typed: str) -> str:
    """The code as it is counted, from what an officer typed or followed."""
    if len(typed) > _LONGEST or "\x00" in typed:
        raise BadInput("the code is a badge's or a licence number", field="code")
    try:
        return numbering.read_badge(typed)
    except (numbering.BadgeMistyped, numbering.NotOurs):
        return early_warning.of_number(typed).code or typed


# --- how it is told -----------------------------------------------------------------------------------------------


def _shown(code: str) -> str:
    """A code as it is printed."""
    return numbering.shown_badge(code) if len(code) == 13 and code.isalnum() else code


def _number(count: int | None) -> str:
    if count is None:
        return gettext("fewer than %(least)d") % {"least": early_warning.LEAST}
    return gettext("%(count)s or more") % {"count": written.number(count)}


def _usual(count: int) -> str:
    return _number(count or None)


def _marked(one: Line | Place) -> parts.Noted:
    return parts.Noted(_number(one.count), gettext("unusual") if one.unusual else "")


def _place_name(one: Place) -> str:
    return f"{one.name} ({one.code})" if one.name else one.code


def _sentence(one: Line | Place) -> str:
    """What is unusual, in a sentence."""
    told = {"count": _number(one.count), "usual": _usual(one.usual)}
    if isinstance(one, Place):
        what = _place_name(one)
    else:
        kind = gettext(KINDS[one.kind])
        what = f"{kind} ({_shown(one.code)})" if one.code else kind
    told["what"] = f"\u2068{what}\u2069"  # a text in its own direction, not that of the numbers behind it
    return gettext("%(what)s: %(count)s; usually %(usual)s.") % told


def _codes(found: Outlook, days: int) -> parts.Table:
    rows = [
        (
            parts.Link(
                _shown(one.code),
                f"{resolve_url('desk-warnings')}?{urlencode({'days': days, 'code': one.code})}",
                gettext(KINDS[one.kind]),
            )
            if one.code
            else gettext(KINDS[one.kind]),
            _marked(one),
            _usual(one.usual),
        )
        for one in found.lines
    ]
    columns = (gettext("Asked for"), gettext("Times"), gettext("Usually"))
    return parts.Table(
        gettext("What was asked for"), columns, rows, gettext("Nothing was asked for ten times or more.")
    )


def _local(at: datetime, found: Outlook) -> datetime:
    return at.astimezone(ZoneInfo(found.zone))


def _label(span: Span, found: Outlook, days: int) -> str:
    """When it was: the hour of a day's window, the day and hour from which a day of a week's counts."""
    return written.clock_time(span.since, found.zone) if days == 1 else written.moment(span.since, found.zone)


def _times(found: Outlook, days: int, *, rtl: bool) -> charts.Columns:
    title = gettext("Times asked, hour by hour") if days == 1 else gettext("Times asked, day by day")
    drawn = [charts.Bar(_label(one, found, days), one.count, _number(one.count)) for one in found.spans]
    return charts.Columns(title, title, drawn, rtl=rtl)


def _spans(found: Outlook, days: int) -> parts.Table:
    rows = [(parts.Moment(one.since, found.zone), _number(one.count)) for one in found.spans if one.count]
    columns = (gettext("From"), gettext("Times"))
    empty = gettext("No hour with ten or more.") if days == 1 else gettext("No day with ten or more.")
    return parts.Table(gettext("The same as a table"), columns, rows, empty)


def _bars(places: tuple[Place, ...], *, rtl: bool) -> charts.Bars:
    title = gettext("Where visitors were shown it")
    bars = [charts.Bar(_place_name(one), one.count, _number(one.count)) for one in places]
    return charts.Bars(title, title, bars, rtl=rtl)


def _districts(found: Outlook) -> parts.Table:
    rows = [
        (
            _place_name(one),
            _marked(one),
            _usual(one.usual),
        )
        for one in found.places
    ]
    columns = (gettext("District"), gettext("Times"), gettext("Usually"))
    return parts.Table(gettext("By district"), columns, rows, gettext("No district was named ten times."))


def _lines(found: Outlook) -> Iterator[list[Any]]:
    """The tables one under another, with plain numbers; each line says of which it is."""
    yield [
        gettext("Table"),
        gettext("What"),
        gettext("Code"),
        gettext("From"),
        gettext("At least"),
        gettext("Usually"),
    ]
    for one in found.lines:
        yield ["code", gettext(KINDS[one.kind]), _shown(one.code), "", one.count, one.usual or ""]
    if found.others:
        yield ["code", gettext("Codes asked for fewer than ten times, together"), "", "", found.others, ""]
    for span in found.spans:
        yield [
            "time",
            "",
            "",
            _local(span.since, found).isoformat(),
            "" if span.count is None else span.count,
            "",
        ]
    for place in found.places:
        yield ["district", place.name, place.code, "", place.count, place.usual or ""]
    yield []
    yield [gettext("Authority"), found.authority]
    yield [gettext("From"), _local(found.since, found).isoformat()]
    yield [gettext("Until"), _local(found.until, found).isoformat()]
    yield [gettext("Numbers are told in tens, rounded down; fewer than ten are not told.")]


urlpatterns: list[URLPattern] = [
    path("early-warning", warnings, name="desk-warnings"),
    path("early-warning.csv", sheet, name="desk-warnings-sheet"),
]
