"""Screening: whom an applicant, an officer or a holder may be, and what officers say of it (domain model 3.5).

``of`` screens an agency now: for whoever admits one. ``judge`` is an officer's word on a possible match: two confirm,
one clears with a reason, and what was cleared is not shown again. ``run_due`` screens whoever changed and whoever is
near a new bar or revocation, ``nightly`` compares everybody with the lists. Only officers of the authority read any.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from registry import marks, news, records
from registry.idempotency import Once
from registry.models import (
    Agency,
    Assessment,
    Authority,
    DeclaredLink,
    Judgement,
    ListSnapshot,
    Register,
    ScreeningDue,
    ScreeningMatch,
    ScreeningRound,
)
from registry.models import Person as PersonRow
from registry.rules import errors
from registry.rules import screening as rules
from registry.rules.four_eyes import Agreement
from registry.rules.lifecycle import Actor, C, M, Role
from registry.rules.screening import Reason, State, Verdict
from registry.screening import assessing, candidates, sides
from registry.screening.assessing import Applicant, Found, Person
from registry.screening.sides import Side

__all__ = [
    "READERS", "Applicant", "Found", "Link", "Match", "Page", "Pair", "Person", "Result", "Side", "Word", "again",
    "anew", "asks_registrar", "declare", "judge", "links_of", "match", "matches", "matches_of", "may_ask",
    "may_declare", "name_of", "nightly", "of", "of_applicant", "pairs", "reopened", "run_due", "wait_for",
]  # fmt: skip

READERS: Final = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.AUDITOR})
"""Who reads what screening finds; whoever decides on licences also says what a match is."""

_BATCH: Final = 500
_AT_ONCE: Final = 4
"""Batches that one call of ``run_due`` takes on."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one officer said of a match, when, and of which reasons: what spoke for it then may be gone since."""

    verdict: Verdict
    by: str
    at: datetime
    reason: str
    about: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A possible match as it stands: a record of an agency's, and the one it may belong to.

    ``waits`` and ``waits_by``: what one officer has said and another must say too. ``merged``: the two are one record.
    """

    id: int
    agency: str
    agency_name: str
    subject: str
    target_kind: str
    target: str
    target_name: str
    state: State
    waits: Verdict | None
    waits_by: str
    score: int
    rank: int
    reasons: tuple[Reason, ...]
    found_at: datetime
    assessed_at: datetime
    said: tuple[Word, ...]
    merged: bool

    @property
    def agreement(self) -> Agreement:
        """Who may say the next word: first whoever decides on licences, then a supervisor or the registrar."""
        said = (self.waits_by,) if self.waits is not None else ()
        return Agreement((M, C), said=said, fresh_from=0, facts={"match": self.id})

    @property
    def counts(self) -> bool:
        """Whether it speaks against the agency: neither gone nor cleared."""
        return self.score > 0 and self.state is not State.FALSE_POSITIVE


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of an agency: the worst of its matches, the highest score, whether the registrar must decide."""

    agency: str
    state: State
    score: int
    asks_registrar: bool
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some matches, the strongest first; ``next`` is where to go on."""

    data: tuple[Match, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A match with its two records side by side."""

    match: Match
    one: Side
    other: Side


@dataclass(frozen=True, slots=True)
class Link:
    """Another agency that one has something in common with; ``adverse``: revoked, barred, suspended or refused."""

    agency: str
    name: str
    adverse: bool
    score: int
    rank: int
    reasons: tuple[Reason, ...]


# --- screening


def of(number: str, *, at: datetime, why: str = "asked", by: str = "SYSTEM") -> Result:
    """Screen the agency now, in the caller's transaction, and give what is known of it."""
    return _result(number, anew(number, at=at, why=why, by=by))


@transaction.atomic(savepoint=False)
def anew(number: str, *, at: datetime, why: str, by: str = "SYSTEM") -> int:
    """Screen the agency now, in the caller's transaction; its row. What was found is ``matches_of``'s to give."""
    rows = marks.lock([number])
    if not rows:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    # A list is taken in without marks, and may have brought names and channels since.
    marks.index([number], at=at)
    assessing.screen(rows, why=why, by=by, at=at)
    return rows[0]


