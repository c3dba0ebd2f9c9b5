"""What the public reads of applications: while it may object, and of refusals for sixty months; nothing restricted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from registry.admission import applicants, reading
from tests import applying as apply
from tests import builders
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def office(clock: Clock) -> None:
    """The authority and a stopped clock."""
    clock.stop(AT)
    builders.authority(at=AT - timedelta(days=60))


def page(public: Client, path: str) -> Any:
    return public.get(path, headers=HTML)


def test_who_may_be_objected_to_is_listed_red_with_the_way_to_object(public: Client, clock: Clock) -> None:
    assert "No application is open to objection now." in page(public, "/applications").content.decode()
    number = apply.called(AT)
    shown = page(public, "/applications").content.decode()
    assert number in shown
    assert "Not licensed" in shown
    one = page(public, f"/applications/{number}").content.decode()
    for told in (
        "Not licensed",
        "Kestrel Overseas (DEMO)",
        "Port Demo",
        "16 March 2026",
        f"/apply/objections/{number}",
    ):
        assert told in one, told
    clock.stop(AT + timedelta(days=15))
    assert page(public, f"/applications/{number}").status_code == 404
    assert number not in page(public, "/applications").content.decode()


def test_a_refusal_is_public_for_sixty_months_in_the_list_and_under_its_number(
    public: Client, clock: Clock
) -> None:
    number = apply.refused(AT)
    one = page(public, f"/applications/{number}").content.decode()
    for told in ("refused this applicant a licence", "2 March 2026", "30 March 2026", "2 March 2031"):
        assert told in one, told
    assert "/apply/objections/" not in one
    clock.stop(datetime(2031, 3, 2, 18, 0, tzinfo=UTC))
    assert page(public, f"/applications/{number}").status_code == 200
    clock.stop(datetime(2031, 3, 2, 18, 15, tzinfo=UTC))
    assert page(public, f"/applications/{number}").status_code == 404


def test_a_holder_s_refused_renewal_stands_in_its_public_record(public: Client, clock: Clock) -> None:
    number, later = apply.granted(AT)
    told = reading.one(number, by=builders.maker(later), at=later)
    from registry.rules.applying import Action
    from registry.rules.lifecycle import Action as LicenceAction

    builders.take(told.licence, LicenceAction.ACTIVATE, at=later)
    near = clock.stop(datetime(2028, 2, 1, 6, 0, tzinfo=UTC))
    asked = applicants.begin(apply.ACCOUNT, "XA-DLA", renews=told.licence, at=near, idempotency_key="r-1")
    applicants.submit(asked, account=apply.ACCOUNT, at=near, idempotency_key="r-2")
    apply.take(asked, Action.REVIEW, at=near)
    apply.take(asked, Action.PROPOSE_REFUSAL, at=near, grounds=["FIT-PROPER"], letter="…")
    apply.take(asked, Action.SERVE_NOTICE, at=near)
    over = clock.stop(near + timedelta(days=22))
    apply.take(asked, Action.REFUSE, at=over, by=builders.registrar(over), letter="…")
    assert asked in page(public, f"/agencies/{told.agency}").content.decode()


def test_a_granted_application_leads_to_its_licence(public: Client, clock: Clock) -> None:
    number, later = apply.granted(AT)
    clock.stop(later)
    licence = reading.one(number, by=builders.maker(later), at=later).licence
    assert page(public, f"/applications/{number}").headers["Location"] == f"/licences/{licence}"
    assert "Not licensed" in page(public, f"/licences/{licence}").content.decode()


@pytest.mark.parametrize("number", ["LA-999999-0", "nonsense", "%00", "<b>", "AG-000001-0"])
def test_what_is_not_there_is_a_page_that_says_so(public: Client, number: str) -> None:
    answer = page(public, f"/applications/{number}")
    assert answer.status_code == 404
    assert "<b>" not in answer.content.decode().replace("<b>Not", "").replace("<b dir", "")


def test_nothing_that_is_not_public_is_told(public: Client) -> None:
    marks = {
        name: f"{name.upper()}-MARK" for name in ("tax_number", "legal_form", "address", "company_register")
    }
    number = apply.called(AT, **marks)
    applicants.object_to(
        number,
        text="OBJECTION-MARK",
        name="OBJECTOR-MARK",
        contact="CONTACT-MARK",
        at=AT,
        idempotency_key="o-1",
    )
    gone = apply.refused(AT, account="A-2", **marks)
    for path in ("/applications", f"/applications/{number}", f"/applications/{gone}"):
        shown = page(public, path).content.decode()
        assert "-MARK" not in shown
        for secret in (
            "Mina",
            "kestrel.example",
            "locked cabinet",
            "OFFICER-",
            "DLA-31",
            "another company",
            "convicted",
        ):
            assert secret not in shown, secret


def test_names_do_not_run(public: Client) -> None:
    number = apply.called(
        AT, legal_name="Kestrel <script>alert(1)</script>", locality='"><img src=x onerror=alert(2)>'
    )
    for path in ("/applications", f"/applications/{number}"):
        shown = page(public, path).content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
