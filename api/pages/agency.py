"""``/agencies/{number}``: who an agency is, and each of its licences with its own verdict (rulings 9)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from api import throttles
from api.pages import (
    answer,
    applications,
    facts,
    home,
    languages,
    photographs,
    refusals,
    render,
    verdicts,
    wording,
    written,
)
from api.pages.facts import Fact, Item
from registry import clock, lookup
from registry.admission import published
from registry.rules import errors, numbering
from registry.rules.numbering import Kind


@refusals.guarded
def agency(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one agency. It shows no verdict of the agency: there is none."""
    throttles.look_ups.check(request)
    now = clock.now()
    try:
        found = lookup.public_agency(_canonical(number), at=now)
    except errors.AgencyMerged as moved:
        return HttpResponseRedirect(f"/agencies/{moved.facts['number']}{languages.kept(request)}")
    except errors.NotFound:
        throttles.look_ups.miss(request)
        raise
    refusals_of = published.refused(at=now, agency=found["number"])
    minute = now.replace(second=0, microsecond=0)
    tag = render.tag(render.Reader.of(request), "agency", found, refusals_of, minute)
    if same := render.unchanged(request, tag):
        return same
    kept = languages.kept(request)
    context = {
        "number": found["number"],
        "name": found["name"],
        "licences": [_licence(one, found, kept) for one in found["licences"]],
        "checked": answer.checked(now, facts.zone(found)),
        "pictures": photographs.of_offices(found["offices"]),
        "compare": facts.listed(facts.comparing({**found, "holder": found, "number": ""})),
        "about": facts.listed(_about(found, kept)),
        "refusals": [applications.hit(one, kept) for one in refusals_of],
    }
    return render.page(request, "agency.html", context, tag=tag)


def _licence(one: Mapping[str, Any], holder: facts.Record, kept: str) -> home.Hit:
    verdict = one["verdict"]
    row = verdicts.row(str(verdict["result"]))
    record = {**one, "authority": holder.get("authority")}
    sentences = wording.sentences([reason["code"] for reason in verdict["reasons"]], facts.dates(record))
    return home.Hit(
        tone=row.tone, mark=row.mark, word=row.word, href=f"/licences/{quote(one['number'])}{kept}",
        name=one["number"], number="", lines=tuple(sentences),
        kind=gettext("Class %(class)s") % {"class": one["class"]} if one.get("class") else "",
    )  # fmt: skip


def _about(found: Mapping[str, Any], kept: str) -> list[Fact]:
    told = [Fact(gettext("Agency number"), found["number"], ltr=True, code=True)]
    if company := found.get("company_number"):
        told.append(
            Fact(gettext("Company number"), company, note=str(found.get("company_register") or ""), code=True)
        )
    if lei := found.get("lei"):
        told.append(Fact(gettext("Legal entity identifier (LEI)"), lei, ltr=True, code=True))
    if people := tuple(_person(person) for person in found.get("persons") or ()):
        told.append(Fact(gettext("People who may act for it"), items=people))
    if former := tuple(Item(one["name"], note=one["number"]) for one in found.get("formerly") or ()):
        told.append(Fact(gettext("Formerly also on record as"), items=former))
    others = (str(number) for number in found.get("linked_to") or ())
    if linked := tuple(Item(number, f"/agencies/{quote(number)}{kept}", ltr=True) for number in others):
        told.append(Fact(gettext("The same company elsewhere"), items=linked))
    return told


def _person(person: Mapping[str, Any]) -> Item:
    note = facts.role(str(person["role"]))
    if first := person.get("first_day"):
        note = gettext("%(role)s since %(day)s") % {"role": note, "day": written.stated(first)}
    return Item(str(person["name"]), note=note)


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, Kind.AGENCY)
    except numbering.NotOurs:
        raise errors.AgencyNotFound from None
