"""What this register knows of trust, as rows that only grow: public keys as they changed, lists as they were signed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class KeyStatement(models.Model):
    """What the signer said of a key when it was new or had changed; the newest row of a ``kid`` is what holds.

    ``authority`` is the issuer on badges, a log's origin or a witness's name. Times are seconds since 1970, as lists
    of trust state them; ``cutoff`` is the size of the log when a compromised key was last trusted.
    """

    kid = models.TextField()
    use = models.TextField()
    authority = models.TextField()
    jwk = models.JSONField()
    state = models.TextField(
        choices=[("active", "active"), ("retired", "retired"), ("compromised", "compromised")]
    )
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    cutoff = models.BigIntegerField(null=True)
    insecure = models.BooleanField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kid", "-id"], name="key_statement_newest")]

    def __str__(self) -> str:
        return f"{self.kid} {self.state}"


class TrustListVersion(models.Model):
    """A version of the list of trust as its roots signed it; ``digest`` is the SHA-256 of its payload in hex."""

    version = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    document = models.TextField(help_text="JWS in the general JSON form")
    expires_at = models.DateTimeField()
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(version__gte=1), name="trust_list_version_from_one"),
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="trust_list_digest_shape"
            ),
        ]

    def __str__(self) -> str:
        return f"list of trust, version {self.version}"
