"""Drafts of officers' forms: what was typed and not sent, kept for its officer alone until the form is filed.

A draft is no record: nobody but its officer reads it, not even an auditor, and it goes after ``DAYS`` days. Secrets,
codes and declarations are never kept.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from api.models import FormDraft
from registry.rules.errors import BadInput

MOST: Final = 50
"""Drafts that one officer keeps; a further one takes the place of the oldest."""
DAYS: Final = 60
LARGEST: Final = 200_000
"""Characters of a draft."""
LONGEST_PLACE: Final = 240
_NEVER: Final = frozenset(
    {
        "csrfmiddlewaretoken",
        "code",
        "password",
        "no_conflict",
        "key",
        "version",
        "do",
        "draft",
        "keep",
        "next",
    }
)


def keep(officer: str, place: str, typed: Mapping[str, list[str]], *, at: datetime) -> None:
    """Keep what was typed at this place, instead of what was kept before; empty answers alone are no draft."""
    fields = {
        name: [text.replace("\x00", "") for text in texts]
        for name, texts in typed.items()
        if name not in _NEVER
    }
    if not any(text.strip() for texts in fields.values() for text in texts):
        drop(officer, place)
        return
    if len(json.dumps(fields)) > LARGEST or len(place) > LONGEST_PLACE:
        raise BadInput("this is too long for a draft", field="draft")
    FormDraft.objects.update_or_create(
        officer=officer, place=place, defaults={"fields": fields, "kept_at": at}
    )
    held = FormDraft.objects.filter(officer=officer).order_by("-kept_at", "-pk")
    spare = list(held.values_list("pk", flat=True)[MOST:])
    if spare:
        FormDraft.objects.filter(pk__in=spare).delete()


def held(officer: str, place: str) -> FormDraft | None:
    """The officer's own draft of that form."""
    return FormDraft.objects.filter(officer=officer, place=place).first()


def drop(officer: str, place: str) -> None:
    """Forget it: the form was filed, or the officer wants it no more."""
    FormDraft.objects.filter(officer=officer, place=place).delete()


def tidy(*, at: datetime) -> int:
    """Forget drafts that nobody has touched for ``DAYS`` days; how many."""
    return FormDraft.objects.filter(kept_at__lt=at - timedelta(days=DAYS)).delete()[0]
