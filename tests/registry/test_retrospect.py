"""An agency as it was and as it was known, and how its records changed: what officials read through the register."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import agencies, history, retrospect
from registry.models import Agency, Licence, Office, TradingName
from registry.rules import errors
from registry.rules.lifecycle import Actor, Role
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
START = builders.START
LATER = START + timedelta(days=30)
NOW = START + timedelta(days=60)


@pytest.fixture(scope="module")
def holder(kept: Kept) -> str:
    """An agency with a licence in force, all of it written at one instant."""
    with kept():
        builders.authority()
        number = builders.agency()
        builders.head_office(number)
        builders.active(number)
        return number


def test_versions_of_one_instant_give_a_record_once_as_the_last_left_it(holder: str) -> None:
    builders.approved(
        agencies.add_trading_name(
            holder, "Bluefinch Jobs", by=builders.maker(START), at=START, idempotency_key=builders.key()
        ),
        at=START,
    )
    key = Agency.objects.get(number=holder).pk
    (licence,) = history.as_known(Licence, at=START, agency_id=key)
    assert licence.state == "active"
    assert [one.pk for one in history.as_known(Agency, at=START, id=key)] == [key]
    name = TradingName.objects.get()
    history.delete(name, by="OFFICER", at=START)
    assert history.as_known(TradingName, at=START, agency_id=key) == []


def test_a_record_is_found_by_what_it_was_then(holder: str) -> None:
    office = Office.objects.get()
    office.locality = "Elsewhere"
    history.save(office, by="OFFICER", at=LATER)
    assert history.as_known(Office, at=START, locality="Port Demo")
    assert not history.as_known(Office, at=LATER, locality="Port Demo")
    assert not history.as_known(Office, at=START - timedelta(seconds=1), agency_id=office.agency_id)


def test_an_agency_stands_as_it_stood(holder: str) -> None:
    licence = str(retrospect.agency(holder, by=builders.maker(NOW), at=NOW).licences[0].number)
    builders.suspended(licence, at=LATER)
    by = builders.maker(NOW)
    now = retrospect.agency(holder, by=by, at=NOW)
    then = retrospect.agency(holder, by=by, at=NOW, as_of=LATER - timedelta(seconds=1))
    unknown = retrospect.agency(holder, by=by, at=NOW, known_at=LATER - timedelta(seconds=1))
    assert [one.licences[0].standing.state.value for one in (now, then, unknown)] == [
        "suspended",
        "active",
        "active",
    ]
    assert len(now.entries) == len(then.entries) + 1 == len(unknown.entries) + 1
    assert retrospect.agency(holder, by=by, at=NOW, as_of=START - timedelta(days=1)).columns == {}


@pytest.mark.parametrize("field", ["as_of", "known_at"])
def test_the_future_is_not_told(holder: str, field: str) -> None:
    with pytest.raises(errors.FutureAsked):
        retrospect.agency(holder, by=builders.maker(NOW), at=NOW, **{field: datetime(2027, 1, 1, tzinfo=UTC)})


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (builders.maker(NOW, "XB-LMA"), errors.OutsideAuthority),
        (Actor("ANALYST", "XA-DLA", frozenset({Role.ANALYST})), errors.RoleNotAllowed),
    ],
)
def test_who_may_not_read_is_refused_by_each_reader(
    holder: str, by: Actor, refusal: type[errors.RegistryError]
) -> None:
    with pytest.raises(refusal):
        retrospect.agency(holder, by=by, at=NOW)
    with pytest.raises(refusal):
        retrospect.zone_of(holder, by=by)
    with pytest.raises(refusal):
        retrospect.kept(holder, by=by)
    with pytest.raises(refusal):
        retrospect.versions(holder, holder, by=by, limit=9)
    with pytest.raises(refusal):
        retrospect.difference(holder, holder, 1, 2, by=by)


def test_a_difference_names_restricted_columns_and_leaves_out_the_register_s_own(holder: str) -> None:
    by = builders.maker(LATER)
    builders.approved(
        agencies.amend(
            holder,
            {"tax_number": "T-1", "locality": "Elsewhere"},
            by=by,
            at=LATER,
            idempotency_key=builders.key(),
        ),
        at=LATER,
    )
    told = retrospect.versions(holder, holder, by=by, limit=2)
    assert told.further is not None
    newer, older = told.versions
    differing = retrospect.difference(holder, holder, older.id, newer.id, by=by)
    assert [(one.column, one.before, one.after, one.restricted) for one in differing] == [
        ("tax_number", "", "T-1", True),
        ("locality", "", "Elsewhere", False),
    ]
    with pytest.raises(errors.NotFound):
        retrospect.difference(holder, holder, older.id, newer.id + 1000, by=by)


def test_the_keys_of_other_records_are_told_as_their_numbers(holder: str) -> None:
    by = builders.maker(START)
    office = Office.objects.get().number
    appointment = builders.approved(agencies.appoint(
        holder, name="Mina Rai (DEMO)", role="director", first_day=START.date(), by=by, at=START,
        idempotency_key=builders.key(),
    ), at=START)  # fmt: skip
    from registry.models import Appointment

    row = Appointment.objects.get(number=appointment)
    row.office = Office.objects.get()
    history.save(row, by="OFFICER", at=LATER, reason="moved")
    newer, older = retrospect.versions(holder, appointment, by=by, limit=9).versions
    (changed,) = retrospect.difference(holder, appointment, older.id, newer.id, by=by)
    assert (changed.column, changed.before, changed.after) == ("office", None, office)
    assert (newer.by, newer.reason, newer.at) == ("OFFICER", "moved", LATER)
