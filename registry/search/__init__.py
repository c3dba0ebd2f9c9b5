"""Finds licences by whatever people hold in their hands: a number, a name however spelled, a telephone, a page.

Every hit names one licence with its verdict of that instant, and says what it claims: *exact*, *strong* or *weak*. An
agency has no verdict, so one with two licences gives two hits. Whatever is indexed here is public; ``valid`` says when.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from registry.lookup import AS_RECORDED, is_given
from registry.rules import asked as asking
from registry.rules import imitation, likeness, names, numbering
from registry.rules.asked import Asked
from registry.rules.errors import CursorInvalid
from registry.rules.likeness import Claim, Match
from registry.search import candidates
from registry.search.candidates import Within

MOST: Final = 100
"""Hits on a page."""

WHY: Final = (
    "number.same", "number.look_alikes", "number.leading_zeros", "number.several",
    "name.same", "name.word_order", "name.spacing", "name.spelling", "name.by_sound", "name.part", "name.like",
    "name.legal_form_left_out", "name.legal_form_differs", "name.several",
    "phone.same", "phone.without_country", "email.same", "domain.same", "domain.above", "domain.of_email",
    "social.same", "social.handle",
    "contact.matches", "contact.does_not_match", "contact.looks_alike",
)  # fmt: skip
"""Every reason a hit may give."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One licence that may be meant. ``name`` is the name found, of kind ``kind``, or else the holder's legal name."""

    number: str
    agency: str
    name: str
    kind: str
    match: str
    why: tuple[str, ...]
    score: float
    verdict: str


class Answer(StrEnum):
    """What may be said of what was asked for, whatever the licences found are worth."""

    WARNED = "contact.warned"
    """An authority warns of a contact given; whoever else has it on record."""
    OFFICIAL = "contact.official"
    """Every contact given is on the record of one agency, which is the one named if any was."""
    THEIR_SITE = "contact.their_site"
    """The address is not on record, and is at the site of one agency that is."""
    NOT_OFFICIAL = "contact.not_official"
    """One agency is meant, and a contact given is not on its record."""
    IMITATION = "contact.imitation"
    """The contact looks like one of an agency, and is another."""
    OF_ANOTHER = "contact.of_another"
    """The contact is on the record of an agency of another name than the one given."""
    FOUND = "found.one"
    SIMILAR = "found.similar"
    NOT_FOUND = "found.nothing"


@dataclass(frozen=True, slots=True)
class Warned:
    """An alert that may be meant (``alerts``): the name or contact found in it, and what is claimed of that.

    ``by_contact``: it warns of a contact that was given, however it was found.
    """

    number: str
    kind: str
    text: str
    match: str
    why: tuple[str, ...]
    by_contact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a page in order; ``next`` is where to go on, or nothing.

    ``agencies``: the numbers of those that the answer is about: one, unless several are imitated; none where it names
    nobody. ``contacts``: the contacts that were judged, as typed. ``alerts``: what authorities warn of, by a contact
    given first; an alert of a clone says nothing against the agency that is cloned.
    """

    data: tuple[Hit, ...]
    next: str | None
    answer: Answer
    agencies: tuple[str, ...]
    contacts: tuple[str, ...]
    alerts: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    row: int
    subject: str
    licence: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row with what it claims; ``rank`` orders, ``claim`` is what is said."""

    row: _Row
    rank: float
    claim: Claim
    reaches: tuple[tuple[Claim, str], ...] = ()
    """By which of the contacts, as typed, and how surely."""


