"""``/scan``: reads a badge with the camera, and judges it without a network by lists that were fetched beforehand.

The page is the same for everybody and holds nothing of the register: words, shapes and colours of the one verdict table
(:mod:`verification.verdicts`), and the addresses of the lists that its scripts fetch and verify. Online a badge of ours
is only led to its answer, ``/v/{code}``; green is found there alone. A service worker keeps the page for when there is
no network, and nothing else (``docs/scanner.md``). Without a script it is the box to type the code into.
"""

import json
from functools import lru_cache
from itertools import product
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.html import json_script
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from api import etags, labels
from api.pages import asking, languages, marks, refusals, render, sheet, verdicts, wording, written
from api.pages.languages import gettext
from verification import verdicts as table
from verification.offline import Reason
from verification.verdicts import Reach, Result, Word

SHELL: Final = "/scan"
_WORKER: Final = (render.FOLDER / "static" / "pages" / "worker.js").read_text("utf-8")
_KEEPING: Final = ("verify.js", "trust.js", "lists.js")
_SCRIPTS: Final = (*_KEEPING, "scan.js")
_READER: Final = "vendor/qr-decode.js"
_WORKER_POLICY: Final = "default-src 'none'; connect-src 'self'; script-src 'self'"

#: The word of an answer that was found without asking the register; the others are those of every answer.
WORDS: Final = {
    Word.GENUINE_AS_OF: _("Genuine badge"),
    Word.LIMITED_CHECK_ONLINE: _("Licensed with limits"),
    Word.NOT_LICENSED_AS_OF: labels.RESULTS["not_licensed"],
    Word.CHECK_ONLINE: _("Check online"),
}

_CLOCK: Final = _("The clock of this phone is wrong. Set it right, then scan again.")
_FALSE: Final = _("The licensing authority did not make this badge.")
_STRANGER: Final = _("This phone does not know who made this badge. Go online and scan again.")
_ONLINE_ONLY: Final = _("This badge can only be checked online.")
_NO_STATUS: Final = _(
    "The badge is genuine. But this phone cannot tell whether the licence is still good. Go online."
)
_NO_TRUST: Final = _("This phone does not have what it needs to check badges without a network. Go online.")

#: What each reason of the offline verifier means. ``%(when)s``: when the status list was made; ``%(host)s``: where
#: the code leads.
BECAUSE: Final[dict[Reason, str]] = {
    Reason.TRUST_MISSING: _NO_TRUST,
    Reason.TRUST_EXPIRED: _NO_TRUST,
    Reason.TRUST_NOT_YET: _CLOCK,
    Reason.HOST_UNKNOWN: _("This code leads to %(host)s. That is not this register. Do not open it."),
    Reason.TOKEN_MISSING: _(
        "This code can only be checked online. Without a network, scan the large square code."
    ),
    Reason.TOKEN_MALFORMED: _FALSE,
    Reason.TOKEN_FORGED: _FALSE,
    Reason.TOKEN_NOT_LOGGED: _FALSE,
    Reason.ISSUER_UNKNOWN: _FALSE,
    Reason.KEY_UNKNOWN: _FALSE,
    Reason.KEY_WRONG_USE: _FALSE,
    Reason.KEY_NOT_IN_USE: _FALSE,
    Reason.KEY_COMPROMISED: _ONLINE_ONLY,
    Reason.CODE_MISMATCH: _("Parts of this badge come from another badge."),
    Reason.BADGE_NOT_YET: _CLOCK,
    Reason.BADGE_PRINT_OLD: _("This print is old. Check it online."),
    Reason.STATUS_MISSING: _NO_STATUS,
    Reason.STATUS_MALFORMED: _NO_STATUS,
    Reason.STATUS_NOT_GENUINE: _NO_STATUS,
    Reason.STATUS_OTHER_LIST: _NO_STATUS,
    Reason.STATUS_OUT_OF_RANGE: _NO_STATUS,
    Reason.STATUS_NOT_YET: _CLOCK,
    Reason.STATUS_EXPIRED: _NO_STATUS,
    Reason.STATUS_OLD: _("What this phone knows is from %(when)s. That is too old to rely on. Go online."),
    Reason.STATUS_VALID: _("The licence was good at this time: %(when)s. Go online to see if it still is."),
    Reason.STATUS_INVALID: _("The licence or this badge is not good."),
    Reason.STATUS_SUSPENDED: _(
        "The licence is stopped for a time. While it is, the agency must not recruit."
    ),
    Reason.STATUS_LIMITED: _(
        "This licence is not good for everything. Go online to see what it is good for."
    ),
}

