"""The intake door: what anybody may send, and that nothing typed is ever lost."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from PIL import Image

from api import demo_scanner, evidence
from api.desk.concerns import door
from registry.models import Concern, ConcernAct, ConcernFile, ConcernText
from registry.remedy import intake
from tests import builders
from tests.conftest import Clock, Kept, server_address

pytestmark = pytest.mark.django_db
AT = builders.START
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def scanner() -> Iterator[demo_scanner.Scanner]:
    """Somebody who scans."""
    made = demo_scanner.Scanner()
    yield made
    made.close()


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force, of an authority with a help line."""
    with kept(at=AT):
        builders.authority(help_lines={"DEMO police": "+999 110"})
        return builders.active()


@pytest.fixture
def files(scanner: Any, settings: Any, tmp_path: Path) -> Path:
    """The folder of files, on a day on which they are scanned."""
    settings.REGISTRY_CLAMD, settings.REGISTRY_DOCUMENTS = scanner.address, tmp_path
    return tmp_path


@pytest.fixture
def worker(desk: Client, licence: str, clock: Clock, files: Path) -> Client:
    """A worker's telephone at the door."""
    clock.stop(AT)
    desk.handler.enforce_csrf_checks = True
    return desk


def photo(name: str = "me.jpg", form: str = "JPEG") -> SimpleUploadedFile:
    """A photograph that says where it was taken, and with what."""
    exif = Image.Exif()
    exif[0x010F] = "Telephone of Mina"
    exif.get_ifd(0x8825)[1] = "N"
    told = BytesIO()
    Image.new("RGB", (64, 48), "red").save(told, form, exif=exif)
    return SimpleUploadedFile(name, told.getvalue(), "text/plain")


def said(**more: Any) -> dict[str, Any]:
    return {
        "key": "a" * 32, "authority": "XA-DLA", "categories": ["fees", "documents_kept"],
        "story": "They took my passport.", "whom": "Bluefinch", **more,
    }  # fmt: skip


def receipt(answer: Any) -> tuple[str, str]:
    """The code and the PIN on a page."""
    assert answer.status_code == 200, answer.content.decode()
    code, pin = re.findall(r'<dd class="code" dir="ltr">([^<]+)<', answer.content.decode())
    return code, pin


def files_kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_report_gives_a_code_and_a_pin_which_open_it(worker: Client, licence: str) -> None:
    answer = worker.post("/report?lang=en", said(whom=licence.lower()))
    code, pin = receipt(answer)
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"
    row = Concern.objects.get()
    assert (row.licence, row.state, row.urgent) == (licence, "received", False)
    assert row.triage_by == AT + timedelta(hours=24)
    page = worker.post("/report/status?lang=en", {"code": code.lower(), "pin": pin}).content.decode()
    assert "Nobody has read it yet." in page
    assert "passport" not in page, "what was reported is not shown again"


def test_a_second_press_of_the_button_makes_no_second_concern(worker: Client, files: Path) -> None:
    first = receipt(worker.post("/report", said(files=[photo()])))
    again = receipt(worker.post("/report", said(files=[photo()])))
    assert first == again
    assert Concern.objects.count() == ConcernAct.objects.count() == len(files_kept(files)) == 1
    other = receipt(worker.post("/report", said(story="They took my money too.", files=[photo()])))
    assert other[0] != first[0], "another report is not swallowed because the page was the same"


def test_a_retry_after_a_lost_answer_brings_the_files_that_were_lost_with_it(
    worker: Client, files: Path
) -> None:
    first = receipt(worker.post("/report", said(files=[photo()])))
    (lost,) = files_kept(files)
    lost.unlink()
    assert receipt(worker.post("/report", said(files=[photo()]))) == first
    row = ConcernFile.objects.get()
    assert evidence.content(row.reference, row.stored_as).startswith(b"\xff\xd8")
    twice = said(key="k" * 32, files=[photo(), photo()])
    assert receipt(worker.post("/report", twice)) == receipt(
        worker.post("/report", twice | {"files": [photo(), photo()]})
    )
    assert len(files_kept(files)) == ConcernFile.objects.count() == 3


def test_a_photograph_is_drawn_anew_and_nothing_that_is_kept_can_be_read(worker: Client, files: Path) -> None:
    sent = photo()
    whole = sent.read()
    sent.seek(0)
    assert b"Telephone of Mina" in whole
    receipt(worker.post("/report", said(name="Mina Rai", reach="+999 1", files=[sent])))
    row = ConcernFile.objects.get()
    shown = evidence.content(row.reference, row.stored_as)
    assert row.media_type == "image/jpeg"
    with Image.open(BytesIO(shown)) as picture:
        assert picture.size == (64, 48)
        assert not picture.getexif()
    assert b"Mina" not in shown
    (stored,) = files_kept(files)
    assert b"JFIF" not in stored.read_bytes()
    sealed = bytes(ConcernText.objects.get().sealed)
    assert b"Mina" not in sealed
    assert b"passport" not in sealed


