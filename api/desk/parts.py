"""The vocabulary of the desk's pages: each part is a small record that draws itself, ``{{ part }}`` in a template.

====================  =================================================================================================
``Standing``          a licence's standing: colour, shape and word from the one verdict table, with the legal state
``Facts``, ``Fact``   a list of facts, restricted ones marked; a fact that is not known says so
``Table``             rows under a head that stays in sight; a sentence where there are none; ``Pages`` beneath it
``Number``            a number that is not broken at its hyphens
``Photograph``        a photograph of an office or of a person
``Officers``          officers by number, each with the name that they sign in with; ``officers(…)`` makes it
``Link``              a way to another page; ``aside`` is the quiet line beneath it
``Day``, ``Moment``   a local day, an instant in the authority's zone, written out
``Pages``             the next piece of a list read by keyset, and the way back to its beginning
``Key``               a key of the keyboard and what it opens
``Due``               a legal deadline, marked where it is past
``LastDay``           the last day on which something can be done, and what that is
``Noted``             a text with a quiet line beneath it
====================  =================================================================================================

In a template: ``{% extends "desk/base.html" %}`` gives the page head (``title``, blocks ``above``, ``lead`` and
``actions``), the list of rooms and the flash message; ``{% include "desk/parts/form.html" %}`` a form whose fields
carry their own errors (``desk.forms``); ``{% include "desk/parts/field.html" with field=form.x %}`` one field;
``{% include "desk/parts/confirm.html" %}`` the end of a form that decides: declaration, second factor where it is
stale, one button. Sections are ``<section class="card">`` with an ``<h2>``; two columns ``<div class="columns">``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from api import labels
from api.desk import roll
from api.pages import verdicts, written
from registry.rules.lifecycle import Result, Role, State


class Part:
    """Something that draws itself into a page, escaped where it must be."""

    template: ClassVar[str]

    def __html__(self) -> SafeString:
        """The part as HTML."""
        return render_to_string(f"desk/parts/{self.template}.html", {"part": self})

    def __str__(self) -> str:
        return self.__html__()


@dataclass(frozen=True)
class Link(Part):
    """A way to a page of the desk."""

    text: Any
    href: str
    aside: str = ""

    def __html__(self) -> SafeString:
        """The link, names isolated from the direction of the page."""
        aside = format_html("<small>{}</small>", self.aside) if self.aside else ""
        return format_html('<a href="{}"><bdi>{}</bdi></a>{}', self.href, self.text, aside)


@dataclass(frozen=True)
class Number(Part):
    """A number of the register or of an officer: never broken at its hyphens, left to right everywhere."""

    text: str

    def __html__(self) -> SafeString:
        """The number."""
        return format_html('<span class="number" dir="ltr">{}</span>', self.text)


@dataclass(frozen=True)
class Photograph(Part):
    """A photograph by its digest, small in a list; nothing where there is none."""

    sha256: str
    small: bool = False

    def __html__(self) -> SafeString:
        """The picture in a frame whose size is known before it comes."""
        if not self.sha256:
            return SafeString("")
        width, height = (80, 60) if self.small else (240, 180)
        told = '<img class="photograph" src="{}" alt="{}" width="{}" height="{}" loading="lazy">'
        where = resolve_url("desk-picture", self.sha256)
        return format_html(told, where, gettext("Photograph"), width, height)


@dataclass(frozen=True)
class Officers(Part):
    """Officers: each number, and beside it the name that the officer signs in with."""

    numbers: tuple[str, ...]

    def __post_init__(self) -> None:
        """Be read together with all others of the page."""
        roll.enter(self.numbers)

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.numbers)

    def __html__(self) -> SafeString:
        """The officers, one after another; one without an account by the number alone."""
        told = ((number, self._named(number)) for number in self.numbers)
        return format_html_join(", ", '<bdi dir="ltr" class="officer">{}</bdi>{}', told)

    @staticmethod
    def _named(number: str) -> SafeString:
        name = roll.name_of(number)
        known = name and name.casefold() != number.casefold()
        return format_html(' <span class="soft"><bdi>{}</bdi></span>', name) if known else SafeString("")


def officers(*numbers: str) -> Officers:
    """The officers of these numbers; an empty one is nobody."""
    return Officers(tuple(filter(None, numbers)))


@dataclass(frozen=True)
class Day(Part):
    """A local day, written out."""

    on: date | None

    def __html__(self) -> SafeString:
        """The day; nothing when there is none."""
        if self.on is None:
            return SafeString("")
        return format_html('<time datetime="{}">{}</time>', self.on.isoformat(), written.day(self.on))


@dataclass(frozen=True)
class Moment(Part):
    """An instant, in words of the place where ``zone`` is."""

    at: datetime | None
    zone: str

    def __html__(self) -> SafeString:
        """Day and hour, and that they are UTC where they are nobody's place; nothing when there is none."""
        if self.at is None:
            return SafeString("")
        told = written.moment(self.at, self.zone)
        told += " UTC" if self.zone == "UTC" else ""
        return format_html('<time datetime="{}">{}</time>', self.at.isoformat(), told)


