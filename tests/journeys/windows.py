"""Windows of a browser, lent for one visit and given back as if nobody had used them.

Opening one costs chromium half a second of work; cleaning one costs it a few hundredths.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import Error

from tests import pictures

WIDE: Final = 1280
NARROW: Final = 360
_PATIENCE: Final = 15_000
"""Milliseconds in which a page on a busy machine must do what is awaited."""

_REFUSED: Final = re.compile(r"responded with a status of (404|409|422)")
_OURS: Final = frozenset({"127.0.0.1", "localhost", None})
"""Where our doors are open; what a page says to itself, as a picture in its text, has no host."""

_FORGET: Final = """try { localStorage.clear(); sessionStorage.clear() } catch {}
    !!(navigator.serviceWorker && navigator.serviceWorker.controller)"""
"""Also says whether the site has left a worker behind."""

_LEFT: Final = "service_workers,cache_storage,indexeddb"
_CLIPS: Final = "document.documentElement.scrollWidth"


@dataclass
class Window:
    """A page of a visitor's own at ``site``, and whatever the browser complains of meanwhile."""

    page: Any
    site: str = ""
    height: int = 800
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to all that can go wrong on a page."""
        self._protocol = self.page.context.new_cdp_session(self.page)
        self.page.set_default_timeout(_PATIENCE)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", self._asked)

    def _heard(self, line: Any) -> None:
        """That a form was refused or a page is not there is what the visit is about; a missing file is not.

        Nor is it a fault that a test had put the cursor into a field before the page was drawn.
        """
        if line.text.startswith("Autofocus processing was blocked"):
            return
        if not _REFUSED.search(line.text) or "/static/" in line.location["url"]:
            self.complaints.append(line.text)

    def _failed(self, request: Any) -> None:
        """What was still on its way when the visitor went on was not missed."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")

    def _asked(self, request: Any) -> None:
        """A page asks nobody but its own sites."""
        if urlsplit(request.url).hostname not in _OURS:
            self.complaints.append(f"asked of somebody else: {request.url}")

    def sign_in(self, client: Client) -> None:
        """Go on with this client's session."""
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": self.site}
        self.page.context.add_cookies([cookie])

    def open(self, path: str) -> Any:
        """Go to a path of the site; its answer."""
        return self.page.goto(f"{self.site}{path}")

    def follow(self, target: Any) -> None:
        """Press a button or a link, and wait for the page that comes.

        A form may first make sure that it can be sent: the click is over before the page is chosen.
        """
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            target.click()

    def resize(self, width: int) -> None:
        """As wide as this, in CSS pixels."""
        self.page.set_viewport_size({"width": width, "height": self.height})

    def fits(self, width: int) -> bool:
        """Whether nothing on the page is wider than the window is at this width."""
        self.resize(width)
        self.page.wait_for_load_state("domcontentloaded")
        try:
            return bool(self.page.evaluate(_CLIPS) <= width)
        except Error:  # between two pages: the one that comes is meant
            return bool(self.page.wait_for_function(f"document.body && {_CLIPS}").json_value() <= width)

    def photograph(self, path: Path) -> None:
        """Keep the whole page as it looks now, if somebody wants to look."""
        if not pictures.wanted():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        asked = {"format": "png", "captureBeyondViewport": True, "optimizeForSpeed": True}
        self.page.wait_for_load_state()
        try:
            seen = self._protocol.send("Page.captureScreenshot", asked)
        except Error:  # between two pages there is nothing to see
            self.page.wait_for_function("document.body && innerWidth")
            seen = self._protocol.send("Page.captureScreenshot", asked)
        path.with_suffix(".png").write_bytes(base64.b64decode(seen["data"]))

    def picture(self, path: Path) -> None:
        """Nothing sticks out of the page, wide or narrow; both are kept as photographs."""
        for width in (NARROW, WIDE):
            assert self.fits(width), f"{path.name} is wider than {width} pixels"
            self.photograph(path.with_name(f"{path.name}-{width}"))

    def clean(self) -> None:
        """Forget the visit."""
        context = self.page.context
        context.set_offline(False)
        if self.page.url.startswith("http") and self.page.evaluate(_FORGET):
            left = {"origin": self.site, "storageTypes": _LEFT}
            self._protocol.send("Storage.clearDataForOrigin", left)
        context.clear_cookies()
        self.page.goto("about:blank")
        self.page.emulate_media(media="null")


class Windows:
    """All the windows of one browser: those on loan and those that wait for the next visitor."""

    def __init__(self, browser: Any) -> None:
        """Open windows of this browser as they are asked for."""
        self._browser = browser
        self._waiting: dict[str, list[Window]] = defaultdict(list)

    @contextmanager
    def lend(
        self,
        site: str,
        *,
        client: Client | None = None,
        width: int = WIDE,
        height: int = 800,
        script: Path | None = None,
        **options: Any,
    ) -> Iterator[Window]:
        """A window of nobody's at ``site``, signed in as ``client`` is.

        ``script`` runs before anything on every page; ``options`` are those of a browser's context.
        """
        waiting = self._waiting[repr((script, sorted(options.items())))]
        window = waiting.pop() if waiting else self._opened(script, options)
        window.site, window.height, window.complaints = site, height, []
        window.resize(width)
        if client is not None:
            window.sign_in(client)
        try:
            yield window
            window.clean()
        except BaseException:
            window.page.context.close()  # whatever state it is in, nobody gets it
            raise
        waiting.append(window)

    def _opened(self, script: Path | None, options: dict[str, Any]) -> Window:
        context = self._browser.new_context(**options)
        if script is not None:
            context.add_init_script(path=script)
        return Window(context.new_page())
