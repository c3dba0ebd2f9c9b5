"""The public answer of a licence over its whole life: what each span of time says, as ready JSON without texts.

Pure: entries and the holder's public facts in, pieces out. Publication is judged when it is asked for (rulings 14): a
spent sanction leaves every answer, also about past days, and a span that only it explains is answered ``unknown``.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from registry.rules import days, measures, standing
from registry.rules.entries import Entries
from registry.rules.grounds import SanctionKind
from registry.rules.lifecycle import SUSPENSIONS, Action, Overlay, Result, State
from registry.rules.standing import BEGINNING, Entry, Span, Standing

_TOLD_BY_STATE: Final = frozenset(SUSPENSIONS) | {Action.RESTRICT}
"""Sanctions that the answer of a span of time tells even where it does not name them."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a policy says to the public: the authority's words for a state, and what a worker may be asked to pay."""

    legal_terms: Mapping[str, str]
    worker_fee: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the public may read of the holder, beside the licence itself. Days are local days of the authority."""

    number: str
    legacy_number: str
    licence_class: str
    origin: str
    authority: Mapping[str, Any]
    agency_number: str
    name: str
    latin_name: str
    country: str
    trading_names: tuple[Mapping[str, Any], ...] = ()
    offices: tuple[Mapping[str, Any], ...] = ()
    channels: tuple[Mapping[str, Any], ...] = ()
    stated: tuple[tuple[datetime, Stated], ...] = ()
    """What the authority's policies say, from each instant on; the first also before it."""

    def said(self, at: datetime) -> Stated:
        """What the authority's policy says at ``at``; nothing where it has none."""
        return said(self.stated, at)

    @property
    def zone(self) -> str:
        """The authority's time zone."""
        return str(self.authority["zone"])


def said(stated: Sequence[tuple[datetime, Stated]], at: datetime) -> Stated:
    """What holds at ``at`` of what the policies say from each instant on; the first also before it."""
    found = next((words for start, words in reversed(stated) if start <= at), None)
    if found is None:
        found = stated[0][1] if stated else Stated({})
    return found


def reworded(
    body: str, stated: Sequence[tuple[datetime, Stated]], *, start: datetime, end: datetime | None, cut: bool
) -> str:
    """A body with what the policies say from ``start`` on; ``cut``: its span is shorter now, ``start`` to ``end``."""
    told = json.loads(body)
    words, standing_ = said(stated, start), told["standing"]
    standing_["legal_term"] = words.legal_terms.get(standing_["state"] or "", "")
    told["worker_fee"] = _fee(words.worker_fee)
    if cut:
        told["since"] = None if start == BEGINNING else rfc3339(start)
        told["until"] = told["verdict"]["until"] = rfc3339(end)
    return _written(told)