def find(
    q: str,
    *,
    contact: str = "",
    limit: int,
    after: str | None,
    at: datetime,
    authority: str | None = None,
    country: str | None = None,
) -> Found:
    """The licences that ``q`` may mean, the likeliest first; nothing when it means none; and what may be said of it.

    ``contact`` is a phone, page or e-mail address that came with the name: it must be theirs; one that cannot be read
    is refused. ``authority`` is an authority's code and ``country`` the country of its register. ``after`` is a page's
    ``next``.
    """
    limit = max(1, min(limit, MOST))
    start = _cursor(after)
    asked = asking.read(q, contact)
    within = Within(at, _plain(authority), _plain(country))
    with _by_index_alone():
        numbered, everybody = _by_number_and_contact(asked, within)
        reached, warned = _apart(everybody)
        named = []
        if not (asked.mistyped or asked.ours or (asked.number_like and numbered)):
            named = _by_name(asked, within)
        named, warned_by_name = _apart(named)
        alerts = _warned(warned, warned_by_name)
        if any(alert.by_contact for alert in alerts):
            writings = (writing for one in filter(_warns_of, warned) for _, writing in one.reaches)
            verdict = Judgement(Answer.WARNED, (), tuple(dict.fromkeys(writings)))
        else:
            verdict = judge(asked, [*numbered, *named], reached, lambda: _imitated(asked, reached, within))
        if asked.beside:
            numbered = _against_contacts(asked, numbered, reached)
        named = _against_contacts(asked, named, reached)
        found = [*numbered, *reached, *named, *verdict.imitated]
        hits = _hits(found, within)
        verdict = _public(verdict, hits)
    if start:
        hits = [hit for hit in hits if (-hit[0], hit[1].number) > start]
    page = hits[:limit]
    more = f"{page[-1][0]:.6f}~{page[-1][1].number}" if len(hits) > limit else None
    return Found(
        tuple(hit for _, hit in page), more, verdict.answer, verdict.agencies, verdict.contacts, alerts
    )


def _apart(found: list[_Candidate]) -> tuple[list[_Candidate], list[_Candidate]]:
    """What may be an agency, and what may be an alert."""
    alerts = [one for one in found if numbering.is_alert(one.row.subject)]
    return [one for one in found if not numbering.is_alert(one.row.subject)], alerts


LIKE_ENOUGH: Final = 0.8
"""How alike a name must be for an alert of it to be shown to whoever asked for another."""


def _warned(reached: list[_Candidate], named: list[_Candidate]) -> tuple[Warned, ...]:
    """The alerts that may be meant, each once: by a contact, by the name, by a name much like it."""
    sure = [one for one in named if one.claim.match is not Match.WEAK]
    alike = [one for one in named if one.claim.match is Match.WEAK and one.claim.score >= LIKE_ENOUGH]
    best: dict[str, Warned] = {}
    for place, found in enumerate((list(filter(_warns_of, reached)), sure, alike)):
        for one in sorted(found, key=_order):
            row, claim = one.row, one.claim
            told = Warned(
                row.subject, row.kind, row.text, claim.match.value, claim.why, by_contact=place == 0
            )
            best.setdefault(row.subject, told)
    return tuple(best.values())[:_MOST_ALERTS]


def _warns_of(reached: _Candidate) -> bool:
    """Whether an alert is of a contact asked for, or of the whole site at which it is."""
    return reached.row.kind == "domain" or any(c.match is not Match.WEAK for c, _ in reached.reaches)


_MOST_ALERTS: Final = 10
"""Alerts in one answer."""


@contextmanager
def _by_index_alone() -> Iterator[None]:
    """Forbid reading whole tables: the planner thinks that comparing arrays costs nothing, and errs a hundredfold.

    For the same reason it takes these readings to be worth a second process, whose start alone takes ten times as long.
    """
    inside = connection.in_atomic_block
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off; SET LOCAL max_parallel_workers_per_gather TO 0")
        yield
        if inside:
            cursor.execute(
                "SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
            )


def _plain(text: str | None) -> str | None:
    """A filter as the database can take it: PostgreSQL has no text with a NUL."""
    return None if text is None else text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _cursor(after: str | None) -> tuple[float, str] | None:
    if not after:
        return None
    rank, sign, number = after.partition("~")
    try:
        return (-float(rank), number) if sign else _refuse_cursor()
    except ValueError:
        return _refuse_cursor()


def _refuse_cursor() -> tuple[float, str]:
    raise CursorInvalid("Give back the cursor as the page before gave it.", field="after")


# Numbers and contacts

