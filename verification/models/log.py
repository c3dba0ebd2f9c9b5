"""The transparency log as rows, which only grow: entries, tiles and checkpoints."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


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
