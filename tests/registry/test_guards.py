"""What the database itself refuses, whoever asks: rewriting what only grows, and records that cannot be."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256

import pytest
from django.apps import apps
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from registry import audit, history, lookup
from registry.models import (
    APPEND_ONLY,
    JOURNALLED,
    Agency,
    Application,
    ApplicationDocument,
    ApplicationText,
    ChangeJournal,
    EntryText,
    Licence,
    PolicySet,
    Proposal,
    ScreenMark,
)
from registry.rules import errors, publication
from registry.rules.lifecycle import Action, StepTerms
from tests import applying, builders
from tests.conftest import Kept

Block = Callable[[], AbstractContextManager[None]]


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def licence(kept: Kept) -> str:
    """A licence in force since the start."""
    with kept():
        builders.authority()
        return builders.active()


def _refused(statement: str) -> str:
    with pytest.raises(Error) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(refused.value)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_applications_have_no_right_to_change_what_only_grows(licence: str, table: str) -> None:
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert "permission denied" in _refused(statement)
    assert "must be owner" in _refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


@pytest.mark.django_db(transaction=True)
def test_a_trigger_refuses_the_owner_too(as_owner: Block) -> None:
    builders.authority()
    builders.active()
    with as_owner():
        for table in (
            "registry_entry",
            "registry_registercommit",
            "registry_historicallicence",
            "registry_policyset",
        ):
            key = "history_id" if "historical" in table else "id"
            assert "only grows" in _refused(f"UPDATE {table} SET {key} = {key}")
            assert "only grows" in _refused(f"DELETE FROM {table}")


def test_every_table_that_only_grows_is_there() -> None:
    tables = {
        model._meta.db_table
        for model in apps.get_app_config("registry").get_models(include_auto_created=True)
    }
    assert set(APPEND_ONLY) <= tables
    assert set(JOURNALLED) <= tables
    historical = {table for table in tables if "historical" in table}
    assert historical <= set(APPEND_ONLY), "history only grows"


def test_a_change_by_any_road_is_in_the_journal(licence: str) -> None:
    before = ChangeJournal.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_licence SET legacy_number = 'by hand' WHERE number = %s", [licence])
    row = ChangeJournal.objects.order_by("-pk")[0]
    assert ChangeJournal.objects.count() == before + 1
    assert (row.relation, row.operation, row.image["legacy_number"]) == ("registry_licence", "U", "by hand")
    assert row.commit_id is None, "a change that no commit of the register stands for"


def test_terms_cannot_overlap_whatever_the_code_does(licence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM registry_licence WHERE number = %s", [licence])
        row = cursor.fetchone()[0]
    said = _refused(f"INSERT INTO registry_term (licence_id, days) VALUES ({row}, '[2026-06-01,2026-07-01)')")
    assert "terms_do_not_overlap" in said


def test_nothing_that_others_hang_on_can_be_deleted(licence: str) -> None:
    with pytest.raises((ProtectedError, IntegrityError)):
        Agency.objects.get().delete()


def test_history_tells_by_whom_and_when(licence: str) -> None:
    rows = history.versions(Licence.objects.get(number=licence))
    assert [row.state for row in rows] == ["not_granted", "pending_activation", "active"]
    assert {row.history_user_id for row in rows} == {"OFFICER-OFFICER", "OFFICER-SUPERVISOR-0"}
    assert {row.history_date for row in rows} == {builders.START}


@pytest.mark.django_db(transaction=True)
def test_a_redaction_takes_two_persons_the_owner_and_leaves_a_tombstone(as_owner: Block) -> None:
    builders.authority()
    number = builders.agency(address="Private Road 1")
    agency = Agency.objects.get(number=number)
    with as_owner():
        with pytest.raises(errors.OwnProposal):
            history.redact(agency, ["address"], by="A", second="A", at=builders.START, order="Court 1")
        assert (
            history.redact(agency, ["address"], by="A", second="B", at=builders.START, order="Court 1") == 2
        )
        with pytest.raises(errors.NotAllowed, match="amend the record first"):
            history.redact(agency, ["legal_name"], by="A", second="B", at=builders.START, order="Court 1")
    for row in history.versions(agency):
        assert row.address == ""
        assert row.history_change_reason.startswith("redacted: Court 1")
    images = ChangeJournal.objects.filter(relation="registry_agency", key=agency.pk)
    assert [image["address"] for image in images.values_list("image", flat=True)] == ["", ""]
    assert Agency.objects.get(pk=agency.pk).address == ""
    assert not ScreenMark.objects.filter(kind="address").exists(), "nobody is linked by what was erased"
    assert list(audit.differences(at=builders.START)) == []
    with pytest.raises(Error):
        history.redact(agency, ["address"], by="A", second="B", at=builders.START, order="Court 1")


def test_every_column_has_an_audience() -> None:
    models = apps.get_app_config("registry").get_models()
    columns = {
        (model.__name__, field.name)
        for model in models
        if not model.__name__.startswith("Historical")
        for field in model._meta.concrete_fields
    }
    decided = {(model, column) for model, named in publication.FIELDS.items() for column in named}
    assert columns - decided == set(), "decide who may read these columns in rules/publication.py"
    assert decided - columns == set(), "these columns are gone"
    with pytest.raises(KeyError):
        publication.audience("Licence", "no_such_column")


def test_a_policy_is_followed_never_changed(licence: str) -> None:
    assert PolicySet.objects.count() == 1
    assert "permission denied" in _refused("UPDATE registry_policyset SET rules = '{}'")


@pytest.mark.django_db(transaction=True)
def test_a_text_can_be_redacted_and_nothing_of_it_is_left(as_owner: Block) -> None:
    builders.authority()
    number = builders.active()
    said = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Named in error: Mina Rai"})
    builders.take(number, Action.SUSPEND_PREVENTIVE, said, at=builders.START)
    with as_owner():
        text = EntryText.objects.get(restricted=False, text__contains="Mina")
        proposal = Proposal.objects.get(entry=text.entry)
        images = ChangeJournal.objects.filter(relation__in=("registry_entrytext", "registry_proposal"))
        assert images
        assert not any("Mina" in str(image) for image in images.values_list("image", flat=True))
        for record, field in ((text, "text"), (proposal, "terms")):
            history.redact(record, [field], by="A", second="B", at=builders.START, order="Court 1")
    assert EntryText.objects.get(pk=text.pk).text == ""
    assert Proposal.objects.get(pk=proposal.pk).terms == {}
    image = ChangeJournal.objects.get(relation="registry_entrytext", key=text.pk).image
    assert image["redacted"].startswith("redacted: Court 1")
    assert list(audit.differences(at=builders.START)) == []
    assert all(told["texts"].get("en") != "" for told in lookup.timeline(number, at=builders.START))


@pytest.mark.django_db(transaction=True)
def test_what_was_said_in_an_application_can_be_redacted_and_nothing_of_it_is_left(as_owner: Block) -> None:
    builders.authority()
    applying.refused(builders.START, legal_name="Mina Works (DEMO)")
    images = ChangeJournal.objects.filter(relation__startswith="registry_application")
    private = ("Mina", "APPLICANT-1", "convicted", "identity.pdf")
    assert images
    assert not [
        image for image in images.values_list("image", flat=True) if any(w in str(image) for w in private)
    ]
    order = {"by": "A", "second": "B", "at": builders.START, "order": "Court 1"}
    with as_owner():
        for words in ApplicationText.objects.all():
            history.redact(words, ["said", "salt"], **order)  # type: ignore[arg-type]
        history.redact(Application.objects.get(), ["account", "legal_name"], **order)  # type: ignore[arg-type]
        for paper in ApplicationDocument.objects.all():
            history.redact(paper, ["name"], **order)  # type: ignore[arg-type]
    assert set(ApplicationText.objects.values_list("salt", flat=True)) == {""}
    blank = sha256(b'""').hexdigest()
    kept = images.filter(relation="registry_application").values_list("image", flat=True)
    assert {image["account"] for image in kept} == {blank}, "and no digest either"
    assert list(audit.differences(at=builders.START)) == []


def test_a_proposal_is_only_closed(licence: str) -> None:
    for change in ("terms = '{}'", "proposed_by = 'X'", "state = 'declined'"):
        assert "only closed" in _refused(f"UPDATE registry_proposal SET {change}")
    assert "only closed" in _refused("DELETE FROM registry_proposal")
