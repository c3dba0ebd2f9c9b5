"""What the entries of one licence mean at an instant: a pure fold, asked about any instant and any knowledge.

``at(entries, at=…, known_at=…)`` gives the :class:`Standing`; ``spans(entries)`` gives the whole life as
pieces of time on which the answer does not change. Expiry, lapses, deemed renewals and the freshness of lists
are computed here when asked, never by a job. The fold reads only what was frozen into the entries (rulings
2), never today's policy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Self

from registry.rules import days
from registry.rules.grounds import SanctionKind
from registry.rules.lifecycle import ENDED, LIVE, SUSPENSIONS, Action, Kind, Overlay, Result, Scope, State

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
TERMINAL = (
    (Action.VOID, State.VOID),
    (Action.REVOKE, State.REVOKED),
)
#: Decisions whose later effect is announced as "decided, not yet in effect".
ANNOUNCED = frozenset(SUSPENSIONS) | {
    Action.REVOKE, Action.CANCEL, Action.SURRENDER, Action.RESTRICT, Action.DEBAR, Action.LIFT, Action.VARY,
}  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension that is open. ``until``: when it ends by the clock; ``None`` = only by a decision."""

    ref: int
    kind: SanctionKind
    since: datetime
    until: datetime | None
    grounds: tuple[str, ...]
    interim: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a licence is at one instant.

    ``reasons``: codes of ``rules.grounds.REASONS``, the weightiest first. ``until``: the next instant at
    which the answer may change by the clock alone. ``since``: since when the state has been this one.
    ``grace_until``: until when an expired licence may be renewed late.
    ``grace_until``: until when an expired licence may still be renewed.
    """

    state: State
    result: Result
    may_recruit: bool
    reasons: tuple[str, ...]
    overlays: frozenset[Overlay] = frozenset()
    suspensions: tuple[Suspension, ...] = ()
    cut: Scope | None = None
    new_recruitment_only: bool = False
    scope: Scope = field(default_factory=Scope)
    licence_class: str | None = None
    conditions: tuple[tuple[int, Mapping[str, str]], ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    pending: tuple[tuple[int, datetime], ...] = ()
    listed: Mapping[str, Any] | None = None
    grace_until: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    def same_answer(self, other: Self) -> bool:
        """Whether both say the same, whatever the time."""
        return replace(self, since=None, until=None) == replace(other, since=None, until=None)


NOTHING_KNOWN = Standing(
    state=State.NOT_GRANTED, result=Result.UNKNOWN, may_recruit=False, reasons=("record.not_known_then",)
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of time ``[start, end)`` on which the standing says the same; ``end`` is ``None`` for ever."""

    start: datetime
    end: datetime | None
    standing: Standing


def at(entries: Iterable[Entry], *, at: datetime, known_at: datetime | None = None) -> Standing:
    """The standing at ``at`` as the register knew it at ``known_at`` (default: all that is recorded)."""
    return next(
        span.standing for span in spans(entries, known_at=known_at) if span.end is None or at < span.end
    )


def spans(entries: Iterable[Entry], *, known_at: datetime | None = None) -> tuple[Span, ...]:
    """The whole life, from the beginning of time, each piece with its ``since`` and ``until`` filled in."""
    known = [e for e in entries if known_at is None or e.recorded_at <= known_at]
    if not known:
        return (Span(BEGINNING, None, NOTHING_KNOWN),)
    fold = _Fold(known)
    pieces: list[Span] = []
    state_since: datetime | None = None
    for start in (BEGINNING, *fold.instants):
        standing = fold.at(start)
        if pieces and pieces[-1].standing.same_answer(standing):
            continue
        if not pieces or pieces[-1].standing.state is not standing.state:
            state_since = None if start == BEGINNING else start
        if pieces:
            before = pieces[-1]
            pieces[-1] = Span(before.start, start, replace(before.standing, until=start))
        pieces.append(Span(start, None, replace(standing, since=state_since)))
    return tuple(pieces)


class Measure(NamedTuple):
    """A suspension or restriction that is not over: since when, and the end that was stated for it."""

    since: datetime
    until: datetime | None


def open_measures(entries: Iterable[Entry], *, at: datetime) -> Mapping[int, Measure]:
    """The suspensions and restrictions not over at ``at``, by ``ref``: those to come and stayed too."""
    fold = _Fold(list(entries))
    measures = fold.those(*SUSPENSIONS, Action.RESTRICT)
    return {e.ref: fold.measure(e, at) for e in measures if fold.is_open(e, at)}


