"""The ground of the desk: who comes in, what a no looks like, the first room, and the log of who read what."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from api.desk import door, navigation, urls
from api.models import Reading
from registry import licensing
from registry.rules.lifecycle import Action, StepTerms
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import Answer, appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        agency = builders.agency(at=AT - timedelta(days=20), tax_number="TAX-778")
        builders.head_office(agency, at=AT - timedelta(days=20))
        builders.active(agency, at=AT - timedelta(days=20))
        return agency


@pytest.fixture
def holder(_built: str, clock: Clock) -> str:
    """An agency of XA-DLA with a licence in force."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, holder: str) -> Pages:
    """A licensing officer of XA-DLA at the desk."""
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


PATHS = ["", "agencies", "agencies/AG-000001-X", "licences/XA-DLA-A-000001-X", "readings", "account", "keys"]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_enters_a_room_without_signing_in(desk: Client, path: str) -> None:
    answer = desk.get(f"/desk/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/desk/sign-in")


@pytest.mark.parametrize("path", PATHS)
def test_nobody_enters_a_room_with_a_password_alone(desk: Client, path: str) -> None:
    desk.force_login(appoint("DLA-7", "XA-DLA", "officer"))
    answer = desk.get(f"/desk/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/desk/second-factor")


def test_the_bare_address_leads_to_the_desk(desk: Client) -> None:
    assert desk.get("/").headers["Location"] == "/desk/"


def test_every_room_has_a_route_and_every_route_a_name_of_the_desk() -> None:
    named = {route.name for route in urls.urlpatterns if hasattr(route, "name")}
    assert {room.route for room in navigation.ROOMS} <= named
    assert all(name and name.startswith("desk-") for name in named)
    keys = [room.key for room in navigation.ROOMS if room.key]
    assert len(keys) == len(set(keys))


def test_a_page_is_kept_by_no_cache_and_runs_no_script_of_its_own(officer: Pages) -> None:
    answer = officer.get("")
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "<script>" not in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_the_rooms_at_the_side_are_those_of_the_roles(desk: Client, officer: Pages) -> None:
    page = officer.get("").content.decode()
    assert "/desk/agencies" in page
    assert "/desk/readings" not in page
    assert officer.get("readings").status_code == 403


def test_a_dossier_shows_its_licence_with_colour_shape_and_word(officer: Pages, holder: str) -> None:
    answer = officer.get(f"agencies/{holder}")
    assert answer.status_code == 200
    page = answer.content.decode()
    for told in ("Licensed", "In force", "<svg", "TAX-778", "restricted", "Licence granted", holder):
        assert told in page


@pytest.mark.parametrize("number", ["AG-000999-0", "nonsense", "XA-DLA-A-000001-1", "%00", "../keys", "<b>"])
def test_what_is_not_there_is_a_page_that_says_so(officer: Pages, number: str) -> None:
    answer = officer.get(f"agencies/{number}")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["Content-Type"]
    assert "<b>" not in answer.content.decode().replace("<b></b>", "")


def test_another_authority_s_agency_looks_exactly_like_none(desk: Client, holder: str) -> None:
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "officer"))
    hidden = other.get(f"agencies/{holder}")
    missing = other.get("agencies/AG-000999-0")
    assert hidden.status_code == missing.status_code == 404
    assert _without_token(hidden) == _without_token(missing)
    assert not Reading.objects.exists()


def test_a_register_that_cannot_be_reached_is_a_page_that_asks_it_nothing(rf: RequestFactory) -> None:
    answer = door.refused(rf.get("/desk/"), OperationalError("gone"))
    assert answer.status_code == 503
    assert "text/html" in answer.headers["Content-Type"]
    assert "gone" not in answer.content.decode()


def _without_token(answer: Answer) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def test_every_role_enters_the_rooms_that_are_its_own_and_no_other(desk: Client, holder: str) -> None:
    found = {}
    for place, role in enumerate(sorted(navigation.EVERYBODY)):
        user = appoint(f"DLA-{place}", "XA-DLA", role.value)
        sign_in(desk, user)
        for room in navigation.ROOMS:
            answer = desk.get(reverse(room.route, urlconf="api.conf.desk"))
            found[role, room.route] = answer.status_code
    expected = {
        (role, room.route): 200 if role in room.roles else 403
        for role in navigation.EVERYBODY
        for room in navigation.ROOMS
    }
    assert found == expected


