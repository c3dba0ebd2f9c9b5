"""``/alerts``: whom the authorities warn of: a list, the same as a file, and each warning with its past.

A warning of a clone says nothing against the agency that is cloned: its page names them and shows their official
contacts. Not to stand here is no licence, and every page says so.
"""

from typing import Any, Final
from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext

from api import etags, labels, throttles
from api.pages import answer, facts, home, languages, refusals, render, theirs, verdicts, warned, written
from api.pages.facts import Fact, Item
from registry import alerts as register
from registry import clock, lookup
from registry.alerts import AlertRecord
from registry.rules import alerts as rules
from registry.rules import cells, errors, numbering

MOST: Final = 25
_LONGEST: Final = 40
_COLUMNS: Final = (
    "number", "kind", "names", "contacts", "agency", "place", "seen_on", "grounds", "source", "first_day", "last_day",
    "authority", "sequence",
)  # fmt: skip


@refusals.guarded
def alerts(request: HttpRequest) -> HttpResponse:
    """The warnings in force, the newest first; with ``?kind=`` those of one kind."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in rules.KINDS else ""
    after = request.GET.get("after", "")[:_LONGEST] or None
    if kind or after:  # the first page may be shared by an edge
        throttles.take(request, throttles.SEARCHES)
    now = clock.now()
    try:
        found = register.listed(at=now, kind=kind, after=after, limit=MOST)
    except errors.CursorInvalid:
        return HttpResponseRedirect(f"/alerts{languages.kept(request)}")
    tag = render.tag(render.Reader.of(request), "alerts", found)
    if same := render.unchanged(request, tag):
        return same
    kept, chosen = languages.kept(request), languages.chosen(request)
    following = {"kind": kind, "after": str(found.next or ""), "lang": chosen}
    context = {
        "hits": [hit(one, kept) for one in found.data],
        "kinds": [_choice(one, kind, chosen) for one in ("", *rules.KINDS)],
        "older": "?" + urlencode({k: v for k, v in following.items() if v}) if found.next else "",
        "first": after is None,
    }
    return render.page(request, "alerts.html", context, tag=tag)


def _choice(kind: str, chosen: str, language: str) -> dict[str, Any]:
    """One of the kinds to choose from, as a link."""
    asked = urlencode({name: value for name, value in (("kind", kind), ("lang", language)) if value})
    text = labels.text("alerts", kind, get_language() or "en") if kind else gettext("All warnings")
    return {"text": text, "href": f"/alerts?{asked}" if asked else "/alerts", "here": kind == chosen}


@refusals.guarded
def alert(request: HttpRequest, number: str) -> HttpResponse:
    """One warning: of whom, by which contacts, since when, and what has become of it."""
    throttles.look_ups.check(request)
    now = clock.now()
    try:
        found = register.one(_canonical(number), at=now)
    except errors.NotFound:
        throttles.look_ups.miss(request)
        raise
    tag = render.tag(render.Reader.of(request), "alert", found, now.replace(second=0, microsecond=0))
    if same := render.unchanged(request, tag):
        return same
    genuine = lookup.holders([found.agency], at=now) if found.agency else {}
    row = verdicts.row(warned.SHOWN_AS[found.state])
    context = {
        "number": found.number,
        "name": found.names[0] if found.names else found.number,
        "verdict": verdicts.Verdict(
            row.tone, row.theme, row.mark, warned.word(found), ", ".join(found.names), warned.sentences(found),
            answer.checked(now, found.zone),
        ),
        "contacts": facts.listed(_contacts(found)) if found.contacts else "",
        "genuine": [theirs.official(record) for record in genuine.values()],
        "about": facts.listed(_about(found, languages.kept(request))),
        "in_force": found.state == "in_force",
    }  # fmt: skip
    return render.page(request, "alert.html", context, tag=tag)


@refusals.guarded
def sheet(request: HttpRequest) -> HttpResponse:
    """All warnings in force as CSV (RFC 4180, UTF-8 with its mark); no cell of it begins a formula."""
    throttles.take(request, throttles.SEARCHES, cost=10)
    now = clock.now()
    lines = [cells.line(_COLUMNS)]
    after: str | None = None
    while True:
        page = register.listed(at=now, after=after, limit=500)
        lines += [cells.line(_cells(one)) for one in page.data]
        if (after := page.next) is None:
            break
    headers = {"Content-Disposition": 'attachment; filename="alerts.csv"', "Cache-Control": etags.ASK_AGAIN}
    body = "\ufeff" + "".join(lines)
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _cells(one: AlertRecord) -> list[object]:
    joined = {
        "names": "; ".join(one.names),
        "contacts": "; ".join(f"{contact['kind']}: {contact['value']}" for contact in one.contacts),
        "grounds": " ".join(one.grounds),
    }
    return [joined.get(name, getattr(one, name, "")) for name in _COLUMNS]


def hit(one: AlertRecord, kept: str) -> home.Hit:
    """A warning as a line of a list."""
    row = verdicts.row(warned.SHOWN_AS[one.state])
    contacts = ", ".join(contact["value"] for contact in one.contacts[:4])
    since = gettext("Warned of since %(day)s") % {"day": written.day(one.first_day)}
    return home.Hit(
        tone=row.tone, mark=row.mark, word=labels.text("alerts", one.kind, get_language() or "en"),
        href=f"/alerts/{quote(one.number)}{kept}", name=one.names[0] if one.names else one.number, number=one.number,
        lines=tuple(filter(None, (warned.clone(one), contacts, one.place, since))),
    )  # fmt: skip


def _contacts(one: AlertRecord) -> list[Fact]:
    """The contacts that are warned of, as text: nobody is led there."""
    labelled = {
        "phone": gettext("Phone"), "email": gettext("E-mail"), "domain": gettext("Web site"),
        "social": gettext("Page"),
    }  # fmt: skip
    kinds: dict[str, list[Item]] = {}
    for contact in one.contacts:
        kinds.setdefault(labelled[contact["kind"]], []).append(Item(contact["value"], ltr=True))
    return [Fact(label, items=tuple(items)) for label, items in kinds.items()]


def _about(one: AlertRecord, kept: str) -> list[Fact]:
    language = get_language() or "en"
    agency = (Item(one.agency_name, f"/agencies/{quote(one.agency)}{kept}"),) if one.agency else ()
    told = [
        Fact(gettext("Also calls itself"), items=tuple(Item(name) for name in one.names[1:])),
        Fact(gettext("Pretends to be"), items=agency),
        Fact(gettext("Where"), one.place),
        Fact(gettext("Seen on"), written.day(one.seen_on) if one.seen_on else ""),
        Fact(
            gettext("Because"),
            items=tuple(Item(labels.text("grounds", code, language)) for code in one.grounds),
        ),
        Fact(gettext("Source"), one.source),
        Fact(gettext("Warned of since"), written.day(one.first_day)),
        Fact(gettext("Until"), written.day(one.last_day) if one.last_day else ""),
        Fact(gettext("Decided by"), facts.authority_name({"authority": {"name": dict(one.authority_name)}})),
        Fact(gettext("Number of the warning"), one.number, ltr=True, code=True),
        Fact(gettext("Changed on"), items=tuple(_changes(one))),
    ]
    return [fact for fact in told if fact.text or fact.items]


def _changes(one: AlertRecord) -> list[Item]:
    """When the warning was written anew or taken back; the first version is no change."""
    words = {"": gettext("corrected"), "over": gettext("ended"), "error": gettext("taken back as a mistake")}
    return [
        Item(written.days(version.recorded_at, one.zone), note=words[version.ended])
        for version in one.versions[1:]
    ]


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, numbering.Kind.ALERT)
    except numbering.NotOurs:
        raise errors.AlertNotFound from None
