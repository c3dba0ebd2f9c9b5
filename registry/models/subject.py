"""Requests of persons to see or to have corrected what is held of them, and what was handed over.

A request is only closed, and what was handed over only grows; both hold personal data and may be erased by order.
"""

from __future__ import annotations

from django.db import models

from registry.models.authority import Authority
from registry.models.person import Person


class SubjectRequest(models.Model):
    """Somebody asks to see (``access``) or to have corrected (``rectification``) what is held of them."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=[("access", "access"), ("rectification", "rectification")])
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        related_name="requests",
        help_text="empty: nobody is on record",
    )
    asked_by = models.TextField()
    identity_check = models.TextField(help_text="how it was made sure that they are who they say")
    words = models.TextField(help_text="what is asked")
    received_on = models.DateField()
    due_on = models.DateField(help_text="the last day of an answer in time")
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    state = models.TextField(default="open", choices=[(s, s) for s in ("open", "answered", "refused")])
    closed_by = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["authority", "state", "due_on"], name="request_due")]

    def __str__(self) -> str:
        return f"request {self.pk}: {self.kind}"


class SubjectFile(models.Model):
    """What was handed over in answer to a request, as it was handed over."""

    request = models.OneToOneField(SubjectRequest, on_delete=models.PROTECT, related_name="file")
    content = models.JSONField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"file of request {self.request_id}"
