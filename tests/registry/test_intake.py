"""Lists into the register: what is taken in, what it reads on every day, and what is refused whole."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from registry import audit, clock, licensing, lookup, search
from registry.intake import findings, taking
from registry.intake.refusals import (
    FileUnreadable,
    ListEmpty,
    ListInFuture,
    ListOutOfOrder,
    ListWouldShrink,
    ProfileConflict,
)
from registry.intake.report import Report
from registry.models import Agency, Authority, Channel, Entry, Licence, ListSnapshot, ObservedRow, TradingName
from registry.rules import errors
from registry.rules.lifecycle import STEPS, Action, Role, StepTerms
from tests import builders

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, SECOND, THIRD = date(2026, 1, 10), date(2026, 2, 1), date(2026, 5, 20)

PROFILE = """
profile = "xa_list"
kind = "register"
title = "Licensed recruiters"
source = "Ministry of Labour"

[authority]
code = "MOL"
name = { en = "DEMO Ministry of Labour" }
country = "XA"
time_zone = "Asia/Kathmandu"

[file]
format = "csv"

[columns]
number = { heading = "No.", absent = "refuse" }
name = { heading = "Name", trading_as = true }
locality = "Town"
status = "Status"
class = { heading = "Class", absent = "refuse" }
phone = "Phone"

[identity]
holder = ["number"]
licence = ["class"]

[[words.status]]
means = "licensed"
words = ["Valid"]

