"""A policy set: read back as it was written, refused by the name of the wrong field."""

import json
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from registry.rules import policy
from registry.rules.errors import PolicyInvalid
from registry.rules.grounds import SANCTIONS, SanctionKind
from registry.rules.lifecycle import STEPS
from registry.rules.policy import FeeRule, Policy, SecurityRule, WorkerFee

FULL = Policy(
    version=3,
    law="Demo Recruitment Act, section 11",
    weekend=(4, 5),
    holidays=(date(2026, 5, 1), date(2026, 12, 25)),
    appeal_days=15,
    renewal_deemed_in_force=False,
    fees={"grant": "250.00 USD"},
    worker_fee=WorkerFee(FeeRule.CAPPED, amount="250", currency="USD", law="section 12"),
    securities={"A": SecurityRule("100000.50", "USD")},
    legal_terms={"active": "In Force"},
    districts={"XA-01": "Harbour"},
    publication_months={"fine": 120, "revocation": None, "advice": 0},
)


def test_a_policy_survives_json() -> None:
    assert policy.parse(json.loads(json.dumps(FULL.as_json()))) == FULL
    assert policy.parse(json.loads(json.dumps(Policy().as_json()))) == Policy()


def test_nothing_said_is_the_default_law() -> None:
    assert policy.parse({}) == Policy()


def test_the_defaults_are_the_domains() -> None:
    law = Policy()
    assert (law.activation_days, law.appeal_days, law.representation_days) == (30, 28, 21)
    assert (law.notice_days, law.surrender_notice_days, law.review_days) == (14, 30, 7)
    assert (law.ratify_hours, law.preventive_max_days) == (72, 90)
    assert (law.renewal_filed_days, law.renewal_deemed_days, law.grace_days) == (30, 90, 30)
    assert (law.stay_end_working_days, law.stay_max_months, law.replenish_days) == (6, 6, 30)
    assert law.filing_recorded_working_days == 3
    assert (law.surveillance_points, law.show_cause_points, law.surveillance_months) == (12, 24, 6)
    assert (law.proposal_days, law.bulk_limit, law.cumulative_suspension_months) == (7, 20, 12)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"apeal_days": 28}, "apeal_days"),
        ({"appeal_days": "28"}, "appeal_days"),
        ({"appeal_days": -1}, "appeal_days"),
        ({"appeal_days": 3651}, "appeal_days"),
        ({"appeal_days": 28.0}, "appeal_days"),
        ({"appeal_days": True}, "appeal_days"),
        ({"ratify_hours": None}, "ratify_hours"),
        ({"version": 0}, "version"),
        ({"version": "2"}, "version"),
        ({"law": 7}, "law"),
        ({"renewal_deemed_in_force": 1}, "renewal_deemed_in_force"),
        ({"weekend": [0, 1, 2, 3, 4, 5, 6]}, "weekend"),
        ({"weekend": [7]}, "weekend"),
        ({"weekend": "56"}, "weekend"),
        ({"holidays": "2026-05-01"}, "holidays"),
        ({"holidays": ["2026-02-30"]}, "holidays"),
        ({"fees": ["250"]}, "fees"),
        ({"fees": {"grant": 250}}, "fees"),
        ({"legal_terms": {"active": None}}, "legal_terms"),
        ({"districts": ["XA-01"]}, "districts"),
        ({"districts": {"Harbour": "XA-01"}}, "districts"),
        ({"districts": {"XA-01": " "}}, "districts"),
        ({"warning_weeks": 4}, "warning_weeks"),
        ({"worker_fee": "prohibited"}, "worker_fee"),
        ({"worker_fee": {}}, "worker_fee"),
        ({"worker_fee": {"rule": "free"}}, "worker_fee"),
        ({"worker_fee": {"rule": "prohibited", "note": "x"}}, "worker_fee"),
        ({"worker_fee": {"rule": "prohibited", "amount": "0", "currency": "USD"}}, "worker_fee"),
        ({"worker_fee": {"rule": "allowed", "months_of_wage": "1"}}, "worker_fee"),
        ({"worker_fee": {"rule": "capped"}}, "worker_fee"),
        ({"worker_fee": {"rule": "capped", "amount": "250"}}, "worker_fee"),
        ({"worker_fee": {"rule": "capped", "amount": 250, "currency": "USD"}}, "worker_fee"),
        (
            {"worker_fee": {"rule": "capped", "amount": "1", "currency": "USD", "months_of_wage": "1"}},
            "worker_fee",
        ),
        ({"securities": ["A"]}, "securities"),
        ({"securities": {"A": {"amount": "100"}}}, "securities"),
        ({"securities": {"A": {"amount": "-5", "currency": "USD"}}}, "securities"),
        ({"securities": {"A": {"amount": "1e5", "currency": "USD"}}}, "securities"),
        ({"securities": {"A": {"amount": "²", "currency": "USD"}}}, "securities"),
        ({"securities": {"A": {"amount": "100", "currency": "usd"}}}, "securities"),
        ({"securities": {"A": {"amount": "100", "currency": 5}}}, "securities"),
        ({"securities": {"A": {"amount": "100", "currency": "USD", "issuer": "X"}}}, "securities"),
        ({"publication_months": {"fien": 12}}, "publication_months"),
        ({"publication_months": {"fine": -1}}, "publication_months"),
        ({"publication_months": {"fine": "12"}}, "publication_months"),
        ({"publication_months": [12]}, "publication_months"),
    ],
)
def test_what_cannot_be_law_is_refused_by_the_name_of_its_field(said: dict[str, Any], field: str) -> None:
    with pytest.raises(PolicyInvalid) as refusal:
        policy.parse(said)
    assert refusal.value.facts["field"] == field


def test_how_long_a_sanction_is_public_is_the_policys_word_before_the_domains() -> None:
    assert FULL.public_months(SanctionKind.FINE) == 120
    assert FULL.public_months(SanctionKind.REVOCATION) is None
    assert FULL.public_months(SanctionKind.WARNING) == SANCTIONS[SanctionKind.WARNING].public_months == 12


def test_every_field_that_the_table_names_is_a_count_of_days() -> None:
    counts = {f.name for f in fields(Policy) if f.type is int and f.name.endswith("_days")}
    named = {name for step in STEPS.values() for name in (step.notice, step.appeal) if name is not None}
    assert named <= counts
    assert named == {
        "appeal_days", "representation_days", "review_days", "surveillance_appeal_days", "notice_days",
        "surrender_notice_days",
    }  # fmt: skip
