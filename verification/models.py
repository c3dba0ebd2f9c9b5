"""Badges as rows: a code for life, on one subject, live or withdrawn; and the transparency log, which only grows."""

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


class LogLeaf(models.Model):
    """An entry of the transparency log, for ever at its index; the rows only grow.

    ``about`` is what the entry is found by: a licence's number, the SHA-256 of a badge's token.
    """

    index = models.BigIntegerField(primary_key=True)
    data = models.BinaryField()
    about = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="log_leaf_index")
        ]
        indexes: ClassVar = [
            models.Index(fields=["about", "-index"], condition=~models.Q(about=""), name="log_leaf_about")
        ]

    def __str__(self) -> str:
        return f"entry {self.index}"


class LogTile(models.Model):
    """Hashes of up to 256 neighbouring subtrees; a row is widened to the right and never altered otherwise."""

    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "number"], name="log_tile_once"),
        ]

    def __str__(self) -> str:
        return f"tile {self.level} {self.number}"


class LogCheckpoint(models.Model):
    """What the signer signed of the log at a size; the rows only grow."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField(help_text="the signed note, as it is published")
    signed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


#: Tables that only grow: a trigger refuses UPDATE and DELETE, and the applications' role has no right to either.
APPEND_ONLY: Final = ("verification_logleaf", "verification_logcheckpoint")