@transaction.atomic(durable=True)
def again(number: str, *, by: Actor, at: datetime, idempotency_key: str) -> Result:
    """Screen an agency of the officer's authority now, because the officer asks; the same key screens once."""
    once = Once(by, idempotency_key, "screen", {"agency": number}, at)
    if not may_ask(by):
        raise errors.RoleNotAllowed("this role does not ask for a screening", roles=sorted(M))
    if not Agency.objects.filter(number=number, authority__code=by.authority).exists():
        raise errors.AgencyNotFound("no agency has this number", number=number)
    if once.outcome() is not None:
        return matches_of(number, by=by)
    found = of(number, at=at, by=by.number)
    once.keep({"highest": found.score})
    return found


def may_ask(by: Actor) -> bool:
    """Whether this officer may have an agency screened."""
    return bool(by.roles & M)


def of_applicant(authority: str, asked: Applicant, *, at: datetime) -> tuple[Found, ...]:
    """Whom somebody who is no agency yet may be or come from, the strongest first; whoever asks keeps it.

    From ``ASKS_REGISTRAR`` points on the registrar decides (``registry.rules.screening``).
    """
    row = Authority.objects.filter(code=authority).first()
    if row is None:
        raise errors.AuthorityNotFound("no authority has this code", code=authority)
    return tuple(assessing.applicant(row.pk, asked, at=at))


