"""Every no of the public API is a problem in JSON that says what is wrong, and never a page."""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.test import Client

from api import throttles
from api.conf import public as door
from tests import builders

VERIFICATIONS = "/api/v1/verifications"


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    throttles.look_ups.forget()


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["code"] == code, told
    assert told["status"] == status
    assert told["title"]
    assert told["type"].endswith(code)
    assert told["request_id"] == answer.headers["X-Request-ID"]
    return told


def post(public: Client, body: bytes | str | Any, **more: Any) -> Any:
    sent = body if isinstance(body, bytes | str) else json.dumps(body)
    return public.post(VERIFICATIONS, sent, content_type=more.pop("content_type", "application/json"), **more)


# the wire


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/licences", "/api/v1/licences/"],
)
def test_an_address_that_does_not_exist_is_a_problem(public: Client, path: str) -> None:
    problem(public.get(path), 404, "route.not_found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_method_that_the_address_does_not_know_is_refused_with_those_it_knows(
    public: Client, method: str
) -> None:
    answer = getattr(public, method)("/api/v1/licences/XA-DLA-A-000001-4")
    told = problem(answer, 405, "route.method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert told["allowed"] == ["GET", "HEAD", "OPTIONS"]


def test_reading_where_one_can_only_post_is_refused(public: Client) -> None:
    assert problem(public.get(VERIFICATIONS), 405, "route.method_not_allowed")["allowed"] == [
        "POST",
        "OPTIONS",
    ]


def test_options_tells_what_an_address_allows(public: Client) -> None:
    answer = public.options("/api/v1/changes")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_a_host_that_is_not_ours_is_refused(public: Client) -> None:
    problem(public.get("/api/v1/codes", headers={"Host": "evil.example"}), 400, "request.malformed")


@pytest.mark.parametrize(
    ("accepts", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/*;q=0.5", 200),
        ("application/problem+json", 200),
        ("text/html", 406),
        ("application/xml", 406),
        ("application/json;q=0", 406),
        ("*/*;q=0.0", 406),
    ],
)
def test_json_is_all_that_is_spoken(public: Client, accepts: str, status: int) -> None:
    answer = public.get("/api/v1/codes", headers={"Accept": accepts})
    assert answer.status_code == status
    if status == 406:
        problem(answer, 406, "route.not_acceptable")


def test_every_answer_carries_the_same_careful_headers(public: Client) -> None:
    for path in ("/api/v1/codes", "/api/v1/nothing", "/api/v1/changes?x=1"):
        headers = public.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Vary"] == "Accept, Accept-Language, Accept-Encoding"
        assert int(headers["Content-Length"]) > 0
        assert "Set-Cookie" not in headers


def test_each_request_has_an_id_of_its_own_whatever_was_sent(public: Client) -> None:
    ids = {
        public.get("/api/v1/nothing", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"]
        for _ in range(3)
    }
    assert len(ids) == 3
    assert "mine" not in ids


# parameters


def test_a_parameter_that_is_not_known_is_refused_by_name(public: Client) -> None:
    told = problem(public.get("/api/v1/changes", {"since": "1"}), 400, "parameter.unknown")
    assert told["parameter"] == "since"
    assert told["known"] == ["after", "lang", "limit", "wait"]
    assert "since" in told["detail"]


def test_a_parameter_given_twice_is_refused(public: Client) -> None:
    told = problem(public.get("/api/v1/changes?limit=1&limit=2"), 400, "parameter.repeated")
    assert told["parameter"] == "limit"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=ten",
        "limit=1.5",
        "limit=",
        "limit=%00",
        "after=-1",
        "after=9" + "9" * 30,
        "wait=26",
        "limit=%D9%A1",
        "limit=+5",
    ],
)
def test_bad_numbers_are_refused_by_name(public: Client, query: str) -> None:
    told = problem(public.get(f"/api/v1/changes?{query}"), 400, "parameter.invalid")
    assert told["parameter"] == query.partition("=")[0]
    assert "wanted" in told


@pytest.mark.parametrize(
    "query", ["q=%00", "q=a%00b", "q=", "q=%20", "q=" + "x" * 301, "q=%0Bx", "q=%ED%A0%80"]
)
def test_a_search_text_that_cannot_be_text_is_refused(public: Client, query: str) -> None:
    answer = public.get(f"/api/v1/search?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parameter.invalid", "request.malformed"}


def test_a_language_that_we_do_not_speak_is_refused_when_it_is_asked_for_by_name(public: Client) -> None:
    assert problem(public.get("/api/v1/codes?lang=tlh"), 400, "parameter.invalid")["parameter"] == "lang"
    answer = public.get("/api/v1/codes", headers={"Accept-Language": "tlh, en;q=0.5"})
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "en")


@pytest.mark.parametrize("header", ["", "*", ";;;", "en;q=x", "x" * 9000, "en-GB-oed,de", "ar;q=0,en"])
def test_no_accept_language_can_break_an_answer(public: Client, header: str) -> None:
    answer = public.get("/api/v1/codes", headers={"Accept-Language": header})
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "en")


