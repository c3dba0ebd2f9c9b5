"""An officer shows a photograph: scanned, drawn anew, seen by a second officer, then by everybody; and takes it off."""

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from api import pictures, throttles
from api.demo_scanner import EICAR, Scanner
from registry import agencies
from registry.models import Office, Photograph
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import appoint
from tests.conftest import Clock, Kept
from verification import badges

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = builders.START
PLACE = b"Nikon 27.7172 N 85.3240 E"


@pytest.fixture(scope="module")
def _built(kept: Kept) -> dict[str, str]:
    with kept(at=AT):
        builders.authority()
        agency = builders.agency()
        office = builders.head_office(agency)
        licence = builders.active(agency)
        made = agencies.appoint(
            agency, name="Mina Rai (DEMO)", role="registered_recruiter", first_day=START.date(),
            by=builders.maker(START), at=START, idempotency_key=builders.key(),
        )  # fmt: skip
        person = builders.approved(made, at=START)
        code = {kind: badges.issue(kind, of, at=START).code for kind, of in
                (("licence", licence), ("appointment", person))}  # fmt: skip
        return {"agency": agency, "office": office, "person": person} | code


@pytest.fixture
def it(_built: dict[str, str], clock: Clock) -> Iterator[dict[str, str]]:
    """An agency with an office, somebody who recruits, and a badge of each."""
    clock.stop(AT)
    throttles.look_ups.forget()
    yield _built
    throttles.look_ups.forget()


@pytest.fixture
def scanner(settings: Any) -> Iterator[Scanner]:
    """A scanner that answers."""
    running = Scanner()
    settings.REGISTRY_CLAMD = running.address
    yield running
    running.close()


@pytest.fixture
def officer(new_desk: Callable[[], Client], it: dict[str, str]) -> Callable[..., Pages]:
    """Officers of XA-DLA, each in a browser of their own."""
    return lambda who, role: at_desk(new_desk(), appoint(who, "XA-DLA", role))


def taken(size: tuple[int, int] = (1600, 900), form: str = "JPEG", mode: str = "RGB") -> bytes:
    """A photograph as a telephone takes it: large, turned on its side, with the place in it."""
    picture = Image.effect_noise(size, 60).convert(mode)
    exif = picture.getexif()
    exif[0x0112], exif[0x010E] = 6, PLACE.decode()
    out = io.BytesIO()
    picture.save(out, form, exif=exif)
    return out.getvalue()


