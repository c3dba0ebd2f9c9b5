"""A telephone's camera looks at our own badges: online, offline, forged, revoked, and when its list has grown old."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import qrcode
from django.conf import settings as configured
from PIL import Image, ImageFilter

from api.pages import render
from tests import builders
from tests.house import House
from tests.journeys import axe
from tests.journeys.conftest import QUIET, Bluefinch, engine, settled
from tests.journeys.windows import NARROW, Window, Windows
from tests.verification import minting
from tests.verification.test_trust_list import ROOTS, countersigned, thumbprint
from verification import (
    ceremony,
    envelopes,
    published_keys,
    published_trust,
    qr,
    statuses,
    tokens,
    trust_list,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]

WIDTH, HEIGHT = 960, 720


class Camera:
    """A film of one picture that the browser takes for its camera; each time it is opened, it shows the newest."""

    def __init__(self, path: Path) -> None:
        """Film into this file (y4m), five pictures a second."""
        self.path = path
        self.shows(None)

    def shows(self, badge: bytes | str | None) -> None:
        """Show this picture, this text as a square code, or nothing but a wall."""
        frame = Image.new("L", (WIDTH, HEIGHT), 150)
        if isinstance(badge, str):
            out = io.BytesIO()
            qrcode.make(badge).save(out)
            badge = out.getvalue()
        if badge is not None:
            code = Image.open(io.BytesIO(badge)).convert("L").resize((600, 600), Image.Resampling.LANCZOS)
            frame.paste(code.rotate(3, fillcolor=255), ((WIDTH - 600) // 2, (HEIGHT - 600) // 2))
        grey = b"\x80" * (WIDTH * HEIGHT // 2)
        head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n".encode()
        self.path.write_bytes(head + b"FRAME\n" + frame.tobytes() + grey)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """The film in the camera."""
    return Camera(tmp_path_factory.mktemp("camera") / "film.y4m")


@pytest.fixture(scope="module")
def phones(chromium: Any, camera: Camera) -> Iterator[Windows]:
    """Windows of a browser with that camera."""
    film = f"--use-file-for-fake-video-capture={camera.path}"
    switches = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", film]
    browser = chromium.browser_type.launch(executable_path=engine(), args=[*QUIET, *switches])
    yield Windows(browser)
    browser.close()


@pytest.fixture
def agency(public_site: str, clock: Any, settings: Any, sign_for: Callable[..., House]) -> Bluefinch:
    """Bluefinch behind an open door, with badges that are signed and a list of trust that says by whom."""
    settings.REGISTRY_HOST, settings.REGISTRY_SCHEME = public_site.removeprefix("http://"), "http"
    at = clock.stop(builders.START)
    found = settled(at)
    sign_for("XA-DLA", at=at)
    signed(at)
    trusted(at)
    return found


def signed(at: datetime) -> None:
    """What the worker does at this instant."""
    published_keys.refresh(at=at)
    statuses.refresh(at=at)
    tokens.refresh(at=at)


def trusted(at: datetime, by: Sequence[str] = ROOTS, after: Sequence[str] = ROOTS) -> None:
    """Publish the next list of trust, signed by two of these roots; it announces who signs the one ``after`` it."""
    roots = [thumbprint(name) for name in after]
    data = ceremony.draft(
        [published_keys.statement("XA-DLA", at=at)],
        issuer=trust_list.did(configured.REGISTRY_HOST),
        known=published_trust.believed(), next_roots=roots, at=int(at.timestamp()),
    )  # fmt: skip
    document = envelopes.join_jws(data, [countersigned(data, name) for name in by[:2]])
    published_trust.publish(document, roots=roots, at=at)


FRESH = ("fresh 0", "fresh 1", "fresh 2")


def film(camera: Camera, phone: Window, badge: bytes | str) -> None:
    """Hold this badge before the camera and open it."""
    camera.shows(badge)
    phone.page.locator("#open").click()


def answer(phone: Window) -> tuple[str, str, str]:
    """Tone, word and text of what the scanner says."""
    box = phone.page.locator("#answer .verdict")
    box.wait_for()
    tone = box.get_attribute("class").removeprefix("verdict ")
    return tone, box.locator(".word").inner_text(), phone.page.locator("#answer").inner_text()


def knows(phone: Window, said: str) -> None:
    """Wait until the page says this of what it knows."""
    phone.page.locator("#age", has_text=said).wait_for()


def complaints(phone: Window) -> list[str]:
    """What the browser complained of, but that it was offline."""
    return [one for one in phone.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_badge_is_scanned_with_a_network_and_without_one(
    phones: Windows, public_site: str, agency: Bluefinch, camera: Camera
) -> None:
    digits = tokens.digits(agency.badge, at=agency.at)
    small, large = (qr.png(agency.badge, public_site, proof) for proof in ("", digits))
    with phones.lend(public_site, width=NARROW, height=640, timezone_id="Asia/Kathmandu") as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan")
        knows(phone, "Status list from today, ")
        until(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"))

        for picture, end in ((small, ""), (large, f"#{digits}")):
            film(camera, phone, picture)
            page.wait_for_url(f"{public_site}/v/{agency.badge}{end}")
            assert page.get_by_role("heading", level=1).inner_text() == "Licensed"
            phone.open("/scan")

        page.context.set_offline(True)
        film(camera, phone, large)
        tone, word, text = answer(phone)
        assert (tone, word) == ("go outline", "Genuine badge")
        for said in (
            "Bluefinch Manpower (DEMO)",
            agency.licence,
            "at this time: today, 14:45",
            "4 January 2028",
            "Check online now",
        ):
            assert said in text

        phone.open(f"/v/{agency.badge}")
        tone, word, text = answer(phone)
        assert (tone, word) == ("unknown", "Could not be checked")
        assert "You are offline" in text
        assert "Scan the large square code of the badge here." in text
        film(camera, phone, small)
        page.get_by_text("Without a network, scan the large square code.").wait_for()
        assert answer(phone)[:2] == ("wait", "Check online")
        phone.open("/")
        phone.open(f"/v/{agency.badge}#{digits}")
        page.get_by_text("Genuine badge").wait_for()
        assert answer(phone)[0] == "go outline"
        for address, again in (
            (f"/v/{agency.badge}#{digits}", "Check online now"),
            (f"/v/{agency.badge}", "Try again"),
        ):
            page.context.set_offline(True)
            phone.open("/scan")
            phone.open(address)
            page.get_by_role("link", name=again).wait_for()
            page.context.set_offline(False)
            page.get_by_role("link", name=again).click()
            page.get_by_role("heading", name="Licensed", exact=True).wait_for()
        phone.open("/scan")
        found = [path for name in page.evaluate("caches.keys()") for path in page.evaluate(KEPT, name)]
        assert "/scan" in found
        assert not [path for path in found if path.startswith("/v") or path == "/"]
        assert not complaints(phone)


KEPT = """async (name) => (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)"""


def test_what_a_phone_knows_grows_old_without_a_network_and_is_renewed_with_one(
    phones: Windows, public_site: str, agency: Bluefinch, camera: Camera, clock: Any
) -> None:
    large = qr.png(agency.badge, public_site, tokens.digits(agency.badge, at=agency.at))
    with phones.lend(public_site, width=NARROW, height=640) as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan")
        knows(phone, "Status list from today, ")
        until(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"))
        page.context.set_offline(True)

        page.clock.set_fixed_time(agency.at + timedelta(hours=25))
        phone.open("/scan")
        knows(phone, "That is too old to rely on. Go online.")
        film(camera, phone, large)
        tone, word, text = answer(phone)
        assert (tone, word) == ("wait", "Check online")
        assert "What this phone knows is from yesterday, " in text
        assert "was good" not in text
        page.clock.set_fixed_time(agency.at - timedelta(hours=1))
        film(camera, phone, large)
        page.get_by_text("The clock of this phone is wrong.").first.wait_for()
        assert answer(phone)[0] == "wait"

        page.context.set_offline(False)
        later = clock.stop(agency.at + timedelta(hours=2))
        builders.suspended(agency.licence, at=later)
        signed(later)
        page.clock.set_fixed_time(later)
        phone.open("/scan")
        until(page, lambda: page.evaluate(LISTED) == int(later.timestamp()))
        page.context.set_offline(True)
        film(camera, phone, large)
        tone, word, text = answer(phone)
        assert (tone, word) == ("stop", "Not licensed")
        assert "The licence is stopped for a time." in text

        assert not complaints(phone)


def test_what_is_false_is_red_and_is_never_opened(
    phones: Windows, public_site: str, agency: Bluefinch, camera: Camera, settings: Any
) -> None:
    settings.REGISTRY_DEMO = False
    digits = tokens.digits(agency.badge, at=agency.at)
    host = public_site.removeprefix("http://")
    forged = minting.digits(minting.sealed())
    false = {
        f"https://verify-registry.example/v/{agency.badge}#{digits}": "leads to verify-registry.example.",
        f"http://{host}@evil.example/v/{agency.badge}#{digits}": "leads to evil.example.",
        f"http://127.0.0.1.evil.example/v/{agency.badge}": "leads to 127.0.0.1.evil.example.",
        f"{public_site}/v/{agency.badge}#{forged}": "The licensing authority did not make this badge.",
        f"{public_site}/v/{agency.office_badge}#{digits}": "Parts of this badge come from another badge.",
        "LICENSED until 2030": "This is not the code of a badge.",
    }
    with phones.lend(public_site, width=NARROW, height=640) as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan")
        knows(phone, "Status list from today, ")
        assert not looks_wrong(phone)
        for text, said in false.items():
            film(camera, phone, text)
            page.locator("#answer", has_text=said).wait_for()
            tone, word, _whole = answer(phone)
            assert tone == "stop", text
            assert word == ("This code leads to another site" if "leads" in said else "Not genuine")
            assert page.locator("#answer a").count() == 0
        assert page.url == f"{public_site}/scan"
        assert not looks_wrong(phone)
        assert not phone.complaints


def looks_wrong(phone: Window) -> list[str]:
    """What axe objects to, what is too small to touch, and what is wider than the smallest screen."""
    touched = phone.page.locator("button, .act, header a, input:not([type=file])")
    small = [str(one) for one in touched.all() if one.is_visible() and one.bounding_box()["height"] < 44]
    wide = [] if phone.fits(320) else ["wider than 320 pixels"]
    phone.resize(NARROW)
    return axe.objections(phone.page) + small + wide


def test_where_there_is_no_camera_a_photo_is_read(
    windows: Windows, public_site: str, agency: Bluefinch, tmp_path: Path
) -> None:
    digits = tokens.digits(agency.badge, at=agency.at)
    code = Image.open(io.BytesIO(qr.png(agency.badge, public_site, digits))).convert("L").resize((700, 700))
    wall = Image.new("L", (1600, 1200), 120)
    wall.paste(code.filter(ImageFilter.GaussianBlur(2)).rotate(8, fillcolor=255), (400, 250))
    for name, picture in {"badge.jpg": wall, "nothing.jpg": Image.new("L", (640, 480), 90)}.items():
        picture.save(tmp_path / name, quality=60)
    with windows.lend(public_site, width=NARROW, height=640) as phone:
        phone.open("/scan")
        phone.page.get_by_role("button", name="Open the camera").click()
        phone.page.get_by_text("The camera cannot be used.").wait_for()
        phone.page.set_input_files("#photo", tmp_path / "nothing.jpg")
        phone.page.get_by_text("No code can be read in this photo.").wait_for()
        phone.page.set_input_files("#photo", tmp_path / "badge.jpg")
        phone.page.wait_for_url(f"{public_site}/v/{agency.badge}#{digits}")
        phone.page.go_back()
        assert not phone.complaints


def test_a_phone_that_reads_codes_itself_fetches_no_reader(
    windows: Windows, public_site: str, agency: Bluefinch, tmp_path: Path
) -> None:
    script = tmp_path / "detector.js"
    script.write_text(
        """globalThis.BarcodeDetector = class {
            static async getSupportedFormats() { return ["qr_code"] }
            async detect() { return [{ rawValue: "https://verify-registry.example/v/XA00000000000" }] }
        }"""
    )
    with windows.lend(public_site, width=NARROW, height=640, script=script, service_workers="block") as phone:
        asked: list[str] = []
        phone.page.on("request", lambda request: asked.append(request.url))
        phone.open("/scan")
        Image.new("L", (64, 64), 90).save(tmp_path / "any.png")
        phone.page.set_input_files("#photo", tmp_path / "any.png")
        assert answer(phone)[:2] == ("stop", "This code leads to another site")
        assert not [address for address in asked if "qr-decode" in address]


def test_another_edition_takes_the_place_of_the_kept_one_and_an_older_list_does_not(
    windows: Windows, public_site: str, agency: Bluefinch, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = published_trust.document()
    with windows.lend(public_site, width=NARROW, height=640) as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan")
        knows(phone, "Status list from today, ")
        until(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"))
        trusted(agency.at + timedelta(minutes=1), after=FRESH)
        trusted(agency.at + timedelta(minutes=2), FRESH, after=FRESH)
        monkeypatch.setattr(render, "edition", lambda: "next")
        page.reload()
        until(page, lambda: page.evaluate("caches.keys()") == ["scanner next"])
        until(page, lambda: page.evaluate(NEWEST) == 3)
        answers: dict[str, int] = {}
        page.on("response", lambda one: answers.update({one.url.removeprefix(public_site): one.status}))
        monkeypatch.setattr(published_trust, "document", lambda _ver=None: first)
        page.reload()
        knows(phone, "Status list from today, ")
        until(page, lambda: [status for path, status in answers.items() if path.startswith("/s/")] == [304])
        assert answers["/.well-known/recruiter-trust-list"] == 200
        assert page.evaluate(NEWEST) == 3
        assert not phone.complaints


def test_whoever_opened_it_once_in_a_language_finds_it_in_that_without_a_network(
    windows: Windows, public_site: str, agency: Bluefinch
) -> None:
    with windows.lend(public_site, width=NARROW, height=640) as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan?lang=ar")
        until(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"))
        page.context.set_offline(True)
        for where in ("/scan?lang=ar", f"/v/{agency.badge}?lang=ar"):
            phone.open(where)
            assert page.get_attribute("html", "lang") == "ar"
        assert not complaints(phone)


def test_an_installed_scanner_renews_its_lists_while_nobody_looks(
    windows: Windows, public_site: str, agency: Bluefinch, clock: Any
) -> None:
    with windows.lend(public_site, width=NARROW, height=640) as phone:
        page = phone.page
        page.clock.set_fixed_time(agency.at)
        phone.open("/scan")
        knows(phone, "Status list from today, ")
        until(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"))
        later = clock.stop(agency.at + timedelta(hours=2))
        signed(later)
        protocol = page.context.new_cdp_session(page)
        found: list[str] = []
        protocol.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: found.extend(
                one["registrationId"] for one in told["registrations"] if one["scopeURL"] == f"{public_site}/"
            ),
        )
        protocol.send("ServiceWorker.enable")
        until(page, lambda: bool(found))
        woken = {"origin": public_site, "registrationId": found[-1], "tag": "lists"}
        protocol.send("ServiceWorker.dispatchPeriodicSyncEvent", woken)
        until(page, lambda: page.evaluate(LISTED) == int(later.timestamp()))


NEWEST = """new Promise((told) => {
    const asked = indexedDB.open("register", 1);
    asked.onsuccess = () => {
        const found = asked.result.transaction("kept").objectStore("kept").get("trust");
        found.onsuccess = () => (asked.result.close(), told(found.result && found.result.known.ver));
    };
})"""


LISTED = "keepLists(JSON.parse(document.getElementById('told').textContent)).age()"


def until(page: Any, true: Callable[[], bool]) -> None:
    """Wait for something that a browser does behind its page."""
    patient = time.monotonic() + 15
    while not true():
        assert time.monotonic() < patient
        page.wait_for_timeout(50)  # what the browser tells meanwhile is heard only here