def test_a_flood_of_parameters_is_refused(public: Client) -> None:
    query = "&".join(f"p{n}=1" for n in range(500))
    assert public.get(f"/api/v1/changes?{query}").status_code == 400


# bodies


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"nonsense",
        b'{"items": [}',
        b"\xff\xfe",
        b'{"items": NaN}',
        b'{"items": [Infinity]}',
        b"[" * 200_000,
        b'{"items": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_is_refused_with_its_place(public: Client, body: bytes) -> None:
    told = problem(post(public, body), 400, "body.not_json")
    assert told["line"] >= 1
    assert told["reason"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ([], "field.invalid", "body"),
        ("text", "field.invalid", "body"),
        (None, "field.invalid", "body"),
        ({}, "field.missing", "items"),
        ({"items": []}, "field.invalid", "items"),
        ({"items": {}}, "field.invalid", "items"),
        ({"items": [{"number": "X"}], "extra": 1}, "field.unknown", "extra"),
        ({"items": [{}]}, "field.missing", "items[0].number"),
        ({"items": [{"number": "X"}, "X"]}, "field.invalid", "items[1]"),
        ({"items": [{"number": "X", "names": "Y"}]}, "field.unknown", "items[0].names"),
        ({"items": [{"number": 5}]}, "field.invalid", "items[0].number"),
        ({"items": [{"number": ""}]}, "field.invalid", "items[0].number"),
        ({"items": [{"number": "X" * 101}]}, "field.invalid", "items[0].number"),
        ({"items": [{"number": "X\x00"}]}, "field.invalid", "items[0].number"),
        ({"items": [{"number": "\ud800"}]}, "field.invalid", "items[0].number"),
        ({"items": [{"number": "X", "name": ["Y"]}]}, "field.invalid", "items[0].name"),
        ({"items": [{"number": "X", "name": "Y\x00"}]}, "field.invalid", "items[0].name"),
        ({"items": [{"number": "X"}] * 1001}, "field.invalid", "items"),
    ],
)
def test_a_wrong_field_is_refused_by_its_place(public: Client, body: Any, code: str, field: str) -> None:
    sent = json.dumps(body)
    assert problem(post(public, sent), 400, code)["field"] == field


def test_a_field_given_twice_is_refused(public: Client) -> None:
    told = problem(post(public, '{"items": [{"number": "A", "number": "B"}]}'), 400, "field.repeated")
    assert told["field"] == "number"


def test_a_body_above_the_limit_is_refused_unread(public: Client) -> None:
    told = problem(post(public, b" " * 1_000_001), 413, "body.too_large")
    assert told["limit"] == 1_000_000
    assert post(public, b" " * 1_000_000).status_code == 400