def test_who_belongs_to_no_authority_is_shown_no_room_that_is_not_there(desk: Client, holder: str) -> None:
    sign_in(desk, appoint("ADM-7", "", "administrator", "auditor"))
    told = desk.get("/desk/").content.decode()
    at = {room.route: reverse(room.route, urlconf="api.conf.desk") for room in navigation.ROOMS}
    shown = {route for route, address in at.items() if f'href="{address}"' in told}
    assert shown == {"desk-queue", "desk-people", "desk-policies", "desk-readings"}
    assert all(desk.get(at[route]).status_code == 200 for route in shown)


def test_reading_a_dossier_is_logged_for_the_auditor_of_the_authority(
    desk: Client, officer: Pages, holder: str
) -> None:
    officer.get(f"agencies/{holder}")
    logged = Reading.objects.filter(fields="agency").get()
    assert (logged.officer, logged.record, logged.through, logged.at) == ("DLA-7", holder, "desk", AT)
    assert Reading.objects.filter(fields="licence").count() == 1
    auditor = at_desk(desk, appoint("DLA-9", "XA-DLA", "auditor"))
    page = auditor.get("readings", record=holder).content.decode()
    assert "DLA-7" in page
    assert holder in page
    others = at_desk(desk, appoint("LMA-9", "XB-LMA", "auditor"))
    assert "DLA-7" not in others.get("readings").content.decode()


def test_the_staff_api_logs_its_reads_too(desk: Client, holder: str) -> None:
    at_api = sign_in(desk, appoint("DLA-7", "XA-DLA", "officer"))
    assert at_api.get(f"agencies/{holder}").status_code == 200
    assert Reading.objects.get().through == "api"


def test_the_read_only_tables_log_whose_rows_were_looked_at(desk: Client, holder: str) -> None:
    sign_in(desk, appoint("AUDIT-1", "", "auditor", staff=True))
    assert desk.get("/admin/registry/agency/").status_code == 200
    kept = Reading.objects.get()
    assert (kept.officer, kept.record, kept.fields, kept.through) == ("AUDIT-1", "agency", "table", "tables")
    desk.get("/admin/registry/agency/1/change/")
    assert Reading.objects.latest("pk").record == "agency 1"


def test_whoever_may_not_see_the_tables_leaves_no_line_by_asking(desk: Client, officer: Pages) -> None:
    assert officer.client.get("/admin/registry/agency/").status_code == 302
    assert not Reading.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE api_reading SET officer = 'X'", "DELETE FROM api_reading"])
def test_the_log_of_reads_only_grows(officer: Pages, holder: str, statement: str) -> None:
    officer.get(f"agencies/{holder}")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_queue_counts_what_really_waits_for_this_officer(
    desk: Client, officer: Pages, holder: str
) -> None:
    assert "No proposal waits for your yes." in officer.get("").content.decode()
    number = licensing_number(holder)
    terms = StepTerms(grounds=("FALSE-DOC",), texts={"en": "Papers under examination."}, no_conflict=True)
    licensing.propose(
        number,
        Action.SUSPEND_PREVENTIVE,
        by=builders.maker(AT),
        at=AT,
        terms=terms,
        idempotency_key=builders.key(),
    )
    supervisor = at_desk(desk, appoint("DLA-8", "XA-DLA", "supervisor", "registrar"))
    page = supervisor.get("").content.decode()
    assert "Proposals to approve (1)" in page
    assert holder in page


def licensing_number(holder: str) -> str:
    """The agency's licence."""
    from registry import dossier

    return str(dossier.restricted_agency(holder, by=builders.maker(AT))["licences"][0])


def test_a_search_stays_within_the_authority(desk: Client, officer: Pages, holder: str) -> None:
    name = "Bluefinch"
    assert officer.get("agencies", q=name).status_code == 200
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "officer"))
    assert "Nothing of your authority" in other.get("agencies", q=name).content.decode()


@pytest.mark.parametrize(
    "charset", ["rot13", "base64", "zip", "idna", "utf-7", "unicode_escape", "undefined"]
)
def test_a_body_is_utf_8_or_is_not_read(desk: Client, charset: str) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n+2AA-\r\n--b--\r\n'
    told = desk.generic("POST", "/desk/sign-in", form, f"multipart/form-data; boundary=b; charset={charset}")
    assert told.status_code == 415
    told = desk.generic("POST", "/api/v1/staff/session", b"{}", f"application/json; charset={charset}")
    assert (told.status_code, told.json()["code"]) == (415, "body.wrong_media_type")
    for good in ("utf-8", "UTF-8", '"utf-8"'):
        told = desk.generic("POST", "/desk/sign-in", form, f"multipart/form-data; boundary=b; charset={good}")
        assert told.status_code == 422
