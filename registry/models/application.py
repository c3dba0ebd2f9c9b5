"""Applications for a licence, and everything that happened to them.

What happened is an event and only grows. What was said with it (the application itself, letters, inspection reports,
objections, answers) may have to be deleted by law and stands in a row of its own, whose salted digest the event keeps.
A draft is the applicant's own paper: it changes, and is no record.
"""

from __future__ import annotations

from django.db import models

from registry.models.agency import Agency
from registry.models.authority import Authority
from registry.models.licence import Licence
from registry.rules import applying, particulars


class Application(models.Model):
    """Somebody applies to an authority. State, dates and names follow from the events."""

    number = models.TextField(unique=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="applications")
    account = models.TextField(help_text="whose application it is")
    kind = models.TextField(choices=[(kind, kind) for kind in (applying.LICENCE, applying.RENEWAL)])
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, null=True, related_name="applications")
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, null=True, related_name="applications")
    legal_name = models.TextField(blank=True)
    locality = models.TextField(blank=True)
    licence_class = models.CharField(max_length=1, blank=True)
    state = models.TextField(choices=[(state.value, state.value) for state in applying.State])
    due_at = models.DateTimeField(null=True, help_text="the next legal date")
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["authority", "state", "due_at", "id"], name="application_waiting"),
            models.Index(fields=["account", "id"], name="application_of_account"),
            models.Index(fields=["agency"], name="application_of_agency"),
            models.Index(
                fields=["state"], condition=models.Q(submitted_at=None), name="application_never_sent"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=applying.LICENCE) | models.Q(licence__isnull=False),
                name="application_renews_something",
            ),
            models.UniqueConstraint(
                fields=["licence"],
                condition=models.Q(kind=applying.RENEWAL) & ~models.Q(state__in=sorted(applying.ENDED)),
                name="one_open_renewal",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ApplicationDraft(models.Model):
    """What the applicant has typed so far, section by section."""

    application = models.OneToOneField(Application, on_delete=models.CASCADE, related_name="draft")
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"draft of {self.application_id}"


class ApplicationEvent(models.Model):
    """One step: who took it, when, what was frozen into it. ``by`` is an officer's number, or a party's name."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="events")
    ordinal = models.PositiveIntegerField()
    action = models.TextField(choices=[(action.value, action.value) for action in applying.Action])
    step = models.TextField(help_text="code of the row in the table of steps")
    by = models.TextField()
    at = models.DateTimeField()
    facts = models.JSONField(
        default=dict, help_text="codes, days and numbers alone: never what somebody wrote"
    )
    deadlines = models.JSONField(default=dict)
    policy_version = models.PositiveIntegerField(default=0)
    digest = models.TextField(blank=True, help_text="SHA-256 of the salt and of what was said")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "ordinal"], name="application_event_once")
        ]
        indexes = [models.Index(fields=["at"], name="application_event_by_time")]

    def __str__(self) -> str:
        return f"{self.action} {self.application_id}"


class ApplicationText(models.Model):
    """What was said with an event."""

    event = models.OneToOneField(ApplicationEvent, on_delete=models.PROTECT, related_name="text")
    said = models.JSONField()
    salt = models.TextField(help_text="hexadecimal")

    def __str__(self) -> str:
        return f"words of {self.event_id}"


class ApplicationDocument(models.Model):
    """A paper that the applicant uploaded: what it is, and under which name its bytes are stored."""

    reference = models.TextField(unique=True, help_text="random; its address")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="documents")
    kind = models.TextField(choices=[(kind, kind) for kind in particulars.DOCUMENTS])
    name = models.TextField(help_text="as the applicant's computer called it")
    media_type = models.TextField(help_text="by its content")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.TextField()
    stored_as = models.TextField(unique=True)
    added_at = models.DateTimeField()
    sent = models.BooleanField(default=False, help_text="part of an application that was sent: it stays")

    class Meta:
        indexes = [
            models.Index(
                fields=["application"], condition=models.Q(sent=False), name="application_paper_unsent"
            )
        ]

    def __str__(self) -> str:
        return self.reference
