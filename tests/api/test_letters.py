"""Changes by e-mail: who is told, what they read, and what happens while no server takes it."""

import asyncio
import email
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest

from api import applicants as accounts
from api.models import Delivery, Outbox
from api.outbound import email as letters
from api.outbound import post
from api.outbound.sink import Sink
from registry import agencies, holders
from registry.rules import errors
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db
AT = builders.START


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sink]]:
    """A mail server on a free port, which the product is told to use."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    servers: list[asyncio.Server] = []

    def start(*, refuse: bool = False) -> Sink:
        made = Sink(tmp_path / "mail", refuse=refuse)
        server = asyncio.run_coroutine_threadsafe(made.serve(), loop).result(10)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("REGISTRY_SMTP", f"smtp://127.0.0.1:{port}")
        return made

    yield start
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture(scope="module")
def number(kept: Kept) -> str:
    """A licence whose holder has an official e-mail address."""
    with kept():
        builders.authority()
        agency = builders.agency()
        builders.approved(
            agencies.add_channel(
                agency,
                "email",
                "office@bluefinch.example",
                by=builders.maker(AT),
                at=AT,
                idempotency_key=builders.key(),
            ),
            at=AT,
        )
        return builders.active(agency)


def read(letter: bytes) -> Any:
    """The letter as a reader's program shows it."""
    return email.message_from_bytes(letter.removesuffix(b".\r\n"), policy=policy.default)