#: The same reasons where the verifier can not tell: a newer list may know the maker.
DOUBTFUL: Final = {Reason.ISSUER_UNKNOWN: _STRANGER, Reason.KEY_UNKNOWN: _STRANGER}

#: Said only where nothing else is: beside an old list it would read as a yes.
FAVOURABLE: Final = (Reason.STATUS_VALID,)

_UNTIL_THEN: Final = wording.STEPS_FOR["register.unreachable"][1]
_COMPARE: Final = _("Compare the name with the people in front of you. A badge can be copied.")
_GO_ONLINE: Final = _("Go online and scan the badge again.")

#: What the page says of itself.
SAYS: Final = {
    "aim": _("Hold the square code of the badge inside the frame."),
    "slow": _("No code found yet. Go nearer, find more light, or use a photo of the code."),
    "no_camera": _("The camera cannot be used. Use a photo of the code, or type the code below."),
    "no_code": _("No code can be read in this photo. Go nearer, and hold the phone still."),
    "no_reader": _("This phone cannot read codes now. Go online, or type the code below."),
    "too_old": _("This phone is too old to check a badge without a network. Go online."),
    "no_badge": _("This is not the code of a badge."),
    "elsewhere": _("This code leads to another site"),
    "offline": _(
        "You are offline, or the register does not answer. Scan the large square code of the badge here."
    ),
    "nothing": _("Nothing was checked. This says nothing about the agency, good or bad."),
    "list": _("Status list from %(when)s"),
    "no_list": _(
        "This phone has no status list yet. Without a network it cannot tell whether a licence is good."
    ),
    "old_list": _("That is too old to rely on. Go online."),
    "refused": _(
        "A new list was not believed: it is too old, or does not follow the one that this phone has."
    ),
    "clock": _("The clock of this phone is wrong. Set it right, then scan again."),
    "online": _("Check online now"),
    "retry": _("Try again"),
    "other_host": _("Check it at %(host)s"),
    "again": _("Scan another badge"),
    "name": _("Name"),
    "person": _("Person"),
    "licence": _("Licence"),
    "until": _("This print is good until"),
    "steps": _("What to do"),
    "compare": _("Are these the people you met?"),
}


@refusals.guarded
def scanner(request: HttpRequest) -> HttpResponse:
    """The page; the same for everybody who reads its language."""
    reader = render.Reader.of(request)

    def body() -> str:
        context = {
            "looks": _looks(reader.language),
            "told": json_script(_told(reader.language, settings.REGISTRY_HOST), "told"),
            "scripts": [_asset(f"pages/{name}") for name in _SCRIPTS],
            "icon": _asset("pages/icon-192.png"),
            "ask": asking.box(request, ""),
            "page": render.frame(
                reader.language, chosen=reader.chosen, request=request, styles=sheet.SCANNER
            ),
        }
        return render.markup("scan.html", context)

    tag = render.tag(reader, "scan", settings.REGISTRY_HOST, settings.REGISTRY_DEMO)
    return render.told(reader, body, tag=tag, cache=etags.ASK_AGAIN, styles=sheet.SCANNER).response()


