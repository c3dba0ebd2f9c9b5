"""The register as one sequence: a counter that every commit takes last, and the journal of what changed.

An entry belongs to a :class:`RegisterCommit` and has an ordinal in it; its public sequence number is
``commit.base + 1 + ordinal``. The commit row is written as the last statement of its transaction, under the counter's
lock, so numbers rise in commit order without gaps while a large intake holds that lock for an instant only (rulings 3).
"""

from __future__ import annotations

from django.db import models


class Register(models.Model):
    """The counter: one row. ``last_sequence`` is the number of the newest entry."""

    last_sequence = models.BigIntegerField(default=0)
    last_recorded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_register")]

    def __str__(self) -> str:
        return f"register at {self.last_sequence}"


class RegisterCommit(models.Model):
    """One transaction of the register: which numbers it took, when it was recorded and by whom."""

    base = models.BigIntegerField()
    count = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    by = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["base"], condition=models.Q(count__gt=0), name="commit_base_once"
            ),
            models.CheckConstraint(condition=models.Q(count__gte=0), name="commit_count_not_negative"),
        ]

    def __str__(self) -> str:
        return f"commit {self.pk}: {self.base + 1} to {self.base + self.count}"


class ChangeJournal(models.Model):
    """What a trigger saw: every insert, change and deletion in a table of record, in its transaction (rulings 26).

    ``commit_id`` and ``ordinal`` are filled for entries alone: ``/changes`` reads those in commit order.
    """

    relation = models.TextField()
    operation = models.CharField(max_length=1, help_text="I, U or D")
    key = models.BigIntegerField()
    image = models.JSONField()
    transaction_id = models.BigIntegerField()
    commit_id = models.BigIntegerField(null=True)
    ordinal = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["relation", "key", "id"], name="journal_of_row"),
            models.Index(
                fields=["commit_id", "ordinal"],
                condition=models.Q(relation="registry_entry"),
                name="journal_entries",
            ),
            models.Index(fields=["transaction_id"], name="journal_of_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.relation} {self.key}"


class NumberSeries(models.Model):
    """The last serial given under a prefix; a serial is never used again."""

    prefix = models.TextField(unique=True)
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"

    def __str__(self) -> str:
        return f"{self.prefix} {self.last}"


class Salt(models.Model):
    """Thirty-two random bytes behind the commitments about one thing; whoever deletes the row erases them all.

    ``about`` is the sequence number of an entry or the number of an agency.
    """

    about = models.TextField(primary_key=True)
    value = models.BinaryField()

    def __str__(self) -> str:
        return self.about
