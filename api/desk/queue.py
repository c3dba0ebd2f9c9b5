"""The first page of the desk: what waits for this officer, counted; and nothing that is not there."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext

from api import labels, readings
from api.desk import door, navigation, parts, people
from api.desk.door import Visit
from api.staff import steps
from registry import dossier
from registry.licensing import ProposalRecord


@door.room(of="desk-queue")
def queue(visit: Visit) -> HttpResponse:
    """The open proposals of the authority that this officer may approve, the one that runs out first at the top."""
    mine: list[ProposalRecord] = []
    others, zone = 0, "UTC"
    if visit.by.authority and visit.by.roles & navigation.READERS:
        found = readings.proposals(by=visit.by, at=visit.at, through="desk")
        mine = [one for one in found if steps.awaits(one, by=visit.by, at=visit.at)]
        others = len(found) - len(mine)
        zone = dossier.authority(visit.by.authority, at=visit.at)["zone"]
    return visit.page(
        "queue.html",
        gettext("Waiting for you"),
        count=len(mine),
        changes=people.changes_table(visit),
        others=others,
        proposals=parts.Table(
            gettext("Proposals to approve"),
            (
                gettext("Runs out"),
                gettext("Step"),
                gettext("Agency"),
                gettext("Licence"),
                gettext("Proposed by"),
            ),
            [_row(one, zone) for one in mine],
            gettext("Nothing waits for your yes."),
        ),
    )


def _row(one: ProposalRecord, zone: str) -> tuple[Any, ...]:
    said = labels.text("actions", one.action, get_language() or "en")
    agency = parts.Link(parts.Number(one.agency), resolve_url("desk-agency", one.agency))
    return (
        parts.Moment(one.expires_at, zone),
        parts.Link(said, resolve_url("desk-proposal", one.id)),
        agency,
        parts.Number(one.licence or ""),
        parts.Number(one.proposed_by),
    )


def front(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The host's bare address leads to the desk."""
    return HttpResponseRedirect(door.HOME)


urlpatterns: list[URLPattern] = [path("", queue, name="desk-queue")]
