"""What is deleted when its time is over: drafts of applications that nobody wrote in, with their papers."""

from datetime import datetime

from api import documents
from registry.admission import applicants


def refresh(*, at: datetime) -> int:
    """Forget what the policy gives up by ``at``; of how many applications. What fails stays and is tried again."""
    return sum(
        applicants.forget(number, at=at, erase=documents.forget) for number in applicants.forgettable(at=at)
    )
