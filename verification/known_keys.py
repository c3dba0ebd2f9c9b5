"""The public keys of our own authorities, for judging what they signed."""

from __future__ import annotations

from datetime import datetime

from verification import signing
from verification.signing import NotSigned, SignerDown
from verification.trust_list import TrustList


class KeysUnknown(LookupError):  # noqa: N818 - named by the refusal, like the register's errors
    """Nobody tells which keys are ours now."""


def trust(*, at: datetime) -> TrustList:
    """A list of trust of our own keys; refuses with ``KeysUnknown`` while they can't be told."""
    client = signing.client()
    if client is None:
        raise KeysUnknown
    try:
        return signing.trust(client.keys(), at=at)
    except (NotSigned, SignerDown) as silent:
        raise KeysUnknown from silent
