"""A licence's room and the form of each step: what is open, what it asks, what it shows before it is sent."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from registry import dossier, licensing, lookup
from registry.rules.lifecycle import STEPS, Action, Role, Scope, StepTerms
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept
from verification import badges

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>{{ 7|add:7 }}'


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        agency = builders.agency(at=AT - timedelta(days=60))
        builders.head_office(agency, at=AT - timedelta(days=60))
        return builders.active(agency, at=AT - timedelta(days=60), scope=Scope(("QA", "XB"), ("5321",)))


@pytest.fixture
def number(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA in force, good for two countries."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(desk: Client, number: str) -> Pages:
    """A licensing officer of XA-DLA at the desk."""
    return at_desk(desk, appoint("DLA-7", "XA-DLA", "officer"))


def room(number: str, *further: str) -> str:
    return "/".join(("licences", number, *further))


SUSPEND = {
    "grounds": ["FALSE-DOC"],
    "text_en": "Papers under examination.",
    "restricted_reasons": "Seen by the inspector.",
    "no_conflict": "on",
}


def test_a_licence_that_was_opened_alone_says_plainly_that_nothing_was_granted(
    officer: Pages, number: str
) -> None:
    agency = str(dossier.restricted_licence(number, by=builders.maker(AT), at=AT)["agency"])
    opened = builders.opened(agency, at=AT)
    for path in (room(opened), f"agencies/{agency}"):
        page = officer.get(path).content.decode()
        assert "Nothing granted yet" in page
        assert "Could not be checked" not in page
    assert "No decision has granted it yet" in officer.get(room(opened)).content.decode()


def test_a_licence_s_room_shows_how_it_stands_and_what_may_be_done(officer: Pages, number: str) -> None:
    assert "/v/" not in officer.get(room(number)).content.decode()
    code = badges.issue("licence", number, at=builders.START).code
    page = officer.get(room(number)).content.decode()
    assert f"/v/{code}" in page
    for told in (
        "Licensed",
        "In force",
        "Suspend at once, while you inquire",
        "2 officers",
        "days to appeal",
    ):
        assert told in page
    assert "Suspend in an emergency, alone: <span" in page  # not open: another role's
    assert "only for: registrar or duty officer" in page, re.findall("emergency, alone.*?li>", page)


def test_what_is_not_open_says_why(officer: Pages, number: str) -> None:
    page = officer.get(room(number)).content.decode()
    assert "there is nothing that it could be about" in page
    assert "not while the licence is: In force" in page
    assert officer.get(room(number, "steps", "grant")).status_code == 409
    assert officer.get(room(number, "steps", "lift")).status_code == 409
    assert officer.get(room(number, "steps", "suspend_emergency")).status_code == 403
    assert officer.get(room(number, "steps", "debar")).status_code == 409


@pytest.mark.parametrize("action", ["nonsense", "observe", "%00", "GRANT"])
def test_a_step_that_is_not_in_the_table_is_not_there(officer: Pages, number: str, action: str) -> None:
    assert officer.get(room(number, "steps", action)).status_code == 404


def test_another_authority_s_licence_is_not_there(desk: Client, number: str) -> None:
    other = at_desk(desk, appoint("LMA-7", "XB-LMA", "officer", "supervisor", "registrar"))
    for path in (room(number), room(number, "steps", "warn"), room("XA-DLA-A-999999-0"), room("nonsense")):
        assert other.get(path).status_code == 404


def test_the_preview_is_what_the_public_then_reads_and_writes_nothing(officer: Pages, number: str) -> None:
    before = lookup.sequence_now()
    answer = officer.send(room(number, "steps", "suspend_preventive"), **SUSPEND, do="preview")
    page = answer.content.decode()
    assert answer.status_code == 200
    for told in ("Not licensed", "nothing has been proved", "Papers under examination.", "Do not pay"):
        assert told in page
    assert "Seen by the inspector." in page  # what was typed is still in the form
    assert lookup.sequence_now() == before
    assert not licensing.proposals_of(number, by=builders.maker(AT), at=AT)


def test_a_script_asks_for_the_preview_alone(officer: Pages, number: str) -> None:
    path = room(number, "steps", "suspend_preventive")
    token = officer.get(path).content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answer = officer.client.post(
        f"/desk/{path}",
        {"grounds": ["FALSE-DOC"], "do": "preview", "csrfmiddlewaretoken": token},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert "<html" not in page
    assert "measure for now" in page


def test_what_was_previewed_stays_when_only_the_declaration_is_missing(officer: Pages, number: str) -> None:
    said = {name: value for name, value in SUSPEND.items() if name != "no_conflict"}
    answer = officer.send(room(number, "steps", "suspend_preventive"), **said)
    page = answer.content.decode()
    assert answer.status_code == 422
    for told in ("Without this declaration nobody decides.", "What the public will read", "interim measure"):
        assert told in page
    assert "Reasons given" in page, "the facts of the public page, by its own renderer"


def test_a_step_is_proposed_and_waits_for_another(officer: Pages, number: str) -> None:
    answer = officer.send(room(number, "steps", "suspend_preventive"), **SUSPEND)
    assert answer.status_code == 302
    (waits,) = licensing.proposals_of(number, by=builders.maker(AT), at=AT)
    assert answer.headers["Location"] == f"/desk/proposals/{waits.id}"
    assert waits.proposed_by == "DLA-7"
    assert waits.terms == {
        "grounds": ["FALSE-DOC"],
        "texts": {"en": "Papers under examination."},
        "restricted_reasons": "Seen by the inspector.",
        "no_conflict": True,
    }
    page = officer.get(room(number)).content.decode()
    assert "Waits for officers" in page
    assert f"proposed already: number {waits.id} waits" in page
    page = officer.get(f"proposals/{waits.id}").content.decode()
    assert "You proposed it, so somebody else approves it" in page
    assert "Waiting" in page


def test_a_double_click_proposes_once(officer: Pages, number: str) -> None:
    path = room(number, "steps", "suspend_preventive")
    shown = officer.get(path).content.decode()
    from tests.api.at_desk import _HIDDEN

    fields = dict(_HIDDEN.findall(shown)) | SUSPEND
    first, second = (officer.client.post(f"/desk/{path}", fields) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert len(licensing.proposals_of(number, by=builders.maker(AT), at=AT)) == 1


@pytest.mark.parametrize(
    ("action", "fields", "says"),
    [
        ("suspend_preventive", {}, "Name at least one ground."),
        ("suspend_preventive", {"grounds": ["NONSENSE"]}, "NONSENSE"),
        ("suspend_preventive", {"no_conflict": ""}, "Without this declaration nobody decides."),
        (
            "suspend_preventive",
            {"grounds": ["FALSE-DOC"], "effective_0": "2025-01-01"},
            "cannot have effect before",
        ),
        ("suspend_preventive", {"grounds": ["FALSE-DOC"], "effective_0": "the day after"}, "A day is wanted"),
        (
            "suspend_disciplinary",
            {"grounds": ["FEE-OVERCHARGE"], "until_0": "2026-12-01", "notice_served_on": "2026-04-30"},
            "21 days must run after the notice",
        ),
        (
            "fine",
            {"grounds": ["FEE-OVERCHARGE"], "amount": "much", "currency": "XTS"},
            "not a decimal number",
        ),
        ("fine", {"grounds": ["FEE-OVERCHARGE"], "amount": "10", "currency": "x"}, "ISO 4217"),
        ("vary", {"scope_corridors": "QA, ZZZ"}, "ZZZ is no country code"),
        ("vary", {"condition_0_0": "C-1"}, "A condition has a code and words."),
        ("enter_demerit", {"grounds": ["FEE-OVERCHARGE"], "points": "101"}, "100"),
    ],
)
def test_a_form_that_is_refused_keeps_what_was_typed_and_says_where_it_is_wrong(
    officer: Pages, number: str, action: str, fields: dict[str, Any], says: str
) -> None:
    sent = {"no_conflict": "on", "restricted_reasons": "Words that took an hour.", **fields}
    answer = officer.send(room(number, "steps", action), **sent)
    page = answer.content.decode()
    assert answer.status_code in {400, 409, 422}
    assert says in page
    assert "Words that took an hour." in page
    assert "wrong" in page
    assert not licensing.proposals_of(number, by=builders.maker(AT), at=AT)


def test_a_cut_is_picked_from_what_the_licence_is_good_for(officer: Pages, number: str) -> None:
    path = room(number, "steps", "restrict")
    page = officer.get(path).content.decode()
    assert 'value="QA"' in page
    assert 'value="XB"' in page
    fields = {"grounds": ["BANNED-CORRIDOR"], "cut_corridors": ["QA"], "immediate": "on", "no_conflict": "on"}
    preview = officer.send(path, **fields, do="preview").content.decode()
    assert "Licensed with limits" in preview
    assert officer.send(path, **fields).status_code == 302


def test_a_duty_officer_decides_an_emergency_alone_with_a_code(desk: Client, number: str) -> None:
    duty = at_desk(desk, appoint("DLA-5", "XA-DLA", "duty_officer"))
    path = room(number, "steps", "suspend_emergency")
    fields = {"grounds": ["IMMINENT-HARM"], "no_conflict": "on"}
    assert "Decide now" in duty.get(path).content.decode()
    answer = duty.send(path, **fields)
    assert answer.headers["Location"] == f"/desk/licences/{number}"
    page = duty.get(room(number)).content.decode()
    assert "Decided and published" in page
    assert "Lapses unless ratified by" in page


def test_a_stale_second_factor_is_asked_for_in_the_same_form(desk: Client, number: str, clock: Clock) -> None:
    duty = at_desk(desk, appoint("DLA-5", "XA-DLA", "duty_officer"))
    clock.stop(AT + timedelta(minutes=6))
    path = room(number, "steps", "suspend_emergency")
    assert 'name="code"' in duty.get(path).content.decode()
    answer = duty.send(path, grounds=["IMMINENT-HARM"], no_conflict="on")
    assert answer.status_code == 422
    assert "Type the code." in answer.content.decode()
    looked = duty.send(path, grounds=["IMMINENT-HARM"], do="preview")
    assert looked.status_code == 200
    assert "Type the code." not in looked.content.decode()


def test_what_is_typed_never_becomes_markup(officer: Pages, number: str) -> None:
    path = room(number, "steps", "vary")
    fields = {
        "condition_0_0": "C-1",
        "condition_0_1": HOSTILE,
        "text_en": HOSTILE,
        "restricted_reasons": HOSTILE,
        "effective_0": "2026-06-01",
        "no_conflict": "on",
    }
    shown = officer.send(path, **fields, do="preview")
    assert shown.status_code == 200
    sent = officer.send(path, **fields)
    assert sent.status_code == 302
    waits = officer.get(sent.headers["Location"].removeprefix("/desk/"))
    terms = StepTerms(grounds=("FALSE-DOC",), texts={"en": HOSTILE}, restricted_reasons=HOSTILE)
    builders.take(number, Action.WARN, terms, at=AT)
    licence = officer.get(room(number))
    for answer in (shown, waits, licence):
        page = answer.content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7|add:7 }}" in page


def test_each_role_begins_the_steps_that_are_its_own(desk: Client, number: str) -> None:
    state = dossier.restricted_licence(number, by=builders.maker(AT), at=AT)["state"]
    found, expected = {}, {}
    lawful = {a for a, step in STEPS.items() if state in step.sources and a is not Action.DEBAR}
    for place, role in enumerate(sorted(frozenset(Role) - {Role.SYSTEM})):
        who = at_desk(desk, appoint(f"DLA-{place}", "XA-DLA", role.value))
        if role is Role.ANALYST:
            assert who.get(room(number)).status_code == 403
            continue
        page = who.get(room(number)).content.decode()
        open_ones = {a for a in STEPS if f'/steps/{a.value}"' in page}
        found[role] = open_ones
        may = {a for a in lawful if role in STEPS[a].proposes}
        expected[role] = may & {a for a in may if "refers_to" not in STEPS[a].needs} | (open_ones & may)
        for action in (Action.WARN, Action.SUSPEND_EMERGENCY, Action.FILE_APPEAL):
            status = who.get(room(number, "steps", action.value)).status_code
            assert (status == 403) == (role not in STEPS[action].proposes), (role, action)
    assert found == expected


def test_a_fine_is_paid_and_the_room_says_what_is_left(officer: Pages, number: str, clock: Clock) -> None:
    terms = StepTerms(grounds=("FEE-OVERCHARGE",), amount="100", currency="XTS")
    fine = builders.take(number, Action.FINE, terms, at=AT).sequence
    assert "100 XTS, of which 100 is unpaid" in officer.get(room(number)).content.decode()
    path = room(number, "steps", "pay")
    wrong = officer.send(path, refers_to=str(fine), amount="60", currency="USD")
    assert "It is owed in XTS." in wrong.content.decode()
    assert officer.send(path, refers_to=str(fine), amount="60", currency="XTS").status_code == 302
    assert "100 XTS, of which 40 is unpaid" in officer.get(room(number)).content.decode()
    clock.stop(AT + timedelta(days=61))
    desk = at_desk(officer.client, appoint("DLA-6", "XA-DLA", "officer"))
    assert "It can carry a suspension." in desk.get(room(number)).content.decode()


def test_points_are_counted_against_their_thresholds(officer: Pages, number: str) -> None:
    terms = StepTerms(grounds=("FEE-OVERCHARGE",), points=8)
    for _ in range(2):
        builders.take(number, Action.ENTER_DEMERIT, terms, at=AT)
    page = officer.get(room(number)).content.decode()
    assert "16 points: from 12 on, put the holder under surveillance." in page
    assert "Demerit points entered" in page
    assert "points" not in str(lookup.timeline(number, at=AT)).replace("appoint", "")


def test_a_notice_to_show_cause_is_for_the_file_alone_and_fills_the_next_form_in(
    officer: Pages, number: str
) -> None:
    path = room(number, "steps", "show_cause")
    fields = {
        "grounds": ["FEE-OVERCHARGE"],
        "effective_0": (AT - timedelta(days=30)).date().isoformat(),
        "restricted_reasons": "Three receipts.",
    }
    assert officer.send(path, **fields).status_code == 302
    page = officer.get(room(number)).content.decode()
    assert "Holder asked to explain itself" in page
    assert "Three receipts." in page
    assert "show_cause" not in str(lookup.timeline(number, at=AT))
    assert 'value="2026-04-01"' in officer.get(room(number, "steps", "revoke")).content.decode()


def test_a_suspension_s_duties_are_dated_and_done(officer: Pages, number: str) -> None:
    suspension = builders.suspended(number, at=AT)
    page = officer.get(room(number)).content.decode()
    assert "Pay workers back what they paid" in page
    assert "8 May 2026" in page
    done = officer.send(room(number, "steps", "perform"), refers_to=str(suspension), duty="refund")
    assert done.status_code == 302
    assert "done, entry" in officer.get(room(number)).content.decode()


def test_a_room_asks_the_database_no_more_for_a_long_life(officer: Pages, number: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert officer.get(room(number)).status_code == 200
        return len(queries)

    builders.suspended(number, at=AT)
    short = asked()
    for _ in range(4):
        builders.take(number, Action.WARN, StepTerms(grounds=("FEE-OVERCHARGE",)), at=AT)
        builders.suspended(number, at=AT)
    assert asked() == short
    assert short <= 27


@pytest.mark.parametrize("action", ["suspend_emergency", "file_appeal", "pay"])
def test_a_double_click_decides_once(desk: Client, number: str, action: str) -> None:
    from tests.api.at_desk import _HIDDEN

    money = StepTerms(grounds=("FEE-OVERCHARGE",), amount="100", currency="XTS")
    suspension = builders.suspended(number, at=AT)
    fine = builders.take(number, Action.FINE, money, at=AT).sequence
    by_action: dict[str, dict[str, Any]] = {
        "suspend_emergency": {"grounds": ["IMMINENT-HARM"], "no_conflict": "on"},
        "file_appeal": {"refers_to": str(suspension)},
        "pay": {"refers_to": str(fine), "amount": "100", "currency": "XTS"},
    }
    who, path = (
        at_desk(desk, appoint("DLA-5", "XA-DLA", "duty_officer", "officer")),
        room(number, "steps", action),
    )
    sent = dict(_HIDDEN.findall(who.get(path).content.decode())) | by_action[action]
    answers = [who.client.post(f"/desk/{path}", sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert [one["action"] for one in lookup.timeline(number, at=AT)].count(action) == 1
