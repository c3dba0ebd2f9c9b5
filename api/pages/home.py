"""``/``: one box for whatever somebody was given, and the licences it may mean.

What is typed is never kept. A badge's code leads straight to its answer; everything else is searched for. A name that
is nearly the same is said to be nearly the same, and nothing is picked for the reader.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_noop as _

from api import clients, early_warning, etags, labels, throttles
from api.pages import (
    asking,
    facts,
    languages,
    originals,
    refusals,
    render,
    theirs,
    verdicts,
    warned,
    wording,
    written,
)
from registry import clock, lookup, search
from registry.rules import numbering
from registry.rules.asked import ContactUnreadable

MOST: Final = 20
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_IN_ADDRESS: Final = re.compile(r"/v/([^/?#]+)")

#: What the answers mean, for whoever has not asked yet.
LEGEND: Final = {
    "licensed": _("The agency may recruit today. Compare the name and the address."),
    "limited": _("It may recruit only for some jobs or countries. The page says which."),
    "not_licensed": _("Do not pay, do not sign, and do not hand over your passport."),
    "unknown": _("We do not know. Wait, and ask the authority."),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A licence that may be meant, as a line of the list."""

    tone: str
    mark: SafeString
    word: str
    href: str
    name: str
    number: str
    lines: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A line of the legend."""

    tone: str
    mark: SafeString
    word: str
    meaning: str


@refusals.guarded
def home(request: HttpRequest) -> HttpResponse:
    """The box; with ``?q=``, and ``?contact=`` what came with it, what it found."""
    query, contact = _typed(request, "q"), _typed(request, "contact")
    if not (query or contact):
        typed = request.GET.get("q") or request.GET.get("contact")
        return _page(
            request, "", {"legend": legend(), "problem": gettext("Type something first.") if typed else ""}
        )
    if max(len(query), len(contact)) > asking.LONGEST:
        problem = {"problem": gettext("This is too long. Type less of it.")}
        return _page(request, query, problem, contact=contact, status=400)
    if (code := _badge(query)) and not contact:
        return HttpResponseRedirect(
            f"/v/{code}{languages.kept(request)}", headers={"Cache-Control": etags.KEEP_NOT}
        )
    if number := _alert(query):
        return HttpResponseRedirect(f"/alerts/{number}{languages.kept(request)}")
    headers = throttles.take(request, throttles.SEARCHES)
    now = clock.now()
    try:
        found = search.find(query, contact=contact, limit=MOST, after=None, at=now)
    except ContactUnreadable:
        problem = {
            "problem": gettext("We cannot read this phone number, page or e-mail address. Write all of it.")
        }
        response = _page(request, query, problem, contact=contact, status=400)
    else:
        asked = query or contact
        if not found.data and early_warning.of_number(query) != early_warning.NOTHING_OF_OURS:
            early_warning.asked((query,), clients.asker(request.META), at=now)
        told = _found(request, asked, found) if found.data else {} if found.alerts else _nothing(asked)
        told["warned"] = warned.cards(found, languages.kept(request), at=now)
        response = _page(request, query, told, contact=contact)
    for name, value in headers.items():
        response[name] = value
    return response


def _typed(request: HttpRequest, name: str) -> str:
    """What stands in one of the boxes, on one line and without marks that cannot be read."""
    typed = request.GET.get(name, "") if request.META.get("QUERY_STRING") else ""
    return " ".join(_UNREADABLE.sub(" ", typed).split())


def legend(*results: str) -> list[Meaning]:
    """What each answer looks like and means; by default the four that a licence can have."""
    shown = [(verdicts.row(result), LEGEND.get(result, "")) for result in results or LEGEND]
    return [Meaning(row.tone, row.mark, row.word, gettext(text) if text else "") for row, text in shown]


def _page(
    request: HttpRequest, query: str, context: dict[str, Any], *, contact: str = "", status: int = 200
) -> HttpResponse:
    asked = query or contact
    told = {"query": asked, "ask": asking.box(request, query[: asking.LONGEST], contact), **context}
    cache = etags.KEEP_NOT if asked else etags.ASK_AGAIN
    return render.page(request, "home.html", told, status=status, cache=cache)


def _found(request: HttpRequest, query: str, found: search.Found) -> dict[str, Any]:
    records = {
        number: json.loads(one.body)
        for number, one in lookup.public_many([hit.number for hit in found.data], at=clock.now()).items()
    }
    told = {"count": written.number(len(found.data)), "query": written.isolated(query)}
    if found.next:
        text = gettext("The first %(count)s that “%(query)s” may mean. Type more of the name to see fewer.")
    else:
        text = ngettext(
            "“%(query)s” may mean this licence.",
            "“%(query)s” may mean one of these %(count)s licences.",
            len(found.data),
        )
    if found.answer in theirs.PLAIN:
        text = ""
    kept = languages.kept(request)
    return {
        "card": theirs.card(found, records),
        "theirs": theirs.contacts(found, records),
        "hits": [_hit(hit, records.get(hit.number, {}), kept) for hit in found.data],
        "found": text % told,
    }


def _hit(hit: search.Hit, record: facts.Record, kept: str) -> Hit:
    """One hit: its verdict first, then whose it is, where, and why it is here."""
    language = get_language() or "en"
    row = verdicts.row(hit.verdict)
    holder = facts.holder_name(record) or hit.name
    office: facts.Record = next(iter(record.get("offices") or ()), {})
    lines = [", ".join(part for part in (office.get("address"), office.get("locality")) if part)]
    if hit.name and hit.name != holder:
        lines.append(gettext("Found as: %(name)s") % {"name": written.isolated(hit.name)})
    why = " ".join(labels.text("why", code, language) for code in hit.why)
    claim = labels.text("matches", hit.match, language)
    lines.append(f"{claim}: {why}" if why else claim)
    return Hit(
        tone=row.tone, mark=row.mark, word=row.word, href=f"/licences/{quote(hit.number)}{kept}", name=holder,
        number=hit.number, lines=tuple(line for line in lines if line),
    )  # fmt: skip


def _nothing(query: str) -> dict[str, Any]:
    """Nothing was found, said as plainly as a verdict; a mistyped number or a strange address is told apart."""
    reasons = [_mistyped(query) or "licence.not_found"]

    def safety() -> originals.Safety:
        sentences = wording.sentences(reasons, {})
        if reasons == ["licence.not_found"]:
            nobody = gettext("Nobody in this register is called “%(query)s” or can be reached there.")
            sentences = [nobody % {"query": written.isolated(query)}]
        if _strange(query):
            sentences.append(
                gettext("And this address is not ours: whatever its page says, it is not this register.")
            )
        return originals.Safety(
            verdicts.row("not_found").word, sentences, wording.steps("not_found", reasons)
        )

    said = safety()
    return {
        "nothing": verdicts.verdict("not_found", sentences=list(said.sentences)),
        "steps": said.steps,
        "original": originals.beside(safety),
    }


def _badge(query: str) -> str:
    """The badge code in what was typed or scanned, or nothing."""
    text = query
    if in_address := _IN_ADDRESS.search(query):
        if _strange(query):
            return ""
        text = in_address[1]
    try:
        return numbering.read_badge(text)
    except (numbering.BadgeMistyped, numbering.NotOurs):
        return ""


def _alert(query: str) -> str:
    """The number of a warning that was typed, or nothing."""
    try:
        return numbering.canonical(query, numbering.Kind.ALERT)
    except (numbering.Mistyped, numbering.NotOurs):
        return ""


def _strange(query: str) -> bool:
    """Whether this is the address of an answer on somebody else's host."""
    if not _IN_ADDRESS.search(query):
        return False
    host = urlsplit(query if "//" in query else f"//{query}").netloc.lower()
    return host != settings.REGISTRY_HOST.lower()


def _mistyped(query: str) -> str:
    """Which kind of number of ours this is with a wrong symbol in it, or nothing."""
    readers = (numbering.canonical, numbering.read_badge) if any(c.isdigit() for c in query) else ()
    for read in readers:
        try:
            read(query)
        except numbering.Mistyped as wrong:
            return "badge.mistyped" if isinstance(wrong, numbering.BadgeMistyped) else "licence.mistyped"
        except numbering.NotOurs:
            continue
    return ""
