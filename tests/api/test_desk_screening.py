"""The room of screening: who enters, the two records side by side, and an officer's word."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from api.desk import navigation
from api.models import Reading
from registry import agencies, screening
from registry.models import Screening
from registry.rules.lifecycle import Role
from registry.rules.screening import State
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"
Browser = Callable[[], Client]


def _channel(number: str, value: str = "+97714412345") -> None:
    builders.approved(
        agencies.add_channel(
            number, "phone", value, by=builders.maker(AT), at=AT, idempotency_key=builders.key()
        ),
        at=AT,
    )


@pytest.fixture(scope="module")
def _built(kept: Kept) -> tuple[str, str, int]:
    with kept(at=AT):
        builders.authority()
        start = AT - timedelta(days=90)
        old = builders.agency(f"Kestrel {EVIL} Overseas", at=start)
        builders.head_office(old, at=start)
        builders.revoked(builders.active(old, at=start), at=AT - timedelta(days=20))
        new = builders.agency(f"Kestral {EVIL} Placement", at=AT)
        builders.head_office(new, at=AT)
        for number in (old, new):
            _channel(number)
            builders.approved(agencies.appoint(
                number, name=f"Rina {EVIL} Demo", role="director", first_day=date(2026, 4, 1), by=builders.maker(AT),
                at=AT, idempotency_key=builders.key(), document="P-2",
            ), at=AT)  # fmt: skip
        return new, old, screening.of(new, at=AT).matches[0].id


@pytest.fixture
def pair(_built: tuple[str, str, int], clock: Clock) -> tuple[str, str, int]:
    """An applicant, the agency that it may come from, and the number of their match."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, pair: tuple[str, str, int]) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def test_the_matches_stand_by_score_with_their_reasons(officer: Pages, pair: tuple[str, str, int]) -> None:
    page = officer.get("screening").content.decode()
    for told in ("same officer or owner", "same telephone", "same address", pair[0], pair[1], "100"):
        assert told in page
    assert EVIL not in page
    assert Reading.objects.filter(fields="screening", through="desk").exists()


def test_the_records_stand_side_by_side_and_what_is_equal_is_marked(
    officer: Pages, pair: tuple[str, str, int]
) -> None:
    page = officer.get(f"screening/{pair[2]}").content.decode()
    assert page.count("<mark>") >= 6
    assert "Level 2, 14 Harbour Road" in page
    assert "asks for the registrar" in page
    assert EVIL not in page
    assert Reading.objects.filter(record=f"match {pair[2]}").count() == 1


def test_two_officers_confirm_each_with_a_reason(
    officer: Pages, pair: tuple[str, str, int], new_desk: Browser
) -> None:
    path = f"screening/{pair[2]}"
    said = {"verdict": "confirm", "reason": f"same director {EVIL}", "no_conflict": "on"}
    assert officer.send(path, **said).status_code == 302
    page = officer.get(path).content.decode()
    assert "waits for" in page
    assert EVIL not in page
    assert officer.client.post(f"/desk/{path}", said).status_code == 403, "without the form's token"
    supervisor = at_desk(new_desk(), appoint("DLA-8", "XA-DLA", "supervisor"))
    assert supervisor.send(path, **said).status_code == 302
    assert screening.match(pair[2], by=builders.maker(AT)).match.state is State.CONFIRMED


def test_a_false_positive_is_not_shown_again(officer: Pages, pair: tuple[str, str, int]) -> None:
    done = officer.send(
        f"screening/{pair[2]}", verdict="clear", reason="two firms in one house", no_conflict="on"
    )
    assert done.status_code == 302
    assert "Nothing is to be judged." in officer.get("screening").content.decode()
    assert pair[0] in officer.get("screening", state="false_positive").content.decode()


def test_a_refused_form_keeps_what_was_typed_and_says_at_the_field_what_is_wrong(
    officer: Pages, pair: tuple[str, str, int]
) -> None:
    answer = officer.send(f"screening/{pair[2]}", verdict="confirm", reason=f"typed {EVIL}")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "typed &lt;script&gt;" in page
    assert "id_no_conflict_error" in page
    assert EVIL not in page
    blank = officer.send(f"screening/{pair[2]}", verdict="nonsense", reason="", no_conflict="on")
    assert blank.status_code == 422
    assert "id_reason_error" in blank.content.decode()


