"""What the entries of one licence mean at an instant: a pure fold, asked about any instant and any knowledge.

``at(entries, at=…, known_at=…)`` gives the :class:`Standing`; ``spans(entries)`` gives the whole life as
pieces of time on which the answer does not change. Expiry, lapses, deemed renewals and the freshness of lists
are computed here when asked, never by a job. The fold reads only what was frozen into the entries (rulings
2), never today's policy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Self

from registry.rules import days, measures, securities, sightings
from registry.rules.entries import Entries, Entry
from registry.rules.grounds import FAVOURABLE
from registry.rules.lifecycle import ENDED, LIVE, SUSPENSIONS, Action, Overlay, Result, Scope, State
from registry.rules.measures import Cut, Measure, Suspension

__all__ = [
    "BEGINNING",
    "NOTHING_KNOWN",
    "Entry",
    "Span",
    "Standing",
    "Suspension",
    "at",
    "last_term",
    "open_measures",
    "renewal_asked",
    "spans",
]

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
TERMINAL = (
    (Action.VOID, State.VOID),
    (Action.REVOKE, State.REVOKED),
)
#: Decisions that end a licence without blame, in the order of their weight.
_ENDING: Mapping[Action, State] = {Action.CANCEL: State.CANCELLED, Action.SURRENDER: State.SURRENDERED}
#: The entries that say for what and on which conditions a licence is good.
_GIVING = (Action.GRANT, Action.ADOPT, Action.VARY, Action.RENEW, Action.RENEW_LATE)
#: Decisions whose later effect is announced as "decided, not yet in effect".
ANNOUNCED = frozenset(SUSPENSIONS) | {
    Action.REVOKE, Action.CANCEL, Action.SURRENDER, Action.RESTRICT, Action.DEBAR, Action.LIFT, Action.VARY,
}  # fmt: skip

_LISTED_RESULTS: Mapping[str, Result] = {
    "listed.on_list": Result.LICENSED,
    "listed.status_not_in_force": Result.NOT_LICENSED,
}
#: What is still announced of a licence that has ended.
_STILL_ANNOUNCED: Mapping[State, frozenset[Action]] = {
    State.VOID: frozenset({Action.DEBAR}),
    State.REVOKED: frozenset({Action.DEBAR}),
    State.CANCELLED: frozenset({Action.DEBAR, Action.REVOKE}),
    State.SURRENDERED: frozenset({Action.DEBAR, Action.REVOKE}),
}
#: Overlays that are reasons too, the weightiest first.
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


@dataclass(frozen=True, slots=True)
class Standing:
    """What a licence is at one instant.

    ``may_recruit``: whether anybody may be taken on under it; a limited licence under which only what had begun
    may be finished says no. ``reasons``: codes of ``rules.grounds.REASONS``, the weightiest first; none is
    favourable beside a no. ``until``: the next instant at which the answer may change by the clock alone.
    ``since``: since when the state has been this one. ``grace_until``: until when an expired licence may be
    renewed late.
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
    pieces: list[tuple[datetime, Standing]] = []
    for start in (BEGINNING, *fold.instants):
        standing = fold.at(start)
        if not pieces or pieces[-1][1] != standing:
            pieces.append((start, standing))
    found: list[Span] = []
    since: datetime | None = None
    ends = [*(start for start, _ in pieces[1:]), None]
    for (start, standing), end in zip(pieces, ends, strict=True):
        if found and found[-1].standing.state is not standing.state:
            since = start
        found.append(Span(start, end, replace(standing, since=since, until=end)))
    return tuple(found)


def open_measures(entries: Iterable[Entry], *, at: datetime) -> Mapping[int, Measure]:
    """The suspensions and restrictions not over at ``at``, by ``ref``: those to come and stayed too."""
    return measures.open_measures(Entries(entries), at)


def security(entries: Iterable[Entry], *, at: datetime) -> securities.Position:
    """The security behind the licence at ``at``: what is asked for, held and drawn."""
    fold = _Fold(entries)
    return securities.position(fold, at, fold.latest(at, "security"))


