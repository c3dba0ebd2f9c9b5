"""What the public reads: today, on any past day, as it was known then, and for how long."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry import agencies, audit, batch, dossier, lookup, publishing, search
from registry import clock as registry_clock
from registry.models import Licence, PublishedRecord, RegisterCommit
from registry.rules import errors
from registry.rules.lifecycle import Action, Role, Scope, StepTerms
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
AT = builders.START + 10 * DAY
MICROSECOND = timedelta(microseconds=1)


def _body(number: str, at: datetime) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(lookup.public_licence(number, at=at).body)
    return body


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force since the start."""
    with kept():
        builders.authority()
        return builders.active()


# --- by the clock alone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"])
def test_a_term_ends_at_local_midnight_without_any_job(db: None, zone: str) -> None:
    builders.authority(zone=zone)
    number = builders.active(last_day=date(2026, 3, 31))
    answer = lookup.public_licence(number, at=AT)
    midnight = answer.until
    assert midnight is not None
    from zoneinfo import ZoneInfo

    assert midnight.astimezone(ZoneInfo(zone)).isoformat().startswith("2026-04-01T00:00:00")
    before = lookup.public_licence(number, at=midnight - timedelta(seconds=1))
    after = lookup.public_licence(number, at=midnight)
    assert (before.result, after.result) == ("licensed", "not_licensed")
    assert after.state == "expired"


@pytest.mark.parametrize(
    ("zone", "day", "hour"), [("Africa/Cairo", date(2026, 4, 24), 1), ("Asia/Beirut", date(2026, 3, 29), 1)]
)
def test_a_day_without_midnight_begins_at_its_first_instant(
    db: None, zone: str, day: date, hour: int
) -> None:
    from zoneinfo import ZoneInfo

    builders.authority(zone=zone)
    number = builders.active(last_day=day - DAY)
    until = lookup.public_licence(number, at=AT).until
    assert until is not None
    assert until.astimezone(ZoneInfo(zone)) == datetime(
        day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)
    )


def test_a_suspension_from_a_day_begins_with_that_local_day(licence: str) -> None:
    terms = StepTerms(grounds=("BOND-LAPSE",), effective=date(2026, 2, 2))
    builders.take(licence, Action.SUSPEND_ADMINISTRATIVE, terms, at=AT)
    midnight = datetime(2026, 2, 1, 18, 15, tzinfo=UTC)
    announced = _body(licence, AT)
    assert announced["verdict"]["result"] == "licensed"
    assert "decided_pending_effect" in announced["standing"]["overlays"]
    assert announced["decided"] == [
        {"effective_from": "2026-02-01T18:15:00Z", "action": "suspend_administrative"}
    ]
    assert lookup.public_licence(licence, at=midnight - MICROSECOND).result == "licensed"
    assert lookup.public_licence(licence, at=midnight).result == "not_licensed"


# --- as of, and known at -----------------------------------------------------------------------------------------


