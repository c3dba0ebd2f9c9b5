"""Nobody learns who looked what up: neither from a log nor from the database, after every kind of question.

The server is a deployment's (granian, behind one proxy); the questions carry marks that occur nowhere else.
"""

import hashlib
import http.client
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import yaml
from django.conf import settings
from django.db import connection

from api.conf import embedded
from registry.rules import numbering
from tests import builders, serving
from tests.place import EMBEDDED
from verification import badges

pytestmark = pytest.mark.django_db(transaction=True)
ROOT: Final = serving.ROOT
ADDRESS, PORT = "203.0.113.77", "203.0.113.78:40777"
AGENT: Final = "Markedagent/7.7 (Linux; Markedphone)"
PHONE, NAME, MAIL, OLD = "+9779841550199", "Lina Markedname", "lina.markedmail@example.org", "MARKED-12/34"
MARKS: Final = (
    ADDRESS, "203.0.113.78", AGENT, "Markedagent", PHONE, "9841550199", NAME, "Markedname", MAIL, "markedmail", OLD,
    "MARKEDCODEXYZ", "Markedreferrer",
)  # fmt: skip
HEADERS: Final = {
    "X-Forwarded-For": f"198.51.100.9, {ADDRESS}", "User-Agent": AGENT, "Accept-Language": "en",
    "Referer": "https://Markedreferrer.example/page", "Accept-Encoding": "identity",
}  # fmt: skip


