"""An entry as others may hold it for ever: public facts and commitments, nothing that may have to be forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """An agency of which something is public; a name that may be a person's is a commitment, and ``name`` is empty."""

    number: str
    name: str
    committed: str


Span = tuple[str | None, str, str, bool]
"""From when (RFC 3339; ``None``: from the beginning), the state, the result, whether it may recruit."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry as the log takes it; of one that is not public nothing but its number, its time and its digest.

    ``refers_to`` is a sequence number, ``was`` the reference under which an adopted licence stood in a list. ``spans``
    is what the public reads of the licence from now on, each span until the next; ``None`` where nothing is said of it
    or a later entry of the same reading says it.
    """

    sequence: int
    recorded_at: datetime
    authority: str
    row: str
    published: bool = True
    action: str = ""
    kind: str = ""
    licence: str | None = None
    agency: str | None = None
    decided_at: datetime | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    effective_day: date | None = None
    refers_to: int | None = None
    was: str | None = None
    by: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    holder: Holder | None = None
    spans: Sequence[Span] | None = None
