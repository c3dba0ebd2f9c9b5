"""A badge has one subject and one code for life; nothing but a withdrawal ever changes it."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from registry.rules import numbering
from registry.rules.errors import LicenceNotFound, OfficeNotFound
from tests import builders
from tests.builders import START
from tests.conftest import Kept
from verification import badges
from verification.models import Badge

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    with kept():
        builders.authority()
        return builders.active()


def draws(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test repeats itself


def test_a_badge_is_issued_once_for_a_subject(licence: str) -> None:
    first = badges.issue("licence", licence, at=START)
    again = badges.issue("licence", licence.lower().replace("-", " "), at=START + timedelta(days=1))
    assert again == first
    assert (first.kind, first.number, first.authority) == ("licence", licence, "XA-DLA")
    assert first.code.startswith("XA")
    assert numbering.read_badge(first.shown) == first.code
    assert badges.read(first.code) == first
    assert badges.for_subject("licence", licence) == [first]


def test_a_code_is_not_derived_from_the_number(licence: str) -> None:
    one = badges.issue("licence", licence, at=START, randbelow=draws(1).randrange)
    badges.withdraw(one.code, reason="damaged", by="OFFICER-1", at=START)
    other = badges.issue("licence", licence, at=START, randbelow=draws(2).randrange)
    assert one.code != other.code


@pytest.mark.parametrize("reason", badges.REASONS)
def test_a_withdrawn_badge_stays_withdrawn_and_its_subject_may_have_another(
    licence: str, reason: str
) -> None:
    lost = badges.issue("licence", licence, at=START)
    withdrawn = badges.withdraw(lost.code, reason=reason, by="OFFICER-1", at=START + timedelta(hours=1))
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_reason) == (START + timedelta(hours=1), reason)
    with pytest.raises(badges.BadgeWithdrawn):
        badges.withdraw(lost.code, reason=reason, by="OFFICER-1", at=START + timedelta(hours=2))
    new = badges.issue("licence", licence, at=START + timedelta(hours=1))
    assert new.code != lost.code
    assert badges.for_subject("licence", licence) == [new, withdrawn]


def test_a_code_that_was_used_is_never_given_again(licence: str) -> None:
    lost = badges.issue("licence", licence, at=START, randbelow=draws(7).randrange)
    badges.withdraw(lost.code, reason="lost", by="OFFICER-1", at=START)
    new = badges.issue("licence", licence, at=START, randbelow=draws(7).randrange)
    assert new.code != lost.code


def test_a_source_of_chance_that_always_says_the_same_gives_no_badge() -> None:
    builders.authority()
    badges.issue("licence", builders.active(), at=START, randbelow=lambda _: 3)
    with pytest.raises(RuntimeError, match="no free badge code"):
        badges.issue("licence", builders.active(), at=START, randbelow=lambda _: 3)


@pytest.mark.parametrize(
    ("reason", "by", "field"), [("", "OFFICER-1", "reason"), ("tired", "O", "reason"), ("lost", " ", "by")]
)
def test_a_withdrawal_needs_a_reason_and_an_officer(licence: str, reason: str, by: str, field: str) -> None:
    badge = badges.issue("licence", licence, at=START)
    with pytest.raises(badges.WithdrawalUnexplained) as refusal:
        badges.withdraw(badge.code, reason=reason, by=by, at=START)
    assert refusal.value.facts["field"] == field
    assert badges.read(badge.code) == badge


def test_what_is_not_in_the_register_gets_no_badge(licence: str) -> None:
    unknown = str(numbering.next_licence("XA", "DLA", "A", after=900))
    unpublished = builders.opened(builders.agency("Other (DEMO)"))
    office = str(numbering.next_reference(numbering.Kind.OFFICE, after=900))
    for number in (unknown, unpublished):
        with pytest.raises(LicenceNotFound):
            badges.issue("licence", number, at=START)
    with pytest.raises(OfficeNotFound):
        badges.issue("office", office, at=START)
    with pytest.raises(numbering.NotOurs):
        badges.issue("office", licence, at=START)
    with pytest.raises(numbering.Mistyped):
        badges.issue("licence", licence[:-1] + ("A" if licence[-1] != "A" else "B"), at=START)
    with pytest.raises(badges.BadgeSubjectInvalid):
        badges.issue("agency", licence, at=START)
    with pytest.raises(badges.BadgeNotFound):
        badges.read("XA00000000000")
    assert not Badge.objects.exists()


def test_an_office_of_an_agency_without_a_published_licence_gets_no_badge() -> None:
    builders.authority()
    office = builders.head_office(builders.agency())
    with pytest.raises(LicenceNotFound):
        badges.issue("office", office, at=START)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM verification_badge",
        "UPDATE verification_badge SET subject_number = 'XA-DLA-A-000999-X'",
        "UPDATE verification_badge SET authority = 'XB-DLA'",
        "UPDATE verification_badge SET withdrawn_at=now(), withdrawn_reason='x', withdrawn_by='x', code='XB'",
        "UPDATE verification_badge SET withdrawn_at = now()",
    ],
)
def test_the_database_lets_a_badge_be_withdrawn_and_nothing_else(licence: str, change: str) -> None:
    badges.issue("licence", licence, at=START)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_keeps_a_withdrawn_badge_withdrawn(licence: str) -> None:
    badge = badges.issue("licence", licence, at=START)
    badges.withdraw(badge.code, reason="lost", by="OFFICER-1", at=START)
    with pytest.raises(DatabaseError), transaction.atomic():
        Badge.objects.update(withdrawn_at=None, withdrawn_reason="", withdrawn_by="")


def test_the_database_holds_one_live_badge_a_subject_and_codes_of_our_shape(licence: str) -> None:
    badge = badges.issue("licence", licence, at=START)
    same = {"subject_kind": "licence", "subject_number": licence, "authority": "XA-DLA", "issued_at": START}
    with pytest.raises(IntegrityError, match="badge_live_once"), transaction.atomic():
        Badge.objects.create(code="XA00000000000", **same)
    badges.withdraw(badge.code, reason="lost", by="OFFICER-1", at=START)
    for wrong in ("xa00000000000", "XA0000000000", "XA0000000000O"):
        with pytest.raises(IntegrityError, match="badge_code_shape"), transaction.atomic():
            Badge.objects.create(code=wrong, **same)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_the_same_badge() -> None:
    builders.authority()
    number = builders.active()
    both, ready = [], threading.Barrier(2)

    def issue() -> None:
        ready.wait(timeout=10)
        both.append(badges.issue("licence", number, at=START))
        connection.close()

    threads = [threading.Thread(target=issue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len({badge.code for badge in both}) == 1
    assert len(both) == 2
    assert Badge.objects.count() == 1
