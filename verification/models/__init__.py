"""Tables of the proofs: badges, what is signed about them, and the log; no behaviour, one aggregate a file."""

from typing import Final

from verification.models.badge import SUBJECTS, WITHDRAWALS, Badge
from verification.models.log import LogCheckpoint, LogLeaf, LogTile
from verification.models.status import SignedList, StatusIndex, StatusList, StatusPublication
from verification.models.token import BadgeToken

__all__ = [
    "APPEND_ONLY",
    "JOURNALLED",
    "SUBJECTS",
    "WITHDRAWALS",
    "Badge",
    "BadgeToken",
    "LogCheckpoint",
    "LogLeaf",
    "LogTile",
    "SignedList",
    "StatusIndex",
    "StatusList",
    "StatusPublication",
]

APPEND_ONLY: Final = (
    "verification_logleaf",
    "verification_logcheckpoint",
    "verification_statusindex",
    "verification_statuspublication",
    "verification_badgetoken",
)
"""Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either."""

JOURNALLED: Final = ("verification_statuspublication", "verification_badgetoken")
"""Tables whose new rows the change journal records, so that the log takes them."""
