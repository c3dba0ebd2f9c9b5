"""The rooms of the desk: what each is called, which route opens it, and for whom.

The list at the side and the page of keys are drawn from this table, and a route asks it who may come in
(``door.room``): a room that is not here has no link, a role that is not named here sees none.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _

from registry import figures, holders, persons
from registry.rules import concerns
from registry.rules.lifecycle import Actor, Role

EVERYBODY: Final = frozenset(Role) - {Role.SYSTEM}
READERS: Final = EVERYBODY - {Role.ANALYST}
"""Who may read records of the own authority (``registry.dossier``)."""
WITHIN: Final = EVERYBODY - {Role.ADMINISTRATOR, Role.AUDITOR, Role.ANALYST}
"""Who works on licences."""

APPLICATIONS: Final = frozenset(
    {Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.INSPECTOR, Role.APPEALS_BODY, Role.AUDITOR}
)
"""Who reads applications (``registry.admission.reading``)."""

INSPECTING: Final = frozenset({Role.INSPECTOR, Role.SUPERVISOR, Role.REGISTRAR})
"""Who is warned of unlicensed recruiting: those who go there, and those who send them."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room: its route's name, its name for people, who may enter, and the letter that opens it after ``g``.

    ``everywhere``: it holds something also for who belongs to no authority; the others are rooms of one authority.
    """

    route: str
    name: str
    roles: frozenset[Role]
    key: str = ""
    everywhere: bool = False


ROOMS: Final = (
    Room("desk-queue", _("Waiting"), EVERYBODY, "w", everywhere=True),
    Room("desk-agencies", _("Agencies"), READERS, "a"),
    Room("desk-applications", _("Applications"), APPLICATIONS, "p"),
    Room("desk-holders", _("Accounts of agencies"), holders.READERS, "h"),
    Room("desk-securities", _("Securities"), READERS, "b"),
    Room(
        "desk-screening",
        _("Screening"),
        frozenset({Role.OFFICER, Role.SUPERVISOR, Role.REGISTRAR, Role.AUDITOR}),
        "s",
    ),
    Room("desk-persons", _("Persons"), persons.READERS, "i"),
    Room("desk-alerts", _("Warnings"), READERS, "u"),
    Room("desk-requests", _("Requests of persons"), persons.READERS, "d"),
    Room("desk-concerns", _("Concerns"), concerns.READERS, "c"),
    Room("desk-people", _("Officers"), frozenset({Role.ADMINISTRATOR, Role.AUDITOR}), "o", everywhere=True),
    Room("desk-policies", _("Policies"), frozenset({Role.ADMINISTRATOR}), "l", everywhere=True),
    Room("desk-readings", _("Who read what"), frozenset({Role.AUDITOR}), "r", everywhere=True),
    Room("desk-warnings", _("Early warning"), INSPECTING, "e"),
    Room("desk-reports", _("Reports"), figures.READERS, "n"),
)
"""In the order of the list at the side."""


def open_to(by: Actor) -> tuple[Room, ...]:
    """The rooms that this officer may enter and finds something in."""
    return tuple(room for room in ROOMS if room.roles & by.roles and (by.authority or room.everywhere))
