"""Officers at the desk, for tests: appointed as the commands do it, signed in through the same doors."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from api import auth
from api.models import Officer, User
from registry import clock

Answer = Any
"""What Django's test client answers with: a response that also has ``json()``."""

PASSWORD = "a long sentence nobody guesses"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Device:
    """An officer's device whose time stands still, so that no test meets the end of a half-minute."""

    def __init__(self, officer: User, now: int = 1_800_000_000) -> None:
        """Show the code of that second."""
        self.officer, self.now, self.secret = officer, now, SECRET

    def time(self) -> float:
        """What the clock of allauth says."""
        return float(self.now)

    def next(self) -> str:
        """The next code: half a minute later."""
        self.now += 30
        return self.code

    @property
    def code(self) -> str:
        """The six digits shown now."""
        return str(format_hotp_value(hotp_value(self.secret, self.now // 30)))


def appoint(number: str, authority: str, *roles: str, staff: bool = False) -> User:
    """An officer with an account and a device."""
    Officer.objects.create(number=number, authority=authority, roles=list(roles), appointed_at=clock.now())
    user = User.objects.create_user(number.lower(), password=PASSWORD, officer_number=number, is_staff=staff)
    auth.enrol(user, SECRET)
    return user


@dataclass
class Desk:
    """A signed-in officer's client: sends JSON, the CSRF token and a new idempotency key with every write."""

    client: Client
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        """Read."""
        return self.client.get(f"/api/v1/staff/{path}", headers=self.headers | headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Write."""
        headers.setdefault("Idempotency-Key", uuid4().hex)
        return self.client.generic(
            method,
            f"/api/v1/staff/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=self.headers | headers,
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Write something new."""
        return self.send("POST", path, body, **headers)

    def prove_again(self) -> None:
        """Give the second factor now."""
        session = self.client.session
        session[auth.SECOND_FACTOR] = {"at": clock.now().isoformat(), "by": "totp"}
        session.save()


def sign_in(client: Client, user: User) -> Desk:
    """A session with a second factor given now, without spending a code of the device.

    A test that is about signing in goes through the door itself.
    """
    client.force_login(user)
    desk = Desk(client)
    desk.prove_again()
    return desk


def signed_in(user: User) -> Client:
    """A client with such a session, for a browser to go on with."""
    client = Client()
    sign_in(client, user)
    return client
