"""Drafts of officers' forms: kept without a script and with one, offered to their officer alone, gone once filed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from api import drafts
from api.models import FormDraft
from registry import lookup
from registry.rules.applying import Action as Asked
from tests import applying, builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'
TYPED = {
    "grounds": ["FALSE-DOC"],
    "text_en": "Papers under examination.",
    "restricted_reasons": HOSTILE,
    "effective_0": "2026-05-0",
    "no_conflict": "on",
    "code": "123456",
}


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        return builders.active(at=AT - timedelta(days=60))


@pytest.fixture
def number(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA in force."""
    clock.stop(AT)
    return _built


@pytest.fixture
def enter(new_desk: Callable[[], Client], number: str) -> Callable[..., Pages]:
    """A browser for an officer of that number and role."""
    return lambda name, *roles: at_desk(new_desk(), appoint(name, "XA-DLA", *(roles or ("officer",))))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def form_of(number: str) -> str:
    return f"licences/{number}/steps/suspend_preventive"


def test_what_was_typed_is_kept_by_a_button_and_offered_to_its_officer_alone(
    enter: Callable[..., Pages], number: str
) -> None:
    officer = enter("DLA-7")
    answer = officer.send(form_of(number), keep="keep", **TYPED)
    assert answer.status_code == 302
    page = text(officer.get(form_of(number)))
    assert "This is your draft. It was not sent." in page
    assert "Papers under examination." in page
    assert 'value="2026-05-0"' in page, "as it was typed, wrong or not, and not judged yet"
    assert 'class="field wrong"' not in page
    assert 'value="FALSE-DOC"' in page
    assert "&lt;script&gt;" in page
    assert HOSTILE not in page
    assert "123456" not in page
    other = text(enter("DLA-8").get(form_of(number)))
    assert "Papers under examination." not in other
    assert "This is your draft" not in other
    kept = FormDraft.objects.get()
    assert not {"code", "no_conflict", "key", "csrfmiddlewaretoken", "version"} & set(kept.fields)


def test_a_script_keeps_it_without_a_page_and_needs_the_token_of_the_form(
    enter: Callable[..., Pages], number: str
) -> None:
    officer = enter("DLA-7")
    path = f"/desk/{form_of(number)}"
    refused = officer.client.post(
        path, {"draft": "step", "keep": "keep", "text_en": "A"}, headers={"X-Draft": "1"}
    )
    assert refused.status_code == 403
    officer.get(form_of(number))
    token = officer.client.cookies["csrftoken"].value
    kept = officer.client.post(
        path,
        {"draft": "step", "keep": "keep", "text_en": "A"},
        headers={"X-Draft": "1", "X-CSRFToken": token},
    )
    assert (kept.status_code, kept.content) == (204, b"")
    assert FormDraft.objects.get().owner == "DLA-7"


def test_a_draft_is_no_step_and_goes_when_the_form_is_filed(enter: Callable[..., Pages], number: str) -> None:
    officer = enter("DLA-7")
    good = {name: value for name, value in TYPED.items() if name != "effective_0"}
    officer.send(form_of(number), keep="keep", **good)
    assert lookup.public_licence(number, at=AT).state == "active"
    refused = officer.send(form_of(number), **{**good, "grounds": []})
    assert refused.status_code == 422
    assert FormDraft.objects.count() == 1, "a refused form is not filed"
    assert officer.send(form_of(number), **good).status_code == 302
    assert not FormDraft.objects.exists()


def test_a_draft_can_be_thrown_away(enter: Callable[..., Pages], number: str) -> None:
    officer = enter("DLA-7")
    officer.send(form_of(number), keep="keep", text_en="A")
    officer.send(form_of(number), keep="forget")
    assert "This is your draft" not in text(officer.get(form_of(number)))


def test_letters_to_applicants_and_words_of_no_are_kept_too(enter: Callable[..., Pages], number: str) -> None:
    asked = applying.submitted(AT)
    officer = enter("DLA-7")
    path = f"applications/{asked}/{Asked.ASK}"
    officer.send(path, keep="keep", letter="Send the deed of")
    assert "Send the deed of" in text(officer.get(path))
    assert "Send the deed of" not in text(officer.get(f"applications/{asked}"))
    officer.send(path, letter="Send the deed of foundation.")
    assert not FormDraft.objects.exists()


def test_drafts_are_few_short_and_not_for_ever(number: str) -> None:
    for place in range(drafts.MOST + 3):
        drafts.keep("DLA-7", f"/desk/{place}", {"a": ["b"]}, at=AT + timedelta(seconds=place))
    assert FormDraft.objects.count() == drafts.MOST
    assert drafts.held("DLA-7", "/desk/0") is None
    with pytest.raises(Exception, match="too long"):
        drafts.keep("DLA-7", "/desk/x", {"a": ["b" * drafts.LARGEST]}, at=AT)
    drafts.keep("DLA-7", "/desk/52", {"a": [" "]}, at=AT)
    assert drafts.held("DLA-7", "/desk/52") is None
    drafts.keep("DLA-7", "/desk/51", {"a": ["x\x00y"]}, at=AT)
    kept = drafts.held("DLA-7", "/desk/51")
    assert kept is not None
    assert kept.fields == {"a": ["xy"]}
    drafts.tidy(at=AT + timedelta(days=drafts.DAYS, minutes=5))
    assert not FormDraft.objects.exists()


def test_what_no_column_can_hold_is_left_out_of_a_draft(enter: Callable[..., Pages], number: str) -> None:
    officer = enter("DLA-7")
    nul = {"draft": "st\x00ep", "text_en": "A\x00B", "na\x00me": "C"}
    assert officer.send(form_of(number), keep="keep", **nul).status_code == 302
    assert FormDraft.objects.get().fields["text_en"] == ["AB"]
    assert officer.send(f"{form_of(number)}%00", keep="forget", draft="\x00").status_code == 302
    assert officer.send(form_of(number), tongue="ar", **nul).status_code == 302
