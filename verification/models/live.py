"""Who may show a live code: a person of an agency, with the account in which the code is shown."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class LiveEnrolment(models.Model):
    """An account that shows live codes as one appointed person: invited by the agency, accepted, ended.

    Appointment and agency are named by their numbers, accounts as the edge names them. No secret stands here: it is
    made of ``salt`` and a key that is not in the database. A trigger lets a row be accepted once and ended once.
    """

    appointment = models.TextField()
    agency = models.TextField(help_text="the agency's number when it invited")
    vouched_by = models.TextField(help_text="the account of the agency that invited")
    invited_at = models.DateTimeField()
    key_sha256 = models.TextField(unique=True, help_text="of the invitation's key, in hexadecimal digits")
    salt = models.TextField(help_text="random, in hexadecimal digits")
    account = models.TextField(blank=True, help_text="the account that accepted")
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.TextField(blank=True, help_text="the account that ended it")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["appointment"], condition=models.Q(ended_at__isnull=True), name="live_enrolment_once"
            ),
            models.CheckConstraint(
                condition=models.Q(account="", accepted_at__isnull=True)
                | (~models.Q(account="") & models.Q(accepted_at__gte=models.F("invited_at"))),
                name="live_enrolment_accepted",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_by="", ended_at__isnull=True)
                | (~models.Q(ended_by="") & models.Q(ended_at__gte=models.F("invited_at"))),
                name="live_enrolment_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["agency"],
                condition=models.Q(ended_at__isnull=True, accepted_at__isnull=False),
                name="live_enrolment_of_agency",
            ),
            models.Index(fields=["account"], name="live_enrolment_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.appointment} of {self.agency}"
