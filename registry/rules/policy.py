"""A policy set: the numbers that an authority's law leaves open, versioned and frozen into each entry.

Day counts, points and publication periods are defaults of the domain model; an authority states its own in a
JSON object of the same keys. Unknown keys and impossible values are refused by name, so a typing error in a
policy never becomes law silently.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any

from registry.rules.errors import PolicyInvalid
from registry.rules.grounds import SANCTIONS, SanctionKind

#: What no column can hold, as ``repr`` writes it: NUL, and halves of characters outside the basic plane.
_BROKEN = re.compile(r"(?<!\\)(?:\\\\)*\\(?:x00|ud[89a-f])")


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """How much security a class of licence needs: decimal text in major units and its ISO 4217 code."""

    amount: str
    currency: str


class FeeRule(StrEnum):
    """Whether a recruiter may ask workers for money (domain model 3.8; the employer pays in ILO's principles)."""

    PROHIBITED = "prohibited"
    CAPPED = "capped"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class WorkerFee:
    """What a recruiter may ask a worker to pay in all.

    ``capped``: to an amount (decimal text in major units, ISO 4217) or to so many months of the first wage. ``law``:
    where that is written.
    """

    rule: FeeRule
    amount: str = ""
    currency: str = ""
    months_of_wage: str = ""
    law: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of one authority's law at one time.

    Periods are local days unless named otherwise. The day of the event is not counted and the last day counts
    whole: a month-long right given on the 1st can be used until the end of the last day counted.
    """

    version: int = 1
    law: str = "demonstration law"
    weekend: tuple[int, ...] = (5, 6)
    holidays: tuple[date, ...] = ()
    activation_days: int = 30
    appeal_days: int = 28
    representation_days: int = 21
    review_days: int = 7
    surveillance_appeal_days: int = 14
    notice_days: int = 14
    surrender_notice_days: int = 30
    ratify_hours: int = 72
    preventive_max_days: int = 90
    renewal_filed_days: int = 30
    renewal_deemed_days: int = 90
    renewal_deemed_in_force: bool = True
    grace_days: int = 30
    stay_end_working_days: int = 6
    filing_recorded_working_days: int = 3
    stay_max_months: int = 6
    replenish_days: int = 30
    hearing_days: int = 14
    fine_days: int = 60
    repayment_days: int = 30
    proposal_days: int = 7
    max_term_months: int = 60
    cumulative_suspension_months: int = 12
    surveillance_points: int = 12
    show_cause_points: int = 24
    surveillance_months: int = 6
    points_months: int = 24
    bar_months: int = 60
    completion_days: int = 30
    completion_lapse_days: int = 60
    objection_days: int = 14
    refusal_months: int = 60
    draft_days: int = 90
    inspection_points: int = 30
    phoenix_score: int = 50
    bulk_limit: int = 20
    subject_days: int = 30
    warning_weeks: int = 13
    districts: Mapping[str, str] = field(default_factory=dict)
    triage_hours: int = 24
    concern_months: int = 24
    fees: Mapping[str, str] = field(default_factory=dict)
    worker_fee: WorkerFee | None = None
    securities: Mapping[str, SecurityRule] = field(default_factory=dict)
    legal_terms: Mapping[str, str] = field(default_factory=dict)
    help_lines: Mapping[str, str] = field(default_factory=dict)
    publication_months: Mapping[str, int | None] = field(default_factory=dict)

    def public_months(self, kind: SanctionKind) -> int | None:
        """For how many months after its effect the public reads it; ``None`` = for ever, 0 = never."""
        return self.publication_months.get(kind.value, SANCTIONS[kind].public_months)

    def security_for(self, licence_class: str) -> SecurityRule | None:
        """The security that this class needs, or ``None``."""
        return self.securities.get(licence_class)

    def as_json(self) -> dict[str, Any]:
        """The policy as JSON can carry it; :func:`parse` reads it back to an equal policy."""
        plain = asdict(self)
        plain["holidays"] = [day.isoformat() for day in self.holidays]
        plain["weekend"] = list(self.weekend)
        return plain


_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DISTRICT = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_COUNTS = {f.name for f in fields(Policy) if f.type is int and f.name != "version"}


def parse(rules: Mapping[str, Any]) -> Policy:
    """Read a policy from JSON; refuse what is unknown or impossible, naming the field."""
    known = {f.name for f in fields(Policy)}
    if unknown := sorted(set(rules) - known):
        raise PolicyInvalid("unknown policy field {field}", field=unknown[0])
    values = dict(rules)
    for name, value in values.items():
        _need(not _BROKEN.search(repr(value)), name, "text without NUL or half characters")
    for name in _COUNTS & set(values):
        _need(type(values[name]) is int and 0 <= values[name] <= 3650, name, "a whole number from 0 to 3650")
    _need(
        type(values.get("version", 1)) is int and values.get("version", 1) >= 1,
        "version",
        "a whole number from 1",
    )
    _need(isinstance(values.get("law", ""), str), "law", "text")
    _need(
        isinstance(values.get("renewal_deemed_in_force", True), bool),
        "renewal_deemed_in_force",
        "true or false",
    )
    if "weekend" in values:
        days = values["weekend"]
        fine = (
            isinstance(days, list | tuple)
            and all(type(d) is int and 0 <= d <= 6 for d in days)
            and len(set(days)) < 7
        )
        _need(fine, "weekend", "a list of week days, 0 = Monday, not all seven")
        values["weekend"] = tuple(days)
    if "holidays" in values:
        values["holidays"] = tuple(_day(day) for day in _listed(values["holidays"], "holidays"))
    for name in ("fees", "legal_terms", "districts", "help_lines"):
        fine = isinstance(values.get(name, {}), Mapping) and all(
            isinstance(k, str) and isinstance(v, str) for k, v in values.get(name, {}).items()
        )
        _need(fine, name, "an object of texts")
    fine = all(
        _DISTRICT.fullmatch(code) and name.strip() for code, name in values.get("districts", {}).items()
    )
    _need(fine, "districts", "an object: ISO 3166-2 code, such as NP-P3 -> name")
    _need(values.get("warning_weeks", 5) >= 5, "warning_weeks", "at least 5")
    if "securities" in values:
        values["securities"] = _securities(values["securities"])
    if values.get("worker_fee") is not None:
        values["worker_fee"] = _worker_fee(values["worker_fee"])
    if "publication_months" in values:
        _publication(values["publication_months"])
    return Policy(**values)


def _need(fine: bool, name: str, wanted: str) -> None:  # noqa: FBT001 - reads as a sentence at each call
    if not fine:
        raise PolicyInvalid("{field} must be {wanted}", field=name, wanted=wanted)


def _listed(value: object, name: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise PolicyInvalid("{field} must be a list", field=name)
    return list(value)


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise PolicyInvalid(
            "{value} is not a date (YYYY-MM-DD)", field="holidays", value=str(value)
        ) from None


def _securities(value: object) -> dict[str, SecurityRule]:
    _need(isinstance(value, Mapping), "securities", "an object: class -> {amount, currency}")
    found: dict[str, SecurityRule] = {}
    for licence_class, rule in value.items():  # type: ignore[attr-defined]
        if isinstance(rule, SecurityRule):
            found[licence_class] = rule
            continue
        fine = isinstance(rule, Mapping) and set(rule) == {"amount", "currency"}
        _need(fine, "securities", "an object: class -> {amount, currency}")
        amount = str(rule["amount"])
        currency = str(rule["currency"])
        _need(bool(_AMOUNT.fullmatch(amount)), "securities", "given with a decimal amount")
        _need(bool(_CURRENCY.fullmatch(currency)), "securities", "given in a currency of three letters")
        found[licence_class] = SecurityRule(amount=amount, currency=currency)
    return found


def _worker_fee(value: object) -> WorkerFee:
    """The rule; a cap is an amount with its currency or months of the wage, and only a capped fee has one."""
    if isinstance(value, WorkerFee):
        return value
    known = {f.name for f in fields(WorkerFee)}
    fine = (
        isinstance(value, Mapping) and set(value) <= known and all(isinstance(v, str) for v in value.values())
    )
    _need(fine, "worker_fee", f"an object of texts: {', '.join(sorted(known))}")
    said = {name: str(text) for name, text in value.items()}  # type: ignore[attr-defined]
    _need(said.get("rule") in set(FeeRule), "worker_fee", f"given with a rule: {', '.join(FeeRule)}")
    amount, currency, months = (said.get(name, "") for name in ("amount", "currency", "months_of_wage"))
    in_money = bool(_AMOUNT.fullmatch(amount) and _CURRENCY.fullmatch(currency) and not months)
    in_wages = bool(_AMOUNT.fullmatch(months) and not (amount or currency))
    if said["rule"] == FeeRule.CAPPED:
        _need(
            in_money or in_wages,
            "worker_fee",
            "capped to an amount with its currency or to months of the wage",
        )
    else:
        _need(not (amount or currency or months), "worker_fee", "without an amount unless it is capped")
    return WorkerFee(**said | {"rule": FeeRule(said["rule"])})  # type: ignore[arg-type]


def _publication(value: object) -> None:
    _need(isinstance(value, Mapping), "publication_months", "an object: sanction kind -> months or null")
    for kind, months in value.items():  # type: ignore[attr-defined]
        _need(kind in set(SanctionKind), "publication_months", f"about known sanction kinds (not {kind!r})")
        fine = months is None or (type(months) is int and 0 <= months <= 1200)
        _need(fine, "publication_months", "months from 0 to 1200, or null for ever")
