"""Checking a live code for whoever asks, by web or by telephone, with limits on guessing (ADR 0021).

Wrong codes cost tokens, right ones nothing. An asker has five wrong tries in ten minutes at one badge. Wrong codes of
all askers together fill a second bucket of the badge; once that is empty, the short code is not taken any more until it
fills again, and the long one is: many who guess together can not find a code in its two minutes, and can not keep the
real person from being confirmed either.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model

from api import clients, problems, throttles
from verification import live_codes
from verification.check import Verdict
from verification.live_codes import Person

_ACCOUNT: Final = "APPLICANT-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who is confirmed, if anybody; ``long_only``: only the long code is taken at this badge for now."""

    person: Person | None
    long_only: bool


def check(found: Verdict, code: str, *, asker: bytes, at: datetime, free: bool = False) -> Outcome:
    """Whether somebody of the badge's holder is shown this code now; refuses (429) whoever was wrong too often.

    ``asker``: the key of the bucket of who asks, for the purpose of :func:`purpose`. ``free``: this very question was
    asked and paid for before.
    """
    whole = clients.keyed(found.code, throttles.LIVE_OF_BADGE.name)
    short, long_only = len(code) != live_codes.LONG, False
    if not free:
        throttles.spend(asker, throttles.LIVE)
        long_only = short and not _spent(whole)
    person = live_codes.confirmed(found, code, at=at, is_open=is_open, long_only=long_only)
    if person is not None and not free:
        throttles.give_back(asker, throttles.LIVE)
        if short:
            throttles.give_back(whole, throttles.LIVE_OF_BADGE)
    return Outcome(person, long_only)


def purpose(badge: str) -> str:
    """What an asker's bucket at this badge is for."""
    return f"{throttles.LIVE.name} {badge}"


def is_open(account: str) -> bool:
    """Whether an account of an applicant is there and not closed."""
    key = account.removeprefix(_ACCOUNT)
    if key == account or not key.isdecimal():
        return False
    open_ones = get_user_model()._default_manager.filter(is_active=True, officer_number=None)
    return bool(open_ones.filter(pk=int(key)).exists())


def digits(typed: str) -> str:
    """What was typed as plain digits: spaces and hyphens left out, digits of other scripts read."""
    return "".join(
        str(int(c)) if c.isdecimal() else c
        for c in typed[:64]
        if not c.isspace() and c not in "-\u2010\u2011\u2013"
    )


def _spent(key: bytes) -> bool:
    try:
        throttles.spend(key, throttles.LIVE_OF_BADGE)
    except problems.Refusal:
        return False
    return True
