"""Screening: what is found, by which road, what officers may say of it, and what the register does with it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from registry import agencies, audit, licensing, motions, screening
from registry.models import (
    Agency,
    Assessment,
    Authority,
    ChangeJournal,
    Finding,
    ListSnapshot,
    Person,
    RegisterCommit,
    Screening,
    ScreeningDue,
    ScreeningMatch,
)
from registry.rules import errors, names
from registry.rules.lifecycle import Action, Actor, Role, StepTerms
from registry.rules.motions import Motion
from registry.rules.screening import State, Verdict
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
PHONE = "+97714412345"


def _person(agency: str, name: str, role: str = "director", **more: Any) -> str:
    """Appoint somebody; the person's number."""
    builders.approved(agencies.appoint(
        agency, name=name, role=role, first_day=date(2026, 1, 5), by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(), **more,
    ), at=AT)  # fmt: skip
    return str(Person.objects.order_by("-pk")[0].number)


def _channel(agency: str, kind: str, value: str) -> None:
    builders.approved(
        agencies.add_channel(
            agency, kind, value, by=builders.maker(AT), at=AT, idempotency_key=builders.key()
        ),
        at=AT,
    )


@pytest.fixture(scope="module")
def revoked(kept: Kept) -> str:
    """An agency whose licence was taken away, with an office, a telephone, a director and a recruiter."""
    with kept():
        builders.authority()
        number = builders.agency("Kestrel Overseas (DEMO)", at=AT - timedelta(days=100))
        builders.head_office(number, at=AT - timedelta(days=100))
        _channel(number, "phone", PHONE)
        _person(number, "Imran Demo Kestrel", document="P-1")
        _person(number, "Rina Demo Recruiter", "registered_recruiter", document="P-2")
        licence = builders.active(number, at=AT - timedelta(days=90))
        builders.revoked(licence, at=AT - timedelta(days=30))
        return number


@pytest.fixture(scope="module")
def applicant(kept: Kept, revoked: str) -> str:
    """A new agency with the same address, telephone and recruiter under a name that is nearly the same."""
    with kept():
        number = builders.agency("Kestral Global Placement (DEMO)", at=AT)
        builders.head_office(number, at=AT)
        _channel(number, "phone", PHONE)
        _person(number, "Rina Demo Recruiter", "registered_recruiter", document="P-2")
        return number


def _codes(match: screening.Match) -> set[str]:
    return {reason.code for reason in match.reasons}


def test_a_phoenix_is_found_with_its_reasons_and_asks_for_the_registrar(applicant: str, revoked: str) -> None:
    result = screening.of(applicant, at=AT)
    (found,) = result.matches
    assert (found.target_kind, found.target, found.target_name) == (
        "agency",
        revoked,
        "Kestrel Overseas (DEMO)",
    )
    assert _codes(found) >= {"phone.same", "address.same", "staff.moved", "name.similar", "revocation.near"}
    assert found.score == 20 + 20 + 15 + 10 + 10
    assert (result.state, result.asks_registrar) == (State.POSSIBLE_MATCH, True)
    (link,) = screening.links_of(applicant, by=builders.maker(AT), at=AT)
    assert (link.agency, link.adverse) == (revoked, True)
    screening.declare(
        applicant, revoked, "family", evidence="register of marriages", by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(),
    )  # fmt: skip
    screening.declare(
        revoked, applicant, "client", evidence="contracts seen", by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(),
    )  # fmt: skip
    assert screening.of(applicant, at=AT).score == 95


def test_a_grant_to_a_phoenix_is_the_registrar_s(applicant: str) -> None:
    number = builders.opened(applicant, at=AT)
    terms = StepTerms(first_day=date(2026, 5, 1), last_day=date(2028, 4, 30), no_conflict=True)
    waiting = licensing.propose(
        number, Action.GRANT, by=builders.maker(AT), at=AT, terms=terms, idempotency_key=builders.key()
    )
    assert waiting.next_roles == (Role.REGISTRAR,)
    with pytest.raises(errors.RoleNotAllowed):
        licensing.approve(
            waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key=builders.key()
        )
    done = licensing.approve(
        waiting.id, by=builders.registrar(AT), at=AT, no_conflict=True, idempotency_key=builders.key()
    )
    assert done.state == "approved"


