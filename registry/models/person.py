"""Persons, what they are appointed to do for an agency, and who is debarred."""

from __future__ import annotations

from django.db import models

from registry.models.agency import Agency, Office
from registry.models.authority import Authority
from registry.models.tracking import tracked

ROLES = [
    ("responsible_officer", "responsible officer"),
    ("director", "director"),
    ("beneficial_owner", "beneficial owner"),
    ("authorised_representative", "authorised representative"),
    ("registered_recruiter", "registered recruiter"),
    ("sub_agent", "sub-agent"),
    ("foreign_representative", "foreign representative"),
]


class Person(models.Model):
    """A natural person. Everything but the published names is restricted; identity papers are kept as HMAC only."""

    number = models.TextField(unique=True)
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="persons")
    name = models.TextField(help_text="in its own script, NFC")
    latin_name = models.TextField(blank=True)
    birth_date = models.DateField(null=True, blank=True)
    nationality = models.CharField(max_length=2, blank=True)
    document_hmac = models.TextField(blank=True)
    history = tracked()

    class Meta:
        indexes = [
            models.Index(fields=["document_hmac"], condition=~models.Q(document_hmac=""), name="person_paper")
        ]

    def __str__(self) -> str:
        return self.number


class PersonWord(models.Model):
    """A folded word of a person's name in one script or the other: persons are found by how their words begin.

    Derived; ``registry.person_names`` writes it in the transaction that writes the name.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="words")
    word = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "word"], name="person_word_once")]
        indexes = [
            models.Index(
                fields=["word", "person"], name="person_word", opclasses=["text_pattern_ops", "int8_ops"]
            )
        ]

    def __str__(self) -> str:
        return self.word


class Appointment(models.Model):
    """A person acts for an agency in a role, from a day to a day."""

    number = models.TextField(unique=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="appointments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="appointments")
    office = models.ForeignKey(
        Office, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    role = models.TextField(choices=ROLES)
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    public_name = models.BooleanField(default=True)
    withheld_reason = models.TextField(blank=True)
    photograph = models.TextField(blank=True, default="", help_text="SHA-256 of what it shows")
    photograph_agreed_on = models.DateField(
        null=True, blank=True, help_text="when the person said in writing that the public may see it"
    )
    history = tracked()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="appointment_days_in_order",
            ),
            models.UniqueConstraint(
                fields=["agency", "person", "role"],
                condition=models.Q(last_day__isnull=True),
                name="appointment_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(photograph="")
                | models.Q(photograph_agreed_on__isnull=False, public_name=True),
                name="photograph_agreed_to",
            ),
        ]
        indexes = [
            models.Index(
                fields=["photograph"], condition=~models.Q(photograph=""), name="appointment_photograph"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.role}"


class Debarment(models.Model):
    """A bar of an agency or a person, fixed or for ever (``last_day`` empty), by an entry."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="debarments")
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="debarments"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="debarments"
    )
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    scope = models.TextField(
        default="any_role", choices=[("holder", "holder"), ("director", "director"), ("any_role", "any role")]
    )
    grounds = models.JSONField(default=list)
    recognised_by = models.JSONField(default=list, blank=True)
    history = tracked()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(agency__isnull=False) ^ models.Q(person__isnull=False),
                name="debarment_of_one",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
                name="debarment_days_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"debarment from {self.first_day}"
