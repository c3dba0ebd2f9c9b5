"""What anyone may ask about the authorities themselves: which there are, where, and what their law counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry import records
from registry.models import Authority
from registry.rules import countries


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """An authority and its place.

    ``districts``: what a visitor may name as a place, by ISO 3166-2 code: the policy's list, else the country's own
    subdivisions. ``warning_weeks``: for how long the policy lets the counts of the early warning be kept.
    """

    code: str
    country: str
    zone: str
    districts: Mapping[str, str]
    warning_weeks: int


def codes() -> frozenset[str]:
    """The codes of all authorities."""
    return frozenset(Authority.objects.values_list("code", flat=True))


def jurisdictions(*, at: datetime) -> list[Jurisdiction]:
    """The licensing authorities, by code, with their law of that instant."""
    found = []
    for row in Authority.objects.filter(kind="licensing").order_by("code"):
        policy = records.current_policy(row.pk, at=at)
        districts = policy.districts or countries.subdivisions(row.country)
        found.append(Jurisdiction(row.code, row.country, row.zone, dict(districts), policy.warning_weeks))
    return found
