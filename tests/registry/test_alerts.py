"""Alerts: what an authority warns of, decided by two officers, found by the same search as everything else."""

from datetime import date, timedelta
from typing import Any

import pytest

from registry import agencies, alerts, audit, motions, search
from registry.models import Alert
from registry.rules import errors
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import builders
from tests.builders import START
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CLONE: dict[str, Any] = {
    "kind": "clone", "names": ["Harbour Bridge Recruitment", "HBR Jobs Gulf"],
    "contacts": ["https://www.facebook.com/harbour.jobs", "+44 20 7946 0999", "harbourbridge-jobs.example"],
    "grounds": ["NAME-MISUSE"], "place": "Port Demo", "seen_on": "2026-01-02", "source": "Police notice 7/2026",
    "texts": {"en": "They ask for money before they show a contract."}, "reason": "Three workers came to the desk.",
}  # fmt: skip
UNLICENSED: dict[str, Any] = {
    "kind": "unlicensed", "names": ["Sunrise Gulf Visa"], "contacts": ["+44 20 7946 0888"],
    "grounds": ["FEE-PROHIBITED"], "reason": "It never had a licence.",
}  # fmt: skip


@pytest.fixture(scope="module")
def harbour(kept: Kept) -> str:
    """The agency that is cloned, with a phone on the register; its number."""
    with kept():
        builders.authority()
        number = builders.agency("Harbour Bridge Recruitment", company_number=builders.key())
        builders.active(number)
        by = builders.maker(START)
        made = agencies.add_channel(
            number, "phone", "+442079460155", by=by, at=START, idempotency_key=builders.key()
        )
        builders.approved(made, at=START)
        return number


@pytest.fixture
def _authority(db: None) -> None:
    """An authority without licences."""
    builders.authority()


def move(motion: Motion, about: str, /, **terms: Any) -> int:
    """A motion that waits for its second officer; its number."""
    said: dict[str, Any] = {"at": START, "no_conflict": True, "idempotency_key": builders.key()}
    return motions.propose(motion, about, terms, by=builders.maker(START), **said).id


def take(motion: Motion, about: str, /, **terms: Any) -> None:
    """A motion that two officers take."""
    said: dict[str, Any] = {"at": START, "no_conflict": True, "idempotency_key": builders.key()}
    motions.approve(move(motion, about, **terms), by=builders.checker(START), **said)


def published(**terms: Any) -> str:
    """An alert in force; its number."""
    take(Motion.PUBLISH_ALERT, terms["names"][0], **terms)
    return str(Alert.objects.filter(version=1).order_by("-pk").values_list("number", flat=True)[0])


def found(q: str, contact: str = "", **more: Any) -> search.Found:
    return search.find(q, contact=contact, **{"limit": 20, "after": None, "at": START, **more})


def test_an_alert_takes_two_officers_and_is_then_found_and_listed(harbour: str) -> None:
    waiting = move(Motion.PUBLISH_ALERT, CLONE["names"][0], agency=harbour, **CLONE)
    assert found("+44 20 7946 0999").alerts == ()
    for by, refused in (
        (builders.maker(START), errors.OwnProposal),
        (builders.officer(Role.ANALYST, at=START), errors.RoleNotAllowed),
    ):
        with pytest.raises(refused):
            motions.approve(waiting, by=by, at=START, no_conflict=True, idempotency_key=builders.key())
    motions.approve(
        waiting, by=builders.checker(START), at=START, no_conflict=True, idempotency_key=builders.key()
    )
    (one,) = alerts.listed(at=START, limit=10).data
    assert one.number.startswith("AL-000001-")
    assert (one.kind, one.state, one.agency, one.names) == (
        "clone", "in_force", harbour, ("Harbour Bridge Recruitment", "HBR Jobs Gulf"),
    )  # fmt: skip
    assert one.contacts == (
        {"kind": "social", "value": "facebook.com/harbour.jobs"}, {"kind": "phone", "value": "+442079460999"},
        {"kind": "domain", "value": "harbourbridge-jobs.example"},
    )  # fmt: skip
    assert (one.first_day, one.seen_on) == (date(2026, 1, 5), date(2026, 1, 2))


