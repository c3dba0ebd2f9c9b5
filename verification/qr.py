"""A badge's code as a picture: print S, the address alone, error correction Q (trust model, section 6.1).

The address is written in two segments, bytes for the host and the denser alphanumeric ones for the code, so
that both libraries need the same version. A larger picture than version 4 would have smaller modules than a
cheap phone reads from 20 mm of paper, so a host too long for it is refused rather than printed.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Final

import qrcode
import segno
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.pil import PilImage
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, QRData
from segno import consts

from registry.rules import numbering

QUIET_ZONE: Final = 4
"""Empty modules on each side (ISO/IEC 18004)."""

VERSIONS: Final = (3, 4)
"""Print S: 29 or 33 modules wide without the quiet zone."""

LONGEST_HOST: Final = 24
"""``https://``, this many symbols of host and port, and ``/v/CODE`` just fill version 4 at level Q."""

MODULE_SIZES: Final = range(1, 41)
"""Pixels a module that a picture may ask for."""


class PrintTooLarge(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """The host is too long for print S: choose a shorter one before anything is printed."""


def version(origin: str) -> int:
    """The QR version of every badge of this origin; refuses with ``PrintTooLarge`` what is larger than 4."""
    return int(_drawn(numbering.badge_url("XA00000000000", origin)).version)


@lru_cache(maxsize=512)
def png(code: str, origin: str, *, module: int = 10) -> bytes:
    """The picture as PNG, ``module`` pixels a module, black on white; the same bytes each time."""
    if module not in MODULE_SIZES:
        message = f"a module is {MODULE_SIZES[0]} to {MODULE_SIZES[-1]} pixels"
        raise ValueError(message)
    address = numbering.badge_url(code, origin)
    picture = qrcode.QRCode(
        version=_drawn(address).version, error_correction=ERROR_CORRECT_Q, box_size=module, border=QUIET_ZONE
    )
    start, end = _halves(address)
    picture.add_data(QRData(start.encode("ascii"), mode=MODE_8BIT_BYTE), optimize=0)
    picture.add_data(QRData(end.encode("ascii"), mode=MODE_ALPHA_NUM), optimize=0)
    picture.make(fit=False)
    out = BytesIO()
    picture.make_image(image_factory=PilImage).save(out)
    return out.getvalue()


@lru_cache(maxsize=512)
def svg(code: str, origin: str, *, title: str = "") -> str:
    """The picture as SVG of no fixed size, black on white, with a ``title`` for who cannot see it."""
    out = BytesIO()
    _drawn(numbering.badge_url(code, origin)).save(
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


def _drawn(address: str) -> segno.QRCode:
    start, end = _halves(address)
    drawn = segno.make(
        [(start, consts.MODE_BYTE), (end, consts.MODE_ALPHANUMERIC)],  # type: ignore[arg-type] # stub knows text alone
        error="q",
        boost_error=False,
        micro=False,
    )
    if int(drawn.version) not in VERSIONS:
        message = f"{address} needs QR version {drawn.version}; a host has at most {LONGEST_HOST} symbols"
        raise PrintTooLarge(message)
    return drawn


def _halves(address: str) -> tuple[str, str]:
    """The address up to its last slash, and the code."""
    start, slash, end = address.rpartition("/")
    return start + slash, end
