"""Agencies of the officer's authority: the list, and the dossier of one with everything the register holds of it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from api import labels, readings
from api.desk import door, parts
from api.desk import screening as screening_room
from api.desk import securities as securities_room
from api.desk.door import Visit
from api.pages import facts as public_facts
from registry import dossier, screening, search, securities
from registry.rules import errors, numbering, publication
from registry.rules.numbering import Kind

_PIECE: Final = 50
_HITS: Final = 25

#: The columns of an agency that the dossier shows, in order, with their names.
_COLUMNS: Final = (
    ("legal_name", _("Legal name")),
    ("latin_name", _("Name in Latin letters")),
    ("legal_form", _("Legal form")),
    ("country", _("Country")),
    ("company_register", _("Company register")),
    ("company_number", _("Company number")),
    ("lei", _("Legal entity identifier (LEI)")),
    ("tax_number", _("Tax number")),
    ("incorporated_on", _("Incorporated on")),
    ("address", _("Address")),
    ("locality", _("Town")),
    ("linked_to", _("The same company elsewhere")),
)
_OFFICES: Final = {"head": _("head office"), "branch": _("branch")}


@door.room(of="desk-agencies")
def agencies(visit: Visit) -> HttpResponse:
    """The authority's agencies by number, or what a search finds among its licences."""
    asked = visit.request.GET.get("q", "").strip()[:200]
    table = _found(visit, asked) if asked else _listed(visit)
    return visit.page("agencies.html", gettext("Agencies"), q=asked, table=table)


@door.room(of="desk-agencies")
def agency(visit: Visit, number: str) -> HttpResponse:
    """The dossier of one agency."""
    number = _canonical(number, Kind.AGENCY, errors.AgencyNotFound)
    found = readings.agency(number, by=visit.by, at=visit.at, through="desk")
    licences = [readings.licence(one, by=visit.by, at=visit.at, through="desk") for one in found["licences"]]
    zone = dossier.authority(found["authority"], at=visit.at)["zone"]
    return visit.page(
        "agency.html",
        found["legal_name"],
        number=number,
        standings=[
            (one["number"], parts.Standing(one["result"], one["state"], large=True)) for one in licences
        ],
        about=_about(found),
        licences=_licences(licences),
        decisions=_decisions(licences, zone),
        offices=_offices(found),
        people=_people(found),
        channels=_channels(found),
        bars=_bars(found),
        links=_links(visit, number),
        securities=_securities(visit, number),
    )


@door.room(of="desk-agencies")
def licence(visit: Visit, number: str) -> HttpResponse:
    """Where a licence's number leads: to its place in its holder's dossier."""
    number = _canonical(number, Kind.LICENCE, errors.LicenceNotFound, Kind.LISTED)
    holder = readings.licence(number, by=visit.by, at=visit.at, through="desk")["agency"]
    return HttpResponseRedirect(f"{resolve_url('desk-agency', holder)}#{number}")


def _listed(visit: Visit) -> parts.Table:
    after = visit.request.GET.get("after", "")[:40] or None
    page = readings.agencies(by=visit.by, at=visit.at, through="desk", after=after, limit=_PIECE)
    here = resolve_url("desk-agencies")
    return parts.Table(
        gettext("Agencies of your authority"),
        (gettext("Name"), gettext("Number"), gettext("Town"), gettext("Company number")),
        [
            (
                parts.Link(row["legal_name"], resolve_url("desk-agency", row["number"]), row["latin_name"]),
                row["number"],
                row["locality"],
                row["company_number"],
            )
            for row in page.data
        ],
        gettext("Your authority has no agency yet."),
        pages=parts.Pages(
            following=f"{here}?{urlencode({'after': page.next})}" if page.next else "",
            first=here if after else "",
        ),
    )


def _found(visit: Visit, asked: str) -> parts.Table:
    hits = search.find(asked, limit=_HITS, after=None, at=visit.at, authority=visit.by.authority or "")
    return parts.Table(
        gettext("Licences that may be meant"),
        (gettext("Name"), gettext("Licence"), gettext("Stands")),
        [
            (
                parts.Link(hit.name, resolve_url("desk-licence", hit.number)),
                hit.number,
                parts.Standing(hit.verdict),
            )
            for hit in hits.data
        ],
        gettext("Nothing of your authority is like this."),
    )


def _about(found: Mapping[str, Any]) -> parts.Facts:
    return parts.Facts([
        parts.Fact(
            gettext(name), _told(found[column]), publication.audience("Agency", column) != publication.P
        )
        for column, name in _COLUMNS
    ])  # fmt: skip


