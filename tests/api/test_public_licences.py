"""A licence over the public API: now, on a past day, as it was known then, by another number, over time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from api import throttles
from registry.rules import numbering
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.conftest import Clock, Kept

START = builders.START
LATER = START + timedelta(days=60)
#: Midnight of 6 March in Kathmandu is 18:15 UTC of the day before.
NOON = datetime(2026, 3, 6, 6, 15, tzinfo=UTC)


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    throttles.look_ups.forget()


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=START):
        builders.authority()
        return builders.active()


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    clock.stop(LATER)
    return _built


def read(public: Client, number: str, **parameters: str) -> dict[str, Any]:
    answer = public.get(f"/api/v1/licences/{number}", parameters)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def refusal(public: Client, path: str, **parameters: str) -> tuple[int, dict[str, Any]]:
    answer = public.get(path, parameters)
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()


# now


def test_a_licence_in_force_says_so_with_its_reasons_in_words(licence: str, public: Client) -> None:
    body = read(public, licence)
    assert body["number"] == licence
    assert body["verdict"]["result"] == "licensed"
    assert body["verdict"]["may_recruit"] is True
    assert body["verdict"]["reasons"][0] == {"code": "licence.in_force", "text": "The licence is in force."}
    assert body["sequence"] > 0
    assert body["since"] <= "2026-01-05T09:00:00Z" < body["until"]
    assert not {"as_of", "known_at", "checked_at", "segments"} & body.keys()


@pytest.mark.parametrize("spell", [str.lower, lambda n: n.replace("-", ""), lambda n: n.replace("-", " ")])
def test_letter_case_and_separators_do_not_matter(licence: str, public: Client, spell: Any) -> None:
    assert read(public, spell(licence)) == read(public, licence)


def test_a_suspension_is_seen_by_the_very_next_question(licence: str, public: Client, clock: Any) -> None:
    assert read(public, licence)["verdict"]["may_recruit"] is True
    builders.suspended(licence, at=LATER)
    clock.stop(LATER + timedelta(microseconds=1))
    body = read(public, licence)
    assert body["verdict"]["result"] == "not_licensed"
    assert body["verdict"]["may_recruit"] is False
    assert body["standing"]["state"] == "suspended"
    assert body["sanctions"][0]["grounds"][0]["text"] == "Used forged documents"


def test_the_answer_changes_at_local_midnight_without_anybody_doing_anything(
    licence: str, public: Client, clock: Any
) -> None:
    boundary = datetime.fromisoformat(read(public, licence)["until"])
    clock.stop(boundary - timedelta(seconds=1))
    assert read(public, licence)["verdict"]["may_recruit"] is True
    clock.stop(boundary)
    assert read(public, licence)["standing"]["state"] == "expired"
    assert boundary.astimezone(UTC).time().isoformat() == "18:15:00"


# nothing there


@pytest.mark.usefixtures("licence")
def test_an_unknown_number_is_not_found_and_never_a_licence(public: Client) -> None:
    never_given = numbering.next_licence("XA", "DLA", "A", after=999_000)
    status, problem = refusal(public, f"/api/v1/licences/{never_given}")
    assert (status, problem["code"]) == (404, "licence.not_found")
    assert problem["verdict"] == {"result": "not_found", "may_recruit": False}


def test_a_wrong_check_symbol_is_called_mistyped(licence: str, public: Client) -> None:
    wrong = licence[:-1] + ("A" if licence[-1] != "A" else "B")
    assert refusal(public, f"/api/v1/licences/{wrong}")[1]["code"] == "licence.mistyped"


@pytest.mark.parametrize(
    "number", ["NONSENSE", "%00", "O'Brien; DROP TABLE", "<script>", "١٢٣", "x" * 500, "RL-123"]
)
@pytest.mark.usefixtures("licence")
def test_what_is_no_number_of_ours_is_not_found(public: Client, number: str) -> None:
    status, problem = refusal(public, f"/api/v1/licences/{number}")
    assert (status, problem["code"]) == (404, "licence.not_found")


def test_the_number_of_an_agency_is_not_a_licence(licence: str, public: Client) -> None:
    holder = read(public, licence)["holder"]["number"]
    assert refusal(public, f"/api/v1/licences/{holder}")[0] == 404


@pytest.mark.usefixtures("licence")
def test_a_licence_that_was_opened_but_never_granted_is_not_public(public: Client) -> None:
    agency = builders.agency("Quiet Harbour (DEMO)", at=START)
    number = builders.opened(agency, at=START)
    assert refusal(public, f"/api/v1/licences/{number}")[1]["code"] == "licence.not_found"


def test_a_renumbered_licence_is_answered_under_its_new_number(licence: str, public: Client) -> None:
    other = builders.active()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM registry_publishedrecord WHERE number = %s", [licence])
        cursor.execute(
            "UPDATE registry_licence SET renumbered_to_id ="
            " (SELECT id FROM registry_licence WHERE number = %s) WHERE number = %s",
            [other, licence],
        )
    answer = public.get(f"/api/v1/licences/{licence}", {"as_of": "2026-02-01"})
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"/api/v1/licences/{other}?as_of=2026-02-01"
    assert answer.json()["number"] == other


# past days


def test_a_past_day_on_which_it_was_suspended_at_noon_has_two_parts_and_no_full_yes(
    licence: str, public: Client, clock: Any
) -> None:
    clock.stop(NOON)
    builders.suspended(licence, at=NOON)
    clock.stop(NOON + timedelta(days=3))
    body = read(public, licence, as_of="2026-03-06")
    assert [part["verdict"]["result"] for part in body["segments"]] == ["licensed", "not_licensed"]
    assert body["segments"][0]["until"] == body["segments"][1]["since"] == "2026-03-06T06:15:00Z"
    assert body["verdict"]["may_recruit"] is False
    assert body["verdict"]["result"] == "not_licensed"
    assert body["as_of"] == "2026-03-06"
    before = read(public, licence, as_of="2026-03-05")
    assert before["verdict"]["may_recruit"] is True
    assert len(before["segments"]) == 1


def test_an_instant_has_one_answer(licence: str, public: Client, clock: Any) -> None:
    clock.stop(NOON)
    builders.suspended(licence, at=NOON)
    clock.stop(NOON + timedelta(days=3))
    assert read(public, licence, as_of="2026-03-06T12:00:00+05:45")["verdict"]["result"] == "not_licensed"
    assert read(public, licence, as_of="2026-03-06T06:14:59Z")["verdict"]["result"] == "licensed"


def test_today_is_answered_as_now(licence: str, public: Client, clock: Any) -> None:
    clock.stop(NOON)
    sequence = builders.suspended(licence, at=NOON)
    clock.stop(NOON + timedelta(hours=1))
    builders.lifted(licence, sequence, at=NOON + timedelta(hours=1))
    clock.stop(NOON + timedelta(hours=2))
    body = read(public, licence, as_of="2026-03-06")
    assert body["verdict"]["result"] == read(public, licence)["verdict"]["result"]
    assert [part["verdict"]["may_recruit"] for part in body["segments"]] == [True, False, True]


def test_before_the_register_knew_of_it_the_answer_is_unknown(licence: str, public: Client) -> None:
    body = read(public, licence, as_of="2020-01-01")
    assert body["verdict"] | {"reasons": []} == body["verdict"] | {"reasons": [], "may_recruit": False}
    assert body["verdict"]["result"] in {"unknown", "not_licensed"}


def test_a_decision_recorded_late_parts_what_was_from_what_was_known(
    licence: str, public: Client, clock: Any
) -> None:
    recorded = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    clock.stop(recorded)
    terms = StepTerms(effective=date(2026, 3, 11), grounds=("BOND-LAPSE",))
    builders.take(licence, Action.SUSPEND_ADMINISTRATIVE, terms, at=recorded)
    clock.stop(recorded + timedelta(days=5))
    asked = "2026-03-12T12:00:00Z"
    now = read(public, licence, as_of=asked)
    then = read(public, licence, as_of=asked, known_at="2026-03-09T00:00:00Z")
    assert now["standing"]["state"] == "suspended"
    assert then["standing"]["state"] == "active"
    assert then["known_at"] == "2026-03-09T00:00:00Z"
    assert then["known_sequence"] < now["sequence"]


@pytest.mark.parametrize("parameter", ["as_of", "known_at"])
def test_the_future_is_refused(licence: str, public: Client, parameter: str) -> None:
    status, problem = refusal(public, f"/api/v1/licences/{licence}", **{parameter: "2027-01-01T00:00:00Z"})
    assert (status, problem["code"]) == (400, "time.in_future")
    assert problem["parameter"] == parameter


def test_a_day_that_has_not_begun_there_is_refused(licence: str, public: Client, clock: Any) -> None:
    clock.stop(datetime(2026, 3, 6, 18, 14, tzinfo=UTC))  # 23:59 in Kathmandu
    assert refusal(public, f"/api/v1/licences/{licence}", as_of="2026-03-07")[1]["code"] == "time.in_future"
    clock.stop(datetime(2026, 3, 6, 18, 15, tzinfo=UTC))
    assert read(public, licence, as_of="2026-03-07")["verdict"]["may_recruit"] is True


@pytest.mark.parametrize(
    "when",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "01/02/2026",
        "2026-02-01T10:00:00",
        "2026-W05",
        "٢٠٢٦-٠١-٠١",
        "1e9",
        "2026-02-01T25:00:00Z",
        "0000-01-01",
        "9999-12-31T23:59:59-23:00",
    ],
)
def test_what_is_no_day_and_no_instant_is_refused_by_name(licence: str, public: Client, when: str) -> None:
    status, problem = refusal(public, f"/api/v1/licences/{licence}", as_of=when)
    assert status == 400
    assert problem["parameter"] == "as_of"


def test_a_plus_that_became_a_space_on_the_way_is_still_an_offset(licence: str, public: Client) -> None:
    answer = public.get(f"/api/v1/licences/{licence}?as_of=2026-02-01T12:00:00+05:45")
    assert answer.json()["as_of"] == "2026-02-01T06:15:00Z"


@pytest.mark.parametrize(
    "when",
    ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
)
def test_the_ends_of_the_calendar_are_refused_by_name(licence: str, public: Client, when: str) -> None:
    asked = [("", "as_of")] + [("", "known_at"), ("/certificate", "known_at")] * ("T" in when)
    for below, parameter in asked + [("/certificate", "on")] * ("T" not in when):
        status, problem = refusal(public, f"/api/v1/licences/{licence}{below}", **{parameter: when})
        assert (status, problem["code"], problem["parameter"]) == (400, "parameter.invalid", parameter)
    assert public.get(f"/licences/{licence}", {"as_of": when}).status_code == 400


@pytest.mark.parametrize("day", ["1900-01-01", "2026-01-04"])
def test_any_day_before_the_register_has_an_answer(licence: str, public: Client, day: str) -> None:
    for path in ("", "/certificate"):
        name = "on" if path else "as_of"
        answer = public.get(f"/api/v1/licences/{licence}{path}", {name: day})
        assert (answer.status_code, answer.json()["verdict"]["may_recruit"]) == (200, False)


# other numbers


@pytest.mark.usefixtures("licence")
def test_a_legacy_number_is_found_however_it_is_written(public: Client) -> None:
    agency = builders.agency("Old Lantern (DEMO)", at=LATER)
    number = builders.active(agency, at=LATER, legacy_number="836/066/067")
    for text in ("836/066/067", "836 / 066 / 067", "८३६/०६६/०६७"):
        answer = public.get("/api/v1/licences", {"number": text})
        assert answer.status_code == 200, text
        assert answer.json()["number"] == number
        assert answer.headers["Content-Location"] == f"/api/v1/licences/{number}"
    assert refusal(public, "/api/v1/licences", number="836/066/068")[0] == 404


@pytest.mark.usefixtures("licence")
def test_a_number_that_two_authorities_use_lists_the_candidates(public: Client) -> None:
    first = builders.active(builders.agency("One (DEMO)", at=LATER), at=LATER, legacy_number="RL-17")
    builders.authority("XB-LAB", at=START)
    elsewhere = builders.agency("Two (DEMO)", at=LATER, authority="XB-LAB")
    second = builders.active(elsewhere, at=LATER, authority="XB-LAB", legacy_number="RL-17")
    status, problem = refusal(public, "/api/v1/licences", number="RL 17")
    assert (status, problem["code"]) == (300, "licence.ambiguous")
    assert {one["number"] for one in problem["candidates"]} == {first, second}
    assert problem["verdict"] == {"result": "ambiguous", "may_recruit": False}


def test_our_own_number_is_taken_there_too(licence: str, public: Client) -> None:
    assert public.get("/api/v1/licences", {"number": licence.lower()}).json()["number"] == licence


@pytest.mark.parametrize("standing", ["suspended", "not published"])
def test_a_list_that_quotes_our_number_does_not_speak_for_our_licence(
    licence: str, public: Client, clock: Any, standing: str
) -> None:
    ours = (
        licence
        if standing == "suspended"
        else builders.opened(builders.agency("New (DEMO)", at=LATER), at=LATER)
    )
    if standing == "suspended":
        builders.suspended(ours, at=LATER)
    quoting = builders.active(builders.agency("Two (DEMO)", at=LATER), at=LATER, legacy_number=ours)
    clock.stop(LATER + timedelta(minutes=1))
    if standing == "suspended":
        answer = public.get("/api/v1/licences", {"number": ours}).json()
        assert (answer["number"], answer["verdict"]["result"]) == (ours, "not_licensed")
    else:
        assert refusal(public, "/api/v1/licences", number=ours)[1]["code"] == "licence.not_found"
    body = {"items": [{"number": ours}]}
    (outcome,) = public.post("/api/v1/verifications", body, content_type="application/json").json()["data"]
    assert (outcome["number"], outcome["verdict"]["may_recruit"]) == (ours, False)
    assert quoting not in {hit["number"] for hit in public.get("/api/v1/search", {"q": ours}).json()["data"]}


@pytest.mark.usefixtures("licence")
def test_the_list_of_all_licences_is_not_given_without_a_number(public: Client) -> None:
    status, problem = refusal(public, "/api/v1/licences")
    assert (status, problem["code"], problem["parameter"]) == (400, "parameter.missing", "number")


# asking again


def test_a_reader_who_has_the_answer_gets_none_until_it_changes(
    licence: str, public: Client, clock: Any
) -> None:
    path = f"/api/v1/licences/{licence}"
    first = public.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for held in (etag, f'"old", W/{etag}', "*"):
        again = public.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == "no-cache"
        assert again.headers["Vary"] == "Accept, Accept-Language, Accept-Encoding"
    builders.suspended(licence, at=LATER)
    clock.stop(LATER + timedelta(seconds=1))
    changed = public.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_the_clock_alone_changes_the_etag(licence: str, public: Client, clock: Any) -> None:
    first = public.get(f"/api/v1/licences/{licence}")
    clock.stop(datetime.fromisoformat(first.json()["until"]))
    again = public.get(f"/api/v1/licences/{licence}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.json()["sequence"] == first.json()["sequence"]


def test_no_verdict_may_be_used_again_without_asking(licence: str, public: Client) -> None:
    for below in ("", "/timeline", "/certificate", "?as_of=2026-02-01"):
        answer = public.get(f"/api/v1/licences/{licence}{below}")
        assert answer.headers["Cache-Control"] == "no-cache", below
        assert answer.headers["ETag"].startswith('"')
        assert not answer.cookies
    assert public.get("/api/v1/licences/XA-DLA-A-000001-A").headers["Cache-Control"] == "no-store"


def test_a_configured_edge_keeps_an_answer_for_seconds_and_never_past_its_boundary(
    licence: str, public: Client, clock: Any, settings: Any
) -> None:
    settings.REGISTRY_EDGE_SECONDS = 60
    path = f"/api/v1/licences/{licence}"
    until = datetime.fromisoformat(public.get(path).json()["until"])
    for before, seconds in ((3600, "s-maxage=5"), (3, "s-maxage=3")):
        clock.stop(until - timedelta(seconds=before))
        assert public.get(path).headers["Cache-Control"] == f"public, max-age=0, must-revalidate, {seconds}"
    clock.stop(until - timedelta(milliseconds=400))
    assert public.get(path).headers["Cache-Control"] == "no-cache"


# over time


def test_the_timeline_tells_every_published_step_in_order(licence: str, public: Client, clock: Any) -> None:
    suspension = builders.suspended(licence, at=LATER)
    clock.stop(LATER + timedelta(days=1))
    builders.lifted(licence, suspension, at=LATER + timedelta(days=1))
    entries = public.get(f"/api/v1/licences/{licence}/timeline").json()["data"]
    assert [entry["action"] for entry in entries] == ["grant", "activate", "suspend_preventive", "lift"]
    assert entries[2]["text"] == "Suspended while the authority inquires"
    assert entries[2]["grounds"] == [{"code": "FALSE-DOC", "text": "Used forged documents"}]
    assert entries[3]["refers_to"] == suspension
    assert "OFFICER" not in str(entries)


def test_a_certificate_says_what_stood_on_a_day(licence: str, public: Client) -> None:
    body = public.get(f"/api/v1/licences/{licence}/certificate", {"on": "2026-02-01"}).json()
    assert (body["on"], body["zone"], body["number"]) == ("2026-02-01", "Asia/Kathmandu", licence)
    assert body["verdict"]["may_recruit"] is True
    assert len(body["segments"]) == 1
    today = public.get(f"/api/v1/licences/{licence}/certificate").json()
    assert today["on"] == "2026-03-06"
    known = public.get(
        f"/api/v1/licences/{licence}/certificate", {"on": "2026-02-01", "known_at": "2025-12-01T00:00:00Z"}
    ).json()
    assert known["verdict"]["result"] == "unknown"
    assert known["known_sequence"] == 0


@pytest.mark.parametrize("below", ["timeline", "certificate"])
@pytest.mark.usefixtures("licence")
def test_what_stands_below_an_unknown_licence_is_not_found(public: Client, below: str) -> None:
    assert refusal(public, f"/api/v1/licences/NONSENSE/{below}")[1]["code"] == "licence.not_found"
