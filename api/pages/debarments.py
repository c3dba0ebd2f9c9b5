"""``/debarments``: who is barred, for as long as the law lets it be told: a list, and each bar.

A name is no proof of who somebody is, and silence no clean record: both pages say so.
"""

import re
from typing import Final
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext

from api import etags, labels, throttles
from api.pages import answer, facts, home, languages, originals, refusals, render, verdicts, written
from api.pages.facts import Fact, Item
from registry import clock
from registry import debarments as register
from registry.debarments import Debarment
from registry.rules import errors

MOST: Final = 25
_LONGEST: Final = 100
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
#: In which colour and shape of the one verdict table each state is shown; none of them is ever green.
_SHOWN_AS: Final = {"coming": "limited", "in_force": "not_licensed", "stayed": "limited", "over": "unknown"}


@refusals.guarded
def debarments(request: HttpRequest) -> HttpResponse:
    """The bars that are public now, the newest first; with ``?q=`` those of a name."""
    query = " ".join(_UNREADABLE.sub(" ", request.GET.get("q", "")).split())[:_LONGEST]
    before = request.GET.get("after", "")
    left = throttles.take(request, throttles.SEARCHES)
    headers = left if query else {}
    after = int(before) if _NUMBER.fullmatch(before) else None
    found = register.listed(at=clock.now(), q=query, after=after, limit=MOST)
    tag = "" if query else render.tag(render.Reader.of(request), "debarments", found)
    if tag and (same := render.unchanged(request, tag)):
        return same
    kept = languages.kept(request)
    chosen = languages.chosen(request)
    following = {"q": query, "after": str(found.next or ""), "lang": chosen}
    context = {
        "query": query,
        "asked": written.isolated(query),
        "chosen": chosen,
        "hits": [hit(one, kept) for one in found.data],
        "older": "?" + urlencode({k: v for k, v in following.items() if v}) if found.next else "",
        "since": written.day(found.complete_since) if found.complete_since else "",
        "first": after is None,
    }
    cache = etags.KEEP_NOT if query else etags.ASK_AGAIN
    response = render.page(request, "debarments.html", context, tag=tag, cache=cache)
    for name, value in headers.items():
        response[name] = value
    return response


@refusals.guarded
def debarment(request: HttpRequest, number: str) -> HttpResponse:
    """One bar: who, from when until when, why, and whether it is appealed against or stayed."""
    throttles.look_ups.check(request)
    now = clock.now()
    try:
        if not _NUMBER.fullmatch(number):
            raise errors.DebarmentNotFound
        found = register.one(int(number), at=now)
    except errors.NotFound:
        throttles.look_ups.miss(request)
        raise
    tag = render.tag(render.Reader.of(request), "debarment", found, now.replace(second=0, microsecond=0))
    if same := render.unchanged(request, tag):
        return same
    row = verdicts.row(_SHOWN_AS[found.state])
    context = {
        "verdict": verdicts.Verdict(
            row.tone, row.theme, row.mark, _word(found), found.name, _sentences(found),
            answer.checked(now, found.zone),
        ),
        "original": originals.beside(lambda: originals.Safety(_word(found), _sentences(found))),
        "about": facts.listed(_about(found, languages.kept(request))),
        "name": found.name,
        "is_person": found.kind == "person",
    }  # fmt: skip
    return render.page(request, "debarment.html", context, tag=tag)


def hit(one: Debarment, kept: str) -> home.Hit:
    """A bar as a line of the list."""
    row = verdicts.row(_SHOWN_AS[one.state])
    lines = [one.latin_name if one.latin_name != one.name else "", _days(one)]
    if one.appeal_open:
        lines.append(gettext("An appeal is open."))
    return home.Hit(
        tone=row.tone, mark=row.mark, word=_word(one), href=f"/debarments/{one.sequence}{kept}", name=one.name,
        number=one.agency, lines=tuple(filter(None, lines)), kind="" if one.agency else gettext("Person"),
    )  # fmt: skip


def _word(one: Debarment) -> str:
    return labels.text("debarments", one.state, get_language() or "en")


def _days(one: Debarment) -> str:
    told = {"first": written.day(one.first_day), "last": written.day(one.last_day) if one.last_day else ""}
    if one.last_day:
        return gettext("From %(first)s until %(last)s") % told
    return gettext("From %(first)s, without an end") % told


def _sentences(one: Debarment) -> list[str]:
    """What the bar means now."""
    if one.state == "over":
        return [gettext("The ban is over. It is still shown, as the law orders.")]
    if one.kind == "agency":
        told = [gettext("The authority has banned this agency. It must not recruit.")]
    else:
        what = labels.text("bar_scopes", one.scope, get_language() or "en")
        told = [gettext("The authority has banned this person from %(roles)s.") % {"roles": what}]
    if one.state == "coming":
        told.append(gettext("The ban begins on %(day)s.") % {"day": written.day(one.first_day)})
    if one.state == "stayed":
        told = [
            gettext(
                "The authority has banned this agency. The ban is on hold: it has no effect until an appeal is decided."
            ),
            gettext("Look at each of its licences before you pay or sign anything."),
        ]
    return told


def _about(one: Debarment, kept: str) -> list[Fact]:
    language = get_language() or "en"
    agency = (Item(one.agency, f"/agencies/{quote(one.agency)}{kept}", ltr=True),) if one.agency else ()
    told = [
        Fact(gettext("Name in Latin letters"), one.latin_name if one.latin_name != one.name else ""),
        Fact(gettext("Agency"), items=agency),
        Fact(gettext("First day of the ban"), written.day(one.first_day)),
        Fact(
            gettext("Last day of the ban"),
            written.day(one.last_day)
            if one.last_day
            else gettext("for ever, or until the authority ends it"),
        ),
        Fact(
            gettext("Reasons given"),
            items=tuple(Item(labels.text("grounds", code, language)) for code in one.grounds),
        ),
        Fact(gettext("Decided on"), written.day(one.decided_on)),
        Fact(gettext("Decided by"), facts.authority_name({"authority": {"name": one.authority_name}})),
        _appeal(one),
        Fact(gettext("Number of the decision"), str(one.sequence), ltr=True, code=True),
        Fact(gettext("Shown until"), written.day(one.public_until) if one.public_until else ""),
    ]
    return [fact for fact in told if fact.text or fact.items]


def _appeal(one: Debarment) -> Fact:
    if one.state == "stayed":
        return Fact(gettext("Appeal"), gettext("made, and not decided yet; until then the ban has no effect"))
    if one.appeal_open:
        return Fact(gettext("Appeal"), gettext("made, and not decided yet; the ban stands"))
    if one.appeal_until is None:
        return Fact(gettext("Appeal"))
    return Fact(gettext("Appeal until"), written.last_day(one.appeal_until, one.zone))
