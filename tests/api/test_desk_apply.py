"""Applicants at their pages: account, form, papers, letters; what is wrong, hostile or somebody else's is refused."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api import auth
from api.demo_scanner import Scanner
from api.desk.apply.objections import OBJECTIONS
from api.models import RateBucket, User
from registry.admission import reading
from registry.models import Application, ApplicationDocument, ApplicationEvent
from registry.rules import applying as law
from registry.rules.applying import Action
from tests import applying as apply
from tests import builders
from tests.api.officials import PASSWORD, SECRET, Answer, Device, appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
KESTREL = "kestrel@kestrel.example"
_HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)"(?: value="([^"]*)")?')


@pytest.fixture(scope="module", autouse=True)
def _authority(kept: Kept) -> None:
    with kept():
        builders.authority(at=AT - timedelta(days=60))


@pytest.fixture(autouse=True)
def place(clock: Clock, settings: Any, tmp_path: Path) -> Path:
    """A stopped clock, and a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    return tmp_path / "documents"


@pytest.fixture
def scanner(settings: Any) -> Iterator[Scanner]:
    """A scanner that answers."""
    running = Scanner()
    settings.REGISTRY_CLAMD = running.address
    yield running
    running.close()


def account_of(name: str) -> User:
    """An applicant with an account, a confirmed address and a device."""
    user = User.objects.filter(username=name).first() or User.objects.create_user(
        name, email=name, password=PASSWORD
    )
    EmailAddress.objects.get_or_create(user=user, email=name, defaults={"verified": True, "primary": True})
    if not auth.has_second_factor(user):
        auth.enrol(user, SECRET)
    return user


class Applicant:
    """An applicant's browser: forms are sent with what they hold."""

    def __init__(self, client: Client, name: str = KESTREL) -> None:
        client.handler.enforce_csrf_checks = True
        self.user = account_of(name)
        self.client = sign_in(client, self.user).client
        self.account = f"APPLICANT-{self.user.pk}"

    def get(self, path: str = "", **query: Any) -> Answer:
        return self.client.get(f"/apply/{path}", query)

    def send(self, path: str, **fields: Any) -> Answer:
        """Open the page and send its form."""
        return send(self.client, f"/apply/{path}", **fields)


def send(client: Client, path: str, **fields: Any) -> Answer:
    """Open a page and send its last form with these fields, hidden ones as they came."""
    hidden = dict(_HIDDEN.findall(client.get(path).content.decode()))
    return client.post(path, hidden | fields)


@pytest.fixture
def applicant(desk: Client) -> Applicant:
    return Applicant(desk)


def upload(
    content: bytes = PDF, name: str = "lease.pdf", claimed: str = "application/pdf"
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=claimed)


def drafted(applicant: Applicant) -> str:
    """A draft in which nothing is missing."""
    return apply.drafted(AT, account=applicant.account)


# --- accounts