[[words.status]]
means = "not_licensed"
words = ["Struck off"]
"""

TakeIn = Callable[..., Report]


@pytest.fixture
def take_in(db: None, tmp_path: Path) -> TakeIn:
    """Take rows (number, name, town, status, class, phone) in as the list of a day."""
    profile = tmp_path / "xa_list.toml"
    profile.write_text(PROFILE, encoding="utf-8")

    def run(
        rows: list[str], on: date, *, at: datetime = NOW, profile_text: str = "", **options: Any
    ) -> Report:
        if profile_text:
            profile.write_text(profile_text, encoding="utf-8")
        file = tmp_path / f"{on}.csv"
        whole = [row + "," * (5 - row.count(",")) for row in rows]
        file.write_text(
            "No.,Name,Town,Status,Class,Phone\n" + "".join(f"{row}\n" for row in whole), encoding="utf-8"
        )
        return taking.take_in(str(profile), file, on=on, at=at, by="intake", **options)

    return run


def _rows(*numbers: int, status: str = "Valid") -> list[str]:
    return [f"{n:04},DEMO Agency {n} Ltd,Port Demo,{status},A" for n in numbers]


def _number(legacy: str) -> str:
    (answer,) = lookup.by_legacy(legacy, at=NOW)
    return answer.number


def _on(number: str, day: date) -> tuple[str, str]:
    (answer,) = lookup.day_answers(number, day=day, now=NOW)
    return answer.result, json.loads(answer.body)["verdict"]["reasons"][0]["code"]


def _body(number: str, day: date) -> Mapping[str, Any]:
    (answer,) = lookup.day_answers(number, day=day, now=NOW)
    return dict(json.loads(answer.body))


def _sound() -> None:
    assert list(audit.differences(at=NOW)) == []


# --- what a listed licence reads ---------------------------------------------------------------------------------


def test_a_listed_licence_is_licensed_only_near_a_list_that_shows_it(take_in: TakeIn) -> None:
    report = take_in(_rows(*range(1, 11)), FIRST)
    assert report.counts() == {
        "rows": 10,
        "accepted": 10,
        "flagged": 0,
        "refused": 0,
        "added": 10,
        "changed": 0,
        "unchanged": 0,
        "gone": 0,
        "moved": 0,
    }
    number = _number("0001")
    assert number.startswith("LR-")
    assert _on(number, FIRST) == ("licensed", "listed.on_list")
    assert _on(number, FIRST + 45 * DAY) == ("licensed", "listed.on_list")
    assert _on(number, FIRST + 46 * DAY) == ("unknown", "listed.stale")
    body = _body(number, FIRST)
    assert body["standing"]["state"] == "listed"
    assert body["legacy_number"] == "0001"
    assert body["listed"]["source"] == "Licensed recruiters (Ministry of Labour)"
    assert (body["listed"]["first_seen"], body["listed"]["last_seen"]) == (
        FIRST.isoformat(),
        FIRST.isoformat(),
    )
    _sound()


def test_lists_in_the_order_of_their_days_give_history(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    report = take_in(_rows(*range(2, 12)), SECOND)
    assert (report.added, report.unchanged, report.gone, report.changed) == (1, 9, 1, 0)
    gone, stayed, new = _number("0001"), _number("0005"), _number("0011")
    assert _on(gone, FIRST) == ("licensed", "listed.on_list")
    assert _on(gone, SECOND - DAY) == ("licensed", "listed.on_list")
    assert _on(gone, SECOND) == ("unknown", "listed.not_on_latest")
    assert _body(gone, SECOND)["listed"]["last_seen"] == FIRST.isoformat()
    assert _on(stayed, SECOND + 40 * DAY) == ("licensed", "listed.on_list")
    assert _body(stayed, SECOND)["listed"]["first_seen"] == FIRST.isoformat()
    assert _on(new, FIRST) == ("unknown", "listed.not_yet")
    assert _on(new, SECOND) == ("licensed", "listed.on_list")
    _sound()


def test_between_two_lists_far_apart_nothing_is_known(take_in: TakeIn) -> None:
    take_in(_rows(1, 2, 3), FIRST)
    take_in(_rows(1, 2, 3), THIRD)
    number = _number("0002")
    assert _on(number, FIRST + 45 * DAY) == ("licensed", "listed.on_list")
    assert _on(number, FIRST + 60 * DAY) == ("unknown", "listed.before_and_after")
    assert _on(number, THIRD) == ("licensed", "listed.on_list")
    _sound()


def test_what_left_the_list_can_come_back(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    take_in(_rows(*range(2, 11)), SECOND)
    report = take_in(_rows(*range(1, 11)), THIRD)
    assert (report.added, report.unchanged, report.gone) == (1, 9, 0)
    number = _number("0001")
    assert _on(number, THIRD - DAY) == ("unknown", "listed.not_on_latest")
    assert _on(number, THIRD) == ("licensed", "listed.on_list")
    assert Licence.objects.count() == 10
    _sound()


def test_the_lists_own_words_are_believed_and_unknown_ones_are_not(take_in: TakeIn) -> None:
    rows = _rows(1) + _rows(2, status="Struck off") + _rows(3, status="Dormant?")
    report = take_in(rows, FIRST)
    assert (report.accepted, report.flagged) == (2, 1)
    assert _on(_number("0001"), FIRST) == ("licensed", "listed.on_list")
    assert _on(_number("0002"), FIRST) == ("not_licensed", "listed.status_not_in_force")
    assert _on(_number("0003"), FIRST) == ("unknown", "listed.word_unknown")
    _sound()


def test_what_is_published_is_what_the_list_says_sign_for_sign(take_in: TakeIn) -> None:
    names = {
        "DEMO 100% Work %s %1$s %% Ltd": [],
        'DEMO "Quoted" \\ Back/slash {0} Ltd': [],
        "DEMO <b>O'Brien</b> & Sons; DROP TABLE": [],
        "ديمو للتوظيف ۱۲۳ \U0001f30d": [],
        'DEMO North t/a DEMO 50% "South" Co t/a DEMO \\ East': ['DEMO 50% "South" Co', "DEMO \\ East"],
    }
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    rows = [f"{n:04},{name},Port %d,Valid,A%,+97714{n}00000" for n, name in enumerate(quoted)]
    percent = PROFILE.replace('"Licensed recruiters"', '"Recruiters, 80% of them %s"')
    take_in(rows, FIRST, profile_text=percent)
    take_in(rows, SECOND, profile_text=percent)
    for place, (name, traded) in enumerate(names.items()):
        body = _body(_number(f"{place:04}"), SECOND)
        assert (body["holder"]["name"], body["holder"]["trading_names"]) == (name, traded)
        assert (body["legacy_number"], body["class"]) == (f"{place:04}", "A%")
        assert body["listed"]["source"] == "Recruiters, 80% of them %s (Ministry of Labour)"
        assert [channel["value"] for channel in body["channels"]] == [f"+97714{place}00000"]
    _sound()


def test_before_the_intake_nothing_was_known(take_in: TakeIn) -> None:
    take_in(_rows(1, 2), FIRST, at=NOW - 10 * DAY)
    number = _number("0001")
    (known,) = lookup.day_answers(number, day=FIRST, now=NOW, known_at=NOW - 9 * DAY)
    assert known.result == "licensed"
    (unknown,) = lookup.day_answers(number, day=FIRST, now=NOW, known_at=NOW - 11 * DAY)
    assert json.loads(unknown.body)["verdict"]["reasons"] == [{"code": "record.not_known_then"}]


def test_a_licence_that_the_list_ends_does_not_outlive_it(take_in: TakeIn) -> None:
    text = PROFILE.replace('phone = "Phone"', 'last_day = "Phone"')
    rows = [
        "0001,DEMO One,,Valid,A,2026-01-20",
        "0002,DEMO Two,,Valid,A,2026-01-05",
        "0003,DEMO Three,,Valid,A,",
        "0004,DEMO Four,,Valid,A,2026-13-41",
    ]
    take_in(rows, FIRST, profile_text=text)
    assert _on(_number("0001"), date(2026, 1, 20)) == ("licensed", "listed.on_list")
    assert _on(_number("0001"), date(2026, 1, 21)) == ("unknown", "listed.stale")
    assert _on(_number("0002"), FIRST) == ("not_licensed", "listed.status_not_in_force")
    for number in ("0003", "0004"):  # missing data is never green
        assert _on(_number(number), date(2026, 1, 21)) == ("unknown", "listed.word_unknown")


# --- what is kept ------------------------------------------------------------------------------------------------


def test_one_agency_holds_its_licences_and_is_found_by_name_at_once(take_in: TakeIn) -> None:
    take_in(
        [
            "0001,DEMO Kestrel Overseas Ltd t/a Swift Jobs,Port Demo,Valid,A,+97714412345",
            "0001,DEMO Kestrel Overseas Ltd t/a Swift Jobs,Port Demo,Valid,B,+97714412345",
        ],
        FIRST,
    )
    agency = Agency.objects.get()
    assert agency.legal_name == "DEMO Kestrel Overseas Ltd t/a Swift Jobs"
    assert Licence.objects.filter(agency=agency).count() == 2
    assert TradingName.objects.get().name == "Swift Jobs"
    assert Channel.objects.get().value == "+97714412345"
    for asked in ("kestrel overseas", "Swift Jobs", "+977 1 4412345"):
        page = search.find(asked, limit=5, after=None, at=NOW)
        assert page.data, asked
    body = _body(Licence.objects.order_by("number")[0].number, FIRST)
    assert body["holder"]["trading_names"] == ["Swift Jobs"]
    assert body["channels"] == [{"kind": "phone", "value": "+97714412345"}]
    assert agency.history.count() == 1
    _sound()


def test_a_new_spelling_changes_the_name_and_keeps_the_old_in_history(take_in: TakeIn) -> None:
    take_in(["0001,DEMO KESTREL LTD,Leeds,Valid,A,+97714412345", *_rows(2, 3)], FIRST, at=NOW - DAY)
    report = take_in(["0001,DEMO Kestrel Ltd,York,Valid,A,+97714412346", *_rows(2, 3)], SECOND)
    assert (report.changed, report.unchanged) == (1, 2)
    agency = Agency.objects.get(legal_name="DEMO Kestrel Ltd")
    assert agency.locality == "York"
    assert list(agency.history.order_by("history_date").values_list("legal_name", flat=True)) == [
        "DEMO KESTREL LTD",
        "DEMO Kestrel Ltd",
    ]
    body = _body(_number("0001"), SECOND)
    assert body["holder"]["name"] == "DEMO Kestrel Ltd"
    assert [way["value"] for way in body["channels"]] == ["+97714412346"]
    assert [way["value"] for way in _body(_number("0001"), FIRST)["channels"]] == ["+97714412345"]
    _sound()


def test_every_observation_keeps_its_row_apart_with_a_salted_digest(take_in: TakeIn) -> None:
    take_in(_rows(1, 2), FIRST)
    entry = Entry.objects.get(licence__legacy_number="0001")
    assert (entry.kind, entry.action, entry.effective_day) == ("observation", "observe", FIRST)
    assert entry.commit.recorded_at == NOW
    row = ObservedRow.objects.get(entry=entry)
    assert row.cells["Name"] == "DEMO Agency 1 Ltd"
    assert (row.line, entry.effect["line"]) == (2, 2)
    assert "DEMO Agency" not in json.dumps(entry.effect)
    row.delete()
    _sound()


def test_sequence_numbers_follow_the_rows_without_gaps(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 21)), FIRST)
    take_in(_rows(*range(1, 21)), SECOND)
    changes = lookup.changes(after=0, limit=100, at=NOW)
    assert [change["sequence"] for change in changes.data] == list(range(1, 41))


# --- what is refused, and what changes nothing -------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(take_in: TakeIn) -> None:
    take_in(_rows(1, 2, 3), FIRST)
    before = lookup.sequence_now()
    again = take_in(_rows(1, 2, 3), FIRST)
    assert (again.rows, again.accepted, again.added, again.unchanged) == (3, 3, 0, 3)
    assert lookup.sequence_now() == before
    assert ListSnapshot.objects.count() == 1


def test_lists_out_of_order_are_refused(take_in: TakeIn) -> None:
    take_in(_rows(1, 2, 3), SECOND)
    with pytest.raises(ListOutOfOrder) as refusal:
        take_in(_rows(1, 2, 3, 4), FIRST)
    assert refusal.value.facts["latest"] == SECOND.isoformat()
    with pytest.raises(ListOutOfOrder):
        take_in(_rows(1, 2, 3, 4), SECOND)


def test_a_list_of_tomorrow_is_refused(take_in: TakeIn) -> None:
    local_tomorrow = date(2026, 6, 2)
    with pytest.raises(ListInFuture):
        take_in(_rows(1), local_tomorrow)


def test_a_list_that_lost_too_much_is_refused_and_leaves_nothing(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    before = lookup.sequence_now()
    with pytest.raises(ListWouldShrink, match=r"30.0 % of the register would be gone: 3 of the 10"):
        take_in(_rows(*range(4, 12)), SECOND)
    assert lookup.sequence_now() == before
    assert lookup.by_legacy("0011", at=NOW) == []
    report = take_in(_rows(*range(4, 12)), SECOND, allow_shrink=True)
    assert (report.gone, report.added) == (3, 1)
    _sound()


def test_a_dry_run_tells_and_writes_nothing(take_in: TakeIn) -> None:
    report = take_in(_rows(1, 2, 3), FIRST, dry_run=True)
    assert report.added == 3
    assert not Authority.objects.exists()
    assert not Licence.objects.exists()
    with pytest.raises(ListEmpty):
        take_in([], FIRST, dry_run=True)


def test_a_file_that_breaks_off_takes_nothing_in(take_in: TakeIn) -> None:
    with pytest.raises(FileUnreadable):
        take_in([*_rows(*range(1, 500)), '9999,"never closed', *_rows(*range(500, 9000))], FIRST)
    assert not Licence.objects.exists()
    assert not ListSnapshot.objects.exists()


def test_repeated_rows_are_one_licence_and_contradicting_ones_are_not_believed(take_in: TakeIn) -> None:
    rows = _rows(1, 2, 3) + _rows(1) + _rows(2, status="Struck off") + ["0003,DEMO Other Name,,Valid,A"]
    report = take_in(rows, FIRST)
    assert (report.rows, report.accepted, report.flagged, report.added) == (6, 2, 4, 3)
    codes = {(problem.line, problem.code) for problem in report.problems()}
    assert codes == {(5, "row.repeated"), (6, "row.contradicts"), (7, "row.conflict")}
    assert _on(_number("0001"), FIRST) == ("licensed", "listed.on_list")
    assert _on(_number("0002"), FIRST) == ("unknown", "listed.word_unknown")
    assert Agency.objects.filter(legal_name="DEMO Agency 3 Ltd").exists()


def test_a_near_match_is_reported_and_never_joined(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    moved = [*_rows(*range(1, 10)), "0099,DEMO Agency 10 Limited,Port Demo,Valid,A"]
    report = take_in(moved, SECOND)
    assert (report.added, report.gone, report.moved, report.flagged) == (1, 1, 1, 1)
    (problem,) = report.problems()
    assert (problem.line, problem.code) == (11, "moved?")
    assert "DEMO Agency 10 Ltd" in problem.message
    assert _on(_number("0010"), SECOND)[1] == "listed.not_on_latest"
    assert ObservedRow.objects.get(line=11, snapshot__on=SECOND).problems[0][0] == "moved?"


def test_an_authority_known_by_another_zone_is_not_overwritten(take_in: TakeIn) -> None:
    builders.authority("XA-MOL", zone="Asia/Dhaka")
    with pytest.raises(ProfileConflict, match="time_zone"):
        take_in(_rows(1), FIRST)


def test_a_list_stays_with_its_authority_and_its_kind(take_in: TakeIn) -> None:
    take_in(_rows(1, 2), FIRST)
    with pytest.raises(ProfileConflict, match=r"authority.code: .* XA-MOL, not XA-OTHER"):
        take_in(_rows(1, 2), SECOND, profile_text=PROFILE.replace('code = "MOL"', 'code = "OTHER"'))


def test_a_new_layout_and_new_words_are_no_mass_change(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    text = PROFILE.replace('words = ["Valid"]', 'words = ["Valid", "In force"]\nlegal_term = "Valid"')
    take_in(_rows(*range(1, 11)), SECOND, profile_text=text)
    report = take_in(_rows(*range(1, 11), status="In force"), THIRD, profile_text=text)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 10)


# --- lists and decisions -----------------------------------------------------------------------------------------


def test_an_adopted_licence_is_the_authoritys_and_no_list_changes_it(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), FIRST)
    listed = _number("0001")
    terms = StepTerms(first_day=date(2026, 6, 1), last_day=date(2028, 5, 31), licence_class="A")
    builders.take(listed, Action.ADOPT, terms, at=NOW, authority="XA-MOL")
    with pytest.raises(errors.LicenceRenumbered) as leads:
        lookup.public_licence(listed, at=NOW)
    adopted = str(leads.value.facts["number"])
    later = NOW + 30 * DAY
    report = take_in(_rows(*range(2, 11)), (later - DAY).date(), at=later)
    assert report.gone == 1
    answer = lookup.public_licence(adopted, at=later)
    assert (answer.state, answer.result) == ("active", "licensed")
    assert list(audit.differences(at=later)) == []


BAR = StepTerms(grounds=("TRAFFICKING",), permanent=True, no_conflict=True, texts={"en": "DEMO bar."})
ORDER = StepTerms(order_reference="DEMO Tribunal 7/2026", no_conflict=True)


def _together(
    number: str, action: Action, terms: StepTerms, *, at: datetime
) -> tuple[licensing.Decision, ...]:
    """Take a step on all licences of the agency that holds this one."""
    proposes = min(STEPS[action].proposes - {Role.SYSTEM})
    waiting = licensing.propose_for_agency(
        Licence.objects.get(number=number).agency.number,
        action,
        by=builders.officer(proposes, at=at, authority="XA-MOL"),
        at=at,
        terms=terms,
        idempotency_key=builders.key(),
    )
    for role in (Role.SUPERVISOR, Role.REGISTRAR)[: waiting.approvals_needed]:
        by = builders.officer(role, at=at, authority="XA-MOL", number=f"CHECKER-{role}")
        waiting = licensing.approve(
            waiting.id, by=by, at=at, no_conflict=True, idempotency_key=builders.key()
        )
    return waiting.decisions


def test_a_bar_of_the_agency_outweighs_the_next_list(take_in: TakeIn) -> None:
    take_in(_rows(*range(1, 11)), date(2026, 5, 25))
    number = _number("0001")
    _together(number, Action.DEBAR, BAR, at=NOW)
    take_in(_rows(*range(1, 11)), date(2026, 6, 1), at=NOW + 3 * timedelta(hours=1))
    answer = lookup.public_licence(number, at=NOW + DAY)
    assert answer.result == "not_licensed"
    assert list(audit.differences(at=NOW + DAY)) == []


def test_a_new_listed_licence_of_a_barred_agency_meets_the_bar_and_whatever_is_said_of_it(
    take_in: TakeIn,
) -> None:
    rows = _rows(*range(1, 11))
    take_in(rows, date(2026, 5, 25))
    first = _number("0001")
    (bar,) = _together(first, Action.DEBAR, BAR, at=NOW)
    later = NOW + DAY
    take_in([*rows, "0001,DEMO Agency 1 Ltd,Port Demo,Valid,B"], later.date(), at=later)
    (sister,) = {one.number for one in lookup.by_legacy("0001", at=later)} - {first}
    answer = lookup.public_licence(sister, at=later)
    assert (answer.result, answer.may_recruit) == ("not_licensed", False)
    assert "agency.debarred" in answer.body
    told = lookup.timeline(sister, at=later)
    assert [item["action"] for item in told] == ["observe", "debar"]
    assert answer.sequence == told[1]["sequence"]
    stayed = _together(first, Action.STAY, replace(ORDER, refers_to=bar.sequence), at=later + DAY)
    assert {one.number for one in stayed} == {first, sister}
    assert lookup.public_licence(sister, at=later + DAY).may_recruit
    third_day = later + 2 * DAY
    classes = ("B", "C")
    more = [f"0001,DEMO Agency 1 Ltd,Port Demo,Valid,{licence_class}" for licence_class in classes]
    take_in([*rows, *more], third_day.date(), at=third_day)
    (third,) = {one.number for one in lookup.by_legacy("0001", at=third_day)} - {first, sister}
    assert lookup.public_licence(third, at=third_day).may_recruit
    named = next(one.sequence for one in stayed if one.number == first)
    _together(first, Action.END_STAY, replace(ORDER, refers_to=named), at=third_day + DAY)
    for number in (first, sister, third):
        assert not lookup.public_licence(number, at=third_day + DAY).may_recruit
    assert list(audit.differences(at=third_day + DAY)) == []


def test_the_end_of_a_company_closes_its_listed_licences_also_those_that_come_later(take_in: TakeIn) -> None:
    rows = _rows(*range(1, 11))
    take_in(rows, date(2026, 5, 25))
    first = _number("0001")
    dissolved = StepTerms(grounds=("ENTITY-DISSOLVED",), no_conflict=True)
    _together(first, Action.CANCEL, dissolved, at=NOW)
    later = NOW + DAY
    take_in([*rows, "0001,DEMO Agency 1 Ltd,Port Demo,Valid,B"], later.date(), at=later)
    (sister,) = {one.number for one in lookup.by_legacy("0001", at=later)} - {first}
    for number in (first, sister):
        assert "cancel" in {item["action"] for item in lookup.timeline(number, at=later)}
        assert not lookup.public_licence(number, at=later).may_recruit
    assert list(audit.differences(at=later)) == []


# --- findings ----------------------------------------------------------------------------------------------------

FINDINGS = """
profile = "xa_debarred"
kind = "findings"
title = "Debarred"
source = "DEMO Bank"
leaves_after_days = 365

