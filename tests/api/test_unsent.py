"""What applicants, holders and the public typed is not lost: drafts, a refused form, another language, a closed matter.

The language itself is kept with the account.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings as configured
from django.test import Client

from api.desk.apply.objections import OBJECTIONS
from api.desk.apply.session import ACCOUNTS, MAILS
from api.models import FormDraft, RateBucket, User
from registry import holders
from registry.admission import applicants, reading
from registry.rules.applying import Action
from registry.rules.lifecycle import Action as Step
from registry.rules.lifecycle import StepTerms
from tests import applying as apply
from tests import builders
from tests.api import test_desk_apply
from tests.api.at_desk import at_desk
from tests.api.officials import PASSWORD, appoint
from tests.api.test_desk_apply import KESTREL, PDF, Applicant, account_of, send, upload
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TYPED = "We paid it back on <b>Monday</b>."
SHOWN = "We paid it back on &lt;b&gt;Monday&lt;/b&gt;."
ARABIC = '<html lang="ar" dir="rtl"'
scanner = test_desk_apply.scanner


@pytest.fixture(autouse=True)
def place(clock: Clock, settings: Any, tmp_path: Path) -> None:
    """A stopped clock, and a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"


@pytest.fixture
def applicant(desk: Client) -> Applicant:
    """An account that has typed nothing yet."""
    return Applicant(desk)


def text(answer: Any) -> str:
    return str(answer.content.decode())


class Begun(NamedTuple):
    """What an account may write to: pages below ``/apply/``, and the number of a draft."""

    minded: str
    refused: str
    noticed: str
    drafted: str
    asking: str = "agencies/connect"


@pytest.fixture(scope="module")
def begun(kept: Kept) -> Begun:
    """A letter that waits for an answer, a refusal, a notice that a holder may answer, and a draft: of one account."""
    before = AT - timedelta(days=50)
    with kept(at=AT):
        builders.authority(at=AT - timedelta(days=60))
        account = f"APPLICANT-{account_of(KESTREL).pk}"
        licence = builders.active(builders.agency(at=before), at=before)
        key = holders.ask(account, licence, "Its director.", at=AT, idempotency_key=builders.key())
        for by in (builders.maker(AT), builders.checker(AT)):
            holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=builders.key())
        notice = builders.take(licence, Step.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)), at=AT)
        return Begun(
            f"applications/{apply.minded(AT, account=account)}",
            f"applications/{apply.refused(AT, account=account)}",
            f"licences/{licence}/notices/{notice.sequence}",
            apply.drafted(AT, account=account),
        )


@pytest.fixture
def _authority() -> None:
    """The authority, without accounts."""
    builders.authority(at=AT - timedelta(days=60))


@pytest.mark.parametrize(
    ("begin", "field"), [("minded", "text"), ("refused", "text"), ("noticed", "text"), ("asking", "said")]
)
def test_what_is_typed_is_kept_for_its_account_alone_in_any_language_until_it_is_sent(
    applicant: Applicant, begun: Begun, new_desk: Callable[[], Client], begin: str, field: str
) -> None:
    path = getattr(begun, begin)
    assert applicant.send(path, keep="keep", **{field: TYPED}).status_code == 302
    page = text(applicant.get(path))
    assert "This is your draft. It was not sent." in page
    assert SHOWN in page
    assert 'id="typed"' in page
    assert 'form="typed" formnovalidate name="tongue" value="ar"' in page
    assert TYPED not in text(Applicant(new_desk(), "other@kestrel.example").get(path))
    moved = applicant.send(path, tongue="ar", **{field: f"{TYPED} Twice."})
    assert moved.status_code == 302
    page = text(applicant.get(path))
    assert ARABIC in page
    assert f"{SHOWN} Twice." in page
    assert FormDraft.objects.get().owner == applicant.account


def test_an_answer_that_is_refused_or_sent(applicant: Applicant, begun: Begun, scanner: Any) -> None:
    path = begun.noticed
    applicant.send(path, keep="keep", text=TYPED)
    again = applicant.send(path, text=TYPED, papers=upload(b"MZ not a paper", "x.exe"))
    assert again.status_code == 422
    assert SHOWN in text(again)
    assert FormDraft.objects.exists()
    assert applicant.send(path, text=TYPED, papers=upload(PDF)).status_code == 302
    assert not FormDraft.objects.exists()


def test_an_answer_that_comes_too_late_is_given_back(
    applicant: Applicant, begun: Begun, clock: Clock
) -> None:
    clock.stop(AT + timedelta(days=200))
    for path in (begun.minded, begun.noticed):
        token = test_desk_apply.csrf(applicant)
        answer = applicant.client.post(f"/apply/{path}", {"text": TYPED, **token})
        assert answer.status_code in {409, 422}, path
        assert SHOWN in text(answer), path


