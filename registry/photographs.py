"""Pictures of offices and of people: kept by their digest, and deleted when nothing shows them.

What shows a picture is changed like everything else that the public reads of an agency (``agencies``, ADR 0016), and
``lookup.public_photograph`` says what the public sees. Here are the bytes: how they come, and when they go.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef
from django.db.models.fields.json import KT

from registry.models import Appointment, Office, Photograph, Proposal
from registry.rules import errors
from registry.rules.lifecycle import Action, Actor

LARGEST: Final = 40 * 1024
"""Bytes of a picture; the edge makes them half as large."""
_JPEG: Final = b"\xff\xd8\xff"
_AT_LEAST: Final = timedelta(days=1)
"""How long a picture is kept that nothing shows: whoever proposes it again meanwhile finds it."""


def keep(content: bytes, *, by: Actor, at: datetime) -> str:
    """Keep a picture within the caller's transaction; its digest. Refuses what is no JPEG or too large."""
    if not content.startswith(_JPEG) or len(content) > LARGEST:
        raise errors.BadInput(
            "a photograph is a JPEG of at most {most} bytes", field="photograph", most=LARGEST
        )
    sha256 = hashlib.sha256(content).hexdigest()
    row, made = Photograph.objects.get_or_create(
        sha256=sha256, defaults={"content": content, "kept_at": at, "kept_by": by.number}
    )
    if not made:
        Photograph.objects.filter(pk=row.pk).update(kept_at=at)
    return sha256


def is_kept(sha256: str) -> bool:
    """Whether the bytes are there."""
    return Photograph.objects.filter(sha256=sha256).exists()


def of_authority(sha256: str, *, by: Actor) -> bytes:
    """A picture that is shown, or was proposed, in the officer's authority; refuses any other as one that never was."""
    own = {"agency__authority__code": by.authority or ""}
    shown = (
        Office.objects.filter(**own, photograph=sha256).exists()
        or Appointment.objects.filter(**own, photograph=sha256).exists()
        or _proposed().filter(**own, proposed=sha256).exists()
    )
    if not shown:
        raise errors.PhotographNotFound("no photograph of this authority", sha256=sha256)
    held = Photograph.objects.filter(sha256=sha256).values_list("content", flat=True).first()
    if held is None:
        raise errors.PhotographNotFound("the photograph is gone", sha256=sha256)
    return bytes(held)


def forget(*, at: datetime) -> int:
    """Delete the bytes of pictures that nothing shows and that nothing open proposes; how many."""
    idle = Photograph.objects.filter(
        ~Exists(Office.objects.filter(photograph=OuterRef("sha256"))),
        ~Exists(Appointment.objects.filter(photograph=OuterRef("sha256"))),
        ~Exists(_proposed().filter(proposed=OuterRef("sha256"), state="open", expires_at__gt=at)),
        kept_at__lte=at - _AT_LEAST,
    )
    return idle.delete()[0]


def _proposed() -> Any:
    """Proposals of changes, each with the digest of the picture that it would show."""
    return Proposal.objects.filter(action=Action.AMEND_AGENCY.value).annotate(
        proposed=KT("terms__after__photograph")
    )