def asks_registrar(agency: int) -> bool:
    """Whether what was found of the agency of this row, and not cleared, asks for the registrar."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKING, [agency, rules.ASKS_REGISTRAR])
        keys = [key for (key,) in cursor.fetchall()]
    # Mostly nothing is found, so the words and names of what was are read only where there is something.
    return bool(keys) and any(one.counts for one in _matches("m.id = ANY(%s)", [keys], limit=len(keys)))


def _result(number: str, agency: int) -> Result:
    found = [one for one in _matches("m.agency_id = ANY(%s)", [records.family(agency)]) if one.score]
    counting = [one for one in found if one.counts]
    highest = max((one.score for one in counting), default=0)
    state = State.CLEAR
    if counting:
        sure = any(one.state is State.CONFIRMED for one in counting)
        state = State.CONFIRMED if sure else State.POSSIBLE_MATCH
    asks = highest >= rules.ASKS_REGISTRAR or state is State.CONFIRMED
    return Result(number, state, highest, asks, tuple(found))


def run_due(*, at: datetime) -> int:
    """Screen who changed since, and who is near a new bar or revocation; how many agencies were screened.

    So many at a time: who is left waits for the next call. The first call of all only begins: ``nightly`` has
    everybody screened whom it finds without marks.
    """
    screened = 0
    for _ in range(_AT_ONCE):
        if not (due := _due(at)):
            break
        with transaction.atomic():
            assessing.screen(due, why="change", by="SYSTEM", at=at)
        screened += len(due)
    sequence = _sequence()
    last = ScreeningRound.objects.order_by("-pk").first()
    if last is not None and last.sequence == sequence:
        return screened
    near: set[int] = set()
    if last is not None:
        for authority, decided in candidates.newly_adverse(after=last.sequence).items():
            near |= candidates.near(authority, decided)
    _screen_new(sorted(near), at=at)
    lists = last.lists if last else {}
    ScreeningRound.objects.create(at=at, sequence=sequence, lists=lists, screened=screened + len(near))
    return screened + len(near)


def wait_for(person: int, *, at: datetime) -> None:
    """Have every agency wait for a screening in which this person, or somebody of their name or paper, acts."""
    row = PersonRow.objects.get(pk=person)
    told = {
        mark
        for role in ("director", "sub_agent")
        for mark in marks.of_person(row.name, row.latin_name, row.birth_date, row.document_hmac, role)
    }
    near = set(candidates.linked_with(row.authority_id, told)) if told else set()
    near |= set(row.appointments.values_list("agency_id", flat=True))
    marks.wait(sorted(near), at=at)


def nightly(*, at: datetime) -> int:
    """Make every mark again and compare every name with the barred and listed; how many agencies were screened."""
    marks.rebuild(at=at)
    last = ScreeningRound.objects.order_by("-pk").first()
    found = sorted(_named(at=at))
    _screen_new(found, at=at)
    lists = ListSnapshot.objects.filter(kind="findings").order_by("list_key", "on")
    ScreeningRound.objects.create(
        at=at,
        sequence=last.sequence if last else _sequence(),
        lists={key: on.isoformat() for key, on in lists.values_list("list_key", "on")},
        screened=len(found),
    )
    return len(found)


def _screen_new(agencies: Sequence[int], *, at: datetime) -> None:
    for start in range(0, len(agencies), _BATCH):
        with transaction.atomic():
            assessing.screen(agencies[start : start + _BATCH], why="new_target", by="SYSTEM", at=at)


def _sequence() -> int:
    return Register.objects.values_list("last_sequence", flat=True).first() or 0


def _due(at: datetime) -> list[int]:
    waiting = ScreeningDue.objects.filter(since__lte=at).order_by("since", "pk")
    return list(waiting.values_list("pk", flat=True)[:_BATCH])


def _named(*, at: datetime) -> set[int]:
    """Every agency with a name or person among the barred and listed, batch by batch."""
    found: set[int] = set()
    last = 0
    while True:
        rows = Agency.objects.filter(pk__gt=last, authority__kind="licensing").order_by("pk")
        batch = list(rows.values_list("pk", "authority_id")[:_BATCH])
        if not batch:
            return found
        groups: dict[int, list[int]] = defaultdict(list)
        for agency, authority in batch:
            groups[authority].append(agency)
        for authority, members in groups.items():
            found |= assessing.identified(authority, members, at=at)
        last = batch[-1][0]


# --- what officers say


@transaction.atomic(durable=True)
def judge(
    number: int, verdict: Verdict, *, reason: str, by: Actor, at: datetime, idempotency_key: str,
    no_conflict: bool = False,
) -> Match:  # fmt: skip
    """Say of a match that it is the same (two officers) or not the same (one, unless another confirmed it).

    Refuses without a reason, a declaration and a second factor not older than five minutes; the second word must be
    another officer's, a supervisor's or the registrar's.
    """
    once = Once(
        by, idempotency_key, "judge_match", {"match": number, "verdict": verdict, "reason": reason}, at
    )
    if once.outcome() is not None:
        return match(number, by=by).match
    held = ScreeningMatch.objects.filter(pk=number, authority__code=by.authority).first()
    if held is None:
        raise errors.MatchNotFound("there is no such match", match=number)
    Agency.objects.select_for_update(of=("self",)).get(pk=held.agency_id)  # one word at a time
    found = next(iter(_matches("m.id = %s", [number])))
    found.agreement.demand(by, at=at)
    if found.state is (State.CONFIRMED if verdict is Verdict.CONFIRM else State.FALSE_POSITIVE):
        raise errors.MatchSettled("the match is settled already", state=found.state.value)
    if not reason.strip():
        raise errors.StepIncomplete("say why", field="reason")
    if len(reason) > 4000 or "\x00" in reason:
        raise errors.BadInput("a reason has at most 4000 characters", field="reason")
    found.agreement.say(by, at=at, no_conflict=no_conflict)
    newest = Assessment.objects.filter(match=held).order_by("-pk")[0]
    Judgement.objects.create(
        match=held,
        assessment=newest,
        verdict=verdict.value,
        by=by.number,
        at=at,
        reason=reason.strip(),
        second_factor_at=by.second_factor_at,
    )
    news.put()
    once.keep({"match": number})
    return next(iter(_matches("m.id = %s", [number])))


def may_declare(by: Actor) -> bool:
    """Whether this officer may declare how two agencies are linked."""
    return bool(by.roles & M)


@transaction.atomic(durable=True)
def declare(
    number: str, other: str, kind: str, *, evidence: str, by: Actor, at: datetime, idempotency_key: str
) -> None:
    """Note that two agencies of the authority are linked by ``family`` or a main ``client``, and how that is known."""
    body = {"agency": number, "other": other, "kind": kind, "evidence": evidence}
    once = Once(by, idempotency_key, "declare_link", body, at)
    if once.outcome() is not None:
        return
    if not may_declare(by):
        raise errors.RoleNotAllowed("this role declares no links", roles=sorted(M))
    held = {
        a.number: a for a in Agency.objects.filter(number__in=[number, other], authority__code=by.authority)
    }
    if number not in held:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    if other not in held or other == number:
        raise errors.BadInput("name another agency of your authority", field="other")
    if kind not in {"family", "client"}:
        raise errors.BadInput("a link is of family or of a main client", field="kind")
    if not evidence.strip() or len(evidence) > 4000 or "\x00" in evidence:
        raise errors.BadInput("say how it is known, in at most 4000 characters", field="evidence")
    one, two = sorted((held[number], held[other]), key=lambda agency: agency.pk)
    if DeclaredLink.objects.filter(agency=one, other=two, kind=kind).exists():
        raise errors.DuplicateRecord("this link is declared already", field="other")
    DeclaredLink.objects.create(
        agency=one, other=two, kind=kind, evidence=evidence.strip(), by=by.number, at=at
    )
    assessing.screen([one.pk, two.pk], why="change", by=by.number, at=at)
    once.keep({})


# --- reading, for officers of the authority


def matches(*, by: Actor, after: str | None = None, limit: int = 50, state: State | None = None) -> Page:
    """The matches of the officer's authority in one state, those to be judged unless told, the strongest first."""
    _may_read(by)
    wanted = state or State.POSSIBLE_MATCH
    found: list[Match] = []
    rank, last = _cursor(after)
    while len(found) <= limit:
        piece = _matches(
            "u.code = %s AND a.score > 0 AND (a.rank, -m.id) < (%s, %s)",
            [by.authority, rank, -last],
            limit=limit + 1,
        )
        found += [one for one in piece if one.state is wanted]
        if len(piece) <= limit:
            break
        rank, last = piece[-1].rank, piece[-1].id
    more = f"{found[limit - 1].rank}~{found[limit - 1].id}" if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def reopened(authority: str) -> tuple[int, ...]:
    """The matches of an authority on which officers have said something and which are still to be judged; by key.

    One word that clears what is known now, or two that confirm, need no second look: the table is asked for the rest.
    """
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, [authority])
        keys = [key for (key,) in cursor.fetchall()]
    found = _matches("m.id = ANY (%s)", [keys], limit=len(keys)) if keys else []
    return tuple(one.id for one in found if one.state is State.POSSIBLE_MATCH)


