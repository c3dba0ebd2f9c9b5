"""What is deleted when its time is over: drafts that nobody wrote in, with their papers, photographs, old counts."""

from datetime import datetime

from api import documents, early_warning, tallies
from registry import photographs
from registry.admission import applicants


def refresh(*, at: datetime) -> int:
    """Forget what the policy gives up by ``at``; of how many applications. What fails stays and is tried again."""
    tallies.forget(at=at)
    early_warning.forget(at=at)
    photographs.forget(at=at)
    return sum(
        applicants.forget(number, at=at, erase=documents.forget) for number in applicants.forgettable(at=at)
    )
