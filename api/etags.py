"""Strong ETags and who may keep an answer for how long (RFC 9110 8.8, 13.1.2; RFC 9111).

A verdict is never served from a cache without asking us: ``no-cache`` on every verdict. Only an edge that the
operator configured (``REGISTRY_EDGE_SECONDS``) may keep one, and never past five seconds nor past the instant
at which the clock alone may change the answer.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Final

from django.conf import settings

#: An answer that anyone may keep and nobody may use without asking again.
ASK_AGAIN: Final = "no-cache"
#: An answer for one asker: what was searched for, or a batch of checks.
FOR_YOU: Final = "private, no-cache"
#: An answer that nobody may keep.
KEEP_NOT: Final = "no-store"
#: Texts, codes and the description of the API change with a release only.
RELEASE: Final = "public, max-age=300"

_LONGEST_AT_THE_EDGE: Final = 5


def strong(*parts: bytes) -> str:
    """The strong ETag of a representation that is fully determined by ``parts``."""
    return f'"{blake2b(b"|".join(parts), digest_size=12).hexdigest()}"'


def matches(wanted: str, etag: str) -> bool:
    """Whether an ``If-None-Match`` header names this ETag; a proxy that compressed may have weakened it."""
    if wanted == etag:
        return True
    if wanted.strip() == "*":
        return True
    return any(candidate.strip().removeprefix("W/") == etag for candidate in wanted.split(","))


def verdict_caching(until: datetime | None, at: datetime) -> str:
    """The ``Cache-Control`` of a verdict that holds until ``until``, asked ``at``."""
    seconds = min(_LONGEST_AT_THE_EDGE, settings.REGISTRY_EDGE_SECONDS)
    if not seconds:
        return ASK_AGAIN
    if until is not None:
        seconds = min(seconds, int((until - at).total_seconds()))
    if seconds <= 0:
        return ASK_AGAIN
    return f"public, max-age=0, must-revalidate, s-maxage={seconds}"