_BY_KEY: Final = """
    WITH found AS MATERIALIZED (
        SELECT id, subject, licence, kind, text FROM registry_searchname
        WHERE keys && %s::int[] AND kind = ANY(%s) AND {within}
    ) SELECT id, subject, licence, kind, text FROM found ORDER BY id LIMIT 500"""
"""First those with a key, then in order: thousands of keys seem to be in every row, to be met by walking in order."""

_BY_OUR_NUMBER: Final = f"""
    SELECT agency_number, number FROM registry_publishedrecord
    WHERE (number = %s OR agency_number = %s) AND span @> {AS_RECORDED.format("%s")} ORDER BY number LIMIT 500"""  # noqa: S608 - ours

_LOOK_UPS: Final = ("number.same", "number.look_alikes", "number.leading_zeros")


def _by_number_and_contact(asked: Asked, within: Within) -> tuple[list[_Candidate], list[_Candidate]]:
    """What has the number asked for, and whom the contacts reach."""
    numbered = _ours(asked, within)
    known = bool(numbered) or bool(asked.ours and is_given(asked.ours))
    keys = [] if known else asking.number_keys(asked.numbers)
    keys += [contact.key for contact in asked.contacts]
    if not keys:
        return numbered, []
    rows = _with_keys(keys, within)
    return numbered or _numbered(asked, [row for row in rows if row.kind == "number"]), [
        *_reached(asked, [row for row in rows if not numbering.is_alert(row.subject)]),
        *_reached(asked, [row for row in rows if numbering.is_alert(row.subject)]),
    ]


def _with_keys(keys: list[int], within: Within) -> list[_Row]:
    clause, values = within.clause()
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY.format(within=clause), [keys, list(_KINDS[:5]), *values])
        return [_Row(*row) for row in cursor.fetchall()]


def _ours(asked: Asked, within: Within) -> list[_Candidate]:
    """The licence of this number, or all those of the agency of this number."""
    if not asked.ours:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_BY_OUR_NUMBER, [asked.ours, asked.ours, within.at])
        rows = [_Row(0, agency, number, "number", number) for agency, number in cursor.fetchall()]
    claim = Claim(Match.EXACT, 1.0, (_LOOK_UPS[0],))
    return [_Candidate(row, 2 + claim.score, claim) for row in rows]


def _numbered(asked: Asked, rows: list[_Row]) -> list[_Candidate]:
    """The rows with that number, at the strictest of the three look-ups that finds any."""
    for step, why in enumerate(_LOOK_UPS):
        same = [row for row in rows if asking.number_agrees(asked.typed, row.text, step)]
        if not same:
            continue
        several = len({row.licence or row.subject for row in same}) > 1
        claim = Claim((Match.EXACT, Match.STRONG, Match.STRONG)[step], (1.0, 0.97, 0.95)[step], (why,))
        if several and step:
            claim = Claim(Match.WEAK, 0.8, (why, "number.several"))
        return [_Candidate(row, 2 + claim.score, claim) for row in same]
    return []


def _reached(asked: Asked, rows: list[_Row]) -> list[_Candidate]:
    """The rows with one of the contacts asked for."""
    found = []
    for row in rows:
        claims = [
            (_contact_claim(contact, row), contact.writing)
            for contact in asked.contacts
            if asking.held_matches(contact, row.kind, row.text)
        ]
        if claims:
            claim = max(claims, key=lambda one: one[0].score)[0]
            found.append(_Candidate(row, 1 + claim.score, claim, tuple(claims)))
    unsure = {candidate.row.subject for candidate in found if candidate.claim.match is Match.STRONG}
    if len(unsure) < 2:
        return found
    return [
        replace(candidate, claim=replace(candidate.claim, match=Match.WEAK))
        if candidate.claim.match is Match.STRONG
        else candidate
        for candidate in found
    ]


_UNSURE: Final = {
    "local": Claim(Match.STRONG, 0.93, ("phone.without_country",)),
    "handle": Claim(Match.STRONG, 0.9, ("social.handle",)),
    "phone": Claim(Match.STRONG, 0.95, ("phone.same",)),
}
"""What a contact claims where a country or a site was left open."""
_AT_THEIR_SITE: Final = Claim(Match.WEAK, 0.7, ("domain.of_email",))


