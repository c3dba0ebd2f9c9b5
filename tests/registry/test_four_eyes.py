"""What the public reads of an agency is changed by two officers, and goes dark by one; what nobody reads, by one."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from registry import agencies, audit, dossier, history, licensing, lookup
from registry.agencies import Waiting, Written
from registry.models import Agency, Appointment, ChangeJournal, Channel, Entry, NumberSeries, Office, Proposal
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor, Role, StepTerms
from tests import builders
from tests.conftest import Kept

AT = builders.START + timedelta(days=10)
TODAY = date(2026, 1, 15)
LATER = AT + timedelta(hours=1)
PHONE = "+12025550142"


@pytest.fixture(scope="module")
def holder(kept: Kept) -> str:
    """An agency with a licence in force, and another office of nobody's."""
    with kept():
        return _built()


def _built() -> str:
    builders.authority()
    number = builders.agency()
    builders.active(number)
    return number


def _asked(**more: Any) -> dict[str, Any]:
    return {"by": builders.maker(AT), "at": AT, "idempotency_key": builders.key()} | more


def _channel(holder: str, **more: Any) -> Written | Waiting:
    return agencies.add_channel(holder, "phone", PHONE, verified=True, **_asked(**more))


def _waits(made: Written | Waiting) -> int:
    assert isinstance(made, Waiting)
    return made.proposal


def _yes(proposal: int, *, by: Actor | None = None, **more: Any) -> licensing.ProposalRecord:
    said: dict[str, Any] = {"at": LATER, "no_conflict": True, "idempotency_key": builders.key(), **more}
    return licensing.approve(proposal, by=by or builders.checker(LATER), **said)


def _phones(holder: str) -> list[str]:
    (licence,) = dossier.restricted_agency(holder, by=builders.maker(AT))["licences"]
    return [PHONE] if PHONE in lookup.public_licence(licence, at=LATER).body else []


@pytest.mark.django_db
def test_a_telephone_is_official_when_another_officer_has_said_yes(holder: str) -> None:
    waits = _waits(_channel(holder))
    assert not Channel.objects.exists()
    assert _phones(holder) == []
    found = licensing.proposal(waits)
    assert (found.action, found.step, found.approvals_needed, found.next_roles) == (
        "amend_agency", "", 1, (Role.REGISTRAR, Role.SUPERVISOR),
    )  # fmt: skip
    assert found.change is not None
    assert found.change.shown()["value"] == (None, PHONE)
    assert [one.id for one in licensing.proposals_of_agency(holder, by=builders.maker(AT), at=AT)] == [waits]
    assert [one.id for one in licensing.waiting(by=builders.checker(AT), at=AT)] == [waits]
    made = _yes(waits)
    assert (made.state, made.decisions[0].officers) == ("approved", ("OFFICER-OFFICER", "OFFICER-SUPERVISOR"))
    assert _phones(holder) == [PHONE]
    channel = Channel.objects.get()
    assert channel.verified_at == AT, "when it was tried, not when it was approved"
    assert channel.history.get().history_user == "OFFICER-SUPERVISOR"
    assert Entry.objects.order_by("pk").last().officers == ["OFFICER-OFFICER", "OFFICER-SUPERVISOR"]  # type: ignore[union-attr]


