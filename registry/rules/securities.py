"""The security behind a licence: confirmed with its issuers, drawn on, filled up again (rulings 10)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from registry.rules.entries import Entries, Entry
from registry.rules.lifecycle import Action

CONFIRMATION: Final = ("kind", "reference", "confirmed_by", "document")
"""What an officer may state of it: bond or account, the issuer's reference, who there said so, the paper."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one issuer holds: its newest word, in force or over."""

    issuer: str
    amount: Decimal
    currency: str
    since: datetime
    until: datetime | None
    in_force: bool
    confirmation: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draw:
    """What was taken out of a security; ``replenish_by``: until when it is to be filled up again."""

    amount: Decimal
    currency: str
    drawn_at: datetime
    replenish_by: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Position:
    """The security behind a licence at an instant, in the currency that is asked for (or that is held).

    ``available`` is what is in force less every draw that was not filled up since; ``coverage`` its share of what is
    required, nothing where none is. ``missing`` is the law's answer: draws count against it once they are overdue.
    """

    required: Decimal | None
    currency: str
    held: tuple[Held, ...]
    draws: tuple[Draw, ...]
    available: Decimal
    missing: bool

    @property
    def coverage(self) -> Decimal | None:
        """Available through required, as a share: 1 is whole."""
        return self.available / self.required if self.required else None

    @property
    def runs_out(self) -> datetime | None:
        """When the first of what is in force ends."""
        return min((one.until for one in self.held if one.in_force and one.until), default=None)

    @property
    def replenish_by(self) -> datetime | None:
        """The first day by which a draw is to be filled up."""
        return min((one.replenish_by for one in self.draws if one.replenish_by), default=None)


def position(entries: Entries, t: datetime, required: Mapping[str, str] | None) -> Position:
    """The security behind a licence at ``t``: who holds what, what was drawn, and whether it is enough."""
    newest = sorted(_newest_words(entries, t), key=lambda e: (e.effective_from, e.ref))
    currency = (required or {}).get("currency") or (newest[-1].effect["currency"] if newest else "")
    held = [_held(e, in_force=_covers(entries, e, t, str(e.effect["currency"]))) for e in newest]
    good = [one for one in held if one.in_force and one.currency == currency]
    oldest = min((one.since for one in good), default=t)
    draws = [
        Draw(
            _amount(e), str(e.effect["currency"]), e.effective_from, e.deadline("replenish_by"), _is_due(e, t)
        )
        for e in entries.in_effect(t, Action.DRAW_SECURITY)
        if e.effect["currency"] == currency and oldest <= e.effective_from
    ]
    available = sum((one.amount for one in good), Decimal()) - sum((one.amount for one in draws), Decimal())
    return Position(
        Decimal(required["amount"]) if required else None,
        currency,
        tuple(held),
        tuple(draws),
        max(available, Decimal()),
        missing(entries, t, required),
    )


def _held(entry: Entry, *, in_force: bool) -> Held:
    said: Mapping[str, Any] = entry.effect.get("confirmation") or {}
    return Held(
        str(entry.effect["issuer"]),
        _amount(entry),
        str(entry.effect["currency"]),
        entry.effective_from,
        entry.effective_until,
        in_force,
        {name: str(text) for name, text in said.items()},
    )


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
