"""Bars of persons as the register's entries make them: who may not act for agencies, since when, until when.

A bar is an entry; what was said of it since (an appeal, its end) are entries that speak of it. Nothing here writes or
reads the clock. Public is what the policy lets be, and no longer than that (``debarments``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Q, QuerySet

from registry.models import Debarment, Entry, Person
from registry.rules import days, errors
from registry.rules.lifecycle import Action, Actor, M
from registry.rules.motions import RULES, Motion

SCOPES: Final[Mapping[str, frozenset[str] | None]] = {
    "any_role": None,
    "director": frozenset({"responsible_officer", "director", "beneficial_owner"}),
    "holder": frozenset({"beneficial_owner"}),
}
"""The roles that a bar of each scope keeps a person from; ``None``: all of them."""

_VOID: Final = frozenset({"appeal", "error"})
ABOUT: Final = (Action.BAR_PERSON, Action.APPEAL_BAR, Action.DISMISS_APPEAL, Action.END_BAR)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a person. ``last_day`` ``None``: for ever, or until it is ended.

    ``cause``: why it ends before its time (``review``), or should never have been (``appeal``, ``error``); empty
    where neither. What was shortened on review may still be found never to have been. ``public_until``: the last day
    on which the public may read of it; ``None``: for ever.
    """

    sequence: int
    ref: int
    person: str
    scope: str
    grounds: tuple[str, ...]
    first_day: date
    last_day: date | None
    permanent: bool
    decided_on: date
    appeal_until: datetime
    appealed_on: date | None
    appeal_open: bool
    cause: str
    ended_on: date | None
    public: bool
    public_until: date | None
    officers: tuple[str, ...]

    @property
    def void(self) -> bool:
        """Whether it never was, as known now."""
        return self.cause in _VOID

    def state(self, today: date) -> str:
        """``coming``, ``in_force``, ``over`` or ``void``."""
        if self.void:
            return "void"
        if today < self.first_day:
            return "coming"
        return "over" if self.last_day is not None and self.last_day < today else "in_force"

    def may_end_for(self, today: date) -> tuple[str, ...]:
        """The causes for which it may be ended now.

        On review, an end still to come that nobody has brought forward; by an appeal, while one is open; as an error,
        for ever: a bar that is over, or was shortened, is still told of the person.
        """
        if self.void:
            return ()
        reviewed = self.cause or self.state(today) == "over"
        return (*(() if reviewed else ("review",)), *(("appeal",) if self.appeal_open else ()), "error")

    def open_steps(self, by: Actor, *, today: date) -> frozenset[Action]:
        """What this officer may begin about it: enter an appeal, propose that one is dismissed, or that the bar ends.

        No officer of the bar has a part in what is decided of an appeal against it.
        """
        found = set()
        if not self.void and not self.appeal_open and by.roles & M:
            found.add(Action.APPEAL_BAR)
        dismissing = self.appeal_open and by.number not in self.officers
        if dismissing and by.roles & RULES[Motion.DISMISS_APPEAL].proposes:
            found.add(Action.DISMISS_APPEAL)
        if self.may_end_for(today) and by.roles & RULES[Motion.END_BAR].proposes:
            found.add(Action.END_BAR)
        return frozenset(found)

    def spent(self, today: date) -> bool:
        """Whether the public reads of it no more, or never did."""
        return self.void or not self.public or (self.public_until is not None and self.public_until < today)


def of(person: str, *, own_at: datetime | None = None) -> list[Bar]:
    """The bars of a person, the oldest first. ``own_at``: asked by the transaction that is writing one."""
    key = Person.objects.filter(number=person).values_list("authority_id", flat=True).first()
    if key is None:
        raise errors.PersonNotFound("no person has this number", number=person)
    rows = Entry.objects.filter(authority=key, action__in=ABOUT, effect__person=person).order_by("pk")
    return folded(rows if own_at else rows.select_related("commit"), numbered=own_at is None)


def same_person(person: Person) -> QuerySet[Person]:
    """All that the authority holds under one number or another of this person: whoever has the same identity paper."""
    same = Q(pk=person.pk) if person.pk else Q(pk__in=())
    if person.document_hmac:
        same |= Q(document_hmac=person.document_hmac)
    return Person.objects.filter(same, authority=person.authority)