class _Fold:
    """The entries of one licence, prepared once, asked at many instants."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = sorted(entries, key=lambda e: e.ref)
        self.by_ref = {e.ref: e for e in self.entries}
        self.nullified = self._nullified()
        self.valid = [e for e in self.entries if e.ref not in self.nullified]
        self.about: dict[int, list[Entry]] = {}
        for entry in self.valid:
            if entry.refers_to is not None:
                self.about.setdefault(entry.refers_to, []).append(entry)
        self.stays = {e.ref: self._stays(e) for e in self.valid if e.ref in self.about}

    def _nullified(self) -> set[int]:
        """Entries that a correction or an order from the beginning has undone; the newest word counts."""
        gone: set[int] = set()
        for entry in reversed(self.entries):
            undoes = entry.action is Action.CORRECT or (
                entry.action is Action.SET_ASIDE and entry.effect.get("ab_initio", False)
            )
            if undoes and entry.ref not in gone and entry.refers_to is not None:
                gone.add(entry.refers_to)
        return gone

    def _stays(
        self, target: Entry, *, decided_by: datetime | None = None
    ) -> list[tuple[datetime, datetime | None]]:
        """The pieces of time in which ``target`` is stayed: by order, or by an appeal that suspends it.

        ``decided_by``: as far as it was decided then.
        """
        found: list[tuple[datetime, datetime | None]] = []
        later = [
            e for e in self.about.get(target.ref, ()) if decided_by is None or e.decided_at <= decided_by
        ]
        for stay in later:
            by_appeal = stay.action is Action.FILE_APPEAL and stay.effect.get("stays", False)
            if not (stay.action is Action.STAY or by_appeal):
                continue
            enders = (
                {Action.END_APPEAL, Action.SET_ASIDE} if by_appeal else {Action.END_STAY, Action.SET_ASIDE}
            )
            ends = [
                e.effective_from
                for e in (*later, *self.about.get(stay.ref, ()))
                if e.action in enders
                and e.ref > stay.ref
                and (decided_by is None or e.decided_at <= decided_by)
            ]
            if stay.effective_until is not None:
                ends.append(stay.effective_until)
            found.append((stay.effective_from, min(ends) if ends else None))
        return sorted(found, key=lambda piece: piece[0])

    @cached_property
    def instants(self) -> tuple[datetime, ...]:
        """Every instant at which the answer may change, in order."""
        found: set[datetime] = set()
        for entry in self.valid:
            found.add(entry.effective_from)
            found.add(entry.decided_at)
            found.update(
                i for i in (entry.effective_until, *map(entry.deadline, entry.deadlines)) if i is not None
            )
            found.update(self._stated_ends(entry))
            if term := entry.effect.get("term"):
                found.update((_instant(term["starts_at"]), _instant(term["ends_at"])))
            found.update(end for _, end in self.stays.get(entry.ref, ()) if end is not None)
        for start, end, _ in self.sighted:
            found.update((start, end) if end is not None else (start,))
        return tuple(sorted(found))

    def _stated_ends(self, word: Entry) -> list[datetime]:
        """The end of a suspension that ``word`` states, and where each stay of the suspension moves it."""
        if not word.effect.get("until"):
            return []
        suspension = word.ref if word.action in SUSPENSIONS else word.refers_to or 0
        stays = self.stays.get(suspension, [])
        if suspension not in self.by_ref:
            return []
        from_ = self.by_ref[suspension].effective_from
        return [_moved(word.effect, from_, stays[:count]) for count in range(len(stays) + 1)]

    # --- what is in effect ---------------------------------------------------------------------------------

    def stayed(self, entry: Entry, t: datetime) -> bool:
        """Whether ``entry`` is stayed at ``t``."""
        return any(start <= t and (end is None or t < end) for start, end in self.stays.get(entry.ref, ()))

    def set_aside(self, entry: Entry, t: datetime) -> bool:
        """Whether an order that has effect at ``t`` has set ``entry`` aside for the future."""
        return any(
            e.action is Action.SET_ASIDE and self.has_effect(e, t) for e in self.about.get(entry.ref, ())
        )

    def has_effect(self, entry: Entry, t: datetime) -> bool:
        """Whether ``entry`` has begun, is not stayed, not set aside and not over at ``t``."""
        if entry.effective_from > t or self.stayed(entry, t):
            return False
        over = entry.effective_until is not None and entry.effective_until <= t
        return not over and not self.set_aside(entry, t)

    def those(self, *actions: Action) -> list[Entry]:
        """The valid entries of these actions, oldest first."""
        return [e for e in self.valid if e.action in actions]

    def in_effect(self, t: datetime, *actions: Action) -> list[Entry]:
        """Those of them that have effect at ``t``."""
        return [e for e in self.those(*actions) if self.has_effect(e, t)]

    # --- the answer ----------------------------------------------------------------------------------------

    def at(self, t: datetime) -> Standing:
        """The standing at ``t``, without ``since`` and ``until``."""
        suspensions = self.suspensions(t)
        state, why = self.state(t, suspensions)
        if state is State.LISTED:
            return self.listed_standing(t)
        cut, new_only = self.cut(t)
        overlays = self.overlays(t, state, suspensions, cut, new_only)
        reasons = [*why]
        live = state in LIVE
        result = Result.NOT_LICENSED
        if live and Overlay.PARTIAL in overlays:
            reasons.insert(0, "scope.limited")
        if live and self.security_missing(t):
            live = False
            reasons.insert(0, "security.missing")
        live = live and not self.nothing_left(t)
        if live:
            result = Result.LIMITED if Overlay.PARTIAL in overlays else Result.LICENSED
        reasons += [_NOTED[o] for o in _NOTED if o in overlays]
        return Standing(
            state=state, result=result, may_recruit=live, reasons=tuple(dict.fromkeys(reasons)),
            overlays=overlays, suspensions=suspensions, cut=cut, new_recruitment_only=new_only,
            scope=self.scope(t), licence_class=self.latest(t, "class"),
            conditions=self.conditions(t), terms=self.terms(t), pending=self.pending(t, state),
            grace_until=self.grace(t) if state is State.EXPIRED else None,
        )  # fmt: skip

    def state(self, t: datetime, suspensions: tuple[Suspension, ...]) -> tuple[State, list[str]]:
        """The canonical state at ``t`` and the reasons that say why."""
        for action, terminal in TERMINAL:
            if self.in_effect(t, action):
                return terminal, [f"licence.{terminal.value}"]
        grants = self.in_effect(t, Action.GRANT, Action.ADOPT)
        if not grants:
            listed = any(e.action is Action.OBSERVE for e in self.valid)
            return (State.LISTED, []) if listed else (State.NOT_GRANTED, ["licence.not_yet"])
        if (ended := self.ended(t, grants)) is not None:
            return ended
        state, why = self.running_state(t, grants, suspensions)
        if state not in ENDED and self.bars(t, grants):
            return State.CANCELLED, ["agency.debarred"]
        return state, why

    def ended(self, t: datetime, grants: list[Entry]) -> tuple[State, list[str]] | None:
        """The end that a cancellation, a surrender or a bar put to a licence that was still alive then."""
        enders = [*self.in_effect(t, Action.CANCEL, Action.SURRENDER), *self.bars(t, grants)]
        for ender in sorted(enders, key=lambda e: (e.effective_from, e.ref)):
            before, _ = self.running_state(ender.effective_from, grants, ())
            if before in ENDED:
                continue
            if ender.action is Action.DEBAR:
                return State.CANCELLED, ["agency.debarred"]
            state = State.CANCELLED if ender.action is Action.CANCEL else State.SURRENDERED
            return state, [f"licence.{state.value}"]
        return None

    def running_state(  # noqa: PLR0911 - one return a state
        self, t: datetime, grants: list[Entry], suspensions: tuple[Suspension, ...]
    ) -> tuple[State, list[str]]:
        """The state of a licence that nobody has ended."""
        if not any(e.action is Action.ADOPT for e in grants) and not self.in_effect(t, Action.ACTIVATE):
            lapse = grants[-1].deadline("activate_by")
            if lapse is not None and t >= lapse and not self.activated_by(lapse, t):
                return State.CANCELLED, ["licence.activation_lapsed"]
            return State.PENDING_ACTIVATION, ["licence.pending_activation"]
        suspended = [f"suspension.{s.kind.value.removesuffix('_suspension')}" for s in suspensions]
        suspended = list(dict.fromkeys(suspended))
        if self.in_term(t):
            return (State.SUSPENDED, suspended) if suspended else (State.ACTIVE, ["licence.in_force"])
        if self.term_over(t) is None:
            return State.PENDING_ACTIVATION, ["licence.pending_activation"]
        if self.deemed(t):
            if suspended:
                return State.SUSPENDED, suspended
            return State.RENEWAL_PENDING, ["renewal.deemed_in_force"]
        newest = max(e.ref for e in self.term_entries(t))
        refusals = self.in_effect(t, Action.REFUSE_RENEWAL)
        refused = ["renewal.refused"] if any(e.ref > newest for e in refusals) else []
        return State.EXPIRED, ["licence.expired", *refused]

    # --- parts of the state --------------------------------------------------------------------------------

    def activated_by(self, lapse: datetime, t: datetime) -> bool:
        """Whether an activation was decided in time, be its effect still to come at ``t``."""
        return any(e.decided_at < lapse and not self.set_aside(e, t) for e in self.those(Action.ACTIVATE))

    def term_entries(self, t: datetime) -> list[Entry]:
        """Entries that give a term and have effect at ``t``."""
        given = self.in_effect(t, Action.GRANT, Action.ADOPT, Action.RENEW, Action.RENEW_LATE)
        return [e for e in given if "term" in e.effect]

    def terms(self, t: datetime) -> tuple[tuple[str, str], ...]:
        """(first day, last day) of every term given by ``t``, in order."""
        return tuple(
            sorted(
                (e.effect["term"]["first_day"], e.effect["term"]["last_day"]) for e in self.term_entries(t)
            )
        )

    def in_term(self, t: datetime) -> bool:
        """Whether ``t`` lies in a term."""
        terms = (e.effect["term"] for e in self.term_entries(t))
        return any(_instant(term["starts_at"]) <= t < _instant(term["ends_at"]) for term in terms)

    def term_over(self, t: datetime) -> datetime | None:
        """The end of the latest term that is over at ``t``; ``None`` inside a term or before the first."""
        if self.in_term(t):
            return None
        ends = [_instant(e.effect["term"]["ends_at"]) for e in self.term_entries(t)]
        return max((end for end in ends if end <= t), default=None)

    def deemed(self, t: datetime) -> bool:
        """Whether a renewal filed in time keeps the licence in force at ``t`` (L15)."""
        for filing in self.in_effect(t, Action.FILE_RENEWAL):
            until = filing.deadline("deemed_until")
            refused = any(
                e.action is Action.REFUSE_RENEWAL and self.has_effect(e, t)
                for e in self.about.get(filing.ref, ())
            )
            over = self.term_over(t)
            renewed = any(
                e.action is Action.RENEW and e.ref > filing.ref and over is not None
                and _instant(e.effect["term"]["ends_at"]) <= over
                for e in self.term_entries(t)
            )  # fmt: skip
            if until is not None and t < until and not refused and not renewed:
                return True
        return False

    def suspensions(self, t: datetime) -> tuple[Suspension, ...]:
        """The suspensions open at ``t``: a set; the licence stands again only when it is empty."""
        found = []
        for entry in self.in_effect(t, *SUSPENSIONS):
            if not self.is_open(entry, t):
                continue
            later = [e for e in self.about.get(entry.ref, ()) if self.has_effect(e, t)]
            until = self.suspension_end(entry, t)
            confirmed = any(e.action is Action.CONFIRM for e in later)
            kind = SUSPENSIONS[entry.action]
            found.append(
                Suspension(
                    ref=entry.ref,
                    kind=kind,
                    since=self.measure(entry, t).since,
                    until=until,
                    grounds=entry.grounds,
                    interim=kind is SanctionKind.PREVENTIVE_SUSPENSION and not confirmed,
                )
            )
        return tuple(found)

    def suspension_end(self, entry: Entry, t: datetime) -> datetime | None:
        """When this suspension ends by the clock, as it looks at ``t`` (L22, L9); ``None`` = by decision."""
        later = [e for e in self.about.get(entry.ref, ()) if e.effective_from <= t and self.has_effect(e, t)]
        ends = []
        ratify_by, confirm_by = entry.deadline("ratify_by"), entry.deadline("confirm_by")
        confirms = [e for e in later if e.action is Action.CONFIRM]
        ratified = [e for e in later if e.action is Action.RATIFY or e in confirms]
        if ratify_by is not None and not any(e.effective_from < ratify_by for e in ratified):
            ends.append(ratify_by)
        if confirm_by is not None and not any(e.effective_from < confirm_by for e in confirms):
            ends.append(confirm_by)
        stated, with_conditions = self.stated_end(entry, t)
        if stated is not None and not with_conditions:
            ends.append(stated)
        return min(ends, default=None)

    def stated_end(self, entry: Entry, t: datetime) -> tuple[datetime | None, bool]:
        """The end that was stated for a suspension by ``t``, and whether conditions must be met beside it."""
        later = [e for e in self.about.get(entry.ref, ()) if self.has_effect(e, t)]
        words = [entry, *(e for e in later if e.action in {Action.EXTEND, Action.CONFIRM})]
        with_conditions = any(e.effect.get("conditions_to_lift") for e in words)
        stated = [e.effect for e in words if "until" in e.effect]
        if not stated or not stated[-1]["until"]:
            return None, with_conditions
        begun = [stay for stay in self.stays.get(entry.ref, ()) if stay[0] <= t]
        return _moved(stated[-1], entry.effective_from, begun), with_conditions

    def is_open(self, entry: Entry, t: datetime) -> bool:
        """Whether a measure is not over at ``t``: not lifted, lapsed, served or set aside."""
        end = self.suspension_end(entry, t) if entry.action in SUSPENSIONS else entry.effective_until
        lifted = any(e.action is Action.LIFT and self.has_effect(e, t) for e in self.about.get(entry.ref, ()))
        return not (lifted or self.set_aside(entry, t) or (end is not None and end <= t))

    def measure(self, entry: Entry, t: datetime) -> Measure:
        """Since when a measure has effect and the end that was stated for it by ``t``."""
        since = _first_unstayed(entry.effective_from, self.stays.get(entry.ref, ()))
        until = self.stated_end(entry, t)[0] if entry.action in SUSPENSIONS else entry.effective_until
        return Measure(since or entry.effective_from, until)

    def cut(self, t: datetime) -> tuple[Scope | None, bool]:
        """What restrictions cut out of the scope at ``t``, and whether one touches new recruitment only."""
        open_cuts = [e for e in self.in_effect(t, Action.RESTRICT) if self.is_open(e, t)]
        if not open_cuts:
            return None, False
        corridors = {c for e in open_cuts for c in e.effect.get("cut", {}).get("corridors", ())}
        occupations = {o for e in open_cuts for o in e.effect.get("cut", {}).get("occupations", ())}
        new_only = [e.effect["cut"] for e in open_cuts if e.effect.get("new_recruitment_only", False)]
        all_new = any(not _names_something(cut) for cut in new_only) or len(new_only) == len(open_cuts)
        return Scope(tuple(sorted(corridors)), tuple(sorted(occupations))), all_new

    def nothing_left(self, t: datetime) -> bool:
        """Whether the cuts together take every country, or every occupation, that the licence names."""
        cuts = [
            e.effect["cut"] for e in self.in_effect(t, Action.RESTRICT)
            if self.is_open(e, t) and not e.effect.get("new_recruitment_only", False)
        ]  # fmt: skip
        scope = self.scope(t)
        corridors = {c for cut in cuts if not cut["occupations"] for c in cut["corridors"]}
        occupations = {o for cut in cuts if not cut["corridors"] for o in cut["occupations"]}
        return bool(
            (scope.corridors and corridors.issuperset(scope.corridors))
            or (scope.occupations and occupations.issuperset(scope.occupations))
        )

    def latest(self, t: datetime, key: str) -> Any:
        """The word about ``key`` of the licence's terms that came into effect last by ``t``."""
        given = self.in_effect(t, Action.GRANT, Action.ADOPT, Action.VARY, Action.RENEW, Action.RENEW_LATE)
        said = [e for e in given if key in e.effect]
        return max(said, key=lambda e: (e.effective_from, e.ref)).effect[key] if said else None

    def scope(self, t: datetime) -> Scope:
        """For what the licence is good, before cuts."""
        said = self.latest(t, "scope") or {}
        return Scope(tuple(said.get("corridors", ())), tuple(said.get("occupations", ())))

    def conditions(self, t: datetime) -> tuple[tuple[int, Mapping[str, str]], ...]:
        """The conditions that are open at ``t``, each with the entry that set it."""
        return tuple(
            (e.ref, condition)
            for e in self.in_effect(
                t, Action.GRANT, Action.ADOPT, Action.VARY, Action.RENEW, Action.RENEW_LATE
            )
            for condition in e.effect.get("conditions", ())
            if not any(
                x.action is Action.MEET_CONDITION and self.has_effect(x, t) for x in self.about.get(e.ref, ())
            )
        )

    def bars(self, t: datetime, grants: list[Entry]) -> list[Entry]:
        """The bars that the licence has met by ``t``: it does not outlive one, even when that ends."""
        born = min(e.effective_from for e in grants)
        return [
            e for e in self.those(Action.DEBAR)
            if e.effective_from <= t and not self.stayed(e, t)
            and not self.set_aside(e, t)
            and (e.effective_until is None or born < e.effective_until)
        ]  # fmt: skip

    def security_missing(self, t: datetime) -> bool:
        """Whether the class needs a security that is not covered at ``t`` (rulings 10)."""
        required = self.latest(t, "security")
        if not required:
            return False
        currency, needed = required["currency"], Decimal(required["amount"])
        held = [
            e for e in self.newest_words(t)
            if e.effect["currency"] == currency and self.has_effect(e, t)
        ]  # fmt: skip
        if not held:
            return True
        oldest = min(e.effective_from for e in held)
        overdue = [
            e for e in self.in_effect(t, Action.DRAW_SECURITY)
            if e.effect["currency"] == currency and oldest <= e.effective_from
            and not ((by := e.deadline("replenish_by")) is not None and t < by)
        ]  # fmt: skip
        return sum(map(_amount, held)) - sum(map(_amount, overdue)) < needed

    def newest_words(self, t: datetime) -> list[Entry]:
        """The newest confirmation of each issuer by ``t``: it says all that this issuer holds."""
        said = [
            e for e in self.those(Action.CONFIRM_SECURITY)
            if e.effective_from <= t and not self.stayed(e, t) and not self.set_aside(e, t)
        ]  # fmt: skip
        newest: dict[str, Entry] = {}
        for entry in sorted(said, key=lambda e: (e.effective_from, e.ref)):
            newest[str(entry.effect.get("issuer", ""))] = entry
        return list(newest.values())

    def pending(self, t: datetime, state: State) -> tuple[tuple[int, datetime], ...]:
        """Decisions made by ``t`` whose effect is still to come, each with the instant at which it begins.

        A stay moves that instant; while nobody knows when the stay ends, there is none to announce. Nothing is
        announced of a licence that has ended but what is graver than its end.
        """
        found = []
        for entry in self.those(*_STILL_ANNOUNCED.get(state, ANNOUNCED)):
            if entry.decided_at > t or self.has_effect(entry, t):
                continue
            begins = _first_unstayed(max(entry.effective_from, t), self._stays(entry, decided_by=t))
            if begins is None or begins <= t:
                continue
            undone = any(
                e.action is Action.SET_ASIDE and e.decided_at <= t and e.effective_from <= begins
                for e in self.about.get(entry.ref, ())
            )
            over = entry.effective_until is not None and entry.effective_until <= begins
            if not undone and not over:
                found.append((entry.ref, begins))
        return tuple(found)

    def overlays(
        self,
        t: datetime,
        state: State,
        suspensions: tuple[Suspension, ...],
        cut: Scope | None,
        new_only: bool,  # noqa: FBT001 - part of the cut
    ) -> frozenset[Overlay]:
        """What else is true at ``t``."""
        appeals = self.in_effect(t, Action.FILE_APPEAL)
        appealed = [
            a for a in appeals
            if not any(
                e.action in {Action.END_APPEAL, Action.SET_ASIDE} and e.ref > a.ref and e.effective_from <= t
                for e in (*self.about.get(a.ref, ()), *self.about.get(a.refers_to or 0, ()))
            )
        ]  # fmt: skip
        watched = any(
            not any(
                x.action is Action.END_SURVEILLANCE and self.has_effect(x, t)
                for x in self.about.get(e.ref, ())
            )
            for e in self.in_effect(t, Action.SURVEIL)
        ) or any(
            (until := e.deadline("watched_until")) is not None and t < until
            for e in self.in_effect(t, Action.LIFT)
        )
        debarred = any(self.has_effect(e, t) for e in self.those(Action.DEBAR))
        filed = state in {State.ACTIVE, State.SUSPENDED} and self.filed_undecided(t)
        present = {
            Overlay.PROVISIONAL: bool(self.latest(t, "provisional")),
            Overlay.CONDITIONS: bool(self.conditions(t)),
            Overlay.SURVEILLANCE: watched,
            Overlay.PARTIAL: cut is not None and (bool(cut.corridors or cut.occupations) or new_only),
            Overlay.UNDER_APPEAL: bool(appealed),
            Overlay.STAYED: any(self.stayed(e, t) for e in self.valid),
            Overlay.DEBARRED: debarred,
            Overlay.DECIDED_PENDING_EFFECT: bool(self.pending(t, state)),
            Overlay.SUSPENDED_AT_EXPIRY: state is State.EXPIRED and bool(suspensions),
            Overlay.RENEWAL_FILED: filed,
        }
        return frozenset(o for o, true in present.items() if true)

    def grace(self, t: datetime) -> datetime | None:
        """Until when a late renewal may be decided: the grace after the term or what was deemed."""
        deemed = [
            e for e in self.in_effect(t, Action.FILE_RENEWAL)
            if not any(
                x.action is Action.REFUSE_RENEWAL and self.has_effect(x, t) for x in self.about.get(e.ref, ())
            )
        ]  # fmt: skip
        ends = [e.deadline("grace_until") for e in (*self.term_entries(t), *deemed)]
        return max((end for end in ends if end is not None), default=None)

    def filed_undecided(self, t: datetime) -> bool:
        """Whether a renewal has been filed and neither granted nor refused."""
        decided = self.in_effect(t, Action.RENEW, Action.RENEW_LATE, Action.REFUSE_RENEWAL)
        newest = max((e.ref for e in decided), default=0)
        return any(filing.ref > newest for filing in self.in_effect(t, Action.FILE_RENEWAL))

    # --- listed licences -----------------------------------------------------------------------------------

    @cached_property
    def sighted(self) -> list[tuple[datetime, datetime | None, Mapping[str, Any]]]:
        """Pieces of time and what somebody's lists say of them (rulings 18), in order and without overlap."""
        return sightings([e.effect for e in self.valid if e.action is Action.OBSERVE])

    @cached_property
    def only_lists(self) -> bool:
        """Whether nobody has decided anything: then there is nothing to say but what the lists say."""
        return all(e.action is Action.OBSERVE for e in self.valid)

    @cached_property
    def list_zone(self) -> str:
        """The zone in which the days of the lists are days."""
        return next(str(e.effect["zone"]) for e in self.valid if e.action is Action.OBSERVE)

    def listed_standing(self, t: datetime) -> Standing:
        """The standing of a licence that is known only from lists; a bar of its agency outweighs them."""
        overlays: frozenset[Overlay] = frozenset()
        pending: tuple[tuple[int, datetime], ...] = ()
        if not self.only_lists:
            overlays, pending = self.overlays(t, State.LISTED, (), None, False), self.pending(t, State.LISTED)
        noted = [_NOTED[o] for o in _NOTED if o in overlays]
        said = next(
            (said for start, end, said in self.sighted if start <= t and (end is None or t < end)), None
        )
        reason = str(said["reason"]) if said is not None else "listed.not_yet"
        result = _LISTED_RESULTS.get(reason, Result.UNKNOWN)
        if self.barred_from_lists(t, said):
            result, noted = Result.NOT_LICENSED, ["agency.debarred", *noted]
            reasons = [*noted, reason]
        else:
            reasons = [reason, *noted]
        return Standing(
            state=State.LISTED, result=result, may_recruit=result is Result.LICENSED,
            reasons=tuple(dict.fromkeys(reasons)), overlays=overlays, pending=pending,
            listed=said, licence_class=said.get("class") if said is not None else None,
        )  # fmt: skip

    def barred_from_lists(self, t: datetime, said: Mapping[str, Any] | None) -> bool:
        """Whether a bar has begun and no list of a day after its end shows the licence again."""
        for bar in self.those(Action.DEBAR):
            if self.has_effect(bar, t):
                return True
            over = bar.effective_until
            begun = bar.effective_from <= t and not self.stayed(bar, t)
            if not begun or self.set_aside(bar, t) or over is None or said is None:
                continue
            if days.first_instant(date.fromisoformat(said["last_seen"]), self.list_zone) < over:
                return True
        return False


