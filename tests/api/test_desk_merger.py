"""Two records of one firm made one, at the desk and through the officials' API; and where the old number leads."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from api.models import Reading, User
from registry import lookup, motions
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import Desk, appoint, sign_in
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = AT - timedelta(days=20)
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def _built(kept: Kept) -> tuple[str, str]:
    with kept(at=AT):
        builders.authority()
        gone, stays = (
            builders.agency(f"Blue Finch {EVIL}", at=START),
            builders.agency("Bluefinch (DEMO)", at=START),
        )
        builders.active(gone, "C", at=START)
        builders.active(stays, "A", at=START)
        return gone, stays


@pytest.fixture
def pair(_built: tuple[str, str], clock: Clock) -> tuple[str, str]:
    """Two records of one firm, each with a licence."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, pair: tuple[str, str]) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def sent(into: str, **more: str) -> dict[str, str]:
    return {"into": into, "reason": f"One firm {EVIL}", "no_conflict": "on", **more}


def at_api(client: Client, user: User) -> Desk:
    """The same browser's programs, which carry no form's token."""
    client.handler.enforce_csrf_checks = False
    return sign_in(client, user)


def test_a_merger_is_proposed_by_one_and_approved_by_another(
    officer: Pages, desk: Client, public: Client, pair: tuple[str, str]
) -> None:
    gone, stays = pair
    page = officer.get(f"agencies/{gone}").content.decode()
    assert f"/desk/agencies/{gone}/merge" in page
    answer = officer.send(f"agencies/{gone}/merge", **sent(stays.lower()))
    assert answer.status_code == 302
    path = answer.headers["Location"].removeprefix("/desk/")
    page = officer.get(path).content.decode()
    assert "You proposed it, so somebody else approves it" in page
    assert EVIL not in page
    assert officer.send(path, do="approve", no_conflict="on").status_code == 403
    supervisor = at_desk(desk, appoint("DLA-8", "XA-DLA", "supervisor"))
    assert path in supervisor.get("").content.decode()
    page = supervisor.get(path).content.decode()
    for told in ("Side by side", gone, stays, "Your yes", "One firm &lt;script&gt;"):
        assert told in page
    assert supervisor.send(path, do="approve").status_code == 422
    assert supervisor.send(path, do="approve", no_conflict="on").status_code == 302
    assert "It was approved and done." in supervisor.get(path).content.decode()
    assert Reading.objects.filter(fields="motion", officer="DLA-8").exists()
    moved = supervisor.get(f"agencies/{gone}")
    assert (moved.status_code, moved.headers["Location"]) == (302, f"/desk/agencies/{stays}")
    page = supervisor.get(f"agencies/{stays}").content.decode()
    assert gone in page
    assert "Two records of the agency made one" in page
    then = supervisor.get(f"agencies/{gone}", as_of="2026-04-20", known_at="2026-04-20")
    assert then.status_code == 200
    assert EVIL not in then.content.decode()
    listed = supervisor.get("agencies").content.decode()
    assert stays in listed
    assert f"/desk/agencies/{gone}" not in listed
    answer = public.get(f"/api/v1/agencies/{gone.lower()}", {"lang": "en"})
    assert (answer.status_code, answer.headers["Location"]) == (308, f"/api/v1/agencies/{stays}?lang=en")
    assert answer.json()["number"] == stays
    answer = public.get(f"/agencies/{gone}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/agencies/{stays}")
    page = public.get(f"/agencies/{stays}").content.decode()
    assert gone in page
    assert EVIL not in page
    assert [one["number"] for one in public.get(f"/api/v1/agencies/{stays}").json()["formerly"]] == [gone]


def test_a_refused_form_keeps_what_was_typed_and_says_where(officer: Pages, pair: tuple[str, str]) -> None:
    gone, stays = pair
    path = f"agencies/{gone}/merge"
    for into, told in (
        (gone, "not merged into itself"), ("AG-000999-0", "no agency"), (EVIL, "no agency"), ("", "required"),
    ):  # fmt: skip
        answer = officer.send(path, **sent(into))
        page = answer.content.decode()
        assert answer.status_code == 422, into
        assert told in page.lower().replace("no agency", "no agency"), into
        assert "id_into_error" in page, into
        assert "One firm &lt;script&gt;" in page
        assert EVIL not in page
    assert officer.send(path, into=stays, reason="one").status_code == 422
    third = builders.agency("Third (DEMO)", at=START)
    builders.active(third, "A", at=START)
    answer = officer.send(f"agencies/{third}/merge", **sent(stays))
    assert "end one of the two first" in answer.content.decode()


def test_a_double_click_proposes_once(officer: Pages, pair: tuple[str, str]) -> None:
    gone, stays = pair
    body = sent(stays, key="the-same-key-twice")
    first, second = (
        officer.client.post(f"/desk/agencies/{gone}/merge", body | token(officer, gone)) for _ in "12"
    )
    assert first.headers["Location"] == second.headers["Location"]


