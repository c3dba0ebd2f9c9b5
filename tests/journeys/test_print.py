"""A badge is printed, photographed and followed: paper that leads to the page, and says no more than paper can."""

import io
import re
from typing import Any

import pytest
from django.test import Client

from api.pages import sheet
from registry.rules.numbering import shown_badge
from tests import builders, chance
from tests.journeys.conftest import Bluefinch
from tests.journeys.test_scan import text
from verification import badges, qr, statuses, tokens

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("misses_forgotten")]


def decoded(png: bytes) -> str:
    """What a scanner reads from a picture."""
    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png)))
    assert found is not None
    return str(found.text)


def test_a_signed_badge_is_printed_with_the_code_that_proves_itself(
    public: Client, bluefinch: Bluefinch, sign_for: Any, settings: Any
) -> None:
    before = public.get(f"/v/{bluefinch.badge}/badge").content.decode()
    assert "print=L" not in before
    assert public.get(f"/v/{bluefinch.badge}/qr.png?print=L").status_code == 404
    sign_for("XA-DLA", at=bluefinch.at)
    statuses.refresh(at=bluefinch.at)
    tokens.refresh(at=bluefinch.at)
    after = public.get(f"/v/{bluefinch.badge}/badge").content.decode()
    address = f"{settings.REGISTRY_HOST}/v/{bluefinch.badge}"
    assert f'<img src="/v/{bluefinch.badge}/qr.svg?print=L"' in after
    assert f'<b dir="ltr">{address.replace("/v/", "<wbr>/v/")}</b>' in after, (
        "the address of print S stands beside print L"
    )
    assert shown_badge(bluefinch.badge) in after
    assert f'<img src="/v/{bluefinch.badge}/qr.svg"' in after, "the card has print S"
    digits = tokens.digits(bluefinch.badge, at=bluefinch.at)
    picture = public.get(f"/v/{bluefinch.badge}/qr.png?print=L")
    assert decoded(picture.content) == f"{settings.REGISTRY_SCHEME}://{address}#{digits}"
    assert len(public.get(f"/v/{bluefinch.badge}/qr.svg?print=L").content) < 16_000
    assert decoded(public.get(f"/v/{bluefinch.badge}/qr.png?print=S").content).endswith(bluefinch.badge)
    for wrong in ("M", "", "L&print=S"):
        assert public.get(f"/v/{bluefinch.badge}/qr.png?print={wrong}").status_code == 400


def test_the_certificate_gives_print_l_the_room_that_a_cheap_phone_needs() -> None:
    width = re.search(r"\.scan img\{width:(\d+)mm", sheet.BADGE.css)
    assert width is not None
    modules = 17 + 4 * max(qr.LONG_VERSIONS) + 2 * qr.QUIET_ZONE
    assert int(width[1]) >= 36
    assert int(width[1]) / modules >= 0.4, "millimetres a module"


def test_the_picture_comes_as_png_and_svg_and_may_be_kept(
    public: Client, bluefinch: Bluefinch, settings: Any
) -> None:
    png, svg = (public.get(f"/v/{bluefinch.badge.lower()}/qr.{kind}") for kind in ("png", "svg"))
    assert png["Content-Type"] == "image/png"
    assert svg["Content-Type"] == "image/svg+xml"
    assert (
        decoded(png.content) == f"{settings.REGISTRY_SCHEME}://{settings.REGISTRY_HOST}/v/{bluefinch.badge}"
    )
    assert f"<title>Badge {bluefinch.badge[:4]}-" in svg.content.decode()
    for picture in (png, svg):
        assert picture["Cache-Control"] == "public, max-age=3600"
        assert "Set-Cookie" not in picture


def test_no_picture_is_made_of_a_code_that_is_nobodys_or_withdrawn(
    public: Client, bluefinch: Bluefinch
) -> None:
    badges.withdraw(bluefinch.badge, reason="lost", by="OFFICER-1", at=bluefinch.at)
    for code in (bluefinch.badge, "XA00000000000", "nothing"):
        for kind in ("png", "svg"):
            response = public.get(f"/v/{code}/qr.{kind}")
            assert response.status_code == 404
            assert response["Cache-Control"] == "no-store"


def test_the_print_names_the_holder_and_has_host_and_code_beside_each_picture(
    public: Client, bluefinch: Bluefinch, settings: Any
) -> None:
    response = public.get(f"/v/{bluefinch.badge}/badge")
    page, told = response.content.decode(), text(response)
    shown = "-".join((bluefinch.badge[:4], bluefinch.badge[4:8], bluefinch.badge[8:12], bluefinch.badge[12:]))
    assert page.count(f'<img src="/v/{bluefinch.badge}/qr.svg"') == 2
    assert told.count(settings.REGISTRY_HOST) == 2
    assert told.count(shown) >= 2
    assert page.count(bluefinch.licence) == 2
    assert page.count("Bluefinch Manpower (DEMO)") >= 2
    assert page.count('<span class="crop') == 4


def test_on_paper_without_colour_the_marks_are_told_by_their_fill_too() -> None:
    css = sheet.BADGE.css
    tokens_ = dict(re.findall(r"--(go|stop|wait):(#[0-9a-f]{6})", css.partition("@media")[0]))

    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert lightness(tokens_["stop"]) < 0.4 > lightness(tokens_["go"]), (
        "dark, with a white cross and a white tick"
    )
    assert lightness(tokens_["wait"]) > 0.6, "light: nobody takes it for red"
    paper = css[css.index("@media print") :]
    assert ".mark .shape{fill:var(--tone)}" in paper
    assert ".wait .shape,.unknown .shape{stroke:#000;stroke-width:3}" in paper, "with an outline of its own"
    assert ".unknown{--tone:#fff;--on:#000}" in paper, "hollow"
    assert "@media screen and (prefers-color-scheme:dark)" in css, "paper is never dark"


def test_paper_claims_nothing_that_goes_stale(public: Client, bluefinch: Bluefinch) -> None:
    told = text(public.get(f"/v/{bluefinch.badge}/badge"))
    assert "This paper cannot tell you." in told
    assert "This card does not prove that the licence is good today." in told
    assert not re.search(r"\b20\d\d\b", chance.without_badge(told, bluefinch.badge))
    assert "In force" not in told


def test_nothing_is_printed_for_a_licence_that_is_not_good_today(
    public: Client, bluefinch: Bluefinch
) -> None:
    builders.suspended(bluefinch.licence, at=bluefinch.at)
    response = public.get(f"/v/{bluefinch.badge}/badge")
    assert response.status_code == 409
    assert "This badge cannot be printed now" in text(response)
    assert "qr.svg" not in response.content.decode()


def test_office_and_person_have_prints_of_their_own(public: Client, bluefinch: Bluefinch) -> None:
    office = text(public.get(f"/v/{bluefinch.office_badge}/badge"))
    person = text(public.get(f"/v/{bluefinch.person_badge}/badge"))
    assert "Office of a licensed agency" in office
    assert "14 Harbour Road" in office
    assert "Works for a licensed agency" in person
    assert "Mina Rai (DEMO) Bluefinch Manpower (DEMO)" in person
    assert "registered recruiter" in person


def test_the_pictures_are_printed_large_enough_for_a_cheap_phone() -> None:
    css = (sheet.FOLDER / "badge.css").read_text()
    sizes = [float(size) for size in re.findall(r"img \{ width: ([\d.]+)mm; height: \1mm", css)]
    quiet_zones_off = [
        size * 33 / 41 for size in sizes
    ]  # version 4 has 33 modules, and 4 empty ones on each side
    assert len(sizes) == 2
    assert min(quiet_zones_off) >= 20
