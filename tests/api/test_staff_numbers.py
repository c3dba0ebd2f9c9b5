"""No number of another authority can be told from one that nobody has: over every route of officials with a number."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.test import Client

from api.staff import urls
from registry import agencies, bars, holders, licensing, motions, policies, subjects
from registry.models import Agency, ChangeJournal, Person
from registry.rules import numbering
from registry.rules.lifecycle import Action, Role, StepTerms
from registry.rules.motions import Motion
from registry.rules.numbering import Kind
from tests import builders
from tests.api.officials import Desk, appoint, sign_in
from tests.conftest import Clock
from verification import badges

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEP = {"no_conflict": True, "terms": {"grounds": ["FALSE-DOC"]}}
SAID = {"no_conflict": True, "reason": "Compared."}
OURS = "<ours>"
"""Stands for the number of the asker's own agency, in an address and in a body."""

#: Routes whose parameter is no record of an authority: the public law of each, and the asker's own tokens.
OPEN = {"authorities/<str:code>", "authorities/<str:code>/policies", "tokens/<str:prefix>"}

#: Each route, how it is asked, with which body, and whose number stands in it.
ASKED: tuple[tuple[str, str, Any, str], ...] = (
    ("GET", "agencies/<str:number>", None, "agency"),
    ("PATCH", "agencies/<str:number>", {"locality": "Elsewhere"}, "agency"),
    ("GET", "agencies/<str:number>/findings", None, "agency"),
    ("POST", "agencies/<str:number>/trading-names", {"name": "Elsewhere"}, "agency"),
    ("POST", "agencies/<str:number>/channels", {"kind": "domain", "value": "elsewhere.example"}, "agency"),
    ("PATCH", "agencies/<str:number>/channels",
     {"kind": "phone", "value": "+99955501001", "last_day": "2026-03-02"}, "agency"),
    ("POST", "agencies/<str:number>/offices", {"kind": "branch"}, "agency"),
    ("POST", "agencies/<str:number>/appointments",
     {"name": "A", "role": "director", "first_day": "2026-01-01"}, "agency"),
    ("POST", "agencies/<str:number>/proposals",
     {"action": "debar", "no_conflict": True, "terms": {"grounds": ["CONVICTION"], "permanent": True}}, "agency"),
    ("POST", "agencies/<str:number>/filings", {"action": "file_appeal", "terms": {"refers_to": 1}}, "agency"),
    ("PATCH", "offices/<str:number>", {"locality": "Elsewhere"}, "office"),
    ("PATCH", "appointments/<str:number>", {"last_day": "2026-03-02"}, "appointment"),
    ("GET", "licences/<str:number>", None, "licence"),
    ("GET", "licences/<str:number>/actions", None, "licence"),
    ("POST", "licences/<str:number>/proposals", STEP | {"action": "suspend_preventive"}, "licence"),
    ("POST", "licences/<str:number>/decisions", STEP | {"action": "suspend_emergency"}, "licence"),
    ("POST", "licences/<str:number>/filings", {"action": "file_renewal"}, "licence"),
    ("POST", "licences/<str:number>/facts", {"action": "show_cause", "no_conflict": True}, "licence"),
    ("GET", "proposals/<int:number>", None, "proposal"),
    ("POST", "proposals/<int:number>/approvals", {"no_conflict": True}, "proposal"),
    ("POST", "proposals/<int:number>/declines", {"reason": "no"}, "proposal"),
    ("GET", "policies/<int:number>", None, "policy"),
    ("POST", "policies/<int:number>/approvals", None, "policy"),
    ("POST", "policies/<int:number>/declines", {"reason": "no"}, "policy"),
    ("POST", "badges/<str:code>/withdrawal", {"reason": "stolen"}, "badge"),
    ("POST", "agencies/<str:number>/mergers", SAID | {"into": OURS}, "agency"),
    ("GET", "motions/<int:number>", None, "motion"),
    ("POST", "motions/<int:number>/approvals", {"no_conflict": True}, "motion"),
    ("POST", "motions/<int:number>/declines", {"reason": "no"}, "motion"),
    ("GET", "persons/<str:number>", None, "person"),
    ("POST", "persons/<str:number>/bars", SAID | {"permanent": True, "grounds": ["CONVICTION"]}, "person"),
    ("POST", "persons/<str:number>/bars/<int:sequence>/ends", SAID | {"cause": "error"}, "person"),
    ("POST", "persons/<str:number>/bars/<int:sequence>/appeals", {"received_on": "2026-03-02"}, "person"),
    ("POST", "persons/<str:number>/bars/<int:sequence>/dismissals",
     SAID | {"decided_on": "2026-03-02", "order_reference": "Court 1"}, "person"),
    ("GET", "alerts/<str:number>", None, "alert"),
    ("POST", "alerts/<str:number>/corrections",
     SAID | {"kind": "unlicensed", "names": ["A"], "grounds": ["FEE-PROHIBITED"]}, "alert"),
    ("POST", "alerts/<str:number>/ends", SAID | {"cause": "error"}, "alert"),
    ("GET", "requests/<int:number>", None, "request"),
    ("POST", "requests/<int:number>/answers", SAID | {"answer": "give"}, "request"),
    ("GET", "requests/<int:number>/file", None, "handed"),
    ("GET", "holders/<int:number>", None, "holder"),
    ("POST", "holders/<int:number>/approvals", {"no_conflict": True}, "holder"),
    ("POST", "holders/<int:number>/ends", SAID, "holder"),
)  # fmt: skip

