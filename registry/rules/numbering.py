"""Numbers people can copy by hand: licences, agencies and their kin, and the codes on badges.

A licence is ``CC-AUTH-CLS-NNNNNN-K``: country, authority, class letter, a serial of six digits that grows
when six are used up, and an ISO 7064 MOD 37-2 check symbol over the rest. Agencies (``AG-``), offices
(``OF-``), persons (``PE-``), appointments (``AP-``), alerts (``AL-``) and references of listed licences (``LR-``)
carry a serial and the same check symbol. A badge code is a country, ten random Crockford symbols and an ISO 7064 MOD
37,36 symbol.

What people type is read in **one** way only, chosen by shape before the check symbol is looked at, and the
check symbol itself must be exact. Trying several readings until one of them passes would let a number with
one wrong symbol be "found" as its neighbour; both check systems catch every single wrong symbol as long as
nobody gives them a second chance.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from stdnum.iso7064 import mod_37_2, mod_37_36

from registry.rules import countries
from registry.rules.errors import BadInput, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST: Final = 200
"""No number is longer as typed; anything longer is not read at all."""

LARGEST_SERIAL: Final = 999_999_999


class Kind(StrEnum):
    """What a number is the number of."""

    LICENCE = "licence"
    LISTED = "listed"
    AGENCY = "agency"
    OFFICE = "office"
    PERSON = "person"
    APPOINTMENT = "appointment"
    APPLICATION = "application"
    ALERT = "alert"
    BADGE = "badge"


PREFIXES: Final = {
    "AG": Kind.AGENCY,
    "OF": Kind.OFFICE,
    "PE": Kind.PERSON,
    "AP": Kind.APPOINTMENT,
    "LA": Kind.APPLICATION,
    "AL": Kind.ALERT,
    "LR": Kind.LISTED,
}
"""The first two letters of all other numbers: a digit follows them, a letter follows a licence's country."""

_PREFIX_OF: Final = {kind: prefix for prefix, kind in PREFIXES.items()}


def is_alert(number: str) -> bool:
    """Whether a number of ours is an alert's, by its first letters."""
    return number.startswith("AL-")


class Mistyped(NotFound):
    """The shape is a number's of ours, the check symbol does not fit: at least one symbol is wrong."""

    code = "licence.mistyped"


class AgencyMistyped(Mistyped):
    """The shape is an agency number's, the check symbol does not fit."""

    code = "agency.mistyped"


class OfficeMistyped(Mistyped):
    """The shape is an office number's, the check symbol does not fit."""

    code = "office.mistyped"


class PersonMistyped(Mistyped):
    """The shape is a person number's, the check symbol does not fit."""

    code = "person.mistyped"


class AppointmentMistyped(Mistyped):
    """The shape is an appointment number's, the check symbol does not fit."""

    code = "appointment.mistyped"


class ApplicationMistyped(Mistyped):
    """The shape is an application number's, the check symbol does not fit."""

    code = "application.mistyped"


class AlertMistyped(Mistyped):
    """The shape is an alert number's, the check symbol does not fit."""

    code = "alert.mistyped"


class BadgeMistyped(Mistyped):
    """The shape is a badge code's, the check symbol does not fit."""

    code = "badge.mistyped"


class NotOurs(NotFound):
    """The text has not the shape of any number this register gives."""

    code = "number.not_ours"


class NumberPartInvalid(BadInput):
    """A number can't be made of this: ``facts['field']`` is the part that does not fit."""

    code = "number.part_invalid"


class SerialSkipped(Refused):
    """This serial is never given: its check symbol would be ``*``."""

    code = "number.serial_skipped"


