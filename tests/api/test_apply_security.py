"""The applicants' pages against whoever means harm: numbers that are walked, files, floods, and texts that would run.

Over every route of ``/apply/`` with a number in it, and every text that an applicant, a holder or the public may type,
read back at every page of the desk that shows it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from api.desk.apply import urls
from api.desk.apply.session import MAILS
from api.models import User
from registry import holders, persons, screening
from registry.admission import applicants, reading
from registry.models import Agency, ApplicationDocument, ApplicationEvent, Entry, EntryPaper, HolderAccount
from registry.rules import numbering, particulars
from registry.rules.applying import Action as Asked
from registry.rules.lifecycle import Action, StepTerms
from registry.rules.numbering import Kind
from tests import applying as apply
from tests import builders
from tests.api import test_desk_apply
from tests.api.at_desk import at_desk
from tests.api.officials import appoint
from tests.api.test_desk_apply import KESTREL, PDF, Applicant, account_of, csrf, send, upload
from tests.api.test_desk_apply_papers import HOSTILE
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HARM = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
RUNS = ("<script>alert", "<img src=x")
scanner = test_desk_apply.scanner

#: Routes whose number opens nothing of an account: keys of mails, and what the public may object to.
OPEN = {
    "confirm/<str:key>", "new-password/<str:number>/<str:key>", "objections/<str:number>", "live/invitations/<str:key>",
}  # fmt: skip


@pytest.fixture(autouse=True)
def place(clock: Clock, settings: Any, tmp_path: Path) -> Path:
    """A stopped clock, and a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    return tmp_path / "documents"


@pytest.fixture
def applicant(desk: Client) -> Applicant:
    """Somebody with an account."""
    return Applicant(desk)


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture(scope="module")
def noticed(kept: Kept) -> tuple[str, int]:
    """A licence whose agency the applicant's account acts for, and a notice served on it."""
    before = AT - timedelta(days=50)
    with kept(at=AT):
        builders.authority(at=AT - timedelta(days=60))
        holder = builders.agency("Bluefinch (DEMO)", at=before, company_number="B 1")
        licence = builders.active(holder, at=before)
        account = f"APPLICANT-{account_of(KESTREL).pk}"
        key = holders.ask(account, licence, f"said{HARM}", at=AT, idempotency_key=builders.key())
        for by in (builders.maker(AT), builders.checker(AT)):
            holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())
        terms = StepTerms(grounds=("FEE-OVERCHARGE",), texts={"en": "Show cause."})
        return licence, builders.take(licence, Action.SHOW_CAUSE, terms, at=AT).sequence


@pytest.fixture
def _authority(db: None) -> None:
    """The authority without licences."""
    builders.authority(at=AT - timedelta(days=60))


# --- numbers that are walked


def test_what_belongs_to_another_account_is_as_unknown_as_what_nobody_has(
    applicant: Applicant, noticed: tuple[str, int], new_desk: Callable[[], Client]
) -> None:
    number = apply.drafted(AT, account=applicant.account)
    paper = reading.own(number, account=applicant.account, at=AT).papers[0].reference
    licence, notice = noticed
    nobodys = {
        number: numbering.reference(Kind.APPLICATION, 900_001),
        licence: str(numbering.next_licence("XA", "DLA", "A", after=900_000)),
        paper: "n0b0dys-paper-has-this-nam",
        str(notice): "900001",
    }
    asked = {
        "applications/<str:number>": (number,),
        "applications/<str:number>/check": (number,),
        "applications/<str:number>/withdraw": (number,),
        "applications/<str:number>/documents/<str:reference>": (number, paper),
        "applications/<str:number>/documents/<str:reference>/remove": (number, paper),
        "applications/<str:number>/<str:name>": (number, "agency"),
        "licences/<str:number>": (licence,),
        "licences/<str:number>/people": (licence,),
        "licences/<str:number>/notices/<int:sequence>": (licence, str(notice)),
        "licences/<str:number>/letters/<int:sequence>.pdf": (licence, str(notice)),
    }
    assert {str(one.pattern) for one in urls.urlpatterns if "<" in str(one.pattern)} == {*asked, *OPEN}
    other = Applicant(new_desk(), "other@kestrel.example")
    before = (Entry.objects.count(), ApplicationEvent.objects.count(), ApplicationDocument.objects.count())
    token = csrf(other)
    for route, values in asked.items():
        theirs, free = _filled(route, values), _filled(route, [nobodys.get(one, one) for one in values])
        sent = {**token, "text": "Mine.", "legal_name": "Stolen", "sure": "1", "keep": ""}
        for body in (None, sent, {**sent, "keep": "keep", "draft": "answer"}):
            if body is None:
                one, two = other.get(theirs), other.get(free)
            else:
                sends = {name: value for name, value in body.items() if name != "keep" or value}
                one, two = (other.client.post(f"/apply/{path}", sends) for path in (theirs, free))
            other.get()  # what was told once is not told again
            assert one.status_code == two.status_code, route
            assert one.status_code in {302, 404, 405}, route
            if one.status_code != 302:
                assert _plain(one, values) == _plain(two, list(nobodys.values())), route
            elif body is None:
                assert route.endswith("/remove"), "only sends on, and does nothing"
    after = (Entry.objects.count(), ApplicationEvent.objects.count(), ApplicationDocument.objects.count())
    assert after == before
    assert reading.own(number, account=applicant.account, at=AT).content["agency"] == apply.AGENCY


