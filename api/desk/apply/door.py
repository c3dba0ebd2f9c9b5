"""How an applicant comes in: an account of their own with a second factor, which opens nothing of the desk.

An officer's account opens nothing here. Whatever the register refuses becomes a page; an application of somebody else
is not there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.translation import gettext

from api import auth, problems, throttles
from api.desk import door, refusals, unsent
from api.desk.unsent import Unsent
from api.models import User
from registry import clock, holders
from registry.admission import reading
from registry.rules.errors import NotFound, OutsideAuthority, RegistryError

HOME: Final = "/apply/"
_READ: Final = ("GET", "HEAD")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Visit:
    """An applicant at a page: whose account, when, and the request itself."""

    request: HttpRequest
    user: User
    at: datetime

    @property
    def account(self) -> str:
        """The name under which the register knows the account."""
        return account(self.user)

    @property
    def unsent(self) -> Unsent:
        """What was typed here and not sent."""
        return Unsent(self.request, self.account, self.at, lambda: self.zone)

    @property
    def zone(self) -> str:
        """Where the authority of the account's newest application is, or of its agencies; UTC before there is any."""
        asked = [line.zone for line in reading.of_account(self.account, at=self.at)]
        return next(iter(asked or [one.zone for one in holders.of_account(self.account)]), "UTC")

    def page(self, template: str, title: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """The page of ``apply/<template>``, with the account's drafts in its forms."""
        if self.request.method in _READ:
            self.unsent.show(context.values())
        return draw(self.request, template, title, context, account=self.account, status=status)

    def go(self, route: str, *args: Any, told: str = "") -> HttpResponse:
        """Send the applicant on after a write, with a word that is shown once."""
        if told:
            messages.success(self.request, told)
        return HttpResponseRedirect(resolve_url(route, *args))


def account(user: User) -> str:
    """The name under which the register knows an account."""
    return f"APPLICANT-{user.pk}"


def page(
    *, methods: Iterable[str] = ("POST",), saves: bool = False
) -> Callable[
    [Callable[Concatenate[Visit, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """A view that only an applicant with a second factor enters.

    ``saves``: it saves whatever is sent, also by a button of the languages.
    """

    def behind(
        view: Callable[Concatenate[Visit, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = door.signed_in(request)
            turned = _turned_away(request, user)
            if turned is not None or user is None:
                return turned or HttpResponseRedirect(resolve_url("apply-sign-in"))
            visit = Visit(request, user, clock.now())
            if saves and unsent.language(request):
                return view(visit, *args, **kwargs)
            return unsent.around(visit.unsent, lambda: view(visit, *args, **kwargs))

        return door.answering(wraps(view)(enter), methods=methods, refuse=refused)

    return behind


def open_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page for anybody: signing up and in, and objecting."""
    return door.open_page(view, refuse=refused)


def draw(
    request: HttpRequest,
    template: str,
    title: str,
    context: Mapping[str, Any],
    *,
    account: str = "",
    status: int = 200,
    waits: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A page; with an account it has the way to its applications and out.

    ``waits``: the headers of :func:`spare`, with which it is a 429.
    """
    around = {**door.frame(title), "account": account}
    page = unsent.draw(request, f"apply/{template}", {**context, **around}, status=429 if waits else status)
    for name, value in (waits or {}).items():
        page[name] = value
    return page


def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """The page for a no; it never says whether somebody else has such a record."""
    code, facts, sentence = "register.unreachable", {}, ""
    if isinstance(error, problems.Refusal):
        code, facts = error.code, error.facts
    elif isinstance(error, NotFound | OutsideAuthority):
        code = "application.not_found"
    elif isinstance(error, RegistryError):
        code, facts = error.code, error.facts
        sentence = refusals.sentence(error) if error.words else ""
    told = problems.told(code, facts, family=409)
    response = draw(
        request, "refusal.html", told.title, {"detail": told.detail or sentence}, status=told.status
    )
    response["Cache-Control"] = "no-store"
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a write without our form's token (``CSRF_FAILURE_VIEW``): a page here, the desk's own elsewhere."""
    if request.path_info.startswith(HOME):
        return refused(request, problems.Refusal("request.forgery"))
    return door.forged(request, reason)


def spare(request: HttpRequest, limit: throttles.Limit, form: Form) -> Mapping[str, str]:
    """Take one from the client's bucket for this form: nothing, or the headers of a 429 and the form that says so."""
    try:
        throttles.take(request, limit)
    except problems.Refusal as refusal:
        minutes = -(-int(refusal.facts["retry_after"]) // 60)
        told = gettext("Too much was sent from this connection. Send it again in %(minutes)s minutes.")
        form.add_error(None, told % {"minutes": minutes})
        return refusal.headers
    return {}


def onward(request: HttpRequest) -> str:
    """Where ``next`` asks to go afterwards, if that is a page of ours."""
    return door.onward(request, home=HOME)


def _turned_away(request: HttpRequest, user: User | None) -> HttpResponse | None:
    if user is not None and user.officer_number:
        raise problems.Refusal("request.refused")
    if user is not None and request.session.get(auth.SECOND_FACTOR):
        return None
    if user is None or auth.has_second_factor(user):
        back = unsent.returning(request, HOME)
        query = f"?{urlencode({'next': back})}" if back != HOME else ""
        return HttpResponseRedirect(resolve_url("apply-sign-in") + query)
    return HttpResponseRedirect(resolve_url("apply-set-up"))
