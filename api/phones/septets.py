"""How long a text is on a telephone, and shorter texts that say the same; plain Python.

A text whose every character is in the GSM 7-bit default alphabet is counted in septets, an extension character as two
(3GPP TS 23.038, section 6.2.1); any other text goes as UCS-2 and is counted in UTF-16 units.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_PLAIN: Final = str.maketrans(
    dict.fromkeys("\u2018\u2019`", "'")
    | dict.fromkeys("\u201c\u201d\u201e", '"')
    | dict.fromkeys("\u2010\u2011\u2013\u2014\u00b7\u2022", "-")
    | {"\u2026": "..."}
)
_JOINERS: Final = "\u200c\u200d"
"""Without these, words of several scripts are spelled wrongly; every other invisible character is left out."""
_LEAST_NAME: Final = 12
"""Characters of a name that are kept before whatever is said besides is left out."""


@dataclass(frozen=True, slots=True)
class Space:
    """How much fits, ``beside`` with it: septets of the default alphabet, or UTF-16 units of anything else."""

    septets: int
    units: int
    beside: str = ""

    def holds(self, text: str) -> bool:
        """Whether the text fits."""
        whole = text + self.beside
        return length(whole) <= (self.septets if is_gsm(whole) else self.units)


#: One message (3GPP TS 23.040).
SMS: Final = Space(160, 70)
#: One page of a menu (3GPP TS 23.090): 160 octets.
USSD: Final = Space(182, 80)


def is_gsm(text: str) -> bool:
    """Whether every character is in the default alphabet or its extension."""
    return all(one in BASIC or one in EXTENSION for one in text)


def length(text: str) -> int:
    """Septets of a text in the default alphabet, else UTF-16 units."""
    if is_gsm(text):
        return len(text) + sum(one in EXTENSION for one in text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """The text in one line: typographic marks as the alphabet has them, no control or direction marks."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    kept = (one if unicodedata.category(one) not in {"Cc", "Zl", "Zp", "Zs"} else " " for one in text)
    return " ".join("".join(one for one in kept if _is_seen(one)).split())


def composed(word: str, name: str, more: Sequence[str], space: Space, *, joins: str = ": ") -> str:
    """``word``, whose it is, and as much of ``more`` as fits, the first being the weightiest.

    The word is never shortened. A long name loses its end before anything else is lost, down to a dozen characters;
    then what is said besides goes, the last first; then the rest of the name.
    """
    word, name, told = clean(word), clean(name), [clean(one) for one in more if one]
    for count in range(len(told), -1, -1):
        for shown in _shorter(name, _LEAST_NAME if count else 1):
            begun = f"{word}{joins}{shown}" if shown else word
            text = " ".join([begun if begun.endswith((".", "…")) else f"{begun}.", *told[:count]])
            if space.holds(text):
                return text
    return shortened(word, space)


def shortened(text: str, space: Space) -> str:
    """As much of the text as fits, with an ellipsis where something is left out."""
    text = clean(text)
    return next((one for one in _shorter(text, 1) if space.holds(one)), "")


def _shorter(text: str, least: int) -> Iterator[str]:
    """The text, then ever less of it; no letter is cut off from its marks."""
    yield text
    ellipsis = "..." if is_gsm(text) else "…"
    for end in range(len(text) - 1, least - 1, -1):
        if (
            unicodedata.category(text[end])[0] != "M"
            and text[end] not in _JOINERS
            and text[end - 1] not in _JOINERS
        ):
            yield text[:end].rstrip(" ,.-") + ellipsis


def _is_seen(one: str) -> bool:
    return one in _JOINERS or unicodedata.category(one) not in {"Cf", "Cs", "Co", "Cn"}