def matches_of(number: str, *, by: Actor) -> Result:
    """What was found of an agency when it was last screened; nothing is screened now."""
    _may_read(by)
    agency = Agency.objects.filter(number=number, authority__code=by.authority).first()
    if agency is None:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    return _result(agency.number, agency.pk)


def match(number: int, *, by: Actor) -> Pair:
    """One match with its two records."""
    _may_read(by)
    found = _matches("m.id = %s AND u.code = %s", [number, by.authority])
    if not found:
        raise errors.MatchNotFound("there is no such match", match=number)
    one = found[0]
    return Pair(one, sides.of(one.subject, agency=one.agency), sides.of(one.target, kind=one.target_kind))


def name_of(target: str, *, kind: str) -> str:
    """The name of what a match points to: an agency or person by number, or a finding by its key."""
    return sides.of(target, kind=kind).name


def links_of(number: str, *, by: Actor, at: datetime, limit: int = 24) -> tuple[Link, ...]:
    """Which agencies of the authority this one has something in common with, the strongest first."""
    _may_read(by)
    agency = Agency.objects.filter(number=number, authority__code=by.authority).first()
    if agency is None:
        raise errors.AgencyNotFound("no agency has this number", number=number)
    linked = candidates.links([agency.pk])
    against = candidates.adverse(agency.authority_id, at=at, among={other for _, other in linked})
    found = [link for _, link in _described(linked, against)]
    return tuple(sorted(found, key=lambda link: (-link.rank, link.agency))[:limit])


def pairs(authority: str, *, at: datetime) -> list[tuple[str, Link]]:
    """Every pair of agencies of an authority that have something in common, the strongest first; each pair twice."""
    rows = Agency.objects.filter(authority__code=authority).order_by("pk")
    numbers = dict(rows.values_list("pk", "number"))
    against = candidates.adverse(rows[0].authority_id, at=at) if numbers else {}
    ids = list(numbers)
    found: list[tuple[str, Link]] = []
    for start in range(0, len(ids), _BATCH):
        linked = candidates.links(ids[start : start + _BATCH])
        found += [(numbers[one], link) for one, link in _described(linked, against)]
    return sorted(found, key=lambda pair: (-pair[1].rank, pair[0], pair[1].agency))


def _described(
    linked: Mapping[tuple[int, int], candidates.Link], against: Mapping[int, Any]
) -> list[tuple[int, Link]]:
    similar = candidates.alike(linked)
    rows = Agency.objects.filter(pk__in={other for _, other in linked})
    named = {pk: (number, name) for pk, number, name in rows.values_list("pk", "number", "legal_name")}
    found = []
    for (one, other), link in linked.items():
        codes = link.codes | ({"name.similar"} if (one, other) in similar else set())
        reasons = rules.link_reasons(codes)
        number, name = named[other]
        found.append(
            (one, Link(number, name, other in against, rules.score(reasons), rules.rank(reasons), reasons))
        )
    return found


