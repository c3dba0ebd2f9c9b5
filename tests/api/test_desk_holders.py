"""From an account to an agency that is in the register: asking, two officers, a notice and its answer, letters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api import phrases
from api.demo_scanner import EICAR
from api.models import Mail, Reading
from api.outbound import mails
from registry import agencies, holders
from registry.models import Agency, Entry, EntryPaper, HolderAccount
from registry.rules import four_eyes
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.api import test_desk_apply, test_letters
from tests.api.at_desk import at_desk
from tests.api.officials import appoint, sign_in
from tests.api.test_desk_apply import PDF, XSS, Applicant
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
scanner, sink = test_desk_apply.scanner, test_letters.sink


@pytest.fixture(scope="module")
def in_force(kept: Kept) -> str:
    """A licence of an agency with an official address."""
    before = AT - timedelta(days=50)
    by = builders.maker(before)
    with kept(at=AT):
        builders.authority(at=before)
        agency = builders.agency(at=before)
        agencies.add_channel(
            agency, "email", "office@bluefinch.example", by=by, at=before, idempotency_key="c-1"
        )
        return builders.active(agency, at=before)


@pytest.fixture
def licence(in_force: str, clock: Clock, settings: Any, tmp_path: Any) -> str:
    """The licence, at a stopped clock and with a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    return in_force


def connected(applicant: Applicant, licence: str) -> None:
    """Two officers have connected the account."""
    key = holders.ask(applicant.account, licence, "Its director.", at=AT, idempotency_key=builders.key())
    for by in (builders.maker(AT), builders.checker(AT)):
        holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())


def served(licence: str) -> int:
    """A notice to show cause."""
    terms = StepTerms(
        grounds=("FEE-OVERCHARGE",), texts={"en": "Two workers paid you 900.", "ar": "دفع لك عاملان 900."}
    )
    return builders.take(licence, Action.SHOW_CAUSE, terms, at=AT).sequence


def test_an_account_is_connected_at_the_desk_by_two_officers(
    desk: Client, new_desk: Callable[[], Client], licence: str, sink: Callable[..., Any]
) -> None:
    taken = sink()
    mails.refresh(at=AT)
    applicant = Applicant(desk)
    wrong = applicant.send("agencies/connect", licence="XA-DLA-A-000001-0", said="Me.")
    assert wrong.status_code == 422
    assert "Check it" in wrong.content.decode()
    answer = applicant.send("agencies/connect", licence=licence, said=XSS)
    assert answer.headers["Location"] == "/apply/"
    assert "waits for two officers" in applicant.get().content.decode()
    mails.refresh(at=AT)
    assert {row.address for row in Mail.objects.all()} == {"office@bluefinch.example"}
    first = at_desk(new_desk(), appoint("DLA-7", "XA-DLA", "officer"))
    key = HolderAccount.objects.get().pk
    shown = first.get(f"holders/{key}").content.decode()
    assert XSS not in shown
    assert "office@bluefinch.example" in shown
    assert first.send(f"holders/{key}", no_conflict="on").status_code == 302
    assert first.send(f"holders/{key}", no_conflict="on").status_code in {403, 422}
    second = at_desk(new_desk(), appoint("DLA-9", "XA-DLA", "supervisor"))
    assert second.send(f"holders/{key}", no_conflict="on").status_code == 302
    assert HolderAccount.objects.get().state == "connected"
    home = applicant.get().content.decode()
    assert f"/apply/licences/{licence}" in home
    assert 'name="language"' in home
    assert f'value="renews:{licence}"' in home
    begun = applicant.send("", authority="XA-DLA", what=f"renews:{licence}")
    assert begun.headers["Location"].endswith("/scope")
    mails.refresh(at=AT)
    assert Mail.objects.filter(kind="holder_connected").count() == 2
    assert taken.letters
    assert Reading.objects.filter(fields="holders").count() >= 2
    other = at_desk(new_desk(), appoint("XB-1", "XB-DLA", "officer"))
    assert other.get(f"holders/{key}").status_code == 404


