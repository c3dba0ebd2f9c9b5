"""What officers decide beside licences, in a real browser: two records made one, somebody barred, a request answered.

Each page that is passed is kept as a picture under ``var/pictures`` for whoever wants to look.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from registry import agencies, audit, lookup, retrospect
from tests import builders
from tests.conftest import Clock
from tests.journeys.test_desk_decisions import AT, NO_CONFLICT, Seat, seats, where
from tests.journeys.windows import NARROW

__all__ = ["seats"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
START = AT - timedelta(days=60)


@pytest.fixture
def twins(clock: Clock, desk_site: str) -> tuple[str, str]:
    """A firm that was entered twice, each record with a licence and an office."""
    clock.stop(AT)
    builders.authority(at=START)
    gone = builders.agency("Blue Finch Overseas (DEMO)", at=START, locality="Port Demo")
    stays = builders.agency(
        "Bluefinch Manpower (DEMO)", at=START, locality="Port Demo", company_number="C 778"
    )
    for holder, licence_class in ((gone, "C"), (stays, "A")):
        builders.head_office(holder, at=START)
        builders.active(holder, licence_class, at=START)
        rings = agencies.add_channel(
            holder,
            "phone",
            "+12025550142",
            by=builders.maker(START),
            at=START,
            idempotency_key=builders.key(),
        )
        builders.approved(rings, at=START)
    directs = agencies.appoint(
        gone, name="Mina Rai (DEMO)", role="director", first_day=START.date(), by=builders.maker(START), at=START,
        idempotency_key=builders.key(),
    )  # fmt: skip
    builders.approved(directs, at=START)
    return gone, stays


def yes(seat: Seat, motion: str) -> None:
    """One officer's yes."""
    seat.open(motion)
    seat.tick(NO_CONFLICT)
    seat.press("Approve")


def test_two_records_of_one_firm_become_one(
    seats: Callable[..., Seat], twins: tuple[str, str], public: Client
) -> None:
    gone, stays = twins
    officer = seats("DLA-7", "officer")
    officer.open(f"agencies/{gone}")
    officer.press("This is a second record of a firm: make the two one", "link")
    officer.picture("merge")
    officer.fill("Number of the record that stays", gone)
    officer.fill("Why", "The same telephone and the same office; entered twice from paper.")
    officer.tick(NO_CONFLICT)
    officer.press("Propose to make them one")
    officer.reads("not merged into itself")
    assert officer.page.get_by_label("Why", exact=True).input_value().startswith("The same telephone")
    officer.fill("Number of the record that stays", stays)
    officer.press("Propose to make them one")
    officer.reads("Proposed. It waits for another officer.", "You proposed it, so somebody else approves it")
    motion = where(officer)

    supervisor = seats("DLA-8", "supervisor")
    supervisor.open("")
    supervisor.reads("Motions to approve", "Make two records one")
    supervisor.picture("queue-with-a-motion")
    supervisor.press("Make two records one", "link")
    supervisor.reads("Side by side", "the same")
    supervisor.picture("merger")
    narrow = seats("DLA-8", width=NARROW)
    narrow.open(motion)
    narrow.picture("merger-360")
    assert narrow.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    yes(supervisor, motion)
    supervisor.reads("It was approved and done.")
    supervisor.open(f"agencies/{gone}")
    assert where(supervisor) == f"agencies/{stays}"
    supervisor.reads(
        "Formerly also on record as", "Blue Finch Overseas (DEMO)", gone, "Mina Rai (DEMO)", "branch"
    )
    supervisor.picture("merged")
    assert public.get(f"/api/v1/agencies/{gone}").status_code == 308
    held = lookup.public_agency(stays, at=AT)["licences"]
    assert [(one["class"], one["verdict"]["may_recruit"]) for one in held] == [("A", True), ("C", True)]
    assert not list(audit.differences(at=AT))


def test_a_person_is_barred_by_three_and_asks_what_is_held(
    seats: Callable[..., Seat], twins: tuple[str, str]
) -> None:
    gone, _stays = twins
    person = retrospect.agency(gone, by=builders.checker(AT), at=AT).appointments[0]["person"]
    officer, supervisor, registrar = (
        seats(number, role)
        for number, role in (("DLA-7", "officer"), ("DLA-8", "supervisor"), ("DLA-3", "registrar"))
    )
    officer.open("")
    officer.press("Persons", "link")
    officer.fill("Name or number of a person", "mina")
    officer.press("Find")
    officer.picture("persons")
    officer.page.get_by_role("link", name="Mina Rai (DEMO)").click()
    officer.press("Bar this person", "link")
    officer.page.locator("[name=last_day]").fill((AT + timedelta(days=365)).date().isoformat())
    officer.page.locator("[name=grounds][value=CONVICTION]").check()
    officer.fill("Why", "Judgment of 3 May in the file.")
    officer.tick(NO_CONFLICT)
    officer.picture("bar")
    officer.press("Propose the bar")
    motion = where(officer)
    yes(supervisor, motion)
    yes(registrar, motion)
    registrar.open(f"persons/{person}")
    registrar.reads("This person is barred.", "in force")
    registrar.picture("barred")
    narrow = seats("DLA-3", width=NARROW)
    narrow.open(f"persons/{person}")
    narrow.picture("barred-360")
    assert narrow.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    officer.open(f"persons/{person}")
    officer.press("Record a request of this person", "link")
    officer.fill("Who asks", "Mina Rai (DEMO)")
    officer.fill("How their identity was checked", "Passport seen at the counter.")
    officer.fill("What is asked", "Everything that you hold of me.")
    officer.fill("Received on", AT.date().isoformat())
    officer.picture("request")
    officer.press("Record the request")
    request = where(officer)
    officer.page.get_by_label("hand over all that is held").check()
    officer.fill("Why", "As the law asks.")
    officer.tick(NO_CONFLICT)
    officer.press("Propose this answer")
    yes(supervisor, where(officer))
    supervisor.open(request)
    supervisor.picture("answered")
    supervisor.press("Read and print it", "link")
    supervisor.reads("Appointments", "Bars", "What is left out")
    supervisor.picture("handed-over")
    narrow.open(f"{request}/file")
    narrow.picture("handed-over-360")
    assert narrow.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
