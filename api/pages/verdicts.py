"""The verdict as a page shows it: colour, shape and word from the one table, sentences beneath."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import get_language

from api import labels
from api.pages import marks
from verification import verdicts as table

#: A colour of the table: its name in the sheet, and the colour a phone may paint its own frame in.
TONES: Final = {
    "green": ("go", "#0a6637"),
    "green_outline": ("go outline", "#e6f4ec"),
    "red": ("stop", "#a3121f"),
    "amber": ("wait", "#ffbf2e"),
    "grey": ("unknown", "#4a545e"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table in the reader's language and the sheet's names."""

    result: str
    tone: str
    theme: str
    mark: SafeString
    word: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the first second of a look at the page says."""

    tone: str
    theme: str
    mark: SafeString
    word: str
    who: str = ""
    sentences: list[str] = field(default_factory=list)
    checked: str = ""
    past: bool = False


def row(result: str) -> Row:
    """How a result reached online is shown; a result that the table does not know is shown as unknown."""
    return _row(result, get_language() or "en")


def verdict(
    result: str, *, who: str = "", sentences: list[str], checked: str = "", past: bool = False
) -> Verdict:
    """A verdict of that result with what stands beneath it."""
    shown = row(result)
    return Verdict(shown.tone, shown.theme, shown.mark, shown.word, who, sentences, checked, past)


@lru_cache(maxsize=256)
def _row(result: str, language: str) -> Row:
    seen = table.appearance(result)
    tone, theme = TONES[seen.colour]
    return Row(result, tone, theme, marks.drawn(seen.shape), labels.text("results", seen.word, language))