def test_an_order_recorded_late_gives_two_truths(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    recorded = AT + 20 * DAY
    order = StepTerms(refers_to=sequence, order_reference="Appeal 12/2026", ab_initio=True)
    builders.take(licence, Action.SET_ASIDE, order, at=recorded)
    asked, now = AT + DAY, recorded + DAY
    assert lookup.public_past(licence, at=asked, now=now).result == "licensed"
    then, known = lookup.public_known(licence, at=asked, known_at=recorded - MICROSECOND, now=now)
    assert then.result == "not_licensed"
    assert known < lookup.sequence_now()
    items = {item["action"]: item for item in lookup.timeline(licence, at=now)}
    assert items["suspend_preventive"]["undone_by"]["from_the_beginning"] is True


def test_before_anything_was_recorded_nothing_is_known(licence: str) -> None:
    answer, known = lookup.public_known(licence, at=AT, known_at=builders.START - DAY, now=AT)
    assert (answer.result, answer.may_recruit, known) == ("unknown", False, 0)
    assert "record.not_known_then" in answer.body


def test_the_future_is_not_told(licence: str) -> None:
    with pytest.raises(errors.FutureAsked):
        lookup.public_known(licence, at=AT, known_at=AT + DAY, now=AT)
    with pytest.raises(errors.FutureAsked):
        lookup.day_answers(licence, day=date(2026, 2, 1), now=AT)


def test_a_day_has_all_its_segments(licence: str) -> None:
    builders.suspended(licence, at=AT)
    segments = lookup.day_answers(licence, day=AT.date(), now=AT + 5 * DAY)
    assert [s.result for s in segments] == ["licensed", "not_licensed"]
    assert [s.result for s in lookup.day_answers(licence, day=AT.date(), now=AT - MICROSECOND)] == [
        "licensed"
    ]


def test_what_the_register_knew_of_the_holder_is_told_too(licence: str) -> None:
    body = _body(licence, AT)
    builders.approved(
        agencies.amend(
            body["holder"]["number"],
            {"legal_name": "Renamed Manpower (DEMO)"},
            by=builders.maker(AT),
            at=AT,
            idempotency_key="1",
        ),
        at=AT,
    )
    assert _body(licence, AT)["holder"]["name"] == "Renamed Manpower (DEMO)"
    then, _ = lookup.public_known(licence, at=AT, known_at=AT - DAY, now=AT)
    assert json.loads(then.body)["holder"]["name"] == "Bluefinch Manpower (DEMO)"


# --- what the answer holds ---------------------------------------------------------------------------------------


def test_two_suspensions_are_a_set(licence: str) -> None:
    one = builders.suspended(licence, at=AT)
    two = builders.take(
        licence, Action.SUSPEND_ADMINISTRATIVE, StepTerms(grounds=("BOND-LAPSE",)), at=AT
    ).sequence
    later = AT + 10 * DAY
    builders.lifted(licence, one, at=later)
    assert lookup.public_licence(licence, at=later).result == "not_licensed"
    builders.lifted(licence, two, at=later + DAY)
    assert lookup.public_licence(licence, at=later + DAY).result == "licensed"


def test_a_cut_corridor_is_limited_and_says_for_what(licence: str) -> None:
    terms = StepTerms(grounds=("BANNED-CORRIDOR",), cut=Scope(corridors=("XC",)), immediate=True)
    builders.take(licence, Action.RESTRICT, terms, at=AT)
    body = _body(licence, AT)
    assert body["verdict"]["result"] == "limited"
    assert body["scope"]["cut"]["corridors"] == ["XC"]
    assert {"code": "scope.limited"} in body["verdict"]["reasons"]


def test_offices_and_channels_are_those_of_the_day(licence: str) -> None:
    holder = _body(licence, AT)["holder"]["number"]
    by = builders.maker(AT)
    office = builders.head_office(holder, at=AT, first_day=date(2026, 1, 10))
    builders.approved(
        agencies.add_channel(
            holder, "phone", "+97714412345", by=by, at=AT, idempotency_key="c", first_day=date(2026, 1, 10)
        ),
        at=AT,
    )
    builders.approved(
        agencies.amend_office(office, {"last_day": date(2026, 1, 20)}, by=by, at=AT, idempotency_key="o"),
        at=AT,
    )
    assert [o["number"] for o in _body(licence, AT)["offices"]] == [office]
    assert _body(licence, AT)["channels"] == [{"kind": "phone", "value": "+97714412345"}]
    closed = datetime(2026, 1, 20, 18, 15, tzinfo=UTC)
    assert [o["number"] for o in _body(licence, closed - MICROSECOND)["offices"]] == [office]
    assert _body(licence, closed)["offices"] == []


def test_the_body_repeats_what_the_row_says(licence: str) -> None:
    answer = lookup.public_licence(licence, at=AT)
    body = json.loads(answer.body)
    assert body["number"] == answer.number == licence
    assert (body["verdict"]["result"], body["verdict"]["may_recruit"]) == (answer.result, answer.may_recruit)
    assert body["sequence"] == answer.sequence
    assert "T" in body["until"]


# --- publication ends --------------------------------------------------------------------------------------------


def test_an_interim_measure_without_a_finding_is_spent_after_its_months(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    builders.lifted(licence, sequence, at=AT + 5 * DAY)
    inside = AT + DAY
    shortly = AT + 30 * DAY
    assert lookup.public_past(licence, at=inside, now=shortly).result == "not_licensed"
    assert any(s["kind"] == "preventive_suspension" for s in _body(licence, shortly)["sanctions"])
    spent = datetime(2027, 1, 20, 18, 15, tzinfo=UTC)
    for made_again in (False, True):
        if made_again:
            assert publishing.refresh(at=spent) == 1
        past = lookup.public_past(licence, at=inside, now=spent)
        assert (past.result, past.state) == ("unknown", "")
        assert "history.not_public" in past.body
        assert "preventive" not in past.body
        today = _body(licence, spent)
        assert today["sanctions"] == []
        assert today["history_complete_since"] == "2026-01-20T09:00:00Z"
        assert "suspend_preventive" not in [i["action"] for i in lookup.timeline(licence, at=spent)]
    assert lookup.public_past(licence, at=inside, now=spent - MICROSECOND).result == "unknown"


def test_what_was_said_of_a_spent_measure_leaves_the_timeline_with_it(licence: str) -> None:
    sequence = builders.suspended(licence, at=AT)
    appeal = builders.take(licence, Action.FILE_APPEAL, StepTerms(refers_to=sequence), at=AT + DAY)
    dismissed = StepTerms(refers_to=appeal.sequence, order_reference="Appeal 12/2026")
    builders.take(licence, Action.END_APPEAL, dismissed, at=AT + 2 * DAY)
    builders.lifted(licence, sequence, at=AT + 5 * DAY)
    about = {"suspend_preventive", "file_appeal", "end_appeal", "lift"}
    shortly, spent = AT + 30 * DAY, datetime(2027, 1, 20, 18, 15, tzinfo=UTC)
    assert about <= {item["action"] for item in lookup.timeline(licence, at=shortly)}
    assert not about & {item["action"] for item in lookup.timeline(licence, at=spent)}


def test_a_revocation_is_told_for_ever(licence: str) -> None:
    builders.revoked(licence, at=AT + 40 * DAY)
    far = AT + 20_000 * DAY
    body = _body(licence, far)
    assert body["standing"]["state"] == "revoked"
    assert [s["kind"] for s in body["sanctions"]] == ["revocation"]
    assert PublishedRecord.objects.filter(number=licence, withhold_from__isnull=False).count() == 0


# --- the feed ----------------------------------------------------------------------------------------------------


def test_the_feed_has_no_gap_and_can_be_read_in_pieces(licence: str) -> None:
    builders.suspended(licence, at=AT)
    builders.take(licence, Action.ENTER_DEMERIT, StepTerms(grounds=("AD-WITHOUT-NUMBER",), points=2), at=AT)
    whole = lookup.changes(after=0, limit=100, at=AT)
    assert [c["sequence"] for c in whole.data] == list(range(1, whole.last + 1))
    pieces: list[dict[str, Any]] = []
    while more := lookup.changes(after=len(pieces), limit=2, at=AT).data:
        pieces += more
    assert pieces == whole.data
    assert whole.data[-1] == {
        "sequence": whole.last, "recorded_at": whole.data[-1]["recorded_at"], "action": None, "kind": None,
        "effective_from": None, "licence": None, "agency": None,
    }, "an entry that is not published is a number and nothing else"  # fmt: skip


def test_numbers_of_licences_that_are_not_granted_are_not_public(licence: str) -> None:
    holder = _body(licence, AT)["holder"]["number"]
    number = builders.opened(holder, "C", at=AT)
    for ask in (lookup.public_licence, lookup.timeline):
        with pytest.raises(errors.LicenceNotFound):
            ask(number, at=AT)


# --- subjects of badges ------------------------------------------------------------------------------------------


def test_an_appointment_ends_on_its_last_day(licence: str) -> None:
    holder = _body(licence, AT)["holder"]["number"]
    made = builders.approved(
        agencies.appoint(
            holder,
            name="Maya Demo",
            role="registered_recruiter",
            first_day=date(2026, 1, 10),
            last_day=date(2026, 2, 1),
            by=builders.maker(AT),
            at=AT,
            idempotency_key="1",
            document="X 1234567",
        ),
        at=AT,
    )
    subject = lookup.public_subject("appointment", made, at=AT)
    assert subject.problem is None
    assert subject.person is not None
    assert subject.person["name"] == "Maya Demo"
    assert lookup.public_subject("appointment", made, at=AT + 60 * DAY).problem == "appointment.ended"
    assert lookup.public_agency(holder, at=AT)["persons"][0]["role"] == "registered_recruiter"


def test_what_an_agency_may_not_do_is_refused_by_name(licence: str) -> None:
    holder = _body(licence, AT)["holder"]["number"]
    by = builders.maker(AT)
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"no_such": 1}, "no_such"),
        ({"lei": "123"}, "lei"),
        ({"country": "ZZZ"}, "country"),
        ({"legal_name": ""}, "legal_name"),
        ({"address": "x" * 2000}, "address"),
    ]
    for fields, field in refusals:
        with pytest.raises(errors.BadInput) as refused:
            builders.approved(
                agencies.amend(holder, fields, by=by, at=AT, idempotency_key=builders.key()), at=AT
            )
        assert refused.value.facts["field"] == field
    with pytest.raises(errors.RoleNotAllowed):
        inspector = builders.officer(Role.INSPECTOR, at=AT)
        builders.approved(
            agencies.amend(holder, {"locality": "X"}, by=inspector, at=AT, idempotency_key="i"), at=AT
        )
    with pytest.raises(errors.VersionConflict):
        builders.approved(
            agencies.amend(holder, {"locality": "X"}, by=by, at=AT, expected_version=99, idempotency_key="v"),
            at=AT,
        )


