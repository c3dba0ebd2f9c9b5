"""The security behind a licence: confirmed with its issuers, drawn on, filled up again (rulings 10)."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from registry.rules.entries import Entries, Entry
from registry.rules.lifecycle import Action


def missing(entries: Entries, t: datetime, required: Mapping[str, str] | None) -> bool:
    """Whether what is required (``amount``, ``currency``) is not covered at ``t``.

    Each issuer's newest word says all that this issuer holds. A draw counts against what was held then, once the
    days to fill it up have run.
    """
    if not required:
        return False
    currency = required["currency"]
    held = [e for e in _newest_words(entries, t) if _covers(entries, e, t, currency)]
    if not held:
        return True
    oldest = min(e.effective_from for e in held)
    overdue = [
        e
        for e in entries.in_effect(t, Action.DRAW_SECURITY)
        if e.effect["currency"] == currency and oldest <= e.effective_from and _is_due(e, t)
    ]
    return sum(map(_amount, held)) - sum(map(_amount, overdue)) < Decimal(required["amount"])


def _newest_words(entries: Entries, t: datetime) -> list[Entry]:
    """The newest confirmation of each issuer by ``t``, be it over or not: an older one does not come back."""
    said = [e for e in entries.those(Action.CONFIRM_SECURITY) if entries.has_begun(e, t)]
    newest: dict[str, Entry] = {}
    for entry in sorted(said, key=lambda e: (e.effective_from, e.ref)):
        newest[_folded(str(entry.effect["issuer"]))] = entry
    return list(newest.values())


def _folded(issuer: str) -> str:
    """An issuer's name as it is compared: one spelt differently is no second issuer.

    Unicode NFKC, no case, nothing that cannot be seen, one space between words.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", issuer).casefold())
    return " ".join("".join(c for c in plain if unicodedata.category(c) != "Cf").split())


def _covers(entries: Entries, entry: Entry, t: datetime, currency: str) -> bool:
    return entry.effect["currency"] == currency and entries.has_effect(entry, t)


def _is_due(draw: Entry, t: datetime) -> bool:
    replenish_by = draw.deadline("replenish_by")
    return replenish_by is None or replenish_by <= t


def _amount(entry: Entry) -> Decimal:
    return Decimal(entry.effect["amount"])
