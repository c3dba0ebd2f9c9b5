"""Status lists as rows: whose each is, which index a badge has for ever, what is signed now, what was published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from verification.models.badge import Badge


class StatusList(models.Model):
    """A numbered list of one authority; its address is made of the number."""

    number = models.BigAutoField(primary_key=True)
    authority = models.TextField(db_index=True, help_text="code of the authority that signs it")

    def __str__(self) -> str:
        return f"list {self.number}"


class StatusIndex(models.Model):
    """A badge's place in a list, drawn by chance and never given again; the rows only grow."""

    badge = models.OneToOneField(Badge, on_delete=models.PROTECT, related_name="status")
    list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="indices")
    index = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list", "index"], name="status_index_once"),
        ]

    def __str__(self) -> str:
        return f"{self.list_id}/{self.index}"


class ListState(models.Model):
    """What a list is to say now, kept entry by entry; derived from what is published, and signed as ``SignedList``."""

    list = models.OneToOneField(StatusList, on_delete=models.CASCADE, primary_key=True, related_name="state")
    array = models.BinaryField(help_text="the statuses, two bits each")

    def __str__(self) -> str:
        return f"state of list {self.list_id}"


class BadgeWatch(models.Model):
    """When a badge must be looked at again though nothing changed: by the lists, and by whoever signs tokens. Derived.

    ``kid`` is the key of its newest token, nothing where there is none or its theft was dealt with.
    """

    badge = models.OneToOneField(Badge, on_delete=models.CASCADE, primary_key=True, related_name="watch")
    list = models.ForeignKey(StatusList, on_delete=models.CASCADE, related_name="+", db_index=False)
    until = models.DateTimeField(null=True, help_text="when the clock alone may change what the list says")
    token_due_at = models.DateTimeField(null=True)
    kid = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["until"], condition=models.Q(until__isnull=False), name="watch_until"),
            models.Index(
                fields=["list", "until"], condition=models.Q(until__isnull=False), name="watch_list_until"
            ),
            models.Index(
                fields=["token_due_at", "badge"],
                condition=models.Q(token_due_at__isnull=False),
                name="watch_token_due",
            ),
            models.Index(fields=["kid"], condition=~models.Q(kid=""), name="watch_kid"),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} until {self.until}"


class ListsPlace(models.Model):
    """How far the lists have followed the register; one row, which whoever works on them holds.

    ``transaction`` and ``journal`` are the place in the journal. ``read_at``: when every badge was last read, nothing
    where that was never done; ``reading``: the code up to which a reading has come that is still at work.
    ``at``: the latest instant that the lists were brought up to.
    """

    transaction = models.BigIntegerField(default=0)
    journal = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    reading = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_lists_place")]

    def __str__(self) -> str:
        return f"lists up to transaction {self.transaction}"


class SignedList(models.Model):
    """A list as it is served from ``issued_at`` on, in each of its forms; only the newest and coming ones are kept."""

    list = models.ForeignKey(StatusList, on_delete=models.CASCADE, related_name="signed")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    array = models.BinaryField(help_text="the statuses, two bits each")
    cwt = models.BinaryField()
    jwt = models.TextField()
    revocation = models.TextField(help_text="Bitstring Status List credential")
    suspension = models.TextField(help_text="the same")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["list", "issued_at"], name="signed_list_once"),
        ]

    def __str__(self) -> str:
        return f"list {self.list_id} of {self.issued_at}"


class StatusPublication(models.Model):
    """That a list says something else from ``published_at`` on; the rows only grow, and the log takes each."""

    list = models.ForeignKey(StatusList, on_delete=models.PROTECT, related_name="publications")
    uri = models.TextField()
    sha256 = models.TextField(help_text="of the statuses, inflated, in hexadecimal digits")
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.uri} {self.sha256}"
