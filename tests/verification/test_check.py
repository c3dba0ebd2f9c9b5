"""A scanned code says what the register says at that instant, and is never green for anything less."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import agencies
from registry.rules import numbering
from registry.rules.lifecycle import Action, Scope, StepTerms
from registry.rules.lifecycle import Result as Fold
from tests import builders
from tests.builders import START
from tests.conftest import Kept
from verification import badges, check
from verification.check import Proof
from verification.verdicts import Colour, Result

pytestmark = pytest.mark.django_db

LATER = START + timedelta(days=30)


class Held(NamedTuple):
    """A licence in force, and whose it is."""

    holder: str
    licence: str


@pytest.fixture(scope="module")
def held(kept: Kept) -> Held:
    with kept():
        builders.authority()
        holder = builders.agency()
        return Held(holder, builders.active(holder))


@pytest.fixture
def holder() -> str:
    """An agency without a licence."""
    builders.authority()
    return builders.agency()


def badge_of(kind: str, number: str, at: datetime = START) -> str:
    return badges.issue(kind, number, at=at).code


def appointed(agency: str, **more: Any) -> str:
    given = {"name": "Asha Demo", "role": "registered_recruiter", "first_day": date(2026, 1, 1), **more}
    by = builders.maker(START)
    return builders.approved(
        agencies.appoint(agency, **given, by=by, at=START, idempotency_key=builders.key()), at=START
    )


def closed(office: str, last_day: date, at: datetime) -> None:
    by = builders.maker(at)
    builders.approved(
        agencies.amend_office(office, {"last_day": last_day}, by=by, at=at, idempotency_key=builders.key()),
        at=at,
    )


def test_a_licence_in_force_is_green_with_what_a_reader_compares(held: Held) -> None:
    office = builders.head_office(held.holder)
    builders.approved(
        agencies.add_channel(
            held.holder,
            "phone",
            "+44 20 7946 0958",
            by=builders.maker(START),
            at=START,
            idempotency_key=builders.key(),
        ),
        at=START,
    )
    code = badge_of("licence", held.licence)
    verdict = check.verdict(numbering.shown_badge(code).lower(), at=LATER)
    assert (verdict.proof, verdict.result, verdict.may_recruit) == (Proof.KNOWN, Result.LICENSED, True)
    assert verdict.appearance.colour is Colour.GREEN
    assert (verdict.code, verdict.licence, verdict.number, verdict.state) == (
        code,
        held.licence,
        held.licence,
        "active",
    )
    assert verdict.holder == "Bluefinch Manpower (DEMO)"
    assert verdict.office is not None
    assert verdict.office["number"] == office
    assert [channel["value"] for channel in verdict.channels] == ["+442079460958"]
    assert verdict.since is not None
    assert verdict.since <= START
    assert verdict.until == datetime(2028, 1, 4, 18, 15, tzinfo=UTC)
    assert verdict.checked_at == LATER
    assert verdict.reasons == ("licence.in_force",)
    assert verdict.record["number"] == held.licence


def test_a_licence_and_a_code_that_says_so_cost_one_query(held: Held) -> None:
    code = badge_of("licence", held.licence)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        check.verdict(code, at=LATER)
    assert len(queries) == 1


def test_a_suspension_is_seen_by_the_next_scan_and_its_lifting_too(held: Held) -> None:
    code = badge_of("licence", held.licence)
    just_before = check.verdict(code, at=LATER - timedelta(microseconds=1))
    suspension = builders.suspended(held.licence, at=LATER)
    now = check.verdict(code, at=LATER)
    assert (just_before.result, now.result) == (Result.LICENSED, Result.NOT_LICENSED)
    assert (now.appearance.colour, now.may_recruit, now.state) == (Colour.RED, False, "suspended")
    assert now.reasons[0] == "suspension.preventive"
    builders.lifted(held.licence, suspension, at=LATER + timedelta(days=1))
    assert check.verdict(code, at=LATER + timedelta(days=1)).result is Result.LICENSED


def test_a_term_ends_at_midnight_where_the_authority_is(holder: str) -> None:
    licence = builders.active(holder, last_day=date(2026, 3, 31))
    code = badge_of("licence", licence)
    midnight = datetime(2026, 3, 31, 18, 15, tzinfo=UTC)
    assert check.verdict(code, at=midnight - timedelta(microseconds=1)).result is Result.LICENSED
    assert check.verdict(code, at=midnight).reasons[0] == "licence.expired"
    assert check.verdict(code, at=midnight).appearance.colour is Colour.RED


def test_a_withdrawn_badge_is_red_while_its_licence_is_good_and_says_whose_it_was(held: Held) -> None:
    code = badge_of("licence", held.licence)
    badges.withdraw(code, reason="copied", by="OFFICER-1", at=LATER)
    verdict = check.verdict(code, at=LATER)
    assert (verdict.proof, verdict.result) == (Proof.WITHDRAWN, Result.NOT_GENUINE)
    assert (verdict.reasons, verdict.appearance.colour) == (("badge.withdrawn",), Colour.RED)
    assert not verdict.may_recruit
    assert (verdict.licence, verdict.holder) == (held.licence, "Bluefinch Manpower (DEMO)")
    assert check.verdict(badge_of("licence", held.licence, LATER), at=LATER).result is Result.LICENSED


@pytest.mark.parametrize(
    ("typed", "proof", "reason"),
    [
        ("XA00-0000-0000-0", Proof.MISTYPED, "badge.mistyped"),
        ("", Proof.NOT_FOUND, "badge.not_found"),
        ("hello", Proof.NOT_FOUND, "badge.not_found"),
        ("\x00" * 13, Proof.NOT_FOUND, "badge.not_found"),
        ("<script>alert(1)</script>", Proof.NOT_FOUND, "badge.not_found"),
        ("X" * 5_000, Proof.NOT_FOUND, "badge.not_found"),
        (numbering.badge_code("XA", lambda _: 5), Proof.NOT_FOUND, "badge.not_found"),
    ],
)
def test_a_wrong_code_is_an_answer_and_never_a_green_one(typed: str, proof: Proof, reason: str) -> None:
    verdict = check.verdict(typed, at=START)
    assert (verdict.proof, verdict.result, verdict.reasons) == (proof, Result.NOT_FOUND, (reason,))
    assert verdict.appearance.colour not in {Colour.GREEN, Colour.GREEN_OUTLINE}
    assert (verdict.holder, verdict.licence, verdict.person_name, list(verdict.channels)) == ("", "", "", [])
    assert not verdict.may_recruit


def test_no_code_one_symbol_away_is_found(held: Held) -> None:
    code = badge_of("licence", held.licence)
    for place in range(13):
        wrong = code[:place] + ("7" if code[place] != "7" else "8") + code[place + 1 :]
        assert check.verdict(wrong, at=START).result is Result.NOT_FOUND


# offices


def test_an_office_reads_as_the_lower_of_its_own_and_its_licences_verdict(held: Held) -> None:
    office = builders.head_office(held.holder)
    code = badge_of("office", office)
    good = check.verdict(code, at=LATER)
    assert (good.result, good.licence, good.number, good.kind) == (
        Result.LICENSED,
        held.licence,
        office,
        "office",
    )
    assert good.office is not None
    assert good.office["address"] == "Level 2, 14 Harbour Road"
    builders.suspended(held.licence, at=LATER)
    assert check.verdict(code, at=LATER).result is Result.NOT_LICENSED


def test_a_closed_branch_is_red_while_the_head_office_is_green(held: Held) -> None:
    head = builders.head_office(held.holder)
    branch = builders.head_office(held.holder, kind="branch", locality="Hill Demo")
    codes = badge_of("office", head), badge_of("office", branch)
    closed(branch, date(2026, 1, 20), at=START + timedelta(days=10))
    last_instant = datetime(2026, 1, 20, 18, 15, tzinfo=UTC)
    assert check.verdict(codes[1], at=last_instant - timedelta(microseconds=1)).result is Result.LICENSED
    after = check.verdict(codes[1], at=last_instant)
    assert (after.result, after.reasons, after.may_recruit) == (
        Result.NOT_LICENSED,
        ("office.closed",),
        False,
    )
    assert check.verdict(codes[0], at=last_instant).result is Result.LICENSED


def test_the_answer_about_an_office_is_never_promised_beyond_tonight(held: Held) -> None:
    office = builders.head_office(held.holder)
    verdict = check.verdict(badge_of("office", office), at=LATER)
    assert verdict.until == datetime(2026, 2, 4, 18, 15, tzinfo=UTC)


def test_an_office_of_a_holder_with_one_licence_suspended_is_not_simply_green(held: Held) -> None:
    office = builders.head_office(held.holder)
    good, bad = held.licence, builders.active(held.holder, "C")
    code = badge_of("office", office)
    assert check.verdict(code, at=LATER).result is Result.LICENSED
    builders.suspended(bad, at=LATER)
    verdict = check.verdict(code, at=LATER)
    assert (verdict.result, verdict.licence) == (Result.LIMITED, good)
    assert [(other.number, other.state) for other in verdict.siblings] == [(bad, "suspended")]
    assert check.verdict(badge_of("licence", good), at=LATER).result is Result.LICENSED
    builders.suspended(good, at=LATER + timedelta(hours=1))
    assert check.verdict(code, at=LATER + timedelta(hours=1)).result is Result.NOT_LICENSED


def test_an_office_does_not_turn_green_when_its_holders_other_licence_gets_worse(held: Held) -> None:
    office = builders.head_office(held.holder)
    bad = builders.active(held.holder, "C")
    code = badge_of("office", office)
    builders.suspended(bad, at=LATER)
    builders.revoked(bad, at=LATER + timedelta(days=1))
    verdict = check.verdict(code, at=LATER + timedelta(days=1))
    assert [other.state for other in verdict.siblings] == ["revoked"]
    assert verdict.result is Result.LIMITED


def test_an_office_of_a_holder_whose_other_licence_is_cut_is_not_simply_green(held: Held) -> None:
    office = builders.head_office(held.holder)
    cut = builders.active(held.holder, "C", scope=Scope(corridors=("XC", "XD")))
    terms = StepTerms(
        grounds=("FALSE-DOC",), cut=Scope(corridors=("XC",)), immediate=True, texts={"en": "Jobs in XC."}
    )
    builders.take(cut, Action.RESTRICT, terms, at=LATER)
    assert check.verdict(badge_of("office", office), at=LATER).result is Result.LIMITED


def test_the_answer_about_an_office_is_promised_no_longer_than_its_holders_other_licence(held: Held) -> None:
    office = builders.head_office(held.holder)
    other = builders.active(held.holder, "C")
    terms = StepTerms(
        grounds=("FALSE-DOC",),
        effective=LATER + timedelta(hours=2),
        texts={"en": "Papers under examination."},
    )
    builders.take(other, Action.SUSPEND_PREVENTIVE, terms, at=LATER)
    assert check.verdict(badge_of("office", office), at=LATER).until == LATER + timedelta(hours=2)


def test_a_licence_that_ended_by_the_clock_does_not_hide_one_in_force(holder: str) -> None:
    office = builders.head_office(holder)
    builders.active(holder, last_day=date(2026, 1, 31))
    current = builders.active(holder, "C")
    verdict = check.verdict(badge_of("office", office), at=LATER)
    assert (verdict.result, verdict.licence) == (Result.LICENSED, current)
    assert [other.state for other in verdict.siblings] == ["expired"]


# appointments


def test_a_person_is_named_where_the_public_may_read_it(held: Held) -> None:
    named = check.verdict(badge_of("appointment", appointed(held.holder)), at=LATER)
    hidden_number = appointed(held.holder, name="Bina Demo", public_name=False, withheld_reason="safety")
    hidden = check.verdict(badge_of("appointment", hidden_number), at=LATER)
    assert (named.result, named.person_name) == (Result.LICENSED, "Asha Demo")
    assert (hidden.result, hidden.person_name) == (Result.LICENSED, "")
    assert "Bina" not in repr(hidden)


def test_an_appointment_that_ended_is_red_and_never_says_that_the_licence_is_in_force(held: Held) -> None:
    number = appointed(held.holder)
    code = badge_of("appointment", number)
    builders.approved(
        agencies.end_appointment(
            number,
            last_day=date(2026, 1, 31),
            by=builders.maker(START),
            at=START,
            idempotency_key=builders.key(),
        ),
        at=START,
    )
    verdict = check.verdict(code, at=LATER)
    assert (verdict.result, verdict.reasons) == (Result.NOT_LICENSED, ("appointment.ended",))
    assert check.verdict(code, at=START).result is Result.LICENSED


def test_an_appointment_at_a_closed_office_is_red(held: Held) -> None:
    branch = builders.head_office(held.holder, kind="branch")
    code = badge_of("appointment", appointed(held.holder, office=branch))
    closed(branch, date(2026, 1, 20), at=START + timedelta(days=10))
    assert check.verdict(code, at=LATER).reasons == ("office.closed",)


# states


def test_a_licence_cut_for_one_country_is_amber(holder: str) -> None:
    licence = builders.active(holder, scope=Scope(corridors=("XB", "XC")))
    code = badge_of("licence", licence)
    cut = StepTerms(grounds=("BANNED-CORRIDOR",), cut=Scope(corridors=("XC",)), immediate=True)
    builders.take(licence, Action.RESTRICT, cut, at=LATER)
    verdict = check.verdict(code, at=LATER)
    assert (verdict.result, verdict.appearance.colour) == (Result.LIMITED, Colour.AMBER)
    assert verdict.reasons[0] == "scope.limited"


def test_a_revoked_licence_is_red(held: Held) -> None:
    code = badge_of("licence", held.licence)
    builders.revoked(held.licence, at=LATER)
    verdict = check.verdict(code, at=LATER)
    assert (verdict.state, verdict.appearance.colour) == ("revoked", Colour.RED)


def test_a_licence_that_has_not_begun_is_not_green(holder: str) -> None:
    licence = builders.granted(holder)
    verdict = check.verdict(badge_of("licence", licence), at=START)
    assert verdict.result is Result.NOT_LICENSED
    assert verdict.reasons == ("licence.pending_activation",)


def test_every_result_of_the_law_has_its_look() -> None:
    assert {result.value for result in Fold} <= {result.value for result in Result}
