"""An agency of the register in a browser: an account, two officers, a renewal, a notice and its answer, the decision.

What is typed while the server is gone is not lost. With ``REGISTRY_PICTURES`` pictures of the pages
are kept in ``var/pictures/holders/``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from api import auth, drafts
from api.models import User
from registry import agencies
from registry.models import EntryPaper
from registry.rules.lifecycle import Action, StepTerms
from tests import applying as apply
from tests import builders, pictures
from tests.api.officials import PASSWORD, SECRET, appoint, sign_in
from tests.journeys import test_applications
from tests.journeys.test_applications import PDF, Person
from tests.journeys.windows import Windows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PICTURES = pictures.FOLDER / "holders"
NOTICE = "Two workers say that you took 900 from each of them."
ANSWER = "We paid it back on Monday. The receipts are with this letter."
scanner = test_applications.scanner


@pytest.fixture
def licence(clock: Any, settings: Any, tmp_path: Path, scanner: Any, desk_site: str) -> str:
    """A licence whose term ends in two months, of an agency that the register knows for long."""
    settings.REGISTRY_DOCUMENTS = tmp_path / "documents"
    settings.REGISTRY_DESK_HOST, settings.REGISTRY_SCHEME = desk_site.removeprefix("http://"), "http"
    clock.stop(AT)
    before = AT - timedelta(days=300)
    builders.authority(at=before)
    agency = builders.agency("Bluefinch Manpower (DEMO)", at=before)
    agencies.add_channel(
        agency, "email", "office@bluefinch.example", by=builders.maker(before), at=before, idempotency_key="c-1"
    )  # fmt: skip
    return builders.active(agency, at=before, last_day=(AT + timedelta(days=60)).date())


class Somebody(Person):
    """Somebody at a window; pictures are kept with this journey's."""

    def picture(self, name: str) -> None:
        """The page at a desk and on a telephone; nothing is wider than the telephone."""
        self.window.picture(PICTURES / name)

    @property
    def context(self) -> Any:
        """What can lose its connection."""
        return self.page.context


Enter = Callable[..., Somebody]


@pytest.fixture
def enter(windows: Windows, desk_site: str) -> Iterator[Enter]:
    """Sit somebody down at the officials' application, signed in where an account is named."""
    with ExitStack() as closing:

        def somebody(user: User | None = None) -> Somebody:
            client = sign_in(Client(), user).client if user is not None else None
            return Somebody(closing.enter_context(windows.lend(desk_site, client=client)))

        yield somebody


def account(name: str = "office@kestrel.example") -> User:
    """An account with a second factor and a confirmed address."""
    user = User.objects.create_user(name, email=name, password=PASSWORD)
    EmailAddress.objects.create(user=user, email=name, verified=True, primary=True)
    auth.enrol(user, SECRET)
    return user


def test_an_agency_of_the_register_connects_renews_answers_and_reads_the_decision(
    enter: Enter, licence: str
) -> None:
    holder = enter(account())
    page = holder.go("/apply/agencies/connect")
    page.get_by_label("Number of a licence of the agency").fill(licence)
    page.get_by_label("Who you are in the agency").fill(
        "Its director. Call the number of the company register."
    )
    holder.picture("connect")
    holder.press("Ask the authority")
    assert "waits for two officers" in page.inner_text("main")
    officer, supervisor = (
        enter(appoint("DLA-7", "XA-DLA", "officer")), enter(appoint("DLA-9", "XA-DLA", "supervisor")),
    )  # fmt: skip
    for who, button in ((officer, "Confirm as the first officer"), (supervisor, "Connect the account")):
        who.go("/desk/holders").get_by_role("link", name="Bluefinch Manpower").click()
        form = who.page.locator("section.card").filter(has=who.page.get_by_role("button", name=button))
        form.get_by_label("I have no conflict of interest").check()
        if who is supervisor:
            who.picture("connecting")
        who.press(button)
    page = holder.go("/apply/")
    assert "you act for it" in page.inner_text("main")
    holder.picture("home")
    page.get_by_label("For", exact=True).select_option(f"renews:{licence}")
    holder.press("Begin")
    page.get_by_role("link", name="Check and send").first.click()
    holder.press("Send the application")
    assert "Your application was sent" in page.inner_text("main")
    holder.picture("renewal-sent")
    sequence = builders.take(
        licence, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",), texts={"en": NOTICE}), at=AT
    ).sequence
    _answered(holder, licence, sequence)
    page = officer.go(f"/desk/licences/{licence}")
    assert ANSWER in page.inner_text("main")
    officer.picture("answer-at-the-desk")
    builders.suspended(licence, at=AT)
    page = holder.go(f"/apply/licences/{licence}")
    assert "Not licensed" in page.inner_text("main")
    holder.picture("decided")
    assert not [one for who in (holder, officer, supervisor) for one in who.window.complaints]


