"""Charts as SVG made on the server: bars with their labels above them; the table beside them is for everybody.

A chart says what it is (``title``) and what its numbers are (``desc``). It is as wide as its place; it turns round with
the direction of the page, because a text begins where lines begin and a bar grows from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from api.desk.parts import Part

_WIDTH: Final = 400
_STEP: Final = 36
_THICK: Final = 10
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
        rows = format_html_join(
            "", "{}", ((self._row(bar, place, longest),) for place, bar in enumerate(drawn))
        )
        told = "; ".join(f"{bar.label}: {bar.shown}" for bar in drawn)
        return format_html(
            '<figure class="chart"><figcaption>{}</figcaption>'
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d" direction="{}">'
            '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg></figure>',
            self.caption, _WIDTH, len(drawn) * _STEP, name, name, "rtl" if self.rtl else "ltr",
            name, self.title, name, told, rows,
        )  # fmt: skip

    def _row(self, bar: Bar, place: int, longest: float) -> SafeString:
        top = place * _STEP
        width = round((bar.length or 0) / longest * _WIDTH, 1)
        start, end = (_WIDTH, 0) if self.rtl else (0, _WIDTH)
        return format_html(
            '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end" class="value">{}</text>'
            '<rect x="0" y="{}" width="{}" height="{}" rx="2" class="ground"/>'
            '<rect x="{}" y="{}" width="{}" height="{}" rx="2" class="bar"/>',
            start, top + 14, bar.label, end, top + 14, bar.shown,
            top + 20, _WIDTH, _THICK,
            _WIDTH - width if self.rtl else 0, top + 20, width, _THICK,
        )  # fmt: skip