_MISTYPED: Final[dict[Kind, type[Mistyped]]] = {
    Kind.LICENCE: Mistyped,
    Kind.LISTED: Mistyped,
    Kind.AGENCY: AgencyMistyped,
    Kind.OFFICE: OfficeMistyped,
    Kind.PERSON: PersonMistyped,
    Kind.APPOINTMENT: AppointmentMistyped,
    Kind.APPLICATION: ApplicationMistyped,
    Kind.ALERT: AlertMistyped,
    Kind.BADGE: BadgeMistyped,
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A number taken apart; only licences have a country, an authority and a class letter."""

    kind: Kind
    serial: int
    check: str
    country: str = ""
    authority: str = ""
    class_letter: str = ""

    def __str__(self) -> str:
        """The number as printed."""
        digits = f"{self.serial:06d}"
        if self.kind is Kind.LICENCE:
            return f"{self.country}-{self.authority}-{self.class_letter}-{digits}-{self.check}"
        return f"{_PREFIX_OF[self.kind]}-{digits}-{self.check}"


def authority_code(text: str) -> str:
    """The code in capitals; refuses all but two to eight letters or digits, the first a letter."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,7}", code):
        raise NumberPartInvalid(
            "An authority's code is two to eight of A-Z and 0-9 and begins with a letter.", field="authority"
        )
    return code


def class_letter(text: str) -> str:
    """The class as one capital letter; refuses anything else."""
    letter = text.strip().upper()
    if not re.fullmatch(r"[A-Z]", letter):
        raise NumberPartInvalid("A class is one letter, A to Z.", field="class")
    return letter


def licence(country: str, authority: str, class_: str, serial: int) -> str:
    """The licence number of a serial; refuses with ``SerialSkipped`` a serial whose check symbol is ``*``."""
    head = (countries.country(country), authority_code(authority), class_letter(class_))
    return "-".join((*head, *_digits_and_check("".join(head), serial)))


def next_licence(country: str, authority: str, class_: str, *, after: int) -> Parts:
    """The first licence number whose serial is larger than ``after`` (the last one given, 0 at the start)."""
    return _first(lambda serial: licence(country, authority, class_, serial), after)


def reference(kind: Kind, serial: int) -> str:
    """The number of an agency, office, person, appointment or listed licence; refuses a skipped serial."""
    prefix = _PREFIX_OF[kind]
    return "-".join((prefix, *_digits_and_check(prefix, serial)))


def next_reference(kind: Kind, *, after: int) -> Parts:
    """The first number of this kind whose serial is larger than ``after``."""
    return _first(lambda serial: reference(kind, serial), after)


def _digits_and_check(head: str, serial: int) -> tuple[str, str]:
    if not 1 <= serial <= LARGEST_SERIAL:
        message = f"A serial is a whole number from 1 to {LARGEST_SERIAL}."
        raise NumberPartInvalid(message, field="serial")
    digits = f"{serial:06d}"
    check = mod_37_2.calc_check_digit(head + digits)
    if check == "*":
        raise SerialSkipped(serial=serial)
    return digits, check


def _first(number: Callable[[int], str], after: int) -> Parts:
    serial = after + 1
    while True:
        try:
            return parts(number(serial))
        except SerialSkipped:
            serial += 1


_SERIAL: Final = r"(\d{6}|[1-9]\d{6,8})"
_PRINTED: Final = re.compile(
    rf"(?:([A-Z]{{2}})-([A-Z][A-Z0-9]{{1,7}})-([A-Z])|(AG|OF|PE|AP|LR))-{_SERIAL}-([0-9A-Z])", re.ASCII
)
_SQUEEZED: Final = re.compile(
    rf"(?:([A-Z]{{2}})([A-Z][A-Z0-9]{{1,7}})([A-Z])|(AG|OF|PE|AP|LR)){_SERIAL}([0-9A-Z])", re.ASCII
)
_LOOSE_HEAD: Final = re.compile(r"([A-Z01]{2})([A-Z][A-Z0-9]{1,7})([A-Z])", re.ASCII)
_LOOSE_SERIAL: Final = re.compile(r"[0-9OIL]{6}", re.ASCII)
_DIGIT_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
#: What else people put between groups goes; letters become capitals (a Turkish keyboard's i too), and nothing
#: else does: ``str.upper`` would turn one foreign letter into two of ours.
_TYPED: Final = str.maketrans(ascii_lowercase + "ıİ", ascii_uppercase + "II", "\u2212_./\\·•")


