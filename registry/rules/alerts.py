"""What an alert may say: its kinds, its grounds, and the contacts in it in the register's form.

An alert warns the public of somebody by what they are known by: names and contacts. A contact that many share (a site
where anybody has a page, the host of free mail) is nobody's and cannot be warned of.
"""

from typing import Final

from registry.rules import asked, contacts
from registry.rules.errors import BadInput

KINDS: Final = ("unlicensed", "clone")
STATES: Final = ("in_force", "over", "withdrawn")
CAUSES: Final = ("over", "error")
"""Why an alert ends: there is no more need of it, or it should never have been."""

GROUNDS: Final = (
    "MISREPRESENTATION", "FALSE-DOC", "NAME-MISUSE", "FEE-PROHIBITED", "NON-DEPLOYMENT-NO-REFUND", "PASSPORT-RETENTION",
    "DEBT-BONDAGE", "FORCED-LABOUR", "TRAFFICKING", "CHILD", "IMMINENT-HARM", "OPERATING-WHILE-SUSPENDED",
    "PHOENIX", "LICENCE-LENDING", "BANNED-CORRIDOR",
)  # fmt: skip
"""On which grounds the public is warned."""

MOST_NAMES: Final = 10
MOST_CONTACTS: Final = 40


class ContactShared(BadInput):
    """Many people have pages or addresses there: it is nobody's contact."""

    code = "alert.contact_shared"


def names(told: object, *, field: str = "names") -> list[str]:
    """The names in normal form, each once, the first as the chief one; refuses none, and too many."""
    lines = _lines(told, field)
    found = list(dict.fromkeys(contacts.name(line, field=field) for line in lines))
    if not found or len(found) > MOST_NAMES:
        raise BadInput("give at least one name and at most {most}", field=field, most=MOST_NAMES)
    return found


def channels(told: object, *, field: str = "contacts") -> list[dict[str, str]]:
    """The contacts as ``{kind, value}``, each once; refuses what is none and what many share."""
    lines = _lines(told, field)
    if len(lines) > MOST_CONTACTS:
        raise BadInput("give at most {most} contacts", field=field, most=MOST_CONTACTS)
    found = dict.fromkeys(_channel(line, field) for line in lines)
    return [{"kind": kind, "value": value} for kind, value in found]


def _lines(told: object, field: str) -> list[str]:
    if not isinstance(told, list | tuple) or not all(isinstance(line, str) for line in told):
        raise BadInput("a list of texts is wanted", field=field)
    return [line.strip() for line in told if line.strip()]


def _channel(line: str, field: str) -> tuple[str, str]:
    """The one contact in a line: the surest reading of it, in the register's form."""
    read = [one for one in asked.contacts_in(line) if one.sure and one.kind != "above"]
    kinds = ("email", "phone", "social", "domain")
    best = min(read, key=lambda one: kinds.index(one.kind) if one.kind in kinds else 9, default=None)
    if best is None or best.kind not in kinds or len({one.writing for one in read}) != 1:
        raise asked.ContactUnreadable(
            "give one contact a line, a phone number with its country's code", field=field, value=line[:80]
        )
    if best.kind == "social" and best.value.partition("/")[0] not in asked.SOCIAL_SITES:
        site = next((one for one in read if one.kind == "domain"), None)
        shared = best.value.partition("/")[0]
        best = site if site is not None and asked.is_own(shared) else best
    if best.kind == "domain" and not asked.is_own(best.value):
        raise ContactShared(
            "anybody has pages there: give the address of the page", field=field, value=line[:80]
        )
    return best.kind, best.value
