"""Sending letters by e-mail, whatever they say: what is due, with growing pauses, and at last given up.

``REGISTRY_SMTP``: ``smtp://user:password@host:587`` (STARTTLS with a password), ``smtps://`` for TLS from the start.
Without it nothing is sent.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPConnectError, SMTPServerDisconnected
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from api.conf import environment
from api.models import Posting

_log = logging.getLogger("api.outbound")
_AT_ONCE: Final = 50
_TIMEOUT: Final = 10
#: How long to wait after each failure; after the last one a letter is given up.
PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
#: What says that the server has gone, not that it does not want this letter.
_GONE: Final = (TimeoutError, ConnectionError, SMTPServerDisconnected, SMTPConnectError)
Row = TypeVar("Row", bound=Posting)


def connected() -> BaseEmailBackend | None:
    """A connection to the server that ``REGISTRY_SMTP`` names, not opened yet; nothing where it names none."""
    address = environment.text("REGISTRY_SMTP", "")
    return _connection(address) if address else None


def send(
    model: type[Row],
    write: Callable[[Row, BaseEmailBackend], EmailMessage | None],
    connection: BaseEmailBackend,
    *,
    at: datetime,
) -> int:
    """Send what is due of one kind, piece by piece; how many. A server that is not there is asked once, not once each.

    ``write`` gives the letter as it reads at ``at``, or nothing where its time has passed.
    """
    total = 0
    while True:
        with transaction.atomic():
            due = model._default_manager.select_for_update(skip_locked=True)
            rows = list(due.filter(state="waiting", due_at__lte=at).order_by("due_at", "pk")[:_AT_ONCE])
            if not rows:
                return total
            gone = _opened(connection)
            for row in rows:
                error = gone or _tried(row, write, connection, at=at)
                if error is not None:
                    _postpone(row, error, at=at)
                if isinstance(error, _GONE):
                    gone = error
                total += row.state == "sent"
            connection.close()
        if gone:
            return total


def message(row: Posting, name: str, subject: str, body: str, connection: BaseEmailBackend) -> EmailMessage:
    """A plain letter; ``name`` is the same each time it is tried, so that a reader's program knows it again."""
    host = settings.REGISTRY_HOST.split(":")[0]
    return EmailMessage(
        subject=subject,
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.address],
        headers={"Message-ID": f"<{name}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )


def _opened(connection: BaseEmailBackend) -> OSError | None:
    """Open the connection; what stood in the way."""
    try:
        connection.open()
    except OSError as error:  # all of smtplib's are of this kind
        return error
    return None


def _tried(
    row: Row,
    write: Callable[[Row, BaseEmailBackend], EmailMessage | None],
    connection: BaseEmailBackend,
    *,
    at: datetime,
) -> OSError | None:
    """Send one and write it down; what stood in the way."""
    letter = write(row, connection)
    try:
        if letter is not None:
            letter.send()
    except OSError as error:
        return error
    row.attempts += 1
    row.state, row.sent_at, row.last_error = ("sent", at, "") if letter else ("withdrawn", None, "")
    row.save()
    return None


def _postpone(row: Posting, error: OSError, *, at: datetime) -> None:
    """Try again after a pause, or give it up after the last one."""
    row.attempts += 1
    row.last_error = f"{type(error).__name__}: {error}"[:500]
    if row.attempts > len(PAUSES):
        row.state = "failed"
        _log.warning("%s %s was given up after %s attempts", type(row).__name__, row.pk, row.attempts)
    else:
        row.due_at = at + PAUSES[row.attempts - 1]
    row.save()


def _connection(address: str) -> BaseEmailBackend:
    url = urlsplit(address)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        text = "REGISTRY_SMTP is not an address: say smtp://user:password@host:587."
        raise ImproperlyConfigured(text)
    tls = url.scheme == "smtps"
    found: BaseEmailBackend = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=url.hostname,
        port=url.port or (465 if tls else 25),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_ssl=tls,
        use_tls=not tls and bool(url.password),
        timeout=_TIMEOUT,
    )
    return found
