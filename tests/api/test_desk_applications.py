"""The room of applications: who enters, what each role may do, what a refused form says, and what the log keeps."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client

from api.models import Reading
from registry.admission import applicants, reading
from registry.models import Application, ApplicationDocument, ApplicationEvent
from registry.rules.applying import Action
from tests import applying as apply
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import Answer, appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module", autouse=True)
def _authority(kept: Kept) -> None:
    with kept():
        builders.authority(at=AT - timedelta(days=60))


@pytest.fixture(autouse=True)
def office(clock: Clock, settings: Any, tmp_path: Path) -> None:
    """A stopped clock, and a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"


@pytest.fixture
def officer(desk: Client) -> Pages:
    """A licensing officer."""
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


@pytest.fixture
def registrar(new_desk: Callable[[], Client]) -> Pages:
    """A registrar at another desk."""
    return at_desk(new_desk(), appoint("DLA-9", "XA-DLA", "registrar"))


def state(number: str) -> str:
    return Application.objects.get(number=number).state


def test_the_list_shows_what_is_not_decided_by_its_legal_date(officer: Pages) -> None:
    asked = apply.called(AT, account="A-1", legal_name="First Call (DEMO)")
    new = apply.submitted(AT, account="A-2", legal_name="Second Call (DEMO)")
    gone = apply.refused(AT, account="A-3", legal_name="Third Call (DEMO)")
    apply.drafted(AT, account="A-4", legal_name="Fourth Call (DEMO)")
    page = officer.get("applications").content.decode()
    assert page.index(asked) < page.index(new)
    assert gone not in page
    assert "Fourth Call" not in page
    assert gone in officer.get("applications", state="refused").content.decode()
    assert officer.get("applications", state="<b>").status_code == 200
    assert officer.get("applications", after="x").status_code == 400
    assert Reading.objects.filter(fields="applications").count() == 3


def test_a_long_list_goes_on_where_it_ended(officer: Pages) -> None:
    numbers = [apply.submitted(AT, account=f"A-{place}") for place in range(5)]
    by = builders.maker(AT)
    seen: list[str] = []
    after = ""
    for _ in range(3):
        lines, after = reading.listed(by=by, at=AT, after=after, limit=2)
        seen += [line.number for line in lines]
    assert (seen, after) == (numbers, "")


def test_an_application_shows_what_it_says_and_the_steps_of_this_officer(
    officer: Pages, registrar: Pages
) -> None:
    number = apply.reviewed(AT)
    page = officer.get(f"applications/{number}").content.decode()
    for told in ("Kestrel Overseas (DEMO)", "TAX-4711", "Mina Rai (DEMO)", "kept as a fingerprint", "Under review",
                 "Order an inspection", "Propose to refuse", "No inspection is recorded yet."):  # fmt: skip
        assert told in page, told
    assert Reading.objects.filter(fields="application", record=number, officer="DLA-7").count() == 1
    inspector = at_desk(officer.client, appoint("DLA-31", "XA-DLA", "inspector"))
    seen = inspector.get(f"applications/{number}").content.decode()
    assert "Propose to refuse" not in seen
    assert "Nothing to do here for you now." in seen


FIELDS: dict[Action, dict[str, Any]] = {
    Action.ASK: {"letter": "The lease is missing."},
    Action.RECORD_INSPECTION: {
        "on": "2026-03-02", "inspectors": "DLA-31, DLA-32", "premises": "Level 2", "points": "2", "report": "In order.",
    },
    Action.PROPOSE_REFUSAL: {"grounds": ["FIT-PROPER"], "letter": "Two directors were convicted."},
    Action.REFUSE: {"letter": "The answer changes nothing."},
    Action.PROPOSE_GRANT: {"first_day": "2026-04-01", "last_day": "2028-03-31"},
    Action.TAKE_BACK: {"reason": "A mistake."},
}  # fmt: skip


def test_another_authority_s_application_looks_exactly_like_none(desk: Client) -> None:
    number = apply.submitted(AT)
    paper = reading.one(number, by=builders.maker(AT), at=AT).papers[0].reference
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "officer", "supervisor", "registrar"))
    missing = other.get("applications/LA-999999-0")
    for path in (
        f"applications/{number}",
        f"applications/{number}/review",
        f"applications/{number}/documents/{paper}",
    ):
        answer = other.get(path)
        assert answer.status_code == missing.status_code == 404
        assert strip(answer) == strip(missing)
    assert other.get("applications").status_code == 200
    assert number not in other.get("applications").content.decode()
    assert not Reading.objects.exists()


