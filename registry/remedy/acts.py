"""One act on a concern as a row: the table asked, its codes for ever, its words sealed beside it. For this package."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry.models import Concern, ConcernAct, ConcernFile, ConcernText
from registry.remedy import sealing
from registry.rules import concerns, errors
from registry.rules.concerns import Action

LONGEST: Final = 10_000
"""Characters of one text."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that was made anew from what somebody sent: what it is, and where its sealed bytes are.

    ``reference``: nobody's to guess (``reference``); its address in the desk, and what its bytes are sealed about.
    """

    reference: str
    media_type: str
    size: int
    sha256: str
    stored_as: str


def reference(*parts: str) -> str:
    """The reference of a file that comes with ``parts``: the same each time the same is sent."""
    return sealing.keyed("file", *parts).hex()[:32]


def seal_file(content: bytes, *, reference: str) -> bytes:
    """A file's bytes as they are stored."""
    return sealing.seal(content, about=f"file {reference}")


def unseal_file(sealed: bytes, *, reference: str) -> bytes:
    """A file's bytes as they are shown."""
    return sealing.unseal(sealed, about=f"file {reference}")


def locked(code: str) -> Concern:
    """The concern, held until the transaction ends; refuses a code that is none's."""
    row = Concern.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise errors.ConcernNotFound("no report has this code")
    return row


def was_done(row: Concern, key: str) -> bool:
    """Whether the act that this key stands for was taken already: a second press of the button."""
    return row.acts.filter(facts__key=_told(row, key)).exists()


def record(
    row: Concern, action: Action, *, by: str, at: datetime, key: str = "", facts: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None, files: Sequence[Evidence] = (),
) -> ConcernAct:  # fmt: skip
    """Append the act to a concern that is held, and take its state on; refuses what the table does not have."""
    if row.forgotten_at is not None and action is not Action.FORGET:
        raise errors.ConcernForgotten("what was written here is deleted")
    for text in (words or {}).values():
        if isinstance(text, str) and len(text) > LONGEST:
            raise errors.BadInput("a text has at most {most} characters", most=LONGEST, field="text")
    if action is not Action.FILE:
        row.state = concerns.target(action, concerns.State(row.state))
    told = dict(facts or {}) | ({"key": _told(row, key)} if key else {})
    act = ConcernAct.objects.create(
        concern=row, ordinal=row.acts.count(), action=action, by=by, at=at, facts=told
    )
    if words:
        sealed = sealing.seal_words(words, about=_about(act))
        ConcernText.objects.create(act=act, sealed=sealed)
    ConcernFile.objects.bulk_create(
        ConcernFile(
            reference=one.reference,
            act=act,
            media_type=one.media_type,
            size=one.size,
            stored_as=one.stored_as,
        )
        for one in files
    )
    row.save()
    return act


def words_of(act: ConcernAct) -> dict[str, Any]:
    """What was written with an act; nothing where nothing was, or where it is deleted."""
    text = getattr(act, "text", None)
    return sealing.unseal_words(text.sealed, about=_about(act)) if text else {}


def _about(act: ConcernAct) -> str:
    return f"act {act.concern_id}.{act.ordinal}"


def _told(row: Concern, key: str) -> str:
    return sealing.keyed("act", row.code, key).hex()[:32]
