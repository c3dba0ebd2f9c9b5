"""What the public reads of licences known from lists, made for tens of thousands at a time.

Most of them were seen on the same lists with the same status, so their lives are the same but for names and numbers.
Each *pattern* of observations is folded once, by the same ``answer.pieces`` that every other licence goes through,
over facts that are marks; then the marks are filled in. So there is one fold and one shape of the body, and no second.
A list changes the end of a life alone: what the new pattern says like the old one is published already and stays.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from registry import records
from registry.models import Agency, Authority, Channel, Licence, TradingName
from registry.rules import answer, days, entries
from registry.rules.lifecycle import Action, Kind

#: Marks stand between private-use characters, which no name can hold once read (they are control characters to us).
_MARK: Final = re.compile('"\ue000([a-z0-9]+)\ue001"')
_BATCH: Final = 5000

#: Whether there are trading names, and how many channels.
_Shape = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A piece of time of everybody with this pattern: what differs is cut out of the body at the marks."""

    start: datetime
    end: datetime | None
    state: str
    result: str
    may_recruit: bool
    withhold_from: datetime | None
    body: tuple[str, ...]

    def filled(self, facts: Mapping[str, str]) -> str:
        """The body with ``facts`` (JSON texts) at its marks: odd parts are the marks' names."""
        return "".join(facts[part] if place % 2 else part for place, part in enumerate(self.body))


def observation(effect: Mapping[str, Any], *, ref: int, at: datetime) -> entries.Entry:
    """An observation's effect as the fold reads it."""
    return entries.Entry(
        ref=ref,
        action=Action.OBSERVE,
        kind=Kind.OBSERVATION,
        decided_at=at,
        recorded_at=at,
        effective_from=days.first_instant(date.fromisoformat(effect["on"]), effect["zone"]),
        effect=effect,
    )


class Publisher:
    """Makes the published rows of the licences in ``intake_out``, into ``intake_published``; takes no lock."""

    def __init__(self, authority: Authority, *, at: datetime) -> None:
        """Publish for ``authority`` as may be known to the public at ``at``."""
        self._authority = authority
        self._at = at
        self._stated = records.stated(authority.pk)
        self._patterns: dict[tuple[str, str, str, _Shape], tuple[_Pattern, ...]] = {}

    def publish(self) -> None:
        """Fill ``intake_published`` from ``intake_out``: the pieces that are not published like this already."""
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE intake_published (place bigint, span tstzrange, state text, result text, "
                "may_recruit boolean, body text, withhold_from timestamptz)"
            )
            last = 0
            while True:
                cursor.execute(_NEXT, [last, _BATCH])
                rows = cursor.fetchall()
                if not rows:
                    break
                last = rows[-1][0]
                with cursor.copy("COPY intake_published FROM STDIN") as copy:
                    for row in self._rows(rows):
                        copy.write_row(row)
            cursor.execute("CREATE INDEX ON intake_published (place)")
            cursor.execute("ANALYZE intake_published (place)")

    def _rows(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for place, observed, said, whole, *own in rows:
            number, legacy, licence_class, agency, name, latin, traded, ways = own
            facts = {
                "number": json.dumps(number),
                "legacy": _json(legacy),
                "class": _json(licence_class),
                "agency": json.dumps(agency),
                "name": _json(name),
                "latin": _json(latin),
                "traded": ",".join(_json(one) for one in traded or ()),
            }
            channels = json.loads(ways or "[]")
            for which, (kind, value) in enumerate(channels):
                facts |= {f"kind{which}": _json(kind), f"value{which}": _json(value)}
            shape = (bool(traded), len(channels))
            for piece in self._ends("[]" if whole else observed, observed, said, shape):
                span = f"[{piece.start.isoformat()},{piece.end.isoformat() if piece.end else ''})"
                body = piece.filled(facts)
                yield place, span, piece.state, piece.result, piece.may_recruit, body, piece.withhold_from

    def _ends(self, known: str, observed: str, said: str, shape: _Shape) -> tuple[_Pattern, ...]:
        """The pieces of ``observed`` and what is ``said`` now, from the first on that is not as ``known`` had it."""
        key = (known, observed, said, shape)
        if key not in self._patterns:
            before = self._fold(json.loads(known), shape) if known != "[]" else ()
            now = self._fold([*json.loads(observed), json.loads(said)], shape)
            alike = next(
                (place for place, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]),
                len(before),
            )
            self._patterns[key] = now[alike:]
        return self._patterns[key]

    def _fold(self, effects: Sequence[Mapping[str, Any]], shape: _Shape) -> tuple[_Pattern, ...]:
        observed = [
            observation(effect, ref=place, at=self._at) for place, effect in enumerate(effects, start=1)
        ]
        facts = self._facts(traded=shape[0], channels=shape[1])
        return tuple(
            _Pattern(
                start=piece.start,
                end=piece.end,
                state=piece.state,
                result=piece.result,
                may_recruit=piece.may_recruit,
                withhold_from=piece.withhold_from,
                body=tuple(_MARK.split(piece.body)),
            )
            for piece in answer.pieces(facts, observed, at=self._at)
        )

    def _facts(self, *, traded: bool, channels: int) -> answer.Facts:
        agency = Agency(
            number=_mark("agency"),
            authority=self._authority,
            legal_name=_mark("name"),
            latin_name=_mark("latin"),
            country=self._authority.country,
        )
        licence = Licence(
            number=_mark("number"),
            legacy_number=_mark("legacy"),
            licence_class=_mark("class"),
            origin="listed",
            agency=agency,
        )
        names = [TradingName(name=_mark("traded"))] if traded else []
        ways = [
            Channel(kind=_mark(f"kind{place}"), value=_mark(f"value{place}")) for place in range(channels)
        ]
        return records.public_facts(licence, agency, names, (), ways, self._stated)


_NEXT: Final = """
SELECT place, observed::text, said::text, whole, number, legacy_number, licence_class, agency_number,
       legal_name, latin_name, trading_names, channels::text
FROM intake_out WHERE place > %s AND listed ORDER BY place LIMIT %s
"""


def _mark(name: str) -> str:
    return f"\ue000{name}\ue001"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
