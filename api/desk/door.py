"""How an officer comes into a room of the desk, and what comes back: pages, and a no that is a page too.

A room is a function of a :class:`Visit` behind :func:`room`. Nobody enters who is not signed in with a second
factor, is no officer any more, or has none of the roles. Whatever the register refuses becomes a page: a record of
another authority is not there, so that numbers can not be walked.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from api import auth, problems
from api.desk import navigation, refusals, roll, tongue, unsent
from api.desk.unsent import Unsent
from api.models import User
from api.pages import languages
from registry import clock, dossier
from registry.rules import second_factor
from registry.rules.errors import (
    AgencyMerged,
    AuthorityNotFound,
    NotAllowed,
    NotFound,
    OutsideAuthority,
    RegistryError,
    RoleNotAllowed,
)
from registry.rules.lifecycle import Actor, Role

HOME: Final = "/desk/"
_READ: Final = ("GET", "HEAD")
_log = logging.getLogger("api.desk")
P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


@dataclass(frozen=True, slots=True)
class Visit:
    """An officer in a room: who, when (the clock is asked once a request), and the request itself."""

    request: HttpRequest
    by: Actor
    at: datetime

    @property
    def fresh(self) -> bool:
        """Whether the second factor was given within the last five minutes, as a decision needs it."""
        return second_factor.is_fresh(self.by.second_factor_at, at=self.at)

    def page(self, template: str, title: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """The page of ``desk/<template>`` with the list of rooms around it, and the officer's drafts in its forms."""
        if self.request.method in _READ:
            self.unsent.show(context.values())
        return draw(self.request, template, title, {"visit": self, **context}, by=self.by, status=status)

    @property
    def unsent(self) -> Unsent:
        """What the officer typed here and did not send."""
        return Unsent(self.request, self.by.number, self.at, lambda: self.zone)

    @property
    def zone(self) -> str:
        """Where the officer's authority is; UTC for who belongs to none that the register has yet."""
        code, known = self.by.authority, getattr(self.request, "zone", "")
        if not known:
            known = "UTC"
            if code:
                with suppress(AuthorityNotFound):
                    known = str(dossier.authority(code, at=self.at)["zone"])
            self.request.zone = known  # type: ignore[attr-defined]
        return known

    def go(self, route: str, *args: Any, told: str = "") -> HttpResponse:
        """Send the officer to another page of the desk after a write, with a word that it shows once."""
        if told:
            messages.success(self.request, told)
        return HttpResponseRedirect(resolve_url(route, *args))


