"""What several officers decide beside the steps of licences, and what such a decision leaves.

A motion is only closed, an approval and a merger only grow: triggers and rights refuse the rest.
"""

from __future__ import annotations

from django.db import models

from registry.models.agency import Agency
from registry.models.authority import Authority
from registry.models.entry import Entry


class Motion(models.Model):
    """Something proposed by one officer that waits for others. One open motion of a kind about one thing."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="motions")
    kind = models.TextField(help_text="registry.rules.motions.Motion")
    about = models.TextField(
        help_text="number of the agency, person, request or alert that it is about, or the name of a new alert"
    )
    terms = models.JSONField()
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(
        default="open", choices=[(s, s) for s in ("open", "approved", "declined", "expired")]
    )
    closed_by = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(blank=True)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=models.Q(state="open"), name="one_open_motion"
            )
        ]
        indexes = [models.Index(fields=["authority", "state", "expires_at"], name="motion_of_authority")]

    def __str__(self) -> str:
        return f"motion {self.pk}: {self.kind}"


class MotionApproval(models.Model):
    """One officer's yes to a motion, with the time of the second factor behind it."""

    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="approvals")
    by = models.TextField()
    at = models.DateTimeField()
    second_factor_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["motion", "by"], name="one_motion_approval_per_officer")
        ]

    def __str__(self) -> str:
        return f"{self.by} approves {self.motion_id}"


class Merger(models.Model):
    """The record ``merged`` is of the firm that ``into`` is of: whoever asks for the one is led to the other."""

    merged = models.OneToOneField(Agency, on_delete=models.PROTECT, related_name="merged_into")
    into = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="mergers")
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(merged=models.F("into")), name="merger_of_two")
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} is {self.into_id}"