def test_a_body_that_is_shorter_than_announced_is_refused(db: None) -> None:
    began: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": VERIFICATIONS,
        "HTTP_HOST": django_settings.REGISTRY_HOST,
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "500",
        "wsgi.input": io.BytesIO(b'{"items"'),
        "wsgi.url_scheme": "http",
    }

    def begin(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
        began.append(status)
        return began.append  # type: ignore[return-value]  # nobody writes through it

    answer = door.application(environ, begin)
    assert began == ["400 Bad Request"]
    assert json.loads(b"".join(answer))["code"] == "body.incomplete"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_a_body_that_is_not_called_json_is_refused(public: Client, media_type: str) -> None:
    problem(post(public, b"{}", content_type=media_type), 415, "body.wrong_media_type")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_site_cannot_post(public: Client, headers: dict[str, str]) -> None:
    problem(post(public, b"{}", headers=headers), 403, "request.cross_site")


# our own faults


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_down_is_no_answer_about_a_licence(public: Client) -> None:
    kept = connections["default"]
    there = kept.settings_dict["PORT"]
    kept.close()
    kept.settings_dict["PORT"] = "1"
    try:
        answer = public.get("/api/v1/licences/XA-DLA-A-000001-4")
        told = problem(answer, 503, "register.unreachable")
        assert told["verdict"] == {"result": "unknown", "may_recruit": False}
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Cache-Control"] == "no-store"
    finally:
        kept.settings_dict["PORT"] = there
        kept.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/v1/changes", "/api/v1/licences/XA-DLA-A-000001-4"])
def test_a_connection_that_died_since_the_last_request_is_replaced_unseen(
    public: Client, database_url: str, path: str
) -> None:
    before = public.get(path)
    connection.ensure_connection()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    after = public.get(path)
    assert after.status_code == before.status_code in {200, 404}


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_ours_says_nothing(
    public: Client, as_owner: Callable[[], AbstractContextManager[None]]
) -> None:
    public.raise_request_exception = False
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_publishedrecord RENAME TO elsewhere")
    try:
        told = problem(public.get("/api/v1/licences/XA-DLA-A-000001-4"), 500, "server.error")
        assert told.keys() == {"type", "title", "status", "code", "verdict", "request_id"}
        assert told["verdict"]["may_recruit"] is False
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO registry_publishedrecord")


# how much


def ask_often(public: Client, path: str, times: int, **headers: str) -> list[int]:
    """Ask so many times, each time for something else where the path has a place for it."""
    return [public.get(path.format(n=n), headers=headers).status_code for n in range(times)]


@pytest.mark.django_db
def test_walking_through_numbers_is_stopped_and_looking_up_what_exists_is_free(
    public: Client, settings: Any, clock: Any
) -> None:
    settings.REGISTRY_PROCESSES = 1
    settings.REGISTRY_LIMITS = ["misses=5/0.001"]
    builders.authority()
    clock.stop(builders.START)
    there = f"/api/v1/licences/{builders.active()}"
    clock.stop(builders.START.replace(hour=10))
    assert ask_often(public, there, 20) == [200] * 20
    assert ask_often(public, "/api/v1/licences/NONSENSE", 20) == [404] * 20, "the same again is no walk"
    assert ask_often(public, "/api/v1/licences/NONSENSE{n}", 5) == [404] * 4 + [429]
    answer = public.get(there)
    told = problem(answer, 429, "rate.exceeded")
    assert told["verdict"] == {"result": "unknown", "may_recruit": False}
    assert int(answer.headers["Retry-After"]) == told["retry_after"] > 0
    assert answer.headers["RateLimit-Policy"].startswith('"misses";q=5;w=')
    assert ask_often(public, "/api/v1/verify/NONSENSE", 1) == [429]
    assert public.get(there, REMOTE_ADDR="192.0.2.7").status_code == 200


@pytest.mark.django_db
def test_an_address_that_the_client_wrote_itself_is_not_believed(public: Client, settings: Any) -> None:
    settings.REGISTRY_PROCESSES = 1
    settings.REGISTRY_LIMITS = ["misses=2/0.001"]
    path = "/api/v1/licences/NONSENSE"
    answers = [
        public.get(f"{path}{n}", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(3)
    ]
    assert answers == [404, 404, 429]


@pytest.mark.django_db
def test_behind_our_own_proxy_the_last_address_counts(public: Client, settings: Any) -> None:
    settings.REGISTRY_PROCESSES = 1
    settings.REGISTRY_TRUSTED_PROXIES = 1
    settings.REGISTRY_LIMITS = ["misses=2/0.001"]
    paths = map("/api/v1/licences/NONSENSE{}".format, range(20))

    def asked(forwarded: str) -> int:
        return public.get(next(paths), headers={"X-Forwarded-For": forwarded}).status_code

    assert [asked(f"192.0.2.{n}, 198.51.100.9") for n in range(3)] == [404, 404, 429]
    assert asked("192.0.2.1, 198.51.100.10") == 404
    assert [asked(f"2001:db8:1:2::{n}") for n in range(3)] == [404, 404, 429]
    assert asked("2001:db8:1:3::1") == 404
    assert asked("[2001:db8:1:2::9]:443") == 429
    assert asked("198.51.100.9:5678") == 429
    assert asked("nonsense") == 404


@pytest.mark.django_db
def test_searching_is_counted_exactly_and_says_what_is_left(public: Client, settings: Any) -> None:
    settings.REGISTRY_LIMITS = ["searches=3/0.001"]
    answers = [public.get("/api/v1/search", {"q": "Nobody"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers[:3]] == [
        '"searches";r=2',
        '"searches";r=1',
        '"searches";r=0',
    ]
    problem(answers[3], 429, "rate.exceeded")
    assert answers[0].headers["Cache-Control"] == "private, no-cache"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_ratebucket")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'api_ratebucket'")
        assert cursor.fetchone() == ("u",)
    assert public.get("/api/v1/search", {"q": "Nobody"}, REMOTE_ADDR="192.0.2.7").status_code == 200


@pytest.mark.django_db
def test_each_item_of_a_batch_costs(public: Client, settings: Any) -> None:
    settings.REGISTRY_LIMITS = ["checks=10/0.001"]
    six = {"items": [{"number": "X"}] * 6}
    assert post(public, six).status_code == 200
    assert problem(post(public, six), 429, "rate.exceeded")["retry_after"] > 0
    assert post(public, {"items": [{"number": "X"}] * 4}).status_code == 200


@pytest.mark.django_db
def test_yesterdays_buckets_are_deleted(public: Client, clock: Any) -> None:
    clock.stop(builders.START)
    public.get("/api/v1/search", {"q": "Nobody"})
    clock.stop(builders.START.replace(day=builders.START.day + 1))
    public.get("/api/v1/search", {"q": "Nobody"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_ratebucket")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    "written", ["searches", "searches=0/1", "searches=5/0", "searches=-1/1", "other=1/1"]
)
def test_a_limit_that_cannot_be_read_stops_the_process(settings: Any, written: str) -> None:
    settings.REGISTRY_LIMITS = [written]
    with pytest.raises(ImproperlyConfigured, match="REGISTRY_LIMITS"):
        throttles.configured(throttles.SEARCHES)


def test_the_look_ups_of_one_process_are_its_share_of_the_limit() -> None:
    assert django_settings.REGISTRY_PROCESSES >= 1
    assert throttles.configured(throttles.MISSES).burst / 2 >= 30
