"""What proves a replica to be fresh: how long ago by its own clock that was committed which it shows."""

import pytest
from django.conf import LazySettings

from registry import replica


@pytest.fixture
def shows(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> pytest.MonkeyPatch:
    """What the database says of itself is told by the test; fifteen seconds are allowed."""
    settings.REGISTRY_REPLICA_SECONDS = 15
    return monkeypatch


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", ["0", "15", "-3"])
def test_a_replica_that_shows_what_was_committed_just_now_is_fresh(
    shows: pytest.MonkeyPatch, seconds: str
) -> None:
    shows.setattr(replica, "_AGE", f"SELECT true, {seconds}")
    assert replica.is_fresh()


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", ["16", "-3600", "NULL"])
def test_one_that_is_behind_or_whose_clock_is_proves_nothing(shows: pytest.MonkeyPatch, seconds: str) -> None:
    shows.setattr(replica, "_AGE", f"SELECT true, {seconds}")
    assert not replica.is_fresh()
    shows.setattr(replica, "_AGE", f"SELECT false, {seconds}")
    assert replica.is_fresh(), "the primary is as fresh as can be"
