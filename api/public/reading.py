"""Reading what strangers send: parameters, instants, JSON. Each refusal says what is wrong and where."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from api import labels
from api.problems import Refusal
from registry.rules import countries, days

JSON: Final = "application/json"
MOST_BYTES: Final = 1_000_000
LONGEST_TEXT: Final = 300

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)
_SPAN: Final = f"of the years {days.YEARS[0]} to {days.YEARS[-1]}"


class Reader(Protocol):
    """Turns the text of one parameter into a value, or refuses it by name."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """How OpenAPI describes what is accepted."""

    def __call__(self, name: str, text: str) -> Any:
        """The value; refuses what cannot be read."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text of one line, trimmed, not empty."""

    most: int = LONGEST_TEXT

    @property
    def schema(self) -> Mapping[str, Any]:
        """The length."""
        return {"type": "string", "minLength": 1, "maxLength": self.most}

    def __call__(self, name: str, text: str) -> str:
        """The text without spaces around it."""
        plain(text, name, fault="parameter.invalid")
        text = text.strip()
        if not 0 < len(text) <= self.most:
            raise Refusal("parameter.invalid", parameter=name, wanted=f"text of 1 to {self.most} characters")
        return text


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int
    default: int | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        """The bounds, and what an absent parameter means."""
        bounds = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return bounds if self.default is None else bounds | {"default": self.default}

    def __call__(self, name: str, text: str) -> int:
        """The number."""
        if not _WHOLE.fullmatch(text) or not self.least <= int(text) <= self.most:
            wanted = f"a whole number from {self.least} to {self.most}"
            raise Refusal("parameter.invalid", parameter=name, wanted=wanted)
        return int(text)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of words."""

    words: tuple[str, ...]

    @property
    def schema(self) -> Mapping[str, Any]:
        """The words."""
        return {"type": "string", "enum": list(self.words)}

    def __call__(self, name: str, text: str) -> str:
        """The word."""
        if text not in self.words:
            raise Refusal("parameter.invalid", parameter=name, wanted="one of " + ", ".join(self.words))
        return text


class _Country:
    schema: Final = {"type": "string", "pattern": "^[A-Za-z]{2}$", "examples": ["XA"]}

    def __call__(self, name: str, text: str) -> str:
        code = text.strip().upper()
        if code not in countries.CODES:
            raise Refusal(
                "parameter.invalid", parameter=name, wanted="a country code of two letters (ISO 3166-1)"
            )
        return code


class _Instant:
    schema: Final = {"type": "string", "format": "date-time", "examples": ["2026-05-01T12:00:00Z"]}

    def __call__(self, name: str, text: str) -> datetime:
        if (instant := _instant(text)) is None:
            wanted = f"an instant with its offset, such as 2026-05-01T12:00:00Z, {_SPAN}"
            raise Refusal("parameter.invalid", parameter=name, wanted=wanted)
        return instant


class _Day:
    schema: Final = {"type": "string", "format": "date", "examples": ["2026-05-01"]}

    def __call__(self, name: str, text: str) -> date:
        if (day := _day(text)) is None:
            raise Refusal("parameter.invalid", parameter=name, wanted=f"a day, such as 2026-05-01, {_SPAN}")
        return day


class _Moment:
    schema: Final = {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
        "examples": ["2026-05-01", "2026-05-01T12:00:00Z"],
    }

    def __call__(self, name: str, text: str) -> date | datetime:
        if (found := _day(text) or _instant(text)) is None:
            wanted = f"a day (2026-05-01) or an instant with its offset (2026-05-01T12:00:00Z), {_SPAN}"
            raise Refusal("parameter.invalid", parameter=name, wanted=wanted)
        return found


class _Language:
    schema: Final = {"type": "string", "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", "examples": ["en"]}

    def __call__(self, name: str, text: str) -> str:
        try:
            return labels.variant(text)
        except LookupError:
            spoken = ", ".join(labels.languages())
            raise Refusal("parameter.invalid", parameter=name, wanted=f"one of {spoken}") from None


country: Final[Reader] = _Country()
instant: Final[Reader] = _Instant()
day: Final[Reader] = _Day()
moment: Final[Reader] = _Moment()
language: Final[Reader] = _Language()


def plain(text: str, where: str, *, fault: str = "field.invalid") -> None:
    """Refuse control characters (NUL among them) and halves of characters: no column can hold them."""
    if _CONTROL.search(text):
        wanted = "text without control characters"
        if fault.startswith("parameter"):
            raise Refusal(fault, parameter=where, wanted=wanted)
        raise Refusal(fault, field=where, wanted=wanted)


@lru_cache(maxsize=512)
def speaks(accepts: str, offered: str) -> bool:
    """Whether an ``Accept`` header has room for a media type."""
    wide = f"{offered.partition('/')[0]}/*"
    for item in accepts.lower().split(","):
        media, *options = (part.strip() for part in item.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0{0,3})?", option.replace(" ", "")) for option in options)
        if media in {offered, "*/*", wide, "application/problem+json"} and not refused:
            return True
    return not accepts.strip()


def accepted(accepts: str, offered: str = JSON) -> None:
    """Refuse a request that cannot read what is offered."""
    if not speaks(accepts[:500], offered):
        raise Refusal("route.not_acceptable", offers=[offered])


def json_body(request: HttpRequest) -> Any:
    """The JSON of a request's body; refuses what is too large, of another type or ambiguous."""
    if request.META.get("HTTP_SEC_FETCH_SITE", "none") == "cross-site" or _from_elsewhere(request):
        raise Refusal("request.cross_site")
    return parsed(body_of(request, (JSON,)))


