"""A menu by USSD as a state machine without a memory: the screen is a function of everything that was typed.

An operator's gateway sends what was typed since the beginning, joined by ``*``, and shows what comes back: ``CON`` goes
on, ``END`` ends. ``0`` goes back a step. Nothing here asks the register: ``ask`` does, when a code was typed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext, override

from api.pages.languages import own_name
from api.phones import septets, wording
from api.phones.septets import Space

BACK: Final = "0"
MOST_INPUTS: Final = 24
"""A longer way is nobody's: it ends."""
_CON, _END = "CON ", "END "
_MORE: Final = "9"
_ON_A_PAGE: Final = 4

#: What the register says of a code or number, with the digits that were read out; and whether digits may follow.
Ask = Callable[[str, str, Space], tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is: the page of languages, the language, the choice of the menu, the code, the digits."""

    page: int = 0
    language: str = ""
    choice: str = ""
    code: str = ""
    digits: str = ""
    wrong: bool = False


def screen(
    typed: str, tongues: Sequence[str], *, ask: Ask, numbers: Sequence[str] = (), space: Space = septets.USSD
) -> str:
    """The screen for what was typed since the beginning.

    ``tongues``: the languages, the likeliest first; ``numbers``: help numbers, each with whose it is. Whatever was
    typed, the answer begins with ``CON`` or ``END`` and fits into ``space`` behind that.
    """
    inputs = typed.split("*") if typed else []
    place, way = Place(), list[Place]()
    if len(inputs) > MOST_INPUTS:
        with override(tongues[0]):
            return _END + _fitting([gettext(wording.ENDED)], space)
    for one in inputs:
        word = one.strip()
        if word == BACK:
            place = way.pop() if way else Place()
            continue
        following = _next(place, word, tongues)
        if following.wrong:
            place = following
            continue
        way.append(replace(place, wrong=False))
        place = following
    return _shown(place, tongues, ask, numbers, space)


def _next(place: Place, word: str, tongues: Sequence[str]) -> Place:
    """Where one more input leads; ``wrong`` where it leads nowhere."""
    wrong = replace(place, wrong=True)
    here = replace(place, wrong=False)
    if not place.language:
        if word == _MORE:
            return replace(here, page=(place.page + 1) % _pages(tongues))
        offered = _offered(place.page, tongues)
        chosen = int(word) if word.isascii() and word.isdecimal() and len(word) == 1 else 0
        return replace(here, language=offered[chosen - 1]) if 1 <= chosen <= len(offered) else wrong
    if not place.choice:
        return replace(here, choice=word) if word in {"1", "2"} else wrong
    if not place.code:
        return replace(here, code=word) if word else wrong
    return replace(here, digits=word) if word else wrong


def _shown(place: Place, tongues: Sequence[str], ask: Ask, numbers: Sequence[str], space: Space) -> str:
    if not place.language:
        offered = [f"{n} {own_name(one)}" for n, one in enumerate(_offered(place.page, tongues), 1)]
        more = [f"{_MORE} >>>"] if _pages(tongues) > 1 else []
        return _CON + _fitting([*offered, *more], space)
    with override(place.language):
        back = gettext(wording.BACK)
        wrong = [gettext(wording.CHOOSE)] if place.wrong else []
        if not place.choice:
            choices = [f"1 {gettext(wording.CHECK)}", f"2 {gettext(wording.NUMBERS)}", back]
            return _CON + _fitting([*wrong, *choices], space)
        if place.choice == "2":
            return _END + _fitting(numbers or [gettext(wording.NO_NUMBERS)], space)
        if not place.code:
            return _CON + _fitting([gettext(wording.TYPE_CODE), back], space)
        hint = [gettext(wording.TYPE_DIGITS), back]
        beside = "" if place.digits else "\n".join(["", *map(septets.clean, hint)])
        text, live = ask(place.code, place.digits, replace(space, beside=beside))
        if live and not place.digits:
            return _CON + _fitting([text, *hint], space)
        return _END + _fitting([text], space)


def _fitting(lines: Sequence[str], space: Space) -> str:
    """The lines, as many as fit; the first one is shortened where it alone is too long."""
    told = [septets.clean(line) for line in lines]
    while len(told) > 1 and not space.holds("\n".join(told)):
        told.pop()
    text = "\n".join(told)
    return text if space.holds(text) else septets.shortened(text, space)


def _pages(tongues: Sequence[str]) -> int:
    return max(1, -(-len(tongues) // _ON_A_PAGE))


def _offered(page: int, tongues: Sequence[str]) -> Sequence[str]:
    return tongues[page * _ON_A_PAGE : (page + 1) * _ON_A_PAGE]
