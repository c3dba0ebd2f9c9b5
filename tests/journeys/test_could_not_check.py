"""When it is down: one grey page from the application and from the proxy, in the reader's language, never green."""

import io
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from psycopg import sql

from api.pages import render
from registry.rules import numbering
from tests.conftest import server_address
from tests.serving import free_ports

PROXY = Path(__file__).resolve().parents[2] / "api" / "conf" / "proxy"
Arabic = Callable[[str], str]


def asked(site: str, path: str, accepted: str) -> tuple[int, Message, str] | None:
    """Status, headers and body of a refusal; None while nobody listens."""
    try:
        urlopen(Request(site + path, headers={"Accept-Language": accepted}))  # noqa: S310 - our own doors
    except HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read().decode()
    except URLError:
        return None
    raise AssertionError("nobody is there to answer")


def tones(page: str) -> list[str]:
    """The tones of all verdicts on a page."""
    return re.findall(r'class="verdict ([\w ]+)"', page)


@contextmanager
def database_stopped() -> Iterator[None]:
    """Nobody gets into the database, and whoever was in it is out."""
    name = sql.Identifier(str(connections["default"].settings_dict["NAME"]))
    connections.close_all()
    with psycopg.connect(server_address(), autocommit=True) as administrator:
        let = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        administrator.execute(let.format(name, sql.SQL("false")))
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name._obj[0]]
        )
        try:
            yield
        finally:
            administrator.execute(let.format(name, sql.SQL("true")))


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_stopped_a_running_server_is_grey_in_the_readers_language(
    public_site: str, arabic: Arabic
) -> None:
    badge = f"/v/{numbering.badge_code('XA', lambda _: 7)}"
    with database_stopped():
        for path, accepted, word in (
            (badge, "en", "Could not be checked"),
            (badge, "ar-EG,ar;q=0.9", arabic("Could not be checked")),
            ("/licences/XA-DLA-A-000001-4?lang=ar", "en", arabic("Could not be checked")),
        ):
            status, headers, page = asked(public_site, path, accepted) or (0, Message(), "")
            assert (status, headers["Cache-Control"], headers["Retry-After"]) == (503, "no-store", "30")
            assert tones(page) == ["unknown"]
            assert f'<h1 class="word">{word}</h1>' in page
        with urlopen(f"{public_site}/scan") as scanner:  # noqa: S310 - our own door
            assert scanner.status == 200, "the scanner needs no database"


@pytest.mark.django_db
@pytest.mark.usefixtures("misses_forgotten")
def test_who_asks_too_often_reads_grey_in_their_language(
    public: Client, settings: Any, arabic: Arabic
) -> None:
    settings.REGISTRY_LIMITS = ["misses=1/0.001"]
    settings.REGISTRY_PROCESSES = 1
    response = [public.get("/v/nothing?lang=ar") for _ in range(3)][-1]
    page = response.content.decode()
    assert (response.status_code, response["Cache-Control"]) == (429, "no-store")
    assert int(response["Retry-After"]) > 0
    assert tones(page) == ["unknown"]
    assert arabic("Could not be checked") in page


def test_a_bug_outside_a_page_is_grey_too(
    public: Client, monkeypatch: pytest.MonkeyPatch, arabic: Arabic
) -> None:
    def broken() -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(render, "edition", broken)
    public.raise_request_exception = False
    response = public.get("/worker.js", HTTP_ACCEPT_LANGUAGE="ar")
    page = response.content.decode()
    assert (response.status_code, response["Cache-Control"]) == (500, "no-store")
    assert tones(page) == ["unknown"]
    assert arabic("Could not be checked") in page


def test_the_proxys_pages_are_those_of_the_application_and_stand_alone(
    tmp_path: Path, arabic: Arabic
) -> None:
    call_command("could_not_check", tmp_path, stdout=io.StringIO())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ar.html", "en.html"]
    for language, direction, other in (("en", "ltr", "ar"), ("ar", "rtl", "en")):
        page = (tmp_path / f"{language}.html").read_text(encoding="utf-8")
        assert f'<html lang="{language}" dir="{direction}">' in page
        assert tones(page) == ["unknown"]
        assert not re.search(r"https?://|<script|stylesheet|<img", page)
        assert f"lang={other}" in page
    assert "This says nothing about the agency, good or bad." in (tmp_path / "en.html").read_text()


def test_the_proxy_answers_grey_in_the_readers_language_while_nothing_else_answers(
    tmp_path: Path, arabic: Arabic
) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("there is no Caddy on this machine: its answer while nothing else answers is not tried")
    call_command("could_not_check", tmp_path, stdout=io.StringIO())
    here = (PROXY / "Caddyfile").read_text(encoding="utf-8")
    here = here.replace("/srv/could-not-check", str(tmp_path)).replace("/etc/caddy", str(PROXY))
    here = re.sub(
        r"\n\s*(?:request|response)_buffers \S+", "", here
    )  # Debian's Caddy is older than these words
    nobody, *ours = free_ports(3)
    here = re.sub(r"(public|desk|door):\d+", f"127.0.0.1:{nobody}", here)
    (tmp_path / "Caddyfile").write_text(here.replace("{\n", "{\n\tadmin off\n", 1))
    site, desk = (f"http://127.0.0.1:{port}" for port in ours)
    told = {"REGISTRY_HOST": site, "REGISTRY_DESK_HOST": desk, "ACME_EMAIL": "nobody@registry.example"}
    kept = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    proxy = subprocess.Popen(
        [caddy, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
        env=os.environ | told | kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        patient = time.monotonic() + 20
        while asked(site, "/", "en") is None and time.monotonic() < patient:
            time.sleep(0.05)
        for where, path, accepted, language in (
            (site, "/v/XA00000000000", "ar-EG,ar;q=0.9,en;q=0.8", "ar"), (site, "/?lang=ar", "en", "ar"),
            (site, "/v/XA00000000000", "de", "en"), (desk, "/desk/", "ar", "ar"),
        ):  # fmt: skip
            status, headers, page = asked(where, path, accepted) or (0, Message(), "")
            assert (status, headers["Cache-Control"], headers["Retry-After"]) == (503, "no-store", "60")
            assert page == (tmp_path / f"{language}.html").read_text(encoding="utf-8")
        status, headers, body = asked(site, "/api/v1/codes", "ar") or (0, Message(), "")
        assert (status, headers["Content-Type"]) == (503, "application/problem+json")
        assert json.loads(body)["code"] == "register.unreachable"
    finally:
        proxy.terminate()
        proxy.wait(10)