def last_term(entries: Iterable[Entry], *, at: datetime) -> Entry | None:
    """The entry that gave the term that ends last; ``None`` where no term is given at ``at``."""
    return _Fold(entries).last_term(at)


def renewal_asked(entries: Iterable[Entry], *, at: datetime) -> bool:
    """Whether a renewal of the term that ends last has been filed by ``at``, be it refused since."""
    return _Fold(entries).renewal_asked(at)


class _Fold(Entries):
    """The entries of one licence, asked what they mean."""

    @cached_property
    def instants(self) -> tuple[datetime, ...]:
        """Every instant at which the answer may change, in order."""
        found = set(self.turns)
        for entry in self.valid:
            found.add(entry.decided_at)
            deadlines = map(entry.deadline, entry.deadlines)
            found.update(i for i in deadlines if i is not None)
            found.update(measures.ends(self, entry))
            if term := entry.effect.get("term"):
                found |= {_instant(term["starts_at"]), _instant(term["ends_at"])}
        for start, end, _ in self.sighted:
            found |= {start, end} if end is not None else {start}
        return tuple(sorted(found))

    # --- the answer ---

    def at(self, t: datetime) -> Standing:
        """The standing at ``t``, without ``since`` and ``until``."""
        suspensions = measures.suspensions(self, t)
        state, why = self.state(t, suspensions)
        if state is State.LISTED:
            return self.listed_standing(t, suspensions)
        scope = self.scope(t)
        cut = measures.cut(self, t, scope)
        pending = self.pending(t, state)
        overlays = self.overlays(t, state, cut) | _implied(state, suspensions, pending)
        live, reasons = state in LIVE, [*why]
        limited = live and cut.scope is not None
        if limited:
            reasons.insert(0, _reason(cut))
        if live and securities.missing(self, t, self.latest(t, "security")):
            live = False
            reasons.insert(0, "security.missing")
        live = live and not cut.everything
        may_recruit = live and not cut.all_new
        reasons += [_NOTED[o] for o in _NOTED if o in overlays]
        return Standing(
            state=state,
            result=(Result.LIMITED if limited else Result.LICENSED) if live else Result.NOT_LICENSED,
            may_recruit=may_recruit,
            reasons=_told(reasons, may_recruit=may_recruit),
            overlays=overlays,
            suspensions=suspensions,
            cut=cut.scope,
            new_recruitment_only=cut.new_only,
            scope=scope,
            licence_class=self.latest(t, "class"),
            conditions=self.conditions(t),
            terms=self.terms(t),
            pending=pending,
            grace_until=self.grace(t) if state is State.EXPIRED else None,
        )

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
        enders = [*self.in_effect(t, *_ENDING), *self.bars(t, grants)]
        for ender in sorted(enders, key=lambda e: (e.effective_from, e.ref)):
            before, _ = self.running_state(ender.effective_from, grants, ())
            if before in ENDED:
                continue
            if ender.action is Action.DEBAR:
                return State.CANCELLED, ["agency.debarred"]
            state = _ENDING[ender.action]
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
        suspended = _suspended(suspensions)
        if self.in_term(t):
            return (State.SUSPENDED, suspended) if suspended else (State.ACTIVE, ["licence.in_force"])
        if self.term_over(t) is None:
            return State.PENDING_ACTIVATION, ["licence.pending_activation"]
        if self.deemed(t):
            if suspended:
                return State.SUSPENDED, suspended
            return State.RENEWAL_PENDING, ["renewal.deemed_in_force"]
        newest = max(e.ref for e in self.term_entries(t))
        refused = any(e.ref > newest for e in self.in_effect(t, Action.REFUSE_RENEWAL))
        return State.EXPIRED, ["licence.expired", *(["renewal.refused"] if refused else [])]

    # --- terms and renewals ---

    def activated_by(self, lapse: datetime, t: datetime) -> bool:
        """Whether an activation was decided in time, be its effect still to come at ``t``."""
        return any(e.decided_at < lapse and not self.set_aside(e, t) for e in self.those(Action.ACTIVATE))

    def term_entries(self, t: datetime) -> list[Entry]:
        """Entries that give a term and have effect at ``t``."""
        given = self.in_effect(t, Action.GRANT, Action.ADOPT, Action.RENEW, Action.RENEW_LATE)
        return [e for e in given if "term" in e.effect]

    def terms(self, t: datetime) -> tuple[tuple[str, str], ...]:
        """(first day, last day) of every term given by ``t``, in order."""
        given = [e.effect["term"] for e in self.term_entries(t)]
        return tuple(sorted((term["first_day"], term["last_day"]) for term in given))

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

    def last_term(self, t: datetime) -> Entry | None:
        """The entry that gave the term that ends last of those given by ``t``."""
        return max(self.term_entries(t), key=lambda e: e.effect["term"]["last_day"], default=None)

    def refused(self, last_day: str, t: datetime) -> bool:
        """Whether the renewal of the term of that last day stands refused at ``t``, upon whichever filing."""
        refusals = self.in_effect(t, Action.REFUSE_RENEWAL)
        filings = (self.by_ref[refusal.refers_to] for refusal in refusals if refusal.refers_to is not None)
        return any(filing.effect.get("renews") == last_day for filing in filings)

    def renewal_asked(self, t: datetime) -> bool:
        """Whether a renewal of the term that ends last was filed before, or stands refused."""
        last = self.last_term(t)
        if last is None:
            return False
        last_day = last.effect["term"]["last_day"]
        filed = any(e.effect.get("renews") == last_day for e in self.those(Action.FILE_RENEWAL))
        return filed or self.refused(last_day, t)

    def deemed(self, t: datetime) -> bool:
        """Whether a renewal filed in time keeps the licence in force at ``t``, after the term it renews (L15)."""
        over = [e.effect["term"] for e in self.term_entries(t) if _instant(e.effect["term"]["ends_at"]) <= t]
        last_day = max((term["last_day"] for term in over), default="")
        return any(
            filing.effect.get("renews") == last_day
            and (until := filing.deadline("deemed_until")) is not None
            and t < until
            for filing in self.in_effect(t, Action.FILE_RENEWAL)
        ) and not self.refused(last_day, t)

    def grace(self, t: datetime) -> datetime | None:
        """Until when a late renewal may be decided: the grace after the term or what was deemed.

        A renewal that stands refused is not granted late: only an appeal or a new application remains.
        """
        last = self.last_term(t)
        if last is not None and self.refused(last.effect["term"]["last_day"], t):
            return None
        given = self.term_entries(t)
        open_ = {last_day for _, last_day in self.terms(t) if not self.refused(last_day, t)}
        filings = [e for e in self.in_effect(t, Action.FILE_RENEWAL) if e.effect.get("renews") in open_]
        ends = [e.deadline("grace_until") for e in (*given, *filings)]
        return max((end for end in ends if end is not None), default=None)

    def filed_undecided(self, t: datetime) -> bool:
        """Whether a renewal has been filed and neither granted nor refused."""
        decided = self.in_effect(t, Action.RENEW, Action.RENEW_LATE, Action.REFUSE_RENEWAL)
        newest = max((e.ref for e in decided), default=0)
        return any(filing.ref > newest for filing in self.in_effect(t, Action.FILE_RENEWAL))

    # --- what it is good for, and what else is true ---

    def giving(self, t: datetime) -> list[Entry]:
        """What says at ``t`` for what and on which conditions the licence is good: a renewal from its term on."""
        said = self.in_effect(t, *_GIVING)
        renewals = {
            e.ref for e in said if e.action is Action.RENEW and t < _instant(e.effect["term"]["starts_at"])
        }
        return [e for e in said if e.ref not in renewals]

    def latest(self, t: datetime, key: str) -> Any:
        """The word about ``key`` of the licence's terms that came into effect last by ``t``."""
        said = [e for e in self.giving(t) if key in e.effect]
        return max(said, key=lambda e: (e.effective_from, e.ref)).effect[key] if said else None

    def scope(self, t: datetime) -> Scope:
        """For what the licence is good, before cuts."""
        said = self.latest(t, "scope") or {}
        return Scope(tuple(said.get("corridors", ())), tuple(said.get("occupations", ())))

    def conditions(self, t: datetime) -> tuple[tuple[int, Mapping[str, str]], ...]:
        """The conditions that are open at ``t``, each with the entry that set it."""
        return tuple(
            (e.ref, condition)
            for e in self.giving(t)
            for condition in e.effect.get("conditions", ())
            if not self.followed(e, t, Action.MEET_CONDITION)
        )

    def bars(self, t: datetime, grants: list[Entry]) -> list[Entry]:
        """The bars that the licence has met by ``t``: it does not outlive one, even when that ends."""
        born = min(e.effective_from for e in grants)
        met = [e for e in self.those(Action.DEBAR) if self.has_begun(e, t)]
        return [e for e in met if e.effective_until is None or born < e.effective_until]

    def pending(self, t: datetime, state: State) -> tuple[tuple[int, datetime], ...]:
        """Decisions made by ``t`` whose effect is still to come, each with the instant at which it begins.

        A stay moves that instant; while nobody knows when the stay ends, there is none to announce. Nothing is
        announced of a licence that has ended but what is graver than its end.
        """
        waiting = [
            e for e in self.those(*_STILL_ANNOUNCED.get(state, ANNOUNCED))
            if e.decided_at <= t and not self.has_effect(e, t)
        ]  # fmt: skip
        if not waiting:
            return ()
        known = self.decided_by(t)
        begins = ((e.ref, known.begins(e, t)) for e in waiting)
        return tuple((ref, instant) for ref, instant in begins if instant is not None and instant > t)

    def overlays(self, t: datetime, state: State, cut: Cut) -> frozenset[Overlay]:
        """What else is true at ``t``, apart from what the state and what is pending imply."""
        present = {
            Overlay.PROVISIONAL: bool(self.latest(t, "provisional")),
            Overlay.CONDITIONS: bool(self.conditions(t)),
            Overlay.SURVEILLANCE: self.watched(t),
            Overlay.PARTIAL: cut.scope is not None,
            Overlay.UNDER_APPEAL: self.under_appeal(t),
            Overlay.STAYED: any(self.stayed(e, t) for e in self.valid),
            Overlay.DEBARRED: bool(self.in_effect(t, Action.DEBAR)),
            Overlay.RENEWAL_FILED: state in {State.ACTIVE, State.SUSPENDED} and self.filed_undecided(t),
        }
        return frozenset(o for o, true in present.items() if true)

    def watched(self, t: datetime) -> bool:
        """Whether the holder is under surveillance: by decision, or for months after a punishment."""
        ordered = self.in_effect(t, Action.SURVEIL)
        lifted = [e.deadline("watched_until") for e in self.in_effect(t, Action.LIFT)]
        return any(not self.followed(e, t, Action.END_SURVEILLANCE) for e in ordered) or any(
            until is not None and t < until for until in lifted
        )

    def under_appeal(self, t: datetime) -> bool:
        """Whether an appeal is open: not ended, and what it is about not set aside since."""
        for appeal in self.in_effect(t, Action.FILE_APPEAL):
            target = self.by_ref.get(appeal.refers_to or 0)
            decided = self.first_set_aside(target, after=appeal) if target is not None else None
            if not self.followed(appeal, t, Action.END_APPEAL) and (decided is None or t < decided):
                return True
        return False

    # --- listed licences ---

    @cached_property
    def sighted(self) -> list[tuple[datetime, datetime | None, Mapping[str, Any]]]:
        """Pieces of time and what somebody's lists say of them, in order and without overlap."""
        return sightings.sightings([e.effect for e in self.those(Action.OBSERVE)])

    @cached_property
    def only_lists(self) -> bool:
        """Whether nobody has decided anything: then there is nothing to say but what the lists say."""
        return all(e.action is Action.OBSERVE for e in self.valid)

    def listed_standing(self, t: datetime, suspensions: tuple[Suspension, ...]) -> Standing:
        """The standing of a licence that is known only from lists, its adoption having been undone or never made.

        What was decided against it and still has effect outweighs them: a bar, an end, a suspension, a cut.
        """
        said = next((w for start, end, w in self.sighted if start <= t and (end is None or t < end)), None)
        reason = str(said["reason"]) if said is not None else "listed.not_yet"
        result = _LISTED_RESULTS.get(reason, Result.UNKNOWN)
        licence_class = said.get("class") if said is not None else None
        if self.only_lists:
            return Standing(
                state=State.LISTED, result=result, may_recruit=result is Result.LICENSED, reasons=(reason,),
                listed=said, licence_class=licence_class,
            )  # fmt: skip
        pending, cut = self.pending(t, State.LISTED), measures.cut(self, t, Scope())
        overlays = self.overlays(t, State.LISTED, cut) | _implied(State.LISTED, suspensions, pending)
        against = self.against_lists(t, said, suspensions)
        if against:
            result = Result.NOT_LICENSED
        elif result is Result.LICENSED and cut.scope is not None:
            result, against = Result.LIMITED, [_reason(cut)]
        may_recruit = result in {Result.LICENSED, Result.LIMITED} and not cut.all_new
        reasons = [*against, reason, *(_NOTED[o] for o in _NOTED if o in overlays)]
        return Standing(
            state=State.LISTED,
            result=result,
            may_recruit=may_recruit,
            reasons=_told(reasons, may_recruit=may_recruit),
            overlays=overlays,
            suspensions=suspensions,
            cut=cut.scope,
            new_recruitment_only=cut.new_only,
            pending=pending,
            listed=said,
            licence_class=licence_class,
        )

    def against_lists(
        self, t: datetime, said: Mapping[str, Any] | None, suspensions: tuple[Suspension, ...]
    ) -> list[str]:
        """The reasons for which a licence is no licence whatever a list says, the weightiest first."""
        ends = [e.action for e in self.in_effect(t, *_ENDING)]
        return [
            *(["agency.debarred"] if self.barred_from_lists(t, said) else []),
            *(f"licence.{state.value}" for action, state in _ENDING.items() if action in ends),
            *_suspended(suspensions),
        ]

    def barred_from_lists(self, t: datetime, said: Mapping[str, Any] | None) -> bool:
        """Whether a bar has begun and no list of a day after its end shows the licence again."""
        for bar in self.those(Action.DEBAR):
            if not self.has_begun(bar, t):
                continue
            if bar.effective_until is None or t < bar.effective_until:
                return True
            if said is not None:
                zone = str(self.those(Action.OBSERVE)[0].effect["zone"])
                if days.first_instant(date.fromisoformat(said["last_seen"]), zone) < bar.effective_until:
                    return True
        return False


def _implied(
    state: State, suspensions: tuple[Suspension, ...], pending: tuple[tuple[int, datetime], ...]
) -> frozenset[Overlay]:
    """What the state, the suspensions and what is pending say beside themselves."""
    found = {Overlay.DECIDED_PENDING_EFFECT} if pending else set()
    if state is State.EXPIRED and suspensions:
        found.add(Overlay.SUSPENDED_AT_EXPIRY)
    return frozenset(found)


def _reason(cut: Cut) -> str:
    """How much a restriction leaves."""
    if cut.everything:
        return "scope.nothing_left"
    return "scope.no_new_recruitment" if cut.all_new else "scope.limited"


def _suspended(suspensions: tuple[Suspension, ...]) -> list[str]:
    """What the open suspensions give as reasons, each kind once."""
    return list(dict.fromkeys(f"suspension.{s.kind.value.removesuffix('_suspension')}" for s in suspensions))


def _told(reasons: Iterable[str], *, may_recruit: bool) -> tuple[str, ...]:
    """Each reason once; none that reads as a yes where the answer is no."""
    return tuple(dict.fromkeys(r for r in reasons if may_recruit or r not in FAVOURABLE))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