# --- clocks that differ ------------------------------------------------------------------------------------------


def test_a_reader_whose_clock_is_behind_answers_no_earlier_than_what_is_recorded(licence: str) -> None:
    holder = Licence.objects.get(number=licence).agency.number
    at = builders.START + timedelta(days=10)
    builders.suspended(licence, at=at)
    behind = at - timedelta(seconds=30)
    assert lookup.public_licence(licence, at=behind).state == "suspended"
    assert lookup.public_many([licence], at=behind)[licence].state == "suspended"
    assert [one.state for one in batch.answers([licence], at=behind)[licence]] == ["suspended"]
    assert lookup.public_agency(holder, at=behind)["licences"][0]["standing"]["state"] == "suspended"
    assert [row["licence"]["state"] for row in lookup.agencies(at=behind, limit=9).data] == ["suspended"]
    assert [hit.verdict for hit in search.find(licence, limit=9, after=None, at=behind).data] == [
        "not_licensed"
    ]
    assert [
        hit.verdict for hit in search.find("Bluefinch Manpower", limit=9, after=None, at=behind).data
    ] == ["not_licensed"]
    listed = dossier.restricted_licences(by=builders.maker(behind), at=behind, after=None, limit=9)
    assert [row["state"] for row in listed.data] == ["suspended"]
    assert lookup.public_past(licence, at=behind, now=at).state == "active"