def test_a_lawful_neighbour_is_linked_and_no_possible_match(revoked: str) -> None:
    one, other = (
        builders.agency("Harbour Bridge (DEMO)", at=AT),
        builders.agency("Lantern Jobs (DEMO)", at=AT),
    )
    for number in (one, other):
        _channel(number, "email", "desk@lantern.example")
    assert screening.of(one, at=AT).state is State.CLEAR
    by = builders.maker(AT)
    (link,) = screening.links_of(one, by=by, at=AT)
    assert (link.agency, link.adverse, link.reasons[0].code, link.score) == (other, False, "email.same", 20)


def test_an_account_and_a_director_are_the_strongest_links(revoked: str) -> None:
    builders.approved(
        agencies.amend(
            revoked,
            {"bank_account": "XA00 1234"},
            by=builders.maker(AT),
            at=AT,
            idempotency_key=builders.key(),
        ),
        at=AT,
    )
    fresh = builders.agency("Quite Another Name (DEMO)", at=AT, bank_account="XA001234")
    _person(fresh, "I. D. Kestrel", document="P-1")
    (found,) = screening.of(fresh, at=AT).matches
    assert _codes(found) >= {"bank.same", "officer.same"}
    assert found.score >= 70


def test_a_measure_that_was_undone_links_nobody(revoked: str, applicant: str) -> None:
    screening.of(applicant, at=AT)
    licence = Agency.objects.get(number=revoked).licences.get()
    sequence = max(entry.sequence for entry in licence.entries.select_related("commit"))
    terms = StepTerms(refers_to=sequence, order_reference="Court 1", ab_initio=True)
    builders.take(licence.number, Action.SET_ASIDE, terms, at=AT)
    result = screening.of(applicant, at=AT)
    assert result.state is State.CLEAR
    assert not result.matches
    assert [row.score for row in Assessment.objects.order_by("pk")] == [75, 0], "the record of it stays"


def _listed(name: str, **more: object) -> Finding:
    """A finding of an outside list, as an intake leaves it."""
    authority = Authority.objects.get(code="XA-DLA")
    count = ListSnapshot.objects.count()
    commit = RegisterCommit.objects.create(base=10_000 + count, count=0, recorded_at=AT, by="intake")
    ListSnapshot.objects.create(
        list_key="demo_list", kind="findings", title="Demo", source="DEMO Bank", authority=authority,
        on=date(2026, 4, 1) + timedelta(days=count), file_name="x.csv", digest="0", profile_digest="0", fresh_days=45,
        counts={}, commit=commit, taken_at=AT, by="intake",
    )  # fmt: skip
    given = {
        "list_key": "demo_list", "identity": f"00000000-0000-0000-0000-{count:012}",
        "content": "00000000-0000-0000-0000-000000000000", "authority": authority, "source": "DEMO Bank: Demo",
        "name": name, "keys": sorted(names.keys(names.fold(name))), "line": 1, "first_seen": date(2026, 4, 1),
        "last_seen": date(2026, 4, 1), "recorded_at": AT,
    }  # fmt: skip
    return Finding.objects.create(**(given | more))


def test_names_on_outside_lists_are_found_in_any_spelling(revoked: str) -> None:
    _listed("RAHMANI, Farid Demo")
    _listed("Lantern Works Limited")
    number = builders.agency("Lantern Works Ltd", at=AT)
    person = _person(number, "Fareed Demo Rahmani")
    result = screening.of(number, at=AT)
    found = {(one.subject, one.target_name): one.score for one in result.matches}
    assert found == {(person, "RAHMANI, Farid Demo"): 65, (number, "Lantern Works Limited"): 80}
    assert result.asks_registrar


