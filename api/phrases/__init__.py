"""The words of letters, on paper and by e-mail, in the language that their reader chose.

Letters go to people who may read none of the languages that our pages speak, so they have a catalogue of their own:
one ``.po`` file a language beside this module, read as it stands. The texts of codes are not in it: they are those of
``api.labels``, so that a letter says what the page says. A text is written in English where it is used, in :func:`say`
or marked by :func:`mark`; a test finds those that a catalogue lacks.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.messages import pofile

LANGUAGES: Final = {
    "en": "English", "am": "አማርኛ", "ar": "العربية", "bn": "বাংলা", "es": "Español", "fil": "Filipino",
    "fr": "Français", "hi": "हिन्दी", "id": "Bahasa Indonesia", "my": "မြန်မာ", "ne": "नेपाली", "si": "සිංහල",
    "sw": "Kiswahili", "ta": "தமிழ்", "ur": "اردو", "vi": "Tiếng Việt",
}  # fmt: skip
"""The languages that letters speak, each in its own name: those of the public's pages."""
_PLACE: Final = Path(__file__).parent


def mark(text: str) -> str:
    """The text itself: written here, said elsewhere."""
    return text


def say(text: str, language: str, **places: object) -> str:
    """The text in that language, with what stands in its places; in English where there is no translation."""
    found = _catalogue(known(language)).get(text, text)
    return found % places if places else found


def known(language: str) -> str:
    """The language of letters nearest to a BCP 47 tag; English for one that they do not speak."""
    short = language.lower().partition("-")[0]
    return short if short in LANGUAGES else "en"


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> dict[str, str]:
    """The translations of one language."""
    path = _PLACE / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = pofile.read_po(file, locale=language)
    return {str(one.id): str(one.string) for one in catalogue if one.id and one.string}
