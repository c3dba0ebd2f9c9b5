"""Writes asked for under a key: done once, answered again to whoever repeats them (the IETF's Idempotency-Key)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from registry import questions
from registry.models import IdempotencyKey
from registry.rules import errors
from registry.rules.lifecycle import Actor

_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_KEPT: Final = "SELECT digest, outcome::text FROM registry_idempotencykey WHERE actor = %s AND key = %s"


class Once:
    """One write under one key of one officer; the same key with another body is refused."""

    def __init__(self, by: Actor, key: str, what: str, body: Mapping[str, Any], at: datetime) -> None:
        if not 1 <= len(key) <= 200 or not key.isprintable():
            raise errors.BadInput(
                "an idempotency key has 1 to 200 printable characters", field="idempotency_key"
            )
        self.by, self.key, self.at = by, key, at
        self.digest = hashlib.sha256(
            json.dumps([what, dict(body)], sort_keys=True, default=str).encode()
        ).hexdigest()

    def outcome(self) -> dict[str, Any] | None:
        """What was answered before, or ``None``; holds off others with the same key until this transaction ends."""
        # Two statements, not one: whoever waited for the lock has to see what its holder has kept meanwhile.
        _, kept = questions.ask(
            (_HOLD, [f"{self.by.number}\n{self.key}"]), (_KEPT, [self.by.number, self.key])
        )
        if not kept:
            return None
        ((digest, outcome),) = kept
        if digest != self.digest:
            raise errors.KeyReused("this key was used for something else", idempotency_key=self.key)
        return dict(json.loads(outcome))

    def keep(self, outcome: Mapping[str, Any]) -> None:
        """Remember the outcome in this transaction."""
        IdempotencyKey.objects.create(
            actor=self.by.number, key=self.key, digest=self.digest, outcome=dict(outcome), at=self.at
        )
