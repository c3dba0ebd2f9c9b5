"""Migrations that rewrite rows, tried on rows as they were before them."""

import hashlib
import hmac
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from registry import agencies, audit, licensing
from registry.agencies import Waiting
from registry.models import ChangeJournal, Proposal
from registry.rules.lifecycle import Action, StepTerms
from tests import builders

AT = builders.START + timedelta(days=10)
WORDS = "appointment director Asha Demo"
OLD = """
    UPDATE registry_proposal SET subject = %(words)s WHERE id = %(key)s;
    UPDATE registry_changejournal SET image = image || jsonb_build_object('subject', %(words)s::text)
    WHERE relation = 'registry_proposal' AND key = %(key)s
"""


def _run(name: str, function: str) -> None:
    """Run the Python part of a migration on the rows that there are."""
    module: Any = importlib.import_module(f"registry.migrations.{name}")
    getattr(module, function)(None, SimpleNamespace(connection=connection))


def _images(proposal: int) -> list[Any]:
    rows = ChangeJournal.objects.filter(relation="registry_proposal", key=proposal).order_by("pk")
    return list(rows.values_list("image", flat=True))


@pytest.mark.django_db(transaction=True)
def test_subjects_in_words_become_digests_in_the_table_and_in_the_journal(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    builders.authority()
    holder = builders.agency()
    builders.active(holder)
    opened = builders.opened(builders.agency("Kestrel (DEMO)"), at=AT)
    asked: dict[str, Any] = {"by": builders.maker(AT), "at": AT}
    made = agencies.amend(holder, {"locality": "Bay"}, **asked, idempotency_key=builders.key())
    assert isinstance(made, Waiting)
    terms = StepTerms(first_day=date(2026, 1, 15), last_day=date(2027, 1, 14), no_conflict=True)
    step = licensing.propose(opened, Action.GRANT, terms=terms, **asked, idempotency_key=builders.key()).id
    of_step = _images(step)
    with as_owner(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL registry.redaction = 'on'")
            cursor.execute(OLD, {"words": WORDS, "key": made.proposal})
        assert WORDS in str(_images(made.proposal))
        _run("0070_proposals_without_words", "digest")
    told = hmac.new(settings.REGISTRY_IDENTITY_KEY.encode(), WORDS.encode(), hashlib.sha256).hexdigest()
    assert Proposal.objects.get(pk=made.proposal).subject == told
    images = _images(made.proposal)
    assert images
    assert {image["subject"] for image in images} == {told}
    assert (Proposal.objects.get(pk=step).subject, _images(step)) == ("", of_step)
    assert list(audit.differences(at=AT)) == []