@dataclass(frozen=True)
class Standing(Part):
    """How a licence stands: the verdict's colour, shape and word, and beneath it the legal state."""

    template = "standing"
    result: str
    state: str = ""
    large: bool = False

    @property
    def row(self) -> verdicts.Row:
        """Colour, shape and word from the one table; a licence that was opened and no more is plainly not granted."""
        if self.state == State.NOT_GRANTED:
            return replace(verdicts.row(Result.NOT_LICENSED.value), word=gettext("Nothing granted yet"))
        return verdicts.row(self.result)

    @property
    def legal(self) -> str:
        """The state in the law's words."""
        return labels.text("states", self.state, get_language() or "en") if self.state else ""


@dataclass(frozen=True)
class Fact:
    """One fact under its name. ``restricted``: not for the public, and marked so."""

    name: str
    value: Any
    restricted: bool = False


@dataclass(frozen=True)
class Facts(Part):
    """Facts one under another; an empty one reads "not recorded"."""

    template = "facts"
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Pages(Part):
    """Where a list goes on, and its beginning; addresses with their query, empty where there is none."""

    template = "pages"
    following: str = ""
    first: str = ""


@dataclass(frozen=True)
class Table(Part):
    """A list: ``rows`` are cells as wide as ``columns``; ``empty`` is the sentence that stands where there are none."""

    template = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str
    pages: Pages | None = None

    @property
    def lines(self) -> list[list[tuple[str, Any]]]:
        """The rows, each cell with the name of its column, which a narrow screen shows beside it."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Key:
    """Keys pressed one after another, and what they do."""

    keys: str
    does: str


ROLES: Final = {
    Role.OFFICER: _("licensing officer"),
    Role.SUPERVISOR: _("supervisor"),
    Role.REGISTRAR: _("registrar"),
    Role.DUTY_OFFICER: _("duty officer"),
    Role.APPEALS_BODY: _("appeals body"),
    Role.INSPECTOR: _("inspector"),
    Role.CASE_OFFICER: _("case officer"),
    Role.CONSULAR: _("consular officer"),
    Role.ANALYST: _("policy analyst"),
    Role.AUDITOR: _("auditor"),
    Role.ADMINISTRATOR: _("administrator"),
}


def roles(held: Iterable[str]) -> list[str]:
    """Roles in words, in the order of the law's table."""
    return [gettext(word) for role, word in ROLES.items() if role in set(held)]


@dataclass(frozen=True)
class Due(Part):
    """A legal deadline, a last day where it ends with one; ``late``: it is past, and a word says so."""

    at: datetime | None
    zone: str
    late: bool = False

    def __html__(self) -> SafeString:
        """Day and hour, or that the law sets none."""
        if self.at is None:
            return format_html('<span class="soft">{}</span>', gettext("no day is set"))
        local = self.at.astimezone(ZoneInfo(self.zone))
        told: Part = Moment(self.at, self.zone)
        if local.time() == time.min:
            told = Day(local.date() - timedelta(days=1))
        late = format_html('<span class="late stop">{}</span> ', gettext("Overdue")) if self.late else ""
        return format_html("{}{}", late, told)


@dataclass(frozen=True)
class LastDay(Part):
    """A legal date as the last local day on which something can be done, ``end`` being the instant after it."""

    what: str
    end: datetime
    zone: str

    def __html__(self) -> SafeString:
        """The day, and beneath it what it is the last day of."""
        return format_html("{}<small>{}</small>", written.last_day(self.end, self.zone), self.what)


@dataclass(frozen=True)
class Noted(Part):
    """A text with a quiet line beneath it."""

    text: Any
    aside: Any = ""

    def __html__(self) -> SafeString:
        """The text, isolated from the direction of the page, and the line beneath it."""
        aside = format_html("<small>{}</small>", self.aside) if self.aside else ""
        return format_html("<bdi>{}</bdi>{}", self.text, aside)
