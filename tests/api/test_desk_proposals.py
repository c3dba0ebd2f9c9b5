"""A proposal's room: the difference it would make, the yes of another officer, the no of one, and being overtaken."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from registry import agencies, dossier, licensing, lookup
from registry.rules.lifecycle import STEPS, Action, Role, StepTerms
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _built(kept: Kept) -> str:
    with kept(at=AT):
        builders.authority()
        agency = builders.agency(at=AT - timedelta(days=60))
        return builders.active(agency, at=AT - timedelta(days=60))


@pytest.fixture
def number(_built: str, clock: Clock) -> str:
    """A licence of XA-DLA in force."""
    clock.stop(AT)
    return _built


@pytest.fixture
def officer(new_desk: Callable[[], Client], number: str) -> Callable[..., Pages]:
    """Officers of XA-DLA, each in a browser of their own."""
    return lambda who, *roles, authority="XA-DLA": at_desk(new_desk(), appoint(who, authority, *roles))


def proposed(number: str, action: Action = Action.SUSPEND_PREVENTIVE, **terms: object) -> int:
    """A proposal of the licensing officer, made now."""
    said = {"grounds": ("FALSE-DOC",), "texts": {"en": "Papers under examination."}, **terms}
    return licensing.propose(
        number, action, by=builders.maker(AT), at=AT, terms=StepTerms(no_conflict=True, **said),  # type: ignore[arg-type]
        idempotency_key=builders.key(),
    ).id  # fmt: skip


def test_the_second_officer_sees_what_becomes_another_and_says_yes(
    officer: Callable[..., Pages], number: str
) -> None:
    waits = proposed(number, restricted_reasons="The stamp is a forgery.")
    registrar = officer("DLA-3", "registrar")
    page = registrar.get(f"proposals/{waits}").content.decode()
    for told in (
        "Now, and then", "In force", "Suspended", "May recruit", "nothing has been proved",
        "Papers under examination.", "The stamp is a forgery.", "OFFICER-OFFICER", "Lapses unless confirmed by",
        "Stays as it is:",
    ):  # fmt: skip
        assert told in page, told
    answer = registrar.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert answer.headers["Location"] == f"/desk/licences/{number}"
    assert lookup.public_licence(number, at=AT).state == "suspended"
    assert licensing.proposal(waits).approved_by == ("DLA-3",)
    page = registrar.get(f"proposals/{waits}").content.decode()
    assert "It was approved and taken." in page


def test_a_double_click_approves_once(officer: Callable[..., Pages], number: str) -> None:
    from tests.api.at_desk import _HIDDEN

    waits, registrar = proposed(number), officer("DLA-3", "registrar")
    shown = registrar.get(f"proposals/{waits}").content.decode()
    fields = dict(_HIDDEN.findall(shown)) | {"do": "approve", "no_conflict": "on"}
    key = shown.split('name="key" value="')[1].split('"')[0]
    fields["key"] = key
    answers = [registrar.client.post(f"/desk/proposals/{waits}", fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert lookup.timeline(number, at=AT)[-1]["action"] == "suspend_preventive"
    assert [e["action"] for e in lookup.timeline(number, at=AT)].count("suspend_preventive") == 1


def test_a_revocation_takes_three_officers(officer: Callable[..., Pages], number: str) -> None:
    served = (AT - timedelta(days=30)).date()
    waits = proposed(
        number, Action.REVOKE, grounds=("FEE-PROHIBITED",), notice_served_on=served, immediate=True
    )
    supervisor = officer("DLA-2", "supervisor")
    answer = supervisor.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert answer.headers["Location"] == f"/desk/proposals/{waits}"
    assert lookup.public_licence(number, at=AT).state == "active"
    again = supervisor.get(f"proposals/{waits}").content.decode()
    assert "Approved. It waits for: registrar." in again
    assert "Your yes" not in again
    registrar = officer("DLA-3", "registrar")
    registrar.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert lookup.public_licence(number, at=AT).state == "revoked"


def test_the_page_counts_the_officers_of_the_case(officer: Callable[..., Pages], number: str) -> None:
    revoked = builders.revoked(number, at=AT - timedelta(days=1))
    waits = proposed(number, Action.CORRECT, grounds=("CLERICAL-ERROR",), refers_to=revoked)
    checker, registrar = officer("DLA-2", "supervisor"), officer("DLA-3", "registrar")
    page = checker.get(f"proposals/{waits}").content.decode()
    assert "<dt>Officers in all</dt><dd><bdi>3</bdi></dd>" in page
    assert checker.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code == 302
    page = checker.get(f"proposals/{waits}").content.decode()
    assert "It waits for: registrar." in page
    assert "Your yes" not in page
    assert "Your no" in page
    assert registrar.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code == 302
    assert licensing.proposal(waits).state == "approved"


def test_nobody_approves_their_own(officer: Callable[..., Pages], number: str) -> None:
    own = officer("DLA-7", "officer", "supervisor", "registrar")
    fields = {"grounds": ["FALSE-DOC"], "no_conflict": "on"}
    at = own.send(f"licences/{number}/steps/suspend_preventive", **fields).headers["Location"]
    path = at.removeprefix("/desk/")
    assert "Your yes" not in own.get(path).content.decode()
    answer = own.send(path, do="approve", no_conflict="on")
    assert answer.status_code in {403, 409}
    assert "their own proposal" in answer.content.decode()
    assert lookup.public_licence(number, at=AT).state == "active"


def test_the_declaration_and_a_fresh_code_are_asked_for(
    officer: Callable[..., Pages], number: str, clock: Clock
) -> None:
    waits, registrar = proposed(number), officer("DLA-3", "registrar")
    answer = registrar.send(f"proposals/{waits}", do="approve")
    assert answer.status_code == 422
    assert "Without this declaration nobody decides." in answer.content.decode()
    clock.stop(AT + timedelta(minutes=6))
    answer = registrar.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert answer.status_code == 422
    assert "Type the code." in answer.content.decode()
    assert lookup.public_licence(number, at=AT).state == "active"


def test_a_no_says_why_and_changes_nothing(officer: Callable[..., Pages], number: str) -> None:
    waits, registrar = proposed(number), officer("DLA-3", "registrar")
    empty = registrar.send(f"proposals/{waits}", do="decline", reason=" ")
    assert empty.status_code == 422
    assert "Say why" in empty.content.decode()
    reason = '<script>alert("no")</script>'
    registrar.send(f"proposals/{waits}", do="decline", reason=reason)
    page = registrar.get(f"proposals/{waits}").content.decode()
    assert "It was declined." in page
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
    assert lookup.public_licence(number, at=AT).state == "active"


def test_a_proposal_overtaken_by_events_says_so(officer: Callable[..., Pages], number: str) -> None:
    waits, registrar = proposed(number), officer("DLA-3", "registrar")
    builders.take(number, Action.WARN, StepTerms(grounds=("FEE-OVERCHARGE",)), at=AT)
    page = registrar.get(f"proposals/{waits}").content.decode()
    assert "The licence has changed since this was proposed." in page
    assert "Your yes" in page
    builders.revoked(number, at=AT)
    page = registrar.get(f"proposals/{waits}").content.decode()
    assert "Events have overtaken this proposal." in page
    assert "Your yes" not in page
    answer = registrar.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert answer.status_code == 409


def test_a_proposal_that_ran_out_says_so(officer: Callable[..., Pages], number: str, clock: Clock) -> None:
    waits = proposed(number)
    clock.stop(AT + timedelta(days=8))
    page = officer("DLA-3", "registrar").get(f"proposals/{waits}").content.decode()
    assert "It ran out before everybody had said yes." in page


def test_another_authority_s_proposal_is_not_there(officer: Callable[..., Pages], number: str) -> None:
    waits, other = proposed(number), officer("LMA-3", "registrar", authority="XB-LMA")
    assert other.get(f"proposals/{waits}").status_code == 404
    assert other.get("proposals/999999").status_code == 404
    assert other.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code == 404
    assert other.send(f"proposals/{waits}", do="decline", reason="no").status_code == 404
    assert licensing.proposal(waits).state == "open"


def test_only_the_roles_of_the_table_say_yes_or_no(officer: Callable[..., Pages], number: str) -> None:
    waits = proposed(number)
    (may,) = STEPS[Action.SUSPEND_PREVENTIVE].approvals
    for place, role in enumerate(sorted(frozenset(Role) - {Role.SYSTEM, Role.ANALYST} - may)):
        who = officer(f"DLA-{place}", role.value)
        page = who.get(f"proposals/{waits}").content.decode()
        assert "Your yes" not in page
        assert "Your no" not in page
        assert who.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code == 403, role
        assert who.send(f"proposals/{waits}", do="decline", reason="no").status_code == 403, role
    analyst = officer("DLA-90", "analyst")
    assert analyst.get(f"proposals/{waits}").status_code == 403
    assert licensing.proposal(waits).state == "open"


def test_the_queue_leads_to_the_proposal(officer: Callable[..., Pages], number: str) -> None:
    waits = proposed(number)
    assert f"/desk/proposals/{waits}" in officer("DLA-3", "registrar").get("").content.decode()


def changed(number: str, **fields: object) -> int:
    """A change of the holder's records that the licensing officer proposes now."""
    made = agencies.amend(
        _holder(number), fields, by=builders.maker(AT), at=AT, idempotency_key=builders.key(),
        reason="The firm moved <b>.",
    )  # fmt: skip
    assert isinstance(made, agencies.Waiting)
    return made.proposal


