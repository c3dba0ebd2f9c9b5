"""Finding an agency on the page and as a file: only who may recruit today, without a script, in few bytes."""

import csv
import gzip
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from api import throttles
from api.pages import atlas
from registry import finding
from registry.rules.lifecycle import Scope
from tests import builders
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = AT - timedelta(days=20)
EVIL = "<b>=1+1</b>"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def _built(kept: Kept) -> dict[str, str]:
    with kept(at=AT):
        builders.authority(at=START)
        made = {}
        for name, place, scope in [
            ("Amber", "Port Demo", Scope(("XB", "XC"), ("5321", "9112"))),
            ("Birch", "Hilltown", Scope((), ())),
            ("Cedar", "Lakeside", Scope(("XB",), ())),
        ]:
            holder = builders.agency(f"={name} {EVIL}", at=START, company_number=name)
            where = {"latitude": "26.75", "longitude": "85.9"} if place == "Port Demo" else {}
            builders.head_office(holder, at=START, locality=place, **where)
            made[name] = builders.active(holder, at=START, scope=scope)
        builders.suspended(made["Cedar"], at=START)
        return made


@pytest.fixture
def register(_built: dict[str, str], clock: Clock) -> dict[str, str]:
    """Two licences that may recruit and one that may not; their numbers."""
    clock.stop(AT)
    throttles.look_ups.forget()
    finding.forget()
    return _built


def page(public: Client, path: str) -> str:
    answer = public.get(path, headers=HTML)
    assert answer.status_code == 200, path
    text = str(answer.content.decode())
    assert EVIL not in text
    return text


def numbers(text: str) -> set[str]:
    return set(re.findall(r'href="/licences/([^"?]+)', text))


def test_the_page_lists_who_may_recruit_and_narrows_by_links_and_boxes(
    public: Client, register: dict[str, str]
) -> None:
    amber, birch = register["Amber"], register["Birch"]
    whole = page(public, "/agencies")
    assert numbers(whole) == {amber, birch}
    assert "Lakeside" not in whole
    for asked, found in [
        ("corridor=xb", {amber, birch}), ("corridor=XD", {birch}), ("job=9", {amber, birch}), ("job=7", {birch}),
        ("place=XA:Port+Demo", {amber}), ("place=XA:Lakeside", set()), ("class=A", {amber, birch}),
        ("class=%00", {amber, birch}),
        ("corridor=<b>&job=x&place=y&class=", {amber, birch}), ("place=XA:Port+Demo&job=5321&corridor=XC", {amber}),
    ]:  # fmt: skip
        assert numbers(page(public, f"/agencies?{asked}")) == found, asked
    assert "Choose less" in page(public, "/agencies?place=XA:Lakeside")
    assert public.get("/agencies?after=x", headers=HTML)["Location"] == "/agencies"
    assert "<script" not in whole


def test_the_map_is_a_picture_with_links_and_a_table_behind_it(
    public: Client, register: dict[str, str]
) -> None:
    del register
    whole = page(public, "/agencies?corridor=XC")
    picture = ET.fromstring(re.search(r"<svg class=\"map\".*?</svg>", whole, re.DOTALL)[0])  # type: ignore[index]  # noqa: S314 - our own
    (link,) = picture.findall("a")
    assert link.attrib["href"] == "/agencies?corridor=XC&place=XA%3APort+Demo"
    assert link.find("title").text == "Port Demo: 1"  # type: ignore[union-attr]
    assert whole.count("/agencies?corridor=XC&amp;place=XA%3AHilltown") == 1
    assert "1 place is not on the map." in whole


def test_the_page_with_its_map_is_light(public: Client, register: dict[str, str]) -> None:
    del register
    answer = public.get("/agencies", headers=HTML | {"Accept-Encoding": "gzip"})
    assert len(answer.content) < 40_000
    assert len(gzip.decompress(answer.content)) > len(answer.content)
    again = public.get(
        "/agencies", headers=HTML | {"If-None-Match": answer["ETag"], "Accept-Encoding": "gzip"}
    )
    assert again.status_code == 304
    assert max(len(gzip.compress(one["path"].encode())) for one in atlas._outlines().values()) < 8_000


def test_the_list_as_a_file_is_whole_and_begins_no_formula(public: Client, register: dict[str, str]) -> None:
    answer = public.get("/agencies.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="agencies-2026-05-01-\d+\.csv"', answer["Content-Disposition"])
    assert not answer.streaming, "whoever reads slowly would hold a thread"
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    told = [dict(zip(rows[0], row, strict=False)) for row in rows[1:3]]
    assert {row["licence"] for row in told} == {register["Amber"], register["Birch"]}
    assert all(row["name"].startswith("'=") for row in told)
    assert rows[-1] == ["end_of_list", "complete"]
    assert [row[0] for row in rows[-3:]] == ["read_at", "register_sequence", "end_of_list"]
    narrowed = public.get("/agencies.csv?corridor=XD")
    assert register["Amber"] not in narrowed.content.decode()


def test_looking_around_is_charged_as_searching_is(public: Client, register: dict[str, str]) -> None:
    del register
    statuses = [public.get("/agencies.csv").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert public.get("/agencies?corridor=XB", headers=HTML).status_code == 429
    assert public.get("/agencies", headers=HTML).status_code == 200


HOSTILE = (
    "%00", "%F0%9F%92%A9", "%E2%80%AE", "'%20OR%201=1--", "%3Csvg%20onload=alert(1)%3E", "A" * 300, "%25s", "%7B0%7D",
    "XA:%2525", "../../etc/passwd", "%ED%A0%80", "https://[", "//a@b:c/%2e", "+" * 50, "0" * 150, "a.b.c.d.e.f." * 12,
    "xn--zzzz.xn--" + "a" * 50, "%D8%8C%E2%81%A6", "1e999", "-1",
)  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/agencies?corridor={0}&job={0}&place={0}&class={0}", "/agencies?after={0}", "/alerts?kind={0}&after={0}",
        "/?q={0}&contact={0}", "/?contact={0}", "/alerts/{0}",
    ],
)  # fmt: skip
def test_whatever_is_typed_is_answered_and_never_an_accident(
    public: Client, register: dict[str, str], path: str, settings: Any
) -> None:
    del register
    settings.REGISTRY_LIMITS = ["searches=1000/1", "misses=1000/1"]
    for typed in HOSTILE:
        answer = public.get(path.replace("{0}", typed), headers=HTML)
        assert answer.status_code in {200, 302, 400, 404}, typed
        assert b"<svg onload" not in answer.content, typed