def _filled(route: str, values: Any) -> str:
    for value in values:
        route = re.sub(r"<\w+:\w+>", value, route, count=1)
    return route


def _plain(answer: Any, numbers: Any) -> str:
    """A page without the numbers asked about and the tokens of its forms."""
    page = re.sub(r'value="[\w-]+"', "", text(answer))
    for number in numbers:
        page = page.replace(number, "#")
    return page


def test_another_account_s_connection_shows_nothing(
    applicant: Applicant, noticed: tuple[str, int], new_desk: Callable[[], Client]
) -> None:
    licence, _notice = noticed
    home = text(Applicant(new_desk(), "other@kestrel.example").get())
    assert licence not in home
    assert "Bluefinch" not in home


# --- files and floods


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_paper_with_an_answer_is_what_its_content_says(
    applicant: Applicant, noticed: tuple[str, int], scanner: Any, place: Path, hostile: str
) -> None:
    licence, notice = noticed
    path = f"licences/{licence}/notices/{notice}"
    answer = applicant.send(path, text="Paid back.", papers=upload(*HOSTILE[hostile]))
    assert answer.status_code == 422
    assert "Paid back." in text(answer)
    assert not EntryPaper.objects.exists()
    assert not place.exists()


def test_one_bad_paper_among_good_ones_leaves_none(
    applicant: Applicant, noticed: tuple[str, int], scanner: Any, place: Path
) -> None:
    licence, notice = noticed
    path = f"licences/{licence}/notices/{notice}"
    papers = [upload(PDF, "a.pdf"), upload(b"MZ", "b.exe")]
    assert applicant.send(path, text="Paid back.", papers=papers).status_code == 422
    papers = [upload(PDF, f"{n}.pdf") for n in range(holders.MOST_PAPERS + 1)]
    assert applicant.send(path, text="Paid back.", papers=papers).status_code == 422
    assert not EntryPaper.objects.exists()
    assert not [one for one in place.rglob("*") if one.is_file()]


@pytest.mark.usefixtures("_authority")
def test_mails_that_confirm_an_address_are_limited(applicant: Applicant) -> None:
    for _ in range(int(MAILS.burst)):
        assert applicant.client.post("/apply/confirm", csrf(applicant)).status_code == 302
    stopped = applicant.client.post("/apply/confirm", csrf(applicant))
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0


# --- texts that would run


def harm(name: str) -> str:
    """What would run, under a name by which it is found again."""
    return f"{name}-{HARM}"


def hostile(number: str, account: str) -> set[str]:
    """Every field of the application that takes it holds what would run; their names."""
    held = set()
    for section in ("agency", "people", "offices", "scope", "security"):
        found = reading.own(number, account=account, at=AT).content.get(section) or {}
        row = dict(found[0] if isinstance(found, list) else found)
        for one in particulars.FIELDS[section]:
            name = "document" if one.name == "document_hmac" else one.name
            typed = {**row, name: harm(f"{section}_{name}"), "was": "0"}
            sent = [typed] if section in particulars.LISTS else typed
            if applicants.save(number, section, sent, account=account, at=AT) == ():
                row = typed
                held.add(f"{section}_{name}")
        sent = [row] if section in particulars.LISTS else row
        assert applicants.save(number, section, sent, account=account, at=AT) == (), section
    return held


