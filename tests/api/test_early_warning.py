"""The early warning: what is asked for in vain is counted a code and hour, told in tens, and speaks of nobody."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from api import early_warning, retention, tallies, throttles
from api.conf import public as door
from api.early_warning import Kind, Subject
from registry import authorities
from registry.authorities import Jurisdiction
from registry.rules import numbering
from tests import builders, chance
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.api.test_swift import heard
from tests.conftest import Clock, Kept
from verification import badges

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 9, 20, tzinfo=UTC)
HOUR = AT.replace(minute=0)
FAKE = "XA-DLA-A-777001-9"
"""A number as forgers make them: of our form, with a check symbol that does not fit."""


@dataclass(frozen=True)
class World:
    good: str
    revoked: str
    withdrawn: str
    unknown: str


@pytest.fixture(scope="module")
def world(kept: Kept) -> World:
    with kept(at=AT):
        builders.authority(districts={"XA-01": "Harbour (DEMO)", "XA-02": "Hill (DEMO)"})
        builders.authority("XB-LMA", zone="Africa/Cairo")
        start = AT - timedelta(days=20)
        licences = [
            builders.active(builders.agency(f"Heron {n} (DEMO)", at=start, company_number=f"H {n}"), at=start)
            for n in range(3)
        ]
        good, revoked, withdrawn = (_badge(one) for one in licences)
        builders.revoked(licences[1], at=AT - timedelta(days=2))
        badges.withdraw(withdrawn, reason="lost", by="XA-DLA-101", at=AT)
        return World(good, revoked, withdrawn, numbering.badge_code("XA", lambda n: 7 % n))


def _badge(licence: str) -> str:
    held = badges.for_subject("licence", licence)
    return held[0].code if held else badges.issue("licence", licence, at=AT).code


@pytest.fixture(autouse=True)
def counted(settings: Any, clock: Clock) -> Iterator[None]:
    """Count, and add to the table when a test says so; everybody's shares are whole."""
    clock.stop(AT)
    settings.REGISTRY_TALLY_SECONDS = 3600
    settings.REGISTRY_PROCESSES = 1
    tallies.flush()
    early_warning._shares.__init__()  # type: ignore[misc]
    throttles.look_ups.forget()
    yield
    tallies.flush()


def rows() -> list[tuple[Any, ...]]:
    """What the table holds, but for the hour."""
    tallies.flush()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, code, authority, district, count FROM api_earlywarning ORDER BY 1, 2, 4, hour"
        )
        return list(cursor.fetchall())


def here() -> Jurisdiction:
    return next(one for one in authorities.jurisdictions(at=AT) if one.code == "XA-DLA")


def asked(
    kind: str, code: str, times: int, *, at: datetime = HOUR - timedelta(hours=2), district: str = ""
) -> None:
    """So many look-ups of one code by as many visitors."""
    for _ in range(times):
        early_warning.counts.count([(at.replace(minute=0), kind, code, "XA-DLA", district)])
    tallies.flush()


def test_every_road_to_a_no_counts_it_by_its_code(public: Client, world: World) -> None:
    public.get(f"/v/{world.unknown}")
    public.get(f"/v/{world.unknown}", headers={"accept": "application/json"})
    public.get(f"/api/v1/verify/{world.unknown}")
    for code in (world.revoked, world.withdrawn, world.good):
        public.get(f"/v/{code}")
        heard(door.application, f"/v/{code}")
        public.get(f"/api/v1/verify/{code}")
    public.get(f"/licences/{FAKE}")
    public.get(f"/api/v1/licences/{FAKE.lower()}")
    public.get("/api/v1/licences", {"number": FAKE})
    public.get("/", {"q": FAKE})
    body = {"items": [{"number": FAKE}, {"number": "Somebody’s 12/3"}]}
    public.post("/api/v1/verifications", json.dumps(body), content_type="application/json")
    assert rows() == [
        ("badge", world.unknown, "XA", "", 3),
        ("licence", FAKE, "XA-DLA", "", 5),
        ("other", "", "", "", 1),
        ("revoked", world.revoked, "XA-DLA", "", 3),
        ("withdrawn", world.withdrawn, "XA-DLA", "", 3),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/licences/call%20me%20X%201712345", "/v/RECRUITMENTNOW", "/licences/+977-98-4155-0199",
        "/licences/NP-ABC-A-000001-4", "/v/XZ76-40AR-2J8M-D", "/licences/lina@example.org", "/v/%00",
        "/licences/AG-000001-1",
    ],
)  # fmt: skip
def test_what_names_no_authority_of_ours_is_counted_without_its_text(
    public: Client, world: World, path: str
) -> None:
    public.get(path)
    assert rows() == [("other", "", "", "", 1)]


