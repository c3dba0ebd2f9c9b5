"""The intake door: takes the forms of ``/report``, with files, from anybody, without a session or a cookie.

Whatever goes wrong, the form comes back with everything that was typed in it: refused, too often, too large, or the
database away. A second press of a button, or a retry after an answer that was lost, adds nothing and shows the same.
"""

import functools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.urls import URLPattern, path
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt

from api import connections, documents, evidence, problems, throttles
from api.evidence import Made
from api.pages import concerns as pages
from api.pages import languages
from api.pages.concerns import EnterForm, LetterForm, ReportForm
from registry import clock
from registry.remedy import intake, published
from registry.remedy.published import Office
from registry.rules import errors
from verification import check

REPORTS: Final = throttles.Limit("reports", burst=20, per_second=1 / 180)
"""Reports and letters of one client: a whole hostel may share an address."""
VISITS: Final = throttles.Limit("report visits", burst=30, per_second=1 / 20)
"""Tries of code and PIN of one client; those of one report are counted by the register."""
_log = logging.getLogger("api.desk")
_known: list[Office] = []
"""The authorities as they were last read, for the help lines of a form that comes back while the register is away."""

View = Callable[[HttpRequest], HttpResponse]


def _open(view: View) -> View:
    """A page for anybody who sends one of our forms, in the language that the form was in."""

    @csrf_exempt
    @functools.wraps(view)
    def enter(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:  # a reload, or a link that somebody kept
            on = "/report" if request.path == "/report" else "/report/status"
            return HttpResponseRedirect(f"{pages.home()}{on}{languages.kept(request)}")
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        request.upload_handlers = [evidence.Upload(request)]
        with override(languages.of(request)):
            try:
                request.POST  # noqa: B018 - reads the body, which may be refused as a whole
            except (RequestDataTooBig, TooManyFilesSent):
                return pages.too_large_page(request)
            except (MultiPartParserError, SuspiciousOperation):
                return HttpResponse(status=400, content_type="text/plain")
            response = view(request)
        response["Cache-Control"] = "no-store"
        return response

    return enter


@_open
def report(request: HttpRequest) -> HttpResponse:
    """Take a concern in: its code and PIN, or the form as it was typed with what is wrong."""
    offices, away = _offices()
    form = ReportForm(offices, request.POST)
    no = No()
    if not _from_us(request):
        no = No("elsewhere", status=403)
    elif away:
        no = No("unreachable", status=503)
    elif form.is_valid():
        try:
            answer = _tried(request, lambda made: _filed(request, form, made, offices))
        except errors.RegistryError as refusal:
            field = str(refusal.facts.get("field", ""))
            form.add_error(field if field in form.fields else None, pages.refusal(_why(refusal)))
        else:
            if isinstance(answer, HttpResponse):
                return answer
            no = answer
    page = pages.form_page(request, _keyed(form), offices, problems=no.told, status=no.status)
    return no.with_headers(page)


@_open
def visit(request: HttpRequest) -> HttpResponse:
    """Open a report with its code and PIN."""
    form = EnterForm(request.POST)
    no = No("wrong")
    if not _from_us(request):
        no = No("elsewhere", status=403)
    elif form.is_valid():
        try:
            throttles.take(request, VISITS)
            found = intake.enter(form.cleaned_data["code"], form.cleaned_data["pin"], at=clock.now())
            return pages.status_page(request, found, LetterForm())
        except problems.Refusal as refusal:
            no = _too_often(refusal)
        except errors.TriesUsedUp as refusal:
            no = No("tries", status=429, minutes=-(-int(refusal.facts["retry_after"]) // 60))
        except errors.ConcernNotFound:
            pass
        except (OperationalError, InterfaceError):
            _log.exception("database unreachable")
            no = No("unreachable", status=503)
    page = pages.enter_page(request, form, problem=" ".join(no.told), status=no.status)
    return no.with_headers(page)


@_open
def letter(request: HttpRequest) -> HttpResponse:
    """Add a letter of the person, and show the report with it."""
    form, ticket = LetterForm(request.POST), str(request.POST.get("ticket", ""))[:200]
    try:
        found = connections.read(lambda: intake.again(ticket, at=clock.now()))
    except errors.ConcernNotFound:
        return pages.enter_page(request, EnterForm(), problem=pages.refusal("late"), text=form, status=422)
    except (OperationalError, InterfaceError):
        _log.exception("database unreachable")
        told = pages.refusal("unreachable")
        return pages.enter_page(request, EnterForm(), problem=told, text=form, status=503)
    no = No()
    if not _from_us(request):
        no = No("elsewhere", status=403)
    elif form.is_valid():
        try:
            answer = _tried(request, lambda made: _replied(request, form, made))
        except errors.ConcernForgotten:
            no = No("forgotten")
        except errors.RegistryError as refusal:
            no = No(_why(refusal))
        else:
            if isinstance(answer, HttpResponse):
                return answer
            no = answer
    return no.with_headers(pages.status_page(request, found, form, problems=no.told, status=no.status))


def _why(refusal: errors.RegistryError) -> str:
    """Which of our sentences says what the register says."""
    most = refusal.facts.get("most")
    return "nothing" if most is None else "full" if most == intake.MOST_REPLIES else "long"


class No:
    """Why a form was not taken: sentences, status and headers; without a word, its fields say it."""

    def __init__(
        self, *why: str, status: int = 422, headers: Mapping[str, str] | None = None, **facts: Any
    ) -> None:
        """Say each of ``pages.REFUSED`` and ``pages.FILES`` in the reader's language."""
        self.told = [pages.refusal(one, **facts) for one in why]
        self.status, self.headers = status, dict(headers or {})

    def with_headers(self, page: HttpResponse) -> HttpResponse:
        """The page with them."""
        for name, value in self.headers.items():
            page[name] = value
        return page


def _tried(request: HttpRequest, work: Callable[[Sequence[Made]], HttpResponse]) -> HttpResponse | No:
    """The answer of ``work`` on the files of the request made anew; or why it was not done, and nothing was kept."""
    try:
        throttles.take(request, REPORTS)  # before files are looked at, which is work
        made, no = _made(request)
        return no if no.told else work(made)
    except problems.Refusal as refusal:
        return _too_often(refusal)
    except errors.RegistryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever breaks, nobody's words are lost
        _log.exception("a report was refused")
        return No("unreachable", status=503 if isinstance(error, OperationalError | InterfaceError) else 500)


def _replied(request: HttpRequest, form: LetterForm, made: Sequence[Made]) -> HttpResponse:
    """Add what the form says, and show the report with it."""
    now, said = clock.now(), form.cleaned_data
    key = said["key"] or _fresh(form)
    with evidence.stored(made, key=_told(form, key)) as files:
        intake.reply(said["ticket"], said["text"], key=key, files=files, at=now)
    return pages.status_page(request, intake.again(said["ticket"], at=now), LetterForm(), sent=True)


def _filed(
    request: HttpRequest, form: ReportForm, made: Sequence[Made], offices: Sequence[Office]
) -> HttpResponse:
    """File what the form says, and show the receipt."""
    now, said = clock.now(), dict(form.cleaned_data)
    key = said.pop("key") or _fresh(form)
    categories = tuple(said.pop("categories"))
    meant = intake.Report(
        **said, categories=categories, language=languages.of(request), licence=_licence(said["whom"])
    )
    with evidence.stored(made, key=_told(form, key)) as files:
        receipt = intake.file(meant, key=key, files=files, at=now)
    chosen = [one for one in offices if one.code == meant.authority]
    return pages.receipt_page(
        request, code=receipt.code, pin=receipt.pin, urgent=receipt.urgent, offices=chosen or offices
    )


def _licence(whom: str) -> str:
    """The licence that somebody names by its number or by a badge's code; nothing where it is neither."""
    if (meant := published.licence_meant(whom)) is not None:
        return meant[0]
    with suppress(errors.RegistryError):
        return check.verdict(whom, at=clock.now()).licence or ""
    return ""


def _made(request: HttpRequest) -> tuple[list[Made], No]:
    """The files made anew, or what is wrong with them."""
    sent: list[UploadedFile[Any]] = request.FILES.getlist("files")
    if documents.was_too_large(request):
        return [], No("size")
    if len(sent) > intake.MOST_FILES:
        return [], No("many")
    made: list[Made] = []
    no = No()
    for one in sent:
        try:
            made.append(evidence.made_anew(one))
        except evidence.NotTaken as refused:
            no.told.append(pages.refusal(refused.why, name=refused.name[:80]))
    return made, no


def _told(form: ReportForm | LetterForm, key: str) -> str:
    """A form and all that it says."""
    said = {name: value for name, value in form.cleaned_data.items() if name not in {"key", "ticket"}}
    return json.dumps([key, said], sort_keys=True)


def _fresh(form: ReportForm | LetterForm) -> str:
    """A key for a form that came without one."""
    return str(form.fields["key"].initial)


def _keyed(form: ReportForm) -> ReportForm:
    """The form as it was sent; one that came without a key gets one, so that its next sending is counted once."""
    if not form.data.get("key"):
        typed = QueryDict(mutable=True)
        typed.update(form.data)
        typed["key"] = _fresh(form)
        form.data = typed
    return form


def _too_often(refusal: problems.Refusal) -> No:
    wait = int(refusal.facts.get("retry_after", 60))
    return No("often", status=429, headers=refusal.headers, minutes=-(-wait // 60))


def _offices() -> tuple[Sequence[Office], bool]:
    """The authorities, and whether the register is away: then as they were last read."""
    try:
        found = connections.read(lambda: published.offices(at=clock.now()))
    except (OperationalError, InterfaceError):
        _log.exception("database unreachable")
        return tuple(_known), True
    _known[:] = found
    return found, False


def _from_us(request: HttpRequest) -> bool:
    """Whether a page of ours sent this, as the browser says (Fetch Standard: Origin, Sec-Fetch-Site).

    A browser that says neither is old, and no other site's tool: it is let in.
    """
    origin, site = request.headers.get("Origin", ""), request.headers.get("Sec-Fetch-Site", "")
    if origin and origin != "null":
        return origin in {pages.home(), pages.door()}
    return site in {"same-origin", "same-site", "none"} or (not origin and not site)


urlpatterns: list[URLPattern] = [
    path("report", report, name="concern-report"),
    path("report/status", visit, name="concern-visit"),
    path("report/letters", letter, name="concern-letter"),
]
