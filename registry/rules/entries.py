"""The entries of one licence, and which of them count at an instant: begun, not stayed, not undone, not over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from registry.rules.lifecycle import Action, Kind

Stays = Sequence[tuple[datetime, datetime | None]]
"""Pieces of time ``[start, end)`` in order of their starts; ``None`` = nobody knows when it ends."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the fold reads it. ``ref`` identifies it in the register, ``refers_to`` another's ``ref``.

    ``effect`` and ``deadlines`` are what was frozen when it was made: instants as RFC 3339 text.
    """

    ref: int
    action: Action
    kind: Kind
    decided_at: datetime
    recorded_at: datetime
    effective_from: datetime
    effective_until: datetime | None = None
    refers_to: int | None = None
    grounds: tuple[str, ...] = ()
    effect: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)

    def deadline(self, name: str) -> datetime | None:
        """The frozen deadline of that name, or ``None``."""
        text = self.deadlines.get(name)
        return datetime.fromisoformat(text) if text else None


class Entries:
    """The entries of one licence, prepared once and asked at many instants."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_ref = {e.ref: e for e in sorted(entries, key=lambda e: e.ref)}
        undone = self._undone()
        self.valid = [e for e in self.by_ref.values() if e.ref not in undone]
        self._about: dict[int, list[Entry]] = {}
        for entry in self.valid:
            if entry.refers_to is not None:
                self._about.setdefault(entry.refers_to, []).append(entry)
        self._stays: dict[int, Stays] = {}
        for entry in reversed(self.valid):  # what speaks of an entry is newer, and may be stayed itself
            if entry.ref in self._about:
                self._stays[entry.ref] = self._stays_of(entry)

    def _undone(self) -> set[int]:
        """Entries that a correction or an order from the beginning has undone; the newest word counts."""
        gone: set[int] = set()
        for entry in reversed(self.by_ref.values()):
            undoes = entry.action is Action.CORRECT or (
                entry.action is Action.SET_ASIDE and entry.effect.get("ab_initio", False)
            )
            if undoes and entry.ref not in gone and entry.refers_to is not None:
                gone.add(entry.refers_to)
        return gone

    def decided_by(self, t: datetime) -> "Entries":
        """What of it was decided by ``t``."""
        return Entries(e for e in self.valid if e.decided_at <= t)

    @cached_property
    def turns(self) -> Sequence[datetime]:
        """The instants at which an entry begins or ends to have effect, in order; between them nothing changes."""
        found = {e.effective_from for e in self.valid}
        return sorted(found | {e.effective_until for e in self.valid if e.effective_until is not None})

    # --- by sort and subject ---

    def those(self, *actions: Action) -> list[Entry]:
        """The valid entries of these actions, oldest first."""
        return [e for e in self.valid if e.action in actions]

    def about(self, entry: Entry) -> Sequence[Entry]:
        """The valid entries that speak of ``entry``, oldest first."""
        return self._about.get(entry.ref, ())

    # --- by effect ---

    def stays(self, entry: Entry) -> Stays:
        """The pieces of time in which ``entry`` is stayed, as far as anything is known."""
        return self._stays.get(entry.ref, ())

    def _stays_of(self, target: Entry) -> Stays:
        """By order, or by an appeal that suspends it, while that has effect itself and nothing has ended it."""
        found: list[tuple[datetime, datetime | None]] = []
        for stay in self.about(target):
            by_appeal = stay.action is Action.FILE_APPEAL and stay.effect.get("stays", False)
            if not (stay.action is Action.STAY or by_appeal):
                continue
            decided = self.first_set_aside(target, after=stay)
            begun: datetime | None = None
            for turn in self.turns:
                holds = (
                    self.has_effect(stay, turn)
                    and not self.followed(stay, turn, Action.END_APPEAL, Action.END_STAY)
                    and (decided is None or turn < decided)
                )
                if holds and begun is None:
                    begun = turn
                elif not holds and begun is not None:
                    found.append((begun, turn))
                    begun = None
            if begun is not None:
                found.append((begun, None))
        return sorted(found, key=lambda piece: piece[0])

    def first_set_aside(self, target: Entry, *, after: Entry) -> datetime | None:
        """The first instant at which an order made ``after`` a stay or appeal has set ``target`` aside.

        It decides on what was stayed or appealed, for good: an order against it brings neither back.
        """
        orders = [e for e in self.about(target) if e.action is Action.SET_ASIDE and e.ref > after.ref]
        begins = (self.begins(order, order.effective_from) for order in orders)
        return min((b for b in begins if b is not None), default=None)

    def stayed(self, entry: Entry, t: datetime) -> bool:
        """Whether ``entry`` is stayed at ``t``."""
        return any(start <= t and (end is None or t < end) for start, end in self.stays(entry))

    def set_aside(self, entry: Entry, t: datetime) -> bool:
        """Whether an order that has effect at ``t`` has set ``entry`` aside for the future."""
        return bool(self.followed(entry, t, Action.SET_ASIDE))

    def has_begun(self, entry: Entry, t: datetime) -> bool:
        """Whether ``entry`` has begun by ``t`` and is neither stayed nor set aside, be it over or not."""
        return entry.effective_from <= t and not self.stayed(entry, t) and not self.set_aside(entry, t)

    def has_effect(self, entry: Entry, t: datetime) -> bool:
        """Whether ``entry`` has begun, is not stayed, not set aside and not over at ``t``."""
        return self.has_begun(entry, t) and (entry.effective_until is None or t < entry.effective_until)

    def in_effect(self, t: datetime, *actions: Action) -> list[Entry]:
        """The entries of these actions that have effect at ``t``, oldest first."""
        return [e for e in self.those(*actions) if self.has_effect(e, t)]

    def begins(self, entry: Entry, t: datetime) -> datetime | None:
        """The first instant from ``t`` on at which ``entry`` has effect; ``None`` = never, as far as is known."""
        later = (turn for turn in self.turns if turn > t)
        return next((instant for instant in (t, *later) if self.has_effect(entry, instant)), None)

    def course(self, entry: Entry) -> tuple[datetime, datetime | None] | None:
        """From when to when ``entry`` has effect, stays of itself left out; ``None`` where it never has.

        An order that sets it aside ends it from where on nothing speaks against that order, be it a stay or an
        order of a higher instance; where that does not come it never ends.
        """
        until = entry.effective_until
        holds = [
            turn for turn in self.turns
            if turn >= entry.effective_from and (until is None or turn < until) and not self.set_aside(entry, turn)
        ]  # fmt: skip
        if not holds:
            return None
        return holds[0], next((turn for turn in self.turns if turn > holds[-1]), None)

    def to_come(self, t: datetime, *actions: Action) -> list[Entry]:
        """The entries of these actions whose course is not over at ``t``: begun, still to begin, or stayed."""
        courses = ((e, self.course(e)) for e in self.those(*actions))
        return [e for e, course in courses if course is not None and (course[1] is None or t < course[1])]

    def followed(self, entry: Entry, t: datetime, *actions: Action) -> list[Entry]:
        """The entries of these actions about ``entry`` that have effect at ``t``, oldest first."""
        return [e for e in self.about(entry) if e.action in actions and self.has_effect(e, t)]


def first_unstayed(instant: datetime, stays: Stays) -> datetime | None:
    """The first instant from ``instant`` on that no stay covers; ``None`` where a stay has no known end."""
    for start, end in stays:
        if start <= instant and (end is None or instant < end):
            if end is None:
                return None
            instant = end
    return instant
