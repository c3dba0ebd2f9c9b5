"""The life of a licence as a band: one piece for each time on which the answer was the same.

Drawn in percent of the width, so that text keeps its size on any screen; pieces differ by pattern as well as by colour.
Time runs the way the reader's language runs, from the first day to the end of today.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Final

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from api.pages import languages, verdicts, written
from api.pages.languages import gettext
from registry.lookup import Life
from registry.rules import days

#: No piece is narrower than this share of the band: a week's suspension in twenty years must be seen.
NARROWEST: Final = 2.5
_TILE: Final = 'width="8" height="8" patternUnits="userSpaceOnUse"'
#: What lies over a piece beside its colour: a name, and a pattern that is drawn only where a piece needs it.
PATTERNS: Final = {
    "stop": (
        "hatch",
        f'<pattern id="hatch" {_TILE} patternTransform="rotate(45)"><path class="over" d="M0 0v8"/></pattern>',
    ),
    "wait": (
        "dots",
        f'<pattern id="dots" {_TILE}><circle class="hole" cx="4" cy="4" r="1.6"/></pattern>',
    ),
}


def drawn(lives: Sequence[Life], *, now: datetime, zone: str) -> SafeString:
    """The band from the first span to today with its key, as HTML; nothing where there is nothing to draw."""
    told = tuple(life for life in lives if life.start <= now)
    if not told:
        return SafeString()
    today = days.end_of(days.local_day(now, zone), zone)
    return _drawn(told, today, zone, get_language() or "en")


@lru_cache(maxsize=2048)
def _drawn(lives: tuple[Life, ...], today: datetime, zone: str, language: str) -> SafeString:
    """The drawing of these spans; only drawings are remembered, by all that is in them."""
    rtl = languages.direction(language) == "rtl"
    rows = [verdicts.row(life.result) for life in lives]
    widths = _widths(
        [
            ((min(life.end, today) if life.end else today) - life.start) / timedelta(seconds=1)
            for life in lives
        ]
    )
    pieces, x = [], 0.0
    for row, width in zip(rows, widths, strict=True):
        where = f'x="{100 - x - width if rtl else x:.2f}%" y="4" width="{width:.2f}%" height="22"/>'
        pieces.append(f'<rect class="{row.tone}" {where}')
        if row.tone in PATTERNS:
            pieces.append(f'<rect fill="url(#{PATTERNS[row.tone][0]})" {where}')
        x += width
    tones = dict.fromkeys(row.tone for row in rows)
    patterns = "".join(PATTERNS[tone][1] for tone in tones if tone in PATTERNS)
    now = "0" if rtl else "100%"
    key = "".join(
        f'<span class="say {row.tone}">{row.mark}{escape(row.word)}</span> '
        for row in {row.result: row for row in rows}.values()
    )
    return mark_safe(  # noqa: S308 - every text in it is escaped
        f'<svg class="band" role="img" aria-label="{escape(_label(lives, rows, zone))}">'
        f"{f'<defs>{patterns}</defs>' if patterns else ''}{''.join(pieces)}"
        f'<line class="now" x1="{now}" x2="{now}" y1="0" y2="30"/>{_ticks(lives[0].start, today, zone, rtl=rtl)}</svg>'
        f'\n<p class="key small">{key}</p>'
    )


def _widths(seconds: list[float]) -> list[float]:
    """Shares of a hundred, none below ``NARROWEST``, the wide ones paying for the narrow ones."""
    total = sum(seconds) or 1.0
    shares = [100 * s / total for s in seconds]
    floor = min(NARROWEST, 100 / len(shares))
    short = sum(floor - share for share in shares if share < floor)
    spare = sum(share - floor for share in shares if share > floor) or 1.0
    return [floor if share <= floor else share - (share - floor) * short / spare for share in shares]


def _ticks(start: datetime, today: datetime, zone: str, *, rtl: bool) -> str:
    """Where the band begins, its middle when it is long, and today."""
    months = today - start < timedelta(days=3 * 365)
    begin, end = ("100%", "0") if rtl else ("0", "100%")
    found = [(begin, "start", written.month(start, zone) if months else written.year(start, zone))]
    if not months:
        found.append(("50%", "middle", written.year(start + (today - start) / 2, zone)))
    found.append((end, "end", gettext("today")))
    return "".join(
        f'<text x="{x}" y="50" text-anchor="{anchor}">{escape(text)}</text>' for x, anchor, text in found
    )


def _label(lives: Sequence[Life], rows: Sequence[verdicts.Row], zone: str) -> str:
    """The band in words, for whoever hears the page."""
    told = (
        gettext("%(word)s from %(day)s") % {"word": row.word, "day": written.days(life.start, zone)}
        for life, row in zip(lives, rows, strict=True)
    )
    return written.clauses(told)