def refuse_barred(person: Person, role: str, first_day: date, last_day: date | None) -> None:
    """Refuse to have this person, or whoever has the same identity paper, act in that role in days of a bar."""
    rows = Debarment.objects.filter(authority=person.authority, person__in=same_person(person))
    rows = rows.filter(Q(last_day=None) | Q(last_day__gte=first_day))
    if last_day is not None:
        rows = rows.filter(first_day__lte=last_day)
    for row in rows.order_by("first_day"):
        if keeps_from(row.scope, role):
            raise errors.PersonDebarred(
                f"the person is barred from {row.first_day} until {row.last_day or 'further notice'}",
                field="person", first_day=row.first_day, last_day=row.last_day,
            )  # fmt: skip


def barred_among(persons: Sequence[Person], today: date) -> set[int]:
    """Those of these persons (their ``pk``) against whom, by whichever number, a bar is in force or coming.

    Whoever has the identity paper of somebody barred is barred, as ``refuse_barred`` has it.
    """
    papers = Q(person__document_hmac__in={one.document_hmac for one in persons if one.document_hmac})
    rows = Debarment.objects.filter(Q(last_day=None) | Q(last_day__gte=today))
    rows = rows.filter(Q(person__in=[one.pk for one in persons]) | papers)
    barred = list(rows.values_list("person_id", "person__document_hmac", "authority_id"))
    keys = {key for key, _, _ in barred}
    held = {(paper, authority) for _, paper, authority in barred if paper}
    return {one.pk for one in persons if one.pk in keys or (one.document_hmac, one.authority_id) in held}


def barred_as(person: Person, today: date) -> tuple[str, ...]:
    """The other numbers of whoever has this person's paper against which a bar is in force or coming."""
    others = same_person(person).exclude(pk=person.pk).filter(debarments__isnull=False)
    held = others.filter(Q(debarments__last_day=None) | Q(debarments__last_day__gte=today))
    return tuple(held.order_by("number").values_list("number", flat=True).distinct())


def keeps_from(scope: str, role: str) -> bool:
    """Whether a bar of that scope keeps a person from the role."""
    roles = SCOPES[scope]
    return roles is None or role in roles


def folded(rows: Iterable[Entry], *, numbered: bool = True) -> list[Bar]:
    """The bars that entries make, in their order; the entries that speak of each stand among them."""
    entries = list(rows)
    spoken: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.refers_to_id is not None:
            spoken.setdefault(entry.refers_to_id, []).append(entry)
    return [
        _bar(entry, spoken.get(entry.pk, ()), entry.sequence if numbered else 0)
        for entry in entries
        if entry.action == Action.BAR_PERSON
    ]


def _bar(entry: Entry, spoken: Sequence[Entry], sequence: int) -> Bar:
    effect, zone = entry.effect, entry.zone
    ends = [one for one in spoken if one.action == Action.END_BAR]
    end = ends[-1] if ends else None
    appeals = [one for one in spoken if one.action == Action.APPEAL_BAR]
    dismissed = [one for one in spoken if one.action == Action.DISMISS_APPEAL]
    last = _day(effect["last_day"])
    for one in ends:
        if one.effect["cause"] == "review":
            last = _day(one.effect["last_day"])
    cause = end.effect["cause"] if end else ""
    months = effect["public_months"]
    public_until = None if months is None or last is None else days.add_months(last, months)
    return Bar(
        sequence=sequence,
        ref=entry.pk,
        person=effect["person"],
        scope=effect["scope"],
        grounds=tuple(entry.grounds),
        first_day=date.fromisoformat(effect["first_day"]),
        last_day=last,
        permanent=effect["last_day"] is None,
        decided_on=days.local_day(entry.decided_at, zone),
        appeal_until=datetime.fromisoformat(entry.deadlines["appeal_until"]),
        appealed_on=_day(appeals[-1].effect["received_on"]) if appeals else None,
        appeal_open=len(appeals) > len(dismissed) and cause not in _VOID,
        cause=cause,
        ended_on=days.local_day(end.decided_at, zone) if end else None,
        public=months != 0,
        public_until=public_until,
        officers=tuple(entry.officers),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