def test_what_is_no_longer_public_is_withheld_by_the_later_clock_too(licence: str) -> None:
    lifted_at = builders.START + timedelta(days=20)
    builders.lifted(
        licence, builders.suspended(licence, at=builders.START + timedelta(days=10)), at=lifted_at
    )
    much_later = lifted_at + timedelta(days=600)
    builders.suspended(licence, at=much_later)
    behind = much_later - timedelta(seconds=30)
    assert lookup.public_licence(licence, at=behind).state == "suspended"


def test_a_commit_is_recorded_when_it_ends_not_when_its_command_began(licence: str, clock: Any) -> None:
    began = builders.START + timedelta(days=10)
    ended = clock.stop(began + timedelta(seconds=40))
    builders.suspended(licence, at=began)
    between = began + timedelta(seconds=20)
    then, _ = lookup.public_known(licence, at=between, known_at=between, now=ended)
    now, _ = lookup.public_known(licence, at=between, known_at=ended, now=ended)
    assert (then.state, now.state) == ("active", "suspended")
    assert RegisterCommit.objects.latest("pk").recorded_at == ended


def test_a_past_that_is_told_is_recorded_in_that_past(db: None, clock: Any) -> None:
    clock.stop(builders.START + timedelta(days=400))
    builders.authority()
    builders.active(at=builders.START)
    assert RegisterCommit.objects.latest("pk").recorded_at == builders.START


