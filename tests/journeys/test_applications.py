"""An agency applies for a licence in a browser: inspected, objected to, granted, in force; another one is refused.

With ``REGISTRY_PICTURES`` pictures of each page are kept in ``var/pictures/applications/``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from api.demo_scanner import Scanner
from api.models import User
from registry.admission import reading
from registry.rules.lifecycle import Action as LicenceAction
from tests import applying as apply
from tests import builders, pictures
from tests.api.officials import SECRET, appoint, signed_in
from tests.journeys.windows import Window, Windows
from verification import badges

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PICTURES = pictures.FOLDER / "applications"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
SENTENCE = "four plain words together"


class Moment:
    """What the devices' clock shows: each code half a minute after the one before."""

    now = 1_800_000_000

    def time(self) -> float:
        return float(self.now)

    def code(self, secret: str) -> str:
        """The next code of the device with this secret."""
        self.now += 30
        return str(format_hotp_value(hotp_value(secret, self.now // 30)))


class Person:
    """Somebody at a window, of which nothing complains."""

    def __init__(self, window: Window) -> None:
        self.window, self.page = window, window.page

    def go(self, path: str) -> Any:
        self.window.open(path)
        return self.page

    def press(self, name: str) -> None:
        self.window.follow(self.page.get_by_role("button", name=name, exact=True))

    def picture(self, name: str) -> None:
        """The page at a desk and on a telephone; nothing is wider than the telephone."""
        self.window.picture(PICTURES / name)


Sit = Callable[..., Person]


@pytest.fixture
def sit(windows: Windows) -> Iterator[Sit]:
    """Sit somebody down at a site."""
    with ExitStack() as closing:
        seated: list[Person] = []

        def somebody(site: str, **more: Any) -> Person:
            seated.append(Person(closing.enter_context(windows.lend(site, **more))))
            return seated[-1]

        yield somebody
        assert [person.window.complaints for person in seated if person.window.complaints] == []


@pytest.fixture
def scanner(settings: Any) -> Iterator[Scanner]:
    """A scanner that answers."""
    running = Scanner()
    settings.REGISTRY_CLAMD = running.address
    yield running
    running.close()


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Moment:
    """Devices whose time stands still until a code is wanted."""
    moment = Moment()
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", moment)
    return moment


@pytest.fixture
def place(
    clock: Any,
    settings: Any,
    tmp_path: Path,
    scanner: Scanner,
    devices: Moment,
    desk_site: str,
    public_site: str,
) -> None:
    """The authority with its officers, behind open doors."""
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    settings.REGISTRY_DESK_HOST, settings.REGISTRY_SCHEME = desk_site.removeprefix("http://"), "http"
    settings.REGISTRY_HOST = public_site.removeprefix("http://")
    clock.stop(AT)
    builders.authority(at=AT - timedelta(days=60))
    appoint("DLA-7", "XA-DLA", "officer")
    appoint("DLA-9", "XA-DLA", "registrar")


def officer(sit: Sit, site: str, name: str, **more: Any) -> Person:
    """An officer who is signed in."""
    return sit(site, client=signed_in(User.objects.get(username=name)), **more)


def test_an_agency_applies_is_inspected_objected_to_granted_and_in_force(
    sit: Sit, desk_site: str, public_site: str, place: None, devices: Moment, clock: Any
) -> None:
    agency = sit(desk_site)
    number = _applied(agency, devices)
    officers = officer(sit, desk_site, "dla-7")
    _judged(officers, number)
    _objected(sit, public_site, number)
    later = clock.stop(AT + timedelta(days=16))
    page = officers.go(f"/desk/applications/{number}")
    assert "They kept my passport." in page.inner_text("main")
    officers.picture("officer-application")
    page.get_by_role("link", name="Propose to grant").click()
    page.get_by_label("First day").fill("2026-03-19")
    page.get_by_label("Last day").fill("2028-03-18")
    page.get_by_label("I have no conflict of interest").check()
    page.get_by_label("Code of your device").fill(devices.code(SECRET))
    officers.picture("officer-propose-grant")
    officers.press("Propose to grant")
    registrar = officer(sit, desk_site, "dla-9")
    page = registrar.go(f"/desk/applications/{number}/grant")
    assert "DLA-7" in page.inner_text("main")
    page.get_by_label("I have no conflict of interest").check()
    registrar.picture("officer-grant")
    registrar.press("Grant the licence")
    licence = re.search(r"XA-DLA-B-\d{6}-.", page.inner_text("main"))
    assert licence is not None
    builders.secured(licence[0], at=later)
    builders.take(licence[0], LicenceAction.ACTIVATE, at=later)
    code = badges.issue("licence", licence[0], at=later).code
    agency.go(f"/apply/applications/{number}")
    assert licence[0] in agency.page.inner_text("main")
    agency.picture("applicant-granted")
    worker = sit(public_site)
    assert "Not licensed" in worker.go(f"/v/{code}").inner_text("main")
    clock.stop(datetime(2026, 3, 19, 6, 0, tzinfo=UTC))
    page = worker.go(f"/v/{code}")
    assert page.get_by_role("heading", level=1).inner_text() == "Licensed"
    assert page.locator(".verdict.go").count() == 1


def _applied(agency: Person, devices: Moment) -> str:
    """From an account to an application that was sent; its number."""
    page = agency.go("/apply/sign-up")
    agency.picture("sign-up")
    page.get_by_label("E-mail").fill("office@kestrel.example")
    page.get_by_label("Password").fill(SENTENCE)
    agency.press("Open the account")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    agency.picture("set-up")
    page.get_by_label("Code that the device shows").fill(devices.code(secret))
    agency.press("Set up")
    page.get_by_role("link", name="I have them").click()
    agency.picture("applicant-home")
    agency.go(f"/apply/confirm/{EmailConfirmationHMAC(EmailAddress.objects.get()).key}")
    agency.picture("confirm")
    agency.press("Confirm this address")
    assert "is confirmed" in page.inner_text("main")
    agency.press("Begin")
    number = re.search(r"LA-\d{6}-.", page.url)
    assert number is not None
    page.get_by_label("Legal name").fill("Kestrel Overseas (DEMO)")
    agency.press("Save and go on")
    assert "Some of it is still missing or wrong" in page.inner_text("main")
    assert page.get_by_label("Legal name").input_value() == "Kestrel Overseas (DEMO)"
    agency.picture("section-wrong")
    for name, text in apply.AGENCY.items():
        page.locator(f"[name={name}]").fill(text)
    agency.press("Save and go on")
    for name, text in apply.PERSON.items():
        field = page.locator(f"[name=row0-{name}]")
        field.select_option(text) if name == "role" else field.fill(text)
    agency.picture("section-people")
    agency.press("Save and go on")
    for name, text in apply.OFFICE.items():
        field = page.locator(f"[name=row0-{name}]")
        field.select_option(text) if name == "kind" else field.fill(text)
    agency.press("Save and go on")
    page.get_by_label("Class of licence").fill("B")
    page.get_by_label("Countries of work").fill("XB, QA")
    agency.press("Save and go on")
    page.get_by_label("Kind").select_option("bank_guarantee")
    for name, text in (("issuer", "DEMO Bank"), ("amount", "100000"), ("currency", "XTS")):
        page.locator(f"[name={name}]").fill(text)
    agency.press("Save and go on")
    for kind in apply.PAPERS:
        page.get_by_label("What it is").select_option(kind)
        page.get_by_label("File").set_input_files(
            {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        agency.press("Add the document")
    agency.picture("section-documents")
    page.get_by_role("link", name="Check and send").first.click()
    assert "Complete" in page.inner_text("main")
    agency.picture("check")
    agency.press("Send the application")
    assert "Your application was sent" in page.inner_text("main")
    agency.picture("applicant-application")
    return number[0]


def _judged(officers: Person, number: str) -> None:
    """Complete, inspected, published."""
    page = officers.go("/desk/applications")
    officers.picture("officer-list")
    page.get_by_role("link", name="Kestrel Overseas").click()
    page.get_by_role("link", name="Take under review").click()
    officers.press("Take under review")
    page.get_by_role("link", name="Order an inspection").click()
    officers.press("Order an inspection")
    page.get_by_role("link", name="Record the inspection").click()
    page.get_by_label("Day").fill("2026-03-02")
    page.get_by_label("Inspectors").fill("DLA-31")
    page.get_by_label("Premises").fill("Level 2, 14 Harbour Road")
    page.get_by_label("Points of the findings").fill("2")
    page.get_by_label("Report").fill("Two rooms, a locked cabinet, records in order.")
    officers.press("Record the inspection")
    assert "Two inspectors or more" in page.inner_text("main")
    officers.picture("officer-inspection-wrong")
    page.get_by_label("Inspectors").fill("DLA-31, DLA-32")
    officers.press("Record the inspection")
    page.get_by_role("link", name="Tell the public").click()
    officers.press("Tell the public")
    assert "Open to objection" in page.inner_text("main")


def _objected(sit: Sit, site: str, number: str) -> None:
    """Somebody finds the notice and objects."""
    somebody = sit(site)
    page = somebody.go("/applications")
    somebody.picture("public-list")
    page.get_by_role("link", name="Kestrel Overseas").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Not licensed"
    somebody.picture("public-application")
    page.get_by_role("link", name="Object", exact=True).click()
    page.get_by_label("What the authority should know").fill("They kept my passport.")
    somebody.picture("objection")
    somebody.press("Send the objection")
    assert number in page.inner_text("main")


def test_a_refusal_with_an_answer_is_public_for_sixty_months(
    sit: Sit, desk_site: str, public_site: str, place: None, devices: Moment, clock: Any
) -> None:
    account = "APPLICANT-none"
    number = apply.reviewed(AT, account=account)
    officers = officer(sit, desk_site, "dla-7")
    page = officers.go(f"/desk/applications/{number}/propose_refusal")
    page.get_by_label("not fit for this work").check()
    page.get_by_label("Letter to the applicant").fill("Two directors were convicted of fraud in 2024.")
    page.get_by_label("I have no conflict of interest").check()
    officers.picture("officer-propose-refusal")
    officers.press("Propose to refuse")
    registrar = officer(sit, desk_site, "dla-9")
    page = registrar.go(f"/desk/applications/{number}/serve_notice")
    assert "Two directors were convicted" in page.inner_text("main")
    page.get_by_label("I have no conflict of interest").check()
    registrar.press("Serve the letter")
    assert "minded to refuse" in page.inner_text("main")
    from registry.admission import applicants

    applicants.represent(number, "It was another company.", account=account, at=AT, idempotency_key="r-1")
    page = registrar.go(f"/desk/applications/{number}/refuse")
    assert "It was another company." in page.inner_text("main")
    page.get_by_label("Reasons, served on the applicant").fill("The court's record names these directors.")
    page.get_by_label("I have no conflict of interest").check()
    registrar.picture("officer-refuse")
    registrar.press("Refuse")
    assert reading.one(number, by=builders.maker(AT), at=AT).standing.state == "refused"
    somebody = sit(public_site)
    page = somebody.go(f"/applications/{number}")
    assert "refused this applicant" in page.inner_text("main")
    somebody.picture("public-refusal")
    clock.stop(AT.replace(year=2031) + timedelta(days=2))
    assert "Not in this register" in somebody.go(f"/applications/{number}").inner_text("main")


def test_the_pages_read_from_right_to_left(
    sit: Sit,
    desk_site: str,
    public_site: str,
    place: None,
    devices: Moment,
    arabic: Callable[[str], str],
) -> None:
    number = apply.called(AT)
    officers = officer(sit, desk_site, "dla-7", locale="ar")
    for name, path in (
        ("rtl-officer-list", "/desk/applications"),
        ("rtl-officer-application", f"/desk/applications/{number}"),
        ("rtl-officer-step", f"/desk/applications/{number}/propose_refusal"),
        ("rtl-objection", f"/apply/objections/{number}"),
        ("rtl-sign-up", "/apply/sign-up"),
    ):
        page = officers.go(path)
        assert page.evaluate("document.documentElement.dir") == "rtl"
        officers.picture(name)
    somebody = sit(public_site, locale="ar")
    somebody.go(f"/applications/{number}")
    somebody.picture("rtl-public-application")