def test_whoever_asks_for_the_clones_contact_is_warned_however_it_is_written(harbour: str) -> None:
    number = published(agency=harbour, **CLONE)
    for typed in (
        "020 7946 0999", "wa.me/442079460999", "m.facebook.com/Harbour.Jobs?ref=share",
        "visa@harbourbridge-jobs.example", "apply.harbourbridge-jobs.example",
    ):  # fmt: skip
        for asked in (found(typed), found("Harbour Bridge Recruitment", typed)):
            assert asked.answer is search.Answer.WARNED, typed
            assert [(one.number, one.by_contact) for one in asked.alerts] == [(number, True)], typed


def test_the_cloned_agency_is_never_answered_for_its_clone(harbour: str) -> None:
    before = found("Harbour Bridge Recruitment")
    number = published(agency=harbour, **CLONE)
    after = found("Harbour Bridge Recruitment")
    assert (after.data, after.answer, after.agencies) == (before.data, before.answer, before.agencies)
    assert [(one.number, one.by_contact) for one in after.alerts] == [(number, False)]
    official = found("Harbour Bridge Recruitment", "+442079460155")
    assert (official.answer, official.agencies) == (search.Answer.OFFICIAL, (harbour,))


@pytest.mark.usefixtures("_authority")
def test_a_name_like_an_unlicensed_ones_is_told_and_a_far_one_is_not() -> None:
    number = published(**UNLICENSED)
    for asked in ("Sunrise Gulf Visa", "sunrise gulf vissa", "Gulf Sunrise Visa"):
        assert [one.number for one in found(asked).alerts] == [number], asked
    assert found("Silver Lotus Employment").alerts == ()
    assert found("Sunrise Gulf Visa").answer is search.Answer.NOT_FOUND


def test_a_correction_is_another_version_and_an_end_takes_it_from_every_list(harbour: str) -> None:
    number = published(agency=harbour, **CLONE)
    take(Motion.CORRECT_ALERT, number, **{**CLONE, "agency": harbour, "contacts": ["+44 20 7946 0777"]})
    assert found("020 7946 0999").alerts == ()
    assert [one.number for one in found("020 7946 0777").alerts] == [number]
    take(Motion.END_ALERT, number, cause="over", reason="The page is closed.")
    assert found("020 7946 0777").alerts == ()
    assert alerts.listed(at=START, limit=10).data == ()
    told = alerts.one(number, at=START)
    assert (told.state, told.version, [one.ended for one in told.versions]) == ("over", 3, ["", "", "over"])
    assert [one.sequence for one in told.versions] == sorted(one.sequence for one in told.versions)
    with pytest.raises(errors.StepNotAllowed):
        move(Motion.END_ALERT, number, cause="over", reason="Once more.")


@pytest.mark.usefixtures("_authority")
def test_of_an_alert_in_error_no_name_is_told_any_more() -> None:
    number = published(**UNLICENSED)
    take(Motion.END_ALERT, number, cause="error", reason="It was another house.")
    told = alerts.one(number, at=START)
    assert (told.state, told.names, told.contacts, told.texts) == ("withdrawn", (), (), {})
    assert alerts.own(number, by=builders.checker(START), at=START).names == ("Sunrise Gulf Visa",)


@pytest.mark.usefixtures("_authority")
def test_an_alert_is_over_after_its_last_day() -> None:
    number = published(**UNLICENSED, last_day="2026-01-10")
    assert [one.number for one in alerts.listed(at=START + 5 * DAY, limit=9).data] == [number]
    late = START + 6 * DAY
    assert alerts.listed(at=late, limit=9).data == ()
    assert alerts.many([number], at=late) == {}
    assert found("+44 20 7946 0888", at=late).alerts == ()
    assert alerts.one(number, at=late).state == "over"