def sightings(
    observed: Sequence[Mapping[str, Any]],
) -> list[tuple[datetime, datetime | None, Mapping[str, Any]]]:
    """What the lists say, as pieces of time ``(start, end, said)`` from the first sighting's freshness on.

    Each observation holds ``source, on (day), zone, fresh_days, present, status (in_force | not_in_force |
    word_unknown), previous_on`` (the list's day before this one, or null). A list speaks for ``fresh_days``
    to both sides of its day, but never past another list of the same source that says otherwise; a day
    further away is unknown. ``said`` adds ``reason, first_seen, last_seen``.
    """
    rows = sorted(observed, key=lambda o: o["on"])
    if not rows:
        return []
    pieces: list[tuple[date, date | None, dict[str, Any]]] = []  # local days [first, last]
    zone = rows[0]["zone"]
    shown = [date.fromisoformat(o["on"]) for o in rows if o["present"]]
    for index, row in enumerate(rows):
        on, fresh = date.fromisoformat(row["on"]), timedelta(days=row["fresh_days"])
        before = rows[index - 1] if index else None
        after = rows[index + 1] if index + 1 < len(rows) else None
        reach = pieces[-1][1] if pieces else None
        seen = {"first_seen": shown[0].isoformat() if shown else None,
                "last_seen": max((d for d in shown if d <= on), default=on).isoformat()}  # fmt: skip
        facts = {k: row[k] for k in ("source", "status", "class") if k in row} | seen
        if pieces and (reach is None or reach >= on):
            first, _, said = pieces.pop()
            if first < on:
                pieces.append((first, on - timedelta(days=1), said))
        start = on if not row["present"] else _reaching_back(row, before, on - fresh)
        if pieces:
            last = pieces[-1][1]
            start = max(start, last + timedelta(days=1)) if last is not None else start
        end = on + fresh if row["present"] else None
        if (
            before is not None
            and pieces
            and (gap := pieces[-1][1]) is not None
            and start > gap + timedelta(days=1)
        ):
            reason = "listed.before_and_after" if row["present"] else "listed.stale"
            said = {**pieces[-1][2], "reason": reason}
            pieces.append((gap + timedelta(days=1), start - timedelta(days=1), said))
        pieces.append((start, end, {**facts, "reason": _list_reason(row)}))
        if after is None and end is not None:
            pieces.append((end + timedelta(days=1), None, {**facts, "reason": "listed.stale"}))
    return [
        (days.first_instant(first, zone), days.end_of(last, zone) if last is not None else None, said)
        for first, last, said in pieces
    ]


