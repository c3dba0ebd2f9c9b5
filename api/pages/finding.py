"""``/agencies``: find an agency that may recruit today, by country of work, kind of job, place and class.

A form that needs no script, a map that is a picture with links and has a table behind it, and the list, page by page.
Who may not recruit is no choice here: the search on ``/`` tells of everybody.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext, ngettext

from api import etags, labels, throttles
from api.pages import atlas, facts, home, languages, refusals, render, verdicts, written
from registry import clock, finding, lookup
from registry.finding import Choices, Wanted
from registry.rules import cells, errors

MOST: Final = 25
MOST_PLACES: Final = 40
"""Places in the table; a country has more localities than a page can bear."""
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_JOB: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_PLACE: Final = re.compile(r"([A-Z]{2}):([^\x00-\x1f\x7f]{1,100})", re.ASCII)
_COLUMNS: Final = (
    "agency", "name", "latin_name", "licence", "class", "result", "corridors", "not_corridors", "occupations",
    "places", "phones", "emails", "sites", "pages", "authority", "last_day", "sequence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose in a box of the form."""

    value: str
    text: str
    chosen: bool


@refusals.guarded
def agencies(request: HttpRequest) -> HttpResponse:
    """The form, the map and the list."""
    now = clock.now()
    asked = request.GET if request.META.get("QUERY_STRING") else {}
    wanted, after = _wanted(asked), str(asked.get("after", ""))[:100] or None
    if wanted != Wanted() or after:  # the first page may be shared by an edge
        throttles.take(request, throttles.SEARCHES)
    try:
        found = finding.page(wanted, at=now, limit=MOST, after=after)
    except errors.CursorInvalid:
        return HttpResponseRedirect(f"/agencies{languages.kept(request)}")
    every = finding.choices(Wanted(), at=now)
    # Of a choice that is met by very many, the places of all are shown: counting them anew would cost too much.
    about = replace(wanted, place="", place_country="")
    many = found.count if about == wanted else finding.page(about, at=now, limit=1).count
    broad = about != Wanted() and many > finding.MOST_COUNTED
    shown = every if broad or about == Wanted() else finding.choices(about, at=now)
    points = finding.points(at=now)
    tag = render.tag(render.Reader.of(request), "agencies", wanted, after, found, every, shown, points)
    if same := render.unchanged(request, tag):
        return same
    chosen = languages.chosen(request)
    link = _linker(wanted, chosen)
    context = {
        "boxes": _boxes(wanted, every),
        "chosen": chosen,
        "narrowed": wanted != Wanted(),
        "maps": _maps(wanted, shown, points, link),
        "places": _places(wanted, shown, link),
        "more_places": len(shown.places) > MOST_PLACES or shown.more_places,
        "of_all": broad,
        "unplaced": _unplaced(shown, points),
        "found": _counted(found.count) if found.data else "",
        "hits": [_hit(row, languages.kept(request)) for row in found.data],
        "first": after is None,
        "more": link(after=found.next) if found.next else "",
        "sheet": link().replace("/agencies", "/agencies.csv", 1),
    }
    return render.page(request, "finding.html", context, tag=tag)


def _wanted(asked: Mapping[str, Any]) -> Wanted:
    """What the address asks for; what cannot be read asks for nothing."""
    place = _PLACE.fullmatch(str(asked.get("place", "")))
    corridor, job = str(asked.get("corridor", "")).upper(), str(asked.get("job", ""))
    return Wanted(
        corridor=corridor if _COUNTRY.fullmatch(corridor) else "",
        occupation=job if _JOB.fullmatch(job) else "",
        licence_class=re.sub(r"[^0-9A-Za-z._-]", "", str(asked.get("class", "")))[:20],
        place=place[2] if place else "",
        place_country=place[1] if place else "",
    )