def _holder(number: str) -> str:
    return str(dossier.restricted_licence(number, by=builders.maker(AT), at=AT)["agency"])


def test_a_change_of_an_agency_is_shown_before_and_after_and_waits_everywhere(
    officer: Callable[..., Pages], number: str
) -> None:
    waits = changed(
        number, legal_name="Kestrel <i>Manpower (DEMO)", tax_number="T-9", bank_account="XA00 1234"
    )
    supervisor = officer("DLA-2", "supervisor")
    page = supervisor.get(f"proposals/{waits}").content.decode()
    for told in (
        "Change the agency&#x27;s record", "Before and after", "Bluefinch Manpower (DEMO)", "T-9", "restricted",
        "Kestrel &lt;i&gt;Manpower (DEMO)", "The firm moved &lt;b&gt;.", "Bank account (kept as a digest)", "Your yes",
    ):  # fmt: skip
        assert told in page, told
    assert "XA00" not in page
    holder = _holder(number)
    for path in ("", f"agencies/{holder}", f"licences/{number}"):
        shown = supervisor.get(path).content.decode()
        assert f"/desk/proposals/{waits}" in shown, path
        assert "Change the agency&#x27;s record" in shown, path
    answer = supervisor.send(f"proposals/{waits}", do="approve", no_conflict="on")
    assert answer.headers["Location"] == f"/desk/agencies/{holder}"
    assert "Kestrel" in lookup.public_licence(number, at=AT).body
    assert "It was approved" in supervisor.get(f"proposals/{waits}").content.decode()
    assert f"/desk/proposals/{waits}" not in supervisor.get(f"agencies/{holder}").content.decode()