def _written(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Piece:
    """One span of the public answer, before it becomes a row. ``body`` is JSON without texts and sequence."""

    start: datetime
    end: datetime | None
    state: str
    result: str
    may_recruit: bool
    body: str
    withhold_from: datetime | None
    licence_class: str
    corridors: tuple[str, ...]


def pieces(
    facts: Facts,
    entries: Sequence[Entry],
    *,
    at: datetime,
    known_at: datetime | None = None,
    life: Sequence[Span] | None = None,
) -> tuple[Piece, ...]:
    """The public life of a licence: what was and will be answered, as far as the public may know it at ``at``.

    What is spent is judged by all that is known now, also where ``known_at`` asks for less. ``life``: the fold of all
    the entries, from a caller who has it already.
    """
    known = [e for e in entries if known_at is None or e.recorded_at <= known_at]
    if life is None or known_at is not None:
        life = standing.spans(known)
    every = _sanctions(facts.zone, known, life)
    judged = every if known_at is None else _sanctions(facts.zone, entries, standing.spans(entries))
    held = {s.entry.ref: s for s in every if not s.undone}
    ends = [(s, s.public_until) for s in judged if s.entry.ref in held and s.public_until is not None]
    over = {s.entry.ref: s.over for s, until in ends if until <= at}
    spent = [s for ref, s in held.items() if ref in over]
    shown = [s for ref, s in held.items() if ref not in over and not _never_shown(s.entry)]
    withhold = min((until for _, until in ends if until > at), default=None)
    complete_since = _whole_since(over.values(), known)
    told = {i for s in shown for i in (s.entry.decided_at, s.start, s.over) if i is not None}
    return tuple(
        _piece(facts, span, shown, spent, withhold, complete_since) for span in _cut_again(facts, life, told)
    )


def spent(entries: Sequence[Entry], *, zone: str, at: datetime) -> frozenset[int]:
    """The ``ref`` of every entry whose sanction the public no longer reads at ``at``, or never did."""
    never = {e.ref for e in entries if _never_shown(e)}
    if not any(_may_be_spent(e, zone, at) for e in entries):
        return frozenset(never)
    shown = _sanctions(zone, entries, standing.spans(entries))
    return frozenset(
        {s.entry.ref for s in shown if s.public_until is not None and s.public_until <= at} | never
    )


def complete_since(entries: Sequence[Entry], *, zone: str, at: datetime) -> datetime | None:
    """Since when nothing is missing from what the public reads at ``at``; ``None`` where nothing was entered."""
    over: list[datetime | None] = []
    if any(_never_shown(e) or _may_be_spent(e, zone, at) for e in entries):
        shown = _sanctions(zone, entries, standing.spans(entries))
        over = [s.over for s in shown if not s.undone and s.public_until is not None and s.public_until <= at]
    return _whole_since(over, entries)


def _whole_since(over: Iterable[datetime | None], entries: Sequence[Entry]) -> datetime | None:
    """Since the last end of a sanction that is spent, or since the beginning."""
    return max((end for end in over if end is not None), default=_first_instant(entries))


def _never_shown(entry: Entry) -> bool:
    """Whether it is a sanction that the public never reads as such; while it has effect, the state shows it."""
    return bool(entry.effect.get("sanction")) and entry.effect.get("public_months") == 0


def _may_be_spent(entry: Entry, zone: str, at: datetime) -> bool:
    """Whether the publication of a sanction would be over had its effect ended when it began; spares a fold if not."""
    months = entry.effect.get("public_months")
    if not entry.effect.get("sanction") or not months:
        return False
    began = days.local_day(min(entry.effective_from, entry.decided_at), zone)
    return days.end_of(days.add_months(began, int(months)), zone) <= at


@dataclass(frozen=True, slots=True)
class Shown:
    """A sanction as the public may read it: ``over`` is the end of its effect, ``public_until`` of its publication.

    ``undone``: by a correction or from the beginning, so that only earlier knowledge holds it.
    """

    entry: Entry
    kind: SanctionKind
    start: datetime
    over: datetime | None
    public_until: datetime | None
    undone: bool


def sanctions(entries: Sequence[Entry], *, zone: str) -> tuple[Shown, ...]:
    """Every sanction that the public reads or once read, with the end of its effect and of its publication."""
    return tuple(_sanctions(zone, entries, standing.spans(entries)))


def _first_instant(entries: Sequence[Entry]) -> datetime | None:
    return min((e.effective_from for e in entries), default=None)


def _sanctions(zone: str, entries: Sequence[Entry], life: Sequence[Span]) -> list[Shown]:
    """Every sanction that the public reads, or can tell from a span of time, with both its ends."""
    if not any(e.effect.get("sanction") for e in entries):
        return []
    held = Entries(entries)
    valid = {e.ref for e in held.valid}
    fold_ends = {suspension.ref: span.end for span in life for suspension in span.standing.suspensions}
    found = []
    for entry in entries:
        kind = entry.effect.get("sanction")
        months = entry.effect.get("public_months")
        if not kind or (months == 0 and entry.action not in _TOLD_BY_STATE):
            continue
        undone = entry.ref not in valid
        over = _undone_at(entry, held) if undone else _effect_end(entry, held, fold_ends)
        until = None
        if months is not None and over is not None:
            until = (
                days.end_of(days.add_months(days.local_day(over, zone), int(months)), zone)
                if months
                else over
            )
        found.append(Shown(entry, SanctionKind(kind), entry.effective_from, over, until, undone))
    return found


def _undone_at(entry: Entry, held: Entries) -> datetime | None:
    """When an entry that is undone was."""
    undoing = {Action.CORRECT, Action.SET_ASIDE}
    words = [e.decided_at for e in held.valid if e.refers_to == entry.ref and e.action in undoing]
    return min(words, default=None)


def _effect_end(entry: Entry, held: Entries, fold_ends: Mapping[int, datetime | None]) -> datetime | None:
    """When the effect of a sanction was or will be over; a single act is over when it is done."""
    match entry.action:
        case action if action in SUSPENSIONS:
            return fold_ends.get(entry.ref, entry.effective_from)
        case Action.RESTRICT:
            return _restriction_end(entry, held)
        case Action.DEBAR:
            course = held.course(entry)
            return course[1] if course is not None else entry.effective_from
        case Action.REVOKE | Action.VOID:
            return None
        case Action.ORDER_REPAYMENT:
            return measures.settled_at(held, entry)  # public until it is paid, and for months after
        case _:
            return entry.effective_from


def _restriction_end(entry: Entry, held: Entries) -> datetime | None:
    begun = [turn for turn in held.turns if turn >= entry.effective_from]
    last = max((turn for turn in begun if measures.is_open(held, entry, turn)), default=None)
    if last is None:
        return entry.effective_from
    return next((turn for turn in begun if turn > last), None)


def _cut_again(facts: Facts, life: Sequence[Span], cuts: set[datetime]) -> list[Span]:
    """The spans, cut again at ``cuts``, where an office, a channel or a name begins or ends, and where words change."""
    cuts |= {start for start, _ in facts.stated[1:]}
    for row in (*facts.trading_names, *facts.offices, *facts.channels):
        if row["first_day"] is not None:
            cuts.add(days.first_instant(row["first_day"], facts.zone))
        if row["last_day"] is not None:
            cuts.add(days.end_of(row["last_day"], facts.zone))
    if not cuts:
        return list(life)
    found = []
    for span in life:
        inside = sorted(c for c in cuts if span.start < c and (span.end is None or c < span.end))
        starts = [span.start, *inside]
        found += [Span(s, e, span.standing) for s, e in zip(starts, [*inside, span.end], strict=True)]
    return found


def _piece(
    facts: Facts, span: Span, shown: Sequence[Shown], spent: Sequence[Shown],
    withhold: datetime | None, complete_since: datetime | None,
) -> Piece:  # fmt: skip
    """One span as the public reads it; a span that only a spent sanction explains is not told (rulings 14)."""
    stands = span.standing
    hidden = {s.entry.ref for s in spent}
    withheld = any(s.ref in hidden for s in stands.suspensions) or (
        Overlay.PARTIAL in stands.overlays
        and any(
            s.start <= span.start and (s.over is None or span.start < s.over)
            for s in spent if s.kind is SanctionKind.PARTIAL_SUSPENSION
        )
    )  # fmt: skip
    if withheld:
        stands = Standing(
            state=State.NOT_GRANTED, result=Result.UNKNOWN, may_recruit=False, reasons=("history.not_public",)
        )
    body = _body(facts, span, stands, shown, complete_since, withheld=withheld)
    return Piece(
        start=span.start,
        end=span.end,
        state="" if withheld else stands.state.value,
        result=stands.result.value,
        may_recruit=stands.may_recruit,
        body=_written(body),
        withhold_from=withhold,
        licence_class=stands.licence_class or facts.licence_class,
        corridors=stands.scope.corridors,
    )


def _body(
    facts: Facts, span: Span, stands: Standing, public: Sequence[Shown], complete_since: datetime | None,
    *, withheld: bool,
) -> dict[str, Any]:  # fmt: skip
    """The public body; the one place that knows its shape."""
    since = None if span.start == BEGINNING else rfc3339(span.start)
    until = rfc3339(span.end)
    day = days.local_day(span.start, facts.zone) if span.start != BEGINNING else date.min
    stated = None if withheld else stands.state.value
    cut, said = stands.cut, facts.said(span.start)
    return {
        "number": facts.number,
        "verdict": {
            "result": stands.result.value,
            "may_recruit": stands.may_recruit,
            "reasons": [{"code": code} for code in stands.reasons],
            "until": until,
        },
        "standing": {
            "state": stated,
            "overlays": sorted(o.value for o in stands.overlays),
            "legal_term": said.legal_terms.get(stated or "", ""),
            "since": rfc3339(stands.since),
        },
        "holder": {
            "number": facts.agency_number,
            "name": facts.name,
            "latin_name": facts.latin_name,
            "trading_names": [n["name"] for n in _on(facts.trading_names, day)],
        },
        "authority": dict(facts.authority),
        "class": stands.licence_class or facts.licence_class,
        "legacy_number": facts.legacy_number,
        "origin": facts.origin,
        "scope": {
            "corridors": list(stands.scope.corridors),
            "occupations": list(stands.scope.occupations),
            "cut": {
                "corridors": list(cut.corridors),
                "occupations": list(cut.occupations),
                "new_recruitment_only": stands.new_recruitment_only,
            }
            if cut is not None and not withheld
            else None,
        },
        "worker_fee": _fee(said.worker_fee),
        "terms": [{"first_day": first, "last_day": last} for first, last in stands.terms],
        "conditions": [dict(condition) for _, condition in stands.conditions],
        "offices": [_plain_days(o) for o in _on(facts.offices, day)],
        "channels": [{"kind": c["kind"], "value": c["value"]} for c in _on(facts.channels, day)],
        "sanctions": [_sanction(s, span) for s in public if min(s.entry.decided_at, s.start) <= span.start],
        "decided": [
            {
                "effective_from": rfc3339(start),
                "action": next(s.entry.action.value for s in public if s.entry.ref == ref),
            }
            for ref, start in stands.pending
            if any(s.entry.ref == ref for s in public)
        ],
        "listed": dict(stands.listed) if stands.listed else None,
        "history_complete_since": rfc3339(complete_since),
        "since": since,
        "until": until,
    }


def _fee(rule: Mapping[str, str] | None) -> dict[str, Any] | None:
    """What a worker may be asked to pay; ``None`` where the authority has said nothing, which is no rule."""
    if rule is None:
        return None
    limits = {name: rule.get(name) or None for name in ("amount", "currency", "months_of_wage")}
    return {"rule": {"code": f"fee.{rule['rule']}"}, **limits, "law": rule.get("law", "")}


def _on(rows_: Iterable[Mapping[str, Any]], day: date) -> list[Mapping[str, Any]]:
    """Those rows that hold on ``day``."""
    return [
        r for r in rows_
        if (r["first_day"] is None or r["first_day"] <= day) and (r["last_day"] is None or day <= r["last_day"])
    ]  # fmt: skip


def _plain_days(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}


def _sanction(shown: Shown, span: Span) -> dict[str, Any]:
    over = shown.over if shown.over is not None and shown.over <= span.start else None
    return {
        "kind": shown.kind.value,
        "since": rfc3339(shown.start),
        "until": rfc3339(shown.over),
        "over": over is not None,
        "grounds": [{"code": ground} for ground in shown.entry.grounds],
        "public_until": rfc3339(shown.public_until),
    }


def rfc3339(instant: datetime | None) -> str | None:
    """An instant as the wire writes it: UTC, ``Z``, microseconds only where there are any."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
