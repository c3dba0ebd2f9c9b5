"""``/licences/{number}``: one licence, today or as it was on a day, with its life."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext

from api import clients, early_warning, etags, labels, tallies, throttles
from api.pages import (
    answer,
    band,
    facts,
    languages,
    originals,
    photographs,
    refusals,
    render,
    spoken,
    verdicts,
    wording,
    written,
)
from registry import clock, lookup
from registry.rules import days, errors, numbering
from registry.rules.numbering import Kind
from verification.verdicts import rank


@dataclass(frozen=True, slots=True)
class Event:
    """One published entry, as a row of the table."""

    day: str
    what: str
    lines: tuple[str, ...]


@refusals.guarded
def licence(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one licence; with ``?as_of=`` a day, as it was then."""
    throttles.look_ups.check(request)
    now, typed = clock.now(), number
    try:
        number = canonical(typed)
        found = lookup.public_licence(number, at=now)
    except errors.LicenceRenumbered as moved:
        return HttpResponseRedirect(f"/licences/{moved.facts['number']}{_query(request)}")
    except errors.NotFound:
        throttles.look_ups.miss(request)
        early_warning.asked((typed,), clients.asker(request.META), at=now)
        raise
    asked = request.GET.get("as_of", "").strip() if request.META.get("QUERY_STRING") else ""
    if not asked:
        tallies.look_ups.add((number,), at=now)
        return _today(request, found, now)
    zone = facts.zone(json.loads(found.body))
    day = _day(asked)
    if day is None:
        problem = gettext("This is not a day. Write it as year-month-day: 2026-03-14.")
        return _today(request, found, now, problem=problem)
    today = now.astimezone(ZoneInfo(zone)).date()
    if day == today:
        return HttpResponseRedirect(f"/licences/{number}{languages.kept(request)}")
    if day > today:
        problem = gettext("This day has not come yet. The register knows the past and today, not the future.")
        return _today(request, found, now, problem=problem, as_of=asked)
    return _past(request, number, day, now)


def canonical(number: str) -> str:
    """Our number from what somebody typed; what is no number of ours is not in the register."""
    try:
        return numbering.canonical(number, Kind.LICENCE, Kind.LISTED)
    except numbering.NotOurs:
        raise errors.LicenceNotFound from None


def told(
    found: lookup.PublishedAnswer, record: facts.Record, *, now: datetime | None, who: str = ""
) -> verdicts.Verdict:
    """The verdict of a published answer; without ``now`` it is one of the past."""
    reasons = [reason["code"] for reason in record["verdict"]["reasons"]]
    return verdicts.verdict(
        found.result,
        who=who or facts.holder_name(record),
        sentences=wording.sentences(reasons, facts.dates(record)),
        checked=answer.checked(now, facts.zone(record)) if now else "",
        past=now is None,
    )


def _today(
    request: HttpRequest, found: lookup.PublishedAnswer, now: datetime, *, problem: str = "", as_of: str = ""
) -> HttpResponse:
    minute = now.replace(second=0, microsecond=0)
    tag = render.tag(render.Reader.of(request), "licence", found.body, minute)
    caching = etags.verdict_caching(found.until, now)
    if not problem and (same := render.unchanged(request, tag, cache=caching)):
        return same
    record = json.loads(found.body)
    verdict = told(found, record, now=now)
    reasons = [reason["code"] for reason in record["verdict"]["reasons"]]
    context = _common(request, record, verdict, now, as_of=as_of) | {
        "steps": wording.steps(found.result, reasons),
        "urgent": verdict.tone in {"stop", "unknown"},
        "hear": spoken.player(found.result, reasons),
        "problem": problem,
        "original": originals.answer(
            found.result, reasons, record, may_recruit=bool(record["verdict"]["may_recruit"])
        ),
        **_life(record, now),
    }
    return render.page(
        request, "licence.html", context, status=400 if problem else 200, tag="" if problem else tag,
        cache=etags.KEEP_NOT if problem else caching,
    )  # fmt: skip


def _past(request: HttpRequest, number: str, day: date, now: datetime) -> HttpResponse:
    parts = lookup.day_answers(number, day=day, now=now)
    records = [json.loads(part.body) for part in parts]
    worst = min(range(len(parts)), key=lambda place: rank(parts[place].result))
    record = records[worst]
    zone = facts.zone(record)
    seen = []
    for part, its in zip(parts, records, strict=True):
        all_day = gettext("On %(day)s, all day") % {"day": written.day(day)}
        hours = _hours(part, day, zone) if len(parts) > 1 else all_day
        seen.append(replace(told(part, its, now=None), checked=hours))

    def safety() -> originals.Safety:
        then = told(parts[worst], record, now=None)
        return originals.Safety(f"{_passed(day)} – {then.word}", [_not_today(), *then.sentences])

    context = _common(request, record, seen[worst], now, as_of=day.isoformat()) | {
        "verdicts": seen,
        "original": originals.beside(safety),
        "past": {
            "title": _passed(day),
            "text": _not_today(),
            "today": f"/licences/{number}{languages.kept(request)}",
        },
    }
    tag = render.tag(render.Reader.of(request), "past", day, [part.body for part in parts], now.date())
    return render.unchanged(request, tag) or render.page(request, "licence.html", context, tag=tag)


