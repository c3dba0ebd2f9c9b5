"""The room of requests: recorded with a last day, answered by two, handed over as a print and as a file."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from api.models import Reading
from registry import agencies, motions, persons, subjects
from registry.models import Person
from registry.rules.lifecycle import Role
from registry.rules.motions import Motion
from tests import builders, chance
from tests.api.at_desk import Pages, at_desk
from tests.api.director import AT, EVIL, at_api
from tests.api.officials import appoint

pytestmark = pytest.mark.django_db
ASKED = {
    "kind": "access", "asked_by": f"Mina {EVIL}", "identity_check": f"Passport {EVIL}", "words": f"All {EVIL}",
    "received_on": "2026-04-28",
}  # fmt: skip
SENT = {**ASKED, "asked_by": "Mina Rai", "identity_check": "Passport seen.", "words": "All."}


@pytest.fixture
def officer(desk: Client, person: str) -> Pages:
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def recorded(person: str, kind: str = "access") -> int:
    """A request of the person; its number."""
    said: dict[str, Any] = {**SENT, "kind": kind, "received_on": date(2026, 4, 28)}
    by = builders.maker(AT)
    return subjects.record(person=person, by=by, at=AT, idempotency_key=builders.key(), **said).id


def answered(request: int) -> None:
    """Handed over by two."""
    moved = motions.propose(
        Motion.ANSWER, str(request), {"answer": "give", "reason": "As asked."}, by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(), no_conflict=True,
    )  # fmt: skip
    motions.approve(
        moved.id, by=builders.checker(AT), at=AT, idempotency_key=builders.key(), no_conflict=True
    )


def test_a_request_is_recorded_waits_in_the_queue_and_is_answered_by_two(
    officer: Pages, desk: Client, person: str
) -> None:
    answer = officer.send("requests/new", **ASKED, person=person.lower())
    path = answer.headers["Location"].removeprefix("/desk/")
    page = officer.get("").content.decode()
    assert path in page
    assert "28 May 2026" in page
    answer = officer.send(path, answer="give", reason="As asked.", no_conflict="on")
    motion = answer.headers["Location"].removeprefix("/desk/")
    assert officer.send(motion, do="approve", no_conflict="on").status_code == 403
    supervisor = at_desk(desk, appoint("DLA-8", "XA-DLA", "supervisor"))
    page = supervisor.get(motion).content.decode()
    for told in ("hand over all that is held", "All &lt;script&gt;", "28 May 2026"):
        assert told in page
    assert EVIL not in page
    assert supervisor.send(motion, do="approve", no_conflict="on").status_code == 302
    page = supervisor.get(path).content.decode()
    assert f"/desk/{path}/file" in page
    page = supervisor.get(f"{path}/file").content.decode()
    for told in ("Appointments", "How the record was before", "What is left out", "3", "director"):
        assert told in page
    assert EVIL not in page
    assert "OFFICER" not in page
    file = supervisor.get(f"{path}/file.json")
    assert file.headers["Content-Disposition"].startswith("attachment")
    reads = file.json()["reads"]
    assert {"record": person, "fields": "person", "through": "desk"}.items() <= reads[0].items()
    assert "DLA-" not in file.content.decode()
    assert Reading.objects.filter(fields="handed over", officer="DLA-8").count() == 2


def test_a_correction_shows_what_is_held_beside_what_it_would_be(
    officer: Pages, desk: Client, person: str
) -> None:
    path = f"requests/{recorded(person, 'rectification')}"
    same = {
        "name": f"Mina {EVIL} Rai",
        "birth_date": "1980-02-03",
        "reason": "Passport.",
        "no_conflict": "on",
    }
    refused = officer.send(path, answer="amend", **same)
    assert refused.status_code == 422
    assert "id_answer_error" in refused.content.decode()
    assert officer.send(path, answer="amend", **{**same, "birth_date": "0001-01-01"}).status_code == 422
    assert officer.send(path, answer="amend", **{**same, "nationality": "12"}).status_code == 422
    answer = officer.send(path, answer="amend", **{**same, "birth_date": "1981-02-03", "document": "Q 777"})
    motion = answer.headers["Location"].removeprefix("/desk/")
    supervisor = at_desk(desk, appoint("DLA-8", "XA-DLA", "supervisor"))
    page = supervisor.get(motion).content.decode()
    for told in ("3 February 1980", "3 February 1981", "another paper"):
        assert told in page
    assert "777" not in chance.taken_out(page)
    assert supervisor.send(motion, do="approve", no_conflict="on").status_code == 302
    row = Person.objects.get(number=person)
    assert (row.birth_date, row.document_hmac) == (date(1981, 2, 3), agencies.keyed("Q 777"))


def test_a_refused_request_keeps_what_was_typed_and_says_where(officer: Pages, person: str) -> None:
    for name, bad in (
        ("kind", "gossip"), ("person", "PE-000999-0"), ("person", EVIL), ("asked_by", ""), ("identity_check", ""),
        ("words", ""), ("received_on", "2027-01-01"), ("received_on", "soon"),
    ):  # fmt: skip
        answer = officer.send("requests/new", **{**ASKED, "person": person, name: bad})
        page = answer.content.decode()
        assert answer.status_code == 422, (name, bad)
        assert f"id_{name}_error" in page, (name, bad)
        assert "Passport &lt;script&gt;" in page or name == "identity_check"
        assert EVIL not in page
    key = {"key": "the-same-key-twice"}
    first, second = (officer.send("requests/new", **ASKED, **key).headers["Location"] for _ in "12")
    assert first == second


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM}))
def test_who_reads_records_and_answers_requests(desk: Client, person: str, role: Role) -> None:
    request, other = recorded(person), recorded(person)
    answered(request)
    reads, writes = role in persons.READERS, role in {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR}
    seat = at_desk(desk, appoint("DLA-20", "XA-DLA", role.value))
    for path, may in (
        ("requests", reads), ("requests/new", writes), (f"requests/{request}", reads),
        (f"requests/{request}/file", reads), (f"requests/{request}/file.json", reads),
    ):  # fmt: skip
        assert seat.get(path).status_code == (200 if may else 403), path
    api = at_api(desk, appoint("DLA-21", "XA-DLA", role.value))
    assert api.get("requests").status_code == (200 if reads else 403)
    assert api.get(f"requests/{request}").status_code == (200 if reads else 403)
    assert api.get(f"requests/{request}/file").status_code == (200 if reads else 403)
    assert api.post("requests", SENT).status_code == (201 if writes else 403)
    body = {"answer": "refuse", "reason": "It was answered in March.", "no_conflict": True}
    assert api.post(f"requests/{other}/answers", body).status_code == (201 if writes else 403)


def test_another_authority_s_request_looks_like_none(desk: Client, person: str) -> None:
    request = recorded(person)
    answered(request)
    builders.authority("XB-LMA")
    seat = at_desk(desk, appoint("LMA-7", "XB-LMA", "registrar"))
    for path in ("", "/file", "/file.json"):
        assert seat.get(f"requests/{request}{path}").status_code == 404
    api = at_api(desk, appoint("LMA-8", "XB-LMA", "registrar"))
    assert api.get("requests").json()["data"] == []
    assert api.get(f"requests/{request}").status_code == 404
    assert api.get(f"requests/{request}/file").status_code == 404
    body = {"answer": "refuse", "reason": "x", "no_conflict": True}
    assert api.post(f"requests/{request}/answers", body).status_code == 404
    assert api.post("requests", {**SENT, "person": person}).status_code == 404
    assert api.get("requests/99999999999999999999").status_code == 404