def room(
    *roles: Role, of: str = "", methods: Iterable[str] = _READ
) -> Callable[
    [Callable[Concatenate[Visit, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """A view that only officers with a second factor enter, and of them those with one of ``roles``.

    ``of``: the route in ``navigation.ROOMS`` whose roles these are; without either, every officer. ``methods``: what
    the room answers beside a read; a write must carry the token of our own form.
    """
    admitted = frozenset(roles) or _admitted(of)

    def behind(
        view: Callable[Concatenate[Visit, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            turned = _turned_away(request)
            if turned is not None:
                return turned
            visit = Visit(request, auth.actor(request), clock.now())
            if not visit.by.roles & admitted:
                return refused(request, RoleNotAllowed(), by=visit.by)
            with roll.page():
                return unsent.around(visit.unsent, lambda: view(visit, *args, **kwargs))

        return answering(wraps(view)(enter), methods=methods, refuse=refused)

    return behind


def answering(
    view: Callable[Concatenate[HttpRequest, P], R],
    *,
    methods: Iterable[str],
    refuse: Callable[[HttpRequest, Exception], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
    """A page on this host: reads and ``methods`` alone, kept by nobody, and ``refuse`` makes a page of every no."""
    answered = frozenset({*_READ, *methods})

    @wraps(view)
    def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        if request.method not in answered:
            return HttpResponseNotAllowed(sorted(answered))
        response: R | HttpResponse
        language = unsent.language(request)
        try:
            with translation.override(language) if language else nullcontext():
                response = view(request, *args, **kwargs)
        except (RegistryError, problems.Refusal, OperationalError, InterfaceError) as error:
            response = refuse(request, error)
        response["Cache-Control"] = "no-store"
        tongue.give(request, response)
        if language:
            tongue.choose(request, response, language)
        return response

    return enter


def open_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    *,
    refuse: Callable[[HttpRequest, Exception], HttpResponse] | None = None,
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page that whoever is not (wholly) signed in may see: sign-in, an invitation, the second factor.

    A button of the languages sends its form, and does nothing but show it again: nobody signs in by it.
    """

    @wraps(view)
    def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if unsent.language(request):
            unsent.carry(request)
        return view(request, *args, **kwargs)

    return answering(enter, methods=("POST",), refuse=refuse or refused)


def draw(
    request: HttpRequest,
    template: str,
    title: str,
    context: Mapping[str, Any],
    *,
    by: Actor | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page of the desk; without an officer it has no list of rooms."""
    around = {
        **frame(title),
        "rooms": navigation.open_to(by) if by else (),
        "by": by,
    }
    return unsent.draw(request, f"desk/{template}", {**context, **around}, status=status)


def frame(title: str) -> dict[str, str | bool]:
    """What every page of this host has around it: its title, its language with its direction, and a demo's mark."""
    language = get_language() or "en"
    direction = languages.direction(language)
    return {"title": title, "language": language, "direction": direction, "demo": settings.REGISTRY_DEMO}


def in_language(request: HttpRequest, *, home: str = HOME) -> HttpResponse:
    """Go back to the page that asked, in the language chosen there."""
    response = HttpResponseRedirect(_came_from(request, home))
    tongue.choose(request, response, request.POST.get("language", ""))
    return response


def refused(request: HttpRequest, error: Exception, *, by: Actor | None = None) -> HttpResponse:
    """The page for a no: what it means and the way back. It never says whether another authority has such a record."""
    code, facts, sentence = "server.error", {}, ""
    if isinstance(error, AgencyMerged) and request.method in _READ:
        return HttpResponseRedirect(problems.led_on(request.get_full_path(), error))
    if isinstance(error, problems.Refusal):
        code, facts = error.code, error.facts
    elif isinstance(error, NotFound | OutsideAuthority):
        code = "record.not_found"
    elif isinstance(error, RegistryError):
        code, facts = error.code, error.facts
        sentence = refusals.sentence(error) if error.words else ""
    else:
        _log.error("database unreachable", exc_info=error)
        return _bare("register.unreachable")
    told = problems.told(code, facts, family=403 if isinstance(error, NotAllowed) else 409)
    context = {"detail": sentence or told.detail, "home": HOME}
    response = draw(
        request, "refusal.html", told.title, context, by=by or _officer(request), status=told.status
    )
    response["Cache-Control"] = "no-store"
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response


def nothing_here(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    """The page for an address that does not exist (``handler404`` of the desk application)."""
    title = problems.told("route.not_found", {}).title
    response = draw(request, "refusal.html", title, {"home": HOME}, by=_officer(request), status=404)
    response["Cache-Control"] = "no-store"
    return response


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The page for a bug of ours (``handler500``): it says nothing about us."""
    return _bare("server.error")


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a write without our form's token (``CSRF_FAILURE_VIEW``): a page here, a problem elsewhere."""
    if request.path_info.startswith(HOME):
        return refused(request, problems.Refusal("request.forgery"))
    return auth.forged(request, reason)


def onward(request: HttpRequest, *, home: str = HOME) -> str:
    """Where ``next`` asks to go afterwards, if that is a page below ``home``; else ``home``, its first page."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = asked.startswith(home) and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if safe else home


def signed_in(request: HttpRequest) -> User | None:
    """The account of the session, half open or not."""
    return request.user if isinstance(request.user, User) else None


def _came_from(request: HttpRequest, home: str) -> str:
    """The page of ours on which the form was sent, else ``home``."""
    asked = urlsplit(request.META.get("HTTP_REFERER", ""))
    back = f"{asked.path}?{asked.query}" if asked.query else asked.path
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if asked.netloc == request.get_host() and back.startswith(home) and safe else home


def _bare(code: str) -> HttpResponse:
    """A no for which neither the database nor the session is asked: either may be what is broken."""
    told = problems.told(code, {})
    page = render_to_string("desk/refusal.html", {**frame(told.title), "detail": told.detail, "home": HOME})
    return HttpResponse(page, status=told.status, headers={"Cache-Control": "no-store"})


def _admitted(route: str) -> frozenset[Role]:
    if not route:
        return navigation.EVERYBODY
    return next(one.roles for one in navigation.ROOMS if one.route == route)


def _turned_away(request: HttpRequest) -> HttpResponse | None:
    """Where to send who is not signed in, or only half; nothing for who may come in."""
    back = unsent.returning(request, HOME)
    user = signed_in(request)
    if user is None:
        route = "desk-sign-in"
    elif request.session.get(auth.SECOND_FACTOR):
        return None
    else:
        route = "desk-second-factor" if auth.has_second_factor(user) else "desk-set-up"
    query = f"?{urlencode({'next': back})}" if back != HOME else ""
    return HttpResponseRedirect(resolve_url(route) + query)


def _officer(request: HttpRequest) -> Actor | None:
    """Who is refused, for the list of rooms at the side; nobody when not even that can be read."""
    try:
        whole = signed_in(request) is not None and request.session.get(auth.SECOND_FACTOR)
        return auth.actor(request) if whole else None
    except (RegistryError, problems.Refusal, OperationalError, InterfaceError):
        return None
