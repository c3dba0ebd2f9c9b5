"""What is deleted when its time is over: drafts nobody wrote in, what people reported, photographs, old counts.

And files that were stored for a record which was then never written.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from api import documents, early_warning, tallies
from registry import photographs, stored
from registry.admission import applicants
from registry.remedy import cases

_log = logging.getLogger("api.jobs")


def refresh(*, at: datetime) -> int:
    """Forget what the policy gives up by ``at``; of how many drafts and concerns.

    What fails is written down, keeps nothing else from its end and is tried again the next time.
    """
    for counts in (tallies.forget, early_warning.forget, photographs.forget):
        _tried(partial(counts, at=at))
    _tried(partial(documents.sweep, stored.known))
    drafts = (partial(applicants.forget, one) for one in applicants.forgettable(at=at))
    concerns = (partial(cases.forget, one) for one in cases.forgettable(at=at))
    return sum(
        bool(_tried(partial(forget, at=at, erase=documents.forget))) for forget in (*drafts, *concerns)
    )


def _tried(forget: Callable[[], object]) -> object:
    try:
        return forget()
    except Exception:  # noqa: BLE001 - a file that can not be deleted, a row that somebody holds
        _log.exception("something could not be forgotten")
        return False
