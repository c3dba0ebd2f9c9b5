"""What somebody typed into a form and has not sent: kept as a draft of their own, and not lost with the language.

The buttons that change the language belong to the page's form (``id="typed"``), so that what is in it comes along
without a script: a form that has drafts is kept as one, any other is shown again as it was typed, judged by nobody.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext

from api import drafts
from api.desk import tongue
from api.models import FormDraft
from api.pages import written
from api.pages.languages import every

R = TypeVar("R", bound=HttpResponseBase)
ELEMENT: Final = "typed"
"""The id of the form that the buttons of the languages send."""
TONGUE: Final = "tongue"
"""What those buttons are called."""


@runtime_checkable
class Drafted(Protocol):
    """A form that can begin with what was typed; see ``desk.forms.Form`` for what its names mean."""

    draft: str
    enters: str
    element: str

    def resume(self, kept: FormDraft | None, *, zone: str = "UTC") -> None:
        """Begin with what was typed; ``zone`` is where it was."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """What ``owner`` (an officer's number, an account's name) typed at the page of ``request``.

    ``zone`` says in whose local time, when there is something to say it of.
    """

    request: HttpRequest
    owner: str
    at: datetime
    zone: Callable[[], str]

    def held(self, name: str) -> FormDraft | None:
        """The draft of the form of that name."""
        return drafts.held(self.owner, self._place(name))

    def show(self, forms: Iterable[object]) -> None:
        """Begin the forms with their drafts."""
        for form in forms:
            if isinstance(form, Drafted) and form.draft and (kept := self.held(form.draft)):
                form.resume(kept, zone=self.zone())

    def keep(self) -> HttpResponse:
        """Keep what was sent as a draft, or forget it; the script that asks gets no page."""
        place, wanted = self._place(self.request.POST.get("draft", "")), self.request.POST.get("keep")
        if wanted == "forget":
            drafts.drop(self.owner, place)
            told = gettext("The draft is forgotten.")
        else:
            drafts.keep(self.owner, place, dict(self.request.POST.lists()), at=self.at)
            told = gettext("Kept as a draft. Nobody but you reads it.")
        if "X-Draft" in self.request.headers:
            return HttpResponse(status=204)
        if TONGUE not in self.request.POST:
            messages.success(self.request, told)
        return HttpResponseRedirect(self.request.get_full_path())

    def filed(self) -> None:
        """Forget the draft of the form that was sent."""
        if name := self.request.POST.get("draft"):
            drafts.drop(self.owner, self._place(name))

    def _place(self, name: str) -> str:
        return f"{self.request.path} {name}"


def around(unsent: Unsent, view: Callable[[], R]) -> R | HttpResponse:
    """The answer to somebody at a page: a draft is kept, and forgotten once its form has led on."""
    request = unsent.request
    drafted = "draft" in request.POST
    if request.method == "POST" and ("keep" in request.POST or (drafted and language(request))):
        return unsent.keep()
    if language(request):
        carry(request)
    answer = view()
    if request.method == "POST" and isinstance(answer, HttpResponseRedirect):
        unsent.filed()
    return answer


def language(request: HttpRequest) -> str:
    """The language that a button of the page's form asks for; nothing where another button sent it."""
    asked = request.POST.get(TONGUE, "") if request.method == "POST" else ""
    return asked if tongue.spoken(asked) else ""


def carry(request: HttpRequest) -> None:
    """Make a read of this request, whose page shows again what was typed (:func:`draw`)."""
    request.carried = dict(request.POST.lists())  # type: ignore[attr-defined]
    request.method, request.POST = "GET", QueryDict()


def sent(request: HttpRequest) -> bool:
    """Whether the page's own form was sent, by whichever of its buttons."""
    return request.method == "POST" or hasattr(request, "carried")


def draw(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """A page whose buttons of the languages send the form on it: the first with drafts, else the first there is.

    What they brought is shown in it again. A page that has such a form and does not show it has buttons of its own.
    """
    around: dict[str, Any] = {"tongues": every(), "typed": ""}
    forms = [form for form in context.values() if isinstance(form, Drafted)]
    if forms:
        form = next((one for one in forms if one.draft), forms[0])
        form.element = around["typed"] = ELEMENT
        around["enters"] = form.enters
        if carried := getattr(request, "carried", None):
            form.resume(FormDraft(fields=drafts.lasting(carried)))
    page = render(request, template, {**around, **context}, status=status)
    if around["typed"] and f'id="{ELEMENT}"'.encode() not in page.content:
        page = render(request, template, {**around, **context, "typed": ""}, status=status)
    return page


def when(kept: FormDraft, zone: str) -> str:
    """When a draft was kept, in local time and with the name of the place."""
    if kept.kept_at is None:
        return ""
    return f"{written.moment(kept.kept_at, zone)} ({written.zone_name(zone)})"


def returning(request: HttpRequest, home: str) -> str:
    """Where to go on after signing in: the page that was asked for, or whose form was sent and has a draft."""
    reads = request.method in {"GET", "HEAD"}
    return request.get_full_path() if reads or "draft" in request.POST else home
