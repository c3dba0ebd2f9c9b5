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
