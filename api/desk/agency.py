"""The dossier of one agency: all that the register holds of it on one page, today's or as it was on a day.

The page has two times: the day that is asked about, and the day whose knowledge counts. A banner says which, and leads
back to today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import gettext_noop as _

from api import applications as words
from api import labels, readings, tallies
from api.desk import charts, door, lives, parts
from api.desk import licences as licences_room
from api.desk import photographs as photographs_room
from api.desk import screening as screening_room
from api.desk import securities as securities_room
from api.desk.door import Visit
from api.desk.forms import Form
from api.pages import facts as public_facts
from api.pages import languages, written
from registry import agencies, dossier, licensing, motions, retrospect, screening, securities
from registry.admission import reading
from registry.retrospect import AgencyThen, LicenceThen, Recorded
from registry.rules import days, errors, numbering, publication
from registry.rules.lifecycle import Action
from registry.rules.motions import Motion
from registry.rules.numbering import Kind

COLUMNS: Final[Mapping[str, str]] = {
    "legal_name": _("Legal name"),
    "latin_name": _("Name in Latin letters"),
    "legal_form": _("Legal form"),
    "country": _("Country"),
    "company_register": _("Company register"),
    "company_number": _("Company number"),
    "lei": _("Legal entity identifier (LEI)"),
    "tax_number": _("Tax number"),
    "incorporated_on": _("Incorporated on"),
    "address": _("Address"),
    "locality": _("Town"),
    "linked_to": _("The same company elsewhere"),
}
"""The columns of an agency that the dossier shows, in order, with their names."""
CHANNELS: Final = {
    "phone": _("telephone"),
    "email": _("e-mail"),
    "domain": _("web address"),
    "social": _("page or account"),
}
OFFICES: Final = {"head": _("head office"), "branch": _("branch")}
_WEEKS: Final = 12
"""How far back the picture of look-ups goes."""
_SECURITY: Final = (Action.CONFIRM_SECURITY, Action.DRAW_SECURITY)


class AsOfForm(Form):
    """The day that the page is about, and the day whose knowledge counts; both may be left out."""

    button: ClassVar[str | Promise] = _l("Show")
    as_of = forms.DateField(
        label=_l("As it was on"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _l("Give a day as year, month and day: 2026-11-22.")},
    )
    known_at = forms.DateField(
        label=_l("As was known on"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _l("Give a day as year, month and day: 2026-11-22.")},
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a year that no calendar of ours has."""
        found: dict[str, Any] = super().clean() or {}
        for name in ("as_of", "known_at"):
            day = found.get(name)
            if day is not None and day.year not in days.YEARS:
                self.add_error(name, gettext("The year is out of reach."))
        return found


@dataclass(frozen=True, slots=True)
class Then:
    """What was asked for: the last instants of the two days, nothing for today."""

    as_of: datetime | None = None
    known_at: datetime | None = None