def _linker(wanted: Wanted, language: str) -> Callable[..., str]:
    """A maker of links to this page with what is wanted, and something else."""

    def link(**other: str | None) -> str:
        place = f"{wanted.place_country}:{wanted.place}" if wanted.place else ""
        asked = {
            "corridor": wanted.corridor, "job": wanted.occupation, "place": place, "class": wanted.licence_class,
            "lang": language, **other,
        }  # fmt: skip
        kept = urlencode({name: value for name, value in asked.items() if value})
        return f"/agencies?{kept}" if kept else "/agencies"

    return link


def _boxes(wanted: Wanted, every: Choices) -> list[dict[str, Any]]:
    """The boxes of the form, each with what somebody may recruit for today; a lone choice is none."""
    language = get_language() or "en"
    countries = sorted((written.country(code), code) for code in every.corridors)
    jobs = [(labels.text("occupations", code, language), code) for code in sorted(every.occupations)]
    places = sorted((_place(key, every), f"{key[0]}:{key[1]}") for key in list(every.places)[:200])
    classes = [(gettext("Class %(class)s") % {"class": code}, code) for code in sorted(every.classes)]
    place = f"{wanted.place_country}:{wanted.place}" if wanted.place else ""
    boxes = (
        ("corridor", gettext("Country of work"), gettext("Every country"), countries, wanted.corridor),
        ("job", gettext("Kind of work"), gettext("Every kind of work"), jobs, wanted.occupation),
        ("place", gettext("Place of the office"), gettext("Every place"), places, place),
        ("class", gettext("Class of the licence"), gettext("Every class"), classes, wanted.licence_class),
    )
    return [
        {"name": name, "label": label, "options": [Option("", nothing, not asked), *_options(told, asked)]}
        for name, label, nothing, told, asked in boxes
        if len(told) > 1 or asked
    ]


def _options(told: list[tuple[str, str]], asked: str) -> Iterator[Option]:
    """The choices, and whatever was asked for that is none of them."""
    if asked and asked not in {value for _, value in told}:
        yield Option(asked, asked.partition(":")[2] or asked, chosen=True)
    for text, value in told:
        yield Option(value, text, value == asked)


def _place(key: tuple[str, str], shown: Choices) -> str:
    """A place, with its country where there are several."""
    country, locality = key
    alone = len({one for one, _ in shown.places}) == 1
    return locality if alone else f"{locality}, {written.country(country)}"


def _maps(
    wanted: Wanted, shown: Choices, points: Mapping[tuple[str, str], finding.Point], link: Callable[..., str]
) -> list[dict[str, Any]]:
    """A map for each country that has places with a point on it, the one with the most agencies first; two at most."""
    dots: dict[str, list[atlas.Dot]] = {}
    for (country, place), number in shown.places.items():
        point = points.get((country, place))
        if (
            point is None
            or not atlas.known(country)
            or not atlas.within(country, point.latitude, point.longitude)
        ):
            continue
        here = (country, place) == (wanted.place_country, wanted.place)
        href = link(place=None if here else f"{country}:{place}")
        dots.setdefault(country, []).append(
            atlas.Dot(place, point.latitude, point.longitude, number, href, here=here)
        )
    most = sorted(dots, key=lambda country: -sum(dot.number for dot in dots[country]))[:2]
    return [
        {
            "name": written.country(country),
            "picture": atlas.drawn(
                country, dots[country][:MOST_PLACES],
                title=gettext("Map of %(country)s with the places of offices") % {"country": written.country(country)},
            ),
        }
        for country in most
    ]  # fmt: skip


def _places(wanted: Wanted, shown: Choices, link: Callable[..., str]) -> list[dict[str, Any]]:
    """The table behind the map: each place with its licences, the most first."""
    return [
        {
            "name": _place(key, shown),
            "number": number,
            "href": link(place=f"{key[0]}:{key[1]}"),
            "here": key == (wanted.place_country, wanted.place),
        }
        for key, number in list(shown.places.items())[:MOST_PLACES]
    ]


