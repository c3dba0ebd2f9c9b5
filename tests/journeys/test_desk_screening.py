"""At the desk in a real browser: a phoenix application is refused, a namesake is cleared and not shown again.

With ``REGISTRY_PICTURES`` pictures of the pages are kept in ``var/pictures``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.models import User
from registry import agencies, licensing, screening
from registry.rules import errors
from registry.rules.lifecycle import Action, StepTerms
from registry.rules.screening import State
from tests import builders, pictures
from tests.api.officials import appoint, signed_in
from tests.journeys.windows import Window, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 5, 20, 9, 0, tzinfo=UTC)
PICTURES = pictures.FOLDER


@contextmanager
def _desk(windows: Windows, site: str, officer: User, **more: Any) -> Iterator[Window]:
    """An officer's window with a whole session; what it complains about fails the test."""
    with windows.lend(site, client=signed_in(officer), **more) as window:
        yield window
        assert not window.complaints


def _agency(called: str, at: datetime, **person: Any) -> str:
    number = builders.agency(called, at=at)
    if person:
        builders.approved(agencies.appoint(
            number, role="director", first_day=at.date(), by=builders.maker(at), at=at,
            idempotency_key=builders.key(), **person,
        ), at=at)  # fmt: skip
    return number


@pytest.fixture
def kestrel(desk_site: str, clock: Any) -> tuple[str, str]:
    """Kestrel Overseas, revoked in March, and Kestral Global Placement, which applies in May; some neighbours."""
    clock.stop(AT)
    builders.authority()
    march = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    start = march - timedelta(days=50)
    old = _agency("Kestrel Overseas (DEMO)", start, name="Imran Kestrel (DEMO)", document="P-1")
    builders.head_office(old, at=start)
    builders.revoked(builders.active(old, at=start), at=march)
    new = _agency("Kestral Global Placement (DEMO)", AT, name="Rina Demo Sharma", document="P-7")
    builders.head_office(new, at=AT)
    neighbour = _agency("Lantern Staffing (DEMO)", AT)
    for number in (old, new, neighbour):
        builders.approved(
            agencies.add_channel(
                number, "phone", "+97714412345", by=builders.maker(AT), at=AT, idempotency_key=builders.key()
            ),
            at=AT,
        )
    for number, kind in ((old, "family"), (old, "client")):
        screening.declare(
            new, number, kind, evidence="seen in the file", by=builders.maker(AT), at=AT,
            idempotency_key=builders.key(),
        )  # fmt: skip
    return old, new


def _says(page: Any, verdict: str, reason: str) -> None:
    page.check(f"input[name=verdict][value={verdict}]")
    page.fill("textarea[name=reason]", reason)
    page.check("input[name=no_conflict]")
    page.click("form.form button")


def test_a_phoenix_application_is_refused(desk_site: str, windows: Windows, kestrel: tuple[str, str]) -> None:
    _old, new = kestrel
    number = builders.opened(new, at=AT)
    terms = StepTerms(first_day=date(2026, 6, 1), last_day=date(2028, 5, 31), no_conflict=True)
    waiting = licensing.propose(
        number, Action.GRANT, by=builders.maker(AT), at=AT, terms=terms, idempotency_key="grant"
    )
    with _desk(windows, desk_site, appoint("DLA-7", "XA-DLA", "officer")) as window:
        page = window.page
        window.open("/desk/screening")
        window.picture(PICTURES / "screening")
        assert page.inner_text("tbody tr th") == "80"
        page.click("tbody a")
        assert "asks for the registrar" in page.inner_text("main")
        page.locator("mark").nth(3).wait_for()
        window.picture(PICTURES / "match")
        _says(page, "confirm", "The same room, the same telephone, a brother behind both.")
        assert "Another officer must say so too." in page.inner_text(".notice")
        window.open(f"/desk/agencies/{new}/links")
        assert page.locator(".edge.adverse").count() == 1
        window.picture(PICTURES / "links")
        window.open(f"/desk/agencies/{new}")
        window.picture(PICTURES / "agency-with-links")
    with _desk(windows, desk_site, appoint("DLA-8", "XA-DLA", "supervisor")) as window:
        page = window.page
        window.open("/desk/screening")
        page.click("tbody a")
        _says(page, "confirm", "I compared both files.")
        assert "The match is confirmed." in page.inner_text(".notice")
    with pytest.raises(errors.RoleNotAllowed):
        licensing.approve(waiting.id, by=builders.checker(AT), at=AT, no_conflict=True, idempotency_key="c")
    refused = licensing.decline(
        waiting.id, by=builders.registrar(AT), at=AT, reason="PHOENIX", idempotency_key="r"
    )
    assert refused.state == "declined"
    assert screening.of(new, at=AT).state is State.CONFIRMED


def test_a_namesake_is_cleared_and_not_shown_again(
    desk_site: str, windows: Windows, kestrel: tuple[str, str]
) -> None:
    other = _agency("Harbour Bridge Recruitment (DEMO)", AT, name="Imran Kestrel (DEMO)", document="P-99")
    builders.approved(
        agencies.add_channel(
            other, "phone", "+97714412345", by=builders.maker(AT), at=AT, idempotency_key=builders.key()
        ),
        at=AT,
    )
    assert screening.of(other, at=AT).state is State.POSSIBLE_MATCH
    with _desk(windows, desk_site, appoint("DLA-7", "XA-DLA", "officer")) as window:
        page = window.page
        window.open("/desk/screening")
        page.get_by_role("link", name="Harbour Bridge").click()
        _says(page, "clear", "Another man of the same name; the number is of the house.")
        window.open("/desk/screening")
        assert "Harbour Bridge" not in page.inner_text("main")
        screening.of(other, at=AT)
        window.open("/desk/screening")
        assert "Harbour Bridge" not in page.inner_text("main")
        page.click("text=Not the same")
        assert "Harbour Bridge" in page.inner_text("main")


def test_the_pages_read_from_right_to_left(
    desk_site: str, windows: Windows, kestrel: tuple[str, str], arabic: Callable[[str], str]
) -> None:
    (found,) = screening.of(kestrel[1], at=AT).matches
    granted = builders.granted(builders.agency("Lantern (DEMO)", at=AT), "B", at=AT)
    terms = StepTerms(amount="100000", currency="XTS", issuer="DEMO Bank", until=date(2026, 6, 30))
    builders.take(granted, Action.CONFIRM_SECURITY, terms, at=AT)
    builders.take(granted, Action.ACTIVATE, at=AT)
    with _desk(windows, desk_site, appoint("DLA-7", "XA-DLA", "officer"), locale="ar") as window:
        page = window.page
        for name, path in (
            ("screening", "screening"), ("match", f"screening/{found.id}"), ("links", f"agencies/{kestrel[1]}/links"),
            ("securities", "securities"), ("security", f"securities/{granted}"),
        ):  # fmt: skip
            window.open(f"/desk/{path}")
            assert page.get_attribute("html", "dir") == "rtl"
            window.picture(PICTURES / f"{name}-rtl")
    with _desk(windows, desk_site, appoint("DLA-9", "XA-DLA", "officer"), locale="en") as window:
        page = window.page
        for name, path in (("securities", "securities"), ("security", f"securities/{granted}")):
            window.open(f"/desk/{path}")
            window.picture(PICTURES / name)
