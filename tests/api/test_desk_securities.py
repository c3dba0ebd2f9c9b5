"""The room of securities: what is missing and runs out, and an issuer's word entered."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from api.desk import navigation
from api.models import Reading
from registry import securities
from registry.rules.lifecycle import Action, Role, StepTerms
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"
GOOD = {
    "what": "confirm", "amount": "150000.50", "currency": "xts", "issuer": f"Bank {EVIL}", "until": "2027-01-31",
    "kind": "surety", "reference": f"REF {EVIL}", "confirmed_by": f"Who {EVIL}", "filed_as": f"Doc {EVIL}",
}  # fmt: skip


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        start = AT - timedelta(days=20)
        number = builders.granted(builders.agency(f"Lantern {EVIL}", at=start), "B", at=start)
        terms = StepTerms(amount="100000", currency="XTS", issuer="DEMO Bank", until=date(2026, 6, 30))
        builders.take(number, Action.CONFIRM_SECURITY, terms, at=start)
        builders.take(number, Action.ACTIVATE, at=start)
        return number


@pytest.fixture
def licence(_built: str, clock: Clock) -> str:
    """A licence of class B whose security ends within three months."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, licence: str) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def test_what_runs_out_stands_with_its_day_and_coverage(officer: Pages, licence: str) -> None:
    page = officer.get("securities").content.decode()
    for told in (licence, "100%", "100,000 XTS", "30 June 2026", "runs out"):
        assert told in page
    assert EVIL not in page
    assert Reading.objects.filter(fields="securities").exists()


def test_a_gap_says_so_in_the_list_on_its_page_and_in_the_dossier(
    officer: Pages, licence: str, clock: Clock
) -> None:
    clock.stop(datetime(2026, 7, 2, 6, 0, tzinfo=UTC))
    sign_in(officer.client, appoint("DLA-17", "XA-DLA", "officer"))
    assert "missing:" in officer.get("securities").content.decode()
    page = officer.get(f"securities/{licence}").content.decode()
    assert "the holder may not recruit" in page
    agency = securities.of(licence, by=builders.maker(AT), at=AT).agency
    assert "missing:" in officer.get(f"agencies/{agency}").content.decode()


def test_an_issuer_s_word_and_a_draw_are_entered(officer: Pages, licence: str) -> None:
    path = f"securities/{licence}"
    assert officer.send(path, **GOOD).status_code == 302
    draw = {"what": "draw", "amount": "500", "currency": "XTS", "reason": f"award {EVIL}"}
    assert officer.send(path, **draw).status_code == 302
    page = officer.get(path).content.decode()
    for told in ("150,000.5 XTS", "surety bond", "REF &lt;script&gt;", "500 XTS", "in time"):
        assert told in page
    assert EVIL not in page


def test_a_form_that_is_refused_keeps_what_was_typed_and_says_where(officer: Pages, licence: str) -> None:
    path = f"securities/{licence}"
    for name, bad in (
        ("amount", "1e9"), ("amount", "0"), ("currency", "dollars"), ("until", "2020-01-01"), ("until", "soon"),
        ("issuer", ""), ("reference", ""),
    ):  # fmt: skip
        answer = officer.send(path, **(GOOD | {name: bad}))
        page = answer.content.decode()
        assert answer.status_code == 422, (name, bad)
        assert f"id_{name}_error" in page or 'role="alert"' in page, (name, bad)
        assert "REF &lt;script&gt;" in page or name == "reference", (name, bad)
        assert EVIL not in page
    wrong = officer.send(path, what="draw", amount="5", currency="EUR", reason="x")
    assert wrong.status_code == 422
    assert "draw_currency_error" in wrong.content.decode()


def test_a_double_click_enters_it_once(officer: Pages, licence: str) -> None:
    path = f"securities/{licence}"
    for _ in range(2):
        officer.send(path, **GOOD, key="the-same-key-twice")
    by = builders.maker(AT)
    assert len(securities.of(licence, by=by, at=AT).position.held) == 2


def test_another_authority_finds_nothing(desk: Client, licence: str) -> None:
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "supervisor"))
    for path in (f"securities/{licence}", "securities/XA-DLA-B-000999-X", "securities/<b>"):
        assert other.get(path).status_code == 404
    assert licence not in other.get("securities").content.decode()


def test_every_role_reads_or_writes_as_the_table_says(desk: Client, licence: str) -> None:
    writers = {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}
    for place, role in enumerate(sorted(navigation.EVERYBODY)):
        sign_in(desk, appoint(f"DLA-{place + 10}", "XA-DLA", role.value))
        reads = role in navigation.READERS
        for path in ("securities", f"securities/{licence}"):
            assert desk.get(f"/desk/{path}").status_code == (200 if reads else 403), (role, path)
        sent = desk.post(f"/desk/securities/{licence}", {"what": "confirm"})
        assert sent.status_code == (422 if role in writers else 403), role


def test_everything_of_an_issuer_s_word_is_kept_as_a_draft(officer: Pages, licence: str) -> None:
    path = f"securities/{licence}"
    assert officer.send(path, **GOOD, draft="confirm", keep="keep").status_code == 302
    page = officer.get(path).content.decode()
    for told in ("REF &lt;script&gt;", "Who &lt;script&gt;", "Doc &lt;script&gt;"):
        assert told in page