def test_a_session_that_has_ended_leads_back_to_the_form_with_its_draft(
    applicant: Applicant, begun: Begun
) -> None:
    path = begun.minded
    applicant.send(path, keep="keep", text=TYPED)
    token = test_desk_apply.csrf(applicant)
    applicant.client.cookies.pop(configured.SESSION_COOKIE_NAME)
    answer = applicant.client.post(f"/apply/{path}", {"draft": "answer", "text": TYPED, **token})
    assert answer.headers["Location"].endswith(f"?next=%2Fapply%2F{path.replace('/', '%2F')}")


# --- sections of the form


def test_a_section_is_kept_while_it_is_typed_without_the_numbers_of_papers(
    applicant: Applicant, begun: Begun
) -> None:
    number = begun.drafted
    path = f"applications/{number}/people"
    typed = {
        "row0-name": "Mina Rai (DEMO)", "row0-role": "responsible_officer", "row0-was": "0",
        "row1-name": "Rana <b>", "row1-document": "P 999", "row1-was": "1", "draft": "section",
    }  # fmt: skip
    token = test_desk_apply.csrf(applicant)
    kept = applicant.client.post(
        f"/apply/{path}", {**typed, "keep": "keep", **token}, headers={"X-Draft": "1"}
    )
    assert kept.status_code == 204
    assert "P 999" not in str(FormDraft.objects.get().fields)
    assert "Rana" not in str(reading.own(number, account=applicant.account, at=AT).content)
    page = text(applicant.get(path))
    assert "This was not saved yet." in page
    assert "Rana &lt;b&gt;" in page
    assert "Kept. Type it again only to change it." in page, "the first person's paper is on record"
    applicant.send(path, **{**typed, "row1-document": "P 999"})
    assert not FormDraft.objects.exists()
    people = reading.own(number, account=applicant.account, at=AT).content["people"]
    assert [one["name"] for one in people] == ["Mina Rai (DEMO)", "Rana <b>"]
    assert all(one.get("document_hmac") for one in people)


def test_a_place_that_no_row_has_holds_no_paper_and_breaks_nothing(
    applicant: Applicant, begun: Begun
) -> None:
    number = begun.drafted
    path = f"applications/{number}/people"
    typed = {"row0-name": TYPED, "row0-was": "9" * 5000}
    assert applicant.send(path, draft="section", keep="keep", **typed).status_code == 302
    assert SHOWN in text(applicant.get(path))
    assert applicant.send(path, **typed).status_code == 422


def test_a_section_is_saved_by_a_change_of_language(applicant: Applicant, begun: Begun) -> None:
    number = begun.drafted
    path = f"applications/{number}/agency"
    moved = applicant.send(path, legal_name="Kestrel Two (DEMO)", tongue="ar")
    assert moved.headers["Location"] == f"/apply/{path}"
    page = text(applicant.get(path))
    assert ARABIC in page
    assert "Kestrel Two (DEMO)" in page


def test_a_section_that_can_not_be_saved_any_more_is_given_back(applicant: Applicant, begun: Begun) -> None:
    number = begun.drafted
    token = test_desk_apply.csrf(applicant)
    applicants.submit(number, account=applicant.account, at=AT, idempotency_key=builders.key())
    path = f"/apply/applications/{number}/agency"
    answer = applicant.client.post(path, {"legal_name": "Kestrel Two (DEMO)", **token})
    assert answer.status_code == 409
    assert "Kestrel Two (DEMO)" in text(answer)
    assert "Nothing was saved." in text(answer)


# --- without an account


@pytest.mark.usefixtures("_authority")
def test_an_objection_keeps_what_was_typed_in_another_language_and_under_the_limit(desk: Client) -> None:
    desk.handler.enforce_csrf_checks = True
    number = apply.called(AT)
    path = f"/apply/objections/{number}"
    moved = send(desk, path, text=TYPED, name="A worker", tongue="ar")
    assert moved.status_code == 200
    assert ARABIC in text(moved)
    assert SHOWN in text(moved)
    assert 'value="A worker"' in text(moved)
    assert 'class="error"' not in text(moved)
    assert not FormDraft.objects.exists(), "nobody's draft is kept"
    assert ARABIC in text(desk.get(path))
    for n in range(int(OBJECTIONS.burst)):
        assert send(desk, path, text=f"It is the same firm: {n}.", tongue="").status_code == 200
    stopped = send(desk, path, text=TYPED, name="A worker")
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    assert SHOWN in text(stopped)
    assert 'value="A worker"' in text(stopped)


