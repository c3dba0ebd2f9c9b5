"""Screens agencies: compares each with whom it must not be, and keeps what was found. The only writer of assessments.

Any number of agencies in a few statements, inside the caller's transaction. A match is assessed anew only where its
reasons changed; one whose reasons are gone is assessed at nought, so that it leaves the list and not the record.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from registry import marks
from registry.models import Agency, Assessment, Screening, ScreeningDue, ScreeningMatch
from registry.rules import days, names
from registry.rules import screening as rules
from registry.rules.screening import Reason
from registry.screening import candidates
from registry.screening.candidates import Subject

_REVOKED = frozenset({"revoke", "void", "debar"})


@dataclass(frozen=True, slots=True)
class Found:
    """A possible match as a screening finds it, before anything is kept of it."""

    agency: int
    subject: str
    target_kind: str
    target: str
    reasons: tuple[Reason, ...]
    score: int
    rank: int


def screen(agencies: Collection[int], *, why: str, by: str, at: datetime) -> int:
    """Screen these agencies now and keep what is found; how many matches there are."""
    # First of all: whoever changes an agency from here on has it wait again.
    ScreeningDue.objects.filter(agency__in=agencies, since__lte=at).delete()
    groups: dict[int, list[int]] = defaultdict(list)
    rows = Agency.objects.filter(pk__in=agencies, merged_into=None)
    for agency, authority in rows.values_list("pk", "authority_id"):
        groups[authority].append(agency)
    total = 0
    for authority, members in groups.items():
        found = [*_linked(authority, members, at=at), *_identified(authority, members, at=at)]
        _keep(authority, members, found, why=why, by=by, at=at)
        total += len(found)
    return total


def identified(authority: int, agencies: Collection[int], *, at: datetime) -> set[int]:
    """Of these agencies those with a name or person among the barred and listed; keeps nothing."""
    return {one.agency for one in _identified(authority, agencies, at=at)}


def _linked(authority: int, agencies: Collection[int], *, at: datetime) -> list[Found]:
    """Links with agencies that were revoked, barred, suspended or refused."""
    if not (against := candidates.adverse(authority, at=at)):
        return []
    links = {pair: link for pair, link in candidates.links(agencies).items() if pair[1] in against}
    similar = candidates.similar(agencies, against)
    if not (pairs := links.keys() | similar.keys()):
        return []
    began = candidates.began({one for one, _ in pairs})
    numbers = dict(
        Agency.objects.filter(pk__in={agency for pair in pairs for agency in pair}).values_list(
            "pk", "number"
        )
    )
    found = []
    for one, other in sorted(pairs):
        codes = set(links[one, other].codes) if (one, other) in links else set()
        if (one, other) in similar:
            codes.add("name.similar")
        ends = [begins for action, begins in against[other] if action in _REVOKED]
        if codes - {"owner.same_name"} and _around(began.get(one), ends):
            codes.add("revocation.near")
        reasons = rules.link_reasons(codes)
        score = rules.score(reasons)
        if (score >= rules.SHOWN and codes - {"name.similar", "revocation.near"}) or similar.get(
            (one, other)
        ):
            rank = rules.rank(reasons)
            found.append(Found(one, numbers[one], "agency", numbers[other], reasons, score, rank))
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in an application; ``document`` is the HMAC of their paper (``agencies.keyed``)."""

    name: str
    role: str
    latin_name: str = ""
    born: date | None = None
    country: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Applicant:
    """What is known of somebody who is no agency yet; ``channels`` are (kind, value) in normal form."""

    name: str
    latin_name: str = ""
    country: str = ""
    founded: date | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    channels: tuple[tuple[str, str], ...] = ()
    account: str = ""
    company: str = ""
    people: tuple[Person, ...] = ()


def applicant(authority: int, asked: Applicant, *, at: datetime) -> list[Found]:
    """Whom an applicant may be or come from, the strongest first; keeps nothing. ``subject`` is a name as given."""
    against = candidates.adverse(authority, at=at)
    linked = candidates.linked_with(authority, set(_marks_of(asked)))
    mine = [names.fold(text) for text in (asked.name, asked.latin_name) if text]
    held = candidates.folded(against)
    found = []
    for agency, ends in against.items():
        codes = set(linked.get(agency, ()))
        pairs = [(one, other) for one in mine for other in held.get(agency, ())]
        same = any(rules.names_are_same(*pair) for pair in pairs)
        if same or any(rules.names_are_similar(*pair) for pair in pairs):
            codes.add("name.similar")
        if codes - {"owner.same_name"} and _around(asked.founded, [e for a, e in ends if a in _REVOKED]):
            codes.add("revocation.near")
        reasons = rules.link_reasons(codes)
        score = rules.score(reasons)
        if same or (score >= rules.SHOWN and codes - {"name.similar", "revocation.near"}):
            found.append(Found(0, asked.name, "agency", str(agency), reasons, score, rules.rank(reasons)))
    numbers = dict(
        Agency.objects.filter(pk__in=[int(one.target) for one in found]).values_list("pk", "number")
    )
    found = [replace(one, target=numbers[int(one.target)]) for one in found]
    company = Subject(
        0, asked.name, candidates.known_as(asked.name, asked.latin_name, country=asked.country, company=True)
    )
    people = [Subject(0, one.name, _person(one)) for one in asked.people]
    found += _compared(authority, [company, *people], on=at.date())
    return sorted(found, key=lambda one: -one.rank)


