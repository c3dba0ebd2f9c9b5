"""Steps on all licences of an agency at once, begun on its page: a bar by three officers, an appeal, a correction."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from registry import lookup
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        number = builders.agency(at=AT - timedelta(days=60))
        for _ in range(2):
            builders.active(number, at=AT - timedelta(days=60))
        return number


@pytest.fixture
def agency(_built: str, clock: Clock) -> str:
    """An agency of XA-DLA with two licences in force."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(new_desk: Callable[[], Client], agency: str) -> Callable[..., Pages]:
    """Officers of XA-DLA, each in a browser of their own."""
    return lambda who, *roles, authority="XA-DLA": at_desk(new_desk(), appoint(who, authority, *roles))


def test_a_bar_is_proposed_on_the_agency_s_page_and_ends_every_licence(
    officer: Callable[..., Pages], agency: str
) -> None:
    maker = officer("DLA-7", "officer")
    assert f"/desk/agencies/{agency}/steps/debar" in maker.get(f"agencies/{agency}").content.decode()
    fields = {"grounds": ["CONVICTION"], "permanent": "on", "no_conflict": "on"}
    path = f"agencies/{agency}/steps/debar"
    preview = maker.send(path, **fields, do="preview").content.decode()
    assert preview.count("banned this agency from recruiting") == 2
    sent = maker.send(path, **fields)
    waits = sent.headers["Location"].removeprefix("/desk/")
    assert "Now, and then" not in maker.get(waits).content.decode()
    for who, role in (("DLA-2", "supervisor"), ("DLA-3", "registrar")):
        officer(who, role).send(waits, do="approve", no_conflict="on")
    numbers = [one["number"] for one in lookup.public_agency(agency, at=AT)["licences"]]
    assert [lookup.public_licence(number, at=AT).state for number in numbers] == ["cancelled", "cancelled"]
    appeal = maker.send(f"agencies/{agency}/steps/file_appeal", refers_to=_bar(maker, agency))
    assert appeal.headers["Location"] == f"/desk/agencies/{agency}"
    for number in numbers:
        assert [e["action"] for e in lookup.timeline(number, at=AT)][-2:] == ["debar", "file_appeal"]


def _bar(maker: Pages, agency: str) -> str:
    page = maker.get(f"agencies/{agency}/steps/file_appeal").content.decode()
    return str(page.split('name="refers_to" value="')[1].split('"')[0])


def test_a_bar_without_an_end_or_for_ever_says_so_at_the_field(
    officer: Callable[..., Pages], agency: str
) -> None:
    maker = officer("DLA-7", "officer")
    answer = maker.send(f"agencies/{agency}/steps/debar", grounds=["CONVICTION"], no_conflict="on")
    assert answer.status_code == 422
    assert "A bar has a last day or is permanent." in answer.content.decode()


def test_only_the_steps_of_an_agency_are_there_and_only_for_its_officers(
    officer: Callable[..., Pages], agency: str
) -> None:
    maker, inspector = officer("DLA-7", "officer"), officer("DLA-8", "inspector")
    other = officer("LMA-7", "officer", authority="XB-LMA")
    assert maker.get(f"agencies/{agency}/steps/revoke").status_code == 404
    assert maker.get(f"agencies/{agency}/steps/stay").status_code == 409
    assert maker.get("agencies/nonsense/steps/debar").status_code == 404
    assert inspector.get(f"agencies/{agency}/steps/debar").status_code == 403
    assert other.get(f"agencies/{agency}/steps/debar").status_code == 404
