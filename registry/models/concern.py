"""Concerns that people report, and everything that was done with them.

A concern is codes, days and numbers. Whoever it is from, what they wrote and what they sent stand beside it: sealed
under a key that is not in the database, in rows and files that are deleted when their time is over (ADR 0024). None of
these tables is in the change journal: nothing of a concern leaves them.
"""

from __future__ import annotations

from django.db import models

from registry.models.authority import Authority
from registry.rules import concerns


class Concern(models.Model):
    """Somebody reports a concern to an authority. State and days follow from the acts."""

    code = models.TextField(unique=True, help_text="the tracking code, random")
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+")
    submission = models.TextField(unique=True, help_text="keyed digest of the form and all that it said")
    pin_hash = models.TextField(help_text="scrypt of the PIN, keyed and salted")
    tries = models.PositiveSmallIntegerField(default=0, help_text="wrong PINs since tried_from")
    tried_from = models.DateTimeField(null=True)
    language = models.TextField(help_text="in which the person is answered")
    categories = models.JSONField(help_text="as reported, then as a case officer confirmed")
    urgent = models.BooleanField()
    several = models.BooleanField(help_text="more people than the person who reports")
    consent = models.BooleanField(help_text="it may be passed on")
    reachable = models.BooleanField(help_text="there is a way to answer beside the status page")
    agency = models.TextField(
        blank=True, help_text="number of the agency that it is about, where it is known"
    )
    licence = models.TextField(blank=True, help_text="number of the licence, where it is known")
    state = models.TextField(choices=[(state.value, state.value) for state in concerns.State])
    body = models.TextField(blank=True, choices=[(body.value, body.value) for body in concerns.Body])
    outcome = models.TextField(blank=True, choices=[(one.value, one.value) for one in concerns.Outcome])
    repaid = models.DecimalField(max_digits=19, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True)
    received_at = models.DateTimeField()
    triage_by = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    unread = models.BooleanField(
        default=False, help_text="the person wrote and no case officer has acted since"
    )
    forget_at = models.DateTimeField(
        null=True, help_text="when what the person wrote is deleted; set at the close"
    )
    forgotten_at = models.DateTimeField(null=True, help_text="when what the person wrote was deleted")

    class Meta:
        indexes = [
            models.Index(fields=["authority", "state", "triage_by"], name="concern_waiting"),
            models.Index(
                fields=["forget_at"], condition=models.Q(forgotten_at=None), name="concern_to_forget"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ConcernAct(models.Model):
    """One act: who took it and when. ``by`` is an officer's number, ``person`` or ``clock``; codes alone."""

    concern = models.ForeignKey(Concern, on_delete=models.PROTECT, related_name="acts")
    ordinal = models.PositiveIntegerField()
    action = models.TextField(choices=[(action.value, action.value) for action in concerns.Action])
    by = models.TextField()
    at = models.DateTimeField()
    facts = models.JSONField(default=dict, help_text="codes, days and numbers: never what somebody wrote")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["concern", "ordinal"], name="concern_act_once")]

    def __str__(self) -> str:
        return f"{self.action} {self.concern_id}"


class ConcernText(models.Model):
    """What was written with an act, sealed: by the person, to the person, or an officer's own note."""

    act = models.OneToOneField(ConcernAct, on_delete=models.PROTECT, related_name="text")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"words of {self.act_id}"


class ConcernFile(models.Model):
    """A photograph or a voice note: made anew from what was sent, sealed, and stored under a random name."""

    reference = models.TextField(unique=True, help_text="random; its address in the desk")
    act = models.ForeignKey(ConcernAct, on_delete=models.PROTECT, related_name="files")
    media_type = models.TextField(help_text="by its content")
    size = models.PositiveIntegerField(help_text="bytes, as it is shown")
    stored_as = models.TextField(unique=True)

    def __str__(self) -> str:
        return self.reference
