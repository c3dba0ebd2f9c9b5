"""What a scanned or typed code proves now: the badge itself, and what the register says of its subject.

The code is only a name for a subject. Whether the subject is good is asked from the register each time, so a
suspension is seen by the very next scan. A badge that is not known, not readable or withdrawn is never green,
whatever its licence.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from registry import lookup
from registry.lookup import PublicSubject, PublishedAnswer
from registry.rules import days, numbering
from registry.rules.errors import LicenceNotFound, LicenceRenumbered, NotFound
from registry.rules.grounds import FAVOURABLE
from verification import badges, verdicts
from verification.badges import BadgeRecord, Scanned
from verification.log import Reached
from verification.verdicts import Appearance, Reach, Result


class Proof(StrEnum):
    """What is known of the badge itself."""

    KNOWN = "known"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"
    MISTYPED = "mistyped"


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another licence of the same holder: it never makes this badge green, but a reader should know of it."""

    number: str
    state: str
    result: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a code at ``checked_at``.

    ``record``: the published body of the licence that the answer names, for withdrawn badges too (it says how
    to find the holder); empty where no licence is known; ``body`` is the same as JSON text. ``until``: when
    the answer may change by the clock alone. ``number``: the subject's own number; ``licence``: the number of
    the licence that it stands or falls with. ``life``: that licence's public life, where it was asked for. ``live``:
    the badge is good, and somebody may show a live code for it.
    """

    code: str
    proof: Proof
    result: Result
    reasons: tuple[str, ...]
    checked_at: datetime
    may_recruit: bool = False
    kind: str = ""
    number: str = ""
    licence: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    sequence: int = 0
    office: Mapping[str, Any] | None = None
    person: Mapping[str, Any] | None = None
    siblings: tuple[Sibling, ...] = ()
    badge: BadgeRecord | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""
    reached: Reached | None = None
    life: tuple[lookup.Life, ...] = ()
    live: bool = False

    @property
    def appearance(self) -> Appearance:
        """How it looks, from the one verdict table; a badge that is checked here is always checked online."""
        return verdicts.appearance(self.result, Reach.ONLINE)

    @property
    def shown(self) -> str:
        """The code as printed, or nothing where none could be read."""
        return numbering.shown_badge(self.code) if self.code else ""

    @property
    def holder(self) -> str:
        """The holder's legal name, in its own script."""
        return str(self.record.get("holder", {}).get("name", ""))

    @property
    def person_name(self) -> str:
        """The name of the person on the badge, where the public may read it."""
        return str((self.person or {}).get("name", ""))

    @property
    def channels(self) -> Sequence[Mapping[str, Any]]:
        """The holder's official phones and addresses."""
        return list(self.record.get("channels", ()))


_WITHOUT_LICENCE: Final = "licence.not_found"


def verdict(code: str, *, at: datetime, logged: bool = False, lived: bool = False) -> Verdict:
    """What the code proves at ``at``, whatever was typed: a wrong code is an answer, never a green one.

    ``logged``: read how far the log is with it, for who will sign the answer (``Verdict.reached``); ``lived``: for who
    will draw it, the licence's public life (``Verdict.life``). Nobody does both.
    """
    try:
        read = numbering.read_badge(code)
    except numbering.BadgeMistyped:
        return Verdict("", Proof.MISTYPED, Result.NOT_FOUND, ("badge.mistyped",), at)
    except numbering.NotOurs:
        return Verdict("", Proof.NOT_FOUND, Result.NOT_FOUND, ("badge.not_found",), at)
    try:
        scanned = badges.scanned(read, at=at, logged=logged, lived=lived)
    except badges.BadgeNotFound:
        return Verdict(read, Proof.NOT_FOUND, Result.NOT_FOUND, ("badge.not_found",), at)
    return _of_badge(scanned, at, lived=lived)


def _of_badge(scanned: Scanned, at: datetime, *, lived: bool) -> Verdict:
    badge, licence = scanned.badge, scanned.answer
    try:
        subject = _subject(badge, at)
        answers = [licence] if licence is not None else _answers(badge, subject, at)
    except NotFound:
        return _judged(badge, Result.NOT_FOUND, (_WITHOUT_LICENCE,), at)
    record = json.loads(answers[0].body)
    result, reasons, siblings = _read_together(subject, answers, record)
    elsewhere = lived and licence is None
    return _judged(
        badge, result, reasons, at, subject=subject, answers=answers, record=record, siblings=siblings,
        reached=scanned.reached if licence is not None else None, live=scanned.live,
        life=lookup.public_life(answers[0].number, at=at) if elsewhere else scanned.life,
    )  # fmt: skip


