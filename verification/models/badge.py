"""Badges as rows: a code for life, on one subject, live or withdrawn."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models

SUBJECTS: Final = [("licence", "licence"), ("office", "office"), ("appointment", "appointment")]

WITHDRAWALS: Final = [
    ("lost", "lost"),
    ("stolen", "stolen"),
    ("copied", "copied"),
    ("damaged", "damaged"),
    ("misissued", "issued by mistake"),
]


class Badge(models.Model):
    """A printed code and what it stands on; a trigger lets a row be withdrawn and nothing else.

    The subject is named by its number alone: the register's tables are its own, and a badge outlives none of
    them.
    """

    code = models.CharField(primary_key=True, max_length=13)
    subject_kind = models.TextField(choices=SUBJECTS)
    subject_number = models.TextField()
    authority = models.TextField(help_text="code of the authority whose register the subject is in")
    issued_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True, choices=WITHDRAWALS)
    withdrawn_by = models.TextField(blank=True, help_text="the officer's number")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_number"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="badge_live_once",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_reason="", withdrawn_by="")
                | models.Q(withdrawn_at__gte=models.F("issued_at"))
                & ~models.Q(withdrawn_reason="")
                & ~models.Q(withdrawn_by=""),
                name="badge_withdrawn_with_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z]{2}[0-9A-HJKMNP-TV-Z]{11}$"), name="badge_code_shape"
            ),
            models.CheckConstraint(
                condition=models.Q(subject_kind__in=[kind for kind, _ in SUBJECTS]), name="badge_subject_kind"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["subject_number", "issued_at"], name="badge_subject")]

    def __str__(self) -> str:
        return f"{self.code} of {self.subject_number}"
