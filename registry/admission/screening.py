"""What the register and the lists it took in know that resembles an applicant: possible matches, never findings.

Scores are those of the domain model (3.5): a shared company number, telephone or address of mail with a holder whose
licence was taken away, and a similar name. Officers judge; fifty points ask for the registrar.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from rapidfuzz import fuzz

from registry import records
from registry.intake import findings
from registry.models import Agency, Application, Authority, Channel, Debarment, Licence
from registry.rules import applying, names, particulars
from registry.rules.lifecycle import State

SHARED_COMPANY: Final = 40
SHARED_CHANNEL: Final = 20
SIMILAR_NAME: Final = 10
_ALIKE: Final = 85
_TAKEN_AWAY: Final = (State.REVOKED.value, State.VOID.value)


@dataclass(frozen=True, slots=True)
class Match:
    """Something that may be the same: whom it is about, what it resembles, where that stands, why, and how much."""

    about: str
    name: str
    source: str
    why: str
    score: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All possible matches of an application; ``score`` adds up what points to a phoenix."""

    matches: tuple[Match, ...] = ()
    score: int = 0

    def plain(self) -> dict[str, Any]:
        """The result as JSON can carry it."""
        return {"score": self.score, "matches": [asdict(match) for match in self.matches]}


def of(authority: Authority, content: Mapping[str, Any], *, number: str, at: datetime) -> Result:
    """The possible matches of what this application says, at ``at``."""
    agency = particulars.read("agency", content.get("agency") or {})
    people = [particulars.read("people", row) for row in content.get("people") or ()]
    told = [agency.get("legal_name", ""), *(person["name"] for person in people if "name" in person)]
    matches = [
        Match(name, hit.name, hit.source, "name.similar", 0, hit.list_key)
        for name in filter(None, told)
        for hit in findings.possible_matches(name, limit=5)
    ]
    links = [*_taken_away(authority, agency), *_refused(authority, agency, number=number, at=at)]
    return Result((*links, *matches), sum(link.score for link in links))


def _taken_away(authority: Authority, agency: Mapping[str, Any]) -> Iterable[Match]:
    """Holders whose licence was revoked or annulled, or who are barred, with something in common."""
    gone = set(
        Licence.objects.filter(authority=authority, state__in=_TAKEN_AWAY).values_list("agency_id", flat=True)
    )
    gone |= set(Debarment.objects.filter(agency__authority=authority).values_list("agency_id", flat=True))
    name = agency.get("legal_name", "")
    shared = {
        *Channel.objects.filter(agency__in=gone, value__in=_ways(agency)).values_list("agency_id", flat=True)
    }
    for row in Agency.objects.filter(pk__in=gone).order_by("number"):
        if row.company_number and row.company_number == agency.get("company_number"):
            yield Match(name, row.legal_name, "register", "company_number.same", SHARED_COMPANY, row.number)
        if row.pk in shared:
            yield Match(name, row.legal_name, "register", "channel.same", SHARED_CHANNEL, row.number)
        if name and _alike(name, row.legal_name):
            yield Match(name, row.legal_name, "register", "name.similar", SIMILAR_NAME, row.number)


def _refused(
    authority: Authority, agency: Mapping[str, Any], *, number: str, at: datetime
) -> Iterable[Match]:
    """Applications that were refused, for as long as the public reads of them."""
    name = agency.get("legal_name", "")
    rows = Application.objects.filter(authority=authority, state=applying.State.REFUSED.value).exclude(
        number=number
    )
    policy = records.current_policy(authority.pk, at=at)
    for row in rows.order_by("number"):
        refusal = row.events.filter(action=applying.Action.REFUSE.value).order_by("-ordinal").first()
        if refusal is None or applying.public_until(refusal.at, policy, authority.zone) <= at:
            continue
        if name and _alike(name, row.legal_name):
            yield Match(name, row.legal_name, "refused", "name.similar", SIMILAR_NAME, row.number)


def _ways(agency: Mapping[str, Any]) -> list[str]:
    return [agency[name] for name in ("phone", "email", "domain") if agency.get(name)]


def _alike(one: str, other: str) -> bool:
    return bool(fuzz.token_sort_ratio(str(names.fold(one)), str(names.fold(other))) >= _ALIKE)