def canonical(text: str, *kinds: Kind) -> str:
    """The number as printed, from what somebody typed: any case, any or no separators, digits of any script.

    O, I and L in a serial of six, and 0 and 1 in a country, are read as what they look like. Refuses with
    ``Mistyped`` when the check symbol does not fit, and with ``NotOurs`` what has no shape of ours or is of
    none of the ``kinds`` asked for.
    """
    return str(parts(text, *kinds))


def kind_of(number: str) -> Kind:
    """What the number is the number of; refuses as ``canonical`` does."""
    return parts(number).kind


def parts(text: str, *kinds: Kind) -> Parts:
    """A typed number taken apart; refuses as ``canonical`` does."""
    return _checked(shape(text), kinds)


def shape(text: str) -> Parts:
    """The number that was typed, whether or not its check symbol fits; ``NotOurs`` for what has no shape of ours."""
    found = _PRINTED.fullmatch(text) or _SQUEEZED.fullmatch(squeezed := _squeezed(text))
    return _parts(found) if found else _loose(squeezed)


def _parts(found: re.Match[str]) -> Parts:
    country, authority, class_, prefix, digits, check = found.groups(default="")
    kind = PREFIXES[prefix] if prefix else Kind.LICENCE
    return Parts(kind, int(digits), check, country, authority, class_)


def _checked(found: Parts, kinds: tuple[Kind, ...]) -> Parts:
    if kinds and found.kind not in kinds:
        raise NotOurs
    if mod_37_2.checksum(str(found).replace("-", "")) != 1:
        raise _MISTYPED[found.kind]
    if found.country and found.country not in countries.CODES:
        raise NotOurs
    return found


def _loose(squeezed: str) -> Parts:
    """The number in a text with look-alikes.

    Only six-digit serials are read so: of a longer one nobody could say whether its first look-alike is a
    digit or the letter of the class, and reading a right letter as a digit would spend what the check symbol
    can catch.
    """
    head, digits, check = squeezed[:-7], squeezed[-7:-1], squeezed[-1:]
    if not _LOOSE_SERIAL.fullmatch(digits) or not re.fullmatch("[0-9A-Z]", check, re.ASCII):
        raise NotOurs
    serial = int(digits.translate(_DIGIT_LOOK_ALIKES))
    if prefix := {"0F": "OF", "1R": "LR"}.get(head, head if head in PREFIXES else ""):
        return Parts(PREFIXES[prefix], serial, check)
    if named := _LOOSE_HEAD.fullmatch(head):
        return Parts(Kind.LICENCE, serial, check, _country_letters(named[1]), named[2], named[3])
    raise NotOurs


def _country_letters(pair: str) -> str:
    """The two letters meant: 0 is O; 1 is I, or L when only that makes a country."""
    usual = pair.replace("0", "O").replace("1", "I")
    if usual in countries.CODES or "1" not in pair:
        return usual
    first, second = ("IL" if symbol == "1" else symbol.replace("0", "O") for symbol in pair)
    meant = [one + two for one in first for two in second if one + two in countries.CODES]
    return meant[0] if len(meant) == 1 else usual


def _squeezed(text: str) -> str:
    """Capitals and ASCII digits without separators; anything else stays in, so as not to be overlooked."""
    if len(text) > LONGEST:
        raise NotOurs
    if not text.isascii():
        text = _plain_digits(unicodedata.normalize("NFKC", text))
    text = text.translate(_TYPED)
    if text.isalnum():
        return text
    return "".join(symbol for symbol in text if not _is_gap(symbol))


def _is_gap(symbol: str) -> bool:
    """A space, a dash or an invisible mark of layout."""
    return symbol.isspace() or unicodedata.category(symbol) in {"Pd", "Cf"}


def _plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(symbol)) if symbol.isdecimal() else symbol for symbol in text)


def folded(text: str) -> str:
    """A foreign number for searching: NFKC, ASCII digits, capitals, nothing but letters and digits.

    Two different numbers may fold alike (``12/3`` and ``1/23``): ask ``agrees`` before saying that one is the
    other.
    """
    return unicodedata.normalize("NFKC", _legible(text).replace(" ", "").replace("/", ""))


