"""``/where``: in which district somebody was shown a badge or a number that is no good, for whoever wants to say so.

A place is known only when a visitor picks it (rulings 31): the page is opened by a link on such an answer, the district
is chosen from a list, and a number grows by one. Nothing about the visitor is kept, and one address counts a few times
a day (``early_warning.PLACES``).
"""

from collections.abc import Iterable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from api import early_warning, etags, problems, throttles
from api.early_warning import Kind, Subject
from api.pages import languages, refusals, render, written
from api.pages.languages import gettext
from registry import authorities, clock, lookup
from registry.authorities import Jurisdiction
from registry.rules import numbering
from verification import check

_OWN: Final = frozenset({"same-origin", "none", ""})
"""Who may have a place counted (``Sec-Fetch-Site``): a page of ours, a visitor's hand, a browser that says nothing."""


@refusals.guarded
def where(request: HttpRequest) -> HttpResponse:
    """The list of districts; with one picked, thanks."""
    if "told" in request.GET:
        return render.page(request, "where.html", {"told": True}, cache=etags.KEEP_NOT)
    code, district, now = _typed(request, "code"), _typed(request, "district"), clock.now()
    places = _places(code, authorities.jurisdictions(at=now))
    ours = request.META.get("HTTP_SEC_FETCH_SITE", "") in _OWN
    if not district or not ours or request.method != "GET":
        picked = gettext("Choose a district first.") if "district" in request.GET and ours else ""
        return _form(request, code, places, problem=picked)
    if all(district not in names for _country, names in places):
        return _form(request, code, places, problem=gettext("Choose a district of the list."), status=400)
    try:
        throttles.take(request, early_warning.PLACES)
    except problems.Refusal as refusal:
        enough = gettext("You have told us enough places today. Thank you.")
        response = _form(request, code, places, problem=enough, status=429)
        for name, value in refusal.headers.items():
            response[name] = value
        return response
    if (subject := _subject(code)) is not None:
        early_warning.seen(subject, district, at=now)
    kept = languages.kept(request)
    address = f"/where{kept}{'&' if kept else '?'}told=1"
    return HttpResponseRedirect(address, headers={"Cache-Control": etags.KEEP_NOT})


def _form(
    request: HttpRequest,
    code: str,
    places: list[tuple[str, dict[str, str]]],
    *,
    problem: str,
    status: int = 200,
) -> HttpResponse:
    several = len(places) > 1
    groups = [(written.country(country) if several else "", _in_order(names)) for country, names in places]
    context: dict[str, Any] = {"code": code, "groups": groups, "problem": problem, "ready": bool(places)}
    context["language"] = languages.chosen(request)
    return render.page(request, "where.html", context, status=status, cache=etags.KEEP_NOT)


def _in_order(names: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda item: item[1].casefold())


def _places(code: str, known: Iterable[Jurisdiction]) -> list[tuple[str, dict[str, str]]]:
    """The districts by country: of the country that the code names where it has any, else of every authority's."""
    found: dict[str, dict[str, str]] = {}
    for one in known:
        if one.districts:
            found.setdefault(one.country, {}).update(one.districts)
    named = _subject_as_typed(code).authority[:2]
    return sorted({named: found[named]}.items()) if named in found else sorted(found.items())


def _subject(code: str) -> Subject | None:
    """What the place is counted for; nothing where the code is one that may be relied on."""
    now = clock.now()
    subject = _subject_as_typed(code)
    if subject.kind is Kind.BADGE:
        return early_warning.of_badge(check.verdict(subject.code, at=now))
    if subject.kind is Kind.LICENCE and lookup.is_given(subject.code):
        return None
    return subject


def _subject_as_typed(code: str) -> Subject:
    try:
        read = numbering.read_badge(code)
    except (numbering.Mistyped, numbering.NotOurs):
        return early_warning.of_number(code)
    return Subject(Kind.BADGE, read, read[:2])


def _typed(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "")[:100]
