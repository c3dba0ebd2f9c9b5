"""Charts as SVG made on the server: bars with their labels above them, columns over time; the table is for everybody.

A chart says what it is (``title``) and what its numbers are (``desc``). It is as wide as its place; it turns round with
the direction of the page, because a text begins where lines begin and a bar grows from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from textwrap import wrap
from typing import Final
from uuid import uuid4

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from api.desk.parts import Part
from api.pages import written

_WIDTH: Final = 300
_LINE: Final = 17
_THICK: Final = 10
_LETTERS: Final = 34
_TALL: Final = 96
MOST: Final = 24
"""Bars of one chart; what is more stands in the table alone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its label, its length, and the number as it is written. ``None`` has no bar: it is not told."""

    label: str
    length: float | None
    shown: str


@dataclass(frozen=True)
class Bars(Part):
    """Horizontal bars from the same beginning, the longest across the whole width; ``caption``: what they measure."""

    title: str
    caption: str
    bars: Sequence[Bar]
    rtl: bool = False

    def __html__(self) -> SafeString:
        """The picture; nothing where there is no bar."""
        drawn = self.bars[:MOST]
        if not drawn:
            return SafeString("")
        longest = max((bar.length or 0 for bar in drawn), default=0) or 1
        name = f"chart-{uuid4().hex[:8]}"
        labels = [wrap(bar.label, _LETTERS) or [""] for bar in drawn]
        tops = list(accumulate((len(lines) * _LINE + 2 * _THICK for lines in labels), initial=0))
        rows = format_html_join(
            "", "{}", ((self._row(*one, longest),) for one in zip(drawn, labels, tops, strict=False))
        )
        told = written.clauses(f"{bar.label}: {bar.shown}" for bar in drawn)
        return format_html(
            '<figure class="chart"><figcaption>{}</figcaption>'
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d" direction="{}">'
            '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg></figure>',
            self.caption, _WIDTH, tops[-1], name, name, "rtl" if self.rtl else "ltr",
            name, self.title, name, told, rows,
        )  # fmt: skip

    def _row(self, bar: Bar, lines: Sequence[str], top: int, longest: float) -> SafeString:
        width = round((bar.length or 0) / longest * _WIDTH, 1)
        start, end = (_WIDTH, 0) if self.rtl else (0, _WIDTH)
        below = top + len(lines) * _LINE + 3
        label = format_html_join(
            "",
            '<text x="{}" y="{}">{}</text>',
            ((start, top + place * _LINE - 3, line) for place, line in enumerate(lines, start=1)),
        )
        return format_html(
            '{}<text x="{}" y="{}" text-anchor="end" class="value">{}</text>'
            '<rect x="0" y="{}" width="{}" height="{}" rx="2" class="ground"/>'
            '<rect x="{}" y="{}" width="{}" height="{}" rx="2" class="bar"/>',
            label, end, below - 6, bar.shown,
            below, _WIDTH, _THICK,
            _WIDTH - width if self.rtl else 0, below, width, _THICK,
        )  # fmt: skip


@dataclass(frozen=True)
class Columns(Part):
    """Upright bars over time, the first where lines begin; both ends and the highest are labelled."""

    title: str
    caption: str
    bars: Sequence[Bar]
    rtl: bool = False

    def __html__(self) -> SafeString:
        """The picture; nothing where there is no bar."""
        if not self.bars:
            return SafeString("")
        longest = max((bar.length or 0 for bar in self.bars), default=0)
        name = f"chart-{uuid4().hex[:8]}"
        width = _WIDTH / len(self.bars)
        columns = format_html_join(
            "",
            "{}",
            ((self._column(bar, place, width, longest or 1),) for place, bar in enumerate(self.bars)),
        )
        start, end = (_WIDTH, 0) if self.rtl else (0, _WIDTH)
        foot = _LINE + _TALL + _LINE
        highest = next((bar.shown for bar in self.bars if longest and bar.length == longest), "")
        told = written.clauses(f"{bar.label}: {bar.shown}" for bar in self.bars if bar.length) or highest
        return format_html(
            '<figure class="chart"><figcaption>{}</figcaption>'
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d" direction="{}">'
            '<title id="{}-t">{}</title><desc id="{}-d">{}</desc><text x="{}" y="{}" class="value">{}</text>{}'
            '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg></figure>',
            self.caption, _WIDTH, foot + 4, name, name, "rtl" if self.rtl else "ltr",
            name, self.title, name, told, start, _LINE - 4, highest, columns,
            start, foot, self.bars[0].label, end, foot, self.bars[-1].label,
        )  # fmt: skip

    def _column(self, bar: Bar, place: int, width: float, longest: float) -> SafeString:
        tall = round((bar.length or 0) / longest * (_TALL - 6), 1)
        left = _WIDTH - (place + 1) * width if self.rtl else place * width
        ground = format_html(
            '<rect x="{}" y="{}" width="{}" height="2" class="ground"/>',
            round(left + 1, 1), _LINE + _TALL - 2, round(width - 2, 1),
        )  # fmt: skip
        if not tall:
            return ground
        return ground + format_html(
            '<rect x="{}" y="{}" width="{}" height="{}" rx="2" class="bar"/>',
            round(left + 1, 1), round(_LINE + _TALL - 2 - tall, 1), round(width - 2, 1), tall,
        )  # fmt: skip
