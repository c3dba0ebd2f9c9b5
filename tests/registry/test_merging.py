"""Two records of one firm become one: what moves, what leads on, what was known before, and what is refused."""

import json
import threading
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections

from registry import (
    agencies,
    audit,
    dossier,
    holders,
    journal,
    licensing,
    lookup,
    motions,
    retrospect,
    screening,
    search,
    securities,
)
from registry.admission import reading
from registry.rules import errors
from registry.rules.lifecycle import Action, Role, StepTerms
from registry.rules.motions import Motion
from registry.rules.screening import State, Verdict
from tests import applying, builders
from tests.builders import START
from tests.conftest import Kept
from verification import leaves

pytestmark = pytest.mark.django_db
AT = START + timedelta(days=20)
LATER = AT + timedelta(days=1)
REASON = "The same company number and the same owner; entered twice from paper."


def move(
    about: str, terms: Mapping[str, Any], *, at: Any = AT, kind: Motion = Motion.MERGE
) -> motions.MotionRecord:
    return motions.propose(
        kind, about, terms, by=builders.maker(at), at=at, idempotency_key=builders.key(), no_conflict=True
    )


def approve(motion: int, by: Any, *, at: Any = AT) -> motions.MotionRecord:
    return motions.approve(motion, by=by, at=at, idempotency_key=builders.key(), no_conflict=True)


def merge(about: str, into: str, *, at: Any = AT) -> motions.MotionRecord:
    moved = move(about, {"into": into, "reason": REASON}, at=at)
    return approve(moved.id, builders.checker(at), at=at)


def why(about: str, into: str, *, at: Any = AT) -> str:
    with pytest.raises(errors.MergerRefused) as refused:
        move(about, {"into": into, "reason": REASON}, at=at)
    return str(refused.value.facts["why"])


def changed(made: agencies.Written | agencies.Waiting) -> None:
    builders.approved(made, at=START)


@pytest.fixture(scope="module")
def pair(kept: Kept) -> tuple[str, str]:
    """A record with a licence of class A and all that hangs on it, and one of the same firm with class C."""
    with kept():
        builders.authority()
        stays, gone = (
            builders.agency("Bluefinch Manpower (DEMO)"),
            builders.agency("Blue Finch Overseas (DEMO)"),
        )
        builders.active(stays, "A")
        builders.active(gone, "C")
        for holder in (stays, gone):
            builders.head_office(holder)
            by = builders.maker(START)
            asked: dict[str, Any] = {"by": by, "at": START}
            changed(
                agencies.add_channel(holder, "phone", "+12025550142", idempotency_key=builders.key(), **asked)
            )
        changed(agencies.add_trading_name(gone, "Finch Jobs", idempotency_key=builders.key(), **asked))
        changed(
            agencies.appoint(
                gone, name="Mina Rai (DEMO)", role="director", first_day=date(2026, 1, 5),
                idempotency_key=builders.key(), **asked,
            )
        )  # fmt: skip
        return gone, stays


def licence_of(holder: str, at: Any = AT) -> str:
    return str(lookup.public_agency(holder, at=at)["licences"][0]["number"])


def test_what_hangs_on_the_merged_record_is_read_at_the_one_that_stays(pair: tuple[str, str]) -> None:
    gone, stays = pair
    number = licence_of(gone)
    builders.take(number, Action.ENTER_DEMERIT, StepTerms(grounds=("FEE-PROHIBITED",), points=2), at=START)
    assert merge(gone, stays).state == "approved"
    found = retrospect.agency(stays, by=builders.checker(LATER), at=LATER)
    assert [one.licence_class for one in found.licences] == ["A", "C"]
    assert {one.points for one in found.licences} == {0, 2}
    assert sorted(office["kind"] for office in found.offices) == ["branch", "head"]
    assert [person["person_name"] for person in found.appointments] == ["Mina Rai (DEMO)"]
    assert [name["name"] for name in found.trading_names] == ["Finch Jobs"]
    assert sorted(str(channel["last_day"]) for channel in found.channels) == ["2026-01-25", "None"]
    assert [one.told["action"] for one in found.entries][-3:] == ["merge_agencies"] * 3
    body = json.loads(lookup.public_licence(number, at=LATER).body)
    assert body["holder"]["number"] == stays
    assert lookup.public_licence(number, at=LATER).may_recruit
    assert lookup.timeline(number, at=LATER)[-1]["action"] == "merge_agencies"
    assert not list(audit.differences(at=LATER))


