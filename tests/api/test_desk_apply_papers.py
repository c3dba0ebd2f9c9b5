"""Papers of an application: taken only where a scanner's word is clear, for what they are, and kept out of sight."""

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import documents
from api.demo_scanner import EICAR, Scanner
from registry.models import ApplicationDocument
from tests import applying as apply
from tests import builders
from tests.api import test_desk_apply
from tests.api.test_desk_apply import AT, KESTREL, PDF, Applicant, account_of, csrf, upload
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
place, scanner, applicant = test_desk_apply.place, test_desk_apply.scanner, test_desk_apply.applicant


@pytest.fixture(scope="module")
def drafted(kept: Kept) -> str:
    """A draft of the applicant's in which nothing is missing."""
    with kept(at=AT):
        builders.authority(at=AT - timedelta(days=60))
        return apply.drafted(AT, account=f"APPLICANT-{account_of(KESTREL).pk}")


def test_a_paper_is_scanned_kept_out_of_sight_and_handed_out_as_an_attachment(
    applicant: Applicant, drafted: str, scanner: Scanner, place: Path
) -> None:
    answer = applicant.send(
        f"applications/{drafted}/documents", kind="premises", file=upload(name="мой договор.pdf")
    )
    assert answer.status_code == 302
    assert scanner.read == [PDF]
    held = ApplicationDocument.objects.exclude(stored_as__startswith="nowhere").get()
    assert (held.media_type, held.size, held.name) == ("application/pdf", len(PDF), "мой договор.pdf")
    stored = place / held.stored_as
    assert stored.read_bytes() == PDF
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert "договор" not in held.stored_as
    got = applicant.get(f"applications/{drafted}/documents/{held.reference}")
    assert b"".join(got.streaming_content) == PDF
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Type"] == "application/pdf"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    removed = applicant.client.post(
        f"/apply/applications/{drafted}/documents/{held.reference}/remove", csrf(applicant)
    )
    assert removed.status_code == 302
    assert not stored.exists()


HOSTILE = {
    "a page that calls itself a PDF": (
        b"<html><script>alert(1)</script></html>",
        "lease.pdf",
        "application/pdf",
    ),
    "a drawing with a script": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        "a.png",
        "image/png",
    ),
    "a program": (b"MZ\x90\x00" + b"\0" * 60, "lease.pdf", "application/pdf"),
    "an archive": (b"PK\x03\x04" + b"\0" * 60, "lease.pdf", "application/pdf"),
    "plain text": (b"hello", "lease.pdf", "application/pdf"),
    "nothing": (b"", "lease.pdf", "application/pdf"),
    "zeroes": (b"\0" * 100, "lease.pdf", "application/pdf"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_is_what_its_content_says_and_the_rest_is_refused(
    applicant: Applicant, drafted: str, scanner: Scanner, place: Path, hostile: str
) -> None:
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload(*HOSTILE[hostile]))
    assert answer.status_code == 422
    assert 'class="field wrong"' in answer.content.decode()
    assert not place.exists()
    assert ApplicationDocument.objects.count() == len(apply.PAPERS)


def test_a_harmful_file_is_refused_and_leaves_nothing(
    applicant: Applicant, drafted: str, scanner: Scanner, place: Path
) -> None:
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload(PDF + EICAR))
    assert answer.status_code == 422
    assert "Eicar-Test-Signature" in answer.content.decode()
    assert not place.exists()


@pytest.mark.parametrize(
    "says", [b"", b"stream: \0", b"INSTREAM size limit exceeded. ERROR\0", b"\xff\0", b"OK\0"]
)
def test_without_a_clear_word_of_the_scanner_nothing_is_taken(
    applicant: Applicant, drafted: str, scanner: Scanner, place: Path, says: bytes
) -> None:
    scanner.says = says
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload())
    assert answer.status_code == 503
    assert not place.exists()


@pytest.mark.parametrize("where", ["", "127.0.0.1:1", "/nowhere/clamd.sock", "nonsense"])
def test_without_a_scanner_nothing_is_taken(
    applicant: Applicant, drafted: str, settings: Any, place: Path, where: str
) -> None:
    settings.REGISTRY_CLAMD = where
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload())
    assert answer.status_code == 503
    assert not place.exists()


def test_a_scanner_may_answer_at_a_path(
    applicant: Applicant, drafted: str, settings: Any, tmp_path: Path
) -> None:
    running = Scanner(tmp_path / "s")
    settings.REGISTRY_CLAMD = running.address
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload())
    running.close()
    assert answer.status_code == 302


def test_a_file_that_is_too_large_is_never_kept_and_a_huge_request_is_not_read(
    applicant: Applicant, drafted: str, scanner: Scanner, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "LARGEST", 100_000)
    answer = applicant.send(
        f"applications/{drafted}/documents", kind="other", file=upload(PDF + b"\0" * 200_000)
    )
    assert answer.status_code == 422
    assert "larger than" in answer.content.decode()
    assert scanner.read == []
    monkeypatch.setattr(documents.Upload, "most", 50_000)
    assert applicant.send(f"applications/{drafted}/documents", kind="other", file=upload()).status_code == 302
    large = applicant.send(
        f"applications/{drafted}/documents", kind="other", file=upload(PDF + b"\0" * 60_000)
    )
    assert large.status_code in {400, 413}


def test_so_many_papers_and_no_more(applicant: Applicant, drafted: str, scanner: Scanner) -> None:
    for _ in range(16):
        apply.attached(drafted, account=applicant.account, at=AT)
    answer = applicant.send(f"applications/{drafted}/documents", kind="other", file=upload())
    assert answer.status_code == 400
    assert "At most 20 papers" in answer.content.decode()
    assert scanner.read == []
