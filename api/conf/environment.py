"""Typed reads from the environment; a wrong value stops the process with a sentence that names it."""

import os

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    """The variable as written, else ``default``."""
    return os.environ.get(name, "").strip() or default


def required(name: str, why: str) -> str:
    """The variable as written; refuses to go on without it."""
    value = os.environ.get(name, "").strip()
    if not value:
        message = f"{name} is not set: {why}"
        raise ImproperlyConfigured(message)
    return value


def secret(name: str, demonstration: str) -> str:
    """The variable as written, else ``demonstration`` unless it is empty; refuses to go on with neither."""
    return text(name, demonstration) or required(name, "outside a demo it needs a value of its own")


def flag(name: str, *, default: bool) -> bool:
    """True or false."""
    value = text(name, "").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if not value:
        return default
    message = f"{name} is {value!r}: say true or false."
    raise ImproperlyConfigured(message)


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number not below ``least``."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < least:
        message = f"{name} is {value!r}: say a whole number of at least {least}."
        raise ImproperlyConfigured(message)
    return int(value)


def words(name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A list separated by commas."""
    value = text(name, "")
    return tuple(word.strip() for word in value.split(",") if word.strip()) if value else default
