"""What was taken in from other registers' lists: snapshots, the rows as read, and findings against names.

A snapshot is written once. Rows as read may hold personal data, so they stand in rows of their own that can be deleted;
what stays of them is a salted digest in the observation (rulings 14). ``ListedLicence`` is derived: where a licence
stands in its list, so that the next list can be compared with it in one statement.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from registry.models.authority import Authority
from registry.models.entry import Entry
from registry.models.licence import Licence
from registry.models.register import RegisterCommit


class ListSnapshot(models.Model):
    """One list of one day, as it was taken in: which file, how it was read and what changed."""

    list_key = models.TextField(help_text="the profile's key: the list's identity over all its layouts")
    kind = models.TextField(choices=[("register", "licences"), ("findings", "findings against names")])
    title = models.TextField()
    source = models.TextField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="snapshots")
    on = models.DateField(help_text="the day of the list")
    file_name = models.TextField()
    digest = models.TextField(help_text="SHA-256 of the file, hexadecimal")
    profile_digest = models.TextField(help_text="SHA-256 of the profile, hexadecimal")
    fresh_days = models.PositiveIntegerField()
    counts = models.JSONField(
        help_text="rows, accepted, flagged, refused, added, changed, unchanged, gone, moved"
    )
    commit = models.ForeignKey(RegisterCommit, on_delete=models.PROTECT, related_name="snapshots")
    taken_at = models.DateTimeField()
    by = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_key", "on"], name="snapshot_once_a_day")]

    def __str__(self) -> str:
        return f"{self.list_key} of {self.on}"


class ListedLicence(models.Model):
    """Where a licence stands in the list it is known from, after the latest snapshot of that list."""

    licence = models.OneToOneField(Licence, on_delete=models.PROTECT, primary_key=True, related_name="listed")
    list_key = models.TextField()
    holder = models.UUIDField(help_text="digest of the holder's key columns")
    identity = models.UUIDField(help_text="digest of the licence's key columns")
    content = models.UUIDField(help_text="digest of everything read, to tell changed from unchanged")
    present = models.BooleanField(help_text="on the latest list")
    first_seen = models.DateField()
    last_seen = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list_key", "identity"], name="listed_licence_once"),
            models.CheckConstraint(
                condition=models.Q(last_seen__gte=models.F("first_seen")), name="listed_days_in_order"
            ),
        ]
        indexes = [models.Index(fields=["list_key", "holder"], name="listed_holder")]

    def __str__(self) -> str:
        return f"{self.licence_id} on {self.list_key}"


class ObservedRow(models.Model):
    """A row as read, beside the observation made of it; deletable, its salted digest stays in the entry."""

    # No constraint: entries are never deleted, and tens of thousands of them would be checked at every intake.
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, related_name="row", db_constraint=False
    )
    snapshot = models.ForeignKey(
        ListSnapshot, on_delete=models.PROTECT, related_name="observed", db_index=False
    )
    line = models.PositiveIntegerField()
    cells = models.JSONField(help_text="cell by heading, as read")
    fields = models.JSONField(help_text="field by name, as understood")
    problems = models.JSONField(default=list, help_text="why the row was flagged")
    salt = models.TextField(help_text="hexadecimal")

    class Meta:
        indexes = [models.Index(fields=["snapshot", "line"], name="observed_line")]

    def __str__(self) -> str:
        return f"line {self.line} of {self.snapshot_id}"


class Finding(models.Model):
    """What an outside body published against a name: a possible match for officers, never a fact about a licence.

    ``first_day`` and ``last_day`` are what the source states; no last day means not stated, unless ``open_ended``.
    A finding that left its list (``present`` false) was not lifted by that.
    """

    list_key = models.TextField()
    identity = models.UUIDField(help_text="digest of the profile's key columns")
    content = models.UUIDField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="findings")
    source = models.TextField()
    name = models.TextField()
    other_names = ArrayField(models.TextField(), default=list)
    keys = ArrayField(models.IntegerField(), default=list, help_text="hashes of the folded names, for search")
    place = models.TextField(blank=True)
    country = models.TextField(blank=True)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    open_ended = models.BooleanField(default=False)
    grounds = models.TextField(blank=True)
    fields = models.JSONField(default=dict)
    cells = models.JSONField(default=dict, help_text="cell by heading, as read")
    line = models.PositiveIntegerField()
    present = models.BooleanField(default=True)
    first_seen = models.DateField()
    last_seen = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_key", "identity"], name="finding_once")]
        indexes = [GinIndex(fields=["keys"], name="finding_keys", fastupdate=False)]

    def __str__(self) -> str:
        return f"{self.name} ({self.list_key})"
