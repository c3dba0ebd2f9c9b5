"""Who is told of a licence: addresses added and ended at the desk, and the log of letters."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from api.models import Delivery
from api.outbound import email
from registry.rules.lifecycle import Role
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = builders.START + timedelta(days=1)


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        return builders.active(builders.agency())


@pytest.fixture
def number(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA in force."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(new_desk: Callable[[], Client], number: str) -> Callable[..., Pages]:
    """Officers of XA-DLA, each in a browser of their own."""
    return lambda who, *roles, authority="XA-DLA": at_desk(new_desk(), appoint(who, authority, *roles))


def test_an_address_is_added_once_and_ended(officer: Callable[..., Pages], number: str) -> None:
    maker, path = officer("DLA-7", "officer"), f"licences/{number}/letters"
    for _ in range(2):
        assert maker.send(path, address="union@workers.example").status_code == 302
    (watcher,) = email.watchers(number)
    assert (watcher.recorded_by, watcher.asked_at) == ("DLA-7", AT)
    assert "union@workers.example" in maker.get(path).content.decode()
    assert maker.send(path, end=str(watcher.pk)).status_code == 302
    assert not email.watchers(number)
    assert maker.send(path, end="nonsense").status_code == 302


@pytest.mark.parametrize("address", ["", "nobody", '"><script>alert(1)</script>', "a@b\nc@d.example"])
def test_what_is_no_address_is_refused_and_kept(
    officer: Callable[..., Pages], number: str, address: str
) -> None:
    answer = officer("DLA-7", "officer").send(f"licences/{number}/letters", address=address)
    assert answer.status_code == 422
    assert "wrong" in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert not email.watchers(number)


def test_the_log_says_what_became_of_each_letter(officer: Callable[..., Pages], number: str) -> None:
    for state, error in (("sent", ""), ("waiting", "<b>452 no room</b>"), ("failed", "gone")):
        Delivery.objects.create(
            sequence=3, licence=number, address=f"{state}@x.example", reason="holder", state=state, created_at=AT,
            due_at=AT, sent_at=AT if state == "sent" else None, last_error=error,
        )  # fmt: skip
    page = officer("DLA-7", "auditor").get(f"licences/{number}/letters").content.decode()
    for told in ("sent@x.example", "given up", "waiting", "&lt;b&gt;452 no room"):
        assert told in page


def test_each_role_reads_and_writes_what_is_its_own(officer: Callable[..., Pages], number: str) -> None:
    path = f"licences/{number}/letters"
    for place, role in enumerate(sorted(frozenset(Role) - {Role.SYSTEM})):
        who = officer(f"DLA-{place}", role.value)
        writes = role in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}
        page = who.get(path)
        assert page.status_code == (403 if role is Role.ANALYST else 200)
        assert (b'name="address"' in page.content) is writes, role
        if role is not Role.ANALYST:
            assert who.send(path, address="a@b.example").status_code == (302 if writes else 403), role
    other = officer("LMA-7", "officer", authority="XB-LMA")
    assert other.get(path).status_code == 404
    assert other.send(path, address="a@b.example").status_code == 404
