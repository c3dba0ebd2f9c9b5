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


class LogCosignature(models.Model):
    """A witness's line under one of our checkpoints; the rows only grow."""

    size = models.BigIntegerField()
    witness = models.TextField(help_text="the witness's key, as lists state it")
    line = models.TextField(help_text="as it stands under the note")
    signed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["witness", "size"], name="log_cosigned_once")
        ]

    def __str__(self) -> str:
        return f"{self.witness} at {self.size}"


class LogPosition(models.Model):
    """How far the register was taken into the log; one row.

    ``sequence`` is the newest entry's, ``transaction`` and ``journal`` are the place in the journal beside the
    entries. ``acknowledged`` is the index below which unattributed entries were looked into, ``unsigned_since`` when
    the oldest entry without a checkpoint joined, ``vkey`` the key of the newest checkpoint.
    """

    sequence = models.BigIntegerField(default=0)
    transaction = models.BigIntegerField(default=0)
    journal = models.BigIntegerField(default=0)
    acknowledged = models.BigIntegerField(default=0)
    unsigned_since = models.DateTimeField(null=True)
    vkey = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_log")]

    def __str__(self) -> str:
        return f"log up to {self.sequence}"