def _reaching_back(row: Mapping[str, Any], before: Mapping[str, Any] | None, earliest: date) -> date:
    """The first day that a list may speak for: not past an earlier list that did not say the same."""
    on = date.fromisoformat(row["on"])
    if before is not None and (not before["present"] or before["status"] != row["status"]):
        return on
    if before is None and row.get("previous_on"):
        return max(earliest, date.fromisoformat(row["previous_on"]) + timedelta(days=1))
    return earliest


def _list_reason(row: Mapping[str, Any]) -> str:
    if not row["present"]:
        return "listed.not_on_latest"
    return {
        "in_force": "listed.on_list",
        "not_in_force": "listed.status_not_in_force",
    }.get(row["status"], "listed.word_unknown")


_LISTED_RESULTS: Mapping[str, Result] = {
    "listed.on_list": Result.LICENSED,
    "listed.status_not_in_force": Result.NOT_LICENSED,
}

_STILL_ANNOUNCED: Mapping[State, frozenset[Action]] = {
    State.VOID: frozenset({Action.DEBAR}),
    State.REVOKED: frozenset({Action.DEBAR}),
    State.CANCELLED: frozenset({Action.DEBAR, Action.REVOKE}),
    State.SURRENDERED: frozenset({Action.DEBAR, Action.REVOKE}),
}

