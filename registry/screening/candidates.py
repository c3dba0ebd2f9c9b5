"""Which records may belong together: set-based readings for any number of agencies at once, each by an index.

Nothing here compares all pairs. Agencies are linked by equal marks, unless too many share one; names are compared only
where they share a word, a sound or a whole that is rare among those compared with.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from registry.rules import days, names
from registry.rules import screening as rules
from registry.rules.screening import Known

ADVERSE: Final = (
    "revoke", "void", "debar", "suspend_preventive", "suspend_emergency", "suspend_disciplinary", "refuse_renewal",
    "refuse",
)  # fmt: skip
"""Entries that make an agency one that others are compared with, while nothing has undone them."""

_FOR_EVER: Final = frozenset({"revoke", "void", "debar"})
_COMMON: Final = 40
"""A key that more of those compared with have says nothing by itself."""


@dataclass(slots=True)
class Link:
    """What one agency has in common with another: codes of reasons, and of which records on either side."""

    agency: int
    other: int
    codes: set[str] = field(default_factory=set)
    subjects: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, code: str, one: str, other: str) -> None:
        """Note a reason, and the records that it is found in."""
        self.codes.add(code)
        self.subjects.setdefault(code, (one, other))


_LINKED: Final = """
    SELECT DISTINCT m.agency_id, o.agency_id, m.kind, m.subject, o.subject, m.role, o.role
    FROM registry_screenmark m
    CROSS JOIN LATERAL (
        SELECT x.agency_id, x.subject, x.role FROM registry_screenmark x
        WHERE x.authority_id = m.authority_id AND x.kind = m.kind AND x.value = m.value LIMIT %s
    ) o
    WHERE m.agency_id = ANY(%s) AND o.agency_id <> m.agency_id
      AND (SELECT count(*) FROM (SELECT FROM registry_screenmark x WHERE x.authority_id = m.authority_id
           AND x.kind = m.kind AND x.value = m.value LIMIT %s) few) < %s"""

_WITH: Final = """
    SELECT DISTINCT o.agency_id, m.kind, m.role, o.role
    FROM unnest(%s::text[], %s::text[], %s::text[]) m (kind, value, role)
    JOIN registry_screenmark o ON o.authority_id = %s AND o.kind = m.kind AND o.value = m.value
    WHERE (SELECT count(*) FROM (SELECT FROM registry_screenmark x WHERE x.authority_id = %s
           AND x.kind = m.kind AND x.value = m.value LIMIT %s) few) < %s"""


def linked_with(authority: int, marks: Collection[tuple[str, str, str]]) -> dict[int, set[str]]:
    """What somebody with these marks (kind, value, role), who is no agency yet, has in common with which agencies."""
    most = rules.MOST_SHARING * 2
    columns = [list(column) for column in zip(*marks, strict=True)] or [[], [], []]
    found: dict[int, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_WITH, [*columns, authority, authority, most, most])
        for agency, kind, role, theirs in cursor.fetchall():
            found[agency].add(_reason(kind, role, theirs))
    return found


def _reason(kind: str, role: str, theirs: str) -> str:
    return _PLAIN.get(kind) or ("officer.same" if role == theirs == "officer" else "staff.moved")


_DECLARED: Final = """
    SELECT a, b, kind, x.number, y.number FROM (
        SELECT registry_stays(agency_id) a, registry_stays(other_id) b, kind FROM registry_declaredlink
        WHERE registry_stays(agency_id) = ANY(%s)
        UNION SELECT registry_stays(other_id), registry_stays(agency_id), kind FROM registry_declaredlink
        WHERE registry_stays(other_id) = ANY(%s)
    ) d JOIN registry_agency x ON x.id = a JOIN registry_agency y ON y.id = b WHERE a <> b"""

_PLAIN: Final = {
    "company": "company.same", "phone": "phone.same", "email": "email.same", "domain": "domain.same",
    "social": "social.same", "address": "address.same", "bank": "bank.same", "owner": "owner.same_name",
    "family": "family.declared", "client": "client.same",
}  # fmt: skip


def links(agencies: Collection[int]) -> dict[tuple[int, int], Link]:
    """Everything but names that these agencies have in common with others of their authority, by both ids."""
    most = rules.MOST_SHARING * 2
    found: dict[tuple[int, int], Link] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LINKED, [most, list(agencies), most, most])
        marks = cursor.fetchall()
        cursor.execute(_DECLARED, [list(agencies)] * 2)
        declared = cursor.fetchall()
    for one, other, kind, subject, theirs, role, their_role in marks:
        code = _reason(kind, role, their_role)
        found.setdefault((one, other), Link(one, other)).add(code, subject, theirs)
    for one, other, kind, subject, theirs in declared:
        found.setdefault((one, other), Link(one, other)).add(_PLAIN[kind], subject, theirs)
    return found


# --- those that others are compared with


_ADVERSE: Final = """
    SELECT registry_stays(e.agency_id), e.action, e.effective_from FROM registry_entry e
    WHERE e.action = ANY(%s) AND e.agency_id IS NOT NULL {narrowed}
      AND (e.action = ANY(%s) OR e.effective_from > %s)
      AND NOT EXISTS (SELECT FROM registry_entry u WHERE u.refers_to_id = e.id
                      AND u.action IN ('set_aside', 'lift', 'correct'))"""


_AMONG: Final = """AND e.agency_id IN (
        SELECT unnest(%s::bigint[])
        UNION SELECT merged_id FROM registry_merger WHERE registry_stays(merged_id) = ANY(%s))"""


def adverse(
    authority: int, *, at: datetime, among: Collection[int] | None = None
) -> dict[int, list[tuple[str, datetime]]]:
    """The agencies of an authority that are or were revoked, barred, suspended or refused: what, and from when.

    ``among``: of these agencies alone, which is quick where they are few.
    """
    since = days.add_months(at.date(), -12 * rules.YEARS_BACK)
    found: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    which: list[Any] = [authority]
    narrowed = ""
    if among is not None:
        narrowed, which = _AMONG, [authority, list(among), list(among)]
    with connection.cursor() as cursor:
        cursor.execute(
            _ADVERSE.format(narrowed=f"AND e.authority_id = %s {narrowed}"),
            [list(ADVERSE), *which, sorted(_FOR_EVER), since],
        )
        for agency, action, begins in cursor.fetchall():
            found[agency].append((action, begins))
    return found


_NEW: Final = """
    SELECT DISTINCT e.authority_id, registry_stays(e.agency_id), e.action FROM registry_registercommit c
    JOIN registry_entry e ON e.commit_id = c.id
    WHERE c.count > 0 AND c.base >= %s AND e.action = ANY(%s) AND e.agency_id IS NOT NULL"""


def newly_adverse(*, after: int) -> dict[int, dict[int, set[str]]]:
    """What was decided on which agencies behind a sequence number, by authority."""
    found: dict[int, dict[int, set[str]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_NEW, [after, [*ADVERSE, "set_aside", "lift", "correct"]])
        for authority, agency, action in cursor.fetchall():
            found[authority].setdefault(agency, set()).add(action)
    return found


_NAMESAKES: Final = """
    SELECT DISTINCT o.id FROM registry_searchname n JOIN registry_agency o ON o.number = n.subject
    WHERE o.authority_id = %s AND n.keys && %s::int[]"""


def near(authority: int, agencies: Collection[int]) -> set[int]:
    """Who is linked with one of these agencies, or has the same name."""
    found = {other for _, other in links(agencies)}
    wholes = {names.whole_key(name.words) for held in folded(agencies).values() for name in held}
    with connection.cursor() as cursor:
        cursor.execute(_NAMESAKES, [authority, sorted(wholes)])
        return found | {agency for (agency,) in cursor.fetchall()} | set(agencies)


_BEGAN: Final = """
    SELECT a.id, coalesce(a.incorporated_on, (
        SELECT min(e.decided_at)::date FROM registry_entry e WHERE e.agency_id = a.id AND e.action = 'register_agency'
    )) FROM registry_agency a WHERE a.id = ANY(%s)"""


def began(agencies: Collection[int]) -> dict[int, date | None]:
    """When each company was founded, or else entered into the register."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGAN, [list(agencies)])
        return dict(cursor.fetchall())


