"""The one map from a refusal's code to an HTTP status and RFC 9457 problem details.

A refusal that is not in this map is a bare 500 that says nothing about us. Every code here has a line in
``docs/errors.md``, which is rendered from this table. Only the facts that a kind names in ``shows`` leave the
house through a public door; officials also read the sentence and the facts that the register gave them.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext, override

from api.problem_kinds import BY_STATUS, KINDS, Kind
from registry.rules.errors import (
    AgencyMerged,
    BadInput,
    NotAllowed,
    NotFound,
    OutsideAuthority,
    Refused,
    RegistryError,
)

__all__ = [
    "ABOUT", "BY_STATUS", "KINDS", "MEDIA_TYPE", "Kind", "Refusal", "Told", "as_markdown", "exception_handler",
    "for_error", "for_status", "led_on", "respond", "told",
]  # fmt: skip

MEDIA_TYPE: Final = "application/problem+json"
#: Where a problem's ``type`` leads: the list of every code with its meaning.
ABOUT: Final = "/api/v1/codes#"

_log = logging.getLogger("api.problems")


class Refusal(Exception):  # noqa: N818 - named by the refusal, like the register's errors
    """The edge itself says no: a code of :data:`api.problem_kinds.KINDS` and the facts behind it."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> None:
        """Keep the code, the facts, and headers that the answer must carry (``Allow``, ``Retry-After`` …)."""
        self.code = code
        self.facts = facts
        self.headers = dict(headers or {})
        super().__init__(code)


_PAGE: Final = """# Errors

Every no of the API is a problem as RFC 9457 describes it, in JSON: `type`, `title`, `status`, `detail`, a stable
`code`, a `request_id`, and the facts named below. Titles and details come in the reader's language; programs read
the code. On a look-up a `verdict` says that this is no licence: `not_found`, `ambiguous` or `unknown`, never more.
Officials also get the facts behind a refusal.

Rendered from `api/problem_kinds.py` by `manage.py api_docs`; a test compares."""

#: A register's error whose own code nobody mapped is read as its family, never as a success or a crash.
_FAMILIES: Final = ((NotFound, 404), (NotAllowed, 403), (Refused, 409), (BadInput, 422))


def as_markdown() -> str:
    """The page ``docs/errors.md``: every code with its status, what it says, and its facts."""
    lines = [_PAGE]
    for status in sorted({kind.status for kind in KINDS.values()}):
        lines += [f"\n## {status}\n", "| Code | What it says | Facts |", "|---|---|---|"]
        for code, kind in KINDS.items():
            if kind.status == status:
                told = f"{kind.title}. {kind.detail}".strip()
                facts = ", ".join(f"`{fact}`" for fact in kind.shows)
                lines.append(f"| `{code}` | {told} | {facts} |")
    return "\n".join(lines) + "\n"


def for_status(request: HttpRequest, status: int, **facts: Any) -> HttpResponse:
    """The problem for a bare status of the framework (404 route, 405, 400 …)."""
    code = BY_STATUS.get(status, "server.error" if status >= 500 else "request.malformed")
    return respond(request, code, facts)


def for_error(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The problem for an exception, or ``None`` when it is nobody's refusal and so a bug of ours."""
    if isinstance(error, Refusal):
        return respond(request, error.code, error.facts, headers=error.headers)
    if isinstance(error, OutsideAuthority) and error.unseen is not None:
        error = error.unseen
    if isinstance(error, AgencyMerged):
        headers = {"Location": led_on(request.get_full_path(), error)}
        return respond(request, error.code, error.facts, headers=headers)
    if isinstance(error, RegistryError):
        return respond(request, error.code, error.facts, sentence=error.detail, family=_family(error))
    if isinstance(error, OperationalError | InterfaceError):
        _log.error("database unreachable", exc_info=error)
        return respond(request, "register.unreachable", {}, headers={"Retry-After": "30"})
    return None


def led_on(path: str, error: AgencyMerged) -> str:
    """The same address under the number that the agency has now."""
    was, now = str(error.facts["was"]), str(error.facts["number"])
    return re.sub(re.escape(was), now, path, count=1, flags=re.IGNORECASE)


def respond(
    request: HttpRequest,
    code: str,
    facts: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    sentence: str = "",
    family: int = 500,
) -> HttpResponse:
    """Write one problem in the reader's language.

    ``sentence`` (the register's own words for officials) and the facts a kind does not name are shown on the
    staff routes only. ``family`` is the status of a code that has no kind of its own.
    """
    official = request.path_info.startswith("/api/v1/staff/")
    kind = KINDS.get(code)
    if kind is None:
        if family == 500:
            _log.error("no kind for the code %s", code)
            code, kind = "server.error", KINDS["server.error"]
        else:
            kind = Kind(family, KINDS["register.refused"].title)
    language = getattr(request, "language", None) or get_language() or "en"
    title, template = _texts(kind, language)
    body: dict[str, Any] = {"type": ABOUT + code, "title": title, "status": kind.status, "code": code}
    detail = (sentence if official else "") or _filled(template, facts)
    if detail:
        body["detail"] = detail
    if kind.result:
        body["verdict"] = {"result": kind.result, "may_recruit": False}
    for name, fact in facts.items():
        if (official or name in kind.shows) and name not in body:
            body[name] = fact
    body["request_id"] = getattr(request, "request_id", "")
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace"),
        content_type=MEDIA_TYPE,
        status=kind.status,
        headers={"Cache-Control": "no-store", "Content-Language": language, **(headers or {})},
    )
    # The framework would log the path of every refused request: what people ask is never stored (rulings 31).
    response._has_been_logged = kind.status < 500  # type: ignore[attr-defined]  # noqa: SLF001
    return response


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal in the reader's words, for a page: its status, what is wrong and what to do."""

    status: int
    title: str
    detail: str