_NOTED: Mapping[Overlay, str] = {
    Overlay.DEBARRED: "agency.debarred",
    Overlay.SUSPENDED_AT_EXPIRY: "licence.suspended_at_expiry",
    Overlay.DECIDED_PENDING_EFFECT: "licence.decided_pending_effect",
    Overlay.STAYED: "licence.stayed",
    Overlay.UNDER_APPEAL: "licence.under_appeal",
    Overlay.SURVEILLANCE: "licence.surveillance",
    Overlay.CONDITIONS: "licence.conditions",
    Overlay.PROVISIONAL: "licence.provisional",
}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _first_unstayed(instant: datetime, stays: Iterable[tuple[datetime, datetime | None]]) -> datetime | None:
    """The first instant from ``instant`` on that no stay covers; ``None`` where a stay has no known end."""
    for start, end in stays:
        if start <= instant and (end is None or instant < end):
            if end is None:
                return None
            instant = end
    return instant


def _moved(
    stated: Mapping[str, Any], begins: datetime, stays: Iterable[tuple[datetime, datetime | None]]
) -> datetime:
    """The stated end of a suspension, moved by the whole local days on which it was stayed.

    So an appeal cannot run out the clock of a punishment, and no day is served twice.
    """
    zone, end = str(stated["zone"]), _instant(stated["until"])
    counted = begins
    for start, over in stays:
        first, last = max(start, counted), over
        if last is None or first >= end or last <= first:
            continue
        lost = days.local_day(last, zone) - _first_whole_day(first, zone)
        counted = last
        if lost > timedelta():
            end = days.end_of(days.local_day(end, zone) + lost - timedelta(days=1), zone)
    return end


def _first_whole_day(instant: datetime, zone: str) -> date:
    day = days.local_day(instant, zone)
    return day if days.first_instant(day, zone) == instant else day + timedelta(days=1)


def _amount(entry: Entry) -> Decimal:
    return Decimal(entry.effect["amount"])


def _names_something(said: Mapping[str, Any]) -> bool:
    return bool(said["corridors"] or said["occupations"])
