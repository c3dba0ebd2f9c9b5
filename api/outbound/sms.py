"""Messages to telephones, by the operator's gateway: signed HTTP, with growing pauses, and at last given up.

``send`` writes a message down in the caller's transaction, encrypted; the worker sends it. As soon as it was sent or
given up nothing is left of number and text. ``REGISTRY_GATEWAY`` names where the gateway takes messages; without it
nothing is written and nothing is sent. The contract is in ``docs/sms.md``.
"""

import http.client
import json
import logging
import urllib.error
import urllib.request
import uuid
from datetime import datetime
from typing import Final

import phonenumbers
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction

from api import standard_webhooks
from api.ciphers import cipher
from api.models import TextMessage
from api.outbound.post import PAUSES
from api.phones import septets
from registry import clock

_AT_ONCE: Final = 20
_TIMEOUT: Final = 10
_TRY_AGAIN: Final = frozenset({408, 425, 429})
"""What a gateway says beside 5xx when it may take the message later."""

_log = logging.getLogger("api.outbound")


def send(to: str, text: str, *, at: datetime) -> uuid.UUID | None:
    """Have the worker send one message; in the caller's transaction. Its reference, or nothing where nobody sends.

    ``to``: a number with its country; ``ValueError`` for what is none. ``text`` is shortened to what one message holds.
    """
    try:
        number = phonenumbers.parse(to, None)
    except phonenumbers.NumberParseException as wrong:
        raise ValueError("no number with its country") from wrong
    if not settings.REGISTRY_GATEWAY:
        return None
    said = {
        "to": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        "text": septets.shortened(text, septets.SMS),
    }
    sealed = cipher("text messages").encrypt(json.dumps(said).encode()).decode()
    reference = uuid.uuid4()
    TextMessage.objects.create(reference=reference, sealed=sealed, created_at=at, due_at=at)
    return reference


def refresh(*, at: datetime) -> int:
    """Send what is due; how many were sent. A gateway that is not there is asked once, not once a message."""
    if not (settings.REGISTRY_GATEWAY and settings.REGISTRY_GATEWAY_SECRETS):
        return 0
    total = 0
    while True:
        with transaction.atomic():
            due = TextMessage.objects.select_for_update(skip_locked=True)
            rows = list(due.filter(state="waiting", due_at__lte=at).order_by("due_at", "pk")[:_AT_ONCE])
            if not rows:
                return total
            gone = ""
            for row in rows:
                refused, error = (False, gone) if gone else _posted(row)
                gone = "" if refused else error
                _settle(row, refused=refused, error=error, at=at)
                total += row.state == "sent"
        if gone:
            return total


def _posted(row: TextMessage) -> tuple[bool, str]:
    """Hand one message to the gateway: whether it will never take it, and what stood in the way, if anything."""
    try:
        body = cipher("text messages").decrypt(row.sealed.encode())
    except InvalidToken:
        return True, "sealed under a key that is not known"
    signed = standard_webhooks.headers(
        str(row.reference), body, settings.REGISTRY_GATEWAY_SECRETS, at=clock.now()
    )
    request = urllib.request.Request(  # noqa: S310 - the operator named it
        settings.REGISTRY_GATEWAY, body, {"Content-Type": "application/json", **signed}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - the same
            return False, ""
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code < 500 and answer.code not in _TRY_AGAIN, f"the gateway said {answer.code}"
    except (OSError, http.client.HTTPException) as error:
        return False, type(error).__name__


def _settle(row: TextMessage, *, refused: bool, error: str, at: datetime) -> None:
    """Write down what became of it, and forget it where that is final."""
    row.attempts += 1
    row.last_error = error
    if not error:
        row.state, row.sent_at, row.sealed = "sent", at, ""
    elif refused or row.attempts > len(PAUSES):
        row.state, row.sealed = "failed", ""
        _log.warning("message %s was given up after %s attempts: %s", row.reference, row.attempts, error)
    else:
        row.due_at = at + PAUSES[row.attempts - 1]
    row.save()
