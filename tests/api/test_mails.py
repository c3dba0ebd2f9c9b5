"""Mails to applicants: what each says, to whom, once, in which language; and the accounts that they open again."""

import ast
import email
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from babel.messages import pofile
from django.test import Client

from api import applicants as accounts
from api import auth, labels, phrases, retention
from api.models import Mail, RateBucket, User
from api.outbound import mails
from registry.admission import applicants
from registry.rules.applying import Action
from tests import applying as apply
from tests import builders
from tests.api.test_desk_apply import Applicant, csrf, send
from tests.api.test_letters import sink as a_sink
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SENTENCE = "four plain words together"
sink = a_sink


@pytest.fixture(autouse=True)
def place(clock: Clock, settings: Any, tmp_path: Path) -> None:
    """The authority, a stopped clock, and a folder for papers."""
    clock.stop(AT)
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    builders.authority(at=AT - timedelta(days=60))


@pytest.fixture
def owner() -> User:
    """An applicant whose address is confirmed."""
    made = accounts.open_account("office@kestrel.example", SENTENCE, language="en", at=AT)
    assert made is not None
    EmailAddress.objects.update(verified=True)
    Mail.objects.all().delete()
    return made


def account(user: User) -> str:
    return f"APPLICANT-{user.pk}"


def read(letter: bytes) -> Any:
    """The letter as a reader's program shows it."""
    return email.message_from_bytes(letter.removesuffix(b".\r\n"), policy=policy.default)


def told(taken: Any, at: datetime) -> list[tuple[str, str]]:
    """The subjects and texts of what is sent at ``at``."""
    taken.letters.clear()
    mails.refresh(at=at)
    return [(one["Subject"], one.get_content()) for one in map(read, taken.letters)]


# --- applications


def test_an_applicant_is_told_of_each_step_once_with_its_day_and_never_what_was_said(
    owner: User, sink: Callable[..., Any]
) -> None:
    taken = sink()
    mails.refresh(at=AT)
    number = apply.minded(AT, account=account(owner))
    subjects = dict(told(taken, AT))
    assert set(subjects) == {
        f"{number}: your application was received",
        f"{number}: the authority is minded to refuse",
    }
    notice = subjects[f"{number}: the authority is minded to refuse"]
    assert "You may answer until 23 March 2026." in notice
    assert f"/apply/applications/{number}" in notice
    assert "convicted" not in notice
    assert told(taken, AT) == []
    later = AT + timedelta(days=1)
    applicants.represent(number, "No.", account=account(owner), at=later, idempotency_key="r")
    apply.take(number, Action.REFUSE, at=later, by=builders.registrar(later), letter="Secret reasons.")
    ((subject, text),) = told(taken, later)
    assert subject == f"{number}: your application was refused"
    assert "You may appeal until 31 March 2026." in text
    assert "Secret" not in text
    assert {row.address for row in Mail.objects.all()} == {"office@kestrel.example"}


def test_what_waits_for_the_applicant_is_told_before_time_ends_it(
    owner: User, sink: Callable[..., Any]
) -> None:
    taken = sink()
    mails.refresh(at=AT)
    number = apply.submitted(AT, account=account(owner))
    apply.take(number, Action.ASK, at=AT, letter="The lease.")
    idle = apply.drafted(AT, account=account(owner))
    assert "Answer it by 1 April 2026." in dict(told(taken, AT))[f"{number}: something is missing"]
    soon = AT + timedelta(days=47)
    assert [subject for subject, _ in told(taken, soon)] == [f"{number}: your application is about to lapse"]
    week = AT + timedelta(days=84)
    ((subject, text),) = told(taken, week)
    assert subject == f"{idle}: your draft will be deleted"
    assert "On 31 May 2026 it is deleted with its documents" in text
    assert told(taken, week + timedelta(days=1)) == []
    over = AT + timedelta(days=90)
    assert retention.refresh(at=over) == 1
    assert [subject for subject, _ in told(taken, over)] == [f"{idle}: your draft was deleted"]


def test_the_day_on_which_a_draft_is_deleted_is_the_authority_s_own(
    owner: User, sink: Callable[..., Any], clock: Clock
) -> None:
    taken = sink()
    evening = AT.replace(hour=20)  # in Kathmandu the next day has begun
    clock.stop(evening)
    mails.refresh(at=evening)
    apply.drafted(evening, account=account(owner))
    ((_, text),) = told(taken, evening + timedelta(days=84))
    assert "On 1 June 2026 it is deleted" in text


def test_inspections_objections_grants_and_appeals_are_told(owner: User, sink: Callable[..., Any]) -> None:
    taken = sink()
    mails.refresh(at=AT)
    number = apply.reviewed(AT, account=account(owner))
    apply.take(number, Action.ORDER_INSPECTION, at=AT, on=AT.date() + timedelta(days=3))
    apply.take(number, Action.RECORD_INSPECTION, at=AT, on=AT.date(), **apply.INSPECTION)
    apply.take(number, Action.CALL_FOR_OBJECTIONS, at=AT)
    subjects = dict(told(taken, AT))
    assert "on 5 March 2026" in subjects[f"{number}: your premises are to be inspected"]
    assert "until 16 March 2026" in subjects[f"{number}: the public may object"]
    refused = apply.refused(AT, account=account(owner))
    applicants.appeal(refused, "No.", account=account(owner), at=AT, idempotency_key="a")
    assert f"{refused}: your appeal was received" in dict(told(taken, AT))


def test_letters_are_in_the_language_of_the_account(owner: User, sink: Callable[..., Any]) -> None:
    taken = sink()
    mails.refresh(at=AT)
    accounts.speak(owner, "ar", reads_in="en")
    apply.minded(AT, account=account(owner))
    texts = "\n".join(text for _, text in told(taken, AT))
    assert "٢٣ مارس ٢٠٢٦" in texts or "23 مارس 2026" in texts
    assert not re.search(r"\b(You|The authority)\b", texts)


