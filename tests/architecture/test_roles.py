"""The database's own promises: what the applications' role can and can not do."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection


def _role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_the_applications_work_with_rights_of_their_own() -> None:
    assert _role() == "registry_app"


@pytest.mark.django_db(transaction=True)
def test_the_owner_of_the_tables_is_somebody_else(
    as_owner: Callable[[], AbstractContextManager[None]],
) -> None:
    with as_owner():
        assert _role() == "registry_owner"
    assert _role() == "registry_app"
