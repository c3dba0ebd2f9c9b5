"""What a worker holds in his hands: a badge, and a phone to scan it with."""

import gettext as catalogues
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.utils.translation import trans_real

from tests import builders
from tests.conftest import Kept
from tests.journeys.windows import Windows

CHANNELS = {"phone": "+12025550142", "email": "office@bluefinch.example", "domain": "bluefinch.example"}


@dataclass(frozen=True, slots=True)
class Bluefinch:
    """An agency with everything an agency can have, and badges of all three kinds."""

    agency: str
    office: str
    licence: str
    appointment: str
    badge: str
    office_badge: str
    person_badge: str
    at: datetime


@pytest.fixture(scope="module")
def founded(kept: Kept) -> Bluefinch:
    """Bluefinch, founded once for all tests of a module."""
    with kept(at=builders.START):
        return settled(builders.START)


@pytest.fixture
def bluefinch(founded: Bluefinch, db: None, clock: Any) -> Bluefinch:
    """Bluefinch Manpower (DEMO), licensed this morning; the clock stands still."""
    clock.stop(builders.START)
    return founded


@pytest.fixture
def misses_forgotten() -> Iterator[None]:
    """Full buckets before and after: what was missed in one test is not held against the next."""
    from api import throttles

    throttles.look_ups.forget()
    yield
    throttles.look_ups.forget()


def settled(at: datetime) -> Bluefinch:
    """Found the agency through the register's own doors."""
    from registry import agencies
    from registry.rules.lifecycle import Scope
    from verification import badges

    builders.authority(at=at)
    agency = builders.agency(at=at, latin_name="Bluefinch Manpower", company_number="C 778")
    by = builders.maker(at)
    office = builders.head_office(agency, at=at)
    for kind, value in CHANNELS.items():
        builders.approved(
            agencies.add_channel(agency, kind, value, by=by, at=at, idempotency_key=builders.key()), at=at
        )
    builders.approved(
        agencies.add_trading_name(agency, "Bluefinch Jobs", by=by, at=at, idempotency_key=builders.key()),
        at=at,
    )
    appointment = builders.approved(
        agencies.appoint(
            agency,
            name="Mina Rai (DEMO)",
            role="registered_recruiter",
            first_day=at.date(),
            by=by,
            at=at,
            idempotency_key=builders.key(),
        ),
        at=at,
    )
    licence = builders.active(agency, at=at, scope=Scope(corridors=("QA", "XB"), occupations=("5321",)))
    return Bluefinch(
        agency=agency,
        office=office,
        licence=licence,
        appointment=appointment,
        badge=badges.issue("licence", licence, at=at).code,
        office_badge=badges.issue("office", office, at=at).code,
        person_badge=badges.issue("appointment", appointment, at=at).code,
        at=at,
    )


# --- a language that nobody speaks ---------------------------------------------------------------------------------

_KEPT = re.compile(r"(%\([a-z_]+\)[a-z]|</?[^>]+>|\{[a-z_]*\}|&[a-z]+;)")
_LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ARABIC = str.maketrans(_LATIN, "ابثدهفغحيجكلمنوبقرستوفوخيز" * 2)


def pseudo_arabic(text: str) -> str:
    """Our English in Arabic letters: whatever stays in Latin letters on a page never went through gettext."""
    return "".join(part if _KEPT.fullmatch(part) else part.translate(_ARABIC) for part in _KEPT.split(text))


class _Pseudo(catalogues.NullTranslations):
    def gettext(self, message: str) -> str:
        return pseudo_arabic(message) if message else ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo_arabic(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        return "ar"

    def to_language(self) -> str:
        return "ar"


@pytest.fixture
def arabic(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Arabic letters for every text of ours, from right to left; gives what makes them."""
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    settings.REGISTRY_PUBLIC_LANGUAGES = ["en", "ar"]
    monkeypatch.setitem(vars(trans_real)["_translations"], "ar", _Pseudo())
    _forget_texts()
    yield pseudo_arabic
    _forget_texts()


def _forget_texts() -> None:
    """Empty what is made once a language, as at the start of a process."""
    from api import labels
    from api.pages import answer, band, languages, refusals, render, scanner, spoken, verdicts, written

    made = (labels, answer, band, languages, refusals, render, scanner, spoken, verdicts, written, trans_real)
    for module in made:
        for made_once in vars(module).values():
            if hasattr(made_once, "cache_clear"):
                made_once.cache_clear()


# --- a browser -----------------------------------------------------------------------------------------------------


_UNWANTED = (
    "SpareRendererForSitePerProcess", "RenderDocument", "ProactivelySwapBrowsingInstance",  # work ahead, for nothing
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "PaintHolding",  # what playwright would name here
    "MediaRouter", "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch",  # the same
)  # fmt: skip
"""Features of chromium that a test has no use for; the last switch of that name is the one that counts."""


QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    f"--disable-features={','.join(_UNWANTED)}",
    "--js-flags=--no-maglev,--no-opt",  # no page lives long enough to earn what optimizing its scripts costs
]  # fmt: skip
"""What every browser of a test is told."""


def engine() -> str | None:
    """Where chromium is; its headless shell is the same engine without a browser's own windows, at half the work."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's chromium, driven by playwright; the journeys in a browser are skipped where it is not installed."""
    found = engine()
    if found is None:
        pytest.skip("no chromium on this machine: the journeys in a browser are not made")
    from playwright.sync_api import sync_playwright

    unsafe = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "1"  # playwright keeps a loop in this thread; the database is not on it
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()
    if unsafe is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def windows(chromium: Any) -> Windows:
    """Windows of that browser, one for each visitor of a test."""
    return Windows(chromium)