def _contact_claim(contact: asking.Contact, row: _Row) -> Claim:
    if not contact.sure and contact.kind in _UNSURE:
        return _UNSURE[contact.kind]
    if contact.kind in {"domain", "above"} and (row.kind == "email" or not contact.sure):
        return _AT_THEIR_SITE
    return Claim(Match.EXACT, 1.0, ("domain.above" if contact.kind == "above" else f"{contact.kind}.same",))


# Names

_DETAILS: Final = "SELECT id, subject, licence, kind, text FROM registry_searchname WHERE id = ANY(%s)"


def _by_name(asked: Asked, within: Within) -> list[_Candidate]:
    """The rows whose name is like the one asked for, each with its claim; of *X t/a Y*, like either."""
    parts = [names.fold(part) for part in names.trading_parts(asked.name)[:_MOST_PARTS]]
    ranked: dict[int, float] = {}
    known: set[str] = set()
    for part in parts:
        answers = candidates.named(part, within, exact_digits=asked.number_like)
        known |= answers.known
        for found in answers.found:
            ranked[found.row] = max(ranked.get(found.row, 0.0), found.rank)
    if not ranked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DETAILS, [list(ranked)])
        rows = [_Row(*row) for row in cursor.fetchall()]
    held = {row.row: names.fold(row.text) for row in rows}
    if len(parts) > 1:
        claimed = _claimed_by_parts(parts, rows, held, known)
    else:
        claimed = [
            _Candidate(row, ranked[row.row], likeness.claim(parts[0], held[row.row], known)) for row in rows
        ]
    agencies, alerts = _apart(claimed)
    return [*_without_doubt(agencies), *_without_doubt(alerts)]


_MOST_PARTS: Final = 3
"""Names in one query (``X t/a Y t/a Z``) that are looked for."""


def _claimed_by_parts(
    parts: list[names.Folded], rows: list[_Row], held: dict[int, names.Folded], known: set[str]
) -> list[_Candidate]:
    """Who asks for *X t/a Y* means one agency with both names: the claim is that of the worse of its two."""
    by_subject: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_subject[row.subject].append(row)
    found = []
    for mine in by_subject.values():
        best = [
            max(
                ((likeness.claim(part, held[row.row], known), row) for row in mine),
                key=lambda one: one[0].score,
            )
            for part in parts
        ]
        claim = min((claim for claim, _ in best), key=lambda claim: claim.score)
        _, row = max(best, key=lambda one: one[0].score)
        found.append(_Candidate(row, sum(claim.score for claim, _ in best) / len(best), claim))
    return found


def _without_doubt(found: list[_Candidate]) -> list[_Candidate]:
    """A strong claim stands only where nobody else's name is as near: two such names, and neither is claimed."""
    best: dict[str, float] = {}
    for candidate in found:
        subject = candidate.row.subject
        best[subject] = max(best.get(subject, 0.0), candidate.claim.score)
    first, second = heapq.nlargest(2, [*best.values(), 0.0, 0.0])

    def doubtful(candidate: _Candidate) -> bool:
        return candidate.claim.match is Match.STRONG and not candidate.claim.score == first > second + _AHEAD

    return [
        replace(candidate, claim=_weakened(candidate.claim, "name.several"))
        if doubtful(candidate)
        else candidate
        for candidate in found
    ]


def _weakened(claim: Claim, why: str) -> Claim:
    return replace(claim, match=Match.WEAK, why=(*claim.why, why))


_AHEAD: Final = 0.03
"""How far the nearest other name must stay behind a strong claim."""


def _against_contacts(asked: Asked, found: list[_Candidate], reached: list[_Candidate]) -> list[_Candidate]:
    """Names asked for together with a contact: one that is not on record there takes the claim away."""
    if not any(contact.given for contact in asked.contacts):
        return found
    theirs = {candidate.row.subject for candidate in reached}
    return [
        replace(
            candidate,
            rank=candidate.rank + 1,
            claim=replace(candidate.claim, why=(*candidate.claim.why, "contact.matches")),
        )
        if candidate.row.subject in theirs
        else replace(candidate, claim=_weakened(candidate.claim, "contact.does_not_match"))
        for candidate in found
    ]


