"""Searching while others write: what is committed is found at once, and writers do not wait for one another's words."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from registry import search
from registry.models import Agency, Licence
from registry.search import indexing
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)

AT = builders.START + timedelta(days=10)


@pytest.fixture
def agencies() -> list[str]:
    """Two agencies with a licence each whose names share a word."""
    builders.authority()
    made = []
    for name in ("Gulf Star", "Gulf Kestrel"):
        number = builders.active(builders.agency(name, company_number=builders.key()))
        made.append(Licence.objects.get(number=number).agency.number)
    return made


def found(q: str) -> set[str]:
    return {hit.name for hit in search.find(q, limit=20, after=None, at=AT).data}


def rename(agency: str, name: str) -> None:
    Agency.objects.filter(number=agency).update(legal_name=name)
    indexing.index([agency])


@contextmanager
def somebody_else(does: Callable[[], None]) -> Iterator[None]:
    """Another connection that has done something and not committed while the block runs."""
    inside, done = threading.Event(), threading.Event()

    def work() -> None:
        try:
            with transaction.atomic():
                does()
                inside.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join(30)


def test_nothing_is_found_before_the_commit_and_everything_after(agencies: list[str]) -> None:
    with somebody_else(lambda: rename(agencies[0], "Willow Bridge")):
        assert "Gulf Star" in found("Gulf Star")
        assert found("Willow Bridge") == set()
    assert found("Willow Bridge") == {"Willow Bridge"}
    assert "Gulf Star" not in found("Gulf Star")


def test_two_writers_of_one_word_do_not_wait_for_each_other(agencies: list[str]) -> None:
    with somebody_else(lambda: rename(agencies[0], "Amber Overseas Gulf")):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            rename(agencies[1], "Amber Overseas Kestrel")
        assert found("Amber Overseas") == {"Amber Overseas Kestrel"}
    assert found("Amber Overseas") == {"Amber Overseas Gulf", "Amber Overseas Kestrel"}


def test_counting_again_waits_for_no_writer_and_loses_no_word(agencies: list[str]) -> None:
    with somebody_else(lambda: rename(agencies[0], "Amber Overseas Gulf")):
        indexing.recount()
    indexing.recount()
    assert found("Amber Oversaes Gulf") == {"Amber Overseas Gulf"}
