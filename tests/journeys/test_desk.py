"""An officer's morning in a real browser: a first passkey, signing in by code and by passkey, a dossier."""

from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests import pictures
from tests.api.officials import PASSWORD, SECRET, appoint, signed_in
from tests.conftest import Clock
from tests.journeys.conftest import settled
from tests.journeys.windows import Window, Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = pictures.FOLDER / "desk"


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The codes of the officer's device, one after another."""
    from allauth.mfa.totp.internal import auth as totp

    now = [1_800_000_000]
    monkeypatch.setattr(totp, "time", type("Time", (), {"time": staticmethod(lambda: float(now[0]))}))

    def following() -> str:
        now[0] += 30
        return str(format_hotp_value(hotp_value(SECRET, now[0] // 30)))

    return following


@pytest.fixture
def desk_in_chromium(windows: Windows, desk_site: str) -> Iterator[Window]:
    """The desk under a name to which a browser gives passkeys, with a virtual authenticator (WebAuthn, CDP)."""
    with windows.lend(_named(desk_site)) as window:
        session = window.page.context.new_cdp_session(window.page)
        session.send("WebAuthn.enable")
        session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        yield window
        session.send("WebAuthn.disable")
        session.detach()


def _named(site: str) -> str:
    """The site under a name instead of a number."""
    return site.replace("127.0.0.1", "localhost")


def _picture(desk: Window, name: str) -> None:
    desk.picture(PICTURES / name)


def test_an_officer_s_morning(desk_in_chromium: Window, codes: Callable[[], str], clock: Clock) -> None:
    from tests import builders

    at = clock.stop(builders.START)
    world = settled(at)
    builders.suspended(world.licence, at=at)
    appoint("XA-DLA-101", "XA-DLA", "officer", "auditor")
    desk, page = desk_in_chromium, desk_in_chromium.page

    desk.open(f"/desk/agencies/{world.agency}")
    _picture(desk, "sign-in")
    page.fill("[name=username]", "xa-dla-101")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", codes())
    page.click("button:text-is('Sign in')")
    page.wait_for_url(f"**/desk/agencies/{world.agency}")
    assert page.locator(".standing.large b").inner_text() == "Not licensed"
    _picture(desk, "agency")

    desk.open("/desk/account")
    page.fill("#passkey-name", "This computer")
    page.click("button:text-is('Make a passkey')")
    page.wait_for_selector("text=The passkey is yours now.")
    page.locator("text=Passkey: This computer").wait_for()
    _picture(desk, "account")

    page.click("button:text-is('Sign out')")
    page.wait_for_url("**/desk/sign-in")
    page.click("button:text-is('Sign in with a passkey')")
    page.wait_for_url("**/desk/")
    _picture(desk, "queue")

    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/desk/agencies")
    page.keyboard.press("/")
    page.keyboard.type("bluefinch")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/agencies?q=bluefinch")
    page.click("a:has-text('Bluefinch')")
    page.wait_for_url(f"**/desk/licences/{world.licence}")
    desk.open("/desk/readings")
    assert page.locator(f"text={world.agency}").count() >= 1
    assert page.locator(f"text={world.licence}").count() >= 1
    _picture(desk, "readings")
    assert desk.complaints == []


def test_a_second_factor_is_proved_by_passkey_within_the_form_that_decides(
    desk_in_chromium: Window, codes: Callable[[], str], clock: Clock
) -> None:
    from datetime import timedelta

    from api.models import AccountChange
    from tests import builders

    at = clock.stop(builders.START)
    builders.authority(at=at)
    appoint("ADMIN-1", "", "administrator")
    desk, page = desk_in_chromium, desk_in_chromium.page
    desk.open("/desk/account")
    page.fill("[name=username]", "admin-1")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", codes())
    page.click("button:text-is('Sign in')")
    page.fill("#passkey-name", "Key")
    page.click("button:text-is('Make a passkey')")
    page.wait_for_selector("text=The passkey is yours now.")

    clock.stop(at + timedelta(minutes=6))
    desk.open("/desk/officers/invitations/new")
    for name, value in {
        "name": "Hana",
        "email": "h@dla.example",
        "number": "DLA-9",
        "username": "hana",
    }.items():
        page.fill(f"[name={name}]", value)
    page.fill("[name=authority]", "XA-DLA")
    page.check("[name=roles][value=officer]")
    page.click("text=Use a passkey instead of a code")
    page.wait_for_selector("text=Passkey proved")
    _picture(desk, "invite")
    page.click("button:text-is('Propose the invitation')")
    page.wait_for_url("**/desk/officers")
    assert AccountChange.objects.get().number == "DLA-9"
    _picture(desk, "officers")
    assert desk.complaints == []


def test_a_dossier_s_pictures_in_both_directions(
    windows: Windows, desk_site: str, clock: Clock, arabic: Callable[[str], str]
) -> None:
    from datetime import timedelta

    from registry import agencies
    from registry.rules.lifecycle import Action, StepTerms
    from tests import builders

    at = clock.stop(builders.START)
    world = settled(at)
    second = builders.active(world.agency, "B", at=at)
    suspended = builders.suspended(world.licence, at=clock.stop(at + timedelta(days=60)))
    builders.lifted(world.licence, suspended, at=clock.stop(at + timedelta(days=75)))
    builders.revoked(second, at=clock.stop(at + timedelta(days=120)))
    now = clock.stop(at + timedelta(days=200))
    builders.approved(
        agencies.amend(
            world.agency,
            {"locality": "New Harbour"},
            by=builders.maker(now),
            at=now,
            idempotency_key=builders.key(),
        ),
        at=now,
    )
    announced = StepTerms(
        grounds=("FEE-PROHIBITED",), effective=(now + timedelta(days=40)).date(),
        until=(now + timedelta(days=100)).date(), notice_served_on=(now - timedelta(days=30)).date(),
    )  # fmt: skip
    builders.take(world.licence, Action.SUSPEND_DISCIPLINARY, announced, at=now)
    varied = StepTerms(
        conditions=({"code": "REPORT", "text": "Report every month"},),
        notice_served_on=(now - timedelta(days=40)).date(),
    )
    builders.take(world.licence, Action.VARY, varied, at=now)
    client = signed_in(appoint("XA-DLA-101", "XA-DLA", "officer"))
    for language in ("en", "ar"):
        with windows.lend(_named(desk_site), client=client, locale=language) as desk:
            desk.open(f"/desk/agencies/{world.agency}")
            _picture(desk, f"dossier-{language}")
            assert desk.page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
            term = desk.page.locator(".life .plain .bar").first.bounding_box()
            frame = desk.page.locator(".life svg").first.bounding_box()
            left, right = term["x"] - frame["x"], frame["x"] + frame["width"] - term["x"] - term["width"]
            assert (right < left) == (language == "ar"), "time runs the way the language runs"
            desk.open(f"/desk/agencies/{world.agency}?as_of=2026-03-10&known_at=2026-07-01")
            _picture(desk, f"dossier-then-{language}")
            desk.open(f"/desk/agencies/{world.agency}?as_of=2036-03-10")
            _picture(desk, f"dossier-refused-{language}")
            desk.open(f"/desk/agencies/{world.agency}/versions")
            _picture(desk, f"versions-{language}")
            desk.open(f"/desk/agencies/{world.agency}/versions/{world.agency}")
            _picture(desk, f"record-{language}")
            assert desk.complaints == []
