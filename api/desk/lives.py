"""The life of a licence as a picture: one lane for each sort of thing, drawn on the server, with a table beneath.

Drawn in percent of the width, so that words keep their size on any screen; pieces differ by pattern as well as by
colour and carry the number of their row in the table. Time runs the way the reader's language runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from api import labels
from api.desk import parts
from api.pages import languages, verdicts, written
from registry.rules.life import Lane, Stretch

_LANES: Final[Mapping[Lane, str]] = {
    Lane.STATE: _("Stands"),
    Lane.TERM: _("Terms"),
    Lane.GAP: _("Between two terms"),
    Lane.SUSPENSION: _("Suspensions"),
    Lane.RESTRICTION: _("Excluded"),
    Lane.CONDITION: _("Conditions"),
    Lane.ANNOUNCED: _("Decided, not yet in effect"),
    Lane.UNSECURED: _("Without the security that the law asks for"),
    Lane.SURVEILLANCE: _("Under surveillance"),
    Lane.APPEAL: _("Under appeal"),
    Lane.STAY: _("Stayed"),
}
_FILLS: Final[Mapping[Lane, str]] = {
    Lane.TERM: "plain",
    Lane.GAP: "open",
    Lane.SUSPENSION: "stop hatch",
    Lane.RESTRICTION: "wait dots",
    Lane.CONDITION: "wait lines",
    Lane.ANNOUNCED: "wait open",
    Lane.UNSECURED: "stop cross",
    Lane.SURVEILLANCE: "unknown dots",
    Lane.APPEAL: "unknown lines",
    Lane.STAY: "unknown open",
}
#: Lanes whose codes have texts of their own, and where those are.
_WORDED: Final[Mapping[Lane, str]] = {
    Lane.STATE: "states",
    Lane.SUSPENSION: "sanctions",
    Lane.ANNOUNCED: "actions",
}
_PLAIN: Final[Mapping[Lane, str]] = {
    Lane.TERM: _("Term"),
    Lane.GAP: _("No term: expired, renewed late"),
}
_OF_TONES: Final = {"go": "go", "stop": "stop hatch", "wait": "wait dots", "unknown": "unknown lines"}

NARROWEST: Final = 1.5
"""No piece is narrower than this share of the picture: a suspension of three days in ten years must be seen."""
_NUMBERED: Final = 4.0
"""A piece of at least this share has room for its number."""
_AHEAD: Final = 6.0
"""The share of the picture beyond the last instant that is known: what goes on has no end there."""
_MARGIN: Final = 20
"""So near to an edge a word does not stand around its place but on its inner side."""
_HEAD, _WORDS, _BAR, _GAP, _FOOT = 8, 20, 22, 4, 44
"""Heights in pixels: above the lanes, a lane's name, a row of pieces, the space beneath it, the dates."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle; ``x`` and ``width`` in percent, ``y`` in pixels. ``pattern`` lies over its colour."""

    x: float
    y: int
    width: float
    tone: str
    pattern: str
    number: int
    told: str

    @property
    def numbered(self) -> bool:
        """Whether its number fits in."""
        return self.width >= _NUMBERED

    @property
    def middle(self) -> float:
        """Where its number stands."""
        return round(self.x + self.width / 2, 2)

    @property
    def low(self) -> int:
        """The line on which its number stands."""
        return self.y + 16


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the picture: a lane's name or a date."""

    x: float
    y: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Life(parts.Part):
    """The picture of one licence's life, and the table that says the same. ``on``: the day that the line marks."""

    template = "life"
    number: str
    label: str
    told: str
    height: int
    pieces: Sequence[Piece]
    """In the order in which they are painted: what was widened to be seen lies over its neighbour."""
    lanes: Sequence[Words]
    dates: Sequence[Words]
    line: float
    line_ends: int
    table: parts.Table


def drawn(
    number: str,
    found: Sequence[Stretch],
    *,
    sequences: Mapping[int, int],
    on: datetime,
    zone: str,
    today: bool,
) -> Life | None:
    """The life of licence ``number``, with a line at ``on``; nothing where there is no life to draw.

    ``sequences``: the public number of each entry by its key.
    """
    if not found:
        return None
    scale = _Scale.of(found, on, rtl=languages.direction(get_language() or "en") == "rtl")
    pieces, lanes, rows = [], [], []
    y, numbers = _HEAD, count(1)
    for lane in Lane:
        those = [one for one in found if one.lane is lane]
        if not those:
            continue
        lanes.append(Words(scale.edge, y + 15, "start", gettext(_LANES[lane])))
        y += _WORDS
        for row in _stacked(those):
            for one in row:
                serial, words = next(numbers), said(one)
                x, width = scale.piece(one)
                fill, _space, pattern = _fill(one).partition(" ")
                pieces.append(Piece(x, y, width, fill, pattern, serial, _told(one, words, zone)))
                rows.append(_row(serial, one, words, sequences, zone))
            y += _BAR + _GAP
    marked = gettext("today") if today else written.days(on, zone)
    return Life(
        number=number,
        label=gettext("The life of licence %(number)s") % {"number": number},
        told=written.clauses(piece.told for piece in pieces),
        height=y + _FOOT,
        pieces=sorted(pieces, key=lambda piece: -piece.width),
        lanes=lanes,
        dates=_dates(scale, on, marked, zone, y + 18),
        line=scale.x(on),
        line_ends=y,
        table=parts.Table(
            gettext("The life of licence %(number)s, in rows") % {"number": number},
            (gettext("No."), gettext("What"), gettext("From"), gettext("Until"), gettext("Entry")),
            rows,
            "",
        ),
    )