def _passed(day: date) -> str:
    return gettext("This is the past: %(day)s") % {"day": written.day(day)}


def _not_today() -> str:
    return gettext("It does not say what is true today.")


def _common(
    request: HttpRequest, record: facts.Record, verdict: verdicts.Verdict, now: datetime, *, as_of: str
) -> dict[str, Any]:
    """What both forms of the page show."""
    holder = (record.get("holder") or {}).get("number")
    return {
        "number": record["number"],
        "verdict": verdict,
        "verdicts": [verdict],
        "picture": ""
        if verdict.past
        else photographs.of_office(next(iter(record.get("offices") or ()), None)),
        "compare": facts.listed(facts.comparing(record)),
        "licence": facts.listed(facts.standing(record)),
        "sanctions": facts.listed(measures) if (measures := facts.sanctions(record)) else "",
        "fee": facts.fee(record, may_recruit=bool(record["verdict"]["may_recruit"])),
        "agency": f"/agencies/{holder}{languages.kept(request)}" if holder else "",
        "today": now.astimezone(ZoneInfo(facts.zone(record))).date().isoformat(),
        "as_of": as_of,
        "host": settings.REGISTRY_HOST,
    }


def _life(record: facts.Record, now: datetime) -> dict[str, Any]:
    """The band and the table of published entries, the newest first."""
    zone = facts.zone(record)
    number = record["number"]
    complete = written.instant(record.get("history_complete_since"))
    note = gettext("Everything public since %(day)s is shown. What lies before may be left out.")
    return {
        "band": band.drawn(lookup.public_life(number, at=now), now=now, zone=zone),
        "events": [_event(entry, zone) for entry in reversed(lookup.timeline(number, at=now))],
        "complete_since": note % {"day": written.days(complete, zone)} if complete else "",
    }


def _event(entry: Mapping[str, Any], zone: str) -> Event:
    """A row of the table: the day it had effect, what it was, and what more there is to know."""
    language = get_language() or "en"
    start, recorded = written.instant(entry["effective_from"]), written.instant(entry["recorded_at"])
    day = written.days(start, zone) if start else ""
    lines = [facts.in_language(entry.get("texts") or {}, language)]
    lines += [labels.text("grounds", ground["code"], language) for ground in entry.get("grounds") or ()]
    if term := entry.get("term"):
        told = {"first": written.stated(term["first_day"]), "last": written.stated(term["last_day"])}
        lines.append(gettext("for %(first)s to %(last)s") % told)
    if end := written.instant(entry.get("effective_until")):
        lines.append(gettext("until %(day)s") % {"day": written.last_day(end, zone)})
    if listed := entry.get("listed"):
        lines.append(_sighting(listed))
    if recorded and (wrote := written.days(recorded, zone)) != day:
        lines.append(gettext("written into the register on %(day)s") % {"day": wrote})
    if undone := entry.get("undone_by"):
        note = gettext("This no longer counts: %(what)s")
        lines.append(note % {"what": labels.text("actions", str(undone["action"]), language)})
    what = labels.text("actions", str(entry["action"]), language)
    return Event(day, what, tuple(line for line in lines if line))


def _sighting(listed: Mapping[str, Any]) -> str:
    """What a list said on its day."""
    told = {"source": written.isolated(listed.get("source") or "")}
    if listed.get("present") is False:
        return gettext("not on the list “%(source)s”") % told
    if listed.get("status") == "not_in_force":
        return gettext("on the list “%(source)s”, which says that it is not in force") % told
    if listed.get("status") == "in_force":
        return gettext("on the list “%(source)s”") % told
    return gettext("on the list “%(source)s”, in words that the register cannot read") % told


def _hours(part: lookup.PublishedAnswer, day: date, zone: str) -> str:
    """From when to when on that day this part held."""
    local = ZoneInfo(zone)
    began = part.since.astimezone(local).date() == day
    ended = part.until is not None and part.until.astimezone(local).date() == day
    start = written.clock_time(part.since, zone) if began else ""
    end = written.clock_time(part.until, zone) if ended and part.until else ""
    if start and end:
        return gettext("From %(start)s to %(end)s on %(day)s") % {
            "start": start,
            "end": end,
            "day": written.day(day),
        }
    if start:
        return gettext("From %(start)s on %(day)s") % {"start": start, "day": written.day(day)}
    return gettext("Until %(end)s on %(day)s") % {"end": end, "day": written.day(day)}


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == len("2026-03-14") else None
    except ValueError:
        return None
    return found if found is not None and found.year in days.YEARS else None


def _query(request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return f"?{query}" if query else ""
