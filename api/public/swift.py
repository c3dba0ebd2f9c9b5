"""The question that everybody asks, answered before the framework wakes.

What a licence says now needs nothing of Django but its database connection: no routes, no request, no
signals. A number that is found and plainly asked for is answered here, by the same functions and with the
same headers as the route (a test holds the two together). Everything else goes on to the application as if
this layer were not there: a parameter, another method or media type, a number that is not found, a client who
has asked too often, a host that is not ours, a database in trouble. See
``docs/decisions/0003-a-thin-door-for-verdicts.md``.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.db import Error
from django.http.request import split_domain_port, validate_host

from api import labels, middleware, throttles
from api.public import licences, route
from registry import clock, lookup
from registry.rules import errors

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_PREFIX: Final = "/api/v1/licences/"
_STATUS: Final = {200: "200 OK", 304: f"304 {HTTPStatus.NOT_MODIFIED.phrase}"}


class Swift:
    """A WSGI application that answers the plain question and leaves all others to the one behind it."""

    def __init__(self, application: Application) -> None:
        """Stand before ``application``."""
        self._application = application
        self._headers = list((middleware.api_headers() | {"Content-Type": route.JSON}).items())

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        answer = self._answer(environ) if _is_plain(environ) else None
        if answer is None:
            return self._application(environ, start_response)
        status, headers, body = answer
        own = [*headers.items(), ("X-Request-ID", middleware.request_id())]
        if status == HTTPStatus.OK:
            own.append(("Content-Length", str(len(body))))
        start_response(_STATUS[status], [*self._headers, *own])
        return [body]

    @staticmethod
    def _answer(environ: Environ) -> tuple[int, dict[str, str], bytes] | None:
        """What the route would answer, if the number is found."""
        now = clock.now()
        try:
            number = licences.canonical(environ["PATH_INFO"][len(_PREFIX) :])
            found = lookup.public_licence(number, at=now)
        except (errors.RegistryError, Error):
            return None
        language = labels.language(environ.get("HTTP_ACCEPT_LANGUAGE", "")[: labels.LONGEST_HEADER])
        return route.rendered(
            licences.current(found, language, now), language, environ.get("HTTP_IF_NONE_MATCH")
        )


def _is_plain(environ: Environ) -> bool:
    """Whether this is the plain question and nothing stands in the way of answering it."""
    return (
        environ["PATH_INFO"].startswith(_PREFIX)
        and environ["REQUEST_METHOD"] == "GET"
        and not environ.get("QUERY_STRING")
        and environ.get("HTTP_ACCEPT", "") in route.ANYTHING
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
