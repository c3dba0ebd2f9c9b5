"""Screening on real lists: what a shared telephone, an address and an owner's name are worth among 506 agents.

They lie beside the repository or where ``REGISTRY_SHARED_DATA`` says; without them this module is skipped.
"""

import csv
import os
from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path

import pytest

from registry import marks, screening
from registry.intake import taking
from registry.models import Agency, Appointment, Channel, Finding, Licence, Person
from registry.rules import screening as rules
from registry.screening import assessing, candidates

DATA = Path(os.environ.get("REGISTRY_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (DATA / "README.md").is_file(), reason=f"the real lists are not at {DATA}"),
]
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def agents(db: None) -> dict[str, dict[str, str]]:
    """The agents of Bangladesh with their owners and the tokens of their telephones; by number of the agency."""
    path = DATA / "bd_recruiting_agencies.csv"
    taking.take_in("bd_recruiting_agencies", path, on=date(2023, 4, 7), at=NOW, by="intake")
    with path.open(encoding="utf-8-sig") as file:
        rows = {row["rlno"]: row for row in csv.DictReader(file)}
    held = {row.legacy_number: row.agency for row in Licence.objects.select_related("agency__authority")}
    persons = [
        Person(number=f"PE-{place:06}", authority=agency.authority, name=rows[number]["owner"])
        for place, (number, agency) in enumerate(sorted(held.items()))
        if rows[number]["owner"]
    ]
    owned = [agency for number, agency in sorted(held.items()) if rows[number]["owner"]]
    Person.objects.bulk_create(persons)
    Appointment.objects.bulk_create(
        Appointment(
            number=f"AP-{place:06}",
            agency=agency,
            person=person,
            role="beneficial_owner",
            first_day=date(2023, 4, 7),
        )
        for place, (agency, person) in enumerate(zip(owned, persons, strict=True))
    )
    Channel.objects.bulk_create(
        Channel(agency=agency, kind="phone", value=token)
        for number, agency in held.items()
        for token in set(rows[number]["contact_tokens"].split())
    )
    marks.index([agency.number for agency in held.values()], at=NOW)
    return {agency.number: rows[number] for number, agency in held.items()}


def _sharing(agents: dict[str, dict[str, str]], column: str) -> set[frozenset[str]]:
    """Pairs of agencies that have a word or the whole of a column in common."""
    holders: dict[str, set[str]] = defaultdict(set)
    for number, row in agents.items():
        for value in row[column].split() if column == "contact_tokens" else [row[column]]:
            if value:
                holders[value].add(number)
    return {frozenset(pair) for several in holders.values() for pair in combinations(sorted(several), 2)}


def test_a_shared_telephone_ranks_above_an_address_and_an_address_above_an_owner_s_name(
    agents: dict[str, dict[str, str]],
) -> None:
    found = screening.pairs("BD-BMET", at=NOW)
    place = {frozenset((one, link.agency)): order for order, (one, link) in enumerate(found)}
    telephones = _sharing(agents, "contact_tokens")
    addresses = _sharing(agents, "address") - telephones
    owners = _sharing(agents, "owner") - telephones - addresses
    assert (len(telephones), len(addresses)) == (9, 6)
    assert telephones | addresses <= place.keys()
    assert max(place[pair] for pair in telephones) < min(place[pair] for pair in addresses)
    named = [place[pair] for pair in owners if pair in place]
    assert len(named) >= 8
    assert max(place[pair] for pair in addresses) < min(named)
    scores = {frozenset((one, link.agency)): link.score for one, link in found}
    assert {scores[pair] for pair in owners if pair in scores} <= {0, 10}, "a common name is no evidence"


def test_outside_lists_are_compared_in_a_few_statements(agents: dict[str, dict[str, str]]) -> None:
    path = DATA / "mdb_debarments" / "Inter-American_Development_Bank-Sanctioned_Firms_and_Individuals.xlsx"
    taking.take_in("idb_debarments", path, on=date(2024, 7, 1), at=NOW, by="intake")
    assert Finding.objects.count() > 1000
    everybody = list(Agency.objects.values_list("pk", flat=True))
    assessing.screen(everybody, why="asked", by="SYSTEM", at=NOW)
    found = screening._matches("true", [])
    assert all(match.score >= rules.SHOWN_NAME for match in found)
    assert len(found) < len(everybody) / 20, "a list of strangers makes few look like somebody else"


def test_every_name_on_a_list_finds_itself(db: None) -> None:
    path = DATA / "us_h2_debarments" / "H-2A Debarment Table FY 09 to FY 13.xlsx"
    taking.take_in("us_h2a_debarments", path, on=date(2013, 10, 1), at=NOW, by="intake")
    on = date(2009, 1, 1)
    (listed,) = set(Finding.objects.values_list("list_key", flat=True))
    targets = candidates.findings_of([listed], on=on)
    subjects = [candidates.Subject(1, target.ref, target.known) for target in targets]
    same = {(one.number, other.ref) for one, other, _ in candidates.same(subjects, targets)}
    assert {(target.ref, target.ref) for target in targets if target.known[0].name.words} <= same