[authority]
code = "BANK"
name = { en = "DEMO Bank" }
country = "XB"
time_zone = "UTC"

[file]
format = "csv"

[columns]
name = "Name"
from = "From"
until = { heading = "To", open = ["Ongoing"] }
grounds = "Grounds"

[identity]
holder = ["name", "from"]
"""


@pytest.fixture
def take_findings(db: None, tmp_path: Path) -> TakeIn:
    profile = tmp_path / "xa_debarred.toml"
    profile.write_text(FINDINGS, encoding="utf-8")

    def run(rows: list[str], on: date) -> Report:
        file = tmp_path / f"{on}.csv"
        file.write_text("Name,From,To,Grounds\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return taking.take_in(str(profile), file, on=on, at=NOW, by="intake")

    return run


def test_findings_are_possible_matches_and_attached_to_nobody(take_findings: TakeIn, take_in: TakeIn) -> None:
    take_in(["0001,DEMO Kestrel Overseas Ltd,,Valid,A", *_rows(2, 3)], FIRST)
    before = lookup.sequence_now()
    report = take_findings(
        [
            "DEMO KESTREL OVERSEAS PVT. LTD.,2025-07-01,Ongoing,Fraud",
            "DEMO Heron Freight,2025-07-01,2027-01-01,Fraud",
        ],
        FIRST,
    )
    assert (report.accepted, report.added) == (2, 2)
    assert lookup.sequence_now() == before
    (match,) = findings.possible_matches("DEMO Kestrel Overseas Ltd")
    assert (match.first_day, match.last_day, match.open_ended) == (date(2025, 7, 1), None, True)
    assert (match.grounds, match.on_latest_list) == ("Fraud", True)
    assert "DEMO Bank" in match.source
    assert _on(_number("0001"), FIRST) == ("licensed", "listed.on_list")
    assert "Fraud" not in json.dumps(_body(_number("0001"), FIRST))


def test_a_finding_that_leaves_its_list_is_not_lifted(take_findings: TakeIn) -> None:
    rows = [f"DEMO Firm {n},2025-07-01,,Fraud" for n in range(10)]
    take_findings(["DEMO Old Heron,2024-12-01,,Fraud", *rows], FIRST)
    report = take_findings(rows, SECOND)
    assert (report.gone, report.unchanged) == (1, 10)
    (match,) = findings.possible_matches("DEMO Old Heron")
    assert (match.on_latest_list, match.last_seen, match.last_day) == (False, FIRST, None)


def test_entries_that_leave_by_age_are_no_loss_and_others_are(take_findings: TakeIn) -> None:
    old = [f"DEMO Old {n},2025-01-15,,Fraud" for n in range(10)]
    young = [f"DEMO Young {n},2025-12-01,,Fraud" for n in range(10)]
    take_findings([*old, *young], FIRST)
    with pytest.raises(ListWouldShrink):
        take_findings([*old, *young[3:]], SECOND)
    assert take_findings(young, SECOND).gone == 10


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.mark.usefixtures("db", "stopped")
def test_the_command_takes_a_list_in_and_writes_its_report(tmp_path: Path) -> None:
    profile, file, out = tmp_path / "p.toml", tmp_path / "list.csv", tmp_path / "out.json"
    profile.write_text(PROFILE, encoding="utf-8")
    file.write_text(
        "No.,Name,Town,Status,Class,Phone\n0001,DEMO A,,Valid,A,\n,DEMO B,,Valid,A,\n", encoding="utf-8"
    )
    said = StringIO()
    call_command("intake", str(profile), str(file), on=FIRST, report=out, stdout=said)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert (report["rows"], report["accepted"], report["refused"], report["added"]) == (2, 1, 1, 1)
    assert report["problems"] == [
        {"line": 3, "column": "No.", "code": "cell.absent", "message": report["problems"][0]["message"]}
    ]
    assert "1 added" in said.getvalue()
    assert "line 3, No.: cell.absent" in said.getvalue()


@pytest.mark.usefixtures("db", "stopped")
def test_the_command_ends_with_the_reason_where_it_refuses(tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(PROFILE.replace('kind = "register"', 'kind = "book"'), encoding="utf-8")
    with pytest.raises(CommandError, match=r"profile.invalid: kind: must be one of"):
        call_command("intake", str(profile), str(profile), on=FIRST)
    with pytest.raises(CommandError, match=r"profile.not_found"):
        call_command("intake", "nowhere", "nothing.csv", on=FIRST)
    profile.write_text(PROFILE, encoding="utf-8")
    with pytest.raises(CommandError, match=r"list.unreadable"):
        call_command("intake", str(profile), "nothing.csv", on=FIRST)


@pytest.mark.usefixtures("db", "stopped")
def test_a_refused_list_still_gets_its_report(tmp_path: Path) -> None:
    profile, out = tmp_path / "p.toml", tmp_path / "out.json"
    profile.write_text(PROFILE, encoding="utf-8")
    for on, numbers in ((FIRST, range(10)), (SECOND, range(5))):
        file = tmp_path / f"{on}.csv"
        lines = "".join(f"{number:04},DEMO Agency {number},,Valid,A,\n" for number in numbers)
        file.write_text(f"No.,Name,Town,Status,Class,Phone\n{lines}", encoding="utf-8")
        if on == FIRST:
            call_command("intake", str(profile), str(file), on=on, stdout=StringIO())
            continue
        with pytest.raises(CommandError, match=r"list.would_shrink: 50.0 % of the register would be gone"):
            call_command("intake", str(profile), str(file), on=on, report=out)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert (report["rows"], report["accepted"], report["gone"]) == (5, 5, 5)
    assert [(p["line"], p["code"]) for p in report["problems"]] == [(0, "list.would_shrink")]