def test_the_merged_number_leads_on_and_search_finds_the_old_names(pair: tuple[str, str]) -> None:
    gone, stays = pair
    number = licence_of(gone)
    merge(gone, stays)
    with pytest.raises(errors.AgencyMerged) as moved:
        lookup.public_agency(gone, at=LATER)
    assert moved.value.facts["number"] == stays
    with pytest.raises(errors.AgencyMerged):
        retrospect.agency(gone, by=builders.checker(LATER), at=LATER)
    assert lookup.public_agency(stays, at=LATER)["formerly"] == [
        {"number": gone, "name": "Blue Finch Overseas (DEMO)"}
    ]
    for asked in ("Blue Finch Overseas", gone, "Finch Jobs"):
        assert number in [hit.number for hit in search.find(asked, limit=10, after=None, at=LATER).data]
    by = builders.maker(LATER)
    with pytest.raises(errors.AgencyClosed):
        agencies.amend(gone, {"locality": "Elsewhere"}, by=by, at=LATER, idempotency_key=builders.key())
    with pytest.raises(errors.AgencyClosed):
        licensing.open_licence(gone, "D", by=by, at=LATER, idempotency_key=builders.key())


def test_what_was_known_before_the_merger_stays_answerable(pair: tuple[str, str]) -> None:
    gone, stays = pair
    number, before = licence_of(gone), AT - timedelta(days=1)
    merge(gone, stays)
    known, _ = lookup.public_known(number, at=before, known_at=before, now=LATER)
    assert json.loads(known.body)["holder"] | {"trading_names": []} == {
        **json.loads(known.body)["holder"], "number": gone, "name": "Blue Finch Overseas (DEMO)", "trading_names": [],
    }  # fmt: skip
    then = retrospect.agency(gone, by=builders.checker(LATER), at=LATER, as_of=before, known_at=before)
    assert [one.licence_class for one in then.licences] == ["C"]
    then = retrospect.agency(stays, by=builders.checker(LATER), at=LATER, as_of=before, known_at=before)
    assert [one.licence_class for one in then.licences] == ["A"]
    assert "merge_agencies" not in [one.told["action"] for one in then.entries]
    assert len([one for one in then.entries if one.told["action"] == "register_agency"]) == 1


def test_what_screening_found_and_officers_said_stays_with_the_firm(pair: tuple[str, str]) -> None:
    gone, stays = pair
    barred = builders.agency("Kestrel Overseas (DEMO)")
    by = builders.maker(START)
    agencies.add_channel(barred, "phone", "+12025550199", by=by, at=START, idempotency_key=builders.key())
    changed(
        agencies.add_channel(gone, "phone", "+12025550199", by=by, at=START, idempotency_key=builders.key())
    )
    agencies.amend(
        barred, {"address": "9 Quay", "locality": "Port"}, by=by, at=START, idempotency_key=builders.key()
    )
    told = {"address": "9 Quay", "locality": "Port"}
    changed(agencies.amend(gone, told, by=by, at=START, idempotency_key=builders.key()))
    builders.revoked(builders.active(barred), at=START)
    found = screening.of(gone, at=AT).matches
    assert [one.target for one in found] == [barred]
    judged = screening.judge(
        found[0].id, Verdict.CLEAR, reason="Another owner; papers seen.", by=builders.checker(AT), at=AT,
        idempotency_key=builders.key(), no_conflict=True,
    )  # fmt: skip
    assert judged.state is State.FALSE_POSITIVE
    merge(gone, stays)
    after = screening.of(stays, at=LATER)
    assert [(one.id, one.agency, one.state) for one in after.matches] == [
        (found[0].id, stays, State.FALSE_POSITIVE)
    ]
    assert screening.links_of(stays, by=builders.checker(LATER), at=LATER)[0].agency == barred
    assert not list(audit.differences(at=LATER))


def test_a_match_of_the_two_keeps_what_spoke_for_it_when_it_was_judged(pair: tuple[str, str]) -> None:
    gone, stays = pair
    for number in pair:
        for kind, value in (("phone", "+12025550199"), ("email", "desk@kestrel.example")):
            changed(
                agencies.add_channel(
                    number, kind, value, by=builders.maker(START), at=START, idempotency_key=builders.key()
                )
            )
    builders.revoked(builders.active(gone, "B"), at=START)
    (found,) = (one for one in screening.of(stays, at=AT).matches if one.target == gone)
    for by in (builders.maker(AT), builders.checker(AT)):
        screening.judge(
            found.id, Verdict.CONFIRM, reason="The same firm.", by=by, at=AT, no_conflict=True,
            idempotency_key=builders.key(),
        )  # fmt: skip
    merge(gone, stays)
    screening.of(stays, at=LATER)
    after = screening.match(found.id, by=builders.maker(LATER)).match
    assert (found.merged, after.merged) == (False, True)
    assert [word.about for word in after.said] == [found.reasons, found.reasons]
    assert not any(
        one.merged for one in screening.matches_of(stays, by=builders.maker(LATER)).matches if one.counts
    )