def test_urgent_reports_show_the_help_lines_and_others_have_them_before(
    worker: Client, public: Client
) -> None:
    page = public.get("/report?badge=XA76-40AR").content.decode()
    assert 'href="tel:+999110"' in page
    assert 'value="XA76-40AR"' in page
    assert "form-action 'self' http" in public.get("/report")["Content-Security-Policy"]
    page = worker.post("/report", said(categories=["held"])).content.decode()
    assert "Do not wait for our answer" in page
    assert 'href="tel:+999110"' in page
    assert "tel:" not in worker.post("/report", said(key="b" * 32)).content.decode()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("photo.jpg", b"", "is empty"),
        ("photo.jpg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "cannot be used"),
        ("x.jpg", b"%PDF-1.7 and so on", "cannot be used"),
        ("x.jpg", b"\xff\xd8\xff\xe0 no picture at all", "cannot be used"),
        ("x.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00 no sound", "cannot be used"),
        ("x.m4a", b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00M4A ", "cannot be used"),
        ("x.jpg", demo_scanner.EICAR, "may harm"),
        (f"{EVIL}.jpg", b"GIF89a", "cannot be used"),
        ("big.jpg", b"\xff\xd8" + bytes(evidence.LARGEST), "larger than 10 megabytes"),
    ],
)
def test_a_hostile_file_is_refused_and_the_words_are_kept(
    worker: Client, files: Path, name: str, content: bytes, told: str
) -> None:
    sent = said(story="Kept \u0939 words.", reach="+999 777", files=[SimpleUploadedFile(name, content)])
    answer = worker.post("/report?lang=en", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    for kept in (told, "Kept \u0939 words.", "+999 777", 'value="fees"', "a" * 32, "Bluefinch"):
        assert kept in page
    assert page.count(" checked>") == 2
    assert "<script" not in page
    assert (Concern.objects.count(), files_kept(files)) == (0, [])


def test_a_photo_of_fifty_megabytes_and_a_bomb_are_refused_and_the_words_are_kept(worker: Client) -> None:
    sent = said(files=[SimpleUploadedFile("p.jpg", b"\xff\xd8" + bytes(50 * 1024 * 1024))])
    answer = worker.post("/report", sent)
    assert (answer.status_code, "They took my passport." in answer.content.decode()) == (422, True)
    bomb = BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    answer = worker.post("/report", said(files=[SimpleUploadedFile("p.png", bomb.getvalue())]))
    assert (answer.status_code, "They took my passport." in answer.content.decode()) == (422, True)
    answer = worker.post("/report", said(files=[photo() for _ in range(5)]))
    assert "at most 4 files" in answer.content.decode()


def test_a_picture_that_is_also_something_else_is_only_a_picture_afterwards(worker: Client) -> None:
    both = photo(form="PNG").read() + b"<html><script>alert(1)</script>PK\x05\x06" + bytes(18)
    receipt(worker.post("/report", said(files=[SimpleUploadedFile("p.png", both)])))
    row = ConcernFile.objects.get()
    shown = evidence.content(row.reference, row.stored_as)
    assert row.media_type == "image/jpeg"
    assert not any(part in shown for part in (b"script", b"PK\x05\x06"))


def test_without_a_scanner_no_file_is_taken_and_the_words_are_kept(worker: Client, settings: Any) -> None:
    settings.REGISTRY_CLAMD = ""
    answer = worker.post("/report", said(files=[photo()]))
    assert answer.status_code == 422
    assert "Send the report without files now" in answer.content.decode()
    receipt(worker.post("/report", said()))


def test_markup_and_control_characters_in_every_field_are_words(worker: Client) -> None:
    words = {
        name: f"{name} {EVIL}\x00\x1b"
        for name in (
            "story", "whom", "contact_of_whom", "place", "day", "amount", "currency", "paid_for", "name", "reach",
            "wish",
        )
    }  # fmt: skip
    answer = worker.post("/report", said(**words, categories=[]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<script" not in page
    for name in words:
        assert f"{name} {EVIL}" in unescape(page)
    receipt(worker.post("/report", said(**words)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authority", "XB-NO"), ("authority", EVIL), ("categories", ["nonsense"]), ("key", "\u0661" * 32),
        ("story", "x" * 10_001), ("whom", "x" * 301), ("story", "   "),
    ],
)  # fmt: skip
def test_what_no_form_of_ours_sends_is_refused_and_shown_again(
    worker: Client, field: str, value: Any
) -> None:
    answer = worker.post("/report", said(**{field: value, "wish": "Only at night"}))
    assert answer.status_code == 422
    assert "Only at night" in answer.content.decode()
    assert not Concern.objects.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 200),
    ],
)
def test_a_form_of_another_site_is_not_taken_but_shown(
    worker: Client, settings: Any, headers: dict[str, str], status: int
) -> None:
    settings.REGISTRY_HOST = "127.0.0.1:8000"
    answer = worker.post("/report", said(), headers=headers)
    assert answer.status_code == status
    assert status == 200 or "They took my passport." in answer.content.decode()
    assert Concern.objects.exists() is (status == 200)