#: Numbers in a body.
STATED: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("POST", "licences", {"agency": "{}", "class": "A"}, "agency"),
    ("POST", "badges", {"kind": "licence", "number": "{}"}, "licence"),
    ("POST", "badges", {"kind": "office", "number": "{}"}, "office"),
    ("POST", "badges", {"kind": "appointment", "number": "{}"}, "appointment"),
    ("POST", f"agencies/{OURS}/mergers", SAID | {"into": "{}"}, "agency"),
    ("POST", f"agencies/{OURS}/appointments",
     {"name": "A", "person": "{}", "role": "director", "first_day": "2026-01-01"}, "person"),
    ("POST", "requests",
     {"kind": "access", "person": "{}", "asked_by": "A", "identity_check": "Passport seen.", "words": "Everything.",
      "received_on": "2026-03-02"}, "person"),
)  # fmt: skip


class Number(NamedTuple):
    """What another authority has, and what nobody has."""

    theirs: str
    nobodys: str


pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(clock: Clock) -> dict[str, Number]:
    """A record of each kind of XA-DLA, beside a number that was never given."""
    clock.stop(AT)
    builders.authority()
    agency = builders.agency(at=AT - timedelta(days=20))
    office = builders.head_office(agency, at=AT - timedelta(days=20))
    appointed = agencies.appoint(
        agency, name="A", role="director", first_day=date(2026, 1, 5), by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(),
    )  # fmt: skip
    licence = builders.active(agency, at=AT - timedelta(days=20))
    waits = licensing.propose(
        licence, Action.SUSPEND_PREVENTIVE, by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
        terms=StepTerms(grounds=("FALSE-DOC",), no_conflict=True),
    )  # fmt: skip
    ruled = policies.propose(
        "XA-DLA", {}, in_force_from=None, by=builders.officer(Role.ADMINISTRATOR, at=AT), at=AT,
        idempotency_key=builders.key(),
    )  # fmt: skip
    badge = badges.issue("licence", licence, at=AT)
    holder = holders.ask("APPLICANT-1", licence, "Its director.", at=AT, idempotency_key=builders.key())
    moved = _moved()
    return {
        "agency": Number(agency, numbering.reference(Kind.AGENCY, 900_001)),
        "office": Number(office, numbering.reference(Kind.OFFICE, 900_001)),
        "appointment": Number(appointed.number, numbering.reference(Kind.APPOINTMENT, 900_001)),
        "licence": Number(licence, str(numbering.next_licence("XA", "DLA", "A", after=900_000))),
        "proposal": Number(str(waits.id), "900001"),
        "policy": Number(str(ruled.id), "900001"),
        "badge": Number(badge.shown, numbering.badge_code("XA", lambda _: 7)),
        "person": Number(moved["person"], numbering.reference(Kind.PERSON, 900_001)),
        "bar": Number(moved["bar"], moved["bar"]),
        "motion": Number(moved["motion"], "900001"),
        "request": Number(moved["request"], "900001"),
        "handed": Number(moved["handed"], "900001"),
        "alert": Number(builders.warned(at=AT), numbering.reference(Kind.ALERT, 900_001)),
        "holder": Number(str(holder), "900001"),
    }


