"""The first page of the desk: what waits for this officer, counted; and nothing that is not there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext

from api import applications, labels, readings
from api.desk import door, filters, law, motions, navigation, parts, people, requests
from api.desk.concerns import room as concerns
from api.desk.door import Visit
from api.desk.filters import FilterForm
from registry import agenda, dossier
from registry.agenda import Agenda, Item, Wanted
from registry.licensing import ProposalRecord


@door.room(of="desk-queue")
def queue(visit: Visit) -> HttpResponse:
    """The open proposals of the authority that this officer may approve, the one that runs out first at the top."""
    mine: list[ProposalRecord] = []
    others, zone = 0, "UTC"
    if visit.by.authority and visit.by.roles & navigation.READERS:
        found = readings.proposals(by=visit.by, at=visit.at, through="desk")
        mine = [one for one in found if one.agreement.awaits(visit.by, at=visit.at)]
        others = len(found) - len(mine)
        zone = dossier.authority(visit.by.authority, at=visit.at)["zone"]
    form = FilterForm(visit.request.GET or None)
    return visit.page(
        "queue.html",
        gettext("Waiting for you"),
        status=422 if form.errors else 200,
        **_deadlines(visit, form, zone),
        count=len(mine),
        searches=bool(visit.by.authority and visit.by.roles & navigation.READERS),
        changes=people.changes_table(visit),
        motions=motions.table_of_those_that_await(visit, zone),
        requests=requests.table_of_those_due(visit),
        concerns=concerns.table_of_those_due(visit),
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
            gettext("No proposal waits for your yes."),
        ),
    )


def _deadlines(visit: Visit, form: FilterForm, zone: str) -> Mapping[str, Any]:
    """What waits by its legal deadline: the page asked for, how many of each kind, and the officer's own filters."""
    if not visit.by.authority or not visit.by.roles & navigation.READERS:
        return {}
    wanted = form.wanted
    after = visit.request.GET.get("after", "")[:80]
    found = agenda.read(wanted, by=visit.by, at=visit.at, after=after)
    if not found.counts:
        return {}
    if any(one.application or one.match for one in found.items):
        readings.note(f"{len(found.items)} matters", "queue", by=visit.by, at=visit.at, through="desk")
    here = [
        {
            "name": one.name,
            "href": filters.address(one),
            "forget": resolve_url("desk-forget-filter", one.pk),
            "keys": f"f {place}" if place < 10 else "",
        }
        for place, one in enumerate(filters.kept_by(visit), start=1)
    ]
    return {
        "form": form,
        "kinds": _kinds(wanted, found),
        "matters": _matters(wanted, found, zone, after=after),
        "saved": here,
        "keep": f"{resolve_url('desk-keep-filter')}?{filters.query(wanted)}" if wanted != Wanted() else "",
    }


def _kinds(wanted: Wanted, found: Agenda) -> list[dict[str, Any]]:
    """A way to each kind of matter that there is, with its number."""
    counted = found.counts.values()
    every = {
        "name": gettext("All"),
        "href": filters.address(replace(wanted, matters=frozenset())),
        "count": agenda.Count(sum(one.all for one in counted), sum(one.overdue for one in counted)),
        "here": not wanted.matters,
    }
    return [every] + [
        {
            "name": filters.MATTERS[matter],
            "href": filters.address(replace(wanted, matters=frozenset({matter}))),
            "count": count,
            "here": wanted.matters == {matter},
        }
        for matter, count in found.counts.items()
        if count.all
    ]


def _matters(wanted: Wanted, found: Agenda, zone: str, *, after: str) -> parts.Table:
    return parts.Table(
        gettext("Matters by their legal deadline"),
        (
            gettext("Deadline"),
            gettext("What waits"),
            gettext("Agency or applicant"),
            gettext("Licence or application"),
            gettext("Class"),
            gettext("Stands"),
        ),
        [_matter(one, zone) for one in found.items],
        gettext("Nothing waits with such a deadline."),
        pages=parts.Pages(
            following=filters.address(wanted, after=found.following) if found.following else "",
            first=filters.address(wanted) if after else "",
        ),
    )


def _matter(one: Item, zone: str) -> tuple[Any, ...]:
    """A row: its name leads to whom it is about, its number to where it is dealt with."""
    due, what = parts.Due(one.due, zone, late=one.overdue), filters.MATTERS[one.matter]
    if one.application:
        here = resolve_url("desk-application", one.application)
        numbered = parts.Link(parts.Number(one.application), here)
        state = applications.state(one.state)
        return due, what, parts.Link(one.name or gettext("no name"), here), numbered, one.licence_class, state
    name = parts.Link(one.name, f"{resolve_url('desk-agency', one.agency)}#{one.licence}", one.agency)
    if one.match is not None:
        return due, what, name, parts.Link(gettext("the match"), resolve_url("desk-match", one.match)), "", ""
    stands = parts.Standing(one.result, one.state) if one.result else ""
    numbered = parts.Link(parts.Number(one.licence), resolve_url("desk-licence", one.licence))
    return due, what, name, numbered, one.licence_class, stands


def _row(one: ProposalRecord, zone: str) -> tuple[Any, ...]:
    said = law.proposed(one) if one.change else labels.text("actions", one.action, get_language() or "en")
    agency = parts.Link(one.agency_name, resolve_url("desk-agency", one.agency), one.agency)
    return (
        parts.Moment(one.expires_at, zone),
        parts.Link(said, resolve_url("desk-proposal", one.id)),
        agency,
        parts.Number(one.licence or ""),
        parts.officers(one.proposed_by),
    )


def front(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The host's bare address leads to the desk."""
    return HttpResponseRedirect(door.HOME)


urlpatterns: list[URLPattern] = [path("", queue, name="desk-queue")]
