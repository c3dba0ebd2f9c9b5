"""Accounts that act for an agency in the register, and the papers that holders send with an answer.

An account is connected by two officers (ADR 0018). It reads what is served on the agency and files in its name; it
changes nothing in the register.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from registry.models.agency import Agency
from registry.models.authority import Authority
from registry.models.entry import Entry

OPEN_STATES = ("asked", "supported", "connected")
STATES = (*OPEN_STATES, "declined", "ended")


class HolderAccount(models.Model):
    """An account and the agency it acts for, or asks to: who connected it, and who ended that."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="holder_accounts")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="holder_accounts")
    account = models.TextField(help_text="the edge's name for whoever signs in")
    said = models.TextField(blank=True, help_text="who asks, in their own words")
    state = models.TextField(choices=[(state, state) for state in STATES])
    asked_at = models.DateTimeField()
    first_by = models.TextField(blank=True)
    first_at = models.DateTimeField(null=True)
    second_by = models.TextField(blank=True)
    second_at = models.DateTimeField(null=True)
    ended_by = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="why it was declined or ended")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "account"], condition=Q(state__in=OPEN_STATES), name="holder_account_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="connected")
                | (Q(second_at__isnull=False) & ~Q(first_by="") & ~Q(second_by=F("first_by"))),
                name="holder_account_by_two",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], name="holder_account_of_account"),
            models.Index(fields=["authority", "state", "asked_at"], name="holder_account_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.state}"


class EntryPaper(models.Model):
    """A paper that a holder sent with an entry: what it is, and under which name its bytes are stored."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="papers")
    reference = models.TextField(unique=True, help_text="random; its address")
    name = models.TextField(help_text="as the holder's computer called it")
    media_type = models.TextField(help_text="by its content")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.TextField()
    stored_as = models.TextField(unique=True)
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.reference