# The answer


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be said, of which agencies, and by which of the contacts given; with whom these imitate."""

    answer: Answer
    agencies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    imitated: list[_Candidate] = field(default_factory=list)


def judge(
    asked: Asked, named: list[_Candidate], reached: list[_Candidate], imitated: Callable[[], list[_Candidate]]
) -> Judgement:
    """What the register says to whoever asks whether this is really them.

    ``named``: whose number or name was asked for; ``reached``: on whose record a contact is; ``imitated`` finds, if
    asked, whom those that are on nobody's look like. Nobody is picked among several.
    """
    known = {one.row.subject for one in named if one.claim.match is not Match.WEAK}
    surely, somehow = _reach(reached)
    given = list(dict.fromkeys(c.writing for c in asked.contacts if c.given or asked.bare))
    if asked.bare and not asked.beside and known and not surely:
        given = [c.writing for c in asked.contacts if c.given and c.sure]
    if not given:
        return _by_name_alone(known, named)
    contacts = tuple(given)
    if known:
        return _of_the_named(known, contacts, surely, somehow)
    theirs = [who for who, writings in surely.items() if writings >= set(given)]
    if len(theirs) == 1:
        called = asked.bare or any(candidate.row.subject == theirs[0] for candidate in named)
        return Judgement(Answer.OFFICIAL if called else Answer.OF_ANOTHER, tuple(theirs), contacts)
    if theirs:
        return Judgement(Answer.SIMILAR, (), contacts)
    return _of_nobody(contacts, surely, somehow, [*named, *reached], imitated)


def _of_the_named(
    known: set[str],
    contacts: tuple[str, ...],
    surely: Mapping[str, set[str]],
    somehow: Mapping[str, set[str]],
) -> Judgement:
    """One agency has the name or number; of several of one name a contact tells which, or nothing does."""
    theirs = [who for who in known if surely.get(who, set()) >= set(contacts)]
    if len(theirs) == 1:
        return Judgement(Answer.OFFICIAL, tuple(theirs), contacts)
    if len(known) > 1:
        return Judgement(Answer.SIMILAR, (), contacts)
    (one,) = known
    at_site = somehow.get(one, set()) >= set(contacts)
    return Judgement(Answer.THEIR_SITE if at_site else Answer.NOT_OFFICIAL, (one,), contacts)


def _of_nobody(
    contacts: tuple[str, ...], surely: Mapping[str, set[str]], somehow: Mapping[str, set[str]],
    found: list[_Candidate], imitated: Callable[[], list[_Candidate]],
) -> Judgement:  # fmt: skip
    """No agency is known by its name, and none has all of these contacts."""
    if len(surely) == 1:
        return Judgement(Answer.NOT_OFFICIAL, tuple(surely), contacts)
    at_site = [who for who, writings in somehow.items() if writings >= set(contacts)]
    if len(at_site) == 1:
        return Judgement(Answer.THEIR_SITE, tuple(at_site), contacts)
    if surely or at_site:
        return Judgement(Answer.SIMILAR, (), contacts)
    if alike := imitated():
        whom = tuple(dict.fromkeys(candidate.row.subject for candidate in alike))
        return Judgement(Answer.IMITATION, whom, contacts, alike)
    return Judgement(Answer.SIMILAR if found else Answer.NOT_FOUND, (), contacts)


def _public(verdict: Judgement, hits: list[tuple[float, Hit]]) -> Judgement:
    """The judgement of those who have a public licence: of others nothing is said."""
    shown = {hit.agency for _, hit in hits}
    left = tuple(number for number in verdict.agencies if number in shown)
    if verdict.answer is Answer.WARNED or (
        left == verdict.agencies and (hits or verdict.answer is Answer.NOT_FOUND)
    ):
        return verdict
    if left:
        return replace(verdict, agencies=left)
    return Judgement(Answer.SIMILAR if hits else Answer.NOT_FOUND, (), verdict.contacts)


def _by_name_alone(known: set[str], named: list[_Candidate]) -> Judgement:
    if len(known) == 1:
        return Judgement(Answer.FOUND, tuple(known))
    return Judgement(Answer.SIMILAR if named else Answer.NOT_FOUND)


def _reach(reached: list[_Candidate]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By which writings each agency is reached: surely, and at least by an address at a site of its own.

    That an address on record has the same host says nothing: many may have theirs there.
    """
    surely, somehow = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for candidate in reached:
        for claim, writing in candidate.reaches:
            if claim.match is not Match.WEAK and candidate.claim.match is not Match.WEAK:
                surely[candidate.row.subject].add(writing)
            if claim.match is not Match.WEAK or candidate.row.kind == "domain":
                somehow[candidate.row.subject].add(writing)
    return surely, somehow