def test_names_that_are_searched_for_and_the_past_are_not_counted(public: Client, world: World) -> None:
    public.get("/", {"q": "Lina Odeh +977 98 4155 0199"})
    public.get("/api/v1/search", {"q": "Nobody"})
    public.get(f"/api/v1/licences/{FAKE}?as_of=2026-01-01")
    assert rows() == []


def test_one_visitor_alone_never_makes_ten_in_an_hour(public: Client, world: World, settings: Any) -> None:
    settings.REGISTRY_TRUSTED_PROXIES = 1
    for _ in range(30):
        public.get(f"/v/{world.revoked}", headers={"X-Forwarded-For": "192.0.2.7"})
    assert rows() == [("revoked", world.revoked, "XA-DLA", "", 9)]
    public.get(f"/v/{world.revoked}", headers={"X-Forwarded-For": "192.0.2.8"})
    assert rows()[0][-1] == 10


def test_one_visitor_alone_does_not_fill_the_room_with_codes(public: Client, world: World) -> None:
    items = [{"number": f"XA-DLA-A-{n:06}-1"} for n in range(1, 501)]
    for _ in range(3):
        public.post("/api/v1/verifications", json.dumps({"items": items}), content_type="application/json")
    assert sum(row[-1] for row in rows()) == 60


def test_a_place_that_counts_nothing_holds_nothing(public: Client, world: World, settings: Any) -> None:
    settings.REGISTRY_TALLY_SECONDS = 0
    public.get(f"/v/{world.revoked}")
    assert rows() == []


# --- a district that a visitor picks ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unknown", "revoked", "withdrawn"])
def test_a_no_leads_to_the_question_where_and_the_answer_is_counted_once(
    public: Client, world: World, kind: str
) -> None:
    code = getattr(world, kind)
    settings_off = f"/where?code={code}"
    page = public.get(f"/v/{code}").content.decode()
    assert settings_off in page
    form = public.get(settings_off).content.decode()
    assert "Harbour (DEMO)" in form
    assert "optgroup" not in form
    sent = public.get(settings_off, {"code": code, "district": "XA-01"})
    assert (sent.status_code, sent.headers["Location"]) == (302, "/where?told=1")
    assert "Thank you" in public.get("/where?told=1").content.decode()
    assert [row[2:] for row in rows() if row[3]] == [(("XA" if kind == "unknown" else "XA-DLA"), "XA-01", 1)]


def test_good_answers_ask_nothing_and_count_nothing(public: Client, world: World) -> None:
    assert "/where" not in public.get(f"/v/{world.good}").content.decode()
    public.get("/where", {"code": world.good, "district": "XA-01"})
    assert rows() == []


def test_a_number_that_does_not_exist_has_a_place_too_and_any_other_text_has_it_without_its_text(
    public: Client, world: World
) -> None:
    assert f"/where?code={FAKE}" in public.get(f"/licences/{FAKE}").content.decode()
    page = public.get("/licences/Lina%20Odeh?lang=en").content.decode()
    assert 'href="/where?lang=en"' in page
    public.get("/where", {"code": FAKE, "district": "XA-02"})
    public.get("/where", {"code": "Lina Odeh", "district": "XA-02"})
    assert [row for row in rows() if row[3]] == [
        ("licence", FAKE, "XA-DLA", "XA-02", 1), ("other", "", "XA", "XA-02", 1),
    ]  # fmt: skip


