"""Timelines: the entries of a licence in the order in which they were made, as everybody may read them; one query."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry import prepared
from registry.models import Entry
from registry.rules import answer, standing
from registry.rules.lifecycle import Action, Kind
from registry.rules.publication import TIMELINE_TEXTS_PUBLIC

_PUBLISHED: Final = prepared.Statement(
    "timeline",
    """
SELECT u.zone, e.id, c.base + 1 + e.ordinal, e.kind, e.action, e.step, c.recorded_at, e.decided_at, e.effective_from,
       e.effective_until, e.refers_to_id, e.grounds, e.effect, e.deadlines,
       (SELECT jsonb_object_agg(t.language, t.text ORDER BY t.id) FROM registry_entrytext t
        WHERE t.entry_id = e.id AND NOT t.restricted AND t.text <> '')
FROM registry_licence l
JOIN registry_authority u ON u.id = l.authority_id
LEFT JOIN registry_entry e ON e.licence_id = l.id AND e.published
LEFT JOIN registry_registercommit c ON c.id = e.commit_id
WHERE l.number = $1 AND EXISTS (SELECT FROM registry_publishedrecord p WHERE p.licence_id = l.id)
ORDER BY e.id
""",
)


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with everything that a timeline says of it; ``ref`` and ``refers_to`` are keys, not sequence numbers."""

    ref: int
    sequence: int
    kind: str
    action: str
    step: str
    recorded_at: datetime
    decided_at: datetime
    effective_from: datetime
    effective_until: datetime | None
    refers_to: int | None
    grounds: Sequence[str]
    effect: Mapping[str, Any]
    deadlines: Mapping[str, str]
    texts: Mapping[str, str]


def published(number: str, *, at: datetime) -> list[dict[str, Any]] | None:
    """The published entries of a licence, oldest first, as far as they are public at ``at``.

    ``None``: nothing is published under this number.
    """
    rows = _PUBLISHED.rows(number)
    if not rows:
        return None
    zone = (rows[0][0] or b"").decode()
    entries = [_read(row) for row in rows if row[1] is not None]
    spent = _spent(entries, zone=zone, at=at)
    shown: set[int] = set()
    for entry in entries:  # oldest first: what speaks of an entry comes after it, and goes with it
        if entry.ref not in spent and (entry.refers_to is None or entry.refers_to in shown):
            shown.add(entry.ref)
    sequences = {entry.ref: entry.sequence for entry in entries}
    undone = {
        entry.refers_to: entry for entry in entries if entry.action in {Action.CORRECT, Action.SET_ASIDE}
    }
    return [item(entry, sequences, undone.get(entry.ref)) for entry in entries if entry.ref in shown]


def told(row: Entry) -> Told:
    """A row of the register, as officials read it too."""
    return Told(
        ref=row.pk,
        sequence=row.sequence,
        kind=row.kind,
        action=row.action,
        step=row.step,
        recorded_at=row.commit.recorded_at,
        decided_at=row.decided_at,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        refers_to=row.refers_to_id,
        grounds=row.grounds,
        effect=row.effect,
        deadlines=row.deadlines,
        texts={text.language: text.text for text in row.texts.all() if not text.restricted},
    )


def item(entry: Told, sequences: Mapping[int, int], undone_by: Told | None) -> dict[str, Any]:
    """One entry as a timeline tells it; ``undone_by``: the correction or order that speaks against it."""
    effect = entry.effect
    term = effect.get("term")
    return {
        "sequence": entry.sequence,
        "kind": entry.kind,
        "action": entry.action,
        "step": entry.step,
        "recorded_at": answer.rfc3339(entry.recorded_at),
        "decided_at": answer.rfc3339(entry.decided_at),
        "effective_from": answer.rfc3339(entry.effective_from),
        "effective_until": answer.rfc3339(entry.effective_until),
        "until": effect.get("until"),
        "grounds": [{"code": ground} for ground in entry.grounds],
        "sanction": effect.get("sanction"),
        "refers_to": sequences.get(entry.refers_to) if entry.refers_to else None,
        "deadlines": dict(entry.deadlines),
        "term": {"first_day": term["first_day"], "last_day": term["last_day"]} if term else None,
        "texts": dict(entry.texts) if TIMELINE_TEXTS_PUBLIC else {},
        "undone_by": _undone(undone_by) if undone_by is not None else None,
        "listed": (
            {name: effect.get(name) for name in ("source", "on", "present", "status")}
            if entry.action == Action.OBSERVE
            else None
        ),
    }


def _undone(by: Told) -> dict[str, Any]:
    from_the_beginning = by.action == Action.CORRECT or bool(by.effect.get("ab_initio"))
    return {"sequence": by.sequence, "action": by.action, "from_the_beginning": from_the_beginning}


def _read(row: prepared.Row) -> Told:
    values = [None if value is None else value.decode() for value in row[1:]]
    (
        ref,
        sequence,
        kind,
        action,
        step,
        recorded,
        decided,
        start,
        end,
        refers_to,
        grounds,
        effect,
        deadlines,
        texts,
    ) = values
    return Told(
        ref=int(ref or 0),
        sequence=int(sequence or 0),
        kind=kind or "",
        action=action or "",
        step=step or "",
        recorded_at=datetime.fromisoformat(recorded or ""),
        decided_at=datetime.fromisoformat(decided or ""),
        effective_from=datetime.fromisoformat(start or ""),
        effective_until=datetime.fromisoformat(end) if end else None,
        refers_to=int(refers_to) if refers_to else None,
        grounds=json.loads(grounds or "[]"),
        effect=json.loads(effect or "{}"),
        deadlines=json.loads(deadlines or "{}"),
        texts=json.loads(texts or "{}"),
    )


def _spent(entries: Sequence[Told], *, zone: str, at: datetime) -> frozenset[int]:
    """The entries that the public no longer reads; most licences have none that it could be, and nothing is folded."""
    if not any(entry.effect.get("sanction") for entry in entries):
        return frozenset()
    return answer.spent([_folded(entry) for entry in entries], zone=zone, at=at)


def _folded(entry: Told) -> standing.Entry:
    return standing.Entry(
        ref=entry.ref,
        action=Action(entry.action),
        kind=Kind(entry.kind),
        decided_at=entry.decided_at,
        recorded_at=entry.recorded_at,
        effective_from=entry.effective_from,
        effective_until=entry.effective_until,
        refers_to=entry.refers_to,
        grounds=tuple(entry.grounds),
        effect=entry.effect,
        deadlines=entry.deadlines,
    )
