"""A profile: how to read one register's or one warning list's files, as data; ``docs/intake.md`` has the whole page.

``load`` answers a frozen :class:`Profile` or refuses with the key at fault. Nothing here touches a database or a clock.
"""

import codecs
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from registry.intake import calendars
from registry.intake.refusals import ProfileInvalid, ProfileNotFound
from registry.intake.toml_table import Table
from registry.rules import countries

#: Where the profiles that come with the register lie.
SHIPPED: Final = Path(__file__).parent / "profiles"

KINDS: Final = ("register", "findings")
STATUSES: Final = ("licensed", "not_licensed", "unknown")
DATE_FIELDS: Final = frozenset({"first_day", "last_day", "from", "until", "published", "updated"})
TEXT_FIELDS: Final = frozenset(
    {
        *("number", "name", "latin_name", "trading_name", "company_number", "lei", "legal_form"),
        *("address", "locality", "region", "postcode", "country", "phone", "email", "web"),
        *("class", "status"),
        *("duration", "grounds", "reference", "other_name", "source_of_finding", "remarks"),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """Where one field comes from and how its cell is read.

    ``absent`` says what an empty cell means: ``nothing``, ``flag``, ``refuse``; for a day ``unknown`` or ``open``; for
    the status one of the three status words. ``open`` holds words that mean "no end".
    """

    field: str
    heading: str
    absent: str
    dates: tuple[str, ...] = ()
    open: frozenset[str] = frozenset()
    trading_as: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """Columns in which several licences of one holder stand joined, to be taken apart in step."""

    fields: tuple[str, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of one period are laid out."""

    since: date | None
    until: date | None
    format: str
    encoding: str
    delimiter: str
    quotes: bool
    header_row: int
    sheet: str | None
    sub_headings: bool
    skip: Mapping[str, frozenset[str]]
    columns: Mapping[str, Column]
    split: Split | None

    def covers(self, day: date) -> bool:
        """Whether a file of ``day`` is laid out so."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the list's own vocabulary that mean one thing, perhaps only in a period or beside another cell."""

    means: str
    words: frozenset[str]
    legal_term: str | None
    since: date | None
    until: date | None
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuthorityFacts:
    """The authority whose list it is; created when the register does not know it yet."""

    code: str
    name: Mapping[str, str]
    country: str
    time_zone: str

    @property
    def full_code(self) -> str:
        """The code as the register writes it: ``GB-UKVI``."""
        return self.code if "-" in self.code else f"{self.country}-{self.code}"


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything the register must be told to read one list, day after day."""

    key: str
    kind: str
    title: str
    source: str
    rights: str | None
    freshness_days: int
    #: Of a list of findings: entries leave it by themselves so many days after their first day (0: they do not).
    leaves_after_days: int
    authority: AuthorityFacts
    fixed: Mapping[str, str]
    identity: tuple[str, ...]
    licence: tuple[str, ...]
    absent_words: frozenset[str]
    words: Mapping[str, tuple[Words, ...]]
    layouts: tuple[Layout, ...] = field(repr=False)
    digest: str

    def layout_on(self, day: date) -> Layout:
        """The layout of a file of ``day``: the first that covers it."""
        for layout in self.layouts:
            if layout.covers(day):
                return layout
        message = f"no layout of profile {self.key} covers {day.isoformat()}"
        raise ProfileInvalid(message, key="layout")


def folded(text: str) -> str:
    """``text`` as words are compared: trimmed, inner white space single, case ignored."""
    return " ".join(text.split()).casefold()


def load(name_or_path: str) -> Profile:
    """The profile of that shipped name, or of that path to a TOML file anywhere.

    Refuses with :class:`ProfileNotFound`, or with :class:`ProfileInvalid` naming the key.
    """
    path = _find(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        message = f"{path.name} is not TOML: {broken}"
        raise ProfileInvalid(message, key="") from broken
    return read(content)


def shipped_names() -> list[str]:
    """The names of the profiles that come with the register."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def _find(name_or_path: str) -> Path:
    if re.fullmatch(r"[a-z0-9_]+", name_or_path) and (SHIPPED / f"{name_or_path}.toml").is_file():
        return SHIPPED / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.is_file():
        return path
    message = f"{name_or_path!r} is neither a file nor one of {', '.join(shipped_names())}"
    raise ProfileNotFound(message, name=name_or_path)


def read(content: Mapping[str, Any]) -> Profile:
    """The profile that a parsed TOML document states."""
    top = Table(content)
    kind = top.choice("kind", KINDS)
    dates = _date_formats(top, "dates", ("iso",))
    layouts = _layouts(top, content, kind, dates)
    fixed = _fixed(top)
    profile = Profile(
        key=_key(top),
        kind=kind,
        title=top.text("title"),
        source=top.text("source"),
        rights=top.optional_text("rights"),
        freshness_days=top.integer("freshness_days", 45, least=1, most=3660),
        leaves_after_days=top.integer("leaves_after_days", 0, least=1, most=36600),
        authority=_authority(top.table("authority", needed=True)),
        fixed=fixed,
        identity=_fields_of(top.table("identity", needed=True), "holder", layouts, needed=True),
        licence=_fields_of(top.table("identity"), "licence", layouts, needed=False),
        absent_words=frozenset(folded(word) for word in top.texts("absent_words", [])) | {""},
        words=_vocabulary(top.table("words")),
        layouts=layouts,
        digest=hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest(),
    )
    identity = top.table("identity")
    identity.texts("holder", [])
    identity.texts("licence", [])
    identity.close()
    top.close()
    _check_status(top, profile)
    return profile


def _key(top: Table) -> str:
    key = top.text("profile")
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", key):
        top.refuse("profile", "must be 3 to 60 small letters, digits and _, beginning with a letter")
    return key


def _authority(table: Table) -> AuthorityFacts:
    code, country, zone = table.text("code"), table.text("country"), table.text("time_zone")
    names = table.table("name", needed=True)
    facts = AuthorityFacts(code=code, name=names.pairs(), country=country, time_zone=zone)
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,7}", code.removeprefix(f"{country}-")):
        table.refuse("code", "must be 2 to 8 capital letters and digits, the first a letter")
    if not facts.name:
        table.refuse("name", 'must give a name by language, such as { en = "…" }')
    _check_country(table, "country", country)
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        table.refuse("time_zone", f"{zone!r} is not an IANA time zone")
    table.close()
    return facts


def _check_country(table: Table, key: str, code: str) -> None:
    """Refuse what is neither an ISO 3166-1 alpha-2 code nor one of its user-assigned ones (demo countries)."""
    if code not in countries.CODES:
        table.refuse(key, f"{code!r} is not an ISO 3166-1 alpha-2 country code")


def _fixed(top: Table) -> dict[str, str]:
    table = top.table("fixed")
    fixed = table.pairs()
    for key in fixed:
        if key not in TEXT_FIELDS | {"authority"}:
            table.refuse(key, "is not a field of a licence or finding")
    if "country" in fixed:
        _check_country(table, "country", fixed["country"])
    fixed.pop("authority", None)
    return fixed


def _date_formats(table: Table, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    formats = table.texts(key, default)
    for pattern in formats:
        if fault := calendars.pattern_fault(pattern):
            table.refuse(key, f"{pattern!r}: {fault}")
    return formats


def _layouts(top: Table, content: Mapping[str, Any], kind: str, dates: tuple[str, ...]) -> tuple[Layout, ...]:
    """The layouts of the profile: each ``[[layout]]`` over what the top level says, or the top level alone."""
    top.table("file")
    top.table("columns")
    top.table("split")
    periods = top.tables("layout")
    if not periods:
        return (_layout(top, content, {}, kind, dates),)
    return tuple(_layout(table, content, dict(table.items()), kind, dates) for table in periods)


def _layout(
    where: Table, content: Mapping[str, Any], own: Mapping[str, Any], kind: str, dates: tuple[str, ...]
) -> Layout:
    for key in own:
        if key not in ("from", "until", "file", "columns", "split"):
            where.refuse(key, "is not a key a layout has (known: columns, file, from, split, until)")
    merged = {key: {**content.get(key, {}), **own.get(key, {})} for key in ("file", "columns", "split")}
    file = Table(merged["file"], where.name_of("file"))
    form = file.choice("format", ("csv", "tsv", "xlsx"))
    columns = _columns(Table(merged["columns"], where.name_of("columns")), kind, dates)
    layout = Layout(
        since=where.day("from") if own else None,
        until=where.day("until") if own else None,
        format=form,
        encoding=_encoding(file),
        delimiter=_delimiter(file, form),
        quotes=file.flag("quotes", default=True),
        header_row=file.integer("header_row", 1, least=1, most=1000),
        sheet=file.optional_text("sheet"),
        sub_headings=file.flag("sub_headings"),
        skip=_skip(file.table("skip"), columns),
        columns=columns,
        split=_split(Table(merged["split"], where.name_of("split")), columns),
    )
    file.close()
    return layout


def _encoding(file: Table) -> str:
    encoding = file.text("encoding", "utf-8")
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        file.refuse("encoding", f"{encoding!r} is not a known encoding")
    # A byte order mark in front of the first heading is no part of it.
    return "utf-8-sig" if name == "utf-8" else name


def _delimiter(file: Table, form: str) -> str:
    delimiter = file.text("delimiter", ",") if form != "tsv" else "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n':
        file.refuse("delimiter", "must be one character, not a quote nor a line end")
    return delimiter


def _skip(table: Table, columns: Mapping[str, Column]) -> dict[str, frozenset[str]]:
    for key, _ in list(table.items()):
        if key not in columns:
            table.refuse(key, "is not one of this layout's columns")
    return {key: frozenset(folded(word) for word in table.texts(key)) for key, _ in list(table.items())}


def _split(table: Table, columns: Mapping[str, Column]) -> Split | None:
    if not list(table.items()):
        return None
    split = Split(fields=table.texts("columns"), separator=table.text("separator"))
    for name in split.fields:
        if name not in columns:
            table.refuse("columns", f"{name!r} is not one of this layout's columns")
    if len(split.fields) < 1:
        table.refuse("columns", "must name at least one column")
    for key in dict(table.items()):
        if key not in ("columns", "separator"):
            table.refuse(key, "is not a key of a split (known: columns, separator)")
    return split


def _columns(table: Table, kind: str, dates: tuple[str, ...]) -> dict[str, Column]:
    columns = {}
    for name, value in list(table.items()):
        if name not in TEXT_FIELDS | DATE_FIELDS:
            known = ", ".join(sorted(TEXT_FIELDS | DATE_FIELDS))
            table.refuse(name, f"is not a field of a licence or finding (known: {known})")
        if isinstance(value, str):
            value = {"heading": value}  # noqa: PLW2901 - the short form means exactly this
        if not isinstance(value, dict):
            table.refuse(name, "must be a heading, or a table with one")
        columns[name] = _column(name, Table(value, table.name_of(name)), dates)
    if "name" not in columns:
        table.refuse("name", f"is missing; a {kind} profile must say where the name stands")
    return columns


def _column(name: str, table: Table, dates: tuple[str, ...]) -> Column:
    is_day = name in DATE_FIELDS
    if name == "status":
        absent = table.choice("absent", STATUSES, "unknown")
    elif is_day:
        absent = table.choice("absent", ("unknown", "open", "flag", "refuse"), "unknown")
    else:
        choices = ("refuse",) if name == "name" else ("nothing", "flag", "refuse")
        absent = table.choice("absent", choices, choices[0])
    trading_as = table.flag("trading_as")
    if trading_as and name != "name":
        table.refuse("trading_as", "belongs to the column of the name")
    column = Column(
        field=name,
        heading=table.text("heading"),
        absent=absent,
        dates=_date_formats(table, "dates", dates) if is_day else (),
        open=frozenset(folded(word) for word in table.texts("open", [])) if is_day else frozenset(),
        trading_as=trading_as,
    )
    table.close()
    return column


def _fields_of(identity: Table, key: str, layouts: tuple[Layout, ...], *, needed: bool) -> tuple[str, ...]:
    fields = identity.texts(key, None if needed else [])
    if needed and not fields:
        identity.refuse(key, "must name at least one column")
    for name in fields:
        if any(name not in layout.columns for layout in layouts):
            identity.refuse(key, f"{name!r} is not a column of every layout")
    return fields


def _vocabulary(words: Table) -> dict[str, tuple[Words, ...]]:
    vocabulary = {}
    for name, _ in list(words.items()):
        if name not in TEXT_FIELDS:
            words.refuse(name, "is not a field with words")
        vocabulary[name] = tuple(_words(table, name) for table in words.tables(name))
    return vocabulary


def _words(table: Table, name: str) -> Words:
    means = table.choice("means", STATUSES) if name == "status" else table.text("means")
    when = table.table("when")
    entry = Words(
        means=means,
        words=frozenset(folded(word) for word in table.texts("words")),
        legal_term=table.optional_text("legal_term"),
        since=table.day("from"),
        until=table.day("until"),
        when={key: folded(value) for key, value in when.pairs().items()},
    )
    table.close()
    return entry


def _check_status(top: Table, profile: Profile) -> None:
    """A register's profile must say what being on the list means; a list of findings has no status."""
    for layout in profile.layouts:
        has_column, has_fixed = "status" in layout.columns, "status" in profile.fixed
        if profile.kind == "register" and profile.leaves_after_days:
            top.refuse(
                "leaves_after_days",
                "belongs to a list of findings: a licence does not leave a register by age",
            )
        if profile.kind == "findings":
            if has_column or has_fixed:
                top.refuse("columns.status", "a list of findings states no status of a licence")
            if profile.licence:
                top.refuse("identity.licence", "a list of findings knows no licences")
        elif has_column == has_fixed:
            top.refuse(
                "fixed.status",
                "say either where the status stands (columns.status) or what being on the list means",
            )
        elif has_fixed and profile.fixed["status"] not in STATUSES:
            top.refuse("fixed.status", f"must be one of {', '.join(STATUSES)}")
