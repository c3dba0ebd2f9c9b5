"""A generated register is a register like any other: the audit, the public and the search find nothing odd in it."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from registry import audit, clock, lookup, search
from registry.generator import filling, words
from registry.rules import numbering
from registry.rules.errors import BadInput
from tests import builders
from verification import badges, check

pytestmark = pytest.mark.django_db

NOW = builders.START + timedelta(days=200)


def _filled(licences: int, *, at: datetime = NOW, batch: int = 120) -> list[str]:
    numbers = [number for made in filling.fill(licences, at=at, batch=batch) for number in made.numbers]
    filling.make_searchable()
    return numbers


def test_the_audit_finds_no_difference_in_a_generated_register() -> None:
    numbers = _filled(250)
    assert len(set(numbers)) == 250
    assert list(audit.differences(at=NOW)) == []
    assert list(audit.differences(at=NOW + timedelta(days=900))) == []


def test_a_generated_register_holds_every_kind_of_answer() -> None:
    answers = lookup.public_many(_filled(400), at=NOW).values()
    results = Counter(one.result for one in answers)
    assert results["licensed"] > results["not_licensed"] > 0
    states = {one.state for one in answers}
    assert {"active", "suspended", "expired", "revoked", "pending_activation"} <= states
    assert all("DEMO" in one.body and one.body.startswith('{"number":"XZ-GEN-') for one in answers)


def test_generating_again_adds_and_takes_no_number_twice() -> None:
    first, second = _filled(60), _filled(60)
    assert not set(first) & set(second)
    assert len(lookup.public_many(first + second, at=NOW)) == 120
    assert list(audit.differences(at=NOW)) == []
    assert lookup.changes(after=0, limit=1000, at=builders.START).oldest == 1


def test_generated_numbers_never_meet_those_that_officers_give() -> None:
    _filled(40)
    builders.authority()
    mine = builders.active()
    assert not mine.startswith("XZ-GEN-")
    assert numbering.parts(str(lookup.public_agency(_holder(mine), at=NOW)["number"])).serial < 900_000_000
    builders.active(builders.agency(authority=filling.AUTHORITY), authority=filling.AUTHORITY, at=NOW)
    assert list(audit.differences(at=NOW)) == []


def _holder(number: str) -> str:
    rows = lookup.agencies(at=NOW, limit=1000).data
    return next(str(row["number"]) for row in rows if row["licence"]["number"] == number)


def test_an_officer_can_suspend_a_generated_licence() -> None:
    numbers = _filled(60)
    standing = next(n for n in numbers if lookup.public_licence(n, at=NOW).result == "licensed")
    builders.suspended(standing, at=NOW, authority=filling.AUTHORITY)
    assert lookup.public_licence(standing, at=NOW).result == "not_licensed"
    assert list(audit.differences(at=NOW)) == []


def test_a_generated_holder_is_found_by_name_and_web_domain() -> None:
    number = _filled(60)[7]
    holder = words.holder(8)
    for asked in (holder.name, holder.domain):
        assert search.find(asked, limit=3, after=None, at=NOW).data[0].number == number


def test_the_command_gives_a_share_of_the_licences_badges(public: Client) -> None:
    call_command("generate", licences=80)
    number = next(
        row["licence"]["number"] for row in lookup.agencies(at=clock.now(), limit=500).data if _badge(row)
    )
    code = badges.for_subject("licence", number)[0].code
    assert check.verdict(code, at=clock.now()).number == number
    assert public.get(f"/v/{code}").status_code == 200
    assert list(audit.differences(at=clock.now())) == []


def _badge(row: dict[str, dict[str, str]]) -> bool:
    return bool(badges.for_subject("licence", row["licence"]["number"]))


def test_badges_for_many_leave_those_that_have_one_alone() -> None:
    numbers = _filled(40)
    first = badges.issue("licence", numbers[3], at=NOW)
    assert badges.issue_licences(numbers, filling.AUTHORITY, at=NOW) == 39
    assert badges.issue_licences(numbers, filling.AUTHORITY, at=NOW) == 0
    assert badges.for_subject("licence", numbers[3]) == [first]


def test_two_invented_holders_never_share_a_name() -> None:
    assert len({words.holder(serial).name for serial in range(50_000)}) == 50_000


@pytest.mark.parametrize("licences", [-1, filling.MOST + 1])
def test_a_senseless_number_of_licences_is_refused(licences: int) -> None:
    with pytest.raises(BadInput):
        next(filling.fill(licences, at=NOW))


def test_nothing_is_invented_where_real_licences_may_stand(settings: pytest.FixtureRequest) -> None:
    settings.REGISTRY_DEMO = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="demo"):
        call_command("generate", licences=10)
