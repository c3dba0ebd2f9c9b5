"""Somebody looks a recruiter up: by whatever they were given, for today and for the day they paid."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from registry import clock as world
from tests import builders
from tests.journeys.conftest import Bluefinch
from tests.journeys.test_scan import text

LIST_PROFILE = """
profile = "demo_list"
kind = "register"
title = "Demo list"
source = "DEMO list"
freshness_days = 45
authority = { code = "DLB", name = { en = "DEMO Authority for Lists" }, country = "XA", time_zone = "Asia/Kathmandu" }
fixed = { country = "XA", class = "agency", status = "licensed" }
file = { format = "csv", encoding = "utf-8" }
columns = { number = "no", name = "name", locality = "town" }
identity = { holder = ["number"] }
"""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("misses_forgotten")]


def test_the_first_page_is_a_box_and_what_the_answers_mean(public: Client) -> None:
    page = public.get("/").content.decode()
    assert page.count("<form") == 1
    assert 'method="get"' in page
    for word in ("Licensed", "Licensed with limits", "Not licensed", "Could not be checked"):
        assert word in page


def test_a_hit_says_verdict_whose_it_is_and_why_it_is_here(public: Client, bluefinch: Bluefinch) -> None:
    for query in (
        "bluefinch manpower",
        bluefinch.licence,
        bluefinch.licence.lower().replace("-", " "),
        "+1 202 555 0142",
        "office@bluefinch.example",
        "https://bluefinch.example/jobs",
        "Bluefinch Jobs",
        "bluefinsh manpower",
    ):
        response = public.get("/", {"q": query})
        page = response.content.decode()
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert '<p class="say go"><svg class="mark"' in page, query
        assert f'href="/licences/{bluefinch.licence}"' in page
        assert "Level 2, 14 Harbour Road, Port Demo" in text(response)
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    assert '<p class="say stop">' in public.get("/?q=bluefinch").content.decode()


def test_a_badge_code_in_the_box_leads_to_its_answer(
    public: Client, bluefinch: Bluefinch, settings: Any
) -> None:
    for typed in (
        bluefinch.badge,
        bluefinch.badge.lower(),
        f"http://{settings.REGISTRY_HOST}/v/{bluefinch.badge}",
    ):
        response = public.get("/", {"q": typed, "lang": "en"})
        assert response.status_code == 302
        assert response["Location"] == f"/v/{bluefinch.badge}?lang=en"
        assert response["Cache-Control"] == "no-store"


def test_a_look_alike_of_our_address_is_told_apart(public: Client, bluefinch: Bluefinch) -> None:
    response = public.get("/", {"q": f"https://registry-verify.example/v/{bluefinch.badge}"})
    assert response.status_code == 200
    assert "this address is not ours" in text(response)
    assert 'class="verdict go"' not in response.content.decode()


def test_nothing_found_is_no_green_and_says_what_to_do(public: Client, bluefinch: Bluefinch) -> None:
    response = public.get("/?q=Quagga Shipping")
    told = text(response)
    assert response.status_code == 200
    assert "Not in this register" in told
    assert "Nobody in this register is called “Quagga Shipping”" in told
    assert "Do not pay, do not sign, and do not hand over your passport." in told
    assert bluefinch.licence not in told


def test_a_contact_that_is_nobodys_is_warned_of_above_the_agencies_that_may_be_meant(
    public: Client, bluefinch: Bluefinch
) -> None:
    builders.active(
        builders.agency("Bluefinch Care Staffing (DEMO)", company_number="C 779", at=bluefinch.at)
    )
    told = text(public.get("/", {"q": "bluefinch", "contact": "+97715550123"}))
    card, _, hits = told.partition("may mean one of these")
    assert "“+97715550123” is not on the register." in card
    assert "Do not pay, do not sign, and do not hand over your passport." in card
    assert "Licensed Bluefinch Manpower (DEMO)" in hits


def test_a_number_with_one_wrong_symbol_is_mistyped_and_never_found(
    public: Client, bluefinch: Bluefinch
) -> None:
    wrong = bluefinch.licence[:-3] + ("7" if bluefinch.licence[-3] != "7" else "8") + bluefinch.licence[-2:]
    told = text(public.get("/", {"q": wrong}))
    assert "The last letter or number does not fit the others" in told
    assert bluefinch.licence not in told


@pytest.mark.parametrize(
    "typed", ["\x00", "   ", "\ud800", "x" * 5000, "<script>alert(1)</script>", "%", "' OR 1=1 --", "🦜"]
)
def test_anything_may_be_typed_into_the_box(public: Client, typed: str) -> None:
    response = public.get("/", {"q": typed.encode("utf-8", "surrogatepass")})
    assert response.status_code in {200, 400}
    assert b"<script" not in response.content
    assert "Could not be checked" not in text(response) or "What the answers mean" in text(response)


def test_what_was_typed_stands_in_the_box_and_is_escaped(public: Client) -> None:
    page = public.get("/", {"q": '"><img src=x onerror=alert(1)>'}).content.decode()
    assert "<img" not in page
    assert "&quot;&gt;&lt;img" in page


def test_searching_too_often_is_grey(public: Client, settings: Any) -> None:
    settings.REGISTRY_LIMITS = ["searches=1/0.001"]
    assert public.get("/?q=blue").status_code == 200
    response = public.get("/?q=blue")
    assert response.status_code == 429
    assert 'class="verdict unknown"' in response.content.decode()
    assert response["Retry-After"]


def test_names_from_the_register_are_escaped_everywhere(public: Client, bluefinch: Bluefinch) -> None:
    from registry import agencies

    name = "<b>Kestrel</b> & 'Sons' \"DEMO\" {{ 7 }} %(since)s"
    by = builders.maker(bluefinch.at)
    builders.approved(
        agencies.amend(
            bluefinch.agency, {"legal_name": name}, by=by, at=bluefinch.at, idempotency_key=builders.key()
        ),
        at=bluefinch.at,
    )
    for path in (
        f"/v/{bluefinch.badge}",
        f"/v/{bluefinch.badge}/badge",
        f"/licences/{bluefinch.licence}",
        f"/agencies/{bluefinch.agency}",
        "/?q=Kestrel Sons DEMO",
    ):
        response = public.get(path)
        page = response.content.decode()
        assert response.status_code == 200
        assert "<b>Kestrel" not in page
        assert "&lt;b&gt;Kestrel&lt;/b&gt; &amp;" in page
        assert "{{ 7 }} %(since)s" in page


def test_a_licence_has_a_page_with_its_life_as_a_band_and_as_a_table(
    public: Client, bluefinch: Bluefinch
) -> None:
    later = bluefinch.at + timedelta(days=40)
    with world.frozen(later):
        number = builders.suspended(bluefinch.licence, at=later)
    with world.frozen(later + timedelta(days=20)):
        builders.lifted(bluefinch.licence, number, at=later + timedelta(days=20))
    with world.frozen(later + timedelta(days=60)):
        page = public.get(f"/licences/{bluefinch.licence.lower()}").content.decode()
    assert re.findall(r'<rect class="(\w+)"', page) == ["go", "stop", "go"]
    assert 'fill="url(#hatch)"' in page
    assert 'role="img" aria-label="Licensed from 5 January 2026; Not licensed from 14 February 2026; ' in page
    days = re.findall(r'<th scope="row">([^<]+)</th><td><b>([^<]+)</b>', page)
    assert [day for day, _ in days] == [
        "6 March 2026",
        "14 February 2026",
        "5 January 2026",
        "5 January 2026",
    ]
    assert "Papers under examination." in page
    assert "Used forged documents" in page


def test_a_past_day_is_answered_as_past_and_can_not_pass_for_today(
    public: Client, bluefinch: Bluefinch
) -> None:
    later = bluefinch.at + timedelta(days=40)
    with world.frozen(later):
        builders.suspended(bluefinch.licence, at=later)
        page = public.get(f"/licences/{bluefinch.licence}?as_of=2026-02-01").content.decode()
        today = public.get(f"/licences/{bluefinch.licence}?as_of=2026-02-14")
    assert (today.status_code, today["Location"]) == (302, f"/licences/{bluefinch.licence}")
    with world.frozen(later + timedelta(days=1)):
        both = public.get(f"/licences/{bluefinch.licence}?as_of=2026-02-14").content.decode()
    assert 'class="verdict go past"' in page
    assert "This is the past: 1 February 2026" in page
    assert "On 1 February 2026, all day" in page
    assert "Checked at" not in page
    assert f'href="/licences/{bluefinch.licence}">How it is today' in page
    assert re.findall(r'class="verdict (\w+) past"', both) == ["go", "stop"]
    assert "Until 14:45 on 14 February 2026" in both
    assert "From 14:45 on 14 February 2026" in both


NO_DAYS = (
    "2031-01-01",
    "0001-01-01",
    "1899-12-31",
    "yesterday",
    "2026-02-30",
    "2026-2-3",
    "9999-12-31",
    "'",
    "\x00",
    "١٢",
)


def test_a_day_that_is_none_or_has_not_come_is_refused_in_words(public: Client, bluefinch: Bluefinch) -> None:
    for day in NO_DAYS:
        response = public.get(f"/licences/{bluefinch.licence}", {"as_of": day})
        told = text(response)
        assert response.status_code == 400
        assert "This is not a day." in told or "This day has not come yet." in told
        assert response["Cache-Control"] == "no-store"


def test_a_day_before_the_licence_is_never_green(public: Client, bluefinch: Bluefinch) -> None:
    for day in ("1900-01-01", "2026-01-04"):
        page = public.get(f"/licences/{bluefinch.licence}", {"as_of": day}).content.decode()
        assert 'class="verdict go' not in page
        assert re.search(r'class="verdict (stop|unknown)', page)


def test_an_agency_has_no_verdict_of_its_own_and_shows_each_licence_with_its_own(
    public: Client, bluefinch: Bluefinch
) -> None:
    second = builders.active(bluefinch.agency, at=bluefinch.at)
    builders.suspended(second, at=bluefinch.at)
    response = public.get(f"/agencies/{bluefinch.agency.lower()}")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="verdict' not in page
    assert re.findall(r'<p class="say (\w+)">', page) == ["go", "stop"]
    assert f'href="/licences/{bluefinch.licence}"' in page
    assert f'href="/licences/{second}"' in page
    for fact in (
        "Mina Rai (DEMO)",
        "registered recruiter since 5 January 2026",
        "+12025550142",
        "14 Harbour Road",
        "778",
    ):
        assert fact in text(response)


@pytest.mark.parametrize(
    "path",
    [
        "/licences/XA-DLA-A-999999-0",
        "/licences/nonsense",
        "/agencies/AG-999999-0",
        "/agencies/x",
        "/licences/%00",
        "/agencies/%F0%9F%A6%8A",
        "/no/such/page",
    ],
)
def test_what_is_not_there_is_said_in_words_with_a_box_to_try_again(public: Client, path: str) -> None:
    response = public.get(path)
    page = response.content.decode()
    assert response.status_code == 404
    assert 'class="verdict go"' not in page
    assert "<form" in page
    assert "404" not in text(response)
    assert response["Cache-Control"] == "no-store"


def test_what_a_page_links_to_is_there(public: Client, bluefinch: Bluefinch) -> None:
    seen, waiting = set[str](), ["/", "/?q=bluefinch", f"/v/{bluefinch.badge}", f"/v/{bluefinch.badge}/badge"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        response = public.get(path)
        assert response.status_code == 200, path
        if response["Content-Type"].startswith("text/html"):
            waiting += list(re.findall(r'(?:href|src)="(/[^"]*)"', response.content.decode()))
    assert f"/agencies/{bluefinch.agency}" in seen
    assert f"/api/v1/licences/{bluefinch.licence}" in seen


def test_the_language_that_the_address_asks_for_stays_in_its_links(
    public: Client, bluefinch: Bluefinch
) -> None:
    page = public.get(f"/v/{bluefinch.badge}?lang=en").content.decode()
    assert f'href="/licences/{bluefinch.licence}?lang=en"' in page
    assert 'href="/?lang=en"' in page


def test_a_licence_known_from_a_list_names_the_list_and_the_day(
    public: Client, clock: Any, tmp_path: Any
) -> None:
    from django.core.management import call_command

    profile = tmp_path / "demo.toml"
    profile.write_text(LIST_PROFILE)
    rows = tmp_path / "list.csv"
    rows.write_text(
        "no,name,town\n0042,Osprey Crewing (DEMO),Port Demo\n0043,Plover Hands (DEMO),Hill Town\n"
    )
    at = clock.stop(builders.START)
    call_command("intake", str(profile), str(rows), on=at.date(), verbosity=0)
    number = re.search(r'href="/licences/(LR-[^"]+)"', public.get("/?q=Osprey Crewing DEMO").content.decode())
    assert number is not None
    fresh = text(public.get(f"/licences/{number[1]}"))
    assert (
        "This agency stands on the list “Demo list (DEMO list)”, last seen there on 5 January 2026." in fresh
    )
    assert "Number on the list 0042" in fresh
    assert "all countries" not in fresh
    clock.stop(at + timedelta(days=90))
    stale = public.get(f"/licences/{number[1]}")
    assert 'class="verdict unknown"' in stale.content.decode()
    assert "of 5 January 2026. That is too long ago to rely on." in text(stale)
    before = public.get(f"/licences/{number[1]}?as_of=2025-10-01")
    assert 'class="verdict unknown past"' in before.content.decode()
    assert "all countries" not in text(before)