@door.room(of="desk-agencies")
def agency(visit: Visit, number: str) -> HttpResponse:
    """The dossier of one agency."""
    try:
        number = numbering.canonical(number, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None
    asked = bool(visit.request.GET.get("as_of") or visit.request.GET.get("known_at"))
    form = AsOfForm(visit.request.GET) if asked else AsOfForm()
    then = _asked(visit, number, form) if asked and form.is_valid() else Then()
    found = readings.agency_then(
        number, by=visit.by, at=visit.at, as_of=then.as_of, known_at=then.known_at, through="desk"
    )
    return visit.page(
        "agency.html",
        found.columns.get("legal_name") or number,
        status=422 if form.errors else 200,
        number=number,
        form=form,
        banner=_banner(then, found.zone),
        **_shown(visit, found, then),
        **(_now(visit, number, found) if then == Then() else {}),
    )


def _asked(visit: Visit, number: str, form: AsOfForm) -> Then:
    """The last instants of the days asked for, today's being now; a day to come is refused at its field."""
    zone = retrospect.zone_of(number, by=visit.by)
    found: dict[str, datetime | None] = {}
    for name in ("as_of", "known_at"):
        day: date | None = form.cleaned_data.get(name)
        if day is None or day == days.local_day(visit.at, zone):
            continue
        if days.first_instant(day, zone) > visit.at:
            form.add_error(name, gettext("This day is still to come. The register knows the past and today."))
        else:
            found[name] = days.end_of(day, zone) - timedelta(microseconds=1)
    return Then() if form.errors else Then(**found)


def _banner(then: Then, zone: str) -> list[str]:
    """What the page shows instead of today, in sentences; none for today."""
    told = []
    if then.as_of is not None:
        told.append(
            gettext("This is the dossier as it was at the end of %(day)s.")
            % {"day": written.days(then.as_of, zone)}
        )
        told.append(
            gettext(
                "What has no days of its own, like names and addresses, stands as it was recorded by then."
            )
        )
    if then.known_at is not None:
        told.append(
            gettext("Only what the register had recorded by the end of %(day)s is counted.")
            % {"day": written.days(then.known_at, zone)}
        )
    elif told:
        told.append(gettext("Decisions recorded later about that day are counted."))
    return told


def _shown(visit: Visit, found: AgencyThen, then: Then) -> dict[str, Any]:
    if not found.columns:
        return {"empty": True}
    on = then.as_of or visit.at
    writes = then == Then() and agencies.may_write(visit.by)
    pictures = [
        lives.drawn(
            one.number,
            one.life,
            sequences=found.sequences,
            on=on,
            zone=found.zone,
            today=then.as_of is None,
        )
        for one in found.licences
    ]
    return {
        "standings": [
            (one.number, parts.Standing(one.standing.result.value, one.standing.state.value, large=True))
            for one in found.licences
        ],
        "about": _about(found),
        "licences": _licences(found.licences),
        "pictures": [picture for picture in pictures if picture is not None],
        "decisions": _decisions(found),
        "sanctions": _sanctions(found, on),
        "securities": _securities(found),
        "offices": _offices(found, writes=writes),
        "people": _people(found, writes=writes),
        "names": _names(found),
        "channels": _channels(found),
        "bars": _bars(found),
        "former": [(one["number"], one["name"]) for one in found.formerly],
    }


def _now(visit: Visit, number: str, found: AgencyThen) -> dict[str, Any]:
    """What is of today alone: what waits, what may be done, what is held and was sent, its links, its look-ups."""
    links = None
    if visit.by.roles & screening.READERS:
        readings.note(number, "screening", by=visit.by, at=visit.at, through="desk")
        links = screening_room.Graph(number, screening.links_of(number, by=visit.by, at=visit.at, limit=8))
    held = securities.of_agency(number, by=visit.by, at=visit.at)
    waits = licensing.proposals_of_agency(number, by=visit.by, at=visit.at)
    return {
        "waiting": licences_room.waiting(waits, found.zone) if waits else None,
        "may_merge": motions.may_propose(Motion.MERGE, by=visit.by),
        "steps": licences_room.steps_of_agency(number, by=visit.by, at=visit.at),
        "held": securities_room.table_of(held, "") if held else None,
        "links": links,
        "again": screening_room.again_form(visit),
        "documents": _documents(visit, number, found.zone),
        "looked_up": _looked_up(found, visit.at),
    }


def _documents(visit: Visit, number: str, zone: str) -> parts.Table:
    """What the agency sent; a link where this officer may open it."""
    rows = [
        (
            _paper(visit, one),
            gettext("with an answer to a notice") if one.licence else words.said(words.DOCUMENTS, one.kind),
            parts.Number(one.licence or one.application),
            written.kilobytes(one.size),
            parts.Moment(one.added_at, zone),
        )
        for one in dossier.documents(number, by=visit.by)
    ]
    columns = (
        gettext("Document"), gettext("What it is"), gettext("Sent with"), gettext("Size"), gettext("Added"),
    )  # fmt: skip
    return parts.Table(gettext("Documents"), columns, rows, gettext("No document was sent."))


def _paper(visit: Visit, one: dossier.Document) -> Any:
    if one.licence:
        return parts.Link(one.name, resolve_url("desk-holder-paper", one.licence, one.reference))
    if visit.by.roles & reading.READERS:
        return parts.Link(one.name, resolve_url("desk-application-paper", one.application, one.reference))
    return one.name


def _looked_up(found: AgencyThen, at: datetime) -> charts.Bars | None:
    """How often its licences were looked up in the last weeks; nothing before anything was ever counted."""
    weeks = tallies.by_week([one.number for one in found.licences], at=at, weeks=_WEEKS)
    if not weeks:
        return None
    bars = [
        charts.Bar(
            gettext("from %(day)s") % {"day": written.day(week.first_day)},
            week.count,
            written.number(week.count)
            if week.count is not None
            else gettext("fewer than %(least)d") % {"least": tallies.LEAST},
        )
        for week in reversed(weeks)
    ]
    return charts.Bars(
        gettext("Look-ups in a week"),
        gettext("Scans of its badges and look-ups of its licences, week by week from Monday on"),
        bars,
        rtl=languages.direction(get_language() or "en") == "rtl",
    )


def _about(found: AgencyThen) -> parts.Facts:
    return parts.Facts(
        [
            parts.Fact(
                gettext(name),
                told(found.columns[column], found.zone),
                publication.audience("Agency", column) != publication.P,
            )
            for column, name in COLUMNS.items()
        ]
    )


def _licences(found: Sequence[LicenceThen]) -> parts.Table:
    rows = [
        (
            parts.Link(parts.Number(one.number), resolve_url("desk-licence", one.number)),
            one.licence_class,
            parts.Standing(one.standing.result.value, one.standing.state.value),
            parts.Day(date.fromisoformat(one.standing.terms[-1][1])) if one.standing.terms else "",
            one.points or "",
            written.listed(text("overlays", overlay) for overlay in sorted(one.standing.overlays)),
            parts.Link(gettext("certificate"), resolve_url("desk-certificate", one.number))
            if one.standing.may_recruit
            else "",
        )
        for one in found
    ]
    columns = (
        gettext("Number"), gettext("Class"), gettext("Stands"), gettext("Last day"), gettext("Points"),
        gettext("Marked"), gettext("Print"),
    )  # fmt: skip
    return parts.Table(gettext("Licences"), columns, rows, gettext("No licence was ever opened."))


def _decisions(found: AgencyThen) -> parts.Table:
    entries = sorted(found.entries, key=lambda one: -int(one.told["sequence"]))
    rows = [
        (
            parts.Moment(_instant(one.told["recorded_at"]), found.zone),
            parts.Noted(text("actions", one.told["action"]), one.told["restricted_reasons"]),
            parts.Number(one.licence) if one.licence else gettext("the agency"),
            _grounds(one),
            parts.Moment(_instant(one.told["effective_from"]), found.zone),
            parts.officers(*one.told["officers"]),
            _letter(one),
        )
        for one in entries
    ]
    columns = (
        gettext("Recorded"), gettext("What"), gettext("Licence"), gettext("Grounds"), gettext("Has effect from"),
        gettext("Officers"), gettext("Entry"),
    )  # fmt: skip
    return parts.Table(gettext("Decisions and entries"), columns, rows, gettext("Nothing was decided yet."))


def _letter(one: Recorded) -> Any:
    """The entry's number, and of a licence's entry the letter about it."""
    sequence = one.told["sequence"]
    if not one.licence:
        return sequence
    return parts.Link(str(sequence), resolve_url("desk-letter", one.licence, sequence), gettext("letter"))


def _sanctions(found: AgencyThen, on: datetime) -> parts.Table:
    rows = []
    for one in found.entries:
        effect, until = one.told["effect"], _instant(one.told["deadlines"].get("points_until"))
        if not effect.get("sanction"):
            continue
        rows.append(
            (
                text("sanctions", effect["sanction"]),
                parts.Number(one.licence) if one.licence else gettext("the agency"),
                _grounds(one),
                parts.Moment(_instant(one.told["effective_from"]), found.zone),
                _points(effect.get("points"), until, on, found.zone),
                " ".join(filter(None, (str(effect.get("amount") or ""), str(effect.get("currency") or "")))),
                one.told["sequence"],
            )
        )
    columns = (
        gettext("What"), gettext("Licence"), gettext("Grounds"), gettext("Has effect from"), gettext("Points"),
        gettext("Amount"), gettext("Entry"),
    )  # fmt: skip
    return parts.Table(
        gettext("Sanctions and points"), columns, rows[::-1], gettext("No sanction is recorded.")
    )


def _points(points: Any, until: datetime | None, on: datetime, zone: str) -> Any:
    if not points:
        return ""
    if until is None:
        return str(points)
    day = written.last_day(until, zone)
    over = gettext("expired on %(day)s") if until <= on else gettext("until %(day)s")
    return parts.Noted(str(points), over % {"day": day})


def _securities(found: AgencyThen) -> parts.Table | None:
    """What issuers confirmed and what was drawn; nothing where no security was ever spoken of."""
    rows = [
        (
            parts.Moment(_instant(one.told["effective_from"]), found.zone),
            text("actions", one.told["action"]),
            parts.Number(one.licence) if one.licence else gettext("the agency"),
            f"{one.told['effect'].get('amount', '')} {one.told['effect'].get('currency', '')}",
            one.told["effect"].get("issuer", ""),
            parts.Moment(_instant(one.told["effective_until"]), found.zone),
            one.told["sequence"],
        )
        for one in found.entries[::-1]
        if one.told["action"] in _SECURITY
    ]
    if not rows:
        return None
    columns = (
        gettext("From"), gettext("What"), gettext("Licence"), gettext("Amount"), gettext("Issuer"), gettext("Until"),
        gettext("Entry"),
    )  # fmt: skip
    return parts.Table(gettext("Securities"), columns, rows, "")


def _offices(found: AgencyThen, *, writes: bool) -> parts.Table:
    rows = [
        (
            parts.Number(one["number"]),
            gettext(OFFICES.get(one["kind"], one["kind"])),
            written.listed(filter(None, (one["name"], one["address"], one["locality"]))),
            _photograph(found, one, writes=writes),
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]),
        )
        for one in found.offices
    ]
    columns = (
        gettext("Number"), gettext("Kind"), gettext("Where"), gettext("Photograph"), gettext("From"), gettext("Until"),
    )  # fmt: skip
    return parts.Table(gettext("Offices"), columns, rows, gettext("No office is recorded."))


