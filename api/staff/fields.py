"""Fields of what officials send. Each takes exactly one form on the wire and refuses the others by name.

REST framework's own fields are generous (``"12"`` is a number, ``"yes"`` is true, ``2026-5-1`` is a day); a
register of decisions is better served by a program that learns at once that it sends something else than it
means.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from registry.rules import countries, days

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SPAN: Final = f"of the years {days.YEARS[0]} to {days.YEARS[-1]}"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Input(serializers.Serializer[Any]):
    """What may be sent: its fields and no others."""

    def to_internal_value(self, data: Any) -> Any:
        """The values; refuses what is no object, and a field that is not known here, by name."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["an object"]})
        for name in data:
            if name not in self.fields:
                known = ", ".join(sorted(self.fields))
                raise serializers.ValidationError(
                    {str(name)[:64]: [ErrorDetail(f"one of: {known}", "unknown")]}
                )
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """Text without control characters, trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        """Take at most 300 characters unless told otherwise."""
        kwargs.setdefault("max_length", 300)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The text; refuses numbers, truth values and bytes that no column can hold."""
        if not isinstance(data, str):
            raise serializers.ValidationError("text")
        if _CONTROL.search(data):
            raise serializers.ValidationError("text without control characters")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number, written as a number."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if type(data) is not int:
            raise serializers.ValidationError("a whole number")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """``true`` or ``false``."""

    def to_internal_value(self, data: Any) -> bool:
        """The truth value."""
        if type(data) is not bool:
            raise serializers.ValidationError("true or false")
        return data


@extend_schema_field({"type": "string", "format": "date"})
class Day(serializers.Field[date, str, str, Any]):
    """A local day of the authority: ``2026-05-01``."""

    def to_internal_value(self, data: Any) -> date:
        """The day."""
        if isinstance(data, str) and _DAY.fullmatch(data):
            try:
                found = date.fromisoformat(data)
            except ValueError:
                pass
            else:
                if found.year in days.YEARS:
                    return found
        raise serializers.ValidationError(f"a day that exists, such as 2026-05-01, {_SPAN}")

    def to_representation(self, value: date) -> str:
        """The day as text."""
        return value.isoformat()


@extend_schema_field(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)
class Moment(serializers.Field[date | datetime, str, str, Any]):
    """A local day, or an instant with its offset."""

    def to_internal_value(self, data: Any) -> date | datetime:
        """The day or the instant."""
        if isinstance(data, str) and (_DAY.fullmatch(data) or _INSTANT.fullmatch(data)):
            try:
                found = date.fromisoformat(data) if _DAY.fullmatch(data) else datetime.fromisoformat(data)
            except ValueError:
                pass
            else:
                if found.year in days.YEARS:
                    return found
        raise serializers.ValidationError(
            f"a day (2026-05-01) or an instant with its offset (2026-05-01T12:00:00Z), {_SPAN}"
        )

    def to_representation(self, value: date | datetime) -> str:
        """The day or instant as text."""
        return value.isoformat()


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{2}$"})
class Country(serializers.Field[str, str, str, Any]):
    """A country by its two letters (ISO 3166-1), the user-assigned codes of a demonstration included."""

    def to_internal_value(self, data: Any) -> str:
        """The code in capitals."""
        if isinstance(data, str) and data.upper() in countries.CODES:
            return data.upper()
        raise serializers.ValidationError("a country code of two letters (ISO 3166-1)")

    def to_representation(self, value: str) -> str:
        """The code."""
        return value


class Texts(serializers.DictField):
    """A text for each language, by its BCP 47 tag."""

    child = Text(max_length=4000)
    _tag: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The texts; refuses a key that is no language tag."""
        found: dict[str, str] = super().to_internal_value(data)
        for tag in found:
            if not self._tag.fullmatch(tag):
                raise serializers.ValidationError("an object with language tags (BCP 47) as names")
        return found
