"""A live code between two telephones: an agency invites, a person accepts, a worker types what is read out.

With ``REGISTRY_PICTURES`` pictures of the pages, in English and Arabic, are kept in ``var/pictures/live/``.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as place
from django.test import Client

from registry import agencies, holders
from tests import builders, pictures
from tests.api.test_desk_apply import Applicant
from tests.journeys import axe
from tests.journeys.windows import NARROW, Window, Windows
from verification import badges

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
AT = datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC)
PICTURES = pictures.FOLDER / "live"
OWN = {"timezone_id": "Asia/Kathmandu"}
"""A window that nobody else is lent: its clock is moved."""


@pytest.fixture
def licence(clock: Any, settings: Any, desk_site: str) -> str:
    """A licence of an agency with a person who is to show live codes."""
    settings.REGISTRY_DESK_HOST, settings.REGISTRY_SCHEME = desk_site.removeprefix("http://"), "http"
    settings.REGISTRY_PUBLIC_LANGUAGES = ["en", "ar"]
    clock.stop(AT)
    before = AT - timedelta(days=60)
    builders.authority(at=before)
    agency = builders.agency(at=before)
    licence = builders.active(agency, at=before)
    made = agencies.appoint(
        agency, name="Mina Rai (DEMO)", role="registered_recruiter", first_day=before.date(),
        by=builders.maker(before), at=before, idempotency_key=builders.key(),
    )  # fmt: skip
    builders.approved(made, at=before)
    return licence


def _member(name: str) -> Applicant:
    """Somebody with an account and a device, signed in."""
    return Applicant(Client(SERVER_NAME=place.REGISTRY_DESK_HOST.split(":")[0]), name)


def _look(window: Window, name: str) -> None:
    """Keep pictures of the page; nothing sticks out and axe objects to nothing."""
    window.picture(PICTURES / name)
    assert axe.objections(window.page) == [], name


def _digits(page: Any) -> str:
    return str(page.locator(".digits").first.inner_text()).replace(" ", "")


def test_a_worker_hears_six_digits_and_reads_whose_they_are(
    windows: Windows, public_site: str, desk_site: str, licence: str, clock: Any
) -> None:
    director, mina = _member("office@bluefinch.example"), _member("mina@rai.example")
    key = holders.ask(director.account, licence, "Its director.", at=AT, idempotency_key=builders.key())
    for by in (builders.maker(AT), builders.checker(AT)):
        holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())
    badge = badges.issue("licence", licence, at=AT).code
    with windows.lend(desk_site, client=director.client, script=axe.SCRIPT) as office:
        office.open(f"/apply/licences/{licence}/people")
        office.page.get_by_role("button", name="Do it").click()
        office.page.get_by_text("Hand this to the person").wait_for()
        link = str(office.page.locator(".secret").inner_text())[len(desk_site) :]
        _look(office, "invited")
        assert office.complaints == []
    with (
        windows.lend(
            desk_site, client=mina.client, width=NARROW, height=640, script=axe.SCRIPT, **OWN
        ) as hers,
        windows.lend(public_site, width=NARROW, height=640, script=axe.SCRIPT) as his,
    ):
        hers.page.clock.install()
        hers.open(link)
        _look(hers, "invitation")
        hers.page.get_by_role("button", name="Yes, this is me").click()
        hers.page.locator(".digits").first.wait_for()
        _look(hers, "digits")
        shown, first = hers.page.locator(".digits").first.inner_text(), _digits(hers.page)
        his.open(f"/v/{badge}")
        _look(his, "answer")
        wrong = f"{(int(first) + 1) % 10**6:06}"
        for told, word in ((f"{first[:3]} {first[3:]}", "Confirmed"), (wrong, "Not confirmed")):
            his.open(f"/v/{badge}")
            his.page.get_by_label("Ask the person to read you").fill(told)
            his.page.get_by_role("button", name="Check the digits").click()
            his.page.get_by_role("heading", name=word, exact=True).wait_for()
            _look(his, word.lower().replace(" ", "-"))
        his.open(f"/v/{badge}?lang=ar")
        his.page.locator("#digits").fill(first)
        his.page.locator("#digits").press("Enter")
        his.page.get_by_text("Mina Rai (DEMO)").first.wait_for()
        assert his.page.evaluate("document.dir") == "rtl"
        _look(his, "confirmed-ar")
        clock.stop(AT + timedelta(minutes=1))
        hers.page.clock.fast_forward(61_000)
        hers.page.wait_for_function("told => document.querySelector('.digits').innerText !== told", arg=shown)
        assert hers.complaints == []
        hers.page.context.set_offline(offline=True)
        hers.page.clock.fast_forward(61_000)
        hers.page.get_by_text("There is no connection, so there are no digits.").wait_for()
        assert hers.page.locator(".digits").count() == 0, "digits that are over are not left standing"
        hers.complaints.clear()
        assert his.complaints == []
