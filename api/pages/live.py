"""``POST /v/{code}/live``: the answer to digits that somebody read out. No cookie; what was typed stands in no address.

Why nobody is confirmed is never said: the page is the same for wrong digits, for a badge whose holder has enrolled
nobody and for a licence that is suspended. What the badge proves stands on its own page, to which this one leads.
"""

from functools import partial
from typing import Final
from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from api import clients, etags, problems, throttles
from api import live as checks
from api.pages import answer, facts, languages, refusals, render, verdicts, wording
from api.pages.facts import Fact
from api.problems import Refusal
from api.public import live as route
from api.public import reading
from registry import clock
from verification import live_codes
from verification.check import Verdict
from verification.live_codes import Person

FORM: Final = "application/x-www-form-urlencoded"
_MOST_BYTES: Final = 2_000

_OWN_PHONE: Final = _("Use your own phone. A page shown on somebody else’s phone proves nothing.")
_AGAIN: Final = _("The digits change every minute. Ask the person for them again.")
_DO_NOT: Final = _("Do not pay, do not sign, and do not hand over your passport.")
_PASSPORT: Final = _("Never leave your passport with anybody. Ask for a receipt for everything.")
_NAME: Final = _("Ask the person for their name. It must be the one on this page.")


def live(request: HttpRequest, code: str) -> HttpResponse:
    """The answer as a page, or as JSON for a program that sends or asks for it; read, it leads to the badge's page."""
    if request.method in {"GET", "HEAD"}:
        return HttpResponseRedirect(
            f"/v/{code}{languages.kept(request)}", headers={"Cache-Control": etags.KEEP_NOT}
        )
    if request.content_type != reading.JSON and not answer.wants_json(request):
        return _page(request, code=code)
    try:
        response = route.live_code(request, code=code)
    except Exception as error:
        refusal = problems.for_error(request, error)
        if refusal is None:
            raise
        response = refusal
    response["Vary"] = render.VARY
    return response


@refusals.asked
def _page(request: HttpRequest, code: str) -> HttpResponse:
    at = clock.now()
    refuse_other_sites(request)
    typed = _typed(request)
    try:
        found = route.asked(request, code, at=at)
    except Refusal as refusal:
        if refusal.code not in wording.BECAUSE:
            raise
        return refusals.not_found(request, refusal.code, typed=code)
    if not live_codes.is_told(typed):
        return _told(request, found, _unreadable(found))
    outcome = checks.check(found, typed, asker=partial(clients.key, request), at=at)
    if outcome.person is not None:
        return _confirmed(request, found, outcome.person)
    throttles.look_ups.miss(request)
    return _told(request, found, _long(found) if outcome.long_only else _not_confirmed(found))


def refuse_other_sites(request: HttpRequest) -> None:
    """Refuse what a page of somebody else's sends.

    Our pages send no referrer, so a browser names no origin for their forms: ``null`` is one of ours where the
    browser says that it stayed on the site, or is too old to say.
    """
    site = request.META.get("HTTP_SEC_FETCH_SITE", "same-origin")
    origin = request.META.get("HTTP_ORIGIN", "null")
    if site not in {"same-origin", "none"} or (
        origin != "null" and origin.partition("://")[2] != request.get_host()
    ):
        raise Refusal("request.cross_site")


def _typed(request: HttpRequest) -> str:
    """What stands in the form's field."""
    body = reading.body_of(request, (FORM,), most=_MOST_BYTES)
    try:
        fields = parse_qs(body.decode(), max_num_fields=10)
    except ValueError:
        raise Refusal("request.malformed") from None
    return checks.digits(fields.get("digits", [""])[0])


def _confirmed(request: HttpRequest, found: Verdict, person: Person) -> HttpResponse:
    row = verdicts.row(found.result)
    told = {"name": person.name, "agency": found.holder}
    if person.name:
        sentence = gettext("%(name)s works for %(agency)s and is signed in now.") % told
    else:
        sentence = gettext("This person works for %(agency)s and is signed in now.") % told
    verdict = verdicts.Verdict(
        row.tone, row.theme, row.mark, gettext("Confirmed"), sentences=[sentence], checked=_checked(found)
    )
    shown = [
        Fact(gettext("Person"), person.name), Fact(gettext("Works as"), facts.role(person.role)),
        Fact(gettext("Agency"), found.holder), Fact(gettext("Office"), person.office),
    ]  # fmt: skip
    context = {
        "verdict": verdict,
        "steps": [gettext(step) for step in (*([_NAME] if person.name else []), _OWN_PHONE, _PASSPORT)],
        "facts": facts.listed([fact for fact in shown if fact.text]),
        "back": f"/v/{found.code}{languages.kept(request)}",
    }
    return render.page(request, "confirmed.html", context, cache=etags.KEEP_NOT)


def _told(request: HttpRequest, found: Verdict, verdict: verdicts.Verdict) -> HttpResponse:
    """A page without anybody confirmed, with the form to try again."""
    kept = languages.kept(request)
    context = {
        "verdict": verdict,
        "steps": [gettext(step) for step in (_DO_NOT, _AGAIN, _OWN_PHONE)],
        "to": f"/v/{found.code}/live{kept}",
        "back": f"/v/{found.code}{kept}",
    }
    return render.page(request, "confirmed.html", context, cache=etags.KEEP_NOT)


def _not_confirmed(found: Verdict) -> verdicts.Verdict:
    row = verdicts.row("not_genuine")
    said = gettext("Nobody could show that they work for this agency now.")
    return verdicts.Verdict(
        row.tone, row.theme, row.mark, gettext("Not confirmed"), sentences=[said], checked=_checked(found)
    )


def _long(found: Verdict) -> verdicts.Verdict:
    said = gettext(
        "Wrong digits were typed many times for this badge. Ask for the long code: 12 digits on the same page of the "
        "person’s phone."
    )
    return verdicts.verdict("unknown", sentences=[said], checked=_checked(found))


def _unreadable(found: Verdict) -> verdicts.Verdict:
    said = gettext("Type the 6 digits, and nothing else.")
    return verdicts.verdict("unknown", sentences=[said], checked=_checked(found))


def _checked(found: Verdict) -> str:
    return answer.checked(found.checked_at, facts.zone(found.record))
