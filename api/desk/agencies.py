"""Agencies of the officer's authority: the list, and what a search finds."""

from typing import Final

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.http import urlencode
from django.utils.translation import gettext

from api import readings
from api.desk import door, parts
from api.desk.door import Visit
from registry import search

_PIECE: Final = 50
_HITS: Final = 25


@door.room(of="desk-agencies")
def agencies(visit: Visit) -> HttpResponse:
    """The authority's agencies by number, or what a search finds among its licences."""
    asked = visit.request.GET.get("q", "").strip()[:200]
    table = _found(visit, asked) if asked else _listed(visit)
    return visit.page("agencies.html", gettext("Agencies"), q=asked, table=table)


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
                parts.Number(row["number"]),
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
                parts.Number(hit.number),
                parts.Standing(hit.verdict),
            )
            for hit in hits.data
        ],
        gettext("Nothing of your authority is like this."),
    )


urlpatterns: list[URLPattern] = [path("agencies", agencies, name="desk-agencies")]
