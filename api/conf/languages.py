"""Which languages we speak: English, which stands in the code, and each that has a catalogue beside it."""

from pathlib import Path

from babel import Locale, UnknownLocaleError


def spoken(folder: Path) -> list[tuple[str, str]]:
    """Codes with the languages' own names, English first; ``folder`` holds ``<language>/LC_MESSAGES/django.mo``."""
    others = sorted(path.parents[1].name for path in folder.glob("*/LC_MESSAGES/django.mo"))
    return [("en", "English"), *((code.replace("_", "-").lower(), _own_name(code)) for code in others)]


def _own_name(code: str) -> str:
    try:
        return Locale.parse(code).get_display_name(code) or code
    except (UnknownLocaleError, ValueError):
        return code
