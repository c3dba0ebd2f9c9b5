"""What is deleted when its time is over: drafts nobody wrote in, what people reported, photographs, old counts."""

from datetime import datetime

from api import documents, early_warning, tallies
from registry import photographs
from registry.admission import applicants
from registry.remedy import cases


def refresh(*, at: datetime) -> int:
    """Forget what the policy gives up by ``at``; of how many of both. What fails stays, to be tried again."""
    tallies.forget(at=at)
    early_warning.forget(at=at)
    photographs.forget(at=at)
    drafts = (applicants.forget(one, at=at, erase=documents.forget) for one in applicants.forgettable(at=at))
    concerns = (cases.forget(one, at=at, erase=documents.forget) for one in cases.forgettable(at=at))
    return sum(drafts) + sum(concerns)
