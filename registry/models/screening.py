"""Screening: what records have in common, the possible matches found by it, and what officers said of each.

Marks are derived and made again at any time. Screenings, matches, assessments and judgements only grow: what was known
when somebody was let in can be shown later. All of it is restricted.
"""

from __future__ import annotations

from django.db import models

from registry.models.agency import Agency
from registry.models.authority import Authority


class ScreenMark(models.Model):
    """One thing by which an agency can be linked with another: equal kind and value, equal mark."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, db_index=False, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    subject = models.TextField(help_text="number of the agency, office or person that it is of")
    kind = models.TextField(help_text="phone, email, domain, social, address, company, bank, person or owner")
    value = models.TextField(help_text="as it is compared")
    role = models.TextField(blank=True, help_text="of a person: officer or staff")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "subject", "kind", "value", "role"], name="mark_once")
        ]
        indexes = [models.Index(fields=["authority", "kind", "value"], name="mark_value")]

    def __str__(self) -> str:
        return f"{self.subject} {self.kind}"


class ScreeningDue(models.Model):
    """An agency whose marks changed since it was screened."""

    agency = models.OneToOneField(Agency, on_delete=models.PROTECT, primary_key=True, related_name="+")
    since = models.DateTimeField(auto_now_add=False)

    def __str__(self) -> str:
        return f"{self.agency_id} since {self.since}"


class ScreeningRound(models.Model):
    """How far the register was read for new bars, revocations and lists when the screening last ran."""

    at = models.DateTimeField()
    sequence = models.BigIntegerField(help_text="of the newest entry read")
    lists = models.JSONField(default=dict, help_text="list -> day of its newest snapshot read")
    screened = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"round at {self.at}"


class Screening(models.Model):
    """An agency was screened: when, why, and what was found."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="screenings")
    at = models.DateTimeField()
    why = models.TextField(
        choices=[
            ("application", "application"),
            ("grant", "grant"),
            ("change", "change of record"),
            ("new_target", "new bar, revocation or list"),
            ("asked", "asked for"),
        ]
    )
    by = models.TextField()
    found = models.PositiveIntegerField()
    highest = models.PositiveIntegerField(help_text="score of the highest match not cleared; 0 = none")

    class Meta:
        indexes = [models.Index(fields=["agency", "-id"], name="screening_of_agency")]

    def __str__(self) -> str:
        return f"{self.agency_id} at {self.at}"


class ScreeningMatch(models.Model):
    """Two records that may belong together: a record of the agency's, and a barred, revoked, refused or listed one."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="screening_matches")
    subject = models.TextField(help_text="number of the agency or person screened")
    target_kind = models.TextField(
        choices=[("agency", "agency"), ("person", "person"), ("finding", "outside finding")]
    )
    target = models.TextField(help_text="its number; of a finding its row")
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "screening matches"
        constraints = [
            models.UniqueConstraint(fields=["agency", "subject", "target_kind", "target"], name="match_once")
        ]

    def __str__(self) -> str:
        return f"{self.subject} and {self.target}"


class Assessment(models.Model):
    """What a screening found about a match: its reasons and their score. A new row only where that changed."""

    match = models.ForeignKey(ScreeningMatch, on_delete=models.PROTECT, related_name="assessments")
    at = models.DateTimeField()
    score = models.PositiveIntegerField()
    rank = models.IntegerField()
    reasons = models.JSONField(help_text="list of code and points")

    class Meta:
        indexes = [models.Index(fields=["match", "-id"], name="assessment_of_match")]

    def __str__(self) -> str:
        return f"{self.match_id}: {self.score}"


class Judgement(models.Model):
    """One officer's word on a match as it was assessed then."""

    match = models.ForeignKey(ScreeningMatch, on_delete=models.PROTECT, related_name="judgements")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="judgements")
    verdict = models.TextField(choices=[("confirm", "the same"), ("clear", "not the same")])
    by = models.TextField()
    at = models.DateTimeField()
    reason = models.TextField()
    second_factor_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.by}: {self.verdict}"


class DeclaredLink(models.Model):
    """What an officer knows to link two agencies beside the marks: family of their people, or the same main client."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=[("family", "family"), ("client", "same main client")])
    evidence = models.TextField()
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "other", "kind"], name="declared_once"),
            models.CheckConstraint(
                condition=~models.Q(agency=models.F("other")), name="declared_between_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.kind} {self.other_id}"
