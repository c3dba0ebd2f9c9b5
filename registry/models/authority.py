"""The authority that issues licences, and the versions of its policy set."""

from __future__ import annotations

from django.db import models

from registry.models.tracking import tracked


class Authority(models.Model):
    """A State's licensing authority: its code (``XA-DLA``), names, country and the zone in which its legal days run."""

    code = models.TextField(unique=True)
    country = models.CharField(max_length=2)
    name = models.JSONField(help_text="BCP 47 language -> name")
    zone = models.TextField(help_text="IANA time zone")
    languages = models.JSONField(default=list)
    legal_basis = models.TextField(blank=True)
    contact = models.JSONField(
        default=dict, blank=True, help_text="phone, e-mail, web address and office hours"
    )
    complaint = models.JSONField(default=dict, blank=True, help_text="where a worker may complain")
    kind = models.TextField(
        default="licensing", choices=[("licensing", "issues licences"), ("list", "known from lists")]
    )
    history = tracked()

    class Meta:
        verbose_name_plural = "authorities"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(country__regex=r"^[A-Z]{2}$"), name="authority_country_shape"
            ),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z]{2}-[A-Z0-9]{2,8}$"), name="authority_code_shape"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PolicySet(models.Model):
    """One version of an authority's policy, in force from an instant; never changed, only followed by another."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    in_force_from = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.TextField()
    rules = models.JSONField(help_text="registry.rules.policy.Policy as JSON")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["authority", "version"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.authority_id} policy {self.version}"


class PolicyProposal(models.Model):
    """A version of a policy set that one administrator proposes and another puts in force; closed, never altered."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="policy_proposals")
    rules = models.JSONField(help_text="registry.rules.policy.Policy as JSON")
    after_version = models.PositiveIntegerField(help_text="the newest version when it was proposed")
    in_force_from = models.DateTimeField(null=True, help_text="empty: from its approval on")
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(
        default="open", choices=[(s, s) for s in ("open", "approved", "declined", "expired")]
    )
    closed_by = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="approved") | ~models.Q(closed_by=models.F("proposed_by")),
                name="policy_by_two",
            ),
            models.UniqueConstraint(
                fields=["authority"], condition=models.Q(state="open"), name="one_open_policy_of_authority"
            ),
        ]

    def __str__(self) -> str:
        return f"policy proposal {self.pk}"
