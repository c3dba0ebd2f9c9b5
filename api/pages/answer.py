"""``/v/{code}``: what a scan says. The page behind every printed badge, complete without a script.

A browser gets the page, a program that asks for JSON gets JSON (rulings 30), from the same address, in any letter case
and without a redirect: what is printed is what answers. The register is read each time; the page prints the minute in
which it was, so that minute is a part of its ETag.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, override

from api import clients, early_warning, etags, labels, problems, tallies, throttles
from api.pages import (
    asking,
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
from api.pages.facts import Fact, Item
from api.pages.languages import gettext
from api.public import badges
from registry import clock
from verification import check
from verification.check import Proof

_HTML: Final = ("text/html", "application/xhtml+xml")
_JSON: Final = ("application/json", "application/problem+json")


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go next, and in which words."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the page says, ready for the template.

    A badge that was withdrawn still tells whom it named and how to reach them, not that they are licensed. ``live``:
    where digits that are read out are sent to, if anybody could be confirmed by them.
    """

    verdict: verdicts.Verdict
    steps: list[str]
    urgent: bool
    host: str
    code: str
    act: Link | None = None
    live: str = ""
    compare_title: str = ""
    compare: str = ""
    licence: str = ""
    record: str = ""
    where: str = ""
    fee: Mapping[str, str] = field(default_factory=dict)
    hear: str = ""
    life: str = ""
    original: str = ""


def answer(request: HttpRequest, code: str) -> HttpResponse:
    """The answer of one badge, as a page or as JSON."""
    if not wants_json(request):
        return page(request, code=code)
    try:
        response = badges.badge(request, code=code)
    except Exception as error:
        refusal = problems.for_error(request, error)
        if refusal is None:
            raise
        response = refusal
    response["Vary"] = render.VARY
    return response


def wants_page(accept: str) -> bool:
    """Whether nothing in the header ``Accept`` could ask for JSON."""
    return "json" not in accept and "application/*" not in accept


def wants_json(request: HttpRequest) -> bool:
    """Whether the reader asks for JSON rather than for a page; who asks for nothing in particular gets the page."""
    if wants_page(request.META.get("HTTP_ACCEPT", "")):
        return False
    return request.get_preferred_type([*_HTML, *_JSON]) in _JSON


@refusals.guarded
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The page: 200 with the verdict in words, colour and shape; 404 for a code that is not in the register."""
    throttles.look_ups.check(request)
    found = check.verdict(code, at=clock.now(), lived=True)
    early_warning.scanned(found, clients.asker(request.META))
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        throttles.look_ups.miss(request)
        return _unknown(request, found, code)
    return _page(found, render.Reader.of(request)).response()


def plain(code: str, environ: Mapping[str, Any]) -> render.Page | None:
    """The page of a badge that is in the register, for a plain request; ``None`` for any other code.

    ``environ``: the request as WSGI has it; the address has no parameters.
    """
    found = check.verdict(code, at=clock.now(), lived=True)
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        return None
    early_warning.scanned(found, clients.asker(environ))
    reader = render.Reader.plain(environ)
    with override(reader.language):
        return _page(found, reader)


def _page(found: check.Verdict, reader: render.Reader) -> render.Page:
    if found.licence:
        tallies.look_ups.add((found.licence,), at=found.checked_at)

    def body() -> str:
        act, proven = _act(found, reader.kept), found.proof is Proof.KNOWN
        form = _form(
            reader.language,
            reader.chosen,
            found.result,
            settings.REGISTRY_HOST,
            proven=proven,
            acts=act is not None,
            live=found.live,
            warns=early_warning.of_badge(found) is not None,
        )
        return form.filled(_told(found, act, reader.kept))

    caching = etags.verdict_caching(found.until, found.checked_at)
    return render.told(reader, body, tag=render.tag(reader, "badge", *_seen(found)), cache=caching)


def _unknown(request: HttpRequest, found: check.Verdict, typed: str) -> HttpResponse:
    """The page for a code that is in no badge of ours, with the code in the box to be corrected."""
    verdict = verdicts.verdict(
        found.result,
        sentences=wording.sentences(found.reasons, {}),
        checked=checked(found.checked_at, facts.zone({})),
    )
    context = {
        "verdict": verdict,
        "steps": wording.steps(found.result, found.reasons),
        "hear": spoken.player(found.result, found.reasons),
        "original": originals.answer(found.result, found.reasons),
        "ask": asking.box(request, typed),
        "where": asking.where(found.code, languages.kept(request)),
    }
    return render.page(request, "refusal.html", context, status=404, cache=etags.KEEP_NOT)


@lru_cache(maxsize=512)
def _form(
    language: str, chosen: str, result: str, host: str, *, proven: bool, acts: bool, live: bool, warns: bool
) -> render.Form:
    """The page of every badge with this result, with slots for what is this badge's own."""
    slot = render.slot
    verdict = verdicts.verdict(
        result, who=slot("who"), sentences=[slot("sentences")], checked=slot("checked")
    )
    page = Answer(
        verdict=verdict,
        steps=[slot("steps")],
        urgent=verdict.tone in {"stop", "unknown"},
        host=host,
        code=slot("code"),
        act=Link(slot("act_href"), slot("act_text")) if acts else None,
        live=slot("live") if live else "",
        compare_title=slot("compare_title"),
        compare=slot("compare"),
        licence=slot("licence") if proven else "",
        record=slot("record"),
        where=slot("where") if warns else "",
        fee={"sum": slot("fee_sum"), "text": slot("fee_text"), "law": slot("fee_law")},
        hear=slot("hear"),
        life=slot("life") if proven else "",
        original=slot("original"),
    )
    return render.Form.of(
        render.markup("answer.html", {"a": page, "page": render.frame(language, chosen=chosen)})
    )