def _licences(found: list[dict[str, Any]]) -> parts.Table:
    rows = [
        (
            parts.Link(one["number"], resolve_url("desk-certificate", one["number"]), gettext("certificate"))
            if one["may_recruit"]
            else one["number"],
            one["class"],
            parts.Standing(one["result"], one["state"]),
            parts.Day(date.fromisoformat(str(one["terms"][-1]["last_day"]))) if one["terms"] else "",
            ", ".join(_text("overlays", overlay) for overlay in one["overlays"]),
        )
        for one in found
    ]
    columns = gettext("Number"), gettext("Class"), gettext("Stands"), gettext("Last day"), gettext("Marked")
    return parts.Table(gettext("Licences"), columns, rows, gettext("No licence was ever opened."))


def _decisions(found: list[dict[str, Any]], zone: str) -> parts.Table:
    entries = [(entry, one["number"]) for one in found for entry in one["entries"]]
    entries.sort(key=lambda pair: -int(pair[0]["sequence"]))
    rows = [
        (
            parts.Moment(_instant(entry["recorded_at"]), zone),
            _text("actions", entry["action"]),
            number,
            ", ".join(_text("grounds", ground["code"]) for ground in entry["grounds"]),
            parts.Moment(_instant(entry["effective_from"]), zone),
            ", ".join(entry["officers"]),
            parts.Link(
                str(entry["sequence"]),
                resolve_url("desk-letter", number, entry["sequence"]),
                gettext("letter"),
            ),
        )
        for entry, number in entries
    ]
    columns = (
        gettext("Recorded"), gettext("What"), gettext("Licence"), gettext("Grounds"), gettext("Has effect from"),
        gettext("Officers"), gettext("Entry"),
    )  # fmt: skip
    return parts.Table(gettext("Decisions and entries"), columns, rows, gettext("Nothing was decided yet."))


def _offices(found: Mapping[str, Any]) -> parts.Table:
    rows = [
        (
            one["number"],
            gettext(_OFFICES.get(one["kind"], one["kind"])),
            ", ".join(filter(None, (one["name"], one["address"], one["locality"]))),
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]),
        )
        for one in found["offices"]
    ]
    columns = gettext("Number"), gettext("Kind"), gettext("Where"), gettext("From"), gettext("Until")
    return parts.Table(gettext("Offices"), columns, rows, gettext("No office is recorded."))


def _people(found: Mapping[str, Any]) -> parts.Table:
    rows = [
        (
            one["person_name"],
            public_facts.role(one["role"]),
            one["number"],
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]),
        )
        for one in found["appointments"]
    ]
    columns = gettext("Name"), gettext("Acts as"), gettext("Appointment"), gettext("From"), gettext("Until")
    return parts.Table(gettext("People"), columns, rows, gettext("Nobody is appointed."))


def _channels(found: Mapping[str, Any]) -> parts.Table:
    rows = [
        (
            one["value"],
            one["kind"],
            parts.Moment(one["verified_at"]) if one["verified_at"] else gettext("not tried"),
        )
        for one in found["channels"]
    ]
    columns = gettext("Reached at"), gettext("Kind"), gettext("Tried by an officer")
    return parts.Table(gettext("Official channels"), columns, rows, gettext("No channel is recorded."))


def _bars(found: Mapping[str, Any]) -> parts.Table | None:
    if not found["debarments"]:
        return None
    rows = [
        (
            parts.Day(one["first_day"]),
            parts.Day(one["last_day"]) if one["last_day"] else gettext("for ever"),
            ", ".join(_text("grounds", ground) for ground in one["grounds"]),
        )
        for one in found["debarments"]
    ]
    return parts.Table(gettext("Bars"), (gettext("From"), gettext("Until"), gettext("Grounds")), rows, "")


def _links(visit: Visit, number: str) -> screening_room.Graph | None:
    """What the agency is linked with, drawn, for those who read what screening finds."""
    if not visit.by.roles & screening.READERS:
        return None
    readings.note(number, "screening", by=visit.by, at=visit.at, through="desk")
    return screening_room.Graph(number, screening.links_of(number, by=visit.by, at=visit.at, limit=8))


def _securities(visit: Visit, number: str) -> parts.Table | None:
    """The securities behind its licences; nothing where none is asked for or held."""
    found = securities.of_agency(number, by=visit.by, at=visit.at)
    return securities_room.table_of(found, "") if found else None


def _told(value: Any) -> Any:
    if isinstance(value, date):
        return parts.Day(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _text(kind: str, code: str) -> str:
    return labels.text(kind, code, get_language() or "en")


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _canonical(number: str, kind: Kind, missing: type[errors.NotFound], *others: Kind) -> str:
    try:
        return numbering.canonical(number, kind, *others)
    except numbering.NotOurs:
        raise missing from None


urlpatterns: list[URLPattern] = [
    path("agencies", agencies, name="desk-agencies"),
    path("agencies/<str:number>", agency, name="desk-agency"),
    path("licences/<str:number>", licence, name="desk-licence"),
]
