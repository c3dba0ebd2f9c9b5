"""Tables of the proofs: badges and the transparency log; no behaviour, one aggregate a file."""

from typing import Final

from verification.models.badge import SUBJECTS, WITHDRAWALS, Badge
from verification.models.log import LogCheckpoint, LogCosignature, LogLeaf, LogPosition, LogTile

__all__ = [
    "APPEND_ONLY",
    "SUBJECTS",
    "WITHDRAWALS",
    "Badge",
    "LogCheckpoint",
    "LogCosignature",
    "LogLeaf",
    "LogPosition",
    "LogTile",
]

APPEND_ONLY: Final = ("verification_logleaf", "verification_logcheckpoint", "verification_logcosignature")
"""Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either."""
