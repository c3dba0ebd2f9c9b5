"""Measures against a licence that has not ended: suspensions, a set of them, and what is cut out of its scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final, NamedTuple

from registry.rules import days, occupations
from registry.rules.entries import Entries, Entry, Stays, first_unstayed
from registry.rules.grounds import SanctionKind
from registry.rules.lifecycle import SUSPENSIONS, Action, Scope

_ANY_OTHER: Final = ""
"""What a scope without names is good for beside all that anybody has named."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension that is open. ``until``: when it ends by the clock; ``None`` = only by a decision."""

    ref: int
    kind: SanctionKind
    since: datetime
    until: datetime | None
    grounds: tuple[str, ...]
    interim: bool


class Measure(NamedTuple):
    """A suspension or restriction that is not over: since when, and the end that was stated for it."""

    since: datetime
    until: datetime | None


class Points(NamedTuple):
    """Points of one entry that count, and until when."""

    ref: int
    points: int
    until: datetime


class Cut(NamedTuple):
    """What restrictions take out of the scope. ``scope`` is ``None`` where there is no restriction.

    ``new_only``: it is said of new recruitment alone, or of all new recruitment beside what is cut wholly.
    ``everything``: nothing of what the licence names is left. ``all_new``: nothing is left for new recruitment.
    """

    scope: Scope | None = None
    new_only: bool = False
    everything: bool = False
    all_new: bool = False


def suspensions(entries: Entries, t: datetime) -> tuple[Suspension, ...]:
    """The suspensions open at ``t``: a set; the licence stands again only when it is empty."""
    return tuple(
        Suspension(
            ref=entry.ref,
            kind=SUSPENSIONS[entry.action],
            since=measure(entries, entry, t).since,
            until=_clock_end(entries, entry, t),
            grounds=entry.grounds,
            interim=entry.deadline("confirm_by") is not None
            and not entries.followed(entry, t, Action.CONFIRM),
        )
        for entry in entries.in_effect(t, *SUSPENSIONS)
        if is_open(entries, entry, t)
    )


def cut(entries: Entries, t: datetime, scope: Scope) -> Cut:
    """What is cut out of ``scope`` at ``t``, all restrictions together."""
    open_cuts = [e for e in entries.in_effect(t, Action.RESTRICT) if is_open(entries, e, t)]
    if not open_cuts:
        return Cut()
    countries = {c for e in open_cuts for c in e.effect["cut"]["corridors"]}
    jobs = {o for e in open_cuts for o in e.effect["cut"]["occupations"]}
    new = [e.effect["cut"] for e in open_cuts if e.effect["new_recruitment_only"]]
    whole = [e.effect["cut"] for e in open_cuts if not e.effect["new_recruitment_only"]]
    without_limit = any(not (c["corridors"] or c["occupations"]) for c in new)
    return Cut(
        scope=Scope(tuple(sorted(countries)), tuple(sorted(jobs))),
        new_only=without_limit or not whole,
        everything=_nothing_left(whole, scope),
        all_new=_nothing_left([*whole, *new], scope),
    )


def _nothing_left(cuts: list[Mapping[str, Any]], scope: Scope) -> bool:
    """Whether every country together with every occupation of ``scope`` is cut out.

    A cut that names both kinds is about both together; one that names neither is about everything. A group of
    occupations takes all in it along; cuts of some of a group leave the group something, whatever they add up to.
    """
    pairs = product(scope.corridors or (_ANY_OTHER,), scope.occupations or (_ANY_OTHER,))
    return all(
        any(
            corridor in (cut["corridors"] or (corridor,))
            and (not cut["occupations"] or occupations.within(occupation, cut["occupations"]))
            for cut in cuts
        )
        for corridor, occupation in pairs
    )


def points(entries: Entries, t: datetime) -> int:
    """The sum of ``ledger``."""
    return sum(one.points for one in ledger(entries, t))


def ledger(entries: Entries, t: datetime) -> tuple[Points, ...]:
    """The points that count at ``t``: of what has begun and is neither stayed nor set aside, until they expire."""
    expiring = ((e, e.deadline("points_until")) for e in entries.valid if entries.has_begun(e, t))
    return tuple(
        Points(e.ref, int(e.effect["points"]), until)
        for e, until in expiring
        if until is not None and t < until
    )


def outstanding(entries: Entries, order: Entry) -> Decimal:
    """How much of a fine or a repayment is still to be paid."""
    paid = sum((Decimal(e.effect["amount"]) for e in _payments(entries, order)), Decimal())
    return max(Decimal(order.effect["amount"]) - paid, Decimal())