def _people(found: AgencyThen, *, writes: bool) -> parts.Table:
    rows = [
        (
            parts.Noted(one["person_name"], parts.Number(one["person"])),
            public_facts.role(one["role"]),
            parts.Number(one["number"]),
            _photograph(found, one, writes=writes),
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]),
        )
        for one in found.appointments
    ]
    columns = (
        gettext("Name"), gettext("Acts as"), gettext("Appointment"), gettext("Photograph"), gettext("From"),
        gettext("Until"),
    )  # fmt: skip
    return parts.Table(gettext("People"), columns, rows, gettext("Nobody is appointed."))


def _photograph(found: AgencyThen, one: Mapping[str, Any], *, writes: bool) -> parts.Part:
    """What is shown, and for whoever writes where it is changed."""
    if writes:
        return photographs_room.link(found.number, one["number"], one["photograph"])
    return parts.Photograph(one["photograph"], small=True)


def _names(found: AgencyThen) -> parts.Table | None:
    if not found.trading_names:
        return None
    rows = [
        (parts.Noted(one["name"]), parts.Day(one["first_day"]), parts.Day(one["last_day"]))
        for one in found.trading_names
    ]
    columns = gettext("Name"), gettext("From"), gettext("Until")
    return parts.Table(gettext("Trading names"), columns, rows, "")


