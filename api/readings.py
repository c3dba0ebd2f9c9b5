"""What officers read of restricted fields, and the log of it: nothing restricted is shown before it is written down.

Desk and staff API both read records through these functions, which are ``registry.dossier``'s with a line in the log.
A read that the register refuses shows nothing and leaves no line.
"""

from datetime import datetime
from typing import Any, Final, Literal

from api.models import Reading
from registry import dossier, licensing, motions, persons, retrospect, subjects
from registry import holders as holder_accounts
from registry.admission import reading
from registry.licensing import ProposalRecord
from registry.lookup import Page
from registry.motions import MotionRecord
from registry.remedy import cases
from registry.rules.errors import RoleNotAllowed
from registry.rules.lifecycle import Actor, Role

LONGEST: Final = 80
"""Characters of what a record is called in the log."""
Through = Literal["desk", "api", "tables"]


def agency(number: str, *, by: Actor, at: datetime, through: Through) -> dict[str, Any]:
    """``dossier.restricted_agency``, logged."""
    found = dossier.restricted_agency(number, by=by)
    note(number, "agency", by=by, at=at, through=through)
    return found


def licence(number: str, *, by: Actor, at: datetime, through: Through) -> dict[str, Any]:
    """``dossier.restricted_licence``, logged."""
    found = dossier.restricted_licence(number, by=by, at=at)
    note(number, "licence", by=by, at=at, through=through)
    return found


def agencies(*, by: Actor, at: datetime, through: Through, after: str | None, limit: int) -> Page:
    """``dossier.restricted_agencies``, logged as one read of a list."""
    page = dossier.restricted_agencies(by=by, after=after, limit=limit)
    note(_span(page), "agencies", by=by, at=at, through=through)
    return page


def proposals(*, by: Actor, at: datetime, through: Through) -> list[ProposalRecord]:
    """``licensing.waiting``, logged as one read where anything waits."""
    found = licensing.waiting(by=by, at=at)
    if found:
        note(f"{len(found)} open", "proposals", by=by, at=at, through=through)
    return found


def motions_waiting(*, by: Actor, at: datetime, through: Through, about: str = "") -> list[MotionRecord]:
    """``motions.waiting``, logged as one read where anything waits."""
    found = motions.waiting(by=by, at=at, about=about)
    if found:
        note(f"{len(found)} open", "motions", by=by, at=at, through=through)
    return found


def motion(number: int, *, by: Actor, at: datetime, through: Through) -> MotionRecord:
    """``motions.one``, logged."""
    found = motions.one(number, by=by)
    note(f"motion {number}", "motion", by=by, at=at, through=through)
    return found


def persons_listed(
    *, by: Actor, at: datetime, through: Through, q: str = "", after: str = "", limit: int = 50
) -> tuple[list[persons.Line], str]:
    """``persons.listed``, logged as one read of a list."""
    lines, further = persons.listed(by=by, at=at, q=q, after=after, limit=limit)
    if lines:
        note(f"{lines[0].number} and {len(lines) - 1} more", "persons", by=by, at=at, through=through)
    return lines, further


def person(number: str, *, by: Actor, at: datetime, through: Through) -> persons.PersonRecord:
    """``persons.one``, logged."""
    found = persons.one(number, by=by, at=at)
    note(number, "person", by=by, at=at, through=through)
    return found


def requests_open(
    *, by: Actor, at: datetime, through: Through, person: str = ""
) -> list[subjects.RequestRecord]:
    """``subjects.open_ones``, logged as one read where there is any."""
    found = subjects.open_ones(by=by, at=at, person=person)
    if found:
        note(person or f"{len(found)} open", "requests", by=by, at=at, through=through)
    return found


def request(number: int, *, by: Actor, at: datetime, through: Through) -> subjects.RequestRecord:
    """``subjects.one``, logged."""
    found = subjects.one(number, by=by, at=at)
    note(f"request {number}", "request", by=by, at=at, through=through)
    return found


def handed_over(number: int, *, by: Actor, at: datetime, through: Through) -> dict[str, Any]:
    """``subjects.handed_over`` with the reads of the person's own records until then, logged.

    Of a read it is told when, of what and through which door; never by whom, for the authority answers for that.
    """
    found = subjects.handed_over(number, by=by)
    note(f"request {number}", "handed over", by=by, at=at, through=through)
    if found["person"] is None:
        return {**found, "reads": []}
    records = [found["person"]["number"], *(one["number"] for one in found["appointments"])]
    reads = Reading.objects.filter(
        record__in=records, authority=found["authority"], at__lte=datetime.fromisoformat(found["made_at"])
    )
    told = reads.order_by("pk").values("at", "record", "fields", "through")
    return {**found, "reads": [{**one, "at": one["at"].isoformat()} for one in told]}


def note(record: str, fields: str, *, by: Actor, at: datetime, through: Through) -> None:
    """Write down that ``by`` reads the restricted ``fields`` of ``record``: before it is shown, never after."""
    Reading.objects.create(
        at=at, officer=by.number, authority=by.authority or "", record=record, fields=fields, through=through
    )