def test_a_double_click_says_it_once(officer: Pages, pair: tuple[str, str, int]) -> None:
    path = f"/desk/screening/{pair[2]}"
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', officer.client.get(path).content.decode())
    )
    said = hidden | {"verdict": "confirm", "reason": "seen", "no_conflict": "on"}
    officer.client.post(path, said)
    officer.client.post(path, said)
    assert len(screening.match(pair[2], by=builders.maker(AT)).match.said) == 1


def test_a_link_is_declared_on_the_agency_s_page_of_links(officer: Pages, pair: tuple[str, str, int]) -> None:
    new, old, _match = pair
    path = f"agencies/{new}/links"
    page = officer.get(path).content.decode()
    assert "<svg" in page
    assert 'class="node adverse"' in page
    assert EVIL not in page
    wrong = officer.send(path, other="AG-000999-0", kind="family", evidence="x")
    assert wrong.status_code == 422
    assert "id_other_error" in wrong.content.decode()
    assert officer.send(path, other=old, kind="family", evidence=EVIL).status_code == 302
    assert "family of its people" in officer.get(path).content.decode()


def test_an_agency_s_dossier_shows_its_links_to_those_who_read_them(
    officer: Pages, pair: tuple[str, str, int], new_desk: Browser
) -> None:
    assert 'class="edge adverse"' in officer.get(f"agencies/{pair[0]}").content.decode()
    inspector = at_desk(new_desk(), appoint("DLA-5", "XA-DLA", "inspector"))
    assert "<svg viewBox" not in inspector.get(f"agencies/{pair[0]}").content.decode()


def test_an_agency_is_screened_again_from_its_dossier_once_a_click(
    officer: Pages, pair: tuple[str, str, int]
) -> None:
    page = officer.get(f"agencies/{pair[0]}").content.decode()
    assert f'action="/desk/agencies/{pair[0]}/links"' in page
    assert "Screen it again now" in page
    key = re.findall(r'name="key" value="([^"]+)"', page)[-1]
    before = Screening.objects.count()
    for _click in range(2):
        answer = officer.send(f"agencies/{pair[0]}/links", again="1", key=key)
        assert answer.status_code == 302
    (made,) = Screening.objects.order_by("pk")[before:]
    assert (made.why, made.by) == ("asked", "DLA-7")
    assert "1 match is to be judged." in officer.get(f"agencies/{pair[0]}/links").content.decode()


def test_another_authority_finds_nothing(desk: Client, pair: tuple[str, str, int]) -> None:
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "supervisor"))
    for path in (f"screening/{pair[2]}", f"agencies/{pair[0]}/links", "screening/999999"):
        assert other.get(path).status_code == 404, path
        assert other.client.post(f"/desk/{path}", {}).status_code in {403, 404}
    assert "Nothing is to be judged." in other.get("screening").content.decode()


def test_every_role_reads_or_judges_as_the_table_says(desk: Client, pair: tuple[str, str, int]) -> None:
    paths = ("screening", f"screening/{pair[2]}", f"agencies/{pair[0]}/links")
    readers = {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.AUDITOR}
    for place, role in enumerate(sorted(navigation.EVERYBODY)):
        sign_in(desk, appoint(f"DLA-{place + 10}", "XA-DLA", role.value))
        for path in paths:
            answer = desk.get(f"/desk/{path}")
            assert answer.status_code == (200 if role in readers else 403), (role, path)
            if path != "screening":
                form = b'name="csrfmiddlewaretoken"' in answer.content and b'class="form"' in answer.content
                assert form is (role in readers - {Role.AUDITOR}), (role, path)
                judges = role in readers - {Role.AUDITOR}
                assert desk.post(f"/desk/{path}", {}).status_code == (422 if judges else 403), (role, path)
