"""What resembles an applicant: possible matches, never findings. Officers judge; fifty points ask for the registrar.

Somebody who is no agency yet is compared with the same eyes as the agencies of the register
(``registry.screening.of_applicant``), and besides with the applications that were refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from registry import records, screening
from registry.models import Application, Authority
from registry.rules import applying, names, particulars
from registry.rules import screening as rules
from registry.screening import Applicant, Person


@dataclass(frozen=True, slots=True)
class Match:
    """Something that may be the same: whom it is about, what it resembles, where that stands, why, and how much.

    ``why``: codes of ``registry.rules.screening``.
    """

    about: str
    name: str
    source: str
    why: tuple[str, ...]
    score: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All possible matches of an application, the strongest first; ``score`` is that of the strongest."""

    matches: tuple[Match, ...] = ()

    @property
    def score(self) -> int:
        """What the registrar's threshold is compared with."""
        return max((match.score for match in self.matches), default=0)

    def plain(self) -> dict[str, Any]:
        """The result as JSON can carry it."""
        return {
            "score": self.score,
            "matches": [asdict(match) | {"why": list(match.why)} for match in self.matches],
        }


def of(authority: Authority, content: Mapping[str, Any], *, number: str, at: datetime) -> Result:
    """The possible matches of what this application says, at ``at``."""
    asked = _asked(content, country=authority.country)
    found = [
        Match(
            about=one.subject,
            name=screening.name_of(one.target, kind=one.target_kind),
            source=one.target_kind,
            why=tuple(reason.code for reason in one.reasons),
            score=one.score,
            reference=one.target,
        )
        for one in screening.of_applicant(authority.code, asked, at=at)
    ]
    return Result((*found, *_refused(authority, asked.name, number=number, at=at)))


def _asked(content: Mapping[str, Any], *, country: str) -> Applicant:
    """The application as screening compares it."""
    agency = particulars.read("agency", content.get("agency") or {})
    country = agency.get("country") or country
    people = [particulars.read("people", row) for row in content.get("people") or ()]
    places = [agency, *(particulars.read("offices", row) for row in content.get("offices") or ())]
    return Applicant(
        name=agency.get("legal_name", ""),
        latin_name=agency.get("latin_name", ""),
        country=country,
        company=agency.get("company_number", ""),
        founded=agency.get("incorporated_on"),
        addresses=tuple(
            dict.fromkeys((place.get("address", ""), place.get("locality", "")) for place in places)
        ),
        channels=tuple((kind, agency[kind]) for kind in ("phone", "email", "domain") if agency.get(kind)),
        people=tuple(
            Person(
                name=person["name"],
                role=person.get("role", ""),
                latin_name=person.get("latin_name", ""),
                born=person.get("birth_date"),
                country=person.get("nationality", ""),
                document=person.get("document_hmac", ""),
            )
            for person in people
            if person.get("name")
        ),
    )


def _refused(authority: Authority, name: str, *, number: str, at: datetime) -> Iterable[Match]:
    """Applications of that name that were refused, for as long as the public reads of them."""
    mine = names.fold(name)
    rows = Application.objects.filter(authority=authority, state=applying.State.REFUSED.value).exclude(
        number=number
    )
    policy = records.current_policy(authority.pk, at=at)
    (reason,) = rules.link_reasons({"name.similar"})
    for row in rows.order_by("number"):
        held = names.fold(row.legal_name)
        if not (rules.names_are_same(mine, held) or rules.names_are_similar(mine, held)):
            continue
        refusal = row.events.filter(action=applying.Action.REFUSE.value).order_by("-ordinal").first()
        if refusal is not None and applying.public_until(refusal.at, policy, authority.zone) > at:
            yield Match(name, row.legal_name, "refused", (reason.code,), reason.points, row.number)
