"""The life of a licence as a band: one piece for each time on which the answer was the same.

Drawn in percent of the width, so that text keeps its size on any screen; pieces differ by pattern as well as by colour;
the table of entries stands beneath. Time runs the way the reader's language runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext

from api.pages import verdicts, written

#: No piece is narrower than this share of the band: a week's suspension in twenty years must be seen.
NARROWEST: Final = 2.5
PATTERNS: Final = {"stop": "hatch", "wait": "dots"}


@dataclass(frozen=True, slots=True)
class Life:
    """A span of the published record: since when, until when (``None`` = on and on), the result."""

    start: datetime
    end: datetime | None
    result: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of the band, in percent."""

    x: float
    width: float
    tone: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A date under the band."""

    x: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Band:
    """Everything the picture needs, its label for those who do not see it, and its key."""

    pieces: tuple[Piece, ...]
    ticks: tuple[Tick, ...]
    now: float
    label: str
    key: tuple[verdicts.Row, ...]


def drawn(lives: Sequence[Life], *, now: datetime, zone: str, rtl: bool) -> Band | None:
    """The band from the first span to ``now``, or ``None`` where there is nothing to draw."""
    told = [life for life in lives if life.start < now]
    if not told:
        return None
    rows = [verdicts.row(life.result) for life in told]
    widths = _widths(
        [((min(life.end, now) if life.end else now) - life.start) / timedelta(seconds=1) for life in told]
    )
    pieces, x = [], 0.0
    for row, width in zip(rows, widths, strict=True):
        left = 100 - x - width if rtl else x
        pieces.append(Piece(round(left, 2), round(width, 2), row.tone, PATTERNS.get(row.tone, "")))
        x += width
    key = tuple({row.result: row for row in rows}.values())
    return Band(
        pieces=tuple(pieces),
        ticks=_ticks(told[0].start, now, zone, rtl=rtl),
        now=0.0 if rtl else 100.0,
        label=_label(told, rows, zone),
        key=key,
    )


def _widths(seconds: list[float]) -> list[float]:
    """Shares of a hundred, none below ``NARROWEST``, the wide ones paying for the narrow ones."""
    total = sum(seconds) or 1.0
    shares = [100 * s / total for s in seconds]
    floor = min(NARROWEST, 100 / len(shares))
    short = sum(floor - share for share in shares if share < floor)
    spare = sum(share - floor for share in shares if share > floor) or 1.0
    return [floor if share <= floor else share - (share - floor) * short / spare for share in shares]


def _ticks(start: datetime, now: datetime, zone: str, *, rtl: bool) -> tuple[Tick, ...]:
    """Where the band begins, its middle when it is long, and today."""
    months = now - start < timedelta(days=3 * 365)
    found = [
        Tick(
            100.0 if rtl else 0.0,
            "start",
            written.month(start, zone) if months else written.year(start, zone),
        )
    ]
    if not months:
        found.append(Tick(50.0, "middle", written.year(start + (now - start) / 2, zone)))
    found.append(Tick(0.0 if rtl else 100.0, "end", gettext("today")))
    return tuple(found)


def _label(lives: Sequence[Life], rows: Sequence[verdicts.Row], zone: str) -> str:
    """The band in words, for whoever hears the page."""
    told = (
        gettext("%(word)s from %(day)s") % {"word": row.word, "day": written.days(life.start, zone)}
        for life, row in zip(lives, rows, strict=True)
    )
    return written.clauses(told)