def _told(found: check.Verdict, act: Link | None, kept: str) -> dict[str, str]:
    """What fills the slots: this badge's own facts, as HTML."""
    record, language = found.record, get_language() or "en"
    if found.kind == "licence":
        own = _written(found.body, found.may_recruit, language)
    else:
        licence = facts.standing(record, beside=found.result) + _siblings(found, kept) if record else []
        own = _fee(record, may_recruit=found.may_recruit) | {
            "compare": facts.listed(_comparing(found)) if record else "",
            "licence": facts.listed(licence) if record else "",
        }
    return {
        **_words(found.result, found.reasons, found.proof, language),
        **own,
        "who": escape(_who(found)),
        "sentences": "</p>\n<p>".join(map(escape, wording.sentences(found.reasons, facts.dates(record)))),
        "checked": escape(checked(found.checked_at, facts.zone(record))),
        "act_href": escape(act.href) if act else "",
        "act_text": escape(act.text) if act else "",
        "live": escape(f"/v/{found.code}/live{kept}"),
        "compare": _picture(found) + own["compare"],
        "record": escape(f"/licences/{found.licence}{kept}"),
        "where": escape(asking.where(found.code, kept)),
        "code": escape(found.shown),
        "hear": spoken.player(found.result, found.reasons),
        "life": band.drawn(found.life, now=found.checked_at, zone=facts.zone(record)),
        "original": originals.answer(found.result, found.reasons, record, may_recruit=found.may_recruit),
    }


@lru_cache(maxsize=4096)
def _words(result: str, reasons: tuple[str, ...], proof: Proof, language: str) -> Mapping[str, str]:  # noqa: ARG001 - a key
    """What every badge with these reasons says in the language, which is active."""
    withdrawn = proof is Proof.WITHDRAWN
    title = (
        gettext("How to reach the agency itself") if withdrawn else gettext("Are these the people you met?")
    )
    return {
        "steps": "</li><li>".join(map(escape, wording.steps(result, reasons))),
        "compare_title": escape(title),
    }


def _fee(record: Mapping[str, Any], *, may_recruit: bool) -> dict[str, str]:
    fee = facts.fee(record, may_recruit=may_recruit)
    return {f"fee_{name}": escape(said) for name, said in fee.items()}


@lru_cache(maxsize=4096)
def _written(body: str, may_recruit: bool, language: str) -> Mapping[str, str]:  # noqa: ARG001, FBT001 - keys of a cache
    """A licence's facts to compare, how it stands and what it may cost, as HTML; the language is active.

    Only the writing is remembered, by the very text that was read from the register for this reader: nothing here says
    whether a badge is good, and another text is written anew.
    """
    record = json.loads(body or "{}")
    return _fee(record, may_recruit=may_recruit) | {
        "compare": facts.listed(facts.comparing(record)) if record else "",
        "licence": facts.listed(facts.standing(record)) if record else "",
    }


def checked(now: datetime, zone: str) -> str:
    """When the register was asked, to the minute, in the authority's zone."""
    return _checked(now.replace(second=0, microsecond=0), zone, get_language() or "en")


@lru_cache(maxsize=256)
def _checked(now: datetime, zone: str, language: str) -> str:  # noqa: ARG001 - the active language is a part of the key
    told = {
        "time": written.clock_time(now, zone),
        "day": written.days(now, zone),
        "zone": written.zone_name(zone),
    }
    return gettext("Checked at %(time)s on %(day)s (%(zone)s)") % told


def _seen(found: check.Verdict) -> tuple[object, ...]:
    """What decides the page: the answer, the record behind it and the minute that it prints."""
    minute = found.checked_at.replace(second=0, microsecond=0)
    return (
        found.code, found.proof, found.result, found.reasons, found.licence, found.sequence, found.since, found.until,
        found.office, found.person, found.siblings, found.live, minute,
    )  # fmt: skip


def _who(found: check.Verdict) -> str:
    """Whom the badge names: the person where the public may know the name, the agency, and where its office is."""
    place = (found.office or {}).get("locality", "") if found.kind == "office" else ""
    return " · ".join(name for name in (found.person_name, found.holder, place) if name)


def _act(found: check.Verdict, kept: str) -> Link | None:
    """The one thing to do next where there is something to do: tell the authority."""
    if verdicts.row(found.result).tone != "stop":
        return None
    about = urlencode({"badge": found.shown})
    return Link(f"/report?{about}{kept.replace('?', '&')}", gettext("Report a concern"))


def _picture(found: check.Verdict) -> str:
    """One photograph to compare: the person on the badge, else the office; none where the badge proves nothing."""
    if found.proof is not Proof.KNOWN:
        return ""
    return photographs.of_person(found.person) if found.person else photographs.of_office(found.office)


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
    items = []
    for other in found.siblings:
        note = labels.text("states", other.state, language)
        items.append(Item(other.number, f"/licences/{other.number}{kept}", note=note, ltr=True))
    return [Fact(gettext("Other licences"), items=tuple(items))] if items else []