def told(code: str, facts: Mapping[str, Any], *, family: int = 500) -> Told:
    """A refusal for a page of officials; ``family`` is the status of a code that has no kind of its own."""
    kind = KINDS.get(code) or Kind(family, KINDS["register.refused"].title)
    title, template = _texts(kind, get_language() or "en")
    return Told(kind.status, title, _filled(template, facts))


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """The same map for Django REST framework (its setting ``EXCEPTION_HANDLER``)."""
    request = context["request"]._request  # noqa: SLF001 - the wrapped request carries our request id and language
    if (known := for_error(request, error)) is not None:
        return known
    return _of_framework(request, error)


def _of_framework(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The problem for what the framework itself refuses: broken JSON, a missing field, a wrong method."""
    from django.core.exceptions import PermissionDenied  # noqa: PLC0415 - the public door never needs these
    from django.http import Http404  # noqa: PLC0415
    from rest_framework import exceptions  # noqa: PLC0415

    if isinstance(error, Http404):
        return respond(request, "record.not_found", {})
    if isinstance(error, PermissionDenied):
        return respond(request, "request.refused", {})
    if isinstance(error, exceptions.ValidationError):
        field, wanted, code = _first_fault(error.detail, error.get_codes())
        return respond(request, code, {"field": field, "wanted": wanted, "errors": error.detail})
    if isinstance(error, exceptions.ParseError):
        return respond(request, "body.not_json", {"reason": str(error.detail)})
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    code = BY_STATUS.get(error.status_code, "server.error")
    if isinstance(error, exceptions.AuthenticationFailed):
        code = "actor.token_refused"
    return respond(request, code, {}, headers=headers)


def _first_fault(detail: Any, codes: Any, path: str = "") -> tuple[str, str, str]:
    """Where the first fault lies, what was wanted there, and which of our codes says so."""
    if isinstance(detail, Mapping):
        name = next(iter(detail))
        step = "" if name == "non_field_errors" else f"{'.' if path else ''}{name}"
        return _first_fault(detail[name], codes[name], path + step)
    if isinstance(detail, list):
        for place, (item, code) in enumerate(zip(detail, codes, strict=False)):
            if isinstance(item, Mapping | list) and item:
                return _first_fault(item, code, f"{path}[{place}]")
            if item:
                named = {"required": "field.missing", "null": "field.missing", "unknown": "field.unknown"}
                return path or "body", str(item), named.get(str(code), "field.invalid")
    return path or "body", str(detail), "field.invalid"


def _family(error: RegistryError) -> int:
    return next((status for kind, status in _FAMILIES if isinstance(error, kind)), 500)


@lru_cache(maxsize=4096)
def _texts(kind: Kind, language: str) -> tuple[str, str]:
    """Title and sentence of a kind in one language; fixed for the life of the process."""
    with override(language):
        return gettext(kind.title), gettext(kind.detail) if kind.detail else ""


def _filled(template: str, facts: Mapping[str, Any]) -> str:
    """The sentence with its facts, or nothing when one of them is missing."""
    plain = {name: ", ".join(map(str, f)) if isinstance(f, list | tuple) else f for name, f in facts.items()}
    try:
        return template.format_map(plain)
    except (KeyError, IndexError, ValueError):
        return ""
