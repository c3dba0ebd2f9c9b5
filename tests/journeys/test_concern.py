"""A worker reports from a red answer with a photograph; a case officer reads and answers; the worker reads it.

With ``REGISTRY_PICTURES`` pictures of each page are kept in ``var/pictures/concern/``.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from api import evidence
from api.demo_scanner import Scanner
from api.models import Reading
from registry.models import Concern, ConcernFile
from tests import builders, pictures
from tests.api.officials import appoint, signed_in
from tests.journeys import axe
from tests.journeys.conftest import settled
from tests.journeys.windows import NARROW, Window, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = pictures.FOLDER / "concern"
AT = builders.START


@pytest.fixture
def place(public_site: str, desk_site: str, settings: Any, tmp_path: Path, clock: Any) -> Iterator[None]:
    """Both hosts know each other, files are scanned, the clock stands still."""
    scanner = Scanner()
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    settings.REGISTRY_DESK_HOST = desk_site.removeprefix("http://")
    settings.REGISTRY_CLAMD, settings.REGISTRY_DOCUMENTS = scanner.address, tmp_path
    clock.stop(AT)
    yield
    scanner.close()


def selfie() -> dict[str, Any]:
    """A photograph as telephones make them: with the place, the device and a name in it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "Telephone", "Mina was here"
    exif.get_ifd(0x8825).update({1: "N", 2: (27.0, 42.0, 59.0), 3: "E", 4: (85.0, 18.0, 1.0)})
    told = BytesIO()
    Image.effect_mandelbrot((320, 240), (-2.2, -1.2, 1, 1.2), 60).convert("RGB").save(told, "JPEG", exif=exif)
    assert b"Mina was here" in told.getvalue()
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": told.getvalue()}


def seen(window: Window, name: str) -> None:
    """Keep the page, which fits and to which axe does not object."""
    window.picture(PICTURES / name)
    assert axe.objections(window.page) == []
    window.resize(NARROW)


def test_a_worker_reports_from_a_red_answer_and_reads_the_reply(
    public_site: str, desk_site: str, place: None, windows: Windows
) -> None:
    agency = settled(AT)
    builders.suspended(agency.licence, at=AT)
    with windows.lend(public_site, width=NARROW, script=axe.SCRIPT) as phone:
        phone.open(f"/v/{agency.badge}")
        phone.page.get_by_role("link", name="Report a concern").click()
        code, pin = _reported(phone)
        assert phone.complaints == []
        assert phone.page.context.cookies() == []

    row, file = Concern.objects.get(), ConcernFile.objects.get()
    assert (row.licence, row.agency) == (agency.licence, agency.agency)
    kept = evidence.content(file.reference, file.stored_as)
    with Image.open(BytesIO(kept)) as picture:
        assert not picture.getexif()
    assert not re.search(rb"Mina|Telephone|GPS|Exif", kept)

    officer = signed_in(appoint("DLA-70", "XA-DLA", "case_officer"))
    with windows.lend(desk_site, client=officer, script=axe.SCRIPT) as desk:
        desk.open("/desk/")
        desk.page.get_by_role("link", name=code).click()
        _answered(desk)
        assert desk.complaints == []
    assert Reading.objects.filter(record=row.code, fields="who reported", officer="DLA-70").count() == 1

    with windows.lend(public_site, width=NARROW, script=axe.SCRIPT) as phone:
        phone.open("/report/status")
        _read(phone, code, pin)
        assert phone.complaints == []


def _reported(phone: Window) -> tuple[str, str]:
    """Fill the form in, forgetting something first; the code and the PIN."""
    page = phone.page
    seen(phone, "form")
    page.get_by_role("button", name="Send the report").click()
    page.get_by_text("Choose at least one line.").wait_for()
    page.get_by_label("They keep a passport").check()
    page.get_by_label("Tell it in your own words").fill("Er hat meinen Pass. वह नहीं देता।")
    page.get_by_label("Your name").fill("Mina Rai")
    page.get_by_label("Photos or voice notes").set_input_files(selfie())
    page.get_by_role("button", name="Send the report").click()
    page.get_by_text("Your report is sent").first.wait_for()
    seen(phone, "sent")
    code, pin = page.locator(".slip dd").all_text_contents()
    return code, pin


def _answered(desk: Window) -> None:
    """Look at the concern and its photograph, triage it, write, and look who it is from."""
    page = desk.page
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
    assert "Mina Rai" not in page.content()
    seen(desk, "desk")
    page.get_by_role("link", name="Triage").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Write to the person").click()
    page.get_by_label("To the person").fill("We have your report. Where is he now?")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("It is done.").wait_for()
    page.get_by_role("link", name="Who reports it").click()
    page.get_by_text("Mina Rai").wait_for()


def _read(phone: Window, code: str, pin: str) -> None:
    """Come back with code and PIN, read, and write again."""
    page = phone.page
    page.get_by_label("Code of your report").fill(code.lower())
    page.get_by_label("PIN").fill(pin)
    page.get_by_role("button", name="Show my report").click()
    page.get_by_text("Where is he now?").wait_for()
    page.get_by_label("Write to the authority").fill("In the shop.")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your letter is with the authority.").wait_for()
    seen(phone, "status")
