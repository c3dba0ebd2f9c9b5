"""Typed reads of a TOML table: every refusal names the key, and keys nobody asked for are refused too."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NoReturn

from registry.intake.refusals import ProfileInvalid


class Table:
    """One table of a profile; remembers its path and which of its keys were read."""

    def __init__(self, content: Mapping[str, Any], path: str = "") -> None:
        """Wrap ``content``, found at ``path`` of the file."""
        self._content = content
        self._path = path
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the table has ``key``."""
        return key in self._content

    def name_of(self, key: str) -> str:
        """The dotted name of ``key`` as a person finds it in the file."""
        return f"{self._path}.{key}" if self._path else key

    def refuse(self, key: str, why: str) -> NoReturn:
        """Refuse the profile because of ``key``."""
        name = self.name_of(key)
        message = f"{name}: {why}"
        raise ProfileInvalid(message, key=name)

    def _get(self, key: str, kind: type, wanted: str, *, needed: bool) -> Any:
        self._read.add(key)
        value = self._content.get(key)
        if value is None:
            if needed:
                self.refuse(key, f"is missing; it must be {wanted}")
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.refuse(key, f"must be {wanted}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """The text at ``key``, or ``default``; missing without a default, or blank, is refused."""
        value = self._get(key, str, "a text", needed=default is None)
        if value is None:
            return default or ""
        if not value.strip():
            self.refuse(key, "must not be blank")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """The text at ``key``, or ``None`` where the table has none."""
        return self.text(key) if key in self else self._get(key, str, "a text", needed=False)

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of ``choices``."""
        value = self.text(key, default)
        if value not in choices:
            self.refuse(key, f"must be one of {', '.join(choices)}; it is {value!r}")
        return value

    def integer(self, key: str, default: int, *, least: int, most: int) -> int:
        """A whole number between ``least`` and ``most``."""
        value = self._get(key, int, "a whole number", needed=False)
        if value is None:
            return default
        if not least <= value <= most:
            self.refuse(key, f"must be from {least} to {most}")
        return int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """``true`` or ``false``."""
        value = self._get(key, bool, "true or false", needed=False)
        return default if value is None else bool(value)

    def day(self, key: str) -> date | None:
        """A TOML local date (2021-07-26, without quotes), or ``None``."""
        value = self._get(key, date, "a day such as 2021-07-26, without quotes", needed=False)
        if isinstance(value, datetime):
            self.refuse(key, "must be a day, not an instant")
        return value if value is None or isinstance(value, date) else None

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key, list, "a list of texts", needed=default is None)
        if value is None:
            return tuple(default or ())
        if not all(isinstance(item, str) for item in value):
            self.refuse(key, "must be a list of texts")
        return tuple(value)

    def table(self, key: str, *, needed: bool = False) -> "Table":
        """The table at ``key``; an empty one where it may be absent."""
        value = self._get(key, dict, "a table", needed=needed)
        return Table(value or {}, self.name_of(key))

    def tables(self, key: str) -> "list[Table]":
        """The array of tables at ``key``, each with its place (``layout[1]``) in its path; empty where absent."""
        value = self._get(key, list, "an array of tables", needed=False) or []
        if not all(isinstance(item, dict) for item in value):
            self.refuse(key, "must be an array of tables")
        return [Table(item, f"{self.name_of(key)}[{place}]") for place, item in enumerate(value, start=1)]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Every key with its raw value; all count as read."""
        self._read.update(self._content)
        return iter(self._content.items())

    def pairs(self) -> dict[str, str]:
        """The whole table as texts by key."""
        for key, value in self.items():
            if not isinstance(value, str) or not value.strip():
                self.refuse(key, "must be a text")
        return dict(self._content)

    def close(self) -> None:
        """Refuse the first key nobody asked for: a misspelt key must not be silently without effect."""
        for key in self._content:
            if key not in self._read:
                self.refuse(key, f"is not a key a profile has here (known: {', '.join(sorted(self._read))})")