CHANGES: dict[str, Callable[..., Written | Waiting]] = {
    "amend": lambda holder, **asked: agencies.amend(holder, {"legal_name": "Other (DEMO)"}, **asked),
    "trading name": lambda holder, **asked: agencies.add_trading_name(holder, "Other (DEMO)", **asked),
    "channel": lambda holder, **asked: agencies.add_channel(holder, "phone", PHONE, verified=True, **asked),
    "office": lambda holder, **asked: agencies.add_office(
        holder, {"kind": "branch", "locality": "Port"}, **asked
    ),
    "appointment": lambda holder, **asked: agencies.appoint(
        holder, name="Asha Demo", role="sub_agent", first_day=TODAY, document="P 1", **asked
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_waits_and_is_made_as_it_was_proposed(holder: str, kind: str) -> None:
    before = dossier.restricted_agency(holder, by=builders.maker(AT))
    entries = Entry.objects.count()
    made = CHANGES[kind](holder, **_asked())
    assert isinstance(made, Waiting)
    assert dossier.restricted_agency(holder, by=builders.maker(AT)) == before
    assert Entry.objects.count() == entries
    assert _yes(made.proposal).decisions[0].action == "amend_agency"
    after = dossier.restricted_agency(holder, by=builders.maker(AT))
    assert after != before
    assert after["version"] == before["version"] + 1
    assert not any("P 1" in str(row.terms) for row in Proposal.objects.all())
    numbers = {one["number"] for records in ("offices", "appointments") for one in after[records]}
    assert made.number in numbers | {holder, PHONE, "Other (DEMO)"}


@pytest.mark.django_db
def test_of_an_agency_that_nobody_reads_of_one_officer_writes_until_a_grant_waits() -> None:
    builders.authority()
    holder = builders.agency()
    stale = builders.maker(AT - timedelta(hours=1))
    assert isinstance(_channel(holder, by=stale), Written)
    licence = builders.opened(holder, at=AT)
    assert isinstance(agencies.amend(holder, {"locality": "Port"}, **_asked(by=stale)), Written)
    terms = StepTerms(first_day=TODAY, last_day=date(2027, 1, 14), no_conflict=True)
    licensing.propose(licence, Action.GRANT, terms=terms, **_asked())
    assert isinstance(agencies.amend(holder, {"locality": "Bay"}, **_asked()), Waiting)


@pytest.mark.django_db
def test_the_register_itself_writes_at_once(holder: str) -> None:
    assert isinstance(_channel(holder, by=builders.SYSTEM), Written)


@pytest.mark.django_db
def test_what_takes_away_one_officer_does_at_once_with_a_fresh_second_factor(holder: str) -> None:
    builders.approved(_channel(holder), at=AT)
    office = builders.head_office(holder, at=AT)
    person = builders.approved(CHANGES["appointment"](holder, **_asked()), at=AT)
    yesterday = TODAY - timedelta(days=1)
    ends: list[Callable[..., Written | Waiting]] = [
        lambda day, **asked: agencies.end_channel(holder, "phone", PHONE, last_day=day, **asked),
        lambda day, **asked: agencies.amend_office(office, {"last_day": day}, **asked),
        lambda day, **asked: agencies.end_appointment(person, last_day=day, **asked),
    ]
    for end, day in zip(ends, (yesterday, yesterday, TODAY), strict=True):
        for given in (None, AT - timedelta(minutes=5, seconds=1), AT + timedelta(seconds=1)):
            stale = replace(builders.maker(AT), second_factor_at=given)
            with pytest.raises(errors.SecondFactorStale):
                end(day, **_asked(by=stale))
        assert isinstance(end(day, **_asked()), Written)
    assert _phones(holder) == []
    assert Office.objects.get(number=office).last_day == yesterday


@pytest.mark.django_db
def test_nothing_is_brought_back_or_taken_from_the_past_by_one_officer(holder: str) -> None:
    builders.approved(_channel(holder), at=AT)
    office = builders.head_office(holder, at=AT)
    person = builders.approved(CHANGES["appointment"](holder, **_asked()), at=AT)
    builders.approved(agencies.end_appointment(person, last_day=TODAY, **_asked()), at=AT)
    agencies.amend_office(office, {"last_day": TODAY}, **_asked())
    for made in (
        agencies.end_channel(holder, "phone", PHONE, last_day=date(2026, 1, 12), **_asked()),
        agencies.end_appointment(person, last_day=date(2026, 3, 1), **_asked()),
        agencies.amend_office(office, {"last_day": None}, **_asked()),
        agencies.amend_office(office, {"last_day": TODAY - timedelta(days=1), "locality": "Bay"}, **_asked()),
    ):
        assert isinstance(made, Waiting)
    assert Appointment.objects.get().last_day == TODAY


@pytest.mark.django_db
def test_who_may_not_say_yes_changes_nothing(holder: str) -> None:
    waits = _waits(_channel(holder))
    alone = replace(builders.checker(LATER), number="OFFICER-OFFICER")
    builders.authority("XB-MOL", zone="Asia/Tokyo")
    before = ChangeJournal.objects.count()
    stale = replace(builders.checker(LATER), second_factor_at=LATER - timedelta(minutes=5, seconds=1))
    for by, refusal in (
        (alone, errors.OwnProposal),
        (replace(builders.maker(LATER), number="OFFICER-2"), errors.RoleNotAllowed),
        (builders.duty_officer(LATER), errors.RoleNotAllowed),
        (builders.officer(Role.ADMINISTRATOR, at=LATER), errors.RoleNotAllowed),
        (stale, errors.SecondFactorStale),
        (builders.checker(LATER, "XB-MOL"), errors.OutsideAuthority),
    ):
        with pytest.raises(refusal):
            _yes(waits, by=by)
    with pytest.raises(errors.ConflictNotDeclared):
        _yes(waits, no_conflict=False)
    assert ChangeJournal.objects.count() == before
    assert licensing.proposal(waits).state == "open"
    assert not Channel.objects.exists()


@pytest.mark.django_db
def test_a_change_that_waits_is_declined_withdrawn_or_runs_out(holder: str) -> None:
    declined, withdrawn = _waits(_channel(holder)), _waits(CHANGES["amend"](holder, **_asked()))
    licensing.decline(declined, by=builders.checker(AT), at=AT, reason="not theirs", idempotency_key="no")
    licensing.decline(withdrawn, by=builders.maker(AT), at=AT, reason="mistaken", idempotency_key="back")
    for over in (declined, withdrawn):
        with pytest.raises(errors.ProposalClosed):
            _yes(over)
    late = _waits(_channel(holder))
    after = AT + timedelta(days=7)
    with pytest.raises(errors.ProposalClosed):
        _yes(late, by=builders.checker(after), at=after)
    assert not Channel.objects.exists()
    again = _channel(holder, by=builders.maker(after), at=after)
    assert _waits(again) != late
    assert licensing.proposal(late).state == "expired"


@pytest.mark.django_db
def test_two_different_changes_wait_at_once_and_the_same_one_does_not_wait_twice(holder: str) -> None:
    for change in CHANGES.values():
        assert isinstance(change(holder, **_asked()), Waiting)
        with pytest.raises(errors.ProposalOpen):
            change(holder, **_asked())
    assert isinstance(agencies.amend(holder, {"locality": "Bay"}, **_asked()), Waiting)
    waiting = licensing.waiting(by=builders.checker(AT), at=AT)
    for one in waiting:
        _yes(one.id)
    assert not licensing.waiting(by=builders.checker(LATER), at=LATER)
    assert Agency.objects.get().legal_name == "Other (DEMO)"


@pytest.mark.django_db
def test_a_change_of_what_has_changed_since_is_refused(holder: str) -> None:
    office = builders.head_office(holder, at=AT)
    builders.approved(_channel(holder), at=AT)
    rename = _waits(agencies.amend(holder, {"legal_name": "One (DEMO)"}, **_asked()))
    both = _waits(agencies.amend(holder, {"legal_name": "Two (DEMO)", "locality": "Bay"}, **_asked()))
    move = _waits(agencies.amend_office(office, {"locality": "Bay"}, **_asked()))
    other = _waits(agencies.amend_office(office, {"locality": "Port", "name": "Head"}, **_asked()))
    end = _waits(agencies.end_channel(holder, "phone", PHONE, last_day=date(2026, 1, 12), **_asked()))
    agencies.end_channel(holder, "phone", PHONE, last_day=TODAY, **_asked())
    for taken, late in ((rename, both), (move, other)):
        _yes(taken)
        with pytest.raises(errors.ProposalOvertaken):
            _yes(late)
    with pytest.raises(errors.ProposalOvertaken):
        _yes(end)
    assert Agency.objects.get(number=holder).legal_name == "One (DEMO)"
    assert Channel.objects.get().last_day == TODAY
    same = _waits(agencies.add_channel(holder, "email", "a@demo.example", **_asked()))
    agencies.add_channel(holder, "email", "a@demo.example", **_asked(by=builders.SYSTEM))
    with pytest.raises(errors.DuplicateRecord):
        _yes(same)


@pytest.mark.django_db
def test_what_can_not_be_written_can_not_be_proposed(holder: str) -> None:
    builders.head_office(holder, at=AT)
    builders.approved(_channel(holder), at=AT)
    other = builders.agency("Kestrel (DEMO)", company_register="DEMO", company_number="C-7")
    assert other
    before = ChangeJournal.objects.count(), list(NumberSeries.objects.values_list("prefix", "last"))
    bad: list[tuple[Callable[[], object], type[errors.RegistryError]]] = [
        (lambda: agencies.amend(holder, {"legal_name": ""}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"legal_name": "a\x00b"}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"version": 9}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"sole_trader": "perhaps"}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"incorporated_on": "soon"}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"linked_to": [["AG-1"]]}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"lei": "529900T8BM49AURSDO56"}, **_asked()), errors.BadInput),
        (lambda: agencies.amend(holder, {"company_register": "DEMO", "company_number": "C-7"}, **_asked()),
         errors.DuplicateRecord),
        (lambda: agencies.amend(holder, {"locality": "Bay"}, expected_version=1, **_asked()), errors.VersionConflict),
        (lambda: _channel(holder), errors.DuplicateRecord),
        (lambda: agencies.add_channel(holder, "phone", "+977 1", **_asked()), errors.BadInput),
        (lambda: agencies.add_channel(holder, "domain", "x.example", office="OF-9", **_asked()), errors.NotFound),
        (lambda: agencies.add_office(holder, {"kind": "head"}, **_asked()), errors.DuplicateRecord),
        (lambda: agencies.add_office(holder, {"kind": "tower"}, **_asked()), errors.BadInput),
        (lambda: agencies.add_office(holder, {"kind": "branch", "latitude": "NaN"}, **_asked()), errors.BadInput),
        (lambda: agencies.add_office(holder, {"kind": "branch", "latitude": "1e40"}, **_asked()), errors.BadInput),
        (lambda: agencies.end_channel(holder, "phone", "+977", last_day=TODAY, **_asked()), errors.BadInput),
        (lambda: agencies.add_channel(
            holder, "email", "a@b.example", **_asked(by=builders.officer(Role.AUDITOR, at=AT))
        ), errors.RoleNotAllowed),
    ]  # fmt: skip
    for change, refusal in bad:
        with pytest.raises(refusal):
            change()
    assert (ChangeJournal.objects.count(), list(NumberSeries.objects.values_list("prefix", "last"))) == before


