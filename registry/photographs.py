"""Pictures of offices and of people: kept by their digest, read while something shows them, deleted when nothing does.

What shows a picture is changed like everything else that the public reads of an agency (``agencies``, ADR 0016). Here
are the bytes: who may read them, and when they go.
"""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KT

from registry.models import Appointment, Office, Photograph, Proposal, PublishedRecord
from registry.rules import days, errors
from registry.rules.lifecycle import Action, Actor
from registry.rules.publication import PUBLIC_ROLES

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


def public(sha256: str, *, at: datetime) -> bytes:
    """A picture that the public may see at ``at``; refuses one that nothing shows any more as one that never was.

    An office shows it while it is open, a person while the appointment lasts and its name is public, both of an agency
    of which the public reads.
    """
    published = Exists(PublishedRecord.objects.filter(licence__agency=OuterRef("agency")))
    offices = Office.objects.filter(published, photograph=sha256)
    acting = Appointment.objects.filter(published, photograph=sha256, public_name=True, role__in=PUBLIC_ROLES)
    several = (*_lasting(offices), *_lasting(acting))
    if not any(_holds(first, last, days.local_day(at, zone)) for first, last, zone in several):
        raise errors.PhotographNotFound("nothing shows this photograph", sha256=sha256)
    return _content(sha256)


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
    return _content(sha256)


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


def _lasting(rows: QuerySet[Office] | QuerySet[Appointment]) -> list[tuple[date | None, date | None, str]]:
    return list(rows.values_list("first_day", "last_day", "agency__authority__zone"))


def _holds(first: date | None, last: date | None, today: date) -> bool:
    return (first is None or first <= today) and (last is None or today <= last)


def _content(sha256: str) -> bytes:
    held = Photograph.objects.filter(sha256=sha256).values_list("content", flat=True).first()
    if held is None:
        raise errors.PhotographNotFound("the photograph is gone", sha256=sha256)
    return bytes(held)
