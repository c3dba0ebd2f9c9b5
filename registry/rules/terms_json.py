"""The terms of a step as JSON, and back: what a proposal keeps until its last approval."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from registry.rules.lifecycle import Scope, StepTerms


def plain(terms: StepTerms) -> dict[str, Any]:
    """Terms as JSON can carry them; only what was said."""
    empty = StepTerms()
    said = {
        f.name: getattr(terms, f.name)
        for f in fields(terms)
        if getattr(terms, f.name) != getattr(empty, f.name)
    }
    plain: dict[str, Any] = {}
    for name, value in said.items():
        if isinstance(value, date):
            plain[name] = value.isoformat()
        elif isinstance(value, Scope):
            plain[name] = {part: list(codes) for part, codes in asdict(value).items()}
        elif isinstance(value, tuple):
            plain[name] = [dict(v) if isinstance(v, Mapping) else v for v in value]
        else:
            plain[name] = dict(value) if isinstance(value, Mapping) else value
    return plain


def _day_or_instant(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "effective": _day_or_instant,
    "until": _day_or_instant,
    "first_day": date.fromisoformat,
    "last_day": date.fromisoformat,
    "notice_served_on": date.fromisoformat,
    "scope": lambda v: Scope(tuple(v["corridors"]), tuple(v["occupations"])),
    "cut": lambda v: Scope(tuple(v["corridors"]), tuple(v["occupations"])),
    "grounds": tuple,
    "conditions": tuple,
    "conditions_to_lift": tuple,
}


def read(plain: Mapping[str, Any]) -> StepTerms:
    """Terms from the JSON that a proposal keeps."""
    return StepTerms(**{name: _READERS.get(name, lambda v: v)(value) for name, value in plain.items()})
