"""The case officers' room: the queue, one concern, its files, each act as a form, and the log of who looked."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from api import evidence, retention
from api.desk.concerns import room
from api.evidence import Made
from api.models import FormDraft, Reading, TextMessage
from api.pages import concerns as pages
from registry.models import Concern, ConcernFile, ConcernText
from registry.remedy import intake
from registry.remedy.intake import Receipt, Report
from registry.rules import concerns
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.director import EVIL
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = builders.START
REPORT = Report(
    ("fees", "held"), f"They lock the door. {EVIL}", "XA-DLA", "ne", whom=f"Man {EVIL}", name=f"Mina {EVIL}",
    reach="+977 9841234567", wish=f"Night {EVIL}",
)  # fmt: skip


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force."""
    with kept(at=AT):
        builders.authority()
        return builders.active()


@pytest.fixture
def officer(desk: Client, licence: str, clock: Clock, settings: Any, tmp_path: Path) -> Pages:
    """A case officer at the desk."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "case_officer"))


@pytest.fixture
def filed(officer: Pages) -> Receipt:
    """A concern with a photograph and a voice note."""
    made = [Made("image/jpeg", b"\xff\xd8 pixels"), Made("audio/mpeg", b"\xff\xfb sound")]
    with evidence.stored(made, key="form") as files:
        return intake.file(REPORT, key="form", files=files, at=AT)


def test_a_file_that_a_concern_has_survives_whatever_its_sender_was_told(
    filed: Receipt, tmp_path: Path
) -> None:
    made = [Made("image/jpeg", b"\xff\xd8 pixels"), Made("audio/mpeg", b"\xff\xfb sound")]
    for _ in range(2):  # the answer to the commit is lost; then the same form comes again and fails
        with pytest.raises(OperationalError), evidence.stored(made, key="form"):
            raise OperationalError
    for row in ConcernFile.objects.all():
        assert evidence.content(row.reference, row.stored_as)[:1] == b"\xff"
    held = sum(path.is_file() for path in tmp_path.rglob("*"))
    with pytest.raises(OperationalError), evidence.stored(made, key="another form"):
        raise OperationalError
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == held, "what no concern has is gone"


def test_the_queue_shows_what_waits_the_urgent_first_and_overdue_marked(
    officer: Pages, filed: Receipt, clock: Clock
) -> None:
    plain = intake.file(Report(("other",), "Else.", "XA-DLA", "en"), key="k", at=AT - timedelta(hours=30))
    for path in ("", "concerns"):
        page = officer.get(path).content.decode()
        first, second = (page.index(f"/desk/concerns/{one.code}") for one in (filed, plain))
        assert first < second, "urgent before older"
        assert "Overdue" in page
        assert "Urgent" in page
    assert (
        plain.code
        not in officer.get("concerns", state="closed").content.decode().partition("All concerns")[2]
    )
    assert officer.get("concerns", state=EVIL, after="x").status_code == 200
    assert Reading.objects.filter(officer="DLA-7", fields="concerns").exists()


def test_a_concern_is_shown_without_the_person_who_is_read_apart_and_noted(
    officer: Pages, filed: Receipt
) -> None:
    page = officer.get(f"concerns/{filed.code}").content.decode()
    for told in (
        "They lock the door.",
        "held against their will",
        "Urgent: somebody may be in danger.",
        "Nepali",
    ):
        assert told in page
    assert EVIL not in page
    for secret in ("Mina", "+977 984", "Night"):
        assert secret not in page
    assert officer.get(f"concerns/{concerns.shown_code(filed.code).lower()}").status_code == 200
    assert not Reading.objects.filter(fields="who reported").exists()
    page = officer.get(f"concerns/{filed.code}/person").content.decode()
    assert "Mina &lt;script&gt;" in page
    assert "+977 9841234567" in page
    assert Reading.objects.filter(record=filed.code, fields="who reported", officer="DLA-7").count() == 1


def test_files_are_shown_as_what_they_are_and_can_run_nothing(
    officer: Pages, filed: Receipt, tmp_path: Path
) -> None:
    page = officer.get(f"concerns/{filed.code}")
    assert "media-src 'self'" in page["Content-Security-Policy"]
    for row, begins in zip(ConcernFile.objects.order_by("pk"), (b"\xff\xd8", b"\xff\xfb"), strict=True):
        path = f"concerns/{filed.code}/files/{row.reference}"
        assert f"/desk/{path}" in page.content.decode()
        answer = officer.get(path)
        assert answer.content.startswith(begins)
        assert answer["Content-Type"] == row.media_type
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Disposition"].startswith(f'inline; filename="{filed.code}-')
    assert officer.get(f"concerns/{filed.code}/files/none").status_code == 404
    (tmp_path / row.stored_as).unlink()
    assert officer.get(path).status_code == 404
    other = intake.file(REPORT, key="other", at=AT)
    assert officer.get(f"concerns/{other.code}/files/{row.reference}").status_code == 404


def test_each_act_is_a_form_and_the_person_reads_what_is_for_them(
    officer: Pages, licence: str, settings: Any
) -> None:
    settings.REGISTRY_GATEWAY = "http://127.0.0.1:9/send"
    filed = intake.file(replace(REPORT, wish=""), key="another", at=AT)
    here = f"concerns/{filed.code}"
    assert officer.send(f"{here}/triage", categories=[]).status_code == 422
    answer = officer.send(f"{here}/triage", categories=["fees"], subject="AG-9", note=f"Note {EVIL}")
    assert (answer.status_code, "no number of an agency" in answer.content.decode()) == (422, True)
    assert (
        officer.send(f"{here}/triage", categories=["fees"], subject=licence, note="Called.").status_code
        == 302
    )
    page = officer.get(f"{here}/refer").content.decode()
    assert "The person has agreed in a letter" in page
    assert "Which law allows it" not in page, "it is urgent no more"
    answer = officer.send(f"{here}/refer", body="police")
    assert (answer.status_code, "has not agreed" in answer.content.decode()) == (422, True)
    assert officer.send(f"{here}/refer", body="police", agreed="on", text="They come.").status_code == 302
    assert officer.send(f"{here}/ask", text=f"Where? {EVIL}").status_code == 302
    answer = officer.send(f"{here}/close", outcome="repaid", repaid="x", currency="XTS")
    assert (answer.status_code, "the sum in digits" in answer.content.decode()) == (422, True)
    assert officer.send(f"{here}/close", outcome="repaid", repaid="12", currency="xts").status_code == 302
    assert officer.get(f"{here}/close").status_code == 409
    assert officer.get(f"{here}/nonsense").status_code == 409
    page = officer.get(here).content.decode()
    for shown in ("12 XTS", "the police", "Called.", "DLA-7", "5 January 2028"):
        assert shown in page
    assert officer.send(f"{here}/reopen", note="New facts.").status_code == 302
    seen = intake.enter(filed.code, filed.pin, at=AT)
    assert [one.text for one in seen.letters] == ["They come.", f"Where? {EVIL}"]
    assert TextMessage.objects.count() == 4, (
        "asked, passed on, closed, taken up again: the person is told each time"
    )
    assert not TextMessage.objects.filter(sealed__contains="984").exists()
    assert not FormDraft.objects.exists()


@pytest.mark.parametrize(("wish", "notices"), [("", 1), ("Only at night", 0)])
def test_a_form_sent_twice_is_one_act_and_one_notice_unless_it_must_be_safe(
    wish: str, notices: int, officer: Pages, settings: Any
) -> None:
    settings.REGISTRY_GATEWAY = "https://gateway.example/messages"
    filed = intake.file(replace(REPORT, wish=wish), key="another", at=AT)
    path = f"/desk/concerns/{filed.code}/ask"
    page = officer.client.get(path).content.decode()
    token, key = (
        page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("csrfmiddlewaretoken", "key")
    )
    for _ in range(2):
        said = {"csrfmiddlewaretoken": token, "key": key, "text": "Where?"}
        assert officer.client.post(path, said).status_code == 302
    assert Concern.objects.get().acts.count() == 2
    assert TextMessage.objects.count() == notices


def test_what_can_not_be_deleted_keeps_nothing_else_and_is_tried_again(
    officer: Pages, filed: Receipt, clock: Clock, tmp_path: Path
) -> None:
    other = intake.file(REPORT, key="later", at=AT)
    for code in (filed.code, other.code):
        for step, said in (("triage", {"categories": ["fees"]}), ("close", {"outcome": "withdrawn"})):
            assert officer.send(f"concerns/{code}/{step}", **said).status_code == 302
    stuck = tmp_path / ConcernFile.objects.order_by("pk").first().stored_as  # type: ignore[union-attr]
    stuck.rename(stuck.with_suffix(".away"))
    (stuck / "in the way").mkdir(parents=True)
    over = AT + timedelta(days=732)
    assert retention.refresh(at=over) == 1, "the other one"
    assert not ConcernText.objects.filter(act__concern__code=other.code).exists()
    (stuck / "in the way").rmdir()
    stuck.rmdir()
    stuck.with_suffix(".away").rename(stuck)
    assert retention.refresh(at=over) == 1
    assert not ConcernText.objects.exists()


def test_the_nightly_work_deletes_what_was_written_with_its_files(
    officer: Pages, filed: Receipt, clock: Clock, tmp_path: Path
) -> None:
    for step, said in (("triage", {"categories": ["fees"]}), ("close", {"outcome": "withdrawn"})):
        assert officer.send(f"concerns/{filed.code}/{step}", **said).status_code == 302
    assert retention.refresh(at=AT + timedelta(days=700)) == 0
    assert retention.refresh(at=AT + timedelta(days=732)) == 1
    assert not ConcernText.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    page = officer.get(f"concerns/{filed.code}").content.decode()
    assert "What the person wrote is deleted" in page
    assert "They lock the door" not in page


def test_every_code_of_a_concern_has_its_words() -> None:
    assert set(room.CATEGORIES) == set(pages.CATEGORIES) == set(concerns.Category)
    assert set(room.STATES) == set(pages.STATES) == set(concerns.State)
    assert set(room.OUTCOMES) == set(pages.OUTCOMES) == set(concerns.Outcome)
    assert set(pages.BODIES) == set(concerns.Body)
    assert set(room.ACTS) == set(concerns.Action)
