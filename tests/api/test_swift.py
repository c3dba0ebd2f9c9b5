"""The thin door and the route behind it answer alike, and only the plain question goes through it."""

import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from api import throttles
from api.conf import public as door
from api.conf.swift import Swift
from tests import builders
from verification import badges

START = builders.START
Heard = tuple[str, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    throttles.look_ups.forget()


@pytest.fixture
def licence(transactional_db: None, clock: Any) -> str:
    clock.stop(START)
    builders.authority()
    number = builders.active()
    clock.stop(START + timedelta(days=60))
    return number


def heard(application: Any, path: str, **environ: str) -> Heard:
    """Status, headers and body, the request id left out."""
    began: list[Any] = []

    def begin(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        began.extend((status, dict(headers)))
        return bytes

    asked: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": django_settings.REGISTRY_HOST,
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        **environ,
    }
    answer: Iterable[bytes] = application(asked, begin)
    body = b"".join(answer)
    status, headers = began
    assert headers.pop("X-Request-ID")
    return status, headers, body


def badge_of(licence: str) -> str:
    """The code of a badge of the licence, issued once."""
    held = badges.for_subject("licence", licence)
    return held[0].code if held else badges.issue("licence", licence, at=START).code


def behind() -> Any:
    """The application behind the thin door."""
    assert isinstance(door.application, Swift)
    return door.application._application


PLAIN: list[dict[str, str]] = [
    {},
    {"HTTP_ACCEPT": "*/*"},
    {"HTTP_ACCEPT": "application/json"},
    {"HTTP_ACCEPT_LANGUAGE": "fr, en;q=0.5"},
    {"HTTP_ACCEPT_LANGUAGE": "pt, ur-PK;q=0.5"},
    {"HTTP_ACCEPT_LANGUAGE": ";;;" + "x" * 5000},
    {"HTTP_IF_NONE_MATCH": '"other"'},
    {"HTTP_IF_NONE_MATCH": "*"},
]


@pytest.mark.parametrize("environ", PLAIN)
def test_both_doors_answer_alike(licence: str, environ: dict[str, str], clock: Any) -> None:
    for number in (licence, licence.lower().replace("-", "")):
        thin = heard(door.application, f"/api/v1/licences/{number}", **environ)
        assert thin == heard(behind(), f"/api/v1/licences/{number}", **environ)
        assert thin[0] in {"200 OK", "304 Not Modified"}
    builders.suspended(licence, at=START + timedelta(days=60))
    clock.stop(START + timedelta(days=61))
    assert b'"may_recruit":false' in heard(door.application, f"/api/v1/licences/{licence}")[2]


@pytest.mark.parametrize(
    "environ",
    [
        {"QUERY_STRING": "as_of=2026-02-01"},
        {"QUERY_STRING": "x=1"},
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_ACCEPT": "text/html"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": ""},
        {"PATH_INFO": "/api/v1/licences/"},
        {"PATH_INFO": "/api/v1/licences/NONSENSE"},
        {"PATH_INFO": "/api/v1/licences/\xd9\xa1\xff"},
        {"PATH_INFO": "/api/v1/licences/XA-DLA-A-000001-4/timeline"},
    ],
)
def test_whatever_is_not_the_plain_question_is_answered_behind_it(
    licence: str, environ: dict[str, str]
) -> None:
    path = environ.get("PATH_INFO", f"/api/v1/licences/{licence}")
    thin = heard(door.application, path, **environ)
    assert without_ids(thin) == without_ids(heard(behind(), path, **environ))


def without_ids(answer: Heard) -> Heard:
    """A problem names the request's id in its body too."""
    status, headers, body = answer
    if headers.get("Content-Type") != "application/problem+json":
        return answer
    cut = body.index(b'"request_id"')
    return status, {name: value for name, value in headers.items() if name != "Content-Length"}, body[:cut]


def test_who_asked_too_often_is_refused_at_the_thin_door_too(licence: str, settings: Any) -> None:
    settings.REGISTRY_PROCESSES = 1
    settings.REGISTRY_LIMITS = ["misses=1/0.001"]
    path = f"/api/v1/licences/{licence}"
    assert heard(door.application, "/api/v1/licences/NONSENSE")[0] == "404 Not Found"
    assert heard(door.application, path)[0] == "429 Too Many Requests"
    assert heard(door.application, path, REMOTE_ADDR="192.0.2.2")[0] == "200 OK"


def test_plain_requests_are_sent_to_tls_where_that_is_asked_for(licence: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    path = f"/api/v1/licences/{licence}"
    assert heard(door.application, path)[0] == "301 Moved Permanently"
    assert heard(door.application, path, **{"wsgi.url_scheme": "https"})[0] == "200 OK"
