"""``/applications``: who applies for a licence and may be objected to, and who was refused one.

An applicant is not licensed: each page says so first, in the colour of the one verdict table.
"""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, gettext

from api import etags, labels, throttles
from api.pages import answer, facts, home, languages, originals, refusals, render, verdicts, written
from api.pages.facts import Fact, Item
from registry import clock
from registry.admission import published
from registry.admission.published import Notice
from registry.rules import errors, numbering
from registry.rules.numbering import Kind


@refusals.guarded
def applications(request: HttpRequest) -> HttpResponse:
    """The applications open to objection now, the first to close at the top, and the refusals still public."""
    now, kept = clock.now(), languages.kept(request)
    asked, refused = published.open_to_objection(at=now), published.refused(at=now)
    tag = render.tag(render.Reader.of(request), "applications", asked, refused)
    if same := render.unchanged(request, tag):
        return same
    context = {"asked": [hit(one, kept) for one in asked], "refused": [hit(one, kept) for one in refused]}
    return render.page(request, "applications.html", context, tag=tag)


@refusals.guarded
def application(request: HttpRequest, number: str) -> HttpResponse:
    """What the public reads of one application; a granted one leads to its licence."""
    throttles.look_ups.check(request)
    now = clock.now()
    try:
        found = published.notice(_canonical(number), at=now)
    except errors.NotFound:
        throttles.look_ups.miss(request)
        raise
    if found.licence:
        address = f"/licences/{quote(found.licence)}{languages.kept(request)}"
        return HttpResponseRedirect(address, headers={"Cache-Control": etags.KEEP_NOT})
    tag = render.tag(render.Reader.of(request), "application", found, now.replace(second=0, microsecond=0))
    if same := render.unchanged(request, tag):
        return same
    refused = found.state == "refused"

    def safety() -> originals.Safety:
        sentence = (
            gettext("The authority refused this applicant a licence.")
            if refused
            else gettext("It has applied for a licence and has none yet. It may not recruit.")
        )
        return originals.Safety(verdicts.row("not_licensed").word, [sentence])

    context = {
        "verdict": verdicts.verdict(
            "not_licensed",
            who=found.name,
            sentences=list(safety().sentences),
            checked=answer.checked(now, found.zone),
        ),
        "original": originals.beside(safety),
        "about": facts.listed(_about(found)),
        "objections": "" if refused else f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_DESK_HOST}/apply/objections/"
        f"{found.number}",
        "name": found.name,
    }  # fmt: skip
    return render.page(request, "application.html", context, tag=tag)


def hit(one: Notice, kept: str) -> home.Hit:
    """An application as a line of a list."""
    row = verdicts.row("not_licensed")
    lines = [one.locality]
    if one.state == "refused" and one.refused_on:
        lines.append(gettext("Refused on %(day)s") % {"day": written.day(one.refused_on)})
    elif one.objections_until:
        until = written.last_day(one.objections_until, one.zone)
        lines.append(gettext("Objections until %(day)s") % {"day": until})
    return home.Hit(
        tone=row.tone, mark=row.mark, word=row.word, href=f"/applications/{quote(one.number)}{kept}", name=one.name,
        number=one.number, lines=tuple(filter(None, lines)),
    )  # fmt: skip


def _about(found: Notice) -> list[Fact]:
    language = get_language() or "en"
    told = [
        Fact(gettext("Application"), found.number, ltr=True, code=True),
        Fact(gettext("Authority"), facts.authority_name({"authority": {"name": found.authority_name}})),
        Fact(gettext("Class"), found.licence_class),
        Fact(gettext("Town"), found.locality),
    ]
    if found.state != "refused" and found.objections_until:
        until = written.last_day(found.objections_until, found.zone)
        told.append(Fact(gettext("Objections until"), until))
    if found.refused_on:
        told.append(Fact(gettext("Refused on"), written.day(found.refused_on)))
        grounds = tuple(Item(labels.text("grounds", code, language)) for code in found.grounds)
        told.append(Fact(gettext("Reasons given"), items=grounds))
        if found.appealed:
            told.append(Fact(gettext("Appeal"), gettext("made, and not decided yet; the refusal stands")))
        elif found.confirmed_on:
            on = written.day(found.confirmed_on)
            told.append(
                Fact(gettext("Appeal"), gettext("decided on %(day)s: the refusal stands") % {"day": on})
            )
        elif found.appeal_until:
            told.append(Fact(gettext("Appeal until"), written.last_day(found.appeal_until, found.zone)))
        if found.public_until:
            told.append(Fact(gettext("Shown until"), written.last_day(found.public_until, found.zone)))
    return [one for one in told if one.text or one.items]


def _canonical(number: str) -> str:
    try:
        return numbering.canonical(number, Kind.APPLICATION)
    except (numbering.NotOurs, numbering.Mistyped):
        raise errors.ApplicationNotFound from None
