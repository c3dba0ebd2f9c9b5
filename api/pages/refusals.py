"""Pages that say no, and that say it plainly: not in this register, asked too often, could not check.

A page that cannot be made because the register cannot be reached is a page that was made when the process started
(rulings 28): grey, 503, in the reader's language, and never green.
"""

import functools
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext, override

from api import connections, early_warning, etags, labels, problems
from api.pages import asking, languages, originals, render, verdicts, wording, written
from registry.rules import errors

_log = logging.getLogger("api.pages")
_READ = ("GET", "HEAD", "OPTIONS")
_ASK = ("POST", "OPTIONS")
_IN_VAIN = frozenset({"licence.not_found", "licence.mistyped"})

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """A page that reads and nothing else, in the reader's language, and that refuses with a page of its own."""
    return _guarded(view, _READ)


def asked(view: View) -> View:
    """As :func:`guarded`, for a form that asks by POST, so that what was typed stands in no address."""
    return _guarded(view, _ASK)


def _guarded(view: View, methods: tuple[str, ...]) -> View:
    @functools.wraps(view)
    def page(request: HttpRequest, **path: str) -> HttpResponse:
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        language = languages.of(request)
        request.language = language  # type: ignore[attr-defined]
        with override(language):
            try:
                return connections.read(lambda: view(request, **path))
            except errors.NotFound as missing:
                return not_found(request, missing.code, typed=next(iter(path.values()), ""))
            except problems.Refusal as refusal:
                return refused(request, refusal)
            except (OperationalError, InterfaceError):
                _log.exception("database unreachable")
                return could_not_check(request)
            except Exception:  # noqa: BLE001 - whatever breaks, a reader gets a grey page and never a green one
                _log.exception("page broken")
                return could_not_check(request, status=500)

    return page


def not_found(request: HttpRequest, code: str, *, typed: str = "") -> HttpResponse:
    """The page for something that is not in this register; ``typed`` stands in the box to be corrected."""
    reason = code if code in wording.BECAUSE else "licence.not_found"
    result = "ambiguous" if code == "licence.ambiguous" else "not_found"

    def sentences() -> list[str]:
        own = wording.MISSING.get(code)
        return [gettext(own)] if own else wording.sentences([reason], {})

    context = _said(result, sentences, lambda: wording.steps(result, [reason]))
    context["ask"] = asking.box(request, typed)
    if code in _IN_VAIN:
        number = early_warning.of_number(typed).code
        context["where"] = asking.where(number, languages.kept(request))
    return render.page(request, "refusal.html", context, status=404, cache=etags.KEEP_NOT)


def refused(request: HttpRequest, refusal: problems.Refusal) -> HttpResponse:
    """The page for what the edge itself refuses: grey, for nothing was checked."""
    kind = problems.KINDS.get(refusal.code, problems.KINDS["server.error"])
    context = _unreachable()
    if isinstance(wait := refusal.facts.get("retry_after"), int):
        context = _said(
            "unknown",
            lambda: [_wait(wait), gettext("This says nothing about the agency, good or bad.")],
            lambda: wording.steps("unknown", ["register.unreachable"])[1:],
        )
    response = render.page(request, "refusal.html", context, status=kind.status, cache=etags.KEEP_NOT)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def _wait(seconds: int) -> str:
    """How long to wait, in the measure that people count in."""
    if seconds > 90:
        told = {"minutes": written.number(-(-seconds // 60))}
        return gettext("You have asked very often. Wait %(minutes)s minutes and ask again.") % told
    return gettext("You have asked very often. Wait %(seconds)s seconds and ask again.") % {
        "seconds": written.number(seconds)
    }


def could_not_check(request: HttpRequest, status: int = 503) -> HttpResponse:
    """The page that was made at the start, for when nothing else can be made."""
    language = languages.of(request)
    response = render.send(request, _made(language), language, status=status, cache=etags.KEEP_NOT)
    response["Retry-After"] = "30"
    return response


def prepare() -> None:
    """Make the page for every language now, while the disk, the templates and the catalogues are there."""
    for language in labels.languages():
        _made(language)


def broken(request: HttpRequest) -> HttpResponse:
    """The same page for a bug of ours outside any page (``handler500``)."""
    return could_not_check(request, status=500)


def made() -> dict[str, str]:
    """That page in every language, as HTML that stands alone: for a proxy, for when this process can not answer."""
    return {language: _made(language) for language in labels.languages()}


def nothing_here(request: HttpRequest) -> HttpResponse:
    """The page for an address that does not exist."""
    with override(languages.of(request)):
        context = _said(
            "unknown",
            lambda: [
                gettext("There is no page at this address, so nothing was checked."),
                gettext("This says nothing about the agency, good or bad."),
            ],
            lambda: [
                gettext("If the address is on a badge or a paper, read it again, letter by letter."),
                gettext("Or type the code, the number or the name below."),
            ],
        )
        context["ask"] = asking.box(request, "")
        return render.page(request, "refusal.html", context, status=404, cache=etags.KEEP_NOT)


def _unreachable() -> dict[str, Any]:
    """The page's texts where nothing could be checked."""
    reason = ["register.unreachable"]
    return _said("unknown", lambda: wording.sentences(reason, {}), lambda: wording.steps("unknown", reason))


def _said(result: str, sentences: Callable[[], list[str]], steps: Callable[[], list[str]]) -> dict[str, Any]:
    """The page's texts in the language that is active, and their original beside them."""

    def safety() -> originals.Safety:
        return originals.Safety(verdicts.row(result).word, sentences(), steps())

    return {
        "verdict": verdicts.verdict(result, sentences=sentences()),
        "steps": steps(),
        "original": originals.beside(safety),
    }


@cache
def _made(language: str) -> str:
    with override(language):
        return render.markup("refusal.html", {**_unreachable(), "page": render.frame(language)})
