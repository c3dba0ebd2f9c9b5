"""What every answer of ours has in common, in one thin layer that a look-up can afford.

A request gets an id and a language; an answer under ``/api`` is JSON, also when the framework itself refuses
(an unknown route, a method, a host, a bug, a database that is down); every answer carries the security
headers.
"""

import itertools
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from api import labels, problems, throttles

_log = logging.getLogger("api.requests")

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
}
_MOST_HOSTS: Final = 64
_API: Final = _FIXED | {
    "Content-Security-Policy": API_POLICY,
    "Vary": "Accept, Accept-Language, Accept-Encoding",
}


_process: Final = secrets.token_hex(5)
_requests: Final = itertools.count(1)


def request_id() -> str:
    """A fresh id: of this process, then counted."""
    return f"{_process}-{next(_requests):x}"


def api_headers() -> dict[str, str]:
    """What every answer in JSON carries."""
    return _API | _transport()


def page_headers() -> dict[str, str]:
    """What every page carries, beside a policy of its own."""
    return _FIXED | _transport()


def _transport() -> dict[str, str]:
    seconds = settings.SECURE_HSTS_SECONDS
    return {"Strict-Transport-Security": f"max-age={seconds}; includeSubDomains; preload"} if seconds else {}


class Edge:
    """The outermost layer of both applications."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Make the text tables and the fixed headers, and read the limits, before the first request."""
        self.get_response = get_response
        self._hosts: set[str] = set()
        self._api_headers = _stored(api_headers())
        self._page_headers = _stored(page_headers())
        labels.prepare()
        throttles.configured(throttles.MISSES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, in JSON below ``/api`` whatever happens."""
        meta = request.META
        request.request_id = request_id()  # type: ignore[attr-defined]
        request.language = labels.language(meta.get("HTTP_ACCEPT_LANGUAGE", "")[: labels.LONGEST_HEADER])  # type: ignore[attr-defined]
        api = request.path_info.startswith("/api/") or request.path_info == "/api"
        if not self._asks_us(request, meta.get("HTTP_HOST", "")):
            response = (
                problems.for_status(request, 400)
                if api
                else HttpResponse(status=400, content_type="text/plain")
            )
        elif request.content_params and not _in_unicode(request.content_params.get("charset", "")):
            told = problems.for_status(request, 415, accepts="application/json; charset=utf-8")
            response = told if api else HttpResponse(status=415, content_type="text/plain")
        elif settings.SECURE_SSL_REDIRECT and not request.is_secure():
            response = HttpResponsePermanentRedirect(f"https://{request.get_host()}{request.get_full_path()}")
        else:
            response = self.get_response(request)
            api = api or getattr(request, "in_json", False)
        if (
            response.status_code >= 400
            and api
            and response.headers.get("Content-Type") != problems.MEDIA_TYPE
        ):
            response = self._in_json(request, response)
        if response.status_code >= 500:
            _log.error("request %s answered %s", request.request_id, response.status_code)  # type: ignore[attr-defined]
        return self._dressed(request, response, api=api)

    def _asks_us(self, request: HttpRequest, host: str) -> bool:
        """Whether the request names one of our hosts: Django's own check, made once for each good name."""
        if host in self._hosts:
            return True
        try:
            request.get_host()
        except DisallowedHost:
            return False
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(host)
        return True

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal raised by a JSON route into its problem; leave bugs to the bare 500."""
        if request.path_info.startswith("/api/") or getattr(request, "in_json", False):
            return problems.for_error(request, error)
        return None

    @staticmethod
    def _in_json(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        allow = response.headers.get("Allow")
        facts: dict[str, Any] = {"allowed": allow.split(", ")} if allow else {}
        problem = problems.for_status(request, response.status_code, **facts)
        if allow:
            problem.headers["Allow"] = allow
        return problem

    def _dressed(self, request: HttpRequest, response: HttpResponse, *, api: bool) -> HttpResponse:
        """Put the common headers on; one dictionary update, for this is on the path of every look-up."""
        headers = response.headers
        store = headers._store  # noqa: SLF001 - ten times ten headers set one by one cost a tenth of a look-up
        if api:
            own_policy = store.get("content-security-policy")
            store.update(self._api_headers)
            if own_policy:
                store["content-security-policy"] = own_policy
        else:
            for name, pair in self._page_headers.items():
                store.setdefault(name, pair)
            store.setdefault("content-security-policy", ("Content-Security-Policy", PAGE_POLICY))
        store["x-request-id"] = ("X-Request-ID", request.request_id)  # type: ignore[attr-defined]
        if (
            not response.streaming
            and "content-length" not in store
            and response.status_code not in (204, 304)
        ):
            store["content-length"] = ("Content-Length", str(len(response.content)))
        return response


def _in_unicode(charset: str) -> bool:
    """Whether a body of that charset is UTF-8, as all bodies are (RFC 8259, section 8.1; URL Standard).

    Python's decoders would take more, some of which make text that no column can hold, or are no charset at all.
    """
    return charset.lower() in {"", "utf-8", "utf8", "us-ascii"}


def _stored(headers: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {name.lower(): (name, value) for name, value in headers.items()}