@pytest.mark.parametrize(
    ("terms", "refused", "field"),
    [
        ({"contacts": ["+442079460155"]}, errors.AlertContactOfficial, "contacts"),
        ({"contacts": ["facebook.com"]}, errors.BadInput, "contacts"),
        ({"contacts": ["0171 123456"]}, errors.BadInput, "contacts"),
        ({"contacts": ["their cousin"]}, errors.BadInput, "contacts"),
        ({"contacts": ["a@b.example +442079460111"]}, errors.BadInput, "contacts"),
        ({"contacts": ["blogspot.com"]}, errors.BadInput, "contacts"),
        ({"contacts": "x"}, errors.BadInput, "contacts"),
        ({"agency": ""}, errors.StepIncomplete, "agency"),
        ({"agency": "AG-999999-0"}, errors.RegistryError, ""),
        ({"grounds": []}, errors.StepIncomplete, "grounds"),
        ({"grounds": ["DORMANT"]}, errors.GroundNotAllowed, "grounds"),
        ({"seen_on": "2027-01-01"}, errors.BadInput, "seen_on"),
        ({"last_day": "2025-01-01"}, errors.BackdatingRefused, "last_day"),
        ({"reason": " "}, errors.StepIncomplete, "reason"),
        ({"kind": "ship"}, errors.BadInput, "kind"),
        ({"texts": {"en": "x" * 1001}}, errors.BadInput, "texts"),
        ({"names": []}, errors.BadInput, "names"),
    ],
)
def test_what_cannot_be_warned_of_is_refused_at_its_field(
    harbour: str, terms: dict[str, Any], refused: type[errors.RegistryError], field: str
) -> None:
    with pytest.raises(refused) as told:
        move(Motion.PUBLISH_ALERT, CLONE["names"][0], **{**CLONE, "agency": harbour, **terms})
    assert told.value.facts.get("field", "") == field or not field


def test_pages_of_alerts_follow_each_other_newest_first(harbour: str) -> None:
    numbers = [
        published(**{**UNLICENSED, "names": [f"Sunrise {word} Visa"]}) for word in ("Amber", "Birch", "Cedar")
    ]
    numbers.append(published(agency=harbour, **CLONE))
    seen: list[str] = []
    after: str | None = None
    while True:
        page = alerts.listed(at=START, limit=3, after=after)
        seen += [one.number for one in page.data]
        if (after := page.next) is None:
            break
    assert seen == numbers[::-1]
    assert [one.number for one in alerts.listed(at=START, limit=9, kind="clone").data] == [numbers[3]]
    assert alerts.listed(at=START, limit=9, country="XB").data == ()
    with pytest.raises(errors.CursorInvalid):
        alerts.listed(at=START, limit=3, after="AL-999999-0")


@pytest.mark.usefixtures("_authority")
def test_the_audit_finds_an_alert_as_it_was_written_and_as_it_is_found() -> None:
    published(**UNLICENSED)
    assert list(audit.of_search()) == []
    assert list(audit.of_journal("registry_alert")) == []


@pytest.mark.usefixtures("_authority")
def test_one_address_at_a_host_says_nothing_of_the_others_there() -> None:
    number = published(**{**UNLICENSED, "contacts": ["visa@manypeople.example"]})
    assert [one.number for one in found("visa@manypeople.example").alerts] == [number]
    for typed in ("somebody@manypeople.example", "manypeople.example"):
        asked = found(typed)
        assert (asked.answer, asked.alerts) == (search.Answer.NOT_FOUND, ()), typed


@pytest.mark.usefixtures("_authority")
def test_a_correction_that_another_has_overtaken_is_refused() -> None:
    number = published(**UNLICENSED)
    first = move(Motion.END_ALERT, number, cause="over", reason="Closed.")
    take(Motion.CORRECT_ALERT, number, **{**UNLICENSED, "place": "Hilltown"})
    with pytest.raises(errors.ProposalOvertaken):
        motions.approve(
            first, by=builders.checker(START), at=START, no_conflict=True, idempotency_key=builders.key()
        )
    assert alerts.one(number, at=START).state == "in_force"


def test_a_clone_of_an_agency_whose_record_was_merged_is_of_the_record_that_stays(harbour: str) -> None:
    number = published(agency=harbour, **CLONE)
    stays = builders.agency("Harbour Bridge Group", company_number=builders.key())
    builders.active(stays, "C")
    take(Motion.MERGE, harbour, into=stays, reason="One firm.")
    assert alerts.one(number, at=START).agency == stays