def test_a_holder_reads_a_notice_answers_it_with_papers_and_officers_find_them(
    desk: Client, new_desk: Callable[[], Client], licence: str, scanner: Any, sink: Callable[..., Any]
) -> None:
    taken = sink()
    mails.refresh(at=AT)
    applicant = Applicant(desk)
    connected(applicant, licence)
    notice = served(licence)
    mails.refresh(at=AT)
    told = Mail.objects.filter(kind="show_cause").order_by("address")
    assert [row.address for row in told] == ["kestrel@kestrel.example", "office@bluefinch.example"]
    assert not any(b"900" in letter for letter in taken.letters)
    path = f"licences/{licence}/notices/{notice}"
    assert "Two workers paid you 900." in applicant.get(path).content.decode()
    bad = SimpleUploadedFile("virus.pdf", PDF + EICAR, content_type="application/pdf")
    refused = applicant.send(path, text="Paid back.", papers=bad)
    assert refused.status_code == 422
    assert "Nothing of it was kept" in refused.content.decode()
    assert "Paid back." in refused.content.decode()
    assert not Entry.objects.filter(action="represent").exists()
    good = SimpleUploadedFile("receipts.pdf", PDF, content_type="application/pdf")
    filed = applicant.send(path, text="Paid back.", papers=good)
    assert filed.status_code == 302, filed.content.decode()
    assert "Paid back." in applicant.get(path).content.decode()
    pages = at_desk(new_desk(), appoint("DLA-7", "XA-DLA", "officer"))
    shown = pages.get(f"licences/{licence}").content.decode()
    assert "Paid back." in shown
    reference = EntryPaper.objects.get().reference
    href = f"licences/{licence}/papers/{reference}"
    assert href in shown
    got = pages.get(href)
    assert b"".join(got.streaming_content) == PDF
    assert got.headers["Content-Disposition"].startswith("attachment")
    agency = Agency.objects.get(licences__number=licence).number
    assert href in pages.get(f"agencies/{agency}").content.decode()
    consul = at_desk(new_desk(), appoint("XB-1", "XB-DLA", "officer"))
    assert consul.get(href).status_code == 404


def test_a_notice_of_somebody_else_is_not_there(desk: Client, licence: str) -> None:
    notice, applicant = served(licence), Applicant(desk)
    for path in (
        f"licences/{licence}",
        f"licences/{licence}/notices/{notice}",
        f"licences/{licence}/letters/{notice}.pdf",
    ):
        assert applicant.get(path).status_code == 404