def _imitated(asked: Asked, reached: list[_Candidate], within: Within) -> list[_Candidate]:
    """Whom the contacts that are on nobody's record look like."""
    met = {writing for candidate in reached for _, writing in candidate.reaches}
    strange = [one for one in asked.contacts if one.writing not in met and (one.given or asked.bare)][
        :_MOST_STRANGE
    ]
    wanted = {one: imitation.models(one) for one in strange}
    keys = sorted({model.key for models in wanted.values() for model in models})
    if not keys:
        return []
    claim = Claim(Match.WEAK, 0.6, ("contact.looks_alike",))
    return [
        _Candidate(row, 1 + claim.score, claim)
        for row in _with_keys(keys, within)
        if not numbering.is_alert(row.subject)
        and any(imitation.imitates(one, row.kind, row.text) for one in strange)
    ][:_MOST_IMITATED]


_MOST_STRANGE: Final = 2
"""Readings of contacts whose models are looked for; each has some thousands."""
_MOST_IMITATED: Final = 10
"""Records that one contact may be said to look like."""


# Hits

_LICENCES: Final = f"""
    SELECT agency_number, number, result FROM registry_publishedrecord
    WHERE agency_number = ANY(%s) AND span @> {AS_RECORDED.format("%s")}"""  # noqa: S608 - ours

_HOLDERS: Final = """
    SELECT DISTINCT ON (subject) subject, text FROM registry_searchname
    WHERE subject = ANY(%s) AND kind = 'legal' AND valid @> %s::timestamptz ORDER BY subject, id"""

_KINDS: Final = ("number", "phone", "email", "domain", "social", "legal", "latin", "trading", "alias")


def _hits(found: list[_Candidate], within: Within) -> list[tuple[float, Hit]]:
    """One hit a licence, in order, with the verdict of the instant; what is not public then is not a hit."""
    if not found:
        return []
    subjects = sorted({candidate.row.subject for candidate in found})
    with connection.cursor() as cursor:
        cursor.execute(_LICENCES, [subjects, within.at])
        licences: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for subject, number, result in cursor.fetchall():
            licences[subject].append((number, result))
        unnamed = {candidate.row.subject for candidate in found if candidate.row.kind in _KINDS[:5]}
        holders: dict[str, str] = {}
        if unnamed:
            cursor.execute(_HOLDERS, [sorted(unnamed), within.at])
            holders = dict(cursor.fetchall())
    best: dict[str, tuple[float, Hit]] = {}
    for candidate in sorted(found, key=_order):
        row, claim = candidate.row, candidate.claim
        name = holders.get(row.subject, "") if row.subject in unnamed and row.kind in _KINDS[:5] else row.text
        for number, result in licences[row.subject]:
            if row.licence in {"", number}:
                hit = Hit(
                    number, row.subject, name, row.kind, claim.match.value, claim.why, claim.score, result
                )
                best.setdefault(number, (round(candidate.rank, 6), hit))
    return sorted(best.values(), key=lambda hit: (-hit[0], hit[1].number))


def _order(candidate: _Candidate) -> tuple[float, int, int]:
    return -candidate.rank, _KINDS.index(candidate.row.kind), candidate.row.row
