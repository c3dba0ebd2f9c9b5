"""The two questions that everybody asks, answered before the framework wakes.

What a licence says now, and the page behind a badge, need nothing of Django but its database connection: no routes, no
request, no signals. What is found and plainly asked for is answered here, by the same functions and with the same
headers as the routes (a test holds the two together). Everything else goes on to the application as if this layer were
not there: a parameter, another method or media type, a number that is not found, a client who has asked too often, a
host that is not ours, whatever fails. See ``docs/decisions/0003-a-thin-door-for-verdicts.md``.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.db import Error
from django.http.request import split_domain_port, validate_host

from api import labels, middleware, tallies, throttles
from api.pages import answer
from api.public import licences, route
from registry import clock, lookup
from registry.rules import errors

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Told = tuple[int, Mapping[str, str], bytes]

_STATUS: Final = {200: "200 OK", 304: f"304 {HTTPStatus.NOT_MODIFIED.phrase}"}
_log = logging.getLogger("api.requests")


@dataclass(frozen=True, slots=True)
class _Question:
    """A plain question: who asks it by what ``Accept`` says, its answer (if it has one here), its usual headers."""

    accepts: Callable[[str], bool]
    answer: Callable[[str, Environ], Told | None]
    headers: tuple[tuple[str, str], ...]


class Swift:
    """A WSGI application that answers the plain questions and leaves all others to the one behind it."""

    def __init__(self, application: Application) -> None:
        """Stand before ``application``."""
        self._application = application
        api = middleware.api_headers() | {"Content-Type": route.JSON}
        self._questions = {
            "/api/v1/licences/": _Question(route.ANYTHING.__contains__, _licence, tuple(api.items())),
            "/v/": _Question(answer.wants_page, _badge, tuple(middleware.page_headers().items())),
        }

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        path = environ["PATH_INFO"]
        prefix = path[: path.rfind("/") + 1]
        question = self._questions.get(prefix)
        told = None
        if question is not None and _is_plain(environ) and question.accepts(environ.get("HTTP_ACCEPT", "")):
            told = _answered(question, path[len(prefix) :], environ)
        if question is None or told is None:
            return self._application(environ, start_response)
        status, headers, body = told
        own = [*question.headers, *headers.items(), ("X-Request-ID", middleware.request_id())]
        start_response(_STATUS[status], own)
        return [body]


def _answered(question: _Question, asked: str, environ: Environ) -> Told | None:
    """The answer; none where anything stands in its way: the application asks again and says what it is."""
    try:
        return question.answer(asked, environ)
    except (errors.RegistryError, Error):
        return None
    except Exception:  # noqa: BLE001 - the application meets it again and says it as it should be said
        _log.exception("plain question not answered")
        return None


def _licence(number: str, environ: Environ) -> Told:
    """What the route of a licence answers."""
    now = clock.now()
    found = lookup.public_licence(licences.canonical(number), at=now)
    language = labels.language(environ.get("HTTP_ACCEPT_LANGUAGE", "")[: labels.LONGEST_HEADER])
    told = licences.current(found, language, now)
    tallies.look_ups.add((found.number,), at=now)
    status, headers, body = route.rendered(told, language, environ.get("HTTP_IF_NONE_MATCH"))
    if status == HTTPStatus.OK:
        headers["Content-Length"] = str(len(body))
    return status, headers, body


def _badge(code: str, environ: Environ) -> Told | None:
    """What the page of a badge answers."""
    page = answer.plain(code, environ)
    return None if page is None else (page.status, page.headers, page.body)


def _is_plain(environ: Environ) -> bool:
    """Whether nothing about the request, nor about whoever else is asking, needs more than the answer."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and not environ.get("QUERY_STRING")
        and _is_ours(environ.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS))
        and throttles.look_ups.calm()
        and (not settings.SECURE_SSL_REDIRECT or _is_secure(environ))
    )


@lru_cache(maxsize=64)
def _is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, list(allowed))


def _is_secure(environ: Environ) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        return bool(environ.get(name) == value)
    return bool(environ.get("wsgi.url_scheme") == "https")