def test_the_letter_is_in_the_language_that_the_holder_chose(
    desk: Client, licence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.desk import prints

    said: list[dict[str, Any]] = []
    typeset = prints.typeset

    def kept(name: str, told: dict[str, Any]) -> bytes:
        said.append(told)
        return typeset(name, told)

    monkeypatch.setattr(prints, "typeset", kept)
    applicant = Applicant(desk)
    connected(applicant, licence)
    notice = served(licence)
    applicant.client.post("/apply/letters-language", {"language": "ar", **test_desk_apply.csrf(applicant)})
    answer = applicant.get(f"licences/{licence}/letters/{notice}.pdf")
    assert answer.content.startswith(b"%PDF")
    assert (said[0]["language"], said[0]["rtl"]) == ("ar", True)
    assert said[0]["summary"] == "دفع لك عاملان 900."
    assert said[0]["title"] == "إخطار بإبداء الأسباب"
    french = applicant.get(f"licences/{licence}/letters/{notice}.pdf", lang="fr")
    assert french.status_code == 200
    assert said[1]["title"] == "Mise en demeure de s’expliquer"
    for language in ("am", "my", "ta", "ur"):
        answer = applicant.get(f"licences/{licence}/letters/{notice}.pdf", lang=language)
        assert (answer.status_code, said[-1]["language"]) == (200, language)
        title = phrases.say("Notice to show cause", language)
        with pypdfium2.PdfDocument(answer.content) as letter:
            assert said[-1]["title"] == title
            assert title[0] in letter[0].get_textpage().get_text_range(), "a font of ours has its letters"


def test_programs_list_confirm_and_end_accounts_as_the_desk_does(
    desk: Client, new_desk: Callable[[], Client], licence: str
) -> None:
    applicant = Applicant(desk)
    key = holders.ask(applicant.account, licence, XSS, at=AT, idempotency_key=builders.key())
    first = sign_in(new_desk(), appoint("DLA-7", "XA-DLA", "officer"))
    second = sign_in(new_desk(), appoint("DLA-9", "XA-DLA", "supervisor"))
    listed = first.get("holders").json()["data"]
    assert [(one["id"], one["state"], one["said"]) for one in listed] == [(key, "asked", XSS)]
    assert listed[0]["emails"] == ["office@bluefinch.example"]
    assert first.get("holders?state=connected").json()["data"] == []
    assert first.get("holders?state=ended").status_code == 400
    path, declared = f"holders/{key}", {"no_conflict": True}
    assert first.post(f"{path}/approvals", {}).status_code == 422
    confirmed = first.post(f"{path}/approvals", declared)
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["first_by"]) == (
        201, "supported", "DLA-7",
    )  # fmt: skip
    again = first.post(f"{path}/approvals", declared)
    assert again.status_code in {403, 409}
    assert second.post(f"{path}/approvals", declared).json()["state"] == "connected"
    assert [one["id"] for one in second.get("holders?state=connected").json()["data"]] == [key]
    assert second.post(f"{path}/approvals", declared).json()["code"] == "holder.not_allowed"
    assert second.post(f"{path}/ends", declared).status_code == 400
    ended = first.post(f"{path}/ends", declared | {"reason": "It left the agency."})
    assert (ended.json()["state"], ended.json()["reason"]) == ("ended", "It left the agency.")
    assert Reading.objects.filter(fields="holders", through="api").count() >= 4


def test_a_first_yes_that_has_lapsed_is_none_in_the_api(
    desk: Client, new_desk: Callable[[], Client], licence: str, clock: Clock
) -> None:
    key = holders.ask(Applicant(desk).account, licence, "Me.", at=AT, idempotency_key=builders.key())
    holders.confirm(key, by=builders.maker(AT), at=AT, no_conflict=True, idempotency_key=builders.key())
    clock.stop(AT + four_eyes.RUNS)
    officer = sign_in(new_desk(), appoint("DLA-9", "XA-DLA", "supervisor"))
    for told in (officer.get(f"holders/{key}").json(), officer.get("holders").json()["data"][0]):
        assert (told["state"], told["first_by"], told["first_at"]) == ("asked", "", None)


def test_roles_and_a_stale_factor_are_refused_in_the_api(
    desk: Client, new_desk: Callable[[], Client], licence: str, clock: Clock
) -> None:
    key = holders.ask(Applicant(desk).account, licence, "Me.", at=AT, idempotency_key=builders.key())
    path, declared = f"holders/{key}", {"no_conflict": True}
    for place, role in enumerate(("analyst", "inspector", "consular", "appeals_body", "auditor")):
        who = sign_in(new_desk(), appoint(f"DLA-2{place}", "XA-DLA", role))
        assert who.get("holders").status_code == (200 if role == "auditor" else 403), role
        assert who.post(f"{path}/approvals", declared).status_code == 403, role
        assert who.post(f"{path}/ends", declared | {"reason": "No."}).status_code == 403, role
    officer = sign_in(new_desk(), appoint("DLA-7", "XA-DLA", "officer"))
    clock.stop(AT + timedelta(minutes=6))
    assert officer.post(f"{path}/approvals", declared).json()["code"] == "actor.second_factor_needed"
    assert HolderAccount.objects.get().state == "asked"
