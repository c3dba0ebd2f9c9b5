"""Who may act at the desk: invitations, other roles, lost devices and ends, always by two administrators."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client

from api import auth, officers
from api.models import AccountChange, Invitation, Officer, User
from registry.rules.errors import ProposalClosed, SecondFactorStale
from registry.rules.lifecycle import Actor, Role
from tests import builders
from tests.api.at_desk import Pages, at_desk
from tests.api.officials import PASSWORD, Answer, Device, appoint
from tests.conftest import Clock

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
NEWCOMER = {
    "name": "Hana (DEMO)", "email": "hana@dla.example", "number": "DLA-9", "username": "hana",
    "authority": "XA-DLA", "roles": ["officer"],
}  # fmt: skip


@pytest.fixture
def two(clock: Clock, new_desk: Callable[[], Client]) -> tuple[Pages, Pages]:
    """Two administrators of all, each with a browser; the clock stands still."""
    clock.stop(AT)
    builders.authority()
    builders.authority("XB-LMA")
    first, second = appoint("ADMIN-1", "", "administrator"), appoint("ADMIN-2", "", "administrator")
    return at_desk(new_desk(), first), at_desk(new_desk(), second)


def _change() -> AccountChange:
    return AccountChange.objects.latest("pk")


def _invited(two: tuple[Pages, Pages], **other: object) -> str:
    """The address in the e-mail of an invitation that two administrators sent."""
    first, second = two
    assert first.send("officers/invitations/new", **NEWCOMER | other).status_code == 302
    approved = second.send(f"officers/changes/{_change().pk}")
    assert approved.status_code == 302, approved.content.decode()
    found = re.search(r"https?://[^/\s]+(/desk/invitations/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1].removeprefix("/desk/")


def _told(answer: Answer) -> str:
    return str(answer.content.decode())


def test_somebody_is_invited_by_two_and_sets_up_password_and_device(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = _invited(two)
    assert mail.outbox[-1].to == ["hana@dla.example"]
    assert not User.objects.filter(username="hana").exists()
    newcomer = Pages(new_desk())
    assert "hana" in _told(newcomer.get(link))
    opened = newcomer.send(link, password=PASSWORD, again=PASSWORD)
    assert opened.headers["Location"] == "/desk/account/set-up"
    assert Officer.objects.get(number="DLA-9").roles == ["officer"]

    refused = newcomer.get("agencies")
    assert refused.headers["Location"].startswith("/desk/account/set-up")
    shown = _told(newcomer.get("account/set-up"))
    user = User.objects.get(username="hana")
    device = Device(officer=user)
    found = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', shown)
    assert found
    device.secret = found[1].replace(" ", "")
    monkeypatch.setattr(totp, "time", device)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)
    assert token
    sent = {"csrfmiddlewaretoken": token[1], "code": device.code}
    done = newcomer.client.post("/desk/account/set-up", sent)
    assert done.headers["Location"] == "/desk/account/recovery-codes"
    assert len(re.findall(r"<li>\d{8}</li>", _told(newcomer.send("account/recovery-codes")))) == 10
    assert newcomer.get("agencies").status_code == 200


def test_an_invitation_opens_once(two: tuple[Pages, Pages], new_desk: Callable[[], Client]) -> None:
    link = _invited(two)
    assert Pages(new_desk()).send(link, password=PASSWORD, again=PASSWORD).status_code == 302
    again = Pages(new_desk()).get(link)
    assert again.status_code == 410
    assert "opens nothing any more" in _told(again)


def test_an_invitation_runs_out(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client], clock: Clock
) -> None:
    link = _invited(two)
    clock.stop(AT + officers.OPENS)
    assert Pages(new_desk()).get(link).status_code == 410
    assert Pages(new_desk()).get("invitations/guessed").status_code == 410


def test_an_invitation_is_kept_as_a_digest_alone(two: tuple[Pages, Pages]) -> None:
    secret = _invited(two).rpartition("/")[2]
    kept = Invitation.objects.get()
    assert secret not in {kept.digest, str(_change().__dict__)}


def test_a_weak_password_is_refused_and_the_link_stays_good(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    link = _invited(two)
    newcomer = Pages(new_desk())
    weak = newcomer.send(link, password="short", again="short")
    assert weak.status_code == 422
    assert "12 characters" in _told(weak)
    assert newcomer.send(link, password=PASSWORD, again="another").status_code == 422
    assert newcomer.send(link, password=PASSWORD, again=PASSWORD).status_code == 302


def test_nobody_approves_what_they_proposed(two: tuple[Pages, Pages]) -> None:
    first, _second = two
    first.send("officers/invitations/new", **NEWCOMER)
    refused = first.client.post(
        f"/desk/officers/changes/{_change().pk}",
        {"csrfmiddlewaretoken": _token(first.get("officers/invitations/new"))},
    )
    assert refused.status_code == 422
    assert "their own proposal" in _told(refused)
    assert _change().state == "open"
    assert not mail.outbox


def test_nobody_decides_on_their_own_account(two: tuple[Pages, Pages]) -> None:
    first, second = two
    first.send("officers/ADMIN-2/roles", roles=["auditor"], reason="moves")
    refused = second.client.post(
        f"/desk/officers/changes/{_change().pk}", {"csrfmiddlewaretoken": _token(second.get("account"))}
    )
    assert "their own account" in _told(refused)
    assert _change().state == "open"


def test_nobody_declines_what_another_proposes_about_their_own_account(two: tuple[Pages, Pages]) -> None:
    first, second = two
    first.send("officers/ADMIN-2/end", reason="fraud")
    sent = {"csrfmiddlewaretoken": _token(second.get("account")), "decline": "1"}
    refused = second.client.post(f"/desk/officers/changes/{_change().pk}", sent)
    assert "their own account" in _told(refused)
    assert _change().state == "open"
    sent["csrfmiddlewaretoken"] = _token(first.get("account"))
    assert first.client.post(f"/desk/officers/changes/{_change().pk}", sent).status_code == 302
    assert _change().state == "declined", "who proposed it may withdraw it"


def test_other_roles_end_the_sessions_that_had_the_old_ones(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = appoint("DLA-7", "XA-DLA", "officer", "auditor")
    device = Device(officer=user)
    monkeypatch.setattr(totp, "time", device)
    officer = Pages(new_desk())
    officer.send("sign-in", username="dla-7", password=PASSWORD, code=device.code)
    assert officer.get("readings").status_code == 200
    first, second = two
    first.send("officers/DLA-7/roles", roles=["officer"], reason="no longer audits")
    assert officer.get("readings").status_code == 200
    second.send(f"officers/changes/{_change().pk}")
    assert officer.get("readings").headers["Location"].startswith("/desk/sign-in")
    officer.send("sign-in", username="dla-7", password=PASSWORD, code=device.next())
    assert officer.get("readings").status_code == 403


def test_a_lost_device_closes_the_account_until_the_link_is_used(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    user = appoint("DLA-7", "XA-DLA", "officer")
    officer = at_desk(new_desk(), user)
    first, second = two
    first.send("officers/DLA-7/device", email="seven@dla.example", reason="telephone stolen")
    second.send(f"officers/changes/{_change().pk}")
    assert officer.get("agencies").status_code == 302
    assert not auth.has_second_factor(user)
    link = re.search(r"/desk/(invitations/\S+)", str(mail.outbox[-1].body))
    assert link
    assert "dla-7" in _told(Pages(new_desk()).get(link[1]))
    assert (
        Pages(new_desk())
        .send(link[1], password="another long sentence", again="another long sentence")
        .status_code
        == 302
    )
    user.refresh_from_db()
    assert user.check_password("another long sentence")


def test_a_newer_link_ends_the_older_ones_wherever_they_were_sent(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    first, second = two

    def link(route: str, **sent: object) -> str:
        first.send(route, **sent)
        second.send(f"officers/changes/{_change().pk}")
        found = re.search(r"/desk/(invitations/\S+)", str(mail.outbox[-1].body))
        assert found
        return found[1]

    appoint("DLA-7", "XA-DLA", "officer")
    for route, about in (
        ("officers/invitations/new", NEWCOMER),
        ("officers/DLA-7/device", {"reason": "telephone stolen"}),
    ):
        older = link(route, **about | {"email": "somebody.else@dla.example"})
        newer = link(route, **about | {"email": "hers@dla.example"})
        assert Pages(new_desk()).get(older).status_code == 410
        assert Pages(new_desk()).get(newer).status_code == 200
    first.send("officers/DLA-7/end", reason="retires")
    second.send(f"officers/changes/{_change().pk}")
    assert Pages(new_desk()).get(newer).status_code == 410


def test_a_name_that_was_taken_meanwhile_is_refused_and_the_link_stays_good(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    links = [_invited(two), _invited(two, number="DLA-10")]
    assert Pages(new_desk()).send(links[0], password=PASSWORD, again=PASSWORD).status_code == 302
    refused = Pages(new_desk()).send(links[1], password=PASSWORD, again=PASSWORD)
    assert (refused.status_code, "by now" in _told(refused)) == (422, True)


def test_an_officer_leaves(two: tuple[Pages, Pages], new_desk: Callable[[], Client]) -> None:
    officer = at_desk(new_desk(), appoint("DLA-7", "XA-DLA", "officer"))
    first, second = two
    first.send("officers/DLA-7/end", reason="retires")
    second.send(f"officers/changes/{_change().pk}")
    assert officer.get("").status_code in {302, 403}
    assert Officer.objects.get(number="DLA-7").ended_at == AT
    assert "has left" in _told(first.get("officers"))


def test_a_change_that_is_declined_or_too_old_is_not_made(two: tuple[Pages, Pages], clock: Clock) -> None:
    first, second = two
    first.send("officers/invitations/new", **NEWCOMER)
    second.send(f"officers/changes/{_change().pk}", decline="1")
    assert _change().state == "declined"
    first.send("officers/invitations/new", **NEWCOMER)
    late = clock.stop(AT + officers.RUNS)
    with pytest.raises(ProposalClosed):
        officers.approve(
            _change().pk, by=Actor("ADMIN-2", None, frozenset({Role.ADMINISTRATOR}), late), at=late
        )
    assert not Invitation.objects.exists()


def test_a_change_needs_a_fresh_second_factor_of_both(two: tuple[Pages, Pages], clock: Clock) -> None:
    first, _second = two
    clock.stop(AT + timedelta(minutes=6))
    asked = first.send("officers/invitations/new", **NEWCOMER)
    assert asked.status_code == 422
    assert "Type the code." in _told(asked)
    assert "hana@dla.example" in _told(asked)
    stale = Actor("ADMIN-1", None, frozenset({Role.ADMINISTRATOR}), AT)
    with pytest.raises(SecondFactorStale):
        officers.propose_end("ADMIN-2", reason="x", by=stale, at=AT + timedelta(minutes=6))


def test_an_administrator_of_one_authority_sees_and_changes_no_other(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    appoint("DLA-7", "XA-DLA", "officer")
    other = at_desk(new_desk(), appoint("LMA-1", "XB-LMA", "administrator"))
    assert "DLA-7" not in _told(other.get("officers"))
    for path in ("officers/DLA-7", "officers/DLA-7/roles", "officers/DLA-7/end"):
        assert other.get(path).status_code == 404
    other.send("officers/invitations/new", **NEWCOMER)
    assert _change().authority == "XB-LMA"
    two[0].send("officers/DLA-7/end", reason="x")
    assert other.get(f"officers/changes/{_change().pk}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("number", "dla 9", "2 to 40 capitals"),
        ("number", "HOLDER", "2 to 40 capitals"),
        ("number", "APPLICANT-7", "2 to 40 capitals"),
        ("number", "ADMIN-1", "an officer with this number"),
        ("username", "admin-1", "an account with this name"),
        ("email", "nowhere", "valid email"),
        ("authority", "XC-NO", "authority"),
        ("authority", "", "Only administrators and auditors"),
        ("roles", [], "required"),
        ("roles", ["system"], "valid choice"),
    ],
)
def test_a_refused_invitation_keeps_what_was_typed(
    two: tuple[Pages, Pages], field: str, value: object, said: str
) -> None:
    answer = two[0].send("officers/invitations/new", **NEWCOMER | {field: value})
    assert answer.status_code == 422
    page = _told(answer)
    assert said in page
    assert "Hana (DEMO)" in page
    assert not AccountChange.objects.exists()


def test_an_officer_is_signed_out_everywhere_by_one_administrator(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(officer=appoint("DLA-7", "XA-DLA", "officer"))
    monkeypatch.setattr(totp, "time", device)
    officer = Pages(new_desk())
    officer.send("sign-in", username="dla-7", password=PASSWORD, code=device.code)
    two[0].send("officers/DLA-7")
    assert officer.get("").headers["Location"].startswith("/desk/sign-in")


def test_an_auditor_reads_and_changes_nothing(
    two: tuple[Pages, Pages], new_desk: Callable[[], Client]
) -> None:
    auditor = at_desk(new_desk(), appoint("AUDIT-1", "", "auditor"))
    assert auditor.get("officers").status_code == 200
    assert auditor.get("officers/invitations/new").status_code == 403
    two[0].send("officers/invitations/new", **NEWCOMER)
    auditor.client.post(
        f"/desk/officers/changes/{_change().pk}", {"csrfmiddlewaretoken": _token(auditor.get("account"))}
    )
    assert _change().state == "open"


def _token(answer: Answer) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', _told(answer))
    assert found
    return found[1]
