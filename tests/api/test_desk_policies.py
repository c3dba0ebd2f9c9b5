"""The room of policies: what is in force, versions and their differences, the form, the second word."""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from api.desk import policy_words
from registry import dossier, policies
from registry.rules import policy
from registry.rules.lifecycle import Role
from tests import builders
from tests.api.at_desk import Form, Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"
NOTHING_BESIDE_THE_FIELDS = re.compile(r'class="notice stop"[^>]*><p><b>[^<]+</b></p></div>')
"""That a form was not sent, and no word of a fault that is no field's."""


@pytest.fixture
def administrators(clock: Clock, new_desk: Any) -> tuple[Pages, Pages]:
    """Two administrators of one authority."""
    clock.stop(AT)
    builders.authority(at=AT - timedelta(days=60), worker_fee={"rule": "prohibited", "law": "Act, 12"})
    one, two = (at_desk(new_desk(), appoint(f"DLA-{n}", "XA-DLA", "administrator")) for n in (1, 2))
    return one, two


def send(desk: Pages, **changed: Any) -> Any:
    """Send the form of the next version as it opens, with these fields changed."""
    opened = Form(desk.get("policies/XA-DLA/new").content.decode())
    return desk.client.post("/desk/policies/XA-DLA/new", opened.fields | changed)


def waiting() -> int:
    (found,) = policies.waiting(by=builders.officer(Role.ADMINISTRATOR, at=AT), at=AT)
    return found.id


def in_force() -> dict[str, Any]:
    return dict(dossier.authority("XA-DLA", at=AT + timedelta(minutes=1))["policy"])


def test_a_version_is_proposed_by_one_and_put_in_force_by_another(
    administrators: tuple[Pages, Pages],
) -> None:
    one, two = administrators
    shown = one.get("policies/XA-DLA").content.decode()
    for told in (
        "In force: version 1",
        "28 days",
        "100000 XTS",
        "nothing may be asked",
        "Propose the next version",
    ):
        assert told in shown, told
    answer = send(
        one, appeal_days="21", public_fine="ever", securities="B = 5000 XTS\nC = 70.50 XTS", term_active=""
    )
    assert answer.status_code == 302, answer.content.decode()
    number = waiting()
    page = f"policies/proposals/{number}"
    mine = one.get(page).content.decode()
    for told in (
        "Appeal", "28 days", "21 days", "60 months", "for ever", "5000 XTS", "Security of class C", "70.50 XTS",
        "the moment of the approval", "You proposed it",
    ):  # fmt: skip
        assert told in mine, told
    assert "Propose the next version" not in one.get("policies/XA-DLA").content.decode()
    assert one.send(page, do="approve").status_code == 422
    theirs = two.get(page).content.decode()
    assert "What was decided before that keeps the numbers of its day." in theirs
    assert two.send(page, do="approve").status_code == 302
    now = in_force()
    assert (now["version"], now["appeal_days"], now["publication_months"]["fine"]) == (2, 21, None)
    assert now["securities"] == {
        "B": {"amount": "5000", "currency": "XTS"}, "C": {"amount": "70.50", "currency": "XTS"},
    }  # fmt: skip
    assert now["legal_terms"] == {"suspended": "Suspended"}
    assert now["worker_fee"]["rule"] == "prohibited"
    assert "it is the law from its day on" in two.get(page).content.decode()
    versions = two.get("policies/XA-DLA").content.decode()
    assert "was in force" in versions
    second = two.get("policies/XA-DLA/versions/2").content.decode()
    assert "21 days" in second
    assert "28 days" in second
    assert "It is the first version." in two.get("policies/XA-DLA/versions/1").content.decode()


def test_a_form_sent_as_it_opened_changes_nothing(administrators: tuple[Pages, Pages]) -> None:
    one, two = administrators
    before = policy.parse(in_force())
    assert send(one).status_code == 302
    assert "Nothing is changed by it." in two.get(f"policies/proposals/{waiting()}").content.decode()
    assert two.send(f"policies/proposals/{waiting()}", do="approve").status_code == 302
    after = policy.parse(in_force() | {"version": 1})
    assert after == before


