"""Entries, the proposals that lead to them and the sanctions they carry.

An entry is immutable: triggers and rights refuse UPDATE and DELETE. Texts that may have to be deleted by law stand in
a row of their own.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.db.models.fields.json import KT

from registry.models.agency import Agency, Office
from registry.models.authority import Authority
from registry.models.licence import Licence
from registry.models.register import RegisterCommit


class Entry(models.Model):
    """Anything the register holds for ever, with two times: when it has effect and when it was recorded."""

    # Keys without an index of their own begin one below, or have one of the few entries that hold them.
    commit = models.ForeignKey(
        RegisterCommit, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    ordinal = models.BigIntegerField(default=0)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="entries", db_index=False)
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, null=True, related_name="entries")
    office = models.ForeignKey(
        Office, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False
    )
    kind = models.TextField()
    action = models.TextField()
    step = models.TextField(blank=True, help_text="code of the row in the table of steps")
    decided_at = models.DateTimeField()
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True)
    effective_day = models.DateField(null=True, help_text="the local day as stated")
    zone = models.TextField()
    refers_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="spoken_of_by", db_index=False
    )
    grounds = models.JSONField(default=list)
    effect = models.JSONField(default=dict)
    deadlines = models.JSONField(default=dict)
    policy_version = models.PositiveIntegerField(default=0)
    law = models.TextField(blank=True)
    published = models.BooleanField(default=True)
    officers = models.JSONField(default=list, help_text="numbers of the officers, the proposer first")

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["commit", "ordinal"], name="entry_place_in_commit_once"),
            models.CheckConstraint(
                condition=models.Q(effective_until__isnull=True)
                | models.Q(effective_until__gt=F("effective_from")),
                name="entry_times_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["licence", "id"], name="entry_of_licence"),
            models.Index(fields=["office"], condition=models.Q(office__isnull=False), name="entry_of_office"),
            models.Index(
                fields=["refers_to"], condition=models.Q(refers_to__isnull=False), name="entry_spoken_of"
            ),
            models.Index(
                fields=["authority", "action", "decided_at"], include=["id", "commit"], name="entry_by_action"
            ),
            models.Index(
                F("authority"),
                KT("effect__renews"),
                condition=models.Q(action="file_renewal"),
                name="entry_renewals",
            ),
            models.Index(
                fields=["authority"],
                condition=models.Q(effect__has_key="conditions"),
                name="entry_conditions",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(action__in=["bar_person", "debar"]),
                name="entry_bars",
            ),
            models.Index(
                F("authority"),
                KT("effect__person"),
                condition=models.Q(action__in=["bar_person", "appeal_bar", "dismiss_appeal", "end_bar"]),
                name="entry_of_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    @property
    def sequence(self) -> int:
        """The public number of the entry."""
        return int(self.commit.base + 1 + self.ordinal)


class EntryText(models.Model):
    """The words of an entry in one language: a public summary, or the restricted reasons (language ``-``)."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="texts")
    language = models.TextField()
    text = models.TextField()
    restricted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "language", "restricted"], name="entry_text_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.language}"


class Proposal(models.Model):
    """A step that waits for further officers. One open proposal per licence, step and subject."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, null=True, related_name="proposals")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="proposals")
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="proposals")
    action = models.TextField()
    subject = models.TextField(
        blank=True, help_text="sequence of the entry spoken of, or a keyed digest of the change, or empty"
    )
    terms = models.JSONField()
    licence_version = models.PositiveIntegerField(default=0)
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(
        default="open", choices=[(s, s) for s in ("open", "approved", "declined", "expired")]
    )
    closed_by = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(blank=True)
    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["licence", "action", "subject"],
                condition=models.Q(state="open", licence__isnull=False),
                name="one_open_proposal_of_licence",
            ),
            models.UniqueConstraint(
                fields=["agency", "action", "subject"],
                condition=models.Q(state="open", licence__isnull=True),
                name="one_open_proposal_of_agency",
            ),
        ]
        indexes = [models.Index(fields=["authority", "state", "closed_at"], name="proposal_of_authority")]

    def __str__(self) -> str:
        return f"proposal {self.pk}: {self.action}"


class Approval(models.Model):
    """One officer's yes to a proposal, with the time of the second factor behind it."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="approvals")
    by = models.TextField()
    at = models.DateTimeField()
    second_factor_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "by"], name="one_approval_per_officer")]

    def __str__(self) -> str:
        return f"{self.by} approves {self.proposal_id}"


class Sanction(models.Model):
    """What an entry did to the holder: kind, points and how long the public reads it. Derived from the entry."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="sanction")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="sanctions")
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, null=True, related_name="sanctions")
    kind = models.TextField()
    points = models.PositiveIntegerField(default=0)
    points_until = models.DateTimeField(null=True)
    public_months = models.PositiveIntegerField(
        null=True, help_text="months after its effect; empty = for ever"
    )
    amount = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.entry_id}"


class IdempotencyKey(models.Model):
    """A write that was asked for under a key: the same key and body give the same answer again."""

    actor = models.TextField()
    key = models.TextField()
    digest = models.TextField()
    outcome = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
