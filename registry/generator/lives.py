"""Invented lives of licences: a number of plans, each worked out by the law once and lent to many licences.

What a step means is frozen by ``rules.freezing`` and what the public reads is told by ``rules.answer``, as for any
licence. Licences of one plan differ in their holder alone, so their answers are one text with the holder left open:
that makes a register of a million in minutes, and ``audit`` works every one of them out again.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

from registry.rules import answer, days, freezing, standing
from registry.rules.answer import Facts, Piece
from registry.rules.lifecycle import STEPS, Action, Scope, Step, StepTerms
from registry.rules.policy import Policy
from registry.rules.standing import Entry

CLASSES: Final = ("A", "B", "C")
_CORRIDORS: Final = ((), (), ("XB",), ("XC", "XD"), ("XB", "XC", "XE"), ("XF",))
#: Of a hundred licences so many have that fate; ``standing`` ones are in force to this day.
_FATES: Final[Mapping[str, int]] = {
    "standing": 55, "renewed": 13, "cleared": 4, "suspended": 8, "administrative": 4, "revoked": 5, "expired": 8,
    "granted": 3,
}  # fmt: skip
_ALL: Final = tuple(fate for fate, share in _FATES.items() for _ in range(share))
#: Steps of this length fall into every part of a hundred alike, however few plans there are.
_GOLDEN: Final = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Life:
    """A plan worked out: the entries (``ref`` 1, 2, …) with their steps, where they lead, and the public answer.

    ``pieces``: each with its body as a text in parts, every second part the name of a fact of the holder.
    """

    licence_class: str
    taken: tuple[tuple[Step, Entry], ...]
    state: str
    may_recruit: bool
    scope: Scope
    terms: tuple[tuple[str, str], ...]
    pieces: tuple[tuple[Piece, tuple[str, ...]], ...]


#: The holder, left open: each fact stands in a body as its own name between marks that JSON leaves alone.
_MARK: Final = re.compile("\u00ab([a-z_]+)\u00bb")


def _open(name: str) -> str:
    return f"\u00ab{name}\u00bb"


class Lives:
    """The plans of one authority at one instant."""

    def __init__(self, nobody: Facts, policy: Policy, *, at: datetime, plans: int) -> None:
        """``nobody``: the public facts of a licence of the authority without a holder. ``plans``: how many lives."""
        self._nobody = nobody
        self._zone = nobody.zone
        self._policy = policy
        self._at = at
        self._plans = plans
        self.of_plan = lru_cache(maxsize=None)(self._of_plan)

    def of(self, serial: int, *, traded: bool) -> Life:
        """The life of a serial's licence; ``traded``: its holder has a trading name."""
        return self.of_plan(serial * 7919 % self._plans, traded)

    def _of_plan(self, plan: int, traded: bool) -> Life:  # noqa: FBT001 - a key of the cache
        chance = random.Random(plan)  # noqa: S311 - the same lives in every run, nothing to guess
        fate = _ALL[int(plan * _GOLDEN % 1 * len(_ALL))]
        written = _Writing(CLASSES[plan % len(CLASSES)], self._zone, self._policy)
        scope = Scope(corridors=chance.choice(_CORRIDORS))
        written.live(fate, chance, scope, self._at)
        entries = [entry for _, entry in written.taken]
        last = max(entry.decided_at for entry in entries)
        life = standing.spans(entries)
        then = next(span.standing for span in life if span.end is None or last < span.end)
        pieces = answer.pieces(self._facts(written.licence_class, traded=traded), entries, at=self._at)
        return Life(
            licence_class=written.licence_class,
            taken=tuple(written.taken),
            state=then.state.value,
            may_recruit=then.may_recruit,
            scope=then.scope,
            terms=life[-1].standing.terms,
            pieces=tuple((replace(piece, body=""), tuple(_MARK.split(piece.body))) for piece in pieces),
        )

    def _facts(self, licence_class: str, *, traded: bool) -> Facts:
        undated = {"first_day": None, "last_day": None}
        office = {
            "number": _open("office"),
            "kind": "head",
            "name": "",
            "address": _open("address"),
            "locality": _open("locality"),
            "country": self._nobody.country,
        }
        return replace(
            self._nobody,
            number=_open("number"),
            licence_class=licence_class,
            agency_number=_open("agency"),
            name=_open("name"),
            trading_names=({"name": _open("trading_name"), **undated},) if traded else (),
            offices=({**office, **undated},),
            channels=tuple({"kind": kind, "value": _open(kind), **undated} for kind in ("domain", "email")),
        )


