"""Warnings, from the officer's form to the worker who pastes a page: at the desk, over HTTP, as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.test import Client

from api import throttles
from registry import agencies, alerts
from tests import builders
from tests.api.at_desk import at_desk
from tests.api.officials import appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = AT - timedelta(days=20)
EVIL = "<script>alert(1)</script>"
PAGE = "https://www.facebook.com/HarbourBridge.jobs"
FAKE, REAL = "+442079460499", "+442079460155"
HTML = {"Accept": "text/html"}
_numbers = count(20)


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority(at=START)
        number = builders.agency("Harbour Bridge Recruitment (DEMO)", at=START, company_number="HB-1")
        builders.active(number, at=START)
        made = agencies.add_channel(
            number, "phone", REAL, by=builders.maker(START), at=START, idempotency_key=builders.key()
        )
        builders.approved(made, at=START)
        return number


@pytest.fixture
def harbour(_built: str, clock: Clock) -> str:
    """A licensed agency with a phone on the register; its number."""
    clock.stop(AT)
    throttles.look_ups.forget()
    return _built


def sent(harbour: str, **more: str | list[str]) -> dict[str, str | list[str]]:
    """The form of a warning of a clone, filled in."""
    return {
        "kind": "clone", "agency": harbour.lower(), "names": f"Harbour Bridge Recruitment (DEMO)\nHBR {EVIL}",
        "contacts": f"{PAGE}\n{FAKE}", "grounds": ["NAME-MISUSE"], "place": "Port Demo", "seen_on": "2026-04-30",
        "source": f"Notice 7 {EVIL}", "text_en": f"They ask for money first. {EVIL}", "reason": "Two workers came.",
        "no_conflict": "on", **more,
    }  # fmt: skip


def published(desk: Client, harbour: str) -> str:
    """A warning in force, proposed and approved at the desk; its number."""
    officer = at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))
    answer = officer.send("alerts/new", **sent(harbour))
    assert answer.status_code == 302, answer.content.decode()[:3000]
    path = answer.headers["Location"].removeprefix("/desk/")
    shown = officer.get(path).content.decode()
    assert "You proposed it, so somebody else approves it" in shown
    assert EVIL not in shown
    assert officer.send(path, do="approve", no_conflict="on").status_code == 403
    supervisor = at_desk(desk, appoint("DLA-8", "XA-DLA", "supervisor"))
    assert path in supervisor.get("").content.decode()
    assert supervisor.send(path, do="approve", no_conflict="on").status_code == 302
    return alerts.listed(at=AT, limit=1).data[0].number


def decided(desk: Client, path: str, **fields: str | list[str]) -> None:
    """A change that one officer proposes at ``path`` and another approves."""
    maker, checker = (f"DLA-{next(_numbers)}" for _ in "12")
    officer = at_desk(desk, appoint(maker, "XA-DLA", "officer"))
    answer = officer.send(path, **fields)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    motion = answer.headers["Location"].removeprefix("/desk/")
    supervisor = at_desk(desk, appoint(checker, "XA-DLA", "supervisor"))
    assert supervisor.send(motion, do="approve", no_conflict="on").status_code == 302


def page(public: Client, path: str, status: int = 200) -> str:
    answer = public.get(path, headers=HTML)
    assert answer.status_code == status, path
    text = str(answer.content.decode())
    assert EVIL not in text
    return text


def test_a_worker_who_pastes_a_clones_page_is_warned_and_shown_the_real_contacts(
    desk: Client, public: Client, harbour: str
) -> None:
    """Scenario 8 of the domain model."""
    before = page(public, f"/?q=Harbour+Bridge+Recruitment&contact={PAGE}")
    assert "is not on the register as a contact of Harbour Bridge Recruitment (DEMO)" in before
    assert REAL in before
    number = published(desk, harbour)
    for asked in (
        f"q={PAGE}",
        "q=m.facebook.com/harbourbridge.jobs",
        "q=020+7946+0499",
        "q=wa.me/442079460499",
    ):
        warned = page(public, f"/?{asked}")
        assert 'class="verdict stop"' in warned
        assert "The authority warns of this" in warned
        assert "Official contacts of Harbour Bridge Recruitment (DEMO)" in warned
        assert warned.index("verdict stop") < warned.index(REAL)
        assert f"/alerts/{number}" in warned
    told = public.get("/api/v1/search", {"q": "HBR", "contact": PAGE}).json()
    assert told["answer"]["code"] == "contact.warned"
    assert (told["alerts"][0]["number"], told["alerts"][0]["agency"]) == (number, harbour)


def test_the_genuine_agency_stays_green_beside_a_warning_of_its_clone(
    desk: Client, public: Client, harbour: str
) -> None:
    published(desk, harbour)
    shown = page(public, "/?q=Harbour+Bridge+Recruitment")
    assert "verdict stop" not in shown
    assert 'class="verdict wait"' in shown
    assert "Somebody pretends to be them" in shown
    assert 'class="say go"' in shown
    official = page(public, f"/?q=Harbour+Bridge+Recruitment&contact={REAL}")
    assert "This is really theirs" in official
    assert 'class="verdict go"' in official


def test_a_warning_is_listed_read_and_given_as_a_file(desk: Client, public: Client, harbour: str) -> None:
    number = published(desk, harbour)
    listed = page(public, "/alerts")
    assert number in listed
    assert "There is no warning now." in page(public, "/alerts?kind=unlicensed")
    one = page(public, f"/alerts/{number.lower()}")
    for told in ("They ask for money first.", "Port Demo", "Stay away from these contacts", REAL, FAKE):
        assert told in one
    assert f'href="tel:{FAKE}' not in one
    body = public.get("/api/v1/alerts").json()
    assert (body["next"], [each["number"] for each in body["data"]]) == (None, [number])
    whole = public.get(f"/api/v1/alerts/{number}").json()
    assert whole["contacts"][0] == {"kind": "social", "value": "facebook.com/harbourbridge.jobs"}
    assert [each["version"] for each in whole["versions"]] == [1]
    assert "Two workers" not in str(whole)
    sheet = public.get("/alerts.csv")
    assert sheet["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert (rows[0]["number"], rows[0]["agency"]) == (number, harbour)


def test_a_warning_is_corrected_and_taken_back_and_its_number_says_so(
    desk: Client, public: Client, harbour: str
) -> None:
    number = published(desk, harbour)
    officer = at_desk(desk, appoint("DLA-9", "XA-DLA", "officer"))
    shown = officer.get(f"alerts/{number}/correction").content.decode()
    assert "facebook.com/harbourbridge.jobs" in shown
    decided(desk, f"alerts/{number}/correction", **sent(harbour, contacts="+442079460498"))
    assert "The authority warns of this" not in page(public, f"/?q={FAKE}".replace("+", "%2B"))
    assert "corrected" in page(public, f"/alerts/{number}")
    decided(desk, f"alerts/{number}/end", cause="error", reason="Another house.", no_conflict="on")
    gone = page(public, f"/alerts/{number}")
    assert "it was a mistake" in gone
    assert "Harbour Bridge" not in gone
    assert public.get("/api/v1/alerts").json()["data"] == []
    assert "Harbour Bridge" in officer.get(f"alerts/{number}").content.decode()
    assert number in officer.get("alerts").content.decode()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("contacts", REAL, "is on the record of"),
        ("contacts", "facebook.com", "Give one contact a line"),
        ("contacts", "blogspot.com", "Anybody has pages there"),
        ("names", " ", "required"),
        ("agency", "", "pretend"),
        ("last_day", "2020-01-01", "past"),
    ],
)
def test_what_is_refused_is_told_at_the_form(
    desk: Client, harbour: str, field: str, typed: str, told: str
) -> None:
    officer = at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))
    answer = officer.send("alerts/new", **sent(harbour, **{field: typed}))
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_another_authoritys_warning_looks_like_none(desk: Client, harbour: str) -> None:
    number = published(desk, harbour)
    builders.authority("XB-LMA")
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "registrar"))
    assert number not in other.get("alerts").content.decode()
    for path in (
        f"alerts/{number}",
        f"alerts/{number}/correction",
        f"alerts/{number}/end",
        "alerts/AL-000999-0",
    ):
        assert other.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/AL-999999-0", 404, "alert.mistyped"), ("/x", 404, "alert.not_found"), ("/%00", 404, "alert.not_found"),
        ("/AG-000001-G", 404, "alert.not_found"), ("?after=x", 400, "cursor.invalid"),
        ("?limit=0", 400, "parameter.invalid"), ("?q=x", 400, "parameter.unknown"),
        ("?kind=ship", 400, "parameter.invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_by_name(
    public: Client, harbour: str, path: str, status: int, code: str
) -> None:
    del harbour
    answer = public.get(f"/api/v1/alerts{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_programs_of_officials_propose_correct_and_end_a_warning(desk: Client, harbour: str) -> None:
    maker = sign_in(desk, appoint("DLA-31", "XA-DLA", "officer"))
    said = {
        "kind": "clone", "agency": harbour, "names": ["HBR Jobs"], "contacts": [PAGE], "grounds": ["NAME-MISUSE"],
        "texts": {"en": "They ask for money first."}, "seen_on": "2026-04-30", "reason": "Seen.", "no_conflict": True,
    }  # fmt: skip
    made = maker.post("alerts", said)
    assert (made.status_code, made.json()["about"], made.json()["next_roles"]) == (
        201, "HBR Jobs", ["registrar", "supervisor"],
    )  # fmt: skip
    assert maker.post("alerts", said | {"names": []}).status_code == 400
    assert maker.post("alerts", said | {"kind": "ship"}).status_code == 400
    checker = sign_in(desk, appoint("DLA-32", "XA-DLA", "supervisor"))
    assert checker.post(f"motions/{made.json()['id']}/approvals", {"no_conflict": True}).status_code == 201
    (one,) = checker.get("alerts").json()["data"]
    assert one["contacts"] == [{"kind": "social", "value": "facebook.com/harbourbridge.jobs"}]
    ended = checker.post(
        f"alerts/{one['number']}/ends", {"cause": "over", "reason": "Closed.", "no_conflict": True}
    )
    assert ended.status_code == 201
    assert checker.get(f"alerts/{one['number']}").json()["state"] == "in_force"
    assert checker.get("alerts?ended=true").json()["data"] == []
