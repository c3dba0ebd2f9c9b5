"""Asking whether a contact is an agency's: theirs, at their site, another's, a look-alike, or nobody's."""

import pytest

from registry import agencies, search
from tests import builders
from tests.conftest import Kept
from tests.registry.test_search import AT, add_channel, find, holder_of, licensed

pytestmark = pytest.mark.django_db


def answer(q: str, contact: str = "") -> tuple[str, set[str]]:
    """What is said, and of whom."""
    found = search.find(q, contact=contact, limit=20, after=None, at=AT)
    return found.answer.value, set(found.agencies)


@pytest.fixture(scope="module")
def harbour(kept: Kept) -> str:
    """An agency with four official contacts; its number."""
    with kept():
        builders.authority()
        number = licensed("Harbour Bridge Recruitment")
        for kind, value in [
            ("phone", "+442079460155"),
            ("email", "hello@harbourbridge.example"),
            ("domain", "harbourbridge.example"),
            ("social", "facebook.com/harbourbridge.demo"),
        ]:
            add_channel(number, kind, value)
        return holder_of(number)


@pytest.fixture
def _authority(db: None) -> None:
    """An authority without licences."""
    builders.authority()


def test_a_contact_on_record_is_theirs_however_it_is_written(harbour: str) -> None:
    for typed in (
        "+44 20 7946 0155", "020 7946 0155", "wa.me/442079460155", "hello@harbourbridge.example",
        "https://www.harbourbridge.example/jobs", "jobs.harbourbridge.example", "m.facebook.com/HarbourBridge.demo/",
        "@harbourbridge.demo", "harbourbridge.example",
    ):  # fmt: skip
        assert answer(typed) == ("contact.official", {harbour}), typed
        assert answer("", typed) == ("contact.official", {harbour}), typed
        assert answer("Harbour Bridge Recruitment", typed) == ("contact.official", {harbour}), typed
    assert answer("Harbour Bridge Recruitment, +44 20 7946 0155") == ("contact.official", {harbour})


def test_a_contact_that_is_not_on_record_is_not_theirs(harbour: str) -> None:
    licence = find("Harbour Bridge Recruitment")[0].number
    for contact in ("+44 20 7946 0999", "facebook.com/harbour.jobs", "office@hb-jobs.example", "0999 123456"):
        for named in ("Harbour Bridge Recruitment", licence, harbour):
            assert answer(named, contact) == ("contact.not_official", {harbour}), (named, contact)
    assert answer("Harbour Bridge Recruitment: +44 20 7946 0999") == ("contact.not_official", {harbour})
    assert answer("+442079460155 and someone@gmail.com") == ("contact.not_official", {harbour})
    assert answer("+44 20 7946 0999") == ("found.nothing", set())


def test_an_address_at_their_site_is_told_from_one_on_record(harbour: str) -> None:
    assert answer("visa@harbourbridge.example") == ("contact.their_site", {harbour})
    assert answer("visa@mail.harbourbridge.example") == ("contact.their_site", {harbour})
    assert answer("Harbour Bridge Recruitment", "visa@harbourbridge.example") == (
        "contact.their_site",
        {harbour},
    )


@pytest.mark.usefixtures("_authority")
def test_an_address_at_the_host_of_one_on_record_is_not_at_their_site() -> None:
    number = licensed("Quarry Gate Overseas")
    add_channel(number, "email", "quarry@manypeople.example")
    assert answer("somebody@manypeople.example") == ("found.similar", set())
    assert answer("Quarry Gate Overseas", "somebody@manypeople.example") == (
        "contact.not_official",
        {holder_of(number)},
    )


def test_what_looks_like_theirs_is_not_theirs(harbour: str) -> None:
    for typed in (
        "harbourbridqe.example", "harb0urbridge.example", "hello@harbourbridge.com",
        "harbourbridge.example.jobs.example", "facebook.com/harbourbrigde.demo",
        "instagram.com/harbourbridge.demo", "h\u0430rbourbridge.example",
    ):  # fmt: skip
        found = search.find(typed, limit=20, after=None, at=AT)
        assert (found.answer.value, set(found.agencies)) == ("contact.imitation", {harbour}), typed
        assert found.data[0].match == "weak"
        assert "contact.looks_alike" in found.data[0].why


def test_nobody_is_picked_among_namesakes_unless_a_contact_tells_them_apart(harbour: str) -> None:
    other = licensed("Harbour Bridge Recruitment")
    add_channel(other, "phone", "+442079460188")
    assert answer("Harbour Bridge Recruitment") == ("found.similar", set())
    assert answer("Harbour Bridge Recruitment", "+442079460155") == ("contact.official", {harbour})
    assert answer("Harbour Bridge Recruitment", "+442079460199") == ("found.similar", set())
    add_channel(other, "phone", "+442079460155")
    assert answer("+442079460155") == ("found.similar", set())


def test_a_contact_of_an_agency_of_another_name_is_told_as_such(harbour: str) -> None:
    assert answer("Silver Lotus Employment", "+442079460155") == ("contact.of_another", {harbour})
    assert answer("Harbour Brigde Recruitmnt", "+442079460155") == ("contact.official", {harbour})


@pytest.mark.usefixtures("_authority")
def test_of_an_agency_without_a_public_licence_nothing_is_said() -> None:
    holder = builders.agency("Unseen Staffing", company_number=builders.key())
    by = builders.maker(builders.START)
    made = agencies.add_channel(
        holder, "phone", "+442079460177", by=by, at=builders.START, idempotency_key=builders.key()
    )
    builders.approved(made, at=builders.START)
    assert answer("+442079460177") == ("found.nothing", set())