def _unplaced(shown: Choices, points: Mapping[tuple[str, str], finding.Point]) -> int:
    """How many places are not on a map."""
    return sum(1 for key in shown.places if key not in points or not atlas.known(key[0]))


def _counted(number: int) -> str:
    if number > finding.MOST_COUNTED:
        return gettext("More than %(count)s licences are good for this today.") % {
            "count": finding.MOST_COUNTED
        }
    text = ngettext(
        "%(count)s licence is good for this today.", "%(count)s licences are good for this today.", number
    )
    return text % {"count": number}


def _hit(found: finding.Row, kept: str) -> home.Hit:
    """A licence as a line of the list: whose, where, and for which countries."""
    record: facts.Record = json.loads(found.body)
    row = verdicts.row(str(record["verdict"]["result"]))
    offices = [
        ", ".join(filter(None, (one.get("address"), one.get("locality")))) for one in record["offices"][:2]
    ]
    lines = [*offices, *map(_scoped, facts.scope(record))]
    latin = record["holder"].get("latin_name")
    if latin and latin != record["holder"]["name"]:
        lines.insert(0, latin)
    return home.Hit(
        tone=row.tone, mark=row.mark, word=row.word, href=f"/licences/{quote(found.number)}{kept}",
        name=facts.holder_name(record), number=found.number, lines=tuple(filter(None, lines)),
    )  # fmt: skip


def _scoped(fact: facts.Fact) -> str:
    """For what the licence is good, on one line."""
    return f"{fact.label}: {fact.text or ', '.join(item.text for item in fact.items[:8])}"


@refusals.guarded
def sheet(request: HttpRequest) -> HttpResponse:
    """The whole list as CSV (RFC 4180, UTF-8 with its mark), read piece by piece and sent as one.

    Each row is true when it is read; the first lines after the rows say when that began, at which number of the
    register, and that the list is whole. What is proved by the log stands in the dumps. It is no stream: whoever reads
    one slowly holds a thread that others wait for.
    """
    throttles.take(request, throttles.SEARCHES, cost=20)
    now = clock.now()
    asked = request.GET if request.META.get("QUERY_STRING") else {}
    name = f"agencies-{now:%Y-%m-%d}-{lookup.sequence_now()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": etags.KEEP_NOT}
    body = b"".join(_lines(_wanted(asked), now))
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _lines(wanted: Wanted, at: datetime) -> Iterator[bytes]:
    sequence = lookup.sequence_now()
    yield f"\ufeff{cells.line(_COLUMNS)}".encode()
    after: str | None = None
    while True:
        page = finding.page(wanted, at=at, limit=500, after=after)
        yield "".join(cells.line(_cells(json.loads(row.body))) for row in page.data).encode()
        if (after := page.next) is None:
            break
    for told in (
        (),
        ("read_at", at.isoformat()),
        ("register_sequence", sequence),
        ("end_of_list", "complete"),
    ):
        yield cells.line(told).encode()


def _cells(record: Mapping[str, Any]) -> list[object]:
    scope, terms = record["scope"], record["terms"]
    reached: dict[str, list[str]] = {"phone": [], "email": [], "domain": [], "social": []}
    for channel in record["channels"]:
        reached.setdefault(channel["kind"], []).append(channel["value"])
    return [
        record["holder"]["number"], record["holder"]["name"], record["holder"]["latin_name"], record["number"],
        record["class"], record["verdict"]["result"], " ".join(scope["corridors"]) or "all",
        " ".join((scope["cut"] or {}).get("corridors", ())), " ".join(map(str, scope["occupations"])) or "all",
        "; ".join(dict.fromkeys(one["locality"] for one in record["offices"] if one["locality"])),
        "; ".join(reached["phone"]), "; ".join(reached["email"]), "; ".join(reached["domain"]),
        "; ".join(reached["social"]), record["authority"]["code"], terms[-1]["last_day"] if terms else "",
        record.get("sequence", ""),
    ]  # fmt: skip
