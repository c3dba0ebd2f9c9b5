"""What the public reads of licences known from lists, made for tens of thousands at a time.

Most of them were seen on the same lists with the same status, so their lives are the same but for names and numbers.
Each *life* is folded once, by the same ``answer.pieces`` that every other licence goes through, over facts that are
marks; PostgreSQL then fills the marks in for each licence. So there is one fold and one shape of the body, and no
second. A list changes the end of a life alone: what the new life says like the old one is published already and stays.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from registry import records
from registry.models import Agency, Authority, Channel, Licence, TradingName
from registry.rules import answer, days, entries
from registry.rules.lifecycle import Action, Kind

#: Marks stand between private-use characters, which no name can hold once read (they are control characters to us).
_MARK: Final = re.compile('"\ue000([0-9]+)\ue001"')

#: The places of the marks, as ``intake_life.facts`` has them: two more for each channel.
_NUMBER, _LEGACY, _CLASS, _AGENCY, _NAME, _LATIN, _TRADED, _CHANNELS = range(1, 9)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of time of everybody with this life; ``body`` is a text for ``format`` of PostgreSQL."""

    start: datetime
    end: datetime | None
    state: str
    result: str
    may_recruit: bool
    withhold_from: datetime | None
    body: str


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
    """Makes the published rows of the licences in ``intake_out``, as ``intake_published``; takes no lock."""

    def __init__(self, authority: Authority, *, at: datetime) -> None:
        """Publish for ``authority`` as may be known to the public at ``at``."""
        self._authority = authority
        self._at = at
        self._stated = records.stated(authority.pk)

    def publish(self) -> None:
        """Let ``intake_published`` say of ``intake_out`` the pieces that are not published like this already."""
        with connection.cursor() as cursor:
            cursor.execute(_LIVES)
            cursor.execute(_DISTINCT)
            lives = cursor.fetchall()
            with cursor.copy("COPY intake_piece FROM STDIN") as copy:
                for life, known, observed, said, traded, channels in lives:
                    for piece in self._ends(known, observed, said, traded=traded, channels=channels):
                        span = f"[{piece.start.isoformat()},{piece.end.isoformat() if piece.end else ''})"
                        rest = (piece.state, piece.result, piece.may_recruit, piece.body, piece.withhold_from)
                        copy.write_row((life, span, *rest))
            cursor.execute(_PUBLISHED)

    def _ends(self, known: str, observed: str, said: str, *, traded: bool, channels: int) -> Sequence[_Piece]:
        """The pieces of ``observed`` and what is ``said`` now, from the first on that is not as ``known`` had it."""
        facts = self._facts(traded=traded, channels=channels)
        before = self._fold(facts, json.loads(known))
        now = self._fold(facts, [*json.loads(observed), json.loads(said)])
        pairs = enumerate(zip(before, now, strict=False))
        return now[next((place for place, (old, new) in pairs if old != new), len(before)) :]

    def _fold(self, facts: answer.Facts, effects: Sequence[Mapping[str, Any]]) -> Sequence[_Piece]:
        if not effects:
            return ()
        observed = [
            observation(effect, ref=place, at=self._at) for place, effect in enumerate(effects, start=1)
        ]
        return tuple(
            _Piece(
                start=piece.start,
                end=piece.end,
                state=piece.state,
                result=piece.result,
                may_recruit=piece.may_recruit,
                withhold_from=piece.withhold_from,
                body=_MARK.sub(r"%\1$s", piece.body.replace("%", "%%")),
            )
            for piece in answer.pieces(facts, observed, at=self._at)
        )

    def _facts(self, *, traded: bool, channels: int) -> answer.Facts:
        agency = Agency(
            number=_mark(_AGENCY),
            authority=self._authority,
            legal_name=_mark(_NAME),
            latin_name=_mark(_LATIN),
            country=self._authority.country,
        )
        licence = Licence(
            number=_mark(_NUMBER),
            legacy_number=_mark(_LEGACY),
            licence_class=_mark(_CLASS),
            origin="listed",
            agency=agency,
        )
        names = [TradingName(name=_mark(_TRADED))] if traded else []
        places = range(_CHANNELS, _CHANNELS + 2 * channels, 2)
        ways = [Channel(kind=_mark(place), value=_mark(place + 1)) for place in places]
        return records.public_facts(licence, agency, names, (), ways, self._stated)


def _mark(place: int) -> str:
    return f"\ue000{place}\ue001"


#: Which life each licence shares with others, and what sets it apart: its facts as JSON, in the order of the marks.
_LIVES: Final = """
CREATE TEMP TABLE intake_life AS
SELECT o.place,
       md5(concat_ws(' ', o.whole, o.observed, o.said, o.trading_names IS NULL, jsonb_array_length(o.channels)))::uuid
           AS life,
       ARRAY[
           to_json(o.number)::text, to_json(o.legacy_number)::text, to_json(o.licence_class)::text,
           to_json(o.agency_number)::text, to_json(o.legal_name)::text, to_json(o.latin_name)::text,
           (SELECT string_agg(to_json(name)::text, ',' ORDER BY nth)
            FROM unnest(o.trading_names) WITH ORDINALITY AS traded (name, nth))
       ] || ARRAY(
           SELECT said::text FROM jsonb_array_elements(o.channels) WITH ORDINALITY AS way (pair, nth),
               jsonb_array_elements(way.pair) WITH ORDINALITY AS half (said, side) ORDER BY way.nth, half.side
       ) AS facts
FROM intake_out o WHERE o.listed;
CREATE TEMP TABLE intake_piece (life uuid, span tstzrange, state text, result text, may_recruit boolean, body text,
    withhold_from timestamptz);
"""

#: The lives themselves: as they are published already, what was observed, what is said now, and of whom.
_DISTINCT: Final = """
SELECT l.life, CASE WHEN o.whole THEN '[]' ELSE o.observed::text END, o.observed::text, o.said::text,
       o.trading_names IS NOT NULL, coalesce(jsonb_array_length(o.channels), 0)
FROM (SELECT life, min(place) AS place FROM intake_life GROUP BY life) l JOIN intake_out o ON o.place = l.place
"""

_PUBLISHED: Final = """
CREATE UNIQUE INDEX ON intake_life (place);
ANALYZE intake_life (place, life);
ANALYZE intake_piece (life);
CREATE TEMP VIEW intake_published AS
SELECT l.place, p.span, p.state, p.result, p.may_recruit, format(p.body, VARIADIC l.facts) AS body, p.withhold_from
FROM intake_life l JOIN intake_piece p ON p.life = l.life;
"""
