"""History fields of every master record: django-simple-history with the officer's number as text.

The officer is kept as text so that the history outlives the account. ``registry.history`` sets date, officer and reason
explicitly; no middleware guesses them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import models
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords


class _Manager(HistoryManager):  # type: ignore[misc]
    """The library's, of a class that is made once; the library makes it again whenever a history is looked at."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        """The class of managers for this queryset."""
        return super().from_queryset(queryset_class, class_name)


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
        history_manager=_Manager,
    )