def _subject(badge: BadgeRecord, at: datetime) -> PublicSubject | None:
    """The office or person on the badge; a licence is its own subject."""
    return None if badge.kind == "licence" else lookup.public_subject(badge.kind, badge.number, at=at)


def _answers(badge: BadgeRecord, subject: PublicSubject | None, at: datetime) -> list[PublishedAnswer]:
    """What the register says of the licences behind the badge, the best first; refuses if there is none."""
    if subject is None:
        return [_licence(badge.number, at)]
    found = lookup.public_many(subject.licences, at=at)
    if not found:
        raise LicenceNotFound(number=badge.number)
    return sorted(found.values(), key=lambda one: verdicts.rank(one.result), reverse=True)


def _licence(number: str, at: datetime) -> PublishedAnswer:
    try:
        return lookup.public_licence(number, at=at)
    except LicenceRenumbered as moved:
        return lookup.public_licence(moved.facts["number"], at=at)


def _read_together(
    subject: PublicSubject | None, answers: Sequence[PublishedAnswer], record: Mapping[str, Any]
) -> tuple[Result, tuple[str, ...], tuple[Sibling, ...]]:
    """The verdict of the subject and its licences read together (``verdicts.of_subject``), with reasons by weight."""
    best, others = answers[0], answers[1:]
    reasons = [reason["code"] for reason in record["verdict"]["reasons"]]
    siblings = tuple(Sibling(one.number, one.state, one.result) for one in others)
    standing = [(one.state, one.result) for one in siblings]
    problem = subject.problem if subject is not None else None
    if verdicts.limits(best.result, standing):
        reasons.append("scope.limited")
    if problem:
        reasons.insert(0, problem)
    result = verdicts.of_subject(best.result, standing, problem=bool(problem))
    if result not in {Result.LICENSED, Result.LIMITED}:
        reasons = [reason for reason in reasons if reason not in FAVOURABLE]
    return result, tuple(reasons), siblings


def _judged(
    badge: BadgeRecord,
    result: Result,
    reasons: tuple[str, ...],
    at: datetime,
    *,
    subject: PublicSubject | None = None,
    answers: Sequence[PublishedAnswer] = (),
    record: Mapping[str, Any] | None = None,
    siblings: tuple[Sibling, ...] = (),
    reached: Reached | None = None,
    life: tuple[lookup.Life, ...] = (),
    live: bool = False,
) -> Verdict:
    """The verdict of a badge that is known: withdrawn, it proves nothing, and only says whose it was."""
    record, withdrawn = record or {}, badge.withdrawn_at is not None
    answer = answers[0] if answers else None
    if withdrawn:
        result, reasons = Result.NOT_GENUINE, ("badge.withdrawn",)
    return Verdict(
        code=badge.code,
        proof=Proof.WITHDRAWN if withdrawn else Proof.KNOWN,
        result=result,
        reasons=reasons,
        checked_at=at,
        may_recruit=bool(answer and answer.may_recruit) and result in {Result.LICENSED, Result.LIMITED},
        kind=badge.kind,
        number=badge.number,
        licence=answer.number if answer else "",
        state=answer.state if answer else "",
        since=_since(record),
        until=_until(record, subject, answers, at),
        sequence=answer.sequence if answer else 0,
        office=subject.office if subject and subject.office else next(iter(record.get("offices", ())), None),
        person=_person(subject, withdrawn=withdrawn),
        siblings=siblings,
        badge=badge,
        record=record,
        body=answer.body if answer else "",
        reached=reached,
        life=life,
        live=live and result in {Result.LICENSED, Result.LIMITED},
    )


def _person(subject: PublicSubject | None, *, withdrawn: bool) -> Mapping[str, Any] | None:
    """The person on the badge; one that was withdrawn shows no photograph to whoever holds it."""
    person = subject.person if subject else None
    return {**person, "photograph": ""} if person and withdrawn else person


def _since(record: Mapping[str, Any]) -> datetime | None:
    """Since when the licence stands as it does."""
    since = record.get("standing", {}).get("since")
    return datetime.fromisoformat(since) if since else None


def _until(
    record: Mapping[str, Any], subject: PublicSubject | None, answers: Sequence[PublishedAnswer], at: datetime
) -> datetime | None:
    """The next boundary of the licence; of an office or person, of all the licences behind it.

    Theirs is no later than tonight, when their own days may end.
    """
    boundaries = [answer.until for answer in answers if answer.until is not None]
    if subject is not None and answers:
        zone = record["authority"]["zone"]
        boundaries.append(days.end_of(days.local_day(at, zone), zone))
    return min(boundaries, default=None)
