"""Keeps in step what agencies can be linked by: channels, addresses, accounts and the people appointed.

Derived like the search index, in the transaction of the change; can be made again at any time with ``rebuild``. A mark
stays when its channel or appointment ends: who worked for a revoked agency is what is looked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from registry import questions
from registry.rules import numbering
from registry.rules import screening as rules
from registry.rules.asked import FREE_MAIL

CHUNK: Final = 2000
"""Agencies whose marks are compared at a time."""


class Mark(NamedTuple):
    """One mark; equal marks are the same row."""

    authority: int
    agency: int
    subject: str
    kind: str
    value: str
    role: str = ""


def index(agencies: Iterable[str], *, at: datetime) -> None:
    """Have the agencies of these numbers linked by what they have now; those that changed wait for a screening."""
    left = iter(dict.fromkeys(agencies))
    while numbers := list(islice(left, CHUNK)):
        wanted, held = set(_marks(numbers)), _held(numbers)
        gone = [row for mark, row in held.items() if mark not in wanted]
        new = [mark for mark in wanted if mark not in held]
        with connection.cursor() as cursor:
            if gone:
                cursor.execute("DELETE FROM registry_screenmark WHERE id = ANY(%s)", [gone])
            if new:
                _insert(cursor, new)
            changed = {mark.agency for mark in new}
            if changed:
                cursor.execute(_DUE, [sorted(changed), at])


def wait(agencies: Sequence[int], *, at: datetime) -> None:
    """Have these agencies wait for a screening."""
    if agencies:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [list(agencies), at])


def lock(numbers: Sequence[str]) -> list[int]:
    """Keep these agencies as they are until the transaction ends: whoever is changing one is waited for. Their rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM registry_agency WHERE number = ANY(%s) ORDER BY number FOR SHARE", [list(numbers)]
        )
        return [key for (key,) in cursor.fetchall()]


def rebuild(*, at: datetime) -> int:
    """Make the marks of every agency of a licensing authority again, piece by piece; the number of agencies."""
    last, count = "", 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_EVERYBODY, [last, CHUNK])
            numbers = [number for (number,) in cursor.fetchall()]
        if not numbers:
            return count
        with transaction.atomic():
            lock(numbers)
            index(numbers, at=at)
        last, count = numbers[-1], count + len(numbers)


_EVERYBODY: Final = """
    SELECT a.number FROM registry_agency a JOIN registry_authority u ON u.id = a.authority_id
    WHERE a.number > %s AND u.kind = 'licensing' ORDER BY a.number LIMIT %s"""


def unlike(numbers: Sequence[str]) -> list[tuple[Mark, bool]]:
    """Marks of these agencies that ``index`` would not leave so, each with whether it is held.

    A list of licences is taken in without marks: who came with one has none, or those of when an officer last looked,
    and is not compared.
    """
    own = [number for (number,) in questions.ask_of(numbers, _OWN)[0]]
    held, wanted = _held(own).keys(), set(_marks(own))
    return [(mark, mark in held) for mark in sorted(held ^ wanted)]


#: Marks are made with the first change that an officer enters, and then all of them.
_OWN: Final = """
    SELECT a.number FROM registry_agency a WHERE a.number = ANY(%s)
    AND EXISTS (SELECT FROM registry_screenmark m WHERE m.agency_id = a.id)
    AND NOT EXISTS (SELECT FROM registry_licence l WHERE l.agency_id = a.id AND l.origin = 'listed')"""

_DUE: Final = """
    INSERT INTO registry_screeningdue (agency_id, since) SELECT unnest(%s::bigint[]), %s
    ON CONFLICT (agency_id) DO UPDATE SET since = excluded.since"""

