"""The room of persons: found by name, barred by three, appealed and ended; and the same through the officials' API."""

import pytest
from django.test import Client

from api.models import Reading
from registry import bars, motions, persons
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.director import AT, EVIL, START, at_api
from tests.api.officials import appoint

pytestmark = pytest.mark.django_db
BAR = {
    "last_day": "2027-04-30", "scope": "any_role", "grounds": "CONVICTION", "reason": f"Judgment {EVIL}",
    "no_conflict": "on",
}  # fmt: skip
SENT = {
    "last_day": "2027-04-30", "grounds": ["CONVICTION"], "reason": "Judgment.", "no_conflict": True,
}  # fmt: skip


@pytest.fixture
def officer(desk: Client, person: str) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def barred(person: str) -> bars.Bar:
    """Barred by three."""
    moved = motions.propose(
        Motion.BAR,
        person,
        SENT,
        by=builders.maker(AT),
        at=AT,
        idempotency_key=builders.key(),
        no_conflict=True,
    )
    for by in (builders.checker(AT), builders.registrar(AT)):
        motions.approve(moved.id, by=by, at=AT, idempotency_key=builders.key(), no_conflict=True)
    return bars.of(person)[-1]


def test_a_person_is_found_by_words_of_the_name_and_by_number(officer: Pages, person: str) -> None:
    for asked in ("", "rai mina", person, person.lower()):
        page = officer.get("persons", q=asked).content.decode()
        assert person in page, asked
        assert EVIL not in page
    for asked in ("Nobody", "%", "_", "x" * 200, "\x00", "PE-000999-0", EVIL + "x"):
        answer = officer.get("persons", q=asked)
        assert answer.status_code == 200
        assert asked == "\x00" or f"/desk/persons/{person}" not in answer.content.decode(), asked
    assert Reading.objects.filter(fields="persons", officer="DLA-7").exists()


def test_three_officers_bar_a_person_at_the_desk(officer: Pages, desk: Client, person: str) -> None:
    answer = officer.send(f"persons/{person}/bar", **BAR)
    path = answer.headers["Location"].removeprefix("/desk/")
    page = officer.get(path).content.decode()
    for told in ("every role", "30 April 2027", "Judgment &lt;script&gt;", "You proposed it"):
        assert told in page
    assert EVIL not in page
    assert officer.send(path, do="approve", no_conflict="on").status_code == 403
    for number, role in (("DLA-8", "supervisor"), ("DLA-9", "registrar")):
        seat = at_desk(desk, appoint(number, "XA-DLA", role))
        assert path in seat.get("").content.decode()
        assert seat.send(path, do="approve", no_conflict="on").status_code == 302
    page = seat.get(f"persons/{person}").content.decode()
    for told in ("This person is barred.", "in force", "30 April 2027", "30 April 2030"):
        assert told in page
    assert EVIL not in page
    bar = bars.of(person)[0]
    path = f"persons/{person}/bars/{bar.sequence}"
    assert seat.send(path, do="appeal", received_on="2026-06-30").status_code == 422
    assert seat.send(path, do="appeal", received_on="2026-05-01").status_code == 302
    assert "an appeal is open" in seat.get(f"persons/{person}").content.decode()
    said = {"decided_on": "2026-05-01", "order_reference": "AB 12", "reason": "Heard.", "no_conflict": "on"}
    assert seat.send(f"{path}/dismissal", **said).status_code == 422, "an officer of the bar"
    assert seat.send(f"{path}/dismissal", **{**said, "order_reference": ""}).status_code == 422
    other = at_desk(desk, appoint("DLA-31", "XA-DLA", "supervisor"))
    motion = other.send(f"{path}/dismissal", **said).headers["Location"].removeprefix("/desk/")
    other = at_desk(desk, appoint("DLA-32", "XA-DLA", "supervisor"))
    assert "AB 12" in other.get(motion).content.decode()
    assert other.send(motion, do="approve", no_conflict="on").status_code == 302
    seat = at_desk(desk, appoint("DLA-33", "XA-DLA", "registrar"))
    assert "an appeal is open" not in seat.get(f"persons/{person}").content.decode()
    assert seat.send(f"{path}/end", cause="review", reason="x", no_conflict="on").status_code == 422
    answer = seat.send(f"{path}/end", cause="review", last_day="2026-06-01", reason="x", no_conflict="on")
    assert (
        "reviewed: it ends early"
        in seat.get(answer.headers["Location"].removeprefix("/desk/")).content.decode()
    )