def test_without_a_server_nothing_is_written(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_SMTP", raising=False)
    assert letters.refresh(at=AT) == 0
    assert not Outbox.objects.exists()


def test_holder_and_watchers_are_told_once_of_what_the_public_reads(
    number: str, sink: Callable[..., Sink]
) -> None:
    taken = sink()
    letters.refresh(at=AT)  # from here on: what was before is nobody's news
    letters.watch(number, "Union@workers.example", by=builders.maker(AT), at=AT)
    letters.watch(number, "union@workers.example", by=builders.maker(AT), at=AT)
    terms = StepTerms(
        grounds=("FALSE-DOC",),
        texts={"en": "Papers under examination."},
        restricted_reasons="An informant says so.",
    )
    builders.take(number, Action.SUSPEND_PREVENTIVE, terms, at=AT)
    assert letters.refresh(at=AT) == 2
    assert letters.refresh(at=AT) == 0
    assert {read(one)["To"] for one in taken.letters} == {"office@bluefinch.example", "union@workers.example"}
    for letter in map(read, taken.letters):
        text = letter.get_content()
        assert letter["Subject"] == f"{number}: Suspended while the authority inquires"
        for told in (
            "Used forged documents",
            "Papers under examination.",
            "Not licensed",
            f"/licences/{number}",
        ):
            assert told in text
        assert "informant" not in text
        assert ("You may appeal until" in text) == (letter["To"] == "office@bluefinch.example")
    assert sorted(taken.directory.glob("*.eml"))


def test_a_holder_reads_of_a_decision_in_the_language_that_it_chose(
    number: str, sink: Callable[..., Sink]
) -> None:
    taken = sink()
    letters.refresh(at=AT)
    user = accounts.open_account("a@b.example", "four plain words together", language="fr", at=AT)
    assert user is not None
    key = holders.ask(f"APPLICANT-{user.pk}", number, "Me.", at=AT, idempotency_key="h-1")
    for by, once in ((builders.maker(AT), "h-2"), (builders.checker(AT), "h-3")):
        holders.confirm(key, by=by, at=AT, no_conflict=True, idempotency_key=once)
    builders.suspended(number, at=AT)
    assert letters.refresh(at=AT) == 1
    letter = read(taken.letters[0])
    assert letter["Subject"].strip() == f"{number}: Suspension pendant l’enquête de l’autorité"
    text = letter.get_content()
    assert "Vous pouvez faire appel jusqu’au" in text
    assert "You may appeal until" in text
    taken.letters.clear()
    later = AT + timedelta(days=680)
    assert letters.remind(at=later) == 1
    assert letters.refresh(at=later) >= 1
    reminder = next(one for one in map(read, taken.letters) if "bientôt" in one["Subject"])
    assert "La durée de cette licence se termine le : 4 janvier 2028" in reminder.get_content()
    assert "The term of this licence ends on: 4 January 2028" in reminder.get_content()


def test_a_correction_goes_to_everybody_who_was_told_of_the_wrong_entry(
    number: str, sink: Callable[..., Sink]
) -> None:
    taken = sink()
    letters.refresh(at=AT)
    watcher = letters.watch(number, "union@workers.example", by=builders.maker(AT), at=AT)
    wrong = builders.suspended(number, at=AT)
    letters.refresh(at=AT)
    letters.unwatch(number, watcher.pk, by=builders.maker(AT), at=AT)
    taken.letters.clear()
    terms = StepTerms(refers_to=wrong, grounds=("CLERICAL-ERROR",))
    builders.take(number, Action.CORRECT, terms, at=AT + timedelta(hours=1))
    assert letters.refresh(at=AT + timedelta(hours=1)) == 2
    (again,) = [one for one in map(read, taken.letters) if one["To"] == "union@workers.example"]
    assert "You were told of an entry that was wrong" in again.get_content()


def test_what_is_for_the_file_alone_is_sent_to_nobody(number: str, sink: Callable[..., Sink]) -> None:
    taken = sink()
    letters.refresh(at=AT)
    builders.take(number, Action.ENTER_DEMERIT, StepTerms(grounds=("FEE-OVERCHARGE",), points=8), at=AT)
    builders.take(number, Action.SHOW_CAUSE, StepTerms(grounds=("FEE-OVERCHARGE",)), at=AT)
    assert letters.refresh(at=AT) == 0
    assert not taken.letters


def test_a_server_that_says_no_is_asked_again_with_growing_pauses_and_at_last_given_up(
    number: str, sink: Callable[..., Sink]
) -> None:
    sink(refuse=True)
    letters.refresh(at=AT)
    builders.suspended(number, at=AT)
    at = AT
    for pause in post.PAUSES:
        assert letters.refresh(at=at) == 0
        row = Delivery.objects.get()
        assert (row.state, row.due_at) == ("waiting", at + pause)
        assert "no room" in row.last_error
        attempts = row.attempts
        letters.refresh(at=at + pause / 2)
        assert Delivery.objects.get().attempts == attempts
        at += pause
    letters.refresh(at=at)
    assert Delivery.objects.get().state == "failed"


def test_what_waited_is_sent_when_the_server_is_back(number: str, sink: Callable[..., Sink]) -> None:
    sink(refuse=True)
    letters.refresh(at=AT)
    builders.suspended(number, at=AT)
    letters.refresh(at=AT)
    taken = sink()
    assert letters.refresh(at=AT + post.PAUSES[0]) == 1
    assert len(taken.letters) == 1
    assert Delivery.objects.get().state == "sent"


def test_a_server_that_is_not_there_is_asked_once_for_all_letters(
    number: str, monkeypatch: pytest.MonkeyPatch, sink: Callable[..., Sink]
) -> None:
    sink()
    letters.refresh(at=AT)
    letters.watch(number, "union@workers.example", by=builders.maker(AT), at=AT)
    builders.suspended(number, at=AT)
    monkeypatch.setenv("REGISTRY_SMTP", "smtp://127.0.0.1:9")
    assert letters.refresh(at=AT) == 0
    assert {(row.state, row.attempts) for row in Delivery.objects.all()} == {("waiting", 1)}
    assert {row.due_at for row in Delivery.objects.all()} == {AT + post.PAUSES[0]}


@pytest.mark.parametrize("address", ["", "nobody", "a@b\nBcc: c@d.example", "<script>@x"])
def test_what_is_no_address_is_refused_at_the_field(number: str, address: str) -> None:
    with pytest.raises(errors.BadInput) as refusal:
        letters.watch(number, address, by=builders.maker(AT), at=AT)
    assert refusal.value.facts["field"] == "address"


def test_only_officers_of_licences_add_addresses(number: str) -> None:
    from registry.rules.lifecycle import Role

    with pytest.raises(errors.RoleNotAllowed):
        letters.watch(number, "a@b.example", by=builders.officer(Role.INSPECTOR, at=AT), at=AT)


def reminders() -> list[tuple[str, str]]:
    """What was written of ends, and how it stands."""
    return list(Delivery.objects.exclude(reminds="").order_by("pk").values_list("reminds", "state"))


def test_a_holder_is_reminded_of_an_end_once_at_each_mark_and_in_time(
    sink: Callable[..., Sink], tmp_path: Path
) -> None:
    sink()
    builders.authority()
    agency = builders.agency()
    by = builders.maker(AT)
    agencies.add_channel(
        agency, "email", "office@bluefinch.example", by=by, at=AT, idempotency_key=builders.key()
    )
    last = (AT + timedelta(days=200)).date()
    number = builders.granted(agency, "B", last_day=last)
    builders.secured(number, at=AT, until=(AT + timedelta(days=100)).date())
    builders.take(number, Action.ACTIVATE, at=AT)
    end = AT + timedelta(days=101)
    found = []
    for days in (60, 31, 29, 29, 13, 12, 2, 1):
        letters.remind(at=end - timedelta(days=days))
        found.append(len(reminders()))
    assert found == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [name for name, _ in reminders()] == ["security_30", "security_14", "security_3"]
    letters.refresh(at=AT)  # the place in the feed
    assert letters.refresh(at=end - timedelta(days=2)) >= 1
    assert {state for _, state in reminders()} == {"sent"}
    told = [
        read(one.read_bytes())
        for one in (tmp_path / "mail").iterdir()
        if "ends soon" in str(read(one.read_bytes())["Subject"])
    ]
    assert number in told[0]["Subject"]
    assert (
        "The security behind this licence is in force for the last time on: 15 April 2026"
        in told[0].get_content()
    )
    builders.secured(number, at=end - timedelta(days=2))
    letters.remind(at=AT + timedelta(days=201) - timedelta(days=89))
    assert [name for name, _ in reminders()][3:] == ["term_90"]
    builders.take(number, Action.FILE_RENEWAL, at=AT + timedelta(days=140))
    letters.remind(at=AT + timedelta(days=150))
    assert len(reminders()) == 4


def test_a_reminder_whose_end_is_past_is_not_sent(sink: Callable[..., Sink], number: str) -> None:
    sink()
    Delivery.objects.create(
        sequence=1, licence=number, address="a@b.example", reason="holder", reminds="term_90", ends_at=AT,
        created_at=AT, due_at=AT,
    )  # fmt: skip
    letters.refresh(at=AT + timedelta(minutes=1))
    assert reminders() == [("term_90", "withdrawn")]