class Visitor:
    """Asks the server at a port with the marked headers, and looks at each answer."""

    def __init__(self, port: int) -> None:
        """Ask there."""
        self._port = port
        self.statuses: dict[int, int] = {}

    def ask(
        self, path: str, *, method: str = "GET", body: str = "", **headers: str
    ) -> http.client.HTTPResponse:
        """One answer; whatever it says, it sets no cookie, sends no referrer on and names no foreign source."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        line.request(method, path, body.encode() or None, HEADERS | headers)
        answer = line.getresponse()
        content = answer.read().decode(errors="replace")
        line.close()
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        assert answer.getheader("Set-Cookie") is None, path
        assert answer.getheader("Referrer-Policy") == "no-referrer", path
        told = f"{answer.getheader('Content-Security-Policy')} {answer.getheader('Link')}"
        assert not re.search(r"https?://", told), (path, told)
        loaded = re.findall(
            r"""(?:src=|<link[^>]*href=|action=|url\(|@import )["']?(//|https?:)[^"' >)]*""", content
        )
        assert loaded == [], path
        return answer


def _questions(licence: str, badge: str, other: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What people and programs ask, good and bad."""
    page, api = {"Accept": "text/html"}, {"Accept": "application/json"}
    for code in (
        badge,
        other,
        numbering.badge_code("XA", lambda n: 3 % n),
        "MARKEDCODEXYZ",
        quote(OLD, safe=""),
    ):
        yield f"/v/{code}", page
        yield f"/v/{code}?lang=ar", page
        yield f"/v/{code}", api
        yield f"/api/v1/verify/{code}", api
        yield f"/v/{code}/qr.svg", {}
    for number in (
        licence,
        "XA-DLA-A-999999-1",
        quote(NAME),
        quote(PHONE),
        quote(OLD, safe=""),
        "LA-000001-0",
    ):
        for form in (
            f"/licences/{number}",
            f"/agencies/{number}",
            f"/applications/{number}",
            f"/debarments/{number}",
        ):
            yield form, page
        for form in (
            f"/api/v1/licences/{number}",
            f"/api/v1/licences/{number}/timeline",
            f"/api/v1/agencies/{number}",
        ):
            yield form, api
        yield f"/api/v1/licences?number={number}", api
    for typed in (
        NAME,
        PHONE,
        MAIL,
        OLD,
        "markedmail.example",
        f"https://{MAIL}/v/MARKEDCODEXYZ",
        "\x00Markedname",
    ):
        yield f"/?q={quote(typed)}", page
        yield f"/api/v1/search?q={quote(typed)}", api
        yield f"/api/v1/agencies?q={quote(typed)}", api
        yield f"/debarments?q={quote(typed)}", page
        yield f"/where?code={quote(typed)}&district=XA-01", page
    yield f"/licences/{licence}?as_of=Markedname", page
    yield f"/api/v1/licences/{licence}?as_of=Markedname", api
    yield "/Markedname/nothing", page
    yield "/api/Markedname", api


@contextmanager
def _broken(as_owner: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """A register in which a table is missing."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_publishedrecord RENAME TO elsewhere")
    try:
        yield
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO registry_publishedrecord")


def _traces(*marks: str) -> list[str]:
    """Each mark as it may stand somewhere: itself, as bytes, and its plain digests in hexadecimal and base 64."""
    found = []
    for mark in marks:
        raw = mark.encode()
        digests = [hashlib.new(name, raw).digest() for name in ("md5", "sha1", "sha256", "blake2b")]
        found += [mark.lower(), raw.hex(), *(one.hex() for one in digests)]
        found += [b64encode(one)[:16].decode().lower() for one in digests]
    return found


def _held() -> str:
    """Every row of every table as text, bytes in hexadecimal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows).lower()


def _server_lines(since: int) -> str:
    """What the database's own server has written since."""
    if not EMBEDDED:
        return ""
    return (embedded.VAR / "postgres" / "log").read_bytes()[since:].decode(errors="replace").lower()


def test_after_hundreds_of_look_ups_of_every_kind_nothing_tells_who_asked(
    database_url: str, as_owner: Callable[[], AbstractContextManager[None]], tmp_path: Path
) -> None:
    at = builders.START
    builders.authority(at=at, districts={"XA-01": "Harbour (DEMO)"})
    licence = builders.active(builders.agency(at=at), at=at)
    lost = builders.active(builders.agency("Heron (DEMO)", at=at, company_number="H 1"), at=at)
    good, other = (badges.issue("licence", one, at=at).code for one in (licence, lost))
    badges.withdraw(other, reason="lost", by="XA-DLA-101", at=at)
    before = (embedded.VAR / "postgres" / "log").stat().st_size if EMBEDDED else 0
    limits = "misses=400/0.001,searches=20/0.001"
    place = serving.environment(
        database_url, REGISTRY_TRUSTED_PROXIES="1", REGISTRY_TALLY_SECONDS="3600", REGISTRY_LIMITS=limits,
        REGISTRY_HOST="127.0.0.1", PYTHONUNBUFFERED="1",
    )  # fmt: skip
    log = tmp_path / "public.log"
    with serving.server("api.conf.public:application", place, log=log, ready=f"/v/{good}") as port:
        visitor = Visitor(port)
        questions = list(_questions(licence, good, other))
        for path, headers in questions:
            visitor.ask(path, **headers)
        batch = {"items": [{"number": licence, "name": NAME}, {"number": PHONE}, {"number": OLD}]}
        sent = {"Content-Type": "application/json"}
        for body in (
            json.dumps(batch),
            '{"items": "Markedname',
            json.dumps({"receipt": NAME, "token": PHONE}),
        ):
            for path in ("verifications", "receipts/verify", "verify-token", "Markedname"):
                visitor.ask(f"/api/v1/{path}", method="POST", body=body, **sent)
        visitor.ask(f"/v/{good}", method="POST", body=f"name={NAME}")
        visitor.ask(f"/v/{good}", Host="markedmail.example")
        visitor.ask(f"/v/{good}", **{"X-Forwarded-For": PORT})
        with _broken(as_owner):
            for path in (
                f"/licences/{quote(NAME)}", f"/licences/{lost}?q={quote(PHONE)}", f"/?q={quote(NAME)}",
                f"/v/{good}?q={quote(NAME)}", f"/api/v1/licences/{lost}?as_of=2026-02-01",
                f"/api/v1/search?q={quote(MAIL)}", f"/api/v1/licences?number={quote(OLD)}",
            ):  # fmt: skip
                visitor.ask(path)
        for _ in range(3):
            visitor.ask(f"/licences/{quote(NAME)}")
    assert len(questions) > 100
    assert {200, 302, 400, 404, 405, 429, 500} <= visitor.statuses.keys(), visitor.statuses
    lines, held, server = log.read_text(errors="replace").lower(), _held(), _server_lines(before)
    assert "undefinedtable 42p01" in lines, "what broke is written down by its kind"
    assert licence.lower() in held
    assert "api_earlywarning" in held, "what was counted is added as the server ends"
    for trace in _traces(*MARKS):
        assert trace not in lines
        assert trace not in held
        assert trace not in server


def test_what_broke_is_told_without_the_text_of_the_error() -> None:
    import logging
    import sys

    from api.conf.logs import Discreet

    try:
        try:
            int(NAME)
        except ValueError as error:
            raise LookupError(PHONE) from error
    except LookupError:
        fault = sys.exc_info()
    record = logging.LogRecord(
        "django.request", 40, "", 0, "%s: %s", ("Internal Server Error", f"/v/{NAME}"), fault
    )
    told = Discreet("{name} {message}", style="{").format(record)
    assert told.startswith("django.request answered 500")
    assert told.endswith("LookupError <- ValueError")
    assert "test_privacy.py" in told
    assert NAME not in told
    assert PHONE not in told


def test_no_deployment_of_ours_keeps_an_access_log() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    commands = [" ".join(one.get("command", [])) for one in services.values()]
    commands += [(ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "scripts/demo.py")]
    assert sum("granian" in command for command in commands) >= 4
    assert not [command for command in commands if "access-log" in command or "log-config" in command]
    proxy = (ROOT / "api" / "conf" / "proxy" / "Caddyfile").read_text(encoding="utf-8")
    (logs,) = re.findall(r"^\s*log\b[^{]*\{([^}]*)\}", proxy, flags=re.MULTILINE)
    assert logs.split() == ["exclude", "http.log", "http.handlers"]
    assert len(re.findall(r"^\s*log\b", proxy, flags=re.MULTILINE)) == 1


def test_no_line_of_the_applications_is_below_a_fault() -> None:
    for name in ("django.request", "api.requests", "api.pages", "api.problems"):
        told: dict[str, Any] = settings.LOGGING["loggers"][name]
        assert (told["level"], told["handlers"], told["propagate"]) == ("ERROR", ["discreet"], False)


def test_the_databases_server_writes_down_no_failed_statement_of_ours(database_url: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW log_min_messages")
        assert cursor.fetchone() == ("fatal",)