def _may_read(by: Actor) -> None:
    if not by.authority:
        raise errors.OutsideAuthority("matches belong to one authority")
    if not by.roles & READERS:
        raise errors.RoleNotAllowed("this role does not read what screening finds", roles=sorted(READERS))


def _cursor(after: str | None) -> tuple[int, int]:
    rank, _, last = (after or "").partition("~")
    try:
        return (int(rank), int(last)) if after else (1 << 30, 0)
    except ValueError:
        raise errors.BadInput("give back the cursor as the page before gave it", field="after") from None


_JUDGED: Final = """
    SELECT j.match_id FROM registry_judgement j
    JOIN registry_screeningmatch m ON m.id = j.match_id
    JOIN registry_authority u ON u.id = m.authority_id
    JOIN LATERAL (SELECT x.id, x.score FROM registry_assessment x WHERE x.match_id = m.id ORDER BY x.id DESC LIMIT 1) a
      ON a.score > 0
    WHERE u.code = %s GROUP BY j.match_id, a.id
    HAVING NOT (count(*) = 1 AND min(j.verdict) = 'clear' AND min(j.assessment_id) = a.id)
       AND NOT (count(*) = 2 AND max(j.verdict) = 'confirm' AND min(j.verdict) = 'confirm')"""

_ASKING: Final = """
    WITH RECURSIVE family AS (
        SELECT %s::bigint AS id UNION SELECT m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
    )
    SELECT m.id FROM family f JOIN registry_screeningmatch m ON m.agency_id = f.id
    JOIN LATERAL (SELECT x.score FROM registry_assessment x WHERE x.match_id = m.id ORDER BY x.id DESC LIMIT 1) a
      ON a.score >= %s"""

_MATCHES: Final = """
    SELECT m.id, g.number, g.legal_name, m.subject, m.target_kind, m.target,
           coalesce(tg.legal_name, tp.name, tf.name, ''), m.found_at, a.score, a.rank, a.reasons::text, a.at,
           said.words, coalesce(registry_stays(tg.id) = g.id, false)
    FROM registry_screeningmatch m
    JOIN registry_authority u ON u.id = m.authority_id
    JOIN registry_agency g ON g.id = registry_stays(m.agency_id)
    JOIN LATERAL (SELECT * FROM registry_assessment x WHERE x.match_id = m.id ORDER BY x.id DESC LIMIT 1) a ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(j.verdict, j.by, j.at, j.reason, s.reasons) ORDER BY j.id)::text AS words
        FROM registry_judgement j JOIN registry_assessment s ON s.id = j.assessment_id WHERE j.match_id = m.id
    ) said ON true
    LEFT JOIN registry_agency tg ON m.target_kind = 'agency' AND tg.number = m.target
    LEFT JOIN registry_person tp ON m.target_kind = 'person' AND tp.number = m.target
    LEFT JOIN registry_finding tf ON m.target_kind = 'finding' AND tf.id::text = m.target
    WHERE {where} ORDER BY a.rank DESC, m.id LIMIT %s"""


def _matches(where: str, values: Sequence[Any], *, limit: int = 1000) -> list[Match]:
    with connection.cursor() as cursor:
        cursor.execute(_MATCHES.format(where=where), [*values, limit])
        return [_match(*row, merged=merged) for *row, merged in cursor.fetchall()]


def _match(
    key: int, agency: str, agency_name: str, subject: str, target_kind: str, target: str, target_name: str,
    found_at: datetime, score: int, rank: int, reasons: str, assessed_at: datetime, words: str | None,
    *, merged: bool,
) -> Match:  # fmt: skip
    told = _reasons(json.loads(reasons))
    said = json.loads(words or "[]")
    judged = rules.judged(
        [rules.Said(Verdict(v), by, frozenset(r["code"] for r in about)) for v, by, _, _, about in said],
        {reason.code for reason in told},
    )
    return Match(
        id=key,
        agency=agency,
        agency_name=agency_name,
        subject=subject,
        target_kind=target_kind,
        target=target,
        target_name=target_name,
        state=judged.state,
        waits=judged.waits,
        waits_by=judged.by,
        score=score,
        rank=rank,
        reasons=told,
        found_at=found_at,
        assessed_at=assessed_at,
        said=tuple(
            Word(Verdict(v), by, datetime.fromisoformat(at), why, _reasons(about))
            for v, by, at, why, about in said
        ),
        merged=merged,
    )


def _reasons(told: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(one["code"], one["points"]) for one in told)
