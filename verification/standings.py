"""How every badge stands at an instant, in a few queries: what status lists and tokens are made of.

The verdicts are those of ``check``, which answers one code; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from registry import standings
from registry.rules.lifecycle import State
from registry.standings import Answer, Subject
from verification import signing, verdicts
from verification.models import Badge
from verification.verdicts import Result

GOOD: Final = frozenset({Result.LICENSED, Result.LIMITED})
"""The verdicts with which a badge is signed for."""


@dataclass(frozen=True, slots=True)
class BadgeStands:
    """A badge's verdict; ``licence`` is the number of the licence that it stands or falls with.

    ``state``: that licence's; ``until``: when the clock alone may change the verdict. ``sequence`` and ``since``
    name the published answer that the verdict rests on.
    """

    code: str
    kind: str
    authority: str
    result: Result
    licence: str = ""
    state: str = ""
    sequence: int = 0
    since: datetime | None = None
    until: datetime | None = None

    @property
    def signed_for(self) -> bool:
        """Whether it has a token: the licence is good, and an authority of ours issued it (ADR 13)."""
        return self.result in GOOD and self.state != State.LISTED

    @property
    def rests_on(self) -> str:
        """What a token rests on: the issuer, and the published answer by its sequence and beginning."""
        since = self.since.isoformat() if self.since else ""
        return f"{signing.issuer(self.authority)} {self.licence} {self.sequence} {since}"


def every(*, at: datetime) -> list[BadgeStands]:
    """Every badge that was ever issued, the withdrawn ones too, in the order of their codes."""
    return _stand(Badge.objects.all(), at)


def of(codes: Collection[str], *, at: datetime) -> list[BadgeStands]:
    """These badges, in the order of their codes; what is read grows with them and not with the register."""
    return _stand(Badge.objects.filter(code__in=codes), at)


def _stand(chosen: QuerySet[Badge], at: datetime) -> list[BadgeStands]:
    rows = chosen.order_by("code").values_list(
        "code", "subject_kind", "subject_number", "authority", "withdrawn_at"
    )
    badges = list(rows)
    of_kind: dict[str, set[str]] = {"licence": set(), "office": set(), "appointment": set()}
    for _code, kind, number, _authority, _withdrawn in badges:
        of_kind[kind].add(number)
    subjects = {
        "office": standings.offices(of_kind["office"], at=at),
        "appointment": standings.appointments(of_kind["appointment"], at=at),
    }
    numbers = of_kind["licence"].union(*(s.licences for of in subjects.values() for s in of.values()))
    answers = standings.licences(numbers, at=at)
    return [
        BadgeStands(code, kind, authority, Result.NOT_GENUINE)
        if withdrawn is not None and withdrawn <= at
        else _until_withdrawn(
            _of(code, kind, authority, _subject(kind, number, subjects), answers), withdrawn
        )
        for code, kind, number, authority, withdrawn in badges
    ]


def _until_withdrawn(one: BadgeStands, withdrawn: datetime | None) -> BadgeStands:
    """The same, which ends where the badge is withdrawn: whoever asks may be a moment behind the officer."""
    ends = [instant for instant in (one.until, withdrawn) if instant is not None]
    return replace(one, until=min(ends)) if withdrawn else one


def _subject(kind: str, number: str, subjects: Mapping[str, Mapping[str, Subject]]) -> Subject:
    """What the badge is about; a licence is its own subject."""
    if kind == "licence":
        return Subject((number,), problem=False, until=None)
    return subjects[kind].get(number, Subject((), problem=True, until=None))


def _of(code: str, kind: str, authority: str, subject: Subject, answers: Mapping[str, Answer]) -> BadgeStands:
    found = _best_first([answers[number] for number in subject.licences if number in answers])
    if not found:
        return BadgeStands(code, kind, authority, Result.NOT_FOUND, until=subject.until)
    best, siblings = found[0], [(one.state, one.result) for one in found[1:]]
    return BadgeStands(
        code=code,
        kind=kind,
        authority=authority,
        result=verdicts.of_subject(best.result, siblings, problem=subject.problem),
        licence=best.number,
        state=best.state,
        sequence=best.sequence,
        since=best.since,
        until=min(_boundaries(subject, found), default=None),
    )


def _best_first(answers: Sequence[Answer]) -> list[Answer]:
    return sorted(answers, key=lambda one: verdicts.rank(one.result), reverse=True)


def _boundaries(subject: Subject, answers: Sequence[Answer]) -> Iterator[datetime]:
    for until in (subject.until, *(one.until for one in answers)):
        if until is not None:
            yield until