def test_a_finding_that_is_over_and_an_unlike_name_are_none(revoked: str) -> None:
    _listed("Lantern Works Limited", last_day=date(2020, 1, 1))
    number = builders.agency("Lantern Works Ltd", at=AT)
    _person(number, "Somebody Quite Different")
    assert screening.of(number, at=AT).state is State.CLEAR


def _barred(number: str, **terms: object) -> None:
    """Three officers bar the person."""
    said: dict[str, Any] = {"at": AT, "no_conflict": True}
    about = {"permanent": True, "grounds": ["CONVICTION"], "reason": "Judgment in the file."} | terms
    motion = motions.propose(
        Motion.BAR, number, about, by=builders.maker(AT), idempotency_key=builders.key(), **said
    )
    for by in (builders.checker(AT), builders.registrar(AT)):
        motions.approve(motion.id, by=by, idempotency_key=builders.key(), **said)


def test_a_barred_person_is_found_elsewhere_by_paper_and_by_name_and_birthday(revoked: str) -> None:
    born = date(1980, 2, 3)
    barred = _person(revoked, "Mina Demo Rai", document="P-3", birth_date=born)
    _barred(barred, scope="director")
    by_paper, by_name = (builders.agency(f"{name} Else (DEMO)", at=AT) for name in ("Somewhere", "Someone"))
    with pytest.raises(errors.PersonDebarred):
        _person(by_paper, "Another Spelling", document="p 3")
    _person(by_paper, "Another Spelling", "sub_agent", document="p 3")
    _person(by_name, "Rai Mina Demo", document="Q-9", birth_date=born)
    for number, codes, score in (
        (by_paper, {"document.same"}, 100),
        (by_name, {"name.same", "born.same"}, 95),
    ):
        found = screening.of(number, at=AT).matches
        assert [(one.target, _codes(one), one.score) for one in found if one.target_kind == "person"] == [
            (barred, codes, score)
        ]


def test_nothing_crosses_to_another_authority(revoked: str) -> None:
    builders.authority("XB-LMA")
    stranger = builders.agency("Kestrel Overseas (DEMO)", at=AT, authority="XB-LMA")
    builders.approved(
        agencies.add_channel(
            stranger, "phone", PHONE, by=builders.maker(AT, "XB-LMA"), at=AT, idempotency_key=builders.key()
        ),
        at=AT,
    )
    assert screening.of(stranger, at=AT).state is State.CLEAR


# --- what officers say


def _judge(match: int, verdict: Verdict, by: Actor, **more: object) -> screening.Match:
    said = {"reason": "papers seen", "no_conflict": True, "idempotency_key": builders.key()} | more
    return screening.judge(match, verdict, by=by, at=AT, **said)  # type: ignore[arg-type]


def _match(applicant: str) -> int:
    return screening.of(applicant, at=AT).matches[0].id


def test_two_officers_confirm(applicant: str) -> None:
    match = _match(applicant)
    once = _judge(match, Verdict.CONFIRM, builders.maker(AT))
    assert (once.state, once.waits, once.waits_by) == (
        State.POSSIBLE_MATCH,
        Verdict.CONFIRM,
        "OFFICER-OFFICER",
    )
    with pytest.raises(errors.OwnProposal):
        _judge(match, Verdict.CONFIRM, builders.maker(AT))
    with pytest.raises(errors.RoleNotAllowed):
        _judge(match, Verdict.CONFIRM, builders.officer(Role.OFFICER, at=AT, number="OFFICER-2"))
    assert _judge(match, Verdict.CONFIRM, builders.checker(AT)).state is State.CONFIRMED
    assert screening.of(applicant, at=AT).state is State.CONFIRMED
    with pytest.raises(errors.MatchSettled):
        _judge(match, Verdict.CONFIRM, builders.registrar(AT))