#: What a merged record says is of the one that stays; of itself it is linked with nobody.
_AGENCIES: Final = """
    WITH RECURSIVE family AS (
        SELECT a.id AS stays, a.id FROM registry_agency a WHERE a.number = ANY(%s)
        AND NOT EXISTS (SELECT FROM registry_merger m WHERE m.merged_id = a.id)
        UNION ALL SELECT f.stays, m.merged_id FROM registry_merger m JOIN family f ON m.into_id = f.id
    )
    SELECT a.authority_id, f.stays, a.number, a.number, a.address, a.locality, a.bank_account_hmac,
        a.country, a.company_number
    FROM family f JOIN registry_agency a ON a.id = f.id"""
_OFFICES: Final = """
    SELECT a.authority_id, a.id, a.number, o.number, o.address, o.locality, '', '', '' FROM registry_office o
    JOIN registry_agency a ON a.id = o.agency_id WHERE a.number = ANY(%s)"""
_CHANNELS: Final = """
    SELECT a.authority_id, a.id, a.number, c.kind, c.value FROM registry_channel c
    JOIN registry_agency a ON a.id = c.agency_id WHERE a.number = ANY(%s)"""
_PEOPLE: Final = """
    SELECT a.authority_id, a.id, p.number, p.name, p.latin_name, p.birth_date, p.document_hmac, t.role
    FROM registry_appointment t JOIN registry_agency a ON a.id = t.agency_id
    JOIN registry_person p ON p.id = t.person_id WHERE a.number = ANY(%s)"""


def _marks(numbers: Sequence[str]) -> Iterator[Mark]:
    agencies, offices, channels, people = questions.ask_of(numbers, _AGENCIES, _OFFICES, _CHANNELS, _PEOPLE)
    for authority, agency, _number, subject, address, locality, account, country, company in (
        agencies + offices
    ):
        if folded := rules.folded_address(address, locality):
            yield Mark(authority, agency, subject, "address", folded)
        if account:
            yield Mark(authority, agency, subject, "bank", account)
        if company:
            yield Mark(authority, agency, subject, "company", of_company(country, company))
    for authority, agency, number, kind, value in channels:
        for one, text in of_channel(kind, value):
            yield Mark(authority, agency, number, one, text)
    for authority, agency, subject, name, latin, born, document, role in people:
        yield Mark(
            authority, agency, subject, "person", subject, "officer" if role in rules.OFFICERS else "staff"
        )
        for one, text, group in of_person(name, latin, born, document, role):
            yield Mark(authority, agency, subject, one, text, group)


def of_company(country: str, number: str) -> str:
    """A company's number as it is compared: within its country, whatever its separators."""
    return f"{country}:{numbering.folded(number)}"


def of_channel(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """A channel, and the site that an address of one's own is at: kind and value."""
    yield kind, value
    site = value.rpartition("@")[2].removeprefix("www.")
    if kind in {"email", "domain"} and site != value and site not in FREE_MAIL:
        yield "domain", site


def of_person(
    name: str, latin: str, born: date | None, document: str, role: str
) -> Iterator[tuple[str, str, str]]:
    """A person's paper and name, with the day of birth a person, without it merely a name: kind, value, role."""
    group = "officer" if role in rules.OFFICERS else "staff"
    if document:
        yield "person", document, group
    for text in filter(None, {name, latin}):
        folded = rules.folded_person(text)
        if folded and born:
            yield "person", f"{folded} {born.isoformat()}", group
        if folded and group == "officer":
            yield "owner", folded, ""


def _held(numbers: Sequence[str]) -> dict[Mark, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.authority_id, m.agency_id, m.subject, m.kind, m.value, m.role
            FROM registry_screenmark m JOIN registry_agency a ON a.id = m.agency_id WHERE a.number = ANY(%s)
            """,
            [list(numbers)],
        )
        return {Mark(*mark): row for row, *mark in cursor.fetchall()}


def _insert(cursor: Any, marks: Sequence[Mark]) -> None:
    """Two writers that make the same mark at once are no error."""
    columns = [list(column) for column in zip(*marks, strict=True)]
    cursor.execute(
        """
        INSERT INTO registry_screenmark (authority_id, agency_id, subject, kind, value, role)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
        ON CONFLICT DO NOTHING
        """,
        columns,
    )