def _person(one: Person) -> tuple[rules.Known, ...]:
    return candidates.known_as(
        one.name, one.latin_name, born=one.born, country=one.country, document=one.document
    )


def _marks_of(asked: Applicant) -> Iterator[tuple[str, str, str]]:
    for place in asked.addresses:
        if folded := rules.folded_address(*place):
            yield "address", folded, ""
    if asked.account:
        yield "bank", asked.account, ""
    if asked.company:
        yield "company", marks.of_company(asked.country, asked.company), ""
    for kind, value in asked.channels:
        yield from ((one, text, "") for one, text in marks.of_channel(kind, value))
    for person in asked.people:
        yield from marks.of_person(person.name, person.latin_name, person.born, person.document, person.role)


def _around(began: date | None, ends: Iterable[datetime]) -> bool:
    """Whether a company was founded within twelve months of a revocation, before or after."""
    return began is not None and any(
        days.add_months(end.date(), -12) <= began <= days.add_months(end.date(), 12) for end in ends
    )


def _identified(authority: int, agencies: Collection[int], *, at: datetime) -> list[Found]:
    """Names and people of these agencies among the barred and on outside lists."""
    return _compared(authority, candidates.subjects(agencies, on=at.date()), on=at.date())


def _compared(authority: int, subjects: Sequence[Subject], *, on: date) -> list[Found]:
    keys = candidates.keys(known for subject in subjects for known in subject.known)
    targets = [*candidates.barred(authority, on=on), *candidates.findings(keys, on=on)]
    best: dict[tuple[int, str, str, str], Found] = {}
    for subject, target, reasons in candidates.same(subjects, targets):
        score = rules.identity_score(reasons)
        one = Found(
            subject.agency, subject.number, target.kind, target.ref, tuple(reasons), score, score * 100
        )
        best[one.agency, one.subject, one.target_kind, one.target] = one
    return list(best.values())


# --- what is kept


def _keep(
    authority: int, agencies: Sequence[int], found: Sequence[Found], *, why: str, by: str, at: datetime
) -> None:
    kept = _matches(authority, agencies, found, at=at)
    latest = _latest(kept.values()) if kept else {}
    new = []
    seen = set()
    for one in found:
        match = kept[one.agency, one.subject, one.target_kind, one.target]
        seen.add(match)
        told = [{"code": reason.code, "points": reason.points} for reason in one.reasons]
        if latest.get(match) != (one.score, told):
            new.append(Assessment(match_id=match, at=at, score=one.score, rank=one.rank, reasons=told))
    new += [
        Assessment(match_id=match, at=at, score=0, rank=0, reasons=[])
        for match, (score, told) in latest.items()
        if match not in seen and (score or told)
    ]
    Assessment.objects.bulk_create(new)
    counted: dict[int, list[int]] = defaultdict(list)
    for one in found:
        counted[one.agency].append(one.score)
    Screening.objects.bulk_create(
        Screening(
            authority_id=authority,
            agency_id=agency,
            at=at,
            why=why,
            by=by,
            found=len(counted[agency]),
            highest=max(counted[agency], default=0),
        )
        for agency in agencies
    )


def _matches(
    authority: int, agencies: Sequence[int], found: Sequence[Found], *, at: datetime
) -> dict[tuple[int, str, str, str], int]:
    """The matches of these agencies, new ones made; two screenings at once make each but once.

    A match of a record that was merged is the agency's own, with what was said of it.
    """
    known = _known(agencies)
    new = [
        ScreeningMatch(
            authority_id=authority,
            agency_id=one.agency,
            subject=one.subject,
            target_kind=one.target_kind,
            target=one.target,
            found_at=at,
        )
        for one in found
        if (one.agency, one.subject, one.target_kind, one.target) not in known
    ]
    if not new:
        return known
    ScreeningMatch.objects.bulk_create(new, ignore_conflicts=True)
    return _known(agencies)


_KNOWN: Final = """
    WITH RECURSIVE family AS (
        SELECT id AS stays, id, number AS called, number FROM registry_agency WHERE id = ANY(%s)
        UNION ALL SELECT f.stays, a.id, f.called, a.number FROM registry_merger m
        JOIN family f ON m.into_id = f.id JOIN registry_agency a ON a.id = m.merged_id
    )
    SELECT f.stays, CASE WHEN m.subject = f.number THEN f.called ELSE m.subject END, m.target_kind, m.target, m.id
    FROM registry_screeningmatch m JOIN family f ON f.id = m.agency_id ORDER BY m.id DESC"""


def _known(agencies: Sequence[int]) -> dict[tuple[int, str, str, str], int]:
    """The matches that there are; of two that became one by a merger the older."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [list(agencies)])
        return {
            (agency, subject, kind, target): pk for agency, subject, kind, target, pk in cursor.fetchall()
        }


def _latest(matches: Iterable[int]) -> dict[int, tuple[int, Any]]:
    """The newest assessment of each match: score and reasons."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (match_id) match_id, score, reasons::text FROM registry_assessment"
            " WHERE match_id = ANY(%s) ORDER BY match_id, id DESC",
            [list(matches)],
        )
        return {match: (score, json.loads(reasons)) for match, score, reasons in cursor.fetchall()}