def test_whoever_folds_the_log_knows_the_new_holder(pair: tuple[str, str]) -> None:
    gone, stays = pair
    number = licence_of(gone)
    merge(gone, stays)
    answers: dict[str, leaves.Answer] = {}
    for index, told in enumerate(journal.entries(after=0, limit=500)):
        leaf = leaves.of_entry(told, "verify.example.org")
        assert leaves.read(leaves.write(leaf))["t"] == leaf["t"]
        assert REASON not in str(leaf)
        leaves.apply(answers, leaf, index, "")
    assert answers[number].holder == stays
    assert answers[number].at("2026-02-01T00:00:00Z") == ("active", "licensed", True)


def test_documents_that_the_merged_record_sent_are_read_at_the_one_that_stays() -> None:
    builders.authority(at=START - timedelta(days=60))
    number, granted = applying.granted(START)
    gone = str(reading.one(number, by=builders.maker(granted), at=granted).agency)
    stays, at = builders.agency("Bluefinch (DEMO)", at=granted), granted + timedelta(days=1)
    sent = dossier.documents(gone, by=builders.maker(at))
    assert sent
    merge(gone, stays, at=at)
    assert dossier.documents(stays, by=builders.maker(at)) == sent


def test_securities_follow_their_licence(pair: tuple[str, str]) -> None:
    gone, stays = pair
    number = builders.active(gone, "B")
    merge(gone, stays)
    held = securities.of_agency(stays, by=builders.checker(LATER), at=LATER)
    assert [(one.licence, one.position.missing) for one in held] == [(number, False)]


def test_a_chain_of_mergers_leads_to_its_end(pair: tuple[str, str]) -> None:
    gone, stays = pair
    last = builders.agency("Finch Group (DEMO)")
    merge(gone, stays)
    merge(stays, last, at=LATER)
    for number in (gone, stays):
        with pytest.raises(errors.AgencyMerged) as moved:
            lookup.public_agency(number, at=LATER)
        assert moved.value.facts["number"] == last
    assert [one["number"] for one in lookup.public_agency(last, at=LATER)["formerly"]] == sorted(pair)
    assert not list(audit.differences(at=LATER))


def test_what_is_not_lawful_is_refused(pair: tuple[str, str]) -> None:
    gone, stays = pair
    assert why(gone, gone) == "itself"
    third = builders.agency("Third (DEMO)")
    builders.active(third, "A")
    assert why(third, stays) == "licences"
    builders.authority("XB-DOL")
    foreign = builders.agency("Bluefinch (DEMO)", authority="XB-DOL")
    for about, into in ((foreign, stays), (gone, foreign)):
        with pytest.raises(errors.AgencyNotFound):
            move(about, {"into": into, "reason": REASON})
    for terms in ({"into": stays}, {"into": stays, "reason": " "}, {"into": stays, "reason": "x\x00"}):
        with pytest.raises((errors.StepIncomplete, errors.BadInput)):
            move(gone, terms)
    with pytest.raises(errors.AgencyNotFound):
        move(gone, {"into": "<script>", "reason": REASON})
    merge(gone, stays)
    assert why(gone, third) == "merged"
    assert why(third, gone) == "merged"


def test_a_bar_is_neither_shaken_off_nor_spread(pair: tuple[str, str]) -> None:
    gone, stays = pair
    terms = StepTerms(grounds=("FEE-PROHIBITED",), permanent=True, texts={"en": "Barred."}, no_conflict=True)

    def bar(number: str) -> None:
        waiting = licensing.propose_for_agency(
            number, Action.DEBAR, by=builders.maker(AT), at=AT, terms=terms, idempotency_key=builders.key()
        )
        assert why(gone, stays) == "proposal"
        for by in (builders.checker(AT), builders.registrar(AT)):
            licensing.approve(waiting.id, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())

    bar(gone)
    assert why(gone, stays) == "bar"
    assert why(stays, gone) == "bar"
    bar(stays)
    merge(gone, stays, at=LATER)
    with pytest.raises(errors.AgencyDebarred):
        builders.opened(stays, "D", at=LATER)
    assert not list(audit.differences(at=LATER))


def test_one_person_with_one_role_in_both_is_ended_in_one_first(pair: tuple[str, str]) -> None:
    gone, stays = pair
    person = retrospect.agency(gone, by=builders.checker(AT), at=AT).appointments[0]["person"]
    made = agencies.appoint(
        stays, name="", person=person, role="director", first_day=date(2026, 1, 6), by=builders.maker(START), at=START,
        idempotency_key=builders.key(),
    )  # fmt: skip
    changed(made)
    assert why(gone, stays) == "appointment"


