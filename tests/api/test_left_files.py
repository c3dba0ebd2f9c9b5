"""Files that were stored for a record which was never written: gone after a day, and nothing else with them."""

import logging
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError

from api import documents, evidence, retention
from api.demo_scanner import Scanner
from api.evidence import Made
from registry import stored
from registry.models import ConcernFile
from registry.remedy import intake
from registry.remedy.intake import Report
from tests import applying, builders
from tests.api import test_desk_apply
from tests.api.test_desk_apply import PDF

pytestmark = pytest.mark.django_db
scanner = test_desk_apply.scanner
AT = builders.START
DAY = 24 * 60 * 60
SOUND = Made("audio/mpeg", b"\xff\xfb sound")


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of documents, with the file of one concern in it."""
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    builders.authority()
    with evidence.stored([SOUND], key="filed") as files:
        intake.file(Report(("fees",), "They lock the door.", "XA-DLA", "en"), key="filed", files=files, at=AT)
    return tmp_path / "documents"


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Store a file of a form that is never filed, for the database goes away before; under which name."""

    def away(_stored_as: str) -> bool:
        raise OperationalError

    def left(key: str) -> str:
        with monkeypatch.context() as patch, suppress(OperationalError):
            patch.setattr(intake, "holds", away)
            with evidence.stored([SOUND], key=key) as files:
                raise OperationalError
        return str(files[0].stored_as)

    return left


def _aged(folder: Path, seconds: int = DAY + 60) -> None:
    for name in _files(folder):
        then = (folder / name).stat().st_mtime - seconds
        os.utime(folder / name, (then, then))


Leave = Callable[[str], str]


def test_what_was_left_behind_is_gone_after_a_day_and_not_before(
    folder: Path, leave: Leave, scanner: Scanner
) -> None:
    held = _files(folder)
    letter = documents.keep(SimpleUploadedFile("lease.pdf", PDF)).stored_as
    left = {leave("never filed"), letter}
    retention.refresh(at=AT)
    assert _files(folder) == held | left
    _aged(folder, DAY - 60)
    retention.refresh(at=AT)
    assert _files(folder) == held | left
    _aged(folder)
    young = leave("a moment ago")
    retention.refresh(at=AT)
    assert _files(folder) == held | {young}
    row = ConcernFile.objects.get()
    assert evidence.content(row.reference, row.stored_as) == SOUND.content


def test_the_same_form_sent_again_has_its_file_however_the_night_falls(folder: Path, leave: Leave) -> None:
    left = leave("sent again")
    _aged(folder)
    filed: list[str] = []

    def known(names: Collection[str]) -> Collection[str]:
        found = stored.known(names)
        with evidence.stored([SOUND], key="sent again") as files:  # finds its file there, and files it
            intake.file(Report(("fees",), "Again.", "XA-DLA", "en"), key="again", files=files, at=AT)
        filed.append(files[0].stored_as)
        return found

    assert documents.sweep(known) == 0
    assert filed == [left]
    for row in ConcernFile.objects.all():
        assert evidence.content(row.reference, row.stored_as) == SOUND.content


def test_what_a_killed_sweep_had_set_aside_is_put_back(folder: Path, leave: Leave) -> None:
    held = _files(folder)
    leave("nobody's")
    _aged(folder)
    for name in _files(folder):
        (folder / name).rename(folder / f"{name}.left")
    assert documents.sweep(stored.known) == 1
    assert _files(folder) == held
    row = ConcernFile.objects.get()
    assert evidence.content(row.reference, row.stored_as) == SOUND.content


def test_a_folder_that_is_not_this_databases_is_left_alone(
    folder: Path, leave: Leave, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(documents.MOST_LEFT + 1):
        leave(f"too many {number}")
    _aged(folder)
    before = _files(folder)
    with caplog.at_level(logging.ERROR, "api.jobs"):
        retention.refresh(at=AT)
    assert _files(folder) == before
    assert "4 of 5 files" in caplog.text
    ConcernFile.objects.all().delete()
    for name in sorted(before)[1:]:
        (folder / name).unlink()
    with pytest.raises(documents.NotOurs, match="1 of 1 files"):
        documents.sweep(stored.known)
    assert len(_files(folder)) == 1


def test_what_is_no_paper_of_ours_is_left_alone_and_no_folder_is_no_fault(
    folder: Path, settings: Any, tmp_path: Path
) -> None:
    storages["documents"].save("readme.txt", ContentFile(b"A note of the operator's."))
    (folder / "zz").mkdir()
    (folder / "zz" / "other").write_bytes(b"Somebody else's.")
    _aged(folder)
    before = _files(folder)
    assert documents.sweep(stored.known) == 0
    assert _files(folder) == before
    settings.REGISTRY_DOCUMENTS = tmp_path / "nowhere"
    assert documents.sweep(stored.known) == 0


def test_every_table_that_notes_a_file_is_asked(folder: Path) -> None:
    applying.submitted(AT)
    noted = set[str]()
    for model in apps.get_models():
        if any(field.name == "stored_as" for field in model._meta.fields):
            assert model._meta.app_label == "registry"
            noted |= set(model._default_manager.values_list("stored_as", flat=True))
    assert len(noted) > 2
    assert stored.known({*noted, *(f"un/known{number}" for number in range(1500))}) == noted
