"""A badge's code as a picture: print S, the address alone, and print L, which proves itself without a network.

S is the address at error correction Q; L has the signed statement behind it, as digits, at level M, where
smaller modules would cost more than correction gives (trust model, sections 2 and 6.1). Each is written in two
segments, bytes for the address and denser ones for the code or the digits, so that both libraries need the
same version. A larger picture would have smaller modules than a cheap phone reads from 20 mm of paper (S) or
36 mm (L), so what is too long is refused rather than printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final

import qrcode
import segno
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.image.pil import PilImage
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, MODE_NUMBER, QRData
from segno import consts

from registry.rules import numbering

QUIET_ZONE: Final = 4
"""Empty modules on each side (ISO/IEC 18004)."""

VERSIONS: Final = range(3, 5)
"""Print S: 29 or 33 modules wide without the quiet zone."""

LONG_VERSIONS: Final = range(1, 20)
"""Print L: 12 to 16 for a licence, and up to 19, to be printed 41 mm wide, for a card with two long names."""

LONGEST_HOST: Final = 24
"""``https://``, this many symbols of host and port, and ``/v/CODE`` just fill version 4 at level Q."""

MODULE_SIZES: Final = range(1, 41)
"""Pixels a module that a picture may ask for."""


@dataclass(frozen=True, slots=True)
class _Print:
    """How a kind of print is drawn, in the words of both libraries."""

    level: str
    correction: int
    denser: tuple[int, int]
    versions: range
    limit: str


_HOST: Final = f"a host has at most {LONGEST_HOST} symbols"
_SHORT: Final = _Print("q", ERROR_CORRECT_Q, (MODE_ALPHA_NUM, consts.MODE_ALPHANUMERIC), VERSIONS, _HOST)
_LONG: Final = _Print(
    "m", ERROR_CORRECT_M, (MODE_NUMBER, consts.MODE_NUMERIC), LONG_VERSIONS, "a badge states less than that"
)


class PrintTooLarge(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """The host, or what the badge states, is too long: choose less of it before anything is printed."""


def version(origin: str, digits: str = "") -> int:
    """The QR version of a badge of this origin, print L with the digits of its token; refuses larger ones.

    Every print S of an origin has the same.
    """
    return int(_drawn("XA00000000000", origin, digits).version)


@lru_cache(maxsize=512)
def png(code: str, origin: str, digits: str = "", *, module: int = 10) -> bytes:
    """The picture as PNG, ``module`` pixels a module, black on white; the same bytes each time."""
    if module not in MODULE_SIZES:
        message = f"a module is {MODULE_SIZES[0]} to {MODULE_SIZES[-1]} pixels"
        raise ValueError(message)
    kind = _LONG if digits else _SHORT
    picture = qrcode.QRCode(
        version=_drawn(code, origin, digits).version,
        error_correction=kind.correction,
        box_size=module,
        border=QUIET_ZONE,
    )
    start, end = _halves(code, origin, digits)
    picture.add_data(QRData(start.encode("ascii"), mode=MODE_8BIT_BYTE), optimize=0)
    picture.add_data(QRData(end.encode("ascii"), mode=kind.denser[0]), optimize=0)
    picture.make(fit=False)
    out = BytesIO()
    picture.make_image(image_factory=PilImage).save(out)
    return out.getvalue()


@lru_cache(maxsize=512)
def svg(code: str, origin: str, digits: str = "", *, title: str = "") -> str:
    """The picture as SVG of no fixed size, black on white, with a ``title`` for who cannot see it."""
    return _svg(_drawn(code, origin, digits), title=title)


def text_svg(text: str) -> str:
    """Any text as SVG of no fixed size, at level L, as dense as it may be: a whole receipt on a page of paper."""
    try:
        drawn = segno.make(text, error="l", boost_error=False, micro=False)
    except segno.DataOverflowError:
        raise PrintTooLarge("the text fits into no QR code") from None
    return _svg(drawn, title="")


def _svg(drawn: segno.QRCode, *, title: str) -> str:
    out = BytesIO()
    drawn.save(
        out,
        kind="svg",
        border=QUIET_ZONE,
        omitsize=True,
        dark="#000",
        light="#fff",
        xmldecl=False,
        nl=False,
        svgclass=None,
        lineclass=None,
        title=title or None,
    )
    return out.getvalue().decode("utf-8")


def _drawn(code: str, origin: str, digits: str) -> segno.QRCode:
    kind = _LONG if digits else _SHORT
    start, end = _halves(code, origin, digits)
    try:
        drawn = segno.make(
            [(start, consts.MODE_BYTE), (end, kind.denser[1])],  # type: ignore[arg-type] # stub knows text alone
            error=kind.level,
            boost_error=False,
            micro=False,
        )
    except segno.DataOverflowError:
        raise PrintTooLarge(f"{start} fits into no QR code; {kind.limit}") from None
    if int(drawn.version) not in kind.versions:
        raise PrintTooLarge(f"{start} needs QR version {drawn.version}; {kind.limit}")
    return drawn


def _halves(code: str, origin: str, digits: str) -> tuple[str, str]:
    """What is written in bytes, and what is written denser: the code of print S, the digits of print L."""
    address = numbering.badge_url(code, origin)
    if digits:
        return f"{address}#", digits
    start, slash, end = address.rpartition("/")
    return start + slash, end
