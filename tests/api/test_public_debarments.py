"""The list of who is barred and each bar, over HTTP: as JSON for programs and as pages for people."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from api import throttles
from tests import builders
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
API = "/api/v1/debarments"
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def office(clock: Clock) -> None:
    """The authority and a stopped clock."""
    clock.stop(AT)
    throttles.look_ups.forget()
    builders.authority(at=AT - timedelta(days=60))


def page(public: Client, path: str) -> str:
    answer = public.get(path, headers=HTML)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def test_a_bar_is_told_by_name_and_by_nothing_else_of_the_person(public: Client) -> None:
    bar = builders.person_barred(at=AT)
    told = public.get(API).json()
    assert (told["next"], told["history_complete_since"]) == (None, None)
    (one,) = told["data"]
    assert one == public.get(f"{API}/{bar}").json()
    assert one.pop("authority")["code"] == "XA-DLA"
    assert one.pop("grounds")[0]["code"] == "CONVICTION"
    assert one.pop("appeal")["open"] is False
    assert one == {
        "number": bar, "kind": "person", "state": "in_force", "name": "Mina Rai (DEMO)", "latin_name": "",
        "agency": None, "scope": "any_role", "decided_on": "2026-03-02", "first_day": "2026-03-02",
        "last_day": "2027-03-02", "public_until": "2030-03-02",
    }  # fmt: skip
    del one["number"]  # the bars before this one may have been so many
    assert "1980" not in json.dumps(told)
    assert "PE-" not in json.dumps(told)


def test_the_list_is_paged_narrowed_and_asked_for_anew(public: Client) -> None:
    holder = builders.agency()
    numbers = [
        builders.person_barred(f"Rai {name} (DEMO)", at=AT, holder=holder) for name in ("Ása", "Bo", "Cy")
    ]
    found: list[int] = []
    after = ""
    while True:
        told = public.get(f"{API}?limit=1{after}").json()
        found += [one["number"] for one in told["data"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert found == sorted(numbers, reverse=True)
    for asked, count in (("q=asa", 1), ("q=rai", 3), ("q=%21", 0), ("kind=agency", 0), ("country=XB", 0)):
        assert len(public.get(f"{API}?{asked}").json()["data"]) == count, asked
    first = public.get(API)
    assert first["Cache-Control"] == "no-cache"
    assert public.get(API, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert public.get(f"{API}?q=rai")["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("/0", 404, "debarment.not_found"), ("/999999", 404, "debarment.not_found"), ("/x", 404, "debarment.not_found"),
        ("/" + "9" * 40, 404, "debarment.not_found"), ("/٣", 404, "debarment.not_found"),
        ("?after=x", 400, "parameter.invalid"), ("?kind=ship", 400, "parameter.invalid"),
        ("?limit=1001", 400, "parameter.invalid"), ("?q=%00", 400, "parameter.invalid"),
        ("?q=a&q=b", 400, "parameter.repeated"), ("?who=x", 400, "parameter.unknown"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_cannot_be_read_is_a_problem(
    public: Client, asked: str, status: int, code: str
) -> None:
    answer = public.get(API + asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_pages_say_who_why_and_until_when_and_that_a_name_is_no_proof(
    public: Client, clock: Clock
) -> None:
    assert "No ban is public now." in page(public, "/debarments")
    bar = builders.person_barred(at=AT, scope="director")
    shown = page(public, "/debarments")
    for told in (
        "Banned now",
        "Mina Rai (DEMO)",
        f"/debarments/{bar}",
        "From 2 March 2026 until 2 March 2027",
    ):
        assert told in shown, told
    one = page(public, f"/debarments/{bar}")
    for told in (
        "banned this person from running or owning a recruitment agency", "2 March 2027", "2 March 2030",
        "Others may have the same name",
    ):  # fmt: skip
        assert told in one, told
    assert "Mina Rai (DEMO)" in page(public, "/debarments?q=MÍNA")
    assert "This does not mean that they did nothing wrong" in page(public, "/debarments?q=Nobody")
    clock.stop(datetime(2028, 1, 1, tzinfo=UTC))
    assert "The ban is over" in page(public, f"/debarments/{bar}")
    clock.stop(datetime(2031, 1, 1, tzinfo=UTC))
    assert "Bans decided before 3 March 2026 may be left out" in page(public, "/debarments")
    missing: Any = public.get(f"/debarments/{bar}", headers=HTML)
    assert (missing.status_code, b"This does not mean that nobody did wrong" in missing.content) == (
        404,
        True,
    )


def test_the_pages_are_paged_small_and_kept_by_nobody_when_searched(public: Client) -> None:
    import gzip

    holder = builders.agency()
    for place in range(27):
        builders.person_barred(f"Rai {place} (DEMO)", at=AT, holder=holder)
    shown = public.get("/debarments", headers=HTML)
    assert shown.content.decode().count('<p class="say') == 25
    older = page(
        public,
        shown.content.decode().partition('<p><a href="')[2].partition('"')[0].join(("/debarments", "")),
    )
    assert older.count('<p class="say') == 2
    assert len(gzip.compress(shown.content)) < 14 * 1024
    assert public.get("/debarments?q=rai", headers=HTML)["Cache-Control"] == "no-store"
    for odd in (
        "/debarments?after=x",
        "/debarments?after=0",
        "/debarments?q=%00%F0",
        "/debarments?q=" + "x" * 900,
    ):
        assert public.get(odd, headers=HTML).status_code == 200, odd
