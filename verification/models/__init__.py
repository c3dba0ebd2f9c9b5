"""Tables of the proofs: badges, what is signed about them, the log, trust; no behaviour, one aggregate a file."""

from typing import Final

from verification.models.badge import SUBJECTS, WITHDRAWALS, Badge
from verification.models.live import LiveEnrolment
from verification.models.log import LogCheckpoint, LogCosignature, LogLeaf, LogPosition, LogTile
from verification.models.status import (
    BadgeWatch,
    ListsPlace,
    ListState,
    SignedList,
    StatusIndex,
    StatusList,
    StatusPublication,
)
from verification.models.token import BadgeToken
from verification.models.trust import KeyStatement, TrustListVersion

__all__ = [
    "APPEND_ONLY",
    "JOURNALLED",
    "SUBJECTS",
    "WITHDRAWALS",
    "Badge",
    "BadgeToken",
    "BadgeWatch",
    "KeyStatement",
    "ListState",
    "ListsPlace",
    "LiveEnrolment",
    "LogCheckpoint",
    "LogCosignature",
    "LogLeaf",
    "LogPosition",
    "LogTile",
    "SignedList",
    "StatusIndex",
    "StatusList",
    "StatusPublication",
    "TrustListVersion",
]

APPEND_ONLY: Final = (
    "verification_logleaf",
    "verification_logcheckpoint",
    "verification_logcosignature",
    "verification_statusindex",
    "verification_statuspublication",
    "verification_badgetoken",
    "verification_keystatement",
    "verification_trustlistversion",
)
"""Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either."""

JOURNALLED: Final = {
    "verification_badge": "code",
    "verification_badgetoken": "id",
    "verification_keystatement": "id",
    "verification_liveenrolment": "id",
    "verification_logcheckpoint": "size",
    "verification_logcosignature": "id",
    "verification_statusindex": "id",
    "verification_statuslist": "number",
    "verification_statuspublication": "id",
    "verification_trustlistversion": "id",
}
"""Tables that the change journal records, and the column by which a row is known."""
