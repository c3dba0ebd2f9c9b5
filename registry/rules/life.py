"""The life of a licence as stretches of time, read from the fold: what a picture of it, or a table, is made of.

Each stretch is one thing that was, is or will be true without a break: a state, a term, a time without one, a
suspension, a cut, a condition, a decision that waits for its effect. The fold alone is asked (``standing.spans``),
never the history of the records, so that a picture and an answer can not differ.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from registry.rules import days, standing
from registry.rules.entries import Entry
from registry.rules.lifecycle import RUNNING, Overlay, State
from registry.rules.standing import Span, Standing


class Lane(StrEnum):
    """What a stretch tells of, in the order in which a picture shows them."""

    STATE = "state"
    TERM = "term"
    GAP = "gap"
    SUSPENSION = "suspension"
    RESTRICTION = "restriction"
    CONDITION = "condition"
    ANNOUNCED = "announced"
    UNSECURED = "unsecured"
    SURVEILLANCE = "surveillance"
    APPEAL = "appeal"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of time ``[start, end)`` on which one thing holds; ``end`` is ``None`` where none is known.

    ``what``: the code of the state, the kind of suspension or the action announced, the words of a condition.
    ``names``: corridors and occupations of a cut. ``ref``: the entry behind it, where there is one. ``result``: of a
    state alone.
    """

    lane: Lane
    start: datetime
    end: datetime | None
    what: str = ""
    ref: int | None = None
    result: str = ""
    names: tuple[str, ...] = ()


class _Fact(NamedTuple):
    lane: Lane
    what: str = ""
    ref: int | None = None
    result: str = ""
    names: tuple[str, ...] = ()


_OVER: Final = frozenset({State.SURRENDERED, State.CANCELLED, State.REVOKED, State.VOID})
_UNBEGUN: Final = frozenset({"listed.not_yet", "licence.not_yet", "record.not_known_then"})
_MARKED: Final[Mapping[Overlay, Lane]] = {
    Overlay.SURVEILLANCE: Lane.SURVEILLANCE,
    Overlay.UNDER_APPEAL: Lane.APPEAL,
    Overlay.STAYED: Lane.STAY,
}


def stretches(
    entries: Iterable[Entry], *, zone: str, known_at: datetime | None = None
) -> tuple[Stretch, ...]:
    """All that the entries recorded by ``known_at`` say of a life, the future included; lane by lane, oldest first.

    Nothing where no entry says anything. ``zone``: where the days of the terms run.
    """
    held = list(entries)
    actions = {entry.ref: entry.action.value for entry in held}
    life = standing.spans(held, known_at=known_at)
    found = [*_joined(life, actions), *_terms(life, zone)]
    found += _gaps(found)
    order = list(Lane)
    return tuple(sorted(found, key=lambda one: (order.index(one.lane), one.start, one.ref or 0)))


def _joined(life: Sequence[Span], actions: Mapping[int, str]) -> list[Stretch]:
    """What is true on neighbouring spans is one stretch."""
    open_: dict[_Fact, Stretch] = {}
    done: list[Stretch] = []
    for span in life:
        true = dict.fromkeys(_facts(span.standing, actions))
        done += [open_.pop(fact) for fact in tuple(open_) if fact not in true]
        for fact in true:
            start = open_[fact].start if fact in open_ else span.start
            open_[fact] = Stretch(fact.lane, start, span.end, *fact[1:])
    return [*done, *open_.values()]


def _facts(stands: Standing, actions: Mapping[int, str]) -> Iterator[_Fact]:
    """What is true of a licence that stands so."""
    if stands.state is State.NOT_GRANTED or _UNBEGUN & set(stands.reasons):
        return
    yield _Fact(Lane.STATE, stands.state.value, result=stands.result.value)
    for ref, _instant in stands.pending:
        yield _Fact(Lane.ANNOUNCED, actions.get(ref, ""), ref)
    for overlay, lane in _MARKED.items():
        if overlay in stands.overlays:
            yield _Fact(lane)
    if stands.state in _OVER:
        return
    for suspension in stands.suspensions:
        yield _Fact(Lane.SUSPENSION, suspension.kind.value, suspension.ref)
    if stands.cut is not None:
        cut = (*stands.cut.corridors, *stands.cut.occupations)
        yield _Fact(Lane.RESTRICTION, "new" if stands.new_recruitment_only else "", names=cut)
    for ref, condition in stands.conditions:
        yield _Fact(Lane.CONDITION, condition.get("text") or ", ".join(condition.values()), ref)
    if "security.missing" in stands.reasons:
        yield _Fact(Lane.UNSECURED)


def _terms(life: Sequence[Span], zone: str) -> list[Stretch]:
    """Each term as far as the licence lived: one that was revoked or given up holds none any more."""
    found: dict[tuple[str, str], Stretch] = {}
    for span in life:
        if span.standing.state in _OVER:
            continue
        for term in span.standing.terms:
            first, last = (date.fromisoformat(str(day)) for day in term)
            start = max(span.start, days.first_instant(first, zone))
            over = days.end_of(last, zone)
            end = over if span.end is None else min(span.end, over)
            if start < end:
                began = found[term].start if term in found else start
                found[term] = Stretch(Lane.TERM, began, end)
    return list(found.values())


def _gaps(found: Sequence[Stretch]) -> list[Stretch]:
    """The times between two terms in which the licence had run out and was renewed late."""
    states = [one for one in found if one.lane is Lane.STATE]
    running = [one.start for one in states if one.what in RUNNING]
    return [
        Stretch(Lane.GAP, one.start, one.end)
        for one in states
        if one.what == State.EXPIRED and any(one.end is not None and start >= one.end for start in running)
    ]
