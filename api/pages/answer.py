"""``/v/{code}``: what a scan says. The page behind every printed badge, complete without a script.

A browser gets the page, a program that asks for JSON gets JSON (rulings 30), from the same address, in any letter case
and without a redirect: what is printed is what answers. The register is read each time; the page prints the minute in
which it was, so that minute is a part of its ETag.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext

from api import etags, labels, throttles
from api.pages import asking, facts, languages, refusals, render, verdicts, wording, written
from api.pages.facts import Fact, Item
from registry import clock
from verification import check
from verification.check import Proof

_HTML: Final = ("text/html", "application/xhtml+xml")
_JSON: Final = ("application/json", "application/problem+json")
#: What a badge that proves nothing still tells: whom it named and how to reach them, not that they are licensed.
_UNPROVEN: Final = frozenset({Proof.WITHDRAWN, Proof.NOT_FOUND, Proof.MISTYPED})


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go next, and in which words."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the page says, ready for the template."""

    verdict: verdicts.Verdict
    steps: list[str]
    urgent: bool
    host: str
    code: str
    act: Link | None = None
    compare_title: str = ""
    compare: list[Fact] = field(default_factory=list)
    licence: list[Fact] = field(default_factory=list)
    record: str = ""
    ask: asking.Box | None = None


def answer(request: HttpRequest, code: str) -> HttpResponse:
    """The answer of one badge, as a page or as JSON."""
    if wants_json(request):
        from api.public import badges  # noqa: PLC0415 - placeholder

        return badges.badge(request, code=code)
    return page(request, code=code)


def wants_json(request: HttpRequest) -> bool:
    """Whether the reader asks for JSON rather than for a page; who asks for nothing in particular gets the page."""
    accept = request.META.get("HTTP_ACCEPT", "")
    if "json" not in accept and "application/*" not in accept:
        return False
    return request.get_preferred_type([*_HTML, *_JSON]) in _JSON


@refusals.guarded
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The page: 200 with the verdict in words, colour and shape; 404 for a code that is not in the register."""
    throttles.look_ups.check(request)
    found = check.verdict(code, at=clock.now())
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        throttles.look_ups.miss(request)
        context = {"a": _answer(request, found, typed=code)}
        return render.page(request, "answer.html", context, status=404, cache=etags.KEEP_NOT)
    tag = render.tag(request, "badge", *_seen(found))
    caching = etags.verdict_caching(found.until, found.checked_at)
    return render.unchanged(request, tag, cache=caching) or render.page(
        request, "answer.html", {"a": _answer(request, found, typed=code)}, tag=tag, cache=caching
    )


def checked(now: datetime, zone: str) -> str:
    """When the register was asked, to the minute, in the authority's zone."""
    told = {"time": written.clock_time(now, zone), "day": written.days(now, zone), "zone": written.zone_name(zone)}
    return gettext("Checked at %(time)s on %(day)s (%(zone)s)") % told


def _seen(found: check.Verdict) -> tuple[object, ...]:
    """What decides the page: the answer, the record behind it and the minute that it prints."""
    minute = found.checked_at.replace(second=0, microsecond=0)
    return (
        found.code, found.proof, found.result, found.reasons, found.licence, found.sequence, found.since, found.until,
        found.office, found.person, found.siblings, minute,
    )  # fmt: skip


def _answer(request: HttpRequest, found: check.Verdict, *, typed: str) -> Answer:
    record, kept = found.record, languages.kept(request)
    verdict = verdicts.verdict(
        found.result,
        who=_who(found),
        sentences=wording.sentences(found.reasons, facts.dates(record)),
        checked=checked(found.checked_at, facts.zone(record)),
    )
    missing = found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}
    return Answer(
        verdict=verdict,
        steps=wording.steps(found.result, found.reasons),
        urgent=verdict.tone in {"stop", "unknown"},
        host=settings.REGISTRY_HOST,
        code=found.shown,
        act=None if missing else _act(found, kept),
        compare_title=_title(found),
        compare=_comparing(found) if record else [],
        licence=facts.standing(record) + _siblings(found, kept) if record and found.proof not in _UNPROVEN else [],
        record=f"/licences/{found.licence}{kept}" if found.licence else "",
        ask=asking.box(request, typed) if missing else None,
    )


def _who(found: check.Verdict) -> str:
    """Whom the badge names: the person where the public may know the name, and the agency."""
    return " · ".join(name for name in (found.person_name, found.holder) if name)


def _title(found: check.Verdict) -> str:
    if found.proof is Proof.WITHDRAWN:
        return gettext("How to reach the agency itself")
    return gettext("Are these the people you met?")


def _act(found: check.Verdict, kept: str) -> Link | None:
    """The one thing to do next where there is something to do: complain, or look for somebody else."""
    if verdicts.row(found.result).tone != "stop":
        return None
    complaint = (found.record.get("authority") or {}).get("complaint") or {}
    for where in complaint.values() if isinstance(complaint, Mapping) else ():
        if isinstance(where, str) and where.startswith("https://"):
            return Link(where, gettext("Report a concern"))
    return Link(f"/{kept}", gettext("Find a licensed agency"))


def _comparing(found: check.Verdict) -> list[Fact]:
    """What to compare with the people in front of you: the person, the agency, this badge's own office."""
    person = found.person or {}
    told = [Fact(gettext("Person"), name)] if (name := found.person_name) else []
    if role := person.get("role"):
        told.append(Fact(gettext("Works as"), facts.role(str(role))))
    office = found.office if found.kind in {"office", "appointment"} else None
    return told + facts.comparing(found.record, office)


def _siblings(found: check.Verdict, kept: str) -> list[Fact]:
    """The holder's other licences, which this badge does not speak for."""
    language = get_language() or "en"
    items = tuple(
        Item(other.number, f"/licences/{other.number}{kept}", note=labels.text("states", other.state, language), ltr=True)
        for other in found.siblings
    )
    return [Fact(gettext("Other licences"), items=items)] if items else []