def log(
    *, by: Actor, before: int | None, limit: int, officer: str = "", record: str = ""
) -> tuple[list[Reading], int | None]:
    """The reads of the auditor's authority, or of all for an auditor of all; the newest first, and where to go on."""
    if Role.AUDITOR not in by.roles:
        raise RoleNotAllowed("only an auditor reads this log", roles=[Role.AUDITOR])
    rows = Reading.objects.order_by("-id")
    if by.authority:
        rows = rows.filter(authority=by.authority)
    if officer:
        rows = rows.filter(officer=officer)
    if record:
        rows = rows.filter(record=record)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def applications(
    *, by: Actor, at: datetime, through: Through, state: str = "", after: str = "", limit: int = 50
) -> tuple[list[reading.Line], str]:
    """``admission.reading.listed``, logged as one read of a list."""
    lines, further = reading.listed(by=by, at=at, state=state, after=after, limit=limit)
    if lines:
        note(f"{lines[0].number} and {len(lines) - 1} more", "applications", by=by, at=at, through=through)
    return lines, further


def application(number: str, *, by: Actor, at: datetime, through: Through) -> reading.Dossier:
    """``admission.reading.one``, logged."""
    found = reading.one(number, by=by, at=at)
    note(number, "application", by=by, at=at, through=through)
    return found


def paper(reference: str, *, number: str, by: Actor, at: datetime, through: Through) -> reading.Paper:
    """``admission.reading.paper``, logged."""
    found = reading.paper(reference, number=number, by=by)
    note(f"{number} {reference}", "document", by=by, at=at, through=through)
    return found


def holders(*, by: Actor, at: datetime, through: Through, waiting: bool) -> list[holder_accounts.Connection]:
    """``holders.listed``, logged as one read of a list."""
    found = holder_accounts.listed(by=by, waiting=waiting)
    if found:
        note(f"{found[0].agency} and {len(found) - 1} more", "holders", by=by, at=at, through=through)
    return found


def holder(key: int, *, by: Actor, at: datetime, through: Through) -> holder_accounts.Connection:
    """``holders.one``, logged."""
    found = holder_accounts.one(key, by=by)
    note(found.agency, "holders", by=by, at=at, through=through)
    return found


def agency_then(
    number: str,
    *,
    by: Actor,
    at: datetime,
    as_of: datetime | None,
    known_at: datetime | None,
    through: Through,
) -> retrospect.AgencyThen:
    """``retrospect.agency``, logged as a read of the agency and of each of its licences."""
    found = retrospect.agency(number, by=by, at=at, as_of=as_of, known_at=known_at)
    read = [(number, "agency"), *((one.number, "licence") for one in found.licences)]
    Reading.objects.bulk_create(
        [
            Reading(
                at=at,
                officer=by.number,
                authority=by.authority or "",
                record=record,
                fields=fields,
                through=through,
            )
            for record, fields in read
        ]
    )
    return found


def kept(number: str, *, by: Actor, at: datetime, through: Through) -> list[retrospect.Kept]:
    """``retrospect.kept``, logged: whose records an agency has is restricted too."""
    found = retrospect.kept(number, by=by)
    note(number, "versions", by=by, at=at, through=through)
    return found


def versions(
    number: str, record: str, *, by: Actor, at: datetime, before: int | None, limit: int, through: Through
) -> retrospect.Life:
    """``retrospect.versions``, logged."""
    found = retrospect.versions(number, record, by=by, before=before, limit=limit)
    note(record, "versions", by=by, at=at, through=through)
    return found


def difference(
    number: str, record: str, older: int, newer: int, *, by: Actor, at: datetime, through: Through
) -> list[retrospect.Changed]:
    """``retrospect.difference``, logged."""
    found = retrospect.difference(number, record, older, newer, by=by)
    note(record, "difference", by=by, at=at, through=through)
    return found


def concerns_waiting(*, by: Actor, at: datetime, through: Through) -> list[cases.Line]:
    """``cases.waiting``, logged as one read where anything waits."""
    found = cases.waiting(by=by, at=at)
    if found:
        note(f"{len(found)} open", "concerns", by=by, at=at, through=through)
    return found


def concerns(
    *, by: Actor, at: datetime, through: Through, state: str = "", after: int = 0
) -> tuple[list[cases.Line], int]:
    """``cases.listed``, logged as one read of a list."""
    lines, further = cases.listed(by=by, at=at, state=state, after=after)
    if lines:
        note(f"{lines[0].code} and {len(lines) - 1} more", "concerns", by=by, at=at, through=through)
    return lines, further


def concern(code: str, *, by: Actor, at: datetime, through: Through) -> cases.Case:
    """``cases.one``, logged."""
    found = cases.one(code, by=by, at=at)
    note(code, "concern", by=by, at=at, through=through)
    return found


def reporter(code: str, *, by: Actor, at: datetime, through: Through) -> cases.Person:
    """``cases.person``, logged: who reported is read by itself."""
    found = cases.person(code, by=by)
    note(code, "who reported", by=by, at=at, through=through)
    return found


def concern_file(code: str, reference: str, *, by: Actor, at: datetime, through: Through) -> cases.Paper:
    """``cases.paper``, logged."""
    found = cases.paper(code, reference, by=by)
    note(f"{code} {reference}", "file of a concern", by=by, at=at, through=through)
    return found


def _span(page: Page) -> str:
    """A list by its ends."""
    if not page.data:
        return "nothing"
    return f"{page.data[0]['number']} to {page.data[-1]['number']}"