def _moved() -> dict[str, str]:
    """A person barred for ever, a motion that waits, a request that is open and one that was answered."""
    heron = builders.agency("Heron (DEMO)", at=AT)
    said: dict[str, Any] = {"at": AT, "no_conflict": True}
    builders.approved(agencies.appoint(
        heron, name="Mina Rai (DEMO)", role="director", first_day=AT.date(), by=builders.maker(AT), at=AT,
        idempotency_key=builders.key(),
    ), at=AT)  # fmt: skip
    person = Person.objects.get(name="Mina Rai (DEMO)").number
    asked, given = (
        subjects.record(
            "access", person=person, asked_by="Mina Rai (DEMO)", identity_check="Passport seen.", words="Everything.",
            received_on=AT.date(), by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
        ).id
        for _ in range(2)
    )  # fmt: skip
    barred = {"permanent": True, "grounds": ["CONVICTION"], "reason": "Judgment."}
    other = builders.agency("Plover (DEMO)", at=AT, company_number="P 2")
    bar, answer, merger = (
        motions.propose(kind, about, terms, by=builders.maker(AT), idempotency_key=builders.key(), **said).id
        for kind, about, terms in (
            (Motion.BAR, person, barred),
            (Motion.ANSWER, str(given), {"answer": "give", "reason": "As asked."}),
            (Motion.MERGE, other, {"into": heron, "reason": "One firm."}),
        )
    )
    for by, motion in (
        (builders.checker(AT), bar),
        (builders.registrar(AT), bar),
        (builders.checker(AT), answer),
    ):
        motions.approve(motion, by=by, idempotency_key=builders.key(), **said)
    told = {"bar": bars.of(person)[-1].sequence, "motion": merger, "request": asked, "handed": given}
    return {"person": person} | {name: str(number) for name, number in told.items()}


@pytest.fixture
def elsewhere(new_desk: Callable[[], Client], numbers: dict[str, Number]) -> Desk:
    """Somebody of XB-MOL who may do everything there."""
    builders.authority("XB-MOL", zone="Asia/Tokyo", at=AT)
    builders.agency("Ours (DEMO)", at=AT, authority="XB-MOL")
    user = appoint("MOL-1", "XB-MOL", "officer", "supervisor", "registrar", "duty_officer", "administrator")
    return sign_in(new_desk(), user)


def test_every_route_with_a_number_is_asked() -> None:
    routes = {str(route.pattern) for route in urls.described}
    with_number = {route for route in routes if "<" in route}
    assert {route for _, route, _, _ in ASKED} | OPEN == with_number


def _told(elsewhere: Desk, method: str, path: str, body: Any, number: str, **headers: str) -> tuple[int, str]:
    """The answer, but for the number asked about and the name of the request."""
    answer = elsewhere.send(method, path, body, **headers)
    said = {name: value for name, value in answer.json().items() if name != "request_id"}
    plain = number.replace("-", "")
    text = json.dumps(said, sort_keys=True)
    if number.isdigit():
        return answer.status_code, re.sub(rf'(?<=: ){number}\b|(?<="){number}(?=")', "#", text)
    return answer.status_code, text.replace(number, "#").replace(f'"{plain}"', '"#"')


def _stated(body: Any, number: str, ours: str) -> Any:
    """The body with the numbers in their places."""
    places = {"{}": number, OURS: ours}
    return body and {name: places.get(str(value), value) for name, value in body.items()}


@pytest.mark.parametrize("headers", [{"If-Match": '"v3"'}, {}])
def test_a_number_of_another_authority_is_as_unknown_as_one_that_nobody_has(
    elsewhere: Desk, numbers: dict[str, Number], headers: dict[str, str]
) -> None:
    before = ChangeJournal.objects.count()
    ours = Agency.objects.get(authority__code="XB-MOL").number
    for method, route, body, kind in ASKED:
        answers = []
        for number in numbers[kind]:
            path = route.replace("<str:number>", number).replace("<int:number>", number)
            path = path.replace("<str:code>", number).replace("<int:sequence>", numbers["bar"].theirs)
            sent = _stated(body, number, ours)
            answers.append(_told(elsewhere, method, path, sent, number, **headers))
        assert answers[0] == answers[1], (method, route)
        assert answers[0][0] == 404 or (not headers and answers[0][0] == 428), (method, route, answers[0])
    for method, route, body, kind in STATED:
        answers = []
        for number in numbers[kind]:
            path, sent = route.replace(OURS, ours), _stated(body, number, ours)
            answers.append(_told(elsewhere, method, path, sent, number, **headers))
        assert answers[0] == answers[1], (method, route)
        assert answers[0][0] == 404, (method, route, answers[0])
    assert ChangeJournal.objects.count() == before
