"""Lives that many licences share, folded once: what the entries of one say when names and numbers are left out.

A register taken over from lists has few of them. Those of licences that officers decided on are nearly all different,
so only the last few thousand are kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from registry.rules import standing
from registry.rules.lifecycle import Action, Kind

_KEPT: Final = 4_000

Place = tuple[str, bool, date, date]
"""Where a licence stands in the list it is known from: the list, whether on the newest, the first and last day seen."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The entries with their order as ``ref``, and what follows from them alone.

    ``last_written``: the standing when the last of them was made; ``listed``: the place in a list, by observations.
    """

    entries: Sequence[standing.Entry]
    life: Sequence[standing.Span]
    last_written: standing.Standing
    listed: Place | None


class Patterns:
    """Folds entries, and those that are alike once."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Pattern] = {}

    def of(self, rows: Sequence[Sequence[Any]]) -> Pattern:
        """The pattern of a licence's entries, oldest first.

        Each is ``(id, action, kind, decided_at, effective_from, effective_until, refers_to, grounds, effect,
        deadlines)``, the last three as JSON texts.
        """
        place = {row[0]: ref for ref, row in enumerate(rows, start=1)}
        key = tuple((*row[1:6], None if row[6] is None else place.get(row[6], 0), *row[7:]) for row in rows)
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = _folded(key)
        return self._kept[key]


def _folded(rows: Sequence[Sequence[Any]]) -> Pattern:
    entries = [
        standing.Entry(
            ref=ref,
            action=Action(action),
            kind=Kind(kind),
            decided_at=decided_at,
            recorded_at=decided_at,  # what was known when is not asked here
            effective_from=effective_from,
            effective_until=effective_until,
            refers_to=refers_to,
            grounds=tuple(json.loads(grounds)),
            effect=json.loads(effect),
            deadlines=json.loads(deadlines),
        )
        for ref, (
            action,
            kind,
            decided_at,
            effective_from,
            effective_until,
            refers_to,
            grounds,
            effect,
            deadlines,
        ) in enumerate(rows, start=1)
    ]
    life = standing.spans(entries)
    newest = max(entry.decided_at for entry in entries)
    then = next(span.standing for span in life if span.end is None or newest < span.end)
    return Pattern(entries, life, then, _listed(entries))


def _listed(entries: Sequence[standing.Entry]) -> Place | None:
    observed = sorted(
        (e.effect["on"], e.effect["present"], e.effect.get("list", ""))
        for e in entries
        if e.action is Action.OBSERVE
    )
    days = [date.fromisoformat(on) for on, present, _ in observed if present]
    if not days:
        return None
    _, present, name = observed[-1]
    return name, present, days[0], days[-1]
