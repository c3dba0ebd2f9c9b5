"""Uploads against a real clamd with one signature written by hand: that of the EICAR test file."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from api import documents, problems, scanning
from api.demo_scanner import EICAR

CLAMD = shutil.which("clamd")
pytestmark = pytest.mark.skipif(CLAMD is None, reason="clamd is not installed (Debian: clamav-daemon)")
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
SECONDS = 30


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A clamd of our own on a private socket; its address."""
    place = tmp_path_factory.mktemp("clamd")
    signatures = place / "signatures"
    signatures.mkdir()
    (signatures / "test.ndb").write_text(f"Eicar-By-Hand:0:*:{EICAR.hex()}\n", encoding="ascii")
    address = place / "socket"
    said = {
        "DatabaseDirectory": signatures, "LocalSocket": address, "Foreground": "yes", "StreamMaxLength": "1M",
        "TemporaryDirectory": place, "LogFile": place / "log",
    }  # fmt: skip
    settings = place / "clamd.conf"
    settings.write_text("".join(f"{name} {value}\n" for name, value in said.items()), encoding="utf-8")
    running = subprocess.Popen([str(CLAMD), "-c", str(settings)])
    for _ in range(SECONDS * 20):
        if address.exists() or running.poll() is not None:
            break
        time.sleep(0.05)
    assert address.exists(), (place / "log").read_text(encoding="utf-8")
    yield str(address)
    running.terminate()
    running.wait(SECONDS)


@pytest.fixture
def scanned(daemon: str, settings: Any, tmp_path: Path) -> Path:
    """The folder of papers, scanned by it."""
    settings.REGISTRY_CLAMD, settings.REGISTRY_DOCUMENTS = daemon, tmp_path / "documents"
    return tmp_path / "documents"


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("lease.pdf", content, content_type="application/pdf")


def test_a_clean_paper_is_kept(scanned: Path) -> None:
    kept = documents.keep(upload(PDF))
    assert (scanned / kept.stored_as).read_bytes() == PDF


def test_what_the_scanner_finds_is_refused_by_its_name_and_not_kept(scanned: Path) -> None:
    with pytest.raises(problems.Refusal) as refusal:
        documents.keep(upload(PDF + EICAR))
    assert refusal.value.code == "document.infected"
    assert str(refusal.value.facts["found"]).startswith("Eicar-By-Hand")
    assert not [path for path in scanned.rglob("*") if path.is_file()]


def test_what_the_scanner_would_not_read_to_its_end_is_refused(scanned: Path) -> None:
    with pytest.raises(problems.Refusal) as refusal:
        scanning.scan([bytes(1 << 20), bytes(1 << 20), bytes(1 << 20)])
    assert refusal.value.code == "scanner.unreachable"