def test_a_false_positive_is_remembered_and_comes_back_only_with_a_new_reason(
    applicant: str, revoked: str
) -> None:
    match = _match(applicant)
    key = Agency.objects.get(number=applicant).pk
    assert screening.asks_registrar(key)
    cleared = _judge(match, Verdict.CLEAR, builders.maker(AT), reason="two companies in one house")
    assert cleared.state is State.FALSE_POSITIVE
    assert not screening.asks_registrar(key), "what was cleared asks for nobody"
    again = screening.of(applicant, at=AT + timedelta(days=1))
    assert (again.state, again.asks_registrar, again.score) == (State.CLEAR, False, 0)
    assert screening.matches(by=builders.maker(AT)).data == ()
    assert len(screening.matches(by=builders.maker(AT), state=State.FALSE_POSITIVE).data) == 1
    _person(applicant, "Imran Demo Kestrel", document="P-1")
    assert screening.of(applicant, at=AT + timedelta(days=2)).state is State.POSSIBLE_MATCH


@pytest.mark.parametrize(
    ("by", "more", "error"),
    [
        (builders.maker(AT), {"reason": "  "}, errors.StepIncomplete),
        (builders.maker(AT), {"no_conflict": False}, errors.ConflictNotDeclared),
        (builders.maker(AT - timedelta(minutes=6)), {}, errors.SecondFactorStale),
        (builders.officer(Role.AUDITOR, at=AT), {}, errors.RoleNotAllowed),
        (builders.officer(Role.CONSULAR, at=AT), {}, errors.RoleNotAllowed),
        (builders.maker(AT, "XB-LMA"), {}, errors.MatchNotFound),
        (builders.maker(AT), {"reason": "x" * 4001}, errors.BadInput),
    ],
)
def test_a_word_that_may_not_be_said_leaves_nothing_behind(
    applicant: str, by: Actor, more: dict[str, object], error: type[errors.RegistryError]
) -> None:
    match = _match(applicant)
    with pytest.raises(error):
        _judge(match, Verdict.CLEAR, by, **more)
    assert screening.match(match, by=builders.maker(AT)).match.said == ()


def test_a_word_sent_twice_is_said_once(applicant: str) -> None:
    match, by = _match(applicant), builders.maker(AT)
    for _ in range(2):
        said = _judge(match, Verdict.CONFIRM, by, idempotency_key="the-same-key")
    assert len(said.said) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - screening.READERS - {Role.SYSTEM}))
def test_whoever_does_not_judge_does_not_read(applicant: str, role: Role) -> None:
    by = builders.officer(role, at=AT)
    for read in (
        lambda: screening.matches(by=by),
        lambda: screening.match(_match(applicant), by=by),
        lambda: screening.matches_of(applicant, by=by),
        lambda: screening.links_of(applicant, by=by, at=AT),
    ):
        with pytest.raises(errors.RoleNotAllowed):
            read()


def test_another_authority_s_match_and_links_are_not_there(applicant: str) -> None:
    by = builders.maker(AT, "XB-LMA")
    with pytest.raises(errors.MatchNotFound):
        screening.match(_match(applicant), by=by)
    with pytest.raises(errors.AgencyNotFound):
        screening.links_of(applicant, by=by, at=AT)
    assert screening.matches(by=by).data == ()


def test_the_two_records_stand_side_by_side_with_what_is_equal_marked(applicant: str) -> None:
    pair = screening.match(_match(applicant), by=builders.maker(AT))
    one, other = pair.one.fields, pair.other.fields
    for name in ("address", "channels", "staff"):
        assert {key for v in one[name] for key in v.keys} & {key for v in other[name] for key in v.keys}, name
    assert not {key for v in one["names"] for key in v.keys} & {key for v in other["names"] for key in v.keys}


# --- in its time


def test_what_changes_is_screened_in_its_time_and_only_then(applicant: str) -> None:
    assert ScreeningDue.objects.filter(agency__number=applicant).exists()
    assert screening.run_due(at=AT) >= 1
    assert ScreeningDue.objects.count() == 0
    assert ScreeningMatch.objects.count() == 1
    count = Screening.objects.count()
    assert screening.run_due(at=AT + timedelta(days=1)) == 0
    assert Screening.objects.count() == count


