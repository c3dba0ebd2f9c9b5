"""What was signed about badges; the rows only grow."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from verification.models.badge import Badge


class BadgeToken(models.Model):
    """A signed statement about a badge; the newest is the one to print, older prints stay genuine."""

    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, related_name="tokens")
    kid = models.TextField(help_text="which key signed it")
    sha256 = models.TextField(unique=True, help_text="of the COSE_Sign1, in hexadecimal digits")
    digits = models.TextField(help_text="the statement as print L holds it")
    credential = models.TextField(
        blank=True, help_text="the same as a verifiable credential, where there is one"
    )
    rests_on = models.TextField(help_text="issuer, sequence and beginning of the published answer behind it")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    term_ends_at = models.DateTimeField(help_text="of the licence; no later print outlives it")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["badge", "-id"], name="badge_token_newest")]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.sha256}"