def upload(content: bytes, name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def test_two_officers_show_the_office_and_one_takes_it_off(
    it: dict[str, str], officer: Callable[..., Pages], scanner: Scanner, public: Client
) -> None:
    room, original = f"agencies/{it['agency']}/photographs/{it['office']}", taken()
    assert PLACE in original
    clerk, badge = officer("DLA-1", "officer"), f"/v/{it['licence']}"
    answer = clerk.send(room, file=upload(original))
    assert answer.status_code == 302, answer.content.decode()
    assert b"".join(scanner.read) == original
    second = officer("DLA-2", "supervisor")
    page = second.get(answer["Location"].removeprefix("/desk/")).content.decode()
    (seen,) = set(re.findall(r"/desk/photographs/([0-9a-f]{64})\.jpg", page))
    picture = second.get(f"photographs/{seen}.jpg")
    assert picture["Content-Type"] == "image/jpeg"
    assert picture["Cache-Control"] == "no-store"
    address = f"/photographs/{seen}.jpg"
    assert public.get(address).status_code == 404
    assert address not in public.get(badge).content.decode()
    second.send(answer["Location"].removeprefix("/desk/"), do="approve", no_conflict="on")
    told = public.get(address)
    assert (told.status_code, told["Content-Type"]) == (200, "image/jpeg")
    assert told["Cache-Control"] == "private, max-age=604800, immutable"
    assert public.get(address, HTTP_IF_NONE_MATCH=told["ETag"]).status_code == 304
    assert told.content == picture.content
    assert len(told.content) <= pictures.AIM
    assert PLACE not in told.content
    with Image.open(io.BytesIO(told.content)) as drawn:
        assert drawn.width < drawn.height <= 640, "upright, and no side longer than 640"
        assert not drawn.getexif()
    for path in (badge, f"/agencies/{it['agency']}"):
        assert f'<img src="{address}" loading="lazy"' in public.get(path).content.decode()
    assert clerk.send(room, do="withdraw").status_code == 302
    assert public.get(address).status_code == 404
    assert public.get(address)["Cache-Control"] == "no-store"
    for path in (badge, f"/agencies/{it['agency']}"):
        assert "<img" not in public.get(path).content.decode()


def test_a_person_is_shown_on_their_badge_by_their_own_word(
    it: dict[str, str], officer: Callable[..., Pages], scanner: Scanner, public: Client
) -> None:
    room, clerk = f"agencies/{it['agency']}/photographs/{it['person']}", officer("DLA-1", "officer")
    refused = clerk.send(room, file=upload(taken()))
    assert refused.status_code == 422
    assert "Without the person&#x27;s word nothing is shown." in refused.content.decode()
    assert not Photograph.objects.exists()
    answer = clerk.send(room, file=upload(taken()), agreed_on="2026-04-30")
    officer("DLA-2", "supervisor").send(
        answer["Location"].removeprefix("/desk/"), do="approve", no_conflict="on"
    )
    page = public.get(f"/v/{it['appointment']}").content.decode()
    assert "This is what Mina Rai (DEMO) looks like." in page
    (seen,) = re.findall(r'<img src="(/photographs/\w+\.jpg)"', page)
    assert public.get(seen).status_code == 200
    assert seen not in public.get(f"/agencies/{it['agency']}").content.decode()
    told = public.get(f"/v/{it['appointment']}", HTTP_ACCEPT="application/json").json()
    assert f"/photographs/{told['subject']['person']['photograph']}.jpg" == seen
    badges.withdraw(it["appointment"], reason="lost", by="OFFICER-1", at=AT)
    assert "<img" not in public.get(f"/v/{it['appointment']}").content.decode()
    told = public.get(f"/v/{it['appointment']}", HTTP_ACCEPT="application/json").json()
    assert told["subject"]["person"]["photograph"] == ""


def test_an_agency_with_several_offices_says_which_is_which(it: dict[str, str], public: Client) -> None:
    by, told = builders.maker(AT), {"kind": "branch", "address": "9 <Market> Lane", "locality": "Hill Town"}
    branch = agencies.add_office(it["agency"], told, by=by, at=AT, idempotency_key=builders.key())
    for number in (builders.approved(branch, at=AT), it["office"]):
        picture = pictures.reduced(taken((320, 240 + len(number) + ord(number[-1]))))
        made = agencies.show_photograph(number, picture, by=by, at=AT, idempotency_key=builders.key())
        builders.approved(made, at=AT)
    page = public.get(f"/agencies/{it['agency']}").content.decode()
    assert page.count('<figure class="office"><img src="/photographs/') == 2
    assert "<figcaption>9 &lt;Market&gt; Lane, Hill Town</figcaption>" in page
    assert "<figcaption>Level 2, 14 Harbour Road, Port Demo</figcaption>" in page


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that says it is ``side`` pixels each way."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


HOSTILE: dict[str, bytes] = {
    "a paper": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "a drawing with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "half a picture": taken((400, 300))[:2000],
    "a picture in name": b"\xff\xd8\xff\xe0" + bytes(100),
    "a bomb": bomb(8_000),
    "a larger bomb": bomb(100_000),
    "a thumbnail": taken((100, 100)),
    "nothing": b"",
    "what the scanner finds": EICAR,
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_good_photograph_is_refused_with_its_reason_and_kept_nowhere(
    it: dict[str, str], officer: Callable[..., Pages], scanner: Scanner, hostile: str
) -> None:
    clerk = officer("DLA-1", "officer")
    answer = clerk.send(f"agencies/{it['agency']}/photographs/{it['office']}", file=upload(HOSTILE[hostile]))
    assert answer.status_code == 422
    assert 'class="field wrong"' in answer.content.decode()
    assert not Photograph.objects.exists()


def test_without_a_scanner_nothing_is_taken(
    it: dict[str, str], officer: Callable[..., Pages], settings: Any
) -> None:
    settings.REGISTRY_CLAMD = ""
    clerk = officer("DLA-1", "officer")
    answer = clerk.send(f"agencies/{it['agency']}/photographs/{it['office']}", file=upload(taken()))
    assert answer.status_code in {422, 503}
    assert not Photograph.objects.exists()


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGBA"), ("PNG", "L"), ("JPEG", "CMYK"), ("PNG", "P")])
def test_every_sort_of_picture_becomes_a_small_jpeg(form: str, mode: str) -> None:
    made = pictures.reduced(taken((900, 700), form, mode))
    with Image.open(io.BytesIO(made)) as drawn:
        assert (drawn.format, drawn.mode) == ("JPEG", "RGB")
    assert len(made) <= pictures.AIM


def test_an_address_that_nobody_gave_is_nothing(public: Client, it: dict[str, str]) -> None:
    Office.objects.filter(number=it["office"]).update(photograph="0" * 64)
    for name in ("0" * 64, "f" * 64, "x", "0" * 63, "..", "%00"):
        assert public.get(f"/photographs/{name}.jpg").status_code == 404