def agrees(asked: str, held: str) -> bool:
    """Whether ``asked`` can mean the foreign number ``held``: alike when folded, parted at no other digits.

    Separators may be left out, and stand anywhere beside letters; digits may be grouped with spaces where the
    number held is one run. Any other separator between two digits must stand in the number held as well: who
    asks for 12/3 is never shown 1/23, nor 123.
    """
    if not folded(asked) or folded(asked) != folded(held):
        return False
    spaces, signs = _digit_gaps(asked)
    held_gaps = set().union(*_digit_gaps(held))
    return signs <= held_gaps and (spaces <= held_gaps or not held_gaps)


def _legible(text: str) -> str:
    """Letters, digits and vowel signs as they are, spaces as a space, any other sign as a slash."""
    plain = _plain_digits(unicodedata.normalize("NFKC", text)).casefold().upper()
    return "".join(_legible_symbol(symbol) for symbol in unicodedata.normalize("NFKC", plain))


def _legible_symbol(symbol: str) -> str:
    category = unicodedata.category(symbol)
    if category == "Cf" or symbol == "\u0640":  # joiners, and the bar that only stretches an Arabic word
        return ""
    if category[0] in "LNM":
        return symbol
    return " " if symbol.isspace() else "/"


def _digit_gaps(text: str) -> tuple[set[int], set[int]]:
    """After how many symbols digits are parted from digits: by spaces alone, and by other signs."""
    spaces, signs = set[int](), set[int]()
    place, gap, before = 0, "", ""
    for symbol in _legible(text):
        if symbol in " /":
            gap += symbol
            continue
        if gap and before.isdecimal() and symbol.isdecimal():
            (signs if "/" in gap else spaces).add(place)
        place, gap, before = place + 1, "", symbol
    return spaces, signs


CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE: Final = re.compile(rf"([A-Z01]{{2}})([{CROCKFORD}OILU]{{11}})", re.ASCII)
_CROCKFORD_LOOK_ALIKES: Final = str.maketrans("OILU", "011V")


def badge_code(country: str, randbelow: Callable[[int], int]) -> str:
    """A new code: country, ten symbols drawn with ``randbelow`` (``secrets.randbelow``), check symbol.

    Draws again while the check symbol would be one of I, L, O, U, so that those four never stand after the
    country.
    """
    country = countries.country(country)
    while True:
        body = country + "".join(CROCKFORD[randbelow(32)] for _ in range(10))
        check = mod_37_36.calc_check_digit(body)
        if check in CROCKFORD:
            return body + check


def read_badge(text: str) -> str:
    """The code as stored, from what somebody typed: look-alikes are read by place, then the check decides.

    Refuses with ``BadgeMistyped`` when it does not fit and with ``NotOurs`` when the text is no code at all.
    """
    found = _CODE.fullmatch(_squeezed(text))
    if not found:
        raise NotOurs
    code = _country_letters(found[1]) + found[2].translate(_CROCKFORD_LOOK_ALIKES)
    if mod_37_36.checksum(code) != 1:
        raise BadgeMistyped
    if code[:2] not in countries.CODES:
        raise NotOurs
    return code


def shown_badge(code: str) -> str:
    """The code as printed: ``NP7K-3M9Q-X2TW-N``."""
    return "-".join((code[:4], code[4:8], code[8:12], code[12:]))


def badge_url(code: str, origin: str) -> str:
    """The address a badge's QR code carries: ``https://HOST/v/CODE``, the host in small letters.

    Plain ``http`` is taken for addresses of one's own machine or network alone, where demonstrations run;
    refuses any other ``origin`` that is not ``https://HOST``, for it would stay printed for years.
    """
    try:
        address = urlsplit(origin.strip().rstrip("/"))
        host, port = address.hostname or "", address.port
    except ValueError:
        host, port, address = "", None, urlsplit("")
    private = host == "localhost" or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", host) is not None
    named = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host) is not None
    extra = address.path or address.query or address.fragment or "@" in address.netloc
    if not named or extra or not (address.scheme == "https" or (address.scheme == "http" and private)):
        message = "Badges need an origin such as https://verify.example.org, without a path."
        raise NumberPartInvalid(message, field="origin")
    return f"{address.scheme}://{host}{f':{port}' if port else ''}/v/{code}"