def test_a_revocation_brings_out_whoever_was_linked_before(db: None) -> None:
    builders.authority()
    start = AT - timedelta(days=60)
    first, second = builders.agency("First (DEMO)", at=start), builders.agency("Second (DEMO)", at=start)
    for number in (first, second):
        _channel(number, "phone", PHONE)
    licence = builders.active(first, at=start)
    screening.run_due(at=start)
    assert not ScreeningMatch.objects.exists()
    builders.revoked(licence, at=AT - timedelta(hours=1))
    screening.run_due(at=AT)
    assert [(one.agency.number, one.target) for one in ScreeningMatch.objects.all()] == [(second, first)]


def test_a_new_list_and_a_new_bar_are_compared_with_everybody(db: None) -> None:
    builders.authority()
    number = builders.agency("Lantern Works Ltd", at=AT)
    screening.run_due(at=AT)
    assert not ScreeningMatch.objects.exists()
    _listed("Lantern Works Limited")
    assert screening.run_due(at=AT) == 0, "lists are compared at night"
    assert screening.nightly(at=AT) == 1
    (found,) = screening.matches(by=builders.maker(AT)).data
    assert (found.agency, found.target_kind) == (number, "finding")


def test_matches_come_page_by_page(revoked: str) -> None:
    for place in range(5):
        number = builders.agency(f"Follower {place} (DEMO)", at=AT)
        _channel(number, "phone", PHONE)
        screening.of(number, at=AT)
    by, seen, after = builders.maker(AT), [], None
    while True:
        page = screening.matches(by=by, after=after, limit=2)
        seen += [one.id for one in page.data]
        if not (after := page.next):
            break
    assert len(seen) == len(set(seen)) == 5
    with pytest.raises(errors.BadInput):
        screening.matches(by=by, after="nonsense")


def test_what_screening_keeps_is_in_the_journal_and_troubles_no_audit(applicant: str) -> None:
    _judge(_match(applicant), Verdict.CLEAR, builders.maker(AT))
    kept = set(ChangeJournal.objects.filter(operation="I").values_list("relation", flat=True))
    assert kept >= {
        "registry_screening", "registry_screeningmatch", "registry_assessment", "registry_judgement",
    }  # fmt: skip
    assert list(audit.differences(at=AT)) == []


def test_the_marks_can_be_made_again(applicant: str) -> None:
    from registry import marks
    from registry.models import ScreenMark

    before = set(ScreenMark.objects.values_list("agency", "subject", "kind", "value", "role"))
    ScreenMark.objects.all().delete()
    marks.rebuild(at=AT)
    assert set(ScreenMark.objects.values_list("agency", "subject", "kind", "value", "role")) == before


def test_an_applicant_who_is_no_agency_yet_is_compared_with_the_same_eyes(revoked: str) -> None:
    _listed("RAHMANI, Farid Demo")
    asked = screening.Applicant(
        name="Kestral Global Placement (DEMO)",
        founded=AT.date(),
        addresses=(("14 Harbour Rd, Level 2", "Port Demo"),),
        channels=(("phone", PHONE), ("email", "one@gmail.com")),
        people=(
            screening.Person("R. D. Recruiter", "sub_agent", document=agencies.keyed("P-2")),
            screening.Person("Fareed Demo Rahmani", "director"),
        ),
    )
    phoenix, listed = screening.of_applicant("XA-DLA", asked, at=AT)
    assert (phoenix.target_kind, phoenix.target, phoenix.score) == ("agency", revoked, 75)
    assert (listed.subject, listed.target_kind, listed.score) == ("Fareed Demo Rahmani", "finding", 65)
    assert screening.of_applicant("XA-DLA", screening.Applicant("Quite New (DEMO)"), at=AT) == ()
    assert not ScreeningMatch.objects.exists()


def test_a_free_mail_host_links_nobody(revoked: str) -> None:
    one, other = builders.agency("One (DEMO)", at=AT), builders.agency("Two (DEMO)", at=AT)
    _channel(one, "email", "one@gmail.com")
    _channel(other, "email", "two@gmail.com")
    assert screening.links_of(one, by=builders.maker(AT), at=AT) == ()