def token(officer: Pages, gone: str) -> dict[str, str]:
    """The form's own token."""
    page = officer.get(f"agencies/{gone}/merge").content.decode()
    return {"csrfmiddlewaretoken": page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM}))
def test_who_may_propose_read_and_approve_a_merger(desk: Client, pair: tuple[str, str], role: Role) -> None:
    gone, stays = pair
    moved = motions.propose(
        Motion.MERGE, gone, {"into": stays, "reason": "One."}, by=builders.maker(AT), at=AT,
        idempotency_key="k", no_conflict=True,
    )  # fmt: skip
    seat = at_desk(desk, appoint("DLA-9", "XA-DLA", role.value))
    proposes = role in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}
    assert seat.get(f"agencies/{gone}/merge").status_code == (200 if proposes else 403)
    assert seat.get(f"motions/{moved.id}").status_code == (403 if role is Role.ANALYST else 200)
    api = at_api(desk, appoint("DLA-10", "XA-DLA", role.value))
    body = {"into": stays, "reason": "One.", "no_conflict": True}
    assert api.post(f"agencies/{gone}/mergers", body).status_code == (409 if proposes else 403)
    assert api.get("motions").status_code == (403 if role is Role.ANALYST else 200)
    approves = role in {Role.SUPERVISOR, Role.REGISTRAR}
    answer = api.post(f"motions/{moved.id}/approvals", {"no_conflict": True})
    assert answer.status_code == (201 if approves else 403)
    if approves:
        assert answer.json()["state"] == "approved"


def test_another_authority_s_motion_and_record_look_like_none(desk: Client, pair: tuple[str, str]) -> None:
    gone, stays = pair
    moved = motions.propose(
        Motion.MERGE, gone, {"into": stays, "reason": "One."}, by=builders.maker(AT), at=AT,
        idempotency_key="k", no_conflict=True,
    )  # fmt: skip
    builders.authority("XB-LMA")
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "registrar"))
    for path in (f"agencies/{gone}/merge", f"motions/{moved.id}", f"motions/{moved.id + 1}"):
        assert other.get(path).status_code == 404
    api = at_api(desk, appoint("LMA-8", "XB-LMA", "registrar"))
    body = {"into": stays, "reason": "One.", "no_conflict": True}
    assert api.get(f"motions/{moved.id}").status_code == 404
    assert api.get("motions").json() == {"data": []}
    assert api.post(f"agencies/{gone}/mergers", body).status_code == 404
    for what, sent_ in (("approvals", {"no_conflict": True}), ("declines", {"reason": "no"})):
        assert api.post(f"motions/{moved.id}/{what}", sent_).status_code == 404
    foreign = builders.agency("Foreign (DEMO)", authority="XB-LMA", at=START)
    mine = at_api(desk, appoint("DLA-11", "XA-DLA", "officer"))
    for into in (foreign, "AG-000999-0", EVIL, "\\u0000"):
        answer = mine.post(f"agencies/{stays}/mergers", body | {"into": into})
        assert answer.status_code == 404
        assert answer.json()["code"] == "agency.not_found"


def test_the_officials_api_leads_on_and_refuses_to_write_the_merged_record(
    desk: Client, pair: tuple[str, str]
) -> None:
    gone, stays = pair
    maker = sign_in(desk, appoint("DLA-7", "XA-DLA", "officer"))
    made = maker.post(f"agencies/{gone}/mergers", {"into": stays, "reason": "One.", "no_conflict": True})
    assert (made.status_code, made.json()["next_roles"]) == (201, ["registrar", "supervisor"])
    assert maker.get(f"motions?about={gone}").json()["data"][0]["awaits_me"] is False
    number = made.json()["id"]
    assert (
        maker.post(f"motions/{number}/approvals", {"no_conflict": True}).json()["code"]
        == "approval.own_proposal"
    )
    checker = sign_in(desk, appoint("DLA-8", "XA-DLA", "supervisor"))
    assert checker.post(f"motions/{number}/approvals", {"no_conflict": True}).status_code == 201
    answer = checker.get(f"agencies/{gone}")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"/api/v1/staff/agencies/{stays}")
    answer = checker.post(f"agencies/{gone}/trading-names", {"name": "Another"})
    assert (answer.status_code, answer.json()["code"], answer.json()["number"]) == (
        409,
        "agency.closed",
        stays,
    )
    assert [one["number"] for one in checker.get(f"agencies/{stays}").json()["formerly"]] == [gone]
    changes = lookup.changes(after=0, limit=500, at=AT).data
    assert [one["agency"] for one in changes if one["action"] == "merge_agencies"] == [stays, gone, stays]