def _channels(found: AgencyThen) -> parts.Table:
    rows = [
        (
            parts.Number(one["value"]),
            gettext(CHANNELS.get(one["kind"], one["kind"])),
            parts.Moment(one["verified_at"], found.zone) if one["verified_at"] else gettext("not tried"),
            parts.Day(one["last_day"]),
        )
        for one in found.channels
    ]
    columns = gettext("Reached at"), gettext("Kind"), gettext("Tried by an officer"), gettext("Until")
    return parts.Table(gettext("Official channels"), columns, rows, gettext("No channel is recorded."))


def _bars(found: AgencyThen) -> parts.Table | None:
    if not found.debarments:
        return None
    rows = [
        (
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]) if one["last_day"] else gettext("for ever"),
            written.listed(text("grounds", ground) for ground in one["grounds"]),
        )
        for one in found.debarments
    ]
    return parts.Table(gettext("Bars"), (gettext("From"), gettext("Until"), gettext("Grounds")), rows, "")


def told(value: Any, zone: str) -> Any:
    """A value of a column as a page shows it, an instant in the time of ``zone``."""
    if isinstance(value, datetime):
        return parts.Moment(value, zone)
    if isinstance(value, date):
        return parts.Day(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return written.listed(map(str, value)) if isinstance(value, list) else value


def text(kind: str, code: str) -> str:
    """A code of the register in the reader's language."""
    return labels.text(kind, code, get_language() or "en")


def _grounds(one: Recorded) -> str:
    return written.listed(text("grounds", ground["code"]) for ground in one.told["grounds"])


def _instant(stated: str | None) -> datetime | None:
    return datetime.fromisoformat(stated) if stated else None


urlpatterns: list[URLPattern] = [path("agencies/<str:number>", agency, name="desk-agency")]
