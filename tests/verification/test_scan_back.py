"""Prints as a telephone sees them: damaged by fourteen seeded accidents, and read back all the same.

The gate of the trust model (section 2): print S at level Q and print L at level M, 600 pixels wide, are read under
every damage; at 300 pixels under four of five. The oracle is zxing-cpp.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from tests.verification import minting
from tests.verification.minting import BADGE
from verification import codec, qr

ORIGIN = "https://verify.example.org"
Damage = Callable[[Image.Image, random.Random], Image.Image]


def _blurred(picture: Image.Image, _chance: random.Random, radius: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def _noisy(picture: Image.Image, chance: random.Random, deviation: float) -> Image.Image:
    """Noise that is nearly normal: the mean of four even ones, each of deviation 73.6."""
    grains = [
        Image.frombytes("L", picture.size, chance.randbytes(picture.width * picture.height)) for _ in range(4)
    ]
    mean = Image.blend(Image.blend(grains[0], grains[1], 0.5), Image.blend(grains[2], grains[3], 0.5), 0.5)
    noise = mean.point([128 + (level - 128) * deviation / 36.8 for level in range(256)])
    return ImageChops.add(picture, noise, offset=-128)


def _turned(picture: Image.Image, chance: random.Random, degrees: float) -> Image.Image:
    angle = degrees + chance.uniform(-2, 2)
    return picture.rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor=255)


def _aslant(picture: Image.Image, chance: random.Random, strength: float = 0.25) -> Image.Image:
    """Seen from one side: the farther edge is shorter by so much; whole in the picture."""
    side, lean = picture.width, strength / picture.width
    data = (1 + strength, 0, 0, lean * side / 2, 1 + strength, -strength * side / 2, lean, 0)
    seen = picture if chance.random() < 0.5 else picture.transpose(Image.Transpose.ROTATE_90)
    return seen.transform(
        (side, side), Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR, fillcolor=255
    )


def _stained(picture: Image.Image, chance: random.Random, share: float) -> Image.Image:
    """A grey blot over so much of the code, clear of the three corners by which a reader finds it."""
    inner = picture.width - 2 * _MARGIN
    side = int(inner * share**0.5)
    place = [_MARGIN + int(inner * chance.uniform(0.42, 0.68 - share)) for _ in range(2)]
    stained = picture.copy()
    stained.paste(90, (place[0], place[1], place[0] + side, place[1] + side))
    return stained


def _pale(picture: Image.Image, _chance: random.Random) -> Image.Image:
    return picture.point([100 + level * 50 // 255 for level in range(256)])


def _photographed(picture: Image.Image, chance: random.Random, *, bad: bool) -> Image.Image:
    seen = _aslant(_turned(picture, chance, 8 if bad else 4), chance, 0.1)
    seen = _noisy(_blurred(seen, chance, 1.6 if bad else 0.8), chance, 18 if bad else 10)
    out = BytesIO()
    seen.save(out, "JPEG", quality=35 if bad else 70)
    return Image.open(BytesIO(out.getvalue()))


DAMAGES: dict[str, Damage] = {
    "none": lambda picture, _chance: picture,
    "blur 1": partial(_blurred, radius=1),
    "blur 1.5": partial(_blurred, radius=1.5),
    "blur 2": partial(_blurred, radius=2),
    "noise 25": partial(_noisy, deviation=25),
    "noise 50": partial(_noisy, deviation=50),
    "turned 12": partial(_turned, degrees=12),
    "turned 45": partial(_turned, degrees=45),
    "aslant": _aslant,
    "stain 3 %": partial(_stained, share=0.03),
    "stain 7 %": partial(_stained, share=0.07),
    "pale": _pale,
    "telephone": partial(_photographed, bad=False),
    "bad telephone": partial(_photographed, bad=True),
}
_MARGIN = 40


def printed(width: int, digits: str) -> Image.Image:
    """The print on white paper, so many pixels wide."""
    code = Image.open(BytesIO(qr.png(BADGE.code, ORIGIN, digits, module=10))).convert("L")
    code = code.resize((width, width), Image.Resampling.LANCZOS)
    paper = Image.new("L", (width + 2 * _MARGIN, width + 2 * _MARGIN), 255)
    paper.paste(code, (_MARGIN, _MARGIN))
    return paper


def unread(width: int, digits: str) -> list[str]:
    """The damages under which the print is not read back as exactly what it holds."""
    wanted = f"{ORIGIN}/v/{BADGE.code}" + (f"#{digits}" if digits else "")
    picture, lost = printed(width, digits), []
    for name, damage in DAMAGES.items():
        chance = random.Random(f"{name} {width}")  # noqa: S311 - the same accident each time
        found = zxingcpp.read_barcode(damage(picture, chance))
        if found is None or found.text != wanted:
            lost.append(name)
    return lost


def token(name: str) -> str:
    return codec.encode(
        replace(BADGE, name=unicodedata.normalize("NFC", name)),
        kid=minting.kid("badge"),
        sign=minting.signer("badge"),
    )


PRINTS = {
    "S": "",
    "L": token(BADGE.name),
    "L in Bengali": token("বাংলাদেশ ওভারসিজ এমপ্লয়মেন্ট অ্যান্ড রিক্রুটিং সার্ভিসেস প্রাইভেট লিমিটেড ঢাকা"[:80]),
}


@pytest.mark.parametrize("kind", PRINTS)
def test_a_print_is_read_under_every_damage_when_it_fills_the_picture(kind: str) -> None:
    assert len(DAMAGES) == 14
    assert unread(600, PRINTS[kind]) == []


@pytest.mark.parametrize("kind", PRINTS)
def test_a_small_print_is_read_under_four_damages_of_five(kind: str) -> None:
    lost = unread(300, PRINTS[kind])
    assert len(lost) <= len(DAMAGES) * 0.2, lost