_NAMES: Final = """
    SELECT a.id, n.text FROM registry_searchname n JOIN registry_agency a ON a.number = n.subject
    WHERE a.id = ANY(%s) AND n.kind = ANY('{legal,latin,trading,alias}')"""

_SHARED_KEYS: Final = """
    WITH mine AS (SELECT DISTINCT a.id, unnest(n.keys) AS key FROM registry_searchname n
                  JOIN registry_agency a ON a.number = n.subject
                  WHERE a.id = ANY(%(mine)s) AND n.kind = ANY('{legal,latin,trading,alias}')),
    theirs AS (SELECT DISTINCT a.id, unnest(n.keys) AS key FROM registry_searchname n
               JOIN registry_agency a ON a.number = n.subject
               WHERE a.id = ANY(%(theirs)s) AND n.kind = ANY('{legal,latin,trading,alias}')),
    telling AS (SELECT key FROM theirs GROUP BY key HAVING count(*) <= %(common)s)
    SELECT DISTINCT m.id, t.id FROM mine m JOIN theirs t USING (key) JOIN telling USING (key) WHERE m.id <> t.id"""


def similar(mine: Collection[int], theirs: Collection[int]) -> dict[tuple[int, int], bool]:
    """Pairs of agencies with similar names; whether the names are the same."""
    if not mine or not theirs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SHARED_KEYS, {"mine": list(mine), "theirs": list(theirs), "common": _COMMON})
        pairs = cursor.fetchall()
    return alike(pairs)