def test_a_refused_bar_keeps_what_was_typed_and_says_where(officer: Pages, person: str) -> None:
    for name, bad in (
        ("first_day", "2026-01-01"), ("first_day", "soon"), ("last_day", ""), ("last_day", "0001-01-01"),
        ("grounds", "NONSENSE"), ("grounds", "CLERICAL-ERROR"), ("scope", "all"), ("reason", ""),
    ):  # fmt: skip
        answer = officer.send(f"persons/{person}/bar", **{**BAR, name: bad})
        page = answer.content.decode()
        assert answer.status_code == 422, (name, bad)
        assert f"id_{name}_error" in page, (name, bad)
        assert "Judgment &lt;script&gt;" in page or name == "reason"
        assert EVIL not in page
    assert not motions.waiting(by=builders.checker(AT), at=AT)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM}))
def test_who_reads_persons_and_who_bars_them(desk: Client, person: str, role: Role) -> None:
    bar = barred(person)
    reads, writes = role in persons.READERS, role in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}
    seat = at_desk(desk, appoint("DLA-20", "XA-DLA", role.value))
    for path, may in (
        ("persons", reads), (f"persons/{person}", reads), (f"persons/{person}/bar", writes),
        (f"persons/{person}/bars/{bar.sequence}", writes), (f"persons/{person}/bars/{bar.sequence}/end", writes),
        (f"persons/{person}/bars/{bar.sequence}/dismissal", writes),
    ):  # fmt: skip
        assert seat.get(path).status_code == (200 if may else 403), path
    api = at_api(desk, appoint("DLA-21", "XA-DLA", role.value))
    assert api.get("persons").status_code == (200 if reads else 403)
    assert api.get(f"persons/{person}").status_code == (200 if reads else 403)
    later = {**SENT, "first_day": "2028-01-01", "last_day": "2028-02-01"}
    assert api.post(f"persons/{person}/bars", later).status_code == (201 if writes else 403)
    path = f"persons/{person}/bars/{bar.sequence}"
    appeal = {"received_on": "2026-05-01"}
    assert api.post(f"{path}/appeals", appeal).status_code == (201 if writes else 403)
    dismissal = {
        "decided_on": "2026-05-01",
        "order_reference": "AB 12",
        "reason": "Heard.",
        "no_conflict": True,
    }
    assert api.post(f"{path}/dismissals", dismissal).status_code == (201 if writes else 403)
    end = {"cause": "error", "reason": "Wrong person.", "no_conflict": True}
    assert api.post(f"{path}/ends", end).status_code == (201 if writes else 403)


def test_another_authority_s_person_looks_like_none(desk: Client, person: str) -> None:
    bar = barred(person)
    builders.authority("XB-LMA")
    seat = at_desk(desk, appoint("LMA-7", "XB-LMA", "registrar"))
    for path in ("", "/bar", f"/bars/{bar.sequence}", f"/bars/{bar.sequence}/end"):
        assert seat.get(f"persons/{person}{path}").status_code == 404
    assert person not in seat.get("persons").content.decode()
    api = at_api(desk, appoint("LMA-8", "XB-LMA", "registrar"))
    assert api.get(f"persons/{person}").status_code == 404
    assert api.get("persons").json()["data"] == []
    path = f"persons/{person}/bars"
    assert api.post(path, SENT).status_code == 404
    assert api.post(f"{path}/{bar.sequence}/appeals", {"received_on": "2026-05-01"}).status_code == 404
    dismissal = {"decided_on": "2026-05-01", "order_reference": "AB 12", "reason": "x", "no_conflict": True}
    assert api.post(f"{path}/{bar.sequence}/dismissals", dismissal).status_code == 404
    end = {"cause": "error", "reason": "x", "no_conflict": True}
    assert api.post(f"{path}/{bar.sequence}/ends", end).status_code == 404


def test_a_barred_person_is_not_appointed_and_the_refusal_says_why(desk: Client, person: str) -> None:
    barred(person)
    other = builders.agency("Kestrel (DEMO)", at=START)
    api = at_api(desk, appoint("DLA-7", "XA-DLA", "officer"))
    body = {"name": "Mina", "person": person, "role": "director", "first_day": "2026-05-02"}
    answer = api.post(f"agencies/{other}/appointments", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "person.debarred")
    assert (answer.json()["first_day"], answer.json()["last_day"]) == ("2026-05-01", "2027-04-30")
    told = api.get(f"persons/{person}").json()["bars"][0]
    assert (told["state"], told["spent"], told["public_until"]) == ("in_force", False, "2030-04-30")
    assert "document" not in {key for key in api.get(f"persons/{person}").json() if key != "has_document"}