def said(one: Stretch) -> str:
    """A stretch in words."""
    if one.lane in _WORDED:
        return labels.text(_WORDED[one.lane], one.what, get_language() or "en")
    if one.lane is Lane.CONDITION:
        return one.what
    if one.lane is Lane.RESTRICTION:
        what = written.listed(one.names) or gettext("everything")
        return gettext("%(what)s, for new recruitment") % {"what": what} if one.what else what
    return gettext(_PLAIN.get(one.lane, _LANES[one.lane]))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Instants to percent of the width, mirrored where the language runs from right to left."""

    start: datetime
    end: datetime
    rtl: bool

    @classmethod
    def of(cls, found: Iterable[Stretch], on: datetime, *, rtl: bool) -> "_Scale":
        known = [i for one in found for i in (one.start, one.end) if i is not None]
        start, end = min(*known, on), max(*known, on)
        return cls(start, max(end, start + timedelta(days=1)), rtl)

    @property
    def edge(self) -> float:
        """Where a line of words begins."""
        return 100.0 if self.rtl else 0.0

    def share(self, instant: datetime) -> float:
        """How far into the picture, before it is mirrored."""
        return (100 - _AHEAD) * ((instant - self.start) / (self.end - self.start))

    def x(self, instant: datetime) -> float:
        """Where an instant is."""
        share = self.share(instant)
        return round(100 - share if self.rtl else share, 2)

    def ends(self, one: Stretch) -> tuple[float, float]:
        """Where a stretch begins and ends, none too narrow to be seen; before it is mirrored."""
        begins = self.share(one.start)
        ends = self.share(one.end) if one.end is not None else 100.0
        return (begins, max(ends, begins + NARROWEST))

    def piece(self, one: Stretch) -> tuple[float, float]:
        """The left edge and the width of a stretch."""
        begins, ends = self.ends(one)
        return round(100 - ends if self.rtl else begins, 2), round(ends - begins, 2)


def _stacked(those: Sequence[Stretch]) -> list[list[Stretch]]:
    """Rows in which nothing overlaps in time: each stretch in the first that has room."""
    rows: list[list[Stretch]] = []
    for one in those:
        ends = ((row, row[-1].end) for row in rows)
        row = next((row for row, end in ends if end is not None and end <= one.start), None)
        if row is None:
            rows.append([one])
        else:
            row.append(one)
    return rows


def _fill(one: Stretch) -> str:
    if one.lane is Lane.STATE:
        return _OF_TONES.get(verdicts.row(one.result).tone, "unknown lines")
    return _FILLS[one.lane]


def _told(one: Stretch, words: str, zone: str) -> str:
    """A piece in one sentence: what the picture says to whoever hears it."""
    facts = {"what": words, "from": written.days(one.start, zone)}
    if one.end is None:
        return gettext("%(what)s, from %(from)s") % facts
    facts["until"] = written.last_day(one.end, zone)
    return gettext("%(what)s, from %(from)s until %(until)s") % facts


def _row(
    serial: int, one: Stretch, words: str, sequences: Mapping[int, int], zone: str
) -> tuple[object, ...]:
    lane = gettext(_LANES[one.lane])
    return (
        str(serial),
        parts.Noted(words, "" if words == lane else lane),
        parts.Moment(one.start, zone),
        parts.Moment(one.end, zone) if one.end is not None else gettext("no end is known"),
        sequences.get(one.ref, "") if one.ref is not None else "",
    )


def _dates(scale: _Scale, on: datetime, marked: str, zone: str, y: int) -> list[Words]:
    """Where the life begins and where what is known of it ends; beneath them the day that the line marks."""
    ends = [
        Words(scale.x(scale.start), y, "start", written.month(scale.start, zone)),
        Words(scale.x(scale.end), y, "end", written.month(scale.end, zone)),
    ]
    share = scale.share(on)
    anchor = "start" if share < _MARGIN else "end" if share > 100 - _MARGIN else "middle"
    return [*ends, Words(scale.x(on), y + _FOOT // 2, anchor, marked)]
