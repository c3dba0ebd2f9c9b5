"""A licence's life at the desk, in a real browser: suspend, appeal, stay, lift; revoke by three; lapse; correct.

With ``REGISTRY_PICTURES`` each page that is passed is kept as a picture under ``var/pictures``.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp

from registry import agencies, dossier, licensing, lookup
from registry.rules.lifecycle import Action, StepTerms
from tests import builders, pictures
from tests.api.officials import PASSWORD, Device, appoint, signed_in
from tests.conftest import Clock
from tests.journeys.windows import Window, Windows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("misses_forgotten"),
]
AT = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
PICTURES = pictures.FOLDER / "desk"


@dataclass
class Seat:
    """An officer at a browser of their own; counts what the hand does."""

    window: Window
    steps: list[str] = field(default_factory=list)

    @property
    def page(self) -> Any:
        return self.window.page

    def open(self, path: str) -> None:
        self.window.open(f"/desk/{path}")

    def press(self, name: str, role: str = "button") -> None:
        """Press a button or follow a link, and wait for what comes."""
        self.steps.append(name)
        self.window.follow(self.page.get_by_role(role, name=name, exact=True).first)

    def fill(self, label: str, value: str) -> None:
        self.steps.append(label)
        self.page.get_by_label(label, exact=True).fill(value)

    def tick(self, label: str) -> None:
        self.steps.append(label)
        self.page.get_by_label(label, exact=True).check()

    def reads(self, *told: str) -> None:
        text = self.page.locator("main").inner_text()
        for one in told:
            assert one in text, (one, text)

    def picture(self, name: str) -> None:
        self.window.photograph(PICTURES / name)


@pytest.fixture
def seats(desk_site: str, windows: Windows, settings: Any) -> Iterator[Callable[..., Seat]]:
    """Sit an officer down, signed in with a second factor given now; each in a window of their own."""
    settings.REGISTRY_DESK_HOST = desk_site.removeprefix("http://")
    seated: list[Seat] = []
    with ExitStack() as closing:

        def sit(number: str, *roles: str, signed: bool = True, **screen: Any) -> Seat:
            from api.models import User

            user = User.objects.filter(officer_number=number).first() or appoint(number, "XA-DLA", *roles)
            client = signed_in(user) if signed else None
            seated.append(Seat(closing.enter_context(windows.lend(desk_site, client=client, **screen))))
            return seated[-1]

        yield sit
        assert [seat.window.complaints for seat in seated if seat.window.complaints] == []


@pytest.fixture
def number(clock: Clock, desk_site: str) -> str:
    """Bluefinch, licensed for two years."""
    clock.stop(AT)
    builders.authority(at=AT - timedelta(days=60))
    agency = builders.agency(at=AT - timedelta(days=60), company_number="C 778")
    builders.head_office(agency, at=AT - timedelta(days=60))
    return builders.active(agency, at=AT - timedelta(days=60))


NO_CONFLICT = "I have no conflict of interest in this case"


def approve(seat: Seat, proposal: str) -> None:
    """One officer's yes."""
    seat.open(proposal)
    seat.tick(NO_CONFLICT)
    seat.press("Approve")


def where(seat: Seat) -> str:
    """The page's address below ``/desk/``."""
    return str(seat.page.url.partition("/desk/")[2])


def state(number: str, at: datetime) -> str:
    return lookup.public_licence(number, at=at).state


