"""The day, the name and the doors of somebody who directs an agency (``person``), for what is about persons."""

from datetime import UTC, datetime, timedelta

from django.test import Client

from api.models import User
from tests.api.officials import Desk, sign_in

AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
START = AT - timedelta(days=20)
EVIL = "<script>alert(1)</script>"


def at_api(client: Client, user: User) -> Desk:
    """The same browser's programs, which carry no form's token."""
    client.handler.enforce_csrf_checks = False
    return sign_in(client, user)
