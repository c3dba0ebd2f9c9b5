"""What takes more than a transaction: a picture followed through an open door, and a database that is gone."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from registry.rules import numbering
from tests import builders
from tests.journeys.conftest import settled
from tests.journeys.test_print import decoded
from tests.journeys.test_scan import UNKNOWN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("misses_forgotten")]


def test_our_own_picture_leads_to_the_right_licence(public_site: str, clock: Any, settings: Any) -> None:
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    bluefinch = settled(clock.stop(builders.START))
    other = builders.active(at=bluefinch.at)
    with urllib.request.urlopen(f"{public_site}/v/{bluefinch.badge}/qr.png") as picture:  # noqa: S310 - our own door
        address = decoded(picture.read())
    assert address == f"{public_site}/v/{bluefinch.badge}"
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - it was just seen to be our own door
        page = answer.read().decode()
    assert answer.url == address
    assert answer.status == 200
    assert f"<bdi dir=ltr>{bluefinch.licence}</bdi>" in page
    assert other not in page
    assert 'class="verdict go"' in page


@contextmanager
def database_gone() -> Iterator[None]:
    """The database cannot be reached for as long as the block runs."""
    kept = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = kept


@pytest.mark.parametrize(
    "where", ["/v/XA00000000000", "/licences/XA-DLA-A-000001-4", "/agencies/AG-000001-G", "/?q=blue"]
)
def test_without_a_database_every_page_is_grey_and_says_so(public: Client, where: str) -> None:
    path = where.replace(UNKNOWN, numbering.badge_code("XA", lambda _: 7))
    with database_gone():
        response = public.get(path)
    page = response.content.decode()
    assert response.status_code == 503
    assert response["Cache-Control"] == "no-store"
    assert response["Retry-After"] == "30"
    assert 'class="verdict unknown"' in page
    assert "We could not reach the register. This says nothing about the agency, good or bad." in page
    assert "Not licensed" not in page


def test_without_a_database_a_program_reads_unknown(public: Client) -> None:
    with database_gone():
        response = public.get(f"/v/{numbering.badge_code('XA', lambda _: 7)}", HTTP_ACCEPT="application/json")
    assert response.status_code == 503
    assert response.json()["verdict"] == {"result": "unknown", "may_recruit": False}
