"""Drawings for the demonstration, where a register has photographs: nobody's house and nobody's face, marked DEMO."""

import io
from hashlib import sha256
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_WALLS: Final = ("#b9826a", "#7f9aa8", "#9aa67c", "#b59ab0", "#c2a86b")
_SKINS: Final = ("#8d5b3f", "#a9744f", "#c58f66", "#7a4a32")
_CLOTHES: Final = ("#0f4273", "#6b3a5b", "#2f5d4a", "#7a4a00")


def office(name: str) -> bytes:
    """A house with a door, windows and a sign, as JPEG; the same for the same name."""
    sheet, chance = Image.new("RGB", (640, 480), "#dfe8ee"), sha256(name.encode()).digest()
    picture = ImageDraw.Draw(sheet)
    wall = _WALLS[chance[0] % len(_WALLS)]
    picture.rectangle((0, 400, 640, 480), fill="#a7a59b")
    floors = 2 + chance[1] % 2
    top = 400 - 105 * floors
    picture.rectangle((110, top, 530, 400), fill=wall)
    picture.polygon(((90, top), (320, top - 60), (550, top)), fill="#5d4b45")
    for floor in range(floors):
        for place in range(4):
            x, y = 140 + 100 * place, top + 22 + 105 * floor
            if floor < floors - 1 or place not in {1, 2}:
                picture.rectangle((x, y, x + 58, y + 60), fill="#f2e6b8", outline="#4a3f3a", width=4)
    picture.rectangle((275, 318, 365, 400), fill="#3f352f")
    picture.rectangle((225, 280, 415, 314), fill="#ffffff", outline="#14171a", width=2)
    return _marked(sheet, (320, 297), 26)


def person(name: str) -> bytes:
    """A head and shoulders without a face, as JPEG; the same for the same name."""
    sheet, chance = Image.new("RGB", (480, 640), "#e6e3dc"), sha256(name.encode()).digest()
    picture = ImageDraw.Draw(sheet)
    skin, cloth = _SKINS[chance[0] % len(_SKINS)], _CLOTHES[chance[1] % len(_CLOTHES)]
    picture.ellipse((60, 440, 420, 860), fill=cloth)
    picture.rectangle((200, 360, 280, 470), fill=skin)
    picture.ellipse((140, 130, 340, 400), fill=skin)
    picture.pieslice((130, 105, 350, 380), 180, 360, fill="#2b211d")
    return _marked(sheet, (240, 560), 44, ink="#ffffff")


def _marked(sheet: Image.Image, place: tuple[int, int], size: int, *, ink: str = "#14171a") -> bytes:
    """The drawing with its mark, as JPEG."""
    font = ImageFont.load_default(size)
    ImageDraw.Draw(sheet).text(place, "DEMO", fill=ink, font=font, anchor="mm")
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=70, optimize=True)
    return out.getvalue()