def body_of(request: HttpRequest, accepts: Sequence[str], *, most: int = MOST_BYTES) -> bytes:
    """The bytes of a request's body; refuses another media type than these, and more bytes than ``most``."""
    if request.content_type not in accepts:
        raise Refusal(
            "body.wrong_media_type",
            headers={"Accept-Post": ", ".join(filter(None, accepts))},
            accepts=accepts,
        )
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Refusal("request.malformed") from None
    if length > most:
        raise Refusal("body.too_large", limit=most)
    try:
        body: bytes = _stream(request).read(most + 1)
    except (UnreadablePostError, RawPostDataException, OSError):
        raise Refusal("body.incomplete") from None
    if len(body) > most:
        raise Refusal("body.too_large", limit=most)
    if len(body) < length:
        raise Refusal("body.incomplete")
    return body


def _stream(request: HttpRequest) -> Any:
    """Where the body comes from; of one sent in chunks, without a length, the framework reads nothing."""
    if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
        return request.META["wsgi.input"]
    return request


def parsed(body: bytes) -> Any:
    """JSON without its traps: names given twice, NaN, endless depth, bytes that are no UTF-8."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as fault:
        reason = "the bytes are no UTF-8"
        raise Refusal("body.not_json", line=1, column=fault.start + 1, reason=reason) from None
    except json.JSONDecodeError as fault:
        raise Refusal("body.not_json", line=fault.lineno, column=fault.colno, reason=fault.msg) from None
    except RecursionError:
        raise Refusal("body.not_json", line=1, column=1, reason="it is nested too deeply") from None
    except ValueError as fault:
        raise Refusal("body.not_json", line=1, column=1, reason=str(fault)[:120]) from None


def fields(body: Any, known: Mapping[str, bool], *, where: str = "") -> Mapping[str, Any]:
    """An object with none but the ``known`` fields (name -> whether it is required); refuses by name."""
    if not isinstance(body, dict):
        raise Refusal("field.invalid", field=where or "body", wanted="an object")
    prefix = f"{where}." if where else ""
    for name in body:
        if name not in known:
            raise Refusal("field.unknown", field=f"{prefix}{name[:64]}", known=sorted(known))
    for name, required in known.items():
        if required and name not in body:
            raise Refusal("field.missing", field=prefix + name)
    return body


def as_json(value: object) -> str:
    """How an instant or a day is written on the wire (RFC 3339, UTC as ``Z``)."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)


def _from_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser says that a page of another origin sends this."""
    origin = request.META.get("HTTP_ORIGIN")
    return origin is not None and origin.partition("://")[2] != request.get_host()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal("field.repeated", field=twice[:64])
    return found


def _no_constant(name: str) -> None:
    raise Refusal("body.not_json", line=1, column=1, reason=f"{name} is no number of JSON")


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in days.YEARS else None


def _instant(text: str) -> datetime | None:
    text = re.sub(r"^(.{16,29}) (\d\d:?\d\d)$", r"\1+\2", text)  # a "+" that became a space on the way
    if not _INSTANT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper().replace(",", ".")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in days.YEARS else None


@lru_cache(maxsize=512)
def chosen(accepts: str, offers: tuple[str, ...]) -> str:
    """Which of the media types offered an ``Accept`` header likes best (RFC 9110, 12.5.1); refuses when it is none.

    Of two that it likes equally, the one that is offered first.
    """
    weights = dict(map(_weighed, accepts.lower().split(",")))
    if not accepts.strip():
        return offers[0]

    def liked(offer: str) -> float:
        wide = f"{offer.partition('/')[0]}/*"
        also = "application/problem+json" if offer == JSON else offer
        return next((weights[one] for one in (offer, also, wide, "*/*") if one in weights), 0.0)

    best = max(offers, key=liked)
    if not liked(best):
        raise Refusal("route.not_acceptable", offers=list(offers))
    return best


def _weighed(item: str) -> tuple[str, float]:
    """A media range and its weight; one that can't be read weighs nothing."""
    media, *options = (part.strip().replace(" ", "") for part in item.split(";"))
    weight = next((option[2:] for option in options if option.startswith("q=")), "1")
    return media, float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight, re.ASCII) else 0.0
