"""What belongs to the edge alone: who may sign in, and the tokens of programs that do."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Somebody who may sign in at the desk.

    The register knows the person as an officer with a number, an authority and roles; this row is only the door key.
    The link is the number, as text: an account may be removed, what the officer decided stays.
    """

    officer_number = models.CharField(max_length=40, unique=True, null=True, blank=True)

    class Meta(AbstractUser.Meta):
        """One account an officer."""

        verbose_name = "user"
        verbose_name_plural = "users"


class ApiToken(models.Model):
    """A program's key to read and to propose in an officer's name; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A token lives for a while, never for ever."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="api_token_expires_after_creation"
            )
        ]

    def __str__(self) -> str:
        """The label its owner gave it."""
        return self.label