def test_nobody_merges_alone_nor_from_elsewhere(pair: tuple[str, str]) -> None:
    gone, stays = pair
    terms = {"into": stays, "reason": REASON}
    inspector = builders.officer(Role.INSPECTOR, at=AT)
    with pytest.raises(errors.RoleNotAllowed):
        motions.propose(
            Motion.MERGE, gone, terms, by=inspector, at=AT, idempotency_key=builders.key(), no_conflict=True
        )
    with pytest.raises(errors.ConflictNotDeclared):
        motions.propose(
            Motion.MERGE, gone, terms, by=builders.maker(AT), at=AT, idempotency_key=builders.key()
        )
    with pytest.raises(errors.AgencyNotFound):
        motions.propose(
            Motion.MERGE, gone, terms, by=builders.checker(AT, "XB-DOL") if builders.authority("XB-DOL") else None,  # type: ignore[arg-type]
            at=AT, idempotency_key=builders.key(), no_conflict=True,
        )  # fmt: skip
    supervisor = builders.checker(AT)
    moved = motions.propose(
        Motion.MERGE, gone, terms, by=supervisor, at=AT, idempotency_key="once-merge", no_conflict=True
    )
    again = motions.propose(
        Motion.MERGE, gone, terms, by=supervisor, at=AT, idempotency_key="once-merge", no_conflict=True
    )
    assert again.id == moved.id
    with pytest.raises(errors.ProposalOpen):
        move(gone, terms)
    with pytest.raises(errors.OwnProposal):
        approve(moved.id, supervisor)
    with pytest.raises(errors.RoleNotAllowed):
        approve(moved.id, builders.maker(AT))
    with pytest.raises(errors.MotionNotFound):
        approve(moved.id, builders.registrar(AT, "XB-DOL"))
    with pytest.raises(errors.SecondFactorStale):
        approve(moved.id, builders.registrar(AT - timedelta(minutes=6)))
    with pytest.raises(errors.ProposalClosed):
        approve(moved.id, builders.registrar(AT + timedelta(days=8)), at=AT + timedelta(days=8))
    assert motions.decline(
        moved.id, by=supervisor, at=AT, reason="They are two firms.", idempotency_key=builders.key()
    ).state == "declined"  # fmt: skip
    with pytest.raises(errors.ProposalClosed):
        approve(moved.id, builders.registrar(AT))


@pytest.mark.django_db(transaction=True)
def test_two_approvals_and_a_decision_at_once_leave_one_whole_merger() -> None:
    builders.authority()
    stays, gone = builders.agency(), builders.agency("Blue Finch (DEMO)")
    number = builders.active(gone, "C")
    moved = move(gone, {"into": stays, "reason": REASON})
    outcomes: list[Any] = []

    def run(act: Any) -> None:
        try:
            act()
            outcomes.append("done")
        except errors.RegistryError as refused:
            outcomes.append(refused.code)
        finally:
            connections["default"].close()

    def suspend() -> None:
        terms = StepTerms(grounds=("IMMINENT-HARM",), texts={"en": "Stopped."}, no_conflict=True)
        licensing.decide(
            number,
            Action.SUSPEND_EMERGENCY,
            by=builders.duty_officer(AT),
            at=AT,
            terms=terms,
            idempotency_key="s",
        )

    acts = [
        lambda: approve(moved.id, builders.checker(AT)),
        lambda: approve(moved.id, builders.registrar(AT)),
        suspend,
    ]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["done", "done", "proposal.closed"]
    answer = lookup.public_licence(number, at=LATER)
    assert (answer.state, json.loads(answer.body)["holder"]["number"]) == ("suspended", stays)
    assert not list(audit.differences(at=LATER))


def test_who_acts_for_the_merged_record_acts_for_the_one_that_stays(pair: tuple[str, str]) -> None:
    gone, stays = pair
    asked, held = licence_of(stays), licence_of(gone)

    def ask(account: str, licence: str, *officers: Any) -> None:
        key = holders.ask(account, licence, "I direct it.", at=AT, idempotency_key=builders.key())
        for by in officers:
            holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())

    both = (builders.maker(AT), builders.checker(AT))
    ask("APPLICANT-1", held, *both)
    ask("APPLICANT-2", held, *both)
    ask("APPLICANT-2", asked)
    ask("APPLICANT-3", held)
    ask("APPLICANT-3", asked, *both)
    merge(gone, stays)
    for account in ("APPLICANT-1", "APPLICANT-2", "APPLICANT-3"):
        assert lookup.acts_for(account, stays)
        assert lookup.acts_for(account, gone)
        assert holders.licence(account, held, at=LATER)["agency"] == stays
    assert not holders.listed(by=builders.maker(AT))
    assert not list(audit.differences(at=LATER))
