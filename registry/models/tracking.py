"""History fields of every master record: django-simple-history with the officer's number as text.

The officer is kept as text so that the history outlives the account. ``registry.history`` sets date, officer and reason
explicitly; no middleware guesses them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords


def _read(row: Any) -> str | None:
    officer: str | None = row.history_user_id
    return officer


def _write(row: Any, officer: str | None) -> None:
    row.history_user_id = officer


def tracked() -> HistoricalRecords:
    """A history for a model; declare it last in the class body."""
    return HistoricalRecords(
        history_user_id_field=models.TextField(null=True, blank=True),
        history_user_getter=_read,
        history_user_setter=_write,
        history_change_reason_field=models.TextField(null=True, blank=True),
    )