def strip(answer: Answer) -> str:
    return re.sub(r'value="\w+"', "", answer.content.decode())


def test_a_draft_is_no_business_of_officers(officer: Pages) -> None:
    assert officer.get(f"applications/{apply.drafted(AT)}").status_code == 404


@pytest.mark.parametrize("action", FIELDS)
def test_a_refused_form_keeps_what_was_typed_and_says_where_it_is_wrong(
    officer: Pages, action: Action
) -> None:
    if action is Action.REFUSE:
        officer = at_desk(officer.client, appoint("DLA-8", "XA-DLA", "registrar"))
        number = apply.minded(AT)
    else:
        reach: dict[Action, Callable[..., str]] = {
            Action.TAKE_BACK: apply.minded,
            Action.PROPOSE_GRANT: apply.called,
        }
        door: Callable[..., str] = reach.get(action, apply.reviewed)
        number = door(AT)
    before = ApplicationEvent.objects.count()
    for left_out in FIELDS[action]:
        fields = {name: value for name, value in FIELDS[action].items() if name != left_out}
        answer = officer.send(f"applications/{number}/{action.value}", **fields)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert re.search(rf'field wrong">.{{0,200}}{left_out}', page, re.DOTALL), left_out
        for value in fields.values():
            assert (value if isinstance(value, str) else value[0]) in page
    assert ApplicationEvent.objects.count() == before


@pytest.mark.parametrize(
    "said", [{"points": "-1"}, {"points": "many"}, {"inspectors": "DLA-31"}, {"on": "2026-03-03"}]
)
def test_an_inspection_that_can_not_have_been_is_refused_at_its_field(
    officer: Pages, said: dict[str, str]
) -> None:
    number = apply.reviewed(AT)
    apply.take(number, Action.ORDER_INSPECTION, at=AT)
    answer = officer.send(
        f"applications/{number}/record_inspection", **{**FIELDS[Action.RECORD_INSPECTION], **said}
    )
    assert answer.status_code == 422
    assert "field wrong" in answer.content.decode()


def test_nothing_written_runs_in_an_officer_s_browser(officer: Pages) -> None:
    number = apply.submitted(AT, legal_name="Kestrel <b>Bold</b>", address=XSS, locality=XSS)
    officer.send(f"applications/{number}/review")
    for action in (Action.ORDER_INSPECTION, Action.RECORD_INSPECTION, Action.CALL_FOR_OBJECTIONS):
        fields = {
            **FIELDS.get(action, {}),
            **({"report": XSS, "premises": XSS} if "report" in FIELDS.get(action, {}) else {}),
        }
        assert officer.send(f"applications/{number}/{action.value}", **fields).status_code == 302, action
    applicants.object_to(number, text=XSS, name=XSS, contact=XSS, at=AT, idempotency_key="o-1")
    for path in ("applications", f"applications/{number}", f"applications/{number}/propose_grant"):
        page = officer.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>Bold" not in page
        assert "&lt;b&gt;Bold" in page


def test_a_refusal_with_representation_by_two_officers(officer: Pages, registrar: Pages) -> None:
    number = apply.reviewed(AT)
    path = f"applications/{number}"
    sent = FIELDS[Action.PROPOSE_REFUSAL] | {"no_conflict": "on"}
    assert officer.send(f"{path}/propose_refusal", **sent).status_code == 302
    assert registrar.send(f"{path}/serve_notice", no_conflict="on").status_code == 302
    assert "The applicant may still answer" in registrar.get(path).content.decode()
    applicants.represent(
        number, "It was another company.", account=apply.ACCOUNT, at=AT, idempotency_key="r-1"
    )
    assert "It was another company." in registrar.get(f"{path}/refuse").content.decode()
    answer = registrar.send(f"{path}/refuse", letter="It was not.", no_conflict="on")
    assert answer.status_code == 302
    assert state(number) == "refused"


def test_an_officer_reads_a_paper_as_an_attachment_and_the_log_says_so(officer: Pages) -> None:
    number = apply.submitted(AT)
    held = ApplicationDocument.objects.filter(application__number=number).first()
    assert held is not None
    storages["documents"].save(held.stored_as, ContentFile(b"%PDF-1.7"))
    answer = officer.get(f"applications/{number}/documents/{held.reference}")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert Reading.objects.get(fields="document").record == f"{number} {held.reference}"
    assert officer.get(f"applications/{number}/documents/nothing").status_code == 404