def test_programs_that_are_started_together_share_a_moved_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    shown_at = registry_clock.now() - timedelta(hours=1)
    monkeypatch.setenv("REGISTRY_CLOCK", "2026-05-01T00:00:00+00:00")
    monkeypatch.setenv("REGISTRY_CLOCK_SHOWN_AT", shown_at.isoformat())
    assert registry_clock.shared() == {"REGISTRY_CLOCK_SHOWN_AT": shown_at.isoformat()}
    told = subprocess.run(
        [sys.executable, "-c", "from registry import clock; print(clock.now().isoformat())"],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    shown = datetime.fromisoformat(told.stdout.strip()) - datetime(2026, 5, 1, tzinfo=UTC)
    assert timedelta(hours=1) <= shown < timedelta(hours=1, minutes=1)


# --- the authority's words ---------------------------------------------------------------------------------------


def test_a_new_policys_words_are_published_from_its_day_on_and_the_past_keeps_the_old(licence: str) -> None:
    term = {"active": "Validly Licensed"}
    system = builders.SYSTEM
    begins = AT + 5 * DAY
    agencies.set_policy(
        "XA-DLA", {**builders.POLICY, "legal_terms": term}, in_force_from=begins, by=system, at=AT,
        idempotency_key="1",
    )  # fmt: skip
    assert list(audit.differences(at=AT)) == []
    now = lookup.public_licence(licence, at=AT)
    assert now.until == begins
    assert json.loads(now.body)["standing"]["legal_term"] == "In Force"
    assert dossier.authority("XA-DLA", at=AT)["policy"]["legal_terms"]["active"] == "In Force"
    after = begins + DAY
    assert (
        json.loads(lookup.public_licence(licence, at=after).body)["standing"]["legal_term"] == term["active"]
    )
    assert dossier.authority("XA-DLA", at=after)["policy"]["legal_terms"] == term
    past = lookup.public_past(licence, at=AT, now=after)
    assert json.loads(past.body)["standing"]["legal_term"] == "In Force"
    known, _ = lookup.public_known(licence, at=begins, known_at=AT - DAY, now=after)
    assert json.loads(known.body)["standing"]["legal_term"] == "In Force"
    assert list(audit.differences(at=after)) == []


def test_a_policy_of_the_same_words_publishes_nothing_anew(licence: str) -> None:
    before = list(PublishedRecord.objects.values_list("pk", flat=True))
    agencies.set_policy(
        "XA-DLA", {**builders.POLICY, "appeal_days": 20}, in_force_from=AT, by=builders.SYSTEM, at=AT,
        idempotency_key="1",
    )  # fmt: skip
    assert list(PublishedRecord.objects.values_list("pk", flat=True)) == before


def test_the_feed_names_no_spent_sanction_nor_what_was_said_of_it(licence: str) -> None:
    builders.lifted(licence, builders.suspended(licence, at=AT), at=AT + DAY)
    later = AT + 3000 * DAY
    told = [one["action"] for one in lookup.changes(after=0, limit=100, at=AT + 2 * DAY).data]
    assert {"suspend_preventive", "lift"} <= set(told)
    kept = lookup.changes(after=0, limit=100, at=later).data
    assert {"suspend_preventive", "lift"} & {one["action"] for one in kept} == set()
    assert [one["sequence"] for one in kept] == list(range(1, len(told) + 1))


def test_what_a_worker_may_be_asked_to_pay_is_published_from_the_day_of_its_law_on(licence: str) -> None:
    fee = {"rule": "capped", "months_of_wage": "1", "law": "section 12"}
    begins = AT + 5 * DAY
    agencies.set_policy(
        "XA-DLA", {**builders.POLICY, "worker_fee": fee}, in_force_from=begins, by=builders.SYSTEM, at=AT,
        idempotency_key="1",
    )  # fmt: skip

    def told(at: datetime) -> Any:
        return json.loads(lookup.public_licence(licence, at=at).body)["worker_fee"]

    assert told(AT) is None, "no rule is no rule"
    assert told(begins) == {
        "rule": {"code": "fee.capped"}, "amount": None, "currency": None, "months_of_wage": "1", "law": "section 12",
    }  # fmt: skip
    assert list(audit.differences(at=begins)) == []


def test_many_licences_are_reworded_together_as_if_each_had_been_made_anew(
    licence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_AT_ONCE", 2)
    suspended, revoked = builders.active(at=AT), builders.active(at=AT, scope=Scope(("XB",), ("83",)))
    builders.suspended(suspended, at=AT)
    builders.revoked(revoked, at=AT)
    holder = builders.agency("Another (DEMO)", at=AT)
    waiting = builders.granted(holder, at=AT)
    builders.head_office(holder, at=AT)
    numbers = (licence, suspended, revoked, waiting)
    before = {number: lookup.public_licence(number, at=AT).sequence for number in numbers}
    agencies.set_policy(
        "XA-DLA", {**builders.POLICY, "legal_terms": {"suspended": "Held"}, "worker_fee": {"rule": "prohibited"}},
        in_force_from=AT + DAY, by=builders.SYSTEM, at=AT, idempotency_key="1",
    )  # fmt: skip
    assert list(audit.differences(at=AT)) == []
    for number in numbers:
        told = lookup.public_licence(number, at=AT + DAY)
        assert json.loads(told.body)["worker_fee"]["rule"] == {"code": "fee.prohibited"}
        assert told.sequence == before[number], "nobody decided anything"
    assert json.loads(lookup.public_licence(suspended, at=AT + DAY).body)["standing"]["legal_term"] == "Held"


def test_words_that_are_taken_back_before_their_day_leave_no_boundary(licence: str) -> None:
    first = lookup.public_licence(licence, at=AT)
    for place, words in enumerate(({"active": "Valid"}, builders.POLICY["legal_terms"])):
        agencies.set_policy(
            "XA-DLA", {**builders.POLICY, "legal_terms": words}, in_force_from=AT + DAY, by=builders.SYSTEM, at=AT,
            idempotency_key=f"{place}",
        )  # fmt: skip
        assert (lookup.public_licence(licence, at=AT).until == AT + DAY) is (place == 0)
        assert list(audit.differences(at=AT)) == []
    assert lookup.public_licence(licence, at=AT).body == first.body
