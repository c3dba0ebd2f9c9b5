"""Drafts of forms: what an officer or an account typed and did not send, kept for them alone until the form is filed.

A draft is no record: nobody but its owner reads it, not even an auditor, and it goes after ``DAYS`` days. Secrets,
codes, declarations and the numbers of identity papers are never kept. An owner is an officer's number or the name of
an account (``APPLICANT-…``).
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from api.models import FormDraft
from registry.rules.errors import BadInput

MOST: Final = 50
"""Drafts that one owner keeps; a further one takes the place of the oldest."""
DAYS: Final = 60
LARGEST: Final = 200_000
"""Characters of a draft."""
LONGEST_PLACE: Final = 240
_NEVER: Final = frozenset(
    {
        "csrfmiddlewaretoken",
        "code",
        "password",
        "again",
        "no_conflict",
        "key",
        "version",
        "do",
        "draft",
        "keep",
        "next",
        "tongue",
        "document",
    }
)


def lasting(typed: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What of a form may be kept; a field of a row (``row0-name``) goes by its own name."""
    return {
        _plain(name): [_plain(text) for text in texts]
        for name, texts in typed.items()
        if name.rpartition("-")[2] not in _NEVER
    }


def keep(owner: str, place: str, typed: Mapping[str, list[str]], *, at: datetime) -> None:
    """Keep what was typed at this place, instead of what was kept before; empty answers alone are no draft."""
    fields, place = lasting(typed), _plain(place)
    if not any(text.strip() for texts in fields.values() for text in texts):
        drop(owner, place)
        return
    if len(json.dumps(fields)) > LARGEST or len(place) > LONGEST_PLACE:
        raise BadInput("this is too long for a draft", field="draft")
    FormDraft.objects.update_or_create(owner=owner, place=place, defaults={"fields": fields, "kept_at": at})
    held = FormDraft.objects.filter(owner=owner).order_by("-kept_at", "-pk")
    spare = list(held.values_list("pk", flat=True)[MOST:])
    if spare:
        FormDraft.objects.filter(pk__in=spare).delete()


def held(owner: str, place: str) -> FormDraft | None:
    """The owner's draft of that form."""
    return FormDraft.objects.filter(owner=owner, place=_plain(place)).first()


def drop(owner: str, place: str) -> None:
    """Forget it: the form was filed, or its owner wants it no more."""
    FormDraft.objects.filter(owner=owner, place=_plain(place)).delete()


def tidy(*, at: datetime) -> int:
    """Forget drafts that nobody has touched for ``DAYS`` days; how many."""
    return FormDraft.objects.filter(kept_at__lt=at - timedelta(days=DAYS)).delete()[0]


def _plain(text: str) -> str:
    """The text without what no column can hold."""
    return text.replace("\x00", "")