def test_too_many_reports_of_one_address_wait_and_keep_their_words(worker: Client) -> None:
    for n in range(int(door.REPORTS.burst)):
        receipt(worker.post("/report", said(key=f"key-of-report-{n}")))
    answer = worker.post("/report", said(key="one-too-many"))
    assert (answer.status_code, "They took my passport." in answer.content.decode()) == (429, True)
    assert answer["Retry-After"]
    assert Concern.objects.count() == door.REPORTS.burst


def test_a_page_that_is_asked_for_again_leads_to_the_public_host(worker: Client) -> None:
    assert worker.get("/report?lang=en")["Location"].endswith("/report?lang=en")
    assert worker.get("/report/letters")["Location"].endswith("/report/status")
    assert worker.put("/report").status_code == 405


def test_letters_go_both_ways_once_each(worker: Client) -> None:
    code, pin = receipt(worker.post("/report", said()))
    opened = worker.post("/report/status", {"code": code, "pin": pin}).content.decode()
    ticket, key = (re.findall(rf'name="{name}" value="([^"]+)"', opened)[0] for name in ("ticket", "key"))
    letter = {"ticket": ticket, "key": key, "text": f"One thing more. {EVIL}"}
    for _ in range(2):
        page = worker.post("/report/letters", letter).content.decode()
        assert "Your letter is with the authority." in page
        assert page.count("One thing more.") == 1
        assert "<script" not in page
    assert Concern.objects.get().unread
    assert worker.post("/report/letters", {**letter, "key": "other-key", "text": " "}).status_code == 422
    for number in range(1, intake.MOST_REPLIES):
        intake.reply(ticket, f"Letter {number}.", key=f"k{number}", at=AT)
    answer = worker.post("/report/letters", {**letter, "key": "the-last-one", "text": "The last word."})
    assert "This report is full." in answer.content.decode(), "one more than it takes"
    assert "The last word." in answer.content.decode(), "and its words are kept"


def test_a_ticket_is_good_for_its_report_and_its_half_hour(worker: Client, clock: Clock) -> None:
    code, pin = receipt(worker.post("/report", said()))
    opened = worker.post("/report/status", {"code": code, "pin": pin}).content.decode()
    ticket = re.findall(r'name="ticket" value="([^"]+)"', opened)[0]
    for wrong in ("", "x", ticket[:-1], ticket.replace("CE", "CF"), "..", f"{ticket}\u0661"):
        answer = worker.post("/report/letters", {"ticket": wrong, "text": "Kept."})
        assert (answer.status_code, "Kept." in answer.content.decode()) == (422, True)
    clock.stop(AT + timedelta(minutes=31))
    assert worker.post("/report/letters", {"ticket": ticket, "text": "Late."}).status_code == 422
    assert ConcernAct.objects.count() == 1


def test_a_wrong_pin_and_a_wrong_code_are_told_alike_and_tries_are_counted(
    worker: Client, clock: Clock
) -> None:
    code, pin = receipt(worker.post("/report", said()))
    wrong = f"{(int(pin) + 1) % 1_000_000:06d}"
    pages = {
        worker.post("/report/status", {"code": one, "pin": wrong}).content
        for one in (code, "CE00-0000-0000-0")
    }
    assert len({re.sub(rb'value="CE[^"]*"', b"", page) for page in pages}) == 1
    for _ in range(4):
        assert worker.post("/report/status", {"code": code, "pin": wrong}).status_code == 422
    answer = worker.post("/report/status", {"code": code, "pin": pin})
    assert answer.status_code == 429, "after five wrong ones the right one waits too"
    clock.stop(AT + timedelta(minutes=16))
    assert worker.post("/report/status", {"code": code, "pin": pin}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_report_while_the_database_is_away_is_refused_with_its_words_and_taken_afterwards(
    desk: Client, clock: Clock, files: Path
) -> None:
    clock.stop(AT)
    builders.authority(help_lines={"DEMO police": "+999 110"})
    assert desk.post("/report", said(categories=[])).status_code == 422
    kept = connections["default"]
    there = kept.settings_dict["PORT"]
    kept.close()
    kept.settings_dict["PORT"] = "1"
    try:
        answer = desk.post("/report?lang=en", said(categories=["violence"], files=[photo()]))
    finally:
        kept.settings_dict["PORT"] = there
    page = answer.content.decode()
    assert answer.status_code == 503
    for told in ("all that you wrote is still here", "They took my passport.", "a" * 32, "tel:+999110"):
        assert told in page
    assert files_kept(files) == []
    receipt(desk.post("/report", said(categories=["violence"])))
    with psycopg.connect(server_address(), autocommit=True) as administrator:
        name = kept.settings_dict["NAME"]
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
    receipt(desk.post("/report", said(key="after-a-restart")))
    assert Concern.objects.count() == 2


def test_whatever_breaks_nobody_s_words_are_lost(worker: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("no folder")
    settings.REGISTRY_DOCUMENTS = tmp_path / "full"
    answer = worker.post("/report", said(files=[photo()]))
    assert (answer.status_code, "They took my passport." in answer.content.decode()) == (500, True)
    assert not Concern.objects.exists()