def alike(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Of these pairs of agencies those with similar names; whether the names are the same."""
    pairs = list(pairs)
    held = folded({agency for pair in pairs for agency in pair})
    found = {}
    for one, other in pairs:
        compared = [(a, b) for a in held.get(one, ()) for b in held.get(other, ())]
        if any(rules.names_are_similar(a, b) for a, b in compared):
            found[one, other] = any(rules.names_are_same(a, b) for a, b in compared)
    return found


def folded(agencies: Collection[int]) -> Mapping[int, list[names.Folded]]:
    """The names of these agencies as they are compared."""
    found: dict[int, list[names.Folded]] = defaultdict(list)
    if agencies:
        with connection.cursor() as cursor:
            cursor.execute(_NAMES, [list(agencies)])
            for agency, text in cursor.fetchall():
                found[agency].append(names.fold(text))
    return found


# --- persons, and names on outside lists


@dataclass(frozen=True, slots=True)
class Subject:
    """An agency or one of its people, to be compared with those barred and listed."""

    agency: int
    number: str
    known: tuple[Known, ...]


_PEOPLE: Final = """
    SELECT DISTINCT t.agency_id, p.number, p.name, p.latin_name, p.birth_date, p.nationality, p.document_hmac
    FROM registry_appointment t JOIN registry_person p ON p.id = t.person_id
    WHERE t.agency_id = ANY(%s) AND (t.last_day IS NULL OR t.last_day >= %s)"""

_AGENCIES: Final = """
    WITH RECURSIVE family AS (
        SELECT a.id AS stays, a.id, a.number FROM registry_agency a WHERE a.id = ANY(%s)
        AND NOT EXISTS (SELECT FROM registry_merger m WHERE m.merged_id = a.id)
        UNION ALL SELECT f.stays, m.merged_id, f.number FROM registry_merger m JOIN family f ON m.into_id = f.id
    )
    SELECT f.stays, f.number, a.legal_name, a.latin_name, a.country FROM family f
    JOIN registry_agency a ON a.id = f.id"""


def subjects(agencies: Collection[int], *, on: date) -> list[Subject]:
    """The agencies and who acts for them."""
    with connection.cursor() as cursor:
        cursor.execute(_AGENCIES, [list(agencies)])
        found = [
            Subject(agency, number, known_as(name, latin, country=country, company=True))
            for agency, number, name, latin, country in cursor.fetchall()
        ]
        cursor.execute(_PEOPLE, [list(agencies), on])
        for agency, number, name, latin, born, country, document in cursor.fetchall():
            known = known_as(name, latin, born=born, country=country, document=document, number=number)
            found.append(Subject(agency, number, known))
    return found


def known_as(*texts: str, **more: Any) -> tuple[Known, ...]:
    """Somebody under each of their names; names joined in one text are taken apart."""
    parts = {part for text in texts if text for part in names.trading_parts(text)}
    return tuple(Known(names.fold(part), **more) for part in sorted(parts))


@dataclass(frozen=True, slots=True)
class Target:
    """A person barred or a name on an outside list."""

    kind: str
    ref: str
    known: tuple[Known, ...]


_BARRED: Final = """
    SELECT DISTINCT p.number, p.name, p.latin_name, p.birth_date, p.nationality, p.document_hmac
    FROM registry_debarment d JOIN registry_person p ON p.id = d.person_id
    WHERE d.authority_id = %s AND (d.last_day IS NULL OR d.last_day >= %s)"""

_FINDINGS: Final = """
    SELECT f.id, f.name, f.other_names, f.country FROM registry_finding f
    WHERE (f.last_day IS NULL OR f.open_ended OR f.last_day >= %s) {narrowed}"""


def barred(authority: int, *, on: date) -> list[Target]:
    """The persons whom the authority bars."""
    with connection.cursor() as cursor:
        cursor.execute(_BARRED, [authority, on])
        return [
            Target(
                "person",
                number,
                known_as(name, latin, born=born, country=country, document=document, number=number),
            )
            for number, name, latin, born, country, document in cursor.fetchall()
        ]


def findings(keys: Iterable[int], *, on: date) -> list[Target]:
    """The outside findings against names that have one of these keys, while they last."""
    with connection.cursor() as cursor:
        cursor.execute(_FINDINGS.format(narrowed="AND f.keys && %s::int[]"), [on, sorted(set(keys))])
        return [_finding(*row) for row in cursor.fetchall()]


def findings_of(lists: Sequence[str], *, on: date) -> list[Target]:
    """All findings of these lists, while they last."""
    with connection.cursor() as cursor:
        cursor.execute(_FINDINGS.format(narrowed="AND f.list_key = ANY(%s)"), [on, list(lists)])
        return [_finding(*row) for row in cursor.fetchall()]


def _finding(row: int, name: str, others: Sequence[str], country: str) -> Target:
    return Target("finding", str(row), known_as(name, *others, country=country))


def keys(known: Iterable[Known]) -> set[int]:
    """The keys by which names are found."""
    return {key for one in known for key in names.keys(one.name)}


def same(subjects_: Sequence[Subject], targets: Sequence[Target]) -> list[tuple[Subject, Target, Any]]:
    """Subjects and targets that may be one, with the reasons; compared where they share a telling key or a paper."""
    held: dict[Any, set[int]] = defaultdict(set)
    for place, target in enumerate(targets):
        for key in _blocking(target.known):
            held[key].add(place)
    found = []
    for subject in subjects_:
        mine = _blocking(subject.known)
        near = {place for key in mine for place in held.get(key, ()) if len(held[key]) <= _COMMON}
        for one in subject.known:  # a name of common words alone is still its own whole
            near |= held.get(names.whole_key(one.name.words), set())
        for place in sorted(near):
            reasons = _best(subject.known, targets[place].known)
            if rules.identity_score(reasons) >= rules.SHOWN_NAME:
                found.append((subject, targets[place], reasons))
    return found


def _blocking(known: Iterable[Known]) -> set[Any]:
    """Keys of the names, pairs of their sounds, papers and numbers."""
    found: set[Any] = set()
    for one in known:
        found.update(names.keys(one.name))
        sounds = sorted({names.skeleton(word) or word for word in one.name.words})
        found.update((a, b) for place, a in enumerate(sounds) for b in sounds[place + 1 :])
        found.update(text for text in (one.document, one.number) if text)
    return found


def _best(mine: Iterable[Known], theirs: Sequence[Known]) -> tuple[rules.Reason, ...]:
    pairs = (rules.identity_reasons(one, other) for one in mine for other in theirs)
    return max(pairs, key=rules.identity_score, default=())
