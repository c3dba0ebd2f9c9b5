"""The printed picture is read back as exactly the address, at the size that cheap phones can read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from registry.rules import numbering
from tests.verification import minting
from tests.verification.minting import BADGE
from verification import codec, qr

CODE = "NP7K3M9QX2TWN"
ORIGIN = "https://verify.example.org"
ADDRESS = "https://verify.example.org/v/NP7K3M9QX2TWN"


def scanned(picture: Image.Image) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return found[0]


def from_png(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def from_svg(content: str, scale: int = 6) -> Image.Image:
    """The picture that the SVG's one stroked path draws: runs of modules, one module high."""
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', content)[0])
    path = re.findall(r'stroke="#000" d="([^"]+)"', content)[0]
    picture = Image.new("L", (width, height), 255)
    x = y = 0.0
    for command, arguments in re.findall(r"([Mmh])([^Mmh]*)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arguments)]
        if command == "M":
            x, y = numbers
        elif command == "m":
            x, y = x + numbers[0], y + numbers[1]
        else:
            for column in range(int(x), int(x + numbers[0])):
                picture.putpixel((column, int(y - 0.5)), 0)
            x += numbers[0]
    return picture.resize((width * scale, height * scale), Image.Resampling.NEAREST)


@pytest.mark.parametrize("module", [2, 4, 10])
def test_our_own_png_is_read_back_as_exactly_the_address(module: int) -> None:
    found = scanned(from_png(qr.png(CODE, ORIGIN, module=module)))
    assert found.text == ADDRESS
    assert found.ec_level == "Q"


def test_our_own_svg_is_read_back_as_exactly_the_address() -> None:
    found = scanned(from_svg(qr.svg(CODE, ORIGIN, title="Scan & check")))
    assert found.text == ADDRESS
    assert found.ec_level == "Q"


@pytest.mark.parametrize(
    ("origin", "version", "side"),
    [
        ("https://ab.gov.np", 3, 29),
        (ORIGIN, 4, 33),
        ("http://127.0.0.1:8000", 4, 33),
        (f"https://{'a' * 20}.org", 4, 33),
    ],
)
def test_both_pictures_have_the_version_said_and_four_empty_modules_around(
    origin: str, version: int, side: int
) -> None:
    assert qr.version(origin) == version
    png, svg = from_png(qr.png(CODE, origin, module=1)), from_svg(qr.svg(CODE, origin), scale=1)
    for picture in (png, svg):
        assert picture.size == (side + 8, side + 8)
        dark = [(x, y) for x in range(side + 8) for y in range(side + 8) if not picture.getpixel((x, y))]
        assert {min(x for x, _ in dark), min(y for _, y in dark)} == {4}
        assert {max(x for x, _ in dark), max(y for _, y in dark)} == {side + 3}


def test_a_host_too_long_for_print_s_is_refused_before_anything_is_printed() -> None:
    origin = f"https://{'a' * 21}.org"
    for draw in (lambda: qr.version(origin), lambda: qr.png(CODE, origin), lambda: qr.svg(CODE, origin)):
        with pytest.raises(qr.PrintTooLarge, match="at most 24"):
            draw()
    assert len(origin.removeprefix("https://")) == qr.LONGEST_HOST + 1


def test_the_same_badge_is_the_same_bytes() -> None:
    first = qr.png(CODE, ORIGIN), qr.svg(CODE, ORIGIN)
    qr.png.cache_clear()
    qr.svg.cache_clear()
    assert (qr.png(CODE, ORIGIN), qr.svg(CODE, ORIGIN)) == first
    assert len(first[0]) < 1_000
    assert len(first[1]) < 2_500


def test_a_title_cannot_break_out_of_the_picture() -> None:
    assert "<script>" not in qr.svg(CODE, ORIGIN, title="</title><script>x</script>")


def test_an_origin_that_must_not_be_printed_gives_no_picture() -> None:
    with pytest.raises(numbering.NumberPartInvalid):
        qr.png(CODE, "http://verify.example.org")


def test_a_module_has_at_least_a_pixel_and_not_a_wall() -> None:
    for module in (0, 41, -1):
        with pytest.raises(ValueError, match="pixels"):
            qr.png(CODE, ORIGIN, module=module)


def test_a_stained_and_small_picture_is_still_read() -> None:
    picture = from_png(qr.png(CODE, ORIGIN, module=8)).convert("L")
    side = picture.width
    picture.paste(255, (side // 2, side // 2, side // 2 + side // 5, side // 2 + side // 5))
    assert scanned(picture.resize((160, 160), Image.Resampling.BILINEAR)).text == ADDRESS


LATIN_40 = "Everest Overseas Employment Services Ltd"
LATIN_80 = "Everest Overseas Employment and Manpower Recruitment Services Private Limited Co"
ARABIC_80 = "شركة الخليج العربي المحدودة لخدمات التوظيف والاستقدام الخارجي والعمالة المنزلية و"[:80]
BENGALI_80 = "বাংলাদেশ ওভারসিজ এমপ্লয়মেন্ট অ্যান্ড রিক্রুটিং সার্ভিসেস প্রাইভেট লিমিটেড ঢাকা"[:80]


def token(name: str, **changed: object) -> str:
    stated = replace(BADGE, name=unicodedata.normalize("NFC", name), **changed)  # type: ignore[arg-type] # by name
    return codec.encode(stated, kid=minting.kid("badge"), sign=minting.signer("badge"))


@pytest.mark.parametrize(
    ("name", "version"), [("L", 12), (LATIN_40, 13), (LATIN_80, 14), (ARABIC_80, 15), (BENGALI_80, 16)]
)
def test_print_l_is_read_back_as_address_and_token_from_both_pictures(name: str, version: int) -> None:
    digits = token(name)
    assert qr.version(ORIGIN, digits) == version
    png = from_png(qr.png(BADGE.code, ORIGIN, digits, module=4))
    assert png.size == ((17 + 4 * version + 8) * 4,) * 2
    for picture in (png, from_svg(qr.svg(BADGE.code, ORIGIN, digits, title="Scan & check"), scale=4)):
        found = scanned(picture)
        assert found.text == f"{ORIGIN}/v/{BADGE.code}#{digits}"
        assert found.ec_level == "M"


def test_a_card_with_two_long_names_still_fits_and_more_is_refused() -> None:
    card = {"person": ARABIC_80, "destinations": ("QA", "AE", "SA", "KW", "OM", "BH", "MY", "JP")}
    assert qr.version(ORIGIN, token(BENGALI_80, **card)) == max(qr.LONG_VERSIONS)
    for digits in ("1" * 1400, "1" * 7089):
        for draw in (qr.version, lambda origin, digits: qr.png(BADGE.code, origin, digits)):
            with pytest.raises(qr.PrintTooLarge, match="less"):
                draw(ORIGIN, digits)


def test_print_l_is_small_enough_to_be_served_as_it_is() -> None:
    digits = token(BENGALI_80)
    assert len(qr.png(BADGE.code, ORIGIN, digits)) < 6_000
    assert len(qr.svg(BADGE.code, ORIGIN, digits)) < 16_000
