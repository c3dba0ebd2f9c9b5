"""Signed HTTP between programs that share a secret, as Standard Webhooks 1.0 has it, in both directions.

A request carries ``webhook-id`` (the same each time it is tried), ``webhook-timestamp`` (seconds) and
``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA-256 over ``id.timestamp.body``; several, with a space between
them, while a secret is exchanged. A secret is ``whsec_`` and the base64 of 24 to 64 random bytes.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.core.exceptions import ImproperlyConfigured

TOLERANCE: Final = timedelta(minutes=5)
"""How far a timestamp may be from our clock: an older request is a replay."""
_PREFIX: Final = "whsec_"
_LONGEST_ID: Final = 128


def headers(message: str, body: bytes, secrets: Iterable[str], *, at: datetime) -> dict[str, str]:
    """What a signed request carries beside its body."""
    stamp = str(int(at.timestamp()))
    signed = " ".join(_signature(message, stamp, body, secret) for secret in secrets)
    return {"webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": signed}


def verified(sent: Mapping[str, str], body: bytes, secrets: Iterable[str], *, at: datetime) -> str:
    """The id of a request that one of these secrets signed within ``TOLERANCE`` of now; empty for any other."""
    message, stamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if (
        not 0 < len(message) <= _LONGEST_ID
        or not message.isascii()
        or not message.isprintable()
        or "." in message
    ):
        return ""
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return ""
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return ""
    given = sent.get("webhook-signature", "").split()[:10]
    good = False
    for secret in secrets:
        right = _signature(message, stamp, body, secret)
        for one in given:
            good |= hmac.compare_digest(one.encode("utf-8", "replace"), right.encode())
    return message if good else ""


def _signature(message: str, stamp: str, body: bytes, secret: str) -> str:
    digest = hmac.digest(_key(secret), f"{message}.{stamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def is_secret(text: str) -> bool:
    """Whether this is a secret that requests can be signed with."""
    return text.startswith(_PREFIX) and 24 <= len(_decoded(text)) <= 64


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""


@lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    """The bytes of a secret; refuses what is none with a sentence."""
    if not is_secret(secret):
        text = "A secret of the gateway is none: say whsec_ and the base64 of 24 to 64 random bytes."
        raise ImproperlyConfigured(text)
    return _decoded(secret)
