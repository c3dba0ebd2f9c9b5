"""Which languages we speak: English, which stands in the code, and each that has a catalogue beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from babel import Locale, UnknownLocaleError
from django.core.exceptions import ImproperlyConfigured


def spoken(folder: Path) -> list[tuple[str, str]]:
    """Codes with the languages' own names, English first; ``folder`` holds ``<language>/LC_MESSAGES/django.mo``."""
    return [("en", "English"), *((code, _own_name(code)) for code in _codes(folder))]


def offered(folders: Iterable[Path], only: Sequence[str]) -> list[str]:
    """The languages of the public, English first: each with a catalogue in ``folders``, or of those the ones named.

    English is always among them: it is what a text says that is not translated, and what a stranger is answered in.
    """
    known = sorted({code for folder in folders for code in _codes(folder)})
    if unknown := set(only) - {"en", *known}:
        there, asked = ", ".join(["en", *known]), ", ".join(sorted(unknown))
        message = f"REGISTRY_PUBLIC_LANGUAGES: there are no texts in {asked}; there are some in {there}."
        raise ImproperlyConfigured(message)
    return ["en", *(code for code in known if code in only or not only)]


def _codes(folder: Path) -> list[str]:
    """The BCP 47 codes of the catalogues in a folder."""
    found = (path.parents[1].name for path in folder.glob("*/LC_MESSAGES/django.mo"))
    return sorted(code.replace("_", "-").lower() for code in found)


def _own_name(code: str) -> str:
    try:
        return Locale.parse(code.replace("-", "_")).get_display_name(code) or code
    except (UnknownLocaleError, ValueError):
        return code