def settled_at(entries: Entries, order: Entry) -> datetime | None:
    """When a fine or a repayment was paid in full; ``None`` while something is left."""
    paid = Decimal()
    for payment in _payments(entries, order):
        paid += Decimal(payment.effect["amount"])
        if paid >= Decimal(order.effect["amount"]):
            return payment.effective_from
    return None


def _payments(entries: Entries, order: Entry) -> list[Entry]:
    return sorted(
        (e for e in entries.about(order) if e.action is Action.PAY), key=lambda e: (e.effective_from, e.ref)
    )


def open_measures(entries: Entries, t: datetime) -> Mapping[int, Measure]:
    """The measures not over at ``t``, by ``ref``: those to come and stayed ones too."""
    found = entries.those(*SUSPENSIONS, Action.RESTRICT)
    return {e.ref: measure(entries, e, t) for e in found if is_open(entries, e, t)}


def is_open(entries: Entries, entry: Entry, t: datetime) -> bool:
    """Whether a measure is not over at ``t``: not lifted, lapsed, served or set aside."""
    end = _clock_end(entries, entry, t) if entry.action in SUSPENSIONS else entry.effective_until
    return not (
        entries.followed(entry, t, Action.LIFT)
        or entries.set_aside(entry, t)
        or (end is not None and end <= t)
    )


def measure(entries: Entries, entry: Entry, t: datetime) -> Measure:
    """Since when a measure has effect and the end that was stated for it by ``t``."""
    since = first_unstayed(entry.effective_from, entries.stays(entry))
    until = _stated_end(entries, entry, t)[0] if entry.action in SUSPENSIONS else entry.effective_until
    return Measure(since or entry.effective_from, until)


def ends(entries: Entries, word: Entry) -> list[datetime]:
    """The end of a suspension that ``word`` states, and where each stay of the suspension moves it."""
    suspension = entries.by_ref.get(word.ref if word.action in SUSPENSIONS else word.refers_to or 0)
    if suspension is None or not word.effect.get("until"):
        return []
    stays = entries.stays(suspension)
    return [_moved(word.effect, suspension.effective_from, stays[:count]) for count in range(len(stays) + 1)]


def _clock_end(entries: Entries, entry: Entry, t: datetime) -> datetime | None:
    """When a suspension ends by the clock, as it looks at ``t`` (L22, L6); ``None`` = by decision."""
    found = []
    confirms = entries.followed(entry, t, Action.CONFIRM)
    ratified = [*confirms, *entries.followed(entry, t, Action.RATIFY)]
    for name, words in (("ratify_by", ratified), ("confirm_by", confirms)):
        deadline = entry.deadline(name)
        if deadline is not None and not any(e.effective_from < deadline for e in words):
            found.append(deadline)
    stated, with_conditions = _stated_end(entries, entry, t)
    if stated is not None and not with_conditions:
        found.append(stated)
    return min(found, default=None)


def _stated_end(entries: Entries, entry: Entry, t: datetime) -> tuple[datetime | None, bool]:
    """The end that was stated for a suspension by ``t``, and whether conditions must be met beside it."""
    words = [entry, *entries.followed(entry, t, Action.EXTEND, Action.CONFIRM)]
    with_conditions = any(e.effect.get("conditions_to_lift") for e in words)
    stated = [e.effect for e in words if "until" in e.effect]
    if not stated or not stated[-1]["until"]:
        return None, with_conditions
    begun = [stay for stay in entries.stays(entry) if stay[0] <= t]
    return _moved(stated[-1], entry.effective_from, begun), with_conditions


def _moved(stated: Mapping[str, Any], begins: datetime, stays: Stays) -> datetime:
    """The stated end of a suspension, moved by the whole local days on which it was stayed.

    So an appeal cannot run out the clock of a punishment, and no day is served twice.
    """
    zone, end = str(stated["zone"]), datetime.fromisoformat(stated["until"])
    counted = begins
    for start, over in stays:
        first = max(start, counted)
        if over is None or first >= end or over <= first:
            continue
        lost = days.local_day(over, zone) - _first_whole_day(first, zone)
        counted = over
        if lost > timedelta():
            end = days.end_of(days.local_day(end, zone) + lost - timedelta(days=1), zone)
    return end


def _first_whole_day(instant: datetime, zone: str) -> date:
    day = days.local_day(instant, zone)
    return day if days.first_instant(day, zone) == instant else day + timedelta(days=1)