def filled(parts: Sequence[str], facts: Mapping[str, str]) -> str:
    """A body with the facts of one holder put in."""
    told = list(parts)
    told[1::2] = [facts[name] for name in parts[1::2]]
    return "".join(told)


def plain(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts as they stand between the quotation marks of JSON."""
    return {name: encode_basestring(text)[1:-1] for name, text in facts.items()}


class _Writing:
    """The entries of one life, each step taken at its time by the rules of the day."""

    def __init__(self, licence_class: str, zone: str, policy: Policy) -> None:
        self.licence_class = licence_class
        self.taken: list[tuple[Step, Entry]] = []
        self._zone = zone
        self._policy = policy

    def live(self, fate: str, chance: random.Random, scope: Scope, at: datetime) -> None:
        """Take the steps of that fate, the last of them not after ``at``."""
        today = days.local_day(at, self._zone)
        months = {"renewed": 30, "expired": 32, "granted": 0}.get(fate, chance.randrange(6, 22))
        granted = days.add_months(today, -months) - timedelta(days=chance.randrange(2, 25))
        end = days.add_months(granted, 24) - timedelta(days=1)
        self._take(Action.GRANT, granted, first_day=granted, last_day=end, scope=scope)
        if fate == "granted":
            return
        self._take(Action.ACTIVATE, granted + timedelta(days=1))
        recently = today - timedelta(days=chance.randrange(2, 60))
        notice = recently - timedelta(days=40)
        if fate == "renewed":
            following = end + timedelta(days=1)
            last = days.add_months(following, 24) - timedelta(days=1)
            self._take(Action.RENEW, end - timedelta(days=20), first_day=following, last_day=last)
        elif fate == "suspended":
            self._take(Action.SUSPEND_PREVENTIVE, recently, grounds=("FALSE-DOC",))
        elif fate == "administrative":
            self._take(Action.SUSPEND_ADMINISTRATIVE, recently, grounds=("REPORT-OVERDUE",))
        elif fate == "cleared":
            self._take(Action.SUSPEND_ADMINISTRATIVE, notice, grounds=("UNPAID-FINE",))
            self._take(Action.LIFT, notice + timedelta(days=20), about=len(self.taken))
        elif fate == "revoked":
            terms: dict[str, Any] = {"notice_served_on": notice, "immediate": True}
            self._take(Action.REVOKE, recently, grounds=("FEE-PROHIBITED",), **terms)

    def _take(self, action: Action, day: date, *, about: int | None = None, **terms: Any) -> None:
        step = STEPS[action]
        at = days.first_instant(day, self._zone) + timedelta(hours=10)
        entries = [entry for _, entry in self.taken]
        now = standing.at(entries, at=at) if entries else standing.NOTHING_KNOWN
        case = freezing.Case(
            entries=entries,
            standing=now,
            licence_class=now.licence_class or self.licence_class,
            zone=self._zone,
            policy=self._policy,
        )
        said = StepTerms(no_conflict=True, refers_to=about, **terms)
        frozen = freezing.freeze(step, said, case, at=at, refers_to=about)
        entry = Entry(
            ref=len(entries) + 1,
            action=action,
            kind=step.kind,
            decided_at=at,
            recorded_at=at,
            effective_from=frozen.effective_from,
            effective_until=frozen.effective_until,
            refers_to=about,
            grounds=said.grounds,
            effect=frozen.effect,
            deadlines=frozen.deadlines,
        )
        self.taken.append((step, entry))
