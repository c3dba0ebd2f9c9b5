"""Pictures as the public may get them: upright, small, and nothing but the picture.

Whatever a camera wrote beside it (where, when, with what, a thumbnail of more) is not taken along: the picture is drawn
anew, and only what was drawn is written.
"""

import io
from typing import Final

from PIL import Image, ImageOps

LONGEST: Final = 640
"""Pixels of the longer side."""
AIM: Final = 25 * 1024
"""Bytes that a picture should not exceed: four seconds on a line of 50 kbit/s."""
MOST: Final = 50_000_000
"""Pixels of what is taken: more than any telephone's camera has, and no more than can be unpacked in good time."""
_LEAST: Final = 160
_SIZES: Final = (LONGEST, 480, 320)
_QUALITIES: Final = (75, 60, 45)


class Unusable(ValueError):  # noqa: N818 - said of the file
    """The file is no picture that can be read, or one of no use: ``args[0]`` is ``broken``, ``large`` or ``small``."""


def reduced(content: bytes) -> bytes:
    """The picture of a JPEG or PNG as a JPEG of at most ``LONGEST`` pixels a side and about ``AIM`` bytes."""
    picture = _drawn(content)
    made = b""
    for size in _SIZES:
        picture.thumbnail((size, size))
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            made = out.getvalue()
            if len(made) <= AIM:
                return made
    return made


def _measure(width: int, height: int) -> None:
    """Refuse what is too large to be unpacked, or too small to show anything."""
    if width * height > MOST:
        raise Unusable("large")
    if min(width, height) < _LEAST:
        raise Unusable("small")


def _drawn(content: bytes) -> Image.Image:
    """The picture as it is to be seen, on white where one sees through it."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            _measure(*picture.size)
            picture.draft("RGB", (2 * LONGEST, 2 * LONGEST))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((2 * LONGEST, 2 * LONGEST))
            seen = upright.convert("RGBA")
    except Unusable:
        raise
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise Unusable("broken") from error
    drawn = Image.new("RGB", seen.size, "white")
    drawn.paste(seen, mask=seen.getchannel("A"))
    return drawn
