"""From the register's journal into the log: everything once, in order, and nothing that nobody speaks for unseen."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from registry import commitments, lookup, publishing
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.builders import START
from tests.verification.logging_place import Place, place_with_signer
from verification import badges, leaves, log, merkle, sequencing
from verification.sequencing import State

Block = Callable[[], AbstractContextManager[None]]
PATIENCE = timedelta(seconds=5)


@pytest.fixture
def place(tmp_path: Path, settings: LazySettings) -> Iterator[Place]:
    """This place with a signer that has the log's key."""
    with place_with_signer(tmp_path, settings) as found:
        yield found


def entries() -> list[dict[str, Any]]:
    """Every entry of the log, read."""
    return [leaves.read(log.entry(index)) for index in range(log.size())]


def folded() -> dict[str, leaves.Answer]:
    """What the log says that the register answers."""
    held = [log.entry(index) for index in range(log.size())]
    return leaves.fold(held, [merkle.leaf_hash(data).hex() for data in held])


def by_hand(statement: str, *parameters: Any) -> None:
    """Change the register as somebody with a database client would."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))


@pytest.mark.django_db
def test_what_is_decided_is_in_the_log_once_and_in_order() -> None:
    builders.authority()
    number = builders.active()
    sequencing.advance(at=START)
    builders.suspended(number, at=START + timedelta(days=1))
    assert sequencing.advance(at=START + timedelta(days=1)) == 1
    assert sequencing.advance(at=START + timedelta(days=1)) == 0
    told = entries()
    assert [one["seq"] for one in told] == list(range(1, lookup.sequence_now() + 1))
    assert [one["t"] for one in told] == [
        "entry.restricted",
        "licence.grant",
        "licence.activate",
        "licence.suspend_preventive",
    ]
    assert told[-1]["prev"] == {"i": 2, "h": merkle.leaf_hash(log.entry(2)).hex()}
    assert told[-1]["auth"] == leaves.did("127.0.0.1:8000", "XA-DLA")


@pytest.mark.django_db
def test_no_text_no_officer_and_no_name_that_may_be_a_persons_is_in_the_log() -> None:
    builders.authority()
    holder = builders.agency("Mina Rai (DEMO)", sole_trader=True)
    company = builders.agency("Bluefinch Ltd (DEMO)", company_number="C-77")
    for one in (holder, company):
        number = builders.active(one)
        builders.suspended(number, at=START)
    builders.head_office(builders.agency("Not Licensed Yet (DEMO)", company_number="C-78"))
    sequencing.advance(at=START)
    everything = b"".join(log.entry(index) for index in range(log.size())).decode()
    for secret in ("Mina Rai", "Not Licensed Yet", "OFFICER", "Papers under examination", "FALSE-DOC"):
        assert secret not in everything
    assert "Bluefinch Ltd (DEMO)" in everything
    salt = commitments.salts([holder])[holder]
    assert commitments.commit(salt, "name", "Mina Rai (DEMO)") in everything
    assert commitments.erase(holder)
    assert commitments.salts([holder])[holder] != salt


@pytest.mark.django_db
def test_the_log_says_what_the_register_answers_also_about_days_to_come() -> None:
    builders.authority()
    number = builders.active()
    builders.lifted(number, builders.suspended(number, at=START), at=START + timedelta(days=9))
    sequencing.advance(at=START + timedelta(days=9))
    answer = folded()[number]
    now = START + timedelta(days=10)
    for days in (0, 1, 8, 9, 400, 731, 900):
        at = START + timedelta(days=days, minutes=1)
        told = (
            lookup.public_past(number, at=at, now=now) if at < now else lookup.public_licence(number, at=at)
        )
        assert answer.at(str(leaves.instant(at))) == (told.state, told.result, told.may_recruit), days


@pytest.mark.django_db(transaction=True)
def test_the_lawful_life_of_a_register_has_nothing_that_nobody_speaks_for(settings: LazySettings) -> None:
    settings.REGISTRY_SIGNER = "/run/nowhere.sock"
    builders.authority()
    number = builders.active()
    builders.opened(builders.agency("Waiting (DEMO)"))
    code = badges.issue("licence", number, at=START).code
    warned = builders.take(number, Action.WARN, StepTerms(grounds=("DISCRIMINATION",)), at=START)
    badges.withdraw(code, reason="lost", by="OFFICER-1", at=START)
    later = START + timedelta(days=500)
    assert publishing.refresh(at=later) == 1
    sequencing.advance(at=later)
    kinds = [one["t"] for one in entries()]
    assert leaves.ABOUT_NOBODY not in kinds
    assert {"authority.added", "policy.set", "badge.withdrawn", "licence.warn"} <= set(kinds)
    assert warned.sequence == entries()[kinds.index("licence.warn")]["seq"]
    assert sequencing.state(at=later + PATIENCE * 2, patience=PATIENCE) == State.UNSIGNED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("relation", "statement"),
    [
        ("registry_licence", "UPDATE registry_licence SET state = 'active' WHERE number = %s"),
        ("registry_agency", "UPDATE registry_agency SET legal_name = %s"),
        (
            "registry_publishedrecord",
            "UPDATE registry_publishedrecord SET state = 'active' WHERE number = %s",
        ),
        ("registry_publishedrecord", "DELETE FROM registry_publishedrecord WHERE number = %s"),
    ],
)
def test_a_change_that_nobody_decided_is_logged_and_raises_the_alarm(
    relation: str, statement: str, place: Place
) -> None:
    builders.authority()
    number = builders.active()
    builders.revoked(number, at=START)
    sequencing.advance(at=START)
    sequencing.publish(at=START)
    assert sequencing.state(at=START, patience=PATIENCE) == State.OK
    by_hand(statement, number)
    assert sequencing.advance(at=START) == 1
    assert (entries()[-1]["t"], entries()[-1]["rel"]) == ("unattributed", relation)
    assert sequencing.state(at=START, patience=PATIENCE) == State.UNATTRIBUTED
    assert sequencing.acknowledge() == log.size()
    sequencing.publish(at=START)
    assert sequencing.state(at=START, patience=PATIENCE) == State.OK


@pytest.mark.django_db(transaction=True)
def test_what_the_journal_never_saw_is_found_at_night(as_owner: Block, place: Place) -> None:
    builders.authority()
    number, other = builders.active(), builders.active()
    sequencing.advance(at=START)
    assert sequencing.reconcile(at=START) == []
    builders.revoked(other, at=START)
    assert sequencing.reconcile(at=START) == [], "what is decided meanwhile is no difference"
    with as_owner():
        by_hand("ALTER TABLE registry_publishedrecord DISABLE TRIGGER USER")
        by_hand(
            "UPDATE registry_publishedrecord SET state = 'active' WHERE number = %s AND state = 'revoked'",
            other,
        )
        by_hand("DELETE FROM registry_publishedrecord WHERE number = %s", number)
        by_hand("ALTER TABLE registry_publishedrecord ENABLE TRIGGER USER")
    assert sequencing.reconcile(at=START) == sorted([number, other])
    assert entries()[-1]["of"] == sorted([number, other])
    assert sequencing.state(at=START, patience=PATIENCE) == State.UNATTRIBUTED


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_badge_that_is_made_good_again_is_nobodys(as_owner: Block) -> None:
    builders.authority()
    code = badges.issue("licence", builders.active(), at=START).code
    badges.withdraw(code, reason="stolen", by="OFFICER-1", at=START)
    with as_owner():
        by_hand("ALTER TABLE verification_badge DISABLE TRIGGER verification_badge_only_withdrawn")
        by_hand("UPDATE verification_badge SET withdrawn_at = NULL, withdrawn_reason = '', withdrawn_by = ''")
        by_hand("ALTER TABLE verification_badge ENABLE TRIGGER verification_badge_only_withdrawn")
    sequencing.advance(at=START)
    kinds = [one["t"] for one in entries() if one["t"] in {"badge.withdrawn", leaves.ABOUT_NOBODY}]
    assert kinds == ["badge.withdrawn", leaves.ABOUT_NOBODY]


@pytest.mark.django_db(transaction=True)
def test_an_entry_squeezed_into_an_old_commit_is_nobodys(as_owner: Block) -> None:
    builders.authority()
    builders.active()
    sequencing.advance(at=START)
    columns = (
        "authority_id, licence_id, agency_id, kind, action, step, decided_at, effective_from, zone, grounds, effect,"
        " deadlines, policy_version, law, published, officers"
    )
    by_hand(
        f"INSERT INTO registry_entry (commit_id, ordinal, {columns}) SELECT commit_id, ordinal + 7, {columns}"
        " FROM registry_entry ORDER BY id DESC LIMIT 1"
    )
    with as_owner():
        by_hand("ALTER TABLE registry_entry DISABLE TRIGGER registry_entry_only_grows")
        by_hand("UPDATE registry_entry SET law = 'another' WHERE id = (SELECT max(id) FROM registry_entry)")
        by_hand("ALTER TABLE registry_entry ENABLE TRIGGER registry_entry_only_grows")
    sequencing.advance(at=START)
    assert [(one["rel"], one["op"]) for one in entries()[-2:]] == [
        ("registry_entry", "I"),
        ("registry_entry", "U"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_copy_of_the_register_that_counts_its_transactions_anew_misses_nothing() -> None:
    builders.authority()
    number = builders.active()
    sequencing.advance(at=START)
    by_hand("UPDATE verification_logposition SET transaction = 1000000000000")
    assert sequencing.advance(at=START) == 0, "what was taken is not taken again"
    by_hand("UPDATE registry_licence SET legacy_number = 'by hand' WHERE number = %s", number)
    assert sequencing.advance(at=START) == 1
    assert entries()[-1]["of"] == [number]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_still_runs_is_waited_for() -> None:
    import threading

    from django.db import connections

    builders.authority()
    number = builders.active()
    sequencing.advance(at=START)
    begun, enough = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            by_hand("UPDATE registry_licence SET legacy_number = 'slow' WHERE number = %s", number)
            begun.set()
            enough.wait(10)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(10)
    by_hand("UPDATE registry_agency SET latin_name = 'quick'")
    assert sequencing.advance(at=START) == 0, "the quick one waits for the slow one: nothing is skipped"
    enough.set()
    thread.join()
    assert sequencing.advance(at=START) == 2
    assert {one["rel"] for one in entries()[-2:]} == {"registry_agency", "registry_licence"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("table", "image", "kind", "about"),
    [
        (
            "badgetoken",
            {"badge_id": "XA0000000000A", "kid": "k", "sha256": "ab" * 32, "issued_at": "2026-01-05T09:00:00+00:00"},
            "badge.issued",
            "ab" * 32,
        ),
        (
            "statuspublication",
            {"uri": "https://h/s/1", "sha256": "cd" * 32, "published_at": "2026-01-05T09:00:00+00:00"},
            "statuslist.published",
            "",
        ),
        (
            "trustlistversion",
            {"version": 2, "digest": "ef" * 32, "published_at": "2026-01-05T09:00:00+00:00"},
            "trustlist.published",
            "",
        ),
        (
            "keystatement",
            {
                "kid": "k", "use": "badge", "authority": "h/a/xa", "jwk": {"kty": "EC"}, "state": "compromised",
                "first": 1, "last": 2, "cutoff": 17, "recorded_at": "2026-01-05T09:00:00+00:00",
            },
            "key.compromised",
            "",
        ),
    ],
)  # fmt: skip
def test_what_the_proofs_publish_is_taken_from_the_journal(
    table: str, image: dict[str, Any], kind: str, about: str
) -> None:
    by_hand(
        "INSERT INTO registry_changejournal (relation, operation, key, image, transaction_id)"
        " VALUES (%s, 'I', 1, %s, pg_current_xact_id()::text::bigint)",
        f"verification_{table}",
        json.dumps(image),
    )
    sequencing.advance(at=START)
    (leaf,) = entries()
    assert (leaf["t"], leaf["at"]) == (kind, "2026-01-05T09:00:00Z")
    if about:
        assert log.latest(about) == 0


@pytest.mark.django_db
def test_without_a_signer_the_log_grows_and_is_signed_later(place: Place) -> None:
    builders.authority()
    builders.active()
    with place.down():
        sequencing.advance(at=START)
        sequencing.publish(at=START)
        assert sequencing.state(at=START + timedelta(seconds=60), patience=PATIENCE) == State.UNSIGNED
    sequencing.publish(at=START)
    assert sequencing.state(at=START + timedelta(seconds=60), patience=PATIENCE) == State.OK
    assert str(log.size()) in log.newest().text


@pytest.mark.django_db
def test_a_place_without_a_signer_says_so(settings: LazySettings) -> None:
    settings.REGISTRY_SIGNER = ""
    sequencing.publish(at=START)
    assert sequencing.state(at=START, patience=PATIENCE) == State.NO_SIGNER
    builders.authority()
    builders.agency(at=START)
    assert sequencing.state(at=START + timedelta(minutes=1), patience=PATIENCE) == State.BEHIND


def test_an_entry_is_written_one_way_and_read_back() -> None:
    leaf = {"t": "dump.published", "at": "2026-01-05T00:00:00Z", "name": "full-1", "sha256": "00" * 32}
    assert leaves.read(leaves.write(leaf)) == leaf | {"v": 1}
    assert json.loads(leaves.write(leaf | {"why": None})) == leaf | {"v": 1}