def _answered(holder: Somebody, licence: str, sequence: int) -> None:
    """The holder reads the notice and answers it with a scanned paper."""
    page = holder.go(f"/apply/licences/{licence}")
    page.get_by_role("link", name=f"Notice {sequence}").click()
    assert NOTICE in page.inner_text("main")
    page.get_by_label("Your answer").fill(ANSWER)
    page.get_by_label("Documents").set_input_files(
        {"name": "receipts.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    holder.picture("answering")
    holder.press("File the answer")
    page.get_by_text("The answer was filed.").wait_for()
    holder.picture("answered")
    assert EntryPaper.objects.get().name == "receipts.pdf"


def test_what_is_typed_while_the_server_is_gone_is_not_lost(enter: Enter, licence: str, scanner: Any) -> None:
    user = account()
    name = f"APPLICANT-{user.pk}"
    number = apply.minded(AT, account=name)
    holder = enter(user)
    page = holder.go(f"/apply/applications/{number}")
    holder.context.set_offline(True)
    page.get_by_label("Your answer").fill("It was another company.")
    page.get_by_label("Your answer").blur()
    page.get_by_text("Not kept: there is no connection.").wait_for()
    page.get_by_role("button", name="Send the answer", exact=True).click()
    page.get_by_text("What you typed is still here. Try again.").wait_for()
    assert page.get_by_label("Your answer").input_value() == "It was another company."
    holder.picture("without-a-connection")
    holder.context.set_offline(False)
    with page.expect_response(
        lambda answer: answer.status == 204 and "Ask+them." in (answer.request.post_data or "")
    ):
        page.get_by_label("Your answer").press("End")
        page.get_by_label("Your answer").press_sequentially(" Ask them.")
        page.get_by_label("Your answer").blur()
    page.reload()
    assert page.get_by_label("Your answer").input_value() == "It was another company. Ask them."
    holder.picture("draft")
    page.locator(".tongues summary").click()
    page.locator(".tongues button[value=ar]").click()
    page.wait_for_selector("html[lang=ar]")
    assert page.locator("textarea[name=text]").input_value() == "It was another company. Ask them."
    holder.picture("draft-arabic")
    assert drafts.held(name, f"/apply/applications/{number} answer") is not None
    page.locator("textarea[name=text]").press("End")
    page.locator("main form#typed p.actions button").click()
    page.locator(".notice.go").wait_for()
    assert drafts.held(name, f"/apply/applications/{number} answer") is None


def test_an_objection_stays_on_its_page_without_a_connection(licence: str, enter: Enter) -> None:
    number = apply.called(AT)
    somebody = enter()
    page = somebody.go(f"/apply/objections/{number}")
    somebody.context.set_offline(True)
    page.get_by_label("What the authority should know").fill("They kept my passport.")
    page.get_by_role("button", name="Send the objection", exact=True).click()
    page.get_by_text("What you typed is still here. Try again.").wait_for()
    somebody.context.set_offline(False)
    somebody.press("Send the objection")
    page.get_by_role("heading", name="Thank you").wait_for()
