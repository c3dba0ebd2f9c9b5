"""The one map from a refusal's code to an HTTP status and RFC 9457 problem details.

A refusal that is not in this map is a bare 500 that says nothing about us. Every code here has a line in
``docs/errors.md``, which is rendered from this table. Only the facts that a kind names in ``shows`` leave the
house through a public door; officials also read the sentence and the facts that the register gave them.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_noop as _

from registry.rules.errors import BadInput, NotAllowed, NotFound, Refused, RegistryError

MEDIA_TYPE: Final = "application/problem+json"
#: Where a problem's ``type`` leads: the list of every code with its meaning.
ABOUT: Final = "/api/v1/codes#"

_log = logging.getLogger("api.problems")


class Refusal(Exception):  # noqa: N818 - named by the refusal, like the register's errors
    """The edge itself says no: a code of :data:`KINDS` and the facts behind it."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, **facts: Any) -> None:
        """Keep the code, the facts, and headers that the answer must carry (``Allow``, ``Retry-After`` …)."""
        self.code = code
        self.facts = facts
        self.headers = dict(headers or {})
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: status, texts, the facts the public may read and, for look-ups, the result."""

    status: int
    title: str
    detail: str = ""
    shows: tuple[str, ...] = ()
    result: str = ""


_CHECK_NUMBER: Final = _(
    "The last symbol does not fit the others: at least one is wrong. Check the number and try again."
)

KINDS: Final[dict[str, Kind]] = {
    # --- what the register does not have
    "licence.not_found": Kind(
        404,
        _("This licence number is not in the register"),
        _("No licence has this number. Check it against the paper, or search by the name of the agency."),
        result="not_found",
    ),
    "licence.mistyped": Kind(
        404,
        _("This licence number is mistyped"),
        _CHECK_NUMBER,
        result="not_found",
    ),
    "licence.ambiguous": Kind(
        300,
        _("More than one licence has this number"),
        _("Each authority counts on its own. Choose one of the candidates."),
        shows=("candidates",),
        result="ambiguous",
    ),
    "licence.renumbered": Kind(308, _("This licence has another number now"), shows=("number",)),
    "licence.version_conflict": Kind(
        409,
        _("The licence has changed since you read it"),
        _("Read it again and decide on what it says now."),
    ),
    "agency.not_found": Kind(404, _("This agency number is not in the register"), result="not_found"),
    "agency.mistyped": Kind(
        404,
        _("This agency number is mistyped"),
        _CHECK_NUMBER,
        result="not_found",
    ),
    "office.not_found": Kind(404, _("This office number is not in the register"), result="not_found"),
    "person.not_found": Kind(404, _("This person number is not in the register"), result="not_found"),
    "appointment.not_found": Kind(404, _("This appointment is not in the register"), result="not_found"),
    "authority.not_found": Kind(404, _("There is no such authority")),
    "proposal.not_found": Kind(404, _("There is no such proposal")),
    "entry.not_found": Kind(404, _("There is no such entry")),
    "record.not_found": Kind(404, _("This is not in the register"), result="not_found"),
    "badge.not_found": Kind(
        404,
        _("This code is not in this register"),
        _("Check the letters, and check that the address of the page is ours."),
        result="not_found",
    ),
    "badge.mistyped": Kind(
        404,
        _("This code is mistyped"),
        _("The last symbol does not fit the others: at least one is wrong. Check the code and try again."),
        result="not_found",
    ),
    "changes.gone": Kind(
        410,
        _("The journal no longer reaches back that far"),
        _("Read the register again, then follow the changes after sequence {restart_after}."),
        shows=("oldest", "restart_after"),
    ),
    # --- the law says no
    "step.refused": Kind(409, _("The law or the state of the record forbids this")),
    "step.not_allowed": Kind(409, _("There is no such step from the state the licence is in")),
    "step.incomplete": Kind(422, _("The step needs something that was not given")),
    "step.ground_not_allowed": Kind(422, _("This ground cannot carry this step")),
    "step.other_route": Kind(
        409, _("This step has another route"), _("Its entry in the list of open steps says how it is taken.")
    ),
    "step.backdated": Kind(422, _("A decision cannot have effect before it is made")),
    "step.notice_too_short": Kind(422, _("The effect would begin before the notice has run")),
    "term.refused": Kind(422, _("This term is out of order, overlaps another or is too long")),
    "security.not_confirmed": Kind(409, _("The security has not been confirmed by its issuer")),
    "suspension.open": Kind(409, _("A suspension is open; this step must wait until it is lifted")),
    "approval.own_proposal": Kind(403, _("Nobody approves their own proposal")),
    "approval.already_given": Kind(
        409, _("You have approved already; the next approval must be somebody else's")
    ),
    "proposal.open": Kind(409, _("The same step is already proposed and open")),
    "proposal.closed": Kind(409, _("This proposal is no longer open")),
    "idempotency.key_reused": Kind(409, _("This idempotency key was used for something else")),
    "idempotency.key_missing": Kind(
        400,
        _("Send an Idempotency-Key"),
        _("Every write carries a key of your own, so that sending it twice does not do it twice."),
    ),
    "idempotency.key_malformed": Kind(
        400,
        _("This Idempotency-Key cannot be used"),
        _("It must be 8 to 200 printable ASCII characters without spaces."),
    ),
    "version.missing": Kind(
        428,
        _("Say which version you read"),
        _("Send the ETag of what you read as If-Match, or its version as expected_version."),
    ),
    "version.malformed": Kind(
        400, _("This If-Match cannot be read"), _('It must be one ETag of ours, such as "v7".')
    ),
    "version.contradicted": Kind(
        400, _("Two versions are given"), _("If-Match and expected_version must say the same.")
    ),
    "agency.debarred": Kind(409, _("The agency is debarred; nothing can be granted to it")),
    "record.duplicate": Kind(409, _("Such a record exists already")),
    "policy.invalid": Kind(422, _("The policy says something that cannot be law here")),
    # --- this officer may not
    "actor.not_allowed": Kind(403, _("You may not do this")),
    "actor.not_signed_in": Kind(401, _("Sign in first"), _("This door is for officials who have signed in.")),
    "actor.token_refused": Kind(
        401,
        _("This token is not valid"),
        _("It is unknown, has expired or was withdrawn. Make a new one and try again."),
    ),
    "actor.sign_in_refused": Kind(
        401,
        _("Name, password or code is not right"),
        _("A code is good once and for half a minute: wait for the next one. We do not say which was wrong."),
    ),
    "actor.not_an_officer": Kind(
        403,
        _("This account is no officer's"),
        _("The officer has left, or an administrator has not appointed one yet."),
    ),
    "actor.second_factor_not_set_up": Kind(
        403,
        _("Set up your second factor first"),
        _("This session was opened with a password alone. Set a device up, then give its code."),
    ),
    "token.may_not_write_here": Kind(
        403,
        _("A token cannot do this"),
        _("Tokens read and propose. Everything else is for an officer with a second factor."),
    ),
    "token.scope_missing": Kind(
        403, _("This token was not made for that"), _("It needs the scope {scope}."), shows=("scope",)
    ),
    "actor.role_missing": Kind(403, _("Your role does not carry this step")),
    "actor.outside_authority": Kind(403, _("This record belongs to another authority")),
    "actor.second_factor_needed": Kind(
        403,
        _("Give your second factor again"),
        _("Decisions need a second factor that is not older than five minutes."),
    ),
    "actor.conflict_not_declared": Kind(
        422, _("Declare first that you have no conflict of interest in this case")
    ),
    # --- what was sent cannot be read
    "input.invalid": Kind(
        400,
        _("What was sent cannot be understood"),
        _("Look at {field}."),
        shows=("field", "value", "parameter"),
    ),
    "time.in_future": Kind(
        400,
        _("The register knows the past and now, not the future"),
        _("{parameter} lies in the future."),
        shows=("parameter",),
    ),
    "body.not_json": Kind(
        400,
        _("The body is not valid JSON"),
        _("Line {line}, column {column}: {reason}."),
        shows=("line", "column", "reason"),
    ),
    "body.too_large": Kind(
        413, _("The body is too large"), _("At most {limit} bytes are read."), shows=("limit",)
    ),
    "body.wrong_media_type": Kind(
        415, _("Send JSON"), _("The body must be sent as application/json."), shows=("accepts",)
    ),
    "body.incomplete": Kind(400, _("The body ended early"), _("Send it again in one piece.")),
    "field.unknown": Kind(
        400,
        _("A field is not known here"),
        _("{field} is not known here; known are: {known}."),
        shows=("field", "known"),
    ),
    "field.missing": Kind(400, _("A field is missing"), _("{field} is required."), shows=("field",)),
    "field.repeated": Kind(
        400, _("A field is given twice"), _("{field} is given more than once."), shows=("field",)
    ),
    "field.invalid": Kind(
        400,
        _("A field has a value that cannot be used"),
        _("{field} must be {wanted}."),
        shows=("field", "wanted"),
    ),
    "parameter.unknown": Kind(
        400,
        _("A parameter is not known here"),
        _("{parameter} is not known here; known are: {known}."),
        shows=("parameter", "known"),
    ),
    "parameter.repeated": Kind(
        400, _("A parameter is given twice"), _("{parameter} is given more than once."), shows=("parameter",)
    ),
    "parameter.missing": Kind(
        400, _("A parameter is missing"), _("{parameter} is required."), shows=("parameter",)
    ),
    "parameter.invalid": Kind(
        400,
        _("A parameter has a value that cannot be used"),
        _("{parameter} must be {wanted}."),
        shows=("parameter", "wanted"),
    ),
    "cursor.invalid": Kind(
        400,
        _("This is not a place to go on from"),
        _("Give `after` as the page before gave its `next`."),
        shows=("field",),
    ),
    "number.not_ours": Kind(
        404,
        _("This is not a number of this register"),
        _("Our licence numbers look like XA-DOL-A-000123-K."),
        result="not_found",
    ),
    "number.part_invalid": Kind(422, _("A number cannot be made of this"), shows=("field",)),
    "number.serial_skipped": Kind(409, _("This serial is never given")),
    "country.unknown": Kind(
        400, _("No country has this code"), _("{field} must be two letters of ISO 3166-1."), shows=("field",)
    ),
    # --- the wire
    "request.malformed": Kind(400, _("The request cannot be read")),
    "request.cross_site": Kind(
        403, _("Another site may not send this"), _("Send it from your own program or from our own pages.")
    ),
    "request.forgery": Kind(
        403, _("The request did not come from our own page"), _("Load the page again and retry.")
    ),
    "request.refused": Kind(403, _("This is not allowed")),
    "route.not_found": Kind(
        404, _("There is nothing at this address"), _("Every address of the API is in /api/v1/docs.")
    ),
    "route.method_not_allowed": Kind(
        405, _("This address does not do that"), _("It allows: {allowed}."), shows=("allowed",)
    ),
    "route.not_acceptable": Kind(
        406, _("This address speaks JSON only"), _("Ask for application/json."), shows=("offers",)
    ),
    "rate.exceeded": Kind(
        429,
        _("Too many requests"),
        _("Wait {retry_after} seconds. This is no answer about any licence: it could not be checked."),
        shows=("retry_after",),
        result="unknown",
    ),
    "server.error": Kind(500, _("Something went wrong on our side"), result="unknown"),
    "register.unreachable": Kind(
        503,
        _("The register cannot be reached now"),
        _("This is no answer about any licence: it could not be checked. Try again in a minute."),
        result="unknown",
    ),
}

#: What a plain status of the framework means when nobody gave a code.
BY_STATUS: Final[dict[int, str]] = {
    400: "request.malformed",
    401: "actor.not_signed_in",
    403: "request.refused",
    404: "route.not_found",
    405: "route.method_not_allowed",
    406: "route.not_acceptable",
    413: "body.too_large",
    415: "body.wrong_media_type",
    429: "rate.exceeded",
    503: "register.unreachable",
}

#: A register's error whose own code nobody mapped is read as its family, never as a success or a crash.
_FAMILIES: Final = ((NotFound, 404), (NotAllowed, 403), (Refused, 409), (BadInput, 422))


def for_status(request: HttpRequest, status: int, **facts: Any) -> HttpResponse:
    """The problem for a bare status of the framework (404 route, 405, 400 …)."""
    code = BY_STATUS.get(status, "server.error" if status >= 500 else "request.malformed")
    return respond(request, code, facts)


def for_error(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The problem for an exception, or ``None`` when it is nobody's refusal and so a bug of ours."""
    if isinstance(error, Refusal):
        return respond(request, error.code, error.facts, headers=error.headers)
    if isinstance(error, RegistryError):
        return respond(request, error.code, error.facts, sentence=error.detail, family=_family(error))
    if isinstance(error, OperationalError | InterfaceError):
        _log.error("database unreachable", exc_info=error)
        return respond(request, "register.unreachable", {}, headers={"Retry-After": "30"})
    return None


def respond(  # noqa: PLR0913 - one door for every problem
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
            kind = Kind(family, _("The register refused this"))
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
