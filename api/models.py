"""What belongs to the edge alone: who may sign in, and the tokens of programs that do."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models

from registry.rules.lifecycle import Role

OFFICER_ROLES = [(role.value, role.value.replace("_", " ")) for role in Role if role is not Role.SYSTEM]
TOKEN_SCOPES = [("read", "read"), ("propose", "propose")]


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


class Officer(models.Model):
    """Who may act in the register's name: a number that entries quote for ever, one authority, and roles as data.

    ``authority`` is the authority's code; empty only for an administrator of the whole installation, who decides
    nothing. An officer who leaves is ended, never removed.
    """

    number = models.CharField(max_length=40, unique=True)
    authority = models.CharField(max_length=20, blank=True)
    roles = ArrayField(models.CharField(max_length=20, choices=OFFICER_ROLES))
    appointed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Roles are those of the law; whoever has no authority is an administrator or an auditor and nothing else."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(roles__contained_by=[role for role, _ in OFFICER_ROLES], roles__len__gt=0),
                name="officer_roles_are_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(authority="")
                | models.Q(roles__contained_by=["administrator", "auditor"]),
                name="officer_has_an_authority",
            ),
        ]

    def __str__(self) -> str:
        """The number that entries quote."""
        return self.number


class ApiToken(models.Model):
    """A program's key to read and to propose in an officer's name; only its digest is kept.

    ``prefix`` is the first part of the token, shown in lists so that its owner knows which one it is.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=TOKEN_SCOPES))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A token lives for a while, never for ever."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="api_token_expires_after_creation",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    scopes__contained_by=[scope for scope, _ in TOKEN_SCOPES], scopes__len__gt=0
                ),
                name="api_token_scopes_are_known",
            ),
        ]

    def __str__(self) -> str:
        """The label its owner gave it."""
        return self.label


class RateBucket(models.Model):
    """What one client may still ask today; the key is an HMAC under a key of the day, no address is kept.

    An unlogged table (migration): after a crash every bucket is full again, which harms nobody.
    """

    key = models.BinaryField(primary_key=True, max_length=16)
    day = models.DateField(db_index=True)
    tokens = models.FloatField()
    granted = models.BooleanField()
    touched_at = models.DateTimeField()

    class Meta:
        """One bucket a client, day and limit."""

        db_table = "api_ratebucket"

    def __str__(self) -> str:
        """How much is left."""
        return f"{self.tokens:.0f} left"