def test_nothing_that_applicants_holders_and_the_public_typed_runs_at_the_desk(
    applicant: Applicant, noticed: tuple[str, int], new_desk: Callable[[], Client], scanner: Any, clock: Clock
) -> None:
    number = apply.drafted(AT, account=applicant.account)
    typed = hostile(number, applicant.account)
    assert {"agency_legal_name", "agency_address", "people_name", "offices_name", "offices_address"} <= typed
    applicant.send(f"applications/{number}/documents", kind="other", file=upload(PDF, f"{HARM}.pdf"))
    applicants.submit(number, account=applicant.account, at=AT, idempotency_key=builders.key())
    apply.take(number, Asked.REVIEW, at=AT)
    for step, said in (
        (Asked.ORDER_INSPECTION, {}),
        (Asked.RECORD_INSPECTION, {"on": AT.date(), **apply.INSPECTION}),
        (Asked.CALL_FOR_OBJECTIONS, {}),
    ):
        apply.take(number, step, at=AT, **said)
    public = new_desk()
    answer = send(
        public, f"/apply/objections/{number}", text=harm("objection"), name=harm("by"), contact=harm("at")
    )
    assert answer.status_code == 200
    refused = apply.refused(AT, account="APPLICANT-9", legal_name="Egret (DEMO)", company_number="E 1")
    applicants.appeal(refused, harm("appeal"), account="APPLICANT-9", at=AT, idempotency_key=builders.key())
    minded = apply.minded(AT, account="APPLICANT-8", legal_name="Heron (DEMO)", company_number="H 1")
    applicants.represent(minded, harm("answer"), account="APPLICANT-8", at=AT, idempotency_key=builders.key())
    licence, notice = noticed
    filed = applicant.send(
        f"licences/{licence}/notices/{notice}", text=harm("represented"), papers=upload(PDF, f"{HARM}.pdf")
    )
    assert filed.status_code == 302
    later = AT + timedelta(days=16)
    clock.stop(later)
    first = later.date() + timedelta(days=1)
    apply.take(number, Asked.PROPOSE_GRANT, at=later, first_day=first, last_day=first.replace(year=2028))
    apply.take(number, Asked.GRANT, at=later)
    officer = at_desk(new_desk(), appoint("DLA-7", "XA-DLA", "officer", "supervisor", "registrar", "auditor"))
    pages = {path: text(officer.get(path)) for path in _pages(later, number, refused, minded, licence)}
    for path, page in pages.items():
        assert "<h1>" in page, path
        assert not [one for one in RUNS if one in page], path
    shown = unescape(" ".join(pages.values()))
    free = {"objection", "by", "at", "appeal", "answer", "represented"}
    unseen = {one for one in typed | free if harm(one) not in shown}
    assert unseen <= {"people_document"}, "a paper's number is never shown"
    assert f"said{HARM}" in shown
    for path in ("", f"applications/{number}", f"licences/{licence}", f"licences/{licence}/notices/{notice}"):
        assert not [one for one in RUNS if one in text(applicant.get(path))], path


def _pages(at: datetime, number: str, refused: str, minded: str, licence: str) -> list[str]:
    """The pages of the desk that show what somebody outside typed."""
    by = builders.checker(at)
    granted = Agency.objects.get(number=reading.one(number, by=by, at=at).agency)
    opened = granted.licences.get().number
    agencies_ = [granted.number, Agency.objects.get(licences__number=licence).number]
    lines, _more = persons.listed(by=by, at=at, q="people")
    matches = [one.id for one in screening.of(granted.number, at=at).matches]
    return [
        "", "applications", "agencies", "holders", "screening", "securities", "persons", "persons?q=people",
        *(f"applications/{one}" for one in (number, refused, minded)),
        f"applications/{refused}/record_outcome", f"applications/{minded}/refuse",
        *(f"agencies/{one}" for one in agencies_), *(f"agencies/{one}/versions" for one in agencies_),
        *(f"agencies/{one}/links" for one in agencies_), *(f"agencies/{one}/merge" for one in agencies_),
        f"agencies/{granted.number}/versions/{granted.number}", f"agencies/{granted.number}/steps/debar",
        *(f"licences/{one}" for one in (opened, licence)), *(f"licences/{one}/letters" for one in (opened, licence)),
        f"licences/{licence}/steps/suspend_preventive", f"securities/{opened}",
        *(f"holders/{one.pk}" for one in HolderAccount.objects.all()), *(f"persons/{one.number}" for one in lines),
        *(f"screening/{one}" for one in matches), "reports/register", "reports/expiring", "readings",
    ]  # fmt: skip


@pytest.mark.usefixtures("_authority")
def test_addresses_of_mail_take_nothing_that_would_run(desk: Client) -> None:
    for path, fields in (
        ("/apply/sign-up", {"password": "four plain words together", "language": "en"}),
        ("/apply/forgotten", {}),
        ("/apply/sign-in", {"password": HARM, "code": HARM}),
    ):
        name = "username" if path.endswith("sign-in") else "email"
        page = text(send(desk, path, **{name: f"{HARM}@kestrel.example"}, **fields))
        assert not [one for one in RUNS if one in page], path
    assert not User.objects.exists()
