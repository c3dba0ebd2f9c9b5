"""``/v/{code}/qr.png|svg`` and ``/v/{code}/badge``: the code as a picture, and a badge to print.

``?print=L`` asks for the picture that proves itself without a network, which there is once the badge was signed; print
S, the address alone, there always is.
The print carries no verdict and no last day: paper goes stale, the page behind the code does not. A badge of a licence
that may not recruit today is not offered for printing at all.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from api import etags, throttles
from api.pages import answer, facts, home, refusals, render, sheet, verdicts, written
from api.pages.facts import Fact
from api.problems import Refusal
from registry import clock
from registry.rules import numbering
from verification import badges, check, qr, tokens
from verification.check import Proof

_PICTURE = "public, max-age=3600"
_PIXELS = 10


@refusals.guarded
def png(request: HttpRequest, code: str) -> HttpResponse:
    """The picture as PNG, ten pixels a module."""
    live = _live(request, code)
    body = qr.png(live, origin(), _digits(request, live), module=_PIXELS)
    return HttpResponse(body, content_type="image/png", headers={"Cache-Control": _PICTURE})


@refusals.guarded
def svg(request: HttpRequest, code: str) -> HttpResponse:
    """The picture as SVG, of any size."""
    live = _live(request, code)
    title = gettext("Badge %(code)s") % {"code": numbering.shown_badge(live)}
    headers = {"Cache-Control": _PICTURE, "Content-Security-Policy": "default-src 'none'"}
    body = qr.svg(live, origin(), _digits(request, live), title=title)
    return HttpResponse(body, content_type="image/svg+xml", headers=headers)


@refusals.guarded
def badge(request: HttpRequest, code: str) -> HttpResponse:
    """The certificate for the wall and the card for the wallet, while there is something good to print."""
    throttles.look_ups.check(request)
    found = check.verdict(code, at=clock.now())
    if found.proof in {Proof.NOT_FOUND, Proof.MISTYPED}:
        throttles.look_ups.miss(request)
        return refusals.not_found(request, found.reasons[0], typed=code)
    if not found.may_recruit:
        return _not_now(request, found)
    record, signed = found.record, tokens.digits(found.code, at=found.checked_at)
    authority = " · ".join((facts.authority_name(record), written.country(record["authority"]["country"])))
    context = {
        "authority": authority,
        "title": _title(found.kind),
        "name": found.person_name or found.holder,
        "also": _also(found),
        "facts": facts.listed(_facts(found)),
        "number": found.licence,
        "code": found.shown,
        "compact": found.code,
        "host": settings.REGISTRY_HOST,
        "long": bool(signed),
        "legend": home.legend("licensed", "limited", "not_licensed", "unknown"),
    }
    return render.page(request, "badge.html", context, styles=sheet.BADGE)


def origin() -> str:
    """The scheme and host that are printed."""
    return f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}"


def _digits(request: HttpRequest, code: str) -> str:
    """The signed statement for print L, nothing for print S; refuses L of a badge that was not signed."""
    wanted = request.GET.getlist("print") or ["S"]
    if wanted not in (["S"], ["L"]):
        raise Refusal("parameter.invalid", parameter="print", wanted="S or L")
    if wanted == ["S"]:
        return ""
    if not (signed := tokens.digits(code, at=clock.now())):
        raise Refusal("badge.not_signed")
    return signed


def _live(request: HttpRequest, code: str) -> str:
    """The code of a badge that exists and was not withdrawn; nobody needs the picture of another."""
    throttles.look_ups.check(request)
    try:
        found = badges.read(numbering.read_badge(code))
        if found.withdrawn_at is None:
            return found.code
    except (numbering.NotOurs, badges.BadgeNotFound):
        throttles.look_ups.miss(request)
        raise badges.BadgeNotFound from None
    raise badges.BadgeNotFound


def _not_now(request: HttpRequest, found: check.Verdict) -> HttpResponse:
    verdict = verdicts.verdict(
        found.result,
        who=found.holder,
        sentences=[gettext("This badge cannot be printed now, because its licence is not good today.")],
        checked=answer.checked(found.checked_at, facts.zone(found.record)),
    )
    steps = [
        gettext("Take down every certificate and card that is printed already."),
        gettext("Ask the licensing authority what has to be put right."),
    ]
    context = {"verdict": verdict, "steps": steps}
    return render.page(request, "refusal.html", context, status=409, cache=etags.KEEP_NOT)


def _title(kind: str) -> str:
    titles = {
        "office": gettext("Office of a licensed agency"),
        "appointment": gettext("Works for a licensed agency"),
    }
    return titles.get(kind, gettext("Licence to recruit workers"))


def _also(found: check.Verdict) -> list[str]:
    """Beneath the name: the agency of a person, the name in Latin letters, trading names."""
    holder = found.record.get("holder") or {}
    told = [found.holder] if found.person_name else []
    if (latin := holder.get("latin_name")) and latin != holder.get("name"):
        told.append(latin)
    if names := holder.get("trading_names"):
        told.append(
            gettext("also trades as %(names)s") % {"names": written.listed(map(written.isolated, names))}
        )
    return told


def _facts(found: check.Verdict) -> list[Fact]:
    """What stays true for as long as the paper hangs there: number, office, kind of work."""
    told = [Fact(gettext("Licence"), found.licence, ltr=True, code=True)]
    if (person := found.person) and person.get("role"):
        told.append(Fact(gettext("Works as"), facts.role(str(person["role"]))))
    if found.office:
        told += facts.offices({"offices": [found.office]})
    return told
