"""The list of trust as this register publishes it: signed by the offline roots, kept as rows that only grow."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from registry.rules.errors import NotFound
from verification import log, trust_list
from verification.models import TrustListVersion
from verification.trust_list import Authority, Signed

EXPIRING: Final = timedelta(days=7)
"""So long before its end a list must be followed by another: what is new needs a week to reach everybody who keeps
a list (trust model, 7), and the ceremony takes three people."""

_LOCK: Final = 0x7472757374  # "trust", the key of the advisory lock


class State(StrEnum):
    """Whether verifiers have a list of trust to believe, and will have one next week."""

    OK = "ok"
    NO_LIST = "no list"
    EXPIRING = "expiring"
    EXPIRED = "expired"


class TrustListNotFound(NotFound):
    """No list of trust was published yet, or not this version."""

    code = "trust_list.not_found"


@transaction.atomic
def publish(document: bytes, *, roots: Collection[str], at: datetime) -> Signed:
    """Publish the next version; the one that is published already again changes nothing.

    It must follow the version before it, and only the first is held to ``roots`` (thumbprints). Refuses with
    ``Malformed`` and ``trust_list.NotTrusted`` what no reader would believe.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    known = believed()
    found = trust_list.accept(document, roots=roots, known=known, at=int(at.timestamp()))
    if found is not known:
        TrustListVersion(
            version=found.trust.version,
            digest=found.digest,
            document=document.decode(),
            expires_at=datetime.fromtimestamp(found.trust.expires, UTC),
            published_at=at,
        ).save(force_insert=True)
    return found


def state(*, at: datetime) -> State:
    """How long the newest version is good; one query. A place that never published one has nothing to renew."""
    expires = TrustListVersion.objects.order_by("-version").values_list("expires_at", flat=True).first()
    if expires is None:
        return State.NO_LIST
    if at >= expires:
        return State.EXPIRED
    return State.EXPIRING if at >= expires - EXPIRING else State.OK


def believed() -> Signed | None:
    """The newest version, read; nothing before the first."""
    row = TrustListVersion.objects.order_by("-version").first()
    return trust_list.recall(row.document.encode()) if row else None


def logged(authority: Authority, token: str, leaf: int) -> bool | None:
    """What ``offline.verify`` asks of a stolen key's token: whether our log has it below the leaf.

    None for an authority at another host, whose log alone knows.
    """
    return log.issued_below(token, leaf) if settings.REGISTRY_HOST in authority.hosts else None


def document(version: int | None = None) -> bytes:
    """A version as it is published, the newest unless another is named; refuses with ``TrustListNotFound``."""
    rows = TrustListVersion.objects.order_by("-version")
    row = (rows if version is None else rows.filter(version=version)).first()
    if row is None:
        raise TrustListNotFound(version=version)
    return row.document.encode()
