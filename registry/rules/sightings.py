"""What somebody's lists say of a licence that nobody has decided on, as pieces of time (rulings 18)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from registry.rules import days

_DAY = timedelta(days=1)
_REASONS: Mapping[str, str] = {
    "in_force": "listed.on_list",
    "not_in_force": "listed.status_not_in_force",
}


class _Piece(NamedTuple):
    """Local days from ``first`` to ``last``, both inclusive, and what is said of them."""

    first: date
    last: date | None
    said: Mapping[str, Any]


def sightings(
    observed: Sequence[Mapping[str, Any]],
) -> list[tuple[datetime, datetime | None, Mapping[str, Any]]]:
    """What the lists say, as pieces of time ``(start, end, said)`` from the first sighting's freshness on.

    Each observation holds ``source, on (day), zone, fresh_days, present, status (in_force | not_in_force |
    word_unknown), previous_on`` (the list's day before this one, or null). A list speaks for ``fresh_days``
    to both sides of its day, but never past another list that says otherwise; a day further away is unknown.
    ``said`` adds ``reason, first_seen, last_seen``.
    """
    rows = sorted(observed, key=lambda row: str(row["on"]))
    if not rows:
        return []
    shown = [str(row["on"]) for row in rows if row["present"]]
    pieces: list[_Piece] = []
    for before, row in pairwise((None, *rows)):
        assert row is not None  # noqa: S101 - only the one before the first is none
        on = date.fromisoformat(row["on"])
        _stop_before(pieces, on)
        start = _speaks_from(row, before)
        if pieces and (last := pieces[-1].last) is not None:
            start = max(start, last + _DAY)
            if start > last + _DAY:
                reason = "listed.before_and_after" if row["present"] else "listed.stale"
                pieces.append(_Piece(last + _DAY, start - _DAY, {**pieces[-1].said, "reason": reason}))
        end = on + timedelta(days=row["fresh_days"]) if row["present"] else None
        pieces.append(_Piece(start, end, _said(row, shown)))
    newest = pieces[-1]
    if newest.last is not None:
        pieces.append(_Piece(newest.last + _DAY, None, {**newest.said, "reason": "listed.stale"}))
    zone = rows[0]["zone"]
    return [
        (days.first_instant(first, zone), days.end_of(last, zone) if last is not None else None, said)
        for first, last, said in pieces
    ]


def _stop_before(pieces: list[_Piece], on: date) -> None:
    """The newest list has the word from its own day on."""
    if pieces and (pieces[-1].last is None or pieces[-1].last >= on):
        first, _, said = pieces.pop()
        if first < on:
            pieces.append(_Piece(first, on - _DAY, said))


def _speaks_from(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> date:
    """The first day that a list may speak for: not past an earlier list that did not say the same."""
    on = date.fromisoformat(row["on"])
    if not row["present"]:
        return on
    if before is not None and (not before["present"] or before["status"] != row["status"]):
        return on
    earliest = on - timedelta(days=row["fresh_days"])
    if before is None and row.get("previous_on"):
        return max(earliest, date.fromisoformat(row["previous_on"]) + _DAY)
    return earliest


def _said(row: Mapping[str, Any], shown: Sequence[str]) -> dict[str, Any]:
    """What one list says: its source and words, the reason, the first and last day on which one showed it."""
    reason = _REASONS.get(row["status"], "listed.word_unknown") if row["present"] else "listed.not_on_latest"
    return {k: row[k] for k in ("source", "status", "class") if k in row} | {
        "first_seen": shown[0] if shown else None,
        "last_seen": max((day for day in shown if day <= row["on"]), default=row["on"]),
        "reason": reason,
    }