def test_a_day_to_come_is_said_and_kept(administrators: tuple[Pages, Pages], clock: Clock) -> None:
    one, two = administrators
    assert send(one, appeal_days="20", in_force_from="2026-06-01").status_code == 302
    shown = two.get(f"policies/proposals/{waiting()}").content.decode()
    assert "1 June 2026" in shown
    assert two.send(f"policies/proposals/{waiting()}", do="approve").status_code == 302
    assert in_force()["appeal_days"] == 28
    assert "to come" in one.get("policies/XA-DLA").content.decode()
    clock.stop(datetime(2026, 6, 1, tzinfo=UTC))
    assert dossier.authority("XA-DLA", at=datetime(2026, 6, 1, tzinfo=UTC))["policy"]["appeal_days"] == 20


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("appeal_days", "-1", "greater than or equal to 0"), ("appeal_days", "x", "Enter a whole number"),
        ("appeal_days", "9999", "less than or equal to 3650"), ("appeal_days", "", "required"), ("law", "", "required"),
        ("holidays", "2026-12-25\n25 December", "“25 December” is no day"),
        ("securities", "B 100", "“B 100” is not as"), ("securities", "B = 1e9 XTS", "is not as"),
        ("public_fine", "soon", "Months from 0 to 1200"), ("public_fine", "1201", "Months from 0 to 1200"),
        ("fee_rule", "free", "Select a valid choice"), ("fee_rule", "capped", "capped to an amount"),
        ("fee_amount", "100", "without an amount unless it is capped"),
        ("weekend", [str(n) for n in range(7)], "not all seven"), ("weekend", "9", "Select a valid choice"),
        ("in_force_from", "2026-05-01", "cannot have force before it is set"), ("in_force_from", "soon", "valid date"),
    ],
)  # fmt: skip
def test_what_cannot_be_law_is_said_at_the_field_and_what_was_typed_is_kept(
    administrators: tuple[Pages, Pages], field: str, typed: Any, said: str
) -> None:
    answer = send(administrators[0], **{"term_active": f"In {EVIL}", field: typed})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert said in shown
    form = Form(shown)
    assert form.wrong == {"fee_rule" if field == "fee_amount" else field}
    assert NOTHING_BESIDE_THE_FIELDS.search(shown)
    assert form.fields["term_active"] == [f"In {EVIL}"]
    assert EVIL not in shown


def test_it_is_declined_with_a_reason_or_withdrawn(administrators: tuple[Pages, Pages]) -> None:
    one, two = administrators
    send(one, appeal_days="21")
    number = waiting()
    page = f"policies/proposals/{number}"
    assert two.send(page, do="decline").status_code == 422
    assert two.send(page, do="decline", reason="Too short.").status_code == 302
    shown = one.get(page).content.decode()
    assert "Too short." in shown
    assert "Declined. Nothing was changed." in shown
    send(one, appeal_days="22")
    number = waiting()
    assert "Withdraw" in one.get(f"policies/proposals/{number}").content.decode()
    assert send(one, appeal_days="23").status_code == 422, "one version waits at a time"
    assert one.send(f"policies/proposals/{number}", do="decline", reason="Mine.").status_code == 302
    assert in_force()["appeal_days"] == 28


def test_a_stale_second_factor_is_asked_for_and_another_authority_is_not_there(
    administrators: tuple[Pages, Pages], clock: Clock, new_desk: Any
) -> None:
    one, two = administrators
    send(one, appeal_days="21")
    number = waiting()
    clock.stop(AT + timedelta(minutes=6))
    answer = two.send(f"policies/proposals/{number}", do="approve")
    assert (answer.status_code, b"Type the code." in answer.content) == (422, True)
    builders.authority("XB-LMA")
    other = at_desk(new_desk(), appoint("LMA-1", "XB-LMA", "administrator"))
    for path in (
        "policies/XA-DLA",
        "policies/XA-DLA/new",
        "policies/XA-DLA/versions/1",
        f"policies/proposals/{number}",
    ):
        assert other.get(path).status_code == 404, path
    for path in ("policies/XA-DLA/versions/9", "policies/XX-NO", "policies/proposals/999999"):
        assert one.get(path).status_code == 404, path
    both = at_desk(new_desk(), appoint("ALL-1", "", "administrator"))
    listed = both.get("policies").content.decode()
    for told in ("XA-DLA", "XB-LMA", "Waiting for a second administrator"):
        assert told in listed, told
    assert "In force: version 1" in one.get("policies").content.decode()


def test_the_first_version_of_an_authority_says_so(clock: Clock, desk: Client) -> None:
    clock.stop(AT)
    builders.authority(at=AT + timedelta(days=1))
    shown = at_desk(desk, appoint("DLA-1", "XA-DLA", "administrator")).get("policies/XA-DLA").content.decode()
    assert "No version is in force yet" in shown


def test_every_number_of_a_policy_has_its_words() -> None:
    stated = policy_words.flat(
        policy.parse(
            {"fees": {"application": "1 XTS"}, "worker_fee": {"rule": "capped", "months_of_wage": "1"}}
        )
    )
    known = {word.name for group in policy_words.GROUPS for word in group.words}
    assert stated.keys() <= known
    assert {f.name for f in fields(policy.Policy) if f.type is int} - {"version"} == policy_words.COUNTS


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_year_that_no_calendar_of_ours_has_is_said_at_the_day(
    administrators: tuple[Pages, Pages], day: str
) -> None:
    answer = send(administrators[0], in_force_from=day)
    assert answer.status_code == 422
    assert "The year is out of reach." in answer.content.decode()
