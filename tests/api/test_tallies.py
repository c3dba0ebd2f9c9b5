"""Look-ups are counted as numbers a licence and week, and nothing else is kept of them."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from api import retention, tallies
from api.conf import public as door
from api.conf.swift import Swift
from registry import lookup
from tests import builders
from tests.api.at_desk import at_desk
from tests.api.officials import appoint
from tests.api.test_swift import heard
from tests.conftest import Clock, Kept
from verification import badges

pytestmark = pytest.mark.django_db
AT = builders.START + timedelta(days=60)
MONDAY = AT.date() - timedelta(days=AT.weekday())


@pytest.fixture(autouse=True)
def counted(settings: Any) -> Iterator[None]:
    """Count, and add to the table when a test says so."""
    settings.REGISTRY_TALLY_SECONDS = 3600
    tallies.flush()
    yield
    tallies.flush()


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=builders.START):
        builders.authority()
        return builders.active(builders.agency("Bluefinch Manpower (DEMO)"))


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA that is in force."""
    clock.stop(AT)
    return _built


def rows() -> list[tuple[Any, ...]]:
    """What the table holds."""
    tallies.look_ups.flush()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM api_lookups ORDER BY 1, 2")
        return list(cursor.fetchall())


def test_every_road_to_an_answer_of_now_counts_once(public: Client, licence: str) -> None:
    held = badges.for_subject("licence", licence)
    code = held[0].code if held else badges.issue("licence", licence, at=AT).code
    public.get(f"/api/v1/licences/{licence}")
    public.get(f"/licences/{licence}")
    public.get(f"/v/{code}")
    public.get(f"/v/{code}", headers={"accept": "application/json"})
    public.get(f"/api/v1/verify/{code}")
    body = {"items": [{"number": licence}, {"number": "XA-L-NO-SUCH"}]}
    public.post("/api/v1/verifications", json.dumps(body), content_type="application/json")
    swift = Swift(door.application)
    heard(swift, f"/api/v1/licences/{licence}")
    heard(swift, f"/v/{code}")
    assert rows() == [(licence, MONDAY, 8)]


def test_the_past_and_what_is_not_found_are_not_counted(public: Client, licence: str) -> None:
    public.get(f"/api/v1/licences/{licence}?as_of=2026-01-01")
    public.get(f"/licences/{licence}?as_of=2026-01-10")
    public.get("/api/v1/licences/XA-L-NO-SUCH")
    public.get("/v/0000000000000")
    public.get(f"/api/v1/licences/{licence}/timeline")
    assert rows() == []


def test_counts_of_several_processes_and_minutes_add_up(licence: str) -> None:
    one, other = tallies.LookUps(), tallies.LookUps()
    for tally in (one, other, one):
        tally.add([licence, "XA-OTHER"], at=AT)
        tally.flush()
    one.flush()
    assert rows() == [(licence, MONDAY, 3), ("XA-OTHER", MONDAY, 3)]


def test_fewer_than_ten_in_a_week_are_not_told(licence: str) -> None:
    week = timedelta(weeks=1)
    for at, times in ((AT - 3 * week, 40), (AT - week, 9), (AT, 10)):
        for _ in range(times):
            tallies.look_ups.add([licence], at=at)
    tallies.look_ups.flush()
    told = [(one.first_day, one.count) for one in tallies.by_week([licence], at=AT, weeks=12)]
    assert told == [(MONDAY - 3 * week, 40), (MONDAY - 2 * week, None), (MONDAY - week, None), (MONDAY, 10)]
    assert [one.count for one in tallies.by_week([licence], at=AT, weeks=2)] == [None, 10]


def test_nothing_is_told_before_anything_was_ever_counted(licence: str) -> None:
    assert tallies.by_week([licence], at=AT, weeks=12) == []


@pytest.mark.parametrize(
    ("at", "monday"),
    [("2026-11-22T23:59:59+00:00", "2026-11-16"), ("2026-11-23T00:00:00+00:00", "2026-11-23")],
)
def test_a_week_begins_on_monday_of_utc(at: str, monday: str) -> None:
    tally = tallies.LookUps()
    tally.add(["XA-1"], at=datetime.fromisoformat(at))
    tally.flush()
    assert [week for _, week, _ in rows()] == [date.fromisoformat(monday)]


def test_counts_of_more_than_a_year_ago_are_deleted(licence: str) -> None:
    for weeks in (0, 53, 54):
        tallies.look_ups.add([licence], at=AT - timedelta(weeks=weeks))
    tallies.look_ups.flush()
    retention.refresh(at=AT)
    assert [week for _, week, _ in rows()] == [MONDAY - timedelta(weeks=53), MONDAY]


def test_a_place_that_counts_nothing_holds_nothing(public: Client, licence: str, settings: Any) -> None:
    settings.REGISTRY_TALLY_SECONDS = 0
    public.get(f"/api/v1/licences/{licence}")
    assert rows() == []


def test_the_dossier_shows_the_weeks(desk: Client, licence: str) -> None:
    pages = at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))
    agency = json.loads(lookup.public_licence(licence, at=AT).body)["holder"]["number"]
    assert "Look-ups in a week" not in pages.get(f"agencies/{agency}").content.decode()
    for _ in range(1204):
        tallies.look_ups.add([licence], at=AT)
    tallies.look_ups.flush()
    page = pages.get(f"agencies/{agency}").content.decode()
    assert "Look-ups in a week" in page
    assert ">1,204</text>" in page