def test_nobody_is_told_at_an_address_that_is_not_confirmed(owner: User, sink: Callable[..., Any]) -> None:
    taken = sink()
    mails.refresh(at=AT)
    EmailAddress.objects.update(verified=False)
    apply.submitted(AT, account=account(owner))
    assert told(taken, AT) == []
    assert not Mail.objects.exists()


def test_a_letter_that_waited_for_a_week_is_not_sent_any_more(owner: User, sink: Callable[..., Any]) -> None:
    sink(refuse=True)
    mails.refresh(at=AT)
    apply.submitted(AT, account=account(owner))
    mails.refresh(at=AT)
    taken = sink()
    assert told(taken, AT + timedelta(days=8)) == []
    assert Mail.objects.get().state == "withdrawn"


# --- accounts


def link(taken: Any) -> str:
    """The link of the last letter, as a path."""
    (found,) = re.findall(r"https?://[^/\s]+(/apply/\S+)", read(taken.letters[-1]).get_content())
    return str(found)


def test_nothing_is_sent_before_the_address_is_confirmed_by_its_mail(
    desk: Client, new_desk: Callable[[], Client], sink: Callable[..., Any]
) -> None:
    taken = sink()
    applicant = Applicant(desk)
    EmailAddress.objects.all().delete()
    number = apply.drafted(AT, account=applicant.account)
    page = applicant.get(f"applications/{number}/check").content.decode()
    assert "is not confirmed yet" in page
    assert "Send the application" not in page
    assert applicant.send(f"applications/{number}/check").status_code == 403
    applicant.client.post("/apply/confirm", csrf(applicant))
    told(taken, AT)
    path = link(taken)
    anybody = new_desk()
    assert "kestrel@kestrel.example" in anybody.get(path).content.decode()
    assert not EmailAddress.objects.get().verified
    assert send(anybody, path).status_code == 302
    assert EmailAddress.objects.get().verified
    assert anybody.get(path).status_code == 410
    assert applicant.send(f"applications/{number}/check").status_code == 302


def test_a_new_password_comes_by_mail_once_and_still_takes_the_device(
    desk: Client, new_desk: Callable[[], Client], sink: Callable[..., Any]
) -> None:
    taken = sink()
    applicant = Applicant(desk)
    anybody = new_desk()
    answers = [
        send(anybody, "/apply/forgotten", email=address).content.decode()
        for address in ("KESTREL@kestrel.example", "nobody@kestrel.example")
    ]
    shown = [re.sub(r'value="\w+"', "", one) for one in answers]
    assert shown[0] == shown[1]
    told(taken, AT)
    assert len(taken.letters) == 1
    path = link(taken)
    weak = send(anybody, path, password="short")
    assert weak.status_code == 422
    assert send(anybody, path, password=SENTENCE).headers["Location"] == "/apply/sign-in"
    applicant.user.refresh_from_db()
    assert applicant.user.check_password(SENTENCE)
    assert anybody.get("/apply/").status_code == 302
    assert anybody.get(path).status_code == 410
    assert anybody.get("/apply/new-password/1/x").status_code == 410
    RateBucket.objects.all().delete()


def test_a_device_set_up_by_whoever_never_had_the_address_is_forgotten(
    desk: Client, new_desk: Callable[[], Client], sink: Callable[..., Any]
) -> None:
    taken = sink()
    squatter = Applicant(desk)
    EmailAddress.objects.update(verified=False)
    accounts.ask_new_password(squatter.user.username, at=AT)
    told(taken, AT)
    rightful = new_desk()
    assert send(rightful, link(taken), password=SENTENCE).headers["Location"] == "/apply/set-up"
    assert squatter.get().status_code == 302
    assert not auth.has_second_factor(squatter.user)
    assert accounts.confirmed(squatter.user)


def test_an_officer_s_password_is_not_changed_by_mail(sink: Callable[..., Any]) -> None:
    from tests.api.officials import appoint

    taken = sink()
    user = appoint("DLA-7", "XA-DLA", "officer")
    User.objects.filter(pk=user.pk).update(email="dla-7@xa.example")
    accounts.ask_new_password("dla-7", at=AT)
    assert told(taken, AT) == []


# --- words


def marked() -> set[str]:
    """Every text of letters, as the code writes it."""
    found = set()
    for path in ("api/outbound/mails.py", "api/outbound/email.py", "api/desk/prints.py"):
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.args
            ):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            text = node.args[0]
            if (
                name in {"_", "say", "mark"}
                and isinstance(text, ast.Constant)
                and isinstance(text.value, str)
            ):
                found.add(text.value)
    return found


@pytest.mark.parametrize("language", sorted(set(phrases.LANGUAGES) - {"en"}))
def test_every_text_of_letters_is_translated_with_its_places(language: str) -> None:
    with (ROOT / "api" / "phrases" / f"{language}.po").open("rb") as file:
        catalogue = pofile.read_po(file, locale=language)
    fuzzy = [one.id for one in catalogue if one.id and one.fuzzy]
    assert not fuzzy
    texts = {str(one.id): str(one.string) for one in catalogue if one.id}
    assert sorted(marked() ^ {text for text, said in texts.items() if said}) == []
    codes = labels.table(language).texts
    for table in ("actions", "grounds", "results"):  # what pages say, letters say
        assert all(codes[table][code] != said for code, said in labels.KINDS[table].items()), table
    places = re.compile(r"%\(\w+\)s")
    for text, said in texts.items():
        assert sorted(places.findall(text)) == sorted(places.findall(said)), text
