"""Tokens of programs: shown once, kept only as a digest, good for a while, to read or to propose."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from api.models import ApiToken, User

MARK: Final = "rlr_"
"""How every token of ours begins, so that one that leaks can be recognised."""
MOST_DAYS: Final = 90
_SHOWN: Final = 12
_NOTE_USE_AFTER: Final = timedelta(minutes=1)


def issue(user: User, *, label: str, scopes: Iterable[str], days: int, at: datetime) -> tuple[ApiToken, str]:
    """A new token and its secret text: 32 random bytes, which nobody can read again afterwards."""
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        label=label,
        prefix=secret[:_SHOWN],
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    return token, secret


def find(secret: str, *, at: datetime) -> ApiToken | None:
    """The token with this secret text, if it is good at that instant and its owner may still sign in."""
    if not secret.startswith(MARK):
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=_digest(secret), revoked_at=None, expires_at__gt=at, user__is_active=True)
        .first()
    )
    if token is not None:
        ApiToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=at - _NOTE_USE_AFTER)
        ).update(last_used_at=at)
    return token


def revoke(user: User, prefix: str, *, at: datetime) -> ApiToken | None:
    """Withdraw one of the user's own tokens, at once; nothing when they have no such token."""
    token = ApiToken.objects.filter(user=user, prefix=prefix).first()
    if token is not None and token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
    return token


def _digest(secret: str) -> str:
    """A plain hash is enough: the text has 256 random bits, so nothing can be guessed from it."""
    return hashlib.sha256(secret.encode()).hexdigest()