def test_an_agency_opens_an_account_sets_its_device_up_and_applies(desk: Client, monkeypatch: Any) -> None:
    desk.handler.enforce_csrf_checks = True
    answer = send(
        desk,
        "/apply/sign-up",
        email="Office@Kestrel.Example",
        password="four plain words together",
        language="fr",
    )
    assert answer.headers["Location"] == "/apply/set-up"
    assert desk.get("/apply/").headers["Location"] == "/apply/set-up"
    shown = desk.get("/apply/set-up").content.decode()
    user = User.objects.get(username="office@kestrel.example")
    device = Device(user)
    device.secret = re.search(r'class="secret" dir="ltr">([A-Z2-7 ]+)<', shown)[1].replace(" ", "")  # type: ignore[index]
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", device)
    hidden = dict(_HIDDEN.findall(shown))
    done = desk.post("/apply/set-up", hidden | {"code": device.code})
    assert "<li>" in done.content.decode()
    assert desk.get("/apply/").status_code == 200
    send(desk, "/apply/")  # without a choice: refused at the field
    begun = send(desk, "/apply/", authority="XA-DLA", what="new")
    assert re.fullmatch(r"/apply/applications/LA-000001-./agency", begun.headers["Location"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "nobody", "password": "four plain words together"}, "not an e-mail address"),
        ({"email": "a@kestrel.example", "password": "short"}, "at least 12"),
        ({"email": "a@kestrel.example", "password": "a@kestrel.example"}, "too similar"),
        ({"email": "a@kestrel.example", "password": ""}, "required"),
    ],
)
def test_a_bad_sign_up_says_what_is_wrong(desk: Client, fields: dict[str, str], said: str) -> None:
    answer = send(desk, "/apply/sign-up", **fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not User.objects.exists()


def test_sign_ups_of_one_client_are_limited(desk: Client) -> None:
    for place in range(10):
        send(
            desk,
            "/apply/sign-up",
            email=f"a{place}@kestrel.example",
            password="four plain words together",
            language="en",
        )
        desk.cookies.clear()
    answer = send(
        desk,
        "/apply/sign-up",
        email="last@kestrel.example",
        password="four plain words together",
        language="en",
    )
    assert answer.status_code == 429
    assert RateBucket.objects.exists()
    RateBucket.objects.all().delete()


PATHS = [
    "",
    "applications/LA-000001-0",
    "applications/LA-000001-0/agency",
    "applications/LA-000001-0/documents/x",
]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_enters_without_an_account_and_its_second_factor(desk: Client, path: str) -> None:
    answer = desk.get(f"/apply/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/apply/sign-in")
    user = User.objects.create_user("half@kestrel.example", password=PASSWORD)
    auth.enrol(user, SECRET)
    desk.force_login(user)
    assert desk.get(f"/apply/{path}").status_code == 302


def test_an_officer_s_account_opens_nothing_here_and_an_applicant_s_nothing_at_the_desk(
    desk: Client, new_desk: Callable[[], Client]
) -> None:
    officer = sign_in(desk, appoint("DLA-7", "XA-DLA", "officer")).client
    assert officer.get("/apply/").status_code == 403
    applicant = Applicant(new_desk())
    for path in ("/desk/", "/desk/applications", "/desk/agencies", "/api/v1/staff/agencies"):
        assert applicant.client.get(path).status_code in {401, 403}, path


# --- the form


def test_a_section_is_saved_as_typed_and_says_at_the_field_what_is_wrong(applicant: Applicant) -> None:
    applicant.send("", authority="XA-DLA", what="new")
    number = Application.objects.get().number
    answer = applicant.send(
        f"applications/{number}/agency", legal_name="Kestrel Overseas", email="nowhere", phone="12"
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Kestrel Overseas"' in page
    assert 'value="nowhere"' in page
    wrong = re.findall(r'<div class="field wrong">.*?for="id_(\w+)"', page)
    assert {"email", "phone", "company_number", "address", "locality"} == set(wrong)
    again = applicant.get(f"applications/{number}/agency").content.decode()
    assert 'value="nowhere"' in again
    good = applicant.send(f"applications/{number}/agency", **apply.AGENCY)
    assert good.headers["Location"].endswith("/people")


def test_people_are_a_list_whose_papers_are_never_shown_again(applicant: Applicant) -> None:
    number = drafted(applicant)
    page = applicant.get(f"applications/{number}/people").content.decode()
    assert "Mina Rai (DEMO)" in page
    assert "Type it again only to change it" in page
    held = reading.own(number, account=applicant.account, at=AT).content["people"][0]["document_hmac"]
    assert held not in page
    fields = {f"row0-{k}": v for k, v in apply.PERSON.items() if k != "document"} | {"row1-name": "Second"}
    answer = applicant.send(f"applications/{number}/people", **fields)
    assert answer.status_code == 422
    kept = reading.own(number, account=applicant.account, at=AT).content["people"]
    assert [row["name"] for row in kept] == ["Mina Rai (DEMO)", "Second"]
    assert kept[0]["document_hmac"] == held


def test_what_is_missing_is_named_with_a_way_there_and_a_complete_application_is_sent_once(
    applicant: Applicant,
) -> None:
    applicant.send("", authority="XA-DLA", what="new")
    empty = Application.objects.get().number
    page = applicant.get(f"applications/{empty}/check").content.decode()
    assert f"/apply/applications/{empty}/people?check" in page
    assert "Send the application" not in page
    assert applicant.client.post(f"/apply/applications/{empty}/check", csrf(applicant)).status_code == 422
    number = drafted(applicant)
    assert "Complete" in applicant.get(f"applications/{number}/check").content.decode()
    hidden = dict(_HIDDEN.findall(applicant.get(f"applications/{number}/check").content.decode()))
    for _ in range(2):
        answer = applicant.client.post(f"/apply/applications/{number}/check", hidden)
        assert answer.status_code == 302
    assert ApplicationEvent.objects.filter(application__number=number, action="submit").count() == 1
    assert "Sent, not looked at yet" in applicant.get(f"applications/{number}").content.decode()


def csrf(applicant: Applicant) -> dict[str, str]:
    return {
        "csrfmiddlewaretoken": dict(_HIDDEN.findall(applicant.get().content.decode()))["csrfmiddlewaretoken"]
    }


def test_a_write_without_our_token_is_refused_as_a_page(applicant: Applicant) -> None:
    number = drafted(applicant)
    answer = applicant.client.post(f"/apply/applications/{number}/agency", {"legal_name": "Forged"})
    assert answer.status_code == 403
    assert "text/html" in answer.headers["Content-Type"]


def test_nothing_typed_runs_in_anybody_s_browser(
    applicant: Applicant, desk: Client, scanner: Scanner
) -> None:
    number = drafted(applicant)
    for section, prefix in (
        ("agency", ""),
        ("scope", ""),
        ("security", ""),
        ("people", "row0-"),
        ("offices", "row0-"),
    ):
        fields = {
            f"{prefix}{'document' if one.name == 'document_hmac' else one.name}": XSS
            for one in law_fields(section)
        }
        page = applicant.send(f"applications/{number}/{section}", **fields).content.decode()
        assert "<script>alert" not in page, section
        assert "<img src=x" not in page, section
    answer = applicant.send(f"applications/{number}/documents", kind="other", file=upload(name=f"{XSS}.pdf"))
    assert answer.status_code == 302
    page = applicant.get(f"applications/{number}/documents").content.decode()
    assert "<img src=x" not in page


def law_fields(section: str) -> Any:
    from registry.rules import particulars

    return particulars.FIELDS[section]


def test_somebody_else_s_application_is_not_there(
    applicant: Applicant, new_desk: Callable[[], Client]
) -> None:
    number = drafted(applicant)
    paper = reading.own(number, account=applicant.account, at=AT).papers[0].reference
    other = Applicant(new_desk(), "other@kestrel.example")
    missing = other.get("applications/LA-999999-0")
    for path in (f"applications/{number}", f"applications/{number}/agency", f"applications/{number}/check",
                 f"applications/{number}/withdraw", f"applications/{number}/documents/{paper}"):  # fmt: skip
        answer = other.get(path)
        assert answer.status_code == 404
        assert strip(answer) == strip(missing)
    other.client.post(f"/apply/applications/{number}/agency", csrf(other) | {"legal_name": "Stolen"})
    other.client.post(f"/apply/applications/{number}/documents/{paper}/remove", csrf(other))
    assert reading.own(number, account=applicant.account, at=AT).content["agency"] == apply.AGENCY
    assert ApplicationDocument.objects.filter(reference=paper).exists()


def strip(answer: Answer) -> str:
    return re.sub(r'value="\w+"', "", answer.content.decode())


# --- letters


def test_a_paper_that_was_sent_stays(applicant: Applicant) -> None:
    number = apply.submitted(AT, account=applicant.account)
    paper = reading.own(number, account=applicant.account, at=AT).papers[0].reference
    applicant.client.post(f"/apply/applications/{number}/documents/{paper}/remove", csrf(applicant))
    assert ApplicationDocument.objects.filter(reference=paper).exists()


def test_the_applicant_reads_the_letter_with_its_last_day_and_answers_it(applicant: Applicant) -> None:
    number = apply.minded(AT, account=applicant.account)
    page = applicant.get(f"applications/{number}").content.decode()
    assert "Two directors were convicted." in page
    assert "23 March 2026" in page or "2026" in page
    assert "OFFICER-" not in page
    answer = applicant.send(f"applications/{number}", text=XSS)
    assert answer.status_code == 302
    officer = reading.one(number, by=builders.maker(AT), at=AT)
    assert officer.happened[-1].said["text"] == XSS
    empty = applicant.send(f"applications/{number}", text=" ")
    assert empty.status_code == 422


def test_what_officers_propose_among_themselves_is_not_told(applicant: Applicant) -> None:
    number = apply.reviewed(AT, account=applicant.account)
    apply.take(number, Action.PROPOSE_REFUSAL, at=AT, grounds=["FIT-PROPER"], letter="Not served yet.")
    page = applicant.get(f"applications/{number}").content.decode()
    assert "Not served yet." not in page
    assert "Refusal proposed" not in page
    assert "Under review" in page


def test_an_application_is_taken_back_by_a_button_alone(applicant: Applicant) -> None:
    number = apply.submitted(AT, account=applicant.account)
    applicant.client.post(f"/apply/applications/{number}/withdraw", csrf(applicant))
    assert reading.own(number, account=applicant.account, at=AT).standing.state is law.State.SUBMITTED
    applicant.send(f"applications/{number}/withdraw", sure="1")
    assert reading.own(number, account=applicant.account, at=AT).standing.state is law.State.WITHDRAWN


# --- objections


def test_anybody_objects_without_signing_in_and_within_limits(desk: Client, clock: Clock) -> None:
    desk.handler.enforce_csrf_checks = True
    number = apply.called(AT)
    page = desk.get(f"/apply/objections/{number}")
    assert page.status_code == 200
    assert "Kestrel Overseas (DEMO)" in page.content.decode()
    assert send(desk, f"/apply/objections/{number}", text="").status_code == 422
    for place in range(int(OBJECTIONS.burst)):
        assert send(desk, f"/apply/objections/{number}", text=f"Reason {place}").status_code == 200
    assert send(desk, f"/apply/objections/{number}", text="One more").status_code == 429
    RateBucket.objects.all().delete()
    clock.stop(AT + timedelta(days=20))
    assert desk.get(f"/apply/objections/{number}").status_code == 404


def test_what_the_public_was_not_told_of_has_no_door(desk: Client) -> None:
    for number in (apply.submitted(AT), apply.refused(AT, account="A-2"), "LA-999999-0", "<b>"):
        assert desk.get(f"/apply/objections/{number}").status_code == 404