def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: another text, and so another worker, with each edition of what it keeps."""
    assets = [_asset(f"pages/{name}") for name in (*_SCRIPTS, "icon-192.png")] + [_asset(_READER)]
    told = {
        "edition": render.edition(),
        "shell": SHELL,
        "assets": assets,
        "keeps": [_asset(f"pages/{name}") for name in _KEEPING],
        **_where(settings.REGISTRY_HOST),
    }
    body = f"const TOLD = {json.dumps(told)};\n{_WORKER}".encode()
    headers = {
        "ETag": etags.strong(body),
        "Cache-Control": etags.ASK_AGAIN,
        "Content-Security-Policy": _WORKER_POLICY,
    }
    if etags.matches(request.headers.get("If-None-Match", ""), headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="text/javascript; charset=utf-8", headers=headers)


def manifest(request: HttpRequest) -> HttpResponse:
    """What a telephone wants to know to put the scanner on its home screen (W3C, Web Application Manifest)."""
    language = languages.of(request)
    with override(language):
        name = translated("Licence check")
    stated = {
        "id": SHELL,
        "name": name,
        "short_name": name,
        "lang": language,
        "dir": languages.direction(language),
        "start_url": SHELL + languages.kept(request),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f6f4",
        "theme_color": "#0f4273",
        "icons": [
            _icon("icon-192", 192), _icon("icon-512", 512), _icon("icon-maskable", 512, purpose="maskable"),
        ],
    }  # fmt: skip
    headers = {"Cache-Control": etags.RELEASE, "Vary": "Accept-Language"}
    body = json.dumps(stated, ensure_ascii=False)
    return HttpResponse(body, content_type="application/manifest+json", headers=headers)


def _icon(name: str, side: int, **more: str) -> dict[str, str]:
    return {"src": _asset(f"pages/{name}.png"), "sizes": f"{side}x{side}", "type": "image/png", **more}


def _asset(path: str) -> str:
    """The address of a file of ours in this edition: another edition's is never taken for it."""
    return f"{static(path)}?{render.edition()}"


def _looks(language: str) -> list[tuple[str, verdicts.Verdict]]:
    """How every result looks that is reached offline, and how nothing looks; keyed as the verifier says it."""
    found = [("nothing", verdicts.verdict("unknown", sentences=[]))]
    for result, reach in product(Result, (Reach.OFFLINE_FRESH, Reach.OFFLINE_OLD)):
        seen = table.appearance(result, reach)
        tone, theme = verdicts.TONES[seen.colour]
        own = WORDS.get(seen.word)
        word = gettext(own) if own else labels.text("results", seen.word, language)
        look = verdicts.Verdict(tone, theme, marks.drawn(seen.shape), word)
        found.append((f"{result.value} {reach.value}", look))
    return found


def _where(host: str) -> dict[str, str]:
    """Our host as it is printed, and where its lists and the reader of codes are fetched."""
    return {
        "host": host,
        "reader": _asset(_READER),
        "trust": "/.well-known/recruiter-trust-list",
        "lists": "/s",
    }


@lru_cache(maxsize=64)
def _told(language: str, host: str) -> dict[str, Any]:
    """What the scripts are told: addresses, and every text that they may have to say."""
    with override(language):
        return {
            "shell": SHELL,
            "locale": written.tag(language),
            **_where(host),
            "because": {reason.value: gettext(text) for reason, text in BECAUSE.items()},
            "doubtful": {reason.value: gettext(text) for reason, text in DOUBTFUL.items()},
            "favourable": [reason.value for reason in FAVOURABLE],
            "steps": {result.value: [gettext(step) for step in _steps(result)] for result in Result},
            "says": {name: gettext(text) for name, text in SAYS.items()},
        }


def _steps(result: Result) -> tuple[str, ...]:
    """What to do after an answer without a network: where it is none to rely on, go online first."""
    if result is Result.LICENSED:
        return (_COMPARE, *wording.STEPS[result][1:])
    if result in {Result.NOT_LICENSED, Result.NOT_GENUINE}:
        return wording.STEPS[result]
    return (_GO_ONLINE, _UNTIL_THEN)
