"""What the tests of a module share: each begins with a world built before, and none meets another's changes."""

import pytest
from django.db import connection

from registry.models import Agency, Authority
from tests import builders
from tests.conftest import Kept

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def agency(kept: Kept) -> str:
    """An agency that all tests read that ask for it."""
    with kept():
        builders.authority()
        return builders.agency()


@pytest.mark.parametrize("_again", range(2))
def test_what_a_test_alters_in_the_world_is_undone(agency: str, _again: int) -> None:
    assert list(Agency.objects.values_list("number", flat=True)) == [agency]
    builders.agency("Kestrel (DEMO)")


@pytest.mark.parametrize("_again", range(2))
def test_whoever_does_not_ask_for_the_world_finds_nothing(_again: int) -> None:
    assert not Authority.objects.exists()
    builders.authority()


@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_finds_nothing_either() -> None:
    assert not connection.in_atomic_block
    assert not Authority.objects.exists()
