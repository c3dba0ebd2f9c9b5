"""Live codes in the holders' portal: an agency invites, a person accepts, sees digits, and it ends."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from api.models import Mail
from api.outbound import mails
from registry import agencies
from tests import builders
from tests.api import test_desk_holders, test_letters
from tests.api.officials import appoint, sign_in
from tests.api.test_desk_apply import XSS, Applicant
from tests.api.test_desk_holders import AT, connected
from tests.conftest import Clock
from verification import live_codes
from verification.models import LiveEnrolment

pytestmark = pytest.mark.django_db
in_force, licence, sink = test_desk_holders.in_force, test_desk_holders.licence, test_letters.sink
DIGITS = re.compile(r'<p class="digits" dir="ltr">(\d{3} \d{3})</p>')
LINK = re.compile(r"/apply/(live/invitations/[\w-]+)<")


def appointed(licence: str, name: str = XSS) -> str:
    """Somebody who acts for the licence's holder."""
    before = AT - timedelta(days=9)
    made = agencies.appoint(
        agency_of(licence), name=name, role="registered_recruiter", first_day=before.date(),
        by=builders.maker(before), at=before, idempotency_key=builders.key(),
    )  # fmt: skip
    return builders.approved(made, at=before)


def agency_of(licence: str) -> str:
    """The number of its holder."""
    from registry.models import Licence

    return Licence.objects.get(number=licence).agency.number


def test_an_agency_invites_a_person_who_accepts_and_is_shown_digits_until_it_ends(
    desk: Client, new_desk: Callable[[], Client], licence: str, clock: Clock, sink: Callable[..., Any]
) -> None:
    sink()
    mails.refresh(at=AT)
    agency = Applicant(desk)
    connected(agency, licence)
    mina = appointed(licence)
    page = f"licences/{licence}/people"
    assert f"/apply/{page}" in agency.get(f"licences/{licence}").content.decode()
    assert "not invited" in agency.get(page).content.decode()
    shown = agency.send(page, appointment=mina, do="invite").content.decode()
    assert XSS not in shown
    assert "It is shown once" in shown
    link = LINK.findall(shown)[0]
    assert link not in agency.get(page).content.decode()
    person = Applicant(new_desk(), "mina@rai.example")
    asked = person.get(link).content.decode()
    assert "Accept only if this is you" in asked
    assert XSS not in asked
    assert not LiveEnrolment.objects.get().accepted_at, "opening it accepts nothing"
    assert person.send(link).headers["Location"] == "/apply/live"
    assert person.get(link).status_code == 404, "it is good once"
    told = person.get("live").content.decode()
    assert DIGITS.findall(told)[0].replace(" ", "") == live_codes.shown(person.account, at=AT)[0].digits
    assert 'data-left="60"' in told
    clock.stop(AT + timedelta(seconds=59))
    later = person.get("live")
    assert DIGITS.findall(later.content.decode()) == DIGITS.findall(told)
    assert 'data-left="1"' in later.content.decode()
    assert later.headers["Cache-Control"] == "no-store"
    clock.stop(AT + timedelta(seconds=60))
    assert DIGITS.findall(person.get("live").content.decode()) != DIGITS.findall(told)
    mails.refresh(at=AT + timedelta(seconds=60))
    letters = Mail.objects.filter(kind="live_enrolled")
    assert {one.address for one in letters} == {"kestrel@kestrel.example", "office@bluefinch.example"}
    builders.suspended(licence, at=AT + timedelta(seconds=60))
    stopped = person.get("live").content.decode()
    assert not DIGITS.findall(stopped)
    assert "No licence of this agency is in force now" in stopped
    assert person.send("live", appointment=mina).status_code == 302
    assert "Nobody has invited you" in person.get("live").content.decode()
    assert "not invited" in agency.get(page).content.decode()


def test_nobody_else_invites_accepts_or_ends(
    desk: Client, new_desk: Callable[[], Client], licence: str, clock: Clock
) -> None:
    agency = Applicant(desk)
    connected(agency, licence)
    mina = appointed(licence)
    other = builders.agency("Ostwind (DEMO)", company_number="C-3", at=AT)
    theirs = appointed(builders.active(other, at=AT), "Somebody else")
    page = f"licences/{licence}/people"
    stranger = Applicant(new_desk(), "stranger@example.example")
    assert stranger.get(page).status_code == 404
    assert stranger.client.post(f"/apply/{page}", {"appointment": mina, "do": "invite"}).status_code in {
        403,
        404,
    }
    assert agency.send(page, appointment=theirs, do="invite").status_code == 422
    assert not LiveEnrolment.objects.exists()
    key = live_codes.invite(mina, by=agency.account, at=AT)
    anonymous = new_desk().get(f"/apply/live/invitations/{key}")
    assert anonymous.headers["Location"].startswith("/apply/sign-in")
    officer = sign_in(new_desk(), appoint("DLA-7", "XA-DLA", "officer")).client
    for path in (page, "live", f"live/invitations/{key}"):
        assert officer.get(f"/apply/{path}").status_code == 403
    assert stranger.get("live/invitations/nothing").status_code == 404
    live_codes.accept(key, account=agency.account, at=AT)
    assert stranger.send("live", appointment=mina).status_code == 302
    assert LiveEnrolment.objects.get().ended_at is None, "what is not one's own is left alone"
    assert "has shown" not in agency.send(page, appointment=mina, do="invite").content.decode()
    assert agency.send(page, appointment=mina, do="end").status_code == 302
    assert LiveEnrolment.objects.get().ended_by == agency.account


def test_inviting_takes_the_device_again_when_the_session_is_old(
    desk: Client, licence: str, clock: Clock
) -> None:
    agency = Applicant(desk)
    connected(agency, licence)
    mina = appointed(licence)
    clock.stop(AT + timedelta(minutes=6))
    page = f"licences/{licence}/people"
    refused = agency.send(page, appointment=mina, do="invite")
    assert refused.status_code == 422
    assert not LiveEnrolment.objects.exists()
    assert 'name="code"' in refused.content.decode()


def test_an_address_that_is_not_confirmed_accepts_nothing(
    desk: Client, new_desk: Callable[[], Client], licence: str, clock: Clock
) -> None:
    from allauth.account.models import EmailAddress

    agency = Applicant(desk)
    connected(agency, licence)
    key = live_codes.invite(appointed(licence), by=agency.account, at=AT)
    person = Applicant(new_desk(), "mina@rai.example")
    EmailAddress.objects.filter(user=person.user).update(verified=False)
    assert person.send(f"live/invitations/{key}").status_code in {403, 409}
    assert LiveEnrolment.objects.get().account == ""