def test_nobody_else_sends_a_visitor_to_be_counted_and_nobody_is_counted_often(
    public: Client, world: World
) -> None:
    told = {"code": world.unknown, "district": "XA-01"}
    assert public.head("/where", told).status_code == 200
    foreign = public.get("/where", told, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 200
    answers = [public.get("/where", told, headers={"Sec-Fetch-Site": "same-origin"}) for _ in range(6)]
    assert [one.status_code for one in answers] == [302] * 3 + [429] * 3
    assert "enough places today" in answers[-1].content.decode()
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert [row[-1] for row in rows() if row[3]] == [3]


@pytest.mark.parametrize("district", ["XA-99", "XB-01", "x" * 5000, "\x00", '"><script>'])
def test_a_district_that_is_not_on_the_list_is_refused(public: Client, world: World, district: str) -> None:
    answer = public.get("/where", {"code": world.unknown, "district": district})
    assert answer.status_code == 400
    assert "<script>" not in answer.content.decode()
    assert [row for row in rows() if row[3]] == []


def test_a_country_without_a_list_of_its_own_has_the_districts_of_iso_3166_2(world: World) -> None:
    builders.authority("NP-DOFE")
    known = {one.code: one for one in authorities.jurisdictions(at=AT)}
    assert known["NP-DOFE"].districts["NP-P3"] == "Bagmati"
    assert known["XB-LMA"].districts == {}
    assert known["XA-DLA"].warning_weeks == 13


# --- what is told -------------------------------------------------------------------------------------------------


def test_nothing_under_ten_is_told_and_everything_in_tens(world: World) -> None:
    asked("badge", world.unknown, 9)
    asked("revoked", world.revoked, 27)
    asked("revoked", world.revoked, 9, at=HOUR - timedelta(hours=3))
    asked("badge", world.unknown, 9, district="XA-01")
    asked("revoked", world.revoked, 12, district="XA-02")
    told = early_warning.outlook(here(), at=AT, days=1)
    assert [(one.kind, one.code, one.count) for one in told.lines] == [(Kind.REVOKED, world.revoked, 30)]
    assert (told.total, told.others) == (40, None)
    assert [span.count for span in told.spans if span.count] == [30]
    assert [(one.name, one.count) for one in told.places] == [("Hill (DEMO)", 10)]
    of_one = early_warning.outlook(here(), at=AT, days=7, code=world.unknown)
    assert (of_one.total, of_one.lines, of_one.places) == (None, (), ())


def test_small_codes_are_told_together(world: World) -> None:
    for n in range(5):
        asked("licence", f"XA-DLA-A-00000{n}-1", 9)
    told = early_warning.outlook(here(), at=AT, days=1)
    assert (told.lines, told.others, told.total) == ((), 40, 40)


def test_the_hour_that_runs_is_not_told_yet(world: World, clock: Clock) -> None:
    asked("badge", world.unknown, 50, at=HOUR)
    assert early_warning.outlook(here(), at=AT, days=1).lines == ()
    at = clock.stop(AT + timedelta(hours=1))
    assert early_warning.outlook(here(), at=at, days=1).lines[0].count == 50


def test_another_authority_is_told_nothing_of_ours(world: World) -> None:
    asked("revoked", world.revoked, 40)
    other = next(one for one in authorities.jurisdictions(at=AT) if one.code == "XB-LMA")
    told = early_warning.outlook(other, at=AT, days=7)
    assert (told.total, told.lines, told.counted_since) == (None, (), None)


@pytest.mark.parametrize(
    ("now", "weekly", "unusual"),
    [(19, 0, False), (20, 0, True), (30, 15, True), (30, 16, False), (500, 251, False), (500, 250, True)],
)
def test_unusual_is_twenty_and_twice_as_often_as_in_the_four_weeks_before(
    world: World,
    now: int,
    weekly: int,
    unusual: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    asked("badge", world.unknown, now)
    for week in range(1, 5):
        asked("badge", world.unknown, weekly, at=HOUR - timedelta(weeks=week + 1))
    (line,) = early_warning.outlook(here(), at=AT, days=7).lines
    assert (line.unusual, line.usual) == (unusual, weekly - weekly % 10)


def test_what_was_not_counted_yet_is_no_calm(world: World) -> None:
    asked("badge", world.unknown, 60)
    asked("badge", world.unknown, 40, at=HOUR - timedelta(days=8))
    (line,) = early_warning.outlook(here(), at=AT, days=7).lines
    assert (line.usual, line.unusual) == (40, False)


# --- what is forgotten --------------------------------------------------------------------------------------------


def test_counts_are_deleted_after_the_policys_weeks(world: World) -> None:
    for weeks in (1, 12, 13, 14):
        asked("badge", world.unknown, 20, at=HOUR - timedelta(weeks=weeks, hours=1))
    retention.refresh(at=AT)
    assert [row[-1] for row in rows()] == [20, 20]


def test_of_older_weeks_days_are_kept_and_codes_of_fewer_than_ten_forgotten(world: World) -> None:
    monday = datetime(2026, 4, 20, tzinfo=UTC)
    for hour, times in ((3, 6), (5, 6), (30, 4)):
        asked("revoked", world.revoked, times, at=monday + timedelta(hours=hour))
        asked("badge", world.unknown, times // 2, at=monday + timedelta(hours=hour))
    asked("badge", world.unknown, 3, at=monday, district="XA-01")
    asked("badge", world.unknown, 3, at=monday + timedelta(weeks=1))
    for _ in range(2):
        retention.refresh(at=AT)
    assert rows() == [
        ("badge", "", "XA-DLA", "", 6), ("badge", "", "XA-DLA", "", 2), ("badge", "", "XA-DLA", "XA-01", 3),
        ("badge", world.unknown, "XA-DLA", "", 3),
        ("revoked", world.revoked, "XA-DLA", "", 12), ("revoked", world.revoked, "XA-DLA", "", 4),
    ]  # fmt: skip


def test_what_a_badge_is_counted_as() -> None:
    assert early_warning.of_number("AG-000001-1") == early_warning.NOTHING_OF_OURS
    assert early_warning.of_number("xa dla a 777001 9") == Subject(Kind.LICENCE, FAKE, "XA-DLA")


# --- at the desk --------------------------------------------------------------------------------------------------


@pytest.fixture
def inspector(desk: Client, world: World) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "inspector"))


def test_the_room_shows_what_is_unusual_first_and_nothing_hidden(inspector: Pages, world: World) -> None:
    asked("licence", FAKE, 57)
    asked("badge", world.unknown, 9)
    asked("other", "", 30)
    page = inspector.get("early-warning").content.decode().translate({0x2068: None, 0x2069: None})
    assert f"A licence number that does not exist ({FAKE}): 50 or more; usually fewer than 10." in page
    assert world.unknown not in page
    # As a number of its own: a badge's code, which chance wrote, may hold the digits.
    assert not re.search(r"(?<![\w:])57(?![\w:])", chance.taken_out(page))
    of_one = inspector.get("early-warning", code=FAKE.lower(), days="7").content.decode()
    assert "50 or more" in of_one
    assert "30 or more" not in of_one


def test_the_file_says_the_same_and_no_cell_begins_a_formula(inspector: Pages, world: World) -> None:
    asked("licence", FAKE, 57)
    asked("badge", world.unknown, 12, district="XA-01")
    answer = inspector.get("early-warning.csv", days="1")
    lines = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert ["code", "A licence number that does not exist", FAKE, "", "50", ""] in lines
    assert ["district", "Harbour (DEMO)", "XA-01", "", "10", ""] in lines
    assert sum(line[:1] == ["time"] and line[4] == "" for line in lines) == 23
    assert not [cell for line in lines for cell in line if cell[:1] in {"=", "+", "-", "@"}]
    assert answer.headers["Content-Disposition"].endswith('-early-warning.csv"')


@pytest.mark.parametrize("query", [{"days": "2"}, {"days": "x"}, {"code": "x" * 41}, {"code": "a\x00"}])
def test_a_window_or_code_that_is_none_is_refused_on_a_page(inspector: Pages, query: dict[str, str]) -> None:
    assert inspector.get("early-warning", **query).status_code in {400, 409, 422}


def test_whatever_is_typed_as_a_code_is_escaped(inspector: Pages) -> None:
    page = inspector.get("early-warning", code='"><script>').content.decode()
    assert "<script>" not in page
    assert "Nothing unusual." in page