def test_someone_new_suspends_an_agency_from_sign_in_in_a_few_steps(
    seats: Callable[..., Seat],
    number: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    officer = appoint("DLA-7", "XA-DLA", "officer")
    device = Device(officer)
    monkeypatch.setattr(totp, "time", device)
    new = seats("DLA-7", signed=False)
    new.open("")
    new.fill("Name", "dla-7")
    new.fill("Password", PASSWORD)
    new.page.get_by_label("Code of your device").fill(device.code)
    new.steps.append("Code of your device")
    new.press("Sign in")
    new.fill("Name, number, telephone or page", "bluefinch")
    new.press("Find")
    new.steps.append("Bluefinch")
    new.page.get_by_role("link", name="Bluefinch Manpower (DEMO)").click()
    new.picture("licence")
    new.press("Suspend at once, while you inquire", "link")
    new.picture("suspend")
    new.tick("Used forged documents")
    new.page.get_by_label("Words for the public: English").fill(
        "The papers of this agency are being examined."
    )
    new.steps.append("Words for the public")
    new.page.get_by_text("This is a measure for now: nothing has been proved").first.wait_for()
    new.reads("Not licensed", "Lapses unless confirmed by")
    new.picture("suspend-preview")
    new.tick(NO_CONFLICT)
    new.press("Propose")
    new.reads("Proposed. It waits for: registrar.", "You proposed it, so somebody else approves it")
    new.picture("proposed")
    assert len(new.steps) == 12, "docs/desk.md names them"
    with capsys.disabled():
        told = f"from sign-in to a proposed suspension: {len(new.steps)} steps: {', '.join(new.steps)}"
        print(f"\n{told}")  # noqa: T201 - the count is what the test is for


def test_a_lost_connection_loses_nothing_that_was_typed(seats: Callable[..., Seat], number: str) -> None:
    officer = seats("DLA-7", "officer")
    officer.open(f"licences/{number}/steps/suspend_preventive")
    words, kept = (
        officer.page.get_by_label("Words for the public: English"),
        officer.page.locator("[data-kept]"),
    )
    officer.page.context.set_offline(True)
    words.fill("The papers are being examined.")
    officer.tick("Used forged documents")
    kept.get_by_text("Not kept: there is no connection. It is tried again.").wait_for()
    officer.page.context.set_offline(False)
    kept.get_by_text("Kept at").wait_for()
    said = officer.window.complaints
    said[:] = [one for one in said if "ERR_INTERNET_DISCONNECTED" not in one]
    officer.open(f"licences/{number}/steps/suspend_preventive")
    officer.reads("This is your draft. It was not sent.")
    assert words.input_value() == "The papers are being examined."
    assert officer.page.get_by_label("Used forged documents").is_checked()
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    officer.open(f"licences/{number}/steps/warn")
    assert "This is your draft" not in officer.page.locator("main").inner_text()


def test_suspend_with_show_cause_appeal_stay_lift(  # noqa: PLR0915 - one life, told in order
    seats: Callable[..., Seat], number: str, clock: Clock
) -> None:
    officer = seats("DLA-7", "officer")
    officer.open(f"licences/{number}/steps/show_cause")
    officer.tick("Took a higher fee than the law allows")
    officer.page.locator("[name=effective_0]").fill((AT - timedelta(days=25)).date().isoformat())
    officer.fill("Reasons for the file (optional)", "Three receipts of workers.")
    officer.press("Record")
    officer.reads("Holder asked to explain itself", "Three receipts of workers.")

    officer.open(f"licences/{number}/steps/suspend_disciplinary")
    served = officer.page.get_by_label("The holder was given notice on").input_value()
    assert served == (AT - timedelta(days=25)).date().isoformat()  # as the notice on file says
    officer.tick("Took a higher fee than the law allows")
    officer.page.locator("[name=until_0]").fill((AT + timedelta(days=150)).date().isoformat())
    officer.page.get_by_label(re.compile("What must be met before it is lifted")).fill(
        "Workers are paid back."
    )
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    officer.reads("Proposed.")
    registrar = seats("DLA-3", "registrar")
    registrar.open(where(officer))
    registrar.picture("approve")
    registrar.reads("Now, and then", "Points", "The holder may appeal until")
    approve(registrar, where(officer))
    registrar.reads("Approved: the step is taken and published.")
    assert state(number, AT) == "active"  # it has effect after the time to appeal
    registrar.reads("The authority has made a decision that takes effect later.")

    later = clock.stop(AT + timedelta(days=10))
    officer = seats("DLA-7")
    officer.open(f"licences/{number}/steps/file_appeal")
    officer.page.get_by_label(re.compile("Suspended as a penalty")).check()
    officer.press("Record")
    officer.reads("Recorded: entry", "A decision about this licence is on hold.")
    appeal = lookup.timeline(number, at=later)[-1]
    ended = StepTerms(refers_to=appeal["sequence"], order_reference="AB 14/2026")
    builders.take(number, Action.END_APPEAL, ended, at=later + timedelta(days=40))
    at = clock.stop(later + timedelta(days=60))
    assert state(number, at) == "suspended"

    officer, registrar = seats("DLA-7"), seats("DLA-3")
    officer.open(f"licences/{number}/steps/stay")
    officer.page.get_by_label(re.compile("Suspended as a penalty")).check()
    officer.fill("Reference of the order", "AB 15/2026")
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    approve(registrar, where(officer))
    assert state(number, at) == "active"
    registrar.reads("A decision about this licence is on hold.")
    registrar.picture("stayed")
    stay = lookup.timeline(number, at=at)[-1]
    ended = StepTerms(refers_to=stay["sequence"], order_reference="AB 16/2026")
    builders.take(number, Action.END_STAY, ended, at=at + timedelta(days=10))

    at = clock.stop(AT + timedelta(days=300))
    assert state(number, at) == "suspended"  # it has served its time, and what is to be met is not met
    officer, registrar = seats("DLA-7"), seats("DLA-3")
    officer.open(f"licences/{number}/steps/lift")
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    approve(registrar, where(officer))
    assert state(number, at) == "active"
    registrar.reads("Licensed", "Suspension or restriction lifted", "Watched until")
    registrar.picture("lifted")


def test_revoked_by_three_officers(seats: Callable[..., Seat], number: str) -> None:
    officer = seats("DLA-7", "officer")
    officer.open(f"licences/{number}/steps/revoke")
    officer.tick("Lent its licence to somebody else")
    officer.fill("The holder was given notice on", (AT - timedelta(days=30)).date().isoformat())
    officer.tick("At once, without waiting for an appeal")
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    supervisor, registrar = seats("DLA-2", "supervisor"), seats("DLA-3", "registrar")
    approve(supervisor, where(officer))
    supervisor.reads("Approved. It waits for: registrar.")
    assert state(number, AT) == "active"
    approve(registrar, where(officer))
    assert state(number, AT) == "revoked"
    registrar.reads("Revoked", "The authority took the licence away.")
    registrar.picture("revoked")


def test_an_emergency_suspension_lapses_after_72_hours(
    seats: Callable[..., Seat], number: str, clock: Clock
) -> None:
    duty = seats("DLA-5", "duty_officer")
    duty.open(f"licences/{number}/steps/suspend_emergency")
    duty.tick("Workers are in immediate danger")
    duty.tick(NO_CONFLICT)
    duty.press("Decide now")
    duty.reads("Decided and published", "Lapses unless ratified by")
    assert state(number, AT) == "suspended"
    at = clock.stop(AT + timedelta(hours=71))
    assert state(number, at) == "suspended"
    at = clock.stop(AT + timedelta(hours=72))
    assert state(number, at) == "active"
    duty = seats("DLA-5")
    duty.open(f"licences/{number}")
    duty.reads("Licensed", "Suspended in an emergency")


def test_a_wrong_suspension_is_corrected_and_both_facts_stay(
    seats: Callable[..., Seat], number: str, clock: Clock
) -> None:
    builders.suspended(number, at=AT)
    clock.stop(AT + timedelta(hours=3))
    officer, registrar = seats("DLA-7", "officer"), seats("DLA-3", "registrar")
    officer.open(f"licences/{number}/steps/correct")
    officer.page.get_by_label(re.compile("Suspended while the authority inquires")).check()
    officer.tick("A clerical error in the register")
    officer.page.get_by_label("Words for the public: English").fill("The number was mixed up with another.")
    officer.tick(NO_CONFLICT)
    officer.press("Propose")
    approve(registrar, where(officer))
    assert state(number, AT + timedelta(hours=3)) == "active"
    registrar.reads("Entry corrected", "Suspended while the authority inquires", "The number was mixed up")
    registrar.picture("corrected")


def test_the_room_fits_a_small_screen_and_both_directions(
    seats: Callable[..., Seat], number: str, arabic: Callable[[str], str]
) -> None:
    builders.suspended(number, at=AT)
    terms = StepTerms(grounds=("FALSE-DOC",), no_conflict=True, restricted_reasons="Seen by the inspector.")
    waits = licensing.propose(
        number, Action.WARN, by=builders.maker(AT), at=AT, terms=terms, idempotency_key=builders.key()
    ).id
    agency = licensing.proposal(waits).agency
    for language, direction in (("en", "ltr"), ("ar", "rtl")):
        seat = seats("DLA-3", "registrar", "officer", locale=language)
        for path, name in (
            (f"licences/{number}", "licence"),
            (f"licences/{number}/steps/revoke", "revoke"),
            (f"licences/{number}/steps/vary", "not-open"),
            (f"licences/{number}/letters", "letters"),
            (f"agencies/{agency}/steps/debar", "debar"),
            (f"proposals/{waits}", "proposal"),
        ):
            seat.open(path)
            seat.window.picture(PICTURES / f"{name}-{language}")
            assert seat.page.evaluate("document.documentElement.dir") == direction


def test_a_telephone_becomes_official_by_two_and_goes_dark_by_one(
    seats: Callable[..., Seat], number: str, clock: Clock
) -> None:
    holder = str(dossier.restricted_licence(number, by=builders.maker(AT), at=AT)["agency"])
    phone = "+12025550142"
    asked: dict[str, Any] = {"by": builders.maker(AT), "at": AT}
    made = agencies.add_channel(holder, "phone", phone, verified=True, idempotency_key="phone", **asked)
    agencies.amend(
        holder, {"legal_name": "Bluefinch Overseas Manpower (DEMO)", "tax_number": "T-771"},
        reason="Renamed in the company register on 2 May.", idempotency_key="name", **asked,
    )  # fmt: skip
    assert isinstance(made, agencies.Waiting)
    supervisor = seats("DLA-S", "supervisor")
    supervisor.open("")
    supervisor.picture("changes-1-queue")
    supervisor.reads("Add an official channel", "Change the agency's record")
    supervisor.open(f"agencies/{holder}")
    supervisor.reads("Waits for another officer")
    supervisor.picture("changes-2-dossier")
    for width in (1280, 360):
        small = seats("DLA-S", width=width)
        small.open(f"proposals/{made.proposal + 1}")
        small.reads("Before and after", "Bluefinch Overseas Manpower (DEMO)", "T-771")
        small.picture(f"changes-3-before-and-after-{width}")
    assert phone not in lookup.public_licence(number, at=AT).body
    approve(supervisor, f"proposals/{made.proposal}")
    supervisor.reads("Approved: the records are changed and published.")
    assert phone in lookup.public_licence(number, at=AT).body
    yesterday = (AT - timedelta(days=1)).date()
    agencies.end_channel(holder, "phone", phone, last_day=yesterday, idempotency_key="dark", **asked)
    assert phone not in lookup.public_licence(number, at=AT).body
