"""Tables of the proofs: badges, the transparency log, trust; no behaviour, one aggregate a file."""

from typing import Final

from verification.models.badge import SUBJECTS, WITHDRAWALS, Badge
from verification.models.log import LogCheckpoint, LogCosignature, LogLeaf, LogPosition, LogTile
from verification.models.trust import KeyStatement, TrustListVersion

__all__ = [
    "APPEND_ONLY",
    "SUBJECTS",
    "WITHDRAWALS",
    "Badge",
    "KeyStatement",
    "LogCheckpoint",
    "LogCosignature",
    "LogLeaf",
    "LogPosition",
    "LogTile",
    "TrustListVersion",
]

APPEND_ONLY: Final = (
    "verification_logleaf",
    "verification_logcheckpoint",
    "verification_logcosignature",
    "verification_keystatement",
    "verification_trustlistversion",
)
"""Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either."""