@pytest.mark.django_db
def test_a_repeated_call_answers_the_same_and_another_body_is_refused(holder: str) -> None:
    asked = _asked(idempotency_key="once")
    first = agencies.amend(holder, {"locality": "Bay"}, **asked)
    assert agencies.amend(holder, {"locality": "Bay"}, **asked) == first
    with pytest.raises(errors.KeyReused):
        agencies.amend(holder, {"locality": "Port"}, **asked)
    decided = _yes(_waits(first), idempotency_key="yes").decisions
    assert _yes(_waits(first), idempotency_key="yes").decisions == decided
    assert agencies.amend(holder, {"locality": "Bay"}, **asked) == first


@pytest.mark.django_db(transaction=True)
def test_what_was_erased_of_a_change_is_no_hindrance_to_read_it(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    holder = _built()
    made = CHANGES["appointment"](holder, **_asked())
    builders.approved(made, at=AT)
    with as_owner(), transaction.atomic():
        row = Proposal.objects.get(pk=_waits(made))
        history.redact(row, ["terms", "subject"], by="ADMIN-1", second="ADMIN-2", at=LATER, order="Order 7")
    found = licensing.proposal(_waits(made))
    assert found.change is not None
    assert found.change.shown() == {}
    assert "Asha" not in str(found)
    assert list(audit.differences(at=LATER)) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_approvals_at_once_one_wins() -> None:
    holder = _built()
    waits = _waits(_channel(holder))
    entries = Entry.objects.count()
    start, told = threading.Barrier(2), []

    def approve(by: Actor) -> None:
        try:
            start.wait()
            told.append(_yes(waits, by=by).state)
        except errors.RegistryError as refusal:
            told.append(refusal.code)
        finally:
            connections["default"].close()

    both = [builders.checker(LATER), builders.registrar(LATER)]
    threads = [threading.Thread(target=approve, args=(by,)) for by in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(told) == ["approved", "proposal.closed"]
    assert Entry.objects.count() == entries + 1
    assert Channel.objects.count() == 1


@pytest.mark.django_db
def test_the_journal_holds_no_name_and_no_channel_of_what_waits(holder: str) -> None:
    before = ChangeJournal.objects.count()
    for change in CHANGES.values():
        change(holder, **_asked())
    told = str(list(ChangeJournal.objects.order_by("pk").values_list("image", flat=True)[before:]))
    assert "registry_proposal" in set(ChangeJournal.objects.values_list("relation", flat=True))
    for words in ("Asha", "Other (DEMO)", PHONE, "Port", "director"):
        assert words not in told
    subjects = set(Proposal.objects.values_list("subject", flat=True)) - {""}
    assert len(subjects) == len(CHANGES)
    assert all(len(one) == 64 for one in subjects)
    with pytest.raises(errors.ProposalOpen):
        _channel(holder)
