"""The map of agencies: a country's outline with a dot for each place that has some, drawn on the server as SVG.

Outlines are in ``outlines.json`` (``scripts/outlines``). The map is a picture with links; the table behind it says the
same, and what has no place on the map. Nothing is fetched from anybody.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_OUTLINES: Final = Path(__file__).with_name("outlines.json")
_EDGE: Final = 36
"""Units around the outline, where dots and names may reach."""
_SMALLEST, _LARGEST = 9, 30
_NAMED: Final = 12
"""Places whose names are written; the others have theirs for whoever points at them."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the map: in degrees, how many agencies, and where its link leads."""

    name: str
    latitude: float
    longitude: float
    number: int
    href: str
    here: bool = False


@cache
def _outlines() -> Mapping[str, Mapping[str, Any]]:
    """Every outline by country, read once."""
    told: dict[str, dict[str, Any]] = json.loads(_OUTLINES.read_text(encoding="utf-8"))
    return told


def known(country: str) -> bool:
    """Whether the country has an outline."""
    return country in _outlines()


def within(country: str, latitude: float, longitude: float) -> bool:
    """Whether a point lies where the country's outline is drawn, or close by."""
    west, south, east, north = map(float, _outlines()[country]["edges"])
    margin = 0.05 * max(east - west, north - south)
    across = west - margin <= longitude <= east + margin
    return across and south - margin <= latitude <= north + margin


def drawn(country: str, dots: Sequence[Dot], *, title: str) -> SafeString:
    """The map of a country; dots outside of it are left out (:func:`within`)."""
    outline = _outlines()[country]
    (west, south, east, north), (width, height) = outline["edges"], outline["size"]
    most = max((dot.number for dot in dots), default=1)
    rows = []
    for place, dot in enumerate(sorted(dots, key=lambda one: -one.number)):
        x = (dot.longitude - west) / (east - west) * width
        y = (north - dot.latitude) / (north - south) * height
        radius = _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(dot.number / most)
        rows.append((
            dot.href, SafeString(' class="here"') if dot.here else "", f"{dot.name}: {dot.number}", round(x), round(y),
            round(radius), _name(dot, x, y, radius, width) if place < _NAMED else "",
        ))  # fmt: skip
    # The largest first, so that none hides a smaller one.
    circles = format_html_join(
        "", '<a href="{}"{}><title>{}</title><circle cx="{}" cy="{}" r="{}"/>{}</a>', rows
    )
    return format_html(
        '<svg class="map" viewBox="{} {} {} {}" role="group" aria-label="{}" direction="ltr">'
        '<path class="land" d="{}"/>{}</svg>',
        -_EDGE, -_EDGE, width + 2 * _EDGE, height + 2 * _EDGE, title, outline["path"], circles,
    )  # fmt: skip


def _name(dot: Dot, x: float, y: float, radius: float, width: int) -> SafeString:
    """The place's name beside its dot, towards the middle."""
    right = x < width / 2
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}">{}</text>',
        round(x + (radius + 6) * (1 if right else -1)), round(y + 7), "start" if right else "end", dot.name,
    )  # fmt: skip