@pytest.mark.parametrize(
    ("path", "limit", "fields"),
    [
        ("sign-up", ACCOUNTS, {"password": "four plain words together", "language": "en"}),
        ("forgotten", MAILS, {}),
    ],
)
@pytest.mark.usefixtures("_authority")
def test_the_limits_of_accounts_and_mails_keep_what_was_typed(
    desk: Client, path: str, limit: Any, fields: dict[str, str]
) -> None:
    for n in range(int(limit.burst)):
        assert send(desk, f"/apply/{path}", email=f"a{n}@kestrel.example", **fields).status_code in {200, 302}
        desk.cookies.clear()
    stopped = send(desk, f"/apply/{path}", email="b@kestrel.example", **fields)
    assert stopped.status_code == 429
    assert 'value="b@kestrel.example"' in text(stopped)
    assert fields.get("password", "nothing secret") not in text(stopped)
    RateBucket.objects.all().delete()


@pytest.mark.usefixtures("_authority")
def test_a_password_does_not_come_back_with_the_language(desk: Client) -> None:
    moved = send(desk, "/apply/sign-up", email="a@kestrel.example", password="four plain words", tongue="ar")
    assert ARABIC in text(moved)
    assert 'value="a@kestrel.example"' in text(moved)
    assert "four plain words" not in text(moved)
    assert not User.objects.exists()


# --- the language of an account


@pytest.mark.usefixtures("_authority")
def test_a_language_is_kept_with_the_account_and_letters_follow_it(
    applicant: Applicant, new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    applicant.client.post("/apply/language", {"language": "ar", **test_desk_apply.csrf(applicant)})
    user = User.objects.get(pk=applicant.user.pk)
    assert (user.reads_in, user.language) == ("ar", "ar")
    elsewhere = signed_in(new_desk(), "/apply/sign-in", applicant.user, monkeypatch)
    assert ARABIC in text(elsewhere.get("/apply/"))


@pytest.mark.usefixtures("_authority")
def test_letters_keep_the_language_that_was_chosen_for_them(applicant: Applicant) -> None:
    for path, language in (("letters-language", "fr"), ("language", "ar"), ("language", "xx")):
        applicant.client.post(f"/apply/{path}", {"language": language, **test_desk_apply.csrf(applicant)})
    applicant.user.refresh_from_db()
    assert (applicant.user.reads_in, applicant.user.language) == ("ar", "fr")


@pytest.mark.usefixtures("_authority")
def test_letters_keep_the_language_of_an_account_older_than_that_of_pages(applicant: Applicant) -> None:
    User.objects.filter(pk=applicant.user.pk).update(language="fr", reads_in="")
    applicant.client.post("/apply/language", {"language": "ar", **test_desk_apply.csrf(applicant)})
    applicant.user.refresh_from_db()
    assert (applicant.user.reads_in, applicant.user.language) == ("ar", "fr")


@pytest.mark.usefixtures("_authority")
def test_an_officer_s_form_and_language_come_along_too(
    new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = appoint("DLA-7", "XA-DLA", "officer")
    asked = apply.submitted(AT)
    officer = at_desk(new_desk(), user)
    path = f"applications/{asked}/{Action.ASK}"
    assert officer.send(path, letter=TYPED, tongue="ar").status_code == 302
    page = text(officer.get(path))
    assert ARABIC in page
    assert SHOWN in page
    page = text(officer.get(f"applications/{asked}"))
    assert 'name="language"' in page, "a page without a form has buttons of its own"
    elsewhere = signed_in(new_desk(), "/desk/sign-in", user, monkeypatch)
    assert ARABIC in text(elsewhere.get("/desk/"))


def test_a_draft_says_the_local_time_of_the_authority(applicant: Applicant, begun: Begun) -> None:
    path = begun.minded
    applicant.send(path, keep="keep", text=TYPED)
    page = unescape(text(applicant.get(path)))
    told = re.search(r"You typed it until ([^.]+)\.", page)
    assert told is not None
    assert "UTC" not in told[1]
    assert "14:45" in told[1]


def signed_in(client: Client, path: str, user: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A browser elsewhere, through the door."""
    from tests.api.officials import PASSWORD, Device

    device = Device(user)
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", device)
    answer = send(client, path, username=user.username, password=PASSWORD, code=device.code)
    assert answer.status_code == 302, text(answer)
    return client


@pytest.mark.usefixtures("_authority")
def test_nobody_signs_in_or_opens_an_account_by_a_change_of_language(new_desk: Callable[[], Client]) -> None:
    desk = new_desk()
    empty = send(desk, "/desk/sign-in", username="", password="", code="", tongue="ar")
    assert (empty.status_code, "field wrong" in text(empty)) == (200, False)
    assert ARABIC in text(empty)
    user = appoint("DLA-7", "XA-DLA", "officer")
    typed = {"username": user.username, "password": PASSWORD, "code": "123456"}
    moved = send(desk, "/desk/sign-in", **typed, tongue="ar")
    assert moved.status_code == 200
    assert user.username in text(moved)
    assert PASSWORD not in text(moved)
    assert "123456" not in text(moved)