def test_a_change_is_not_the_proposers_to_approve_and_can_be_overtaken(
    officer: Callable[..., Pages], number: str
) -> None:
    waits, late = changed(number, locality="Bay"), changed(number, locality="Port", address="1 Quay")
    maker, supervisor = officer("OFFICER-OFFICER", "officer", "supervisor"), officer("DLA-2", "supervisor")
    assert "You proposed it" in maker.get(f"proposals/{waits}").content.decode()
    assert maker.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code in {403, 409}
    assert supervisor.send(f"proposals/{waits}", do="approve", no_conflict="on").status_code == 302
    page = supervisor.get(f"proposals/{late}").content.decode()
    assert "Events have overtaken this proposal." in page
    assert "Your yes" not in page
    assert supervisor.send(f"proposals/{late}", do="approve", no_conflict="on").status_code == 409
    assert supervisor.send(f"proposals/{late}", do="decline", reason="overtaken").status_code == 302
    assert licensing.proposal(late).state == "declined"


@pytest.mark.parametrize("kind", ["trading name", "channel", "office", "appointment", "end"])
def test_every_kind_of_change_has_a_page(officer: Callable[..., Pages], number: str, kind: str) -> None:
    holder, asked = _holder(number), {"by": builders.maker(AT), "at": AT, "idempotency_key": builders.key()}
    if kind == "trading name":
        made = agencies.add_trading_name(holder, "Other (DEMO)", first_day=AT.date(), **asked)  # type: ignore[arg-type]
        told = "Add a trading name", "Other (DEMO)", "1 May 2026"
    elif kind == "channel":
        made = agencies.add_channel(holder, "phone", "+12025550142", verified=True, **asked)  # type: ignore[arg-type]
        told = "Add an official channel", "+12025550142", "telephone"
    elif kind == "office":
        made = agencies.add_office(holder, {"kind": "branch", "latitude": "27.7"}, **asked)  # type: ignore[arg-type]
        told = "Open an office", "branch", "27.7"
    else:
        made = agencies.appoint(
            holder, name="Asha Demo", role="sub_agent", first_day=AT.date(), document="P 1", **asked  # type: ignore[arg-type]
        )  # fmt: skip
        told = "Appoint a person", "Asha Demo", "Identity paper"
    if kind == "end":
        person = builders.approved(made, at=AT)
        asked = asked | {"idempotency_key": builders.key(), "at": AT + timedelta(days=9)}
        made = agencies.end_appointment(person, last_day=AT.date(), **asked)  # type: ignore[arg-type]
        told = "End an appointment", "1 May 2026", "not recorded"
    assert isinstance(made, agencies.Waiting)
    page = officer("DLA-2", "supervisor").get(f"proposals/{made.proposal}").content.decode()
    for words in told:
        assert words in page, words
