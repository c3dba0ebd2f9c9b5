"""What one row of a list says in our words: the licences (or the finding) in it, or the reasons why not.

A row is accepted, flagged (taken in, with a remark) or refused. What the list does not state stays unstated: an
undeclared status word reads ``unknown``, a cell that is no day is no day.
"""

import hashlib
import json
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import pycountry

from registry.intake import calendars
from registry.intake.profile import DATE_FIELDS, Column, Layout, Profile, Words, folded
from registry.intake.readers import RawRow
from registry.intake.report import Problem
from registry.rules import contacts, countries, days, names
from registry.rules.errors import BadInput

_SEPARATOR: Final = "\x1f"
#: What a list says of itself, not of the licence: another such day is no change.
_NOT_CONTENT: Final = frozenset({"updated"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
#: Marks without width or shape (bidirectional overrides among them): nothing a person can see or tell apart.
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u200b\u200e\u200f\ufeff\u202a-\u202e\u2060-\u2069]")
_DURATION: Final = re.compile(r"(\d{1,3})\s*(year|month|week|day)s?\.?", re.IGNORECASE)


#: Fields that must have a certain shape: how it is checked, and whether a cell may hold several.
_CHECKED: Final[dict[str, tuple[Callable[[str, str], str], bool]]] = {
    "name": (lambda text, _: contacts.name(text), False),
    "latin_name": (lambda text, _: contacts.name(text), False),
    "lei": (lambda text, _: contacts.lei(text), False),
    "phone": (lambda text, country: contacts.phone(text, country=country), True),
    "email": (lambda text, _: contacts.email(text), True),
    "web": (lambda text, _: contacts.web_domain(text), True),
}
_SEVERAL: Final = re.compile(r"[,;\n]| / ")


_IN_DOUBT: Final = "_in_doubt"
"""Marks the cells of a row whose own first or last day of the licence is stated and cannot be told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One licence, or one finding, as one row of the list shows it.

    ``holder`` and ``licence`` are digests of the profile's key columns; ``content`` digests everything read, so that
    two lists can be compared; ``fields`` holds the texts (days as ISO 8601).
    """

    line: int
    holder: uuid.UUID
    licence: uuid.UUID
    content: uuid.UUID
    status: str
    legal_term: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class Outcome:
    """What became of one row. ``skipped``: no row of the list at all, but a sub-heading or a filler."""

    readings: list[Reading] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: bool = False
    skipped: bool = False


def digest(parts: Sequence[str]) -> uuid.UUID:
    """A 128-bit digest of ``parts``, in order."""
    return uuid.UUID(bytes=hashlib.blake2b(_SEPARATOR.join(parts).encode(), digest_size=16).digest())


def key_text(text: str) -> str:
    """``text`` as identities are compared: compatibility forms, case and white space do not count."""
    return folded(unicodedata.normalize("NFKC", text))


class Interpreter:
    """Reads the rows of one file of one day by one profile."""

    def __init__(self, profile: Profile, layout: Layout, headings: Sequence[str], on: date) -> None:
        """Find each column's place once; ``on`` is the day of the list (words have periods)."""
        self._profile = profile
        self._layout = layout
        places = {folded(heading): place for place, heading in enumerate(headings)}
        self._columns = [(places[folded(column.heading)], column) for column in layout.columns.values()]
        self._vocabulary = {
            name: [
                entry
                for entry in entries
                if (entry.since is None or entry.since <= on) and (entry.until is None or on <= entry.until)
            ]
            for name, entries in profile.words.items()
        }

    def read(self, raw: RawRow) -> Outcome:
        """What became of ``raw``."""
        if not raw.refused and self._is_filler(raw):
            return Outcome(skipped=True)
        outcome = Outcome(problems=list(raw.problems), refused=raw.refused)
        if outcome.refused:
            return outcome
        cells = self._cells(raw, outcome)
        if not outcome.refused:
            self._check_spans(raw.line, cells, outcome)
            for piece in self._pieces(raw.line, cells, outcome):
                self._add(raw.line, piece, outcome)
        if outcome.refused:
            outcome.readings = []
        return outcome

    def _is_filler(self, raw: RawRow) -> bool:
        filled = sum(1 for cell in raw.cells if not isinstance(cell, str) or cell.strip())
        if self._layout.sub_headings and filled <= 1:
            return True
        skip = self._layout.skip
        return any(
            column.field in skip
            and isinstance(cell := raw.cells[place], str)
            and folded(cell) in skip[column.field]
            for place, column in self._columns
        )

    def _cells(self, raw: RawRow, outcome: Outcome) -> dict[str, str]:
        """The row's cells by field, cleaned; what the profile says of an absent one is noted."""
        cells: dict[str, str] = dict(self._profile.fixed)
        for place, column in self._columns:
            cell = raw.cells[place]
            text = cell.isoformat() if isinstance(cell, date) else _clean(cell)
            if folded(text) in self._profile.absent_words:
                self._note_absent(raw.line, column, outcome)
                cells.pop(column.field, None)
                if column.field == "last_day" and column.absent == "unknown":
                    cells[_IN_DOUBT] = "1"
            elif column.field in DATE_FIELDS:
                self._read_day(raw.line, column, cell, cells, outcome)
            elif column.field in _CHECKED:
                self._read_checked(raw.line, column, text, cells, outcome)
            else:
                cells[column.field] = text
            if column.trading_as and (traded := names.trading_parts(cells.get("name", ""))[1:]):
                cells.setdefault("trading_name", "\n".join(traded))
        if self._profile.kind == "register" and "country" in cells:
            self._read_country(raw.line, cells, outcome)
        return cells

    def _note_absent(self, line: int, column: Column, outcome: Outcome) -> None:
        if column.field == "last_day" and column.absent == "unknown":
            message = "the list states no end here; the licence reads unknown"
            outcome.problems.append(Problem(line, column.heading, "cell.absent", message))
        if column.absent == "refuse":
            outcome.refused = True
        if column.absent in ("flag", "refuse"):
            verb = "identifies nothing" if column.absent == "refuse" else "is taken in without it"
            message = f"the cell is empty; the row {verb}"
            outcome.problems.append(Problem(line, column.heading, "cell.absent", message))

    def _read_day(
        self, line: int, column: Column, cell: str | date, cells: dict[str, str], outcome: Outcome
    ) -> None:
        if isinstance(cell, str) and folded(cell) in column.open:
            cells[column.field] = "open"
            return
        try:
            cells[column.field] = calendars.read_day(cell, column.dates).isoformat()
        except calendars.DayUnreadableError as unreadable:
            outcome.problems.append(Problem(line, column.heading, "date.unreadable", str(unreadable)))
            if column.field in ("first_day", "last_day"):
                cells[_IN_DOUBT] = "1"
            outcome.refused = outcome.refused or column.absent == "refuse"

    def _read_checked(
        self, line: int, column: Column, text: str, cells: dict[str, str], outcome: Outcome
    ) -> None:
        """Keep the readable ones of the cell's names, contacts or identifiers, and note the others."""
        check, several = _CHECKED[column.field]
        country = cells.get("country", self._profile.authority.country)
        kept = []
        for part in _SEVERAL.split(text) if several else [text]:
            try:
                kept.append(check(part.strip(), country))
            except BadInput as unreadable:
                fatal = column.absent == "refuse"
                outcome.refused = outcome.refused or fatal
                code = "name.invalid" if column.field == "name" else "contact.unreadable"
                outcome.problems.append(Problem(line, column.heading, code, f"{part!r}: {unreadable.detail}"))
        if kept:
            cells[column.field] = "\n".join(dict.fromkeys(kept))
        else:
            cells.pop(column.field, None)

    def _read_country(self, line: int, cells: dict[str, str], outcome: Outcome) -> None:
        code = _country_code(cells["country"])
        if code is not None:
            cells["country"] = code
            return
        message = f"{cells.pop('country')!r} is no country ISO 3166-1 knows"
        outcome.problems.append(Problem(line, self._heading("country"), "country.unknown", message))

    def _heading(self, name: str) -> str:
        column = self._layout.columns.get(name)
        return column.heading if column else ""

    # ── days that contradict each other ──────────────────────────────────────────────────────────────────────────────

    def _check_spans(self, line: int, cells: dict[str, str], outcome: Outcome) -> None:
        for first_name, last_name in (("first_day", "last_day"), ("from", "until")):
            first, last = _day(cells.get(first_name)), _day(cells.get(last_name))
            if first is None or last is None:
                continue
            if last < first:
                message = f"it ends on {last} before it begins on {first}; both days are left out"
                outcome.problems.append(Problem(line, self._heading(last_name), "span.backwards", message))
                del cells[first_name], cells[last_name]
                if last_name == "last_day":
                    cells[_IN_DOUBT] = "1"
            elif "duration" in cells and not _lasts(first, last, cells["duration"]):
                message = f"{cells['duration']!r} is said, but {first} to {last} is something else"
                outcome.problems.append(
                    Problem(line, self._heading("duration"), "span.contradiction", message)
                )

    # ── joined cells and vocabularies ────────────────────────────────────────────────────────────────────────────────

    def _pieces(self, line: int, cells: dict[str, str], outcome: Outcome) -> list[dict[str, str]]:
        """The row's cells once per licence in it: joined cells are taken apart in step."""
        split = self._layout.split
        if split is None:
            return [cells]
        parts = {
            name: [part.strip() for part in cells[name].split(split.separator)] if name in cells else [""]
            for name in split.fields
        }
        if len({len(some) for some in parts.values()}) > 1:
            return self._out_of_step(line, cells, parts, outcome)
        steps = [
            {name: value for name, value in {**cells, **dict(zip(parts, step, strict=True))}.items() if value}
            for step in zip(*parts.values(), strict=True)
        ]
        return self._without_strays(line, steps, outcome)

    def _without_strays(
        self, line: int, steps: list[dict[str, str]], outcome: Outcome
    ) -> list[dict[str, str]]:
        """Joined pieces without those that name no licence: text of another column cut in pieces like the rest."""
        named = [
            step
            for step in steps
            if all(self._is_word(name, step.get(name, "")) for name in self._joined_keys())
        ]
        if not named or len(named) == len(steps):
            return steps
        for step in steps:
            if step not in named:
                stray = " / ".join(step.get(name, "") for name in self._joined_keys())
                message = f"{stray!r} is no word the profile declares, among others that are: no licence is made of it"
                outcome.problems.append(
                    Problem(line, self._heading(self._joined_keys()[0]), "word.stray", message)
                )
        return named

    def _joined_keys(self) -> tuple[str, ...]:
        """The joined columns that tell one licence of a holder from another."""
        split = self._layout.split
        return tuple(name for name in self._profile.licence if split is not None and name in split.fields)

    def _out_of_step(
        self, line: int, cells: dict[str, str], parts: dict[str, list[str]], outcome: Outcome
    ) -> list[dict[str, str]]:
        """Joined cells of unequal length: text of another column has run in.

        The licences that the list names are kept, so that nobody drops off the list for a fault of its typesetting;
        their status reads ``unknown``, since which word belongs to which cannot be told for certain.
        """
        found = " and ".join(f"{len(some)} in {self._heading(name)!r}" for name, some in parts.items())
        outcome.problems.append(
            Problem(
                line,
                self._heading(next(iter(parts))),
                "cells.out_of_step",
                f"the joined cells differ: {found}",
            )
        )
        declared = {name: [p for p in some if self._is_word(name, p)] for name, some in parts.items()}
        keys = self._joined_keys()
        count = len(declared[keys[0]]) if keys else 0
        if not count:
            outcome.refused = True
            return []
        steps = []
        for place in range(count):
            own = {name: some[place] for name, some in declared.items() if len(some) == count}
            steps.append({**{k: v for k, v in cells.items() if k not in parts}, **own, "_out_of_step": "1"})
        return steps

    def _is_word(self, name: str, text: str) -> bool:
        entries = self._vocabulary.get(name)
        return bool(text) if entries is None else any(folded(text) in entry.words for entry in entries)

    def _word(self, name: str, cells: Mapping[str, str]) -> Words | None:
        """The entry of the vocabulary that the cell's word belongs to, in this period and beside these other cells."""
        word = folded(cells[name])
        for entry in self._vocabulary.get(name, ()):
            if word in entry.words and all(
                folded(cells.get(k, "")).startswith(v) for k, v in entry.when.items()
            ):
                return entry
        return None

    def _add(self, line: int, cells: dict[str, str], outcome: Outcome) -> None:
        """Add the licence (or finding) that ``cells`` describe, in the profile's words."""
        in_step = cells.pop("_out_of_step", None) is None
        in_doubt = cells.pop(_IN_DOUBT, None) is not None
        said = dict(cells)
        status, term = self._status(line, said, outcome, in_step=in_step)
        if in_doubt and status == "licensed":  # it may be over already: missing data is never green
            status = "unknown"
        for name in self._vocabulary:
            if name == "status" or name not in cells:
                continue
            entry = self._word(name, said)
            if entry is not None:
                cells[name] = entry.means
            else:
                message = f"{cells[name]!r} is not a word the profile declares for this period"
                outcome.problems.append(Problem(line, self._heading(name), "word.undeclared", message))
        cells.pop("status", None)
        if not self._has_key(line, outcome, cells):
            return
        holder = [key_text(cells.get(name, "")) for name in self._profile.identity]
        licence = [*holder, *(key_text(cells.get(name, "")) for name in self._profile.licence)]
        told = {name: value for name, value in cells.items() if name not in _NOT_CONTENT}
        content = json.dumps([told, status, term], sort_keys=True, ensure_ascii=False)
        reading = Reading(line, digest(holder), digest(licence), digest([content]), status, term, cells)
        same = [other for other in outcome.readings if other.licence == reading.licence]
        if not same:
            outcome.readings.append(reading)

    def _has_key(self, line: int, outcome: Outcome, cells: Mapping[str, str]) -> bool:
        """Whether anything at all identifies the row; refused otherwise."""
        first = self._profile.identity[0]
        missing = [name for name in (first, *self._profile.licence) if not key_text(cells.get(name, ""))]
        if missing:
            outcome.refused = True
            message = "nothing stands here by which the list could tell this licence from another"
            if not any(problem.code == "cell.absent" for problem in outcome.problems):
                outcome.problems.append(Problem(line, self._heading(missing[0]), "key.absent", message))
        return not missing

    def _status(
        self, line: int, cells: Mapping[str, str], outcome: Outcome, *, in_step: bool
    ) -> tuple[str, str]:
        """(what the list says of the licence, its own word for it)."""
        column = self._layout.columns.get("status")
        if self._profile.kind == "findings":
            return "", ""
        if column is None:
            return self._profile.fixed["status"], ""
        if not in_step:
            return "unknown", cells.get("status", "")
        if "status" not in cells:
            if column.absent == "unknown":
                message = "the list states no status here; the licence reads unknown"
                outcome.problems.append(Problem(line, column.heading, "status.absent", message))
            return column.absent, ""
        entry = self._word("status", cells)
        if entry is None:
            message = f"{cells['status']!r} is not a word declared for this period; the licence reads unknown"
            outcome.problems.append(Problem(line, column.heading, "word.undeclared", message))
            return "unknown", cells["status"]
        return entry.means, entry.legal_term or cells["status"]


def _clean(cell: object) -> str:
    """The cell as one line of normalised text; control characters become spaces."""
    text = cell if isinstance(cell, str) else str(cell)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return " ".join(text.split())


def _day(text: str | None) -> date | None:
    return None if text is None or text == "open" else date.fromisoformat(text)


def _lasts(first: date, last: date, duration: str) -> bool:
    """Whether ``first`` to ``last`` is as long as the list says, a day more or less (people count both ways)."""
    match = _DURATION.fullmatch(duration.strip())
    if match is None:
        return True
    count, unit = int(match[1]), match[2].casefold()
    if unit in ("year", "month"):
        end = days.add_months(first, count * (12 if unit == "year" else 1))
    else:
        end = first + timedelta(days=count * (7 if unit == "week" else 1))
    return abs((end - timedelta(days=1) - last).days) <= 1


@lru_cache(maxsize=1024)
def _country_code(text: str) -> str | None:
    if text.upper() in countries.CODES:
        return text.upper()
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None
