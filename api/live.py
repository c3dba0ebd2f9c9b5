"""Checking a live code for whoever asks, by web or by telephone, with limits on guessing (ADR 0021).

Wrong codes cost tokens, right ones nothing. An asker has five wrong tries at the short code in ten minutes at one
badge; wrong tries of all askers together, at whichever of its badges, fill a second bucket of the holder, for the same
digits are good at several badges. Once either is empty the short code is not taken until it fills again, and the long
one is, which nobody guesses. So many who guess together can not find a code in its two minutes, and nobody can keep the
real person from being confirmed.
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


def check(found: Verdict, code: str, *, asker: clients.Asker, at: datetime, free: bool = False) -> Outcome:
    """Whether somebody of the badge's holder is shown this code now; refuses (429) who tries long codes without end.

    ``free``: this very question was asked and paid for before.
    """
    own = asker(f"{throttles.LIVE.name} {found.code}")
    whole = clients.keyed(_holder(found), throttles.LIVE_OF_HOLDER.name)
    short, long_only = len(code) != live_codes.LONG, False
    if short and not free:
        long_only = not _may_try(own, whole)
    elif not free:
        throttles.spend(asker(throttles.LIVE_LONG.name), throttles.LIVE_LONG)
    person = live_codes.confirmed(found, code, at=at, is_open=is_open, long_only=long_only)
    if person is not None and short and not free:
        throttles.give_back(own, throttles.LIVE)
        throttles.give_back(whole, throttles.LIVE_OF_HOLDER)
    return Outcome(person, long_only)


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


def _holder(found: Verdict) -> str:
    """Whose badge this is; the badge itself where nobody's record is behind it, and nobody is confirmed."""
    return str(found.record.get("holder", {}).get("number", "")) or found.code


def _may_try(own: bytes, whole: bytes) -> bool:
    """Take one from the asker's bucket and from the holder's; a try that is not made costs nothing."""
    if not _spent(own, throttles.LIVE):
        return False
    if _spent(whole, throttles.LIVE_OF_HOLDER):
        return True
    throttles.give_back(own, throttles.LIVE)
    return False


def _spent(key: bytes, limit: throttles.Limit) -> bool:
    try:
        throttles.spend(key, limit)
    except problems.Refusal:
        return False
    return True
